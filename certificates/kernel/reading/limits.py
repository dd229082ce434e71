"""The limits of the work that a step may ask for."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from lossproof.certificates.kernel.reading.parse import Rejected

MAX_ENTRIES = 2**24


MAX_BALL_WORK = 2**40
PRECISIONS = (53, 2**20)


Array: TypeAlias = "np.ndarray[Any, Any]"
MAX_WORK = 5 * 10**7
MAX_FORWARD_WORK = 2 * 10**8
MAX_BIT_WORK = 2**36
SIGN_PRECISION = 1024
MAX_GRAM_COLUMNS = 60_000
MAX_GRAM_BYTES = 2**34
"""Of the triangle of K, ``4 n²`` bytes, and five copies of the ``Ψ_l``: fixed, so that what is accepted does not depend on the machine."""


def limit(amount: int, most: int, what: str) -> None:
    """Raise `Rejected` with the code ``limit`` when a step asks for too much work or memory."""
    if amount > most:
        raise Rejected("evidence", "limit", f"{what} is {amount}, at most {most} is allowed")
