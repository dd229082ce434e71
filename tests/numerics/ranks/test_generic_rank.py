"""Generic ranks modulo a prime against structural bounds, exact ranks at points, and the literature."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb

import numpy as np
import pytest

import lossproof as lp
from lossproof.certificates.proof.nodes import RankBound
from lossproof.certificates.proof.structural_bounds import structural_upper_bounds
from lossproof.numerics.ranks.general_position import sweep_inputs, sweep_numerators
from lossproof.numerics.ranks.generic import generic_point, generic_ranks, has_generic_point
from lossproof.numerics.ranks.independent_values import draw_values, free_jacobian
from lossproof.numerics.ranks.producers import Effort, rank_evidence
from lossproof.theory.bounds.composition import composition_bound
from lossproof.theory.bounds.structural import generic_rank_bound
from lossproof.theory.bounds.upper import narrow_linear_bound
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.verdicts import Rigor

ACTIVATIONS = ("tanh", "sigmoid", "identity", "power:2", "power:3", "power:5")


def problem_of(a, T, seed=0):
    return Problem(a, error_named("squared"), Samples(sweep_inputs(a.widths[0], T, seed), ((Fraction(0),) * a.n_L,) * T))


def ranks(widths, activation, samples, bias="none"):
    """The pairs (lower, upper) for some numbers of samples."""
    a = Architecture.of(widths, activation, bias=bias)
    bounds = [generic_rank_bound(a, T)[0] for T in samples]
    return [(lower, upper) for (lower, _), upper in zip(generic_ranks(a, samples, 0, bounds), bounds, strict=True)]


def random_architectures(count, widest=5, deepest=4):
    generator = random.Random(11)
    for n in range(count):
        widths = [generator.randint(1, widest) for _ in range(generator.randint(2, deepest + 1))]
        yield Architecture.of(widths, ACTIVATIONS[n % len(ACTIVATIONS)], bias=("trainable", "none")[n // len(ACTIVATIONS) % 2])


def test_no_bound_is_below_a_rank_and_most_are_attained():
    cells = decided = 0
    for n, a in enumerate(random_architectures(240)):
        samples = [1, 2, 3, 5, 8, 13, 21, 34]
        bounds = [generic_rank_bound(a, T)[0] for T in samples]
        found = [lower for lower, _ in generic_ranks(a, samples, n % 3, bounds)]
        assert all(lower <= upper for lower, upper in zip(found, bounds, strict=True)), a
        if a.L == 1 or a.activation.family in ("sigmoid", "tanh", "identity"):
            assert found == bounds, a
        cells += len(samples)
        decided += sum(lower == upper for lower, upper in zip(found, bounds, strict=True))
    assert decided > 0.99 * cells


def test_the_bound_is_the_least_of_those_that_reports_use():
    names = (*ACTIVATIONS, "relu", "leaky-relu:1/10", "softsign", "gelu")
    generator = random.Random(3)
    for n in range(200):
        widths = [generator.randint(1, 5) for _ in range(generator.randint(2, 5))]
        a, T = Architecture.of(widths, names[n % len(names)], bias=("trainable", "none")[n % 2]), generator.randint(1, 12)
        inputs = RankBound("Phi-0+", None, False, min(T, a.fan_in(1)), "rank-size", Rigor.EXACT)
        found = structural_upper_bounds(problem_of(a, T), inputs)
        value, rule = generic_rank_bound(a, T)
        assert value == min(bound.value for bound in found)
        assert any(bound.rule == rule and bound.value == value for bound in found)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "power:2"])
@pytest.mark.parametrize(("widths", "bias"), [("2-2-1", "trainable"), ("2-3-2", "none"), ("1-2-2-1", "trainable")])
def test_ranks_at_points_do_not_exceed_the_generic_rank(activation, widths, bias):
    """Exact ranks, or balls, at random rational weights attain the generic rank and never exceed it."""
    a = Architecture.of(widths, activation, bias=bias)
    for T in (2, 5, 9):
        (lower, _), upper = generic_ranks(a, [T], 0, [10**6])[0], generic_rank_bound(a, T)[0]
        problem = problem_of(a, T)
        weights = lp.Weights.of(
            a,
            [
                (_matrix(m, n, l), None if bias == "none" else _matrix(1, n, -l)[0])
                for l, (m, n) in enumerate(zip(a.widths, a.widths[1:], strict=False), 1)
            ],
        )
        evidence = list(rank_evidence(problem, weights, "P", Effort(0, 512), enough=upper))
        best = max(bound.value for bound in evidence if bound.is_lower)
        assert best == lower == upper


def _matrix(rows, columns, seed):
    generator = random.Random(seed)
    return [[Fraction(generator.randint(-40, 40), 16) for _ in range(columns)] for _ in range(rows)]


def test_fewer_samples_are_the_first_of_more():
    a = Architecture.of("2-3-3-2", "tanh")
    few, many = generic_point(a, 4, seed=5), generic_point(a, 9, seed=5)
    assert (many.matrix[:, :8] == few.matrix).all()
    assert [many.rank(2 * T) for T in (1, 2, 3, 4)] == [few.rank(2 * T) for T in (1, 2, 3, 4)]


def test_samples_are_in_general_position():
    rows = sweep_numerators(1, 500, seed=2)
    assert len({abs(row[0]) for row in rows} - {0}) == 500
    with pytest.raises(InputError, match="at most 2000"):
        sweep_numerators(3, 2001, seed=0)


def test_the_values_of_layer_one_are_those_of_the_function_field():
    """For one hidden layer, residues ``u^w`` in place of the exponentials give ``P`` at integer weights with ``e^{1/D} = u``."""
    from lossproof.numerics.fields.prime import PrimeField
    from lossproof.numerics.network.evaluation import evaluate
    from lossproof.numerics.network.jacobian import jacobian

    a, p, u, X = Architecture.of("2-3-2", "tanh"), 1048583, 777, [[1, -2], [3, 4], [0, 5]]
    generator = np.random.default_rng(0)
    W, b, V = generator.integers(-9, 10, (2, 3)), generator.integers(-9, 10, 3), generator.integers(0, p, (3, 2))
    free = draw_values(a, 3, p, "x")
    exponentials = np.array([[pow(u, int(w) % (p - 1), p) for w in (*W[:, k], b[k])] for k in range(3)])
    free = type(free)(p, exponentials, (V,), ())
    exact = [(W.tolist(), b.tolist()), (V.tolist(), [0, 0])]
    expected = jacobian(evaluate(a, [[Fraction(x) for x in row] for row in X], exact, PrimeField(p, u), strip_output=True))
    assert (free_jacobian(a, X, 1, free) == expected).all()


ALEXANDER_HIRSCHOWITZ = {(3, 4, 5): 14, (4, 4, 9): 34, (5, 4, 14): 69, (5, 3, 7): 34}


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("r", [2, 3, 4])
def test_one_hidden_layer_of_powers_is_a_secant_variety(n, r):
    """Alexander and Hirschowitz (1995): ``min(m n, C(n+r−1, r))``, less in four cases and for quadrics."""
    room = comb(n + r - 1, r)
    for m in range(1, min(room // n + 3, 16)):
        ((lower, upper),) = ranks((n, m, 1), f"power:{r}", [room + 5])
        k = min(m, n)
        expected = k * n - k * (k - 1) // 2 if r == 2 else ALEXANDER_HIRSCHOWITZ.get((n, r, m), min(m * n, room))
        assert lower == expected
        exceptional = (n, r, m) in ALEXANDER_HIRSCHOWITZ
        assert (upper == expected) is not exceptional  # those four are no wrong proofs: lower bounds only


@pytest.mark.parametrize("r", [2, 3])
@pytest.mark.parametrize(("n", "layers"), [(2, 3), (2, 4), (3, 3)])
def test_equal_widths_lose_the_scalings_only(n, layers, r):
    """Finkel, Rodriguez, Wu and Yahl (arXiv 2408.04569): equal widths attain ``N − Σ n_l`` for every power above 1."""
    expected = layers * n * n - (layers - 1) * n
    assert ranks((n,) * (layers + 1), f"power:{r}", [expected + 6]) == [(expected, expected)]


DEEP = {
    (2, 2, 2, 1): (5, 6, 6), (2, 3, 2, 1): (5, 8, 9), (2, 2, 2, 2): (8, 8, 8), (2, 2, 3, 2): (8, 10, 11),
    (3, 2, 2, 1): (7, 8, 8), (3, 4, 3, 2): (21, 23, 23), (3, 3, 3, 3): (21, 21, 21),
}  # fmt: skip


@pytest.mark.parametrize("widths", DEEP, ids=str)
def test_deep_networks_of_the_table(widths):
    for r, expected in zip((2, 3, 4), DEEP[widths], strict=True):
        assert ranks(widths, f"power:{r}", [40]) == [(expected, expected)]


@pytest.mark.parametrize(("widths", "rank"), [((4, 2, 3), 10), ((3, 1, 3), 5), ((5, 3, 2, 4), 14), ((3, 3, 3), 9)])
def test_linear_networks_are_determinantal_varieties(widths, rank):
    """Matrices of rank m: dimension ``m (n_0 + n_L − m)``."""
    m = min(widths)
    assert rank == m * (widths[0] + widths[-1] - m)
    assert ranks(widths, "identity", [30]) == [(rank, rank)]


@pytest.mark.parametrize("outputs", [3, 4, 6])
def test_two_squares_of_binary_forms(outputs):
    """Kubjas, Li and Wiesmann (arXiv 2402.00949): 2-2-n with squares are the ``3 × n`` matrices of rank 2."""
    assert ranks((2, 2, outputs), "power:2", [8]) == [(2 * (outputs + 1),) * 2]


def test_bounds_refuse_networks_they_are_not_about():
    for bias, activation, bound in (("fixed", "power:2", composition_bound), ("none", "tanh", composition_bound)):
        with pytest.raises(InputError, match="composition bound"):
            bound(Architecture.of("2-2-1", activation, bias=bias))
    with pytest.raises(InputError, match="narrow linear bound"):
        narrow_linear_bound(Architecture.of("2-2-1", "tanh"), 3)
    with pytest.raises(InputError, match="trainable"):
        generic_rank_bound(Architecture.of("2-2-1", "tanh", bias="fixed"), 3)
    assert not has_generic_point(Architecture.of("2-2-1", "gelu"))
    assert not has_generic_point(Architecture.of("2-2-1", "tanh", "sin"))
