r"""Points at which the outputs are a best fit of their rank, by the theorem of Eckart and Young: a truncated singular value decomposition.

For the squared error the outputs of a linear network, or of one hidden layer in a cell, are ``F = ΦA + CU`` with fixed Φ and C, and ``rank A ≤ k``. Let Π be
the projection off the columns of C. Where the residuals are orthogonal to these, and ``K`` is their projection onto the columns of ``ΠΦ``, F is the best of
all such outputs if ``ΠF`` and K are orthogonal from both sides, and no singular value of K is above the k-th of ``ΠF``. All is computed in rationals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat

from lossproof.numerics.algebra.inertia import exact_inertia
from lossproof.numerics.algebra.rational_echelon import echelon
from lossproof.numerics.critical.cells import cell_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.exact_work import residual_work
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

Table = tuple[tuple[Fraction, ...], ...]

_MOST_ENTRIES = 3_000
_MOST_OUTPUTS = 20
_CLOSE = 1e-9


@dataclass(frozen=True)
class RankFit:
    """Evidence for a best fit of its rank.

    - ``units``: those of the first layer whose outputs make up ``ΦA``; ``everywhere``: whether all weights have outputs of this form, or those of a cell;
    - ``offsets``: U with ``Cᵀ(F + CU) = 0``; ``rest``: K, of shape ``(T, n_L)``; ``level``: the square of a number between the singular values of both.
    """

    units: tuple[int, ...]
    everywhere: bool
    offsets: Table
    rest: Table
    level: Fraction


def rank_fit(problem: Problem, weights: Weights) -> RankFit | None:
    r"""Return the evidence that no weights, or none in the cell, have a smaller loss than these, as their outputs are a best fit of their rank; else None.

    None, too, for other errors than the squared one, weight decay, numbers that are not rational, and ``T N_net > 3000``.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("2-1-2", "identity", bias="none")
    >>> square = Problem(a, error_named("squared"), Samples.of([[1, 0], [0, 1]], [[1, 0], [0, 1]]))
    >>> turned = Weights.of(a, [([["3/5"], ["4/5"]], None), ([["3/5", "4/5"]], None)])
    >>> rank_fit(square, turned).level
    Fraction(1, 1)
    """
    a = problem.architecture
    right = a.L >= 2 and a.output_activation.is_identity and problem.error.name == "squared" and problem.decay is None
    small = problem.T * a.N_net <= _MOST_ENTRIES and a.n_L <= _MOST_OUTPUTS
    if not right or not small or not weights.is_rational():
        return None
    linear = all(s.is_identity for s in a.hidden)
    if not linear and a.L > 2:
        return None
    try:
        passed = evaluate(a, problem.samples, weights, RationalField())
        if not residual_work(problem, passed).is_allowed:
            return None
        F = _rows(passed.phi[a.L])
        fixed = [to_flint(q) if a.biases[-1] == "fixed" and isinstance(q, Fraction) else fmpq(0) for q in weights.layers[-1].b]
        forms = _linear_form(problem) if linear else _cell_forms(problem, weights, _rows(passed.phi[1]))
    except (NotInField, NotDifferentiable):
        return None
    Y = [[to_flint(y) for y in row] for row in problem.samples.Y]
    found = (_fit(problem, F, Y, fixed, *form, everywhere=linear) for form in forms)
    return next((fit for fit in found if fit is not None), None)


Form = tuple[tuple[int, ...], int, fmpq_mat, fmpq_mat | None]
"""Units, the bound k, Φ, and C, None without columns."""


def _rows(values: Array) -> list[list[fmpq]]:
    return [list(row) for row in values]


def _linear_form(problem: Problem) -> Iterator[Form]:
    a = problem.architecture
    ones = fmpq_mat([[fmpq(1)]] * problem.T) if any(bias != "none" for bias in a.biases) else None
    yield tuple(range(a.widths[1])), min(a.widths[1:-1]), fmpq_mat([[to_flint(x) for x in row] for row in problem.samples.X]), ones


def _cell_forms(problem: Problem, weights: Weights, h: Sequence[Sequence[fmpq]]) -> Iterator[Form]:
    """Yield the forms for the groups of units with equal slopes of which there may be fewer than outputs, as the output weights then leave out a direction."""
    a, cell, rest = problem.architecture, cell_of(problem, weights), samples_at_rest(problem, 1)
    if cell is None:
        return
    groups, fixed = dict[tuple[Fraction, ...], list[int]](), list[list[fmpq]]()
    for u, (slopes, constants) in enumerate(zip(cell.slopes, cell.constants, strict=True)):
        groups.setdefault(tuple(Fraction(0) if i in rest else s for i, s in enumerate(slopes)), []).append(u)
        fixed.append([h[i][u] if i in rest else to_flint(c) for i, c in enumerate(constants)])
    inputs = [[*x, *[Fraction(1)] * a.bias_rows_of(1)] for x in problem.samples.X]
    tables = {slopes: [[to_flint(s * q) for q in x] for s, x in zip(slopes, inputs, strict=True)] for slopes in groups}
    ones = [fmpq(1)] * a.bias_rows_of(2)
    for slopes, units in groups.items():
        if any(slopes):
            others = [table for each, table in tables.items() if each != slopes]
            C = [[*(q for table in others for q in table[i]), *(c[i] for c in fixed), *ones] for i in range(problem.T)]
            yield tuple(units), len(units), fmpq_mat(tables[slopes]), fmpq_mat(C)


def _fit(
    problem: Problem,
    F: list[list[fmpq]],
    Y: list[list[fmpq]],
    fixed: list[fmpq],
    units: tuple[int, ...],
    k: int,
    Phi: fmpq_mat,
    C: fmpq_mat | None,
    *,
    everywhere: bool,
) -> RankFit | None:
    R, outputs = fmpq_mat(F) - fmpq_mat(Y), fmpq_mat([[q - b for q, b in zip(row, fixed, strict=True)] for row in F])
    offsets, centred = [], outputs
    if C is not None:
        if any((C.transpose() * R).entries()):
            return None
        U = _coefficients(C, outputs)
        offsets, centred = (U * -1).tolist(), outputs - C * U
    basis = Phi if C is None else fmpq_mat([[*c, *f] for c, f in zip(C.tolist(), Phi.tolist(), strict=True)])
    K = basis * _coefficients(basis, R)
    K_squared, fit_squared = K.transpose() * K, centred.transpose() * centred
    if any((centred.transpose() * K).entries()) or any((K_squared * fit_squared).entries()):
        return None
    n = problem.architecture.n_L
    level = next((c for c in _levels(K_squared, fit_squared, k) if _parts(c, K_squared, fit_squared, max(0, n - k))), None)
    return None if level is None else RankFit(units, everywhere, _table(offsets), _table(K.tolist()), level)


def _table(rows: Sequence[Sequence[fmpq]]) -> Table:
    return tuple(tuple(from_flint(q) for q in row) for row in rows)


def _coefficients(basis: fmpq_mat, sought: fmpq_mat) -> fmpq_mat:
    """Return the coefficients of the projection on the columns of a basis, 0 for columns that depend on those before."""
    chosen = echelon(basis)[1]
    zero = [fmpq(0)] * sought.ncols()
    if not chosen:
        return fmpq_mat([zero] * basis.ncols())
    used = fmpq_mat([[row[k] for k in chosen] for row in basis.tolist()])
    rows = dict(zip(chosen, (used.transpose() * used).solve(used.transpose() * sought).tolist(), strict=True))
    return fmpq_mat([rows.get(k, zero) for k in range(basis.ncols())])


def _levels(K_squared: fmpq_mat, fit_squared: fmpq_mat, k: int) -> Iterator[Fraction]:
    """Yield numbers that may lie between the eigenvalues of both: one strictly between them, or rational eigenvalues that they share."""
    values = [np.linalg.eigvalsh(np.array([[float(from_flint(x)) for x in row] for row in M.tolist()])) for M in (K_squared, fit_squared)]
    most, least = float(values[0][-1]), float(values[1][-k]) if k <= len(values[1]) else float(values[1][0])
    if least > most * (1 + _CLOSE):
        yield Fraction((most + least) / 2)
    shared = K_squared.charpoly().gcd(fit_squared.charpoly())
    yield from (from_flint(-factor[0] / factor[1]) for factor, _ in shared.factor()[1] if factor.degree() == 1)


def _parts(level: Fraction, K_squared: fmpq_mat, fit_squared: fmpq_mat, most_below: int) -> bool:
    c = to_flint(level)
    above, below = (
        np.array([[c * int(i == j) - x if turned else x - c * int(i == j) for j, x in enumerate(row)] for i, row in enumerate(M.tolist())])
        for M, turned in ((K_squared, True), (fit_squared, False))
    )
    return exact_inertia(above).negative == 0 and exact_inertia(below).negative <= most_below
