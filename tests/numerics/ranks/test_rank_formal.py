"""Upper bounds from kernel vectors with rational entries, of matrices with formal entries."""

import numpy as np
import pytest
import sympy
from flint import fmpq

from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.network.matrices import named_matrix
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

XOR = Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])


@pytest.mark.parametrize("c", ["1", "1/7", sympy.log(5), sympy.sqrt(2) + sympy.pi])
@pytest.mark.parametrize("activation", ["tanh", "arctan", "sin"])
def test_xor_kernel(c, activation):
    """principles-suffice: hidden columns (−2c, 0, c), (0, −2c, c) have the kernel vector (1, −1, −1, 1)."""
    problem = Problem(Architecture.of("2-2-1", activation), error_named("squared"), XOR)
    c = sympy.sympify(c)
    weights = Weights.of(problem.architecture, [([[-2 * c, 0], [0, -2 * c]], [c, c]), ([[3], [-5]], [1])])
    bound = constant_kernel(named_matrix(problem, weights, "P", FormalField()), "right")
    assert bound.value == 3
    assert bound.payload["vectors"] == [["1", "-1", "-1", "1"]]


def test_equations_by_monomial():
    """``x v_1 + y v_2 = 0`` formally forces both to vanish; ``x (v_1 + v_3) + v_4 = 0`` leaves a line."""
    field = FormalField()
    x, y = field.activate(activation_named("tanh"), 0, field.array([1, 2]))
    matrix = np.array([[x, y, fmpq(0), fmpq(0)], [fmpq(0), fmpq(0), fmpq(0), fmpq(0)]], dtype=object)
    assert constant_kernel(matrix, "right").payload["vectors"] == [["0", "0", "1", "0"], ["0", "0", "0", "1"]]
    matrix[1] = [x, fmpq(0), x, fmpq(1)]
    assert constant_kernel(matrix, "right").payload["vectors"] == []
    matrix[0] = [x * y, fmpq(0), x * y, fmpq(0)]
    assert constant_kernel(matrix, "right").payload["vectors"] == [["0", "1", "0", "0"], ["-1", "0", "1", "0"]]


def test_left_side_is_the_transpose():
    field = FormalField()
    (x,) = field.activate(activation_named("sigmoid"), 0, field.array([1]))
    matrix = np.array([[x, fmpq(1)], [2 * x, fmpq(2)], [x, fmpq(0)]], dtype=object)
    left, right = constant_kernel(matrix, "left"), constant_kernel(matrix.T.copy(), "right")
    assert left.value == right.value == 2
    assert left.payload["vectors"] == right.payload["vectors"] == [["-2", "1", "0"]]
    with pytest.raises(ValueError, match="side must be"):
        constant_kernel(matrix, "both")


def test_many_entries_with_symbols_of_their_own():
    """Forced zeros are eliminated before anything dense is built."""
    samples = Samples.of([[k] for k in range(1, 121)], [0] * 120)
    problem = Problem(Architecture.of("1-6-1", "tanh"), error_named("squared"), samples)
    weights = Weights.of(problem.architecture, [([[1, 2, 3, 4, 5, 6]], [1, 1, 1, 1, 1, 1]), ([[1]] * 6, [0])])
    assert constant_kernel(named_matrix(problem, weights, "P", FormalField()), "right").value == 120
