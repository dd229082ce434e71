r"""A ball of weights without a local minimum, from the gradient at its centre and bounds of its change.

With ``ε = ∇E(F)`` stacked over samples, ``T ∇J = DFᵀε``. On the ball of radius r let ``‖DF‖ ≤ D``, κ be a Lipschitz constant of DF (`derivative_bounds`), and
c one of ``∇E``. Then ``T ∇J`` changes by at most ``(κ ‖ε‖ + c D²) r``, with weight decay by ``T max λ r`` more, and where that is less than its norm at the
centre it vanishes nowhere in the ball. The cost is that of one pass forward and backward in enclosures, and of bounds of σ' and σ'': no matrix of ``N_net²``
numbers. The radius has room to spare, so that a checker with coarser bounds can prove it, too; one that adds ``2^-400`` to the squares of norms for underflow
proves nothing of gradients not far above ``2^-200``, and here nothing is said of those.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.verified.derivative_bounds import derivative_bounds, point_norms
from lossproof.numerics.verified.enclosures import (
    Enclosure,
    as_balls,
    enclose_balls,
    enclose_numbers,
    frobenius_bound,
    matrix_product,
    product,
    total,
)
from lossproof.numerics.verified.forward_backward import EnclosedPass, enclose_pass
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import MAX_GRAM_VALUES
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_CURVATURES = {"squared": 1.0, "logistic": 0.25, "softmax": 0.5}
_SPARE, _SPARE_RADII = 1 + 2.0**-8, 4.0
_PRECISION = 80
_HALVINGS, _BISECTIONS = 60, 6
_LEAST, _LARGEST = 2.0**-290, 2.0**90
_LEAST_GRADIENT = 2.0**-150


def minimum_free_radius(problem: Problem, weights: Weights) -> Fraction | None:
    """Return a radius of a ball around the weights in which no gradient vanishes, or None where none is seen.

    None for errors other than the squared one and the cross-entropies, near kinks, at critical points, for numbers out of range, and for
    more values of activations than a checker takes.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1", "identity", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[0]]))  # J = w²/2, the minimum is at 0
    >>> 0.9 < minimum_free_radius(problem, Weights.of(a, [([[1]], None)])) < 1
    True
    """
    if problem.error.name not in _CURVATURES or problem.T * sum(problem.architecture.widths) > MAX_GRAM_VALUES:
        return None
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        try:
            return _radius(problem, weights)
        except NotDifferentiable:
            return None


def _radius(problem: Problem, weights: Weights) -> Fraction | None:
    found = enclose_pass(problem.architecture, enclose_numbers(problem.samples.X), weights, strip_output=False)
    if not found.is_moderate():
        return None
    eps = _residuals(problem, found.phi[-1])
    gradient = _gradient_at_least(problem, found, eps) / _SPARE
    if not _LEAST_GRADIENT < gradient < np.inf:
        return None
    norms, size, scales = point_norms(found), frobenius_bound(eps.reach()), np.ones(eps.mid.shape)

    bend = 0.0 if problem.decay is None else problem.T * float(problem.decay.largest) * (1 + 2.0**-50)

    def proves(radius: float) -> bool:
        """Tell whether the gradient cannot vanish so near; also a little farther, so that a kink stays out of reach for a checker."""
        try:
            D, kappa = derivative_bounds(found, norms, radius * _SPARE, scales)
        except NotDifferentiable:
            return False
        return bool((kappa * size + _CURVATURES[problem.error.name] * D * D + bend) * radius * _SPARE < gradient)

    D, kappa = derivative_bounds(found, norms, 0.0, scales)
    high = min(gradient / (kappa * size + _CURVATURES[problem.error.name] * D * D + bend), _LARGEST)
    low = next((high / 2**k for k in range(1, _HALVINGS) if proves(high / 2**k)), 0.0)
    if not low > _LEAST:
        return None
    high = min(high, 2 * low)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if proves(middle) else (low, middle)
    return short_below(low)


def _residuals(problem: Problem, outputs: Enclosure) -> Enclosure:
    """Return ``ε = ∇E`` of shape ``(T, n_L)``."""
    field = BallField(_PRECISION)
    found = field.error_derivative(problem.error, 1, as_balls(outputs), field.array(problem.samples.Y))
    return enclose_balls(list(found.flat), outputs.mid.shape)


def _gradient_at_least(problem: Problem, found: EnclosedPass, eps: Enclosure) -> float:
    """Return a lower bound of ``‖T ∇J‖``, by one pass back; the radii in the kernel are a little larger, so they count more than once here.

    It is 0 where numbers are larger than a checker takes.
    """
    delta, squares = eps, 0.0
    for l in range(found.architecture.L, 0, -1):
        slope = found.slopes[l - 1]
        delta = delta if slope is None else product(delta, slope)
        phi, W = found.extended_phi(l - 1), found.weights[l - 1][0]
        if not found.architecture.fan_in(l):
            delta = matrix_product(delta, Enclosure(W.mid.T, W.rad.T))
            continue
        part = matrix_product(Enclosure(phi.mid.T, phi.rad.T), delta)
        if problem.decay is not None:
            part = total(part, _penalty_slopes(problem.decay, found, problem.T, l))
        if not (delta.is_moderate() and part.is_moderate()):
            return 0.0
        squares += float(np.sum(np.maximum(np.abs(part.mid) - _SPARE_RADII * part.rad, 0.0) ** 2))
        delta = matrix_product(delta, Enclosure(W.mid.T, W.rad.T))
    return float(np.sqrt(squares))


def _penalty_slopes(decay: Decay, found: EnclosedPass, T: int, l: int) -> Enclosure:
    """Return ``T λ w`` for the weights of a layer, the row of trainable biases last."""
    W, b = found.weights[l - 1]
    rates = enclose_numbers([[T * rate for rate in decay.layers[l - 1]]])
    shares = [product(W, Enclosure(rates.mid[:, 0], rates.rad[:, 0]))]
    if b is not None and found.architecture.bias_rows_of(l):
        shares.append(product(Enclosure(b.mid[None], b.rad[None]), Enclosure(rates.mid[:, 1], rates.rad[:, 1])))
    return Enclosure(np.concatenate([x.mid for x in shares]), np.concatenate([x.rad for x in shares]))


def short_below(radius: float) -> Fraction:
    """Return a positive number with 8 bits that is not larger."""
    mantissa, exponent = np.frexp(radius)
    return Fraction(int(np.floor(mantissa * 256))) * Fraction(2) ** (int(exponent) - 8)
