"""Enclosures of ``σ``, ``σ'`` and ``σ''`` in doubles: sigmoid and tanh by IEEE operations, all others by one Arb evaluation a unit and sample."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing

import numpy as np

from lossproof.numerics.algebra.products import UNIT, Floats
from lossproof.numerics.child_processes import pooled
from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.rest import OFF_KINK
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.verified.enclosures import Enclosure, as_balls, enclose_balls, exact_floats, product, raised, total, widened
from lossproof.numerics.verified.exponential import enclose_exponential
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.forms import Logistic
from lossproof.theory.rationals import brief_name

_BITS = 80
NARROW = 0.25
"""Up to this radius the enclosures of logistic functions come from one exponential."""

_SHORT = 2.0**-9
_KINK_SPARE = 4
_ROOM = 1.125
_ENTRIES_OF_A_PROCESS = 200_000
_BALLS_AT_ONCE = 2**15


def enclose_activation(activation: Activation, z: Enclosure) -> tuple[Enclosure, Enclosure]:
    r"""Return enclosures of ``σ(z)`` and ``σ'(z)`` for all ``z`` within the enclosure given, entry by entry.

    In general each entry becomes the ball ``mid ± rad``, which Arb maps to balls that contain both values at every point of it (`StateBallField`), from 400,000
    entries on in several processes; an eighth is added to their radii. For sigmoid and tanh one exponential an entry, by IEEE operations, gives both (see
    `_from_exponential`). So the enclosures of another program with the same differential systems lie within these. An unbounded result is infinite or NaN.
    Raises `NotDifferentiable` where a ball contains a kink.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> value, slope = enclose_activation(activation_named("tanh"), exact_floats([0.0, 40.0]))
    >>> bool(abs(value.mid[0]) <= value.rad[0]), bool(slope.mid[1] > 7e-35 and slope.rad[1] < 1e-48)
    (True, True)
    """
    if activation.is_identity:
        return _rounded(z), _rounded(exact_floats(np.ones_like(z.mid)))
    if activation.logistic is None:
        return enclose_by_balls(activation, z)
    narrow = z.rad <= NARROW
    if narrow.all() and z.is_finite():
        return _from_exponential(z, activation.logistic)
    found = enclose_by_balls(activation, z)
    quick = _from_exponential(Enclosure(np.where(narrow, z.mid, 0.0), np.where(narrow, z.rad, 0.0)), activation.logistic)
    value, slope = (
        Enclosure(*(np.where(narrow, *x) for x in zip(_parts(a), _parts(b), strict=True))) for a, b in zip(quick, found, strict=True)
    )
    return value, slope


def enclose_curvature(activation: Activation, z: Enclosure) -> tuple[Enclosure, Enclosure, Enclosure]:
    """Return enclosures of ``σ``, ``σ'`` and ``σ''`` for all z within the enclosure given; for sigmoid and tanh ``σ'' = (low + high − 2σ) σ'``.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> [round(float(x.mid[0]), 6) for x in enclose_curvature(activation_named("tanh"), exact_floats([1.0]))]
    [0.761594, 0.419974, -0.6397]
    """
    form = activation.logistic
    if form is not None and (z.rad <= NARROW).all() and z.is_finite():
        value, slope = _from_exponential(z, form)
        lean = total(exact_floats(np.full_like(z.mid, form.low + form.high)), Enclosure(-2 * value.mid, 2 * value.rad))
        return value, slope, product(lean, slope)
    with ball_precision(_BITS):
        balls = as_balls(z).ravel()
    found = (enclose_balls(part.tolist(), z.mid.shape) for part in StateBallField(_BITS).derivatives(activation, 2, balls))
    value, slope, curvature = (Enclosure(x.mid, _ROOM * x.rad) for x in found)
    return value, slope, curvature


def curvature_over(activation: Activation, z: Enclosure) -> tuple[Enclosure, Enclosure, Enclosure]:
    r"""Return what `enclose_curvature` does, narrower for long intervals: for sigmoid and tanh by mean values, from σ, σ' and σ'' at the midpoints m.

    With k the rate, ``|σ'''| ≤ k⁴/8`` and ``|σ'''| ≤ k²σ'``. So within r of m: ``|σ' − σ'(m)| ≤ d = r (|σ''(m)| + r k⁴/8)``, ``|σ − σ(m)| ≤ s = r (σ'(m) + d)``
    and ``|σ'' − σ''(m)| ≤ r min(k⁴/8, k² (σ'(m) + d))``, and no more than the ranges of the three, which are shorter than k, k² and k³. For sigmoid the radii
    are at least those of ``σ' = σ(1 − σ)`` and ``σ'' = σ'(1 − σ) − σσ'``, from σ within s, as another program may compute them. Intervals of radii below
    ``2^-9`` are left as they are: there other programs take one exponential of the interval.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> wide = Enclosure(np.array([0.0]), np.array([0.5]))  # tanh'' = −2 tanh (1 − tanh²) is between −0.727 and 0.727
    >>> [round(float(x.rad[0]), 6) for x in curvature_over(activation_named("tanh"), wide)]
    [0.75, 0.5, 1.0]
    """
    form, short = activation.logistic, z.rad < _SHORT
    if form is None or short.all() or not z.is_finite():
        return enclose_curvature(activation, z)
    value, slope, curvature = enclose_curvature(activation, exact_floats(z.mid))
    k, third = form.rate, form.rate**4 / 8
    change = np.minimum(raised(z.rad * raised(curvature.reach() + third * z.rad, 2), 2), k**2)
    top = raised(slope.reach() + change, 2)
    reach, bend = (np.minimum(raised(z.rad * x, 4), k**n) for n, x in ((1, top), (3, np.minimum(third, k**2 * top))))
    if form.low == 0:
        change = np.maximum(change, raised(reach * (1 + reach), 4))
        bend = np.maximum(bend, raised(change * (1 + 2 * reach) + 2 * slope.reach() * reach, 8))
    wide = (Enclosure(x.mid, widened(x.rad + r, 8)) for x, r in ((value, reach), (slope, change), (curvature, bend)))
    few = enclose_curvature(activation, Enclosure(np.where(short, z.mid, 0.0), np.where(short, z.rad, 0.0)))
    value, slope, curvature = (
        Enclosure(*(np.where(short, *x) for x in zip(_parts(a), _parts(b), strict=True))) for a, b in zip(few, wide, strict=True)
    )
    return value, slope, curvature


def beside_kinks(
    activation: Activation, z: Enclosure, rest: Sequence[int], enclose: Callable[..., tuple[Enclosure, ...]]
) -> tuple[Enclosure, ...]:
    """Return what ``enclose(activation, z)`` does, a value and derivatives, the derivatives beside the kinks in the rows at rest; raises as `check_kinks`.

    There z is constant, so that they count with the factor 0 (`numerics.fields.rest`).
    """
    order = 1 if enclose is enclose_activation else 2
    if not rest or not activation.kinks(order):
        check_kinks(activation, z, order)
        return enclose(activation, z)
    moved = z.mid.copy()
    moved[rest] += float(OFF_KINK)
    check_kinks(activation, Enclosure(moved, z.rad), order)
    value, *derivatives = enclose(activation, Enclosure(moved, z.rad))
    with ball_precision(_BITS):
        balls = as_balls(Enclosure(z.mid[rest], z.rad[rest]))
    true = enclose_balls(StateBallField(_BITS).activate(activation, 0, balls).ravel().tolist(), balls.shape)
    value.mid[rest], value.rad[rest] = true.mid, _ROOM * true.rad
    return value, *derivatives


def _rounded(x: Enclosure) -> Enclosure:
    return Enclosure(x.mid, widened(x.rad + 4 * UNIT * np.abs(x.mid), 2))


def _parts(x: Enclosure) -> tuple[Floats, Floats]:
    return x.mid, x.rad


def check_kinks(activation: Activation, z: Enclosure, order: int = 1) -> None:
    """Raise `NotDifferentiable` where a kink lies within four times the radius of a ``z``, so that another program may not tell them apart.

    A kink is a point where σ is not differentiable once, or twice for ``order`` 2.
    """
    for point in activation.kinks(order):
        if np.any(np.abs(z.mid - float(point)) <= raised(_KINK_SPARE * z.rad, 4)):
            raise KinkInBall(
                f"a z is not told from {point}, where {brief_name(activation.name)} is not differentiable{' twice' * (order - 1)}: choose other weights"
            )


def enclose_by_balls(activation: Activation, z: Enclosure) -> tuple[Enclosure, Enclosure]:
    """Do as `enclose_activation` by balls, whatever the activation."""
    processes = min(os.cpu_count() or 1, z.mid.size // _ENTRIES_OF_A_PROCESS)
    if processes > 1 and multiprocessing.parent_process() is None:
        pieces = [(activation, piece) for piece in _pieces(z, processes)]
        try:
            with closing(pooled(_enclose_piece, pieces, processes)) as results:
                return _joined(list(results), z.mid.shape)
        except BrokenProcessPool:
            pass
    return _enclose_piece(activation, z)


def _enclose_piece(activation: Activation, z: Enclosure) -> tuple[Enclosure, Enclosure]:
    """Enclose some entries at a time: a ball takes as much memory as some hundred doubles."""
    return _joined([_enclose_few(activation, few) for few in _pieces(z, -(-z.mid.size // _BALLS_AT_ONCE) or 1)], z.mid.shape)


def _enclose_few(activation: Activation, z: Enclosure) -> tuple[Enclosure, Enclosure]:
    with ball_precision(_BITS):
        balls = as_balls(z).ravel()
    found = (enclose_balls(part.tolist(), (balls.size,)) for part in StateBallField(_BITS).derivatives(activation, 1, balls))
    value, slope = (Enclosure(x.mid, _ROOM * x.rad) for x in found)
    return value, slope


def _pieces(z: Enclosure, count: int) -> list[Enclosure]:
    return [Enclosure(*parts) for parts in zip(*(np.array_split(x.ravel(), count) for x in (z.mid, z.rad)), strict=True)]


def _joined(pieces: list[tuple[Enclosure, Enclosure]], shape: tuple[int, ...]) -> tuple[Enclosure, Enclosure]:
    value, slope = (
        Enclosure(*(np.concatenate([getattr(pair[k], part) for pair in pieces]).reshape(shape) for part in ("mid", "rad"))) for k in (0, 1)
    )
    return value, slope


def _from_exponential(z: Enclosure, form: Logistic) -> tuple[Enclosure, Enclosure]:
    r"""Enclose the logistic function between two ends (sigmoid: ``k = 1``, tanh: ``k = 2``) from ``e = exp(−k|m|)`` at the midpoints ``m``.

    ``σ|m| = (high + low·e)/(1+e)``, ``σ(−|m|) = (low + high·e)/(1+e)``, ``σ'(m) = k² e/(1+e)²``. As functions of ``e`` in ``[0, 1]`` they are
    Lipschitz with constants ``k``, ``k`` and ``k²``, and each takes at most six roundings, as the ends are 0 or ±1 and not both 0 (a sum of them
    with ``e`` is ``1``, ``e`` or ``±(1 − e)``). Off the midpoint: ``|σ''/σ'| ≤ k`` (it is ``|low + high − 2σ|``), so for ``|z − m| ≤ r ≤ 1/4``, where
    ``e^{kr} ≤ 1 + 2kr``: ``σ'(z) ≤ (1 + 2kr) σ'(m)``, ``|σ'(z) − σ'(m)| ≤ 2kr σ'(m)``, and ``|σ(z) − σ(m)| ≤ r (1 + 2kr) σ'(m)``; four times it is taken.
    """
    m, r, k = z.mid, z.rad, form.rate
    e = enclose_exponential(k * np.abs(m))
    q = 1 / (1 + e.mid)
    slope = k * k * e.mid * q * q
    value: Floats = np.where(m >= 0, form.high + form.low * e.mid, form.low + form.high * e.mid) * q
    value_rad = widened(k * e.rad + 8 * UNIT * np.abs(value), 4)
    slope_rad = widened(k * k * e.rad + 8 * UNIT * slope, 4)
    change = raised(2 * k * r * (slope + slope_rad), 4)
    reach = raised(4 * r * (slope + slope_rad + change), 4)
    return Enclosure(value, raised(value_rad + reach, 2)), Enclosure(slope, raised(slope_rad + change, 2))
