"""What a proof with the Gram matrix will cost on this machine, before it is begun."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from lossproof.numerics.algebra.memory import features_bytes, gibibytes, gram_bytes
from lossproof.numerics.algebra.tiled_matrix import tile_bytes
from lossproof.numerics.algebra.workplace import Workplace
from lossproof.numerics.ranks.verified import allows_gram
from lossproof.theory.problem.architecture import Architecture

WORTH_SAYING = 4_000
"""Problems of fewer columns need no warning."""

_SIZE, _REPETITIONS = 1024, 3
_SHARE = 0.7
_FACTORISATIONS, _FACTORISATIONS_OF_TRAINING, _FACTORISATIONS_OF_VALUES = 4, 16, 2


@dataclass(frozen=True)
class CostEstimate:
    """About how many bytes are held at once, how many are put on disk, and how many seconds it takes, for a number of columns ``T n_L``."""

    columns: int
    memory: int
    seconds: float
    disk: int = 0

    @property
    def text(self) -> str:
        """The estimate in words."""
        minutes = self.seconds / 60
        time = f"{minutes:.0f} min" if minutes >= 1.5 else f"{self.seconds:.0f} s"
        disk = f", {gibibytes(self.disk)} of disk" if self.disk else ""
        return (
            f"T·n_L = {self.columns:,} columns: the proof takes about {gibibytes(self.memory)} of memory{disk} and {time} on this machine"
        )


def estimate_cost(architecture: Architecture, T: int, *, find_weights: bool = False, on_disk: bool = False) -> CostEstimate:
    """Return what `check_architecture` will take: some four factorisations of ``K``, with training 16 more, at 70 % of the rate of a matrix product now.

    Where ``K`` is more than a checker factors, and the last hidden layer has enough units, it is two of the T columns of their values. With the factor on
    disk, the memory is what is needed at least.

    >>> cost = estimate_cost(Architecture.of("64-512-10"), 1797)
    >>> cost.columns, cost.text.split(" on ")[0].split(" and ")[0]
    (17970, 'T·n_L = 17,970 columns: the proof takes about 1.9 GiB of memory')
    >>> costs = [estimate_cost(Architecture.of(w), T, on_disk=True) for w, T in (("64-512-10", 4000), ("20-12000-10", 10_000))]
    >>> [cost.text.split("about ")[1].split(" and ")[0] for cost in costs]
    ['1.9 GiB of memory, 6.1 GiB of disk', '5.1 GiB of memory']
    """
    n = T * architecture.n_L
    if architecture.L > 1 and architecture.fan_in(architecture.L) >= T and not allows_gram(architecture, T):
        rows = architecture.fan_in(architecture.L)
        flops = _FACTORISATIONS_OF_VALUES * (T**3 / 3 + float(T) ** 2 * rows)
        return CostEstimate(n, features_bytes(T, rows), flops / (_SHARE * _rate()))
    count = _FACTORISATIONS + (_FACTORISATIONS_OF_TRAINING if find_weights else 0)
    flops = count * (n**3 / 3 + float(n) ** 2 * sum(architecture.widths[1:]))
    seconds = flops / (_SHARE * _rate())
    if on_disk:
        return CostEstimate(n, gram_bytes(architecture, T, 0) + Workplace(folder=Path()).held_bytes(n), seconds, tile_bytes(n))
    return CostEstimate(n, gram_bytes(architecture, T, 2 if find_weights else 1), seconds)


def _rate() -> float:
    """Return the operations a second of a matrix product in doubles."""
    A = np.ones((_SIZE, _SIZE))
    out = np.empty_like(A)
    fastest = np.inf
    for _ in range(_REPETITIONS):
        start = perf_counter()
        np.matmul(A, A.T.copy(), out=out)
        fastest = min(fastest, perf_counter() - start)
    return 2 * _SIZE**3 / fastest
