r"""Descent of the loss of one hidden layer of relu or leaky-relu units onto kinks, in doubles, with any error and any weight decay.

Steps are Newton's, made to descend along each eigenvector of the Hessian, in the weights that keep some units on their kinks at some inputs (*pinned*). One is
taken where J falls, whatever kinks it crosses; where it does not, the first kink on the way is pinned. At the end the multipliers, the slopes at the pins with
which the gradient vanishes, tell which pin to release, and to which side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossproof.numerics.critical.lines import Lines
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field, nearest_double
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.theory.problem.problem import Problem

_ROUNDS, _MOST_WORK = 400, 2 * 10**7
_SHARES = 0.5 ** np.arange(8)
_SETTLED, _SLIGHT, _FLAT = 1e-9, 1e-9, 1e-9
_FAR, _ENOUGH, _ON_KINK = 1e6, 0.2, 1e-9


@dataclass(frozen=True, eq=False)
class Pinned:
    """Where a descent ended: the weights in the order of the rows of P, the loss, and units and samples that are pinned, with the slopes there."""

    point: Array
    loss: float
    pins: dict[tuple[int, int], float]


def pins_units(problem: Problem) -> bool:
    """Tell whether `descend_with_pins` is about a problem: one hidden layer of lines on both sides of 0, and identity output; not too large."""
    a = problem.architecture
    right = a.L == 2 and not a.frozen and a.activation.homogeneity == 1 and bool(a.activation.kinks(1)) and a.biases[0] != "fixed"
    return right and a.output_activation.is_identity and problem.T * a.n_L * a.N_net**2 <= _MOST_WORK and beyond_doubles(problem) is None


@np.errstate(all="ignore")
def descend_with_pins(problem: Problem, start: Array, rounds: int = _ROUNDS) -> Pinned | None:
    """Return where J leads down from a point, as a point from which it seems to lead no further; None if that is not found in so many rounds."""
    if not pins_units(problem) or not np.all(np.isfinite(start)):
        return None
    descent = _Descent(problem, start)
    for _ in range(rounds):
        found = descent.round()
        if found is not None or not np.max(np.abs(descent.point)) <= _FAR:
            return found
    return None


@np.errstate(all="ignore")
def slopes_at_pins(problem: Problem, point: Array) -> dict[tuple[int, int], float]:
    """Return the units and samples that are on a kink up to rounding, with slopes there that balance the gradient best; none where a unit is 0 everywhere."""
    descent = _Descent(problem, point)
    return _ratios(descent.multipliers(descent.lines())) if descent.pin_near_kinks() else {}


@np.errstate(all="ignore")
def curvatures_along_kinks(problem: Problem, point: Array) -> Array | None:
    """Return the eigenvalues of the Hessian, with slopes at kinks that balance the gradient, in the weights that keep units there, in ascending order.

    None where a unit is 0 everywhere, or a slope is not between those on both sides.
    """
    descent = _Descent(problem, point)
    if not descent.pin_near_kinks():
        return None
    found, slopes = _ratios(descent.multipliers(descent.lines())), np.where(descent.right, descent.high, descent.low)
    if len(found) < len(descent.pins) or not all(
        min(descent.low, descent.high) < q < max(descent.low, descent.high) for q in found.values()
    ):
        return None
    for (k, i), slope in found.items():
        slopes[descent.first == i, k] = slope
    Z = descent.free_directions()
    return np.asarray(np.linalg.eigvalsh(Z.T @ Lines(problem, Float64Field(), point, slopes).jacobian() @ Z))


class _Descent:
    """The state of a descent: ``right`` tells which z are on the right of the kink, ``pins`` which units are held on it, at the first of equal inputs."""

    def __init__(self, problem: Problem, start: Array) -> None:
        a = problem.architecture
        self.problem, self.landscape, self.point = problem, FloatLandscape(problem), start.copy()
        self.low, self.high = (nearest_double(piece.slope) for piece in a.activation.affine_pieces)
        self.first = np.array(problem.samples.firsts())
        self.m, self.n = a.fan_in(1), a.widths[1]
        self.inputs = np.hstack([self.landscape.inputs, np.ones((problem.T, a.bias_rows_of(1)))])
        self.moved = np.any(self.inputs != 0, axis=1)
        self.right = self.z(self.point) > 0
        self.pins: dict[tuple[int, int], None] = {}
        self.loss = float(self.landscape.loss(self.point[None])[0])

    def z(self, point: Array) -> Array:
        """Return the z of the hidden units, of shape ``(T, n_1)``."""
        return np.asarray(self.inputs @ point[: self.m * self.n].reshape(self.n, self.m).T)

    def pin_near_kinks(self) -> bool:
        """Pin the units where they are on a kink up to rounding; tell whether none is 0 everywhere."""
        z = np.abs(self.z(self.point))
        largest = np.max(z, axis=0, initial=0.0)
        near = (z <= _ON_KINK * largest) & self.moved[:, None]
        self.pins = {(int(k), int(i)): None for i, k in zip(*np.nonzero(near), strict=True) if self.first[i] == i}
        return bool(np.all(largest > 0))

    def pinned(self) -> Array:
        """Return which units are pinned at which samples, of shape ``(T, n_1)``."""
        found = np.zeros(self.right.shape, dtype=bool)
        for k, i in self.pins:
            found[self.first == i, k] = True
        return found

    def lines(self) -> Lines:
        """Return the equations with the slopes of the sides that the units are on."""
        slopes = np.where(self.right, self.high, self.low)
        return Lines(self.problem, Float64Field(), self.point, slopes)

    def free_directions(self) -> Array:
        """Return an orthonormal basis of the changes that keep the pins, as columns."""
        N, blocks = len(self.point), []
        for k in range(self.n):
            rows = self.inputs[[i for unit, i in self.pins if unit == k]]
            basis = np.eye(self.m)
            if len(rows):
                _, values, vectors = np.linalg.svd(rows)
                basis = vectors[int(np.sum(values > _SLIGHT * values[0])) :].T
            block = np.zeros((N, basis.shape[1]))
            block[k * self.m : (k + 1) * self.m] = basis
            blocks.append(block)
        inner = self.m * self.n
        return np.hstack([*blocks, np.eye(N)[:, inner:]])

    def round(self) -> Pinned | None:
        """Take a step, or pin or release a unit; return the point where there is nothing left to do."""
        lines = self.lines()
        Z = self.free_directions()
        values, vectors = np.linalg.eigh(Z.T @ lines.jacobian() @ Z)
        g = vectors.T @ (Z.T @ lines.gradient)
        size = np.abs(values)
        largest = float(size.max(initial=1e-300))
        step = Z @ (vectors @ (-g / np.maximum(size, _FLAT * largest) * (size > _FLAT * largest)))
        if np.max(np.abs(step)) <= _SETTLED * (1 + np.max(np.abs(self.point))):
            if values.min(initial=0.0) < -_FLAT * largest:
                downhill = Z @ vectors[:, 0]
                step = 1e-3 * downhill * (1 + np.max(np.abs(self.point)))
            else:
                return self.release(lines)
        self.walk(step, float(-lines.gradient @ step) / self.problem.T)
        return None

    def walk(self, step: Array, rate: float) -> None:
        """Take the first share of a step by which J falls as the ``rate`` lets expect; if none is, go to the first kink on the way and pin the unit there."""
        losses = self.landscape.loss(self.point + _SHARES[:, None] * step)
        better = np.flatnonzero(losses < self.loss - np.maximum(_ENOUGH * rate * _SHARES, 0))
        pinned = self.pinned()
        here, change = self.z(self.point), self.z(step)
        leaving = ~pinned & self.moved[:, None] & (np.where(self.right, -change, change) > _SLIGHT * np.abs(change).max())
        parts = np.where(leaving, np.maximum(np.where(self.right, here, -here), 0) / np.abs(change), np.inf)
        if len(better) and (share := float(_SHARES[better[0]])) > 0:
            self.point = self.point + share * step
            self.loss = float(losses[better[0]])
            self.right = np.where(pinned, self.right, np.where(share * np.abs(change) > 0, self.z(self.point) > 0, self.right))
            return
        i, k = (int(x) for x in np.unravel_index(int(np.argmin(parts)), parts.shape))
        if parts[i, k] <= 1:
            self.point = self.point + parts[i, k] * step
            self.pins[k, int(self.first[i])] = None
        else:
            self.point = self.point + _SHARES[-1] * step
        self.loss = float(self.landscape.loss(self.point[None])[0])

    def multipliers(self, lines: Lines) -> dict[tuple[int, int], tuple[float, float]]:
        """Return for each pin the pull ``p = v_k·ε_i`` and the product of p with the slope that balances the gradient of the unit, by least squares."""
        found = {}
        for k in range(self.n):
            at = [i for unit, i in self.pins if unit == k]
            own = lines.gradient[k * self.m : (k + 1) * self.m]
            more = np.linalg.lstsq(self.inputs[at].T, -own, rcond=None)[0] if at else []
            for i, extra in zip(at, more, strict=True):
                pull, used = float(lines.pulls[self.first == i, k].sum()), self.high if self.right[i, k] else self.low
                found[k, i] = pull, pull * used + float(extra)
        return found

    def release(self, lines: Lines) -> Pinned | None:
        """Release the pin at which J falls most, to the side where it does; return the point if it falls at none.

        With the pull p and the balancing slope λ, J changes by ``p (s⁺ − λ) τ`` where z moves to ``τ > 0``, and by ``p (s⁻ − λ) τ`` to the left.
        """
        most, found, balances = 0.0, None, self.multipliers(lines)
        for (k, i), (pull, balance) in balances.items():
            length = float(np.linalg.norm(self.inputs[i]))
            for gain, right in ((balance - pull * self.high, True), (pull * self.low - balance, False)):
                if gain / length > max(most, _SLIGHT * abs(pull)):
                    most, found = gain / length, (k, i, right)
        if found is None:
            return Pinned(self.point, self.loss, _ratios(balances))
        k, i, right = found
        del self.pins[k, i]
        self.right[self.first == i, k] = right
        return None


def _ratios(balances: dict[tuple[int, int], tuple[float, float]]) -> dict[tuple[int, int], float]:
    """Return the slopes at the pins in their order."""
    return {pin: balance / pull for pin, (pull, balance) in sorted(balances.items()) if pull}
