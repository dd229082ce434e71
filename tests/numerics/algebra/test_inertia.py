"""Inertia: planted signs are recovered, exactly and in balls, and nothing is decided that a ball leaves open."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from cases.hyperdual import inertia_by_descartes
from flint import arb, fmpq

from lossproof.numerics.algebra.inertia import Inertia, ball_inertia, exact_inertia


def planted(seed, signs):
    """A dense rational matrix VᵀDV with the given diagonal signs and a random unimodular V."""
    rng, n = random.Random(seed), len(signs)
    V = np.array([[fmpq(rng.randint(-3, 3)) if j > i else fmpq(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)
    U = np.array([[fmpq(rng.randint(-3, 3)) if j < i else fmpq(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)
    D = np.array(
        [[fmpq(s * rng.randint(1, 9), rng.randint(1, 9)) if i == j else fmpq(0) for j in range(n)] for i, s in enumerate(signs)],
        dtype=object,
    )
    W = V @ U
    return W.T @ D @ W


def signs_of(seed, n):
    rng = random.Random(seed)
    return [rng.choice((-1, 0, 1)) for _ in range(n)]


@pytest.mark.parametrize("seed", range(40))
def test_planted_signs_are_recovered_exactly(seed):
    signs = signs_of(seed, 1 + seed % 8)
    expected = Inertia(signs.count(-1), signs.count(0), signs.count(1), 0)
    assert exact_inertia(planted(seed, signs)) == expected


@pytest.mark.parametrize("seed", range(40))
def test_balls_agree_with_exact_arithmetic(seed):
    signs = signs_of(seed, 1 + seed % 8)
    M = planted(seed, signs)
    balls = np.array([[arb(x) + arb(0, 2**-100) for x in row] for row in M], dtype=object)
    found = ball_inertia(balls, 256)
    assert found.negative <= signs.count(-1)
    assert found.positive <= signs.count(1)
    assert found.zero == 0
    assert found.undecided == len(signs) - found.negative - found.positive
    assert (found.negative, found.positive) == (signs.count(-1), signs.count(1))


@pytest.mark.parametrize("seed", range(20))
def test_the_twin_agrees(seed):
    M = planted(seed, signs_of(100 + seed, 5))
    found = exact_inertia(M)
    rows = [[Fraction(int(x.p), int(x.q)) for x in row] for row in M]
    assert inertia_by_descartes(rows) == (found.negative, found.zero, found.positive)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0, 1], [1, 0]], (1, 0, 1)),
        ([[0, 0], [0, 0]], (0, 2, 0)),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 0]], (1, 1, 1)),
        ([[1, 1], [1, 1]], (0, 1, 1)),
        ([[-2]], (1, 0, 0)),
        ([[0, 2, 1], [2, 0, 1], [1, 1, 0]], (2, 0, 1)),
    ],
)
def test_pivots_of_size_two(rows, expected):
    M = np.array([[fmpq(x) for x in row] for row in rows], dtype=object)
    found = exact_inertia(M)
    assert (found.negative, found.zero, found.positive) == expected


def test_a_wide_ball_leaves_the_sign_open():
    M = np.array([[arb(1), arb(0)], [arb(0), arb(1e-3, 1e-2)]], dtype=object)
    assert ball_inertia(M, 128) == Inertia(0, 0, 1, 1)


def test_an_infinite_or_undefined_ball_decides_nothing():
    for bad in (arb("nan"), arb(0) + arb.pos_inf(), arb(0, arb.pos_inf())):
        M = np.array([[bad, arb(0)], [arb(0), arb(1)]], dtype=object)
        found = ball_inertia(M, 64)
        assert found.negative == 0
        assert found.positive <= 1


def test_signs_of_graded_matrices():
    sizes = [fmpq(10) ** k for k in (40, 0, -40, -80)]
    M = np.array([[sizes[i] * (1 if i % 2 else -1) if i == j else fmpq(0) for j in range(4)] for i in range(4)], dtype=object)
    M[0, 3] = M[3, 0] = fmpq(10) ** -25
    assert exact_inertia(M).undecided == 0
    balls = np.array([[arb(x) for x in row] for row in M], dtype=object)
    exact = exact_inertia(M)
    found = ball_inertia(balls, 512)
    assert (found.negative, found.positive) == (exact.negative, exact.positive)


def test_ill_conditioned_matrices_are_decided_with_more_bits():
    n = 8
    hilbert = np.array([[fmpq(1, i + j + 1) for j in range(n)] for i in range(n)], dtype=object)
    hilbert[n - 1, n - 1] -= fmpq(1, 10**8)
    exact = exact_inertia(hilbert)
    assert exact.negative == 1
    for bits in (53, 128, 512):
        with_balls = ball_inertia(np.array([[arb(x.p) / x.q for x in row] for row in hilbert], dtype=object), bits)
        assert with_balls.negative <= exact.negative
        assert with_balls.positive <= exact.positive
    assert with_balls.undecided == 0
