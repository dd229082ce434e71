"""An MLP of scikit-learn inside a pipeline, a search or a regressor of transformed targets, with its samples as the MLP itself sees them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import issparse

from lossproof.certificates.inputs.sklearn_models import names_of_fit, read_sklearn, with_names_of_fit
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

_SEARCHES = ("GridSearchCV", "RandomizedSearchCV")
_TRANSFORMERS = {
    "sklearn.preprocessing": (
        "StandardScaler",
        "MinMaxScaler",
        "MaxAbsScaler",
        "RobustScaler",
        "Normalizer",
        "PowerTransformer",
        "QuantileTransformer",
        "PolynomialFeatures",
        "OneHotEncoder",
        "OrdinalEncoder",
    ),
    "sklearn.decomposition": ("PCA",),
    "sklearn.feature_selection": ("VarianceThreshold", "SelectKBest"),
    "sklearn.impute": ("SimpleImputer",),
}


def is_estimator(model: Any) -> bool:
    """Tell whether `read_estimator` knows the type of a model; nothing is imported for that.

    >>> is_estimator(5)
    False
    """
    return _is_mlp(model) or _is_search(model) or _is_pipeline(model) or _is(model, "sklearn.compose", "TransformedTargetRegressor")


def read_estimator(model: Any) -> TrainedNetwork:
    """Read a fitted MLP of scikit-learn, alone or inside a ``Pipeline``, ``TransformedTargetRegressor``, ``GridSearchCV`` or ``RandomizedSearchCV``.

    Transformers are applied to the samples as the estimator itself applies them, in its floating point: the MLP sees these very numbers, and they are the exact
    samples of the problem. Nothing is folded into the weights, since a penalty on folded weights is another one. Transformers are known by their exact types,
    also inside a ``ColumnTransformer``; a ``FunctionTransformer`` with a function is refused, as it may compute anything.

    Raises `InputError` for what is not fitted, another transformer, or a last step that is no MLP.
    """
    if _is_mlp(model):
        return read_sklearn(model)
    name = type(model).__name__
    if _is_search(model):
        best = _fitted(model, "best_estimator_", "fit it with refit=True")
        return _noted(read_estimator(_known(best, name)), f"The model is the best_estimator_ of a {name}, fitted on all its samples.")
    if _is_pipeline(model):
        return _read_pipeline(model)
    return _read_transformed_target(model)


def _read_pipeline(model: Any) -> TrainedNetwork:
    *before, (_, last) = model.steps
    inner = read_estimator(_known(last, "Pipeline"))
    steps = [step for _, step in before if step is not None and not _is_text(step, "passthrough")]
    names = [name for step in steps for name in _transformer_names(step)]
    inner = replace(inner, columns=names_of_fit(model))
    if not steps:
        return replace(inner, inputs=lambda X: inner.inputs(with_names_of_fit(model, X)))

    def inputs(X: Any) -> Any:
        given = with_names_of_fit(model, X)
        for step in steps:
            given = _transformed(step, given, "X")
        return inner.inputs(given)

    note = f"X is what {', then '.join(names)} made of the samples given, in floating point: the first layer sees these very numbers."
    return _noted(replace(inner, inputs=inputs), note)


def _read_transformed_target(model: Any) -> TrainedNetwork:
    inner = read_estimator(_known(_fitted(model, "regressor_", "fit it first"), "TransformedTargetRegressor"))
    names = _transformer_names(model.transformer_)
    if not names:
        return inner

    def targets(Y: Any) -> tuple[Any, str | None]:
        given = np.asarray(Y)
        columns = given.reshape(-1, 1) if given.ndim == 1 else given
        note = f"Targets are what {', then '.join(names)} made of Y, in floating point: the model was trained on these, and its loss is about them."
        found, more = inner.targets(_transformed(model.transformer_, columns, "Y"))
        return found, note if more is None else f"{note} {more}"

    return replace(inner, targets=targets)


def _transformer_names(step: Any) -> list[str]:
    """Return the names of what a fitted transformer applies, none for the identity. Raises `InputError` for one of another type."""
    if _is_pipeline(step):
        return [name for _, inner in step.steps if not _is_text(inner, "passthrough") for name in _transformer_names(inner)]
    if _is(step, "sklearn.preprocessing", "FunctionTransformer") and step.func is None and step.inverse_func is None:
        return []
    if _is(step, "sklearn.compose", "ColumnTransformer"):
        inner = [part for _, part, _ in _fitted(step, "transformers_", "fit it first") if not isinstance(part, str)]
        return [f"a ColumnTransformer of {', '.join(name for part in inner for name in _transformer_names(part)) or 'columns'}"]
    if not any(_is(step, module, name) for module, names in _TRANSFORMERS.items() for name in names):
        raise InputError(
            f"a transformer of a pipeline must be one of scikit-learn's scalers, encoders or PCA, got {shown(step)}: "
            "apply it to the samples first, and give the MLP in the pipeline"
        )
    return [type(step).__name__]


def _transformed(step: Any, given: Any, name: str) -> Any:
    return _dense(_of_library(lambda: step.transform(given), f"{name} must be what {type(step).__name__} was fitted on"))


def _dense(values: Any) -> Any:
    return values.toarray() if issparse(values) else values


def _of_library(compute: Callable[[], Any], expected: str) -> Any:
    """Return what scikit-learn computes, without its warnings; raises `InputError` with what it said where it refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compute()
        except (ValueError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{expected}, got: {reason}: give samples like those of the fit") from error


def _noted(network: TrainedNetwork, note: str) -> TrainedNetwork:
    return replace(network, notes=(note, *network.notes))


def _fitted(model: Any, attribute: str, advice: str) -> Any:
    if not hasattr(model, attribute):
        raise InputError(f"the {type(model).__name__} must be fitted, got one without {attribute}: {advice}")
    return getattr(model, attribute)


def _known(model: Any, holder: str) -> Any:
    if not is_estimator(model):
        raise InputError(
            f"the estimator in a {holder} must be an MLPRegressor or MLPClassifier, or hold one, got {shown(model)}: "
            "give a model with one of these very types, as a subclass may compute something else"
        )
    return model


def _is(model: Any, module: str, name: str) -> bool:
    library = sys.modules.get(module)
    return library is not None and type(model) is getattr(library, name, None)


def _is_mlp(model: Any) -> bool:
    return any(_is(model, "sklearn.neural_network", name) for name in ("MLPRegressor", "MLPClassifier"))


def _is_search(model: Any) -> bool:
    return any(_is(model, "sklearn.model_selection", name) for name in _SEARCHES)


def _is_pipeline(model: Any) -> bool:
    return _is(model, "sklearn.pipeline", "Pipeline")


def _is_text(step: Any, text: str) -> bool:
    return isinstance(step, str) and step == text
