"""Certificates made by hand of theorems about whole landscapes: independent samples, one affine relation, and regions with a local minimum that is beaten."""

from __future__ import annotations

from cases.kernel_draft import EVERYWHERE, XOR_X, XOR_Y, Draft, layer

XOR_RELATION = ["1", "-1", "-1", "1"]
LINE, LINE_RELATION = [["0"], ["1"], ["2"]], ["1", "-2", "1"]
ASKED = "no-bad-local-minima"


def relation(d, statement, s, verdict="PROVED", rank=None):
    """The claim of a theorem about one affine relation of the inputs, after the rank that rules out others."""
    premise = d.minor("Phi-0+") if rank is None else rank
    return d.claim("one-relation", statement, EVERYWHERE, {}, [premise], {"relation": s}, verdict=verdict)


def decided(d, statement, s, verdict="PROVED"):
    """The same, and the conclusion that it gives."""
    found = relation(d, statement, s, verdict)
    row = f"{'by' if verdict == 'PROVED' else 'against'}-{statement}"
    d.imply(row, ASKED, EVERYWHERE, {}, [found], verdict=verdict)
    return d.finish()


def xor_decided():
    """XOR with two hidden units: every local minimum is global."""
    return decided(Draft((2, 2, 1), XOR_X, XOR_Y), "parallelogram", XOR_RELATION)


def xor_with_one_unit():
    """XOR with one hidden unit: bad local minima exist."""
    return decided(Draft((2, 1, 1), XOR_X, XOR_Y), "parallelogram", XOR_RELATION, "REFUTED")


def soft_xor_with_one_unit():
    """The same for probabilities and the logistic error."""
    d = Draft((2, 1, 1), XOR_X, [["1/4"], ["1"], ["1"], ["1/4"]], error="logistic", activation="erf")
    return decided(d, "parallelogram", ["-3/2", "3/2", "3/2", "-3/2"], "REFUTED")


def xor_under_a_curved_output():
    """XOR with one hidden unit and the squared error of a sigmoid output: bad local minima exist."""
    d = Draft((2, 1, 1), XOR_X, XOR_Y, output_activation="sigmoid")
    return decided(d, "parallelogram", XOR_RELATION, "REFUTED")


def corners_out_of_reach():
    """Targets −1 and 3, of the mean 1, which tanh does not reach: no network that is constant is critical."""
    d = Draft((2, 1, 1), XOR_X, [["-1"], ["3"], ["3"], ["-1"]], activation="sigmoid", output_activation="tanh")
    return decided(d, "parallelogram", XOR_RELATION)


def conjunction_with_one_unit():
    """Targets that no constant network is critical at."""
    d = Draft((2, 1, 1), XOR_X, [["0"], ["0"], ["0"], ["1"]], activation="sigmoid", output_activation="softsign", error="cauchy:1")
    return decided(d, "parallelogram", XOR_RELATION)


def three_on_a_line():
    return decided(Draft((1, 3, 1), LINE, [["0"], ["1"], ["3"]], activation="softplus"), "one-relation-simplex", LINE_RELATION)


def hat_on_a_line():
    return decided(Draft((1, 3, 1), LINE, [["0"], ["1"], ["0"]], activation="erf"), "one-relation-simplex", LINE_RELATION, "REFUTED")


def soft_hat_in_a_triangle():
    """Four samples, one of them inside the triangle of the others, with a density of its own for each."""
    X, Y = [["0", "0"], ["4", "0"], ["0", "4"], ["1", "1"]], [["5/8"], ["9/16"], ["9/16"], ["1/4"]]
    return decided(
        Draft((2, 2, 1), X, Y, activation="tanh", error="logistic"), "one-relation-simplex", ["1/2", "1/4", "1/4", "-1"], "REFUTED"
    )


def samples_beside_the_relation():
    """Three of four samples on a line, with equal targets for two of them, and one beside it."""
    X, Y = [["0", "0"], ["1", "0"], ["2", "0"], ["0x1.8000000000000p+0", "7"]], [["1"], ["1"], ["3"], ["1"]]
    return decided(Draft((2, 2, 1), X, Y), "one-relation-simplex", ["1", "-2", "1", "0"])


def independent():
    """As many independent samples as inputs and the 1 allow, two outputs, two units with a kink."""
    X, Y = [["0", "0"], ["1", "0"], ["0", "1/3"]], [["1", "0"], ["0", "1"], ["2", "2"]]
    d = Draft((2, 2, 2), X, Y, activation="leaky-relu:1/100", error="cauchy:1/4", output_activation="softsign")
    error = d.record("principle-error", {"error": "cauchy:1/4"})
    found = d.imply("independent-samples", "independent-samples", EVERYWHERE, {}, [d.minor("Phi-0+"), error])
    d.imply("by-independent-samples", ASKED, EVERYWHERE, {}, [found])
    return d.finish()


def region(d, statement, loss, rigor="EXACT", **evidence):
    """The claim of a local minimum in a region, of a loss no less than said."""
    return d.claim("minimum-in-region", statement, EVERYWHERE, {"loss_lower": loss}, (), {"loss": loss, **evidence}, rigor)


def beaten(d, statement, loss, lower, rigor="EXACT", **evidence):
    """The same, and the conclusion by a point with a loss in balls."""
    minimum = region(d, statement, loss, rigor, **evidence)
    bounds = {"loss_lower": "0", "loss_upper": lower}
    better = d.claim("loss-bounds", "loss-bounds", 0, {**bounds, "radius": "0"}, (), {**bounds, "precision": 64}, "BALL")
    d.imply(statement, ASKED, EVERYWHERE, {}, [minimum, better], verdict="REFUTED")
    return d.finish()


