r"""Sums of scaled Gram matrices of doubles, a panel of rows at a time, so that every pass finds its panel in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossproof.numerics.fields import Array

_ROWS = 512


@dataclass(frozen=True)
class GramPart:
    r"""One summand ``C_i C_i'ᵀ · (v_iᵀ v_i' + ones)``.

    ``columns`` has shape ``(T, m, k)``, or ``(T, m)`` if ``C_i`` is diagonal; ``values`` has shape ``(T, v)``; ``ones`` counts further values that are 1.
    """

    columns: Array
    values: Array
    ones: int = 0

    def inner(self, start: int, count: int) -> Array:
        """Return ``v_iᵀ v_i' + ones`` for so many samples ``i`` from a first one on, and all ``i'`` from that on."""
        values = self.values[start:]
        product = values[:count] @ values.T
        if self.ones:
            product += self.ones
        return product


def gram_of_parts(parts: Sequence[GramPart]) -> Array:
    r"""Return ``K`` of shape ``(T m, T m)`` with ``K[(i, j), (i', j')] = Σ_parts (C_i C_i'ᵀ)[j, j'] · (v_iᵀ v_i' + ones)``.

    Entry ``(i, j)`` stands at ``i m + j``. Of each panel of about 512 rows the part from the diagonal on is computed, by one product of BLAS a summand,
    and copied across it: ``K`` is exactly symmetric. The cost is ``T² m² Σ k`` operations for the parts that are not diagonal; beside ``K`` itself there
    is a buffer of the size of a panel where several are. At least one part is wanted.

    >>> gram_of_parts([GramPart(np.array([[[1.0], [2.0]]]), np.array([[3.0]])), GramPart(np.array([[1.0, 1.0]]), np.array([[1.0]]))]).tolist()
    [[10.0, 18.0], [18.0, 37.0]]
    """
    dense = [(part, part.columns.reshape(-1, part.columns.shape[2])) for part in parts if part.columns.ndim == 3]
    diagonal = [part for part in parts if part.columns.ndim == 2]
    T, m = parts[0].columns.shape[:2]
    step = min(max(1, _ROWS // m), T)
    K: Array = np.empty((T, m, T, m))
    buffer: Array = np.empty(step * m * T * m if len(dense) > 1 else 0)
    for start in range(0, T, step):
        stop = min(start + step, T)
        panel = K[start:stop, :, start:, :]
        _add_dense(panel, dense, start, buffer)
        for part in diagonal:
            _add_diagonal(panel, part, start)
        for left in range(stop, T, step):
            K[left : left + step, :, start:stop, :] = K[start:stop, :, left : left + step, :].transpose(2, 3, 0, 1)
    return K.reshape(T * m, T * m)


def _add_dense(panel: Array, parts: Sequence[tuple[GramPart, Array]], start: int, buffer: Array) -> None:
    """Write the sum of the parts that are not diagonal, each with its columns as rows of one matrix, to a panel of shape ``(t, m, t', m)``."""
    if not parts:
        panel[...] = 0
    t, m, width, _ = panel.shape
    for k, (part, matrix) in enumerate(parts):
        target = panel if k == 0 else buffer[: panel.size].reshape(panel.shape)
        rows = matrix[start * m :]
        np.matmul(rows[: t * m], rows.T, out=target.reshape(t * m, width * m))
        inner = part.inner(start, t)
        scales = inner if m == 1 else np.repeat(inner, m, axis=1)
        by_row = target.reshape(t, m, width * m)
        by_row *= scales[:, None, :]
        if k:
            panel += target


def _add_diagonal(panel: Array, part: GramPart, start: int) -> None:
    """Add a part with diagonal ``C_i``."""
    t, m = panel.shape[:2]
    columns = part.columns[start:].T
    units = panel[None, :, 0, :, 0] if m == 1 else np.einsum("ijkj->jik", panel)
    units += columns[:, :t, None] * columns[:, None, :] * part.inner(start, t)
