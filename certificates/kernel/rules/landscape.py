"""The rules about whole landscapes (section 6), each with its proof in the docstring."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lossproof.certificates.kernel.arithmetic.functions import ONE, ZERO
from lossproof.certificates.kernel.arithmetic.series import Series, constant_term
from lossproof.certificates.kernel.network.passes import curve_of, forward
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step
from lossproof.theory.verdicts import Rigor


def _ends(problem: Problem) -> list[list[int]]:
    """Return 1 or −1 for each target at or beyond the upper or lower end of what the output approaches and never reaches; raises `Rejected`."""
    record = problem.output_activation
    if problem.separable:
        right = record.increasing.holds and record.nonvanishing_derivative.holds
        require(right, "rule", "this needs an output activation with a positive derivative")
        upper = None if record.range.upper_attained else record.range.upper
        lower = None if record.range.lower_attained else record.range.lower
    else:
        right = problem.error.family == "logistic" and record.is_identity
        require(right, "rule", "this needs the identity at the output")
        lower, upper = fraction(ZERO), fraction(ONE)
    signs = [
        [1 if upper is not None and y >= upper else -1 if lower is not None and y <= lower else 0 for y in map(fraction, row)]
        for row in problem.Y
    ]
    require(all(s for row in signs for s in row), "rule", "a target is not beyond what the output reaches")
    return signs


def no_critical_point(step: Step) -> Result:
    """One direction U along which J falls at all weights, for one layer: ``T ∇J(W)·U = Σ_ij (∂E_i/∂z_j) u_jᵀ x̃_i < 0``.

    Separable: with σ_out increasing, ``r < 0`` at all W where the target is at or above the range, so ``∂E/∂z_j = e'(r) σ_out' < 0``, and
    ``u_jᵀ x̃_i ≥ 0``; mirrored below the range. Logistic: ``∂E/∂z_j = p − y`` likewise, with p strictly between 0 and 1. Softmax and one-hot targets
    of class c: ``Σ_j (p_j − [j = c]) u_jᵀ x̃ = −Σ_j p_j (u_c − u_j)ᵀ x̃``, all ``p_j > 0``. No term is positive and one is negative.
    """
    found, place = step.expect(0, "direction"), "evidence.direction"
    step.require_at(EVERYWHERE)
    problem = step.problem
    require(problem.L == 1, "rule", "this needs a single layer")
    rows = [read.items(row, f"{place}[{a}]", problem.n_L) for a, row in enumerate(read.items(found["direction"], place, problem.fan_in(1)))]
    U = [[read.rational(q, f"{place}[{a}][{j}]") for j, q in enumerate(row)] for a, row in enumerate(rows)]
    step.count_samples()
    inputs = [[*x, *[ONE] * problem.bias_rows] for x in problem.X]
    moves = [[evidence.total((q * U[a][j] for a, q in enumerate(x)), step.work) for j in range(problem.n_L)] for x in inputs]
    if problem.error.family == "softmax":
        require(problem.output_activation.is_identity, "rule", "this needs the identity at the output")
        require(all(1 in row for row in problem.Y), "rule", "a target is not one-hot")
        gains = [row[list(targets).index(ONE)] - z for row, targets in zip(moves, problem.Y, strict=True) for z in row]
    else:
        gains = [s * z for signs, row in zip(_ends(problem), moves, strict=True) for s, z in zip(signs, row, strict=True)]
    require(all(g >= 0 for g in gains), place, "some sample gets worse along this direction")
    require(any(g > 0 for g in gains), place, "no sample gets better along this direction")
    return step.conclude("no-critical-point"), Rigor.EXACT


def ggn_range(step: Step) -> Result:
    """Cauchy: ``e'' = 2(β − r²)/(r² + β)² ≥ 0`` as long as ``r² ≤ β``, which the range of the output guarantees."""
    step.expect(0)
    step.require_at(EVERYWHERE)
    error, values = step.problem.error, step.problem.output_activation.range
    if error.family != "cauchy" or error.beta is None or values.lower is None or values.upper is None:
        raise Rejected("rule", "evidence", "this needs the cauchy error and a bounded output")
    step.count_samples()
    targets = [fraction(y) for row in step.problem.Y for y in row]
    farthest = max(max(abs(values.lower - y), abs(values.upper - y)) for y in targets)
    require(farthest**2 <= error.beta, "rule", "a residual may be too large")
    return step.conclude("ggn-semidefinite"), Rigor.EXACT


def ggn_witness(step: Step) -> Result:
    """For v = the incoming weights of output j (with a trainable bias), ``F_j`` changes by ``s_i = σ_out'(z)(z − c)`` and no other output does.

    So ``T vᵀ H_GN v = Σ_i e''(r_ij) s_i²``, whose ball is negative; c is the fixed bias, or 0. That σ_out' exists is seen in the balls.
    """
    found = step.expect(0, "point", "output", "precision")
    step.require_at(EVERYWHERE)
    problem, box = step.problem, step.box(step.point_named(found))
    j = read.integer(found["output"], "evidence.output", 0, problem.n_L - 1)
    right = problem.separable and not problem.error.convex.holds
    require(right, "rule", "this needs an error that is a sum over outputs of functions of the residual, not convex")
    with step.balls() as ring:
        passed = forward(ring, problem, curve_of(ring, problem, box))
        z = passed.z[-1].coefficients[0][:, j : j + 1]
        slope = constant_term(passed.slopes[-1], (problem.T, problem.n_L))[:, j : j + 1]
        c = ZERO if problem.fixed_bias is None else ring.embed(problem.fixed_bias[-1][j])
        r = passed.phi[-1].coefficients[0][:, j : j + 1] - ring.array(problem.Y)[:, j : j + 1]
        curvature = ring.slope(problem.error, Series([r, np.full_like(r, ONE)])).coefficients[1]
        total = sum((curvature * ((z - c) * slope) * ((z - c) * slope)).flat)
        require(bool(total < 0), "evidence.point", "the ball of the curvature is not negative")
    return step.conclude("ggn-semidefinite", proved=False), Rigor.BALL


LANDSCAPE_RULES: Mapping[str, Callable[[Step], Result]] = {
    "no-critical-point": no_critical_point,
    "ggn-semidefinite-range": ggn_range,
    "ggn-semidefinite-witness": ggn_witness,
}
