r"""What computes with the tiles of a large symmetric matrix: the few operations that Gram matrices and their factorisation are made of.

All of it is written once, in `gram_sums` and `tiled_cholesky`, on tiles that belong to an engine: arrays of numpy (`numpy_engine`), or of another library, on
the processor or on a device (`array_engine`). Only the engine computes with its tiles. What a proof asks of it:

- *Products.* ``|fl(A Bᵀ) − A Bᵀ| ≤ γ_k |A||B|ᵀ + 2kω`` for sums of k terms: sums of products of doubles, in any order, fused or not, flushed to 0 or not. Not
  so Strassen's algorithm, tensor cores with fewer bits, doubles that are emulated by slices; `product_self_test` looks for them.
- *Entry by entry*, sums, differences and products of IEEE 754 doubles, each rounded by itself.
- *Substitution and factors of a tile.* An engine that is ``stable`` obeys the bounds of `tiled_cholesky`, as LAPACK does. Of any other nothing is asked: what
  it leaves is measured, by a product.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from lossproof.numerics.algebra.products import Floats

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
    """Operations on tiles. Shapes: ``A`` is ``(a, k)``, ``B`` is ``(b, k)``.

    Every operation returns its result. ``plus``, ``minus_product``, ``minus_square``, ``scaled`` and ``plus_units`` may overwrite the tile they are given
    first; ``substitute`` and ``factor`` may only where the engine is stable.
    """

    name: str
    stable: bool

    def described(self) -> str:
        """Return library and device, in words."""
        ...

    def free_bytes(self) -> int | None:
        """Return the free memory of a device; None where it is not known, or tiles lie in that of the machine."""
        ...

    def array(self, values: Floats) -> Tile:
        """Return doubles of numpy as an array of the engine."""
        ...

    def host(self, tile: Tile) -> Floats:
        """Return a tile as doubles of numpy, not to be written to."""
        ...

    def copied(self, tile: Tile) -> Tile:
        """Return a copy that shares nothing."""
        ...

    def zeros(self, rows: int, columns: int) -> Tile:
        """Return a tile of zeros."""
        ...

    def part(self, A: Tile, rows: slice, columns: slice = slice(None)) -> Tile:
        """Return some rows and columns, which may share memory."""
        ...

    def product(self, A: Tile, B: Tile, ones: int = 0, out: Tile | None = None) -> Tile:
        """Return ``fl(fl(A Bᵀ) + ones)``. It may lie in ``out``, of its shape, what is there being lost."""
        ...

    def plus(self, A: Tile, B: Tile) -> Tile:
        """Return ``A + B``."""
        ...

    def minus_product(self, tile: Tile, A: Tile, B: Tile) -> Tile:
        """Return ``fl(tile − fl(A Bᵀ))``, the product formed apart."""
        ...

    def minus_square(self, tile: Tile, A: Tile) -> Tile:
        """Return ``fl(tile − fl(A Aᵀ))`` on and below the diagonal; what stands above has no meaning."""
        ...

    def scaled(self, tile: Tile, factors: Tile, m: int) -> Tile:
        """Return a tile of shape ``(t m, t' m)`` with each of its blocks of m rows and columns multiplied by an entry of ``factors``, ``(t, t')``."""
        ...

    def plus_units(self, tile: Tile, left: Tile, right: Tile, factors: Tile) -> Tile:
        """Add ``fl(fl(left_ij right_kj) factors_ik)`` to the entries ``(i m + j, k m + j)`` of a tile; ``left`` is ``(t, m)``, ``right`` ``(t', m)``."""
        ...

    def with_diagonal(self, tile: Tile, values: Floats) -> Tile:
        """Return a square tile with another diagonal."""
        ...

    def substitute(self, factor: Tile, tile: Tile) -> Tile:
        """Return ``X`` with ``X Lᵀ = tile``, L the lower triangle of ``factor``."""
        ...

    def factor(self, tile: Tile) -> Tile | None:
        """Return ``L`` with ``tile = L Lᵀ``, of which the lower triangle counts; None where it did not come to its end with finite positive pivots."""
        ...

    def lower(self, tile: Tile, k: int = 0) -> Tile:
        """Return the entries on and below the k-th diagonal, counted upwards, with 0 above."""
        ...

    def sum_of_squares(self, tile: Tile) -> float:
        """Return the sum of all squares, in any order."""
        ...
