"""Which numbers have no double, and what works in doubles where some have none."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import numpy as np
import pytest
import sympy

import lossproof as lp
from lossproof.numerics.critical.search import find_candidates
from lossproof.numerics.fields.float64 import Float64Field, nearest_double
from lossproof.numerics.learners.candidates import exact_learner_candidates, learner_from
from lossproof.numerics.learners.krawczyk import learner_box
from lossproof.numerics.network.double_range import beyond_doubles, vanishing_in_doubles
from lossproof.numerics.network.estimates import jacobian_spectrum
from lossproof.numerics.network.outputs import is_exact_learner, output_apart_from_target
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import is_small_beside
from lossproof.theory.exceptions import NotInField
from lossproof.theory.problem.numbers import exact_number

LARGEST = Fraction(sys.float_info.max)
HALF_STEP = Fraction(2) ** 970


def problem(X=((0,), (1,)), Y=((0,), (1,)), widths="1-1", error="squared", fixed_bias=None, **options):
    architecture = lp.Architecture.of(widths, **options)
    return lp.Problem(architecture, lp.error_named(error), lp.Samples.of(X, Y), fixed_bias)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_edges_of_the_doubles(sign):
    kept, beyond = LARGEST + HALF_STEP - 1, LARGEST + HALF_STEP
    assert nearest_double(sign * kept) == sign * sys.float_info.max
    assert nearest_double(sign * beyond) == sign * math.inf
    assert beyond_doubles(problem(X=[[0], [sign * kept]])) is None
    assert beyond_doubles(problem(X=[[0], [sign * beyond]])) == "X[1][0] is larger than any double"
    least = Fraction(1, 2**1074)
    assert vanishing_in_doubles(problem(X=[[0], [sign * least]])) is None
    assert vanishing_in_doubles(problem(X=[[0], [sign * least / 2]])) == "X[1][0] is smaller than any double other than 0"
    assert nearest_double(sign * least / 2) == 0


def test_constants_have_their_nearest_double():
    for value in (sympy.log(3) / 2, sympy.pi * 10**300, sympy.exp(-700), sympy.sqrt(2) / 10**300):
        assert nearest_double(exact_number(value)) == pytest.approx(float(value.evalf(30)), rel=1e-15)
    for large in (sympy.exp(10**6), -sympy.exp(10**6), sympy.exp(10**4990), sympy.pi * 10**308):
        assert math.isinf(nearest_double(exact_number(large)))
        with pytest.raises(NotInField, match="larger than any double"):
            Float64Field().embed(exact_number(large))
    assert nearest_double(exact_number(sympy.exp(-(10**6)))) == 0


def test_every_place_is_named():
    huge = "1e309"
    assert beyond_doubles(problem(Y=[[0], [huge]])) == "Y[1][0] is larger than any double"
    assert beyond_doubles(problem(error=f"cauchy:{huge}")) == "β of the cauchy error is larger than any double"
    assert beyond_doubles(problem(error="cauchy:1e-350")) == "β of the cauchy error is smaller than any double other than 0"
    assert beyond_doubles(problem(bias="fixed", fixed_bias=((Fraction(10**309),),))) == "b_1[0] is larger than any double"
    architecture = lp.Architecture.of("1-1")
    assert beyond_doubles(problem(), lp.Weights.of(architecture, [([[huge]], [0])])) == "W_1[0][0] is larger than any double"
    assert beyond_doubles(problem(), lp.Weights.of(architecture, [([[0]], [sympy.exp(10**6)])])) == "b_1[0] is larger than any double"
    assert vanishing_in_doubles(problem(), lp.Weights.of(architecture, [([[sympy.exp(-(10**6))]], [0])])) is not None


BEYOND = {
    "X": problem(X=[[0], ["1e309"]]),
    "Y": problem(Y=[[0], ["1e400"]]),
    "β too large": problem(error="smooth-l1:1e350"),
    "β too small": problem(error="blake-zisserman:1e-350"),
    "fixed bias": problem(bias="fixed", fixed_bias=((Fraction(10**4000),),)),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_works_in_doubles_is_not_available(name):
    found = find_candidates(BEYOND[name], starts=4, seed=0, workers=1)
    assert (found.candidates, found.finished, found.strays) == ((), 0, 0)
    assert found.obstacle == beyond_doubles(BEYOND[name])
    start = random_weights(BEYOND[name], 0)
    assert list(exact_learner_candidates(BEYOND[name], 0, 2)) == []
    assert learner_from(BEYOND[name], start) is None
    assert jacobian_spectrum(BEYOND[name], start) == ()
    assert learner_box(BEYOND[name], start) is None


def test_what_is_exact_is_decided_beyond_doubles():
    case = problem(X=[[1], ["1e4000"]], Y=[["1e309"], ["1e4309"]])
    learner = lp.Weights.of(case.architecture, [([["1e309"]], [0])])
    assert is_exact_learner(case, learner)
    other = lp.Weights.of(case.architecture, [([["1e309"]], ["1e-300"])])
    assert not is_exact_learner(case, other)
    assert output_apart_from_target(case, other, 65536) is not None
    far = lp.Weights.of(case.architecture, [([[0]], ["1e309"])])
    assert output_apart_from_target(case, far, 64)[:2] == (1, 0)


@pytest.mark.parametrize("activation", ["identity", "tanh", "softsign", "relu", "power:16", "bent-identity", "gelu", "sin"])
@pytest.mark.parametrize("scale", [200, -200])
def test_products_beyond_doubles_warn_nobody(activation, scale):
    case = problem(X=[[f"1e{scale}"], [f"-3e{scale}"]], widths="1-2-1", output_activation=activation, activation=activation)
    weights = lp.Weights.of(case.architecture, [([[f"1e{scale}", 1]], [0, 1]), ([[f"1e{scale}"], [2]], [0])])
    assert all(np.isfinite(jacobian_spectrum(case, weights)))
    assert output_apart_from_target(case, weights, 4096) is not None
    find_candidates(case, starts=8, seed=0, workers=1)


@pytest.mark.parametrize("exponent", [-4900, -400, -300, -160, 0, 160, 300, 400, 4900])
def test_random_weights_follow_the_size_of_the_inputs(exponent):
    unit = Fraction(10) ** exponent
    case = problem(X=[[unit], [-2 * unit], [Fraction(1, 3) * unit]], Y=[[0]] * 3, widths="1-8-1")
    sizes = [abs(w) * unit for seed in range(3) for w in random_weights(case, seed).layers[0].W[0]]
    assert Fraction(1, 100) < max(sizes) < 10
    assert all(w.denominator & (w.denominator - 1) == 0 for w in random_weights(case, 0).layers[0].W[0])


def test_nearness_is_measured_by_the_largest_weight():
    architecture, share = lp.Architecture.of("1-1"), Fraction(1, 100)
    weights = lp.Weights.of(architecture, [([[sympy.sqrt(2) * 10**400]], [-1])])
    assert is_small_beside(Fraction(10**398), architecture, weights, share)
    assert not is_small_beside(Fraction(2 * 10**398), architecture, weights, share)
    zero = lp.Weights.of(architecture, [([[0]], [0])])
    assert not is_small_beside(Fraction(1, 10**400), architecture, zero, share)
    for bias in ("trainable", "fixed"):
        held = lp.Architecture.of("1-1", bias=bias)
        assert is_small_beside(Fraction(1), held, lp.Weights.of(held, [([[1]], [100])]), share) == (bias == "trainable")
