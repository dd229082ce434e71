"""One cell of a sweep, and the proof of all cells of a group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from lossproof.certificates.claims import Claim
from lossproof.certificates.sweep_grid import SweepGroup
from lossproof.certificates.sweep_problem import prove_by_prover
from lossproof.numerics.generic_rank import generic_prime, generic_ranks, has_generic_point
from lossproof.numerics.independent_values import FAMILIES
from lossproof.theory.architecture import Architecture
from lossproof.theory.generic_rank_bound import generic_rank_bound
from lossproof.theory.verdicts import Rigor, Verdict, weakest

INDEPENDENT_VALUES = "full-rank-independent-values"


@dataclass(frozen=True)
class SweepCell:
    """One cell: an architecture, a number ``T`` of samples of a seed, and what is proved about ``rank P(W)`` for almost every ``W``.

    - ``widths`` (as ``"2-3-1"``), ``activation``, ``bias``, ``T``, ``seed``: what the cell is, enough to prove it again;
    - ``n_L``, ``N_net``, ``columns`` (``T n_L``);
    - ``rank_lower``: reached at almost every ``W`` if the activation is analytic, else at some ``W``; ``rank_upper``: holds at every ``W``;
    - ``rank``: the rank at almost every ``W`` where it is proved (``decided``), else None; ``deficiency``: ``T n_L − rank``, or None;
    - ``verdict``: of `full-rank` almost everywhere, ``PROVED``, ``REFUTED`` or ``UNDECIDED``;
    - ``reason``: the rule of the upper bound; ``method``: the rule of the lower bound; ``rigor``: the weakest of the two;
    - ``prime``, ``attempt``: of the lower bound, where a prime field gave it.
    """

    widths: str
    activation: str
    bias: str
    T: int
    seed: int
    n_L: int  # noqa: N815
    N_net: int
    columns: int
    rank_lower: int
    rank_upper: int
    rank: int | None
    deficiency: int | None
    verdict: str
    decided: bool
    reason: str
    method: str
    rigor: str
    prime: int | None
    attempt: int

    @property
    def group(self) -> SweepGroup:
        """The group of this cell alone."""
        return SweepGroup(tuple(int(n) for n in self.widths.split("-")), self.activation, self.bias, self.seed, (self.T,))


COLUMNS = tuple(field.name for field in fields(SweepCell))


def prove_task(groups: Iterable[SweepGroup]) -> dict[str, list[Any]]:
    """Return the cells of some groups, column by column. This is what a worker runs."""
    cells = [cell for group in groups for cell in prove_group(group)]
    return {name: [getattr(cell, name) for cell in cells] for name in COLUMNS}


def prove_group(group: SweepGroup) -> list[SweepCell]:
    """Return the proved cells of a group, in the order of its numbers of samples.

    One layer, hidden identity, powers, sigmoid and tanh: one elimination modulo a prime gives all lower bounds. Others: the prover of
    `check_architecture`, cell by cell.

    >>> from lossproof.certificates.sweep_grid import SweepGrid
    >>> cells = prove_group(SweepGrid.of("2-2-1", "3..10..2", "tanh", 0, "trainable").groups()[0])
    >>> [(cell.T, cell.rank, cell.verdict) for cell in cells]
    [(3, 3, 'PROVED'), (5, 5, 'PROVED'), (7, 7, 'PROVED'), (9, 9, 'PROVED')]
    """
    a = group.architecture
    if not has_generic_point(a):
        return [_cell_of_prover(group, a, T) for T in group.samples]
    uppers = [generic_rank_bound(a, T) for T in group.samples]
    lowers = generic_ranks(a, group.samples, group.seed, [value for value, _ in uppers])
    method = INDEPENDENT_VALUES if a.L >= 2 and a.activation.family in FAMILIES else "rank-minor"
    primes = {attempt: generic_prime(group.seed, attempt) for attempt in {attempt for _, attempt in lowers}}
    return [
        _cell(group, a, T, (lower, method), upper, Rigor.EXACT, _verdict(lower, upper[0], T * a.n_L), lower == upper[0], primes[attempt], attempt)
        for T, (lower, attempt), upper in zip(group.samples, lowers, uppers, strict=True)
    ]  # fmt: skip


def _verdict(lower: int, upper: int, columns: int) -> Verdict:
    return Verdict.PROVED if lower == columns else Verdict.REFUTED if upper < columns else Verdict.UNDECIDED


def _cell_of_prover(group: SweepGroup, a: Architecture, T: int) -> SweepCell:
    claim, lower, upper = prove_by_prover(a, T, group.seed)
    analytic = all(activation.analytic.holds for activation in a.activations)
    proved = claim.verdict is Verdict.PROVED
    decided = proved or (analytic and lower is not None and lower.value == upper.value)
    value, method = (0, "") if lower is None else (lower.value, lower.rule)
    rigor = weakest([upper.rigor, *(bound.rigor for bound in (lower,) if bound is not None), *_own(claim)])
    return _cell(
        group,
        a,
        T,
        (value, claim.rule if proved and not analytic else method),
        (upper.value, upper.rule),
        rigor,
        claim.verdict,
        decided,
        None,
        0,
    )


def _own(claim: Claim) -> list[Rigor]:
    return [] if claim.rigor is None else [claim.rigor]


def _cell(
    group: SweepGroup,
    a: Architecture,
    T: int,
    lower: tuple[int, str],
    upper: tuple[int, str],
    rigor: Rigor,
    verdict: Verdict,
    decided: bool,
    prime: int | None,
    attempt: int,
) -> SweepCell:
    columns, rank = T * a.n_L, lower[0] if decided else None
    return SweepCell(
        str(a), group.activation, group.bias, T, group.seed, a.n_L, a.N_net, columns, lower[0], upper[0], rank,
        None if rank is None else columns - rank, verdict.value, decided, upper[1], lower[1], rigor.value, prime, attempt,
    )  # fmt: skip
