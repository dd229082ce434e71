"""Attacks on named witnesses: names out of turn, and facts of one witness that are passed off as those of another, or of a point."""

from __future__ import annotations

import pytest
from cases.kernel_cases import CASES
from cases.kernel_cases_critical import (
    BOX,
    CRITICAL_CASES,
    DISTANCE,
    LEARNER_POINT,
    RADIUS,
    boxed,
    classed,
    critical_learner,
    exact,
    inertia_ball,
    introduced,
    learner_in_box,
    loss_ball,
    loss_learner,
    near,
    summary,
)
from cases.kernel_cases_kantorovich import LEAST, REACH, learner_ball, robust
from cases.kernel_draft import ALMOST, EVERYWHERE, OPEN, SOME, Draft, layer, residues
from cases.kernel_mutations import alone
from cases.kernel_outcomes import accepted, outcome

OTHER = "W*2"
NEXT = ("conclusion", "conclusion.at")


def strict(copies=1):
    """The strict minimum's network, its point as often as said."""
    d = Draft.of(CRITICAL_CASES["strict_minimum"](), 0)
    d.document["points"] *= copies
    return d


@pytest.mark.parametrize("name", ["W*2", "W*0", "W*", "W*01", "W*1 ", "w*1", "W*-1", "W*1.0", "W*１", "W*٢", EVERYWHERE, "0"])
def test_the_first_witness_has_one_name(name):
    d = near()
    learner_in_box(d, name)
    assert outcome(d) == ("conclusion", "evidence.learner")
    d = strict()
    boxed(d, at=name)
    assert outcome(d) == NEXT


def test_names_are_counted_and_never_used_again():
    d = strict()
    for k in (1, 2, 3):
        for name in {"W*1", "W*2", "W*3", "W*4"} - {f"W*{k}"}:
            boxed(d, at=name)
            assert outcome(d) == NEXT
            d.undo()
        boxed(d, at=f"W*{k}")
        assert accepted(d)


def test_learners_and_critical_points_are_counted_together():
    d = near()
    learner_in_box(d, "W*1")
    boxed(d, at="W*1")
    assert outcome(d) == ("evidence", "evidence.radius")
    d.undo()
    sigma = d.singular("P", LEAST)
    for name in ("W*1", "W*3"):
        learner_ball(d, sigma, name=name)
        assert outcome(d) == ("conclusion", "evidence.learner")
        d.undo()
    learner_ball(d, sigma, name="W*2")
    assert accepted(d)


def test_a_step_that_is_rejected_introduces_nothing():
    d = strict()
    boxed(d, "100")
    assert outcome(d)[0] == "evidence"
    d.undo()
    boxed(d)
    assert accepted(d)


@pytest.mark.parametrize("case", [case for case, make in CASES.items() if '"W*1"' in str(make()).replace("'", '"')])
def test_nothing_may_be_said_of_a_witness_before_it_is_introduced(case):
    """The step that introduces the first witness is taken away: the first step that names it is rejected."""
    document = CASES[case]()
    first = next(
        k
        for k, step in enumerate(document["steps"])
        if "W*1" in (step["conclusion"]["at"], step["conclusion"].get("facts", {}).get("learner"))
    )
    for later in document["steps"][first + 1 :]:
        if later["conclusion"]["at"] == "W*1":
            d = Draft.of(document, first)
            d.step(later["rule"], later["conclusion"], [], later["evidence"], later["rigor"])
            assert outcome(d)[0] in ("conclusion", "premise")


def test_bounds_that_hold_everywhere_do_not_hold_at_a_witness_that_does_not_exist():
    d = Draft((1, 1), [["1"], ["2"]], [["0"], ["0"]])
    block = d.last_block("P-1", 2, EVERYWHERE, d.minor("Phi-0+"))
    low = d.lower("rank-stack", "P", 2, EVERYWHERE, [block])
    facts = {"rank_lower": 2, "rank_upper": 2, "columns": 2}
    up = d.size("P", 2)
    for at in ("W*1", "W*2", 0):
        d.define("full-rank", at, facts, [low, up])
        assert outcome(d) == NEXT
        d.undo()
        d.lower("rank-stack", "P", 2, at, [block])
        assert outcome(d) == NEXT
        d.undo()


