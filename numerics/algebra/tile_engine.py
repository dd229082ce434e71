r"""What computes with the tiles of a large symmetric matrix: the few operations that Gram matrices and their factorisation are made of.

All of it is written once, in `gram_sums` and `tiled_cholesky`, on tiles that belong to an engine: arrays of numpy, or tensors of a device. A tile supports
``+=``, ``-=``, ``*=``, indexing by slices and ``reshape``, entry by entry by IEEE 754 doubles. What a proof asks of an engine:

- *Products.* ``|fl(A Bᵀ) − A Bᵀ| ≤ γ_k |A||B|ᵀ + 2kω`` for sums of k terms: sums of products of doubles, in any order, fused or not, flushed to 0 or not. Not
  so Strassen's algorithm, tensor cores with fewer bits, doubles that are emulated by slices; `product_self_test` looks for them.
- *Substitution and factors of a tile.* An engine that is ``stable`` obeys the bounds of `tiled_cholesky`, as LAPACK does. Of any other nothing is asked: what
  it leaves is measured, by a product.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
import scipy
from scipy.linalg import blas, lapack

from lossproof.numerics.algebra.products import Floats, put, times, times_transposed
from lossproof.numerics.algebra.threads import threads_for

Tile: TypeAlias = Any
"""A matrix of doubles of an engine."""


_STRIPS = 4


def strips(n: int) -> list[slice]:
    """Return strips of the rows or columns of a triangle: a product that leaves out what is 0 in all of a strip takes 5/8 of the operations.

    >>> strips(6)
    [slice(0, 1, None), slice(1, 3, None), slice(3, 4, None), slice(4, 6, None)]
    """
    return [slice(n * k // _STRIPS, n * (k + 1) // _STRIPS) for k in range(_STRIPS)]


class TileEngine(Protocol):
    """Operations on tiles. Shapes: ``A`` is ``(a, k)``, ``B`` is ``(b, k)``, ``out`` is ``(a, b)``."""

    name: str
    stable: bool

    def described(self) -> str:
        """Return library and device, in words."""
        ...

    def empty(self, rows: int, columns: int) -> Tile:
        """Return a tile whose entries mean nothing yet."""
        ...

    def array(self, values: Floats) -> Tile:
        """Return doubles of numpy as an array of the engine."""
        ...

    def host(self, tile: Tile) -> Floats:
        """Return a tile as doubles of numpy."""
        ...

    def product(self, A: Tile, B: Tile) -> Tile:
        """Return ``A Bᵀ``."""
        ...

    def multiply(self, A: Tile, B: Tile, out: Tile) -> None:
        """Write ``A Bᵀ`` to ``out``, which lies in one piece of memory."""
        ...

    def square(self, A: Tile, out: Tile) -> None:
        """Write the lower triangle of ``A Aᵀ`` to ``out``; what stands above the diagonal stays as it is, or becomes that of the product."""
        ...

    def substitute(self, factor: Tile, tile: Tile) -> None:
        """Replace a tile by ``X`` with ``X Lᵀ = tile``, L the lower triangle of ``factor``."""
        ...

    def factor(self, tile: Tile) -> bool:
        """Replace the lower triangle of a tile by ``L`` with ``tile = L Lᵀ``; tell whether it came to its end with finite positive pivots."""
        ...

    def lower(self, tile: Tile) -> Tile:
        """Return the lower triangle of a tile, with 0 above."""
        ...

    def repeated(self, A: Tile, times: int) -> Tile:
        """Return every column so many times, one beside the other."""
        ...

    def units(self, out: Tile) -> Tile:
        """Return the entries ``[i, j, k, j]`` of an array of shape ``(t, m, t', m)`` as a view ``[j, i, k]``."""
        ...


class NumpyEngine:
    """Arrays of numpy, with the BLAS and LAPACK of SciPy."""

    name, stable = "numpy", True

    def described(self) -> str:
        """Return the library and its version."""
        return f"SciPy {scipy.__version__} on the processor"

    def empty(self, rows: int, columns: int) -> Floats:
        """Return a tile whose entries mean nothing yet."""
        return np.empty((rows, columns))

    def array(self, values: Floats) -> Floats:
        """Return the array itself."""
        return values

    def host(self, tile: Floats) -> Floats:
        """Return the tile itself."""
        return tile

    def product(self, A: Floats, B: Floats) -> Floats:
        """Return ``A Bᵀ``."""
        return times(A, B.T)

    def multiply(self, A: Floats, B: Floats, out: Floats) -> None:
        """Write ``A Bᵀ`` to ``out``."""
        times_transposed(A, B, out)

    def square(self, A: Floats, out: Floats) -> None:
        """Write the lower triangle of ``A Aᵀ``, and nothing above it."""
        put(blas.dsyrk(1.0, A.T, trans=1, lower=0, c=out.T, overwrite_c=1).T, out)

    def substitute(self, factor: Floats, tile: Floats) -> None:
        """Replace ``tile`` by ``X`` with ``X Lᵀ = tile``."""
        put(blas.dtrsm(1.0, factor.T, tile.T, lower=0, trans_a=1, overwrite_b=1).T, tile)

    def factor(self, tile: Floats) -> bool:
        """Factor a tile by LAPACK; its upper triangle stays as it is."""
        with threads_for(len(tile) ** 3 / 3):
            factor, info = lapack.dpotrf(tile.T, lower=0, clean=0, overwrite_a=1)
        put(factor.T, tile)
        pivots = tile.diagonal()
        return bool(info == 0 and np.isfinite(pivots).all() and pivots.min() > 0)

    def lower(self, tile: Floats) -> Floats:
        """Return the lower triangle."""
        return np.tril(tile)

    def repeated(self, A: Floats, times: int) -> Floats:
        """Return every column so many times."""
        return np.repeat(A, times, axis=1)

    def units(self, out: Floats) -> Floats:
        """Return a view of the entries ``[i, j, k, j]``."""
        return out[None, :, 0, :, 0] if out.shape[1] == 1 else np.einsum("ijkj->jik", out)


NUMPY = NumpyEngine()
"""The engine of all computations that name none."""
