"""A step under check, the steps it may use, and the words in which rules reject."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from lossproof.certificates.kernel.network.matrices import Matrix, parse_matrix
from lossproof.certificates.kernel.network.passes import derivatives_exist
from lossproof.certificates.kernel.reading.parse import Rejected, read_fields, require
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor

LEARNER_RULES = ("exact-learning-krawczyk", "exact-learning-kantorovich", "exact-learning-singular-value")
"""The rules by which an exact learner lies near a point, and P has full column rank there."""


AT_WEIGHTS, ALMOST, EVERYWHERE = "at these weights", "almost everywhere", "everywhere"
PROVED, REFUTED = "PROVED", "REFUTED"


Result: TypeAlias = tuple[dict[str, Any], Rigor]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Accepted:
    """A step that was accepted: what a later step may use, with the evidence that was checked and the steps it used itself."""

    rule: str
    conclusion: Mapping[str, Any]
    rigor: Rigor
    evidence: Mapping[str, Any]
    premises: tuple[Accepted, ...]


@dataclass(frozen=True)
class Step:
    """A step under check: the problem, its premises, its evidence and the conclusion it *claims* (of which rules read the names only).

    ``known`` is shared by the steps of one check: the values that `once` computed.
    """

    problem: Problem
    points: tuple[Point, ...]
    premises: tuple[Accepted, ...]
    evidence: Any
    conclusion: Mapping[str, Any]
    known: dict[tuple[str, int], Any] = field(default_factory=dict)

    def once(self, name: str, index: int, compute: Callable[[Problem, Point], Value]) -> Value:
        """Return ``compute(problem, point)`` for the point of an index, which a step before may have computed; the name says what it is."""
        if (name, index) not in self.known:
            self.known[name, index] = compute(self.problem, self.points[index])
        found: Value = self.known[name, index]
        return found

    def expect(self, premises: int, *keys: str) -> dict[str, Any]:
        """Return the evidence, which must have exactly these keys; demand a number of premises."""
        if len(self.premises) != premises:
            raise Rejected("premises", "premise", f"this rule takes {premises} premises here, got {len(self.premises)}")
        return read_fields(self.evidence, keys, "evidence")

    @property
    def index(self) -> int | None:
        """The index of the point the conclusion is about, or None."""
        index: int | None = self.conclusion["point"]
        return index

    def point_index(self) -> int:
        """Return the index of the point the conclusion is about; raises `Rejected` if there is none."""
        if self.index is None:
            raise Rejected("conclusion.point", "conclusion", "this rule needs a point")
        return self.index

    def at_point(self) -> Point:
        """Return the point the conclusion is about; raises `Rejected` if there is none."""
        return self.points[self.point_index()]

    def point_or_none(self, matrix: Matrix) -> Point | None:
        """Return the point, or None for a matrix that depends on no weights."""
        return None if self.index is None and not matrix.needs_point else self.at_point()

    def matrix(self, *kinds: str) -> Matrix:
        """Return the matrix that the conclusion is about, of one of the given kinds if any are given."""
        matrix = parse_matrix(self.conclusion["matrix"], self.problem)
        if kinds and matrix.kind not in kinds:
            raise Rejected("conclusion.matrix", "conclusion", f"this rule is about {' and '.join(kinds)} only")
        return matrix

    def bound(self, k: int, name: str, side: str, point: int | None) -> int:
        """Return the bound of premise k, which must be a ``rank_lower`` or ``rank_upper`` (``side``) of the named matrix valid at a point.

        A bound without a point holds at all weights, so at any point; so does a bound of ``Phi-0`` and ``Phi-0+``, which depend on no weights.
        """
        found = self.premises[k].conclusion
        if found.get("matrix") != name or side not in found:
            raise Rejected(f"premises[{k}]", "premise", f"a {side} of {name} is needed here")
        if found["point"] not in (None, point) and name not in ("Phi-0", "Phi-0+"):
            raise Rejected(
                f"premises[{k}]", "premise", f"a {side} of {name} at {'all weights' if point is None else f'point {point}'} is needed here"
            )
        return int(found[side])

    def bound_anywhere(self, k: int, name: str, side: str) -> tuple[int, int | None]:
        """Return the bound of premise k of the named matrix at whichever point it holds, and that point."""
        point: int | None = self.premises[k].conclusion.get("point")
        return self.bound(k, name, side, point), point

    def claim(self, k: int, statement: str, scope: str, verdict: str, point: int | None = None) -> Accepted:
        """Return premise k, which must be the claim named; raises `Rejected`."""
        found = self.premises[k].conclusion
        wanted = {"statement": statement, "scope": scope, "verdict": verdict, "point": point}
        if any(key not in found or found[key] != value for key, value in wanted.items()):
            raise Rejected(f"premises[{k}]", "premise", f"the claim {statement} {scope}, {verdict}, is needed here")
        return self.premises[k]

    def lower(self, name: str, value: int, point: int | None) -> dict[str, Any]:
        """Return the conclusion ``r(name) ≥ value``."""
        return {"matrix": name, "point": point, "rank_lower": value}

    def upper(self, name: str, value: int, point: int | None) -> dict[str, Any]:
        """Return the conclusion ``r(name) ≤ value``."""
        return {"matrix": name, "point": point, "rank_upper": value}


def claim(statement: str, scope: str, proved: bool, facts: Mapping[str, Any] | None = None, point: int | None = None) -> dict[str, Any]:
    """Return the conclusion of a claim rule."""
    return {"statement": statement, "scope": scope, "verdict": PROVED if proved else REFUTED, "point": point, "facts": dict(facts or {})}


def used_activations(problem: Problem) -> list[Activation]:
    """Return the activations that the network applies."""
    return [problem.output_activation] if problem.L == 1 else [problem.activation, problem.output_activation]


def require_differentiable(step: Step, point: int | None, order: int) -> Rigor:
    """Check † at a point given by its index, None standing for a matrix that depends on no weights (`L = 1`)."""
    if point is None:
        require(all(a.differentiable.holds for a in used_activations(step.problem)), "rule", "a derivative may not exist")
        return Rigor.EXACT
    return derivatives_exist(step.problem, step.points[point], order)


def widths_principle(problem: Problem) -> bool:
    """Tell whether ``n_l ≤ max(n_{l-1}, n_{l+1})`` for ``l = 2..L-1``."""
    n = problem.widths
    return all(n[l] <= max(n[l - 1], n[l + 1]) for l in range(2, problem.L))


def full_weights(step: Step, point: int | None) -> list[int]:
    """Return the ranks of ``W_1..W_L`` from the first L premises, each full."""
    ranks = []
    for l in range(1, step.problem.L + 1):
        rank = step.bound(l - 1, f"W-{l}", "rank_lower", point)
        require(
            rank == min(parse_matrix(f"W-{l}", step.problem).shape),
            f"premises[{l - 1}]",
            f"W-{l} is not shown to have full rank",
            "premise",
        )
        ranks.append(rank)
    return ranks


def require_separable(problem: Problem) -> None:
    """Reject the step for a cross-entropy."""
    require(problem.separable, "rule", "this needs an error that is a sum over outputs of functions of the residual")


def invertible(step: Step, layers: Sequence[int]) -> bool:
    """Tell whether ``σ' ≠ 0`` everywhere for the activations of some layers."""
    return all(step.problem.activation_of(l).nonvanishing_derivative.holds for l in layers)


def khatri_rao_bound(problem: Problem, layer: int, phi: int, psi: int) -> int:
    """Return ``max(0, n_l r(Φ) + r(Ψ) − T n_l)``."""
    n = problem.widths[layer]
    return max(0, n * phi + psi - problem.T * n)
