"""The rules for claims about exact learning (section 6), each with its proof in the docstring.

† marks rules about ``P`` at a point: they check that the derivatives exist there, by `derivatives_exist`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.arithmetic.rings import FormalRing
from lossproof.certificates.kernel.network.passes import forward, not_zero
from lossproof.certificates.kernel.reading.limits import PRECISIONS
from lossproof.certificates.kernel.reading.parse import read_integer, read_list, read_rational, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules.step import (
    AT_WEIGHTS,
    EVERYWHERE,
    PROVED,
    Result,
    Step,
    claim,
    require_differentiable,
    require_separable,
)
from lossproof.theory.verdicts import Rigor


def clash(step: Step) -> Result:
    """One input cannot have two outputs; for a cross-entropy ``∇E = s(φ) − y`` cannot be 0 for two y."""
    samples = read_list(step.expect(0, "samples")["samples"], "evidence.samples", 2)
    i, k = (read_integer(n, f"evidence.samples[{m}]", 0, step.problem.T - 1) for m, n in enumerate(samples))
    require(i < k, "evidence.samples", "the first sample must be the smaller one")
    X, Y = step.problem.X, step.problem.Y
    require(X[i] == X[k] and Y[i] != Y[k], "evidence.samples", "these samples do not clash")
    return claim("exact-learning", EVERYWHERE, False), Rigor.EXACT


def _sample_and_output(step: Step, found: Mapping[str, Any]) -> tuple[int, int]:
    sample = read_integer(found["sample"], "evidence.sample", 0, step.problem.T - 1)
    return sample, read_integer(found["output"], "evidence.output", 0, step.problem.n_L - 1)


def out_of_range(step: Step) -> Result:
    """The output lies in the recorded range; a logistic function lies strictly between 0 and 1, a softmax component is positive."""
    sample, output = _sample_and_output(step, step.expect(0, "sample", "output"))
    problem = step.problem
    y = problem.Y[sample][output]
    if problem.separable:
        reached = problem.output_activation.range.contains(fraction(y))
    else:
        reached = y != 0 and (problem.error.family == "softmax" or y != 1)
    require(not reached, "evidence.output", "the target is not out of reach")
    return claim("exact-learning", EVERYWHERE, False), Rigor.EXACT


def linear_reach(step: Step) -> Result:
    """The network is an affine map ``A x + c``, so ``Σ k_i x_i = 0`` gives ``Σ k_i F(x_i) = c Σ k_i``, which differs from ``Σ k_i y_i``.

    Either ``Σ k_i = 0``, or c is 0 (no bias), or c is the fixed constant (``L = 1``).
    """
    problem = step.problem
    listed = read_list(step.expect(0, "combination")["combination"], "evidence.combination", problem.T)
    k = [read_rational(q, f"evidence.combination[{i}]") for i, q in enumerate(listed)]
    affine = problem.output_activation.family == "identity" and (problem.L == 1 or problem.activation.family == "identity")
    require(affine, "rule", "this needs an affine network")
    require_separable(problem)
    dependent = all(sum((q * x[b] for q, x in zip(k, problem.X, strict=True)), fmpq(0)) == 0 for b in range(problem.widths[0]))
    require(dependent, "evidence.combination", "the inputs do not obey the relation")
    total = sum(k, fmpq(0))
    fixed = problem.fixed_bias[0] if problem.fixed_bias is not None and problem.L == 1 else None
    require(
        total == 0 or problem.bias == "none" or fixed is not None, "evidence.combination", "the relation is not affine: the sum is not 0"
    )
    broken = False
    for j in range(problem.n_L):
        c = fmpq(0) if fixed is None or total == 0 else fixed[j]
        target = sum((q * y[j] for q, y in zip(k, problem.Y, strict=True)), fmpq(0))
        broken = broken or (isinstance(c, fmpq) and target != c * total)
    require(broken, "evidence.combination", "the targets obey the relation")
    return claim("exact-learning", EVERYWHERE, False), Rigor.EXACT


def _targets_attained(problem: Problem) -> bool:
    targets = [y for row in problem.Y for y in row]
    if problem.separable:
        return all(problem.output_activation.attained.contains(fraction(y)) for y in targets)
    return problem.output_activation.family == "identity" and all(y > 0 and (y < 1 or problem.error.family == "softmax") for y in targets)


def wide_exact_learning(step: Step) -> Result:
    """``Φ_{L-1}⁺`` has independent columns, so some ``W_L`` gives every wanted ``z_L``: the preimages of the targets (for a cross-entropy, logits)."""
    step.expect(1)
    lower, _ = step.bound_anywhere(0, f"Phi-{step.problem.L - 1}+", "rank_lower")
    require(lower == step.problem.T, "premises[0]", "the samples are not shown to be independent", "premise")
    require(_targets_attained(step.problem), "rule", "a target is not in the attained range of the output")
    return claim("exact-learning", EVERYWHERE, True), Rigor.EXACT


def exact_point(step: Step) -> Result:
    """``F(W, x_i) − y_i`` vanishes in the formal ring, hence for the real numbers."""
    step.expect(0)
    point = step.at_point()
    require_separable(step.problem)
    ring = FormalRing()
    outputs = forward(ring, step.problem, point, step.problem.L)[1][-1]
    differences = [F - y for row, targets in zip(outputs, step.problem.Y, strict=True) for F, y in zip(row, targets, strict=True)]
    require(all(isinstance(d, fmpq) and d == 0 for d in differences), "conclusion.point", "an output is not seen to equal its target")
    return claim("exact-learner", AT_WEIGHTS, True, point=step.index), Rigor.EXACT


def exact_exists(step: Step) -> Result:
    """A point that learns exactly is a point that learns exactly."""
    step.expect(1)
    step.claim(0, "exact-learner", AT_WEIGHTS, PROVED, step.premises[0].conclusion.get("point"))
    return claim("exact-learning", EVERYWHERE, True), Rigor.EXACT


def not_exact_point(step: Step) -> Result:
    """The ball of ``F(W, x_i)_j − y_ij`` contains the real number, and not 0."""
    found = step.expect(0, "sample", "output", "precision")
    point = step.at_point()
    sample, output = _sample_and_output(step, found)
    require_separable(step.problem)
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    one = replace(step.problem, X=step.problem.X[sample : sample + 1], Y=step.problem.Y[sample : sample + 1])
    with ball_precision(bits):
        difference = forward(BallRing(), one, point, one.L, bits)[1][-1][0][output] - one.Y[0][output]
        require(not_zero(difference), "evidence.output", "the ball of the difference contains 0")
    return claim("exact-learner", AT_WEIGHTS, False, point=step.index), Rigor.BALL


def wide_layer(step: Step) -> Result:
    """† ``r(Φ_{L-1}⁺) = T`` and ``Ψ_L = I``: ``r(P-L) = n_L T``; and ``W_L`` can be solved for, as in `wide_exact_learning`."""
    step.expect(1)
    problem = step.problem
    step.at_point()
    require(problem.L >= 2 and problem.strip, "rule", "this needs a hidden layer and an output derivative that is not 0 anywhere")
    lower = step.bound(0, f"Phi-{problem.L - 1}+", "rank_lower", step.index)
    require(lower == problem.T, "premises[0]", "the samples are not shown to be independent", "premise")
    rigor = require_differentiable(step, step.index, 1)
    return claim("wide-layer", AT_WEIGHTS, True, {"layer": problem.L - 1}, step.index), rigor


def one_hidden_layer(step: Step) -> Result:
    """† ``L = 2``, ``n_1 = T`` and an invertible ``Φ_1``: a case of `wide_layer`, as ``r(Φ_1⁺) ≥ r(Φ_1) = T``."""
    step.expect(1)
    problem = step.problem
    step.at_point()
    right = problem.L == 2 and problem.widths[1] == problem.T and problem.strip
    require(right, "rule", "this needs L = 2, n_1 = T and an output derivative that is not 0 anywhere")
    lower = step.bound(0, "Phi-1", "rank_lower", step.index)
    require(lower == problem.T, "premises[0]", "Phi-1 is not shown to be invertible", "premise")
    return claim("one-hidden-layer", AT_WEIGHTS, True, {}, step.index), require_differentiable(step, step.index, 1)


LEARNING_RULES: Mapping[str, Callable[[Step], Result]] = {
    "exact-learning-clash": clash,
    "exact-learning-range": out_of_range,
    "exact-learning-linear": linear_reach,
    "exact-learning-wide": wide_exact_learning,
    "exact-learning-point": exact_point,
    "exact-learning-exists": exact_exists,
    "not-exact-point": not_exact_point,
    "wide-layer": wide_layer,
    "one-hidden-layer": one_hidden_layer,
}
