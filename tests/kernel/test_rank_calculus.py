"""False or unsupported bounds of ranks from structure and from other bounds, and claims about full rank: each is rejected with its code and place."""

from __future__ import annotations

import pytest
from cases.kernel_cases_ranks import LOG3_HALF, deficient_point
from cases.kernel_draft import ALMOST, EVERYWHERE, OPEN, SOME, XOR_X, XOR_Y, Draft, layer
from cases.kernel_outcomes import accepted, outcome
from cases.kernel_problems import FULL, GENERIC, TWO, xor

RULE = ("evidence", "rule")
OTHERS = ["P-1", "P-2", "Psi-1", "Psi-2", "Phi-0", "Phi-0+", "Phi-1", "Phi-1+", "W-1", "W-1*", "W-2", "W-2*"]


@pytest.mark.parametrize("matrix", OTHERS)
def test_bounds_of_p_are_bounds_of_no_other_matrix(matrix):
    """A bound of the columns of P that were taken for any other matrix would refute the rank of weights, or of samples."""
    for rule, value, premises, options in (
        ("rank-samples", 1, 0, {}), ("rank-dimension", 1, 1, {"activation": "identity"}),
    ):  # fmt: skip
        d = Draft((1, 1, 1), [["1"], ["-1"]], [["0"], ["0"]], bias="none", **options)
        inputs = d.size("Phi-0+", 1)
        assert accepted(d)
        d.upper(rule, matrix, value, EVERYWHERE, [inputs] * premises)
        assert outcome(d) == ("conclusion", "conclusion.matrix"), rule
    for rule, at, premises, evidence in (
        ("rank-constant-weights", SOME, (), {"bias": "0", "output_bias": "0"}),
        ("rank-stack", EVERYWHERE, (1, 1), {}),
    ):
        d = xor(GENERIC)
        d.size("P-1", 4)
        d.upper(rule, matrix, 1, at, premises, evidence)
        assert outcome(d) == ("conclusion", "conclusion.matrix"), rule


def test_structural_bounds_hold_at_no_particular_point():
    for rule, premises in (("rank-size", 0), ("rank-samples", 0), ("rank-dimension", 1)):
        d = xor(GENERIC)
        inputs = d.size("Phi-0+", 3)
        for at in (0, ALMOST, OPEN, SOME):
            d.upper(rule, "P", 4, at, [inputs] * premises)
            assert outcome(d) == ("conclusion", "conclusion.at")
            d.undo()


def test_a_premise_from_another_point_is_refused():
    d = xor(GENERIC, deficient_point("1"))
    low, up = d.minor("P", u=5), d.size("P", 4)
    d.define("full-rank", 1, FULL, [low, up])
    assert outcome(d) == ("premise", "premises[0]")
    d = xor(GENERIC, deficient_point("1"))
    weights = [d.minor("W-1"), d.minor("W-2")]
    up = d.kernel("P", [["1", "-1", "-1", "1"]], 1)
    d.define("principles-suffice", EVERYWHERE, {"rank_upper": 3, "columns": 4}, [*weights, up], "REFUTED")
    assert outcome(d) == ("premise", "premises[0]")


def test_a_bound_at_a_point_is_no_bound_everywhere():
    d = xor(deficient_point("1"))
    up = d.kernel("P", [["1", "-1", "-1", "1"]])
    low = d.lower("rank-almost", "P", 3, ALMOST, [d.minor("P", u=5)])
    facts = {"rank_lower": 3, "rank_upper": 3, "columns": 4}
    d.define("full-rank", ALMOST, facts, [low, up], "REFUTED")
    assert outcome(d) == ("premise", "premises[1]")
    d.undo()
    d.define("full-rank", 0, facts, [low, up], "REFUTED")
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    d.define("principles-suffice", EVERYWHERE, {"rank_upper": 4, "columns": 4}, [d.minor("W-1"), d.minor("W-2"), d.size("P", 4)], "REFUTED")
    assert outcome(d) == ("premise", "premises[2]")


def test_a_bound_at_one_point_is_none_at_another():
    d = xor(GENERIC, deficient_point("1"))
    phi = d.minor("Phi-1+", u=5)
    d.last_block("P-2", 3, 1, phi)
    assert outcome(d) == ("premise", "premises[0]")


