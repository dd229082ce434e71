"""Exact numbers: rationals, and rational combinations of a few named constants.

A weight or a sample is an exact object. Floats are dyadic rationals; ``"1/3"`` and ``"0.1"`` are
the rationals they spell; ``log(3)/2`` is a `Combination` of constants with rational coefficients.
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, TypeAlias

from lossproof.theory.exceptions import InputError
from lossproof.theory.limits import MAX_NUMBER_TEXT
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.expressions import sympy_number_of_text
from lossproof.theory.rationals import brief_text, is_writable, rational_of_text, rational_text
from lossproof.theory.shown import shown

_OR_EXPRESSION = ', or like "log(3)/2"'
_MOST_PRIME = 2**64
_MOST_DEGREE = 10**19
_TRIAL_DIVISORS = 10**4


@dataclass(frozen=True, order=True)
class Constant:
    """A real constant that is no rational number.

    ``kind`` is one of ``"log"`` (of a prime number), ``"root"`` (``argument ** (1/degree)`` with a positive
    rational argument), ``"exp"`` (of a non-zero rational) and ``"pi"`` (no argument).
    """

    kind: str
    argument: Fraction = Fraction(1)
    degree: int = 1

    def __str__(self) -> str:
        if self.kind == "pi":
            return "pi"
        if self.kind == "root":
            return f"({rational_text(self.argument)})^(1/{self.degree})"
        return f"{self.kind}({rational_text(self.argument)})"


@dataclass(frozen=True)
class Combination:
    r"""The real number ``rational + Σ coefficient · constant``.

    ``terms`` is sorted by constant, holds no zero coefficient, and is never empty (a number without
    terms is a plain ``Fraction``).

    >>> import sympy
    >>> str(exact_number(sympy.log(3) / 2))
    '1/2*log(3)'
    """

    rational: Fraction
    terms: tuple[tuple[Constant, Fraction], ...]

    def __str__(self) -> str:
        parts = [rational_text(self.rational)] if self.rational else []
        parts += [f"{rational_text(coefficient)}*{constant}" for constant, coefficient in self.terms]
        return " + ".join(parts)


Number: TypeAlias = Fraction | Combination


def number_text(number: Number) -> str:
    """Return an exact number in full, however long it is.

    >>> number_text(Fraction(1, 3)), len(number_text(Fraction(10**5000)))
    ('1/3', 5001)
    """
    return rational_text(number) if isinstance(number, Fraction) else str(number)


def combination(rational: Fraction, terms: dict[Constant, Fraction]) -> Number:
    """Return ``rational + Σ terms`` in canonical form."""
    kept = tuple(sorted((c, q) for c, q in terms.items() if q != 0))
    return Combination(rational, kept) if kept else rational


def exact_number(value: Any, where: str = "a number", *, expressions: bool = False) -> Number:
    """Return ``value`` as an exact number.

    Accepted are integers, finite floats of any precision (taken as the dyadic rationals they are), ``Fraction``, ``Decimal``,
    strings such as ``"1/3"`` or ``"0.1"`` (the rational they spell), or with ``expressions`` such as ``"log(3)/2"`` (see `sympy_number_of_text`), SymPy numbers
    that are rational combinations of ``log`` of positive rationals, roots of positive rationals, ``exp`` of rationals and ``pi``, and arrays or tensors that
    hold one number (see `plain_values`); of any size, also beyond the range of doubles. The primes in logarithms must be below ``2^64``. Truth values are 0
    and 1. What a subclass of a built-in number holds counts, not what its own methods say.

    Raises `InputError` on NaN, infinity, or anything else; ``where`` names the place in the message.

    >>> exact_number("1/3"), exact_number(0.5), str(exact_number("log(3)/2", expressions=True))
    (Fraction(1, 3), Fraction(1, 2), '1/2*log(3)')
    """
    kind = type(value)
    if kind is Fraction or kind is Combination:
        exact: Number = value
        return exact
    if isinstance(value, str):
        return _from_text(str.__str__(value), where, expressions=expressions)
    if isinstance(value, int):
        return Fraction(int.__index__(value))
    if isinstance(value, float):
        return _from_ratio(value, float.as_integer_ratio, where)
    if isinstance(value, Fraction):
        return Fraction(*Fraction.as_integer_ratio(value))
    if isinstance(value, Decimal):
        return (
            _from_text(Decimal.__str__(value), where, expressions=False)
            if Decimal.is_finite(value)
            else _from_ratio(value, Decimal.as_integer_ratio, where)
        )
    sympy = sys.modules.get("sympy")
    if sympy is not None and isinstance(value, sympy.Expr):
        return _from_sympy(value, where)
    return _from_other(value, where, expressions=expressions)


def exact_numbers(values: Sequence[Any], where: str, *, expressions: bool = False) -> list[Number]:
    """Return ``exact_number`` of every entry that a user gives, in the time that many floats want; entry ``j`` is called ``where[j]`` in a message.

    Raises `InputError` as `exact_number` does, and for a number that no certificate can hold: a rational in it has more than 5,000 characters.

    >>> exact_numbers([0.5, "1/3"], "b")
    [Fraction(1, 2), Fraction(1, 3)]
    """
    return [
        Fraction(value)
        if type(value) is float and isfinite(value)
        else _writable(exact_number(value, f"{where}[{j}]", expressions=expressions), f"{where}[{j}]")
        for j, value in enumerate(values)
    ]


def _writable(number: Number, where: str) -> Number:
    """Return a number unchanged; raises `InputError` for one that is too long for a certificate."""
    for rational in _rationals_in(number):
        if not is_writable(rational):
            raise InputError(
                f"{where} must have at most {MAX_NUMBER_TEXT:,} characters as a fraction in lowest terms, "
                f"got {brief_text(rational_text(rational))}: round it"
            )
    return number


def _rationals_in(number: Number) -> Iterator[Fraction]:
    if isinstance(number, Fraction):
        yield number
        return
    yield number.rational
    for constant, coefficient in number.terms:
        yield from (constant.argument, coefficient)


def _from_other(value: Any, where: str, *, expressions: bool) -> Number:
    """Return the number of another library, known by the kind of number it declares itself to be, or the only number that a container holds."""
    if not _is_duration(value):
        if isinstance(value, numbers.Integral):
            return Fraction(int(value))
        if isinstance(value, numbers.Rational):
            return Fraction(int(value.numerator), int(value.denominator))
        if isinstance(value, numbers.Real) and hasattr(value, "as_integer_ratio"):
            return _from_ratio(value, type(value).as_integer_ratio, where)
    held = plain_values(value, where)
    if held is not value and type(held) is not list:
        return exact_number(held, where, expressions=expressions)
    raise InputError(
        f"{where} must be a number, got {shown(value)}: give a float, an integer, a Fraction, "
        'a string like "1/3" or a SymPy number like log(3)/2'
    )


def _is_duration(value: Any) -> bool:
    """Tell whether a value is one of numpy's durations, which declare themselves whole numbers and have a unit."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.timedelta64)


