"""The work of a check, counted as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, TypeAlias

from lossproof.certificates.kernel.reading.parse import limit
from lossproof.theory.limits import MAX_STEP_WORK, MAX_WORK

Tiles: TypeAlias = MutableMapping[tuple[int, int], Any]


class Work:
    """The work of a certificate and of the step under check, in the unit of ``theory/limits.py``, and where the tiles of a large factor are kept."""

    def __init__(self, most: int = MAX_WORK, most_of_a_step: int = MAX_STEP_WORK, tiles: Callable[[], Tiles] = dict) -> None:
        self.most, self.most_of_a_step, self.tiles = most, most_of_a_step, tiles
        self.spent, self._before, self._end = 0, 0, min(most, most_of_a_step)

    def begin_step(self) -> None:
        """Begin to count a step."""
        self._before, self._end = self.spent, min(self.spent + self.most_of_a_step, self.most)

    def spend(self, amount: int, what: str) -> None:
        """Count some work, before it is done; raises `Rejected` with the code ``limit`` if there is too much of it."""
        self.spent += amount
        if self.spent > self._end:
            limit(self.spent - self._before, self.most_of_a_step, f"the work of the step, with {what},")
            limit(self.spent, self.most, "the work of the certificate")
