"""What a trained network does with its samples before its first trainable layer: constants that make features of them, the samples of the problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from flint import arb

from lossproof.certificates.inputs.sizes import require_few_numbers
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.certificates.notes import DataNote
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.precision import dyadic
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.rationals import from_flint
from lossproof.theory.exceptions import InputError, NotInField
from lossproof.theory.limits import MAX_NUMBER_TEXT
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Row, Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import is_writable

_PRECISIONS = (128, 256, 512, 1024, 2048)
_ACCURATE_BITS = 64
_LEAST_EXPONENT = -1100
_Rows = tuple[Row, ...]


def scaled_samples(network: TrainedNetwork, problem: Problem) -> Problem:
    """Return the problem with the samples as the layers of the network see them, in rational numbers.

    Where the network scales its inputs, ``x`` becomes ``s x + t``. Where it scales its outputs last, by constants of one size ``|s|``, the squared error of
    ``s φ + t`` for ``y`` is ``s²`` times that of ``φ`` for ``(y − t)/s``, which becomes the target: minima, critical points and their kinds are the same.
    Raises `InputError` for numbers longer than a certificate's may be.
    """
    X, Y = problem.samples.X, problem.samples.Y
    if network.scaled is not None:
        scale, shift = network.scaled
        X = tuple(tuple(x * s + t for x, s, t in zip(row, scale, shift, strict=True)) for row in X)
    if network.rescaled is not None:
        scale, shift = network.rescaled
        Y = tuple(tuple((y - t) / s for y, s, t in zip(row, scale, shift, strict=True)) for row in Y)
    if (X is not problem.samples.X and not _are_writable(X)) or (Y is not problem.samples.Y and not _are_writable(Y)):
        raise InputError(
            f"the samples that the layers see must have at most {MAX_NUMBER_TEXT:,} characters as fractions, got longer ones: "
            "give samples of fewer digits, such as floats"
        )
    return replace(problem, samples=Samples(X, Y))


def later_layers(problem: Problem, weights: Weights, frozen: int) -> tuple[Problem, Weights, bool]:
    r"""Return the problem of the layers ``frozen + 1, …, L`` alone, on the features ``φ_frozen(x_i)`` of shape ``(T, n_frozen)``, their weights, and whether
    features were rounded.

    With the first layers constant, ``F(W, x) = F'(W', φ_frozen(x))`` for the trainable weights ``W'``: losses, gradients, Hessians and ``P`` of both are the
    same. The features are computed in rational numbers, and nothing is rounded, where they are rational and no longer than a certificate's numbers may be.
    Otherwise each feature is the double that is next to it (`_nearest_doubles`): the samples of the problem are then these doubles, as what a scaler makes of
    samples is. A penalty on constants is a constant of ``J``, and is left out.

    Raises `InputError` where a feature is larger than all doubles, or is told by no precision.

    >>> from lossproof.theory.functions.errors import error_named
    >>> a = Architecture.of("1-1-1", "relu")
    >>> whole = Problem(a, error_named("squared"), Samples.of([[3], [-3]], [1, 0]))
    >>> rest, point, rounded = later_layers(whole, Weights.of(a, [([["1/2"]], [0]), ([[2]], [1])]), 1)
    >>> str(rest.architecture), rest.samples.X, rounded
    ('1-1', ((Fraction(3, 2),), (Fraction(0, 1),)), False)
    """
    a = problem.architecture
    require_few_numbers(problem.T, sum(a.widths[1 : frozen + 1]), "the features that frozen layers make of the samples")
    exact = _rational_features(problem, weights, frozen)
    X = _nearest_doubles(problem, weights, frozen) if exact is None else exact
    rest = Architecture.of(a.widths[frozen:], a.hidden[frozen:] or "identity", a.output_activation, a.biases[frozen:])
    decay = None if problem.decay is None else Decay.of(problem.decay.layers[frozen:], rest)
    fixed = problem.fixed_bias[frozen:] if problem.fixed_bias is not None and "fixed" in rest.biases else None
    later = Problem(rest, problem.error, Samples(X, problem.samples.Y), fixed, decay)
    return later, Weights(weights.layers[frozen:]), exact is None


def with_constants(problem: Problem, weights: Weights, layers: Sequence[int]) -> Problem:
    """Return the problem with these layers, ``1..L``, as constants with their weights and biases; a penalty on constants is left out.

    >>> from lossproof.theory.functions.errors import error_named
    >>> a = Architecture.of("1-1-1", bias="none")
    >>> whole = Problem(a, error_named("squared"), Samples.of([[3]], [1]), decay=Decay.of("1/2", a))
    >>> found = with_constants(whole, Weights.of(a, [([[1]], None), ([[2]], None)]), [2])
    >>> found.architecture.N_net, found.frozen[1].W, str(found.decay)
    (1, ((Fraction(2, 1),),), '(1/2, 0), (0, 0) for weights and biases of each layer')
    """
    if not layers:
        return problem
    a = problem.architecture.with_frozen(layers)
    fixed = problem.fixed_bias
    if fixed is not None:
        fixed = tuple(None if l in layers else b for l, b in enumerate(fixed, start=1)) if "fixed" in a.biases else None
    held = tuple(layer if l in layers else None for l, layer in enumerate(weights.layers, start=1))
    decay = None if problem.decay is None else Decay.of(problem.decay.layers, a)
    return replace(problem, architecture=a, fixed_bias=fixed, decay=decay, frozen=held)


def _are_writable(rows: _Rows) -> bool:
    return all(is_writable(entry) for row in rows for entry in row)


def _rational_features(problem: Problem, weights: Weights, frozen: int) -> _Rows | None:
    """Return the features exactly; None where one is irrational, or longer than a certificate's numbers may be."""
    try:
        features = evaluate(problem.architecture, problem.samples, weights, RationalField()).phi[frozen]
    except NotInField:
        return None
    rows = tuple(tuple(from_flint(entry) for entry in row) for row in features)
    return rows if _are_writable(rows) else None


