"""The bounds that hold for whole networks, against exact ranks of P at rational weights."""

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from cases.theory_cases import RATIONAL_ACTIVATIONS, Rows, khatri_rao, network_blocks, random_network, rank

from lossproof.theory.bounds import lower as bounds
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.architecture import Architecture


def random_inputs(generator: random.Random, T: int, n_0: int) -> Rows:
    return [[Fraction(generator.randint(-7, 7), generator.choice((1, 3))) for _ in range(n_0)] for _ in range(T)]


def jacobian(phis: list[Rows], psis: list[list[Rows]]) -> Rows:
    return [row for phi, psi in zip(phis, psis, strict=True) for row in khatri_rao(psi, phi)]


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("name", RATIONAL_ACTIVATIONS)
def test_bounds_enclose_the_rank(name: str, bias: str) -> None:
    for seed in range(8):
        generator = random.Random(seed)
        widths = [generator.randint(1, 3) for _ in range(generator.randint(2, 4))]
        architecture = Architecture.of(widths, name, bias=bias)
        X = random_inputs(generator, generator.randint(1, 5), widths[0])
        weights = random_network(generator, widths, bias == "trainable", sparse=seed % 2 == 1)
        phis, psis = network_blocks(name, weights, X, bias == "trainable")
        P = jacobian(phis, psis)
        assert len(P) == architecture.N_net
        true_rank, T, n_L = rank(P), len(X), widths[-1]
        uppers = []
        for l, (phi, psi) in enumerate(zip(phis, psis, strict=True), start=1):
            n_l, psi_sum = widths[l], sum(map(rank, psi))
            lower = bounds.khatri_rao_bound(n_l, T, rank(phi), psi_sum)
            assert lower <= rank(khatri_rao(psi, phi)) <= true_rank
            uppers.append(bounds.block_upper_bound(architecture.fan_in(l) * n_l, T * n_L, psi_sum, n_l, rank(phi)))
        assert bounds.last_block_rank(n_L, rank(phis[-1])) == rank(khatri_rao(psis[-1], phis[-1]))
        assert true_rank <= bounds.network_upper_bound(architecture.N_net, T * n_L, uppers)
        if name == "identity" or len(widths) == 2:
            assert true_rank <= bounds.linear_bound(n_L, rank(phis[0]))
        if name.startswith("power"):
            degree = int(name[-1]) ** (len(widths) - 2)
            assert true_rank <= bounds.polynomial_bound(n_L, widths[0], degree)
        if "relu" in name:
            assert true_rank <= bounds.homogeneous_bound(architecture)
        if len(widths) > 2:
            assert true_rank <= bounds.bottleneck_bound(architecture, T)


@pytest.mark.parametrize(("widths", "T"), [([3, 1, 2], 4), ([2, 2, 4], 5), ([3, 2, 1, 3], 5)])
def test_bottleneck_bound_is_attained(widths: list[int], T: int) -> None:
    architecture, ranks = Architecture.of(widths, "softsign"), []
    for seed in range(6):
        generator = random.Random(seed)
        phis, psis = network_blocks(
            "softsign", random_network(generator, widths, bias=True, sparse=False), random_inputs(generator, T, widths[0]), True
        )
        ranks.append(rank(jacobian(phis, psis)))
    bound = bounds.bottleneck_bound(architecture, T)
    assert max(ranks) == min(bound, T * widths[-1], architecture.N_net)
    assert bound < min(T * widths[-1], architecture.N_net)


def test_bottleneck_bound_needs_a_hidden_layer() -> None:
    with pytest.raises(InputError, match="hidden layer"):
        bounds.bottleneck_bound(Architecture.of("2-1"), 3)


@pytest.mark.parametrize("name", ["leaky-relu:1/3", "relu"])
def test_homogeneous_bound_is_attained_and_holds_at_zero_weights(name: str) -> None:
    widths, generator = [2, 3, 1], random.Random(1)
    architecture = Architecture.of(widths, name)
    X = random_inputs(generator, 14, 2)
    ranks = []
    for seed in range(12):
        weights = random_network(random.Random(seed), widths, bias=True, sparse=seed > 8)
        ranks.append(rank(jacobian(*network_blocks(name, weights, X, bias=True))))
    assert max(ranks) == bounds.homogeneous_bound(architecture) == 10


def test_duplicate_bound() -> None:
    generator = random.Random(3)
    X = random_inputs(generator, 2, 2) * 3
    P = jacobian(*network_blocks("softsign", random_network(generator, [2, 4, 2], bias=True), X, bias=True))
    assert rank(P) == bounds.duplicate_bound(n_L=2, distinct=2) == 4


@pytest.mark.parametrize("widths", [[2, 2, 1], [2, 3, 2, 2]])
def test_zero_weights_bound(widths: list[int]) -> None:
    architecture = Architecture.of(widths, "softsign")
    generator = random.Random(5)
    zeros = [([[Fraction(0)] * n for _ in range(m)], [Fraction(generator.randint(-3, 3)) for _ in range(n)]) for m, n in pairwise(widths)]
    P = jacobian(*network_blocks("softsign", zeros, random_inputs(generator, 4, 2), bias=True))
    assert rank(P) == bounds.zero_weights_bound(architecture) == widths[-1]


def test_polynomial_bound_is_attained() -> None:
    generator = random.Random(7)
    P = jacobian(*network_blocks("power:2", random_network(generator, [2, 6, 1], bias=True), random_inputs(generator, 9, 2), bias=True))
    assert rank(P) == bounds.polynomial_bound(n_L=1, n_0=2, degree=2) == 6


@pytest.mark.parametrize(("activation", "bias"), [("tanh", "trainable"), ("relu", "fixed"), ("identity", "none")])
def test_homogeneous_bound_needs_its_hypotheses(activation: str, bias: str) -> None:
    with pytest.raises(InputError, match="relu, leaky-relu or a power"):
        bounds.homogeneous_bound(Architecture.of("2-2-1", activation, bias=bias))


def test_zero_weights_bound_needs_a_hidden_layer() -> None:
    with pytest.raises(InputError, match="hidden layer"):
        bounds.zero_weights_bound(Architecture.of("2-1", "tanh"))
