"""Tiles as arrays of numpy, with the BLAS and LAPACK of SciPy."""

from __future__ import annotations

import numpy as np
import scipy
from scipy.linalg import blas, lapack

from lossproof.numerics.algebra.products import Floats, put, times_transposed
from lossproof.numerics.algebra.threads import threads_for


class NumpyEngine:
    """Arrays of numpy, with the BLAS and LAPACK of SciPy; every operation is that of `TileEngine`."""

    name, stable = "numpy", True

    def described(self) -> str:
        """Return the library and its version."""
        return f"SciPy {scipy.__version__} on the processor"

    def free_bytes(self) -> None:
        """Return None: tiles lie in the memory of the machine."""

    def array(self, values: Floats) -> Floats:
        """Return the array itself."""
        return values

    def host(self, tile: Floats) -> Floats:
        """Return the tile itself."""
        return tile

    def copied(self, tile: Floats) -> Floats:
        """Return a copy."""
        return tile.copy()

    def zeros(self, rows: int, columns: int) -> Floats:
        """Return a tile of zeros."""
        return np.zeros((rows, columns))

    def part(self, A: Floats, rows: slice, columns: slice = slice(None)) -> Floats:
        """Return a view."""
        return A[rows, columns]

    def product(self, A: Floats, B: Floats, ones: int = 0, out: Floats | None = None) -> Floats:
        """Return ``fl(fl(A Bᵀ) + ones)``, in ``out`` where it is given."""
        found = np.empty((len(A), len(B))) if out is None else out
        times_transposed(A, B, found)
        if ones:
            found += ones
        return found

    def plus(self, A: Floats, B: Floats) -> Floats:
        """Add to the tile."""
        A += B
        return A

    def minus_product(self, tile: Floats, A: Floats, B: Floats) -> Floats:
        """Subtract from the tile."""
        tile -= self.product(A, B)
        return tile

    def minus_square(self, tile: Floats, A: Floats) -> Floats:
        """Subtract from the tile; BLAS forms one triangle."""
        tile -= blas.dsyrk(1.0, A.T, trans=1, lower=0).T
        return tile

    def scaled(self, tile: Floats, factors: Floats, m: int) -> Floats:
        """Multiply blocks of the tile."""
        t, width = factors.shape
        by_sample = tile.reshape(t, m, width * m)
        by_sample *= (factors if m == 1 else np.repeat(factors, m, axis=1))[:, None, :]
        return tile

    def plus_units(self, tile: Floats, left: Floats, right: Floats, factors: Floats) -> Floats:
        """Add to entries of the tile."""
        (t, m), width = left.shape, len(right)
        blocks = tile.reshape(t, m, width, m)
        units = blocks[None, :, 0, :, 0] if m == 1 else np.einsum("ijkj->jik", blocks)
        units += left.T[:, :, None] * right.T[:, None, :] * factors
        return tile

    def with_diagonal(self, tile: Floats, values: Floats) -> Floats:
        """Replace the diagonal of the tile."""
        np.fill_diagonal(tile, values)
        return tile

    def substitute(self, factor: Floats, tile: Floats) -> Floats:
        """Replace the tile by ``X`` with ``X Lᵀ = tile``."""
        put(blas.dtrsm(1.0, factor.T, tile.T, lower=0, trans_a=1, overwrite_b=1).T, tile)
        return tile

    def factor(self, tile: Floats) -> Floats | None:
        """Factor the tile by LAPACK; its upper triangle stays as it is."""
        with threads_for(len(tile) ** 3 / 3):
            factor, info = lapack.dpotrf(tile.T, lower=0, clean=0, overwrite_a=1)
        put(factor.T, tile)
        pivots = tile.diagonal()
        return tile if info == 0 and np.isfinite(pivots).all() and pivots.min() > 0 else None

    def lower(self, tile: Floats, k: int = 0) -> Floats:
        """Return the entries on and below a diagonal."""
        return np.tril(tile, k)

    def sum_of_squares(self, tile: Floats) -> float:
        """Return the sum of all squares."""
        return float(np.square(tile).sum())


NUMPY = NumpyEngine()
"""The engine of all computations that name none."""
