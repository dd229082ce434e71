"""The claims about a problem some of whose layers are frozen, constants: those that speak of ``P``, J and its derivatives by the trainable weights alone.

Most statements use that the last layers move, or symmetries of all weights. They are not asked: the checker admits only rules that use neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lossproof.certificates.claims.conclusion import conclusion_by_convexity, conclusion_by_minimum
from lossproof.certificates.claims.critical_facts import claim_distance
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, claim_critical_point, locate
from lossproof.certificates.claims.exact_learning import claim_exact_learning, refute_by_samples
from lossproof.certificates.claims.frozen_search import locate_near, search_bad_minima
from lossproof.certificates.claims.full_rank import claim_full_rank_at, claims_that_follow
from lossproof.certificates.claims.hessian_spectrum import claims_of_spectrum
from lossproof.certificates.claims.identifiable import claim_identifiable
from lossproof.certificates.claims.landscape import told_points
from lossproof.certificates.claims.learners import claim_learner_at, find_learner, learner_at, learner_of
from lossproof.certificates.claims.network_search import SearchBudget, SearchRecord, no_search
from lossproof.certificates.claims.no_minimum_nearby import claim_no_minimum_nearby
from lossproof.certificates.claims.pool import Pool
from lossproof.certificates.claims.principles import claim_count, claim_principle_activation
from lossproof.certificates.claims.second_order import claim_hessian_rank, claims_manifold_and_ggn
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound, bound, decided, first_claim, undecided
from lossproof.certificates.proof.places import ALMOST_EVERYWHERE, EVERYWHERE, Point
from lossproof.certificates.proof.rank_bounds import generic_upper_bound, rank_bounds
from lossproof.certificates.proof.structural_bounds import trivial_bound
from lossproof.numerics.network.points import constant_weights, random_weights
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Verdict

_FULL_RANK, _ASKED = "full-rank", "no-bad-local-minima"
_ATTEMPTS = 4
_ABOUT_LAYERS = ("principle-widths", "principle-weights", "khatri-rao", "projection", "wide-layer", "one-hidden-layer")
_ALL_TRAINABLE = "layers that are all trainable"


def frozen_in_words(problem: Problem) -> str:
    """Return the frozen layers as the subject of a sentence.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> from lossproof.theory.problem.weights import Layer
    >>> from fractions import Fraction
    >>> layer = Layer(((Fraction(1),),), (Fraction(0),))
    >>> a = Architecture.of("1-1-1").with_frozen([2])
    >>> frozen_in_words(Problem(a, error_named("squared"), Samples.of([[1]], [[5]]), frozen=(None, layer)))
    'Layer 2 is frozen'
    """
    layers = problem.architecture.frozen
    return f"Layer {layers[0]} is frozen" if len(layers) == 1 else f"Layers {', '.join(map(str, layers))} are frozen"


def claims_with_frozen_layers(
    context: ProofContext, point: Point, budget: SearchBudget | None, *, weights_given: bool
) -> tuple[list[Claim], SearchRecord]:
    """Return all claims in reading order, the conclusion first, and what was searched for it."""
    problem, landscape = context.problem, LandscapeClaims.of(context.problem)
    at, generic = claim_full_rank_at(context, point), _claim_generic(context, point)
    everywhere = _claim_everywhere(context, point)
    learner = claim_learner_at(context, point) if weights_given else None
    refuted = refute_by_samples(context)
    nearby = find_learner(context, point, weights_given=weights_given) if refuted is None else None
    existence = claim_exact_learning(context, point, learner, nearby) if refuted is None else refuted
    known = (learner_at(context, point) if weights_given else None) or learner_of(context, existence)
    own, found = _claims_at(context, point, landscape) if weights_given else ([], None)
    other = None if nearby is None or found is not None else locate(context, nearby.point, landscape)
    pool = Pool(context, unread=[point], first=found)
    pool.add(found, other)
    pool.beat_minima()
    convex = conclusion_by_convexity(problem)
    needed = convex is None and pool.suboptimal is None
    searched = search_bad_minima(context, pool, landscape, budget) if needed else no_search("the question is decided without one")
    suboptimal = None if convex is not None else pool.suboptimal
    told = () if suboptimal is None else told_points(pool, None, suboptimal)
    ordered = [
        _conclusion(problem, convex, suboptimal),
        claim_count(problem),
        generic,
        everywhere,
        at,
        claim_identifiable(context, point) if weights_given else None,
        *claims_that_follow(problem, everywhere, generic, landscape.principle_error),
        learner,
        existence,
        None if nearby is None else nearby.robust,
        landscape.principle_error,
        landscape.morse,
        claim_principle_activation(problem),
        *_about_layers(problem),
        claim_hessian_rank(context, point, learner, known, landscape.morse, weights_given=weights_given),
        *claims_manifold_and_ggn(context, known, landscape.morse),
        *own,
        claim_no_minimum_nearby(context, point) if weights_given else None,
        *(claims_of_spectrum(context, point, found) if found is not None else ()),
        None if other is None else other.claim,
        *(claim for claim in told if all(claim is not one for one in (*own, None if other is None else other.claim))),
        suboptimal,
    ]
    return [claim for claim in ordered if claim is not None], searched


def _claim_generic(context: ProofContext, start: Point) -> Claim:
    """Claim ``rank P = T n_L`` for almost all trainable weights, by its rank at one of some points, or refute it by the size of ``P`` or equal samples."""
    problem, columns, upper = context.problem, context.problem.columns, generic_upper_bound(context)
    best: RankBound | None = None
    for attempt in range(_ATTEMPTS if upper.value == columns else 1):
        point = start if attempt == 0 else Point(random_weights(problem, context.seed + attempt))
        lower = rank_bounds(context, "P", point).lower if context.has_jacobian(point) else None
        best = lower if lower is not None and (best is None or lower.value > best.value) else best
        if best is not None and best.value >= upper.value:
            break
    a = problem.architecture
    concerned = [a.activation_of(l) for l in range(1, a.L + (0 if a.output_activation.has_nonzero_slopes else 1))]
    full = best is not None and best.value == columns and all(s.differentiable.holds for s in concerned)
    exists = full or all(a.bias_rows_of(l) for l in a.kinked_layers(1))
    lower = trivial_bound(problem, "P")
    if best is not None and exists and all(s.analytic.holds for s in concerned):
        lower = bound("P", ALMOST_EVERYWHERE, best.value, "rank-almost", best, lower=True)
    facts = {"rank_lower": lower.value, "rank_upper": upper.value, "columns": columns}
    if lower.value == columns:
        reason = (
            f"rank P = {columns} is proved at one W, and the minors of P are real-analytic functions of the trainable weights: the set where they all vanish "
            "is closed and of measure zero."
        )
        return decided(_FULL_RANK, ALMOST_EVERYWHERE, reason, "definition", lower, upper, facts=facts)
    if upper.value < columns:
        reason = f"rank P(W) ≤ {upper.value} < {columns} at every W, for a structural reason."
        return decided(_FULL_RANK, ALMOST_EVERYWHERE, reason, "definition", lower, upper, verdict=Verdict.REFUTED, facts=facts)
    reason = f"The best proved rank over the points tried is {0 if best is None else best.value}, and T·n_L = {columns}."
    missing = "weights with a proved rank T·n_L, activations that are analytic, or a structural reason why there are none"
    return undecided(_FULL_RANK, ALMOST_EVERYWHERE, reason, missing, *(() if best is None else (best,)), upper, facts=facts)


def _claim_everywhere(context: ProofContext, point: Point) -> Claim:
    """Refute ``rank P = T n_L`` at all weights by its size, or by its rank at the point or where all trainable weights are 0; or leave it open."""
    columns, upper = context.problem.columns, generic_upper_bound(context)
    smooth: tuple[Claim, ...] = ()
    if upper.value == columns:
        for candidate in (point, Point(constant_weights(context.problem, Fraction(0)))):
            shown = context.differentiable(candidate, 1)
            found = upper if shown is None else rank_bounds(context, "P", candidate).upper
            if shown is not None and found.value < columns:
                upper, smooth = found, shown
                break
    if upper.value == columns:
        reason = "No rank-deficient weights were found."
        return undecided(_FULL_RANK, EVERYWHERE, reason, "weights with a proved rank below T·n_L, or a proof that there are none")
    reason = f"rank P(W) ≤ {upper.value} < {columns} at " + ("every W." if upper.place is EVERYWHERE else "some W.")
    facts = {"rank_upper": upper.value, "columns": columns}
    return decided(_FULL_RANK, EVERYWHERE, reason, "definition", upper, *smooth, verdict=Verdict.REFUTED, facts=facts)


def _claims_at(context: ProofContext, point: Point, landscape: LandscapeClaims) -> tuple[list[Claim], LocatedPoint | None]:
    """Claim what the weights of a point are, and a critical point to which Newton's steps lead from them where none is proved near them."""
    found = locate(context, point, landscape)
    if found is not None:
        return [found.claim, *_beside(context, point, found)], found
    claim = claim_critical_point(context, point, landscape)
    other = locate_near(context, point.weights, landscape)
    return ([claim] if other is None else [claim, *_beside(context, point, other), other.claim]), other


