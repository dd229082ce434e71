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
from lossproof.numerics.fields.lengths import EXCESS, products_work
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.exact_work import matrix_work
from lossproof.numerics.network.matrices import matrix_at, matrix_evaluation, named_matrix
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.numerics.ranks.function_field_entries import ClearedMatrix, cleared_columns
from lossproof.numerics.ranks.modular import modular_rank, random_prime
from lossproof.numerics.ranks.rational_kernel import kernel_evidence
from lossproof.theory.exceptions import NotInField
from lossproof.theory.limits import MAX_BITS, MAX_DEGREE, MAX_EXPONENT, MAX_NUMBER_TEXT, MAX_STEP_WORK, pass_work, ratio_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

_ATTEMPTS = 8
_FORMAL_ENTRIES = 250_000
_MOST_WORK = 30_000_000
_UNIT_FRACTIONS = 100

Vectors = list[list[list[list[Any]]]]
"""Kernel vectors over ``Z[u]`` as a certificate writes them."""


def has_function_field(problem: Problem, weights: Weights, name: str) -> bool:
    """Tell whether a named matrix at these weights has all entries in ``Q(u)``.

    That is so with one hidden layer of sigmoid or tanh and rational weights, if the matrix needs no derivative of the output activation
    (or that vanishes nowhere it exists, and is left out).
    """
    a = problem.architecture
    needs_output = name.startswith("P") and not name.startswith("Phi") and not a.output_activation.has_nonzero_slopes
    return a.L == 2 and a.activation.logistic is not None and weights.is_rational() and not needs_output


def function_field_rank(problem: Problem, weights: Weights, name: str, seed: int = 0) -> tuple[RankEvidence | None, RankEvidence | None]:
    r"""Return a lower and an upper bound of the rank of a named matrix over ``Q(u)``, mostly equal.

    - Lower (rule `rank-minor` with a residue for ``u``): the rank modulo a random prime with a random residue in the place of ``u``, which can only
      be smaller than the rank.
    - Upper (rule `rank-kernel` over ``Q`` or ``Z[u]``): nothing to do where the lower bound fills the matrix; else formal kernel
      vectors that are constant, from the right and the left; else kernel vectors with entries in ``Z[u]``, if exponents stay within
      100,000 and the elimination within a fixed amount of work.

    Primes and residues come from ``seed``; a few are tried while the bounds differ. A bound is None where nothing better than the
    trivial one is found: the lower one only if every specialisation tried had a vanishing denominator, or was 0, or if the pass takes more than half of the
    work of a step. Large exponents, as doubles for weights give them, cost the lower bound nothing, the upper one usually everything but constant vectors.

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
    if _pass_work(problem, weights) > MAX_STEP_WORK // 2:
        return None, None
    lower, shape = _specialised(problem, weights, name, seed)
    if lower is not None and lower.value == min(shape):
        return lower, kernel_evidence([], min(shape), "right" if shape[1] <= shape[0] else "left")
    if shape[0] * shape[1] > _FORMAL_ENTRIES or shape == (0, 0):
        return lower, None
    field = FormalField()
    evaluation = matrix_evaluation(problem, weights, name, field)
    formal = in_field(lambda: matrix_at(problem, evaluation, name))
    if formal is None:
        return lower, None
    entries = matrix_work(problem, evaluation, name)
    kernels = (constant_kernel(formal, side, entries) for side in ("right", "left"))
    upper = min((kernel for kernel in kernels if kernel is not None), key=lambda kernel: kernel.value, default=None)
    if lower is not None and (upper is None or upper.value > lower.value):
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
            if not _is_checkable(problem, weights, cleared, vectors):
                break
            payload = {"side": "right", "vectors": vectors, "entries": "Z[u]"}
            return guess, RankEvidence(formal.shape[1] - len(vectors), False, "rank-kernel", Rigor.EXACT, payload)
        again, _ = _specialised(problem, weights, name, seed + attempt)
        guess = again or guess
        lower = max(lower, guess, key=lambda bound: bound.value)
    return lower, None


def _is_checkable(problem: Problem, weights: Weights, cleared: ClearedMatrix, vectors: Vectors) -> bool:
    """Tell whether a certificate may hold the vectors, and a checker multiply them with the matrix.

    Exponents and coefficients are limited, and so is the work of the rational functions, in which the degrees of a sum of fractions add up, and the lengths of
    their coefficients.
    """
    polynomials = [entry for vector in vectors for entry in vector if entry]
    if max(entry[-1][0] for entry in polynomials) > MAX_EXPONENT or any(
        len(c) > MAX_NUMBER_TEXT for entry in polynomials for _, c in entry
    ):
        return False
    rows, a = cleared.matrix.shape[0], problem.architecture
    columns = [[d, *column] for d, column in zip(cleared.denominators, cleared.matrix.T, strict=True)]
    sizes = [(cleared.step * max(int(x.degree()) for x in column), max(int(x.height_bits()) for x in column)) for column in columns]
    largest = ratio_work(max(degree for degree, _ in sizes), 2 * max(bits for _, bits in sizes))
    work = largest * (_UNIT_FRACTIONS * problem.T * a.widths[1] * (1 + a.n_L) + 4 * cleared.matrix.size)
    for vector in vectors:
        total = length = 0
        for entry, (degree, bits) in zip(vector, sizes, strict=True):
            if entry:
                total += degree + entry[-1][0]
                length += bits + max(int(c).bit_length() for _, c in entry)
                work += rows * 2 * ratio_work(total, length)
        if total > MAX_DEGREE:
            return False
    return work + _pass_work(problem, weights) <= MAX_STEP_WORK * 9 // 10


def _pass_work(problem: Problem, weights: Weights) -> int:
    """Return the work of a pass over rational functions or residues without their own, after one over the rationals up to ``z_1``."""
    a, T = problem.architecture, problem.T
    evaluation = evaluate(a, problem.samples, weights, RationalField())
    (W, _), (V, _) = evaluation.layers
    n_0, n_1, n_L = a.widths
    D = math.lcm(*{int(z.q) for z in evaluation.z[1].flat})
    if D.bit_length() > MAX_BITS:
        return EXCESS
    first = products_work(T * (n_0 + 1) * n_1, n_0 + 1, W, evaluation.inputs)
    behind = products_work(T * (n_1 + 1) * n_L + n_L * T * (n_L + 1) * n_1, max(n_1, n_L) + 1, V)
    return 2 * first + behind + 2 * pass_work(a.widths, T, 0, 0)


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
