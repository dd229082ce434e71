"""The map of a loss landscape as data: the critical points that were found and proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from lossproof.certificates.proof.certificate import Certificate
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.critical_rows import inertia_text, kind_text, radius_text, rank_text
from lossproof.certificates.reports.record import ReportRecord
from lossproof.certificates.text.enclosures import decimal_above, enclosure_text
from lossproof.numerics.complete.search import Tree
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Verdict


@dataclass(frozen=True)
class CriticalPoint:
    """One proved critical point: it lies within ``radius`` of ``weights`` in every coordinate.

    - ``point``: its index in the report; ``claim``: the PROVED claim ``critical-point``, with its facts;
    - ``suboptimal``: the claim that it is a bad local minimum, or None;
    - ``hits``: how many starts of the search ended here, which proves nothing; ``given``: the numbers of the given weights that led here.

    >>> from lossproof.certificates.maps.find_critical_points import find_critical_points
    >>> find_critical_points("1-1", [[0], [1]], [[1], [3]], starts=4, workers=1)[0]
    <CriticalPoint 0: global minimum, loss 0>
    """

    point: int
    weights: Weights
    claim: Claim
    suboptimal: Claim | None
    hits: int
    given: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"<CriticalPoint {self.point}: {self._told}>"

    def __str__(self) -> str:
        rank, radius = rank_text(*self.rank), radius_text(self.radius)
        signs = f"eigenvalues of the Hessian: {inertia_text(self.inertia)}"
        return f"Point {self.point}: {self._told}; {signs}; rank P = {rank}; within {radius} of its weights in every coordinate."

    @property
    def _told(self) -> str:
        kind = kind_text(self.claim.facts, suboptimal=self.suboptimal is not None)
        return f"{kind}, loss {enclosure_text(self.loss_lower, self.loss_upper)}"

    @property
    def kind(self) -> str:
        """The class: ``global``, ``strict-minimum``, ``local-minimum``, ``saddle``, ``maximum``, ``higher-order-descent`` or ``undecided``."""
        return str(self.claim.facts["kind"])

    @property
    def loss_lower(self) -> Fraction:
        """A proved lower bound of the loss."""
        return Fraction(self.claim.facts["loss_lower"])

    @property
    def loss_upper(self) -> Fraction:
        """A proved upper bound of the loss."""
        return Fraction(self.claim.facts["loss_upper"])

    @property
    def inertia(self) -> Mapping[str, int]:
        """Proved numbers of ``negative``, ``zero`` and ``positive`` eigenvalues of the Hessian, and the ``undecided`` rest."""
        found: Mapping[str, int] = self.claim.facts["inertia"]
        return found

    @property
    def rank(self) -> tuple[int, int]:
        """Proved bounds of the rank of ``P`` there."""
        return int(self.claim.facts["rank_lower"]), int(self.claim.facts["rank_upper"])

    @property
    def radius(self) -> Fraction:
        """How far it may lie from ``weights`` in any coordinate; 0 means exactly there."""
        return Fraction(self.claim.facts["radius"])


@dataclass(frozen=True)
class GivenStart:
    """What came of weights that a user gave to start from.

    - ``number``: their place among those given, from 0; ``weights``: they themselves;
    - ``point``: the index in the report of the critical point on the map that was reached, or None;
    - ``distance``: a proved bound of the Euclidean distance, in all trainable weights, between them and a critical point: that on the map, or with ``is_copy``
      one that counts as the same, by the symmetries of the loss or along a manifold of critical points; 0 where these very weights are critical; None where no
      critical point was reached, or no distance is proved. ``claim`` is the claim ``distance``, where there is one;
    - ``seen``: what was seen where no critical point was proved, in words.
    """

    number: int
    weights: Weights
    point: int | None
    distance: Fraction | None
    claim: Claim | None
    is_copy: bool = False
    seen: str = ""

    def __repr__(self) -> str:
        return f"<GivenStart: {self}>"

    def __str__(self) -> str:
        if self.point is None:
            return f"From given weights {self.number} no critical point was reached. {self.seen}"
        if self.distance == 0:
            return f"Given weights {self.number} are {'a copy of ' if self.is_copy else ''}point {self.point} itself."
        where = f"From given weights {self.number} the way leads to {'a copy of ' if self.is_copy else ''}point {self.point}"
        return f"{where}; no distance is proved." if self.distance is None else f"{where}, at most {decimal_above(self.distance)} away."


@dataclass(frozen=True)
class MapRecord:
    """The proved critical points of one landscape, by loss, and how the search went.

    A map need not be complete: a critical point that no start led to is not on it, unless the claim ``complete``, None where it was not asked for, is PROVED.
    ``unproved`` candidates converged in doubles but no proof was found;
    ``strays`` are starts that ended nowhere, most of them running off to infinity; ``interrupted`` says that not all starts were used. ``given`` says what came
    of weights that a user gave to start from, in their order. ``tree`` is the tree of boxes of a branch and prune, for pictures; None where there was none.
    """

    report: ReportRecord
    points: tuple[CriticalPoint, ...]
    starts: int
    strays: int
    unproved: int
    interrupted: bool = False
    given: tuple[GivenStart, ...] = ()
    tree: Tree | None = field(default=None, compare=False, repr=False)

    @property
    def complete(self) -> Claim | None:
        """The claim that all critical points are on the map, or None."""
        return next((claim for claim in self.report if claim.id == "complete-list"), None)

    @property
    def is_complete(self) -> bool:
        """Whether the map is proved to have all critical points, or all local minima if these alone were sought, everywhere or in its box."""
        return self.complete is not None and self.complete.verdict is Verdict.PROVED

    def __iter__(self) -> Iterator[CriticalPoint]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> CriticalPoint:
        return self.points[index]

    @property
    def conclusion(self) -> Claim:
        """The claim ``no-bad-local-minima``: REFUTED as soon as one of the points is a bad local minimum."""
        return self.report.conclusion

    @property
    def certificate(self) -> Certificate:
        """The certificate of all points."""
        return self.report.certificate
