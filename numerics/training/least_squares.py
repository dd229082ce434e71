"""Levenberg-Marquardt steps solved with ``K = PᵀP``: as many unknowns as equations, whatever ``N_net``.

What comes back is a candidate: that an exact learner lies nearby is proved afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import LayerArrays
from lossproof.numerics.training.large_systems import IterativeSystem
from lossproof.numerics.training.levenberg_marquardt import MOST_WHOLE, LevenbergMarquardt
from lossproof.numerics.training.point import TrainingPoint, training_point
from lossproof.numerics.training.settings import Stop
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem

Report = Callable[[float], None]

_SMALL = 1e-14
_MOST_APPROACHES, _SLOW_STEPS, _QUICK, _CLOSE = 40, 2, 0.7, 0.05
_STALLED, _WINDOW = 0.9, 8


@dataclass(frozen=True)
class GramFit:
    """Weights found by `fit_with_gram`, the largest residual there, and the number of factorisations spent."""

    layers: list[LayerArrays]
    residual: float
    factorisations: int


def fit_with_gram(
    problem: Problem, layers: list[LayerArrays], factorisations: int, *, hold_output: bool = False, report: Report = lambda residual: None
) -> GramFit | None:
    r"""Minimise ``½‖F(W) − Y‖²`` from the given weights by Levenberg-Marquardt steps, whatever the error of the problem.

    The steps are those of `LevenbergMarquardt`, with at most ``factorisations`` Cholesky factorisations. It ends
    when the residuals reach the rounding of doubles, or fall by less than a tenth in eight steps. Only the trainable weights move, and with
    ``hold_output`` only those below the output layer and the output biases. None where the way leads into a kink or out of the range of
    doubles. Beyond 8,000 equations it begins with steps by conjugate gradients, which are not counted. ``report(largest residual)`` is called after every step.

    Why hold them: if the targets of all samples have the same sum, as one-hot targets do, least squares drives the sum of the output
    weights of every hidden unit to 0, where ``P`` loses rank.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1", "identity"), error_named("squared"), Samples.of([[0], [1]], [[1], [3]]))
    >>> fit = fit_with_gram(problem, [(np.zeros((1, 1)), np.zeros(1))], 20)
    >>> fit.residual < 1e-12, fit.layers[0][0].round(9).tolist()
    (True, [[2.0]])
    """
    with np.errstate(all="ignore"):
        try:
            return _fitted(problem, layers, factorisations, hold_output=hold_output, report=report)
        except NotDifferentiable:
            return None


def hold_for_fit(problem: Problem) -> bool:
    """Tell whether the output weights are better held: the targets have an affine relation, and the other weights are at least as many as the equations."""
    return weights_below_output(problem.architecture) >= problem.columns and targets_are_related(problem)


def weights_below_output(architecture: Architecture) -> int:
    """Return the number of trainable weights that are left where ``W_L`` is held: those of the layers below, and the output biases."""
    return architecture.N_net - architecture.widths[architecture.L - 1] * architecture.n_L


def targets_are_related(problem: Problem) -> bool:
    """Tell whether an affine relation holds among the targets of all samples, in doubles."""
    Y = Float64Field().array(problem.samples.Y)
    return int(np.linalg.matrix_rank(np.hstack([Y, np.ones((problem.T, 1))]))) <= problem.architecture.n_L


def _fitted(problem: Problem, layers: list[LayerArrays], factorisations: int, *, hold_output: bool, report: Report) -> GramFit | None:
    point = training_point(replace(problem.without_decay, error=error_named("squared")), layers)
    small = _SMALL * max(1.0, float(np.abs(point.targets).max()))
    if not np.isfinite(point.outputs).all():
        return None
    damping = None
    if problem.columns > MOST_WHOLE:
        point, damping = _approached(point, hold_output=hold_output, report=report)
    method = LevenbergMarquardt(damping, hold_output=hold_output, most_factorisations=factorisations)
    sizes = [float(np.linalg.norm(point.eps))]
    while np.abs(point.eps).max() > small and not _stalled(sizes):
        move = method.advance(point)
        if isinstance(move, Stop):
            break
        point = move.point
        sizes.append(float(np.linalg.norm(point.eps)))
        report(float(np.abs(point.eps).max()))
    return GramFit(point.layers, float(np.abs(point.eps).max()), method.factorisations)


def _approached(point: TrainingPoint, *, hold_output: bool, report: Report) -> tuple[TrainingPoint, float | None]:
    """Go on with steps by conjugate gradients, which cost a hundredth of a factorisation, as long as each takes a good part of the residuals away."""
    method = LevenbergMarquardt(hold_output=hold_output, system=IterativeSystem)
    slow = 0
    for _ in range(_MOST_APPROACHES):
        before = float(np.linalg.norm(point.eps))
        move = method.advance(point)
        if isinstance(move, Stop):
            break
        point = move.point
        report(float(np.abs(point.eps).max()))
        slow = slow + 1 if float(np.linalg.norm(point.eps)) > _QUICK * before else 0
        if slow >= _SLOW_STEPS or float(np.abs(point.eps).max()) < _CLOSE:
            break
    return point, method.damping


def _stalled(sizes: list[float]) -> bool:
    return len(sizes) > _WINDOW and not sizes[-1] < _STALLED * sizes[-1 - _WINDOW]