def test_a_lower_bound_does_not_serve_as_an_upper_one():
    d = xor(deficient_point("1"))
    low = d.minor("P", u=5)
    d.define("full-rank", EVERYWHERE, {"rank_upper": 3, "columns": 4}, [low], "REFUTED")
    assert outcome(d) == ("premise", "premises[0]")


def test_undecided_bounds_decide_nothing():
    d = xor(deficient_point("1"))
    low, up = d.minor("P", u=5), d.size("P", 4)
    almost = d.lower("rank-almost", "P", 3, ALMOST, [low])
    for verdict in ("PROVED", "REFUTED"):
        for at, lower in ((0, low), (ALMOST, almost)):
            d.define("full-rank", at, {"rank_lower": 3, "rank_upper": 4, "columns": 4}, [lower, up], verdict)
            assert outcome(d) == ("premise", "premises")
            d.undo()
    for verdict, facts, premise in (("PROVED", {"rank_lower": 3}, low), ("REFUTED", {"rank_upper": 4}, up)):
        d.define("full-rank", EVERYWHERE, {**facts, "columns": 4}, [premise], verdict)
        assert outcome(d) == ("premise", "premises[0]")
        d.undo()


def test_an_upper_bound_above_the_number_of_columns_refutes_nothing():
    """One sample with trainable biases: P has full rank at every W, and the ranks of its blocks add up to more than its columns."""
    d = Draft((1, 1, 1), [["1"]], [["0"]])
    up = d.upper("rank-stack", "P", 2, EVERYWHERE, [d.size("P-1", 1), d.size("P-2", 1)])
    last = d.last_block("P-2", 1, EVERYWHERE, d.lower("rank-size", "Phi-1+", 1, EVERYWHERE))
    low = d.lower("rank-stack", "P", 1, EVERYWHERE, [last])
    almost = d.lower("rank-almost", "P", 1, ALMOST, [low])
    d.define("full-rank", EVERYWHERE, {"rank_lower": 1, "columns": 1}, [low])
    assert accepted(d)
    both = {"rank_lower": 1, "rank_upper": 2, "columns": 1}
    for at, facts, premises, expected in (
        (EVERYWHERE, {"rank_upper": 2, "columns": 1}, [up], ("premise", "premises[0]")),
        (EVERYWHERE, {"rank_upper": 1, "columns": 1}, [d.size("P", 1)], ("premise", "premises[0]")),
        (ALMOST, both, [almost, up], ("conclusion", "conclusion.verdict")),
    ):
        d.define("full-rank", at, facts, premises, "REFUTED")
        assert outcome(d) == expected, at
        d.undo()


def test_full_rank_everywhere_is_no_full_rank_almost_everywhere_where_p_need_not_exist():
    """One sample: ``r(P) = n_L`` wherever P exists, and with relu it does not everywhere."""
    for activation, fine in (("tanh", True), ("relu", False), ("leaky-relu:1/2", False), ("softsign", True)):
        d = Draft((1, 2, 1), [["3"]], [["1"]], activation=activation)
        ones = d.lower("rank-size", "Phi-1+", 1, EVERYWHERE)
        low = d.lower("rank-stack", "P", 1, EVERYWHERE, [d.last_block("P-2", 1, EVERYWHERE, ones)])
        d.define("full-rank", EVERYWHERE, {"rank_lower": 1, "columns": 1}, [low])
        assert accepted(d) if fine else outcome(d) == ("premise", "premises[0]")
        d.undo()
        d.define("full-rank", ALMOST, {"rank_lower": 1, "rank_upper": 1, "columns": 1}, [low, d.size("P", 1)])
        assert outcome(d) == ("premise", "premises")


def test_the_ones_of_a_trainable_bias_give_rank_1_and_no_more():
    for matrix, bias, value, fine in (
        ("Phi-1+", "trainable", 1, True), ("Phi-1+", "trainable", 2, False), ("Phi-1+", "none", 1, False), ("Phi-1", "trainable", 1, False),
        ("P", "trainable", 1, False), ("Phi-0+", "trainable", 1, True), ("W-1", "trainable", 1, False), ("Phi-1+", "none", 0, True),
    ):  # fmt: skip
        d = xor(bias=bias)
        d.lower("rank-size", matrix, value, EVERYWHERE)
        assert accepted(d) if fine else outcome(d) == ("conclusion", "conclusion.rank_lower")


