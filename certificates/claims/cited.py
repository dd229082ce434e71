"""Theorems of others, asked of the user's problem: applied where every hypothesis is proved, else the hypothesis that fails is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, undecided
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.numerics.samples.linear_separation import balanced_combination, separating_direction
from lossproof.numerics.samples.ranks import (
    MOST_ENTRIES,
    dependent_table,
    kawaguchi_failure,
    prime_of_distinct_eigenvalues,
    prime_of_full_ranks,
    prime_of_independent_products,
    products_are_dependent,
)
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.statements.cited import CITED
from lossproof.theory.statements.cited_facts import target_signs, telling_coordinate, wide_pyramid_layer
from lossproof.theory.statements.cited_hypotheses import Answer, Hypothesis, recorded_hypotheses
from lossproof.theory.verdicts import Rigor, Verdict

Evidence = dict[str, Any]

_CONSEQUENCES = MappingProxyType({
    "kawaguchi-2016": "Every local minimum of J is global, and every other critical point is a saddle.",
    "lu-kawaguchi-2017": "Every local minimum of J is global.",
    "laurent-von-brecht-2018": "Every local minimum of J is global.",
    "nguyen-hein-2017": (
        "Every critical point outside a set of measure zero, where [Φ_k; 1] or a later W_l loses rank, is a global minimum. "
        "That set may hold suboptimal local minima: this does not decide the conclusion."
    ),
    "gori-tesi-1992": "J has no suboptimal local minimum; it has no local minimum at all, since the targets are never reached.",
    "li-ding-sun": "No strict local minimum of J is suboptimal. Other local minima may be: this does not decide the conclusion.",
    "ding-li-sun-2019": (
        "For these inputs and widths there are targets for which J has a suboptimal local minimum. Whether the given targets are such is not said."
    ),
    "venturi-bandeira-bruna": (
        "From all weights a path on which J never increases leads as near to inf J as one likes. "
        "Local minima with a flat way out are not excluded: this does not decide the conclusion."
    ),
})  # fmt: skip
_DECISIVE = ("laurent-von-brecht-2018", "lu-kawaguchi-2017", "kawaguchi-2016", "gori-tesi-1992")


def claims_cited(context: ProofContext) -> list[Claim]:
    """Return one claim for each cited theorem, about all weights.

    PROVED, with rigor ``CITED``, when every hypothesis is proved for this problem; the reason says what the theorem then gives. Otherwise UNDECIDED:
    the reason starts with "Not applicable" and names the first hypothesis that fails, or with "Not decided" and names one that is not proved. The fact
    ``applicable`` is "yes", "no" or "unknown".
    """
    return [_claim_theorem(context, statement.id) for statement in CITED]


def decisive_theorem(claims: Iterable[Claim]) -> Claim | None:
    """Return a proved claim of a cited theorem that says that every local minimum is global, or None."""
    proved = {claim.id: claim for claim in claims if claim.verdict is Verdict.PROVED}
    return next((proved[id] for id in _DECISIVE if id in proved), None)


def _claim_theorem(context: ProofContext, id: str) -> Claim:
    if context.problem.decay is not None:
        return _open(id, Hypothesis(Answer.FAILS, "the theorem is about a loss without weight decay"))
    hypotheses = recorded_hypotheses(id, context.problem)
    failed = next((h for h in hypotheses if h.answer is Answer.FAILS), None)
    if failed is not None:
        return _open(id, failed)
    large = _too_large(id, context.problem)
    if large is not None:
        return _open(id, large)
    found, evidence = _SAMPLE_HYPOTHESES[id](context)
    if found is not None and found.answer is not Answer.HOLDS:
        return _open(id, found)
    listed = "; ".join(h.text for h in (*hypotheses, found) if h is not None)
    reason = f"Its hypotheses hold: {listed}. {_CONSEQUENCES[id]}"
    return decided(id, EVERYWHERE, reason, "cited-theorem", facts={"applicable": "yes"}, evidence=evidence, own=Rigor.CITED)


def _open(id: str, found: Hypothesis) -> Claim:
    fails = found.answer is Answer.FAILS
    reason = f"{'Not applicable' if fails else 'Not decided'}: {found.text}."
    missing = "a problem that the theorem speaks about" if fails else "a proof of the hypothesis named"
    facts = {"applicable": "no" if fails else "unknown"}
    return undecided(id, EVERYWHERE, reason, missing, facts=facts)


def _of_samples(problem: Problem) -> str:
    return "of the centred samples " if problem.architecture.bias == "trainable" else ""


def _for_samples(problem: Problem) -> str:
    return ", for the centred samples" if problem.architecture.bias == "trainable" else ""


def _too_large(id: str, problem: Problem) -> Hypothesis | None:
    """Return why the table whose rank the theorem asks for is too large, or None."""
    columns = _TABLE_COLUMNS.get(id)
    if columns is None or problem.T * columns(problem.architecture) <= MOST_ENTRIES:
        return None
    size = f"{problem.T} × {columns(problem.architecture)}"
    return Hypothesis(Answer.UNKNOWN, f"a table of {size} numbers from the samples is too large for its rank to be asked for")


def _nothing_else(context: ProofContext) -> tuple[None, Evidence]:
    return None, {}


def _kawaguchi(context: ProofContext) -> tuple[Hypothesis, Evidence]:
    problem = context.problem
    of = _of_samples(problem)
    prime = prime_of_distinct_eigenvalues(problem, context.seed)
    if prime is not None:
        return Hypothesis(Answer.HOLDS, f"X Xᵀ and X Yᵀ {of}have full rank, and Σ has different eigenvalues"), {"prime": prime}
    failure = kawaguchi_failure(problem)
    if failure is not None:
        return Hypothesis(Answer.FAILS, f"{failure}{_for_samples(problem)}"), {}
    return Hypothesis(Answer.UNKNOWN, f"full rank of X Xᵀ and X Yᵀ {of}and different eigenvalues of Σ were not proved"), {}


def _lu_kawaguchi(context: ProofContext) -> tuple[Hypothesis, Evidence]:
    problem = context.problem
    of = _of_samples(problem)
    prime = prime_of_full_ranks(problem, context.seed)
    if prime is not None:
        return Hypothesis(Answer.HOLDS, f"X and Y {of}have full row rank"), {"prime": prime}
    name = dependent_table(problem)
    if name is not None:
        return Hypothesis(Answer.FAILS, f"{name} {of}does not have full row rank"), {}
    return Hypothesis(Answer.UNKNOWN, f"full row rank of X and Y {of}was not proved"), {}


def _nguyen_hein(context: ProofContext) -> tuple[None, Evidence]:
    return None, {"layer": wide_pyramid_layer(context.problem.architecture.widths, context.problem.T)}


def _gori_tesi(context: ProofContext) -> tuple[Hypothesis, Evidence]:
    problem = context.problem
    a, signs = problem.architecture, target_signs(problem) or ()
    one = [Fraction(1)] * a.bias_rows_of(1)
    rows = [[sign * x for x in (*inputs, *one)] for sign, inputs in zip(signs, problem.samples.X, strict=True)]
    direction = separating_direction(rows)
    if direction is not None and all(map(is_writable, direction)):
        return Hypothesis(Answer.HOLDS, "a plane separates the two classes strictly"), {"direction": [rational_text(x) for x in direction]}
    if direction is None and balanced_combination(rows) is not None:
        return Hypothesis(Answer.FAILS, "no plane separates the inputs of the two classes"), {}
    return Hypothesis(Answer.UNKNOWN, "no plane that separates the inputs of the two classes was found"), {}


def _li_ding_sun(context: ProofContext) -> tuple[None, Evidence]:
    return None, {"coordinate": telling_coordinate(context.problem)}


def _ding_li_sun(context: ProofContext) -> tuple[Hypothesis, Evidence]:
    problem = context.problem
    prime = prime_of_independent_products(problem, context.seed)
    if prime is not None:
        return Hypothesis(Answer.HOLDS, "1, the x_j and the x_j x_k are linearly independent on the samples"), {"prime": prime}
    if products_are_dependent(problem):
        return Hypothesis(Answer.FAILS, "1, the x_j and the x_j x_k are linearly dependent on the samples"), {}
    return Hypothesis(Answer.UNKNOWN, "linear independence of 1, the x_j and the x_j x_k on the samples was not proved"), {}


_TABLE_COLUMNS: Mapping[str, Callable[[Architecture], int]] = MappingProxyType({
    "kawaguchi-2016": lambda a: a.widths[0] + a.n_L,
    "lu-kawaguchi-2017": lambda a: a.widths[0] + a.n_L,
    "gori-tesi-1992": lambda a: a.fan_in(1),
    "ding-li-sun-2019": lambda a: 1 + a.widths[0] * (a.widths[0] + 3) // 2,
})  # fmt: skip
"""How many numbers of each sample the rank depends on that a theorem asks for."""

_SAMPLE_HYPOTHESES: Mapping[str, Callable[[ProofContext], tuple[Hypothesis | None, Evidence]]] = MappingProxyType({
    "kawaguchi-2016": _kawaguchi,
    "lu-kawaguchi-2017": _lu_kawaguchi,
    "laurent-von-brecht-2018": _nothing_else,
    "nguyen-hein-2017": _nguyen_hein,
    "gori-tesi-1992": _gori_tesi,
    "li-ding-sun": _li_ding_sun,
    "ding-li-sun-2019": _ding_li_sun,
    "venturi-bandeira-bruna": _nothing_else,
})  # fmt: skip
