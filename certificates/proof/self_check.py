"""The check of a certificate before it is handed out: what the checker refuses is no claim of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossproof.certificates.proof.certificate import certificate_of
from lossproof.certificates.proof.nodes import Claim, Node, certified_order, undecided
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.verify import verify
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Verdict

_STEP = re.compile(r"steps\[(\d+)\]")


@dataclass(frozen=True)
class SelfCheck:
    """What came of the check: how many steps were accepted, and why others were refused, which is a defect of the prover."""

    steps: int
    refused: tuple[str, ...] = ()

    def __str__(self) -> str:
        accepted = f"The certificate was checked before it was handed out: all its {self.steps} steps are accepted."
        if not self.refused:
            return accepted
        told = "; ".join(self.refused)
        return f"{accepted} Steps that were refused, and all that rested on them, were left out, and their claims are UNDECIDED: {told}."


def checked_claims(
    problem: Problem, claims: Sequence[Claim], first_points: Sequence[Point], engine: str = "numpy"
) -> tuple[tuple[Claim, ...], SelfCheck]:
    """Return the claims with those demoted to UNDECIDED that the checker of certificates refuses, or that rest on a step it refuses, and what came of it.

    A demoted claim says why: a proof that the independent checker does not accept is none. ``engine`` is that of `verify`.
    """
    kept, refused = tuple(claims), list[str]()
    while True:
        result = verify(certificate_of(problem, kept, first_points).document, engine=engine)
        nodes = certified_order(kept)
        if result.ok or not nodes:
            return kept, SelfCheck(len(result.steps), tuple(refused))
        failure = result.failures[0]
        refused.append(str(failure))
        found = _STEP.match(failure.place)
        rejected = nodes if found is None else [nodes[int(found.group(1))]]
        kept = tuple(_without(kept, rejected, str(failure)))


def _without(claims: Sequence[Claim], rejected: Sequence[Node], why: str) -> list[Claim]:
    """Return the claims without all that rests on some nodes."""
    fallen = {id(node) for node in rejected}
    for node in certified_order(claims):
        if any(id(other) in fallen for other in (*node.premises, *node.support)):
            fallen.add(id(node))
    return [_demoted(claim, why) if id(claim) in fallen else _pruned(claim, fallen) for claim in claims]


def _demoted(claim: Claim, why: str) -> Claim:
    reason = f"A proof was made, but the checker of certificates does not accept it: {why}."
    facts = {"kind": "undecided"} if claim.id == "critical-point" else {"applicable": "unknown"} if "applicable" in claim.facts else {}
    return undecided(claim.id, claim.point or claim.place, reason, "a proof that the checker accepts", facts=facts)


def _pruned(claim: Claim, fallen: set[int]) -> Claim:
    """Return an UNDECIDED claim without premises that have fallen."""
    if claim.verdict is not Verdict.UNDECIDED or all(id(premise) not in fallen for premise in claim.premises):
        return claim
    return replace(claim, premises=tuple(premise for premise in claim.premises if id(premise) not in fallen))
