"""Finding the critical points of a landscape and proving what they are."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lossproof.certificates.claims.complete import COMPLETE_LIST, claim_empty_list
from lossproof.certificates.claims.complete_search import SoughtList, list_by_algebra, list_of_tree
from lossproof.certificates.claims.conclusion import open_after_points
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, prove_near
from lossproof.certificates.claims.decision import Decision, decide
from lossproof.certificates.claims.network_search import SearchBudget
from lossproof.certificates.claims.no_critical_point import claim_no_critical_point
from lossproof.certificates.claims.pool import Pool
from lossproof.certificates.claims.suboptimal import claim_suboptimal
from lossproof.certificates.claims.whole_landscape import WholeLandscape, claims_of_region
from lossproof.certificates.inputs.problem import Choices, check_whole, read_starts
from lossproof.certificates.inputs.sizes import require_searchable
from lossproof.certificates.maps.complete_tree import complete_tree
from lossproof.certificates.maps.given_starts import distance_of, go, told_starts, ways_from
from lossproof.certificates.maps.hits import Hit, Hits
from lossproof.certificates.maps.map import LandscapeMap
from lossproof.certificates.maps.record import CriticalPoint, GivenStart
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress, ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.self_check import SelfCheck, checked_claims
from lossproof.certificates.reports.plain_words import notes_on_doubles
from lossproof.certificates.reports.provenance import Provenance
from lossproof.certificates.reports.report import Report
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.complete.elimination import is_algebraic
from lossproof.numerics.complete.landscape import obstacle
from lossproof.numerics.complete.search import INTERRUPT
from lossproof.numerics.critical.search import SearchResult, find_candidates
from lossproof.numerics.network.estimates import jacobian_spectrum
from lossproof.numerics.network.points import random_weights
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.options import option
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Verdict

_MOST_STARTS = 1_000_000


def find_critical_points(
    widths: str | Sequence[int],
    X: Any,
    Y: Any,
    *,
    activation: str | Activation | Sequence[str | Activation] = "tanh",
    output_activation: str | Activation = "identity",
    error: str | ErrorFunction = "squared",
    bias: str | Sequence[str] = "trainable",
    weight_decay: Any = 0,
    decay_biases: bool = True,
    frozen: Sequence[int] = (),
    weights: Any = None,
    complete: bool = False,
    box: float | None = None,
    minima: bool = False,
    resume: str | os.PathLike[str] | None = None,
    starts: int = 100,
    seed: int = 0,
    workers: int | None = None,
    max_precision: int = DEFAULT_MAX_PRECISION,
    progress: Progress | None = None,
    data_name: str = "",
    self_check: bool = True,
) -> LandscapeMap:
    r"""Search a loss landscape for critical points and return those that are proved, with their class.

    ``weights`` are starting points of yours: a list, each as in `check_architecture`. From each the way leads to a critical point beside it, by steps like
    Newton's or else by a descent; it is proved and stands on the map, with a proved bound of its distance. Where none is reached, ``given`` of the map says
    what was seen.

    From ``starts`` seeded points (0 where weights are given: from these alone), minimisation and Newton-like iterations in doubles look for points with
    ``∇J = 0``; what they find is counted once up to permutations of hidden units and the sign symmetry of the activation. Each candidate is then proved:
    exactly, or in a box that contains exactly one critical point (Krawczyk), or as a point of a critical manifold; and classed as ``global``,
    ``strict-minimum``, ``local-minimum``, ``saddle``, ``maximum``, ``higher-order-descent`` or ``undecided`` by the proved inertia of its Hessian or a proved
    curve of descent. A local minimum whose loss is proved to lie above that of another point, critical or not, is ``suboptimal`` and REFUTES
    ``no-bad-local-minima``; the certificate holds both points. Theorems, regions of the weights and a short training decide as in `check_architecture`, whose
    search is made as well where ``starts`` are fewer, but not 0; minima of narrower networks are embedded in any case but that.

    With ``complete`` the points come from a branch and prune, not from starts, and the map has the claim ``complete-list``: PROVED, all critical points are
    on it, up to symmetry; UNDECIDED, it names the boxes of weights that are left. Where all weights decay, or signs of the gradient of a neuron leave none
    outside a box, this is about all weights; if not, ``box`` is needed, the largest absolute weight. For a neuron or one hidden layer, one output, a squared
    error, up to 12 weights, and sigmoid, tanh, softplus, silu, swish, mish, bent-identity, gelu, arctan, erf or sin; with powers all are found by algebra, if
    that is small enough. At most four million boxes and ten minutes are spent. With ``minima`` the list is one of local minima: other critical points need not
    be on it. What is settled is kept in the file ``resume``, and where that is there already, the search goes on from it.

    Where layers are ``frozen``, constants from the starting points or else from the seed, points are critical by the trainable weights alone, and counted once
    up to what symmetries are left; complete lists do not cover such problems.

    The other arguments are those of `check_architecture`; ``workers`` is the number of processes (default: one a core), which changes no result.
    Interrupting (``KeyboardInterrupt``) ends the search or the proofs, and what was proved so far is returned with ``interrupted`` set.

    Guarantee: every point on the map is there. The map may lack others, unless ``complete-list`` is PROVED. With ``self_check`` the certificate is checked
    before the map is returned, and a point that the checker refuses is left out. Raises `InputError` for input that cannot be used, and for starts of more than
    10,000 weights.

    >>> found = find_critical_points("1-1", [[0], [1]], [[1], [3]], starts=4, workers=1)
    >>> [(point.kind, point.inertia["positive"]) for point in found]
    [('global', 2)]
    """
    check_whole("starts", starts, 1 if weights is None else 0, _MOST_STARTS)
    check_whole("max_precision", max_precision, 64, 1_000_000)
    if workers is not None:
        check_whole("workers", workers, 1, 1024)
    choices = Choices(widths, activation, output_activation, error, bias, weight_decay, decay_biases, frozen)
    problem, given, told = read_starts(choices, X, Y, weights, seed)
    if complete or box is not None or minima or resume is not None:
        context = ProofContext(problem, seed, max_precision, progress)
        return _complete_map(context, complete, box, weights, resume, workers, data_name, minima=minima, self_check=self_check)
    if starts:
        require_searchable(problem.architecture)
    with one_thread():
        result = _search(problem, starts, seed, workers, progress) if starts else SearchResult((), 0, 0, 0)
    context, whole = ProofContext(problem, seed, max_precision, progress), SearchBudget()
    budget = (whole if starts < whole.most_starts else SearchBudget(embedded_only=True)) if starts else None
    candidates = [(candidate.weights, candidate.hits) for candidate in result.candidates]
    found = _map_of(context, candidates, given, budget, data_name, nearby=True, self_check=self_check)
    return _with_search(replace(found, report=replace(found.report, notes=(*told, *found.report.notes))), result)


def _complete_map(
    context: ProofContext,
    complete: bool,
    box: object,
    weights: object,
    resume: str | os.PathLike[str] | None,
    workers: int | None,
    data_name: str,
    *,
    minima: bool,
    self_check: bool,
) -> LandscapeMap:
    """Return the map of a branch and prune, or of an elimination."""
    if not complete or weights is not None or (box is not None and (isinstance(box, bool) or not isinstance(box, (int, float)))):
        raise InputError(
            f"a box is a number; it, minima and a file to resume from go with {option('complete', True)} and no weights of your own: "
            "give that, or leave these out"
        )
    nowhere = claim_no_critical_point(context) if box is None and resume is None and obstacle(context.problem) else None
    if nowhere is not None:
        empty = SoughtList([], lambda _: claim_empty_list(nowhere))
        return replace(_listed(context, empty, data_name, self_check=self_check), starts=0)
    if is_algebraic(context.problem):
        if box is not None or resume is not None or minima:
            raise InputError("elimination lists the critical points of a network of powers, all of them: leave box, minima and resume out")
        return replace(_listed(context, list_by_algebra(context.problem), data_name, self_check=self_check), starts=0)
    tree = complete_tree(context, box, None if resume is None else Path(resume), workers, minima=minima)
    found = _listed(context, list_of_tree(context.problem, tree), data_name, self_check=self_check)
    return replace(found, starts=0, tree=tree, interrupted=found.interrupted or tree.ended == INTERRUPT)


def _listed(context: ProofContext, sought: SoughtList, data_name: str, *, self_check: bool) -> LandscapeMap:
    """Return the map of the points of a list, and whether it is complete."""
    candidates = [(weights, 1) for weights in sought.weights]
    return _map_of(context, candidates, (), None, data_name, nearby=True, self_check=self_check, complete=sought.claim)


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
    self_check: bool = True,
) -> LandscapeMap:
    """Prove for each of some points what kind of critical point lies at or near it, and return the map of those proved.

    With ``nearby`` a point where no proof succeeds is replaced by one close to it where one does, and of points on manifolds of critical points with the
    same loss, class and inertia the first stands for all. Local minima are compared with the best of the points, those included that are not critical, and
    with one that a short training finds, where none of these is better.

    >>> from lossproof.theory.zoo.registry import zoo_entry
    >>> entry = zoo_entry("auer-2")
    >>> [point.kind for point in prove_points(entry.problem, entry.weights)]
    ['strict-minimum', 'strict-minimum']
    """
    context = ProofContext(problem, seed, max_precision, progress)
    counted = [1] * len(points) if hits is None else hits
    return _map_of(context, list(zip(points, counted, strict=True)), (), None, data_name, nearby=nearby, self_check=self_check)


def _map_of(
    context: ProofContext,
    candidates: Sequence[tuple[Weights, int]],
    given: Sequence[Weights],
    budget: SearchBudget | None,
    data_name: str,
    *,
    nearby: bool,
    self_check: bool,
    complete: Callable[[list[LocatedPoint | None]], Claim] | None = None,
) -> LandscapeMap:
    """Return the map of what is proved from given weights, and at candidates with their hits, of all of which ``complete`` may claim something."""
    merging = nearby and not (complete is not None and is_algebraic(context.problem))  # where algebra tells points apart, however near
    landscape, ways, hits = LandscapeClaims.of(context.problem), ways_from(given), Hits(context.problem, merging)
    others, listed = list[Point](), list[LocatedPoint | None]()
    interrupted = False
    with one_thread():
        try:
            for number, way in enumerate(ways):
                context.report_progress("going from given weights", number, len(ways))
                go(context, way, landscape, hits)
            for number, (weights, count) in enumerate(candidates):
                context.report_progress("proving critical points", number, len(candidates))
                located = prove_near(context, weights, landscape, nearby=nearby)
                listed.append(located)
                if located is None:
                    others.append(Point(weights))
                else:
                    hits.enter(located, count)
        except KeyboardInterrupt:
            interrupted = True
        proved = hits.found
        pool = Pool(context, unread=[*(way.point for way in ways if not way.is_reached), *others])
        pool.add(*(hit.point for hit in proved))
        distances = [distance_of(context, way) for way in ways]
        known_distances = tuple(claim for claim in distances if claim is not None)
        whole = None if complete is None else complete(listed)
        report = _report(pool, landscape, None if interrupted else budget, data_name, known_distances, whole, self_check=self_check)
    told_as = {id(point.claim.place): point for point in pool.points}
    for hit in proved:
        hit.point = told_as.get(id(hit.point.claim.place), hit.point)
    _enter_others(hits, pool.points)
    starts = told_starts(report, ways, distances)
    found = _critical_points(report, proved, starts)
    told = replace(report, notes=(*map(str, starts), *report.notes))
    return LandscapeMap(told, found, len(candidates), 0, len(others) + len(proved) - len(found), interrupted, starts)


def _enter_others(hits: Hits, points: Sequence[LocatedPoint]) -> None:
    """Enter the points that were proved for the report, in place of equal ones that it does not tell."""
    known, told = {id(hit.point) for hit in hits.found}, {id(point) for point in points}
    for point in points:
        if id(point) not in known:
            equal = hits.equal_to(point)
            if equal is None or id(equal.point) in told:
                hits.found.append(Hit(point, 1))
            else:
                equal.point = point


def _critical_points(report: Report, proved: Sequence[Hit], starts: Sequence[GivenStart]) -> tuple[CriticalPoint, ...]:
    """Return the points that the report claims, by loss."""
    bad = {claim.place: claim for claim in report if claim.id == "suboptimal" and claim.verdict is Verdict.PROVED}
    claimed, found = {id(claim) for claim in report.claims}, []
    told = [hit for hit in proved if id(hit.point.claim) in claimed]
    for hit in sorted(told, key=lambda hit: hit.point.claim.facts["loss_upper"]):
        claim, point = hit.point.claim, hit.point.claim.point
        number = report.number(point)
        if point is not None and number is not None:
            given = tuple(start.number for start in starts if start.point == number)
            found.append(CriticalPoint(number, point.weights, claim, bad.get(claim.place), hit.hits, given))
    return tuple(found)


def _report(
    pool: Pool,
    landscape: LandscapeClaims,
    budget: SearchBudget | None,
    data_name: str,
    distances: tuple[Claim, ...],
    complete: Claim | None,
    *,
    self_check: bool,
) -> Report:
    """Return the report of a pool, to which a search may add points, with distances; points that the checker refuses are taken from it.

    Where it refuses the complete list, the points stay, and are told again without what rested on that.
    """
    context, problem, points = pool.context, pool.context.problem, list(pool.points)
    known = pool.places or [Point(random_weights(problem, context.seed))]
    whole = WholeLandscape.of(context, known[0], landscape.principle_error)
    decision = decide(whole, pool, landscape, budget, complete)
    complete = decision.complete
    infimum = whole.infimum_not_attained(known[0], pool.all_losses())
    claims, first, check = (*_claims(pool, landscape, whole, decision, infimum, complete), *distances), pool.places or known, None
    if self_check:
        context.report_progress("checking the certificate", 0, 1)
        claims, check = checked_claims(problem, claims, first)
        listed = next((claim for claim in claims if claim.id == COMPLETE_LIST), None)
        kept = points if listed is not complete else [point for point in pool.points if any(claim is point.claim for claim in claims)]
        if listed is not complete or len(kept) < len(pool.points):
            pool.restart(kept)
            kept_distances = tuple(claim for claim in distances if any(claim is other for other in claims))
            again = _report(pool, landscape, None, data_name, kept_distances, listed, self_check=True)
            steps, refused = (0, ()) if again.self_check is None else (again.self_check.steps, again.self_check.refused)
            return replace(again, self_check=SelfCheck(steps, tuple(dict.fromkeys((*check.refused, *refused)))))
    notes: tuple[str, ...] = (
        () if pool.points else ("No critical point was proved. Point 0 was drawn from the seed; nothing is claimed about it.",)
    )
    notes += notes_on_doubles(problem, [point.weights for point in first])
    notes += (str(decision.search),) if decision.search.starts else ()
    spectrum = jacobian_spectrum(problem, first[0].weights)
    return Report(
        problem, tuple(first), bool(pool.points), claims, spectrum, notes, data_name, check, decision.search, Provenance.now(context.seed)
    )


def _claims(
    pool: Pool, landscape: LandscapeClaims, whole: WholeLandscape, decision: Decision, infimum: Claim | None, complete: Claim | None
) -> tuple[Claim, ...]:
    ordered = sorted(pool.points, key=lambda point: point.claim.facts["loss_upper"])
    bad = [claim for point in ordered if (claim := claim_suboptimal(point, pool.losses)) is not None]
    told = [claim if decision.suboptimal is None or claim.place is not decision.suboptimal.place else decision.suboptimal for claim in bad]
    known = complete is not None and complete.verdict is Verdict.PROVED and bool(complete.facts["whole"])
    conclusion = open_after_points(len(ordered), all_there_are=known) if decision.claim is None else decision.claim
    return (
        conclusion, *whole.telling, *(claim for claim in (complete, infimum) if claim is not None), *claims_of_region(conclusion),
        *(point.claim for point in ordered), *told,
        landscape.principle_error, landscape.morse,
    )  # fmt: skip
