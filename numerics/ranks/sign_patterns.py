"""Full rank almost everywhere for one hidden layer of softsign: a search for residues that show it for every sign pattern.

``softsign(z) = z/(1+sz)`` with ``s`` the sign of ``z``: for each pattern of signs ``P`` is a matrix of rational functions of ``W``, and
full rank modulo a prime at any residues shows that it has full rank almost everywhere. The rule `full-rank-sign-patterns` of the
certificate says why this suffices.
"""

from __future__ import annotations

import random
from itertools import combinations_with_replacement, product
from math import comb

import numpy as np
from flint import nmod_mat

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.ranks.evidence import Evidence
from lossproof.numerics.ranks.modular import random_prime
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor

MOST_PATTERNS = 5000
MOST_SAMPLES = 16
MOST_ENTRIES = 10**4
_ATTEMPTS = 3


def sign_pattern_evidence(problem: Problem, seed: int) -> Evidence | None:
    """Return evidence that ``rank P = T n_L`` for almost every ``W``, or None.

    It applies to one hidden layer of softsign whose output derivative vanishes nowhere, up to 5000 patterns of signs (up to permutations of units, and up to
    the sign of each unit unless biases are fixed), 16 samples and 10,000 entries of ``P``. None says nothing.
    """
    a = problem.architecture
    softsign = a.L == 2 and a.activation == activation_named("softsign")
    fits = softsign and a.output_activation.nonvanishing_derivative.holds and problem.fixed_bias is None
    if not fits or problem.T > MOST_SAMPLES or a.N_net * problem.columns > MOST_ENTRIES:
        return None
    if comb(2 ** (problem.T - 1) + a.widths[1] - 1, a.widths[1]) > MOST_PATTERNS:
        return None
    for attempt in range(_ATTEMPTS):
        prime = random_prime(seed + attempt)
        generator = random.Random(f"signs-{seed}-{attempt}")
        residues = [generator.randrange(prime) for _ in range(a.N_net)]
        if _full_for_all_patterns(problem, residues, prime):
            return Evidence("full-rank-sign-patterns", Rigor.EXACT, {"prime": prime, "weights": residues})
    return None


def _full_for_all_patterns(problem: Problem, residues: list[int], prime: int) -> bool:
    a, T = problem.architecture, problem.T
    n_1, n_L, m = a.widths[1], a.n_L, a.fan_in(1)
    inputs = PrimeField(prime).finalize(PrimeField(prime).array(problem.samples.X))
    inputs = np.hstack([inputs, np.ones((T, 1), dtype=np.int64)]) if a.bias_rows else inputs
    w = np.array(residues[: n_1 * m], dtype=object).reshape(n_1, m)
    v = np.array(residues[n_1 * m :], dtype=object).reshape(n_L, a.fan_in(2))[:, :n_1]
    z = (w @ inputs.T.astype(object)) % prime
    signs = [(1, *rest) for rest in product((1, -1), repeat=T - 1)]
    constant = np.kron(np.ones((1, T), dtype=object), np.eye(n_L, dtype=object)) if a.bias_rows else np.empty((0, T * n_L), dtype=object)
    rows: list[list[Array]] = []
    for k in range(n_1):
        blocks = [_unit_rows(inputs, z[k], v[:, k], s, prime) for s in signs]
        rows.append([block for block in blocks if block is not None])
        if len(rows[k]) < len(signs):
            return False
    for choice in combinations_with_replacement(range(len(signs)), n_1):
        P = np.vstack([*(rows[k][s] for k, s in enumerate(choice)), constant])
        if nmod_mat(P.shape[0], P.shape[1], [int(entry) for entry in P.ravel()], prime).rank() < problem.columns:
            return False
    return True


def _unit_rows(inputs: Array, z: Array, v: Array, signs: tuple[int, ...], prime: int) -> Array | None:
    """Return the rows of one hidden unit in both blocks, or None where a denominator vanishes."""
    denominators = [(1 + s * int(value)) % prime for s, value in zip(signs, z, strict=True)]
    if 0 in denominators:
        return None
    inverse = np.array([pow(d, -1, prime) for d in denominators], dtype=object)
    slopes = inverse * inverse % prime
    first = np.einsum("ib,i,j->bij", inputs.astype(object), slopes, v).reshape(inputs.shape[1], -1)
    second = np.kron(z * inverse, np.eye(len(v), dtype=object))
    return np.asarray(np.vstack([first, second]) % prime)
