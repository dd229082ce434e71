"""Rows of ``P`` scaled by powers of two, so that units and inputs of very different sizes count alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import Enclosure

_MOST = 400
_LEAST_RADIUS = 2.0**-590


def balanced_rows(blocks: Sequence[GramBlock]) -> list[GramBlock]:
    r"""Return the blocks of ``R P``, ``R`` diagonal of powers of two: row ``(a, b)`` of block ``l`` is divided by about ``max_i |ψ_a(i)|·max_i |φ_b(i)|``.

    As ``rank RP ≤ rank P``, a proof of full column rank for ``RP`` is one for ``P``. Scaling is exact but for underflow, for which
    ``2^-590`` is added to every radius.

    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> block = balanced_rows([GramBlock(None, exact_floats([[3.0, 1e-30], [4.0, -2e-30]]))])[0]
    >>> np.abs(block.phi.mid).max(axis=0).round(2).tolist()
    [0.5, 0.63]
    """
    return [GramBlock(None if block.psi is None else _divided(block.psi), _divided(block.phi)) for block in blocks]


def _divided(part: Enclosure) -> Enclosure:
    """Divide along the last axis by powers of two that bring the largest midpoints into ``[1/2, 1)``."""
    exponents = np.clip(np.frexp(np.abs(part.mid).max(axis=tuple(range(part.mid.ndim - 1))))[1], -_MOST, _MOST)
    return Enclosure(np.ldexp(part.mid, -exponents), np.ldexp(part.rad, -exponents) + _LEAST_RADIUS)
