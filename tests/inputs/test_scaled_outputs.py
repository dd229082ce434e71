"""Constants after the last activation are a map of the targets under the squared error, and nothing under another."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import X, Y, check_refusal, problem_of_model

import lossproof as lp
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gradient

torch = pytest.importorskip("torch")
nn = torch.nn


class Bounded(nn.Module):
    """A network whose outputs lie between bounds, as those of policies do."""

    def __init__(self, scale, shift=0.0, outputs=1):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, outputs), nn.Tanh()).double()
        self.scale, self.shift = scale, shift

    def forward(self, x):
        return self.scale * self.body(x) + self.shift


@pytest.mark.parametrize(("scale", "shift", "outputs"), [(2.0, 0.0, 1), (-0.1, 1000.0, 1), (torch.tensor([3.0, -3.0]), 0.25, 2)])
def test_the_loss_and_its_gradient_are_those_of_the_model(scale, shift, outputs):
    model = Bounded(scale, shift, outputs)
    targets = np.column_stack([Y] * outputs)
    problem, weights, notes = problem_of_model(model, X, targets, error="mse")
    a = problem.architecture
    assert (a.widths, a.output_activation.name) == ((2, 3, outputs), "tanh")
    assert any("after that is a map s·φ + t of its outputs with constants" in note for note in notes)
    loss = ((model(torch.tensor(X)) - torch.tensor(targets)) ** 2).sum(1).mean() / 2
    loss.backward()
    pass_ = evaluate(a, problem.samples, weights, Float64Field())
    size = float(np.abs(np.asarray(scale)).max()) ** 2
    errors = pass_.phi[2] - np.array(problem.samples.Y, dtype=float)
    assert size * (errors**2).sum(axis=1).mean() / 2 == pytest.approx(float(loss.detach()), rel=1e-9)
    own = torch.cat([part for layer in (model.body[0], model.body[2]) for part in (layer.weight.grad.ravel(), layer.bias.grad)]).numpy()
    ours = size * gradient(problem, pass_).ravel()
    assert np.linalg.norm(ours) == pytest.approx(np.linalg.norm(own), rel=1e-9)


def test_a_frozen_last_layer_of_one_unit():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1), nn.Sigmoid(), nn.Linear(1, 1)).double()
    model[4].requires_grad_(False)
    with torch.no_grad():
        model[4].weight.fill_(4)
        model[4].bias.fill_(-1)
    problem, _, notes = problem_of_model(model, X, Y, error="mse")
    assert problem.samples.Y[1] == (Fraction(1, 2),)
    assert any("MSELoss of torch, with its mean over batches of one size, is 32 times that part of J" in note for note in notes)
    report = lp.check_model(model, X, Y, error="mse", search="none")
    assert lp.verify(report.certificate.text).ok


REFUSED = {
    "another error": (lambda: Bounded(2.0), {"error": "bce"}, "one factor and the squared error, got logistic"),
    "several factors": (
        lambda: Bounded(torch.tensor([1.0, 2.0]), outputs=2),
        {},
        "one factor and the squared error, got factors of several sizes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    make, options, message = REFUSED[name]
    with pytest.raises(lp.InputError, match=message):
        lp.check_model(make(), X, np.column_stack([Y, Y]) if name == "several factors" else Y, **options)


def test_a_trained_scale_is_no_map_of_targets():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.BatchNorm1d(3)).eval()
    check_refusal(lambda: model, "a trained normalisation .* must not be the last after an activation", X, np.zeros((4, 3)))
