"""The rule that proves a critical point of a family (section 6): some components of the gradient vanish in a box, and identities imply the others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ONE, ZERO, vanishes
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.inclusion import count_inverse, require_contraction, require_invertible
from lossproof.certificates.kernel.arithmetic.rings import Element, Ring, Rows
from lossproof.certificates.kernel.arithmetic.series import Array, Series, constant_term
from lossproof.certificates.kernel.network import errors, matrices, passes
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor

Ties: TypeAlias = dict[int, tuple[int, fmpq]]
"""For each weight that follows another one that one, and the ratio."""
Level: TypeAlias = "list[tuple[int, int, list[int], bool]]"
"""Hidden layers, units of them, samples at which these have one z, and whether they are level there: of slope 0."""
Silent: TypeAlias = "list[tuple[int, int, int]]"
"""Hidden layers, units of them, and samples at which these are silent: nothing comes back to them."""


class _StillRing(FormalRing):
    """The formal ring, in which units have one value and slope wherever their z is one of those that are the same, and the slope 0 where level or silent."""

    def __init__(self, work: Work, level: Level, silent: Silent) -> None:
        super().__init__(work)
        self._level, self._silent = level, silent

    def activate(self, activation: Activation, layer: int, z: Series, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Return ``σ(z)`` and ``σ'(z)``, which is 0 where a unit is level or silent."""
        value, slope = super().activate(activation, layer, z, slopes=slopes, rest=rest)
        here = [(unit, samples, flat) for l, unit, samples, flat in self._level if l == layer]
        silent = [(i, unit) for l, unit, i in self._silent if l == layer]
        if not slopes or not (here or silent):
            return value, slope
        require(isinstance(slope, Series) or not here, "evidence.level", "the slope of this activation is the same everywhere")
        at = z.coefficients[0]
        values, rates = value.coefficients[0].copy(), constant_term(slope, at.shape).copy()
        for unit, samples, flat in here:
            self.count(at.size * len(samples), 0, at)
            one = values[samples[0], unit], ZERO if flat else rates[samples[0], unit]
            for place in np.ndindex(at.shape):
                if any(vanishes(at[place] - at[k, unit]) for k in samples):
                    values[place], rates[place] = one
        for place in silent:
            rates[place] = ZERO
        return Series([values]), Series([rates])


