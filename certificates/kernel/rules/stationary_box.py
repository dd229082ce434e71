"""The rules that prove one critical point in a box (section 6), by Krawczyk's test for ``∇J = 0``, each with its proof in the docstring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.rings import FormalRing, vanishes
from lossproof.certificates.kernel.network.boxes import BoxRing, read_box, require_critical
from lossproof.certificates.kernel.network.passes import embed, not_zero
from lossproof.certificates.kernel.reading.limits import SIGN_PRECISION, Array
from lossproof.certificates.kernel.reading.parse import read_integer, read_list, read_rational, require
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.rules.points import AT_THE_POINT, conclude, require_zero_gradient
from lossproof.certificates.kernel.rules.step import Result, Step
from lossproof.theory.verdicts import Rigor


def stationary_box(step: Step) -> Result:
    r"""Krawczyk's test for the gradient by the weights that are not ``fixed``, in a box in which these vary and the others do not.

    The gradient is differentiable over the box: a kink in it rejects. So one W in the box has ``∂J/∂w = 0`` for the free w.

    Scaling. Let a hidden activation have ``σ(λz) = λ^κ σ(z)`` for ``λ > 0`` (relu and leaky-relu κ = 1, ``power:k`` κ = k), and let one incoming weight
    ``w_f ≠ 0`` of each hidden unit be fixed. Multiplying the incoming weights and the bias of a unit by λ and its outgoing ones v by ``λ^{-κ}``
    changes no output, so ``Σ_in w ∂J/∂w = κ Σ_out v ∂J/∂v`` (Euler). The components by the weights into the last layer are 0; so, from the last
    hidden layer to the first, the right side is 0, hence ``w_f ∂J/∂w_f = 0``, and ``∇J = 0``.

    Softmax. Adding one vector to the incoming weights of all outputs adds one number to all logits and changes no error, so the sum over the
    outputs j of ``∂J/∂W_L[:, j]`` is 0: where it vanishes for ``j ≥ 1`` it does for the fixed ``j = 0``.

    All these transformations together give a family of critical points of equal loss. Its tangent vectors have an invertible block triangular part
    in the rows of the fixed weights (a scaling changes the fixed weight of its own unit and those above, a shift changes those of output 0 only), so
    its dimension is their number.
    """
    found = step.expect(0, "fixed", "radius", "precision")
    problem, point = step.problem, step.at_point()
    radius, bits = read_box(found)
    fixed = _read_fixed(found, problem)
    with ball_precision(bits):
        _require_gauge(problem, point, fixed)
        require_critical(problem, point, [k for k in range(problem.N_net) if k not in set(fixed)], radius, bits)
    return conclude(step, "stationary", {"radius": str(radius), "dimension": len(fixed)}), Rigor.BALL


def stationary_scaled(step: Step) -> Result:
    """† The gradient vanishes as in `stationary_exact`, and the scalings of `stationary_box` give a manifold of critical points of the same loss.

    Scaling hidden units, or shifting all logits of softmax, changes no error, so the weights so changed are critical as well; the fixed weights show as
    there that the dimension is their number.
    """
    found = step.expect(0, "fixed")
    rigor = require_zero_gradient(step)
    fixed = _read_fixed(found, step.problem)
    require(bool(fixed), "evidence.fixed", "no weight is named")
    with ball_precision(SIGN_PRECISION):
        _require_gauge(step.problem, step.at_point(), fixed)
    return conclude(step, "stationary", {"radius": AT_THE_POINT, "dimension": len(fixed)}), rigor


def _read_fixed(found: Mapping[str, Any], problem: Problem) -> list[int]:
    listed = read_list(found["fixed"], "evidence.fixed")
    return [read_integer(k, f"evidence.fixed[{n}]", 0, problem.N_net - 1) for n, k in enumerate(listed)]


def _require_gauge(problem: Problem, point: Point, fixed: list[int]) -> None:
    """Demand that the indices name first one incoming weight, not 0, of every hidden unit, then all incoming weights of output 0: either part may be missing.

    The first part needs a homogeneous hidden activation, the second softmax with two outputs or more and the identity at the output.
    """
    logits = problem.error.family == "softmax" and problem.n_L >= 2 and problem.output_activation.family == "identity"
    last = problem.N_net - problem.fan_in(problem.L) * problem.n_L
    scalings = [k for k in fixed if not (logits and k >= last)]
    shift = fixed[len(scalings) :]
    right = fixed == scalings + shift and shift in ([], list(range(last, last + problem.fan_in(problem.L))))
    require(right, "evidence.fixed", "of the weights into the outputs those of output 0 may be fixed, for softmax, all and last")
    if scalings:
        _require_scalings(problem, point, scalings)


def _require_scalings(problem: Problem, point: Point, fixed: list[int]) -> None:
    """Demand a homogeneous hidden activation, and that the indices name one incoming weight, not 0, of every hidden unit in turn."""
    family, k = problem.activation.family, problem.activation.parameter or 0
    homogeneous = family in ("relu", "leaky-relu") or (family == "power" and k >= 2)
    right = homogeneous and problem.bias != "fixed" and problem.L >= 2
    require(right, "evidence.fixed", "fixed weights need hidden layers with a scaling symmetry, and no fixed biases")
    require(len(fixed) == sum(problem.widths[1:-1]), "evidence.fixed", "one incoming weight of every hidden unit must be fixed")
    ring, offset, unit = BoxRing(), 0, 0
    for l in range(1, problem.L):
        m, W = problem.fan_in(l), point.layers[l - 1][0]
        for a in range(problem.widths[l]):
            row = fixed[unit] - offset - a * m
            right = 0 <= row < problem.widths[l - 1] and not_zero(ring.embed(W[row][a]))
            require(right, f"evidence.fixed[{unit}]", f"an incoming weight of unit {a} of layer {l} that is not 0 is expected here")
            unit += 1
        offset += m * problem.widths[l]


def stationary_merged(step: Step) -> Result:
    r"""Units with equal incoming weights act as one (Fukumizu and Amari 2000): a critical point of the smaller network gives a family of them.

    Let s be weights of the network with one unit for each group, ``v_g`` its outgoing weights, and ``e(s)`` those of the network with the group's units
    all given the incoming weights and bias of unit g, and the outgoing weights ``share_i v_g``, ``Σ_{i in g} share_i = 1``: the outputs agree, and so do
    all ``φ`` and all ``δ`` of other units. Let ``∇J(s*) = 0`` in the smaller network. At ``e(s*)`` the derivative by outgoing weights of unit i is that by
    ``v_g``, 0; by incoming weights it is ``share_i`` times that by the incoming weights of unit g, 0; by all others it is that of the smaller network, 0.
    This holds for all shares with these sums, an affine space of dimension ``n_l − #groups`` that is mapped into the weights one to one where ``v_g ≠ 0``
    for the groups of 2 or more, and J is constant on it. ``|e(s) − e(c)|_∞ ≤ ρ max(1, |shares|)`` in the box ``|s − c|_∞ ≤ ρ``. A kink in the box rejects;
    the values z are those of the larger network.
    """
    found = step.expect(0, "layer", "groups", "shares", "radius", "precision")
    problem, point = step.problem, step.at_point()
    radius, bits = read_box(found)
    layer = read_integer(found["layer"], "evidence.layer", 1, problem.L - 1)
    n = problem.widths[layer]
    groups = _read_groups(found["groups"], n)
    shares = [read_rational(q, f"evidence.shares[{i}]") for i, q in enumerate(read_list(found["shares"], "evidence.shares", n))]
    _require_copies(point, layer, groups, shares)
    with ball_precision(bits):
        smaller, merged = _merge(problem, point, layer, groups)
        box = require_critical(smaller, merged, list(range(smaller.N_net)), radius, bits)
        for g, group in enumerate(groups):
            outgoing: Any = box.layers[layer][0][g]
            seen = len(group) == 1 or any(not_zero(v) for v in outgoing)
            require(seen, f"evidence.groups[{g}]", "the outgoing weights of the merged unit are not seen to differ from 0")
    reach = radius * max([fmpq(1), *map(abs, shares)])
    return conclude(step, "stationary", {"radius": str(reach), "dimension": n - len(groups)}), Rigor.BALL


def _read_groups(value: Any, n: int) -> list[list[int]]:
    """Return a partition of ``0..n-1`` into fewer than n increasing lists, ordered by their first elements."""
    place = "evidence.groups"
    groups = [
        [read_integer(i, f"{place}[{g}][{k}]", 0, n - 1) for k, i in enumerate(read_list(group, f"{place}[{g}]"))]
        for g, group in enumerate(read_list(value, place))
    ]
    ordered = all(groups) and all(g == sorted(g) for g in groups) and [g[0] for g in groups] == sorted(g[0] for g in groups)
    require(
        ordered and sorted(i for g in groups for i in g) == list(range(n)), place, "a partition of the units in increasing order is needed"
    )
    require(len(groups) < n, place, "no two units are merged")
    return groups


def _require_copies(point: Point, layer: int, groups: list[list[int]], shares: Sequence[fmpq]) -> None:
    """Demand exactly equal incoming weights in a group, outgoing weights in the given shares of their sum, and shares with sum 1."""
    (W, b), (V, _) = point.layers[layer - 1], point.layers[layer]
    outgoing = embed(FormalRing(), V)
    for g, group in enumerate(groups):
        first = group[0]
        require(sum((shares[i] for i in group), fmpq(0)) == 1, "evidence.shares", f"the shares of group {g} must have the sum 1")
        total = np.sum(outgoing[group], axis=0)
        for i in group:
            same = all(row[i] == row[first] for row in W) and b[i] == b[first]
            require(same, f"evidence.groups[{g}]", f"units {first} and {i} have different incoming weights")
            split = all(vanishes(x - shares[i] * v) for x, v in zip(outgoing[i], total, strict=True))
            require(split, f"evidence.shares[{i}]", "the outgoing weights of this unit are another share of those of its group")


def _merge(problem: Problem, point: Point, layer: int, groups: list[list[int]]) -> tuple[Problem, Point]:
    """Return the network with one unit for each group, and its weights as balls."""
    ring, firsts = BoxRing(), [group[0] for group in groups]
    layers: list[Any] = list(point.layers)
    W, b = layers[layer - 1]
    V, c = layers[layer]
    sums: Array = np.array([np.sum(embed(ring, [V[i] for i in group]), axis=0) for group in groups], dtype=object)
    layers[layer - 1] = (tuple(tuple(row[i] for i in firsts) for row in W), tuple(b[i] for i in firsts))
    layers[layer] = (tuple(map(tuple, sums)), c)
    biases = problem.fixed_bias
    if biases is not None:
        biases = (*biases[: layer - 1], tuple(biases[layer - 1][i] for i in firsts), *biases[layer:])
    widths = (*problem.widths[:layer], len(groups), *problem.widths[layer + 1 :])
    return replace(problem, widths=widths, fixed_bias=biases), Point(tuple(layers))


STATIONARY_BOX_RULES: Mapping[str, Callable[[Step], Result]] = {
    "stationary-box": stationary_box,
    "stationary-scaled": stationary_scaled,
    "stationary-merged": stationary_merged,
}
