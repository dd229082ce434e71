"""Certificates by hand about critical points that are located up to identities of the gradient, or by sums over groups of equal inputs."""

from __future__ import annotations

from fractions import Fraction

import mpmath

from cases.kernel_cases_critical import BOX, RADIUS, classed, counts, family, inertia_ball, inertia_exact, introduced, loss_ball, summary
from cases.kernel_draft import EVERYWHERE, Draft, layer


def balanced(d, parameters, dimension, at=BOX, radius=RADIUS):
    return introduced(d, "stationary-balanced", {"parameters": list(parameters), "following": []}, dimension, at, radius)


def two_targets():
    """1-1-1 tanh, two targets at one of two inputs; the mean and the other target are met."""
    with mpmath.workdps(40):
        v = float(mpmath.mpf(3) / 2 / mpmath.tanh(1)).hex()
    return Draft((1, 1, 1), [["0"], ["0"], ["1"]], [["0"], ["1"], ["2"]], [layer([["1"]], ["0"]), layer([[v]], ["1/2"])])


def balanced_targets():
    """No network does better than the mean of two targets at one input: a global minimum on a surface of them."""
    d = two_targets()
    point, loss = balanced(d, [2, 3], 2), loss_ball(d, "1/20", "1/10")
    best = d.imply("global-balanced", "global", BOX, {"radius": RADIUS}, [point])
    inertia = inertia_ball(d, point, 0, 2, 4, 2)
    summary(d, "global", ("1/20", "1/10"), (0, 2, 2, 0), (0, 3), [point, loss, inertia, best], BOX, RADIUS)
    return d.finish()


def balanced_shares():
    """A softmax layer that meets soft targets: one equation for each of two inputs."""
    with mpmath.workdps(40):
        slope = float(mpmath.log(3)).hex()
    Y = [["1/2", "1/2"], ["1/4", "3/4"]]
    d = Draft((1, 2), [["0"], ["1"]], Y, [layer([["0", slope]], ["0", "0"])], error="softmax")
    point = balanced(d, [2, 3], 2)
    classed(d, "local-minimum", point, inertia_ball(d, point, 0, 2, 4, 2), BOX, RADIUS)
    return d.finish()


def least_squares(w="1", v="7/5", **options):
    """1-1-1 linear without biases; the product 7/5 is the least-squares slope."""
    return Draft(
        (1, 1, 1), [["1"], ["2"]], [["1"], ["3"]], [layer([[w]], ["0"]), layer([[v]], ["0"])], activation="identity", bias="none", **options
    )


SCALED = {"parameters": [1], "implied": [0], "identities": [[[0, "1", [0]], [1, "-1", [1]]]]}
"""``w ∂J/∂w = v ∂J/∂v``."""


def scaled_fit():
    """The minima of a linear network form a hyperbola."""
    d = least_squares()
    point = family(d, 1, **SCALED)
    least = classed(d, "local-minimum", point, inertia_ball(d, point, 0, 1, 2, 1), BOX, RADIUS)
    theorem = d.imply("shallow-linear", "shallow-linear", EVERYWHERE)
    asked = d.imply("by-shallow-linear", "no-bad-local-minima", EVERYWHERE, {}, [theorem])
    d.imply("global-local-minimum", "global", BOX, {"radius": RADIUS}, [least, asked], "BALL")
    return d.finish()


def scaled_fit_itself():
    """The same at the point itself, all exact but what is invertible."""
    d = least_squares()
    point = family(d, 1, at=0, radius="0", **SCALED)
    inertia = inertia_exact(d, counts(0, 1, 1))
    classed(d, "local-minimum", point, inertia)
    return d.finish()


EVEN = {
    "held": [0],
    "ties": [[4, 2, "1"]],
    "parameters": [5],
    "implied": [0, 1, 2, 3, 4],
    "identities": [
        [[0, "1", []]],
        [[1, "1", []]],
        [[2, "1", []], [4, "1", []]],
        [[3, "1", []], [5, "1", []]],
        [[4, "1", [[5, 1]]], [5, "-1", [[4, 1]]]],
    ],
}
"""A unit without incoming weights that moves both logits alike."""


