"""Members of a family of weights, and what is seen of them: identities of the rows of ``P`` and of the gradient, computed once for all ways to a point."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from lossproof.numerics.critical.cell_identities import cell_identities
from lossproof.numerics.critical.common_identities import offered_identities
from lossproof.numerics.critical.dependent_rows import dependent_rows
from lossproof.numerics.critical.family_structure import Tie
from lossproof.numerics.critical.free_features import free_feature_identities, still_identities
from lossproof.numerics.critical.gradient_relations import gradient_relations
from lossproof.numerics.critical.identities import Identity, rows_of_P
from lossproof.numerics.critical.identity_terms import affordable
from lossproof.numerics.critical.still_units import Still
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.boxes import parameter_place
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

SEEN = 3
"""Members of a family by which identities of ``P`` are told."""

_MORE_MEMBERS = 4
"""How many more members than weights there are for identities of the gradient."""

_SPREAD, _SPREAD_BESIDE_KINKS = 0.3, 1e-3
_FARTHEST = 4.0
"""The largest weights of a member, at inputs of at most 1: what saturated units tell apart no precision sees."""


@dataclass(frozen=True, eq=False)
class Family:
    """Weights with those that are held and tied, the terms of rows of ``P``, and what is computed once for all ways of looking for a point."""

    problem: Problem
    start: Weights
    held: tuple[int, ...]
    ties: tuple[Tie, ...]
    terms: list[int]
    _views: dict[Still, View] = field(default_factory=dict)

    @cached_property
    def free(self) -> list[int]:
        """The weights that are neither held nor follow others."""
        others = {*self.held, *(k for k, _, _ in self.ties)}
        return [k for k in range(self.problem.architecture.N_net) if k not in others]

    @cached_property
    def members(self) -> list[Weights]:
        """The start and other members, drawn from a fixed seed."""
        count = self.problem.architecture.N_net + _MORE_MEMBERS
        return [self.start, *drawn_members(self.problem, self.start, self.free, self.ties, count)]

    def view(self, still: Still) -> View:
        """Return what is seen of the members with some units still."""
        if still not in self._views:
            self._views[still] = View(self, still)
        return self._views[still]


@dataclass(frozen=True, eq=False)
class View:
    """The members of a family, with the derivatives of still units taken for 0."""

    family: Family
    still: Still

    @cached_property
    def seen(self) -> list[tuple[Evaluation, Array]]:
        """The passes and ``P`` of the first members."""
        return [rows_of_P(self.family.problem, each, self.still) for each in self.family.members[:SEEN]]

    @cached_property
    def pairs(self) -> list[tuple[Array, Array]]:
        """The weights and ``P`` of the first members."""
        return [(flat_weights(self.family.problem, each), P) for each, (_, P) in zip(self.family.members, self.seen, strict=False)]

    @cached_property
    def offered(self) -> list[Identity]:
        """Identities of rows of ``P``, without those of Cramer's rule."""
        problem = self.family.problem
        return [
            *offered_identities(problem, self.seen),
            *cell_identities(problem, self.family.start),
            *free_feature_identities(problem, self.seen, self.still),
            *still_identities(problem, self.still),
        ]

    @cached_property
    def dependent(self) -> list[Identity]:
        """Those of Cramer's rule that a checker forms."""
        return list(affordable(self.family.problem, self.family.terms, dependent_rows(self.family.problem, self.pairs)))

    @cached_property
    def relations(self) -> list[Identity]:
        """Relations of the components of the gradient."""
        return gradient_relations(self.family.problem, self.family.members[1:], self.still)


def drawn_members(problem: Problem, weights: Weights, free: list[int], ties: tuple[Tie, ...], count: int) -> list[Weights]:
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
