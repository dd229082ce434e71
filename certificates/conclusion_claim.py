"""The conclusion ``no-bad-local-minima``."""

from __future__ import annotations

from lossproof.certificates.claims import Claim
from lossproof.certificates.proof_context import ProofContext
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest

_NAME = "no-bad-local-minima"


def claim_conclusion(context: ProofContext, full_everywhere: Claim, almost_everywhere: Claim | None, principle_error: Claim) -> Claim:
    """Claim that every local minimum is global, where it is proved, and else name the set of weights that remains.

    A failed sufficient condition is no proof of the contrary: without a certified suboptimal minimum the verdict is never REFUTED.
    """
    problem = context.problem
    a = problem.architecture
    if full_everywhere.verdict is Verdict.PROVED and principle_error.verdict is Verdict.PROVED:
        reason = "rank P(W) = T·n_L at every W, so T∇J = Pε vanishes only where ε = 0: every critical point is a global minimum."
        premises = (full_everywhere, principle_error)
        rigor = weakest([r for r in (full_everywhere.rigor, principle_error.rigor) if r is not None])
        return Claim(_NAME, Scope.EVERYWHERE, Verdict.PROVED, reason, {}, rigor, "no-bad-minima-full-rank", {}, premises)
    if a.L == 1 and a.output_activation.family == "identity" and problem.error.convex.holds:
        reason = "One layer with identity output and a convex error: J is a convex function of W, so every local minimum is global."
        return Claim(_NAME, Scope.EVERYWHERE, Verdict.PROVED, reason, {}, Rigor.EXACT, "no-bad-minima-convex")
    return _undecided(problem.columns, full_everywhere, almost_everywhere)


def _undecided(columns: int, full_everywhere: Claim, almost_everywhere: Claim | None) -> Claim:
    if almost_everywhere is not None:
        reason = (
            f"Almost everywhere it holds: a critical point with rank P(W) = {columns} is a global minimum. "
            f"What remains is the closed set of measure zero {{W : rank P(W) < {columns}}}, which is not empty. "
            "Its critical points may be saddles, global minima or other local minima; rank alone does not tell which. "
            "The paper reads a rank bound below T·n_L as “local minima exist”; that does not follow: a sufficient condition that fails proves nothing."
        )
        missing = f"the class (saddle, global minimum, or other) of every critical point in the thin set {{W : rank P(W) < {columns}}}"
        premises: tuple[Claim, ...] = (almost_everywhere, full_everywhere)
    else:
        reason = (
            f"Full rank T·n_L = {columns} is not proved for almost all weights, so this theory does not confine the critical points "
            "that are no exact learner to a thin set. "
            "This says nothing about whether bad local minima exist: a sufficient condition that fails proves nothing."
        )
        missing = f"the class of every critical point in {{W : rank P(W) < {columns}}}"
        premises = (full_everywhere,)
    decided = tuple(p for p in premises if p.verdict is not Verdict.UNDECIDED)
    return Claim(_NAME, Scope.EVERYWHERE, Verdict.UNDECIDED, reason, {}, premises=decided, missing=missing)
