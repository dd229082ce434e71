r"""Curves along which the loss provably descends from a critical point that its Hessian does not decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import isfinite
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.curves.fields import BallSeries, FloatSeries, FormalSeries
from lossproof.numerics.curves.loss_series import Terms, curve_array, expand_loss, taylor_coefficients
from lossproof.numerics.curves.reduction import reduce_loss
from lossproof.numerics.curves.search import kernel_curves, negative_direction
from lossproof.numerics.curves.series_work import series_is_allowed
from lossproof.numerics.fields.field import Array, KinkInBall
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.numerics.fields.precision import LARGEST_EXPONENT
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import Evaluation, evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import output_residuals
from lossproof.numerics.network.outputs import precisions
from lossproof.numerics.network.pass_limits import constants_in, precision_within
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.theory.exceptions import InputError, NotDifferentiable, NotInField
from lossproof.theory.limits import MAX_ORDER, MAX_STEP_WORK, constants_work, series_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import is_writable, rational_written

_LEAST_ORDER = 2
_MOST_PROOFS = 24
_FORMAL_WORK = 100_000
_MOST_WEIGHTS = 1000
_FORMAL_TERMS = 500_000
_MOST_PRECISION = 1024
_ACCURACY = 16
_SHORT_BITS = 8


@dataclass(frozen=True)
class DescentCurve:
    r"""A curve ``W(t) = W + Σ_k t^k δ_k`` with ``J(W(t)) − J(W) = c t^m + O(t^{m+1})``, ``c ≤ coefficient < 0``.

    - ``terms``: the pairs ``(k, δ_k)`` with increasing ``k``; ``δ_k`` has ``N_net`` rational entries in the order of the rows of ``P``;
    - ``order``: ``m``, the coefficients of ``t^1 .. t^{m−1}`` vanish formally;
    - ``coefficient``: about ``c/2``, so that wider balls than those here prove the same;
    - ``precision``: the bits of the balls that proved it;
    - ``exact``: whether ``c`` is formally rational.
    """

    terms: tuple[tuple[int, tuple[Fraction, ...]], ...]
    order: int
    coefficient: Fraction
    precision: int
    exact: bool


def descent_curve(problem: Problem, weights: Weights, seed: int = 0, *, max_order: int = 12) -> DescentCurve | None:
    r"""Return a curve of proved descent from an exactly critical point, or None.

    The caller knows that ``∇J(W) = 0`` formally. Curves are sought in doubles among those whose first direction has negative curvature or
    lies in the rational kernel of the Hessian; each candidate is then proved: the coefficients of ``t^1 .. t^{m−1}`` vanish as formal
    polynomials, and a ball encloses that of ``t^m`` below 0. So no answer depends on a float, and a curve means that ``W`` is no local
    minimum. None means nothing: there may be no descent (a local minimum), none found within the budget of curves, none with rational
    entries or of order up to ``max_order``; activations may not be smooth at a ``z`` met here; formal polynomials may not suffice, or cost
    too much (``T N_net > 10^5``, ``N_net > 1000``). The budget counts curves and 24 proofs, not seconds: the same input gives the same curve.

    Raises `InputError` unless ``2 ≤ max_order ≤ 24``. Statement `higher-order-descent`.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1-1", "identity", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[1]]))  # J = (uvw − 1)²/2
    >>> curve = descent_curve(problem, Weights.of(a, [([[0]], None)] * 3))
    >>> curve.order, [(k, [str(x) for x in vector]) for k, vector in curve.terms]
    (3, [(1, ['1', '1', '1'])])
    """
    if not _LEAST_ORDER <= max_order <= MAX_ORDER:
        raise InputError(
            f"the order of descent must lie between {_LEAST_ORDER} and {MAX_ORDER}, got {max_order}: choose max_order in this range"
        )
    N_net = problem.architecture.N_net
    if problem.T * N_net > _FORMAL_WORK or N_net > _MOST_WEIGHTS:
        return None
    try:
        evaluation = evaluate(problem.architecture, problem.samples, weights, FormalSeries())
        if _is_globally_minimal(problem, evaluation):
            return None
        with np.errstate(all="ignore"):
            for order, terms in islice(_candidates(problem, weights, evaluation, seed, max_order), _MOST_PROOFS):
                found = proved_descent(problem, weights, terms, order)
                if found is not None:
                    return found
    except (NotDifferentiable, NotInField):
        return None
    return None


def proved_descent(problem: Problem, weights: Weights, terms: Terms, order: int) -> DescentCurve | None:
    r"""Return the curve with its proof if the first coefficient up to ``t^order`` that is not formally 0 is certainly negative, else None.

    None also where that of ``t`` is not 0, as the point is then not critical, and where a checker would count more than the work of a step. The precision
    doubles from 64 to 1024 bits until the ball has 16 accurate bits. Raises `NotDifferentiable` and `NotInField` as `expand_loss` does over formal polynomials.
    """
    expansion = expand_loss(problem, weights, FormalSeries(), order)
    curves = curve_array(problem, terms, order, expansion.field)
    formal = [expansion.field.embed(entry) for entry in expansion.loss(curves, order)[:, 0]]
    first = next((k for k, c in enumerate(formal) if c != 0), None)
    if first is None or first < _LEAST_ORDER or not series_is_allowed(expansion, curves, first):
        return None
    for precision in precisions(_highest_precision(problem, weights, first)):
        try:
            ball = taylor_coefficients(problem, weights, terms, first, BallSeries(precision))[first]
        except KinkInBall:
            continue
        if ball.rel_accuracy_bits() >= _ACCURACY and arb(2) ** -LARGEST_EXPONENT < abs(ball) < arb(2) ** LARGEST_EXPONENT:
            kept = tuple((k, tuple(vector)) for k, vector in terms if k <= first)
            exact = isinstance(formal[first], fmpq)
            return DescentCurve(kept, first, _half(formal[first], ball), precision, exact) if ball < 0 else None
    return None


def _highest_precision(problem: Problem, weights: Weights, order: int) -> int:
    """Return the highest precision at which a checker takes the coefficient of ``t^order`` in balls, at most 1024 bits, with half of a step."""
    widths, softmax, constants = problem.architecture.widths, problem.error.family == "softmax", constants_in(weights)

    def work(bits: int) -> int:
        return series_work(widths, problem.T, bits, order, softmax=softmax) + constants_work(constants, bits)

    return precision_within(work, _MOST_PRECISION, MAX_STEP_WORK // 2)


def _candidates(problem: Problem, weights: Weights, evaluation: Evaluation, seed: int, max_order: int) -> Iterator[tuple[int, Terms]]:
    """Yield orders and curves worth a proof: of negative curvature if the Hessian has any, else from its rational kernel."""
    if beyond_doubles(problem, weights) is not None:
        return
    floats = FloatSeries()
    H = hessian(problem, evaluate(problem.architecture, problem.samples, weights, floats))
    if not np.all(np.isfinite(H)):
        return
    formal = hessian(problem, evaluation) if _is_affordable(problem, evaluation) else None
    if formal is not None:
        H[np.array([[entry == 0 for entry in row] for row in formal])] = 0
    downward = negative_direction(H)
    if downward is not None:
        yield downward
    kernel = [] if formal is None else _rational_kernel(formal)
    if kernel:
        expansion = expand_loss(problem, weights, floats, max_order)
        yield from kernel_curves(reduce_loss(expansion, H, kernel), seed, max_order)


def _is_affordable(problem: Problem, evaluation: Evaluation) -> bool:
    """Tell whether the formal Hessian is cheap: a bound of its terms, ``N_net²`` times the symbols met and a quarter of the samples."""
    symbols = len(evaluation.field.table.symbols) if isinstance(evaluation.field, FormalSeries) else 0
    return problem.architecture.N_net**2 * (symbols + problem.T // 4) <= _FORMAL_TERMS


def _rational_kernel(H: Array) -> list[list[Fraction]]:
    """Return rational vectors that span the kernel of a formal matrix; none where an entry has no double for the search among them."""
    evidence = constant_kernel(H, "right")
    vectors = [] if evidence is None else [[rational_written(entry) for entry in vector] for vector in evidence.payload["vectors"]]
    return vectors if all(isfinite(nearest_double(entry)) for vector in vectors for entry in vector) else []


def _is_globally_minimal(problem: Problem, evaluation: Evaluation) -> bool:
    """Tell whether the gradients of the errors vanish formally: each one, or their sum over equal inputs where the error is convex."""
    gradients = output_residuals(problem, evaluation)
    if problem.error.principle_error.holds and all(entry == 0 for entry in gradients.ravel()):
        return True
    sums: dict[tuple[Fraction, ...], Array] = {}
    for x, row in zip(problem.samples.X, gradients, strict=True):
        sums[x] = sums[x] + row if x in sums else row
    return problem.error.convex.holds and all(entry == 0 for row in sums.values() for entry in row)


def _half(coefficient: Any, ball: arb) -> Fraction:
    """Return half a rational coefficient, or, where it is irrational or too long, a short fraction of about half a ball that is certainly negative."""
    half = Fraction(int(coefficient.p), 2 * int(coefficient.q)) if isinstance(coefficient, fmpq) else None
    return half if half is not None and is_writable(half) else short_below_zero(ball)


def short_below_zero(number: fmpq | arb) -> Fraction:
    """Return a short negative fraction, about half of a number or ball that is certainly negative."""
    mantissa, exponent = (int(part) for part in arb(number).abs_lower().man_exp())
    shift = max(mantissa.bit_length() - _SHORT_BITS, 0)
    return -Fraction(mantissa >> shift) * Fraction(2) ** (exponent + shift - 1)
