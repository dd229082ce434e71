"""Certificates made by hand about copies of units, which may be rotated where the weights decay."""

from __future__ import annotations

from cases.kernel_cases_critical import BOX, RADIUS, boxed, classed, counts, inertia_ball, inertia_exact, loss_ball
from cases.kernel_cases_curvature import REACH, in_a_ball, signs
from cases.kernel_draft import Draft, layer

COPIES = [layer([["3/5", "4/5"]], ["3/5", "4/5"]), layer([["6/5"], ["8/5"]], ["1"])]
"""Units ``3/5`` and ``4/5`` times ``(w, b, v) = (1, 1, 2)``: at the sample 1 the error is −1, ``w = v/2``, ``b = v/2`` and ``v = z``."""

RATES = [["2", "2"], ["1", "1"]]
HELD = [2, 0]
"""The weight into unit 1, which is rotated with unit 0."""


def copies(point=COPIES, activation="relu", widths=(1, 2, 1), X=(["1"],), Y=(["6"],), decay=RATES, **options):
    """``J = (v·(w + b) + c − 6)²/2 + |w|² + |b|² + |v|²/2 + c²/2``."""
    return Draft(widths, [list(x) for x in X], [list(y) for y in Y], point, activation=activation, decay=decay, **options)


def copies_at_a_point():
    """The gradient is 0; the circle of rotations accounts for the one eigenvalue 0."""
    d = copies()
    smooth = [d.differentiable()]
    point = d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 1}, smooth, {"fixed": [HELD]}, "BALL")
    classed(d, "local-minimum", point, inertia_exact(d, counts(0, 1, 6)))
    return d.finish()


def copies_in_a_box():
    d = copies()
    point = boxed(d, fixed=[HELD])
    loss_ball(d, "4", "6")
    classed(d, "local-minimum", point, inertia_ball(d, point, 0, 6, 7, 1), BOX, RADIUS)
    return d.finish()


def copies_in_a_ball():
    d = copies()
    point = in_a_ball(d, fixed=[HELD])
    classed(d, "local-minimum", point, signs(d, point, 0, 6, HELD[:1]), BOX, REACH)
    return d.finish()


ROTATION_CASES = {"copies_at_a_point": copies_at_a_point, "copies_in_a_box": copies_in_a_box, "copies_in_a_ball": copies_in_a_ball}
