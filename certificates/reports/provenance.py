"""What a report was made with: versions, BLAS, seed and day."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

_LIBRARIES = ("python-flint", "numpy", "scipy")


@dataclass(frozen=True)
class Provenance:
    """What computed a report: nothing that it says rests on this, but who makes it again will want it.

    - ``version`` of lossproof, ``python``, and ``libraries``, pairs of name and version;
    - ``blas``: the libraries of BLAS in use, with version;
    - ``seed``, None where none was used; ``day``, in UTC, as ``2026-11-28``.
    """

    version: str
    python: str
    libraries: tuple[tuple[str, str], ...]
    blas: str
    seed: int | None
    day: str

    @classmethod
    def now(cls, seed: int | None = None) -> Provenance:
        """Return that of a report that is made now, in this process.

        >>> Provenance.now(seed=3).seed
        3
        """
        own, *libraries = _versions()
        return cls(own[1], platform.python_version(), tuple(libraries), blas_in_use(threads=False), seed, f"{datetime.now(UTC):%Y-%m-%d}")

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data: its fields, ``libraries`` with a version for each name."""
        return {**asdict(self), "libraries": dict(self.libraries)}

    def __str__(self) -> str:
        libraries = ", ".join(f"{name} {number}" for name, number in self.libraries)
        seed = "" if self.seed is None else f"; seed {self.seed}"
        return f"Made on {self.day} by lossproof {self.version}, Python {self.python}, {libraries}; BLAS: {self.blas}{seed}."


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Return name and version of lossproof and of the libraries, which do not change while a process runs."""
    return tuple((name, version(name)) for name in ("lossproof", *_LIBRARIES))


def blas_in_use(*, threads: bool) -> str:
    """Return the libraries of BLAS in this process, with version and, if asked for, threads, such as ``"openblas 0.3.30, threads: 2"``."""
    import scipy.linalg  # noqa: F401  (its library must be there to be found)

    found = [
        f"{one['internal_api']} {one['version']}" + (f", threads: {one['num_threads']}" if threads else "")
        for one in _blas_libraries(len(sys.modules)).info()
    ]
    return "; ".join(dict.fromkeys(found)) or "none found"


@lru_cache(maxsize=1)
def _blas_libraries(modules: int) -> Any:
    """Return the libraries of BLAS in this process, with so many modules: they come with modules, and to look for them takes some 15 ms."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