def stationary_family(step: Step) -> Result:
    r"""Krawczyk's test for some components of the gradient, the others being implied by identities that hold on a family of weights.

    The family S: the weights ``held`` have their values at the point, each of the ``ties`` ``[k, m, q]`` makes ``w_k − q w_m`` be what it is at the point,
    and all other weights are free. An identity gives polynomials ``G_k`` in weights and entries of P with ``Σ_k G_k P[k, :] = 0`` all over S, near the box:
    seen with a symbol for each free weight. With weight decay ``Σ_k G_k λ_k w_k = 0`` there, too. Hence ``Σ_k G_k ∂J/∂w_k = 0`` by ``T ∇J = P ε + T λW``.
    Or that is seen of ``T ∇J`` itself, as where samples that are alike make errors depend on each other. For softmax P is read less its column of output 0
    within each sample, which changes nothing in ``P ε``, as ``Σ_j ε_ij = 0``. There are as many identities
    as components ``implied``, and the matrix of their coefficients at these is invertible all over the box. So where the other components vanish, in S
    and the box, all do.

    Units that are ``level``, ``[l, u, [i, k, …]]``, are equations besides: ``σ'(z_u(i)) = 0`` for the unit u of the hidden layer l, and ``z_u(k) = z_u(i)`` for
    each k. The identities need to hold on the set S' of S where these do: they are seen with the slope 0 and the unit's value at i at all samples, and for
    all units of the layer, whose z is formally the same as one of these. On S' these are the true slopes and values, layer by layer, so each symbol and
    each entry of P stands for what it is there. Units that are ``equal``, ``[l, u, [i, k, …]]`` with two samples at least, have the equations
    ``z_u(k) = z_u(i)`` alone, and at those samples and units the value and the slope of u at i.

    Units that are ``silent``, ``[l, u, [i, …]]``, are equations, too: with ``κ_u(i) = Σ_j w_uj Ψ_j(i)``, j the units behind u, ``κ_u(i) = 0`` for each i and
    each output, for softmax less that of output 0. On S' then ``Ψ_u(i) = σ'(z_u(i)) κ_u(i) = 0``, there and at all samples where κ is formally the same. As
    slopes enter P through such products only, it is the same there with the slope 0, and all entries of P stand for what they are.

    The test for all of these in as many free ``parameters``, the ties following, gives one such W, and an invertible derivative; at the point itself, where
    they vanish formally, that is seen in balls. By the implicit function theorem the parameters follow the free weights that are left, which may be moved
    within S', and the matrix of coefficients stays invertible. So W lies on a manifold of critical points, of their number as dimension; J is constant on
    it, as its gradient is 0 there.

    Symmetries are identities that hold for all weights near the box: the flows of their coefficients G, as fields of vectors, do not change J (for softmax,
    nor the outputs up to shifts), so they take critical points to critical points. The forms ``δ_k`` (k held) and ``δ_k − q δ_m`` (ties) vanish on S, and at as
    many of these k, ``across``, the fields have an invertible matrix of them: so they are independent of each other and of the tangent vectors in S, and
    moving the manifold along them gives one of a dimension larger by their number.
    """
    fields = "point held ties parameters implied identities across symmetries level equal silent radius precision"
    found = step.expect(0, *fields.split())
    problem = step.problem
    number, N, exact = step.point_named(found), step.problem.N_net, isinstance(step.at, int)
    point, radius = step.points[number], read.rational(found["radius"], "evidence.radius")
    require(radius == 0 if exact else radius > 0, "evidence.radius", "must be positive for a witness, and 0 at the point itself")
    keys = ("held", "parameters", "implied", "across")
    held, parameters, implied, across = (evidence.indices(found[key], f"evidence.{key}", N) for key in keys)
    ties = _ties(step, found, held)
    free = [k for k in range(N) if k not in held and k not in ties]
    equations = [k for k in range(N) if k not in implied]
    require(set(parameters) <= set(free), "evidence.parameters", "a parameter is held, or follows another")
    level = [(*each, True) for each in _still(found["level"], "evidence.level", problem)]
    level += [(*each, False) for each in _still(found["equal"], "evidence.equal", problem, 2)]
    silent = [(l, u, i) for l, u, samples in _still(found["silent"], "evidence.silent", problem) for i in samples]
    count = len(equations) + len(silent) * (problem.n_L - _shifts(problem))
    count += sum(len(samples) - (not flat) for _, _, samples, flat in level)
    require(len(parameters) == count > 0, "evidence.parameters", f"as many parameters as equations are needed, {count}")
    reach = radius * max([ONE, *(abs(q) for _, q in ties.values())])
    box = passes.Box(point, reach, frozenset([*parameters, *(k for k, (m, _) in ties.items() if m in parameters)]))
    require(not set(across) & set(free), "evidence.across", "a weight that is free is no direction across the family")
    dimension = len(free) - len(parameters) + len(across)
    places = _silent_places(_StillRing(step.work, level, []), problem, box, (held, ties), silent)
    for key, listed, family, ring in (
        ("identities", implied, (held, ties), _StillRing(step.work, level, places)),
        ("symmetries", across, ([], Ties()), step.formal()),
    ):
        _require_identities(step, ring, _family(ring, problem, box, *family), found[key], f"evidence.{key}", len(listed))
    if exact:
        require(step.at == number, "conclusion.at", "this is about another point", "conclusion")
        formal = step.formal()
        zeros = [*passes.gradient(formal, problem, box)[equations], *_still_values(formal, problem, box, level, silent)[0]]
        require(all(vanishes(g) for g in zeros), "conclusion.at", "these equations are not seen to hold at the point")
    with step.balls() as balls:
        count_inverse(step.work, max(len(parameters), len(implied), len(across)))
        M = _coefficients(step, balls, box, found["identities"], "evidence.identities", len(implied))[0][:, implied]
        require_invertible(M, "evidence.implied")
        G = _coefficients(step, balls, box, found["symmetries"], "evidence.symmetries", len(across))[0]
        moved = [[row[k] - row[ties[k][0]] * ties[k][1] if k in ties else row[k] for k in across] for row in G]
        require_invertible(moved, "evidence.across")
        directions = _directions(balls, problem, parameters, ties)
        rates = passes.hessian_times(balls, problem, box, directions)[:, equations].T
        J = [*rates, *_still_values(balls, problem, box, level, silent, directions)[1]]
        if exact:
            require_invertible(J, "evidence.parameters")
            return step.conclude("stationary", {"radius": "0", "dimension": dimension, "implied": len(implied)}), Rigor.BALL
        here = passes.Box(point)
        centre = [*passes.gradient(balls, problem, here)[equations], *_still_values(balls, problem, here, level, silent)[0]]
        require_contraction(centre, J, radius)
    return step.located(found, box, dimension, implied=len(implied)), Rigor.BALL


