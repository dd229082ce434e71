"""The rule about critical points with two layers of zero weights (section 6): networks that are blind to their input."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lossproof.certificates.kernel_balls import ball_precision
from lossproof.certificates.kernel_critical_box import read_box, require_critical
from lossproof.certificates.kernel_parse import read_integer, read_list
from lossproof.certificates.kernel_point_claims import conclude
from lossproof.certificates.kernel_stationary_rules import vanishes
from lossproof.certificates.kernel_step import Result, Step, require
from lossproof.theory.verdicts import Rigor


def stationary_blind(step: Step) -> Result:
    r"""Krawczyk's test for the components by the output biases, where ``W_m = 0`` and ``W_{m'} = 0``, ``m < m'`` (weights, not biases).

    With ``W_m = 0`` all ``φ_l``, ``l ≥ m``, and the output are the same for all samples, and so are the matrices in ``δ_l(i) = A_l ∇E_i``,
    ``l ≥ m``. The test gives output biases in the box with ``0 = T ∂J/∂b_L = diag(σ_out') Σ_i ∇E_i``, so ``Σ_i ∇E_i = 0``. Then the components by
    ``W_l``, ``l > m``, and by ``b_l``, ``l ≥ m``, are linear in that sum, hence 0; that by ``W_m`` is ``Σ_i A_m ∇E_i φ_{m-1}(i)ᵀ``, and ``A_m`` has
    the factor ``W_{m'} = 0``; those by the layers below have the factor ``W_m = 0``. So ``∇J = 0``. All other weights may be moved while the two
    layers stay 0: the derivative by ``b_L`` of these equations is invertible, ``b_L`` follows by the implicit function theorem, and J is constant, as
    its gradient is 0 there.
    """
    found = step.expect(0, "layers", "radius", "precision")
    problem, point = step.problem, step.at_point()
    right = problem.L >= 2 and problem.bias == "trainable" and problem.strip
    require(right, "rule", "this needs a hidden layer, trainable biases and an output derivative that is not 0 anywhere")
    radius, bits = read_box(found)
    layers = [
        read_integer(l, f"evidence.layers[{k}]", 1, problem.L) for k, l in enumerate(read_list(found["layers"], "evidence.layers", 2))
    ]
    require(layers[0] < layers[1], "evidence.layers", "two layers in increasing order are needed")
    for k, l in enumerate(layers):
        zero = all(vanishes(w) for row in point.layers[l - 1][0] for w in row)
        require(zero, f"evidence.layers[{k}]", "the weights of this layer must be 0")
    rows = problem.fan_in(problem.L)
    biases = [problem.N_net - rows * (problem.n_L - j) + rows - 1 for j in range(problem.n_L)]
    with ball_precision(bits):
        require_critical(problem, point, biases, radius, bits)
    dimension = problem.N_net - problem.n_L - sum(problem.widths[l - 1] * problem.widths[l] for l in layers)
    return conclude(step, "stationary", {"radius": str(radius), "dimension": dimension}), Rigor.BALL


BLIND_RULES: Mapping[str, Callable[[Step], Result]] = {"stationary-blind": stationary_blind}
