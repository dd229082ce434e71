"""Searches of networks with frozen layers: which symmetries are left, and that what is found lies in the trainable weights alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lossproof.numerics.critical.nearby_points import nearby_points
from lossproof.numerics.critical.polish import gradient_noise
from lossproof.numerics.critical.search import find_candidates
from lossproof.numerics.critical.starts import splittable_layers
from lossproof.numerics.critical.symmetries import balanced_weights, canonical_weights, homogeneity, same_up_to_symmetry, unit_signs
from lossproof.numerics.critical.weight_structure import structure_of
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import flat_weights, layer_blocks, rows_of_blocks, weights_of_rows
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Layer

XOR = Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])


def problem_of(widths, activation, frozen, bias="trainable", layers=None):
    """A problem whose frozen layers come from a seed, or are given."""
    a = Architecture.of(widths, activation, bias=bias)
    whole = Problem(a, error_named("squared"), XOR)
    held = random_weights(whole, 5).layers
    chosen = tuple((layers or {}).get(l, held[l - 1]) if l in frozen else None for l in range(1, a.L + 1))
    return replace(whole, architecture=a.with_frozen(frozen), frozen=chosen)


def readout(*v):
    """A frozen layer with one output."""
    return Layer(tuple((Fraction(x),) for x in v), (Fraction(0),))


def test_units_are_exchanged_where_their_frozen_weights_agree():
    problem = problem_of("2-4-1", "tanh", [2], layers={2: readout(1, 1, -1, -1)})
    flat = np.arange(1.0, 13.0) / 8
    units = flat.reshape(4, 3)
    for order, same in (((1, 0, 2, 3), True), ((1, 0, 3, 2), True), ((2, 1, 0, 3), False), ((0, 3, 2, 1), False)):
        moved = units[list(order)].ravel()
        assert same_up_to_symmetry(problem, flat, moved, 1e-9) is same
        assert np.array_equal(canonical_weights(problem, flat), canonical_weights(problem, moved)) is same
        loss = FloatLandscape(problem).loss(np.array([flat, moved]))
        assert bool(abs(loss[0] - loss[1]) < 1e-14) is same
    assert not same_up_to_symmetry(problem, flat, np.concatenate([-units[:1], units[1:]]).ravel(), 1e-9)


def test_units_are_turned_over_where_that_moves_no_frozen_weight():
    even, odd = (problem_of("2-2-1", activation, [2], "none", {2: readout(1, 2)}) for activation in ("power:2", "power:3"))
    flat, turned = np.array([1.0, 2.0, 3.0, 4.0]), np.array([-1.0, -2.0, 3.0, 4.0])
    assert same_up_to_symmetry(even, flat, turned, 1e-9)
    assert not same_up_to_symmetry(odd, flat, turned, 1e-9)
    assert unit_signs(problem_of("2-2-2-1", "tanh", [1]), 1, 0) == (1,)
    assert unit_signs(problem_of("2-2-2-1", "tanh", [1]), 2, 0) == (1, -1)


def test_no_unit_beside_a_frozen_layer_is_scaled_split_or_merged():
    problem = problem_of("2-2-2-2-1", "relu", [3])
    assert [homogeneity(problem, l) for l in (1, 2, 3)] == [1, None, None]
    assert splittable_layers(problem) == [1]
    flat = np.tile([2.0, 4.0, 6.0], 5)[: problem.architecture.N_net]
    balanced = layer_blocks(problem, balanced_weights(problem, flat))
    before = layer_blocks(problem, flat)
    assert np.max(np.abs(balanced[0][:, :2]), axis=1).tolist() == [1.0, 1.0]
    assert all(np.array_equal(balanced[l], before[l]) for l in (2, 3))
    structure = structure_of(problem_of("2-2-1", "tanh", [2], layers={2: readout(1, 1)}), np.array([1.0, 2, 3] * 2), 1e-4)
    assert structure.place.tolist() == list(range(6))


@pytest.mark.parametrize("frozen", [[1], [2], [3], [1, 3]], ids=str)
def test_blocks_and_back(frozen):
    problem = problem_of("2-3-2-1", "tanh", frozen)
    flat = flat_weights(problem, random_weights(problem, 1))
    blocks = layer_blocks(problem, flat)
    assert np.array_equal(rows_of_blocks(problem, blocks), flat)
    for l in frozen:
        assert blocks[l - 1].tolist() == [[float(x) for x in column] for column in zip(*problem.frozen[l - 1].W, strict=True)]


@pytest.mark.parametrize(("widths", "activation", "frozen", "bias"), [
    ("2-3-1", "sin", [2], "trainable"),
    ("2-3-1", "relu", [2], "none"),
    ("2-2-2-1", "softplus", [2], "trainable"),
    ("2-2-2-1", "power:2", [1, 3], "trainable"),
    ("2-2-2-1", "sigmoid", [1], "none"),
    ("2-3-2-1", "leaky-relu:1/10", [3], "trainable"),
])  # fmt: skip
def test_a_search_ends_at_small_gradients_of_the_trainable_weights(widths, activation, frozen, bias):
    problem = problem_of(widths, activation, frozen, bias)
    found = find_candidates(problem, starts=16, seed=2, workers=1)
    landscape = FloatLandscape(problem)
    assert found.candidates
    for candidate in found.candidates:
        assert all(candidate.weights.layers[l - 1] == problem.frozen[l - 1] for l in frozen)
        at = landscape.at(flat_weights(problem, candidate.weights)[None])
        assert np.max(np.abs(at.gradient)) <= 1e-8
        noise = gradient_noise(problem, at, flat_weights(problem, candidate.weights))
        assert noise.shape == (problem.architecture.N_net,)
        assert np.all(noise >= 0)
    again = find_candidates(problem, starts=16, seed=2, workers=1)
    assert [c.weights for c in again.candidates] == [c.weights for c in found.candidates]


def test_points_nearby_keep_the_constants_of_frozen_layers():
    constants = readout(Fraction(1, 3) + Fraction(1, 2**50), -2)
    problem = problem_of("2-2-1", "power:2", [2], layers={2: constants})
    start = weights_of_rows(problem, np.array([0.0, 1e-9, 0, 0, 0, 1e-9]))
    points = list(nearby_points(problem, start))
    assert len(points) > 1
    assert all(point.layers[1] == constants for point in points)
