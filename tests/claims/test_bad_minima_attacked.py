"""Bad local minima that reports claim, built by hand: nothing lower is met nearby, and the better point is better in 100 digits."""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from cases.bad_minima import FUNCTIONS, exact, loss_in_digits, loss_in_doubles, rise_nearby, with_best_output_bias
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.certificates.proof.places import Point

REFUTED = lp.Verdict.REFUTED
CONVEX = ("tanh", "sigmoid", "softplus", "arctan", "erf")
LINE_X, LINE_Y, LINE_RELATION = [[0], [1], [3]], [[2], [-3], [1]], (2, -3, 1)
CURVE_X, CURVE_Y = [[0], [1], [2], [3]], [[0], [1], [0], [1]]
PLANE_X = [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1], [1, 3]]
PLANE_Y = [[0, 1], [1, 0], [1, 2], [0, 0], [1, 1], [0, 2]]


def bend_of(activation: str, b: float) -> tuple[float, float]:
    """σ' and σ'' at b by mpmath."""
    function = FUNCTIONS[activation][1]
    return float(mpmath.diff(function, b)), float(mpmath.diff(function, b, 2))


def unit_networks(X, Y, W, b, v, activation):
    """A network with these hidden weights and biases and these outgoing weights, and the best output bias."""
    return with_best_output_bias(X, Y, [(np.array(W, dtype=float), np.array(b)), (np.array(v)[:, None], np.zeros(1))], activation)


@pytest.mark.parametrize("activation", CONVEX)
def test_one_unit_on_xor(activation, check):
    """At the threshold |v| = |c σ''|/σ'², c = −1/2, a constant network turns from a saddle into a local minimum; some saddle gives a smaller loss."""
    assert check("2-1-1", XOR_X, XOR_Y, activation=activation)["no-bad-local-minima"].verdict is REFUTED
    b = -0.75
    slope, bend = bend_of(activation, b)
    threshold = abs(bend) / 2 / slope**2
    for sign in (1, -1):
        above = unit_networks(XOR_X, XOR_Y, [[0], [0]], [b], [1.5 * sign * threshold], activation)
        assert loss_in_doubles(XOR_X, XOR_Y, above, activation) == pytest.approx(1 / 8)
        assert rise_nearby(XOR_X, XOR_Y, above, activation, size=0.03, count=400) > -1e-15
        near = [unit_networks(XOR_X, XOR_Y, [[side], [0.05]], [b], [sign * threshold / 2], activation) for side in (0.05, -0.05)]
        assert min(loss_in_digits(XOR_X, XOR_Y, layers, activation) for layers in near) < mpmath.mpf(1) / 8 - mpmath.mpf(10) ** -8


CURVED = {"tanh": (mpmath.tanh, mpmath.atanh), "sigmoid": (lambda z: 1 / (1 + mpmath.exp(-z)), lambda y: mpmath.log(y / (1 - y)))}


def loss_under(output, targets, A, B, b, v, z):
    """The loss in 100 digits of one tanh unit that is b, b + B, b + A, b + A + B at the corners, with the mean z of what enters the output activation."""
    units = [mpmath.tanh(b + shift) for shift in (0, B, A, A + B)]
    mean = mpmath.fsum(units) / 4
    return mpmath.fsum((CURVED[output][0](z + v * (h - mean)) - y) ** 2 for h, y in zip(units, targets, strict=True)) / 8


@pytest.mark.parametrize("output", CURVED)
@pytest.mark.parametrize(("low", "high"), [("0.25", "0.5"), ("0.75", "0.125")])
def test_one_unit_on_xor_under_a_curved_output(output, low, high, check):
    """Constant at the mean target, with ``v = −c ρ σ''/(g σ'²)``, ``g = c σ_out''``: a local minimum; with a small v J falls below."""
    targets = [mpmath.mpf(y) for y in (low, high, high, low)]
    report = check("2-1-1", XOR_X, [[y] for y in (low, high, high, low)], activation="tanh", output_activation=output)
    assert report["no-bad-local-minima"].verdict is REFUTED
    with mpmath.workdps(100):
        c, b, mean = (targets[0] - targets[1]) / 2, mpmath.mpf(-3) / 4, (targets[0] + targets[1]) / 2
        function, inverse = CURVED[output]
        z = inverse(mean)
        rho, curve = mpmath.diff(function, z), mpmath.diff(function, z, 2)
        slope, bend = mpmath.diff(mpmath.tanh, b), mpmath.diff(mpmath.tanh, b, 2)
        v, here = -rho * bend / (curve * slope**2), c**2 / 2
        assert abs(loss_under(output, targets, 0, 0, b, v, z) - here) < mpmath.mpf(10) ** -60
        for row in 1e-2 * np.random.default_rng(0).normal(size=(150, 5)):
            A, B, change, grow, shift = (mpmath.mpf(x) for x in row)
            assert loss_under(output, targets, A, B, b + change, v * (1 + grow), z + shift) > here
        falls = [loss_under(output, targets, side, mpmath.mpf("0.05"), b, v / 20, z) for side in (mpmath.mpf("0.05"), mpmath.mpf("-0.05"))]
        assert min(falls) < here - mpmath.mpf(10) ** -9


