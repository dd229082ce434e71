"""Networks that are equal up to permutations, signs and scaling are recognised, others are kept apart."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from cases.field_cases import random_problem
from cases.naive_pass import BIASES

from lossproof.numerics.critical.symmetries import (
    balanced_weights,
    canonical_weights,
    homogeneity,
    same_up_to_symmetry,
    unit_signs,
)
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, unit_blocks
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

SYMMETRIC = ["tanh", "sigmoid", "softsign", "arctan", "sin", "identity", "power:2", "power:3"]
ASYMMETRIC = ["relu", "leaky-relu", "softplus", "elu", "gelu"]


def moved(problem, flat, seed):
    """The same network with its hidden units shuffled and turned over at random, written out anew."""
    source, a = random.Random(seed), problem.architecture
    blocks = unit_blocks(problem.architecture, flat)
    sign, _, constant = a.activation.reflection or (1, 0, 0)
    for l in range(1, a.L):
        n = a.widths[l]
        for k in range(n):
            if len(unit_signs(problem, l, k)) == 2 and source.random() < 0.5:
                outgoing = blocks[l][:, k].copy()
                blocks[l - 1][k] *= -1
                blocks[l][:, k] = sign * outgoing
                if constant:
                    blocks[l][:, -1] += constant * outgoing
        if problem.fixed_bias is None:
            order = source.sample(range(n), n)
            blocks[l - 1] = blocks[l - 1][order]
            blocks[l][:, :n] = blocks[l][:, order]
    return np.concatenate([block.ravel() for block in blocks])


def loss(problem, flat):
    return float(FloatLandscape(problem).at(flat[None]).loss[0])


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("activation", SYMMETRIC + ASYMMETRIC)
@pytest.mark.parametrize("widths", [(2, 3, 1), (1, 2, 3, 2)])
def test_moved_networks_are_the_same(widths, activation, bias):
    problem, weights = random_problem(4, widths, activation, bias=bias)
    flat = flat_weights(problem, weights)
    canonical = canonical_weights(problem, flat)
    assert loss(problem, canonical) == pytest.approx(loss(problem, flat), rel=1e-9)
    assert np.allclose(canonical_weights(problem, canonical), canonical, atol=1e-12)
    for seed in range(5):
        other = moved(problem, flat, seed)
        assert loss(problem, other) == pytest.approx(loss(problem, flat), rel=1e-9)
        assert np.allclose(canonical_weights(problem, other), canonical, atol=1e-9)
        assert same_up_to_symmetry(problem, flat, other, 1e-9)
        other[seed % other.size] += 1e-3
        assert not same_up_to_symmetry(problem, flat, other, 1e-6)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_near_ties_and_near_zeros_are_matched(activation):
    problem, _ = random_problem(1, (1, 3, 2, 1), activation)
    rng = np.random.default_rng(0)
    flat = rng.normal(size=problem.architecture.N_net)
    flat[:6] = [1e-10, -1e-10, 1.0, 1.0, 1.0 + 1e-10, 1.0]
    for seed in range(20):
        other = moved(problem, flat + 1e-10 * rng.normal(size=flat.size), seed)
        assert same_up_to_symmetry(problem, flat, other, 1e-8)
        assert same_up_to_symmetry(problem, other, flat, 1e-8)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_ties_below_one_output_layer_do_not_change_the_form(activation):
    problem, _ = random_problem(1, (2, 3, 1), activation)
    flat = np.array([0.0, 0.0, 0.0, 1.0, -1.0, 0.5, 1.0, -1.0, 0.5, -3.0, 2.0, 7.0, 1.0])
    rng = np.random.default_rng(0)
    form = canonical_weights(problem, flat)
    for seed in range(20):
        other = moved(problem, flat + 1e-10 * rng.normal(size=flat.size), seed)
        assert np.allclose(canonical_weights(problem, other), form, atol=1e-8)


def test_equal_units_in_two_layers_are_matched():
    problem, _ = random_problem(1, (1, 4, 4, 1), "tanh", bias="none")
    flat = np.concatenate([np.ones(4), np.arange(16) % 3 - 1.0, [1.0, 2.0, 3.0, 4.0]])
    assert all(same_up_to_symmetry(problem, flat, moved(problem, flat, seed), 1e-9) for seed in range(5))


def test_points_that_are_not_finite_are_never_the_same():
    problem, _ = random_problem(1, (1, 1, 1), "tanh", bias="none")
    assert not same_up_to_symmetry(problem, np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), 1.0)


def problem_with_fixed_bias(activation, biases):
    a = Architecture.of("1-3-1", activation, bias="fixed")
    fixed = (tuple(Fraction(b) for b in biases), (Fraction(0),))
    return Problem(a, error_named("squared"), Samples.of([[1], [2]], [1, 0]), fixed)


def test_fixed_biases_stay_with_their_units():
    problem = problem_with_fixed_bias("tanh", [1, 0, 1])
    flat = np.array([3.0, -2.0, 1.0, 5.0, 6.0, 7.0])
    assert canonical_weights(problem, flat).tolist() == [1.0, 2.0, 3.0, 7.0, -6.0, 5.0]
    assert same_up_to_symmetry(problem, flat, np.array([1.0, 2.0, 3.0, 7.0, -6.0, 5.0]), 1e-9)
    assert not same_up_to_symmetry(problem, flat, np.array([-2.0, 3.0, 1.0, 6.0, 5.0, 7.0]), 1e-9)
    assert not same_up_to_symmetry(problem, flat, np.array([-3.0, -2.0, 1.0, -5.0, 6.0, 7.0]), 1e-9)


@pytest.mark.parametrize("bias", ["fixed", "none"])
def test_sigmoid_units_turn_over_only_with_a_bias_to_take_the_constant(bias):
    problem, _ = random_problem(1, (1, 2, 1), "sigmoid", bias=bias)
    assert unit_signs(problem, 1, 0) == (1,)


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "power:2", "power:3"])
def test_scaled_networks_are_balanced_alike(activation, bias):
    problem, weights = random_problem(6, (2, 3, 2, 1), activation, bias=bias)
    flat = flat_weights(problem, weights)
    degree = homogeneity(problem, 1)
    balanced = balanced_weights(problem, flat)
    assert loss(problem, balanced) == pytest.approx(loss(problem, flat), rel=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(5):
        blocks = unit_blocks(problem.architecture, flat)
        for l in (1, 2):
            for k in range(problem.architecture.widths[l]):
                factor = float(np.exp(rng.normal()))
                blocks[l - 1][k] *= factor
                blocks[l][:, k] *= factor**-degree
        assert np.allclose(balanced_weights(problem, np.concatenate([block.ravel() for block in blocks])), balanced, rtol=1e-9)


def test_balancing_leaves_silent_units_other_activations_and_fixed_biases_alone():
    relu, _ = random_problem(6, (1, 1, 1), "relu")
    assert balanced_weights(relu, np.array([0.0, 0.0, 5.0, 1.0])).tolist() == [0.0, 0.0, 5.0, 1.0]
    assert balanced_weights(relu, np.array([1.0, 16.0, 5.0, 1.0])).tolist() == [0.5, 8.0, 10.0, 1.0]
    tanh, _ = random_problem(6, (1, 1, 1), "tanh")
    assert balanced_weights(tanh, np.array([2.0, 0.0, 5.0, 1.0])).tolist() == [2.0, 0.0, 5.0, 1.0]
    fixed = problem_with_fixed_bias("relu", [1, 0, 1])
    assert balanced_weights(fixed, np.array([2.0, 2.0, 4.0, 1.0, 1.0, 1.0])).tolist() == [2.0, 1.0, 4.0, 1.0, 2.0, 1.0]
