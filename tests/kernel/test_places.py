"""Attacks on places and on derivatives: premises and claims ``differentiable`` that are missing, too many, too weak, or about other weights."""

from __future__ import annotations

import pytest
from cases.kernel_cases import CASES
from cases.kernel_cases_critical import BOX, boxed, counts, exact, inertia_exact
from cases.kernel_draft import ALMOST, EVERYWHERE, OPEN, SOME, Draft, layer
from cases.kernel_mutations import alone
from cases.kernel_outcomes import accepted, outcome

from lossproof.certificates.kernel.rules.reasons import IMPLICATIONS

pytestmark = pytest.mark.usefixtures("rules_with_a_memory")

WORDS = (EVERYWHERE, ALMOST, OPEN, SOME)


def cut(document, k):
    """The draft of what step k rests on, and that step."""
    small = alone(document, k)
    last = small["steps"][-1]
    return Draft.of(small, len(small["steps"]) - 1), last


def add(d, step, **changes):
    step = {**step, **changes}
    return d.step(step["rule"], step["conclusion"], step["premises"], step["evidence"], step["rigor"])


def with_derivatives():
    """All steps of all certificates that take a claim ``differentiable`` as their last premise."""
    for name, case in CASES.items():
        document = case()
        for k, step in enumerate(document["steps"]):
            if step["premises"] and document["steps"][step["premises"][-1] - 1]["rule"] == "differentiable":
                yield pytest.param(document, k, id=f"{name}-{step['rule']}-{step['conclusion']['statement']}")


@pytest.mark.parametrize(("document", "k"), list(with_derivatives()))
def test_the_claim_that_derivatives_exist_can_be_neither_missing_nor_weaker_nor_twice(document, k):
    d, step = cut(document, k)
    *others, here = step["premises"]
    order = d.document["steps"][here - 1]["conclusion"]["facts"]["order"]
    for premises in (others, [*step["premises"], here], [here, *others]):
        if premises != step["premises"]:
            add(d, step, premises=premises)
            assert outcome(d)[0] == "premise"
            d.undo()
    add(d, step)
    assert accepted(d)
    d.undo()
    at, rigor = step["conclusion"]["at"], d.document["steps"][here - 1]["rigor"]
    same_weights = len(d.document["points"]) - 1  # `alone` puts the first point once more at the end
    elsewhere = d.differentiable(order, same_weights if at == 0 else 0, rigor)
    add(d, step, premises=[*others, elsewhere])
    assert outcome(d) == ("premise", f"premises[{len(others)}]")
    d.undo(2)
    if order == 2:
        once = d.differentiable(1, at, rigor)
        add(d, step, premises=[*others, once])
        needs_both = step["conclusion"]["statement"] not in ("stationary", "full-rank")
        assert outcome(d) == ("premise", f"premises[{len(others)}]") if needs_both else accepted(d)


def smooth_steps():
    """One step of each rule and statement at a point or a witness, in networks whose derivatives exist on record."""
    seen = set()
    for name, case in CASES.items():
        document = case()
        smooth = {document["problem"][key].split(":")[0] for key in ("activation", "output_activation")} <= {
            "tanh",
            "sigmoid",
            "identity",
            "sin",
        }
        for k, step in enumerate(document["steps"]):
            kind = step["rule"], step["conclusion"].get("statement"), len(step["premises"])
            if smooth and step["conclusion"]["at"] not in WORDS and "learner" not in step["evidence"] and kind not in seen:
                seen.add(kind)
                yield pytest.param(document, k, id=f"{name}-{k}-{kind[0]}-{kind[1]}")


@pytest.mark.parametrize(("document", "k"), list(smooth_steps()))
def test_a_claim_that_derivatives_exist_is_too_much_where_they_do_on_record(document, k):
    d, step = cut(document, k)
    located = any("point" in earlier["conclusion"].get("facts", {}) for earlier in d.document["steps"])
    here = d.differentiable(2, BOX if located and step["conclusion"]["at"] == BOX else 0)
    assert accepted(d)
    add(d, step, premises=[*step["premises"], here])
    assert outcome(d)[0] == "premise"


def implications():
    for name, case in CASES.items():
        document = case()
        for k, step in enumerate(document["steps"]):
            if step["rule"] == "implication":
                yield pytest.param(document, k, id=f"{name}-{step['evidence']['row']}")


@pytest.mark.parametrize(("document", "k"), list(implications()))
def test_every_implication_speaks_of_its_place_and_takes_its_premises_in_order(document, k):
    d, step = cut(document, k)
    line = IMPLICATIONS[step["evidence"]["row"]]
    add(d, step)
    assert accepted(d)
    d.undo()
    for at in (*WORDS, 0, 1, BOX, "W*2", "W*9"):
        if at != step["conclusion"]["at"]:
            add(d, step, conclusion={**step["conclusion"], "at": at})
            assert outcome(d)[0] in ("conclusion", "premise"), at
            d.undo()
    for premises in (step["premises"][1:], step["premises"][::-1], [*step["premises"], *step["premises"][:1]]):
        if premises != step["premises"]:
            add(d, step, premises=premises)
            assert outcome(d)[0] == "premise"
            d.undo()
    for row, other in IMPLICATIONS.items():
        if other is not line:
            add(d, step, evidence={"row": row})
            expected = ("premise", "conclusion", *(["evidence"] if "decay" in document["problem"] else []))
            assert outcome(d)[0] in expected, row
            d.undo()
    opposite = {"PROVED": "REFUTED", "REFUTED": "PROVED"}[step["conclusion"]["verdict"]]
    add(d, step, conclusion={**step["conclusion"], "verdict": opposite})
    assert outcome(d) == ("conclusion", "conclusion.verdict")


