"""What every part of the prover shares: the problem, the points, the settings, and the bounds found so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lossproof.certificates.proof.nodes import RankBound
from lossproof.numerics.critical.exact import gradient_is_zero
from lossproof.numerics.curves.descent import DescentCurve, descent_curve
from lossproof.numerics.network.pass_limits import jacobian_exists
from lossproof.numerics.ranks.producers import Effort
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

Progress = Callable[[str, int, int], None]
DEFAULT_MAX_PRECISION = 4096
"""The cap of the precision of ball arithmetic, in bits, where none is given."""


@dataclass
class ProofContext:
    """One run of the prover.

    ``points`` grows as witnesses are found; ``bounds`` remembers the pair (lower, upper) proved for a matrix at a point, so that
    no rank is proved twice; ``has_jacobian``, ``zero_gradients`` and ``descents`` remember in the same way what was found at a point;
    ``structural`` holds the upper bounds of ``rank P`` that hold at every ``W``; ``obstacles`` says of a matrix at a point what stood in the way of a
    proof. ``most_bytes`` is the memory that a proof may take. ``progress(stage, done, total)`` is called as the work goes on.
    """

    problem: Problem
    points: list[Weights]
    seed: int
    max_precision: int
    progress: Progress | None = None
    most_bytes: int | None = None
    bounds: dict[tuple[str, int | None], tuple[RankBound, RankBound]] = field(default_factory=dict)
    has_jacobian: dict[int, bool] = field(default_factory=dict)
    structural: list[RankBound] = field(default_factory=list)
    zero_gradients: dict[int, bool] = field(default_factory=dict)
    descents: dict[int, DescentCurve | None] = field(default_factory=dict)
    obstacles: dict[tuple[str, int], str] = field(default_factory=dict)

    def add_point(self, weights: Weights) -> int:
        """Return the index of a point, adding it when it is new."""
        if weights not in self.points:
            self.points.append(weights)
        return self.points.index(weights)

    def forget_points_after(self, count: int) -> None:
        """Forget the points beyond the first ``count``: candidates that turned out to be of no use."""
        del self.points[count:]
        for known in (self.has_jacobian, self.zero_gradients, self.descents):
            for point in [point for point in known if point >= count]:
                del known[point]
        self.bounds = {key: pair for key, pair in self.bounds.items() if key[1] is None or key[1] < count}
        self.obstacles = {key: text for key, text in self.obstacles.items() if key[1] < count}

    def keep_point_at(self, count: int, weights: Weights) -> int:
        """Forget the points beyond the first ``count``, and return the index of the weights, which comes next: what was proved there is to be proved again."""
        self.forget_points_after(count)
        return self.add_point(weights)

    def jacobian_exists(self, point: int) -> bool:
        """Tell whether every derivative in ``P`` is proved to exist at a point; without it no rank of ``P`` is claimed there."""
        if point not in self.has_jacobian:
            self.has_jacobian[point] = jacobian_exists(self.problem, self.points[point])
        return self.has_jacobian[point]

    def gradient_is_zero(self, point: int) -> bool:
        """Tell whether every component of the gradient is proved to be exactly 0 at a point."""
        if point not in self.zero_gradients:
            self.zero_gradients[point] = gradient_is_zero(self.problem, self.points[point])
        return self.zero_gradients[point]

    def descent_at(self, point: int) -> DescentCurve | None:
        """Return a proved curve of descent at a point whose gradient is exactly 0, or None where none is found or a derivative fails."""
        if point not in self.descents:
            try:
                self.descents[point] = descent_curve(self.problem, self.points[point], self.seed)
            except NotDifferentiable:
                self.descents[point] = None
        return self.descents[point]

    def effort_for(self, matrix: str, point: int) -> Effort:
        """Return what a proof of a rank may spend; what stood in its way is remembered."""

        def report(done: int, total: int) -> None:
            self.report_progress(f"factoring K for the rank of {matrix}", done, total)

        def remember(obstacle: str) -> None:
            self.obstacles[matrix, point] = obstacle

        return Effort(self.seed, self.max_precision, self.most_bytes, report, remember)

    def derivative_rigor(self, weights: Weights, order: int) -> Rigor:
        """Return the rigor with which derivatives of this order can be seen to exist at some weights.

        ``EXACT`` if every activation is smooth enough on record, or if all ``z`` up to the last layer with a kink are rational; else ``BALL``.
        """
        a = self.problem.architecture
        last = max(a.kinked_layers(order), default=None)
        if last is None:
            return Rigor.EXACT
        rational = weights.is_rational() and all(a.activation_of(l).rational.holds for l in range(1, last))
        return Rigor.EXACT if rational else Rigor.BALL

    def report_progress(self, stage: str, done: int, total: int) -> None:
        """Tell the caller how far the run has come."""
        if self.progress is not None:
            self.progress(stage, done, total)
