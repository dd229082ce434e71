"""False or unsupported claims about critical points, rule by rule: each is rejected with its code and place."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from cases.kernel_cases_critical import (
    BENT,
    BENT_X,
    BENT_Y,
    CRITICAL_CASES,
    DISTANCE,
    LEARNER_POINT,
    LOG3_HALF,
    MINUS_LOG3,
    RADIUS,
    SATURATED,
    boxed,
    classed,
    counts,
    descent,
    exact,
    inertia_ball,
    learner_in_box,
    loss_bounds,
    loss_exact,
    merged,
    merged_point,
    ranked,
    summary,
    xor_curve,
    xor_stationary,
)
from cases.kernel_draft import EVERYWHERE, HERE, XOR_X, XOR_Y, Draft, layer, sealed
from cases.kernel_outcomes import accepted, outcome
from flint import fmpq

from lossproof.certificates.kernel.check import RULES, check_certificate
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.rules.stationary_box import _merge


def strict(v=None):
    """The strict minimum's network, with another outgoing weight if one is given."""
    document = CRITICAL_CASES["strict_minimum"]()
    d = Draft.__new__(Draft)
    d.document = {**document, "steps": []}
    if v is not None:
        d.document["points"][0][1]["W"] = [[v]]
    return d


def regression(**options):
    return Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], [layer([["3/2"]], ["-1/2"])], **options)


def test_a_saturated_gradient_is_not_zero():
    d = Draft((2, 2, 1), XOR_X, XOR_Y, SATURATED)
    exact(d)
    assert outcome(d) == ("evidence", "conclusion.point")
    d = Draft((1, 1), [["1"], ["-1"]], [["1"], ["-1"]], [layer([["40"]], ["0"])], output_activation="tanh")
    exact(d)
    assert outcome(d) == ("evidence", "conclusion.point")
    for w in ("40", "1000", "1000000"):
        for radius in ("1/1048576", "1", "1000"):
            d = Draft((1, 1), [["1"], ["-1"]], [["1"], ["-1"]], [layer([[w]], ["0"])], output_activation="tanh")
            boxed(d, radius)
            assert outcome(d) == ("evidence", "evidence.radius")


def test_a_gradient_is_refuted_only_where_it_is_seen():
    d = regression()
    d.claim("stationary-refuted", "stationary", HERE, "REFUTED", {}, 0, (), {"parameter": 0, "precision": 64}, "BALL")
    assert outcome(d) == ("evidence", "evidence.parameter")
    w = [layer([["40"]], ["0"])]
    d = Draft((1, 1), [["1"], ["-1"]], [["1"], ["-1"]], w, output_activation="tanh")
    d.claim("stationary-refuted", "stationary", HERE, "REFUTED", {}, 0, (), {"parameter": 1, "precision": 256}, "BALL")
    assert outcome(d) == ("evidence", "evidence.parameter")


@pytest.mark.parametrize("precision", [53, 64])
def test_a_box_near_a_critical_point_must_hold_it(precision):
    for radius, fine in ((RADIUS, True), ("1/1" + "0" * 30, False), ("1/4", False), ("100", False)):
        d = strict()
        boxed(d, radius, precision=precision)
        assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.radius")
    d = strict("1/2")
    boxed(d, "1/1000")
    assert outcome(d) == ("evidence", "evidence.radius")
    d = strict()
    boxed(d, "0")
    assert outcome(d) == ("evidence", "evidence.radius")


def test_a_degenerate_critical_point_has_no_box():
    d = xor_stationary("1", "-2")
    boxed(d, "1/1024")
    assert outcome(d) == ("evidence", "evidence.radius")
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    boxed(d, "1/1024")
    assert outcome(d) == ("evidence", "evidence.radius")


def relu(point=BENT, **options):
    return Draft((1, 1, 1), BENT_X, BENT_Y, point, **{"activation": "relu", **options})


def test_a_kink_in_the_box_rejects():
    d = relu()
    boxed(d, "1/2", [0])
    assert outcome(d) == ("evidence", "conclusion.point")
    d = relu()
    evidence = {"layer": 1, "groups": [[0]], "shares": ["1"], "radius": "1/1024", "precision": 64}
    d.claim("stationary-merged", "stationary", HERE, "PROVED", {"radius": "1/1024", "dimension": 0}, 0, (), evidence, "BALL")
    assert outcome(d) == ("evidence", "evidence.groups")
    point = [layer([["1"]], ["-1"]), layer([["0"]], ["1"])]
    for activation, fine in (("relu", False), ("leaky-relu:1/2", False), ("softsign", True), ("elu", True)):
        d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], point, activation=activation)
        premise = exact(d)
        if not fine:
            assert outcome(d) == ("evidence", "conclusion.point")
            continue
        accepted(d)
        d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 0, 4), 0, [premise])
        assert outcome(d) == ("evidence", "conclusion.point")
        for radius in ("0",):
            d.document["steps"].pop()
            inertia_ball(d, premise, 0, 0, 4, radius=radius)
            assert outcome(d) == ("evidence", "conclusion.point")


