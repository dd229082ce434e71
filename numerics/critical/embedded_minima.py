r"""Strict minima of narrower networks, a unit of which is copied: local minima of the network itself where the matrix of the copied unit is definite.

Let one output have a strict minimum at fewer hidden units, one of which has the incoming weights ``w`` and the outgoing weight ``v``. Copies of it with shares
``λ_i`` of ``v``, ``Σ λ_i = 1``, are critical (`merged_units`). For changes ``δ_i`` of their incoming weights with ``Σ λ_i δ_i = 0`` the Hessian is
``Σ λ_i δ_iᵀ B δ_i/T`` with ``B = v Σ ε σ''(z) x̃ x̃ᵀ``; for the others it is that of the narrow network. So for ``B ≻ 0`` all positive shares give local minima,
and for ``B ≺ 0`` shares of which one is above 1 and all others are negative: then ``Σ λ_i |δ_i|² < 0`` unless all ``δ_i`` are 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lossproof.numerics.critical.search import Candidate, search_in_rounds
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, unit_blocks, weights_of_rows
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_WIDEST, _STARTS, _MOST_PARAMETERS = 3, 24, 300
_ZERO = 1e-9


def embedded_minima(problem: Problem, seed: int) -> Iterator[Weights]:
    """Yield weights that look like local minima in doubles, copies of strict minima of networks with one to three hidden units, those of large loss first.

    Nothing for more than one output or hidden layer, fixed biases, frozen layers, activations that are not twice differentiable, or more than 300 weights.
    Nothing is proved.
    """
    a = problem.architecture
    if (
        problem.decay is not None
        or a.L != 2
        or a.n_L != 1
        or a.bias == "fixed"
        or a.frozen
        or a.kinked_layers(2)
        or a.N_net > _MOST_PARAMETERS
    ):
        return
    for units in range(1, min(a.widths[1], _WIDEST + 1)):
        smaller = problem.with_units(1, range(units))
        for result in search_in_rounds(smaller, starts=_STARTS, seed=seed, most=_STARTS):
            for candidate in reversed(result.candidates):
                if candidate.inertia[:2] == (0, 0):
                    yield from _copied(problem, smaller, candidate)


def _copied(problem: Problem, smaller: Problem, candidate: Candidate) -> Iterator[Weights]:
    """Yield the minimum with each of its units copied as often as is needed, with shares of one sign or of two, where that looks like a minimum."""
    copies = problem.architecture.widths[1] - smaller.architecture.widths[1] + 1
    share, landscape = 0.5 ** int(copies).bit_length(), FloatLandscape(problem)
    for unit in range(smaller.architecture.widths[1]):
        for others in (share, -share):
            point = _with_copies(smaller, candidate, unit, np.array([1 - others * (copies - 1), *[others] * (copies - 1)]))
            values = np.linalg.eigvalsh(landscape.at(point[None]).hessian[0])
            zero = _ZERO * float(np.abs(values).max())
            if values[0] > -zero and int((values < zero).sum()) == copies - 1:
                yield weights_of_rows(problem, point)


def _with_copies(smaller: Problem, candidate: Candidate, unit: int, shares: Array) -> Array:
    """Return the trainable weights of the wider network, copies of a unit in the last places."""
    incoming, outgoing = unit_blocks(smaller.architecture, flat_weights(smaller, candidate.weights))
    kept = [k for k in range(len(incoming)) if k != unit]
    first = np.vstack([incoming[kept], np.tile(incoming[unit], (len(shares), 1))])
    last = np.concatenate([outgoing[0, kept], shares * outgoing[0, unit], outgoing[0, len(incoming) :]])
    return np.concatenate([first.ravel(), last])
