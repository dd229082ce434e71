"""Full column rank of ``P``, of one of its blocks, or of the values of a hidden layer, proved in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.numerics.algebra.memory import features_bytes, gibibytes, gram_bytes
from lossproof.numerics.algebra.tiled_matrix import Report, tile_bytes
from lossproof.numerics.algebra.workplace import IN_MEMORY, Workplace
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.verified.balanced_rows import balanced_rows
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import enclose_numbers
from lossproof.numerics.verified.forward_backward import enclose_features, enclose_pass, may_share_polynomials
from lossproof.numerics.verified.gram import full_column_rank, smallest_singular_value
from lossproof.numerics.verified.preconditioned import preconditioned_bytes, preconditioned_full_column_rank
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import (
    MAX_GRAM_COLUMNS,
    MAX_GRAM_ENTRIES,
    MAX_GRAM_VALUES,
    MAX_INVERSE_COLUMNS,
    MAX_INVERSE_ENTRIES,
    MAX_STEP_WORK,
    features_work,
    flops_work,
    gram_work,
    inverse_work,
)
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

_SPARE = 4.0
_MOST_BYTES = 2**30
_OUT_OF_RANGE = "an entry of P, a weight or a unit is out of the range of the proof in doubles"


@dataclass(frozen=True)
class RankAttempt:
    """The evidence, or None and the ``obstacle``: what stood in the way, as words that follow "because"."""

    evidence: RankEvidence | None
    obstacle: str = ""


def verified_full_column_rank(
    architecture: Architecture,
    samples: Samples | Any,
    weights: Weights | Sequence[tuple[Any, Any]],
    *,
    block: int | None = None,
) -> RankEvidence | None:
    r"""Prove ``rank P = T n_L`` (or ``rank P-l = T n_L`` for ``block = l``) in double precision, or return None.

    ``samples`` is a sample set or inputs ``X`` of shape ``(T, n_0)``; ``weights`` are exact weights or a list of ``(W_l, b_l)``,
    ``b_l`` of length ``n_l`` or None. Arrays of doubles are exact, other exact numbers are enclosed. If the output activation's
    derivative vanishes nowhere it exists, each column is taken up to that non-zero factor.

    The forward pass and the factors ``Ψ_l`` are computed with BLAS and a-priori error bounds (``float_enclosures``), ``σ`` and ``σ'``
    are enclosed once for each unit and sample, and ``verified_gram`` proves ``σ_min > 0`` for all matrices within the
    enclosures, without forming ``P``. The cost is that of ``K`` and one Cholesky factorisation, ``O(T² n_L² Σ n_l + (T n_L)³/3)``.

    Where ``K`` is too ill-conditioned the rows of ``P`` are scaled (`balanced_rows`), and up to 6,000 columns ``P`` is formed and an approximate left inverse
    of it taken (`preconditioned_full_column_rank`): ``balanced`` and ``method`` of the rule `singular-value`, whose bound ``least`` is 0.

    The result is a proof under IEEE 754 arithmetic. None says nothing about the rank: the matrix may be singular or
    too ill-conditioned for doubles, have fewer rows than columns, a value out of range, or a derivative at or
    too near a kink. The bounds have a factor to spare, so that the independent checker, whose constants are coarser, agrees.
    `attempt_full_column_rank` also says what stood in the way.

    >>> xor = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> weights = [([[1.0, -2.0], [1.5, 0.5]], [0.25, -0.5]), ([[1.0], [2.0]], [0.0])]
    >>> verified_full_column_rank(Architecture.of("2-2-1", "tanh"), np.array(xor), weights).text
    'rank ≥ 4'
    >>> zero = [([[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0]), ([[0.0], [0.0]], [0.0])]
    >>> verified_full_column_rank(Architecture.of("2-2-1", "tanh"), np.array(xor), zero) is None
    True
    """
    return attempt_full_column_rank(architecture, samples, weights, block=block).evidence


def attempt_full_column_rank(
    architecture: Architecture,
    samples: Samples | Any,
    weights: Weights | Sequence[tuple[Any, Any]],
    block: int | None = None,
    most_bytes: int | None = None,
    report: Report | None = None,
    place: Workplace = IN_MEMORY,
) -> RankAttempt:
    """Do as `verified_full_column_rank`, within ``most_bytes`` of memory, and say what stood in the way; ``report(done, total)`` is called as it goes on."""
    if block is not None and not 1 <= block <= architecture.L:
        raise ValueError(f"the block must lie between 1 and {architecture.L}, got {block}: leave it out for the whole of P")
    inputs = enclose_numbers(samples.X if isinstance(samples, Samples) else samples)
    rows = architecture.N_net if block is None else architecture.fan_in(block) * architecture.widths[block]
    beside = gram_bytes(architecture, inputs.mid.shape[0], 0)
    obstacle = _too_large(architecture, inputs.mid.shape[0], rows, most_bytes, place)
    if obstacle:
        return RankAttempt(None, obstacle)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        try:
            found = enclose_pass(architecture, inputs, weights, strip_output=True)
        except NotDifferentiable as kink:
            return RankAttempt(None, str(kink))
        if not found.is_moderate():
            return RankAttempt(None, _OUT_OF_RANGE)
        blocks = found.blocks()
        chosen = blocks if block is None else [blocks[architecture.trained.index(block)]]
        work = inverse_work(architecture.widths, inputs.mid.shape[0], rows)
        size = rows, inputs.mid.shape[0] * architecture.n_L
        return _escalated(chosen, architecture.n_L, size, work, _left(most_bytes, beside), report, place)


def attempt_independent_features(
    architecture: Architecture,
    samples: Samples,
    weights: Weights,
    layer: int,
    most_bytes: int | None = None,
    report: Report | None = None,
    place: Workplace = IN_MEMORY,
    *,
    ones: bool,
) -> RankAttempt:
    r"""Do as `attempt_full_column_rank` for ``rank Φ_l = T``, the values of a hidden layer, with a row of ones or without.

    The matrix ``Φ_lᵀΦ_l`` has T rows where ``K`` has ``T n_L``: ``T³/3`` operations prove that ``P-(l+1)`` has full column rank, if the output derivative does
    not vanish and layer ``l + 1`` is the last.

    >>> from lossproof.theory.problem.weights import Weights
    >>> a, samples = Architecture.of("1-2-1", "tanh"), Samples.of([[0.0], [1.0], [2.0]], [0, 0, 0])
    >>> weights = Weights.of(a, [([[1.0, 2.0]], [0.5, -1.0]), ([[1.0], [1.0]], [0.0])])
    >>> attempt_independent_features(a, samples, weights, 1, ones=True).evidence.text
    'rank ≥ 3'
    """
    T, widths, rows = samples.T, architecture.widths[: layer + 1], architecture.widths[layer] + ones
    shared = may_share_polynomials(architecture, layer)
    obstacle = _features_too_large(widths, T, rows, most_bytes, place, shared=shared)
    if obstacle:
        return RankAttempt(None, obstacle)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        try:
            found = enclose_features(architecture, enclose_numbers(samples.X), weights, layer, ones=ones)
        except NotDifferentiable as kink:
            return RankAttempt(None, str(kink))
        if found is None:
            return RankAttempt(None, _OUT_OF_RANGE)
        if shared and not found.share_polynomials(widths, layer) and features_work(widths, T, shared=False) > MAX_STEP_WORK:
            return RankAttempt(None, _too_much_work(T, T * sum(widths)))
        work = features_work(widths, T, shared=False) + flops_work(12 * rows * T**2)
        room = _left(most_bytes, features_bytes(T, rows, 0))
        return _escalated([GramBlock(None, found.phi)], 1, (rows, T), work, room, report, place)


def _features_too_large(widths: tuple[int, ...], T: int, rows: int, most_bytes: int | None, place: Workplace, *, shared: bool) -> str:
    if rows < T:
        return f"there are fewer rows than columns, {rows} and {T}"
    if T > MAX_GRAM_COLUMNS or T * sum(widths) > MAX_GRAM_ENTRIES or features_work(widths, T, shared=shared) > MAX_STEP_WORK:
        return _too_much_work(T, T * sum(widths))
    return _too_much_memory(features_bytes(T, rows, 0), T, most_bytes, place)


def _escalated(
    blocks: list[GramBlock],
    n_L: int,
    size: tuple[int, int],
    work: int,
    most_bytes: int | None,
    report: Report | None,
    place: Workplace,
) -> RankAttempt:
    """Try ``K`` as it is, with rows scaled, and an approximate inverse of the matrix, of that size, where work and ``most_bytes`` allow it."""
    place = place.within(most_bytes)
    method, outcome = ("cholesky", False), full_column_rank(blocks, n_L, _SPARE, report, place)
    if not outcome.proved and outcome.shift is not None:
        balanced = balanced_rows(blocks)
        method, outcome = ("cholesky", True), full_column_rank(balanced, n_L, _SPARE, report, place)
        if not outcome.proved and outcome.shift is not None and work <= MAX_STEP_WORK and _has_room_for_inverse(*size, most_bytes):
            method, outcome = ("inverse", True), preconditioned_full_column_rank(balanced, n_L, _SPARE)
    if outcome.proved:
        return RankAttempt(_evidence(size[1], method, Fraction(0)))
    return RankAttempt(None, _OUT_OF_RANGE if outcome.shift is None else _below(method, outcome.shift))


def _left(most_bytes: int | None, factors: int) -> int | None:
    return None if most_bytes is None else max(0, most_bytes - factors)


def _evidence(columns: int, method: tuple[str, bool], least: Fraction) -> RankEvidence:
    payload = {"method": method[0], "balanced": method[1], "least": str(least)}
    return RankEvidence(columns, True, "singular-value", Rigor.VERIFIED_FLOAT, payload)


def _has_room_for_inverse(rows: int, columns: int, most_bytes: int | None) -> bool:
    """Tell whether a matrix of so many rows may be written out, here and for a checker."""
    allowed = columns <= MAX_INVERSE_COLUMNS and rows * columns <= MAX_INVERSE_ENTRIES
    return allowed and preconditioned_bytes(rows, columns) <= (_MOST_BYTES if most_bytes is None else most_bytes)


def attempt_singular_value(
    architecture: Architecture,
    samples: Samples,
    weights: Weights,
    most_bytes: int | None = None,
    report: Report | None = None,
    place: Workplace = IN_MEMORY,
) -> RankAttempt:
    """Do as `attempt_full_column_rank` for the whole of ``P`` by a bound of its smallest singular value, which a proof of an exact learner nearby can use.

    The rule `singular-value` has in its payload a double ``least`` with ``σ_min(P D) ≥ least``, ``D`` as in `smallest_singular_value`, and ``P`` with its
    output derivative. The cost is that of two factorisations in place of one.
    """
    obstacle = _too_large(architecture, samples.T, architecture.N_net, most_bytes, place)
    if obstacle:
        return RankAttempt(None, obstacle)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        try:
            found = enclose_pass(architecture, enclose_numbers(samples.X), weights, strip_output=False)
        except NotDifferentiable as kink:
            return RankAttempt(None, str(kink))
        if not found.is_moderate():
            return RankAttempt(None, _OUT_OF_RANGE)
        room = place.within(_left(most_bytes, gram_bytes(architecture, samples.T, 0)))
        bound = smallest_singular_value(found.blocks(), architecture.n_L, report, room)
    if bound is None:
        return RankAttempt(None, "the smallest singular value of P is too near 0 for double precision")
    return RankAttempt(_evidence(samples.T * architecture.n_L, ("cholesky", False), Fraction(bound.lower)))


def _too_large(architecture: Architecture, T: int, rows: int, most_bytes: int | None, place: Workplace) -> str:
    """Say why a proof with ``K`` is not begun, or return an empty text."""
    columns = T * architecture.n_L
    if columns > rows:
        return f"there are fewer rows than columns, {rows} and {columns}"
    if not allows_gram(architecture, T):
        return _too_much_work(columns, T * sum(architecture.widths))
    return _too_much_memory(gram_bytes(architecture, T, 0), columns, most_bytes, place)


def _too_much_work(columns: int, values: int) -> str:
    return f"a checker would count more than the work of a step for {columns:,} columns and {values:,} values of activations"


def _too_much_memory(factors: int, columns: int, most_bytes: int | None, place: Workplace) -> str:
    needed = factors + place.held_bytes(columns)
    if most_bytes is not None and needed > most_bytes:
        what = "one triangle of K" if place.holds_triangle else "some rows of tiles of K"
        return f"{what} and its factors take {gibibytes(needed)} of memory, more than the {gibibytes(most_bytes)} allowed"
    free = place.engine.free_bytes()
    if free is not None and tile_bytes(columns) > free:
        return f"one triangle of K takes {gibibytes(tile_bytes(columns))}, and the device of the engine {place.engine.name} has {gibibytes(free)} free"
    return ""


def allows_gram(a: Architecture, T: int) -> bool:
    """Tell whether a checker may be asked to factor ``K``.

    >>> allows_gram(Architecture.of("64-512-10"), 1797), allows_gram(Architecture.of("64-512-10"), 10_000)
    (True, False)
    """
    columns = T * a.n_L
    within = columns <= MAX_GRAM_COLUMNS and T * sum(a.widths) <= MAX_GRAM_VALUES and columns * sum(a.widths[1:]) <= MAX_GRAM_ENTRIES
    return within and gram_work(a.widths, T) <= MAX_STEP_WORK


def _below(method: tuple[str, bool], shift: float) -> str:
    if method[0] == "inverse":
        return f"no approximate left inverse X of P, its rows and columns scaled, is found with a bound of |I − XP| below 1 (four times it is {shift:.1e})"
    return (
        f"the smallest eigenvalue of K, with rows and columns of P scaled, is below {shift:.1e}, the shift that the rounding bounds ask for"
    )
