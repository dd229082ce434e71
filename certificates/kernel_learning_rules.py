"""The rules for claims about exact learning and second derivatives (section 6), each with its proof in the docstring.

† marks rules about ``P`` or the Hessian at a point: they check that the derivatives exist there, by `derivatives_exist`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flint import arb, fmpq

from lossproof.certificates.kernel_balls import BallRing, ball_precision
from lossproof.certificates.kernel_claim_rules import (
    AT_WEIGHTS,
    EVERYWHERE,
    PROVED,
    claim,
    require_differentiable,
    used_activations,
)
from lossproof.certificates.kernel_parse import Rejected, read_integer, read_list, read_rational
from lossproof.certificates.kernel_pass import forward
from lossproof.certificates.kernel_problem import Problem, fraction
from lossproof.certificates.kernel_rank_evidence import PRECISIONS
from lossproof.certificates.kernel_rings import FormalRing
from lossproof.certificates.kernel_step import Result, Step, require
from lossproof.theory.verdicts import Rigor, weakest


def _require_separable(problem: Problem) -> None:
    require(problem.separable, "rule", "this needs an error that is a sum over outputs of functions of the residual")


def clash(step: Step) -> Result:
    """One input cannot have two outputs; for a cross-entropy ``∇E = s(φ) − y`` cannot be 0 for two y."""
    samples = read_list(step.expect(0, "samples")["samples"], "evidence.samples", 2)
    i, k = (read_integer(n, f"evidence.samples[{m}]", 0, step.problem.T - 1) for m, n in enumerate(samples))
    require(i < k, "evidence.samples", "the first sample must be the smaller one")
    X, Y = step.problem.X, step.problem.Y
    require(X[i] == X[k] and Y[i] != Y[k], "evidence.samples", "these samples do not clash")
    return claim("exact-learning", EVERYWHERE, False), Rigor.EXACT


def _sample_and_output(step: Step, found: Mapping[str, Any]) -> tuple[int, int]:
    sample = read_integer(found["sample"], "evidence.sample", 0, step.problem.T - 1)
    return sample, read_integer(found["output"], "evidence.output", 0, step.problem.n_L - 1)


def out_of_range(step: Step) -> Result:
    """The output lies in the recorded range; a logistic function lies strictly between 0 and 1, a softmax component is positive."""
    sample, output = _sample_and_output(step, step.expect(0, "sample", "output"))
    problem = step.problem
    y = problem.Y[sample][output]
    if problem.separable:
        reached = problem.output_activation.range.contains(fraction(y))
    else:
        reached = y != 0 and (problem.error.family == "softmax" or y != 1)
    require(not reached, "evidence.output", "the target is not out of reach")
    return claim("exact-learning", EVERYWHERE, False), Rigor.EXACT


def linear_reach(step: Step) -> Result:
    """The network is an affine map ``A x + c``, so ``Σ k_i x_i = 0`` gives ``Σ k_i F(x_i) = c Σ k_i``, which differs from ``Σ k_i y_i``.

    Either ``Σ k_i = 0``, or c is 0 (no bias), or c is the fixed constant (``L = 1``).
    """
    problem = step.problem
    listed = read_list(step.expect(0, "combination")["combination"], "evidence.combination", problem.T)
    k = [read_rational(q, f"evidence.combination[{i}]") for i, q in enumerate(listed)]
    affine = problem.output_activation.family == "identity" and (problem.L == 1 or problem.activation.family == "identity")
    require(affine, "rule", "this needs an affine network")
    _require_separable(problem)
    dependent = all(sum((q * x[b] for q, x in zip(k, problem.X, strict=True)), fmpq(0)) == 0 for b in range(problem.widths[0]))
    require(dependent, "evidence.combination", "the inputs do not obey the relation")
    total = sum(k, fmpq(0))
    fixed = problem.fixed_bias[0] if problem.fixed_bias is not None and problem.L == 1 else None
    require(
        total == 0 or problem.bias == "none" or fixed is not None, "evidence.combination", "the relation is not affine: the sum is not 0"
    )
    broken = False
    for j in range(problem.n_L):
        c = fmpq(0) if fixed is None or total == 0 else fixed[j]
        target = sum((q * y[j] for q, y in zip(k, problem.Y, strict=True)), fmpq(0))
        broken = broken or (isinstance(c, fmpq) and target != c * total)
    require(broken, "evidence.combination", "the targets obey the relation")
    return claim("exact-learning", EVERYWHERE, False), Rigor.EXACT


def _targets_attained(problem: Problem) -> bool:
    targets = [y for row in problem.Y for y in row]
    if problem.separable:
        return all(problem.output_activation.attained.contains(fraction(y)) for y in targets)
    return problem.output_activation.family == "identity" and all(y > 0 and (y < 1 or problem.error.family == "softmax") for y in targets)


def wide_exact_learning(step: Step) -> Result:
    """``Φ_{L-1}⁺`` has independent columns, so some ``W_L`` gives every wanted ``z_L``: the preimages of the targets (for a cross-entropy, logits)."""
    step.expect(1)
    lower, _ = step.bound_anywhere(0, f"Phi-{step.problem.L - 1}+", "rank_lower")
    require(lower == step.problem.T, "premises[0]", "the samples are not shown to be independent", "premise")
    require(_targets_attained(step.problem), "rule", "a target is not in the attained range of the output")
    return claim("exact-learning", EVERYWHERE, True), Rigor.EXACT


def exact_point(step: Step) -> Result:
    """``F(W, x_i) − y_i`` vanishes in the formal ring, hence for the real numbers."""
    step.expect(0)
    point = step.at_point()
    _require_separable(step.problem)
    ring = FormalRing()
    outputs = forward(ring, step.problem, point, step.problem.L)[1][-1]
    differences = [F - y for row, targets in zip(outputs, step.problem.Y, strict=True) for F, y in zip(row, targets, strict=True)]
    require(all(isinstance(d, fmpq) and d == 0 for d in differences), "conclusion.point", "an output is not seen to equal its target")
    return claim("exact-learner", AT_WEIGHTS, True, point=step.index), Rigor.EXACT


def exact_exists(step: Step) -> Result:
    """A point that learns exactly is a point that learns exactly."""
    step.expect(1)
    step.claim(0, "exact-learner", AT_WEIGHTS, PROVED, step.premises[0].conclusion.get("point"))
    return claim("exact-learning", EVERYWHERE, True), Rigor.EXACT


def not_exact_point(step: Step) -> Result:
    """The ball of ``F(W, x_i)_j − y_ij`` contains the real number, and not 0."""
    found = step.expect(0, "sample", "output", "precision")
    point = step.at_point()
    sample, output = _sample_and_output(step, found)
    _require_separable(step.problem)
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    one = replace(step.problem, X=step.problem.X[sample : sample + 1], Y=step.problem.Y[sample : sample + 1])
    with ball_precision(bits):
        difference = forward(BallRing(), one, point, one.L, bits)[1][-1][0][output] - one.Y[0][output]
        require(bool(difference > 0) or bool(difference < 0), "evidence.output", "the ball of the difference contains 0")
    return claim("exact-learner", AT_WEIGHTS, False, point=step.index), Rigor.BALL


def wide_layer(step: Step) -> Result:
    """† ``r(Φ_{L-1}⁺) = T`` and ``Ψ_L = I``: ``r(P-L) = n_L T``; and ``W_L`` can be solved for, as in `wide_exact_learning`."""
    step.expect(1)
    problem = step.problem
    step.at_point()
    require(problem.L >= 2 and problem.strip, "rule", "this needs a hidden layer and an output derivative that is not 0 anywhere")
    lower = step.bound(0, f"Phi-{problem.L - 1}+", "rank_lower", step.index)
    require(lower == problem.T, "premises[0]", "the samples are not shown to be independent", "premise")
    rigor = require_differentiable(step, step.index, 1)
    return claim("wide-layer", AT_WEIGHTS, True, {"layer": problem.L - 1}, step.index), rigor


def one_hidden_layer(step: Step) -> Result:
    """† ``L = 2``, ``n_1 = T`` and an invertible ``Φ_1``: a case of `wide_layer`, as ``r(Φ_1⁺) ≥ r(Φ_1) = T``."""
    step.expect(1)
    problem = step.problem
    step.at_point()
    right = problem.L == 2 and problem.widths[1] == problem.T and problem.strip
    require(right, "rule", "this needs L = 2, n_1 = T and an output derivative that is not 0 anywhere")
    lower = step.bound(0, "Phi-1", "rank_lower", step.index)
    require(lower == problem.T, "premises[0]", "Phi-1 is not shown to be invertible", "premise")
    return claim("one-hidden-layer", AT_WEIGHTS, True, {}, step.index), require_differentiable(step, step.index, 1)


def hessian_rank_point(step: Step) -> Result:
    """† At an exact learner ``∇E = 0`` leaves ``H = P diag(∇²E_i) Pᵀ / T``, and non-degenerate minima have ``∇²E_i ≻ 0``: ``r(H) = r(P)``."""
    step.expect(4)
    step.at_point()
    step.claim(0, "exact-learner", AT_WEIGHTS, PROVED, step.index)
    lower, upper = step.bound(1, "P", "rank_lower", step.index), step.bound(2, "P", "rank_upper", step.index)
    step.claim(3, "principle-morse", EVERYWHERE, PROVED)
    rigor = require_differentiable(step, step.index, 2)
    return claim("hessian-rank", AT_WEIGHTS, True, {"rank_lower": lower, "rank_upper": upper}, step.index), rigor


def _require_smooth(problem: Problem) -> None:
    _require_separable(problem)
    smooth = all(a.twice_differentiable.holds for a in used_activations(problem))
    require(smooth, "rule", "an activation is not twice differentiable everywhere")


def hessian_rank_everywhere(step: Step) -> Result:
    """At *every* exact learner ``H = P diag(∇²E_i) Pᵀ / T``, so ``r(H) ≤ r(P) ≤ min(N_net, T n_L)``."""
    step.expect(0)
    problem = step.problem
    _require_smooth(problem)
    facts = {"rank_lower": 0, "rank_upper": min(problem.N_net, problem.columns)}
    return claim("hessian-rank", EVERYWHERE, True, facts), Rigor.EXACT


def _require_wide_learner(step: Step) -> None:
    """Premise 0 gives exact learners whose ``Φ_{L-1}⁺`` has rank T; with ``σ_out' ≠ 0`` the last block, hence P, has full column rank there."""
    premise = step.claim(0, "exact-learning", EVERYWHERE, PROVED)
    require(premise.rule == "exact-learning-wide", "premises[0]", "a claim by exact-learning-wide is needed here", "premise")
    require(step.problem.strip, "rule", "the output activation's derivative is not known to be non-zero everywhere")
    _require_smooth(step.problem)


