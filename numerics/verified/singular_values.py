r"""The singular values of ``P`` in doubles, with a proved bound of how far each may be off.

For a matrix M with n columns and at least as many rows, let U, S and V come from LAPACK, S in descending order, and let products with a-priori bounds show
``‖UᵀU − I‖ ≤ f < 1``, ``‖VᵀV − I‖ ≤ h < 1`` and ``‖MV − US‖ ≤ ε``. Then ``σ_k(US)`` is ``θ S_k`` and ``σ_k(MV)`` is ``η σ_k(M)`` with ``|θ − 1| ≤ f``,
``|η − 1| ≤ h`` (the singular values of U and of V lie there, and the k-th one of a product is at most the k-th of one factor times the norm of the other), and
``|σ_k(MV) − σ_k(US)| ≤ ε`` (Weyl). So ``|σ_k(M) − S_k| ≤ (f S_1 + ε + h S_1)/(1 − h)``.

For M the rounded products of the midpoints of ``Ψ_l ⊙ Φ_{l-1}``, ``‖P − M‖`` is at most the Euclidean norm of the bounds ``e`` of all columns
(`column_bounds`) and of ``u p`` for rounding, which is added (Weyl).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from lossproof.numerics.algebra.products import UNIT, Floats, gamma, times
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.verified.blocks import GramBlock, are_moderate, column_bounds
from lossproof.numerics.verified.enclosures import enclose_numbers, frobenius_bound, raised
from lossproof.numerics.verified.forward_backward import enclose_pass
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_MOST_WORK = 2 * 10**8


@dataclass(frozen=True)
class SingularValues:
    """All singular values of a matrix, largest first: the k-th is ``within`` some distance of the k-th of the ``values``, or near it where that is None."""

    values: tuple[float, ...]
    within: float | None


def enclosed_singular_values(M: Floats) -> tuple[Floats, float]:
    """Return numbers in descending order and a bound of how far each is from the singular value of its place; infinite where none is found.

    >>> values, error = enclosed_singular_values(np.array([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]))
    >>> values.round(9).tolist(), error < 1e-13
    ([4.0, 3.0], True)
    """
    M = M if len(M) >= M.shape[1] else np.ascontiguousarray(M.T)
    m, n = M.shape
    with threads_for(20 * m * n**2):
        try:
            U, S, Vt = np.linalg.svd(M, full_matrices=False)
        except np.linalg.LinAlgError:
            return np.zeros(n), np.inf
        V, top, norm = np.ascontiguousarray(Vt.T), float(S.max(initial=0.0)), frobenius_bound(M)
        f, h = (
            frobenius_bound(times(np.ascontiguousarray(Q.T), Q) - np.eye(n)) + gamma(len(Q) + 6) * (frobenius_bound(Q) ** 2 + n)
            for Q in (U, V)
        )
        epsilon = frobenius_bound(times(M, V) - U * S) + gamma(n + 6) * (norm * frobenius_bound(V) + frobenius_bound(U) * top)
    error = float(raised(np.asarray((f * top + epsilon + h * top) / (1 - h)), 16)) if max(f, h) < 0.5 else np.inf
    return np.sort(S)[::-1], error if isfinite(error) else np.inf


@np.errstate(all="ignore")
def enclosed_spectrum(problem: Problem, weights: Weights) -> SingularValues | None:
    """Return the singular values of ``P(W)`` with a proved bound: None at or near kinks, beyond moderate numbers, and where it would take long.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("2-1", "identity", bias="none")  # P has the samples as columns
    >>> problem = Problem(a, error_named("squared"), Samples.of([[3, 0], [0, 4]], [[1], [1]]))
    >>> found = enclosed_spectrum(problem, Weights.of(a, [([[1], [1]], [0])]))
    >>> [round(x, 9) for x in found.values], found.within < 1e-13
    ([4.0, 3.0], True)
    """
    a, columns = problem.architecture, problem.columns
    if a.N_net * columns * min(a.N_net, columns) > _MOST_WORK:
        return None
    try:
        blocks = enclose_pass(a, enclose_numbers(problem.samples.X), weights, strip_output=False, multiply=np.matmul).blocks()
    except NotDifferentiable:
        return None
    if not are_moderate(blocks):
        return None
    norms, errors = column_bounds(blocks, a.n_L)
    values, error = enclosed_singular_values(np.concatenate([_midpoints(block, a.n_L) for block in blocks]))
    within = float(raised(np.asarray(error + frobenius_bound(raised(errors + UNIT * norms, 2))), 2))
    return SingularValues(tuple(values.tolist()), within) if isfinite(within) else None


def _midpoints(block: GramBlock, n_L: int) -> Floats:
    """Return ``Ψ̂ ⊙ Φ̂`` in some order of its rows; the column of output j and sample i stands at ``j T + i``."""
    phi = block.phi.mid
    psi = np.repeat(np.eye(n_L)[:, None], len(phi), axis=1) if block.psi is None else block.psi.mid
    return np.asarray(np.einsum("jik,im->kmji", psi, phi).reshape(-1, n_L * len(phi)))
