"""Matrices at the edge of singularity: a method may decline, but never be wrong."""

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.matrices import named_matrix
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.numerics.ranks.function_field import function_field_rank
from lossproof.numerics.ranks.rational import rational_rank
from lossproof.numerics.ranks.verified import verified_full_column_rank
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import Enclosure, exact_floats
from lossproof.numerics.verified.gram import full_column_rank
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def gram_proves(matrix, rad=0.0):
    psi = exact_floats(matrix.T[None])
    return full_column_rank([GramBlock(Enclosure(psi.mid, psi.rad + rad), exact_floats(np.ones((matrix.shape[1], 1))))], 1).proved


def exact_rank(rows):
    lower, upper = rational_rank([[Fraction(entry) for entry in row] for row in rows])
    assert lower.value == upper.value
    return lower.value


def ball_value(rows, max_precision=4096):
    bound = ball_rank(
        lambda bits: np.array([[arb(q.numerator) / q.denominator for q in row] for row in rows], dtype=object), max_precision=max_precision
    )
    return 0 if bound is None else bound.value


def hilbert(n):
    return [[Fraction(1, i + j + 1) for j in range(n)] for i in range(n)]


@pytest.mark.parametrize("n", [2, 5, 10, 20, 30])
def test_hilbert(n):
    assert exact_rank(hilbert(n)) == n
    assert ball_value(hilbert(n)) == n
    rounded = np.array(hilbert(n), dtype=float)
    if gram_proves(rounded):
        assert exact_rank(rounded.tolist()) == n
    assert gram_proves(rounded) == (n <= 5)


@pytest.mark.parametrize("n", [4, 8, 16])
def test_singular_hilbert(n):
    """The last column is the rounding-free sum of two others: singular, with the same conditioning otherwise."""
    rows = [[*row[:-1], row[0] + row[1]] for row in hilbert(n)]
    assert exact_rank(rows) == n - 1
    assert ball_value(rows, 512) == n - 1
    rounded = np.array([[np.float32(entry) for entry in row] for row in rows], dtype=float)
    rounded[:, -1] = rounded[:, 0] + rounded[:, 1]
    assert exact_rank(rounded.tolist()) < n
    assert not gram_proves(rounded)


@pytest.mark.parametrize("step", [4, 20, 40, 200])
def test_graded(step):
    """``A D B`` with ``D = diag(2^{-step·k})``: full rank 8 for the exact and the ball method, whatever doubles see."""
    generator = random.Random(step)
    while True:
        A, B = ([[Fraction(generator.randrange(-9, 10)) for _ in range(8)] for _ in range(8)] for _ in range(2))
        if exact_rank(A) == exact_rank(B) == 8:
            break
    rows = [[sum((A[i][k] * B[k][j] / 2 ** (step * k) for k in range(8)), Fraction(0)) for j in range(8)] for i in range(8)]
    assert exact_rank(rows) == 8
    assert ball_value(rows) == 8
    rounded = np.array(rows, dtype=float)
    assert not gram_proves(rounded) or exact_rank(rounded.tolist()) == 8


@pytest.mark.parametrize("exponent", [-2000, -500, -40, 40, 2000])
def test_graded_rows_and_columns(exponent):
    """Scaling rows or columns changes no rank, also far beyond the range of doubles."""
    rows = [[Fraction((i * j + i + 2 * j) % 7) * Fraction(2) ** (exponent * i * (j + 1)) for j in range(5)] for i in range(5)]
    plain = [[Fraction((i * j + i + 2 * j) % 7) for j in range(5)] for i in range(5)]
    scaled = [[plain[i][j] * Fraction(2) ** (exponent * (i - j)) for j in range(5)] for i in range(5)]
    assert ball_value(scaled, 65536) == exact_rank(scaled) == exact_rank(plain)
    assert ball_value(rows, 65536) == exact_rank(rows)


def rump_type(generator, n, size):
    """Integer matrices of determinant 1 with entries up to ``size``: condition numbers far beyond ``1/u``."""
    A = np.eye(n, dtype=object)
    while True:
        i, j = generator.sample(range(n), 2)
        candidate = A.copy()
        candidate[i] += generator.choice([-3, -2, -1, 1, 2, 3]) * candidate[j]
        if max(abs(int(entry)) for entry in candidate.ravel()) > size:
            return A
        A = candidate


@pytest.mark.parametrize("seed", range(20))
def test_rump_type(seed):
    generator = random.Random(seed)
    A = rump_type(generator, 3 + seed % 5, 2**50)
    n = len(A)
    assert exact_rank(A.tolist()) == n
    assert ball_value([[Fraction(int(entry)) for entry in row] for row in A]) == n
    as_floats = A.astype(float)
    assert np.all(as_floats.astype(object) == A)
    assert not gram_proves(as_floats)
    singular = A.copy()
    singular[:, -1] = singular[:, 0] - singular[:, 1]
    assert exact_rank(singular.tolist()) == n - 1
    assert ball_value([[Fraction(int(entry)) for entry in row] for row in singular], 512) == n - 1
    assert not gram_proves(singular.astype(float))


