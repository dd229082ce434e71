"""Affine logits, separable samples and constant networks: every hypothesis is missed once, and nothing above the bound is accepted."""

from __future__ import annotations

import pytest
from cases.kernel_cases_regions import HALF, NOTHING
from cases.kernel_cases_theorems import region
from cases.kernel_draft import EVERYWHERE, XOR_X, XOR_Y, Draft
from cases.kernel_outcomes import accepted, outcome

RULE, SHARES, CORRECTION = ("evidence", "rule"), ("evidence", "evidence.probabilities"), ("evidence", "evidence.correction")
CLASSES = [["1", "0"], ["1", "0"], ["0", "1"], ["0", "1"]]
SIDES = [["-1"], ["1"], ["-1"], ["1"]]


def logits(probabilities=HALF, correction=NOTHING, loss="69/100", widths=(2, 2, 1), X=XOR_X, Y=XOR_Y, **options):
    d = Draft(widths, X, Y, **{"activation": "leaky-relu:1/2", "error": "logistic", **options})
    region(d, "linear-region", loss, "BALL", probabilities=probabilities, correction=correction, precision=64)
    return d


def classes(probabilities, correction=(("0", "0"), ("0", "0")), loss="2/3"):
    changes = {"widths": (1, 2, 2), "X": SIDES, "Y": CLASSES, "error": "softmax"}
    return logits([list(row) for row in probabilities], [list(row) for row in correction], loss, **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"loss": "7/10"}, ("evidence", "evidence.loss")),
        ({"probabilities": [["1/2"], ["1/2"], ["1/2"], ["3/5"]]}, CORRECTION),
        ({"probabilities": [["1/4"], ["3/4"], ["3/4"], ["1/4"]]}, None),
        ({"probabilities": [["0"], ["1"], ["1"], ["0"]], "loss": "0"}, SHARES),
        ({"probabilities": [["-1/2"], ["3/2"], ["3/2"], ["-1/2"]], "loss": "0"}, SHARES),
        ({"correction": [["1/8"], ["0"], ["0"]]}, CORRECTION),
        ({"correction": [["0"], ["0"]]}, ("schema", "evidence.correction")),
        ({"probabilities": HALF[:3]}, ("schema", "evidence.probabilities")),
        ({"activation": "tanh"}, RULE),
        ({"bias": "none"}, RULE),
        ({"output_activation": "sigmoid"}, RULE),
        ({"widths": (2, 1)}, RULE),
        ({"error": "squared"}, ("schema", "evidence")),
    ],
    ids=str,
)  # fmt: skip
def test_logits_that_miss_something(changes, expected):
    loss = {"loss": "1/2"} if expected is None else {}
    assert outcome(logits(**{**loss, **changes})) == expected if expected else accepted(logits(**{**loss, **changes}))


def test_probabilities_of_classes_add_up():
    assert accepted(classes([["1/2", "1/2"]] * 4))
    assert outcome(classes([["1/2", "1/2"]] * 4, loss="7/10")) == ("evidence", "evidence.loss")
    assert outcome(classes([["3/4", "1/2"], ["1/2", "1/2"], ["1/4", "1/2"], ["1/2", "1/2"]])) == SHARES
    assert outcome(classes([["1/4", "1/2"]] * 4, [["0", "0"], ["1/4", "0"]])) == SHARES


def lifted(direction=(["1"], ["1"], ["-3/2"]), widths=(2, 2, 1), X=XOR_X, Y=(["0"], ["0"], ["0"], ["1"]), **options):
    d = Draft(widths, X, [list(y) for y in Y], **{"error": "logistic", **options})
    d.claim("no-critical-point", "separable-squashing", EVERYWHERE, {}, (), {"direction": [list(row) for row in direction]})
    return d


