"""What theorems say about the whole landscape: asked for the same way by every job, so that none knows less than another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lossproof.certificates.claims.cited import claims_cited, decisive_theorem
from lossproof.certificates.claims.full_rank import full_rank_everywhere
from lossproof.certificates.claims.no_critical_point import claim_infimum_not_attained, claim_no_critical_point
from lossproof.certificates.claims.regions import BadRegion, bad_region
from lossproof.certificates.claims.theorems import claim_before_fixed_readout, claims_of_theorems
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point


@dataclass(frozen=True)
class WholeLandscape:
    """The claims that decide a landscape without looking at its critical points.

    - ``nowhere``: that there is no critical point at all, or None;
    - ``full``: that every ``P(W)`` has full rank, or None, with the ``principle_error`` that makes every critical point global then;
    - ``theorems``: those of our own that apply, see `claims_of_theorems`;
    - ``cited``: a claim for each published theorem, and ``decisive`` the first by which every local minimum is global, or None.
    """

    context: ProofContext
    nowhere: Claim | None
    full: Claim | None
    principle_error: Claim
    theorems: tuple[Claim, ...]
    cited: tuple[Claim, ...]

    @staticmethod
    def of(context: ProofContext, point: Point, principle_error: Claim) -> WholeLandscape:
        """Ask the theorems; ``point`` is where bounds of ranks that hold everywhere may be looked for.

        With weight decay only convexity is left to ask for, with frozen layers that, and independent samples before a fixed readout.
        """
        if context.problem.architecture.frozen:
            readout = claim_before_fixed_readout(context, point, principle_error)
            return WholeLandscape(context, None, None, principle_error, () if readout is None else (readout,), ())
        if context.problem.decay is not None:
            return WholeLandscape(context, None, None, principle_error, (), tuple(claims_cited(context)))
        theorems, cited = claims_of_theorems(context, point, principle_error), claims_cited(context)
        nowhere, full = claim_no_critical_point(context), full_rank_everywhere(context)
        return WholeLandscape(context, nowhere, full, principle_error, tuple(theorems), tuple(cited))

    @property
    def decisive(self) -> Claim | None:
        """A published theorem by which every local minimum is global."""
        return decisive_theorem(self.cited)

    @property
    def telling(self) -> tuple[Claim, ...]:
        """The claims that say something about this landscape, published theorems that do not apply left out."""
        found = (self.nowhere, self.full, *self.theorems, self.decisive)
        return tuple(claim for claim in found if claim is not None)

    def infimum_not_attained(self, point: Point, losses: Iterable[Claim]) -> Claim | None:
        """Return the claim that the least loss is approached and never reached, or None; losses tell where no theorem says that there is no local minimum."""
        if self.context.problem.decay is not None or self.context.problem.architecture.frozen:
            return None
        said = self.nowhere is not None or any(claim.id == "separable-squashing" for claim in self.theorems)
        return claim_infimum_not_attained(self.context, point, None if said else losses)

    def bad_region(self, losses: Iterable[Claim]) -> BadRegion | None:
        """Return a local minimum in a region of the weights that some point beats, one of known losses or a new one."""
        return bad_region(self.context, losses)


def claims_of_region(conclusion: Claim) -> list[Claim]:
    """Return the claims of a region and of a better point that a conclusion rests on, to stand in the report."""
    regions = ("linear-region", "dead-region", "constant-region")
    premises = [node for node in conclusion.premises if isinstance(node, Claim)]
    return premises if any(claim.id in regions for claim in premises) else []
