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


@pytest.mark.parametrize("name", ["huber", "MAE", "log_loss", "SmoothL1Loss", "poisson", "l1"])
def test_losses_that_there_are_not(name):
    with pytest.raises(lp.InputError, match=f"must be one that lossproof has, got '{name}'"):
        lp.check_architecture("2-2-1", *XOR, error=name)


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
