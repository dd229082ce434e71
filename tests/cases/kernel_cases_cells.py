"""Certificates made by hand about local minima in cells, where every hidden unit keeps an affine piece of its activation at every sample."""

from __future__ import annotations

from cases.kernel_cases_critical import BENT, BENT_X, BENT_Y, BOX, boxed, counts, exact, inertia_exact, loss_exact, suboptimal
from cases.kernel_draft import EVERYWHERE, Draft, layer

HILL_X, HILL_Y = [["-1"], ["0"], ["1"]], [["0"], ["3"], ["0"]]
FLAT = [layer([["1", "1"]], ["2", "3"]), layer([["1"], ["-1"]], ["2"])]
HAT = [layer([["1", "1"]], ["1/2", "-1/2"]), layer([["6"], ["-18"]], ["0"])]
PLANE = [layer([["1", "1"]], ["2", "3"]), layer([["-1", "1/2"], ["1", "1"]], ["0", "-3"])]
EVEN = [layer([["0"]], ["1"]), layer([["1", "-1"]], ["-1", "1"])]
EVEN_Y = [["1/4", "3/4"], ["1", "0"], ["1/4", "3/4"]]


def least(d, premise, at=0, radius="0"):
    """The claim that a critical point is a minimum of its cell."""
    return d.claim("cell-minimum", "local-minimum", at, {"radius": radius}, [premise], {"precision": 64}, "BALL")


def hill(*points, activation="relu", widths=(1, 2, 1), **options):
    """Three samples on a line whose targets rise and fall."""
    return Draft(widths, HILL_X, options.pop("Y", HILL_Y), *(points or [FLAT]), activation=activation, **options)


def flat_fit():
    """Two active units that add up to the best affine map, which is constant; a hat fits better, so the minimum is bad."""
    d = hill(FLAT, HAT)
    found = least(d, exact(d, 0, (), [d.differentiable()]))
    bad = suboptimal(d, "suboptimal-local", [found, loss_exact(d, "1"), loss_exact(d, "0", 1)], "1", "0")
    d.imply("suboptimal", "no-bad-local-minima", EVERYWHERE, {}, [bad], verdict="REFUTED")
    return d.finish()


def even_fit():
    """An active unit without output weights: the errors of the best constant output leave no affine map anything to gain."""
    d = hill([layer([["1", "0"]], ["2", "-1"]), layer([["0"], ["5"]], ["1"])])
    least(d, exact(d, 0, (), [d.differentiable()]))
    return d.finish()


def two_outputs():
    """Two units of one pattern whose output weights span both outputs."""
    d = hill(PLANE, widths=(1, 2, 2), Y=[["0", "0"], ["3", "0"], ["0", "3"]], activation="leaky-relu:1/3")
    least(d, exact(d, 0, (), [d.differentiable()]))
    return d.finish()


def two_classes():
    """Softmax: one unit, whose output weights span the two logits together with the vector of ones."""
    d = hill(EVEN, widths=(1, 1, 2), Y=EVEN_Y, error="softmax")
    least(d, exact(d, 0, (), [d.differentiable()]))
    return d.finish()


def bent_in_a_box():
    """The best fit by a constant and a line, in a box."""
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    least(d, boxed(d, "1/1024", [0]), BOX, "1/1024")
    return d.finish()


AT_REST = [layer([["1"]], ["0"]), layer([["3/2"]], ["0"])]
"""The best relu unit without biases for the targets 1, 2 and 5 at 1, 1 and 0: the last of them counts for nothing."""


def at_rest(point=AT_REST, inputs=(["1"], ["1"], ["0"]), **options):
    return Draft((1, 1, 1), list(inputs), [["1"], ["2"], ["5"]], point, **{"activation": "relu", "bias": "none", **options})


def input_zero():
    """All that is decided beside a kink that no weight leaves: derivatives, the rank of P, a critical point with its inertia, and its cell."""
    d = at_rest()
    smooth = [d.differentiable(order=2)]
    d.lower("rank-inclusion", "P", 1, 0, (), {"rows": [0], "columns": [0], "precision": 64}, "BALL")
    critical = exact(d, 0, (), smooth)
    inertia_exact(d, counts(0, 1, 1))
    least(d, critical)
    return d.finish()


def input_zero_fixed():
    """The same with fixed biases, of which the hidden one is at the kink, and the input 0 leaves the output at 5/2."""
    d = at_rest(output_activation="identity", bias="fixed", fixed_bias=[["0"], ["0"]])
    least(d, exact(d, 0, (), [d.differentiable()]))
    return d.finish()


CELL_CASES = {make.__name__: make for make in (flat_fit, even_fit, two_outputs, two_classes, bent_in_a_box, input_zero, input_zero_fixed)}
