"""MLPs of scikit-learn are read as what they compute and judged by what they were trained on, or refused by name."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import X, Y, check_refusal, read_and_compare
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

import lossproof as lp
from lossproof.certificates.inputs.models import read_network

SETTINGS = {"hidden_layer_sizes": (3,), "activation": "tanh", "random_state": 0, "max_iter": 5}


def fitted(model, inputs=X, targets=Y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(inputs, targets)


def regressor(targets=Y, inputs=X, **options):
    return fitted(MLPRegressor(**{**SETTINGS, **options}), inputs, targets)


def classifier(labels, **options):
    return fitted(MLPClassifier(**{**SETTINGS, **options}), X, labels)


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu", "identity"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(3,), (4, 2), ()])
def test_regressors_are_read_exactly(activation, kind, sizes):
    model = regressor(activation=activation, hidden_layer_sizes=sizes, inputs=X.astype(kind), targets=Y.astype(kind))
    network, problem, weights = read_and_compare(model)
    assert network.widths == (2, *sizes, 1)
    assert network.unit == np.finfo(model.coefs_[0].dtype).eps / 2
    assert problem.architecture.output_activation.name == "identity"
    for layer, W, b in zip(weights.layers, model.coefs_, model.intercepts_, strict=True):
        assert [list(row) for row in layer.W] == [[Fraction(float(x)) for x in row] for row in W]
        assert list(layer.b) == [Fraction(float(x)) for x in b]


def test_several_outputs():
    assert read_and_compare(regressor(np.column_stack([Y, 1 - Y, Y])))[0].widths == (2, 3, 3)


@pytest.mark.parametrize(
    ("labels", "targets"),
    [
        ([0, 1, 1, 0], [[0], [1], [1], [0]]),
        ([1, -1, -1, 1], [[1], [0], [0], [1]]),
        ([True, False, False, True], [[1], [0], [0], [1]]),
        (["no", "yes", "yes", "no"], [[0], [1], [1], [0]]),
        ([5, 9, 7, 5], [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]),
        (["b", "a", "c", "b"], [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]),
    ],
)
@pytest.mark.parametrize("form", [list, np.array, lambda labels: [[label] for label in labels]])
def test_labels_are_targets_in_the_order_of_the_classes(labels, targets, form):
    model = classifier(labels)
    report = lp.check_model(model, X, form(labels), search="none")
    assert report.problem.samples.Y == lp.Samples.of(X, targets).Y
    assert report.problem.error.name == ("logistic" if len(targets[0]) == 1 else "softmax")
    assert report.problem.architecture.output_activation.name == "identity"
    assert "target" in report.notes[0]
    assert any("scikit-learn's loss_" in note for note in report.notes)
    assert lp.verify(report.certificate.text).ok


def test_the_loss_of_a_classifier_is_the_one_it_minimises():
    """Without a penalty the mean log-loss of its probabilities is the loss of the problem that is judged."""
    model = classifier(["b", "a", "c", "b"], alpha=0)
    network, _, weights = read_and_compare(model)
    targets, _ = network.targets(["b", "a", "c", "b"])
    W, b = model.coefs_, model.intercepts_
    z = np.tanh(X @ W[0] + b[0]) @ W[1] + b[1]
    judged = np.mean(np.log(np.exp(z).sum(axis=1)) - (np.array(targets) * z).sum(axis=1))
    own = -np.mean(np.log(model.predict_proba(X))[np.arange(4), [1, 0, 2, 1]])
    assert judged == pytest.approx(own, rel=1e-12)
    assert (network.error, weights.layers[1].b[0]) == ("softmax", Fraction(float(b[1][0])))


def test_rows_of_targets_are_taken_as_they_are():
    one_hot = [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert lp.check_model(classifier(list("bacb")), X, one_hot, search="none").problem.samples.Y == lp.Samples.of(X, one_hot).Y
    several = [[0, 1], [1, 1], [1, 0], [0, 0]]
    report = lp.check_model(classifier(several), X, several, search="none")
    assert (report.problem.error.name, report.problem.samples.Y) == ("logistic", lp.Samples.of(X, several).Y)


@pytest.mark.parametrize(
    ("fit", "given", "message"),
    [
        ([-1, 1, 1, -1], [0, 1, 1, 0], r"labels that the model was fitted on \(-1, 1\), got 0 in row 0"),
        ([0, 1, 1, 0], [0, 1, 1, 0.5], "got 0.5 in row 3"),
        ([0, 1, 1, 0], ["0", "1", "1", "0"], "got '0' in row 0"),
        ([0, 1, 1, 0], [0, 1, 1, float("nan")], "got nan in row 3"),
        ([0, 1, 1, 0], [[0], [1], [1], [0, 1]], "got a list in row 3"),
        (list("abca"), list("abcd"), r"\('a', 'b', 'c'\), got 'd' in row 3"),
        (list("abca"), {0: "a"}, "must be a matrix"),
        (list("abca"), [[1, 0], [0, 1], [0, 1], [1, 0]], "Y must have 3 columns"),
        ([[0, 1], [1, 1], [1, 0], [0, 0]], [0, 1, 1, 0], "must have 2 columns of 0 and 1"),
        ([1, 1, 1, 1], [1, 1, 1, 1], "at least two classes"),
    ],
)
def test_labels_that_are_none(fit, given, message):
    with pytest.raises(lp.InputError, match=message):
        lp.check_model(classifier(fit), X, given)


def test_a_classifier_is_judged_by_no_other_error():
    for error in ("squared", "softmax", lp.error_named("cauchy")):
        with pytest.raises(lp.InputError, match="must be logistic, on which it was trained"):
            lp.check_model(classifier(Y.astype(int)), X, Y, error=error)
    assert lp.check_model(classifier(Y.astype(int)), X, Y, error="logistic").problem.error.name == "logistic"
    report = lp.check_model(regressor(), X, Y, error="cauchy:1/4", search="none")
    assert report.problem.error.name == "cauchy:1/4"
    assert any("was trained on the squared error, and is judged by cauchy:1/4" in note for note in report.notes)


def test_columns_of_a_table_have_to_be_those_of_the_fit():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=["a", "b"])
    model = regressor(inputs=table)
    assert read_and_compare(model, table)[1].samples == read_and_compare(model, X)[1].samples
    for other in (table[["b", "a"]], table.rename(columns={"a": "c"})):
        with pytest.raises(lp.InputError, match="columns that the model was fitted on"):
            lp.check_model(model, other, Y)


def test_columns_of_a_table_of_polars_have_to_be_those_of_the_fit():
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"a": [float(x[0]) for x in X], "b": [float(x[1]) for x in X]})
    model = regressor()
    model.feature_names_in_ = np.array(["a", "b"], dtype=object)
    assert read_network(model).inputs(table) is table
    with pytest.raises(lp.InputError, match="columns that the model was fitted on"):
        read_network(model).inputs(table[["b", "a"]])
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(lp.InputError, match="columns"):
        read_network(model).inputs(pa.table(table[["b", "a"]]))


class Mine(MLPRegressor):
    """A regressor that may compute something else."""


def changed(**attributes):
    model = regressor()
    for name, value in attributes.items():
        setattr(model, name, value)
    return model


REFUSED = {
    "not fitted": (MLPRegressor, "must be fitted, got one without weights: fit it first"),
    "not fitted classifier": (MLPClassifier, "must be fitted"),
    "subclass": (lambda: fitted(Mine(**SETTINGS)), "got a Mine: a subclass may compute something else"),
    "another estimator": (LinearRegression, "got a LinearRegression: it has no hidden layer: check_architecture"),
    "the class": (lambda: MLPRegressor, "give a model that was made and trained, not its class"),
    "a path": (lambda: "model.pt", "load the file first, or use lossproof check --model FILE"),
    "a model in a list": (lambda: [regressor()], "a model must be given alone, got a MLPRegressor in a list: give the model itself"),
    "poisson loss": (lambda: regressor(loss="poisson"), "got loss='poisson': its exponential output .* fit it with loss='squared_error'"),
    "another activation": (lambda: changed(activation="swish"), "got activation='swish'"),
    "no name of an activation": (lambda: changed(activation=["tanh"]), "got activation=a list"),
    "another output": (lambda: changed(out_activation_="logistic"), "out_activation_='logistic'"),
    "layers missing": (lambda: changed(coefs_=[np.ones((2, 1))]), "one matrix in coefs_ and one vector in intercepts_"),
    "no matrices": (lambda: changed(coefs_=[[1, 2], [3]]), "one matrix in coefs_"),
    "activation changed for prediction": (
        lambda: changed(predict=lambda inputs: np.zeros(4)),
        "must compute what its layers say, got output 0",
    ),
    "prediction fails": (lambda: changed(predict=len, n_features_in_=5), "must give outputs of shape|must predict the samples"),
    "more inputs expected": (lambda: changed(n_features_in_=5), "must predict the samples, got: .*5 features"),
    "weights that are not finite": (lambda: changed(coefs_=[np.full((2, 3), np.inf), np.ones((3, 1))]), "finite"),
    "shapes that do not fit": (lambda: changed(coefs_=[np.ones((2, 3)), np.ones((4, 1))]), r"b_1 must have|W_2 must have|shape"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    check_refusal(*REFUSED[name], X, Y)


def test_samples_outside_the_range_of_doubles():
    for value in (10**400, Fraction(1, 3)):
        inputs = [[value, 0], [1, 2]]
        if value == 10**400:
            with pytest.raises(lp.InputError, match="within the range of doubles"):
                read_and_compare(regressor(), inputs)
        else:
            assert read_and_compare(regressor(), inputs)[1].samples.X[0][0] == value


def test_a_model_that_was_changed_after_the_fit_is_read_as_it_is():
    model = regressor()
    model.set_params(activation="relu")
    model.coefs_[0] = model.coefs_[0] * 2
    assert read_network(model).activation == "relu"
    read_and_compare(model)
    warm = regressor(warm_start=True)
    read_and_compare(fitted(warm))
