"""False or unsupported claims about exact learners, principles and curvature, rule by rule: each is rejected with its code and place."""

from __future__ import annotations

from fractions import Fraction

import pytest
from cases.kernel_cases import CASES
from cases.kernel_cases_learners import against_the_order, learned
from cases.kernel_draft import ALMOST, EVERYWHERE, XOR_X, XOR_Y, Draft, layer
from cases.kernel_outcomes import accepted, outcome
from cases.kernel_problems import TWO, xor

from lossproof.certificates.kernel.check import check_certificate

RULE = ("evidence", "rule")
WIDE = [layer([["1", "2"]], ["0", "1"]), layer([["1"], ["1"]], ["0"])]


def one_claim(widths, X, Y, options, *args, **kwargs):
    d = Draft(widths, X, Y, **options)
    d.claim(*args, **kwargs)
    return outcome(d)


def test_rules_refuse_problems_they_are_not_about():
    for widths, options in (((1, 2, 1), {}), ((1, 1), {"output_activation": "tanh"}), ((1, 1), {"error": "cauchy:1"})):
        d = Draft(widths, *TWO, **options)
        d.imply("convex", "no-bad-local-minima", EVERYWHERE)
        assert outcome(d) == ("premise", "premises")
    semidefinite = ("record", "ggn-semidefinite", EVERYWHERE)
    assert one_claim((1, 2, 1), *TWO, {"error": "cauchy:1"}, *semidefinite) == RULE
    for options in ({"error": "cauchy:9"}, {"error": "cauchy:3", "output_activation": "tanh"}, {"output_activation": "tanh"}):
        d = Draft((1, 2, 1), *TWO, **options)
        d.imply("ggn-semidefinite", "ggn-semidefinite", EVERYWHERE)
        assert outcome(d) == ("premise", "premises")
    hessian = ("record", "hessian-rank", EVERYWHERE, {"rank_lower": 0, "rank_upper": 2})
    for options in ({"activation": "softsign"}, {"error": "logistic"}):
        assert one_claim((1, 2, 1), *TWO, options, *hessian) == RULE


def test_records_speak_of_their_statements_everywhere():
    for statement in ("full-rank", "exact-learning", "no-bad-local-minima", "stationary", "", "Count"):
        assert one_claim((1, 2, 1), *TWO, {}, "record", statement, EVERYWHERE) == ("conclusion", "conclusion.statement")
    for at in (0, ALMOST, "W*1"):
        d = Draft((1, 2, 1), *TWO, WIDE)
        d.claim("record", "count", at, {"N_net": 7, "required": 2})
        assert outcome(d) == ("conclusion", "conclusion.at")


@pytest.mark.parametrize("error", ["logistic", "softmax"])
def test_exact_learners_of_cross_entropies_need_no_equal_outputs(error):
    """Claims about outputs that equal their targets are of no use there: an exact learner has ``∇E = 0``."""
    widths, Y = ((1, 2, 1), [["1/3"], ["1/2"]]) if error == "logistic" else ((1, 2, 2), [["1/3", "2/3"], ["1/2", "1/2"]])
    point = [layer([["1", "2"]], ["0", "1"]), layer([["1"] * widths[2]] * 2, ["0"] * widths[2])]
    d = Draft(widths, [["0"], ["1"]], Y, point, error=error)
    found = learned(d, "learner-wide", [d.inclusion("Phi-1+")], facts={"rank_lower": 2 * widths[2], "target_radius": "0"})
    learner = d.imply("named-learner", "exact-learner", "W*1", {}, [found])
    assert accepted(d)
    bounds = {"loss_lower": "0", "loss_upper": "100"}
    d.claim("loss-bounds", "loss-bounds", "W*1", {**bounds, "radius": "0"}, [learner], {**bounds, "precision": 64}, "BALL")
    assert outcome(d) == RULE
    d.undo()
    for rule, verdict, evidence, rigor in (
        ("learner-exact", "PROVED", {}, "EXACT"), ("learner-apart", "REFUTED", {"sample": 0, "output": 0, "precision": 64}, "BALL"),
    ):  # fmt: skip
        d.claim(rule, "exact-learner", 0, {}, (), evidence, rigor, verdict)
        assert outcome(d) == RULE
        d.undo()


def test_exact_learning_needs_targets_that_are_reached():
    for options, Y in (
        ({"output_activation": "tanh"}, [["1"], ["0"]]),
        ({"error": "logistic"}, [["1"], ["1/2"]]),
        ({"error": "logistic", "output_activation": "tanh"}, [["1/2"], ["1/2"]]),
    ):
        d = Draft((1, 2, 1), [["0"], ["1"]], Y, WIDE, **options)
        learned(d, "learner-wide", [d.inclusion("Phi-1+")], facts={"rank_lower": 2, "target_radius": "0"})
        assert outcome(d) == RULE


