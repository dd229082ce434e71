"""What the rules read of evidence about matrices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from flint import fmpq, fmpz, nmod, nmod_mat

from lossproof.certificates.kernel.network.matrices import Matrix
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits


def indices(value: Any, place: str, size: int, least: int = 0) -> list[int]:
    """Return strictly increasing numbers from ``least`` on, ``size`` of which there are; raises `Rejected`."""
    found = [read.integer(k, f"{place}[{n}]", least, least + size - 1) for n, k in enumerate(read.items(value, place))]
    require(all(a < b for a, b in pairwise(found)), place, "indices must increase strictly")
    return found


def minor(found: Mapping[str, Any], matrix: Matrix) -> tuple[list[int], list[int]]:
    """Return the rows and columns that name a minor of a matrix, not empty; raises `Rejected`."""
    rows = indices(found["rows"], "evidence.rows", matrix.shape[0])
    columns = indices(found["columns"], "evidence.columns", matrix.shape[1])
    require(len(rows) == len(columns) > 0, "evidence.columns", "a minor has as many columns as rows, and one at least")
    limit(len(rows), limits.MAX_MINOR, "the size of a minor")
    return rows, columns


def prime(value: Any) -> int:
    """Return a prime of ``[2^20, 2^62)``; raises `Rejected`."""
    p = read.integer(value, "evidence.prime", 2**20, 2**62 - 1)
    require(bool(fmpz(p).is_prime()), "evidence.prime", f"{p} is not a prime")
    return p


def residue(x: fmpq, p: int) -> int:
    """Return a rational modulo a prime; raises `Rejected` if the prime divides the denominator."""
    require(int(x.q) % p != 0, "evidence.prime", "the prime divides a denominator")
    return int(x.p) * pow(int(x.q), -1, p) % p


def residues(rows: Sequence[Sequence[Any]], p: int, work: Work) -> nmod_mat:
    """Return a table of rationals and residues modulo a prime.

    Reduction is a ring homomorphism from the rationals whose denominators p does not divide: a minor that is not 0 modulo p is not 0.
    """
    width = len(rows[0])
    limit(len(rows) * width, limits.MAX_ENTRIES, "the number of entries of a table")
    work.spend(4 * len(rows) * width + limits.modular_work(len(rows), width), "elimination modulo a prime")
    return nmod_mat(len(rows), width, [x if isinstance(x, nmod) else nmod(residue(fmpq(x), p), p) for row in rows for x in row], p)


@contextmanager
def no_zero_denominator(place: str) -> Iterator[None]:
    """Turn a division by 0 modulo a prime into a rejection."""
    try:
        yield
    except ZeroDivisionError:
        raise Rejected(place, "evidence", "a denominator vanishes modulo the prime") from None


def total(numbers: Iterable[fmpq], work: Work) -> fmpq:
    """Return the sum of rational numbers, counted as it grows; raises `Rejected` if it grows out of hand."""
    found = fmpq(0)
    for x in numbers:
        found += x
        bits = max(found.p.bit_length(), found.q.bit_length())
        limit(bits, limits.MAX_BITS, "the length of a rational number in bits")
        work.spend(limits.rational_work(bits), "sums of rational numbers")
    return found


def last_nonzero(vectors: Sequence[Sequence[Any]], place: str) -> list[int]:
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


def reduced_vectors(value: Any, place: str, size: int) -> list[list[fmpq]]:
    """Return independent rational vectors in reduced form: last non-zero entries 1, at increasing indices, where all others are 0."""
    listed = [read.items(v, f"{place}[{k}]", size) for k, v in enumerate(read.items(value, place))]
    limit(size * len(listed), limits.MAX_ENTRIES, "the number of entries of the vectors")
    vectors = [[read.rational(x, f"{place}[{k}][{n}]") for n, x in enumerate(v)] for k, v in enumerate(listed)]
    for k, n in enumerate(last_nonzero(vectors, place)):
        require(vectors[k][n] == 1, f"{place}[{k}][{n}]", "the last non-zero entry must be 1")
    return vectors
