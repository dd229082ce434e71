"""False or unsupported claims about critical points, beside that they are: losses, inertias, classes, descent; each is rejected with its code and place."""

from __future__ import annotations

from fractions import Fraction

import pytest
from cases.kernel_cases_critical import (
    BENT,
    BENT_X,
    BENT_Y,
    BOX,
    CRITICAL_CASES,
    LOG3_HALF,
    MINUS_LOG3,
    RADIUS,
    bad,
    boxed,
    classed,
    counts,
    descent,
    exact,
    inertia_ball,
    inertia_exact,
    loss_ball,
    loss_exact,
    loss_learner,
    ranked,
    suboptimal,
    summary,
    xor_curve,
    xor_stationary,
)
from cases.kernel_draft import EVERYWHERE, Draft, layer, sealed
from cases.kernel_outcomes import accepted, outcome

from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.rules.reasons import _gives_all_forms
from lossproof.certificates.kernel.rules.step import Step

RULE = ("evidence", "rule")


def strict():
    """The strict minimum's network."""
    return Draft.of(CRITICAL_CASES["strict_minimum"](), 0)


def regression(*points, **options):
    return Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], *(points or [[layer([["3/2"]], ["-1/2"])]]), **options)


def relu(point=BENT, **options):
    return Draft((1, 1, 1), BENT_X, BENT_Y, point, **{"activation": "relu", **options})


@pytest.mark.parametrize(
    ("options", "rank", "right"),
    [
        ({}, 3, True),
        ({}, 2, False),  # two of three forms
        ({"bias": ["trainable", "none"]}, 3, True),
        ({"bias": "none"}, 1, True),
        ({"activation": "power:3"}, 3, False),  # of four
        ({"activation": "identity"}, 2, True),
        ({"activation": "identity"}, 1, False),
        ({"activation": "softsign"}, 2, False),  # no polynomial
        ({"error": "cauchy:1"}, 3, False),  # not convex
    ],
)
def test_a_point_is_global_where_all_forms_are_spanned(options, rank, right):
    """Asked of the row alone, with premises that are taken as they are."""
    d = Draft(
        (1, 1, 1),
        [["-1"], ["0"], ["1"]],
        [["0"], ["3"], ["-2"]],
        [layer([["1"]], ["0"]), layer([["1"]], ["0"])],
        **{"activation": "power:2", **options},
    )
    step = Step(read_problem(d.document["problem"]), (), {}, (), None, {"at": 0})
    assert _gives_all_forms(step, [{}, rank]) is right


def test_bounds_of_the_loss_are_proved():
    for lower, upper, place in (("1/5", "1/2", "loss_lower"), ("0", "1/10", "loss_upper"), ("1/10", "1/20", "loss_upper")):
        d = xor_stationary("1", "-2")
        loss_ball(d, lower, upper, 0, "0")
        assert outcome(d) == ("evidence", f"evidence.{place}")
    d = xor_stationary("1", "-2")
    loss_ball(d, "1/8", "1/8", 0, RADIUS)
    assert outcome(d) == ("conclusion", "conclusion.facts.radius")
    d = Draft((1, 1, 1), [["1"]], [["1"]], [layer([["1"]], ["0"]), layer([["1"]], ["0"])])
    loss_exact(d, "0")
    assert outcome(d) == ("evidence", "conclusion.at")
    for error, expected in (
        ("cauchy:1", "conclusion.at"),
        ("smooth-l1:1", "conclusion.at"),
        ("blake-zisserman:1", "conclusion.at"),
        ("logistic", "rule"),
    ):
        d = Draft((1, 1), [["1"]], [["0"]], [layer([["1"]], ["0"])], error=error)
        loss_exact(d, "0")
        assert outcome(d) == ("evidence", expected)


def test_exact_losses_of_other_errors():
    """Rational where the residual makes them so: ``√(r² + β)`` of a square, ``log(1 + 0)``; and never another number."""
    for error, w, value in (("smooth-l1:9", "4", "5"), ("smooth-l1:1", "0", "1"), ("cauchy:1", "0", "0"), ("squared", "4", "8")):
        for claimed in (value, "6", "1/2"):
            d = Draft((1, 1), [["1"]], [["0"]], [layer([[w]], ["0"])], error=error)
            loss_exact(d, claimed)
            side = "lower" if Fraction(claimed) > Fraction(value) else "upper"
            assert accepted(d) if claimed == value else outcome(d) == ("evidence", f"evidence.loss_{side}")


