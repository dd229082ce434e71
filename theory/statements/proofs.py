"""Proofs of the lemmas that theorems about whole landscapes rest on, and of two of these, in the words of ``docs/deciding.md``."""

from __future__ import annotations

from collections.abc import Mapping

PROOFS: Mapping[str, str] = {
    "flat-neighbours": (
        "J ≥ J(W*) on an open set U around W*. If W lies in U and has the same outputs, then J(W) = J(W*), and U is a neighbourhood of W "
        "as well."
    ),
    "spanning": (
        "Let c be orthogonal to all of them. Σ_i c_i σ(w·x_i + b) is analytic in (w, b) and 0 on an open set, hence 0 everywhere. Choose "
        "w such that the numbers a_i = w·x_i differ; all w outside finitely many hyperplanes do. Then Σ_i c_i σ(s a_i + b) = 0 for all s "
        "and b. The m-th derivative by s at s = 0 is σ^{(m)}(b) Σ_i c_i a_i^m = 0, and σ^{(m)}(b) ≠ 0 for some b, since σ is no "
        "polynomial. So Σ_i c_i a_i^m = 0 for m = 0, …, T − 1. Vandermonde's determinant of different numbers is not 0: c = 0."
    ),
    "no-idle-unit": (
        "If v_k = 0, the incoming weights w of the unit move freely at equal outputs. By flat-neighbours all these weights are critical "
        "with the same ε, so Σ_i σ(w·x̃_i) ε_i = 0 for all w in an open set. By spanning each component of ε is 0, which a bad local "
        "minimum does not allow."
    ),
    "dependent-features": ("Each component of ε ≠ 0 is orthogonal to all its rows."),
    "independent-samples": (
        "Let Z be the T × n_1 matrix of the z_k(i). As the inputs are independent, the linear map from the hidden weights to Z is onto, "
        "hence open; σ, entry by entry, is a homeomorphism onto its image. So the hidden outputs H = σ(Z) run through an open set and, near "
        "a local minimum, the loss is a function of (H, V, b) that has a local minimum there, too. It is differentiable in them, even where "
        "σ is not, since Z_L = H V + 1bᵀ. Let G be the T × n_L matrix of the ε_i, row by row. The derivative by H gives G Vᵀ = 0. If V, of "
        "shape n_1 × n_L, has rank n_L, then G = 0. Else some c ≠ 0 in R^{n_1} has cᵀV = 0, because n_1 ≥ n_L. For every q in R^T and small "
        "t, H + t q cᵀ gives the same outputs, since q cᵀ V = 0: a flat neighbour. There the derivative by V is (H + t q cᵀ)ᵀ G = 0 with the "
        "same G. At t = 0 it is HᵀG = 0, so c (qᵀG) = 0, so qᵀG = 0 for all q: G = 0. Fewer units. Let n_1 be any, the error squared and the "
        "output the identity: f(H, V, b) = |H V + 1bᵀ − Y|²/(2T) has a local minimum at (H, V, b), with H in an open set. Fixed output "
        "biases are taken from Y. Trainable ones: for given H, V it is least at one b, which depends on HV continuously, so min_b f, that is "
        "|C H V − C Y|²/(2T) with the centring matrix C = I − 11ᵀ/T, has a local minimum at (H, V). The map H ↦ A = UᵀH, with orthonormal "
        "columns of U that span the range of C, or U = I without trainable output biases, is linear and onto, hence open: a local minimum of "
        "g(A, V) = ½|AV − M|², M = UᵀY. The proof of shallow-linear compares it with points as near as one likes alone, flat neighbours and "
        "A turned a little. So it is the least of g over all matrices A and V, and f is not smaller for any H, V and b, those of other "
        "weights among them. A frozen readout. Let the first layer alone be trainable, the layers behind it be affine maps, constants, and "
        "the error convex. Then the loss is a convex function of H, on all T × n_1 matrices, with a local minimum in the open set: it is the "
        "least of all."
    ),
    "shallow-linear": (
        "Biases. F(x) = BᵀAᵀx + c, where c collects the biases; it is as free as the output bias. For given A, B the loss is least at one "
        "c, which depends on AB continuously, so a local minimum of J gives one of what is left, |X_c AB − Y_c|²/(2T) with centred "
        "samples. Without biases this is the loss as it stands. Inputs. Let X_c = UR with orthonormal columns in U and a matrix R onto "
        "them. A ↦ RA is linear and onto, hence open: a local minimum gives one of g(A, B) = ½|AB − M|², M = UᵀY_c, where A now stands "
        "for RA; the rest of the loss is constant. Let (A, B) be a local minimum of g, with k columns in A, and E = AB − M ≠ 0; else it "
        "is global. If Ac = 0 with c ≠ 0, then B + t c qᵀ has the same product for every q: flat neighbours, so E(B + t c qᵀ)ᵀ = 0, hence "
        "E q = 0 for all q, and E = 0. In the same way the rows of B are independent. So A is injective, and from AᵀE = 0 we have AB = "
        "ΠM, where Π projects on the column space of A. From EBᵀ = 0 follows (I − Π)M BᵀAᵀ = (I − Π)MMᵀΠ = 0: that space is spanned by k "
        "eigenvectors of MMᵀ, and 2g is the sum of all other eigenvalues. No product of rank k or less is nearer to M than the sum of the "
        "smallest ones allows (Ky Fan). If (A, B) were not global, an eigenvector p in the space would have a smaller eigenvalue than "
        "one, q, across it. Turn p by an angle θ towards q, with A moving along and B = A⁺M, which is continuous. 2g falls by sin²θ times "
        "the difference of the eigenvalues: no local minimum."
    ),
}
"""By the id of the statement."""
