"""Which producers of rank evidence apply to a named matrix of a network, from the cheapest to the dearest.

========================  ==============================================  =======================
producer                  applies to                                      proves
========================  ==============================================  =======================
verified float            many columns, full column rank                  lower bound
rational                  all entries rational                            both bounds, exactly
function field ``Q(u)``   one hidden layer of sigmoid or tanh, rational   both bounds, mostly
balls                     anything, up to a few hundred columns           lower bound
formal kernel             anything of moderate size                       upper bound
========================  ==============================================  =======================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lossproof.numerics.algebra.tiled_matrix import Report
from lossproof.numerics.algebra.workplace import IN_MEMORY, Workplace
from lossproof.numerics.fields.field import Array, in_field
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.fields.roomy import RoomyBallField
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import Evaluation, evaluate
from lossproof.numerics.network.exact_work import TOO_MUCH, ExactWork, matrix_work
from lossproof.numerics.network.matrices import matrix_at, matrix_evaluation, named_matrix, parsed_name
from lossproof.numerics.network.pass_limits import constants_in, precision_within
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.formal import constant_kernel, products_are_allowed
from lossproof.numerics.ranks.function_field import function_field_rank, has_function_field
from lossproof.numerics.ranks.rational import rational_rank
from lossproof.numerics.ranks.verified import attempt_full_column_rank, attempt_independent_features, attempt_singular_value
from lossproof.theory.exceptions import InputError
from lossproof.theory.limits import MAX_STEP_WORK, PRECISIONS, constants_work, jacobian_work, pass_work
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

_VERIFIED_FROM_COLUMNS = 64
_SINGULAR_FROM_COLUMNS = 1_000
_SMALL_RESIDUAL = 1e-3
_BALL_COLUMNS = 400
_EXACT_ENTRIES = 4_000_000
_FORMAL_ENTRIES = 250_000
_DEEP_ENTRIES = 500
_FIRST_PRECISION, _LOW_PRECISION = 64, 256


@dataclass(frozen=True)
class Effort:
    """What the producers may spend: bits of balls, bytes of memory; and the ``place`` where they factor large matrices.

    ``report(done, total)`` is called as a long proof goes on, ``obstacle`` with what stood in the way of one.
    """

    seed: int
    max_precision: int
    most_bytes: int | None = None
    report: Report | None = None
    obstacle: Callable[[str], None] | None = None
    place: Workplace = IN_MEMORY


def rank_evidence(problem: Problem, weights: Weights | None, matrix: str, effort: Effort, *, enough: int) -> Iterator[RankEvidence]:
    """Yield proved bounds of the rank of a named matrix at a point until the caller stops; ``weights`` may be None for ``Phi-0`` and ``Phi-0+``.

    ``enough`` is a known upper bound: a lower bound that reaches it decides. Nothing is yielded where no producer applies, or where a checker would count more
    than the work of a step. Raises `InputError` without weights for a matrix that depends on them.
    """
    if weights is None:
        if matrix not in ("Phi-0", "Phi-0+"):
            raise InputError(f"the matrix {matrix} depends on the weights, got none: give weights")
        yield from _rational_bounds(named_matrix(problem, None, matrix, RationalField()), ExactWork(0, 0), effort.seed)
        return
    rows, columns = matrix_size(problem, matrix)
    kind, layer, _ = parsed_name(problem, matrix)
    if (kind == "P" or (kind == "Phi" and layer > 0)) and enough == columns and columns >= _VERIFIED_FROM_COLUMNS:
        yield from _verified(problem, weights, matrix, effort)
    if rows * columns > _EXACT_ENTRIES or _pass_work(problem, weights, matrix, PRECISIONS[0]) > MAX_STEP_WORK // 2:
        return
    if _heights_explode(problem, matrix, rows * columns):
        found = _ball_rank(problem, weights, matrix, (_FIRST_PRECISION, min(_LOW_PRECISION, effort.max_precision)), enough)
        if found is not None:
            yield found
    exact = _rational_matrix(problem, weights, matrix)
    if exact is not None and exact[1].is_allowed:
        yield from _rational_bounds(*exact, effort.seed)
        return
    if exact is None and has_function_field(problem, weights, matrix):
        bounds = function_field_rank(problem, weights, matrix, effort.seed)
        yield from (bound for bound in bounds if bound is not None)
        if bounds[0] is not None:
            return
    yield from _balls_and_formal_kernels(problem, weights, matrix, enough, effort.max_precision)


def _rational_bounds(matrix: Array, entries: ExactWork, seed: int) -> Iterator[RankEvidence]:
    """Yield the rank of a rational matrix from both sides, ``entries`` being the work of its entries for a checker."""
    lower, upper = (None if found is None else replace(found, rigor=entries.rigor) for found in rational_rank(matrix, seed))
    if lower is not None:
        yield lower
    if upper is not None:
        vectors = [[Fraction(entry) for entry in vector] for vector in upper.payload["vectors"]]
        if products_are_allowed(matrix if upper.payload["side"] == "right" else matrix.T, vectors, entries):
            yield upper


def _balls_and_formal_kernels(problem: Problem, weights: Weights, matrix: str, enough: int, max_precision: int) -> Iterator[RankEvidence]:
    """Balls of low precision, then exact kernel vectors, which may lower what is enough, then balls of rising precision."""
    rows, columns = matrix_size(problem, matrix)
    proved = 0
    for start, stop in ((_FIRST_PRECISION, min(_LOW_PRECISION, max_precision)), (2 * _LOW_PRECISION, max_precision)):
        if start <= stop and proved < enough:
            found = _ball_rank(problem, weights, matrix, (start, stop), enough)
            if found is not None:
                proved = max(proved, found.value)
                yield found
        if start == _FIRST_PRECISION and proved < enough and rows * columns <= _FORMAL_ENTRIES:
            kernels = _formal_kernels(problem, weights, matrix)
            enough = min([enough, *(kernel.value for kernel in kernels)])
            yield from kernels


def _formal_kernels(problem: Problem, weights: Weights, matrix: str) -> list[RankEvidence]:
    """Return upper bounds from rational vectors that annihilate the matrix formally, from the right and from the left."""
    field = FormalField()
    if parsed_name(problem, matrix)[0] == "W":
        formal, entries = in_field(lambda: named_matrix(problem, weights, matrix, field)), ExactWork(0, 0)
    else:
        evaluation = matrix_evaluation(problem, weights, matrix, field)
        formal = in_field(lambda: matrix_at(problem, evaluation, matrix))
        entries = ExactWork(0, 0) if formal is None else matrix_work(problem, evaluation, matrix)
    if formal is None or not entries.is_allowed:
        return []
    rigor = Rigor.BALL if field.table.used_balls else Rigor.EXACT
    found = (constant_kernel(formal, side, entries) for side in ("right", "left"))
    return [replace(kernel, rigor=rigor) for kernel in found if kernel is not None]


def _pass_work(problem: Problem, weights: Weights, matrix: str, bits: int) -> int:
    """Return the work of the pass in balls that gives the entries of a matrix, from above."""
    kind, layer, _ = parsed_name(problem, matrix)
    widths, T = problem.architecture.widths, problem.T
    passes = {"W": 0, "Phi": pass_work(widths[: layer + 1], T, bits)}
    return passes.get(kind, jacobian_work(widths, T, bits)) + pass_work(widths, 0, bits) + constants_work(constants_in(weights), bits)


def _heights_explode(problem: Problem, matrix: str, entries: int) -> bool:
    """Tell whether exact entries may have very many digits: rational numbers double in length with every hidden layer that is not piecewise linear."""
    a = problem.architecture
    deep = a.L >= 3 and not all(s.is_piecewise_linear for s in a.activations)
    return deep and entries > _DEEP_ENTRIES and not matrix.startswith("W") and matrix not in ("Phi-0", "Phi-0+")


def _ball_rank(problem: Problem, weights: Weights, matrix: str, precisions: tuple[int, int], enough: int) -> RankEvidence | None:
    start, cap = precisions
    stop = precision_within(lambda bits: _pass_work(problem, weights, matrix, bits), cap, MAX_STEP_WORK // 2)
    if min(matrix_size(problem, matrix)) > _BALL_COLUMNS or stop < start:
        return None
    return ball_rank(
        lambda bits: named_matrix(problem, weights, matrix, RoomyBallField(bits)), start=start, max_precision=stop, enough=enough
    )


def _verified(problem: Problem, weights: Weights, matrix: str, effort: Effort) -> Iterator[RankEvidence]:
    a, samples = problem.architecture, problem.samples
    kind, layer, suffix = parsed_name(problem, matrix)
    spent = effort.most_bytes, effort.report, effort.place
    if kind == "Phi":
        tried = attempt_independent_features(a, samples, weights, layer, *spent, ones=suffix == "+" and bool(a.bias_rows_of(layer + 1)))
    elif matrix == "P" and has_singular_value_evidence(problem, weights):
        tried = attempt_singular_value(a, samples, weights, *spent)
    else:
        tried = attempt_full_column_rank(a, samples, weights, None if matrix == "P" else layer, *spent)
    if tried.evidence is not None:
        yield tried.evidence
    elif effort.obstacle is not None:
        effort.obstacle(tried.obstacle)


def has_singular_value_evidence(problem: Problem, weights: Weights) -> bool:
    """Tell whether a bound of the smallest singular value is worth its price: 1,000 columns and more, and in doubles all residuals below 1/1000."""
    if problem.error.is_cross_entropy or problem.columns < _SINGULAR_FROM_COLUMNS or beyond_doubles(problem, weights) is not None:
        return False
    field = Float64Field()
    with np.errstate(all="ignore"):
        outputs = evaluate(problem.architecture, problem.samples, weights, field).phi[problem.architecture.L]
        return bool(np.abs(outputs - field.array(problem.samples.Y)).max() < _SMALL_RESIDUAL)


def _rational_matrix(problem: Problem, weights: Weights, matrix: str) -> tuple[Array, ExactWork] | None:
    """Return the matrix over Q and the work of its entries, or None. One sample is tried first: where its entries are irrational, the others need no look."""
    field = RationalField()
    if parsed_name(problem, matrix)[0] == "W":
        found = in_field(lambda: named_matrix(problem, weights, matrix, field))
        return None if found is None else (found, ExactWork(0, 0))
    first = replace(problem, samples=Samples(problem.samples.X[:1], problem.samples.Y[:1]))
    if in_field(lambda: named_matrix(first, weights, matrix, field)) is None:
        return None
    evaluation = matrix_evaluation(problem, weights, matrix, field)
    found = in_field(lambda: matrix_at(problem, evaluation, matrix))
    return None if found is None else (found, _entries_work(problem, weights, matrix, evaluation))


def _entries_work(problem: Problem, weights: Weights, matrix: str, evaluation: Evaluation) -> ExactWork:
    """Return the work of the entries for a checker, whose pass may meet numbers that are not rational, although these entries are."""
    found = in_field(lambda: matrix_work(problem, evaluation, matrix))
    if found is not None:
        return found
    formal = matrix_evaluation(problem, weights, matrix, FormalField())
    return in_field(lambda: matrix_work(problem, formal, matrix)) or TOO_MUCH