def test_the_loss_over_a_box_holds_at_its_corners():
    """``J = r²/2`` and ``−log(e^{-r²} + 1)`` for r from −5/4 to 1/4: a learner lies somewhere in the box."""
    for error, lower, upper, place in (
        ("squared", "0", "4/5", None),
        ("squared", "1/1000", "4/5", "evidence.loss_lower"),
        ("squared", "0", "3/4", "evidence.loss_upper"),
        ("blake-zisserman:1", "-7/10", "-1/10", None),
        ("blake-zisserman:1", "0", "1", "evidence.loss_lower"),
        ("blake-zisserman:1", "-17/25", "-1/10", "evidence.loss_lower"),
        ("blake-zisserman:1", "-7/10", "-1/5", "evidence.loss_upper"),
    ):
        d = Draft((1, 1), [["1"]], [["1"]], [layer([["1/2"]], ["0"])], bias="none", error=error)
        evidence = {"learner": BOX, "point": 0, "parameters": [0], "radius": "3/4", "target_radius": "0", "precision": 64}
        facts = {"learner": BOX, "rank_lower": 1, "point": 0, "distance": "3/4", "target_radius": "0"}
        d.claim("learner-box", "exact-learning", EVERYWHERE, facts, (), evidence, "BALL")
        loss_ball(d, lower, upper, BOX, "3/4")
        assert accepted(d) if place is None else outcome(d) == ("evidence", place)


@pytest.mark.parametrize("error", ["squared", "smooth-l1:1", "blake-zisserman:1/2", "cauchy:1/2", "logistic"])
def test_a_loss_that_the_balls_do_not_bound_is_not_bounded(error):
    """A weight of many digits times a ball of few bits; all errors but blake-zisserman are at least 0, whatever the ball says."""
    huge = str(10**60 + 1)
    d = Draft(
        (1, 2, 1),
        [[huge]],
        [["0"]],
        [layer([["1/3", "1/3"]], ["0", "0"]), layer([["1"], ["-1"]], ["0"])],
        error=error,
        activation="identity",
    )
    loss_ball(d, "0", "1", 0, "0", 64)
    assert outcome(d)[0] == "evidence"


def test_premises_are_about_the_same_point():
    point = [layer([["3/2"]], ["-1/2"])]
    d = regression(point, point)
    first, second = exact(d), exact(d, 1)
    inertia, loss = inertia_exact(d, counts(0, 0, 2)), loss_exact(d, "1/4")
    for premises in ([second, inertia], [first, second], [loss, inertia], [inertia, first]):
        classed(d, "strict-minimum", *premises)
        assert outcome(d)[0] == "premise"
        d.undo()
    classed(d, "strict-minimum", first, inertia, 1)
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    summary(d, "undecided", ("1/4", "1/4"), (0, 0, 0, 2), (0, 2), [second, loss], 1)
    assert outcome(d) == ("premise", "premises[1]")
    d.undo()
    inertia_ball(d, first, 0, 2, 2, at=1, radius="0")
    assert outcome(d) == ("premise", "premises[0]")


def test_counts_of_eigenvalues():
    for negative, positive, place in ((1, 3, "negative"), (0, 5, "positive"), (1, 4, "positive")):
        d = strict()
        inertia_ball(d, boxed(d), negative, positive, 4)
        assert outcome(d) == ("evidence", f"evidence.{place}")
    d = strict()
    point = boxed(d)
    inertia = inertia_ball(d, point, 0, 3, 4)
    for statement in ("strict-minimum", "local-minimum", "saddle", "maximum"):
        classed(d, statement, point, inertia, BOX, RADIUS)
        assert outcome(d) == ("premise", "premises")
        d.undo()
    d = relu()
    inertia_ball(d, boxed(d, "1/1024", [0]), 0, 4, 4, 1, BOX, "1/1024")
    assert outcome(d) == ("evidence", "evidence.positive")


