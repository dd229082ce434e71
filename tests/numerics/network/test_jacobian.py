"""``P``, ``K`` and the gradient: naive loops, finite differences, ``K = PᵀP`` and the gradient identity in every field."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from cases.field_cases import ACTIVATIONS, ERRORS, RATIONAL_ACTIVATIONS, SHAPES, random_problem, real
from cases.naive_pass import BIASES, naive_pass
from cases.parameters import perturbed, places

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gradient, gram, jacobian, jacobian_block, residual_gradient

FIELDS = (Float64Field(), MpmathField(40), BallField(100), RationalField(), PrimeField(2147483629))


def outputs(problem, weights, field):
    return evaluate(problem.architecture, problem.samples, weights, field).phi[problem.architecture.L].reshape(-1)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("activation", RATIONAL_ACTIVATIONS)
def test_jacobian_equals_a_naive_loop(activation, widths, bias):
    problem, weights = random_problem(8, widths, activation, "softsign", bias)
    a = problem.architecture
    phis, psis = naive_pass(problem, weights)
    expected = [
        [psis[i][l][unit][j] * [*phis[i][l - 1], Fraction(1)][b] for i in range(problem.T) for j in range(a.n_L)]
        for l, unit, b in places(a)
    ]
    found = jacobian(evaluate(a, problem.samples, weights, RationalField()))
    assert found.shape == (a.N_net, problem.columns)
    assert [[real(x) for x in row] for row in found] == expected


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_jacobian_equals_finite_differences(activation, bias):
    problem, weights = random_problem(8, (2, 3, 2, 2), activation, "sigmoid", bias, samples=2)
    field = MpmathField(60)
    found = jacobian(evaluate(problem.architecture, problem.samples, weights, field))
    step = field.context.mpf(10) ** -20
    for row, place in zip(found, places(problem.architecture), strict=True):
        after, before = (outputs(problem, perturbed(weights, place, sign * step, field), field) for sign in (1, -1))
        difference = (after - before) / (2 * step)
        assert max(abs(difference - row)) < 1e-25 * (1 + max(abs(row)))


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("widths", SHAPES)
def test_gram_is_the_product_without_the_factor(widths, strip, field):
    for bias in BIASES:
        problem, weights = random_problem(9, widths, "softsign", "softsign", bias)
        evaluation = evaluate(problem.architecture, problem.samples, weights, field, strip_output=strip)
        P, K = jacobian(evaluation), gram(evaluation)
        same(field, K, field.finalize(field.matmul(P.T, P)))


@pytest.mark.parametrize(
    ("error", "field"),
    [*product(ERRORS, FIELDS[:3]), *product(("squared", "cauchy:1/4"), FIELDS[3:4])],
    ids=lambda part: getattr(part, "name", part),
)
def test_gradient_identity(error, field):
    for widths in SHAPES:
        for bias in BIASES:
            problem, weights = random_problem(3, widths, "softsign", "identity", bias, error)
            evaluation = evaluate(problem.architecture, problem.samples, weights, field)
            eps = residual_gradient(problem, evaluation)
            assert eps.shape == (problem.columns,)
            scaled = field.matmul(jacobian(evaluation), eps[:, None])[:, 0]
            same(field, gradient(problem, evaluation), field.mul(scaled, field.array([Fraction(1, problem.T)])))


def test_gradient_ignores_stripping():
    problem, weights = random_problem(3, (2, 2, 1), "softsign", "softsign")
    plain, stripped = (evaluate(problem.architecture, problem.samples, weights, RationalField(), strip_output=s) for s in (False, True))
    assert (gradient(problem, plain) == gradient(problem, stripped)).all()


@pytest.mark.parametrize("error", ERRORS)
def test_gradient_equals_finite_differences_of_the_loss(error):
    problem, weights = random_problem(6, (2, 2, 2), "tanh", "identity", "trainable", error)
    field = MpmathField(60)
    found = gradient(problem, evaluate(problem.architecture, problem.samples, weights, field))
    step = field.context.mpf(10) ** -20
    for value, place in zip(found, places(problem.architecture), strict=True):
        after, before = (loss(problem, perturbed(weights, place, sign * step, field), field) for sign in (1, -1))
        assert abs((after - before) / (2 * step) - value) < 1e-30


def loss(problem, weights, field):
    """Return ``J`` by the definition of the error."""
    m, error = field.context, problem.error
    phi = evaluate(problem.architecture, problem.samples, weights, field).phi[problem.architecture.L]
    beta = None if error.beta is None else m.mpf(error.beta.numerator) / error.beta.denominator
    total = m.mpf(0)
    for row, targets in zip(phi, field.array(problem.samples.Y), strict=True):
        if error.family == "softmax":
            total += m.log(sum(m.exp(f) for f in row)) - sum(f * y for f, y in zip(row, targets, strict=True))
            continue
        for f, y in zip(row, targets, strict=True):
            r = f - y
            total += {
                "squared": lambda r=r: r * r / 2,
                "smooth-l1": lambda r=r: m.sqrt(r * r + beta),
                "blake-zisserman": lambda r=r: -m.log(m.exp(-r * r) + beta),
                "cauchy": lambda r=r: m.log(1 + r * r / beta),
                "logistic": lambda f=f, y=y: m.log(1 + m.exp(f)) - y * f,
            }[error.family]()
    return total / problem.T


def test_blocks_stack_to_the_jacobian():
    problem, weights = random_problem(3, (2, 3, 2), "tanh")
    evaluation = evaluate(problem.architecture, problem.samples, weights, Float64Field())
    assert (np.concatenate([jacobian_block(evaluation, l) for l in (1, 2)]) == jacobian(evaluation)).all()


def test_formal_gram_and_jacobian_agree():
    problem, weights = random_problem(3, (1, 2, 1), "tanh", samples=2)
    field = FormalField()
    evaluation = evaluate(problem.architecture, problem.samples, weights, field)
    P = jacobian(evaluation)
    assert (gram(evaluation) == field.matmul(P.T, P)).all()


def same(field, A, B):
    """Assert that two arrays agree: exactly, up to rounding, or as overlapping balls."""
    assert A.shape == B.shape
    if field.name == "ball arithmetic":
        assert all(a.overlaps(b) and a.rad() < 1e-15 for a, b in zip(A.ravel(), B.ravel(), strict=True))
    elif field.name == "double precision":
        assert np.allclose(A, B, rtol=1e-11, atol=1e-13)
    elif field.name == "multiple precision":
        assert all(abs(a - b) < 1e-30 * (1 + abs(a)) for a, b in zip(A.ravel(), B.ravel(), strict=True))
    else:
        assert (A == B).all()
