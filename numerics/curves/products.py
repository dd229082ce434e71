r"""Truncated power series in one variable ``t`` whose coefficients are arrays over a field.

A series is an array with the exponent as its first axis: ``A[k]`` is the coefficient of ``t^k``. Missing coefficients at the end are 0.
The arrays hold ``float64``, or objects (Arb balls, ``fmpq``, formal polynomials); an object 0 may be a plain integer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from flint import arb

from lossproof.numerics.fields.field import Array

Product: TypeAlias = Callable[[Any, Any], Any]


def is_exactly_zero(entry: Any) -> bool:
    """Tell whether an element is 0 as it stands; a ball is 0 only when it is the point 0.

    >>> is_exactly_zero(arb(0)), is_exactly_zero(arb(0, 1)), is_exactly_zero(0)
    (True, False, True)
    """
    return bool(entry.is_zero()) if isinstance(entry, arb) else bool(entry == 0)


def series_product(A: Array, B: Array, order: int, multiply: Product = np.multiply) -> Array:
    r"""Return ``(A B)[k] = Σ_{i+j=k} A[i] B[j]`` for ``k = 0..order``, of shape ``(order + 1, ...)``.

    ``multiply`` is the product of coefficients, ``np.multiply`` or ``np.matmul``; it is called with ``A[i]`` and a slice of ``B``, so the
    other axes broadcast as numpy has it. Coefficients that are exactly 0 are skipped.

    >>> series_product(np.array([1.0, 1.0]), np.array([1.0, -1.0]), 2).tolist()
    [1.0, 0.0, -1.0]
    """
    left, right = [i for i in _support(A) if i <= order], _support(B)
    first = right[0] if right else 0
    result = None
    for i in left if right else []:
        stop = min(B.shape[0], order + 1 - i)
        if stop <= first:
            break
        part = multiply(A[i], B[first:stop])
        if result is None:
            result = zeros_like((order + 1, *part.shape[1:]), part)
        result[i + first : i + stop] += part
    if result is not None:
        return result
    part = multiply(A[0], B[:1])
    return zeros_like((order + 1, *part.shape[1:]), part)


def compose(outer: Sequence[Array], h: Array, order: int) -> list[Array]:
    r"""Return ``Σ_k a[k] h^k`` up to ``t^order`` for every ``a`` in ``outer``; ``h[0]`` must be 0.

    ``a[k]`` are the Taylor coefficients of a function at the base point, ``h`` the series of the argument less the base point, so the
    result is the function along the curve. The powers of ``h`` are formed once for all functions.

    >>> compose([np.array([1.0, 1.0, 0.5])], np.array([0.0, 1.0, 1.0]), 2)[0].tolist()  # exp(t + t²)
    [1.0, 1.0, 1.5]
    """
    results = []
    for a in outer:
        result = zeros_like((order + 1, *np.broadcast_shapes(a.shape[1:], h.shape[1:])), h)
        result[0] += a[0]
        results.append(result)
    degrees = [max([k for k in _support(a) if k <= order], default=0) for a in outer]
    support = _support(h)
    power = h[: order + 1]
    for k in range(1, max(degrees) + 1):
        if not support or k * support[0] > order:
            break
        if k > 1:
            power = series_product(h, power, order)
        low = k * support[0]
        for a, result, degree in zip(outer, results, degrees, strict=True):
            if k <= degree:
                result[low : power.shape[0]] += a[k] * power[low:]
    return results


def derivative_series(A: Array) -> Array:
    """Return the series of ``dA/dt``: ``(k + 1) A[k + 1]`` at place ``k``.

    >>> derivative_series(np.array([5.0, 1.0, 3.0])).tolist()
    [1.0, 6.0]
    """
    factors = np.arange(1, A.shape[0]).reshape((-1,) + (1,) * (A.ndim - 1))
    return np.asarray(A[1:] * (factors.astype(object) if A.dtype == object else factors))


def zeros_like(shape: tuple[int, ...], like: Array) -> Array:
    """Return zeros of the kind of ``like``; objects are the integer 0."""
    return np.zeros(shape, dtype=like.dtype)


def _support(A: Array) -> list[int]:
    if A.dtype == object:
        return [k for k in range(A.shape[0]) if not all(is_exactly_zero(entry) for entry in np.ravel(A[k]))]
    return [int(k) for k in np.flatnonzero(A.reshape(A.shape[0], -1).any(axis=1))]
