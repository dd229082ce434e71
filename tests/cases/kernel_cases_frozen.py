"""Certificates made by hand about networks with frozen layers."""

from __future__ import annotations

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


FROZEN_CASES = {"fixed_readout": fixed_readout, "constant_features": constant_features}
