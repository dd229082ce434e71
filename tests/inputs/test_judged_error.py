"""Every report on a model says how the error in ``J`` relates to the usual losses, and what it says is so."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import X
from scipy.special import log_softmax

from lossproof.certificates.checks.check_model import problem_of_network
from lossproof.certificates.inputs.parameters import read_parameters

generator = np.random.default_rng(11)
FRAMEWORKS = {
    "torch": "of torch",
    "keras": "of keras",
    "JAX": "optax.",
    "ONNX": "as .* of torch or .* of Keras",
    "": "as .* of torch or .* of Keras",
}
HALF = {"squared": Fraction(2), "logistic": Fraction(1), "softmax": Fraction(1), "cauchy:1": Fraction(1)}
TARGETS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]])


def network(outputs, framework=""):
    pairs = [
        (generator.normal(size=(2, 3)), generator.normal(size=3)),
        (generator.normal(size=(3, outputs)), generator.normal(size=outputs)),
    ]
    return replace(read_parameters(pairs, "tanh", None), framework=framework)


def factor_said(notes):
    (note,) = [note for note in notes if note.startswith("J has the mean over samples of the error summed over outputs")]
    found = re.search(r"(equals|is (\S+) times) that part of J, so a weight decay λ added to it is a rate of (\S+) here\.$", note)
    factor = Fraction(1) if found[1] == "equals" else Fraction(found[2])
    assert found[3] == ("λ" if factor == 1 else f"λ/{factor}" if factor.denominator == 1 else f"λ/({factor})")
    return factor, note


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("error", HALF)
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_factor_of_each_loss(framework, error, outputs):
    if error == "softmax" and outputs == 1:
        return
    _, _, notes = problem_of_network(network(outputs, framework), X, TARGETS[:, :outputs], error=error)
    factor, note = factor_said(notes)
    assert factor == HALF[error] / (1 if error == "softmax" else outputs)
    assert ("½ of their squares" in note) == (error == "squared")
    assert re.search(FRAMEWORKS[framework] if error != "cauchy:1" else "a mean of this error over samples and outputs", note)


def mean_error(error, phi):
    """The mean over samples of the error in ``J``, summed over outputs."""
    if error == "squared":
        return ((phi - TARGETS) ** 2 / 2).sum(axis=1).mean()
    if error == "logistic":
        return (np.logaddexp(0, phi) - TARGETS * phi).sum(axis=1).mean()
    return -(TARGETS * log_softmax(phi, axis=1)).sum(axis=1).mean()


@pytest.mark.parametrize("error", ["squared", "logistic", "softmax"])
def test_losses_of_optax_are_so_many_times_the_error(error):
    optax = pytest.importorskip("optax")
    phi = generator.normal(size=(4, 3)).astype(np.float32)
    theirs = {
        "squared": lambda: optax.squared_error(phi, TARGETS).mean(),
        "logistic": lambda: optax.sigmoid_binary_cross_entropy(phi, TARGETS).mean(),
        "softmax": lambda: optax.softmax_cross_entropy(phi, TARGETS).mean(),
    }[error]()
    _, _, notes = problem_of_network(network(3, "JAX"), X, TARGETS, error=error)
    assert float(theirs) == pytest.approx(float(factor_said(notes)[0]) * mean_error(error, phi), rel=1e-5)
    if error == "squared":
        assert float(theirs) == pytest.approx(2 * float(optax.l2_loss(phi, TARGETS).mean()), rel=1e-6)
