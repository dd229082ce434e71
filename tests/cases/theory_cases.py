"""Cases and naive exact twins shared by the tests of the theory."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

from flint import fmpq, fmpq_mat

from lossproof.theory.functions.activations import ACTIVATION_FAMILIES
from lossproof.theory.functions.errors import ERROR_FAMILIES

_PARAMETERS = {"leaky-relu": ("1/100", "1/3", "99/100"), "power": ("1", "2", "3", "4", "16"), "swish": ("1/3", "2", "7/2")}
ACTIVATION_NAMES = [
    name
    for family in ACTIVATION_FAMILIES
    for name in ([f"{family}:{parameter}" for parameter in _PARAMETERS[family]] if family in _PARAMETERS else [family])
]
_SCALES = ("1", "1/4", "7", "1/1000")
_SCALED = ("smooth-l1", "blake-zisserman", "cauchy")
ERROR_NAMES = [name for family in ERROR_FAMILIES for name in ([f"{family}:{beta}" for beta in _SCALES] if family in _SCALED else [family])]

Rows = list[list[Fraction]]


def rank(rows: Rows) -> int:
    """The exact rank of a rational matrix."""
    if not rows or not rows[0]:
        return 0
    return fmpq_mat(len(rows), len(rows[0]), [fmpq(x.numerator, x.denominator) for row in rows for x in map(Fraction, row)]).rank()


def columns_of(rows: Rows, keep: list[int]) -> Rows:
    return [[row[i] for i in keep] for row in rows]


def side_by_side(blocks: list[Rows]) -> Rows:
    return [[x for block in blocks for x in block[r]] for r in range(len(blocks[0]))] if blocks else []


def khatri_rao(psi: list[Rows], phi: Rows) -> Rows:
    """Column block i is psi[i] ⊗ (column i of phi), written out entry by entry."""
    n_l, n_L, m, T = len(psi[0]), len(psi[0][0]), len(phi), len(psi)
    return [[psi[i][a][j] * phi[b][i] for i in range(T) for j in range(n_L)] for a in range(n_l) for b in range(m)]


def random_rows(generator: random.Random, rows: int, columns: int, planted: int | None = None) -> Rows:
    """A matrix with small integer entries, many of them 0; a product of two thin ones when a rank is planted."""
    if planted is None:
        return [[Fraction(generator.choice((-2, -1, 0, 0, 1, 1, 3))) for _ in range(columns)] for _ in range(rows)]
    left, right = random_rows(generator, rows, planted), random_rows(generator, planted, columns)
    return product(left, right, columns)


def product(left: Rows, right: Rows, columns: int) -> Rows:
    return [[sum((row[k] * right[k][j] for k in range(len(right))), Fraction(0)) for j in range(columns)] for row in left]


def transpose(rows: Rows) -> Rows:
    return [list(column) for column in zip(*rows, strict=True)]


RATIONAL_ACTIVATIONS = {
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2),
    "identity": (lambda z: z, lambda z: Fraction(1)),
    "relu": (lambda z: max(z, Fraction(0)), lambda z: Fraction(z > 0)),
    "leaky-relu:1/3": (lambda z: z if z > 0 else z / 3, lambda z: Fraction(1) if z > 0 else Fraction(1, 3)),
    "power:2": (lambda z: z * z, lambda z: 2 * z),
    "power:3": (lambda z: z**3, lambda z: 3 * z * z),
}


def network_blocks(name: str, weights: list[tuple[Rows, list[Fraction]]], X: Rows, bias: bool) -> tuple[list[Rows], list[list[Rows]]]:
    """(Φ_0, …, Φ_{L-1}) with a row of ones when there is a bias, and (Ψ_1, …, Ψ_L) as lists over samples; identity output. Naive loops."""
    sigma, slope = RATIONAL_ACTIVATIONS[name]
    L, T = len(weights), len(X)
    phis = [[[*x, *([Fraction(1)] if bias else [])] for x in X]]
    slopes = []
    values = X
    for l, (W, b) in enumerate(weights, start=1):
        z = [[sum((v[k] * W[k][u] for k in range(len(v))), b[u]) for u in range(len(b))] for v in values]
        values = z if l == L else [[sigma(x) for x in row] for row in z]
        slopes.append([[Fraction(1) if l == L else slope(x) for x in row] for row in z])
        phis.append([[*v, *([Fraction(1)] if bias else [])] for v in values])
    n_L = len(weights[-1][1])
    psis: list[list[Rows]] = [[] for _ in range(L)]
    for i in range(T):
        psi = [[Fraction(a == j) for j in range(n_L)] for a in range(n_L)]
        psis[L - 1].append(psi)
        for l in range(L - 1, 0, -1):
            psi = product(weights[l][0], psi, n_L)
            psi = [[slopes[l - 1][i][a] * x for x in row] for a, row in enumerate(psi)]
            psis[l - 1].append(psi)
    return [transpose(phi) for phi in phis[:-1]], psis


def random_network(generator: random.Random, widths: list[int], bias: bool, sparse: bool = False) -> list[tuple[Rows, list[Fraction]]]:
    def entry() -> Fraction:
        return Fraction(0) if sparse and generator.random() < 0.4 else Fraction(generator.randint(-9, 9), generator.choice((1, 2, 3, 7)))

    return [
        ([[entry() for _ in range(n)] for _ in range(m)], [entry() if bias else Fraction(0) for _ in range(n)]) for m, n in pairwise(widths)
    ]
