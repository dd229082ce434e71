"""Proved critical points as rows of text: what every table of them shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.certificates.claims.critical_kinds import SIGNS, kind_words
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.certificates.text.enclosures import decimal_above, enclosure_text
from lossproof.theory.verdicts import Verdict

HEADINGS = ("point", "kind", "loss", "−", "0", "+", "?", "rank P", "radius")
"""What the cells of a row are; −, 0, + and ? count eigenvalues of the Hessian by their proved sign."""
TABLE_GLOSS = (
    "All critical points that are proved, by loss; there may be others, unless a claim says that the list is complete. "
    "−, 0, + and ? count the eigenvalues of the Hessian by their proved sign. "
    "Each point lies within its radius of the weights of that number, in every coordinate."
)
LEFT_COLUMNS = (1, 2)
"""The columns of words, set to the left."""
_GAP = "  "


@dataclass(frozen=True)
class CriticalRow:
    """One proved critical point: its index in the report, and the cells of its row under `HEADINGS`."""

    point: int
    kind: str
    suboptimal: bool
    cells: tuple[str, ...]


def critical_rows(claims: Iterable[Claim], number: Callable[[Point], int | None]) -> tuple[CriticalRow, ...]:
    """Return the rows of all PROVED claims ``critical-point`` by loss, with the ``number`` of each point; a PROVED ``suboptimal`` is said in its row."""
    known = tuple(claims)
    bad = {claim.place for claim in known if claim.id == "suboptimal" and claim.verdict is Verdict.PROVED}
    proved = [
        (Fraction(claim.facts["loss_upper"]), found, claim)
        for claim in known
        if claim.id == "critical-point" and claim.verdict is Verdict.PROVED and claim.point is not None
        if (found := number(claim.point)) is not None
    ]
    proved.sort(key=lambda row: row[:2])
    return tuple(_row(claim, found, suboptimal=claim.place in bad) for _, found, claim in proved)


def kind_text(facts: Mapping[str, Any], *, suboptimal: bool) -> str:
    """Return the kind in the facts of a claim ``critical-point`` in words.

    >>> kind_text({"kind": "strict-minimum"}, suboptimal=True)
    'strict local minimum, suboptimal'
    """
    return kind_words(facts) + (", suboptimal" if suboptimal else "")


def rank_text(lower: int, upper: int) -> str:
    """Return bounds of a rank.

    >>> rank_text(3, 3), rank_text(2, 4)
    ('3', '2–4')
    """
    return str(lower) if lower == upper else f"{lower}–{upper}"


def radius_text(radius: Fraction) -> str:
    """Return a radius, rounded up: ``"0"`` says that the point lies exactly there.

    >>> radius_text(Fraction(0)), radius_text(Fraction(1, 2**40))
    ('0', '9.1e-13')
    """
    return decimal_above(radius, 2)


def inertia_text(inertia: Mapping[str, int]) -> str:
    """Return how many eigenvalues have which sign, in words.

    >>> inertia_text({"negative": 1, "zero": 0, "positive": 8, "undecided": 0})
    '1 negative, 8 positive'
    """
    return ", ".join(f"{count} {sign}" for sign, count in inertia.items() if count) or "no eigenvalue"


def aligned_table(cells: Sequence[Sequence[str]], left: Sequence[int] = ()) -> list[str]:
    """Return a heading row, a rule and the other rows, aligned to the right except for the columns ``left``.

    >>> aligned_table([("a", "kind"), ("1", "x")], (1,))
    ['a  kind', '-------', '1  x   ']
    """
    sizes = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        _GAP.join(cell.ljust(size) if k in left else cell.rjust(size) for k, (cell, size) in enumerate(zip(row, sizes, strict=True)))
        for row in cells
    ]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def _row(claim: Claim, point: int, *, suboptimal: bool) -> CriticalRow:
    facts, inertia, kind = claim.facts, claim.facts["inertia"], str(claim.facts["kind"])
    cells = (
        str(point),
        kind_text(facts, suboptimal=suboptimal),
        enclosure_text(Fraction(facts["loss_lower"]), Fraction(facts["loss_upper"])),
        *(str(inertia[sign]) for sign in SIGNS),
        rank_text(int(facts["rank_lower"]), int(facts["rank_upper"])),
        radius_text(Fraction(facts["radius"])),
    )
    return CriticalRow(point, kind, suboptimal, cells)
