"""The claims about single row blocks of ``P``: ``khatri-rao``, ``projection``, ``wide-layer``, ``one-hidden-layer``."""

from __future__ import annotations

from typing import Any

from lossproof.certificates.claims.full_rank import undefined_claim
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.theory.bounds.lower import khatri_rao_bound, projection_bound
from lossproof.theory.verdicts import Scope, Verdict, weakest


def claim_khatri_rao(context: ProofContext, point: int) -> Claim:
    """Claim Proposition 2 at a point: bound and proved rank of each row block ``Ψ_l ⊙ Φ_{l-1}``."""
    if not context.jacobian_exists(point):
        return undefined_claim(context, "khatri-rao", point, {"layers": []})
    problem = context.problem
    widths, T, L = problem.architecture.widths, problem.T, problem.architecture.L
    layers: list[dict[str, Any]] = []
    premises: list[RankBound] = []
    for l in range(1, L + 1):
        phi, psi = rank_bounds(context, f"Phi-{l - 1}+", point)[0], rank_bounds(context, f"Psi-{l}", point)[0]
        lower, upper = rank_bounds(context, f"P-{l}", point)
        bound = max(0, khatri_rao_bound(widths[l], T, phi.value, psi.value))
        layers.append({"layer": l, "bound": bound, "rank_lower": lower.value, "rank_upper": upper.value})
        premises += [phi, psi, lower, upper]
    best = max(layer["bound"] for layer in layers)
    listed = "; ".join(_layer_text(layer) for layer in layers)
    verdict = "reaches" if best >= problem.columns else "does not reach"
    tail = "" if best >= problem.columns else " A lower bound that falls short proves nothing: the rank itself may still be full."
    return Claim(
        "khatri-rao",
        Scope.AT_WEIGHTS,
        Verdict.PROVED,
        f"Guaranteed by Sylvester's inequality, and proved directly: {listed}. The best bound {best} {verdict} T·n_L = {problem.columns}.{tail}",
        {"layers": layers},
        weakest([*(premise.rigor for premise in premises), context.derivative_rigor(context.points[point], 1)]),
        "khatri-rao",
        {},
        tuple(premises),
        point,
    )


def _layer_text(layer: dict[str, Any]) -> str:
    low, high = layer["rank_lower"], layer["rank_upper"]
    rank = f"rank {low}" if low == high else f"rank between {low} and {high}"
    return f"block {layer['layer']} has bound {layer['bound']} and {rank}"


def claim_projection(context: ProofContext, point: int) -> Claim | None:
    """Claim the projection bound where no ``Ψ_l(i)`` vanishes for a structural reason; None where it does not apply."""
    a, T = context.problem.architecture, context.problem.T
    if not context.jacobian_exists(point):
        return None
    layers: list[dict[str, Any]] = []
    premises: list[RankBound] = []
    for l in range(1, a.L + 1):
        phi, psi = rank_bounds(context, f"Phi-{l - 1}+", point)[0], rank_bounds(context, f"Psi-{l}", point)[0]
        if psi.rule != "rank-psi" or psi.value < T:
            return None
        layers.append({"layer": l, "bound": projection_bound(phi.value)})
        premises += [phi, psi]
    listed = ", ".join(f"block {layer['layer']} has rank at least {layer['bound']}" for layer in layers)
    return Claim(
        "projection",
        Scope.AT_WEIGHTS,
        Verdict.PROVED,
        f"No Ψ_l(i) is zero, so contracting it with a generic vector keeps the rank of Φ_{{l-1}}: {listed}.",
        {"layers": layers},
        weakest(premise.rigor for premise in premises),
        "projection",
        {},
        tuple(premises),
        point,
    )


def claim_wide_layer(context: ProofContext, point: int) -> Claim | None:
    """Claim that the last hidden layer is wide enough: ``rank [Φ_{L-1}; 1] = T``; None where it is not proved."""
    a, T = context.problem.architecture, context.problem.T
    if a.L < 2 or not a.output_activation.nonvanishing_derivative.holds or a.fan_in(a.L) < T or not context.jacobian_exists(point):
        return None
    phi = rank_bounds(context, f"Phi-{a.L - 1}+", point)[0]
    if phi.value < T:
        return None
    return Claim(
        "wide-layer",
        Scope.AT_WEIGHTS,
        Verdict.PROVED,
        f"The outputs of layer {a.L - 1} at the {T} samples are linearly independent (with the constant 1 of the bias, if there is one), "
        "so the last row block of P alone has full column rank, and the output weights can be solved for.",
        {"layer": a.L - 1},
        weakest([phi.rigor, context.derivative_rigor(context.points[point], 1)]),
        "wide-layer",
        {},
        (phi,),
        point,
    )


def claim_one_hidden_layer(context: ProofContext, point: int) -> Claim | None:
    """Claim Proposition 4 (``n_1 = T``, ``Φ_1`` invertible) where it applies, else None."""
    problem = context.problem
    a, T = problem.architecture, problem.T
    if a.L != 2 or a.widths[1] != T or not a.output_activation.nonvanishing_derivative.holds or not context.jacobian_exists(point):
        return None
    lower, upper = rank_bounds(context, "Phi-1", point)
    if lower.value == T:
        return Claim(
            "one-hidden-layer",
            Scope.AT_WEIGHTS,
            Verdict.PROVED,
            f"n_1 = T = {T} and Φ_1 is invertible at these weights: W_2 = Φ_1^{{-T}}Y fits every target, and the last block alone gives rank P = T·n_L.",
            {},
            weakest([lower.rigor, context.derivative_rigor(context.points[point], 1)]),
            "one-hidden-layer",
            {},
            (lower,),
            point,
        )
    return Claim(
        "one-hidden-layer",
        Scope.AT_WEIGHTS,
        Verdict.UNDECIDED,
        f"n_1 = T = {T}, but Φ_1 is proved to have rank between {lower.value} and {upper.value} only at these weights.",
        point=point,
        premises=(lower, upper),
        missing="weights of the first layer at which Φ_1 is proved invertible",
    )
