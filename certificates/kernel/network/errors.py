"""The gradients of the errors as power series, from polynomial differential systems, and the errors themselves over balls.

With ``r = φ − y``: squared ``r``; smooth-l1 ``r g``, ``g = (r²+β)^{-1/2}``, ``g' = −r g³``; cauchy ``2 r q``, ``q = 1/(r²+β)``, ``q' = −2 r q²``;
blake-zisserman ``2 r w``, ``w = 1/(1+βe^{r²})``, ``w' = −2 r w(1−w)``. With ``p = 1/(1+e^{-φ})``, logistic: ``p − y = (1−y) p − y (1−p)``.
With ``p_j = e^{φ_j}/Σ_k e^{φ_k}``, ``p_j' = p_j (φ_j' − Σ_k p_k φ_k')``, softmax: ``p_j − y_j = (1−y_j) p_j − y_j Σ_{k≠j} p_k``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import logistic, softplus, square
from lossproof.certificates.kernel.arithmetic.rings import Element, FormalRing, Ring, terms_of
from lossproof.certificates.kernel.arithmetic.series import Series, solve
from lossproof.certificates.kernel.arithmetic.states import columns, even_symbol, inverse_root, logistic_states
from lossproof.certificates.kernel.network.passes import embed
from lossproof.certificates.kernel.reading.limits import MAX_WORK, Array, limit
from lossproof.certificates.kernel.reading.problem import Problem

MAX_SHARES = MAX_WORK // 10


def scale(problem: Problem) -> fmpq:
    """Return ``β`` of a robust error (0 for the others)."""
    beta = problem.error.beta or 0
    return fmpq(beta.numerator, beta.denominator)


def error_gradient(ring: Ring, problem: Problem, phi: Series) -> Series:
    """Return ``∇E(φ_L(i), y_i)`` for all samples, shape ``(…, T, n_L)``, from the outputs as series."""
    family, Y = problem.error.family, embed(ring, problem.Y)
    if family == "softmax":
        limit(problem.T * problem.n_L**2, MAX_SHARES, "the samples times the outputs squared of softmax")
        (p,) = solve([_shares(ring, phi.coefficients[0])], phi, _share_rates)
        return p * (1 - Y) - (p @ _others(ring, problem.n_L)) * Y
    if family == "logistic":
        p, q = solve(columns(lambda x: _logistic(ring, x), phi.coefficients[0], 2), phi, _logistic_rates)
        return p * (1 - Y) - q * Y
    r = phi - Y
    if family == "squared":
        return r
    start = columns(lambda x: (_weight(ring, problem, x),), r.coefficients[0], 1)
    if family == "smooth-l1":
        (g,) = solve(start, r, lambda r, speed, y: (-(r * y[0] * y[0] * y[0] * speed),))
        return r * g
    if family == "cauchy":
        (q,) = solve(start, r, lambda r, speed, y: (r * y[0] * y[0] * speed * (-2),))
        return r * q * 2
    (w,) = solve(start, r, lambda r, speed, y: (r * y[0] * (y[0] - 1) * speed * 2,))
    return r * w * 2


def _logistic_rates(phi: Any, speed: Any, y: tuple[Any, ...]) -> tuple[Any, ...]:
    rate = y[0] * y[1] * speed
    return rate, -rate


def _share_rates(phi: Any, speed: Any, y: tuple[Any, ...]) -> tuple[Any, ...]:
    return (y[0] * (speed - (y[0] * speed).total(-1)),)


def _others(ring: Ring, n: int) -> Array:
    """Return the matrix that maps p to ``Σ_{k≠j} p_k``."""
    return embed(ring, [[fmpq(int(j != k)) for k in range(n)] for j in range(n)])


def _logistic(ring: Ring, x: Element) -> tuple[Element, ...]:
    return logistic_states(ring, x) if isinstance(ring, FormalRing) else (logistic(x), logistic(-x))


def _weight(ring: Ring, problem: Problem, r: Element) -> Element:
    """Return g, q or w at one residual."""
    family, beta = problem.error.family, scale(problem)
    if not isinstance(ring, FormalRing):
        s = square(r)
        if family == "blake-zisserman":
            e = (-s).exp()
            w = e / (e + beta)
            return w if w.is_finite() else arb(0.5, 0.5)
        return 1 / (s + beta) if family == "cauchy" else 1 / (s + beta).sqrt()
    known: fmpq | None = None
    if family == "smooth-l1":
        known = inverse_root(r * r + beta)
    elif isinstance(r, fmpq):
        known = 1 / (r * r + beta) if family == "cauchy" else 1 / (1 + beta) if r == 0 else None
    return even_symbol(ring, problem.error.name, r) if known is None else known


def _shares(ring: Ring, phi: Array) -> Array:
    """Return ``p_j`` for each sample (row)."""
    rows = np.empty(phi.shape, dtype=object)
    for place in np.ndindex(phi.shape[:-1]):
        row = list(phi[place])
        found = _formal_shares(ring, row) if isinstance(ring, FormalRing) else [_share(row, j) for j in range(len(row))]
        for j, p in enumerate(found):
            rows[(*place, j)] = p
    return rows


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
    powers = [_known_exponential(ring, x - row[-1]) for x in row]
    known = [e for e in powers if e is not None]
    if len(known) == len(row):
        return [e / sum(known, fmpq(0)) for e in known]
    names = [tuple(sorted(tuple(sorted(terms_of(x - y).items())) for x in row)) for y in row]
    last = max(names)
    symbols = {name: ring.symbol(("softmax", name)) for name in sorted(set(names)) if name != last}
    rest = fmpq(1) - sum((symbols[name] for name in names if name != last), fmpq(0))
    return [symbols[name] if name != last else rest * fmpq(1, names.count(last)) for name in names]


def _known_exponential(ring: FormalRing, x: Element) -> fmpq | None:
    """Return ``e^x`` where it is rational and on record."""
    if isinstance(x, fmpq):
        return fmpq(1) if x == 0 else None
    return ring.exponential(x, 1)


def error_ball(problem: Problem, phi: Array, y: tuple[fmpq, ...]) -> arb:
    """Return an enclosure of ``E(φ, y)`` for one sample.

    The cross-entropies are written without cancellation: ``log(1+e^φ) − yφ = (1−y) log(1+e^φ) + y log(1+e^{-φ})``, and
    ``log Σ_k e^{φ_k} − yᵀφ = Σ_j y_j log Σ_k e^{φ_k − φ_j}`` as ``Σ_j y_j = 1``.
    """
    family, beta, total = problem.error.family, scale(problem), arb(0)
    limit(problem.T * problem.n_L**2 if family == "softmax" else 0, MAX_SHARES, "the samples times the outputs squared of softmax")
    for j, (x, target) in enumerate(zip(phi, y, strict=True)):
        s = square(x - target)
        if family == "squared":
            total += s / 2
        elif family == "smooth-l1":
            total += (s + beta).sqrt()
        elif family == "cauchy":
            total += (s / beta).log1p()
        elif family == "blake-zisserman":
            total -= ((-s).exp() + beta).log()
        elif family == "logistic":
            total += (1 - target) * softplus(x) + target * softplus(-x)
        elif target != 0:
            total += target * _log_inverse_share(list(phi), j)
    return total