def test_columns_that_differ_by_very_little():
    tiny = Fraction(1, 2**200)
    for difference, rank in ((tiny, 2), (Fraction(0), 1)):
        rows = [[Fraction(1), Fraction(1)], [Fraction(1), 1 + difference], [Fraction(0), difference]]
        assert exact_rank(rows) == rank
        assert ball_value(rows) == rank
    assert not gram_proves(np.array([[1.0, 1.0], [0.0, 2.0**-200]]))
    assert not gram_proves(np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]))
    assert gram_proves(np.array([[1.0, 1.0], [0.0, 2.0**-20]]))


@pytest.mark.parametrize("seed", range(60))
def test_gram_never_proves_a_singular_matrix(seed):
    """Exactly dependent columns after any scaling by powers of two, at any distance of the other columns."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(2, 60))
    A = generator.integers(-1000, 1001, (n + int(generator.integers(0, 40)), n)).astype(float)
    A *= np.ldexp(1.0, generator.integers(-6, 7, (A.shape[0], 1)))
    k = int(generator.integers(1, n))
    A[:, 0] = A[:, 1 : k + 1].sum(axis=1)
    A *= np.ldexp(1.0, generator.integers(-70, 70, n))
    assert not gram_proves(A[:, generator.permutation(n)])


def test_gram_respects_radii():
    """``[[1, 0], [0, 1]] ± r`` contains a singular matrix exactly from ``r = 1/2`` on."""
    assert gram_proves(np.eye(2), 0.3)
    assert not gram_proves(np.eye(2), 0.5)
    assert not gram_proves(np.eye(2), np.inf)
    assert not gram_proves(np.array([[np.nan, 0.0], [0.0, 1.0]]))
    assert not gram_proves(np.array([[1e200, 0.0], [0.0, 1e200]]))
    assert not gram_proves(np.array([[1.0, 0.0], [0.0, 0.0]]))


def problem_of(widths, inputs, activation="tanh", bias="trainable"):
    a = Architecture.of(widths, activation, bias=bias)
    return Problem(a, error_named("squared"), Samples.of(inputs, [[0] * a.n_L] * len(inputs)))


def test_inputs_one_and_almost_one():
    """theory: inputs 1 and 1 + 10^-30 in a 1-2-1 tanh network have rank 2, where doubles see 1."""
    problem = problem_of("1-2-1", [["1"], ["1000000000000000000000000000001/1000000000000000000000000000000"]])
    weights = Weights.of(problem.architecture, [([[1, 2]], [0, 1]), ([[1], [-1]], [0])])
    lower, upper = function_field_rank(problem, weights, "P")
    assert lower.value == upper.value == 2
    assert ball_rank(lambda bits: named_matrix(problem, weights, "P", BallField(bits))).value == 2
    assert verified_full_column_rank(problem.architecture, problem.samples, weights) is None
    equal = problem_of("1-2-1", [["1"], ["1"]])
    assert function_field_rank(equal, weights, "P")[1].value == 1
    assert ball_rank(lambda bits: named_matrix(equal, weights, "P", BallField(bits))).value == 1


def test_saturated_xor():
    """Three equal hidden units (40, 40, −60): rank 4 over Q(u) and in balls, although doubles see 2."""
    problem = problem_of("2-3-1", [[0, 0], [0, 1], [1, 0], [1, 1]])
    weights = Weights.of(problem.architecture, [([[40, 40, 40], [40, 40, 40]], [-60, -60, -60]), ([[1], [1], [1]], [0])])
    lower, upper = function_field_rank(problem, weights, "P")
    balls = ball_rank(lambda bits: named_matrix(problem, weights, "P", BallField(bits)), max_precision=2048)
    P = named_matrix(problem, weights, "P", Float64Field())
    assert np.linalg.matrix_rank(P) == 2
    verified = verified_full_column_rank(problem.architecture, problem.samples, weights)
    assert verified is None or verified.value == 4
    assert lower.value == upper.value == balls.value == 4


def test_saturated_xor_with_different_inputs():
    """Units (40, 40, −60), read as weights for the first, the second input and the bias, of three different signs."""
    problem = problem_of("2-3-1", [[0, 0], [0, 1], [1, 0], [1, 1]])
    weights = Weights.of(problem.architecture, [([[40, 40, -60], [-60, 40, 40]], [40, -60, 40]), ([[1], [1], [1]], [0])])
    lower, upper = function_field_rank(problem, weights, "P")
    balls = ball_rank(lambda bits: named_matrix(problem, weights, "P", BallField(bits)), max_precision=2048)
    assert lower.value == upper.value == balls.value == 4