def one_upper(widths, X, options, rule, value, evidence=None, at=EVERYWHERE, premises=0):
    d = Draft(widths, X, [["1"]] * len(X), **options)
    inputs = [d.size("Phi-0+", min(len(X), widths[0] + (options.get("bias", "trainable") == "trainable")))] * premises
    d.upper(rule, "P", value, at, inputs, evidence)
    return accepted(d) if options.get("fine") else outcome(d)


FOUR = [["1"], ["2"], ["3"], ["4"]]


def test_structural_rank_rules_refuse_problems_they_are_not_about():
    assert one_upper((1, 2, 1), FOUR, {}, "rank-samples", 3) == ("conclusion", "conclusion.rank_upper")
    for options in (
        {},
        {"activation": "relu", "bias": "fixed", "fixed_bias": [["1"], ["1"]]},
        {"activation": "elu"},
        {"activation": "softsign"},
    ):
        assert outcome(scaled(options)) == ("conclusion", "conclusion.rank_upper")
    assert accepted(scaled({"activation": "relu"}))


def scaled(options):
    """The bound that scaling the hidden unit of 1-1-1 gives."""
    d = Draft((1, 1, 1), FOUR, FOUR, **options)
    d.upper("rank-dimension", "P", 3, EVERYWHERE, [d.size("Phi-0+", 1 if "bias" in options else 2)])
    return d


@pytest.mark.parametrize(
    ("widths", "options", "value"),
    [
        ((1, 1, 1), {}, 4),
        ((1, 1, 1), {"activation": "power:16"}, 3),
        ((1, 1, 1, 1), {"activation": "power:16"}, 4),
        ((1, 1), {}, 2),
        ((1, 1), {"output_activation": "sin"}, 2),
        ((1, 1, 1), {"activation": "identity"}, 2),
        ((1, 1, 1), {"activation": "identity", "bias": "none"}, 1),
        ((1, 1, 1), {"activation": "identity", "bias": "fixed", "fixed_bias": [["1"], ["1"]]}, 2),
        ((1, 1, 1), {"activation": "tanh", "bias": "fixed", "fixed_bias": [["1"], ["1"]]}, 4),
    ],
    ids=str,
)
def test_the_bound_by_dimensions_is_what_it_is_and_no_less(widths, options, value):
    """By hand: in the columns of one output, values of polynomials of one variable; the identity with fixed biases is affine and no more is known."""
    for claimed in range(5):
        found = one_upper(widths, FOUR, {**options}, "rank-dimension", claimed, premises=1) if claimed != value else None
        assert found is None or found == ("conclusion", "conclusion.rank_upper")
    d = Draft(widths, FOUR, [["1"]] * 4, **options)
    d.upper("rank-dimension", "P", value, EVERYWHERE, [d.size("Phi-0+", 2 if options.get("bias", "trainable") == "trainable" else 1)])
    assert accepted(d)


def test_rank_rules_that_need_an_invertible_output_derivative():
    for output in ("sin", "relu", "gelu", "power:2"):
        d = xor(GENERIC, output_activation=output)
        d.lower("rank-sylvester", "Psi-2", 4)
        assert outcome(d) == RULE


def test_psi_needs_weights_without_their_bias_row():
    d = xor(GENERIC)
    d.lower("rank-sylvester", "Psi-1", 4, 0, [d.minor("W-2")])
    assert outcome(d) == ("premise", "premises[0]")


def test_sylvester_takes_one_side_at_a_time():
    d = xor(GENERIC)
    phi, psi, up = d.minor("Phi-0+"), d.lower("rank-sylvester", "Psi-1", 4, 0, [d.minor("W-2*")]), d.size("Phi-0+", 3)
    for conclusion, premises in (
        ({"rank_lower": 2}, [phi]), ({"rank_lower": 2}, [up, psi]), ({"rank_lower": 2}, [psi, phi]), ({"rank_upper": 4}, [phi, psi]),
        ({"rank_upper": 4}, [phi]), ({"rank_upper": 6}, [up]), ({"rank_lower": 3}, [phi, psi]),
    ):  # fmt: skip
        d.step("rank-sylvester", {"matrix": "P-1", "at": 0, **conclusion}, premises)
        assert outcome(d)[0] in ("premise", "conclusion")
        d.undo()
    d.upper("rank-sylvester", "P-1", 4, EVERYWHERE, [up])
    assert accepted(d)


