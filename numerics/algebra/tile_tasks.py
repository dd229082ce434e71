"""The tasks of a tiled Cholesky factorisation that workers share, and how urgent each is.

A tile takes several tasks, each of a few products that are subtracted, and a last one that waits for the factor on the diagonal of its column. Short tasks let
many workers take part: a tile row of whole tiles is a chain as long as its square, of single products one as long as itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TERMS = 4
"""Most products of a task: a few tenths of a second for tiles of 1,024 rows."""


@dataclass(frozen=True)
class TileTask:
    """Subtract the products ``L_IK L_JKᵀ`` for all K of ``terms`` from tile ``(I, J)``, formed before if these are the first; or finish the tile, for None."""

    I: int
    J: int
    terms: range | None

    @property
    def cost(self) -> float:
        """Operations, in products of two tiles: half a one for that of a tile with itself, for a tile that is formed, and for one that is finished."""
        if self.terms is None:
            return 0.5
        return len(self.terms) * (0.5 if self.I == self.J else 1.0) + (0.5 if self.terms.start == 0 else 0.0)


def tile_tasks(count: int) -> Iterator[TileTask]:
    """Yield the tasks of a matrix of so many tile rows, each after those that it needs.

    >>> [(task.I, task.J, task.terms) for task in tile_tasks(2)]
    [(0, 0, range(0, 0)), (0, 0, None), (1, 0, range(0, 0)), (1, 0, None), (1, 1, range(0, 1)), (1, 1, None)]
    """
    for I in range(count):
        for J in range(I + 1):
            for first in range(0, max(J, 1), TERMS):
                yield TileTask(I, J, range(first, min(J, first + TERMS)))
            yield TileTask(I, J, None)


def urgencies(tasks: Sequence[TileTask]) -> list[float]:
    """Return for each task the cost of the longest chain of tasks that begins with it: the longest path to the end of the factorisation.

    The tasks are in an order in which each comes after those that it needs, and those of a tile are together.

    >>> urgencies(list(tile_tasks(2)))
    [3.0, 2.5, 2.5, 2.0, 1.5, 0.5]
    """
    after, chain, found = dict[tuple[int, int], float](), 0.0, list[float]()
    for task in reversed(tasks):
        if task.terms is None:
            chain, needed = after.get((task.I, task.J), 0.0), [(task.J, task.J)] if task.I != task.J else []
        else:
            needed = [(row, K) for K in task.terms for row in (task.I, task.J)]
        chain += task.cost
        for tile in needed:
            after[tile] = max(after.get(tile, 0.0), chain)
        found.append(chain)
    return found[::-1]
