"""Networks trained elsewhere are read as the exact objects they are."""

from __future__ import annotations

import sys
import types
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


class FittedMLP:
    """What a fitted scikit-learn MLPRegressor offers."""

    activation = "tanh"
    out_activation_ = "identity"

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self.coefs_ = [generator.normal(size=(2, 3)), generator.normal(size=(3, 1))]
        self.intercepts_ = [generator.normal(size=3), generator.normal(size=1)]


def test_scikit_learn():
    model = FittedMLP()
    report = lp.check_model(model, X, Y, data_name="xor")
    assert report.problem.architecture.widths == (2, 3, 1)
    assert report.points[0].layers[0].W[0][0] == Fraction(float(model.coefs_[0][0, 0]))
    assert report["full-rank", "at these weights"].verdict is lp.Verdict.PROVED
    assert lp.verify(report.certificate.text).ok


def test_scikit_learn_softmax_is_refused():
    model = FittedMLP()
    model.out_activation_ = "softmax"
    with pytest.raises(lp.InputError, match="softmax"):
        lp.check_model(model, X, Y)


def test_unfitted_model_is_told_to_fit():
    class Unfitted:
        def fit(self) -> None:
            """Do nothing."""

    with pytest.raises(lp.InputError, match="fit it first"):
        lp.check_model(Unfitted(), X, Y)


class Module:
    """A stand-in for torch.nn.Module: the adapter reads attributes only."""


class Tensor:
    def __init__(self, values):
        self.values = np.asarray(values, dtype=np.float32)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.values


class Linear(Module):
    def __init__(self, weight, bias):
        self.weight, self.bias = Tensor(weight), None if bias is None else Tensor(bias)
        self.out_features, self.in_features = self.weight.values.shape


class Sequential(Module, list):
    def __init__(self, *modules):
        list.__init__(self, modules)


class Tanh(Module):
    pass


class ReLU(Module):
    pass


class Conv2d(Module):
    pass


class ELU(Module):
    alpha = 2.0


@pytest.fixture
def fake_torch(monkeypatch):
    torch = types.ModuleType("torch")
    torch.nn = types.SimpleNamespace(Module=Module, Linear=Linear, Sequential=Sequential)
    monkeypatch.setitem(sys.modules, "torch", torch)


FIRST, LAST = Linear([[1.0, 2.0], [0.5, -1.0]], [0.1, 0.2]), Linear([[1.0, -1.0]], [0.3])


@pytest.mark.usefixtures("fake_torch")
def test_torch():
    report = lp.check_model(Sequential(Sequential(FIRST, Tanh()), LAST), X, Y)
    architecture = report.problem.architecture
    assert (architecture.widths, architecture.activation.name, architecture.bias) == ((2, 2, 1), "tanh", "trainable")
    assert report.points[0].layers[0].W[0] == (Fraction(1), Fraction(1, 2)), "torch's weight is transposed"
    assert report.points[0].layers[0].b[0] == Fraction(float(np.float32(0.1)))


@pytest.mark.usefixtures("fake_torch")
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Sequential(Conv2d(), LAST), "Conv2d"),
        (Sequential(Tanh()), "Tanh|at least one Linear"),
        (Sequential(FIRST, Tanh(), Linear([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]), ReLU(), LAST), "share one activation"),
        (Sequential(FIRST, Tanh(), Linear([[1.0, -1.0]], None)), "bias"),
        (Sequential(FIRST, ELU(), LAST), "alpha=1.0"),
        (Conv2d(), "Conv2d"),
    ],
)
def test_torch_modules_that_are_no_mlp(model, message):
    with pytest.raises(lp.InputError, match=message):
        lp.check_model(model, X, Y)
