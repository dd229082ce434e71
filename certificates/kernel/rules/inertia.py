"""The rules about the Hessian and P at a critical point (section 6), each with its proof in the docstring.

Claims ``inertia`` have the facts ``negative``, ``zero``, ``positive``: so many eigenvalues of each kind the Hessian at ``W*`` has at least, with
``undecided`` left over.
†† marks rules that check that two derivatives exist at the point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.rings import FormalRing, vanishes
from lossproof.certificates.kernel.arithmetic.series import Series
from lossproof.certificates.kernel.network.boxes import BoxRing, box
from lossproof.certificates.kernel.network.errors import error_gradient
from lossproof.certificates.kernel.network.gradient import hessian, hessian_times
from lossproof.certificates.kernel.network.matrices import parse_matrix
from lossproof.certificates.kernel.network.passes import embed, forward, not_zero
from lossproof.certificates.kernel.reading.limits import MAX_BALL_WORK, PRECISIONS, limit
from lossproof.certificates.kernel.reading.parse import read_integer, read_list, require
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.rules.evidence import read_minor, read_reduced_vectors, require_ball_minor
from lossproof.certificates.kernel.rules.points import AT_THE_POINT, by_rule, conclude, distance, facts_of, radius_of, stationary
from lossproof.certificates.kernel.rules.step import AT_WEIGHTS, EVERYWHERE, PROVED, Result, Step, require_differentiable
from lossproof.theory.verdicts import Rigor


def _counts(negative: int, zero: int, positive: int, undecided: int, radius: str) -> dict[str, Any]:
    return {"negative": negative, "zero": zero, "positive": positive, "undecided": undecided, "radius": radius}


def inertia_exact(step: Step) -> Result:
    """†† The Hessian is rational in the formal ring, and ``LDLᵀ`` over Q gives its inertia."""
    step.expect(1)
    stationary(step, exact=True)
    problem = step.problem
    rigor = require_differentiable(step, step.index, 2)
    H = hessian(FormalRing(), problem, step.at_point(), list(range(problem.N_net)))
    require(all(isinstance(x, fmpq) for x in H.flat), "conclusion.point", "the Hessian is not seen to be rational")
    negative, positive = inertia(H)
    counts = _counts(negative, problem.N_net - negative - positive, positive, 0, AT_THE_POINT)
    return conclude(step, "inertia", counts), rigor


def inertia_ball(step: Step) -> Result:
    """``LDLᵀ`` in balls over the box of premise 0, or at the point, finds certain pivots; that the derivatives exist is seen in these balls.

    The tangent vectors of a manifold of critical points lie in the kernel of H, so with a dimension d at least d eigenvalues are 0. If
    exactly d are left, these are all of them.
    """
    found = step.expect(1, "negative", "positive", "precision")
    point = stationary(step)
    problem = step.problem
    N, d = problem.N_net, int(facts_of(point)["dimension"])
    negative, positive = (read_integer(found[key], f"evidence.{key}", 0, N) for key in ("negative", "positive"))
    rest = N - negative - positive
    require(rest >= d, "evidence.positive", f"at most {N - d} eigenvalues are not 0")
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    limit(N**3 * bits, MAX_BALL_WORK, "size³ · precision of an inertia")
    with ball_precision(bits):
        H = hessian(BoxRing(), problem, box(problem, step.at_point(), distance(point)), list(range(N)), bits)
        certain = inertia(H)
    require(certain[0] >= negative, "evidence.negative", f"{certain[0]} negative eigenvalues are seen")
    require(certain[1] >= positive, "evidence.positive", f"{certain[1]} positive eigenvalues are seen")
    zero = d if rest == d else 0
    return conclude(step, "inertia", _counts(negative, zero, positive, rest - zero, radius_of(point))), Rigor.BALL


def inertia_kernel(step: Step) -> Result:
    """†† Independent rational vectors v with ``H v = 0`` in the formal ring: so many eigenvalues are 0, besides those counted before."""
    found = step.expect(1, "vectors")
    step.at_point()
    before = facts_of(step.claim(0, "inertia", AT_WEIGHTS, PROVED, step.index))
    left = int(before["undecided"])
    ready = before["radius"] == AT_THE_POINT and before["zero"] == 0 and left > 0
    require(ready, "premises[0]", "an inertia at the point, with an undecided part and no zeros yet, is needed here", "premise")
    rigor = require_differentiable(step, step.index, 2)
    vectors = read_reduced_vectors(found["vectors"], "evidence.vectors", step.problem.N_net)
    require(1 <= len(vectors) <= left, "evidence.vectors", f"from 1 to {left} vectors are expected")
    ring = FormalRing()
    products = hessian_times(ring, step.problem, step.at_point(), embed(ring, vectors))
    for k, image in enumerate(products):
        require(all(vanishes(x) for x in image), f"evidence.vectors[{k}]", "the Hessian is not seen to annihilate the vector")
    n = len(vectors)
    return conclude(step, "inertia", _counts(before["negative"], n, before["positive"], left - n, AT_THE_POINT)), rigor


def inertia_learner(step: Step) -> Result:
    """At an exact learner ``H = P diag(∇²E_i) Pᵀ/T`` with ``∇²E_i ≻ 0`` (Morse), so H has r(P) positive eigenvalues and no negative ones.

    A learner in a box has ``r(P) = T n_L`` by its rule; at the point itself premise 1 bounds the rank.
    """
    step.expect(2)
    point = stationary(step)
    by_rule(step, 0, "stationary-learner")
    N, columns = step.problem.N_net, step.problem.columns
    if radius_of(point) != AT_THE_POINT:
        step.claim(1, "principle-morse", EVERYWHERE, PROVED)
        return conclude(step, "inertia", _counts(0, N - columns, columns, 0, radius_of(point))), Rigor.EXACT
    rank = facts_of(step.claim(1, "hessian-rank", AT_WEIGHTS, PROVED, step.index))
    by_rule(step, 1, "hessian-rank-point")
    lower, upper = int(rank["rank_lower"]), int(rank["rank_upper"])
    return conclude(step, "inertia", _counts(0, N - upper, lower, upper - lower, AT_THE_POINT)), Rigor.EXACT


def critical_rank(step: Step) -> Result:
    """The ball of the minor over the box of premise 0 excludes 0: ``r(P) ≥`` its size. If the ball of one ``∇E_ij`` does, ``P ε = 0`` with ``ε ≠ 0``."""
    found = step.expect(1, "rows", "columns", "precision", "residual")
    point = stationary(step)
    problem = step.problem
    matrix = parse_matrix("P", problem)
    rows, columns = read_minor(found, matrix)
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    upper = min(problem.N_net, problem.columns)
    with ball_precision(bits):
        around = box(problem, step.at_point(), distance(point))
        if rows:
            require_ball_minor(matrix, problem, around, BoxRing(), rows, columns, bits)
        if found["residual"] is not None:
            _require_residual(problem, around, found["residual"], bits)
            upper = min(problem.N_net, problem.columns - 1)
    facts = {"rank_lower": len(rows), "rank_upper": upper, "columns": problem.columns, "radius": radius_of(point)}
    return conclude(step, "critical-rank", facts), Rigor.BALL


def critical_rank_learner(step: Step) -> Result:
    """A learner in a box or a ball has ``r(P) = T n_L`` by its rule."""
    step.expect(1)
    point = stationary(step)
    by_rule(step, 0, "stationary-learner")
    require(radius_of(point) != AT_THE_POINT, "premises[0]", "a learner in a box or a ball is needed here", "premise")
    columns = step.problem.columns
    facts = {"rank_lower": columns, "rank_upper": columns, "columns": columns, "radius": radius_of(point)}
    return conclude(step, "critical-rank", facts), Rigor.EXACT


def _require_residual(problem: Problem, around: Point, value: Any, bits: int) -> None:
    listed = read_list(value, "evidence.residual", 2)
    i, j = (
        read_integer(n, f"evidence.residual[{k}]", 0, most - 1)
        for k, (n, most) in enumerate(zip(listed, (problem.T, problem.n_L), strict=True))
    )
    output: Any = forward(BoxRing(), problem, around, problem.L, bits)[1][-1]
    residual = np.asarray(error_gradient(BoxRing(), problem, Series([output])).coefficients[0])[i, j]
    require(not_zero(residual), "evidence.residual", "the ball of this derivative of the error contains 0")


INERTIA_RULES: Mapping[str, Callable[[Step], Result]] = {
    "inertia-exact": inertia_exact,
    "inertia-ball": inertia_ball,
    "inertia-kernel": inertia_kernel,
    "inertia-learner": inertia_learner,
    "critical-rank": critical_rank,
    "critical-rank-learner": critical_rank_learner,
}
