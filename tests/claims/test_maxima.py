"""Local maxima: a kind of their own, and called saddles only where the loss is proved to rise, too."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from lossproof.certificates.checks.check_architecture import check_architecture
from lossproof.certificates.claims.critical_kinds import kind_words
from lossproof.certificates.maps.find_critical_points import find_critical_points
from lossproof.certificates.proof.verify import verify

FAR = {"X": [[1], [1]], "Y": [[-5], [5]], "error": "cauchy", "bias": "none"}
ORBIT = {"widths": (1, 1, 1), "activation": "identity", **FAR}


def told(weights, **problem):
    """The facts of the claim about weights without biases."""
    report = check_architecture(weights=[(W, None) for W in weights], search="none", **problem)
    assert verify(report.certificate).ok
    return report["critical-point"].facts, " ".join(str(report).split())


def cauchy_loss(weights):
    """The mean of log(1 + (y − F(x))²) on these samples, F(x) = x Π w, in 100 digits."""
    with mpmath.workdps(100):
        slope = mpmath.fprod(map(float, weights))
        return mpmath.fsum(mpmath.log1p((slope * x - y) ** 2) for [x], [y] in zip(FAR["X"], FAR["Y"], strict=True)) / 2


@pytest.mark.parametrize(
    ("widths", "weights", "words"),
    [
        ((1, 1), [[[0]]], "strict local maximum"),
        ((1, 1, 1), [[[1]], [[0]]], "local maximum, not strict"),
        ((1, 1, 1), [[[0]], [[2]]], "local maximum, not strict"),
        ((1, 1, 1, 1), [[[1]], [[0]], [[3]]], "local maximum, not strict"),
    ],
)
def test_no_larger_loss_lies_around_a_maximum(widths, weights, words):
    facts, text = told(weights, **{**ORBIT, "widths": widths})
    assert facts["kind"] == "maximum"
    assert facts["radius"] == 0
    assert kind_words(facts) == words
    assert f"{words} (critical-point)" in text
    here, generator = np.concatenate([np.ravel(W) for W in weights]), np.random.default_rng(0)
    height = cauchy_loss(here)
    around = [cauchy_loss(here + generator.normal(0, 1e-2, here.size)) for _ in range(100)]
    assert max(around) <= height
    assert min(around) < height


def test_weights_that_nobody_sees_make_it_not_strict():
    facts, _ = told([[[0], [7]]], **{**FAR, "widths": (2, 1), "X": [[1, 0], [1, 0]]})
    assert facts["kind"] == "maximum"
    assert facts["inertia"] == {"negative": 1, "zero": 1, "positive": 0, "undecided": 0}


def test_a_maximum_near_the_weights():
    found = find_critical_points(X=[[1], [1], [1]], Y=[[-5], [4], [5]], widths=(1, 1), error="cauchy", bias="none", starts=24, workers=1)
    assert [point.kind for point in found] == ["strict-minimum", "strict-minimum", "maximum"]
    top = next(point for point in found if point.kind == "maximum")
    assert top.radius > 0
    assert "strict local maximum" in str(found)


def test_a_saddle_is_one_where_the_loss_rises_too():
    signs = {"negative": 2, "zero": 0, "positive": 0, "undecided": 1}
    assert kind_words({"kind": "saddle", "inertia": signs}) == "no minimum: negative curvature"
    assert kind_words({"kind": "saddle", "inertia": {**signs, "positive": 1}}) == "saddle"
    facts, text = told([[[0]], [[0]]], **{**ORBIT, "Y": [[1], [1]]})
    assert facts["kind"] == "saddle"
    assert "a saddle, no local minimum" in text
