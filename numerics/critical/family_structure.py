"""The families of weights near which critical points are looked for: zeros of units that stay 0, and units that stay equal or opposite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from lossproof.numerics.critical.alike_outputs import ties_of_outputs
from lossproof.numerics.critical.identities import place_of, shifts_logits
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

Tie = tuple[int, int, Fraction]
"""A weight that follows another one, that one, and the ratio in which it moves."""


def families_of(problem: Problem, weights: Weights) -> Iterator[tuple[tuple[int, ...], tuple[Tie, ...]]]:
    """Yield families that hold the weights, as what is held and what is tied: all weights, those with zeros held, and with equal units tied as well.

    Where outputs follow others, families in which they keep to that come first.
    """
    outputs, held = ties_of_outputs(problem, weights), _zeros_of_units(problem, weights)
    if outputs:
        for zeros in ((), held):
            yield zeros, _compatible(outputs, set(zeros))
            yield zeros, _compatible([*outputs, *_ties(problem, weights)], set(zeros))
    yield (), ()
    yield held, ()
    even = _even_ties(problem, weights)
    yield held, even
    yield held, _compatible([*even, *_ties(problem, weights)], set(held))
    yield (), _compatible(_ties(problem, weights), set())


def _even_ties(problem: Problem, weights: Weights) -> tuple[Tie, ...]:
    """Return for softmax the ties that keep the outgoing weights of a unit equal where they are: such a unit moves all logits alike, as if it had none."""
    a = problem.architecture
    if not shifts_logits(problem) or a.L == 1:
        return ()
    even = [u for u, row in enumerate(weights.layers[-1].W) if all(v == row[0] for v in row)]
    return tuple(sorted((place_of(a, a.L, j, u), place_of(a, a.L, 0, u), Fraction(1)) for u in even for j in range(1, a.n_L)))


def _compatible(ties: Sequence[Tie], held: set[int]) -> tuple[Tie, ...]:
    """Return of some ties those in which no weight is held, or follows two others or one that follows itself; the earlier ones come first."""
    found = dict[int, Tie]()
    leaders = set[int]()
    for k, m, q in ties:
        if not {k, m} & held and k not in found and m not in found and k not in leaders:
            found[k] = k, m, q
            leaders.add(m)
    return tuple(found[k] for k in sorted(found))


def _zeros_of_units(problem: Problem, weights: Weights) -> tuple[int, ...]:
    """Return the weights of inputs without weights, into hidden units without incoming ones, and out of units without outgoing ones.

    But not those that `_even_ties` keep equal.
    """
    a, found = problem.architecture, set[int]()
    for l in range(1, a.L):
        before, behind = weights.layers[l - 1].W, weights.layers[l].W
        for u in range(a.widths[l]):
            if all(row[u] == 0 for row in before):
                found |= {place_of(a, l, u, k) for k in range(a.widths[l - 1])}
            if all(v == 0 for v in behind[u]) and not (l == a.L - 1 and shifts_logits(problem)):
                found |= {place_of(a, l + 1, j, u) for j in range(a.widths[l + 1])}
    found |= {place_of(a, 1, u, j) for j, row in enumerate(weights.layers[0].W) if not any(row) for u in range(a.widths[1])}
    return tuple(sorted(found))


def _ties(problem: Problem, weights: Weights) -> list[Tie]:
    """Return the ties that keep hidden units equal, or opposite; outgoing weights are tied, too, where they are several in one ratio."""
    a, ties = problem.architecture, list[Tie]()
    for l in range(1, a.L):
        leaders: list[int] = []
        for u in range(a.widths[l]):
            mine = _incoming(a, weights, l, u)
            same = next(((m, s) for m in leaders for s in (1, -1) if mine and mine == [s * x for x in _incoming(a, weights, l, m)]), None)
            if same is None:
                if any(mine):
                    leaders.append(u)
                continue
            m, sign = same
            pairs = [(place_of(a, l, u, k), place_of(a, l, m, k), Fraction(sign)) for k in range(a.fan_in(l))]
            out = [(place_of(a, l + 1, j, u), place_of(a, l + 1, j, m), q) for j, q in _ratios(weights, l, u, m)]
            ties += [*pairs, *out]
    return ties


def _incoming(a: Architecture, weights: Weights, l: int, u: int) -> list[Fraction]:
    """Return the incoming weights of a unit with its trainable bias; none where one is irrational."""
    layer = weights.layers[l - 1]
    numbers = [*(row[u] for row in layer.W), *([layer.b[u]] if a.bias_rows_of(l) else [])]
    rational = [x for x in numbers if isinstance(x, Fraction)]
    return rational if len(rational) == len(numbers) else []


def _ratios(weights: Weights, l: int, u: int, m: int) -> list[tuple[int, Fraction]]:
    """Return the outgoing weights of unit u with their ratio to those of unit m, which is the same for all; none where they are single, or in no ratio."""
    mine, others = weights.layers[l].W[u], weights.layers[l].W[m]
    rational = [(v, w) for v, w in zip(mine, others, strict=True) if isinstance(v, Fraction) and isinstance(w, Fraction)]
    quotients = {v / w for v, w in rational if w}
    one = len(mine) > 1 and len(rational) == len(mine) and len(quotients) == 1 and all(w or not v for v, w in rational)
    return [(j, q) for q in quotients for j in range(len(mine))] if one else []
