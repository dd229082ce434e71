"""Attacks on the proofs in doubles: against exact arithmetic, and the kernel against the prover at the edge of what can be proved."""

import itertools
import json
import random

import numpy as np
import pytest
from cases.kernel_draft import Draft
from flint import arb, fmpq, fmpq_mat

from lossproof.certificates.kernel.arithmetic import cholesky as kernel_cholesky
from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import PRECISION
from lossproof.certificates.kernel.arithmetic.functions import SECH
from lossproof.certificates.kernel.network import gram as kernel_gram
from lossproof.certificates.kernel.network.gram import is_above_by_cholesky, is_above_by_inverse, network_at
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.numerics.algebra import gram_sums as gram_parts
from lossproof.numerics.algebra import tiled_matrix
from lossproof.numerics.ranks.verified import attempt_full_column_rank
from lossproof.numerics.verified import preconditioned as preconditioned_gram
from lossproof.numerics.verified.balanced_rows import balanced_rows
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import exact_floats
from lossproof.numerics.verified.exponential import enclose_exponential
from lossproof.numerics.verified.forward_backward import enclose_pass
from lossproof.numerics.verified.gram import full_column_rank, smallest_singular_value
from lossproof.numerics.verified.preconditioned import preconditioned_full_column_rank
from lossproof.theory.problem.architecture import Architecture

HIDDEN = ("sigmoid", "tanh", "softsign", "softplus", "bent-identity", "gelu", "silu", "arctan", "erf", "sin", "power:2", "identity")


def rational(x):
    return fmpq(*float(x).as_integer_ratio())


def near_singular(generator, seed):
    """A matrix of doubles with a column that is a combination of others, exactly or up to a distance of any size; its rows and columns of any scale."""
    numbers, n = np.random.default_rng(seed), generator.choice((1, 2, 3, 5, 8))
    m = n + generator.choice((0, 0, 1, 3))
    A = np.round(numbers.standard_normal((m, n)) * 2**12) / 2**12
    if n > 1:
        A[:, -1] = A[:, :-1] @ numbers.integers(-2, 3, n - 1)
        if generator.random() < 0.6:
            A[generator.randrange(m), -1] += 2.0 ** -generator.randint(1, 60)
    if generator.random() < 0.5:
        A = np.ldexp(np.ldexp(A, numbers.integers(-300, 60, (m, 1))), numbers.integers(-60, 60, (1, n)))
    return A * 2.0 ** -generator.choice((0, 0, 0, 80, 400, 1060))


def blocks_of(A, generator):
    n = A.shape[1]
    if generator.random() < 0.5:
        return [GramBlock(exact_floats(A.T[None].copy()), exact_floats(np.ones((n, 1))))]
    return [GramBlock(None, exact_floats(A.T.copy()))]


def is_positive_definite(G, size):
    K = [[G[i, j] for j in range(size)] for i in range(size)]
    for k in range(size):
        if K[k][k] <= 0:
            return False
        for i in range(k + 1, size):
            factor = K[i][k] / K[k][k]
            K[i] = [x - factor * y for x, y in zip(K[i], K[k], strict=True)]
    return True


def test_nothing_is_proved_of_a_matrix_that_is_exactly_singular_and_no_bound_is_too_large():
    proved = dict.fromkeys(("plain", "balanced", "preconditioned"), 0)
    for seed in range(600):
        generator = random.Random(seed)
        A = near_singular(generator, seed)
        m, n = A.shape
        blocks = blocks_of(A, generator)
        full = fmpq_mat([[rational(x) for x in row] for row in A]).rank() == n
        balanced = balanced_rows(blocks)
        outcomes = (full_column_rank(blocks, 1), full_column_rank(balanced, 1), preconditioned_full_column_rank(balanced, 1))
        for name, outcome in zip(proved, outcomes, strict=True):
            assert full or not outcome.proved, (seed, name)
            proved[name] += outcome.proved
        bound = smallest_singular_value(blocks, 1)
        if bound is not None:
            scaled = fmpq_mat([[rational(A[i, j]) * rational(bound.scales[0, j]) for j in range(n)] for i in range(m)])
            shift = fmpq_mat([[rational(bound.lower) ** 2 * int(i == j) for j in range(n)] for i in range(n)])
            assert full, seed
            assert is_positive_definite(scaled.transpose() * scaled - shift, n), seed
    assert 0 < proved["plain"] < proved["balanced"] < proved["preconditioned"]


def random_network(seed):
    """A network near one of deficient rank, with units, inputs and samples of very different size."""
    generator, numbers = random.Random(seed), np.random.default_rng(seed)
    T, n_L, L = generator.choice((1, 2, 4, 6)), generator.choice((1, 2)), generator.choice((1, 2, 2, 3))
    widths = (T + 1 if L == 1 else generator.choice((1, 2, 3)), *(generator.choice((T * n_L, 6)) for _ in range(L - 1)), n_L)
    X = numbers.standard_normal((T, widths[0]))
    if T > 1:
        X[-1] = X[0] + 10.0 ** -generator.uniform(0, 17) * numbers.standard_normal(widths[0])
    if generator.random() < 0.4:
        X = X * 10.0 ** numbers.integers(-25, 25, generator.choice(((1, widths[0]), (T, 1))))
    bias = generator.choice(("trainable", "none"))
    weights = []
    for m, n in itertools.pairwise(widths):
        W = numbers.standard_normal((m, n)) * 10.0 ** (numbers.integers(-20, 6, (1, n)) * (generator.random() < 0.2))
        weights.append((W, numbers.standard_normal(n) if bias == "trainable" else np.zeros(n)))
    output = generator.choice(("identity", "identity", "tanh", "sin", "softplus"))
    return widths, "identity" if L == 1 else generator.choice(HIDDEN), output, bias, X, weights


