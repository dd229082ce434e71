"""The claim ``complete-list``: all critical points, everywhere or in a box, are those of a list, up to symmetry."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.claims.suboptimal import claim_suboptimal
from lossproof.certificates.proof.nodes import Claim, decided, implied, undecided
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.clusters import Cluster
from lossproof.numerics.complete.landscape import Landscape, landscape_of, obstacle
from lossproof.numerics.complete.search import Tree
from lossproof.numerics.complete.tails import rises_outside, tail_bounds
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor

COMPLETE_LIST = "complete-list"
_NO_MINIMA = ("saddle", "maximum", "higher-order-descent")
_LARGEST, _SHOWN = 1e6, 3


def complete_search(problem: Problem, box: float | None) -> tuple[Landscape, Floats]:
    """Return what is searched for all critical points, and the bounds of all weights: everywhere if all weights decay, else the box ``|w| ≤ box``.

    Without a box it is one outside which signs of the gradient leave no critical point, where there is one.

    Raises `InputError` where this is not covered.
    """
    reason = obstacle(problem)
    if reason:
        raise InputError(f"a complete list was asked for, which is not to be had here, as {reason}: leave `complete` out")
    land = landscape_of(problem)
    if land.bounded and box is not None:
        raise InputError("all weights decay, so all critical points are listed, wherever they are: leave the box out")
    bounds = bounds_of_all(problem) if box is None else np.full(len(land.rates), float(box))
    if bounds is None or (box is not None and not 0 < box <= _LARGEST):
        raise InputError(
            f"a complete list needs a box, the largest absolute weight, up to 10^6, where not all weights decay and no signs of the gradient bound the "
            f"critical points, got {box}: give one"
        )
    return land, bounds


def bounds_of_all(problem: Problem) -> Floats | None:
    """Return bounds of all weights at critical points, where all decay or signs of the gradient tell up to ``10^6``; None where none are known."""
    land = landscape_of(problem)
    if land.bounded:
        return land.bounds()
    tails = tail_bounds(problem)
    return None if tails is None or not 0 < tails.max() <= _LARGEST else tails


def claim_complete_list(problem: Problem, tree: Tree, parts: Sequence[Cluster], located: Sequence[LocatedPoint | None]) -> Claim:
    """Claim that the list of critical points, or of minima, is complete, from the tree and what is proved at each point; UNDECIDED says what is left.

    ``parts`` are the clusters of boxes left; what is proved at the points of these comes after what is proved at those of the tree.
    """
    land = landscape_of(problem)
    tails = None if land.bounded else rises_outside(problem, tree.bounds)
    whole, attained = land.bounded or tails is not None, land.bounded or bool(tails)
    where, sought = _where(tree, whole=whole), "local minima" if tree.minima else "critical points"
    if not tree.complete:
        rest = iter(located[len(tree.points) :])
        told = "; ".join(_told(part, None if part.point is None else next(rest, None)) for part in parts[:_SHOWN])
        more = f", and {len(parts) - _SHOWN} clusters more" if len(parts) > _SHOWN else ""
        reason = f"The search for all {sought} {where} ended after {tree.ended}, with all but {max(1 - tree.settled, 0):.1e} of the volume settled."
        return undecided(COMPLETE_LIST, EVERYWHERE, reason, f"what is in the boxes that are left, in clusters: {told}{more}")
    points = [point for point in located if point is not None and point.stationary is not None]
    if len(points) < len(tree.points):
        return lacking(len(points), len(tree.points), where)
    premises, kinds = premises_of_list(points, attained=attained)
    bounds = [Fraction(float(b)) for b in tree.bounds]
    facts = {"whole": whole, "attained": attained, "bounds": bounds, "minima": "D" in tree.codes, **kinds}
    evidence = {
        "bounds": bounds,
        "radii": [[Fraction(float(r)) for r in row] for row in tree.radii],
        "tails": tails is not None,
        "tree": tree.codes,
    }
    known = "the one listed" if len(points) == 1 else f"the {len(points)} listed"
    alike = ", up to permutations of hidden units" + (" and changes of all signs of one" if land.odd else "") if land.units else ""
    reason = f"All {sought} {where} are {known}{alike}: {tree.boxes:,} boxes of weights hold no other."
    if not points:
        reason = f"There are no {sought} {where}: {tree.boxes:,} boxes of weights hold none."
    if tails is not None:
        reason += f" Outside the box signs of the gradient leave none, and the loss {'rises outwards' if tails else 'falls somewhere'}."
    return decided(COMPLETE_LIST, EVERYWHERE, reason, COMPLETE_LIST, *premises, facts=facts, evidence=evidence, own=Rigor.VERIFIED_FLOAT)


def claim_empty_list(nowhere: Claim) -> Claim:
    """Claim that the list without points is complete, from the claim that there is no critical point at all."""
    kinds = {"points": 0, "no_minima": 0, "known_global": 0, "global": None}
    facts: dict[str, Any] = {"whole": True, "attained": False, "bounds": [], "minima": False, **kinds}
    reason = "There are no critical points: the loss falls along one direction at all weights."
    return implied("empty-list", COMPLETE_LIST, EVERYWHERE, reason, nowhere, facts=facts)


def lacking(proved: int, points: int, where: str) -> Claim:
    """Return the claim that stays open as not all points of the list are proved."""
    reason = f"Of {points} points of the list {where} {proved} are proved."
    return undecided(COMPLETE_LIST, EVERYWHERE, reason, "a proof of each point of the list")


def premises_of_list(points: Sequence[LocatedPoint], *, attained: bool) -> tuple[tuple[Claim, ...], dict[str, Any]]:
    """Return what a complete list rests on, that its points are critical and some no minima, global or not global, and the facts that tell of their kinds."""
    stationary = [point.stationary for point in points if point.stationary is not None]
    told = [point.class_claim for point in points if point.class_claim is not None]
    classes, best = ({id(claim.place): claim for claim in told if claim.id in ids} for ids in (_NO_MINIMA, ("global",)))
    losses = [point.loss for point in points]
    beaten = {id(bad.place): bad for point in points if (bad := claim_suboptimal(point, losses)) is not None}
    left = [claim.place for claim in stationary if id(claim.place) not in {**classes, **best, **beaten}]
    alone = left[0] if attained and len(left) == 1 and not best else None
    kinds = {"points": len(points), "no_minima": len(classes), "known_global": len(best), "global": alone}
    return (*stationary, *classes.values(), *best.values(), *beaten.values()), kinds


def conclusion_by_list(complete: Claim | None) -> Claim | None:
    """Conclude that every local minimum is global, where a complete list has global ones alone, or one and a global one exists; None if that is not known."""
    facts = {} if complete is None else complete.facts
    if complete is None or not facts.get("whole"):
        return None
    left = facts["points"] - facts["no_minima"] - facts["known_global"]
    if left > (facts["attained"] and not facts["known_global"]):
        return None
    told = "none of them is a local minimum"
    if facts["known_global"]:
        told = "those that may be local minima are proved to be global ones"
    elif facts["attained"]:
        told = "one of them at most is a local minimum, and a global one exists"
    reason = f"The list of all {'local minima' if facts['minima'] else 'critical points'} is complete, and {told}."
    return implied("complete", "no-bad-local-minima", EVERYWHERE, reason, complete)


def _where(tree: Tree, *, whole: bool) -> str:
    if whole:
        return f"(all have |w| ≤ {tree.bounds.max():.4g})"
    return f"in the box |w| ≤ {tree.bounds.max():.6g}"


def _told(part: Cluster, located: LocatedPoint | None) -> str:
    boxes = f"{part.boxes:,} from {_ends(part.lower)} to {_ends(part.upper)}"
    if located is None:
        return boxes
    if located.dimension:
        return f"{boxes}, around a manifold of critical points of dimension {located.dimension}, which is proved"
    return f"{boxes}, around a critical point that is proved"


def _ends(ends: np.ndarray) -> str:
    return f"({', '.join(f'{x:.4g}' for x in ends)})"
