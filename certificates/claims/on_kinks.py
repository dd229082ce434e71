"""Claims about weights at which J may have no gradient, as hidden units are on kinks of their activation."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided
from lossproof.certificates.proof.places import Point, Witness
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.numerics.critical.kink_box import kink_box
from lossproof.numerics.critical.kink_descent import falling_direction
from lossproof.numerics.critical.kinks import kink_multipliers
from lossproof.numerics.critical.rotations import written_gauge
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Verdict


def minimum_on_kinks(context: ProofContext, point: Point) -> Claim | None:
    """Claim that weights are a local minimum of one hidden layer, by multipliers at the kinks; None where there are none."""
    found = kink_multipliers(context.problem, point.weights)
    if found is None or not all(is_writable(q) for row in found for q in row):
        return None
    at = sum(map(len, found))
    where = "only where ε = 0" if at == 0 else "once where ε ≠ 0" if at == 1 else f"{at} times where ε ≠ 0"
    reason = (
        f"Hidden units are on kinks, {where}. With slopes at the kinks between those on both sides the derivatives of J vanish, and the error is convex in the "
        "outputs: no weights nearby have a smaller loss."
        if context.problem.decay is None
        else f"Hidden units are on kinks, {where}. With slopes at the kinks between those on both sides the derivatives of J vanish, the error is convex in "
        "the outputs, and the penalty outweighs what products of the weights of each unit gain: no weights nearby have a smaller loss."
    )
    evidence = {"multipliers": [[rational_text(q) for q in row] for row in found]}
    return decided("local-minimum", point, reason, "kinks", facts={"radius": Fraction(0)}, evidence=evidence)


def minimum_near_kinks(context: ProofContext, point: Point) -> Claim | None:
    """Claim that a local minimum with units on kinks lies near a point, at which they are all but on them; None where that is not proved."""
    box = context.once("kink box", point, lambda: kink_box(context.problem, point.weights))
    if box is None or not all(is_writable(q) for q in box.pins.values()):
        return None
    place, at = Witness(point, box.radius), len(box.pins)
    held = f", with {len(box.fixed)} weights held that the symmetries of the loss can move," if box.fixed else ""
    reason = (
        f"Newton's map for weights with hidden units on kinks {'once' if at == 1 else f'{at} times'}, and slopes there with which the derivatives of J vanish"
        f"{held} sends the box of half-width {decimal_above(box.radius)} around these weights into itself (Krawczyk's test in ball arithmetic). The slopes lie "
        "between those on both sides, the loss rises where a unit leaves its kink, and curves upwards where none does: a local minimum."
    )
    pins = [[k, i, rational_text(q)] for (k, i), q in sorted(box.pins.items())]
    fixed = written_gauge(context.problem, point.weights, box.fixed)
    evidence = {"point": point, "fixed": fixed, "pins": pins, "radius": box.radius, "precision": box.precision}
    facts = {"point": point, "radius": box.radius}
    return decided("local-minimum", place, reason, "minimum-near-kinks", facts=facts, evidence=evidence, own=Rigor.BALL, introduces=place)


def refute_on_kinks(context: ProofContext, point: Point) -> Claim | None:
    """Claim that weights are not critical, as J falls along a direction at first order; None where that is not proved."""
    found = falling_direction(context.problem, point.weights)
    if found is None:
        return None
    direction, rate, in_rationals = found
    reason = (
        "Units are on kinks, where J has no gradient; along a direction J falls at first order, so these very weights are not critical."
    )
    evidence = {"curve": [[1, [rational_text(q) for q in direction]]], "order": 1, "coefficient": rate}
    own = Rigor.EXACT if in_rationals else Rigor.BALL
    return decided("stationary", point, reason, "descent", verdict=Verdict.REFUTED, evidence=evidence, own=own)
