"""Claims and rank bounds: the nodes of a proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from lossproof.theory.rationals import rational_text
from lossproof.theory.statements.registry import Statement, statement_named
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest


@dataclass(frozen=True, eq=False)
class RankBound:
    """A proved bound of the rank of one matrix, ``rank ≥ value`` or ``rank ≤ value``.

    ``matrix`` is a name of ``docs/certificate-format.md`` section 4 such as ``"P"`` or ``"Phi-1+"``; ``point`` an index into the report's
    points, or None when the bound holds at all weights; ``rule`` and ``evidence`` are what the kernel re-checks.
    """

    matrix: str
    point: int | None
    is_lower: bool
    value: int
    rule: str
    rigor: Rigor
    evidence: Mapping[str, Any] = field(default_factory=dict)
    premises: tuple[Node, ...] = ()

    def conclusion(self) -> dict[str, Any]:
        """Return the conclusion as the certificate states it."""
        return {"matrix": self.matrix, "point": self.point, "rank_lower" if self.is_lower else "rank_upper": self.value}

    @property
    def text(self) -> str:
        """The bound in words and symbols."""
        return f"rank {self.matrix} {'≥' if self.is_lower else '≤'} {self.value}"


@dataclass(frozen=True, eq=False)
class Claim:
    """A statement with scope, verdict, rigor, reason, and the nodes it was derived from.

    - ``facts``: plain numbers under fixed keys (``docs/certificate-format.md`` section 6); fractions are written as strings there;
    - ``reason``: why the verdict holds, in words;
    - ``missing``: for UNDECIDED, what a decision would need, else empty;
    - ``rigor``: None exactly when the verdict is UNDECIDED;
    - ``rule`` and ``evidence``: what the kernel re-checks, ``rule`` empty when UNDECIDED.
    """

    id: str
    scope: Scope
    verdict: Verdict
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    rigor: Rigor | None = None
    rule: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    premises: tuple[Node, ...] = ()
    point: int | None = None
    missing: str = ""

    @property
    def statement(self) -> Statement:
        """The registered statement this claim is about."""
        return statement_named(self.id)

    def conclusion(self) -> dict[str, Any]:
        """Return the conclusion as the certificate states it."""
        return {
            "statement": self.id,
            "scope": self.scope.value,
            "verdict": self.verdict.value,
            "point": self.point,
            "facts": {key: rational_text(value) if isinstance(value, Fraction) else value for key, value in self.facts.items()},
        }


Node: TypeAlias = Claim | RankBound


def rigor_of(*nodes: Node) -> Rigor:
    """Return the weakest rigor of the nodes that were decided; ``EXACT`` without any."""
    return weakest(node.rigor for node in nodes if node.rigor is not None)


def proved_at(
    name: str,
    point: int | None,
    reason: str,
    facts: Mapping[str, Any],
    own: Rigor,
    rule: str,
    evidence: Mapping[str, Any],
    *premises: Claim,
) -> Claim:
    """Return a PROVED claim at a point, of the weakest rigor of its own and its premises'."""
    rigor = weakest([own, rigor_of(*premises)])
    return Claim(name, Scope.AT_WEIGHTS, Verdict.PROVED, reason, facts, rigor, rule, evidence, premises, point)


def proof_order(claims: Iterable[Claim]) -> list[Node]:
    """Return claims and everything they rest on, premises before conclusions, each node once."""
    ordered: list[Node] = []
    placed: set[int] = set()
    stack: list[tuple[Node, bool]] = [(claim, False) for claim in reversed(tuple(claims))]
    while stack:
        node, expanded = stack.pop()
        if id(node) in placed:
            continue
        if expanded:
            placed.add(id(node))
            ordered.append(node)
        else:
            stack.append((node, True))
            stack.extend((premise, False) for premise in reversed(node.premises) if id(premise) not in placed)
    return ordered


def points_of(nodes: Iterable[Node]) -> set[int]:
    """Return the indices of the points that nodes of a proof refer to; with `proof_order`, those that claims and all they rest on refer to."""
    named = (index for node in nodes for index in (node.point, node.evidence.get("point")))
    return {index for index in named if index is not None}


def certified_order(claims: Iterable[Claim]) -> list[Node]:
    """Return the decided claims and everything they rest on: the steps of the certificate, in order."""
    return proof_order(claim for claim in claims if claim.verdict is not Verdict.UNDECIDED)
