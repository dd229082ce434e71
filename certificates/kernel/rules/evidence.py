"""What the rules read of evidence about matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing
from lossproof.certificates.kernel.network.matrices import Matrix, entries
from lossproof.certificates.kernel.network.passes import not_zero
from lossproof.certificates.kernel.reading.limits import MAX_BALL_WORK, MAX_ENTRIES, limit
from lossproof.certificates.kernel.reading.parse import read_integer, read_list, read_rational, require
from lossproof.certificates.kernel.reading.problem import Point, Problem

MAX_MINOR = 5000


def read_indices(value: Any, place: str, size: int) -> list[int]:
    """Return strictly increasing indices below ``size``; raises `Rejected`."""
    found = [read_integer(k, f"{place}[{n}]", 0, size - 1) for n, k in enumerate(read_list(value, place))]
    require(all(a < b for a, b in pairwise(found)), place, "indices must increase strictly")
    return found


def read_minor(found: Mapping[str, Any], matrix: Matrix) -> tuple[list[int], list[int]]:
    """Return the rows and columns that name a minor of a matrix; raises `Rejected`."""
    rows = read_indices(found["rows"], "evidence.rows", matrix.shape[0])
    columns = read_indices(found["columns"], "evidence.columns", matrix.shape[1])
    require(len(rows) == len(columns), "evidence.columns", "a minor has as many columns as rows")
    limit(len(rows), MAX_MINOR, "the size of a minor")
    return rows, columns


def require_ball_minor(
    matrix: Matrix, problem: Problem, point: Point, ring: BallRing, rows: list[int], columns: list[int], bits: int
) -> None:
    """Demand that the ball of a minor does not contain 0; the precision in force must be ``bits``."""
    limit(len(rows) ** 3 * bits, MAX_BALL_WORK, "size³ · precision of a ball determinant")
    balls = entries(matrix, problem, point, ring, rows, columns, bits)
    det = arb_mat(len(rows), len(columns), [arb(x) for x in balls.flat]).det()
    require(not_zero(det), "evidence.rows", "the ball of the minor contains 0")


def _last_nonzero(vectors: Sequence[Sequence[Any]], place: str) -> list[int]:
    """Return the last non-zero index of each vector, checked to increase and to be 0 in all the others (so the vectors are independent)."""
    last = []
    for k, vector in enumerate(vectors):
        found = [n for n, x in enumerate(vector) if x != 0]
        require(bool(found), f"{place}[{k}]", "a vector is 0")
        last.append(found[-1])
    require(all(a < b for a, b in pairwise(last)), place, "the last non-zero indices must increase")
    for k, n in enumerate(last):
        require(all(vector[n] == 0 for m, vector in enumerate(vectors) if m != k), place, f"index {n} must be 0 in all vectors but one")
    return last


def read_reduced_vectors(value: Any, place: str, size: int) -> list[list[fmpq]]:
    """Return independent rational vectors in reduced form: last non-zero entries 1, at increasing indices, where all others are 0."""
    listed = [read_list(v, f"{place}[{k}]", size) for k, v in enumerate(read_list(value, place))]
    limit(size * len(listed), MAX_ENTRIES, "the number of entries of the vectors")
    vectors = [[read_rational(x, f"{place}[{k}][{n}]") for n, x in enumerate(v)] for k, v in enumerate(listed)]
    for k, n in enumerate(_last_nonzero(vectors, place)):
        require(vectors[k][n] == 1, f"{place}[{k}][{n}]", "the last non-zero entry must be 1")
    return vectors