def test_fixed_weights_need_a_scaling_symmetry():
    for fixed in ([1], [2], [0, 2], [3]):
        d = relu()
        boxed(d, "1/1024", fixed)
        assert outcome(d)[0] == "evidence", fixed
    d = relu([layer([["0"]], ["1/3"]), layer([["1"]], ["2"])])
    boxed(d, "1/1024", [0])
    assert outcome(d) == ("evidence", "evidence.fixed[0]")
    d = strict()
    boxed(d, fixed=[0])
    assert outcome(d) == ("evidence", "evidence.fixed")
    d = relu(bias="fixed", fixed_bias=[["-1/3"], ["0"]])
    boxed(d, "1/1024", [0])
    assert outcome(d) == ("evidence", "evidence.fixed")
    d = regression(activation="relu")
    boxed(d, fixed=[0])
    assert outcome(d) == ("evidence", "evidence.fixed")


MERGED = ("1/3", "2/3")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"shares": ["1/2", "1/2"]}, "evidence.shares[0]"),
        ({"shares": ["1/3", "1/3"]}, "evidence.shares"),
        ({"groups": [[0], [1]], "shares": ["1", "1"]}, "evidence.groups"),
        ({"groups": [[1, 0]]}, "evidence.groups"),
        ({"groups": [[0]]}, "evidence.groups"),
        ({"groups": [[0, 1], []]}, "evidence.groups"),
        ({"groups": [[0, 0, 1]]}, "evidence.groups"),
        ({"layer": 2}, "evidence.layer"),
        ({"radius": "2"}, "evidence.radius"),
    ],
    ids=str,
)
def test_units_that_do_not_merge(change, place):
    d = merged(MERGED)
    evidence = {"layer": 1, "groups": [[0, 1]], "shares": list(MERGED), "radius": RADIUS, "precision": 128, **change}
    d.claim("stationary-merged", "stationary", HERE, "PROVED", {"radius": RADIUS, "dimension": 1}, 0, (), evidence, "BALL")
    assert outcome(d) == ("evidence", place)


def test_merged_units_are_equal_and_visible():
    d = merged(MERGED)
    d.document["points"][0][0]["W"][0][1] = "7/8"
    merged_point(d, MERGED)
    assert outcome(d) == ("evidence", "evidence.groups[0]")
    d = merged(("2", "-1"))
    merged_point(d, ("2", "-1"), reach=RADIUS)
    assert outcome(d)[0] == "conclusion"
    # outgoing weights 1, -1 have the sum 0: no shares of it
    d = merged(MERGED)
    d.document["points"][0][1]["W"] = [["1"], ["-1"]]
    merged_point(d, MERGED)
    assert outcome(d) == ("evidence", "evidence.shares[0]")
    # a merged unit that is not seen by the output: no family
    d = Draft((1, 2, 1), [["1"], ["1"]], [["0"], ["1"]], [layer([["1", "1"]], ["0", "0"]), layer([["0"], ["0"]], ["1/2"])])
    merged_point(d, MERGED)
    assert outcome(d)[0] == "evidence"


def test_merged_units_keep_the_fixed_biases_of_their_group():
    layers = [layer([["1"]], ["0"]), layer([["1", "1", "2"]], ["1/2", "1/2", "1/3"]), layer([["1/4"], ["3/4"], ["5"]], ["0"])]
    biases = [["0"], ["1/2", "1/2", "1/3"], ["0"]]
    d = Draft((1, 1, 3, 1), [["1"], ["2"]], [["1"]] * 2, layers, bias="fixed", fixed_bias=biases)
    problem = read_problem(d.document["problem"])
    smaller, point = _merge(problem, read_points(d.document["points"], problem)[0], 2, [[0, 1], [2]])
    assert smaller.widths == (1, 1, 2, 1)
    assert smaller.fixed_bias == ((fmpq(0),), (fmpq(1, 2), fmpq(1, 3)), (fmpq(0),))
    assert point.layers[1] == (((fmpq(1), fmpq(2)),), (fmpq(1, 2), fmpq(1, 3)))
    assert [[x == v for x, v in zip(row, (v,), strict=True)] for row, v in zip(point.layers[2][0], (1, 5), strict=True)] == [[True], [True]]
    d.document["points"][0][1]["b"] = d.document["problem"]["fixed_bias"][1] = ["1/2", "1/4", "1/3"]
    evidence = {"layer": 2, "groups": [[0, 1], [2]], "shares": ["1/4", "3/4", "1"], "radius": RADIUS, "precision": 64}
    d.claim("stationary-merged", "stationary", HERE, "PROVED", {"radius": RADIUS, "dimension": 1}, 0, (), evidence, "BALL")
    assert outcome(d) == ("evidence", "evidence.groups[0]")


