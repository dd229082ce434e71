"""One cell of a sweep, and the proof of all cells of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from lossproof.certificates.proof.nodes import RankBound
from lossproof.certificates.sweeps.grid import SweepGroup
from lossproof.certificates.sweeps.prover import LowerBound, lowers_of_prover, prove_by_prover
from lossproof.numerics.ranks.generic import generic_prime, generic_ranks, has_generic_point
from lossproof.theory.bounds.structural import generic_rank_bound
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.verdicts import Rigor, Verdict, weakest


@dataclass(frozen=True)
class SweepCell:
    """One cell: an architecture, a number ``T`` of samples of a seed, and what is proved about ``rank P(W)`` for almost every ``W``.

    - ``widths`` (as ``"2-3-1"``), ``activation`` and ``bias`` (where layers differ as ``"tanh+relu"``), ``T``, ``seed``: what the cell is, enough to prove it
      again, with the data of a user's own;
    - ``n_L``, ``N_net``, ``columns`` (``T n_L``);
    - ``rank_lower``: reached at almost every ``W`` if the activation is analytic, else at some ``W``; ``rank_upper``: holds at every ``W``;
    - ``rank``: the rank at almost every ``W`` where it is proved (``decided``), else None; ``deficiency``: ``T n_L − rank``, or None;
    - ``verdict``: of `full-rank` almost everywhere, ``PROVED``, ``REFUTED`` or ``UNDECIDED``;
    - ``reason``: the rule of the upper bound; ``method``: the rule of the lower bound; ``rigor``: the weakest of the two;
    - ``prime``, ``attempt``: of the lower bound, where a prime field gave it;
    - ``checked``: whether the checker of certificates has accepted the cell's before the table was returned.

    >>> from lossproof.certificates.sweeps.sweep import sweep
    >>> next(iter(sweep("2-1-1", "6", workers=0)))
    <SweepCell 2-1-1, tanh, bias trainable, T = 6, seed 0: rank 5 of 6, REFUTED>
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
    checked: bool = False

    def __repr__(self) -> str:
        rank = f"rank {self.rank}" if self.rank is not None else f"rank from {self.rank_lower} to {self.rank_upper}"
        return f"<SweepCell {self.widths}, {self.activation}, bias {self.bias}, T = {self.T}, seed {self.seed}: {rank} of {self.columns}, {self.verdict}>"

    @property
    def group(self) -> SweepGroup:
        """The group of this cell alone."""
        return SweepGroup(tuple(int(n) for n in self.widths.split("-")), self.activation, self.bias, self.seed, (self.T,))


COLUMNS = tuple(field.name for field in fields(SweepCell))


def prove_group(group: SweepGroup) -> list[SweepCell]:
    """Return the proved cells of a group, in the order of its numbers of samples.

    One layer, hidden identity, powers, sigmoid and tanh: one elimination modulo a prime gives all lower bounds. Others: the prover of
    `check_architecture`; for analytic ones at a few numbers of samples, from which the others follow. With ``group.data`` it is asked for each cell, as a
    user's own samples may lie in special position.

    >>> from lossproof.certificates.sweeps.grid import SweepGrid
    >>> cells = prove_group(SweepGrid.of("2-2-1", "3..10..2", "tanh", 0, "trainable").groups()[0])
    >>> [(cell.T, cell.rank, cell.verdict) for cell in cells]
    [(3, 3, 'PROVED'), (5, 5, 'PROVED'), (7, 7, 'PROVED'), (9, 9, 'PROVED')]
    """
    a = group.architecture
    if group.data is not None or not _is_analytic(a):
        return [_cell_by_prover(group, a, T) for T in group.samples]
    uppers = [generic_rank_bound(a, T) for T in group.samples]
    bounds = [value for value, _ in uppers]
    lowers = _lowers_of_prime_field(group, a, bounds) if has_generic_point(a) else lowers_of_prover(a, group.samples, group.seed, bounds)
    cells = []
    for T, lower, upper in zip(group.samples, lowers, uppers, strict=True):
        full, short = lower.value == T * a.n_L, upper[0] < T * a.n_L
        verdict = Verdict.PROVED if full else Verdict.REFUTED if short else Verdict.UNDECIDED
        cells.append(_cell(group, a, T, lower, upper, verdict, decided=lower.value == upper[0]))
    return cells


def _lowers_of_prime_field(group: SweepGroup, a: Architecture, bounds: Sequence[int]) -> list[LowerBound]:
    found = generic_ranks(a, group.samples, group.seed, bounds)
    primes = {attempt: generic_prime(group.seed, attempt) for attempt in {attempt for _, attempt in found}}
    return [LowerBound(rank, "rank-minor", Rigor.EXACT, primes[attempt], attempt) for rank, attempt in found]


def _is_analytic(a: Architecture) -> bool:
    return all(activation.analytic.holds for activation in a.activations)


def _cell_by_prover(group: SweepGroup, a: Architecture, T: int) -> SweepCell:
    """One cell alone. A lower bound at some ``W`` is one for almost every ``W`` where the network is analytic; else the rank is decided only where every
    region is.
    """
    claim, lower, upper = prove_by_prover(a, T, group.seed, group.data)
    decided = claim.verdict is Verdict.PROVED or (_is_analytic(a) and lower is not None and lower.value == upper.value)
    rule = next((bound.rule for bound in claim.premises if decided and isinstance(bound, RankBound)), "")
    value, method = (0, "") if lower is None else (lower.value, rule or lower.rule)
    rigors = [node.rigor for node in (lower, upper, claim) if node is not None and node.rigor is not None]
    return _cell(group, a, T, LowerBound(value, method, weakest(rigors)), (upper.value, upper.rule), claim.verdict, decided=decided)


def _cell(
    group: SweepGroup, a: Architecture, T: int, lower: LowerBound, upper: tuple[int, str], verdict: Verdict, *, decided: bool
) -> SweepCell:
    columns, rank = T * a.n_L, lower.value if decided else None
    return SweepCell(
        str(a), group.activation, group.bias, T, group.seed, a.n_L, a.N_net, columns, lower.value, upper[0], rank,
        None if rank is None else columns - rank, verdict.value, decided, upper[1], lower.method, lower.rigor.value, lower.prime, lower.attempt,
    )  # fmt: skip
