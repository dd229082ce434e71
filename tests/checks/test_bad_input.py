"""Bad input gives one clear error: what was expected, what came, what to do."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import sympy

import lossproof as lp

X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
GOOD = [([[1, 2], [3, 4]], [0, 0]), ([[1], [1]], [0])]


def run(widths=(2, 2, 1), x=X, y=Y, **options):
    return lp.check_architecture(widths, x, y, **options)


CASES = {
    "too few inputs": (lambda: run((3, 2, 1)), "X must have 3 columns"),
    "too few outputs": (lambda: run((2, 2, 2)), "Y must have 2 columns"),
    "rows differ": (lambda: run(x=X[:3]), "one row a sample"),
    "ragged": (lambda: run(x=[[0, 0], [1], [1, 0], [1, 1]]), "rows of one length"),
    "empty": (lambda: run(x=[], y=[]), "at least one sample"),
    "nan": (lambda: run(x=[[0, math.nan], *X[1:]]), r"X\[0\]\[1\] must be finite"),
    "infinite target": (lambda: run(y=[[math.inf], *Y[1:]]), r"Y\[0\]\[0\] must be finite"),
    "infinite weight": (lambda: run(weights=[([[math.inf, 2], [3, 4]], [0, 0]), GOOD[1]]), r"W_1\[0\]\[0\] must be finite"),
    "text": (lambda: run(x=[["a", 0], *X[1:]]), "must spell a rational"),
    "huge exponent": (lambda: run(x=[["1e999999", 0], *X[1:]]), "must spell a rational"),
    "zero denominator": (lambda: run(x=[["1/0", 0], *X[1:]]), "must spell a rational"),
    "none": (lambda: run(x=[[None, 0], *X[1:]]), "must be a number"),
    "symbol": (lambda: run(weights=[([[sympy.Symbol("a"), 2], [3, 4]], [0, 0]), GOOD[1]]), "must be a real SymPy number"),
    "complex": (lambda: run(weights=[([[sympy.I, 2], [3, 4]], [0, 0]), GOOD[1]]), "must be a real SymPy number"),
    "symbolic sample": (lambda: run(x=[[sympy.pi, 0], *X[1:]]), "must be rational"),
    "not a matrix": (lambda: run(x=7), "must be a matrix"),
    "unknown activation": (lambda: run(activation="tahn"), "did you mean 'tanh'"),
    "unknown output": (lambda: run(output_activation="sigmiod"), "did you mean 'sigmoid'"),
    "unknown error": (lambda: run(error="squard"), "did you mean 'squared'"),
    "unknown bias": (lambda: run(bias="trainabel"), "did you mean 'trainable'"),
    "beta": (lambda: run(error="cauchy:-1"), "must be positive"),
    "slope": (lambda: run(activation="leaky-relu:2"), "strictly between 0 and 1"),
    "exponent": (lambda: run(activation="power:99"), "whole number from 1 to"),
    "width zero": (lambda: run((2, 0, 1)), "at least 1"),
    "width fraction": (lambda: run((2, 1.5, 1)), "whole numbers"),
    "width text": (lambda: run("2-x-1"), "look like 2-2-1"),
    "one width": (lambda: run((2,)), "at least inputs and outputs"),
    "layers missing": (lambda: run(weights=GOOD[:1]), "list of 2 pairs"),
    "transposed": (
        lambda: run((2, 3, 1), weights=[([[1, 2], [3, 4], [5, 6]], [0, 0, 0]), ([[1], [1], [1]], [0])]),
        "torch stores the transpose",
    ),
    "bias length": (lambda: run(weights=[([[1, 2], [3, 4]], [0]), GOOD[1]]), "must have 2 entries"),
    "bias missing": (lambda: run(weights=[([[1, 2], [3, 4]], None), GOOD[1]]), "must be given"),
    "bias too many": (lambda: run(bias="none", weights=[([[1, 2], [3, 4]], [1, 0]), GOOD[1]]), "must be None or zero"),
    "probabilities": (lambda: run(error="logistic", y=[[2], [0], [0], [1]]), r"must lie in \[0, 1\]"),
    "softmax sum": (lambda: run((2, 2, 2), error="softmax", y=[[0.3, 0.3]] * 4), "sum 1"),
    "precision": (lambda: run(max_precision=2), "max_precision must be"),
    "seed": (lambda: run(seed="x"), "seed must be a whole number"),
    "model": (lambda: lp.check_model("model", X, Y), "a model must be an MLP of scikit-learn"),
    "statement": (lambda: lp.statement_named("full-rnk"), "did you mean 'full-rank'"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name):
    call, message = CASES[name]
    with pytest.raises(lp.InputError, match=message) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    assert ": " in text, "no advice what to do"


def test_equal_inputs_with_different_targets_are_a_result_not_an_error():
    report = run((1, 2, 1), [[1], [1]], [[0], [1]])
    assert report["exact-learning"].verdict is lp.Verdict.REFUTED
    assert any("equal inputs" in note for note in report.notes)


def test_unknown_claims_raise_key_errors_that_name_the_known_ones():
    report = run((2, 1), X, Y)
    with pytest.raises(KeyError, match="count"):
        report["nonsense"]


def test_accepted_kinds_of_numbers():
    import decimal

    import numpy as np

    values = [np.float32(0.5), np.int64(2), Fraction(1, 3), decimal.Decimal("0.1"), "-2.5e-3", sympy.Rational(2, 7), True, 7]
    report = lp.check_architecture((1, 1), [[v] for v in values], [[0]] * 8, bias="none")
    assert report.problem.samples.X[3] == (Fraction(1, 10),)
    assert report.problem.samples.X[5] == (Fraction(2, 7),)
