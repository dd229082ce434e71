r"""Ranks over the field ``Q(u)``, ``u = e^{1/D}``: one hidden layer of sigmoid or tanh at rational weights.

All ``z_1`` are multiples of ``1/D``, ``D`` their least common denominator, and ``u`` is transcendental (Lindemann). So ``u`` may be
read as a variable: the rank of the real matrix is that of a matrix of rational functions, and every identity of rational functions
counts.
"""

from __future__ import annotations

import math
import random
from typing import Any

import numpy.typing as npt

from lossproof.numerics.algebra.polynomial_kernel import elimination_work, polynomial_kernel
from lossproof.numerics.fields.field import in_field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.matrices import named_matrix
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.numerics.ranks.function_field_entries import MOST_EXPONENT, cleared_columns
from lossproof.numerics.ranks.modular import modular_rank, random_prime
from lossproof.numerics.ranks.rational_kernel import kernel_evidence
from lossproof.theory.exceptions import NotInField
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

_ATTEMPTS = 8
_FORMAL_ENTRIES = 250_000
_MOST_WORK = 30_000_000
_MOST_CHECKS = 500_000


def has_function_field(problem: Problem, weights: Weights, name: str) -> bool:
    """Tell whether a named matrix at these weights has all entries in ``Q(u)``.

    That is so with one hidden layer of sigmoid or tanh and rational weights, if the matrix needs no derivative of the output activation
    (or that vanishes nowhere, and is left out).
    """
    a = problem.architecture
    needs_output = name.startswith("P") and not name.startswith("Phi") and not a.output_activation.nonvanishing_derivative.holds
    return a.L == 2 and a.activation.logistic is not None and weights.is_rational() and not needs_output


def function_field_rank(problem: Problem, weights: Weights, name: str, seed: int = 0) -> tuple[RankEvidence | None, RankEvidence | None]:
    r"""Return a lower and an upper bound of the rank of a named matrix over ``Q(u)``, mostly equal.

    - Lower (rule `rank-minor` with ``u``): the rank modulo a random prime with a random residue in the place of ``u``, which can only
      be smaller than the rank.
    - Upper (rule `rank-kernel`, `rank-kernel-function-field`): nothing to do where the lower bound fills the matrix; else formal kernel
      vectors that are constant, from the right and the left; else kernel vectors with entries in ``Z[u]``, if exponents stay within
      100,000 and the elimination within a fixed amount of work.

    Primes and residues come from ``seed``; a few are tried while the bounds differ. A bound is None where nothing better than the
    trivial one is found: the lower one only if every specialisation tried had a vanishing denominator. Large exponents, as doubles for
    weights give them, cost the lower bound nothing, the upper one usually everything but constant vectors.

    Raises `NotInField` where `has_function_field` fails.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> samples = Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    >>> xor = Problem(Architecture.of("2-2-1", "tanh"), error_named("squared"), samples)
    >>> weights = Weights.of(xor.architecture, [([[-2, 0], [0, -2]], [1, 1]), ([[1], [3]], [0])])
    >>> lower, upper = function_field_rank(xor, weights, "P")
    >>> lower.value, upper.value, upper.payload["vectors"]
    (3, 3, [['1', '-1', '-1', '1']])
    """
    if not has_function_field(problem, weights, name):
        raise NotInField(
            f"the entries of {name} do not lie in a field Q(u): this needs one hidden layer of sigmoid or tanh and rational weights"
        )
    lower, shape = _specialised(problem, weights, name, seed)
    if lower is None:
        return None, None
    if lower.value == min(shape):
        return lower, kernel_evidence([], min(shape), "right" if shape[1] <= shape[0] else "left")
    if shape[0] * shape[1] > _FORMAL_ENTRIES:
        return lower, None
    field = FormalField()
    formal = in_field(lambda: named_matrix(problem, weights, name, field))
    if formal is None:
        return lower, None
    kernels = (constant_kernel(formal, side) for side in ("right", "left"))
    upper = min((kernel for kernel in kernels if kernel is not None), key=lambda kernel: kernel.value, default=None)
    if upper is None or upper.value > lower.value:
        lower, polynomial = _with_polynomial_kernel(problem, weights, name, seed, (lower, formal, field))
        upper = polynomial or upper
    return lower, upper


def _with_polynomial_kernel(
    problem: Problem, weights: Weights, name: str, seed: int, start: tuple[RankEvidence, npt.NDArray[Any], FormalField]
) -> tuple[RankEvidence, RankEvidence | None]:
    """Try specialisations until the rows and columns of one give a kernel; return the best lower bound and the upper bound found."""
    lower, formal, field = start
    denominators = (entry.q for entry in evaluate(problem.architecture, problem.samples, weights, RationalField()).z[1].ravel())
    cleared = cleared_columns(formal, field.table, math.lcm(*(int(q) for q in denominators)))
    if cleared is None:
        return lower, None
    guess = lower
    for attempt in range(1, _ATTEMPTS + 1):
        if elimination_work(cleared.matrix, guess.value) > _MOST_WORK:
            break
        basis = polynomial_kernel(cleared.matrix, guess.payload["rows"], guess.payload["columns"])
        if basis is not None:
            vectors = [cleared.restore(vector) for vector in basis]
            if not _is_checkable(vectors, formal.shape[0]):
                break
            value = formal.shape[1] - len(vectors)
            return guess, RankEvidence(value, False, "rank-kernel-function-field", Rigor.EXACT, {"vectors": vectors})
        again, _ = _specialised(problem, weights, name, seed + attempt)
        guess = again or guess
        lower = max(lower, guess, key=lambda bound: bound.value)
    return lower, None


def _is_checkable(vectors: list[list[list[list[Any]]]], rows: int) -> bool:
    """Tell whether a certificate may hold the vectors: exponents, and rows times non-zero entries."""
    polynomials = [entry for vector in vectors for entry in vector if entry]
    return max(entry[-1][0] for entry in polynomials) <= MOST_EXPONENT and rows * len(polynomials) <= _MOST_CHECKS


def _specialised(problem: Problem, weights: Weights, name: str, seed: int) -> tuple[RankEvidence | None, tuple[int, int]]:
    """Return the rank modulo a random prime at a random residue, and the shape of the matrix."""
    for attempt in range(_ATTEMPTS):
        prime = random_prime(seed + 1000 * attempt)
        u = random.Random(f"u-{seed}-{attempt}").randrange(2, prime - 1)
        try:
            residues = named_matrix(problem, weights, name, PrimeField(prime, u))
        except NotInField:
            continue
        return modular_rank(residues, prime, u), residues.shape
    return None, (0, 0)
