r"""All critical points of a small network of polynomials, by exact algebra: cells of which each holds one at most, and all lie in them.

Activations are powers, the error is squared: the components of ``T ∇J`` are polynomials in the weights, formed in `FormalRing`.

*Linear weights.* Where the component by a weight w is ``A w + r``, with A and r free of w, the resultants of it and the others by w, which are combinations of
both, vanish wherever all components do, and do not have w. Once all others are known to lie in some balls, ``w = −r/A`` if the ball of A has no 0.

*The others* are found in one of two ways. To keep one weight all others are eliminated by resultants. What is left at last is a polynomial in one weight, not
0, which has a root at that weight of every critical point. All its roots are isolated by FLINT, one in a ball each. Or all complex zeros are given, as
below. A cell is a choice of one real root for each weight, or a box of a zero that may be real, with the linear weights: two critical points in one cell have
the same weights. A cell on which a component of the gradient is not 0, in balls, holds none.

*Signs.* With an even power the weights of a unit with all signs changed give the same activation, with an odd one the opposite: the change of all signs of
``θ``, and for an odd power of those of v, leaves J as it is. One layer has no v: with an even power the signs of the weights of each output may change.

*Scales.* Let there be one hidden unit, ``F = v (θ·x̃)^k + c``, and no decay of θ and v. Then ``(t θ, v/t^k, c)`` has the same outputs for ``t > 0``, for odd k
for all ``t ≠ 0``. A critical point with ``v ≠ 0`` has an image with ``v = 1``, or for even k with ``v = ±1``, and is known up to scale where that is. So v is
held, and the components by the other weights are looked at. With ``v = 0`` there are critical points where ``∂J/∂c = 0`` and ``q(θ) = Σ_i ε_i (θ·x̃_i)^k = 0``,
with ``ε_i = c − y_i``. If q is not the polynomial 0, none of them is a local minimum: some θ' near θ has ``q(θ') ≠ 0``, at ``(θ', 0, c)`` the loss is the same,
and ``T ∂J/∂v = q(θ')`` there. If it is, all are global minima, as J is convex in the outputs and c: ``T (J' − J) ≥ v' q(θ') + (c' − c) T ∂J/∂c = 0``.

*All complex zeros*, as many as Bézout's theorem allows, in boxes, each with one of them. Let n polynomials in n complex variables have degrees ``d_i ≥ 1``. By
Bézout they have at most ``D = Π d_i`` zeros at which the Jacobian is invertible. If there are D such zeros, there is no other
zero, isolated or not. For let ``z_0`` be one. ``g_t(z) = g(z) + t (z − z_0)`` has degrees ``d_i`` at most, and the zero
``z_0`` with the Jacobian ``g'(z_0) + t I``, which is invertible for all small ``t ≠ 0``. By the implicit function theorem the D zeros persist for small t, near
where they were and with invertible Jacobians: ``D + 1`` in all, against Bézout.

That a box holds one zero, at which the Jacobian is invertible, is Krawczyk's test for the real and the imaginary parts. A zero with real coordinates lies in a
box that meets the reals in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import combinations, product
from math import comb, prod
from typing import Any

import numpy as np
from flint import Ordering, acb, arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from lossproof.certificates.kernel.arithmetic.balls import ONE, ZERO, ball_precision, not_zero
from lossproof.certificates.kernel.arithmetic.formal import FormalRing, terms_of
from lossproof.certificates.kernel.arithmetic.inclusion import require_contraction
from lossproof.certificates.kernel.arithmetic.rings import BallRing, length_of_sum
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits

BITS = 256
"""The precision in bits of balls of weights."""


def is_scaled(problem: Problem) -> bool:
    """Tell whether the one hidden unit can be scaled against its output weight."""
    rates = problem.rates[: problem.below(2) + 1] if problem.L == 2 else []
    return problem.L == 2 and problem.widths[1] == 1 and not any(rates)


def idle_are_global(work: Work, problem: Problem) -> bool:
    """Tell whether the critical points with ``v = 0`` of a hidden unit that can be scaled are global minima, which they are or no local minima at all."""
    rate = problem.rates[-1] if problem.decay is not None else ZERO
    c = [sum((y for (y,) in problem.Y), ZERO) / (problem.T * (1 + rate))] * problem.bias_rows_of(2)
    held = dict(enumerate([ZERO, *c], start=problem.below(2)))
    return not any(terms_of(_gradient(FormalRing(work), problem, held)[problem.below(2)]).values())


def require_all_listed(work: Work, problem: Problem, points: Sequence[passes.Box], zeros: Sequence[Any]) -> None:
    """Check that all critical points, with ``v ≠ 0`` if it is scaled, are those in some boxes, each of which holds one, up to symmetry; raises `Rejected`.

    ``zeros`` are rows of `real_zeros`, or None where weights are eliminated, for each value of v.
    """
    k, v, scaled = problem.activation_of(1).degree or 1, problem.below(2), is_scaled(problem)
    held: list[dict[int, fmpq]] = [{v: ONE}, {v: -ONE}][: 2 - k % 2] if scaled else [{}]
    require(len(zeros) == len(held), "evidence.zeros", f"this needs {len(held)} lists of zeros, or nulls", "schema")
    cells = [cell for values, given in zip(held, zeros, strict=True) for cell in critical_cells(work, problem, values, given)]
    signs = _signs(problem, k, scaled)
    work.spend(len(signs) * len(points) * len(cells) * problem.N_net, "critical points in cells")
    with ball_precision(BITS):
        ring, hit = BallRing(work, BITS), set[int]()
        for box in points:
            W = passes.weight_vector(ring, problem, box)
            W = _scaled(W, v, k) if scaled else W
            for image in (W * np.array(each) for each in signs):
                met = [n for n, cell in enumerate(cells) if all(w.overlaps(root) for w, root in zip(image, cell, strict=True))]
                require(len(met) == 1, "premises", "a point of the list is not told from other solutions", "premise")
                hit |= {*met}
    require(len(hit) == len(cells), "premises", f"there may be {len(cells)} critical points, and {len(hit)} are listed", "premise")


def _signs(problem: Problem, k: int, scaled: bool) -> list[list[int]]:
    """Return the changes of signs that change no J, one factor a weight."""
    if problem.L == 1:
        each = product((1, -1) if k % 2 == 0 else (1,), repeat=problem.n_L)
        return [[sign for sign in signs for _ in range(problem.fan_in(1))] for signs in each]
    inner, units, rest = problem.below(2), problem.widths[1], problem.bias_rows_of(2)
    both = [[1] * problem.N_net, [-1] * inner + [(-1) ** k] * units + [1] * rest]
    return both[:1] if scaled and k % 2 else both


def _scaled(W: Array, v: int, k: int) -> Array:
    """Return the image of weights with ``|v| = 1``, for odd powers ``v = 1``."""
    require(not_zero(W[v]), "premises", "the output weight of a listed point may be 0", "premise")
    sign = 1 if W[v] > 0 else -1
    scale = abs(W[v]).root(k) * (sign if k % 2 else 1)
    return np.array([*(w * scale for w in W[:v]), arb(1 if k % 2 else sign), *W[v + 1 :]], dtype=object)


def _gradient(ring: FormalRing, problem: Problem, held: Mapping[int, fmpq]) -> Array:
    """Return ``T ∇J`` in the weights that are not held, the symbol of weight j being number j."""
    symbols = [ring.symbol(("weight", j), arb) for j in range(problem.N_net)]
    values = np.array([held.get(j, symbol) for j, symbol in enumerate(symbols)], dtype=object)
    return passes.gradient(ring, problem, passes.box_at(problem, values, [(ZERO,) * n for n in problem.widths[1:]]))


def critical_cells(work: Work, problem: Problem, held: Mapping[int, fmpq], zeros: Sequence[Sequence[fmpq]] | None) -> list[tuple[arb, ...]]:
    """Return the cells that may hold points where the components by all weights but those held vanish; raises `Rejected` where there is no end of them."""
    N = problem.N_net
    limit(N, limits.MAX_ALGEBRAIC_WEIGHTS, "the number of weights")
    entries = [terms_of(entry) for entry in _gradient(FormalRing(work), problem, held)]
    bits = max(int(length_of_sum(np.array([*terms.values()], dtype=object), len(terms))) for terms in entries)
    limit(bits, limits.MAX_ALGEBRAIC_BITS, "the length of the coefficients of the gradient in bits")
    system = fmpq_mpoly_ctx.get([f"w{j}" for j in range(N)], Ordering.lex)
    g = {j: system.from_dict({_powers(m, N): q for m, q in entries[j].items()}) for j in range(N) if j not in held}
    g, linear = _without_linear(work, g, bits, problem.below(problem.L) if problem.L > 1 else N)
    with ball_precision(BITS):
        found = [*_eliminated(work, g)] if zeros is None else real_zeros(work, [*g.values()], [*g], zeros, BITS)
        balls, cells = BallRing(work, BITS), list[tuple[arb, ...]]()
        for roots in found:
            W = {j: arb(q) for j, q in held.items()} | dict(zip(g, roots, strict=True))
            for j, p in reversed(linear):
                slope = value(p.derivative(j), W)
                require(not_zero(slope), "evidence", "elimination leaves nothing: critical points may be a continuum")
                W[j] = -value(p, W | {j: arb(0)}) / slope
            cell = tuple(W[j] for j in range(N))
            box = passes.box_at(problem, np.array(cell, dtype=object), [(ZERO,) * n for n in problem.widths[1:]])
            cells += [cell] if all(entry.contains(0) for entry in passes.gradient(balls, problem, box)) else []
    return cells


def _powers(monomial: Any, N: int) -> tuple[int, ...]:
    powers = dict(monomial)
    return tuple(powers.get(j, 0) for j in range(N))


def _without_linear(
    work: Work, g: dict[int, fmpq_mpoly], bits: int, first: int
) -> tuple[dict[int, fmpq_mpoly], list[tuple[int, fmpq_mpoly]]]:
    """Return a system without the weights in which their own components are linear, and these components, in the order in which they went.

    The slopes must be constant but for the weights from the ``first`` on, those of the output.
    """
    linear = list[tuple[int, fmpq_mpoly]]()
    for j in sorted(g, reverse=True):
        if g[j].degrees()[j] == 1 and (j >= first or g[j].derivative(j).is_constant()):
            p, n = g[j], max(int(q.degrees()[j]) for q in g.values())
            degree = max(int(q.total_degree()) for q in g.values()) + n * int(p.total_degree())
            limit(comb(degree + len(g), len(g)), limits.MAX_TERMS, "the number of terms of a resultant")
            work.spend(10 * len(g) * comb(degree + len(g), len(g)) * limits.rational_work(bits * (n + 1)), "elimination of a weight")
            linear.append((j, p))
            g = {k: p.resultant(q, j) if q.degrees()[j] > 0 else q for k, q in g.items() if k != j}
    return g, linear


def _eliminated(work: Work, g: dict[int, fmpq_mpoly]) -> Any:
    """Return all choices of real roots of eliminants; raises `Rejected` where nothing is left of one."""
    degree = max([1, *(int(p.total_degree()) for p in g.values())]) ** 2 ** max(len(g) - 1, 0)
    bits = max([1, *(int(length_of_sum(np.array([fmpq(c) for c in p.coeffs()], dtype=object), len(p))) for p in g.values() if p)])
    limit(degree, limits.MAX_ELIMINANT, "the degree of an eliminant")
    limit(bits, limits.MAX_ALGEBRAIC_BITS, "the length of the coefficients of the gradient in bits")
    work.spend(limits.eliminants_work(len(g), degree, bits), "elimination")
    roots = [_real_roots(_eliminant([*g.values()], j, [k for k in g if k != j])) for j in g]
    limit(prod(map(len, roots)), limits.MAX_CELLS, "the number of cells")
    return product(*roots)


def _real_roots(p: Any) -> list[arb]:
    """Return balls that hold the real roots, one each: FLINT isolates all roots, with their multiplicities."""
    return [root.real for root, _ in p.complex_roots() if root.imag.contains(0)]


def _eliminant(polynomials: list[fmpq_mpoly], kept: int, others: Sequence[int]) -> fmpq_poly:
    """Return a polynomial in one weight that vanishes at all common zeros; raises `Rejected` where none is found."""
    for j in others:
        having = [p for p in polynomials if p.degrees()[j] > 0]
        polynomials = [p for p in polynomials if p.degrees()[j] <= 0] + [p.resultant(q, j) for p, q in combinations(having, 2)]
    shared = reduce(fmpq_mpoly.gcd, polynomials) if polynomials else None
    if not shared:
        raise Rejected("rule", "evidence", "elimination leaves nothing: critical points may be a continuum")
    coefficients = {int(powers[kept]): c for powers, c in shared.to_dict().items()}
    return fmpq_poly([coefficients.get(n, 0) for n in range(max(coefficients) + 1)])


def real_zeros(
    work: Work, system: Sequence[fmpq_mpoly], variables: Sequence[int], zeros: Sequence[Sequence[fmpq]], bits: int
) -> list[tuple[arb, ...]]:
    """Return boxes, one for each zero that may be real, that hold all real zeros of a system in some variables.

    ``zeros`` has a row for each complex zero: the radius of its box, then real and imaginary parts of its centre. Raises `Rejected` where these are not all.
    """
    n, place = len(system), "evidence.zeros"
    degrees = [int(p.total_degree()) for p in system]
    require(all(d > 0 for d in degrees), place, "a polynomial of the system is constant")
    limit(prod(degrees), limits.MAX_ZEROS, "the number of zeros")
    require(len(zeros) == prod(degrees), place, f"{prod(degrees)} zeros are all that there may be, and {len(zeros)} are given")
    rates = [[p.derivative(j) for j in variables] for p in system]
    terms = sum(len(p) for row in [*rates, system] for p in row)
    work.spend(limits.zeros_work(n, len(zeros), terms, bits), "zeros of polynomials")
    boxes = list[list[acb]]()
    for row in zeros:
        require(len(row) == 2 * n + 1 and row[0] > 0, place, f"expected a positive radius and {2 * n} coordinates of a zero")
        parts, ball = [*zip(row[1::2], row[2::2], strict=True)], arb(0, arb(row[0]).upper())
        centre = dict(zip(variables, (acb(arb(x), arb(y)) for x, y in parts), strict=True))
        box = dict(zip(variables, (acb(arb(x) + ball, arb(y) + ball) for x, y in parts), strict=True))
        g, J = [value(p, centre) for p in system], [[value(p, box) for p in row] for row in rates]
        real = [[x.real for x in row] + [-x.imag for x in row] for row in J] + [[x.imag for x in row] + [x.real for x in row] for row in J]
        require_contraction([*(x.real for x in g), *(x.imag for x in g)], real, row[0])
        boxes.append([*box.values()])
    apart = all(any(not x.overlaps(y) for x, y in zip(a, b, strict=True)) for a, b in combinations(boxes, 2))
    require(apart, place, "two boxes may hold the same zero")
    return [tuple(x.real for x in box) for box in boxes if all(x.imag.contains(0) for x in box)]


def value(p: fmpq_mpoly, at: Mapping[int, Any]) -> Any:
    """Return the value of a polynomial where its variables have some values, by their indices; of others it must be free."""
    total: Any = arb(0)
    for powers, c in p.to_dict().items():
        total += prod((at[j] ** int(k) for j, k in enumerate(powers) if k), start=arb(fmpq(c)))
    return total
