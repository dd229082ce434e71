"""Complete lists against searches and exact algebra, small: they agree, and the comparison sees what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from flint import ctx

import lossproof as lp
from lossproof.numerics.complete.clusters import clusters
from lossproof.numerics.complete.search import TreeBudget, search_tree
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights


def mapped(neuron):
    """The points of a list that is PROVED."""
    X, Y = [[x] for x in neuron.X], [[y] for y in neuron.Y]
    found = lp.find_critical_points(
        "1-1", X, Y, output_activation=neuron.activation, bias=neuron.bias, complete=True, box=3, self_check=False
    )
    assert found.is_complete
    return [W for W in (flat_weights(found.report.problem, point.weights) for point in found) if np.abs(W).max() <= 3]


@pytest.mark.parametrize("kind", ["1-1 sigmoid", "1-1 tanh"])
def test_lists_agree_with_isolated_roots(benchmark, kind):
    algebra = benchmark("complete_algebra")
    for _, neuron in zip(range(2), algebra.problems(kind), strict=False):
        listed = mapped(neuron)
        with ctx.workprec(200):
            points = algebra.exact_points(neuron)
            assert sorted(k for W in listed for k in algebra.holders(W, points)) == list(range(len(points)))
            assert all(algebra.holders(W + 1e-6, points) == [] for W in listed)
        assert len(listed) == len(points)


def test_planted_roots_are_double_and_are_left_as_a_cluster(benchmark):
    algebra = benchmark("complete_algebra")
    neuron = next(algebra.planted("none"))
    (part,) = algebra.numerators(neuron)
    assert part.eval(2) == part.diff().eval(2) == 0
    land, bounds = algebra.complete_search(neuron.problem, 3.0)
    tree = search_tree(land, bounds, TreeBudget(13_000))
    assert not tree.complete
    assert any(c.lower[0] <= np.log(2) <= c.upper[0] for c in clusters(land, tree))


def test_a_search_meets_what_is_listed_and_sees_what_is_not(benchmark, monkeypatch):
    starts = benchmark("complete_starts")
    monkeypatch.setattr(starts, "STARTS", 400)
    problem = lp.zoo_entry("auer-product-4").problem
    ends = starts.search(FloatLandscape(problem), np.array([3.0, 3.0]), np.random.default_rng(0)).points
    ends = ends[(np.abs(ends) <= 3).all(axis=1)]
    assert len({tuple(np.round(W, 6)) for W in ends}) == 9
