"""The columns of a table that are inputs, and those that are targets: chosen by name or number, and named in the report."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_NAMED = 30


def note_on_columns(inputs: Sequence[str] | None, targets: Sequence[str] | None) -> tuple[str, ...]:
    """Return what a report says about columns with names, nothing where there are none.

    >>> note_on_columns(("height", "weight"), ("age",))
    ('The inputs are the columns height, weight. The target is the column age.',)
    """
    parts = [_named(what, names) for what, names in (("input", inputs), ("target", targets)) if names]
    return (" ".join(parts),) if parts else ()


def _named(what: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"The {what} is the column {names[0]}."
    return f"The {what}s are the columns {', '.join(names[:_MOST_NAMED])}{', …' if len(names) > _MOST_NAMED else ''}."
