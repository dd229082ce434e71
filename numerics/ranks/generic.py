r"""Lower bounds of ``rank P(W)`` for almost every ``W``, for many numbers of samples at once, from one elimination modulo a prime.

The samples are the first rows of one sequence, so the columns of ``P`` for ``T`` samples are its first ``T n_L`` columns: the pivots
among them count their rank.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.ranks.general_position import DENOMINATOR, sweep_numerators
from lossproof.numerics.ranks.independent_values import FreeValues, draw_values, free_jacobian
from lossproof.numerics.ranks.modular import pivot_columns, random_prime, residue_matrix
from lossproof.theory.limits import MAX_BITS, MAX_STEP_WORK, jacobian_work, minor_limit, rational_work
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.weights import Layer, Weights

ATTEMPTS = 3
_LARGEST_WEIGHT = 2**15
_NUMBER_BITS = 28
"""Bits of the numerator and the denominator of a weight or an input."""


@dataclass(frozen=True, eq=False)
class GenericPoint:
    """``P`` modulo a prime at one point, or at free values, for the samples of a sweep.

    - ``matrix`` of shape ``(N_net, T n_L)``, residues;
    - ``weights``: the rational point (polynomial networks), or None; ``free``: the free values (sigmoid and tanh), or None.
    """

    prime: int
    matrix: Array
    weights: Weights | None
    free: FreeValues | None

    @cached_property
    def pivots(self) -> list[int]:
        """The leftmost independent columns."""
        return pivot_columns(residue_matrix(self.matrix, self.prime))

    def rank(self, columns: int) -> int:
        """Return the rank modulo the prime of the first ``columns`` columns, up to the largest minor that a certificate may ask for."""
        return min(bisect_left(self.pivots, columns), minor_limit())


def has_generic_point(architecture: Architecture) -> bool:
    """Tell whether `generic_point` applies: one layer, or hidden identity, powers, sigmoid or tanh, the same in all; no fixed bias, and ``σ_out' ≠ 0``."""
    a = architecture
    if not a.is_uniform or a.bias == "fixed" or not a.output_activation.has_nonzero_slopes:
        return False
    return a.L == 1 or a.activation.degree is not None or a.activation.logistic is not None


def generic_prime(seed: int, attempt: int) -> int:
    """Return the prime of an attempt."""
    return random_prime(1009 * seed + attempt)


def generic_point(architecture: Architecture, T: int, seed: int, attempt: int = 0) -> GenericPoint | None:
    """Return ``P`` at a seeded point for the first ``T`` samples of the seed, or None if a denominator vanishes modulo the prime.

    None also where powers of powers become so long that a checker would count too much work for the entries. Everything drawn depends on ``seed`` and
    ``attempt`` only, and for fewer samples it is a part of this.
    """
    a = architecture
    if not _is_affordable(a, T):
        return None
    prime = generic_prime(seed, attempt)
    numerators = sweep_numerators(a.widths[0], T, seed)
    key = f"sweep-point-{seed}-{attempt}-{a}"
    if a.L >= 2 and a.activation.logistic is not None:
        free = draw_values(a, T, prime, key)
        matrix = free_jacobian(a, numerators, DENOMINATOR, free)
        return None if matrix is None else GenericPoint(prime, matrix, None, free)
    weights = _rational_weights(a, random.Random(key))
    field = PrimeField(prime, exact=False)
    inputs = np.array(numerators, dtype=np.int64) * pow(DENOMINATOR, -1, prime) % prime
    matrix = jacobian(evaluate(a, inputs, weights, field, strip_output=True))
    return GenericPoint(prime, matrix, weights, None)


def _is_affordable(a: Architecture, T: int) -> bool:
    """Tell whether a checker computes all entries of ``P`` at a rational point within half of a step: each is a polynomial, whose values have so many bits."""
    degree = a.activation.degree if a.L >= 2 else 1
    if degree is None:
        return True
    lengths = [_NUMBER_BITS]
    for n in a.widths[:-1]:
        lengths.append(max(degree, 1) * (lengths[-1] + _NUMBER_BITS + n.bit_length()))
    carried = sum(lengths) + a.L * _NUMBER_BITS
    return carried <= MAX_BITS and jacobian_work(a.widths, T, 0) * rational_work(2 * carried) <= MAX_STEP_WORK // 2


def _rational_weights(a: Architecture, generator: random.Random) -> Weights:
    def draw(count: int) -> tuple[Fraction, ...]:
        return tuple(Fraction(generator.randint(-_LARGEST_WEIGHT, _LARGEST_WEIGHT), DENOMINATOR) for _ in range(count))

    layers = []
    for l in range(1, a.L + 1):
        W = tuple(draw(a.widths[l]) for _ in range(a.widths[l - 1]))
        layers.append(Layer(W, draw(a.widths[l]) if a.bias_rows_of(l) else (Fraction(0),) * a.widths[l]))
    return Weights(tuple(layers))


def generic_ranks(architecture: Architecture, samples: Sequence[int], seed: int, bounds: Sequence[int]) -> list[tuple[int, int]]:
    """Return ``(rank, attempt)`` for each number of samples: ``rank P(W) ≥ rank`` at almost every ``W``, shown by that attempt.

    ``bounds`` are upper bounds of the ranks: up to three points are tried as long as one is not reached. ``(0, 0)`` says nothing.
    """
    best = [(0, 0)] * len(samples)
    affordable = [T for T in samples if _is_affordable(architecture, T)]
    for attempt in range(ATTEMPTS if affordable else 0):
        point = generic_point(architecture, max(affordable), seed, attempt)
        if point is not None:
            found = [point.rank(T * architecture.n_L) if T in affordable else 0 for T in samples]
            best = [(rank, attempt) if rank > known[0] else known for rank, known in zip(found, best, strict=True)]
        if all(known[0] >= bound for known, bound in zip(best, bounds, strict=True)):
            break
    return best
