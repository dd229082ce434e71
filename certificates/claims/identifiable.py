"""The claim ``rank P = N_net`` at given weights: no direction of the weights leaves all outputs as they are, at first order."""

from __future__ import annotations

from lossproof.certificates.claims.full_rank import undefined_claim
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, undecided
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.rank_bounds import generic_upper_bound, rank_bounds
from lossproof.theory.verdicts import Verdict


def claim_identifiable(context: ProofContext, point: Point) -> Claim:
    """Claim ``rank P = N_net`` at a point: no direction of the weights leaves all outputs as they are, at first order."""
    name, problem = "identifiable", context.problem
    smooth, weights = context.differentiable(point, 1), problem.architecture.N_net
    if smooth is None:
        return undefined_claim(context, name, point, {"rank_lower": 0, "rank_upper": generic_upper_bound(context).value, "N_net": weights})
    found = rank_bounds(context, "P", point)
    lower, upper = found.lower.value, found.upper.value
    facts = {"rank_lower": lower, "rank_upper": upper, "N_net": weights}
    if lower == weights:
        reason = f"rank P(W) = {weights} = N_net: every direction of the weights changes some output at first order, and JᵀJ is regular."
        return decided(name, point, reason, "definition", found.lower, found.upper, *smooth, facts=facts)
    if upper < weights:
        free = f"at least {weights - upper}" if lower < upper else str(weights - upper)
        least = f"of the {weights} directions of the weights {free} leave all outputs as they are at first order, so JᵀJ is singular"
        reason = f"rank P(W) {'=' if lower == upper else '≤'} {upper}: {least}."
        return decided(name, point, reason, "definition", found.lower, found.upper, *smooth, verdict=Verdict.REFUTED, facts=facts)
    missing = f"a lower bound of {weights} (raise max_precision), or a direction of the weights that changes no output"
    reason = f"rank P(W) was enclosed between {lower} and {upper}; N_net = {weights}."
    return undecided(name, point, reason, missing, found.lower, found.upper, facts=facts)
