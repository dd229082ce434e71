"""The rules that prove a critical point, exactly or in a box, or that there is none (section 6), each with its proof in the docstring.

They conclude ``stationary``: ``∇J(W*) = 0`` at the point, or at a witness that they introduce, which lies in a box around a point; and through it passes a
manifold of the given dimension of critical points on which J is constant (no assertion for dimension 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
from flint import arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.balls import not_zero
from lossproof.certificates.kernel.arithmetic.functions import ONE, ZERO
from lossproof.certificates.kernel.arithmetic.inclusion import require_contraction
from lossproof.certificates.kernel.arithmetic.rings import BallRing, vanishes
from lossproof.certificates.kernel.network import errors, passes
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, named, positive, rigor_of
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def stationary_exact(step: Step) -> Result:
    """Every component of ``T ∇J`` vanishes in the formal ring, hence for the real numbers; the symmetries of `stationary_box` give a manifold.

    Scaling hidden units, or shifting all logits of softmax, changes no error, so the weights so changed are critical as well; the fixed weights show as
    there that the dimension is their number.
    """
    found, ring = step.expect(0, "fixed", order=1), step.formal()
    fixed = evidence.gauge(ring, step.problem, found, step.point())
    components = passes.gradient(ring, step.problem, step.box())
    require(all(vanishes(g) for g in components), "conclusion.at", "the gradient is not seen to vanish")
    return step.conclude("stationary", {"radius": "0", "dimension": len(fixed)}), rigor_of(ring)


def stationary_constant(step: Step) -> Result:
    """With ``W_1 = 0`` the network is constant on the samples, whatever the other weights.

    Then all ``φ_l``, ``l ≥ 1``, are the same for all samples, and so are the matrices A_l in ``δ_l(i) = A_l ∇E_i``: the gradient by ``W_l``, ``l ≥ 2``, and by
    all biases is linear in ``Σ_i ∇E_i = 0``, that by ``W_1`` in ``Σ_i ∇E_i x_iᵀ = 0``. These conditions hold for all W with ``W_1 = 0`` and the same
    constant output, and so does the value of J. As the derivative of the output by ``b_L`` is ``diag(σ_out')``, invertible, these W form a manifold near
    the point, of dimension ``N_net − n_0 n_1 − n_L``.
    """
    step.expect(0, order=2)
    _require_constant_network(step, step.point(), [1])
    problem, ring = step.problem, step.formal()
    found = errors.residuals(ring, problem, passes.outputs(ring, problem, step.box()))
    inputs = np.array([[ONE, *x] for x in problem.X], dtype=object)
    ring.count(inputs.size * problem.n_L, 0, inputs, found, inner=problem.T)
    require(all(vanishes(s) for s in (inputs.T @ found).flat), "conclusion.at", "the gradients of the errors are not seen to cancel")
    dimension = problem.N_net - problem.widths[0] * problem.widths[1] - problem.n_L
    return step.conclude("stationary", {"radius": "0", "dimension": dimension}), rigor_of(ring)


def _require_constant_network(step: Step, point: Point, layers: Sequence[int]) -> None:
    """Demand that the weights of some layers are 0, in a network whose output biases can give every output."""
    problem = step.problem
    right = problem.L >= 2 and problem.bias == "trainable" and problem.output_activation.nonvanishing_derivative.holds
    require(right, "rule", "this needs a hidden layer, trainable biases and an output derivative that is not 0 anywhere")
    zero = all(vanishes(w) for l in layers for row in point.layers[l - 1][0] for w in row)
    require(zero, "evidence", "the weights of these layers must be 0")


def stationary_apart(step: Step) -> Result:
    """The ball of one component of ``T ∇J`` contains the real number, and not 0."""
    found = step.expect(0, "parameter", "precision", order=1)
    k = read.integer(found["parameter"], "evidence.parameter", 0, step.problem.N_net - 1)
    step.point()
    with step.balls() as ring:
        component = passes.gradient_component(ring, step.problem, step.box(), k)
    require(not_zero(component), "evidence.parameter", "the ball of this component contains 0")
    return step.conclude("stationary", proved=False), Rigor.BALL


def _require_critical(ring: BallRing, problem: Problem, box: passes.Box, unknowns: list[int], equations: list[int]) -> None:
    """Prove that the box in the weights ``unknowns`` contains exactly one zero of as many components of the gradient, the ``equations``."""
    ring.work.spend(2 * limits.elimination_work(len(unknowns), ring.bits), "an inverse in balls")
    G = passes.gradient(ring, problem, passes.Box(box.point))[equations]
    H = passes.hessian(ring, problem, box, equations, unknowns)
    require_contraction(list(G), arb_mat(len(equations), len(unknowns), list(H.flat)), box.radius, ZERO)


def _in_box(step: Step, found: Mapping[str, Any], unknowns: list[int], equations: list[int], dimension: int) -> Result:
    """Return that claim for the box of the evidence, in which the ``unknowns`` vary, if the ``equations`` are seen to have a zero there."""
    radius = positive(found, "radius")
    with step.balls() as ring:
        box = passes.Box(step.points[step.point_named(found)], radius, frozenset(unknowns))
        _require_critical(ring, step.problem, box, unknowns, equations)
    return step.located(found, radius, dimension), Rigor.BALL


def stationary_box(step: Step) -> Result:
    r"""Krawczyk's test for the gradient by the weights that are not ``fixed``, in a box in which these vary and the others do not.

    The gradient is differentiable over the box: a kink in it rejects. So one W in the box has ``∂J/∂w = 0`` for the free w.

    Scaling. Let a hidden activation have ``σ(λz) = λ^κ σ(z)`` for ``λ > 0`` (relu and leaky-relu κ = 1, ``power:k`` κ = k), and let one incoming weight
    ``w_f ≠ 0`` of each hidden unit be fixed. Multiplying the incoming weights and the bias of a unit by λ and its outgoing ones v by ``λ^{-κ}``
    changes no output, so ``Σ_in w ∂J/∂w = κ Σ_out v ∂J/∂v`` (Euler). The components by the weights into the last layer are 0; so, from the last
    hidden layer to the first, the right side is 0, hence ``w_f ∂J/∂w_f = 0``, and ``∇J = 0``.

    Softmax. Adding one vector to the incoming weights of all outputs adds one number to all logits and changes no error, so the sum over the
    outputs j of ``∂J/∂W_L[:, j]`` is 0: where it vanishes for ``j ≥ 1`` it does for the fixed ``j = 0``.

    All these transformations together give a family of critical points of equal loss. Its tangent vectors have an invertible block triangular part
    in the rows of the fixed weights (a scaling changes the fixed weight of its own unit and those above, a shift changes those of output 0 only), so
    its dimension is their number.
    """
    found = step.expect(0, "point", "fixed", "radius", "precision")
    fixed = evidence.gauge(step.formal(), step.problem, found, step.points[step.point_named(found)])
    unknowns = sorted(set(range(step.problem.N_net)).difference(fixed))
    return _in_box(step, found, unknowns, unknowns, len(fixed))


def stationary_merged(step: Step) -> Result:
    r"""Units with equal incoming weights act as one (Fukumizu and Amari 2000): a critical point of the smaller network gives a family of them.

    Let s be weights of the network with one unit for each group, ``v_g`` its outgoing weights, and ``e(s)`` those of the network with the group's units
    all given the incoming weights and bias of unit g, and the outgoing weights ``share_i v_g``, ``Σ_{i in g} share_i = 1``: the outputs agree, and so do
    all ``φ`` and all ``δ`` of other units. Let ``∇J(s*) = 0`` in the smaller network. At ``e(s*)`` the derivative by outgoing weights of unit i is that by
    ``v_g``, 0; by incoming weights it is ``share_i`` times that by the incoming weights of unit g, 0; by all others it is that of the smaller network, 0.
    This holds for all shares with these sums, an affine space of dimension ``n_l − #groups`` that is mapped into the weights one to one where ``v_g ≠ 0``
    for the groups of 2 or more, and J is constant on it. ``|e(s) − e(c)|_∞ ≤ ρ max(1, |shares|)`` in the box ``|s − c|_∞ ≤ ρ``. A kink in the box rejects;
    the values z are those of the larger network.
    """
    found = step.expect(0, "point", "layer", "groups", "shares", "radius", "precision")
    problem, point, radius = step.problem, step.points[step.point_named(found)], positive(found, "radius")
    layer = read.integer(found["layer"], "evidence.layer", 1, problem.L - 1)
    n, place = problem.widths[layer], "evidence.groups"
    groups = [evidence.indices(group, f"{place}[{g}]", n) for g, group in enumerate(read.items(found["groups"], place))]
    partition = sorted(chain(*groups)) == list(range(n)) and all(groups) and groups == sorted(groups) and len(groups) < n
    require(partition, place, "a partition of the units into fewer groups, in increasing order, is needed")
    shares = [read.rational(q, f"evidence.shares[{i}]") for i, q in enumerate(read.items(found["shares"], "evidence.shares", n))]
    _require_copies(step, point, layer, groups, shares)
    with step.balls() as ring:
        smaller, merged = _merged(ring, problem, point, layer, groups)
        everything, box = list(range(smaller.N_net)), passes.Box(merged, radius)
        _require_critical(ring, smaller, box, everything, everything)
        outgoing = passes.weights(ring, smaller, box)[layer][0]
        seen = all(len(group) == 1 or any(not_zero(v) for v in outgoing[g]) for g, group in enumerate(groups))
    require(seen, place, "the outgoing weights of a merged unit are not seen to differ from 0")
    return step.located(found, radius * max([ONE, *map(abs, shares)]), n - len(groups)), Rigor.BALL


def _require_copies(step: Step, point: Point, layer: int, groups: list[list[int]], shares: Sequence[fmpq]) -> None:
    """Demand exactly equal incoming weights in a group, outgoing weights in the given shares of their sum, and shares with sum 1."""
    ring, (W, b) = step.formal(), point.layers[layer - 1]
    outgoing = ring.array(point.layers[layer][0])
    ring.count(outgoing.size, 0, outgoing, inner=len(shares))
    for g, group in enumerate(groups):
        require(
            evidence.total((shares[i] for i in group), step.work) == 1, "evidence.shares", f"the shares of group {g} must have the sum 1"
        )
        total = np.sum(outgoing[group], axis=0)
        for i in group:
            same = all(row[i] == row[group[0]] for row in (*W, b))
            require(same, f"evidence.groups[{g}]", f"units {group[0]} and {i} have different incoming weights")
            split = all(vanishes(x) for x in outgoing[i] - total * shares[i])
            require(split, f"evidence.shares[{i}]", "the outgoing weights of this unit are another share of those of its group")


def _merged(ring: BallRing, problem: Problem, point: Point, layer: int, groups: list[list[int]]) -> tuple[Problem, Point]:
    """Return the network with one unit for each group, and its weights as balls."""
    firsts, layers = [group[0] for group in groups], list(point.layers)
    (W, b), (V, c) = layers[layer - 1 : layer + 1]
    kept = tuple(b[i] for i in firsts)
    layers[layer - 1] = (tuple(tuple(row[i] for i in firsts) for row in W), kept)
    layers[layer] = (tuple(tuple(np.sum(ring.array([V[i] for i in group]), axis=0)) for group in groups), c)
    biases = None if problem.fixed_bias is None else (*problem.fixed_bias[: layer - 1], kept, *problem.fixed_bias[layer:])
    widths = (*problem.widths[:layer], len(groups), *problem.widths[layer + 1 :])
    return replace(problem, widths=widths, fixed_bias=biases), Point(tuple(layers))


def stationary_idle(step: Step) -> Result:
    r"""Krawczyk's test for all components of the gradient but those by the incoming weights of idle units, whose outgoing weights are 0.

    With outgoing weights v the derivative by a unit's incoming weights is ``Σ_i σ'(z(i)) (Σ_j v_j δ_j(i)) x̃_i``: 0 where ``v = 0``, for all
    values of the others. Let v be held at 0, and of the m incoming weights of each idle unit all but ``n_{l+1}`` (as many as v has entries). The
    unknowns that are left are as many as the components by parameters that are no incoming weights of idle units. Krawczyk's test gives one zero of
    these in the box, hence ``∇J = 0``, and an invertible derivative: by the implicit function theorem the unknowns follow the ``m − n_{l+1}`` incoming
    weights that were held, which may be moved, while v stays 0. So the critical points near it contain a manifold of that dimension for each idle
    unit; J is constant on it, as its gradient is 0 there. Where all units of the layer are idle, the same holds for all weights below: nothing of theirs
    reaches the output, their derivatives are 0, and they may be moved, too.
    """
    found = step.expect(0, "point", "layer", "units", "free", "radius", "precision")
    problem, point = step.problem, step.points[step.point_named(found)]
    layer = read.integer(found["layer"], "evidence.layer", 1, problem.L - 1)
    m, after, n = problem.fan_in(layer), problem.widths[layer + 1], problem.widths[layer]
    units = evidence.indices(found["units"], "evidence.units", n)
    idle = bool(units) and all(vanishes(v) for v in step.formal().array([point.layers[layer][0][i] for i in units]).flat)
    require(idle, "evidence.units", "units whose outgoing weights are 0 must be named")
    first, behind = problem.below(layer), problem.below(layer + 1)
    below = range(first if len(units) == n else 0)
    incoming, held = set(below), set(below)
    for k, (unit, listed) in enumerate(zip(units, read.items(found["free"], "evidence.free", len(units)), strict=True)):
        free = evidence.indices(listed, f"evidence.free[{k}]", m)
        require(len(free) == after, f"evidence.free[{k}]", f"{after} incoming weights must be free")
        incoming |= {first + unit * m + b for b in range(m)}
        held |= {first + unit * m + b for b in range(m) if b not in free}
        held |= {behind + j * problem.fan_in(layer + 1) + unit for j in range(after)}
    unknowns, equations = ([k for k in range(problem.N_net) if k not in without] for without in (held, incoming))
    return _in_box(step, found, unknowns, equations, len(units) * (m - after) + len(below))


def stationary_blind(step: Step) -> Result:
    r"""Krawczyk's test for the components by the output biases, where ``W_m = 0`` and ``W_{m'} = 0``, ``m < m'`` (weights, not biases).

    With ``W_m = 0`` all ``φ_l``, ``l ≥ m``, and the output are the same for all samples, and so are the matrices in ``δ_l(i) = A_l ∇E_i``,
    ``l ≥ m``. The test gives output biases in the box with ``0 = T ∂J/∂b_L = diag(σ_out') Σ_i ∇E_i``, so ``Σ_i ∇E_i = 0``. Then the components by
    ``W_l``, ``l > m``, and by ``b_l``, ``l ≥ m``, are linear in that sum, hence 0; that by ``W_m`` is ``Σ_i A_m ∇E_i φ_{m-1}(i)ᵀ``, and ``A_m`` has
    the factor ``W_{m'} = 0``; those by the layers below have the factor ``W_m = 0``. So ``∇J = 0``. All other weights may be moved while the two
    layers stay 0: the derivative by ``b_L`` of these equations is invertible, ``b_L`` follows by the implicit function theorem, and J is constant, as
    its gradient is 0 there.
    """
    found, problem = step.expect(0, "point", "layers", "radius", "precision"), step.problem
    layers = evidence.indices(found["layers"], "evidence.layers", problem.L, 1)
    require(len(layers) == 2, "evidence.layers", "two layers are needed")
    _require_constant_network(step, step.points[step.point_named(found)], layers)
    rows = problem.fan_in(problem.L)
    biases = list(range(problem.below(problem.L) + rows - 1, problem.N_net, rows))
    held = sum(problem.widths[l - 1] * problem.widths[l] for l in layers)
    return _in_box(step, found, biases, biases, problem.N_net - problem.n_L - held)


def stationary_balanced(step: Step) -> Result:
    r"""Krawczyk's test for ``Σ_{i in g} ρ_i ∂E_i/∂φ_j = 0``, for the groups g of `orbit_groups` and all outputs j, in as many weights as these are equations.

    The outputs of a group are ``ρ_i c_g``, for all weights, so ``T ∇J = Σ_g (∂c_g/∂W)ᵀ Σ_{i in g} ρ_i ∇E_i`` vanishes with these sums. For softmax the
    sum over j of each is 0, so that the last j may be left out. All derivatives are seen to exist in the box. The test gives one zero in it, with an
    invertible derivative by these weights: by the implicit function theorem they follow the others, which may be moved, and J is constant on the
    manifold of these critical points, as its gradient is 0 there. For a convex error the zero is a global minimum: see the row ``global-balanced``.
    """
    found, problem = step.expect(0, "point", "parameters", "radius", "precision"), step.problem
    step.count_samples()
    outputs, groups = problem.n_L - (problem.error.family == "softmax"), evidence.orbit_groups(problem, step.work)
    chosen, n = evidence.indices(found["parameters"], "evidence.parameters", problem.N_net), len(groups) * outputs
    require(len(chosen) == n > 0, "evidence.parameters", f"as many parameters as equations are needed, {n}, and one at least")
    point, radius = step.points[step.point_named(found)], positive(found, "radius")
    with step.balls() as ring:
        step.work.spend(2 * limits.elimination_work(n, ring.bits), "an inverse in balls")
        G = errors.residuals(ring, problem, passes.outputs(ring, problem, passes.Box(point)))
        moved = errors.unit_vectors(ring, chosen, problem.N_net)
        curve = passes.curve_of(ring, problem, passes.Box(point, radius, frozenset(chosen)), [moved])
        output = passes.forward(ring, problem, curve, slopes=False, passes=2 * n + 1).phi[-1]
        ring.count(n * problem.columns, 0, output, inner=problem.T)
        rates = errors.error_gradient(ring, problem, output).coefficients[1]
        balls = [(group, ring.array([factors])[0]) for group, factors in groups]
        sums, J = ([np.sum(x[..., group, j] * rho, axis=-1) for group, rho in balls for j in range(outputs)] for x in (G, rates))
        require_contraction(sums, arb_mat(n, n, [x for row in J for x in row]), radius, ZERO)
    return step.located(found, radius, problem.N_net - n), Rigor.BALL


CRITICAL_RULES = named(
    stationary_exact,
    stationary_constant,
    stationary_apart,
    stationary_box,
    stationary_merged,
    stationary_idle,
    stationary_blind,
    stationary_balanced,
)
