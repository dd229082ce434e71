"""Published theorems of others, with their exact hypotheses; they are applied where all of these are proved, and not proved again here."""

from __future__ import annotations

from lossproof.theory.statements.statement import Statement

_KIND = "cited theorem"
_LINEAR = "L ≥ 2, and all activations, the output's included, are the identity."
_NO_BIAS = "There is no bias (trainable biases are reduced to that)."
_SQUARED = "The error is squared."
_CENTRED = "; with trainable biases, which only move a constant that is free and at its best, the samples are centred first"

CITED = (
    Statement(
        id="kawaguchi-2016",
        title="Deep linear networks have no bad minima (Kawaguchi)",
        kind=_KIND,
        formula=r"\operatorname{rank} X X^{\top} = n_0,\;\; \operatorname{rank} X Y^{\top} = n_L,\;\; \Sigma = Y X^{\top} (X X^{\top})^{-1} X Y^{\top}",
        hypotheses=(
            _LINEAR,
            _NO_BIAS,
            _SQUARED,
            "n_L ≤ n_0, and X Xᵀ and X Yᵀ have full rank (samples as columns).",
            "Σ = Y Xᵀ (X Xᵀ)⁻¹ X Yᵀ has n_L different eigenvalues.",
        ),
        conclusion=(
            "Where it applies, every local minimum of J is a global minimum, and every other critical point is a saddle, whatever the "
            "widths; with three layers or more a saddle may have a positive semidefinite Hessian."
        ),
        source="Kawaguchi, NeurIPS 2016, Theorem 2.3",
        decided_by=f"integers, and exact linear algebra with the samples modulo a prime{_CENTRED}",
    ),
    Statement(
        id="lu-kawaguchi-2017",
        title="Depth creates no bad local minima (Lu and Kawaguchi)",
        kind=_KIND,
        formula=r"\operatorname{rank} X = n_0,\;\; \operatorname{rank} Y = n_L",
        hypotheses=(_LINEAR, _NO_BIAS, _SQUARED, "X and Y have full row rank n_0 and n_L (samples as columns)."),
        conclusion="Where it applies, every local minimum of J is a global minimum, whatever the widths.",
        source="Lu and Kawaguchi, arXiv 1702.08580, 2017",
        decided_by=f"integers, and exact ranks of the samples modulo a prime{_CENTRED}",
    ),
    Statement(
        id="laurent-von-brecht-2018",
        title="Linear networks without a bottleneck (Laurent and von Brecht)",
        kind=_KIND,
        formula=r"\min_{0 < l < L} n_l \geq \min(n_0, n_L)",
        hypotheses=(
            _LINEAR,
            _NO_BIAS,
            "The error is a convex and differentiable function of the output.",
            "No hidden layer is narrower than both the input and the output.",
        ),
        conclusion="Where it applies, every local minimum of J is a global minimum, whatever the samples.",
        source="Laurent and von Brecht, ICML 2018, Theorem 1",
        decided_by=(
            "integers and the record of the error; trainable biases only move a constant c that is free: for J = Φ(A, c), with Φ "
            "convex, the theorem with c held fixed gives ∂Φ/∂A = 0, and ∂Φ/∂c = 0 as well"
        ),
    ),
    Statement(
        id="nguyen-hein-2017",
        title="A wide layer, a pyramid above it (Nguyen and Hein)",
        kind=_KIND,
        formula=(
            r"\operatorname{rank} \begin{bmatrix} \Phi_k \\ 1 \cdots 1 \end{bmatrix} = T,\;\; \operatorname{rank} W_l = n_l\; (l \geq k + 2)"
            r" \;\Rightarrow\; (\nabla J = 0 \Rightarrow J = \min)"
        ),
        hypotheses=(
            "The biases are trainable, and all inputs differ.",
            "The hidden activation is analytic and strictly increasing, and either bounded, or exponentially small to the left and at "
            "most linear to the right; the output activation's derivative vanishes nowhere.",
            "The error is a sum over outputs of a twice continuously differentiable function of the residual that has no critical point "
            "but its global minima.",
            "Some hidden layer k has n_k ≥ T − 1, and n_{k+1} ≥ n_{k+2} ≥ … ≥ n_L.",
        ),
        conclusion=(
            "Where it applies, a critical point at which [Φ_k; 1] has rank T and W_{k+2}, …, W_L (without bias rows) have full column "
            "rank is a global minimum; the weights where one of these ranks fails have measure zero. They may hold suboptimal local "
            "minima: nothing is said about them."
        ),
        source="Nguyen and Hein, ICML 2017, Theorem 3.8 and its lemmas",
        decided_by="integers, the records of activation and error, and exact comparison of the inputs",
        depends_on=("wide-layer", "critical-theorem", "principle-error"),
    ),
    Statement(
        id="yu-chen-1995",
        title="Refuted: T − 1 hidden units leave no bad minima (Yu and Chen)",
        kind=_KIND,
        formula=r"L = 2,\;\; n_1 \geq T - 1",
        hypotheses=("One hidden layer of sigmoidal units with trainable biases, squared error.", "All T inputs differ, and n_1 ≥ T − 1."),
        conclusion=(
            "False as stated: it claims that every suboptimal stationary point is unstable, so that no local minimum is suboptimal. "
            "With all hidden weights zero and suitable targets there are finite suboptimal local minima at any width. What is left: "
            "where [Φ_1; 1] has rank T, which is almost everywhere, every critical point is a global minimum (wide-layer)."
        ),
        source="Yu and Chen, IEEE Trans. Neural Networks 6, 1995; refuted by Sprinkhuizen-Kuyper and Boers 1999 and by Ding, Li and Sun 2019",
        decided_by="never applied, since it is false",
        depends_on=("wide-layer", "suboptimal", "ding-li-sun-2019"),
    ),
    Statement(
        id="poston-1991",
        title="Refuted: T hidden units leave no bad minima (Poston et al.)",
        kind=_KIND,
        formula=r"L = 2,\;\; n_1 \geq T",
        hypotheses=("One hidden layer of sigmoidal units, squared error.", "All T inputs differ, and n_1 ≥ T."),
        conclusion=(
            "False as stated: it claims that the error surface has no suboptimal local minima. With all hidden weights zero and "
            "suitable targets there are finite ones at any width. What is left: where Φ_1 has rank T, which is almost everywhere, every "
            "critical point is a global minimum (wide-layer)."
        ),
        source="Poston, Lee, Choie and Kwon, IJCNN Seattle 1991; refuted in the same way as yu-chen-1995",
        decided_by="never applied, since it is false",
        depends_on=("wide-layer", "suboptimal", "ding-li-sun-2019"),
    ),
    Statement(
        id="gori-tesi-1992",
        title="Linearly separable classes, one hidden layer (Gori and Tesi)",
        kind=_KIND,
        formula=r"u^{\top} \tilde{x}_i > 0 \;(y_i = \sup \sigma),\;\; u^{\top} \tilde{x}_i < 0 \;(y_i = \inf \sigma)",
        hypotheses=(
            "L = 2 and n_L = 1 (with more outputs the theorem needs a part of the hidden layer for each output alone).",
            "Hidden and output units have the same squashing activation: bounded, with a positive derivative.",
            "The error is squared, and every target is the upper or the lower end of the activation's range.",
            "A plane separates the inputs of the two classes strictly.",
        ),
        conclusion=(
            "Where it applies, no local minimum is suboptimal. As the targets are never reached, J has no local minimum at all: the "
            "gradient vanishes only where the output weights do, and such a point is no local minimum."
        ),
        source="Gori and Tesi, IEEE Trans. PAMI 14, 1992, for targets at the asymptotes",
        decided_by="exact comparison of the targets, and a separating plane checked exactly",
        depends_on=("range",),
    ),
    Statement(
        id="soudry-carmon-2016",
        title="Leaky units with random factors (Soudry and Carmon)",
        kind=_KIND,
        formula=r"T \leq n_0\, n_1",
        hypotheses=(
            "Hidden leaky relu units, each output multiplied by a random factor of its own for each sample (as in dropout).",
            "One output, squared error, and T ≤ n_0·n_1 (one hidden layer).",
        ),
        conclusion=(
            "Where it applies, for almost all inputs and factors every local minimum at which J is differentiable has J = 0. Nothing is "
            "said about one given sample set, about minima on a kink, or about networks without random factors."
        ),
        source="Soudry and Carmon, arXiv 1605.08361, 2016, Theorem 1",
        decided_by="never applied: the networks here have no random factors, and one sample set is given",
        depends_on=("khatri-rao", "critical-theorem"),
    ),
    Statement(
        id="li-ding-sun",
        title="Wide networks have no bad strict minima (Li, Ding and Sun)",
        kind=_KIND,
        formula=r"n_{L-1} \geq T \;\Rightarrow\; (W \text{ strict local minimum} \Rightarrow J(W) = \inf J)",
        hypotheses=(
            "L ≥ 2, the activations are continuous, and the output activation is the identity.",
            "The error is a convex and continuous function of the output.",
            "Some coordinate of the inputs has T different values.",
            "The last hidden layer has n_{L-1} ≥ T units.",
        ),
        conclusion=(
            "Where it applies, no strict local minimum of J is suboptimal (nor, in the paper, a compact set of minima above all points "
            "around it). Local minima that are not strict may be suboptimal at any width: ding-li-sun-2019."
        ),
        source="Li, Ding and Sun, arXiv 1812.11039; SIAM J. Optim. 2022",
        decided_by="integers, the record of the error, and exact comparison of the inputs",
        depends_on=("strict-minimum", "wide-layer"),
    ),
    Statement(
        id="ding-li-sun-2019",
        title="Bad minima at any width, for some targets (Ding, Li and Sun)",
        kind=_KIND,
        formula=r"T > \tfrac{1}{2} n_0 (n_0 + 3) \;\Rightarrow\; \exists\, Y': J_{Y'} \text{ has a suboptimal local minimum}",
        hypotheses=(
            "L ≥ 2, trainable biases, identity output, squared error, and n_{L-1} ≥ 2.",
            "The hidden activation is twice continuously differentiable near some a with σ(a), σ'(a) and σ''(a) all different from 0.",
            "The vectors 1, the coordinates x_j of the inputs, and their products x_j x_k, in R^T, are linearly independent.",
        ),
        conclusion=(
            "Where it applies, there are, for these inputs and widths, however large, targets Y' for which J has a suboptimal local "
            "minimum. Whether the given targets are such is not said."
        ),
        source="Ding, Li and Sun, arXiv 1911.01413, 2019, Theorem 1",
        decided_by="integers, the activation's family, and the exact rank of the products modulo a prime",
        depends_on=("suboptimal",),
    ),
    Statement(
        id="safran-shamir-2018",
        title="Bad minima of an expected loss (Safran and Shamir)",
        kind=_KIND,
        formula=r"\mathbb{E}_{x \sim N(0, I)} \Big( \sum_{i=1}^{n} [w_i^{\top} x]_+ - \sum_{i=1}^{k} [v_i^{\top} x]_+ \Big)^2, \quad 6 \leq n = k \leq 20",
        hypotheses=(
            "The loss is the expected squared error over standard Gaussian inputs, not a mean over finitely many samples.",
            "Two layers of relu without bias, output weights fixed at 1, targets from such a network with orthonormal weights, 6 ≤ k ≤ 20 units.",
        ),
        conclusion=(
            "The expected loss has suboptimal local minima (proved with computer assistance). Nothing is said about a finite sample "
            "set, so it is never applied here."
        ),
        source="Safran and Shamir, ICML 2018, Theorem 1",
        decided_by="never applied: the loss here is a mean over finitely many samples",
        depends_on=("suboptimal",),
    ),
    Statement(
        id="venturi-bandeira-bruna",
        title="No spurious valleys in wide networks (Venturi, Bandeira and Bruna)",
        kind=_KIND,
        formula=r"n_1 \geq \dim \operatorname{span} \{ (\sigma(w^{\top} \tilde{x}_i))_{i=1}^{T} : w \}",
        hypotheses=(
            "L = 2, the hidden activation is continuous, the output activation is the identity, and no bias is held fixed.",
            "The error is a convex function of the output.",
            "n_1 is at least the upper intrinsic dimension: at most the number of different inputs and, for z^k, C(n_0 + [bias] + k − 1, k).",
        ),
        conclusion=(
            "Where it applies, from all weights a continuous path on which J never increases leads as near to inf J as one likes: there "
            "are no spurious valleys. A local minimum may still be suboptimal, with a flat way out. In the converse, an infinite "
            "intrinsic dimension gives spurious valleys for some distributions of samples, which says nothing about the given one."
        ),
        source="Venturi, Bandeira and Bruna, JMLR 20, 2019, Theorem 8",
        decided_by="integers, the record of the error, and exact comparison of the inputs",
        depends_on=("wide-layer",),
    ),
)  # fmt: skip
