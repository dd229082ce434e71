"""Random networks with frozen layers: every point on their maps beside the rows of the trainable weights in the problem without frozen layers."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import gradient
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.exceptions import NotDifferentiable

ACTIVATIONS = ["tanh", "softplus", "sin", "relu", "leaky-relu:1/10", "power:2", "power:3", "identity", "softsign", "elu"]


def drawn(seed):
    """The arguments of a random map."""
    r = random.Random(seed)
    L = r.choice([2, 2, 3])
    widths = [r.randint(1, 2), *(r.randint(1, 3) for _ in range(L - 1)), r.choice([1, 1, 2])]
    frozen = sorted(r.sample(range(1, L + 1), r.randint(1, L - 1)))
    T, rates = r.randint(1, 4), [[0, 0] if l in frozen else [Fraction(1, 20), 0] for l in range(1, L + 1)]
    X = [[Fraction(r.randint(-6, 6), 2) for _ in range(widths[0])] for _ in range(T)]
    Y = [[Fraction(r.randint(-6, 6), 4) for _ in range(widths[-1])] for _ in range(T)]
    options = {
        "activation": [r.choice(ACTIVATIONS) for _ in range(L - 1)],
        "output_activation": r.choice(["identity", "identity", "tanh", "relu"]),
        "error": r.choice(["squared", "squared", "cauchy:1"]),
        "bias": [r.choice(["trainable", "none", "fixed"]) for _ in range(L)],
        "weight_decay": r.choice([0, rates]),
        "frozen": frozen,
    }
    return (widths, X, Y), {**options, "starts": 6, "workers": 1, "seed": seed}


def unfrozen(problem):
    """The problem with all layers trainable, their biases fixed where they are frozen, and which of its weights are trainable in the other."""
    a = problem.architecture
    modes = tuple("fixed" if l in a.frozen else mode for l, mode in enumerate(a.biases, start=1))
    fixed = tuple(problem.constants(l) if mode == "fixed" else None for l, mode in enumerate(modes, start=1))
    whole = replace(problem, architecture=replace(a, biases=modes), frozen=None, fixed_bias=fixed, decay=problem.decay)
    rows = [np.full(whole.architecture.fan_in(l) * a.widths[l], l not in a.frozen) for l in range(1, a.L + 1)]
    return whole, np.flatnonzero(np.concatenate(rows))


@pytest.mark.parametrize("seed", range(14))
def test_points_of_random_maps(seed):
    arguments, options = drawn(seed)
    found = lp.find_critical_points(*arguments, **options)
    assert found.report.self_check.refused == ()
    problem = found.report.problem
    whole, rows = unfrozen(problem)
    for point in found:
        flat = flat_weights(problem, point.weights)
        try:
            passed = evaluate(whole.architecture, whole.samples, point.weights, BallField(200))
            g, H = gradient(whole, passed)[rows], hessian(whole, passed)[np.ix_(rows, rows)]
        except NotDifferentiable:
            continue
        g, H = np.array([float(x.mid()) for x in g]), np.array([[float(x.mid()) for x in row] for row in H])
        values = np.linalg.eigvalsh(H)
        size, inertia = max(1.0, float(np.max(np.abs(values)))), point.inertia
        assert np.max(np.abs(g)) <= 1e-8 * size
        assert inertia["negative"] <= int((values < 1e-9 * size).sum())
        assert inertia["positive"] <= int((values > -1e-9 * size).sum())
        if inertia["undecided"] == 0:
            assert inertia["negative"] >= int((values < -1e-6 * size).sum())
            assert inertia["positive"] >= int((values > 1e-6 * size).sum())
        if point.kind in ("global", "strict-minimum", "local-minimum"):
            near = flat + 1e-5 * np.random.default_rng(seed).standard_normal((200, len(flat)))
            losses = FloatLandscape(problem).loss(np.vstack([flat, near]))
            assert np.all(losses[1:] >= losses[0] - 1e-10)
