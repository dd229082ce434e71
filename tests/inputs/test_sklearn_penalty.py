"""The loss and the penalty of a fit of scikit-learn are those of the problem that is judged."""

from __future__ import annotations

import warnings
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from cases.model_cases import problem_of_model
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import lossproof as lp
from lossproof.certificates.inputs.sklearn_penalty import penalty_of
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gradient
from lossproof.numerics.network.loss_value import loss_ball

T = 12
X = np.random.default_rng(3).normal(size=(T, 2))
LABELS = {
    "binary": np.where(X[:, 0] * X[:, 1] > 0, "a", "b"),
    "multiclass": np.array(list("abcabcabcabc")),
    "multilabel": np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X.sum(axis=1) > 0]).astype(int),
}


def fitted(model, targets, inputs=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(inputs, targets)


def settings(**options):
    return {
        "hidden_layer_sizes": (2,),
        "activation": "tanh",
        "solver": "lbfgs",
        "random_state": 1,
        "tol": 1e-9,
        "max_iter": 5000,
        **options,
    }


def loss(problem, weights):
    return float(loss_ball(problem, weights, Fraction(0), 128))


def slope(problem, weights):
    return np.abs(gradient(problem, evaluate(problem.architecture, problem.samples, weights, Float64Field()))).max()


@pytest.mark.parametrize("alpha", [0.3, 0.01])
@pytest.mark.parametrize("kind", LABELS)
def test_a_classifier_minimises_the_loss_of_the_problem(kind, alpha):
    model = fitted(MLPClassifier(**settings(alpha=alpha)), LABELS[kind])
    problem, weights, notes = problem_of_model(model, X, LABELS[kind])
    assert problem.decay.layers == ((Fraction(alpha) / T, 0),) * 2
    assert loss(problem, weights) == pytest.approx(model.loss_, rel=1e-13)
    assert slope(problem, weights) < 1e-4
    without, *_ = problem_of_model(model, X, LABELS[kind], weight_decay=0)
    assert slope(without, weights) > 1e-3
    assert any(f"alpha = {alpha:g} over {T} samples" in note for note in notes)
    assert any("the 12 given here are taken for them" in note for note in notes)


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_regressor_rests_where_the_gradient_of_the_problem_vanishes(outputs):
    """For several outputs its ``loss_`` has a mean over the outputs, and its gradient, which decides where it rests, a sum."""
    targets = np.column_stack([X[:, 0] * X[:, 1], X[:, 0], X[:, 1] ** 2])[:, :outputs]
    model = fitted(MLPRegressor(**settings(alpha=0.5)), targets if outputs > 1 else targets[:, 0])
    problem, weights, notes = problem_of_model(model, X, targets)
    penalty = 0.5 / (2 * T) * sum((W**2).sum() for W in model.coefs_)
    assert loss(problem, weights) - penalty == pytest.approx(outputs * (model.loss_ - penalty), rel=1e-12)
    own = model._backprop(
        X,
        targets,
        None,
        [X, None, None],
        [None, None],
        [np.empty_like(W) for W in model.coefs_],
        [np.empty_like(b) for b in model.intercepts_],
    )
    found = gradient(problem, evaluate(problem.architecture, problem.samples, weights, Float64Field()))
    rows = [np.vstack([W, b]).T.ravel() for W, b in zip(*own[1:], strict=True)]
    assert np.abs(found - np.concatenate(rows)).max() < 1e-14
    assert any("adds them up" in note for note in notes) == (outputs > 1)


@pytest.mark.parametrize(("batch_size", "batches"), [("auto", 1), (12, 1), (5, 3), (4, 3), (1, 12), (50, 1)])
def test_batches_each_add_the_penalty(batch_size, batches):
    """With steps of length 0 the loss that an epoch accumulates is the loss at the weights."""
    targets = X[:, 0] * X[:, 1]
    options = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1, "alpha": 0.25, "batch_size": batch_size}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = fitted(MLPRegressor(**settings(**options)), targets)
    problem, weights, notes = problem_of_model(model, X, targets)
    assert problem.decay.layers[0] == (Fraction(batches, 4 * T), 0)
    assert loss(problem, weights) == pytest.approx(model.loss_, rel=1e-13)
    assert any("near stationary points of this sum, not at one" in note for note in notes) == (batches > 1)


def test_the_number_of_samples_is_that_of_the_fit_where_it_is_kept():
    targets = X[:, 0] * X[:, 1]
    for options, n in (({}, T), ({"early_stopping": True, "validation_fraction": 0.25}, 9), ({"warm_start": True}, T)):
        model = fitted(MLPRegressor(**settings(solver="adam", max_iter=4, alpha=0.5, **options)), targets)
        if options.get("warm_start"):
            fitted(model, targets)
        problem, _, notes = problem_of_model(model, X[:8], targets[:8])
        assert problem.decay.layers[0] == (Fraction(1, 2 * n), 0)
        assert any(f"fitted on {n} samples an epoch, and is judged on the 8 given here" in note for note in notes)
        assert not any("judged on" in note for note in penalty_of(model, n)[1])
    assert penalty_of(fitted(MLPRegressor(**settings(alpha=0.5)), targets), 8)[0] == Fraction(1, 16)
    grown = fitted(MLPRegressor(**settings(solver="adam", max_iter=3, alpha=0.5, warm_start=True)), targets)
    fitted(grown, targets[:7], X[:7])
    grown.t_ = 3 * 12 + 3 * 7 + 1
    rate, notes = penalty_of(grown, 8)
    assert rate == Fraction(1, 16)
    assert "does not keep how many samples" in notes[1]


@pytest.mark.parametrize("size", [0, 2.5, "some"])
def test_a_batch_size_that_is_none_is_refused(size):
    with pytest.raises(lp.InputError, match="batch_size of the model must be"):
        penalty_of(SimpleNamespace(alpha=0.5, solver="sgd", batch_size=size), 4)


def test_without_a_penalty_there_is_no_decay_and_no_note():
    model = fitted(MLPRegressor(**settings(alpha=0)), X[:, 0])
    problem, _, notes = problem_of_model(model, X, X[:, 0])
    assert problem.decay is None
    assert not any("alpha" in note for note in notes)


@pytest.mark.parametrize("alpha", [-1e-4, float("nan"), "much", None])
def test_a_penalty_that_is_none_is_refused(alpha):
    with pytest.raises(lp.InputError, match="alpha of the model"):
        penalty_of(SimpleNamespace(alpha=alpha, solver="lbfgs"), 4)