def _directions(ring: Ring, problem: Problem, parameters: list[int], ties: Ties) -> Array:
    """Return how all weights move with each of the parameters, the ties following, as rows."""
    directions = errors.unit_vectors(ring, parameters, problem.N_net)
    for k, (m, q) in ties.items():
        directions[:, k] = directions[:, m] * q
    return directions


def _still(value: Any, place: str, problem: Problem, least: int = 1) -> list[tuple[int, int, list[int]]]:
    """Return units of hidden layers, each with samples, so many at least."""
    layer, unit = read.below(problem.L - 1, 1), read.below(max(problem.widths))
    found = read.tuples(value, place, layer, unit, lambda x, here: evidence.indices(x, here, problem.T))
    for n, (l, u, samples) in enumerate(found):
        require(u < problem.widths[l], f"{place}[{n}][1]", f"layer {l} has no such unit")
        require(len(samples) >= least, f"{place}[{n}][2]", f"samples at which the unit is level, equal or silent are needed, {least}")
    return [*found]


def _shifts(problem: Problem) -> bool:
    """Tell whether one number more for all outputs of a sample changes no error."""
    return problem.error.family == "softmax" and problem.output_activation.is_identity


def _rates_back(ring: Ring, problem: Problem, curve: passes.Curve, l: int, count: int = 1) -> list[Series]:
    """Return ``κ = W_{l+1} Ψ_{l+1}`` for each output, for softmax less that of output 0, of shape ``(T, n_l)``, along a curve that takes so many passes."""
    n, T, L = problem.widths, problem.T, problem.L
    passed, found = passes.forward(ring, problem, curve, L - 1 if problem.strip else L, passes=count), list[Series]()
    for unit in errors.unit_vectors(ring, range(n[L]), n[L]):
        ring.count(0 if problem.strip else count * n[L] * T, 0)
        delta = Series([np.broadcast_to(unit, (T, n[L])), *[np.full((T, n[L]), ZERO)] * curve[0][0].order])
        back = passes.backward(ring, problem, curve, passed.slopes, delta if problem.strip else delta * passed.slopes[-1], l + 1, count)
        ring.count(count * T * (n[l + 1] + 1) * n[l], 0, curve[l][0], back[l + 1], inner=n[l + 1] + 1)
        found.append(back[l + 1] @ curve[l][0].T)
    return [each - found[0] for each in found[1:]] if _shifts(problem) else found


def _silent_places(ring: FormalRing, problem: Problem, box: passes.Box, family: tuple[list[int], Ties], silent: Silent) -> Silent:
    """Return the silent units at all samples where what comes back to them is formally the same."""
    found, curve = [], passes.curve_of(ring, problem, _family(ring, problem, box, *family)) if silent else []
    for l, u, i in silent:
        kappa = [each.coefficients[0][:, u] for each in _rates_back(ring, problem, curve, l)]
        found += [(l, u, k) for k in range(problem.T) if all(vanishes(each[k] - each[i]) for each in kappa)]
    return found


def _still_values(
    ring: Ring, problem: Problem, box: passes.Box, level: Level, silent: Silent, directions: Array | None = None
) -> tuple[list[Element], list[Array]]:
    """Return for level units their slope at the first sample, for these and equal ones how z at the others differs, for silent ones κ; and the derivatives."""
    terms = [] if directions is None else [directions]
    curve, count, rows = passes.curve_of(ring, problem, box, terms), 1 + 2 * sum(map(len, terms)), []
    if level:
        passed = passes.forward(ring, problem, curve, max(l for l, _, _, _ in level), passes=count)
    for l, u, (first, *others), flat in level:
        slope, z = passed.slopes[l].coefficients, passed.z[l].coefficients
        rows += [[c[..., first, u][()] for c in slope]] * flat + [[c[..., k, u] - c[..., first, u] for c in z] for k in others]
    for l, u, i in silent:
        rows += [[c[..., i, u][()] for c in each.coefficients] for each in _rates_back(ring, problem, curve, l, count)]
    return [row[0] for row in rows], [row[1] for row in rows if terms]


