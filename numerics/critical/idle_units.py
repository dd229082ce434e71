r"""Critical points at which hidden units are idle: their outgoing weights are 0.

The derivative of the loss by a unit's incoming weights has its outgoing weights ``v`` as a factor, so with ``v = 0`` it vanishes whatever these
incoming weights are. What is left are the components for all other parameters and for ``v``: as many equations as there are unknowns once, of each
idle unit's incoming weights, as many are free as it has outgoing ones. The others may be moved, so that such critical points form manifolds of
dimension ``fan_in − n_{l+1}`` for each idle unit, with one loss. Where a whole layer is idle, no weight below it matters either.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import linalg

from lossproof.numerics.critical.box import refined_zero, zero_box
from lossproof.numerics.critical.systems import ReducedSystem
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_NEARLY_ZERO = Fraction(1, 10**6)


@dataclass(frozen=True)
class IdlePoint:
    """Weights with idle units, and the box proved for the other parameters and the ``free`` incoming weights (rows of ``W_l`` with its bias row)."""

    weights: Weights
    layer: int
    units: tuple[int, ...]
    free: tuple[tuple[int, ...], ...]
    radius: Fraction
    precision: int

    def dimension(self, architecture: Architecture) -> int:
        """Return the dimension of the manifold of such critical points."""
        held = len(self.units) * (architecture.fan_in(self.layer) - architecture.widths[self.layer + 1])
        return held + (_rows_of(architecture, self.layer) if len(self.units) == architecture.widths[self.layer] else 0)


def idle_point(problem: Problem, weights: Weights, *, exactly: bool = False) -> IdlePoint | None:
    """Return a point with idle units, at or near the weights, at which a critical point is proved, or None.

    With ``exactly`` the outgoing weights must be 0 already and the weights stay as they are; else small ones are set to 0 and the rest refined.
    """
    a = problem.architecture
    for layer in range(1, a.L):
        units = _idle_units(weights, layer, exactly=exactly)
        if not units or a.fan_in(layer) < a.widths[layer + 1]:
            continue
        point = weights if exactly else _silenced(weights, layer, units)
        free = _free_weights(problem, point, layer, units)
        if free is None:
            continue
        system = _system(a, layer, units, free)
        if not exactly:
            point = refined_zero(problem, point, system) or point
        box = zero_box(problem, point, system)
        if box is not None:
            return IdlePoint(point, layer, units, free, *box)
    return None


def _idle_units(weights: Weights, layer: int, *, exactly: bool) -> tuple[int, ...]:
    most = Fraction(0) if exactly else _NEARLY_ZERO
    rows = weights.layers[layer].W
    return tuple(i for i, row in enumerate(rows) if all(isinstance(v, Fraction) and abs(v) <= most for v in row))


def _silenced(weights: Weights, layer: int, units: tuple[int, ...]) -> Weights:
    behind = weights.layers[layer]
    W = tuple(tuple(Fraction(0) for _ in row) if i in units else row for i, row in enumerate(behind.W))
    return Weights((*weights.layers[:layer], Layer(W, behind.b), *weights.layers[layer + 1 :]))


def _rows_of(a: Architecture, layer: int) -> int:
    """Return the number of rows of ``P`` before those of a layer."""
    return sum(a.fan_in(l) * a.widths[l] for l in range(1, layer))


def _outgoing(a: Architecture, layer: int, unit: int) -> list[int]:
    start, rows = _rows_of(a, layer + 1), a.fan_in(layer + 1)
    return [start + j * rows + unit for j in range(a.widths[layer + 1])]


def _free_weights(problem: Problem, weights: Weights, layer: int, units: tuple[int, ...]) -> tuple[tuple[int, ...], ...] | None:
    """Choose for each idle unit the incoming weights by which its own equations change most, by pivoting in doubles."""
    a = problem.architecture
    if beyond_doubles(problem, weights) is not None:
        return None
    try:
        with np.errstate(all="ignore"):
            H = hessian(problem, evaluate(a, problem.samples, weights, Float64Field()))
    except NotDifferentiable:
        return None
    start, rows, wanted = _rows_of(a, layer), a.fan_in(layer), a.widths[layer + 1]
    found = []
    for unit in units:
        block = H[np.ix_(_outgoing(a, layer, unit), range(start + unit * rows, start + (unit + 1) * rows))]
        if not np.all(np.isfinite(block)):
            return None
        pivots = linalg.qr(block, mode="r", pivoting=True)[1][:wanted]
        found.append(tuple(sorted(int(k) for k in pivots)))
    return tuple(found)


def _system(a: Architecture, layer: int, units: tuple[int, ...], free: tuple[tuple[int, ...], ...]) -> ReducedSystem:
    start, rows = _rows_of(a, layer), a.fan_in(layer)
    incoming = {start + unit * rows + k for unit in units for k in range(rows)}
    if len(units) == a.widths[layer]:
        incoming |= set(range(start))
    kept = {start + unit * rows + k for unit, chosen in zip(units, free, strict=True) for k in chosen}
    outgoing = {k for unit in units for k in _outgoing(a, layer, unit)}
    equations = tuple(k for k in range(a.N_net) if k not in incoming)
    return ReducedSystem(tuple(k for k in range(a.N_net) if k not in (incoming - kept) | outgoing), (), equations)
