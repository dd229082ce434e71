"""The loss along a curve in mpmath, written out from the SymPy expressions, for the tests of Taylor coefficients and descent curves."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import mpmath
import sympy


def real(number):
    """Return an exact number at mpmath's present precision."""
    if isinstance(number, Fraction):
        return mpmath.mpf(number.numerator) / number.denominator
    functions = {"log": lambda c: mpmath.log(real(c.argument)), "exp": lambda c: mpmath.exp(real(c.argument)), "pi": lambda c: +mpmath.pi}
    functions["root"] = lambda c: mpmath.root(real(c.argument), c.degree)
    return real(number.rational) + sum(real(q) * functions[c.kind](c) for c, q in number.terms)


@lru_cache
def function_of(name, formula):
    """Return a formula in the named symbols as a function of mpmath numbers."""
    symbols = [sympy.Symbol(symbol, real=True) for symbol in name.split()]
    expression = sympy.sympify(formula, locals=dict(zip(name.split(), symbols, strict=True)), rational=True)
    return sympy.lambdify(symbols, expression, "mpmath")


def loss_along(problem, weights, terms):
    """Return ``t ↦ J(W(t))``, computed at mpmath's precision when it is called."""
    a = problem.architecture

    def loss(t):
        step = [sum(t**k * real(vector[j]) for k, vector in terms) for j in range(a.N_net)]
        layers, offset = [], 0
        for l, layer in enumerate(weights.layers, start=1):
            W, b = [[real(x) for x in row] for row in layer.W], [real(x) for x in layer.b]
            for j in range(a.widths[l]):
                for i in range(a.fan_in(l)):
                    if i < a.widths[l - 1]:
                        W[i][j] += step[offset]
                    else:
                        b[j] += step[offset]
                    offset += 1
            layers.append((W, b))
        return sum(sample_loss(problem, layers, x, y) for x, y in zip(problem.samples.X, problem.samples.Y, strict=True)) / problem.T

    return loss


def sample_loss(problem, layers, x, y):
    a, error = problem.architecture, problem.error
    phi, target = [real(entry) for entry in x], [real(entry) for entry in y]
    for l, (W, b) in enumerate(layers, start=1):
        sigma = function_of("z", a.activation_of(l).formula)
        phi = [mpmath.mpf(sigma(b[j] + sum(phi[i] * W[i][j] for i in range(len(phi))))) for j in range(len(b))]
    if error.family == "softmax":
        return mpmath.log(sum(mpmath.exp(p) for p in phi)) - sum(p * q for p, q in zip(phi, target, strict=True))
    value = function_of("r phi y", error.formula)
    return sum(value(p - q, p, q) for p, q in zip(phi, target, strict=True))
