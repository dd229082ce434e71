"""Full column rank of ``P`` or of one of its blocks, proved in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossproof.numerics.enclosed_pass import enclose_pass
from lossproof.numerics.evidence import RankEvidence
from lossproof.numerics.float_enclosures import enclose_numbers
from lossproof.numerics.verified_gram import MOST_COLUMNS, has_full_column_rank
from lossproof.theory.architecture import Architecture
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.samples import Samples
from lossproof.theory.verdicts import Rigor
from lossproof.theory.weights import Weights

MOST_VALUES = 5_000_000
"""More values of activations are refused, as the rule `rank-gram` does."""

_SPARE = 16.0


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
    derivative vanishes nowhere, each column is taken up to that non-zero factor.

    The forward pass and the factors ``Ψ_l`` are computed with BLAS and a-priori error bounds (``float_enclosures``), ``σ`` and ``σ'``
    are enclosed once for each unit and sample, and ``verified_gram`` proves ``σ_min > 0`` for all matrices within the
    enclosures, without forming ``P``. The cost is that of ``K`` and one Cholesky factorisation, ``O(T² n_L² Σ n_l + (T n_L)³/3)``.

    The result (rule `rank-gram`) is a proof under IEEE 754 arithmetic. None says nothing about the rank: the matrix may be singular or
    too ill-conditioned for doubles, have fewer rows than columns, more than 16,000 columns, a value out of range, or a derivative at or
    too near a kink. The bounds have a factor to spare, so that the independent checker, whose constants are coarser, agrees.

    >>> xor = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> weights = [([[1.0, -2.0], [1.5, 0.5]], [0.25, -0.5]), ([[1.0], [2.0]], [0.0])]
    >>> verified_full_column_rank(Architecture.of("2-2-1", "tanh"), np.array(xor), weights).text
    'rank ≥ 4'
    >>> zero = [([[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0]), ([[0.0], [0.0]], [0.0])]
    >>> verified_full_column_rank(Architecture.of("2-2-1", "tanh"), np.array(xor), zero) is None
    True
    """
    if block is not None and not 1 <= block <= architecture.L:
        raise ValueError(f"the block must lie between 1 and {architecture.L}, got {block}: leave it out for the whole of P")
    inputs = enclose_numbers(samples.X if isinstance(samples, Samples) else samples)
    columns = inputs.mid.shape[0] * architecture.n_L
    rows = architecture.N_net if block is None else architecture.fan_in(block) * architecture.widths[block]
    if columns > min(rows, MOST_COLUMNS) or inputs.mid.shape[0] * sum(architecture.widths) > MOST_VALUES:
        return None
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        try:
            blocks = enclose_pass(architecture, inputs, weights, strip_output=True).blocks()
        except NotDifferentiable:
            return None
        if has_full_column_rank(blocks if block is None else [blocks[block - 1]], architecture.n_L, _SPARE):
            return RankEvidence(columns, True, "rank-gram", Rigor.VERIFIED_FLOAT, {})
    return None
