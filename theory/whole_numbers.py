"""Reading whole numbers with limits."""

from __future__ import annotations

import operator

from lossproof.theory.exceptions import InputError


def whole(name: str, value: object, lowest: int, highest: int | None = None) -> int:
    """Return ``value`` as an ``int`` between ``lowest`` and ``highest`` (both allowed). Raises `InputError`.

    >>> whole("T", 4, 1)
    4
    >>> whole("rank", 5, 0, 4)
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: rank must be a whole number from 0 to 4, got 5: check the shapes of the matrices behind it
    """
    limits = f"at least {lowest}" if highest is None else f"from {lowest} to {highest}"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < lowest or (highest is not None and number > highest):
        raise InputError(f"{name} must be a whole number {limits}, got {value!r}: check the shapes of the matrices behind it")
    return number
