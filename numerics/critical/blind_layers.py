r"""Critical points at which two layers have no weights: the output does not depend on the input, and small changes of one layer alone do not alter that.

If ``W_m = 0`` the network gives one output ``c`` for all samples, and what runs back through the layers is ``A_l ∇E_i`` with the same matrices for all
samples. If ``W_{m'} = 0`` besides, ``m < m'``, then ``A_m = 0``. So all components of the gradient vanish as soon as ``Σ_i ∇E_i(c) = 0``, which the
output biases decide: ``n_L`` equations in ``n_L`` unknowns. All other weights may be moved as long as the two layers stay 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lossproof.numerics.critical.box import refined_zero, zero_box
from lossproof.numerics.critical.systems import ReducedSystem
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_NEARLY_ZERO = Fraction(1, 10**6)


@dataclass(frozen=True)
class BlindPoint:
    """Weights whose layers ``layers = (m, m')`` are 0, and the box proved for the output biases."""

    weights: Weights
    layers: tuple[int, int]
    radius: Fraction
    precision: int

    def dimension(self, a: Architecture) -> int:
        """Return the dimension of the manifold of such critical points."""
        return a.N_net - a.n_L - sum(a.widths[l - 1] * a.widths[l] for l in self.layers)


def blind_point(problem: Problem, weights: Weights, *, exactly: bool = False) -> BlindPoint | None:
    """Return a point with two layers of zero weights, at or near the weights, at which a critical point is proved, or None.

    With ``exactly`` the two layers must be 0 already and the weights stay as they are; else small ones are set to 0 and the output biases refined.
    It needs a trainable bias and an output activation whose derivative vanishes nowhere.
    """
    a = problem.architecture
    if a.L < 2 or a.bias != "trainable" or not a.output_activation.nonvanishing_derivative.holds:
        return None
    most = Fraction(0) if exactly else _NEARLY_ZERO
    blind = [l for l in range(1, a.L + 1) if _is_small(weights.layers[l - 1], most)]
    if len(blind) < 2:
        return None
    first, second = sorted(sorted(blind, key=lambda l: a.widths[l - 1] * a.widths[l])[:2])
    point = weights if exactly else _without_weights(weights, (first, second))
    rows = a.fan_in(a.L)
    biases = tuple(a.N_net - rows * (a.n_L - j) + rows - 1 for j in range(a.n_L))
    system = ReducedSystem(biases, (), biases)
    if not exactly:
        point = refined_zero(problem, point, system) or point
    box = zero_box(problem, point, system)
    return None if box is None else BlindPoint(point, (first, second), *box)


def _is_small(layer: Layer, most: Fraction) -> bool:
    return all(isinstance(w, Fraction) and abs(w) <= most for row in layer.W for w in row)


def _without_weights(weights: Weights, layers: tuple[int, int]) -> Weights:
    return Weights(
        tuple(
            Layer(tuple(tuple(Fraction(0) for _ in row) for row in layer.W), layer.b) if l in layers else layer
            for l, layer in enumerate(weights.layers, start=1)
        )
    )
