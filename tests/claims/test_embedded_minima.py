"""Minima of narrower networks with a unit copied: local minima of wider ones at every width, attacked nearby and in 100 digits; none if B is indefinite."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.embedded_minima import embedded_minima
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

REFUTED, UNDECIDED = lp.Verdict.REFUTED, lp.Verdict.UNDECIDED
CURVE_X, CURVE_Y = [[0], [1], [2], [3], [4]], [["5/8"], ["3/4"], ["1/8"], ["3/4"], ["1/2"]]


def rows(weights):
    """All weights of a network with one hidden layer and one output as one vector, unit by unit."""
    (first, last) = weights.layers
    units = zip(*first.W, first.b, strict=True) if len(first.W) > 1 else zip(first.W[0], first.b, strict=True)
    return np.array([float(q) for unit in units for q in unit] + [float(row[0]) for row in last.W] + [float(last.b[0])])


def gelu_loss(weights):
    """The loss on the curve in 100 digits."""
    with mpmath.workdps(100):
        first, last = weights.layers
        exact = [[mpmath.mpf(q.numerator) / q.denominator for q in row] for row in (*first.W, first.b, [r[0] for r in last.W], last.b)]
        total = mpmath.mpf(0)
        for (x,), (y,) in zip(CURVE_X, CURVE_Y, strict=True):
            z = [w * x + b for w, b in zip(exact[0], exact[1], strict=True)]
            out = sum((v * q * mpmath.ncdf(q) for v, q in zip(exact[2], z, strict=True)), exact[3][0])
            total += (out - mpmath.mpf(Fraction(y).numerator) / Fraction(y).denominator) ** 2
        return total / (2 * len(CURVE_X))


@pytest.mark.parametrize("units", [2, 3, 6])
def test_a_minimum_of_one_gelu_unit_is_a_bad_minimum_at_every_width(units):
    report = lp.check_architecture((1, units, 1), CURVE_X, CURVE_Y, activation="gelu")
    assert report.conclusion.verdict is REFUTED
    assert lp.verify(report.certificate.text).ok
    bad = report["suboptimal"]
    minimum, own, better = bad.premises
    assert minimum.id == "local-minimum"
    (incoming,) = bad.point.weights.layers[0].W
    assert len(set(incoming)) == 1
    assert gelu_loss(better.point.weights) < gelu_loss(bad.point.weights) - mpmath.mpf(10) ** -6
    assert abs(gelu_loss(bad.point.weights) - mpmath.mpf(own.facts["loss_lower"].numerator) / own.facts["loss_lower"].denominator) < 1e-9
    point, rng = rows(bad.point.weights), np.random.default_rng(units)
    problem = Problem(Architecture.of((1, units, 1), "gelu"), error_named("squared"), Samples.of(CURVE_X, CURVE_Y))
    sizes = 1e-3 * 10.0 ** -rng.uniform(0, 2, size=(500, 1))
    near = FloatLandscape(problem).at(point + sizes * rng.normal(size=(500, len(point)))).loss
    assert near.min() > FloatLandscape(problem).at(point[None]).loss[0] - 1e-15


@pytest.mark.parametrize("name", ["fukumizu-amari-inside", "fukumizu-amari-beyond"])
@pytest.mark.parametrize("units", [3, 5])
def test_both_signs_of_the_matrix_serve_at_every_width(name, units):
    """B ≻ 0 asks for positive shares, B ≺ 0 for one above 1 and negative ones."""
    samples = lp.zoo_entry(name).problem.samples
    report = lp.check_architecture((1, units, 1), samples.X, samples.Y, activation="tanh")
    assert report.conclusion.verdict is REFUTED
    bad = report["suboptimal"]
    signs = {(row[0] > 0) for row in bad.point.weights.layers[1].W}
    assert (len(signs) == 1) == (name == "fukumizu-amari-inside")
    assert lp.verify(report.certificate.text).ok


@pytest.mark.parametrize(
    ("widths", "options"),
    [
        ((1, 1, 1), {}),
        ((1, 2, 2), {}),
        ((1, 2, 2, 1), {}),
        ((1, 3, 1), {"activation": "relu"}),
        ((1, 150, 1), {}),
    ],
    ids=["one unit", "two outputs", "two hidden layers", "kinks", "many weights"],
)
def test_nothing_is_offered_elsewhere(widths, options):
    Y = [[*row, "0"] for row in CURVE_Y] if widths[-1] == 2 else CURVE_Y
    problem = Problem(Architecture.of(widths, options.get("activation", "gelu")), error_named("squared"), Samples.of(CURVE_X, Y))
    assert list(embedded_minima(problem, 0)) == []


def test_nothing_is_offered_where_no_matrix_is_definite():
    """tanh on the same curve: its narrow networks have no strict minimum with a definite matrix."""
    problem = Problem(Architecture.of("1-2-1", "tanh"), error_named("squared"), Samples.of(CURVE_X, CURVE_Y))
    assert list(embedded_minima(problem, 0)) == []


def test_a_search_with_a_clock_embeds_after_its_first_round():
    report = lp.check_architecture("1-25-1", CURVE_X, CURVE_Y, activation="gelu", search=120)
    assert report.conclusion.verdict is REFUTED
    assert report.search.starts == 12