@pytest.mark.parametrize(
    ("options", "rank"),
    [
        ({}, 2),
        ({"output_activation": "sin"}, 0),
        ({"output_activation": "relu"}, 0),
        ({"output_activation": "softsign"}, 2),
        ({"activation": "elu"}, 2),
    ],
    ids=str,
)
def test_the_rank_at_the_learner_of_a_wide_layer(options, rank):
    """Full where the derivative of the output vanishes nowhere and all exist; and never claimed for more."""
    for claimed in (0, 1, 2, 3):
        d = Draft((1, 2, 1), [["0"], ["1"]], [["1/2"], ["1/3"]], WIDE, **options)
        found = learned(d, "learner-wide", [d.inclusion("Phi-1+")], facts={"rank_lower": claimed, "target_radius": "0"})
        if claimed != rank:
            assert outcome(d) == ("conclusion", "conclusion.facts.rank_lower")
            continue
        assert accepted(d)
        d.lower("rank-regular", "P", 2, "W*1", [found])
        assert accepted(d) if rank == 2 else outcome(d) == ("premise", "premises[0]")


def test_a_relu_layer_that_may_meet_its_kinks_gives_no_rank():
    d = Draft((1, 2, 1), [["1"], ["2"]], [["1/2"], ["1/3"]], [layer([["1", "1"]], ["1", "-1"]), WIDE[1]], activation="relu")
    learned(d, "learner-wide", [d.minor("Phi-1+")], facts={"rank_lower": 2, "target_radius": "0"})
    assert outcome(d) == ("conclusion", "conclusion.facts.rank_lower")


def test_exact_learners_are_exact():
    point = [layer([["1", "1"]], ["1", "2"]), layer([["1"], ["1"]], ["0"])]
    for Y, fine in (([["7/6"], ["17/12"]], True), ([["7/6"], [str(Fraction(17, 12) + Fraction(1, 10**30))]], False)):
        d = Draft((1, 2, 1), [["0"], ["1"]], Y, point, activation="softsign")
        d.claim("learner-exact", "exact-learner")
        assert accepted(d) if fine else outcome(d) == ("evidence", "conclusion.at")
    for precision in (64, 2000):
        d = Draft((1, 2, 1), [["0"], ["1"]], [["7/6"], ["17/12"]], point, activation="softsign")
        evidence = {"sample": 1, "output": 0, "precision": precision}
        d.claim("learner-apart", "exact-learner", 0, {}, (), evidence, "BALL", "REFUTED")
        assert outcome(d) == ("evidence", "evidence.output")


def test_what_follows_at_a_learner_needs_the_claim_that_it_is_one():
    d = Draft.of(CASES["exact_learner"](), 6)
    learning, fully, curved = 2, 6, 5
    for premises, place in (([learning, fully, curved], "premises[0]"), ([1, 1, curved], "premises[1]"), ([1, fully, 4], "premises[2]")):
        d.imply("manifold", "manifold", 0, {"dimension": 5}, premises)
        assert outcome(d) == ("premise", place)
        d.undo()
    for at in (EVERYWHERE, ALMOST):
        d.imply("manifold", "manifold", at, {"dimension": 5}, [1, fully, curved])
        assert outcome(d) in (("conclusion", "conclusion.at"), ("premise", "premises[2]"))
        d.undo()
    d.imply("manifold", "manifold", "W*1", {"dimension": 5}, [1, fully, curved])
    assert outcome(d)[0] in ("conclusion", "premise")


def test_the_learners_of_softmax_are_more_than_those_with_given_logits():
    """All logits of a sample may be shifted: the learners near one of full rank form a manifold of dimension ``N − T (n_L − 1)``, not ``N − T n_L``."""
    point = [layer([["1", "2"]], ["0", "1"]), layer([["1", "0"], ["1", "1"]], ["0", "0"])]
    d = Draft((1, 2, 2), [["0"], ["1"]], [["1/3", "2/3"], ["1/2", "1/2"]], point, error="softmax")
    found = learned(d, "learner-wide", [d.inclusion("Phi-1+")], facts={"rank_lower": 4, "target_radius": "0"})
    learner, low = d.imply("named-learner", "exact-learner", "W*1", {}, [found]), d.lower("rank-regular", "P", 4, "W*1", [found])
    fully = d.define("full-rank", "W*1", {"rank_lower": 4, "rank_upper": 4, "columns": 4}, [low, d.size("P", 4)])
    assert accepted(d)
    d.imply("manifold", "manifold", "W*1", {"dimension": 6}, [learner, fully])
    assert outcome(d) == ("premise", "premises")


