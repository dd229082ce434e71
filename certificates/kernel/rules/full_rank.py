"""The rules for claims about the rank of ``P`` and what follows from it (section 6), each with its proof in the docstring.

† marks rules about ``P`` at a point: they check that the derivatives exist there, by `derivatives_exist`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.network.passes import not_zero
from lossproof.certificates.kernel.reading.limits import SIGN_PRECISION
from lossproof.certificates.kernel.reading.parse import Rejected, read_rational, require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.rules.step import (
    ALMOST,
    AT_WEIGHTS,
    EVERYWHERE,
    PROVED,
    REFUTED,
    Result,
    Step,
    claim,
    full_weights,
    invertible,
    require_differentiable,
    used_activations,
    widths_principle,
)
from lossproof.theory.verdicts import Rigor


def _decide(lower: int, upper: int, columns: int) -> bool:
    """Tell whether the rank is full or not full; raises `Rejected` when the bounds leave it open."""
    require(lower == columns or upper < columns, "premises", "the bounds do not decide whether the rank is full", "premise")
    return lower == columns


def full_rank(step: Step) -> Result:
    """† ``r(P) = T n_L`` or not, from a lower and an upper bound."""
    step.expect(2)
    step.at_point()
    lower, upper = step.bound(0, "P", "rank_lower", step.index), step.bound(1, "P", "rank_upper", step.index)
    columns = step.problem.columns
    rigor = require_differentiable(step, step.index, 1)
    facts = {"rank_lower": lower, "rank_upper": upper, "columns": columns}
    return claim("full-rank", AT_WEIGHTS, _decide(lower, upper, columns), facts, step.index), rigor


def full_rank_generic(step: Step) -> Result:
    """The minors of P are real-analytic in W: one that is not 0 somewhere is not 0 outside a closed set of measure zero.

    An upper bound below ``T n_L`` at all weights rules full rank out everywhere. † at the point of the lower bound, which is a fact either way.
    """
    step.expect(2)
    (lower, point), upper = step.bound_anywhere(0, "P", "rank_lower"), step.bound(1, "P", "rank_upper", None)
    columns = step.problem.columns
    proved = _decide(lower, upper, columns)
    require(not proved or all(a.analytic.holds for a in used_activations(step.problem)), "rule", "an activation is not analytic")
    facts = {"rank_lower": lower, "rank_upper": upper, "columns": columns}
    return claim("full-rank", ALMOST, proved, facts), require_differentiable(step, point, 1)


def full_rank_dead_units(step: Step) -> Result:
    """Near ``W = 0`` with hidden biases −1 and output biases 1 all hidden z are negative at all samples, so hidden units and their derivatives are 0.

    All blocks but the last vanish, and in the last all samples have the columns ``Ψ_L(i) ⊗ (0, 1)``: ``r(P) ≤ n_L < T n_L`` on an open set.
    """
    step.expect(0)
    problem = step.problem
    right = problem.L >= 2 and problem.T >= 2 and problem.activation.family == "relu" and problem.bias == "trainable"
    require(right, "rule", "this needs hidden layers of relu, trainable biases and two samples")
    return claim("full-rank", ALMOST, False, {"rank_lower": 0, "rank_upper": problem.n_L, "columns": problem.columns}), Rigor.EXACT


def full_rank_linear_region(step: Step) -> Result:
    """Near ``W = 0`` with all biases 1 all hidden z are positive at all samples, where the activation is the identity: `rank_linear` on an open set."""
    step.expect(1)
    problem = step.problem
    right = problem.L >= 2 and problem.activation.family in ("relu", "leaky-relu", "elu") and problem.bias == "trainable"
    require(right, "rule", "this needs hidden layers of relu, leaky-relu or elu and trainable biases")
    upper = problem.n_L * step.bound(0, "Phi-0+", "rank_upper", None)
    require(upper < problem.columns, "premises[0]", "the bound leaves full rank possible", "premise")
    return claim("full-rank", ALMOST, False, {"rank_lower": 0, "rank_upper": upper, "columns": problem.columns}), Rigor.EXACT


def full_rank_zero(step: Step) -> Result:
    """† At ``W = 0`` all samples have the same ``φ_{L-1}`` and ``z_L``, and ``Ψ_l = 0`` for ``l < L``: at most ``n_L`` different columns."""
    bias = read_rational(step.expect(0, "bias")["bias"], "evidence.bias")
    problem = step.problem
    require(problem.L >= 2 and problem.T >= 2, "rule", "this needs a hidden layer and two samples")
    require(problem.bias == "trainable" or bias == 0, "evidence.bias", "must be '0' unless biases are trainable")
    rigor = _zero_weights_rigor(problem, bias)
    return claim("full-rank", EVERYWHERE, False, {"rank_upper": problem.n_L, "columns": problem.columns}), rigor


def _zero_weights_rigor(problem: Problem, bias: fmpq) -> Rigor:
    """Check † at ``W = 0``, where ``z_l = b_l``, without building a matrix of zeros."""
    concerned = [l for l in range(1, problem.L + 1) if not problem.activation_of(l).differentiable.holds]
    if problem.fixed_bias is None or not concerned:
        require(not concerned or bias != 0, "evidence.bias", "a derivative does not exist at z = 0")
        return Rigor.EXACT
    constants = [b for l in concerned for b in problem.fixed_bias[l - 1]]
    with ball_precision(SIGN_PRECISION):
        require(all(not_zero(BallRing().embed(b)) for b in constants), "rule", "a fixed bias is not seen to differ from 0")
    return Rigor.EXACT if all(isinstance(b, fmpq) for b in constants) else Rigor.BALL


def _require_deficient(step: Step, k: int, upper: int) -> dict[str, int]:
    columns = step.problem.columns
    require(upper < columns, f"premises[{k}]", "the bound leaves full rank possible", "premise")
    return {"rank_upper": upper, "columns": columns}


def full_rank_nowhere(step: Step) -> Result:
    """An upper bound below ``T n_L`` at all weights."""
    step.expect(1)
    return claim("full-rank", EVERYWHERE, False, _require_deficient(step, 0, step.bound(0, "P", "rank_upper", None))), Rigor.EXACT


def full_rank_witness(step: Step) -> Result:
    """† An upper bound below ``T n_L`` at one point."""
    step.expect(1)
    upper, point = step.bound_anywhere(0, "P", "rank_upper")
    require(point is not None, "premises[0]", "a bound at a point is needed here", "premise")
    facts = _require_deficient(step, 0, upper)
    return claim("full-rank", EVERYWHERE, False, facts), require_differentiable(step, point, 1)


def full_rank_single_layer(step: Step) -> Result:
    """``L = 1``: P is, up to order and non-zero factors, ``I ⊗ Φ_0⁺``, at every W."""
    step.expect(1)
    problem = step.problem
    require(problem.L == 1 and problem.strip, "rule", "this needs L = 1 and an output derivative that is not 0 anywhere")
    lower = problem.n_L * step.bound(0, "Phi-0+", "rank_lower", None)
    require(lower == problem.columns, "premises[0]", "the inputs are not shown to be independent", "premise")
    return claim("full-rank", EVERYWHERE, True, {"rank_lower": lower, "columns": problem.columns}), Rigor.EXACT


def full_rank_single_sample(step: Step) -> Result:
    """``T = 1``: with ``Ψ_L = I`` the bias rows of the last block are the identity of size ``n_L``; P exists at every W."""
    step.expect(0)
    problem = step.problem
    right = problem.T == 1 and problem.bias == "trainable" and problem.strip
    require(right, "rule", "this needs one sample, trainable biases and an output derivative that is not 0 anywhere")
    require(all(a.differentiable.holds for a in used_activations(problem)), "rule", "a hidden derivative may not exist")
    return claim("full-rank", EVERYWHERE, True, {"rank_lower": problem.n_L, "columns": problem.columns}), Rigor.EXACT


def never_everywhere(step: Step) -> Result:
    """Full rank fails at some W."""
    step.expect(1)
    step.claim(0, "full-rank", EVERYWHERE, REFUTED)
    return claim("never-everywhere", EVERYWHERE, True), Rigor.EXACT


def almost_everywhere(step: Step) -> Result:
    """Where P has full column rank, ``Pε = T∇J = 0`` forces ``ε = 0``: every sample's error is least; the rest is closed and of measure zero."""
    step.expect(2)
    step.claim(0, "full-rank", ALMOST, PROVED)
    step.claim(1, "principle-error", EVERYWHERE, PROVED)
    return claim("almost-everywhere", ALMOST, True), Rigor.EXACT


