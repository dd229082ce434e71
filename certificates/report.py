"""The report of a check: its claims, and how programs read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lossproof.certificates.certificate import Certificate, certificate_of
from lossproof.certificates.claims import Claim, proof_order
from lossproof.theory.problem import Problem
from lossproof.theory.verdicts import Scope, Verdict
from lossproof.theory.weights import Weights


@dataclass(frozen=True)
class Report:
    """Everything a check found.

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

        Without a scope or point there must be one claim of that statement, or one decided one. With a point (its index in ``points``) the premises of
        claims are found, too, such as ``report["inertia", 3]`` behind ``report["critical-point", 3]``; where one of them rests on another, the one that
        says more is returned. Raises `KeyError` with what there is.
        """
        name, place = (key, None) if isinstance(key, str) else key
        if isinstance(place, int):
            return self._at_point(name, place)
        found = [claim for claim in self.claims if claim.id == name and (place is None or claim.scope.value == str(place))]
        if len(found) > 1:
            decided = [claim for claim in found if claim.verdict is not Verdict.UNDECIDED]
            found = decided if len(decided) == 1 else found
        if len(found) == 1:
            return found[0]
        known = dict.fromkeys(_label(claim, with_point=bool(found)) for claim in self.claims if not found or claim.id == name)
        problem = "is ambiguous; name the scope or the point" if found else "was not claimed"
        raise KeyError(f"{key!r} {problem}; this report has {', '.join(known)}")

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

    def __str__(self) -> str:
        from lossproof.certificates.render_text import render_text

        return render_text(self)

    @property
    def conclusion(self) -> Claim:
        """The claim ``no-bad-local-minima``."""
        return self["no-bad-local-minima"]

    @cached_property
    def certificate(self) -> Certificate:
        """The certificate of all decided claims."""
        return certificate_of(self.problem, self.points, self.claims)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report as plain dicts, lists, strings and numbers, ready for JSON."""
        from lossproof.certificates.render_dict import report_as_dict

        return report_as_dict(self)

    def save(self, path: str | Path) -> Path:
        """Write the report by suffix: ``.html .md .tex .txt``, or ``.json`` for the certificate.

        The file is replaced atomically. Raises `InputError` for another suffix.
        """
        from lossproof.certificates.save import save_report

        return save_report(self, Path(path))


def _label(claim: Claim, *, with_point: bool) -> str:
    place = claim.point if with_point and claim.point is not None else claim.scope.value
    return f"({claim.id!r}, {place!r})"
