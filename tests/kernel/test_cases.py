"""The certificates made by hand are accepted, and they use every rule, and every line of every table of rules."""

from __future__ import annotations

import pytest
from cases.kernel_cases import CASES

from lossproof.certificates.kernel.check import BOUND_RULES, RULES, check_certificate
from lossproof.certificates.kernel.rules.cited import THEOREMS
from lossproof.certificates.kernel.rules.reasons import CLASSES, DEFINITIONS, IMPLICATIONS, RECORDS
from lossproof.theory.verdicts import Rigor


def steps(rule=None):
    return [step for case in CASES.values() for step in case()["steps"] if rule in (None, step["rule"])]


@pytest.mark.parametrize("case", CASES)
def test_certificates_made_by_hand_are_accepted(case):
    document = CASES[case]()
    result = check_certificate(document)
    assert result.ok, result.failures
    assert [step.conclusion for step in result.steps] == [step["conclusion"] for step in document["steps"]]
    assert [step.rigor.value for step in result.steps] == [step["rigor"] for step in document["steps"]]
    assert all(str(step.step) in str(step) for step in result.steps)
    assert len(result.claims) == sum("statement" in step["conclusion"] for step in document["steps"])


@pytest.mark.parametrize("case", CASES)
def test_without_theorems_of_others_the_steps_that_rest_on_one_are_failures(case):
    document = CASES[case]()
    cited = [k for k, step in enumerate(document["steps"]) if step["rigor"] == "CITED"]
    result = check_certificate(document, allow_cited=False)
    assert result.ok == (not cited)
    assert [(failure.place, failure.code) for failure in result.failures] == [(f"steps[{k}]", "rigor") for k in cited]
    assert [step.step - 1 for step in result.steps] == [k for k in range(len(document["steps"])) if k not in cited]


def test_every_rule_has_an_accepted_certificate():
    assert set(RULES) == {step["rule"] for step in steps()}


def test_every_line_of_every_table_has_an_accepted_certificate():
    assert set(IMPLICATIONS) == {step["evidence"]["row"] for step in steps("implication")}
    assert set(DEFINITIONS) == {step["conclusion"]["statement"] for step in steps("definition")}
    assert set(RECORDS) == {step["conclusion"]["statement"] for step in steps("record")}
    kinds = {step["conclusion"]["facts"]["kind"] for step in steps("definition") if step["conclusion"]["statement"] == "critical-point"}
    assert kinds == set(CLASSES)


def test_both_verdicts_of_statements_that_have_two_are_met():
    found = {
        (step["rule"], step["conclusion"]["statement"], step["conclusion"]["verdict"])
        for step in steps()
        if "statement" in step["conclusion"]
    }
    for rule, statement in (
        ("record", "count"), ("record", "principle-activation"), ("record", "principle-morse"), ("definition", "full-rank"),
        ("definition", "principle-weights"),
    ):  # fmt: skip
        assert {(rule, statement, verdict) for verdict in ("PROVED", "REFUTED")} <= found


def test_the_rules_that_rest_on_theorems_of_others_say_so():
    for step in steps():
        row = step["evidence"].get("row", "")
        own = step["rule"] == "cited-theorem" or row == "ggn" or row.removeprefix("by-") in THEOREMS
        assert (step["rigor"] == Rigor.CITED.value) == own, step


def test_bounds_and_claims_come_from_different_rules():
    assert all(("matrix" in step["conclusion"]) == (step["rule"] in BOUND_RULES) for step in steps())
