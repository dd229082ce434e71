"""Critical points on manifolds, found by a search and proved: attacked by sampling around them, and in 100 digits."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import mpmath
import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.jacobian import gradient
from lossproof.numerics.network.weight_vectors import flat_weights

LINE, TARGETS = [[-1], [0], [2]], [[0], [2], [1]]
PROBLEMS = {
    "two targets at one input": ((1, 2, 1), [[0], [0], [1]], [[0], [1], [2]], {}),
    "soft targets": ((1, 2, 2), [[0], [0], [1]], [["1/3", "2/3"], ["1/2", "1/2"], ["1/5", "4/5"]], {"error": "softmax"}),
    "opposite inputs": ((1, 2, 1), [[1], [-1], [3]], [[2], [1], [0]], {"activation": "erf", "bias": "none"}),
    "multiples of an input": ((1, 1, 1), [[1], [2], [-1]], [[1], [2], [3]], {"activation": "power:2", "bias": "none"}),
    "inputs that do not span": ((2, 1, 1), [[1, 1], [2, 2], [3, 3], [-1, -1], [0, 0]], [[0], [1], [3], [0], [2]], {}),
    "a linear unit": ((1, 1, 1), [[1], [2], [4]], [[1], [3], ["1/3"]], {"activation": "identity"}),
    "linear layers": ((2, 2, 2), [[1, 0], [0, 1], [1, 1]], [[1, 0], [0, 2], [0, 0]], {"activation": "identity", "bias": "none"}),
    "a constant unit": ((1, 1, 2), LINE, [[0, 1], [2, 0], [1, 3]], {}),
    "two paths that cancel": ((1, 1, 2, 1), LINE, TARGETS, {"activation": "arctan", "error": "cauchy"}),
    "quadrics": (
        (2, 3, 1),
        [[1, 0], [0, 1], [1, 1], [1, -1], [2, 1]],
        [[1], [0], [2], [1], [0]],
        {"activation": "power:2", "bias": "none"},
    ),
    "a unit idle under softmax": ((1, 1, 2), [[0], [1], [3]], [[1, 0], [0, 1], [1, 0]], {"error": "softmax"}),
    "independent inputs and a narrow layer": ((2, 1, 2), [[1, 2], [-1, 1], [0, 3]], [[1, 0], [0, 1], [2, 2]], {}),
    "two inputs of three entries": ((3, 2, 2), [[-4, "-1/2", 0], [-3, 1, -1]], [[-3, -3], [1, 2]], {"activation": "arctan"}),
    "crests of a sine": ((2, 1, 2), [[1, 2], [-1, 1], [0, 3]], [[1, 0], [0, 1], [2, 2]], {"activation": "sin"}),
    "paths that cancel": ((2, 1, 2, 1), [[0, 1], [1, 0], [2, 1], [-1, 1]], [[1], [0], [2], [0]], {"activation": "softplus"}),
    "squares of one input": ((1, 2, 2), [[-2], [-1], [0], [1], [3]], [[0, 1], [2, 0], [1, 1], [0, 0], [1, 2]], {"activation": "power:2"}),
    "one unit and two outputs": (
        (2, 1, 2),
        [[1, "-1/2"], [-2, 2], [-1, 3], [0, 0]],
        [[2, 0], [2, -2], [3, 2], [-2, -1]],
        {"activation": "sin", "error": "cauchy"},
    ),
    "one z at two inputs": (
        (3, 1, 3, 1),
        [[-2, -2, -1], [-2, -2, -1], [2, "-3/2", 2], [3, -1, 2], [2, "-3/2", 2]],
        [[2], [-1], [-3], [1], [3]],
        {},
    ),
    "copies with two outputs": ((1, 2, 2), [[-1], [0], [1], [2]], [[0, 1], [2, 0], [1, 3], [0, 0]], {}),
}
RULES = ("stationary-family", "stationary-balanced")


@cache
def searched(name):
    widths, X, Y, options = PROBLEMS[name]
    return lp.find_critical_points(widths, X, Y, starts=16, workers=1, **options)


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_claimed_of_a_family_stands_every_attack(name):
    """At a minimum no lower loss is found around it; below a saddle there is one; the gradient is 0 to as many digits as the box says."""
    found = searched(name)
    assert lp.verify(found.certificate.text).ok
    assert not found.report.self_check.refused
    assert len(found) > 0
    problem, rng = found.report.problem, np.random.default_rng(0)
    landscape = FloatLandscape(problem)
    for point in found:
        flat = flat_weights(problem, point.weights)
        here = float(landscape.at(flat[None]).loss[0])
        around = flat + 10.0 ** rng.uniform(-4, -1.5, (400, 1)) * rng.standard_normal((400, flat.size))
        lowest = float(np.min(landscape.at(around).loss))
        if point.kind in ("global", "strict-minimum", "local-minimum"):
            assert lowest > here - 1e-11
        elif point.kind == "saddle":
            values, vectors = np.linalg.eigh(landscape.at(flat[None]).hessian[0])
            assert values[0] < 0
            assert min(float(landscape.at((flat + s * vectors[:, 0])[None]).loss[0]) for s in (1e-3, -1e-3)) < here
        assert_critical(problem, point)


def assert_critical(problem, point):
    """The gradient at the centre is at most a constant times the radius of the box that holds the critical point."""
    with mpmath.workdps(100):
        g = gradient(problem, evaluate(problem.architecture, problem.samples, point.weights, MpmathField(340)))
        largest = max(abs(mpmath.mpf(x)) for x in g)
    assert largest <= 1e4 * float(point.claim.facts["radius"]) + 1e-90


def test_the_reasons_are_met():
    """Of these problems some candidates are proved by each reason, and none is left without a class."""
    used, undecided = set(), []
    for name in PROBLEMS:
        found = searched(name)
        used |= {point.claim.premises[0].rule for point in found}
        undecided += [name for point in found if point.kind == "undecided"]
        undecided += [name] * found.unproved
    assert used.issuperset(RULES)
    assert not undecided


@pytest.mark.parametrize("name", PROBLEMS)
def test_weights_beside_a_critical_point_are_not_claimed(name):
    """Moved by a hundredth in a direction in which the gradient changes these weights are no critical point; one may lie in a box around them."""
    found = searched(name)
    problem, rng = found.report.problem, np.random.default_rng(1)
    for point in found[:3]:
        flat = flat_weights(problem, point.weights)
        slopes = FloatLandscape(problem).at(flat[None]).hessian[0]
        if np.max(np.abs(slopes)) < 1e-3:
            continue
        push = slopes @ rng.standard_normal(flat.size)
        moved = flat + 0.01 * push / np.max(np.abs(push))
        weights = lp.Weights.of(problem.architecture, layers_of(problem, moved))
        again = lp.prove_points(problem, [weights])
        assert all(one.claim.facts["radius"] > Fraction(1, 10_000) for one in again)
        for one in again:
            assert_critical(problem, one)


@pytest.mark.parametrize("activation", ["tanh", "erf"])
def test_a_saturated_unit_is_not_taken_for_a_constant_one(activation):
    """No precision tells tanh(−700,000) from −1, so identities of constant units seem to hold there; they do not on the family."""
    X, Y = [[4], ["1/2"], [-3], ["3/2"]], [[1], ["-1/2"], [0], ["3/4"]]
    problem = lp.check_architecture("1-1-1", X, Y, activation=activation, search="none").problem
    saturated = lp.Weights.of(problem.architecture, [([[31250.0]], [-750000.0]), ([[-968750.0]], [-968749.85])])
    found = lp.prove_points(problem, [saturated], nearby=True)
    assert not found.report.self_check.refused
    assert len(found) == 0


def layers_of(problem, flat):
    a, at, layers = problem.architecture, 0, []
    for l in range(1, a.L + 1):
        block = flat[at : at + a.fan_in(l) * a.widths[l]].reshape(a.widths[l], a.fan_in(l)).T
        at += block.size
        layers.append((block[: a.widths[l - 1]].tolist(), block[-1].tolist() if a.bias_rows_of(l) else None))
    return layers
