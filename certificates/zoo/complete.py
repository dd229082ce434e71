"""Complete lists of the critical points of an entry of the zoo: those that it names, and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lossproof.certificates.claims.complete import claim_complete_list, complete_search
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, prove_near
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.numerics.complete.clusters import clusters
from lossproof.numerics.complete.known_points import images
from lossproof.numerics.complete.search import TreeBudget, search_tree
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows

_SAME = 1e-9


def listed_points(context: ProofContext, located: Sequence[LocatedPoint], landscape: LandscapeClaims) -> tuple[Claim, list[LocatedPoint]]:
    """Return the claim ``complete-list`` about a problem, and the points of the list that are no images of those located, proved likewise."""
    problem = context.problem
    land, bounds = complete_search(problem, None)
    tree = search_tree(land, bounds, TreeBudget())
    known = [(point, flat_weights(problem, point.claim.point.weights)) for point in located if point.claim.point is not None]
    found, radii, others = list[LocatedPoint | None](), tree.radii.copy(), list[LocatedPoint]()
    for k, W in enumerate(tree.points):
        same = [(point, np.abs(images(land, W) - V).max(axis=1)) for point, V in known]
        near = next(((point, int(gaps.argmin())) for point, gaps in same if gaps.min() < _SAME), None)
        if near is not None:
            found.append(near[0])
            radii[k] = np.abs(images(land, tree.radii[k])[near[1]])
            continue
        found.append(prove_near(context, weights_of_rows(problem, W), landscape, nearby=True))
        others += [point for point in found[-1:] if point is not None]
    return claim_complete_list(problem, replace(tree, radii=radii), clusters(land, tree), found), others
