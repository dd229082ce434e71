"""Grids of architectures and lists of whole numbers, as a user writes them."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, TypeAlias

from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.architecture import parse_widths
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.shown import shown

MOST_ENTRIES = 10**6
_LARGEST = 2**63 - 1
Numbers: TypeAlias = str | int | Iterable[int]
Widths: TypeAlias = str | Sequence[str | int | Sequence[int] | Sequence[Sequence[int]]]

_RANGE = re.compile(r"(\d{1,9})(?:\.\.(\d{1,9})(?:\.\.(\d{1,9}))?)?")
_EXAMPLE = "write for example 1..40, 5,10,20 or 1..40..3"


def parse_numbers(numbers: Numbers, name: str, least: int = 1) -> tuple[int, ...]:
    """Return the whole numbers of a list such as ``"1..40"``, ``"5,10,20"``, ``"1..40..3"`` (first..last..step), sorted, each once.

    A whole number stands for itself; whole numbers may come in a set, in a generator, or in any container that `plain_values` knows. Raises `InputError`;
    ``name`` is what the list is called.

    >>> parse_numbers("1..10..3,20", "samples"), parse_numbers(range(1, 4), "samples")
    ((1, 4, 7, 10, 20), (1, 2, 3))
    """
    if isinstance(numbers, str):
        found = [n for part in numbers.split(",") for n in _range(part.strip(), name)]
    else:
        found = _whole_numbers(numbers, name)
    if not found:
        raise InputError(f"{name} must name at least one whole number, got none: {_EXAMPLE}")
    if min(found) < least:
        raise InputError(f"{name} must be at least {least}, got {shown(min(found))}: {_EXAMPLE}")
    if max(found) > _LARGEST:
        raise InputError(f"{name} must be at most {_LARGEST}, got {shown(max(found))}: {_EXAMPLE}")
    return tuple(sorted(set(found)))


def _whole_numbers(numbers: int | Iterable[int], name: str) -> list[int]:
    held: Any = list(numbers) if isinstance(numbers, (set, frozenset, Iterator)) else plain_values(numbers, name)
    found = []
    for n in held if type(held) is list else [held]:
        try:
            found.append(operator.index(n))
        except TypeError:
            raise InputError(f"{name} must be whole numbers, got {shown(n)}: {_EXAMPLE}") from None
        if isinstance(n, bool):
            raise InputError(f"{name} must be whole numbers, got {n}: {_EXAMPLE}")
    return found


def _range(text: str, name: str) -> range:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise InputError(f"{name} must be whole numbers or ranges joined by ',', got {shown(text)}: {_EXAMPLE}")
    first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
    if step == 0 or last < first or (last - first) // step >= MOST_ENTRIES:
        raise InputError(f"a range of {name} must run upwards through at most {MOST_ENTRIES} numbers, got {shown(text)}: {_EXAMPLE}")
    return range(first, last + 1, step)


def parse_width_grid(widths: Widths) -> tuple[tuple[int, ...], ...]:
    """Return the architectures of a grid such as ``"2-{1..12}-1"`` or ``"{2,3}-{1..4}-1,5-5-1"``, each once, in the order written.

    Braces hold lists as in `parse_numbers`, and all combinations are taken. From Python, ``(2, 3, 1)`` is one architecture, ``(2, range(1, 13), 1)``
    a grid, and a list of strings or sequences several of them. Raises `InputError`.

    >>> parse_width_grid("2-{1..3}-1"), parse_width_grid((2, [4, 8], 1))
    (((2, 1, 1), (2, 2, 1), (2, 3, 1)), ((2, 4, 1), (2, 8, 1)))
    """
    if isinstance(widths, str):
        patterns: list[list[tuple[int, ...]]] = [_pattern(part.strip()) for part in re.split(r",(?![^{]*\})", widths)]
    else:
        patterns = _patterns_of(plain_values(widths, "widths"))
    count = sum(prod(len(choices) for choices in pattern) for pattern in patterns)
    if not 1 <= count <= MOST_ENTRIES:
        raise InputError(
            f"widths must name between 1 and {MOST_ENTRIES} architectures, got {shown(count)}: write for example 2-{{1..12}}-1"
        )
    return tuple(dict.fromkeys(parse_widths(choice) for pattern in patterns for choice in product(*pattern)))


def _patterns_of(widths: Any) -> list[list[tuple[int, ...]]]:
    if type(widths) is not list:
        raise InputError(f"widths must be a text or a sequence, got {shown(widths)}: write for example (2, range(1, 13), 1)")
    if any(isinstance(entry, int) for entry in widths):
        return [[parse_numbers(entry, "widths") for entry in widths]]
    several = dict.fromkeys(found for entry in widths for found in parse_width_grid(entry))
    return [[(n,) for n in found] for found in several]


def _pattern(text: str) -> list[tuple[int, ...]]:
    parts = re.findall(r"\{([^{}]*)\}|(\d+)|(-)|(.)", text)
    tokens = [braces or number for braces, number, dash, other in parts if not dash and not other]
    shape = "".join("-" if dash else "x" if not other else "?" for _, _, dash, other in parts)
    if not re.fullmatch(r"x(-x)+", shape):
        raise InputError(f"widths must look like 2-{{1..12}}-1 or 2-2-1, got {shown(text)}: join whole numbers, or lists in braces, by '-'")
    return [parse_numbers(token, "widths") for token in tokens]
