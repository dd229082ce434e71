"""The singular values of ``P`` in plain float64, to look at."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.estimates import singular_values
from lossproof.numerics.float64_field import Float64Field
from lossproof.numerics.jacobian import jacobian
from lossproof.numerics.network import evaluate
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem import Problem
from lossproof.theory.weights import Weights

_LARGEST = 1_000_000


def is_costly(problem: Problem) -> bool:
    """Tell whether ``P`` has more than a million entries, too many for a picture."""
    return problem.architecture.N_net * problem.columns > _LARGEST


def jacobian_spectrum(problem: Problem, weights: Weights) -> tuple[float, ...]:
    """Return the singular values of ``P(W)``, largest first: an estimate that decides nothing.

    Empty where ``P`` does not exist, leaves the range of doubles, or `is_costly`.
    """
    if is_costly(problem):
        return ()
    try:
        P = jacobian(evaluate(problem.architecture, problem.samples, weights, Float64Field()))
    except NotDifferentiable:
        return ()
    return singular_values(P).value if np.all(np.isfinite(P)) else ()
