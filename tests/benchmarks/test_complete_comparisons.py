"""Complete lists against searches and exact algebra, small: they agree, and the comparison sees what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from flint import ctx

import lossproof as lp
from lossproof.certificates.kernel.network.algebraic import critical_cells
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.proof.encoding import encode_problem
from lossproof.numerics.complete.clusters import clusters
from lossproof.numerics.complete.elimination import critical_points
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


POWERS = {
    "1-1 fifth power": ("1-1", {"output_activation": "power:5", "bias": "none"}, 0),
    "1-1 cube with bias, decay": ("1-1", {"output_activation": "power:3"}, "1/20"),
    "1-1-1 cube, decay": ("1-1-1", {"activation": "power:3", "bias": "none"}, "1/30"),
}


@pytest.mark.parametrize(
    "kind", ["2-1 square", "2-1 cube", "1-1 square with bias", "1-1-1 linear, λ = 1/30", "1-1-1 square, λ = 1/30", *POWERS]
)
def test_elimination_finds_as_many_as_sympy_counts(benchmark, kind):
    """Search and checker alike: each point that is found lies in a cell of the checker."""
    powers = benchmark("complete_powers")
    powers.KINDS.update(POWERS)
    for problem in powers.problems(kind, 3):
        found, wanted, kernel = critical_points(problem), powers.real_solutions(problem), read_problem(encode_problem(problem))
        if wanted is None:
            with pytest.raises(Rejected, match="continuum"):
                critical_cells(Work(), kernel, {}, None)
            assert "continuum" in found.ended
            continue
        cells = critical_cells(Work(), kernel, {}, None)
        assert len(cells) == wanted
        assert len(found.points) in (len(cells), (len(cells) + 1) // 2)
        assert all(
            any(all(abs(w - c) < 1e-9 * (1 + abs(w)) for w, c in zip(W.tolist(), cell, strict=True)) for cell in cells)
            for W in found.points
        )


def test_a_search_meets_what_is_listed_and_sees_what_is_not(benchmark, monkeypatch):
    starts = benchmark("complete_starts")
    monkeypatch.setattr(starts, "STARTS", 400)
    problem = lp.zoo_entry("auer-product-4").problem
    ends = starts.search(FloatLandscape(problem), np.array([3.0, 3.0]), np.random.default_rng(0)).points
    ends = ends[(np.abs(ends) <= 3).all(axis=1)]
    assert len({tuple(np.round(W, 6)) for W in ends}) == 9