def test_a_constant_network_needs_what_its_proof_uses():
    def constant(Y=XOR_Y, W=(["0", "0"], ["0", "0"]), c="1/2", **options):
        b = [c] if options.get("bias") != "none" else ["0"]
        d = Draft((2, 2, 1), XOR_X, Y, [layer([list(w) for w in W], ["0", "0"]), layer([["0"], ["0"]], b)], **options)
        d.claim("stationary-constant", "stationary", HERE, "PROVED", {"radius": "0", "dimension": 4}, 0)
        return d

    accepted(constant())
    assert outcome(constant(W=(["0", "0"], ["1/1000", "0"]))) == ("evidence", "conclusion.point")
    assert outcome(constant(c="1/3")) == ("evidence", "conclusion.point")
    assert outcome(constant(Y=[["0"], ["1"], ["0"], ["1"]])) == ("evidence", "conclusion.point")
    assert outcome(constant(bias="none")) == ("evidence", "rule")
    assert outcome(constant(output_activation="sin")) == ("evidence", "rule")
    assert outcome(constant(activation="relu")) == ("evidence", "conclusion.point")


def test_bounds_of_the_loss_are_proved():
    for lower, upper, place in (("1/5", "1/2", "loss_lower"), ("0", "1/10", "loss_upper"), ("1/10", "1/20", "loss_upper")):
        d = xor_stationary("1", "-2")
        loss_bounds(d, lower, upper, "0")
        assert outcome(d) == ("evidence", f"evidence.{place}")
    d = xor_stationary("1", "-2")
    loss_bounds(d, "1/8", "1/8", RADIUS)
    assert outcome(d) == ("evidence", "evidence.loss_lower")
    d = xor_stationary("1", "-2")
    loss_bounds(d, "0", "1", "-1")
    assert outcome(d) == ("evidence", "evidence.radius")
    d = Draft((1, 1, 1), [["1"]], [["1"]], [layer([["1"]], ["0"]), layer([["1"]], ["0"])])
    loss_exact(d, "0")
    assert outcome(d) == ("evidence", "conclusion.point")
    for error in ("cauchy:1", "smooth-l1:1", "blake-zisserman:1", "logistic"):
        d = Draft((1, 1), [["0"]], [["0"]], [layer([["1"]], ["0"])], error=error)
        loss_exact(d, "0")
        assert outcome(d) == ("evidence", "rule")


def test_the_loss_over_a_box_holds_at_its_corners():
    """``J = w²/2`` (squared) for w from 1/2 to 3/2, and ``−log(e^{-w²} + 1) < 0``."""
    for error, lower, upper, place in (
        ("squared", "0", "6/5", None),
        ("squared", "1/7", "6/5", "evidence.loss_lower"),
        ("squared", "0", "1", "evidence.loss_upper"),
        ("blake-zisserman:1", "-7/10", "0", None),
        ("blake-zisserman:1", "0", "1", "evidence.loss_lower"),
    ):
        d = Draft((1, 1), [["1"]], [["0"]], [layer([["1"]], ["0"])], bias="none", error=error)
        loss_bounds(d, lower, upper, "1/2")
        assert accepted(d) if place is None else outcome(d) == ("evidence", place)


@pytest.mark.parametrize("error", ["squared", "smooth-l1:1", "blake-zisserman:1/2", "cauchy:1/2", "logistic"])
def test_a_loss_over_a_very_wide_box_is_not_bounded(error):
    d = Draft((1, 2, 1), [["1"]], [["0"]], [layer([["1", "1"]], ["0", "0"]), layer([["1"], ["1"]], ["0"])], error=error, activation="gelu")
    loss_bounds(d, "0", "1", "1000000")
    assert outcome(d)[0] == "evidence"


