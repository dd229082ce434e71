"""Networks whose hidden layers have different activations, or whose layers have different bias modes, from the problem to the certificate."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from cases.training_cases import random_problem

import lossproof as lp
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import flat_weights, layer_arrays
from lossproof.numerics.training.point import training_point
from lossproof.numerics.verified.curvature import enclosed_landscape
from lossproof.theory.bounds.structural import structural_rank_bounds
from lossproof.theory.problem.architecture import Architecture

NAMES = ("tanh", "sigmoid", "relu", "leaky-relu", "softsign", "identity", "power:2", "sin", "hard-tanh", "softplus", "elu", "power:3")
MODES = ("trainable", "trainable", "none", "fixed")
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]


def drawn(seed):
    """Widths, samples, activations and bias modes; no two hidden layers need be alike."""
    rng = random.Random(seed)
    widths = rng.choice([(1, 2, 2, 1), (2, 2, 2, 1), (1, 1, 2, 2), (2, 2, 1), (1, 2, 1, 2, 1), (2, 3, 2, 1)])
    X = [[Fraction(rng.randint(-6, 6), 2) for _ in range(widths[0])] for _ in range(rng.randint(2, 4))]
    if rng.randrange(3) == 0:
        X[-1] = [Fraction(0)] * widths[0] if rng.randrange(2) else [-x for x in X[0]]
    Y = [[Fraction(rng.randint(-4, 4), 3) for _ in range(widths[-1])] for _ in X]
    modes = ["none"] * (len(widths) - 1) if rng.randrange(4) == 0 else [rng.choice(MODES) for _ in widths[1:]]
    return widths, X, Y, {"activation": [rng.choice(NAMES) for _ in widths[2:]], "bias": modes}


@pytest.mark.parametrize("seed", range(36))
def test_all_that_is_decided_of_a_random_network_is_accepted(seed, check):
    widths, X, Y, options = drawn(seed)
    report = check(widths, X, Y, search="none", seed=seed, **options)
    a = report.problem.architecture
    assert [s.name for s in a.hidden] == [lp.activation_named(name).name for name in options["activation"]]
    assert a.biases == tuple(options["bias"])
    assert {claim.id for claim in report if claim.verdict is not lp.Verdict.UNDECIDED} >= {
        "count",
        "principle-activation",
        "principle-widths",
    }


@pytest.mark.parametrize("seed", range(3))
def test_searched_and_found_points_are_accepted(seed, check):
    options = (
        {"activation": ["tanh", "relu"]},
        {"activation": ["relu", "tanh"], "bias": ["trainable", "none", "trainable"]},
        {"bias": ["none", "trainable"]},
    )
    widths = ("2-2-2-1", "2-2-2-1", "2-3-1")[seed]
    report = check(widths, *XOR, search="auto", **options[seed])
    assert report["exact-learning"].verdict is lp.Verdict.PROVED
    assert report["full-rank", "everywhere"].verdict is lp.Verdict.REFUTED


@pytest.mark.parametrize(("activation", "bias"), [("tanh", "trainable"), ("relu", "none"), ("power:2", "fixed")])
def test_layers_that_are_all_alike_are_one_network(activation, bias):
    whole = lp.check_architecture("2-2-2-1", *XOR, activation=activation, bias=bias, search="none")
    layers = lp.check_architecture("2-2-2-1", *XOR, activation=[activation] * 2, bias=[bias] * 3, search="none")
    text = lp.check_architecture("2-2-2-1", *XOR, activation=f"{activation}, {activation}", bias=",".join([bias] * 3), search="none")
    assert whole.certificate.text == layers.certificate.text == text.certificate.text
    assert str(whole) == str(layers)
    assert whole.problem == layers.problem


@pytest.mark.parametrize("seed", range(12))
def test_derivatives_are_those_of_the_loss(seed):
    """Doubles against differences of the loss, and enclosures against the doubles."""
    rng = random.Random(seed)
    smooth = ("tanh", "sigmoid", "sin", "softplus", "power:2", "identity", "gelu")
    widths = rng.choice([(2, 2, 3, 1), (1, 2, 2, 2), (2, 3, 2)])
    modes = [rng.choice(("trainable", "none", "fixed")) for _ in widths[1:]]
    a = Architecture.of(widths, [rng.choice(smooth) for _ in widths[2:]], bias=modes)
    problem = random_problem(widths, 3, seed=seed)
    constants = tuple((Fraction(1, 3),) * n if mode == "fixed" else None for n, mode in zip(widths[1:], modes, strict=True))
    problem = lp.Problem(a, problem.error, problem.samples, constants if "fixed" in modes else None)
    weights = random_weights(problem, seed)
    assert all(layer.b == (constants[l] or layer.b) and (modes[l] != "none" or not any(layer.b)) for l, layer in enumerate(weights.layers))
    flat, h = flat_weights(problem, weights), 1e-4
    assert flat.size == a.N_net == sum((widths[l] + (mode == "trainable")) * widths[l + 1] for l, mode in enumerate(modes))
    landscape, unit = FloatLandscape(problem), np.eye(flat.size)
    found = landscape.at(flat[None])
    around = landscape.at(np.concatenate([flat + h * unit, flat - h * unit]))
    slopes = (around.loss[: flat.size] - around.loss[flat.size :]) / (2 * h)
    bends = (around.gradient[: flat.size] - around.gradient[flat.size :]) / (2 * h)
    assert np.allclose(found.gradient[0], slopes, atol=1e-6)
    assert np.allclose(found.hessian[0], bends, atol=1e-5)
    point = training_point(problem, layer_arrays(problem, flat))
    assert np.isclose(point.gradient_norm, np.linalg.norm(found.gradient[0]))
    enclosed = enclosed_landscape(problem, weights)
    gradient, H = enclosed.gradient(), enclosed.hessian()
    assert np.all(np.abs(gradient.mid - problem.T * found.gradient[0]) <= gradient.rad + 1e-9)
    assert np.linalg.norm(H.mid - problem.T * found.hessian[0], 2) <= H.spread + 1e-9 * (1 + np.linalg.norm(H.mid))


@pytest.mark.parametrize("seed", range(24))
def test_structural_bounds_hold_for_numerical_ranks(seed):
    rng = random.Random(seed)
    widths = rng.choice([(2, 2, 2, 1), (1, 2, 3, 2), (3, 1, 2, 2), (2, 3, 1, 2)])
    options = {"activation": [rng.choice(NAMES) for _ in widths[2:]], "bias": [rng.choice(("trainable", "none")) for _ in widths[1:]]}
    a, T = Architecture.of(widths, **options), 12
    problem = lp.Problem(a, lp.error_named("squared"), random_problem(widths, T, seed=seed).samples)
    h, flat = 1e-6, flat_weights(problem, random_weights(problem, seed))
    outputs = [np.ravel(training_point(problem, layer_arrays(problem, flat + step)).evaluation.phi[a.L]) for step in h * np.eye(flat.size)]
    back = [np.ravel(training_point(problem, layer_arrays(problem, flat - step)).evaluation.phi[a.L]) for step in h * np.eye(flat.size)]
    P = (np.array(outputs) - np.array(back)) / (2 * h)
    rank = np.linalg.matrix_rank(P, tol=1e-5 * np.linalg.norm(P, 2))
    assert rank <= min(value for value, _ in structural_rank_bounds(a, T, min(T, a.fan_in(1))))


WRONG = {
    "too few activations": ({"activation": ["tanh"]}, "activation must be one for all hidden layers, or a list of 2"),
    "too many activations": ({"activation": ["tanh", "relu", "sin"]}, "got 3: give 2"),
    "an unknown one": ({"activation": ["tanh", "rleu"]}, "did you mean 'relu'"),
    "too few modes": ({"bias": ["none", "trainable"]}, "bias must be one for all layers, or a list of 3"),
    "an unknown mode": ({"bias": "none,trained,none"}, "did you mean 'trainable'"),
    "a number": ({"bias": [0, 1, 1]}, "bias must be one of"),
    "weights with a bias too many": (
        {"bias": ["none", "trainable", "trainable"], "weights": [([[1, 1]] * 2, [1, 0]), ([[1, 1]] * 2, [1, 1]), ([[1]] * 2, [1])]},
        "b_1 must be None or zero with bias='none'",
    ),
    "weights without a bias": (
        {"bias": ["none", "trainable", "trainable"], "weights": [([[1, 1]] * 2, None), ([[1, 1]] * 2, None), ([[1]] * 2, [1])]},
        "b_2 must be given with bias='trainable'",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_names_layers_wrongly_is_refused(name):
    options, message = WRONG[name]
    with pytest.raises(lp.InputError, match=message):
        lp.check_architecture("2-2-2-1", *XOR, **options)


def test_reports_name_every_layer(tmp_path):
    report = lp.check_architecture("2-2-2-1", *XOR, activation=["tanh", "relu"], bias=["none", "trainable", "trainable"], search="none")
    assert "with tanh, relu on" in str(report)
    for ending in ("html", "md", "tex", "txt", "json"):
        report.save(tmp_path / f"report.{ending}")
    text = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert "layer by layer: none, trainable, trainable" in text
    assert "one activation" not in (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "\\sigma_{2}(z)=" in (tmp_path / "report.tex").read_text(encoding="utf-8")
    assert "got" not in report["nguyen-hein-2017"].reason
    assert "different activations (tanh, relu)" in report["nguyen-hein-2017"].reason


def test_weight_decay_leaves_out_biases_that_are_not_trainable(check):
    report = check("2-2-1", *XOR, bias=["none", "trainable"], weight_decay="1/10", search="none")
    assert [str(mu) for _, mu in report.problem.decay.layers] == ["0", "1/10"]
