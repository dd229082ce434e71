"""The rules that prove a critical point exactly, from an exact learner, or that there is none (section 6), each with its proof in the docstring.

They conclude ``stationary``: ``∇J(W*) = 0`` at one ``W*`` within the radius of the point, and through it passes a manifold of the given dimension of
critical points on which J is constant (no assertion for dimension 0). By the gradient identity ``T ∇J = P ε`` with ``ε = (∇E_i)_i``. † marks rules that
check that the derivatives exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.arithmetic.rings import vanishes
from lossproof.certificates.kernel.network.gradient import gradient_component
from lossproof.certificates.kernel.network.passes import not_zero
from lossproof.certificates.kernel.reading.limits import PRECISIONS
from lossproof.certificates.kernel.reading.parse import read_integer, require
from lossproof.certificates.kernel.rules.points import AT_THE_POINT, conclude, facts_of, formal_residuals, require_zero_gradient
from lossproof.certificates.kernel.rules.step import (
    AT_WEIGHTS,
    EVERYWHERE,
    LEARNER_RULES,
    PROVED,
    Result,
    Step,
    claim,
    require_differentiable,
    require_separable,
    used_activations,
)
from lossproof.theory.verdicts import Rigor, weakest


def _at(radius: str, dimension: int) -> dict[str, Any]:
    return {"radius": radius, "dimension": dimension}


def stationary_exact(step: Step) -> Result:
    """† Every component of ``T ∇J`` vanishes in the formal ring, hence for the real numbers."""
    step.expect(0)
    return conclude(step, "stationary", _at(AT_THE_POINT, 0)), require_zero_gradient(step)


def stationary_constant(step: Step) -> Result:
    """† With ``W_1 = 0`` the network is constant on the samples, whatever the other weights.

    Then all ``φ_l``, ``l ≥ 1``, are the same for all samples, and so are the matrices A_l in ``δ_l(i) = A_l ∇E_i``: the gradient by ``W_l``, ``l ≥ 2``, and by
    all biases is linear in ``Σ_i ∇E_i = 0``, that by ``W_1`` in ``Σ_i ∇E_i x_iᵀ = 0``. These conditions hold for all W with ``W_1 = 0`` and the same
    constant output, and so does the value of J. As the derivative of the output by ``b_L`` is ``diag(σ_out')``, invertible, these W form a manifold near
    the point, of dimension ``N_net − n_0 n_1 − n_L``.
    """
    step.expect(0)
    problem, point = step.problem, step.at_point()
    right = problem.L >= 2 and problem.bias == "trainable" and problem.strip
    require(right, "rule", "this needs a hidden layer, trainable biases and an output derivative that is not 0 anywhere")
    zero = all(vanishes(w) for row in point.layers[0][0] for w in row)
    require(zero, "conclusion.point", "the weights of the first layer must be 0")
    rigor = require_differentiable(step, step.index, 2)
    residuals = formal_residuals(step)
    for j in range(problem.n_L):
        sums = [sum(residuals[:, j], fmpq(0))]
        sums += [sum((e * x[a] for e, x in zip(residuals[:, j], problem.X, strict=True)), fmpq(0)) for a in range(problem.widths[0])]
        require(all(vanishes(s) for s in sums), "conclusion.point", "the gradients of the errors are not seen to cancel")
    dimension = problem.N_net - problem.widths[0] * problem.widths[1] - problem.n_L
    return conclude(step, "stationary", _at(AT_THE_POINT, dimension)), rigor


def stationary_learner(step: Step) -> Result:
    """† At an exact learner every ``∇E_i = 0``, so ``∇J = 0``.

    Where P has full column rank there, the exact learners near it form a manifold of dimension ``N_net − T n_L`` by the implicit function theorem
    (the network is continuously differentiable near it), and J takes its least value on them. A learner in a box has that by its rule.
    """
    problem = step.problem
    step.at_point()
    require_separable(problem)
    dimension = problem.N_net - problem.columns
    if step.premises and step.premises[0].rule in LEARNER_RULES:
        step.expect(1)
        learner = step.claim(0, "exact-learning", EVERYWHERE, PROVED)
        require(learner.evidence["point"] == step.index, "premises[0]", "that learner lies near another point", "premise")
        smooth = all(a.twice_differentiable.holds for a in used_activations(problem))
        require(smooth, "rule", "an activation is not twice differentiable everywhere")
        return conclude(step, "stationary", _at(str(facts_of(learner)["distance"]), dimension)), Rigor.EXACT
    step.expect(2 if len(step.premises) == 2 else 1)
    step.claim(0, "exact-learner", AT_WEIGHTS, PROVED, step.index)
    if len(step.premises) == 1:
        return conclude(step, "stationary", _at(AT_THE_POINT, 0)), require_differentiable(step, step.index, 1)
    step.claim(1, "full-rank", AT_WEIGHTS, PROVED, step.index)
    return conclude(step, "stationary", _at(AT_THE_POINT, dimension)), require_differentiable(step, step.index, 2)


def stationary_refuted(step: Step) -> Result:
    """† The ball of one component of ``T ∇J`` contains the real number, and not 0."""
    found = step.expect(0, "parameter", "precision")
    k = read_integer(found["parameter"], "evidence.parameter", 0, step.problem.N_net - 1)
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    point = step.at_point()
    rigor = require_differentiable(step, step.index, 1)
    with ball_precision(bits):
        component = gradient_component(BallRing(), step.problem, point, k, bits)
        require(not_zero(component), "evidence.parameter", "the ball of this component contains 0")
    return claim("stationary", AT_WEIGHTS, False, point=step.index), weakest([rigor, Rigor.BALL])


STATIONARY_RULES: Mapping[str, Callable[[Step], Result]] = {
    "stationary-exact": stationary_exact,
    "stationary-constant": stationary_constant,
    "stationary-learner": stationary_learner,
    "stationary-refuted": stationary_refuted,
}
