"""The one lemma about symmetries of the samples: inputs whose outputs determine each other at all weights.

Equal inputs have equal outputs. Let there be no bias but 0 in any layer. If ``σ_l(0) = 0`` for all hidden layers, the input 0 has ``z_L = 0`` at all weights.
If all ``σ_l`` are odd then ``z_l(−x) = −z_l(x)`` for all l, and if one is even and those below it are odd, ``z_L(−x) = z_L(x)``, whatever lies above. If
``σ_l(cz) = c^{k_l} σ_l(z)`` for all ``c > 0`` and all hidden layers, then ``z_L(cx) = c^k z_L(x)``, k the product of the ``k_l`` (1 if ``L = 1``). In each
case ``z_L(x') = ρ z_L(x)`` for all W, with a number ρ: x and x' are of one orbit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import ONE, ZERO, vanishes
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.rings import Rows
from lossproof.certificates.kernel.arithmetic.series import Series
from lossproof.certificates.kernel.reading.parse import limit
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import Activation
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


def value_at_zero(record: Activation) -> fmpq | None:
    """Return ``σ(0)`` for an activation, where it is a rational number on record."""
    value = FormalRing(Work()).apply(record, Series([np.array([ZERO], dtype=object)])).coefficients[0][0]
    return value if isinstance(value, fmpq) else None


def at_rest(problem: Problem, layer: int) -> Rows:
    """Return the samples at which the z of a layer depend on no weight: with the input 0, no trainable biases up to it, and where all φ below it are 0.

    Their derivatives by the weights are 0, also where z is at a kink of σ: with one of its sides for all of σ, J is the same function of the weights.
    """
    constants = problem.constants[:layer]
    silent = (
        None not in constants
        and all(x == 0 for b in constants[:-1] for x in b or ())
        and all(vanishes(value_at_zero(s)) for s in problem.hidden[: layer - 1])
    )
    return frozenset(i for i, x in enumerate(problem.X) if not any(x)) if silent else frozenset()


def orbits(problem: Problem) -> list[Orbit]:
    """Return the orbit of every sample."""
    hidden = problem.hidden[: problem.L - 1]
    free = all(b is not None and all(x == 0 for x in b) for b in problem.constants)
    parity, degree = (-1, 1) if free else (None, None)
    for record in hidden:
        parity = _PARITIES.get(record.reflection) if parity == -1 else parity
        k = record.homogeneity
        degree = None if degree is None or k is None else min(degree * k, MAX_BITS)  # from there on `Orbit.over` refuses any scale
    silent = free and all(vanishes(value_at_zero(record)) for record in set(hidden))
    power = degree or 1
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
        return value_at_zero(record)
    sign = 1 if factor > 0 else _PARITIES.get(record.reflection)
    degree = 0 if abs(factor) == 1 else record.homogeneity
    return None if sign is None or degree is None else y * sign * abs(factor) ** degree
