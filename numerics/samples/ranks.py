"""Exact linear algebra with the samples alone, as theorems about linear networks and about quadratic features ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from flint import fmpq_mat, nmod_mat

from lossproof.numerics.ranks.modular import random_prime
from lossproof.numerics.rationals import to_flint
from lossproof.theory.problem.problem import Problem

Rows = Sequence[Sequence[Fraction]]
_TRIES = 3
MOST_ENTRIES = 2**20
"""The largest table of samples that is looked at."""
_MOST_EXACT_ENTRIES = 5000


def prime_of_full_ranks(problem: Problem, seed: int) -> int | None:
    """Return a prime modulo which X and Y have full column rank (samples as rows), which they then have over Q; None if a few primes do not show it.

    With a trainable bias the mean of each column is taken away first.
    """
    centred = problem.architecture.bias == "trainable"
    for prime in _primes(problem, seed):
        tables = [_residues(rows, prime, centred=centred) for rows in (problem.samples.X, problem.samples.Y)]
        if all(table.rank() == table.ncols() for table in tables):
            return prime
    return None


def prime_of_distinct_eigenvalues(problem: Problem, seed: int) -> int | None:
    r"""Return a prime that shows what Kawaguchi asks of the samples, as rows, or None if a few primes do not.

    Modulo the prime ``A = XᵀX`` is invertible, ``B = XᵀY`` has full column rank, and the characteristic polynomial of ``BᵀA⁻¹B`` has no factor in common
    with its derivative. Each of these is the image of the same fact over Q. With a trainable bias the mean of each column is taken away first.
    """
    centred = problem.architecture.bias == "trainable"
    for prime in _primes(problem, seed):
        x, y = (_residues(rows, prime, centred=centred) for rows in (problem.samples.X, problem.samples.Y))
        gram, cross = x.transpose() * x, x.transpose() * y
        if gram.rank() < gram.ncols() or cross.rank() < cross.ncols():
            continue
        polynomial = (cross.transpose() * gram.solve(cross)).charpoly()
        if polynomial.gcd(polynomial.derivative()).degree() == 0:
            return prime
    return None


def prime_of_independent_products(problem: Problem, seed: int) -> int | None:
    """Return a prime modulo which ``1, x_j, x_j x_k`` (``j ≤ k``) are linearly independent on the samples; None if a few primes do not show it."""
    for prime in _primes(problem, seed):
        rows = [[1, *x, *(a * b for j, a in enumerate(x) for b in x[j:])] for x in _reduced(problem.samples.X, prime)]
        table = nmod_mat(len(rows), len(rows[0]), [x for row in rows for x in row], prime)
        if table.rank() == table.ncols():
            return prime
    return None


def dependent_table(problem: Problem) -> str | None:
    """Return the name of the table, X or Y, that lacks full column rank over Q; None if neither does, or they are too large to ask."""
    if _is_large(problem):
        return None
    tables = zip("XY", _exact_tables(problem), strict=True)
    return next((name for name, table in tables if table.rank() < table.ncols()), None)


def products_are_dependent(problem: Problem) -> bool:
    """Tell whether ``1, x_j, x_j x_k`` are proved to be linearly dependent on the samples."""
    n_0 = problem.architecture.widths[0]
    if problem.T * (1 + n_0 * (n_0 + 3) // 2) > _MOST_EXACT_ENTRIES:
        return False
    rows = [[Fraction(1), *x, *(a * b for j, a in enumerate(x) for b in x[j:])] for x in problem.samples.X]
    return int(_rational(rows).rank()) < len(rows[0])


def kawaguchi_failure(problem: Problem) -> str | None:
    """Return what Kawaguchi asks of the samples and fails over Q, as a clause; None if nothing does, or they are too many to ask."""
    if _is_large(problem):
        return None
    x, y = _exact_tables(problem)
    gram, cross = x.transpose() * x, x.transpose() * y
    if gram.rank() < gram.ncols():
        return f"X has rank {x.rank()} < n_0 = {x.ncols()}"
    if cross.rank() < cross.ncols():
        return f"X Yᵀ has rank {cross.rank()} < n_L = {cross.ncols()}"
    polynomial = (cross.transpose() * gram.solve(cross)).charpoly()
    return "Σ has a repeated eigenvalue" if polynomial.gcd(polynomial.derivative()).degree() > 0 else None


def _primes(problem: Problem, seed: int) -> Iterator[int]:
    """Yield a few primes that divide no denominator of the samples, nor T."""
    denominators = {x.denominator for rows in (problem.samples.X, problem.samples.Y) for row in rows for x in row} | {problem.T}
    for attempt in range(_TRIES):
        prime = random_prime(seed + attempt)
        if all(d % prime != 0 for d in denominators):
            yield prime


def _is_large(problem: Problem) -> bool:
    return problem.T * (problem.architecture.widths[0] + problem.architecture.n_L) > _MOST_EXACT_ENTRIES


def _exact_tables(problem: Problem) -> tuple[fmpq_mat, fmpq_mat]:
    """X and Y over Q, centred when the bias is trainable."""
    X, Y = problem.samples.X, problem.samples.Y
    return (_rational(_centred(X)), _rational(_centred(Y))) if problem.architecture.bias == "trainable" else (_rational(X), _rational(Y))


def _centred(rows: Rows) -> Rows:
    means = [sum(column, Fraction(0)) / len(rows) for column in zip(*rows, strict=True)]
    return [[x - mean for x, mean in zip(row, means, strict=True)] for row in rows]


def _rational(rows: Rows) -> fmpq_mat:
    return fmpq_mat(len(rows), len(rows[0]), [to_flint(x) for row in rows for x in row])


def _reduced(rows: Rows, prime: int) -> list[list[int]]:
    inverses = {d: pow(d, -1, prime) for d in {x.denominator for row in rows for x in row}}
    return [[x.numerator * inverses[x.denominator] % prime for x in row] for row in rows]


def _residues(rows: Rows, prime: int, *, centred: bool) -> nmod_mat:
    residues = _reduced(rows, prime)
    if centred:
        inverse = pow(len(rows), -1, prime)
        means = [sum(column) * inverse % prime for column in zip(*residues, strict=True)]
        residues = [[(x - mean) % prime for x, mean in zip(row, means, strict=True)] for row in residues]
    return nmod_mat(len(rows), len(rows[0]), [x for row in residues for x in row], prime)
