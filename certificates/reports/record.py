"""What a check found, as data: claims, points, notes, and how programs read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lossproof.certificates.proof.certificate import Certificate, certificate_of
from lossproof.certificates.proof.nodes import Claim, proof_order
from lossproof.certificates.proof.numbering import Numbering
from lossproof.certificates.proof.places import Place, Point
from lossproof.certificates.proof.self_check import SelfCheck
from lossproof.certificates.reports.provenance import Provenance
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Scope, Verdict

if TYPE_CHECKING:
    from lossproof.certificates.claims.network_search import SearchRecord


@dataclass(frozen=True)
class ReportRecord:
    """Everything a check found, for renderers to read.

    - ``problem`` and ``first_points``, the points that have the first numbers, whether or not a claim is about them: point 0 is the weights given or found;
    - ``weights_given``: whether point 0 came from the user;
    - ``claims``: all claims in reading order, the conclusion ``no-bad-local-minima`` first;
    - ``spectrum``: the singular values of ``P`` at point 0 in float64 (may be empty); each is proved to lie within ``spectrum_within`` of these, where that is
      not None, and is an estimate else; no claim rests on them;
    - ``notes``: remarks in plain words that no claim carries;
    - ``data_name``: how the user named the data, for headings;
    - ``self_check``: what came of checking the certificate before the report was returned, None where that was not done;
    - ``search``: what was searched for bad local minima, None for a report that no search belongs to;
    - ``provenance``: what it was made with.
    """

    problem: Problem
    first_points: tuple[Point, ...]
    weights_given: bool
    claims: tuple[Claim, ...]
    spectrum: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    data_name: str = ""
    self_check: SelfCheck | None = None
    search: SearchRecord | None = None
    provenance: Provenance | None = None
    spectrum_within: float | None = None

    @cached_property
    def numbering(self) -> Numbering:
        """The numbers of the points, and the names of the witnesses, as in the certificate."""
        return Numbering.of_claims(self.claims, self.first_points)

    @property
    def points(self) -> tuple[Weights, ...]:
        """The weights of all points by number: those that claims "at these weights" speak about, and witnesses."""
        return tuple(point.weights for point in self.numbering.points)

    def number(self, point: Point | None) -> int | None:
        """Return the number of a point that a claim is about (``claim.point``), None for none."""
        return self.numbering.number(point)

    def __getitem__(self, key: str | tuple[str, str | Scope | int]) -> Claim:
        """Return the claim for ``id``, ``(id, scope)`` or ``(id, point)``.

        Without a scope or point there must be one claim of that statement, or one decided one; where weights were given, and all claims of the statement are
        about single weights, that about the weights given (point 0) is returned. With a point (its index in ``points``) the premises of
        claims are found, too, such as ``report["inertia", 3]`` behind ``report["critical-point", 3]``; where one of them rests on another, the one that
        says more is returned. Raises `KeyError` with what there is.
        """
        name, place = (key, None) if isinstance(key, str) else key
        if isinstance(place, int):
            return self._at_point(name, place)
        found = [claim for claim in self.claims if claim.id == name and (place is None or claim.scope.value == str(place))]
        if len(found) > 1:
            decided = [claim for claim in found if claim.verdict is not Verdict.UNDECIDED]
            found = self._about_the_given(found) or (decided if len(decided) == 1 else found)
        if len(found) == 1:
            return found[0]
        known = dict.fromkeys(self._label(claim, with_point=bool(found)) for claim in self.claims if not found or claim.id == name)
        problem = "is ambiguous; name the scope or the point" if found else "was not claimed"
        raise KeyError(f"{key!r} {problem}; this report has {', '.join(known)}")

    def _about_the_given(self, claims: Sequence[Claim]) -> list[Claim]:
        """Return the claims about the weights given, where weights were given, all claims are about single weights, and those about them are not several."""
        given = self.first_points[0] if self.weights_given and len(self.first_points) == 1 else None
        single = all(claim.scope is Scope.AT_WEIGHTS for claim in claims)
        found = [claim for claim in claims if single and given is not None and claim.point is given]
        return found if len(found) == 1 else []

    def _at_point(self, name: str, number: int) -> Claim:
        nodes = [node for node in proof_order(self.claims) if isinstance(node, Claim) and node.id == name]
        found = [claim for claim in nodes if self.number(claim.point) == number]
        if found:
            return found[-1]
        points = sorted({known for claim in nodes if (known := self.number(claim.point)) is not None})
        told = f"it was at the points {', '.join(map(str, points))}" if points else "nor at any other"
        raise KeyError(f"{name!r} was not claimed at point {number}, {told}; this report has {len(self.points)} points")

    def _label(self, claim: Claim, *, with_point: bool) -> str:
        number = self.number(claim.point)
        place = number if with_point and number is not None else claim.scope.value
        return f"({claim.id!r}, {place!r})"

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.claims)

    def place_text(self, place: Place) -> str:
        """Return where a claim or a bound holds, in words, such as ``"at point 0"`` or ``"at W*1, near point 0"``."""
        return self.numbering.told(place)

    @property
    def conclusion(self) -> Claim:
        """The claim ``no-bad-local-minima``."""
        return self["no-bad-local-minima"]

    @cached_property
    def certificate(self) -> Certificate:
        """The certificate of all decided claims."""
        return certificate_of(self.problem, self.claims, self.first_points)
