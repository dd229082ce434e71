"""Names of frameworks for losses and activations are understood, or refused with what comes near."""

from __future__ import annotations

import pytest

import lossproof as lp
from lossproof.certificates.inputs import usual_names
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named

XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])


def test_each_name_is_one_of_ours_and_hides_none():
    for name, ours in usual_names._NAMES["e"].items():
        assert error_named(ours).family == usual_names.usual_error(name)
        with pytest.raises(lp.InputError, match="unknown error"):
            error_named(name)
    for name, ours in usual_names._NAMES["a"].items():
        assert activation_named(ours)
        with pytest.raises(lp.InputError, match="unknown activation"):
            activation_named(name)


@pytest.mark.parametrize(("given", "ours"), [("MSE", "squared"), ("bce_with_logits", "logistic"), (" mean_squared_error ", "squared")])
def test_the_certificate_holds_our_names(given, ours):
    options = {"activation": "Logistic", "output_activation": "linear", "search": "none", "self_check": False}
    report = lp.check_architecture("2-2-1", *XOR, error=given, **options)
    assert (report.problem.error.name, report.problem.architecture.activation.name) == (ours, "sigmoid")
    assert lp.verify(report.certificate.text).ok


FOREIGN = {
    "huber": "it is no smooth function; smooth-l1:β",
    "HuberLoss": "it is no smooth function; smooth-l1:β",
    "SmoothL1Loss": "torch's SmoothL1Loss is Huber's loss; smooth-l1:β",
    "smooth_l1_loss": "torch's SmoothL1Loss is Huber's loss; smooth-l1:β",
    "MAE": "it is not differentiable; smooth-l1:β",
    "l1": "it is not differentiable; smooth-l1:β",
    "rmse": "the same minimisers, and without weight decay the same critical points where it is above 0: give error='squared'",
    "RootMeanSquaredError": "the same minimisers",
    "kl_div": "cross-entropy less a constant, the entropy of the targets, and has the same critical points: give error='softmax'",
    "KLDivergence": "has the same critical points: give error='softmax'",
    "poisson": "no error here has exponentials or logarithms of outputs",
    "PoissonNLLLoss": "no error here has exponentials or logarithms of outputs",
    "gaussian_nll": "it takes a variance beside each output",
    "hinge": "lossproof has no hinge; logistic is its smooth relative, and another loss",
    "squared_hinge": "lossproof has no hinge; logistic is its smooth relative, and another loss",
    "logcosh": "lossproof has no log-cosh",
    "focal": "logistic is it without its weights, and another loss",
    "mape": "no error here has quotients or logarithms of outputs",
    "log_loss": "it is logistic for outputs of two classes each",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_losses_that_there_are_not(name):
    with pytest.raises(lp.InputError) as caught:
        lp.check_architecture("2-2-1", *XOR, error=name)
    said = str(caught.value)
    assert said.startswith(f"the error must be one that lossproof has, got {name!r}: ")
    assert FOREIGN[name] in said
    assert "\n" not in said


def test_only_losses_with_the_same_critical_points_are_advised():
    """A loss of a trained model: another one is named as another, and one that has the same critical points as that."""
    for name in FOREIGN:
        advice = usual_names.advice_on_loss(name)
        assert ("need not be critical" in advice) != ("the same critical points" in advice)
    for name in ("LogCosh", "MeanAbsoluteError", "CategoricalHinge", "Huber"):
        assert not usual_names.advice_on_loss(name).startswith("lossproof has no such loss")
    assert usual_names.advice_on_loss("cosine_similarity").startswith("lossproof has no such loss; error= names an error")


def test_what_is_no_name_is_left_alone():
    for value in (None, 5, error_named("squared"), "cauchy:1/4"):
        assert usual_names.usual_error(value) is value
    for name in ("square", 5):
        with pytest.raises(lp.InputError, match="unknown error"):
            lp.check_architecture("2-2-1", *XOR, error=name)


@pytest.mark.parametrize(("name", "ours"), [("MSELoss", "squared"), ("BCEWithLogitsLoss", "logistic"), ("CrossEntropyLoss", "softmax")])
def test_losses_themselves_are_told_their_names(name, ours):
    loss = type(name, (), {})()
    with pytest.raises(lp.InputError, match=f"must be a name, got '{name}' itself: give error='{ours}'"):
        usual_names.usual_error(loss)


def test_a_loss_that_there_is_not():
    def huber(_):
        return 0

    with pytest.raises(lp.InputError, match="got 'huber': it is no smooth function"):
        usual_names.usual_error(huber)
