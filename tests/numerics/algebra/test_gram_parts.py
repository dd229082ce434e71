"""Sums of scaled Gram matrices against the sums written out, also where panels end within the samples."""

from __future__ import annotations

import numpy as np
import pytest

from lossproof.numerics.algebra import gram_sums as gram_parts
from lossproof.numerics.algebra.gram_sums import GramPart, gram_of_parts


def written_out(parts):
    """Return the matrix as an einsum over all samples."""
    total = 0
    for part in parts:
        C = part.columns if part.columns.ndim == 3 else part.columns[:, :, None] * np.eye(part.columns.shape[1])
        total = total + np.einsum("ijk,IJk,iI->ijIJ", C, C, part.values @ part.values.T + part.ones, optimize=True)
    T, m = total.shape[:2]
    return total.reshape(T * m, T * m)


@pytest.mark.parametrize("kinds", ["d", "c", "dc", "ccd", "cdc", "cc"])
@pytest.mark.parametrize(("T", "m"), [(1, 1), (7, 3), (300, 2), (520, 1), (3, 600)])
def test_panels_add_up_to_the_sum(kinds, T, m):
    g = np.random.default_rng(T)
    parts = [
        GramPart(g.standard_normal((T, m, 5 + k) if kind == "c" else (T, m)), g.standard_normal((T, 2 + k)), k % 2)
        for k, kind in enumerate(kinds)
    ]
    K = gram_of_parts(parts)
    assert (K == K.T).all()
    assert np.allclose(K, written_out(parts), rtol=1e-12, atol=1e-11)


def test_any_order_of_memory_and_no_values():
    g = np.random.default_rng(0)
    columns, values = g.standard_normal((6, 4, 9)).transpose(2, 1, 0), g.standard_normal((3, 9)).T
    parts = [GramPart(columns, values), GramPart(columns[:, :, 0], np.empty((9, 0)))]
    assert np.allclose(gram_of_parts(parts), written_out(parts[:1]), rtol=1e-12, atol=1e-12)


def test_the_height_of_a_panel_changes_nothing_but_rounding(monkeypatch):
    g = np.random.default_rng(1)
    parts = [GramPart(g.standard_normal((11, 3, 4)), g.standard_normal((11, 2))), GramPart(g.standard_normal((11, 3)), np.ones((11, 1)))]
    whole = gram_of_parts(parts)
    for height in (1, 3, 7, 12):
        monkeypatch.setattr(gram_parts, "_ROWS", height)
        assert np.allclose(gram_of_parts(parts), whole, rtol=1e-13, atol=1e-13)
