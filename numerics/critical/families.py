r"""Critical points on manifolds of critical points, located by the components of the gradient that no identity implies.

A family of weights: some are held at 0 (those into or out of a unit), equal units stay equal, all others are free. On it rows of ``P`` obey identities
(`offered_identities`); a largest independent set of them implies as many components of the gradient. What is left are fewer equations than free
weights; as many free weights are chosen as unknowns, and the others may be moved: critical points form a manifold of that dimension. Units that are level
or silent at some samples (`still_units`) give further equations, and identities need to hold only where these do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import linalg

from lossproof.numerics.critical.box import MOST_PARAMETERS, refined_zero, zero_box
from lossproof.numerics.critical.cell_identities import exact_identities
from lossproof.numerics.critical.family_members import SEEN, Family, View, drawn_members
from lossproof.numerics.critical.family_starts import family_starts
from lossproof.numerics.critical.family_structure import Tie, families_of
from lossproof.numerics.critical.identities import Identity, coefficients, identities_hold, rows_of_P
from lossproof.numerics.critical.identity_terms import terms_of_rows
from lossproof.numerics.critical.implied import are_independent
from lossproof.numerics.critical.penalised import keeping_penalty
from lossproof.numerics.critical.still_units import Still, still_derivatives, still_units
from lossproof.numerics.critical.symmetry_identities import symmetries
from lossproof.numerics.critical.systems import ReducedSystem
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_REGULAR = 1e-7


@dataclass(frozen=True)
class FamilyPoint:
    """Weights near which a critical point is proved, the family, what is implied by which identities, the unknowns, and the box proved for them."""

    weights: Weights
    held: tuple[int, ...]
    ties: tuple[Tie, ...]
    implied: tuple[int, ...]
    identities: tuple[Identity, ...]
    parameters: tuple[int, ...]
    across: tuple[int, ...]
    symmetries: tuple[Identity, ...]
    still: Still
    radius: Fraction
    precision: int
    reach: Fraction

    def dimension(self, a: Architecture) -> int:
        """Return the dimension of the manifold of such critical points."""
        return a.N_net - len(self.held) - len(self.ties) - len(self.parameters) + len(self.across)


def family_point(problem: Problem, weights: Weights, *, exactly: bool = False) -> FamilyPoint | None:
    """Return a point of a family at or near the weights near which a critical point is proved, or None.

    With ``exactly`` the weights stay as they are; else weights near 0 are set to 0 and the unknowns refined.
    """
    if beyond_doubles(problem, weights) is not None or problem.architecture.N_net > MOST_PARAMETERS:
        return None
    for start in (weights,) if exactly else family_starts(problem, weights):
        found = _at(problem, start, exactly=exactly)
        if found is not None:
            return found
    return None


def _at(problem: Problem, start: Weights, *, exactly: bool) -> FamilyPoint | None:
    """Return the first family of some weights in which a critical point is proved, at them or, unless ``exactly``, near them.

    The families are tried without still units first, then with some; then in the same way with the identities of Cramer's rule, which are long.
    """
    known = ((*family, terms_of_rows(problem, set(family[0]))) for family in dict.fromkeys(families_of(problem, start)))
    families = [Family(problem, start, held, ties, terms) for held, ties, terms in known if terms is not None]
    tried = (
        _in_family(family, exactly=exactly, resting=resting, dependent=dependent)
        for dependent in (False, True)
        for resting in (False, True)
        for family in families
    )
    return next((found for found in tried if found is not None), None)


def _in_family(family: Family, *, exactly: bool, resting: bool, dependent: bool) -> FamilyPoint | None:
    """Return the point in one family: without still units, or, if ``resting``, with some; with `dependent_rows`, where there are any, if ``dependent``."""
    problem, start, held, ties = family.problem, family.start, family.held, family.ties
    try:
        with np.errstate(all="ignore"):
            stills = still_units(problem, family.members[:SEEN]) if resting else iter([()])
            choices = (_choice(family.view(still), dependent) for still in stills)
            found = next((choice for choice in choices if choice is not None), None)
            if found is None:
                return None
            moved = _across(problem, start, held, ties)
    except (NotDifferentiable, OverflowError, np.linalg.LinAlgError):
        return None
    system, implied, identities = found
    point = start if exactly else refined_zero(problem, start, system) or start
    box = zero_box(problem, point, system)
    if box is None:
        return None
    reach = box[0] * max([Fraction(1), *(abs(q) for _, _, q in ties)])
    over = 2 * reach, box[1], system.moving
    try:
        follow = are_independent(problem, point, identities, implied, over) and are_independent(
            problem, point, moved[1], moved[0], over, ties
        )
    except NotDifferentiable:
        return None
    return FamilyPoint(point, held, ties, implied, identities, system.parameters, *moved, system.still, *box, reach) if follow else None


def _choice(view: View, dependent: bool) -> tuple[ReducedSystem, tuple[int, ...], tuple[Identity, ...]] | None:
    """Return equations, unknowns and identities by pivoting in doubles; None where the derivative of the equations is deficient.

    None also where ``dependent`` rows are asked for, but offer nothing.
    """
    family, still = view.family, view.still
    problem, members, free, ties = family.problem, family.members, family.free, family.ties
    if dependent and not view.dependent:
        return None
    offered = keeping_penalty(problem, view.pairs, [*view.offered, *(view.dependent if dependent else ())])
    if problem.architecture.kinked_layers(1):
        offered = exact_identities(problem, members[SEEN - 1], offered)
    offered = [*offered, *view.relations]
    chosen = _pivots(_rows(problem, members[:SEEN], view.seen, offered))
    implied = tuple(sorted(k for _, k in chosen))
    equations = tuple(k for k in range(problem.architecture.N_net) if k not in set(implied))
    if not equations and not still:
        return None
    passed = view.seen[0][0] if not still else rows_of_P(problem, family.start)[0]
    H = np.stack([*np.asarray(hessian(problem, passed), dtype=float)[list(equations)], *still_derivatives(problem, passed, still)])
    for k, m, q in ties:
        H[:, m] += float(q) * H[:, k]
    slopes, n = H[:, free], len(H)
    if not 0 < n <= len(free) or not np.all(np.isfinite(slopes)):
        return None
    scale = np.max(np.abs(slopes), axis=1, keepdims=True)
    if not np.all(scale > 0):
        return None
    R, order = linalg.qr(slopes / scale, mode="r", pivoting=True)
    if abs(R[n - 1, n - 1]) <= _REGULAR * abs(R[0, 0]):
        return None
    used = tuple(offered[r] for r, _ in sorted(chosen))
    if not identities_hold(problem, members[1], used, still):
        return None
    parameters = tuple(sorted(free[k] for k in order[:n]))
    system = ReducedSystem(parameters, tuple(tie for tie in ties if tie[1] in parameters), equations, still)
    return system, implied, used


def _across(
    problem: Problem, weights: Weights, held: tuple[int, ...], ties: tuple[Tie, ...]
) -> tuple[tuple[int, ...], tuple[Identity, ...]]:
    """Return symmetries that lead out of the family, and as many of its held and tied weights by which they do."""
    outside = [*held, *(k for k, _, _ in ties)]
    everywhere = drawn_members(problem, weights, list(range(problem.architecture.N_net)), (), SEEN - 1) if outside else []
    pairs = [(flat_weights(problem, each), rows_of_P(problem, each)[1]) for each in everywhere]
    known = keeping_penalty(problem, pairs, symmetries(problem)) if outside else []
    if not known:
        return (), ()
    rows = _rows(problem, [weights], [rows_of_P(problem, weights)], known)
    for k, m, q in ties:
        rows[:, k] = rows[:, k] - float(q) * rows[:, m]
    chosen = sorted((r, outside[c]) for r, c in _pivots(rows[:, outside]))
    return tuple(sorted(k for _, k in chosen)), tuple(known[r] for r, _ in chosen)


def _rows(problem: Problem, members: Sequence[Weights], seen: Sequence[tuple[Evaluation, Array]], offered: Sequence[Identity]) -> Array:
    """Return the coefficients of the identities at the first member, scaled; 0 for identities whose coefficients nearly vanish there only."""
    tables = []
    for weights, (_, P) in zip(members, seen, strict=True):
        values = flat_weights(problem, weights)
        tables.append(np.array([coefficients(identity, values, P) for identity in offered]).reshape(-1, len(values)))
    sizes = [np.max(np.abs(table), axis=1, initial=0.0, keepdims=True) for table in tables]
    usable = (sizes[0] > _REGULAR * np.maximum.reduce(sizes)) & np.isfinite(sizes[0])
    return np.where(usable, np.divide(tables[0], sizes[0], where=usable, out=np.zeros_like(tables[0])), 0.0)


def _pivots(rows: Array) -> list[tuple[int, int]]:
    """Return rows and columns of a largest minor that is clearly not 0, by elimination with complete pivoting."""
    left, found = rows.copy(), list[tuple[int, int]]()
    while left.size:
        r, k = np.unravel_index(int(np.argmax(np.abs(left))), left.shape)
        if not abs(left[r, k]) > _REGULAR:
            break
        found.append((int(r), int(k)))
        left = left - np.outer(left[:, k] / left[r, k], left[r])
        left[:, k] = 0
    return found
