"""What the training of a Keras model minimised, as far as the model keeps it: its compiled loss and its ``l2`` regularizers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from lossproof.certificates.inputs.layered_mlp import LayeredMLP
from lossproof.certificates.inputs.layers import PROBABILITIES
from lossproof.certificates.inputs.usual_names import advice_on_loss, usual_error
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.shown import shown

_CLASSES = {
    "MeanSquaredError": "mse",
    "BinaryCrossentropy": "bce",
    "CategoricalCrossentropy": "cross-entropy",
    "SparseCategoricalCrossentropy": "cross-entropy",
}
_CROSS_ENTROPIES = ("bce", "cross-entropy", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
_SMOOTHED = {
    "bce": "give error='logistic' and targets y(1 − {s}) + {s}/2 in place of y",
    "cross-entropy": "give error='softmax' and targets y(1 − {s}) + {s}/n for n classes in place of y",
}
"""What a cross-entropy with smoothed labels is a cross-entropy of."""
_PROBABLE = ("sigmoid", *PROBABILITIES)


def compiled_loss(model: Any, last: str) -> str | None:
    """Return our error for the loss that a model was compiled with; None where it was compiled with none, or with one that lossproof does not have.

    The cross-entropies of Keras are those of probabilities unless they say ``from_logits``; a model of another kind of outputs minimises something else,
    and its loss is taken for none that there is.
    """
    loss = getattr(model, "loss", None)
    name = _usual_name(loss)
    if name is None or getattr(loss, "label_smoothing", False):
        return None
    try:
        found = error_named(usual_error(name)).name
    except InputError:
        return None
    logits = getattr(loss, "from_logits", False)
    return found if found == "squared" or logits != (last in _PROBABLE) else None


def foreign_loss(model: Any, last: str) -> str:
    """Return the loss of a model that `compiled_loss` does not know, with what can be done, as a message says it; empty where there is none or it is known."""
    loss = getattr(model, "loss", None)
    if loss is None or compiled_loss(model, last) is not None:
        return ""
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    known, smoothing = _usual_name(loss), getattr(loss, "label_smoothing", 0)
    if smoothing and known in _SMOOTHED:
        return f"{name} with label_smoothing={smoothing:g}: {_SMOOTHED[known].format(s=f'{smoothing:g}')}, which is the same loss"
    if known in _CROSS_ENTROPIES:
        logits = getattr(loss, "from_logits", False)
        got = "from_logits=True" if logits else "without from_logits"
        return f"{name} {got} after {_last(last)}: compile it with from_logits={not logits}, if that was meant, as the loss takes these outputs for others"
    return f"{name} after {_last(last)}: {advice_on_loss(name)}"


def _last(last: str) -> str:
    return "no function" if last == "identity" else last


def _usual_name(loss: Any) -> str | None:
    """Return the name of a loss of Keras that is given as its name, as an object of its class, or as its function; None for others."""
    if isinstance(loss, str):
        return loss
    name = getattr(loss, "__name__", "")
    own = name and loss is getattr(sys.modules["keras"].losses, name, None)
    return name if own else _CLASSES.get(type(loss).__name__)


def sparse_targets(model: Any, Y: Any, n: int) -> tuple[Any, str | None]:
    """Return unit vectors for the labels 0 to n − 1 of a model with a sparse cross-entropy, else ``Y`` itself; a note says so."""
    loss = getattr(model, "loss", None)
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    if "sparse" not in name.lower():
        return Y, None
    rows = plain_values(Y, "Y")
    labels = [plain_values(row, f"Y[{i}]") for i, row in enumerate(rows)] if type(rows) is list else []
    flat = [row[0] if type(row) is list and len(row) == 1 else row for row in labels]
    if any(type(row) is list for row in flat):
        return Y, None
    wrong = next((label for label in flat if not (isinstance(label, (int, float)) and label in range(n))), None)
    if wrong is not None or not flat:
        raise InputError(
            f"Y must hold the labels 0 to {n - 1} of the model's sparse cross-entropy, got {shown(wrong)}: give those, or unit vectors"
        )
    return [[int(k == label) for k in range(n)] for label in flat], "Labels are unit vectors as targets, in their order from 0."


def penalty_of(model: Any, dense: Sequence[Any], mlp: LayeredMLP) -> tuple[Any, tuple[str, ...]]:
    """Return the rates of ``l2`` regularizers: ``c J + Σ l2 |W|²`` has the stationary points of ``J + ½ Σ (2 l2/c) |W|²``, with ``c`` of the compiled loss.

    The factor ``c`` is ``2/n`` for the mean squared error, ``1/n`` for binary cross-entropy and 1 for the others, with n outputs. Raises `InputError` for other
    regularizers, where the loss is not known, and where something was folded into trainable weights with a penalty, which is another one on these.
    """
    pairs = [(layer.kernel_regularizer, layer.bias_regularizer) for layer in dense]
    if any(getattr(layer, "activity_regularizer", None) is not None for layer in dense):
        raise InputError(
            "a penalty on activities must not be part of the loss, got an activity_regularizer: give weight_decay=0 to leave it out"
        )
    rates = [tuple(_rate(regularizer) for regularizer in pair) for pair in pairs]
    if not any(rate for pair in rates for rate in pair):
        return 0, _notes_on_optimizer(model)
    if getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None) is not None:
        raise InputError(
            "the factor of a model's l2 penalty must be that of its loss alone, got loss_weights from compile: give weight_decay=, 0 to leave it out"
        )
    linear = [layer for l, layer in enumerate(mlp.linear, start=1) if not (mlp.own_layer and l == mlp.frozen)]
    if len(dense) != len(linear) or any(layer.folded and not layer.frozen and any(pair) for layer, pair in zip(linear, rates, strict=True)):
        raise InputError(
            f"the l2 penalty of a model must be one on weights as they are, got weights that {', '.join(mlp.folded)[:200]} is folded into: give weight_decay=, "
            "a rate on the folded weights, 0 to leave it out"
        )
    loss, n = compiled_loss(model, mlp.last), mlp.widths[-1]
    if loss is None:
        raise InputError(
            "the factor of a model's l2 penalty must be known, got no loss from compile: give weight_decay=, 0 to leave it out"
        )
    factor = {"squared": Fraction(2, n), "logistic": Fraction(1, n)}.get(loss, Fraction(1))
    factor *= 1 if mlp.outputs is None else mlp.outputs.scale[0] ** 2
    said = str(factor) if factor.denominator == 1 or factor == Fraction(1, n) else f"about {float(factor):.6g}"
    note = f"The penalty is the model's own: its l2 regularizers, at rates 2·l2/({said}), as its loss is {said} times the error in J."
    return [tuple(rate / factor for rate in pair) for pair in rates], (note, *_notes_on_optimizer(model))


def _notes_on_optimizer(model: Any) -> tuple[str, ...]:
    rate = getattr(getattr(model, "optimizer", None), "weight_decay", None)
    if not rate:
        return ()
    return (
        f"The optimizer shrinks weights by weight_decay = {rate:g} beside the gradient of the loss: that is no part of J; weight_decay= adds a penalty to it.",
    )


def _rate(regularizer: Any) -> Fraction:
    if regularizer is None:
        return Fraction(0)
    held = {key: value for key, value in regularizer.get_config().items() if value}
    if type(regularizer).__name__ not in ("L2", "L1L2") or not held.keys() <= {"l2"}:
        raise InputError(
            f"a penalty of a Keras model must be an l2 regularizer, got {type(regularizer).__name__}: give weight_decay=, 0 to leave it out"
        )
    return 2 * Fraction(held.get("l2", 0))
