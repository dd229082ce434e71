"""Certificates made by hand about best fits of a bounded rank, most of them with equal singular values inside and outside."""

from __future__ import annotations

from cases.kernel_draft import Draft, layer

UNIT = [["1", "0"], ["0", "1"]]
TURNED = [layer([["3/5"], ["4/5"]], ["0"]), layer([["3/5", "4/5"]], ["0", "0"])]
REST = [["-16/25", "12/25"], ["12/25", "-9/25"]]
"""The identity matrix of size 2 from one unit, by the projection on (3, 4), and the projection on (−4, 3) that is left."""


def square(point=TURNED, X=UNIT, Y=UNIT, widths=(2, 1, 2), **options):
    return Draft(widths, X, Y, point, **{"activation": "identity", "bias": "none", **options})


def fitted(d, units=(0,), offsets=(), rest=REST, level="1", statement="global"):
    """The claim that the outputs are a best fit of their rank."""
    evidence = {"units": list(units), "offsets": list(offsets), "rest": list(rest), "between": level}
    return d.claim("eckart-young", statement, 0, {"radius": "0"}, (), evidence)


def turned_square():
    """Both singular values are 1, and one unit may take any direction."""
    d = square()
    fitted(d)
    return d.finish()


CORNERS = [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]]
DEEP = [layer([["3/5"], ["4/5"]], ["0"]), layer([["1"]], ["0"]), layer([["3/5", "4/5"]], ["2/25", "-3/50"])]
DEEP_REST = [["2/25", "-3/50"], ["14/25", "-21/50"], ["-14/25", "21/50"], ["-2/25", "3/50"]]


def deep_corners():
    """The corners of the unit square from one unit in each of two layers, with biases: what is left of the mean counts."""
    d = square(DEEP, CORNERS, CORNERS, (2, 1, 1, 2), bias="trainable")
    fitted(d, offsets=[["-1/2", "-1/2"]], rest=DEEP_REST)
    return d.finish()


BESIDE_X, BESIDE_Y = [*UNIT, ["-1", "-1"]], [*UNIT, ["1", "2"]]
BESIDE = [layer([["3/5", "-1"], ["4/5", "-1"]], ["0", "0"]), layer([["3/5", "4/5"], ["1/2", "1"]], ["0", "0"])]
BESIDE_OFFSETS = [["1", "2"], ["0", "0"], ["0", "0"], ["0", "0"]]
BESIDE_REST = [*REST, ["0", "0"]]


def beside(point=BESIDE, **options):
    return square(point, BESIDE_X, BESIDE_Y, (2, 2, 2), **{"activation": "relu", **options})


def beside_another_unit():
    """One relu unit of two samples, and one that fits the third by itself."""
    d = beside()
    fitted(d, offsets=BESIDE_OFFSETS, rest=BESIDE_REST, statement="local-minimum")
    return d.finish()


FIXED = [layer([["3/5"], ["4/5"]], ["1"]), layer([["3/5", "4/5"]], ["2", "3"])]


def fixed_biases():
    """Fixed biases of both layers: that of the hidden layer adds one column to C, the other none."""
    X, Y = [["1", "0"], ["-1", "0"], ["0", "1"], ["0", "-1"]], [["18/5", "19/5"], ["8/5", "19/5"], ["13/5", "24/5"], ["13/5", "14/5"]]
    rest = [["-16/25", "12/25"], ["16/25", "-12/25"], ["12/25", "-9/25"], ["-12/25", "9/25"]]
    d = square(FIXED, X, Y, activation="relu", bias="fixed", fixed_bias=[["1"], ["2", "3"]])
    fitted(d, offsets=[["-3/5", "-4/5"]], rest=rest, level="2", statement="local-minimum")
    return d.finish()


FIT_CASES = {make.__name__: make for make in (turned_square, deep_corners, beside_another_unit, fixed_biases)}
