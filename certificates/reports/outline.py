"""A report as a proof in reading order: numbered claims, numbered lemmas, and what each rests on.

Every renderer reads this outline, so all formats carry the same numbers and links.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.certificates.claims.critical_kinds import kind_words
from lossproof.certificates.proof.nodes import Claim, Node, RankBound, certified_order, proof_order
from lossproof.certificates.proof.places import EVERYWHERE, Place, Point, Region, Witness
from lossproof.certificates.reports.critical_rows import CriticalRow, critical_rows
from lossproof.certificates.reports.point_groups import claims_behind
from lossproof.certificates.reports.record import ReportRecord
from lossproof.certificates.reports.subjects import by_subject
from lossproof.theory.statements.proofs import PROOFS
from lossproof.theory.statements.registry import statement_named
from lossproof.theory.statements.statement import Statement
from lossproof.theory.verdicts import Rigor, Verdict

ARGUMENTS = "The proofs that the conclusion uses"
ARGUMENTS_GLOSS = (
    "Write x̃_i for the input x_i with a 1 appended, z_k(i) = w_k·x̃_i for what enters hidden unit k at sample i, v_k for its outgoing weights, and ε_i for the "
    "derivatives of the error of sample i by what enters the output activation. A local minimum is bad if it is not global; then ε ≠ 0, by principle-error."
)
MATRIX_GLOSS = (
    "P_l is the row block of layer l of P. Φ_l holds the outputs of layer l, a column for each sample, and Φ_l⁺ has a last row of ones besides "
    "when the bias is trainable. Ψ_l is the block-diagonal matrix of Ψ_l(1), …, Ψ_l(T). W_l includes its bias row when the bias is "
    "trainable, W_l* does not."
)


@dataclass(frozen=True)
class Link:
    """A reference to another entry: its ``label`` (``"Claim 3"``), its ``anchor``, and what it says in brief."""

    label: str
    anchor: str
    text: str


@dataclass(frozen=True)
class ClaimEntry:
    """A claim with its number.

    - ``point``: the number of the point that it is about, or near which it is; ``setting``: where it holds, in words; ``facts``: with places in words;
    - ``step``: its step in the certificate, None when it is undecided and so has none;
    - ``stated_at``: for a claim about a critical point, the earlier claim that has the same statement and shows it, None when this one shows it;
    - ``behind``: the claims that a claim ``critical-point`` gathers, which stand behind it.
    """

    number: int
    claim: Claim
    point: int | None
    setting: str
    facts: Mapping[str, Any]
    rests_on: tuple[Link, ...]
    step: int | None
    stated_at: int | None = None
    behind: tuple[ClaimEntry, ...] = ()

    @property
    def anchor(self) -> str:
        """The target of links to this entry."""
        return f"claim-{self.number}"

    @property
    def why_not(self) -> str:
        """For a published theorem that does not apply, the hypothesis that fails."""
        return self.claim.reason.removeprefix("Not applicable: ")

    @property
    def does_not_apply(self) -> bool:
        """Whether this is a published theorem that does not speak about the problem: renderers fold such claims."""
        return self.claim.facts.get("applicable") == "no"

    @property
    def title(self) -> str:
        """The title of the statement."""
        return claim_title(self.claim)

    @property
    def statement_word(self) -> str:
        """The word that opens the statement's conclusion; a statement known to be false is remarked upon instead."""
        return "Remark" if self.claim.statement.kind == "false claim" else "Statement"

    @property
    def proof_word(self) -> str:
        """The word that opens the reason."""
        return {Verdict.PROVED: "Proof.", Verdict.REFUTED: "Refutation.", Verdict.UNDECIDED: "What is known."}[self.claim.verdict]


@dataclass(frozen=True)
class LemmaEntry:
    """A rank bound with its number, the bound and where it holds in words, and its step in the certificate."""

    number: int
    bound: RankBound
    text: str
    rests_on: tuple[Link, ...]
    step: int | None

    @property
    def anchor(self) -> str:
        """The target of links to this entry."""
        return f"lemma-{self.number}"


@dataclass(frozen=True)
class Argument:
    """A statement with its proof in words, which the proof of the conclusion uses."""

    statement: Statement
    proof: str


