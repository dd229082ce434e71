"""The prime field: residues of exact values, and the specialisation of Q(u)."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
import sympy
from cases.field_cases import random_problem
from flint import fmpq, fmpz

from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.matrices import named_matrix
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.weights import Weights

PRIME = 2147483629


def reduce(matrix, prime=PRIME):
    return np.array([[int(x.p) * pow(int(x.q), -1, prime) % prime for x in row] for row in matrix], dtype=np.int64)


@pytest.mark.parametrize("matrix", ["P", "P-1", "Psi-1", "Phi-1+", "W-2", "W-2*"])
@pytest.mark.parametrize("output", ["identity", "power:2", "softsign"])
@pytest.mark.parametrize("activation", ["identity", "power:3", "softsign", "relu", "leaky-relu:1/10"])
def test_residues_equal_the_rational_matrix_reduced(activation, output, matrix):
    problem, weights = random_problem(3, (2, 3, 2, 2), activation, output)
    exact = named_matrix(problem, weights, matrix, RationalField())
    for field in (PrimeField(PRIME), PrimeField.of(problem.architecture, PRIME)):
        found = named_matrix(problem, weights, matrix, field)
        assert found.dtype == np.int64
        assert (found == reduce(exact)).all()


def test_the_field_of_an_architecture_reduces_early_only_for_polynomials():
    def exact(activation, output, widths="2-2-1"):
        return PrimeField.of(Architecture.of(widths, activation, output), PRIME).exact

    assert not exact("power:2", "identity")
    assert not exact("power:2", "sigmoid")
    assert not exact("tanh", "identity", "2-1")
    assert exact("softsign", "identity")
    assert exact("identity", "relu")


def test_products_do_not_overflow():
    field = PrimeField(PRIME)
    A = np.full((2, 70001), PRIME - 1, dtype=np.int64)
    assert (field.matmul(A, A.T) == 70001 % PRIME).all()
    source = np.random.default_rng(1)
    B, C = source.integers(0, PRIME, (5, 300)), source.integers(0, PRIME, (300, 4))
    expected = [[sum(int(b) * int(c) for b, c in zip(row, column, strict=True)) % PRIME for column in C.T] for row in B]
    assert field.matmul(B, C).tolist() == expected
    assert field.mul(A[:, :1], A[:, :1]).tolist() == [[1], [1]]


def at_u(expression, u, value, prime):
    """Evaluate a SymPy rational function of ``u`` modulo a prime."""
    numerator, denominator = (sympy.Poly(part, u, modulus=prime) for part in sympy.fraction(sympy.together(expression)))
    return int(numerator.eval(value)) * pow(int(denominator.eval(value)) % prime, -1, prime) % prime


def exact_z(problem, weights):
    """Return ``z_1`` as rows of fractions."""
    W, b = weights.layers[0].W, weights.layers[0].b
    return [[sum(W[k][a] * x for k, x in enumerate(row)) + b[a] for a in range(len(b))] for row in problem.samples.X]


@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_specialised_matrices_equal_sympy_rational_functions(activation, bias):
    prime, value, u = 1048583, 77, sympy.Symbol("u")
    problem, weights = random_problem(5, (1, 2, 2), activation, "sigmoid", bias, samples=2, denominators=(2, 3))
    z = exact_z(problem, weights)
    D = math.lcm(*(entry.denominator for row in z for entry in row))
    k = 2 if activation == "tanh" else 1
    v = [[u ** int(k * entry * D) for entry in row] for row in z]
    inputs = [[*row, *([1] if bias == "trainable" else [])] for row in problem.samples.X]
    W = weights.layers[1].W

    def entry(a, b, i, j):
        slope = k * k * v[i][a] / (1 + v[i][a]) ** 2
        return at_u(sympy.Rational(str(W[a][j] * inputs[i][b])) * slope, u, value, prime)

    def activation_value(i, a):
        return at_u(v[i][a] / (1 + v[i][a]) if k == 1 else (v[i][a] - 1) / (v[i][a] + 1), u, value, prime)

    field = PrimeField(prime, u=value)
    expected = [[entry(a, b, i, j) for i in range(2) for j in range(2)] for a in range(2) for b in range(len(inputs[0]))]
    assert named_matrix(problem, weights, "P-1", field).tolist() == expected
    assert named_matrix(problem, weights, "Phi-1", field).tolist() == [[activation_value(i, a) for i in range(2)] for a in range(2)]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_specialisation_keeps_the_identities_of_the_activation(activation):
    field = PrimeField(1048583, u=12345)
    z = field.array([[Fraction(random.Random(k).randint(-(10**6), 10**6), 2**30) for k in range(6)]])
    s, first, second = (field.activate(activation_named(activation), order, z) for order in (0, 1, 2))
    p = field.prime
    if activation == "tanh":
        assert (first == (1 - s * s) % p).all()
        assert (second == -2 * s * first % p).all()
    else:
        assert (first == s * (1 - s) % p).all()
        assert (second == first * ((1 - 2 * s) % p) % p).all()


def test_floats_with_huge_denominators_specialise():
    field = PrimeField(PRIME, u=3)
    z = field.array([[Fraction(1e-300), Fraction(-1e300), Fraction(0)]])
    found = field.activate(activation_named("sigmoid"), 0, z)
    D = Fraction(1e-300).denominator
    inverse = {m: pow(3, m % (PRIME - 1), PRIME) for m in (int(Fraction(1e-300) * D), int(Fraction(-1e300) * D), 0)}
    assert found.tolist() == [[v * pow(1 + v, -1, PRIME) % PRIME for v in inverse.values()]]


def test_what_has_no_residue_is_refused():
    p = 1048583
    with pytest.raises(NotInField, match="divides a denominator"):
        PrimeField(p).finalize(PrimeField(p).array([Fraction(1, p)]))
    field = PrimeField(p, u=p - 1)
    with pytest.raises(NotInField, match="take another u"):
        field.activate(activation_named("sigmoid"), 0, field.array([1]))
    field = PrimeField(p, u=5)
    with pytest.raises(NotInField, match="irrational"):
        field.activate(activation_named("tanh"), 0, field.array([sympy.pi]))
    with pytest.raises(NotInField, match="residue"):
        PrimeField(p).finalize(PrimeField(p).array([sympy.pi]))
    with pytest.raises(NotInField, match="not rational on record"):
        PrimeField(p).activate(activation_named("tanh"), 0, PrimeField(p).array([1]))
    with pytest.raises(NotInField, match="only residues are left"):
        PrimeField(p).activate(activation_named("relu"), 0, np.array([5]))


def test_a_second_transcendental_layer_is_refused():
    problem, weights = random_problem(1, (1, 2, 2, 1), "tanh")
    with pytest.raises(NotInField):
        named_matrix(problem, weights, "P", PrimeField(PRIME, u=7))


def test_logarithmic_weights_have_residues():
    a = Architecture.of("1-1-1", "tanh")
    weights = Weights.of(a, [([[sympy.log(3) / 2]], [0]), ([[1]], [0])])
    field = PrimeField(PRIME)
    evaluation = evaluate(a, [[1], [2]], weights, field)
    assert field.finalize(evaluation.phi[1]).tolist() == reduce([[fmpq(1, 2)], [fmpq(4, 5)]]).tolist()


def test_bad_moduli_are_refused():
    for prime in (2, 9, 2**31 + 11):
        assert prime == 9 or fmpz(prime).is_prime()
        with pytest.raises(ValueError, match="odd prime below"):
            PrimeField(prime)
    with pytest.raises(ValueError, match="u must lie"):
        PrimeField(7, u=7)
