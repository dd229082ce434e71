"""Boxes that are proved to hold a local minimum at which hidden units are on their kinks, and weights near such ones (rule `minimum-near-kinks`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from lossproof.numerics.algebra.inclusion import krawczyk_slacks
from lossproof.numerics.algebra.inertia import ball_inertia
from lossproof.numerics.critical.box import MOST_PARAMETERS, symmetry_gauge
from lossproof.numerics.critical.kink_newton import Pinned, descend_with_pins, pins_units, slopes_at_pins
from lossproof.numerics.critical.lines import Lines
from lossproof.numerics.critical.rotations import turns_of
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.precision import ball_precision, dyadic
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.penalty import decay_rates
from lossproof.numerics.network.weight_vectors import flat_weights, rows_of_step, weights_of_rows
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_PRECISION, _STEPS, _BITS = 128, 5, 100
_LEAST_RADIUS, _ATTEMPTS, _REFINED = Fraction(1, 2**50), 4, 2.0**-40

Pins = Mapping[tuple[int, int], Fraction]


@dataclass(frozen=True)
class KinkBox:
    """The box of a radius around weights, those that are held, and the units and samples that are pinned, with numbers near their slopes there."""

    radius: Fraction
    fixed: tuple[int, ...]
    pins: Pins
    precision: int


def weights_on_kinks(problem: Problem, start: Weights) -> Weights | None:
    """Return dyadic weights near which a local minimum on kinks seems to lie, where a descent from the start ends, refined to 100 bits; or None."""
    if not pins_units(problem) or beyond_doubles(problem, start) is not None:
        return None
    found = descend_with_pins(problem, flat_weights(problem, start))
    return None if found is None or not found.pins else refined_on_kinks(problem, found)


def refined_on_kinks(problem: Problem, found: Pinned) -> Weights | None:
    """Return where Newton's method for the equations of a point with pins leads, in high precision; None where it does not settle."""
    point = [Fraction(float(x)) for x in found.point]
    pins, last = {pin: Fraction(slope) for pin, slope in found.pins.items()}, np.inf
    for _ in range(_STEPS):
        system = _System.of(problem, weights_of_rows(problem, np.array(point, dtype=object)), pins)
        step = None if system is None else system.step()
        if system is None or step is None:
            return None
        length = max(float(abs(x)) for x in step)
        if not length < min(1.0, last):
            break
        last = length
        for k, change in zip(system.free, step, strict=False):
            point[k] = _rounded(point[k] + change)
        pins = {pin: _rounded(slope + change) for (pin, slope), change in zip(system.pins.items(), step[len(system.free) :], strict=True)}
    return weights_of_rows(problem, np.array(point, dtype=object)) if last < _REFINED else None


def kink_box(problem: Problem, weights: Weights) -> KinkBox | None:
    """Return a box around the very weights that is proved to hold a local minimum on kinks, those that the weights are next to; None where no proof succeeds.

    Twice of what a checker needs is asked for.
    """
    if not pins_units(problem) or not weights.is_rational() or beyond_doubles(problem, weights) is not None:
        return None
    slopes = slopes_at_pins(problem, flat_weights(problem, weights))
    if not slopes:
        return None
    pins = {pin: Fraction(slope) for pin, slope in slopes.items()}
    try:
        length = Fraction(1)
        for _ in range(_STEPS):
            system = _System.of(problem, weights, pins)
            step = None if system is None else system.step()
            if system is None or step is None:
                return None
            length, moved = max(map(abs, step)), step[len(system.free) :]
            pins = {pin: _rounded(slope + change) for (pin, slope), change in zip(system.pins.items(), moved, strict=True)}
            if max(map(abs, moved)) <= _LEAST_RADIUS:
                break
        final = _System.of(problem, weights, pins)
        least = max(Fraction(2) ** (int(np.ceil(np.log2(max(float(length), 2.0**-60)))) + 2), _LEAST_RADIUS)
        for radius in (least * 4**attempt for attempt in range(_ATTEMPTS)):
            if final is not None and final.holds(radius):
                return KinkBox(radius, final.fixed, final.pins, _PRECISION)
    except (NotDifferentiable, ZeroDivisionError, OverflowError):
        return None
    return None


def _rounded(value: Fraction) -> Fraction:
    with ball_precision(_BITS):
        return dyadic(+ball_of(value).mid())


