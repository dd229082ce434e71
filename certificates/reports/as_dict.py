"""The report as plain data for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from fractions import Fraction
from typing import Any

from lossproof.certificates.proof.encoding import encode_point, encode_problem, problem_digest
from lossproof.certificates.reports.outline import ClaimEntry, LemmaEntry, outline_of
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.rationals import rational_text


def report_as_dict(report: ReportRecord) -> dict[str, Any]:
    """Return the whole report as dicts, lists, strings and numbers, ready for ``json.dumps``.

    Keys: ``title``, ``data_name``, ``problem`` and ``points`` (as in the certificate), ``N_net`` and ``columns``, ``weights_given``,
    ``conclusion`` (the verdict), ``claims`` and ``lemmas`` in reading order, ``spectrum_estimate`` (float64, decides nothing),
    ``spectrum_within`` (a proved bound of how far from it each singular value may be, or None),
    ``notes``, ``provenance`` (versions, BLAS, seed and day), ``self_check`` (null where it was not made), ``search`` (null where none belongs to the report),
    ``digest``. A search has ``starts``
    (0 where none was made), ``seconds``, ``candidates``, ``minima``, and ``ended``: why it ended, or was not made.
    A claim has ``number``, ``anchor``, ``id``, ``title``, ``scope``, ``verdict``, ``rigor`` (null when undecided), ``at`` (the place as in the certificate),
    ``point`` (the number of the point that it is about or near), ``reason``, ``missing``, ``facts``, ``rule``, ``evidence``, ``rests_on`` (anchors such as
    ``"claim-3"``, ``"lemma-1"``) and ``step`` (in the certificate).
    A lemma has ``matrix``, ``at``, ``rank_lower`` or ``rank_upper``, and the same last keys.
    """
    from lossproof.certificates.reports.plain_words import report_title

    outline = outline_of(report)
    architecture = report.problem.architecture
    return {
        "title": report_title(report),
        "data_name": report.data_name,
        "problem": encode_problem(report.problem),
        "N_net": architecture.N_net,
        "columns": report.problem.columns,
        "weights_given": report.weights_given,
        "points": [encode_point(weights) for weights in report.points],
        "conclusion": report.conclusion.verdict.value,
        "claims": [_claim(report, entry) for entry in outline.claims],
        "lemmas": [_lemma(report, entry) for entry in outline.lemmas],
        "spectrum_estimate": [float(value) for value in report.spectrum],
        "spectrum_within": report.spectrum_within,
        **_remarks(report),
        "digest": problem_digest(report.problem),
    }


def summary_as_dict(report: ReportRecord) -> dict[str, Any]:
    """Return what a report says, without what proves it, as dicts, lists, strings and numbers: what ``lossproof check --json`` prints.

    Keys: ``title``, ``data_name``, ``widths``, ``activation``, ``output_activation``, ``error``, ``bias``, ``T``, ``N_net``, ``columns``, ``decay`` (as in the
    certificate, null without), ``weights_given``, ``conclusion`` (the verdict) and ``headline`` (the same as a sentence), ``claims`` in reading order,
    ``notes``, ``provenance``, ``self_check``, ``search``, ``digest``. A claim has the keys that `report_as_dict` gives it, without ``rule``, ``evidence`` and
    ``rests_on``.
    """
    from lossproof.certificates.reports.plain_words import conclusion_headline, report_title

    problem = report.problem
    encoded = encode_problem(problem)
    left_out = ("rule", "evidence", "rests_on")
    claims = [{key: value for key, value in _claim(report, entry).items() if key not in left_out} for entry in outline_of(report).claims]
    return {
        "title": report_title(report),
        "data_name": report.data_name,
        **{key: encoded[key] for key in ("widths", "activation", "output_activation", "error", "bias")},
        "T": problem.T,
        "N_net": problem.architecture.N_net,
        "columns": problem.columns,
        "decay": encoded.get("decay"),
        "weights_given": report.weights_given,
        "conclusion": report.conclusion.verdict.value,
        "headline": conclusion_headline(report),
        "claims": claims,
        **_remarks(report),
        "digest": problem_digest(problem),
    }


def _remarks(report: ReportRecord) -> dict[str, Any]:
    return {
        "notes": list(report.notes),
        "provenance": None if report.provenance is None else report.provenance.as_dict(),
        "self_check": None if report.self_check is None else {"steps": report.self_check.steps, "refused": list(report.self_check.refused)},
        "search": None if report.search is None else asdict(report.search),
    }


def _claim(report: ReportRecord, entry: ClaimEntry) -> dict[str, Any]:
    claim = entry.claim
    return {
        "number": entry.number,
        "anchor": entry.anchor,
        "id": claim.id,
        "title": entry.title,
        "scope": claim.scope.value,
        "verdict": claim.verdict.value,
        "rigor": None if claim.rigor is None else claim.rigor.value,
        "at": report.numbering.name(claim.place),
        "point": entry.point,
        "reason": claim.reason,
        "missing": claim.missing,
        "facts": _plain(report.numbering.plain(claim.facts)),
        "rule": claim.rule,
        "evidence": _plain(report.numbering.plain(claim.evidence)),
        "rests_on": [link.anchor for link in entry.rests_on],
        "step": entry.step,
    }


def _lemma(report: ReportRecord, entry: LemmaEntry) -> dict[str, Any]:
    bound = entry.bound
    return {
        "number": entry.number,
        "anchor": entry.anchor,
        **report.numbering.conclusion(bound),
        "rigor": bound.rigor.value,
        "rule": bound.rule,
        "evidence": _plain(report.numbering.plain(bound.evidence)),
        "rests_on": [link.anchor for link in entry.rests_on],
        "step": entry.step,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fraction):
        return rational_text(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
