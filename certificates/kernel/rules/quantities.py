"""The rules about what is met at a point or a witness: derivatives, outputs, loss, inertia, minima (section 6), each with its proof in the docstring.

Claims ``inertia`` have the facts ``negative``, ``zero``, ``positive``: so many eigenvalues of each kind the Hessian has at least, with ``undecided`` left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import not_zero, vanishes
from lossproof.certificates.kernel.arithmetic.doubles import PRECISION, as_balls
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.inclusion import count_inverse, is_invertible
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.rings import Ring
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.network import errors, passes
from lossproof.certificates.kernel.network.gram import values_at
from lossproof.certificates.kernel.network.orbits import at_rest
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import rational
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, rigor_of, slope_around
from lossproof.theory.verdicts import Rigor


def differentiable(step: Step) -> Result:
    """No activation meets a z at which it is not differentiable so many times, at the point or anywhere in the box of the witness."""
    order = read.integer(step.expect(0, "order")["order"], "evidence.order", 1, 2)
    return step.conclude("differentiable", {"order": order}), passes.derivatives_exist(step.work, step.problem, step.box(), order)


def _formal(step: Step) -> FormalRing:
    """Return the formal ring, for a conclusion about a point that is given exactly."""
    step.point()
    return step.formal()


def _require_separable(step: Step) -> None:
    """Demand an error of the residuals: for a cross-entropy an exact learner has ``∇E = 0``, whatever the outputs."""
    require(step.problem.separable, "rule", "this needs an error that is a sum over outputs of functions of the residual")


def learner_exact(step: Step) -> Result:
    """``F(W, x_i) − y_i`` vanishes in the formal ring, hence for the real numbers."""
    step.expect(0)
    _require_separable(step)
    ring = _formal(step)
    differences = passes.outputs(ring, step.problem, step.box()) - ring.array(step.problem.Y)
    require(all(vanishes(d) for d in differences.flat), "conclusion.at", "an output is not seen to equal its target")
    return step.conclude("exact-learner"), rigor_of(ring)


def learner_apart(step: Step) -> Result:
    """The ball of ``F(W, x_i)_j − y_ij`` contains the real number, and not 0."""
    found = step.expect(0, "sample", "output", "precision")
    step.point()
    _require_separable(step)
    i, j = step.sample_and_output(found)
    one = replace(step.problem, X=step.problem.X[i : i + 1], Y=step.problem.Y[i : i + 1])
    with step.balls() as ring:
        difference = passes.outputs(ring, one, step.box())[0, j] - one.Y[0][j]
    require(not_zero(difference), "evidence.output", "the ball of the difference contains 0")
    return step.conclude("exact-learner", proved=False), Rigor.BALL


def loss_bounds(step: Step) -> Result:
    """J lies between two numbers: as a rational number of the formal ring, where ``precision`` is null, or by its ball at the point or over the box.

    The ball contains the values of J at all weights there; no derivative is needed. Where ``precision`` is "double" it is that of outputs from a pass in
    doubles with radii, at the point, where all slopes must exist. All errors but blake-zisserman are at least 0, and so is a penalty, so J is, whatever the
    ball says. At an exact learner, the premise, the outputs are the targets, whatever the weights.
    """
    problem, learner = step.problem, bool(step.premises)
    found = step.expect(int(learner), "loss_lower", "loss_upper", "precision")
    lower, upper = (read.rational(found[key], f"evidence.{key}") for key in ("loss_lower", "loss_upper"))
    exact, doubles = found["precision"] is None, found["precision"] == "double"
    if learner:
        step.claim(0, "exact-learner")
    if learner or exact:
        _require_separable(step)
    if exact and not learner:
        step.point()
    with nullcontext(step.formal()) if exact else step.balls(PRECISION if doubles else None) as ring:
        if doubles:
            with np.errstate(all="ignore"):
                outputs = as_balls(values_at(step.work, problem, step.point(), problem.L, problem.n_L))
        else:
            outputs = ring.array(problem.Y) if learner else passes.outputs(ring, problem, step.box())
        value = errors.losses(ring, problem, outputs) * fmpq(1, problem.T) + passes.penalty(ring, problem, step.box())
        require(isinstance(value, fmpq) or not exact, "conclusion.at", "the loss is not seen to be rational")
        above = bool(value >= lower) or (lower <= 0 and problem.error.family != "blake-zisserman")
        require(above, "evidence.loss_lower", "the loss is not seen to be so large")
        require(bool(value <= upper), "evidence.loss_upper", "the loss is not seen to be so small")
    rigor = rigor_of(ring) if isinstance(ring, FormalRing) else Rigor.VERIFIED_FLOAT if doubles else Rigor.BALL
    return step.conclude_near("loss-bounds", {"loss_lower": str(lower), "loss_upper": str(upper)}), rigor


def eigenvalue_signs(step: Step) -> Result:
    """``LDLᵀ`` of the Hessian shows so many negative and positive eigenvalues: over Q at a point, ``precision`` null, where H is rational in the formal ring.

    Or in balls, at the point or over the box of the witness, by certain pivots. That the derivatives exist is seen in either ring. Over Q all others are 0.
    In balls, with the premise ``stationary`` of dimension d, at least d are 0, as tangent vectors of a manifold of critical points lie in the kernel of H: if
    exactly d are left, these are all of them. And at a point there are as many zeros as independent rational vectors v with ``H v = 0`` in the formal ring.
    """
    found, N, ring = step.expect(len(step.premises), "negative", "positive", "vectors", "precision"), step.problem.N_net, step.formal()
    exact = found["precision"] is None
    negative, positive = wanted = tuple(read.integer(found[key], f"evidence.{key}", 0, N) for key in ("negative", "positive"))
    rest, vectors = N - negative - positive, evidence.reduced_vectors(found["vectors"], "evidence.vectors", N)
    if exact or vectors:
        step.point()
    with nullcontext(ring) if exact else step.balls() as over:
        require(len(step.premises) == int(not exact), "premises", "a claim stationary is needed in balls, and nothing over Q", "premise")
        d = 0 if exact else int(step.claim(0, "stationary")["dimension"])
        require(rest >= d, "evidence.positive", f"at most {N - d} eigenvalues are not 0")
        require(len(vectors) <= rest, "evidence.vectors", f"at most {rest} vectors are expected")
        count_inverse(step.work, N)
        H = passes.hessian(over, step.problem, step.box(), list(range(N)))
        rational = all(isinstance(x, fmpq) for x in H.flat)
        require(rational or not exact, "conclusion.at", "the Hessian is not seen to be rational")
        certain = inertia(step.work, H)
    for kind, count, seen in zip(("negative", "positive"), wanted, certain, strict=True):
        require(seen == count if exact else seen >= count, f"evidence.{kind}", f"{seen} {kind} eigenvalues are seen")
    products = passes.hessian_times(ring, step.problem, step.box(), ring.array(vectors)).flat if vectors else ()
    require(all(vanishes(x) for x in products), "evidence.vectors", "the Hessian is not seen to annihilate a vector")
    zero = rest if exact else len(vectors) or (d if rest == d else 0)
    facts = {"negative": negative, "zero": zero, "positive": positive, "undecided": rest - zero}
    return step.conclude_near("inertia", facts), rigor_of(ring) if exact else Rigor.BALL


def distance(step: Step) -> Result:
    """The Euclidean distance, in all trainable weights, of the weights of the place from the point that the evidence names is at most so large.

    Weights in the box of the place differ from its point by at most ``√N ρ``, ρ the radius; the rest is the triangle inequality.
    """
    found = step.expect(0, "point", "distance", "precision")
    problem, box, k = step.problem, step.box(), step.point_named(found)
    most = read.rational(found["distance"], "evidence.distance")
    with step.balls() as ring:
        rows = [passes.weight_vector(ring, problem, passes.Box(point)) for point in (step.points[k], box.point)]
        ring.count(problem.N_net, 0)
        length = sum((arb(x).abs_upper() ** 2 for x in rows[0] - rows[1]), arb(0)).sqrt() + arb(problem.N_net).sqrt() * box.radius
    require(bool(length <= most), "evidence.distance", "the distance is not seen to be so small")
    return step.conclude_near("distance", {"point": k, "distance": str(most)}), Rigor.BALL


def dead_layer(step: Step) -> Result:
    """Each unit of one layer has z inside one interval on which its activation is constant, at all samples, at W and so at all weights near it.

    Of the output layer, or one behind which all layers are frozen: J is constant there. Of another hidden one: there the output is one constant c for all
    samples, and ``J ≥ (1/T) min_c Σ_i E(c, y_i)``. With the identity at the output the derivative of J by ``b_L`` is ``(1/T) Σ_i ∇E(c, y_i)``, which is 0 at
    W: the sum is convex, so W attains the minimum. Without trainable output biases let the layer be the last hidden one: then J depends on ``W_L`` only there,
    in which c is affine and J convex, and its derivatives by it are 0. At samples at which the layer is at rest its z are the same at all weights, and may be
    at an end of the interval.

    With weight decay J stays convex if the layer is the last hidden one, or J without it is constant. For the others let the output biases not decay: then
    ``Σ_i ∇E(c, y_i) = 0`` as before, so the errors have no derivative by any weight at W, nor has the penalty, which is therefore 0.
    """
    found = step.expect(1, "layer", "precision")
    step.claim(0, "stationary")
    step.point()
    problem = step.problem
    layer = read.integer(found["layer"], "evidence.layer", 1, problem.L)
    free = (problem.biases[-1] == "trainable" and not (problem.decay and problem.decay[-1][1])) or layer == problem.L - 1
    right = layer >= problem.trained[-1] or (free and problem.output_activation.is_identity and problem.error.convex.holds)
    require(right, "rule", "a hidden layer needs free output biases without decay, or is the last one, identity output and a convex error")
    with step.balls() as ring:
        units, rest = passes.layer_inputs(ring, problem, step.box(), layer).T, sorted(at_rest(problem, layer))
        dead = all(slope_around(problem.activation_of(layer), np.delete(unit, rest), unit[rest]) == 0 for unit in units)
    require(dead, "evidence.layer", "a unit of this layer is not seen to be inactive at all samples")
    return step.conclude_near("local-minimum"), Rigor.BALL


def cell_minimum(step: Step) -> Result:
    r"""Near W every unit of the one hidden layer keeps an affine piece of its activation at every sample, and its output weights leave nothing to gain.

    Let ``σ(z_k(i)) = s_k(i) w_k·x̃_i + c_k(i)`` in the cell of these pieces, fixed biases in c. There ``F(x_i) = Σ_s s(i) A_sᵀ x̃_i + Σ_k c_k(i) v_k + b``
    with one ``A_s = Σ w_k v_kᵀ`` for each pattern of slopes ``s ≠ 0``, the sum over the units that have it. So J is a convex function of ``(A_s, v_k, b)``,
    taken as free, and all its derivatives vanish at W: that by ``A_s`` is ``G_s = (1/T) Σ_i s(i) x̃_i ε_iᵀ``, and ``∂J/∂w_k = G_s v_k = 0`` for v_k that span
    ``R^{n_L}``, or at a point ``G_s = 0`` is seen in the formal ring; that by ``v_k`` is ``∂J/∂v_k − G_sᵀ w_k = 0``, that by b the same as ever. So no weights
    in the cell have a smaller J. For softmax the vector of ones counts with the v_k, as ``ε_i`` is orthogonal to it. At the input 0 without trainable biases
    any slope serves, as ``x̃_i = 0``.

    *With weight decay* let σ be linear on both sides of its kink 0, so that all c are 0, and the rates λ of ``W_1`` and κ of ``W_2`` positive; Λ holds λ and
    the rate of b_1. The penalty of the units of one pattern is ``½Σ_k (κ|v_k|² + |Λ^{1/2}w_k|²)``, at least ``√κ ‖Λ^{1/2}A_s‖_*``, with the sum of the singular
    values: with this in its place J is a convex function of ``(A_s, b)``. At W it is J: let ``Q = Λ^{-1/2}G_s``; by ``Λw_k = −G_s v_k`` and ``κv_k = −G_sᵀw_k``
    all v_k are eigenvectors of ``QᵀQ`` to the value κ, and ``Λ^{1/2}A_s = −Q Σ_k v_kv_kᵀ``, so both are ``κΣ|v_k|²``. And 0 is a subgradient there if no
    eigenvalue of ``QᵀQ`` is above κ: where the v_k span ``R^{n_L}``, for softmax with the ones, as ``Q1 = 0``; and where all v_k are 0, if ``|Q|² < κ`` in
    balls. A bias that does not decay must have the row 0 in G_s: so it has by ``G_s v_k = 0`` in the first case, and by ``κv_k = −G_sᵀw_k`` in the other, as
    then all weights are 0, and the bias is not.

    *Where layers are frozen* let one layer alone be trainable, and let its units, and those of all layers behind it, keep an affine piece at every sample near
    W, whatever the layers before it do. So the outputs are affine in the weights there, and J is a convex error of them, plus a convex penalty: a convex
    function near W, all of whose derivatives vanish at W, is least there.
    """
    step.expect(1, "precision")
    step.claim(0, "stationary")
    problem = step.problem
    if problem.frozen:
        _require_pieces(step)
        return step.conclude_near("local-minimum"), Rigor.BALL
    right = problem.L == 2 and problem.output_activation.is_identity and problem.error.convex.holds
    require(right, "rule", "this needs one hidden layer, identity output and a convex error")
    lines = problem.hidden[0].homogeneity == 1 and bool(problem.hidden[0].kinks(1)) and problem.biases[0] != "fixed"
    held = problem.decay is None or (lines and all(rate > 0 for rate, _ in problem.decay))
    require(held, "rule", "with decay this needs that of the weights of both layers, and lines on both sides of 0 without fixed biases")
    groups = dict[tuple[Fraction | None, ...], list[int]]()
    with step.balls() as ring:
        for k, slopes in enumerate(evidence.slopes_of_units(problem, passes.layer_inputs(ring, problem, step.box(), 1))):
            groups.setdefault(slopes, []).append(k)
        V = passes.weights(ring, problem, step.box())[1][0]
        for slopes, units in groups.items():
            require(None not in slopes, "conclusion.at", f"unit {units[0]} is not seen to be on an affine piece at every sample")
            if any(slopes):
                gram = ring.times(V[units].T, V[units]) + int(problem.error.family == "softmax")
                count_inverse(step.work, problem.n_L)
                seen = is_invertible(gram) or _is_balanced(step, ring, slopes, units)
                require(seen, "conclusion.at", "the output weights of units with one list of slopes may leave a direction out")
    return step.conclude_near("local-minimum"), Rigor.BALL


def _require_pieces(step: Step) -> None:
    """Check that one layer alone is trainable, that its units and all behind it are seen to be on affine pieces, and that the error is convex."""
    problem = step.problem
    right = len(problem.trained) == 1 and problem.error.convex.holds
    require(right, "rule", "beside frozen layers this needs one layer that is not, and a convex error")
    with step.balls() as ring:
        for l in range(problem.trained[0], problem.L + 1):
            z = passes.layer_inputs(ring, problem, step.box(), l)
            kept = not any(None in slopes for slopes in evidence.slopes_of_units(problem, z, l))
            require(kept, "conclusion.at", f"a unit of layer {l} is not seen to be on an affine piece at every sample")


def _is_balanced(step: Step, balls: Ring, slopes: Sequence[Fraction | None], units: Sequence[int]) -> bool:
    """Tell whether ``G = Σ_i s(i) x̃_i ε_iᵀ``, with these slopes, is seen to be 0 in the formal ring, at a point.

    Or with decay, where all output weights of the units are 0, whether ``|G|² < T² κλ`` in balls, without the row of the bias.
    """
    problem = step.problem
    if not isinstance(step.at, int):
        return False
    inputs = np.array([[rational(s) * a for a in x] for s, x in zip(slopes, problem.inputs, strict=True)])

    def pulls(ring: Ring) -> Array:
        eps = errors.residuals(ring, problem, passes.outputs(ring, problem, step.box()))
        return ring.times(inputs.T, eps)

    if problem.decay is None or any(v != 0 for k in units for v in step.point().layers[1][0][k]):
        return all(vanishes(s) for s in pulls(step.formal()).flat)
    return bool(np.sum(pulls(balls)[: problem.widths[0]] ** 2) < problem.T**2 * problem.decay[0][0] * problem.decay[1][0])


def global_floor(step: Step) -> Result:
    """Inputs of one orbit have outputs ``ρ_i c`` at all weights, and ``Σ E(ρ_i c, y_i)`` is convex in c: its gradient vanishes here, so it is least here.

    So every group has its least error, and the sum over the groups is least; outputs that are always 0 add a constant.
    """
    step.expect(0)
    ring, problem = _formal(step), step.problem
    require(problem.error.convex.holds, "rule", "the error is not convex")
    step.count_samples()
    found = errors.residuals(ring, problem, passes.outputs(ring, problem, step.box()))
    for group, factors in evidence.orbit_groups(problem, step.work):
        balanced = all(vanishes(s) for s in ring.times(np.array(factors, dtype=object), found[group]))
        require(balanced, "conclusion.at", f"the gradients of the errors of sample {group[0]} and its equals do not cancel")
    return step.conclude_near("global"), rigor_of(ring)
