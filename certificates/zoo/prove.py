"""Proving the entries of the zoo: every point with its kind, the bad minima, and the conclusion, in one certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lossproof.certificates.claims.conclusion import claim_conclusion_of_map
from lossproof.certificates.claims.critical_point import LandscapeClaims, claim_critical_point_at
from lossproof.certificates.claims.no_critical_point import claim_no_critical_point
from lossproof.certificates.claims.principles import claim_error_principle
from lossproof.certificates.claims.suboptimal import claim_suboptimal, losses_of, worst_of
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress, ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.plain_words import notes_on_doubles
from lossproof.certificates.reports.report import Report
from lossproof.certificates.zoo.record import ZooRecord
from lossproof.numerics.network.estimates import jacobian_spectrum
from lossproof.theory.verdicts import Verdict
from lossproof.theory.zoo.entry import ZooEntry, ZooPoint
from lossproof.theory.zoo.registry import zoo_entry


@dataclass(frozen=True)
class ZooProof(ZooRecord):
    """What was proved about an entry of the zoo (see `ZooRecord`), with the formats it is read in."""

    report: Report

    def __str__(self) -> str:
        from lossproof.certificates.zoo.text import render_proof

        return render_proof(self)

    def save(self, path: str | Path) -> Path:
        """Write the report by suffix, as `Report.save` does; ``.json`` is the certificate."""
        return self.report.save(path)


def prove_entry(
    entry: str | ZooEntry, *, seed: int = 0, max_precision: int = DEFAULT_MAX_PRECISION, progress: Progress | None = None
) -> ZooProof:
    """Prove now what an entry of the zoo says about its points, and return the claims with their certificate.

    ``entry`` is a name or a record; the other arguments are those of `check_architecture`. Nothing is taken from the record but the problem and the weights:
    kinds, losses and bad minima are proved, and then compared with what it says. Raises `InputError` for an unknown name.

    >>> proof = prove_entry("auer-2")
    >>> [claim.facts["kind"] for claim, _ in proof.points], proof.conclusion.verdict.value, proof.differences
    (['strict-minimum', 'strict-minimum'], 'REFUTED', ())
    """
    record = entry if isinstance(entry, ZooEntry) else zoo_entry(entry)
    context = ProofContext(record.problem, list(record.weights), seed, max_precision, progress)
    landscape = LandscapeClaims(claim_error_principle(context, "principle-error"), claim_error_principle(context, "principle-morse"))
    claims = []
    for point in range(len(record.points)):
        context.report_progress("proving critical points", point, len(record.points))
        claims.append(claim_critical_point_at(context, point, landscape))
    points = _compared(claims)
    theorem = claim_no_critical_point(context)
    report = _report(context, landscape, points, theorem, f"zoo:{record.name}")
    return ZooProof(record, report, points, theorem, _differences(record, points, theorem))


def _compared(claims: Sequence[Claim]) -> tuple[tuple[Claim, Claim | None], ...]:
    """Compare every local minimum with the best of the points, critical or not."""
    losses = losses_of(claims)
    return tuple((claim, claim_suboptimal(claim, losses)) for claim in claims)


def _report(
    context: ProofContext, landscape: LandscapeClaims, points: Sequence[tuple[Claim, Claim | None]], theorem: Claim | None, name: str
) -> Report:
    bad = [suboptimal for _, suboptimal in points if suboptimal is not None]
    proved = sum(claim.verdict is Verdict.PROVED for claim, _ in points)
    claims = [
        claim_conclusion_of_map(context, proved, worst_of(bad), theorem),
        *([] if theorem is None else [theorem]),
        *(claim for claim, _ in points),
        *bad,
        landscape.principle_error,
        landscape.morse,
    ]
    spectrum = jacobian_spectrum(context.problem, context.points[0])
    notes = notes_on_doubles(context.problem, context.points)
    return Report(context.problem, tuple(context.points), True, tuple(claims), spectrum, notes, name)


def _differences(entry: ZooEntry, points: Sequence[tuple[Claim, Claim | None]], theorem: Claim | None) -> tuple[str, ...]:
    found = [
        text
        for number, (point, (claim, bad)) in enumerate(zip(entry.points, points, strict=True))
        for text in _difference(number, point, claim, bad)
    ]
    proved = "" if theorem is None or theorem.verdict is not Verdict.PROVED else theorem.id
    if proved != entry.theorem:
        found.append(f"The landscape was to have the theorem {entry.theorem or 'none'}, proved is {proved or 'none'}.")
    return tuple(found)


def _difference(number: int, point: ZooPoint, claim: Claim, suboptimal: Claim | None) -> list[str]:
    differences = []
    if claim.facts["kind"] != point.kind:
        differences.append(f"Point {number} was to be {point.kind}, proved is {claim.facts['kind']}.")
    if point.suboptimal != (suboptimal is not None):
        differences.append(
            f"Point {number} was {'' if point.suboptimal else 'not '}to be suboptimal, and this is {'not ' * point.suboptimal}proved."
        )
    return differences
