"""The rules that bound the loss near a point (section 6), each with its proof in the docstring: ``loss-bounds`` encloses J at all weights of a box.

The box is ``|W − W_k|_∞ ≤ radius``; by `loss_learner` it is J at one exact learner in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.rings import FormalRing
from lossproof.certificates.kernel.network.boxes import BoxRing, box
from lossproof.certificates.kernel.network.errors import error_ball
from lossproof.certificates.kernel.network.gradient import limit_values
from lossproof.certificates.kernel.network.passes import forward
from lossproof.certificates.kernel.reading.limits import PRECISIONS
from lossproof.certificates.kernel.reading.parse import read_integer, read_rational, require
from lossproof.certificates.kernel.rules.points import AT_THE_POINT, by_rule, conclude, radius_of, stationary
from lossproof.certificates.kernel.rules.step import Result, Step
from lossproof.theory.verdicts import Rigor


def _bounds(lower: fmpq, upper: fmpq, radius: str) -> dict[str, Any]:
    return {"loss_lower": str(lower), "loss_upper": str(upper), "radius": radius}


def _read_bounds(found: Mapping[str, Any]) -> tuple[fmpq, fmpq, int]:
    lower, upper = (read_rational(found[key], f"evidence.{key}") for key in ("loss_lower", "loss_upper"))
    return lower, upper, read_integer(found["precision"], "evidence.precision", *PRECISIONS)


def _require_between(value: Any, lower: fmpq, upper: fmpq, floor: fmpq | None = None) -> None:
    """Demand that a number lies between two bounds; ``floor`` is a lower bound that is known beforehand."""
    require(bool(value >= lower) or (floor is not None and floor >= lower), "evidence.loss_lower", "the loss is not seen to be so large")
    require(bool(value <= upper), "evidence.loss_upper", "the loss is not seen to be so small")


def loss_exact(step: Step) -> Result:
    """Squared error: ``J = (1/2T) Σ r²`` is rational in the formal ring."""
    step.expect(0)
    problem, point = step.problem, step.at_point()
    require(problem.error.family == "squared", "rule", "this needs the squared error")
    output = forward(FormalRing(), problem, point, problem.L)[1][-1]
    residuals = [F - y for row, targets in zip(output, problem.Y, strict=True) for F, y in zip(row, targets, strict=True)]
    value = sum((r * r for r in residuals), fmpq(0)) * fmpq(1, 2 * problem.T)
    require(isinstance(value, fmpq), "conclusion.point", "the loss is not seen to be rational")
    return conclude(step, "loss-bounds", _bounds(value, value, AT_THE_POINT)), Rigor.EXACT


def loss_bounds(step: Step) -> Result:
    """The ball of J over the whole box contains its values at all weights there; no derivative is needed.

    All errors but blake-zisserman are at least 0, so J is, whatever the ball says.
    """
    found = step.expect(0, "radius", "loss_lower", "loss_upper", "precision")
    problem, point = step.problem, step.at_point()
    radius = read_rational(found["radius"], "evidence.radius")
    require(radius >= 0, "evidence.radius", "must not be negative")
    lower, upper, bits = _read_bounds(found)
    limit_values(problem, bits)
    with ball_precision(bits):
        output = forward(BoxRing(), problem, box(problem, point, radius), problem.L, bits)[1][-1]
        total = sum((error_ball(problem, phi, y) for phi, y in zip(output, problem.Y, strict=True)), arb(0))
        _require_between(total / problem.T, lower, upper, floor=None if problem.error.family == "blake-zisserman" else fmpq(0))
    return conclude(step, "loss-bounds", _bounds(lower, upper, str(radius))), Rigor.BALL


def loss_learner(step: Step) -> Result:
    """At the exact learner that premise 0 is about every residual is 0: ``J = n_L e(0)``, which is 0 for the squared and cauchy errors."""
    found = step.expect(1, "loss_lower", "loss_upper", "precision")
    point = stationary(step)
    by_rule(step, 0, "stationary-learner")
    problem = step.problem
    lower, upper, bits = _read_bounds(found)
    with ball_precision(bits):
        exact = problem.error.family in ("squared", "cauchy")
        zeros = np.array([arb(0)] * problem.n_L, dtype=object)
        value = fmpq(0) if exact else error_ball(problem, zeros, (fmpq(0),) * problem.n_L)
        _require_between(value, lower, upper)
    return conclude(step, "loss-bounds", _bounds(lower, upper, radius_of(point))), Rigor.EXACT if exact else Rigor.BALL


LOSS_RULES: Mapping[str, Callable[[Step], Result]] = {
    "loss-exact": loss_exact,
    "loss-bounds": loss_bounds,
    "loss-learner": loss_learner,
}