def test_zeros_of_no_family_make_no_minimum():
    d = xor_stationary(LOG3_HALF, MINUS_LOG3)
    point, inertia = exact(d), inertia_exact(d, counts(0, 6, 3))
    for statement in ("local-minimum", "strict-minimum", "saddle", "maximum"):
        classed(d, statement, point, inertia)
        assert outcome(d) == ("premise", "premises")
        d.undo()


def test_a_maximum_has_no_zeros_but_those_of_its_family():
    def orbit(fixed):
        d = Draft(
            (1, 1, 1),
            [["1"]],
            [["5"]],
            [layer([["1"]], ["0"]), layer([["5"]], ["0"])],
            activation="identity",
            error="cauchy:1",
            bias="none",
        )
        return d, exact(d, fixed=fixed), inertia_exact(d, counts(0, 1, 1))

    d, point, inertia = orbit([0])
    classed(d, "maximum", point, inertia)
    assert outcome(d) == ("premise", "premises")
    d = Draft((2, 1), [["1", "0"]] * 2, [["-5"], ["5"]], [layer([["0"], ["0"]], ["0"])], error="cauchy:1", bias="none")
    classed(d, "maximum", exact(d), inertia_exact(d, counts(1, 1, 0)))
    assert outcome(d) == ("premise", "premises")
    d = Draft(
        (1, 1, 1), [["0"]], [["5"]], [layer([["1"]], ["0"]), layer([["1"]], ["0"])], activation="identity", error="cauchy:1", bias="none"
    )
    classed(d, "maximum", exact(d, fixed=[0]), inertia_exact(d, counts(0, 2, 0)))
    assert outcome(d) == ("premise", "premises")


def test_exact_inertia_needs_a_rational_hessian():
    d = xor_stationary("1", "-2")
    inertia_exact(d, counts(0, 6, 3))
    assert outcome(d) == ("evidence", "conclusion.at")
    d = strict()
    boxed(d)
    inertia_exact(d, counts(0, 0, 4), BOX)
    assert outcome(d) == ("conclusion", "conclusion.at")


def unit(k):
    return [str(int(k == n)) for n in range(9)]


def with_vectors(vectors, zero):
    d = xor_stationary("1", "-2")
    evidence = {"negative": 0, "positive": 3, "vectors": vectors, "precision": 128}
    return d, d.claim("eigenvalue-signs", "inertia", 0, counts(0, zero, 3, 6 - zero), [exact(d)], evidence, "BALL")


def test_kernel_vectors_of_the_hessian():
    assert accepted(with_vectors([unit(k) for k in range(4)], 4)[0])
    assert accepted(with_vectors([], 0)[0])
    assert outcome(with_vectors([unit(k) for k in range(4)], 5)[0])[0] == "conclusion"
    for vectors, place in (
        ([unit(8)], "evidence.vectors[0]"),
        ([unit(0), unit(0)], "evidence.vectors"),
        ([["2", *["0"] * 8]], "evidence.vectors[0][0]"),
        ([unit(k) for k in range(7)], "evidence.vectors"),
    ):
        found = outcome(with_vectors(vectors, len(vectors))[0])
        assert found == ("evidence", place if vectors != [unit(8)] else "evidence.vectors")


def test_zeros_of_a_family_and_vectors_of_a_kernel_are_not_added():
    """They may be the same."""
    for vectors, expected in (([], None), ([["-1", "1/3", "1", "0"]], None), ([["-1", "0", "1", "0"]], "evidence.vectors")):
        d = relu()
        point = exact(d, 0, [0], [d.differentiable(2)])
        inertia_ball(d, point, 0, 3, 4, 1, 0, "0", vectors=vectors)
        assert accepted(d) if expected is None else outcome(d) == ("evidence", expected)


def test_what_follows_for_a_learner_takes_a_learner():
    d = regression()
    loss_learner(d, exact(d), "0", "0")
    assert outcome(d) == ("premise", "premises[0]")
    d = regression()
    point, error = exact(d), d.record("principle-error", {"error": "squared"})
    d.imply("global-learner", "global", 0, {"radius": "0"}, [point, error])
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    d.imply("stationary-learner", "stationary", 0, {"radius": "0", "dimension": 0}, [point])
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
        learner = d.claim("learner-exact", "exact-learner")
        loss_learner(d, learner, lower, upper, rigor="EXACT" if error in ("squared", "cauchy:1") else "BALL")
        assert outcome(d) == ("evidence", f"evidence.{place}")


