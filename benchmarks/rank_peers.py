"""Deciding that ``P`` has full column rank, by this library and by what one would type instead.

Two families: a tanh network whose ``P`` is given to the peers in doubles, and a small softsign network with weights in 1/8, whose ``P`` is rational, for
multiple precision and computer algebra. Our proof starts from the samples and the weights, the peers from ``P``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.measured import Prepared
from benchmarks.training_problems import Case
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.ranks.rational import rational_rank
from lossproof.numerics.ranks.verified import verified_full_column_rank
from lossproof.theory.problem.architecture import Architecture

DIGITS, BITS, PRIME = 50, 200, 2**61 - 1
SMALL_WIDTHS = (8, 24, 4)


def small_case(columns: int) -> Case:
    """Return a softsign network 8-24-4 with inputs and weights in 1/8: ``P`` has 316 rows."""
    g = np.random.default_rng(columns)
    X = g.integers(-16, 17, (columns // SMALL_WIDTHS[-1], SMALL_WIDTHS[0])) / 8
    start = tuple((g.integers(-8, 9, (m, n)) / 8, g.integers(-8, 9, n) / 8) for m, n in pairwise(SMALL_WIDTHS))
    return Case(SMALL_WIDTHS, X, np.zeros((len(X), SMALL_WIDTHS[-1])), start)


def _expects(columns: int) -> Callable[[Any], str]:
    """Return the judge of a rank: it has to be full."""

    def judge(rank: Any) -> str:
        if rank != columns:
            raise RuntimeError(f"it says {rank} and not {columns}")
        return ""

    return judge


def proof(case: Case, activation: str) -> Prepared:
    """Time our proof in verified double precision."""
    architecture, start = Architecture.of(case.widths, activation), list(case.start)

    def work() -> int | None:
        evidence = verified_full_column_rank(architecture, case.X, start)
        return None if evidence is None else evidence.value

    return work, _expects(case.equations)


def exact(case: Case, activation: str) -> Prepared:
    """Time our exact rank of the rational ``P``."""
    rows = rational_rows(case, activation)
    return lambda: rational_rank(rows)[0].value, _expects(case.equations)


def rational_rows(case: Case, activation: str) -> list[list[Fraction]]:
    """Return ``P`` as rationals."""
    entries = jacobian(evaluate(Architecture.of(case.widths, activation), _fractions(case.X), _exact_weights(case), RationalField()))
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in entries]


def _exact_weights(case: Case) -> list[tuple[Any, Any]]:
    return [(_fractions(W), _fractions(b)) for W, b in case.start]


def _fractions(array: np.ndarray) -> list[Any]:
    return [Fraction(x) if isinstance(x, float) else _fractions(np.asarray(x)) for x in array.tolist()]


def _doubles(case: Case, activation: str) -> np.ndarray:
    """Return ``P`` in doubles, of shape ``(N_net, T n_L)``."""
    return jacobian(evaluate(Architecture.of(case.widths, activation), case.X, list(case.start), Float64Field()))


def numpy_rank(case: Case, activation: str) -> Prepared:
    """Time `numpy.linalg.matrix_rank`."""
    P = _doubles(case, activation)
    return lambda: int(np.linalg.matrix_rank(P)), _expects(case.equations)


def scipy_svdvals(case: Case, activation: str) -> Prepared:
    """Time `scipy.linalg.svdvals`, and count those above numpy's threshold."""
    from scipy import linalg

    P = _doubles(case, activation)

    def work() -> int:
        s = linalg.svdvals(P)
        return int((s > s[0] * max(P.shape) * np.finfo(float).eps).sum())

    return work, _expects(case.equations)


def pivoted_qr(case: Case, activation: str) -> Prepared:
    """Time `scipy.linalg.qr` with column pivoting, and count the diagonal above the same threshold."""
    from scipy import linalg

    P = _doubles(case, activation)

    def work() -> int:
        (R, _) = linalg.qr(P, mode="r", pivoting=True)
        d = np.abs(np.diagonal(R))
        return int((d > d[0] * max(P.shape) * np.finfo(float).eps).sum())

    return work, _expects(case.equations)


