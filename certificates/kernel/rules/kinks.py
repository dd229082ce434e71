"""The rules about weights at which units may be on kinks of their activation (section 6): a local minimum, or a curve along which the loss falls."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import ONE, ZERO, not_zero, vanishes
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.functions import Function
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.network import errors, passes
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, rigor_of, slopes_at
from lossproof.theory import limits


def kinks(step: Step) -> Result:
    r"""A local minimum where σ, piecewise linear in the hidden layer, may have a left and a right slope, ``s⁻ ≠ s⁺``, at some z; identity output.

    There is one hidden layer, and the error is convex. For W' near W convexity gives ``T (J(W') − J(W)) ≥ Σ_i ε_i·(F'(x_i) − F(x_i))``. The biases b take part
    in that by ``(b' − b)·Σ_i ε_i = 0``, and unit k by ``g(W') − g(W)``, with ``g(W) = Σ_i (v_k·ε_i) σ(z_i)`` and its z, so it is enough that this is
    never negative. Equal inputs are taken together, with the sum of their ε_i. With ``t = (w'_k − w_k)·x̃_i`` we have ``σ(z_i + t) = σ(z_i) + λ_i t + r_i(t)``:
    λ_i is the slope and ``r_i = 0``, or at a kink λ_i is a number between s⁻ and s⁺, and ``r_i(t)`` is ``(s⁺ − λ_i) t`` or ``(s⁻ − λ_i) t``, so that
    ``(s⁺ − s⁻) r_i ≥ 0``. By ``Σ_i σ(z_i) ε_i = 0`` and ``Σ_i λ_i x̃_i ε_iᵀ = 0``, ``g(W) = 0`` and ``g(W') = Σ_i (v'_k·ε_i) r_i``, the sum over the kinks. No
    term is negative: there ``ε_i = 0``, or ``(v_k·ε_i)(s⁺ − s⁻) > 0``, as then for all v' near v; or ``x̃_i = 0``, so that ``t = 0``.

    *With decay*, κ the rate of ``W_2`` and Λ those of the ``w̃_k``, let ``G = Σ_i λ_i x̃_i ε_iᵀ`` and ``g_0 = Σ_i σ(z_i) ε_i``. Up to the sum over the kinks
    unit k adds ``q(w', v') − q(w, v)``, with ``q(w', v') = v'·g_0 + (w' − w)ᵀGv' + ½T(κ|v'|² + w'ᵀΛw')``. That is of degree 2, and its slope at w, v is 0 by
    ``g_0 + Tκv = 0`` and ``Gv + TΛw = 0``: so it is least there if ``[[TΛ, G], [Gᵀ, Tκ]]`` has no negative eigenvalue, in rationals. The output biases have
    ``Σ_i ε_i + Tμb = 0``.
    """
    problem, ring = step.problem, step.formal()
    found = step.expect(0, "multipliers")
    step.point()
    right = problem.L == 2 and problem.hidden[0].is_piecewise_linear and problem.output_activation.is_identity
    require(
        right and problem.error.convex.holds,
        "rule",
        "this needs one hidden layer, piecewise linear units, identity output and a convex error",
    )
    _require_minimum(step, ring, found["multipliers"])
    return step.conclude_near("local-minimum"), rigor_of(ring)


def _require_minimum(step: Step, ring: FormalRing, value: Any) -> None:
    """Demand the conditions of `kinks` for a local minimum, with the λ of all kinks, a list for each unit in the order of the different inputs."""
    problem, curve, groups = step.problem, passes.curve_of(ring, step.problem, step.box()), dict[Any, list[int]]()
    passed = passes.forward(ring, problem, curve, slopes=False)
    z, h, outputs = (series.coefficients[0] for series in (passed.z[1], passed.phi[1], passed.phi[2]))
    for i, same in enumerate(problem.firsts()):
        groups.setdefault(same, []).append(i)
    first = list(groups)
    inputs = np.array([problem.inputs[i] for i in first], dtype=object)
    residuals = errors.residuals(ring, problem, outputs)
    ring.count(2 * residuals.size, 0, residuals, inner=problem.T)
    eps = np.array([residuals[group].sum(axis=0) for group in groups.values()], dtype=object)
    weights, rate = passes.weight_vector(ring, problem, step.box()), ZERO if problem.decay is None else problem.decay[1][1]
    V, c = (series.coefficients[0] for series in curve[1])
    pulled = [e + x * (rate * problem.T) for e, x in zip(eps.sum(axis=0), c.flat, strict=True)]
    balanced = problem.biases[1] != "trainable" or all(map(vanishes, pulled))
    require(balanced, "conclusion.at", "the derivatives by the output biases are not seen to vanish")
    for k, row in enumerate(read.items(value, "evidence.multipliers", problem.widths[1])):
        place, v = f"evidence.multipliers[{k}]", V[k]
        factors = _multipliers(step, row, place, z[first, k], inputs, eps, ring.times(eps, v))
        ring.count(inputs.size, 0, inputs, factors)
        table = np.hstack([inputs * factors[:, None], h[first, k][:, None]])
        sums = ring.times(table.T, eps)
        if problem.decay is not None:
            places = problem.weights_of_unit(1, k)
            rates = [problem.rates[n] * problem.T for n in places]
            require(all(isinstance(x, fmpq) for x in sums[:-1].flat), place, "with decay the gradients of the errors must be rational")
            convex = inertia(step.work, evidence.form_of_unit(rates, sums[:-1]))[0] == 0
            require(convex, place, "the loss is not seen to curve upwards in the weights of this unit")
            sums = np.array([*ring.times(sums[:-1], v), *sums[-1]]) + np.array(rates) * weights[places]
        require(all(vanishes(s) for s in sums.flat), place, "the multipliers do not balance the gradients of the errors")


def _multipliers(step: Step, row: Any, place: str, z: Array, inputs: Array, eps: Array, pulls: Array) -> Array:
    """Return the λ of one unit: its slopes, and at kinks those of the evidence, which must be right ones, as the ``pulls`` ``v·ε_i`` must be.

    Where ``x̃_i = 0`` or ``ε_i = 0`` any λ serves, and none is given.
    """
    require(all(isinstance(x, fmpq) for x in z), "conclusion.at", "a z is not seen to be rational, so that its side is exact")
    counts = [2 if any(x) and not all(vanishes(r) for r in e) else 1 for x, e in zip(inputs, eps, strict=True)]
    sides = [slopes_at(step.problem.hidden[0], x)[:count] for x, count in zip(z, counts, strict=True)]
    given, found = iter(read.each(row, place, read.rational, sum(len(slopes) > 1 for slopes in sides))), []
    for slopes, pull in zip(sides, pulls, strict=True):
        found.append(slopes[0] if len(slopes) == 1 else next(given))
        if len(slopes) > 1:
            require(min(slopes) <= found[-1] <= max(slopes), place, "a multiplier must lie between the slopes on both sides of its kink")
            rises = pull > 0 if slopes[0] < slopes[1] else pull < 0
            require(rises, "conclusion.at", "the loss is not seen to rise where a unit leaves a kink")
    return np.array(found, dtype=object)


class _AheadRing(FormalRing):
    """The formal ring, in which σ at a kink is that of the side to which a series goes, for small ``t > 0``."""

    def states_along(self, function: Function, z: Series, place: tuple[int, ...], times: int) -> tuple[Any, ...]:
        """Return the constants of that side, and the states; of either one where the series is constant to its order."""
        at, *ahead = (c[place] for c in z.coefficients)
        if not isinstance(at, fmpq) or at not in function.kinks:
            return super().states_along(function, z, place, times)
        first = next((x for x in ahead if not vanishes(x)), ONE)
        require(not_zero(first), "conclusion.at", "the side to which a z leaves its kink is not seen")
        return *function.sides[function.kinks.index(at) + int(first > 0)], *self.states(function, at, 0)[len(function.sides[0]) :]


def descent(step: Step) -> Result:
    """``J(W + Σ_k t^k δ_k) = J(W) + c t^m + O(t^{m+1})`` with ``c < 0`` for small ``t > 0``: the coefficients of lower order vanish in the formal ring.

    σ is Lipschitz, and analytic on each side of its kinks, up to them. Layer by layer each z has an expansion to the order m for ``t ≥ 0``, as its first
    coefficient that is not 0 tells the side on which it is for small ``t > 0``, where σ is analytic. Where all up to the order m vanish, z differs from the
    kink by ``O(t^{m+1})``, and σ by as much, whatever the side. So J has this expansion. For ``m = 1`` ``∇J`` is not 0, or there is none.
    """
    statement, problem, ring = step.says("stationary", "higher-order-descent"), step.problem, _AheadRing(step.work)
    higher = statement != "stationary"
    found = step.expect(int(higher), "curve", "order", "coefficient")
    if higher:
        step.claim(0, "stationary")
    step.point()
    order = read.integer(found["order"], "evidence.order", 1 + higher, limits.MAX_ORDER if higher else 1)
    most = read.rational(found["coefficient"], "evidence.coefficient")
    require(most < 0, "evidence.coefficient", "must be negative")
    curve = read.tuples(found["curve"], "evidence.curve", read.below(limits.MAX_ORDER, 1), read.vector(problem.N_net), ordered=1)
    terms = {k: ring.array([vector])[0] for k, vector in curve}
    *lower, last = passes.loss_coefficients(ring, problem, step.box(), terms, order)
    require(all(vanishes(c) for c in lower), "evidence.order", f"a coefficient below that of t^{order} is not seen to vanish")
    seen = last if isinstance(last, fmpq) else ring.ball(last)
    require(bool(seen <= most), "evidence.coefficient", "the coefficient is not seen to be so small")
    if higher:
        return step.conclude_near(statement, {"order": order, "coefficient": str(most)}), rigor_of(ring)
    return step.conclude(statement, proved=False), rigor_of(ring)
