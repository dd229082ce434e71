"""Networks trained elsewhere are read as the exact objects they are; which ones, the tests of their readers show."""

from __future__ import annotations

import subprocess
import sys
import warnings
from fractions import Fraction

import pytest
from cases.model_cases import X, Y
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import lossproof as lp


@pytest.fixture
def regressor():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", random_state=0, max_iter=20).fit(X, Y)


def test_scikit_learn(regressor):
    report = lp.check_model(regressor, X, Y, data_name="xor", search="none")
    assert report.problem.architecture.widths == (2, 3, 1)
    assert report.points[0].layers[0].W[0][0] == Fraction(float(regressor.coefs_[0][0, 0]))
    assert report["full-rank", "at these weights"].verdict is lp.Verdict.PROVED
    assert lp.verify(report.certificate.text).ok


def test_it_is_the_check_of_the_weights(regressor):
    weights = list(zip(regressor.coefs_, regressor.intercepts_, strict=True))
    options = {"weight_decay": Fraction(1e-4) / 4, "decay_biases": False, "search": "none"}
    by_model = lp.check_model(regressor, X, Y, search="none")
    by_weights = lp.check_architecture("2-3-1", X, Y, activation="tanh", weights=weights, **options)
    assert by_model.certificate.text == by_weights.certificate.text
    assert by_model.notes[2:] == by_weights.notes
    assert "alpha = 0.0001 over 4 samples" in by_model.notes[0]
    assert "loss_" in by_model.notes[1]
    assert "alpha = 0.0001" in str(by_model)


def test_a_penalty_that_is_given_replaces_the_one_of_the_model(regressor):
    report = lp.check_model(regressor, X, Y, weight_decay=0, search="none")
    assert report.problem.decay is None
    assert not any("alpha" in note for note in report.notes)
    assert lp.check_model(regressor, X, Y, weight_decay="1/8", search="none").problem.decay.layers == ((Fraction(1, 8),) * 2,) * 2


def test_unfitted_model_is_told_to_fit():
    for kind in (MLPRegressor, MLPClassifier):
        with pytest.raises(lp.InputError, match="fit it first"):
            lp.check_model(kind(), X, Y)


class LooksFitted:
    """What a fitted scikit-learn MLP offers, on something that is none."""

    activation = "tanh"
    out_activation_ = "identity"
    coefs_ = ([[1.0], [1.0]],)
    intercepts_ = ([0.0],)

    def fit(self) -> None:
        """Do nothing."""

    def predict(self, X):
        """Predict something else."""
        return [7.0] * len(X)


@pytest.mark.parametrize("model", [LooksFitted(), LooksFitted, "model", None, 5, lambda X: X])
def test_what_only_looks_like_a_model_is_refused(model):
    with pytest.raises(
        lp.InputError, match="a model must be an MLP of scikit-learn, torch, Keras, Flax or Equinox, an ONNX model"
    ) as caught:
        lp.check_model(model, X, Y)
    assert "\n" not in str(caught.value)


def test_no_framework_is_imported():
    code = (
        "import sys, lossproof as lp\n"
        "try:\n    lp.check_model(object(), [[0]], [[0]])\n"
        "except lp.InputError:\n    print(sorted({'torch', 'sklearn', 'pandas', 'onnx', 'keras', 'jax', 'equinox', 'joblib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
