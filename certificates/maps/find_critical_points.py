"""Finding the critical points of a landscape and proving what they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lossproof.certificates.claims.conclusion import claim_conclusion_of_map
from lossproof.certificates.claims.critical_point import LandscapeClaims, prove_near
from lossproof.certificates.claims.no_critical_point import claim_no_critical_point
from lossproof.certificates.claims.principles import claim_error_principle
from lossproof.certificates.claims.suboptimal import claim_suboptimal, losses_of, worst_of
from lossproof.certificates.inputs.problem import Choices, check_whole, read_problem
from lossproof.certificates.maps.map import LandscapeMap
from lossproof.certificates.maps.record import CriticalPoint
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress, ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.plain_words import notes_on_doubles
from lossproof.certificates.reports.report import Report
from lossproof.numerics.critical.search import SearchResult, find_candidates
from lossproof.numerics.network.estimates import jacobian_spectrum
from lossproof.numerics.network.points import random_weights
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_MOST_STARTS = 1_000_000


def find_critical_points(
    widths: str | Sequence[int],
    X: Any,
    Y: Any,
    *,
    activation: str | Activation = "tanh",
    output_activation: str | Activation = "identity",
    error: str | ErrorFunction = "squared",
    bias: str = "trainable",
    starts: int = 100,
    seed: int = 0,
    workers: int | None = None,
    max_precision: int = DEFAULT_MAX_PRECISION,
    progress: Progress | None = None,
    data_name: str = "",
) -> LandscapeMap:
    r"""Search a loss landscape for critical points and return those that are proved, with their class.

    From ``starts`` seeded points, minimisation and Newton-like iterations in doubles look for points with ``∇J = 0``; what they find is counted once
    up to permutations of hidden units and the sign symmetry of the activation. Each candidate is then proved: exactly, or in a box that contains
    exactly one critical point (Krawczyk), or as a point of a critical manifold; and classed as ``global``, ``strict-minimum``, ``local-minimum``,
    ``saddle``, ``higher-order-descent`` or ``undecided`` by the proved inertia of its Hessian or a proved curve of descent. A local minimum whose
    loss is proved to lie above that of another point is ``suboptimal`` and REFUTES ``no-bad-local-minima``; the certificate holds both points.

    The other arguments are those of `check_architecture`; ``workers`` is the number of processes (default: one a core), which changes no result.
    Interrupting (``KeyboardInterrupt``) ends the search or the proofs, and what was proved so far is returned with ``interrupted`` set.

    Guarantee: every point on the map is there. The map may lack others. Raises `InputError` for input that cannot be used.

    >>> found = find_critical_points("1-1", [[0], [1]], [[1], [3]], starts=4, workers=1)
    >>> [(point.kind, point.inertia["positive"]) for point in found]
    [('global', 2)]
    """
    check_whole("starts", starts, 1, _MOST_STARTS)
    check_whole("max_precision", max_precision, 64, 1_000_000)
    if workers is not None:
        check_whole("workers", workers, 1, 1024)
    choices = Choices(widths, activation, output_activation, error, bias)
    problem, _ = read_problem(choices, X, Y, None, seed)
    result = _search(problem, starts, seed, workers, progress)
    found = prove_points(
        problem,
        [candidate.weights for candidate in result.candidates],
        seed=seed,
        max_precision=max_precision,
        progress=progress,
        data_name=data_name,
        hits=[candidate.hits for candidate in result.candidates],
        nearby=True,
    )
    return _with_search(found, result)


def _search(problem: Problem, starts: int, seed: int, workers: int | None, progress: Progress | None) -> SearchResult:
    """Run the search; an interrupt ends it with what it had found, unless it had found nothing yet."""
    latest = deque[SearchResult](maxlen=1)
    try:
        return find_candidates(problem, starts=starts, seed=seed, workers=workers, progress=progress, on_candidates=latest.append)
    except KeyboardInterrupt:
        if not latest:
            raise
        return latest[-1]


def _with_search(found: LandscapeMap, result: SearchResult) -> LandscapeMap:
    interrupted = found.interrupted or (not result.obstacle and result.finished < result.starts)
    return replace(found, starts=result.finished, strays=result.strays, interrupted=interrupted)


def prove_points(
    problem: Problem,
    points: Sequence[Weights],
    *,
    seed: int = 0,
    max_precision: int = DEFAULT_MAX_PRECISION,
    progress: Progress | None = None,
    data_name: str = "",
    hits: Sequence[int] | None = None,
    nearby: bool = False,
) -> LandscapeMap:
    """Prove for each of some points what kind of critical point lies at or near it, and return the map of those proved.

    With ``nearby`` a point where no proof succeeds is replaced by one close to it where one does, and of points on manifolds of critical points with the
    same loss, class and inertia the first stands for all. Local minima are compared with the best of the points.
    """
    context = ProofContext(problem, [], seed, max_precision, progress)
    landscape = LandscapeClaims(claim_error_principle(context, "principle-error"), claim_error_principle(context, "principle-morse"))
    proved: list[tuple[Claim, int]] = []
    unproved, interrupted = 0, False
    try:
        for number, weights in enumerate(points):
            context.report_progress("proving critical points", number, len(points))
            known = len(context.points)
            claim = prove_near(context, weights, landscape, nearby=nearby)
            if claim is None:
                unproved += 1
            elif not _enter(proved, claim, 1 if hits is None else hits[number], families=nearby):
                context.forget_points_after(known)
    except KeyboardInterrupt:
        interrupted = True
    found = _critical_points(context, proved)
    report = _report(context, landscape, found, data_name)
    return LandscapeMap(report, found, len(points), 0, unproved, interrupted)


def _enter(proved: list[tuple[Claim, int]], claim: Claim, hits: int, *, families: bool) -> bool:
    """Add a claim, or with ``families`` its hits to one that cannot be told from it: of a manifold of critical points one is enough.

    Tells whether the claim was added.
    """
    for number, (other, count) in enumerate(proved):
        if claim.point == other.point or (families and _same_family(claim, other)):
            proved[number] = (other, count + hits)
            return False
    proved.append((claim, hits))
    return True


def _same_family(first: Claim, second: Claim) -> bool:
    """Tell whether two points lie on manifolds of critical points of equal dimension, with the same class and inertia and losses not told apart."""
    a, b = first.premises[0], second.premises[0]
    alike = isinstance(a, Claim) and isinstance(b, Claim) and a.facts["dimension"] == b.facts["dimension"] and a.facts["dimension"] > 0
    same = all(first.facts[key] == second.facts[key] for key in ("kind", "inertia"))
    apart = first.facts["loss_lower"] > second.facts["loss_upper"] or second.facts["loss_lower"] > first.facts["loss_upper"]
    return alike and same and not apart


def _critical_points(context: ProofContext, proved: Sequence[tuple[Claim, int]]) -> tuple[CriticalPoint, ...]:
    losses = losses_of([claim for claim, _ in proved])
    found = []
    for claim, hits in sorted(proved, key=lambda pair: pair[0].facts["loss_upper"]):
        point = claim.point or 0
        found.append(CriticalPoint(point, context.points[point], claim, claim_suboptimal(claim, losses), hits))
    return tuple(found)


def _report(context: ProofContext, landscape: LandscapeClaims, found: Sequence[CriticalPoint], data_name: str) -> Report:
    bad = [point.suboptimal for point in found if point.suboptimal is not None]
    nowhere = claim_no_critical_point(context)
    conclusion = claim_conclusion_of_map(context, len(found), worst_of(bad), nowhere)
    claims = [conclusion, *([nowhere] if nowhere is not None else []), *(point.claim for point in found), *bad]
    if not context.points:
        context.add_point(random_weights(context.problem, context.seed))
    drawn = () if found else ("No critical point was proved. Point 0 was drawn from the seed; nothing is claimed about it.",)
    notes = (*drawn, *notes_on_doubles(context.problem, context.points))
    spectrum = jacobian_spectrum(context.problem, context.points[0])
    return Report(
        context.problem,
        tuple(context.points),
        bool(found),
        (*claims, landscape.principle_error, landscape.morse),
        spectrum,
        notes,
        data_name,
    )
