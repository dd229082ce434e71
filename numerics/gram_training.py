"""Levenberg-Marquardt steps solved with ``K = PᵀP``: as many unknowns as equations, whatever ``N_net``.

What comes back is a candidate: that an exact learner lies nearby is proved afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lossproof.numerics.network import LayerArrays
from lossproof.numerics.optimiser_lm import LevenbergMarquardt
from lossproof.numerics.training_point import training_point
from lossproof.numerics.training_settings import Stop
from lossproof.theory.error_functions import error_named
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem import Problem

_SMALL = 1e-14
_STALLED, _WINDOW = 0.9, 8


@dataclass(frozen=True)
class GramFit:
    """Weights found by `fit_with_gram`, the largest residual there, and the number of factorisations spent."""

    layers: list[LayerArrays]
    residual: float
    factorisations: int


def fit_with_gram(problem: Problem, layers: list[LayerArrays], factorisations: int, *, hold_output: bool = False) -> GramFit | None:
    r"""Minimise ``½‖F(W) − Y‖²`` from the given weights by Levenberg-Marquardt steps, whatever the error of the problem.

    The steps are those of `LevenbergMarquardt`, with at most ``factorisations`` Cholesky factorisations. It ends
    when the residuals reach the rounding of doubles, or fall by less than a tenth in eight steps. Only the trainable weights move, and with
    ``hold_output`` only those below the output layer and the output biases. None where the way leads into a kink or out of the range of
    doubles.

    Why hold them: if the targets of all samples have the same sum, as one-hot targets do, least squares drives the sum of the output
    weights of every hidden unit to 0, where ``P`` loses rank.

    >>> from lossproof.theory.architecture import Architecture
    >>> from lossproof.theory.error_functions import error_named
    >>> from lossproof.theory.samples import Samples
    >>> problem = Problem(Architecture.of("1-1", "identity"), error_named("squared"), Samples.of([[0], [1]], [[1], [3]]))
    >>> fit = fit_with_gram(problem, [(np.zeros((1, 1)), np.zeros(1))], 20)
    >>> fit.residual < 1e-12, fit.layers[0][0].round(9).tolist()
    (True, [[2.0]])
    """
    with np.errstate(all="ignore"):
        try:
            return _fitted(problem, layers, factorisations, hold_output=hold_output)
        except NotDifferentiable:
            return None


def _fitted(problem: Problem, layers: list[LayerArrays], factorisations: int, *, hold_output: bool) -> GramFit | None:
    point = training_point(replace(problem, error=error_named("squared")), layers)
    small = _SMALL * max(1.0, float(np.abs(point.targets).max()))
    if not np.isfinite(point.outputs).all():
        return None
    method = LevenbergMarquardt(hold_output=hold_output, most_factorisations=factorisations)
    sizes = [float(np.linalg.norm(point.eps))]
    while np.abs(point.eps).max() > small and not _stalled(sizes):
        move = method.advance(point)
        if isinstance(move, Stop):
            break
        point = move.point
        sizes.append(float(np.linalg.norm(point.eps)))
    return GramFit(point.layers, float(np.abs(point.eps).max()), method.factorisations)


def _stalled(sizes: list[float]) -> bool:
    return len(sizes) > _WINDOW and not sizes[-1] < _STALLED * sizes[-1 - _WINDOW]
