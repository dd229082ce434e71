"""The conclusion ``no-bad-local-minima``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lossproof.certificates.claims.global_minimum import convex_layers
from lossproof.certificates.claims.regions import BadRegion
from lossproof.certificates.claims.whole_landscape import WholeLandscape
from lossproof.certificates.proof.nodes import Claim, first_claim, implied, undecided
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.certificates.text.enclosures import decimal_above, decimal_below
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Verdict

_NAME = "no-bad-local-minima"


def conclusion_by_minimum(suboptimal: Claim) -> Claim:
    """Refute the conclusion by a proved bad local minimum."""
    reason = (
        f"A bad local minimum is proved: its loss is at least {decimal_below(suboptimal.facts['loss_lower'], 8)}, "
        f"and another point has at most {decimal_above(suboptimal.facts['other_loss_upper'], 8)}."
    )
    return implied("suboptimal", _NAME, EVERYWHERE, reason, suboptimal, verdict=Verdict.REFUTED)


def conclusion_by_theorems(whole: WholeLandscape) -> Claim | None:
    """Conclude from what theorems say, by no critical point at all, full rank at all weights, convexity, a theorem of our own or one of others; or None."""
    return first_claim(
        lambda: _by_nowhere(whole.nowhere),
        lambda: _by_full_rank(whole.full, whole.principle_error),
        lambda: conclusion_by_convexity(whole.context.problem),
        lambda: _by_own_theorem(whole.theorems),
        lambda: _by_theorem(whole.decisive),
    )


def conclusion_by_region(found: BadRegion | None) -> Claim | None:
    """Refute the conclusion by a local minimum in a region of the weights that some point beats; None without one."""
    if found is None:
        return None
    minimum, better = found.minimum, found.better
    reason = (
        f"By {_named(minimum)}, there is a local minimum of loss at least {decimal_below(minimum.facts['loss_lower'], 8)}. Another point has at most "
        f"{decimal_above(better.facts['loss_upper'], 8)}, so that minimum is bad."
    )
    return implied(minimum.id, _NAME, EVERYWHERE, reason, minimum, better, verdict=Verdict.REFUTED)


def conclusion_of_points(whole: WholeLandscape, points: int, *, suboptimal: Claim | None, losses: Iterable[Claim]) -> Claim:
    """Conclude from given points, ``points`` of them proved to be critical, from theorems and from regions, without a search."""
    found = first_claim(
        lambda: None if suboptimal is None else conclusion_by_minimum(suboptimal),
        lambda: conclusion_by_theorems(whole),
        lambda: conclusion_by_region(whole.bad_region(losses)),
    )
    return open_after_points(points) if found is None else found


def open_after_points(points: int, *, all_there_are: bool = False) -> Claim:
    """Return the UNDECIDED claim after so many critical points were proved, all there are or not, and no bad local minimum."""
    counted = {0: "No critical point is", 1: "One critical point is"}.get(points, f"{points} critical points are")
    reason = f"{counted} proved here, and no bad local minimum. That is no proof that there is none: the search need not have met all critical points."
    if all_there_are:
        reason = f"{counted} proved here, which are all, and no bad local minimum. Which of them are global minima is not known of each."
        return undecided(_NAME, EVERYWHERE, reason, "a bad local minimum, or a proof that the others are global")
    return undecided(_NAME, EVERYWHERE, reason, "a bad local minimum, or a proof that the critical points found are all there are")


def _by_nowhere(nowhere: Claim | None) -> Claim | None:
    if nowhere is None:
        return None
    reason = "The loss has no critical point at all, so no local minimum that could be bad; and no global one either."
    return implied("nowhere", _NAME, EVERYWHERE, reason, nowhere)


def _by_full_rank(full: Claim | None, principle_error: Claim) -> Claim | None:
    if full is None or principle_error.verdict is not Verdict.PROVED:
        return None
    reason = "rank P(W) = T·n_L at every W, so T∇J = Pε vanishes only where ε = 0: every critical point is a global minimum."
    return implied("full-rank", _NAME, EVERYWHERE, reason, full, principle_error)


def conclusion_by_convexity(problem: Problem) -> Claim | None:
    """Conclude from a loss that is a convex function of the trainable weights; None for others."""
    if not problem.is_convex:
        return None
    reason = f"{convex_layers(problem)} and a convex error: J is a convex function of W, so every local minimum is global."
    return implied("convex", _NAME, EVERYWHERE, reason)


def _by_own_theorem(theorems: Sequence[Claim]) -> Claim | None:
    if not theorems:
        return None
    theorem = theorems[0]
    if theorem.verdict is Verdict.PROVED:
        reason = f"Every local minimum is global, by the theorem {_named(theorem)}: its hypotheses hold here, and the proof stands there."
        return implied(f"by-{theorem.id}", _NAME, EVERYWHERE, reason, theorem)
    reason = f"Bad local minima exist, by the theorem {_named(theorem)}: which weights are one, and why, stands there."
    return implied(f"against-{theorem.id}", _NAME, EVERYWHERE, reason, theorem, verdict=Verdict.REFUTED)


def _named(theorem: Claim) -> str:
    return f"{theorem.id}, “{theorem.statement.title}”"


def _by_theorem(cited: Claim | None) -> Claim | None:
    if cited is None:
        return None
    reason = f"A theorem of others applies, {cited.id}, whose proof is not repeated here: every local minimum is global."
    return implied(f"by-{cited.id}", _NAME, EVERYWHERE, reason, cited)


def open_with_decay() -> Claim:
    """Return the UNDECIDED claim about a loss with weight decay, about which ranks say nothing."""
    reason = (
        "With weight decay T∇J = Pε + TλW, so at a critical point Pε is not 0, and the rank of P says nothing about it. No bad local minimum was proved. "
        "That is no proof that there is none."
    )
    return undecided(_NAME, EVERYWHERE, reason, "a bad local minimum, or a proof that the critical points found are all there are")


def open_by_rank(columns: int, full_everywhere: Claim, almost_everywhere: Claim | None) -> Claim:
    """Return the UNDECIDED claim that names the set of weights which ranks leave.

    A failed sufficient condition is no proof of the contrary: without bad local minima that are proved to exist the verdict is never REFUTED.
    """
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
    known = tuple(p for p in premises if p.verdict is not Verdict.UNDECIDED)
    return undecided(_NAME, EVERYWHERE, reason, missing, *known)
