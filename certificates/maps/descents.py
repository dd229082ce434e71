"""Which minima a saddle joins: the ways of steepest descent from it, in doubles. They are estimates; only the points on the map are proved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lossproof.certificates.claims.critical_kinds import MINIMA
from lossproof.certificates.maps.picture import middle_of
from lossproof.certificates.maps.record import CriticalPoint, MapRecord
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.known_points import images
from lossproof.numerics.complete.landscape import Landscape, landscape_of
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights

if TYPE_CHECKING:
    import networkx

_BESIDE, _NEAR, _LONG, _PRECISE = 1e-3, 1e-3, 1e9, 1e-8


class Descent(NamedTuple):
    """A way of steepest descent: its points, of shape ``(K, N_net)``, and the minimum on the map that it ends at an image of, None where that is not seen."""

    way: Floats
    minimum: CriticalPoint | None


def is_minimum(point: CriticalPoint) -> bool:
    """Tell whether a point is proved to be a local or global minimum."""
    return point.kind == "global" or point.kind in MINIMA


def joins(point: CriticalPoint) -> bool:
    """Tell whether a point is a saddle with exactly one negative eigenvalue, from which the loss falls on two sides."""
    return point.kind == "saddle" and point.inertia["negative"] == 1 and not point.inertia["undecided"]


def descents(map: MapRecord) -> Iterator[tuple[CriticalPoint, tuple[Descent, Descent]]]:
    """Yield each saddle with one negative eigenvalue, and the two ways down from it, for a map that has a tree.

    A way solves ``dW/dt = −∇J(W)`` from beside the saddle, ``10⁻³`` of its size along the eigenvector and either side, to where it comes as near to an image
    of a minimum, under permutations of hidden units and changes of their signs.
    """
    land, floats = landscape_of(map.report.problem), FloatLandscape(map.report.problem)
    minima = [(point, images(land, flat_weights(map.report.problem, point.weights))) for point in map if is_minimum(point)]
    for saddle in filter(joins, map):
        W = flat_weights(map.report.problem, saddle.weights)
        along = np.linalg.eigh(floats.at(W[None]).hessian[0])[1][:, 0]
        step = _BESIDE * max(float(np.abs(W).max()), _BESIDE) * along
        first, second = (_descent(land, floats, np.array([W, W + side * step]), minima) for side in (1, -1))
        yield saddle, (first, second)


def _descent(land: Landscape, floats: FloatLandscape, start: Floats, minima: list[tuple[CriticalPoint, Floats]]) -> Descent:
    from scipy.integrate import solve_ivp

    every = np.vstack([np.zeros((0, len(start[0]))), *(found for _, found in minima)])
    owners = [point for point, found in minima for _ in found]
    if not owners:
        return Descent(start, None)
    sizes = _NEAR * np.maximum(np.abs(every).max(axis=1), _NEAR)

    def arrived(_: float, W: Floats) -> float:
        return float((np.abs(every - W).max(axis=1) - sizes).min())

    arrived.terminal = True  # type: ignore[attr-defined]
    found = solve_ivp(
        lambda _, W: -floats.gradient(W[None])[0], (0.0, _LONG), start[-1], "LSODA", events=arrived, rtol=_PRECISE, atol=_PRECISE,
        jac=lambda _, W: -floats.at(W[None]).hessian[0],
    )  # fmt: skip
    way = np.vstack([start[:1], found.y.T])
    gaps = np.abs(every - way[-1]).max(axis=1) - sizes
    nearest = int(gaps.argmin())
    return Descent(way, owners[nearest] if found.status == 1 else None)


def joined_minima(map: MapRecord) -> networkx.MultiGraph[int]:
    """Return the minima of a map, by their numbers, joined by its saddles with one negative eigenvalue, the key of an edge, with its loss as ``level``.

    Which minima a saddle joins is estimated. One that joins images of a minimum is a loop. One from which a way down is lost is in no edge.
    """
    import networkx

    graph: networkx.MultiGraph[int] = networkx.MultiGraph()
    graph.add_nodes_from(point.point for point in map if is_minimum(point))
    for saddle, (first, second) in descents(map):
        if first.minimum is not None and second.minimum is not None:
            graph.add_edge(first.minimum.point, second.minimum.point, key=saddle.point, level=middle_of(saddle))
    return graph
