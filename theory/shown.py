"""A value in an error message: short and on one line."""

from __future__ import annotations

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_MOST_BITS = 200
_LONGEST = 60


def shown(value: object) -> str:
    """Return a plain value as it is written, cut after 60 characters, and of anything else its type.

    >>> shown(0.5), shown("1/0"), shown([1, 2]), shown(10**5000)
    ('0.5', "'1/0'", 'a list', 'a whole number of 16610 bits')
    """
    kind = type(value)
    if kind not in _PLAIN:
        article = "an" if kind.__name__[:1].lower() in "aeiou" else "a"
        return f"{article} {kind.__name__}"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a whole number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
