"""Weights near short fractions are replaced by these, but for what the problem holds."""

from __future__ import annotations

from fractions import Fraction

from lossproof.numerics.critical.nearby_points import snapped_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Layer, Weights

NEAR_ZERO, NEAR_HALF = Fraction(1, 10**8), Fraction(1, 2) + Fraction(1, 10**8)


def test_fixed_biases_stay_as_they_are():
    a = Architecture.of("1-1-1", bias=["fixed", "trainable"])
    problem = Problem(a, error_named("squared"), Samples.of([[1]], [[1]]), fixed_bias=((NEAR_ZERO,), None))
    weights = Weights((Layer(((NEAR_HALF,),), (NEAR_ZERO,)), Layer(((NEAR_HALF,),), (NEAR_ZERO,))))
    first, second = snapped_weights(problem, weights).layers
    assert (first.W, first.b) == (((Fraction(1, 2),),), (NEAR_ZERO,))
    assert (second.W, second.b) == (((Fraction(1, 2),),), (Fraction(0),))
