"""Local minima that exist in regions where the network is simple, and better points that show them to be bad."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat

from lossproof.certificates.claims.critical_facts import claim_loss_below
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.certificates.text.enclosures import decimal_below
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.loss_value import outward_bounds
from lossproof.numerics.samples.affine_fit import affine_fit
from lossproof.numerics.samples.affine_logits import affine_logits
from lossproof.numerics.samples.constant_network import definite_output
from lossproof.numerics.samples.gated_fit import gated_fit
from lossproof.numerics.samples.linear_separation import separating_direction
from lossproof.numerics.samples.normal_equations import Table
from lossproof.numerics.samples.zero_weights import bias_of_zero_weights
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor, weakest

_PRECISION = 128
_BITS = 64
_MOST_INEQUALITIES = 10**5


@dataclass(frozen=True)
class BadRegion:
    """A local minimum that exists in a region, and a proved smaller loss: a claim ``linear-region``, ``dead-region`` or ``constant-region``, and its bounds."""

    minimum: Claim
    better: Claim


def bad_region(context: ProofContext, losses: Iterable[Claim]) -> BadRegion | None:
    """Return a local minimum in a region of the weights that some other point beats; None where none is proved, or a layer is frozen.

    ``losses`` are claims ``loss-bounds`` of known points, asked for only where there is such a minimum. Where none of them is smaller, a short training looks
    for a better point, once.
    """
    found = context.once("regions", EVERYWHERE, lambda: _minima_in_regions(context))
    known = None if not found else min(losses, key=lambda loss: loss.facts["loss_upper"], default=None)
    for minimum in found:
        if known is not None and known.facts["loss_upper"] < minimum.facts["loss_lower"]:
            return BadRegion(minimum, known)
    for minimum in found:
        better = claim_loss_below(context, minimum.facts["loss_lower"])
        if better is not None and better.facts["loss_upper"] < minimum.facts["loss_lower"]:
            return BadRegion(minimum, better)
    return None


def _minima_in_regions(context: ProofContext) -> list[Claim]:
    if context.problem.architecture.frozen:
        return []
    claims = (_dead_region(context), _linear_region(context), _constant_region(context))
    return [claim for claim in claims if claim is not None and claim.facts["loss_lower"] > 0]


def _has_free_output(problem: Problem) -> bool:
    a = problem.architecture
    return a.L >= 2 and a.is_uniform and a.bias == "trainable" and a.output_activation.is_identity


def _linear_region(context: ProofContext) -> Claim | None:
    problem = context.problem
    if problem.architecture.bias == "none":
        return _gated_region(context) if problem.decay is None else None
    if not _has_free_output(problem) or not _has_room_for_affine_maps(problem):
        return None
    if problem.error.is_cross_entropy:
        return _linear_region_of_logits(context)
    fit = affine_fit(problem, context.seed) if problem.error.name == "squared" else None
    if fit is None or not all(is_writable(q) for row in fit.map for q in row):
        return None
    return _linear(problem, _short_below(fit.loss), {"map": _texts(fit.map)}, Rigor.EXACT)


def _has_room_for_affine_maps(problem: Problem) -> bool:
    """Tell whether σ has a slope other than 0 on an interval, with decay on a half-line to which biases lead that do not decay, as all weights do."""
    pieces, decay = problem.architecture.activation.affine_pieces, problem.decay
    if decay is not None:
        pieces = tuple(piece for piece in pieces if None in (piece.lower, piece.upper))
    held = decay is None or all(weights > 0 == biases for weights, biases in decay.layers)
    return held and any(piece.slope != 0 for piece in pieces)


def _gated_region(context: ProofContext) -> Claim | None:
    """Claim that weights without biases, all hidden units of which have the same signs on the samples, are a local minimum: then the network is linear."""
    problem, a = context.problem, context.problem.architecture
    two_lines = a.activation.homogeneity == 1 and len(a.activation.affine_pieces) == 2
    right = two_lines and a.L == 2 and a.widths[1] > min(a.widths[0], a.n_L) and a.output_activation.is_identity
    right = right and problem.error.name == "squared" and beyond_doubles(problem) is None
    fit = gated_fit(problem, context.seed) if right else None
    if fit is None or not all(is_writable(q) for row in fit.map for q in row):
        return None
    loss = _short_below(fit.loss)
    reason = (
        "With all hidden units on the same sides of 0 at the samples, each output is a linear map of the inputs, each multiplied by the slope of "
        f"{a.activation.name} on its side, and the best of these maps is attained: a local minimum of a loss of at least {decimal_below(loss, 8)}."
    )
    evidence = {"map": _texts(fit.map), "direction": [rational_text(q) for q in fit.direction]}
    return _minimum("linear-region", reason, loss, evidence, Rigor.EXACT)


def _linear_region_of_logits(context: ProofContext) -> Claim | None:
    """Claim it from the probabilities of the best affine logits, whose entropy bounds the loss of all affine logits from below."""
    problem = context.problem
    found = affine_logits(problem, context.seed) if beyond_doubles(problem) is None else None
    if found is None or not all(is_writable(q) for row in found.correction for q in row):
        return None
    with ball_precision(_PRECISION):
        X, C = (
            arb_mat([[ball_of(q) for q in row] for row in table])
            for table in ([[*x, Fraction(1)] for x in problem.samples.X], found.correction)
        )
        P = [ball_of(q) + c for q, c in zip((q for row in found.shares for q in row), (X * C).entries(), strict=True)]
        parts = P if problem.error.family == "softmax" else [*P, *(1 - p for p in P)]
        if not all(p > 0 for p in parts):
            return None
        lower, _ = outward_bounds(sum((-p * p.log() for p in parts), arb(0)) / problem.T)
    evidence = {"probabilities": _texts(found.shares), "correction": _texts(found.correction), "precision": _PRECISION}
    return _linear(problem, _short_below(lower * (1 - Fraction(1, 2**_BITS))), evidence, Rigor.BALL)


def _texts(table: Table) -> list[list[str]]:
    return [[rational_text(q) for q in row] for row in table]


def _linear(problem: Problem, loss: Fraction, evidence: dict[str, Any], rigor: Rigor) -> Claim:
    fit = "least-squares fit" if rigor is Rigor.EXACT else "best affine logits"
    reason = (
        f"Where all hidden units stay on an interval on which {problem.architecture.activation.name} is affine, the network is an affine map, and the best of "
        f"these maps is attained: a local minimum of a loss of at least {decimal_below(loss, 8)}, that of the {fit}."
    )
    return _minimum("linear-region", reason, loss, evidence, rigor)


def _minimum(statement: str, reason: str, loss: Fraction, evidence: dict[str, Any], rigor: Rigor) -> Claim:
    found = {**evidence, "loss": loss}
    return decided(statement, EVERYWHERE, reason, "minimum-in-region", facts={"loss_lower": loss}, evidence=found, own=rigor)


def _dead_region(context: ProofContext) -> Claim | None:
    """Claim it where no weights decay; with decay a dead layer is a case of `_region_at_zero`."""
    problem = context.problem
    if problem.decay is not None:
        return None
    if problem.architecture.bias == "none":
        return _silent_region(problem)
    if not _has_free_output(problem) or not any(piece.slope == 0 for piece in problem.architecture.activation.affine_pieces):
        return None
    name = problem.architecture.activation.name
    words = f"With all units of a hidden layer on an interval on which {name} is constant, and the best constant output, no small change lowers the loss"
    return _constant(problem, "dead-region", words, {})


def _silent_region(problem: Problem) -> Claim | None:
    """Claim that weights which keep the whole first layer silent, without biases, are a local minimum."""
    a = problem.architecture
    silent = a.L >= 2 and a.is_uniform and a.output_activation.is_identity and a.activation.is_silent_below
    seen = [[-q for q in x] for x in problem.samples.X if any(x)]
    direction = separating_direction(seen) if silent and seen and len(seen) * a.widths[0] <= _MOST_INEQUALITIES else None
    if direction is None:
        return None
    words = f"With weights for which {a.activation.name} is silent in the whole first layer, the output is 0 at all samples, for all weights nearby"
    return _constant(problem, "dead-region", words, {"direction": [rational_text(q) for q in direction]})


def _region_at_zero(problem: Problem) -> Claim | None:
    """Claim that the loss with decay has a local minimum where all weights are 0."""
    bias = bias_of_zero_weights(problem, _PRECISION)
    if bias is None:
        return None
    hidden = "" if problem.architecture.bias == "none" else f", hidden biases {rational_text(bias)} and the best constant output"
    words = f"With all weights 0{hidden}, what the errors gain by a small change of the weights is less than what the penalty grows by"
    return _constant(problem, "constant-region", words, {"hidden_bias": rational_text(bias), "precision": _PRECISION}, Rigor.BALL)


def _constant_region(context: ProofContext) -> Claim | None:
    problem = context.problem
    if problem.decay is not None:
        return _region_at_zero(problem)
    if not problem.architecture.activation.is_curved or not _has_free_output(problem):
        return None
    output = definite_output(problem)
    words = (
        "The residuals of the best constant output are orthogonal to the inputs, and all products of inputs, weighted with them, form a definite matrix: so "
        "some networks of these widths with constant outputs are local minima"
    )
    return None if output is None else _constant(problem, "constant-region", words, {"output_weights": list(map(str, output))})


def _constant(problem: Problem, statement: str, words: str, evidence: dict[str, Any], least: Rigor = Rigor.EXACT) -> Claim | None:
    """Claim a local minimum with the best constant output, without biases with the output 0; None where that is not attained, or not known."""
    found = _best_constant(problem)
    if found is None:
        return None
    loss, rigor = found
    more = {} if rigor is Rigor.EXACT else {"precision": _PRECISION}
    reason = f"{words}: a local minimum of a loss of at least {decimal_below(loss, 8)}."
    return _minimum(statement, reason, loss, {**evidence, **more}, weakest([rigor, least]))


def _best_constant(problem: Problem) -> tuple[Fraction, Rigor] | None:
    """Return a short lower bound of the loss of the best constant output, without biases of the output 0, whose probabilities are even."""
    targets, error = problem.samples.Y, problem.error
    means = [sum(column, Fraction(0)) / problem.T for column in zip(*targets, strict=True)]
    if problem.architecture.bias == "none":
        even = Fraction(1, 2) if error.family == "logistic" else Fraction(int(error.is_cross_entropy), len(means))
        means = [even] * len(means)
    if error.name == "squared":
        squares = sum(((y - mean) ** 2 for row in targets for y, mean in zip(row, means, strict=True)), Fraction(0))
        return _short_below(squares / (2 * problem.T)), Rigor.EXACT
    softmax = error.family == "softmax"
    attained = all(mean > 0 and (softmax or mean < 1) for mean in means)
    if not error.is_cross_entropy or not attained:
        return None
    with ball_precision(_PRECISION):
        shares = [ball_of(q) for mean in means for q in ((mean,) if softmax else (mean, 1 - mean))]
        lower, _ = outward_bounds(sum((-p * p.log() for p in shares), arb(0)))
    return _short_below(lower * (1 - Fraction(1, 2**_BITS))), Rigor.BALL


def _short_below(value: Fraction) -> Fraction:
    """Return a rational of about 64 bits that is not above one that is not negative, the same where it is short."""
    if value.denominator.bit_length() + value.numerator.bit_length() <= 2 * _BITS:
        return value
    shift = max(0, _BITS - value.numerator.bit_length() + value.denominator.bit_length())
    return Fraction((value.numerator << shift) // value.denominator, 1 << shift)
