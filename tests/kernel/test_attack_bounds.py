"""Attacks on the upper bounds of ``rank P``: no random network, over a prime field and by code of its own, exceeds one of them."""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import nmod_mat

from lossproof.certificates.proof.nodes import RankBound
from lossproof.certificates.proof.structural_bounds import structural_upper_bounds
from lossproof.certificates.sweeps.cells import prove_group
from lossproof.certificates.sweeps.grid import SweepGroup
from lossproof.numerics.ranks.general_position import sweep_numerators
from lossproof.theory.bounds.structural import generic_rank_bound
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.verdicts import Rigor

PRIME = 2**31 - 1
OF_FREE_FUNCTIONS = ("tanh", "gelu", "sin", "softsign")


def times(A, B):
    total = np.zeros((A.shape[0], B.shape[1]), dtype=np.int64)
    for k in range(A.shape[1]):
        total = (total + A[:, k : k + 1] * B[k : k + 1]) % PRIME
    return total


def power(z, k):
    result = np.ones_like(z)
    for _ in range(k):
        result = result * z % PRIME
    return result


def activated(name, z, inputs, generator):
    """Values and slopes: of a power; of random slopes, the same for equal inputs; or, for any other function, free values of both."""
    family, _, parameter = name.partition(":")
    if family == "identity":
        return z, np.ones_like(z)
    if family == "power":
        return power(z, int(parameter)), int(parameter) * power(z, int(parameter) - 1) % PRIME
    group = [inputs.index(x) for x in inputs]
    if family in ("relu", "leaky-relu"):
        slopes = np.array([[generator.choice((int(family == "leaky-relu") * 7, 1)) for _ in row] for row in z], dtype=np.int64)[group]
        return z * slopes % PRIME, slopes
    values, slopes = (np.array([[generator.randrange(PRIME) for _ in row] for row in z], dtype=np.int64)[group] for _ in range(2))
    return values, slopes


def rank(rows, width):
    return nmod_mat(len(rows), width, [int(x) % PRIME for row in rows for x in row], PRIME).rank()


def generic_rank(widths, activation, output, bias, inputs, generator):
    """The rank of P at random residues: a lower bound of the largest rank there is."""
    T, n_L, phi, weights, slopes = len(inputs), widths[-1], [np.array(inputs, dtype=np.int64) % PRIME], [], []
    for l, (m, n) in enumerate(pairwise(widths), start=1):
        W = np.array([[generator.randrange(PRIME) for _ in range(n)] for _ in range(m)], dtype=np.int64)
        b = np.array([0 if bias == "none" else generator.randrange(PRIME) for _ in range(n)], dtype=np.int64)
        value, slope = activated(activation if l < len(widths) - 1 else output, (times(phi[-1], W) + b) % PRIME, inputs, generator)
        weights.append(W)
        slopes.append(slope)
        phi.append(value)
    psi = slopes[-1][:, :, None] * np.eye(n_L, dtype=np.int64)
    rows = []
    for l in range(len(weights), 0, -1):
        before = np.hstack([phi[l - 1], np.ones((T, 1), dtype=np.int64)]) if bias == "trainable" else phi[l - 1]
        block = psi[:, :, None, :] * before[:, None, :, None] % PRIME
        rows += block.transpose(1, 2, 0, 3).reshape(-1, T * n_L).tolist()
        if l > 1:
            psi = np.stack([times(weights[l - 1], part) for part in psi]) * slopes[l - 2][:, :, None] % PRIME
    return rank(rows, T * n_L)


def random_network(generator):
    widths = tuple(generator.choice((1, 1, 2, 2, 3, 4)) for _ in range(generator.choice((1, 2, 2, 3, 3, 4, 5)) + 1))
    activation = generator.choice(
        ("identity", "power:1", "power:2", "power:2", "power:3", "relu", "leaky-relu", generator.choice(OF_FREE_FUNCTIONS))
    )
    output = "identity" if activation in OF_FREE_FUNCTIONS else generator.choice(("identity", "identity", "power:1", "power:2", "power:3"))
    return widths, activation, output, generator.choice(("trainable", "none", "none", "fixed"))


def random_inputs(generator, n_0, T, with_zero):
    inputs = [[generator.randint(-50, 50) for _ in range(n_0)] for _ in range(T)]
    if generator.random() < 0.3:
        inputs[generator.randrange(T)] = inputs[generator.randrange(T)]
    if with_zero and generator.random() < 0.2:
        inputs[generator.randrange(T)] = [0] * n_0
    return inputs


def bounds_and_rank(seed):
    generator = random.Random(seed)
    widths, activation, output, bias = random_network(generator)
    T = generator.choice((1, 2, 3, 4, 6, 8, 12, 16))
    a = Architecture.of(widths, activation, output_activation=output, bias=bias)
    inputs = random_inputs(generator, widths[0], T, activation not in OF_FREE_FUNCTIONS)
    samples = Samples(tuple(tuple(map(Fraction, x)) for x in inputs), ((Fraction(0),) * widths[-1],) * T)
    extended = [[*x, 1] if bias == "trainable" else x for x in inputs]
    known = RankBound("Phi-0+", None, False, rank(extended, len(extended[0])), "rank-minor", Rigor.EXACT)
    bounds = [(b.rule, b.value) for b in structural_upper_bounds(Problem(a, error_named("squared"), samples), known)]
    if bias != "fixed":
        bounds.append(("generic", generic_rank_bound(a, T)[0]))
    return bounds, generic_rank(widths, activation, output, bias, inputs, generator)


def test_no_random_network_exceeds_a_structural_bound():
    reached = set()
    for seed in range(600):
        bounds, found = bounds_and_rank(seed)
        assert all(found <= value for _, value in bounds), (seed, found, bounds)
        reached |= {rule for rule, value in bounds if value == found}
    assert reached >= {
        "rank-size",
        "rank-duplicate",
        "rank-homogeneous",
        "rank-linear",
        "rank-polynomial",
        "rank-composition",
        "rank-bottleneck",
    }


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "power:2", "identity", "sin", "softplus", "leaky-relu:1/10", "softsign"])
def test_cells_of_a_sweep_against_ranks_at_other_points_and_another_prime(activation):
    for widths, bias in (((2, 3, 1), "trainable"), ((1, 2, 2, 1), "none"), ((2, 1, 2), "none")):
        for cell in prove_group(SweepGroup(widths, activation, bias, 1, (1, 3, 6))):
            generator = random.Random(5)
            inputs = sweep_numerators(widths[0], cell.T, 1)
            found = generic_rank(
                widths, activation if activation in ("identity", "power:2") else "free", "identity", bias, inputs, generator
            )
            assert cell.rank_lower <= found
            assert cell.rank_upper >= found or activation.startswith("leaky")
            assert not cell.decided or cell.rank == cell.rank_lower == cell.rank_upper
            assert cell.verdict != "PROVED" or cell.rank == cell.columns
