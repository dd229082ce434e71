"""Which components of the gradient identities imply all over a box: against the boxes in which the coefficients are told from singular ones by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.numerics.critical import families
from lossproof.numerics.critical.families import family_point
from lossproof.numerics.critical.implied import are_independent

ONE, BITS = Fraction(1), 128


def _network(weights, activation="identity"):
    a = lp.Architecture.of("1-1-1", activation, bias="none")
    problem = lp.Problem(a, lp.error_named("squared"), lp.Samples.of([[1], [2]], [[5], [1]]))
    return problem, lp.Weights.of(a, [([[weights[0]]], None), ([[weights[1]]], None)])


@pytest.mark.parametrize(("column", "value"), [(0, 1), (1, 3)])
def test_a_coefficient_that_is_a_weight_is_invertible_as_long_as_that_is_not_0(column, value):
    """``w ∂J/∂w − v ∂J/∂v = 0`` at ``(w, v) = (1, 3)`` gives either component where its weight is not 0."""
    problem, weights = _network((1, 3))
    scaling = (((0, ONE, (0,)), (1, -ONE, (1,))),)
    for radius, right in ((Fraction(0), True), (value - Fraction(1, 10**6), True), (Fraction(value), False), (Fraction(9), False)):
        assert are_independent(problem, weights, scaling, [column], (radius, BITS, [0, 1])) == right
    assert are_independent(problem, weights, scaling, [column], (Fraction(9), BITS, [1 - column]))


def test_a_weight_that_follows_counts_with_the_one_that_it_follows():
    """With ``w_1 = q w_0`` the coefficient at 1 is ``G_1 − q G_0``: here ``−3 − q``."""
    problem, weights = _network((1, 3))
    scaling = (((0, ONE, (0,)), (1, -ONE, (1,))),)
    for q, right in ((2, True), (-3, False)):
        assert are_independent(problem, weights, scaling, [1], (Fraction(0), BITS, []), [(1, 0, Fraction(q))]) == right


def test_entries_of_P_are_those_of_the_box():
    """``P[0, 0] = v x_0`` is not 0 as long as v is not; twice the same identity is never invertible."""
    problem, weights = _network((1, 3))
    entry = (((0, ONE, ((0, 0),)),), ((1, ONE, ((1, 0),)),))
    assert are_independent(problem, weights, entry, [0, 1], (Fraction(99, 100), BITS, [0, 1]))
    assert not are_independent(problem, weights, entry, [0, 1], (Fraction(101, 100), BITS, [0, 1]))
    assert not are_independent(problem, weights, [entry[0]] * 2, [0, 1], (Fraction(0), BITS, []))


def test_no_family_is_returned_whose_components_are_not_implied(monkeypatch):
    """Where the matrix of coefficients may be singular in the box, as the kernel would say, there is no such point."""
    a = lp.Architecture.of("1-2-1", "tanh")
    problem = lp.Problem(a, lp.error_named("squared"), lp.Samples.of([[-1], [0], [2]], [[0], [2], [1]]))
    weights = lp.Weights.of(a, [([[0, 0]], [0, 0]), ([[0], [0]], [1])])
    assert family_point(problem, weights, exactly=True) is not None
    monkeypatch.setattr(families, "are_independent", lambda *_: False)
    assert family_point(problem, weights, exactly=True) is None