def near(learners=1, precisions=(128, 128)):
    d = Draft((1, 1, 1), [["0"], ["1"]], [["1/4"], ["3/4"]], LEARNER_POINT)
    d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("principle-error", "principle-error", EVERYWHERE, "PROVED", {"error": "squared"})
    found = []
    for precision in precisions[:learners]:
        learner = learner_in_box(d)
        d.document["steps"][-1]["evidence"] = {**d.document["steps"][-1]["evidence"], "precision": precision}
        found.append(d.claim("stationary-learner", "stationary", HERE, "PROVED", {"radius": DISTANCE, "dimension": 2}, 0, [learner]))
    return d, found


def test_claims_in_a_box_are_about_one_critical_point():
    for precisions, same in (((128, 128), True), ((128, 192), False)):
        d, (first, second) = near(2, precisions)
        inertia = d.claim("inertia-learner", "inertia", HERE, "PROVED", counts(0, 2, 2, 0, DISTANCE), 0, [first, 1])
        classed(d, "local-minimum", second, inertia, DISTANCE)
        assert accepted(d) if same else outcome(d) == ("premise", "premises[1]")
        d.document["steps"].pop()
        bounds = {"loss_lower": "0", "loss_upper": "0"}
        loss = d.claim(
            "loss-learner", "loss-bounds", HERE, "PROVED", {**bounds, "radius": DISTANCE}, 0, [first], {**bounds, "precision": 64}
        )
        summary(d, "undecided", ("0", "0"), (0, 0, 0, 4), (0, 2), [second, loss], DISTANCE)
        assert accepted(d) if same else outcome(d) == ("premise", "premises[1]")
        d.document["steps"].pop()
        loss = loss_bounds(d, "0", "1/1000", DISTANCE)
        summary(d, "undecided", ("0", "1/1000"), (0, 0, 0, 4), (0, 2), [second, loss], DISTANCE)
        accepted(d)


def test_radii_of_premises_agree():
    d = strict()
    first, second = boxed(d), boxed(d, "1/1024")
    inertia = inertia_ball(d, first, 0, 4, 4)
    classed(d, "strict-minimum", second, inertia, "1/1024")
    assert outcome(d) == ("premise", "premises[1]")
    d.document["steps"].pop()
    loss = loss_bounds(d, "1/10000", "1/1000")
    summary(d, "undecided", ("1/10000", "1/1000"), (0, 0, 0, 4), (0, 4), [second, loss], "1/1024")
    assert outcome(d) == ("premise", "premises[1]")


def test_premises_are_about_the_same_point():
    point = [layer([["3/2"]], ["-1/2"])]
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], point, point)
    first, second = exact(d), exact(d, 1)
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 0, 2), 0, [first])
    loss = loss_exact(d, "1/4")
    for premises in ([second, inertia], [first, second], [loss, inertia]):
        classed(d, "strict-minimum", *premises)
        assert outcome(d)[0] == "premise"
        d.document["steps"].pop()
    classed(d, "strict-minimum", first, inertia, point=1)
    assert outcome(d) == ("premise", "premises[0]")
    d.document["steps"].pop()
    summary(d, "undecided", ("1/4", "1/4"), (0, 0, 0, 2), (0, 2), [second, loss], point=1)
    assert outcome(d) == ("premise", "premises[1]")
    d.document["steps"].pop()
    d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 0, 2), 1, [first])
    assert outcome(d) == ("premise", "premises[0]")


def test_counts_of_eigenvalues():
    for negative, positive, place in ((1, 3, "negative"), (0, 5, "positive"), (1, 4, "positive")):
        d = strict()
        inertia_ball(d, boxed(d), negative, positive, 4)
        assert outcome(d) == ("evidence", f"evidence.{place}")
    d = strict()
    point = boxed(d)
    classed(d, "strict-minimum", point, inertia_ball(d, point, 0, 3, 4), RADIUS)
    assert outcome(d) == ("premise", "premises[1]")
    d.document["steps"].pop()
    classed(d, "local-minimum", point, len(d.document["steps"]), RADIUS)
    assert outcome(d) == ("premise", "premises[1]")
    d.document["steps"].pop()
    classed(d, "saddle", point, len(d.document["steps"]), RADIUS)
    assert outcome(d) == ("premise", "premises[1]")
    d = relu()
    inertia_ball(d, boxed(d, "1/1024", [0]), 0, 4, 4, 1, "1/1024")
    assert outcome(d) == ("evidence", "evidence.positive")


