"""Names that frameworks give to losses and activations, and what they are called here."""

from __future__ import annotations

import re
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
_RELATIVE = "smooth-l1:β, Σ √(r² + β), is its smooth relative, and another loss"
_HUBER = f"it is no smooth function; {_RELATIVE}"
_ABSOLUTE = f"it is not differentiable; {_RELATIVE}"
_HINGE = "lossproof has no hinge; logistic is its smooth relative, and another loss"
_REFUSED = {
    **dict.fromkeys(("huber", "huberloss", "huber-loss"), _HUBER),
    **dict.fromkeys(("smoothl1loss", "smooth-l1-loss"), f"torch's SmoothL1Loss is Huber's loss; {_RELATIVE}"),
    **dict.fromkeys(("mae", "l1", "l1loss", "l1-loss", "mean-absolute-error", "meanabsoluteerror", "absolute-error"), _ABSOLUTE),
    **dict.fromkeys(
        ("poisson", "poissonnllloss", "poisson-nll", "poisson-nll-loss"),
        "no error here has exponentials or logarithms of outputs, but those of probabilities",
    ),
    **dict.fromkeys(
        ("gaussian-nll", "gaussiannllloss", "gaussian-nll-loss"),
        "it takes a variance beside each output; with one constant variance it is a multiple of error='squared' plus a constant",
    ),
    **dict.fromkeys(
        (
            "hinge", "hinge-loss", "hingeloss", "squared-hinge", "squaredhinge", "categorical-hinge", "categoricalhinge", "hinge-embedding",
            "hinge-embedding-loss", "hingeembeddingloss", "multi-margin-loss", "multimarginloss",
        ),
        _HINGE,
    ),
    **dict.fromkeys(("logcosh", "log-cosh", "logcoshloss"), f"lossproof has no log-cosh; {_RELATIVE}"),
    **dict.fromkeys(
        ("focal", "focal-loss", "binary-focal-crossentropy", "binaryfocalcrossentropy"), "logistic is it without its weights, and another loss"
    ),
    **dict.fromkeys(
        (
            "mape", "mean-absolute-percentage-error", "meanabsolutepercentageerror", "msle", "mean-squared-logarithmic-error",
            "meansquaredlogarithmicerror",
        ),
        "no error here has quotients or logarithms of outputs, but those of probabilities",
    ),
    "log-loss": "it is logistic for outputs of two classes each, and softmax for one class of several",
}  # fmt: skip
"""Losses that there are not, with what comes near."""
_ALIKE = {
    **dict.fromkeys(
        ("rmse", "rmseloss", "root-mean-squared-error", "rootmeansquarederror"),
        "it is the root of the mean squared error, which has the same minimisers, and without weight decay the same critical points where it is above 0: "
        "give error='squared'",
    ),
    **dict.fromkeys(
        ("kl", "kl-div", "kldivloss", "kl-divergence", "kldivergence"),
        "of probabilities it is cross-entropy less a constant, the entropy of the targets, and has the same critical points: give error='softmax'",
    ),
}
"""Losses that there are not, with the one that has the same critical points."""
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
    if key in _REFUSED or key in _ALIKE:
        raise InputError(f"the error must be one that lossproof has, got {called!r}: {_REFUSED.get(key) or _ALIKE[key]}")
    if itself and key in _NAMES["e"]:
        raise InputError(f"the error must be a name, got {shown(called)} itself: give error={_NAMES['e'][key]!r}")
    return _NAMES["e"].get(key, name)


def advice_on_loss(name: str) -> str:
    """Return what to do about a loss of a trained network that lossproof does not have.

    >>> advice_on_loss("hinge")
    'lossproof has no hinge; logistic is its smooth relative, and another loss; error= names an error to judge the weights by, under which they need not be \
critical'
    """
    key = _key(re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name))
    alike = _ALIKE.get(key) or _ALIKE.get(_key(name))
    near = _REFUSED.get(key) or _REFUSED.get(_key(name), "lossproof has no such loss")
    return alike or f"{near}; error= names an error to judge the weights by, under which they need not be critical"


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