def test_bounds_of_open_sets_do_not_add_up():
    """Two bounds that hold on two open sets need not hold at one W: no rule takes bounds of blocks there."""
    d = Draft((1, 2, 1), [["1"], ["2"], ["3"]], [["0"]] * 3, activation="relu")
    inputs = d.size("Phi-0+", 2)
    evidence = {"bias": "1", "output_bias": "0"}
    for matrix in ("P-1", "P-2", "Phi-1+"):
        d.upper("rank-constant-weights", matrix, 2, OPEN, [inputs], evidence)
        assert outcome(d) == ("conclusion", "conclusion.matrix")
        d.undo()
    near = d.upper("rank-constant-weights", "P", 2, OPEN, [inputs], evidence)
    for rule, name, premises in (("rank-stack", "P", [near, near]), ("rank-sylvester", "P-1", [near])):
        d.upper(rule, name, 2, OPEN, premises)
        assert outcome(d)[0] == "premise"
        d.undo()


@pytest.mark.parametrize(
    ("options", "at", "evidence", "value", "expected"),
    [
        ({}, SOME, ("0", "0"), 1, None),
        ({}, SOME, ("0", "0"), 0, ("conclusion", "conclusion.rank_upper")),
        ({"activation": "relu"}, SOME, ("0", "0"), 1, ("evidence", "evidence.bias")),
        ({"activation": "relu"}, SOME, ("1", "0"), 1, None),
        ({"output_activation": "relu"}, SOME, ("0", "0"), 1, ("evidence", "evidence.bias")),
        ({"output_activation": "relu"}, SOME, ("0", "-1"), 1, None),
        ({"bias": "none"}, SOME, ("1", "0"), 1, ("evidence", "evidence.bias")),
        ({"bias": "none"}, SOME, ("0", "1"), 1, ("evidence", "evidence.bias")),
        ({"bias": "none"}, SOME, ("0", "0"), 1, None),
        ({"bias": "none", "activation": "relu"}, SOME, ("0", "0"), 1, ("evidence", "evidence.bias")),
        ({"bias": "fixed", "fixed_bias": [["1", "0"], ["1"]], "activation": "relu"}, SOME, ("0", "0"), 1, ("evidence", "evidence.bias")),
        ({"bias": "fixed", "fixed_bias": [["1", "-1"], ["1"]], "activation": "relu"}, SOME, ("0", "0"), 1, None),
        ({}, OPEN, ("0", "0"), 1, RULE),
        ({"activation": "relu", "bias": "none"}, OPEN, ("0", "0"), 1, ("evidence", "evidence.bias")),
        ({"activation": "relu"}, OPEN, ("0", "0"), 1, RULE),
        ({"activation": "relu"}, OPEN, ("-1", "0"), 1, None),
        ({"activation": "relu"}, OPEN, ("-1", "0"), 0, ("conclusion", "conclusion.rank_upper")),
        ({"activation": "relu"}, OPEN, ("1", "0"), 2, None),
        ({"activation": "relu"}, OPEN, ("1", "0"), 1, ("conclusion", "conclusion.rank_upper")),
        ({"activation": "leaky-relu:1/2"}, OPEN, ("-1", "0"), 2, None),
        ({"activation": "elu"}, OPEN, ("1", "0"), 2, None),
        ({"activation": "elu"}, OPEN, ("-1", "0"), 2, RULE),
        ({"activation": "softsign"}, OPEN, ("1", "0"), 2, RULE),
        ({"activation": "relu", "output_activation": "relu"}, OPEN, ("1", "-1"), 0, None),
        ({"activation": "tanh", "output_activation": "relu"}, OPEN, ("0", "-1"), 0, None),
        ({"activation": "relu", "output_activation": "relu"}, OPEN, ("1", "0"), 2, RULE),
        ({"activation": "relu", "output_activation": "tanh"}, OPEN, ("1", "0"), 2, None),
        ({"activation": "relu"}, EVERYWHERE, ("-1", "0"), 1, ("conclusion", "conclusion.at")),
        ({"activation": "relu"}, ALMOST, ("-1", "0"), 1, ("conclusion", "conclusion.at")),
        ({"activation": "relu"}, OPEN, ("0x1.0000000000000p+0", "0"), 2, ("number", "evidence.bias")),
    ],
    ids=str,
)
def test_ranks_at_constant_weights(options, at, evidence, value, expected):
    d = Draft((1, 2, 1), [["1"], ["2"], ["3"]], [["0"]] * 3, **options)
    inputs = [d.size("Phi-0+", 1 if options.get("bias", "trainable") != "trainable" else 2)] if at == OPEN else []
    d.upper("rank-constant-weights", "P", value, at, inputs, dict(zip(("bias", "output_bias"), evidence, strict=True)))
    assert accepted(d) if expected is None else outcome(d) == expected