def test_zeros_of_no_family_make_no_minimum():
    d = xor_stationary(LOG3_HALF, MINUS_LOG3)
    point = exact(d)
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 6, 3), 0, [point])
    classed(d, "local-minimum", point, inertia)
    assert outcome(d) == ("premise", "premises[1]")
    d.document["steps"].pop()
    classed(d, "strict-minimum", point, inertia)
    assert outcome(d) == ("premise", "premises[1]")


def test_exact_inertia_needs_a_rational_hessian():
    d = xor_stationary("1", "-2")
    d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 6, 3), 0, [exact(d)])
    assert outcome(d) == ("evidence", "conclusion.point")
    d = strict()
    d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 0, 4), 0, [boxed(d)])
    assert outcome(d) == ("premise", "premises[0]")


def test_kernel_vectors_of_the_hessian():
    unit = lambda k: [str(int(k == n)) for n in range(9)]  # noqa: E731

    def with_vectors(vectors, zero):
        d = xor_stationary("1", "-2")
        inertia = inertia_ball(d, exact(d), 0, 3, 9, radius="0")
        return d, d.claim("inertia-kernel", "inertia", HERE, "PROVED", counts(0, zero, 3, 6 - zero), 0, [inertia], {"vectors": vectors})

    d, first = with_vectors([unit(k) for k in range(4)], 4)
    accepted(d)
    d.claim("inertia-kernel", "inertia", HERE, "PROVED", counts(0, 1, 3, 5), 0, [first], {"vectors": [unit(4)]})
    assert outcome(d) == ("premise", "premises[0]")
    for vectors, place in (
        ([unit(8)], "evidence.vectors[0]"),
        ([unit(0), unit(0)], "evidence.vectors"),
        ([["2", *["0"] * 8]], "evidence.vectors[0][0]"),
        ([], "evidence.vectors"),
    ):
        assert outcome(with_vectors(vectors, len(vectors))[0]) == ("evidence", place)


def test_learners_and_what_follows_for_them():
    d, (found,) = near()
    d.claim("inertia-learner", "inertia", HERE, "PROVED", counts(0, 2, 2, 0, DISTANCE), 0, [found, 2])
    assert outcome(d) == ("premise", "premises[1]")
    d, (found,) = near()
    d.claim("global-learner", "global", HERE, "PROVED", {"radius": DISTANCE}, 0, [found, 1])
    assert outcome(d) == ("premise", "premises[1]")
    d = regression()
    bounds = {"loss_lower": "0", "loss_upper": "0"}
    d.claim("loss-learner", "loss-bounds", HERE, "PROVED", {**bounds, "radius": "0"}, 0, [exact(d)], {**bounds, "precision": 64})
    assert outcome(d) == ("premise", "premises[0]")
    d = regression()
    error = d.claim("principle-error", "principle-error", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("global-learner", "global", HERE, "PROVED", {"radius": "0"}, 0, [exact(d), error])
    assert outcome(d) == ("premise", "premises[0]")
    d = Draft((1, 1, 1), [["0"], ["1"]], [["1/4"], ["3/4"]], LEARNER_POINT, LEARNER_POINT)
    d.claim("stationary-learner", "stationary", HERE, "PROVED", {"radius": DISTANCE, "dimension": 2}, 1, [learner_in_box(d)])
    assert outcome(d) == ("premise", "premises[0]")


def test_the_loss_of_a_learner():
    for error, lower, upper, place in (
        ("squared", "1/1000", "1", "loss_lower"),
        ("squared", "-1", "-1/1000", "loss_upper"),
        ("smooth-l1:4", "21/10", "3", "loss_lower"),
        ("blake-zisserman:1", "-1/2", "0", "loss_lower"),
        ("cauchy:1", "1/10", "1", "loss_lower"),
    ):
        d = Draft((1, 1), [["1"]], [["1"]], [layer([["1"]], ["0"])], error=error)
        learner = d.claim("exact-learning-point", "exact-learner", HERE, "PROVED", {}, 0)
        found = d.claim("stationary-learner", "stationary", HERE, "PROVED", {"radius": "0", "dimension": 0}, 0, [learner])
        bounds = {"loss_lower": lower, "loss_upper": upper}
        rigor = "EXACT" if error in ("squared", "cauchy:1") else "BALL"
        d.claim("loss-learner", "loss-bounds", HERE, "PROVED", {**bounds, "radius": "0"}, 0, [found], {**bounds, "precision": 64}, rigor)
        assert outcome(d) == ("evidence", f"evidence.{place}")


def test_an_inactive_layer_is_inactive():
    inactive = [layer([["1"]], ["-8"]), layer([["5"]], ["1"])]

    def found(point=inactive, **options):
        d = relu(point, **options)
        premise = exact(d)
        d.claim(
            "local-minimum-inactive", "local-minimum", HERE, "PROVED", {"radius": "0"}, 0, [premise], {"layer": 1, "precision": 64}, "BALL"
        )
        return d

    accepted(found())
    assert outcome(found(BENT)) == ("evidence", "evidence.layer")
    assert outcome(found(output_activation="relu")) == ("evidence", "rule")
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], [layer([["1"]], ["-8"]), layer([["0"]], ["1"])], activation="leaky-relu:1/2")
    evidence = {"layer": 1, "precision": 64}
    d.claim("local-minimum-inactive", "local-minimum", HERE, "PROVED", {"radius": "0"}, 0, [exact(d)], evidence, "BALL")
    assert outcome(d) == ("evidence", "rule")


