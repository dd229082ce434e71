"""The pass: all fields agree with each other and with a naive loop, and compute only what is asked for."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.field_cases import ACTIVATIONS, RATIONAL_ACTIVATIONS, SHAPES, contains, random_problem, real
from cases.naive_pass import BIASES, naive_pass
from flint import arb

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.theory.exceptions import InputError, NotDifferentiable, NotInField
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def equal(array, rows):
    return [[real(x) for x in row] for row in array] == [list(row) for row in rows]


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("activation", RATIONAL_ACTIVATIONS)
def test_the_rational_pass_equals_a_naive_loop(activation, widths, bias):
    problem, weights = random_problem(1, widths, activation, "softsign", bias)
    evaluation = evaluate(problem.architecture, problem.samples, weights, RationalField())
    phis, psis = naive_pass(problem, weights)
    for l in range(problem.architecture.L + 1):
        assert equal(evaluation.phi[l], [phi[l] for phi in phis])
    kinks = evaluation.architecture.activation.kinks(1)
    if any(real(z) in kinks for l in range(1, len(widths) - 1) for z in evaluation.z[l].ravel()):
        with pytest.raises(NotDifferentiable):
            evaluation.psi[1]
        return
    for l in range(1, problem.architecture.L + 1):
        for i in range(problem.T):
            assert equal(evaluation.psi[l][i], psis[i][l])


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_fields_agree_on_every_activation(activation, widths, strip):
    problem, weights = random_problem(4, widths, activation, "arctan")
    passes = [
        evaluate(problem.architecture, problem.samples, weights, f, strip_output=strip)
        for f in (Float64Field(), MpmathField(60), BallField(120))
    ]
    for l in range(1, problem.architecture.L + 1):
        for kind in ("phi", "z", "slope", "curvature", "psi"):
            doubles, precise, balls = (getattr(e, kind)[l] for e in passes)
            scale = max(1.0, float(np.abs(doubles).max()))
            assert np.abs(doubles - precise.astype(float)).max() < 1e-12 * scale
            for value, ball in zip(precise.ravel(), balls.ravel(), strict=True):
                assert contains(ball, value, slack=1e-45 * scale)
                assert ball.rad() < 1e-25 * scale


def test_stripping_replaces_the_output_derivative_by_the_identity():
    problem, weights = random_problem(4, (2, 3, 2), "softsign", "softsign")
    field = RationalField()
    plain = evaluate(problem.architecture, problem.samples, weights, field)
    stripped = evaluate(problem.architecture, problem.samples, weights, field, strip_output=True)
    assert stripped.psi[2].tolist() == [[[1, 0], [0, 1]]] * problem.T
    assert (stripped.psi[1] * plain.slope[2][:, None, :] == plain.psi[1]).all()
    assert (stripped.slope[2] == plain.slope[2]).all()


def test_values_not_asked_for_are_not_computed():
    a = Architecture.of("1-1-1", "relu", "tanh")
    weights = Weights.of(a, [([[1]], [0]), ([[1]], [0])])
    exact = evaluate(a, [[0], [1]], weights, RationalField(), strip_output=True)
    assert exact.phi[1].tolist() == [[0], [1]]
    with pytest.raises(NotInField):
        exact.phi[2]
    with pytest.raises(NotDifferentiable):
        exact.psi[1]
    assert exact.psi[2].tolist() == [[[1]], [[1]]]


def test_balls_may_stand_for_boxes():
    a = Architecture.of("1-2-1", "tanh")
    box = [(np.array([[arb(1, 0.25), arb(-2, 0.25)]], dtype=object), np.array([arb(0), arb(0)], dtype=object)),
           (np.array([[arb(1)], [arb(1, 0.5)]], dtype=object), np.array([arb(0)], dtype=object))]  # fmt: skip
    values = evaluate(a, [["1/2"]], box, BallField(64)).phi[2][0, 0]
    for w, v in ((1, 1), (Fraction(3, 4), Fraction(3, 2)), (Fraction(5, 4), Fraction(1, 2))):
        point = [([[w, Fraction(-9, 4)]], [0, 0]), ([[1], [v]], [0])]
        assert values.contains(evaluate(a, [["1/2"]], Weights.of(a, point), BallField(64)).phi[2][0, 0])


def test_a_kink_within_a_box_asks_for_precision():
    a = Architecture.of("1-1", "tanh", "relu")
    box = [(np.array([[arb(0, 1)]], dtype=object), np.array([arb(0)], dtype=object))]
    evaluation = evaluate(a, [[1]], box, BallField(64))
    assert evaluation.phi[1][0, 0].contains(1)
    with pytest.raises(KinkInBall):
        evaluation.psi[1]


def test_saturated_xor_keeps_its_derivatives():
    a = Architecture.of("2-3-1", "tanh")
    weights = Weights.of(a, [([[40, 0, 20], [0, 40, 20]], [40, 40, -60]), ([[1], [1], [1]], [0])])
    samples = Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    slopes = evaluate(a, samples, weights, BallField(64)).slope[1]
    assert all(slope > 0 and slope.rel_accuracy_bits() > 30 for slope in slopes.ravel())
    assert (evaluate(a, samples, weights, Float64Field()).slope[1] > 0).all()


def test_a_large_float_pass_takes_arrays():
    source = np.random.default_rng(0)
    a = Architecture.of((30, 40, 5), "tanh")
    X, W = (
        source.normal(size=(200, 30)),
        [(source.normal(size=(30, 40)), source.normal(size=40)), (source.normal(size=(40, 5)), source.normal(size=5))],
    )
    evaluation = evaluate(a, X, W, Float64Field())
    assert np.allclose(evaluation.phi[2], np.tanh(X @ W[0][0] + W[0][1]) @ W[1][0] + W[1][1])


def test_wrong_shapes_are_input_errors():
    a = Architecture.of("2-1")
    good = [([[1], [1]], [0])]
    with pytest.raises(InputError, match="one pair"):
        evaluate(a, [[1, 2]], [], RationalField())
    with pytest.raises(InputError, match="inputs must have shape"):
        evaluate(a, [[1, 2, 3]], good, RationalField())
    with pytest.raises(InputError, match="layer 1 of weights"):
        evaluate(a, [[1, 2]], [([[1, 1]], [0])], RationalField())
    with pytest.raises(InputError, match="rows of one length"):
        evaluate(a, [[1, 2], [3]], good, RationalField())
    with pytest.raises(IndexError, match="layer must lie"):
        evaluate(a, [[1, 2]], good, RationalField()).phi[2]
