"""The point of least squares of a cell of one hidden layer, as rational weights near given ones; the formulas stand in `cells`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import cast

from flint import fmpq, fmpq_mat

from lossproof.numerics.critical.bounded_combination import independent
from lossproof.numerics.critical.cells import Cell, cell_of
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

Table = list[list[fmpq]]

_NEARLY_ZERO = Fraction(1, 10**6)
_MOST_ENTRIES = 3_000
_PARTS_OF_V, _PARTS_OF_W = 2**16, 2**32


def critical_in_cell(problem: Problem, weights: Weights) -> Weights | None:
    r"""Return rational weights near the given ones, in the same cell, that are critical if J falls on a point of least squares of the cell, or fits exactly.

    The output weights are rounded, those nearly 0 to 0; then ``A_s``, ``v_k`` and b move to the point of least squares, by as few coordinates as that
    takes, and units without output weights are moved to have ``G_sᵀ w_k + Σ_i c_k(i) ε_i = 0``, ``G_s = Σ_i s(i) x̃_i ε_iᵀ``. None for errors without
    residuals, two bias modes, another output than the identity, larger problems, and where the ``v_k`` of a group span a part of the outputs only.
    """
    cell = _cell_within(problem, weights)
    return None if cell is None else _Projection(problem, cell, weights).weights()


def with_one_layer_fitted(problem: Problem, weights: Weights) -> Iterator[Weights]:
    """Yield rational weights near the given ones, in the same cell as far as they stay there, with the least squared error of one layer, the other held.

    First the output layer moves, then the hidden one, each with the output biases. Such a point may be critical where the ``v_k`` of a group span a part of the
    outputs only: the output is linear in either layer. Nothing is yielded where `critical_in_cell` looks at nothing.
    """
    cell = _cell_within(problem, weights)
    if cell is None:
        return
    for fit in (_Projection.fit_outputs, _Projection.fit_inputs):
        projection = _Projection(problem, cell, weights)
        fit(projection)
        yield projection.found()


def _cell_within(problem: Problem, weights: Weights) -> Cell | None:
    """Return the cell of rational weights for which there is a point of least squares; None for other problems, and larger ones."""
    a = problem.architecture
    right = a.L == 2 and a.is_uniform and a.output_activation.is_identity and not problem.error.is_cross_entropy and weights.is_rational()
    return cell_of(problem, weights) if right and problem.T * a.N_net <= _MOST_ENTRIES else None


class _Projection:
    """One projection: ``x`` are the ``x̃_i``, ``W`` the rows ``w_k``, ``V`` the rows ``v_k``, ``b`` the output bias, all rational."""

    def __init__(self, problem: Problem, cell: Cell, weights: Weights) -> None:
        (W, b), (V, c) = ((layer.W, layer.b) for layer in weights.layers)
        self.problem, self.cell, self.trainable = problem, cell, problem.architecture.bias == "trainable"
        self.x = [[_exact(q) for q in row] + [fmpq(1)] * self.trainable for row in problem.samples.X]
        incoming = [*W, b] if self.trainable else W
        self.W = [[_exact(rounded(row[k], _PARTS_OF_W)) for row in incoming] for k in range(len(V))]
        self.V = [[_exact(rounded(v, _PARTS_OF_V)) for v in row] for row in V]
        for row in self.V:
            if all(abs(v) <= _exact(_NEARLY_ZERO) for v in row):
                row[:] = [fmpq(0)] * len(row)
        self.b, self.biases = [_exact(rounded(q, _PARTS_OF_W)) if self.trainable else _exact(q) for q in c], b
        self.slopes, self.constants = ([[_exact(q) for q in row] for row in table] for table in (cell.slopes, cell.constants))

    def values(self) -> Table:
        """Return ``σ(z_k(i))``, a row for each unit."""
        return [
            [s * _dot(w, x) + c for s, c, x in zip(slopes, constants, self.x, strict=True)]
            for w, slopes, constants in zip(self.W, self.slopes, self.constants, strict=True)
        ]

    def residuals(self) -> Table:
        """Return ``F(x_i) − y_i``."""
        values = self.values()
        return [
            [_dot([h[i] for h in values], [v[j] for v in self.V]) + self.b[j] - _exact(y) for j, y in enumerate(row)]
            for i, row in enumerate(self.problem.samples.Y)
        ]

    def weights(self) -> Weights | None:
        """Return the weights moved as `critical_in_cell` says."""
        n = self.problem.architecture.n_L
        spanning = [group for group in self.cell.groups if fmpq_mat([self.V[k] for k in group]).rank() == n]
        idle = [k for group in self.cell.groups if not any(q for k in group for q in self.V[k]) for k in group]
        if len(idle) + sum(map(len, spanning)) < sum(map(len, self.cell.groups)) or not self._fit(spanning, idle):
            return None
        rest = self.residuals()
        exact = self.problem.error.family == "squared" or not any(chain(*rest))
        return self.found() if exact and all(self._balance(k, rest) for k in idle) else None

    def _fit(self, spanning: Sequence[Sequence[int]], idle: Sequence[int]) -> bool:
        """Move ``A_s``, the ``v_k`` with constants that are not all 0, and b to the point of least squares; tell whether the v still span the outputs."""
        moving = [k for k, constants in enumerate(self.constants) if k not in idle and any(constants)]
        m, T = len(self.x[0]), self.problem.T
        columns = [[self.slopes[group[0]][i] * x[r] for i, x in enumerate(self.x)] for group in spanning for r in range(m)]
        columns += [self.constants[k] for k in moving] + [[fmpq(1)] * T] * self.trainable
        moves, before = solve_least_squares(columns, self.residuals()), [list(v) for v in self.V]
        for k, move in zip(moving, moves[m * len(spanning) :], strict=False):
            self.V[k] = _plus(self.V[k], move)
        if self.trainable:
            self.b = _plus(self.b, moves[-1])
        return all(self._share(group, moves[m * g : m * (g + 1)], before) for g, group in enumerate(spanning))

    def _share(self, group: Sequence[int], change: Table, before: Table) -> bool:
        """Move the ``w_k`` of as many units as there are outputs, so that ``A_s = Σ w_k v_kᵀ`` changes as told; False where their v are dependent."""
        for k in group:
            moved = [v - u for v, u in zip(self.V[k], before[k], strict=True)]
            change = [_plus(row, [-w * d for d in moved]) for row, w in zip(change, self.W[k], strict=True)]
        ordered = sorted(group, key=lambda k: -max(map(abs, self.V[k])))
        units = [ordered[p] for p in independent([self.V[k] for k in ordered])]
        if len(units) < len(self.b):
            return False
        steps = fmpq_mat([self.V[k] for k in units]).transpose().solve(fmpq_mat(change).transpose())
        for k, step in zip(units, steps.tolist(), strict=True):
            self.W[k] = _plus(self.W[k], step)
        return True

    def _balance(self, k: int, rest: Table) -> bool:
        """Move ``w_k`` of a unit without output weights so that the derivatives by these vanish; tell whether that is possible."""
        columns = [
            [_dot([s * row[r] for s, row in zip(self.slopes[k], self.x, strict=True)], e) for r in range(len(self.x[0]))]
            for e in _turned(rest)
        ]
        chosen = independent(columns)

        def derivatives() -> list[fmpq]:
            return [_dot(g, self.W[k]) + _dot(self.constants[k], e) for g, e in zip(columns, _turned(rest), strict=True)]

        if chosen:
            wanted, G = derivatives(), fmpq_mat([columns[j] for j in chosen])
            part = (G * G.transpose()).solve(fmpq_mat([[-wanted[j]] for j in chosen]))
            self.W[k] = _plus(self.W[k], (G.transpose() * part).entries())
        return not any(derivatives())

    def fit_outputs(self) -> None:
        """Move the ``v_k`` and b to their least squares."""
        moves = solve_least_squares([*self.values(), *[[fmpq(1)] * self.problem.T] * self.trainable], self.residuals())
        self.V = [_plus(v, move) for v, move in zip(self.V, moves, strict=False)]
        if self.trainable:
            self.b = _plus(self.b, moves[-1])

    def fit_inputs(self) -> None:
        """Move the ``w_k`` and b to their least squares."""
        m, n, T = len(self.x[0]), len(self.b), self.problem.T
        columns = [
            [s * x[r] * q for s, x in zip(slopes, self.x, strict=True) for q in v]
            for slopes, v in zip(self.slopes, self.V, strict=True)
            for r in range(m)
        ] + [[fmpq(int(j == c)) for j in range(n)] * T for c in range(n)] * self.trainable
        moves = [row[0] for row in solve_least_squares(columns, [[e] for e in chain(*self.residuals())])]
        self.W = [_plus(w, moves[m * k : m * (k + 1)]) for k, w in enumerate(self.W)]
        if self.trainable:
            self.b = _plus(self.b, moves[m * len(self.W) :])

    def found(self) -> Weights:
        """Return the weights as they are now."""
        n_0 = self.problem.architecture.widths[0]
        rows = tuple(tuple(from_flint(w[r]) for w in self.W) for r in range(n_0))
        b = tuple(from_flint(w[n_0]) for w in self.W) if self.trainable else self.biases
        return Weights((Layer(rows, b), Layer(tuple(tuple(map(from_flint, v)) for v in self.V), tuple(map(from_flint, self.b)))))


def solve_least_squares(columns: Table, rest: Table) -> Table:
    """Return M, a row for each column of C, with ``Cᵀ(C M + rest) = 0``; the rows of columns that depend on earlier ones are 0.

    >>> solve_least_squares([[fmpq(1), fmpq(1)], [fmpq(2), fmpq(2)]], [[fmpq(3)], [fmpq(4)]])
    [[-7/2], [0]]
    """
    chosen, n = independent(columns), len(rest[0])
    found = [[fmpq(0)] * n for _ in columns]
    if chosen:
        C = fmpq_mat([columns[k] for k in chosen])
        for k, row in zip(chosen, (C * C.transpose()).solve(-(C * fmpq_mat(rest))).tolist(), strict=True):
            found[k] = row
    return found


def _turned(table: Table) -> Table:
    return [list(column) for column in zip(*table, strict=True)]


def _plus(u: Sequence[fmpq], v: Sequence[fmpq]) -> list[fmpq]:
    return [p + q for p, q in zip(u, v, strict=True)]


def _dot(u: Sequence[fmpq], v: Sequence[fmpq]) -> fmpq:
    return sum((p * q for p, q in zip(u, v, strict=True)), fmpq(0))


def rounded(q: Number, size: int) -> Number:
    """Return a rational number rounded to so many parts of its own size.

    >>> rounded(Fraction(1, 3), 2**4)
    Fraction(11, 32)
    """
    return q if not isinstance(q, Fraction) or q == 0 else Fraction(round(q / (unit := _unit(q, size)))) * unit


def _unit(q: Fraction, size: int) -> Fraction:
    return Fraction(2) ** (q.numerator.bit_length() - q.denominator.bit_length()) / size


def _exact(q: Number) -> fmpq:
    """Return a number as one of FLINT; all numbers here are rational, as `critical_in_cell` has seen."""
    return to_flint(cast(Fraction, q))
