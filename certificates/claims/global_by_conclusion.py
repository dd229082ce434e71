"""Local minima that are global ones, as all local minima are, or as they are the least of a complete list."""

from __future__ import annotations

from dataclasses import replace

from lossproof.certificates.claims.critical_kinds import MINIMA
from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.claims.given_weights import GivenWeights
from lossproof.certificates.proof.nodes import Claim, implied, rigor_of
from lossproof.certificates.proof.places import radius_of
from lossproof.theory.verdicts import Verdict

_BY_CONCLUSION = "Every local minimum is global here, as the claim no-bad-local-minima says, so it is a global minimum."
_BY_LIST = "A global minimum exists, and all other points of the complete list are none, so it is this one."


def as_global(critical: Claim, conclusion: Claim | None) -> Claim:
    """Return the claim ``critical-point`` about a proved local minimum as one about a global minimum, where the conclusion is PROVED; else as it is."""
    minimum = next((node for node in critical.premises if isinstance(node, Claim) and node.id in MINIMA), None)
    if minimum is None or conclusion is None or conclusion.verdict is not Verdict.PROVED or critical.facts["kind"] != minimum.id:
        return critical
    return _told(critical, minimum, f"global-{minimum.id}", minimum, conclusion, _BY_CONCLUSION)


def _told(critical: Claim, minimum: Claim, row: str, known: Claim, other: Claim, why: str) -> Claim:
    """Return the claim ``critical-point`` with ``minimum``, its class, told as a global minimum, by a row of implications from two claims."""
    near = {"radius": radius_of(minimum.place)}
    found = implied(row, "global", minimum.place, f"{minimum.reason} {why}", known, other, facts=near)
    premises = tuple(found if node is minimum else node for node in critical.premises)
    reason, facts = f"{critical.reason} {why}", {**critical.facts, "kind": "global"}
    return replace(critical, premises=premises, rigor=rigor_of(*premises), reason=reason, facts=facts)


def located_as_global(point: LocatedPoint, conclusion: Claim | None) -> LocatedPoint:
    """Return a located point with its claim as `as_global` has it."""
    return _located(point, as_global(point.claim, conclusion))


def listed_as_global(point: LocatedPoint, complete: Claim | None) -> LocatedPoint:
    """Return a located point as it is, or as the global minimum where it is the one point of a complete list that may be one."""
    minimum, known = point.class_claim, point.stationary
    if (
        complete is None
        or minimum is None
        or known is None
        or minimum.id not in MINIMA
        or complete.facts.get("global") is not point.claim.place
    ):
        return point
    return _located(point, _told(point.claim, minimum, "global-listed", known, complete, _BY_LIST))


def _located(point: LocatedPoint, claim: Claim) -> LocatedPoint:
    if claim is point.claim:
        return point
    return replace(point, claim=claim, class_claim=next(node for node in claim.premises if isinstance(node, Claim) and node.id == "global"))


def given_as_global(given: GivenWeights, conclusion: Claim | None) -> GivenWeights:
    """Return what is said about given weights with all claims ``critical-point`` as `as_global` has them."""
    located = None if given.located is None else located_as_global(given.located, conclusion)
    return replace(given, critical=as_global(given.critical, conclusion), located=located)
