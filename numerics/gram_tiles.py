r"""``K = Σ_l (Ψ_lᵀ Ψ_l) ∘ (Φ_{l-1}ᵀ Φ_{l-1})`` tile by tile: products of tall factors, and never more of ``K`` than its triangle.

Columns are ordered by output, then sample: column ``p`` of ``n = T n_L`` belongs to output ``p // T`` and sample ``p mod T``. Every tile of a block is one
product of rows of ``Ψ``, times the values of ``ΦᵀΦ`` at the samples of its rows and columns, which repeat with period ``T``. Of every entry, each sum has its
products first and is then multiplied: ``fl(Σ_l fl(ψ_pᵀψ_q) · fl(φ_pᵀφ_q))``, the sum over the blocks in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lossproof.numerics.float_enclosures import Floats
from lossproof.numerics.tiled_matrix import TiledMatrix, tile_starts, tiled

_MOST_SHARE = 8


@dataclass(frozen=True, eq=False)
class GramFactors:
    r"""The factors of one row block ``Ψ ⊙ Φ`` in doubles.

    ``psi`` of shape ``(n_L·T, k)``, a row a column of the block, or None for ``Ψ(i) = diag(scales[:, i])``; ``scales`` of shape ``(n_L, T)`` counts only then.
    ``phi`` of shape ``(T, m)``.
    """

    psi: Floats | None
    scales: Floats
    phi: Floats


def gram_tiles(blocks: Sequence[GramFactors]) -> TiledMatrix:
    """Return ``K`` of the stacked blocks, at a cost of ``n² Σ_l (k_l + m_l / n_L²)`` operations.

    >>> ones = np.ones((1, 2))
    >>> K = gram_tiles([GramFactors(None, ones, np.array([[1.0], [2.0]])), GramFactors(np.array([[1.0], [3.0]]), ones, np.array([[1.0], [1.0]]))])
    >>> np.tril(K.tiles[0][0]).tolist()
    [[2.0, 0.0], [5.0, 13.0]]
    """
    n_L, T = blocks[0].scales.shape
    longest = max(np.diff(tile_starts(n_L * T)).tolist())
    parts = [_Part(block, n_L, T, longest) for block in sorted(blocks, key=lambda block: block.psi is None)]
    scratch = np.empty(longest**2)

    def fill(rows: slice, columns: slice, out: Floats) -> None:
        for number, part in enumerate(parts):
            part.add(rows, columns, out, scratch, first=number == 0)

    return tiled(n_L * T, fill)


class _Part:
    """One block, with ``ΦᵀΦ`` continued periodically by a tile where that is small beside the triangle."""

    def __init__(self, block: GramFactors, n_L: int, T: int, longest: int) -> None:
        self._block, self._T = block, T
        self._inner: Floats | None = None
        if _MOST_SHARE * (T + longest) ** 2 <= (n_L * T) ** 2 or n_L * T <= 2 * longest:
            self._inner = np.pad(block.phi @ block.phi.T, ((0, longest),) * 2, mode="wrap")

    def add(self, rows: slice, columns: slice, out: Floats, scratch: Floats, *, first: bool) -> None:
        """Add the block's part of a tile, or write it."""
        psi = self._block.psi
        if psi is None:
            if first:
                out.fill(0)
            for left, right, scales in self._same_output(rows, columns):
                out[left.start - rows.start : left.stop - rows.start, right.start - columns.start : right.stop - columns.start] += (
                    self._phi_gram(left, right) * scales
                )
            return
        target = out if first else scratch[: out.size].reshape(out.shape)
        np.matmul(psi[rows], psi[columns].T, out=target)
        np.multiply(target, self._phi_gram(rows, columns), out=target)
        if not first:
            np.add(out, target, out=out)

    def _phi_gram(self, rows: slice, columns: slice) -> Floats:
        T, phi = self._T, self._block.phi
        if self._inner is not None:
            i, k = rows.start % T, columns.start % T
            return self._inner[i : i + rows.stop - rows.start, k : k + columns.stop - columns.start]
        left, right = (phi[np.arange(part.start, part.stop) % T] for part in (rows, columns))
        return np.asarray(left @ right.T)

    def _same_output(self, rows: slice, columns: slice) -> Iterator[tuple[slice, slice, Floats]]:
        """Yield the parts of a tile whose rows and columns belong to one output, with the products of their scales."""
        T, scales = self._T, self._block.scales.ravel()
        for j in range(rows.start // T, (rows.stop - 1) // T + 1):
            left = slice(max(rows.start, j * T), min(rows.stop, (j + 1) * T))
            right = slice(max(columns.start, j * T), min(columns.stop, (j + 1) * T))
            if right.start < right.stop:
                yield left, right, scales[left, None] * scales[None, right]