@dataclass(frozen=True, eq=False)
class _System:
    """The equations at weights, with numbers for the slopes at the pins: ``sides`` are the slopes elsewhere, ``fixed`` and ``idle`` weights are held."""

    problem: Problem
    weights: Weights
    pins: Pins
    sides: Array
    fixed: tuple[int, ...]
    free: tuple[int, ...]
    first: tuple[int, ...]
    leader: Mapping[int, int]

    @staticmethod
    def of(problem: Problem, weights: Weights, pins: Pins) -> _System | None:
        """Return it; None for too many unknowns."""
        a = problem.architecture
        low, high = (piece.slope for piece in a.activation.affine_pieces)
        z = Lines(problem, Float64Field(), flat_weights(problem, weights), np.zeros((problem.T, a.widths[1]))).z
        rest = samples_at_rest(problem, 1)
        sides = np.array([[Fraction(0) if i in rest else high if x > 0 else low for x in row] for i, row in enumerate(z)], dtype=object)
        m, inner, width = a.fan_in(1), a.fan_in(1) * a.widths[1], a.fan_in(2)
        turns, rates = turns_of(problem, weights, on_kinks=True), decay_rates(problem)
        leader = {turn.weight // m: turn.partner for turn in turns}
        if len(leader) < len(turns) or any(to in leader for to in leader.values()):
            return None
        fixed, kinked = tuple(sorted((*symmetry_gauge(problem, weights), *(turn.weight for turn in turns)))), {k for k, _ in pins}
        pins = {(k, i): slope for (k, i), slope in pins.items() if k not in leader}
        dead = [k for k in range(a.widths[1]) if k not in kinked and k not in leader and not any(sides[:, k])]
        own = [[*range(k * m, (k + 1) * m), *range(inner + k, a.N_net, width)] for k in dead]
        idle = {n for weights_of in own for n in weights_of if not rates[n]}
        free = tuple(n for n in range(a.N_net) if n not in idle and n not in fixed)
        return (
            _System(problem, weights, pins, sides, fixed, free, problem.samples.firsts(), leader)
            if len(free) + len(pins) <= MOST_PARAMETERS
            else None
        )

    def _lines(self, radius: Fraction) -> Lines:
        """Return the equations in balls, over the box of a radius in the free weights and the slopes at the pins."""
        field, layers = StateBallField(_PRECISION), self.weights.layers
        rows = rows_of_step(
            self.problem.architecture, [(np.array(layer.W, dtype=object), np.array(layer.b, dtype=object)) for layer in layers]
        )
        wider = ball_of(radius) * arb(0, 1)
        point = np.array([ball_of(x) for x in rows], dtype=object)
        slopes = np.array([[ball_of(s) for s in row] for row in self.sides], dtype=object)
        point[list(self.free)] += wider
        for (k, i), slope in self.pins.items():
            slopes[self.together(k, i)] = ball_of(slope) + wider
        return Lines(self.problem, field, point, slopes)

    def together(self, k: int, i: int) -> tuple[Array, ...]:
        """Return the indices of the samples equal to i, and of a unit with its followers."""
        return np.ix_([s for s, at in enumerate(self.first) if at == i], self.units(k))

    def units(self, k: int) -> list[int]:
        """Return a pinned unit and those that follow it."""
        return [k, *(u for u, to in self.leader.items() if to == k)]

    @property
    def everywhere(self) -> list[tuple[int, int]]:
        """The pins, those of followers too."""
        return [(u, i) for k, i in self.pins for u in self.units(k)]

    def _derivatives(self, lines: Lines) -> tuple[arb_mat, Array]:
        """Return the derivatives of the equations by the unknowns, and the bordered Hessian."""
        n, m, everywhere = len(self.free), self.problem.architecture.fan_in(1), self.everywhere
        K, at = np.full((n + len(everywhere),) * 2, arb(0), dtype=object), {k: row for row, k in enumerate(self.free)}
        K[:n, :n] = lines.jacobian()[np.ix_(self.free, self.free)]
        for border, (u, i) in enumerate(everywhere, start=n):
            for r in (r for r in range(m) if u * m + r in at):
                K[border, at[u * m + r]] = K[at[u * m + r], border] = lines.inputs[i, r]
        rows = [border for border, pin in enumerate(everywhere, start=n) if pin in self.pins]
        J = np.full((n + len(rows),) * 2, arb(0), dtype=object)
        J[:n, :n], J[n:, :n] = K[:n, :n], K[rows, :n]
        for column, (k, i) in enumerate(self.pins, start=n):
            samples, units = (list(x.ravel()) for x in self.together(k, i))
            J[:n, column] = lines.rates_of_slope(units, samples)[list(self.free)]
        return arb_mat(J.tolist()), K

    def _values(self, lines: Lines) -> arb_mat:
        return arb_mat([[x] for x in (*lines.gradient[list(self.free)], *(lines.z[i, k] for k, i in self.pins))])

    def step(self) -> list[Fraction] | None:
        """Return Newton's step for all unknowns; None where the equations are singular."""
        with ball_precision(_PRECISION):
            lines = self._lines(Fraction(0))
            J, _ = self._derivatives(lines)
            try:
                step = J.mid().inv().mid() * self._values(lines).mid()
            except ZeroDivisionError:
                return None
            entries = step.entries()
            return [dyadic(-x.mid()) for x in entries] if all(x.is_finite() for x in entries) else None

    def holds(self, radius: Fraction) -> bool:
        """Tell whether the box holds a minimum, with half of it as slack."""
        left, right = (piece.slope for piece in self.problem.architecture.activation.affine_pieces)
        low, high, rising = min(left, right), max(left, right), left < right
        with ball_precision(_PRECISION):
            here, wide = self._lines(Fraction(0)), self._lines(2 * radius)
            pinned = np.zeros(self.sides.shape, dtype=bool)
            for k, i in self.pins:
                pinned[self.together(k, i)] = True
            pinned[samples_at_rest(self.problem, 1)] = True
            if any(wide.z.item(s, k).contains(0) for s, k in zip(*np.nonzero(~pinned), strict=True)):
                return False
            pulls = [sum((wide.pulls[s, u] for s, at in enumerate(self.first) if at == i), arb(0)) for u, i in self.everywhere]
            inside = all(low + 2 * radius < q < high - 2 * radius for q in self.pins.values())
            if not inside or not all(p > 0 if rising else p < 0 for p in pulls):
                return False
            J, K = self._derivatives(wide)
            rho = ball_of(radius)
            if not all(2 * slack > rho for slack in krawczyk_slacks(self._values(here), J, J.mid().inv().mid(), rho)):
                return False
        counts = ball_inertia((K + K.T) / 2, _PRECISION)
        return (counts.negative, counts.positive) == (len(pulls), len(self.free))
