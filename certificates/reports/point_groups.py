"""Which claims belong to which critical point, so that a report on many points stays readable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.theory.statements.registry import statement_named

SUMMARY = "critical-point"


def claims_behind(claims: Sequence[Claim]) -> Mapping[int, tuple[Claim, ...]]:
    """Return for each claim ``critical-point``, by ``id()``, the claims it rests on that the reader meets behind it and nowhere else.

    These are the premises about the same point, and those that the report does not list itself; each stands behind one point only, the first that
    rests on it. Claims that a report lists and that are not about critical points keep their own place.
    """
    listed, taken = {id(claim) for claim in claims}, set[int]()
    behind: dict[int, tuple[Claim, ...]] = {}
    for summary in claims:
        if summary.id == SUMMARY:
            found = [claim for claim in _premises(summary) if id(claim) not in taken and _belongs(claim, summary, listed)]
            taken |= {id(claim) for claim in found}
            behind[id(summary)] = tuple(found)
    return behind


def by_point(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims with those about one point together, points in the order in which they first occur.

    >>> from lossproof.theory.problem.weights import Weights
    >>> from lossproof.theory.verdicts import Verdict
    >>> a, b = Point(Weights(())), Point(Weights(()))
    >>> claims = [Claim(name, point, Verdict.UNDECIDED, "") for name, point in (("saddle", a), ("global", b), ("suboptimal", a))]
    >>> [c.id for c in by_point(claims)]
    ['saddle', 'suboptimal', 'global']
    """
    first: dict[Point, int] = {}
    for place, claim in enumerate(claims):
        if claim.point is not None:
            first.setdefault(claim.point, place)
    places = {id(claim): place if claim.point is None else first[claim.point] for place, claim in enumerate(claims)}
    return sorted(claims, key=lambda claim: places[id(claim)])


def _belongs(claim: Claim, summary: Claim, listed: set[int]) -> bool:
    about_the_point = claim.point is summary.point and statement_named(claim.id).kind == "critical point"
    return claim.id != SUMMARY and (about_the_point or id(claim) not in listed)


def _premises(claim: Claim) -> Iterator[Claim]:
    """Yield the claims that a claim rests on, each once, a claim before its own premises."""
    stack, met = [premise for premise in reversed(claim.premises) if isinstance(premise, Claim)], set[int]()
    while stack:
        node = stack.pop()
        if id(node) not in met:
            met.add(id(node))
            yield node
            stack += [premise for premise in reversed(node.premises) if isinstance(premise, Claim)]
