"""What a report says in plain words: title, the conclusion and what it does not say, what the reader has to trust."""

from __future__ import annotations

from lossproof.certificates.proof_outline import ProofOutline
from lossproof.certificates.report import Report
from lossproof.theory.verdicts import Rigor, Verdict

QUESTION = "Is every local minimum global?"
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


def report_title(report: Report) -> str:
    """Return a heading such as ``"The 2-2-1 network with tanh on xor"``."""
    architecture = report.problem.architecture
    activation = architecture.activation if architecture.L > 1 else architecture.output_activation
    data = report.data_name or f"{report.problem.T} samples"
    return f"The {architecture} network with {activation.name} on {data}"


def problem_lines(report: Report) -> tuple[tuple[str, str], ...]:
    """Return the problem as pairs of a term and its value in words."""
    problem = report.problem
    a = problem.architecture
    bias = {"trainable": "trainable (counted in N_net)", "fixed": "fixed constants (not counted)", "none": "none"}[a.bias]
    hidden = (("hidden activation", a.activation.name),) if a.L > 1 else ()
    return (
        ("network", f"F({', '.join(map(str, a.widths))}), {a.L} layer{'s' if a.L > 1 else ''} of weights"),
        *hidden,
        ("output activation", a.output_activation.name),
        ("error", problem.error.name),
        ("bias", bias),
        ("samples", f"T = {problem.T}"),
        ("outputs", f"n_L = {a.n_L}, so P has T·n_L = {problem.columns} columns"),
        ("weights", f"N_net = {a.N_net}, so P has {a.N_net} rows"),
    )


def point_name(report: Report, index: int) -> str:
    """Return how a point came about, in words."""
    if index > 0:
        return "weights found on the way, used as a witness or to prove a rank"
    return "the weights given" if report.weights_given else "weights chosen by the program, from the seed"


def conclusion_headline(verdict: Verdict) -> str:
    """Return what the verdict of ``no-bad-local-minima`` says, in a sentence or two."""
    return {
        Verdict.PROVED: "For this network and these samples every local minimum of the loss J is a global minimum.",
        Verdict.REFUTED: (
            "For this network and these samples a strict local minimum of the loss J is certified whose value is proved to exceed "
            "the value of J at another point."
        ),
        Verdict.UNDECIDED: (
            "Open. It is proved neither that every local minimum of the loss J is global, nor that one of them is not; "
            "what is proved here is no sign either way."
        ),
    }[verdict]


def what_does_not_follow(outline: ProofOutline) -> str:
    """Say why a failed sufficient condition proves nothing (`failed-bound`).

    Empty when the conclusion is decided, or when no sufficient condition failed.
    """
    if outline.conclusion.claim.verdict is not Verdict.UNDECIDED:
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
    return f"{_plural(len(outline.claims), 'claim')}: {counted}; {_plural(len(outline.lemmas), 'lemma')} (rank bounds)."


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def trust_lines(outline: ProofOutline) -> tuple[str, ...]:
    """Return what the reader takes on trust, a sentence each."""
    lines = [
        "Samples and weights are exact numbers: a float is the dyadic rational it is, a decimal in text the rational it spells.",
        "The loss is J(W) = (1/T) Σ_i E(F(W, x_i), y_i) over these samples, and nothing is said about other data.",
    ]
    lines += [f"Rigor {rigor.value}: {RIGOR_WORDS[rigor].partition(': ')[2]}." for rigor in outline.rigors()]
    return tuple(lines)
