r"""The loss near a critical point, reduced to the kernel of its Hessian.

Split the parameters into the kernel ``K`` of ``H`` and the coordinates of its pivot columns. Along ``u(t)`` in ``K`` the pivot coordinates
``y(t) = Σ_k t^k y_k`` are chosen such that the gradient vanishes in them order by order, ``y_k = −H_yy⁻¹ G_k`` (Lyapunov and Schmidt); where
``H ⪰ 0`` this is the best there is, and ``J`` descends iff the reduced function of ``u`` does. All of it in doubles: a search, no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lossproof.numerics.curves.loss_series import LossExpansion, Terms
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import nearest_double

_NEGLIGIBLE = 1e-12
_LARGEST_DENOMINATOR = 10_000
_CLOSE = 1e-9
_ROUNDS = 8
_DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 256, 1024, 4096, 1 << 16, 1 << 20)


@dataclass(frozen=True, eq=False)
class ReducedLoss:
    """The loss along curves given by their kernel coordinates; build one with `reduce_loss`.

    Coordinates are arrays of shape ``(K + 1, B, d)``: the curve ``Σ_k t^k Σ_i coordinates[k, :, i] κ_i`` for the ``d`` basis vectors ``κ_i``.
    ``scale`` is a size of the loss's derivatives against which a coefficient counts as 0.
    """

    expansion: LossExpansion
    kernel: list[list[Fraction]]
    basis: Array
    pivots: list[int]
    inverse: Array
    scale: float

    @property
    def dimension(self) -> int:
        """The number ``d`` of kernel coordinates."""
        return len(self.kernel)

    def curves(self, coordinates: Array, order: int, last: int | None = None) -> Array:
        """Return the curves of shape ``(order + 1, B, N_net)`` with ``y_2, …, y_last`` (default ``order // 2``) put in."""
        curves = np.zeros((order + 1, coordinates.shape[1], self.basis.shape[1]))
        count = min(coordinates.shape[0], order + 1)
        curves[:count] = coordinates[:count] @ self.basis
        last = order // 2 if last is None else last
        for k in range(2, last + 1 if self.pivots else 2):
            _, gradient = self.expansion.loss_and_gradient(curves, k + 1)
            push = np.nan_to_num(gradient[k][:, self.pivots])
            push[np.abs(push) < self.tolerances(curves, k)[:, -1:]] = 0
            curves[k][:, self.pivots] -= push @ self.inverse
        return curves

    def leading(self, curves: Array, order: int) -> tuple[Array, Array]:
        """Return for every curve the first exponent up to ``order`` whose coefficient is not negligible (0 if none), and that coefficient."""
        loss = np.nan_to_num(self.expansion.loss(curves, order))
        counts = np.abs(loss) > self.tolerances(curves, order).T
        first = np.where(counts.any(axis=0), counts.argmax(axis=0), 0)
        return first, loss[first, np.arange(loss.shape[1])]

    def tolerances(self, curves: Array, order: int) -> Array:
        """Return what counts as 0 in coefficients ``0..order`` of each curve, of shape ``(B, order + 1)``."""
        exponents = np.arange(1, curves.shape[0])
        sizes = np.abs(curves[1:]).max(axis=2) ** (1.0 / exponents[:, None])
        size = np.maximum(1.0, sizes.max(axis=0, initial=0.0))
        return np.asarray(_NEGLIGIBLE * self.scale * size[:, None] ** np.arange(order + 1))

    def exact_terms(self, coordinates: Array, curves: Array, order: int) -> Terms | None:
        r"""Return curve 0 of a batch with rational entries, where its first coefficient that is not 0 is that of ``t^order``.

        The kernel coordinates are taken as they are. Each ``y_k`` with ``2k < order`` must be the exact solution and is recognised as a
        fraction, or None is returned; the one with ``2k = order`` is rounded to the shortest fractions that leave half of the descent.
        """
        terms: list[list[Fraction]] = []
        for k in range(1, order):
            values = [Fraction(float(x)) for x in coordinates[k, 0]] if k < coordinates.shape[0] else [Fraction(0)] * self.dimension
            vector = [
                sum((x * b for x, b in zip(values, column, strict=True) if x), Fraction(0)) for column in zip(*self.kernel, strict=True)
            ]
            if 2 * k < order:
                correction = _recognised(curves[k, 0] - np.array([nearest_double(entry) for entry in vector]), self.pivots)
            else:
                correction = [Fraction(0)] * len(self.pivots)
            if correction is None:
                return None
            for j, entry in zip(self.pivots, correction, strict=True):
                vector[j] += entry
            terms.append(vector)
        if order % 2 == 0 and order > 2:
            self._add_last(terms[order // 2 - 1], curves, order)
        return [(k, tuple(vector)) for k, vector in enumerate(terms, start=1) if any(vector)]

    def _add_last(self, vector: list[Fraction], curves: Array, order: int) -> None:
        k = order // 2
        best = self.expansion.loss(curves[:, :1], order)[order, 0]
        exact = curves[k, 0, self.pivots] - np.array([nearest_double(vector[j]) for j in self.pivots])
        trial = np.repeat(curves[:, :1], len(_DENOMINATORS), axis=1)
        rounded = [[Fraction(round(float(y) * D), D) for y in exact] for D in _DENOMINATORS]
        for b, entries in enumerate(rounded):
            trial[k, b, self.pivots] = [nearest_double(vector[j] + y) for j, y in zip(self.pivots, entries, strict=True)]
        enough = np.flatnonzero(self.expansion.loss(trial, order)[order] <= best / 2)
        for j, y in zip(self.pivots, rounded[int(enough[0]) if enough.size else -1], strict=True):
            vector[j] += y


def reduce_loss(expansion: LossExpansion, hessian: Array, kernel: list[list[Fraction]]) -> ReducedLoss:
    """Return the reduction for a Hessian in doubles and rational vectors that span (a part of) its kernel, in reduced form.

    The last entry of each vector that is not 0 stands at a column that is no pivot; the other columns are the pivots.
    """
    N_net = hessian.shape[0]
    free = {max(j for j, entry in enumerate(vector) if entry) for vector in kernel}
    pivots = [j for j in range(N_net) if j not in free]
    block = hessian[np.ix_(pivots, pivots)]
    factors = equilibration(block)
    inverse = np.linalg.pinv(block * factors[:, None] * factors, rcond=1e-12, hermitian=True) if pivots else block
    basis = np.array([[nearest_double(entry) for entry in vector] for vector in kernel]).reshape(len(kernel), N_net)
    scale = float(np.abs(hessian).max() + np.abs(expansion.error_jet).max())
    return ReducedLoss(expansion, kernel, basis, pivots, inverse * factors[:, None] * factors, scale)


def equilibration(matrix: Array) -> Array:
    """Return factors ``f`` such that the entries ``f_i M_ij f_j`` of a symmetric matrix have row maxima of about 1 (rows of 0 keep 1).

    >>> equilibration(np.array([[16.0, 0.0], [0.0, 0.0]])).tolist()
    [0.25, 1.0]
    """
    factors = np.ones(matrix.shape[0])
    for _ in range(_ROUNDS):
        largest = np.abs(matrix * factors[:, None] * factors).max(axis=1, initial=0.0)
        factors = factors / np.sqrt(np.where(largest > 0, largest, 1.0))
    return factors


def _recognised(values: Array, places: Sequence[int]) -> list[Fraction] | None:
    result = []
    for j in places:
        value = float(values[j])
        fraction = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
        if abs(float(fraction) - value) > _CLOSE * (1 + abs(value)):
            return None
        result.append(fraction)
    return result