TWO = [["1", "0"], ["1", "0"], ["1", "0"], ["0", "1"]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"activation": "softsign"}, None),
        ({"activation": "leaky-relu:1/9"}, None),
        ({"activation": "identity"}, None),
        ({"activation": "relu"}, RULE),
        ({"activation": "gelu"}, RULE),
        ({"activation": "sin"}, RULE),
        ({"widths": (2, 2, 2, 1)}, RULE),
        ({"widths": (2, 1)}, RULE),
        ({"error": "squared"}, RULE),
        ({"error": "squared", "output_activation": "sigmoid"}, None),
        ({"error": "squared", "output_activation": "softsign"}, RULE),
        ({"output_activation": "tanh"}, RULE),
        ({"widths": (2, 2, 2), "Y": TWO, "error": "softmax"}, None),
        ({"widths": (2, 2, 2), "Y": TWO[::-1], "error": "softmax"}, ("evidence", "evidence.direction")),
        ({"widths": (2, 2, 2), "Y": [["1", "0"], ["1/2", "1/2"], *TWO[2:]], "error": "softmax"}, RULE),
        ({"widths": (2, 2, 3), "Y": [[*y, "0"] for y in TWO], "error": "softmax"}, RULE),
        ({"widths": (2, 2, 2), "Y": TWO}, RULE),
        ({"Y": (["0"], ["0"], ["1/2"], ["1"])}, RULE),
        ({"Y": (["0"], ["1"], ["1"], ["0"])}, ("evidence", "evidence.direction")),
        ({"direction": (["0"], ["0"], ["0"])}, ("evidence", "evidence.direction")),
        ({"direction": (["-1"], ["-1"], ["3/2"])}, ("evidence", "evidence.direction")),
        ({"direction": (["1"], ["1"])}, ("schema", "evidence.direction")),
        ({"direction": (["1"], ["1"]), "bias": "none", "Y": [["1"]] * 4}, None),
    ],
    ids=str,
)  # fmt: skip
def test_hidden_units_and_separable_samples(changes, expected):
    assert outcome(lifted(**changes)) == expected if expected else accepted(lifted(**changes))


SQUARE_X, SQUARE_Y = [["-2"], ["-1"], ["0"], ["1"], ["2"]], [["4"], ["1"], ["0"], ["1"], ["4"]]


def constant(loss="7/5", output_weights=("1",), widths=(1, 2, 1), X=SQUARE_X, Y=SQUARE_Y, rigor="EXACT", **options):
    d = Draft(widths, X, Y, **{"activation": "tanh", **{k: v for k, v in options.items() if k != "precision"}})
    evidence = {"loss": loss, "output_weights": list(output_weights), **({"precision": 64} if rigor == "BALL" else {})}
    d.claim("minimum-in-region", "constant-region", EVERYWHERE, {"loss_lower": loss}, (), evidence, rigor)
    return d


PLANE = [["-1", "0"], ["1", "0"], ["0", "-1"], ["0", "1"], ["0", "0"]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(({"activation": name}, None) for name in ("sigmoid", "gelu", "elu", "power:3", "mish", "sin")),
        *(({"activation": name}, RULE) for name in ("relu", "leaky-relu:1/2", "hard-tanh", "identity", "power:1")),
        ({"widths": (1, 3, 2, 1)}, None),
        ({"widths": (1, 1)}, RULE),
        ({"bias": "none"}, RULE),
        ({"error": "cauchy:1"}, RULE),
        ({"output_activation": "tanh"}, RULE),
        ({"loss": "141/100"}, ("evidence", "evidence.loss")),
        ({"output_weights": ("0",)}, ("evidence", "evidence.output_weights")),
        ({"output_weights": ("-3",)}, None),
        ({"output_weights": ("1", "1")}, ("schema", "evidence.output_weights")),
        ({"Y": [["4"], ["1"], ["0"], ["1"], ["5"]]}, RULE),
        ({"X": [["-2"], ["-1"], ["0"], ["1"], ["3"]], "loss": "1"}, RULE),
        ({"widths": (2, 2, 1), "X": PLANE, "Y": [["1"], ["1"], ["1"], ["1"], ["0"]], "loss": "2/25"}, None),
        ({"widths": (2, 2, 1), "X": PLANE, "Y": [["1"], ["1"], ["-1"], ["-1"], ["0"]], "loss": "2/5"}, ("evidence", "evidence.output_weights")),
        ({"widths": (2, 2, 1), "X": PLANE[:2] + PLANE[4:], "Y": [["1"], ["1"], ["0"]], "loss": "0"}, ("evidence", "evidence.output_weights")),
        ({"widths": (2, 2, 1), "X": XOR_X, "Y": XOR_Y, "loss": "1/8"}, ("evidence", "evidence.output_weights")),
    ],
    ids=str,
)  # fmt: skip
def test_constant_networks(changes, expected):
    assert outcome(constant(**changes)) == expected if expected else accepted(constant(**changes))


@pytest.mark.parametrize(
    ("error", "Y", "loss", "expected"),
    [
        ("logistic", [["1"], ["0"], ["0"], ["0"], ["1"]], "67/100", None),
        ("logistic", [["1"], ["0"], ["0"], ["0"], ["1"]], "17/25", ("evidence", "evidence.loss")),
        ("softmax", [["1", "0"], ["0", "1"], ["0", "1"], ["0", "1"], ["1", "0"]], "67/100", None),
        ("softmax", [["1", "0"]] * 5, "0", ("evidence", "evidence.output_weights")),
    ],
)
def test_constant_probabilities(error, Y, loss, expected):
    d = constant(loss, ("1",) * len(Y[0]) if error == "logistic" else ("1", "0"), (1, 3, len(Y[0])), Y=Y, rigor="BALL", error=error)
    assert outcome(d) == expected if expected else accepted(d)
