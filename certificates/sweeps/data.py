"""The inputs of a user's own for a sweep."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from lossproof.certificates.inputs.sizes import require_few_samples
from lossproof.numerics.ranks.general_position import MOST_SAMPLES
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.samples import Row, exact_rows
from lossproof.theory.rationals import rational_text


@dataclass(frozen=True)
class SweepData:
    """Inputs ``X`` of shape ``(T, n_0)``, exactly, of which a cell takes the first rows; their name for headings, and their SHA-256."""

    X: tuple[Row, ...] = field(repr=False)
    name: str
    digest: str

    @staticmethod
    def of(X: Any, name: str = "") -> SweepData:
        """Read inputs in any container that `plain_values` knows. Raises `InputError`, also for more than 2000 rows.

        >>> data = SweepData.of([[0, "1/2"], [1, 3]])
        >>> data.T, data.n_0, data.digest[:8]
        (2, 2, '080c575a')
        """
        require_few_samples(X, [])
        rows = exact_rows(X, "X")
        if len(rows) > MOST_SAMPLES:
            raise InputError(f"a sweep takes at most {MOST_SAMPLES} samples, got {len(rows)} rows in X: give the first ones")
        text = "\n".join(" ".join(map(rational_text, row)) for row in rows)
        return SweepData(rows, name, hashlib.sha256(text.encode()).hexdigest())

    @property
    def T(self) -> int:
        """The number of samples."""
        return len(self.X)

    @property
    def n_0(self) -> int:
        """The number of inputs of a sample."""
        return len(self.X[0])
