"""Certificates made by hand about losses with weight decay."""

from __future__ import annotations

import mpmath

from cases.kernel_cases_cells import least
from cases.kernel_cases_critical import (
    BOX,
    RADIUS,
    STEP_X,
    STEP_X_TEXT,
    STEP_Y,
    STEP_Y_TEXT,
    boxed,
    classed,
    counts,
    descent,
    exact,
    family,
    inertia_ball,
    inertia_exact,
    loss_ball,
    loss_exact,
    newton,
    summary,
    tanh_gradient,
)
from cases.kernel_cases_curvature import REACH, in_a_ball, signs
from cases.kernel_cases_kinks import falls
from cases.kernel_cases_kinks import least as on_a_kink
from cases.kernel_cases_theorems import beaten
from cases.kernel_draft import EVERYWHERE, Draft, layer


def ridge():
    """A line through (0, 1), (1, 2), (2, 6) whose slope decays with the rate 1/3; and the line of least squares, which is not critical."""
    points = [layer([["5/3"]], ["4/3"])], [layer([["5/2"]], ["1/2"])]
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["1"], ["2"], ["6"]], *points, decay=[["1/3", "0"]])
    point = exact(d)
    loss_exact(d, "17/18")
    classed(d, "strict-minimum", point, inertia_exact(d, counts(0, 0, 2)))
    d.imply("global-convex", "global", 0, {"radius": "0"}, [point])
    d.imply("convex", "no-bad-local-minima", EVERYWHERE)
    d.claim("stationary-apart", "stationary", 1, {}, (), {"parameter": 0, "precision": 64}, "BALL", "REFUTED")
    return d.finish()


def decayed_minimum():
    """A strict minimum of a 1-1-1 tanh network whose weights decay with the rate 1/50, and its biases with 1/100, in a ball and in a box."""
    gradient, T = tanh_gradient(STEP_X, STEP_Y), len(STEP_X)

    def with_decay(*weights):
        return [g + mpmath.mpf(T) / rate * x for g, x, rate in zip(gradient(*weights), weights, (50, 100, 50, 100), strict=True)]

    w, b, v, c = newton(with_decay, (1.3, 0.15, 0.88, -0.02))
    d = Draft((1, 1, 1), STEP_X_TEXT, STEP_Y_TEXT, [layer([[w]], [b]), layer([[v]], [c])], decay=[["1/50", "1/100"]] * 2)
    point = in_a_ball(d)
    classed(d, "strict-minimum", point, signs(d, point, 0, 4), BOX, REACH)
    point = boxed(d, at="W*2")
    loss_ball(d, "1/100", "1/10", "W*2")
    classed(d, "strict-minimum", point, inertia_ball(d, point, 0, 4, 4, at="W*2"), "W*2", RADIUS)
    return d.finish()


def decayed_logits():
    """Softmax over four overlapping samples, with weights that decay and biases that do not: a minimum up to a common summand of the latter."""
    data = list(zip((-2, -1, 1, 2), (0, 1, 0, 1), strict=True))

    def gradient(w, b):
        residuals = [(1 / (1 + mpmath.exp(-2 * w * x - b)) - y, x) for x, y in data]
        return [sum(r * x for r, x in residuals) + w * len(data) / mpmath.mpf(10), sum(r for r, _ in residuals)]

    w, b = newton(gradient, (0.2, 0))
    samples = [[str(x)] for x, _ in data], [[str(1 - y), str(y)] for _, y in data]
    opposite = w.removeprefix("-") if w.startswith("-") else f"-{w}"
    d = Draft((1, 2), *samples, [layer([[opposite, w]], ["0", b])], error="softmax", decay=[["1/10", "0"]])
    point = in_a_ball(d, fixed=[1])
    classed(d, "local-minimum", point, signs(d, point, 0, 3, [1]), BOX, REACH)
    return d.finish()


