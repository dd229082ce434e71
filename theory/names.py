"""Suggesting the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest_name(given: object, known: Iterable[str]) -> str:
    """Return ``": did you mean 'tanh'?"``, or a list of the known names when none is near.

    >>> nearest_name("tahn", ["tanh", "sigmoid"])
    ": did you mean 'tanh'?"
    """
    names = list(known)
    text = given.lower().replace("_", "-") if isinstance(given, str) else ""
    close = difflib.get_close_matches(text, names, n=1, cutoff=0.6)
    if close:
        return f": did you mean {close[0]!r}?"
    return f": choose one of {', '.join(names)}"
