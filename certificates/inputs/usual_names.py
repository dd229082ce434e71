"""Names that frameworks give to losses and activations, and what they are called here."""

from __future__ import annotations

from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.shown import shown

_ERRORS = {
    "squared": (
        "mse", "mseloss", "mse-loss", "mean-squared-error", "meansquarederror", "squared-error", "half-squared-error", "l2", "l2-loss",
    ),
    "logistic": (
        "bce", "bceloss", "bcewithlogits", "bcewithlogitsloss", "bce-with-logits", "binary-crossentropy", "binary-cross-entropy",
        "binarycrossentropy", "sigmoid-cross-entropy", "binary-cross-entropy-with-logits",
    ),
    "softmax": (
        "ce", "cross-entropy", "crossentropy", "crossentropyloss", "categorical-crossentropy", "categorical-cross-entropy", "categoricalcrossentropy",
        "sparse-categorical-crossentropy", "sparsecategoricalcrossentropy", "softmax-cross-entropy", "nll", "nllloss", "nll-loss",
    ),
}  # fmt: skip
_ACTIVATIONS = {
    "sigmoid": ("logistic", "expit"),
    "identity": ("linear",),
    "relu": ("rectifier", "rectified-linear"),
    "leaky-relu": ("leakyrelu", "lrelu"),
    "hard-tanh": ("hardtanh",),
    "arctan": ("atan",),
    "sin": ("sine",),
}
_REFUSED = {
    "huber": "it is no smooth function; smooth-l1:β, Σ √(r² + β), is its smooth relative, and another loss",
    "huberloss": "it is no smooth function; smooth-l1:β, Σ √(r² + β), is its smooth relative, and another loss",
    "smoothl1loss": "torch's SmoothL1Loss is Huber's loss; smooth-l1:β, Σ √(r² + β), is its smooth relative, and another loss",
    "mae": "it is not differentiable; smooth-l1:β, Σ √(r² + β), is its smooth relative",
    "l1": "it is not differentiable; smooth-l1:β, Σ √(r² + β), is its smooth relative",
    "l1loss": "it is not differentiable; smooth-l1:β, Σ √(r² + β), is its smooth relative",
    "mean-absolute-error": "it is not differentiable; smooth-l1:β, Σ √(r² + β), is its smooth relative",
    "log-loss": "it is logistic for outputs of two classes each, and softmax for one class of several",
    "hinge": "it is not differentiable; logistic is its smooth relative",
    "poisson": "no error here has an exponential output",
    "kl-divergence": "softmax differs from it by a constant, the entropy of the targets",
}
_NAMES = {
    table: {other: name for name, others in found.items() for other in others} for table, found in (("e", _ERRORS), ("a", _ACTIVATIONS))
}


def usual_error(name: Any) -> Any:
    """Return our name for a loss of a framework; anything else is returned as it came.

    Raises `InputError` for a loss that lossproof does not have, with what comes near, and for the loss itself of a framework in place of its name.

    >>> usual_error("MSE"), usual_error("binary_crossentropy"), usual_error("cauchy:1/4")
    ('squared', 'logistic', 'cauchy:1/4')
    """
    itself = name is not None and not isinstance(name, (str, ErrorFunction))
    called = getattr(name, "__name__", type(name).__name__) if itself else name
    key = _key(called)
    if key in _REFUSED:
        raise InputError(f"the error must be one that lossproof has, got {called!r}: {_REFUSED[key]}")
    if itself and key in _NAMES["e"]:
        raise InputError(f"the error must be a name, got {shown(called)} itself: give error={_NAMES['e'][key]!r}")
    return _NAMES["e"].get(key, name)


def usual_activation(name: Any) -> Any:
    """Return our name for an activation of a framework, its parameter kept; anything else is returned as it came.

    >>> usual_activation("logistic"), usual_activation("LeakyReLU:1/5"), usual_activation("tanh")
    ('sigmoid', 'leaky-relu:1/5', 'tanh')
    """
    family, colon, parameter = _key(name).partition(":")
    return f"{_NAMES['a'][family]}{colon}{parameter}" if family in _NAMES["a"] else name


def usual_activations(given: Any) -> Any:
    """Return our names for one activation, or for a list of them, one a hidden layer, which may be text with commas.

    >>> usual_activations("logistic, tanh"), usual_activations("relu")
    (['sigmoid', 'tanh'], 'relu')
    """
    if isinstance(given, str) and "," in given:
        given = [part.strip() for part in given.split(",")]
    return [usual_activation(one) for one in given] if isinstance(given, (list, tuple)) else usual_activation(given)


def _key(name: Any) -> str:
    return name.strip().lower().replace("_", "-") if isinstance(name, str) else ""
