"""Certificates made by hand for the rule of critical points in double precision, and for distances from them."""

from __future__ import annotations

from fractions import Fraction

import mpmath

from cases.kernel_cases_critical import (
    BENT,
    BENT_X,
    BENT_Y,
    BOX,
    STEP_X_TEXT,
    STEP_Y_TEXT,
    classed,
    counts,
    exact,
    introduced,
    newton,
    step_minimum,
)
from cases.kernel_draft import Draft, layer

RULE, REACH = "critical-ball", "1/1073741824"
STEP_ENDS = ["151483/16777216", "18257823/16777216"]
BENT_EIGENVALUES = ["0", "631489/8388608", "7606515/16777216", "49811585/8388608"]


def in_a_ball(d, radius=REACH, fixed=(), at=BOX, point=0, negative=0):
    evidence = {"fixed": list(fixed), "index": negative}
    return introduced(d, RULE, evidence, len(fixed), at, radius, point=point, rigor="VERIFIED_FLOAT")


def signs(d, premise, negative, positive, fixed=(), at=BOX, radius=REACH):
    facts = counts(negative, len(fixed), positive, radius=radius)
    evidence = {"fixed": list(fixed), "index": negative}
    return d.claim(RULE, "inertia", at, facts, [premise], evidence, "VERIFIED_FLOAT")


def spectrum(d, eigenvalues, within, every=True, at=0, radius="0"):
    """All eigenvalues, or the least and the largest."""
    ends, listed = (Fraction(eigenvalues[0]), Fraction(eigenvalues[-1])), {"eigenvalues": list(eigenvalues), "within": within}
    facts = {
        f"{name}_{side}": str(value + sign * Fraction(within))
        for name, value in zip(("smallest", "largest"), ends, strict=True)
        for side, sign in (("lower", -1), ("upper", 1))
    }
    told = {**facts, **(listed if every else {}), "radius": radius}
    return d.claim("hessian-spectrum", "hessian-spectrum", at, told, (), listed, "VERIFIED_FLOAT")


def minimum_in_a_ball():
    """A strict minimum of a 1-1-1 tanh network, and its least and its largest eigenvalue."""
    w, b, v, c = step_minimum()
    d = Draft((1, 1, 1), STEP_X_TEXT, STEP_Y_TEXT, [layer([[w]], [b]), layer([[v]], [c])])
    point = in_a_ball(d)
    classed(d, "strict-minimum", point, signs(d, point, 0, 4), BOX, REACH)
    spectrum(d, STEP_ENDS, "1/8388608", every=False, at=BOX, radius=REACH)
    return d.finish()


def at_a_distance():
    """A strict minimum a 3-4-5 triangle away from other weights, and its box."""
    points = [layer([["3/2"]], ["-1/2"])], [layer([["9/2"]], ["7/2"])]
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], *points)
    exact(d)
    far(d, 0, 1, "5", "0")
    introduced(d, "stationary-box", {"fixed": []}, 0, radius="1/8")
    far(d, BOX, 1, "26/5", "1/8")
    return d.finish()


def way_down():
    """From a line to the best one, at a distance of 5."""
    points = [layer([["3/2"]], ["-1/2"])], [layer([["9/2"]], ["7/2"])]
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], *points)
    here, there = (d.exact_loss(J, k) for k, J in ((1, "111/4"), (0, "1/4")))
    escape(d, [here, there, far(d, 0, 1, "5", "0")])
    return d.finish()


def escape(d, premises, decrease="55/2", distance="5", at=1, point=0):
    facts = {"point": point, "decrease": decrease, "distance": distance}
    return d.imply("escape", "escape", at, facts, premises)


def far(d, at, point, distance, radius, precision=128):
    facts = {"point": point, "distance": distance}
    return d.claim("distance", "distance", at, {**facts, "radius": radius}, (), {**facts, "precision": precision}, "BALL")


def saddle_in_a_ball():
    """``(vw − 5)²/2`` near 0, 0: the eigenvalues of its Hessian are ±5; and at 0, 0 itself."""
    points = [layer([["1/1099511627776"]], ["0"]), layer([["0"]], ["0"])], [layer([["0"]], ["0"]), layer([["0"]], ["0"])]
    d = Draft((1, 1, 1), [["1"]], [["5"]], *points, activation="identity", bias="none")
    point = in_a_ball(d, negative=1)
    classed(d, "saddle", point, signs(d, point, 1, 1), BOX, REACH)
    point = exact(d, 1)
    spectrum(d, ["-5", "5"], "1/1099511627776", at=1)
    classed(d, "saddle", point, signs(d, point, 1, 1, at=1, radius="0"), 1)
    return d.finish()


def scaled_in_a_ball():
    """1-1-1 relu at the best fit by a constant and a line: a minimum on the curve of scalings."""
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    point = in_a_ball(d, fixed=[0])
    classed(d, "local-minimum", point, signs(d, point, 0, 3, [0]), BOX, REACH)
    spectrum(d, BENT_EIGENVALUES, "1/8388608", at=BOX, radius=REACH)
    return d.finish()


def shifted_in_a_ball():
    """Softmax over four overlapping samples, logits up to a common summand: half of what the logistic error gives, with either sign."""
    data = list(zip((-2, -1, 1, 2), (0, 1, 0, 1), strict=True))

    def gradient(w, b):
        residuals = [(1 / (1 + mpmath.exp(-w * x - b)) - y, x) for x, y in data]
        return [sum(r * x for r, x in residuals), sum(r for r, _ in residuals)]

    w, b = newton(gradient, (0.4, 0))
    samples = [[str(x)] for x, _ in data], [[str(1 - y), str(y)] for _, y in data]
    d = Draft((1, 2), *samples, [layer([["0", w]], ["0", b])], error="softmax")
    point = in_a_ball(d, fixed=[0, 1])
    classed(d, "local-minimum", point, signs(d, point, 0, 2, [0, 1]), BOX, REACH)
    return d.finish()


CURVATURE_CASES = {
    "minimum_in_a_ball": minimum_in_a_ball,
    "at_a_distance": at_a_distance,
    "way_down": way_down,
    "saddle_in_a_ball": saddle_in_a_ball,
    "scaled_in_a_ball": scaled_in_a_ball,
    "shifted_in_a_ball": shifted_in_a_ball,
}
