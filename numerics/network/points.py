"""Weights worth a look: random starting points and constructed witnesses.

Finding a point proves nothing: every claim about it is proved afterwards, by rank evidence or by the kernel's own rules.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import count

from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.numbers import Number, combination
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Layer, Weights

_SPREAD = 1.5
_MOST_SQUARED = 500


def off_kinks(architecture: Architecture) -> Fraction:
    """Return the first of ``1, 1/2, 1/3, …`` at which no activation of the network has a kink.

    >>> off_kinks(Architecture.of("2-2-1", "relu"))
    Fraction(1, 1)
    """
    kinks = {point for activation in architecture.activations for point in activation.kinks(1)}
    return next(value for k in count(1) if (value := Fraction(1, k)) not in kinks)


def constant_weights(problem: Problem, bias: Fraction) -> Weights:
    """Return ``W = 0`` with every trainable bias equal to ``bias`` (other biases stay as the problem has them)."""
    a = problem.architecture
    layers = []
    for l in range(1, a.L + 1):
        zeros = tuple((Fraction(0),) * a.widths[l] for _ in range(a.widths[l - 1]))
        layers.append(problem.frozen_layer(l) or Layer(zeros, _bias(problem, l, (bias,) * a.widths[l])))
    return Weights(tuple(layers))


def random_weights(problem: Problem, seed: int, output_factor: Fraction = Fraction(1)) -> Weights:
    """Return seeded random weights with short dyadic entries, scaled so that units see inputs of order one.

    The scale of the first layer divides by the root mean square of the inputs, of whatever size they are, and every layer by the root of its fan-in.
    The weights of the last layer are multiplied by ``output_factor``. Where a kink may be met by chance, since it lies on the grid of the entries and is not
    0, the biases are moved off that grid.
    """
    a = problem.architecture
    generator = random.Random(seed)
    layers = []
    size, unit = _input_scale(problem.samples)
    for l in range(1, a.L + 1):
        scale = _SPREAD / ((size if l == 1 else 1.0) * math.sqrt(a.widths[l - 1]))
        factor = (output_factor if l == a.L else 1) / (unit if l == 1 else Fraction(1))
        dyadic, bias = _short_dyadics(generator, scale), _short_dyadics(generator, 1.0)
        drawn = tuple(tuple(dyadic() for _ in range(a.widths[l])) for _ in range(a.widths[l - 1]))
        W = drawn if factor == 1 else tuple(tuple(factor * x for x in row) for row in drawn)
        away = (
            Fraction(2) ** (min(_finest(scale), _finest(1.0)) - 1)
            if any(point != 0 for point in a.activation_of(l).kinks(1))
            else Fraction(0)
        )
        b = tuple(bias() + away for _ in range(a.widths[l])) if away else tuple(bias() for _ in range(a.widths[l]))
        layers.append(problem.frozen_layer(l) or Layer(W, _bias(problem, l, b)))
    return Weights(tuple(layers))


def random_fixed_bias(architecture: Architecture, seed: int) -> tuple[tuple[Number, ...] | None, ...]:
    """Return seeded constants ``b_l`` for the layers of bias mode ``"fixed"``, None for the others."""
    generator = random.Random(f"fixed-bias-{seed}")
    dyadic = _short_dyadics(generator, 1.0)
    drawn = [tuple(dyadic() for _ in range(n)) for n in architecture.widths[1:]]
    return tuple(b if mode == "fixed" else None for b, mode in zip(drawn, architecture.biases, strict=True))


def _bias(problem: Problem, layer: int, trainable: tuple[Number, ...]) -> tuple[Number, ...]:
    constants = problem.constants(layer)
    return trainable if constants is None else constants


def _short_dyadics(generator: random.Random, scale: float) -> Callable[[], Fraction]:
    """Return what draws non-zero multiples of a power of two with at most seven bits, of the order of ``scale``; there are few, and each is made once."""
    exponent = _finest(scale)
    spread = math.ldexp(scale, -exponent)
    known: dict[int, Fraction] = {}

    def draw() -> Fraction:
        steps = round(generator.gauss(0.0, spread)) or generator.choice((-1, 1))
        found = known.get(steps)
        if found is None:
            found = known[steps] = Fraction(steps * 2**exponent) if exponent >= 0 else Fraction(steps, 2**-exponent)
        return found

    return draw


def _finest(scale: float) -> int:
    """Return the exponent of the power of two of which `_short_dyadics` gives multiples."""
    return math.frexp(scale)[1] - 5


def _input_scale(samples: Samples) -> tuple[float, Fraction]:
    """Return the root mean square of the inputs, 1 where all are 0, as a double times a power of two, which is 1 unless squares of inputs have no double."""
    largest = max(abs(x) for row in samples.X for x in row)
    size = largest.numerator.bit_length() - largest.denominator.bit_length()
    unit = Fraction(1) if largest == 0 or abs(size) < _MOST_SQUARED else Fraction(2) ** size
    entries = [x if unit == 1 else x / unit for row in samples.X for x in row]
    mean = sum((x.numerator / x.denominator) ** 2 for x in entries) / len(entries)
    return (math.sqrt(mean) if mean > 0 else 1.0), unit


def reading_weights(problem: Problem, c: Number = Fraction(1)) -> Weights | None:
    """Return the witness of `principles-suffice` on XOR, generalised: hidden units that read single two-valued inputs.

    Unit ``k`` of the first hidden layer sees ``c·(1 − 2(x_j − p)/(q − p))`` for an input ``j`` that takes only the values ``p``, ``q`` on
    the samples, or the constant ``c``; for an odd activation all first-layer outputs are then affine functions of the sample, and ``σ'``
    is one constant. Units read different inputs as long as there are any, so that ``W_1`` keeps full rank. None where the construction
    does not apply: it needs a trainable bias, one hidden layer, an odd activation, and rational ``c``.
    """
    a = problem.architecture
    if a.L != 2 or a.bias != "trainable" or a.activation.reflection != (-1, 0, 0) or not isinstance(c, Fraction):
        return None
    columns = _reading_columns(problem.samples, a.widths[0], c)
    if columns is None:
        return None
    chosen = [columns[k % len(columns)] for k in range(a.widths[1])]
    W_1 = tuple(tuple(column[0][j] for column in chosen) for j in range(a.widths[0]))
    W_2 = tuple(tuple(Fraction(1 if k % a.widths[2] == j else 0) for j in range(a.widths[2])) for k in range(a.widths[1]))
    return Weights((Layer(W_1, tuple(column[1] for column in chosen)), Layer(W_2, (Fraction(0),) * a.widths[2])))


def _reading_columns(samples: Samples, inputs: int, c: Fraction) -> list[tuple[tuple[Fraction, ...], Fraction]] | None:
    """The columns (weights, bias) that read one input each, and last the constant unit."""
    columns = []
    for j in range(inputs):
        values = sorted({row[j] for row in samples.X})
        if len(values) != 2:
            return None
        slope = -2 * c / (values[1] - values[0])
        weights = tuple(slope if k == j else Fraction(0) for k in range(inputs))
        columns.append((weights, c - slope * values[0]))
    return [*columns, ((Fraction(0),) * inputs, c)]


def twin_weights(problem: Problem, seed: int) -> Weights | None:
    """Return full-rank weights whose hidden units are copies of as few units as full rank of ``W_1`` allows.

    With ``n_1`` greater than the rows ``m`` of ``W_1``, only ``m`` different units are needed for full rank; the copies add nothing to the row space of ``P``.
    None unless there is exactly one hidden layer, wider than ``m`` and than the output.
    """
    a = problem.architecture
    rows = a.fan_in(1)
    if a.L != 2 or a.widths[1] <= rows or a.biases[0] == "fixed":
        return None
    base = random_weights(problem, seed).layers
    W_1 = tuple(tuple(row[k % rows] for k in range(a.widths[1])) for row in base[0].W)
    b_1 = tuple(base[0].b[k % rows] for k in range(a.widths[1]))
    return Weights((Layer(W_1, b_1), base[1]))


def with_outputs_scaled(weights: Weights, factor: int) -> Weights:
    """Return the weights with those of the last layer, without biases, multiplied by a factor."""
    last = weights.layers[-1]
    return Weights((*weights.layers[:-1], Layer(tuple(tuple(_times(w, factor) for w in row) for row in last.W), last.b)))


def _times(number: Number, factor: int) -> Number:
    if isinstance(number, Fraction):
        return number * factor
    return combination(number.rational * factor, {constant: q * factor for constant, q in number.terms})


def scaled_output_weights(problem: Problem, output_bias: Fraction) -> Weights:
    """Return weights with the constant ``output_bias`` for ``z_L``: zero weights, hidden biases away from kinks, trainable bias."""
    base = constant_weights(problem, off_kinks(problem.architecture)).layers
    last = base[-1]
    return Weights((*base[:-1], Layer(last.W, (output_bias,) * len(last.b))))
