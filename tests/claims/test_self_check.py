"""What is handed out was checked before: a step that the kernel refuses is no claim, nor is what rests on it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.certificates.kernel import check as kernel
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.proof.nodes import certified_order, decided
from lossproof.certificates.proof.places import EVERYWHERE, Point
from lossproof.certificates.proof.self_check import checked_claims

UNDECIDED = lp.Verdict.UNDECIDED


def refusing(monkeypatch, *rules):
    """Let the kernel refuse some rules from now on."""

    def refuse(step):
        raise Rejected("rule", "evidence", "refused for a test")

    monkeypatch.setattr(kernel, "RULES", {**kernel.RULES, **dict.fromkeys(rules, refuse)})


def rests_on(claim, rules):
    return any(node.rule in rules for node in certified_order([claim]))


CHECKS = {
    "drawn weights": {},
    "given weights": {"weights": [([[2, 2], [2, 2]], [-1, -3]), ([[2], [-2]], [-0.5])]},
    "a critical point": {"weights": [([[0, 0], [0, 0]], [0, 0]), ([[0], [0]], ["1/2"])]},
}
RULES = [
    ("rank-minor",), ("rank-size",), ("rank-constant-weights",), ("learner-box",), ("implication",), ("definition",), ("record",),
    ("stationary-exact", "stationary-constant"), ("loss-bounds",), ("rank-kernel",), ("rank-almost",), ("learner-apart", "higher-order-descent"),
]  # fmt: skip


@cache
def unchecked(name):
    """The report of a check without its own check of the certificate; the same for all rules that are refused."""
    return lp.check_architecture("2-2-1", XOR_X, XOR_Y, self_check=False, **CHECKS[name])


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("rules", RULES, ids=" ".join)
def test_refused_steps_and_what_rests_on_them_are_undecided(monkeypatch, rules, name):
    full = unchecked(name)
    refusing(monkeypatch, *rules)
    report = lp.check_architecture("2-2-1", XOR_X, XOR_Y, **CHECKS[name])
    monkeypatch.undo()
    assert len(report.claims) == len(full.claims)
    for before, after in zip(full, report, strict=True):
        assert before.id == after.id
        if before.verdict is UNDECIDED or rests_on(before, rules):
            assert after.verdict is UNDECIDED
            assert after.missing
        else:
            assert (after.verdict, dict(after.facts).keys()) == (before.verdict, dict(before.facts).keys())
    told = bool(report.self_check.refused)
    assert told == any(rests_on(claim, rules) for claim in full if claim.verdict is not UNDECIDED)
    assert ("refused for a test" in str(report)) == told
    verification = lp.verify(report.certificate.text)
    assert verification.ok, verification.failures
    assert len(verification.steps) == report.self_check.steps


def test_every_format_says_whether_the_check_was_made(tmp_path):
    for made in (True, False):
        report = lp.check_architecture("1-1", [[0], [1]], [[1], [3]], self_check=made)
        assert (report.self_check is not None) is made
        assert (report.to_dict()["self_check"] is not None) is made
        for suffix in (".txt", ".md", ".tex", ".html"):
            text = report.save(tmp_path / f"report{suffix}").read_text(encoding="utf-8")
            assert ("was checked before it was handed out" in text) is made
            assert ("was not checked before" in text) is not made


def test_an_honest_report_needs_nothing_left_out():
    report = lp.check_architecture("2-2-1", XOR_X, XOR_Y)
    assert report.self_check.refused == ()
    assert report.self_check.steps == len(report.certificate.document["steps"])


def test_a_map_leaves_out_what_is_refused(monkeypatch):
    line = "1-2-1", [[0], [1], [2], [4]], [[0], [1], [1], [0]]
    full = lp.find_critical_points(*line, starts=12, workers=1)
    refusing(monkeypatch, "learner-box")
    found = lp.find_critical_points(*line, starts=12, workers=1)
    monkeypatch.undo()
    assert 0 < len(found) < len(full)
    assert found.unproved > full.unproved
    assert all(point.claim.verdict is lp.Verdict.PROVED for point in found)
    assert "refused for a test" in str(found.report)
    assert len(found) > 1
    assert f"{len(found)} critical points are proved here" in found.conclusion.reason
    assert lp.verify(found.certificate.text).ok


def test_a_zoo_proof_says_what_is_refused(monkeypatch):
    refusing(monkeypatch, "implication")
    proof = lp.prove_entry("auer-3")
    monkeypatch.undo()
    assert proof.differences
    assert proof.conclusion.verdict is UNDECIDED
    assert lp.verify(proof.certificate.text).ok


def test_a_problem_that_no_certificate_can_hold_leaves_nothing_decided(monkeypatch):
    def refuse(value):
        raise Rejected("problem", "limit", "too long for a test")

    monkeypatch.setattr(kernel, "read_problem", refuse)
    report = lp.check_architecture("1-1", [[0], [1]], [[1], [3]])
    assert all(claim.verdict is UNDECIDED for claim in report)
    assert report.self_check.steps == 0


def test_a_false_claim_of_the_prover_is_caught():
    problem = lp.Problem(lp.Architecture.of("1-1"), lp.error_named("squared"), lp.Samples.of([[0], [1]], [[1], [3]]))
    point = Point(lp.Weights.of(problem.architecture, [([[1]], [0])]))
    wrong = decided("exact-learner", point, "It is said to be one.", "learner-exact")
    follows = decided("exact-learning", EVERYWHERE, "So one exists.", "implication", wrong, evidence={"row": "some-learner"})
    right = decided("count", EVERYWHERE, "Enough.", "record", facts={"N_net": 2, "required": 2})
    claims, check = checked_claims(problem, [follows, right, wrong], [point])
    assert [claim.verdict.value for claim in claims] == ["UNDECIDED", "PROVED", "UNDECIDED"]
    assert claims[1] is right
    assert "an output is not seen to equal its target" in claims[0].reason
    assert check.steps == 1
    assert len(check.refused) == 1


@pytest.mark.parametrize("activation", ["softsign", "bent-identity", "elu"])
def test_wide_boxes_of_nearly_straight_units_are_accepted(activation):
    """One unit far out, fixed biases, doubles near a critical point: the box is wide, and the checker's balls are no wider than the prover's."""
    found = []
    for seed in range(12):
        g = np.random.default_rng(seed)
        X, Y = g.standard_normal((8, 2)), g.standard_normal((8, 1))
        trained = lp.train("2-1-1", X, Y, activation=activation, bias="fixed", seed=seed, method="lm", max_iterations=12)
        options = {"activation": activation, "bias": "fixed", "search": "none", "self_check": False}
        report = lp.check_architecture("2-1-1", X, Y, weights=trained.weights, **options)
        verification = lp.verify(report.certificate.text)
        assert verification.ok, verification.failures
        found.append(report["critical-point"].verdict)
    assert lp.Verdict.PROVED in found


@pytest.mark.parametrize("activation", ["elu", "softsign"])
@pytest.mark.parametrize(
    ("error", "Y"), [("logistic", [[0], [1]]), ("squared", [[-1], [1]]), ("cauchy:1", [["-1/2"], ["1/2"]]), ("softmax", [[1, 0], [0, 1]])]
)
@pytest.mark.parametrize("bias", [["trainable", "none"], "trainable"], ids=str)
def test_boxes_around_a_kink_of_the_slope(activation, error, Y, bias):
    """Equal inputs whose best outputs are 0, where σ is differentiable once: the slope varies little there, for the checker as well."""
    weights = [([["4.8"]], [0]), ([["-1.65"] * len(Y[0])], [0] * len(Y[0]))]
    nearly = [([["4.8"]], [1e-9]), weights[1]]
    for start in (weights, nearly):
        report = lp.find_critical_points(
            (1, 1, len(Y[0])), [[0], [0]], Y, activation=activation, error=error, bias=bias, weights=[start], starts=0, workers=1
        )
        assert not report.report.self_check.refused
        assert len(report) == 1