def test_small_residuals_curve_upwards():
    for error, expected in (
        ("cauchy:1/4", ("evidence", "evidence.point")), ("blake-zisserman:1", ("evidence", "evidence.point")), ("squared", RULE), ("smooth-l1:1", RULE),
    ):  # fmt: skip
        point = [layer([["1", "-2"], ["1", "1"]], ["1/4", "1/2"]), layer([["0"], ["0"]], ["1/4"])]
        d = xor(point, error=error)
        evidence = {"point": 0, "output": 0, "precision": 64}
        d.claim("ggn-semidefinite-witness", "ggn-semidefinite", EVERYWHERE, {}, (), evidence, "BALL", "REFUTED")
        assert outcome(d) == expected


@pytest.mark.parametrize("output", ["relu", "leaky-relu:1/10", "tanh", "softsign", "power:2"])
def test_far_residuals_of_any_output_curve_downwards(output):
    """``e'' < 0`` at all residuals, and the slope of the output exists and is not 0 at ``z = 9``."""
    error = "cauchy:1/1000000"
    point = [layer([["1", "-2"], ["1", "1"]], ["1/4", "1/2"]), layer([["0"], ["0"]], ["9"])]
    d = xor(point, error=error, output_activation=output)
    d.document["problem"]["Y"] = [["7"]] * 4
    evidence = {"point": 0, "output": 0, "precision": 64}
    d.claim("ggn-semidefinite-witness", "ggn-semidefinite", EVERYWHERE, {}, (), evidence, "BALL", "REFUTED")
    assert accepted(d)


def test_reach_of_affine_networks():
    def reach(combination, **options):
        d = Draft((2, 2, 1) if "activation" in options else (2, 1), XOR_X, XOR_Y, **options)
        d.claim("unlearnable-linear", "exact-learning", EVERYWHERE, {}, (), {"combination": combination}, verdict="REFUTED")
        return check_certificate(d.finish())

    assert reach(["1", "-1", "-1", "1"], activation="identity").ok
    assert reach(["5", "-1", "-1", "1"], bias="none").ok
    assert reach(["5", "-1", "-1", "1"], bias="fixed", fixed_bias=[["1"]]).ok
    assert reach(["1", "-1", "-1", "1"], bias="fixed", fixed_bias=[[["0", [[["pi"], "1"]]]]]).ok
    for combination, options in (
        (["5", "-1", "-1", "1"], {}),
        (["1", "-1", "1", "-1"], {}),
        (["0", "0", "0", "0"], {}),
        (["1", "-1", "-1", "1"], {"activation": "tanh"}),
        (["1", "-1", "-1", "1"], {"activation": "sin"}),
        (["1", "-1", "-1", "1"], {"error": "logistic"}),
        (["5", "-1", "-1", "1"], {"activation": "identity", "bias": "fixed", "fixed_bias": [["1", "1"], ["1"]]}),
        (["5", "-1", "-1", "1"], {"bias": "fixed", "fixed_bias": [["-1/2"]]}),
        (["5", "-1", "-1", "1"], {"bias": "fixed", "fixed_bias": [[["0", [[["pi"], "1"]]]]]}),
    ):
        result = reach(combination, **options)
        assert [failure.code for failure in result.failures] == ["evidence"], (combination, options)


def test_preimages_of_the_targets_break_an_affine_relation():
    def reach(bounds, widths=(1, 1), Y=("1/4", "1/3", "9/10"), combination=("1", "-2", "1"), **options):
        d = Draft(widths, [["1"], ["2"], ["3"]], [[y] for y in Y], **{"output_activation": "sigmoid"} | options)
        evidence = {"combination": list(combination), "output": 0, "bounds": [list(pair) for pair in bounds], "precision": 64}
        d.claim("unlearnable-linear", "exact-learning", EVERYWHERE, {}, (), evidence, "BALL", "REFUTED")
        return [(failure.code, failure.place) for failure in check_certificate(d.finish()).failures]

    close = (("-1.1", "-1.09"), ("-0.7", "-0.69"), ("2.19", "2.2"))
    bounds = [[str(Fraction(q)) for q in pair] for pair in close]
    assert reach(bounds) == []
    assert reach(bounds, (1, 1, 1), activation="identity") == []
    assert reach(bounds, bias="fixed", fixed_bias=[[["0", [[["pi"], "1"]]]]]) == []
    assert reach(bounds[:2], combination=("-2", "1", "0"), bias="none") == []
    assert reach(bounds[:2], combination=("-2", "1", "0"), bias="fixed", fixed_bias=[["1"]]) == []
    evidence = "evidence", "steps[0].evidence.bounds"
    # Σ k_i z_i may be 0: wide bounds, evenly spaced logits, and −2 z_1 + z_2 = −c for the fixed c = −1.504
    assert reach([["-2", "0"], ["-1", "0"], ["0", "3"]]) == [evidence]
    assert reach([bounds[0], ["-1/100", "1/100"], ["1.09", "1.1"]], Y=("1/4", "1/2", "3/4")) != []
    assert reach(bounds[:2], combination=("-2", "1", "0"), bias="fixed", fixed_bias=[["-3/2"]]) == [evidence]
    # a target outside its bounds, irrational constants, hidden units, outputs that do not increase, a cross-entropy
    assert reach([["-1", "-1/2"], *bounds[1:]]) == [evidence]
    assert reach(bounds[:2], combination=("-2", "1", "0"), bias="fixed", fixed_bias=[[["0", [[["pi"], "1"]]]]]) == [evidence]
    for options in ({"widths": (1, 1, 1), "activation": "tanh"}, {"output_activation": "relu"}, {"output_activation": "gelu"}):
        assert reach(bounds, **options) == [("evidence", "steps[0].rule")], options
    assert reach(bounds[:2], combination=("-2", "1", "0")) == [("evidence", "steps[0].evidence.combination")]


