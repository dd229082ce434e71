"""The claims about ``rank P = T n_L``: at the weights, almost everywhere, everywhere, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from lossproof.certificates.claims.deficient_sets import constant_witness, deficient_open_set
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound, bound, decided, implied, undecided
from lossproof.certificates.proof.places import ALMOST_EVERYWHERE, EVERYWHERE, Place, Point
from lossproof.certificates.proof.rank_bounds import RankBounds, generic_upper_bound, inputs_bounds, last_block_bound, rank_bounds
from lossproof.certificates.proof.structural_bounds import trivial_bound
from lossproof.numerics.network.points import constant_weights, random_weights
from lossproof.numerics.ranks.sign_patterns import sign_pattern_evidence
from lossproof.theory.functions.activation import Activation
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Verdict

_NAME = "full-rank"
_ATTEMPTS = 4


def claim_full_rank_at(context: ProofContext, point: Point) -> Claim:
    """Claim ``rank P = T n_L`` at a point."""
    smooth = context.differentiable(point, 1)
    columns = context.problem.columns
    if smooth is None:
        facts = {"rank_lower": 0, "rank_upper": generic_upper_bound(context).value, "columns": columns}
        return undefined_claim(context, _NAME, point, facts)
    found = rank_bounds(context, "P", point)
    lower, upper = found.lower.value, found.upper.value
    if lower == columns or upper < columns:
        return decided_full_rank(context, point, found, smooth)
    reason = f"rank P(W) was enclosed between {lower} and {upper}; T·n_L = {columns}."
    missing = "a lower bound of T·n_L (raise max_precision) or an exact kernel vector of P at these weights"
    missing = f"{missing}; in double precision {found.obstacle}" if found.obstacle else missing
    return undecided(_NAME, point, reason, missing, found.lower, found.upper, facts=_facts(found.lower, found.upper, columns))


def decided_full_rank(context: ProofContext, place: Place, found: RankBounds, smooth: tuple[Claim, ...]) -> Claim:
    """Claim what bounds of the rank at a point or a witness say about full rank; ``smooth`` shows that ``P`` exists there."""
    columns, lower, upper = context.problem.columns, found.lower.value, found.upper.value
    full = lower == columns
    if full:
        reason = f"rank P(W) = {columns} = T·n_L: the gradients of all outputs at all samples are linearly independent. {_route(found.lower)}".rstrip()
    else:
        rank = f"rank P(W) = {lower}" if lower == upper else f"rank P(W) lies between {lower} and {upper}"
        reason = f"{rank}, below T·n_L = {columns}."
    verdict, facts = Verdict.PROVED if full else Verdict.REFUTED, _facts(found.lower, found.upper, columns)
    return decided(_NAME, place, reason, "definition", found.lower, found.upper, *smooth, verdict=verdict, facts=facts)


def _route(lower: RankBound) -> str:
    """Say which part of ``P`` a lower bound was taken from; nothing for the whole of it."""
    block = next((p for p in lower.premises if isinstance(p, RankBound)), None) if lower.rule == "rank-stack" else None
    if block is None:
        return ""
    phi = next((p for p in block.premises if isinstance(p, RankBound) and p.matrix.startswith("Phi")), None)
    if phi is None:
        return f"The rows of {block.matrix} alone prove it."
    return f"The rows of {block.matrix} alone prove it, as {phi.matrix} has rank {phi.value}: a matrix of {phi.value} columns in place of {lower.value}."


def _facts(lower: RankBound, upper: RankBound, columns: int) -> dict[str, int]:
    return {"rank_lower": lower.value, "rank_upper": upper.value, "columns": columns}


def undefined_claim(context: ProofContext, name: str, point: Point, facts: Mapping[str, Any]) -> Claim:
    """Return the UNDECIDED claim for a point where ``P`` does not exist."""
    kinked = next(s for s in context.problem.architecture.activations if s.kinks(1))
    places = " or ".join(map(str, kinked.kinks(1)))
    reason = f"P(W) does not exist at these weights: some z is {places}, where {brief_name(kinked.name)} has no derivative (or cannot be told from it)."
    missing = f"weights at which every derivative exists{', for instance with other biases' if set(context.problem.architecture.biases) != {'none'} else ''}"
    return undecided(name, point, reason, missing, facts=facts)


def best_generic_bound(context: ProofContext, start: Point) -> RankBound | None:
    """Return the best lower bound of ``rank P`` over ``start`` and some random points; None if ``P`` exists at none of them."""
    enough = generic_upper_bound(context).value
    best: RankBound | None = None
    for attempt in range(_ATTEMPTS):
        if best is not None and best.value >= enough:
            break
        point = start if attempt == 0 else _random_point(context, attempt)
        if context.has_jacobian(point):
            found = rank_bounds(context, "P", point).lower
            best = found if best is None or found.value > best.value else best
    return best


def telling_generic_bound(context: ProofContext, start: Point) -> RankBound | None:
    """Return the best bound as `best_generic_bound` does, or None where no bound at a point could decide anything.

    That is where an activation is not analytic, and ``rank P < T n_L`` at all weights or on an open set of them.
    """
    problem = context.problem
    if not _is_analytic(problem) and (generic_upper_bound(context).value < problem.columns or deficient_open_set(context) is not None):
        return None
    return best_generic_bound(context, start)


def _random_point(context: ProofContext, attempt: int) -> Point:
    return context.once("random point", attempt, lambda: Point(random_weights(context.problem, context.seed + attempt)))


def generic_claim_of(context: ProofContext, best: RankBound | None, start: Point) -> Claim:
    """Claim ``rank P = T n_L`` for almost every ``W``, or refute it: by structure, or by an open set.

    ``best`` is the best lower bound of the rank at a point, or at free values, if there is one.
    """
    problem, columns = context.problem, context.problem.columns
    upper, least = generic_upper_bound(context), trivial_bound(problem, "P")
    known = (_almost_everywhere(problem, found) for found in (_bound_everywhere(context), best) if found is not None)
    lower = max((found for found in known if found is not None), key=lambda found: found.value, default=least)
    if lower.value < columns <= upper.value:
        lower = _by_sign_patterns(context) or lower
    if lower.value == columns:
        facts = _facts(lower, upper, columns)
        return decided(_NAME, ALMOST_EVERYWHERE, _why_full(lower), "definition", lower, upper, facts=facts)
    if upper.value < columns:
        reason = f"rank P(W) ≤ {upper.value} < {columns} at every W, for a structural reason."
        return _refuted_almost(lower, upper, columns, reason)
    open_set = deficient_open_set(context, start)
    if open_set is not None:
        return _refuted_almost(least, open_set.bound, columns, open_set.reason)
    return _open(problem, best, upper)


def _refuted_almost(lower: RankBound, upper: RankBound, columns: int, reason: str) -> Claim:
    facts = _facts(lower, upper, columns)
    return decided(_NAME, ALMOST_EVERYWHERE, reason, "definition", lower, upper, verdict=Verdict.REFUTED, facts=facts)


def _why_full(lower: RankBound) -> str:
    if lower.rule == "rank-patterns":
        return (
            "On each set of weights with one pattern of signs of the hidden units' inputs, softsign is a rational function; "
            f"for every pattern, feasible or not, P has rank {lower.value} at some residues modulo a prime, hence at almost all weights."
        )
    return (
        f"rank P = {lower.value} is proved at one W, and the minors of P, columns up to factors that are not 0, are real-analytic functions of W: "
        "the set where they all vanish is closed and of measure zero."
    )


def _almost_everywhere(problem: Problem, best: RankBound) -> RankBound | None:
    """Return the bound as one for almost every ``W`` (rule `rank-almost`), or None where an activation concerned is not analytic, or ``P`` may not exist."""
    if best.place is ALMOST_EVERYWHERE:
        return best
    a = problem.architecture
    analytic = best.place is EVERYWHERE or _is_analytic(problem)
    full = best.value == problem.columns and all(s.differentiable.holds for s in _activations_concerned(problem))
    exists = all(a.bias_rows_of(l) for l in a.kinked_layers(1)) or full
    return bound("P", ALMOST_EVERYWHERE, best.value, "rank-almost", best, lower=True) if analytic and exists else None


def _activations_concerned(problem: Problem) -> list[Activation]:
    """Return the activations whose derivatives may change the rank of ``P``: all but one of the outputs whose slopes are not 0."""
    a = problem.architecture
    return [a.activation_of(l) for l in range(1, a.L + (0 if a.output_activation.has_nonzero_slopes else 1))]


def _is_analytic(problem: Problem) -> bool:
    return all(s.analytic.holds for s in _activations_concerned(problem))


def _by_sign_patterns(context: ProofContext) -> RankBound | None:
    found = sign_pattern_evidence(context.problem, context.seed)
    if found is None:
        return None
    return bound("P", ALMOST_EVERYWHERE, found.value, found.rule, lower=True, own=found.rigor, evidence=found.payload)


def _open(problem: Problem, best: RankBound | None, upper: RankBound) -> Claim:
    """Return the UNDECIDED claim: what is known of the rank at some point, and what a decision would need."""
    columns = problem.columns
    if best is None:
        kinked = next(s for s in problem.architecture.activations if not s.differentiable.holds)
        reason = f"At each of the points tried {brief_name(kinked.name)} meets a z at which it has no derivative, or none that can be told from it."
        missing = "weights at which every derivative in P exists"
        facts = {"rank_lower": 0, "rank_upper": upper.value, "columns": columns}
        return undecided(_NAME, ALMOST_EVERYWHERE, reason, missing, upper, facts=facts)
    if best.value == columns:
        rough = next(s.name for s in problem.architecture.activations if not s.analytic.holds)
        reason = (
            f"rank P = {columns} is proved at one W and hence on an open set, but {brief_name(rough)} is not analytic, "
            "so this set need not have full measure."
        )
        missing = "a proof for each region on which the network is analytic"
    else:
        reason = f"The best proved rank over the points tried is {best.value}, and the structural upper bound is {upper.value}."
        missing = "weights with a proved rank T·n_L, or a structural reason why there are none"
    return undecided(_NAME, ALMOST_EVERYWHERE, reason, missing, best, upper, facts=_facts(best, upper, columns))


def claim_full_rank_everywhere(context: ProofContext, points: Iterable[Point]) -> Claim:
    """Claim ``rank P = T n_L`` at all weights: it holds for a single layer or sample at most, and is refuted by a witness otherwise.

    The weights of ``points`` are looked at where no other witness is found; where a layer is frozen, those with all trainable weights 0 besides.
    """
    problem = context.problem
    columns, upper = problem.columns, generic_upper_bound(context)
    if upper.value < columns:
        return _refuted_everywhere(upper, columns, f"rank P(W) ≤ {upper.value} < {columns} at every W.")
    full = full_rank_everywhere(context)
    if full is not None:
        return full
    found = constant_witness(problem) or deficient_open_set(context)
    if found is not None:
        return _refuted_everywhere(found.bound, columns, found.reason)
    zeros = [Point(constant_weights(problem, Fraction(0)))] if problem.architecture.frozen else []
    for point in (*points, *zeros):
        smooth = context.differentiable(point, 1)
        at_point = None if smooth is None else rank_bounds(context, "P", point).upper
        if smooth is not None and at_point is not None and at_point.value < columns:
            reason = f"Witness: weights where rank P ≤ {at_point.value} < {columns}."
            return _refuted_everywhere(at_point, columns, reason, *smooth)
    missing = "weights with a proved rank below T·n_L; the zero weights are no witness here because a derivative does not exist there"
    if problem.architecture.L == 1 or problem.T == 1:
        missing = "weights at which a column of P vanishes, or a proof that there are none"
    return undecided(_NAME, EVERYWHERE, "No rank-deficient weights were found.", missing)


def _refuted_everywhere(upper: RankBound, columns: int, reason: str, *smooth: Claim) -> Claim:
    facts = {"rank_upper": upper.value, "columns": columns}
    return decided(_NAME, EVERYWHERE, reason, "definition", upper, *smooth, verdict=Verdict.REFUTED, facts=facts)


def full_rank_everywhere(context: ProofContext) -> Claim | None:
    """Claim ``rank P = T n_L`` at all weights where the block of the last layer proves it alone, else None."""
    return context.once("full rank", EVERYWHERE, lambda: _full_everywhere(context))


def _full_everywhere(context: ProofContext) -> Claim | None:
    problem = context.problem
    a, columns = problem.architecture, problem.columns
    lower = None if a.kinked_layers(1) else _bound_everywhere(context)
    if lower is None or lower.value < columns:
        return None
    if a.L == 1:
        reason = (
            f"One layer: P(W) is the inputs (with their constant 1) once for each output, times non-zero factors. The {problem.T} inputs are linearly "
            f"independent, so rank P(W) = {columns} at every W."
        )
    else:
        reason = f"One sample: the bias rows of the last block are the identity up to non-zero factors, so rank P(W) = n_L = {columns} at every W."
    return decided(_NAME, EVERYWHERE, reason, "definition", lower, facts={"rank_lower": columns, "columns": columns})


def _bound_everywhere(context: ProofContext) -> RankBound | None:
    """Return the lower bound of ``rank P`` that the last block gives at all weights: by the inputs for a single layer, else by the constant 1 of the bias.

    None where a layer is frozen, or slopes of the outputs may be 0.
    """
    a = context.problem.architecture
    if a.frozen or not a.output_activation.has_nonzero_slopes:
        return None
    phi = inputs_bounds(context).lower if a.L == 1 else trivial_bound(context.problem, f"Phi-{a.L - 1}+")
    last = last_block_bound(context, phi)
    return bound("P", last.place, last.value, "rank-stack", last, lower=True)


def claims_that_follow(problem: Problem, full_everywhere: Claim, full_generic: Claim, principle_error: Claim) -> list[Claim]:
    """Claim ``never-everywhere``, and without weight decay ``almost-everywhere``, where their premises are decided."""
    found = []
    if full_everywhere.verdict is Verdict.REFUTED:
        reason = "Full rank fails at some weights, so no argument that asks for it at all weights applies."
        found.append(implied("never-everywhere", "never-everywhere", EVERYWHERE, reason, full_everywhere))
    if problem.decay is None and full_generic.verdict is Verdict.PROVED and principle_error.verdict is Verdict.PROVED:
        reason = (
            "The set {W : rank P(W) < T·n_L} is closed, has measure zero, and contains every critical point that is no exact learner: "
            "outside it, ε(W) = 0 is the only way for the gradient to vanish."
        )
        found.append(implied("almost-everywhere", "almost-everywhere", ALMOST_EVERYWHERE, reason, full_generic, principle_error))
    return found
