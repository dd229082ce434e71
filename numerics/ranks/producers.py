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

import numpy as np

from lossproof.numerics.algebra.tiled_cholesky import Report
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import Array, in_field
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.matrices import named_matrix
from lossproof.numerics.network.pass_limits import (
    FORWARD_PRODUCTS,
    forward_products,
)
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.numerics.ranks.function_field import function_field_rank, has_function_field
from lossproof.numerics.ranks.rational import rational_rank
from lossproof.numerics.ranks.verified import attempt_full_column_rank, attempt_singular_value
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

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
    """What the producers may spend: bits of balls, bytes of memory.

    ``report(done, total)`` is called as a long proof goes on, ``obstacle`` with what stood in the way of one.
    """

    seed: int
    max_precision: int
    most_bytes: int | None = None
    report: Report | None = None
    obstacle: Callable[[str], None] | None = None


def rank_evidence(problem: Problem, weights: Weights, matrix: str, effort: Effort, *, enough: int) -> Iterator[RankEvidence]:
    """Yield proved bounds of the rank of a named matrix at a point until the caller stops.

    ``enough`` is a known upper bound: a lower bound that reaches it decides. Nothing is yielded where no producer applies.
    """
    seed, max_precision = effort.seed, effort.max_precision
    rows, columns = matrix_size(problem, matrix)
    kind = matrix.partition("-")[0]
    if kind == "P" and enough == columns and columns >= _VERIFIED_FROM_COLUMNS:
        yield from _verified(problem, weights, matrix, effort)
    needs_pass = kind != "W" and matrix not in ("Phi-0", "Phi-0+")
    if rows * columns > _EXACT_ENTRIES or (needs_pass and forward_products(problem) > FORWARD_PRODUCTS):
        return
    if _heights_explode(problem, matrix, rows * columns):
        found = _ball_rank(problem, weights, matrix, (_FIRST_PRECISION, min(_LOW_PRECISION, max_precision)), enough)
        if found is not None:
            yield found
    exact = _rational_matrix(problem, weights, matrix)
    if exact is not None:
        yield from (bound for bound in rational_rank(exact, seed) if bound is not None)
        return
    if has_function_field(problem, weights, matrix):
        bounds = function_field_rank(problem, weights, matrix, seed)
        yield from (bound for bound in bounds if bound is not None)
        if bounds[0] is not None:
            return
    yield from _balls_and_formal_kernels(problem, weights, matrix, enough, max_precision)


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
            formal = in_field(lambda: named_matrix(problem, weights, matrix, FormalField()))
            kernels = [] if formal is None else [k for side in ("right", "left") if (k := constant_kernel(formal, side)) is not None]
            enough = min([enough, *(kernel.value for kernel in kernels)])
            yield from kernels


def _heights_explode(problem: Problem, matrix: str, entries: int) -> bool:
    """Tell whether exact entries may have very many digits: rational numbers double in length with every hidden layer."""
    return problem.architecture.L >= 3 and entries > _DEEP_ENTRIES and not matrix.startswith("W") and matrix not in ("Phi-0", "Phi-0+")


def _ball_rank(problem: Problem, weights: Weights, matrix: str, precisions: tuple[int, int], enough: int) -> RankEvidence | None:
    if min(matrix_size(problem, matrix)) > _BALL_COLUMNS:
        return None
    start, stop = precisions
    return ball_rank(lambda bits: named_matrix(problem, weights, matrix, BallField(bits)), start=start, max_precision=stop, enough=enough)


def _verified(problem: Problem, weights: Weights, matrix: str, effort: Effort) -> Iterator[RankEvidence]:
    a, samples = problem.architecture, problem.samples
    if matrix == "P" and has_singular_value_evidence(problem, weights):
        tried = attempt_singular_value(a, samples, weights, most_bytes=effort.most_bytes, report=effort.report)
    else:
        block = None if matrix == "P" else int(matrix.partition("-")[2])
        tried = attempt_full_column_rank(a, samples, weights, block=block, most_bytes=effort.most_bytes, report=effort.report)
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


def _rational_matrix(problem: Problem, weights: Weights, matrix: str) -> Array | None:
    """Return the matrix over Q, or None. One sample is tried first: where its entries are irrational, the others need no look."""
    first = replace(problem, samples=Samples(problem.samples.X[:1], problem.samples.Y[:1]))
    if in_field(lambda: named_matrix(first, weights, matrix, RationalField())) is None:
        return None
    return in_field(lambda: named_matrix(problem, weights, matrix, RationalField()))
