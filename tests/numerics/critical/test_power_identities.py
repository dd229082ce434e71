"""Layers of squares and cubes of one input: several units give the same polynomials, which identities of the rows of P show."""

from __future__ import annotations

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.identities import coefficients, identities_hold, rows_of_P
from lossproof.numerics.critical.symmetry_identities import symmetries
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows

CASES = [
    ((1, 2, 1), "power:2", {}, "squared", 4),
    ((1, 3, 2), "power:2", {}, "squared", 8),
    ((1, 2, 2), "power:2", {}, "softmax", 7),
    ((2, 2, 2), "power:2", {"bias": "none"}, "softmax", 5),
    ((1, 2, 1), "power:3", {}, "squared", 3),
    ((1, 2, 2), "power:3", {}, "softmax", 6),
    ((1, 2, 2, 1), "power:2", {}, "logistic", 7),
    ((2, 1, 2, 1), "power:3", {}, "squared", 4),
    ((2, 2, 1), "power:2", {}, "squared", 3),
    ((1, 2, 2), "power:3", {}, "squared", 2),
    ((1, 2, 1), "power:2", {"bias": "none"}, "squared", 3),
]


@pytest.mark.parametrize(("widths", "activation", "options", "error", "count"), CASES)
def test_the_identities_of_powers_hold_at_all_weights(widths, activation, options, error, count):
    X = [[k + i * k * k for i in range(widths[0])] for k in (-1, 0, 2, 3, 5, 7, 8, 11, 12, 13)]
    Y = [["1/3", "2/3"]] * len(X) if error == "softmax" else [[0] * widths[-1]] * len(X)
    problem = lp.Problem(lp.Architecture.of(widths, activation, **options), lp.error_named(error), lp.Samples.of(X, Y))
    found = list(symmetries(problem))
    for seed in range(2):
        weights = weights_of_rows(problem, np.random.default_rng(seed).normal(size=problem.architecture.N_net))
        assert identities_hold(problem, weights, found)
        P = rows_of_P(problem, weights)[1]
        rows = np.array([coefficients(identity, flat_weights(problem, weights), P) for identity in found])
        rank = np.linalg.matrix_rank(rows / np.max(np.abs(rows), axis=1, keepdims=True), tol=1e-9)
        assert rank == count
        assert rank <= problem.architecture.N_net - np.linalg.matrix_rank(P / np.max(np.abs(P)), tol=1e-11)
