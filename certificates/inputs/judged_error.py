"""By which error a trained network is judged, and how ``J`` relates to the number that its framework shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from lossproof.certificates.inputs.layers import PROBABILITIES
from lossproof.certificates.inputs.trained_network import SCIKIT_LEARN, TrainedNetwork
from lossproof.certificates.inputs.unnamed_error import question_on_error
from lossproof.certificates.inputs.usual_names import usual_error
from lossproof.certificates.notes import AssumedNote
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import ErrorFunction, error_named
from lossproof.theory.problem.problem import Problem

_LARGE = 10**6


@dataclass(frozen=True)
class _Loss:
    """A loss of a framework: what a report calls it, and ``numerator/n_L`` (or the numerator alone) times the error in ``J``."""

    name: str
    numerator: int = 1
    averages_outputs: bool = True


_LOSSES: Mapping[str, Mapping[str, _Loss]] = {
    "torch": {
        "squared": _Loss("MSELoss of torch", 2),
        "logistic": _Loss("BCELoss, as BCEWithLogitsLoss of the outputs before the sigmoid, of torch"),
        "softmax": _Loss("CrossEntropyLoss of torch", averages_outputs=False),
    },
    "keras": {
        "squared": _Loss("mean_squared_error of keras", 2),
        "logistic": _Loss("binary_crossentropy of keras"),
        "softmax": _Loss("categorical_crossentropy of keras", averages_outputs=False),
    },
    "JAX": {
        "squared": _Loss("the mean of optax.squared_error, which is twice that of optax.l2_loss", 2),
        "logistic": _Loss("the mean of optax.sigmoid_binary_cross_entropy of the outputs before the sigmoid"),
        "softmax": _Loss("the mean of optax.softmax_cross_entropy of the outputs before the softmax", averages_outputs=False),
    },
    "": {
        "squared": _Loss("a mean squared error, as MSELoss of torch or mean_squared_error of Keras", 2),
        "logistic": _Loss("a mean binary cross-entropy, as BCELoss of torch or binary_crossentropy of Keras"),
        "softmax": _Loss("a mean cross-entropy, as CrossEntropyLoss of torch or categorical_crossentropy of Keras", averages_outputs=False),
    },
}
"""The losses of each framework, and under "" of what was saved from any; losses average samples, and most of them outputs, too."""


def judged_by(network: TrainedNetwork, given: str | ErrorFunction | None, Y: Any) -> tuple[TrainedNetwork, str | ErrorFunction]:
    """Return the network as it is read for an error, and the error: the one given, the one it was trained on, or the one that fits its last layer and ``Y``.

    A last sigmoid meets ``logistic``, and a last softmax or log-softmax meets ``softmax``, whose errors apply these functions themselves: the network is
    then read up to its last sums. Raises `InputError` for another error than a network knows to be its own, for a last softmax under another error, and
    where none is named and several fit (`question_on_error`), or the network was trained on a loss that lossproof does not have.
    """
    name = usual_error(given)
    if network.error is not None:
        if name is not None and error_named(name).name != network.error:
            raise InputError(
                f"the error of this classifier must be {network.error}, on which it was trained, got {error_named(name).name}: leave it out, "
                "or give the weights to check_architecture"
            )
        return network, network.error
    if name is None and network.foreign_loss:
        raise InputError(f"the loss of a model must be one that lossproof has and that fits its outputs, got {network.foreign_loss}")
    asked = None if name is not None else question_on_error(network, Y)
    if asked is not None:
        raise asked.refusal
    last = network.output_activation
    if network.rescaled is not None:
        return network, _squared((network.trained_on or "squared") if name is None else name, network.rescaled[0])
    if last in PROBABILITIES:
        if name is not None and error_named(name).family != "softmax":
            raise InputError(
                f"a network that ends in a {last} must be judged by the error softmax, got {error_named(name).name}: leave out its last layer, "
                "or the error"
            )
        return _up_to_sums(network, "softmax"), "softmax"
    chosen = (network.trained_on or "squared") if name is None else name
    if last == "sigmoid" and error_named(chosen).family == "logistic":
        return _up_to_sums(network, "sigmoid"), chosen
    return network, chosen


def _squared(chosen: str | ErrorFunction, scale: Sequence[Fraction]) -> str | ErrorFunction:
    """Return the error of a network that scales its outputs last. Raises `InputError` unless it is the squared one, and the factors are of one size."""
    if error_named(chosen).name != "squared" or len({abs(s) for s in scale}) > 1:
        got = error_named(chosen).name if error_named(chosen).name != "squared" else "factors of several sizes"
        raise InputError(
            f"outputs that are scaled by constants after the last activation must have one factor and the squared error, got {got}: leave the scale out, "
            "and scale the targets"
        )
    return chosen


def _up_to_sums(network: TrainedNetwork, link: str) -> TrainedNetwork:
    """Return the network without its last function, and with probabilities for its outputs where they are compared.

    A logarithm is compared by its exponential: the slopes of the sigmoid, of softmax and of ``exp(log-softmax)`` are at most 1/2 in the largest entry.
    """
    own = network.outputs

    return replace(
        network,
        output_activation="identity",
        outputs=own if own is None or network.output_activation != "log-softmax" else lambda X: np.asarray(np.exp(own(X))),
        link=expit if link == "sigmoid" else lambda z: np.asarray(softmax(z, axis=1)),
    )


def notes_on_loss(network: TrainedNetwork, problem: Problem, *, named: bool) -> tuple[str, ...]:
    """Return what a report says about the error, and about the number that the network's framework shows for it."""
    if network.framework == SCIKIT_LEARN:
        return (_of_scikit_learn(network, problem),)
    known = named or network.trained_on is not None
    said = f"error: {problem.error.name} (assumed: the model does not say; name it with error=)"
    return (*(() if known else (AssumedNote(said),)), _of_framework(network, problem))


