"""Maps made by hand from claims, so that tables and pictures are tested apart from the search."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lossproof.certificates.maps.map import LandscapeMap
from lossproof.certificates.maps.record import CriticalPoint
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import EVERYWHERE, Point, Witness
from lossproof.certificates.reports.report import Report
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor, Verdict

NARROW = Fraction(1, 10**14)
KINDS = ("global", "strict-minimum", "strict-minimum", "local-minimum", "saddle", "higher-order-descent", "undecided")


def hand_map(
    losses: tuple[Fraction | int, ...] = (0, Fraction(1, 30), Fraction("0.0501"), Fraction(1, 8), Fraction(1, 8), Fraction(1, 8), 2),
    kinds: tuple[str, ...] = KINDS,
    data_name: str = "xor",
    *,
    interrupted: bool = False,
) -> LandscapeMap:
    """Return a map of 2-2-1 XOR with a point of every kind; the second strict minimum is suboptimal. Nothing in it is proved."""
    architecture = Architecture.of("2-2-1")
    problem = Problem(architecture, error_named("squared"), Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]))
    points = tuple(
        Point(Weights.of(architecture, [([[0, k], [0, 0]], [Fraction(1, 3) + Fraction(1, 3**90), 0]), ([[0], [0]], ["1/2"])]))
        for k in range(len(losses))
    )
    claims = [_critical(k, points[k], kind, Fraction(loss)) for k, (kind, loss) in enumerate(zip(kinds, losses, strict=True))]
    minima = [claim for claim in claims if claim.facts["kind"] in ("strict-minimum", "local-minimum")]
    bad = [_suboptimal(claim, claims[0]) for claim in minima[1:]]
    conclusion = (
        Claim("no-bad-local-minima", EVERYWHERE, Verdict.REFUTED, "A bad one.", {}, Rigor.BALL, "implication", {}, (bad[0],))
        if bad
        else Claim("no-bad-local-minima", EVERYWHERE, Verdict.UNDECIDED, "None was met.", missing="a proof that all points were met")
    )
    worse = {claim.point: claim for claim in bad}
    found = tuple(CriticalPoint(k, points[k].weights, c, worse.get(c.point), 10**k) for k, c in enumerate(claims))
    drawn = Point(Weights.of(architecture, [([[1, 1], [1, 1]], [0, 0]), ([[1], [1]], [0])]))
    report = Report(problem, points or (drawn,), bool(points), (conclusion, *claims, *bad), (), (), data_name)
    return LandscapeMap(report, found, 200, 12, 1, interrupted)


def _proved(id: str, place: Point | Witness, facts: dict[str, Any], *premises: Claim, evidence: dict[str, Any] | None = None) -> Claim:
    introduced = place if id == "stationary" and isinstance(place, Witness) else None
    return Claim(
        id, place, Verdict.PROVED, f"The reason of {id}.", facts, Rigor.BALL, id, evidence or {}, premises, introduces=introduced
    )  # fmt: skip


def _critical(number: int, at: Point, kind: str, loss: Fraction) -> Claim:
    radius = Fraction(0) if kind in ("higher-order-descent", "undecided") else NARROW
    point = at if radius == 0 else Witness(at, radius)
    counts = {
        "saddle": {"negative": 2, "zero": 1, "positive": 6, "undecided": 0},
        "maximum": {"negative": 9, "zero": 0, "positive": 0, "undecided": 0},
        "higher-order-descent": {"negative": 0, "zero": 6, "positive": 3, "undecided": 0},
        "undecided": {"negative": 0, "zero": 2, "positive": 3, "undecided": 4},
        "global": {"negative": 0, "zero": 5, "positive": 4, "undecided": 0},
        "local-minimum": {"negative": 0, "zero": 1, "positive": 8, "undecided": 0},
    }.get(kind, {"negative": 0, "zero": 0, "positive": 9, "undecided": 0})
    bounds = {"loss_lower": loss, "loss_upper": loss if loss.denominator < 100 else loss + 3 * NARROW}
    stationary = _proved("stationary", point, {"radius": radius, "dimension": 0})
    enclosed = _proved("loss-bounds", point, {**bounds, "radius": radius})
    inertia = _proved("inertia", point, {**counts, "radius": radius}, stationary)
    premises = [stationary, enclosed, inertia]
    if kind == "higher-order-descent":
        curve = [[1, ["0", str(number), "0", "0", "0", "0", "0", "0", "0"]], [2, ["0", "0", "0", "0", "0", "0", "-1/2", "0", "0"]]]
        evidence = {"curve": curve, "order": 4, "coefficient": "-1/1024", "precision": 64}
        facts = {"order": 4, "coefficient": Fraction(-1, 1024), "radius": radius}
        premises.append(_proved(kind, point, facts, stationary, evidence=evidence))
    elif kind != "undecided":
        premises.append(_proved(kind, point, {"radius": radius}, stationary, inertia))
    rank = {"rank_lower": 3, "rank_upper": 4 if kind == "undecided" else 3}
    return _proved("critical-point", point, {"kind": kind, **bounds, "inertia": counts, "radius": radius, **rank}, *premises)


def _suboptimal(claim: Claim, other: Claim) -> Claim:
    named = {premise.id: premise for premise in claim.premises}
    facts = {"loss_lower": claim.facts["loss_lower"], "other_loss_upper": other.facts["loss_upper"], "radius": claim.facts["radius"]}
    elsewhere = next(premise for premise in other.premises if premise.id == "loss-bounds")
    return _proved("suboptimal", claim.place, facts, named[claim.facts["kind"]], named["loss-bounds"], elsewhere)
