"""The main job: decide every claim of the theory for an architecture and a sample set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lossproof.certificates.claims.blocks import claim_khatri_rao, claim_one_hidden_layer, claim_projection, claim_wide_layer
from lossproof.certificates.claims.conclusion import open_by_rank, open_with_decay
from lossproof.certificates.claims.critical_point import LandscapeClaims
from lossproof.certificates.claims.decision import decide
from lossproof.certificates.claims.escape import claim_escape
from lossproof.certificates.claims.exact_learning import claim_exact_learning, refute_exact_learning
from lossproof.certificates.claims.frozen import frozen_in_words, open_about_layers, open_with_frozen_layers
from lossproof.certificates.claims.full_rank import (
    claim_full_rank_at,
    claim_full_rank_everywhere,
    claims_that_follow,
    generic_claim_of,
    telling_generic_bound,
)
from lossproof.certificates.claims.global_by_conclusion import given_as_global
from lossproof.certificates.claims.hessian_spectrum import claims_of_spectrum
from lossproof.certificates.claims.identifiable import claim_identifiable
from lossproof.certificates.claims.landscape import pool_of_check, told_points
from lossproof.certificates.claims.learners import claim_learner_at, find_learner, learner_at, learner_of
from lossproof.certificates.claims.network_search import SearchBudget, SearchRecord
from lossproof.certificates.claims.no_minimum_nearby import claim_no_minimum_nearby
from lossproof.certificates.claims.principles import (
    claim_count,
    claim_principle_activation,
    claim_principle_weights,
    claim_principle_widths,
    claim_principles_suffice,
)
from lossproof.certificates.claims.second_order import claim_ggn_semidefinite, claim_hessian_rank, claims_manifold_and_ggn
from lossproof.certificates.claims.whole_landscape import WholeLandscape, claims_of_region
from lossproof.certificates.inputs.memory_allowed import memory_allowed
from lossproof.certificates.inputs.problem import Choices, check_whole, read_problem
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress, ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.self_check import checked_claims
from lossproof.certificates.reports.plain_words import notes_on_doubles
from lossproof.certificates.reports.provenance import Provenance
from lossproof.certificates.reports.report import Report
from lossproof.certificates.training.found_weights import LearnerFit, find_exact_learner
from lossproof.certificates.training.measured_order import measured_order_note
from lossproof.numerics.algebra.memory import gram_bytes
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.algebra.workplace import workplace_named
from lossproof.numerics.network.estimates import is_costly, jacobian_spectrum
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.verified.singular_values import SingularValues, enclosed_spectrum
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.problem import Problem


def check_architecture(
    widths: str | Sequence[int],
    X: Any,
    Y: Any,
    *,
    activation: str | Activation | Sequence[str | Activation] = "tanh",
    output_activation: str | Activation = "identity",
    error: str | ErrorFunction = "squared",
    bias: str | Sequence[str] = "trainable",
    weight_decay: Any = 0,
    decay_biases: bool = True,
    frozen: Sequence[int] = (),
    weights: Any = None,
    find_weights: bool = False,
    search: str | float = "auto",
    seed: int = 0,
    max_precision: int = DEFAULT_MAX_PRECISION,
    max_memory: float | None = None,
    engine: str = "numpy",
    progress: Progress | None = None,
    data_name: str = "",
    self_check: bool = True,
) -> Report:
    r"""Decide every claim of the theory for an MLP and a finite sample set, with certificates.

    - ``widths``: ``"2-2-1"`` or ``(n_0, …, n_L)``;
    - ``X`` of shape ``(T, n_0)``, ``Y`` of shape ``(T, n_L)``, samples as rows; entries are floats (exact dyadic rationals), integers, fractions,
      or strings such as ``"1/3"``; also tables of pandas and polars and arrays of torch and JAX, see `plain_values`. Class labels in ``Y`` are turned into
      targets, see `read_targets`, and a note in the report says how;
    - ``activation``, ``output_activation``, ``error``: names, such as ``"tanh"``, ``"leaky-relu:1/100"``, ``"cauchy:1/4"``;
    - ``bias``: ``"trainable"``, ``"fixed"`` (the constants come from ``weights``, or else from ``seed``) or ``"none"``;
    - where layers differ, ``activation`` is a list with one name for each hidden layer, and ``bias`` one with a mode for each layer;
    - ``weight_decay``: a rate ``λ ≥ 0`` of the penalty ``(λ/2) |W|²`` on all trainable weights that is added to the mean error, or a list with a rate, or a
      pair of one for the weights and one for the biases, for each layer (`Decay.of`); with ``decay_biases=False`` a single rate leaves the biases out. Claims
      about outputs, ranks and exact learners are those of the network; claims about J speak of the sum;
    - ``frozen``: layers, counted from 1, that are constants of the problem, as a fixed readout is, with their weights and biases from ``weights``, or else
      from the seed: ``P``, the gradient and the Hessian are about the trainable weights alone, and so is every claim that is made. Claims that use that all
      layers move are UNDECIDED;
    - ``weights``: a list of ``(W_l, b_l)`` with ``W_l`` of shape ``(n_{l-1}, n_l)``; without them a point is drawn from ``seed``;
    - ``find_weights``: train the network first, from ``weights`` or from the seed, by Levenberg-Marquardt steps towards an exact learner, whatever the size
      of the problem; what was found is then the point that claims at these weights speak about;
    - ``search``: where nothing else decides about bad local minima, the network itself is searched for them: ``"auto"`` takes 48 seeded starts at most, and
      networks of at most 60 weights; a number of seconds lets the clock end it; ``"none"`` makes no search. What was searched stands in the report.
      If the question is still open, a complete list of all local minima is sought, see `find_critical_points`: with up to 100,000 boxes, or as many seconds.
      Interrupting (``KeyboardInterrupt``) ends the search, and keeps what was proved;
    - ``max_precision``: cap in bits for ball arithmetic;
    - ``max_memory``: GiB that a proof with the Gram matrix may take; claims that need more stay UNDECIDED. By default it is what is free, and a problem that
      does not fit is refused at the start: one triangle of ``K`` takes ``4 (T n_L)²`` bytes;
    - ``engine``: what factors large matrices, and where, see `workplace_named`: ``"numpy"``, ``"torch"``, ``"cuda"``, ``"disk"``, ``"disk:FOLDER"``,
      ``"dask"``, ``"dask:tcp://HOST:PORT"`` or ``"auto"``; a note in the report says what was taken. Claims and certificates do not depend on it. Where
      memory does not allow a triangle of ``K``, the checker keeps its factor on disk, too; with ``"dask"`` the certificate is not checked here then, and the
      report says so;
    - ``progress(stage, done, total)``: called as the work goes on;
    - ``self_check``: check the certificate before the report is returned; a step that the checker refuses is then UNDECIDED, with all that rests on it. That
      takes about as long as `verify`, and the report says whether it was done.

    Returns a `Report`. Every decided claim holds under the hypotheses its statement names, and its certificate is re-checked by `verify`; UNDECIDED
    claims say what is missing. Nothing is decided by plain floating point. Raises `InputError` for input that cannot be used.

    Source: theory of arXiv 1611.05827, with corrections.

    >>> report = check_architecture("1-1", [[0], [1]], [[1], [3]])
    >>> report["no-bad-local-minima"].verdict.value, report["full-rank", "everywhere"].facts["rank_lower"]
    ('PROVED', 2)
    """
    check_whole("max_precision", max_precision, 64, 1_000_000)
    budget = SearchBudget.of(search)
    choices = Choices(widths, activation, output_activation, error, bias, weight_decay, decay_biases, frozen)
    problem, given, told = read_problem(choices, X, Y, weights, seed)
    most_bytes = memory_allowed(problem, max_memory, on_disk=engine.partition(":")[0] in ("auto", "cuda", "cupy", "dask", "disk"))
    place = workplace_named(engine, problem.columns, most_bytes - gram_bytes(problem.architecture, problem.T, 0))
    with one_thread():
        if progress is not None:
            progress("preparing the weights", 0, 1)
        start = given if given is not None else random_weights(problem, seed)
        fit = find_exact_learner(problem, start, progress, max_memory) if find_weights else None
        start, chosen = (start, given is not None) if fit is None else (fit.weights, True)
        context, point = ProofContext(problem, seed, max_precision, progress, most_bytes, place), Point(start)
        made, searched = _all_claims(context, point, budget, weights_given=chosen)
        claims, check = tuple(made), None
        notes = [place.note_on(problem.columns)] if place.note else []
        fits = gram_bytes(problem.architecture, problem.T) <= most_bytes
        if self_check and place.cluster is not None and not fits:
            notes.append(
                "The certificate was not checked here: the checker holds one triangle of K, which is more than the memory allowed. "
                "Use verify with the engine disk."
            )
        elif self_check:
            context.report_progress("checking the certificate", 0, 1)
            checker = "numpy" if fits or place.holds_triangle else engine if place.folder is None else f"disk:{place.folder}"
            claims, check = checked_claims(problem, claims, [point], checker)
        context.report_progress("the singular values of P", 0, 1)
        spectrum = enclosed_spectrum(problem, start) or SingularValues(jacobian_spectrum(problem, start), None)
        return Report(
            problem,
            (point,),
            chosen,
            claims,
            spectrum.values,
            (*told, *_notes(context, point, claims, chosen=chosen, fit=fit), str(searched), *notes),
            data_name,
            check,
            searched,
            Provenance.now(seed),
            spectrum.within,
        )


def _all_claims(
    context: ProofContext, point: Point, budget: SearchBudget | None, *, weights_given: bool
) -> tuple[list[Claim], SearchRecord]:
    """All claims in reading order, the conclusion first, and what was searched for it."""
    problem = context.problem
    landscape = LandscapeClaims.of(problem)
    principle_error, morse = landscape.principle_error, landscape.morse
    principles = [principle_error, morse, claim_principle_activation(problem)]
    at = claim_full_rank_at(context, point)
    best = telling_generic_bound(context, point)
    generic = generic_claim_of(context, best, point)
    everywhere = claim_full_rank_everywhere(context, [point] if best is None or best.point is None else [point, best.point])
    following = claims_that_follow(problem, everywhere, generic, principle_error)
    almost = next((claim for claim in following if claim.id == "almost-everywhere"), None)
    learner = claim_learner_at(context, point) if weights_given else None
    refuted = refute_exact_learning(context)
    context.report_progress("an exact learner", 0, 1)
    nearby = find_learner(context, point, weights_given=weights_given) if refuted is None else None
    existence = claim_exact_learning(context, point, learner, nearby) if refuted is None else refuted
    known = (learner_at(context, point) if weights_given else None) or learner_of(context, existence)
    blocks: list[Claim | None]
    if problem.architecture.frozen:
        blocks = [*open_about_layers(problem)]
    else:
        principles += [claim_principle_widths(problem), claim_principle_weights(context, point)]
        blocks = [
            claim_khatri_rao(context, point), claim_projection(context, point), claim_wide_layer(context, point), claim_one_hidden_layer(context, point),
        ]  # fmt: skip
    context.report_progress("critical points", 0, 1)
    pool, given = pool_of_check(context, point, nearby, landscape, weights_given=weights_given)
    whole = WholeLandscape.of(context, point, principle_error)
    decision = decide(whole, pool, landscape, budget)
    given = None if given is None else given_as_global(given, decision.claim)
    infimum = whole.infimum_not_attained(point, pool.all_losses())
    conclusion = _open_conclusion(problem, everywhere, almost) if decision.claim is None else decision.claim
    ordered = [
        conclusion,
        decision.complete,
        claim_count(problem),
        generic,
        everywhere,
        at,
        claim_identifiable(context, point) if weights_given else None,
        *whole.theorems,
        *claims_of_region(conclusion),
        *following,
        claim_principles_suffice(context, point),
        *blocks,
        learner,
        existence,
        None if nearby is None else nearby.robust,
        *principles,
        claim_hessian_rank(context, point, learner, known, morse, weights_given=weights_given),
        *claims_manifold_and_ggn(context, known, morse),
        whole.nowhere,
        infimum,
        *(() if given is None else given.own),
        claim_no_minimum_nearby(context, point) if weights_given else None,
        None if given is None else claim_escape(context, point, given.located),
        *(() if given is None else claims_of_spectrum(context, point, given.located)),
        *told_points(pool, given, decision.suboptimal, decision.complete),
        decision.suboptimal,
    ]
    return [claim for claim in (*ordered, claim_ggn_semidefinite(context), *whole.cited) if claim is not None], decision.search


def _open_conclusion(problem: Problem, everywhere: Claim, almost: Claim | None) -> Claim:
    if problem.architecture.frozen:
        return open_with_frozen_layers(problem)
    return open_by_rank(problem.columns, everywhere, almost) if problem.decay is None else open_with_decay()


def _notes(context: ProofContext, point: Point, claims: Sequence[Claim], *, chosen: bool, fit: LearnerFit | None) -> tuple[str, ...]:
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
    if problem.fixed_bias is not None:
        notes.append("The fixed biases are part of the problem: every claim holds for these constants.")
    if problem.frozen is not None:
        notes.append(
            f"{frozen_in_words(problem)}, a constant of the problem: its weights and biases are held, and every claim is about the "
            f"{problem.architecture.N_net} trainable weights of the other layers."
        )
    if problem.decay is not None:
        notes.append(
            f"The loss is J(W) + ½ Σ λ w², with weight decay {problem.decay}: no exact learner is critical unless its decaying weights are 0, and theorems "
            "about J alone are not asked."
        )
    notes += notes_on_doubles(problem, [point.weights])
    if is_costly(problem):
        notes.append(
            f"The picture of the singular values of P, an estimate, is left out: P has {problem.architecture.N_net} × {problem.columns} entries."
        )
    measured = measured_order_note(context, claims)
    return tuple(notes) if measured is None else (*notes, measured)
