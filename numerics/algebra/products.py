"""Products of matrices of doubles by the BLAS of SciPy, which also factors: idle threads of a second library would slow it down."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import blas

Floats: TypeAlias = npt.NDArray[np.float64]
UNIT = 2.0**-53


_Floats = npt.NDArray[np.float64]


def times(A: _Floats, B: _Floats) -> _Floats:
    """Return ``A B``.

    >>> times(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    if 0 in (*A.shape, *B.shape):
        return np.zeros((A.shape[0], B.shape[1]))
    return np.asarray(blas.dgemm(1.0, B.T, A.T).T)


def times_transposed(A: _Floats, B: _Floats, out: _Floats) -> None:
    """Write ``A Bᵀ`` to ``out``, which must lie in one piece of memory."""
    if not out.flags.c_contiguous:
        raise ValueError("the result must lie in one piece of memory, got a part of a larger array: write to a buffer first")
    if out.size and A.shape[1]:
        put(blas.dgemm(1.0, B.T, A.T, trans_a=1, c=out.T, overwrite_c=1).T, out)
    else:
        out.fill(0)


def put(result: _Floats, place: _Floats) -> None:
    """Leave in ``place`` what a routine of BLAS or LAPACK returned: to overwrite its argument is a permission, of which it need not make use.

    >>> place = np.zeros(2)
    >>> put(np.array([1.0, 2.0]), place)
    >>> place.tolist()
    [1.0, 2.0]
    """
    if not np.may_share_memory(result, place):
        np.copyto(place, result)


def gamma(k: int) -> float:
    """Return an upper bound of ``γ_k = k u/(1 − k u)`` for ``k ≤ 2^30``: the factor ``1 + 2^-20`` covers ``1/(1 − k u)`` and the rounding."""
    return k * UNIT * (1 + 2.0**-20)
