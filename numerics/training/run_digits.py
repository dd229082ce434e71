"""The Gauss-Newton iteration at many decimal digits: estimates, whose distances to the limit show the order of convergence."""

from __future__ import annotations

from fractions import Fraction
from time import perf_counter

import mpmath
import numpy as np
from flint import arb

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.weight_vectors import Step, all_entries, weights_of_layers
from lossproof.numerics.training.precise_point import PrecisePoint, figure, length, precise_point, slope_along
from lossproof.numerics.training.precise_step import precise_step
from lossproof.numerics.training.records import History, Training
from lossproof.numerics.training.settings import Settings, Stop
from lossproof.numerics.training.step_halving import HALVINGS, SHARE
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_GUARD_BITS = 32
_LARGEST_DIGITS = 1000
_LARGEST = mpmath.mpf(10) ** _LARGEST_DIGITS
_SMALLEST_EXPONENT = 12_000
_SPARE_DIGITS = 10


def run_precise(problem: Problem, start: Weights, settings: Settings, digits: int) -> Training:
    """Train by ``ggn`` at ``digits`` decimal digits (and 32 bits more), as `run_training` does in doubles.

    The run ends where a step is at most ``tolerance ‖W‖``, by default ``10^{10 − digits} ‖W‖``, so that the last distances show the limit of the
    precision; or by a target loss, at a critical point, at a kink, or after ``max_iterations``. Where the norm of the weights leaves ``10^1000`` the last
    ones below are returned.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1", output_activation="tanh", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[0]]))
    >>> training = run_precise(problem, Weights.of(a, [([["1/4"]], None)]), Settings(tolerance=0.0), 100)
    >>> training.history.log10("distance").round().tolist()  # cubic: w ↦ tanh w is odd
    [-1.0, -2.0, -6.0, -18.0, -56.0, -inf]
    """
    with ball_precision(int(digits * np.log2(10)) + _GUARD_BITS):
        run = _PreciseRun(settings, digits)
        point = precise_point(problem, [(layer.W, layer.b) for layer in start.layers])
        stop = run.walk(point)
        history = run.history()
        weights = weights_of_layers(problem, (run.reached or point).layers, _rational)
    return Training(weights, history, settings.method, stop.converged, stop.reason, interrupted=stop.interrupted)


