"""The one lemma about symmetries of the samples: inputs whose outputs determine each other at all weights.

Equal inputs have equal outputs. Without any bias, let σ be the hidden activation. If ``σ(0) = 0`` (or ``L = 1``), the input 0 has ``z_L = 0`` at all
weights. If σ is odd (or ``L = 1``) then ``z_l(−x) = −z_l(x)`` for all l, and if it is even, ``z_L(−x) = z_L(x)``. If ``σ(cz) = c^k σ(z)`` for all ``c > 0``
(``k = 1`` if ``L = 1``), then ``z_l(cx) = c^{k^{l-1}} z_l(x)``. In each case ``z_L(x') = ρ z_L(x)`` for all W, with a number ρ: x and x' are of one orbit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.functions import ONE, ZERO
from lossproof.certificates.kernel.arithmetic.rings import Rows, vanishes
from lossproof.certificates.kernel.arithmetic.series import Series
from lossproof.certificates.kernel.reading.parse import limit
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.limits import MAX_BITS

_PARITIES: dict[tuple[int, int, int] | None, int] = {(-1, 0, 0): -1, (1, 0, 0): 1}
"""The sign of ``σ(−z)`` to ``σ(z)``, for the reflections of odd and even functions."""


class Orbit(NamedTuple):
    """``z_L`` at a sample is ``sign · scale^power`` times one vector of its orbit, for all weights; with sign 0 it is 0 for all weights.

    ``first`` is the first sample of the orbit.
    """

    first: int
    sign: int
    scale: fmpq
    power: int

    def over(self, other: Orbit) -> fmpq:
        """Return ρ with ``z_L = ρ z_L'`` for another sample of the orbit; raises `Rejected` where it is too long."""
        ratio = self.scale / other.scale
        if ratio != 1:
            limit(self.power * max(ratio.p.bit_length(), ratio.q.bit_length()), MAX_BITS, "the length of a scale of the outputs in bits")
            ratio = ratio**self.power
        return ratio * (self.sign * other.sign or 1)


def value_at_zero(problem: Problem, layer: int) -> fmpq | None:
    """Return ``σ(0)`` for the activation of a layer, where it is a rational number on record."""
    value = FormalRing(Work()).apply(problem.activation_of(layer), Series([np.array([ZERO], dtype=object)])).coefficients[0][0]
    return value if isinstance(value, fmpq) else None


def at_rest(problem: Problem, layer: int) -> Rows:
    """Return the samples at which the z of a layer depend on no weight: with the input 0, without trainable biases, and where all φ below are 0 but the inputs.

    Their derivatives by the weights are 0, also where z is at a kink of σ: with one of its sides for all of σ, J is the same function of the weights.
    """
    below = [b == 0 for row in (problem.fixed_bias or ())[: layer - 1] for b in row]
    below += [vanishes(value_at_zero(problem, l)) for l in range(1, layer)] if problem.bias != "trainable" else [False]
    return frozenset(i for i, x in enumerate(problem.X) if not any(x)) if all(below) else frozenset()


def orbits(problem: Problem) -> list[Orbit]:
    """Return the orbit of every sample."""
    single, record = problem.L == 1, problem.activation
    free = problem.bias == "none" or (problem.fixed_bias is not None and all(b == 0 for layer in problem.fixed_bias for b in layer))
    parity = (-1 if single else _PARITIES.get(record.reflection)) if free else None
    degree = (1 if single else record.homogeneity) if free else None
    silent = free and (single or vanishes(value_at_zero(problem, 1)))
    power = 1 if degree is None else degree ** min(problem.L - 1, MAX_BITS.bit_length())  # from there on `Orbit.over` refuses any scale
    known: dict[tuple[fmpq, ...], int] = {}
    found = []
    for i, x in enumerate(problem.X):
        lead = next((q for q in x if q != 0), None)
        sign = -1 if parity is not None and lead is not None and lead < 0 else 1
        scale = ONE if degree is None or lead is None else abs(lead)
        first = known.setdefault(tuple(q / (sign * scale) for q in x), i)
        found.append(Orbit(first, 0 if silent and lead is None else (parity or 1) if sign < 0 else 1, scale, power))
    return found


def image(problem: Problem, factor: fmpq, y: fmpq) -> fmpq | None:
    """Return the output that belongs to ``factor·z`` where y belongs to z, as far as the output activation tells it; None where it does not."""
    record = problem.output_activation
    if factor == 1 or not problem.separable:
        return y if factor == 1 else None
    if factor == 0:
        return value_at_zero(problem, problem.L)
    sign = 1 if factor > 0 else _PARITIES.get(record.reflection)
    degree = 0 if abs(factor) == 1 else record.homogeneity
    return None if sign is None or degree is None else y * sign * abs(factor) ** degree