def test_facts_of_one_witness_do_not_serve_another_in_the_same_box():
    """Two witnesses in equal boxes: one critical point, as it happens, but nothing says so."""
    d = strict()
    first, second = boxed(d), boxed(d, at=OTHER)
    inertia, loss = inertia_ball(d, first, 0, 4, 4), loss_ball(d, "1/10000", "1/1000")
    assert accepted(d)
    for statement in ("strict-minimum", "local-minimum", "saddle"):
        for at, premises, place in ((BOX, [second, inertia], 0), (OTHER, [second, inertia], 1), (OTHER, [first, inertia], 0)):
            classed(d, statement, *premises, at, RADIUS)
            assert outcome(d) == ("premise", f"premises[{place}]")
            d.undo()
    for at, premises, place in ((BOX, [second, loss], 0), (OTHER, [second, loss], 1), (OTHER, [second, loss, inertia], 1)):
        summary(d, "undecided", ("1/10000", "1/1000"), (0, 0, 0, 4), (0, 4), premises, at, RADIUS)
        assert outcome(d) == ("premise", f"premises[{place}]")
        d.undo()
    inertia_ball(d, first, 0, 4, 4, at=OTHER)
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    d.upper("rank-residual", "P", 4, OTHER, [first], {"sample": 0, "output": 0, "precision": 128}, "BALL")
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    low = d.lower("rank-inclusion", "P", 4, BOX, (), {"rows": [0, 1, 2, 3], "columns": [0, 1, 2, 4], "precision": 128}, "BALL")
    other_loss = loss_ball(d, "1/10000", "1/1000", OTHER)
    summary(d, "undecided", ("1/10000", "1/1000"), (0, 0, 0, 4), (4, 4), [second, other_loss, low], OTHER, RADIUS)
    assert outcome(d) == ("premise", "premises[2]")


def test_the_box_of_a_witness_bounds_what_holds_for_all_of_it():
    """Bounds of losses and ranks by balls hold for all weights of the box, whichever is meant: each witness has its own."""
    d = strict()
    boxed(d), boxed(d, "1/4096", at=OTHER)
    loss_ball(d, "1/10000", "1/1000", BOX, RADIUS)
    loss_ball(d, "1/10000", "1/1000", OTHER, "1/4096")
    assert accepted(d)
    for at, radius in ((BOX, "1/4096"), (OTHER, RADIUS), (0, RADIUS), (BOX, "0")):
        loss_ball(d, "1/10000", "1/1000", at, radius)
        assert outcome(d) == ("conclusion", "conclusion.facts.radius")
        d.undo()


def test_a_witness_is_not_the_point_near_it():
    d = strict(2)
    point = boxed(d)
    inertia, loss = inertia_ball(d, point, 0, 4, 4), loss_ball(d, "1/10000", "1/1000", 0, "0")
    for at in (0, 1):
        classed(d, "strict-minimum", point, inertia, at, RADIUS)
        assert outcome(d) == ("premise", "premises[0]")
        d.undo()
    summary(d, "undecided", ("1/10000", "1/1000"), (0, 0, 0, 4), (0, 4), [point, loss], BOX, RADIUS)
    assert outcome(d) == ("premise", "premises[1]")
    d.undo()
    least = {"loss_lower": "0", "loss_upper": "0", "precision": None}
    signs = {"negative": 0, "positive": 4, "vectors": [], "precision": None}
    for rule, evidence in (("loss-bounds", least), ("eigenvalue-signs", signs), ("global-floor", {}), ("learner-exact", {})):
        d.claim(rule, {"eigenvalue-signs": "inertia"}.get(rule, rule), BOX, {}, (), evidence)
        assert outcome(d) == NEXT
        d.undo()
    d.singular("P", at=BOX)
    assert outcome(d) == NEXT


def test_a_witness_lies_near_the_point_that_its_step_names():
    """The box is one around that point: another point's weights are not in it."""
    d = Draft.of(CRITICAL_CASES["two_minima"](), 0)
    boxed(d, at="W*1", point=1)
    loss_ball(d, "27/10", "14/5", "W*1")
    assert outcome(d) == ("evidence", "evidence.loss_lower")
    d.undo(2)
    introduced(d, "stationary-box", {"fixed": []}, 0, "W*1", point=0)
    d.document["steps"][-1]["conclusion"]["facts"]["point"] = 1
    assert outcome(d) == ("conclusion", "conclusion.facts.point")


