r"""Tiles as arrays of any library of the array API standard: torch, JAX, CuPy, on the processor or on a device.

Everything is written against the namespace that ``array-api-compat`` gives; what the standard lacks stands in one record a library, `ArrayLibrary`
(`array_libraries`). Arrays need not be writable: results are returned, and only ``-=`` and the like, which the standard lets a library do in place or not,
change what is given.

**Errors.** Products are those of the library, sums of products of doubles as `tile_engine` asks; the rest is done entry by entry, each operation a call of its
own, so that no compiler joins a product with the subtraction that follows it. The solves and factors of a device may multiply with inverses of blocks, to
which no bound known beforehand applies: the engine is not ``stable``, and what they leave is measured (`tiled_cholesky`). A library that computes in single
precision unless it is told otherwise is told so around every operation: none is done outside ``doubles()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.tile_engine import Tile, strips
from lossproof.theory.exceptions import LossproofError


@dataclass(frozen=True)
class ArrayLibrary:
    """A namespace of the array API standard, a device, and what the standard lacks.

    ``substitute(L, tile)`` gives ``X`` with ``X Lᵀ = tile``, and ``cholesky(tile)`` a factor, or None; of both, and of what they are given, lower triangles
    count. Neither changes its arguments. Within ``doubles()`` the library computes with doubles. ``free()`` is the free memory of a device in bytes, None where
    it is not known, or is that of the machine.
    """

    name: str
    described: str
    namespace: Any
    device: Any
    host: Callable[[Any], Floats]
    substitute: Callable[[Any, Any], Any]
    cholesky: Callable[[Any], Any | None]
    doubles: Callable[[], AbstractContextManager[object]] = nullcontext
    free: Callable[[], int | None] = lambda: None


class ArrayEngine:
    """The tiles of a library; every operation is that of `TileEngine`."""

    stable = False

    def __init__(self, library: ArrayLibrary) -> None:
        self._library, self._xp, self.name = library, library.namespace, library.name

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """Compute in doubles. Raises `LossproofError` where the library gives up, as for want of memory on the device."""
        try:
            with self._library.doubles():
                yield
        except RuntimeError as error:
            raise LossproofError(f"the engine {self.name} gave up: {error}") from None

    def described(self) -> str:
        """Return library, version, device and what was set, in words."""
        return self._library.described

    def free_bytes(self) -> int | None:
        """Return the free memory of the device."""
        return self._library.free()

    def array(self, values: Floats) -> Tile:
        """Return an array that shares no memory."""
        with self._computing():
            return self._xp.asarray(np.array(values, dtype=np.float64, order="C"), device=self._library.device)

    def host(self, tile: Tile) -> Floats:
        """Return a tile as doubles of numpy. Raises `TypeError` for one that holds no doubles."""
        with self._computing():
            found = self._library.host(tile)
        if found.dtype != np.float64:
            raise TypeError(f"tiles of the engine {self.name} must hold doubles, got {found.dtype}: take the engine numpy")
        return found

    def zeros(self, rows: int, columns: int) -> Tile:
        """Return a tile of zeros."""
        with self._computing():
            return self._xp.zeros((rows, columns), dtype=self._xp.float64, device=self._library.device)

    def copied(self, tile: Tile) -> Tile:
        """Return a copy."""
        with self._computing():
            return self._xp.asarray(tile, copy=True)

    def part(self, A: Tile, rows: slice, columns: slice = slice(None)) -> Tile:
        """Return some rows and columns."""
        with self._computing():
            return A[rows, columns]

    def product(self, A: Tile, B: Tile, ones: int = 0, out: Tile | None = None) -> Tile:
        """Return ``fl(fl(A Bᵀ) + ones)``, in memory of its own."""
        with self._computing():
            found = self._xp.matmul(A, B.T)
            return found + float(ones) if ones else found

    def plus(self, A: Tile, B: Tile) -> Tile:
        """Return ``A + B``."""
        with self._computing():
            A += B
            return A

    def minus_product(self, tile: Tile, A: Tile, B: Tile) -> Tile:
        """Return ``tile − fl(A Bᵀ)``: a call for the product, and one for the difference."""
        with self._computing():
            tile -= self._xp.matmul(A, B.T)
            return tile

    def minus_square(self, tile: Tile, A: Tile) -> Tile:
        """Return ``tile − fl(A Aᵀ)`` on and below the diagonal: by strips of rows, each as far as the diagonal goes."""
        n, xp = A.shape[0], self._xp
        with self._computing():
            rows = [xp.matmul(A[strip, :], A[: strip.stop, :].T) for strip in strips(n)]
            above = [xp.zeros((row.shape[0], n - row.shape[1]), dtype=xp.float64, device=self._library.device) for row in rows]
            tile -= xp.concat([xp.concat(pair, axis=1) for pair in zip(rows, above, strict=True)], axis=0)
            return tile

    def scaled(self, tile: Tile, factors: Tile, m: int) -> Tile:
        """Return the tile with its blocks multiplied."""
        t, width = factors.shape
        with self._computing():
            by_sample = self._xp.reshape(tile, (t, m, width * m))
            by_sample *= self._xp.repeat(factors, m, axis=1)[:, None, :]
            return self._xp.reshape(by_sample, (t * m, width * m))

    def plus_units(self, tile: Tile, left: Tile, right: Tile, factors: Tile) -> Tile:
        """Return the tile with numbers added to the units ``j = j'`` of its blocks, and 0 to the others."""
        (t, m), width, xp = left.shape, right.shape[0], self._xp
        with self._computing():
            units = xp.eye(m, dtype=xp.float64, device=self._library.device)[None, :, None, :]
            added = left[:, :, None] * right.T[None, :, :] * factors[:, None, :]
            tile += xp.reshape(added[:, :, :, None] * units, (t * m, width * m))
            return tile

    def with_diagonal(self, tile: Tile, values: Floats) -> Tile:
        """Return the tile with another diagonal."""
        with self._computing():
            places = self._xp.eye(len(values), dtype=self._xp.bool, device=self._library.device)
            return self._xp.where(places, self.array(values)[None, :], tile)

    def substitute(self, factor: Tile, tile: Tile) -> Tile:
        """Return ``X`` with ``X Lᵀ = tile``."""
        with self._computing():
            return self._library.substitute(factor, tile)

    def factor(self, tile: Tile) -> Tile | None:
        """Return the factor of a tile; None where a pivot is not positive and finite."""
        with self._computing():
            found = self._library.cholesky(tile)
            if found is None:
                return None
            pivots = self._xp.linalg.diagonal(found)
            return found if bool(self._xp.all((pivots > 0) & self._xp.isfinite(pivots))) else None

    def lower(self, tile: Tile, k: int = 0) -> Tile:
        """Return the entries on and below a diagonal."""
        with self._computing():
            return self._xp.tril(tile, k=k)

    def sum_of_squares(self, tile: Tile) -> float:
        """Return the sum of all squares, made by the library."""
        with self._computing():
            return float(self._xp.sum(tile * tile))
