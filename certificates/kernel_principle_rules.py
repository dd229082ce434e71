"""The rules for claims about count, principles and single blocks of ``P`` (section 6), each with its proof in the docstring.

† marks rules about ``P`` at a point: they check that the derivatives exist there, by `derivatives_exist`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lossproof.certificates.kernel_matrices import parse_matrix
from lossproof.certificates.kernel_pass import derivatives_exist
from lossproof.certificates.kernel_problem import Problem
from lossproof.certificates.kernel_rank_rules import khatri_rao_bound
from lossproof.certificates.kernel_step import Result, Step, require
from lossproof.theory.activations import Activation
from lossproof.theory.verdicts import Rigor

AT_WEIGHTS, ALMOST, EVERYWHERE = "at these weights", "almost everywhere", "everywhere"
PROVED, REFUTED = "PROVED", "REFUTED"


def claim(statement: str, scope: str, proved: bool, facts: Mapping[str, Any] | None = None, point: int | None = None) -> dict[str, Any]:
    """Return the conclusion of a claim rule."""
    return {"statement": statement, "scope": scope, "verdict": PROVED if proved else REFUTED, "point": point, "facts": dict(facts or {})}


def used_activations(problem: Problem) -> list[Activation]:
    """Return the activations that the network applies."""
    return [problem.output_activation] if problem.L == 1 else [problem.activation, problem.output_activation]


def require_differentiable(step: Step, point: int | None, order: int) -> Rigor:
    """Check † at a point given by its index, None standing for a matrix that depends on no weights (`L = 1`)."""
    if point is None:
        require(all(a.differentiable.holds for a in used_activations(step.problem)), "rule", "a derivative may not exist")
        return Rigor.EXACT
    return derivatives_exist(step.problem, step.points[point], order)


def count(step: Step) -> Result:
    """``N_net ≥ T n_L``, integers."""
    step.expect(0)
    N_net, columns = step.problem.N_net, step.problem.columns
    return claim("count", EVERYWHERE, N_net >= columns, {"N_net": N_net, "required": columns}), Rigor.EXACT


def principle_activation(step: Step) -> Result:
    """On record for every activation used."""
    step.expect(0)
    problem = step.problem
    holds = all(a.nonvanishing_derivative.holds for a in used_activations(problem))
    facts = {"activation": problem.activation.name, "output_activation": problem.output_activation.name}
    return claim("principle-activation", EVERYWHERE, holds, facts), Rigor.EXACT


def principle_error(step: Step) -> Result:
    """On record for the error."""
    step.expect(0)
    error = step.problem.error
    return claim("principle-error", EVERYWHERE, error.principle_error.holds, {"error": error.name}), Rigor.EXACT


def principle_morse(step: Step) -> Result:
    """On record for the error."""
    step.expect(0)
    error = step.problem.error
    return claim("principle-morse", EVERYWHERE, error.principle_morse.holds, {"error": error.name}), Rigor.EXACT


def widths_principle(problem: Problem) -> bool:
    """Tell whether ``n_l ≤ max(n_{l-1}, n_{l+1})`` for ``l = 2..L-1``."""
    n = problem.widths
    return all(n[l] <= max(n[l - 1], n[l + 1]) for l in range(2, problem.L))


def principle_widths(step: Step) -> Result:
    """The inequalities, and ``r_L = n_L``, ``r_l = max(0, min(n_l, n_{l+1}) + r_{l+1} − n_{l+1})`` (Sylvester)."""
    step.expect(0)
    n, L = step.problem.widths, step.problem.L
    ranks = [n[L]]
    for l in range(L - 1, 0, -1):
        ranks.insert(0, max(0, min(n[l], n[l + 1]) + ranks[0] - n[l + 1]))
    return claim("principle-widths", EVERYWHERE, widths_principle(step.problem), {"guaranteed": ranks}), Rigor.EXACT


def full_weights(step: Step, point: int | None) -> list[int]:
    """Return the ranks of ``W_1..W_L`` from the first L premises, each full."""
    ranks = []
    for l in range(1, step.problem.L + 1):
        rank = step.bound(l - 1, f"W-{l}", "rank_lower", point)
        require(
            rank == min(parse_matrix(f"W-{l}", step.problem).shape),
            f"premises[{l - 1}]",
            f"W-{l} is not shown to have full rank",
            "premise",
        )
        ranks.append(rank)
    return ranks


def principle_weights(step: Step) -> Result:
    """Every ``W_l`` has rank ``min(rows, columns)``, or one has a smaller rank."""
    step.at_point()
    if len(step.premises) == 1 and "rank_upper" in step.premises[0].conclusion:
        step.expect(1)
        name = str(step.premises[0].conclusion["matrix"])
        matrix = parse_matrix(name, step.problem)
        right = matrix.kind == "W" and not matrix.suffix
        require(right, "premises[0]", "a rank_upper of W-l is needed here", "premise")
        upper = step.bound(0, name, "rank_upper", step.index)
        require(upper < min(matrix.shape), "premises[0]", "the bound does not rule out full rank", "premise")
        return claim("principle-weights", AT_WEIGHTS, False, {"layer": matrix.layer, "rank_upper": upper}, step.index), Rigor.EXACT
    step.expect(step.problem.L)
    return claim("principle-weights", AT_WEIGHTS, True, {"ranks": full_weights(step, step.index)}, step.index), Rigor.EXACT


def khatri_rao(step: Step) -> Result:
    """† The inequality of `rank_khatri_rao` for each block, beside proved bounds of the block's rank."""
    step.expect(4 * step.problem.L)
    step.at_point()
    rigor = require_differentiable(step, step.index, 1)
    layers = []
    for l in range(1, step.problem.L + 1):
        k, at = 4 * (l - 1), step.index
        phi, psi = step.bound(k, f"Phi-{l - 1}+", "rank_lower", at), step.bound(k + 1, f"Psi-{l}", "rank_lower", at)
        lower, upper = step.bound(k + 2, f"P-{l}", "rank_lower", at), step.bound(k + 3, f"P-{l}", "rank_upper", at)
        layers.append({"layer": l, "bound": khatri_rao_bound(step.problem, l, phi, psi), "rank_lower": lower, "rank_upper": upper})
    return claim("khatri-rao", AT_WEIGHTS, True, {"layers": layers}, step.index), rigor


def projection(step: Step) -> Result:
    """No ``Ψ_l(i)`` is 0, as ``T r_l ≥ T`` in `rank_psi` means ``r_l ≥ 1``: contracting it with generic vectors leaves ``Φ diag(non-zero)``."""
    problem = step.problem
    step.expect(2 * problem.L)
    step.at_point()
    layers = []
    for l in range(1, problem.L + 1):
        phi = step.bound(2 * l - 2, f"Phi-{l - 1}+", "rank_lower", step.index)
        psi = step.bound(2 * l - 1, f"Psi-{l}", "rank_lower", step.index)
        right = step.premises[2 * l - 1].rule == "rank-psi" and psi >= problem.T
        require(right, f"premises[{2 * l - 1}]", "a bound of at least T by rank-psi is needed here", "premise")
        layers.append({"layer": l, "bound": phi})
    return claim("projection", AT_WEIGHTS, True, {"layers": layers}, step.index), Rigor.EXACT


PRINCIPLE_RULES: Mapping[str, Callable[[Step], Result]] = {
    "count": count,
    "principle-activation": principle_activation,
    "principle-error": principle_error,
    "principle-morse": principle_morse,
    "principle-widths": principle_widths,
    "principle-weights": principle_weights,
    "khatri-rao": khatri_rao,
    "projection": projection,
}
