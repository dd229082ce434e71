r"""Looking for curves of descent at a critical point, in doubles.

What comes back are candidates with rational entries: that the lower coefficients vanish and the leading one is negative is proved
afterwards. The search is seeded, and its budget is a number of curves that depends on the size of the problem only.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, islice
from typing import TypeAlias

import numpy as np

from lossproof.numerics.curves.loss_series import Terms
from lossproof.numerics.curves.reduction import ReducedLoss, equilibration
from lossproof.numerics.fields.field import Array
from lossproof.theory.problem.architecture import Architecture

_BUDGET = 40_000_000
_MOST_CURVES = 256
_BEST = 2
_STEPS = 40
_FACE_STEPS = 12
_STARTS = 16
_WEIGHTINGS = 10
_NEGLIGIBLE = 1e-9
_HIGHEST_FACE = 8
_HIGHEST_EXPONENT = 3
_FIRST_ORDER = 6
_FACE_POINTS = 16
_KEPT = 0.7
_SPARSE = 0.4
_COARSE = 3
_COPIES = 4
_DENOMINATORS = (1, 2, 4, 8, 16, 64, 256, 4096, 1 << 20)

Candidate: TypeAlias = tuple[int, Terms]
"""The order of descent expected, and the curve."""


def negative_direction(hessian: Array) -> Candidate | None:
    r"""Return a straight line of order 2 along a short rational vector ``u`` with ``uᵀHu`` clearly negative, or None.

    The Hessian is scaled to entries of size 1 on both sides first, which keeps the signs of its eigenvalues.

    >>> negative_direction(np.array([[0.0, 1.0], [1.0, 0.0]]))
    (2, [(1, (Fraction(-1, 1), Fraction(1, 1)))])
    """
    factors = equilibration(hessian)
    values, vectors = np.linalg.eigh(hessian * factors[:, None] * factors)
    if values[0] >= -_NEGLIGIBLE:
        return None
    direction = vectors[:, 0] * factors
    lowest = direction @ hessian @ direction / (direction @ direction)
    mantissas, exponents = np.frexp(direction)
    digits = [np.ldexp(np.round(mantissas * D) / D, exponents) for D in _DENOMINATORS[1:]]
    for u in [*_rounded(direction), *digits]:
        if u.any() and u @ hessian @ u <= lowest / 2 * (u @ u):
            return 2, [(1, tuple(Fraction(float(x)) for x in u))]
    return None


def kernel_curves(reduced: ReducedLoss, seed: int, max_order: int) -> Iterator[Candidate]:
    """Yield curves that start in the kernel of the Hessian, the simplest first.

    1. straight lines ``t·u`` with sparse small integers, corrected outside the kernel; 2. the minimum of the reduced quartic form, where
    the cubic one vanishes; 3. curves whose kernel coordinates go with different powers of ``t``, sparse and random; 4. the minimum of the
    leading form for powers that go by layers and biases; 5. curves that start where the quartic form is 0.
    """
    generator = np.random.default_rng(seed)
    if not reduced.dimension or max_order < 3:
        return
    low = min(4, max_order)
    lines = straight_samples(generator, reduced.dimension, _curve_count(reduced, low))
    yield from _best(reduced, lines, low)
    if max_order == 3:
        return
    flat = np.ones(reduced.dimension, dtype=int)
    zeros = _minimised(reduced, flat, 4, generator, _STEPS)
    yield from _best(reduced, _placed(_rounded(zeros[0]), flat), 4)
    if max_order == 4:
        return
    count = _curve_count(reduced, _FIRST_ORDER)
    yield from _graded(reduced, lines[:, :count], max_order)
    yield from _graded(reduced, graded_samples(generator, _kernel_groups(reduced), count), max_order)
    for exponents in _weightings(reduced, generator):
        yield from _face(reduced, exponents, generator, max_order)
    yield from _graded(reduced, _from_zeros(zeros, generator)[:, :count], max_order)


def straight_samples(generator: np.random.Generator, d: int, count: int) -> Array:
    """Return coordinates ``(2, count, d)`` of straight lines: unit vectors, sums and differences of two, all ones, then random ones."""
    units = np.eye(d)
    rows = [*units[: count // 2], np.ones(d)]
    for i, j in islice(combinations(range(d), 2), count // 4):
        rows += [units[i] + units[j], units[i] - units[j]]
    while len(rows) < count:
        kept = generator.random(d) < generator.choice([0.3, 0.6, 1.0])
        row = generator.choice([-2.0, -1.0, -1.0, 1.0, 1.0, 2.0], size=d) * kept
        rows.append(row if len(rows) % 2 else row * generator.choice([0.25, 0.5, 1.0, 2.0], size=d))
    lines = np.zeros((2, len(rows), d))
    lines[1] = np.array(rows)
    return lines[:, :count]


def graded_samples(generator: np.random.Generator, groups: Array, count: int) -> Array:
    """Return coordinates ``(4, count, d)`` with random exponents 1 to 3, by groups or one by one, and sparse small integers."""
    d = groups.shape[0]
    result = np.zeros((_HIGHEST_EXPONENT + 1, count, d))
    for b in range(count):
        places = np.arange(d) if b % 2 else groups
        exponents = generator.integers(1, _HIGHEST_EXPONENT + 1, size=int(places.max()) + 1)[places]
        kept = generator.random(d) < generator.choice([0.25, 0.5, 0.75, 1.0])
        entries = generator.choice([-2.0, -1.0, -1.0, 1.0, 1.0, 2.0], size=d) * kept
        result[exponents, b, np.arange(d)] = entries
    return result


def parameter_groups(architecture: Architecture) -> Array:
    """Return for each row of ``P`` the number of its group: the weights of layer 1, its biases, the weights of layer 2, ….

    >>> parameter_groups(Architecture.of("1-2-1")).tolist()
    [0, 1, 0, 1, 2, 2, 3]
    """
    groups: list[int] = []
    for l in range(1, architecture.L + 1):
        unit = [2 * (l - 1)] * architecture.widths[l - 1] + [2 * l - 1] * architecture.bias_rows_of(l)
        groups += unit * architecture.widths[l]
    return np.array(groups)


def _kernel_groups(reduced: ReducedLoss) -> Array:
    """Return the groups of the kernel coordinates, numbered from 0, each that of the last parameter in its basis vector."""
    groups = parameter_groups(reduced.expansion.problem.architecture)
    of_coordinates = [groups[max(j for j, entry in enumerate(vector) if entry)] for vector in reduced.kernel]
    return np.unique(of_coordinates, return_inverse=True)[1]


def _curve_count(reduced: ReducedLoss, order: int) -> int:
    problem = reduced.expansion.problem
    return int(np.clip(_BUDGET // (problem.T * problem.architecture.N_net * order**3), 8, _MOST_CURVES))


def _best(reduced: ReducedLoss, coordinates: Array, order: int) -> Iterator[Candidate]:
    """Yield the simplest curves of a batch whose first coefficient up to ``order`` is negative, if need be after ``t → −t``."""
    curves = reduced.curves(coordinates, order)
    first, coefficient = reduced.leading(curves, order)
    usable = np.flatnonzero((first > 0) & ((coefficient < 0) | (first % 2 == 1)))
    entries, size = np.count_nonzero(coordinates, axis=(0, 2)), _lengths(coordinates)
    for b in sorted(usable, key=lambda b: (first[b], entries[b], size[b]))[:_BEST]:
        turn = (-1.0 if coefficient[b] > 0 else 1.0) ** np.arange(order + 1)[:, None, None]
        place = slice(b, b + 1)
        terms = reduced.exact_terms(coordinates[:, place] * turn[: coordinates.shape[0]], curves[:, place] * turn, int(first[b]))
        if terms is not None:
            yield int(first[b]), terms


def _graded(reduced: ReducedLoss, batch: Array, max_order: int) -> Iterator[Candidate]:
    """Yield from a batch at a low order, then from those of its curves along which all coefficients so far vanish at ``max_order``."""
    order = min(_FIRST_ORDER, max_order)
    yield from _best(reduced, batch, order)
    if order < max_order:
        first, _ = reduced.leading(reduced.curves(batch, order), order)
        rest = np.flatnonzero(first == 0)[: _curve_count(reduced, max_order)]
        if rest.size:
            yield from _best(reduced, batch[:, rest], max_order)


def _face(reduced: ReducedLoss, exponents: Array, generator: np.random.Generator, max_order: int) -> Iterator[Candidate]:
    """Yield from the leading form for given exponents: random points first, then its minimum."""
    entries = np.round(4 * generator.standard_normal((_FACE_POINTS, reduced.dimension))) / 4
    batch = _placed(entries, exponents)
    first, coefficient = reduced.leading(reduced.curves(batch, max_order), max_order)
    found = first[first > 0]
    if not found.size:
        return
    order = int(found.min())
    if order % 2 or (coefficient[first == order] < 0).any():
        yield from _best(reduced, batch, order)
    elif 2 < order <= _HIGHEST_FACE:
        optimum = _minimised(reduced, exponents, order, generator, _FACE_STEPS)
        yield from _best(reduced, _placed(_rounded(optimum[0]), exponents), order)


def _weightings(reduced: ReducedLoss, generator: np.random.Generator) -> list[Array]:
    """Return exponents of the kernel coordinates that go by groups: all equal, then random ones of which one is 1."""
    groups = _kernel_groups(reduced)
    found = {(1,) * (int(groups.max()) + 1)}
    for _ in range(4 * _WEIGHTINGS):
        exponents = generator.integers(1, _HIGHEST_EXPONENT + 1, size=int(groups.max()) + 1)
        if exponents.min() == 1 and len(found) < _WEIGHTINGS:
            found.add(tuple(int(a) for a in exponents))
    return [np.array(exponents)[groups] for exponents in sorted(found)]


def _minimised(reduced: ReducedLoss, exponents: Array, order: int, generator: np.random.Generator, steps: int) -> Array:
    """Return coordinates ``(B, d)`` from multi-start descent of the coefficient of ``t^order`` on the sphere, the lowest first."""
    count = max(4, _curve_count(reduced, order) // _STARTS)
    x = generator.standard_normal((count, reduced.dimension)) * (generator.random((count, reduced.dimension)) < _KEPT)
    x[~x.any(axis=1)] = 1.0
    best, lowest = x, np.full(count, np.inf)
    slope, step = np.zeros_like(x), np.ones((count, 1))
    for _ in range(steps):
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        curves = reduced.curves(_placed(x, exponents), order, order - 2)
        loss, gradient = reduced.expansion.loss_and_gradient(curves, order)
        better = (loss[order] < lowest)[:, None]
        lowest = np.where(better[:, 0], loss[order], lowest)
        rate = np.stack([gradient[order - a] @ reduced.basis[i] for i, a in enumerate(exponents)], axis=1)
        rate -= (rate * x).sum(axis=1, keepdims=True) * x
        norm = np.linalg.norm(rate, axis=1, keepdims=True)
        slope = np.where(better, np.divide(rate, norm, out=np.zeros_like(rate), where=norm > 0), slope)
        best, step = np.where(better, x, best), np.where(better, 1.3 * step, 0.4 * step)
        x = best - step * slope
    return np.asarray(best[np.argsort(lowest)])


def _from_zeros(zeros: Array, generator: np.random.Generator) -> Array:
    """Return curves that start along rounded zeros of a form and go on with random sparse kernel terms at ``t²`` and ``t³``."""
    starts = np.unique(np.concatenate([_rounded(x)[:_COARSE] for x in zeros]), axis=0)
    batch = np.zeros((_HIGHEST_EXPONENT + 1, _COPIES * starts.shape[0], zeros.shape[1]))
    batch[1] = np.tile(starts, (_COPIES, 1))
    rest = batch[2:, starts.shape[0] :]
    rest[:] = generator.choice([-1.0, 1.0], size=rest.shape) * (generator.random(rest.shape) < _SPARSE)
    return batch


def _rounded(x: Array) -> Array:
    """Return a vector, its largest entry made 1, rounded to 1/1, 1/2, 1/4, …, of shape ``(len(_DENOMINATORS), d)``."""
    direction = x / np.abs(x).max()
    return np.array([np.round(direction * D) / D for D in _DENOMINATORS])


def _lengths(coordinates: Array) -> Array:
    """Return for each curve the sum of ``|x|`` or ``1/|x|``, whichever is more, over its entries that are not 0: small for short numbers."""
    size = np.abs(coordinates)
    return np.asarray(np.maximum(size, np.divide(1, size, out=np.zeros_like(size), where=size > 0)).sum(axis=(0, 2)))


def _placed(x: Array, exponents: Array) -> Array:
    """Return the coordinates of the curves with entry ``x[b, i]`` at ``t^exponents[i]``."""
    coordinates = np.zeros((int(exponents.max()) + 1, *x.shape))
    coordinates[exponents, :, np.arange(x.shape[1])] = x.T
    return coordinates
