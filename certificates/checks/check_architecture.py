"""The main job: decide every claim of the theory for an architecture and a sample set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lossproof.certificates.claims.blocks import claim_khatri_rao, claim_one_hidden_layer, claim_projection, claim_wide_layer
from lossproof.certificates.claims.cited import claims_cited, decisive_theorem
from lossproof.certificates.claims.conclusion import claim_conclusion
from lossproof.certificates.claims.critical_point import LandscapeClaims
from lossproof.certificates.claims.exact_learning import claim_exact_learning, claim_exact_learning_at, refute_exact_learning
from lossproof.certificates.claims.full_rank import (
    claim_full_rank_at,
    claim_full_rank_everywhere,
    claim_full_rank_generic,
    claims_that_follow,
)
from lossproof.certificates.claims.landscape import claims_at_weights, claims_of_search, learner_claims_at_weights
from lossproof.certificates.claims.learner_nearby import claim_learner_nearby, claim_robust_targets, find_learner
from lossproof.certificates.claims.no_critical_point import claim_infimum_not_attained, claim_no_critical_point
from lossproof.certificates.claims.principles import (
    claim_count,
    claim_error_principle,
    claim_principle_activation,
    claim_principle_weights,
    claim_principle_widths,
    claim_principles_suffice,
)
from lossproof.certificates.claims.second_order import claim_ggn_semidefinite, claim_hessian_rank, claims_manifold_and_ggn
from lossproof.certificates.inputs.memory_allowed import memory_allowed
from lossproof.certificates.inputs.problem import Choices, check_whole, read_problem
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress, ProofContext
from lossproof.certificates.proof.nodes import Claim, points_of, proof_order
from lossproof.certificates.reports.plain_words import notes_on_doubles
from lossproof.certificates.reports.report import Report
from lossproof.certificates.training.found_weights import LearnerFit, find_exact_learner
from lossproof.certificates.training.measured_order import measured_order_note
from lossproof.numerics.network.estimates import is_costly, jacobian_spectrum
from lossproof.numerics.network.points import random_weights
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction


def check_architecture(
    widths: str | Sequence[int],
    X: Any,
    Y: Any,
    *,
    activation: str | Activation = "tanh",
    output_activation: str | Activation = "identity",
    error: str | ErrorFunction = "squared",
    bias: str = "trainable",
    weights: Any = None,
    find_weights: bool = False,
    seed: int = 0,
    max_precision: int = DEFAULT_MAX_PRECISION,
    max_memory: float | None = None,
    progress: Progress | None = None,
    data_name: str = "",
) -> Report:
    r"""Decide every claim of the theory for an MLP and a finite sample set, with certificates.

    - ``widths``: ``"2-2-1"`` or ``(n_0, …, n_L)``;
    - ``X`` of shape ``(T, n_0)``, ``Y`` of shape ``(T, n_L)``, samples as rows; entries are floats (exact dyadic rationals), integers, fractions,
      or strings such as ``"1/3"``;
    - ``activation``, ``output_activation``, ``error``: names, such as ``"tanh"``, ``"leaky-relu:1/100"``, ``"cauchy:1/4"``;
    - ``bias``: ``"trainable"``, ``"fixed"`` (the constants come from ``weights``, or else from ``seed``) or ``"none"``;
    - ``weights``: a list of ``(W_l, b_l)`` with ``W_l`` of shape ``(n_{l-1}, n_l)``; without them a point is drawn from ``seed``;
    - ``find_weights``: train the network first, from ``weights`` or from the seed, by Levenberg-Marquardt steps towards an exact learner, whatever the size
      of the problem; what was found is then the point that claims at these weights speak about;
    - ``max_precision``: cap in bits for ball arithmetic;
    - ``max_memory``: GiB that a proof with the Gram matrix may take; claims that need more stay UNDECIDED. By default it is what is free, and a problem that
      does not fit is refused at the start: one triangle of ``K`` takes ``4 (T n_L)²`` bytes;
    - ``progress(stage, done, total)``: called as the work goes on.

    Returns a `Report`. Every decided claim holds under the hypotheses its statement names, and its certificate is re-checked by `verify`; UNDECIDED
    claims say what is missing. Nothing is decided by plain floating point. Raises `InputError` for input that cannot be used.

    Source: theory of arXiv 1611.05827, with corrections.

    >>> report = check_architecture("1-1", [[0], [1]], [[1], [3]])
    >>> report["no-bad-local-minima"].verdict.value, report["full-rank", "everywhere"].facts["rank_lower"]
    ('PROVED', 2)
    """
    check_whole("max_precision", max_precision, 64, 1_000_000)
    problem, given = read_problem(Choices(widths, activation, output_activation, error, bias), X, Y, weights, seed)
    most_bytes = memory_allowed(problem, max_memory)
    start = given if given is not None else random_weights(problem, seed)
    fit = find_exact_learner(problem, start, progress, max_memory) if find_weights else None
    start, chosen = (start, given is not None) if fit is None else (fit.weights, True)
    context = ProofContext(problem, [start], seed, max_precision, progress, most_bytes)
    claims = _all_claims(context, weights_given=chosen)
    return Report(
        problem,
        tuple(context.points),
        chosen,
        tuple(claims),
        jacobian_spectrum(problem, start),
        _notes(context, claims, chosen=chosen, fit=fit),
        data_name,
    )


def _all_claims(context: ProofContext, *, weights_given: bool) -> list[Claim]:
    """All claims in reading order, the conclusion first."""
    count = claim_count(context)
    principle_error = claim_error_principle(context, "principle-error")
    morse = claim_error_principle(context, "principle-morse")
    principles = [
        principle_error,
        morse,
        claim_principle_activation(context),
        claim_principle_widths(context),
        claim_principle_weights(context, 0),
    ]
    at = claim_full_rank_at(context, 0)
    generic = claim_full_rank_generic(context)
    suffice = claim_principles_suffice(context)
    everywhere = claim_full_rank_everywhere(context)
    _forget_points_behind(context, generic, suffice, everywhere)
    following = claims_that_follow(everywhere, generic, principle_error)
    almost = next((claim for claim in following if claim.id == "almost-everywhere"), None)
    learner = claim_exact_learning_at(context, 0) if weights_given else None
    existence, robust = _existence(context, learner, weights_given=weights_given)
    hessian = claim_hessian_rank(context, learner, existence, morse, weights_given=weights_given)
    local = claims_manifold_and_ggn(context, learner, existence, at, morse)
    blocks = [claim_khatri_rao(context, 0), claim_projection(context, 0), claim_wide_layer(context, 0), claim_one_hidden_layer(context, 0)]
    landscape = LandscapeClaims(principle_error, morse)
    if weights_given:
        critical = claims_at_weights(context, learner_claims_at_weights(context, learner, existence, at, hessian), landscape)
    else:
        critical = claims_of_search(context, existence, landscape)
    nowhere, infimum = claim_no_critical_point(context), claim_infimum_not_attained(context, existence)
    cited = claims_cited(context)
    conclusion = claim_conclusion(
        context, everywhere, almost, principle_error, suboptimal=critical.suboptimal, nowhere=nowhere, cited=decisive_theorem(cited)
    )
    ordered = [
        conclusion,
        count,
        generic,
        everywhere,
        at,
        *following,
        suffice,
        *blocks,
        learner,
        existence,
        robust,
        *principles,
        hessian,
        *local,
        nowhere,
        infimum,
        *critical.own,
        *critical.points,
        critical.suboptimal,
    ]
    return [claim for claim in (*ordered, claim_ggn_semidefinite(context), *cited) if claim is not None]


def _forget_points_behind(context: ProofContext, *claims: Claim | None) -> None:
    """Forget the points behind the last one that these claims, with all they rest on, refer to; point 0 stays."""
    used = points_of(proof_order(claim for claim in claims if claim is not None))
    context.forget_points_after(1 + max(used, default=0))


def _existence(context: ProofContext, learner: Claim | None, *, weights_given: bool) -> tuple[Claim, Claim | None]:
    """The claim ``exact-learning``, and ``robust-targets`` where an exact learner was found in a box."""
    refuted = refute_exact_learning(context.problem)
    if refuted is not None:
        return refuted, None
    count = len(context.points)
    found = find_learner(context, weights_given=weights_given)
    nearby = None if found is None else claim_learner_nearby(found)
    robust = None if found is None else claim_robust_targets(context, found)
    existence = claim_exact_learning(context, learner, nearby)
    if existence is not nearby and robust is None:
        context.forget_points_after(count)
    return existence, robust


def _notes(context: ProofContext, claims: Sequence[Claim], *, chosen: bool, fit: LearnerFit | None) -> tuple[str, ...]:
    problem, notes = context.problem, []
    if fit is not None:
        notes.append(fit.note)
    elif not chosen:
        notes.append("No weights were given: point 0 was drawn from the seed; claims at these weights speak about that point.")
    if problem.samples.clash() is not None:
        notes.append("Two samples have equal inputs and different targets; check the data if that is not meant.")
    repeated = problem.samples.repetition()
    if repeated is not None:
        notes.append(
            f"Samples {repeated[0]} and {repeated[1]} (counted from 0) have equal inputs and equal targets, so P has equal columns and less than full rank "
            "at every W; leave out what is repeated if that is not meant."
        )
    if problem.architecture.bias == "fixed":
        notes.append("The fixed biases are part of the problem: every claim holds for these constants.")
    notes += notes_on_doubles(problem, context.points)
    if is_costly(problem):
        notes.append(
            f"The picture of the singular values of P, an estimate, is left out: P has {problem.architecture.N_net} × {problem.columns} entries."
        )
    measured = measured_order_note(context, claims)
    return tuple(notes) if measured is None else (*notes, measured)