def test_a_fixed_bias_that_is_0_but_not_seen_to_be_is_a_kink():
    almost_zero = ["-2", [[["root", "4", 2], "1"]]]
    for number, fine in ((almost_zero, False), (["0", [[["pi"], "1"]]], True)):
        d = Draft((1, 1, 1), *TWO, activation="relu", bias="fixed", fixed_bias=[[number], ["0"]])
        d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "0", "output_bias": "0"}, "BALL")
        assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.bias")


def test_biases_that_are_rational_are_told_from_a_kink_exactly():
    for apart in (f"1/{2**2000}", f"{-1}/{2**2000}"):
        d = Draft((1, 1, 1), *TWO, activation="relu")
        d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": apart, "output_bias": "0"})
        fixed = Draft((1, 1, 1), *TWO, activation="relu", bias="fixed", fixed_bias=[[apart], ["0"]])
        fixed.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "0", "output_bias": "0"})
        assert accepted(d)
        assert accepted(fixed)
    d = Draft((1, 1, 1), *TWO, activation="hard-tanh")
    d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": f"{2**2000 - 1}/{2**2000}", "output_bias": "0"})
    assert accepted(d)
    d.undo()
    d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "-1", "output_bias": "0"})
    assert outcome(d) == ("evidence", "evidence.bias")


def test_constant_weights_need_a_hidden_layer_and_refute_nothing_of_one_sample():
    d = Draft((1, 1), *TWO)
    d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "0", "output_bias": "0"})
    assert outcome(d) == RULE
    d = Draft((1, 2, 1), [["1"]], [["1"]])
    near = d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "0", "output_bias": "0"})
    d.define("full-rank", EVERYWHERE, {"rank_upper": 1, "columns": 1}, [near], "REFUTED")
    assert outcome(d) == ("premise", "premises[0]")


def test_a_bound_at_some_weights_is_none_at_almost_all():
    d = Draft((1, 2, 1), [["1"], ["2"], ["3"]], [["0"]] * 3)
    some = d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "0", "output_bias": "0"})
    nothing = d.lower("rank-size", "P", 0, EVERYWHERE)
    d.define("full-rank", ALMOST, {"rank_lower": 0, "rank_upper": 1, "columns": 3}, [nothing, some], "REFUTED")
    assert outcome(d) == ("premise", "premises[1]")


def test_kinked_activations_are_not_analytic():
    for activation in ("leaky-relu:1/10", "softsign", "elu"):
        point = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/3"]), layer([["1"], ["2"]], ["0"])]
        d = xor(point, activation=activation)
        d.lower("rank-almost", "P", 4, ALMOST, [d.inclusion("P")])
        assert outcome(d) == RULE


@pytest.mark.parametrize(
    ("options", "fine"),
    [
        ({"output_activation": "softsign"}, True),
        ({"output_activation": "leaky-relu:1/10"}, True),
        ({"output_activation": "elu"}, True),
        ({"output_activation": "relu"}, False),
        ({"output_activation": "sin"}, True),
        ({"output_activation": "leaky-relu:1/10", "bias": "none"}, True),
    ],
    ids=str,
)
def test_a_kinked_output_does_not_hinder_full_rank_almost_everywhere(options, fine):
    """Columns are taken up to ``σ_out'``; a relu output may be dead on an open set."""
    bias = options.get("bias", "trainable")
    point = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/2"] if bias != "none" else ["0", "0"]), layer([["1"], ["2"]], ["0"])]
    d = Draft((2, 2, 1), XOR_X[1:], XOR_Y[1:], point, **options)
    low = d.inclusion("P")
    d.lower("rank-almost", "P", 3, ALMOST, [low])
    assert accepted(d) if fine else outcome(d) == RULE