def principles_suffice(step: Step) -> Result:
    """† Weights of full rank at which ``r(P) < T n_L``, in a network for which the other principles and the count hold."""
    problem, L = step.problem, step.problem.L
    step.expect(L + 1)
    upper, point = step.bound_anywhere(L, "P", "rank_upper")
    if point is None:
        raise Rejected(f"premises[{L}]", "premise", "a bound at a point is needed here")
    facts = _require_deficient(step, L, upper)
    full_weights(step, point)
    others = invertible(step, range(1, L + 1)) and widths_principle(problem) and problem.N_net >= problem.columns
    require(others, "rule", "principle-activation, principle-widths or count does not hold, so that nothing is refuted")
    return claim("principles-suffice", EVERYWHERE, False, facts), require_differentiable(step, point, 1)


def no_bad_minima_full_rank(step: Step) -> Result:
    """Full rank at every W: every critical point has ``ε = 0``, where every sample's error is least."""
    step.expect(2)
    step.claim(0, "full-rank", EVERYWHERE, PROVED)
    step.claim(1, "principle-error", EVERYWHERE, PROVED)
    return claim("no-bad-local-minima", EVERYWHERE, True), Rigor.EXACT


def no_bad_minima_convex(step: Step) -> Result:
    """``L = 1`` with identity output: J is a convex error of a function affine in W, so convex; its local minima are global."""
    step.expect(0)
    require(step.problem.is_convex, "rule", "this needs L = 1, identity output and a convex error")
    return claim("no-bad-local-minima", EVERYWHERE, True), Rigor.EXACT


RANK_CLAIM_RULES: Mapping[str, Callable[[Step], Result]] = {
    "full-rank": full_rank,
    "full-rank-generic": full_rank_generic,
    "full-rank-dead-units": full_rank_dead_units,
    "full-rank-linear-region": full_rank_linear_region,
    "full-rank-zero": full_rank_zero,
    "full-rank-nowhere": full_rank_nowhere,
    "full-rank-witness": full_rank_witness,
    "full-rank-single-layer": full_rank_single_layer,
    "full-rank-single-sample": full_rank_single_sample,
    "never-everywhere": never_everywhere,
    "almost-everywhere": almost_everywhere,
    "principles-suffice": principles_suffice,
    "no-bad-minima-full-rank": no_bad_minima_full_rank,
    "no-bad-minima-convex": no_bad_minima_convex,
}
