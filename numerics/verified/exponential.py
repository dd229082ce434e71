r"""Enclosures of ``e^{−y}`` for arrays of doubles, with IEEE additions and multiplications only: no library function has to be trusted.

With an integer ``n`` near ``y/ln 2``, ``e^{−y} = 2^{−n} e^r`` for ``r = n ln 2 − y``. ``ln 2 = H + L + 2^-96 θ``, ``|θ| ≤ 1``, where ``H`` has at
most 42 bits: for ``|n| < 2^11`` the product ``nH`` is exact, and ``r̃ = fl(fl(nH − y) + fl(nL))``. Let ``|r̃| ≤ 0.35``, which is tested. As ``|nL| <
2^-32``, the two sums round by at most ``0.36 u`` each, the product by ``2^-85``: ``|r̃ − r| ≤ 0.73 u``.

``e^{r̃}`` is taken as ``p_0`` of Horner's scheme ``p_13 = c_13``, ``p_j = c_j + r̃ p_{j+1}``, ``c_j = fl(1/j!)``. The rounding of step ``j`` reaches
``p_0`` with the factor ``|r̃|^j``; a step rounds by at most ``u (|p_j| + |r̃ p_{j+1}|)(1 + 2u)``, and ``c_j`` differs from ``1/j!`` by at most ``u/j!``,
for ``j ≤ 1`` by nothing. With ``|p_j| ≤ e^{0.35}/j! < 1.42/j!`` the sum is below ``(1.42 + 0.50) u + 0.35 (1.42 + 0.25) u + Σ_{j≥2} 0.35^j (2·1.42 +
1) u/j! < 2.8 u``; the rest of the series is below ``1.42·0.35^14/14! < 0.07 u``. As ``e^r > 0.7``, all errors together are below ``(0.73·1.01 +
2.87/0.7) u < 5 u`` relatively; ``8 u`` are counted. The factor ``2^{−n}`` is exact for ``y ≤ 700``, where the result is above ``2^-1011``; beyond,
``0 < e^{−y} < 2^-1009``.
"""

from __future__ import annotations

import math

import numpy as np

from lossproof.numerics.algebra.products import UNIT, Floats
from lossproof.numerics.verified.enclosures import Enclosure, raised

_LARGEST = 700.0
_HIGH = float.fromhex("0x1.62e42fefa38p-1")
_LOW = float.fromhex("0x1.ef35793c7673p-45")
_COEFFICIENTS = tuple(1 / math.factorial(j) for j in range(13, -1, -1))
_REACH = 0.35
_ERROR = 8 * UNIT
_BEYOND = 2.0**-1009


def enclose_exponential(y: Floats) -> Enclosure:
    r"""Return an enclosure of ``e^{−y}`` for every entry ``y ≥ 0``, within ``2^-50`` relatively (and ``2^-996``) for ``y ≤ 700``, see the head of this module.

    No midpoint exceeds 1: for ``n = 0`` the last step adds nothing positive to 1, else ``2^{−n} p_0 < 0.75``.
    Nothing is known (an infinite radius) where an entry is negative or NaN.

    >>> e = enclose_exponential(np.array([0.0, 1.0, 800.0]))
    >>> e.mid.tolist(), bool(e.rad[1] < 1e-15), bool(e.rad[2] < 1e-300)
    ([1.0, 0.36787944117144233, 0.0], True, True)
    """
    known, far = y >= 0, y > _LARGEST
    x = np.where(known & ~far, y, 0.0)
    n = np.rint(x * (1 / math.log(2)))
    r = (n * _HIGH - x) + n * _LOW
    p = np.full_like(r, _COEFFICIENTS[0])
    for c in _COEFFICIENTS[1:]:
        p *= r
        p += c
    mid = np.where(far, 0.0, np.ldexp(p, -n.astype(np.int32)))
    rad = np.where(far, _BEYOND, raised(_ERROR * mid, 1))
    return Enclosure(mid, np.where(known & (np.abs(r) <= _REACH), rad, np.inf))
