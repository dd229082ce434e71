r"""Critical points in a box: Krawczyk's test for the gradient.

Let ``g = ∇J`` in ``n`` free parameters around the point ``c``, ``H`` an enclosure of the Hessian over the box ``|w − c| ≤ ρ``, and ``C`` about
``H^{-1}``. If ``|C g(c)| + |I − C H| ρ < ρ`` in every row, the box contains exactly one zero of ``g`` (Krawczyk 1969), and the Hessian is
invertible all over the box. Ball arithmetic makes every quantity an enclosure.

For (leaky) relu and powers the loss does not change when a hidden unit's incoming weights are multiplied by ``α > 0`` and its outgoing ones by
``α^{-κ}``, so critical points come in families and no box contains just one. Then one incoming weight of each hidden unit, not 0, is held
(`symmetry_gauge`): by Euler's identity ``Σ_in w ∂J/∂w = κ Σ_out v ∂J/∂v`` the components at the held weights vanish as well, from the last hidden
layer downwards. Softmax is invariant under adding one vector to the incoming weights of all outputs: those of output 0 are held, and their
components vanish since the sum over the outputs is 0. With weight decay neither is left of the symmetries, but rotations of units (`rotations`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from lossproof.numerics.algebra.inclusion import krawczyk_slacks
from lossproof.numerics.critical.rotations import turns_of
from lossproof.numerics.critical.systems import System, without
from lossproof.numerics.fields.ball import BallField, ball_of
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.numerics.fields.precision import ball_precision, dyadic
from lossproof.numerics.network.boxes import parameter_place
from lossproof.numerics.network.pass_limits import precision_within
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

MOST_PARAMETERS = 200
"""More free parameters are refused: the test costs ``n³`` ball operations for each radius tried."""

_PRECISIONS = (128, 256, 512)
_GROWTH = 4
_ATTEMPTS = 6
_NEWTON_STEPS = 8
_KEPT_BITS = 128


@dataclass(frozen=True)
class CriticalBox:
    """A box that contains exactly one critical point, up to the scaling symmetry when parameters are ``fixed``, proved at ``precision`` bits."""

    radius: Fraction
    precision: int
    fixed: tuple[int, ...] = ()


def critical_box(problem: Problem, weights: Weights, fixed: tuple[int, ...] = ()) -> CriticalBox | None:
    """Return a small box around the weights that is proved to contain a critical point, or None.

    ``fixed`` are parameters (rows of ``P``) to hold, `symmetry_gauge` or none. None says nothing: the weights may be too far from a critical point, the
    Hessian singular or nearly so, a derivative may not exist in the box, or there are more than 200 free parameters, or samples than a checker goes through.
    """
    found = zero_box(problem, weights, without(problem, fixed))
    return None if found is None else CriticalBox(*found, fixed)


def zero_box(problem: Problem, weights: Weights, system: System) -> tuple[Fraction, int] | None:
    """Return ``(radius, precision)`` of a small box in the free parameters that is proved to contain exactly one zero of the system, or None."""
    if len(system.parameters) > MOST_PARAMETERS:
        return None
    highest = precision_within(lambda bits: system.work(problem, weights, bits), _PRECISIONS[-1])
    for precision in (bits for bits in _PRECISIONS if bits <= highest):
        try:
            g, step = _newton_step(problem, weights, system, precision)
        except (NotDifferentiable, ZeroDivisionError):
            continue
        length = max((abs(float(entry)) for entry in step), default=0.0)
        if not length < 1:
            return None
        least = Fraction(2) ** max(-precision // 2, int(np.ceil(np.log2(max(length, 2.0**-1000)))) + 2)
        for radius in (least * _GROWTH**k for k in range(_ATTEMPTS)):
            if radius <= 1 and _maps_into_itself(problem, weights, system, g, radius, precision):
                return radius, precision
    return None


def hessian_precision(problem: Problem, weights: Weights, cap: int) -> int:
    """Return the highest precision in bits, at most ``cap``, at which a checker encloses the whole Hessian and factors it; 0 where it does not at all."""
    return precision_within(lambda bits: without(problem).work(problem, weights, bits), cap)


def refined_weights(problem: Problem, weights: Weights, fixed: tuple[int, ...] = ()) -> Weights | None:
    """Return weights nearer to the critical point, as dyadic rationals of about 128 bits, by Newton's method in high precision.

    None where the iteration does not settle, as at a singular Hessian. The result is a better guess and proves nothing.
    """
    return refined_zero(problem, weights, without(problem, fixed))


def refined_zero(problem: Problem, weights: Weights, system: System) -> Weights | None:
    """Return weights nearer to a zero of the system, its free parameters moved by Newton's method in high precision; None where that does not settle."""
    if len(system.parameters) > MOST_PARAMETERS:
        return None
    last = np.inf
    for _ in range(_NEWTON_STEPS):
        try:
            _, step = _newton_step(problem, weights, system, 2 * _KEPT_BITS)
        except (NotDifferentiable, ZeroDivisionError):
            return None
        length = max((abs(float(entry)) for entry in step), default=0.0)
        if not length < min(1.0, last):
            return weights if length < 2.0**-60 else None
        weights, last = _moved(problem, weights, system, step), length
    return weights