@pytest.mark.parametrize(
    ("curve", "order", "coefficient", "place"),
    [
        (xor_curve("1/4"), 4, "-1/128", "evidence.coefficient"),
        (xor_curve(), 4, "-1/8", "evidence.coefficient"),
        (xor_curve(), 5, "-1/1000", "evidence.order"),
        (xor_curve(), 3, "-1/1000", "evidence.coefficient"),
        ([[1, ["0", "1", *["0"] * 4, "-1/4", "0", "0"]]], 4, "-1/128", "evidence.order"),
        ([[1, [*["0"] * 8, "1"]], xor_curve()[1]], 4, "-1/128", "evidence.order"),
        ([], 4, "-1/128", "evidence.coefficient"),
        (xor_curve()[:1], 4, "-1/128", "evidence.coefficient"),
        (xor_curve(), 4, "0", "evidence.coefficient"),
        (xor_curve()[::-1], 4, "-1/128", "evidence.curve[1][0]"),
    ],
    ids=str,
)
@pytest.mark.parametrize("c", ["exact", "balls"])
def test_curves_that_do_not_descend(c, curve, order, coefficient, place):
    d = xor_stationary(LOG3_HALF, MINUS_LOG3) if c == "exact" else xor_stationary("1", "-2")
    descent(d, exact(d), curve, order, coefficient, "EXACT" if c == "exact" else "BALL")
    assert outcome(d) == ("evidence", place)


def test_a_curve_through_a_point_that_is_only_near():
    d = strict()
    descent(d, boxed(d), [[1, ["1", "0", "0", "0"]]], 2, "-1/1000")
    assert outcome(d) == ("premise", "premises[0]")
    point = [layer([["1"]], ["-1"]), layer([["0"]], ["1"])]
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], point, activation="softsign")
    descent(d, exact(d), [[1, ["1", "0", "1", "0"]]], 2, "-1/1000", "EXACT")
    assert outcome(d) == ("evidence", "conclusion.point")


def test_global_minima_need_convexity():
    d = strict()
    d.claim("global-convex", "global", HERE, "PROVED", {"radius": RADIUS}, 0, [boxed(d)])
    assert outcome(d) == ("evidence", "rule")
    for options in ({"error": "cauchy:1"}, {"output_activation": "bent-identity"}):
        d = Draft((1, 1), [["1"]], [["0"]], [layer([["0"]], ["0"])], **options)
        d.claim("global-convex", "global", HERE, "PROVED", {"radius": "0"}, 0, [exact(d)])
        assert outcome(d) == ("evidence", "rule")
        if "error" in options:
            d.document["steps"].pop()
            d.claim("global-floor", "global", HERE, "PROVED", {"radius": "0"}, 0, [1])
            assert outcome(d) == ("evidence", "rule")
    d = xor_stationary("1", "-2")
    d.claim("global-floor", "global", HERE, "PROVED", {"radius": "0"}, 0, [exact(d)])
    assert outcome(d) == ("evidence", "conclusion.point")


def test_ranks_at_a_critical_point():
    for rows, columns, residual, place in (
        ([0, 1], [0, 1], None, "evidence.rows"),
        ([6, 7, 8], [0, 1, 2], [0, 1], "evidence.residual[1]"),
        ([6, 7], [0, 1, 2], None, "evidence.columns"),
        ([7, 6], [0, 1], None, "evidence.rows"),
    ):
        d = xor_stationary("1", "-2")
        ranked(d, exact(d), rows, columns, residual, 4, 9)
        assert outcome(d) == ("evidence", place)
    d, (found,) = near()
    ranked(d, found, [0, 3], [0, 1], [0, 0], 2, 4, DISTANCE)
    assert outcome(d) == ("evidence", "evidence.residual")


