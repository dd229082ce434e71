"""The named matrices of the certificate format."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from cases.field_cases import SHAPES, random_problem, real
from cases.naive_pass import BIASES

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import Field
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian, jacobian_block
from lossproof.numerics.network.matrices import named_matrix
from lossproof.theory.exceptions import InputError, NotInField
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.weights import Weights

FIELDS: tuple[Field, ...] = (Float64Field(), MpmathField(30), BallField(64), RationalField(), FormalField(), PrimeField(2147483629))


def names(L):
    weighted = [f"{kind}-{l}{mark}" for l in range(1, L + 1) for kind, mark in (("P", ""), ("Psi", ""), ("W", ""), ("W", "*"))]
    return ["P", *weighted, *(f"Phi-{l}{mark}" for l in range(L) for mark in ("", "+"))]


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("widths", SHAPES)
def test_every_matrix_has_its_shape_in_every_field(widths, bias):
    problem, weights = random_problem(1, widths, "softsign", "softsign", bias)
    for name in names(problem.architecture.L):
        for field in FIELDS:
            assert named_matrix(problem, weights, name, field).shape == matrix_size(problem, name)


@pytest.mark.parametrize("output", ["softsign", "power:2"])
def test_jacobians_are_stripped_exactly_where_that_changes_no_rank(output):
    problem, weights = random_problem(1, (2, 3, 2), "softsign", output)
    field = RationalField()
    evaluation = evaluate(problem.architecture, problem.samples, weights, field, strip_output=output == "softsign")
    assert (named_matrix(problem, weights, "P", field) == jacobian(evaluation)).all()
    assert (named_matrix(problem, weights, "P-2", field) == jacobian_block(evaluation, 2)).all()


def test_entries_are_what_the_format_says():
    problem, weights = random_problem(1, (2, 3, 2), "softsign", "power:2")
    field = RationalField()
    evaluation = evaluate(problem.architecture, problem.samples, weights, field)
    psi = named_matrix(problem, weights, "Psi-1", field)
    for i in range(problem.T):
        assert (psi[3 * i : 3 * i + 3, 2 * i : 2 * i + 2] == evaluation.psi[1][i]).all()
    assert sum(entry != 0 for entry in psi.ravel()) <= problem.T * 6
    W = named_matrix(problem, weights, "W-2", field)
    assert [[real(x) for x in row] for row in W] == [*map(list, weights.layers[1].W), list(weights.layers[1].b)]
    assert (named_matrix(problem, weights, "W-2*", field) == W[:-1]).all()
    assert named_matrix(problem, weights, "Phi-1+", field)[-1].tolist() == [1] * problem.T
    assert (evaluation.phi[1] == named_matrix(problem, weights, "Phi-1", field).T).all()


def test_the_bias_is_no_row_unless_it_is_trainable():
    problem, weights = random_problem(1, (2, 3, 2), "softsign", bias="fixed")
    assert {matrix_size(problem, name) for name in ("W-1", "W-1*")} == {(2, 3)}
    assert (named_matrix(problem, weights, "Phi-0+", RationalField()) == named_matrix(problem, None, "Phi-0", RationalField())).all()


@pytest.mark.parametrize(
    "name", ["Q", "P-0", "P-3", "P-01", "Phi-2", "Phi", "Psi", "W", "Phi-1*", "W-1+", "P+", "P-1*", "Psi-1+", "", "P-1 "]
)
def test_other_names_are_input_errors(name):
    problem, weights = random_problem(1, (2, 3, 2))
    with pytest.raises(InputError, match="unknown matrix"):
        named_matrix(problem, weights, name, Float64Field())


def test_matrices_of_weights_need_weights():
    problem, _ = random_problem(1, (2, 3, 2))
    with pytest.raises(InputError, match="depends on the weights"):
        named_matrix(problem, None, "P", Float64Field())


def test_irrational_entries_are_refused_by_exact_fields_only():
    problem, weights = random_problem(1, (2, 3, 2), "identity")
    first, last = weights.layers
    irrational = Weights.of(problem.architecture, [([[sympy.pi, *first.W[0][1:]], first.W[1]], first.b), (last.W, last.b)])
    for field in (RationalField(), PrimeField(2147483629)):
        with pytest.raises(NotInField):
            named_matrix(problem, irrational, "P", field)
        named_matrix(problem, irrational, "P-1", field)
    assert np.isfinite(named_matrix(problem, irrational, "P", Float64Field())).all()
