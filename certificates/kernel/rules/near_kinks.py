"""The rule that proves a local minimum on kinks of units near a point (section 6): weights at which some z are exactly 0, found by Krawczyk's test."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ZERO
from lossproof.certificates.kernel.arithmetic.inclusion import count_inverse, require_contraction, require_invertible
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.rings import BallRing, Rows
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.network import errors, passes
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import Problem, rational
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, slopes_at
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor

Pins: TypeAlias = dict[tuple[int, int], fmpq]
"""Units and samples, the first of those with this input, and the number λ around which the slope of the unit there is looked for."""

Pinned: TypeAlias = tuple[Pins, dict[int, int], list[tuple[int, int]]]
"""The pins, for each follower of a pinned unit that one, and the pins of all of them."""


class _LineRing(BallRing):
    """Balls, in which the hidden units are lines ``σ(z) = s z`` with given slopes, of shape ``(T, n_1)``; these change by some ``rates`` with t."""

    def __init__(self, work: Work, bits: int, slopes: Array, rates: Array | None = None) -> None:
        super().__init__(work, bits)
        self.slopes: Any = slopes if rates is None else Series([slopes, rates[None]])

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Return the values of the lines and their slopes; the output layer has its own."""
        if layer > 1:
            return super().activate(activation, layer, z, slopes=slopes, rest=rest)
        self.count(sum(c.size for c in z.coefficients), 0)
        return z * self.slopes, self.slopes


