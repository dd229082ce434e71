"""The real numbers that the elements of the kernel's formal ring stand for, by mpmath."""

from __future__ import annotations

import mpmath

from lossproof.certificates.kernel.arithmetic.formal import Formal, terms_of

STATES = {
    "logistic": lambda z, p: 1 / (1 + mpmath.exp(-p * z)),
    "tanh": lambda z, p: mpmath.tanh(z),
    "softplus": lambda z, p: mpmath.log1p(mpmath.exp(z)),
    "tanh softplus": lambda z, p: mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
    "1/(1+|z|)": lambda z, p: 1 / (1 + abs(z)),
    "(z²+β)^{-1/2}": lambda z, p: 1 / mpmath.sqrt(z * z + p),
    "min(1, e^z)": lambda z, p: mpmath.exp(min(z, 0)),
    "normal integral": lambda z, p: mpmath.erfc(-z / mpmath.sqrt(2)) / 2,
    "normal density": lambda z, p: mpmath.npdf(z),
    "arctan": lambda z, p: mpmath.atan(z),
    "1/(z²+β)": lambda z, p: 1 / (z * z + p),
    "erf": lambda z, p: mpmath.erf(z),
    "2π^{-1/2} e^{-z²}": lambda z, p: 2 * mpmath.exp(-z * z) / mpmath.sqrt(mpmath.pi),
    "sin": lambda z, p: mpmath.sin(z),
    "cos": lambda z, p: mpmath.cos(z),
    "1/cosh²": lambda z, p: 1 / mpmath.cosh(z) ** 2,
    "1 - logistic": lambda z, p: 1 / (1 + mpmath.exp(p * z)),
    "1 - tanh² softplus": lambda z, p: 1 / mpmath.cosh(mpmath.log1p(mpmath.exp(z))) ** 2,
    "1/(1+βe^{r²})": lambda r, p: 1 / (1 + p * mpmath.exp(r * r)),
    "log(1+r²/β)": lambda r, p: mpmath.log1p(r * r / p),
    "-log(e^{-r²}+β)": lambda r, p: -mpmath.log(mpmath.exp(-r * r) + p),
}
"""Every state of every function of the kernel, written apart from it."""


def real(q):
    """An mpf of a rational."""
    return mpmath.mpf(int(q.p)) / int(q.q)


class Reals:
    """The real numbers that the elements of one formal ring stand for, symbol by symbol."""

    def __init__(self, ring):
        self._keys = {index: key for key, index in ring._symbols.items()}
        self._known = {}

    def __call__(self, element):
        return self._sum(terms_of(element))

    def _sum(self, terms):
        total = mpmath.mpf(0)
        for monomial, q in dict(terms).items():
            term = real(q)
            for index, exponent in monomial:
                term *= self._symbol(index) ** exponent
            total += term
        return total

    def _symbol(self, index):
        if index not in self._known:
            self._known[index] = self._value(self._keys[index])
        return self._known[index]

    def _value(self, key):
        kind, *arguments = key
        if kind == "pi":
            return +mpmath.pi
        if kind == "log" and len(arguments) == 1:
            return mpmath.log(int(arguments[0].p))
        if kind == "exp" and len(arguments) == 1:
            return mpmath.exp(real(arguments[0]))
        if kind == "root":
            return real(arguments[0]) ** (mpmath.mpf(1) / arguments[1])
        if kind == "softmax":
            return 1 / sum(mpmath.exp(self._sum(dict(terms))) for terms in arguments[0])
        parameter, terms = arguments
        return STATES[kind](self._sum(terms), real(parameter))


def is_formal(element):
    return isinstance(element, Formal)
