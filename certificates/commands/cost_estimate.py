"""What a proof with the Gram matrix will cost on this machine, before it is begun."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from lossproof.numerics.algebra.memory import gibibytes, gram_bytes
from lossproof.theory.problem.architecture import Architecture

WORTH_SAYING = 4_000
"""Problems of fewer columns need no warning."""

_SIZE, _REPETITIONS = 1024, 3
_SHARE = 0.7
_FACTORISATIONS, _FACTORISATIONS_OF_TRAINING = 4, 16


@dataclass(frozen=True)
class CostEstimate:
    """About how many bytes are held at once, and how many seconds it takes, for a number of columns ``T n_L``."""

    columns: int
    memory: int
    seconds: float

    @property
    def text(self) -> str:
        """The estimate in words."""
        minutes = self.seconds / 60
        time = f"{minutes:.0f} min" if minutes >= 1.5 else f"{self.seconds:.0f} s"
        return f"T·n_L = {self.columns:,} columns: the proof takes about {gibibytes(self.memory)} of memory and {time} on this machine"


def estimate_cost(architecture: Architecture, T: int, *, find_weights: bool = False) -> CostEstimate:
    """Return what `check_architecture` will take: some four factorisations of ``K``, with training 16 more, at 70 % of the rate of a matrix product now.

    >>> cost = estimate_cost(Architecture.of("64-512-10"), 1797)
    >>> cost.columns, cost.text.split(" on ")[0].split(" and ")[0]
    (17970, 'T·n_L = 17,970 columns: the proof takes about 1.9 GiB of memory')
    """
    n = T * architecture.n_L
    count = _FACTORISATIONS + (_FACTORISATIONS_OF_TRAINING if find_weights else 0)
    flops = count * (n**3 / 3 + float(n) ** 2 * sum(architecture.widths[1:]))
    return CostEstimate(n, gram_bytes(architecture, T, 2 if find_weights else 1), flops / (_SHARE * _rate()))


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
