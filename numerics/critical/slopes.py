"""The Hessian at a point as a linear map, estimated in doubles: factored by Cholesky where it is positive definite, and by its eigenvectors elsewhere.

The eigenvectors of a large matrix take some ten times as long as elimination, which serves where no damping is asked for. Parameters that change nothing, such
as weights of an input that is 0 in all samples, have rows of zeros: they are left out, and stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetrs
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_cholesky import factor_in_place, solve_factored
from lossproof.numerics.algebra.tiled_matrix import TiledMatrix, tile_rows, tile_starts, tiled
from lossproof.numerics.fields.field import Array

_TOLERANCE = 1e-3
_LANCZOS_ROWS = 200


@dataclass(frozen=True, eq=False)
class Slopes:
    """A symmetric matrix H of doubles by the parameters ``free``, with its factor of Cholesky; None where that does not exist.

    >>> H = Slopes.of(np.array([[9.0, 7.0], [7.0, 4.0]]), np.array([0, 2]))
    >>> H.negative, round(H.least, 6), round(H.margin(), 6), H.step(np.array([16.0, 5.0, 11.0])).round(6).tolist()
    (1, 0.933034, 0.933034, [1.0, 0.0, 1.0])
    """

    H: Array
    free: Array
    factor: TiledMatrix | None

    @staticmethod
    def of(H: Array, free: Array) -> Slopes:
        """Factor a symmetric matrix."""
        n = len(H)
        L = tiled(tile_starts(n, tile_rows(n)) if n else (0,), lambda rows, columns: H[rows, columns].copy())
        return Slopes(H, free, L if factor_in_place(L) else None)

    @cached_property
    def _live(self) -> Array:
        """The rows that are not 0."""
        return np.flatnonzero(self.H.any(axis=1))

    @cached_property
    def _live_part(self) -> Array:
        return self.H if len(self._live) == len(self.H) else self.H[np.ix_(self._live, self._live)]

    @cached_property
    def eigen(self) -> tuple[Array, Array]:
        """The eigenvalues in increasing order, and the eigenvectors, of the rows that are not 0. Raises `LinAlgError` where LAPACK finds none."""
        with threads_for(10 * len(self._live) ** 3):
            values, vectors = np.linalg.eigh(self._live_part)
        return values, vectors

    @cached_property
    def _elimination(self) -> Callable[[Array], Array] | None:
        """The inverse by elimination, of rows that are not 0 in a large matrix that is not positive definite; None where there is none."""
        n = len(self._live)
        if self.is_definite or n <= _LANCZOS_ROWS:
            return None
        with threads_for(n**3):
            factors, pivots, singular = dgetrf(self._live_part)
            regular = not singular and np.isfinite(dgetrs(factors, pivots, np.ones(n))[0]).all()
        return (lambda g: np.asarray(dgetrs(factors, pivots, g)[0])) if regular else None

    @property
    def is_definite(self) -> bool:
        """Whether H is positive definite as far as its factorisation tells."""
        return self.factor is not None

    @property
    def negative(self) -> int:
        """The number of negative eigenvalues."""
        return 0 if self.is_definite else int(np.sum(self.eigen[0] < 0))

    @cached_property
    def least(self) -> float:
        """About the least size of an eigenvalue: of a positive definite matrix by Lanczos steps with its inverse."""
        L, n = self.factor, len(self.H)
        if len(self._live) < n:
            return 0.0
        if L is not None and n > _LANCZOS_ROWS:
            inverse = LinearOperator((n, n), matvec=lambda x: solve_factored(L, x), dtype=np.float64)
            try:
                (largest,) = eigsh(inverse, 1, which="LA", v0=np.ones(n), tol=_TOLERANCE, return_eigenvectors=False)
                return 1 / float(largest)
            except ArpackError:
                pass
        return float(np.min(np.abs(self.eigen[0]), initial=np.inf))

    def margin(self) -> float:
        """Return `least`, without the eigenvectors."""
        if self.is_definite or len(self._live) < len(self.H):
            return self.least
        with threads_for(2 * len(self.H) ** 3):
            values = np.linalg.eigvalsh(self.H)
        return float(np.min(np.abs(values), initial=np.inf))

    def newton_step(self, g: Array) -> Array:
        """Return `step` without damping, by elimination where H is large."""
        if self._elimination is None:
            return self.step(g)
        found = np.zeros(len(g))
        found[self.free[self._live]] = self._elimination(g[self.free[self._live]])
        return found

    def step(self, g: Array, damping: float = 0.0) -> Array:
        """Return ``H (H² + μ)⁻¹ g``, μ the damping times the largest square of an eigenvalue, and 0 for the parameters that are held."""
        found = np.zeros(len(g))
        if self.factor is not None and damping == 0:
            found[self.free] = solve_factored(self.factor, g[self.free])
            return found
        values, vectors = self.eigen
        squares = values**2
        ratio = values / np.maximum(squares + damping * np.max(squares, initial=0.0), 1e-300)
        live = self.free[self._live]
        found[live] = vectors @ (ratio * (vectors.T @ g[live]))
        return found
