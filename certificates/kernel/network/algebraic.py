r"""All critical points of a small network of polynomials, by exact algebra: cells of which each holds one at most, and all lie in them.

Activations are powers, the error is squared: the components of ``T ∇J`` are polynomials in the weights, formed in `FormalRing`. To keep one weight the others
are eliminated: where two polynomials have a variable, their resultant by it is a combination of both, so it vanishes wherever both do, and does not have it.
What is left at last is a polynomial in one weight, not 0, which has a root at that weight of every critical point. All its roots are isolated by FLINT, one in
a ball each. A cell is a choice of one real root for each weight: two critical points in one cell have the same weights. A cell on which a component of the
gradient is not 0, in balls, holds none.

*Symmetry.* With an even power the weights of a unit with all signs changed give the same activation, with an odd one the opposite: the change of all signs of
``θ``, and for an odd power of those of v, leaves J as it is. A neuron has no v, so only even powers have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import combinations, product
from math import prod
from typing import Any

import numpy as np
from flint import Ordering, arb, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.formal import FormalRing, terms_of
from lossproof.certificates.kernel.arithmetic.functions import ZERO
from lossproof.certificates.kernel.arithmetic.rings import BallRing, length_of_sum
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits

BITS = 256
"""The precision in bits of balls of weights."""


def is_algebraic(problem: Problem) -> bool:
    """Tell whether all activations are powers."""
    return all(problem.activation_of(l).degree is not None for l in range(1, problem.L + 1))


def require_all_listed(work: Work, problem: Problem, points: Sequence[passes.Box]) -> None:
    """Check that all critical points are those in some boxes, each of which holds one, up to symmetry; raises `Rejected`."""
    cells, k = critical_cells(work, problem), problem.activation_of(1).degree or 1
    signs = [-1 if j < problem.below(2) else (-1) ** k for j in range(problem.N_net)]
    symmetric = k % 2 == 0 or (problem.L == 2 and not problem.bias_rows_of(2))
    work.spend(2 * len(points) * len(cells) * problem.N_net, "critical points in cells")
    with ball_precision(BITS):
        ring, hit = BallRing(work, BITS), set[int]()
        for box in points:
            W = passes.weight_vector(ring, problem, box)
            for image in (W, W * signs) if symmetric else (W,):
                met = [n for n, cell in enumerate(cells) if all(w.overlaps(root) for w, root in zip(image, cell, strict=True))]
                require(len(met) == 1, "premises", "a point of the list is not told from other solutions", "premise")
                hit |= {*met}
    require(len(hit) == len(cells), "premises", f"there may be {len(cells)} critical points, and {len(hit)} are listed", "premise")


def critical_cells(work: Work, problem: Problem) -> list[tuple[arb, ...]]:
    """Return the cells that may hold critical points; raises `Rejected` where an elimination leaves nothing, as around a continuum of them."""
    N, ring = problem.N_net, FormalRing(work)
    limit(N, limits.MAX_ALGEBRAIC_WEIGHTS, "the number of weights")
    symbols = np.array([ring.symbol(("weight", j), arb) for j in range(N)], dtype=object)
    constants = [(ZERO,) * n for n in problem.widths[1:]]
    entries = [terms_of(entry) for entry in passes.gradient(ring, problem, passes.box_at(problem, symbols, constants))]
    bits = max(int(length_of_sum(np.array([*terms.values()], dtype=object), len(terms))) for terms in entries)
    degree = max(1, *(sum(n for _, n in monomial) for terms in entries for monomial in terms)) ** 2 ** (N - 1)
    limit(degree, limits.MAX_ELIMINANT, "the degree of an eliminant")
    limit(bits, limits.MAX_ALGEBRAIC_BITS, "the length of the coefficients of the gradient in bits")
    work.spend(limits.eliminants_work(N, degree, bits), "elimination")
    system = fmpq_mpoly_ctx.get([f"w{j}" for j in range(N)], Ordering.lex)
    g = [system.from_dict({tuple(dict(m).get(j, 0) for j in range(N)): q for m, q in terms.items()}) for terms in entries]
    with ball_precision(BITS):
        roots = [_real_roots(_eliminant(g, j)) for j in range(N)]
        limit(prod(map(len, roots)), limits.MAX_CELLS, "the number of cells")
        balls = BallRing(work, BITS)
        boxes = ((cell, passes.box_at(problem, np.array(cell, dtype=object), constants)) for cell in product(*roots))
        return [cell for cell, box in boxes if all(entry.contains(0) for entry in passes.gradient(balls, problem, box))]


def _real_roots(p: Any) -> list[arb]:
    """Return balls that hold the real roots, one each: FLINT isolates all roots, with their multiplicities."""
    return [root.real for root, _ in p.complex_roots() if root.imag.contains(0)]


def _eliminant(polynomials: list[fmpq_mpoly], kept: int) -> fmpq_poly:
    """Return a polynomial in one weight that vanishes at all common zeros; raises `Rejected` where none is found."""
    N = len(polynomials)
    for j in (j for j in range(N) if j != kept):
        having = [p for p in polynomials if p.degrees()[j] > 0]
        polynomials = [p for p in polynomials if p.degrees()[j] <= 0] + [p.resultant(q, j) for p, q in combinations(having, 2)]
    shared = reduce(fmpq_mpoly.gcd, polynomials) if polynomials else None
    if not shared:
        raise Rejected("rule", "evidence", "elimination leaves nothing: critical points may be a continuum")
    return fmpq_poly([shared[tuple(n if j == kept else 0 for j in range(N))] for n in range(shared.degrees()[kept] + 1)])