def symmetry_gauge(problem: Problem, weights: Weights) -> tuple[int, ...]:
    """Return parameters to hold, as rows of ``P``, so that the symmetries of the loss leave isolated critical points isolated; empty without any.

    Scaling (hidden layers of relu, leaky-relu or power:k with ``k ≥ 2``, bias mode trainable or none, no unit of theirs without incoming weights): the
    largest incoming weight of each of their units. Softmax of two outputs or more: all incoming weights of output 0, as adding one vector to those of all
    outputs changes no error. Beside frozen layers nothing. With weight decay: of units that may be rotated the weights of `turns_of`, and for softmax, where
    the biases of the outputs have the rate 0, the bias of output 0; nothing else.
    """
    a, decay = problem.architecture, problem.decay
    if a.frozen:
        return ()
    last = a.N_net - a.fan_in(a.L) * a.n_L
    logits = problem.error.family == "softmax" and a.n_L >= 2 and a.output_activation.is_identity
    if decay is not None:
        shift = (last + a.fan_in(a.L) - 1,) if logits and a.bias_rows_of(a.L) and not decay.layers[-1][1] else ()
        return (*(turn.weight for turn in turns_of(problem, weights)), *shift)
    return (*_scaling_gauge(problem, weights), *(range(last, last + a.fan_in(a.L)) if logits else ()))


def _scaling_gauge(problem: Problem, weights: Weights) -> tuple[int, ...]:
    a = problem.architecture
    if any(a.activation_of(l).degree == 1 for l in a.scaled_layers):
        return ()
    offset, chosen = 0, []
    for l in range(1, a.L):
        W, rows = weights.layers[l - 1].W, a.fan_in(l)
        for unit in range(a.widths[l]) if l in a.scaled_layers else ():
            sources = [source for source, row in enumerate(W) if row[unit] != 0]
            if not sources:
                return ()
            source = max(sources, key=lambda k: abs(nearest_double(W[k][unit])))
            chosen.append(offset + unit * rows + source)
        offset += rows * a.widths[l]
    return tuple(chosen)


def _newton_step(problem: Problem, weights: Weights, system: System, precision: int) -> tuple[arb_mat, list[arb]]:
    """Return ``g`` enclosed at the point and the midpoint of ``−J^{-1} g``, ``J`` the derivative; raises `ZeroDivisionError` if singular or not finite."""
    with ball_precision(precision):
        g, J = system.values(problem, weights, precision), system.slopes(problem, weights, Fraction(0), precision)
        step = J.mid().inv().mid() * g.mid()
        if not all(entry.is_finite() for entry in step.entries()):
            raise ZeroDivisionError
        return g, [-entry.mid() for entry in step.entries()]


def _maps_into_itself(problem: Problem, weights: Weights, system: System, g: arb_mat, radius: Fraction, precision: int) -> bool:
    """Apply the test to the enclosed ``g`` and the Hessian over a box twice as wide, half of the box left as slack: a checker with wider balls then agrees."""
    with ball_precision(precision):
        try:
            J = system.slopes(problem, weights, 2 * radius, precision)
            C = J.mid().inv().mid()
        except (NotDifferentiable, ZeroDivisionError):
            return False
        rho = ball_of(radius)
        return all(bool(2 * slack > rho) for slack in krawczyk_slacks(g, J, C, rho))


def _moved(problem: Problem, weights: Weights, system: System, step: list[arb]) -> Weights:
    """Return the weights with the parameters moved and rounded; weights that follow them move in their ratio exactly."""
    rows = [([list(row) for row in layer.W], list(layer.b)) for layer in weights.layers]
    field = BallField(2 * _KEPT_BITS)

    def place(k: int) -> tuple[list[Number], int]:
        l, unit, source = parameter_place(problem.architecture, k)
        W, b = rows[l - 1]
        return (W[source], unit) if source < len(W) else (b, unit)

    moved = dict[int, tuple[Number, Fraction]]()
    for k, change in zip(system.parameters, step, strict=True):
        line, at = place(k)
        with ball_precision(field.precision):
            moved[k] = line[at], _rounded(field.embed(line[at]) + change)
        line[at] = moved[k][1]
    for k, parameter, ratio in system.ties:
        line, at = place(k)
        own, (before, now) = line[at], moved[parameter]
        apart = own - before * ratio if isinstance(own, Fraction) and isinstance(before, Fraction) else Fraction(0)
        line[at] = now * ratio + apart
    return Weights(tuple(Layer(tuple(map(tuple, W)), tuple(b)) for W, b in rows))


def _rounded(value: arb) -> Fraction:
    """Return the midpoint rounded to about 128 bits."""
    with ball_precision(_KEPT_BITS):
        return dyadic(+value.mid())
