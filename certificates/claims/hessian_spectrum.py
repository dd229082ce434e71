"""The claim ``hessian-spectrum``: enclosures of the eigenvalues of the Hessian of J, at given weights and at critical points that were located."""

from __future__ import annotations

from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.claims.stationary import BALL_RULE, ball_at
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, Node, decided, undecided
from lossproof.certificates.proof.places import Place, Point, point_near, radius_of
from lossproof.certificates.text.enclosures import enclosure_text
from lossproof.numerics.critical.ball import is_within_limits
from lossproof.numerics.critical.spectrum import Spectrum, spectrum_in_box, spectrum_of
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor

_NAME = "hessian-spectrum"
_MOST_FLOPS = 10**11


def claims_of_spectrum(context: ProofContext, point: Point, located: LocatedPoint | None) -> tuple[Claim, ...]:
    """Claim the eigenvalues of the Hessian at a critical point that was located from given weights, and at these very weights.

    A box around the weights that holds the critical point holds the weights as well, so that one claim is enough.
    """
    there = claim_spectrum_at(context, None if located is None else located.stationary)
    return (
        (there,)
        if there is not None and there.point is point
        else tuple(claim for claim in (claim_spectrum_here(context, point), there) if claim is not None)
    )


def claim_spectrum_here(context: ProofContext, point: Point) -> Claim:
    """Claim the eigenvalues of the Hessian at given weights; UNDECIDED where a second derivative may not exist, and of large problems, as it takes long."""
    problem, a = context.problem, context.problem.architecture
    if context.differentiable(point, 2) is None:
        reason = (
            "The Hessian may not exist at these weights: some z is where an activation has no second derivative, or is not told from there."
        )
        return undecided(_NAME, point, reason, "weights at which every second derivative exists")
    if not is_within_limits(problem) or _flops(problem) > _MOST_FLOPS:
        reason = f"The Hessian of {a.N_net} weights over {problem.T} samples is formed at critical points that are proved, and not at any weights."
        return undecided(_NAME, point, reason, "weights next to a critical point, fewer weights, or fewer samples")
    found = spectrum_in_box(problem, point.weights)
    if found is None:
        reason = "No finite bounds of the second derivatives at these weights were found in double precision."
        return undecided(_NAME, point, reason, "weights and samples of moderate size, farther from kinks")
    return _decided(problem, point, found)


def claim_spectrum_at(context: ProofContext, stationary: Claim | None) -> Claim | None:
    """Claim the eigenvalues of the Hessian at a critical point that was located; None where no Hessian is proved to exist in a known box around it."""
    place, problem = None if stationary is None else stationary.place, context.problem
    point = None if place is None else point_near(place)
    if stationary is None or place is None or point is None:
        return None
    ball = ball_at(context, point) if stationary.rule == BALL_RULE else None
    if ball is not None:
        found = spectrum_of(problem, ball.whole)
    else:
        found = spectrum_in_box(problem, point.weights, radius_of(place)) if _flops(problem) <= _MOST_FLOPS else None
    return None if found is None else _decided(problem, place, found, stationary)


def _flops(problem: Problem) -> int:
    a = problem.architecture
    return 8 * problem.T * a.n_L * a.N_net**2 + 10 * a.N_net**3


def _decided(problem: Problem, place: Place, found: Spectrum, *support: Node) -> Claim:
    listed, within = found.eigenvalues, found.within
    ends = {"smallest": (listed[0] - within, listed[0] + within), "largest": (listed[-1] - within, listed[-1] + within)}
    facts = {f"{name}_{side}": bound for name, pair in ends.items() for side, bound in zip(("lower", "upper"), pair, strict=True)}
    evidence = {"eigenvalues": list(listed), "within": within}
    every = len(listed) == problem.architecture.N_net
    where = "" if radius_of(place) == 0 else ", at all weights of the box"
    reason = (
        f"The smallest eigenvalue of the Hessian of J is {enclosure_text(*ends['smallest'])}, the largest {enclosure_text(*ends['largest'])}{where}: from "
        "approximate eigenvectors, with proved bounds of how far they are from orthogonal and from diagonalising it."
    )
    told = {**facts, **(evidence if every else {}), "radius": radius_of(place)}
    introduced = support if radius_of(place) else ()
    return decided(_NAME, place, reason, _NAME, facts=told, evidence=evidence, own=Rigor.VERIFIED_FLOAT, support=introduced)
