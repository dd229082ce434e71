"""Networks whose weights are all 0: with weight decay a local minimum, where the penalty outweighs what the errors would gain."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.fields.ball import BallField, ball_of
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.rational import RationalField
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.problem import Problem

_LARGEST = 2**12


def bias_of_zero_weights(problem: Problem, precision: int) -> Fraction | None:
    r"""Return a for which ``W_l = 0``, hidden biases a and the best constant output are proved to be a local minimum of the loss with decay; None without one.

    The output is the identity, the error squared or a cross-entropy, and all ``λ_l > 0``. Let ``e_i = c − y_i``, c the mean target (of a cross-entropy the
    mean probability) over ``1 + μ_L``, or without biases 0, or even probabilities; s the slope of σ at a; and R the rows ``Σ_i x_ir e_i`` for one hidden layer,
    and ``Σ_i e_i``, of the rate ``μ_{L−1}``, where the biases of the outputs decay; Λ are the rates of the rows. It is demanded that ``s²|Λ^{-1/2}R|²`` is
    below ``T²λ_L``; that ``σ(a) = 0`` where output biases decay, and without biases; and ``a = 0`` where some hidden bias decays. For a cross-entropy whose
    output biases decay there must be two hidden layers, and ``Tμ_L c`` stands for the last row, with the best constant logits c. The sums are exact, and slope
    and logits lie in balls of so many bits: where it is undecided, None. See `docs/deciding.md`.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.decay import Decay
    >>> from lossproof.theory.problem.samples import Samples
    >>> a, samples = Architecture.of("1-2-1", "tanh"), Samples.of([[0], [1], [2]], [[0], [1], [3]])
    >>> problem = Problem(a, error_named("squared"), samples, decay=Decay.of("1/100", a, biases=False))
    >>> print(bias_of_zero_weights(problem, 64))
    4
    """
    a, decay = problem.architecture, problem.decay
    if decay is None or a.L < 2 or not a.is_uniform or a.bias == "fixed" or not all(rate > 0 for rate, _ in decay.layers):
        return None
    if not a.output_activation.is_identity or not (problem.error.is_cross_entropy or problem.error.name == "squared"):
        return None
    pulled, within, silent = decay.layers[-1][1], decay.layers[-2][1], a.bias == "none"
    if pulled and not (within and (a.L > 2 or not problem.error.is_cross_entropy)):
        return None
    if (pulled or silent) and not _is_zero_at_zero(a.activation):
        return None
    pull, cross = _pull(problem), problem.error.is_cross_entropy
    held = silent or any(rate for _, rate in decay.layers[:-1])
    sizes = [] if held else [Fraction(2**k, 2) for k in range((2 * _LARGEST).bit_length())]
    with ball_precision(precision):
        most, size = ball_of(problem.T**2 * decay.layers[-1][0]), ball_of(pull)
        if pulled and cross:
            size += _best_logits(problem) * ball_of((problem.T * pulled) ** 2 / within)
        for bias in (Fraction(0), *(sign * size for size in sizes for sign in (1, -1))):
            steep = _steepness(a.activation, bias, precision, kinks=a.L > 2)
            if steep is not None and steep * steep * size < most:
                return bias
    return None


def _pull(problem: Problem) -> Fraction:
    """Return ``|Λ^{-1/2}R|²``, for a cross-entropy without the row ``Σ_i e_i``."""
    layers, columns = problem.decay.layers if problem.decay is not None else (), list(zip(*problem.samples.Y, strict=True))
    pulled, within = layers[-1][1], layers[-2][1]
    n = len(columns)
    even = Fraction(1, 2) if problem.error.family == "logistic" else Fraction(int(problem.error.is_cross_entropy), n)
    silent = problem.architecture.bias == "none"
    means = [even if silent else sum(column, Fraction(0)) / problem.T / (1 + pulled) for column in columns]
    gaps = [[y - mean for y in column] for mean, column in zip(means, columns, strict=True)]
    rows = [(layers[0][0], column) for column in zip(*problem.samples.X, strict=True)] if problem.architecture.L == 2 else []
    rows += [(within, (Fraction(1),) * problem.T)] if pulled and not problem.error.is_cross_entropy else []
    products = (sum((x * e for x, e in zip(row, gap, strict=True)), Fraction(0)) ** 2 / rate for rate, row in rows for gap in gaps)
    return sum(products, Fraction(0))


def _best_logits(problem: Problem) -> arb:
    """Return ``|c|²`` for the best constant logits c, of the sum 0 for softmax; not finite where a mean target is at an end."""
    softmax, columns = problem.error.family == "softmax", zip(*problem.samples.Y, strict=True)
    shares = [ball_of(sum(column, Fraction(0)) / problem.T) for column in columns]
    logs = [p.log() if softmax else p.log() - (1 - p).log() for p in shares]
    middle = sum(logs, arb(0)) / len(logs) if softmax else arb(0)
    squares: arb = sum(((x - middle) ** 2 for x in logs), arb(0))
    return squares


def _is_zero_at_zero(activation: Activation) -> bool:
    try:
        return bool(RationalField().activate(activation, 0, np.array([[fmpq(0)]], dtype=object))[0, 0] == 0)
    except NotInField:
        return False


def _steepness(activation: Activation, bias: Fraction, precision: int, *, kinks: bool) -> arb | None:
    """Return ``|σ'|`` at a number, or where ``kinks`` are allowed the largest slope beside it; None where there is none."""
    if activation.is_piecewise_linear:
        sides = [abs(piece.slope) for piece in activation.affine_pieces if piece.reaches(bias)]
        return ball_of(max(sides)) if kinks or len(sides) == 1 else None
    try:
        slope: arb = BallField(precision).activate(activation, 1, np.array([[ball_of(bias)]], dtype=object))[0, 0]
    except NotDifferentiable:
        return None
    return abs(slope)
