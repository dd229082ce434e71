"""The rules that prove a critical point, exactly or in a box, or that there is none (section 6), each with its proof in the docstring.

They conclude ``stationary``: ``∇J(W*) = 0`` at the point, or at a witness that they introduce, which lies in a box around a point; and through it passes a
manifold of the given dimension of critical points on which J is constant (no assertion for dimension 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import ONE, not_zero, vanishes
from lossproof.certificates.kernel.arithmetic.inclusion import count_inverse, require_contraction
from lossproof.certificates.kernel.network import errors, passes
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, rigor_of
from lossproof.theory.verdicts import Rigor


def stationary_exact(step: Step) -> Result:
    """Every component of ``T ∇J`` vanishes in the formal ring, hence for the real numbers; the symmetries of `stationary_box` give a manifold.

    Scaling hidden units, or shifting all logits of softmax, changes no error, so the weights so changed are critical as well; the fixed weights show as
    there that the dimension is their number.
    """
    found, ring = step.expect(0, "fixed", order=1), step.formal()
    fixed = evidence.gauge(ring, step.problem, found, passes.Box(step.point()))
    components = passes.gradient(ring, step.problem, step.box())
    require(all(vanishes(g) for g in components), "conclusion.at", "the gradient is not seen to vanish")
    return step.conclude("stationary", {"radius": "0", "dimension": len(fixed)}), rigor_of(ring)


def stationary_constant(step: Step) -> Result:
    """With ``W_1 = 0`` the network is constant on the samples, whatever the other weights.

    Then all ``φ_l``, ``l ≥ 1``, are the same for all samples, and so are the matrices A_l in ``δ_l(i) = A_l ∇E_i``: the gradient by ``W_l``, ``l ≥ 2``, and by
    all trainable biases is linear in ``Σ_i ∇E_i = 0``, that by ``W_1`` in ``Σ_i ∇E_i x_iᵀ = 0``. These conditions hold for all W with ``W_1 = 0`` and the same
    constant output, and so does the value of J. As the derivative of the output by ``b_L`` is ``diag(σ_out')``, invertible, these W form a manifold near
    the point, of dimension ``N_net − n_0 n_1 − n_L``, for softmax one more, as a number added to all logits changes no error.
    """
    step.expect(0, order=2)
    problem, ring, point = step.problem, step.formal(), step.point()
    right = problem.L >= 2 and problem.biases[-1] == "trainable" and problem.output_activation.nonvanishing_derivative.holds
    require(right, "rule", "this needs a hidden layer, trainable output biases and an output derivative that is not 0 anywhere")
    require(all(vanishes(w) for row in point.layers[0][0] for w in row), "evidence", "the weights of the first layer must be 0")
    found = errors.residuals(ring, problem, passes.outputs(ring, problem, step.box()))
    inputs = np.array([[ONE, *x] for x in problem.X], dtype=object)
    balanced = all(vanishes(s) for s in ring.times(inputs.T, found).flat)
    require(balanced, "conclusion.at", "the gradients of the errors are not seen to cancel")
    dimension = problem.N_net - problem.widths[0] * problem.widths[1] - problem.n_L + (problem.error.family == "softmax")
    return step.conclude("stationary", {"radius": "0", "dimension": dimension}), rigor_of(ring)


def stationary_apart(step: Step) -> Result:
    """The ball of one component of ``T ∇J`` contains the real number, and not 0."""
    found = step.expect(0, "parameter", "precision", order=1)
    k = read.integer(found["parameter"], "evidence.parameter", 0, step.problem.N_net - 1)
    step.point()
    with step.balls() as ring:
        component = passes.gradient_component(ring, step.problem, step.box(), k)
    require(not_zero(component), "evidence.parameter", "the ball of this component contains 0")
    return step.conclude("stationary", proved=False), Rigor.BALL


def stationary_box(step: Step) -> Result:
    r"""Krawczyk's test for the gradient by the weights that are not ``fixed``, in a box in which these vary and the others do not.

    The gradient is differentiable over the box: a kink in it rejects. So one W in the box has ``∂J/∂w = 0`` for the free w.

    Scaling. Let hidden layers have ``σ(λz) = λ^κ σ(z)`` for ``λ > 0`` (relu and leaky-relu κ = 1, ``power:k`` κ = k), and let one incoming weight
    ``w_f ≠ 0`` of each of their units be fixed, those of all other layers being free. Multiplying the incoming weights and the bias of a unit by λ and its
    outgoing ones v by ``λ^{-κ}`` changes no output, so ``Σ_in w ∂J/∂w = κ Σ_out v ∂J/∂v`` (Euler). The components by the weights into the last layer are 0;
    so, from the last hidden layer to the first, the right side is 0, hence ``w_f ∂J/∂w_f = 0``, and ``∇J = 0``.

    Softmax. Adding one vector to the incoming weights of all outputs adds one number to all logits and changes no error, so the sum over the
    outputs j of ``∂J/∂W_L[:, j]`` is 0: where it vanishes for ``j ≥ 1`` it does for the fixed ``j = 0``.

    All these transformations together give a family of critical points of equal loss. Its tangent vectors have an invertible block triangular part
    in the rows of the fixed weights (a scaling changes the fixed weight of its own unit and those above, a shift changes those of output 0 only), so
    its dimension is their number.
    """
    found, problem = step.expect(0, "point", "fixed", "radius", "precision"), step.problem
    box = step.around(found)
    fixed = evidence.gauge(step.formal(), problem, found, box)
    free = sorted(set(range(problem.N_net)).difference(fixed))
    with step.balls() as ring:
        count_inverse(step.work, len(free))
        G = passes.gradient(ring, problem, passes.Box(box.point))[free]
        require_contraction([*G], passes.hessian(ring, problem, box._replace(free=frozenset(free)), free), box.radius)
    return step.located(found, box, len(fixed)), Rigor.BALL


def stationary_balanced(step: Step) -> Result:
    r"""Krawczyk's test for ``Σ_{i in g} ρ_i ∂E_i/∂φ_j = 0``, for the groups g of `orbit_groups` and all outputs j, in as many weights as these are equations.

    The outputs of a group are ``ρ_i c_g``, for all weights, so ``T ∇J = Σ_g (∂c_g/∂W)ᵀ Σ_{i in g} ρ_i ∇E_i`` vanishes with these sums. For softmax the
    sum over j of each is 0, so that the last j may be left out. All derivatives are seen to exist in the box. The test gives one zero in it, with an
    invertible derivative by these weights: by the implicit function theorem they follow the others, which may be moved, and J is constant on the
    manifold of these critical points, as its gradient is 0 there. For a convex error the zero is a global minimum: see the row ``global-balanced``.

    *Following*, for the squared error and identity output: outputs f follow others, ``y_if = Σ_j q_fj y_ij + c_f``, summed over outputs that do not. Then none
    of the parameters is of the last layer, whose weights at the point are in this relation, but the biases: ``b_f = Σ_j q_fj b_j + c_f``. So in the box
    ``φ_f(i) = Σ_j q_fj φ_j(i) + c_f`` and ``ε_if = Σ_j q_fj ε_ij``: the sums of f vanish with the others, and these are the equations. The weights with this
    relation are a plane, of as many dimensions less as there are weights to the outputs f, and in it the parameters follow the others.
    """
    found, problem = step.expect(0, "point", "parameters", "following", "radius", "precision"), step.problem
    box, followers = step.around(found), _followers(step, found)
    step.count_samples()
    outputs = [j for j in range(problem.n_L - (problem.error.family == "softmax")) if j not in followers]
    groups = evidence.orbit_groups(problem, step.work)
    chosen, n = evidence.indices(found["parameters"], "evidence.parameters", problem.N_net), len(groups) * len(outputs)
    require(len(chosen) == n > 0, "evidence.parameters", f"as many parameters as equations are needed, {n}, and one at least")
    still = not followers or chosen[-1] < problem.below(problem.L)
    require(still, "evidence.parameters", "the weights of the last layer do not move")
    with step.balls() as ring:
        count_inverse(step.work, n)
        G = errors.residuals(ring, problem, passes.outputs(ring, problem, passes.Box(box.point)))
        moved = errors.unit_vectors(ring, chosen, problem.N_net)
        curve = passes.curve_of(ring, problem, box._replace(free=frozenset(chosen)), [moved])
        output = passes.forward(ring, problem, curve, slopes=False, passes=2 * n + 1).phi[-1]
        ring.count(n * problem.columns, 0, output, inner=problem.T)
        rates = errors.error_gradient(ring, problem, output).coefficients[1]
        balls = [(group, ring.array([factors])[0]) for group, factors in groups]
        sums, J = ([np.sum(x[..., group, j] * rho, axis=-1) for group, rho in balls for j in outputs] for x in (G, rates))
        require_contraction(sums, J, box.radius)
    return step.located(found, box, problem.N_net - n - len(followers) * problem.fan_in(problem.L)), Rigor.BALL


def _followers(step: Step, found: Mapping[str, Any]) -> dict[int, tuple[fmpq, ...]]:
    """Return the outputs that follow others, with their ``q_f``; the weights of the last layer and the targets are in this relation."""
    problem, place = step.problem, "evidence.following"
    followers = dict(read.tuples(found["following"], place, read.below(problem.n_L), read.vector(problem.n_L), ordered=1))
    right = problem.L >= 2 and problem.error.name == "squared" and problem.output_activation.is_identity
    require(right or not followers, "rule", "outputs that follow others need a hidden layer, the squared error and identity output")
    W, b = step.points[step.point_named(found)].layers[-1]
    numbers = [[x for x in row if isinstance(x, fmpq)] for row in (*W, b, *problem.Y)]
    rational = all(len(row) == problem.n_L for row in numbers)
    require(rational or not followers, "evidence.point", "the weights of the last layer must be rational")
    for f, q in followers.items():
        require(not any(q[other] for other in followers), place, f"output {f} follows an output that follows others")
        apart = [evidence.total([row[f], *(-x * y for x, y in zip(q, row, strict=True))], step.work) for row in numbers]
        held = not any(apart[: len(W)]) and len(set(apart[len(W) :])) == 1
        require(held, place, f"the weights or the targets of output {f} are not in this relation")
    return followers
