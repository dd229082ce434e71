"""Certificates made by hand about weights at which hidden units are on kinks of their activation."""

from __future__ import annotations

from cases.kernel_cases_critical import exact, loss_exact, suboptimal, summary
from cases.kernel_draft import EVERYWHERE, Draft, layer

STEP_X, STEP_Y = [["-1"], ["0"], ["1"], ["2"]], [["1"], ["-2"], ["5"], ["5"]]
HINGE = [layer([["1", "0"]], ["0", "-1"]), layer([["3"], ["0"]], ["0"])]
"""Unit 0 bends at the sample 0, where the output is 2 too large; unit 1 is dead."""
TWO_HINGES = [layer([["1", "1"]], ["0", "-1"]), layer([["11/2"], ["-11/2"]], ["-1/2"])]
LOG3 = ["0", [[["log", "3"], "1"]]]


def least(d, multipliers, at=0, rigor="EXACT"):
    """The claim that weights are a local minimum, with the multipliers of all kinks."""
    return d.claim("kinks", "local-minimum", at, {"radius": "0"}, (), {"multipliers": multipliers}, rigor)


def falls(d, direction, at=0, rigor="EXACT", coefficient="-1/1000000000"):
    """The claim that weights are not critical, with a direction of descent."""
    return d.claim("descent", "stationary", at, {}, (), ahead(direction, 1, coefficient), rigor, "REFUTED")


def ahead(direction, order, coefficient):
    """The evidence of a straight line."""
    return {"curve": [[1, list(direction)]], "order": order, "coefficient": coefficient}


def bent(*points, X=STEP_X, Y=STEP_Y, activation="relu", widths=(1, 2, 1), **options):
    """Four samples on a line, the second of which is below the others."""
    return Draft(widths, X, Y, *(points or [HINGE]), activation=activation, **options)


def bad_on_a_kink():
    """A hinge at a sample is a local minimum, and two hinges fit better."""
    d = bent(HINGE, TWO_HINGES)
    found, loss = least(d, [["1/2"], []]), loss_exact(d, "5/4")
    summary(d, "local-minimum", ("5/4", "5/4"), (0, 0, 0, 7), (0, 4), [found, loss])
    bad = suboptimal(d, "suboptimal-local", [found, loss, loss_exact(d, "9/16", 1)], "5/4", "9/16")
    d.imply("suboptimal", "no-bad-local-minima", EVERYWHERE, {}, [bad], verdict="REFUTED")
    return d.finish()


def saturated_on_both_sides():
    """hard-tanh on both its kinks: at the lower one the output must be too large, at the upper one, where the slope falls, too small."""
    X, Y = [["-2"], ["-1"], ["1"], ["1"], ["2"]], [["-1/2"], ["-3/2"], ["5/4"], ["5/4"], ["1/2"]]
    d = bent([layer([["1"]], ["0"]), layer([["1"]], ["0"])], X=X, Y=Y, activation="hard-tanh", widths=(1, 1, 1))
    least(d, [["0", "0"]])
    return d.finish()


def irrational_on_a_kink():
    """A logistic error: the output weight log 3 gives the probabilities 1/2, 1/2 and 3/4, and its sign is seen in balls."""
    X, Y = [["-1"], ["0"], ["1"]], [["3/4"], ["1/4"], ["3/4"]]
    d = bent([layer([["1"]], ["0"]), layer([[LOG3]], ["0"])], X=X, Y=Y, widths=(1, 1, 1), error="logistic")
    least(d, [["0"]], rigor="BALL")
    return d.finish()


def two_outputs_on_a_kink():
    """Without biases every unit is on its kink at the input 0, and stays there: that is no condition. Two equal inputs pull in opposite directions."""
    point = [layer([["1", "-1"]], ["0", "0"]), layer([["1", "2"], ["3", "0"]], ["0", "0"])]
    X, Y = [["1"], ["1"], ["-1"], ["0"]], [["0", "1"], ["2", "3"], ["3", "0"], ["7", "-7"]]
    d = bent(point, X=X, Y=Y, widths=(1, 2, 2), bias="none")
    least(d, [[], []])
    return d.finish()


def falls_from_a_kink():
    """The same hinge where the output at the kink is too small, so that moving it to the left helps."""
    d = bent(Y=[["-1"], ["2"], ["5"], ["5"]])
    falls(d, ["0", "1", "0", "0", "0", "0", "0"])
    return d.finish()


def falls_in_two_layers():
    """Two hidden layers, whose units are on their kinks at the same sample."""
    d = Draft(
        (1, 1, 1, 1),
        [["-1"], ["0"], ["1"]],
        [["0"], ["1"], ["2"]],
        [layer([["1"]], ["0"]), *[layer([["1"]], ["0"])] * 2],
        activation="relu",
    )
    falls(d, ["0", "1", "0", "0", "0", "0"])
    return d.finish()


ZEROS = [layer([["0"]], ["0"]), layer([["0"]], ["0"])]


def blind(point=ZEROS, activation="softsign", X=("1", "2"), Y=("1", "3"), **options):
    """1-1-1 without biases on two samples of one side; with all weights 0 there is a gradient, and no Hessian."""
    return Draft((1, 1, 1), [[x] for x in X], [[y] for y in Y], point, activation=activation, **{"bias": "none", **options})


def falls_ahead(d, direction=("1", "1"), coefficient="-7/2", fixed=(), at=0, rigor="EXACT"):
    """The claim that the loss falls along a direction like ``c t²``: here ``J(t, t) − J(0) = −(1/2) (1·1 + 2·3) t² + …``."""
    point = exact(d, at, fixed)
    facts = {"order": 2, "coefficient": coefficient, "radius": "0"}
    return d.claim("descent", "higher-order-descent", at, facts, [point], ahead(direction, 2, coefficient), rigor)


def falls_on_one_side():
    """Softsign at 0, where its second derivative jumps."""
    d = blind()
    falls_ahead(d)
    return d.finish()


IDLE = [layer([["0"]], ["0"]), layer([["1"]], ["0"])]
"""The gradient at ``w = 0`` is ``−Σ x y/T = 0``, and of second order are ``(Σ x²/2 ± Σ x² y)/T``, for w > 0 and w < 0: 45/4 and −35/4."""


def falls_by_the_bend():
    """Without the bend of softsign at 0 the loss would rise like ``w²``; with it it falls on one side, and rises on the other."""
    d = blind(IDLE, X=("1", "2"), Y=("-20", "10"))
    falls_ahead(d, ("-1", "0"), "-35/4")
    return d.finish()


KINK_CASES = {
    make.__name__: make
    for make in (
        bad_on_a_kink,
        saturated_on_both_sides,
        irrational_on_a_kink,
        two_outputs_on_a_kink,
        falls_from_a_kink,
        falls_in_two_layers,
        falls_on_one_side,
        falls_by_the_bend,
    )
}