def test_a_learner_is_the_one_that_is_named():
    d = near()
    first, second = learner_in_box(d), learner_in_box(d, OTHER, 192)
    for at, found in ((OTHER, first), (BOX, second), (0, first), (EVERYWHERE, first)):
        d.imply("named-learner", "exact-learner", at, {}, [found])
        assert outcome(d) in (("premise", "premises"), NEXT)
        d.undo()
        d.lower("rank-regular", "P", 2, at, [found])
        assert outcome(d) == ("premise", "premises[0]")
        d.undo()
    learner = d.imply("named-learner", "exact-learner", BOX, {}, [first])
    loss_learner(d, learner, "0", "0", OTHER, RADIUS)
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    error = d.record("principle-error", {"error": "squared"})
    d.imply("global-learner", "global", OTHER, {"radius": RADIUS}, [learner, error])
    assert outcome(d) == ("premise", "premises[0]")


def test_some_learner_has_no_name():
    """That there is a learner, by one that is given, says nothing about a witness."""
    document = CASES["exact_learner"]()
    d = Draft.of(document, 2)
    d.imply("named-learner", "exact-learner", 0, {}, [2])
    assert outcome(d) == ("premise", "premises")
    d.undo()
    d.lower("rank-regular", "P", 2, 0, [2])
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    d.imply("robust-targets", "robust-targets", EVERYWHERE, {"radius": "0"}, [2])
    assert outcome(d) == ("premise", "premises")


def test_what_follows_at_a_learner_stays_there():
    d = near()
    found, other = learner_in_box(d), learner_in_box(d, OTHER)
    learner, point, inertia, low = critical_learner(d, found)
    twin, _, _, low_there = critical_learner(d, other, OTHER)
    full = [k + 1 for k, step in enumerate(d.document["steps"]) if step["conclusion"].get("statement") == "full-rank"]
    assert accepted(d)
    for at, premises in ((BOX, [learner, full[1]]), (BOX, [twin, full[0]]), (OTHER, [learner, full[0]])):
        d.imply("manifold", "manifold", at, {"dimension": 2}, premises)
        assert outcome(d)[0] == "premise"
        d.undo()
    classed(d, "local-minimum", point, inertia, OTHER, RADIUS)
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    morse = next(k + 1 for k, step in enumerate(d.document["steps"]) if step["conclusion"].get("statement") == "principle-morse")
    for premises in ([learner, low_there, 5, morse], [twin, low, 5, morse]):
        d.define("hessian-rank", BOX, {"rank_lower": 2, "rank_upper": 2}, premises)
        assert outcome(d)[0] == "premise"
        d.undo()


def test_a_learner_of_a_wide_layer_lies_in_no_known_box():
    """Nothing that is about weights near a point can be said of it."""
    d = Draft.of(CASES["wide"](), 9)
    learner = next(k + 1 for k, step in enumerate(d.document["steps"]) if step["conclusion"].get("statement") == "exact-learner")
    assert accepted(d)
    loss_learner(d, learner, "0", "0", BOX, "0")
    assert outcome(d) == NEXT
    d.undo()
    d.imply("stationary-learner", "stationary", BOX, {"radius": "0", "dimension": 0}, [learner])
    assert outcome(d) == NEXT
    d.undo()
    for order in (1, 2):
        d.differentiable(order, BOX)
        assert outcome(d) == NEXT
        d.undo()
    d.lower("rank-inclusion", "P", 1, BOX, (), {"rows": [0], "columns": [0], "precision": 64}, "BALL")
    assert outcome(d) == NEXT


def test_targets_are_robust_as_far_as_the_learner_was_found_for_them():
    d = near()
    found = learner_in_box(d)
    robust(d, found, "0")
    assert outcome(d) == ("premise", "premises")
    d.undo()
    sigma = d.singular("P", LEAST)
    wide = learner_ball(d, sigma, REACH, "1/2048", OTHER)
    for radius in ("1/2047", "1/4096", "0"):
        robust(d, wide, radius)
        assert outcome(d) == ("conclusion", "conclusion.facts.radius")
        d.undo()
    robust(d, wide, "1/2048")
    assert accepted(d)


