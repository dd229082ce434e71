"""The boxes that a search left, gathered where they touch: near a double root, around a manifold of critical points, or where it ran out of its budget."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.enclosures import Indices, activations, best_output_weights, exactly, gradient, hessian, residuals
from lossproof.numerics.complete.known_points import images
from lossproof.numerics.complete.landscape import Landscape
from lossproof.numerics.complete.search import Tree

_MOST, _FINEST_GRID = 1500, 20
_LOOKED_AT, _TRIES, _CLOSE, _FAR = 8, 8, 1e-13, 1e-3
_RANKS = (1e-2,) * 30 + (1e-6,) * 30


class Cluster(NamedTuple):
    """So many boxes, the ends of the least box that holds them, and weights in it at which the gradient is nearly 0, or None; these are for the first 8."""

    boxes: int
    lower: Floats
    upper: Floats
    point: Floats | None


def clusters(land: Landscape, tree: Tree) -> list[Cluster]:
    """Return the clusters of the boxes left, the largest number of boxes first; of more than 1,500 boxes those in a cell of a grid count as touching.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> land, none = Landscape(np.ones((1, 1)), np.zeros(1), np.zeros(1), 0, activation_named("tanh"), 0), np.zeros((0, 1))
    >>> ends = np.array([[-0.5], [0.5], [5.0]]), np.array([[0.5], [2.0], [6.0]])
    >>> found = clusters(land, Tree(np.ones(1), "", none, none, 3, 0.0, ends, "3 boxes"))
    >>> [(c.boxes, float(c.lower[0]), float(c.upper[0]), c.point is not None) for c in found]
    [(2, -0.5, 2.0, True), (1, 5.0, 6.0, False)]
    """
    lower, upper = tree.left
    if not len(lower):
        return []
    cells = _cells(lower, upper)
    low, high = _hulls(cells, lower, upper)
    touching = ((low[:, None] <= high[None]) & (low[None] <= high[:, None])).all(axis=2)
    labels = connected_components(csr_array(touching), directed=False)[1][cells]
    lows, highs = _hulls(labels, lower, upper)
    counts = np.bincount(labels)
    order = np.argsort(-counts, kind="stable")
    listed = np.vstack([np.zeros((0, len(land.rates))), *(images(land, point) for point in tree.points)])
    with np.errstate(all="ignore"):
        points = [_point(land, listed, lower[labels == k], upper[labels == k]) for k in order[:_LOOKED_AT]]
    return [Cluster(int(counts[k]), lows[k], highs[k], points[j] if j < _LOOKED_AT else None) for j, k in enumerate(order)]


def _cells(lower: Floats, upper: Floats) -> Indices:
    """Return a number for each box, the same for boxes in a cell of a grid; all differ where there are at most 1,500."""
    if len(lower) <= _MOST:
        return np.arange(len(lower))
    least, size = lower.min(axis=0), np.maximum(upper.max(axis=0) - lower.min(axis=0), np.finfo(float).tiny)
    for fine in range(_FINEST_GRID, -1, -1):
        cells = np.floor(((lower + upper) / 2 - least) / size * 2.0**fine)
        found, numbers = np.unique(cells, axis=0, return_inverse=True)
        if len(found) <= _MOST:
            break
    return np.asarray(numbers).reshape(-1)


def _hulls(labels: Indices, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the least boxes that hold those of a label."""
    low, high = (np.full((labels.max() + 1, lower.shape[1]), end) for end in (np.inf, -np.inf))
    np.minimum.at(low, labels, lower)
    np.maximum.at(high, labels, upper)
    return low, high


def _point(land: Landscape, listed: Floats, lower: Floats, upper: Floats) -> Floats | None:
    """Return weights in boxes at which the gradient is nearly 0, far from those listed, by steps along which it changes; None where that finds none."""
    low, high = lower.min(axis=0) - _FAR, upper.max(axis=0) + _FAR
    W = (lower + upper) / 2
    if land.bounded and land.units:
        W = np.hstack([W, best_output_weights(land, activations(land, exactly(W)).phi.mid)[0]])
    order = np.argsort(np.abs(_slope_and_curvature(land, W)[0]).max(axis=1), kind="stable")
    for k in order[np.unique(np.linspace(0, len(W) // 4, _TRIES).astype(int))]:
        found = _nearly_critical(land, W[k])
        if (
            found is not None
            and np.all((low <= found[: len(low)]) & (found[: len(low)] <= high))
            and not np.any(_distances(listed, found) < _FAR)
        ):
            return found
    return None


def _distances(listed: Floats, W: Floats) -> Floats:
    return np.asarray(np.abs(listed - W).max(axis=1))


def _nearly_critical(land: Landscape, W: Floats) -> Floats | None:
    for rank in _RANKS:
        g, H = (x[0] for x in _slope_and_curvature(land, W[None]))
        if not np.isfinite(H).all():
            return None
        if np.abs(g).max() <= _CLOSE * max(1.0, np.abs(H).max()):
            return W
        W = W - np.linalg.pinv(H, rcond=rank, hermitian=True) @ g
    return None


def _slope_and_curvature(land: Landscape, W: Floats) -> tuple[Floats, Floats]:
    """Return the gradient and the Hessian of ``T J`` at weights, one a row."""
    theta, v = exactly(W[:, : land.inner]), exactly(W[:, land.inner :]) if land.units else None
    p = activations(land, theta)
    eps = residuals(land, p.phi, v)
    return gradient(land, theta, p, eps, v).mid, hessian(land, p, eps, v).mid
