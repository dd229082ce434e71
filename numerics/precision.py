"""The one place where the working precision of ball arithmetic is set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flint import ctx

LEAST_BITS = 2
MOST_BITS = 1_048_576


@contextmanager
def ball_precision(bits: int) -> Iterator[int]:
    """Set the precision of all Arb operations within the block to ``bits`` and restore the former one afterwards.

    The setting belongs to the whole process: do not leave the block open across threads. Raises `ValueError` unless
    ``2 ≤ bits ≤ 1,048,576``.

    >>> from flint import arb
    >>> with ball_precision(200):
    ...     (arb(1) / 3).rel_accuracy_bits() > 190
    True
    """
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise ValueError(f"a precision must lie between {LEAST_BITS} and {MOST_BITS} bits, got {bits}: choose another one")
    before = ctx.prec
    ctx.prec = bits
    try:
        yield bits
    finally:
        ctx.prec = before
