"""The claim ``suboptimal``: a proved local minimum that another point beats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lossproof.certificates.claims.critical_kinds import MINIMA
from lossproof.certificates.proof.nodes import Claim, proved_at
from lossproof.certificates.text.enclosures import decimal_above, decimal_below
from lossproof.theory.verdicts import Rigor


def claim_suboptimal(minimum: Claim, losses: Sequence[Claim]) -> Claim | None:
    """Claim that the minimum of a ``critical-point`` claim is not global, by the smallest of other points' losses; None where none is proved below its own.

    ``losses`` are claims ``loss-bounds`` of any points.
    """
    premises = {premise.id: premise for premise in minimum.premises if isinstance(premise, Claim)}
    class_claim = next((premises[name] for name in MINIMA if name in premises), None)
    others = [loss for loss in losses if loss.point != minimum.point]
    if class_claim is None or not others:
        return None
    own, best = premises["loss-bounds"], min(others, key=lambda loss: loss.facts["loss_upper"])
    lower, other = own.facts["loss_lower"], best.facts["loss_upper"]
    if not lower > other:
        return None
    facts = {"loss_lower": lower, "other_loss_upper": other, "radius": own.facts["radius"]}
    reason = (
        f"The loss at this local minimum is at least {decimal_below(lower, 8)}, while at point {best.point} it is at most {decimal_above(other, 8)}: "
        "a bad local minimum, proved."
    )
    return proved_at("suboptimal", minimum.point, reason, facts, Rigor.EXACT, "suboptimal", {}, class_claim, own, best)


def losses_of(points: Sequence[Claim]) -> list[Claim]:
    """Return the claims ``loss-bounds`` that claims ``critical-point`` rest on."""
    return [premise for claim in points for premise in claim.premises if isinstance(premise, Claim) and premise.id == "loss-bounds"]


def worst_of(minima: Iterable[Claim]) -> Claim | None:
    """Return the ``suboptimal`` claim with the largest lower bound of the loss, or None without any."""
    return max(minima, key=lambda claim: claim.facts["loss_lower"], default=None)
