"""Frozen layers of a trained network: constants that make features of the samples, for the problem of the layers after them."""

from __future__ import annotations

from lossproof.certificates.inputs.sizes import require_few_numbers
from lossproof.certificates.notes import DataNote
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.rationals import from_flint
from lossproof.theory.exceptions import InputError, NotInField
from lossproof.theory.limits import MAX_NUMBER_TEXT
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import is_writable


def later_layers(problem: Problem, weights: Weights, frozen: int) -> tuple[Problem, Weights]:
    r"""Return the problem of the layers ``frozen + 1, …, L`` alone, on the features ``φ_frozen(x_i)`` of shape ``(T, n_frozen)``, and their weights.

    With the first layers constant, ``F(W, x) = F'(W', φ_frozen(x))`` for the trainable weights ``W'``: losses, gradients, Hessians and ``P`` of both are the
    same. The features are computed in rational numbers, so nothing is rounded. A penalty on constants is a constant of ``J``, and is left out.

    Raises `InputError` where a feature is irrational, or is longer than a certificate's numbers may be.

    >>> from lossproof.theory.functions.errors import error_named
    >>> a = Architecture.of("1-1-1", "relu")
    >>> whole = Problem(a, error_named("squared"), Samples.of([[3], [-3]], [1, 0]))
    >>> rest, point = later_layers(whole, Weights.of(a, [([["1/2"]], [0]), ([[2]], [1])]), 1)
    >>> str(rest.architecture), rest.samples.X
    ('1-1', ((Fraction(3, 2),), (Fraction(0, 1),)))
    """
    a = problem.architecture
    require_few_numbers(problem.T, sum(a.widths[1 : frozen + 1]), "the features that frozen layers make of the samples")
    try:
        features = evaluate(a, problem.samples, weights, RationalField()).phi[frozen]
    except NotInField as irrational:
        names = ", ".join(activation.name for activation in a.hidden[:frozen])
        raise InputError(
            f"frozen layers must make rational numbers of the samples, as relu does, got {names}, which makes irrational ones: compute them as floats with the "
            "frozen layers, and give check_model the trainable layers alone with these as X"
        ) from irrational
    X = tuple(tuple(from_flint(entry) for entry in row) for row in features)
    if not all(is_writable(entry) for row in X for entry in row):
        raise InputError(
            f"the features that frozen layers make of the samples must have at most {MAX_NUMBER_TEXT:,} characters as fractions, got longer ones: "
            "compute them as floats, and give check_model the trainable layers alone with these as X"
        )
    rest = Architecture.of(a.widths[frozen:], a.hidden[frozen:] or "identity", a.output_activation, a.biases[frozen:])
    decay = None if problem.decay is None else Decay.of(problem.decay.layers[frozen:], rest)
    fixed = problem.fixed_bias[frozen:] if problem.fixed_bias is not None and "fixed" in rest.biases else None
    return Problem(rest, problem.error, Samples(X, problem.samples.Y), fixed, decay), Weights(weights.layers[frozen:])


def notes_on_frozen(problem: Problem, frozen: int) -> tuple[str, ...]:
    """Return what a report says about constants of a trained network: its ``frozen`` first layers, and frozen biases of the ``problem`` that is left."""
    a = problem.architecture
    notes = []
    if frozen:
        layers = "The first layer is frozen and a constant" if frozen == 1 else f"The first {frozen} layers are frozen and constants"
        notes.append(
            f"{layers} of the problem: the claims are about the trainable layers alone, a {a} network. The samples of the problem are "
            "what frozen layers make of X, as exact rational numbers."
        )
    fixed = [str(frozen + l) for l, mode in enumerate(a.biases, start=1) if mode == "fixed"]
    if fixed:
        notes.append(f"Frozen biases are constants of the problem, those of layer {', '.join(fixed)}.")
    return tuple(map(DataNote, notes))
