"""Local minima that exist in regions where the network is simple, and better points that show them to be bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from lossproof.certificates.claims.critical_facts import claim_loss
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided
from lossproof.certificates.proof.places import EVERYWHERE, Point
from lossproof.certificates.text.enclosures import decimal_below
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.loss_value import outward_bounds
from lossproof.numerics.samples.affine_fit import affine_fit
from lossproof.numerics.training.lower_loss import weights_below
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor

_PRECISION = 128
_BITS = 64


@dataclass(frozen=True)
class BadRegion:
    """A local minimum that exists in a region, and a proved smaller loss: the claims ``linear-region`` or ``dead-region``, and ``loss-bounds``."""

    minimum: Claim
    better: Claim


def bad_region(context: ProofContext, losses: Sequence[Claim]) -> BadRegion | None:
    """Return a local minimum in a region of the weights that some other point beats; None where none is proved.

    ``losses`` are claims ``loss-bounds`` of known points. Where none of them is smaller, a short training looks for a better point.
    """
    found = [claim for claim in (_dead_region(context), _linear_region(context)) if claim is not None and claim.facts["loss_lower"] > 0]
    known = min(losses, key=lambda loss: loss.facts["loss_upper"], default=None)
    for minimum in found:
        if known is not None and known.facts["loss_upper"] < minimum.facts["loss_lower"]:
            return BadRegion(minimum, known)
    for minimum in found:
        context.report_progress("looking for weights of a smaller loss", 0, 1)
        weights = weights_below(context.problem, float(minimum.facts["loss_lower"]), context.seed)
        better = None if weights is None else claim_loss(context, Point(weights))
        if better is not None and better.facts["loss_upper"] < minimum.facts["loss_lower"]:
            return BadRegion(minimum, better)
    return None


def _has_free_output(problem: Problem) -> bool:
    a = problem.architecture
    return a.L >= 2 and a.bias == "trainable" and a.output_activation.is_identity


def _linear_region(context: ProofContext) -> Claim | None:
    problem = context.problem
    affine = any(piece.slope != 0 for piece in problem.architecture.activation.affine_pieces)
    fit = affine_fit(problem, context.seed) if affine and _has_free_output(problem) and problem.error.name == "squared" else None
    if fit is None or not all(is_writable(q) for row in fit.map for q in row):
        return None
    loss = _short_below(fit.loss)
    reason = (
        f"Where all hidden units stay on an interval on which {problem.architecture.activation.name} is affine, the network is an affine map, and the best of "
        f"these maps is attained: a local minimum of a loss of at least {decimal_below(loss, 8)}, that of the least-squares fit."
    )
    evidence = {"map": [[rational_text(q) for q in row] for row in fit.map], "loss": loss}
    return decided("linear-region", EVERYWHERE, reason, "linear-region", facts={"loss_lower": loss}, evidence=evidence)


def _dead_region(context: ProofContext) -> Claim | None:
    problem, targets = context.problem, context.problem.samples.Y
    if not any(piece.slope == 0 for piece in problem.architecture.activation.affine_pieces) or not _has_free_output(problem):
        return None
    means = [sum(column, Fraction(0)) / problem.T for column in zip(*targets, strict=True)]
    if problem.error.name == "squared":
        squares = sum(((y - mean) ** 2 for row in targets for y, mean in zip(row, means, strict=True)), Fraction(0))
        return _dead(problem, _short_below(squares / (2 * problem.T)), Rigor.EXACT)
    softmax = problem.error.family == "softmax"
    attained = all(mean > 0 and (softmax or mean < 1) for mean in means) and (not softmax or all(sum(row) == 1 for row in targets))
    if not problem.error.is_cross_entropy or not attained:
        return None
    with ball_precision(_PRECISION):
        shares = [ball_of(q) for mean in means for q in ((mean,) if softmax else (mean, 1 - mean))]
        lower, _ = outward_bounds(sum((-p * p.log() for p in shares), arb(0)))
    return _dead(problem, _short_below(lower * (1 - Fraction(1, 2**_BITS))), Rigor.BALL)


def _dead(problem: Problem, loss: Fraction, rigor: Rigor) -> Claim:
    reason = (
        f"With all units of a hidden layer on an interval on which {problem.architecture.activation.name} is constant, and the best constant output, no small "
        f"change lowers the loss: a local minimum of a loss of at least {decimal_below(loss, 8)}."
    )
    evidence = {"loss": loss} if rigor is Rigor.EXACT else {"loss": loss, "precision": _PRECISION}
    return decided("dead-region", EVERYWHERE, reason, "dead-region", facts={"loss_lower": loss}, evidence=evidence, own=rigor)


def _short_below(value: Fraction) -> Fraction:
    """Return a rational of about 64 bits that is not above one that is not negative, the same where it is short."""
    if value.denominator.bit_length() + value.numerator.bit_length() <= 2 * _BITS:
        return value
    shift = max(0, _BITS - value.numerator.bit_length() + value.denominator.bit_length())
    return Fraction((value.numerator << shift) // value.denominator, 1 << shift)
