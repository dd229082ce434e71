"""Weights for a report that come from training: the search for an exact learner before the proof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossproof.certificates.inputs.training_size import check_training_size
from lossproof.certificates.proof.context import Progress
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.weight_vectors import float_layers, weights_of_layers
from lossproof.numerics.training.least_squares import fit_with_gram, hold_for_fit
from lossproof.theory.exceptions import InputError
from lossproof.theory.options import option
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_FACTORISATIONS = 60


def require_doubles(problem: Problem, start: Weights, advice: str) -> None:
    """Raise `InputError` unless every number that training in doubles meets at its start has a double."""
    found = beyond_doubles(problem, start)
    if found is not None:
        raise InputError(f"training in double precision must have numbers within its range, got one that is not ({found}): {advice}")


@dataclass(frozen=True)
class LearnerFit:
    """The weights reached, and the largest difference between an output and its target there, in doubles."""

    weights: Weights
    residual: float

    @property
    def note(self) -> str:
        """What a report says about them."""
        return (
            f"The weights of point 0 were found by training (Levenberg-Marquardt); the largest residual there is about {self.residual:.1e}. "
            "What is claimed about them is proved apart from the training."
        )


def find_exact_learner(problem: Problem, start: Weights, progress: Progress | None, max_memory: float | None = None) -> LearnerFit:
    """Train towards an exact learner with at most 60 factorisations.

    Raises `InputError` for a cross-entropy, for numbers that have no double, for systems that are too large or need more than ``max_memory`` GiB, and where
    training meets a kink or overflows.
    """
    if problem.error.is_cross_entropy:
        raise InputError(
            f"{option('find_weights')} must have an error that is a function of the residuals, got {problem.error.name}: "
            "give weights from lossproof train instead"
        )
    require_doubles(problem, start, "scale the problem, or leave out find_weights")
    check_training_size(problem, "lm", max_memory)
    steps = 0

    def report(residual: float) -> None:
        nonlocal steps
        steps += 1
        if progress is not None:
            progress(f"training, largest residual {residual:.1e}", min(steps, _FACTORISATIONS), _FACTORISATIONS)

    fit = fit_with_gram(problem, float_layers(start), _FACTORISATIONS, hold_output=hold_for_fit(problem), report=report)
    if fit is None or not all(np.isfinite(part).all() for pair in fit.layers for part in pair):
        raise InputError("training must stay where the derivatives exist, got a kink or an overflow: try another seed, or give weights")
    return LearnerFit(weights_of_layers(problem, fit.layers), fit.residual)
