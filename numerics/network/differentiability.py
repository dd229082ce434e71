"""Whether the derivatives of a network exist at a point, or all over a box."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import fmpq

from lossproof.numerics.fields.field import Array, exact_kinks, in_field, lies_above
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.fields.roomy import RoomyBallField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.exact_work import argument_work
from lossproof.numerics.network.pass_limits import STEP, constants_in
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.limits import SIGN_PRECISION, constants_work, pass_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

_PRECISIONS = (64, 256, SIGN_PRECISION - 64)


def formal_rigor(problem: Problem, weights: Weights) -> Rigor:
    """Return the rigor of an identity of formal polynomials at a point: BALL where balls tell on which side of a kink an irrational z lies, else EXACT.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "tanh", "relu")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[2]], [[0]]))
    >>> [formal_rigor(problem, Weights.of(a, [([[w]], [0]), ([[1]], [1])])).value for w in (0, 1)]
    ['EXACT', 'BALL']
    """
    kinked = problem.architecture.kinked_layers(2)
    if not kinked:
        return Rigor.EXACT
    field = FormalField()
    try:
        z = evaluate(problem.architecture, problem.samples, weights, field).z
        exact = all(isinstance(entry, fmpq) for l in kinked for entry in z[l].flat)
    except (NotInField, NotDifferentiable):
        return Rigor.BALL
    return Rigor.EXACT if exact else Rigor.BALL


def derivatives_exist(problem: Problem, weights: Weights, radius: Fraction, order: int) -> Rigor | None:
    r"""Return the rigor with which every activation is seen to be differentiable ``order`` times (1 or 2) at every z, for all weights within a radius.

    EXACT if no activation has a kink, or if all z up to the last layer with one are rational; BALL if balls of less than 1024 bits tell them all from the
    kinks, with a radius twice as large; None if one is at a kink, cannot be told from it, or lies in a pass too large for a certificate.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1", output_activation="relu")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[2]], [[0]]))
    >>> at = lambda bias, radius: derivatives_exist(problem, Weights.of(a, [([[1]], [bias])]), Fraction(radius), 1)
    >>> at(-3, 0), at(-3, "1/8"), at(-2, 0)
    (<Rigor.EXACT: 'EXACT'>, <Rigor.BALL: 'BALL'>, None)
    """
    a = problem.architecture
    concerned = a.kinked_layers(order)
    if not concerned:
        return Rigor.EXACT

    def moving(z: Array, l: int) -> Array:
        return np.delete(z, samples_at_rest(problem, l), axis=0)

    kinks = {l: [place for _, place in exact_kinks(a.activation_of(l), order)] for l in concerned}
    if radius == 0 and weights.is_rational() and all(a.activation_of(l).rational.holds for l in range(1, concerned[-1])):
        if pass_work(a.widths, problem.T, 0) > STEP:
            return None
        evaluation = evaluate(a, problem.samples, weights, RationalField())
        apart = in_field(lambda: all(entry != k for l in concerned for k in kinks[l] for entry in moving(evaluation.z[l], l).flat))
        return Rigor.EXACT if apart and argument_work(evaluation, concerned[-1]).is_allowed else None
    if pass_work(a.widths, problem.T, SIGN_PRECISION) + constants_work(constants_in(weights), SIGN_PRECISION) > STEP:
        return None
    for bits in _PRECISIONS:
        z = evaluate_box(problem, weights, RoomyBallField(bits), 2 * radius).z
        with ball_precision(bits):
            if all(lies_above(entry, k) is not None for l in concerned for k in kinks[l] for entry in moving(z[l], l).flat):
                return Rigor.BALL
    return None