def decayed_descent():
    """``J = (uvw − 5)²/2 + w²/2`` at 0, where the Hessian is diag(1, 0, 0): along ``w = 5t²``, ``u = v = t`` it changes by ``−25/2 t⁴ + …``."""
    rates = [["1", "0"], ["0", "0"], ["0", "0"]]
    d = Draft((1, 1, 1, 1), [["1"]], [["5"]], [layer([["0"]], ["0"])] * 3, activation="identity", bias="none", decay=rates)
    point, loss, inertia = exact(d), loss_exact(d, "25/2"), inertia_exact(d, counts(0, 2, 1))
    found = descent(d, [point], [[1, ["0", "1", "1"]], [2, ["5", "0", "0"]]], 4, "-25/2", "EXACT")
    summary(d, "higher-order-descent", ("25/2", "25/2"), (0, 2, 1, 0), (0, 1), [point, loss, inertia, found])
    return d.finish()


TURNED = {"parameters": [0, 2, 3], "implied": [1], "identities": [[[0, "1", [1]], [1, "-1", [0]], [2, "1", [3]], [3, "-1", [2]]]]}
"""``w_1 ∂J/∂w_0 − w_0 ∂J/∂w_1 + v_1 ∂J/∂v_0 − v_0 ∂J/∂v_1 = 0``: the two units of a 1-2-1 linear network may be rotated."""


def turned_fit():
    """``J = (v·w − 5)²/2 + (|v|² + |w|²)/2``: its minima ``v = w`` with ``|w| = 2`` are a circle."""
    d = Draft((1, 2, 1), [["1"]], [["5"]], [layer([["2", "0"]], ["0", "0"]), layer([["2"], ["0"]], ["0"])], activation="identity", bias="none",
              decay=[["1", "0"]] * 2)  # fmt: skip
    point = family(d, 1, at=0, radius="0", **TURNED)
    loss_exact(d, "9/2")
    classed(d, "local-minimum", point, inertia_exact(d, counts(0, 1, 3)))
    d.upper("rank-family", "P", 3, 0, [point])
    return d.finish()


SLOPE = [["-1"], ["0"], ["1"]], [["-2"], ["0"], ["2"]]
"""A line of slope 2."""


def silent_units():
    """Units of the slope ``σ'(4) < 1/700`` gain at most ``4/700`` of ``|v||w|``, less than the decay of both takes; the line costs about 1/50."""
    d = Draft((1, 1, 1), *SLOPE, [layer([["1/4"]], ["0"]), layer([["8"]], ["0"])], decay=[["1/100", "0"]] * 2)
    return beaten(d, "constant-region", "4/3", "1/2", "BALL", hidden_bias="4", precision=64)


def deep_zeros():
    """Three layers of relu units at their kinks: what the errors gain is of third order, but for the bias of the mean, 1/2."""
    X, Y = [["0"], ["1"]], [["0"], ["1"]]
    d = Draft((1, 1, 1, 1), X, Y, [layer([["1"]], ["0"])] * 3, activation="relu", decay=[["1/100", "1/100"]] * 3)
    return beaten(d, "constant-region", "1/8", "1/16", "BALL", hidden_bias="0", precision=64)


def zeros_without_biases():
    """Logits 0, of two layers without biases, against a strong decay."""
    d = Draft((1, 2, 1), [["-1"], ["1"]], [["0"], ["1"]], error="logistic", bias="none", decay=[["1", "0"], ["1/2", "0"]])
    evidence = {"loss": "69/100", "hidden_bias": "0", "precision": 64}
    d.claim("minimum-in-region", "constant-region", EVERYWHERE, {"loss_lower": "69/100"}, (), evidence, "BALL")
    return d.finish()


def decayed_lines():
    """Leaky units on one side fit a line to the hat; on both sides they do better."""
    X, Y = [["0"], ["1"], ["2"]], [["0"], ["1"], ["0"]]
    d = Draft(
        (1, 2, 1),
        X,
        Y,
        [layer([["1", "2"]], ["0", "-2"]), layer([["1"], ["-1"]], ["0"])],
        activation="leaky-relu:1/8",
        decay=[["1/1000", "0"]] * 2,
    )
    return beaten(d, "linear-region", "1/9", "1/10", map=[["0"], ["1/3"]])


