"""The claims about ``rank P = T n_L``: at the weights, almost everywhere, everywhere, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound, rigor_of
from lossproof.certificates.proof.rank_bounds import generic_upper_bound, rank_bounds
from lossproof.numerics.network.points import off_kinks, random_weights
from lossproof.numerics.ranks.sign_patterns import sign_pattern_evidence
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest

_ATTEMPTS = 4


def claim_full_rank_at(context: ProofContext, point: int) -> Claim:
    """Claim ``rank P = T n_L`` at a point."""
    if not context.jacobian_exists(point):
        return undefined_claim(
            context,
            "full-rank",
            point,
            {"rank_lower": 0, "rank_upper": min(matrix_size(context.problem, "P")), "columns": context.problem.columns},
        )
    lower, upper = rank_bounds(context, "P", point)
    columns = context.problem.columns
    facts = {"rank_lower": lower.value, "rank_upper": upper.value, "columns": columns}
    verdict, missing = Verdict.UNDECIDED, ""
    if lower.value == columns:
        verdict, reason = (
            Verdict.PROVED,
            f"rank P(W) = {columns} = T·n_L: the gradients of all outputs at all samples are linearly independent.",
        )
    elif upper.value < columns:
        verdict = Verdict.REFUTED
        rank = f"rank P(W) = {lower.value}" if lower.value == upper.value else f"rank P(W) lies between {lower.value} and {upper.value}"
        reason = f"{rank}, below T·n_L = {columns}."
    else:
        reason = f"rank P(W) was enclosed between {lower.value} and {upper.value}; T·n_L = {columns}."
        missing = _missing_bound(context, point)
    if verdict is Verdict.UNDECIDED:
        return Claim("full-rank", Scope.AT_WEIGHTS, verdict, reason, facts, premises=(lower, upper), point=point, missing=missing)
    rigor = weakest([lower.rigor, upper.rigor, context.derivative_rigor(context.points[point], 1)])
    return Claim("full-rank", Scope.AT_WEIGHTS, verdict, reason, facts, rigor, "full-rank", {}, (lower, upper), point)


def _missing_bound(context: ProofContext, point: int) -> str:
    """Say what a decision would need, and which margin the proof in doubles lacked."""
    obstacle = context.obstacles.get(("P", point))
    missing = "a lower bound of T·n_L (raise max_precision) or an exact kernel vector of P at these weights"
    return missing if obstacle is None else f"{missing}; in double precision {obstacle}"


def undefined_claim(context: ProofContext, name: str, point: int, facts: Mapping[str, Any]) -> Claim:
    """Return the UNDECIDED claim for a point where ``P`` does not exist."""
    a = context.problem.architecture
    kinked = next(s for s in a.activations if s.kinks(1))
    places = " or ".join(map(str, kinked.kinks(1)))
    return Claim(
        name,
        Scope.AT_WEIGHTS,
        Verdict.UNDECIDED,
        f"P(W) does not exist at these weights: some z is {places}, where {brief_name(kinked.name)} has no derivative (or cannot be told from it).",
        facts,
        point=point,
        missing="weights at which every derivative exists, for instance with other biases",
    )


def best_generic_point(context: ProofContext) -> tuple[RankBound | None, RankBound]:
    """Return the best lower bound of ``rank P`` over some points, and the best upper bound that holds at every ``W``.

    The lower bound is None if ``P`` exists at none of the points.
    """
    upper = generic_upper_bound(context)
    best: RankBound | None = None
    count = len(context.points)
    for attempt in range(_ATTEMPTS):
        if best is not None and best.value >= upper.value:
            break
        known = len(context.points)
        point = context.add_point(random_weights(context.problem, context.seed + attempt)) if attempt else 0
        if context.jacobian_exists(point):
            found = rank_bounds(context, "P", point)[0]
            if best is None or found.value > best.value:
                best = found
                continue
        context.forget_points_after(known)
    if best is not None and best.point is not None and best.point > count and _is_deficient_at_first_point(context):
        best = rank_bounds(context, "P", context.keep_point_at(count, context.points[best.point]))[0]
    return best, upper


def _is_deficient_at_first_point(context: ProofContext) -> bool:
    """Tell whether point 0 is proved to be a witness against full rank everywhere, so that no point between it and the best one has to be kept as one."""
    bounds = context.bounds.get(("P", 0))
    return bounds is not None and bounds[1].value < context.problem.columns


def claim_full_rank_generic(context: ProofContext) -> Claim:
    """Claim ``rank P = T n_L`` for almost every ``W``, by one point and analyticity, or its failure by structure."""
    return generic_claim_of(context, *best_generic_point(context))


def generic_claim_of(context: ProofContext, lower: RankBound | None, upper: RankBound) -> Claim:
    """Return that claim from the bounds of `best_generic_point`."""
    a, columns = context.problem.architecture, context.problem.columns
    not_analytic = [brief_name(s.name) for s in a.activations if not s.analytic.holds]
    facts = {"rank_lower": 0 if lower is None else lower.value, "rank_upper": upper.value, "columns": columns}
    if upper.value < columns and lower is not None:
        reason = f"rank P(W) ≤ {upper.value} < {columns} at every W, for a structural reason."
        return _generic(context, Verdict.REFUTED, reason, facts, (lower, upper))
    open_set = _claim_deficient_open_set(context)
    if open_set is not None:
        return open_set
    if lower is None:
        missing = "weights at which every derivative in P exists"
        return Claim(
            "full-rank", Scope.ALMOST_EVERYWHERE, Verdict.UNDECIDED, "P(W) exists at none of the points tried.", facts, premises=(upper,), missing=missing
        )  # fmt: skip
    if lower.value == columns and not not_analytic:
        reason = (
            f"rank P = {columns} is proved at one W, and the minors of P are real-analytic functions of W: "
            "the set where they all vanish is closed and of measure zero."
        )
        return _generic(context, Verdict.PROVED, reason, facts, (lower, upper))
    by_signs = sign_pattern_evidence(context.problem, context.seed) if lower.value == columns else None
    if by_signs is not None:
        reason = (
            f"On each set of weights with one pattern of signs of the hidden units' inputs, {brief_name(a.activation.name)} is a rational function; "
            f"for every pattern, feasible or not, P has rank {columns} at some residues modulo a prime, hence at almost all weights."
        )
        return Claim("full-rank", Scope.ALMOST_EVERYWHERE, Verdict.PROVED, reason, facts, by_signs.rigor, by_signs.rule, by_signs.payload)
    if lower.value == columns:
        reason = (
            f"rank P = {columns} is proved at one W and hence on an open set, but {not_analytic[0]} is not analytic, "
            "so this set need not have full measure."
        )
        missing = "a proof for each region on which the network is analytic"
    else:
        reason = f"The best proved rank over the points tried is {lower.value}, and the structural upper bound is {upper.value}."
        missing = "weights with a proved rank T·n_L, or a structural reason why there are none"
    return Claim(
        "full-rank", Scope.ALMOST_EVERYWHERE, Verdict.UNDECIDED, reason, facts, premises=(lower, upper), missing=missing
    )  # fmt: skip


def _generic(context: ProofContext, verdict: Verdict, reason: str, facts: dict[str, int], bounds: tuple[RankBound, RankBound]) -> Claim:
    point = bounds[0].point
    seen = Rigor.EXACT if point is None else context.derivative_rigor(context.points[point], 1)
    rigor = weakest([*(bound.rigor for bound in bounds), seen])
    return Claim("full-rank", Scope.ALMOST_EVERYWHERE, verdict, reason, facts, rigor, "full-rank-generic", {}, bounds)


def _claim_deficient_open_set(context: ProofContext) -> Claim | None:
    """Refute "almost everywhere" by an open set of weights on which the rank is too small."""
    problem = context.problem
    a, columns = problem.architecture, problem.columns
    if a.L < 2 or a.bias != "trainable":
        return None
    if a.activation.is_dead_for_negative and problem.T >= 2:
        facts = {"rank_lower": 0, "rank_upper": a.n_L, "columns": columns}
        reason = (
            f"On an open set of weights every unit of the first layer is inactive at every sample, and rank P ≤ n_L = {a.n_L} < {columns} there: "
            "rank-deficient weights have positive measure."
        )
        rule, premises = "full-rank-dead-units", ()
        return Claim("full-rank", Scope.ALMOST_EVERYWHERE, Verdict.REFUTED, reason, facts, Rigor.EXACT, rule, {}, premises)
    inputs = rank_bounds(context, "Phi-0+", 0)[1]
    value = a.n_L * inputs.value
    if a.activation.is_identity_for_positive and value < columns:
        facts = {"rank_lower": 0, "rank_upper": value, "columns": columns}
        reason = (
            f"On an open set of weights all hidden units work where {brief_name(a.activation.name)} is linear, "
            f"so rank P ≤ n_L·rank [X, 1] = {value} < {columns} there."
        )
        rule = "full-rank-linear-region"
        return Claim("full-rank", Scope.ALMOST_EVERYWHERE, Verdict.REFUTED, reason, facts, inputs.rigor, rule, {}, (inputs,))
    return None


def claim_full_rank_everywhere(context: ProofContext) -> Claim:
    """Claim ``rank P = T n_L`` at all weights: it holds for a single layer at most, and is refuted by a witness otherwise."""
    problem = context.problem
    a, columns = problem.architecture, problem.columns
    upper = generic_upper_bound(context)
    if upper.value < columns:
        reason = f"rank P(W) ≤ {upper.value} < {columns} at every W."
        return _everywhere(
            Verdict.REFUTED, reason, {"rank_upper": upper.value, "columns": columns}, upper.rigor, "full-rank-nowhere", (upper,)
        )
    if a.L == 1:
        return _single_layer(context)
    certain = a.output_activation.nonvanishing_derivative.holds and not a.kinked_layers(1)
    if problem.T == 1 and a.bias == "trainable" and certain:
        reason = f"One sample: the bias rows of the last block are the identity up to non-zero factors, so rank P(W) = n_L = {columns} at every W."
        facts = {"rank_lower": columns, "columns": columns}
        return _everywhere(Verdict.PROVED, reason, facts, Rigor.EXACT, "full-rank-single-sample", ())
    witness = _constant_witness(context)
    if witness is not None:
        reason = (
            f"Witness W = 0{'' if witness == '0' else f' with all biases {witness}'}: all samples have the same φ_{{L-1}} and the blocks l < L vanish, "
            f"so rank P ≤ n_L = {a.n_L} < {columns}."
        )
        facts = {"rank_upper": a.n_L, "columns": columns}
        rigor = _rigor_at_zero(problem)
        return Claim("full-rank", Scope.EVERYWHERE, Verdict.REFUTED, reason, facts, rigor, "full-rank-zero", {"bias": witness})
    for (matrix, at), (_, bound) in sorted(context.bounds.items(), key=str):
        if matrix == "P" and at is not None and bound.value < columns:
            reason = f"Witness: the weights of point {at}, where rank P ≤ {bound.value} < {columns}."
            rigor = weakest([bound.rigor, context.derivative_rigor(context.points[at], 1)])
            return _everywhere(
                Verdict.REFUTED, reason, {"rank_upper": bound.value, "columns": columns}, rigor, "full-rank-witness", (bound,)
            )
    missing = "weights with a proved rank below T·n_L; the zero weights are no witness here because a derivative does not exist there"
    return Claim("full-rank", Scope.EVERYWHERE, Verdict.UNDECIDED, "No rank-deficient weights were found.", missing=missing)


def _everywhere(verdict: Verdict, reason: str, facts: dict[str, int], rigor: Rigor, rule: str, premises: tuple[RankBound, ...]) -> Claim:
    return Claim("full-rank", Scope.EVERYWHERE, verdict, reason, facts, rigor, rule, {}, premises)


def _single_layer(context: ProofContext) -> Claim:
    problem = context.problem
    a, columns = problem.architecture, problem.columns
    lower = rank_bounds(context, "Phi-0+", 0)[0]
    if not a.output_activation.nonvanishing_derivative.holds:
        return Claim(
            "full-rank", Scope.EVERYWHERE, Verdict.UNDECIDED,
            f"The derivative of {brief_name(a.output_activation.name)} vanishes or fails to exist somewhere.",
            missing="weights at which a column of P vanishes",
        )  # fmt: skip
    value = a.n_L * lower.value
    if value < columns:
        return Claim(
            "full-rank",
            Scope.EVERYWHERE,
            Verdict.UNDECIDED,
            f"rank P ≥ {value} everywhere, T·n_L = {columns}.",
            missing="the rank of the inputs",
        )
    reason = (
        f"One layer: P(W) is the inputs (with their constant 1) once for each output, times non-zero factors. The {problem.T} inputs are linearly independent, "
        f"so rank P(W) = {columns} at every W."
    )
    return _everywhere(Verdict.PROVED, reason, {"rank_lower": value, "columns": columns}, lower.rigor, "full-rank-single-layer", (lower,))


def _constant_witness(context: ProofContext) -> str | None:
    """The bias of a rank-deficient point with ``W = 0`` at which every needed derivative exists, or None."""
    problem = context.problem
    a = problem.architecture
    if a.L < 2 or problem.T < 2:
        return None
    kinks = {l: a.activation_of(l).kinks(1) for l in a.kinked_layers(1)}
    if problem.fixed_bias is not None:
        return None if any(b in kinks[l] for l in kinks for b in problem.fixed_bias[l - 1]) else "0"
    if not any(0 in points for points in kinks.values()):
        return "0"
    return str(off_kinks(a)) if a.bias == "trainable" else None


def _rigor_at_zero(problem: Problem) -> Rigor:
    """Return the rigor with which derivatives are seen to exist at ``W = 0``, where ``z_l = b_l``."""
    a, fixed = problem.architecture, problem.fixed_bias
    rational = fixed is None or all(isinstance(b, Fraction) for l in a.kinked_layers(1) for b in fixed[l - 1])
    return Rigor.EXACT if rational else Rigor.BALL


def claims_that_follow(full_everywhere: Claim, full_generic: Claim, principle_error: Claim) -> list[Claim]:
    """Claim ``never-everywhere`` and ``almost-everywhere`` where their premises are decided."""
    found = []
    if full_everywhere.verdict is Verdict.REFUTED:
        reason = "Full rank fails at some weights, so no argument that asks for it at all weights applies."
        rigor = full_everywhere.rigor
        found.append(
            Claim("never-everywhere", Scope.EVERYWHERE, Verdict.PROVED, reason, {}, rigor, "never-everywhere", {}, (full_everywhere,))
        )
    if full_generic.verdict is Verdict.PROVED and principle_error.verdict is Verdict.PROVED:
        reason = (
            "The set {W : rank P(W) < T·n_L} is closed, has measure zero, and contains every critical point that is no exact learner: "
            "outside it, ε(W) = 0 is the only way for the gradient to vanish."
        )
        rigor = rigor_of(full_generic, principle_error)
        premises = (full_generic, principle_error)
        found.append(
            Claim("almost-everywhere", Scope.ALMOST_EVERYWHERE, Verdict.PROVED, reason, {}, rigor, "almost-everywhere", {}, premises)
        )
    return found
