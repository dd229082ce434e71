"""Values of activations that are rational, or polynomial, at exact arguments."""

from __future__ import annotations

from functools import lru_cache

from flint import fmpq

from lossproof.numerics.fields.field import at_kink, exact_kinks
from lossproof.numerics.fields.formal_polynomial import Element, FormalPolynomial, SymbolTable, power
from lossproof.numerics.functions.table import formulas_of
from lossproof.numerics.rationals import to_flint
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.forms import Logistic
from lossproof.theory.problem.numbers import Constant

_LARGEST_POWER_BITS = 1 << 20


def known_value(activation: Activation, order: int, z: Element, table: SymbolTable) -> Element | None:
    r"""Return ``σ(z)``, ``σ'(z)`` or ``σ''(z)`` as an element of the ring where it is on record, else None.

    On record are: the identity and powers everywhere; softsign, and all activations on their affine pieces, at rational ``z``; the
    other activations at ``z = 0`` as far as the value is rational; and the logistic ones at ``z = Σ q_p log p`` where ``e^{kz} = Π
    p^{k q_p}`` is rational (``k`` = 1 for sigmoid, 2 for tanh). Raises `NotDifferentiable` at a rational ``z`` that is a kink.

    >>> from fractions import Fraction
    >>> from lossproof.theory.functions.activations import activation_named
    >>> table = SymbolTable()
    >>> z = table.element(Constant("log", Fraction(3))) * fmpq(1, 2)
    >>> [known_value(activation_named("tanh"), order, z, table) for order in (0, 1)]
    [1/2, 3/4]
    """
    if activation.degree is not None:
        return (z, fmpq(1), fmpq(0))[order] if activation.degree == 1 else _power(activation.degree, order, z)
    if isinstance(z, fmpq):
        return _at_rational(activation, order, z)
    return None if activation.logistic is None else _at_logarithms(activation.logistic, order, z, table)


def _power(k: int, order: int, z: Element) -> Element:
    factor = (1, k, k * (k - 1))[order]
    return fmpq(factor) * power(z, k - order) if factor else fmpq(0)


def _at_rational(activation: Activation, order: int, z: fmpq) -> fmpq | None:
    for point, place in exact_kinks(activation, order):
        if z == place:
            raise at_kink(activation, point)
    formulas = formulas_of(activation)
    if z == 0 and formulas.at_zero[order] is not None:
        return formulas.at_zero[order]
    if formulas.at_rational is not None:
        return formulas.at_rational(z, order)
    for lower, upper, slope, intercept in exact_pieces(activation):
        if (lower is None or z >= lower) and (upper is None or z <= upper):
            return (slope * z + intercept, slope, fmpq(0))[order]
    return None


@lru_cache(maxsize=256)
def exact_pieces(activation: Activation) -> tuple[tuple[fmpq | None, fmpq | None, fmpq, fmpq], ...]:
    """Return ``(lower, upper, slope, intercept)`` of every affine piece."""
    return tuple(
        (
            None if p.lower is None else to_flint(p.lower),
            None if p.upper is None else to_flint(p.upper),
            to_flint(p.slope),
            to_flint(p.intercept),
        )
        for p in activation.affine_pieces
    )


def _at_logarithms(form: Logistic, order: int, z: FormalPolynomial, table: SymbolTable) -> fmpq | None:
    k = form.rate
    v = exponential_on_record(z, k, table)
    if v is None:
        return None
    s = v / (1 + v)
    first = k * k * s * (1 - s)
    return (form.low + k * s, first, k * first * (1 - 2 * s))[order]


def exponential_on_record(z: Element, k: int, table: SymbolTable) -> fmpq | None:
    """Return ``e^{kz}`` for ``z = Σ q_p log p`` with whole ``k q_p``, 0 included, or None."""
    if isinstance(z, fmpq):
        return fmpq(1) if z == 0 else None
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
