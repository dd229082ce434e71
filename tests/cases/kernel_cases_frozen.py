"""Certificates made by hand about networks with frozen layers."""

from __future__ import annotations

from cases.kernel_cases_cells import least
from cases.kernel_cases_critical import classed, counts, exact, inertia_exact, loss_exact
from cases.kernel_draft import EVERYWHERE, Draft, layer


def fixed_readout():
    """``J = (w² − 1)²/2`` of a square unit with the fixed readout 1: at ``w = 0`` a maximum, though a saddle by both weights."""
    readout = layer([["1"]], ["0"])
    options = {"activation": "power:2", "bias": ["none", "frozen"], "frozen": [None, readout]}
    d = Draft((1, 1, 1), [["1"]], [["1"]], [layer([["0"]], ["0"]), readout], **options)
    point = exact(d)
    loss_exact(d, "1/2")
    classed(d, "maximum", point, inertia_exact(d, counts(1, 0, 0)))
    return d.finish()


def constant_features():
    """``F = 4v`` behind a frozen layer, ``J = (4v − 33)²/2 + v²/4``: with nothing but the last layer trainable a convex problem."""
    features = layer([["2"]], ["0"])
    options = {"activation": "power:2", "bias": ["frozen", "none"], "frozen": [features, None], "decay": [["0", "0"], ["1/2", "0"]]}
    d = Draft((1, 1, 1), [["1"]], [["33"]], [features, layer([["8"]], ["0"])], **options)
    point = exact(d)
    d.imply("convex", "no-bad-local-minima", EVERYWHERE)
    d.imply("global-convex", "global", 0, {"radius": "0"}, [point])
    return d.finish()


def silent(W=("1", "-1"), X=(["1"], ["2"]), Y=(["2"], ["3/2"]), **options):
    """Two relu units before the fixed readout ``(1, −1)``, one of them silent: ``F = max(0, w_1 x) − max(0, w_2 x)`` fits ``(1, 2)`` best with ``w_1 = 1``."""
    readout = layer([["1"], ["-1"]], ["0"])
    options = {"activation": "relu", "bias": ["none", "frozen"], "frozen": [None, readout], **options}
    return Draft((1, 2, 1), list(X), list(Y), [layer([list(W)], ["0", "0"]), readout], **options)


def frozen_cell():
    """A local minimum of such a network, not a strict one: the silent unit moves freely."""
    d = silent()
    least(d, exact(d, 0, (), [d.differentiable()]))
    return d.finish()


def frozen_curve():
    """``J = (w³ − 1)²/2`` of a cube with the fixed readout 1: at ``w = 0`` its Hessian is 0, and it falls by the third order."""
    readout = layer([["1"]], ["0"])
    options = {"activation": "power:3", "bias": ["none", "frozen"], "frozen": [None, readout]}
    d = Draft((1, 1, 1), [["1"]], [["1"]], [layer([["0"]], ["0"]), readout], **options)
    point, evidence = exact(d), {"curve": [[1, ["1"]]], "order": 3, "coefficient": "-1/2"}
    facts = {"order": 3, "coefficient": "-1/2", "radius": "0"}
    d.claim("descent", "higher-order-descent", 0, facts, [point], evidence)
    return d.finish()


FROZEN_CASES = {
    "fixed_readout": fixed_readout,
    "constant_features": constant_features,
    "frozen_cell": frozen_cell,
    "frozen_curve": frozen_curve,
}