def hessian_rank_exists(step: Step) -> Result:
    """At *some* exact learner, one that the wide layer gives, ``r(H) = r(P) = T n_L``."""
    step.expect(2)
    _require_wide_learner(step)
    step.claim(1, "principle-morse", EVERYWHERE, PROVED)
    columns = step.problem.columns
    return claim("hessian-rank", EVERYWHERE, True, {"rank_lower": columns, "rank_upper": columns}), Rigor.EXACT


def _dimension(problem: Problem) -> dict[str, int]:
    return {"dimension": problem.N_net - problem.columns}


def _learner_of_full_rank(step: Step) -> Rigor:
    step.at_point()
    step.claim(0, "exact-learner", AT_WEIGHTS, PROVED, step.index)
    step.claim(1, "full-rank", AT_WEIGHTS, PROVED, step.index)
    return require_differentiable(step, step.index, 2)


def manifold_point(step: Step) -> Result:
    """† F is continuously differentiable near W with a derivative ``Pᵀ`` (up to factors) onto: the implicit function theorem."""
    step.expect(2)
    return claim("manifold", AT_WEIGHTS, True, _dimension(step.problem), step.index), _learner_of_full_rank(step)


def manifold_exists(step: Step) -> Result:
    """`manifold_point` at *some* exact learner, one that the wide layer gives."""
    step.expect(1)
    _require_wide_learner(step)
    return claim("manifold", EVERYWHERE, True, _dimension(step.problem)), Rigor.EXACT


