"""A short, seeded search for bad local minima of a network with frozen layers: ends of L-BFGS, each proved by the rules that hold for such networks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from lossproof.certificates.claims.critical_facts import claim_loss
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, locate
from lossproof.certificates.claims.network_search import (
    ALL_MADE,
    APART,
    DECIDED,
    INTERRUPTED,
    MOST_ROUNDS,
    NO_LOSS,
    PROOFS,
    ROUND,
    TIME_OVER,
    SearchBudget,
    SearchRecord,
    no_search,
)
from lossproof.certificates.claims.pool import Pool
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.ball import polished_weights
from lossproof.numerics.critical.box import refined_weights
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.training.point import training_point
from lossproof.numerics.training.run_doubles import run_training
from lossproof.numerics.training.settings import Settings
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_MOST_NEWTON_WORK = 2_000_000
_ITERATIONS = 200


def nearer_weights(problem: Problem, start: Weights) -> Iterator[Weights]:
    """Yield where steps like Newton's lead to from weights: in balls where the problem is small, then in doubles; not these weights themselves."""
    refined = refined_weights(problem, start) if problem.T * problem.architecture.N_net**2 <= _MOST_NEWTON_WORK else None
    if refined is not None and refined != start:
        yield refined
    yield from (end for end in polished_weights(problem, start) if end != start)


def locate_near(context: ProofContext, start: Weights, landscape: LandscapeClaims) -> LocatedPoint | None:
    """Return the critical point proved at or near weights to which such steps lead, the first that is; None without any."""
    if not context.has_jacobian(Point(start)):
        return None
    found = (locate(context, Point(end), landscape) for end in nearer_weights(context.problem, start))
    return next((point for point in found if point is not None), None)


def search_bad_minima(context: ProofContext, pool: Pool, landscape: LandscapeClaims, budget: SearchBudget | None) -> SearchRecord:
    """Search until a bad local minimum is in the pool or the budget is used up; `KeyboardInterrupt` ends the search, and keeps what was proved."""
    obstacle = "none was wanted" if budget is None else budget.obstacle(context.problem)
    if budget is None or obstacle:
        return no_search(obstacle)
    begin, known, ends, ended = time.perf_counter(), len(pool.points), list[tuple[float, Weights]](), ALL_MADE
    starts = 0
    try:
        for starts, end in _ends(context, budget):
            ends += [end] if end is not None else []
            over = budget.seconds is not None and time.perf_counter() - begin >= budget.seconds
            if starts % ROUND == 0 or over:
                _prove(context, pool, landscape, ends)
            if pool.suboptimal is not None or over:
                ended = TIME_OVER
                break
        pool.beat_minima()
    except KeyboardInterrupt:
        ended = INTERRUPTED
    if pool.suboptimal is not None:
        ended = DECIDED
    minima = sum(point.is_minimum for point in pool.points[known:])
    return SearchRecord(starts, time.perf_counter() - begin, len(ends), minima, ended)


def _ends(context: ProofContext, budget: SearchBudget) -> Iterator[tuple[int, tuple[float, Weights] | None]]:
    """Yield how many starts were made, and where training from the last one ended, with the loss there; None where it met a kink."""
    problem = context.problem
    target = None if problem.error.family == "blake-zisserman" else NO_LOSS
    settings = Settings("lbfgs", max_iterations=_ITERATIONS, target_loss=target)
    for k in range(budget.most_starts):
        if budget.seconds is None:
            context.report_progress("searching bad minima", k, ROUND * MOST_ROUNDS)
        found = run_training(problem, random_weights(problem, context.seed + k), settings)
        if found.interrupted:
            raise KeyboardInterrupt
        try:
            yield k + 1, (training_point(problem, found.weights).loss, found.weights)
        except NotDifferentiable:
            yield k + 1, None


def _prove(context: ProofContext, pool: Pool, landscape: LandscapeClaims, ends: list[tuple[float, Weights]]) -> None:
    """Prove the least loss that was met, and minima above it, of different losses, until one is bad."""
    ordered = sorted(ends, key=lambda end: end[0])
    if not ordered:
        return
    least, best = ordered[0][0], pool.best
    if best is None or least * APART + NO_LOSS < best.facts["loss_upper"]:
        pool.add_losses([claim_loss(context, Point(ordered[0][1]))])
    tried = [least, *(float(point.loss.facts["loss_upper"]) for point in pool.points)]
    for loss, weights in islice((end for end in ordered if not _is_among(end[0], tried)), PROOFS):
        if not _is_among(loss, tried):
            tried.append(loss)
            pool.add(locate_near(context, weights, landscape))
        if pool.suboptimal is not None:
            return


def _is_among(loss: float, others: list[float]) -> bool:
    return any(abs(loss - other) <= (APART - 1) * abs(other) + NO_LOSS for other in others)
