"""Activations of torch that are one of lossproof's between constant scalings, or written in several functions, are read exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import mlp, problem_of_model, read_and_compare

import lossproof as lp

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional
ROWS = 3 * np.random.default_rng(5).normal(size=(40, 2))

BETWEEN = {
    "softplus:2": (nn.Softplus(2, 80), "softplus", 2, Fraction(1, 2), 0),
    "softplus:1/4": (nn.Softplus(0.25, 40), "softplus", Fraction(1, 4), 4, 0),
    "softplus:1": (nn.Softplus(1, 40), "softplus", 1, 1, 0),
    "celu:1": (nn.CELU(), "elu", 1, 1, 0),
    "celu:2": (nn.CELU(2.0), "elu", Fraction(1, 2), 2, 0),
    "hard-tanh": (nn.Hardtanh(), "hard-tanh", 1, 1, 0),
    "hard-tanh from -2 to 5": (nn.Hardtanh(-2, 5), "hard-tanh", Fraction(2, 7), Fraction(7, 2), Fraction(3, 2)),
    "relu6": (nn.ReLU6(), "hard-tanh", Fraction(1, 3), 3, 3),
    "hard sigmoid": (nn.Hardsigmoid(), "hard-tanh", Fraction(1, 3), Fraction(1, 2), Fraction(1, 2)),
    "log-sigmoid": (nn.LogSigmoid(), "softplus", -1, -1, 0),
}


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", BETWEEN)
def test_scalings_are_folded_exactly(name, kind):
    module, ours, inside, outside, shift = BETWEEN[name]
    model = mlp(nn.Linear(2, 4), module, nn.Linear(4, 1)).to(kind)
    network, _, weights = read_and_compare(model, ROWS)
    assert (network.activation, network.output_activation) == (ours, "identity")
    first, last = ([[Fraction(x) for x in row] for row in layer.weight.T.tolist()] for layer in (model[0], model[2]))
    assert tuple(tuple(x * inside for x in row) for row in first) == weights.layers[0].W
    assert tuple(tuple(x * outside for x in row) for row in last) == weights.layers[1].W
    assert weights.layers[1].b == (Fraction(model[2].bias.item()) + sum(row[0] * shift for row in last),)
    folded = (inside, outside, shift) != (1, 1, 0)
    assert any(f"constants of {type(module).__name__} '1'" in note for note in network.notes) == folded


def test_a_last_one_is_a_map_of_the_targets():
    model = mlp(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Hardtanh(0, 6)).double()
    problem, _, _ = problem_of_model(model, ROWS, ROWS[:, 0], error="mse")
    assert problem.architecture.output_activation.name == "hard-tanh"
    assert problem.samples.Y[0] == ((Fraction(ROWS[0, 0]) - 3) / 3,)


class Written(nn.Module):
    """A 2-4-1 network with an activation as a function."""

    def __init__(self, call):
        super().__init__()
        torch.manual_seed(2)
        self.first, self.last, self.gate, self.call = nn.Linear(2, 4).double(), nn.Linear(4, 1).double(), nn.Sigmoid(), call

    def forward(self, x):
        return self.last(self.call(self, self.first(x)))


WRITTEN = {
    "z * sigmoid(z)": (lambda m, z: z * torch.sigmoid(z), "silu"),
    "z.mul(gate(z))": (lambda m, z: m.gate(z).mul(z), "silu"),
    "z / (1 + |z|)": (lambda m, z: z / (1 + z.abs()), "softsign"),
    "z / (|z| + 1)": (lambda m, z: torch.div(z, torch.abs(z) + 1.0), "softsign"),
    "z * tanh(softplus(z))": (lambda m, z: z * torch.tanh(functional.softplus(z)), "mish"),
    "z.clamp(min=0)": (lambda m, z: z.clamp(min=0), "relu"),
    "clamp(z, 0)": (lambda m, z: torch.clamp(z, 0), "relu"),
    "clamp_min(z, 0)": (lambda m, z: torch.clamp_min(z, 0), "relu"),
    "z.clip(-1, 1)": (lambda m, z: z.clip(-1, 1), "hard-tanh"),
    "clamp(z, -2, 2)": (lambda m, z: torch.clamp(z, -2, 2), "hard-tanh"),
    "relu6": (lambda m, z: functional.relu6(z), "hard-tanh"),
    "hardsigmoid": (lambda m, z: functional.hardsigmoid(z), "hard-tanh"),
    "logsigmoid": (lambda m, z: functional.logsigmoid(z), "softplus"),
    "celu": (lambda m, z: functional.celu(z, 1.5), "elu"),
}


@pytest.mark.parametrize("exported", [False, True], ids=["traced", "exported"])
@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_in_functions(name, exported):
    call, ours = WRITTEN[name]
    model = Written(call)
    if exported:
        model = torch.export.export(model, (torch.tensor(ROWS),), strict=False)
    assert read_and_compare(model, ROWS)[0].activation == ours


@pytest.mark.parametrize(
    "call",
    [
        lambda m, z: z * torch.sigmoid(2 * z),
        lambda m, z: z * torch.sigmoid(z) * torch.sigmoid(z),
        lambda m, z: z / (2 + z.abs()),
        lambda m, z: z / (1 - z.abs()),
        lambda m, z: (1 + z.abs()) / z,
        lambda m, z: z * torch.tanh(functional.softplus(z, beta=2)),
        lambda m, z: (lambda s: z * s + s)(torch.sigmoid(z)),
        lambda m, z: z.clamp(min=1),
        lambda m, z: z.clamp(max=0),
        lambda m, z: z.clamp(2, 1),
        lambda m, z: z.clamp(float("nan"), 1),
        lambda m, z: z.clamp(min=torch.zeros(4)),
        lambda m, z: functional.hardtanh(z, 2.0, 1.0),
        lambda m, z: functional.dropout(z, 2.0),
        lambda m, z: z.clamp(0, float("inf")),
    ],
)
def test_what_looks_alike_is_refused(call):
    with pytest.raises(lp.InputError):
        read_and_compare(Written(call), ROWS)


def test_a_hook_on_a_gate_is_noticed():
    model = Written(lambda m, z: m.gate(z) * z)
    model.gate.register_forward_hook(lambda *_: None)
    with pytest.raises(lp.InputError, match="a forward hook on a Sigmoid"):
        read_and_compare(model, ROWS)
