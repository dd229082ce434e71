"""The subjects of a report, and which claims stand under each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.point_groups import by_point
from lossproof.theory.statements import landscape
from lossproof.theory.statements.cited import CITED

DECIDING = "What decides the question"
"""The heading of the section about theorems on whole landscapes and what a conclusion rests on."""
CRITICAL_POINTS = "Critical points"
"""The heading of the section about critical points."""
THEOREMS_OF_OTHERS = "Theorems of others"
"""The heading of the section about published theorems."""
_SUBJECTS = {
    DECIDING: landscape.DECIDING,
    "Exact learning": (
        "exact-learning",
        "exact-learner",
        "wide-layer",
        "one-hidden-layer",
        "newton-kantorovich",
        "robust-targets",
        "clash",
        "range",
        "linear-reach",
    ),
    "The rank of P": (
        "full-rank",
        "identifiable",
        "count",
        "almost-everywhere",
        "never-everywhere",
        "principles-suffice",
        "duplicate",
        "homogeneous",
        "singular-value",
    ),
    "Rank bounds, layer by layer": ("khatri-rao", "projection", "k-rank"),
    "The design principles": ("principle-error", "principle-weights", "principle-activation", "principle-widths", "principle-morse"),
    "Second order": ("hessian-rank", "manifold", "ggn", "ggn-semidefinite", "differentiable"),
    CRITICAL_POINTS: (
        "critical-theorem",
        "gradient-identity",
        "no-critical-point",
        "infimum-not-attained",
        "critical-point",
        "suboptimal",
        "stationary",
        "distance",
        "loss-bounds",
        "inertia",
        "global",
        "strict-minimum",
        "local-minimum",
        "saddle",
        "maximum",
        "higher-order-descent",
        "hessian-spectrum",
        "no-minimum-nearby",
        "escape",
    ),
    THEOREMS_OF_OTHERS: tuple(statement.id for statement in CITED),
}
_HEADINGS = {name: heading for heading, names in _SUBJECTS.items() for name in names}


def by_subject(claims: Iterable[Claim], order: Sequence[Claim], conclusion: Claim) -> dict[str, list[Claim]]:
    """Put claims of one subject together, what decides the question first.

    Subjects and claims keep the report's order, mere premises come last, and a point's claims stay together. A loss that the conclusion itself rests on stands
    beside the theorem that it completes.
    """
    place = {id(claim): index for index, claim in enumerate(order)}
    completing = {id(premise) for premise in conclusion.premises if isinstance(premise, Claim) and premise.id == "loss-bounds"}
    groups: dict[str, list[Claim]] = {DECIDING: []}
    for claim in sorted(claims, key=lambda claim: place.get(id(claim), len(order))):
        heading = DECIDING if id(claim) in completing else _HEADINGS.get(claim.id, "Further claims")
        groups.setdefault(heading, []).append(claim)
    return {heading: by_point(group) if heading == CRITICAL_POINTS else group for heading, group in groups.items() if group}
