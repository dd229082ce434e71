"""What the workers of a Dask cluster do for a factorisation: they form a tile, subtract products of tiles from it, and finish it.

A tile is an array, or room for one in memory that all workers share (`shared_arrays`). None takes its place where a pivot was not positive and finite, and
passes through all that needs it. A task writes to nothing that it was given, so that it may be done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from math import prod
from typing import TypeAlias

import numpy as np

from lossproof.numerics.algebra.gram_sums import GramPart, gram_tile
from lossproof.numerics.algebra.numpy_engine import NUMPY
from lossproof.numerics.algebra.product_self_test import fault_of
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.shared_arrays import SharedArray, opened
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_cholesky import solve_tile, subtract_products
from lossproof.theory.exceptions import InputError

ADVICE = "take the engine numpy or disk"

Kept: TypeAlias = Floats | SharedArray
"""An array where it is kept."""


@dataclass(frozen=True)
class KeptPart:
    """What a `GramPart` is of some samples, its arrays where they are kept."""

    columns: Kept
    values: Kept
    ones: int

    def opened(self) -> GramPart:
        """Return the part itself."""
        return GramPart(opened(self.columns), opened(self.values), self.ones)


def described() -> str:
    """Return the versions that all workers must have."""
    return f"lossproof {version('lossproof')}, {NUMPY.described()}"


def check_worker(software: str) -> None:
    """Raise `InputError` on a worker that has other software, or whose products fail their test."""
    if software != described():
        raise InputError(f"every worker must have {software}, got one with {described()}: install the same versions")
    if _tested():
        raise InputError(f"a worker ({described()}) is refused, because {_tested()}: {ADVICE}")


@cache
def _tested() -> str:
    return fault_of(NUMPY)


def kept(parts: list[KeptPart]) -> list[KeptPart]:
    """Return the samples of a tile row, which stay with the worker."""
    return parts


def is_there(tile: Kept | None) -> bool:
    """Tell whether a tile was finished."""
    return tile is not None


def begin_tile(
    rows: list[KeptPart],
    others: list[KeptPart] | None,
    diagonal: Floats | None,
    left: Sequence[Kept | None],
    right: Sequence[Kept | None] | None,
    room: SharedArray | None,
    software: str,
) -> Kept | None:
    """Form a tile from the samples of its rows and of its columns, None for one on the diagonal, with that diagonal, and subtract products.

    Where the tile is finished in its ``room`` already, by a worker that has died since, that is returned.
    """
    check_worker(software)
    if room is not None and room.is_filled():
        return room
    with threads_for(prod(rows[0].columns.shape[:2]) ** 3), np.errstate(over="ignore", invalid="ignore"):
        tile = gram_tile([part.opened() for part in rows], None if others is None else [part.opened() for part in others])
    if diagonal is not None:
        np.fill_diagonal(tile, diagonal)
    return _less(tile, left, right)


def subtract(rest: Kept | None, left: Sequence[Kept | None], right: Sequence[Kept | None] | None) -> Kept | None:
    """Subtract ``L_IK L_JKᵀ`` for these ``L_IK`` and ``L_JK``, None for the same again; what is finished is returned as it is."""
    return _less(rest.copy(order="K"), left, right) if isinstance(rest, np.ndarray) else rest


def finish(rest: Kept | None, factor: Kept | None, room: SharedArray | None, *, on_diagonal: bool) -> Kept | None:
    """Finish a tile, and put it into its room if it has one."""
    if not isinstance(rest, np.ndarray):
        return rest
    if factor is None and not on_diagonal:
        return None
    with threads_for(len(rest) ** 3), np.errstate(over="ignore", invalid="ignore"):
        found = solve_tile(NUMPY, rest.copy(order="K"), None if factor is None else opened(factor))
    if found is None or room is None:
        return None if found is None else found[0]
    room.fill(found[0])
    return room


def _less(tile: Floats, left: Sequence[Kept | None], right: Sequence[Kept | None] | None) -> Floats | None:
    before = [opened(L) for L in left if L is not None]
    beside = before if right is None else [opened(L) for L in right if L is not None]
    if len(before) < len(left) or len(beside) < len(before):
        return None
    with threads_for(len(left) * len(tile) ** 3), np.errstate(over="ignore", invalid="ignore"):
        found: Floats = subtract_products(NUMPY, tile, before, beside)
    return found