def minimum_near_kinks(step: Step) -> Result:
    r"""Weights in a box are a local minimum with units on their kink 0: one hidden layer, lines of slopes s⁻, s⁺ on the sides of 0, identity output.

    Units k and samples i are *pinned*, with all samples of equal input; elsewhere all z are inside of one piece over the box, or at rest, with the slope s.
    *Followers* of a pinned unit, the units of the weights held in pairs with it, are pinned where it is, with its λ. With unknown slopes λ at the pins let J̃ be
    J with the lines ``h = s z`` for the units. For W in the box and ``|λ − λ̂| ≤ ρ``, λ̂ the numbers of the evidence, the equations are ``∇J̃ = 0`` and, for
    pinned units that are no followers, ``z_k(i) = 0``: as many as unknowns, and by `require_contraction` they have one solution W*, λ. Some weights are held,
    and their components left out: those of `gauge`, and those of the rate 0 of *dead* units, of slope 0 everywhere, whose components are 0. The former vanish
    as for `stationary_box`, with J̃ in the place of J: scalings, shifts and rotations of units with equal lines keep it.

    For a unit with followers let ``S = [[TΛ, G], [Gᵀ, Tκ]]``, ``G = Σ_i s(i) x̃_i ε_iᵀ``, with ε the gradients of the errors. ``∇J̃ = 0`` says ``S M_u = 0`` for
    the weights ``M_u = (w_u, v_u)`` of each of these. If S without a row and column is invertible, all are multiples of that of the unit itself, which is not 0
    as ``v_u·ε_i`` is none at its pins, and so ``z_u(i) = 0`` at the pins of all. So J̃ has at W* the value and the outputs of J. At all pins λ is strictly
    between s⁻ and s⁺, and ``(v_u·ε_i)(s⁺ − s⁻) > 0`` with the sum of ε over equal inputs.

    *A minimum.* For W near W*, ``σ(z) = λz + r``, with ``(s⁺ − s⁻) r ≥ δ|z|`` for some ``δ > 0``. The outputs of J differ from those of J̃ by ``O(Σ|z|)``, the
    sum over the pins, so ``T(J − J̃) = Σ_u Σ_i (v_u·ε_i) r + O(Σ|z|)² ≥ c Σ|z| ≥ c Σ|z|₂``, with the length of the z of a unit and its followers at a pin. Let L
    be ``J̃ + cΣ|z|₂/T``. The z are linear in the weights, with rows B that are independent. Let the Hessian of J̃ by the weights that are not held be positive
    definite where ``B = 0``. Write a change of these as ``a + b``, a there, b orthogonal, ``|b| ≤ C Σ|z|₂``. Then ``L − L(W*) ≥ m|a|² − M(|a| + |b|)|b| + c'|b|
    ≥ 0``. So ``J ≥ L ≥ L(W*) = J(W*)`` where the held weights are as at W*. Others near W* are images of such: without decay under scalings and shifts, which
    keep J; with it under shifts, and rotations by small angles of units with equal lines, which keep L, and are with the other weights coordinates near W*, as
    their fields are independent at the weights held. On the held weights of dead units J does not depend.

    The Hessian bordered by B and 0 has as many negative eigenvalues as B has rows, and else positive ones, if and only if B has independent rows and it is so.
    """
    found, problem = step.expect(0, "point", "fixed", "pins", "radius", "precision"), step.problem
    step.says("local-minimum")
    lines = problem.hidden[0].homogeneity == 1 and bool(problem.hidden[0].kinks(1)) and problem.biases[0] != "fixed"
    right = problem.L == 2 and problem.output_activation.is_identity and lines
    require(right, "rule", "this needs one hidden layer of lines on both sides of 0 without fixed biases, and identity output")
    box, pins, sides = step.around(found), _pins(problem, found["pins"]), slopes_at(problem.hidden[0], ZERO)
    leader = _followers(problem, found["fixed"], pins)
    with step.balls() as ring:
        centre, slopes, on = _slopes(ring, problem, box, pins, leader)
        fixed = set(evidence.gauge(step.formal(), problem, found, box, on))
        exact, wide = (_LineRing(step.work, ring.bits, s) for s in (centre, slopes))
        eps, V = errors.residuals(wide, problem, passes.outputs(wide, problem, box)), passes.weights(wide, problem, box)[1][0]
        ring.count(eps.size * problem.widths[1] + problem.T * problem.widths[1] * len(pins), 0)
        each, first, rates = eps @ V.T, problem.firsts(), problem.rates or [ZERO] * problem.N_net
        everywhere = [(u, i) for j, i in pins for u in (j, *(f for f, to in leader.items() if to == j))]
        for u, i in everywhere:
            pull = sum(each[m, u] for m in range(problem.T) if first[m] == i)
            rises = pull > 0 if sides[0] < sides[1] else pull < 0
            require(bool(rises), "evidence.pins", "the loss is not seen to rise where a unit leaves a kink")
        inside = all(min(sides) + box.radius < slope < max(sides) - box.radius for slope in pins.values())
        require(inside, "evidence.pins", "a slope at a kink must lie between those on both sides, with the radius")
        for u in set(leader.values()):
            _require_one_direction(step, wide, u, slopes[:, u], eps)
        dead = [u for u in range(problem.widths[1]) if all(s == 0 for s in slopes[:, u])]
        fixed |= {n for u in dead for n in problem.weights_of_unit(1, u) if rates[n] == 0}
        free = sorted(set(range(problem.N_net)).difference(fixed))
        _require_minimum(step, (exact, wide), box, free, (pins, leader, everywhere))
    step.introduce(step.at, box)
    return step.conclude_near("local-minimum", {"point": step.point_named(found)}), Rigor.BALL


def _pins(problem: Problem, value: Any) -> Pins:
    """Return the pins, in the order of units and samples; each sample is the first with its input, which is not 0 with the unit of a bias."""
    first, unit, sample = problem.firsts(), read.below(problem.widths[1]), read.below(problem.T)
    found = read.tuples(value, "evidence.pins", unit, sample, read.rational, ordered=2)
    require(all(first[i] == i for _, i, _ in found), "evidence.pins", "the first of the samples with this input is expected")
    return {(u, i): slope for u, i, slope in found}


