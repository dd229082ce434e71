"""Arrays of doubles in memory that the processes of one machine share, so that none of them is sent or copied to be read.

The memory belongs to the process that made it, and to no file: where that process ends, in whatever way, the system takes the memory back. Others of the same
user open it by its place below ``/proc``. An array is written once, as a whole, before anybody is told of it, and by one process only where several are about
to, so that what one reads never changes. It is written by calls that fail where memory is short; what is read is mapped, and no longer than it is used.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from importlib import import_module
from math import prod

import numpy as np

from lossproof.numerics.algebra.products import Floats

_PAGE = mmap.ALLOCATIONGRANULARITY
_FILLED = b"\1"


def can_share() -> bool:
    """Tell whether this system has memory of that kind: Linux does."""
    return hasattr(os, "memfd_create") and os.path.exists("/proc/self/fd")


@dataclass(frozen=True)
class SharedArray:
    """Room for an array in the memory of a process, or the array itself once it is filled; a byte behind it tells.

    Raises `OSError` where the process has ended, or memory is short.

    >>> if can_share():
    ...     memory = SharedMemory()
    ...     room = memory.room((2, 3))
    ...     before = room.is_filled()
    ...     room.fill(np.ones((2, 3)))
    ...     room.fill(np.zeros((2, 3)))
    ...     before, room.is_filled(), room.array().tolist()
    ...     memory.release()
    (False, True, [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    """

    path: str
    start: int
    shape: tuple[int, ...]

    @property
    def _end(self) -> int:
        return self.start + 8 * prod(self.shape)

    def is_filled(self) -> bool:
        """Tell whether the array is there."""
        with open(self.path, "rb", buffering=0) as memory:
            return os.pread(memory.fileno(), 1, self._end) == _FILLED

    def fill(self, values: Floats) -> None:
        """Write the array, unless it is there; who comes second waits for the first, and finds it there unless that one ended before it was whole."""
        fcntl = import_module("fcntl")
        with open(self.path, "r+b", buffering=0) as memory:
            fcntl.lockf(memory, fcntl.LOCK_EX, 1, self._end)
            if os.pread(memory.fileno(), 1, self._end) == _FILLED:
                return
            rest, at = np.ascontiguousarray(values, dtype=np.float64).data.cast("B"), self.start
            while rest:
                written = os.pwrite(memory.fileno(), rest, at)
                rest, at = rest[written:], at + written
            os.pwrite(memory.fileno(), _FILLED, self._end)

    def array(self) -> Floats:
        """Return the array, which must be filled, not to be written to; it is mapped as long as it is held."""
        with open(self.path, "rb", buffering=0) as memory:
            pages = mmap.mmap(
                memory.fileno(), self._end - self.start, mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ, offset=self.start
            )
        return np.frombuffer(pages, dtype=np.float64).reshape(self.shape)


class SharedMemory:
    """Memory of this process for arrays that others are to read or to fill; it grows as these are written."""

    def __init__(self) -> None:
        self._memory, self._end = os.memfd_create("lossproof"), 0

    def room(self, shape: tuple[int, ...]) -> SharedArray:
        """Return room for one more array."""
        found = SharedArray(f"/proc/{os.getpid()}/fd/{self._memory}", self._end, shape)
        self._end = -(-(self._end + 8 * prod(shape) + 1) // _PAGE) * _PAGE
        os.ftruncate(self._memory, self._end)
        return found

    def filled(self, values: Floats) -> SharedArray:
        """Return room with an array in it."""
        found = self.room(values.shape)
        found.fill(values)
        return found

    def release(self) -> None:
        """Give the memory back, as soon as nobody reads it any more."""
        os.close(self._memory)


def opened(values: Floats | SharedArray) -> Floats:
    """Return an array wherever it is, not to be written to."""
    return values.array() if isinstance(values, SharedArray) else values
