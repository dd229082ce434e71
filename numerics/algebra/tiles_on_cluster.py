"""Tiles kept by the workers of a Dask cluster, for a factorisation by numpy that has products of tiles below the diagonal formed there.

The factorisation takes one tile after the other, and the workers share the products of the one that comes next: they begin as soon as the last tile that they
need is there. A worker lays on its disk what it cannot hold; a tile that is lost with its worker ends the factorisation.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable
from concurrent.futures import CancelledError
from importlib import import_module
from typing import Any

from lossproof.numerics.algebra.cluster_worker import check_worker, described
from lossproof.numerics.algebra.numpy_engine import NUMPY
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.dask_cluster import Watch
from lossproof.theory.exceptions import LossproofError

_LOOK = 1.0


class TilesOnCluster(UserDict[tuple[int, int], Any]):
    """A mapping from ``(I, J)`` to futures of tiles below the diagonal, and to arrays of numpy on it; it takes arrays of numpy.

    The tiles are to come row by row, and in a row from the left, as a factorisation makes them. ``client`` gives the client of a cluster, and is asked when the
    first tile is to be kept. Raises `OSError` where a tile is lost, where a worker has other software or fails the test of its products, and where there has
    been no worker for a minute.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        super().__init__()
        self._client, self._begun = client, dict[tuple[str, str], Any]()

    def __setitem__(self, key: tuple[int, int], tile: Floats) -> None:
        I, J = key
        if I == J:
            self.data[key] = tile
            return
        self.data[key] = self._client().scatter(tile, hash=False)
        for K in range(J + 1):
            left, right = self.data.get((I, K)), self.data.get((J + 1, K))
            if left is not None and right is not None:
                self._begun[left.key, right.key] = self._begin(left, right)

    def product(self, A: Any, B: Any) -> Floats:
        """Return ``A Bᵀ`` as an array of numpy."""
        try:
            return self._waited_for(self._begun.pop((A.key, B.key), None) or self._begin(A, B))
        except (CancelledError, import_module("distributed").KilledWorker):
            raise OSError("a tile was lost with its worker") from None
        except LossproofError as error:
            raise OSError(str(error)) from None

    def _waited_for(self, product: Any) -> Floats:
        watch = Watch(self._client())
        while True:
            try:
                found: Floats = product.result(timeout=_LOOK)
                return found
            except TimeoutError:
                watch.look("or take the engine numpy or disk")

    def _begin(self, A: Any, B: Any) -> Any:
        return self._client().submit(_product, A, B, described(), pure=False)


def _product(A: Floats, B: Floats, software: str) -> Floats:
    check_worker(software)
    with threads_for(len(A) ** 3):
        return NUMPY.product(A, B)
