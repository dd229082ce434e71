"""The certificate: every decided claim as a step that a small kernel can re-check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from lossproof.certificates.proof.encoding import canonical_digest, encode_point, encode_problem
from lossproof.certificates.proof.nodes import Claim, Node, certified_order, named_by
from lossproof.certificates.proof.numbering import Numbering
from lossproof.certificates.proof.places import Point
from lossproof.theory.exceptions import LossproofError
from lossproof.theory.problem.problem import Problem

FORMAT = "lossproof-certificate"
VERSION = 2


@dataclass(frozen=True)
class Certificate:
    """A certificate as plain JSON data, laid out as ``docs/certificate-format.md`` specifies."""

    document: dict[str, Any]

    def __repr__(self) -> str:
        return f"<Certificate: {len(self.document['steps'])} steps about the problem {self.digest[:16]}…>"

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


def certificate_of(problem: Problem, claims: Sequence[Claim], first: Sequence[Point] = ()) -> Certificate:
    """Write the decided claims and all they rest on as a certificate.

    Points are numbered as they are met, those of ``first`` before the others; those beyond the last one used are left out. Raises `LossproofError`
    when a decided claim carries no rule, which is a defect of the prover.
    """
    nodes = certified_order(claims)
    numbering = Numbering.of_claims(claims, first)
    used = [numbering.points.index(place) for node in nodes for place in named_by(node) if isinstance(place, Point)]
    ids = {id(node): number for number, node in enumerate(nodes, start=1)}
    steps = [_step(number, node, ids, numbering) for number, node in enumerate(nodes, start=1)]
    encoded = encode_problem(problem)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "writer": f"lossproof {version('lossproof')}",
        "problem": encoded,
        "digest": canonical_digest(encoded),
        "points": [encode_point(point.weights) for point in numbering.points[: max(used, default=-1) + 1]],
        "length": len(steps),
        "steps": steps,
    }
    return Certificate({**document, "seal": canonical_digest(document)})


def _step(number: int, node: Node, ids: dict[int, int], numbering: Numbering) -> dict[str, Any]:
    if not node.rule or node.rigor is None:
        raise LossproofError(f"step {number} is decided without a rule: {numbering.conclusion(node)}")
    return {
        "id": number,
        "rule": node.rule,
        "premises": [ids[id(premise)] for premise in node.premises],
        "evidence": numbering.plain(node.evidence),
        "conclusion": numbering.conclusion(node),
        "rigor": node.rigor.value,
    }
