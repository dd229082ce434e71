"""How much memory a proof with the Gram matrix takes, and how much there is."""

from __future__ import annotations

import psutil

from lossproof.numerics.algebra.tiled_matrix import tile_bytes
from lossproof.theory.problem.architecture import Architecture

_COPIES, _COPIES_OF_FEATURES, _COPIES_OF_A_PASS = 5, 5, 16
_BASE = 3 * 2**26


def gram_bytes(architecture: Architecture, T: int, triangles: int = 1) -> int:
    r"""Return about how many bytes a proof with ``K`` takes, from above.

    These are ``8 n²/2`` a triangle, ``n = T n_L``; midpoints and radii of ``Ψ_l``, also with rows scaled, and once with columns scaled; what a pass holds
    of its units; and the interpreter with its libraries.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> gibibytes(gram_bytes(Architecture.of("64-512-10"), 1797))
    '1.9 GiB'
    """
    n = T * architecture.n_L
    hidden = sum(architecture.widths[1:-1])
    return triangles * tile_bytes(n) + 8 * (_COPIES * n * hidden + _COPIES_OF_A_PASS * T * sum(architecture.widths)) + _BASE


def features_bytes(T: int, rows: int, triangles: int = 1) -> int:
    """Return about how many bytes a proof with ``ΦᵀΦ`` takes, for a Φ of so many rows: one triangle, the enclosed Φ and its copies.

    >>> gibibytes(features_bytes(10_000, 12_001))
    '5.1 GiB'
    """
    return triangles * tile_bytes(T) + 8 * _COPIES_OF_FEATURES * T * rows + _BASE


def available_bytes() -> int:
    """Return the memory that the system can give without swapping."""
    return int(psutil.virtual_memory().available)


def gibibytes(count: int) -> str:
    """Return a number of bytes as a reader takes it in.

    >>> gibibytes(3 * 2**29)
    '1.5 GiB'
    """
    return f"{count / 2**30:.1f} GiB"
