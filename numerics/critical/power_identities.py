r"""Identities of the rows of ``P`` in layers of powers, of which several units give the same polynomials in the inputs of the layer."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from lossproof.numerics.critical.identities import Identity, Term, place_of, shifts_logits
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem

_ONE = Fraction(1)


def power_identities(problem: Problem) -> Iterator[Identity]:
    """Yield the identities of squares and cubes, for all weights."""
    a = problem.architecture
    for l in range(1, a.L):
        single = a.widths[l + 1] == 1 or (l + 1 == a.L and a.n_L == 2 and shifts_logits(problem))
        for u, s in combinations(range(a.widths[l]), 2):
            if a.activation.degree == 2 and single:
                yield _rotation(a, l, u, s)
            if a.activation.degree == 2 and a.bias_rows_of(l) and a.widths[l - 1] == 1:
                yield from (_squared_one(a, l, u, s, turned) for turned in (u, s))
            if a.activation.degree == 3 and a.bias_rows_of(l) and a.widths[l - 1] == 1 and single:
                yield _cubed_one(a, l, u, s)


def _difference(a: Architecture, l: int, u: int) -> list[tuple[Fraction, int]]:
    """Return the outgoing weight of a unit to the single one behind, or its weight to logit 1 less that to logit 0, as a sum of ``q`` times a weight."""
    last = a.widths[l + 1] - 1
    return [(_ONE, place_of(a, l + 1, last, u)), *[(-_ONE, place_of(a, l + 1, 0, u))] * last]


def _rotation(a: Architecture, l: int, u: int, s: int) -> Identity:
    """``Σ_u v_u z_u²`` does not change to first order under ``w_u += t v_s w_s``, ``w_s −= t v_u w_u``."""
    pairs = [(place_of(a, l, u, k), place_of(a, l, s, k)) for k in range(a.fan_in(l))]
    turned = [(m, q, (w, n)) for m, n in pairs for q, w in _difference(a, l, s)]
    return (*turned, *((n, -q, (v, m)) for m, n in pairs for q, v in _difference(a, l, u)))


def _squared_one(a: Architecture, l: int, u: int, s: int, turned: int) -> Identity:
    """One input and units ``z = wx + b``: ``D² = w_s² z_u² + w_u² z_s² − 2 w_u w_s z_u z_s`` with ``D = w_u z_s − w_s z_u = w_u b_s − w_s b_u``.

    So the change ``2 z_u z_s`` of ``z_u²`` under ``w_u += t w_s``, ``b_u += t b_s`` (or the same with s) is one of the outgoing weights and biases.
    """
    (w, b), (x, c) = ((place_of(a, l, k, 0), place_of(a, l, k, 1)) for k in (u, s))
    other = s if turned == u else u
    terms: list[Term] = [(place_of(a, l, turned, k), -_ONE, (w, x, place_of(a, l, other, k))) for k in range(2)]
    for j in range(a.widths[l + 1]):
        v = place_of(a, l + 1, j, turned)
        bias = place_of(a, l + 1, j, a.widths[l])
        terms += [(bias, -_ONE, (v, w, w, c, c)), (bias, Fraction(2), (v, w, c, x, b)), (bias, -_ONE, (v, x, x, b, b))]
        terms += [(place_of(a, l + 1, j, u), _ONE, (v, x, x)), (place_of(a, l + 1, j, s), _ONE, (v, w, w))]
    return tuple(terms)


def _cubed_one(a: Architecture, l: int, u: int, s: int) -> Identity:
    """The same for cubes and one unit behind: ``D³ = w_u³ z_s³ − 3 w_u² w_s z_s² z_u + 3 w_u w_s² z_s z_u² − w_s³ z_u³``, times ``v_u v_s``."""
    (w, b), (x, c) = ((place_of(a, l, k, 0), place_of(a, l, k, 1)) for k in (u, s))
    last = a.widths[l + 1] - 1
    bias, out_u, out_s = (place_of(a, l + 1, last, k) for k in (a.widths[l], u, s))
    terms = list[Term]()
    for p, m in _difference(a, l, u):
        for q, n in _difference(a, l, s):
            cube = [(1, (w, c, w, c, w, c)), (-3, (w, c, w, c, x, b)), (3, (w, c, x, b, x, b)), (-1, (x, b, x, b, x, b))]
            terms += [(bias, p * q * k, (m, n, *factors)) for k, factors in cube]
            terms += [(out_s, -p * q, (m, n, w, w, w)), (out_u, p * q, (m, n, x, x, x))]
    terms += [(k, -q, (n, w, x, x, other)) for k, other in ((w, x), (b, c)) for q, n in _difference(a, l, s)]
    terms += [(k, p, (m, w, w, x, other)) for k, other in ((x, w), (c, b)) for p, m in _difference(a, l, u)]
    return tuple(terms)
