r"""All critical points of a small network of powers, by exact algebra: its loss is a polynomial in the weights.

The components of the gradient of ``T J`` vanish at a critical point. Where that by a weight is linear in it, the weight is eliminated, and follows from the
others. Those are found by resultants, by one weight after the other, until polynomials in one weight are left: their greatest common divisor has that weight
of each critical point among its roots. Or, where these would be too large, all complex zeros are met by a homotopy. Real ones at which the gradient vanishes
to many digits are the critical points. Nothing is proved here: who checks a list does it anew.

Changing all signs of the weights below the last layer, and for an odd power those of v, too, changes no loss; in one layer even powers allow it for each
output. One hidden unit whose weights do not decay can be scaled against its output weight v: the points with ``v = 1``, for even powers ``v = ±1``, stand
for all with ``v ≠ 0``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import combinations, product
from math import comb, prod
from typing import Any

import numpy as np
from flint import Ordering, arb, ctx, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.homotopy import System, complex_zeros
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory import limits
from lossproof.theory.problem.problem import Problem

_BITS, _CLOSE, _SAME, _REAL, _NOTHING = 256, 1e-6, 1e-9, 1e-10, 1e-30
_TOO_LONG = "coefficients of the gradient, with a common denominator, may have more than {} bits"
_CONTINUUM = "no elimination leaves a polynomial, as where critical points are a continuum"

Zeros = tuple[tuple[Fraction, ...], ...]
"""A row for each complex zero: the radius of a box around it, then real and imaginary parts."""


@dataclass(frozen=True)
class Solutions:
    """Critical points in doubles, one of each orbit, one a row in the order of the rows of P; ``ended`` says why there is no list, or is empty.

    ``zeros`` are all complex zeros, None where weights were eliminated, for each value that the output weight was given.
    """

    points: Floats
    ended: str = ""
    zeros: tuple[Zeros | None, ...] = ()


class _NoListError(Exception):
    """Why there is no list, in words."""


def is_algebraic(problem: Problem) -> bool:
    """Tell whether all activations are powers, so that the loss is a polynomial if the error is squared."""
    a = problem.architecture
    return all(a.activation_of(l).degree is not None for l in range(1, a.L + 1))


def is_scaled(problem: Problem) -> bool:
    """Tell whether there is one hidden unit, and no decay of its weights: it can be scaled against its output weight."""
    a = problem.architecture
    return a.L == 2 and a.widths[1] == 1 and not any(_rates(problem)[: a.fan_in(1) + 1])


def idle_are_global(problem: Problem) -> bool:
    """Tell whether the critical points with ``v = 0``, where v can be scaled, are global: where ``∂J/∂v`` is 0 for all weights into the unit."""
    a = problem.architecture
    v = a.N_net - a.fan_in(2)
    targets, rate = [Fraction(y) for (y,) in problem.samples.Y], _rates(problem)[-1]
    held = {f"w{v}": fmpq(0), f"w{a.N_net - 1}": to_flint(sum(targets, Fraction(0)) / (problem.T * (1 + rate)))}
    return gradient(problem)[v].subs(dict([*held.items()][: 1 + a.bias_rows_of(2)])).is_zero()


def obstacle(problem: Problem) -> str:
    """Return why no algebra is tried with powers, in words that follow "as"; empty where it can be."""
    a = problem.architecture
    if a.frozen:
        return "frozen layers are not covered"
    if problem.error.name != "squared" or (a.n_L != 1 and a.L > 1):
        return "the error must be squared, and the output of a hidden layer one number"
    if a.L > 2 or (a.L == 2 and not a.output_activation.is_identity) or "fixed" in a.biases:
        return "the network must have one layer, or one hidden layer and identity output, and no fixed bias"
    if a.N_net > limits.MAX_ALGEBRAIC_WEIGHTS:
        return f"at most {limits.MAX_ALGEBRAIC_WEIGHTS} weights are covered with powers"
    return ""


def critical_points(problem: Problem) -> Solutions:
    """Return all critical points of a problem that `obstacle` finds nothing against, but for those with ``v = 0`` where v can be scaled.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> neuron = Architecture.of("1-1", output_activation="power:2", bias="none")
    >>> critical_points(Problem(neuron, error_named("squared"), Samples.of([[1], [2]], [[4], [16]]))).points.tolist()
    [[-2.0], [0.0]]
    """
    a, k = problem.architecture, problem.architecture.activation_of(1).degree or 1
    v = a.N_net - a.fan_in(a.L)
    scales: list[dict[int, int]] = [{v: 1}, {v: -1}][: 2 - k % 2] if is_scaled(problem) else [{}]
    try:
        _limit_terms((a.widths[1] * comb(a.fan_in(1) + k - 1, k) + 1) ** 2)
        g = gradient(problem)
        if max(map(_length, g)) > limits.MAX_ALGEBRAIC_BITS:
            raise _NoListError(_TOO_LONG.format(limits.MAX_ALGEBRAIC_BITS))
        found = [_points_with(g, held, v if a.L > 1 else a.N_net) for held in scales]
    except _NoListError as reason:
        return Solutions(np.zeros((0, a.N_net)), str(reason))
    points = np.array([W for some, _ in found for W in some]).reshape(-1, a.N_net)
    return Solutions(points[_one_of_each_orbit(problem, points)], zeros=tuple(zeros for _, zeros in found))


def _limit_terms(terms: int) -> None:
    if terms > limits.MAX_TERMS:
        raise _NoListError(f"polynomials may have {terms:,} terms, and {limits.MAX_TERMS:,} are the most")


def _rates(problem: Problem) -> list[Fraction]:
    a = problem.architecture
    return [Fraction(0)] * a.N_net if problem.decay is None else problem.decay.rates(a)


def gradient(problem: Problem) -> list[fmpq_mpoly]:
    """Return the components of ``T ∇J`` as polynomials."""
    a = problem.architecture
    system = fmpq_mpoly_ctx.get([f"w{k}" for k in range(a.N_net)], Ordering.lex)
    zero, W, units = system.from_dict({}), list(system.gens()), a.widths[1] if a.L == 2 else 0
    m, total, one = a.fan_in(1), zero, system.from_dict({(0,) * a.N_net: fmpq(1)})
    for x, y in zip(problem.samples.X, problem.samples.Y, strict=True):
        row = [*(to_flint(Fraction(c)) for c in x), *[fmpq(1)] * a.bias_rows_of(1)]
        phi = [
            sum((w * c for w, c in zip(W[k * m : k * m + m], row, strict=True)), zero) ** (a.activation_of(1).degree or 1)
            for k in range(a.widths[1])
        ]
        v = W[units * m :]
        outputs = [sum((c * f for c, f in zip(v, [*phi, *[one] * (len(v) - len(phi))], strict=True)), zero)] if units else phi
        total += sum(((f - to_flint(Fraction(t))) ** 2 for f, t in zip(outputs, y, strict=True)), zero)
    total += sum((w * w * (to_flint(rate) * problem.T) for w, rate in zip(W, _rates(problem), strict=True)), zero)
    return [total.derivative(k) / 2 for k in range(a.N_net)]


def _points_with(gradient: Sequence[fmpq_mpoly], held: Mapping[int, int], first: int) -> tuple[list[list[float]], Zeros | None]:
    """Return the points with some weights held at which the components by all others vanish, and the complex zeros if they were sought.

    The weights from the ``first`` on are those of an output over a hidden layer.
    """
    all_of = [p.subs({f"w{k}": c for k, c in held.items()}) for p in gradient]
    g, linear, zeros = {k: p for k, p in enumerate(all_of) if k not in held}, list[tuple[int, fmpq_mpoly]](), None
    for k in sorted(g, reverse=True):
        if g[k].degrees()[k] == 1 and (k >= first or g[k].derivative(k).is_constant()):
            p, n = g[k], max(int(q.degrees()[k]) for q in g.values())
            _limit_terms(comb(max(int(q.total_degree()) for q in g.values()) + n * int(p.total_degree()) + len(g), len(g)))
            del g[k]
            linear.append((k, p))
            g = {j: p.resultant(q, k) if q.degrees()[k] > 0 else q for j, q in g.items()}
    degree = max([1, *(int(p.total_degree()) for p in g.values())]) ** 2 ** max(len(g) - 1, 0)
    with ctx.workprec(_BITS):
        try:
            zeros = _by_homotopy(g, degree) if len(g) > 2 or degree > limits.MAX_ELIMINANT else None
        except _NoListError:
            if degree > limits.MAX_ELIMINANT:
                raise
        choices = (
            _by_resultants(g) if zeros is None else [tuple(arb(to_flint(x)) for x in row[1::2]) for row in zeros if not any(row[2::2])]
        )
        found = [_following(held, linear, dict(zip(g, W, strict=True))) for W in choices]
        likely = [W for W in found if zeros is not None or all(_value(p, W).contains(0) for p in all_of)]
    return [[float(W[k].mid()) for k in range(len(gradient))] for W in likely], zeros


def _following(held: Mapping[int, int], linear: Sequence[tuple[int, fmpq_mpoly]], W: dict[int, arb]) -> dict[int, arb]:
    """Return all weights, of which some are held, and some follow from the others."""
    W |= {k: arb(c) for k, c in held.items()}
    for k, p in reversed(linear):
        slope = _value(p.derivative(k), W)
        if slope.contains(0):
            raise _NoListError(_CONTINUUM)
        W[k] = -_value(p, W | {k: arb(0)}) / slope
    return W


def _by_resultants(g: Mapping[int, fmpq_mpoly]) -> list[tuple[arb, ...]]:
    """Return choices of real roots of eliminants at which a system is small in doubles."""
    if max(map(_length, g.values()), default=0) > limits.MAX_ALGEBRAIC_BITS:
        raise _NoListError(_TOO_LONG.format(limits.MAX_ALGEBRAIC_BITS))
    roots = [_real_roots(_eliminant([*g.values()], k, [j for j in g if j != k])) for k in g]
    if prod(map(len, roots)) > limits.MAX_CELLS:
        raise _NoListError(f"there are {prod(map(len, roots)):,} choices of real roots, and {limits.MAX_CELLS:,} are the most")
    return _likely([{tuple(m[k] for k in g): c for m, c in _terms(p)} for p in g.values()], roots) if roots else [()]


def _by_homotopy(g: Mapping[int, fmpq_mpoly], degree: int) -> Zeros:
    """Return all complex zeros of a system, those that are real as such; the degree is that of an eliminant."""
    degrees = [int(p.total_degree()) for p in g.values()]
    if prod(degrees) > limits.MAX_ZEROS or min(degrees) < 1:
        raise _NoListError(
            f"an eliminant may have degree {degree:,}, and {limits.MAX_ELIMINANT} is the most, and "
            f"there may be {prod(degrees):,} complex zeros, and {limits.MAX_ZEROS} are the most"
        )
    polynomials = [{tuple(m[k] for k in g): float(from_flint(c)) for m, c in _terms(p)} for p in g.values()]
    z = complex_zeros(polynomials)
    if z is None:
        raise _NoListError(f"a homotopy does not meet {prod(degrees)} zeros, so some are multiple, or lie at infinity")
    size = np.abs(z).max(axis=1, keepdims=True)
    z = np.where(np.abs(z) <= np.maximum(np.finfo(float).eps * size, _NOTHING * size.max()), 0, z)
    z = np.where(np.abs(z.imag).max(axis=1, keepdims=True) <= _REAL * size, z.real, z)
    value, slope = System(polynomials).at(z)
    error = np.abs(np.linalg.solve(slope, value[..., None])[..., 0]).max(axis=1) + np.finfo(float).eps * np.abs(z).max(axis=1)
    radii = 2.0 ** (np.ceil(np.log2(error + np.finfo(float).tiny)) + 10)
    return tuple(
        (Fraction(float(r)), *(Fraction(float(x)) for w in row for x in (w.real, w.imag))) for r, row in zip(radii, z, strict=True)
    )


def _length(p: fmpq_mpoly) -> int:
    """Return a bound of the bits of the coefficients with a common denominator, above that of the checker."""
    coefficients = [c for _, c in _terms(p)]
    denominators = {int(c.q) for c in coefficients}
    odd = {d // (d & -d) for d in denominators} - {1}
    longest = max((int(c.p).bit_length() for c in coefficients), default=0)
    return (
        longest + max(((d & -d).bit_length() for d in denominators), default=0) + len(odd) * max((d.bit_length() for d in odd), default=0)
    )


def _eliminant(polynomials: list[fmpq_mpoly], kept: int, others: Sequence[int]) -> fmpq_poly:
    """Return a polynomial in one weight that vanishes at all common zeros."""
    for k in others:
        free = [p for p in polynomials if p.degrees()[k] <= 0]
        polynomials = free + [p.resultant(q, k) for p, q in combinations([p for p in polynomials if p.degrees()[k] > 0], 2)]
    shared = [p for p in polynomials if not p.is_zero()]
    if not shared:
        raise _NoListError(_CONTINUUM)
    terms = {powers[kept]: c for powers, c in _terms(reduce(fmpq_mpoly.gcd, shared))}
    return fmpq_poly([terms.get(n, 0) for n in range(max(terms) + 1)])


def _real_roots(p: Any) -> list[arb]:
    return [root.real for root, _ in p.complex_roots() if root.imag.contains(0)]


def _likely(g: Sequence[Mapping[tuple[int, ...], fmpq]], roots: list[list[arb]]) -> list[tuple[arb, ...]]:
    """Return the choices of roots at which polynomials are small in doubles."""
    axes = np.meshgrid(*(np.array([float(r.mid()) for r in some]) for some in roots), indexing="ij")
    small = np.ones(axes[0].shape, dtype=bool)
    for p in g:
        terms = [float(from_flint(c)) * np.prod([w**n for w, n in zip(axes, powers, strict=True)], axis=0) for powers, c in p.items()]
        small &= np.abs(np.sum(terms, axis=0)) <= _CLOSE * np.sum(np.abs(terms), axis=0) + np.finfo(float).tiny
    return [cell for cell, keep in zip(product(*roots), small.ravel(), strict=True) if keep]


def _value(p: fmpq_mpoly, W: Mapping[int, arb]) -> arb:
    return sum((prod((W[k] ** n for k, n in enumerate(powers) if n), start=arb(c)) for powers, c in _terms(p)), arb(0))


def _terms(p: fmpq_mpoly) -> list[tuple[tuple[int, ...], fmpq]]:
    return [(tuple(map(int, powers)), c) for powers, c in p.to_dict().items()]


def orbit(problem: Problem, W: Floats) -> Floats:
    """Return weights and their other images under changes of signs that change no loss, one a row."""
    a = problem.architecture
    power, inner = a.activation_of(1).degree or 1, a.widths[1] * a.fan_in(1)
    if a.L == 1:
        each = product((1, -1) if power % 2 == 0 else (1,), repeat=a.n_L)
        return np.array([W * np.repeat(signs, a.fan_in(1)) for signs in each])
    image = W * np.repeat([-1, (-1) ** power, 1], [inner, a.widths[1], a.N_net - inner - a.widths[1]])
    return np.array([W] if is_scaled(problem) and power % 2 else [W, image])


def _one_of_each_orbit(problem: Problem, points: Floats) -> list[int]:
    """Return the indices of points of which none is the image of one before."""
    kept = list[int]()
    for k, W in enumerate(points):
        if not any(np.all(np.abs(image - W) <= _SAME * np.abs(W)) for j in kept for image in orbit(problem, points[j])[1:]):
            kept.append(k)
    return kept
