"""The squared loss of networks of straight pieces in whole numbers over one denominator: exact, apart from the library's passes, and quick to attack."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from operator import mul


def whole(numbers, denominator):
    """Rationals, times a common denominator."""
    return [q.numerator * (denominator // q.denominator) for q in numbers]


def value(activation, z, one):
    """The value at ``z/one``, times ``m · one``, and ``m``, which is the same at all z."""
    if activation == "hard-tanh":
        return max(min(z, one), -one), 1
    slope = Fraction(0) if activation == "relu" else Fraction(activation.partition(":")[2] or "1/100")
    return z * (slope.denominator if z > 0 else slope.numerator), slope.denominator


def sum_of_squares(problem):
    """The sum of the squares of the residuals, as a function of the layers."""
    name, samples = problem.architecture.activation.name, problem.samples
    E = lcm(*(q.denominator for row in (*samples.X, *samples.Y) for q in row))
    X, Y = ([whole(row, E) for row in rows] for rows in (samples.X, samples.Y))

    def found(layers):
        D = lcm(*(q.denominator for W, b in layers for row in (*W, b) for q in row))
        network = [([whole(column, D) for column in zip(*W, strict=True)], whole(b, D)) for W, b in layers]
        total, one = 0, E
        for x, y in zip(X, Y, strict=True):
            h, one = x, E
            for l, (columns, b) in enumerate(network, start=1):
                z = [sum(map(mul, h, column)) + one * c for column, c in zip(columns, b, strict=True)]
                one *= D
                if l < len(network):
                    valued = [value(name, q, one) for q in z]
                    z, one = [q for q, _ in valued], one * valued[0][1]
                h = z
            total += sum((p * E - t * one) ** 2 for p, t in zip(h, y, strict=True))
        return Fraction(total, (one * E) ** 2)

    return found
