"""The rules for claims about second derivatives (section 6), each with its proof in the docstring.

† marks rules about ``P`` or the Hessian at a point: they check that the derivatives exist there, by `derivatives_exist`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.network.passes import forward
from lossproof.certificates.kernel.reading.limits import PRECISIONS
from lossproof.certificates.kernel.reading.parse import Rejected, read_integer, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
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
    require_separable(problem)
    smooth = all(a.twice_differentiable.holds for a in used_activations(problem))
    require(smooth, "rule", "an activation is not twice differentiable everywhere")


def hessian_rank_everywhere(step: Step) -> Result:
    """At *every* exact learner ``H = P diag(∇²E_i) Pᵀ / T``, so ``r(H) ≤ r(P) ≤ min(N_net, T n_L)``."""
    step.expect(0)
    problem = step.problem
    _require_smooth(problem)
    facts = {"rank_lower": 0, "rank_upper": min(problem.N_net, problem.columns)}
    return claim("hessian-rank", EVERYWHERE, True, facts), Rigor.EXACT


def _require_regular_learner(step: Step) -> None:
    """Premise 0 gives exact learners at which P has full column rank.

    By `exact-learning-wide`, ``Φ_{L-1}⁺`` has rank T at them, and with ``σ_out' ≠ 0`` the last block has full column rank; by
    `exact-learning-krawczyk`, ``T n_L`` rows of P form an invertible matrix; by `exact-learning-kantorovich` P has full column rank all over the ball.
    """
    premise = step.claim(0, "exact-learning", EVERYWHERE, PROVED)
    rules = ("exact-learning-wide", *LEARNER_RULES)
    require(premise.rule in rules, "premises[0]", f"a claim by {' or '.join(rules)} is needed here", "premise")
    invertible = premise.rule != "exact-learning-wide" or step.problem.strip
    require(invertible, "rule", "the output activation's derivative is not known to be non-zero everywhere")
    _require_smooth(step.problem)


def hessian_rank_exists(step: Step) -> Result:
    """At *some* exact learner, one of premise 0, ``r(H) = r(P) = T n_L``."""
    step.expect(2)
    _require_regular_learner(step)
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
    """`manifold_point` at *some* exact learner, one of premise 0."""
    step.expect(1)
    _require_regular_learner(step)
    return claim("manifold", EVERYWHERE, True, _dimension(step.problem)), Rigor.EXACT


def ggn_point(step: Step) -> Result:
    """† Cited: the minimum-norm Gauss-Newton iteration converges quadratically near a regular zero (Ben-Israel 1966)."""
    step.expect(3)
    rigor = weakest([_learner_of_full_rank(step), Rigor.CITED])
    step.claim(2, "principle-morse", EVERYWHERE, PROVED)
    return claim("ggn", AT_WEIGHTS, True, {"order": 2}, step.index), rigor


def ggn_exists(step: Step) -> Result:
    """`ggn_point` near *some* exact learner, one of premise 0."""
    step.expect(2)
    _require_regular_learner(step)
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
    require_separable(problem)
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


SECOND_ORDER_RULES: Mapping[str, Callable[[Step], Result]] = {
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
