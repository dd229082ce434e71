"""The rules for claims about principles and the rank of ``P`` (section 6), each with its proof in the docstring.

† marks rules about ``P`` at a point: they check that the derivatives exist there, by `derivatives_exist`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flint import fmpq

from lossproof.certificates.kernel_balls import BallRing, ball_precision
from lossproof.certificates.kernel_matrices import parse_matrix
from lossproof.certificates.kernel_parse import Rejected, read_rational
from lossproof.certificates.kernel_pass import SIGN_PRECISION, derivatives_exist, not_zero
from lossproof.certificates.kernel_problem import Problem
from lossproof.certificates.kernel_rank_rules import invertible, khatri_rao_bound
from lossproof.certificates.kernel_step import Result, Step, require
from lossproof.theory.activations import Activation
from lossproof.theory.verdicts import Rigor

AT_WEIGHTS, ALMOST, EVERYWHERE = "at these weights", "almost everywhere", "everywhere"
PROVED, REFUTED = "PROVED", "REFUTED"


def claim(statement: str, scope: str, proved: bool, facts: Mapping[str, Any] | None = None, point: int | None = None) -> dict[str, Any]:
    """Return the conclusion of a claim rule."""
    return {"statement": statement, "scope": scope, "verdict": PROVED if proved else REFUTED, "point": point, "facts": dict(facts or {})}


def used_activations(problem: Problem) -> list[Activation]:
    """Return the activations that the network applies."""
    return [problem.output_activation] if problem.L == 1 else [problem.activation, problem.output_activation]


def require_differentiable(step: Step, point: int | None, order: int) -> Rigor:
    """Check † at a point given by its index, None standing for a matrix that depends on no weights (`L = 1`)."""
    if point is None:
        require(all(a.differentiable.holds for a in used_activations(step.problem)), "rule", "a derivative may not exist")
        return Rigor.EXACT
    return derivatives_exist(step.problem, step.points[point], order)


def count(step: Step) -> Result:
    """``N_net ≥ T n_L``, integers."""
    step.expect(0)
    N_net, columns = step.problem.N_net, step.problem.columns
    return claim("count", EVERYWHERE, N_net >= columns, {"N_net": N_net, "required": columns}), Rigor.EXACT


def principle_activation(step: Step) -> Result:
    """On record for every activation used."""
    step.expect(0)
    problem = step.problem
    holds = all(a.nonvanishing_derivative.holds for a in used_activations(problem))
    facts = {"activation": problem.activation.name, "output_activation": problem.output_activation.name}
    return claim("principle-activation", EVERYWHERE, holds, facts), Rigor.EXACT


def principle_error(step: Step) -> Result:
    """On record for the error."""
    step.expect(0)
    error = step.problem.error
    return claim("principle-error", EVERYWHERE, error.principle_error.holds, {"error": error.name}), Rigor.EXACT


def principle_morse(step: Step) -> Result:
    """On record for the error."""
    step.expect(0)
    error = step.problem.error
    return claim("principle-morse", EVERYWHERE, error.principle_morse.holds, {"error": error.name}), Rigor.EXACT


def widths_principle(problem: Problem) -> bool:
    """Tell whether ``n_l ≤ max(n_{l-1}, n_{l+1})`` for ``l = 2..L-1``."""
    n = problem.widths
    return all(n[l] <= max(n[l - 1], n[l + 1]) for l in range(2, problem.L))


def principle_widths(step: Step) -> Result:
    """The inequalities, and ``r_L = n_L``, ``r_l = max(0, min(n_l, n_{l+1}) + r_{l+1} − n_{l+1})`` (Sylvester)."""
    step.expect(0)
    n, L = step.problem.widths, step.problem.L
    ranks = [n[L]]
    for l in range(L - 1, 0, -1):
        ranks.insert(0, max(0, min(n[l], n[l + 1]) + ranks[0] - n[l + 1]))
    return claim("principle-widths", EVERYWHERE, widths_principle(step.problem), {"guaranteed": ranks}), Rigor.EXACT


def _full_weights(step: Step, point: int | None) -> list[int]:
    """Return the ranks of ``W_1..W_L`` from the first L premises, each full."""
    ranks = []
    for l in range(1, step.problem.L + 1):
        rank = step.bound(l - 1, f"W-{l}", "rank_lower", point)
        require(
            rank == min(parse_matrix(f"W-{l}", step.problem).shape),
            f"premises[{l - 1}]",
            f"W-{l} is not shown to have full rank",
            "premise",
        )
        ranks.append(rank)
    return ranks


def principle_weights(step: Step) -> Result:
    """Every ``W_l`` has rank ``min(rows, columns)``, or one has a smaller rank."""
    step.at_point()
    if len(step.premises) == 1 and "rank_upper" in step.premises[0].conclusion:
        step.expect(1)
        name = str(step.premises[0].conclusion["matrix"])
        matrix = parse_matrix(name, step.problem)
        right = matrix.kind == "W" and not matrix.suffix
        require(right, "premises[0]", "a rank_upper of W-l is needed here", "premise")
        upper = step.bound(0, name, "rank_upper", step.index)
        require(upper < min(matrix.shape), "premises[0]", "the bound does not rule out full rank", "premise")
        return claim("principle-weights", AT_WEIGHTS, False, {"layer": matrix.layer, "rank_upper": upper}, step.index), Rigor.EXACT
    step.expect(step.problem.L)
    return claim("principle-weights", AT_WEIGHTS, True, {"ranks": _full_weights(step, step.index)}, step.index), Rigor.EXACT


def khatri_rao(step: Step) -> Result:
    """† The inequality of `rank_khatri_rao` for each block, beside proved bounds of the block's rank."""
    step.expect(4 * step.problem.L)
    step.at_point()
    rigor = require_differentiable(step, step.index, 1)
    layers = []
    for l in range(1, step.problem.L + 1):
        k, at = 4 * (l - 1), step.index
        phi, psi = step.bound(k, f"Phi-{l - 1}+", "rank_lower", at), step.bound(k + 1, f"Psi-{l}", "rank_lower", at)
        lower, upper = step.bound(k + 2, f"P-{l}", "rank_lower", at), step.bound(k + 3, f"P-{l}", "rank_upper", at)
        layers.append({"layer": l, "bound": khatri_rao_bound(step.problem, l, phi, psi), "rank_lower": lower, "rank_upper": upper})
    return claim("khatri-rao", AT_WEIGHTS, True, {"layers": layers}, step.index), rigor


