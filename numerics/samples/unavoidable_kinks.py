"""Kinks of activations that a sample meets whatever the weights."""

from __future__ import annotations

from lossproof.numerics.samples.orbits import value_at_zero
from lossproof.theory.problem.problem import Problem


def unavoidable_kink(problem: Problem) -> tuple[int, int] | None:
    """Return a sample and a layer in which some ``z`` is a kink, a place without a derivative, for all weights; None where none is known.

    At the input 0 the first layer has ``z = 0`` without bias, and its fixed bias otherwise, whatever ``W_1``; where all its ``φ`` are 0, so has the next.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> samples = Samples.of([[1], [0]], [0, 1])
    >>> [unavoidable_kink(Problem(Architecture.of("1-2-1", *names, bias="none"), error_named("squared"), samples)) for names in (["relu"], ["tanh", "relu"])]
    [(1, 1), (1, 2)]
    """
    a, T = problem.architecture, problem.T
    silent = next((i for i in range(T) if not any(problem.samples.X[i])), None)
    if silent is None:
        return None
    for l in range(1, a.L + 1):
        z = problem.constants(l)
        if z is None:
            return None
        if any(value in a.activation_of(l).kinks(1) for value in z):
            return silent, l
        if any(z) or value_at_zero(a.activation_of(l)) != 0:
            return None
    return None
