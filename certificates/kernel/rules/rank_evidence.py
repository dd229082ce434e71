"""The rules that prove a rank bound from evidence about the entries (section 5), each with its proof in the docstring.

A rule gets a `Step` and returns the conclusion it gives, built anew, and its own rigor. ``r(M)`` is the rank of a matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly, fmpz, fmpz_poly, nmod, nmod_mat

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.arithmetic.rings import FormalRing, Ratio, function_field_ring, residue_ring
from lossproof.certificates.kernel.network.gram import require_full_column_rank, require_smallest_singular_value, true_pass
from lossproof.certificates.kernel.network.matrices import Matrix, entries
from lossproof.certificates.kernel.network.passes import common_denominator, product
from lossproof.certificates.kernel.network.preconditioned import require_preconditioned_rank
from lossproof.certificates.kernel.reading.limits import MAX_ENTRIES, MAX_WORK, PRECISIONS, Array, limit
from lossproof.certificates.kernel.reading.parse import Rejected, read_integer, read_list, read_rational, read_text, require
from lossproof.certificates.kernel.reading.problem import Point, fraction
from lossproof.certificates.kernel.rules.evidence import (
    _last_nonzero,
    read_minor,
    read_reduced_vectors,
    require_ball_minor,
)
from lossproof.certificates.kernel.rules.step import Result, Step
from lossproof.theory.verdicts import Rigor

MAX_EXPONENT = 100_000


@contextmanager
def _no_zero_denominator(place: str) -> Iterator[None]:
    try:
        yield
    except ZeroDivisionError:
        raise Rejected(place, "evidence", "a denominator vanishes modulo the prime") from None


def _exponential_setting(step: Step, point: Point | None) -> int:
    """Return D for the setting of ``u``: one hidden layer of sigmoid or tanh and a rational point."""
    right = step.problem.L == 2 and step.problem.activation.family in ("sigmoid", "tanh")
    require(right, "rule", "u needs one hidden layer of sigmoid or tanh")
    return common_denominator(step.problem, step.at_point() if point is None else point)


def rank_minor(step: Step) -> Result:
    """A minor that is not 0 modulo a prime: ``r(M) ≥`` its size.

    The entries lie in the local ring of Q, or of Q(u) ≅ Q(e^{1/D}) (Lindemann), of elements whose denominators survive; reduction modulo the
    prime (and u ↦ the residue) is a ring homomorphism from it to F_p. A determinant with image ≠ 0 is ≠ 0.
    """
    found = step.expect(0, "rows", "columns", "prime", "u")
    matrix = step.matrix()
    point = step.point_or_none(matrix)
    rows, columns = read_minor(found, matrix)
    p = read_integer(found["prime"], "evidence.prime", 2**20, 2**62 - 1)
    require(bool(fmpz(p).is_prime()), "evidence.prime", f"{p} is not a prime")
    u = None if found["u"] is None else read_integer(found["u"], "evidence.u", 1, p - 1)
    if not rows:
        exact = np.empty((0, 0), dtype=object)
    elif u is None:
        exact = entries(matrix, step.problem, point, FormalRing(), rows, columns)
        require(all(isinstance(x, fmpq) for x in exact.flat), "evidence.u", "an entry is not rational, so u = null does not apply")
    else:
        D = _exponential_setting(step, point)
        with _no_zero_denominator("evidence.u"):
            exact = entries(matrix, step.problem, point, residue_ring(D, u, p), rows, columns)
    with _no_zero_denominator("evidence.prime"):
        residues = nmod_mat(len(rows), len(columns), [x if isinstance(x, nmod) else nmod(x, p) for x in exact.flat], p)
    require(int(residues.det()) != 0, "evidence.rows", "the minor is 0 modulo the prime")
    return step.lower(step.conclusion["matrix"], len(rows), step.index), Rigor.EXACT


def rank_ball(step: Step) -> Result:
    """A minor whose ball does not contain 0: the ball contains the real minor, so that is not 0 and ``r(M) ≥`` its size."""
    found = step.expect(0, "rows", "columns", "precision")
    matrix = step.matrix()
    point = step.at_point()
    rows, columns = read_minor(found, matrix)
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    with ball_precision(bits):
        require_ball_minor(matrix, step.problem, point, BallRing(), rows, columns, bits)
    return step.lower(step.conclusion["matrix"], len(rows), step.index), Rigor.BALL


def rank_gram(step: Step) -> Result:
    """Full column rank by a shifted Cholesky factorisation; proof in `kernel_gram`."""
    step.expect(0)
    matrix = step.matrix("P")
    require_full_column_rank(step.problem, step.at_point(), _layers(step, matrix))
    return step.lower(step.conclusion["matrix"], step.problem.columns, step.index), Rigor.VERIFIED_FLOAT


def rank_gram_balanced(step: Step) -> Result:
    """As `rank_gram`, with the rows of the matrix scaled by powers of two, which cannot raise the rank."""
    step.expect(0)
    matrix = step.matrix("P")
    require_full_column_rank(step.problem, step.at_point(), _layers(step, matrix), balanced=True)
    return step.lower(step.conclusion["matrix"], step.problem.columns, step.index), Rigor.VERIFIED_FLOAT


def rank_gram_preconditioned(step: Step) -> Result:
    """Full column rank of the matrix times a preconditioner; proof in `kernel_preconditioned`."""
    step.expect(0)
    matrix = step.matrix("P")
    require_preconditioned_rank(step.problem, step.at_point(), _layers(step, matrix))
    return step.lower(step.conclusion["matrix"], step.problem.columns, step.index), Rigor.VERIFIED_FLOAT


def _layers(step: Step, matrix: Matrix) -> list[int]:
    return list(range(1, step.problem.L + 1)) if matrix.layer is None else [matrix.layer]


def rank_singular_value(step: Step) -> Result:
    """``σ_min(PS) ≥ least > 0`` for P with its output derivative, S of `true_pass`: so P has full column rank; proof in `kernel_gram`.

    Factors ``σ_out'`` that vanish nowhere change no rank, so it is that of the P of section 4.
    """
    found = step.expect(0, "least")
    require(step.matrix("P").layer is None, "conclusion.matrix", "this rule is about P", "conclusion")
    least = fraction(read_rational(found["least"], "evidence.least"))
    require(0 < least < 1 and Fraction(float(least)) == least, "evidence.least", "must be a double between 0 and 1")
    index = step.point_index()
    require_smallest_singular_value(step.once("true pass", index, true_pass), float(least), "evidence.least")
    return step.lower("P", step.problem.columns, index), Rigor.VERIFIED_FLOAT


def _require_annihilated(M: Array, vectors: Sequence[Sequence[Any]], most: int) -> None:
    """Demand ``M v = 0`` for all vectors: in one product if all entries are rational, else over the non-zero entries of each v."""
    if vectors and all(isinstance(x, fmpq) for x in (*M.flat, *chain(*vectors))):
        columns = np.array([list(v) for v in vectors], dtype=object).T
        values = list(product(M, columns).T)
    else:
        supports = [[n for n, x in enumerate(v) if not (isinstance(x, fmpq) and x == 0)] for v in vectors]
        limit(M.shape[0] * sum(map(len, supports)), most, "rows · non-zero entries of the vectors")
        values = [M[:, support] @ np.array([v[n] for n in support], dtype=object) for v, support in zip(vectors, supports, strict=True)]
    for k, entries_of_product in enumerate(values):
        require(all(_is_zero(x) for x in entries_of_product), f"evidence.vectors[{k}]", "the vector is not annihilated")


def _is_zero(x: Any) -> bool:
    return bool(x.num.degree() < 0) if isinstance(x, Ratio) else isinstance(x, fmpq) and bool(x == 0)


def rank_kernel(step: Step) -> Result:
    """``r(M) ≤`` columns (rows) minus the number of independent rational vectors with ``M v = 0`` (``vᵀM = 0``).

    The products vanish in the formal ring, hence for the real matrix, by the homomorphism of `FormalRing`.
    """
    found = step.expect(0, "side", "vectors")
    side = read_text(found["side"], "evidence.side")
    require(side in ("left", "right"), "evidence.side", "expected 'left' or 'right'")
    matrix = step.matrix()
    point = step.point_or_none(matrix)
    size = matrix.shape[0 if side == "left" else 1]
    vectors = read_reduced_vectors(found["vectors"], "evidence.vectors", size)
    if vectors:
        M = entries(matrix, step.problem, point, FormalRing())
        _require_annihilated(M.T if side == "left" else M, vectors, MAX_WORK)
    return step.upper(step.conclusion["matrix"], size - len(vectors), step.index), Rigor.EXACT


def _read_polynomial(value: Any, place: str) -> fmpz_poly:
    coefficients: dict[int, fmpz] = {}
    previous = -1
    for k, pair in enumerate(read_list(value, place)):
        exponent, coefficient = read_list(pair, f"{place}[{k}]", 2)
        previous = read_integer(exponent, f"{place}[{k}][0]", previous + 1, MAX_EXPONENT)
        q = read_rational(coefficient, f"{place}[{k}][1]")
        require(q.q == 1 and q != 0, f"{place}[{k}][1]", "a coefficient is an integer other than 0", "number")
        coefficients[previous] = q.p
    return fmpz_poly([coefficients.get(n, 0) for n in range(previous + 1)])


def rank_kernel_function_field(step: Step) -> Result:
    """``r(M) ≤`` columns minus the number of independent vectors over Z[u] that M annihilates as rational functions of u.

    Put ``u = e^{1/D}``: the identity holds for the real numbers, and no non-zero polynomial vanishes there (Lindemann), so the vectors stay independent.
    """
    found = step.expect(0, "vectors")
    matrix = step.matrix()
    point = step.at_point()
    size = matrix.shape[1]
    listed = [read_list(v, f"evidence.vectors[{k}]", size) for k, v in enumerate(read_list(found["vectors"], "evidence.vectors"))]
    limit(size * len(listed), MAX_ENTRIES, "the number of entries of the vectors")
    vectors = [[_read_polynomial(x, f"evidence.vectors[{k}][{n}]") for n, x in enumerate(v)] for k, v in enumerate(listed)]
    _last_nonzero(vectors, "evidence.vectors")
    D = _exponential_setting(step, point)
    M = entries(matrix, step.problem, point, function_field_ring(D, MAX_EXPONENT))
    one = fmpq_poly([1])
    ratios = [[Ratio(fmpq_poly(x), one) if x.degree() >= 0 else fmpq(0) for x in v] for v in vectors]
    _require_annihilated(M, ratios, MAX_WORK // 100)
    return step.upper(step.conclusion["matrix"], size - len(vectors), step.index), Rigor.EXACT


EVIDENCE_RULES: Mapping[str, Callable[[Step], Result]] = {
    "rank-minor": rank_minor,
    "rank-ball": rank_ball,
    "rank-gram": rank_gram,
    "rank-gram-balanced": rank_gram_balanced,
    "rank-gram-preconditioned": rank_gram_preconditioned,
    "rank-singular-value": rank_singular_value,
    "rank-kernel": rank_kernel,
    "rank-kernel-function-field": rank_kernel_function_field,
}
