"""Proving the entries of the zoo: every point with its kind, the bad minima, and the conclusion, in one certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lossproof.certificates.claims.complete import conclusion_by_list
from lossproof.certificates.claims.conclusion import conclusion_of_points
from lossproof.certificates.claims.critical_kinds import MINIMA
from lossproof.certificates.claims.critical_point import LandscapeClaims, claim_critical_point, locate
from lossproof.certificates.claims.suboptimal import claim_suboptimal, worst_of
from lossproof.certificates.claims.whole_landscape import WholeLandscape, claims_of_region
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress, ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.self_check import checked_claims
from lossproof.certificates.reports.plain_words import notes_on_doubles
from lossproof.certificates.reports.provenance import Provenance
from lossproof.certificates.reports.report import Report
from lossproof.certificates.zoo.complete import listed_points
from lossproof.certificates.zoo.record import ZooRecord
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.network.estimates import jacobian_spectrum
from lossproof.theory.verdicts import Verdict
from lossproof.theory.zoo.entry import ZooEntry, ZooPoint
from lossproof.theory.zoo.registry import zoo_entry

_MINIMA = ("global", *MINIMA)


@dataclass(frozen=True)
class ZooProof(ZooRecord):
    """What was proved about an entry of the zoo (see `ZooRecord`), with the formats it is read in.

    >>> proof = prove_entry("separable-neuron")
    >>> proof, proof.conclusion.verdict.value
    (<ZooProof separable-neuron: all of it is proved>, 'PROVED')
    """

    report: Report

    def __repr__(self) -> str:
        return f"<ZooProof {self.entry.name}: {'; '.join(self.differences) or 'all of it is proved'}>"

    def _repr_html_(self) -> str:
        return self.report._repr_html_()

    def __str__(self) -> str:
        from lossproof.certificates.zoo.text import render_proof

        return render_proof(self)

    def save(self, path: str | Path) -> Path:
        """Write the report by suffix, as `Report.save` does; ``.json`` is the certificate."""
        return self.report.save(path)


def prove_entry(
    entry: str | ZooEntry,
    *,
    seed: int = 0,
    max_precision: int = DEFAULT_MAX_PRECISION,
    progress: Progress | None = None,
    self_check: bool = True,
) -> ZooProof:
    """Prove now what an entry of the zoo says about its points, and return the claims with their certificate.

    ``entry`` is a name or a record; the other arguments are those of `check_architecture`. Nothing is taken from the record but the problem and the weights:
    kinds, losses and bad minima are proved, and then compared with what it says. Raises `InputError` for an unknown name.

    >>> proof = prove_entry("auer-2")
    >>> [claim.facts["kind"] for claim, _ in proof.points], proof.conclusion.verdict.value, proof.differences
    (['strict-minimum', 'strict-minimum'], 'REFUTED', ())
    """
    record = entry if isinstance(entry, ZooEntry) else zoo_entry(entry)
    context, landscape = ProofContext(record.problem, seed, max_precision, progress), LandscapeClaims.of(record.problem)
    points, located, claims = [Point(weights) for weights in record.weights], [], []
    with one_thread():
        for number, point in enumerate(points):
            context.report_progress("proving critical points", number, len(points))
            found = locate(context, point, landscape)
            located += [] if found is None else [found]
            claims.append(claim_critical_point(context, point, landscape))
        complete, others = listed_points(context, located, landscape) if record.complete else (None, [])
        located, claims = [*located, *others], [*claims, *(point.claim for point in others)]
        points += [point.claim.point for point in others if point.claim.point is not None]
        losses = [loss for claim in claims for loss in claim.premises if isinstance(loss, Claim) and loss.id == "loss-bounds"]
        bad = [claim for point in located if (claim := claim_suboptimal(point, losses)) is not None]
        whole = WholeLandscape.of(context, points[0], landscape.principle_error)
        report = _report(context, landscape, points, claims, (bad, losses), whole, complete, f"zoo:{record.name}", self_check=self_check)
    return _proof(record, report, points, whole.nowhere)


def _report(
    context: ProofContext,
    landscape: LandscapeClaims,
    points: Sequence[Point],
    claims: Sequence[Claim],
    compared: tuple[Sequence[Claim], Sequence[Claim]],
    whole: WholeLandscape,
    complete: Claim | None,
    name: str,
    *,
    self_check: bool,
) -> Report:
    problem, check, (bad, losses) = context.problem, None, compared
    proved = sum(claim.verdict is Verdict.PROVED for claim in claims)
    by_list = None if bad else conclusion_by_list(complete)
    conclusion = conclusion_of_points(whole, proved, suboptimal=worst_of(bad), losses=losses) if by_list is None else by_list
    listed = () if complete is None else (complete,)
    told: tuple[Claim, ...] = (
        conclusion, *whole.telling, *listed, *claims_of_region(conclusion), *claims, *bad, landscape.principle_error, landscape.morse,
    )  # fmt: skip
    if self_check:
        context.report_progress("checking the certificate", 0, 1)
        told, check = checked_claims(problem, told, points)
    spectrum = jacobian_spectrum(problem, points[0].weights)
    notes = notes_on_doubles(problem, [point.weights for point in points])
    return Report(problem, tuple(points), True, told, spectrum, notes, name, check, provenance=Provenance.now())


def _proof(entry: ZooEntry, report: Report, points: Sequence[Point], theorem: Claim | None) -> ZooProof:
    """Compare every point with what the entry says."""
    claims = {claim.point: claim for claim in report if claim.id == "critical-point"}
    bad = {claim.point: claim for claim in report if claim.id == "suboptimal" and claim.verdict is Verdict.PROVED}
    own, others = points[: len(entry.points)], [claims[point] for point in points[len(entry.points) :]]
    pairs = tuple((claims[point], bad.get(point)) for point in own)
    proved = next((claim for claim in report if theorem is not None and claim.id == theorem.id), None)
    return ZooProof(entry, report, pairs, proved, (*_differences(entry, pairs, proved), *_missing(entry, report, others)))


def _missing(entry: ZooEntry, report: Report, others: Sequence[Claim]) -> list[str]:
    """Tell whether a complete list was to be proved and is not, or has minima that the entry lacks."""
    complete = next((claim for claim in report if claim.id == "complete-list"), None)
    open_list = complete is not None and complete.verdict is not Verdict.PROVED
    more = sum(claim.facts["kind"] in _MINIMA for claim in others)
    found = ["The list of critical points was to be complete, and this is not proved."] if open_list else []
    return found + ([f"Minima that the entry lacks: {more}."] if more else [])


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
