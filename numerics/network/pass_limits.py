"""How precise the balls may be in which a certificate asks for a pass: the bounds of ``theory/limits.py``, minded where claims are made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from lossproof.theory.limits import MAX_STEP_WORK, PRECISIONS, constants_work, error_work, pass_work
from lossproof.theory.problem.numbers import Combination
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

STEP = MAX_STEP_WORK * 9 // 10
"""The work of a step but a tenth, which is for all that is counted besides passes and eliminations."""


def precision_within(work: Callable[[int], int], cap: int, most: int = STEP) -> int:
    """Return the highest precision in bits, at most ``cap``, at which the work is at most ``most``; 0 where no precision of a certificate is low enough.

    ``work(bits)`` must not fall.

    >>> precision_within(lambda bits: bits**2, 1024, 10**5), precision_within(lambda bits: bits**2, 1024, 10**3)
    (316, 0)
    """
    least = PRECISIONS[0]
    bits = least - 1 + bisect_right(range(least, min(cap, PRECISIONS[1]) + 1), most, key=work)
    return bits if bits >= least else 0


def forward_precision(problem: Problem, cap: int, weights: Weights | None = None) -> int:
    """Return the highest precision in bits, at most ``cap``, at which a certificate may ask for a forward pass and the errors; 0 where it may not at all.

    Weights with constants such as ``log 2`` cost more than others, which counts where they are given.
    """
    constants = 0 if weights is None else constants_in(weights)
    return precision_within(lambda bits: forward_work(problem, bits) + constants_work(constants, bits), cap)


def forward_work(problem: Problem, bits: int) -> int:
    """Return the work of a pass forward and of the errors or their gradients, at rational weights."""
    widths, T, softmax = problem.architecture.widths, problem.T, problem.error.family == "softmax"
    return pass_work(widths, T, bits) + error_work(widths[-1], T, bits, softmax=softmax)


def constants_in(weights: Weights) -> int:
    """Return how many constants, such as ``log 2``, the weights and biases hold."""
    numbers = (x for layer in weights.layers for row in (*layer.W, layer.b) for x in row)
    return sum(len(x.terms) for x in numbers if isinstance(x, Combination))
