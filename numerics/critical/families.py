r"""Critical points on manifolds of critical points, located by the components of the gradient that no identity implies.

A family of weights: some are held at 0 (those into or out of a unit), equal units stay equal, all others are free. On it rows of ``P`` obey identities
(`offered_identities`); a largest independent set of them implies as many components of the gradient. What is left are fewer equations than free
weights; as many free weights are chosen as unknowns, and the others may be moved: critical points form a manifold of that dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

import numpy as np
from scipy import linalg

from lossproof.numerics.critical.box import MOST_PARAMETERS, refined_zero, zero_box
from lossproof.numerics.critical.cell_identities import cell_identities, exact_identities
from lossproof.numerics.critical.identities import (
    Identity,
    coefficients,
    identities_hold,
    offered_identities,
    place_of,
    rows_of_P,
    shifts_logits,
    symmetries,
)
from lossproof.numerics.critical.systems import ReducedSystem
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

Tie = tuple[int, int, Fraction]

_NEARLY_ZERO = Fraction(1, 10**6)
_REGULAR = 1e-7
_SPREAD = 0.3
_SPREAD_BESIDE_KINKS = 1e-3
_MOST_TERMS = 2_000
_MOST_WORK = 20_000_000


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
    start = weights if exactly else _with_even_units(problem, _without_small(weights))
    for held, ties in dict.fromkeys(_families(problem, start)):
        if not _is_cheap(problem, set(held)):
            continue
        try:
            with np.errstate(all="ignore"):
                found, moved = _choice(problem, start, held, ties), _across(problem, start, held, ties)
        except (NotDifferentiable, OverflowError, np.linalg.LinAlgError):
            continue
        if found is None:
            continue
        system, implied, identities = found
        point = start if exactly else refined_zero(problem, start, system) or start
        box = zero_box(problem, point, system)
        if box is not None:
            every = max([Fraction(1), *(abs(q) for _, _, q in ties)])
            return FamilyPoint(point, held, ties, implied, identities, system.parameters, *moved, *box, box[0] * every)
    return None


def _is_cheap(problem: Problem, held: set[int]) -> bool:
    """Tell whether ``P`` is small as a matrix of polynomials in symbols for the weights that are not held, by a bound of the numbers of terms."""
    a, most = problem.architecture, 1
    values, slopes = [1] * a.widths[0], list[list[int]]()
    for l in range(1, a.L):
        record, degree = a.activation, a.activation.degree
        z = [1 + sum(n for j, n in enumerate(values) if place_of(a, l, u, j) not in held) for u in range(a.widths[l])]
        if degree:
            slopes.append([comb(n + degree - 2, degree - 1) for n in z])
            values = [comb(n + degree - 1, degree) for n in z]
        else:
            slopes.append([1 if record.is_identity else n + 2 for n in z])
            values = [n if record.is_identity else n + 2 for n in z]
        most = max(most, *values)
    behind = [1] * a.n_L
    for l in range(a.L - 1, 0, -1):
        into = [sum(n for j, n in enumerate(behind) if place_of(a, l + 1, j, u) not in held) for u in range(a.widths[l])]
        behind = [n * slope for n, slope in zip(into, slopes[l - 1], strict=True)]
        most = max(most, *behind)
    return most <= _MOST_TERMS and most**2 * a.N_net * problem.columns <= _MOST_WORK


def _without_small(weights: Weights) -> Weights:
    def zeroed(row: tuple[Number, ...]) -> tuple[Number, ...]:
        return tuple(Fraction(0) if isinstance(w, Fraction) and abs(w) <= _NEARLY_ZERO else w for w in row)

    return Weights(tuple(Layer(tuple(map(zeroed, layer.W)), layer.b) for layer in weights.layers))


def _with_even_units(problem: Problem, weights: Weights) -> Weights:
    """Return the weights with the outgoing weights of a unit made equal for softmax where they nearly are."""
    if not shifts_logits(problem) or problem.architecture.L == 1:
        return weights
    last, rows = weights.layers[-1], list[tuple[Number, ...]]()
    for row in last.W:
        numbers = [v for v in row if isinstance(v, Fraction)]
        near = len(numbers) == len(row) and max(numbers) - min(numbers) <= _NEARLY_ZERO
        rows.append((row[0],) * len(row) if near else row)
    return Weights((*weights.layers[:-1], Layer(tuple(rows), last.b)))


def _families(problem: Problem, weights: Weights) -> Iterator[tuple[tuple[int, ...], tuple[Tie, ...]]]:
    """Yield families that hold the weights, as what is held and what is tied: all weights, those with zeros held, and with equal units tied as well."""
    yield (), ()
    held = _zeros_of_units(problem, weights)
    yield held, ()
    even = _even_ties(problem, weights)
    yield held, even
    yield held, _compatible([*even, *_ties(problem, weights)], set(held))
    yield (), _compatible(_ties(problem, weights), set())


def _even_ties(problem: Problem, weights: Weights) -> tuple[Tie, ...]:
    """Return for softmax the ties that keep the outgoing weights of a unit equal where they are: such a unit moves all logits alike, as if it had none."""
    a = problem.architecture
    if not shifts_logits(problem) or a.L == 1:
        return ()
    even = [u for u, row in enumerate(weights.layers[-1].W) if all(v == row[0] for v in row)]
    return tuple(sorted((place_of(a, a.L, j, u), place_of(a, a.L, 0, u), Fraction(1)) for u in even for j in range(1, a.n_L)))


def _compatible(ties: Sequence[Tie], held: set[int]) -> tuple[Tie, ...]:
    """Return of some ties those in which no weight is held, or follows two others or one that follows itself; the earlier ones come first."""
    found = dict[int, Tie]()
    leaders = set[int]()
    for k, m, q in ties:
        if not {k, m} & held and k not in found and m not in found and k not in leaders:
            found[k] = k, m, q
            leaders.add(m)
    return tuple(found[k] for k in sorted(found))


def _zeros_of_units(problem: Problem, weights: Weights) -> tuple[int, ...]:
    """Return the weights into hidden units without incoming weights, and out of units without outgoing ones, but those that `_even_ties` keep equal."""
    a, found = problem.architecture, set[int]()
    for l in range(1, a.L):
        before, behind = weights.layers[l - 1].W, weights.layers[l].W
        for u in range(a.widths[l]):
            if all(row[u] == 0 for row in before):
                found |= {place_of(a, l, u, k) for k in range(a.widths[l - 1])}
            if all(v == 0 for v in behind[u]) and not (l == a.L - 1 and shifts_logits(problem)):
                found |= {place_of(a, l + 1, j, u) for j in range(a.widths[l + 1])}
    return tuple(sorted(found))


def _ties(problem: Problem, weights: Weights) -> list[Tie]:
    """Return the ties that keep hidden units equal, or opposite; outgoing weights are tied, too, where they are several in one ratio."""
    a, ties = problem.architecture, list[Tie]()
    for l in range(1, a.L):
        leaders: list[int] = []
        for u in range(a.widths[l]):
            mine = _incoming(a, weights, l, u)
            same = next(((m, s) for m in leaders for s in (1, -1) if mine and mine == [s * x for x in _incoming(a, weights, l, m)]), None)
            if same is None:
                if any(mine):
                    leaders.append(u)
                continue
            m, sign = same
            pairs = [(place_of(a, l, u, k), place_of(a, l, m, k), Fraction(sign)) for k in range(a.fan_in(l))]
            out = [(place_of(a, l + 1, j, u), place_of(a, l + 1, j, m), q) for j, q in _ratios(weights, l, u, m)]
            ties += [*pairs, *out]
    return ties


def _incoming(a: Architecture, weights: Weights, l: int, u: int) -> list[Fraction]:
    """Return the incoming weights of a unit with its trainable bias; none where one is irrational."""
    layer = weights.layers[l - 1]
    numbers = [*(row[u] for row in layer.W), *([layer.b[u]] if a.bias_rows else [])]
    rational = [x for x in numbers if isinstance(x, Fraction)]
    return rational if len(rational) == len(numbers) else []


def _ratios(weights: Weights, l: int, u: int, m: int) -> list[tuple[int, Fraction]]:
    """Return the outgoing weights of unit u with their ratio to those of unit m, which is the same for all; none where they are single, or in no ratio."""
    mine, others = weights.layers[l].W[u], weights.layers[l].W[m]
    rational = [(v, w) for v, w in zip(mine, others, strict=True) if isinstance(v, Fraction) and isinstance(w, Fraction)]
    quotients = {v / w for v, w in rational if w}
    one = len(mine) > 1 and len(rational) == len(mine) and len(quotients) == 1 and all(w or not v for v, w in rational)
    return [(j, q) for q in quotients for j in range(len(mine))] if one else []


def _choice(
    problem: Problem, weights: Weights, held: tuple[int, ...], ties: tuple[Tie, ...]
) -> tuple[ReducedSystem, tuple[int, ...], tuple[Identity, ...]] | None:
    """Return equations, unknowns and identities by pivoting in doubles; None where the derivative of the equations is deficient."""
    N, followers = problem.architecture.N_net, {k for k, _, _ in ties}
    free = [k for k in range(N) if k not in held and k not in followers]
    members = [weights, *_members(problem, weights, free, ties)]
    offered = [*offered_identities(problem, members), *cell_identities(problem, weights)]
    if problem.architecture.kinked_layers(1):
        offered = exact_identities(problem, members[-1], offered)
    passed, rows = rows_of_P(problem, weights)[0], _rows(problem, members, offered)
    chosen = _pivots(rows)
    implied = tuple(sorted(k for _, k in chosen))
    equations = tuple(k for k in range(N) if k not in set(implied))
    H = np.asarray(hessian(problem, passed), dtype=float)[list(equations)]
    for k, m, q in ties:
        H[:, m] += float(q) * H[:, k]
    slopes, n = H[:, free], len(equations)
    if not 0 < n <= len(free) or not np.all(np.isfinite(slopes)):
        return None
    scale = np.max(np.abs(slopes), axis=1, keepdims=True)
    if not np.all(scale > 0):
        return None
    R, order = linalg.qr(slopes / scale, mode="r", pivoting=True)
    if abs(R[n - 1, n - 1]) <= _REGULAR * abs(R[0, 0]):
        return None
    used = tuple(offered[r] for r, _ in sorted(chosen))
    if not identities_hold(problem, members[1], used):
        return None
    parameters = tuple(sorted(free[k] for k in order[:n]))
    system = ReducedSystem(parameters, tuple(tie for tie in ties if tie[1] in parameters), equations)
    return system, implied, used


def _across(
    problem: Problem, weights: Weights, held: tuple[int, ...], ties: tuple[Tie, ...]
) -> tuple[tuple[int, ...], tuple[Identity, ...]]:
    """Return symmetries that lead out of the family, and as many of its held and tied weights by which they do."""
    outside = [*held, *(k for k, _, _ in ties)]
    known = list(symmetries(problem)) if outside else []
    if not known:
        return (), ()
    rows = _rows(problem, [weights], known)
    for k, m, q in ties:
        rows[:, k] = rows[:, k] - float(q) * rows[:, m]
    chosen = sorted((r, outside[c]) for r, c in _pivots(rows[:, outside]))
    return tuple(sorted(k for _, k in chosen)), tuple(known[r] for r, _ in chosen)


def _rows(problem: Problem, members: Sequence[Weights], offered: Sequence[Identity]) -> Array:
    """Return the coefficients of the identities at the first member, scaled; 0 for identities whose coefficients nearly vanish there only."""
    tables = []
    for weights in members:
        values, P = flat_weights(problem, weights), rows_of_P(problem, weights)[1]
        tables.append(np.array([coefficients(identity, values, P) for identity in offered]).reshape(-1, len(values)))
    sizes = [np.max(np.abs(table), axis=1, initial=0.0, keepdims=True) for table in tables]
    usable = (sizes[0] > _REGULAR * np.maximum.reduce(sizes)) & np.isfinite(sizes[0])
    return np.where(usable, np.divide(tables[0], sizes[0], where=usable, out=np.zeros_like(tables[0])), 0.0)


def _members(problem: Problem, weights: Weights, free: list[int], ties: tuple[Tie, ...]) -> list[Weights]:
    """Return two more members of the family, drawn from a fixed seed; nearer where the weights lie on a piece of an activation with kinks."""
    generator, found = np.random.default_rng(0), []
    spread = _SPREAD_BESIDE_KINKS if problem.architecture.kinked_layers(2) else _SPREAD
    for _ in range(2):
        flat = flat_weights(problem, weights)
        flat[free] += spread * generator.standard_normal(len(free))
        for k, m, q in ties:
            flat[k] = float(q) * flat[m]
        found.append(weights_of_rows(problem, flat))
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
