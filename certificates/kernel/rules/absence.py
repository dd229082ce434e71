"""The rules about what critical points there are not, and about bad minima (section 6), each with its proof in the docstring."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flint import fmpq

from lossproof.certificates.kernel.reading.parse import read_list, read_rational, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction
from lossproof.certificates.kernel.rules.points import about, conclude, facts_of, radius_of
from lossproof.certificates.kernel.rules.step import AT_WEIGHTS, EVERYWHERE, PROVED, REFUTED, Result, Step, claim
from lossproof.theory.verdicts import Rigor

_INCREASING = ("identity", "power", "sigmoid", "tanh", "softsign", "softplus", "bent-identity", "elu", "arctan", "erf")


def suboptimal(step: Step) -> Result:
    """``J(W*) ≥ loss_lower > loss_upper ≥ J(W')`` for a local minimum ``W*`` and some other weights ``W'``."""
    step.expect(3)
    step.at_point()
    statement = str(step.premises[0].conclusion.get("statement"))
    require(statement in ("strict-minimum", "local-minimum"), "premises[0]", "a local minimum is needed here", "premise")
    minimum = step.claim(0, statement, AT_WEIGHTS, PROVED, step.index)
    here = facts_of(about(step, 1, minimum, "loss-bounds"))
    other = facts_of(step.claim(2, "loss-bounds", AT_WEIGHTS, PROVED, step.premises[2].conclusion.get("point")))
    lower, upper = read_rational(here["loss_lower"], "premises[1]"), read_rational(other["loss_upper"], "premises[2]")
    require(lower > upper, "premises[2]", "the other loss is not seen to be smaller", "premise")
    facts = {"loss_lower": str(lower), "other_loss_upper": str(upper), "radius": radius_of(minimum)}
    return conclude(step, "suboptimal", facts), Rigor.EXACT


def no_bad_minima_suboptimal(step: Step) -> Result:
    """A local minimum that is not global is one."""
    step.expect(1)
    step.claim(0, "suboptimal", AT_WEIGHTS, PROVED, step.premises[0].conclusion.get("point"))
    return claim("no-bad-local-minima", EVERYWHERE, False), Rigor.EXACT


def _ends(problem: Problem) -> list[list[int]]:
    """Return 1 or −1 for each target at or beyond the upper or lower end of what the output approaches and never reaches; raises `Rejected`."""
    if problem.separable:
        families = problem.output_activation.family in _INCREASING and problem.strip
        require(families, "rule", "this needs an output activation with a positive derivative")
        values = problem.output_activation.range
        upper = None if values.upper_attained else values.upper
        lower = None if values.lower_attained else values.lower
    else:
        right = problem.error.family == "logistic" and problem.output_activation.family == "identity"
        require(right, "rule", "this needs the identity at the output")
        lower, upper = fraction(fmpq(0)), fraction(fmpq(1))
    signs = []
    for i, row in enumerate(problem.Y):
        found = [1 if upper is not None and y >= upper else -1 if lower is not None and y <= lower else 0 for y in map(fraction, row)]
        require(all(found), "rule", f"a target of sample {i} is not beyond what the output reaches")
        signs.append(found)
    return signs


def no_critical_point(step: Step) -> Result:
    """One direction U along which J falls at all weights, for one layer: ``T ∇J(W)·U = Σ_ij (∂E_i/∂z_j) u_jᵀ x̃_i < 0``.

    Separable: with σ_out increasing, ``r < 0`` at all W where the target is at or above the range, so ``∂E/∂z_j = e'(r) σ_out' < 0``, and
    ``u_jᵀ x̃_i ≥ 0``; mirrored below the range. Logistic: ``∂E/∂z_j = p − y`` likewise, with p strictly between 0 and 1. Softmax and one-hot targets
    of class c: ``Σ_j (p_j − [j = c]) u_jᵀ x̃ = −Σ_j p_j (u_c − u_j)ᵀ x̃``, all ``p_j > 0``. No term is positive and one is negative.
    """
    found = step.expect(0, "direction")
    problem = step.problem
    require(problem.L == 1, "rule", "this needs a single layer")
    rows = [
        read_list(row, f"evidence.direction[{a}]", problem.n_L)
        for a, row in enumerate(read_list(found["direction"], "evidence.direction", problem.fan_in(1)))
    ]
    U = [[read_rational(q, f"evidence.direction[{a}][{j}]") for j, q in enumerate(row)] for a, row in enumerate(rows)]
    inputs = [[*x, *[fmpq(1)] * problem.bias_rows] for x in problem.X]
    moves = [[sum((q * U[a][j] for a, q in enumerate(x)), fmpq(0)) for j in range(problem.n_L)] for x in inputs]
    if problem.error.family == "softmax":
        require(problem.output_activation.family == "identity", "rule", "this needs the identity at the output")
        require(all(1 in row for row in problem.Y), "rule", "a target is not one-hot")
        gains = [row[list(targets).index(fmpq(1))] - z for row, targets in zip(moves, problem.Y, strict=True) for z in row]
    else:
        gains = [s * z for signs, row in zip(_ends(problem), moves, strict=True) for s, z in zip(signs, row, strict=True)]
    require(all(g >= 0 for g in gains), "evidence.direction", "some sample gets worse along this direction")
    require(any(g > 0 for g in gains), "evidence.direction", "no sample gets better along this direction")
    return claim("no-critical-point", EVERYWHERE, True), Rigor.EXACT


def no_bad_minima_nowhere(step: Step) -> Result:
    """J falls along one direction at all weights, so it has no local minimum, good or bad."""
    step.expect(1)
    step.claim(0, "no-critical-point", EVERYWHERE, PROVED)
    return claim("no-bad-local-minima", EVERYWHERE, True), Rigor.EXACT


def infimum_not_attained(step: Step) -> Result:
    """``Φ_{L-1}⁺`` has independent columns at some weights, so the last layer can give any ``z_L`` there, and all outputs approach their targets at once.

    So the infimum of J is the mean of the infima of ``E(·, y_i)``, and it would be attained only where each of these is: at an exact learner (for a
    cross-entropy where all ``∇E_i = 0``), and premise 0 shows a target for which that is impossible.
    """
    step.expect(2)
    problem = step.problem
    premise = step.claim(0, "exact-learning", EVERYWHERE, REFUTED)
    require(premise.rule == "exact-learning-range", "premises[0]", "a claim by exact-learning-range is needed here", "premise")
    lower, _ = step.bound_anywhere(1, f"Phi-{problem.L - 1}+", "rank_lower")
    require(lower == problem.T, "premises[1]", "the samples are not shown to be independent", "premise")
    require(_approached(problem), "rule", "a target is no limit of values of the output")
    return claim("infimum-not-attained", EVERYWHERE, True), Rigor.EXACT


def _approached(problem: Problem) -> bool:
    """Tell whether every target is known to be a value of the output or a limit of values."""
    if not problem.separable:
        return problem.output_activation.family == "identity"
    values, attained = problem.output_activation.range, problem.output_activation.attained
    ends = [a for a, b in ((values.lower, attained.lower), (values.upper, attained.upper)) if a is not None and a == b]
    return all(attained.contains(y) or y in ends for row in problem.Y for y in map(fraction, row))


ABSENCE_RULES: Mapping[str, Callable[[Step], Result]] = {
    "suboptimal": suboptimal,
    "no-bad-minima-suboptimal": no_bad_minima_suboptimal,
    "no-critical-point": no_critical_point,
    "no-bad-minima-nowhere": no_bad_minima_nowhere,
    "infimum-not-attained": infimum_not_attained,
}