class _PreciseRun:
    def __init__(self, settings: Settings, digits: int) -> None:
        self.settings, self.digits = settings, digits
        self.reached: PrecisePoint | None = None
        self.tolerance = max(arb(settings.tolerance), arb(10) ** (_SPARE_DIGITS - digits), key=figure)
        self._last = mpmath.mpf("inf")
        self._rows: list[tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf, float]] = []
        self._iterates: list[Array] = []
        self._started = perf_counter()

    def walk(self, point: PrecisePoint) -> Stop:
        try:
            stop = self._add(point, arb(0))
            while stop is None:
                step = precise_step(point, self.settings.damping or 0.0)
                if step is None:
                    return Stop("the error is flat here: it has no curvature at this precision")
                found = self._taken(point, step)
                if isinstance(found, Stop):
                    return found
                point, norm = found
                stop = self._add(point, norm)
        except KeyboardInterrupt:
            return Stop("interrupted", interrupted=True)
        except NotDifferentiable as kink:
            return Stop(f"stopped at a kink: {kink}")
        return stop

    def _taken(self, point: PrecisePoint, step: Step) -> tuple[PrecisePoint, arb] | Stop:
        """Return the point after the step, halved until the loss falls unless a damping was given (see `StepHalving`); if it never does, a cautious one."""
        norm = length(step)
        if self.settings.damping is not None:
            return point.moved(step, arb(1)), norm
        found = self._halved(point, step)
        at_limit = figure(norm) <= mpmath.mpf(10) ** (-self.digits // 2) * figure(length(point.layers))
        if found is None and not at_limit and (cautious := precise_step(point, 0.0, cautious=True)) is not None:
            found = self._halved(point, cautious)
        if found is not None:
            return found
        return Stop(
            "no step lowers the loss any more: what is left is rounding" if at_limit else "no step along this direction lowers the loss",
            at_limit,
        )

    def _halved(self, point: PrecisePoint, step: Step) -> tuple[PrecisePoint, arb] | None:
        norm, factor = length(step), arb(1)
        slope = slope_along(point.descent, step) / point.problem.T
        rounding = abs(point.loss) * 4 * arb(10) ** -self.digits
        hidden = figure(slope + rounding) >= 0
        if figure(slope) >= 0 or (hidden and figure(norm) >= self._last):
            return None
        for _ in range(1 if hidden else HALVINGS):
            tried = point.moved(step, factor)
            change = (tried.loss - point.loss).mid()
            if (figure(change) < 0 and figure(change - slope * factor * SHARE) <= 0) or (hidden and figure(change - rounding) <= 0):
                self._last = figure(norm * factor)
                return tried, (norm * factor).mid()
            factor = (factor / 2).mid()
        return None

    def _add(self, point: PrecisePoint, norm: arb) -> Stop | None:
        if figure(length(point.layers)) <= _LARGEST:
            self.reached = point
        gradient = (length(point.descent) / point.problem.T).mid()
        self._rows.append((figure(point.loss), figure(gradient), figure(norm), perf_counter() - self._started))
        self._iterates.append(all_entries(point.layers))
        done, settings = len(self._rows) - 1, self.settings
        if settings.progress is not None:
            settings.progress(f"training, loss {mpmath.nstr(figure(point.loss), 2)}", done, settings.max_iterations)
        return self._ended(point, gradient, norm, done)

    def _ended(self, point: PrecisePoint, gradient: arb, norm: arb, done: int) -> Stop | None:
        size, loss = length([(point.eps, point.eps[0] * 0)]), figure(point.loss)
        if mpmath.isinf(loss) or not all(entry.is_finite() for entry in self._iterates[-1]):
            return Stop("diverged: the loss is no number")
        if figure(length(point.layers)) > _LARGEST:
            return Stop(f"diverged: the norm of the weights is above 1e{_LARGEST_DIGITS}")
        if self.settings.target_loss is not None and loss <= self.settings.target_loss:
            return Stop(f"the loss {mpmath.nstr(loss, 3)} is at most {self.settings.target_loss:.3g}", converged=True)
        if figure(size) == 0:
            return Stop("every sample is fitted: ∇E is 0 to rounding", converged=True)
        if figure(gradient) <= figure(self.tolerance * size / point.problem.T):
            return Stop(f"critical to rounding, but not exact: loss {mpmath.nstr(loss, 6)}", converged=True)
        if done and figure(norm) <= figure(self.tolerance * length(point.layers)):
            return Stop(f"the last step, {mpmath.nstr(figure(norm), 3)}, is at the rounding of {self.digits} digits", converged=True)
        if done >= self.settings.max_iterations:
            return Stop(f"all {self.settings.max_iterations} iterations are done")
        return None

    def history(self) -> History:
        loss, gradient, norm, seconds = (
            (np.array(column, dtype=object) for column in zip(*self._rows, strict=True)) if self._rows else [np.zeros(0)] * 4
        )
        last = self._iterates[-1] if self._iterates else np.zeros(0)
        distance = np.array([figure(_norm(flat - last)) for flat in self._iterates], dtype=object)
        damping = np.full(len(loss), self.settings.damping or 0.0)
        damping[:1] = 0.0
        size = float(figure(_norm(last)))
        return History(loss, gradient, norm, damping, distance, seconds.astype(float), self.digits, size)


def _norm(flat: Array) -> arb:
    return sum((entry * entry for entry in flat), arb(0)).sqrt()


def _rational(value: arb) -> Fraction:
    """Return the midpoint as a fraction; digits behind ``2^-12000`` are cut off, since a certificate could not hold the number."""
    mantissa, exponent = value.mid().man_exp()
    if exponent < -_SMALLEST_EXPONENT:
        return Fraction(int(mantissa) >> int(-_SMALLEST_EXPONENT - exponent), 1 << _SMALLEST_EXPONENT)
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
