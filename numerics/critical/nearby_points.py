"""Weights near a candidate at which a proof may succeed where it fails at the candidate itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from flint import fmpz

from lossproof.numerics.critical.balanced_inputs import balanced_point
from lossproof.numerics.critical.ball import polished_weights
from lossproof.numerics.critical.box import refined_weights, symmetry_gauge
from lossproof.numerics.critical.descent import descend
from lossproof.numerics.critical.exact import gradient_is_zero
from lossproof.numerics.critical.families import family_point
from lossproof.numerics.critical.least_squares import critical_in_cell, with_one_layer_fitted
from lossproof.numerics.critical.merged_units import with_merged_units
from lossproof.numerics.critical.point_on_kinks import point_on_kinks
from lossproof.numerics.critical.rational_points import rational_point
from lossproof.numerics.critical.silent_sides import on_silent_sides
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.functions.forms import Logistic
from lossproof.theory.problem.numbers import Constant, Number, combination
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_CLOSE = Fraction(1, 10**6)
_LARGEST_DENOMINATOR = 64
_LARGEST_EXPONENT = 8.0
_DESCENDING, _FINISHING, _MOST_FLOPS = 300, 60, 2 * 10**11


def nearby_points(problem: Problem, weights: Weights) -> Iterator[Weights]:
    """Yield the point of least squares of the weights' cell, if it is exactly critical, or a minimum on kinks, the weights, then nearby ones: with short
    entries and an exactly vanishing gradient, with units merged, refined by Newton's method, rational ones, and where safeguarded steps in doubles end.

    Where a layer is frozen, only forms are tried that no symmetry of its units is needed for. What is yielded are guesses: a proof has to follow, and speaks
    about the weights yielded.
    """
    yield from _of_cell(problem, weights)
    yield weights
    yield from _of_form(problem, weights)
    for fixed in dict.fromkeys(((), symmetry_gauge(problem, weights))):
        refined = refined_weights(problem, weights, fixed)
        if refined is not None:
            yield refined
    rational = rational_point(problem, weights)
    yield from () if rational is None else (rational,)
    yield from polished_weights(problem, weights)


def structured_points(problem: Problem, weights: Weights) -> Iterator[Weights]:
    """Yield those of `nearby_points` that have a particular form: of the cell, on kinks, with short entries, with units merged, or of a family."""
    yield from _of_cell(problem, weights)
    yield from _of_form(problem, weights)


@np.errstate(all="ignore")
def descended_weights(problem: Problem, weights: Weights) -> Weights | None:
    """Return where a descent of the loss by regularised Newton steps ends, and steps for ``∇J = 0`` from there, in doubles.

    None where numbers have no doubles or the steps run off, and where there are too many weights and samples for about a minute of steps.
    """
    a = problem.architecture
    work = (_DESCENDING + _FINISHING) * (8 * problem.T * a.n_L * a.N_net**2 + 10 * a.N_net**3)
    if work > _MOST_FLOPS or beyond_doubles(problem, weights) is not None:
        return None
    landscape, start = FloatLandscape(problem), flat_weights(problem, weights)[None]
    end = descend(landscape, start, _DESCENDING, _FINISHING)[0]
    return weights_of_rows(problem, end) if np.all(np.isfinite(end)) else None


def _of_cell(problem: Problem, weights: Weights) -> Iterator[Weights]:
    if problem.architecture.frozen:
        return
    on_kinks = point_on_kinks(problem, weights)
    if on_kinks is not None:
        yield on_kinks
    in_cell = critical_in_cell(problem, weights)
    if in_cell is not None and gradient_is_zero(problem, in_cell):
        yield in_cell
    elif problem.architecture.n_L > 1:
        for start in (weights, on_silent_sides(problem, weights)):
            fitted = () if start is None else with_one_layer_fitted(problem, start)
            yield from (point for point in fitted if gradient_is_zero(problem, point))


def _of_form(problem: Problem, weights: Weights) -> Iterator[Weights]:
    frozen = bool(problem.architecture.frozen)
    constants = () if frozen else (constant_network(problem, weights), idle_constant_network(problem, weights))
    for exact in (snapped_weights(problem, weights), *constants):
        if exact is not None and exact != weights and gradient_is_zero(problem, exact):
            yield exact
    if frozen:
        return
    balanced, merged = balanced_point(problem, weights), with_merged_units(problem, weights)
    yield from () if balanced is None else (balanced.weights,)
    yield from () if merged is None else (merged,)
    family = family_point(problem, weights)
    yield from () if family is None else (family.weights,)


def snapped_weights(problem: Problem, weights: Weights) -> Weights:
    """Return the weights with each trainable entry that is within ``10^-6`` of a fraction with a denominator up to 64 replaced by it.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[1]], [[5]]))
    >>> point = Weights((Layer(((Fraction("0.50000001"),),), (Fraction("1e-9"),)),))
    >>> snapped_weights(problem, point).layers[0]
    Layer(W=((Fraction(1, 2),),), b=(Fraction(0, 1),))
    """
    found = []
    for l, layer in enumerate(weights.layers, start=1):
        snapped, held = _mapped(layer, _snapped), problem.constants(l)
        found.append(problem.frozen_layer(l) or (snapped if held is None else Layer(snapped.W, held)))
    return Weights(tuple(found))


def constant_network(problem: Problem, weights: Weights) -> Weights | None:
    r"""Return weights with ``W_1 = 0`` exactly and the mean target as constant output, near ones whose first layer nearly vanishes; None for others.

    For one hidden layer of tanh or sigmoid, identity output and squared error. The hidden biases become ``b`` with a short rational ``σ(b)``, such as
    ``log(3)/2`` with ``tanh b = 1/2``, so that the output bias, ``mean(Y) − Σ v σ(b)``, is rational.
    """
    a = problem.architecture
    right = a.L == 2 and a.bias == "trainable" and a.output_activation.is_identity and problem.error.family == "squared"
    small = all(isinstance(w, Fraction) and abs(w) <= _CLOSE for row in weights.layers[0].W for w in row)
    if not right or not small or a.activation.logistic is None:
        return None
    hidden = [_with_rational_value(a.activation.logistic, float(ball_of(b))) for b in weights.layers[0].b]
    W_2 = [[v for w in row if isinstance(v := _snapped(w), Fraction)] for row in weights.layers[1].W]
    if any(len(row) < a.n_L for row in W_2):
        return None
    outputs = []
    for j in range(a.n_L):
        pushed = sum((v[j] * value for v, (_, value) in zip(W_2, hidden, strict=True)), Fraction(0))
        outputs.append(sum((row[j] for row in problem.samples.Y), Fraction(0)) / problem.T - pushed)
    zeros = tuple(tuple(Fraction(0) for _ in row) for row in weights.layers[0].W)
    return Weights((Layer(zeros, tuple(b for b, _ in hidden)), Layer(tuple(map(tuple, W_2)), tuple(outputs))))


def idle_constant_network(problem: Problem, weights: Weights) -> Weights | None:
    r"""Return weights with ``W_1 = 0`` and ``W_L = 0`` exactly and the best constant output, near ones where both nearly vanish; None for others.

    For identity output with trainable biases, and the squared error, the mean of the targets, or a cross-entropy, logarithms of their means: for the logistic
    error ``log(ȳ/(1 − ȳ))``, for softmax ``log ȳ_j``, up to one number for all j, that of output 0 as it is.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1-1", "sin"), error_named("logistic"), Samples.of([[-1], [0], [1]], [[0], [1], [0]]))
    >>> near = Weights.of(problem.architecture, [([["1e-9"]], [1]), ([["-1e-9"]], ["-0.6931"])])
    >>> [str(layer.b[0]) for layer in idle_constant_network(problem, near).layers]
    ['1', '-1*log(2)']
    """
    a, layers = problem.architecture, list(weights.layers)
    ends = (layers[0], layers[-1])
    right = a.L >= 2 and a.bias_rows_of(a.L) and a.output_activation.is_identity
    if not right or not all(isinstance(w, Fraction) and abs(w) <= _CLOSE for layer in ends for row in layer.W for w in row):
        return None
    best = _best_constants(problem, layers[-1].b[0])
    if best is None:
        return None
    for l, b in ((0, layers[0].b), (a.L - 1, best)):
        layers[l] = Layer(tuple(tuple(Fraction(0) for _ in row) for row in layers[l].W), tuple(b))
    return Weights(tuple(layers))


def _best_constants(problem: Problem, first: Number) -> list[Number] | None:
    """Return the best constant output, for softmax with about the given value for output 0; None where it is not known, or not attained."""
    means = [sum(column, Fraction(0)) / problem.T for column in zip(*problem.samples.Y, strict=True)]
    if problem.error.name == "squared":
        return list(means)
    softmax = problem.error.family == "softmax"
    if (
        not problem.error.is_cross_entropy
        or not all(mean > 0 and (softmax or mean < 1) for mean in means)
        or not isinstance(first, Fraction)
    ):
        return None
    shares = [mean / means[0] if softmax else mean / (1 - mean) for mean in means]
    return [_logarithm(share, first if softmax else Fraction(0)) for share in shares]


def _logarithm(ratio: Fraction, more: Fraction) -> Number:
    return combination(more, {Constant("log", Fraction(p)): Fraction(power) for p, power in _prime_powers(ratio).items()})


def _with_rational_value(form: Logistic, b: float) -> tuple[Number, Fraction]:
    """Return ``b'`` near ``b`` with a rational ``σ(b')``, and that value: ``e^{kb'} = p/q`` with the rate ``k`` of the logistic function."""
    scale = Fraction(1, form.rate)
    ratio = Fraction(math.exp(min(max(b / float(scale), -_LARGEST_EXPONENT), _LARGEST_EXPONENT))).limit_denominator(_LARGEST_DENOMINATOR)
    ratio = max(ratio, Fraction(1, _LARGEST_DENOMINATOR))
    value = (form.low + form.high * ratio) / (1 + ratio)
    terms = {Constant("log", Fraction(p)): scale * power for p, power in _prime_powers(ratio).items()}
    return combination(Fraction(0), terms), value


def _prime_powers(ratio: Fraction) -> dict[int, int]:
    powers: dict[int, int] = {}
    for number, sign in ((ratio.numerator, 1), (ratio.denominator, -1)):
        for prime, power in fmpz(number).factor():
            powers[int(prime)] = powers.get(int(prime), 0) + sign * int(power)
    return powers


def _snapped(value: Number) -> Number:
    if not isinstance(value, Fraction):
        return value
    short = value.limit_denominator(_LARGEST_DENOMINATOR)
    return short if abs(short - value) <= _CLOSE else value


def _mapped(layer: Layer, change: Callable[[Number], Number]) -> Layer:
    return Layer(tuple(tuple(map(change, row)) for row in layer.W), tuple(map(change, layer.b)))
