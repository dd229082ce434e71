r"""The second derivative of ``T J`` along one direction, all over a ball of weights, in enclosures of doubles.

For W in the Euclidean ball of radius r around ``W_0``, in all trainable weights, let dots be derivatives by t along ``W + tv``, at ``t = 0``, ``V_l`` the part
of v of layer l with its row of biases, where they are trainable, and ``φ̃`` the values with the unit of these. Then

    ż_l = φ̃_{l-1} V_l + φ̇_{l-1} W_l,   z̈_l = 2 φ̇_{l-1} V_l + φ̈_{l-1} W_l,   φ̇ = σ'(z) ż,   φ̈ = σ''(z) ż² + σ'(z) z̈,

and ``T vᵀH(W)v = Σ_i (żᵀCż + δᵀz̈)`` at the last layer, ``δ = ∂E/∂z_L``, ``C = ∂δ/∂z_L``. A column of ``W_l`` with its bias moves by r at most, so an entry of a
product of a row m with it moves by ``|m| r`` at most (Cauchy-Schwarz). The cost is that of six passes, of σ, σ' and σ'': nothing has ``N_net²`` numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.verified.activations import beside_kinks, check_kinks, curvature_over
from lossproof.numerics.verified.curvature import output_curvature
from lossproof.numerics.verified.enclosures import (
    Enclosure,
    enclose_numbers,
    exact_floats,
    matrix_product,
    norm_bounds,
    product,
    raised,
    total,
    widened,
    with_ones,
)
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights


def second_derivative(
    problem: Problem, weights: Weights, direction: Sequence[tuple[Floats, Floats]], radius: float = 0.0
) -> tuple[float, float]:
    r"""Return midpoint and radius of an interval that holds ``T vᵀH(W)v`` for all W within a Euclidean distance of the weights.

    ``direction`` has for each layer the parts of v by ``W_l`` and ``b_l``, in doubles; the latter count where biases are trainable.

    The radius is infinite or NaN where no bounds are found, and where numbers on the way are larger than a checker takes.
    Raises `NotDifferentiable` where a second derivative may not exist in the ball.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")  # J = (vw − 5)²/2: J'' = −10 at v = w = 0 along (1, 1)
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> mid, rad = second_derivative(problem, Weights.of(a, [([[0]], [0]), ([[0]], [0])]), [(np.ones((1, 1)), np.zeros(1))] * 2)
    >>> mid, rad < 1e-12
    (-10.0, True)
    """
    a, phi = problem.architecture, enclose_numbers(problem.samples.X)
    rate = bend = exact_floats(np.zeros_like(phi.mid))
    moderate = True
    for l, (layer, (V, shift)) in enumerate(zip(weights.layers, direction, strict=True), start=1):
        W, inputs, lower = enclose_numbers(layer.W), with_ones(phi) if a.bias_rows_of(l) else phi, exact_floats(V)
        along = exact_floats(np.vstack([V, shift])) if a.bias_rows_of(l) else lower
        bias = enclose_numbers(layer.b)
        z = total(_moved(matrix_product(phi, W), inputs, radius), bias)
        twice = matrix_product(rate, lower)
        rates = total(matrix_product(inputs, along), _moved(matrix_product(rate, W), rate, radius))
        bends = total(Enclosure(2 * twice.mid, 2 * twice.rad), _moved(matrix_product(bend, W), bend, radius))
        moderate &= all(x.is_moderate() for x in (W, bias, inputs, along, z, rates, bends))
        if l < a.L:
            rest = samples_at_rest(problem, l)
            phi, slope, curvature = beside_kinks(a.activation_of(l), z, rest, curvature_over)
            rate, bend = product(slope, rates), total(product(curvature, product(rates, rates)), product(slope, bends))
    check_kinks(a.output_activation, z, 2)
    delta, C = output_curvature(problem, z)
    pairs = product(C, product(Enclosure(rates.mid[:, :, None], rates.rad[:, :, None]), Enclosure(rates.mid[:, None], rates.rad[:, None])))
    terms = [Enclosure(x.mid.reshape(-1, 1), x.rad.reshape(-1, 1)) for x in (pairs, product(delta, bends))]
    found = total(*(matrix_product(exact_floats(np.ones((1, len(x.mid)))), x) for x in terms))
    if problem.decay is not None:
        parts = [(l, *direction[l - 1]) for l in a.trained]
        flat = np.concatenate([(np.vstack([V, shift]) if a.bias_rows_of(l) else V).T.ravel() for l, V, shift in parts])
        rates = enclose_numbers([[problem.T * rate for rate in problem.decay.rates(a)]])
        v = exact_floats(flat[None])
        found = total(found, matrix_product(product(v, rates), exact_floats(flat[:, None])))
    moderate &= all(x.is_moderate() for x in (delta, C, found))
    return (float(found.mid[0, 0]), float(found.rad[0, 0])) if moderate else (0.0, np.inf)


def _moved(result: Enclosure, rows: Enclosure, radius: float) -> Enclosure:
    """Return the product of rows with a matrix each of whose columns may move by the radius, from that with the matrix itself."""
    return Enclosure(result.mid, widened(result.rad + raised(norm_bounds(rows.reach()) * radius, 2)[:, None], 4))