def _nearest_doubles(problem: Problem, weights: Weights, frozen: int) -> _Rows:
    """Return the features in doubles, each rounded once from a ball around it.

    A ball is taken when its radius is at most ``2^-64`` of its size, or ``2^-1100``; then the double differs from the feature by at most ``1/2 + 2^-10`` units
    in the last place, or is the nearest of the subnormal ones up to that. Raises `InputError` for features beyond all doubles, and where the last precision
    does not tell one.
    """
    for bits in _PRECISIONS:
        found = evaluate(problem.architecture, problem.samples, weights, BallField(bits)).phi[frozen]
        if all(_is_narrow(ball) for ball in found.ravel()):
            break
    else:
        raise InputError(
            f"the features that frozen layers make of the samples must be told by {_PRECISIONS[-1]:,} bits, got sums that are too large or cancel: compute "
            "them as floats, and give check_model the trainable layers alone with these as X"
        )
    try:
        return tuple(tuple(Fraction(float(dyadic(ball))) for ball in row) for row in found)
    except (ValueError, OverflowError) as error:
        raise InputError(
            "the features that frozen layers make of the samples must lie within the range of doubles, got larger ones: scale the samples"
        ) from error


def _is_narrow(ball: Any) -> bool:
    return bool(ball.is_finite()) and (ball.rel_accuracy_bits() >= _ACCURATE_BITS or bool(ball.rad() <= arb(2) ** _LEAST_EXPONENT))


def notes_on_frozen(problem: Problem, frozen: int, *, rounded: bool) -> tuple[str, ...]:
    """Return what a report says about constants of a trained network: its ``frozen`` first layers, and frozen biases of the ``problem`` that is left.

    ``rounded`` tells whether what the layers make of the samples was rounded.
    """
    a = problem.architecture
    notes = []
    if frozen:
        layers = "The first layer is frozen and a constant" if frozen == 1 else f"The first {frozen} layers are frozen and constants"
        features = (
            "what frozen layers make of X, rounded to the nearest doubles, as not all of it is rational: the claims are about these very numbers."
            if rounded
            else "what frozen layers make of X, as exact rational numbers."
        )
        notes.append(
            f"{layers} of the problem: the claims are about the trainable layers alone, a {a} network. The samples of the problem are {features}"
        )
    fixed = [str(frozen + l) for l, mode in enumerate(a.biases, start=1) if mode == "fixed"]
    if fixed:
        notes.append(f"Frozen biases are constants of the problem, those of layer {', '.join(fixed)}.")
    return tuple(map(DataNote, notes))
