r"""``P`` modulo a prime for sigmoid and tanh networks of any depth, with values of ``σ`` as free variables.

The rule `rank-minor` of the certificate says why a minor that is not 0 here bounds ``rank P(W)`` from below at almost
every ``W``: the exponentials of the first layer's weights, the other weights and the values of ``σ`` in the layers ``1 < l < L`` are
algebraically independent as functions of ``W``, and each may be replaced by any residue.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.prime import PrimeField
from lossproof.theory.functions.forms import Logistic
from lossproof.theory.problem.architecture import Architecture


@dataclass(frozen=True, eq=False)
class FreeValues:
    """Residues for the variables, as int64 arrays.

    - ``exponentials`` of shape ``(n_1, n_0 + [bias])``: ``e^{w/D}`` for the weights and biases of layer 1, none of them 0;
    - ``weights[l - 2]`` of shape ``(n_{l-1}, n_l)``, ``l = 2..L``, without biases, which do not occur in ``P``;
    - ``values[l - 2]`` of shape ``(T, n_l)``, ``1 < l < L``: ``σ(z_l(i))``; the first rows of one sequence, whatever ``T``.
    """

    prime: int
    exponentials: Array
    weights: tuple[Array, ...]
    values: tuple[Array, ...]

    def payload(self) -> dict[str, Any]:
        """Return the residues as the rule `rank-minor` takes them for a substitution; the prime stands beside it."""
        weights, values = [W.tolist() for W in self.weights], [v.tolist() for v in self.values]
        return {"exponentials": self.exponentials.tolist(), "weights": weights, "values": values}


def draw_values(architecture: Architecture, T: int, prime: int, seed: str) -> FreeValues:
    """Draw the residues from a seed; fewer samples give the first rows of the same values."""
    a = architecture
    generator = random.Random(seed)
    exponentials = _table(generator, a.widths[1], a.fan_in(1), 1, prime)
    weights = tuple(_table(generator, m, n, 0, prime) for m, n in pairwise(a.widths[1:]))
    values = tuple(_table(random.Random(f"{seed}-{l}"), T, a.widths[l], 0, prime) for l in range(2, a.L))
    return FreeValues(prime, exponentials, weights, values)


def _table(generator: random.Random, rows: int, columns: int, least: int, prime: int) -> Array:
    return np.array([generator.randrange(least, prime) for _ in range(rows * columns)], dtype=np.int64).reshape(rows, columns)


def free_jacobian(architecture: Architecture, numerators: Sequence[Sequence[int]], denominator: int, free: FreeValues) -> Array | None:
    r"""Return ``P`` of shape ``(N_net, T n_L)`` modulo the prime for inputs ``numerators/denominator``, or None if a denominator vanishes.

    Hidden sigmoid or tanh, ``L ≥ 2``, bias mode ``trainable`` or ``none``; columns up to factors ``σ_out'``, which must not be 0 where it exists.
    """
    a, p = architecture, free.prime
    field, form = PrimeField(p), _logistic_form(a)
    whole_rows = np.array(numerators, dtype=np.int64)
    T = len(whole_rows)
    first = _first_values(a, whole_rows, denominator, free)
    if first is None or denominator % p == 0:
        return None
    phi = [whole_rows * pow(denominator, -1, p) % p, first, *free.values]
    ones = np.ones((T, 1), dtype=np.int64)
    psi = np.broadcast_to(np.eye(a.n_L, dtype=np.int64), (T, a.n_L, a.n_L))
    blocks: list[Array] = []
    for l in range(a.L, 0, -1):
        if l < a.L:
            slope = (phi[l] - form.low) * (form.high - phi[l]) % p
            carried = field.matmul(free.weights[l - 1], psi.transpose(1, 0, 2).reshape(a.widths[l + 1], -1))
            psi = slope[:, :, None] * carried.reshape(a.widths[l], T, a.n_L).transpose(1, 0, 2) % p
        extended = np.hstack([phi[l - 1], ones]) if a.bias_rows_of(l) else phi[l - 1]
        block = psi.transpose(1, 0, 2)[:, None, :, :] * extended.T[None, :, :, None] % p
        blocks.insert(0, block.reshape(a.widths[l] * a.fan_in(l), T * a.n_L))
    return np.concatenate(blocks)


def _first_values(a: Architecture, numerators: Array, denominator: int, free: FreeValues) -> Array | None:
    """Return ``σ(z_1)`` from ``e^{kz} = Π_b u_b^{k D x_b}``, with ``D`` the least common denominator of the inputs."""
    p = free.prime
    form = _logistic_form(a)
    k = form.rate
    common = int(np.gcd.reduce(numerators.ravel(), initial=denominator))
    exponents = k * (numerators // common)
    if a.bias_rows_of(1):
        exponents = np.hstack([exponents, np.full((len(exponents), 1), k * (denominator // common), dtype=np.int64)])
    s = np.ones((len(numerators), a.widths[1]), dtype=np.int64)
    for b in range(a.fan_in(1)):
        s = s * _powers(free.exponentials[:, b], exponents[:, b], p) % p
    if np.any(s == p - 1):
        return None
    inverse = np.array([pow(int(entry) + 1, -1, p) for entry in s.ravel()], dtype=np.int64).reshape(s.shape)
    return (form.low + form.high * s) * inverse % p


def _logistic_form(a: Architecture) -> Logistic:
    if a.activation.logistic is None:
        raise ValueError(f"the hidden activation must be sigmoid or tanh, got {a.activation.name}: ask for another bound")
    return a.activation.logistic


def _powers(bases: Array, exponents: Array, p: int) -> Array:
    """Return ``base^exponent`` modulo ``p`` for all pairs, of shape ``(exponents, bases)``, by squaring; negative exponents take inverses."""
    inverses = np.array([pow(int(u), -1, p) for u in bases], dtype=np.int64)
    square = np.where(exponents[:, None] < 0, inverses[None, :], bases[None, :])
    left = np.abs(exponents)[:, None]
    result = np.ones_like(square)
    while np.any(left):
        result = np.where(left & 1, result * square % p, result)
        square = square * square % p
        left = left >> 1
    return result
