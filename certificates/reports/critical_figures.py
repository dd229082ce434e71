"""The figures of a claim about a critical point, with captions that keep what is proved apart from what is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.critical_estimates import descent_estimate, hessian_eigenvalues, line_estimate
from lossproof.certificates.reports.critical_svg import inertia_svg
from lossproof.certificates.reports.loss_svg import descent_svg, line_svg
from lossproof.certificates.reports.outline import ClaimEntry
from lossproof.certificates.reports.record import ReportRecord
from lossproof.certificates.reports.svg import superscript
from lossproof.certificates.text.enclosures import decimal_above, enclosure_text
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.theory.verdicts import Verdict


@dataclass(frozen=True)
class Figure:
    """A picture as SVG, and its caption in plain words."""

    svg: str
    caption: str


def figures_of(report: ReportRecord, entry: ClaimEntry) -> tuple[Figure, ...]:
    """Return the figures of a claim: for a critical point the spectrum of its Hessian and the loss along its curve of descent, where these are proved.

    A claim ``hessian-spectrum`` that has all eigenvalues shows their enclosures.

    A critical point beside weights that were given has the loss along an eigenvector of the least eigenvalue, too. A claim ``inertia`` or
    ``higher-order-descent`` that stands behind no claim ``critical-point`` has its own.
    """
    claim = entry.claim
    if claim.verdict is not Verdict.PROVED or claim.point is None:
        return ()
    if claim.id == "hessian-spectrum":
        return (_enclosed_spectrum(report, claim, entry.anchor),) if "eigenvalues" in claim.facts else ()
    proved = {c.id: c for c in (claim, *claim.premises) if isinstance(c, Claim)} if claim.id == "critical-point" else {claim.id: claim}
    with one_thread():
        found = [_spectrum(report, proved["inertia"], entry.anchor) if "inertia" in proved else None]
        if "inertia" in proved and claim.id == "critical-point" and _is_beside_given(report, claim):
            found.append(_line(report, claim, entry.anchor))
        found.append(_descent(report, proved["higher-order-descent"], entry.anchor) if "higher-order-descent" in proved else None)
    return tuple(figure for figure in found if figure is not None)


def _spectrum(report: ReportRecord, inertia: Claim, key: str) -> Figure | None:
    eigenvalues = hessian_eigenvalues(report.problem, inertia.point.weights) if inertia.point is not None else ()
    if not eigenvalues:
        return None
    where = "at" if Fraction(inertia.facts["radius"]) == 0 else "near"
    mixed = inertia.facts["zero"] and inertia.facts["undecided"]
    caption = (
        f"The eigenvalues of the Hessian {where} point {report.number(inertia.point)}. Proved: how many are negative, zero and positive. "
        f"Estimated in float64: where they lie{', and so which of those next to 0 are the zeros' if mixed else ''}."
    )
    return Figure(inertia_svg(eigenvalues, inertia.facts, key), caption)


def _enclosed_spectrum(report: ReportRecord, spectrum: Claim, key: str) -> Figure:
    within, listed = Fraction(spectrum.facts["within"]), [Fraction(value) for value in spectrum.facts["eigenvalues"]]
    negative, positive = sum(value < -within for value in listed), sum(value > within for value in listed)
    counts = {"negative": negative, "zero": 0, "positive": positive, "undecided": len(listed) - negative - positive}
    where = "at" if Fraction(spectrum.facts["radius"]) == 0 else "in the box around"
    radius = decimal_above(within)
    caption = f"The eigenvalues of the Hessian {where} point {report.number(spectrum.point)}. Proved: each lies within {radius} of its place here."
    if counts["undecided"]:
        caption += " Those whose enclosure holds 0 are undecided: their sign is not told by it."
    return Figure(inertia_svg([nearest_double(value) for value in listed], counts, key, radius), caption)


def _is_beside_given(report: ReportRecord, claim: Claim) -> bool:
    """Tell whether a critical point is at weights that were given, or its distance from some is proved."""
    given = report.weights_given and len(report.first_points) == 1 and claim.place is report.first_points[0]
    return given or any(other.id == "distance" and other.place is claim.place for other in report.claims)


def _line(report: ReportRecord, claim: Claim, key: str) -> Figure | None:
    found = None if claim.point is None else line_estimate(report.problem, claim.point.weights, claim.facts["inertia"])
    if found is None:
        return None
    lower, upper = (Fraction(claim.facts[end]) for end in ("loss_lower", "loss_upper"))
    below, above = (nearest_double(bound - Fraction(found.loss)) for bound in (lower, upper))
    words, value = enclosure_text(lower, upper), f"{found.eigenvalue:.3g}".replace("-", "−")
    caption = (
        f"The loss along an eigenvector v of the Hessian through point {report.number(claim.point)}, for the eigenvalue λ ≈ {value}, the least "
        f"that is not proved to be 0. Proved: the loss {words} of the critical point. A numerical illustration in float64: the eigenvector and the lines drawn."
    )
    return Figure(line_svg(found.s, found.change, found.parabola, (below, above), words, key), caption)


def _descent(report: ReportRecord, descent: Claim, key: str) -> Figure | None:
    found = None if descent.point is None else descent_estimate(report.problem, descent.point.weights, descent)
    if found is None:
        return None
    order, coefficient = found.order, decimal_above(Fraction(descent.facts["coefficient"])).replace("-", "−")
    caption = (
        f"The loss along a curve W(t) from point {report.number(descent.point)}. Proved: it changes by c t^{order} plus higher powers of t, and c is at most "
        f"{coefficient}, so the loss falls for all small t > 0. Estimated in float64: the lines drawn."
    )
    line = found.line
    if line is not None and min(line) >= min(found.curve) / 100:
        way = "rises" if max(line) > -min(found.curve) / 100 else "stays level"
        caption += f" Along the tangent of the curve the loss {way}: this straight line does not show the descent."
    return Figure(descent_svg(found.t, found.curve, line, found.bound, f"{coefficient} t{superscript(order)}", key), caption)