@pytest.mark.parametrize("row", IMPLICATIONS)
def test_no_implication_follows_from_nothing(row):
    line = IMPLICATIONS[row]
    d = Draft((1, 2, 1), [["1"]], [["1"]], [layer([["1", "2"]], ["0", "0"]), layer([["1"], ["1"]], ["0"])])
    for at in (*WORDS, 0):
        d.imply(row, line.statement, at, {}, verdict=line.verdict)
        assert outcome(d)[0] in ("premise", "conclusion")
        d.undo()


def test_refuted_claims_prove_nothing():
    """A premise with the opposite verdict, or UNDECIDED, is none."""
    d = Draft((1, 1), [["0"], ["1"]], [["1"], ["0"]], error="cauchy:1")
    morse = d.record("principle-morse", {"error": "cauchy:1"})
    d.imply("almost-everywhere", "almost-everywhere", ALMOST, {}, [morse, morse])
    assert outcome(d) == ("premise", "premises[0]")
    d.undo()
    d.claim("record", "count", EVERYWHERE, {"N_net": 2, "required": 2}, verdict="UNDECIDED")
    assert outcome(d) == ("conclusion", "conclusion.verdict")


def test_principles_that_fail_support_nothing():
    d = Draft((1, 2, 2), [["1"]], [["1/3", "2/3"]], [layer([["1", "2"]], ["0", "0"]), layer([["1", "1"]] * 2, ["0", "0"])], error="softmax")
    learning = {"learner": BOX, "rank_lower": 2, "target_radius": "0"}
    found = d.claim(
        "learner-wide", "exact-learning", EVERYWHERE, learning, [d.lower("rank-size", "Phi-1+", 1, EVERYWHERE)], {"learner": BOX}
    )
    learner, low = d.imply("named-learner", "exact-learner", BOX, {}, [found]), d.lower("rank-regular", "P", 2, BOX, [found])
    morse = d.record("principle-morse", {"error": "softmax"}, "REFUTED")
    assert accepted(d)
    d.define("hessian-rank", BOX, {"rank_lower": 2, "rank_upper": 2}, [learner, low, d.size("P", 2), morse])
    assert outcome(d) == ("premise", "premises[3]")


@pytest.mark.parametrize("order", [0, 3, -1, True, "1"])
def test_derivatives_are_of_order_one_or_two(order):
    d = Draft((1, 1, 1), [["1"]], [["1"]], [layer([["1"]], ["1"]), layer([["1"]], ["0"])], activation="relu")
    d.claim("differentiable", "differentiable", 0, {"order": order}, (), {"order": order})
    assert outcome(d)[0] in ("evidence", "schema")


@pytest.mark.parametrize("at", [*WORDS, "W*1"])
def test_derivatives_exist_at_weights_that_are_known(at):
    for activation in ("tanh", "relu"):
        d = Draft((1, 1, 1), [["1"]], [["1"]], [layer([["1"]], ["1"]), layer([["1"]], ["0"])], activation=activation)
        d.differentiable(1, at)
        assert outcome(d) == ("conclusion", "conclusion.at")


def test_derivatives_exist_all_over_the_box_of_a_witness():
    """A relu at the best fit of a line: a box that reaches the kink of a sample is no box in which derivatives exist."""
    X, Y = [["-1"], ["0"], ["1"], ["2"], ["3"]], [["1/4"], ["-1/4"], ["1"], ["1"], ["3"]]
    d = Draft((1, 1, 1), X, Y, [layer([["1"]], ["-1/3"]), layer([["1"]], ["0"])], activation="relu")
    boxed(d, "1/1024", [0])
    for order in (1, 2):
        d.differentiable(order, BOX, "BALL")
    assert accepted(d)
    d.differentiable(2, BOX)
    assert outcome(d) == ("rigor", "rigor")


def test_exact_derivatives_do_not_hide_the_balls_that_told_kinks_apart():
    """The sign of an irrational z is seen in balls: so is what rests on it."""
    d = Draft((1, 1, 1), [["1"]], [["0"]], [layer([[["0", [[["pi"], "1"]]]]], ["-3"]), layer([["0"]], ["0"])], activation="relu")
    for rigor in ("EXACT", "BALL"):
        d.differentiable(2, rigor=rigor)
        assert accepted(d) if rigor == "BALL" else outcome(d) == ("rigor", "rigor")
        if rigor == "EXACT":
            d.undo()
    point = exact(d, 0, (), [1])
    assert d.document["steps"][point - 1]["rigor"] == "BALL"
    assert accepted(d)


def test_first_and_second_derivatives_are_told_apart():
    """softsign at 0 has a gradient and no Hessian."""
    point = [layer([["1"]], ["-1"]), layer([["0"]], ["1"])]
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], point, activation="softsign")
    d.differentiable(1)
    exact(d)
    assert accepted(d)
    inertia_exact(d, counts(0, 3, 1))
    assert outcome(d) == ("evidence", "conclusion.at")
