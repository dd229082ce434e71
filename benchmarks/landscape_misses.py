"""Random problems that just miss one hypothesis of a theorem about whole landscapes: the theorem must not speak about them.

Run with ``python -m benchmarks.landscape_misses --problems 200``. Each problem is drawn so that every other hypothesis holds. Another theorem may decide it;
a claim of the theorem itself would be an alarm, and is printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

import lossproof as lp
from benchmarks.landscape_attacks import CONVEX, theorems_on
from benchmarks.minima_search import Array
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

Generator = np.random.Generator


@dataclass(frozen=True)
class Drawn:
    """Samples, hidden widths, and the functions of a network."""

    X: Array
    Y: Array
    hidden: tuple[int, ...]
    activation: str
    error: str = "squared"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def problem(self) -> Problem:
        """The problem with these numbers, exactly."""
        widths = (self.X.shape[1], *self.hidden, self.Y.shape[1])
        X, Y = ([[Fraction(q) for q in row] for row in np.asarray(table, dtype=float).tolist()] for table in (self.X, self.Y))
        return Problem(Architecture.of(widths, self.activation, **self.options), lp.error_named(self.error), Samples.of(X, Y))


def real_targets(rng: Generator, T: int, n_L: int = 1) -> Array:
    """Targets in eighths."""
    return rng.integers(-8, 9, size=(T, n_L)) / 8


def lattice(rng: Generator, n: int) -> Array:
    """An invertible matrix that moves the corners of a simplex or of a square to small half-integers."""
    while True:
        M = rng.integers(-3, 4, size=(n, n)) / 2
        if abs(np.linalg.det(M)) > 0.1:
            return M


def moved(rng: Generator, points: Array) -> Array:
    """Points after a random affine map, in random order."""
    n = points.shape[1]
    return (points @ lattice(rng, n) + rng.integers(-4, 5, size=n) / 2)[rng.permutation(len(points))]


def independent(rng: Generator, more: int = 0) -> Array:
    """``n_0 + 1`` inputs in general position, and ``more`` of them on an edge."""
    n = int(rng.integers(1, 4))
    corners = np.vstack([np.zeros(n), np.eye(n)])
    edge = [corners[0] + (corners[1] - corners[0]) * (k + 2) for k in range(more)]
    return moved(rng, np.vstack([corners, *edge]))


def simplex(rng: Generator, more: int = 0) -> Array:
    """A simplex with its centre, and ``more`` points outside."""
    n = int(rng.integers(1, 4))
    corners = np.vstack([np.zeros(n), np.eye(n)])
    outside = [np.full(n, k + 1.0) + np.eye(n)[0] for k in range(more)]
    return moved(rng, np.vstack([4 * corners, corners[1:].sum(axis=0), *(4 * p for p in outside)]))


def square(rng: Generator, corner: float = 1.0) -> Array:
    """A parallelogram, or four points whose last corner is moved."""
    return moved(rng, np.array([[0, 0], [0, 1], [1, 0], [corner, 1]]))


def mixed_sides(rng: Generator) -> tuple[Array, Array]:
    """Corners of a parallelogram with the sides of XOR, which no direction separates, even weakly: ``x_1 + x_4 = x_2 + x_3``."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) @ lattice(rng, 2) + rng.integers(-4, 5, size=2) / 2
    return X, np.array([[0.0], [1], [1], [0]])


def parted(rng: Generator) -> tuple[Array, Array]:
    """Inputs at different places of a line through the space, with the sides 0 and 1 of a plane across it."""
    n, T = int(rng.integers(1, 4)), int(rng.integers(3, 7))
    places = np.sort(rng.choice(np.arange(-8, 9), size=T, replace=False)) / 2
    X = places[:, None] * np.ones(n) + np.hstack([np.zeros((T, 1)), rng.integers(-1, 2, size=(T, n - 1)) / 2])
    return X, (np.arange(T) >= rng.integers(1, T))[:, None].astype(float)


def units(rng: Generator, fewest: int = 1) -> tuple[int, ...]:
    """The width of one hidden layer."""
    return (int(rng.integers(fewest, 4)),)


def convex(rng: Generator) -> str:
    """One of the activations with ``1/σ'`` strictly convex."""
    return str(rng.choice(CONVEX))


def beside_independent(rng: Generator) -> dict[str, Drawn]:
    """Misses of `independent-samples`."""
    X, Z = independent(rng), independent(rng, more=1)
    T, wide = len(X), units(rng, 2)
    return {
        "one sample more": Drawn(Z, real_targets(rng, len(Z)), wide, convex(rng)),
        "fewer units than outputs": Drawn(
            X, real_targets(rng, T, 3), (int(rng.integers(1, 3)),), convex(rng), str(rng.choice(["cauchy:1", "smooth-l1:1"]))
        ),
        "fewer units, a curved output": Drawn(
            X, real_targets(rng, T, 3), (int(rng.integers(1, 3)),), convex(rng), options={"output_activation": "bent-identity"}
        ),
        "not strictly increasing": Drawn(X, real_targets(rng, T), wide, str(rng.choice(["relu", "gelu", "silu", "sin", "hard-tanh"]))),
        "a slope of the output vanishes": Drawn(X, real_targets(rng, T), wide, convex(rng), options={"output_activation": "sin"}),
        "two hidden layers": Drawn(X, real_targets(rng, T), (*wide, 3), convex(rng)),
        "no biases": Drawn(X, real_targets(rng, T), wide, convex(rng), options={"bias": "none"}),
    }


