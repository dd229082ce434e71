r"""Points at which hidden units may be on kinks of a piecewise linear activation: the multipliers that prove a local minimum.

For one hidden layer let ``ε_i`` be the sum of ``∇E`` over the samples with the input ``x_i``, and ``β_i = v_k·ε_i`` for a unit k. Moved by ``w_k + tη``, its
``z_k(i)`` changes by ``t τ_i`` with ``τ_i = η·x̃_i``, and T J, for small ``t > 0``, by ``t D_k(η)`` to first order, with

    ``D_k(η) = Σ_i β_i s_i(τ_i) τ_i``, where ``s_i`` is the slope there, at a kink that on the side of the sign of ``τ_i``.

``D_k`` is convex where all ``β_i (s⁺ − s⁻) ≥ 0``. Then it is nowhere negative if and only if ``Σ_i β_i λ_i x̃_i = 0`` for some numbers ``λ_i``, the slope or
between s⁻ and s⁺ at kinks (duality). The rule `kinks` asks for a little more, the same equation with ``ε_iᵀ`` in the place of ``β_i``, and proves a local
minimum. With weight decay it asks for the equation as it is, with ``TΛw_k`` added, and for ``[[TΛ, G], [Gᵀ, Tκ]]`` without negative eigenvalues, where
``G = Σ_i λ_i x̃_i ε_iᵀ``, Λ are the rates of ``w̃_k``, and κ is that of v.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import cast

import numpy as np
from flint import fmpq

from lossproof.numerics.algebra.inertia import exact_inertia
from lossproof.numerics.critical.bounded_combination import combination_between
from lossproof.numerics.curves.fields import FormalSeries
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import output_residuals
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.activation import Activation
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_MOST_ENTRIES = 20_000


def sides_of(activation: Activation, z: Fraction) -> tuple[Fraction, ...]:
    """Return the slope of a piecewise linear activation at z, or at a kink those on its left and on its right.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> [list(map(str, sides_of(activation_named("hard-tanh"), Fraction(z)))) for z in (-2, -1, 0)]
    [['0'], ['0', '1'], ['1']]
    """
    return tuple(piece.slope for piece in activation.affine_pieces if piece.reaches(z))


@dataclass(frozen=True)
class _Unit:
    """One hidden unit: ``x`` the different inputs ``x̃_i``, ``h`` and ``sides`` of σ there, ``v`` its output weights, ``eps`` the ``ε_i``; all exact.

    With weight decay ``w`` are its incoming weights, and ``rates`` those of w times T, and that of v; both are empty without.
    """

    x: Sequence[Sequence[fmpq]]
    h: Sequence[fmpq]
    sides: Sequence[Sequence[fmpq]]
    v: Sequence[fmpq]
    eps: Sequence[Sequence[fmpq]]
    w: Sequence[fmpq]
    rates: Sequence[fmpq]

    @property
    def kinks(self) -> list[int]:
        """The inputs at which it is on a kink and may leave it, and the error pulls at it."""
        return [i for i, sides in enumerate(self.sides) if len(sides) > 1 and any(self.x[i]) and any(self.eps[i])]

    def multipliers(self) -> list[fmpq] | None:
        """Return the λ of its kinks, if there are any that the rule `kinks` accepts."""
        kinks, n = self.kinks, len(self.v)
        for i in kinks:
            left, right = self.sides[i]
            if not (right - left) * _dot(self.v, self.eps[i]) > 0:
                return None
        if self.rates:
            return self._with_decay()
        if any(_dot(self.h, column) for column in zip(*self.eps, strict=True)):
            return None
        columns = [[a * e for a in self.x[i] for e in self.eps[i]] for i in kinks]
        rest = [fmpq(0)] * (len(self.x[0]) * n)
        for i, sides in enumerate(self.sides):
            if i not in kinks:
                rest = [r + sides[0] * a * e for r, (a, e) in zip(rest, product(self.x[i], self.eps[i]), strict=True)]
        return combination_between(columns, rest, self._bounds)

    @property
    def _bounds(self) -> list[tuple[fmpq, fmpq]]:
        return [(min(self.sides[i]), max(self.sides[i])) for i in self.kinks]

    def _with_decay(self) -> list[fmpq] | None:
        """Return λ for which the slopes by w and v vanish, and the unit adds a convex polynomial."""
        kinks, (*rates, rate) = self.kinks, self.rates
        if any(_dot(self.h, column) + rate * v for v, column in zip(self.v, zip(*self.eps, strict=True), strict=True)):
            return None
        pulls = [_dot(self.v, eps) for eps in self.eps]
        rest = [q * w for q, w in zip(rates, self.w, strict=True)]
        for i, sides in enumerate(self.sides):
            if i not in kinks:
                rest = [r + sides[0] * pulls[i] * a for r, a in zip(rest, self.x[i], strict=True)]
        found = combination_between([[pulls[i] * a for a in self.x[i]] for i in kinks], rest, self._bounds)
        if found is None:
            return None
        slopes = {**{i: sides[0] for i, sides in enumerate(self.sides)}, **dict(zip(kinks, found, strict=True))}
        G = [
            [
                sum((slopes[i] * x[r] * eps[j] for i, (x, eps) in enumerate(zip(self.x, self.eps, strict=True))), fmpq(0))
                for j in range(len(self.v))
            ]
            for r in range(len(self.w))
        ]
        return found if _is_convex(rates, np.array(G, dtype=object), rate) else None


def _is_convex(rates: Sequence[fmpq], G: Array, rate: fmpq) -> bool:
    """Tell whether ``[[Λ, G], [Gᵀ, κ]]`` has no negative eigenvalue; False where its numbers grow too long."""
    m, n = G.shape
    M = np.full((m + n, m + n), fmpq(0), dtype=object)
    np.fill_diagonal(M, [*rates, *[rate] * n])
    M[:m, m:], M[m:, :m] = G, G.T
    try:
        return exact_inertia(M).negative == 0
    except NotInField:
        return False


def kink_multipliers(problem: Problem, weights: Weights) -> list[list[Fraction]] | None:
    """Return the evidence of the rule `kinks` that rational weights are a local minimum, unit by unit, or None.

    It has an entry for each different input, in the order in which they first occur, at which the unit is on a kink that matters. None for other than one
    hidden layer, for errors whose gradient is not rational there, and for larger problems.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> samples = Samples.of([[-1], [0], [1], [2]], [[1], [-2], [5], [5]])
    >>> problem = Problem(Architecture.of("1-1-1", "relu"), error_named("squared"), samples)
    >>> kink_multipliers(problem, Weights.of(problem.architecture, [([[1]], [0]), ([[3]], [0])]))
    [[Fraction(1, 2)]]
    """
    a = problem.architecture
    if not may_have_kinks(problem) or a.L != 2 or not problem.error.convex.holds:
        return None
    units = _units(problem, weights)
    if units is None:
        return None
    held = Fraction(0) if problem.decay is None else problem.T * problem.decay.layers[1][1]
    pulls = [to_flint(held * cast(Fraction, b)) if held else fmpq(0) for b in weights.layers[1].b]
    if a.bias_rows_of(2) and any(sum(column, pull) for pull, column in zip(pulls, zip(*units[0].eps, strict=True), strict=True)):
        return None
    found = [unit.multipliers() for unit in units]
    return None if None in found else [[from_flint(q) for q in row] for row in found if row is not None]


def may_have_kinks(problem: Problem) -> bool:
    """Tell whether the rule `kinks` is about a problem: piecewise linear hidden units and identity output; not for larger problems."""
    a = problem.architecture
    meant = a.L > 1 and all(s.is_piecewise_linear for s in a.hidden) and a.output_activation.is_identity
    return meant and problem.T * a.N_net <= _MOST_ENTRIES


def _units(problem: Problem, weights: Weights) -> list[_Unit] | None:
    """Return the hidden units of one layer over the rationals; None where something is not rational."""
    try:
        passed = evaluate(problem.architecture, problem.samples, weights, FormalSeries())
        z, h, residuals, V = passed.z[1], passed.phi[1], output_residuals(problem, passed), passed.layers[1][0]
        tables = [z, residuals, V, *(part for layer in passed.layers for part in layer if problem.decay is not None)]
    except (NotInField, NotDifferentiable):
        return None
    if not all(isinstance(q, fmpq) for table in tables for q in table.ravel()):
        return None
    groups: dict[tuple[Fraction, ...], list[int]] = {}
    for i, row in enumerate(problem.samples.X):
        groups.setdefault(row, []).append(i)
    first, ones = [group[0] for group in groups.values()], [fmpq(1)] * problem.architecture.bias_rows_of(1)
    x = [[*passed.inputs[i], *ones] for i in first]
    eps = [list(residuals[group].sum(axis=0)) for group in groups.values()]
    activation, (W, b), decay = problem.architecture.activation, passed.layers[0], problem.decay
    rates = [] if decay is None else [decay.layers[0][0]] * len(W) + [decay.layers[0][1]] * len(ones) + [decay.layers[1][0]]
    return [
        _Unit(
            x, list(h[first, k]), [[to_flint(s) for s in sides_of(activation, from_flint(z[i, k]))] for i in first], list(V[k]), eps,
            [*W[:, k], *[b.flat[k]] * len(ones)], [to_flint(problem.T * rate) for rate in rates],
        )
        for k in range(len(V))
    ]  # fmt: skip


def _dot(u: Sequence[fmpq], v: Sequence[fmpq]) -> fmpq:
    return sum((p * q for p, q in zip(u, v, strict=True)), fmpq(0))