def test_the_order_of_a_summary():
    d = regression()
    point, loss = exact(d), loss_exact(d, "1/4")
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 0, 2), 0, [point])
    found = classed(d, "strict-minimum", point, inertia)
    best = d.claim("global-convex", "global", HERE, "PROVED", {"radius": "0"}, 0, [point])
    rank = ranked(d, point, [0, 1], [0, 1], None, 3, 2)
    for premises, place in (
        ([point], "premises"),
        ([loss, point], "premises[0]"),
        ([point, inertia], "premises[1]"),
        ([point, loss, found, inertia], "premises[3]"),
        ([point, loss, rank, found], "premises[3]"),
        ([point, loss, found, best], "premises[3]"),
        ([point, loss, inertia, inertia], "premises[3]"),
        ([point, loss, loss], "premises[2]"),
    ):
        summary(d, "global", ("1/4", "1/4"), (0, 0, 2, 0), (2, 2), premises)
        assert outcome(d) == ("premise", place)
        d.document["steps"].pop()
    summary(d, "strict-minimum", ("1/4", "1/4"), (0, 0, 2, 0), (0, 2), [point, loss, inertia, best])
    assert outcome(d) == ("conclusion", "conclusion.facts.kind")


def test_only_a_point_that_is_not_critical_is_refuted():
    d = regression()
    loss = loss_exact(d, "1/4")
    facts = {"kind": "not-critical", "loss_lower": "1/4", "loss_upper": "1/4", "radius": "0"}
    d.claim("critical-point-refuted", "critical-point", HERE, "REFUTED", facts, 0, [exact(d), loss])
    assert outcome(d) == ("premise", "premises[0]")


def suboptimal(d, premises, lower, upper, radius="0"):
    facts = {"loss_lower": lower, "other_loss_upper": upper, "radius": radius}
    return d.claim("suboptimal", "suboptimal", HERE, "PROVED", facts, 0, premises)


def test_a_bad_minimum_is_a_minimum_and_worse():
    document = CRITICAL_CASES["relu_inactive"]()
    d = Draft.__new__(Draft)
    d.document = {**document, "steps": document["steps"][:3]}
    other = loss_exact(d, "19/240", 1)
    suboptimal(d, [3, 2, 2], "49/80", "49/80")
    assert outcome(d) == ("premise", "premises[2]")
    d.document["steps"].pop()
    suboptimal(d, [3, other, 2], "19/240", "49/80")
    assert outcome(d) == ("premise", "premises[1]")
    d.document["steps"].pop()
    suboptimal(d, [1, 2, other], "49/80", "19/240")
    assert outcome(d) == ("premise", "premises[0]")
    d.document["steps"].pop()
    d.claim("no-bad-minima-suboptimal", "no-bad-local-minima", EVERYWHERE, "REFUTED", premises=[3])
    assert outcome(d) == ("premise", "premises[0]")


def absent(direction, X=(["1"], ["-2"]), Y=(["1"], ["-1"]), widths=(1, 1), **options):
    d = Draft(widths, [list(x) for x in X], [list(y) for y in Y], **{"output_activation": "tanh", **options})
    d.claim("no-critical-point", "no-critical-point", EVERYWHERE, "PROVED", evidence={"direction": direction})
    return d


