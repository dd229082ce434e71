r"""All critical points of a small network of powers, by elimination: its loss is a polynomial in the weights.

The components of the gradient of ``T J`` vanish at a critical point, and with them all resultants: by one weight after the other, until polynomials in one
weight are left. Their greatest common divisor has that weight of each critical point among its roots. Choices of real roots, one for each weight, at which the
gradient vanishes to many digits are the critical points. Nothing is proved here: who checks a list does it anew.

Changing all signs of the weights below the last layer, and for an odd power those of v, too, changes no loss; a neuron has that symmetry for even powers only.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import combinations, product
from math import prod
from typing import Any

import numpy as np
from flint import Ordering, arb, ctx, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory import limits
from lossproof.theory.problem.problem import Problem

_BITS, _CLOSE, _SAME = 256, 1e-6, 1e-9


@dataclass(frozen=True)
class Solutions:
    """Critical points in doubles, one of each orbit, one a row in the order of the rows of P; ``ended`` says why there is no list, or is empty."""

    points: Floats
    ended: str = ""


def is_algebraic(problem: Problem) -> bool:
    """Tell whether all activations are powers, so that the loss is a polynomial if the error is squared."""
    a = problem.architecture
    return all(a.activation_of(l).degree is not None for l in range(1, a.L + 1))


def obstacle(problem: Problem) -> str:
    """Return why no elimination is tried with powers, in words that follow "as"; empty where it can be."""
    a = problem.architecture
    if problem.error.name != "squared" or a.n_L != 1:
        return "the error must be squared and the output one number"
    if a.L > 2 or (a.L == 2 and not a.output_activation.is_identity) or "fixed" in a.biases:
        return "the network must be a neuron, or have one hidden layer and identity output, and no fixed bias"
    if a.N_net > limits.MAX_ALGEBRAIC_WEIGHTS:
        return f"at most {limits.MAX_ALGEBRAIC_WEIGHTS} weights are covered with powers"
    return ""


def critical_points(problem: Problem) -> Solutions:
    """Return all critical points of a problem that `obstacle` finds nothing against.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> neuron = Architecture.of("1-1", output_activation="power:2", bias="none")
    >>> critical_points(Problem(neuron, error_named("squared"), Samples.of([[1], [2]], [[4], [16]]))).points.tolist()
    [[-2.0], [0.0]]
    """
    N, none = problem.architecture.N_net, np.zeros((0, problem.architecture.N_net))
    g = gradient(problem)
    degree = max(1, *(int(p.total_degree()) for p in g)) ** 2 ** (N - 1)
    if degree > limits.MAX_ELIMINANT:
        return Solutions(none, f"an eliminant may have degree {degree}, and {limits.MAX_ELIMINANT} is the most")
    if max(map(_length, g)) > limits.MAX_ALGEBRAIC_BITS:
        return Solutions(
            none, f"coefficients of the gradient, with a common denominator, may have more than {limits.MAX_ALGEBRAIC_BITS} bits"
        )
    eliminants = [_eliminant(g, k) for k in range(N)]
    if None in eliminants:
        return Solutions(none, "no elimination leaves a polynomial, as where critical points are a continuum")
    with ctx.workprec(_BITS):
        roots = [_real_roots(p) for p in eliminants]
        if prod(map(len, roots)) > limits.MAX_CELLS:
            return Solutions(none, f"there are {prod(map(len, roots)):,} choices of real roots, and {limits.MAX_CELLS:,} are the most")
        found = [W for W in _likely(g, roots) if all(_value(p, W).contains(0) for p in g)]
    points = np.array([[float(w.mid()) for w in W] for W in found]).reshape(-1, N)
    return Solutions(points[_one_of_each_orbit(problem, points)])


def gradient(problem: Problem) -> list[fmpq_mpoly]:
    """Return the components of ``T ∇J`` as polynomials."""
    a = problem.architecture
    system = fmpq_mpoly_ctx.get([f"w{k}" for k in range(a.N_net)], Ordering.lex)
    zero, W, units = system.from_dict({}), list(system.gens()), a.widths[1] if a.L == 2 else 0
    m, total = a.widths[0] + a.bias_rows_of(1), zero
    for x, y in zip(problem.samples.X, problem.samples.Y, strict=True):
        row = [*(to_flint(Fraction(c)) for c in x), *[fmpq(1)] * a.bias_rows_of(1)]
        phi = [
            sum((w * c for w, c in zip(W[k * m : k * m + m], row, strict=True)), zero) ** (a.activation_of(1).degree or 1)
            for k in range(max(units, 1))
        ]
        v = W[units * m :] if units else [system.from_dict({(0,) * a.N_net: fmpq(1)})]
        total += (
            sum((c * f for c, f in zip(v, [*phi, *[zero + 1] * (len(v) - len(phi))], strict=True)), zero) - to_flint(Fraction(y[0]))
        ) ** 2
    rates = [Fraction(0)] * a.N_net if problem.decay is None else problem.decay.rates(a)
    total += sum((w * w * (to_flint(rate) * problem.T) for w, rate in zip(W, rates, strict=True)), zero)
    return [total.derivative(k) / 2 for k in range(a.N_net)]


def _length(p: fmpq_mpoly) -> int:
    """Return a bound of the bits of the coefficients with a common denominator, above that of the checker."""
    coefficients = [c for _, c in _terms(p)]
    denominators = {int(c.q) for c in coefficients}
    odd = {d // (d & -d) for d in denominators} - {1}
    longest = max((int(c.p).bit_length() for c in coefficients), default=0)
    return (
        longest + max(((d & -d).bit_length() for d in denominators), default=0) + len(odd) * max((d.bit_length() for d in odd), default=0)
    )


def _eliminant(polynomials: list[fmpq_mpoly], kept: int) -> fmpq_poly | None:
    """Return a polynomial in one weight that vanishes at all common zeros; None where none is found."""
    for k in range(len(polynomials)):
        if k != kept:
            free = [p for p in polynomials if p.degrees()[k] <= 0]
            polynomials = free + [p.resultant(q, k) for p, q in combinations([p for p in polynomials if p.degrees()[k] > 0], 2)]
    shared = [p for p in polynomials if not p.is_zero()]
    if not shared:
        return None
    terms = {powers[kept]: c for powers, c in _terms(reduce(fmpq_mpoly.gcd, shared))}
    return fmpq_poly([terms.get(n, 0) for n in range(max(terms) + 1)])


def _real_roots(p: Any) -> list[arb]:
    return [root.real for root, _ in p.complex_roots() if root.imag.contains(0)]


def _likely(g: list[fmpq_mpoly], roots: list[list[arb]]) -> list[tuple[arb, ...]]:
    """Return the choices of roots at which the gradient is small in doubles."""
    axes = np.meshgrid(*(np.array([float(r.mid()) for r in some]) for some in roots), indexing="ij")
    small = np.ones(axes[0].shape, dtype=bool)
    for p in g:
        terms = [float(from_flint(c)) * np.prod([w**n for w, n in zip(axes, powers, strict=True)], axis=0) for powers, c in _terms(p)]
        small &= np.abs(np.sum(terms, axis=0)) <= _CLOSE * np.sum(np.abs(terms), axis=0) + np.finfo(float).tiny
    return [cell for cell, keep in zip(product(*roots), small.ravel(), strict=True) if keep]


def _value(p: fmpq_mpoly, W: tuple[arb, ...]) -> arb:
    return sum((prod((w**n for w, n in zip(W, powers, strict=True)), start=arb(c)) for powers, c in _terms(p)), arb(0))


def _terms(p: fmpq_mpoly) -> list[tuple[tuple[int, ...], fmpq]]:
    return [(tuple(map(int, powers)), c) for powers, c in p.to_dict().items()]


def orbit(problem: Problem, W: Floats) -> Floats:
    """Return weights and, where there is one, their image under the change of signs, one a row."""
    a = problem.architecture
    power, inner = a.activation_of(1).degree or 1, a.widths[1] * a.fan_in(1)
    image = W * np.where(np.arange(a.N_net) < inner, -1, (-1) ** power)
    return np.array([W, image] if power % 2 == 0 or (a.L == 2 and not a.bias_rows_of(2)) else [W])


def _one_of_each_orbit(problem: Problem, points: Floats) -> list[int]:
    """Return the indices of points of which none is the image of one before."""
    kept = list[int]()
    for k, W in enumerate(points):
        if not any(np.all(np.abs(image - W) <= _SAME * np.abs(W)) for j in kept for image in orbit(problem, points[j])[1:]):
            kept.append(k)
    return kept
