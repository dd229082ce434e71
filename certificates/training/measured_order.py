"""The measured order of AN/GGN beside the proved one: a note to the claim ``ggn``, an estimate that no certificate carries."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.training.table import order_words
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.training.convergence_order import convergence_order
from lossproof.numerics.training.run_digits import run_precise
from lossproof.numerics.training.settings import Settings
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights
from lossproof.theory.verdicts import Verdict

MOST_EQUATIONS = 16
_MOST_ENTRIES = 600
_DIGITS = 100
_ITERATIONS = 12
_SHIFT = Fraction(1, 64)


def measured_order_note(context: ProofContext, claims: Sequence[Claim]) -> str | None:
    """Return a sentence about a run of ``ggn`` with 100 digits from near the exact learner that the PROVED claim ``ggn`` speaks about.

    None where there is no such claim or no point of it, and beyond 16 equations or 600 entries of ``P``, where the run would take longer than the proof.
    """
    problem = context.problem
    point = next((claim.point for claim in claims if claim.id == "ggn" and claim.verdict is Verdict.PROVED), None)
    if point is None or problem.columns > MOST_EQUATIONS or problem.columns * problem.architecture.N_net > _MOST_ENTRIES:
        return None
    start = _shifted(problem, point.weights, random_weights(problem, context.seed))
    run = run_precise(problem, start, Settings("ggn", damping=0.0, max_iterations=_ITERATIONS, tolerance=0.0), _DIGITS)
    found = convergence_order(run.history)
    if found.kind == "none":
        return None
    return (
        f"Measured, not proved: from weights near that exact learner, AN/GGN with {_DIGITS} digits shows the local order {order_words(found)}. "
        "The claim ggn does not rest on it."
    )


def _shifted(problem: Problem, weights: Weights, direction: Weights) -> Weights:
    """Return the weights plus ``1/64`` of a direction; biases that are not trainable stay."""
    layers = []
    for l, (layer, change) in enumerate(zip(weights.layers, direction.layers, strict=True), start=1):
        W = tuple(_moved(row, shift) for row, shift in zip(layer.W, change.W, strict=True))
        layers.append(Layer(W, _moved(layer.b, change.b) if problem.architecture.bias_rows_of(l) else layer.b))
    return Weights(tuple(layers))


def _moved(row: tuple[Number, ...], shift: tuple[Number, ...]) -> tuple[Number, ...]:
    return tuple(x + _SHIFT * d if isinstance(x, Fraction) and isinstance(d, Fraction) else x for x, d in zip(row, shift, strict=True))
