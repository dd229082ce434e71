"""Identities of the rows of P in cells: true in rational arithmetic, and enough of them."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpq_mat

import lossproof as lp
from lossproof.numerics.critical.cell_identities import cell_identities
from lossproof.numerics.critical.common_identities import offered_identities
from lossproof.numerics.critical.identities import rows_of_P
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.theory.problem.problem import Problem


def drawn(seed, widths, T, activation, error="squared", bias="trainable", lift=0):
    """A random problem with small whole numbers, and weights with short fractions, at which units are hardly ever on a kink."""
    rng = random.Random(seed)
    X = [[rng.choice((-4, -3, -2, -1, 1, 2, 3, 4)) for _ in range(widths[0])] for _ in range(T)]
    Y = [[Fraction(int(j == 0)) for j in range(widths[-1])] for _ in range(T)]
    problem = Problem(lp.Architecture.of(widths, activation, "identity", bias=bias), lp.error_named(error), lp.Samples.of(X, Y))
    layers = [
        (
            [[Fraction(rng.randint(-40, 40) * 2 + 1, 16) for _ in range(n)] for _ in range(m)],
            [lift + Fraction(rng.randint(-9, 9), 7) for _ in range(n)],
        )
        for m, n in itertools.pairwise(widths)
    ]
    return problem, lp.Weights.of(problem.architecture, [(W, b if bias == "trainable" else None) for W, b in layers])


def rows_of_identities(problem, weights, identities):
    """The coefficients of identities in rational arithmetic, and P."""
    P = jacobian(evaluate(problem.architecture, problem.samples, weights, RationalField()))
    values = [q for layer in weights.layers for k in range(len(layer.b)) for q in (*(row[k] for row in layer.W), layer.b[k])]
    if problem.architecture.bias != "trainable":
        values = [q for layer in weights.layers for k in range(len(layer.b)) for q in (row[k] for row in layer.W)]
    rows = []
    for identity in identities:
        row = [fmpq(0)] * len(values)
        for k, q, factors in identity:
            term = fmpq(*q.as_integer_ratio())
            for f in factors:
                term *= fmpq(*values[f].as_integer_ratio()) if isinstance(f, int) else fmpq(P[f])
            row[k] += term
        rows.append(row)
    return rows, fmpq_mat([[fmpq(x) for x in row] for row in np.asarray(P)])


def holds(problem, rows, P):
    total = (fmpq_mat(rows) * P).tolist() if rows else []
    if problem.error.family != "softmax":
        return not any(x for row in total for x in row)
    n = problem.architecture.n_L
    return all(row[c] == row[c - c % n] for row in total for c in range(len(row)))


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "hard-tanh"])
@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("widths", [(1, 2, 1), (2, 3, 1), (3, 2, 2), (1, 3, 2), (2, 2, 3, 1), (1, 3, 2, 2)], ids=str)
def test_identities_hold_in_rational_arithmetic(activation, bias, widths):
    seen = 0
    for seed in range(6):
        problem, weights = drawn(seed, widths, 4, activation, bias=bias, lift=6 * (seed % 2))
        identities = list(cell_identities(problem, weights))
        if not identities:
            continue
        rows, P = rows_of_identities(problem, weights, identities)
        assert holds(problem, rows, P)
        seen += len(rows)
    assert seen > 0


@pytest.mark.parametrize("units", [2, 3])
def test_identities_of_classes_hold_up_to_shifts_of_the_logits(units):
    for seed in range(4):
        problem, weights = drawn(seed, (1, units, 3), 5, "relu", "softmax", lift=20)
        rows, P = rows_of_identities(problem, weights, list(cell_identities(problem, weights)))
        assert rows
        assert holds(problem, rows, P)


@pytest.mark.parametrize("activation", ["relu", "leaky-relu"])
@pytest.mark.parametrize(("widths", "T"), [((1, 2, 1), 6), ((2, 3, 1), 5), ((1, 4, 1), 3), ((3, 2, 1), 4)], ids=str)
def test_with_one_output_there_are_as_many_as_the_rank_lacks(activation, widths, T):
    """With the symmetries and the zero and parallel rows, the identities span all relations of the rows of P."""
    for seed in range(8):
        problem, weights = drawn(seed, widths, T, activation)
        rows, P = rows_of_identities(
            problem, weights, [*offered_identities(problem, [rows_of_P(problem, weights)]), *cell_identities(problem, weights)]
        )
        assert holds(problem, rows, P)
        assert fmpq_mat(rows).rank() == problem.architecture.N_net - P.rank()


@pytest.mark.parametrize(("widths", "T"), [((1, 1, 1), 4), ((2, 1, 2), 4), ((1, 1, 1, 1), 5), ((3, 1, 1, 1), 5)], ids=str)
def test_units_on_several_pieces_lack_as_much_rank_as_identities_tell(widths, T):
    """Saturated units, and such as leave one end only; of layers behind constant units, too. Few random networks have relations of another kind."""
    full = 0
    for seed in range(30):
        problem, weights = drawn(seed, widths, T, "hard-tanh")
        rows, P = rows_of_identities(
            problem, weights, [*offered_identities(problem, [rows_of_P(problem, weights)]), *cell_identities(problem, weights)]
        )
        assert holds(problem, rows, P)
        full += fmpq_mat(rows).rank() == problem.architecture.N_net - P.rank() if rows else P.rank() == problem.architecture.N_net
    assert full >= 24


def test_smooth_activations_and_kinks_have_none():
    problem, weights = drawn(0, (1, 2, 1), 4, "tanh")
    assert list(cell_identities(problem, weights)) == []
    kinked = Problem(lp.Architecture.of((1, 1, 1), "relu"), lp.error_named("squared"), lp.Samples.of([[0], [1]], [[0], [1]]))
    assert list(cell_identities(kinked, lp.Weights.of(kinked.architecture, [([[1]], [0]), ([[1]], [0])]))) == []
