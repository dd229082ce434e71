"""Samples of input 0 without biases add a constant to T J: the kernel's derivatives are those of the other samples, in every ring."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision, vanishes
from lossproof.certificates.kernel.arithmetic.doubles import PRECISION
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network import curvature, lipschitz, passes
from lossproof.certificates.kernel.network.orbits import at_rest
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

KINKED = ["relu", "leaky-relu", "elu", "softsign"]


def with_and_without(activation, seed, widths=(2, 3, 2, 1)):
    """A problem with a sample of input 0, the same without it, and weights of both."""
    g, a = random.Random(seed), Architecture.of(widths, activation, bias="none")
    X = [[Fraction(g.randint(-9, 9), 4), Fraction(g.randint(1, 9), 4)] for _ in range(4)]
    Y = [[g.randint(-3, 3)] for _ in range(5)]
    rows = [[[Fraction(g.randint(-30, 30) * 2 + 1, 16) for _ in range(n)] for _ in range(m)] for m, n in itertools.pairwise(widths)]
    rows[0][0][0], rows[0][1][0] = Fraction(1, 16), Fraction(30)  # one unit is active at all of them but 0
    weights = Weights.of(a, [(W, None) for W in rows])
    whole = read_problem(encode_problem(Problem(a, error_named("squared"), Samples.of([*X, [0, 0]], Y))))
    (point,) = read_points([encode_point(weights)], whole)
    return whole, replace(whole, X=whole.X[:4], Y=whole.Y[:4]), point


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("activation", KINKED)
def test_derivatives_are_those_of_the_other_samples(activation, seed):
    whole, rest, point = with_and_without(activation, seed)
    N, box = whole.N_net, passes.Box(point)
    assert at_rest(whole, 1) == at_rest(whole, 3) == {4}
    assert at_rest(rest, 1) == set()
    ring = FormalRing(Work())
    exact, expected = (passes.hessian(ring, p, box, list(range(N))) for p in (whole, rest))
    assert all(vanishes(x - y) for x, y in zip(exact.flat, expected.flat, strict=True))
    assert all(vanishes(x - y) for x, y in zip(passes.gradient(ring, whole, box), passes.gradient(ring, rest, box), strict=True))
    with ball_precision(128):
        balls = [passes.hessian(BallRing(Work(), 128), p, passes.Box(point, fmpq(1, 1024)), list(range(N))) for p in (whole, rest)]
        assert all(
            arb(x).overlaps(arb(y)) and arb(x).rad() <= 2 * arb(y).rad() + arb(2) ** -60
            for x, y in zip(*(b.flat for b in balls), strict=True)
        )
    with np.errstate(all="ignore"), ball_precision(PRECISION):
        (H, e), (K, f) = (curvature.hessian(Work(), p, box, list(range(N))) for p in (whole, rest))
        assert np.linalg.norm(H - K, 2) <= e + f < 1e-8
        ways = [lipschitz.second_derivative(Work(), p, point, [fmpq(1)] * N, 1e-4) for p in (whole, rest)]
        assert abs(ways[0].mid - ways[1].mid) <= ways[0].rad + ways[1].rad
        assert ways[0].rad <= 1.01 * ways[1].rad + 1e-8


@pytest.mark.parametrize("activation", KINKED)
def test_along_a_curve(activation):
    whole, rest, point = with_and_without(activation, 5)
    terms = {1: np.array([fmpq(k % 3 - 1) for k in range(whole.N_net)], dtype=object), 2: np.array([fmpq(1)] * whole.N_net, dtype=object)}
    ring = FormalRing(Work())
    found, expected = (passes.loss_coefficients(ring, p, passes.Box(point), terms, 4) for p in (whole, rest))
    assert all(vanishes(x * fmpq(whole.T) - y * fmpq(rest.T)) for x, y in zip(found, expected, strict=True))


@pytest.mark.parametrize("activation", ["relu", "leaky-relu"])
def test_not_where_an_entry_or_a_bias_is_not_0(activation):
    """The same z at these weights, but not at others: the derivative is missing."""
    whole, _, point = with_and_without(activation, 0)
    moved = replace(whole, X=(*whole.X[:4], (fmpq(1, 10**30), fmpq(0))))
    zero = replace(point, layers=((((fmpq(0),) * 3,) * 2, point.layers[0][1]), *point.layers[1:]))
    assert at_rest(moved, 1) == set()
    with pytest.raises(Rejected):
        passes.derivatives_exist(Work(), moved, passes.Box(zero), 1)
    biased = replace(whole, biases=("fixed",) * 3, constants=((fmpq(1),) * 3, (fmpq(0),) * 2, (fmpq(0),)))
    assert (at_rest(biased, 1), at_rest(biased, 2)) == ({4}, set())
    assert at_rest(replace(whole, biases=("trainable",) * 3, constants=(None,) * 3), 1) == set()
    behind = replace(whole, biases=("none", "trainable", "none"), constants=(whole.constants[0], None, whole.constants[2]))
    assert (at_rest(behind, 1), at_rest(behind, 2), at_rest(behind, 3)) == ({4}, set(), set())
    smooth = replace(whole, hidden=read_problem(encode_problem(sigmoid_problem())).hidden * 2)
    assert (at_rest(smooth, 1), at_rest(smooth, 2)) == ({4}, set())


def sigmoid_problem():
    return Problem(Architecture.of((1, 1, 1), "sigmoid"), error_named("squared"), Samples.of([[1]], [[1]]))
