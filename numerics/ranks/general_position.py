"""Inputs in general position, drawn from a seed: the samples of a sweep."""

from __future__ import annotations

import random
from fractions import Fraction

from lossproof.theory.exceptions import InputError
from lossproof.theory.whole_numbers import whole

DENOMINATOR = 1024
_LARGEST = 4096
MOST_SAMPLES = 2000


def sweep_numerators(n_0: int, T: int, seed: int) -> list[list[int]]:
    """Return the inputs times 1024: ``T`` rows of ``n_0`` whole numbers in ``[-4096, 4096]``, the first rows of one sequence for each seed.

    No row is 0, and no two rows are equal or opposite. Raises `InputError` unless ``1 ≤ T ≤ 2000``.

    >>> sweep_numerators(2, 3, seed=0)[:2] == sweep_numerators(2, 2, seed=0)
    True
    """
    if whole("T", T, 1) > MOST_SAMPLES:
        raise InputError(f"a sweep takes at most {MOST_SAMPLES} samples, got {T}: ask for fewer")
    generator = random.Random(f"sweep-samples-{seed}-{n_0}")
    seen = {(0,) * n_0}
    rows: list[list[int]] = []
    while len(rows) < T:
        row = [generator.randint(-_LARGEST, _LARGEST) for _ in range(n_0)]
        if tuple(row) not in seen:
            seen |= {tuple(row), tuple(-x for x in row)}
            rows.append(row)
    return rows


def sweep_inputs(n_0: int, T: int, seed: int) -> tuple[tuple[Fraction, ...], ...]:
    """Return `sweep_numerators` divided by 1024: the inputs of the sweep, in ``[-4, 4]``."""
    return tuple(tuple(Fraction(x, DENOMINATOR) for x in row) for row in sweep_numerators(n_0, T, seed))
