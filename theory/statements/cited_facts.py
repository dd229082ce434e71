"""What published theorems ask of widths, activations and samples, where integers and exact comparison answer."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import comb

from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.problem import Problem


def is_linear(activation: Activation) -> bool:
    """Tell whether ``σ(z) = z`` for all z."""
    return activation.degree == 1


def is_increasing_and_tame(activation: Activation) -> bool:
    """Tell whether σ is analytic, strictly increasing, and bounded or small on one side and at most linear on the other (see `Activation`).

    >>> from lossproof.theory.functions.activations import activation_named
    >>> [is_increasing_and_tame(activation_named(name)) for name in ("tanh", "softplus", "bent-identity", "gelu")]
    [True, True, False, False]
    """
    return activation.analytic.holds and activation.increasing.holds and activation.tame.holds


def is_leaky(activation: Activation) -> bool:
    """Tell whether σ is a leaky relu: two rising lines that meet at 0 in a kink."""
    return activation.homogeneity == 1 and activation.increasing.holds and activation.kinks(1) != ()


def wide_pyramid_layer(widths: tuple[int, ...], T: int) -> int | None:
    """Return the last hidden layer k with ``n_k ≥ T − 1`` and ``n_{k+1} ≥ … ≥ n_L``, or None.

    >>> wide_pyramid_layer((2, 9, 3, 3, 1), 10), wide_pyramid_layer((2, 9, 3, 4, 1), 10), wide_pyramid_layer((2, 9, 3, 9, 1), 10)
    (1, None, 3)
    """
    for k in range(len(widths) - 2, 0, -1):
        above = widths[k + 1 :]
        if widths[k] >= T - 1 and all(a >= b for a, b in pairwise(above)):
            return k
    return None


def telling_coordinate(problem: Problem) -> int | None:
    """Return an input coordinate with T different values, or None."""
    columns = zip(*problem.samples.X, strict=True)
    return next((c for c, column in enumerate(columns) if len(set(column)) == problem.T), None)


def intrinsic_dimension(problem: Problem) -> int:
    """Return a bound of the dimension of the span of the vectors ``(σ(wᵀx̃_i))_i`` over all w, for ``L = 2`` and no fixed bias.

    Equal inputs give equal entries, so it is at most the number of different inputs; for ``z^k`` the entries are values of a form of degree k in
    ``n_0 + [bias]`` variables, of which ``C(n_0 + [bias] + k − 1, k)`` are independent.
    """
    a = problem.architecture
    distinct = problem.samples.distinct_inputs()
    k = a.activation.degree
    return distinct if k is None else min(distinct, comb(a.fan_in(1) + k - 1, k))


def target_signs(problem: Problem) -> tuple[int, ...] | None:
    """Return for each sample 1 or −1, as its one target is the upper or the lower end of the output's range; None if some target is neither."""
    ends = problem.architecture.output_activation.range
    signs: dict[Fraction | None, int] = {ends.upper: 1, ends.lower: -1}
    found = [signs.get(row[0], 0) for row in problem.samples.Y]
    return tuple(found) if all(found) else None
