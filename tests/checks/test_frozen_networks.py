"""Networks with frozen layers after trainable ones: what is claimed of them, from Python and from models of other libraries."""

from __future__ import annotations

import importlib.util
import json
import os
from fractions import Fraction

import numpy as np
import pytest
from cases.command_cases import run
from cases.model_cases import X, Y, problem_of_model

import lossproof as lp

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
WIDE = [([[1, -1, 2, 1], [1, 2, -1, 1]], [0, 1, 0, 1]), ([[1], [-1], [1], [-1]], [0])]


def verdicts(report):
    return {(claim.id, claim.scope.value): claim.verdict.value for claim in report.claims}


def test_a_fixed_readout_learns_by_its_hidden_layer():
    report = lp.check_architecture("2-4-1", *XOR, frozen=[2], weights=WIDE, search="none")
    found = verdicts(report)
    assert (
        found["full-rank", "almost everywhere"]
        == found["exact-learning", "everywhere"]
        == found["full-rank", "at these weights"]
        == "PROVED"
    )
    assert found["full-rank", "everywhere"] == "REFUTED"
    assert found["almost-everywhere", "almost everywhere"] == "PROVED"
    for name in ("no-bad-local-minima", "khatri-rao", "wide-layer", "principle-weights"):
        claim = next(claim for claim in report.claims if claim.id == name)
        assert claim.verdict is lp.Verdict.UNDECIDED
        assert "Layer 2 is frozen" in claim.reason
    assert lp.verify(report.certificate.document).ok
    trained = lp.check_architecture("2-4-1", *XOR, frozen=[2], weights=WIDE, find_weights=True, search="none")
    assert trained.problem == report.problem
    learner = next(claim for claim in trained.claims if claim.id == "critical-point")
    assert (learner.facts["kind"], learner.facts["inertia"]["zero"]) == ("global", 8)
    assert any("Layer 2 is frozen" in note for note in report.notes)


def test_too_few_trainable_weights_are_counted_without_the_frozen_ones():
    report = lp.check_architecture("1-1-1-1", [[0], [1], [2]], [[0], [1], [3]], frozen=[1, 3], seed=2, search="none")
    assert report["count"].facts == {"N_net": 2, "required": 3}
    assert report["full-rank", "almost everywhere"].verdict is lp.Verdict.REFUTED
    assert "Layers 1, 3 are frozen" in report["no-bad-local-minima"].reason


def test_kinds_of_critical_points_are_those_by_the_trainable_weights():
    """``J = (w² − 1)²/2`` has minima at ±1, and ``w = 0`` is a maximum by the trainable weight alone; by both weights it is a saddle."""
    readout = [([[1]], None), ([[1]], None)]
    report = lp.check_architecture("1-1-1", [[1]], [[1]], activation="power:2", bias="none", frozen=[2], weights=readout, search="none")
    claim = next(claim for claim in report.claims if claim.id == "critical-point")
    assert (claim.facts["kind"], claim.facts["inertia"]["positive"]) == ("global", 1)
    zero = [([[0]], None), ([[1]], None)]
    report = lp.check_architecture("1-1-1", [[1]], [[1]], activation="power:2", bias="none", frozen=[2], weights=zero, search="none")
    claim = next(claim for claim in report.claims if claim.id == "critical-point")
    assert (claim.facts["kind"], claim.facts["loss_lower"]) == ("maximum", Fraction(1, 2))


def test_weight_decay_is_one_of_the_trainable_weights():
    """``J = (w⁶ + (1 + w³)²)/4 + w²/2`` at ``w = 0``, where the readout has no penalty."""
    X, Y = [[1], [-1]], [[0], [1]]
    weights = [([[Fraction(0)]], None), ([[1]], None)]
    report = lp.check_architecture("1-1-1", X, Y, activation="power:3", bias="none", frozen=[2], weights=weights, weight_decay=[1, 0])
    claim = next(claim for claim in report.claims if claim.id == "critical-point")
    assert claim.facts["kind"] == "strict-minimum"
    assert lp.verify(report.certificate.document).ok


@pytest.mark.parametrize("decay", [0, "1/10"])
def test_one_trainable_layer_before_affine_maps_is_a_convex_problem(decay):
    for widths, activation, frozen in (("2-3-1", "tanh", [1]), ("2-2-2-2", ["relu", "identity"], [1, 3]), ("2-3-2", "identity", [2])):
        targets = [[0, 1], [1, 1], [1, 0], [0, 0]] if widths[-1] == "2" else XOR[1]
        report = lp.check_architecture(widths, XOR[0], targets, activation=activation, frozen=frozen, weight_decay=decay, seed=3)
        assert report["no-bad-local-minima"].verdict is lp.Verdict.PROVED
        assert lp.verify(report.certificate.document).ok
    for widths, activation, output, frozen in (
        ("2-3-1", "tanh", "identity", [2]),
        ("2-3-1", "tanh", "sigmoid", [1]),
        ("2-2-2-1", "identity", "identity", [2]),
    ):
        report = lp.check_architecture(
            widths, *XOR, activation=activation, output_activation=output, frozen=frozen, weight_decay=decay, search="none"
        )
        assert report["no-bad-local-minima"].verdict is lp.Verdict.UNDECIDED


