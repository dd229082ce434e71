"""The second-order claims: ``hessian-rank``, ``manifold``, ``ggn``, ``ggn-semidefinite``."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.claims.learner_nearby import BOX_RULES
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, Node, rigor_of
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.numerics.network.outputs import curvature_is_negative, is_twice_differentiable_at
from lossproof.numerics.network.pass_limits import jacobian_exists
from lossproof.numerics.network.points import random_weights, scaled_output_weights
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest

_PRECISION = 256


def twice_differentiable(problem: Problem) -> bool:
    """Tell whether all activations of the network are twice differentiable everywhere, on record."""
    return not problem.architecture.kinked_layers(2)


def claim_hessian_rank(context: ProofContext, learner: Claim | None, existence: Claim, morse: Claim, *, weights_given: bool) -> Claim:
    """Claim Proposition 3 at the given weights, or for exact learners at large when no weights are given.

    ``learner`` is the claim that point 0 is an exact learner, ``existence`` that there is one.
    """
    problem = context.problem
    n_net, columns = problem.architecture.N_net, problem.columns
    degenerate = _degenerate(problem)
    at_learner = None if learner is None else claim_hessian_rank_at(context, learner, morse)
    if at_learner is not None:
        return at_learner
    if _is_regular(problem, existence) and morse.verdict is Verdict.PROVED:
        facts = {"rank_lower": columns, "rank_upper": columns}
        reason = f"At {_which_learner(existence)}, P has full column rank, so rank H = T·n_L = {columns}.{degenerate}"
        return _exists("hessian-rank", reason, facts, "hessian-rank-exists", (existence, morse), rigor_of(existence, morse))
    if weights_given:
        return _hessian_rank_open(context, learner)
    bound = min(n_net, columns)
    if twice_differentiable(problem) and not problem.error.is_cross_entropy:
        facts = {"rank_lower": 0, "rank_upper": bound}
        reason = f"At every exact learner H = (1/T) P diag(∇²E_i) Pᵀ, so rank H ≤ min(N_net, T·n_L) = {bound}.{degenerate}"
        return _exists("hessian-rank", reason, facts, "hessian-rank-everywhere", (), Rigor.EXACT)
    missing = "activations that are twice differentiable everywhere, and an error that is a function of the residual"
    reason = "The Hessian formula needs two derivatives, which this network or error does not offer everywhere."
    return Claim("hessian-rank", Scope.EVERYWHERE, Verdict.UNDECIDED, reason, {"rank_lower": 0, "rank_upper": n_net}, missing=missing)


def claim_hessian_rank_at(context: ProofContext, learner: Claim, morse: Claim) -> Claim | None:
    """Claim the rank of the Hessian at the exact learner of a claim ``exact-learner``; None where a hypothesis is not proved."""
    problem, point = context.problem, learner.point
    if point is None or learner.verdict is not Verdict.PROVED or morse.verdict is not Verdict.PROVED:
        return None
    if not is_twice_differentiable_at(problem, context.points[point], _PRECISION):
        return None
    lower, upper = rank_bounds(context, "P", point)
    premises: tuple[Node, ...] = (learner, lower, upper, morse)
    facts = {"rank_lower": lower.value, "rank_upper": upper.value}
    degenerate = _degenerate(problem)
    rank = _range(lower.value, upper.value)
    reason = f"At this exact learner H = (1/T) P diag(∇²E_i) Pᵀ with non-degenerate ∇²E_i, so rank H = rank P = {rank}.{degenerate}"
    rigor = weakest([rigor_of(*premises), context.derivative_rigor(context.points[point], 2)])
    return Claim("hessian-rank", Scope.AT_WEIGHTS, Verdict.PROVED, reason, facts, rigor, "hessian-rank-point", {}, premises, point)


def _degenerate(problem: Problem) -> str:
    return " It is degenerate: rank H is below N_net." if problem.columns < problem.architecture.N_net else ""


def _exists(name: str, reason: str, facts: dict[str, int], rule: str, premises: tuple[Node, ...], rigor: Rigor) -> Claim:
    return Claim(name, Scope.EVERYWHERE, Verdict.PROVED, reason, facts, rigor, rule, {}, premises)


def _range(lower: int, upper: int) -> str:
    return str(lower) if lower == upper else f"between {lower} and {upper}"


def _hessian_rank_open(context: ProofContext, learner: Claim | None) -> Claim:
    if learner is not None and learner.verdict is Verdict.REFUTED:
        reason = "The statement is about exact learners, and these weights are proved to be none."
        missing = "weights that are an exact learner"
    else:
        reason = "The hypotheses were not proved at these weights: an exact learner, a non-degenerate error, two derivatives."
        missing = (
            "a proof that these weights are an exact learner at which the error is non-degenerate and the network twice differentiable"
        )
    facts = {"rank_lower": 0, "rank_upper": context.problem.architecture.N_net}
    return Claim("hessian-rank", Scope.AT_WEIGHTS, Verdict.UNDECIDED, reason, facts, point=0, missing=missing)


def _is_regular(problem: Problem, existence: Claim) -> bool:
    """Tell whether the exact learners that a claim proves have full column rank, in a network that is smooth enough."""
    wide = existence.rule == "exact-learning-wide" and problem.architecture.output_activation.nonvanishing_derivative.holds
    regular = wide or existence.rule in BOX_RULES
    return regular and twice_differentiable(problem) and not problem.error.is_cross_entropy


def _which_learner(existence: Claim) -> str:
    if existence.rule == "exact-learning-wide":
        return "the exact learners that the wide layer gives"
    return f"the exact learner proved near point {existence.evidence['point']}"


def claims_manifold_and_ggn(context: ProofContext, learner: Claim | None, existence: Claim, full_rank: Claim, morse: Claim) -> list[Claim]:
    """Claim ``manifold`` and ``ggn`` at point 0, or at the exact learners of a wide layer, or leave them open."""
    problem = context.problem
    dimension = problem.architecture.N_net - problem.columns
    smooth = twice_differentiable(problem)
    manifold_text = f"form a manifold of dimension N_net − T·n_L = {dimension}"
    ggn_text = (
        "the minimum-norm AN/GGN iteration is Newton's method for an underdetermined system of full rank, "
        "locally quadratically convergent (Ben-Israel 1966)"
    )
    if learner is not None and learner.verdict is Verdict.PROVED and full_rank.verdict is Verdict.PROVED and smooth:
        return _pair(
            Scope.AT_WEIGHTS, 0, (learner, full_rank), morse, dimension, "point",
            f"Near these weights the exact learners {manifold_text}, by the implicit function theorem.",
            f"Near these weights {ggn_text}.",
        )  # fmt: skip
    if _is_regular(problem, existence):
        which = _which_learner(existence)
        return _pair(
            Scope.EVERYWHERE, None, (existence,), morse, dimension, "exists",
            f"Near {which}, the exact learners {manifold_text}.",
            f"Near {which}, {ggn_text}.",
        )  # fmt: skip
    missing = "an exact learner with proved full rank, and twice differentiable activations"
    reason = "No exact learner with full rank was proved."
    return [
        Claim("manifold", Scope.EVERYWHERE, Verdict.UNDECIDED, reason, {}, missing=missing),
        Claim("ggn", Scope.EVERYWHERE, Verdict.UNDECIDED, reason, {}, missing=missing + ", and a non-degenerate error"),
    ]


def _pair(
    scope: Scope, point: int | None, premises: tuple[Node, ...], morse: Claim, dimension: int, suffix: str, text: str, ggn_text: str
) -> list[Claim]:
    rigor = rigor_of(*premises)
    found = [Claim("manifold", scope, Verdict.PROVED, text, {"dimension": dimension}, rigor, f"manifold-{suffix}", {}, premises, point)]
    if morse.verdict is Verdict.PROVED:
        with_morse = (*premises, morse)
        found.append(Claim("ggn", scope, Verdict.PROVED, ggn_text, {"order": 2}, Rigor.CITED, f"ggn-{suffix}", {}, with_morse, point))
    else:
        reason = "The error is degenerate at its minimum, so the curvature that AN/GGN inverts is singular there."
        found.append(Claim("ggn", scope, Verdict.UNDECIDED, reason, {}, point=point, missing="an error that satisfies principle-morse"))
    return found


def claim_ggn_semidefinite(context: ProofContext) -> Claim:
    """Claim that ``H_GN ⪰ 0`` at all weights, or refute it by a witness (correction 4)."""
    problem = context.problem
    name = "ggn-semidefinite"
    if problem.error.convex.holds:
        error = brief_name(problem.error.name)
        reason = f"The {error} error is convex ({problem.error.convex.argument}), so every ∇²E_i ⪰ 0 and H_GN = (1/T) P diag(∇²E_i) Pᵀ ⪰ 0."
        return Claim(name, Scope.EVERYWHERE, Verdict.PROVED, reason, {}, Rigor.EXACT, "ggn-semidefinite-convex")
    if _residuals_stay_convex(problem):
        reason = "The range of the output activation keeps all residuals where the error is convex: r² ≤ β."
        return Claim(name, Scope.EVERYWHERE, Verdict.PROVED, reason, {}, Rigor.EXACT, "ggn-semidefinite-range")
    for weights in _far_weights(context):
        if not jacobian_exists(problem, weights):
            continue
        for j in range(problem.architecture.n_L):
            if curvature_is_negative(problem, weights, j, _PRECISION):
                point = context.add_point(weights)
                evidence = {"point": point, "output": j, "precision": _PRECISION}
                reason = (
                    f"Witness: at the weights of point {point} the residuals lie where the {brief_name(problem.error.name)} error curves downwards, "
                    f"and vᵀH_GN v < 0 for v = the incoming weights of output {j}."
                )
                return Claim(name, Scope.EVERYWHERE, Verdict.REFUTED, reason, {}, Rigor.BALL, "ggn-semidefinite-witness", evidence)
    reason = "The error is not convex, and no weights with a direction of negative curvature of H_GN were found."
    return Claim(
        name,
        Scope.EVERYWHERE,
        Verdict.UNDECIDED,
        reason,
        missing="weights with residuals where ∇²E is negative, or a proof that there are none",
    )


def _residuals_stay_convex(problem: Problem) -> bool:
    values, error = problem.architecture.output_activation.range, problem.error
    lower, upper = values.lower, values.upper
    if error.family != "cauchy" or error.beta is None or lower is None or upper is None:
        return False
    beta = error.beta
    return all(max(abs(lower - y), abs(upper - y)) ** 2 <= beta for row in problem.samples.Y for y in row)


def _far_weights(context: ProofContext) -> list[Weights]:
    """Weights whose outputs lie far from all targets."""
    problem = context.problem
    reach = max(abs(y) for row in problem.samples.Y for y in row) + 2 * (1 + (problem.error.beta or 1))
    sizes = [Fraction(round(reach) + 1) * 2**k for k in range(3)]
    if problem.architecture.bias == "trainable":
        return [scaled_output_weights(problem, sign * size) for size in sizes for sign in (1, -1)]
    return [random_weights(problem, context.seed, output_factor=size) for size in (Fraction(1), *(64 * s for s in sizes))]
