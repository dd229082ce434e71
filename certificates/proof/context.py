"""What every part of the prover is given: the problem, the settings, and a memory of what was computed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lossproof.certificates.proof.nodes import Claim, Node, decided
from lossproof.certificates.proof.places import Place, Point, Region, point_near, radius_of
from lossproof.numerics.algebra.workplace import IN_MEMORY, Workplace
from lossproof.numerics.network.differentiability import derivatives_exist, formal_rigor
from lossproof.numerics.ranks.producers import Effort
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor

Value = TypeVar("Value")
Progress = Callable[[str, int, int], None]
DEFAULT_MAX_PRECISION = 4096
"""The cap of the precision of ball arithmetic, in bits, where none is given."""


@dataclass(frozen=True)
class ProofContext:
    """One run of the prover.

    ``most_bytes`` is the memory that a proof may take, ``workplace`` where large matrices are factored; ``progress(stage, done, total)`` is called as the work
    goes on. What was computed about a place is remembered (`once`), and nothing else: no claim depends on which others were made before it.
    """

    problem: Problem
    seed: int
    max_precision: int
    progress: Progress | None = None
    most_bytes: int | None = None
    workplace: Workplace = IN_MEMORY
    _memory: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def once(self, name: str, place: Hashable, compute: Callable[[], Value]) -> Value:
        """Return what a function of that name gives at a place, computed the first time it is asked for."""
        key = (name, place)
        if key not in self._memory:
            self._memory[key] = compute()
        found: Value = self._memory[key]
        return found

    def differentiable(self, place: Place, order: int, *support: Node) -> tuple[Claim, ...] | None:
        """Return what shows that all derivatives up to an order (1 or 2) exist at a place: nothing where the records do, else a claim; None without proof.

        ``support`` shows that a witness exists.
        """
        if not self.problem.architecture.kinked_layers(order):
            return ()
        if isinstance(place, Region) or point_near(place) is None:
            return None
        return self.once(f"differentiable {order}", place, lambda: self._prove_differentiable(place, order, support))

    def _prove_differentiable(self, place: Place, order: int, support: tuple[Node, ...]) -> tuple[Claim, ...] | None:
        point = point_near(place)
        rigor = None if point is None else derivatives_exist(self.problem, point.weights, radius_of(place), order)
        if rigor is None:
            return None
        times = "once" if order == 1 else "twice"
        reason = f"No unit meets a z at which its activation is not differentiable {times}."
        facts = {"order": order}
        return (decided("differentiable", place, reason, "differentiable", facts=facts, evidence=facts, own=rigor, support=support),)

    def has_jacobian(self, point: Point) -> bool:
        """Tell whether every derivative in ``P`` is proved to exist at a point; without it no rank of ``P`` is claimed there."""
        return self.differentiable(point, 1) is not None

    def formal_rigor(self, point: Point) -> Rigor:
        """Return the rigor of what exact arithmetic with formal symbols shows at a point."""
        return self.once("formal rigor", point, lambda: formal_rigor(self.problem, point.weights))

    def effort_for(self, matrix: str) -> Effort:
        """Return what a proof of a rank may spend."""

        def report(done: int, total: int) -> None:
            self.report_progress(f"factoring K for the rank of {matrix}", done, total)

        return Effort(self.seed, self.max_precision, self.most_bytes, report, place=self.workplace)

    def report_progress(self, stage: str, done: int, total: int) -> None:
        """Tell the caller how far the run has come."""
        if self.progress is not None:
            self.progress(stage, done, total)