INACTIVE = [layer([["1"]], ["-8"]), layer([["5"]], ["1"])]


def dead(d, premise, layer=1):
    return d.claim("dead-layer", "local-minimum", 0, {"radius": "0"}, [premise], {"layer": layer, "precision": 64}, "BALL")


def test_an_inactive_layer_is_inactive():
    for point, options, expected in (
        (INACTIVE, {}, None),
        (BENT, {}, ("evidence", "evidence.layer")),
        (INACTIVE, {"output_activation": "relu"}, RULE),
    ):
        d = relu(point, **options)
        dead(d, exact(d, 0, (), [d.differentiable()]))
        assert accepted(d) if expected is None else outcome(d) == expected
    point = [layer([["1"]], ["-8"]), layer([["0"]], ["1"])]
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], point, activation="leaky-relu:1/2")
    dead(d, exact(d, 0, (), [d.differentiable()]))
    assert outcome(d) == ("evidence", "evidence.layer")


def test_inactive_outputs():
    """Whatever the error; not if one output is active, and not for an output that is nowhere constant."""
    below, above = ([layer([["1"]], ["-9"]), layer([["1", "1"]], ["-9", last])] for last in ("-9", "9"))
    for point, options, expected in (
        (below, {"output_activation": "relu"}, None),
        (below, {"output_activation": "relu", "error": "cauchy:1"}, None),
        (above, {"output_activation": "relu", "Y": [["0", "9"], ["1", "9"]]}, ("evidence", "evidence.layer")),
        (below, {"output_activation": "leaky-relu:1/2", "Y": [["-9/2", "-9/2"]] * 2}, ("evidence", "evidence.layer")),
    ):
        options = {"activation": "relu", "Y": [["0", "1"], ["1", "0"]], **options}
        d = Draft((1, 1, 2), [["1"], ["2"]], options.pop("Y"), point, **options)
        kinks = [d.differentiable()]
        dead(d, exact(d, 0, (), kinks), layer=2)
        assert accepted(d) if expected is None else outcome(d) == expected


def test_an_inactive_layer_without_biases_is_the_last_hidden_one():
    """Units at 0, so the output is 0 nearby; and saturated units below one that is not, whose weight may be better."""
    d = Draft((1, 1, 1), [["-1"], ["-2"]], [["0"], ["2"]], [layer([["1"]], ["0"]), layer([["5"]], ["0"])], activation="relu", bias="none")
    dead(d, exact(d, 0, (), [d.differentiable()]))
    assert accepted(d)
    deep = [layer([["-8"]], ["0"]), layer([["1/2"]], ["0"]), layer([["0"]], ["0"])]
    d = Draft((1, 1, 1, 1), [["-1"], ["-1"]], [["1"], ["-1"]], deep, activation="hard-tanh", bias="none")
    dead(d, exact(d, 0, (), [d.differentiable()]))
    assert outcome(d) == RULE


@pytest.mark.parametrize(
    ("bias", "constant", "output", "expected"),
    [
        ("none", "0", "identity", None),
        ("fixed", "0", "identity", None),
        ("fixed", "-1/2", "identity", None),
        ("fixed", "1/2", "identity", ("evidence", "evidence.layer")),
        ("none", "0", "relu", None),
    ],
)
def test_an_inactive_layer_may_be_at_rest(bias, constant, output, expected):
    """At the input 0 its z stays at the kink, whatever the weights; not so if a fixed bias lifts it above."""
    last = [layer([["5"]], ["0"])] if output == "identity" else []
    point = [layer([["1"]], [constant]), *last]
    fixed = {"fixed_bias": [[constant], *[["0"] for _ in last]]} if bias == "fixed" else {}
    widths, Y = (1, 1, 1) if last else (1, 1), [["1"], ["0"], ["2"]] if expected is None else [["5/2"], ["0"], ["2"]]
    d = Draft(widths, [["0"], ["-1"], ["-2"]], Y, point, activation="relu", output_activation=output, bias=bias, **fixed)
    dead(d, exact(d, 0, (), [d.differentiable()]))
    assert accepted(d) if expected is None else outcome(d) == expected


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
        (xor_curve()[::-1], 4, "-1/128", "evidence.curve"),
    ],
    ids=str,
)
@pytest.mark.parametrize("c", ["exact", "balls"])
def test_curves_that_do_not_descend(c, curve, order, coefficient, place):
    d = xor_stationary(LOG3_HALF, MINUS_LOG3) if c == "exact" else xor_stationary("1", "-2")
    descent(d, [exact(d)], curve, order, coefficient, "EXACT" if c == "exact" else "BALL")
    assert outcome(d) == ("evidence", place)


