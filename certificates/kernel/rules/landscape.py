"""The rules about whole landscapes, above all exact learners that exist or do not (section 6), each with its proof in the docstring."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from math import isqrt
from operator import itemgetter
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import ONE, ZERO
from lossproof.certificates.kernel.arithmetic.inclusion import count_inverse, require_contraction
from lossproof.certificates.kernel.arithmetic.series import Series, constant_term
from lossproof.certificates.kernel.network import matrices, orbits, passes
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, everywhere
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def unlearnable_samples(step: Step) -> Result:
    """Two samples of one orbit, whose outputs determine each other at every W, or one whose output is the same at every W, have other targets.

    For a cross-entropy ``∇E = s(φ) − y`` cannot be 0 for two y at one input.
    """
    problem, place = step.problem, "evidence.samples"
    listed = evidence.indices(step.expect(0, "samples")["samples"], place, problem.T)
    step.count_samples()
    first, last = min(listed, default=0), max(listed, default=0)
    found = orbits.orbits(problem)
    a, b = found[first], found[last]
    silent = len(listed) == 1 and a.sign == 0 and problem.separable
    require(silent or (len(listed) == 2 and a.first == b.first), place, "the outputs of these samples do not determine each other")
    factor = ZERO if silent else b.over(a)
    bits = (problem.output_activation.homogeneity or 1) * max(factor.p.bit_length(), factor.q.bit_length())
    limit(bits, limits.MAX_BITS, "the length of a scale of the outputs in bits")
    step.work.spend(problem.n_L * limits.rational_work(bits), "images of the targets")
    wanted = [orbits.image(problem, factor, y) for y in problem.Y[first]]
    broken = any(w is not None and w != y for w, y in zip(wanted, problem.Y[last], strict=True))
    require(broken, place, "the targets of these samples go together")
    return everywhere("exact-learning", proved=False), Rigor.EXACT


def _is_output(problem: Problem, values: Any, y: fmpq) -> bool:
    """Tell whether a target lies in an interval of outputs; a logistic function lies strictly between 0 and 1, a softmax component is positive."""
    if problem.separable:
        return bool(values.contains(fraction(y)))
    return bool(y > 0 and (y < 1 or problem.error.family == "softmax"))


def unlearnable_range(step: Step) -> Result:
    """A target is out of reach of the output."""
    i, j = step.sample_and_output(step.expect(0, "sample", "output"))
    reached = _is_output(step.problem, step.problem.output_activation.range, step.problem.Y[i][j])
    require(not reached, "evidence.output", "the target is not out of reach")
    return everywhere("exact-learning", proved=False), Rigor.EXACT


def unlearnable_linear(step: Step) -> Result:
    """``z_L`` is an affine map ``A x + c``, so ``Σ k_i x_i = 0`` gives ``Σ k_i z_L(i) = c Σ k_i``, which the targets do not allow.

    Either ``Σ k_i = 0``, or c is 0 (no bias), or c is the fixed constant (``L = 1``). At an exact learner ``z_L(i) = y_i`` for the identity. If σ_out increases
    strictly, the ``bounds`` ``l_i < z_L(i)_j < u_i`` follow from ``σ_out(l_i) < y_ij < σ_out(u_i)``; they are given for the i with ``k_i ≠ 0``.
    """
    problem, place, record = step.problem, "evidence.combination", step.problem.output_activation
    found = step.expect(0, "combination", *([] if record.is_identity else ["output", "bounds", "precision"]))
    affine = all(a.is_identity for a in problem.used_activations[:-1]) and (record.is_identity or record.increasing.holds)
    require(
        affine and problem.separable, "rule", "this needs affine layers, an output that increases strictly, and an error of the residuals"
    )
    k = evidence.relation(found["combination"], place, problem, step.work)
    total, given = evidence.total(k, step.work), problem.constants[0] if problem.L == 1 else None
    unbiased = all(bias == "none" for bias in problem.biases)
    require(total == 0 or unbiased or given is not None, place, "the relation is not affine: the sum is not 0")
    constants = [ZERO] * problem.n_L if given is None or total == 0 else given
    if record.is_identity:
        targets = [evidence.total((q * y for q, y in zip(k, column, strict=True)), step.work) for column in zip(*problem.Y, strict=True)]
        broken = any(isinstance(c, fmpq) and s != c * total for s, c in zip(targets, constants, strict=True))
        require(broken, place, "the targets obey the relation")
        return everywhere("exact-learning", proved=False), Rigor.EXACT
    j = read.integer(found["output"], "evidence.output", 0, problem.n_L - 1)
    pairs = [(q, row[j]) for q, row in zip(k, problem.Y, strict=True) if q != 0]
    bounds, c = read.rows(found["bounds"], "evidence.bounds", read.rational, len(pairs), 2), constants[j]
    with step.balls() as ring:
        step.work.spend(2 * len(pairs) * limits.value_work(ring.bits), "values at the bounds")
        values = ring.apply(record, Series([ring.array(bounds)])).coefficients[0]
        held = all(lower < y < upper for (lower, upper), (_, y) in zip(values, pairs, strict=True))
    require(held, "evidence.bounds", "a target is not seen to lie between the values at its bounds")
    sums = [[q * row[(q > 0) == side] for row, (q, _) in zip(bounds, pairs, strict=True)] for side in (0, 1)]
    least, most = (evidence.total(terms, step.work) for terms in sums)
    require(isinstance(c, fmpq) and not least <= c * total <= most, "evidence.bounds", "the targets may obey the relation")
    return everywhere("exact-learning", proved=False), Rigor.BALL


def unlearnable_order(step: Step) -> Result:
    """Every hidden layer has one unit and no activation ever falls, so output j is a monotone function of ``z = w·x + b``, and its targets order the z.

    Say it never falls, else take ``−w, −b``. At an exact learner ``y_i < y_l`` gives ``z_i < z_l``. If all activations increase strictly, equal targets
    have equal z, too, or the output is constant. The evidence is k with ``Σ k_i x_i = 0`` and ``Σ k_i = 0``, so ``Σ k_i z_i = 0``, but ``Σ k_i y_i > 0``.
    In the strict case the sum of k over ``y_i ≥ θ`` is nowhere negative, so with the increments of z from level to level as weights ``Σ k_i z_i > 0``.
    In the other case all negative k over ``y_i ≥ θ`` are made up for by positive ones over ``y_i > θ``: by Hall's theorem k is a sum of positive multiples of
    ``e_l − e_i`` with ``y_i < y_l``, so again ``Σ k_i z_i > 0``. A contradiction.
    """
    found, problem, place = step.expect(0, "combination", "output"), step.problem, "evidence.combination"
    used = [problem.activation_of(l) for l in range(1, problem.L + 1)]
    strict = all(a.increasing.holds for a in used)
    right = problem.separable and all(a.never_falls for a in used) and all(n == 1 for n in problem.widths[1:-1])
    require(right, "rule", "this needs one unit in each hidden layer, activations that never fall, and an error of the residuals")
    k = evidence.relation(found["combination"], place, problem, step.work)
    j = read.integer(found["output"], "evidence.output", 0, problem.n_L - 1)
    step.count_samples()
    above, gained = ZERO, ZERO
    for y, level in groupby(sorted(zip((row[j] for row in problem.Y), k, strict=True), reverse=True), key=itemgetter(0)):
        entries = [q for _, q in level]
        least = evidence.total([above, *(q for q in entries if strict or q < 0)], step.work)
        require(least >= 0, place, "the targets do not contradict the relation")
        above = evidence.total([above, *entries], step.work)
        gained = evidence.total([gained, *(q * y for q in entries)], step.work)
    require(above == 0, place, "the relation is not affine: the sum is not 0")
    require(gained > 0, place, "the targets obey the relation")
    return everywhere("exact-learning", proved=False), Rigor.EXACT


def _learner(step: Step, found: Mapping[str, Any], box: passes.Box | None, **facts: Any) -> dict[str, Any]:
    """Return the claim ``exact-learning`` that names a learner, of full rank unless the facts say less, for all targets within a radius."""
    name = step.introduce(found["learner"], box, "evidence.learner")
    return everywhere("exact-learning", {"learner": name, "rank_lower": step.problem.columns, **facts})


def learner_box(step: Step) -> Result:
    """Krawczyk's test for ``F − y' = 0`` in as many parameters as there are equations, for all targets ``|y' − y| ≤ δ`` at once.

    By `require_contraction` some s in the box has ``F = y'``, and ``dF/ds`` is invertible all over the box, so P has full column rank there. The
    Euclidean distance is at most ``ρ ⌈√n⌉``.
    """
    found = step.expect(0, "learner", "point", "parameters", "radius", "target_radius", "precision")
    problem, n = step.problem, step.problem.columns
    require(problem.separable, "rule", "this needs an error that is a sum over outputs of functions of the residual")
    k = step.point_named(found)
    chosen = evidence.indices(found["parameters"], "evidence.parameters", problem.N_net)
    require(len(chosen) == n, "evidence.parameters", f"as many parameters as equations are needed, {n}")
    box, target = step.around(found)._replace(free=frozenset(chosen)), read.rational(found["target_radius"], "evidence.target_radius")
    require(target >= 0, "evidence.target_radius", "must not be negative")
    with step.balls() as ring:
        count_inverse(step.work, n)
        G = (passes.outputs(ring, problem, step.box(k)) - ring.array(problem.Y)).reshape(-1)
        J = matrices.entries(matrices.parse_matrix("P", problem), problem, box, ring, chosen, list(range(n)))
        if problem.strip:
            slopes = passes.forward(ring, problem, passes.curve_of(ring, problem, box)).slopes[-1]
            J = J * constant_term(slopes, (problem.T, problem.n_L)).reshape(1, -1)
        require_contraction(G, J.T, box.radius, target)
    distance = str(box.radius * (isqrt(n - 1) + 1))
    return _learner(step, found, box, point=k, distance=distance, target_radius=str(target)), Rigor.BALL


def learner_wide(step: Step) -> Result:
    """``Φ_{L-1}⁺`` has independent columns at a point, so some ``W_L`` gives every wanted ``z_L``: preimages of the targets (for a cross-entropy, logits).

    The last block of P, up to order ``I ⊗ Φ_{L-1}⁺`` with columns times ``σ_out'``, then has full column rank, if that vanishes nowhere and exists.
    """
    found = step.expect(1, "learner")
    problem, record = step.problem, step.problem.output_activation
    lower = step.bound(0, f"Phi-{problem.L - 1}+", "rank_lower", step.premises[0].conclusion["at"])
    require(lower == problem.T, "premises[0]", "the samples are not shown to be independent", "premise")
    step.count_samples()
    attained = all(_is_output(problem, record.attained, y) for row in problem.Y for y in row)
    require(attained and (problem.separable or record.is_identity), "rule", "a target is not in the attained range of the output")
    regular = record.nonvanishing_derivative.holds and problem.is_smooth(1)
    return _learner(step, found, None, rank_lower=problem.columns if regular else 0, target_radius="0"), Rigor.EXACT


def _ends(problem: Problem) -> list[int]:
    """Return 1 or −1 for each target at or beyond the upper or lower end of what the output approaches and never reaches; raises `Rejected`."""
    record, values = problem.output_activation, problem.output_activation.range
    if problem.separable:
        right = record.increasing.holds and record.nonvanishing_derivative.holds
        lower, upper = None if values.lower_attained else values.lower, None if values.upper_attained else values.upper
    else:
        right, lower, upper = problem.error.family == "logistic" and record.is_identity, fraction(ZERO), fraction(ONE)
    require(right, "rule", "this needs an output activation with a positive derivative, or for cross-entropies the identity")
    targets = [fraction(y) for row in problem.Y for y in row]
    signs = [1 if upper is not None and y >= upper else -1 if lower is not None and y <= lower else 0 for y in targets]
    require(all(signs), "rule", "a target is not beyond what the output reaches")
    return signs


def no_critical_point(step: Step) -> Result:
    """One direction U along which J falls at all weights, for one layer: ``T ∇J(W)·U = Σ_ij (∂E_i/∂z_j) u_jᵀ x̃_i < 0``.

    Separable: with σ_out increasing, ``r < 0`` at all W where the target is at or above the range, so ``∂E/∂z_j = e'(r) σ_out' < 0``, and
    ``u_jᵀ x̃_i ≥ 0``; mirrored below the range. Logistic: ``∂E/∂z_j = p − y`` likewise, with p strictly between 0 and 1. Softmax and one-hot targets
    of class c: ``Σ_j (p_j − [j = c]) u_jᵀ x̃ = −Σ_j p_j (u_c − u_j)ᵀ x̃``, all ``p_j > 0``. No term is positive and one is negative.

    `separable-squashing`: one hidden layer, σ continuous and strictly increasing, and one output or two classes, which count as one output, the second less the
    first. The loss of sample i falls strictly as the output moves to its side ``s_i = ±1``, and U is one u, all ``s_i u·x̃_i ≥ 0``, and one of them positive.
    Then J has no local minimum. Let a unit have ``v_k ≠ 0``: with ``w_k ± t u`` for the sign of ``v_k`` no output moves away from its side, and one moves
    strictly to it, for all ``t > 0``: J falls. Let all ``v_k = 0``: then ``w_1`` does not matter, and a local minimum would stay one along ``w_1 + t u``, with
    ``∂J/∂v_1 = Σ_i ε_i σ(z_1(i))/T = 0`` and the same ε, of signs ``−s_i``; but this sum falls strictly with t.
    """
    found, place, problem = step.expect(0, "direction"), "evidence.direction", step.problem
    statement = step.says("no-critical-point", "separable-squashing")
    hidden = statement == "separable-squashing"
    require(1 + hidden == problem.L, "rule", "this needs a single layer, or for separable-squashing one hidden layer")
    softmax = problem.error.family == "softmax"
    if hidden:
        right = problem.hidden[0].increasing.holds and problem.n_L == 1 + softmax
        require(right, "rule", "this needs an increasing activation, and one output or two classes")
    n = 1 if hidden else problem.n_L
    U = read.rows(found["direction"], place, read.rational, problem.fan_in(1), n)
    step.count_samples()
    moves = [[evidence.total((q * U[a][j] for a, q in enumerate(x)), step.work) for j in range(n)] for x in problem.inputs]
    if softmax:
        require(problem.output_activation.is_identity, "rule", "this needs the identity at the output")
        require(all(1 in row for row in problem.Y), "rule", "a target is not one-hot")
        moves = [[ZERO, *row] if hidden else row for row in moves]
        gains = [row[targets.index(ONE)] - z for row, targets in zip(moves, problem.Y, strict=True) for z in row]
    else:
        gains = [s * z for s, z in zip(_ends(problem), (z for row in moves for z in row), strict=True)]
    require(all(g >= 0 for g in gains), place, "some sample gets worse along this direction")
    require(any(g > 0 for g in gains), place, "no sample gets better along this direction")
    return everywhere(statement), Rigor.EXACT


def ggn_semidefinite_witness(step: Step) -> Result:
    """For v = the incoming weights of output j (with a trainable bias), ``F_j`` changes by ``s_i = σ_out'(z)(z − c)`` and no other output does.

    So ``T vᵀ H_GN v = Σ_i e''(r_ij) s_i²``, whose ball is negative; c is the fixed bias, or 0. That σ_out' exists is seen in the balls.
    """
    found, problem = step.expect(0, "point", "output", "precision"), step.problem
    box = step.box(step.point_named(found))
    j = read.integer(found["output"], "evidence.output", 0, problem.n_L - 1)
    require(problem.separable and not problem.error.convex.holds, "rule", "this needs an error of the residuals that is not convex")
    with step.balls() as ring:
        passed = passes.forward(ring, problem, passes.curve_of(ring, problem, box))
        z, phi = (series[-1].coefficients[0][:, j] for series in (passed.z, passed.phi))
        slope = constant_term(passed.slopes[-1], (problem.T, problem.n_L))[:, j]
        c = ring.embed((problem.constants[-1] or [ZERO] * problem.n_L)[j])
        r = phi - ring.array(problem.Y)[:, j]
        curvature = ring.slope(problem.error, Series([r, np.full_like(r, ONE)])).coefficients[1]
        total = sum((curvature * ((z - c) * slope) * ((z - c) * slope)).flat)
        require(bool(total < 0), "evidence.point", "the ball of the curvature is not negative")
    return everywhere("ggn-semidefinite", proved=False), Rigor.BALL
