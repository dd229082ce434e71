"""Lower bounds of ranks from a prime field: a minor that is not 0 modulo a prime."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpz, nmod_mat

from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.theory.limits import minor_limit
from lossproof.theory.verdicts import Rigor

LEAST_PRIME = 2**20
PRIME_BOUND = 2**62


def random_prime(seed: int, lower: int = 2**30, upper: int = 2**31) -> int:
    """Return a prime in ``[lower, upper)``, the same for the same seed.

    The default range keeps residues and their products within int64. Raises `ValueError` unless ``2^20 ≤ lower < upper ≤ 2^62``
    (what the rule `rank-minor` takes) and ``2·lower ≤ upper`` (so that a prime exists, by Bertrand's postulate).

    >>> p = random_prime(0)
    >>> p == random_prime(0), 2**30 <= p < 2**31
    (True, True)
    """
    if not (lower >= LEAST_PRIME and 2 * lower <= upper <= PRIME_BOUND):
        raise ValueError(f"a range for primes must have 2^20 ≤ lower, 2·lower ≤ upper ≤ 2^62, got [{lower}, {upper}): widen it")
    generator = random.Random(seed)
    while True:
        candidate = generator.randrange(lower, upper)
        if fmpz(candidate).is_prime():
            return candidate


def modular_rank(residues: Any, prime: int, u: int | None = None) -> RankEvidence | None:
    r"""Return the rank of a matrix over ``F_p`` as a proved lower bound, with a minor that is not 0; None where the matrix is 0.

    ``residues`` is an ``(m, n)`` array (or list of rows) of whole numbers, taken modulo ``prime``. Let it be the image of a matrix
    ``M`` under a homomorphism into ``F_p`` that is defined on all entries (reduction of rationals whose denominators ``p`` does not
    divide; with ``u``, the specialisation of a transcendental to the residue ``u``). Minors map to minors, so ``rank M ≥ rank_{F_p}``,
    and the value is exactly the latter, up to the largest minor that a certificate may ask for (`minor_limit`). With ``r`` the rank, any ``r``
    independent rows and any ``r`` independent columns meet in an invertible submatrix; both come from reduced echelon forms.

    The result is of rule `rank-minor`. Raises `ValueError` if ``prime`` is no prime in ``[2^20, 2^62)`` or ``u`` does not lie in ``(0, prime)``.

    >>> bound = modular_rank([[1, 2, 3], [2, 4, 6], [0, 0, 1]], 1048583)
    >>> bound.value, bound.payload["rows"], bound.payload["columns"]
    (2, [0, 2], [0, 2])
    """
    if not (LEAST_PRIME <= prime < PRIME_BOUND and fmpz(prime).is_prime()):
        raise ValueError(f"the modulus must be a prime in [2^20, 2^62), got {prime}: take one from random_prime")
    if u is not None and not 0 < u < prime:
        raise ValueError(f"u must lie strictly between 0 and the prime {prime}, got {u}: reduce it")
    return minor_evidence(_integers(residues), prime, None if u is None else {"u": int(u)})


def minor_evidence(matrix: npt.NDArray[Any], prime: int, substitution: dict[str, Any] | None = None) -> RankEvidence | None:
    """Return a largest minor that is not 0 modulo ``prime`` as evidence of rule `rank-minor`; None where the matrix is 0."""
    rows, columns = largest_minor(matrix, prime)
    payload = {"rows": rows, "columns": columns, "prime": int(prime), "substitution": substitution}
    return RankEvidence(len(rows), True, "rank-minor", Rigor.EXACT, payload) if rows else None


def largest_minor(matrix: npt.NDArray[Any], prime: int) -> tuple[list[int], list[int]]:
    """Return the rows and columns of a largest submatrix that is invertible modulo ``prime``, both increasing; no more than a certificate may ask for.

    A tall matrix is read in chunks of rows (a wide one in chunks of columns), and reading stops as soon as the rank is full.
    """
    m, n = matrix.shape
    if m < n:
        columns, rows_found = largest_minor(matrix.T, prime)
        return rows_found, columns
    most = minor_limit()
    rows: list[int] = []
    chunk = max(n, 64)
    for start in range(0, m if n else 0, chunk):
        candidates = [*rows, *range(start, min(start + chunk, m))]
        rows = [candidates[k] for k in pivot_columns(residue_matrix(matrix[candidates].T, prime))]
        if len(rows) == n <= most:
            return rows, list(range(n))
        if len(rows) >= most:
            break
    rows = rows[:most]
    return rows, pivot_columns(residue_matrix(matrix[rows], prime)) if rows else []


def pivot_columns(matrix: nmod_mat) -> list[int]:
    """Return the leftmost independent columns, which are the pivots of the reduced row echelon form."""
    echelon, rank = matrix.rref()
    pivots: list[int] = []
    column = 0
    for row in range(rank):
        while not echelon[row, column]:
            column += 1
        pivots.append(column)
        column += 1
    return pivots


def residue_matrix(matrix: npt.NDArray[Any], prime: int) -> nmod_mat:
    """Return whole numbers modulo a prime as FLINT's matrix."""
    if matrix.dtype == object:
        entries = [int(entry) % prime for entry in matrix.ravel()]
    else:
        entries = (matrix % prime).ravel().tolist()
    return nmod_mat(matrix.shape[0], matrix.shape[1], entries, prime)


def _integers(residues: Any) -> npt.NDArray[Any]:
    array = np.asarray(residues)
    if array.ndim != 2:
        raise ValueError(f"the matrix must have two axes, got {array.ndim}: give a list of rows")
    if array.dtype == object or np.issubdtype(array.dtype, np.signedinteger):
        return array
    raise ValueError(f"residues must be signed whole numbers, got {array.dtype}: convert them first")