def ggn_point(step: Step) -> Result:
    """† Cited: the minimum-norm Gauss-Newton iteration converges quadratically near a regular zero (Ben-Israel 1966)."""
    step.expect(3)
    rigor = weakest([_learner_of_full_rank(step), Rigor.CITED])
    step.claim(2, "principle-morse", EVERYWHERE, PROVED)
    return claim("ggn", AT_WEIGHTS, True, {"order": 2}, step.index), rigor


def ggn_exists(step: Step) -> Result:
    """`ggn_point` near *some* exact learner, one that the wide layer gives."""
    step.expect(2)
    _require_wide_learner(step)
    step.claim(1, "principle-morse", EVERYWHERE, PROVED)
    return claim("ggn", EVERYWHERE, True, {"order": 2}), Rigor.CITED


def ggn_semidefinite_convex(step: Step) -> Result:
    """``∇²E ⪰ 0`` everywhere."""
    step.expect(0)
    require(step.problem.error.convex.holds, "rule", "the error is not convex")
    return claim("ggn-semidefinite", EVERYWHERE, True), Rigor.EXACT


def ggn_semidefinite_range(step: Step) -> Result:
    """Cauchy: ``e'' = 2(β − r²)/(r² + β)² ≥ 0`` as long as ``r² ≤ β``, which the range of the output guarantees."""
    step.expect(0)
    error, values = step.problem.error, step.problem.output_activation.range
    if error.family != "cauchy" or error.beta is None or values.lower is None or values.upper is None:
        raise Rejected("rule", "evidence", "this needs the cauchy error and a bounded output")
    for i, row in enumerate(step.problem.Y):
        for y in map(fraction, row):
            farthest = max(abs(values.lower - y), abs(values.upper - y))
            require(farthest**2 <= error.beta, "rule", f"a residual of sample {i} may be too large")
    return claim("ggn-semidefinite", EVERYWHERE, True), Rigor.EXACT