@pytest.mark.parametrize(
    "activation", ["tanh", "relu", "leaky-relu:1/100", "hard-tanh", "softsign", "elu", "power:3", "identity", "sigmoid", "power:1"]
)
def test_targets_against_the_order_of_a_narrow_network(activation):
    assert check_certificate(against_the_order(activation)).ok


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"activation": "gelu"}, "rule"),
        ({"activation": "sin"}, "rule"),
        ({"activation": "power:2"}, "rule"),
        ({"k": ("1", "-1", "-1", "1")}, "evidence.combination"),
        ({"k": ("0", "0", "0", "0")}, "evidence.combination"),
        ({"k": ("1", "0", "0", "0")}, "evidence.combination"),
        ({"Y": ("1", "1", "1", "1")}, "evidence.combination"),
        ({"Y": ("0", "1", "2", "3")}, "evidence.combination"),
        # OR: equal targets at three corners say nothing about a relu, which may be dead there
        ({"Y": ("0", "1", "1", "1"), "activation": "relu"}, "evidence.combination"),
        ({"Y": ("0", "1", "1", "1"), "activation": "hard-tanh"}, "evidence.combination"),
    ],
)
def test_orders_that_contradict_nothing(changes, place):
    result = check_certificate(against_the_order(**changes))
    assert [failure.place for failure in result.failures] == [f"steps[0].{place}"]


def test_equal_targets_have_equal_inputs_of_the_unit_where_all_activations_increase():
    assert check_certificate(against_the_order("tanh", ("0", "1", "1", "1"))).ok
    assert check_certificate(against_the_order("leaky-relu:1/100", ("2", "1", "1", "1"), ("1", "-1", "-1", "1"))).ok


def test_fixed_biases_belong_to_the_problem():
    for options, b in (
        ({"bias": "fixed", "fixed_bias": [["0", "1"], ["0"]]}, ["1", "1"]),
        ({"bias": "fixed", "fixed_bias": [["0", "1"], ["0"]]}, ["0", "1/3"]),
        ({"bias": "none"}, ["0", "1"]),
    ):
        d = Draft((1, 2, 1), [["0"]], [["0"]], [layer([["1", "2"]], b), layer([["1"], ["1"]], ["0"])], **options)
        result = check_certificate(d.finish())
        assert [(failure.code, failure.place) for failure in result.failures] == [("problem", "points[0][0].b")]


def test_the_first_bad_step_ends_the_check():
    document = CASES["xor_generic"]()
    document["steps"][4]["conclusion"]["facts"]["guaranteed"] = [2, 1]
    document["steps"][9]["rule"] = "nonsense"
    result = check_certificate(document)
    assert [(failure.code, failure.place) for failure in result.failures] == [("conclusion", "steps[4].conclusion.facts.guaranteed[0]")]


def test_no_step_may_use_itself_or_a_later_one():
    document = CASES["xor_generic"]()
    for premise in (19, 20):
        document["steps"][18]["premises"] = [premise]
        failure = check_certificate(document).failures[0]
        assert (failure.code, failure.place) == ("premise", "steps[18].premises[0]")


def test_types_count_in_conclusions():
    d = Draft((1, 1), [["1"]], [["1"]])
    d.record("principle-widths", {"guaranteed": [True]})
    assert outcome(d) == ("conclusion", "conclusion.facts.guaranteed[0]")


def test_a_learner_of_the_wide_layer_comes_from_a_bound_of_that_layer():
    d = Draft((1, 2, 1), [["0"], ["1"]], [["1"], ["0"]], WIDE)
    other, up, inputs = d.inclusion("Phi-1"), d.size("Phi-1+", 2), d.minor("Phi-0+")
    for premise in (other, up, inputs):
        learned(d, "learner-wide", [premise], facts={"rank_lower": 2, "target_radius": "0"})
        assert outcome(d) == ("premise", "premises[0]")
        d.undo()
