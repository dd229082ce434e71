"""Complete lists against searches and exact algebra, small: they agree, and the comparison sees what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, ctx, fmpq

import lossproof as lp
from lossproof.certificates.kernel.network.algebraic import critical_cells
from lossproof.certificates.kernel.network.algebraic import is_scaled as kernel_is_scaled
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.proof.encoding import encode_problem
from lossproof.numerics.complete.clusters import clusters
from lossproof.numerics.complete.elimination import critical_points, is_scaled, orbit
from lossproof.numerics.complete.search import TreeBudget, search_tree
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory import limits


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


def cells_of(problem, zeros=None):
    """The cells of the checker, for each value of an output weight that can be scaled."""
    kernel = read_problem(encode_problem(problem))
    v, odd = kernel.below(2), (kernel.activation_of(1).degree or 1) % 2
    held = [{v: fmpq(1)}, {v: fmpq(-1)}][: 2 - odd] if kernel_is_scaled(kernel) else [{}]
    rows = [None if z is None else [[fmpq(x.numerator, x.denominator) for x in row] for row in z] for z in zeros or [None] * len(held)]
    return [cell for values, given in zip(held, rows, strict=True) for cell in critical_cells(Work(), kernel, values, given)]


def holders(W, cells):
    """The cells that a point in doubles lies near."""
    near = [arb(w, 1e-9 * (1 + abs(w))) for w in W.tolist()]
    return [k for k, cell in enumerate(cells) if all(w.overlaps(c) for w, c in zip(near, cell, strict=True))]


@pytest.mark.parametrize(
    "kind",
    [
        "2-1 square", "2-1 cube", "1-1 square with bias", "1-1-1 linear, λ = 1/30", "1-1-1 square, λ = 1/30", "1-1-1 linear with biases, λ = 1/30",
        "1-1-1 square with biases, up to scale", "2-1-1 square, up to scale", "2-1-1 cube, up to scale", "3-1 square", *POWERS,
    ],
)  # fmt: skip
def test_algebra_finds_as_many_as_sympy_counts(benchmark, kind):
    """Search and checker alike: each point that is found lies in a cell of the checker, and each cell holds an image of one."""
    powers = benchmark("complete_powers")
    powers.KINDS.update(POWERS)
    for problem in powers.problems(kind, 3):
        found, wanted = critical_points(problem), powers.real_solutions(problem)
        if wanted is None:
            with pytest.raises(Rejected, match="continuum"):
                cells_of(problem)
            assert "continuum" in found.ended
            continue
        cells = cells_of(problem, found.zeros)
        assert len(cells) == wanted
        hit = [[holders(image, cells) for image in orbit(problem, W)] for W in found.points]
        assert all(len(one) == 1 for images in hit for one in images)
        assert {k for images in hit for one in images for k in one} == set(range(wanted))


@pytest.mark.parametrize(("kind", "count"), [("2-1 square", 20), ("2-1-1 square, up to scale", 10), ("1-1 square with bias", 20)])
def test_complex_zeros_and_resultants_find_the_same_points(benchmark, monkeypatch, kind, count):
    for problem in benchmark("complete_powers").problems(kind, count):
        plain = critical_points(problem)
        with monkeypatch.context() as patch:
            patch.setattr(limits, "MAX_ELIMINANT", 0)
            other = critical_points(problem)
            if other.ended:  # where a zero is multiple
                continue
            cells = cells_of(problem, other.zeros)
            assert len(holders(other.points[0] + 1e-6, cells)) == 0
        assert not plain.ended
        assert len(other.points) == len(plain.points)
        again = cells_of(problem)  # by resultants
        assert len(again) == len(cells)
        assert all(any(all(a.overlaps(b) for a, b in zip(one, two, strict=True)) for two in again) for one in cells)


SCALED = {
    "squares with biases": ("1-1-1", {"activation": "power:2"}, 0),
    "cubes with a bias of the output": ("1-1-1", {"activation": "power:3", "bias": ["none", "trainable"]}, 0),
    "squares with a bias of the output that decays": (
        "2-1-1",
        {"activation": "power:2", "bias": ["none", "trainable"]},
        [[0, 0], [0, "1/5"]],
    ),
    "several outputs": ("1-2", {"output_activation": "power:2", "bias": "none"}, 0),
}


def normal_form(problem, W):
    """The weights with ``|v| = 1``, for odd powers ``v = 1``; None where v is 0. The same weights where nothing can be scaled."""
    if not is_scaled(problem):
        return W
    k, v = problem.architecture.activation_of(1).degree, problem.architecture.fan_in(1)
    if abs(W[v]) < 1e-6:
        return None
    scale = abs(W[v]) ** (1 / k) * (np.sign(W[v]) if k % 2 else 1)
    return np.array([*(W[:v] * scale), 1.0 if k % 2 else np.sign(W[v]), *W[v + 1 :]])


@pytest.mark.parametrize("kind", SCALED)
def test_starts_lead_to_listed_points_or_to_an_idle_unit(benchmark, kind):
    """From random starts, what is proved on the way is an image of what is listed, up to scale; with ``v = 0`` it is no minimum, or global."""
    powers, met = benchmark("complete_powers"), 0
    powers.KINDS.update(SCALED)
    for problem in powers.problems(kind, 2):
        widths, options, decay = SCALED[kind]
        X, Y = problem.samples.X, problem.samples.Y
        found = lp.find_critical_points(widths, X, Y, complete=True, weight_decay=decay, self_check=False, **options)
        if not found.is_complete:
            continue
        listed = [image for point in found for image in orbit(problem, flat_weights(problem, point.weights))]
        for point in lp.find_critical_points(widths, X, Y, starts=8, workers=1, weight_decay=decay, self_check=False, **options):
            W = normal_form(problem, flat_weights(problem, point.weights))
            met += 1
            if W is None:
                assert point.kind in ("saddle", "maximum", "higher-order-descent", "undecided", "global")
            else:
                assert min(np.abs(W - other).max() for other in listed) < 1e-5
    assert met > 2


def test_a_search_meets_what_is_listed_and_sees_what_is_not(benchmark, monkeypatch):
    starts = benchmark("complete_starts")
    monkeypatch.setattr(starts, "STARTS", 400)
    problem = lp.zoo_entry("auer-product-4").problem
    ends = starts.search(FloatLandscape(problem), np.array([3.0, 3.0]), np.random.default_rng(0)).points
    ends = ends[(np.abs(ends) <= 3).all(axis=1)]
    assert len({tuple(np.round(W, 6)) for W in ends}) == 9