def _from_text(text: str, where: str, *, expressions: bool) -> Number:
    value = rational_of_text(text)
    if value is not None:
        return value
    expression = sympy_number_of_text(text) if expressions else None
    if expression is None:
        raise InputError(
            f'{where} must spell a rational number, got {shown(text)}: write it like "1/3", "-2" or "0.25", '
            f"with at most {MAX_NUMBER_TEXT:,} characters{_OR_EXPRESSION if expressions else ''}"
        )
    return _from_sympy(expression, where)


def _from_ratio(value: Any, ratio: Callable[[Any], tuple[Any, Any]], where: str) -> Fraction:
    try:
        numerator, denominator = ratio(value)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{where} must be finite, got {value}: remove or replace this entry") from error
    return Fraction(int(numerator), int(denominator))


def _from_sympy(value: Any, where: str) -> Number:
    import sympy

    expression = sympy.expand_log(sympy.expand(sympy.sympify(value)), force=True)
    rational = Fraction(0)
    terms: dict[Constant, Fraction] = {}
    for term in sympy.Add.make_args(expression):
        coefficient, rest = term.as_coeff_Mul()
        if not (coefficient.is_Rational or (coefficient.is_Float and coefficient.is_finite)):
            raise _unsupported(value, where)
        exact = sympy.Rational(coefficient)
        factor = Fraction(int(exact.p), int(exact.q))
        if rest == 1:
            rational += factor
            continue
        for constant, multiple in _constants_of(rest, value, where):
            terms[constant] = terms.get(constant, Fraction(0)) + factor * multiple
    return combination(rational, terms)


def _constants_of(rest: Any, value: Any, where: str) -> list[tuple[Constant, Fraction]]:
    import sympy

    if rest == sympy.pi:
        return [(Constant("pi"), Fraction(1))]
    if rest == sympy.E:
        return [(Constant("exp", Fraction(1)), Fraction(1))]
    if rest.func == sympy.exp and rest.args[0].is_Rational:
        return [(Constant("exp", Fraction(int(rest.args[0].p), int(rest.args[0].q))), Fraction(1))]
    if rest.func == sympy.log and rest.args[0].is_Rational and rest.args[0].is_positive:
        return [(Constant("log", Fraction(p)), Fraction(k)) for p, k in _prime_powers(rest.args[0], where).items()]
    factors = [factor.as_base_exp() for factor in sympy.Mul.make_args(rest)]
    if all(base.is_Rational and base.is_positive and power.is_Rational for base, power in factors):
        degree = int(sympy.ilcm(1, *(power.q for _, power in factors)))
        if degree > _MOST_DEGREE or sum(abs(power.p) * degree // power.q for _, power in factors) > 4 * MAX_NUMBER_TEXT:
            raise _unsupported(value, where)
        argument = Fraction(1)
        for base, power in factors:
            argument *= Fraction(int(base.p), int(base.q)) ** int(power.p * (degree // power.q))
        return [(Constant("root", argument, degree), Fraction(1))]
    raise _unsupported(value, where)


def _prime_powers(argument: Any, where: str) -> dict[int, int]:
    """Return the primes of a positive rational with their powers; small ones are divided out first, and what is left must be below 2^64."""
    import sympy

    powers: dict[int, int] = {}
    for number, sign in ((int(argument.p), 1), (int(argument.q), -1)):
        rest = number
        for prime in sympy.primerange(_TRIAL_DIVISORS):
            if prime * prime > rest:
                break
            while rest % prime == 0:
                rest //= prime
                powers[prime] = powers.get(prime, 0) + sign
        if rest >= _MOST_PRIME:
            raise InputError(
                f"{where} must have logarithms of rationals with prime factors below 2^64, got log({brief_text(rational_text(Fraction(number)))}): "
                "give a rational or a float instead"
            )
        for prime, power in sympy.factorint(rest).items():
            powers[int(prime)] = powers.get(int(prime), 0) + sign * int(power)
    return powers


def _unsupported(value: Any, where: str) -> InputError:
    return InputError(
        f"{where} must be a real SymPy number built by rational combination from log, roots, exp and pi, "
        f"got {shown(value)}: give a rational or a float instead"
    )


def is_rational(value: Number) -> bool:
    """Tell whether an exact number is held as a plain rational."""
    return isinstance(value, Fraction)
