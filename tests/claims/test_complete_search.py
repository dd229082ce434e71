"""A complete list of all local minima decides small landscapes that nothing else decides, whether a network is checked or a map is made."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.certificates.claims import complete_search, decision
from lossproof.certificates.claims.complete_search import plan_of_list
from lossproof.numerics.complete.search import search_tree
from lossproof.theory.problem.decay import Decay

PROVED, REFUTED, UNDECIDED = lp.Verdict.PROVED, lp.Verdict.REFUTED, lp.Verdict.UNDECIDED
X, Y = [[0], [1], [2], [3], [4]], [["5/8"], ["3/4"], ["1/8"], ["3/4"], ["1/2"]]
SMALL = {
    "a neuron": ("1-1", {"activation": "identity", "output_activation": "tanh"}),
    "tanh": ("1-1-1", {"weight_decay": "1/100"}),
    "softplus": ("1-1-1", {"weight_decay": "1/100", "activation": "softplus"}),
    "two units": ("1-2-1", {"weight_decay": "1/10"}),
    "a power": ("1-1-1", {"weight_decay": "1/10", "activation": "power:2"}),
}


def problem_of(widths, **options):
    return lp.check_architecture(widths, X, Y, search="none", self_check=False, **options).problem


@pytest.mark.parametrize(("widths", "options"), SMALL.values(), ids=SMALL)
def test_a_small_landscape_is_decided(widths, options):
    report = lp.check_architecture(widths, X, Y, **options)
    assert report.conclusion.verdict is PROVED
    assert [premise.id for premise in report.conclusion.premises] == ["complete-list"]
    listed, told = report["complete-list"], [claim for claim in report if claim.id == "critical-point"]
    assert listed.facts["whole"]
    assert len(told) == listed.facts["points"]
    assert [claim.facts["kind"] for claim in told].count("global") == 1
    assert lp.verify(report.certificate).ok
    assert report.self_check.refused == ()


@pytest.mark.parametrize(("widths", "options"), SMALL.values(), ids=SMALL)
def test_a_map_knows_no_less(widths, options):
    found = lp.find_critical_points(widths, X, Y, starts=6, workers=1, **options)
    assert found.conclusion.verdict is PROVED
    assert [point.kind for point in found].count("global") == 1
    least = min(found, key=lambda point: point.claim.facts["loss_upper"])
    assert least.kind == "global"
    assert least.hits >= 1


def test_points_of_a_search_that_the_list_has_are_told_once():
    found = lp.find_critical_points("1-1-1", X, Y, weight_decay="1/100", starts=20, workers=1)
    weights = [np.array([float(w) for layer in point.weights.layers for row in layer.W for w in row]) for point in found]
    assert all(np.abs(np.abs(a) - np.abs(b)).max() > 1e-3 for k, a in enumerate(weights) for b in weights[:k])


def test_weights_that_are_given_are_told_beside_the_list():
    weights = [([["1/2"]], ["1/10"]), ([["3/10"]], ["1/5"])]
    report = lp.check_architecture("1-1-1", X, Y, weight_decay="1/100", weights=weights)
    assert report.conclusion.verdict is PROVED
    assert report["critical-point", 0].facts["kind"] == "not-critical"
    assert [claim.facts["kind"] for claim in report if claim.id == "critical-point"] == ["not-critical", "global"]


def test_a_list_that_is_not_sought_or_not_wanted_leaves_the_question_open():
    options = {"weight_decay": "1/10", "activation": "tanh"}
    report = lp.check_architecture("1-2-1", X, Y, search="none", **options)
    assert report.conclusion.verdict is UNDECIDED
    assert not [claim for claim in report if claim.id == "complete-list"]
    assert report.search.boxes == 0


def test_boxes_that_do_not_suffice_are_told(monkeypatch):
    monkeypatch.setattr(complete_search, "_BOXES", 5_000)
    report = lp.check_architecture("2-2-1", XOR_X, XOR_Y, weight_decay="1/10")
    assert report.conclusion.verdict is UNDECIDED
    assert 0 < report.search.boxes <= 5_000
    assert f"{report.search.boxes:,} boxes of weights are too few" in str(report.search)
    assert str(report.search) in report.notes


def test_seconds_are_spent_on_the_list(monkeypatch):
    """The search from starts ends as without seconds, and the list has what is left of them."""
    asked = []

    def tree(land, bounds, budget, report, *, minima):
        asked.append(budget)
        return search_tree(land, bounds, replace(budget, boxes=1), report, minima=minima)

    monkeypatch.setattr(complete_search, "search_tree", tree)
    report = lp.check_architecture("1-2-1", X, Y, weight_decay="1/10", search=50)
    assert report.search.starts == 48
    assert 0 < asked[0].seconds <= 50
    assert asked[0].boxes == 2**22


def test_an_interrupt_of_the_list_keeps_what_was_proved(monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(complete_search, "prove_near", stopped)
    report = lp.check_architecture("1-2-1", X, Y, weight_decay="1/10")
    assert report.conclusion.verdict is UNDECIDED
    assert report.search.interrupted
    assert lp.verify(report.certificate).ok


def test_a_point_that_is_not_proved_leaves_the_list_open(monkeypatch):
    monkeypatch.setattr(complete_search, "prove_near", lambda *_, **__: None)
    report = lp.check_architecture("1-1-1", X, Y, weight_decay="1/100")
    assert report.conclusion.verdict is UNDECIDED
    assert not [claim for claim in report if claim.id == "complete-list"]


def test_a_list_that_the_checker_refuses_is_told_as_undecided(monkeypatch):
    """With one leaf of the tree relabelled all that rested on the list falls with it."""
    original = complete_search.search_tree

    def tree(*arguments, **options):
        found = original(*arguments, **options)
        at = found.codes.index("N")
        return replace(found, codes=found.codes[:at] + "S" + found.codes[at + 1 :])

    monkeypatch.setattr(complete_search, "search_tree", tree)
    report = lp.check_architecture("1-1-1", X, Y, weight_decay="1/100")
    assert report.conclusion.verdict is UNDECIDED
    assert report["complete-list"].verdict is UNDECIDED
    assert report.self_check.refused
    found = lp.find_critical_points("1-1-1", X, Y, weight_decay="1/100", starts=4, workers=1)
    assert found.conclusion.verdict is UNDECIDED
    assert found.report.self_check.refused
    assert len(found) > 0


@pytest.mark.parametrize(
    ("widths", "options"),
    [
        ("1-1-1", {}),
        ("1-1-1", {"weight_decay": "1/10", "decay_biases": False}),
        ("1-1-1", {"weight_decay": "1/10", "activation": "relu"}),
        ("1-2-1", {"activation": "power:2"}),
        ("1-5-1", {"weight_decay": "1/10"}),
        ("1-1-1", {"weight_decay": "1/10", "error": "smooth-l1"}),
    ],
)
def test_what_no_list_covers_is_not_tried(widths, options):
    assert plan_of_list(problem_of(widths, **options), None) is None


def test_numbers_beyond_doubles_are_not_tried():
    problem = problem_of("1-1-1", weight_decay="1/10")
    far = replace(problem, decay=Decay.of(10**400, problem.architecture))
    assert plan_of_list(far, None) is None


@pytest.mark.parametrize("bias", ["none", "trainable"])
def test_bounds_beyond_those_of_a_list_leave_the_question_open(bias):
    """Tiny inputs let critical points lie far out."""
    neuron = {"activation": "identity", "output_activation": "sigmoid", "bias": bias}
    report = lp.check_architecture("1-1", [["1/100000000"], ["1/50000000"], ["-1/70000000"]], [["1/4"], ["9/10"], ["1/3"]], **neuron)
    assert report.conclusion.verdict is UNDECIDED
    assert report.search.boxes == 0


def test_a_list_is_not_sought_where_the_question_is_decided(monkeypatch):
    monkeypatch.setattr(decision, "seek_complete_list", None)
    assert lp.check_architecture("1-1", X, Y, weight_decay="1/10").conclusion.verdict is PROVED
    assert lp.check_architecture("2-2-1", XOR_X, XOR_Y, weight_decay="1/100").conclusion.verdict is REFUTED


def test_random_small_landscapes_agree_with_searches():
    """Where the list says that all minima are global, no search finds another; where it is not decided, a bad minimum may be there."""
    rng, decided = np.random.default_rng(7), 0
    for _ in range(12):
        T = int(rng.integers(3, 7))
        xs, ys = rng.integers(-4, 5, (T, 1)).tolist(), [[str(y)] for y in rng.integers(-3, 4, T)]
        options = {"weight_decay": f"1/{rng.integers(5, 60)}", "activation": str(rng.choice(["tanh", "sigmoid", "softplus", "arctan"]))}
        report = lp.check_architecture("1-1-1", xs, ys, self_check=False, **options)
        losses = [c.facts["loss_lower"] for c in report if c.id == "critical-point" and c.facts["kind"] == "global"]
        if report.conclusion.verdict is PROVED and losses:
            decided += 1
            found = lp.find_critical_points("1-1-1", xs, ys, starts=40, workers=1, self_check=False, **options)
            minima = [p for p in found if p.kind in ("global", "strict-minimum", "local-minimum")]
            assert all(
                p.claim.facts["loss_upper"] >= losses[0] and p.claim.facts["loss_lower"] <= losses[0] * (1 + 1e-6) + 1e-9 for p in minima
            )
    assert decided >= 4


def test_the_certificate_of_a_check_holds_the_tree():
    report = lp.check_architecture("1-1-1", X, Y, weight_decay="1/100")
    steps = json.loads(report.certificate.text)["steps"]
    assert [step["rule"] for step in steps].count("complete-list") == 1
