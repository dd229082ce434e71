"""The rules that classify a critical point (section 6), each with its proof in the docstring. ``W*`` is the critical point that premise 0 is about.

†† marks rules that check that two derivatives exist at the point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.arithmetic.rings import FormalRing, vanishes
from lossproof.certificates.kernel.network.gradient import loss_coefficients
from lossproof.certificates.kernel.network.passes import embed, forward
from lossproof.certificates.kernel.reading.limits import PRECISIONS, Array
from lossproof.certificates.kernel.reading.parse import read_integer, read_list, read_rational, require
from lossproof.certificates.kernel.reading.problem import row_key
from lossproof.certificates.kernel.rules.points import (
    AT_THE_POINT,
    about,
    by_rule,
    conclude,
    facts_of,
    formal_residuals,
    radius_of,
    stationary,
)
from lossproof.certificates.kernel.rules.step import AT_WEIGHTS, EVERYWHERE, PROVED, Accepted, Result, Step, claim, require_differentiable
from lossproof.theory.verdicts import Rigor, weakest

MAX_ORDER = 24
CLASSES = ("global", "strict-minimum", "local-minimum", "saddle", "higher-order-descent")
LOSS_KEYS = ("loss_lower", "loss_upper")


def _point_and_inertia(step: Step) -> tuple[Accepted, Mapping[str, Any]]:
    step.expect(2)
    point = stationary(step)
    return point, facts_of(about(step, 1, point, "inertia"))


def strict_minimum(step: Step) -> Result:
    """``∇J(W*) = 0`` and ``H(W*) ≻ 0``: the second-order condition."""
    point, counts = _point_and_inertia(step)
    require(counts["positive"] == step.problem.N_net, "premises[1]", "not all eigenvalues are seen to be positive", "premise")
    return conclude(step, "strict-minimum", {"radius": radius_of(point)}), Rigor.EXACT


def local_minimum(step: Step) -> Result:
    """J is constant on a manifold of critical points through ``W*``, and all other eigenvalues of ``H(W*)`` are positive (Morse-Bott).

    H is continuous near ``W*``, so it is positive definite, uniformly, on the normal spaces of the manifold near it: with W' the nearest point on the
    manifold, ``J(W) ≥ J(W') + c|W − W'|² = J(W*) + c|W − W'|²`` for some ``c > 0`` and all W near ``W*``.
    """
    point, counts = _point_and_inertia(step)
    right = counts["negative"] == counts["undecided"] == 0 and counts["zero"] == facts_of(point)["dimension"]
    require(right, "premises[1]", "the zero eigenvalues are not seen to be those of a manifold of critical points", "premise")
    return conclude(step, "local-minimum", {"radius": radius_of(point)}), Rigor.EXACT


def saddle(step: Step) -> Result:
    """``vᵀ H(W*) v < 0`` for some v, so J falls along v and along −v."""
    point, counts = _point_and_inertia(step)
    require(counts["negative"] >= 1, "premises[1]", "no eigenvalue is seen to be negative", "premise")
    return conclude(step, "saddle", {"radius": radius_of(point)}), Rigor.EXACT


def local_minimum_inactive(step: Step) -> Result:
    """All units of one relu layer have ``z < 0`` at all samples, at W and so at all weights near it, where the output is one constant c for all samples.

    There ``J ≥ (1/T) min_c Σ_i E(c, y_i)``. With the identity at the output the derivative of J by ``b_L`` is ``(1/T) Σ_i ∇E(c, y_i)``, which is 0 at W: the
    sum is convex, so W attains the minimum.
    """
    found = step.expect(1, "layer", "precision")
    stationary(step, exact=True)
    problem = step.problem
    right = problem.activation.family == "relu" and problem.bias == "trainable" and problem.output_activation.family == "identity"
    require(right and problem.error.convex.holds, "rule", "this needs relu, trainable biases, identity output and a convex error")
    layer = read_integer(found["layer"], "evidence.layer", 1, problem.L - 1)
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    with ball_precision(bits):
        z = forward(BallRing(), problem, step.at_point(), layer, bits)[0][layer]
        require(all(bool(x < 0) for x in z.flat), "evidence.layer", "a unit of this layer is not seen to be inactive at all samples")
    return conclude(step, "local-minimum", {"radius": AT_THE_POINT}), Rigor.BALL


def higher_order_descent(step: Step) -> Result:
    """†† ``J(W + Σ_k t^k δ_k) = J(W) + c t^m + O(t^{m+1})`` with ``c < 0``, as J is analytic along the curve near ``t = 0``.

    The coefficients of ``t, …, t^{m-1}`` vanish in the formal ring; that of ``t^m`` is rational there, or a ball contains it.
    """
    found = step.expect(1, "curve", "order", "coefficient", "precision")
    stationary(step, exact=True)
    rigor = require_differentiable(step, step.index, 2)
    problem, point = step.problem, step.at_point()
    order = read_integer(found["order"], "evidence.order", 2, MAX_ORDER)
    most = read_rational(found["coefficient"], "evidence.coefficient")
    require(most < 0, "evidence.coefficient", "must be negative")
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    terms = _read_curve(found["curve"], problem.N_net)
    ring = FormalRing()
    *lower, last = loss_coefficients(ring, problem, point, {k: embed(ring, [v])[0] for k, v in terms.items()}, order)
    for k, c in enumerate(lower, start=1):
        require(vanishes(c), "evidence.order", f"the coefficient of t^{k} is not seen to vanish")
    with ball_precision(bits):
        if not isinstance(last, fmpq):
            balls = BallRing()
            last = loss_coefficients(balls, problem, point, {k: embed(balls, [v])[0] for k, v in terms.items()}, order, bits)[-1]
            rigor = weakest([rigor, Rigor.BALL])
        require(bool(last <= most), "evidence.coefficient", "the coefficient is not seen to be so small")
    facts = {"order": order, "coefficient": str(most), "radius": AT_THE_POINT}
    return conclude(step, "higher-order-descent", facts), rigor


def _read_curve(value: Any, size: int) -> dict[int, list[fmpq]]:
    terms: dict[int, list[fmpq]] = {}
    previous = 0
    for n, pair in enumerate(read_list(value, "evidence.curve")):
        place = f"evidence.curve[{n}]"
        power, vector = read_list(pair, place, 2)
        previous = read_integer(power, f"{place}[0]", previous + 1, MAX_ORDER)
        listed = read_list(vector, f"{place}[1]", size)
        terms[previous] = [read_rational(x, f"{place}[1][{k}]") for k, x in enumerate(listed)]
    return terms


def global_learner(step: Step) -> Result:
    """At an exact learner every sample has ``∇E = 0``, so its least error."""
    step.expect(2)
    point = stationary(step)
    by_rule(step, 0, "stationary-learner")
    step.claim(1, "principle-error", EVERYWHERE, PROVED)
    return conclude(step, "global", {"radius": radius_of(point)}), Rigor.EXACT


def global_convex(step: Step) -> Result:
    """J is a sum of convex functions of affine functions of W, so a critical point is a global minimum."""
    step.expect(1)
    point = stationary(step)
    require(step.problem.is_convex, "rule", "this needs one layer, identity output and a convex error")
    return conclude(step, "global", {"radius": radius_of(point)}), Rigor.EXACT


def global_floor(step: Step) -> Result:
    """Equal inputs have equal outputs c, whatever the weights, and ``Σ E(c, y_i)`` over them is convex in c: its gradient vanishes here, so it is least here.

    So every group of equal inputs has its least error, and the sum over the groups is least.
    """
    step.expect(1)
    stationary(step, exact=True)
    require(step.problem.error.convex.holds, "rule", "the error is not convex")
    residuals: Array = formal_residuals(step)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i, x in enumerate(step.problem.X):
        groups.setdefault(row_key(x), []).append(i)
    for group in groups.values():
        sums = np.sum(residuals[group], axis=0)
        require(
            all(vanishes(s) for s in sums),
            "conclusion.point",
            f"the gradients of the errors of sample {group[0]} and its equals do not cancel",
        )
    return conclude(step, "global", {"radius": AT_THE_POINT}), Rigor.EXACT


def critical_point(step: Step) -> Result:
    """All that was proved about one critical point, in one claim; what was not proved is counted as undecided."""
    require(len(step.premises) >= 2, "premises", "a claim stationary and a claim loss-bounds are needed here", "premise")
    step.expect(len(step.premises))
    point = stationary(step)
    loss = facts_of(about(step, 1, point, "loss-bounds"))
    problem = step.problem
    counts: Mapping[str, Any] = {"negative": 0, "zero": 0, "positive": 0, "undecided": problem.N_net}
    ranks: Mapping[str, Any] = {"rank_lower": 0, "rank_upper": min(problem.N_net, problem.columns)}
    kind, stage = "undecided", 0
    for k in range(2, len(step.premises)):
        statement = str(step.premises[k].conclusion.get("statement"))
        place = {"inertia": 1, "critical-rank": 3}.get(statement, 2 if statement in CLASSES else 0)
        require(
            place > stage, f"premises[{k}]", "expected are an inertia, then a class, then a critical-rank, each at most once", "premise"
        )
        stage = place
        found = facts_of(about(step, k, point, statement))
        if statement == "inertia":
            counts = found
        elif statement == "critical-rank":
            ranks = found
        else:
            kind = statement
    facts = {
        "kind": kind,
        **{key: loss[key] for key in LOSS_KEYS},
        "inertia": {key: counts[key] for key in ("negative", "zero", "positive", "undecided")},
        "radius": radius_of(point),
        **{key: ranks[key] for key in ("rank_lower", "rank_upper")},
    }
    return conclude(step, "critical-point", facts), Rigor.EXACT


def critical_point_refuted(step: Step) -> Result:
    """The gradient at the point is not 0; the loss there is enclosed."""
    step.expect(2)
    step.at_point()
    step.claim(0, "stationary", AT_WEIGHTS, "REFUTED", step.index)
    loss = facts_of(step.claim(1, "loss-bounds", AT_WEIGHTS, PROVED, step.index))
    require(loss["radius"] == AT_THE_POINT, "premises[1]", "the loss at the point itself is needed here", "premise")
    facts = {"kind": "not-critical", **{key: loss[key] for key in LOSS_KEYS}, "radius": AT_THE_POINT}
    return claim("critical-point", AT_WEIGHTS, False, facts, step.index), Rigor.EXACT


CLASS_RULES: Mapping[str, Callable[[Step], Result]] = {
    "strict-minimum": strict_minimum,
    "local-minimum": local_minimum,
    "saddle": saddle,
    "local-minimum-inactive": local_minimum_inactive,
    "higher-order-descent": higher_order_descent,
    "global-learner": global_learner,
    "global-convex": global_convex,
    "global-floor": global_floor,
    "critical-point": critical_point,
    "critical-point-refuted": critical_point_refuted,
}
