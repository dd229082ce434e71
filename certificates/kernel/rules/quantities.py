"""The rules about what is met at a point or a witness: derivatives, loss, inertia, curves of descent (section 6), each with its proof in the docstring.

Claims ``inertia`` have the facts ``negative``, ``zero``, ``positive``: so many eigenvalues of each kind the Hessian has at least, with ``undecided`` left over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.functions import ZERO
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.rings import vanishes
from lossproof.certificates.kernel.network.errors import losses, residuals
from lossproof.certificates.kernel.network.passes import (
    derivatives_exist,
    hessian,
    hessian_times,
    layer_inputs,
    loss_coefficients,
    outputs,
)
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, lie_on_flat_piece, rigor_of
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def differentiable(step: Step) -> Result:
    """No activation meets a z at which it is not differentiable so many times, at the point or anywhere in the box of the witness."""
    order = read.integer(step.expect(0, "order")["order"], "evidence.order", 1, 2)
    return step.conclude("differentiable", {"order": order}), derivatives_exist(step.work, step.problem, step.box(), order)


def loss_exact(step: Step) -> Result:
    """``J`` is rational in the formal ring."""
    step.expect(0)
    step.point()
    require(step.problem.separable, "rule", "this needs an error that is a sum over outputs of functions of the residual")
    ring = step.formal()
    value = losses(ring, step.problem, outputs(ring, step.problem, step.box())) * fmpq(1, step.problem.T)
    require(isinstance(value, fmpq), "conclusion.at", "the loss is not seen to be rational")
    return step.conclude_near("loss-bounds", {"loss_lower": str(value), "loss_upper": str(value)}), rigor_of(ring)


def _loss_between(step: Step, found: Mapping[str, Any], value: Any, least: fmpq | None) -> dict[str, Any]:
    """Return the claim that a number lies between the bounds of the evidence; ``least`` is a lower bound that is known beforehand."""
    lower, upper = (read.rational(found[key], f"evidence.{key}") for key in ("loss_lower", "loss_upper"))
    above = bool(value >= lower) or (least is not None and least >= lower)
    require(above, "evidence.loss_lower", "the loss is not seen to be so large")
    require(bool(value <= upper), "evidence.loss_upper", "the loss is not seen to be so small")
    return step.conclude_near("loss-bounds", {"loss_lower": str(lower), "loss_upper": str(upper)})


def loss_ball(step: Step) -> Result:
    """The ball of J at the point, or over the box of the witness, contains its values at all weights there; no derivative is needed.

    All errors but blake-zisserman are at least 0, so J is, whatever the ball says.
    """
    found = step.expect(0, "loss_lower", "loss_upper", "precision")
    with step.balls() as ring:
        value = losses(ring, step.problem, outputs(ring, step.problem, step.box())) / step.problem.T
        return _loss_between(step, found, value, None if step.problem.error.family == "blake-zisserman" else ZERO), Rigor.BALL


def loss_learner(step: Step) -> Result:
    """At an exact learner every residual is 0: ``J = n_L e(0)``, which is 0 for the squared and cauchy errors."""
    found = step.expect(1, "loss_lower", "loss_upper", "precision")
    step.claim(0, "exact-learner")
    problem = step.problem
    require(problem.separable, "rule", "this needs an error that is a sum over outputs of functions of the residual")
    exact = problem.error.family in ("squared", "cauchy")
    with step.balls() as ring:
        targets = ring.array(problem.Y)
        value = ZERO if exact else losses(ring, problem, targets) / problem.T
        return _loss_between(step, found, value, value if exact else None), Rigor.EXACT if exact else Rigor.BALL


def _counts(negative: int, zero: int, positive: int, undecided: int) -> dict[str, int]:
    return {"negative": negative, "zero": zero, "positive": positive, "undecided": undecided}


def inertia_exact(step: Step) -> Result:
    """The Hessian is rational in the formal ring, and ``LDLᵀ`` over Q gives its inertia."""
    step.expect(0, order=2)
    step.point()
    problem, ring = step.problem, step.formal()
    step.work.spend(problem.N_net**3, "an elimination")
    H = hessian(ring, problem, step.box(), list(range(problem.N_net)))
    require(all(isinstance(x, fmpq) for x in H.flat), "conclusion.at", "the Hessian is not seen to be rational")
    negative, positive = inertia(H, lambda numbers, bits: step.work.spend(numbers * limits.rational_work(bits), "an elimination"))
    return step.conclude_near("inertia", _counts(negative, problem.N_net - negative - positive, positive, 0)), rigor_of(ring)


def inertia_ball(step: Step) -> Result:
    """``LDLᵀ`` in balls at the point, or over the box of the witness, finds certain pivots; that the derivatives exist is seen in these balls.

    The tangent vectors of a manifold of critical points lie in the kernel of H, so with a dimension d at least d eigenvalues are 0. If
    exactly d are left, these are all of them.
    """
    found = step.expect(1, "negative", "positive", "precision")
    N, d = step.problem.N_net, int(step.claim(0, "stationary")["dimension"])
    negative, positive = (read.integer(found[key], f"evidence.{key}", 0, N) for key in ("negative", "positive"))
    rest = N - negative - positive
    require(rest >= d, "evidence.positive", f"at most {N - d} eigenvalues are not 0")
    with step.balls() as ring:
        step.work.spend(limits.elimination_work(N, ring.bits), "an elimination in balls")
        certain = inertia(hessian(ring, step.problem, step.box(), list(range(N))))
    require(certain[0] >= negative, "evidence.negative", f"{certain[0]} negative eigenvalues are seen")
    require(certain[1] >= positive, "evidence.positive", f"{certain[1]} positive eigenvalues are seen")
    zero = d if rest == d else 0
    return step.conclude_near("inertia", _counts(negative, zero, positive, rest - zero)), Rigor.BALL


def inertia_kernel(step: Step) -> Result:
    """Independent rational vectors v with ``H v = 0`` in the formal ring: so many eigenvalues are 0, besides those counted before."""
    found = step.expect(1, "vectors", order=2)
    step.point()
    before = step.claim(0, "inertia")
    left = int(before["undecided"])
    require(before["zero"] == 0 and left > 0, "premises[0]", "an inertia with an undecided part and no zeros yet is needed here", "premise")
    vectors = evidence.reduced_vectors(found["vectors"], "evidence.vectors", step.problem.N_net)
    require(1 <= len(vectors) <= left, "evidence.vectors", f"from 1 to {left} vectors are expected")
    ring = step.formal()
    products = hessian_times(ring, step.problem, step.box(), ring.array(vectors))
    require(all(vanishes(x) for x in products.flat), "evidence.vectors", "the Hessian is not seen to annihilate a vector")
    n = len(vectors)
    return step.conclude_near("inertia", _counts(before["negative"], n, before["positive"], left - n)), rigor_of(ring)


def higher_order_descent(step: Step) -> Result:
    """``J(W + Σ_k t^k δ_k) = J(W) + c t^m + O(t^{m+1})`` with ``c < 0``, as J is analytic along the curve near ``t = 0``.

    The coefficients of ``t, …, t^{m-1}`` vanish in the formal ring; that of ``t^m`` is rational there, or a ball contains it.
    """
    found = step.expect(1, "curve", "order", "coefficient", "precision", order=2)
    step.claim(0, "stationary")
    step.point()
    problem, ring = step.problem, step.formal()
    order = read.integer(found["order"], "evidence.order", 2, limits.MAX_ORDER)
    most = read.rational(found["coefficient"], "evidence.coefficient")
    require(most < 0, "evidence.coefficient", "must be negative")
    terms: dict[int, list[fmpq]] = {}
    for n, pair in enumerate(read.items(found["curve"], "evidence.curve")):
        power, vector = read.items(pair, f"evidence.curve[{n}]", 2)
        k = read.integer(power, f"evidence.curve[{n}][0]", max(terms, default=0) + 1, limits.MAX_ORDER)
        terms[k] = [read.rational(x, f"evidence.curve[{n}][1]") for x in read.items(vector, f"evidence.curve[{n}][1]", problem.N_net)]
    *lower, last = loss_coefficients(ring, problem, step.box(), {k: ring.array([v])[0] for k, v in terms.items()}, order)
    require(all(vanishes(c) for c in lower), "evidence.order", f"a coefficient below that of t^{order} is not seen to vanish")
    rigor = rigor_of(ring)
    with step.balls() as balls:
        if not isinstance(last, fmpq):
            last = loss_coefficients(balls, problem, step.box(), {k: balls.array([v])[0] for k, v in terms.items()}, order)[-1]
            rigor = Rigor.BALL
        require(bool(last <= most), "evidence.coefficient", "the coefficient is not seen to be so small")
    return step.conclude_near("higher-order-descent", {"order": order, "coefficient": str(most)}), rigor


def dead_layer(step: Step) -> Result:
    """Each unit of one hidden layer has z inside one interval on which the activation is constant, at all samples, at W and so at all weights near it.

    There the output is one constant c for all samples, and ``J ≥ (1/T) min_c Σ_i E(c, y_i)``. With the identity at the output the derivative of J by ``b_L`` is
    ``(1/T) Σ_i ∇E(c, y_i)``, which is 0 at W: the sum is convex, so W attains the minimum.
    """
    found = step.expect(1, "layer", "precision")
    step.claim(0, "stationary")
    step.point()
    problem = step.problem
    right = problem.bias == "trainable" and problem.output_activation.is_identity and problem.error.convex.holds
    require(right, "rule", "this needs trainable biases, identity output and a convex error")
    layer = read.integer(found["layer"], "evidence.layer", 1, problem.L - 1)
    with step.balls() as ring:
        for unit in layer_inputs(ring, problem, step.box(), layer).T:
            dead = lie_on_flat_piece(problem.activation, unit)
            require(dead, "evidence.layer", "a unit of this layer is not seen to be inactive at all samples")
    return step.conclude_near("local-minimum"), Rigor.BALL


def global_floor(step: Step) -> Result:
    """Equal inputs have equal outputs c, whatever the weights, and ``Σ E(c, y_i)`` over them is convex in c: its gradient vanishes here, so it is least here.

    So every group of equal inputs has its least error, and the sum over the groups is least.
    """
    step.expect(0)
    step.point()
    require(step.problem.error.convex.holds, "rule", "the error is not convex")
    ring = step.formal()
    found = residuals(ring, step.problem, outputs(ring, step.problem, step.box()))
    ring.count(found.size, 0, found, inner=step.problem.T)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i, x in enumerate(step.problem.X):
        groups.setdefault(x, []).append(i)
    for group in groups.values():
        balanced = all(vanishes(s) for s in np.sum(found[group], axis=0))
        require(balanced, "conclusion.at", f"the gradients of the errors of sample {group[0]} and its equals do not cancel")
    return step.conclude_near("global"), rigor_of(ring)


QUANTITY_RULES: Mapping[str, Callable[[Step], Result]] = {
    "differentiable": differentiable,
    "loss-exact": loss_exact,
    "loss-ball": loss_ball,
    "loss-learner": loss_learner,
    "inertia-exact": inertia_exact,
    "inertia-ball": inertia_ball,
    "inertia-kernel": inertia_kernel,
    "higher-order-descent": higher_order_descent,
    "dead-layer": dead_layer,
    "global-floor": global_floor,
}
