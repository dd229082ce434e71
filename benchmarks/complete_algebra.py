"""Complete lists against exact algebra on 50 problems, and planted double roots, which no list may have and none may lose.

Run with ``python -m benchmarks.complete_algebra``; it rewrites a table of ``docs/benchmarks.md``. For a sigmoid neuron with whole inputs x and
weights w, b let ``u = e^w`` and ``t = e^b``: with ``e_i = t u^{x_i}``, ``σ_i = e_i/(1 + e_i)`` and ``σ'_i = e_i/(1 + e_i)²``, so that ``Σ (σ_i − y_i)
σ'_i x_i`` and ``Σ (σ_i − y_i) σ'_i`` are rational functions, whose zeros are those of their numerators. tanh is ``2σ(2z) − 1``. With one weight SymPy
isolates all positive roots. With two, the factor that both numerators share, all of whose coefficients are positive, is taken out; the positive roots
of both resultants are isolated; and balls exclude pairs. A pair that is left need not be a solution: a list agrees where each of its points, which
are proved, lies in a pair of its own, and no pair is left over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sympy
from flint import arb, ctx

import lossproof as lp
from benchmarks.paper_text import markdown_table, write_blocks
from lossproof.certificates.claims.complete import complete_search
from lossproof.certificates.claims.critical_point import LandscapeClaims, prove_near
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, ProofContext
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.complete.clusters import clusters
from lossproof.numerics.complete.search import TreeBudget, search_tree
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

PAGE = Path("docs/benchmarks.md")
_BOX, _BOXES, _FINE, _BITS = 3.0, 30_000, sympy.Rational(1, 2**90), 200
_NEAR, _BESIDE = 1e-9, 1e-3
_U, _T = sympy.symbols("u t")
KINDS = {
    "1-1 sigmoid": (20, "sigmoid", "none", 4, 6),
    "1-1 tanh": (15, "tanh", "none", 3, 4),
    "1-1 sigmoid with bias": (15, "sigmoid", "trainable", 4, 2),
}
"""For each kind: how many problems, activation, bias, samples, and the largest absolute value of an input."""


class Neuron(NamedTuple):
    """A neuron with one whole input, and rational targets."""

    activation: str
    bias: str
    X: tuple[int, ...]
    Y: tuple[Fraction, ...]

    @property
    def problem(self) -> Problem:
        """The problem as a record."""
        a = Architecture.of("1-1", output_activation=self.activation, bias=self.bias)
        return Problem(a, error_named("squared"), Samples.of([[x] for x in self.X], [[y] for y in self.Y]))


def problems(kind: str) -> Iterator[Neuron]:
    """Yield the random problems of a kind."""
    count, activation, bias, T, largest = KINDS[kind]
    rng = np.random.default_rng(sum(map(ord, kind)))
    inputs = [x for x in range(-largest, largest + 1) if x]
    for _ in range(count):
        X = rng.choice(inputs, T, replace=False)
        yield Neuron(activation, bias, tuple(map(int, X)), tuple(Fraction(int(y), 20) for y in rng.integers(-4, 25, T)))


def numerators(neuron: Neuron) -> list[sympy.Poly]:
    """Return the numerators of the components of the gradient in u, or u and t, without what they share."""
    tanh, free = neuron.activation == "tanh", neuron.bias == "trainable"
    found = [sympy.Integer(0)] * 2
    for x, y in zip(neuron.X, neuron.Y, strict=True):
        e = _U ** (2 * x if tanh else x) * (_T if free else 1)
        error = (2 * e / (1 + e) - 1 if tanh else e / (1 + e)) - sympy.Rational(y.numerator, y.denominator)
        found = [total + error * e / (1 + e) ** 2 * factor for total, factor in zip(found, (x, 1), strict=True)]
    if not free:
        return [sympy.Poly(sympy.fraction(sympy.cancel(sympy.together(found[0])))[0], _U)]
    F, G = (sympy.Poly(sympy.fraction(sympy.cancel(sympy.together(f)))[0], _U, _T) for f in found)
    shared = sympy.gcd(F, G)
    if min(shared.coeffs()) < 0:
        raise ValueError(f"what both numerators share may vanish: {shared}")
    return [F.quo(shared), G.quo(shared)]


def positive_roots(p: sympy.Poly) -> list[tuple[arb, int]]:
    """Return all positive roots as balls, with their multiplicities."""
    found = []
    for factor, times in p.factor_list()[1]:
        for (low, high), _ in factor.intervals(eps=_FINE, inf=0):
            if high > 0 and factor.eval(0) != 0:
                ends = arb(sympy_to_arb(low)), arb(sympy_to_arb(high))
                found.append((ends[0].union(ends[1]), times))
    return found


def sympy_to_arb(x: Any) -> arb:
    """Return a rational as a ball."""
    return arb(int(x.p)) / int(x.q)


def exact_points(neuron: Neuron) -> list[tuple[arb, ...]]:
    """Return the logarithms of all roots, or of pairs that may be, within the box."""
    parts = numerators(neuron)
    if len(parts) == 1:
        found = [(u.log(),) for u, _ in positive_roots(parts[0])]
    else:
        F, G = parts
        across, up = (positive_roots(sympy.Poly(sympy.resultant(F, G, out), kept)) for out, kept in ((_T, _U), (_U, _T)))
        pairs = [(u, t) for u, _ in across for t, _ in up]
        found = [(u.log(), t.log()) for u, t in pairs if all(value(p, u, t).contains(0) for p in parts)]
    return [point for point in found if all(abs(w) <= _BOX for w in point)]


def value(p: sympy.Poly, u: arb, t: arb) -> arb:
    """Enclose a polynomial."""
    return sum((sympy_to_arb(sympy.Rational(c)) * u**a * t**b for (a, b), c in p.terms()), arb(0))


def compare(kind: str) -> list[str]:
    """Return the row of a kind of problem."""
    proved = listed = exact = apart = 0
    times = [0.0, 0.0]
    for neuron in problems(kind):
        begin = time.process_time()
        X, Y = [[x] for x in neuron.X], [[y] for y in neuron.Y]
        found = lp.find_critical_points("1-1", X, Y, output_activation=neuron.activation, bias=neuron.bias, complete=True, box=_BOX)
        times[0] += time.process_time() - begin
        if not found.is_complete:
            continue
        begin = time.process_time()
        points = exact_points(neuron)
        times[1] += time.process_time() - begin
        inside = [W for W in (flat_weights(found.report.problem, point.weights) for point in found) if np.abs(W).max() <= _BOX]
        held = [holders(W, points) for W in inside]
        proved, listed, exact = proved + 1, listed + len(inside), exact + len(points)
        apart += sum(len(k) != 1 for k in held) + len(points) - len({k for some in held for k in some})
    return [kind, f"{KINDS[kind][0]}", f"{proved}", f"{listed}", f"{exact}", f"{apart}", *(f"{seconds:.1f}" for seconds in times)]


def holders(W: np.ndarray, points: Sequence[tuple[arb, ...]]) -> list[int]:
    """Return the numbers of the points that weights lie next to."""
    return [k for k, point in enumerate(points) if all(abs(arb(float(w)) - x) < _NEAR for w, x in zip(W, point, strict=True))]


def planted(bias: str) -> Iterator[Neuron]:
    r"""Yield sigmoid neurons with a double root at ``w = log 2`` (and ``b = log 3``): targets such that the gradient and ``H d`` vanish there.

    These are linear in the targets: with ``E_i = σ_i − y_i``, ``Σ E_i σ'_i x̃_i = 0`` and ``Σ (σ'_i² + E_i σ''_i)(x̃_i·d) x̃_i = 0``.
    """
    rng, free = np.random.default_rng(7), bias == "trainable"
    T, found = (5, 0) if free else (3, 0)
    while found < 10:
        X = [int(x) for x in rng.choice([x for x in range(-4, 5) if x], T, replace=False)]
        d = (1, int(rng.choice([-2, -1, 1, 2]))) if free else (1,)
        E = sympy.symbols(f"e:{T}")
        equations = [0] * (2 * len(d))
        for x, error in zip(X, E, strict=True):
            e = sympy.Integer(2) ** x * (3 if free else 1)
            s = e / (1 + e)
            slope, bend, row = s * (1 - s), s * (1 - s) * (1 - 2 * s), (x, 1)[: len(d)]
            along = sum(a * b for a, b in zip(row, d, strict=True))
            for k, entry in enumerate(row):
                equations[k] += error * slope * entry
                equations[len(d) + k] += (slope**2 + error * bend) * along * entry
        solution = sympy.solve([*equations, E[-1] - sympy.Rational(int(rng.integers(-9, 10)), 20)], E, dict=True)
        if solution:
            sizes = [sympy.Integer(2) ** x * (3 if free else 1) for x in X]
            Y = tuple(Fraction(str(e / (1 + e) - solution[0][error])) for e, error in zip(sizes, E, strict=True))
            found += 1
            yield Neuron("sigmoid", bias, tuple(X), Y)


def plant(bias: str) -> list[str]:
    """Return the row of planted double roots."""
    where = np.log([2.0, 3.0] if bias == "trainable" else [2.0])
    clustered = proved = whole = 0
    for neuron in planted(bias):
        context = ProofContext(neuron.problem, 0, DEFAULT_MAX_PRECISION)
        land, bounds = complete_search(neuron.problem, _BOX)
        tree = search_tree(land, bounds, TreeBudget(_BOXES))
        whole += tree.complete
        clustered += any(np.all((c.lower <= where) & (where <= c.upper)) for c in clusters(land, tree))
        near = [W for W in tree.points if np.abs(W - where).max() < _BESIDE]
        landscape = LandscapeClaims.of(neuron.problem)
        proved += sum(prove_near(context, weights_of_rows(neuron.problem, W), landscape, nearby=True) is not None for W in near)
    return [f"1-1 sigmoid{' with bias' * (bias == 'trainable')}", "10", f"{whole}", f"{clustered}", f"{proved}"]


def main() -> None:
    """Compare, and rewrite the tables."""
    headings = ["problems", "how many", "PROVED", "points listed", "roots in the box", "disagree", "lists, s", "algebra, s"]
    planted_headings = [
        "planted double root",
        "how many",
        "lists said to be complete",
        "in a cluster that is left",
        "points proved beside it",
    ]
    with one_thread(), ctx.workprec(_BITS):
        rows, plants = [compare(kind) for kind in KINDS], [plant(bias) for bias in ("none", "trainable")]
    write_blocks(PAGE, {"complete-algebra": markdown_table(headings, rows) + "\n\n" + markdown_table(planted_headings, plants)})


if __name__ == "__main__":
    main()
