"""Training a network by one of five methods, in doubles: estimates, which prove nothing by themselves."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.network.weight_vectors import weights_of_layers
from lossproof.numerics.training.gauss_newton import GaussNewton
from lossproof.numerics.training.gradient_descent import Backpropagation
from lossproof.numerics.training.lbfgs import run_lbfgs
from lossproof.numerics.training.levenberg_marquardt import LevenbergMarquardt
from lossproof.numerics.training.newton import Newton
from lossproof.numerics.training.point import TrainingPoint, training_point
from lossproof.numerics.training.records import Training
from lossproof.numerics.training.run import TrainingRun
from lossproof.numerics.training.settings import Optimiser, Settings, Stop
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights


def run_training(problem: Problem, start: Weights, settings: Settings) -> Training:
    """Train from the given weights; equal input gives equal results.

    Ctrl-C ends the run and returns what was reached, with ``interrupted`` set; a kink, where derivatives do not exist, ends it with its reason. Where the
    weights leave the range of doubles the last finite ones are returned. Every number of the problem and of ``start`` must have a double (`beyond_doubles`).

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1", "identity")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[0], [1]], [[1], [3]]))
    >>> training = run_training(problem, Weights.of(a, [([[0]], [0])]), Settings("ggn"))
    >>> training.history.iterations, training.converged, [part.round(9).tolist() for part in training.arrays[0]]
    (1, True, [[[2.0]], [1.0]])
    """
    run = TrainingRun(settings)
    first = training_point(problem, start)
    with np.errstate(all="ignore"), threads_for(problem.T * problem.architecture.N_net):
        stop = _ended(run, first)
        history = run.history()
    weights = weights_of_layers(problem, (run.reached or first).layers)
    return Training(weights, history, settings.method, stop.converged, stop.reason, interrupted=stop.interrupted)


def _ended(run: TrainingRun, first: TrainingPoint) -> Stop:
    try:
        run.add(first)
        stop = run.stop()
        if stop is not None:
            return stop
        return run_lbfgs(run, first) if run.settings.method == "lbfgs" else _iterate(run, first, _optimiser(run.settings))
    except KeyboardInterrupt:
        return Stop("interrupted", interrupted=True)
    except NotDifferentiable as kink:
        return Stop(f"stopped at a kink: {kink}")


def _iterate(run: TrainingRun, point: TrainingPoint, optimiser: Optimiser) -> Stop:
    while True:
        move = optimiser.advance(point)
        if isinstance(move, Stop):
            return move
        point = move.point
        run.add(point, move.norm, move.damping, shortened=move.shortened)
        stop = run.stop()
        if stop is not None:
            return stop


def _optimiser(settings: Settings) -> Optimiser:
    if settings.method == "lm":
        return LevenbergMarquardt(settings.damping, hold_output=settings.hold_output)
    if settings.method == "newton":
        return Newton(settings.damping)
    return Backpropagation(settings.step) if settings.method == "bp" else GaussNewton(settings.damping, hold_output=settings.hold_output)
