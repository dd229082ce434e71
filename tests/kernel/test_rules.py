"""False or unsupported certificates, rule by rule: each is rejected with its code and place."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from cases.kernel_cases import (
    ALMOST,
    CASES,
    EVERYWHERE,
    HERE,
    PRIME,
    XOR_X,
    XOR_Y,
    Draft,
    deficient_point,
    digest_of,
    layer,
    sealed,
)
from flint import fmpz

from lossproof.certificates.kernel.check import RULES, check_certificate


def outcome(draft):
    result = check_certificate(draft.finish() if isinstance(draft, Draft) else draft)
    assert not result.ok
    assert result.steps == result.claims == ()
    assert len(result.failures) == 1
    return result.failures[0].code, result.failures[0].place


def xor(*points, **options):
    return Draft((2, 2, 1), XOR_X, XOR_Y, *points, **options)


GENERIC = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/2"]), layer([["1"], ["2"]], ["0"])]
KINKED = [layer([["1", "-2"], ["1", "1"]], ["-1", "1/2"]), layer([["1"], ["2"]], ["0"])]
FULL = {"rank_lower": 4, "rank_upper": 4, "columns": 4}


@pytest.mark.parametrize("case", CASES)
def test_certificates_made_by_hand_are_accepted(case):
    document = CASES[case]()
    result = check_certificate(document)
    assert result.ok, result.failures
    assert [step.conclusion for step in result.steps] == [step["conclusion"] for step in document["steps"]]
    assert [step.rigor.value for step in result.steps] == [step["rigor"] for step in document["steps"]]
    assert all(str(step.step) in str(step) for step in result.steps)


def test_every_rule_has_an_accepted_certificate():
    assert set(RULES) == {step["rule"] for case in CASES.values() for step in case()["steps"]}


def test_no_minor_of_size_4_is_accepted_at_the_deficient_point():
    for rows in itertools.combinations(range(9), 4):
        d = xor(deficient_point("1"))
        d.lower("rank-minor", "P", 4, 0, (), {"rows": list(rows), "columns": [0, 1, 2, 3], "prime": PRIME, "u": 777})
        assert outcome(d) == ("evidence", "steps[0].evidence.rows")


@pytest.mark.parametrize("precision", [53, 128, 4000])
def test_no_ball_shows_rank_4_at_the_deficient_point(precision):
    d = xor(deficient_point("1"))
    evidence = {"rows": [0, 1, 2, 3], "columns": [0, 1, 2, 3], "precision": precision}
    d.lower("rank-ball", "P", 4, 0, (), evidence, "BALL")
    assert outcome(d) == ("evidence", "steps[0].evidence.rows")


def test_no_cholesky_shows_rank_4_at_the_deficient_point():
    d = xor(deficient_point("1"))
    d.lower("rank-gram", "P", 4, 0, rigor="VERIFIED_FLOAT")
    assert outcome(d) == ("evidence", "steps[0].conclusion.rank_lower")


@pytest.mark.parametrize(
    ("vectors", "place"),
    [
        ([["1", "-1", "-1", "1"], ["2", "-2", "-2", "2"]], "evidence.vectors"),
        ([["1", "-1", "-1", "1"], ["1", "-1", "-1", "1"]], "evidence.vectors"),
        ([["-1", "1", "1", "-1"]], "evidence.vectors[0][3]"),
        ([["1", "-1", "-1", "1"], ["0", "0", "0", "0"]], "evidence.vectors[1]"),
        ([["1", "-1", "1", "0"], ["1", "-1", "-1", "1"]], "evidence.vectors"),
        ([["1", "-1", "1", "0"], ["1", "-1", "0", "1"]], "evidence.vectors[0]"),
    ],
)
def test_kernel_vectors_must_be_reduced_and_annihilated(vectors, place):
    d = xor(deficient_point("1"))
    d.kernel("P", vectors)
    assert outcome(d) == ("evidence", f"steps[0].{place}")


@pytest.mark.parametrize("matrix", ["P", "Phi-1", "Phi-1+", "Psi-1", "W-1", "W-2*", "P-2"])
def test_a_matrix_that_depends_on_weights_needs_a_point(matrix):
    for rows in ([], [0]):
        d = xor(GENERIC)
        d.lower("rank-minor", matrix, len(rows), None, (), {"rows": rows, "columns": rows, "prime": PRIME, "u": None})
        assert outcome(d) == ("conclusion", "steps[0].conclusion.point")
    d = xor(GENERIC)
    d.kernel(matrix, [["1", "-1", "-1", "1"]], None)
    assert outcome(d)[0] in ("conclusion", "schema")


def test_even_an_empty_minor_has_wellformed_evidence():
    for change in ({"u": "5"}, {"u": 0}, {"prime": 4}, {"rows": [0]}):
        d = xor(GENERIC)
        d.lower("rank-minor", "P", 0, 0, (), {"rows": [], "columns": [], "prime": PRIME, "u": None, **change})
        assert outcome(d)[0] in ("evidence", "schema")


def test_structural_bounds_hold_at_no_particular_point():
    d = xor(GENERIC)
    d.upper("rank-size", "P", 4, 0)
    assert outcome(d) == ("conclusion", "steps[0].conclusion.point")


def test_a_premise_from_another_point_is_refused():
    d = xor(GENERIC, deficient_point("1"))
    low, up = d.minor("P", 0, u=5), d.upper("rank-size", "P", 4, None)
    d.claim("full-rank", "full-rank", HERE, "PROVED", FULL, 1, [low, up])
    assert outcome(d) == ("premise", "steps[2].premises[0]")
    d = xor(GENERIC, deficient_point("1"))
    weights = [d.minor("W-1"), d.minor("W-2")]
    up = d.kernel("P", [["1", "-1", "-1", "1"]], 1)
    d.claim("principles-suffice", "principles-suffice", EVERYWHERE, "REFUTED", {"rank_upper": 3, "columns": 4}, None, [*weights, up])
    assert outcome(d) == ("premise", "steps[3].premises[0]")


def test_a_bound_at_a_point_is_no_bound_everywhere():
    d = xor(deficient_point("1"))
    up = d.kernel("P", [["1", "-1", "-1", "1"]])
    d.claim("full-rank-nowhere", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 3, "columns": 4}, None, [up])
    assert outcome(d) == ("premise", "steps[1].premises[0]")
    d = xor(deficient_point("1"))
    low, up = d.minor("P", 0, u=5), d.kernel("P", [["1", "-1", "-1", "1"]])
    d.claim("full-rank-generic", "full-rank", ALMOST, "REFUTED", {"rank_lower": 3, "rank_upper": 3, "columns": 4}, None, [low, up])
    assert outcome(d) == ("premise", "steps[2].premises[1]")


def test_a_lower_bound_does_not_serve_as_an_upper_one():
    d = xor(deficient_point("1"))
    low = d.minor("P", 0, u=5)
    d.claim("full-rank-witness", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 3, "columns": 4}, None, [low])
    assert outcome(d) == ("premise", "steps[1].premises[0]")


def test_undecided_bounds_decide_nothing():
    d = xor(deficient_point("1"))
    low, up = d.minor("P", 0, u=5), d.upper("rank-size", "P", 4, None)
    for verdict in ("PROVED", "REFUTED"):
        e = Draft.__new__(Draft)
        e.document = {**d.document, "steps": list(d.document["steps"])}
        e.claim("full-rank", "full-rank", HERE, verdict, {"rank_lower": 3, "rank_upper": 4, "columns": 4}, 0, [low, up])
        assert outcome(e) == ("premise", "steps[2].premises")


@pytest.mark.parametrize(("part", "u", "place"), [("W", None, "prime"), ("X", None, "prime"), ("W", 17, "u")])
def test_the_prime_must_divide_no_denominator(part, u, place):
    small = f"1/{PRIME}"
    point = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/3"]), layer([[small if part == "W" else "1"], ["2"]], ["0"])]
    X = [["0", "0"], ["0", small if part == "X" else "1"], ["1", "0"], ["1", "1"]]
    d = Draft((2, 2, 1), X, XOR_Y, point, activation="softsign" if u is None else "tanh")
    matrix, row, column = ("Phi-0", 1, 1) if part == "X" else ("P-1", 0, 2)
    d.lower("rank-minor", matrix, 1, 0, (), {"rows": [row], "columns": [column], "prime": PRIME, "u": u})
    assert outcome(d) == ("evidence", f"steps[0].evidence.{place}")


def test_u_must_leave_all_denominators():
    prime = next(p for p in range(2**20 + 1, 2**21) if p % 4 == 1 and fmpz(p).is_prime())
    root = next(r for a in range(2, 100) if (r := pow(a, (prime - 1) // 4, prime)) and r * r % prime == prime - 1)
    point = [layer([["1"]], ["0"]), layer([["1"]], ["0"])]
    for u, expected in ((0, "evidence.u"), (prime, "evidence.u"), (root, "evidence.u"), (-1, "evidence.u")):
        d = Draft((1, 1, 1), [["1"], ["2"]], [["0"], ["0"]], point)
        d.lower("rank-minor", "Phi-1", 1, 0, (), {"rows": [0], "columns": [1], "prime": prime, "u": u})
        assert outcome(d) == ("evidence", f"steps[0].{expected}")
    d = Draft((1, 1, 1), [["1"], ["2"]], [["0"], ["0"]], point)
    d.lower("rank-minor", "Phi-1", 1, 0, (), {"rows": [0], "columns": [1], "prime": prime, "u": 3})
    assert check_certificate(d.finish()).ok


@pytest.mark.parametrize(
    ("options", "place"),
    [({"activation": "arctan"}, "rule"), ({"activation": "softsign"}, "rule"), ({"output_activation": "sin"}, "rule")],
)
def test_u_needs_its_setting(options, place):
    d = xor(GENERIC, **options)
    d.lower("rank-minor", "P", 1, 0, (), {"rows": [0], "columns": [0], "prime": PRIME, "u": 5})
    assert outcome(d) == ("evidence", f"steps[0].{place}")


def test_u_needs_rational_weights_and_one_hidden_layer():
    irrational = [layer([[["0", [[["pi"], "1"]]], "-2"], ["3/2", "1/2"]], ["1/4", "-1/2"]), GENERIC[1]]
    d = xor(irrational)
    d.lower("rank-minor", "Phi-1", 1, 0, (), {"rows": [0], "columns": [1], "prime": PRIME, "u": 5})
    assert outcome(d) == ("evidence", "steps[0].conclusion.point")
    deep = [layer([["1"]], ["0"]), layer([["1"]], ["0"]), layer([["1"]], ["0"])]
    d = Draft((1, 1, 1, 1), [["1"]], [["1"]], deep)
    d.lower("rank-minor", "Phi-1", 1, 0, (), {"rows": [0], "columns": [0], "prime": PRIME, "u": 5})
    assert outcome(d) == ("evidence", "steps[0].rule")


def test_values_that_are_not_rational_need_u_or_balls():
    d = xor(GENERIC)
    d.lower("rank-minor", "Phi-1", 1, 0, (), {"rows": [0], "columns": [0], "prime": PRIME, "u": None})
    assert outcome(d) == ("evidence", "steps[0].evidence.u")


@pytest.mark.parametrize("activation", ["relu", "leaky-relu:1/10"])
def test_a_kink_anywhere_rejects_evidence_and_claims(activation):
    for rule, evidence, rigor in (
        ("rank-minor", {"rows": [0], "columns": [0], "prime": PRIME, "u": None}, "EXACT"),
        ("rank-ball", {"rows": [0], "columns": [0], "precision": 64}, "BALL"),
    ):
        d = xor(KINKED, activation=activation)
        d.lower(rule, "P", 1, 0, (), evidence, rigor)
        assert outcome(d) == ("evidence", "steps[0].conclusion.point")
    d = xor(KINKED, activation=activation)
    d.lower("rank-gram", "P-1", 4, 0, rigor="VERIFIED_FLOAT")
    assert outcome(d) == ("evidence", "steps[0].conclusion.point")
    d = Draft(
        (1, 2, 1), [["1"], ["2"]], [["1"], ["2"]], [layer([["1", "1"]], ["-1", "1"]), layer([["1"], ["1"]], ["0"])], activation=activation
    )
    phi = d.minor("Phi-1+")
    block = d.lower("rank-last-block", "P-2", 2, 0, [phi])
    low, up = d.lower("rank-block", "P", 2, 0, [block]), d.upper("rank-size", "P", 2, None)
    steps = len(d.document["steps"])
    assert check_certificate(d.finish()).ok
    facts = {"rank_lower": 2, "rank_upper": 2, "columns": 2}
    for attempt in (
        lambda: d.claim("full-rank", "full-rank", HERE, "PROVED", facts, 0, [low, up]),
        lambda: d.claim("wide-layer", "wide-layer", HERE, "PROVED", {"layer": 1}, 0, [phi]),
        lambda: d.claim("one-hidden-layer", "one-hidden-layer", HERE, "PROVED", {}, 0, [d.minor("Phi-1")]),
    ):
        attempt()
        assert outcome(d)[0] == "evidence"
        del d.document["steps"][steps:]


def test_a_hidden_zero_is_a_kink_too():
    """z = 4^{1/2} - 2 is 0 as a real number, though not formally."""
    two = ["0", [[["root", "4", 2], "1"]]]
    point = [layer([[two]], ["-2"]), layer([["1"]], ["0"])]
    d = Draft((1, 1, 1), [["1"]], [["0"]], point, activation="relu", output_activation="identity")
    upper = d.upper("rank-size", "P", 1, None)
    block = d.lower("rank-last-block", "P-2", 1, 0, [d.minor("Phi-1+")])
    full = d.lower("rank-block", "P", 1, 0, [block])
    d.claim("full-rank", "full-rank", HERE, "PROVED", {"rank_lower": 1, "rank_upper": 1, "columns": 1}, 0, [full, upper])
    assert outcome(d) == ("evidence", f"steps[{len(d.document['steps']) - 1}].conclusion.point")


def test_second_derivatives_at_a_kink_of_the_first():
    point = [layer([["1", "1"]], ["0", "2"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((1, 2, 1), [["0"], ["1"]], [["2/3"], ["5/4"]], point, activation="softsign")
    learner = d.claim("exact-learning-point", "exact-learner", HERE, "PROVED", {}, 0)
    low, up = d.minor("P"), d.upper("rank-size", "P", 2, None)
    d.claim("full-rank", "full-rank", HERE, "PROVED", {"rank_lower": 2, "rank_upper": 2, "columns": 2}, 0, [low, up])
    morse = d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    assert check_certificate(d.finish()).ok
    d.claim("hessian-rank-point", "hessian-rank", HERE, "PROVED", {"rank_lower": 2, "rank_upper": 2}, 0, [learner, low, up, morse])
    assert outcome(d) == ("evidence", "steps[5].conclusion.point")


def one_claim(widths, X, Y, options, *args, **kwargs):
    d = Draft(widths, X, Y, **options)
    d.claim(*args, **kwargs)
    return outcome(d)


def test_rules_refuse_problems_they_are_not_about():
    two = ([["0"], ["1"]], [["0"], ["1"]])
    facts = {"rank_upper": 1, "columns": 2}
    zero = ("full-rank-zero", "full-rank", EVERYWHERE, "REFUTED", facts)
    assert one_claim((1, 1), *two, {}, *zero, evidence={"bias": "0"}) == ("evidence", "steps[0].rule")
    assert one_claim((1, 2, 1), *two, {"activation": "relu"}, *zero, evidence={"bias": "0"})[0] == "evidence"
    assert one_claim((1, 2, 1), *two, {"bias": "none"}, *zero, evidence={"bias": "1"}) == ("evidence", "steps[0].evidence.bias")
    fixed = {"bias": "fixed", "fixed_bias": [["1", "0"], ["1"]], "activation": "relu"}
    assert one_claim((1, 2, 1), *two, fixed, *zero, evidence={"bias": "0"})[0] == "evidence"
    one = ([["1"]], [["1"]])
    assert one_claim((1, 2, 1), *one, {}, *zero[:4], {"rank_upper": 1, "columns": 1}, evidence={"bias": "0"}) == (
        "evidence",
        "steps[0].rule",
    )
    sample = ("full-rank-single-sample", "full-rank", EVERYWHERE, "PROVED", {"rank_lower": 1, "columns": 1})
    for options in ({"bias": "none"}, {"activation": "relu"}, {"output_activation": "sin"}):
        assert one_claim((1, 2, 1), *one, options, *sample) == ("evidence", "steps[0].rule")
    dead = ("full-rank-dead-units", "full-rank", ALMOST, "REFUTED", {"rank_lower": 0, "rank_upper": 1, "columns": 2})
    for options in ({}, {"activation": "leaky-relu:1/2"}, {"activation": "relu", "bias": "none"}):
        assert one_claim((1, 2, 1), *two, options, *dead) == ("evidence", "steps[0].rule")
    convex = ("no-bad-minima-convex", "no-bad-local-minima", EVERYWHERE, "PROVED")
    for widths, options in (((1, 2, 1), {}), ((1, 1), {"output_activation": "tanh"}), ((1, 1), {"error": "cauchy:1"})):
        assert one_claim(widths, *two, options, *convex) == ("evidence", "steps[0].rule")
    semidefinite = ("ggn-semidefinite-convex", "ggn-semidefinite", EVERYWHERE, "PROVED")
    assert one_claim((1, 2, 1), *two, {"error": "cauchy:1"}, *semidefinite) == ("evidence", "steps[0].rule")
    bounded = ("ggn-semidefinite-range", "ggn-semidefinite", EVERYWHERE, "PROVED")
    for options in ({"error": "cauchy:9"}, {"error": "cauchy:3", "output_activation": "tanh"}, {"output_activation": "tanh"}):
        assert one_claim((1, 2, 1), *two, options, *bounded) == ("evidence", "steps[0].rule")
    hessian = ("hessian-rank-everywhere", "hessian-rank", EVERYWHERE, "PROVED", {"rank_lower": 0, "rank_upper": 2})
    for options in ({"activation": "softsign"}, {"error": "logistic"}):
        assert one_claim((1, 2, 1), *two, options, *hessian) == ("evidence", "steps[0].rule")


def one_upper(widths, X, options, *args):
    d = Draft(widths, X, [["1"]] * len(X), **options)
    d.upper(*args)
    return outcome(d)


def test_structural_rank_rules_refuse_problems_they_are_not_about():
    X = [["1"], ["2"], ["3"], ["4"]]
    rule = ("evidence", "steps[0].rule")
    assert one_upper((1, 2, 1), X, {}, "rank-duplicate", "P", 4, None) == rule
    for options in ({}, {"activation": "relu", "bias": "fixed", "fixed_bias": [["1", "1"], ["1"]]}, {"activation": "elu"}):
        assert one_upper((1, 1, 1), X, options, "rank-homogeneous", "P", 3, None)[0] in ("evidence", "schema")
    for options in ({}, {"activation": "power:2", "output_activation": "sin"}, {"activation": "power:16"}):
        widths = (1, 1, 1, 1) if options.get("activation") == "power:16" else (1, 1, 1)
        assert one_upper(widths, X, options, "rank-polynomial", "P", 3, None) == rule
    assert one_upper((1, 1), X, {}, "rank-bottleneck", "P", 4, None) == rule
    for options in ({}, {"activation": "identity", "bias": "fixed", "fixed_bias": [["1"], ["1"]]}):
        d = Draft((1, 1, 1), X, [["1"]] * 4, **options)
        d.upper("rank-linear", "P", 2, None, [d.upper("rank-size", "Phi-0+", 2 if not options else 1, None)])
        assert outcome(d) == ("evidence", "steps[1].rule")


def test_rank_rules_that_need_an_invertible_output_derivative():
    for output in ("sin", "relu", "gelu", "power:2"):
        d = xor(GENERIC, output_activation=output)
        phi = d.minor("Phi-1+", 0, u=5)
        d.lower("rank-last-block", "P-2", 3, 0, [phi])
        assert outcome(d) == ("evidence", "steps[1].rule")
        d = xor(GENERIC, output_activation=output)
        d.lower("rank-psi", "Psi-2", 4, 0)
        assert outcome(d) == ("evidence", "steps[0].rule")


def test_psi_needs_weights_without_their_bias_row():
    d = xor(GENERIC)
    d.lower("rank-psi", "Psi-1", 4, 0, [d.minor("W-2")])
    assert outcome(d) == ("premise", "steps[1].premises[0]")


def test_kinked_activations_are_not_analytic():
    for activation in ("leaky-relu:1/10", "softsign", "elu"):
        point = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/3"]), layer([["1"], ["2"]], ["0"])]
        d = xor(point, activation=activation)
        low, up = d.ball("P"), d.upper("rank-size", "P", 4, None)
        d.claim("full-rank-generic", "full-rank", ALMOST, "PROVED", FULL, None, [low, up])
        assert outcome(d) == ("evidence", "steps[2].rule")


def test_principles_are_refuted_only_where_the_others_hold():
    document = CASES["xor_deficient"]()
    document["problem"]["Y"] = [["0"]] * 4
    document["digest"] = digest_of(document["problem"])
    assert check_certificate(sealed(document)).ok
    d = Draft((2, 1, 1), XOR_X, XOR_Y, [layer([["1"], ["1"]], ["0"]), layer([["1"]], ["0"])], activation="relu", bias="none")
    up = d.kernel("P", [["1", "0", "0", "0"], ["0", "-1", "1", "0"], ["0", "-2", "0", "1"]])
    d.claim(
        "principles-suffice",
        "principles-suffice",
        EVERYWHERE,
        "REFUTED",
        {"rank_upper": 1, "columns": 4},
        None,
        [d.minor("W-1"), d.minor("W-2"), up],
    )
    assert outcome(d)[0] == "evidence"


def test_exact_learning_needs_targets_that_are_reached():
    for options, Y in (
        ({"output_activation": "tanh"}, [["1"], ["0"]]),
        ({"error": "logistic"}, [["1"], ["1/2"]]),
        ({"error": "logistic", "output_activation": "tanh"}, [["1/2"], ["1/2"]]),
    ):
        d = Draft((1, 2, 1), [["0"], ["1"]], Y, [layer([["1", "2"]], ["0", "1"]), layer([["1"], ["1"]], ["0"])], **options)
        d.claim("exact-learning-wide", "exact-learning", EVERYWHERE, "PROVED", {}, None, [d.ball("Phi-1+")])
        assert outcome(d) == ("evidence", "steps[1].rule")


def test_exact_learners_are_exact():
    point = [layer([["1", "1"]], ["1", "2"]), layer([["1"], ["1"]], ["0"])]
    for Y, code in (([["7/6"], ["17/12"]], None), ([["7/6"], [str(Fraction(17, 12) + Fraction(1, 10**30))]], "evidence")):
        d = Draft((1, 2, 1), [["0"], ["1"]], Y, point, activation="softsign")
        d.claim("exact-learning-point", "exact-learner", HERE, "PROVED", {}, 0)
        assert check_certificate(d.finish()).ok if code is None else outcome(d) == (code, "steps[0].conclusion.point")
    for precision in (64, 2000):
        d = Draft((1, 2, 1), [["0"], ["1"]], [["7/6"], ["17/12"]], point, activation="softsign")
        evidence = {"sample": 1, "output": 0, "precision": precision}
        d.claim("not-exact-point", "exact-learner", HERE, "REFUTED", {}, 0, (), evidence, "BALL")
        assert outcome(d) == ("evidence", "steps[0].evidence.output")


def test_existence_needs_the_wide_layer_itself():
    document = CASES["exact_learner"]()
    d = Draft.__new__(Draft)
    d.document = {key: value for key, value in document.items() if key not in ("digest", "length")}
    d.claim("manifold-exists", "manifold", EVERYWHERE, "PROVED", {"dimension": 5}, None, [2])
    assert outcome(d)[0] == "premise"
    d = Draft.__new__(Draft)
    d.document = CASES["probabilities"]()
    d.claim("manifold-exists", "manifold", EVERYWHERE, "PROVED", {"dimension": 5}, None, [2])
    assert outcome(d) == ("evidence", "steps[2].rule")


def test_small_residuals_curve_upwards():
    for error in ("cauchy:1/4", "blake-zisserman:1"):
        point = [layer([["1", "-2"], ["1", "1"]], ["1/4", "1/2"]), layer([["0"], ["0"]], ["1/4"])]
        d = xor(point, error=error)
        evidence = {"point": 0, "output": 0, "precision": 64}
        d.claim("ggn-semidefinite-witness", "ggn-semidefinite", EVERYWHERE, "REFUTED", {}, evidence=evidence, rigor="BALL")
        assert outcome(d) == ("evidence", "steps[0].evidence.point")


def test_reach_of_affine_networks():
    def reach(combination, **options):
        d = Draft((2, 2, 1) if "activation" in options else (2, 1), XOR_X, XOR_Y, **options)
        d.claim("exact-learning-linear", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"combination": combination})
        return check_certificate(d.finish())

    assert reach(["1", "-1", "-1", "1"], activation="identity").ok
    assert reach(["5", "-1", "-1", "1"], bias="none").ok
    assert reach(["5", "-1", "-1", "1"], bias="fixed", fixed_bias=[["1"]]).ok
    for combination, options in (
        (["5", "-1", "-1", "1"], {}),
        (["1", "-1", "1", "-1"], {}),
        (["0", "0", "0", "0"], {}),
        (["1", "-1", "-1", "1"], {"activation": "tanh"}),
        (["1", "-1", "-1", "1"], {"output_activation": "tanh"}),
        (["1", "-1", "-1", "1"], {"error": "logistic"}),
        (["5", "-1", "-1", "1"], {"activation": "identity", "bias": "fixed", "fixed_bias": [["1", "1"], ["1"]]}),
        (["5", "-1", "-1", "1"], {"bias": "fixed", "fixed_bias": [["-1/2"]]}),
    ):
        result = reach(combination, **options)
        assert [failure.code for failure in result.failures] == ["evidence"], (combination, options)


def test_fixed_biases_belong_to_the_problem():
    for b in (["1", "1"], ["0", "1/3"]):
        point = [layer([["1", "2"]], b), layer([["1"], ["1"]], ["0"])]
        d = Draft((1, 2, 1), [["0"]], [["0"]], point, bias="fixed", fixed_bias=[["0", "1"], ["0"]])
        assert outcome(d) == ("problem", "points[0][0].b")
    d = Draft((1, 2, 1), [["0"]], [["0"]], [layer([["1", "2"]], ["0", "1"]), layer([["1"], ["1"]], ["0"])], bias="none")
    assert outcome(d) == ("problem", "points[0][0].b")


def test_the_first_bad_step_ends_the_check():
    document = CASES["xor_generic"]()
    document["steps"][4]["conclusion"]["facts"]["guaranteed"] = [2, 1]
    document["steps"][9]["rule"] = "nonsense"
    assert outcome(document) == ("conclusion", "steps[4].conclusion.facts.guaranteed[0]")


def test_no_step_may_use_itself_or_a_later_one():
    document = CASES["xor_generic"]()
    for premise in (19, 20):
        document["steps"][18]["premises"][0] = premise
        assert outcome(document) == ("premise", "steps[18].premises[0]")


def test_types_count_in_conclusions():
    d = Draft((1, 1), [["1"]], [["1"]])
    d.claim("principle-widths", "principle-widths", EVERYWHERE, "PROVED", {"guaranteed": [True]})
    assert outcome(d) == ("conclusion", "steps[0].conclusion.facts.guaranteed[0]")
