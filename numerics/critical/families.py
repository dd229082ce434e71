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
from lossproof.numerics.critical.cell_identities import cell_identities, exact_identities
from lossproof.numerics.critical.common_identities import offered_identities
from lossproof.numerics.critical.dependent_rows import dependent_rows
from lossproof.numerics.critical.family_starts import family_starts
from lossproof.numerics.critical.family_structure import Tie, families_of
from lossproof.numerics.critical.free_features import free_feature_identities, still_identities
from lossproof.numerics.critical.gradient_relations import gradient_relations
from lossproof.numerics.critical.identities import Identity, coefficients, identities_hold, rows_of_P
from lossproof.numerics.critical.identity_terms import affordable, terms_of_rows
from lossproof.numerics.critical.implied import are_independent
from lossproof.numerics.critical.penalised import keeping_penalty
from lossproof.numerics.critical.still_units import Still, still_derivatives, still_units
from lossproof.numerics.critical.symmetry_identities import symmetries
from lossproof.numerics.critical.systems import ReducedSystem
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.boxes import parameter_place
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_REGULAR = 1e-7
_SPREAD = 0.3
_SEEN, _MORE_MEMBERS = 3, 4
"""Members of a family by which identities of ``P`` are told, and how many more than weights there are for those of the gradient."""
_SPREAD_BESIDE_KINKS = 1e-3
_FARTHEST = 4.0
"""The largest weights of a member, at inputs of at most 1: what saturated units tell apart no precision sees."""


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
    families = [(held, ties, terms) for held, ties, terms in known if terms is not None]
    tried = (
        _in_family(problem, start, *family, exactly=exactly, resting=resting, dependent=dependent)
        for dependent in (False, True)
        for resting in (False, True)
        for family in families
    )
    return next((found for found in tried if found is not None), None)


def _in_family(
    problem: Problem,
    start: Weights,
    held: tuple[int, ...],
    ties: tuple[Tie, ...],
    terms: list[int],
    *,
    exactly: bool,
    resting: bool,
    dependent: bool,
) -> FamilyPoint | None:
    """Return the point in one family: without still units, or, if ``resting``, with some; with `dependent_rows` if ``dependent``."""
    followers = {k for k, _, _ in ties}
    free = [k for k in range(problem.architecture.N_net) if k not in held and k not in followers]
    members = [start, *_members(problem, start, free, ties, problem.architecture.N_net + _MORE_MEMBERS)]
    try:
        with np.errstate(all="ignore"):
            stills = still_units(problem, members[:_SEEN]) if resting else iter([()])
            choices = (_choice(problem, members, free, ties, still, terms, dependent) for still in stills)
            found = next((choice for choice in choices if choice is not None), None)
            moved = _across(problem, start, held, ties)
    except (NotDifferentiable, OverflowError, np.linalg.LinAlgError):
        return None
    if found is None:
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


def _choice(
    problem: Problem, members: Sequence[Weights], free: list[int], ties: tuple[Tie, ...], still: Still, terms: list[int], dependent: bool
) -> tuple[ReducedSystem, tuple[int, ...], tuple[Identity, ...]] | None:
    """Return equations, unknowns and identities by pivoting in doubles; None where the derivative of the equations is deficient."""
    N, weights = problem.architecture.N_net, members[0]
    seen = [rows_of_P(problem, each, still) for each in members[:_SEEN]]
    pairs = [(flat_weights(problem, each), P) for each, (_, P) in zip(members, seen, strict=False)]
    offered = [
        *offered_identities(problem, seen),
        *cell_identities(problem, weights),
        *free_feature_identities(problem, seen, still),
        *still_identities(problem, still),
        *(affordable(problem, terms, dependent_rows(problem, pairs)) if dependent else ()),
    ]
    offered = keeping_penalty(problem, pairs, offered)
    if problem.architecture.kinked_layers(1):
        offered = exact_identities(problem, members[_SEEN - 1], offered)
    offered = [*offered, *gradient_relations(problem, members[1:], still)]
    chosen = _pivots(_rows(problem, members[:_SEEN], seen, offered))
    implied = tuple(sorted(k for _, k in chosen))
    equations = tuple(k for k in range(N) if k not in set(implied))
    if not equations and not still:
        return None
    passed = rows_of_P(problem, weights)[0]
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
    everywhere = _members(problem, weights, list(range(problem.architecture.N_net)), (), _SEEN - 1)
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


def _members(problem: Problem, weights: Weights, free: list[int], ties: tuple[Tie, ...], count: int) -> list[Weights]:
    """Return more members of the family, drawn from a fixed seed: nearer where the weights lie on a piece of an activation with kinks.

    Elsewhere identities hold for all weights of the family, and none is drawn where units are far out.
    """
    a, generator, found, here = problem.architecture, np.random.default_rng(0), [], _fractions(problem, weights)
    piecewise = bool(a.kinked_layers(2))
    spread = _SPREAD_BESIDE_KINKS if piecewise else _SPREAD
    farthest = np.full(a.N_net, np.inf if piecewise else _FARTHEST)
    farthest[: a.fan_in(1) * a.widths[1]] /= max(1.0, *(abs(float(x)) for row in problem.samples.X for x in row))
    for _ in range(count):
        flat = np.clip(flat_weights(problem, weights), -farthest, farthest)
        flat[free] += spread * generator.standard_normal(len(free))
        rows = np.array([Fraction(x) for x in flat], dtype=object)
        for k, m, q in ties:
            rows[k] = here[k] + q * (rows[m] - here[m])
        found.append(weights_of_rows(problem, rows))
    return found


def _fractions(problem: Problem, weights: Weights) -> list[Fraction]:
    """Return the weights in the order of the rows of ``P``, exactly where they are rational, so that members keep ties exactly."""
    found = list[Fraction]()
    for k, double in enumerate(flat_weights(problem, weights)):
        l, unit, source = parameter_place(problem.architecture, k)
        layer = weights.layers[l - 1]
        number = layer.W[source][unit] if source < len(layer.W) else layer.b[unit]
        found.append(number if isinstance(number, Fraction) else Fraction(double))
    return found


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