def test_less_than_full_rank_almost_everywhere_needs_that_p_exists():
    """A leaky-relu output at the input 0 without bias is at its kink at all weights: P exists nowhere, and no bound holds almost everywhere."""
    point = [layer([["1", "-2"], ["3/2", "1/2"]], ["0", "0"]), layer([["1"], ["2"]], ["0"])]
    d = xor(point, bias="none")
    d.lower("rank-almost", "P", 3, ALMOST, [d.inclusion("P")])
    assert accepted(d)
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point, bias="none", output_activation="leaky-relu:1/10")
    evidence = {"rows": [1], "columns": [1], "precision": 64}
    low = d.lower("rank-inclusion", "P", 1, 0, (), evidence, "BALL")
    assert accepted(d), "columns up to factors of the output, which the bound does not ask for"
    d.lower("rank-almost", "P", 1, ALMOST, [low])
    assert outcome(d) == RULE


def test_full_rank_almost_everywhere_needs_more_than_full_rank_at_some_weights():
    d = xor(GENERIC)
    low, up = d.minor("P", u=12345), d.size("P", 4)
    for premises in ([low, up], [up, low]):
        d.define("full-rank", ALMOST, FULL, premises)
        assert outcome(d) == ("premise", "premises[0]")
        d.undo()


def test_principles_are_refuted_only_where_the_others_hold():
    other = xor(deficient_point("1"))
    other.document["problem"]["Y"] = [["0"]] * 4
    weights, up = [other.minor("W-1"), other.minor("W-2")], other.kernel("P", [["1", "-1", "-1", "1"]])
    other.define("principles-suffice", EVERYWHERE, {"rank_upper": 3, "columns": 4}, [*weights, up], "REFUTED")
    assert accepted(other)
    d = Draft((2, 1, 1), XOR_X[1:], XOR_Y[1:], [layer([["1"], ["1"]], ["0"]), layer([["1"]], ["0"])], activation="relu", bias="none")
    up = d.kernel("P", [["-1", "-1", "1"]])
    premises = [d.minor("W-1"), d.minor("W-2"), up]
    assert accepted(d)
    for more in ([], [d.differentiable()]):
        d.define("principles-suffice", EVERYWHERE, {"rank_upper": 2, "columns": 3}, [*premises, *more], "REFUTED")
        assert outcome(d) in (RULE, ("premise", "premises"))
        d.undo()


def test_the_projection_needs_derivatives_that_exist():
    """A leaky-relu has slopes other than 0 only where it has slopes."""
    for bias, fine in (("-1/2", True), ("-1", False)):
        point = [layer([["1", "1"]], [bias, "1"]), layer([["1"], ["1"]], ["0"])]
        d = Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["2"]], point, activation="leaky-relu:1/10")
        premises = [d.minor("Phi-0+"), d.minor("Phi-1+"), d.minor("W-2*")]
        facts = {"layers": [{"layer": 1, "bound": 2}, {"layer": 2, "bound": 2}]}
        d.define("projection", 0, facts, premises)
        assert outcome(d) == ("premise", "premises")
        d.undo()
        here = d.differentiable()
        if not fine:
            assert outcome(d) == ("evidence", "conclusion.at")
            continue
        d.define("projection", 0, facts, [*premises, here])
        assert accepted(d)


def test_a_bound_from_a_claim_is_about_its_matrix_and_its_point():
    d = xor(GENERIC, GENERIC)
    block = d.singular("P-1")
    for matrix, at in (("P", 0), ("P-2", 0), ("P-1", 1), ("P-1", EVERYWHERE), ("Psi-1", 0)):
        d.lower("rank-regular", matrix, 4, at, [block])
        assert outcome(d)[0] == "premise"
        d.undo()
    d.lower("rank-regular", "P-1", 4, 0, [block])
    assert accepted(d)


def test_log_3_makes_values_rational_and_no_others():
    d = xor(deficient_point(LOG3_HALF))
    d.kernel("P", [["1", "-1", "-1", "1"]])
    assert accepted(d)
    d.undo()
    d.kernel("P", [["1", "-1", "1", "1"]])
    assert outcome(d) == ("evidence", "evidence.vectors[0]")
