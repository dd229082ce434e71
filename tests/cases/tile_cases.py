"""Engines, Gram matrices in small tiles, and matrices that are nearly singular."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from lossproof.numerics.algebra.array_engine import ArrayEngine
from lossproof.numerics.algebra.gram_sums import GramPart
from lossproof.numerics.algebra.numpy_engine import NUMPY, NumpyEngine
from lossproof.numerics.algebra.workplace import LIBRARIES
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import exact_floats

TILE = 16


class ByInverse(NumpyEngine):
    """Substitution by a product with an inverse, as some devices do it."""

    name, stable = "by inverse", False

    def described(self):
        return "numpy, with inverses"

    def substitute(self, factor, tile):
        return tile @ np.linalg.inv(np.tril(factor)).T

    def factor(self, tile):
        return super().factor(tile.copy())


OF_NUMPY = {"numpy": NUMPY, "by inverse": ByInverse()}
ENGINES = [*OF_NUMPY, *(name for name in ("torch", "jax") if find_spec(name) and find_spec("array_api_compat"))]


def engine_of(name):
    """The engine of a name, its library loaded when it is asked for."""
    return OF_NUMPY.get(name) or ArrayEngine(LIBRARIES[name]())


def parts_of(seed=1, T=24, m=4):
    g = np.random.default_rng(seed)
    draw = g.standard_normal
    return [GramPart(draw((T, m, 9)), draw((T, 30))), GramPart(draw((T, m)), draw((T, 30)), 1), GramPart(draw((T, m, 3)), draw((T, 5)), 1)]


def shifted(K, by=1.0):
    K.set_diagonal(K.diagonal() + by)
    return K


def rows_of(K):
    """The lower triangle, as one array."""
    tiles = [np.hstack([K.engine.host(tile) for tile in K.row(I)]) for I in range(len(K.starts) - 1)]
    return np.tril(np.vstack([np.pad(row, ((0, 0), (0, K.n - row.shape[1]))) for row in tiles]))


def nearly_singular(g, gap):
    A = g.standard_normal((70, 48))
    A[:, 17] = A[:, 3] * (1 - gap) + gap * A[:, 17]
    return [GramBlock(exact_floats(np.ascontiguousarray(A.T)[None]), exact_floats(np.ones((48, 1))))]
