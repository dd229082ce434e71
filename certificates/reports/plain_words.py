"""What a report says in plain words: title, the conclusion and what it does not say, what the reader has to trust."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Place, point_near
from lossproof.certificates.reports.critical_rows import kind_text
from lossproof.certificates.reports.outline import ProofOutline
from lossproof.certificates.reports.record import ReportRecord
from lossproof.certificates.text.enclosures import decimal_above, decimal_below
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Rigor, Verdict

QUESTION = "Is every local minimum global?"
KEY_CLAIMS = "The claims that matter"
NOT_APPLYING = "Theorems that do not apply here, each with the hypothesis that fails"
RIGOR_WORDS = {
    Rigor.EXACT: "exact: integers, rationals, prime fields, symbolic identities",
    Rigor.BALL: "ball arithmetic: every number is enclosed by Arb with a proved error bound",
    Rigor.VERIFIED_FLOAT: "verified floating point: IEEE 754 double precision with a-priori error bounds",
    Rigor.CITED: "cited: rests on a published theorem that is named and not re-proved here",
}
VERDICT_WORDS = {
    Verdict.PROVED: "holds, and the certificate shows why",
    Verdict.REFUTED: "does not hold as stated, and the certificate holds a witness or the reason",
    Verdict.UNDECIDED: "neither proved nor refuted: it is not a “no”, and the report says what is missing",
}


def report_title(report: ReportRecord) -> str:
    """Return a heading such as ``"The 2-2-1 network with tanh on xor"``."""
    architecture = report.problem.architecture
    used = architecture.hidden_in_words if architecture.L > 1 else brief_name(architecture.output_activation.name)
    data = report.data_name or f"{report.problem.T} samples"
    frozen = f", {_frozen(architecture)} frozen," if architecture.frozen else ""
    return f"The {architecture} network with {used}{frozen} on {data}"


def _frozen(architecture: Architecture) -> str:
    """Return the frozen layers, such as ``"layer 2"`` or ``"layers 1 and 3"``."""
    *first, last = map(str, architecture.frozen)
    return f"layers {', '.join(first)} and {last}" if first else f"layer {last}"


def problem_lines(report: ReportRecord) -> tuple[tuple[str, str], ...]:
    """Return the problem as pairs of a term and its value in words."""
    problem = report.problem
    a = problem.architecture
    words = {"trainable": "trainable (counted in N_net)", "fixed": "fixed constants (not counted)", "none": "none"}
    bias = words[a.bias] if a.bias in words else f"layer by layer: {', '.join(a.biases)}"
    several = "s, layer by layer" if len(set(a.hidden)) > 1 else ""
    hidden = ((f"hidden activation{several}", a.hidden_in_words),) if a.L > 1 else ()
    return (
        ("network", f"F({', '.join(map(str, a.widths))}), {a.L} layer{'s' if a.L > 1 else ''} of weights"),
        *hidden,
        ("output activation", brief_name(a.output_activation.name)),
        ("error", brief_name(problem.error.name)),
        *(() if problem.decay is None else (("weight decay", str(problem.decay)),)),
        ("bias", bias),
        *((("frozen", f"{_frozen(a)}, with weights and biases that are constants of the problem"),) if a.frozen else ()),
        ("samples", f"T = {problem.T}"),
        ("outputs", f"n_L = {a.n_L}, so P has T·n_L = {problem.columns} columns"),
        ("weights", f"N_net = {a.N_net}, so P has {a.N_net} rows"),
    )


def point_name(report: ReportRecord, index: int) -> str:
    """Return how a point came about, in words."""
    point = report.numbering.points[index]
    proved = [claim for claim in report.claims if claim.point is point and claim.verdict is Verdict.PROVED]
    critical = next((claim for claim in proved if claim.id == "critical-point"), None)
    given = index == 0 and report.weights_given
    if critical is not None and not given:
        suboptimal = any(claim.id == "suboptimal" for claim in proved)
        near = "here" if Fraction(critical.facts["radius"]) == 0 else "near these weights"
        return f"a critical point lies {near}: {kind_text(critical.facts, suboptimal=suboptimal)}"
    if index > 0:
        return "weights found on the way, used as a witness or to prove a rank"
    return "the weights given" if report.weights_given else "drawn from the seed"


def conclusion_headline(report: ReportRecord) -> str:
    """Return what the claim ``no-bad-local-minima`` says, and whether the infimum of the loss is proved not to be attained, in a sentence or two."""
    conclusion, infimum = report.conclusion, infimum_sentence(report)
    if conclusion.verdict is Verdict.UNDECIDED:
        return (
            "Open. It is proved neither that every local minimum of the loss J is global, nor that one of them is not; "
            f"what is proved here is no sign either way. {infimum}"
        ).rstrip()
    premises = [premise for premise in conclusion.premises if isinstance(premise, Claim)]
    if conclusion.verdict is Verdict.PROVED:
        return f"For this network and these samples {_no_bad_minimum([premise.id for premise in premises], attained=not infimum)}"
    return f"A bad local minimum is proved to exist: {_bad_minimum(report, premises)} {infimum}".rstrip()


def infimum_sentence(report: ReportRecord) -> str:
    """Return the sentence that the infimum of the loss is not attained, empty where no claim of its own says so."""
    said = any(claim.id == "infimum-not-attained" and claim.verdict is Verdict.PROVED for claim in report.claims)
    return "The infimum of J is approached and never attained: there is no global minimum." if said else ""


def _no_bad_minimum(reasons: Sequence[str], *, attained: bool) -> str:
    """Say what is proved where no local minimum is bad; where the infimum is not attained, there is no local minimum at all."""
    if "no-critical-point" in reasons:
        return "the loss J has no critical point at all: no bad local minimum, and no global one either. Its infimum is approached and never attained."
    if "separable-squashing" in reasons or not attained:
        return "the loss J has no local minimum at all, neither a bad nor a global one: its infimum is approached and never attained."
    return "every local minimum of the loss J is a global minimum."


_REGIONS = {
    "linear-region": "where the network is an affine map of its inputs,",
    "dead-region": "where the output does not depend on the inputs,",
    "constant-region": "with an output that does not depend on the inputs,",
}

_SHARED_SIGNS = "where all hidden units have the same signs on the samples,"


def _bad_minimum(report: ReportRecord, premises: Sequence[Claim]) -> str:
    """Say what the bad minimum is and what beats it, as far as the premises of the conclusion tell."""
    for premise in premises:
        if premise.id == "suboptimal":
            where = "at" if Fraction(premise.facts["radius"]) == 0 else "near"
            other = premise.premises[-1].place if premise.premises else None
            found, lower, upper = (
                f"{where} point {report.number(premise.point)}",
                premise.facts["loss_lower"],
                premise.facts["other_loss_upper"],
            )
            return _compared(report, found, Fraction(lower), other, Fraction(upper))
    minimum = next((premise for premise in premises if premise.id in _REGIONS), None)
    shared = minimum is not None and minimum.id == "linear-region" and report.problem.architecture.bias == "none"
    better = next((premise for premise in premises if premise.id == "loss-bounds"), None)
    if minimum is None or better is None:
        return "at some weights no small change lowers the loss, though other weights have a smaller one."
    return _compared(
        report,
        _SHARED_SIGNS if shared else _REGIONS[minimum.id],
        Fraction(minimum.facts["loss_lower"]),
        better.place,
        Fraction(better.facts["loss_upper"]),
    )


def _compared(report: ReportRecord, where: str, low: Fraction, other: Place | None, high: Fraction) -> str:
    digits = next((d for d in range(4, 60) if Fraction(decimal_below(low, d)) > Fraction(decimal_above(high, d))), 60)
    point = None if other is None else point_near(other)
    beaten = "at another point" if point is None else f"{'at' if other is point else 'near'} point {report.number(point)}"
    return (
        f"{where} this network with these samples has a local minimum of loss at least {decimal_below(low, digits)}, "
        f"and {beaten} the loss is at most {decimal_above(high, digits)}."
    )


def what_does_not_follow(outline: ProofOutline) -> str:
    """Say why a failed sufficient condition proves nothing (`failed-bound`).

    Empty when the conclusion is decided, when no sufficient condition failed, and with weight decay, where full rank is none.
    """
    if outline.conclusion.claim.verdict is not Verdict.UNDECIDED or outline.report.problem.decay is not None:
        return ""
    failed = outline.find("full-rank", "everywhere", Verdict.REFUTED)
    short = _short_bound(outline)
    parts = []
    if failed is not None:
        parts.append(f"Claim {failed.number} says that full rank fails at some weights")
    if short is not None:
        parts.append(f"Claim {short} gives a rank bound below T·n_L = {outline.report.problem.columns}")
    if not parts:
        return ""
    return (
        "Full rank of P at a critical point is sufficient for a global minimum, not necessary: where the rank is smaller, "
        "a critical point may still be a global minimum or a saddle. "
        f"{' and '.join(parts)}: that concerns this sufficient condition only, and proves nothing about local minima."
    )


def _short_bound(outline: ProofOutline) -> int | None:
    """Return the number of the ``khatri-rao`` claim when its best bound stays below ``T n_L``."""
    entry = outline.find("khatri-rao", "at these weights")
    if entry is None:
        return None
    bounds = [layer["bound"] for layer in entry.claim.facts.get("layers", ())]
    return entry.number if bounds and max(bounds) < outline.report.problem.columns else None


def tally(outline: ProofOutline) -> str:
    """Return how many claims were proved, refuted and left undecided.

    A sentence for the foot of the conclusion, such as ``"18 claims: 14 proved, 3 refuted, 1 undecided; 25 lemmas (rank bounds)."``
    """
    counted = ", ".join(f"{outline.count(verdict)} {verdict.value.lower()}" for verdict in Verdict)
    return f"{plural(len(outline.claims), 'claim')}: {counted}; {plural(len(outline.lemmas), 'lemma')} (rank bounds)."


def theorems_sentence(outline: ProofOutline) -> str:
    """Return how many published theorems apply and which, such as ``"12 published theorems: 1 applies (li-ding-sun)."``; empty where none was asked."""
    asked = [entry.claim for entry in outline.claims if "applicable" in entry.claim.facts]
    if not asked:
        return ""
    named = {answer: [claim.id for claim in asked if claim.facts["applicable"] == answer] for answer in ("yes", "unknown")}
    applying, open_ones = (f" ({', '.join(ids)})" if ids else "" for ids in named.values())
    count = len(named["yes"]) or "none"
    undecided = f", {len(named['unknown'])} not decided{open_ones}" if open_ones else ""
    return f"{plural(len(asked), 'published theorem')}: {count} {'applies' if count in (1, 'none') else 'apply'}{applying}{undecided}."


def plural(count: int, noun: str) -> str:
    """Return a number of things in words.

    >>> plural(1, "start"), plural(2, "start")
    ('1 start', '2 starts')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def in_sentence(title: str) -> str:
    """Return a title as it stands within a sentence.

    >>> in_sentence("The 2-2-1 network")
    'the 2-2-1 network'
    """
    return title[0].lower() + title[1:]


