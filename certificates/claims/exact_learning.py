"""The claim ``exact-learning``: refuted by the data, proved by a wide layer or at given weights, or left open."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.certificates.text.numbers import display_number
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.outputs import is_exact_learner, output_apart_from_target
from lossproof.numerics.ranks.rational_kernel import rational_kernel_of_rows
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import brief_name, is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Scope, Verdict

_NAME = "exact-learning"


def claim_exact_learning_at(context: ProofContext, point: int) -> Claim | None:
    """Claim at given weights that all outputs equal their targets, or that one does not; None when neither is proved."""
    problem = context.problem
    if problem.error.is_cross_entropy:
        return None
    weights = context.points[point]
    if is_exact_learner(problem, weights):
        reason = "Every output equals its target exactly, by exact arithmetic: these weights are a global minimum with ε(W) = 0."
        return Claim("exact-learner", Scope.AT_WEIGHTS, Verdict.PROVED, reason, {}, Rigor.EXACT, "exact-learning-point", {}, (), point)
    apart = output_apart_from_target(problem, weights, context.max_precision)
    if apart is None:
        return None
    sample, output, precision = apart
    evidence = {"sample": sample, "output": output, "precision": precision}
    reason = f"Output {output} at sample {sample} differs from its target, so these weights are no exact learner (another point may still be one)."
    return Claim("exact-learner", Scope.AT_WEIGHTS, Verdict.REFUTED, reason, {}, Rigor.BALL, "not-exact-point", evidence, (), point)


def refute_exact_learning(problem: Problem) -> Claim | None:
    """Claim that no exact learner exists, where the data show it."""
    return _by_clash(problem) or _by_range(problem) or _by_linear_reach(problem)


def claim_exact_learning(context: ProofContext, at_weights: Claim | None, nearby: Claim | None) -> Claim:
    """Claim that some ``W*`` is an exact learner: at the weights, by a wide layer, or ``nearby``; or leave it open."""
    if at_weights is not None and at_weights.verdict is Verdict.PROVED:
        reason = "The given weights are one."
        return Claim(_NAME, Scope.EVERYWHERE, Verdict.PROVED, reason, {}, at_weights.rigor, "exact-learning-exists", {}, (at_weights,))
    near_given = nearby is not None and nearby.evidence["point"] == 0
    found = nearby if near_given else _by_wide_layer(context) or nearby
    if found is not None:
        return found
    beyond = beyond_doubles(context.problem)
    sought = "" if beyond is None else f" None was sought, as that is done in double precision, and {beyond}."
    return Claim(
        _NAME,
        Scope.EVERYWHERE,
        Verdict.UNDECIDED,
        "No exact learner was proved to exist, and no obstruction was found: no two equal inputs clash, and every target can be reached by the output."
        f"{sought}",
        missing="weights close enough to an exact learner with full rank (give them with weights=…), or a proof that there is none",
    )


def _by_clash(problem: Problem) -> Claim | None:
    pair = problem.samples.clash()
    if pair is None:
        return None
    reason = f"Samples {pair[0]} and {pair[1]} have equal inputs and different targets (clash): no function fits both."
    return Claim(_NAME, Scope.EVERYWHERE, Verdict.REFUTED, reason, {}, Rigor.EXACT, "exact-learning-clash", {"samples": list(pair)})


def _by_range(problem: Problem) -> Claim | None:
    """Find a target that no output value reaches."""
    error, values = problem.error, problem.architecture.output_activation.range
    for i, row in enumerate(problem.samples.Y):
        for j, y in enumerate(row):
            if error.is_cross_entropy:
                reached = y != 0 and (error.family == "softmax" or y != 1)
                reason = f"Target {display_number(y)} of output {j} at sample {i} is a probability that no finite output gives (range)."
            else:
                reached = values.contains(y)
                output = brief_name(problem.architecture.output_activation.name)
                reason = f"Target {display_number(y)} of output {j} at sample {i} lies outside the range of {output} (range)."
            if not reached:
                evidence = {"sample": i, "output": j}
                return Claim(_NAME, Scope.EVERYWHERE, Verdict.REFUTED, reason, {}, Rigor.EXACT, "exact-learning-range", evidence)
    return None


def _by_linear_reach(problem: Problem) -> Claim | None:
    """Find an affine relation of the inputs that the targets break, for networks that are affine maps."""
    a = problem.architecture
    affine = a.output_activation.is_identity and (a.L == 1 or a.activation.is_identity)
    if not affine or problem.error.is_cross_entropy or (a.bias == "fixed" and a.L > 1):
        return None
    inputs = [list(row) + ([Fraction(1)] if a.bias == "trainable" else []) for row in problem.samples.X]
    shift = problem.fixed_bias[0] if problem.fixed_bias is not None else (Fraction(0),) * a.n_L
    if not all(isinstance(c, Fraction) for c in shift):
        return None
    targets = [[y - c for y, c in zip(row, shift, strict=True) if isinstance(c, Fraction)] for row in problem.samples.Y]
    for relation in rational_kernel_of_rows(inputs):
        if all(map(is_writable, relation)) and any(
            sum((k * row[j] for k, row in zip(relation, targets, strict=True)), Fraction(0)) != 0 for j in range(a.n_L)
        ):
            reason = "An affine relation holds among the inputs but not among the targets, and the network is an affine map (linear reach)."
            evidence = {"combination": [rational_text(k) for k in relation]}
            return Claim(_NAME, Scope.EVERYWHERE, Verdict.REFUTED, reason, {}, Rigor.EXACT, "exact-learning-linear", evidence)
    return None


def _by_wide_layer(context: ProofContext) -> Claim | None:
    """Prove existence from ``rank [Φ_{L-1}; 1] = T`` and targets that the output activation reaches."""
    problem = context.problem
    a = problem.architecture
    if a.fan_in(a.L) < problem.T or not _targets_attained(problem):
        return None
    lower = rank_bounds(context, f"Phi-{a.L - 1}+", 0)[0]
    if lower.value < problem.T:
        return None
    reason = (
        f"rank [Φ_{a.L - 1}; 1] = T = {problem.T} at the weights of point 0: with the lower layers kept, the output weights solve a linear system "
        "with linearly independent equations, whatever the targets."
    )
    return Claim(_NAME, Scope.EVERYWHERE, Verdict.PROVED, reason, {}, lower.rigor, "exact-learning-wide", {}, (lower,))


def _targets_attained(problem: Problem) -> bool:
    targets = [y for row in problem.samples.Y for y in row]
    if problem.error.is_cross_entropy:
        upper_fine = problem.error.family == "softmax" or all(y < 1 for y in targets)
        return problem.architecture.output_activation.is_identity and all(y > 0 for y in targets) and upper_fine
    return all(problem.architecture.output_activation.attained.contains(y) for y in targets)
