"""Texts such as ``log(3)/2`` as exact SymPy numbers, read by a grammar of five functions; no name is looked up and nothing is evaluated as a program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.theory.rationals import rational_of_text

_LONGEST = 1000
_DEEPEST = 20
_MOST_EXPONENT = 1000
_NOT_ARITHMETIC = frozenset(("log", "ln", "exp", "sqrt", "pi", "^", "**"))
_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d{1,4})?|\.\d+(?:[eE][+-]?\d{1,4})?)|(log|ln|exp|sqrt|pi)(?![A-Za-z0-9_])|(\*\*|[-+*/^()]))", re.ASCII
)


class _Unreadable(Exception):
    """The text is no number of the grammar."""


@dataclass(frozen=True)
class _Value:
    """A rational (``number`` is a `Fraction`) or a SymPy number; ``terms`` bounds how many terms it has when products are expanded."""

    number: Any
    terms: int = 1

    @property
    def is_rational(self) -> bool:
        return isinstance(self.number, Fraction)


def sympy_number_of_text(text: str) -> Any:
    r"""Return the SymPy number that a text spells, or None.

    The grammar, with the usual precedence, in at most 1000 characters:

    .. code-block:: text

        sum     = product (("+" | "-") product)*
        product = sign (("*" | "/") sign)*
        sign    = ("+" | "-")* power
        power   = atom (("^" | "**") sign)?
        atom    = decimal | "pi" | ("log" | "ln" | "exp" | "sqrt") "(" sum ")" | "(" sum ")"

    Arguments of functions, bases, exponents (of at most 1000 above and below the bar) and divisors are rational, arguments of ``log``, bases of roots and
    arguments of ``sqrt`` positive, and of two factors one has a single term: so the work is small, and the value is real. Decimals are exact: ``0.1`` is 1/10.
    A text without functions, powers and ``pi`` is none: the date ``2020-01-05`` is no difference.

    >>> sympy_number_of_text("log(3)/2"), sympy_number_of_text("2*sqrt(8) - pi"), sympy_number_of_text("2020-01-05") is None
    (log(3)/2, -pi + 4*sqrt(2), True)
    """
    if len(text) > _LONGEST:
        return None
    try:
        tokens = _tokens(text)
        return _sympy(_Reader(tokens).whole()) if _NOT_ARITHMETIC.intersection(tokens) else None
    except (_Unreadable, ZeroDivisionError):
        return None


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    place, stripped = 0, text.strip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            raise _Unreadable
        found.append(match[1] or match[2] or match[3])
        place = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens, one method a line of the grammar."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def whole(self) -> _Value:
        value = self._sum()
        if self._place < len(self._tokens):
            raise _Unreadable
        return value

    def _next(self, *expected: str) -> str | None:
        """Return the next token and step over it where it is one of those expected, else None."""
        if self._place < len(self._tokens) and self._tokens[self._place] in expected:
            self._place += 1
            return self._tokens[self._place - 1]
        return None

    def _sum(self) -> _Value:
        value = self._product()
        while sign := self._next("+", "-"):
            other = self._product()
            value = _added(value, other if sign == "+" else _times(_Value(Fraction(-1)), other))
        return value

    def _product(self) -> _Value:
        value = self._signed()
        while sign := self._next("*", "/"):
            other = self._signed()
            value = _times(value, other if sign == "*" else _Value(1 / _rational(other)))
        return value

    def _signed(self) -> _Value:
        negative = False
        while sign := self._next("+", "-"):
            negative ^= sign == "-"
        value = self._power()
        return _times(_Value(Fraction(-1)), value) if negative else value

    def _power(self) -> _Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unreadable
        base = self._atom()
        value = _raised(base, self._signed()) if self._next("^", "**") else base
        self._depth -= 1
        return value

    def _atom(self) -> _Value:
        if self._place >= len(self._tokens):
            raise _Unreadable
        token = self._tokens[self._place]
        self._place += 1
        return self._call(token) if token in ("(", "log", "ln", "exp", "sqrt") else _leaf(token)

    def _call(self, name: str) -> _Value:
        if name != "(" and not self._next("("):
            raise _Unreadable
        inside = self._sum()
        if not self._next(")"):
            raise _Unreadable
        return inside if name == "(" else _applied(name, _rational(inside))


def _leaf(token: str) -> _Value:
    if token == "pi":
        import sympy

        return _Value(sympy.pi)
    number = rational_of_text(token)
    if number is None:
        raise _Unreadable
    return _Value(number)


def _applied(name: str, argument: Fraction) -> _Value:
    import sympy

    rational = sympy.Rational(argument.numerator, argument.denominator)
    if name == "exp":
        return _Value(sympy.exp(rational))
    if argument <= 0:
        raise _Unreadable
    return _Value(sympy.sqrt(rational) if name == "sqrt" else sympy.log(rational))


def _raised(base: _Value, exponent: _Value) -> _Value:
    """Return a rational to a rational power: a positive one, where that is a root."""
    import sympy

    number, power = _rational(base), _rational(exponent)
    bits = max(number.numerator.bit_length(), number.denominator.bit_length())
    if max(abs(power.numerator), power.denominator) > _MOST_EXPONENT or bits * abs(power) > 20 * _MOST_EXPONENT:
        raise _Unreadable
    if power.denominator == 1:
        return _Value(Fraction(number**power.numerator))
    if number <= 0:
        raise _Unreadable
    rational = sympy.Rational(number.numerator, number.denominator)
    return _Value(rational ** sympy.Rational(power.numerator, power.denominator))


def _added(a: _Value, b: _Value) -> _Value:
    return _Value(a.number + b.number) if a.is_rational and b.is_rational else _Value(_sympy(a) + _sympy(b), a.terms + b.terms)


def _times(a: _Value, b: _Value) -> _Value:
    if a.is_rational and b.is_rational:
        return _Value(a.number * b.number)
    if a.terms > 1 and b.terms > 1:
        raise _Unreadable
    return _Value(_sympy(a) * _sympy(b), max(a.terms, b.terms))


def _rational(value: _Value) -> Fraction:
    """Return a value as a rational: also where roots and logarithms turned out to be one, as ``sqrt(4)``."""
    if isinstance(value.number, Fraction):
        return value.number
    if value.number.is_Rational:
        return Fraction(int(value.number.p), int(value.number.q))
    raise _Unreadable


def _sympy(value: _Value) -> Any:
    import sympy

    number = value.number
    return sympy.Rational(number.numerator, number.denominator) if isinstance(number, Fraction) else number