def narrow_linear():
    """A linear network narrower than its inputs and outputs, on dependent samples."""
    d = Draft((2, 1, 2), XOR_X, [["0", "1"], ["1", "1"], ["1", "1"], ["2", "1"]], activation="identity", bias="none")
    found = d.imply("shallow-linear", "shallow-linear", EVERYWHERE, {}, [])
    d.imply("by-shallow-linear", ASKED, EVERYWHERE, {}, [found])
    return d.finish()


VALLEY = [layer([["1", "-1"]], ["0", "0"]), layer([["1"], ["1"]], ["0"])]
"""``σ(x) + σ(−x)`` without biases, for relu the absolute value."""


def valley_of_relu():
    """All units are positive on one sample and negative on the other, where they are silent; the input 0 is on neither side."""
    d = Draft((1, 2, 1), [["-1"], ["0"], ["2"]], [["1"], ["0"], ["2"]], VALLEY, activation="relu", bias="none")
    minimum = region(d, "linear-region", "1/6", map=[["1"]], direction=["1/3"])
    learner = d.exact_loss("0", 0)
    d.imply("linear-region", ASKED, EVERYWHERE, {}, [minimum, learner], verdict="REFUTED")
    return d.finish()


def leaky_sides_of_a_plane():
    """Slopes 1 and 1/2 on the two sides: the inputs count as −1/2, 2 and 1, with two outputs."""
    d = Draft((1, 2, 2), [["-1"], ["2"], ["1"]], [["1", "0"], ["0", "4"], ["2", "1"]], activation="leaky-relu:1/2", bias="none")
    region(d, "linear-region", "43/42", map=[["2/7", "12/7"]], direction=["1"])
    return d.finish()


HAT = [layer([["1", "1"]], ["1", "-1"]), layer([["1"], ["-2"]], ["-1"])]
"""``relu(x + 1) − 2 relu(x − 1) − 1``, which is 0, 1, 0 at 0, 1, 2."""


def hat_of_relu():
    d = Draft((1, 2, 1), LINE, [["0"], ["1"], ["0"]], HAT, activation="relu")
    learner = d.exact_loss("0", 0)
    for statement, evidence in (("linear-region", {"map": [["0"], ["1/3"]]}), ("dead-region", {})):
        d.imply(statement, ASKED, EVERYWHERE, {}, [region(d, statement, "1/9", **evidence), learner], verdict="REFUTED")
    return d.finish()


def two_outputs_of_deep_elu():
    """Two outputs and two hidden layers."""
    X, Y = [["-1"], ["1/2"], ["1"], ["2"]], [["1", "0"], ["0", "1"], ["0", "1"], ["1/2", "2"]]
    d = Draft((1, 2, 2, 2), X, Y, activation="elu")
    region(d, "linear-region", "29/400", map=[["-1/5", "16/25"], ["1/2", "3/5"]])
    return d.finish()


def dead_units_of_hard_tanh():
    """A hidden layer of hard-tanh that saturates, and one that does not: the sign of the input is learned."""
    point = [layer([["1"]], ["0"]), layer([["1"]], ["0"])]
    return beaten(
        Draft((1, 1, 1), [["-2"], ["2"], ["3"]], [["-1"], ["1"], ["1"]], point, activation="hard-tanh"), "dead-region", "4/9", "1/1000"
    )


def dead_units_and_probabilities():
    """Both outputs are 0 for x < 0, where their probabilities are 1/2 and 1/4, and fit better above."""
    point = [layer([["1"]], ["0"]), layer([["4", "4"]], ["0", "-1"])]
    d = Draft((1, 1, 2), [["-1"], ["-2"], ["1"]], [["1/2", "1/4"], ["1/2", "1/4"], ["1", "1"]], point, activation="relu", error="logistic")
    return beaten(d, "dead-region", "13/10", "9/10", "BALL", precision=64)


def dead_units_and_classes():
    point = [layer([["1"]], ["0"]), layer([["0", "4", "0"]], ["0", "-2", "0"])]
    Y = [["1", "0", "0"], ["0", "1", "0"], ["1/2", "0", "1/2"], ["0", "1", "0"]]
    d = Draft((1, 1, 3), [["-1"], ["2"], ["-2"], ["3"]], Y, point, activation="relu", error="softmax")
    return beaten(d, "dead-region", "97/100", "1/2", "BALL", precision=64)


def silent_units_without_biases():
    """XOR, and 0 for all weights near some; ``relu(a − b) + relu(b − a)`` fits better."""
    point = [layer([["1", "-1"], ["-1", "1"]], ["0", "0"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((2, 2, 1), XOR_X, [["0"], ["1"], ["1"], ["0"]], point, activation="relu", bias="none")
    return beaten(d, "dead-region", "1/4", "1/1000", direction=["-1", "-1"])


THEOREM_CASES = {
    function.__name__: function
    for function in (
        xor_decided, xor_with_one_unit, soft_xor_with_one_unit, xor_under_a_curved_output, corners_out_of_reach, conjunction_with_one_unit, three_on_a_line,
        hat_on_a_line, soft_hat_in_a_triangle, samples_beside_the_relation, independent, hat_of_relu, two_outputs_of_deep_elu, dead_units_of_hard_tanh,
        dead_units_and_probabilities,
        dead_units_and_classes, silent_units_without_biases, narrow_linear, valley_of_relu, leaky_sides_of_a_plane,
    )
}  # fmt: skip
