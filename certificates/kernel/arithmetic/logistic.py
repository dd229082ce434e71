r"""σ, σ' and σ'' of sigmoid and tanh over arrays of intervals of doubles, with relative accuracy where they are saturated.

u, and what the factor ENLARGE and the summand TINY cover, are those of `doubles`.

*Exponentials.* For ``y ≥ 0`` let ``k = ⌊16 y⌋`` and ``t = y − k/16``, which is exact, in ``[0, 1/16)``. ``e^{−k/16} = e^{−4i} e^{−j/16}`` with ``k = 64 i +
j`` is a product of balls of Arb, and ``e^{−t} = Σ_{j<10} (−t)^j/j! + R`` with ``|R| < 2^{-61}``; Horner's scheme takes ``p_j = c_j − t p_{j+1}``, ``|p_j| ≤
c_j``, and its step j rounds by ``2.2 u c_j`` at most, which reaches ``p_0`` with the factor ``t^j``: less than 3u in all. Beyond ``y = 512`` both ``e^{−y}``
and ``e^{−512}`` are below ``2^{-700}``: TINY covers that.

*σ over an interval* comes from its ends. With ``e = e^{−k|z|}``, ``q = 1/(1 + e)`` and s the logistic function, ``σ = low + k s(kz)``, ``σ' = k² e q²`` and
``σ'' = −sign(z) k³ e q² (1 − e) q``. σ rises; ``σ'`` is even and falls with ``|z|`` from ``k²/4``; ``σ''`` is odd, falls between ``∓ln(2 + √3)/k`` from
``k³/(6√3)``, and rises elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, UNIT, Enclosed, exactly, hull, minus, of_balls, part
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.limits import value_work

_FAR = 512
_TURN, _BEND = (1.3169578969, 1.316957897), 0.0962250449  # ln(2 + √3) = 1.31695789692…, 1/(6√3) = 0.09622504486…


class Logistic:
    """``σ = low + k s(kz)``; the precision of doubles must be in force."""

    def __init__(self, work: Work, low: int, k: int) -> None:
        work.spend(2 * (_FAR // 4 + 1) * value_work(64), "exponentials")
        powers = np.array([[arb(-4 * i).exp(), (arb(-i) / 16).exp()] for i in range(_FAR // 4 + 1)], dtype=object)
        self.low, self.k, self._powers = low, k, of_balls(powers, powers.shape)

    def exponential(self, y: Array) -> Enclosed:
        """Enclose ``e^{−y}`` for doubles ``y ≥ 0``."""
        y = np.minimum(y, _FAR)
        k = np.floor(16 * y)
        t, p, i = y - k / 16, np.full_like(y, 1 / math.factorial(9)), k.astype(int)
        for j in range(8, -1, -1):
            p = 1 / math.factorial(j) - t * p
        return Enclosed(p, np.full_like(p, 4 * UNIT)) * part(self._powers, (i // 64, 0)) * part(self._powers, (i % 64, 1))

    def _at(self, z: Array) -> tuple[Enclosed, Enclosed, Enclosed]:
        """Enclose ``σ``, ``σ'`` and ``σ''`` at doubles."""
        k, e = self.k, self.exponential(self.k * np.abs(z))
        q = Enclosed(
            1 / (1 + e.mid), ENLARGE * (e.rad + 4 * UNIT)
        )  # a Lipschitz constant of 1/(1 + e) is 1, and its two roundings are below 3u
        small = e * q
        d = small * q
        s = Enclosed(np.where(z >= 0, q.mid, small.mid), np.where(z >= 0, q.rad, small.rad))
        return exactly(k) * s + exactly(self.low), exactly(k * k) * d, exactly(-np.sign(z) * k**3) * d * q * (exactly(1) + minus(e))

    def over(self, low: Array, high: Array) -> tuple[Enclosed, Enclosed, Enclosed]:
        """Enclose ``σ``, ``σ'`` and ``σ''`` over intervals."""
        k = self.k
        (f, d, b), (F, D, B) = self._at(low), self._at(high)
        top = np.where((low < 0) & (high > 0), k * k / 4, np.maximum(d.mid + d.rad, D.mid + D.rad))
        most = np.where((k * low < -_TURN[0]) & (k * high > -_TURN[1]), k**3 * _BEND, np.maximum(b.mid + b.rad, B.mid + B.rad))
        least = np.where((k * low < _TURN[1]) & (k * high > _TURN[0]), -(k**3) * _BEND, np.minimum(b.mid - b.rad, B.mid - B.rad))
        return hull(f.mid - f.rad, F.mid + F.rad), hull(np.minimum(d.mid - d.rad, D.mid - D.rad), top), hull(least, most)
