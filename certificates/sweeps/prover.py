"""The problem of one cell of a sweep, and its proof by the prover of `check_architecture`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossproof.certificates.claims.full_rank import best_generic_bound, generic_claim_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.rank_bounds import generic_upper_bound
from lossproof.certificates.sweeps.data import SweepData
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.ranks.general_position import sweep_inputs
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.verdicts import Rigor

_PRECISION = 256


@dataclass(frozen=True)
class LowerBound:
    """A proved lower bound of a rank: its value, the rule that gives it, its rigor, and the prime and the attempt of a prime field."""

    value: int
    method: str
    rigor: Rigor
    prime: int | None = None
    attempt: int = 0


def cell_problem(architecture: Architecture, T: int, seed: int, data: SweepData | None = None) -> Problem:
    """Return the problem of a cell: the first ``T`` inputs of the seed, or of the data, targets 0 (no statement about ranks looks at them), squared error."""
    targets = ((Fraction(0),) * architecture.n_L,) * T
    inputs = sweep_inputs(architecture.widths[0], T, seed) if data is None else data.X[:T]
    return Problem(architecture, error_named("squared"), Samples(inputs, targets))


def cell_context(architecture: Architecture, T: int, seed: int, data: SweepData | None = None) -> tuple[ProofContext, Point]:
    """Return the context in which the ordinary prover decides a cell, and the point it looks at first."""
    problem = cell_problem(architecture, T, seed, data)
    return ProofContext(problem, seed, _PRECISION), Point(random_weights(problem, seed))


def prove_by_prover(
    architecture: Architecture, T: int, seed: int, data: SweepData | None = None
) -> tuple[Claim, RankBound | None, RankBound]:
    """Return the claim `full-rank` almost everywhere, and the best bounds of ``rank P``: at some ``W`` (or None), and at every ``W``."""
    context, point = cell_context(architecture, T, seed, data)
    lower = best_generic_bound(context, point)
    return generic_claim_of(context, lower, point), lower, generic_upper_bound(context)


def lowers_of_prover(architecture: Architecture, samples: Sequence[int], seed: int, bounds: Sequence[int]) -> list[LowerBound]:
    """Return lower bounds of the rank at almost every ``W``, for analytic activations and the first ``T`` samples of a seed, ``T`` in ``samples``.

    More samples have no smaller rank, and each sample less has at most ``n_L`` columns less. So full rank at one ``T`` gives it at all smaller ones, and
    a rank that reaches the largest of the upper ``bounds`` is that of all larger ones: the prover is asked there first, then where a bound is not reached.
    """
    proved: dict[int, LowerBound] = {}
    upper = dict(zip(samples, bounds, strict=True))
    for T in _telling_first(architecture, samples, bounds):
        if _follows(architecture, proved, T).value < upper[T]:
            claim, lower, _ = prove_by_prover(architecture, T, seed)
            if lower is not None:
                rigor = lower.rigor if claim.rigor is None else claim.rigor
                proved[T] = LowerBound(lower.value, lower.rule, rigor)
    return [_follows(architecture, proved, T) for T in samples]


def _telling_first(architecture: Architecture, samples: Sequence[int], bounds: Sequence[int]) -> Iterator[int]:
    full = [T for T, bound in zip(samples, bounds, strict=True) if bound == T * architecture.n_L]
    yield from full[-1:]
    yield next(T for T, bound in zip(samples, bounds, strict=True) if bound == max(bounds))
    yield from samples


def _follows(architecture: Architecture, proved: dict[int, LowerBound], T: int) -> LowerBound:
    """Return the best bound at ``T`` that follows from those proved at other numbers of samples."""
    best = LowerBound(0, "", Rigor.EXACT)
    for known, bound in proved.items():
        value = bound.value - max(0, known - T) * architecture.n_L
        if value > best.value:
            best = LowerBound(value, bound.method, bound.rigor)
    return best
