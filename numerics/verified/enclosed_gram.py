r"""The kernel ``K = PᵀP`` in doubles with a proved bound of the error of every entry, without forming ``P``.

For the factors ``Ψ_l``, ``φ⁺_{l-1}`` enclosed by midpoints and radii, let ``p_{l,c} = ‖ψ̂_c‖‖φ̂_c‖`` be the norm of column ``c`` of ``Ψ̂_l ⊙ Φ̂_{l-1}``,
and ``e_{l,c} = ‖r_ψ‖(‖φ̂‖ + ‖r_φ‖) + ‖ψ̂‖‖r_φ‖`` the bound of the distance of that column from the true one. Then

``|K̃ − K|_{cc'} ≤ Σ_l (g_l p_{l,c} p_{l,c'} + p_{l,c} e_{l,c'} + e_{l,c} p_{l,c'} + e_{l,c} e_{l,c'}) + t``:

the last three summands by Cauchy and Schwarz, the first for the rounding. Every entry is a sum of ``L`` products of two inner products of lengths
``k`` and ``m``, in whatever order and fused or not (no Strassen), so the summand of block ``l`` carries at most ``k + m + L + 2`` factors ``1 + δ``,
``|δ| ≤ u``, and ``g_l = γ_{k+m+L+8}`` is enough. Factors are refused above ``2^90``, so what underflow adds stays below ``t = 2^-400``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossproof.numerics.algebra.gram_sums import GramPart, gram_of_parts
from lossproof.numerics.algebra.products import Floats, gamma
from lossproof.numerics.verified.blocks import GramBlock, are_moderate, column_bounds
from lossproof.numerics.verified.enclosures import enclose_numbers, norm_bounds, raised
from lossproof.numerics.verified.forward_backward import enclose_pass
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

_UNDERFLOW = 2.0**-400


@dataclass(frozen=True)
class EnclosedGram:
    r"""All real matrices ``K`` with ``|K − mid| ≤ radius()`` in every entry; column ``(i, j)`` stands at ``i n_L + j``.

    ``mid`` has shape ``(T n_L, T n_L)``; ``norms`` and ``errors`` hold ``p_{l,c}`` and ``e_{l,c}`` in shape ``(L, T n_L)``, ``rounding`` the numbers ``g_l``.
    """

    mid: Floats
    norms: Floats
    errors: Floats
    rounding: Floats

    def radius(self) -> Floats:
        """Return the bounds of all entries, of the shape of ``mid``."""
        scaled = raised(self.rounding[:, None] * self.norms + self.errors, 2)
        terms = self.norms.T @ scaled + self.errors.T @ raised(self.norms + self.errors, 1)
        return raised(terms + _UNDERFLOW, 2 * len(self.norms) + 4)

    def distance(self) -> float:
        """Return a bound of ``‖K − mid‖`` in the Frobenius norm, at the cost of a pass over ``norms`` and ``errors``."""
        p, e = norm_bounds(self.norms), norm_bounds(self.errors)
        total = float(np.sum(self.rounding * p * p + 2 * p * e + e * e)) + _UNDERFLOW * self.mid.shape[0]
        return float(raised(np.asarray(total), 4 * len(p) + 4))


def enclosed_gram(architecture: Architecture, samples: Samples | Any, weights: Weights | Sequence[tuple[Any, Any]]) -> EnclosedGram | None:
    r"""Return ``K = PᵀP`` with bounds of its errors, at exact weights (or a list of ``(W_l, b_l)``) and samples (or inputs of shape ``(T, n_0)``).

    Arrays of doubles are exact, other exact numbers are enclosed; the output is not stripped. Beside the cost of `gram` there are the enclosures of
    all factors, ``T Σ n_l`` activations and ``T n_L Σ n_l`` products. None where a factor has no finite bound below ``2^90``. Raises
    `NotDifferentiable` at or too near a kink.

    >>> K = enclosed_gram(Architecture.of("1-1", "identity"), np.array([[2.0], [5.0]]), [([[1.0]], [0.0])])
    >>> K.mid.tolist(), bool(K.radius().max() < 1e-13), K.distance() < 1e-13
    ([[5.0, 11.0], [11.0, 26.0]], True, True)
    """
    inputs = enclose_numbers(samples.X if isinstance(samples, Samples) else samples)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        blocks = enclose_pass(architecture, inputs, weights, strip_output=False, multiply=np.matmul).blocks()
        if not are_moderate(blocks):
            return None
        n_L, count = architecture.n_L, len(blocks)
        norms, errors = (bounds.transpose(0, 2, 1).reshape(count, -1) for bounds in column_bounds(blocks, n_L))
        lengths = [block.phi.mid.shape[1] + (1 if block.psi is None else block.psi.mid.shape[2]) for block in blocks]
        rounding = np.array([gamma(length + count + 8) for length in lengths])
        return EnclosedGram(gram_of_parts([_part(block, n_L) for block in blocks]), norms, errors, rounding)


def _part(block: GramBlock, n_L: int) -> GramPart:
    """Return the midpoints of a block, its outputs next to each other in each sample."""
    phi = block.phi.mid
    return GramPart(np.ones((phi.shape[0], n_L)) if block.psi is None else block.psi.mid.transpose(1, 0, 2), phi)
