"""Products with parameters, biases that are added, and constants beside the value, in modules that users write."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import X, Y, check_refusal, plain_mlp, problem_of_model, read_and_compare

from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate

torch = pytest.importorskip("torch")
nn = torch.nn


class Parts(nn.Module):
    """Parameters and constants by name, and what a forward pass does with them."""

    def __init__(self, compute, kind=torch.float64):
        super().__init__()
        torch.manual_seed(3)
        self.compute = compute
        for name, shape in {"V": (2, 3), "a": (3,), "W": (1, 3), "b": (1,), "factor": (3,)}.items():
            setattr(self, name, nn.Parameter(torch.randn(shape, dtype=kind)))
        self.register_buffer("mean", torch.tensor([0.5, -0.25], dtype=kind))
        self.register_buffer("std", torch.tensor([[3.0, 0.1]], dtype=kind))
        self.own = torch.tensor([1.0, 2.0, 3.0], dtype=kind)
        self.frozen = nn.Parameter(torch.tensor(0.7, dtype=kind), requires_grad=False)
        self.head = nn.Linear(3, 1, dtype=kind)

    def forward(self, x):
        return self.compute(self, x)


def head(m, z):
    return torch.nn.functional.linear(torch.tanh(z), m.W, m.b)


READ = {
    "products": lambda m, x: torch.tanh(x @ m.V + m.a) @ m.W.T + m.b,
    "transposed": lambda m, x: torch.matmul(torch.tanh(m.a + x.matmul(m.V)), m.W.t()).add(m.b),
    "mm and addmm": lambda m, x: torch.addmm(m.b, torch.tanh(torch.mm(x, m.V) + m.a), m.W.transpose(0, 1)),
    "standardised": lambda m, x: head(m, (x - m.mean) / m.std @ m.V + m.a),
    "numbers": lambda m, x: head(m, (2.0 * x - 1) / 3 @ m.V + m.a),
    "reflected": lambda m, x: head(m, (0.1 - x) @ m.V + m.a),
    "negative": lambda m, x: head(m, -(x @ m.V + m.a)),
    "inside": lambda m, x: head(m, 30 * (x @ m.V + m.a) - m.own),
    "outputs": lambda m, x: head(m, x @ m.V + m.a) * m.frozen + 0.3,
    "number of one output": lambda m, x: head(m, x @ m.V + m.a)[:, 0],
    "last of one output": lambda m, x: torch.sigmoid(head(m, x @ m.V + m.a))[..., -1],
    "row of one output": lambda m, x: head(m, x @ m.V + m.a)[:, :1],
    "converted": lambda m, x: head(m, x.double() @ m.V + m.a),
    "tensor in the code": lambda m, x: head(m, x * torch.tensor([2.0, 4.0], dtype=torch.float64) @ m.V + m.a),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name):
    model = Parts(READ[name])
    before = set(vars(model))
    problem, weights, _ = problem_of_model(model, X, Y)
    assert set(vars(model)) == before
    found = evaluate(problem.architecture, problem.samples, weights, Float64Field()).phi[2]
    own = model(torch.tensor(X)).detach().numpy().reshape(-1, 1)
    assert np.abs(found - own).max() < 1e-12


def test_constants_are_the_numbers_that_they_are_in_the_type_of_the_weights():
    model = Parts(lambda m, x: head(m, (x - 0.1) / m.std @ m.V + m.a), torch.float32)
    problem, _, notes = problem_of_model(model, X, Y)
    assert problem.samples.X[3][0] == (1 - Fraction(float(np.float32(0.1)))) / 3
    assert any("are X after sub 'sub' and truediv 'truediv', exactly in rational numbers" in note for note in notes)


def test_one_output_of_several_is_no_network_of_these():
    model = Parts(lambda m, x: (x @ m.V + m.a)[:, 0])
    check_refusal(lambda: model, "outputs of shape .4, 3. for the samples, got .4, 1.", X, np.full((4, 3), 0.5))


def test_buffers_are_frozen_layers():
    model = Parts(lambda m, x: head(m, torch.tanh(x @ m.features + m.own) @ m.square + m.a))
    model.register_buffer("features", torch.tensor([[1.0, 2.0, 0.5], [0.25, -1.0, 3.0]], dtype=torch.float64))
    model.square = nn.Parameter(torch.randn(3, 3, dtype=torch.float64))
    problem, weights, notes = problem_of_model(model, X, Y)
    assert (problem.architecture.widths, problem.architecture.bias) == ((3, 3, 1), "trainable")
    assert "The first layer is frozen" in notes[0]
    found = evaluate(problem.architecture, problem.samples, weights, Float64Field()).phi[2]
    assert np.abs(found - model(torch.tensor(X)).detach().numpy()).max() < 1e-12


REFUSED = {
    "trained factor": (lambda m, x: head(m, (x @ m.V) * m.factor), "got the function mul in it"),
    "trained shift of samples": (lambda m, x: head(m, (x + m.a[:2]) @ m.V), "got the function getitem|got the function add"),
    "two biases": (lambda m, x: head(m, x @ m.V + m.a + m.factor), "got the function add in it"),
    "one weight twice": (lambda m, x: head(m, (x @ m.V + m.a) @ m.V.T @ m.V), "must not share weights"),
    "computed weight": (lambda m, x: head(m, x @ (m.V * 2)), "got the function (mul|matmul) in it"),
    "weight from the left": (lambda m, x: m.V @ x.T, "got the function"),
    "a layer after one output": (lambda m, x: m.head(head(m, x @ m.V + m.a)[:, 0]), "got a layer after a single output in it"),
    "low rank": (lambda m, x: head(m, x @ m.V + m.a + x @ m.V), "got the function matmul in it"),
    "constant from the left": (lambda m, x: head(m, 1 / (x @ m.V + m.a)), "got the function truediv in it"),
    "a constant a sample": (lambda m, x: head(m, x @ m.V + m.a + torch.ones(4, 1, dtype=torch.float64)), "got the function add in it"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    compute, message = REFUSED[name]
    check_refusal(lambda: Parts(compute), message)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.optim.swa_utils.AveragedModel, torch.compile])
def test_wrappers_are_read_as_what_they_hold(wrap):
    model = plain_mlp().double()
    problem, weights, notes = problem_of_model(wrap(model), X, Y)
    assert (problem, weights) == problem_of_model(model, X, Y)[:2]
    assert "holds, whose own outputs are compared" in notes[0]


def test_a_model_that_cannot_be_traced_is_not_changed():
    model = Parts(lambda m, x: head(m, x * torch.tensor([2.0, 4.0], dtype=torch.float64)) if bool(x.sum() * torch.ones(1) > 0) else x)
    before = set(vars(model))
    check_refusal(lambda: model, "must be one that torch.fx can trace")
    assert set(vars(model)) == before


def test_hooks_inside_a_wrapper_are_seen():
    model = plain_mlp()
    model[1].register_forward_hook(lambda *given: None)
    check_refusal(lambda: nn.DataParallel(model), "a forward hook on a Tanh")
    assert read_and_compare(plain_mlp())[0].widths == (2, 3, 1)