def trust_lines(outline: ProofOutline) -> tuple[str, ...]:
    """Return what the reader takes on trust, and what the report was made with, a sentence each."""
    check = outline.report.self_check
    penalty = "" if outline.report.problem.decay is None else " + ½ Σ_k λ_k w_k²"
    lines = [
        "The certificate was not checked before this report was written: check it." if check is None else str(check),
        "Samples and weights are exact numbers: a float is the dyadic rational it is, a decimal in text the rational it spells.",
        f"The loss is J(W) = (1/T) Σ_i E(F(W, x_i), y_i){penalty} over these samples, and nothing is said about other data.",
    ]
    lines += [f"Rigor {rigor.value}: {RIGOR_WORDS[rigor].partition(': ')[2]}." for rigor in outline.rigors()]
    made = outline.report.provenance
    return tuple(lines if made is None else [*lines, str(made)])


def notes_on_doubles(problem: Problem, points: Sequence[Weights]) -> tuple[str, ...]:
    """Return sentences about numbers of a problem, or of its first point if there is one, that no double is near; empty where all have one."""
    from lossproof.numerics.network.double_range import beyond_doubles, vanishing_in_doubles

    weights = points[0] if points else None
    beyond, vanishing = beyond_doubles(problem, weights), vanishing_in_doubles(problem, weights)
    notes = []
    if beyond is not None:
        notes.append(
            f"Not available in double precision: {beyond}. Exact and ball arithmetic decide what they can; searches, proofs and pictures in doubles are left "
            "out, and claims that need them are UNDECIDED."
        )
    if vanishing is not None:
        notes.append(f"{vanishing[0].upper()}{vanishing[1:]}: searches and pictures in doubles count it as 0; no proof does.")
    return tuple(notes)
