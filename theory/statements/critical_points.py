"""Statements about critical points, and the conclusion."""

from __future__ import annotations

from lossproof.theory.statements.landscape import DECIDING
from lossproof.theory.statements.statement import Statement

_CRITICAL = "∇J(W) = 0 is proved: exactly, or W is the only critical point in a box or a ball that is proved to hold one (Krawczyk; Newton and Kantorovich)."
_CRITICAL_OR_ON_KINKS = f"{_CRITICAL[:-1]}; or hidden units are on kinks, where J has no gradient, and W is a minimum."
_SMOOTH = "J is twice differentiable in the box (second-order-kinks)."

CRITICAL_POINTS = (
    Statement(
        id="stationary",
        title="A place where the gradient vanishes",
        kind="critical point",
        formula=r"\exists\, W^{*}:\; \nabla J(W^{*}) = 0,\;\; \max_p |W^{*}_p - W_p| \leq \rho",
        hypotheses=("The derivatives of J exist in the box of half-width ρ around the weights W.",),
        conclusion=(
            "A critical point W* lies within ρ of the weights in every coordinate; ρ = 0 says that the weights are critical themselves. "
            "A manifold of the stated dimension passes through W*, all of whose points are critical with the same loss. "
            "REFUTED says that these very weights are not critical, however small the gradient, or that J falls along a direction where it has none."
        ),
        source="exact arithmetic; Krawczyk 1969; for merged units Fukumizu and Amari 2000",
        decided_by="a formal identity, Krawczyk's test for the gradient in ball arithmetic, Newton's map in doubles with proved bounds, or a proved exact "
        "learner",
        depends_on=("gradient-identity", "second-order-kinks"),
    ),
    Statement(
        id="differentiable",
        title="The derivatives exist",
        kind="condition",
        formula=r"z_{l}(W^{*}, x_i) \notin \{\text{kinks of } \sigma_l\} \quad \text{for all } l, i",
        hypotheses=("An activation of the network has a kink: it is not differentiable once, or not twice, at some z.",),
        conclusion="At these weights no unit meets such a z at any sample: all derivatives up to the stated order exist.",
        source="definition",
        decided_by="the sign of every z less the kink, exactly or in ball arithmetic over the box",
        depends_on=("second-order-kinks",),
    ),
    Statement(
        id="loss-bounds",
        title="The loss, enclosed",
        kind="critical point",
        formula=r"a \leq J(W) \leq b",
        hypotheses=("W lies within the stated radius of the weights in every coordinate, or is the critical point named.",),
        conclusion="The loss J(W) lies between the two bounds.",
        source="evaluation",
        decided_by="exact or ball arithmetic over the box",
    ),
    Statement(
        id="distance",
        title="How far the critical point is from the weights given",
        kind="critical point",
        formula=r"\|W^{*} - W\|_2 \leq d",
        hypotheses=("W* is a critical point, or lies in a box that holds one; W are weights given exactly.",),
        conclusion="The Euclidean distance between them, in all trainable weights, is at most d.",
        source="the triangle inequality",
        decided_by="ball arithmetic at both points, and the radius of the box",
        depends_on=("stationary",),
    ),
    Statement(
        id="inertia",
        title="The signs of the Hessian's eigenvalues",
        kind="critical point",
        formula=r"\operatorname{in} H(W^{*}) = (n_-, n_0, n_+)",
        hypotheses=(_CRITICAL, _SMOOTH),
        conclusion=(
            "The Hessian at the critical point has at least the stated numbers of negative, zero and positive eigenvalues; the undecided "
            "ones are what remains."
        ),
        source="Sylvester's law of inertia; Haynsworth 1968",
        decided_by="a symmetric factorisation in exact or ball arithmetic, or shifted Cholesky factorisations in doubles with proved bounds; zeros by exact "
        "kernel vectors or a critical manifold",
        depends_on=("stationary", "manifold", "hessian-rank"),
    ),
    Statement(
        id="critical-rank",
        title="The rank of P at a critical point",
        kind="bound",
        formula=r"P(W^{*})\, \varepsilon(W^{*}) = 0,\;\; \varepsilon \neq 0 \;\Rightarrow\; \operatorname{rank} P(W^{*}) \leq T\, n_L - 1",
        hypotheses=(_CRITICAL, "For the upper bound: ε ≠ 0 is proved over the box."),
        conclusion="At a critical point that is no exact learner P lacks full column rank; a submatrix that is invertible over the box bounds its rank "
        "from below.",
        source="Shen, arXiv 1611.05827, Proposition 1, read backwards",
        decided_by="a submatrix that is invertible all over the box, in ball arithmetic, and the gradient identity",
        depends_on=("stationary", "critical-theorem"),
    ),
    Statement(
        id="global",
        title="A global minimum",
        kind="critical point",
        formula=r"J(W^{*}) = \min_W J(W)",
        hypotheses=(
            "ε(W*) = 0 is proved, and principle-error; or",
            "the error is convex and, within each group of equal inputs, the ∇E_i sum to 0; or",
            "J is convex (one layer with identity output and a convex error) and W* is critical.",
        ),
        conclusion="W* is a global minimum of J.",
        source="definition, with principle-error; convexity",
        decided_by="exact evaluation, or a proved exact learner",
        depends_on=("gradient-identity", "principle-error", "exact-learning", "stationary"),
    ),
    Statement(
        id="strict-minimum",
        title="A strict local minimum",
        kind="critical point",
        formula=r"\nabla J(W^{*}) = 0,\;\; H(W^{*}) \succ 0",
        hypotheses=(_CRITICAL, _SMOOTH, "H is positive definite at the critical point."),
        conclusion="The critical point is a strict local minimum of J.",
        source="second-order condition",
        decided_by="the proved inertia of the Hessian",
        depends_on=("stationary", "inertia"),
    ),
    Statement(
        id="local-minimum",
        title="A local minimum that need not be strict",
        kind="critical point",
        formula=r"\exists\, U \ni W^{*}:\; J(W) \geq J(W^{*}) \;\text{ for all } W \in U",
        hypotheses=(
            _CRITICAL_OR_ON_KINKS,
            "W* lies on a manifold of critical points of one loss, and H is positive definite across it (its nullity is the dimension); or",
            "each unit of a layer is constant at and near the z it has at all samples, as inactive relu units are: of the output layer, or of a hidden one, "
            "and the constant output is the best one for a convex error; or",
            "one hidden layer of piecewise linear units and a convex error: no unit is on a kink, and the output weights leave no direction out; or units are "
            "on kinks, where J has no gradient, and the derivatives of J vanish with suitable slopes there.",
        ),
        conclusion="No point of a neighbourhood has a smaller loss than the critical point.",
        source="Morse-Bott lemma; for merged units Fukumizu and Amari 2000; for kinks compare Yun, Sra and Jadbabaie, arXiv 1809.10858",
        decided_by="the proved inertia and the dimension of the manifold; or the signs of all z, and multipliers at kinks",
        depends_on=("stationary", "inertia"),
    ),
    Statement(
        id="saddle",
        title="A critical point with a direction of descent",
        kind="critical point",
        formula=r"\nabla J(W^{*}) = 0,\;\; v^{\top} H(W^{*})\, v < 0",
        hypotheses=(_CRITICAL, _SMOOTH, "H has a negative eigenvalue at the critical point."),
        conclusion="The critical point is no local minimum of J: the loss falls along v and along −v.",
        source="second-order condition",
        decided_by="the proved inertia of the Hessian",
        depends_on=("stationary", "inertia"),
    ),
    Statement(
        id="maximum",
        title="A local maximum",
        kind="critical point",
        formula=r"\nabla J(W^{*}) = 0,\;\; H(W^{*}) \prec 0 \;\text{ across a manifold of critical points of one loss}",
        hypotheses=(
            _CRITICAL,
            _SMOOTH,
            "H has no positive eigenvalue, at least one negative one, and as many zero ones as a manifold of critical points of one loss through W* has "
            "dimensions.",
        ),
        conclusion="No point of a neighbourhood has a larger loss than the critical point, and some have a smaller one. It is strict where H is negative "
        "definite.",
        source="second-order condition; Morse-Bott lemma",
        decided_by="the proved inertia of the Hessian and the dimension of the manifold",
        depends_on=("stationary", "inertia"),
    ),
    Statement(
        id="higher-order-descent",
        title="A curve of descent where the Hessian does not decide",
        kind="critical point",
        formula=r"W(t) = W + \sum_{k \geq 1} t^k \delta_k: \quad J(W(t)) - J(W) = c\, t^m + O(t^{m+1}),\;\; c < 0",
        hypotheses=("∇J(W) = 0 is proved exactly.", "J is m + 1 times differentiable along the curve.", "c < 0 is proved."),
        conclusion="W is no local minimum of J, although H(W) may be positive semidefinite, and W a local minimum on every line through it.",
        source="Taylor's theorem; used for the XOR networks by Sprinkhuizen-Kuyper and Boers, and Hamey",
        decided_by="exact Taylor coefficients along a curve, the leading one enclosed",
        depends_on=("stationary",),
    ),
    Statement(
        id="hessian-spectrum",
        title="The eigenvalues of the Hessian",
        kind="bound",
        formula=r"|\lambda_k(H(W)) - c_k| \leq d, \quad \lambda_1(H) \leq \dots \leq \lambda_{N_{net}}(H), \quad H = \nabla^2 J",
        hypotheses=(_SMOOTH, "IEEE 754 double precision with rounding to nearest."),
        conclusion=(
            "The smallest and the largest eigenvalue of the Hessian of J lie between the bounds stated, and for up to 500 weights the k-th smallest within d "
            "of the k-th number listed. At a critical point that is known in a box, they do so at all weights of the box."
        ),
        source="theorems of Weyl and Ostrowski on eigenvalues",
        decided_by="one approximate eigendecomposition, with verified residual and orthogonality, in double precision",
        depends_on=("differentiable",),
    ),
    Statement(
        id="no-minimum-nearby",
        title="No local minimum within some distance",
        kind="bound",
        formula=r"\|T\,\nabla J(W)\| > (\kappa\,\|\varepsilon(W)\| + c\,D^2)\, r \;\Rightarrow\; \nabla J \neq 0 \text{ on } \{\|W' - W\| \leq r\}; \qquad "
        r"v^{\top} H(W')\, v < 0 \text{ there}",
        hypotheses=(
            "By the gradient: the squared error (c = 1), the logistic error (c = 1/4) or softmax (c = 1/2); D bounds the derivative of all outputs on that "
            "ball, and κ is a Lipschitz constant of it there; no unit meets a kink; or",
            "by curvature: along one direction v the second derivative of J exists and is negative at all weights of the ball.",
            "IEEE 754 double precision with rounding to nearest.",
        ),
        conclusion=(
            "No local minimum of J lies within the Euclidean distance r of the weights: training that stopped there has not arrived, and has at least so far "
            "to go. By the gradient there is no critical point so near, either."
        ),
        source="elementary: the gradient is Lipschitz; the second-order condition",
        decided_by="the gradient and layer-wise bounds, or a bound of the second derivative along a direction, in verified double precision",
        depends_on=("gradient-identity",),
    ),
    Statement(
        id="escape",
        title="A step down",
        kind="bound",
        formula=r"J(W_1) \leq J(W) - \delta, \quad \delta > 0, \quad \|W_1 - W\| \leq d",
        hypotheses=("The bounds of the losses at both weights, and of their distance, are proved.",),
        conclusion="The weights W_1 named, at the Euclidean distance d at most, have a loss that is smaller by δ at least.",
        source="elementary",
        decided_by="enclosures of both losses; the step is minus the gradient or a direction of negative curvature, times a length found in doubles",
        depends_on=("loss-bounds", "distance"),
    ),
    Statement(
        id="critical-point",
        title="What kind of critical point it is",
        kind="critical point",
        formula=r"\nabla J(W^{*}) = 0,\;\; a \leq J(W^{*}) \leq b,\;\; \operatorname{in} H(W^{*}) = (n_-, n_0, n_+)",
        hypotheses=(_CRITICAL_OR_ON_KINKS,),
        conclusion=(
            "There is a critical point within the stated radius of the weights, with the loss, the inertia, the rank of P and the kind stated. "
            "On a kink of a unit, where J need not have a gradient, critical means that J falls along no direction at first order, as at a local minimum. "
            "REFUTED says that these very weights are not critical."
        ),
        source="summary of what was proved about the point",
        decided_by="the claims it rests on",
        depends_on=(
            "stationary",
            "loss-bounds",
            "inertia",
            "critical-rank",
            "global",
            "strict-minimum",
            "local-minimum",
            "saddle",
            "maximum",
            "higher-order-descent",
        ),
    ),
    Statement(
        id="suboptimal",
        title="A bad local minimum",
        kind="critical point",
        formula=r"W^{*} \text{ local minimum of } J,\;\; J(W^{*}) > J(W')",
        hypotheses=("W* is a certified local minimum.", "J(W*) > J(W') is proved for another point W'."),
        conclusion="W* is a local minimum that is not global. It refutes no-bad-local-minima for this network and these samples.",
        source="definition",
        decided_by="a certified local minimum and two enclosed values of J",
        depends_on=("strict-minimum", "local-minimum", "loss-bounds"),
    ),
    Statement(
        id="no-critical-point",
        title="No critical point at all",
        kind="theorem",
        formula=r"\exists\, U\; \forall\, W:\; \langle \nabla J(W), U \rangle < 0",
        hypotheses=(
            "One layer; every target lies at or beyond an end of the output's range (for logits: 0 or 1).",
            "A direction U moves no output away from its target, and one of them strictly towards it.",
        ),
        conclusion=(
            "The loss falls along U at every W, so it has no critical point: its infimum is not attained, and training never ends. "
            "A gradient of 1e-18 is no exception."
        ),
        source="elementary; linear separability",
        decided_by="a rational direction, checked exactly",
        depends_on=("gradient-identity", "range"),
    ),
    Statement(
        id="infimum-not-attained",
        title="The best loss is approached and never reached",
        kind="theorem",
        formula=r"\inf_W J(W) = J_{\min},\quad J(W) > J_{\min} \;\text{ for all } W",
        hypotheses=(
            "Some target is out of reach of the output (range), and every target is a limit of output values.",
            "rank [Φ_{L-1}; 1] = T at some weights; or all targets are ends of the range (0 or 1 for a cross-entropy), and the loss of some weights is so "
            "small that no output is on the wrong side.",
        ),
        conclusion=(
            "The output weights can bring all outputs as near to their targets as one likes, but no weights attain them: there is no global minimum."
        ),
        source="elementary, with wide-layer",
        decided_by="a proved rank of Φ_{L-1} or a proved small loss, and the recorded ranges",
        depends_on=("range", "wide-layer", "exact-learning"),
    ),
    Statement(
        id="no-bad-local-minima",
        title="Every local minimum is global",
        kind="conclusion",
        formula=r"W \text{ local minimum of } J \;\Rightarrow\; J(W) = \min_{W'} J(W')",
        hypotheses=("One architecture, one error, one sample set.",),
        conclusion=(
            "All local minima of J are global. It follows from full-rank everywhere with principle-error, and for a single layer with "
            "identity output from convexity. With hidden layers the paper's conditions leave a thin set of weights open. Then theorems about the samples "
            "decide it, or published ones, or bad local minima that are proved to exist; else the verdict is UNDECIDED."
        ),
        source="the aim of Shen, arXiv 1611.05827; its Proposition 1 proves it only where full-rank holds at all critical points",
        decided_by=(
            "PROVED by full-rank everywhere, convexity for one layer, or a theorem; REFUTED by suboptimal, by a theorem, or by a region with a local minimum "
            "that some point beats; else UNDECIDED with the set that remains"
        ),
        depends_on=(
            "critical-theorem",
            "full-rank",
            "principle-error",
            "almost-everywhere",
            "suboptimal",
            "no-critical-point",
            *DECIDING,
            "kawaguchi-2016",
            "lu-kawaguchi-2017",
            "laurent-von-brecht-2018",
            "gori-tesi-1992",
        ),
    ),
)
