"""Local minima of a loss with decay where all weights are 0, or the network is affine: attacked nearby, sharp for one output, every hypothesis missed once."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_cases_theorems import region
from cases.kernel_draft import Draft
from cases.kernel_outcomes import accepted, outcome
from scipy.optimize import minimize

from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.numerics.samples.zero_weights import bias_of_zero_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

RULE, BIAS = ("evidence", "rule"), ("evidence", "evidence.hidden_bias")
X, Y = [["-1"], ["0"], ["1"]], [["-2"], ["1"], ["1"]]
WEIGHTS, ALL, STRONG = ["1/100", "0"], ["1/100", "1/100"], ["9/10", "9/10"]
"""Rates of the weights and biases of a layer. ``Σ x_i e_i`` is 3, so that one hidden layer of slope s needs ``s < 3λ/3``."""


def at_zero(widths=(1, 2, 1), decay=WEIGHTS, bias="4", loss="1", activation="tanh", X=X, Y=Y, mode="trainable", **options):
    rates = decay if isinstance(decay[0], list) else [decay] * (len(widths) - 1)
    d = Draft(widths, X, Y, activation=activation, decay=rates, bias=mode, **options)
    region(d, "constant-region", loss, "BALL", hidden_bias=bias, precision=64)
    return d


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"bias": "-4"}, None),
        ({"bias": "3"}, None),
        ({"bias": "5/2"}, BIAS),
        ({"bias": "0"}, BIAS),
        ({"loss": "100000001/100000000"}, ("evidence", "evidence.loss")),
        ({"decay": [["1/100", "0"], ["0", "0"]]}, RULE),
        ({"decay": [["0", "0"], ["1/100", "0"]]}, RULE),
        ({"decay": [["0", "0"], ["0", "1/100"]]}, RULE),
        ({"decay": [ALL, WEIGHTS]}, BIAS),
        ({"decay": [ALL, WEIGHTS], "bias": "0"}, BIAS),
        ({"decay": [["101/100", "0"], ["101/100", "0"]], "bias": "0"}, None),
        ({"decay": [["1", "0"], ["1", "0"]], "bias": "0"}, BIAS),
        ({"decay": [["1/2", "0"], ["203/100", "0"]], "bias": "0"}, None),
        ({"decay": [["1/2", "0"], ["199/100", "0"]], "bias": "0"}, BIAS),
        ({"decay": [WEIGHTS, ALL]}, RULE),
        ({"activation": "relu", "bias": "-1"}, None),
        ({"activation": "relu", "bias": "1"}, BIAS),
        ({"activation": "relu", "bias": "0", "decay": [["101/100", "0"], ["101/100", "0"]]}, BIAS),
        ({"activation": "leaky-relu:1/200", "bias": "-1"}, None),
        ({"activation": "leaky-relu:1/100", "bias": "-1"}, BIAS),
        ({"activation": "hard-tanh", "bias": "2"}, None),
        ({"activation": "softsign", "bias": "10"}, None),
        ({"activation": "softsign", "bias": "8"}, BIAS),
        ({"activation": "elu", "bias": "-5"}, None),
        ({"error": "cauchy:1"}, RULE),
        ({"output_activation": "tanh"}, RULE),
        ({"bias": None}, ("schema", "evidence.hidden_bias")),
        ({"activation": ["tanh", "relu"], "widths": (1, 2, 2, 1)}, RULE),
        ({"widths": (1, 2, 2, 1), "bias": "0"}, None),
        ({"widths": (1, 2, 2, 1), "bias": "7", "activation": "relu"}, None),
        ({"widths": (1, 2, 2, 1), "bias": "0", "activation": "relu", "decay": ALL}, None),
        ({"widths": (1, 2, 2, 1), "bias": "1", "activation": "relu", "decay": ALL}, BIAS),
        ({"widths": (1, 2, 2, 1), "bias": "0", "activation": "sigmoid", "decay": ALL}, BIAS),
        ({"widths": (1, 2, 2, 1), "bias": "0", "activation": "sigmoid", "decay": [ALL, ALL, WEIGHTS]}, None),
        ({"widths": (1, 2, 2, 1), "bias": "0", "Y": [["1"], ["1"], ["1"]], "loss": "0", "decay": ALL}, None),
        ({"widths": (1, 2, 2, 1), "bias": "0", "Y": [["2"], ["2"], ["2"]], "loss": "0", "decay": ALL}, BIAS),
        ({"widths": (1, 2, 2, 1), "bias": "0", "Y": [["189/100"]] * 3, "loss": "0", "decay": STRONG}, None),
        ({"widths": (1, 2, 2, 1), "bias": "0", "Y": [["191/100"]] * 3, "loss": "0", "decay": STRONG}, BIAS),
        ({"widths": (1, 2, 2, 1), "bias": "0", "decay": [ALL, WEIGHTS, ALL]}, RULE),
    ],
    ids=str,
)  # fmt: skip
def test_zero_weights_that_miss_something(changes, expected):
    d = at_zero(**changes)
    assert accepted(d) if expected is None else outcome(d) == expected


CLASSES = [["3/4", "1/4"], ["1/2", "1/2"], ["7/8", "1/8"]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"activation": "relu"}, None),
        ({"activation": "sigmoid"}, BIAS),
        ({"widths": (1, 2, 2)}, RULE),
        ({"decay": [ALL, WEIGHTS, ALL]}, RULE),
        ({"decay": [ALL, ["1/100", "1/10000"], ALL]}, BIAS),
        ({"decay": [ALL, ALL, ["1/100", "1/10"]]}, BIAS),
        ({"decay": [ALL, ALL, ["1/100", "3/200"]]}, None),
        ({"Y": [["1", "0"]] * 3, "loss": "0"}, BIAS),
        ({"Y": [["4/5", "1/5"]] * 3, "loss": "1/2"}, None),
        ({"Y": [["9/10", "1/10"]] * 3, "loss": "1/4"}, BIAS),
        ({"error": "logistic", "Y": [["3/5"], ["7/10"], ["2/3"]], "widths": (1, 2, 2, 1), "loss": "3/5"}, None),
        ({"error": "logistic", "Y": [["4/5"], ["7/10"], ["7/8"]], "widths": (1, 2, 2, 1), "loss": "1/2"}, BIAS),
    ],
    ids=str,
)
def test_probabilities_under_output_biases_that_decay(changes, expected):
    """The best logits are ±log(17/7)/2, of the norm 0.63; for 9/10 it is 1.55, above ``√(λ_3 μ_2)/μ_3 = 1``."""
    options = {"widths": (1, 2, 2, 2), "decay": ALL, "Y": CLASSES, "error": "softmax", "bias": "0", "loss": "3/5", **changes}
    d = at_zero(**options)
    assert accepted(d) if expected is None else outcome(d) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"widths": (1, 2, 2, 1)}, None),
        ({"widths": (1, 2, 2, 1), "bias": "1"}, BIAS),
        ({"widths": (1, 2, 2, 1), "activation": "softplus"}, BIAS),
        ({"widths": (1, 2, 2, 1), "loss": "101/100"}, ("evidence", "evidence.loss")),
        ({}, BIAS),
        ({"decay": ["101/100", "0"]}, None),
        ({"decay": ["1", "0"]}, BIAS),
    ],
    ids=str,
)
def test_without_biases(changes, expected):
    """Outputs 0 of the loss 1."""
    d = at_zero(**{"mode": "none", "bias": "0", **changes})
    assert accepted(d) if expected is None else outcome(d) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"activation": "elu"}, None),
        ({"activation": "relu"}, None),
        ({"activation": "identity", "widths": (1, 2, 3, 1)}, None),
        ({"activation": "hard-tanh"}, RULE),
        ({"activation": "tanh"}, RULE),
        ({"decay": [ALL, WEIGHTS]}, RULE),
        ({"decay": [WEIGHTS, ALL]}, RULE),
        ({"decay": [WEIGHTS, ["0", "0"]]}, RULE),
        ({"statement": "dead-region", "activation": "relu"}, RULE),
        ({"bias": "none"}, RULE),
        ({"loss": "3/4"}, ("evidence", "evidence.loss")),
    ],
    ids=str,
)
def test_affine_maps_that_miss_something(changes, expected):
    options = {"activation": "leaky-relu:1/3", "decay": [WEIGHTS] * (len(changes.get("widths", (1, 2, 1))) - 1), **changes}
    statement, widths, loss = options.pop("statement", "linear-region"), options.pop("widths", (1, 2, 1)), options.pop("loss", "1/4")
    d = Draft(widths, X, Y, **options)
    region(d, statement, loss, map=[["3/2"], ["0"]])
    assert accepted(d) if expected is None else outcome(d) == expected


def drawn_problem(seed):
    rng = random.Random(seed)
    error, n_0 = ("squared", "logistic", "softmax")[seed % 3], rng.randint(1, 3)
    n_L, T = (2 if error == "softmax" else rng.randint(1, 2)), rng.randint(2, 6)
    widths = (n_0, *[rng.randint(1, 3) for _ in range(rng.choice((1, 1, 2, 3)))], n_L)
    bias = rng.choice(("trainable", "trainable", "none"))
    a = Architecture.of(widths, rng.choice(("tanh", "softsign", "relu", "elu", "gelu", "sigmoid", "leaky-relu:1/8")), bias=bias)
    inputs = [[Fraction(rng.randint(-8, 8), 4) for _ in range(n_0)] for _ in range(T)]
    drawn = [[Fraction(rng.randint(1, 11), 12) for _ in range(n_L)] for _ in range(T)]
    targets = [[y / sum(row) for y in row] for row in drawn] if error == "softmax" else drawn
    rates = [(Fraction(1, rng.choice((1, 3, 20, 300))), Fraction(rng.choice((0, 0, 1)), rng.choice((2, 50)))) for _ in widths[1:]]
    return Problem(a, error_named(error), Samples.of(inputs, targets), decay=Decay.of(rates, a))


def best_constant(problem):
    """The outputs of the weights 0, by their definition in doubles."""
    Y, error = np.array(problem.samples.Y, dtype=float), problem.error.family
    if problem.architecture.bias == "none":
        return np.zeros(Y.shape[1])
    mean, rate = Y.mean(axis=0), float(problem.decay.layers[-1][1])
    if error == "squared":
        return mean / (1 + rate)

    def sum_at(c):
        least = np.log(np.exp(c).sum()) if error == "softmax" else np.log1p(np.exp(c)).sum()
        return least - mean @ c + rate * c @ c / 2

    return minimize(sum_at, np.zeros(len(mean)), method="BFGS", options={"gtol": 1e-10}).x


@pytest.mark.parametrize("seed", range(60))
def test_nothing_near_zero_weights_is_lower(seed):
    """Of what the prover proves, and the kernel accepts: 2,000 steps of three sizes."""
    problem = drawn_problem(seed)
    bias = bias_of_zero_weights(problem, 64)
    if bias is None:
        return
    a = problem.architecture
    hidden = [([[0] * n for _ in range(m)], [bias] * n) for m, n in zip(a.widths[:-2], a.widths[1:-1], strict=True)]
    last = ([[0] * a.n_L for _ in range(a.widths[-2])], [float(c) for c in best_constant(problem)])
    weights = Weights.of(a, [(W, None if a.bias == "none" else b) for W, b in (*hidden, last)])
    rows = [[str(q) for q in row] for row in problem.samples.X], [[str(q) for q in row] for row in problem.samples.Y]
    rates = [[str(q) for q in pair] for pair in problem.decay.layers]
    d = at_zero(a.widths, rates, str(bias), "0", a.activation.name, *rows, error=problem.error.name, mode=a.bias)
    assert accepted(d)
    landscape, start = FloatLandscape(problem), flat_weights(problem, weights)
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(2000, len(start))) * 10.0 ** -rng.integers(3, 6, size=(2000, 1))
    assert landscape.loss(start + steps).min() > landscape.loss(start[None])[0] - 2e-15


def test_the_inequality_is_sharp_for_one_output():
    """``J − J* = ½λ(|v|² + |w|²) + v w σ'(a) Σ x_i e_i/3 + …``: with ``v = −w`` it falls as soon as the inequality does not hold."""
    for rate, holds in ((Fraction(101, 100), True), (Fraction(99, 100), False)):
        a = Architecture.of((1, 1, 1), "tanh")
        problem = Problem(
            a, error_named("squared"), Samples.of([[-1], [0], [1]], [[-2], [1], [1]]), decay=Decay.of([(rate, 1), (rate, 0)], a)
        )
        assert (bias_of_zero_weights(problem, 64) == 0) is holds
        loss = FloatLandscape(problem).loss
        falls = loss(np.array([[t, 0.0, t, 0.0] for t in (0.01, 0.02, 0.04)])).min() < loss(np.zeros((1, 4)))[0]
        assert falls != holds