def mpmath_svd(case: Case, activation: str) -> Prepared:
    """Time mpmath's singular values at 50 digits."""
    import mpmath

    with mpmath.workdps(DIGITS):
        P = mpmath.matrix([[mpmath.mpf(x.numerator) / x.denominator for x in row] for row in rational_rows(case, activation)])

    def work() -> int:
        with mpmath.workdps(DIGITS):
            s = mpmath.svd_r(P, compute_uv=False)
            return sum(value > s[0] * mpmath.mpf(10) ** (5 - DIGITS) for value in s)

    return work, _expects(case.equations)


def sympy_rank(case: Case, activation: str) -> Prepared:
    """Time `sympy.Matrix.rank` of the rational ``P``."""
    import sympy

    P = sympy.Matrix([[sympy.Rational(x.numerator, x.denominator) for x in row] for row in rational_rows(case, activation)])
    return lambda: int(P.rank()), _expects(case.equations)


def flint_rational(case: Case, activation: str) -> Prepared:
    """Time `rank` of python-flint's `fmpq_mat`."""
    from flint import fmpq, fmpq_mat

    rows = rational_rows(case, activation)
    P = fmpq_mat([[fmpq(x.numerator, x.denominator) for x in row] for row in rows])
    return lambda: int(P.rank()), _expects(case.equations)


def flint_modular(case: Case, activation: str) -> Prepared:
    """Time the rank of python-flint's `nmod_mat` of ``P`` modulo a prime, the reduction included."""
    from flint import nmod_mat

    rows = rational_rows(case, activation)
    columns = len(rows[0])

    def work() -> int:
        residues = [x.numerator * pow(x.denominator, -1, PRIME) % PRIME for row in rows for x in row]
        return int(nmod_mat(len(rows), columns, residues, PRIME).rank())

    return work, _expects(case.equations)


def flint_balls(case: Case, activation: str) -> Prepared:
    """Time the determinant of ``PᵀP`` in python-flint's balls: full rank if it does not contain 0 (`arb_mat` has no rank)."""
    from flint import arb, arb_mat, ctx, fmpq

    rows = rational_rows(case, activation)

    def work() -> int:
        saved = ctx.prec
        try:
            ctx.prec = BITS * (1 + len(rows[0]) // 100)
            P = arb_mat([[arb(fmpq(x.numerator, x.denominator)) for x in row] for row in rows])
            return -1 if (P.transpose() * P).det().contains(0) else len(rows[0])
        finally:
            ctx.prec = saved

    return work, _expects(case.equations)


@dataclass(frozen=True)
class RankMethod:
    """A method: its name, its job, and what it proves."""

    name: str
    job: Callable[..., Prepared]
    proves: str


OWN, BEST_KNOWN = "lossproof, verified doubles", "numpy `matrix_rank`"
IN_DOUBLES = (
    RankMethod(OWN, proof, "the rank, under IEEE 754"),
    RankMethod(BEST_KNOWN, numpy_rank, "nothing: a threshold"),
    RankMethod("SciPy `svdvals`", scipy_svdvals, "nothing: a threshold"),
    RankMethod("SciPy pivoted QR", pivoted_qr, "nothing: a threshold"),
)
RATIONAL = (
    RankMethod(OWN, proof, "the rank, under IEEE 754"),
    RankMethod("lossproof, exact over Q", exact, "the rank, with both bounds certified"),
    RankMethod("python-flint `nmod_mat`", flint_modular, "full rank (a lower bound)"),
    RankMethod("python-flint `arb_mat`, det PᵀP", flint_balls, "full rank, if it is"),
    RankMethod("python-flint `fmpq_mat`", flint_rational, "the rank, without a certificate"),
    RankMethod(BEST_KNOWN, numpy_rank, "nothing: a threshold"),
    RankMethod("mpmath SVD, 50 digits", mpmath_svd, "nothing: a threshold"),
    RankMethod("SymPy `Matrix.rank`", sympy_rank, "the rank, without a certificate"),
)
