"""The rule about critical points with two layers of zero weights (section 6): networks that are blind to their input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.rings import FormalRing, vanishes
from lossproof.certificates.kernel.network.boxes import read_box, require_critical
from lossproof.certificates.kernel.network.passes import embed
from lossproof.certificates.kernel.reading.parse import read_integer, read_list, require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.rules.evidence import read_indices
from lossproof.certificates.kernel.rules.points import conclude
from lossproof.certificates.kernel.rules.step import Result, Step
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


def stationary_idle(step: Step) -> Result:
    r"""Krawczyk's test for all components of the gradient but those by the incoming weights of idle units, whose outgoing weights are 0.

    With outgoing weights v the derivative by a unit's incoming weights is ``Σ_i σ'(z(i)) (Σ_j v_j δ_j(i)) x̃_i``: 0 where ``v = 0``, for all
    values of the others. Let v be held at 0, and of the m incoming weights of each idle unit all but ``n_{l+1}`` (as many as v has entries). The
    unknowns that are left are as many as the components by parameters that are no incoming weights of idle units. Krawczyk's test gives one zero of
    these in the box, hence ``∇J = 0``, and an invertible derivative: by the implicit function theorem the unknowns follow the ``m − n_{l+1}`` incoming
    weights that were held, which may be moved, while v stays 0. So the critical points near it contain a manifold of that dimension for each idle
    unit; J is constant on it, as its gradient is 0 there. Where all units of the layer are idle, the same holds for all weights below: nothing of theirs
    reaches the output, their derivatives are 0, and they may be moved, too.
    """
    found = step.expect(0, "layer", "units", "free", "radius", "precision")
    problem, point = step.problem, step.at_point()
    radius, bits = read_box(found)
    layer = read_integer(found["layer"], "evidence.layer", 1, problem.L - 1)
    units = read_indices(found["units"], "evidence.units", problem.widths[layer])
    require(bool(units), "evidence.units", "no unit is named")
    zero = all(vanishes(v) for row in embed(FormalRing(), [point.layers[layer][0][i] for i in units]) for v in row)
    require(zero, "evidence.units", "the outgoing weights of these units must be 0")
    unknowns, equations = _system(problem, layer, units, found["free"])
    with ball_precision(bits):
        require_critical(problem, point, unknowns, radius, bits, equations)
    return conclude(step, "stationary", {"radius": str(radius), "dimension": _dimension(problem, layer, units)}), Rigor.BALL


def _dimension(problem: Problem, layer: int, units: list[int]) -> int:
    held = len(units) * (problem.fan_in(layer) - problem.widths[layer + 1])
    return held + (_below(problem, layer) if len(units) == problem.widths[layer] else 0)


def _below(problem: Problem, layer: int) -> int:
    """Return the number of trainable weights below a layer."""
    return sum(problem.fan_in(l) * problem.widths[l] for l in range(1, layer))


def _system(problem: Problem, layer: int, units: list[int], free: Any) -> tuple[list[int], list[int]]:
    """Return the unknowns and the equations as rows of P, equally many."""
    m, after = problem.fan_in(layer), problem.widths[layer + 1]
    first = _below(problem, layer)
    behind = first + m * problem.widths[layer]
    incoming = set(range(first)) if len(units) == problem.widths[layer] else set()
    kept, outgoing = set(), set()
    for n, (unit, listed) in enumerate(zip(units, read_list(free, "evidence.free", len(units)), strict=True)):
        chosen = read_indices(listed, f"evidence.free[{n}]", m)
        require(len(chosen) == after, f"evidence.free[{n}]", f"{after} incoming weights must be free")
        incoming |= {first + unit * m + k for k in range(m)}
        kept |= {first + unit * m + k for k in chosen}
        outgoing |= {behind + j * problem.fan_in(layer + 1) + unit for j in range(after)}
    held = (incoming - kept) | outgoing
    everything = range(problem.N_net)
    return [k for k in everything if k not in held], [k for k in everything if k not in incoming]


IDLE_RULES: Mapping[str, Callable[[Step], Result]] = {"stationary-idle": stationary_idle}
