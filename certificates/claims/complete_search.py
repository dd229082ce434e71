"""A complete list of all local minima, sought where nothing else decides whether they are global, and the landscape is small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from lossproof.certificates.claims.complete import bounds_of_all, claim_complete_list
from lossproof.certificates.claims.complete_algebra import claim_algebraic_list, obstacle_to_algebra, solutions_of
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, prove_near
from lossproof.certificates.claims.pool import Pool
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.clusters import clusters
from lossproof.numerics.complete.elimination import is_algebraic
from lossproof.numerics.complete.landscape import landscape_of, obstacle
from lossproof.numerics.complete.search import INTERRUPT, Tree, TreeBudget, search_tree
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.weight_vectors import weights_of_rows
from lossproof.theory.limits import MAX_COMPLETE_BOXES
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Verdict

_BOXES, _WORK, _MOST_SAMPLES = 100_000, 50_000_000, 100
_MOST_BY_ALGEBRA = 4


class SoughtList(NamedTuple):
    """Weights at which points are to be proved, and the claim that they are all, made of what is proved at each of them."""

    weights: list[Weights]
    claim: Callable[[Sequence[LocatedPoint | None]], Claim]


def list_of_tree(problem: Problem, tree: Tree) -> SoughtList:
    """Return the list of a branch and prune: its points, and those met in the clusters of boxes that it left."""
    parts = clusters(landscape_of(problem), tree)
    points = [*tree.points, *(part.point for part in parts if part.point is not None)]
    return SoughtList([weights_of_rows(problem, point) for point in points], partial(claim_complete_list, problem, tree, parts))


def list_by_algebra(problem: Problem) -> SoughtList:
    """Return the list of an elimination. Raises `InputError` where algebra does not cover the problem."""
    solutions = solutions_of(problem)
    return SoughtList([weights_of_rows(problem, point) for point in solutions.points], partial(claim_algebraic_list, problem, solutions))


class ListSearch(NamedTuple):
    """What came of it: the claim ``complete-list`` where it is PROVED, else None; the boxes of weights looked at, and whether the user ended it."""

    claim: Claim | None = None
    boxes: int = 0
    interrupted: bool = False


class ListPlan(NamedTuple):
    """How a complete list of the local minima of all weights may be had: by a branch and prune within ``bounds``, or by exact algebra, which needs none."""

    bounds: Floats | None


def plan_of_list(problem: Problem, seconds: float | None) -> ListPlan | None:
    """Return how such a list may be had; None where it may not, as where a layer is frozen.

    Where no ``seconds`` are given there are at most 100 samples, and networks of powers have at most 4 weights.
    """
    if beyond_doubles(problem) is not None or (seconds is None and problem.T > _MOST_SAMPLES):
        return None
    if is_algebraic(problem):
        few = seconds is not None or problem.architecture.N_net <= _MOST_BY_ALGEBRA
        return ListPlan(None) if few and not obstacle_to_algebra(problem) else None
    bounds = None if obstacle(problem) else bounds_of_all(problem)
    return None if bounds is None else ListPlan(bounds)


def seek_complete_list(context: ProofContext, plan: ListPlan, pool: Pool, landscape: LandscapeClaims, seconds: float | None) -> ListSearch:
    """Seek a complete list of the local minima of all weights, and add its points to the pool.

    Without ``seconds`` a branch and prune ends at 100,000 boxes, or fewer where a box costs more; with them, it takes as many boxes as a map may.
    """
    problem = context.problem
    if plan.bounds is None:
        return _proved(context, pool, landscape, list_by_algebra(problem))
    land = landscape_of(problem)
    boxes = min(_BOXES, _WORK // (problem.T**2 * land.rows)) if seconds is None else MAX_COMPLETE_BOXES
    budget = TreeBudget(boxes) if seconds is None else TreeBudget(boxes, seconds)
    tree = search_tree(
        land, plan.bounds, budget, lambda part: context.report_progress("listing all minima", int(part * 100), 100), minima=True
    )
    if not tree.complete:
        return ListSearch(None, tree.boxes, tree.ended == INTERRUPT)
    return _proved(context, pool, landscape, list_of_tree(problem, tree))


def _proved(context: ProofContext, pool: Pool, landscape: LandscapeClaims, found: SoughtList) -> ListSearch:
    """Prove the points of a list, which the pool takes in, and that they are all."""
    try:
        located = [prove_near(context, weights, landscape, nearby=True) for weights in found.weights]
    except KeyboardInterrupt:
        return ListSearch(interrupted=True)
    claim = found.claim(located)
    if claim.verdict is not Verdict.PROVED:
        return ListSearch()
    pool.replace_equal(*located)
    return ListSearch(claim)
