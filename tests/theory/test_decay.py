"""Rates of a weight decay: what may be given, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

A = Architecture.of("2-3-1")


@pytest.mark.parametrize(
    "given", ["1/4", 0.25, Fraction(1, 4), [0.25, "1/4"], (("1/4", "1/4"), 0.25), np.array([0.25, 0.25]), np.float64(0.25)]
)
def test_one_rate_in_any_form(given):
    decay = Decay.of(given, A)
    assert decay.layers == ((Fraction(1, 4), Fraction(1, 4)),) * 2
    assert decay.holds_all(A)
    assert str(decay) == "1/4"


def test_rates_by_layer_and_without_biases():
    assert Decay.of([1, ("1/2", 3)], A, biases=False).layers == ((1, 0), (Fraction(1, 2), 3))
    decay = Decay.of([("1/2", 1), 0], Architecture.of("2-3-1", bias="none"))
    assert decay.layers == ((Fraction(1, 2), 0), (0, 0))
    assert str(Decay.of(0.01, A)) == "about 0.01"
    assert str(Decay.of("1e-400", A)) == "about 1e-400"
    assert not decay.holds_all(Architecture.of("2-3-1", bias="none"))
    assert Decay.of(0.1, A).layers[0][0] == Fraction(0.1) != Fraction(1, 10)


@pytest.mark.parametrize("given", [0, "0", [0, 0], [(0, 0), 0], 0.0])
def test_no_decay_is_none(given):
    assert Decay.of(given, A) is None
    assert Decay.of([0, (0, 1)], Architecture.of("2-3-1", bias="fixed")) is None


@pytest.mark.parametrize(
    "given",
    [-1, "-1/3", float("nan"), float("inf"), "x", None, [1], [1, 2, 3], [[1, 2, 3], 1], [(1,), 1], {"weights": 1}, [1, -1], object(), "1" * 6000],
)  # fmt: skip
def test_other_rates_are_refused_in_one_sentence(given):
    with pytest.raises(InputError) as refusal:
        Decay.of(given, A)
    assert "weight_decay" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_problem_wants_rates_for_each_layer():
    with pytest.raises(InputError, match="2 layers"):
        Problem(A, error_named("squared"), Samples.of([[1, 2]], [[3]]), decay=Decay(((Fraction(1), Fraction(1)),)))


def test_without_decay_and_other_widths():
    problem = Problem(A, error_named("squared"), Samples.of([[1, 2]], [[3]]), decay=Decay.of(1, A))
    assert problem.without_decay.decay is None
    assert problem.without_decay.without_decay == problem.without_decay
    assert problem.with_units(1, [0]).decay == problem.decay
