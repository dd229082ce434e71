r"""All complex zeros of a square system of polynomials, in doubles, by a homotopy from ``z_i^{d_i} = 1``: as many as Bézout's theorem allows.

Along ``(1 − t) γ (z^d − 1) + t g(z) = 0`` with a random γ all zeros of the first move to those of the second, which may lie at infinity. Each path is followed
by a predictor and Newton's iteration, with a step of its own. Nothing is proved here: who checks a list of zeros sees that each is one, and counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossproof.numerics.algebra.products import Floats

Complex = NDArray[np.complex128]
_TRIES, _STEPS, _FIRST, _LEAST, _NEAR, _SAME = 3, 4000, 0.02, 1e-9, 1e-6, 1e-7


class System:
    """Polynomials in n variables, from the exponents of each and the coefficients: values and Jacobians at many points at once."""

    def __init__(self, polynomials: Sequence[dict[tuple[int, ...], float]]) -> None:
        self.powers = sorted({powers for p in polynomials for powers in p})
        self.coefficients = np.array([[p.get(powers, 0.0) for powers in self.powers] for p in polynomials])
        self.degrees = [max(sum(powers) for powers in p) for p in polynomials]
        self._exponents = np.array(self.powers)

    def at(self, z: Complex) -> tuple[Complex, Complex]:
        """Return the values, a row a point, and the Jacobians.

        >>> value, slope = System([{(2,): 1.0, (0,): -4.0}]).at(np.array([[3.0 + 0j]]))
        >>> float(value[0, 0].real), float(slope[0, 0, 0].real)
        (5.0, 6.0)
        """
        table = np.stack([z**k for k in range(int(self._exponents.max()) + 1)])
        each = np.stack([table[self._exponents[:, j], :, j] for j in range(z.shape[1])])
        value, rows = each.prod(axis=0), []
        for j, powers in enumerate(self._exponents.T):
            lower = powers[:, None] * table[np.maximum(powers - 1, 0), :, j]
            rows.append(np.delete(each, j, axis=0).prod(axis=0) * lower)
        return (self.coefficients @ value).T, np.moveaxis(self.coefficients @ np.array(rows), (0, 1, 2), (2, 1, 0))


def complex_zeros(polynomials: Sequence[dict[tuple[int, ...], float]], seed: int = 0) -> Complex | None:
    """Return as many zeros as the product of the degrees, a row each; None where these are not found, as where some lie at infinity or are multiple.

    >>> sorted(np.round(complex_zeros([{(2, 0): 1.0, (0, 0): -4.0}, {(0, 1): 1.0, (1, 0): 1.0}]).real.ravel()).tolist())
    [-2.0, -2.0, 2.0, 2.0]
    """
    size, rng = max(map(_size, polynomials)), np.random.default_rng(seed)
    system = System([_scaled(p, size) for p in polynomials])
    with np.errstate(all="ignore"):
        for _ in range(_TRIES):
            found = _followed(system, np.exp(2j * np.pi * rng.random()))
            if found is not None:
                return found * size
    return None


def _size(p: dict[tuple[int, ...], float]) -> float:
    """Return how large zeros may be, as Cauchy's bound has it, from the largest coefficients of terms of each degree."""
    most = dict[int, float]()
    for powers, c in p.items():
        most[sum(powers)] = max(most.get(sum(powers), 0.0), abs(c))
    top = max(most)
    return max((float((c / most[top]) ** (1 / (top - d))) for d, c in most.items() if d < top and c), default=1.0)


def _scaled(p: dict[tuple[int, ...], float], size: float) -> dict[tuple[int, ...], float]:
    """Return a polynomial of ``z/size``, with coefficients up to 1."""
    terms = {powers: c * size ** (sum(powers) - max(map(sum, p))) for powers, c in p.items()}
    return {powers: c / max(map(abs, terms.values())) for powers, c in terms.items()}


def _followed(system: System, gamma: complex) -> Complex | None:
    """Return the ends of all paths, if these are as many zeros."""
    degrees = np.array(system.degrees)
    z = np.array([*product(*(np.exp(2j * np.pi * np.arange(d) / d) for d in degrees))])
    t, step = np.zeros(len(z)), np.full(len(z), _FIRST)
    for _ in range(_STEPS):
        open_ = np.flatnonzero(t < 1)
        if not len(open_):
            break
        ahead = np.minimum(t[open_] + step[open_], 1.0)
        start = z[open_]
        guess = start + _way(system, degrees, gamma, start, t[open_])[..., 0] * (ahead - t[open_])[:, None]
        moved = np.full(len(open_), np.inf)
        for _ in range(3):
            value, slope = _between(system, degrees, gamma, guess, ahead)
            change = _solve(slope, value)
            guess, moved = guess - change, np.abs(change).max(axis=1)
        right = (moved <= _NEAR * (1 + np.abs(guess).max(axis=1))) & (
            np.abs(guess - start).max(axis=1) <= 0.3 * (1 + np.abs(start).max(axis=1))
        )
        z[open_[right]], t[open_[right]] = guess[right], ahead[right]
        step[open_] = np.where(right, np.minimum(step[open_] * 1.5, 0.1), step[open_] / 2)
        if (step[open_] < _LEAST).any():
            return None
    return _ends(system, z) if np.all(t == 1) else None


def _between(system: System, degrees: Any, gamma: complex, z: Complex, t: Floats) -> tuple[Complex, Complex]:
    value, slope = system.at(z)
    first, rate = z**degrees - 1, degrees * z ** (degrees - 1)
    blend, eye = (1 - t)[:, None] * gamma, np.eye(len(degrees))
    return blend * first + t[:, None] * value, (blend * rate)[:, :, None] * eye + t[:, None, None] * slope


def _way(system: System, degrees: Any, gamma: complex, z: Complex, t: Floats) -> Complex:
    """Return ``dz/dt`` along the paths."""
    rate = system.at(z)[0] - gamma * (z**degrees - 1)
    return -_solve(_between(system, degrees, gamma, z, t)[1], rate)[..., None]


def _solve(matrices: Complex, values: Complex) -> Complex:
    """Return solutions of linear systems, not numbers where a matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(matrices, values[..., None])[..., 0])
    except np.linalg.LinAlgError:
        return np.full_like(values, np.nan)


def _ends(system: System, z: Complex) -> Complex | None:
    """Return zeros polished by Newton's iteration, if no two are the same."""
    for _ in range(5):
        z = z - _solve(system.at(z)[1], system.at(z)[0])
    if not np.isfinite(z).all():
        return None
    gaps = np.abs(z[:, None] - z[None]).max(axis=2)
    np.fill_diagonal(gaps, np.inf)
    return z if bool((gaps > _SAME).all()) else None
