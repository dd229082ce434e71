"""A sigmoid or tanh neuron whose samples are saturated: signs of its gradient, where ``σ'`` underflows or is far from 1, against balls of many bits."""

from __future__ import annotations

import numpy as np
import pytest
from cases.kernel_draft import Draft
from flint import arb

import lossproof as lp
from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import Enclosed, exactly
from lossproof.certificates.kernel.network import many_boxes as boxes
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import complete
from lossproof.theory.limits import MAX_BALANCED

INPUTS = {
    "two inputs": ([[48, 49], [-49, 45], [-43, 46], [48, 49]], "none"),
    "a bias": ([[-43], [-49], [43], [-43]], "trainable"),
    "thirds": ([["44/3", "1/3"], ["-44/3", "2/3"], ["44/3", "1/3"], ["0", "0"]], "none"),
    "far apart": ([["1", "1/1000000"], ["-1/1000000", "1"], ["1000", "-1"], ["-1", "-1"]], "none"),
}
TARGETS = ["1/5", "-3/5", "9/10", "0"]


def landscape(name, activation, targets=TARGETS):
    X, bias = INPUTS[name]
    rows = [[str(x) for x in row] for row in X]
    problem = read_problem(Draft((len(X[0]), 1), rows, [[y] for y in targets], output_activation=activation, bias=bias).document["problem"])
    with ball_precision(80):
        return boxes.landscape(Work(), problem, np.ones(2))


def exact_gradient(land, W):
    """``T ∇J`` in balls, and the rows of ``x̃``, at the midpoints of inputs and targets."""
    k, low = land.curve.k, land.curve.low
    x = [[arb(a) for a in row] for row in land.inputs.mid.tolist()]
    found = [arb(0), arb(0)]
    for row, (y,) in zip(x, land.targets.mid.tolist(), strict=True):
        z = row[0] * arb(float(W[0])) + row[1] * arb(float(W[1]))
        e = (-k * abs(z)).exp()
        q = 1 / (1 + e)
        error = k * (q if z > 0 else e * q) + low - arb(y)
        found = [g + error * e * q * q * a for g, a in zip(found, row, strict=True)]
    return found, x


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("size", [1e-9, 0.02, 0.5, 4.0])
def test_signs_are_those_of_the_gradient(name, activation, size):
    """Components, and those from which the sample nearest to 0 is gone, at points of the boxes, with z up to thousands."""
    land, rng = landscape(name, activation), np.random.default_rng(0)
    theta = Enclosed(rng.uniform(-8, 8, (40, 2)) * rng.choice([0.01, 1, 4], (40, 1)), size * rng.random((40, 2)))
    turned, _ = boxes.weights(land, Enclosed(theta.mid.T, theta.rad.T))
    at = boxes.activations(land, turned)
    found = boxes.relative_gradient(land, land.curve, turned, at.phi, boxes.residuals(land, at, None))
    found = Enclosed(found.mid.T, found.rad.T)
    told = np.abs(found.mid) > found.rad
    assert np.any(told)
    z = np.abs(theta.mid @ land.inputs.mid.T)
    nearest = np.where(land.inputs.mid.any(axis=1), z, np.inf).argmin(axis=1)
    pivots = np.abs(land.inputs.mid).argmax(axis=1)
    for b in range(40):
        W = np.clip(theta.mid[b] + theta.rad[b] * rng.uniform(-1, 1, 2), theta.mid[b] - theta.rad[b], theta.mid[b] + theta.rad[b])
        r, p = int(nearest[b]), int(pivots[nearest[b]])
        for bits in (600, 5_000, 40_000):
            with ball_precision(bits):
                g, x = exact_gradient(land, W)
                values = [*g, *(g[j] * x[r][p] - g[p] * x[r][j] for j in range(2))]
            signs = [None if value.contains(0) else bool(value > 0) for value in values]
            if None not in [sign for j, sign in enumerate(signs) if told[b, j]]:
                break
        assert all(signs[j] is not None and signs[j] == (found.mid[b, j] > 0) for j in range(len(signs)) if told[b, j])
    if size < 1 and name != "far apart":
        assert np.mean(told.any(axis=1)) > 0.5


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("seed", range(5))
def test_no_box_around_a_critical_point_is_steep(activation, seed):
    """Three samples in balance: residuals of two are chosen for that of the third, so that a given W is critical."""
    land, rng = landscape("two inputs", activation, ["0", "0", "0", "0"]), np.random.default_rng(seed)
    x, k, low = land.inputs.mid[:3], land.curve.k, land.curve.low
    W = rng.uniform(-0.3, 0.3, 2)
    z = x @ W
    last = int(np.abs(z).argmax())
    two = [i for i in range(3) if i != last]
    slopes = np.exp(-k * (np.abs(z) - np.abs(z).min())) / (1 + np.exp(-k * np.abs(z))) ** 2
    eps = np.zeros(3)
    eps[last] = 0.3
    eps[two] = np.linalg.solve((x[two] * slopes[two, None]).T, -0.3 * slopes[last] * x[last])
    y = low + k / (1 + np.exp(-k * z)) - eps
    assert np.abs(eps).max() < 100
    targets = Enclosed(y[:, None], np.full((3, 1), 1e-11))
    land = land._replace(inputs=exactly(x), targets=targets, kinds=np.arange(3))
    walk = complete._Walk(land, np.full(2, 8.0), False, [])
    sizes = 10.0 ** rng.uniform(-9, 0.5, (300, 1)) * rng.random((300, 2))
    lower = W - sizes * rng.random((300, 2))
    assert not np.any(walk._steep(lower, lower + sizes))
    assert np.any(walk._steep(lower + 1, lower + 1 + sizes))


def test_of_many_samples_none_is_taken_away():
    X = [[str(k), str(k * k % 7)] for k in range(1, MAX_BALANCED + 2)]
    problem = read_problem(Draft((2, 1), X, [["1/3"]] * len(X), output_activation="tanh", bias="none").document["problem"])
    with ball_precision(80):
        land = boxes.landscape(Work(), problem, np.ones(2))
    theta, _ = boxes.weights(land, exactly(np.array([[3.0], [1.0]])))
    at = boxes.activations(land, theta)
    assert boxes.relative_gradient(land, land.curve, theta, at.phi, boxes.residuals(land, at, None)).mid.shape == (2, 1)


@pytest.mark.parametrize("name", ["two inputs", "a bias", "thirds"])
def test_a_neuron_with_large_inputs_is_listed_completely(name):
    """In a box in which ``σ'`` falls to ``e^{−1500}``: left open where no sign was seen, and with as many boxes as there are widths of a step."""
    X, bias = INPUTS[name]
    some = slice(None, 3 if name == "two inputs" else None)
    found = lp.find_critical_points(
        (len(X[0]), 1), X[some], [[y] for y in TARGETS[some]], output_activation="tanh", bias=bias, box=8, complete=True, workers=1
    )
    assert found.complete.verdict == "PROVED"
    assert lp.verify(found.certificate.text).ok
    assert found.tree.boxes < 40_000
