"""The rules for claims about count, principles and single blocks of ``P`` (section 6), each with its proof in the docstring.

† marks rules about ``P`` at a point: they check that the derivatives exist there, by `derivatives_exist`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lossproof.certificates.kernel.network.matrices import parse_matrix
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.rules.step import (
    AT_WEIGHTS,
    EVERYWHERE,
    Result,
    Step,
    claim,
    full_weights,
    khatri_rao_bound,
    require_differentiable,
    used_activations,
    widths_principle,
)
from lossproof.theory.verdicts import Rigor


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


def principle_widths(step: Step) -> Result:
    """The inequalities, and ``r_L = n_L``, ``r_l = max(0, min(n_l, n_{l+1}) + r_{l+1} − n_{l+1})`` (Sylvester)."""
    step.expect(0)
    n, L = step.problem.widths, step.problem.L
    ranks = [n[L]]
    for l in range(L - 1, 0, -1):
        ranks.insert(0, max(0, min(n[l], n[l + 1]) + ranks[0] - n[l + 1]))
    return claim("principle-widths", EVERYWHERE, widths_principle(step.problem), {"guaranteed": ranks}), Rigor.EXACT


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
