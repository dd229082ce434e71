r"""Descent of the squared error of one hidden layer onto kinks, in doubles: a convex quadratic program in each cell, and steps across its walls.

With one output and ``p_k = v_k w_k`` the output is ``Σ_k (s_k(i) p_k·x̃_i + c_k(i) v_k) + b`` on the pieces ``σ(z_k(i)) = s_k(i) w_k·x̃_i + c_k(i)``, linear
in the ``(p_k, v_k)`` and b; that unit k stays on a kink κ at ``x_i``, ``p_k·x̃_i = κ v_k``, is a linear equation. So the least loss of a cell, with some units
held on kinks (*pinned*), is one of linear least squares. On the way there the first unit that meets a kink is pinned; at the end the multipliers tell which
pinned unit makes J fall if it leaves its kink, and to which side. Each round lowers J, or adds a pin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossproof.numerics.critical.kink_descent import steepest_change
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field, nearest_double
from lossproof.numerics.network.weight_vectors import layer_arrays, rows_of_step
from lossproof.theory.problem.problem import Problem

_MOST_ENTRIES = 3_000
_LEAST_V = 1e-8
_LARGEST_WEIGHT = 1e6
_NEGLIGIBLE = 1e-10
_SLIGHT = 1e-9
_TIE = 1e-9
_ROUNDS = 20
_CHANGES = 64


@dataclass(frozen=True, eq=False)
class KinkPoint:
    """Where a descent ended: the trainable weights in the order of the rows of P, the loss, and how many times a unit is on a kink."""

    point: Array
    loss: float
    pinned: int


def descends_onto_kinks(problem: Problem) -> bool:
    """Tell whether `descend_onto_kinks` is about a problem.

    One hidden layer of piecewise linear units, one bias mode in both layers, one identity output, squared error, not too large.
    """
    a = problem.architecture
    right = a.L == 2 and a.is_uniform and a.n_L == 1 and a.activation.is_piecewise_linear and a.output_activation.is_identity
    kinks = len(a.activation.affine_pieces) > 1
    return right and kinks and problem.error.family == "squared" and problem.T * a.N_net <= _MOST_ENTRIES


@np.errstate(all="ignore")
def descend_onto_kinks(problem: Problem, point: Array) -> KinkPoint | None:
    """Return where J leads down from a point, as a point from which it seems to lead no further; None if that is not found.

    Units without output weights are left as they are.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> samples = Samples.of([[-1], [0], [1], [2]], [[1], [-2], [5], [5]])
    >>> problem = Problem(Architecture.of("1-1-1", "relu"), error_named("squared"), samples)
    >>> found = descend_onto_kinks(problem, np.array([1.0, 0.25, 3.0, 0.0]))
    >>> round(found.loss, 9), found.pinned
    (1.25, 1)
    """
    if not descends_onto_kinks(problem):
        return None
    descent = _Descent(problem, point)
    for _ in range(_ROUNDS + 2 * descent.piece.size):
        step = descent.least_squares_step()
        if not np.all(np.isfinite(step)):
            return None
        if descent.walk(step):
            leaving = descent.falling_pin()
            if leaving is not None:
                descent.release(*leaving)
            elif not descent.leave_ties():
                found = descent.result()
                return found if np.max(np.abs(found.point)) <= _LARGEST_WEIGHT else None
        if np.any(np.abs(descent.v[descent.active]) < _LEAST_V):
            return None
    return None


class _Descent:
    """The state: ``x`` are the different ``x̃_i``, ``p``, ``v``, ``b`` the weights, ``piece`` and ``pinned`` tell the piece, or the kink at its upper end."""

    def __init__(self, problem: Problem, point: Array) -> None:
        a, (first, last) = problem.architecture, layer_arrays(problem, point)
        self.problem, self.trainable = problem, a.bias == "trainable"
        rows = dict.fromkeys(problem.samples.X)
        places = [list(rows).index(row) for row in problem.samples.X]
        inputs, targets = Float64Field().array(list(rows)), Float64Field().array(problem.samples.Y)[:, 0]
        self.counts = np.bincount(places).astype(float)
        self.targets = np.bincount(places, weights=targets) / self.counts
        self.x = np.hstack([inputs, np.ones((len(inputs), 1))]) if self.trainable else inputs
        w = np.vstack([first[0], first[1][None, :]]).T if self.trainable else first[0].T
        self.fixed = np.zeros(len(w)) if self.trainable else first[1]
        self.v, self.b = last[0][:, 0].copy(), float(last[1][0])
        self.active = np.abs(self.v) >= _LEAST_V
        self.w, self.p = w, w * self.v[:, None]
        pieces = a.activation.affine_pieces
        self.slopes, self.constants = (
            np.array([nearest_double(q) for q in row]) for row in zip(*((p.slope, p.intercept) for p in pieces), strict=True)
        )
        self.kinks = np.array([nearest_double(p.upper) for p in pieces if p.upper is not None])
        self.piece = np.searchsorted(self.kinks, w @ self.x.T + self.fixed[:, None])
        self.pinned = np.zeros(self.piece.shape, dtype=bool)

    def features(self) -> tuple[Array, Array]:
        """Return the slopes and the constants of all units at all inputs, shape ``(n_1, inputs)``; pinned units have the slope 0."""
        slopes = np.where(self.pinned, 0.0, self.slopes[self.piece])
        at = self.kinks[np.minimum(self.piece, len(self.kinks) - 1)]
        constants = self.constants[self.piece] + self.slopes[self.piece] * np.where(self.pinned, at, self.fixed[:, None])
        return slopes, constants

    def wall(self, k: int, kinks: Array) -> Array:
        """Return the rows ``(x̃_i, fixed bias − κ)`` whose products with ``(p_k, v_k)`` are ``v_k (z_k(i) − κ)``."""
        return np.hstack([self.x, (self.fixed[k] - kinks)[:, None]])

    def pins(self, k: int) -> Array:
        """Return those rows for the pinned inputs of a unit."""
        at = self.kinks[np.minimum(self.piece[k], len(self.kinks) - 1)]
        return np.asarray(self.wall(k, at)[self.pinned[k]])

    def residuals(self) -> Array:
        """Return ``ε_i``, the sum over equal inputs."""
        slopes, constants = self.features()
        held = ((self.w @ self.x.T) * slopes + constants) * self.v[:, None]
        moved = (self.p @ self.x.T) * slopes + constants * self.v[:, None]
        return np.asarray(self.counts * (np.where(self.active[:, None], moved, held).sum(axis=0) + self.b - self.targets))

    def least_squares_step(self) -> Array:
        """Return the shortest step to the least loss with these pieces and pins: rows ``(dp_k, dv_k)``, and a last row with ``db`` first."""
        slopes, constants = self.features()
        n, m = self.p.shape
        bases = [_null_space(self.pins(k), m + 1) if self.active[k] else np.zeros((m + 1, 0)) for k in range(n)]
        columns = [np.hstack([slopes[k][:, None] * self.x, constants[k][:, None]]) @ bases[k] for k in range(n)]
        table = np.hstack([*columns, *[np.ones((len(self.x), 1))] * self.trainable]) * np.sqrt(self.counts)[:, None]
        moves = np.linalg.lstsq(table, -self.residuals() / np.sqrt(self.counts), rcond=_NEGLIGIBLE)[0]
        step, first = np.zeros((n + 1, m + 1)), 0
        for k, basis in enumerate(bases):
            step[k] = basis @ moves[first : first + basis.shape[1]]
            first += basis.shape[1]
        step[n, 0] = moves[-1] if self.trainable else 0.0
        return step

    def walk(self, step: Array) -> bool:
        """Take the step, or the part of it up to the first kink, which is pinned then, or up to where a v is nearly 0; tell whether it was taken in full."""
        share, met, small = 1.0, None, None
        for k in np.flatnonzero(self.active).tolist():
            v, dv, sign = self.v[k], step[k, -1], np.sign(self.v[k])
            if v * (v + dv) <= 0 and 0.9 * abs(v / dv) < share:
                share, met, small = 0.9 * abs(v / dv), None, k
            for j, kink in enumerate(self.kinks):
                rows = self.wall(k, np.full(len(self.x), kink))
                here, change = sign * (rows @ np.append(self.p[k], v)), sign * (rows @ step[k])
                noise = _NEGLIGIBLE * (np.abs(rows) @ np.abs(step[k]))
                near = ~self.pinned[k] & (((self.piece[k] == j) & (change > noise)) | ((self.piece[k] == j + 1) & (change < -noise)))
                for i in np.flatnonzero(near):
                    part = max(0.0, -here[i] / change[i])
                    if part < share:
                        share, met, small = part, (k, i, j), None
        self.p += share * step[:-1, :-1]
        self.v += share * step[:-1, -1]
        self.b += share * step[-1, 0]
        if met is not None:
            k, i, j = met
            self.piece[k, i], self.pinned[k, i] = j, True
        if small is not None:
            self.cross_zero(small)
        return share == 1.0

    def cross_zero(self, k: int) -> None:
        """Give the output weight of a unit, whose incoming ones stay, the value of the least loss, if that has the other sign."""
        slopes, constants = self.features()
        values = slopes[k] * (self.x @ self.p[k]) / self.v[k] + constants[k]
        v = self.v[k] - self.residuals() @ values / (self.counts @ (values * values))
        if v * self.v[k] < 0:
            self.p[k] *= v / self.v[k]
            self.v[k] = v

    def falling_pin(self) -> tuple[int, int, int] | None:
        """Return a unit, an input and the piece for which to leave the kink there, where J falls most then; None where it falls nowhere."""
        slopes, constants = self.features()
        eps, best, found = self.residuals(), 0.0, None
        for k in np.flatnonzero(self.active & self.pinned.any(axis=1)).tolist():
            pins, at = self.pins(k), np.flatnonzero(self.pinned[k])
            pulls = np.append((slopes[k] * eps) @ self.x, constants[k] @ eps)
            multipliers = self.v[k] * np.linalg.lstsq(pins.T, -pulls, rcond=_NEGLIGIBLE)[0]
            for i, multiplier in zip(at, multipliers, strict=True):
                pull, size = self.v[k] * eps[i], np.linalg.norm(self.x[i])
                for piece, sign in ((self.piece[k, i], -1), (self.piece[k, i] + 1, 1)):
                    rate = sign * (pull * self.slopes[piece] - multiplier) / size
                    if rate < min(best, -_SLIGHT * (abs(pull) + abs(multiplier)) / size):
                        best, found = rate, (int(k), int(i), int(piece))
        return found

    def release(self, k: int, i: int, piece: int) -> None:
        """Let a unit leave its kink at an input for a piece."""
        self.pinned[k, i], self.piece[k, i] = False, piece

    def leave_ties(self) -> bool:
        """Where a unit is on more kinks than it is pinned to, choose sides along the change of its weights by which J falls most; tell whether any does."""
        slopes, _ = self.features()
        eps = self.residuals()
        for k in np.flatnonzero(self.active).tolist():
            z = self.p[k] @ self.x.T / self.v[k] + self.fixed[k]
            distances = np.abs(z[:, None] - self.kinks)
            lower, tied = np.argmin(distances, axis=1), np.min(distances, axis=1) <= _TIE
            if not np.any(tied & ~self.pinned[k]):
                continue
            sides = self.v[k] * eps * np.where(tied, [self.slopes[lower], self.slopes[lower + 1]], slopes[k])
            eta = _falling_change(self.x, sides)
            if eta is not None:
                turned = self.x @ eta
                self.pinned[k] = tied & (np.abs(turned) <= _SLIGHT)
                self.piece[k] = np.where(tied, lower + (turned > _SLIGHT), self.piece[k])
                return True
        return False

    def result(self) -> KinkPoint:
        """Return the point; a unit without incoming weights, on its kink at all inputs, is moved to where it is silent for certain, if it can be."""
        eps = self.residuals()
        means = float(np.sum(eps * eps / self.counts))
        targets = Float64Field().array(self.problem.samples.Y)[:, 0]
        spread = float(targets @ targets - self.counts @ (self.targets * self.targets))
        w = np.where(self.active[:, None], self.p / np.where(self.active, self.v, 1.0)[:, None], self.w)
        if self.trainable and self.problem.architecture.activation.is_silent_below:
            empty = np.max(np.abs(w), axis=1) <= _TIE
            w[empty], self.pinned[empty] = np.append(np.zeros(w.shape[1] - 1), -1.0), False
        hidden = (w[:, :-1].T, w[:, -1]) if self.trainable else (w.T, self.fixed)
        point = rows_of_step(self.problem.architecture, [hidden, (self.v[:, None], np.array([self.b]))])
        return KinkPoint(point, (means + spread) / (2 * self.problem.T), int(self.pinned.sum()))


def _falling_change(x: Array, sides: Array) -> Array | None:
    """Return η with a negative ``Σ_i p_i τ_i``, where ``τ = x η`` and p is the second row of ``sides`` for ``τ_i > 0``, else the first; None if none is found.

    A linear program finds one where that is convex; else the best of some random ones is taken.
    """
    steepest = steepest_change(x, np.sort(sides, axis=0))
    tried = np.random.default_rng(0).standard_normal((_CHANGES, x.shape[1]))
    tried = tried if steepest is None else np.vstack([tried, steepest])
    turned = tried @ x.T
    rates = np.sum(np.where(turned > 0, sides[1], sides[0]) * turned, axis=1) / np.linalg.norm(tried, axis=1)
    best = int(np.argmin(rates))
    return tried[best] if rates[best] < -_SLIGHT * np.max(np.abs(sides)) * np.linalg.norm(x) else None


def _null_space(rows: Array, size: int) -> Array:
    """Return an orthonormal basis of the vectors orthogonal to some rows, as columns."""
    if not len(rows):
        return np.eye(size)
    _, values, vectors = np.linalg.svd(rows)
    rank = int(np.sum(values > _NEGLIGIBLE * values[0]))
    return np.asarray(vectors[rank:].T)
