"""The boxes that a search left, gathered where they touch: near a double root, or where it ran out of its budget."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.search import Tree

_MOST = 1500


class Cluster(NamedTuple):
    """So many boxes, and the ends of the least box that holds them."""

    boxes: int
    lower: Floats
    upper: Floats


def clusters(tree: Tree) -> list[Cluster]:
    """Return the clusters of the boxes left, the largest number of boxes first; more than 1,500 boxes are one cluster.

    >>> ends = np.array([[0.0], [1.0], [5.0]]), np.array([[1.0], [2.0], [6.0]])
    >>> tree = Tree(np.ones(1), "", np.zeros((0, 1)), np.zeros((0, 1)), 3, 0.0, ends, "3 boxes")
    >>> [(c.boxes, float(c.lower[0]), float(c.upper[0])) for c in clusters(tree)]
    [(2, 0.0, 2.0), (1, 5.0, 6.0)]
    """
    lower, upper = tree.left
    if not len(lower):
        return []
    labels = np.zeros(len(lower), dtype=int)
    if len(lower) <= _MOST:
        touching = ((lower[:, None] <= upper[None]) & (lower[None] <= upper[:, None])).all(axis=2)
        labels = connected_components(csr_array(touching), directed=False)[1]
    found = [
        Cluster(int((labels == k).sum()), lower[labels == k].min(axis=0), upper[labels == k].max(axis=0)) for k in range(labels.max() + 1)
    ]
    return sorted(found, key=lambda cluster: -cluster.boxes)
