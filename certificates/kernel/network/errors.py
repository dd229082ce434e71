"""The gradients of the errors as power series, and the errors themselves over balls.

With ``r = φ − y``, a separable error is ``Σ_j e(r_j)``, and ``∂E/∂φ_j = e'(r_j)``; both stand in `functions`. Logistic: ``p − y = (1−y) p(φ) − y p(−φ)``, ``p =
1/(1+e^{-φ})``. Softmax, with ``p_j = e^{φ_j}/Σ_k e^{φ_k}`` and ``p_j' = p_j (φ_j' − Σ_k p_k φ_k')``: ``p_j − y_j = (1−y_j) p_j − y_j Σ_{k≠j} p_k``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.formal import FormalRing, terms_of
from lossproof.certificates.kernel.arithmetic.rings import Element, Ring
from lossproof.certificates.kernel.arithmetic.series import Array, Series, solve
from lossproof.certificates.kernel.reading.problem import Problem


def error_gradient(ring: Ring, problem: Problem, phi: Series) -> Any:
    """Return ``∇E(φ_L(i), y_i)`` for all samples, shape ``(…, T, n_L)``, from the outputs as series."""
    Y, n = ring.array(problem.Y), problem.n_L
    if problem.error.family == "softmax":
        ring.count(problem.T * n * n * (phi.order + 1) ** 2, problem.T * n * n, phi, inner=2)
        (p,) = solve([shares(ring, phi.coefficients[0])], phi, lambda z, speed, y: (y[0] * (speed - (y[0] * speed).total(-1)),))
        return p * (1 - Y) + (p @ (1 - unit_vectors(ring, range(n), n))) * -Y
    ring.count(problem.T * n * (phi.order + 1) ** 2, problem.T * n, phi, Y)
    if problem.error.family == "logistic":
        return ring.slope(problem.error, phi) * (1 - Y) - ring.slope(problem.error, -phi) * Y
    return ring.slope(problem.error, phi - Y)


def unit_vectors(ring: Ring, places: Sequence[int], size: int) -> Array:
    """Return the unit vectors of some coordinates, as rows, which are counted before they are made."""
    ring.count(len(places) * size, 0)
    found = np.full((len(places), size), ring.embed(fmpq(0)), dtype=object)
    found[np.arange(len(places)), list(places)] = ring.embed(fmpq(1))
    return found


def residuals(ring: Ring, problem: Problem, phi: Array) -> Array:
    """Return ``∇E(φ_L(i), y_i)`` for all samples, shape ``(T, n_L)``, at one point."""
    found: Array = error_gradient(ring, problem, Series([phi])).coefficients[0]
    return found


def shares(ring: Ring, phi: Array) -> Array:
    """Return ``p_j`` for each sample (row)."""
    if isinstance(ring, FormalRing):
        rows = [_formal_shares(ring, list(row)) for row in phi]
    else:
        rows = [[_share(list(row), j) for j in range(len(row))] for row in phi]
    return np.array(rows, dtype=object)


def _share(row: list[arb], j: int) -> arb:
    """Return ``p_j = 1/Σ_k e^{φ_k − φ_j}``, or where the ball of that sum contains 0, ``e^{φ_j − φ_m} p_m`` with the largest ``φ_m``.

    ``0 < p_j ≤ 1`` in any case.
    """
    share = 1 / _inverse_share(row, j)
    if not share.is_finite():
        m = _largest(row)
        share = (row[j] - row[m]).exp() / _inverse_share(row, m)
    return share if share.is_finite() else arb(0.5, 0.5)


def _inverse_share(row: list[arb], j: int) -> arb:
    return sum(((x - row[j]).exp() for k, x in enumerate(row) if k != j), arb(1))


def _log_inverse_share(row: list[arb], j: int) -> arb:
    """Return ``−log p_j``, from that of the largest ``φ_m`` where the ball of ``1/p_j`` contains 0."""
    found, m = _inverse_share(row, j).log(), _largest(row)
    return found if found.is_finite() else row[m] - row[j] + _inverse_share(row, m).log()


def _largest(row: list[arb]) -> int:
    return max(range(len(row)), key=lambda k: float(row[k].mid()))


def _formal_shares(ring: FormalRing, row: list[Element]) -> list[Element]:
    """Return rationals where all ``e^{φ_k − φ_j}`` are on record, and else symbols.

    ``p_j`` depends on the differences ``φ_k − φ_j`` only, whatever their order, so they name its symbol; one of the different symbols is
    expressed by the others, as ``Σ_j p_j = 1``.
    """
    powers = [ring.exponential(x - row[-1], fmpq(1)) for x in row]
    known = [e for e in powers if e is not None]
    if len(known) == len(row):
        return [e / sum(known, fmpq(0)) for e in known]
    names = [tuple(sorted(tuple(sorted(terms_of(x - y).items())) for x in row)) for y in row]
    last = max(names)

    def ball(j: int) -> arb:
        return _share([ring.ball(x) for x in row], j)

    others = {name: ring.symbol(("softmax", name), partial(ball, j)) for j, name in enumerate(names) if name != last}
    rest = (fmpq(1) - sum(others[name] for name in names if name != last)) * fmpq(1, names.count(last))
    return [others.get(name, rest) for name in names]


def losses(ring: Ring, problem: Problem, phi: Array) -> Element:
    """Return ``Σ_i E(φ_L(i), y_i)`` from the outputs, over balls, or for separable errors also in the formal ring.

    The cross-entropies are written without cancellation: ``log(1+e^φ) − yφ = (1−y) log(1+e^φ) + y log(1+e^{-φ})``, and
    ``log Σ_k e^{φ_k} − yᵀφ = Σ_j y_j log Σ_k e^{φ_k − φ_j}`` as ``Σ_j y_j = 1``.
    """
    Y, error, values = ring.array(problem.Y), problem.error, Series([phi])
    outputs = problem.T * problem.n_L
    ring.count(2 * outputs, outputs * (problem.n_L if error.family == "softmax" else 1), phi, phi, Y, Y, inner=outputs)
    if error.family == "softmax":
        return sum((_log_inverse_share(list(phi[i]), j) * y for (i, j), y in np.ndenumerate(Y) if y != 0), arb(0))
    if error.family == "logistic":
        signed = ring.apply(error, values) * (1 - Y) + ring.apply(error, -values) * Y
        return np.sum(signed.coefficients[0])
    return np.sum(ring.apply(error, values - Y).coefficients[0])