def note_on_decay() -> AssumedNote:
    """Return what a report says where nobody said whether there was a weight decay."""
    return AssumedNote("weight decay: 0 (assumed; weight_decay=)")


def _of_framework(network: TrainedNetwork, problem: Problem) -> str:
    other = _Loss("a mean of this error over samples and outputs")
    loss = _LOSSES.get(network.framework, _LOSSES[""]).get(problem.error.family, other)
    factor = Fraction(loss.numerator, problem.architecture.n_L if loss.averages_outputs else 1)
    factor *= 1 if network.rescaled is None else network.rescaled[0][0] ** 2
    said = str(factor) if factor.denominator < _LARGE > factor.numerator else f"about {float(factor):.6g}"
    times = "equals" if factor == 1 else f"is {said} times"
    half = ", ½ of their squares" if problem.error.family == "squared" else ""
    return (
        f"J has the mean over samples of the error summed over outputs{half}: {loss.name}, with its mean over batches of one size, {times} "
        f"that part of J, so a weight decay λ added to it is a rate of {'λ' if factor == 1 else f'λ/{said}' if said.isdecimal() else f'λ/({said})'} here."
    )


def _of_scikit_learn(network: TrainedNetwork, problem: Problem) -> str:
    """A regressor follows the gradient of the sum over outputs, and shows their mean: see `squared_loss` and `_backprop` of scikit-learn."""
    if problem.error.name != (network.error or "squared"):
        return f"The model was trained on the squared error, and is judged by {problem.error.name}, as you named it."
    n = problem.architecture.n_L
    if problem.error.name != "squared" or n == 1:
        return "The error in J is the one in scikit-learn's loss_, at these weights and over the samples given."
    return (
        f"scikit-learn's loss_ averages the squared error over the {n} outputs, while the gradient that it follows adds them up, as J does: the error in J is "
        f"{n} times that in loss_, and a fit rests where the gradient of J, with the penalty, vanishes."
    )