def even_unit(Y=(["1/4", "3/4"], ["1/2", "1/2"], ["3/4", "1/4"])):
    point = [layer([["0"]], ["1/3"]), layer([["2", "2"]], ["0", "0"])]
    return Draft((1, 1, 2), [["0"], ["1"], ["3"]], [list(y) for y in Y], point, error="softmax")


def even_logits():
    """The best constant shares: a saddle, as the unit may tell the samples apart."""
    d = even_unit()
    point = family(d, 3, **EVEN)
    classed(d, "saddle", point, inertia_ball(d, point, 1, 2, 6, 3), BOX, RADIUS)
    return d.finish()


def doubled_inputs():
    """1-1-1 power:2 of two equal inputs: the fit w_1 = w_0/2 of a family in which only the sum of the incoming weights counts."""
    point = [layer([["2"], ["1"]], ["0"]), layer([["1/9"]], ["0"])]
    d = Draft((2, 1, 1), [["1", "1"], ["1", "1"]], [["0"], ["2"]], point, activation="power:2", bias="none")
    symmetries = [[[0, "1", []], [1, "-1", []]]]
    identities = [[[0, "1", []], [1, "-1", []]], [[0, "1", [0]], [1, "1", [1]], [2, "-2", [2]]]]
    evidence = {
        "ties": [[1, 0, "1/2"]],
        "parameters": [2],
        "implied": [0, 1],
        "identities": identities,
        "across": [1],
        "symmetries": symmetries,
    }
    point = family(d, 2, **evidence)
    classed(d, "local-minimum", point, inertia_ball(d, point, 0, 1, 3, 2), BOX, RADIUS)
    return d.finish()


LEVEL = {
    "parameters": [0, 1, 2, 4],
    "implied": [0, 2, 3],
    "identities": [
        [[0, "1", []]],
        [[1, "1", []], [2, "-1", []]],
        [[3, "1", [[1, 2]]], [4, "-1", [[1, 2], [3, 0]]], [1, "-1", [[3, 2]]], [1, "1", [[3, 0]]]],
    ],
    "level": [[1, 0, [0, 1]]],
}
"""A unit level at two of three samples: its weights count by z at the third only, and ``φ − φ(0)`` may be scaled."""
CREST = "0x1.921fb54442d18p+0"


def level_unit(b=CREST, v="-0x1.1671a0c0f69f0p+2", c="0x1.5671a0c0f69f0p+2", activation="sin", **options):
    """2-1-1, the unit level at (0, 0) and (1, 0), where the network meets the mean of the targets; at (0, 1) it meets the target."""
    point = [layer([["0"], ["1"]], [b]), layer([[v]], [c])]
    return Draft((2, 1, 1), [["0", "0"], ["1", "0"], ["0", "1"]], [["0"], ["2"], ["3"]], point, activation=activation, **options)


def crest_of_a_sine():
    """At the crest of the sine the unit cannot tell two samples apart to first order: a saddle, as it does to second order."""
    d = level_unit()
    point = family(d, 1, **LEVEL)
    classed(d, "saddle", point, inertia_ball(d, point, 1, 3, 5, 1), BOX, RADIUS)
    return d.finish()


def bottom_of_a_square():
    """The same at the bottom of a parabola, at the point itself."""
    d = level_unit("0", "2", "1", "power:2")
    point = family(d, 1, at=0, radius="0", **LEVEL)
    classed(d, "saddle", point, inertia_exact(d, counts(1, 1, 3)))
    return d.finish()


SILENT = {
    "held": [0],
    "parameters": [7, 8],
    "implied": [0, 1, 2, 3, 4, 5, 6, 7],
    "identities": [[[0, "1", []]], [[1, "1", []]], *([[k, "1", []], [8, "-1", [[k, 0]]]] for k in range(2, 8))],
    "silent": [[1, 0, [1]]],
}
"""What comes back to the unit of the first layer along two paths cancels; without incoming weights all units are constant."""


