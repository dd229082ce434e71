"""Theorems of our own about whole landscapes, asked of the user's problem: every local minimum is global, or bad ones exist."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.claims.no_critical_point import claim_no_local_minimum
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, implied
from lossproof.certificates.proof.places import EVERYWHERE, Point
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.numerics.samples.affine_relation import affine_relation
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Verdict

_ERRORS = (
    "At a bad local minimum no outgoing weight is 0 (no-idle-unit). So ε_i = c_k s_i G(z_k(i)) at every unit k, with c_k ≠ 0, the relation s of the inputs and "
    "G = 1/σ', which is strictly convex, and Σ_i s_i G(z_k(i)) = 0 by the output bias."
)
_JENSEN = "By Jensen every unit is constant on the samples of the relation."
_ALONG_AN_EDGE = (
    "So every unit is constant along an edge. If one were not constant along the other edge, its two values could be moved at equal outputs and equal ε, and G "
    "would be constant."
)
_NOT_ALLOWED = "So ε is a function of the target there, and a multiple of s: {wanted}. As this is not so, there is no bad local minimum."


def claims_of_theorems(context: ProofContext, point: Point, principle_error: Claim) -> list[Claim]:
    """Claim the theorems that apply, each by its statement: PROVED where every local minimum is global, REFUTED where bad ones exist; others are left out."""
    found = (
        _independent_samples(context, point, principle_error),
        _shallow_linear(context.problem),
        _one_relation(context, point),
        claim_no_local_minimum(context.problem),
    )
    return [claim for claim in found if claim is not None]


def _has_regular_error(problem: Problem) -> bool:
    return problem.error.principle_error.holds and problem.architecture.output_activation.nonvanishing_derivative.holds


def claim_before_fixed_readout(context: ProofContext, point: Point, principle_error: Claim) -> Claim | None:
    """Claim `independent-samples` where all layers but the first are frozen affine maps; None where it does not apply."""
    problem, a = context.problem, context.problem.architecture
    affine = a.trained == (1,) and all(a.activation_of(l).is_identity for l in range(2, a.L + 1)) and problem.decay is None
    right = affine and a.hidden[0].increasing.holds and problem.error.convex.holds and problem.error.principle_error.holds
    rank = rank_bounds(context, "Phi-0+", point).lower if right and a.fan_in(1) >= problem.T else None
    if rank is None or rank.value < problem.T:
        return None
    reason = (
        f"The {problem.T} inputs{_appended(a)} are linearly independent and the activation of the trainable layer is continuous and strictly increasing: its "
        "outputs move freely, and J is a convex function of them, as the frozen layers behind it are affine maps and the error is convex: every local minimum "
        "is global."
    )
    return implied("independent-samples", "independent-samples", EVERYWHERE, reason, rank, principle_error)


def _appended(a: Architecture) -> str:
    return ", with a 1 appended," if a.bias_rows_of(1) else ""


def _independent_samples(context: ProofContext, point: Point, principle_error: Claim) -> Claim | None:
    problem, a = context.problem, context.problem.architecture
    wide, best_fit = a.widths[1] >= a.n_L, problem.error.name == "squared" and a.output_activation.is_identity
    right = a.L == 2 and (wide or best_fit) and a.activation.increasing.holds and a.fan_in(1) >= problem.T
    if not right or not _has_regular_error(problem):
        return None
    rank = rank_bounds(context, "Phi-0+", point).lower
    if rank.value < problem.T:
        return None
    outputs = (
        "the hidden layer has at least as many units as there are outputs" if wide else "the error is squared and the output the identity"
    )
    freely = (
        "the hidden outputs move freely, and no local minimum can be bad."
        if wide
        else "the hidden outputs move freely, as those of a linear network do, and at a local minimum the outputs are a best fit of their rank."
    )
    inputs = f"The {problem.T} inputs{_appended(a)} are linearly independent"
    reason = f"{inputs}, {outputs}, and the hidden activation is continuous and strictly increasing: {freely}"
    return implied("independent-samples", "independent-samples", EVERYWHERE, reason, rank, principle_error)


def _shallow_linear(problem: Problem) -> Claim | None:
    a = problem.architecture
    linear = a.L == 2 and a.activation.is_identity and a.output_activation.is_identity
    if not linear or not a.is_uniform or a.bias == "fixed" or problem.error.name != "squared":
        return None
    reason = (
        "A linear network with one hidden layer and the squared error: at a local minimum that fits worse than the best affine map, the two matrices have full "
        "rank, and the hidden layer spans eigenvectors of the covariance of the fitted targets. If these were not the leading ones, turning one of them "
        "towards a better one would lower the loss."
    )
    return implied("shallow-linear", "shallow-linear", EVERYWHERE, reason)


def _one_relation(context: ProofContext, point: Point) -> Claim | None:
    problem, a = context.problem, context.problem.architecture
    right = a.L == 2 and a.n_L == 1 and a.bias == "trainable" and a.activation.convex_inverse_slope.holds
    relation = affine_relation(problem) if right and _has_regular_error(problem) else None
    if relation is None or not all(map(is_writable, relation)) or len(set(problem.samples.X)) < problem.T:
        return None
    name = _name_of(relation)
    rank = None if name is None else rank_bounds(context, "Phi-0+", point).lower
    if name is None or rank is None or rank.value != problem.T - 1:
        return None
    told = _decided(problem, name, relation)
    if told is None:
        return None
    verdict, reason = told
    evidence = {"relation": [rational_text(q) for q in relation]}
    return decided(name, EVERYWHERE, reason, "one-relation", rank, verdict=verdict, evidence=evidence, own=Rigor.EXACT)


def _name_of(relation: tuple[Fraction, ...]) -> str | None:
    """Return the statement that speaks of a relation with these signs, or None."""
    signs = [sum(q > 0 for q in relation), sum(q < 0 for q in relation)]
    if min(signs) == 1:
        return "one-relation-simplex"
    return "parallelogram" if len(relation) == 4 and signs == [2, 2] and len({abs(q) for q in relation}) == 1 else None


def _decided(problem: Problem, name: str, relation: tuple[Fraction, ...]) -> tuple[Verdict, str] | None:
    """Return the verdict and its reason; None where the theorem leaves it open."""
    shape = "The four inputs form a parallelogram" if name == "parallelogram" else "One input lies inside the simplex of the others"
    if name == "parallelogram" and problem.architecture.widths[1] >= 2:
        return Verdict.PROVED, (
            f"{shape}, as those of XOR do, and there are two hidden units at least. {_ERRORS} {_ALONG_AN_EDGE} So all units are constant; but then two of them "
            "could be made to vary along one edge at equal outputs. No local minimum is bad, whatever the targets are."
        )
    best = _constant_output(problem, relation)
    if best is None:
        constant = f"{_ALONG_AN_EDGE} So the unit is constant." if name == "parallelogram" else _JENSEN
        return Verdict.PROVED, f"{shape}. {_ERRORS} {constant} {_NOT_ALLOWED.format(wanted=_wanted(problem))}"
    if not _attains(problem, best) or not all(relation):
        return None
    reason = (
        f"{shape}, and the targets are their mean plus a multiple of the weights in the relation of the inputs. So constant networks with the best constant "
        "output are critical. With outgoing weights of the right signs and size they are local minima, as the loss rises with every small change of the "
        "outputs; with others the loss falls below theirs."
    )
    return Verdict.REFUTED, reason


def _wanted(problem: Problem) -> str:
    if _has_mean_output(problem):
        reached = "" if problem.architecture.output_activation.is_identity else ", the constant a value of the output activation"
        return f"the targets there would have to be a constant plus a multiple, other than 0, of the weights in the relation{reached}"
    return "equal targets there would have to have equal weights in the relation"


def _has_mean_output(problem: Problem) -> bool:
    """Tell whether the errors are a slope times the output less the target, so that the best constant output is that of the mean."""
    return problem.error.family in ("squared", "logistic")


def _constant_output(problem: Problem, relation: tuple[Fraction, ...]) -> Fraction | None:
    """Return the output of networks that are constant on the samples of the relation and have errors that are a multiple of it; None where there are none.

    For errors whose best constant output is not that of the mean it is not known, and 0 is returned.
    """
    found = [(q, row[0]) for q, row in zip(relation, problem.samples.Y, strict=True) if q != 0]
    if any(y == other and q != r for q, y in found for r, other in found):
        return None
    if not _has_mean_output(problem):
        return Fraction(0)
    q, y = found[0]
    r, other = next(pair for pair in found if pair[0] != q)
    slope = (y - other) / (q - r)
    mean, fits = y - slope * q, all(y - target == slope * (q - entry) for entry, target in found)
    out_of_reach = problem.error.family == "squared" and not problem.architecture.output_activation.range.contains(mean)
    return mean if fits and not out_of_reach else None


def _attains(problem: Problem, best: Fraction) -> bool:
    """Tell whether networks of that best constant output exist, and the loss around them is told by two derivatives of the output activation."""
    output = problem.architecture.output_activation
    if problem.error.family == "squared":
        return output.analytic.holds and output.attained.contains(best)
    return problem.error.family == "logistic" and output.is_identity
