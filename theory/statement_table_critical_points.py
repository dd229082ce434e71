"""Statements about critical points, and the conclusion."""

from __future__ import annotations

from lossproof.theory.statement import Statement

_CRITICAL = "∇J(W) = 0 is proved: exactly, or W is the only critical point in a box that is proved to hold one (Krawczyk)."
_SMOOTH = "J is twice differentiable in the box (second-order-kinks)."

CRITICAL_POINTS = (
    Statement(
        id="global",
        title="A global minimum",
        kind="critical point",
        formula=r"\varepsilon(W) = 0",
        hypotheses=("ε(W) = 0 is proved.", "principle-error."),
        conclusion="Every sample has its least error, so W is a global minimum of J.",
        source="definition, with principle-error",
        decided_by="exact evaluation, or a proved exact learner",
        depends_on=("gradient-identity", "principle-error", "exact-learning"),
    ),
    Statement(
        id="strict-minimum",
        title="A strict local minimum",
        kind="critical point",
        formula=r"\nabla J(W) = 0,\;\; H(W) \succ 0",
        hypotheses=(_CRITICAL, _SMOOTH, "H is positive definite over the box."),
        conclusion="The critical point in the box is a strict local minimum of J.",
        source="second-order condition; Krawczyk 1969",
        decided_by="ball arithmetic over the box",
        depends_on=("gradient-identity", "second-order-kinks"),
    ),
    Statement(
        id="saddle",
        title="A critical point with a direction of descent",
        kind="critical point",
        formula=r"\nabla J(W) = 0,\;\; v^{\top} H(W)\, v < 0",
        hypotheses=(_CRITICAL, _SMOOTH, "vᵀHv < 0 over the box for one direction v."),
        conclusion="The critical point in the box is no local minimum of J: the loss falls along v and along −v.",
        source="second-order condition",
        decided_by="ball arithmetic over the box",
        depends_on=("gradient-identity", "second-order-kinks"),
    ),
    Statement(
        id="higher-order-descent",
        title="A curve of descent where the Hessian does not decide",
        kind="critical point",
        formula=r"W(t) = W + \sum_{k \geq 1} t^k \delta_k: \quad J(W(t)) - J(W) = c\, t^m + O(t^{m+1}),\;\; c < 0",
        hypotheses=("∇J(W) = 0 is proved exactly.", "J is m + 1 times differentiable along the curve.", "c < 0 is proved."),
        conclusion="W is no local minimum of J, although H(W) may be positive semidefinite.",
        source="Taylor's theorem; used for the XOR networks by Sprinkhuizen-Kuyper and Boers, and Hamey",
        decided_by="exact or ball Taylor coefficients along a curve",
        depends_on=("gradient-identity",),
    ),
    Statement(
        id="suboptimal",
        title="A bad local minimum",
        kind="critical point",
        formula=r"H(W) \succ 0,\;\; \nabla J(W) = 0,\;\; J(W) > J(W')",
        hypotheses=("W is a certified strict-minimum.", "J(W) > J(W') is proved for another point W'."),
        conclusion="W is a local minimum that is not global. It refutes no-bad-local-minima for this network and these samples.",
        source="definition",
        decided_by="a certified strict-minimum and two enclosed values of J",
        depends_on=("strict-minimum",),
    ),
    Statement(
        id="no-bad-local-minima",
        title="Every local minimum is global",
        kind="conclusion",
        formula=r"W \text{ local minimum of } J \;\Rightarrow\; J(W) = \min_{W'} J(W')",
        hypotheses=("One architecture, one error, one sample set; J is differentiable at all weights.",),
        conclusion=(
            "All local minima of J are global. It follows from full-rank everywhere with principle-error, and for a single layer with "
            "identity output from convexity. With hidden layers the paper's conditions leave a thin set of weights open, and the "
            "verdict is UNDECIDED unless a bad minimum is certified."
        ),
        source="the aim of Shen, arXiv 1611.05827; its Proposition 1 proves it only where full-rank holds at all critical points",
        decided_by=(
            "PROVED by full-rank everywhere, or convexity for one layer; REFUTED by suboptimal; else UNDECIDED with the set that remains"
        ),
        depends_on=("critical-theorem", "full-rank", "principle-error", "almost-everywhere", "suboptimal"),
    ),
)