def silent_unit(v="-1", c="1", activation="tanh", Y=("0", "2", "1"), **options):
    point = [layer([["0"]], ["0"]), layer([["1", "2"]], ["0", "0"]), layer([["2"], [v]], [c])]
    return Draft((1, 1, 2, 1), [["0"], ["1"], ["3"]], [[y] for y in Y], point, activation=activation, **options)


def two_paths_that_cancel():
    """The mean of the targets is the output, and w counts by ``κ = 1·2 + 2·(-1) = 0`` only: a saddle, as both may change."""
    d = silent_unit()
    point = family(d, 6, **SILENT)
    classed(d, "saddle", point, inertia_ball(d, point, 1, 2, 9, 6), BOX, RADIUS)
    return d.finish()


def two_paths_that_cancel_exactly():
    """The same at the point itself."""
    d = silent_unit()
    point = family(d, 6, at=0, radius="0", **SILENT)
    classed(d, "saddle", point, inertia_exact(d, counts(1, 6, 2)))
    return d.finish()


def silent_logits(**change):
    """The same for softmax: with equal shares, and two units whose effect on the difference of the logits cancels."""
    point = [layer([["0"]], ["0"]), layer([["1", "2"]], ["0", "0"]), layer([["0", "2"], ["1", "0"]], ["0", "0"])]
    d = Draft((1, 1, 2, 2), [["0"], ["1"], ["3"]], [["1/4", "3/4"], ["1/2", "1/2"], ["3/4", "1/4"]], point, error="softmax")
    kept = [2, 3, 4, 5, 6, 7, 8, 9, 10]
    identities = [[[0, "1", []]], [[1, "1", []]], *([[k, "1", []], [11, "-1", [[k, 1]]]] for k in kept)]
    evidence = {"held": [0], "parameters": [7, 11], "implied": [0, 1, *kept], "identities": identities, "silent": [[1, 0, [0]]]}
    return d, {**evidence, **change}


def two_logits_that_cancel():
    d, evidence = silent_logits()
    point = family(d, 9, **evidence)
    classed(d, "saddle", point, inertia_ball(d, point, 1, 2, 12, 9), BOX, RADIUS)
    return d.finish()


EQUAL = {
    "parameters": [0, 1, 8, 9],
    "implied": [0, 2, 3, 4, 5, 6, 7, 8],
    "identities": [
        [[0, "1", []]],
        [[2, "1", []], [1, "-1", []]],
        *([[k, "1", [[1, 2]]], [9, "-1", [[1, 2], [k, 0]]], [1, "-1", [[k, 2]]], [1, "1", [[k, 0]]]] for k in range(3, 9)),
    ],
    "equal": [[1, 0, [0, 1]]],
    "silent": [[1, 0, [0]]],
}
"""A unit with one z at two of three samples, where nothing comes back to it: all rows of P are the same there, and two of them give the others."""


def equal_unit(w=("0", "1/2"), v=("0x1.d78d631d88274p+2", "-0x1.d78d631d88274p+1"), activation="tanh", **options):
    """2-1-2-1: at (0, 0) and (1, 0) the network meets the mean of the targets, and the paths of z = 0 cancel; at (0, 1) it meets the target."""
    point = [layer([[x] for x in w], ["0"]), layer([["1", "2"]], ["0", "0"]), layer([[x] for x in v], ["1"])]
    return Draft((2, 1, 2, 1), [["0", "0"], ["1", "0"], ["0", "1"]], [["0"], ["2"], ["3/2"]], point, activation=activation, **options)


def one_input_at_two_samples():
    """A saddle, as the slope of the network at z = 0 may change, and z at one of the two samples."""
    d = equal_unit()
    point = family(d, 6, **EQUAL)
    classed(d, "saddle", point, inertia_ball(d, point, 1, 3, 10, 6), BOX, RADIUS)
    return d.finish()


