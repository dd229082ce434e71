"""Deciding whether every local minimum is global: in one order, from one pool, whether weights are given, a map is made or neither."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from lossproof.certificates.claims.complete import conclusion_by_list
from lossproof.certificates.claims.complete_search import ListPlan, plan_of_list, seek_complete_list
from lossproof.certificates.claims.conclusion import conclusion_by_minimum, conclusion_by_region, conclusion_by_theorems
from lossproof.certificates.claims.critical_point import LandscapeClaims
from lossproof.certificates.claims.global_by_conclusion import listed_as_global, located_as_global
from lossproof.certificates.claims.network_search import INTERRUPTED, NetworkSearch, SearchBudget, SearchRecord, no_search
from lossproof.certificates.claims.pool import Pool
from lossproof.certificates.claims.whole_landscape import WholeLandscape
from lossproof.certificates.proof.nodes import Claim, first_claim
from lossproof.theory.verdicts import Verdict


@dataclass(frozen=True)
class Decision:
    """What is known of the question.

    - ``claim``: the claim ``no-bad-local-minima``, None where it stays open;
    - ``suboptimal``: the claim about a bad local minimum, if one is known;
    - ``search``: what was searched;
    - ``complete``: the claim ``complete-list``, if one was given or found.
    """

    claim: Claim | None
    suboptimal: Claim | None
    search: SearchRecord
    complete: Claim | None = None


def decide(
    whole: WholeLandscape, pool: Pool, landscape: LandscapeClaims, budget: SearchBudget | None, complete: Claim | None = None
) -> Decision:
    """Decide the question, by what costs least first: a ``complete`` list, theorems, the points known, regions of the weights, then a search of the network.

    Where all that leaves it open, and the landscape is small, a complete list of all local minima is sought, for as long as the search leaves of the seconds.

    Where the claim is PROVED, the local minima of the pool are global ones after this; else that of a complete list which alone may be one.

    Local minima in the pool that no point beats are compared with one that a short training finds, unless a theorem says that they are global. The search is
    made only where all else leaves the question open, and ``budget`` is not None; the losses it meets are compared with regions, too.
    """
    theorem = first_claim(lambda: conclusion_by_list(complete), lambda: conclusion_by_theorems(whole))
    begin, seconds = time.perf_counter(), None if budget is None else budget.seconds
    is_open = theorem is None and complete is None and budget is not None
    plan = plan_of_list(whole.context.problem, seconds) if is_open else None
    found = _decided(theorem, whole, pool, landscape, budget if plan is None or seconds is None else SearchBudget())
    if plan is not None and found.claim is None and not found.search.interrupted:
        left = None if seconds is None else max(seconds - (time.perf_counter() - begin), 0.0)
        found = _by_list(found.search, plan, pool, landscape, left)
    else:
        found = replace(found, complete=complete)
    pool.points = [listed_as_global(located_as_global(point, found.claim), found.complete) for point in pool.points]
    return found


def _by_list(record: SearchRecord, plan: ListPlan, pool: Pool, landscape: LandscapeClaims, seconds: float | None) -> Decision:
    """Decide by a complete list of all local minima, if one is to be had."""
    listed = seek_complete_list(pool.context, plan, pool, landscape, seconds)
    if listed.claim is None:
        record = replace(record, boxes=listed.boxes, ended=INTERRUPTED if listed.interrupted else record.ended)
    suboptimal = pool.suboptimal
    if suboptimal is not None:
        return Decision(conclusion_by_minimum(suboptimal), suboptimal, record, listed.claim)
    return Decision(conclusion_by_list(listed.claim), None, record, listed.claim)


def _decided(theorem: Claim | None, whole: WholeLandscape, pool: Pool, landscape: LandscapeClaims, budget: SearchBudget | None) -> Decision:
    if theorem is None or theorem.verdict is Verdict.REFUTED:
        pool.beat_minima()
    suboptimal = pool.suboptimal
    if suboptimal is not None:
        return Decision(conclusion_by_minimum(suboptimal), suboptimal, _NOT_NEEDED)
    found = conclusion_by_region(whole.bad_region(pool.all_losses())) if theorem is None else theorem
    if found is not None:
        return Decision(found, None, _NOT_NEEDED)
    record = no_search("none was wanted") if budget is None else NetworkSearch(whole.context, pool, landscape, budget).run()
    suboptimal = pool.suboptimal
    if suboptimal is not None:
        return Decision(conclusion_by_minimum(suboptimal), suboptimal, record)
    return Decision(conclusion_by_region(whole.bad_region(pool.all_losses())), None, record)


_NOT_NEEDED = no_search("the question is decided without one")
