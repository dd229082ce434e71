"""The numbers of points and the names of witnesses, given when a report or a certificate is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.certificates.proof.nodes import Claim, Node, named_by, proof_order
from lossproof.certificates.proof.places import Place, Point, Region, Witness
from lossproof.theory.rationals import rational_text
from lossproof.theory.verdicts import Verdict


@dataclass(frozen=True)
class Numbering:
    """The points in order, and the witnesses in the order in which the steps of a proof introduce them."""

    points: tuple[Point, ...]
    witnesses: tuple[Witness, ...]

    @staticmethod
    def of(nodes: Iterable[Node], first: Iterable[Point] = ()) -> Numbering:
        """Number the points, those given first, then those that nodes name, in their order; and the witnesses that nodes introduce."""
        points: dict[Point, None] = dict.fromkeys(first)
        witnesses: list[Witness] = []
        for node in nodes:
            points |= dict.fromkeys(place for place in named_by(node) if isinstance(place, Point))
            if isinstance(node, Claim) and node.introduces is not None:
                witnesses.append(node.introduces)
        return Numbering(tuple(points), tuple(witnesses))

    @staticmethod
    def of_claims(claims: Sequence[Claim], first: Iterable[Point] = ()) -> Numbering:
        """Number what claims and all they rest on name: the steps of the certificate before what only UNDECIDED claims know of."""
        decided = [claim for claim in claims if claim.verdict is not Verdict.UNDECIDED]
        return Numbering.of(proof_order([*decided, *claims]), first)

    def name(self, place: Place) -> int | str:
        """Return how a certificate names a place: the number of a point, the name of a witness, the words of a region.

        >>> Numbering((), ()).name(Region.EVERYWHERE)
        'everywhere'
        """
        if isinstance(place, Region):
            return place.value
        return self.points.index(place) if isinstance(place, Point) else f"W*{self.witnesses.index(place) + 1}"

    def told(self, place: Place) -> str:
        """Return where a claim or a bound holds, in words.

        >>> from lossproof.theory.problem.weights import Weights
        >>> point = Point(Weights(()))
        >>> Numbering((point,), ()).told(point), Numbering((), ()).told(Region.SOMEWHERE)
        ('at point 0', 'at some weights')
        """
        if isinstance(place, Region):
            return place.value
        if isinstance(place, Point):
            return f"at point {self.number(place)}"
        near = "" if place.near is None else f", near point {self.number(place.near)}"
        return f"at {self.name(place)}{near}"

    def number(self, point: Point | None) -> int | None:
        """Return the number of a point; None for none."""
        return None if point is None else self.points.index(point)

    def plain(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return facts or evidence as plain data: places by name, fractions as strings."""
        return {key: self._plain(value) for key, value in values.items()}

    def _plain(self, value: Any) -> Any:
        if isinstance(value, (Point, Witness, Region)):
            return self.name(value)
        if isinstance(value, list):
            return [self._plain(entry) for entry in value]
        return rational_text(value) if isinstance(value, Fraction) else value

    def conclusion(self, node: Node) -> dict[str, Any]:
        """Return the conclusion of a node as the certificate states it."""
        at = self.name(node.place)
        if isinstance(node, Claim):
            return {"statement": node.id, "at": at, "verdict": node.verdict.value, "facts": self.plain(node.facts)}
        return {"matrix": node.matrix, "at": at, "rank_lower" if node.is_lower else "rank_upper": node.value}
