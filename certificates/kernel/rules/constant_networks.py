"""Networks with constant outputs around which the loss curves upwards (section 6): what `constant-region` needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.functions import ZERO
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Step
from lossproof.theory import limits


def require_constant_minimum(step: Step, found: Mapping[str, Any], means: Sequence[fmpq]) -> None:
    """Demand what makes some network with ``W_1 = 0`` and the best constant output a local minimum, at any depth and all widths; E is convex.

    With c the best constant output let ``e_i = ∇E(c, y_i)``, the mean of the targets less ``y_i``, so that ``Σ e_i = 0``; the evidence ``output_weights`` is u.
    It is demanded that ``Σ e_i x_iᵀ = 0``, and that ``M = Σ (u·e_i) x_i x_iᵀ`` is definite. σ is curved: ``σ'(a), σ''(a) ≠ 0`` for some a. Let ``W_1 = 0``, and
    all hidden z be a. Near these weights ``F_i = G(A x_i)``, with ``A = W_1ᵀ``, and G the layers above, whose weights may vary as well. E is convex, so
    ``T (J − J*) ≥ Σ e_i·(F_i − c) = ½ Σ_j tr(Aᵀ H_j A M_j) + o(|A|²)``, uniformly, with ``H_j = ∇²G_j(0)`` and ``M_j = Σ_i e_ij x_i x_iᵀ``. Let the rows of
    ``W_L`` be ``τu``, and all entries of the other ``W_l``, ``l > 1``, be η. Then ``H_j = u_j H``, with ``H = τη^{L−2}(κI + O(η))``, ``κ ≠ 0``, by the chain
    rule from the top: ``∇²_l = σ''(a) diag(W_{l+1} ∇_{l+1}) + σ'(a)² W_{l+1} ∇²_{l+1} W_{l+1}ᵀ``, where the second term has one factor η more. For small η, and
    τ of the right sign, the sum is ``tr(AᵀHAM) ≥ δ|A|²``, and by continuity at least half of that for all weights of the layers above that are near: a minimum.
    """
    problem, work, place = step.problem, step.work, "evidence.output_weights"
    require(problem.activation.is_curved, "rule", "this needs an activation that is not piecewise linear")
    u = read.each(found["output_weights"], place, read.rational, problem.n_L)
    n, T = problem.widths[0], problem.T
    gaps = [[mean - y for mean, y in zip(means, row, strict=True)] for row in problem.Y]
    columns = list(zip(*problem.X, strict=True))
    for gap in zip(*gaps, strict=True):
        balanced = all(evidence.total((e * x for e, x in zip(gap, column, strict=True)), work) == 0 for column in columns)
        require(balanced, "rule", "the residuals of the best constant see the inputs")
    pulls = [evidence.total((q * e for q, e in zip(u, row, strict=True)), work) for row in gaps]
    limit(n * n * T, limits.MAX_ENTRIES, "the number of products of inputs")
    M = np.full((n, n), ZERO, dtype=object)
    for a, b in zip(*np.triu_indices(n), strict=True):
        M[a, b] = evidence.total((e * x * y for e, x, y in zip(pulls, columns[a], columns[b], strict=True)), work)
    signs = inertia(M, lambda numbers, bits: work.spend(numbers * limits.rational_work(bits), "signs of eigenvalues"))
    require(n in signs, place, "the inputs, weighted with the residuals, are not definite")