TURNED_UNITS = [layer([["6/5", "8/5"]], ["0", "0"]), layer([["6/5"], ["8/5"]], ["0"])]
IDLE = [layer([["0"]], ["1"]), layer([["0"]], ["0"])]


def decayed_cell(*points, widths=(1, 2, 1), X=(["1"],), Y=(["5"],), decay="1", **options):
    """The minimum of `turned_fit` with relu units, in its cell."""
    rates = [[decay, "0"]] * 2 if isinstance(decay, str) else decay
    options = {"activation": "relu", "bias": "none", **options}
    d = Draft(widths, list(X), list(Y), *(points or [TURNED_UNITS]), decay=rates, **options)
    least(d, exact(d, 0, (), [] if options["activation"] in ("identity", "power:1") else [d.differentiable()]))
    return d


def idle_cell(decay="101/100", **options):
    """A unit of the slope 1 without weights: ``Σ x_i ε_i = −3`` over three samples."""
    return decayed_cell(IDLE, widths=(1, 1, 1), X=SLOPE[0], Y=[["-2"], ["1"], ["1"]], decay=decay, **{"bias": "trainable", **options})


def cell_of_two_outputs():
    """``XᵀE = −2`` over two samples, with ``A = 4``."""
    point = [layer([["2", "0"], ["0", "2"]], ["0", "0"]), layer([["2", "0"], ["0", "2"]], ["0", "0"])]
    return decayed_cell(point, widths=(2, 2, 2), X=[["2", "1"], ["1", "2"]], Y=[["28/3", "10/3"], ["10/3", "28/3"]]).finish()


def decayed_dead_layer():
    """Both units silent by biases that do not decay, and the mean of the targets."""
    d = Draft(
        (1, 2, 1), *SLOPE, [layer([["0", "0"]], ["-1", "-2"]), layer([["0"], ["0"]], ["0"])], activation="relu", decay=[["1/100", "0"]] * 2
    )
    d.claim(
        "dead-layer", "local-minimum", 0, {"radius": "0"}, [exact(d, 0, (), [d.differentiable()])], {"layer": 1, "precision": 64}, "BALL"
    )
    return d.finish()


STEPS = [["-1"], ["0"], ["1"], ["2"]]
ON_A_KINK = [layer([["1"]], ["0"]), layer([["1"]], ["0"])]


def decayed_hinge(
    multipliers=(["1/2"],), decay=(("1/4", "1/9"), ("1/4", "1/7")), Y=("1", "-2", "2", "2"), point=ON_A_KINK, widths=(1, 1, 1), **options
):
    """A unit bends at the sample 0, where the output is 2 too large; ``Σ x_i ε_i`` over those above is −1 = −Tλ."""
    rates, targets = [list(pair) for pair in decay], [y if isinstance(y, list) else [y] for y in Y]
    d = Draft(widths, STEPS, targets, point, **{"activation": "relu", "decay": rates, **options})
    on_a_kink(d, [list(row) for row in multipliers])
    return d


def decayed_fall():
    """With a larger rate of w than ``J`` allows it falls as w does."""
    d = Draft((1, 1, 1), STEPS, [["1"], ["-2"], ["2"], ["2"]], ON_A_KINK, activation="relu", decay=[["1/3", "0"], ["1/4", "0"]])
    falls(d, ["-1", "0", "0", "0"])
    return d.finish()


DECAY_CASES = {
    "decayed_hinge": lambda: decayed_hinge().finish(), "decayed_fall": decayed_fall,
    "turned_cell": lambda: decayed_cell().finish(), "idle_cell": lambda: idle_cell().finish(), "cell_of_two_outputs": cell_of_two_outputs,
    "decayed_dead_layer": decayed_dead_layer,
    "ridge": ridge, "decayed_minimum": decayed_minimum, "decayed_logits": decayed_logits, "decayed_descent": decayed_descent, "turned_fit": turned_fit,
    "silent_units": silent_units, "deep_zeros": deep_zeros, "zeros_without_biases": zeros_without_biases, "decayed_lines": decayed_lines,
}  # fmt: skip
