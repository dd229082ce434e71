"""Formal entries: replacing symbols by real values is a homomorphism, reflections and values on record are right."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import pytest
import sympy
from cases.field_cases import ACTIVATIONS, contains, random_problem
from flint import arb, fmpq

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.formal_polynomial import FormalPolynomial, formal_terms
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.network.matrices import named_matrix
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.weights import Weights

ARGUMENTS = [Fraction(2, 3), Fraction(-2, 3), Fraction(-3), sympy.log(2), -sympy.log(2) / 3, sympy.pi - 4, 1 - sympy.sqrt(2), -sympy.exp(1)]


def value(field, name, order, z):
    return field.activate(activation_named(name), order, field.array([z]))[0]


def agree(formal_ball, ball):
    narrow = all(b.rad() < 1e-60 or b.rel_accuracy_bits() > 100 for b in (formal_ball, ball))
    return narrow and formal_ball.overlaps(ball)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_symbols_stand_for_the_real_values(name, order):
    formal, balls = FormalField(), BallField(300)
    for z in ARGUMENTS:
        assert agree(formal.enclose(value(formal, name, order, z), 300), value(balls, name, order, z))


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if activation_named(name).reflection is not None])
def test_reflections_hold_formally(name, order):
    a, b, c = activation_named(name).reflection
    for z in ARGUMENTS:
        field = FormalField()
        element = field.array([z])[0]
        plain, mirrored = value(field, name, order, element), value(field, name, order, -element)
        expected = (a * plain + b * element + c, -a * plain - b, a * plain)[order]
        assert mirrored == expected
        activation_symbols = [symbol for symbol in field.table.symbols if hasattr(symbol, "activation")]
        assert len(activation_symbols) <= 1


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_formal_jacobian_encloses_the_ball_jacobian(name, bias):
    problem, weights = random_problem(12, (2, 2, 2, 1), name, "sin", bias, samples=2)
    formal = FormalField()
    entries = jacobian(evaluate(problem.architecture, problem.samples, weights, formal))
    balls = jacobian(evaluate(problem.architecture, problem.samples, weights, BallField(300)))
    for entry, ball in zip(entries.ravel(), balls.ravel(), strict=True):
        assert agree(formal.enclose(entry, 300), ball)


def test_equal_arguments_give_equal_symbols():
    field = FormalField()
    z = sympy.log(2) + sympy.sqrt(3) / 5
    assert value(field, "tanh", 0, z) == value(field, "tanh", 0, sympy.sqrt(3) / 5 + sympy.log(2))
    assert value(field, "tanh", 0, 1) != value(field, "tanh", 1, 1)
    assert value(field, "tanh", 0, 1) != value(field, "erf", 0, 1)


def test_half_log_three_is_exact():
    assert value(FormalField(), "tanh", 0, sympy.log(3) / 2) == fmpq(1, 2)
    assert value(FormalField(), "tanh", 1, sympy.log(3) / 2) == fmpq(3, 4)


@pytest.mark.parametrize("c", [sympy.log(3) / 2, 1, sympy.pi, Fraction(1, 3)])
def test_the_kernel_vector_of_xor_is_annihilated_formally(c):
    a = Architecture.of("2-2-1", "tanh")
    c = sympy.sympify(str(c)) if isinstance(c, Fraction) else sympy.sympify(c)
    weights = Weights.of(a, [([[-2 * c, 0], [0, -2 * c]], [c, c]), ([[1], [sympy.Rational(2, 3)]], [0])])
    problem, _ = random_problem(0, (2, 2, 1))
    samples = type(problem.samples).of([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    field = FormalField()
    P = named_matrix(type(problem)(a, problem.error, samples), weights, "P", field)
    kernel = field.array([[1], [-1], [-1], [1]])
    assert all(entry == 0 for entry in field.matmul(P, kernel).ravel())


def test_formal_equals_rational_where_everything_is_rational():
    problem, weights = random_problem(2, (2, 3, 2), "softsign", "softsign")
    formal = named_matrix(problem, weights, "P", FormalField())
    assert (formal == named_matrix(problem, weights, "P", RationalField())).all()


def test_polynomials_form_a_commutative_ring():
    field = FormalField()
    x, y = field.array([sympy.pi, sympy.sqrt(2)])
    elements = [fmpq(0), fmpq(3, 2), x, y, x + y - 1, x * y - 2 * y]
    for f, g, h in product(elements, repeat=3):
        assert f * (g + h) == f * g + f * h
        assert f * g == g * f
        assert (f + g) - g == f
        assert 2 - f == -(f - 2)
    assert isinstance(x - x, fmpq)
    assert isinstance((x + 1) * (x - 1) - x * x, fmpq)
    assert hash(x + y) == hash(y + x)
    assert formal_terms(x * x) == {((0, 2),): fmpq(1)}
    assert not any(coefficient == 0 for coefficient in ((x + y) * (x - y)).terms.values())
    assert "s0" in repr(x * x + y)


def test_polynomials_refuse_floats():
    x = FormalField().array([sympy.pi])[0]
    for operation in (lambda: x + 0.5, lambda: x * 0.5):
        with pytest.raises(TypeError):
            operation()


def test_a_hidden_kink_is_refused():
    field = FormalField()
    hidden_zero = field.array([sympy.sqrt(2)])[0] * field.array([sympy.sqrt(2)])[0] - 2
    assert isinstance(hidden_zero, FormalPolynomial)
    for name in ("relu", "softsign", "elu"):
        with pytest.raises(NotInField, match="960 bits"):
            value(field, name, 0, hidden_zero)
    for name, order in (("relu", 1), ("leaky-relu", 1), ("softsign", 2), ("elu", 2)):
        with pytest.raises(NotDifferentiable, match="960 bits"):
            value(field, name, order, hidden_zero)
        with pytest.raises(NotDifferentiable, match="at z = 0"):
            value(field, name, order, 0)


def test_products_of_symbols_enclose():
    field = FormalField()
    element = field.embed(sympy.pi) * field.embed(sympy.pi) * fmpq(1, 3) + field.embed(sympy.log(2))
    with ball_precision(200):
        assert field.enclose(element, 200).overlaps(arb.pi() * arb.pi() / 3 + arb(2).log())
    assert contains(field.enclose(fmpq(1, 3)), Fraction(1, 3))


def test_products_of_matrices_are_sums_of_products():
    """Entries of all kinds, with sums in which symbols cancel, against sums written out pair by pair."""
    rng = random.Random(5)
    field = FormalField()
    symbols = [
        field.embed(sympy.log(2)),
        field.embed(sympy.pi),
        value(field, "tanh", 0, Fraction(1, 3)),
        value(field, "tanh", 0, Fraction(-1, 3)),
    ]

    def entry():
        a, b = (fmpq(rng.randint(-2, 2), rng.randint(1, 3)) for _ in range(2))
        return rng.choice([a, rng.choice(symbols) * a + b, rng.choice(symbols) * rng.choice(symbols) - b])

    for _ in range(20):
        A, B = (field.array([[entry() for _ in range(m)] for _ in range(k)]) for k, m in ((2, 5), (5, 3)))
        found = field.matmul(A, B)
        assert found.shape == (2, 3)
        for i, j in product(range(2), range(3)):
            total = fmpq(0)
            for k in range(5):
                total = total + A[i, k] * B[k, j]
            assert found[i, j] == total
            assert type(found[i, j]) is type(total)
    assert field.matmul(field.array([[symbols[0], symbols[0]]]), field.array([[symbols[1]], [-symbols[1]]])).tolist() == [[fmpq(0)]]
