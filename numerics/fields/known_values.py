"""Values of activations that are rational, or polynomial, at exact arguments."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from flint import fmpq

from lossproof.numerics.fields.field import at_kink
from lossproof.numerics.fields.formal_polynomial import Element, FormalPolynomial, SymbolTable, power
from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.numbers import Constant

_LARGEST_POWER_BITS = 1 << 20
_EXPONENT_MULTIPLE = {"sigmoid": 1, "tanh": 2}
_AT_ZERO: Mapping[str, tuple[fmpq | None, fmpq | None, fmpq | None]] = {
    "tanh": (fmpq(0), fmpq(1), fmpq(0)),
    "arctan": (fmpq(0), fmpq(1), fmpq(0)),
    "sin": (fmpq(0), fmpq(1), fmpq(0)),
    "erf": (fmpq(0), None, fmpq(0)),
    "sigmoid": (fmpq(1, 2), fmpq(1, 4), fmpq(0)),
    "bent-identity": (fmpq(0), fmpq(1), fmpq(1, 2)),
    "softplus": (None, fmpq(1, 2), fmpq(1, 4)),
    "gelu": (fmpq(0), fmpq(1, 2), None),
    "silu": (fmpq(0), fmpq(1, 2), fmpq(1, 2)),
    "elu": (fmpq(0), fmpq(1), None),
}


def known_value(activation: Activation, order: int, z: Element, table: SymbolTable) -> Element | None:
    r"""Return ``σ(z)``, ``σ'(z)`` or ``σ''(z)`` as an element of the ring where it is on record, else None.

    On record are: the identity and powers everywhere; softsign, (leaky) ReLU at rational ``z``, ELU at rational ``z ≥ 0``; the
    other activations at ``z = 0`` as far as the value is rational; and sigmoid and tanh at ``z = Σ q_p log p`` where ``e^{kz} = Π
    p^{k q_p}`` is rational (``k`` = 1 for sigmoid, 2 for tanh). Raises `NotDifferentiable` at a rational ``z`` that is a kink.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> table = SymbolTable()
    >>> z = table.element(Constant("log", Fraction(3))) * fmpq(1, 2)
    >>> [known_value(activation_named("tanh"), order, z, table) for order in (0, 1)]
    [1/2, 3/4]
    """
    family = activation.family
    if family == "identity":
        return (z, fmpq(1), fmpq(0))[order]
    if family == "power":
        return _power(int(activation.parameter or 1), order, z)
    if isinstance(z, fmpq):
        return _at_rational(activation, order, z)
    return _at_logarithms(family, order, z, table) if family in _EXPONENT_MULTIPLE else None


def vanishes_at_zero(activation: Activation) -> bool:
    """Tell whether ``σ(0) = 0``, on record.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> [vanishes_at_zero(activation_named(name)) for name in ("tanh", "sigmoid", "power:2", "softplus")]
    [True, False, True, False]
    """
    value = known_value(activation, 0, fmpq(0), SymbolTable())
    return value is not None and bool(value == 0)


def _power(k: int, order: int, z: Element) -> Element:
    factor = (1, k, k * (k - 1))[order]
    return fmpq(factor) * power(z, k - order) if factor else fmpq(0)


def _at_rational(activation: Activation, order: int, z: fmpq) -> fmpq | None:
    if z == 0:
        kinks = activation.differentiable_times(order)
        if order and not kinks.holds:
            raise at_kink(activation, order)
        if activation.family in _AT_ZERO:
            return _AT_ZERO[activation.family][order]
    if activation.family == "softsign":
        w = 1 / (1 + abs(z))
        return (z * w, w * w, (-2 if z > 0 else 2) * w * w * w)[order]
    if activation.family in ("relu", "leaky-relu"):
        slope = activation.parameter or Fraction(0)
        below = fmpq(slope.numerator, slope.denominator)
        return (z if z > 0 else below * z, fmpq(1) if z > 0 else below, fmpq(0))[order]
    if activation.family == "elu" and z > 0:
        return (z, fmpq(1), fmpq(0))[order]
    return None


def _at_logarithms(family: str, order: int, z: FormalPolynomial, table: SymbolTable) -> fmpq | None:
    value = _rational_exponential(z, _EXPONENT_MULTIPLE[family], table)
    if value is None:
        return None
    if family == "sigmoid":
        s = value / (1 + value)
        first = s * (1 - s)
        return (s, first, first * (1 - 2 * s))[order]
    t = (value - 1) / (value + 1)
    return (t, 1 - t * t, -2 * t * (1 - t * t))[order]


def _rational_exponential(z: FormalPolynomial, k: int, table: SymbolTable) -> fmpq | None:
    """Return ``e^{kz}`` for ``z = Σ q_p log p`` with whole ``k q_p``, or None."""
    powers: list[tuple[int, int]] = []
    for monomial, coefficient in z.terms.items():
        symbol = table.symbols[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
        exponent = k * coefficient
        if not isinstance(symbol, Constant) or symbol.kind != "log" or exponent.q != 1:
            return None
        powers.append((symbol.argument.numerator, int(exponent.p)))
    if sum(abs(e) * prime.bit_length() for prime, e in powers) > _LARGEST_POWER_BITS:
        return None
    result = fmpq(1)
    for prime, e in powers:
        result *= fmpq(prime) ** e
    return result
