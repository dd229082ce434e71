r"""With weight decay: minima of narrower networks of piecewise linear units, a unit of which is replaced by copies of it with factors.

Let a unit of a narrow network have the weights ``(w, b, v)``. Units with ``c_i (w, b, v)``, ``c_i > 0`` and ``Σ c_i² = 1``, in its place have the
same output, ``Σ_i σ(c_i z) c_i v = σ(z) v``, and the same penalty. Near such a point J depends on ``Σ_i c_i²`` at first order only, so it is critical where the
narrow one is, and its Hessian is that of the narrow network and, for changes ``δ_i`` with ``Σ c_i δ_i = 0``, ``Σ_i δ_iᵀ[[Λ, G], [Gᵀ, κ]]δ_i``; rotations are
its kernel. With one output the matrix has no negative eigenvalue (`cell-minimum`), so all these are local minima.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from lossproof.numerics.critical.box import refined_weights, symmetry_gauge
from lossproof.numerics.critical.kink_box import refined_on_kinks
from lossproof.numerics.critical.kink_newton import curvatures_along_kinks, descend_with_pins
from lossproof.numerics.critical.search import search_in_rounds
from lossproof.numerics.critical.starts import generator_of, start_point
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.weight_vectors import weights_of_rows
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_WIDEST, _STARTS = 3, 48
_WIDEST_ON_KINKS, _STARTS_ON_KINKS = 4, 6
_MOST_PARAMETERS, _MOST_WORK = 400, 10**9
_ZERO = 1e-8


def copied_minima(problem: Problem, seed: int) -> Iterator[Weights]:
    """Yield weights that look like local minima in doubles, copies of minima of networks with one to three hidden units, those of large loss first.

    Nothing without weight decay, for units that are not linear on both sides of 0, for more than one hidden layer, fixed biases, frozen layers, or more than
    400 weights; nor where the Hessians of a search would take over a minute. Nothing is proved.
    """
    a = problem.architecture
    kinked = a.L == 2 and a.activation.homogeneity == 1 and bool(a.activation.kinks(1))
    right = problem.decay is not None and kinked and a.bias != "fixed" and not a.frozen
    if not right or a.N_net > _MOST_PARAMETERS or problem.T * a.n_L * a.N_net**2 > _MOST_WORK:
        return
    for minima, widest in ((_off_kinks, _WIDEST), (_on_kinks, _WIDEST_ON_KINKS)):
        for units in range(1, min(a.widths[1] - 1, widest) + 1):
            smaller = problem.with_units(1, range(units))
            for narrow in minima(smaller, seed):
                yield from _copied(problem, smaller, narrow)


def _off_kinks(problem: Problem, seed: int) -> Iterator[Weights]:
    """Yield weights near what looks like strict minima off the kinks, up to symmetries, those of large loss first."""
    for result in search_in_rounds(problem, starts=_STARTS, seed=seed, most=_STARTS):
        for candidate in reversed(result.candidates):
            fixed = symmetry_gauge(problem, candidate.weights)
            if candidate.inertia[:2] == (0, len(fixed)):
                yield refined_weights(problem, candidate.weights, fixed) or candidate.weights


def _on_kinks(problem: Problem, seed: int) -> Iterator[Weights]:
    """Yield weights near what looks like minima on kinks, of one loss once."""
    seen: list[float] = []
    for start in range(_STARTS_ON_KINKS):
        found = descend_with_pins(problem, start_point(problem, "plain", generator_of(seed, start)))
        if found is not None and found.pins and all(abs(found.loss - loss) > _ZERO * loss for loss in seen):
            seen.append(found.loss)
            refined = refined_on_kinks(problem, found)
            yield from () if refined is None else (refined,)


def _copied(problem: Problem, smaller: Problem, narrow: Weights) -> Iterator[Weights]:
    """Yield the minimum with each of its units copied as often as is needed, where that looks like a minimum."""
    units = smaller.architecture.widths[1]
    factors = factors_of_copies(problem.architecture.widths[1] - units + 1)
    for unit in range(units):
        rows = _with_copies(smaller, narrow, unit, factors)
        values = curvatures_along_kinks(problem, np.asarray(rows, dtype=float))
        if values is not None and values[0] > -_ZERO * values[-1]:
            yield weights_of_rows(problem, rows)


def factors_of_copies(count: int) -> list[Fraction]:
    """Return so many positive rational factors whose squares add up to 1, all but the first of them equal.

    >>> [str(c) for c in factors_of_copies(3)]
    ['1/3', '2/3', '2/3']
    """
    t = Fraction(1)
    while (count - 1) * t * t >= 1:
        t /= 2
    whole = 1 + (count - 1) * t * t
    return [(2 - whole) / whole, *[2 * t / whole] * (count - 1)]


def _with_copies(smaller: Problem, narrow: Weights, unit: int, factors: list[Fraction]) -> Array:
    """Return the trainable weights of the wider network, copies of a unit in the last places."""
    a = smaller.architecture
    layers = [np.array([[*column, *[b] * a.bias_rows_of(l)] for column, b in zip(zip(*layer.W, strict=True), layer.b, strict=True)], dtype=object)
              for l, layer in enumerate(narrow.layers, start=1)]  # fmt: skip
    incoming, outgoing = layers
    kept = [k for k in range(len(incoming)) if k != unit]
    first = np.vstack([incoming[kept], *(incoming[unit : unit + 1] * c for c in factors)])
    last = np.hstack([outgoing[:, kept], *(outgoing[:, unit : unit + 1] * c for c in factors), outgoing[:, len(incoming) :]])
    return np.concatenate([first.ravel(), last.ravel()])
