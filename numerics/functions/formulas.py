"""What numerics knows of one activation: formulas for every number field, exact values on record, and bounds of its derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from flint import arb, fmpq

from lossproof.numerics.functions.jets import Jet, StateField
from lossproof.theory.functions.activations import Activation

Floats: TypeAlias = npt.NDArray[np.float64]
Triple: TypeAlias = tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]
"""``σ``, ``σ'`` and ``σ''``, each computed when called."""
Values: TypeAlias = tuple[fmpq | None, fmpq | None, fmpq | None]
"""``σ``, ``σ'`` and ``σ''`` as far as they are rational and on record."""


@dataclass(frozen=True)
class Tails:
    """From where on doubles hardly tell ``σ`` from its asymptotes: constants below ``−below`` and above ``above``, or lines beyond ``±linear``.

    They guide a search only. Infinite where there is no such asymptote, or where ``σ`` is equal to it.
    """

    below: float = np.inf
    above: float = np.inf
    linear: float = np.inf


@dataclass(frozen=True)
class Formulas:
    r"""The formulas of one activation, its parameter filled in. ``order`` is 0, 1 or 2, for ``σ``, ``σ'``, ``σ''``; no z is a kink of that order.

    - ``doubles(z, order)``: every entry of an array, without overflow, and with relative accuracy where ``σ`` is saturated;
    - ``digits(context, z)``: the `Triple` at one number of an mpmath context;
    - ``balls(z, order)``: an Arb ball that contains the values at all points of a ball, at the precision in force;
    - ``jet(activation, order, z, field)``: the coefficients ``a_0, a_1, …`` of ``σ(z + h) = Σ_k a_k h^k`` from a polynomial differential system in few
      states, the same over doubles, balls and formal polynomials; up to ``order``, or fewer where the rest are 0;
    - ``suprema``: doubles ``(s_1, s_2)`` with ``|σ'(z)| ≤ s_1`` and ``|σ'(z) − σ'(y)| ≤ s_2 |z − y|`` on the whole line, wherever ``σ'`` exists;
      infinite where there is no bound;
    - ``at_zero``: the `Values` at 0;
    - ``at_rational(z, order)``: the values at every rational z, where they are rational and no line or power gives them;
    - ``curvature_of_both(value, slope)``: ``σ''`` from ``σ`` and ``σ'`` at the same entries, equal to ``doubles(z, 2)`` in every bit, where that is less work;
    - ``slope_of_value``: ``σ'`` as a polynomial in ``σ`` for formal polynomials, where there is one and ``σ`` is not logistic;
    - ``tails``: see `Tails`.
    """

    doubles: Callable[[Floats, int], Floats]
    digits: Callable[[Any, Any], Triple]
    balls: Callable[[arb, int], arb]
    jet: Callable[[Activation, int, npt.NDArray[Any], StateField], Jet]
    suprema: tuple[float, float]
    at_zero: Values = (None, None, None)
    at_rational: Callable[[fmpq, int], fmpq] | None = None
    slope_of_value: Callable[[Any], Any] | None = None
    curvature_of_both: Callable[[Floats, Floats], Floats] | None = None
    tails: Tails = field(default_factory=Tails)


Builder: TypeAlias = Callable[[Fraction | None], Formulas]
"""Gives the formulas of a family for a value of its parameter."""


def without_parameter(formulas: Formulas) -> Builder:
    """Return the builder of a family that has no parameter."""
    return lambda _: formulas
