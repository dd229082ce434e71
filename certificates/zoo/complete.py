"""Complete lists of the critical points of an entry of the zoo: those that it names, and others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from lossproof.certificates.claims.complete import claim_complete_list, complete_search
from lossproof.certificates.claims.complete_algebra import claim_algebraic_list, solutions_of
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, prove_near
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.clusters import clusters
from lossproof.numerics.complete.elimination import is_algebraic, orbit
from lossproof.numerics.complete.known_points import images
from lossproof.numerics.complete.search import TreeBudget, search_tree
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows

_SAME = 1e-9


def listed_points(context: ProofContext, located: Sequence[LocatedPoint], landscape: LandscapeClaims) -> tuple[Claim, list[LocatedPoint]]:
    """Return the claim ``complete-list`` about a problem, and the points of the list that are no images of those located, proved likewise."""
    problem = context.problem
    if is_algebraic(problem):
        solutions = solutions_of(problem)
        places, others = _places(context, located, landscape, solutions.points, partial(orbit, problem))
        return claim_algebraic_list(problem, solutions, [point for point, _ in places]), others
    land, bounds = complete_search(problem, None)
    tree = search_tree(land, bounds, TreeBudget())
    places, others = _places(context, located, landscape, tree.points, partial(images, land))
    radii = [np.abs(images(land, size)[k]) for size, (_, k) in zip(tree.radii, places, strict=True)]
    tree = replace(tree, radii=np.array(radii).reshape(tree.radii.shape))
    return claim_complete_list(problem, tree, clusters(land, tree), [point for point, _ in places]), others


def _places(
    context: ProofContext, located: Sequence[LocatedPoint], landscape: LandscapeClaims, points: Floats, alike: Callable[[Floats], Floats]
) -> tuple[list[tuple[LocatedPoint | None, int]], list[LocatedPoint]]:
    """Return for each of some points the located one that it has an image at, with the number of that image, or itself, proved; and those proved."""
    known = [(point, flat_weights(context.problem, point.claim.point.weights)) for point in located if point.claim.point is not None]
    found, others = list[tuple[LocatedPoint | None, int]](), list[LocatedPoint]()
    for W in points:
        same = [(point, np.abs(alike(W) - V).max(axis=1)) for point, V in known]
        near = next(((point, int(gaps.argmin())) for point, gaps in same if gaps.min() < _SAME), None)
        found.append(near or (prove_near(context, weights_of_rows(context.problem, W), landscape, nearby=True), 0))
        others += [point for point, _ in found[-1:] if point is not None and near is None]
    return found, others
