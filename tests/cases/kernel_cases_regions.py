"""Certificates made by hand of affine logits, of samples that are separable, and of constant networks around which the loss curves upwards."""

from __future__ import annotations

from cases.kernel_cases_theorems import ASKED, beaten, region
from cases.kernel_draft import EVERYWHERE, XOR_X, XOR_Y, Draft, layer

HALF = [["1/2"]] * 4
NOTHING = [["0"]] * 3
CORNERS = [layer([["8", "8"], ["8", "8"]], ["-4", "-12"]), layer([["8"], ["-32"]], ["-12"])]
"""For relu: the logits −12, 20, 20, −44 at the corners of the square of XOR."""


def logits_of_xor():
    """The best affine logits are 0, and the corners are told apart by others."""
    d = Draft((2, 2, 1), XOR_X, XOR_Y, CORNERS, activation="relu", error="logistic")
    return beaten(d, "linear-region", "69/100", "1/2", "BALL", probabilities=HALF, correction=NOTHING, precision=64)


def logits_of_classes():
    """The probabilities of two classes, one of three samples out of place, as a correction makes them."""
    X, Y = [["-1"], ["1"], ["-1"], ["1"]], [["1", "0"], ["1", "0"], ["0", "1"], ["0", "1"]]
    P = [["3/5", "2/5"], ["2/5", "3/5"], ["3/5", "2/5"], ["2/5", "3/5"]]
    d = Draft((1, 2, 2), X, Y, activation="elu", error="softmax")
    region(d, "linear-region", "2/3", "BALL", probabilities=P, correction=[["1/10", "-1/10"], ["0", "0"]], precision=64)
    return d.finish()


def lifted(widths, X, Y, direction, **options):
    """Samples that are separable leave no local minimum."""
    d = Draft(widths, X, Y, **options)
    none = d.claim("no-critical-point", "separable-squashing", EVERYWHERE, {}, (), {"direction": direction})
    d.imply("by-separable-squashing", ASKED, EVERYWHERE, {}, [none])
    return d.finish()


def separable_bits():
    return lifted((2, 2, 1), XOR_X, [["0"], ["0"], ["0"], ["1"]], [["1"], ["1"], ["-3/2"]], error="logistic")


def separable_classes_with_a_tie():
    """Two samples lie on the separating line, one of each class."""
    Y = [["1", "0"], ["0", "1"], ["1", "0"], ["0", "1"]]
    return lifted((1, 3, 2), [["0"], ["0"], ["-1"], ["2"]], Y, [["1"], ["0"]], error="softmax", activation="leaky-relu:1/2")


def separable_targets_of_a_bounded_output():
    X, Y = [["-1"], ["1"], ["2"]], [["-1"], ["1"], ["3/2"]]
    return lifted((1, 2, 1), X, Y, [["1"]], activation="elu", output_activation="tanh", error="cauchy:1", bias="none")


def constants_below_a_square():
    """The squares are learned by a square; the mean of the targets is a local minimum."""
    X, Y = [["-2"], ["-1"], ["0"], ["1"], ["2"]], [["4"], ["1"], ["0"], ["1"], ["4"]]
    d = Draft((1, 1, 1), X, Y, [layer([["1"]], ["0"]), layer([["1"]], ["0"])], activation="power:2")
    minimum = d.claim(
        "minimum-in-region", "constant-region", EVERYWHERE, {"loss_lower": "7/5"}, (), {"loss": "7/5", "output_weights": ["1"]}
    )
    learner = d.exact_loss("0", 0)
    d.imply("constant-region", ASKED, EVERYWHERE, {}, [minimum, learner], verdict="REFUTED")
    return d.finish()


def constants_within_a_ring():
    """Probabilities that are larger in the middle of a square, for two outputs of two hidden layers; the second sees nothing."""
    X = [[a, b] for a in ("-1", "0", "1") for b in ("-1", "0", "1")]
    Y = [["1" if x == ["0", "0"] else "0", "1/2"] for x in X]
    d = Draft((2, 2, 2, 2), X, Y, error="logistic", activation="softplus")
    evidence = {"loss": "1", "precision": 64, "output_weights": ["-2", "5"]}
    d.claim("minimum-in-region", "constant-region", EVERYWHERE, {"loss_lower": "1"}, (), evidence, "BALL")
    return d.finish()


REGION_CASES = {
    function.__name__: function
    for function in (
        logits_of_xor, logits_of_classes, separable_bits, separable_classes_with_a_tie, separable_targets_of_a_bounded_output, constants_below_a_square,
        constants_within_a_ring,
    )
}  # fmt: skip
