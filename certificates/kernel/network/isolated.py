r"""All zeros of a square system of polynomials, as many as Bézout's theorem allows: boxes of complex numbers, each with one of them.

Let n polynomials in n complex variables have degrees ``d_i ≥ 1``. By Bézout they have at most ``D = Π d_i`` zeros at which the Jacobian is invertible. If there
are D such zeros, there is no other zero, isolated or not. For let ``z_0`` be one. ``g_t(z) = g(z) + t (z − z_0)`` has degrees ``d_i`` at most, and the zero
``z_0`` with the Jacobian ``g'(z_0) + t I``, which is invertible for all small ``t ≠ 0``. By the implicit function theorem the D zeros persist for small t, near
where they were and with invertible Jacobians: ``D + 1`` in all, against Bézout.

That a box holds one zero, at which the Jacobian is invertible, is Krawczyk's test for the real and the imaginary parts. A zero with real coordinates lies in a
box that meets the reals in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import prod
from typing import Any

from flint import acb, arb, fmpq, fmpq_mpoly

from lossproof.certificates.kernel.arithmetic.inclusion import require_contraction
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits


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
