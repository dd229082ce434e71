"""The claims about single row blocks of ``P``: ``khatri-rao``, ``projection``, ``wide-layer``, ``one-hidden-layer``."""

from __future__ import annotations

from typing import Any

from lossproof.certificates.claims.full_rank import undefined_claim
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound, decided, undecided
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.rank_bounds import rank_bounds, weight_bounds
from lossproof.theory.bounds.lower import khatri_rao_bound, projection_bound, psi_rank


def claim_khatri_rao(context: ProofContext, point: Point) -> Claim:
    """Claim Proposition 2 at a point: bound and proved rank of each row block ``Ψ_l ⊙ Φ_{l-1}``."""
    smooth, problem = context.differentiable(point, 1), context.problem
    if smooth is None:
        return undefined_claim(context, "khatri-rao", point, {"layers": []})
    widths, T, L = problem.architecture.widths, problem.T, problem.architecture.L
    layers: list[dict[str, Any]] = []
    premises: list[RankBound] = []
    for l in range(1, L + 1):
        phi, psi = rank_bounds(context, f"Phi-{l - 1}+", point).lower, rank_bounds(context, f"Psi-{l}", point).lower
        block = rank_bounds(context, f"P-{l}", point)
        least = khatri_rao_bound(widths[l], T, phi.value, psi.value)
        layers.append({"layer": l, "bound": least, "rank_lower": block.lower.value, "rank_upper": block.upper.value})
        premises += [phi, psi, block.lower, block.upper]
    best = max(layer["bound"] for layer in layers)
    listed = "; ".join(_layer_text(layer) for layer in layers)
    verdict = "reaches" if best >= problem.columns else "does not reach"
    tail = "" if best >= problem.columns else " A lower bound that falls short proves nothing: the rank itself may still be full."
    reason = f"Guaranteed by Sylvester's inequality, and proved directly: {listed}. The best bound {best} {verdict} T·n_L = {problem.columns}.{tail}"
    return decided("khatri-rao", point, reason, "definition", *premises, *smooth, facts={"layers": layers})


def _layer_text(layer: dict[str, Any]) -> str:
    low, high = layer["rank_lower"], layer["rank_upper"]
    rank = f"rank {low}" if low == high else f"rank between {low} and {high}"
    return f"block {layer['layer']} has bound {layer['bound']} and {rank}"


def claim_projection(context: ProofContext, point: Point) -> Claim | None:
    """Claim the projection bound where no ``Ψ_l(i)`` vanishes for a structural reason; None where it does not apply."""
    a, smooth = context.problem.architecture, context.differentiable(point, 1)
    weights = weight_bounds(context, 1, point)
    if smooth is None or weights is None or psi_rank(a.widths, 1, [bound.value for bound in weights]) < 1:
        return None
    phis = [rank_bounds(context, f"Phi-{l - 1}+", point).lower for l in range(1, a.L + 1)]
    layers = [{"layer": l, "bound": projection_bound(phi.value)} for l, phi in enumerate(phis, start=1)]
    listed = ", ".join(f"block {layer['layer']} has rank at least {layer['bound']}" for layer in layers)
    reason = f"No Ψ_l(i) is zero, so contracting it with a generic vector keeps the rank of Φ_{{l-1}}: {listed}."
    return decided("projection", point, reason, "definition", *phis, *weights, *smooth, facts={"layers": layers})


def claim_wide_layer(context: ProofContext, point: Point) -> Claim | None:
    """Claim that the last hidden layer is wide enough: ``rank [Φ_{L-1}; 1] = T``; None where it is not proved."""
    a, T, smooth = context.problem.architecture, context.problem.T, context.differentiable(point, 1)
    if a.L < 2 or not a.output_activation.has_nonzero_slopes or a.fan_in(a.L) < T or smooth is None:
        return None
    phi = rank_bounds(context, f"Phi-{a.L - 1}+", point).lower
    if phi.value < T:
        return None
    reason = (
        f"The outputs of layer {a.L - 1} at the {T} samples are linearly independent (with the constant 1 of the bias, if there is one), "
        "so the last row block of P alone has full column rank, and the output weights can be solved for."
    )
    return decided("wide-layer", point, reason, "definition", phi, *smooth, facts={"layer": a.L - 1})


def claim_one_hidden_layer(context: ProofContext, point: Point) -> Claim | None:
    """Claim Proposition 4 (``n_1 = T``, ``Φ_1`` invertible) where it applies, else None."""
    problem, smooth = context.problem, context.differentiable(point, 1)
    a, T = problem.architecture, problem.T
    if a.L != 2 or a.widths[1] != T or not a.output_activation.has_nonzero_slopes or smooth is None:
        return None
    found = rank_bounds(context, "Phi-1", point)
    if found.lower.value == T:
        reason = f"n_1 = T = {T} and Φ_1 is invertible at these weights: W_2 = Φ_1^{{-T}}Y fits every target, and the last block alone gives rank P = T·n_L."
        return decided("one-hidden-layer", point, reason, "definition", found.lower, *smooth)
    reason = f"n_1 = T = {T}, but Φ_1 is proved to have rank between {found.lower.value} and {found.upper.value} only at these weights."
    missing = "weights of the first layer at which Φ_1 is proved invertible"
    return undecided("one-hidden-layer", point, reason, missing, found.lower, found.upper)
