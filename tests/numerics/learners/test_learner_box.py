"""Exact learners in boxes: planted ones are found, the box holds the true solution, and where there is none nothing is proved."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from cases.landscapes import XOR_X, XOR_Y

from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.learners.candidates import exact_learner_candidates
from lossproof.numerics.learners.krawczyk import learner_box, robust_box
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.weight_vectors import flat_weights, layer_arrays
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Layer, Weights


def problem_of(widths, X, Y, activation="tanh", output="identity", bias="trainable"):
    return Problem(Architecture.of(widths, activation, output, bias), error_named("squared"), Samples.of(X, Y))


def shifted(problem, weights, flat_shift):
    flat = flat_weights(problem, weights) + flat_shift
    return Weights.of(problem.architecture, layer_arrays(problem, flat))


def planted(widths, T, activation, seed):
    """A problem whose targets are the outputs of known weights, rounded to doubles, and those weights."""
    generator = random.Random(seed)
    architecture = Architecture.of(widths, activation)
    weights = Weights.of(
        architecture,
        [
            (
                [[Fraction(generator.randint(-12, 12), 8) for _ in range(n)] for _ in range(m)],
                [Fraction(generator.randint(-8, 8), 8) for _ in range(n)],
            )
            for m, n in pairwise(widths)
        ],
    )
    X = [[Fraction(generator.randint(-16, 16), 8) for _ in range(widths[0])] for _ in range(T)]
    outputs = evaluate(architecture, Samples.of(X, [[0] * widths[-1]] * T), weights, MpmathField(40)).phi[architecture.L]
    return problem_of(widths, X, [[float(y) for y in row] for row in outputs], activation), weights


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("activation", ["tanh", "softsign", "softplus", "bent-identity", "sin"])
def test_planted_learners_are_found(activation, seed):
    problem, weights = planted((2, 4, 1), 5, activation, seed)
    box = learner_box(problem, weights)
    if box is None:
        P_rank = np.linalg.matrix_rank(np.array(slopes(problem, weights)))
        assert P_rank < 5, "nothing was proved although P has full rank in doubles"
        return
    assert box.distance < Fraction(1, 10**6)
    assert distance_to_solution(problem, weights, box) <= float(box.radius) * 1.0001


def slopes(problem, weights):
    from lossproof.numerics.fields.float64 import Float64Field
    from lossproof.numerics.network.jacobian import jacobian

    return jacobian(evaluate(problem.architecture, problem.samples, weights, Float64Field()))


def distance_to_solution(problem, weights, box):
    """Solve for the free weights by Newton's method in 60 digits, written here; return how far they moved."""
    from lossproof.numerics.network.jacobian import jacobian

    field = MpmathField(60)
    n = len(box.parameters)
    moved = [field.context.mpf(0)] * n
    for _ in range(8):
        point = moved_weights(problem, weights, box.parameters, moved, field)
        evaluation = evaluate(problem.architecture, problem.samples, point, field)
        P = jacobian(evaluation)
        residuals = (evaluation.phi[problem.architecture.L] - field.array(problem.samples.Y)).ravel()
        J = field.context.matrix([[P[k, c] for k in box.parameters] for c in range(n)])
        step = field.context.lu_solve(J, field.context.matrix(list(residuals)))
        moved = [m - s for m, s in zip(moved, step, strict=True)]
    assert max(abs(r) for r in residuals) < mpmath.mpf(10) ** -40
    return max(abs(m) for m in moved)


def moved_weights(problem, weights, parameters, moved, field):
    a, layers, offset = problem.architecture, [], 0
    shift = dict(zip(parameters, moved, strict=True))
    for l, layer in enumerate(weights.layers, start=1):
        W, b = field.array(layer.W), field.array(layer.b)
        m = a.fan_in(l)
        for unit in range(a.widths[l]):
            for source in range(m):
                value = shift.get(offset + unit * m + source, 0)
                if source < W.shape[0]:
                    W[source, unit] += value
                else:
                    b[unit] += value
        offset += m * a.widths[l]
        layers.append((W, b))
    return layers


def test_the_box_reaches_from_rough_weights():
    problem, weights = planted((2, 3, 1), 4, "tanh", 3)
    rough = shifted(problem, weights, 1e-3 * np.cos(np.arange(problem.architecture.N_net)))
    box = learner_box(problem, rough)
    assert box is not None
    assert distance_to_solution(problem, rough, box) <= float(box.radius)


def test_far_weights_prove_nothing():
    problem, weights = planted((2, 3, 1), 4, "tanh", 3)
    assert learner_box(problem, shifted(problem, weights, np.full(problem.architecture.N_net, 5.0))) is None


@pytest.mark.parametrize(
    ("widths", "Y", "output"),
    [((2, 1), XOR_Y, "identity"), ((2, 2, 1), [[2], [0], [0], [2]], "tanh"), ((2, 1, 1), [[0], [1], [2], [9]], "sigmoid")],
)
def test_no_learner_where_there_is_none(widths, Y, output):
    problem = problem_of(widths, XOR_X, Y, output=output)
    for seed in range(5):
        generator = np.random.default_rng(seed)
        flat = generator.normal(size=problem.architecture.N_net) * 3
        assert learner_box(problem, Weights.of(problem.architecture, layer_arrays(problem, flat))) is None
    assert not list(exact_learner_candidates(problem, 0, 3))


def test_deficient_point_proves_nothing():
    problem = problem_of((2, 2, 1), XOR_X, [[0]] * 4)
    zero = Weights((Layer(((Fraction(0),) * 2,) * 2, (Fraction(0),) * 2), Layer(((Fraction(0),),) * 2, (Fraction(0),))))
    assert learner_box(problem, zero) is None


def test_robust_targets_are_learnable():
    problem, weights = planted((2, 3, 1), 4, "tanh", 5)
    box = learner_box(problem, weights)
    robust = robust_box(problem, weights, box)
    assert robust.target_radius > Fraction(1, 10**6)
    for signs in ((1, 1, 1, 1), (-1, 1, -1, 1), (1, -1, -1, 1)):
        Y = [[y[0] + s * robust.target_radius] for y, s in zip(problem.samples.Y, signs, strict=True)]
        moved = problem_of((2, 3, 1), problem.samples.X, Y)
        assert distance_to_solution(moved, weights, robust) <= float(robust.radius)


@pytest.mark.parametrize("widths", [(2, 2, 1), (2, 3, 1)])
def test_training_finds_exact_learners_of_xor(widths):
    problem = problem_of(widths, XOR_X, XOR_Y)
    assert any(learner_box(problem, weights) is not None for weights in exact_learner_candidates(problem, 0, 8))