def beside_one_relation(rng: Generator, X: Array, two: Array, other: Array) -> dict[str, Drawn]:
    """Misses of a theorem on samples ``X`` with one relation; ``two`` have two of them, ``other`` one of another kind."""
    wide = units(rng, 2)
    return {
        "another relation": Drawn(other, real_targets(rng, len(other)), wide, convex(rng)),
        "two relations": Drawn(two, real_targets(rng, len(two)), wide, convex(rng)),
        "1/σ' is not convex": Drawn(X, real_targets(rng, len(X)), wide, str(rng.choice(["bent-identity", "gelu", "sin", "relu"]))),
        "not analytic": Drawn(X, real_targets(rng, len(X)), wide, str(rng.choice(["softsign", "elu", "leaky-relu"]))),
        "two outputs": Drawn(X, real_targets(rng, len(X), 2), wide, convex(rng)),
        "two hidden layers": Drawn(X, real_targets(rng, len(X)), (*wide, 2), convex(rng)),
        "no biases": Drawn(X, real_targets(rng, len(X)), wide, convex(rng), options={"bias": "none"}),
        "a slope of the output vanishes": Drawn(X, real_targets(rng, len(X)), wide, convex(rng), options={"output_activation": "sin"}),
    }


def beside_separable(rng: Generator) -> dict[str, Drawn]:
    """Misses of `separable-squashing`."""
    X, Y = parted(rng)
    mixed, sides = mixed_sides(rng)
    inside = Y.copy()
    inside[rng.integers(len(Y))] = 0.5
    opposite = np.vstack([X, -X])
    increasing = str(rng.choice([*CONVEX, "leaky-relu", "softsign", "bent-identity"]))
    return {
        "not separable": Drawn(mixed, sides, units(rng), increasing, "logistic"),
        "a target inside the range": Drawn(X, inside, units(rng), increasing, "logistic"),
        "not strictly increasing": Drawn(X, Y, units(rng), str(rng.choice(["relu", "gelu", "silu", "sin", "hard-tanh"])), "logistic"),
        "two outputs": Drawn(X, np.hstack([Y, Y]), units(rng), increasing, "logistic"),
        "two hidden layers": Drawn(X, Y, (*units(rng), 2), increasing, "logistic"),
        "no end of the range": Drawn(X, Y, units(rng), increasing, "squared"),
        "an end that is attained": Drawn(X, Y, units(rng), increasing, "squared", {"output_activation": "relu"}),
        "no biases": Drawn(opposite, np.ones((len(opposite), 1)), units(rng), increasing, "logistic", {"bias": "none"}),
    }


def beside_shallow_linear(rng: Generator) -> dict[str, Drawn]:
    """Misses of `shallow-linear`."""
    X, n_L = rng.integers(-4, 5, size=(6, 2)) / 4, int(rng.integers(1, 4))
    Y = real_targets(rng, 6, n_L)
    return {
        "two hidden layers": Drawn(X, Y, (*units(rng), 2), "identity"),
        "another error": Drawn(X, Y, units(rng), "identity", str(rng.choice(["cauchy:1", "smooth-l1:1"]))),
        "not linear": Drawn(X, Y, units(rng), str(rng.choice(["leaky-relu", "tanh", "power:2", "bent-identity"]))),
        "a curved output": Drawn(X, Y, units(rng), "identity", options={"output_activation": "tanh"}),
    }


def beside_simplex(rng: Generator) -> dict[str, Drawn]:
    """Misses of `one-relation-simplex`."""
    return beside_one_relation(rng, simplex(rng), simplex(rng, more=1), square(rng, corner=1.5))


def beside_parallelogram(rng: Generator) -> dict[str, Drawn]:
    """Misses of `parallelogram`."""
    more = moved(rng, np.array([[0, 0], [0, 1], [1, 0], [1, 1], [3, 2]]))
    return beside_one_relation(rng, square(rng), more, square(rng, corner=1 + int(rng.integers(1, 8)) / 8))


MISSES: dict[str, Callable[[Generator], dict[str, Drawn]]] = {
    "independent-samples": beside_independent,
    "one-relation-simplex": beside_simplex,
    "parallelogram": beside_parallelogram,
    "separable-squashing": beside_separable,
    "shallow-linear": beside_shallow_linear,
}


def claimed(statement: str, problems: int, seed: int) -> list[str]:
    """Return the random misses, of at least so many, that a theorem speaks about all the same, in words."""
    rng, found, made = np.random.default_rng(seed), list[str](), 0
    while made < problems:
        for miss, drawn in MISSES[statement](rng).items():
            made += 1
            if any(claim.id == statement for claim in theorems_on(drawn.problem)):
                found.append(f"{miss}: {drawn}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    for statement in MISSES:
        found = claimed(statement, chosen.problems, chosen.seed)
        print(f"{statement:<22} claimed on {len(found)} of {chosen.problems} problems or more that miss one hypothesis", flush=True)
        for words in found:
            print(f"  ALARM: {words}", flush=True)


if __name__ == "__main__":
    main()
