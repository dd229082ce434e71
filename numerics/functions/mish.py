r"""mish: ``z·t`` with the gate ``t = tanh(log(1 + e^z))``.

With ``s = sigmoid(z)``, ``q = 1 − s`` and ``w = 1/(1 + q²)`` it is ``t = 2w − 1 = s(1 + q)w``, and ``q' = −sq`` gives ``t' = 4sq²w²``, which is ``(1 − t²)s``.
So ``σ' = t + zt'`` and ``σ'' = t'(2 + z(q − 2ts))``. The gate, ``s`` and ``w`` rise with ``z``, ``q`` falls. The slope lies in ``[−0.113, 1.089]``, ``σ''`` in
``[−0.06, 0.645]``, enclosed in the tests by small balls. ``σ`` falls before its minimum ``−0.3088…`` at ``z = −1.1924…`` and rises after it, see the
derivation of its range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Tails, Triple, without_parameter
from lossproof.numerics.functions.hulls import Valley, at_ends, over_valley, within
from lossproof.numerics.functions.jets import Array, Jet, StateField, convolution, times_point
from lossproof.numerics.functions.logistic import sigmoid_digits, sigmoid_doubles
from lossproof.theory.functions.activations import Activation, activation_named

_VALLEY = Valley(Fraction(-1193, 1000), Fraction(-1192, 1000), Fraction(-30885, 100000), Fraction(-30884, 100000))
_SLOPES, _CURVATURES = arb(1 / 2, 5 / 8), arb(5 / 16, 3 / 8)
_FAR = 1e3


def _gate(s: Any, q: Any) -> tuple[Any, Any]:
    """Return ``t`` and ``w``."""
    w = 1 / (1 + q * q)
    return s * (1 + q) * w, w


def _derivatives(z: Any, s: Any, q: Any, t: Any, w: Any) -> tuple[Any, Any]:
    """Return ``σ'`` and ``σ''``."""
    first = 4 * s * q * q * w * w
    return t + z * first, first * (2 + z * (q - 2 * t * s))


def _doubles(z: Floats, order: int) -> Floats:
    s, q = sigmoid_doubles(z, 0), sigmoid_doubles(-z, 0)
    t, w = _gate(s, q)
    return np.asarray(z * t if order == 0 else _derivatives(np.clip(z, -_FAR, _FAR), s, q, t, w)[order - 1])


def _digits(m: Any, z: Any) -> Triple:
    s, q = sigmoid_digits(m, z)[0](), sigmoid_digits(m, -z)[0]()
    t, w = _gate(s, q)
    return lambda: z * t, lambda: _derivatives(z, s, q, t, w)[0], lambda: _derivatives(z, s, q, t, w)[1]


def _states(z: arb) -> Sequence[arb]:
    """Return enclosures of ``s``, ``q``, ``t`` and ``w``, from the exponential that is small."""
    positive = z.mid() > 0
    e = (-z).exp() if positive else z.exp()
    large = 1 / (1 + e)
    s, q = (large, e * large) if positive else (e * large, large)
    return s, q, *_gate(s, q)


def _ball(z: arb, order: int) -> arb:
    if order == 0:
        return over_valley(lambda x: x * _states(x)[2], z, _VALLEY)
    s, q, t, w = at_ends(_states, z)
    return within(_derivatives(z, s, q, t, w)[order - 1], _SLOPES if order == 1 else _CURVATURES)


def _jet(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``d = sq``: ``q' = −d``, ``d' = d(2q − 1)``, ``w' = 2qdw²``, and ``t' = 2w'``."""
    sigmoid = activation_named("sigmoid")
    q, d = [field.state(sigmoid, 0, -z)], [field.state(sigmoid, 1, z)]
    w = [field.reciprocal(q[0] * q[0] + 1)]
    t = [field.state(sigmoid, 0, z) * (q[0] + 1) * w[0]]
    rates: Jet = []
    squares: Jet = []
    for k in range(order):
        rates.append(convolution(q, d, k))
        squares.append(convolution(w, w, k))
        q.append(-d[k] * field.share(k + 1))
        d.append((2 * rates[k] - d[k]) * field.share(k + 1))
        w.append(2 * convolution(rates, squares, k) * field.share(k + 1))
        t.append(2 * w[k + 1])
    return [times_point(t, z, k) for k in range(order + 1)]


MISH: Mapping[str, Builder] = {
    "mish": without_parameter(
        Formulas(
            _doubles, _digits, _ball, _jet,
            suprema=(1.125, 0.6875),
            at_zero=(fmpq(0), fmpq(3, 5), fmpq(16, 25)),
            tails=Tails(below=25.0, linear=25.0),
        )
    ),
}  # fmt: skip
