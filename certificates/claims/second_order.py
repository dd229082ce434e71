"""The second-order claims: ``hessian-rank``, ``manifold``, ``ggn``, ``ggn-semidefinite``."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.claims.full_rank import decided_full_rank
from lossproof.certificates.claims.learners import Learner
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, Node, decided, implied, undecided
from lossproof.certificates.proof.places import EVERYWHERE, Point
from lossproof.numerics.network.outputs import curvature_is_negative
from lossproof.numerics.network.points import random_weights, scaled_output_weights
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Rigor, Verdict

_PRECISION = 256
_WITH_DECAY = "The statement is about the mean error alone, as an exact learner with weight decay is no critical point."
_WITHOUT_DECAY = "a loss without weight decay"


def claim_hessian_rank(
    context: ProofContext, start: Point, at_start: Claim | None, learner: Learner | None, morse: Claim, *, weights_given: bool
) -> Claim:
    """Claim Proposition 3 at an exact learner, where one is known, else for exact learners at large where no weights are given.

    ``at_start`` is the claim ``exact-learner`` at the weights of ``start``, if there is one.
    """
    problem = context.problem
    if problem.decay is not None:
        return undecided(
            "hessian-rank", EVERYWHERE, _WITH_DECAY, _WITHOUT_DECAY, facts={"rank_lower": 0, "rank_upper": problem.architecture.N_net}
        )
    found = None if learner is None else hessian_rank_at(context, learner, morse)
    if found is not None:
        return found
    n_net, bound = problem.architecture.N_net, min(problem.architecture.N_net, problem.columns)
    if weights_given:
        return _hessian_rank_open(start, at_start, n_net)
    if not problem.architecture.kinked_layers(2) and not problem.error.is_cross_entropy:
        reason = f"At every exact learner H = (1/T) P diag(∇²E_i) Pᵀ, so rank H ≤ min(N_net, T·n_L) = {bound}.{_degenerate(problem)}"
        return decided("hessian-rank", EVERYWHERE, reason, "record", facts={"rank_lower": 0, "rank_upper": bound})
    missing = "activations that are twice differentiable everywhere, and an error that is a function of the residual"
    reason = "The Hessian formula needs two derivatives, which this network or error does not offer everywhere."
    return undecided("hessian-rank", EVERYWHERE, reason, missing, facts={"rank_lower": 0, "rank_upper": n_net})


def _hessian_rank_open(start: Point, at_start: Claim | None, n_net: int) -> Claim:
    if at_start is not None and at_start.verdict is Verdict.REFUTED:
        reason = "The statement is about exact learners, and these weights are proved to be none."
        missing = "weights that are an exact learner"
    else:
        reason = "The hypotheses were not proved at these weights: an exact learner, a non-degenerate error, two derivatives."
        missing = (
            "a proof that these weights are an exact learner at which the error is non-degenerate and the network twice differentiable"
        )
    return undecided("hessian-rank", start, reason, missing, facts={"rank_lower": 0, "rank_upper": n_net})


def hessian_rank_at(context: ProofContext, learner: Learner, morse: Claim) -> Claim | None:
    """Claim the rank of the Hessian at an exact learner; None where a hypothesis is not proved."""
    premises = premises_at_learner(context, learner, morse)
    if premises is None or learner.ranks is None:
        return None
    lower, upper = learner.ranks.lower.value, learner.ranks.upper.value
    rank = str(lower) if lower == upper else f"between {lower} and {upper}"
    reason = f"At this exact learner H = (1/T) P diag(∇²E_i) Pᵀ with non-degenerate ∇²E_i, so rank H = rank P = {rank}.{_degenerate(context.problem)}"
    facts = {"rank_lower": lower, "rank_upper": upper}
    return decided("hessian-rank", learner.place, reason, "definition", *premises, facts=facts)


def premises_at_learner(context: ProofContext, learner: Learner, morse: Claim) -> tuple[Node, ...] | None:
    """Return what the rank and the signs of the Hessian at an exact learner rest on; None where that is not proved."""
    smooth = context.differentiable(learner.place, 2, learner.claim)
    if learner.ranks is None or smooth is None or morse.verdict is not Verdict.PROVED:
        return None
    return (learner.claim, learner.ranks.lower, learner.ranks.upper, morse, *smooth)


def _degenerate(problem: Problem) -> str:
    return " It is degenerate: rank H is below N_net." if problem.columns < problem.architecture.N_net else ""


def claims_manifold_and_ggn(context: ProofContext, learner: Learner | None, morse: Claim) -> list[Claim]:
    """Claim ``manifold`` and ``ggn`` at an exact learner, or leave them open; the latter is about a loss without weight decay."""
    manifold = None if learner is None else manifold_at(context, learner)
    if manifold is None:
        missing = "an exact learner with proved full rank, and twice differentiable activations"
        reason = "No exact learner with full rank was proved."
        return [
            undecided("manifold", EVERYWHERE, reason, missing),
            undecided("ggn", EVERYWHERE, reason, missing + ", and a non-degenerate error"),
        ]
    place = manifold.place
    if context.problem.decay is not None:
        return [manifold, undecided("ggn", place, _WITH_DECAY, _WITHOUT_DECAY)]
    if morse.verdict is not Verdict.PROVED:
        reason = "The error is degenerate at its minimum, so the curvature that AN/GGN inverts is singular there."
        return [manifold, undecided("ggn", place, reason, "an error that satisfies principle-morse")]
    reason = (
        "Near it the minimum-norm AN/GGN iteration is Newton's method for an underdetermined system of full rank, "
        "locally quadratically convergent (Ben-Israel 1966)."
    )
    return [manifold, implied("ggn", "ggn", place, reason, manifold, morse, facts={"order": 2}, own=Rigor.CITED)]


def manifold_at(context: ProofContext, learner: Learner) -> Claim | None:
    """Claim that the exact learners near one at which ``P`` has full rank form a manifold; None where a hypothesis is not proved."""
    return context.once("manifold", learner.place, lambda: _manifold_at(context, learner))


def _manifold_at(context: ProofContext, learner: Learner) -> Claim | None:
    columns = context.problem.columns
    once, twice = (context.differentiable(learner.place, order, learner.claim) for order in (1, 2))
    if learner.ranks is None or learner.ranks.lower.value < columns or once is None or twice is None:
        return None
    full_rank = decided_full_rank(context, learner.place, learner.ranks, once)
    dimension = context.problem.architecture.N_net - columns
    reason = f"Near this exact learner the exact learners form a manifold of dimension N_net − T·n_L = {dimension}, by the implicit function theorem."
    return implied("manifold", "manifold", learner.place, reason, learner.claim, full_rank, *twice, facts={"dimension": dimension})


def claim_ggn_semidefinite(context: ProofContext) -> Claim:
    """Claim that ``H_GN ⪰ 0`` at all weights, or refute it by a witness (correction 4)."""
    problem, name = context.problem, "ggn-semidefinite"
    error = brief_name(problem.error.name)
    if problem.error.convex.holds:
        reason = f"The {error} error is convex ({problem.error.convex.argument}), so every ∇²E_i ⪰ 0 and H_GN = (1/T) P diag(∇²E_i) Pᵀ ⪰ 0."
        return decided(name, EVERYWHERE, reason, "record")
    if _residuals_stay_convex(problem):
        reason = "The range of the output activation keeps all residuals where the error is convex: r² ≤ β."
        return implied(name, name, EVERYWHERE, reason)
    for point in () if problem.architecture.frozen else map(Point, _far_weights(context)):
        outputs = range(problem.architecture.n_L) if context.has_jacobian(point) else ()
        for j in outputs:
            if curvature_is_negative(problem, point.weights, j, _PRECISION):
                evidence = {"point": point, "output": j, "precision": _PRECISION}
                reason = (
                    f"Witness: weights at which the residuals lie where the {error} error curves downwards, "
                    f"and vᵀH_GN v < 0 for v = the incoming weights of output {j}."
                )
                return decided(
                    name, EVERYWHERE, reason, "ggn-semidefinite-witness", verdict=Verdict.REFUTED, evidence=evidence, own=Rigor.BALL
                )
    reason = "The error is not convex, and no weights with a direction of negative curvature of H_GN were found."
    return undecided(name, EVERYWHERE, reason, "weights with residuals where ∇²E is negative, or a proof that there are none")


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
    if problem.architecture.biases[-1] == "trainable":
        return [scaled_output_weights(problem, sign * size) for size in sizes for sign in (1, -1)]
    return [random_weights(problem, context.seed, output_factor=size) for size in (Fraction(1), *(64 * s for s in sizes))]
