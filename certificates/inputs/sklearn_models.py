"""Reading a fitted ``MLPRegressor`` or ``MLPClassifier`` of scikit-learn."""

from __future__ import annotations

import sys
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from lossproof.certificates.inputs.columns import require_columns
from lossproof.certificates.inputs.labels import label_entries
from lossproof.certificates.inputs.sklearn_penalty import penalty_of
from lossproof.certificates.inputs.trained_network import SCIKIT_LEARN, Floats, TrainedNetwork
from lossproof.certificates.notes import DataNote
from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

_ACTIVATIONS = {"logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "identity": "identity"}
_MOST_CLASSES = 10


def read_sklearn(model: Any) -> TrainedNetwork:
    """Read a fitted ``MLPRegressor`` or ``MLPClassifier``; the caller has made sure that it is one of these very types.

    A regressor is judged by the error that the caller names. A classifier minimises the log-loss, so it is read up to its last sums, whose error is
    ``logistic`` (two classes, or several labels a sample) or ``softmax``; labels are turned into targets in the order of ``classes_``. The L2 penalty
    ``alpha`` is read by `penalty_of`; weights of samples, which the model does not keep, are no part of what is judged. Raises `InputError` for a model that
    is not fitted, another loss, or another activation.
    """
    name = type(model).__name__
    if not hasattr(model, "coefs_"):
        raise InputError(f"the {name} must be fitted, got one without weights: fit it first")
    activation = _ACTIVATIONS.get(model.activation) if isinstance(model.activation, str) else None
    classifier = name == "MLPClassifier"
    outputs = ("logistic", "softmax") if classifier else ("identity",)
    loss = getattr(model, "loss", "squared_error")
    if loss == "poisson":
        raise InputError(
            f"the {name} must minimise the squared error, got loss='poisson': its exponential output and its loss are none of lossproof's, "
            "so fit it with loss='squared_error'"
        )
    if activation is None or model.out_activation_ not in outputs or loss not in ("squared_error", "log_loss"):
        raise InputError(
            f"the {name} must have an activation of {', '.join(_ACTIVATIONS)} and its usual loss, got activation={shown(model.activation)}, "
            f"out_activation_={shown(model.out_activation_)}, loss={shown(loss)}: give its weights to check_architecture"
        )
    weights = _weights(model)
    single = any(part.dtype == np.float32 for pair in weights for part in pair)
    return TrainedNetwork(
        widths=(int(weights[0][0].shape[0]), *(int(W.shape[1]) for W, _ in weights)),
        activation=activation,
        output_activation="identity",
        bias="trainable",
        weights=weights,
        outputs=lambda X: _outputs(model, X, classifier=classifier),
        unit=2.0**-24 if single else 2.0**-53,
        link=_link(model.out_activation_),
        error={"logistic": "logistic", "softmax": "softmax", "identity": None}[model.out_activation_],
        trained_on="squared" if model.out_activation_ == "identity" else None,
        targets=(lambda Y: _targets(model, Y)) if classifier else (lambda Y: (Y, None)),
        columns=names_of_fit(model),
        inputs=lambda X: with_names_of_fit(model, X),
        penalty=lambda T: penalty_of(model, T),
        framework=SCIKIT_LEARN,
    )


def _weights(model: Any) -> list[tuple[Floats, Floats]]:
    pairs = list(zip(model.coefs_, model.intercepts_, strict=False))
    whole = len(pairs) == len(model.coefs_) == len(model.intercepts_) == model.n_layers_ - 1
    if not whole or any(type(W) is not np.ndarray or type(b) is not np.ndarray or W.ndim != 2 for W, b in pairs):
        raise InputError(
            f"the {type(model).__name__} must have one matrix in coefs_ and one vector in intercepts_ a layer, got others than fit leaves: fit it again"
        )
    return pairs


def _link(output: str) -> Any:
    return {"logistic": expit, "softmax": lambda z: softmax(z, axis=1), "identity": lambda z: z}[output]


def _outputs(model: Any, X: Floats, *, classifier: bool) -> Floats:
    """Return what the model itself predicts: values, or the probabilities of its outputs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = np.asarray(model.predict_proba(X) if classifier else model.predict(X), dtype=np.float64)
        except (ValueError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"the model must predict the samples, got: {reason}: fit it again, or give its weights") from error
    if classifier and model.n_outputs_ == 1:
        found = found[:, 1]
    return found if found.ndim == 2 else found.reshape(-1, 1)


def with_names_of_fit(estimator: Any, X: Any) -> Any:
    """Return ``X``. Raises `InputError` for a table whose columns are not those, in the same order, that the estimator was fitted on."""
    tables = [library.DataFrame for library in map(sys.modules.get, ("pandas", "polars")) if library is not None]
    arrow = sys.modules.get("pyarrow")
    if type(X) in tables:
        require_columns(names_of_fit(estimator), list(map(str, X.columns)))
    elif arrow is not None and type(X) is arrow.Table:
        require_columns(names_of_fit(estimator), list(X.column_names))
    return X


def names_of_fit(estimator: Any) -> tuple[str, ...]:
    """Return the names of the columns that an estimator was fitted on, none where it was fitted on an array."""
    return tuple(map(str, getattr(estimator, "feature_names_in_", ())))


def _targets(model: Any, Y: Any) -> tuple[Any, str | None]:
    """Return the targets that labels stand for, and a note that says so; rows with an entry for each output are targets already."""
    outputs = int(model.n_outputs_)
    rows = label_entries(Y)
    if rows is None:
        return Y, None
    if outputs > 1 and model.out_activation_ == "logistic":
        raise InputError(
            f"Y must have {outputs} columns of 0 and 1 for a classifier of several labels a sample, got one: give the matrix given to fit"
        )
    classes = np.asarray(model.classes_).tolist()
    if len(classes) != max(outputs, 2):
        raise InputError(f"the model must have been fitted on at least two classes, got {len(classes)}: fit it on more")
    place = {label: k for k, label in enumerate(classes)}
    found = [place.get(row) if isinstance(row, (str, int, float, Fraction, np.generic)) else None for row in rows]
    if None in found:
        i = found.index(None)
        listed = ", ".join(shown(label) for label in classes[:_MOST_CLASSES]) + (", …" if len(classes) > _MOST_CLASSES else "")
        raise InputError(f"Y must hold the labels that the model was fitted on ({listed}), got {shown(rows[i])} in row {i}: give those")
    if outputs == 1:
        return [[k] for k in found], DataNote(
            f"The label {shown(classes[0])} is the target 0 of the logistic error, and {shown(classes[1])} is 1."
        )
    return [[int(k == j) for j in range(outputs)] for k in found], DataNote(
        "Labels are unit vectors as targets, in the order of the model's classes_."
    )
