"""The prover's Hessian in doubles and the signs of its eigenvalues: against balls, against the kernel's, and against exact inertia."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.curvature_cases import NETWORKS, moved, network
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.eigenvalues import are_apart
from lossproof.certificates.kernel.network import curvature as kernel_curvature
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.numerics.algebra.inertia import exact_inertia
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.verified import curvature
from lossproof.numerics.verified.eigenvalues import eigenvalues_are_apart
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

BITS, RADII = 160, (Fraction(0), Fraction(1, 2**30), Fraction(1, 2**12))


def exact(problem, weights, bits=BITS):
    """``T H`` in balls."""
    with ball_precision(bits):
        return problem.T * hessian(problem, evaluate(problem.architecture, problem.samples, weights, BallField(bits)))


def by_kernel(problem, weights, radius, factors):
    known = read_problem(encode_problem(problem))
    (point,) = read_points([encode_point(weights)], known)
    with ball_precision(80):
        box = passes.Box(point, fmpq(radius.numerator, radius.denominator))
        return kernel_curvature._midpoints_and_radii(Work(), known, box, factors)


def excess(true, H, radii, factors):
    """The largest ratio of the distance of a row, with factors, to its bound."""
    with ball_precision(BITS):
        rows = [sum((abs(true[i, k] - arb(float(H[i, k]))) * factors[k] for k in np.flatnonzero(factors)), arb(0)) for i in range(len(H))]
        return max(float((gap / arb(float(radius) + 2.0**-500)).upper()) for gap, radius in zip(rows, radii, strict=True))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "softplus", "identity"])
@pytest.mark.parametrize(("widths", "error"), NETWORKS)
def test_the_hessian_is_enclosed_at_every_weight_of_the_box(widths, error, activation):
    problem, weights = network(widths, activation, error)
    N = problem.architecture.N_net
    for radius in RADII:
        found = curvature.enclosed_landscape(problem, weights, radius)
        for factors in (np.ones(N), np.eye(N)[N // 2], np.arange(N) % 3 * 1.0):
            H, radii = found.midpoints_and_radii(factors)
            assert np.array_equal(H, H.T)
            assert all(np.array_equal(found.midpoints(free), found.hessian(free).mid) for free in (np.arange(N), np.arange(1, N, 2)))
            for seed in range(2 if radius else 1):
                assert excess(exact(problem, moved(weights, radius, seed)), H, radii, factors) <= 1 + 1e-6


@pytest.mark.parametrize(("widths", "error"), [("2-3-2-2", "smooth-l1:1"), ("2-3-3", "softmax")])
def test_samples_and_columns_are_taken_in_pieces_of_any_size(widths, error, monkeypatch):
    """The twins agree, and no size of the pieces matters beyond roundings."""
    problem, weights = network(widths, "tanh", error, T=11)
    factors, radius = np.ones(problem.architecture.N_net), Fraction(1, 2**20)
    found = curvature.enclosed_landscape(problem, weights, radius).midpoints_and_radii(factors)
    kernel = by_kernel(problem, weights, radius, factors)
    assert np.max(np.abs(found[0] - kernel[0])) <= np.max(found[1]) + np.max(kernel[1])
    assert np.all(kernel[1] <= 3 * found[1])
    for module, names in ((kernel_curvature, {"_SAMPLES": 2, "_COLUMNS": 3}), (curvature, {"_MOST_SAMPLES": 2, "_MOST_VALUES": 40})):
        for name, value in names.items():
            monkeypatch.setattr(module, name, value)
    again = curvature.enclosed_landscape(problem, weights, radius).midpoints_and_radii(factors)
    for before, after in zip((*found, *kernel), (*again, *by_kernel(problem, weights, radius, factors)), strict=True):
        assert np.allclose(before, after, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("logit", [0, 5, 20, 200, 800])
def test_the_curvature_of_softmax_is_known_relatively(logit):
    """``p_j (1 − p_j)`` where a share is nearly 1: nothing cancels, in the prover and in the kernel."""
    a = Architecture.of("1-3", "identity")
    problem = Problem(a, error_named("softmax"), Samples.of([[1], [2]], [[1, 0, 0], [0, 1, 0]]))
    weights = Weights.of(a, [([[logit, 0, -1]], [0, 0, 0])])
    factors, true = np.eye(6)[0], exact(problem, weights, 3000)
    for radius in (Fraction(0), Fraction(1, 2**20)):
        for H, radii in (
            curvature.enclosed_landscape(problem, weights, radius).midpoints_and_radii(factors),
            by_kernel(problem, weights, radius, factors),
        ):
            assert excess(true, H, radii, factors) <= 1 + 1e-6
            assert radii[0] <= (1e-13 + 4e-15 * logit + 20 * float(radius)) * H[0, 0] + 1e-170


def mirrored(M):
    return np.tril(M) + np.tril(M, -1).T


def verdicts(M, least=0.0):
    """The indices that the kernel and the prover see."""
    eigen = np.linalg.eigh(M) if np.isfinite(M).all() else None
    kernel = [k for k in range(len(M) + 1) if are_apart(M, k, least)]
    assert [k for k in range(len(M) + 1) if eigenvalues_are_apart(M, k, least, eigen)] == kernel
    return kernel


def test_the_index_of_whole_matrices_is_that_of_exact_arithmetic():
    g = np.random.default_rng(0)
    for n in (1, 2, 3, 5, 7):
        for rank in range(1, n + 1):
            for _ in range(6):
                B = g.integers(-3, 4, size=(n, rank)).astype(float)
                M = (B * g.choice([-1.0, 1.0], size=rank)) @ B.T
                inertia = exact_inertia(np.array([[fmpq(int(x)) for x in row] for row in M], dtype=object))
                assert verdicts(M) == ([] if inertia.zero else [inertia.negative])


@pytest.mark.parametrize("gap", [1e-2, 1e-5, 1e-8, 1e-11, 1e-13, 1e-15, 1e-17])
def test_a_planted_least_eigenvalue_is_never_seen_larger_or_of_the_other_sign(gap):
    g = np.random.default_rng(1)
    for n, negative in ((30, 0), (30, 1), (30, 15), (30, 29), (30, 30)):
        Q = np.linalg.qr(g.normal(size=(n, n)))[0]
        signs = np.where(g.permutation(n) < negative, -1.0, 1.0)
        M = mirrored((Q * (signs * np.geomspace(gap, 1, n))) @ Q.T)
        assert set(verdicts(M, gap * 1.001 + 1e-14)) == set()
        assert set(verdicts(M)) <= {negative} or gap < 1e-14
        if gap >= 1e-11:
            assert verdicts(M, gap / 2) == [negative]
        if gap < 1e-16:
            assert verdicts(M) == []


def test_more_rows_than_a_tile_and_scales_far_apart():
    n = 1100
    g = np.random.default_rng(2)
    B = g.normal(size=(n, n)) / np.sqrt(n)
    M = mirrored(B @ B.T + 0.01 * np.eye(n))
    assert are_apart(M, 0, 0.009)
    assert not are_apart(M, 0, 1.01 * np.linalg.eigvalsh(M)[0])
    M[n - 1, n - 1] -= 10
    values = np.linalg.eigvalsh(M)
    assert values[0] < 0 < values[1]
    assert are_apart(M, 1, 0.9 * min(-values[0], values[1]))
    assert not are_apart(M, 0, 0.0)
    for scale in (2.0**-300, 2.0**-40, 2.0**40):
        assert verdicts(scale * np.diag([1.0, -2.0, 3.0])) == [1]
    assert verdicts(np.diag([2.0**101, 1.0])) == []


@pytest.mark.parametrize("kind", ["random", "zero", "nan", "inf", "huge", "backwards"])
def test_nothing_is_assumed_of_eigenvectors(kind, monkeypatch):
    g = np.random.default_rng(3)
    M = mirrored(g.normal(size=(8, 8)))
    index, right = int(np.sum(np.linalg.eigvalsh(M) < 0)), np.linalg.eigh(M)
    wrong = {
        "random": (g.normal(size=8), g.normal(size=(8, 8))),
        "zero": (right[0], np.zeros((8, 8))),
        "nan": (right[0], np.full((8, 8), np.nan)),
        "inf": (np.full(8, np.inf), right[1]),
        "huge": (1e300 * right[0], right[1]),
        "backwards": (right[0][::-1], right[1][:, ::-1]),
    }[kind]
    monkeypatch.setattr(np.linalg, "eigh", lambda _: wrong)
    with np.errstate(all="ignore"):
        for k in range(9):
            assert k == index or not are_apart(M, k, 0.0)
            assert k == index or not eigenvalues_are_apart(M, k, 0.0, wrong)
