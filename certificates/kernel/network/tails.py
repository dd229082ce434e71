r"""Where a neuron without weight decay has no critical point: outside a box, by signs of its gradient.

The samples with ``x̃_i ≠ 0`` count, ``z_i = x̃_i·W``, ``g·d = Σ_i ε_i σ'(z_i) (x̃_i·d)``, and ``σ = l + k s(kz)`` with the logistic function s.

*Each row of one weight only.* J is a sum of functions of one weight each. Let ``|w| ≥ R``, the other side of 0 being alike, ``a_i = |x_i|``, ``q_i =
e^{−k a_i |w|}``, c_i the end of the range of σ that ``z_i`` goes to, and ``δ_i = ±(c_i − y_i)`` with the sign of ``z_i``. As ``±σ(z_i) = ±c_i − k q_i/(1 +
q_i)`` and ``σ' = k² q_i/(1 + q_i)²``, the derivative outwards is ``k² Σ_i a_i (δ_i q_i/(1 + q_i)² − k q_i²/(1 + q_i)³)``. Terms of one size a are added
exactly. Of those that are left the slowest rate is divided out: these terms then lie between their values at R and in the limit, all others between 0 and
their exponentials at R.

*Two weights.* Let the rows span the plane, all targets lie inside the range of σ, and ``−Z ≤ σ⁻¹(y_i) ≤ Z``: where ``|z_i| > Z``, ``ε_i`` has the sign of
``z_i``. For a row ``x̃_i`` let e be the vector along its last weight that is not 0 with ``x̃_i·e = 1``. At a critical point there are independent rows i and j
with ``|z_i| ≤ Z`` and ``|z_j| ≤ Z max(1, |x̃_j·e|)``. For if all ``|z_i| > Z``, ``g·W > 0``. If ``|z_i| ≤ Z``, let d be orthogonal to ``x̃_i``, of the sign for
which ``W = z_i e + t d`` with ``t ≥ 0``. If all independent rows have ``|z_j| > Z max(1, |x̃_j·e|)``, then ``x̃_j·(t d) = z_j − z_i x̃_j·e`` has the sign of
``z_j``, hence of ``ε_j``; for the others it is 0; so ``g·(t d) > 0``. Both equations together bound W, by Cramer's rule.

*A global minimum* exists where J rises outwards: from any W the way inwards, along W until some ``|z_i| = Z`` and then along d with ``z_i`` fixed, or weight by
weight, lowers J until it meets the bounded set above.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.rings import length_of_sum
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits


def rises_outside(work: Work, problem: Problem, bounds: Sequence[fmpq]) -> bool:
    """Tell whether J rises outside the box, where no critical point is; raises `Rejected` where one may be. σ rises from low to ``low + k``."""
    form = problem.output_activation.logistic
    if problem.L > 1 or any(problem.rates) or form is None:
        raise Rejected("evidence.tails", "evidence", "this is about a sigmoid or tanh neuron without decay")
    low, k = int(form.low), int(form.rate)
    samples = [(x, y[0]) for x, y in zip(problem.inputs, problem.Y, strict=True) if any(x)]
    bits = int(length_of_sum(np.array([[*x, y] for x, y in samples], dtype=object), problem.T))
    limit(bits, limits.MAX_SUM_BITS, "the length of a sum of rational numbers in bits")
    work.spend(limits.tails_work(problem.N_net, problem.T, bits), "signs of the gradient")
    if all(sum(map(bool, x)) == 1 for x, _ in samples):
        tails = [_outwards([(s * x[j], y) for x, y in samples if x[j]], low, k, b) for j, b in enumerate(bounds) for s in (1, -1)]
        require(all(tail > 0 or tail < 0 for tail in tails), "evidence.tails", "a derivative may vanish outside the box")
        return all(tail > 0 for tail in tails)
    inside = len(bounds) == 2 and all(low < y < low + k for _, y in samples)
    require(inside, "evidence.tails", "with dependent weights this needs two, and targets inside the range of the activation")
    Z, spanned = max(abs(arb((y - low) / (low + k - y)).log() / k).upper() for _, y in samples), False
    for x, _ in samples:
        last = 1 if x[1] else 0
        for other, _ in samples:
            area, far = abs(x[0] * other[1] - x[1] * other[0]), max(fmpq(1), abs(other[last] / x[last]))
            held = not area or all(Z * arb((abs(other[1 - j]) + far * abs(x[1 - j])) / area) <= b for j, b in enumerate(bounds))
            require(held, "evidence.tails", "critical points may lie outside the box")
            spanned = spanned or area != 0
    require(spanned, "evidence.tails", "the inputs do not span the plane")
    return True


def _outwards(samples: list[tuple[fmpq, fmpq]], low: int, k: int, bound: fmpq) -> arb:
    """Enclose the derivative by ``w ≥ bound``, divided by positive numbers; 0 without samples."""
    sums = defaultdict[tuple[fmpq, int], fmpq](fmpq)
    for x, y in samples:
        sums[abs(x), 1] += x * ((low + k if x > 0 else low) - y)
        sums[abs(x), 2] -= k * abs(x)
    rates = {key: k * key[0] * key[1] for key, c in sums.items() if c}
    slowest, total = min(rates.values(), default=fmpq(0)), arb(0)
    for (a, power), rate in rates.items():
        at = (-arb((k * a if rate == slowest else rate - slowest) * bound)).exp()
        total += arb(sums[a, power]) * ((1 / (1 + at) ** (power + 1)).union(arb(1)) if rate == slowest else at.union(arb(0)))
    return total