def _followers(problem: Problem, fixed: Any, pins: Pins) -> dict[int, int]:
    """Return for each follower of a pinned unit that one: it is not pinned itself, and in one pair of the weights held."""
    pinned, found, place, m = {u for u, _ in pins}, dict[int, int](), "evidence.fixed", problem.fan_in(1)
    for n, entry in enumerate(read.items(fixed, place)):
        pair = read.items(entry, f"{place}[{n}]", 2) if type(entry) is list else (entry, 0)
        weight, j = (read.integer(x, f"{place}[{n}]", 0, problem.N_net - 1) for x in pair)
        if type(entry) is list and j in pinned:
            right = weight // m not in found and weight // m not in pinned
            require(right, f"{place}[{n}]", "a unit that follows a pinned one is not pinned itself, and follows it alone")
            found[weight // m] = j
    return found


def _slopes(ring: BallRing, problem: Problem, box: passes.Box, pins: Pins, leader: dict[int, int]) -> tuple[Array, Array, evidence.Sides]:
    """Return the slopes of all units at all samples, of shape ``(T, n_1)``: with λ̂ at the pins, and with the balls of λ there; at rest 0.

    And what each unit is on at each sample: a slope, or a pin, its number.
    """
    z, first, wide = passes.layer_inputs(ring, problem, box, 1), problem.firsts(), arb(0, arb(box.radius).upper())
    centre, slopes, on = np.full(z.shape, arb(0), dtype=object), np.full(z.shape, arb(0), dtype=object), list[tuple[Any, ...]]()
    ring.count(z.size, 0)
    for u, found in enumerate(evidence.slopes_of_units(problem, z)):
        at = [(leader.get(u, u), i) for i in first]
        on.append(tuple(pin if pin in pins else slope for pin, slope in zip(at, found, strict=True)))
        for i, (pin, slope) in enumerate(zip(at, found, strict=True)):
            known = pin in pins or slope is not None
            require(known, "conclusion.at", f"unit {u} is not seen to be off its kink at sample {i}, where it is not pinned")
            centre[i, u] = arb(pins[pin] if pin in pins else rational(slope))
            slopes[i, u] = centre[i, u] + (wide if pin in pins else 0)
    return centre, slopes, on


def _require_one_direction(step: Step, wide: _LineRing, u: int, slopes: Array, eps: Array) -> None:
    """Demand that S of `minimum_near_kinks`, without its last row and column, is invertible."""
    problem, rates = step.problem, [step.problem.rates[n] * step.problem.T for n in step.problem.weights_of_unit(1, u)]
    count_inverse(step.work, len(rates))
    S = evidence.form_of_unit(rates, wide.times((np.array(problem.inputs, dtype=object) * slopes[:, None]).T, eps))
    require_invertible(S[:-1, :-1], "evidence.fixed")


def _require_minimum(step: Step, rings: tuple[_LineRing, _LineRing], box: passes.Box, free: list[int], pinned: Pinned) -> None:
    """Demand that the equations have a solution in the box, in the ``free`` weights and the λ, and that the bordered Hessian has the signs of a minimum."""
    problem, n, first, (exact, wide), (pins, leader, everywhere) = step.problem, len(free), step.problem.firsts(), rings, pinned
    here, moving, units = passes.Box(box.point), box._replace(free=frozenset(free)), range(problem.widths[1])
    count_inverse(step.work, n + len(everywhere))
    z = passes.layer_inputs(exact, problem, here, 1)
    centre = [*passes.gradient(exact, problem, here)[free], *(z[i, u] for u, i in pins)]
    H, columns = passes.hessian(wide, problem, moving, free).T, list[Array]()
    still, B = (np.full((rows, problem.N_net), arb(0), dtype=object) for rows in (1, len(everywhere)))
    for row, (u, i) in zip(B, everywhere, strict=True):
        row[problem.weights_of_unit(1, u)[: problem.fan_in(1)]] = problem.inputs[i]
    for u, i in pins:
        rates = np.array([[arb(int(first[s] == i and leader.get(k, k) == u)) for k in units] for s in range(problem.T)], dtype=object)
        columns.append(passes.hessian_times(_LineRing(step.work, wide.bits, wide.slopes, rates), problem, moving, still)[0][free])
    J = _bordered(H, np.array(columns, dtype=object).reshape(-1, n).T, B[[everywhere.index(pin) for pin in pins]][:, free])
    require_contraction(centre, J, box.radius)
    K = _bordered((H + H.T) / 2, B[:, free].T, B[:, free])
    right = inertia(step.work, K) == (len(everywhere), n)
    require(right, "conclusion.at", "the loss is not seen to curve upwards in the weights that keep units on their kinks")


def _bordered(H: Array, columns: Array, rows: Array) -> Array:
    """Return ``[[H, columns], [rows, 0]]``."""
    return np.block([[H, columns], [rows, np.full((len(rows), columns.shape[1]), arb(0), dtype=object)]])
