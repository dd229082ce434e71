"""Best fits of a bounded rank: planted singular values, a twin in doubles, and weights drawn around them."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.exact import gradient_is_zero
from lossproof.numerics.critical.rank_fit import rank_fit
from lossproof.theory.problem.problem import Problem

Matrix = list[list[Fraction]]


def product(A: Matrix, B: Matrix) -> Matrix:
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in zip(*B, strict=True)] for row in A]


def rotation(rng: random.Random, n: int) -> Matrix:
    """A product of rational rotations in all pairs of axes."""
    Q = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    for i, j in combinations(range(n), 2):
        t = Fraction(rng.randint(-5, 5), rng.randint(1, 4))
        c, s = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        G = [[Fraction(int(a == b)) for b in range(n)] for a in range(n)]
        G[i][i], G[j][j], G[i][j], G[j][i] = c, c, -s, s
        Q = product(Q, G)
    return Q


def planted(values, kept, *, seed, biases="none", activation="identity", depth=1):
    """A problem with the given singular values, and weights whose outputs are the parts of the ``kept`` ones."""
    rng, n = random.Random(seed), len(values)
    U, V = rotation(rng, n), rotation(rng, n)
    Y = product(
        [[u * Fraction(s) for u, s in zip(row, values, strict=True)] for row in U], [list(column) for column in zip(*V, strict=True)]
    )
    X = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    shift = [Fraction(0)] * n
    if biases == "trainable":  # the inputs ±e_i with targets that are odd but for a constant: the best constant is this one
        shift = [Fraction(rng.randint(-3, 3)) for _ in range(n)]
        X, Y = (
            [*X, *([-x for x in row] for row in X)],
            [[y + c for y, c in zip(row, shift, strict=True)] for row in (*Y, *([-y for y in r] for r in Y))],
        )
    k = len(kept)
    W = [[row[j] * Fraction(values[j]) for j in kept] for row in U]
    hidden = [([[Fraction(int(i == j)) for j in range(k)] for i in range(k)], [0] * k) for _ in range(depth - 1)]
    layers = [(W, [0] * k), *hidden, ([[row[j] for row in V] for j in kept], shift)]
    a = lp.Architecture.of((n, *[k] * depth, n), activation, "identity", bias=biases)
    problem = Problem(a, lp.error_named("squared"), lp.Samples.of(X, Y))
    return problem, lp.Weights.of(a, [(W, b if biases == "trainable" else None) for W, b in layers])


CASES = [
    ((1, 1), (0,)),
    ((2, 1), (0,)),
    ((2, 1), (1,)),
    ((2, 1, 1), (0, 1)),
    ((2, 1, 1), (1, 2)),
    ((2, 2, 1), (0,)),
    ((2, 2, 1), (2,)),
    ((3, 2, 1), (0, 1)),
    ((3, 2, 1), (0, 2)),
    ((1, 1, 0), (0,)),
    ((1, 1, 1, 1), (0, 3)),
    ((1, Fraction(10**9 + 1, 10**9)), (0,)),
    ((Fraction(10**9 + 1, 10**9), 1), (0,)),
    ((10**6, Fraction(1, 10**6), Fraction(1, 10**6)), (0, 1)),
]


@pytest.mark.parametrize("biases", ["none", "trainable"])
@pytest.mark.parametrize(("values", "kept"), CASES)
def test_the_largest_singular_values_and_no_others(values, kept, biases):
    for depth in (1, 2):
        problem, weights = planted(values, kept, seed=len(values) + depth, biases=biases, depth=depth)
        assert gradient_is_zero(problem, weights)
        least_kept, most_left = min(values[j] for j in kept), max(s for j, s in enumerate(values) if j not in kept)
        found = rank_fit(problem, weights)
        assert (found is not None) == (least_kept >= most_left)
        if found is not None:
            size = 1 + (biases == "trainable")
            assert most_left**2 * size <= found.level <= least_kept**2 * size


def losses(problem, draws):
    """Losses of linear networks in doubles, by hand."""
    X, Y = (np.array(rows, dtype=float) for rows in (problem.samples.X, problem.samples.Y))
    return [float(np.sum((X @ W @ V + b - Y) ** 2)) / (2 * len(X)) for W, V, b in draws]


def test_no_weights_drawn_do_better():
    problem, weights = planted((2, 1, 1), (0, 1), seed=3, biases="trainable")
    assert rank_fit(problem, weights) is not None
    (W, V), b = (np.array(layer.W, dtype=float) for layer in weights.layers), np.array(weights.layers[1].b, dtype=float)
    rng = np.random.default_rng(0)
    draws = [
        (W + s * rng.normal(size=W.shape), V + s * rng.normal(size=V.shape), b + s * rng.normal(size=b.shape))
        for s in (1e-3, 0.1, 1)
        for _ in range(300)
    ]
    (least,) = losses(problem, [(W, V, b)])
    assert min(losses(problem, draws)) >= least - 1e-12
    assert least == pytest.approx(1 / 6)


def test_other_weights_of_the_same_outputs_are_none_where_they_are_not_critical():
    problem, weights = planted((1, 1), (0,), seed=1)
    W, V = (layer.W for layer in weights.layers)
    moved = lp.Weights.of(problem.architecture, [([[w * Fraction(11, 10) for w in row] for row in W], None), (V, None)])
    assert rank_fit(problem, moved) is None


def cell(Y3, w_b=("-1", "-1"), extra=()):
    """A relu unit of the first two samples, one of the third, and more units."""
    a = lp.Architecture.of((2, 2 + len(extra), 2), "relu", "identity", bias="none")
    problem = Problem(a, lp.error_named("squared"), lp.Samples.of([[1, 0], [0, 1], [-1, -1]], [[1, 0], [0, 1], Y3]))
    rows = [("3/5", "4/5"), w_b, *(w for w, _ in extra)]
    out = [("3/5", "4/5"), ("1/2", "1"), *(v for _, v in extra)]
    return problem, lp.Weights.of(a, [([list(column) for column in zip(*rows, strict=True)], None), ([list(v) for v in out], None)])


def test_one_group_of_a_cell():
    found = rank_fit(*cell([1, 2]))
    assert (found.units, found.everywhere, found.level) == ((0,), False, 1)
    assert rank_fit(*cell([1, 3])) is None  # the unit of the third sample has something to gain
    assert rank_fit(*cell([1, 2], extra=[(("1", "1"), ("0", "0"))])) is None  # an idle copy makes the rank 2
    dead = rank_fit(*cell([2, 4], w_b=("-2", "-2"), extra=[(("-1", "-1"), ("0", "0"))]))
    assert dead.units == (0,)  # two units of the third sample


def test_what_it_is_not_about():
    problem, weights = planted((1, 1), (0,), seed=1)
    for error in ("cauchy:1", "logistic"):
        a = problem.architecture
        assert rank_fit(Problem(a, lp.error_named(error), lp.Samples.of([[1, 0], [0, 1]], [[1, 0], [0, 1]])), weights) is None
    root = lp.Weights.of(problem.architecture, [([[0.6], [0.8]], None), ([[0.6, 0.8]], None)])
    assert rank_fit(problem, root) is None


def test_maps_tell_minima_of_equal_singular_values():
    """Where the best fits of their rank form a circle, no Hessian tells a minimum; the last one is the zero network, a saddle."""
    found = lp.find_critical_points((2, 1, 2), [[1, 0], [0, 1]], [[1, 0], [0, 1]], activation="identity", bias="none", starts=12)
    assert {point.kind for point in found} == {"global", "saddle"}
    X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0, 0], [1, 0], [1, 0], [0, 1]]
    found = lp.find_critical_points((2, 2, 2), X, Y, activation="relu", bias="none", starts=24)
    kinds = {point.kind for point in found}
    assert kinds == {"local-minimum", "saddle"}
    by_rank = [point for point in found if "Eckart" in found.report["critical-point", found.points.index(point)].reason]
    assert by_rank
    assert lp.verify(found.certificate).ok
