"""Statements that are sharper than the paper's."""

from __future__ import annotations

from lossproof.theory.statements.statement import Statement

SHARPER = (
    Statement(
        id="projection",
        title="Rank by projecting one factor away",
        kind="bound",
        formula=(
            r"\operatorname{rank}(\Psi_l \odot \Phi_{l-1}) \geq \max\left( \operatorname{rank} \Phi_{l-1}|_{S},\;"
            r" \operatorname{rank} [\Psi_l(i)]_{i \in S'} \right)"
        ),
        hypotheses=("S is the set of samples with Ψ_l(i) ≠ 0, S' the set of samples with φ_{l-1}(i) ≠ 0.",),
        conclusion=(
            "The block's rank is at least the rank of the columns of Φ_{l-1} on S, and at least the rank of the Ψ_l(i), i in S', side "
            "by side. Proof: contract one factor with a generic vector."
        ),
        source="elementary; stronger than khatri-rao whenever ranks are lost in every Ψ_l(i)",
        decided_by="proved ranks",
    ),
    Statement(
        id="k-rank",
        title="Rank from Kruskal ranks",
        kind="bound",
        formula=r"k(\Psi_l \odot \Phi_{l-1}) \geq \min(k(\Psi_l) + k(\Phi_{l-1}) - 1,\; T)",
        hypotheses=(
            "Both Kruskal ranks are at least 1.",
            "For n_L ≥ 2, k(Ψ_l) counts blocks: any k of the Ψ_l(i) have all their columns independent.",
        ),
        conclusion="The Kruskal rank of the block is at least that large, and its rank at least n_L times as much.",
        source="Sidiropoulos and Bro 2000 for n_L = 1; De Lathauwer 2008, part I, for partitioned matrices",
        decided_by="integers, from proved Kruskal ranks",
    ),
    Statement(
        id="rank-upper",
        title="Upper bounds of the ranks",
        kind="bound",
        formula=(
            r"\operatorname{rank}(\Psi_l \odot \Phi_{l-1}) \leq \min\left( \sum_{\phi_{l-1}(i) \neq 0} \operatorname{rank} \Psi_l(i),\;"
            r" \operatorname{rank}[\Psi_l] \operatorname{rank} \Phi_{l-1},\; \text{rows},\; T\, n_L \right)"
        ),
        hypotheses=("P(W) exists. [Ψ_l] puts all Ψ_l(i) side by side.",),
        conclusion=(
            "The rank of a block is bounded by its column blocks, by the product of the factors' ranks and by its size; the rank of P "
            "by the sum over the blocks. For hidden activation z^k or the identity (k = 1) it is also at most n_L·C(n_0 + d, d) with d "
            "= k^{L-1}, and without bias n_L·C(n_0 + d − 1, d)."
        ),
        source="elementary linear algebra",
        decided_by="integers, from proved upper bounds or sizes",
    ),
    Statement(
        id="duplicate",
        title="Equal inputs give equal columns",
        kind="bound",
        formula=r"\operatorname{rank} P(W) \leq n_L \cdot |\{x_1, \dots, x_T\}|",
        hypotheses=(),
        conclusion="The rank of P is at most n_L times the number of different inputs, at every W.",
        source="elementary",
        decided_by="exact comparison of the inputs",
    ),
    Statement(
        id="sample-symmetry",
        title="Symmetric samples cost rank",
        kind="bound",
        formula=r"z_L(x') = \rho\, z_L(x) \;\text{ at all } W \;\Rightarrow\; \operatorname{rank} P(W) \leq n_L \cdot |\{\text{orbits}\}|",
        hypotheses=(
            "The inputs x and x' are equal; or there is no bias, and x' = −x with an odd or even hidden activation, or x' = c x with c > 0 and a "
            "homogeneous one, or x' = 0 and σ(0) = 0 (then ρ = 0, and x' belongs to no orbit).",
        ),
        conclusion=(
            "The outputs at one of the inputs determine those at the other, whatever the weights: the columns of P are parallel, and targets "
            "that do not go together are learned by no weights."
        ),
        source="elementary",
        decided_by="exact comparison of the inputs, and the recorded symmetries of the activation",
        depends_on=("duplicate", "clash"),
    ),
    Statement(
        id="singular-value",
        title="The smallest singular value, bounded",
        kind="bound",
        formula=r"\sigma_{\min}(P(W)\, S) \geq s > 0 \;\Rightarrow\; \operatorname{rank} P(W) = T\, n_L",
        hypotheses=("S multiplies every equation by a power of two.", "IEEE 754 double precision with rounding to nearest."),
        conclusion="The smallest singular value of the matrix, its columns scaled, is at least the stated number, or positive: its columns are independent.",
        source="Demmel; Rump, BIT 46, 2006",
        decided_by="a Cholesky factorisation or an approximate inverse in double precision, with bounds of all roundings",
        depends_on=("full-rank",),
    ),
    Statement(
        id="identifiable",
        title="Every direction of the weights changes the outputs",
        kind="condition",
        formula=r"\operatorname{rank} P(W) = N_{net}",
        hypotheses=("P(W) exists: all activations are differentiable at every value z that occurs.",),
        conclusion=(
            "No direction of the weights leaves the outputs at the samples as they are, at first order: the normal equations of least squares at W, with the "
            "matrix P P' (the Jacobian times itself), have one solution, and near W the outputs determine the weights. The dual question to full-rank: it "
            "needs at least as many columns as weights. Where the rank is smaller everywhere, a symmetry or units that do not matter are behind it."
        ),
        source="elementary: the inverse function theorem; compare Sussmann 1992",
        decided_by="a proved rank",
        depends_on=("full-rank", "homogeneous"),
    ),
    Statement(
        id="homogeneous",
        title="Scaling symmetries cost rank",
        kind="bound",
        formula=r"\operatorname{rank} P(W) \leq N_{net} - \sum_{0 < l < L} n_l",
        hypotheses=("The hidden activation is relu, leaky-relu (k = 1) or z^k.", "The bias is trainable or absent.", "P(W) exists."),
        conclusion=(
            "Scaling a hidden unit's incoming weights by c > 0 and its outgoing ones by c^{-k} leaves the network as it is: each hidden "
            "unit costs one dimension of the row count."
        ),
        source="elementary; positive homogeneity of (leaky) ReLU and powers",
        decided_by="integers",
    ),
    Statement(
        id="wide-layer",
        title="A last hidden layer that separates the samples",
        kind="theorem",
        formula=(
            r"\operatorname{rank} \begin{bmatrix} \Phi_{L-1} \\ 1 \cdots 1 \end{bmatrix} = T \;\Rightarrow\; \operatorname{rank} P(W) "
            r"= T\, n_L"
        ),
        hypotheses=(
            "The rank is T at the given W_1, …, W_{L-1} (the row of ones belongs there when the bias is trainable).",
            "σ_out' vanishes nowhere.",
            "For exact learning: every target lies in the attained range of the output activation.",
        ),
        conclusion=(
            "The last block alone gives P full column rank; and for any such targets some W_L fits all samples exactly, so "
            "exact-learning holds at once."
        ),
        source="elementary; contains Proposition 4 of Shen, arXiv 1611.05827",
        decided_by="a proved rank of Φ_{L-1}",
        depends_on=("principle-activation",),
    ),
    Statement(
        id="newton-kantorovich",
        title="An exact learner near the given weights",
        kind="theorem",
        formula=(
            r"\eta + \tfrac{1}{2} \beta \kappa \rho^{2} \leq \rho,\; \beta \kappa \rho < 1 \;\Rightarrow\; \exists\, W^{*}:\; F(W^{*}) = Y,\;\;"
            r" \|W^{*} - W_0\| \leq \rho"
        ),
        hypotheses=(
            "G(W) = F(W) − Y, each equation multiplied by a positive scale, the diagonal of D; P(W_0) has full column rank.",
            "β ≥ 1/σ_min(P(W_0) D) and η ≥ the norm of the least-norm solution of the linearised equation at W_0.",
            "κ is a Lipschitz constant of D·DG on the closed ball of radius ρ around W_0 (at least within W_0 + range P(W_0)).",
        ),
        conclusion=(
            "On W_0 + range P(W_0), where DG(W_0) is square and invertible, the simplified Newton method converges to an exact learner within "
            "ρ of W_0, the only one there, and P has full column rank all over that ball. Such a ρ exists when βκη < 1/2, for example 2η."
        ),
        source="Kantorovich 1948; Ortega and Rheinboldt 1970, section 12.6",
        decided_by="rigorous bounds of β, κ and η in verified double precision",
    ),
    Statement(
        id="krawczyk",
        title="An exact learner in a box",
        kind="theorem",
        formula=r"|C\,G(c)| + |I - C J|\,\rho < \rho \;\Rightarrow\; \exists\, s:\; |s - c| \leq \rho,\;\; G(s) = 0",
        hypotheses=(
            "G(s) = F(W(s)) − Y, where T·n_L chosen weights s are free and the others are held at the point c.",
            "J encloses the derivative of G over the box |s − c| ≤ ρ; C is any matrix, in practice about its inverse.",
        ),
        conclusion="The box contains exactly one exact learner with these free weights, and P has full column rank there.",
        source="Krawczyk 1969; Neumaier 1990, section 5.1",
        decided_by="ball arithmetic over the box",
    ),
    Statement(
        id="manifold",
        title="The exact learners near one of them",
        kind="theorem",
        formula=r"\dim \{W : F(W) = Y\} = N_{net} - T\, n_L, \quad \ker H(W^{*}) = T_{W^{*}}\{W : F(W) = Y\}",
        hypotheses=(
            "W* is an exact learner with full-rank.",
            "All activations are continuously differentiable near the values that occur.",
            "For the part about H: twice differentiable, and principle-morse.",
        ),
        conclusion=(
            "Near W* the exact learners form a manifold of dimension N_net − T·n_L. Under principle-morse the Hessian has rank exactly "
            "T·n_L there, and its kernel is the tangent space of that manifold."
        ),
        source="implicit function theorem",
        decided_by="a proved exact learner and a proved rank at the same weights",
        depends_on=("exact-learning", "full-rank", "hessian-rank", "principle-morse", "second-order-kinks"),
    ),
    Statement(
        id="robust-targets",
        title="All targets near the given ones",
        kind="theorem",
        formula=r"\max_{ij} |\Delta Y_{ij}| \leq \delta \;\Rightarrow\; \exists\, W:\; F(W) = Y + \Delta Y",
        hypotheses=(
            "The test of krawczyk holds with |C|δ added on the left; or newton-kantorovich holds with η enlarged by β times the change.",
        ),
        conclusion="All targets within the stated distance of Y have an exact learner, too.",
        source="krawczyk and newton-kantorovich, applied to Y + ΔY",
        decided_by="ball arithmetic over the box, or rigorous bounds of β, κ and η",
        depends_on=("newton-kantorovich", "krawczyk"),
    ),
)
