"""A network whose weights range over a box: exact weights as balls, chosen ones with a radius."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import arb

from lossproof.numerics.fields.ball import BallField, ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.evaluation import Evaluation, evaluate
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights


def evaluate_box(
    problem: Problem, weights: Weights, field: BallField, radius: Fraction, parameters: Sequence[int] | None = None
) -> Evaluation:
    """Return the pass over the box in which the given parameters (all trainable ones if None) differ from the weights by at most ``radius``.

    Parameters count as rows of ``P``. Every value is an enclosure for all weights of the box; with radius 0 it encloses the value at the point.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1", "identity")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[2]], [[0]]))
    >>> box = evaluate_box(problem, Weights.of(a, [([[1]], [0])]), BallField(64), Fraction(1, 8), [0])
    >>> round(float(box.phi[1][0, 0].lower()), 6), round(float(box.phi[1][0, 0].upper()), 6)
    (1.75, 2.25)
    """
    layers = [(field.array(layer.W), field.array(layer.b)) for layer in weights.layers]
    if radius:
        chosen = range(problem.architecture.N_net) if parameters is None else parameters
        layers = _widened(problem.architecture, layers, field, chosen, radius)
    return evaluate(problem.architecture, field.array(problem.samples.X), layers, field)


def parameter_place(architecture: Architecture, index: int) -> tuple[int, int, int]:
    """Return ``(l, unit, source)`` of a row of ``P``: layer ``l = 1..L``, its unit, and the incoming weight (``n_{l-1}`` for the bias).

    >>> parameter_place(Architecture.of("2-2-1"), 7)
    (2, 0, 1)
    """
    for l in range(1, architecture.L + 1):
        rows = architecture.fan_in(l)
        size = rows * architecture.widths[l]
        if index < size:
            unit, source = divmod(index, rows)
            return l, unit, source
        index -= size
    raise IndexError(f"a parameter must be one of the {architecture.N_net} rows of P, got a larger index: count from 0")


def _widened(
    a: Architecture, layers: list[tuple[Array, Array]], field: BallField, parameters: Sequence[int], radius: Fraction
) -> list[tuple[Array, Array]]:
    ball = arb(0, ball_of(radius).upper())
    boxes = [(W.copy(), b.copy()) for W, b in layers]
    with ball_precision(field.precision):
        for k in parameters:
            l, unit, source = parameter_place(a, k)
            W, b = boxes[l - 1]
            if source < W.shape[0]:
                W[source, unit] = W[source, unit] + ball
            else:
                b[unit] = b[unit] + ball
    return boxes
