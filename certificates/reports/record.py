"""What a check found, as data: claims, points, notes, and how programs read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lossproof.certificates.proof.certificate import Certificate, certificate_of
from lossproof.certificates.proof.nodes import Claim, proof_order
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Scope, Verdict


@dataclass(frozen=True)
class ReportRecord:
    """Everything a check found, for renderers to read.

    - ``problem`` and ``points`` (the weights that claims "at these weights" refer to, and witnesses); ``points[0]`` are the weights given or found;
    - ``weights_given``: whether ``points[0]`` came from the user;
    - ``claims``: all claims in reading order, the conclusion ``no-bad-local-minima`` first;
    - ``spectrum``: the singular values of ``P`` at ``points[0]`` in plain float64, an estimate that decides nothing (may be empty);
    - ``notes``: remarks in plain words that no claim carries;
    - ``data_name``: how the user named the data, for headings.
    """

    problem: Problem
    points: tuple[Weights, ...]
    weights_given: bool
    claims: tuple[Claim, ...]
    spectrum: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    data_name: str = ""

    def __getitem__(self, key: str | tuple[str, str | Scope | int]) -> Claim:
        """Return the claim for ``id``, ``(id, scope)`` or ``(id, point)``.

        Without a scope or point there must be one claim of that statement, or one decided one; where the weights given (point 0) are refuted beside claims
        about points found from them, the refutation is returned. With a point (its index in ``points``) the premises of
        claims are found, too, such as ``report["inertia", 3]`` behind ``report["critical-point", 3]``; where one of them rests on another, the one that
        says more is returned. Raises `KeyError` with what there is.
        """
        name, place = (key, None) if isinstance(key, str) else key
        if isinstance(place, int):
            return self._at_point(name, place)
        found = [claim for claim in self.claims if claim.id == name and (place is None or claim.scope.value == str(place))]
        if len(found) > 1:
            decided = [claim for claim in found if claim.verdict is not Verdict.UNDECIDED]
            found = decided if len(decided) == 1 else [claim for claim in found if self._refutes_the_given(claim)] or found
        if len(found) == 1:
            return found[0]
        known = dict.fromkeys(_label(claim, with_point=bool(found)) for claim in self.claims if not found or claim.id == name)
        problem = "is ambiguous; name the scope or the point" if found else "was not claimed"
        raise KeyError(f"{key!r} {problem}; this report has {', '.join(known)}")

    def _refutes_the_given(self, claim: Claim) -> bool:
        return self.weights_given and claim.point == 0 and claim.verdict is Verdict.REFUTED

    def _at_point(self, name: str, point: int) -> Claim:
        nodes = [node for node in proof_order(self.claims) if isinstance(node, Claim)]
        found = [claim for claim in nodes if claim.id == name and claim.point == point]
        if found:
            return found[-1]
        points = sorted({claim.point for claim in nodes if claim.id == name and claim.point is not None})
        known = f"it was at the points {', '.join(map(str, points))}" if points else "nor at any other"
        raise KeyError(f"{name!r} was not claimed at point {point}, {known}; this report has {len(self.points)} points")

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.claims)

    @property
    def conclusion(self) -> Claim:
        """The claim ``no-bad-local-minima``."""
        return self["no-bad-local-minima"]

    @cached_property
    def certificate(self) -> Certificate:
        """The certificate of all decided claims."""
        return certificate_of(self.problem, self.points, self.claims)


def _label(claim: Claim, *, with_point: bool) -> str:
    place = claim.point if with_point and claim.point is not None else claim.scope.value
    return f"({claim.id!r}, {place!r})"
