"""Claims and rank bounds: the nodes of a proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lossproof.certificates.proof.places import Place, Point, Region, Witness, point_near, scope_of
from lossproof.theory.notebook import notebook_block
from lossproof.theory.statements.registry import Statement, statement_named
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest


@dataclass(frozen=True, eq=False)
class RankBound:
    """A proved bound of the rank of one matrix, ``rank ≥ value`` or ``rank ≤ value``.

    ``matrix`` is a name of ``docs/certificate-format.md`` section 4 such as ``"P"`` or ``"Phi-1+"``; ``place`` is where the bound holds; ``rule`` and
    ``evidence`` are what the kernel re-checks; ``support`` are nodes that must stand before it although they are no premises: those that show that the
    weights it is about exist.

    >>> bound("P", Region.EVERYWHERE, 4, "rank-size", lower=False)
    <RankBound rank P ≤ 4 – everywhere: EXACT>
    """

    matrix: str
    place: Place
    is_lower: bool
    value: int
    rule: str
    rigor: Rigor
    evidence: Mapping[str, Any] = field(default_factory=dict)
    premises: tuple[Node, ...] = ()
    support: tuple[Node, ...] = ()

    @property
    def point(self) -> Point | None:
        """The point at or near which the bound holds; None for a region."""
        return point_near(self.place)

    def __repr__(self) -> str:
        where = self.place.value if isinstance(self.place, Region) else Scope.AT_WEIGHTS
        return f"<RankBound {self.text} – {where}: {self.rigor}>"

    @property
    def text(self) -> str:
        """The bound in words and symbols."""
        return f"rank {self.matrix} {'≥' if self.is_lower else '≤'} {self.value}"


@dataclass(frozen=True, eq=False)
class Claim:
    """A statement with place, verdict, rigor, reason, and the nodes it was derived from.

    - ``place``: where it is claimed, with its ``scope`` and, at or near given weights, its ``point``;
    - ``facts``: plain numbers under fixed keys (``docs/claims.md``), and records of points and witnesses; fractions are written as strings in a certificate;
    - ``reason``: why the verdict holds, in words;
    - ``missing``: for UNDECIDED, what a decision would need, else empty;
    - ``rigor``: None exactly when the verdict is UNDECIDED;
    - ``rule`` and ``evidence``: what the kernel re-checks, ``rule`` empty when UNDECIDED;
    - ``introduces``: the witness that this claim shows to exist, if any; ``support`` as for `RankBound`.

    A claim has no truth value: whether it holds is said by its ``verdict``, which may also be that nobody knows.

    >>> from lossproof.certificates.checks.check_architecture import check_architecture
    >>> claim = check_architecture("1-1", [[0], [1]], [[1], [3]], search="none")["count"]
    >>> claim, claim.verdict == "PROVED", claim.facts
    (<Claim count – everywhere: PROVED, EXACT>, True, {'N_net': 2, 'required': 2})
    """

    id: str
    place: Place
    verdict: Verdict
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    rigor: Rigor | None = None
    rule: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    premises: tuple[Node, ...] = ()
    missing: str = ""
    introduces: Witness | None = None
    support: tuple[Node, ...] = ()

    def __bool__(self) -> bool:
        raise TypeError(
            f'a claim has no truth value: compare its verdict, as in `claim.verdict == "PROVED"`; this one is {self.verdict.value}'
        )

    def __repr__(self) -> str:
        return f"<Claim {self.id} – {self.scope}: {self._decision}>"

    def __str__(self) -> str:
        missing = [f"What is missing: {self.missing}."] if self.missing else []
        return "\n".join([f"[{self.verdict}] {self._title}", self.reason, *missing])

    def _repr_html_(self) -> str:
        return notebook_block(
            self._title, verdict=self.verdict, sentence=self.reason, foot=self.missing and f"What is missing: {self.missing}."
        )

    @property
    def _title(self) -> str:
        return f"{self.statement.title} ({self.id}) – {self.scope}" + ("" if self.rigor is None else f", {self.rigor}")

    @property
    def _decision(self) -> str:
        return str(self.verdict) if self.rigor is None else f"{self.verdict}, {self.rigor}"

    @property
    def statement(self) -> Statement:
        """The registered statement this claim is about."""
        return statement_named(self.id)

    @property
    def scope(self) -> Scope:
        """For which weights it is claimed."""
        return scope_of(self.place)

    @property
    def point(self) -> Point | None:
        """The point at or near which it is claimed; None for a claim about all weights."""
        return point_near(self.place)


Node: TypeAlias = Claim | RankBound


def rigor_of(*nodes: Node, own: Rigor = Rigor.EXACT) -> Rigor:
    """Return the weakest of a rigor and those of the nodes that were decided."""
    return weakest([own, *(node.rigor for node in nodes if node.rigor is not None)])


def bound(
    matrix: str,
    place: Place,
    value: int,
    rule: str,
    *premises: Node,
    lower: bool,
    own: Rigor = Rigor.EXACT,
    evidence: Mapping[str, Any] | None = None,
    support: tuple[Node, ...] = (),
) -> RankBound:
    """Return a bound of the weakest rigor of its own and its premises'."""
    return RankBound(matrix, place, lower, value, rule, rigor_of(*premises, own=own), evidence or {}, premises, support)


def decided(
    id: str,
    place: Place,
    reason: str,
    rule: str,
    *premises: Node,
    verdict: Verdict = Verdict.PROVED,
    facts: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Any] | None = None,
    own: Rigor = Rigor.EXACT,
    introduces: Witness | None = None,
    support: tuple[Node, ...] = (),
) -> Claim:
    """Return a decided claim, of the weakest rigor of its own and its premises'."""
    rigor = rigor_of(*premises, own=own)
    return Claim(id, place, verdict, reason, facts or {}, rigor, rule, evidence or {}, premises, "", introduces, support)


def implied(row: str, id: str, place: Place, reason: str, *premises: Node, **more: Any) -> Claim:
    """Return a claim that a row of the kernel's table of implications gives."""
    return decided(id, place, reason, "implication", *premises, evidence={"row": row}, **more)


def undecided(id: str, place: Place, reason: str, missing: str, *premises: Node, facts: Mapping[str, Any] | None = None) -> Claim:
    """Return an UNDECIDED claim: what is known, and what a decision would need."""
    return Claim(id, place, Verdict.UNDECIDED, reason, facts or {}, premises=premises, missing=missing)


def first_claim(*attempts: Callable[[], Claim | None]) -> Claim | None:
    """Return the first claim that an attempt makes, None where none does; attempts after it are not made."""
    for attempt in attempts:
        claim = attempt()
        if claim is not None:
            return claim
    return None


def proof_order(claims: Iterable[Claim]) -> list[Node]:
    """Return claims and everything they rest on, premises and support before conclusions, each node once."""
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
            stack.extend((other, False) for other in reversed((*node.premises, *node.support)) if id(other) not in placed)
    return ordered


def certified_order(claims: Iterable[Claim]) -> list[Node]:
    """Return the decided claims and everything they rest on: the steps of the certificate, in order."""
    return proof_order(claim for claim in claims if claim.verdict is not Verdict.UNDECIDED)


def named_by(node: Node) -> tuple[Place, ...]:
    """Return the points and witnesses that a node names: where it holds, and those in its facts and evidence."""
    facts = node.facts if isinstance(node, Claim) else {}
    values = (node.place, point_near(node.place), *node.evidence.values(), *facts.values())
    return tuple(value for value in values if isinstance(value, (Point, Witness)))
