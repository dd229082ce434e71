"""Looking for an exact learner by least squares from several seeded starts: steps solved with ``K``, and for small problems trust-region steps, too.

What comes back is a candidate: that an exact learner lies nearby is proved afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import flat_weights, float_layers, layer_arrays, weights_of_layers, weights_of_rows
from lossproof.numerics.training.least_squares import fit_with_gram, hold_for_fit, weights_below_output
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_TOLERANCE = 1e-15
_EVALUATIONS = 150
_BUDGET = 400
_GOOD = 1e-9

MOST_EQUATIONS_WITH_P = 150
"""Up to so many equations SciPy's trust region is tried, too, which decomposes ``P``; beyond, Levenberg-Marquardt steps with ``K`` only."""

MOST_EQUATIONS = 4_000
"""More equations are not trained: one step costs a Cholesky factorisation of that size."""

_FACTORISATIONS_OF_SMALL = 100
_FACTORISATIONS = 60
_FACTORISATIONS_IN_ALL = 120


def exact_learner_candidates(problem: Problem, seed: int, starts: int) -> Iterator[Weights]:
    """Yield weights whose residuals are below ``1e-9``, found by least squares from ``starts`` seeded random points.

    Up to 150 equations Levenberg-Marquardt steps with ``K`` are tried first, at most 100 factorisations a start, and then SciPy's trust region from
    the same starts, at most 150 evaluations of the outputs and their Jacobian each and 400 in all: it is several times slower, and finds some
    learners that are hard to reach. Beyond, and up to 4,000 equations, each start may cost 60 factorisations of ``K``, and all together 120.
    Only the trainable weights move. Starts at which some number has no double (`beyond_doubles`) are left out.
    """
    if problem.columns > MOST_EQUATIONS:
        return
    points = [point for k in range(starts) if beyond_doubles(problem, point := random_weights(problem, seed + k)) is None]
    if not points:
        return
    if problem.columns > MOST_EQUATIONS_WITH_P:
        yield from _candidates_with_gram(problem, points)
        return
    for point in points:
        fit = fit_with_gram(problem, float_layers(point), _FACTORISATIONS_OF_SMALL)
        if fit is not None and fit.residual < _GOOD:
            yield weights_of_layers(problem, fit.layers)
    yield from _candidates_with_P(problem, points)


def learner_from(problem: Problem, start: Weights) -> Weights | None:
    """Return the weights that Levenberg-Marquardt steps reach from given ones, if their residuals are below ``1e-9``, else None."""
    if problem.error.is_cross_entropy or problem.columns > MOST_EQUATIONS or beyond_doubles(problem, start) is not None:
        return None
    fit = fit_with_gram(problem, float_layers(start), _FACTORISATIONS)
    return None if fit is None or not fit.residual < _GOOD else weights_of_layers(problem, fit.layers)


def _candidates_with_P(problem: Problem, starts: list[Weights]) -> Iterator[Weights]:
    spent = 0
    for start in starts:
        if spent >= _BUDGET:
            return
        found = _least_squares(problem, flat_weights(problem, start), min(_EVALUATIONS, _BUDGET - spent))
        if found is None:
            continue
        spent += int(found.nfev)
        if np.all(np.isfinite(found.x)) and np.max(np.abs(found.fun)) < _GOOD:
            yield weights_of_rows(problem, found.x)


def _candidates_with_gram(problem: Problem, starts: list[Weights]) -> Iterator[Weights]:
    """Train with the output weights held and not held by turns, and held first where the targets have an affine relation (see `fit_with_gram`)."""
    enough_below = weights_below_output(problem.architecture) >= problem.columns
    held_first = hold_for_fit(problem)
    spent = 0
    for attempt, start in enumerate(starts):
        if spent >= _FACTORISATIONS_IN_ALL:
            return
        hold = enough_below and held_first == (attempt % 2 == 0)
        found = fit_with_gram(problem, float_layers(start), min(_FACTORISATIONS, _FACTORISATIONS_IN_ALL - spent), hold_output=hold)
        spent += 1 if found is None else found.factorisations
        if found is not None and found.residual < _GOOD:
            yield weights_of_layers(problem, found.layers)


def _least_squares(problem: Problem, start: Array, evaluations: int) -> Any:
    """Run one start; None where the way leads into a kink."""
    from scipy.optimize import least_squares

    inputs, targets = Float64Field().array(problem.samples.X), Float64Field().array(problem.samples.Y)
    try:
        with np.errstate(all="ignore"):
            return least_squares(
                lambda w: _residuals(problem, inputs, w, targets),
                start,
                jac=lambda w: _slopes(problem, inputs, w),
                method="trf",
                ftol=_TOLERANCE,
                xtol=_TOLERANCE,
                gtol=_TOLERANCE,
                max_nfev=evaluations,
            )
    except NotDifferentiable:
        return None


def _residuals(problem: Problem, inputs: Array, flat: Array, targets: Array) -> Array:
    evaluation = evaluate(problem.architecture, inputs, layer_arrays(problem, flat), Float64Field())
    return np.asarray(np.nan_to_num(np.asarray(evaluation.phi[problem.architecture.L] - targets), posinf=1e150, neginf=-1e150)).ravel()


def _slopes(problem: Problem, inputs: Array, flat: Array) -> Array:
    evaluation = evaluate(problem.architecture, inputs, layer_arrays(problem, flat), Float64Field())
    return np.asarray(np.nan_to_num(jacobian(evaluation), posinf=1e150, neginf=-1e150)).T