@pytest.mark.parametrize(("activation", "units"), list(itertools.product(CONVEX, (1, 2, 3))))
def test_three_samples_on_a_line(activation, units, check):
    """Targets that are a multiple of the relation: constant networks with the right signs of v are minima at every width; with a wrong one J falls."""
    assert check((1, units, 1), LINE_X, LINE_Y, activation=activation)["no-bad-local-minima"].verdict is REFUTED
    b = [-0.75, -0.4, -1.2][:units]
    v = [-0.7 * np.sign(bend_of(activation, q)[1]) for q in b]
    right = unit_networks(LINE_X, LINE_Y, [[0] * units], b, v, activation)
    here = loss_in_doubles(LINE_X, LINE_Y, right, activation)
    assert here == pytest.approx(sum(y**2 for (y,) in LINE_Y) / 6)
    assert rise_nearby(LINE_X, LINE_Y, right, activation, size=0.02, count=400) > -1e-14
    wrong = unit_networks(LINE_X, LINE_Y, [[0.05] + [0] * (units - 1)], b, [-v[0] / 14, *v[1:]], activation)
    assert loss_in_digits(LINE_X, LINE_Y, wrong, activation) < mpmath.mpf(here) - mpmath.mpf(10) ** -8


def affine_network(X, Y, widths, rest):
    """Weights of the proof of `linear-region`: the least-squares map, made small, goes around ``rest``, where σ is the identity, and spare units rest there."""
    inputs = np.column_stack([np.array(X, dtype=float), np.ones(len(X))])
    fit = np.linalg.lstsq(inputs, np.array(Y, dtype=float), rcond=None)[0]
    n_L, scale = fit.shape[1], 0.5 / max(1.0, np.abs(inputs @ fit).max())
    layers = []
    for k, (m, n) in enumerate(itertools.pairwise(widths)):
        W, b = np.zeros((m, n)), np.full(n, rest)
        W[:, :n_L] = scale * fit[:-1] if k == 0 else np.eye(m, n_L)
        b[:n_L] = rest + scale * fit[-1] if k == 0 else 0.0
        layers.append((W, b))
    layers[-1] = (np.eye(widths[-2], n_L) / scale, np.full(n_L, -rest / scale))
    return layers


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "elu", "hard-tanh"])
@pytest.mark.parametrize(
    ("X", "Y", "widths"), [(CURVE_X, CURVE_Y, (1, 4, 1)), (CURVE_X, CURVE_Y, (1, 3, 4, 1)), (PLANE_X, PLANE_Y, (2, 8, 2))], ids=str
)
def test_affine_regions(activation, X, Y, widths, check):
    """The affine network is a local minimum of the loss that the claim names; the better point, or one near a proved one, beats it in 100 digits."""
    report = check(widths, X, Y, activation=activation)
    conclusion = report["no-bad-local-minima"]
    assert conclusion.verdict is REFUTED
    if conclusion.premises[0].id == "suboptimal":  # a point of a piece that the search met
        found, minimum, better = conclusion.premises[0].premises
        network = [tuple(np.array(part, dtype=float) for part in (layer.W, layer.b)) for layer in found.point.weights.layers]
        assert rise_nearby(X, Y, network, activation, size=1e-3, count=300) > -1e-12
        assert float(minimum.facts["loss_lower"]) <= loss_in_doubles(X, Y, network, activation) + 1e-9
        assert beats(better, minimum, X, Y, activation)
        return
    minimum, better = conclusion.premises
    assert minimum.id in ("linear-region", "dead-region")
    network = affine_network(X, Y, widths, 0.0 if activation == "hard-tanh" else 1.0)
    loss = loss_in_doubles(X, Y, network, activation)
    assert rise_nearby(X, Y, network, activation, size=0.02, count=300) > -1e-14
    if minimum.id == "linear-region":
        assert loss == pytest.approx(float(minimum.facts["loss_lower"]), abs=1e-12)
    assert beats(better, minimum, X, Y, activation)


def beats(better, minimum, X, Y, activation):
    """Whether the better point has the loss it is said to have, below that of the minimum, in 100 digits."""
    layers = [(layer.W, layer.b) for layer in better.point.weights.layers]
    lower = loss_in_digits(X, Y, layers, activation)
    with mpmath.workdps(100):
        rounded = mpmath.mpf(10) ** (-90 if isinstance(better.place, Point) else -25)
        return lower < exact(Fraction(better.facts["loss_upper"])) + rounded and lower < exact(Fraction(minimum.facts["loss_lower"]))


@pytest.mark.parametrize("widths", [(2, 4, 2), (2, 3, 4, 2), (2, 3, 3, 3, 2)], ids=str)
@pytest.mark.parametrize("activation", ["relu", "hard-tanh"])
@pytest.mark.parametrize("dead", [0, -1])
def test_dead_layers(widths, activation, dead):
    """A layer without incoming weights, its biases on the constant piece, and the best constant output."""
    rng = np.random.default_rng(0)
    network = [(rng.normal(size=(m, n)), rng.normal(size=n)) for m, n in itertools.pairwise(widths)]
    place = range(len(network) - 1)[dead]
    network[place] = (np.zeros_like(network[place][0]), np.full(widths[place + 1], -2.0))
    network = with_best_output_bias(PLANE_X, PLANE_Y, network, activation)
    loss = loss_in_doubles(PLANE_X, PLANE_Y, network, activation)
    assert loss == pytest.approx(float(np.array(PLANE_Y, dtype=float).var(axis=0).sum() / 2))
    assert rise_nearby(PLANE_X, PLANE_Y, network, activation, size=0.02, count=300) > -1e-14
