"""Random modules of torch: what is read of them computes the same, and has as many trainable weights, or they are refused in one line."""

from __future__ import annotations

import random

import numpy as np
import pytest
from cases.model_cases import problem_of_model

import lossproof as lp
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate

torch = pytest.importorskip("torch")
nn = torch.nn

X = np.array([[0.5, -1.0, 2.0], [1.25, 0.0, -0.5], [-3.0, 0.75, 0.1], [0.0, 0.0, 1.0]])


class Chain(nn.Module):
    """Layers, functions and constants one after another, drawn from a seed."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        chance, n = random.Random(seed), X.shape[1]
        self.layers, self.steps = nn.ModuleList(), []
        frozen = chance.random() < 0.5
        for l in range(chance.randint(1, 4)):
            self.draw_constants(chance, n)
            m = n if chance.random() < 0.4 else chance.randint(1, 4)
            layer = nn.Linear(n, m, bias=chance.random() < 0.7, dtype=torch.float64)
            frozen = frozen and l < 2
            layer.requires_grad_(not frozen and chance.random() < 0.9)
            if layer.bias is not None and chance.random() < 0.15:
                layer.bias.requires_grad_(False)
            self.steps.append(len(self.layers))
            self.layers.append(layer)
            n = m
            self.draw_constants(chance, n)
            if chance.random() < 0.7:
                self.steps.append(chance.choice([torch.tanh, torch.relu, torch.sin, nn.functional.softsign]))

    def draw_constants(self, chance, n):
        """Draw some arithmetic with a number, or one for each unit."""
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            one = chance.choice([2.0, -0.5, 3, torch.randn(n, dtype=torch.float64)])
            self.steps.append((chance.choice(["add", "sub", "rsub", "mul", "div", "neg"]), one))

    def forward(self, x):
        arithmetic = {
            "add": lambda x, c: x + c,
            "sub": lambda x, c: x - c,
            "rsub": lambda x, c: c - x,
            "mul": lambda x, c: x * c,
            "div": lambda x, c: x / c,
            "neg": lambda x, c: -x,
        }
        for step in self.steps:
            x = self.layers[step](x) if isinstance(step, int) else arithmetic[step[0]](x, step[1]) if isinstance(step, tuple) else step(x)
        return x


@pytest.mark.parametrize("block", range(4))
def test_what_is_read_is_the_same_network(block):
    read, refused = 0, []
    for seed in range(100 * block, 100 * block + 100):
        model = Chain(seed)
        own = model(torch.tensor(X)).detach().numpy()
        try:
            problem, weights, _ = problem_of_model(model, X, np.zeros_like(own))
        except lp.InputError as refusal:
            refused.append(str(refusal))
            continue
        read += 1
        a = problem.architecture
        assert np.allclose(evaluate(a, problem.samples, weights, Float64Field()).phi[a.L], own, rtol=1e-9, atol=1e-9)
        assert a.N_net == sum(part.numel() for part in model.parameters() if part.requires_grad)
    assert read > 40
    assert refused
    assert not any("\n" in message for message in refused)
