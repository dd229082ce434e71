"""The boxes in which a tree of boxes ends, each with the character that it ends with: for pictures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.landscape import Landscape
from lossproof.numerics.complete.search import Tree, halves_of, root_box

LEFT = "-"
"""Stands for a box that a search left open."""


class Leaves(NamedTuple):
    """Ends of boxes of the weights that are split, and the reasons ``S``, ``N``, ``M``, ``D``, ``U`` of the tree or ``-``, of shape ``(B,)``."""

    lower: Floats
    upper: Floats
    reasons: npt.NDArray[np.str_]

    def because(self, reason: str) -> npt.NDArray[np.bool_]:
        """Tell for each leaf whether it has this reason."""
        return np.asarray(self.reasons == reason)


def leaves(land: Landscape, tree: Tree) -> Leaves:
    """Return the leaves of a tree; they cover its root, and a box without a character is one that was left.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> land = Landscape(np.array([[10.0], [-1.0]]), np.array([0.75, 0.8]), np.zeros(1), 0, activation_named("sigmoid"), 0)
    >>> none = np.zeros((0, 1))
    >>> found = leaves(land, Tree(np.array([2.0]), "aNaM", none, none, 4, 0.75, (none, none), "4 boxes"))
    >>> [(float(a), float(b), str(reason)) for a, b, reason in zip(found.lower[:, 0], found.upper[:, 0], found.reasons)]
    [(-2.0, 0.0, 'N'), (0.0, 1.0, 'M'), (1.0, 2.0, '-')]
    """
    codes, at = np.array(list(tree.codes), dtype="<U1"), 0
    lower, upper = (end[None] for end in root_box(land, tree.bounds))
    ends = list[Leaves]()
    while len(lower):
        level = np.full(len(lower), LEFT)
        found = codes[at : at + len(lower)]
        level[: len(found)], at = found, at + len(found)
        axes = level.view(np.uint32).astype(int) - ord("a")
        split = axes >= 0
        ends.append(Leaves(lower[~split], upper[~split], level[~split]))
        lower, upper = halves_of((lower[split], upper[split]), axes[split])
    return Leaves(*(np.concatenate(parts) for parts in zip(*ends, strict=True)))
