"""Strict reading of a certificate's text: JSON with limits, no floats, no duplicate keys, exact number strings; used as ``read.integer`` and so on.

Nothing is evaluated. Whatever is wrong ends in `Rejected` with a place, a code and a message; the codes are those of
``docs/certificate-format.md`` section 7.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from flint import fmpq, fmpz

from lossproof.theory.limits import MAX_DEPTH, MAX_NUMBER_TEXT, MAX_TEXT

MAX_DIGITS = 20
Entry = TypeVar("Entry")
_KEY = re.compile(r"[A-Za-z0-9_+*-]{1,40}")
_RATIONAL = re.compile(r"-?[0-9]+(/[1-9][0-9]*)?")
_DOUBLE = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}")


class Rejected(Exception):
    """A certificate, or a step of it, does not hold.

    ``place`` is a path such as ``steps[3].evidence.prime`` (a rule gives it without ``steps[3].``), ``code`` a word of a fixed list.
    """

    def __init__(self, place: str, code: str, message: str) -> None:
        super().__init__(message)
        self.place, self.code, self.message = place, code, message


def require(holds: bool, place: str, message: str, code: str = "evidence") -> None:
    """Raise `Rejected` unless a condition holds."""
    if not holds:
        raise Rejected(place, code, message)


def limit(amount: int, most: int, what: str) -> None:
    """Raise `Rejected` with the code ``limit`` when a step asks for too much."""
    if amount > most:
        raise Rejected("evidence", "limit", f"{what} is {amount if amount < 10**18 else 'above 10^18'}, at most {most} is allowed")


def parse_document(document: object) -> Any:
    """Return the JSON value of a text, or of an object that is written as text first; raises `Rejected`.

    A dict takes the same way as a text, so that there is one way only. In the place of what must not occur stands a `Rejected`, raised once the place is known.
    """
    try:
        written = document if isinstance(document, str) else json.dumps(document)
        require(len(written) <= MAX_TEXT, "", f"the text has {len(written)} characters, at most {MAX_TEXT} are read", "limit")
        value = json.loads(
            written, parse_float=_bad_number, parse_constant=_bad_number, parse_int=_parse_integer, object_pairs_hook=_parse_object
        )
    except json.JSONDecodeError as error:
        raise Rejected(f"line {error.lineno}, column {error.colno}", "syntax", f"not JSON: {error.msg}") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise Rejected("", "syntax", f"cannot be written as JSON: {short(error)}") from None
    _refuse_bad(value)
    return value


def _bad_number(literal: str) -> Rejected:
    return Rejected("", "number", f"a JSON number must be an integer, got {short(literal)}")


def _parse_integer(literal: str) -> int | Rejected:
    if len(literal.lstrip("-")) > MAX_DIGITS:
        return Rejected("", "limit", f"an integer has at most {MAX_DIGITS} digits, got {short(literal)}")
    return _bad_number(literal) if literal == "-0" else int(literal)


def _parse_object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Rejected:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Rejected("", "schema", "a key stands twice")


def _refuse_bad(value: Any, path: tuple[str | int, ...] = ()) -> None:
    """Raise what stands in a value for something that must not occur, and refuse a value that is nested too deep."""
    if isinstance(value, Rejected):
        raise Rejected(_place(path), value.code, value.message)
    if isinstance(value, (dict, list)):
        if len(path) >= MAX_DEPTH:
            raise Rejected(_place(path), "limit", f"nested deeper than {MAX_DEPTH}")
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if not isinstance(part, (str, int)):
                _refuse_bad(part, (*path, key))


def _place(path: Sequence[str | int]) -> str:
    place = ""
    for key in path:
        place = f"{place}[{key}]" if isinstance(key, int) else join(place, key if _KEY.fullmatch(key) else short(key))
    return place


def short(value: object) -> str:
    """Return an ASCII picture of a value, cut to 60 characters."""
    if isinstance(value, (dict, list)):
        return type(value).__name__
    picture = ascii(value) if isinstance(value, (str, int, type(None))) else ascii(str(value))
    return picture if len(picture) <= 60 else picture[:57] + "..."


def join(place: str, key: str) -> str:
    """Return the place of a key below a place, either of which may be empty."""
    return f"{place}.{key}" if place and key else place or key


def fields(value: Any, keys: tuple[str, ...], place: str) -> dict[str, Any]:
    """Return an object that has exactly the given keys; raises `Rejected`."""
    if type(value) is not dict:
        raise Rejected(place, "schema", f"expected an object with the keys {', '.join(keys)}, got {short(value)}")
    wrong = next((key for key in (*keys, *value) if key not in keys or key not in value), None)
    if wrong is not None:
        raise Rejected(place, "schema", f"the key {short(wrong)} is {'missing' if wrong in keys else 'unknown'}")
    return value


def items(value: Any, place: str, length: int | None = None) -> list[Any]:
    """Return a list, of a given length if one is given; raises `Rejected`."""
    if type(value) is not list:
        raise Rejected(place, "schema", f"expected a list, got {short(value)}")
    require(length is None or len(value) == length, place, f"expected a list of {length} entries, got {len(value)}", "schema")
    return value


def each(value: Any, place: str, one: Callable[[Any, str], Entry], length: int | None = None) -> tuple[Entry, ...]:
    """Return the entries of a list, each read at its own place; raises `Rejected`."""
    return tuple(one(entry, f"{place}[{k}]") for k, entry in enumerate(items(value, place, length)))


def rows(value: Any, place: str, one: Callable[[Any, str], Entry], height: int | None, width: int) -> tuple[tuple[Entry, ...], ...]:
    """Return the entries of a list of rows of one width; raises `Rejected`."""
    return each(value, place, lambda row, here: each(row, here, one, width), height)


def tuples(value: Any, place: str, *readers: Callable[[Any, str], Any], ordered: int = 0) -> tuple[tuple[Any, ...], ...]:
    """Return the entries of a list of lists of one length, the parts of each read by these functions; raises `Rejected`.

    The first parts, so many as are ``ordered``, must increase strictly.
    """

    def one(entry: Any, here: str) -> tuple[Any, ...]:
        return tuple(
            read(part, f"{here}[{k}]") for k, (read, part) in enumerate(zip(readers, items(entry, here, len(readers)), strict=True))
        )

    found = each(value, place, one)
    if ordered:
        increasing([entry[:ordered] for entry in found], place)
    return found


def vector(length: int) -> Callable[[Any, str], tuple[fmpq, ...]]:
    """Return a function that reads lists of so many rationals."""
    return lambda value, place: each(value, place, rational, length)


def below(size: int, least: int = 0) -> Callable[[Any, str], int]:
    """Return a function that reads integers from ``least`` on, ``size`` of which there are."""
    return lambda value, place: integer(value, place, least, least + size - 1)


def increasing(keys: Sequence[Any], place: str) -> Sequence[Any]:
    """Return what must increase strictly; raises `Rejected`."""
    require(all(a < b for a, b in pairwise(keys)), place, "these must increase strictly")
    return keys


def text(value: Any, place: str) -> str:
    """Return a string; raises `Rejected`."""
    if type(value) is not str:
        raise Rejected(place, "schema", f"expected a string, got {short(value)}")
    return value


def integer(value: Any, place: str, least: int, most: int, code: str = "evidence") -> int:
    """Return an integer of ``[least, most]``; another type is a ``schema`` failure, another value has the given code."""
    if type(value) is not int:
        raise Rejected(place, "schema", f"expected an integer, got {short(value)}")
    if not least <= value <= most:
        raise Rejected(place, code, f"expected an integer from {least} to {most}, got {value}")
    return value


def rational(value: Any, place: str) -> fmpq:
    """Return the rational that a string spells in lowest terms, such as ``"-3"`` or ``"2/7"``; raises `Rejected`."""
    spelled = text(value, place)
    if len(spelled) > MAX_NUMBER_TEXT:
        raise Rejected(place, "limit", f"a number has at most {MAX_NUMBER_TEXT} characters, got {len(spelled)}")
    found = fmpq(*map(fmpz, spelled.split("/"))) if _RATIONAL.fullmatch(spelled) else None
    if found is None or str(found) != spelled:
        raise Rejected(place, "number", f"expected a rational in lowest terms such as '2/7', got {short(spelled)}")
    return found


def number(value: Any, place: str) -> fmpq:
    """Return the rational that a string spells as such or as a finite hexadecimal double; raises `Rejected`."""
    if type(value) is not str or not _DOUBLE.fullmatch(value):
        return rational(value, place)
    try:
        double = float.fromhex(value)
    except OverflowError:
        double = math.inf
    if value == "-0x0.0p+0" or double.hex() != value:
        raise Rejected(place, "number", f"{short(value)} is not a finite double as Python spells it")
    return fmpq(*double.as_integer_ratio())
