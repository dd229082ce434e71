"""The claim ``exact-learning``: refuted by the data, proved by a wide layer or at given weights, or left open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, partial

from lossproof.certificates.claims.learners import FoundLearner
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, first_claim, implied, undecided
from lossproof.certificates.proof.places import EVERYWHERE, Point, Witness
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.certificates.text.numbers import display_number
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.ranks.rational_kernel import rational_kernel_of_rows
from lossproof.numerics.samples.orbits import clash
from lossproof.numerics.samples.order_relation import order_relations
from lossproof.numerics.samples.preimages import preimage_bounds
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import brief_name, is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Verdict

_NAME = "exact-learning"
_MOST_PREIMAGES = 100
_PREIMAGE_PRECISION = 128


def refute_exact_learning(context: ProofContext) -> Claim | None:
    """Claim that no exact learner exists, where the data show it."""
    problem = context.problem
    whatever_moves = (lambda: _by_symmetry(problem), lambda: target_out_of_reach(context))
    of_all_layers = () if problem.architecture.frozen else (lambda: _by_linear_reach(problem), lambda: _by_order(problem))
    return first_claim(*whatever_moves, *of_all_layers)


def target_out_of_reach(context: ProofContext) -> Claim | None:
    """Claim that no exact learner exists, as a target is one that no output value reaches; None where all are reached."""
    return context.once("out of reach", None, lambda: _by_range(context.problem))


def claim_exact_learning(context: ProofContext, start: Point, at_start: Claim | None, nearby: FoundLearner | None) -> Claim:
    """Claim that some ``W*`` is an exact learner: at the weights of ``start``, by a wide layer there, or ``nearby``; or leave it open."""
    if at_start is not None and at_start.verdict is Verdict.PROVED:
        return implied("some-learner", _NAME, EVERYWHERE, "The given weights are one.", at_start)
    near_start = (nearby is not None and nearby.point is start) or bool(context.problem.architecture.frozen)
    found = first_claim(
        lambda: None if near_start else _by_wide_layer(context, start), lambda: None if nearby is None else nearby.existence
    )
    if found is not None:
        return found
    beyond = beyond_doubles(context.problem)
    sought = "" if beyond is None else f" None was sought, as that is done in double precision, and {beyond}."
    reason = (
        "No exact learner was proved to exist, and no obstruction was found: no two equal inputs clash, and every target can be reached by the output."
        f"{sought}"
    )
    missing = "weights close enough to an exact learner with full rank (give them with weights=…), or a proof that there is none"
    return undecided(_NAME, EVERYWHERE, reason, missing)


def _refuted(reason: str, rule: str, evidence: dict[str, object], own: Rigor = Rigor.EXACT) -> Claim:
    return decided(_NAME, EVERYWHERE, reason, rule, verdict=Verdict.REFUTED, evidence=evidence, own=own)


def _by_symmetry(problem: Problem) -> Claim | None:
    """Find samples whose outputs determine each other, or do not depend on the weights, with other targets than that allows."""
    found = clash(problem)
    if found is None:
        return None
    inputs = [problem.samples.X[i] for i in found]
    if len(found) == 1:
        reason = f"Without biases the output at sample {found[0]}, with the input 0, is the same for all weights, and its target is another (symmetry)."
    elif inputs[0] == inputs[1]:
        reason = f"Samples {found[0]} and {found[1]} have equal inputs and different targets (clash): no function fits both."
    else:
        reason = (
            f"Without biases the outputs at samples {found[0]} and {found[1]}, whose inputs are multiples of each other, determine each other at all "
            f"weights, by a symmetry of {problem.architecture.hidden_in_words}, and their targets do not go together (symmetry)."
        )
    return _refuted(reason, "unlearnable-samples", {"samples": list(found)})


def _by_range(problem: Problem) -> Claim | None:
    """Find a target that no output value reaches."""
    error, output = problem.error, problem.architecture.output_activation
    for i, row in enumerate(problem.samples.Y):
        for j, y in enumerate(row):
            if error.is_cross_entropy:
                reached = y != 0 and (error.family == "softmax" or y != 1)
                reason = f"Target {display_number(y)} of output {j} at sample {i} is a probability that no finite output gives (range)."
            else:
                reached = output.range.contains(y)
                reason = (
                    f"Target {display_number(y)} of output {j} at sample {i} lies outside the range of {brief_name(output.name)} (range)."
                )
            if not reached:
                return _refuted(reason, "unlearnable-range", {"sample": i, "output": j})
    return None


def _by_linear_reach(problem: Problem) -> Claim | None:
    """Find an affine relation of the inputs that the targets, or their preimages under the output activation, break, for networks with affine ``z_L``."""
    a = problem.architecture
    affine = all(s.is_identity for s in a.hidden) or a.L == 1
    if not affine or problem.error.is_cross_entropy or not (a.output_activation.is_identity or a.output_activation.increasing.holds):
        return None
    preimage = cache(partial(preimage_bounds, a.output_activation))
    for relation, constants in _relations(problem):
        found = _broken(problem, relation, constants, preimage) if all(map(is_writable, relation)) else None
        if found is not None:
            reason = "An affine relation holds among the inputs but not among the targets, and the network is an affine map (linear reach)."
            own = Rigor.BALL if found else Rigor.EXACT
            if found:
                reason = (
                    "An affine relation holds among the inputs, so among what enters the output activation, which is an affine map of them; it does not hold "
                    f"among the places where {brief_name(a.output_activation.name)} takes the targets of output {found['output']} (linear reach)."
                )
            return _refuted(reason, "unlearnable-linear", {"combination": [rational_text(k) for k in relation], **found}, own)
    return None


def _broken(
    problem: Problem, relation: list[Fraction], constants: list[Fraction], preimage: Callable[[Fraction], tuple[Fraction, Fraction] | None]
) -> dict[str, object] | None:
    """Return the evidence, beside the relation, that some output breaks it, or None; ``preimage`` bounds the places where it takes a target."""
    Y, total = problem.samples.Y, sum(relation, Fraction(0))
    exact = problem.architecture.output_activation.is_identity
    for j, c in enumerate(constants):
        used = [(k, row[j]) for k, row in zip(relation, Y, strict=True) if k != 0]
        if exact:
            if sum((k * y for k, y in used), Fraction(0)) != c * total:
                return {}
        elif len(used) <= _MOST_PREIMAGES:
            bounds = [preimage(y) for _, y in used]
            pairs = [(k, pair) for (k, _), pair in zip(used, bounds, strict=True) if pair is not None]
            ends = [sum((k * pair[(k > 0) == upper] for k, pair in pairs), Fraction(0)) for upper in (False, True)]
            if len(pairs) == len(used) and not ends[0] <= c * total <= ends[1]:
                return {"output": j, "bounds": [[rational_text(q) for q in pair] for _, pair in pairs], "precision": _PREIMAGE_PRECISION}
    return None


def _by_order(problem: Problem) -> Claim | None:
    """Find an affine relation of the inputs that the order of the targets contradicts, for networks with one unit in each hidden layer."""
    for j, relation in () if problem.error.is_cross_entropy else order_relations(problem):
        if all(map(is_writable, relation)):
            reason = (
                "All outputs are monotone functions of one affine function of the inputs, as every hidden layer has one unit and no activation falls. An "
                f"affine relation of the inputs contradicts the order in which the targets of output {j} put that function (order)."
            )
            return _refuted(reason, "unlearnable-order", {"combination": [rational_text(k) for k in relation], "output": j})
    return None


def _relations(problem: Problem) -> Iterator[tuple[list[Fraction], list[Fraction]]]:
    """Yield relations of the inputs that the outputs obey, each with constants: ``Σ k_i F(x_i) = c Σ k_i`` if ``Σ k_i x_i = 0``.

    Where the constants of the output are not known, the sum of the ``k_i`` is 0 as well.
    """
    a, X = problem.architecture, problem.samples.X
    zeros = [Fraction(0)] * a.n_L
    known = zeros if a.bias == "none" else None
    if a.bias == "fixed" and a.L == 1:
        rational = [c for c in problem.constants(1) or () if isinstance(c, Fraction)]
        known = rational if len(rational) == a.n_L else None
    rows = [list(x) if known is not None else [*x, Fraction(1)] for x in X]
    for relation in rational_kernel_of_rows(rows):
        yield relation, zeros if known is None else known


def _by_wide_layer(context: ProofContext, point: Point) -> Claim | None:
    """Prove existence from ``rank [Φ_{L-1}; 1] = T`` at a point and targets that the output activation reaches."""
    problem = context.problem
    a = problem.architecture
    if a.fan_in(a.L) < problem.T or not _targets_attained(problem):
        return None
    lower = rank_bounds(context, f"Phi-{a.L - 1}+", point).lower
    if lower.value < problem.T:
        return None
    reason = (
        f"rank [Φ_{a.L - 1}; 1] = T = {problem.T} at some weights: with the lower layers kept, the output weights solve a linear system "
        "with linearly independent equations, whatever the targets."
    )
    learner = Witness(None)
    regular = a.output_activation.nonvanishing_derivative.holds and not a.kinked_layers(1)
    facts = {"learner": learner, "rank_lower": problem.columns if regular else 0, "target_radius": Fraction(0)}
    evidence = {"learner": learner}
    return decided(_NAME, EVERYWHERE, reason, "learner-wide", lower, facts=facts, evidence=evidence, introduces=learner)


def _targets_attained(problem: Problem) -> bool:
    targets = [y for row in problem.samples.Y for y in row]
    if problem.error.is_cross_entropy:
        upper_fine = problem.error.family == "softmax" or all(y < 1 for y in targets)
        return problem.architecture.output_activation.is_identity and all(y > 0 for y in targets) and upper_fine
    return all(problem.architecture.output_activation.attained.contains(y) for y in targets)