def test_a_ball_is_around_the_point_of_the_singular_value():
    d = near(LEARNER_POINT, LEARNER_POINT)
    sigma = d.singular("P", LEAST, 0)
    learner_ball(d, sigma, point=1)
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    for facts in ({"matrix": "P-1", "least": "0"}, {"matrix": "P", "least": "0"}):
        weak = d.singular(facts["matrix"], "0", 0)
        learner_ball(d, weak)
        assert outcome(d) == ("premise", "premises[0]")
        d.undo(2)


@pytest.mark.parametrize("word", [EVERYWHERE, ALMOST, OPEN, SOME])
@pytest.mark.parametrize(
    "case", ["strict_minimum", "near_learner", "xor_stationary_1", "exact_learner_minimum", "verified_float", "relu_scaled"]
)
def test_what_is_said_at_weights_is_said_of_no_region(case, word):
    """Every step about a point or a witness of these certificates, moved to each of the four words."""
    document = CASES[case]()
    for k, step in enumerate(document["steps"]):
        if step["conclusion"]["at"] not in (EVERYWHERE, ALMOST, OPEN, SOME):
            small = alone(document, k)
            last = small["steps"][-1]
            d = Draft.of(small, len(small["steps"]) - 1)
            d.step(last["rule"], {**last["conclusion"], "at": word}, last["premises"], last["evidence"], last["rigor"])
            assert outcome(d)[0] in ("conclusion", "premise"), step


def test_a_critical_point_that_is_given_needs_no_witness():
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], [layer([["3/2"]], ["-1/2"])])
    point, box = exact(d), boxed(d)
    classed(d, "strict-minimum", point, inertia_ball(d, box, 0, 2, 2), BOX, RADIUS)
    assert outcome(d) == ("premise", "premises[0]")
    assert DISTANCE != RADIUS


def relu_learner():
    """A learner in a box of the weights of layer 1, with ``z > 0`` and the weights of layer 2 as given: many entries are rational all over the box."""
    point = [layer([["1", "1"]], ["2", "3"]), layer([["1"], ["2"]], ["0"])]
    d = Draft((1, 2, 1), [["1"], ["2"]], [["11"], ["14"]], point, activation="relu")
    found = {"learner": "W*1", "point": 0, "parameters": [0, 1], "radius": "1/1024", "target_radius": "0"}
    facts = {"learner": "W*1", "rank_lower": 2, "point": 0, "distance": "1/512", "target_radius": "0"}
    d.claim("learner-box", "exact-learning", EVERYWHERE, facts, (), {**found, "precision": 128}, "BALL")
    return d


@pytest.mark.parametrize(
    ("matrix", "rows", "columns", "vector", "side"),
    [
        ("W-2", [0], [0], ["-2", "1", "0"], "left"),
        ("W-2*", [1], [0], ["-2", "1"], "left"),
        ("Psi-1", [0, 2], [0, 1], ["-2", "1", "0", "0"], "left"),
        ("Psi-2", [0, 1], [0, 1], ["1", "0"], "right"),
        ("P-1", [1, 3], [0, 1], ["-2", "0", "1", "0"], "left"),
        ("P", [1], [0], ["0", "-2", "0", "1", "0", "0", "0"], "left"),
    ],
)
def test_nothing_exact_is_computed_in_a_box(matrix, rows, columns, vector, side):
    """The box was found, and the sides of its kinks are seen, in balls: an entry that is rational all over it has no better rigor."""
    for at, result in ((0, None), ("W*1", NEXT), (OTHER, NEXT)):
        for draft in (minor_of, kernel_of):
            d = relu_learner()
            draft(d, matrix, rows, columns, vector, side, at)
            if result is not None:
                assert outcome(d) == result
    d = relu_learner()
    d.lower("rank-inclusion", matrix, 1, "W*1", (), {"rows": rows[:1], "columns": columns[:1], "precision": 64}, "BALL")
    assert accepted(d)


def minor_of(d, matrix, rows, columns, vector, side, at):
    d.lower("rank-minor", matrix, len(rows), at, (), residues(rows, columns))


def kernel_of(d, matrix, rows, columns, vector, side, at):
    d.kernel(matrix, [vector], at, side)
