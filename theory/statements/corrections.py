"""Corrections: where the paper is wrong or says less than it seems to, and what bars exact learning."""

from __future__ import annotations

from lossproof.theory.statements.statement import Statement

_PAPER = "Shen, arXiv 1611.05827"

CORRECTIONS = (
    Statement(
        id="never-everywhere",
        title="Full rank never holds for all weights",
        kind="theorem",
        formula=r"L \geq 2,\; T \geq 2: \quad \operatorname{rank} P(0) \leq n_L < T\, n_L",
        hypotheses=("L ≥ 2 and T ≥ 2.", "P exists at W = 0 with some choice of biases, as it does for every activation here."),
        conclusion=(
            "At W = 0 all samples have equal φ_{L-1} and all blocks but the last vanish, so P has rank at most n_L. The paper asks for "
            "full rank at all W; with a hidden layer that is impossible for every network."
        ),
        source=f"correction of {_PAPER}, Proposition 1",
        decided_by="integers",
        depends_on=("rank-upper",),
    ),
    Statement(
        id="principles-suffice",
        title="False: full-rank weights make P full rank",
        kind="false claim",
        formula=r"P(W)\, k = 0, \quad k = (1, -1, -1, 1)^{\top}, \quad w_1 = (-2c, 0, c),\;\; w_2 = (0, -2c, c)",
        hypotheses=("All W_l have full rank.", "principle-activation, principle-widths and count hold."),
        conclusion=(
            "False: these do not give rank P = T·n_L. For the XOR samples, 2-2-1 with tanh, trainable biases and any c > 0, the hidden "
            "units w_1, w_2 (two weights, then bias) have full rank, and so has any non-zero output column, yet P(W)k = 0. In 2-3-1 a "
            "third unit (0, 0, c) does the same."
        ),
        source=f"correction of the remarks after Proposition 2 in {_PAPER}",
        decided_by="REFUTED by weights with proved full ranks and a proved upper bound of rank P",
        depends_on=("principle-weights", "principle-activation", "principle-widths", "full-rank"),
    ),
    Statement(
        id="failed-bound",
        title="False: a failed bound means local minima",
        kind="false claim",
        formula=r"(A \Rightarrow B) \;\not\Rightarrow\; (\neg A \Rightarrow \neg B)",
        hypotheses=("A lower bound of rank P below T·n_L, or rank P below T·n_L at some W.",),
        conclusion=(
            "False: it does not follow that bad local minima exist. full-rank is sufficient, and a sufficient condition that fails "
            "proves nothing. The paper concludes so for the XOR networks, wrongly: every finite stationary point of 2-2-1 with "
            "non-zero error is known to be a saddle, and the local minima reported for 2-3-1 lie at infinity, where units saturate. A "
            "saturated point whose gradient is tiny is not critical."
        ),
        source=f"correction of the XOR case study of {_PAPER}; Sprinkhuizen-Kuyper and Boers 1996 and 1998, Hamey 1998",
        decided_by="logic; for one network the verdict is UNDECIDED until a suboptimal minimum is certified",
        depends_on=("khatri-rao", "full-rank", "suboptimal"),
    ),
    Statement(
        id="almost-everywhere",
        title="Full rank at one point means full rank almost everywhere",
        kind="theorem",
        formula=r"\operatorname{rank} P(W_0) = T\, n_L \;\Rightarrow\; \lambda(\{W : \operatorname{rank} P(W) < T\, n_L\}) = 0",
        hypotheses=(
            "All activations are real-analytic.",
            "rank P(W_0) = T·n_L is proved at one W_0.",
            "principle-error, for the last part.",
        ),
        conclusion=(
            "The weights where P lacks full column rank form a closed set of measure zero, being the common zeros of analytic minors "
            "not all zero. Every critical point that is no exact learner lies in it. This is what the paper's Proposition 1 gives; it "
            "does not say that this set holds no minimum."
        ),
        source="zero sets of real-analytic functions (Mityagin 2015), with critical-theorem",
        decided_by="one proved rank and the records of the activations",
        depends_on=("full-rank", "critical-theorem", "principle-error"),
    ),
    Statement(
        id="ggn-semidefinite",
        title="The Gauss-Newton matrix is positive semidefinite",
        kind="condition",
        formula=r"H_{GN}(W) \succeq 0 \quad \text{for all } W",
        hypotheses=("∇²E is positive semidefinite at all residuals met; a convex error is enough.",),
        conclusion=(
            "H_GN has no negative eigenvalue. The paper claims this for arbitrary weights and all its errors; it is false for the "
            "Cauchy and the Blake-Zisserman error, whose second derivative is negative for large residuals."
        ),
        source=f"correction of {_PAPER}, section 5",
        decided_by="PROVED for convex errors or bounded outputs; REFUTED by weights with a negative direction",
        depends_on=("ggn",),
    ),
    Statement(
        id="second-order-kinks",
        title="Where second derivatives do not exist",
        kind="condition",
        formula=r"\sigma''(0^{-}) \neq \sigma''(0^{+})",
        hypotheses=(
            "The activation is softsign or elu (not twice differentiable at 0), relu or leaky-relu (not once), or hard-tanh (not once at −1 and 1).",
        ),
        conclusion=(
            "A statement about the Hessian is limited to points where no z is such a kink, or refuted. The paper lists softsign and leaky ReLU "
            "among the activations of its second-order results, which do not apply at such points."
        ),
        source=f"correction of {_PAPER}, sections 3 and 5",
        decided_by="symbolically, once for each activation; at given weights by the signs of all z",
    ),
    Statement(
        id="range",
        title="A target out of reach of the output",
        kind="obstruction",
        formula=r"y_{ij} \notin \sigma_{out}(\mathbb{R}) \;\Rightarrow\; F(W, x_i) \neq y_i \quad \text{for all } W",
        hypotheses=(
            "The error is a sum over outputs and a target lies outside the range of the output activation; or",
            "the error is a cross-entropy and a target is one that no finite logit attains (0 or 1; for softmax 0, or 1 with two "
            "outputs or more).",
        ),
        conclusion=(
            "No exact learner exists: ±1 with tanh output, or one-hot targets with softmax, are approached only at infinity. The "
            "paper's Assumption 1 fails there."
        ),
        source=f"correction of the use of Assumption 1 in {_PAPER}",
        decided_by="exact comparison of the targets with the recorded range",
    ),
    Statement(
        id="clash",
        title="Equal inputs, different targets",
        kind="obstruction",
        formula=r"x_i = x_{i'},\;\; y_i \neq y_{i'}",
        hypotheses=("Two samples have equal inputs and different targets.",),
        conclusion="No exact learner exists: a function has one value at one input.",
        source="definition of a function",
        decided_by="exact comparison of the samples",
    ),
    Statement(
        id="linear-reach",
        title="A linear network cannot reach the targets",
        kind="obstruction",
        formula=r"\sum_i k_i x_i = 0,\;\; \sum_i k_i = 0,\;\; \sum_i k_i y_i \neq 0",
        hypotheses=(
            "L = 1 with identity output, or all activations are the identity; the error is a sum over outputs.",
            "Σ k_i = 0 is asked for when there is a bias; fixed constants are first subtracted from the targets.",
        ),
        conclusion="No exact learner exists: an affine function obeys every affine dependence of its inputs, and the targets do not.",
        source="linear algebra",
        decided_by="exact linear algebra over the rationals",
    ),
    Statement(
        id="naive-khatri-rao",
        title="False: rank Φ plus the ranks of Ψ minus T",
        kind="false claim",
        formula=(
            r"\operatorname{rank}(\Psi_l \odot \Phi_{l-1}) \geq \operatorname{rank} \Phi_{l-1} + \sum_{i=1}^{T} \operatorname{rank} "
            r"\Psi_l(i) - T"
        ),
        hypotheses=("n_L ≥ 2.",),
        conclusion=(
            "False as a lower bound: for n_l = n_L = 2, all Ψ_l(i) = I and rank Φ = 1 it reads T + 1, while the rank is 2. The correct "
            "bound is khatri-rao."
        ),
        source=f"a form of {_PAPER}, Proposition 2, that holds for n_L = 1 only",
        decided_by="REFUTED by the counterexample and rank-upper",
        depends_on=("khatri-rao", "rank-upper"),
    ),
)
