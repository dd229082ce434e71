"""A naive twin for second derivatives: numbers a + b s + c t + d st with s² = t² = 0, exact over the rationals, one entry of the Hessian at a time."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple


def product(x, y):
    """The product of two rationals; most parts are 0, and 0 costs nothing."""
    return x * y if x and y else 0


class HyperDual(NamedTuple):
    a: Fraction
    b: Fraction | int = 0
    c: Fraction | int = 0
    d: Fraction | int = 0

    def __add__(self, other):
        o = lifted(other)
        return HyperDual(self.a + o.a, self.b + o.b, self.c + o.c, self.d + o.d)

    __radd__ = __add__

    def __neg__(self):
        return HyperDual(-self.a, -self.b, -self.c, -self.d)

    def __sub__(self, other):
        return self + (-lifted(other))

    def __mul__(self, other):
        o = lifted(other)
        return HyperDual(
            product(self.a, o.a),
            product(self.a, o.b) + product(self.b, o.a),
            product(self.a, o.c) + product(self.c, o.a),
            product(self.a, o.d) + product(self.b, o.c) + product(self.c, o.b) + product(self.d, o.a),
        )

    __rmul__ = __mul__

    def inverse(self):
        i = 1 / self.a
        return HyperDual(
            i, product(-self.b, i * i), product(-self.c, i * i), 2 * product(product(self.b, self.c), i**3) - product(self.d, i * i)
        )


def lifted(x):
    return x if isinstance(x, HyperDual) else HyperDual(Fraction(x))


def softsign(z):
    sign = 1 if z.a >= 0 else -1
    return z * (1 + sign * z).inverse()


def square(z):
    return z * z


ACTIVATIONS = {"softsign": softsign, "power:2": square, "identity": lambda z: z, "power:3": lambda z: z * z * z}


def outputs(widths, activation, flat, x):
    """The outputs of one sample, from the weights in the order of the rows of P (trainable bias, identity output)."""
    phi, place = [lifted(v) for v in x], 0
    for l in range(1, len(widths)):
        z = []
        for _ in range(widths[l]):
            column = flat[place : place + widths[l - 1] + 1]
            place += widths[l - 1] + 1
            z.append(sum((w * v for w, v in zip(column, [*phi, lifted(1)], strict=True)), lifted(0)))
        phi = z if l == len(widths) - 1 else [ACTIVATIONS[activation](v) for v in z]
    return phi


def squared_loss(widths, activation, flat, X, Y):
    total = lifted(0)
    for x, y in zip(X, Y, strict=True):
        for f, t in zip(outputs(widths, activation, flat, x), y, strict=True):
            total = total + (f - t) * (f - t)
    return total * Fraction(1, 2 * len(X))


def gradient_and_hessian(widths, activation, flat, X, Y):
    """The exact gradient and Hessian of the squared loss, entry by entry."""
    n = len(flat)
    gradient, H = [None] * n, [[None] * n for _ in range(n)]
    for i in range(n):
        for j in range(i, n):
            moved = [HyperDual(Fraction(w), Fraction(int(k == i)), Fraction(int(k == j))) for k, w in enumerate(flat)]
            J = squared_loss(widths, activation, moved, X, Y)
            gradient[i], H[i][j], H[j][i] = J.b, J.d, J.d
    return gradient, H


def inertia_by_descartes(H):
    """(negative, zero, positive) from the signs of the characteristic polynomial's coefficients: all roots are real (Descartes' rule is sharp)."""
    coefficients = characteristic_polynomial(H)
    zero = next(k for k, c in enumerate(coefficients) if c != 0)
    signs = [c > 0 for c in coefficients[zero:] if c != 0]
    positive = sum(a != b for a, b in pairwise(signs))
    return len(H) - zero - positive, zero, positive


def characteristic_polynomial(H):
    """det(x − H), lowest coefficient first, by Faddeev and LeVerrier."""
    n = len(H)
    M, coefficients = [[Fraction(0)] * n for _ in range(n)], [Fraction(0)] * n + [Fraction(1)]
    for k in range(1, n + 1):
        M = [
            [sum((H[i][m] * M[m][j] for m in range(n)), Fraction(0)) + (coefficients[n - k + 1] if i == j else 0) for j in range(n)]
            for i in range(n)
        ]
        trace = sum((H[i][m] * M[m][i] for i in range(n) for m in range(n)), Fraction(0))
        coefficients[n - k] = -trace / k
    return coefficients
