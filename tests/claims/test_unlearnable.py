"""Exact learning that affine outputs and narrow networks rule out, and what they do not rule out."""

from __future__ import annotations

import pytest
from cases.landscapes import XOR_X

import lossproof as lp
from lossproof.certificates.claims.exact_learning import refute_exact_learning
from lossproof.certificates.proof.context import ProofContext
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

LINE = [[0], [1], [2]]


def refuted(widths, X, y, error="squared", **options):
    architecture = Architecture.of(widths, **options)
    problem = Problem(architecture, error_named(error), Samples.of(X, [[t] for t in y]))
    claim = refute_exact_learning(ProofContext(problem, 0, 256))
    return None if claim is None else (claim.rule, claim.rigor.value)


@pytest.mark.parametrize(
    ("widths", "X", "y", "options", "expected"),
    [
        ("1-1-1", LINE, [0, 1, 0], {"activation": "tanh"}, ("unlearnable-order", "EXACT")),
        ("1-1-1", LINE, [0, 1, 0], {"activation": "relu"}, ("unlearnable-order", "EXACT")),
        ("1-1-1", LINE, [0, 0, 1], {"activation": "tanh"}, ("unlearnable-order", "EXACT")),
        ("1-1-1", LINE, [0, 0, 1], {"activation": "relu"}, None),
        ("1-1-1", LINE, [0, 1, 3], {"activation": "tanh"}, None),
        ("1-1-1", LINE, [0, 1, 0], {"activation": "sin"}, None),
        ("1-2-1", LINE, [0, 1, 0], {"activation": "tanh"}, None),
        ("2-1-1", XOR_X, [0, 1, 1, 0], {"activation": "sigmoid"}, ("unlearnable-order", "EXACT")),
        ("2-1-1-1", XOR_X, [0, 1, 1, 0], {"activation": "leaky-relu"}, ("unlearnable-order", "EXACT")),
        ("2-1-1", XOR_X, [0, 0, 0, 1], {"activation": "sigmoid"}, ("unlearnable-order", "EXACT")),
        ("2-1-1", XOR_X, [0, 0, 0, 1], {"activation": "relu"}, None),
        ("2-1-1", XOR_X, [0, 1, 2, 4], {"activation": "tanh"}, None),
        ("1-1", LINE, ["1/4", "1/3", "9/10"], {"output_activation": "sigmoid"}, ("unlearnable-linear", "BALL")),
        ("1-1", LINE, ["1/4", "1/2", "3/4"], {"output_activation": "sigmoid"}, None),
        ("1-1", LINE, ["1/5", "1/3", "1/2"], {"output_activation": "sigmoid"}, None),
        ("1-1", [[1], [2]], ["1/3", "1/2"], {"output_activation": "tanh", "bias": "none"}, ("unlearnable-linear", "BALL")),
        (
            "1-3-1",
            LINE,
            ["1/4", "1/3", "9/10"],
            {"activation": "identity", "output_activation": "softsign"},
            ("unlearnable-linear", "BALL"),
        ),
        ("1-1", LINE, [1, 2, 4], {"output_activation": "leaky-relu"}, ("unlearnable-linear", "BALL")),
    ],
)
def test_what_narrow_and_affine_networks_cannot_learn(widths, X, y, options, expected):
    assert refuted(widths, X, y, **options) == expected


def test_cross_entropies_have_learners_of_another_kind():
    assert refuted("1-1-1", LINE, ["1/4", "1/2", "1/4"], "logistic", activation="tanh") is None


@pytest.mark.parametrize(("widths", "y", "output"), [("1-1-1", [0, 1, 0], "identity"), ("1-1", ["1/4", "1/3", "9/10"], "sigmoid")])
def test_the_certificates_are_accepted(widths, y, output):
    report = lp.check_architecture(widths, LINE, [[t] for t in y], activation="tanh", output_activation=output)
    claim = report["exact-learning"]
    assert claim.verdict is lp.Verdict.REFUTED
    assert claim.rule in ("unlearnable-order", "unlearnable-linear")
    assert lp.verify(report.certificate.text).ok
    assert "order" in claim.reason or "output activation" in claim.reason