def test_a_curve_through_a_point_that_is_only_near():
    d = strict()
    point = boxed(d)
    for at, expected in ((0, ("premise", "premises[0]")), (BOX, ("conclusion", "conclusion.at"))):
        descent(d, [point], [[1, ["1", "0", "0", "0"]]], 2, "-1/1000", at=at)
        assert outcome(d) == expected
        d.undo()


def test_a_curve_through_a_kink_of_the_second_derivative():
    point = [layer([["1"]], ["-1"]), layer([["0"]], ["1"])]
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], point, activation="softsign")
    descent(d, [exact(d)], [[1, ["1", "0", "1", "0"]]], 2, "-1/1000", "EXACT")
    assert outcome(d) == ("evidence", "evidence.coefficient")
    d.undo()
    descent(d, [1, d.differentiable(1)], [[1, ["1", "0", "1", "0"]]], 2, "-1/1000", "EXACT")
    assert outcome(d) == ("premise", "premises")


def test_global_minima_need_convexity():
    d = strict()
    d.imply("global-convex", "global", BOX, {"radius": RADIUS}, [boxed(d)])
    assert outcome(d) == ("premise", "premises")
    for options in ({"error": "cauchy:1"}, {"output_activation": "bent-identity"}):
        d = Draft((1, 1), [["1"]], [["0"]], [layer([["0"]], ["0"])], **options)
        d.imply("global-convex", "global", 0, {"radius": "0"}, [exact(d)])
        assert outcome(d) == ("premise", "premises")
        if "error" in options:
            d.undo()
            d.claim("global-floor", "global", 0, {"radius": "0"})
            assert outcome(d) == RULE
    d = xor_stationary("1", "-2")
    d.claim("global-floor", "global", 0, {"radius": "0"})
    assert outcome(d) == ("evidence", "conclusion.at")


def test_ranks_at_a_critical_point():
    for rows, columns, residual, place in (
        ([0, 1], [0, 1], None, "evidence.rows"),
        ([6, 7, 8], [0, 1, 2], [0, 1], "evidence.output"),
        ([6, 7], [0, 1, 2], None, "evidence.columns"),
        ([7, 6], [0, 1], None, "evidence.rows"),
    ):
        d = xor_stationary("1", "-2")
        point = exact(d)
        ranked(d, point, rows, columns, residual, 4)
        if residual is None:
            d.undo()
        assert outcome(d) == ("evidence", place)


def test_a_residual_that_is_0_lowers_no_rank():
    d = Draft((1, 1), [["1"], ["2"]], [["1"], ["2"]], [layer([["1"]], ["0"])])
    point = exact(d)
    for sample in (0, 1):
        d.upper("rank-residual", "P", 1, 0, [point], {"sample": sample, "output": 0, "precision": 200}, "BALL")
        assert outcome(d) == ("evidence", "evidence.output")
        d.undo()
    d = regression()
    loss = loss_exact(d, "1/4")
    d.upper("rank-residual", "P", 2, 0, [loss], {"sample": 0, "output": 0, "precision": 64}, "BALL")
    assert outcome(d) == ("premise", "premises[0]")


