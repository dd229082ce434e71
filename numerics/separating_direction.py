r"""A rational direction ``U`` with ``a_k · U ≥ 0`` for rational rows ``a_k``, and ``> 0`` for one: found by linear programming, checked exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lossproof.numerics.rational_kernel import reduced_kernel
from lossproof.theory.problem import Problem

_TIGHT = 1e-7
_BITS = 30
_LARGEST = 10**5


def escape_direction(problem: Problem) -> list[list[Fraction]] | None:
    """Return a direction ``U`` of shape ``(n_0 + [bias], n_L)`` along which the loss of a single layer falls at all weights, or None.

    Every target has to lie at or beyond an end of the output's range (0 or 1 for logits). ``U`` then moves no output away from its target, and one strictly
    towards it: ``⟨∇J(W), U⟩ < 0`` for all ``W`` (rule `no-critical-point`).
    """
    rows = _rows(problem)
    if rows is None or len(rows) * len(rows[0]) > _LARGEST:
        return None
    found = nonnegative_combination(rows)
    if found is None:
        return None
    n_L = problem.architecture.n_L
    size = len(found) // n_L
    return [[found[j * size + i] for j in range(n_L)] for i in range(size)]


def nonnegative_combination(rows: Sequence[Sequence[Fraction]]) -> list[Fraction] | None:
    """Return rational ``u`` with ``a · u ≥ 0`` for every row ``a``, and ``> 0`` for one, or None where none is found.

    >>> nonnegative_combination([[Fraction(1), Fraction(0)], [Fraction(-1), Fraction(2)], [Fraction(1), Fraction(-2)]]) is not None
    True
    >>> nonnegative_combination([[Fraction(1)], [Fraction(-1)]]) is None
    True
    """
    from scipy.optimize import linprog

    A = np.array([[float(x) for x in row] for row in rows])
    sizes = np.linalg.norm(A, axis=1, keepdims=True)
    A = A / np.where(sizes > 0, sizes, 1)
    solved = linprog(-A.sum(axis=0), A_ub=-A, b_ub=np.zeros(len(A)), bounds=[(-1, 1)] * A.shape[1], method="highs")
    if not solved.success or not -solved.fun > _TIGHT:
        return None
    guesses = [solved.x, _with_margin(A, solved.x)]
    return next((u for guess in guesses if (u := _exactly(rows, A, guess)) is not None), None)


def _with_margin(A: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Return a direction as far from all the rows' boundaries as it can be, where there is one with a margin."""
    from scipy.optimize import linprog

    n = A.shape[1]
    cost = np.zeros(n + 1)
    cost[-1] = -1
    solved = linprog(
        cost, A_ub=np.hstack([-A, np.ones((len(A), 1))]), b_ub=np.zeros(len(A)), bounds=[(-1, 1)] * n + [(0, 1)], method="highs"
    )
    return np.asarray(solved.x[:n]) if solved.success and solved.x[-1] > _TIGHT else fallback


def _exactly(rows: Sequence[Sequence[Fraction]], A: np.ndarray, guess: np.ndarray) -> list[Fraction] | None:
    """Round within the space where the tight rows vanish exactly, and check."""
    tight = [list(row) for row, value in zip(rows, A @ guess, strict=True) if value < _TIGHT]
    n = A.shape[1]
    basis = reduced_kernel(tight) if tight else [[Fraction(int(i == k)) for k in range(n)] for i in range(n)]
    if not basis:
        return None
    exact = [[Fraction(int(x.p), int(x.q)) if not isinstance(x, Fraction) else x for x in vector] for vector in basis]
    columns = np.array([[float(x) for x in vector] for vector in exact]).T
    weights = [Fraction(round(float(c) * 2**_BITS), 2**_BITS) for c in np.linalg.lstsq(columns, guess, rcond=None)[0]]
    u = [sum((w * vector[k] for w, vector in zip(weights, exact, strict=True)), Fraction(0)) for k in range(n)]
    values = [sum((a * x for a, x in zip(row, u, strict=True)), Fraction(0)) for row in rows]
    return u if min(values) >= 0 and max(values) > 0 else None


def _rows(problem: Problem) -> list[list[Fraction]] | None:
    """Return one row for each inequality, with the direction's columns laid end to end, output by output; None where the setting is another."""
    a, error = problem.architecture, problem.error
    inputs = [[*x, Fraction(1)] if a.bias == "trainable" else list(x) for x in problem.samples.X]
    if a.L != 1 or (error.is_cross_entropy and a.output_activation.family != "identity"):
        return None
    if error.family == "softmax":
        return _softmax_rows(problem, inputs)
    rows = []
    for x, targets in zip(inputs, problem.samples.Y, strict=True):
        for j, y in enumerate(targets):
            side = _side(problem, y)
            if side is None:
                return None
            rows.append([side * v if k == j else Fraction(0) for k in range(a.n_L) for v in x])
    return rows


def _softmax_rows(problem: Problem, inputs: list[list[Fraction]]) -> list[list[Fraction]] | None:
    n_L, rows = problem.architecture.n_L, []
    for x, targets in zip(inputs, problem.samples.Y, strict=True):
        if max(targets) != 1:
            return None
        c = targets.index(Fraction(1))
        for j in range(n_L):
            if j != c:
                rows.append([(int(k == c) - int(k == j)) * v for k in range(n_L) for v in x])
    return rows or None


def _side(problem: Problem, y: Fraction) -> int | None:
    """Return 1 for a target at or beyond the upper end of the range, −1 for the lower end, None otherwise."""
    if problem.error.family == "logistic":
        return {Fraction(1): 1, Fraction(0): -1}.get(y)
    output = problem.architecture.output_activation
    if not output.nonvanishing_derivative.holds:
        return None
    values = output.range
    if values.upper is not None and y >= values.upper:
        return 1
    return -1 if values.lower is not None and y <= values.lower else None