def _curvature(problem: Problem, r: arb) -> arb:
    """Return ``e''(r)``: Cauchy ``2(β−r²)/(r²+β)²``; Blake-Zisserman, with ``q = e^{-r²}``, ``2q(q + β − 2r²β)/(q+β)²``."""
    family, beta = problem.error.family, problem.error.beta
    if family not in ("cauchy", "blake-zisserman") or beta is None:
        raise Rejected("rule", "evidence", "this needs an error that is not convex")
    b, s = arb(fmpq(beta.numerator, beta.denominator)), r * r
    if family == "cauchy":
        return 2 * (b - s) / (s + b) ** 2
    q = (-s).exp()
    return 2 * q * (q + b - 2 * s * b) / (q + b) ** 2


def ggn_semidefinite_witness(step: Step) -> Result:
    """† For v = the incoming weights of output j (with a trainable bias), ``F_j`` changes by ``s_i = σ_out'(z)(z − c)`` and no other output does.

    So ``T vᵀ H_GN v = Σ_i e''(r_ij) s_i²``, whose ball is negative; c is the fixed bias, or 0.
    """
    found = step.expect(0, "point", "output", "precision")
    problem = step.problem
    index = read_integer(found["point"], "evidence.point", 0, len(step.points) - 1)
    j = read_integer(found["output"], "evidence.output", 0, problem.n_L - 1)
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    _require_separable(problem)
    rigor = require_differentiable(step, index, 1)
    ring = BallRing()
    with ball_precision(bits):
        z, phi = forward(ring, problem, step.points[index], problem.L, bits)
        c = arb(0) if problem.fixed_bias is None else ring.embed(problem.fixed_bias[-1][j])
        total = arb(0)
        for i in range(problem.T):
            s = ring.sigma(problem.output_activation, 1, z[-1][i, j]) * (z[-1][i, j] - c)
            total += _curvature(problem, phi[-1][i, j] - problem.Y[i][j]) * s * s
        require(bool(total < 0), "evidence.point", "the ball of the curvature is not negative")
    return claim("ggn-semidefinite", EVERYWHERE, False), weakest([rigor, Rigor.BALL])


LEARNING_RULES: Mapping[str, Callable[[Step], Result]] = {
    "exact-learning-clash": clash,
    "exact-learning-range": out_of_range,
    "exact-learning-linear": linear_reach,
    "exact-learning-wide": wide_exact_learning,
    "exact-learning-point": exact_point,
    "exact-learning-exists": exact_exists,
    "not-exact-point": not_exact_point,
    "wide-layer": wide_layer,
    "one-hidden-layer": one_hidden_layer,
    "hessian-rank-point": hessian_rank_point,
    "hessian-rank-everywhere": hessian_rank_everywhere,
    "hessian-rank-exists": hessian_rank_exists,
    "manifold-point": manifold_point,
    "manifold-exists": manifold_exists,
    "ggn-point": ggn_point,
    "ggn-exists": ggn_exists,
    "ggn-semidefinite-convex": ggn_semidefinite_convex,
    "ggn-semidefinite-range": ggn_semidefinite_range,
    "ggn-semidefinite-witness": ggn_semidefinite_witness,
}
