"""Truncated power series in t whose coefficients are arrays over a ring, products of such arrays, and differential systems solved in series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

Array: TypeAlias = "np.ndarray[Any, Any]"
Rates: TypeAlias = "Callable[[Any, Any, tuple[Any, ...]], tuple[Any, ...]]"


class Commutative:
    """The operations that follow from ``+`` and ``*``."""

    __slots__ = ()
    __add__: Any
    __mul__: Any

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __neg__(self) -> Any:
        return self * (-1)

    def __sub__(self, other: Any) -> Any:
        return self + (-1) * other

    def __rsub__(self, other: Any) -> Any:
        return -self + other


class Series(Commutative):
    """``c_0 + c_1 t + … + c_m t^m``, with everything beyond ``t^m`` dropped; the coefficients are object arrays that broadcast against each other.

    So ``c_0`` may have shape ``(T, n)`` and ``c_1`` shape ``(N, T, n)``: the derivatives along N directions at once. Other operands of
    ``+ − * @`` are constants: arrays or elements of the ring.
    """

    __slots__ = ("coefficients",)
    __array_ufunc__ = None

    def __init__(self, coefficients: Sequence[Array]) -> None:
        self.coefficients = tuple(coefficients)

    @property
    def order(self) -> int:
        """The order m of the last coefficient kept."""
        return len(self.coefficients) - 1

    def map(self, change: Callable[[Array], Array]) -> Series:
        """Apply a linear map, such as a sum over an axis, to every coefficient."""
        return Series([change(c) for c in self.coefficients])

    def head(self, order: int) -> Series:
        """Return the series with everything beyond ``t^order`` dropped."""
        return Series(self.coefficients[: order + 1])

    def derivative(self) -> Series:
        """Return the derivative by t, known to one order less."""
        return Series([c * fmpq(k) for k, c in enumerate(self.coefficients) if k > 0])

    @property
    def T(self) -> Series:
        """The transpose of every coefficient, in the last two axes."""
        return self.map(lambda c: np.swapaxes(c, -1, -2))

    def total(self, axis: int) -> Series:
        """Return the sum over an axis (counted from the end), which is kept with length 1."""
        return self.map(lambda c: np.sum(c, axis=axis, keepdims=True))

    def __add__(self, other: Any) -> Series:
        if isinstance(other, Series):
            return Series([a + b for a, b in zip(self.coefficients, other.coefficients, strict=True)])
        return Series([self.coefficients[0] + other, *self.coefficients[1:]])

    def __mul__(self, other: Any) -> Series:
        return _convolve(np.multiply, self, other) if isinstance(other, Series) else self.map(lambda c: c * other)

    def __matmul__(self, other: Any) -> Series:
        return _convolve(product, self, other) if isinstance(other, Series) else self.map(lambda c: product(c, other))

    def __rmatmul__(self, other: Any) -> Series:
        return self.map(lambda c: product(other, c))


def constant_term(value: Any, shape: tuple[int, ...]) -> Array:
    """Return the coefficient c_0 of a series, or a constant, as an array of a shape."""
    return np.broadcast_to(np.asarray(value.coefficients[0] if isinstance(value, Series) else value, dtype=object), shape)


def _convolve(times: Callable[[Array, Array], Array], left: Series, right: Series) -> Series:
    return Series([_coefficient(times, left.coefficients, right.coefficients, k) for k in range(len(left.coefficients))])


def _coefficient(times: Callable[[Array, Array], Array], a: Sequence[Array] | Growing, b: Sequence[Array] | Growing, k: int) -> Array:
    return sum((times(a[j], b[k - j]) for j in range(1, k + 1)), times(a[0], b[k]))


class Growing(Commutative):
    """A series whose coefficient k is computed once, when it is first asked for, from those up to k of what it is made of."""

    __slots__ = ("_known", "_next")
    __array_ufunc__ = None

    def __init__(self, following: Callable[[int], Array]) -> None:
        self._next, self._known = following, list[Array]()

    def __getitem__(self, k: int) -> Array:
        while len(self._known) <= k:
            self._known.append(self._next(len(self._known)))
        return self._known[k]

    def total(self, axis: int) -> Growing:
        """Return the sum over an axis, as that of a `Series`."""
        return Growing(lambda k: np.sum(self[k], axis=axis, keepdims=True))

    def __add__(self, other: Any) -> Growing:
        return Growing(lambda k: self[k] + other[k] if isinstance(other, Growing) else self[k] if k else self[k] + other)

    def __mul__(self, other: Any) -> Growing:
        return Growing(lambda k: _coefficient(np.multiply, self, other, k) if isinstance(other, Growing) else self[k] * other)


def product(A: Array, B: Array) -> Array:
    """Return ``A B``, of matrices or of stacks of them, by FLINT where all entries are rationals or all are balls."""
    kinds = {type(x) for M in (A, B) for x in M.flat}
    table = {fmpq: fmpq_mat, arb: arb_mat}.get(kinds.pop()) if len(kinds) == 1 and A.size and B.size else None
    if table is None:
        return np.asarray(A @ B)
    if B.ndim == 2:
        rows = A.reshape(-1, A.shape[-1]).tolist()
        return np.array((table(rows) * table(B.tolist())).tolist(), dtype=object).reshape(*A.shape[:-1], B.shape[1])
    if A.ndim == 2:
        return np.swapaxes(product(np.swapaxes(B, -1, -2), A.T), -1, -2)
    lead = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    left, right = (np.broadcast_to(M, (*lead, *M.shape[-2:])) for M in (A, B))
    parts = [product(left[at], right[at]) for at in np.ndindex(lead)]
    return np.array(parts, dtype=object).reshape(*lead, A.shape[-2], B.shape[-1])


def solve(start: Sequence[Array], z: Series, rates: Rates) -> tuple[Series, ...]:
    """Return the series y with ``y(0) = start`` and ``dy/dt = rates(z, dz/dt, y)``, to the order of z.

    The coefficient of ``t^k`` on the right determines that of ``t^{k+1}`` of y; ``rates`` are polynomials, so this is exact over a ring, and over balls
    encloses the Taylor coefficients for all starts and z in the balls. They are asked for in order: what rests on k + 1 is not touched before it is known.
    """

    def state(i: int) -> Growing:
        return Growing(lambda k: found[i][k - 1] * fmpq(1, k) if k else start[i])

    y = tuple(state(i) for i in range(len(start)))
    found: tuple[Any, ...] = rates(Growing(z.coefficients.__getitem__), Growing(z.derivative().coefficients.__getitem__), y)
    series = tuple(Series([each[k] for k in range(z.order + 1)]) for each in y)
    found = ()  # states and rates hold each other: so they are freed now
    return series