@dataclass(frozen=True)
class Section:
    """Claims about one subject, in reading order; ``entries`` leaves out those that stand behind another, ``claims`` has all."""

    heading: str
    entries: tuple[ClaimEntry, ...]

    @property
    def told(self) -> tuple[ClaimEntry, ...]:
        """The entries that are told in full: all but theorems that do not apply."""
        return tuple(entry for entry in self.entries if not entry.does_not_apply)

    @property
    def folded(self) -> tuple[ClaimEntry, ...]:
        """The theorems that do not apply."""
        return tuple(entry for entry in self.entries if entry.does_not_apply)

    @property
    def claims(self) -> tuple[ClaimEntry, ...]:
        """All claims of the section, by number."""
        return tuple(claim for entry in self.entries for claim in (entry, *entry.behind))


@dataclass(frozen=True)
class ProofOutline:
    """The whole report in reading order: the conclusion, then sections of claims, then the lemmas (rank bounds)."""

    report: ReportRecord
    conclusion: ClaimEntry
    sections: tuple[Section, ...]
    lemmas: tuple[LemmaEntry, ...]

    @property
    def claims(self) -> tuple[ClaimEntry, ...]:
        """All claims by number, the conclusion first."""
        return (self.conclusion, *(entry for section in self.sections for entry in section.claims))

    @property
    def shown(self) -> tuple[ClaimEntry, ...]:
        """The conclusion and all claims but those that stand behind another."""
        return (self.conclusion, *(entry for section in self.sections for entry in section.entries))

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The lemmas, and the theorems with a longer proof than their reason, by which the conclusion is PROVED; none where it rests on ranks or points."""
        conclusion = self.report.conclusion
        rests_on = proof_order([conclusion])[:-1] if conclusion.verdict is Verdict.PROVED else []
        wanted = [node.id for node in rests_on if isinstance(node, Claim)]
        for name in wanted:
            wanted += [other for other in statement_named(name).depends_on if other in PROOFS and other not in wanted]
        return tuple(Argument(statement_named(name), proof) for name, proof in PROOFS.items() if name in wanted)

    def find(self, name: str, scope: str, verdict: Verdict | None = None) -> ClaimEntry | None:
        """Return the first claim of a statement and scope (and verdict, when given), or None."""
        for entry in self.claims:
            claim = entry.claim
            if claim.id == name and claim.scope.value == scope and verdict in (None, claim.verdict):
                return entry
        return None

    def point_table(self) -> tuple[tuple[CriticalRow, ClaimEntry], ...]:
        """Return the rows of the proved critical points by loss, each with its claim; empty unless there are several."""
        entries = {entry.point: entry for entry in self.claims if entry.claim.id == "critical-point"}
        rows = critical_rows((entry.claim for entry in self.claims), self.report.number)
        return tuple((row, entries[row.point]) for row in rows) if len(rows) > 1 else ()

    def count(self, verdict: Verdict) -> int:
        """Return how many claims have a verdict."""
        return sum(entry.claim.verdict is verdict for entry in self.claims)

    def rigors(self) -> tuple[Rigor, ...]:
        """Return the rigors that occur, the strongest first."""
        met = {entry.claim.rigor for entry in self.claims} | {lemma.bound.rigor for lemma in self.lemmas}
        return tuple(rigor for rigor in Rigor if rigor in met)


def outline_of(report: ReportRecord) -> ProofOutline:
    """Return the outline of a report.

    The conclusion ``no-bad-local-minima`` is claim 1; claims of one subject stand together, in the report's order. Claims that only serve
    as premises are listed under their subject too, or behind the critical point they are about. Raises `KeyError` when the report has no
    conclusion.
    """
    conclusion = report.conclusion
    nodes = proof_order(report.claims)
    behind = claims_behind(report.claims)
    hidden = {id(claim) for group in behind.values() for claim in group}
    shown = [claim for claim in nodes if isinstance(claim, Claim) and claim is not conclusion and id(claim) not in hidden]
    grouped = by_subject(shown, report.claims, conclusion)
    lemmas = [bound for bound in nodes if isinstance(bound, RankBound)]
    claims = [conclusion, *(c for group in grouped.values() for claim in group for c in (claim, *behind.get(id(claim), ())))]
    numbers = {id(claim): number for number, claim in enumerate(claims, start=1)}
    numbers |= {id(bound): number for number, bound in enumerate(lemmas, start=1)}
    steps = {id(node): step for step, node in enumerate(certified_order(report.claims), start=1)}
    stated = {claim.id: numbers[id(claim)] for claim in reversed(claims) if claim.statement.kind == "critical point"}

    def entry(claim: Claim) -> ClaimEntry:
        number = numbers[id(claim)]
        earlier = stated.get(claim.id, number)
        gathered = tuple(entry(premise) for premise in behind.get(id(claim), ()))
        links = _links(report, claim.premises, numbers)
        told = {key: _told(report, value) for key, value in claim.facts.items()}
        return ClaimEntry(
            number,
            claim,
            report.number(claim.point),
            _setting(report, claim.place),
            told,
            links,
            steps.get(id(claim)),
            None if earlier == number else earlier,
            gathered,
        )

    return ProofOutline(
        report,
        entry(conclusion),
        tuple(Section(heading, tuple(entry(claim) for claim in group)) for heading, group in grouped.items()),
        tuple(LemmaEntry(numbers[id(b)], b, bound_text(report, b), _links(report, b.premises, numbers), steps.get(id(b))) for b in lemmas),
    )


def _setting(report: ReportRecord, place: Place) -> str:
    """Return where a claim holds: the words of a region, or the point or witness."""
    if isinstance(place, Region):
        return place.value
    if isinstance(place, Point):
        return f"at these weights (point {report.number(place)})"
    return report.place_text(place)


def _told(report: ReportRecord, value: Any) -> Any:
    """Return a fact with a place by its name."""
    if isinstance(value, Point):
        return f"point {report.number(value)}"
    return report.numbering.name(value) if isinstance(value, Witness) else value


def claim_title(claim: Claim) -> str:
    """Return the title of a claim's statement as what is claimed, for a proved critical point with its kind; that it is false is said by the verdict."""
    if claim.id == "critical-point":
        near = " near these weights" if claim.verdict is Verdict.PROVED and Fraction(claim.facts["radius"]) > 0 else ""
        return f"A critical point{near}: {kind_words(claim.facts)}" if claim.verdict is Verdict.PROVED else "A critical point"
    title = claim.statement.title.removeprefix("False: ")
    return title[0].upper() + title[1:]


