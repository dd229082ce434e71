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

_HELD = {
    "GridSearchCV": ("sklearn.model_selection", "best_estimator_"),
    "RandomizedSearchCV": ("sklearn.model_selection", "best_estimator_"),
    "HalvingGridSearchCV": ("sklearn.model_selection", "best_estimator_"),
    "HalvingRandomSearchCV": ("sklearn.model_selection", "best_estimator_"),
    "TunedThresholdClassifierCV": ("sklearn.model_selection", "estimator_"),
    "FixedThresholdClassifier": ("sklearn.model_selection", "estimator_"),
    "FrozenEstimator": ("sklearn.frozen", "estimator"),
}
"""What holds a fitted estimator that it was trained as: searches, and choices of a threshold, which is no part of the network."""
_OF_ALL = ", fitted on all its samples"
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
        "SplineTransformer",
        "Binarizer",
        "KBinsDiscretizer",
        "OneHotEncoder",
        "OrdinalEncoder",
    ),
    "sklearn.decomposition": ("PCA", "KernelPCA", "TruncatedSVD", "FastICA", "FactorAnalysis"),
    "sklearn.feature_selection": (
        "VarianceThreshold",
        "SelectKBest",
        "SelectPercentile",
        "SelectFpr",
        "SelectFdr",
        "SelectFwe",
        "GenericUnivariateSelect",
        "SelectFromModel",
        "RFE",
        "RFECV",
        "SequentialFeatureSelector",
    ),
    "sklearn.impute": ("SimpleImputer", "KNNImputer", "MissingIndicator"),
    "sklearn.kernel_approximation": ("Nystroem", "RBFSampler", "PolynomialCountSketch"),
    "sklearn.random_projection": ("GaussianRandomProjection", "SparseRandomProjection"),
}
"""Transformers that make of samples, once they are fitted, what they made of them as they were fitted, up to rounding."""
_ADVICE = {
    "TargetEncoder": "it makes other numbers of the samples of a fit than of the same samples later, so give the MLP, and the numbers of the fit as X",
    "FunctionTransformer": "its function may compute anything unless it is one of numpy's, such as numpy.log1p: apply it first, and give the MLP",
}


def is_estimator(model: Any) -> bool:
    """Tell whether `read_estimator` knows the type of a model; nothing is imported for that.

    >>> is_estimator(5)
    False
    """
    return _is_mlp(model) or _is_holder(model) or _is_pipeline(model) or _is(model, "sklearn.compose", "TransformedTargetRegressor")


def read_estimator(model: Any) -> TrainedNetwork:
    """Read a fitted MLP of scikit-learn, alone or inside a ``Pipeline``, ``TransformedTargetRegressor``, a search such as ``GridSearchCV``, or a choice of a
    threshold such as ``TunedThresholdClassifierCV``.

    Transformers are applied to the samples as the estimator itself applies them, in its floating point: the MLP sees these very numbers, and they are the exact
    samples of the problem. Nothing is folded into the weights, since a penalty on folded weights is another one. Transformers are known by their exact types,
    also inside a ``ColumnTransformer`` or ``FeatureUnion``. A ``FunctionTransformer`` must apply a function of numpy (a ``ufunc``), as others may compute
    anything.

    Raises `InputError` for what is not fitted, another transformer, or a last step that is no MLP.
    """
    if _is_mlp(model):
        return read_sklearn(model)
    name = type(model).__name__
    if _is_holder(model):
        place = _HELD[name][1]
        held = _known(_fitted(model, place, "fit it with refit=True" if place == "best_estimator_" else "fit it first"), name)
        return _noted(read_estimator(held), f"The model is the {place} of a {name}{_OF_ALL if place == 'best_estimator_' else ''}.")
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
    if _is(step, "sklearn.preprocessing", "FunctionTransformer") and type(step.func) is np.ufunc and not step.kw_args:
        return [f"numpy.{step.func.__name__}"]
    if _is(step, "sklearn.pipeline", "FeatureUnion"):
        parts = [part for _, part in step.transformer_list if not _is_text(part, "drop")]
        inner = [name for part in parts if not _is_text(part, "passthrough") for name in _transformer_names(part)]
        return [f"a FeatureUnion of {', '.join(inner) or 'columns'}"]
    if _is(step, "sklearn.compose", "ColumnTransformer"):
        inner = [part for _, part, _ in _fitted(step, "transformers_", "fit it first") if not isinstance(part, str)]
        return [f"a ColumnTransformer of {', '.join(name for part in inner for name in _transformer_names(part)) or 'columns'}"]
    if not any(_is(step, module, name) for module, names in _TRANSFORMERS.items() for name in names):
        raise InputError(
            f"a transformer must be one of scikit-learn's that makes the same of samples whenever it is applied, got {shown(step)}: "
            f"{_ADVICE.get(type(step).__name__, 'apply it first, and give the MLP with what it makes of the samples')}"
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
        module = getattr(model, "module_", None)
        raise InputError(
            f"the estimator in a {holder} must be an MLPRegressor or MLPClassifier, or hold one, got {shown(model)}: "
            + (
                "give its module_, the network of torch in it, and the samples as this sees them"
                if module is not None
                else "give a model with one of these very types, as a subclass may compute something else"
            )
        )
    return model


def _is(model: Any, module: str, name: str) -> bool:
    library = sys.modules.get(module)
    return library is not None and type(model).__name__ == name and type(model) is getattr(library, name, None)


def _is_mlp(model: Any) -> bool:
    return any(_is(model, "sklearn.neural_network", name) for name in ("MLPRegressor", "MLPClassifier"))


def _is_holder(model: Any) -> bool:
    return any(_is(model, module, name) for name, (module, _) in _HELD.items())


def _is_pipeline(model: Any) -> bool:
    return _is(model, "sklearn.pipeline", "Pipeline")


def _is_text(step: Any, text: str) -> bool:
    return isinstance(step, str) and step == text
