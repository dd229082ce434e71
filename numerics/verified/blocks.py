r"""The row blocks ``Ψ_l ⊙ Φ_{l-1}`` of ``P`` by their enclosed factors, and the bounds of their columns with which every proof from ``K`` begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.verified.enclosures import Enclosure, norm_bounds, raised

LARGEST = 2.0**90
"""Factors with larger entries are refused."""


@dataclass(frozen=True)
class GramBlock:
    r"""One row block ``Ψ ⊙ Φ``: ``psi`` of shape ``(n_L, T, k)`` or None where every ``Ψ(i)`` is the identity, and ``phi`` of shape ``(T, m)``."""

    psi: Enclosure | None
    phi: Enclosure


def are_moderate(blocks: Sequence[GramBlock]) -> bool:
    """Tell whether no entry or radius is NaN, infinite or above ``2^90``, and no factor empty."""
    parts = [part for block in blocks for part in (block.psi, block.phi) if part is not None]
    return all(bool(part.mid.size and np.abs(part.mid).max() < LARGEST and part.rad.max() < LARGEST) for part in parts)


def column_bounds(blocks: Sequence[GramBlock], n_L: int) -> tuple[Floats, Floats]:
    r"""Return upper bounds ``p`` of the norms of the columns of each block's midpoints, and ``e`` of their distances from the true columns.

    Both have shape ``(L, n_L, T)``: ``p = ‖ψ̂‖‖φ̂‖`` and ``e = ‖r_ψ‖(‖φ̂‖ + ‖r_φ‖) + ‖ψ̂‖‖r_φ‖`` for column ``(i, j)``.

    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> p, e = column_bounds([GramBlock(None, exact_floats([[3.0, 4.0]]))], 1)
    >>> p.round(9).tolist(), e.round(9).tolist()
    ([[[5.0]]], [[[0.0]]])
    """
    norms, errors = [], []
    for block in blocks:
        phi, phi_error = norm_bounds(block.phi.mid), norm_bounds(block.phi.rad)
        if block.psi is None:
            psi, psi_error = np.ones((n_L, phi.size)), np.zeros((n_L, phi.size))
        else:
            psi, psi_error = norm_bounds(block.psi.mid), norm_bounds(block.psi.rad)
        norms.append(raised(psi * phi, 1))
        errors.append(raised(psi_error * (phi + phi_error) + psi * phi_error, 4))
    return np.array(norms), np.array(errors)
