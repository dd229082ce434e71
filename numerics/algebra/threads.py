"""How many threads the linear algebra of a block of code may use: one, or for large work all that the environment allows.

The threads of a product, a factorisation or an eigenvalue problem wait for each other many times. On a machine with other work to do one of them is always
off its processor, and every wait lasts time slices of the scheduler, milliseconds each, whatever the size of the matrices: beside one busy process on 2
cores the eigenvalues of a 300 × 300 matrix take 9 ms on one thread and 150 ms on two. Small work is therefore done on one thread, which never waits, and
gives the same digits on every number of cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from threading import RLock

import scipy.linalg  # noqa: F401  (its library, and numpy's, must be there to be found)
from threadpoolctl import ThreadpoolController

LARGE = 2**29
"""Operations from which all threads are used: a product of matrices of so many takes a core about ten milliseconds."""


class BlasThreads:
    """The BLAS libraries of this process, numpy's and SciPy's among them, and whether they may use all threads that the environment allows or one.

    The setting belongs to the whole process. Where several threads of Python are in such blocks, the first one decides until it has left them all.
    """

    def __init__(self) -> None:
        self._libraries = ThreadpoolController().select(user_api="blas")
        self._held = RLock()
        self._all = True
        self._allowed: list[int] = []

    @contextmanager
    def use(self, *, all_threads: bool) -> Iterator[None]:
        """Let the libraries use all threads within the block, or one; what was set before comes back."""
        if not self._held.acquire(blocking=False):
            yield
            return
        before = self._all
        try:
            self._all = all_threads
            if all_threads == before:
                yield
            else:
                here = [library.get_num_threads() for library in self._libraries.lib_controllers]
                if before:
                    self._allowed = here
                try:
                    self._set(self._allowed if all_threads else [1] * len(here))
                    yield
                finally:
                    self._set(here)
        finally:
            self._all = before
            self._held.release()

    def _set(self, numbers: list[int]) -> None:
        """Set the number of threads of each library."""
        for library, number in zip(self._libraries.lib_controllers, numbers, strict=True):
            library.set_num_threads(number)


@cache
def blas_threads() -> BlasThreads:
    """Return the libraries of this process, looked for once."""
    return BlasThreads()


def threads_for(operations: float) -> AbstractContextManager[None]:
    """Let linear algebra within the block use all threads that the environment allows for at least `LARGE` operations, and one for fewer.

    Blocks may be nested: the inner one decides, and then the outer one again. To enter and leave takes 2 µs where nothing changes, and little more where the
    number of threads does. Libraries that threadpoolctl does not know keep their own number.

    >>> from threadpoolctl import threadpool_info
    >>> with threads_for(1000**2):
    ...     {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} <= {1}
    True
    """
    return blas_threads().use(all_threads=operations >= LARGE)


def one_thread() -> AbstractContextManager[None]:
    """Let linear algebra within the block use one thread, except in inner blocks of large work: so every job begins."""
    return threads_for(0)
