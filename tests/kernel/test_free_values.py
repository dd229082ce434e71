"""Ranks at almost all weights from residues in place of values: false evidence is rejected, and so are networks of which it proves nothing."""

from __future__ import annotations

import copy

import pytest
from cases.kernel_cases import CASES
from cases.kernel_cases_ranks import SMALL_PRIME, free_values
from cases.kernel_draft import ALMOST, EVERYWHERE, Draft
from cases.kernel_outcomes import accepted, outcome

WEIGHTS, VALUES = [[[17, 29], [31, 5]], [[3], [11]]], [[[2, 3], [5, 7], [13, 19]]]
EXPONENTIALS = [[12345, 777], [4242, 31]]
FIXED = {"bias": "fixed", "fixed_bias": [["1", f"1/{SMALL_PRIME}"], ["0"]]}


def first_step(case, problem=None, evidence=None, substitution=None, **conclusion):
    """The first step of a case alone, with changes of what it says."""
    d = Draft.of(copy.deepcopy(CASES[case]()), 1)
    d.document["problem"].update(problem or {})
    step = d.document["steps"][0]
    step["evidence"].update(evidence or {})
    step["evidence"]["substitution"] = {**(step["evidence"].get("substitution") or {}), **(substitution or {})} or None
    if step["rule"] == "rank-patterns":
        del step["evidence"]["substitution"]
    step["conclusion"].update(conclusion)
    return d


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"problem": {"activation": "arctan"}}, "evidence", "rule"),
        ({"problem": {"output_activation": "sin"}}, "evidence", "rule"),
        ({"problem": {"bias": "fixed", "fixed_bias": [["0", "0"], ["0", "0"], ["0"]]}}, "evidence", "rule"),
        ({"problem": {"X": [["1"], ["1"], ["2"]]}}, "evidence", "rule"),
        ({"problem": {"bias": "none", "X": [["1"], ["-1"], ["2"]]}}, "evidence", "rule"),
        ({"problem": {"bias": "none", "X": [["1"], ["0"], ["2"]]}}, "evidence", "rule"),
        ({"substitution": {"weights": [[[0, 0], [0, 0]], [[3], [11]]]}}, "evidence", "evidence.rows"),
        ({"substitution": {"weights": [[[17, 29], [31, 5]]]}}, "schema", "evidence.substitution.weights"),
        ({"substitution": {"values": []}}, "schema", "evidence.substitution.values"),
        ({"substitution": {"values": [VALUES[0][:2]]}}, "schema", "evidence.substitution.values[0]"),
        ({"substitution": {"exponentials": EXPONENTIALS[:1]}}, "schema", "evidence.substitution.exponentials"),
        ({"substitution": {"exponentials": [[0, 777], [4242, 31]]}}, "evidence", "evidence.substitution.exponentials[0][0]"),
        ({"substitution": {"exponentials": [[1048582, 1], [4242, 31]]}, "problem": {"activation": "sigmoid"}}, "evidence", "evidence.substitution"),
        ({"problem": {"X": [[f"1/{SMALL_PRIME}"], ["1"], ["2"]]}}, "evidence", "evidence.substitution"),
        ({"substitution": {"u": 3}}, "schema", "evidence.substitution"),
        ({"evidence": {"rows": [0, 1], "columns": [0, 1]}}, "conclusion", "conclusion.rank_lower"),
        ({"evidence": {"rows": [0, 0, 4]}}, "evidence", "evidence.rows"),
        ({"evidence": {"prime": 1048583 + 2}}, "evidence", "evidence.prime"),
        ({"matrix": "P-1", "rank_lower": 1, "evidence": {"rows": [0], "columns": [0]}}, "conclusion", "conclusion.matrix"),
        ({"matrix": "Phi-2", "rank_lower": 1, "evidence": {"rows": [0], "columns": [0]}}, "conclusion", "conclusion.matrix"),
        ({"matrix": "W-1", "rank_lower": 1, "evidence": {"rows": [0], "columns": [0]}}, "conclusion", "conclusion.matrix"),
        ({"at": EVERYWHERE}, "conclusion", "conclusion.at"),
        ({"rank_lower": 2}, "conclusion", "conclusion.rank_lower"),
    ],
    ids=str,
)  # fmt: skip
def test_false_evidence_about_free_values_is_rejected(changes, code, place):
    assert outcome(first_step("deep_tanh_almost_everywhere", **changes)) == (code, place)


def two_layers(X, activation, output, bias, exponentials):
    d = Draft((1, 2, 1), X, [["0"]] * len(X), activation=activation, output_activation=output, bias=bias)
    size = len(X) if ["0"] not in X or bias == "trainable" or activation == "sigmoid" else len(X) - 1
    columns = [k for k in range(len(X)) if size == len(X) or X[k] != ["0"]]
    d.lower("rank-minor", "P", size, ALMOST, (), free_values(list(range(size)), columns, exponentials, [[[17], [31]]], []))
    return d


@pytest.mark.parametrize("output", ["identity", "leaky-relu:1/10"])
def test_an_input_0_without_bias_leaves_no_derivative_at_a_kink(output):
    """With tanh its output is at the kink whatever the weights, so P exists nowhere; with sigmoid, or a bias, almost everywhere."""
    X, one, two = [["0"], ["1"], ["3"]], [[12345], [777]], [[12345, 3], [777, 4242]]
    assert accepted(two_layers(X, "sigmoid", output, "none", one))
    assert accepted(two_layers(X, "tanh", output, "trainable", two))
    assert accepted(two_layers(X[1:], "tanh", output, "none", one))
    found = two_layers(X, "tanh", output, "none", one)
    assert accepted(found) if output == "identity" else outcome(found) == ("evidence", "rule")


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"evidence": {"weights": [0] * 9}}, "evidence", "evidence.weights"),
        ({"evidence": {"weights": [1, 2, 3, 4, 5, 6, 0, 0, 5]}}, "evidence", "evidence.weights"),
        ({"evidence": {"weights": [1] * 8}}, "schema", "evidence.weights"),
        ({"evidence": {"weights": [1048583] * 9}}, "evidence", "evidence.weights[0]"),
        ({"evidence": {"prime": 1048584}}, "evidence", "evidence.prime"),
        ({"evidence": {"prime": 7}}, "evidence", "evidence.prime"),
        ({"problem": {"activation": "tanh"}}, "evidence", "rule"),
        ({"problem": {"output_activation": "sin"}}, "evidence", "rule"),
        ({"problem": {"X": [["0", "0"], ["0", "1"], ["1", "0"], ["0", "1"]]}}, "evidence", "evidence.weights"),
        ({"problem": {"X": [["0", "0"], ["0", "1"], ["1", "0"], ["1", f"1/{SMALL_PRIME}"]]}}, "evidence", "evidence.weights"),
        ({"problem": FIXED}, "schema", "evidence.weights"),
        ({"problem": FIXED, "evidence": {"weights": [12345, 777, 31, 4242, 99991, 54321]}}, "evidence", "evidence.weights"),
        ({"matrix": "P-1"}, "conclusion", "conclusion.matrix"),
        ({"at": EVERYWHERE}, "conclusion", "conclusion.at"),
        ({"rank_lower": 3}, "conclusion", "conclusion.rank_lower"),
    ],
    ids=str,
)
def test_false_evidence_about_patterns_of_signs_is_rejected(changes, code, place):
    assert outcome(first_step("softsign_almost_everywhere", **changes)) == (code, place)
