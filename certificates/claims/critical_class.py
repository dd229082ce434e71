"""Classes of critical points for other reasons than the signs of the Hessian: inactive layers, cells, best fits of a rank, and curves of descent."""

from __future__ import annotations

from typing import Any

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided
from lossproof.certificates.proof.places import Point, point_near, radius_of
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.numerics.critical.cells import is_least_in_cell
from lossproof.numerics.critical.exact import has_rational_sides, inactive_layer
from lossproof.numerics.critical.rank_fit import rank_fit
from lossproof.numerics.curves.descent import DescentCurve, descent_curve
from lossproof.numerics.curves.one_sided import one_sided_descent
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor

_PRECISION = 128
_DESCENT_PARAMETERS = 60


def near(stationary: Claim) -> dict[str, Any]:
    """Return the fact of how far a critical point may lie from its point."""
    return {"radius": radius_of(stationary.place)}


def inactive(context: ProofContext, stationary: Claim) -> Claim | None:
    """Claim a local minimum where all units of a layer are inactive; None where none is seen."""
    problem, a, place = context.problem, context.problem.architecture, stationary.place
    layer = inactive_layer(problem, place.weights, _PRECISION) if isinstance(place, Point) else None
    moves = a.biases[-1] == "trainable" and (problem.decay is None or problem.decay.layers[-1][1] == 0)
    free = layer is not None and (moves or layer == a.L - 1)
    still = layer is not None and layer >= a.trained[-1]
    if layer is None or not (still or (free and a.output_activation.is_identity and problem.error.convex.holds)):
        return None
    reason = (
        f"All units of hidden layer {layer} are inactive at all samples, "
        + (
            "and all layers behind it are frozen, so no small change of the weights changes the outputs: a local minimum."
            if still
            else "so no small change makes the output depend on the input; the constant it gives is the best of those near it: a local minimum, not a "
            "strict one."
        )
        if layer < a.L
        else "All outputs lie where their activation is constant, at all samples, so no small change of the weights changes the loss: a local minimum."
    )
    evidence = {"layer": layer, "precision": _PRECISION}
    return decided("local-minimum", place, reason, "dead-layer", stationary, facts=near(stationary), evidence=evidence, own=Rigor.BALL)


def least_in_cell(context: ProofContext, stationary: Claim) -> Claim | None:
    """Claim a local minimum of a cell, in which every hidden unit keeps its affine piece at every sample; None where none is seen."""
    place, point = stationary.place, point_near(stationary.place)
    if point is None or not is_least_in_cell(context.problem, point.weights, radius_of(place), 3 * _PRECISION // 4):
        return None
    reason = (
        "Every unit of the trainable layer, and behind it, keeps its affine piece at every sample near it, so J is a convex function of the trainable weights "
        "there, all of whose derivatives vanish: a local minimum."
        if context.problem.architecture.frozen
        else "Every hidden unit keeps its affine piece at every sample near it, so the output is affine in products of weights; J is a convex function of "
        "these, whose derivatives all vanish, as the output weights leave none out, or the gradients of the errors cancel: a local minimum."
        if context.problem.decay is None
        else "Every hidden unit keeps its slope at every sample near it, so the output is linear in sums of products of weights; the penalty is no less than "
        "the nuclear norms of these sums, and is these here, and J with them is convex and least here: a local minimum."
    )
    evidence, facts = {"precision": _PRECISION}, near(stationary)
    return decided("local-minimum", place, reason, "cell-minimum", stationary, facts=facts, evidence=evidence, own=Rigor.BALL)


def best_of_its_rank(context: ProofContext, stationary: Claim) -> Claim | None:
    """Claim a minimum where the outputs are a best fit of their rank, for linear layers a global one; None where they are not seen to be."""
    place = stationary.place
    found = rank_fit(context.problem, place.weights) if isinstance(place, Point) else None
    if found is None or not all(is_writable(q) for table in (found.offsets, found.rest, [[found.level]]) for row in table for q in row):
        return None
    reason = (
        "All layers are linear, and the outputs are the best fit of the targets by matrices of their rank: a global minimum (Eckart and Young)."
        if found.everywhere
        else "Every hidden unit keeps its affine piece at every sample near it, and what the units with equal slopes add to the output is, beside all that the "
        "others can add, the best fit of its rank: a local minimum (Eckart and Young)."
    )
    evidence = {
        "units": list(found.units),
        "offsets": [[rational_text(q) for q in row] for row in found.offsets],
        "rest": [[rational_text(q) for q in row] for row in found.rest],
        "between": rational_text(found.level),
    }
    name = "global" if found.everywhere else "local-minimum"
    return decided(name, place, reason, "eckart-young", facts=near(stationary), evidence=evidence, own=Rigor.EXACT)


def descent(context: ProofContext, stationary: Claim, inertia: Claim | None) -> Claim | None:
    """Claim a curve along which the loss falls from a point, or where there is no Hessian a line on one side; None where none is found."""
    problem, place = context.problem, stationary.place
    n, smooth = problem.architecture.N_net, context.differentiable(place, 2)
    if smooth is None and n <= _DESCENT_PARAMETERS:
        return _one_sided_descent(context, stationary)
    positive = inertia is not None and inertia.facts["positive"] == n
    if not isinstance(place, Point) or smooth is None or positive or n > _DESCENT_PARAMETERS:
        return None
    point = place
    curve = context.once("descent", point, lambda: _curve_at(context, point))
    if curve is None or not all(is_writable(x) for _, vector in curve.terms for x in vector):
        return None
    facts = {"order": curve.order, "coefficient": curve.coefficient, **near(stationary)}
    reason = (
        f"Along a curve W(t) the loss changes by c t^{curve.order} + …, with c at most {decimal_above(curve.coefficient)}, and all lower "
        "coefficients are exactly 0: no local minimum, although the Hessian does not show it."
    )
    evidence = {
        "curve": [[k, [rational_text(x) for x in vector]] for k, vector in curve.terms],
        "order": curve.order,
        "coefficient": curve.coefficient,
    }
    own = context.formal_rigor(place) if curve.exact else Rigor.BALL
    return decided("higher-order-descent", place, reason, "descent", stationary, facts=facts, evidence=evidence, own=own)


def _one_sided_descent(context: ProofContext, stationary: Claim) -> Claim | None:
    place = stationary.place
    if not isinstance(place, Point):
        return None
    found = one_sided_descent(context.problem, place.weights)
    if found is None or not all(is_writable(x) for x in (found.coefficient, *found.direction)):
        return None
    facts = {"order": 2, "coefficient": found.coefficient, **near(stationary)}
    reason = (
        f"Along a direction the loss changes by c t² + …, with c = {decimal_above(found.coefficient)}, for small t > 0: no local minimum, although there is no "
        "Hessian, as a second derivative jumps at a z that is met."
    )
    evidence = {"curve": [[1, [rational_text(x) for x in found.direction]]], "order": 2, "coefficient": found.coefficient}
    own = context.formal_rigor(place)
    return decided("higher-order-descent", place, reason, "descent", stationary, facts=facts, evidence=evidence, own=own)


def _curve_at(context: ProofContext, point: Point) -> DescentCurve | None:
    if not has_rational_sides(context.problem, point.weights):
        return None
    try:
        return descent_curve(context.problem, point.weights, context.seed)
    except NotDifferentiable:
        return None
