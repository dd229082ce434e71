"""A step under check, the steps it may use, and the words in which rules reject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from lossproof.certificates.kernel_matrices import Matrix, parse_matrix
from lossproof.certificates.kernel_parse import Rejected, read_fields
from lossproof.certificates.kernel_problem import Point, Problem
from lossproof.theory.verdicts import Rigor

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


def refuse(place: str, message: str, code: str = "evidence") -> None:
    """Reject the step."""
    raise Rejected(place, code, message)


def require(holds: bool, place: str, message: str, code: str = "evidence") -> None:
    """Reject the step unless a condition holds."""
    if not holds:
        refuse(place, message, code)