def test_samples_that_are_separated():
    accepted(absent([["1"], ["0"]]))
    accepted(absent([["1"], ["0"]], Y=(["3"], ["-5/2"]), error="cauchy:1/4"))
    accepted(absent([["1"], ["1"]], Y=(["2"], ["-2"]), output_activation="arctan", error="blake-zisserman:1"))
    accepted(absent([["-1"], ["0"]], Y=(["0"], ["-3"]), X=(["1"], ["2"]), output_activation="softplus"))
    for direction, place in (
        ([["-1"], ["0"]], "evidence.direction"),
        ([["0"], ["0"]], "evidence.direction"),
        ([["1"], ["3"]], "evidence.direction"),
    ):
        assert outcome(absent(direction)) == ("evidence", place)
    for changes in (
        {"Y": (["1"], ["-1/2"])},
        {"Y": (["3/2"], ["-1"]), "output_activation": "arctan"},
        {"output_activation": "identity"},
        {"output_activation": "sin"},
        {"output_activation": "relu", "Y": (["1"], ["0"])},
        {"widths": (1, 1, 1)},
        {"error": "logistic", "Y": (["1"], ["0"])},
        {"error": "logistic", "Y": (["1"], ["1/2"]), "output_activation": "identity"},
    ):
        assert outcome(absent([["1"], ["0"]], **changes)) == ("evidence", "rule"), changes
    softmax = {"widths": (1, 2), "error": "softmax", "output_activation": "identity"}
    accepted(absent([["1", "0"], ["0", "0"]], Y=(["1", "0"], ["0", "1"]), **softmax))
    assert outcome(absent([["0", "1"], ["0", "0"]], Y=(["1", "0"], ["0", "1"]), **softmax)) == ("evidence", "evidence.direction")
    assert outcome(absent([["1", "1"], ["1", "1"]], Y=(["1", "0"], ["0", "1"]), **softmax)) == ("evidence", "evidence.direction")
    assert outcome(absent([["1", "0"], ["0", "0"]], Y=(["1", "0"], ["1/2", "1/2"]), **softmax)) == ("evidence", "rule")
    assert outcome(absent([["1", "0"], ["0", "0"]], Y=(["1", "0"], ["0", "1"]), **{**softmax, "output_activation": "tanh"})) == (
        "evidence",
        "rule",
    )


def test_an_infimum_that_is_not_attained_says_nothing_about_critical_points():
    document = CRITICAL_CASES["unattained"]()
    d = Draft.__new__(Draft)
    d.document = document
    d.claim("no-bad-minima-nowhere", "no-bad-local-minima", EVERYWHERE, "PROVED", premises=[len(document["steps"])])
    assert outcome(d) == ("premise", "premises[0]")


def test_an_infimum_is_approached():
    for output, Y, error, code in (
        ("tanh", [["1"], ["0"]], "squared", None),
        ("tanh", [["2"], ["0"]], "squared", "evidence"),
        ("arctan", [["8/5"], ["0"]], "squared", "evidence"),
        ("softplus", [["0"], ["7"]], "cauchy:1", None),
        ("gelu", [["-1"], ["0"]], "squared", "evidence"),
        ("elu", [["-1"], ["0"]], "squared", None),
        ("identity", [["1"], ["1/2"]], "logistic", None),
        ("tanh", [["1"], ["1/2"]], "logistic", "evidence"),
    ):
        d = Draft((1, 1), [["0"], ["1"]], Y, output_activation=output, error=error)
        out = d.claim("exact-learning-range", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"sample": 0, "output": 0})
        phi = d.minor("Phi-0+", None)
        d.claim("infimum-not-attained", "infimum-not-attained", EVERYWHERE, "PROVED", premises=[out, phi])
        assert accepted(d) if code is None else outcome(d) == (code, "rule")
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["1"], ["0"], ["0"]], output_activation="tanh")
    out = d.claim("exact-learning-range", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"sample": 0, "output": 0})
    d.claim("infimum-not-attained", "infimum-not-attained", EVERYWHERE, "PROVED", premises=[out, d.minor("Phi-0+", None)])
    assert outcome(d) == ("premise", "premises[1]")


def test_work_is_bounded():
    d = strict()
    boxed(d)
    d.document["steps"][0]["evidence"]["precision"] = 2**20
    d.document["problem"]["X"], d.document["problem"]["Y"] = [["1/3"]] * 2000, [["0"]] * 2000
    assert outcome(d)[0] == "limit"
    d.document["steps"].pop()
    loss_bounds(d, "0", "1", precision=2**20)
    assert outcome(d)[0] == "limit"
    wide = [layer([["1/7"] * 5000], ["0"] * 5000), layer([["1/9"]] * 5000, ["0"])]
    d = Draft((1, 5000, 1), [["1"]], [["0"]], wide)
    boxed(d, precision=64)
    assert outcome(d)[0] == "limit"


def test_a_summary_does_not_depend_on_order_of_keys():
    document = copy.deepcopy(CRITICAL_CASES["linear_regression"]())
    step = document["steps"][-1]["conclusion"]["facts"]
    document["steps"][-1]["conclusion"]["facts"] = dict(reversed(step.items()))
    assert check_certificate(sealed(document)).ok


def test_every_rule_is_in_the_format():
    page = (Path(__file__).resolve().parents[2] / "docs" / "certificate-format.md").read_text(encoding="utf-8")
    assert not [rule for rule in RULES if f"`{rule}`" not in page]