def projection(step: Step) -> Result:
    """No ``Ψ_l(i)`` is 0, as ``T r_l ≥ T`` in `rank_psi` means ``r_l ≥ 1``: contracting it with generic vectors leaves ``Φ diag(non-zero)``."""
    problem = step.problem
    step.expect(2 * problem.L)
    step.at_point()
    layers = []
    for l in range(1, problem.L + 1):
        phi = step.bound(2 * l - 2, f"Phi-{l - 1}+", "rank_lower", step.index)
        psi = step.bound(2 * l - 1, f"Psi-{l}", "rank_lower", step.index)
        right = step.premises[2 * l - 1].rule == "rank-psi" and psi >= problem.T
        require(right, f"premises[{2 * l - 1}]", "a bound of at least T by rank-psi is needed here", "premise")
        layers.append({"layer": l, "bound": phi})
    return claim("projection", AT_WEIGHTS, True, {"layers": layers}, step.index), Rigor.EXACT


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
    _full_weights(step, point)
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
    problem = step.problem
    right = problem.L == 1 and problem.output_activation.family == "identity" and problem.error.convex.holds
    require(right, "rule", "this needs L = 1, identity output and a convex error")
    return claim("no-bad-local-minima", EVERYWHERE, True), Rigor.EXACT


RANK_CLAIM_RULES: Mapping[str, Callable[[Step], Result]] = {
    "count": count,
    "principle-activation": principle_activation,
    "principle-error": principle_error,
    "principle-morse": principle_morse,
    "principle-widths": principle_widths,
    "principle-weights": principle_weights,
    "khatri-rao": khatri_rao,
    "projection": projection,
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
