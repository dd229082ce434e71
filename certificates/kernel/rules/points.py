"""What the rules about critical points share: which critical point a claim speaks about, and its radius.

A claim with the fact ``radius`` at point k speaks about one critical point ``W*`` with ``|W* − W_k|_∞ ≤ radius``: that of the claim ``stationary`` it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import fmpq

from lossproof.certificates.kernel.arithmetic.rings import FormalRing, vanishes
from lossproof.certificates.kernel.arithmetic.series import Series
from lossproof.certificates.kernel.network.errors import error_gradient
from lossproof.certificates.kernel.network.gradient import gradient
from lossproof.certificates.kernel.network.passes import forward
from lossproof.certificates.kernel.reading.limits import Array
from lossproof.certificates.kernel.reading.parse import read_rational, require
from lossproof.certificates.kernel.rules.step import (
    AT_WEIGHTS,
    PROVED,
    Accepted,
    Step,
    claim,
    require_differentiable,
)
from lossproof.theory.verdicts import Rigor

AT_THE_POINT = "0"


def facts_of(accepted: Accepted) -> Mapping[str, Any]:
    """Return the facts of an accepted claim."""
    found: Mapping[str, Any] = accepted.conclusion["facts"]
    return found


def radius_of(accepted: Accepted) -> str:
    """Return the radius of an accepted claim about a critical point, or about the loss near a point."""
    return str(facts_of(accepted)["radius"])


def distance(accepted: Accepted) -> fmpq:
    """Return the radius as a number."""
    return read_rational(radius_of(accepted), "premises")


def stationary(step: Step, k: int = 0, *, exact: bool = False) -> Accepted:
    """Return premise k, a PROVED ``stationary`` at the conclusion's point, with radius 0 if ``exact``."""
    step.at_point()
    found = step.claim(k, "stationary", AT_WEIGHTS, PROVED, step.index)
    require(
        not exact or radius_of(found) == AT_THE_POINT, f"premises[{k}]", "a critical point that is known exactly is needed here", "premise"
    )
    return found


def by_rule(step: Step, k: int, *rules: str) -> Accepted:
    """Return premise k, which must be a conclusion of one of the rules."""
    found = step.premises[k]
    require(found.rule in rules, f"premises[{k}]", f"a claim by {' or '.join(rules)} is needed here", "premise")
    return found


def about(step: Step, k: int, point: Accepted, statement: str) -> Accepted:
    """Return premise k, a PROVED claim of a statement about the same critical point as another claim.

    With radius 0 that is ``W_k`` itself. Else equal radii are not enough, since a box may hold several critical points: the premise must rest
    on the same claim ``stationary``. A claim ``loss-bounds`` or ``critical-rank`` by the rule of that name holds for all points of its box.
    """
    found = step.claim(k, statement, AT_WEIGHTS, PROVED, step.index)
    require(radius_of(found) == radius_of(point), f"premises[{k}]", "the radii differ", "premise")
    whole_box = found.rule in ("loss-bounds", "critical-rank")
    same = radius_of(point) == AT_THE_POINT or whole_box or _origin(found) == _origin(point)
    require(same, f"premises[{k}]", "this may be about another critical point", "premise")
    return found


def _origin(accepted: Accepted) -> Accepted:
    """Return the claim ``stationary`` that a claim about a critical point rests on: its first premise, or that of its first premise."""
    while accepted.conclusion.get("statement") != "stationary":
        accepted = accepted.premises[0]
    return accepted


def conclude(step: Step, statement: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a PROVED claim at the conclusion's point."""
    return claim(statement, AT_WEIGHTS, True, facts, step.index)


def require_zero_gradient(step: Step) -> Rigor:
    """Demand that the gradient exists at the conclusion's point and vanishes formally; return the rigor with which its existence is seen."""
    point = step.at_point()
    rigor = require_differentiable(step, step.index, 1)
    components = gradient(FormalRing(), step.problem, point)
    require(all(vanishes(g) for g in components), "conclusion.point", "the gradient is not seen to vanish")
    return rigor


def formal_residuals(step: Step) -> Array:
    """Return ``∇E_i`` at the conclusion's point in the formal ring, shape ``(T, n_L)``."""
    ring = FormalRing()
    output = forward(ring, step.problem, step.at_point(), step.problem.L)[1][-1]
    found: Array = error_gradient(ring, step.problem, Series([output])).coefficients[0]
    return found