def bound_text(report: ReportRecord, bound: RankBound) -> str:
    """Return a rank bound in words, with the place where it holds, such as ``"rank P_1 ≥ 4 at point 0"``."""
    independent = bound.matrix in ("Phi-0", "Phi-0+")
    place = bound.place
    where = "" if independent else " at every W" if place is EVERYWHERE else f" {report.place_text(place)}"
    return f"rank {matrix_symbol(bound.matrix)} {'≥' if bound.is_lower else '≤'} {bound.value}{where}"


def matrix_symbol(name: str) -> str:
    """Return the symbol of a matrix that the certificate names in ASCII; `MATRIX_GLOSS` explains it.

    >>> [matrix_symbol(name) for name in ("P", "P-2", "Psi-1", "Phi-0+", "W-2*")]
    ['P', 'P_2', 'Ψ_1', 'Φ_0⁺', 'W_2*']
    """
    family, _, rest = name.partition("-")
    if not rest:
        return name
    symbol = {"Phi": "Φ", "Psi": "Ψ"}.get(family, family)
    return f"{symbol}_{rest.replace('+', '⁺')}"


def _links(report: ReportRecord, premises: tuple[Node, ...], numbers: Mapping[int, int]) -> tuple[Link, ...]:
    links: dict[int, Link] = {}
    for premise in premises:
        number = numbers[id(premise)]
        if isinstance(premise, Claim):
            text = f"{claim_title(premise)}, {report.place_text(premise.place)}: {premise.verdict.value}"
            links[id(premise)] = Link(f"Claim {number}", f"claim-{number}", text)
        else:
            links[id(premise)] = Link(f"Lemma {number}", f"lemma-{number}", bound_text(report, premise))
    return tuple(links.values())
