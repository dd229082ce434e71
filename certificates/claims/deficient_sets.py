"""Weights, and open sets of weights, at which ``P`` cannot have full column rank: all weights 0, units that are constant or affine, dead outputs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import RankBound, bound
from lossproof.certificates.proof.places import OPEN_SET, SOMEWHERE, Point
from lossproof.certificates.proof.rank_bounds import inputs_bounds
from lossproof.numerics.network.outputs import flat_outputs
from lossproof.numerics.network.points import off_kinks, with_outputs_scaled
from lossproof.theory.functions.activation import Activation
from lossproof.theory.functions.forms import AffinePiece
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import brief_name, rational_text
from lossproof.theory.verdicts import Rigor

_PRECISION = 128
_FACTORS = (-1, 64, -64)


@dataclass(frozen=True)
class DeficientSet:
    """A bound of ``rank P`` below ``T n_L`` at some weights, or on an open set, and the reason in words."""

    bound: RankBound
    reason: str


def constant_witness(problem: Problem) -> DeficientSet | None:
    """Return the bound ``rank P ≤ n_L`` at ``W = 0``, with biases at which every derivative exists.

    None where there are none, ``n_L`` is full rank, or a layer is frozen.
    """
    a = problem.architecture
    if a.L < 2 or problem.T < 2 or a.frozen:
        return None
    kinks = {l: a.activation_of(l).kinks(1) for l in a.kinked_layers(1)}
    b, own = Fraction(0), Rigor.EXACT
    constants = {l: problem.constants(l) or () for l in kinks}
    if any(c in kinks[l] for l in kinks for c in constants[l]):
        return None
    if not all(isinstance(c, Fraction) for biases in constants.values() for c in biases):
        own = Rigor.BALL
    if any(0 in places for l, places in kinks.items() if a.bias_rows_of(l)):
        b = off_kinks(a)
    evidence = {"bias": rational_text(b), "output_bias": rational_text(b)}
    found = bound("P", SOMEWHERE, a.n_L, "rank-constant-weights", lower=False, own=own, evidence=evidence)
    reason = (
        f"Witness W = 0{'' if b == 0 else f' with all biases {b}'}: all samples have the same φ_{{L-1}} and the blocks l < L vanish, "
        f"so rank P ≤ n_L = {a.n_L} < {problem.columns}."
    )
    return DeficientSet(found, reason)


def deficient_open_set(context: ProofContext, *points: Point) -> DeficientSet | None:
    """Return a bound of ``rank P`` below ``T n_L`` on an open set of weights, or None.

    With trainable biases: near ``W = 0`` with biases at which an activation is affine or constant. Else, near the points given: outputs that are constant. None
    where a layer is frozen.
    """
    a = context.problem.architecture
    if a.frozen:
        return None
    if a.bias != "trainable":
        return next((found for point in points if (found := _near_point(context, point)) is not None), None)
    outputs = [_inside(piece) for piece in a.output_activation.affine_pieces if piece.slope == 0]
    if outputs:
        reason = f"On an open set of weights {brief_name(a.output_activation.name)} is constant at every output and sample, so P = 0 there."
        return _near_constant(context, off_kinks(a), outputs[0], 0, reason)
    if a.L < 2:
        return None
    b_out = off_kinks(a)
    inside = [(l, _inside(piece)) for l, s in enumerate(a.hidden, start=1) for piece in s.affine_pieces if piece.slope == 0]
    flat = [(l, b) for l, b in inside if not any(b in s.kinks(1) for s in a.hidden)]
    if flat and context.problem.T >= 2:
        l, b = flat[0]
        where = "the first layer" if l == 1 else f"layer {l}"
        reason = (
            f"On an open set of weights every unit of {where} is inactive at every sample, and rank P ≤ n_L = {a.n_L} < "
            f"{context.problem.columns} there: rank-deficient weights have positive measure."
        )
        return _near_constant(context, b, b_out, a.n_L, reason)
    value = a.n_L * inputs_bounds(context).upper.value
    if a.activation.affine_pieces and value < context.problem.columns:
        reason = (
            f"On an open set of weights all hidden units work where {brief_name(a.activation.name)} is linear, "
            f"so rank P ≤ n_L·rank [X, 1] = {value} < {context.problem.columns} there."
        )
        return _near_constant(context, _inside(a.activation.affine_pieces[0]), b_out, value, reason)
    return None


def _near_constant(context: ProofContext, b: Fraction, c: Fraction, value: int, reason: str) -> DeficientSet:
    evidence, inputs = {"bias": rational_text(b), "output_bias": rational_text(c)}, inputs_bounds(context).upper
    return DeficientSet(bound("P", OPEN_SET, value, "rank-constant-weights", inputs, lower=False, evidence=evidence), reason)


def _inside(piece: AffinePiece) -> Fraction:
    """Return a short rational inside an affine piece."""
    if piece.lower is None:
        return Fraction(0) if piece.upper is None else piece.upper - 1
    return piece.lower + 1 if piece.upper is None else (piece.lower + piece.upper) / 2


def _near_point(context: ProofContext, point: Point) -> DeficientSet | None:
    """Look for constant outputs near a point, or near it with the weights of the last layer reversed or larger."""
    problem, output = context.problem, context.problem.architecture.output_activation
    if not _has_flat_piece(output):
        return None
    for near in (point, *(Point(with_outputs_scaled(point.weights, factor)) for factor in _FACTORS)):
        flat = flat_outputs(problem, near.weights, _PRECISION)
        if flat:
            value = problem.columns - len(flat)
            evidence = {"point": near, "outputs": flat, "precision": _PRECISION}
            found = bound("P", OPEN_SET, value, "rank-dead-outputs", lower=False, own=Rigor.BALL, evidence=evidence)
            reason = (
                f"On an open set of weights {brief_name(output.name)} is constant at {len(flat)} of the {problem.columns} outputs of all samples, "
                f"so as many columns of P are 0 there, and rank P ≤ {value}."
            )
            return DeficientSet(found, reason)
    return None


def _has_flat_piece(activation: Activation) -> bool:
    return any(piece.slope == 0 for piece in activation.affine_pieces)
