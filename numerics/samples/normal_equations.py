"""Linear maps of the inputs, with a constant, whose residuals are orthogonal to all inputs, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat, nmod_mat

from lossproof.numerics.ranks.modular import random_prime
from lossproof.numerics.rationals import from_flint, to_flint

Table = tuple[tuple[Fraction, ...], ...]


def exact_map(X: Sequence[Sequence[Fraction]], R: Sequence[Sequence[Fraction]], seed: int, *, constant: bool = True) -> Table | None:
    r"""Return A with ``X̃ᵀ(X̃A − R) = 0``, ``x̃ = (x, 1)``, of shape ``(n_0 + 1, columns of R)``, its constants in the last row.

    Without ``constant`` x stands in the place of x̃. Where inputs are dependent, A makes no use of the later ones. A prime that hides an independent one, a
    chance of one in 10^8, gives None.

    >>> exact_map([[Fraction(0)], [Fraction(1)], [Fraction(2)]], [[Fraction(0)], [Fraction(3)], [Fraction(0)]], 0)
    ((Fraction(0, 1),), (Fraction(1, 1),))
    """
    inputs = [[*map(to_flint, x), *[fmpq(1)] * constant] for x in X]
    chosen = _independent(inputs, random_prime(seed))
    used, sought = fmpq_mat([[x[k] for k in chosen] for x in inputs]), fmpq_mat([list(map(to_flint, row)) for row in R])
    cross = used.transpose() * sought
    gram = used.transpose() * used
    try:
        solution = gram.solve(cross)
    except ZeroDivisionError:
        return None
    everything = fmpq_mat(inputs).transpose()
    if any((everything * sought - (everything * used) * solution).entries()):
        return None
    rows = dict(zip(chosen, solution.tolist(), strict=True))
    return tuple(tuple(from_flint(q) for q in rows.get(k, [fmpq(0)] * len(R[0]))) for k in range(len(inputs[0])))


def _independent(rows: list[list[fmpq]], prime: int) -> list[int]:
    """Return columns that are independent modulo a prime, as many as there are."""
    residues = [int(q.p) * pow(int(q.q), -1, prime) % prime if int(q.q) % prime else 0 for row in rows for q in row]
    reduced, rank = nmod_mat(len(rows), len(rows[0]), residues, prime).rref()
    table = reduced.tolist()
    return [next(k for k, q in enumerate(row) if int(q)) for row in table[:rank]]
