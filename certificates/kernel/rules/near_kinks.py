"""The rule that proves a local minimum on kinks of units near a point (section 6): weights at which some z are exactly 0, found by Krawczyk's test."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.functions import ONE, ZERO
from lossproof.certificates.kernel.arithmetic.inclusion import require_contraction
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.rings import BallRing, Rows
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.network import errors, passes
from lossproof.certificates.kernel.network.orbits import at_rest
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import Problem, rational
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, named, positive, slope_around, slopes_at
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor

Pins: TypeAlias = dict[tuple[int, int], fmpq]
"""Units and samples, the first of those with this input, and the number λ around which the slope of the unit there is looked for."""


class _LineRing(BallRing):
    """Balls, in which the hidden units are lines ``σ(z) = s z`` with given slopes, of shape ``(T, n_1)``."""

    def __init__(self, work: Work, bits: int, slopes: Array) -> None:
        super().__init__(work, bits)
        self._slopes = slopes

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Return the values of the lines and their slopes; the output layer has its own."""
        if layer > 1:
            return super().activate(activation, layer, z, slopes=slopes, rest=rest)
        self.count(sum(c.size for c in z.coefficients), 0)
        return z * self._slopes, self._slopes


def minimum_near_kinks(step: Step) -> Result:
    r"""Weights in a box are a local minimum with units on their kink 0: one hidden layer, lines of slopes s⁻, s⁺ on the sides of 0, identity output.

    Units k and samples i are *pinned*, with all samples of equal input; elsewhere all z are inside of one piece over the box, or at rest, with the slope s.
    With λ the unknown slopes at the pins, ``h_k(i) = s z``, there ``λ̂ z`` with the numbers λ̂ of the evidence, and ε the gradients of the errors at the outputs
    that these give, the equations are, for W in the box and ``|λ − λ̂| ≤ ρ``,

        ``Σ_i ε_i + Tμb = 0``, ``Σ_i h_k(i) ε_i + Tκv_k = 0``, ``Σ_i s_k(i) x̃_i (v_k·ε_i) + TΛw_k = 0``, with λ for s, and ``z_k(i) = 0`` at the pins.

    They are as many as unknowns, and by `require_contraction` have one solution W*, λ; their derivatives are seen with the balls of λ as slopes of the values,
    too. Some weights are held, and their equations left out: those of `gauge`, and those of the rate 0 of *dead* units, of slope 0 everywhere, whose equations
    are ``0 = 0``. The former follow as in `stationary_box`, from sums that hold where ``z = 0`` at the pins, as ``s z = σ(z)`` there, whatever s is. So J̃, with
    ``h = s z`` and λ at the pins, which is smooth, has at W* the value and the outputs of J, and the gradient 0. At all pins λ is strictly between s⁻ and s⁺,
    and ``(v_k·ε_i)(s⁺ − s⁻) > 0`` with the sum of ε over equal inputs.

    *A minimum.* For W near W*, ``σ(z) = λz + r``, with ``(s⁺ − s⁻) r ≥ δ|z|`` for some ``δ > 0``. The outputs of J differ from those of J̃ by ``O(Σ|z|)``, the
    sum over the pins, so ``T(J − J̃) = Σ_k Σ_i (v_k·ε_i) r + O(Σ|z|)² ≥ c Σ|z|`` with ``c > 0``. These z are linear in the weights, with rows B that are
    independent. Let the Hessian of J̃ by the weights that are not held be positive definite where ``B = 0``. Write a change of these as ``a + b``, a there, b
    orthogonal, ``|b| ≤ C Σ|z|``. Then ``J − J(W*) ≥ m|a|² − M(|a| + |b|)|b| + c'|b| ≥ 0``. So it is where the held weights are as at W*. Others near W* are
    images of such under what keeps J: scalings and shifts give the held weights their values, rotations by small angles, with the other weights, are
    coordinates near W* as their fields are independent at the weights held, and J does not depend on those of dead units.

    The Hessian bordered by B and 0 has as many negative eigenvalues as B has rows, and else positive ones, if and only if B has independent rows and it is so.
    """
    found, problem = step.expect(0, "point", "fixed", "pins", "radius", "precision"), step.problem
    step.says("local-minimum")
    lines = problem.hidden[0].homogeneity == 1 and bool(problem.hidden[0].kinks(1)) and problem.biases[0] != "fixed"
    right = problem.L == 2 and problem.output_activation.is_identity and lines
    require(right, "rule", "this needs one hidden layer of lines on both sides of 0 without fixed biases, and identity output")
    k, radius = step.point_named(found), positive(found, "radius")
    box, pins, sides = passes.Box(step.points[k], radius), _pins(problem, found["pins"]), slopes_at(problem.hidden[0], ZERO)
    fixed = set(evidence.gauge(step.formal(), problem, found, box))
    with step.balls() as ring:
        centre, slopes = _slopes(ring, problem, box, pins)
        exact, wide = (_LineRing(step.work, ring.bits, s) for s in (centre, slopes))
        eps, V = errors.residuals(wide, problem, passes.outputs(wide, problem, box)), passes.weights(wide, problem, box)[1][0]
        ring.count(eps.size * problem.widths[1] + problem.T * len(pins), 0)
        each, first, rates = eps @ V.T, _first_of_equals(problem), problem.rates or [ZERO] * problem.N_net
        pulls = {(u, i): sum(each[m, u] for m in range(problem.T) if first[m] == i) for u, i in pins}
        for (u, i), slope in pins.items():
            rises = pulls[u, i] > 0 if sides[0] < sides[1] else pulls[u, i] < 0
            require(bool(rises), "evidence.pins", "the loss is not seen to rise where a unit leaves a kink")
            inside = min(sides) + radius < slope < max(sides) - radius
            require(inside, "evidence.pins", "a slope at a kink must lie between those on both sides, with the radius")
        dead = [u for u in range(problem.widths[1]) if all(s == 0 for s in slopes[:, u])]
        fixed |= {n for u in dead for n in _weights_of(problem, u) if rates[n] == 0}
        free = sorted(set(range(problem.N_net)).difference(fixed))
        _require_minimum(step, exact, wide, box, free, pulls)
    step.introduce(step.at, box)
    return step.conclude("local-minimum", {"point": k, "radius": str(radius)}), Rigor.BALL


