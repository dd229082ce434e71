"""The claims that a reader looks for first, each with its number: what every first screen shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from lossproof.certificates.claims.critical_kinds import kind_words
from lossproof.certificates.proof.places import Point, Region
from lossproof.certificates.reports.critical_rows import rank_text
from lossproof.certificates.reports.fact_tables import facts_in_words
from lossproof.certificates.reports.outline import ClaimEntry, ProofOutline
from lossproof.certificates.reports.record import ReportRecord
from lossproof.certificates.reports.subjects import DECIDING, THEOREMS_OF_OTHERS
from lossproof.certificates.text.enclosures import decimal_above, decimal_below, enclosure_text
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Verdict

_NAMES = MappingProxyType({
    "full-rank": "full rank of P",
    "exact-learning": "exact learning",
    "exact-learner": "exact learner",
    "critical-point": "critical point",
    "suboptimal": "bad minimum",
    "complete-list": "complete list",
    "distance": "distance",
    "identifiable": "identifiable",
    "hessian-spectrum": "Hessian spectrum",
    "escape": "escape",
    "no-minimum-nearby": "no minimum nearby",
    "no-critical-point": "no critical point",
    "infimum-not-attained": "no least loss",
    "hessian-rank": "Hessian rank",
    "manifold": "learner manifold",
    "count": "enough weights",
    "robust-targets": "targets nearby",
    "principle-activation": "slopes not 0",
    "principle-weights": "full-rank weights",
    "principle-widths": "widths",
    "principle-error": "no traps in the error",
    "principle-morse": "curved error",
    "principles-suffice": "principles suffice",
    "loss-bounds": "loss",
    "khatri-rao": "blocks of P",
    "projection": "blocks, projected",
})  # fmt: skip
"""Short names of claims, in the order in which a first screen shows them; a claim without one comes after them, under its id."""
_OFTEN = MappingProxyType({"full-rank": 3, "critical-point": 3})
"""How many claims of one statement are shown, where it is more than one."""


@dataclass(frozen=True)
class KeyRow:
    """A claim in brief: its ``entry``, a short ``name``, ``where`` it holds, and its ``number`` in words, which may be empty."""

    entry: ClaimEntry
    name: str
    where: str
    number: str


def key_rows(outline: ProofOutline, most: int = 10, digits: int = 8) -> tuple[KeyRow, ...]:
    """Return the decided claims that matter most, at most ``most``, in the order of the short names; the conclusion and theorems on landscapes are left out.

    Claims about weights that were given come first among those of one statement. Losses have ``digits`` digits.
    """
    own = [entry for entry in _own_claims(outline) if entry.claim.verdict is not Verdict.UNDECIDED]
    given = outline.report.weights_given
    own.sort(key=lambda entry: (_importance(entry), not (given and entry.point == 0)))
    shown: list[ClaimEntry] = []
    for entry in own:
        alike = sum(other.claim.id == entry.claim.id for other in shown)
        if len(shown) < most and alike < _OFTEN.get(entry.claim.id, 1):
            shown.append(entry)
    return tuple(_row(outline.report, entry, digits) for entry in shown)


def undecided_groups(outline: ProofOutline) -> tuple[tuple[str, tuple[ClaimEntry, ...]], ...]:
    """Return what would decide claims that are UNDECIDED, each with the claims that it would decide; the conclusion and theorems of others are left out."""
    groups: dict[str, list[ClaimEntry]] = {}
    for entry in sorted(_own_claims(outline), key=_importance):
        if entry.claim.verdict is Verdict.UNDECIDED:
            groups.setdefault(entry.claim.missing, []).append(entry)
    return tuple((missing, tuple(entries)) for missing, entries in groups.items())


def key_name(id: str) -> str:
    """Return the short name of a claim, its id where it has none.

    >>> key_name("count"), key_name("ggn")
    ('enough weights', 'ggn')
    """
    return _NAMES.get(id, id)


def _own_claims(outline: ProofOutline) -> list[ClaimEntry]:
    return [entry for section in outline.sections if section.heading not in (DECIDING, THEOREMS_OF_OTHERS) for entry in section.entries]


def _importance(entry: ClaimEntry) -> int:
    """Return the place of a claim in the order of `_NAMES`, the first being 0."""
    return list(_NAMES).index(entry.claim.id) if entry.claim.id in _NAMES else len(_NAMES)


def _row(report: ReportRecord, entry: ClaimEntry, digits: int) -> KeyRow:
    keys, write = _NUMBERS.get(entry.claim.id, ((), None))
    facts = entry.claim.facts
    known = write is not None and all(key in facts for key in keys)
    number = write(report, facts, digits) if known and write is not None else facts_in_words(entry.facts)
    return KeyRow(entry, key_name(entry.claim.id), _where(report, entry), number)


def _where(report: ReportRecord, entry: ClaimEntry) -> str:
    place = entry.claim.place
    if isinstance(place, Region):
        return place.value
    if isinstance(place, Point):
        return "at these weights" if entry.point == 0 and report.weights_given else f"at point {entry.point}"
    return report.place_text(place) if entry.point is None else f"near point {entry.point}"


def _rank(facts: Mapping[str, Any], most: object) -> str:
    """Return bounds of a rank out of ``most``."""
    lower, upper = facts.get("rank_lower"), facts.get("rank_upper")
    if upper is None:
        return f"rank ≥ {lower} of {most}"
    return f"rank {rank_text(int(lower), int(upper))} of {most}" if lower else f"rank ≤ {upper} of {most}"


def _learning(report: ReportRecord, facts: Mapping[str, Any], digits: int) -> str:
    if "distance" in facts:
        return f"within {decimal_above(Fraction(facts['distance']))} of point {report.number(facts['point'])}"
    return report.place_text(facts["learner"]) if "learner" in facts else ""


def _loss(report: ReportRecord, facts: Mapping[str, Any], digits: int) -> str:
    return f"loss {enclosure_text(Fraction(facts['loss_lower']), Fraction(facts['loss_upper']), digits)}"


def _list_length(report: ReportRecord, facts: Mapping[str, Any], digits: int) -> str:
    up_to = f" up to {facts['up_to']}" if facts.get("up_to") in ("scale", "outputs") else ""
    return f"{'minima' if facts['minima'] else 'points'}: {facts['points']}{up_to}, no others{'' if facts['whole'] else ' in the box'}"


def _beaten(report: ReportRecord, facts: Mapping[str, Any], digits: int) -> str:
    low, high = Fraction(facts["loss_lower"]), Fraction(facts["other_loss_upper"])
    apart = next((d for d in range(4, 12) if Fraction(decimal_below(low, d)) > Fraction(decimal_above(high, d))), 12)
    return f"loss ≥ {decimal_below(low, apart)}, elsewhere ≤ {decimal_above(high, apart)}"


def _spectrum(report: ReportRecord, facts: Mapping[str, Any], digits: int) -> str:
    return f"within [{decimal_below(Fraction(facts['smallest_lower']))}, {decimal_above(Fraction(facts['largest_upper']))}]"


def _fall(report: ReportRecord, facts: Mapping[str, Any], digits: int) -> str:
    return f"loss less by {decimal_below(Fraction(facts['decrease']))} within {decimal_above(Fraction(facts['distance']))}"


def _listed(numbers: Sequence[int]) -> str:
    return f"ranks {', '.join(map(str, numbers))}"


def _by_block(report: ReportRecord, facts: Mapping[str, Any], digits: int) -> str:
    """Return the bounds of the ranks of the row blocks of P, from the first layer to the last."""
    return f"ranks ≥ {', '.join(str(layer['bound']) for layer in facts['layers'])}" if facts["layers"] else ""


_Number = Callable[[ReportRecord, Mapping[str, Any], int], str]
_LOSS = ("loss_lower", "loss_upper")
_NUMBERS: Mapping[str, tuple[tuple[str, ...], _Number]] = MappingProxyType({
    "full-rank": (("columns",), lambda report, facts, digits: _rank(facts, facts["columns"])),
    "principles-suffice": (("columns",), lambda report, facts, digits: _rank(facts, facts["columns"])),
    "identifiable": (("N_net",), lambda report, facts, digits: _rank(facts, facts["N_net"])),
    "hessian-rank": ((), lambda report, facts, digits: _rank(facts, report.problem.architecture.N_net)),
    "exact-learning": ((), _learning),
    "critical-point": (("kind", *_LOSS), lambda report, facts, digits: f"{kind_words(facts)}, {_loss(report, facts, digits)}"),
    "suboptimal": (("loss_lower", "other_loss_upper"), _beaten),
    "complete-list": (("points", "whole", "minima"), _list_length),
    "distance": (("distance",), lambda report, facts, digits: f"at most {decimal_above(Fraction(facts['distance']))}"),
    "hessian-spectrum": (("smallest_lower", "largest_upper"), _spectrum),
    "escape": (("decrease", "distance"), _fall),
    "no-minimum-nearby": (("radius",), lambda report, facts, digits: f"none within {decimal_below(Fraction(facts['radius']))}"),
    "manifold": (("dimension",), lambda report, facts, digits: f"dimension {facts['dimension']}"),
    "count": (("N_net", "required"), lambda report, facts, digits: f"{facts['N_net']} weights for {facts['required']} columns of P"),
    "robust-targets": (("radius",), lambda report, facts, digits: f"within {decimal_below(Fraction(facts['radius']))} of Y"),
    "principle-activation": ((), lambda report, facts, digits: ""),
    "principle-weights": (("ranks",), lambda report, facts, digits: _listed(facts["ranks"])),
    "principle-error": (("error",), lambda report, facts, digits: brief_name(str(facts["error"]))),
    "principle-morse": (("error",), lambda report, facts, digits: brief_name(str(facts["error"]))),
    "principle-widths": (("guaranteed",), lambda report, facts, digits: _listed(facts["guaranteed"])),
    "khatri-rao": (("layers",), _by_block),
    "projection": (("layers",), _by_block),
    "loss-bounds": (_LOSS, _loss),
})  # fmt: skip
"""The facts that a number needs, and the number in words, rounded to the safe side; where facts are missing or a statement is not here, all facts are told."""
