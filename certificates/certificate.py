"""The certificate: every decided claim as a step that a small kernel can re-check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lossproof.certificates.claims import Claim, Node, proof_order
from lossproof.certificates.encoding import encode_point, encode_problem, problem_digest
from lossproof.theory.exceptions import LossproofError
from lossproof.theory.problem import Problem
from lossproof.theory.weights import Weights

FORMAT = "lossproof-certificate"
VERSION = 1


@dataclass(frozen=True)
class Certificate:
    """A certificate as plain JSON data, laid out as ``docs/certificate-format.md`` specifies."""

    document: dict[str, Any]

    @property
    def text(self) -> str:
        """The certificate's JSON text, one step a line."""
        head = {key: value for key, value in self.document.items() if key != "steps"}
        lines = json.dumps(head, ensure_ascii=True, allow_nan=False)[:-1]
        steps = ",\n  ".join(json.dumps(step, ensure_ascii=True, allow_nan=False) for step in self.document["steps"])
        return f'{lines},\n "steps": [\n  {steps}\n ]}}\n'

    @property
    def digest(self) -> str:
        """The digest of the problem it speaks about."""
        return str(self.document["digest"])


def certificate_of(problem: Problem, points: Sequence[Weights], claims: Sequence[Claim]) -> Certificate:
    """Write the decided claims and all they rest on as a certificate.

    Points that no step uses are left out. Raises `LossproofError` when a decided claim carries no rule, which is a defect of the prover.
    """
    nodes = proof_order(tuple(claims))
    used = sorted({index for node in nodes for index in _points_of(node)})
    place = {old: new for new, old in enumerate(used)}
    ids = {id(node): number for number, node in enumerate(nodes, start=1)}
    steps = [_step(number, node, ids, place) for number, node in enumerate(nodes, start=1)]
    return Certificate(
        {
            "format": FORMAT,
            "version": VERSION,
            "problem": encode_problem(problem),
            "digest": problem_digest(problem),
            "points": [encode_point(points[index]) for index in used],
            "length": len(steps),
            "steps": steps,
        }
    )


def _points_of(node: Node) -> list[int]:
    found = [node.point, node.evidence.get("point")]
    return [index for index in found if index is not None]


def _step(number: int, node: Node, ids: dict[int, int], place: dict[int, int]) -> dict[str, Any]:
    if not node.rule or node.rigor is None:
        raise LossproofError(f"step {number} is decided without a rule: {node.conclusion()}")
    conclusion, evidence = node.conclusion(), dict(node.evidence)
    if node.point is not None:
        conclusion["point"] = place[node.point]
    if evidence.get("point") is not None:
        evidence["point"] = place[evidence["point"]]
    return {
        "id": number,
        "rule": node.rule,
        "premises": [ids[id(premise)] for premise in node.premises],
        "evidence": evidence,
        "conclusion": conclusion,
        "rigor": node.rigor.value,
    }
