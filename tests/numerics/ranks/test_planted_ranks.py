"""Random matrices and networks of known rank: every method that can recovers it, and none ever passes it."""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import arb, fmpq

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.matrices import named_matrix
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.numerics.ranks.evidence import value_of
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.numerics.ranks.function_field import function_field_rank
from lossproof.numerics.ranks.modular import modular_rank, random_prime
from lossproof.numerics.ranks.rational import rational_rank
from lossproof.numerics.ranks.verified import verified_full_column_rank
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import exact_floats
from lossproof.numerics.verified.gram import full_column_rank
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def naive_rank(rows, prime=None):
    """Gaussian elimination, on Fractions or modulo a prime, without any library."""
    rows = [[entry % prime if prime else Fraction(entry) for entry in row] for row in rows]
    rank = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((k for k in range(rank, len(rows)) if rows[k][column] != 0), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        inverse = pow(rows[rank][column], -1, prime) if prime else 1 / rows[rank][column]
        for k in range(rank + 1, len(rows)):
            factor = rows[k][column] * inverse
            if factor:
                rows[k] = [(a - factor * b) % prime if prime else a - factor * b for a, b in zip(rows[k], rows[rank], strict=True)]
        rank += 1
    return rank


def minor_holds(rows, bound):
    """Re-check a `rank-minor` bound without a substitution."""
    p, minor = bound.payload["prime"], []
    for i in bound.payload["rows"]:
        chosen = [Fraction(rows[i][j]) for j in bound.payload["columns"]]
        minor.append([q.numerator * pow(q.denominator, -1, p) % p for q in chosen])
    return bound.is_lower and bound.value == len(minor) == naive_rank(minor, p)


def kernel_holds(rows, bound):
    """Re-check a `rank-kernel` bound of a rational matrix: annihilated, reduced, counted."""
    matrix = rows if bound.payload["side"] == "right" else [list(column) for column in zip(*rows, strict=True)]
    vectors = [[Fraction(entry) for entry in vector] for vector in bound.payload["vectors"]]
    lasts = [max(j for j, entry in enumerate(vector) if entry) for vector in vectors]
    reduced = all(vectors[i][last] == (i == k) for k, last in enumerate(lasts) for i in range(len(vectors)))
    annihilated = all(sum(a * b for a, b in zip(row, vector, strict=True)) == 0 for row in matrix for vector in vectors)
    return not bound.is_lower and annihilated and reduced and lasts == sorted(set(lasts)) and bound.value == len(matrix[0]) - len(vectors)


def planted(generator, entry):
    """A random matrix of exactly the rank returned: both factors contain the identity."""
    m, n = generator.randrange(1, 9), generator.randrange(1, 9)
    r = generator.randrange(0, min(m, n) + 1)
    left = [[Fraction(int(i == k)) if i < r else entry() for k in range(r)] for i in range(m)]
    right = [[Fraction(int(j == k)) if j < r else entry() for j in range(n)] for k in range(r)]
    rows = [[sum((left[i][k] * right[k][j] for k in range(r)), Fraction(0)) for j in range(n)] for i in range(m)]
    generator.shuffle(rows)
    order = generator.sample(range(n), n)
    return [[row[j] for j in order] for row in rows], r


def check_all_methods(rows, r, seed):
    m, n = len(rows), len(rows[0])
    assert naive_rank(rows) == r
    lower, upper = rational_rank(rows, seed)
    assert value_of(lower) == upper.value == r
    assert lower is None or minor_holds(rows, lower)
    assert kernel_holds(rows, upper)
    balls = ball_rank(
        lambda bits: np.array([[arb(q.numerator) / q.denominator for q in row] for row in rows], dtype=object), max_precision=256, enough=r
    )
    assert (0 if balls is None else balls.value) == r
    if balls is not None:
        minor = [[rows[i][j] for j in balls.payload["columns"]] for i in balls.payload["rows"]]
        assert naive_rank(minor) == r
    formal = np.array([[fmpq(q.numerator, q.denominator) for q in row] for row in rows], dtype=object)
    for side in ("right", "left"):
        bound = constant_kernel(formal, side)
        assert bound.value == r
        assert kernel_holds(rows, bound)
    if r < n and all(Fraction(float(q)) == q for row in rows for q in row):
        assert not gram_proves(np.array(rows, dtype=float))
    assert m >= r


def gram_proves(matrix):
    """The raw Gram routine: sample ``i`` carries column ``i`` of a plain matrix as ``Ψ``."""
    return full_column_rank([GramBlock(exact_floats(matrix.T[None]), exact_floats(np.ones((matrix.shape[1], 1))))], 1).proved


@pytest.mark.parametrize("seed", range(12))
def test_rational_matrices(seed):
    generator = random.Random(seed)
    for k in range(12):
        rows, r = planted(generator, lambda: Fraction(generator.randrange(-99, 100), generator.randrange(1, 50)))
        check_all_methods(rows, r, k)


@pytest.mark.parametrize("seed", range(12))
def test_integer_matrices(seed):
    generator = random.Random(1000 + seed)
    for k in range(12):
        rows, r = planted(generator, lambda: Fraction(generator.choice([-2, -1, 0, 0, 1, 3, 2**20])))
        check_all_methods(rows, r, k)


@pytest.mark.parametrize("seed", range(10))
def test_matrices_over_a_prime_field(seed):
    generator = random.Random(2000 + seed)
    for k in range(12):
        prime = random_prime(k, 2**20, 2**21) if k % 3 else random_prime(k, 2**60, 2**61)
        rows, _ = planted(generator, lambda p=prime: Fraction(generator.randrange(p)))
        residues = [[int(q) % prime for q in row] for row in rows]
        bound = modular_rank(np.array(residues, dtype=object if k % 2 else np.int64), prime, u=7)
        assert value_of(bound) == naive_rank(residues, prime)
        if bound is None:
            continue
        minor = [[residues[i][j] for j in bound.payload["columns"]] for i in bound.payload["rows"]]
        assert bound.value == len(minor) == naive_rank(minor, prime)
        assert bound.payload["substitution"] == {"u": 7}


def network(seed, activation, n_L=1, hidden=(3,), duplicates=None, bias="trainable"):
    """A random network of dyadic data, ``d`` different inputs among ``T``."""
    generator = random.Random(seed)
    n_0 = generator.randrange(1, 4)
    d, repeats = generator.randrange(1, 5), generator.randrange(0, 3) if duplicates is None else duplicates
    inputs = []
    while len(inputs) < d:
        x = [Fraction(generator.randrange(-16, 17), 4) for _ in range(n_0)]
        if x not in inputs:
            inputs.append(x)
    inputs += [generator.choice(inputs) for _ in range(repeats)]
    generator.shuffle(inputs)
    architecture = Architecture.of((n_0, *hidden, n_L), activation, bias=bias)
    problem = Problem(architecture, error_named("squared"), Samples.of(inputs, [[0] * n_L] * len(inputs)))
    pairs = []
    for l in range(1, architecture.L + 1):
        draw = lambda: Fraction(generator.randrange(-20, 21) * 2 + 1, 8)  # noqa: E731
        W = [[draw() for _ in range(architecture.widths[l])] for _ in range(architecture.widths[l - 1])]
        pairs.append((W, [draw() if bias == "trainable" else Fraction(0) for _ in range(architecture.widths[l])]))
    return problem, Weights.of(architecture, pairs), d


@pytest.mark.parametrize("seed", range(60))
def test_softsign_networks_over_the_rationals(seed):
    problem, weights, d = network(seed, "softsign", n_L=1 + seed % 2, hidden=(4,) if seed % 3 else (4, 3))
    P = named_matrix(problem, weights, "P", RationalField())
    rows = [[Fraction(int(q.p), int(q.q)) for q in row] for row in P]
    lower, upper = rational_rank(P, seed)
    assert lower.value == upper.value == naive_rank(rows) <= problem.architecture.n_L * d
    assert minor_holds(rows, lower)
    assert kernel_holds(rows, upper)
    balls = ball_rank(lambda bits: named_matrix(problem, weights, "P", BallField(bits)), max_precision=512, enough=lower.value)
    assert balls.value == lower.value
    verified = verified_full_column_rank(problem.architecture, problem.samples, weights)
    assert verified is None or verified.value == lower.value == problem.columns


@pytest.mark.parametrize("seed", range(90))
def test_transcendental_networks(seed):
    """With ``d`` different inputs and enough units in general position the rank is ``n_L d``, by every method."""
    n_L = 1 + seed % 2
    problem, weights, d = network(seed, ("tanh", "sigmoid")[seed % 2], n_L=n_L, hidden=(4,))
    lower, upper = function_field_rank(problem, weights, "P", seed)
    assert lower.value == upper.value == n_L * d
    balls = ball_rank(lambda bits: named_matrix(problem, weights, "P", BallField(bits)), max_precision=2048, enough=n_L * d)
    assert balls.value == n_L * d
    assert constant_kernel(named_matrix(problem, weights, "P", FormalField()), "right").value == n_L * d
    verified = verified_full_column_rank(problem.architecture, problem.samples, weights)
    assert verified is None or verified.value == n_L * d == problem.columns


@pytest.mark.parametrize("seed", range(40))
def test_rank_lost_in_the_hidden_layer(seed):
    """Equal units, with equal outgoing weights: 'Phi-1+' loses a rank each, 'P' at most ``n_0 + 2`` each."""
    problem, weights, _ = network(seed, ("tanh", "sigmoid")[seed % 2], hidden=(3,), duplicates=0)
    first, second = weights.layers
    repeated = [[row[0], row[0], row[2]] for row in first.W]
    equal = Weights.of(
        problem.architecture, [(repeated, [first.b[0], first.b[0], first.b[2]]), ([second.W[0], second.W[0], second.W[2]], second.b)]
    )
    for name in ("Phi-1", "Phi-1+", "P", "P-1", "P-2"):
        lower, upper = function_field_rank(problem, equal, name, seed)
        assert lower.value == upper.value
        full, _ = function_field_rank(problem, weights, name, seed)
        assert lower.value <= full.value
    assert function_field_rank(problem, equal, "Phi-1", seed)[1].value <= 2


@pytest.mark.parametrize("seed", range(30))
def test_deep_networks(seed):
    problem, weights, d = network(seed, ("tanh", "gelu", "bent-identity")[seed % 3], n_L=2, hidden=(4, 4), duplicates=seed % 2)
    balls = ball_rank(lambda bits: named_matrix(problem, weights, "P", BallField(bits)), max_precision=2048, enough=2 * d)
    assert balls.value == 2 * d
    assert constant_kernel(named_matrix(problem, weights, "P", FormalField()), "right").value == 2 * d
    verified = verified_full_column_rank(problem.architecture, problem.samples, weights)
    assert verified is None or verified.value == 2 * d == problem.columns


@pytest.mark.parametrize("seed", range(60))
def test_verified_networks_of_full_rank(seed):
    """Well-conditioned data must be decided in doubles; with one repeated input it must not be."""
    generator = np.random.default_rng(seed)
    n_L, T = 1 + seed % 3, 6
    activation = ("tanh", "sigmoid", "softplus", "arctan", "erf", "softsign", "silu")[seed % 7]
    architecture = Architecture.of((5, 8, n_L) if seed % 2 else (5, 8, 6, n_L), activation, bias=("trainable", "none")[seed % 4 == 3])
    X = generator.standard_normal((T, 5)) * 10.0 ** generator.integers(-1, 2)
    pairs = [(generator.standard_normal((a, b)) / np.sqrt(a), generator.standard_normal(b)) for a, b in pairwise(architecture.widths)]
    if architecture.bias == "none":
        pairs = [(W, None) for W, _ in pairs]
    assert verified_full_column_rank(architecture, X, pairs).value == T * n_L
    repeated = X.copy()
    repeated[3] = repeated[1]
    assert verified_full_column_rank(architecture, repeated, pairs) is None


@pytest.mark.parametrize("seed", range(40))
def test_gram_of_plain_matrices(seed):
    generator = np.random.default_rng(seed)
    n = int(generator.integers(2, 30))
    scales = np.ldexp(1.0, generator.integers(-60, 60, n))
    full = generator.integers(-9, 10, (n + 5, n)).astype(float)
    exact = value_of(rational_rank([[Fraction(entry) for entry in row] for row in full.tolist()])[0])
    assert gram_proves(full * scales) == (exact == n)
    full[:, -1] = full[:, :-1] @ generator.integers(-3, 4, n - 1)
    assert not gram_proves(full * scales)


def test_altered_evidence_does_not_hold():
    rows, r = [[Fraction(k) for k in row] for row in ([1, 2, 3], [2, 4, 6], [1, 0, 1])], 2
    lower, upper = rational_rank(rows)
    assert lower.value == upper.value == r
    altered_minor = type(lower)(2, True, lower.rule, lower.rigor, {**lower.payload, "rows": [0, 1]})
    altered_kernel = type(upper)(2, False, upper.rule, upper.rigor, {**upper.payload, "vectors": [["1", "-1", "1"]]})
    assert minor_holds(rows, lower)
    assert not minor_holds(rows, altered_minor)
    assert kernel_holds(rows, upper)
    assert not kernel_holds(rows, altered_kernel)
