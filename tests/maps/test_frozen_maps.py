"""Maps, training and curves of descent where some layers are frozen: all of it is about the trainable weights alone."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from cases.command_cases import run

import lossproof as lp
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
SIGNS = [([[1, -1, 2], [1, 2, -1]], [0, 1, 0]), ([[1], [-1], [1]], [0])]


def of_one_weight(activation, X, Y, W=(1, 1), **options):
    """A map of ``v σ(w x)`` with v frozen."""
    chain = [[([[w]], None) for w in W]]
    found = lp.find_critical_points(
        "1-1-1", X, Y, activation=activation, bias="none", frozen=[2], weights=chain, starts=24, workers=1, **options
    )
    assert lp.verify(found.report.certificate.document).ok
    return found


def test_points_are_critical_by_the_trainable_weight_alone():
    """``J = (w² − 1)²/2``: minima at ±1, one up to the sign, and a maximum at 0, which is a saddle by both weights."""
    found = of_one_weight("power:2", [[1]], [[1]])
    assert [(point.kind, point.inertia["positive"], point.inertia["negative"]) for point in found] == [("global", 1, 0), ("maximum", 0, 1)]
    assert all(point.weights.layers[1] == found.report.problem.frozen[1] for point in found)


def test_curves_of_descent_of_the_trainable_weight():
    """``J = (w³ − 1)²/2`` has the Hessian 0 at 0, where it falls by the third order."""
    found = of_one_weight("power:3", [[1]], [[1]])
    assert {point.kind for point in found} == {"global", "higher-order-descent"}
    steps = found.report.certificate.document["steps"]
    found_curves = [step["evidence"] for step in steps if step["rule"] == "descent"]
    assert {"curve": [[1, ["1"]]], "order": 3, "coefficient": "-1/2"} in found_curves


def test_a_cell_of_a_fixed_readout_holds_minima_that_are_bad():
    found = lp.find_critical_points("2-3-1", *XOR, activation="relu", frozen=[2], weights=[SIGNS], starts=16, workers=1)
    assert found.conclusion.verdict is lp.Verdict.REFUTED
    assert {point.kind for point in found} <= {"local-minimum", "global"}
    assert lp.verify(found.report.certificate.document).ok
    landscape = FloatLandscape(found.report.problem)
    for point in found:
        flat = flat_weights(found.report.problem, point.weights)
        around = flat + np.random.default_rng(0).uniform(-1e-4, 1e-4, size=(200, len(flat)))
        assert np.all(landscape.loss(around) >= landscape.loss(flat[None]) - 1e-12)


def test_constants_come_from_the_starting_points_which_agree_or_from_the_seed():
    drawn = [lp.find_critical_points("2-2-1", *XOR, activation="power:2", frozen=2, starts=4, workers=1, seed=seed) for seed in (0, 0, 1)]
    assert drawn[0].report.problem == drawn[1].report.problem != drawn[2].report.problem
    other = [SIGNS[0], ([[1], [-1], [2]], [0])]
    with pytest.raises(lp.InputError, match="must have the frozen layers of weights"):
        lp.find_critical_points("2-3-1", *XOR, frozen=[2], weights=[SIGNS, other], starts=0)
    given = lp.find_critical_points("2-3-1", *XOR, activation="power:2", frozen=[2], weights=[SIGNS, SIGNS], starts=0)
    assert given.report.problem.frozen[1].W == ((1,), (-1,), (1,))
    assert len(given.given) == 2


@pytest.mark.parametrize("activation", ["tanh", "power:2"])
def test_complete_maps_do_not_cover_frozen_layers(activation):
    with pytest.raises(lp.InputError, match="as frozen layers are not covered"):
        lp.find_critical_points("1-1-1", [[0], [1]], [[0], [1]], activation=activation, frozen=[2], weight_decay=["1/10", 0], complete=True)


@pytest.mark.parametrize("method", ["ggn", "lm", "newton", "bp", "lbfgs"])
@pytest.mark.parametrize(("widths", "frozen"), [
    ("2-3-2-1", [1]), ("2-3-2-1", [2]), ("2-3-2-1", [1, 3]), ("2-2-1", [1]), ("2-1-2-1", [2, 3]), ("2-1-2-1", [1, 2]), ("2-1-2-2", [2]),
], ids=str)  # fmt: skip
def test_training_leaves_frozen_layers_as_they_are(method, widths, frozen):
    """Also where there are fewer trainable weights than outputs at samples."""
    targets = [[0, 1], [1, 0], [1, 1], [0, 0]] if widths[-1] == "2" else XOR[1]
    found = lp.train(widths, XOR[0], targets, frozen=frozen, seed=1, method=method, max_iterations=60)
    start = lp.train(widths, XOR[0], targets, frozen=frozen, seed=1, method=method, max_iterations=0)
    for l in range(1, len(start.weights.layers) + 1):
        assert (found.weights.layers[l - 1] == start.weights.layers[l - 1]) is (l in frozen)
    assert found.loss < start.loss


def test_training_at_many_digits_leaves_them_as_well():
    """``v σ(w x)`` with v frozen at 1/2 and the target 1: ``w² = 2``; and the best constants behind frozen features."""
    ends = [
        lp.train("2-2-1", *XOR, frozen=[1], seed=1, method=method, **digits) for method, digits in (("lm", {}), ("ggn", {"precision": 30}))
    ]
    assert ends[0].weights.layers[0] == ends[1].weights.layers[0]
    assert abs(float(ends[0].loss) - float(ends[1].loss)) < 1e-12
    start = [([[1]], None), ([["1/2"]], None)]
    found = lp.train("1-1-1", [[1]], [[1]], activation="power:2", bias="none", frozen=[2], weights=start, precision=40)
    assert ((Fraction(1, 2),),) == found.weights.layers[1].W
    assert abs(float(found.weights.layers[0].W[0][0]) - 2**0.5) < 1e-15


def test_a_trained_network_is_judged_by_its_trainable_weights():
    """Two units in front of a fixed readout, with decay: the end of training is a strict minimum of the 6 weights."""
    options = {"weight_decay": ["1/50", 0], "frozen": [2]}
    trained = lp.train("2-3-1", *XOR, weights=SIGNS, method="newton", **options)
    report = lp.check_architecture("2-3-1", *XOR, weights=trained.weights, search="none", **options)
    claim = next(claim for claim in report.claims if claim.id == "critical-point" and claim.verdict is lp.Verdict.PROVED)
    assert (claim.facts["kind"], claim.facts["inertia"]["positive"]) == ("strict-minimum", 9)
    assert lp.verify(report.certificate.document).ok


def test_the_commands_freeze_layers(tmp_path):
    weights, certificate, ends = tmp_path / "net.json", tmp_path / "map.json", tmp_path / "ends.json"
    weights.write_text(json.dumps([{"W": [[str(x) for x in row] for row in W], "b": [str(x) for x in b]} for W, b in SIGNS]))
    run(
        "map",
        "2-3-1",
        "--data",
        "xor",
        "--activation",
        "power:2",
        "--weights",
        weights,
        "--freeze",
        "2",
        "--starts",
        "4",
        "--quiet",
        "-o",
        certificate,
    )
    problem = json.loads(certificate.read_text())["problem"]
    assert problem["bias"] == ["trainable", "frozen"]
    assert problem["frozen"][1]["W"] == [["1"], ["-1"], ["1"]]
    run("train", "2-3-1", "--data", "xor", "--weights", weights, "--freeze", "2", "--max-iterations", "5", "--quiet", "-o", ends)
    assert [Fraction(row[0]) for row in json.loads(ends.read_text())[1]["W"]] == [1, -1, 1]
    for command in ("map", "train"):
        assert "--freeze must be numbers of layers" in run(command, "2-3-1", "--data", "xor", "--freeze=last", code=2)[1]
