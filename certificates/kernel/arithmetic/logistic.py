r"""σ, σ' and σ'' of sigmoid and tanh over arrays of intervals of doubles, with relative accuracy where they are saturated.

u, and what the factor ENLARGE and the summand TINY cover, are those of `doubles`.

*Exponentials.* For ``y ≥ 0`` let ``k = ⌊16 y⌋`` and ``t = y − k/16``, which is exact, in ``[0, 1/16)``. ``e^{−k/16} = e^{−4i} e^{−j/16}`` with ``k = 64 i +
j`` is a product of balls of Arb, and ``e^{−t} = Σ_{j<10} (−t)^j/j! + R`` with ``|R| < 2^{-61}``; Horner's scheme takes ``p_j = c_j − t p_{j+1}``, ``|p_j| ≤
c_j``, and its step j rounds by ``2.2 u c_j`` at most, which reaches ``p_0`` with the factor ``t^j``: less than 3u in all, 4u with R, and 5u of ``p_0 >
0.93``. The midpoints of both balls are wrong by 2u of them, and both products round: that is less than 12u of the result. Beyond ``y = 512`` both
``e^{−y}`` and ``e^{−512}`` are below ``2^{-700}``: TINY covers that, and underflow.

*σ over an interval* comes from its ends. With ``e = e^{−k|z|}``, ``q = 1/(1 + e)`` and s the logistic function, ``σ = low + k s(kz)``, ``σ' = k² e q²`` and
``σ'' = −sign(z) k³ e q² (1 − e) q``, where k is 1 or 2. If e is wrong by 12u of it, q is by ``12u e/(1 + e) ≤ 6u`` and two roundings, 8u; eq by 21u, ``σ'``
by 30u, and ``σ''`` by 42u of ``k³ e q³ ≤ k σ'``, as ``1 − e`` is by ``12u e`` and a rounding. 60u are taken, of k times the largest ``σ'`` for ``σ''``,
which covers midpoints, too, and 30u of ``ks + |low|`` for σ, as it rounds once more; and ``16 TINY`` for what TINY covers in e. σ rises; ``σ'`` is even and
falls with ``|z|`` from ``k²/4``; ``σ''`` is odd, falls between ``∓ln(2 + √3)/k`` from ``k³/(6√3)``, and rises elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, TINY, UNIT, Enclosed, of_balls
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.limits import value_work

_FAR = 512
_TURN, _BEND = (1.3169578969, 1.316957897), 0.0962250449  # ln(2 + √3) = 1.31695789692…, 1/(6√3) = 0.09622504486…


class Logistic:
    """``σ = low + k s(kz)``; the precision of doubles must be in force."""

    def __init__(self, work: Work, low: int, k: int) -> None:
        work.spend(2 * (_FAR // 4 + 1) * value_work(64), "exponentials")
        powers = np.array([[arb(step * i).exp() for i in range(_FAR // 4 + 1)] for step in (-4, -0.0625)], dtype=object)
        self.low, self.k, self._powers = low, k, of_balls(powers, powers.shape).mid

    def exponential(self, y: Array) -> Enclosed:
        """Enclose ``e^{−y}`` for doubles ``y ≥ 0``."""
        y = np.minimum(y, _FAR)
        k = np.floor(16 * y)
        t, p, i = y - k / 16, np.full_like(y, 1 / math.factorial(9)), k.astype(int)
        for j in range(8, -1, -1):
            p *= -t
            p += 1 / math.factorial(j)
        p *= self._powers[0].take(i // 64)
        p *= self._powers[1].take(i % 64)
        return Enclosed(p, 12 * UNIT * p + TINY)

    def _at(self, z: Array) -> tuple[Array, Array, Array]:
        """Return ``σ``, ``σ'`` and ``σ''`` at doubles."""
        k, e = self.k, self.exponential(self.k * np.abs(z)).mid
        q = 1 / (1 + e)
        small = e * q
        d = k * k * small * q
        return self.low + k * np.where(z >= 0, q, small), d, k * d * q * np.copysign(e - 1, -z)

    def over(self, low: Array, high: Array) -> tuple[Enclosed, Enclosed, Enclosed]:
        """Enclose ``σ``, ``σ'`` and ``σ''`` over intervals."""
        k, (f, d, b), (F, D, B) = self.k, self._at(low), self._at(high)
        top = np.where((low < 0) & (high > 0), k * k / 4, np.maximum(d, D))
        most = np.where((k * low < -_TURN[0]) & (k * high > -_TURN[1]), k**3 * _BEND, np.maximum(b, B))
        least = np.where((k * low < _TURN[1]) & (k * high > _TURN[0]), -(k**3) * _BEND, np.minimum(b, B))
        sides = (f, F, (F + 2 * abs(self.low)) / 2), (np.minimum(d, D), top, top), (least, most, k * top)
        value, slope, bend = (Enclosed((x + y) / 2, ENLARGE * ((y - x) / 2 + 60 * UNIT * size) + 16 * TINY) for x, y, size in sides)
        return value, slope, bend
