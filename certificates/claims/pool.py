"""What is proved about single weights of one landscape, put together: critical points, and the losses of any points, which may beat its minima."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lossproof.certificates.claims.critical_facts import claim_loss, claim_loss_below
from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.claims.same_points import same_point
from lossproof.certificates.claims.suboptimal import claim_suboptimal, worst_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point


@dataclass
class Pool:
    """The proved critical points and losses of one landscape, which grow as the work goes on.

    - ``points``: critical points, ``losses``: claims ``loss-bounds``, of these points and of any others;
    - ``unread``: points whose loss may be asked for where a smaller one is wanted, such as weights given;
    - ``first``: the critical point whose own fate is to be told before that of others, that at the weights given.
    """

    context: ProofContext
    points: list[LocatedPoint] = field(default_factory=list)
    losses: list[Claim] = field(default_factory=list)
    unread: list[Point] = field(default_factory=list)
    first: LocatedPoint | None = None

    @property
    def places(self) -> list[Point]:
        """The points at or near which the critical points lie."""
        return [point.claim.point for point in self.points if point.claim.point is not None]

    def restart(self, points: Sequence[LocatedPoint]) -> None:
        """Keep these critical points and their losses, and nothing else."""
        self.points, self.losses, self.first = [], [], None
        self.add(*points)

    def add(self, *points: LocatedPoint | None) -> None:
        """Take in critical points and their losses."""
        for point in points:
            if point is not None and all(point.claim.place is not known.claim.place for known in self.points):
                self.points.append(point)
                self.add_losses([point.loss])

    def replace_equal(self, *points: LocatedPoint | None) -> None:
        """Take in critical points in place of those equal to them; the first stays beside one equal to it."""
        added, first, problem = [point for point in points if point is not None], self.first, self.context.problem
        self.points = [known for known in self.points if known is first or not any(same_point(problem, known, point) for point in added)]
        self.add(*added)

    def add_losses(self, losses: Iterable[Claim | None]) -> None:
        """Take in losses of any points."""
        self.losses += [loss for loss in losses if loss is not None and all(loss is not known for known in self.losses)]

    def read_losses(self) -> None:
        """Prove the losses that were not asked for yet."""
        self.add_losses(claim_loss(self.context, point) for point in self.unread)
        self.unread.clear()

    def all_losses(self) -> Iterator[Claim]:
        """Yield all losses, of which those not asked for yet are proved when the first is wanted."""
        self.read_losses()
        yield from self.losses

    @property
    def best(self) -> Claim | None:
        """The loss with the smallest upper bound, or None without any."""
        return min(self.losses, key=lambda loss: loss.facts["loss_upper"], default=None)

    @property
    def suboptimal(self) -> Claim | None:
        """The claim that the first point, or else the worst of all local minima, is not global; None where none is beaten."""
        first = None if self.first is None else claim_suboptimal(self.first, self.losses)
        return (
            first
            if first is not None
            else worst_of(bad for point in self.points if (bad := claim_suboptimal(point, self.losses)) is not None)
        )

    def beat_minima(self) -> None:
        """Where local minima are known that no point beats, look for a smaller loss: among losses not asked for yet, then by a short training."""
        minima = [point.loss.facts["loss_lower"] for point in self.points if point.is_minimum and point.loss.facts["loss_lower"] > 0]
        if minima and self.suboptimal is None:
            self.read_losses()
            if self.suboptimal is None:
                self.add_losses([claim_loss_below(self.context, min(minima))])
