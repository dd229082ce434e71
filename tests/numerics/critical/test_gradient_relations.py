"""Relations of the components of the gradient that data make, and outputs that follow others: found, proved, and not where data just miss them."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.alike_outputs import alike_targets, ties_of_outputs, with_alike_outputs
from lossproof.numerics.critical.balanced_inputs import following_outputs, with_following_outputs
from lossproof.numerics.critical.gradient_relations import gradient_relations
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.problem.problem import Problem

XOR_X = [[0, 0], [0, 1], [1, 0], [1, 1]]


def problem_of(widths, X, Y, activation="tanh", error="squared", **options):
    return Problem(lp.Architecture.of(widths, activation, "identity", **options), lp.error_named(error), lp.Samples.of(X, Y))


def constant_networks(problem, count, seed=0):
    """Networks without incoming weights of the first layer."""
    rng, a = random.Random(seed), problem.architecture
    drawn = []
    for _ in range(count):
        layers = [
            ([[rng.gauss(0, 1) * (l > 0) for _ in range(n)] for _ in range(m)], [rng.gauss(0, 1) for _ in range(n)])
            for l, (m, n) in enumerate(zip(a.widths, a.widths[1:], strict=False))
        ]
        drawn.append(lp.Weights.of(a, layers))
    return drawn


def holds(problem, relation, members):
    """A twin: the gradient by hand-coded derivatives in doubles."""
    rows = FloatLandscape(problem).at(np.array([flat_weights(problem, each) for each in members])).gradient
    sums = sum(float(q) * rows[:, k] for k, q, _ in relation)
    return bool(np.max(np.abs(sums)) <= 1e-9 * np.max(np.abs(rows)))


@pytest.mark.parametrize(
    ("X", "Y", "error"),
    [
        (XOR_X, [[0], [1], [1], [0]], "squared"),
        (XOR_X, [[0], [1], [1], [0]], "logistic"),
        (XOR_X, [[0], [1], [1], [0]], "cauchy:1"),
        ([[-1], [0], [1]], [[0], [3], [0]], "squared"),
        ([[-2], [-1], [1], [2]], [[4], [1], [1], [4]], "cauchy:2"),
        (
            [[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)],
            [[(a + b + c) % 2] for a in (0, 1) for b in (0, 1) for c in (0, 1)],
            "logistic",
        ),
    ],
)
def test_constant_networks_on_data_without_a_slope(X, Y, error):
    n = len(X[0])
    problem = problem_of((n, 2, 1), X, Y, error=error)
    members = constant_networks(problem, problem.architecture.N_net + 4)
    found = gradient_relations(problem, members)
    assert {k for k, _, _ in (relation[0] for relation in found)} >= {u * (n + 1) + j for u in range(2) for j in range(n)}
    assert all(holds(problem, relation, constant_networks(problem, 9, seed=1)) for relation in found)


@pytest.mark.parametrize("last", [1, Fraction(1, 10**6)])
def test_targets_with_a_slope_have_none_for_it(last):
    """The weights of the second input: their component is no multiple of that of the bias, for targets that rise a little."""
    problem = problem_of((2, 2, 1), XOR_X, [[0], [1 + last], [1], [0]])
    found = gradient_relations(problem, constant_networks(problem, problem.architecture.N_net + 4))
    assert all(relation[0][0] != 1 for relation in found)


def test_maps_prove_constant_networks():
    """Each was open before, as no row of P depends on others: of sin, no bias has a rational value."""
    for activation, X, Y, options in (
        ("sin", [[-1], [0], [1]], [[0], [1], [0]], {}),
        ("softplus", XOR_X, [[0], [1], [1], [0]], {}),
        ("gelu", [[-1], [0], [1]], [[0], [1], [0]], {"error": "logistic"}),
    ):
        found = lp.find_critical_points((len(X[0]), 1, 1), X, Y, activation=activation, starts=16, **options)
        constant = [point for point in found if all(w == 0 for row in point.weights.layers[0].W for w in row)]
        assert constant
        assert all(point.kind != "undecided" for point in constant)
        assert lp.verify(found.certificate).ok


def test_a_bad_minimum_refutes_for_even_targets():
    found = lp.find_critical_points((1, 2, 1), [[-1], [0], [1]], [[0], [1], [0]], activation="arctan", starts=24)
    assert found.conclusion.verdict is lp.Verdict.REFUTED
    assert lp.verify(found.certificate).ok


def test_targets_that_follow():
    def following(Y, error="squared", **options):
        return [
            (one.follower, one.leader, one.ratio, one.offset)
            for one in alike_targets(problem_of((1, 1, len(Y[0])), [[k] for k in range(len(Y))], Y, error=error, **options))
        ]

    assert following([[0, 1], [1, 0], [0, 1]]) == [(1, 0, -1, 1)]
    assert following([[0, 1, 5], [1, 3, 7], [2, 5, 9]]) == [(1, 0, 2, 1), (2, 0, 2, 5)]
    assert following([[0, 1], [1, 3], [2, 5]], "cauchy:1") == []
    assert following([[0, 1], [1, 0]], "logistic") == [(1, 0, -1, 0)]
    assert following([[0, 2], [1, 0]], bias="none") == []
    assert following([[0, 0], [1, 3]], bias="none") == [(1, 0, 3, 0)]
    assert following([[0, 1], [1, 1]]) == following([[1, 0], [1, 1]]) == []
    assert following([[0, 1], [1, 0], [0, 1], [0, "1000001/1000000"]]) == []


def test_weights_are_made_to_follow_where_they_nearly_do():
    problem = problem_of((1, 1, 2), [[0], [1], [2]], [[0, 1], [1, 0], [0, 1]])
    near = lp.Weights.of(problem.architecture, [([[1]], [0]), ([["1/3", "-0.33333333"]], ["1/7", "0.857142857"])])
    made = with_alike_outputs(problem, near)
    assert ((Fraction(1, 3), Fraction(-1, 3)),) == made.layers[1].W
    assert made.layers[1].b == (Fraction(1, 7), Fraction(6, 7))
    assert ties_of_outputs(problem, made) == [(4, 2, -1), (5, 3, -1)]
    assert ties_of_outputs(problem, near) == []
    apart = lp.Weights.of(problem.architecture, [([[1]], [0]), ([["1/3", "1/5"]], ["1/7", "6/7"])])
    assert with_alike_outputs(problem, apart) is None
    even = lp.Weights.of(problem.architecture, [([[1]], [0]), ([["1/3", "1/3"]], ["1/2", "1/4"])])
    assert ties_of_outputs(problem, even) == [(4, 2, 1)]  # a bias of its own


def test_two_classes_of_xor_have_exact_learners():
    """With hidden outputs that depend on the ones, no weights determine eight outputs; four hidden weights determine the first of two that add up to 1."""
    X, Y = XOR_X, [[0, 1], [1, 0], [1, 0], [0, 1]]
    found = lp.find_critical_points((2, 2, 2), X, Y, activation="tanh", starts=24)
    learners = [point for point in found if point.kind == "global"]
    assert learners
    assert all(point.loss_upper < 1e-9 for point in learners)
    assert lp.verify(found.certificate).ok


def test_outputs_that_follow_several():
    problem = problem_of((1, 2, 3), [[0], [1], [2]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    ((f, shares),) = following_outputs(problem)
    assert (f, shares) == (2, (-1, -1, 0))
    near = [([[1, 2]], [0, 1]), ([["1/3", "1/5", "-0.5333"], [1, 2, "-2.99999"]], ["1/7", "2/7", "0.5714"])]
    made = with_following_outputs(problem, lp.Weights.of(problem.architecture, near), ((f, shares),))
    assert [row[2] for row in made.layers[1].W] == [Fraction(-8, 15), -3]
    assert made.layers[1].b[2] == Fraction(4, 7)
    far = [near[0], ([["1/3", "1/5", "-0.53"], [1, 2, -3]], near[1][1])]
    assert with_following_outputs(problem, lp.Weights.of(problem.architecture, far), ((f, shares),)) is None
    for options in ({"error": "cauchy:1"}, {"bias": "none"}):
        assert following_outputs(problem_of((1, 2, 3), [[0], [1], [2]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], **options)) == ()


def test_members_of_a_family_keep_ratios_that_are_no_doubles():
    """Two units alike, with outgoing weights in the ratio 307/205: identities hold to a hundred digits at members only where these keep it exactly."""
    X, Y = [[-2], [-2], [1], ["1/2"], [-1], ["1/2"]], [["1/2", 0], [1, 1], [1, "1/2"], ["1/2", 1], ["1/2", 0], ["1/2", "1/2"]]
    found = lp.find_critical_points((1, 2, 2), X, Y, activation="sigmoid", error="logistic", bias="none", starts=24, seed=228)
    assert found.unproved == 0
    assert {point.kind for point in found} == {"saddle"}
