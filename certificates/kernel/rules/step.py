"""A step under check, the places its conclusion may be about, and the steps it may use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network.matrices import Matrix, parse_matrix
from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.outcome import AcceptedStep
from lossproof.certificates.kernel.reading.parse import Rejected, require
from lossproof.certificates.kernel.reading.problem import Point, Problem, rational
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor

EVERYWHERE, ALMOST, OPEN, SOME = "everywhere", "almost everywhere", "on an open set", "at some weights"
PROVED, REFUTED = "PROVED", "REFUTED"
_NO_MINIMA = ("saddle", "maximum", "higher-order-descent")

Place: TypeAlias = "int | str"
"""An index of a point, the name of a witness such as ``"W*1"``, or one of the four words above."""
Result: TypeAlias = tuple[dict[str, Any], Rigor]


@dataclass(frozen=True)
class Step:
    """A step under check: the problem, its premises, its evidence and the conclusion it *claims* (of which rules read the names only).

    The steps of one check share ``witnesses``, the names that steps introduced with the boxes that hold them, None where no box is known, and ``known``, for
    what need not be computed again.
    """

    problem: Problem
    points: tuple[Point, ...]
    witnesses: dict[str, Box | None]
    premises: tuple[AcceptedStep, ...]
    evidence: Any
    conclusion: Mapping[str, Any]
    work: Work = field(default_factory=Work)
    known: dict[Any, Any] = field(default_factory=dict)

    def introduce(self, name: object, box: Box | None, place: str = "conclusion.at") -> str:
        """Name weights that are proved to exist, within a box if one is known. Witnesses are counted: the next name is the only one allowed."""
        wanted = f"W*{len(self.witnesses) + 1}"
        require(name == wanted, place, f"the next witness is {wanted}", "conclusion")
        self.witnesses[wanted] = box
        return wanted

    def expect(self, premises: int, *keys: str, order: int = 0, at: Place | None = None) -> dict[str, Any]:
        """Return the evidence, which must have exactly these keys; demand a number of premises.

        With ``order``, derivatives up to it must exist at a place (by default the conclusion's): on record, or by one premise more, a claim ``differentiable``.
        """
        smooth = order == 0 or self.problem.is_smooth(order)
        wanted = premises if smooth else premises + 1
        require(len(self.premises) == wanted, "premises", f"this rule takes {wanted} premises here, got {len(self.premises)}", "premise")
        if not smooth:
            enough = self.claim(premises, "differentiable", at=at)["order"] >= order
            require(enough, f"premises[{premises}]", f"derivatives of order {order} are needed here", "premise")
        return read.fields(self.evidence, keys, "evidence")

    def says(self, *statements: str) -> str:
        """Return the statement of the conclusion, which must be one of those that the rule is about."""
        found: str = self.conclusion["statement"]
        require(found in statements, "conclusion.statement", "this rule says nothing about that statement", "conclusion")
        return found

    @property
    def at(self) -> Place:
        """The place the conclusion is about."""
        at: Place = self.conclusion["at"]
        return at

    @property
    def is_exact(self) -> bool:
        """Whether the conclusion is about a point or a witness."""
        return not is_region(self.at)

    @property
    def side(self) -> str:
        """The side of the bound that is claimed, ``rank_lower`` or ``rank_upper``."""
        return "rank_upper" if "rank_upper" in self.conclusion else "rank_lower"

    def box(self, at: Place | None = None) -> Box:
        """Return the box that holds the weights of a place, by default the conclusion's; a point is a box of radius 0. Raises `Rejected` without one."""
        place = self.at if at is None else at
        found = Box(self.points[place]) if isinstance(place, int) else self.witnesses.get(place)
        if found is None:
            raise Rejected("conclusion.at", "conclusion", "this rule needs a point, or a witness that lies in a known box")
        return found

    def point(self) -> Point:
        """Return the point the conclusion is about, which must be given exactly."""
        require(isinstance(self.at, int), "conclusion.at", "this rule needs a point that is given exactly", "conclusion")
        return self.box().point

    def point_named(self, found: Mapping[str, Any]) -> int:
        """Return the index of the point that the evidence names."""
        return read.integer(found["point"], "evidence.point", 0, len(self.points) - 1)

    def box_or_none(self, matrix: Matrix, *, exact: bool = False) -> Box | None:
        """Return the box, of a point if ``exact``, or None for a matrix that depends on no weights, whose bounds hold everywhere."""
        require(not matrix.is_of_samples or self.at == EVERYWHERE, "conclusion.at", f"{matrix.name} is the same everywhere", "conclusion")
        return None if matrix.is_of_samples else Box(self.point()) if exact else self.box()

    def matrix(self, *kinds: str) -> Matrix:
        """Return the matrix that the conclusion is about, of one of the given kinds if any are given."""
        matrix = parse_matrix(self.conclusion["matrix"], self.problem)
        require(not kinds or matrix.kind in kinds, "conclusion.matrix", f"this rule is about {' and '.join(kinds)} only", "conclusion")
        return matrix

    @contextmanager
    def balls(self, bits: int | None = None) -> Iterator[BallRing]:
        """Set a precision, by default the one that the evidence names, and give the ring of balls."""
        found = read.integer(self.evidence["precision"], "evidence.precision", *limits.PRECISIONS) if bits is None else bits
        with ball_precision(found):
            yield BallRing(self.work, found)

    def formal(self) -> FormalRing:
        """Return the formal ring."""
        return FormalRing(self.work)

    def bound(self, k: int, name: str, side: str | None = None, at: Place | None = None) -> int:
        """Return the bound of premise k, which must be of the named matrix, at the place (by default the conclusion's) or everywhere, on that side."""
        found, wanted = self.premises[k].conclusion, self.at if at is None else at
        key = self.side if side is None else side
        require(found.get("matrix") == name and key in found, f"premises[{k}]", f"a {key} of {name} is needed here", "premise")
        require(found["at"] in (wanted, EVERYWHERE), f"premises[{k}]", f"a {key} of {name} at {wanted} is needed here", "premise")
        return int(found[key])

    def claim(self, k: int, statement: str, verdict: str = PROVED, at: Place | None = None) -> Mapping[str, Any]:
        """Return the facts of premise k, which must be the claim named, at the place (by default the conclusion's); raises `Rejected`."""
        found, place = self.premises[k].conclusion, self.at if at is None else at
        right = (found.get("statement"), found.get("verdict"), found["at"]) == (statement, verdict, place)
        require(right, f"premises[{k}]", f"the claim {statement} at {place}, {verdict}, is needed here", "premise")
        return dict(found["facts"])

    def lower(self, value: int) -> dict[str, Any]:
        """Return the conclusion that the rank of the matrix named is at least a value."""
        return {"matrix": self.conclusion["matrix"], "at": self.at, "rank_lower": value}

    def upper(self, value: int) -> dict[str, Any]:
        """Return the conclusion that the rank of the matrix named is at most a value."""
        return {"matrix": self.conclusion["matrix"], "at": self.at, "rank_upper": value}

    def conclude(self, statement: str, facts: Mapping[str, Any] | None = None, *, proved: bool = True) -> dict[str, Any]:
        """Return the claim of a statement at the conclusion's place."""
        return {"statement": statement, "at": self.at, "verdict": PROVED if proved else REFUTED, "facts": dict(facts or {})}

    def conclude_near(self, statement: str, facts: Mapping[str, Any] | None = None, *, proved: bool = True) -> dict[str, Any]:
        """Return the same, with the fact ``radius``: how far the weights may lie from a point of the certificate, in any coordinate."""
        return self.conclude(statement, {**(facts or {}), "radius": str(self.box().radius)}, proved=proved)

    def around(self, found: Mapping[str, Any]) -> Box:
        """Return the box of the radius that the evidence names, around the point that it names."""
        return Box(self.points[self.point_named(found)], positive(found, "radius"))

    def located(self, found: Mapping[str, Any], box: Box, dimension: int, **more: int) -> dict[str, Any]:
        """Return the claim that a critical point lies in the box around the point named, a witness that this step introduces."""
        self.introduce(self.at, Box(box.point, box.radius))
        return self.conclude("stationary", {"point": self.point_named(found), "radius": str(box.radius), "dimension": dimension, **more})

    def count_samples(self) -> None:
        """Count that all samples are looked at, which takes quotients of their numbers at most."""
        bits = max(max(x.p.bit_length(), x.q.bit_length()) for rows in (self.problem.X, self.problem.Y) for row in rows for x in row)
        numbers = limits.samples_work(self.problem.T, self.problem.widths[0] + self.problem.n_L)
        self.work.spend(numbers * limits.rational_work(int(bits)), "the samples")

    def sample_and_output(self, found: Mapping[str, Any]) -> tuple[int, int]:
        """Return the sample and the output that the evidence names."""
        i = read.integer(found["sample"], "evidence.sample", 0, self.problem.T - 1)
        return i, read.integer(found["output"], "evidence.output", 0, self.problem.n_L - 1)

    def require_at(self, *places: Place, matrix: str | None = None) -> None:
        """Demand that the conclusion is about one of some places, and about a matrix if one is named."""
        require(self.at in places, "conclusion.at", f"this rule speaks of {' or '.join(map(str, places))}", "conclusion")
        require(matrix in (None, self.conclusion.get("matrix")), "conclusion.matrix", f"this rule is about {matrix}", "conclusion")


def everywhere(statement: str, facts: Mapping[str, Any] | None = None, *, proved: bool = True) -> dict[str, Any]:
    """Return the claim of a statement about all weights: a step that concludes it about any other place says something else, and fails."""
    return {"statement": statement, "at": EVERYWHERE, "verdict": PROVED if proved else REFUTED, "facts": dict(facts or {})}


def is_region(at: Place) -> bool:
    """Tell whether a place is none of a point and a witness."""
    return at in (EVERYWHERE, ALMOST, OPEN, SOME)


def positive(found: Mapping[str, Any], key: str) -> fmpq:
    """Return a positive rational of the evidence."""
    value = read.rational(found[key], f"evidence.{key}")
    require(value > 0, f"evidence.{key}", "must be positive")
    return value


def rigor_of(ring: FormalRing) -> Rigor:
    """Return the rigor of a computation in the formal ring: BALL if it saw the sign of an irrational z in balls."""
    return Rigor.BALL if ring.used_balls else Rigor.EXACT


def read_list(step: Step, count: int) -> tuple[list[Place], dict[str, int], Place | None]:
    """Return where so many listed critical points are, how many of which kind, and the place that alone may be a global minimum, None if there is no such.

    First come claims ``stationary`` about the points of the list, then claims about some of them that they are no local minimum, none that is global, or a
    global one. A place is left if nothing is told of it.
    """
    listed, rest = step.premises[:count], step.premises[count:]
    require(len(listed) == count, "premises", "a premise is needed for each point of the list", "premise")
    places = [premise.conclusion["at"] for premise in listed]
    for k, place in enumerate(places):
        step.claim(k, "stationary", at=place)
    for k, other in enumerate((premise.conclusion for premise in rest), start=count):
        told = other.get("statement") in (*_NO_MINIMA, "suboptimal", "global") and other.get("verdict") == PROVED and other["at"] in places
        require(told, f"premises[{k}]", "expected that a listed point is no minimum, none that is global, or a global one", "premise")
    left = [place for place in places if place not in [premise.conclusion["at"] for premise in rest]]
    once = len(left) + len(rest) == len(set(places)) == len(places)
    require(once, "premises", "a point is listed twice, or told twice what it is", "premise")
    statements = [premise.conclusion["statement"] for premise in rest]
    best, beaten = statements.count("global"), statements.count("suboptimal")
    numbers = {"points": count, "no_minima": len(rest) - best - beaten, "known_global": best}
    return places, numbers, left[0] if len(left) == 1 and not best else None


def kinds(alone: Place | None, *, whole: bool, attained: bool) -> dict[str, Any]:
    """Return whether a list is about all weights, whether a global minimum exists, and where it is if one place alone may be it."""
    return {"whole": whole, "attained": attained, "global": alone if attained else None}


def slope_around(record: Activation, values: Iterable[fmpq | arb], still: Iterable[fmpq | arb] = ()) -> Fraction | None:
    """Return the slope of an activation on an interval where it is affine, inside of which all numbers or balls certainly lie; None if there is none.

    Those that are ``still`` may lie at its ends.
    """
    z, rest = list(values), list(still)
    for piece in record.affine_pieces:
        low, high = (None if end is None else rational(end) for end in (piece.lower, piece.upper))
        inside = all((low is None or x > low) and (high is None or x < high) for x in z)
        if inside and all((low is None or x >= low) and (high is None or x <= high) for x in rest):
            return piece.slope
    return None


def slopes_at(record: Activation, z: fmpq) -> list[fmpq]:
    """Return the slope of a piecewise linear activation at a number, or those on its left and on its right."""
    ends = [(rational(p.slope), p.lower, p.upper) for p in record.affine_pieces]
    return [s for s, a, b in ends if (a is None or z >= rational(a)) and (b is None or z <= rational(b))]


def psi_rank(step: Step, layer: int, first: int = 0) -> int:
    """Return a lower bound of every ``r(Ψ_l(i))``, from premises about ``W-L*, …, W-(l+1)*``.

    ``Ψ_l = Σ'_l W_{l+1} Ψ_{l+1}`` with invertible ``Σ'``: Sylvester gives ``r_l ≥ r(W_{l+1}) + r_{l+1} − n_{l+1}`` from ``r_L = n_L``.
    """
    problem = step.problem
    slopes = all(problem.activation_of(l).has_nonzero_slopes for l in range(layer, problem.L + 1))
    require(slopes, "rule", "an activation's derivative is not known to be non-zero everywhere")
    rank = problem.n_L
    for k, l in enumerate(range(problem.L, layer, -1), start=first):
        rank = max(0, step.bound(k, f"W-{l}*", "rank_lower") + rank - problem.widths[l])
    return rank


def khatri_rao_bound(problem: Problem, layer: int, phi: int, psi: int) -> int:
    """Return ``max(0, n_l r(Φ) + r(Ψ) − T n_l)``."""
    return max(0, problem.widths[layer] * (phi - problem.T) + psi)
