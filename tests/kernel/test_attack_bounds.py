"""Attacks on the upper bounds of ``rank P``: no random network, over a prime field and by code of its own, exceeds one of them."""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from cases.kernel_draft import Draft
from flint import nmod_mat

from lossproof.certificates.kernel.check import RULES
from lossproof.certificates.kernel.reading.outcome import AcceptedStep
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.rules.step import Step
from lossproof.certificates.sweeps.cells import prove_group
from lossproof.certificates.sweeps.grid import SweepGroup
from lossproof.numerics.ranks.general_position import sweep_numerators
from lossproof.theory.bounds.structural import generic_rank_bound, structural_rank_bounds
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.verdicts import Rigor

PRIME = 2**31 - 1
OF_FREE_FUNCTIONS = ("tanh", "gelu", "sin", "softsign")
ODD = ("tanh", "sin", "softsign")


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


def symmetric(inputs, family, bias):
    """For each input the first one whose slopes are the same at all weights, and the sign of the values against it."""
    found = []
    for x in inputs:
        lead = next((q for q in x if q), 0)
        if bias == "none" and lead and family in ODD:
            found.append((tuple(q * (1 if lead > 0 else -1) for q in x), 1 if lead > 0 else -1))
        elif bias == "none" and lead and family in ("relu", "leaky-relu"):
            found.append((tuple(Fraction(q, abs(lead)) for q in x), 1))
        else:
            found.append((tuple(x), 1))
    keys = [key for key, _ in found]
    return [keys.index(key) for key in keys], np.array([[sign] for _, sign in found], dtype=np.int64)


def activated(name, z, inputs, generator, bias):
    """Values and slopes: of a power; of random slopes; or, for any other function, free values of both: the same where a symmetry makes them so."""
    family, _, parameter = name.partition(":")
    if family == "identity":
        return z, np.ones_like(z)
    if family == "power":
        return power(z, int(parameter)), int(parameter) * power(z, int(parameter) - 1) % PRIME
    group, signs = symmetric(inputs, family, bias)
    if family in ("relu", "leaky-relu"):
        slopes = np.array([[generator.choice((int(family == "leaky-relu") * 7, 1)) for _ in row] for row in z], dtype=np.int64)[group]
        return z * slopes % PRIME, slopes
    values, slopes = (np.array([[generator.randrange(PRIME) for _ in row] for row in z], dtype=np.int64)[group] for _ in range(2))
    return values * signs % PRIME, slopes


def rank(rows, width):
    return nmod_mat(len(rows), width, [int(x) % PRIME for row in rows for x in row], PRIME).rank()


def generic_rank(widths, activation, output, bias, inputs, generator):
    """The rank of P at random residues: a lower bound of the largest rank there is."""
    T, n_L, phi, weights, slopes = len(inputs), widths[-1], [np.array(inputs, dtype=np.int64) % PRIME], [], []
    for l, (m, n) in enumerate(pairwise(widths), start=1):
        W = np.array([[generator.randrange(PRIME) for _ in range(n)] for _ in range(m)], dtype=np.int64)
        b = np.array([0 if bias == "none" else generator.randrange(PRIME) for _ in range(n)], dtype=np.int64)
        value, slope = activated(activation if l < len(widths) - 1 else output, (times(phi[-1], W) + b) % PRIME, inputs, generator, bias)
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
        ("identity", "power:1", "power:2", "power:2", "power:3", "relu", "leaky-relu:1/100", generator.choice(OF_FREE_FUNCTIONS))
    )
    output = "identity" if activation in OF_FREE_FUNCTIONS else generator.choice(("identity", "identity", "power:1", "power:2", "power:3"))
    return widths, activation, output, generator.choice(("trainable", "none", "none", "fixed"))