def test_a_search_proves_a_bad_minimum_by_the_trainable_weight_alone():
    report = lp.check_architecture(
        "1-1-1", [[1], [2]], [[-1], [1]], activation="power:3", frozen=[2], weight_decay=["1/20", 0], weights=[([[1]], [0]), ([[1]], [0])]
    )
    assert report["no-bad-local-minima"].verdict is lp.Verdict.REFUTED
    assert report.search.minima == 2
    assert lp.verify(report.certificate.document).ok
    assert any(claim.id == "critical-point" and claim.facts.get("kind") == "strict-minimum" for claim in report.claims)


WRONG = {
    "no layer": ({"frozen": [3]}, "whole numbers from 1 to 2 for a 2-4-1 network, got 3"),
    "none left": ({"frozen": [1, 2]}, "at least one layer must be trainable"),
    "a name": ({"frozen": "last"}, "frozen must be a list of layers"),
    "a truth value": ({"frozen": [True]}, "frozen must be a list of layers"),
    "weights of fewer layers": ({"frozen": [2], "weights": WIDE[:1]}, "weights must be a list of 2 pairs"),
    "a mode of biases": ({"bias": "frozen"}, "bias must be one of trainable, fixed, none"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_input_is_told(name):
    options, message = WRONG[name]
    with pytest.raises(lp.InputError, match=message) as caught:
        lp.check_architecture("2-4-1", *XOR, **options)
    assert "\n" not in str(caught.value)


def test_one_layer_may_be_given_alone_and_constants_drawn_from_the_seed():
    first, second = (lp.check_architecture("2-3-1", *XOR, frozen=frozen, seed=4, self_check=False, search="none") for frozen in (2, [2]))
    assert first.problem == second.problem
    assert first.problem.frozen[0] is None


def test_torch_models_with_a_frozen_readout_and_a_frozen_middle():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    model[2].requires_grad_(False)
    problem, weights, _ = problem_of_model(model, X, Y, error="mse", weight_decay=[1, 1, 1])
    assert problem.architecture.frozen == (2,)
    assert problem.frozen[1] == weights.layers[1]
    assert [pair[0] for pair in problem.decay.layers] == [1, 0, 1]
    model[2].requires_grad_(True)
    model[0].requires_grad_(False)
    model[4].requires_grad_(False)
    problem, weights, _ = problem_of_model(model, X, Y, error="mse")
    assert (str(problem.architecture), problem.architecture.frozen) == ("4-3-1", (2,))
    readout = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    readout[2].requires_grad_(False)
    report = lp.check_model(readout, X, Y, error="mse", search="none")
    assert verdicts(report)["full-rank", "at these weights"] == "PROVED"
    assert lp.verify(report.certificate.document).ok


def test_keras_models_with_a_frozen_last_layer(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "jax" if importlib.util.find_spec("jax") else "torch"))
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
    model.layers[1].trainable = False
    problem, _, _ = problem_of_model(model, X, Y, error="mse")
    assert (problem.architecture.frozen, problem.architecture.N_net) == ((2,), 9)


def test_jax_models_with_constant_readouts():
    jax = pytest.importorskip("jax")
    nnx = pytest.importorskip("flax.nnx")

    class Committee(nnx.Module):
        def __init__(self):
            self.first = nnx.Linear(2, 4, rngs=nnx.Rngs(0))

        def __call__(self, x):
            return jax.numpy.tanh(self.first(x)) @ jax.numpy.array([[1.0], [-1.0], [1.0], [-1.0]])

    problem, _, _ = problem_of_model(Committee(), X, Y, error="mse")
    assert problem.architecture.frozen == (2,)
    assert problem.frozen[1].W == ((1,), (-1,), (1,), (-1,))
    assert np.array_equal(problem.frozen[1].b, (0,))


def test_the_command_freezes_layers(tmp_path):
    path = tmp_path / "net.json"
    path.write_text(json.dumps([{"W": [[str(x) for x in row] for row in W], "b": [str(x) for x in b]} for W, b in WIDE]))
    out = tmp_path / "report.json"
    run("check", "2-4-1", "--data", "xor", "--weights", path, "--freeze", "2", "--search", "none", "--quiet", "-o", out)
    document = json.loads(out.read_text())
    assert document["problem"]["bias"] == ["trainable", "frozen"]
    assert document["problem"]["frozen"][1]["W"] == [["1"], ["-1"], ["1"], ["-1"]]
    for wrong in ("last", "2;1", "", "-1", "1.5"):
        assert "--freeze must be numbers of layers" in run("check", "2-4-1", "--data", "xor", f"--freeze={wrong}", code=2)[1]
    assert "whole numbers from 1 to 2" in run("check", "2-4-1", "--data", "xor", "--freeze", "0", code=2)[1]
