"""Critical points by construction: for given weights, targets F − r with P r = 0 make the weights critical, exactly."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache

from cases.hyperdual import ACTIVATIONS, HyperDual, gradient_and_hessian, inertia_by_descartes, outputs
from lossproof.numerics.ranks.rational_kernel import reduced_kernel


@cache
def planted(seed, widths, activation, T, size):
    """(X, Y, flat weights, inertia): an exactly critical point with its inertia by an independent exact computation.

    None where P has no kernel, or where a softsign unit meets z = 0, so that there is no Hessian.
    """
    rng = random.Random(seed)
    short = lambda: Fraction(rng.randint(-12, 12), rng.choice((1, 2, 3, 4)))  # noqa: E731
    X = [[Fraction(i, 2) - T // 4 + Fraction(rng.randint(-1, 1), 8)] + [short() for _ in range(widths[0] - 1)] for i in range(T)]
    n = sum((widths[l - 1] + 1) * widths[l] for l in range(1, len(widths)))
    flat = [short() or Fraction(1, 2) for _ in range(n)]
    if activation == "softsign" and meets_zero(widths, flat, X):
        return None
    rows = []
    for k in range(n):
        moved = [HyperDual(w, Fraction(int(i == k))) for i, w in enumerate(flat)]
        rows.append([f.b for x in X for f in outputs(widths, activation, moved, x)])
    kernel = reduced_kernel(rows)
    if not kernel:
        return None
    weights = [Fraction(rng.randint(-3, 3)) for _ in kernel]
    r = [sum((w * Fraction(int(v[k].p), int(v[k].q)) if hasattr(v[k], "p") else w * v[k] for w, v in zip(weights, kernel, strict=True)), Fraction(0))
         for k in range(len(rows[0]))]  # fmt: skip
    largest = max(map(abs, r))
    if largest == 0:
        return None
    r = [x * size / largest for x in r]
    F = [[f.a for f in outputs(widths, activation, [HyperDual(w) for w in flat], x)] for x in X]
    m = widths[-1]
    Y = [[F[i][j] - r[i * m + j] for j in range(m)] for i in range(T)]
    gradient, H = gradient_and_hessian(widths, activation, flat, X, Y)
    assert all(g == 0 for g in gradient)
    return X, Y, flat, inertia_by_descartes(H)


def meets_zero(widths, flat, X):
    """Tell whether a hidden z is 0 at some sample; softsign by plain fractions."""
    for x in X:
        phi = list(x)
        for W, b in layers_of(widths, flat)[:-1]:
            z = [sum((W[i][j] * phi[i] for i in range(len(phi))), b[j]) for j in range(len(b))]
            if any(v == 0 for v in z):
                return True
            phi = [v / (1 + abs(v)) for v in z]
    return False


def layers_of(widths, flat):
    """The weights as a list of (W_l, b_l)."""
    layers, place = [], 0
    for l in range(1, len(widths)):
        columns = []
        for _ in range(widths[l]):
            columns.append(flat[place : place + widths[l - 1] + 1])
            place += widths[l - 1] + 1
        layers.append(([[c[i] for c in columns] for i in range(widths[l - 1])], [c[-1] for c in columns]))
    return layers


__all__ = ["ACTIVATIONS", "layers_of", "planted"]
