"""The rules about exact learners (section 6), each with its proof in the docstring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isqrt
from typing import Any

from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.functions import ZERO
from lossproof.certificates.kernel.arithmetic.inclusion import require_contraction
from lossproof.certificates.kernel.arithmetic.rings import vanishes
from lossproof.certificates.kernel.arithmetic.series import constant_term
from lossproof.certificates.kernel.network.matrices import entries, parse_matrix
from lossproof.certificates.kernel.network.orbits import image, orbits
from lossproof.certificates.kernel.network.passes import Box, curve_of, forward, outputs
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step, positive, rigor_of
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def require_separable(problem: Problem) -> None:
    """Reject the step for a cross-entropy."""
    require(problem.separable, "rule", "this needs an error that is a sum over outputs of functions of the residual")


def unlearnable_samples(step: Step) -> Result:
    """Two samples of one orbit, whose outputs determine each other at every W, or one whose output is the same at every W, have other targets.

    For a cross-entropy ``∇E = s(φ) − y`` cannot be 0 for two y at one input.
    """
    problem = step.problem
    listed = evidence.indices(step.expect(0, "samples")["samples"], "evidence.samples", problem.T)
    step.require_at(EVERYWHERE)
    step.count_samples()
    first, last = listed[0] if listed else 0, listed[-1] if listed else 0
    all_orbits = orbits(problem)
    a, b = all_orbits[first], all_orbits[last]
    if len(listed) == 1 and a.sign == 0 and problem.separable:
        wanted = [image(problem, ZERO, y) for y in problem.Y[first]]
    else:
        require(len(listed) == 2 and a.first == b.first, "evidence.samples", "the outputs of these samples do not determine each other")
        wanted = [image(problem, b.over(a), y) for y in problem.Y[first]]
    broken = any(w is not None and w != y for w, y in zip(wanted, problem.Y[last], strict=True))
    require(broken, "evidence.samples", "the targets of these samples go together")
    return step.conclude("exact-learning", proved=False), Rigor.EXACT


def out_of_reach(problem: Problem, sample: int, output: int) -> bool:
    """Tell whether a target lies outside the recorded range; a logistic function lies strictly between 0 and 1, a softmax component is positive."""
    y = problem.Y[sample][output]
    if problem.separable:
        return not problem.output_activation.range.contains(fraction(y))
    return bool(y == 0) or (problem.error.family == "logistic" and bool(y == 1))


def unlearnable_range(step: Step) -> Result:
    """A target is out of reach of the output."""
    reached = not out_of_reach(step.problem, *step.sample_and_output(step.expect(0, "sample", "output")))
    step.require_at(EVERYWHERE)
    require(not reached, "evidence.output", "the target is not out of reach")
    return step.conclude("exact-learning", proved=False), Rigor.EXACT


def unlearnable_linear(step: Step) -> Result:
    """The network is an affine map ``A x + c``, so ``Σ k_i x_i = 0`` gives ``Σ k_i F(x_i) = c Σ k_i``, which differs from ``Σ k_i y_i``.

    Either ``Σ k_i = 0``, or c is 0 (no bias), or c is the fixed constant (``L = 1``).
    """
    problem, place = step.problem, "evidence.combination"
    listed = read.items(step.expect(0, "combination")["combination"], place, problem.T)
    k = [read.rational(q, f"{place}[{i}]") for i, q in enumerate(listed)]
    step.require_at(EVERYWHERE)
    affine = problem.output_activation.is_identity and (problem.L == 1 or problem.activation.is_identity)
    require(affine and problem.separable, "rule", "this needs an affine network and an error of the residuals")
    sums = [
        [evidence.total((q * row[b] for q, row in zip(k, table, strict=True)), step.work) for b in range(len(table[0]))]
        for table in (problem.X, problem.Y)
    ]
    require(all(s == 0 for s in sums[0]), place, "the inputs do not obey the relation")
    total = evidence.total(k, step.work)
    constants = problem.fixed_bias[0] if problem.fixed_bias is not None and problem.L == 1 else [ZERO] * problem.n_L
    known = total == 0 or problem.bias == "none" or (problem.bias == "fixed" and problem.L == 1)
    require(known, place, "the relation is not affine: the sum is not 0")
    broken = any(s != c * total if isinstance(c, fmpq) else total == 0 != s for s, c in zip(sums[1], constants, strict=True))
    require(broken, place, "the targets obey the relation")
    return step.conclude("exact-learning", proved=False), Rigor.EXACT


def learner_exact(step: Step) -> Result:
    """``F(W, x_i) − y_i`` vanishes in the formal ring, hence for the real numbers."""
    step.expect(0)
    step.point()
    require_separable(step.problem)
    ring = step.formal()
    differences = outputs(ring, step.problem, step.box()) - ring.array(step.problem.Y)
    require(all(vanishes(d) for d in differences.flat), "conclusion.at", "an output is not seen to equal its target")
    return step.conclude("exact-learner"), rigor_of(ring)


def learner_apart(step: Step) -> Result:
    """The ball of ``F(W, x_i)_j − y_ij`` contains the real number, and not 0."""
    found = step.expect(0, "sample", "output", "precision")
    step.point()
    require_separable(step.problem)
    i, j = step.sample_and_output(found)
    one = replace(step.problem, X=step.problem.X[i : i + 1], Y=step.problem.Y[i : i + 1])
    with step.balls() as ring:
        difference = outputs(ring, one, step.box())[0, j] - one.Y[0][j]
        require(bool(difference < 0 or difference > 0), "evidence.output", "the ball of the difference contains 0")
    return step.conclude("exact-learner", proved=False), Rigor.BALL


def learner_facts(step: Step, found: Mapping[str, Any], box: Box | None, **facts: Any) -> dict[str, Any]:
    """Return the claim ``exact-learning`` that names a learner, of full rank unless the facts say less, for all targets within a radius."""
    name = step.introduce(found["learner"], box, "evidence.learner")
    return step.conclude("exact-learning", {"learner": name, "rank_lower": step.problem.columns, **facts})


def learner_box(step: Step) -> Result:
    """Krawczyk's test for ``F − y' = 0`` in as many parameters as there are equations, for all targets ``|y' − y| ≤ δ`` at once.

    By `require_contraction` some s in the box has ``F = y'``, and ``dF/ds`` is invertible all over the box, so P has full column rank there. The Euclidean distance
    is at most ``ρ ⌈√n⌉``.
    """
    found = step.expect(0, "learner", "point", "parameters", "radius", "target_radius", "precision")
    problem, n = step.problem, step.problem.columns
    require_separable(problem)
    step.require_at(EVERYWHERE)
    k = step.point_named(found)
    chosen = evidence.indices(found["parameters"], "evidence.parameters", problem.N_net)
    require(len(chosen) == n, "evidence.parameters", f"as many parameters as equations are needed, {n}")
    radius, target = positive(found, "radius"), read.rational(found["target_radius"], "evidence.target_radius")
    require(target >= 0, "evidence.target_radius", "must not be negative")
    box = Box(step.points[k], radius, frozenset(chosen))
    with step.balls() as ring:
        step.work.spend(2 * limits.elimination_work(n, ring.bits), "an inverse in balls")
        G = (outputs(ring, problem, step.box(k)) - ring.array(problem.Y)).reshape(-1)
        J = entries(parse_matrix("P", problem), problem, box, ring, chosen, list(range(n)))
        if problem.strip:
            slopes = forward(ring, problem, curve_of(ring, problem, box)).slopes[-1]
            J = J * constant_term(slopes, (problem.T, problem.n_L)).reshape(1, -1)
        require_contraction(list(G), arb_mat(n, n, [arb(x) for x in J.T.flat]), radius, target)
    facts = {"point": k, "distance": str(radius * (isqrt(n - 1) + 1)), "target_radius": str(target)}
    return learner_facts(step, found, box, **facts), Rigor.BALL


def learner_wide(step: Step) -> Result:
    """``Φ_{L-1}⁺`` has independent columns at a point, so some ``W_L`` gives every wanted ``z_L``: preimages of the targets (for a cross-entropy, logits).

    The last block of P, up to order ``I ⊗ Φ_{L-1}⁺`` with columns times ``σ_out'``, then has full column rank, if that vanishes nowhere and exists.
    """
    found = step.expect(1, "learner")
    problem = step.problem
    step.require_at(EVERYWHERE)
    lower = step.bound(0, f"Phi-{problem.L - 1}+", "rank_lower", step.premises[0].conclusion["at"])
    require(lower == problem.T, "premises[0]", "the samples are not shown to be independent", "premise")
    step.count_samples()
    attained, targets = problem.output_activation.attained, [y for row in problem.Y for y in row]
    if problem.separable:
        right = all(attained.contains(fraction(y)) for y in targets)
    else:
        right = problem.output_activation.is_identity and all(y > 0 and (y < 1 or problem.error.family == "softmax") for y in targets)
    require(right, "rule", "a target is not in the attained range of the output")
    regular = problem.output_activation.nonvanishing_derivative.holds and problem.is_smooth(1)
    return learner_facts(step, found, None, rank_lower=problem.columns if regular else 0, target_radius="0"), Rigor.EXACT


def infimum_not_attained(step: Step) -> Result:
    """``Φ_{L-1}⁺`` has independent columns at some weights, so the last layer can give any ``z_L`` there, and all outputs approach their targets at once.

    So the infimum of J is the mean of the infima of ``E(·, y_i)``, and it would be attained only where each of these is: at an exact learner (for a
    cross-entropy where all ``∇E_i = 0``), and for one target that is impossible.
    """
    found = step.expect(1, "sample", "output")
    problem = step.problem
    step.require_at(EVERYWHERE)
    require(out_of_reach(problem, *step.sample_and_output(found)), "evidence.output", "the target is not out of reach")
    lower = step.bound(0, f"Phi-{problem.L - 1}+", "rank_lower", step.premises[0].conclusion["at"])
    require(lower == problem.T, "premises[0]", "the samples are not shown to be independent", "premise")
    step.count_samples()
    values, attained = problem.output_activation.range, problem.output_activation.attained
    ends = [a for a, b in ((values.lower, attained.lower), (values.upper, attained.upper)) if a is not None and a == b]
    approached = all(attained.contains(y) or y in ends for row in problem.Y for y in map(fraction, row))
    right = approached if problem.separable else problem.output_activation.is_identity
    require(right, "rule", "a target is no limit of values of the output")
    return step.conclude("infimum-not-attained"), Rigor.EXACT


LEARNER_RULES: Mapping[str, Callable[[Step], Result]] = {
    "unlearnable-samples": unlearnable_samples,
    "unlearnable-range": unlearnable_range,
    "unlearnable-linear": unlearnable_linear,
    "learner-exact": learner_exact,
    "learner-apart": learner_apart,
    "learner-box": learner_box,
    "learner-wide": learner_wide,
    "infimum-not-attained": infimum_not_attained,
}