ALIKE = {
    "held": [0],
    "parameters": [3],
    "implied": [0, 1, 2],
    "identities": [[[0, "1", []]], [[1, "1", [[3, 0]]], [3, "-1", [[1, 0]]]], [[2, "1", [[3, 0]]], [3, "-1", [[2, 0]]]]],
}
"""Without incoming weights the errors of an even function are orthogonal to the inputs, whatever the output is: ``∂J/∂w = 0``."""


def even_targets(Y=("0", "1", "0"), **options):
    """1-1-1 tanh, a constant network near the best constant output 1/3."""
    with mpmath.workdps(40):
        rest = float(mpmath.mpf(1) / 3 - 2 * mpmath.tanh(1)).hex()
    return Draft((1, 1, 1), [["-1"], ["0"], ["1"]], [[y] for y in Y], [layer([["0"]], ["1"]), layer([["2"]], [rest])], **options)


def errors_that_are_alike():
    """A minimum on a surface of constant networks: ``σ''(1) < 0`` and ``v > 0`` hold the line up against ``0, 1, 0``."""
    d = even_targets()
    point = family(d, 2, radius="1/1048576", **ALIKE)
    classed(d, "local-minimum", point, inertia_ball(d, point, 0, 2, 4, 2, radius="1/1048576"), BOX, "1/1048576")
    return d.finish()


FOLLOWING = {
    "ties": [[4, 2, "-1"], [5, 3, "-1"]],
    "parameters": [0, 1, 2, 3],
    "implied": [4, 5],
    "identities": [[[2, "1", []], [4, "1", []]], [[3, "1", []], [5, "1", []]]],
}
"""Two outputs that add up to 1, as their targets do: so their errors add up to 0."""


def following_outputs(**options):
    """1-1-2 softsign, an exact learner of four samples."""
    point = [layer([["1"]], ["1"]), layer([["1", "-1"]], ["0", "1"])]
    Y = [["1/2", "1/2"], ["2/3", "1/3"], ["3/4", "1/4"], ["-2/3", "5/3"]]
    return Draft((1, 1, 2), [["0"], ["1"], ["2"], ["-3"]], Y, point, activation="softsign", **options)


def outputs_that_add_up():
    d = following_outputs()
    family(d, 0, **FOLLOWING)
    return d.finish()


AND_NOT = {"parameters": [0, 1, 2, 3], "following": [[1, ["-1", "0"]]]}
"""Two outputs that add up to 1, of an exact learner of XOR, at hidden weights alone; the output weights are twice 1 and −1."""


def two_classes_of_xor(**options):
    """2-2-2 softsign on XOR and its complement: ``σ(w·x + b)`` of two units is 1/2 more at (0, 1) and (1, 0) than at the other corners."""
    point = [layer([["3/2", "3/2"], ["3/2", "3/2"]], ["-1/2", "-5/2"]), layer([["1", "-1"], ["-1", "1"]], ["0", "1"])]
    X, Y = [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]], []
    for z in (0, 1, 1, 2):
        y = sum((s * Fraction(3 * z - b, 2) / (1 + abs(Fraction(3 * z - b, 2))) for s, b in ((1, 1), (-1, 5))), Fraction(0))
        Y.append([str(y), str(1 - y)])
    return Draft((2, 2, 2), X, Y, point, activation="softsign", **options)


def following(d, dimension=5, radius=RADIUS, **evidence):
    return introduced(d, "stationary-balanced", {**AND_NOT, **evidence}, dimension, radius=radius)


def targets_that_add_up():
    d = two_classes_of_xor()
    point = following(d)
    d.imply("global-balanced", "global", BOX, {"radius": RADIUS}, [point])
    return d.finish()


FAMILY_CASES = {
    function.__name__: function
    for function in (
        balanced_targets,
        balanced_shares,
        scaled_fit,
        scaled_fit_itself,
        even_logits,
        doubled_inputs,
        crest_of_a_sine,
        one_input_at_two_samples,
        bottom_of_a_square,
        two_paths_that_cancel,
        two_paths_that_cancel_exactly,
        two_logits_that_cancel,
        errors_that_are_alike,
        outputs_that_add_up,
        targets_that_add_up,
    )
}
