"""Full rank almost everywhere for one hidden layer of softsign: a search for residues that show it for every sign pattern.

``softsign(z) = z/(1+sz)`` with ``s`` the sign of ``z``: for each pattern of signs ``P`` is a matrix of rational functions of ``W``, and
full rank modulo a prime at any residues shows that it has full rank almost everywhere. The rule `rank-patterns` of the
certificate says why this suffices.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import comb

import numpy as np
from flint import nmod_mat

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.modular import random_prime
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.limits import MAX_SIGN_SAMPLES, MAX_STEP_WORK, PATTERN_WORK, jacobian_work, residues_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor

_ATTEMPTS = 3


def sign_pattern_evidence(problem: Problem, seed: int) -> RankEvidence | None:
    """Return evidence that ``rank P = T n_L`` for almost every ``W``, or None.

    It applies to one hidden layer of softsign whose output derivative vanishes nowhere it exists, with trainable, no, or fixed rational biases, up to 16
    samples and as many patterns of signs (up to permutations of units and the sign of each unit, unless biases are fixed) as a checker goes through. None
    says nothing; it is given where a layer is frozen.
    """
    a = problem.architecture
    softsign = a.L == 2 and not a.frozen and a.activation == activation_named("softsign")
    if not (softsign and a.output_activation.has_nonzero_slopes and _is_affordable(problem) and problem.columns <= a.N_net):
        return None
    for attempt in range(_ATTEMPTS):
        prime = random_prime(seed + attempt)
        generator = random.Random(f"signs-{seed}-{attempt}")
        residues = [generator.randrange(prime) for _ in range(a.N_net)]
        try:
            full = _full_for_all_patterns(problem, residues, prime)
        except NotInField:
            continue
        if full:
            return RankEvidence(problem.columns, True, "rank-patterns", Rigor.EXACT, {"prime": prime, "weights": residues})
    return None


def _is_affordable(problem: Problem) -> bool:
    """Tell whether the fixed biases are rational, and a checker goes through so many patterns."""
    a, T = problem.architecture, problem.T
    if T > MAX_SIGN_SAMPLES or not all(isinstance(b, Fraction) for layer in problem.fixed_bias or () for b in layer or ()):
        return False
    patterns = 2 ** (T * a.widths[1]) if a.biases[0] == "fixed" else comb(2 ** (T - 1) + a.widths[1] - 1, a.widths[1])
    return patterns * (residues_work(a.N_net, problem.columns) + jacobian_work(a.widths, T, 0) + PATTERN_WORK) <= MAX_STEP_WORK


def _full_for_all_patterns(problem: Problem, residues: list[int], prime: int) -> bool:
    """Tell whether ``P`` has full rank modulo the prime for all patterns; raises `NotInField` where the prime divides a denominator."""
    a, T = problem.architecture, problem.T
    n_1, n_L, m = a.widths[1], a.n_L, a.fan_in(1)
    field = PrimeField(prime)
    inputs = field.finalize(field.array(problem.samples.X))
    inputs = np.hstack([inputs, np.ones((T, 1), dtype=np.int64)]) if a.bias_rows_of(1) else inputs
    w = np.array(residues[: n_1 * m], dtype=object).reshape(n_1, m)
    v = np.array(residues[n_1 * m :], dtype=object).reshape(n_L, a.fan_in(2))[:, :n_1]
    constants = field.finalize(field.array(list(problem.constants(1) or [Fraction(0)] * n_1)))
    z = (w @ inputs.T.astype(object) + constants.astype(object)[:, None]) % prime
    signs = list(product((1, -1), repeat=T)) if a.biases[0] == "fixed" else [(1, *rest) for rest in product((1, -1), repeat=T - 1)]
    constant = (
        np.kron(np.ones((1, T), dtype=object), np.eye(n_L, dtype=object)) if a.bias_rows_of(2) else np.empty((0, T * n_L), dtype=object)
    )
    rows: list[list[Array]] = []
    for k in range(n_1):
        blocks = [_unit_rows(inputs, z[k], v[:, k], s, prime) for s in signs]
        rows.append([block for block in blocks if block is not None])
        if len(rows[k]) < len(signs):
            return False
    for choice in _choices(len(signs), n_1, fixed=a.biases[0] == "fixed"):
        P = np.vstack([*(rows[k][s] for k, s in enumerate(choice)), constant])
        if nmod_mat(P.shape[0], P.shape[1], [int(entry) for entry in P.ravel()], prime).rank() < problem.columns:
            return False
    return True


def _choices(signs: int, units: int, *, fixed: bool) -> Iterator[tuple[int, ...]]:
    """Yield a sign vector for each unit, in all ways that are needed."""
    return product(range(signs), repeat=units) if fixed else combinations_with_replacement(range(signs), units)


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