def spelled(A):
    return [[float(x).hex() if x else "0" for x in row] for row in A]


def kernel_problem(widths, hidden, output, bias, X, weights):
    layers = [{"W": spelled(W), "b": spelled([b])[0]} for W, b in weights]
    options = {"activation": hidden, "output_activation": output, "bias": bias}
    document = json.loads(json.dumps(Draft(widths, spelled(X), [["0"] * widths[-1]] * len(X), layers, **options).finish()))
    problem = read_problem(document["problem"])
    return problem, read_points(document["points"], problem)[0]


def accepts(problem, point, layers, least, *, method, balanced=False, weighted=False):
    strip = problem.strip and not weighted
    with np.errstate(all="ignore"), ball_precision(PRECISION):
        try:
            return method(Work(), network_at(Work(), problem, point, layers, strip=strip, balanced=balanced, weighted=weighted), least)
        except Rejected:
            return False


def compare_prover_and_kernel(seeds):
    proved = [0, 0, 0, 0]
    for seed in seeds:
        widths, hidden, output, bias, X, weights = network = random_network(seed)
        a = Architecture.of(widths, hidden, output_activation=output, bias=bias)
        if len(X) * a.n_L > a.N_net:
            continue
        problem, point = kernel_problem(*network)
        layers = list(range(1, a.L + 1))
        found, true = (enclose_pass(a, exact_floats(X), weights, strip_output=strip) for strip in (True, False))
        if not (found.is_moderate() and true.is_moderate()):
            continue
        blocks = found.blocks()
        bound = smallest_singular_value(true.blocks(), a.n_L)
        outcomes = (
            full_column_rank(blocks, a.n_L, 4.0).proved,
            full_column_rank(balanced_rows(blocks), a.n_L, 4.0).proved,
            preconditioned_full_column_rank(balanced_rows(blocks), a.n_L, 4.0).proved,
            bound is not None,
        )
        least = 0.0 if bound is None else bound.lower
        ways = (
            {"method": is_above_by_cholesky},
            {"method": is_above_by_cholesky, "balanced": True},
            {"method": is_above_by_inverse, "balanced": True},
            {"method": is_above_by_cholesky, "weighted": True},
        )
        for k, (outcome, way) in enumerate(zip(outcomes, ways, strict=True)):
            assert not outcome or accepts(problem, point, layers, least if k == 3 else 0.0, **way), (seed, k, network[:4])
            proved[k] += outcome
    return proved


def test_the_kernel_accepts_what_the_prover_proves_at_the_edge():
    assert min(compare_prover_and_kernel(range(250))) > 20


def test_the_same_with_tiles_and_pieces_of_few_rows(monkeypatch):
    monkeypatch.setattr(tiled_matrix, "TILE", 2)
    monkeypatch.setattr(gram_parts, "_ROWS", 2)
    monkeypatch.setattr(kernel_cholesky, "TILE", 3)
    monkeypatch.setattr(kernel_gram, "_PIECE", 5)
    monkeypatch.setattr(preconditioned_gram, "_PIECE", 4)
    assert min(compare_prover_and_kernel(range(1000, 1150))) > 10


@pytest.mark.parametrize("number", [1e28, 1e160])
def test_a_network_out_of_the_kernels_range_is_not_proved(number):
    a = Architecture.of("1-1-1", "leaky-relu", output_activation="leaky-relu")
    found = attempt_full_column_rank(a, np.array([[1.0]]), [([[number]], [0.0]), ([[1.0]], [0.0])])
    assert found.evidence is None
    assert "out of the range" in found.obstacle


def test_exponentials_at_the_worst_places():
    numbers = np.random.default_rng(2)
    halves = (numbers.integers(0, 1009, 3000) + 0.5) * np.log(2) * (1 + numbers.uniform(-1e-15, 1e-15, 3000))
    y = np.concatenate(
        [halves, 10.0 ** numbers.uniform(-320, 2.84, 3000), numbers.uniform(0, 1, 3000), [0.0, 5e-324, 700.0, np.nextafter(700, 800)]]
    )
    found = enclose_exponential(y)
    assert found.mid.max() <= 1
    with ball_precision(200):
        for argument, mid, rad in zip(y.tolist(), found.mid.tolist(), found.rad.tolist(), strict=True):
            assert abs((-arb(argument)).exp() - arb(mid)) <= arb(rad)


def test_far_out_and_wide_the_kernel_sees_that_the_slope_of_tanh_is_small():
    with ball_precision(80):
        for z in (arb(-(10.0**22), 1e7), arb(50, 3), arb(3, 1)):
            assert 0 <= SECH.ball(z, 1).upper() < 0.1
        assert SECH.ball(arb(0, 5), 1).contains(1)
        assert SECH.ball(arb(3, 5), 1).contains(1)
        assert SECH.ball(arb(3, 5), 1).contains(4 * (arb(-16)).exp())
        assert not SECH.ball(arb(3, 5), 1).contains(2.0**-30)