def _ties(step: Step, found: Mapping[str, Any], held: list[int]) -> Ties:
    """Return for each weight that follows another that one and the ratio."""
    place, weight = "evidence.ties", read.below(step.problem.N_net)
    ties = {k: (m, q) for k, m, q in read.tuples(found["ties"], place, weight, weight, read.rational, ordered=1)}
    require(not ties.keys() & {*held, *(m for m, _ in ties.values())}, place, "a weight that follows is held, or followed itself")
    require(not {m for m, _ in ties.values()} & set(held), place, "a weight that is followed is held")
    return ties


def _family(ring: FormalRing, problem: Problem, box: passes.Box, held: list[int], ties: Ties) -> passes.Box:
    """Return the weights of the family, with a symbol for each free one, whose ball holds it all over the box."""
    values, moving = passes.weight_vector(ring, problem, passes.Box(box.point)), box.free or frozenset()

    def ball(k: int, value: Element) -> arb:
        return ring.ball(value) + arb(0, arb(box.radius).upper()) if k in moving else ring.ball(value)

    offsets = {k: values[k] - values[m] * q for k, (m, q) in ties.items()}
    for k in range(problem.N_net):
        if k not in held and k not in ties:
            values[k] = ring.symbol(("weight", k), partial(ball, k, values[k]))
    for k, (m, q) in ties.items():
        values[k] = values[m] * q + offsets[k]
    return passes.box_at(problem, values, [b for _, b in box.point.layers])


def _coefficients(step: Step, ring: Ring, box: passes.Box, value: Any, place: str, count: int) -> tuple[Array, Array]:
    """Return the coefficients of the identities over a ring, one row for each, with a column for each weight; and P."""
    problem = step.problem
    P = matrices.entries(matrices.parse_matrix("P", problem), problem, box, ring)
    if _shifts(problem):
        ring.count(P.size, 0, P)
        P = P - np.repeat(P[:, :: problem.n_L], problem.n_L, axis=1)
    values, weight, column = passes.weight_vector(ring, problem, box), read.below(problem.N_net), read.below(problem.columns)

    def factor(x: Any, here: str) -> Element:
        return P[weight(x[0], f"{here}[0]"), column(x[1], f"{here}[1]")] if type(x) is list and len(x) == 2 else values[weight(x, here)]

    def identity(terms: Any, here: str) -> tuple[tuple[Any, ...], ...]:
        return read.tuples(terms, here, weight, read.rational, lambda factors, there: read.each(factors, there, factor))

    rows = np.full((count, problem.N_net), ZERO, dtype=object)
    for r, terms in enumerate(read.each(value, place, identity, count)):
        for k, q, factors in terms:
            term = ring.embed(q)
            for x in factors:
                ring.count(1, 0, np.array([term, x], dtype=object))
                term = term * x
            ring.count(1, 0)
            rows[r, k] = rows[r, k] + term
    return rows, P


def _require_identities(step: Step, ring: FormalRing, box: passes.Box, value: Any, place: str, count: int) -> None:
    """Demand that each identity holds formally: the combination of the rows of P, and of the slopes ``λ_k w_k`` of the penalty, is 0, or that of ``T ∇J``."""
    problem, (rows, P), gradient = step.problem, _coefficients(step, ring, box, value, place, count), None
    values = passes.weight_vector(ring, problem, box)
    for r, row in enumerate(rows):
        used = [k for k in range(problem.N_net) if not vanishes(row[k])]
        ring.count(len(used) * (problem.columns + 3), 0, row[used], P[used], inner=len(used))
        slope = sum((row[k] * values[k] * problem.rates[k] for k in used), ZERO) if problem.decay is not None else ZERO
        if all(vanishes(x) for x in (*np.sum(row[used, None] * P[used], axis=0) + ZERO, slope)):
            continue
        gradient = passes.gradient(ring, problem, box) if gradient is None else gradient
        ring.count(len(used), 0, row[used], gradient[used], inner=len(used))
        balanced = vanishes(row[used] @ gradient[used])
        require(balanced, f"{place}[{r}]", "this combination of the rows of P, or of the gradient, is not seen to vanish")
