"""Statements that decide whole landscapes, with their proofs in ``docs/deciding.md``."""

from __future__ import annotations

from lossproof.theory.statements.statement import Statement

_ONE_LAYER = "One hidden layer."
_ERROR = "principle-error, and an output activation whose derivative vanishes nowhere."
_ONE_RELATION = (
    "One hidden layer, one output, trainable biases; the inputs are pairwise different and obey exactly one affine relation, Σ s_i x_i = 0 with Σ s_i = 0.",
    "The hidden activation is real-analytic, its derivative vanishes nowhere, and 1/σ' is strictly convex: tanh, sigmoid, softplus, arctan, erf.",
    _ERROR,
)

DECIDING = (
    "independent-samples", "shallow-linear", "one-relation-simplex", "parallelogram", "separable-squashing", "linear-region", "dead-region", "constant-region",
)  # fmt: skip
"""Those that decide ``no-bad-local-minima``, or, with a point of a smaller loss, refute it; the others are lemmas."""

LANDSCAPE = (
    Statement(
        id="flat-neighbours",
        title="What has the same outputs near a local minimum",
        kind="theorem",
        formula=r"W^{*} \text{ local minimum},\; W \to W^{*},\; F(W) = F(W^{*}) \;\Rightarrow\; P(W)\, \varepsilon(W^{*}) = 0",
        hypotheses=("W* is a local minimum, W lies near it, and all outputs on the samples are the same.",),
        conclusion=(
            "W is a local minimum as well, hence critical, with the same errors ε. One curve of such W along which P(W)ε does not stay 0 proves that W* is "
            "no local minimum."
        ),
        source="elementary: J ≥ J(W*) on a neighbourhood of W*, which is one of W, too",
        decided_by="an argument within the proofs of other statements",
    ),
    Statement(
        id="spanning",
        title="One unit spans all outputs",
        kind="theorem",
        formula=r"\operatorname{span} \{ (\sigma(w \cdot x_i + b))_i : (w, b) \in U \} = \mathbb{R}^{T}",
        hypotheses=("σ is real-analytic and no polynomial, the inputs are pairwise different, and U is open.",),
        conclusion="No vector other than 0 is orthogonal to the outputs of a unit on the samples for all its weights in an open set.",
        source="elementary: derivatives by the scale of w at 0, and Vandermonde's determinant",
        decided_by="an argument within the proofs of other statements",
    ),
    Statement(
        id="no-idle-unit",
        title="No unit is idle at a bad local minimum",
        kind="theorem",
        formula=r"W^{*} \text{ bad} \;\Rightarrow\; v_k \neq 0 \text{ for all units } k",
        hypotheses=(
            "The activation of the last hidden layer is real-analytic and no polynomial, with trainable biases, and its inputs are pairwise different.",
            _ERROR,
        ),
        conclusion="At a local minimum that is not global every unit of the last hidden layer has outgoing weights other than 0.",
        source="flat-neighbours and spanning",
        decided_by="an argument within the proofs of other statements",
        depends_on=("flat-neighbours", "spanning", "principle-error"),
    ),
    Statement(
        id="dependent-features",
        title="The features are dependent at a bad local minimum",
        kind="theorem",
        formula=r"W^{*} \text{ bad} \;\Rightarrow\; \operatorname{rank} [\Phi_{L-1}; 1] < T",
        hypotheses=("Trainable biases.", _ERROR),
        conclusion=(
            "At a local minimum that is not global the features of the last hidden layer, with a row of ones, do not have rank T: ε ≠ 0 is orthogonal to them."
        ),
        source="the last block of P ε = 0",
        decided_by="an argument within the proofs of other statements",
        depends_on=("critical-theorem", "principle-error"),
    ),
    Statement(
        id="independent-samples",
        title="Independent samples leave no bad local minimum",
        kind="theorem",
        formula=r"\operatorname{rank} \Phi_0^{+} = T,\; (n_1 \geq n_L \text{ or } E = \tfrac12 |r|^2) \;\Rightarrow\; \text{every local minimum is global}",
        hypotheses=(
            _ONE_LAYER,
            "The inputs are linearly independent (with a 1 appended to each where the bias is trainable).",
            "The hidden layer has as many units as there are outputs, at least; or the error is squared and the output the identity. Or: all layers "
            "but the first are frozen affine maps, and the error is convex.",
            "The hidden activation is continuous and strictly increasing.",
            _ERROR,
        ),
        conclusion=(
            "Every local minimum of J is global. As the samples are independent, the hidden outputs H move freely. At a local minimum with G the derivative by "
            "the outputs, G V' = 0. If the output weights V have full rank, G = 0. Else some c ≠ 0 has c'V = 0, the weights with H + t q c' are local minima "
            "with the same outputs, so (H + t q c')'G = 0 for all q, and again G = 0. For the squared error and fewer units, |H V + 1 b' − Y|² has a local "
            "minimum at (H, V, b), and by the proof of shallow-linear it is the least over all H, V and b. Before frozen affine maps J is a convex "
            "function of H, and a local minimum of it on an open set is its least value."
        ),
        source="proved in docs/deciding.md",
        decided_by="a proved rank of the inputs, integers and the records of the functions",
        depends_on=("flat-neighbours", "principle-error", "shallow-linear"),
    ),
    Statement(
        id="shallow-linear",
        title="Linear networks with one hidden layer",
        kind="theorem",
        formula=r"F(x) = W_2^{\top} W_1^{\top} x\ (+\ b),\; E = \tfrac12 |r|^2 \;\Rightarrow\; \text{every local minimum of } J \text{ is global}",
        hypotheses=(
            "Two layers, all activations the identity, the squared error; trainable biases, or none.",
            "Nothing is asked of the widths and the samples: they may be dependent, and the hidden layer as narrow as one likes.",
        ),
        conclusion=(
            "Every local minimum of J is global. With M the part of the targets that affine maps fit, J is |AB − M|²/(2T) up to a constant. At a local minimum "
            "AB = M, or A and B have full rank and A spans eigenvectors of MM'; if one of them has a smaller eigenvalue than one outside, turning it towards "
            "that one lowers the loss."
        ),
        source="proved in docs/deciding.md; compare Baldi and Hornik 1989, Zhu et al. 2019",
        decided_by="integers and the records of the functions",
        depends_on=("flat-neighbours",),
    ),
    Statement(
        id="one-relation-simplex",
        title="One sample inside the simplex of the others",
        kind="theorem",
        formula=(
            r"\textstyle\sum_i s_i (x_i, 1) = 0,\; s_m < 0 < s_i \;\Rightarrow\; \text{bad local minima exist} \Leftrightarrow y \in "
            r"\operatorname{span}(1, s) \setminus \mathbb{R} 1"
        ),
        hypotheses=(
            *_ONE_RELATION,
            "All entries of s but one have the same sign, or are 0: one sample lies inside the simplex of the others. Three samples on a line always do so.",
        ),
        conclusion=(
            "At a bad local minimum every unit is constant on the samples of the relation (Jensen), so ε is a multiple of s there, and a function of the "
            "target alone. Where the targets do not allow that, every local minimum is global, at every width. Where all samples take part, the error is the "
            "squared one, the output activation analytic and the mean target one of its values (or the error the logistic one and the output the identity), "
            "targets that do allow it give bad local minima at every width: the claim is REFUTED."
        ),
        source="proved in docs/deciding.md",
        decided_by="the relation, its signs and the targets, exactly; the records of the functions",
        depends_on=("no-idle-unit", "flat-neighbours", "principle-error"),
    ),
    Statement(
        id="parallelogram",
        title="Four samples in a parallelogram, such as XOR",
        kind="theorem",
        formula=r"x_1 + x_4 = x_2 + x_3,\; n_1 \geq 2 \;\Rightarrow\; \text{every local minimum of } J \text{ is global}",
        hypotheses=(*_ONE_RELATION, "There are four samples, and s = (1, −1, −1, 1) in some order."),
        conclusion=(
            "With two hidden units or more every local minimum is global, whatever the targets are. With one it is so unless the two pairs of opposite "
            "corners have one target each and these differ; then, for the squared error and an analytic output activation with the mean target among its "
            "values, or the logistic error and the identity at the output, there are bad local minima: the claim is REFUTED."
        ),
        source="proved in docs/deciding.md",
        decided_by="the relation and the targets, exactly; the records of the functions",
        depends_on=("no-idle-unit", "flat-neighbours", "principle-error"),
    ),
    Statement(
        id="separable-squashing",
        title="Separable samples leave no local minimum",
        kind="theorem",
        formula=r"\exists u:\; s_i\, u \cdot (x_i, 1) \geq 0,\; \text{not all } 0 \;\Rightarrow\; J \text{ has no local minimum}",
        hypotheses=(
            _ONE_LAYER,
            "One output, or two classes with softmax.",
            "The hidden activation is continuous and strictly increasing.",
            "Every target lies at or beyond an end of the output's range, so that the error falls strictly as the output moves to its side s_i = ±1: 0 or 1 "
            "for a cross-entropy, or for an output activation that is bounded on that side.",
            "Some direction u separates the two sides, if only weakly.",
        ),
        conclusion=(
            "J has no local minimum, so none that is bad. A unit with outgoing weight v ≠ 0 moves along u or −u, and lowers the loss. Where all v are 0 a "
            "local minimum would stay one as a unit moves along u, with ∂J/∂v = 0; but that derivative falls strictly."
        ),
        source="proved in docs/deciding.md; compare Gori and Tesi 1992",
        decided_by="a rational direction, exactly",
        depends_on=("flat-neighbours",),
    ),
    Statement(
        id="linear-region",
        title="A local minimum in which the network is affine",
        kind="theorem",
        formula=r"\exists\, W^{*} \text{ local minimum}:\;\; J(W^{*}) \geq \min_{A, a} \tfrac{1}{T} \textstyle\sum_i E(A x_i + a, y_i)",
        hypotheses=(
            "A hidden layer, trainable biases, identity output; the squared error, or a cross-entropy whose best affine logits are attained.",
            "The hidden activation is affine with a slope other than 0 on some interval: relu, leaky-relu, elu, hard-tanh, identity.",
            "Or no biases, one hidden layer of more units than inputs or outputs, relu or leaky-relu, the squared error: then the hidden units share their "
            "signs on the samples, those of u·x_i ≠ 0 for some u, and x_i times the slope of σ on its side stands in the place of the inputs.",
            "With weight decay: trainable biases, none of which decay, as all other weights do, and the interval is a half-line.",
        ),
        conclusion=(
            "Where all units stay on that interval, F is an affine map of rank at most the smallest hidden width, and every such map occurs. The best of them "
            "is attained, and weights that give it are a local minimum, of a loss no less than that of the best affine map. A point with a smaller loss "
            "refutes no-bad-local-minima."
        ),
        source="proved in docs/deciding.md; compare Yun, Sra and Jadbabaie 2019; He, Wang and Su 2020",
        decided_by=(
            "an affine map whose residuals are orthogonal to all inputs and to the ones, exactly; for a cross-entropy, probabilities none of which is at an "
            "end, whose differences to the targets are so"
        ),
    ),
    Statement(
        id="dead-region",
        title="A local minimum whose output is constant",
        kind="theorem",
        formula=r"\exists\, W^{*} \text{ local minimum}:\;\; J(W^{*}) = \min_{c} \tfrac{1}{T} \textstyle\sum_i E(c, y_i)",
        hypotheses=(
            "A hidden layer, trainable biases, identity output; the squared error, or a cross-entropy whose best constant output is attained.",
            "The hidden activation is constant on some interval: relu, hard-tanh.",
            "Or no biases, an activation that is 0 for z ≤ 0 (relu), and inputs on one side of a hyperplane through 0, or at 0: then c = 0 in the formula.",
        ),
        conclusion=(
            "Where all units of a layer stay on that interval, no small change makes the output depend on the input. With the best constant output such "
            "weights are a local minimum. A point with a smaller loss refutes no-bad-local-minima."
        ),
        source="proved in docs/deciding.md",
        decided_by="the mean of the targets, exactly or in ball arithmetic",
    ),
    Statement(
        id="constant-region",
        title="A constant network around which the loss curves upwards",
        kind="theorem",
        formula=(
            r"\textstyle\sum_i e_i x_i^{\top} = 0,\; \sum_i (u \cdot e_i)\, x_i x_i^{\top} \succ 0 \;\Rightarrow\; \exists\, W^{*} \text{ local minimum}:"
            r"\; J(W^{*}) = \min_{c} \tfrac{1}{T} \textstyle\sum_i E(c, y_i)"
        ),
        hypotheses=(
            "A hidden layer, trainable biases, identity output; the squared error, or a cross-entropy whose best constant output c is attained.",
            "e_i = ∇E(c, y_i) are the residuals there.",
            "The hidden activation is not piecewise linear: somewhere σ' and σ'' are continuous and not 0.",
            "The residuals e_i are orthogonal to all inputs, and for some vector u the sum of (u·e_i) x_i x_iᵀ is a definite matrix.",
            "Or, whatever the activation: all weights decay, and at some hidden bias (0 where one decays, or there are none) σ has so small a slope that the "
            "penalty outweighs what the errors gain by small weights; with two hidden layers or more it does at any slope, if the output biases do not decay.",
        ),
        conclusion=(
            "At any depth and all widths some network with W_1 = 0 and the output c is a local minimum: as E is convex, T(J − J*) is at least Σ e_i·F_i, whose "
            "first-order terms in W_1 vanish, and whose second-order ones are definite for suitable weights above. With weight decay all weights 0 are one, of "
            "a loss no less than that. A point with a smaller loss refutes no-bad-local-minima."
        ),
        source="proved in docs/deciding.md",
        decided_by="sums of the samples and the signs of a symmetric matrix, exactly; with weight decay such sums, and a ball of the slope of σ",
    ),
    Statement(
        id="complete-list",
        title="A list of all critical points, or of all local minima",
        kind="theorem",
        formula=r"\nabla J(W) = 0,\; W \in B \;\Rightarrow\; W = g W_k \text{ for a symmetry } g \text{ and some } k",
        hypotheses=(
            "A neuron, or one hidden layer and identity output; one output, the squared error, sigmoid, tanh, softplus, silu, swish, mish, bent identity, "
            "gelu, arctan, erf or sin, or powers of few weights; or a linear network.",
            "B is a box of weights. With decay of all weights, or by signs of the gradient outside it, it holds every critical point: the list is one of all.",
            "Where a box is excluded as the Hessian is negative along some direction at its critical points, this is said of local minima only.",
        ),
        conclusion=(
            "Every critical point in the box is one of the list, or its image under permutations of hidden units and changes of signs that change no loss. "
            "With powers and without decay it may be so up to scale, but for points with the output weight 0, or in linear networks up to the outputs. "
            "Where B holds all, a global minimum exists, and one point of the list at most may be a local minimum, every local minimum is global."
        ),
        source="proved in docs/complete-maps.md; interval branch and prune, Krawczyk 1969, Bézout",
        decided_by="a tree of boxes of weights, each excluded by enclosures of gradient and Hessian, or near a listed point that is alone there; for powers "
        "elimination, real roots in balls, and the gradient at their choices, or as many complex zeros as Bézout allows",
        depends_on=("stationary", "saddle", "maximum"),
    ),
)
