"""MLPs of scikit-learn inside other estimators are read with the samples that they themselves see, or refused by name."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest
from cases.command_cases import fail, run
from cases.model_cases import check_refusal, problem_of_model
from scipy.special import expit
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, TunedThresholdClassifierCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

import lossproof as lp
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate

generator = np.random.default_rng(7)
X = generator.normal(size=(12, 2)) * [3, 50] + [1, -20]
Y = 10 + X[:, 0] - X[:, 1]
LABELS = np.where(Y > 30, "far", "near")
SETTINGS = {"hidden_layer_sizes": (3,), "activation": "tanh", "random_state": 0, "max_iter": 5, "solver": "lbfgs"}


def fitted(model, inputs=X, targets=Y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(inputs, targets)


def outputs(problem, weights):
    return evaluate(problem.architecture, problem.samples, weights, Float64Field()).phi[problem.architecture.L]


def exactly(rows):
    return tuple(tuple(Fraction(float(x)) for x in row) for row in rows)


SCALERS = {
    "standard": StandardScaler,
    "standard, without mean": lambda: StandardScaler(with_mean=False),
    "minmax": MinMaxScaler,
    "minmax, clipped": lambda: MinMaxScaler((-1, 1), clip=True),
    "robust": RobustScaler,
    "pca": lambda: PCA(whiten=True),
    "function of numpy": lambda: FunctionTransformer(np.arctan),
    "splines": lambda: SplineTransformer(n_knots=3),
    "bins": lambda: KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"),
    "random features": lambda: Nystroem(n_components=3, random_state=0),
    "union": lambda: FeatureUnion([("a", PCA(1)), ("b", "passthrough"), ("c", "drop")]),
}


@pytest.mark.parametrize("name", SCALERS)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_scalers_are_applied_as_the_estimator_does(name, kind):
    inputs = X.astype(kind)
    model = fitted(make_pipeline(SCALERS[name](), "passthrough", MLPRegressor(**SETTINGS)), inputs)
    problem, weights, notes = problem_of_model(model, inputs, Y)
    scaled = model[:-1].transform(inputs)
    assert exactly(scaled) == problem.samples.X
    assert problem.decay.layers[0] == (Fraction(1e-4) / 12, 0)
    assert ("numpy.arctan" if name == "function of numpy" else type(model[0]).__name__) in notes[0]
    assert outputs(problem, weights)[:, 0] == pytest.approx(model.predict(inputs), rel=1e-5 if kind is np.float32 else 1e-12)


@pytest.mark.parametrize(
    "hold",
    [
        lambda inner: pytest.importorskip("sklearn.frozen").FrozenEstimator(inner),
        lambda inner: TunedThresholdClassifierCV(inner, cv=2),
    ],
    ids=["frozen", "threshold"],
)
def test_what_holds_a_fitted_estimator(hold):
    model = fitted(hold(fitted(MLPClassifier(**SETTINGS), X, LABELS)), X, LABELS)
    problem, _, notes = problem_of_model(model, X, LABELS)
    assert problem.error.name == "logistic"
    assert any(f"of a {type(model).__name__}." in note for note in notes)


def test_targets_under_a_function_of_numpy():
    model = fitted(TransformedTargetRegressor(MLPRegressor(**SETTINGS), func=np.arcsinh, inverse_func=np.sinh), X, Y / 100)
    problem, _, notes = problem_of_model(model, X, Y / 100)
    assert exactly(np.arcsinh(Y[:, None] / 100)) == problem.samples.Y
    assert any("Targets are what numpy.arcsinh made of Y" in note for note in notes)


def test_targets_are_those_that_the_regressor_was_trained_on():
    model = fitted(TransformedTargetRegressor(make_pipeline(StandardScaler(), MLPRegressor(**SETTINGS)), transformer=StandardScaler()))
    problem, weights, notes = problem_of_model(model, X, Y.tolist())
    assert exactly(model.transformer_.transform(Y[:, None])) == problem.samples.Y
    assert any("Targets are what StandardScaler made of Y" in note for note in notes)
    found = model.transformer_.inverse_transform(outputs(problem, weights))
    assert found[:, 0] == pytest.approx(model.predict(X), rel=1e-12)
    without = fitted(TransformedTargetRegressor(MLPRegressor(**SETTINGS)))
    assert problem_of_model(without, X, Y)[0].samples == lp.Samples.of(X, Y)
    inner = TransformedTargetRegressor(MLPRegressor(**SETTINGS), transformer=StandardScaler())
    twice = fitted(TransformedTargetRegressor(inner, transformer=MinMaxScaler()))
    problem, _, notes = problem_of_model(twice, X, Y)
    assert exactly(StandardScaler().fit_transform(MinMaxScaler().fit_transform(Y[:, None]))) == problem.samples.Y
    assert "MinMaxScaler" in notes[0]
    assert "StandardScaler" in notes[0]


@pytest.mark.parametrize(
    "search", [lambda m: GridSearchCV(m, {"alpha": [0.5]}, cv=2), lambda m: RandomizedSearchCV(m, {"alpha": [0.5]}, n_iter=1, cv=2)]
)
def test_a_search_is_its_best_estimator(search):
    model = fitted(search(MLPClassifier(**SETTINGS)), targets=LABELS)
    problem, weights, notes = problem_of_model(model, X, LABELS)
    assert problem.decay.layers[0][0] == Fraction(1, 24)
    assert "best_estimator_" in notes[1]
    assert expit(outputs(problem, weights)[:, 0]) == pytest.approx(model.predict_proba(X)[:, 1], rel=1e-12)


def test_columns_of_a_table_are_encoded_as_the_estimator_does():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"size": X[:, 0], "colour": ["red", "green", "blue"] * 4, "weight": X[:, 1]})
    columns = ColumnTransformer([("one", OneHotEncoder(), ["colour"]), ("scaled", StandardScaler(), ["size"])], remainder="passthrough")
    model = fitted(Pipeline([("columns", columns), ("mlp", MLPClassifier(**SETTINGS))]), table, LABELS)
    problem, weights, notes = problem_of_model(model, table, LABELS)
    assert problem.architecture.widths == (5, 3, 1)
    assert expit(outputs(problem, weights)[:, 0]) == pytest.approx(model.predict_proba(table)[:, 1], rel=1e-12)
    assert any("a ColumnTransformer of OneHotEncoder, StandardScaler" in note for note in notes)
    with pytest.raises(lp.InputError, match="columns that the model was fitted on"):
        problem_of_model(model, table[["weight", "size", "colour"]], LABELS)


def test_columns_of_an_array():
    columns = ColumnTransformer([("scaled", make_pipeline(StandardScaler(), PCA()), [1])], remainder="passthrough")
    model = fitted(make_pipeline(columns, MLPRegressor(**SETTINGS)))
    problem, _, notes = problem_of_model(model, X, Y)
    assert exactly(columns.transform(X)) == problem.samples.X
    assert "a ColumnTransformer of StandardScaler, PCA" in notes[0]


def test_the_report_of_a_pipeline():
    model = fitted(make_pipeline(StandardScaler(), MLPClassifier(**SETTINGS)), targets=LABELS)
    before = [W.copy() for W in model[-1].coefs_]
    report = lp.check_model(model, X, LABELS, search="none")
    assert "StandardScaler" in str(report)
    assert report.problem.error.name == "logistic"
    assert lp.verify(report.certificate.text).ok
    assert all((old == new).all() for old, new in zip(before, model[-1].coefs_, strict=True))


class Scaler(StandardScaler):
    """A scaler that may compute something else."""


class Wrapped(RegressorMixin, BaseEstimator):
    """An estimator that keeps a network of another library, as those of skorch do."""

    def fit(self, inputs, targets):
        self.module_ = object()
        return self


REFUSED = {
    "pipeline that is not fitted": (lambda: make_pipeline(StandardScaler(), MLPRegressor()), "must be fitted, got one without weights"),
    "search that is not fitted": (lambda: GridSearchCV(MLPRegressor(), {}), "got one without best_estimator_: fit it with refit=True"),
    "targets not fitted": (lambda: TransformedTargetRegressor(MLPRegressor()), "got one without regressor_: fit it first"),
    "function": (
        lambda: fitted(make_pipeline(FunctionTransformer(lambda given: given), MLPRegressor(**SETTINGS))),
        "got a FunctionTransformer: its function may compute anything unless it is one of numpy's",
    ),
    "function with arguments": (
        lambda: fitted(make_pipeline(FunctionTransformer(np.abs, kw_args={"casting": "unsafe"}), MLPRegressor(**SETTINGS))),
        "got a FunctionTransformer",
    ),
    "subclass of a scaler": (lambda: fitted(make_pipeline(Scaler(), MLPRegressor(**SETTINGS))), "got a Scaler: apply it first"),
    "encoder of targets": (
        lambda: fitted(make_pipeline(TargetEncoder(cv=2), MLPRegressor(**SETTINGS)), np.array([["a"], ["b"]] * 6)),
        "got a TargetEncoder: it makes other numbers of the samples of a fit",
    ),
    "another estimator of torch": (lambda: fitted(make_pipeline(StandardScaler(), Wrapped())), "got a Wrapped: give its module_"),
    "function of targets": (
        lambda: fitted(TransformedTargetRegressor(MLPRegressor(**SETTINGS), func=lambda y: 2 * y, inverse_func=lambda y: y / 2), X, Y / 100),
        "got a FunctionTransformer",
    ),
    "function in a column": (
        lambda: fitted(make_pipeline(ColumnTransformer([("a", FunctionTransformer(lambda given: given), [0])]), MLPRegressor(**SETTINGS))),
        "got a FunctionTransformer",
    ),
    "last step no MLP": (lambda: fitted(make_pipeline(StandardScaler(), LinearRegression())), "the estimator in a Pipeline must be .* got a LinearRegression"),
    "no last step": (lambda: make_pipeline(StandardScaler(), "passthrough"), "the estimator in a Pipeline must be .* got 'passthrough'"),
    "search of no MLP": (lambda: fitted(GridSearchCV(LinearRegression(), {}, cv=2)), "in a GridSearchCV must be .* got a LinearRegression"),
    "an ensemble": (lambda: fitted(BaggingRegressor(MLPRegressor(**SETTINGS), n_estimators=1)), "got a BaggingRegressor: it holds several networks"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    check_refusal(*REFUSED[name], X, Y)


@pytest.mark.parametrize("inputs", [X[:, :1], [["a", "b"]] * 12, None, [[1, float("nan")]] * 12])
def test_samples_that_the_pipeline_does_not_take(inputs):
    model = fitted(make_pipeline(StandardScaler(), MLPRegressor(**SETTINGS)))
    with pytest.raises(lp.InputError, match=r"X must be what StandardScaler was fitted on|finite"):
        lp.check_model(model, inputs, Y)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("scaled", [True, False])
def test_columns_of_files_have_to_be_those_of_the_fit(tmp_path, suffix, scaled):
    pd, joblib = pytest.importorskip("pandas"), pytest.importorskip("joblib")
    table = pd.DataFrame({"a": [0.0, 0, 1, 1], "b": [0.0, 1, 0, 1], "y": [0.0, 1, 1, 0]})
    model = MLPRegressor(**SETTINGS)
    model = fitted(make_pipeline(StandardScaler(), model) if scaled else model, table[["a", "b"]], table["y"])
    joblib.dump(model, tmp_path / "m.joblib")
    path = tmp_path / f"d.{suffix}"
    given = ("check", "--model", tmp_path / "m.joblib", "--allow-pickle", "--search", "none", "--quiet", "--data", path)
    for columns, renamed, inputs, said in (
        (["a", "b", "y"], {}, None, ""),
        (["y", "b", "a"], {}, "a,b", ""),
        (["b", "a", "y"], {}, None, "in their order (a, b), got b, a: choose them by --inputs"),
        (["a", "b", "y"], {"b": "c"}, None, "in their order (a, b), got a, c"),
    ):
        other = table[columns].rename(columns=renamed)
        other.to_csv(path, index=False) if suffix == "csv" else other.to_parquet(path, index=False)
        chosen = ("--target", "y", *(("--inputs", inputs) if inputs else ()))
        if said:
            assert said in fail(*given, *chosen)
        else:
            run(*given, *chosen)
