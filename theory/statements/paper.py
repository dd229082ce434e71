"""The statements of the paper: Hao Shen, arXiv 1611.05827 (CVPR 2018)."""

from __future__ import annotations

from lossproof.theory.statements.statement import Statement

_PAPER = "Shen, arXiv 1611.05827"

PAPER = (
    Statement(
        id="gradient-identity",
        title="The gradient factors through P",
        kind="theorem",
        formula=r"T\,\nabla J(W) = P(W)\,\varepsilon(W)",
        hypotheses=(
            "All activations are differentiable at every value z that occurs.", "The error is differentiable in the network's output.",
        ),
        conclusion=(
            "T times the gradient of J is P(W) times the stacked error gradients ε(W). So W is a critical point exactly when ε(W) lies "
            "in the kernel of P(W)."
        ),
        source=f"{_PAPER}, section 3; the chain rule",
        decided_by="proved once for all networks; checked symbolically on small ones",
    ),
    Statement(
        id="exact-learning",
        title="Exact learning of the samples",
        kind="assumption",
        formula=r"\exists\, W^{*}\;\forall i:\; F(W^{*}, x_i) = y_i",
        hypotheses=("The error is a sum over outputs; for a cross-entropy read ∇E(F(W*, x_i), y_i) = 0 for F(W*, x_i) = y_i.",),
        conclusion="Some weights W* fit all samples exactly: the network is a finite exact approximator of the sample set.",
        source=f"{_PAPER}, Assumption 1",
        decided_by=(
            "PROVED by wide-layer, newton-kantorovich or krawczyk, or at given weights by evaluation; REFUTED by clash, range or "
            "linear-reach"
        ),
        depends_on=("exact-learner", "wide-layer", "newton-kantorovich", "krawczyk", "clash", "range", "linear-reach"),
    ),
    Statement(
        id="exact-learner",
        title="These weights are an exact learner",
        kind="assumption",
        formula=r"\forall i:\; F(W, x_i) = y_i",
        hypotheses=("The error is a function of the residuals.",),
        conclusion="The given weights fit every sample exactly; then ε(W) = 0, and W is a global minimum.",
        source=f"{_PAPER}, Assumption 1, at one point",
        decided_by="exact evaluation at the given weights; refuted by one output whose ball excludes its target",
    ),
    Statement(
        id="principle-error",
        title="The error has no false critical points",
        kind="principle",
        formula=r"\nabla_{\phi} E(\phi, y) = 0 \;\Rightarrow\; E(\phi, y) = \min_{\phi'} E(\phi', y)",
        hypotheses=("The error is differentiable in the network's output φ.",),
        conclusion="The gradient of E(·, y) vanishes only at its global minimum.",
        source=f"{_PAPER}, principle on the choice of the error function",
        decided_by="symbolically, once for each error",
    ),
    Statement(
        id="critical-theorem",
        title="Critical points whose errors lie in the row space",
        kind="theorem",
        formula=r"\nabla J(W) = 0,\;\; \varepsilon(W) \in \operatorname{row} P(W) \;\Rightarrow\; \varepsilon(W) = 0",
        hypotheses=("W is a critical point of J.", "ε(W) lies in the row space of P(W).", "principle-error, for the last part."),
        conclusion=(
            "Then ε(W) = 0, since the kernel of P(W) is orthogonal to its row space; and W is a global minimum of J, every sample "
            "having its least error."
        ),
        source=f"{_PAPER}, Theorem 1",
        decided_by="at given weights, from gradient-identity and a proved rank",
        depends_on=("gradient-identity", "principle-error"),
    ),
    Statement(
        id="full-rank",
        title="P has full column rank",
        kind="condition",
        formula=r"\operatorname{rank} P(W) = T\, n_L",
        hypotheses=("P(W) exists: all activations are differentiable at every value z that occurs.",),
        conclusion=(
            "The rows of P(W) span everything, so if W is critical then ε(W) = 0, whatever the targets are. "
            "In every network with a hidden layer and at least two samples it fails at some W (never-everywhere)."
        ),
        source=f"{_PAPER}, Proposition 1, which asks for it at all W",
        decided_by=(
            "at given weights by a proved rank; almost everywhere by one such W when the activations are analytic; everywhere only "
            "without hidden layers"
        ),
        depends_on=(
            "count", "khatri-rao", "principle-widths", "projection", "k-rank", "rank-upper",
            "duplicate", "homogeneous", "wide-layer", "never-everywhere",
        ),
    ),
    Statement(
        id="count",
        title="Enough weights",
        kind="condition",
        formula=r"N_{net} \geq T\, n_L",
        hypotheses=(),
        conclusion="Full column rank of P needs at least as many trainable weights as P has columns. It is necessary, not sufficient.",
        source=f"{_PAPER}, section 3",
        decided_by="integers",
    ),
    Statement(
        id="khatri-rao",
        title="Rank of a Khatri-Rao block",
        kind="bound",
        formula=(
            r"\operatorname{rank}(\Psi_l \odot \Phi_{l-1}) \geq n_l \operatorname{rank} \Phi_{l-1}"
            r" + \sum_{i=1}^{T} \operatorname{rank} \Psi_l(i) - T\, n_l"
        ),
        hypotheses=("P(W) exists.", "Φ_{l-1} includes the row of ones when the bias is trainable."),
        conclusion=(
            "The block of layer l is (I ⊗ Φ) times the block-diagonal matrix of the Ψ_l(i), so Sylvester's inequality bounds its rank "
            "from below. The rank of P is at least the largest of these bounds."
        ),
        source=f"{_PAPER}, Proposition 2",
        decided_by="integers, from proved ranks of Φ_{l-1} and the Ψ_l(i)",
    ),
    Statement(
        id="principle-weights",
        title="Weights of full rank",
        kind="principle",
        formula=r"\operatorname{rank} W_l = \min(\text{rows of } W_l,\; n_l), \quad l = 1, \dots, L",
        hypotheses=("W_l includes its bias row when the bias is trainable.",),
        conclusion=(
            "Every W_l has full rank at the given weights. Bounds of Ψ_l use W_{l+1} without its bias row, whose rank may be smaller: "
            "it is proved separately."
        ),
        source=f"{_PAPER}, principle on the ranks of the weights",
        decided_by="proved ranks at given weights",
    ),
    Statement(
        id="principle-activation",
        title="An activation whose derivative never vanishes",
        kind="principle",
        formula=r"\sigma'(z) \neq 0 \quad \text{for all } z \in \mathbb{R}",
        hypotheses=(),
        conclusion="σ'(z) exists and is not 0 at every real z, so every diagonal matrix Σ'_l(i) is invertible and costs no rank.",
        source=f"{_PAPER}, principle on the choice of the activation function",
        decided_by="symbolically, once for each activation",
    ),
    Statement(
        id="principle-widths",
        title="No layer wider than both neighbours",
        kind="principle",
        formula=r"n_l \leq \max(n_{l-1}, n_{l+1}), \quad l = 2, \dots, L-1",
        hypotheses=("principle-activation, and full rank of W_2, …, W_L without bias rows, for the ranks named in the conclusion.",),
        conclusion=(
            "The inequality holds for the widths. By Sylvester's inequality the rank of every Ψ_l(i) is at least r_l, where r_L = n_L "
            "and r_l = max(0, min(n_l, n_{l+1}) + r_{l+1} − n_{l+1}). The paper reads the principle as keeping all ranks; that is so "
            "unless a wide plateau stands between narrower layers: for widths 2-2-3-3-2 the principle holds, and r_1 is 1, not 2."
        ),
        source=f"{_PAPER}, principle on the numbers of units; the exact guarantee is the recursion r_l",
        decided_by="integers",
        depends_on=("principle-weights", "principle-activation"),
    ),
    Statement(
        id="hessian-rank",
        title="Rank of the Hessian at an exact learner",
        kind="bound",
        formula=(
            r"H = \tfrac{1}{T} P \operatorname{diag}(\nabla^2 E_i) P^{\top}, \quad \operatorname{rank} H \leq \min(\operatorname{rank} "
            r"P,\; T\, n_L)"
        ),
        hypotheses=("W is an exact learner.", "Activations and error are twice differentiable there (second-order-kinks)."),
        conclusion=(
            "The second term of the Hessian carries the factor ε(W) = 0, so only the first is left. Its rank is at most that of P, and "
            "equals it where every ∇²E_i is positive definite. With N_net > T·n_L every exact learner is degenerate."
        ),
        source=f"{_PAPER}, Proposition 3",
        decided_by="proved ranks of P at an exact learner",
        depends_on=("gradient-identity", "exact-learning", "principle-morse", "second-order-kinks"),
    ),
    Statement(
        id="principle-morse",
        title="A non-degenerate minimum of the error",
        kind="principle",
        formula=r"\det \nabla^2_{\phi} E(\phi, y) \neq 0 \quad \text{at the minimum of } E(\cdot, y)",
        hypotheses=("The error is twice differentiable in the network's output φ.",),
        conclusion=(
            "The error's own Hessian is invertible at its minimum. The softmax cross-entropy fails: a constant added to all logits "
            "changes nothing."
        ),
        source=f"{_PAPER}, section 3",
        decided_by="symbolically, once for each error",
    ),
    Statement(
        id="one-hidden-layer",
        title="One hidden layer with as many units as samples",
        kind="theorem",
        formula=r"n_1 = T,\;\; \det \Phi_1 \neq 0 \;\Rightarrow\; W_2 = \Phi_1^{-\top} Y,\;\; \operatorname{rank} P(W) = T\, n_L",
        hypotheses=(
            "L = 2 and n_1 = T.",
            "Φ_1 is invertible at the given W_1 (with a row of ones it is enough that the rank is T).",
            "σ_out' vanishes nowhere; for exact learning every target lies in the attained range of the output activation.",
        ),
        conclusion=(
            "Exact learning is attainable for all such targets by a choice of W_2 alone, and the last block alone gives P full column "
            "rank."
        ),
        source=f"{_PAPER}, Proposition 4; a case of wide-layer",
        decided_by="a proved rank of Φ_1",
        depends_on=("wide-layer",),
    ),
    Statement(
        id="ggn",
        title="Generalised Gauss-Newton converges quadratically",
        kind="theorem",
        formula=r"H_{GN} = \tfrac{1}{T} P \operatorname{diag}(\nabla^2 E_i) P^{\top}, \quad \|W_{k+1} - W^{*}\| = O(\|W_k - W^{*}\|^2)",
        hypotheses=(
            "An exact learner with full-rank exists, and the start is near enough to it.",
            "The second derivatives of the network are locally Lipschitz; principle-morse holds.",
            "For N_net > T·n_L the matrix H_GN is singular and the step is the one of least norm.",
        ),
        conclusion=(
            "At an exact learner H_GN equals the Hessian, and the iteration W − H_GN⁺∇J converges locally and quadratically to an "
            "exact learner. Nothing is said about far away starts."
        ),
        source=f"{_PAPER}, section 5; for the least-norm step Ben-Israel 1966 and Deuflhard 2004",
        decided_by="proved exact learner and rank, with the cited theorem",
        depends_on=("hessian-rank", "full-rank", "manifold"),
    ),
)  # fmt: skip
