"""How many of the candidates of random maps have a proved class, by activation, and what the others look like.

Run with ``python -m benchmarks.map_classes [maps] [activation …]``, or with ``alike`` in the place of a number for data with structure: functions of bits, even
targets on even grids, and one sample of each class. The maps are small, of random shape, samples, error and biases, all from fixed seeds; a
quarter has repeated inputs. A candidate counts as classed if a class, such as saddle or local minimum, is proved at or near it. The others are told apart by
what doubles say: units at a kink, units of one pattern of signs, a singular Hessian.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

import lossproof as lp
from lossproof.certificates.claims.critical_point import LandscapeClaims, prove_near
from lossproof.certificates.proof.context import ProofContext
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.critical.search import find_candidates
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

KINKED = ("relu", "leaky-relu", "hard-tanh")
SMOOTH = ("tanh", "sigmoid", "arctan", "softplus", "identity", "power:2", "power:3", "sin", "erf", "gelu", "silu")
ERRORS = ("squared", "squared", "squared", "cauchy", "logistic", "softmax")
STARTS = 24
MAX_PRECISION = 512
NEAR_ZERO = 1e-7


def random_problem(number: int, activations: tuple[str, ...]) -> Problem:
    """Return the problem of a number: its activation in turn, everything else drawn; every fourth of one activation has repeated inputs."""
    draw = random.Random(number)
    activation, repeated = activations[number % len(activations)], number // len(activations) % 4 == 0
    hidden = draw.choice((1, 1, 1, 2))
    widths = [draw.choice((1, 1, 2, 3)), *(draw.choice((1, 2, 2, 3)) for _ in range(hidden)), draw.choice((1, 1, 1, 2))]
    T, error, bias = draw.choice((2, 3, 4, 5, 6)), draw.choice(ERRORS), draw.choice(("trainable", "trainable", "trainable", "none"))
    if error == "softmax":
        widths[-1] = max(2, widths[-1])
    X = [[Fraction(draw.randint(-4, 4), draw.choice((1, 2))) for _ in range(widths[0])] for _ in range(T)]
    if repeated:
        X[1] = X[0]
        X[T - 1] = X[T // 2]
    Y = [_target(draw, error, widths[-1]) for _ in range(T)]
    return Problem(lp.Architecture.of(widths, activation, "identity", bias=bias), lp.error_named(error), lp.Samples.of(X, Y))


def alike_problems(activation: str) -> Iterator[Problem]:
    """Yield small problems with structure in their data, in one hidden layer of one or two units, for the squared error and cross-entropies."""
    corners, cube, grid = list(product((0, 1), repeat=2)), list(product((0, 1), repeat=3)), [[k] for k in (-2, -1, 0, 1, 2)]
    unit = [[int(i == j) for j in range(3)] for i in range(3)]
    tables: list[tuple[Any, list[list[int]]]] = [
        (corners, [[0], [1], [1], [0]]), ([[2 * a - 1, 2 * b - 1] for a, b in corners], [[0], [1], [1], [0]]), (corners, [[0], [0], [0], [1]]),
        (grid, [[4], [1], [0], [1], [4]]), (grid[1:4], [[0], [1], [0]]), (corners, [[0, 0], [1, 0], [1, 0], [0, 1]]),
        (corners, [[0, 1], [1, 0], [1, 0], [0, 1]]), (cube, [[sum(x) % 2] for x in cube]), (unit, unit),
    ]  # fmt: skip
    for X, Y in tables:
        n = len(Y[0])
        shares = all(sum(y) == 1 for y in Y) if n > 1 else max(y for (y,) in Y) == 1
        settings = [(2, "squared", "trainable"), (1, "squared", "trainable"), (2, "squared", "none")]
        settings += [(2, "softmax" if n > 1 else "logistic", "trainable")] * shares
        for width, error, bias in settings:
            a = lp.Architecture.of((len(X[0]), width, n), activation, "identity", bias=bias)
            yield Problem(a, lp.error_named(error), lp.Samples.of(X, Y))


def _target(draw: random.Random, error: str, n: int) -> list[Fraction]:
    if error == "logistic":
        return [draw.choice((Fraction(0), Fraction(1, 2), Fraction(1))) for _ in range(n)]
    if error == "softmax":
        right, soft = draw.randrange(n), draw.random() < 0.5
        parts = [draw.randint(1, 4) if soft else int(j == right) for j in range(n)]
        return [Fraction(part, sum(parts)) for part in parts]
    return [Fraction(draw.randint(-3, 3)) for _ in range(n)]


def look(problem: Problem, weights: Weights) -> str:
    """Return in words what doubles say about a candidate: the reasons why no proof may have succeeded."""
    a, found = problem.architecture, evaluate(problem.architecture, problem.samples, weights, Float64Field())
    seen = [problem.error.name, a.bias, f"{a.L - 1} hidden", "several outputs" if a.n_L > 1 else "one output"]
    kinks = [float(kink) for kink in a.activation.kinks(2)]
    z = [np.asarray(found.z[l], dtype=float) for l in range(1, a.L)]
    if any(np.min(np.abs(values - kink)) < NEAR_ZERO for values in z for kink in kinks):
        seen.append("at a kink")
    patterns = [tuple(unit > 0) for unit in z[0].T]
    if any(not any(pattern) for pattern in patterns):
        seen.append("dead units")
    idle = [not np.any(np.abs(np.array(row, dtype=float)) > NEAR_ZERO) for row in weights.layers[-1].W]
    if any(idle):
        seen.append("idle units")
    return ", ".join(seen)


def classes_of(problem: Problem, seed: int) -> list[tuple[str, Weights]]:
    """Return the proved class of each candidate, ``"undecided"`` for a critical point without one, ``"unproved"`` for none."""
    context, landscape = ProofContext(problem, seed, MAX_PRECISION, None), LandscapeClaims.of(problem)
    with one_thread():
        candidates = find_candidates(problem, starts=STARTS, seed=seed, workers=1).candidates
        located = [(prove_near(context, one.weights, landscape, nearby=True), one.weights) for one in candidates]
    return [(_class(found), weights) for found, weights in located]


def _class(found: Any) -> str:
    return "unproved" if found is None else "undecided" if found.class_claim is None else str(found.class_claim.id)


def main() -> None:
    """Print the share of candidates with a proved class by activation, and the looks of the others by how often they occur."""
    maps = sys.argv[1] if len(sys.argv) > 1 else "120"
    activations = tuple(sys.argv[2:]) or KINKED
    counts: dict[str, Counter[str]] = {name: Counter() for name in activations}
    looks: Counter[str] = Counter()
    drawn = (
        (number, activations[number % len(activations)], random_problem(number, activations))
        for number in range(0 if maps == "alike" else int(maps))
    )
    listed = ((1, name, problem) for name in activations for problem in alike_problems(name)) if maps == "alike" else drawn
    for number, name, problem in listed:
        for kind, weights in classes_of(problem, number):
            counts[name][kind] += 1
            if kind in ("unproved", "undecided"):
                looks[f"{kind}: {look(problem, weights)}"] += 1
    for name, kinds in counts.items():
        total = sum(kinds.values())
        classed = total - kinds["unproved"] - kinds["undecided"]
        print(f"{name:<12}{classed:>5} of {total:<5}{100 * classed / max(1, total):>6.1f} %  {dict(kinds.most_common())}")
    for words, times in looks.most_common(40):
        print(f"{times:>5}  {words}")


if __name__ == "__main__":
    main()
