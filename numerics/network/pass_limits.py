"""How precise the balls may be in which a certificate asks for a pass: the bounds of ``theory/limits.py``, minded where claims are made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from lossproof.theory.limits import MAX_STEP_WORK, PRECISIONS, error_work, pass_work
from lossproof.theory.problem.problem import Problem


def precision_within(work: Callable[[int], int], cap: int, most: int = MAX_STEP_WORK) -> int:
    """Return the highest precision in bits, at most ``cap``, at which the work is at most ``most``; 0 where no precision of a certificate is low enough.

    ``work(bits)`` must not fall.

    >>> precision_within(lambda bits: bits**2, 1024, 10**5), precision_within(lambda bits: bits**2, 1024, 10**3)
    (316, 0)
    """
    least = PRECISIONS[0]
    bits = least - 1 + bisect_right(range(least, min(cap, PRECISIONS[1]) + 1), most, key=work)
    return bits if bits >= least else 0


def forward_precision(problem: Problem, cap: int) -> int:
    """Return the highest precision in bits, at most ``cap``, at which a certificate may ask for a forward pass and the errors; 0 where it may not at all."""
    widths, T, softmax = problem.architecture.widths, problem.T, problem.error.family == "softmax"
    return precision_within(lambda bits: pass_work(widths, T, bits) + error_work(widths[-1], T, bits, softmax=softmax), cap)