def _pins(problem: Problem, value: Any) -> Pins:
    """Return the pins, in the order of units and samples; each sample is the first with its input, which is not 0 with the unit of a bias."""
    found, place, first, last = Pins(), "evidence.pins", _first_of_equals(problem), (-1, -1)
    for n, entry in enumerate(read.items(value, place)):
        u, i, slope = read.items(entry, f"{place}[{n}]", 3)
        pin = read.integer(u, f"{place}[{n}][0]", 0, problem.widths[1] - 1), read.integer(i, f"{place}[{n}][1]", 0, problem.T - 1)
        require(pin > last, f"{place}[{n}]", "units and samples must increase")
        require(first[pin[1]] == pin[1], f"{place}[{n}][1]", "the first of the samples with this input is expected")
        found[pin], last = read.rational(slope, f"{place}[{n}][2]"), pin
    return found


def _first_of_equals(problem: Problem) -> list[int]:
    """Return for each sample the first one with the same input."""
    first = {x: i for i, x in reversed(list(enumerate(problem.X)))}
    return [first[x] for x in problem.X]


def _slopes(ring: BallRing, problem: Problem, box: passes.Box, pins: Pins) -> tuple[Array, Array]:
    """Return the slopes of all units at all samples, of shape ``(T, n_1)``: with λ̂ at the pins, and with the balls of λ there; at rest 0."""
    z, rest, wide = passes.layer_inputs(ring, problem, box, 1), at_rest(problem, 1), arb(0, arb(box.radius).upper())
    centre = np.full(z.shape, arb(0), dtype=object)
    slopes, first = centre.copy(), _first_of_equals(problem)
    ring.count(z.size, 0)
    for i, u in np.ndindex(z.shape):
        pin, slope = pins.get((u, first[i])), None if i in rest else slope_around(problem.hidden[0], [z.item(i, u)])
        known = pin is not None or slope is not None or i in rest
        require(known, "conclusion.at", f"unit {u} is not seen to be off its kink at sample {i}, where it is not pinned")
        centre[i, u] = arb(rational(slope, 0) if pin is None else pin)
        slopes[i, u] = centre[i, u] if pin is None else centre[i, u] + wide
    return centre, slopes


def _weights_of(problem: Problem, u: int) -> list[int]:
    """Return the weights into hidden unit u, and those out of it."""
    m = problem.fan_in(1)
    return [*range(u * m, (u + 1) * m), *range(problem.below(2) + u, problem.below(3), problem.fan_in(2))]


def _require_minimum(
    step: Step, exact: _LineRing, wide: _LineRing, box: passes.Box, free: list[int], pulls: dict[tuple[int, int], arb]
) -> None:
    """Demand that the equations have a solution in the box, in the ``free`` weights and the λ, and that the bordered Hessian has the signs of a minimum."""
    problem, m, n = step.problem, step.problem.fan_in(1), len(free)
    size, here, moving = n + len(pulls), passes.Box(box.point), passes.Box(box.point, box.radius, frozenset(free))
    step.work.spend(4 * limits.elimination_work(size, wide.bits), "an inverse and an elimination in balls")
    z = passes.layer_inputs(exact, problem, here, 1)
    centre = [*passes.gradient(exact, problem, here)[free], *(z[i, u] for u, i in pulls)]
    J = np.full((size, size), arb(0), dtype=object)
    J[:n, :n] = passes.hessian(wide, problem, moving, free).T
    K, at = J.copy(), {k: row for row, k in enumerate(free)}
    for column, ((u, i), pull) in enumerate(pulls.items(), start=n):
        for r, x in enumerate([*problem.X[i], *[ONE] * problem.bias_rows_of(1)]):
            row = at.get(u * m + r)
            if row is not None:
                J[column, row], J[row, column], K[column, row], K[row, column] = arb(x), pull * x, arb(x), arb(x)
    require_contraction(centre, arb_mat(size, size, list(J.flat)), box.radius, ZERO)
    right = inertia((K + K.T) / 2) == (len(pulls), n)
    require(right, "conclusion.at", "the loss is not seen to curve upwards in the weights that keep units on their kinks")


NEAR_KINK_RULES = named(minimum_near_kinks)
