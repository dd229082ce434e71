r"""Directions along which the loss of a single layer falls everywhere, or along which a hidden unit can lower it."""

from __future__ import annotations

from fractions import Fraction

from lossproof.numerics.samples.linear_separation import weakly_separating_direction
from lossproof.theory.problem.problem import Problem

_LARGEST = 10**5


def escape_direction(problem: Problem) -> list[list[Fraction]] | None:
    """Return a direction ``U`` of shape ``(n_0 + [bias], n_L)`` along which the loss of a single layer falls at all weights, or None.

    Every target has to lie at or beyond an end of the output's range (0 or 1 for logits). ``U`` then moves no output away from its target, and one strictly
    towards it: ``⟨∇J(W), U⟩ < 0`` for all ``W`` (rule `no-critical-point`).
    """
    return _separating(problem, problem.architecture.n_L) if problem.architecture.L == 1 else None


def lifting_direction(problem: Problem) -> list[list[Fraction]] | None:
    """Return a direction u, of shape ``(n_0 + [bias], 1)``, along which any unit of one hidden layer can lower the loss, or None.

    The hidden activation increases strictly, there is one output, or there are two classes, and every target lies at or beyond an end of the output's range.
    Then ``u·x̃_i`` is nowhere of the sign that moves the unit away from the target, and somewhere of the other (`separable-squashing`).
    """
    a = problem.architecture
    right = a.L == 2 and a.activation.increasing.holds and a.n_L == 1 + (problem.error.family == "softmax")
    return _separating(problem, 1) if right else None


def _separating(problem: Problem, n: int) -> list[list[Fraction]] | None:
    rows = _rows(problem)
    if rows is None or len(rows) * len(rows[0]) > _LARGEST:
        return None
    found = weakly_separating_direction(rows)
    if found is None:
        return None
    size = len(found) // n
    return [[found[j * size + i] for j in range(n)] for i in range(size)]


def _rows(problem: Problem) -> list[list[Fraction]] | None:
    """Return one row for each inequality, with the direction's columns laid end to end, output by output; None where the setting is another."""
    a, error = problem.architecture, problem.error
    inputs = [[*x, Fraction(1)] if a.bias_rows_of(1) else list(x) for x in problem.samples.X]
    if error.is_cross_entropy and not a.output_activation.is_identity:
        return None
    if error.family == "softmax":
        return _softmax_rows(problem, inputs) if a.L == 1 else _two_class_rows(problem, inputs)
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


def _two_class_rows(problem: Problem, inputs: list[list[Fraction]]) -> list[list[Fraction]] | None:
    one_hot = all(max(targets) == 1 for targets in problem.samples.Y)
    return [[(2 * y - 1) * v for v in x] for x, (_, y) in zip(inputs, problem.samples.Y, strict=True)] if one_hot else None


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
