"""The claim ``suboptimal``: a proved local minimum that another point beats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.proof.nodes import Claim, implied
from lossproof.certificates.text.enclosures import decimal_above, decimal_below

_ROWS = {"strict-minimum": "suboptimal-strict", "local-minimum": "suboptimal-local"}


def claim_suboptimal(minimum: LocatedPoint, losses: Sequence[Claim]) -> Claim | None:
    """Claim that a proved local minimum is not global, by the smallest of other points' losses; None where none is proved below its own.

    ``losses`` are claims ``loss-bounds`` of any points.
    """
    others = [loss for loss in losses if loss.place is not minimum.loss.place]
    if minimum.class_claim is None or not minimum.is_minimum or not others:
        return None
    own, best = minimum.loss, min(others, key=lambda loss: loss.facts["loss_upper"])
    lower, other = own.facts["loss_lower"], best.facts["loss_upper"]
    if not lower > other:
        return None
    facts = {"loss_lower": lower, "other_loss_upper": other, "radius": own.facts["radius"]}
    reason = (
        f"The loss at this local minimum is at least {decimal_below(lower, 8)}, while at another point it is at most {decimal_above(other, 8)}: "
        "a bad local minimum, proved."
    )
    return implied(_ROWS[minimum.class_claim.id], "suboptimal", own.place, reason, minimum.class_claim, own, best, facts=facts)


def worst_of(minima: Iterable[Claim]) -> Claim | None:
    """Return the ``suboptimal`` claim with the largest lower bound of the loss, or None without any."""
    return max(minima, key=lambda claim: claim.facts["loss_lower"], default=None)