def _beside(context: ProofContext, point: Point, found: LocatedPoint) -> Sequence[Claim]:
    """Return the claim how far the critical point is from the weights of the point, where it is not these."""
    distance = claim_distance(context, point, found.shown)
    return () if distance is None else (distance,)


def _about_layers(problem: Problem) -> list[Claim]:
    """Return the claims that speak about single layers, and are left open."""
    reason = f"{frozen_in_words(problem)}: a constant of the problem stands in the way, as this is said of networks all of whose layers are trainable."
    return [undecided(name, EVERYWHERE, reason, _ALL_TRAINABLE) for name in _ABOUT_LAYERS]


def _conclusion(problem: Problem, convex: Claim | None, suboptimal: Claim | None) -> Claim:
    found = first_claim(lambda: convex, lambda: None if suboptimal is None else conclusion_by_minimum(suboptimal))
    return _open_conclusion(problem) if found is None else found


def _open_conclusion(problem: Problem) -> Claim:
    reason = (
        f"{frozen_in_words(problem)}, a constant of the problem: theorems about whole landscapes use that all layers move, or symmetries of their weights, and "
        "none is applied. No bad local minimum was proved."
    )
    return undecided(_ASKED, EVERYWHERE, reason, "a bad local minimum, or a theorem about networks with frozen layers")
