"""Local minima of a landscape all of whose local minima are global."""

from __future__ import annotations

from dataclasses import replace

from lossproof.certificates.claims.critical_kinds import MINIMA
from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.claims.given_weights import GivenWeights
from lossproof.certificates.proof.nodes import Claim, implied, rigor_of
from lossproof.certificates.proof.places import radius_of
from lossproof.theory.verdicts import Verdict

_WHY = "Every local minimum is global here, as the claim no-bad-local-minima says, so it is a global minimum."


def as_global(critical: Claim, conclusion: Claim | None) -> Claim:
    """Return the claim ``critical-point`` about a proved local minimum as one about a global minimum, where the conclusion is PROVED; else as it is."""
    minimum = next((node for node in critical.premises if isinstance(node, Claim) and node.id in MINIMA), None)
    if minimum is None or conclusion is None or conclusion.verdict is not Verdict.PROVED or critical.facts["kind"] != minimum.id:
        return critical
    near = {"radius": radius_of(minimum.place)}
    found = implied(f"global-{minimum.id}", "global", minimum.place, f"{minimum.reason} {_WHY}", minimum, conclusion, facts=near)
    premises = tuple(found if node is minimum else node for node in critical.premises)
    reason, facts = f"{critical.reason} {_WHY}", {**critical.facts, "kind": "global"}
    return replace(critical, premises=premises, rigor=rigor_of(*premises), reason=reason, facts=facts)


def located_as_global(point: LocatedPoint, conclusion: Claim | None) -> LocatedPoint:
    """Return a located point with its claim as `as_global` has it."""
    claim = as_global(point.claim, conclusion)
    if claim is point.claim:
        return point
    return replace(point, claim=claim, class_claim=next(node for node in claim.premises if isinstance(node, Claim) and node.id == "global"))


def given_as_global(given: GivenWeights, conclusion: Claim | None) -> GivenWeights:
    """Return what is said about given weights with all claims ``critical-point`` as `as_global` has them."""
    located = None if given.located is None else located_as_global(given.located, conclusion)
    return replace(given, critical=as_global(given.critical, conclusion), located=located)