def test_the_order_of_a_summary():
    d = regression()
    point, loss = exact(d), loss_exact(d, "1/4")
    inertia = inertia_exact(d, counts(0, 0, 2))
    found, best = classed(d, "strict-minimum", point, inertia), d.imply("global-convex", "global", 0, {"radius": "0"}, [point])
    low, up = ranked(d, point, [0, 1], [0, 1], None, 2)
    for premises, place in (
        ([point], "premises"),
        ([loss, point], "premises[0]"),
        ([point, inertia], "premises[1]"),
        ([point, loss, found, inertia], "premises[3]"),
        ([point, loss, low, found], "premises[3]"),
        ([point, loss, up, low], "premises[3]"),
        ([point, loss, found, best], "premises[3]"),
        ([point, loss, inertia, inertia], "premises[3]"),
        ([point, loss, loss], "premises[2]"),
        ([point, loss, point], "premises[2]"),
    ):
        summary(d, "global", ("1/4", "1/4"), (0, 0, 2, 0), (2, 2), premises)
        assert outcome(d) == ("premise", place)
        d.undo()
    summary(d, "strict-minimum", ("1/4", "1/4"), (0, 0, 2, 0), (0, 2), [point, loss, inertia, best])
    assert outcome(d) == ("conclusion", "conclusion.facts.kind")


def test_a_summary_takes_bounds_of_p_only():
    d = regression()
    point, loss = exact(d), loss_exact(d, "1/4")
    block = d.lower("rank-inclusion", "P-1", 2, 0, (), {"rows": [0, 1], "columns": [0, 1], "precision": 64}, "BALL")
    for premise in (block, d.size("P-1", 2)):
        summary(d, "undecided", ("1/4", "1/4"), (0, 0, 0, 2), (2, 2), [point, loss, premise])
        assert outcome(d) == ("premise", "premises[2]")
        d.undo()


def test_only_a_point_that_is_not_critical_is_refuted():
    d = regression()
    point, loss = exact(d), loss_exact(d, "1/4")
    facts = {"kind": "not-critical", "loss_lower": "1/4", "loss_upper": "1/4", "radius": "0"}
    d.imply("not-critical", "critical-point", 0, facts, [point, loss], verdict="REFUTED")
    assert outcome(d) == ("premise", "premises[0]")


def test_a_bad_minimum_is_a_minimum_and_worse():
    d = Draft.of(CRITICAL_CASES["relu_inactive"](), 4)
    point, loss, found, other = 2, 3, 4, loss_exact(d, "19/240", 1)
    for premises, facts, place in (
        ([found, loss, loss], ("49/80", "49/80"), "premises"),
        ([found, other, loss], ("19/240", "49/80"), "premises[1]"),
        ([point, loss, other], ("49/80", "19/240"), "premises[0]"),
    ):
        suboptimal(d, "suboptimal-local", premises, *facts)
        assert outcome(d) == ("premise", place)
        d.undo()
    suboptimal(d, "suboptimal-strict", [found, loss, other], "49/80", "19/240")
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    bad(d, found)
    assert outcome(d) == ("premise", "premises[0]")


def test_an_infimum_that_is_not_attained_says_nothing_about_critical_points():
    document = CRITICAL_CASES["unattained"]()
    d = Draft.of(document)
    d.imply("nowhere", "no-bad-local-minima", EVERYWHERE, {}, [len(document["steps"])])
    assert outcome(d) == ("premise", "premises[0]")


def test_a_summary_does_not_depend_on_order_of_keys():
    document = CRITICAL_CASES["linear_regression"]()
    step = document["steps"][-1]["conclusion"]["facts"]
    document["steps"][-1]["conclusion"]["facts"] = dict(reversed(step.items()))
    assert check_certificate(sealed(document)).ok


def test_no_eigenvalues_are_counted_below_0():
    """One weight and three samples: a bound of the rank of P above the number of weights leaves -1 eigenvalue."""
    d = Draft((1, 1), [["1"], ["2"], ["3"]], [["2"], ["4"], ["6"]], [layer([["2"]], ["0"])], bias="none")
    learner, low, morse = d.claim("learner-exact", "exact-learner"), d.minor("P"), d.record("principle-morse", {"error": "squared"})
    for upper, found in ((d.kernel("P", [["-2", "1", "0"]]), 2), (d.kernel("P", [["-2", "1", "0"], ["-3", "0", "1"]]), 1)):
        facts = {"negative": 0, "zero": 1 - found, "positive": 1, "undecided": found - 1, "radius": "0"}
        d.define("inertia", 0, facts, [learner, low, upper, morse])
        assert outcome(d) == ("premise", "premises") if found > 1 else accepted(d)
        d.undo()
