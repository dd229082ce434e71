"""Certificates made by hand about local minima near a point, with units on their kinks."""

from __future__ import annotations

from cases.kernel_cases_critical import BOX
from cases.kernel_draft import Draft, layer

HINGE = [layer([["1"]], ["0"]), layer([["1"]], ["0"])]
NEAR = [layer([["1048577/1048576"]], ["1/4194304"]), layer([["1048575/1048576"]], ["-1/4194304"])]
STEPS = [["-1"], ["0"], ["1"], ["2"]]
RATES = [["1/4", "1/9"], ["1/4", "1/7"]]


def near_kinks(d, pins=((0, 1, "1/2"),), fixed=(), radius="1/1000", point=0, at=BOX, precision=64):
    evidence = {"point": point, "fixed": list(fixed), "pins": [list(pin) for pin in pins], "radius": radius, "precision": precision}
    d.claim("minimum-near-kinks", "local-minimum", at, {"point": point, "radius": radius}, (), evidence, "BALL")
    return d


def hinge(point=HINGE, Y=("1", "-2", "2", "2"), widths=(1, 1, 1), X=STEPS, decay=RATES, **options):
    """A unit bends at the sample 0, where the output is 2 too large; ``Σ x_i ε_i`` over those above is −1 = −Tλ."""
    rates = {} if decay is None else {"decay": [list(pair) for pair in decay]}
    return Draft(widths, [list(x) for x in X], [y if isinstance(y, list) else [y] for y in Y], point, activation="relu", **rates, **options)


def hinge_near():
    d = near_kinks(hinge(NEAR))
    bounds = {"loss_lower": "1/2", "loss_upper": "5/4"}
    d.claim("loss-bounds", "loss-bounds", BOX, {**bounds, "radius": "1/1000"}, (), {**bounds, "precision": 64}, "BALL")
    return d.finish()


def scaled_hinge():
    """Without decay the incoming weight is held, as the unit may be scaled: ``3 max(0, z)`` at the targets 1, −2, 5, 5."""
    return near_kinks(hinge([HINGE[0], layer([["3"]], ["0"])], Y=("1", "-2", "5", "5"), decay=None), fixed=[0]).finish()


COPIES = [layer([["3/5", "4/5"]], ["0", "0"]), layer([["3/5"], ["4/5"]], ["0"])]
"""The unit of the hinge, shared by two."""


def copied_hinge(point=COPIES, fixed=([2, 0],), **options):
    """The second unit follows the first, rotated with it."""
    return near_kinks(hinge(point, widths=(1, 2, 1)), fixed=fixed, **options)


NEAR_KINK_CASES = {"copied_hinge": lambda: copied_hinge().finish(), "hinge_near": hinge_near, "scaled_hinge": scaled_hinge}
