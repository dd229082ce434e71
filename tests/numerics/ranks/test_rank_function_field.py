"""Ranks over Q(u): one hidden layer of sigmoid or tanh at rational weights."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import arb, fmpz_poly

from lossproof.numerics.algebra.polynomial_kernel import elimination_work, polynomial_kernel
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.matrices import named_matrix
from lossproof.numerics.ranks.function_field import function_field_rank, has_function_field
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def antisymmetric(activation, a, b, c):
    """A 3-3-1 network whose ``z_1`` are an antisymmetric matrix, so that ``tanh(z_1)`` is singular with a kernel vector that is not constant."""
    a, b, c = (Fraction(entry) for entry in (a, b, c))
    architecture = Architecture.of("3-3-1", activation, bias="none")
    problem = Problem(architecture, error_named("squared"), Samples.of([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 0, 0]))
    z = [[0, a, b], [-a, 0, c], [-b, -c, 0]]
    return problem, Weights.of(architecture, [(z, None), ([[1], [2], [3]], None)])


def value_at(entry, D):
    with ball_precision(256):
        u = (arb(1) / D).exp()
        return sum((int(c) * u ** int(k) for k, c in entry), start=arb(0))


@pytest.mark.parametrize(("z", "D"), [((1, 2, 3), 1), (("1/3", 2, -5), 3), (("1/2", "1/3", "-7/6"), 6)])
def test_polynomial_kernel_of_a_network(z, D):
    problem, weights = antisymmetric("tanh", *z)
    lower, upper = function_field_rank(problem, weights, "Phi-1")
    assert lower.value == upper.value == 2
    assert (upper.rule, upper.payload["side"], upper.payload["entries"]) == ("rank-kernel", "right", "Z[u]")
    matrix = named_matrix(problem, weights, "Phi-1", BallField(256))
    for vector in upper.payload["vectors"]:
        exponents = [[k for k, _ in entry] for entry in vector]
        assert all(powers == sorted(set(powers)) for powers in exponents)
        values = np.array([value_at(entry, D) for entry in vector], dtype=object)
        with ball_precision(256):
            assert all(float(abs(residual).upper()) < 1e-50 for residual in matrix @ values)
            assert not values[2].contains(0)
    altered = [[[0, "1"]], *upper.payload["vectors"][0][1:]]
    values = np.array([value_at(entry, D) for entry in altered], dtype=object)
    with ball_precision(256):
        assert any(not residual.contains(0) for residual in matrix @ values)


def test_sigmoid_has_no_such_coincidence():
    problem, weights = antisymmetric("sigmoid", 1, 2, 3)
    lower, upper = function_field_rank(problem, weights, "Phi-1")
    assert lower.value == upper.value == 3


def test_doubles_as_weights_give_a_lower_bound():
    """Exponents near 2^53 leave only the lower bound and constant kernels."""
    problem, weights = antisymmetric("tanh", 0.1, 0.7, math.pi)
    lower, upper = function_field_rank(problem, weights, "Phi-1")
    assert (lower.value, upper.value) == (2, 3)
    lower, upper = function_field_rank(problem, weights, "P")
    assert lower.value == upper.value == 3


def test_the_evidence_names_the_specialisation():
    problem, weights = antisymmetric("tanh", 1, 2, 3)
    first, second = (function_field_rank(problem, weights, "P", seed)[0].payload for seed in (1, 2))
    assert first["prime"] != second["prime"]
    assert 0 < first["substitution"]["u"] < first["prime"]
    assert first == function_field_rank(problem, weights, "P", 1)[0].payload


def test_where_it_applies():
    problem, weights = antisymmetric("tanh", 1, 2, 3)
    assert has_function_field(problem, weights, "P")
    irrational = Weights.of(problem.architecture, [([[sympy.log(2), 1, 1]] * 3, None), ([[1], [2], [3]], None)])
    assert not has_function_field(problem, irrational, "P")
    deep = Problem(Architecture.of("1-1-1-1", "tanh"), error_named("squared"), Samples.of([[1]], [0]))
    assert not has_function_field(deep, Weights.of(deep.architecture, [([[1]], [0])] * 3), "P")
    kinked = Problem(Architecture.of("1-1-1", "tanh", "relu"), error_named("squared"), Samples.of([[1]], [0]))
    at = Weights.of(kinked.architecture, [([[1]], [0])] * 2)
    assert has_function_field(kinked, at, "Phi-1+")
    assert not has_function_field(kinked, at, "P")
    with pytest.raises(NotInField, match="one hidden layer"):
        function_field_rank(kinked, at, "P")


def polynomials(rows):
    return np.array([[fmpz_poly(entry) for entry in row] for row in rows], dtype=object)


def test_polynomial_kernel_checks_its_guess():
    matrix = polynomials([[[1], [0, 1], [1, 1]], [[0, 1], [0, 0, 1], [0, 1, 1]], [[1], [1], [2]]])
    (vector,) = polynomial_kernel(matrix, [0, 2], [0, 1])
    assert [entry * vector[2] for entry in vector] == [fmpz_poly([-1]), fmpz_poly([-1]), fmpz_poly([1])]
    assert polynomial_kernel(matrix, [0, 1], [0, 1]) is None
    assert polynomial_kernel(matrix, [0], [0]) is None
    assert polynomial_kernel(matrix, [0, 2], [1, 2]) is None
    assert elimination_work(matrix, 2) > 0
