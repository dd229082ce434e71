"""Lines on which the loss falls on one side of networks at a kink of σ': coefficients against a loss in a hundred digits, and none at minima."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest

import lossproof as lp
from lossproof.numerics.curves.one_sided import one_sided_descent
from lossproof.theory.problem.problem import Problem

SIGMA = {
    "softsign": lambda z: z / (1 + abs(z)),
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
}


def random_problem(seed, activation):
    rng = random.Random(seed)
    T, n_0, n_1 = rng.choice((2, 3, 4)), rng.choice((1, 2)), rng.choice((1, 2))
    X = [[rng.randint(-3, 3) or 1 for _ in range(n_0)] for _ in range(T)]
    Y = [[rng.randint(-3, 3)] for _ in range(T)]
    a = lp.Architecture.of((n_0, n_1, 1), activation, "identity", bias="none")
    return Problem(a, lp.error_named("squared"), lp.Samples.of(X, Y))


def zeros(problem):
    a = problem.architecture
    return lp.Weights.of(a, [([[0] * n for _ in range(m)], None) for m, n in zip(a.widths, a.widths[1:], strict=False)])


def loss(problem, vector, t):
    """J at ``t δ``, by hand."""
    (n_0, n_1, _), sigma = problem.architecture.widths, SIGMA[problem.architecture.activation.name.split(":")[0]]
    W, v = [vector[u * n_0 : (u + 1) * n_0] for u in range(n_1)], vector[n_0 * n_1 :]
    total = mpmath.mpf(0)
    for x, (y,) in zip(problem.samples.X, problem.samples.Y, strict=True):
        z = [sum(t * mpmath.mpf(w.numerator) / w.denominator * int(q) for w, q in zip(row, x, strict=True)) for row in W]
        out = sum(t * mpmath.mpf(c.numerator) / c.denominator * sigma(s) for c, s in zip(v, z, strict=True))
        total += (out - int(y)) ** 2
    return total / (2 * problem.T)


@pytest.mark.parametrize("activation", sorted(SIGMA))
def test_the_loss_falls_as_said(activation):
    found = 0
    for seed in range(12):
        problem = random_problem(seed, activation)
        descent = one_sided_descent(problem, zeros(problem))
        if descent is None:
            continue
        found += 1
        with mpmath.workdps(100):
            t = mpmath.mpf(10) ** -30
            quotient = (loss(problem, descent.direction, t) - loss(problem, descent.direction, 0)) / t**2
            assert abs(quotient - mpmath.mpf(descent.coefficient.numerator) / descent.coefficient.denominator) < mpmath.mpf(10) ** -25
    assert found > 6


def idle(Y, v=1):
    a = lp.Architecture.of((1, 1, 1), "softsign", "identity", bias="none")
    problem = Problem(a, lp.error_named("squared"), lp.Samples.of([[1], [2]], Y))
    return problem, lp.Weights.of(a, [([[0]], None), ([[v]], None)])


def test_a_side_on_which_it_falls_and_one_on_which_it_rises():
    """The derivatives from the right show a minimum for the targets −20, 10, and a descent for 20, −10."""
    assert one_sided_descent(*idle([[20], [-10]])).coefficient < 0
    assert one_sided_descent(*idle([[1], [-1]])) is None  # not critical
    assert one_sided_descent(*idle([[0], [0]])) is None  # a minimum
    assert one_sided_descent(*idle([[2], [-1]], v=Fraction(100))) is None  # what the bend gives is outweighed


def test_maps_tell_blind_networks():
    XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]
    for activation in ("softsign", "elu"):
        found = lp.find_critical_points((2, 2, 1), XOR, [[0], [0], [0], [1]], activation=activation, bias="none", starts=16)
        kinds = [point.kind for point in found]
        assert "higher-order-descent" in kinds
        assert lp.verify(found.certificate).ok