def random_inputs(generator, n_0, T, with_zero):
    inputs = [[generator.randint(-50, 50) for _ in range(n_0)] for _ in range(T)]
    if generator.random() < 0.3:
        inputs[generator.randrange(T)] = [generator.choice((1, 1, -1, 2)) * q for q in inputs[generator.randrange(T)]]
    if with_zero and generator.random() < 0.2:
        inputs[generator.randrange(T)] = [0] * n_0
    return inputs


def given_by(rule, problem, matrix, *premises):
    """The bound everywhere that a rule gives, or None where it does not apply."""
    conclusion = {"matrix": matrix, "at": "everywhere", "rank_upper": 0}
    try:
        found, rigor = RULES[rule](
            Step(problem, (), {}, tuple(AcceptedStep(1, "premise", Rigor.EXACT, premise) for premise in premises), {}, conclusion)
        )
    except Rejected:
        return None
    assert rigor is Rigor.EXACT
    return found


def kernel_bounds(widths, activation, output, bias, inputs, inputs_rank):
    """All upper bounds of rank P that the kernel gives for this problem by structure."""
    options = {"activation": activation, "output_activation": output, "bias": bias}
    if bias == "fixed":
        options["fixed_bias"] = [["1/3"] * n for n in widths[1:]]
    problem = read_problem(
        Draft(widths, [[str(x) for x in row] for row in inputs], [["0"] * widths[-1]] * len(inputs), **options).document["problem"]
    )
    known = {"matrix": "Phi-0+", "at": "everywhere", "rank_upper": inputs_rank}
    blocks = [
        given_by("rank-sylvester", problem, "P-1", known),
        *(given_by("rank-size", problem, f"P-{l}") for l in range(2, problem.L + 1)),
    ]
    rules = {"rank-size": (), "rank-samples": (), "rank-dimension": (known,), "rank-stack": blocks}
    found = {rule: given_by(rule, problem, "P", *premises) for rule, premises in rules.items()}
    return {rule: bound["rank_upper"] for rule, bound in found.items() if bound is not None}


def bounds_and_rank(seed):
    generator = random.Random(seed)
    widths, activation, output, bias = random_network(generator)
    T = generator.choice((1, 2, 3, 4, 6, 8, 12, 16))
    inputs = random_inputs(generator, widths[0], T, activation not in OF_FREE_FUNCTIONS)
    extended = [[*x, 1] if bias == "trainable" else x for x in inputs]
    bounds = kernel_bounds(widths, activation, output, bias, inputs, rank(extended, len(extended[0])))
    return bounds, generic_rank(widths, activation, output, bias, inputs, generator)


def test_no_random_network_exceeds_a_bound_of_the_kernel():
    reached = set()
    for seed in range(600):
        bounds, found = bounds_and_rank(seed)
        assert all(found <= value for value in bounds.values()), (seed, found, bounds)
        reached |= {rule for rule, value in bounds.items() if value == found}
    assert reached == {"rank-size", "rank-samples", "rank-dimension", "rank-stack"}


def test_the_kernel_computes_the_same_structural_bounds():
    """Rule by rule, where theory gives one at all."""
    generator = random.Random(4)
    below = 0
    for n in range(240):
        widths = [generator.randint(1, 5) for _ in range(generator.randint(2, 6))]
        activation = ("power:2", "power:3", "power:16", "tanh", "relu", "identity")[n % 6]
        a, T = Architecture.of(widths, activation, bias=("trainable", "none")[n % 2]), generator.randint(1, 9)
        inputs_rank = min(T, a.fan_in(1))
        kernel = kernel_bounds(widths, activation, "identity", a.bias, sweep_numerators(widths[0], T, 1), inputs_rank)
        theory = structural_rank_bounds(a, T, inputs_rank)
        assert {rule: kernel[rule] for _, rule in theory} == {rule: value for value, rule in theory}
        assert min(kernel.values()) <= generic_rank_bound(a, T)[0]
        below += kernel["rank-dimension"] < kernel["rank-size"]
    assert below > 20


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
