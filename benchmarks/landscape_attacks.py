"""Attacks on the theorems about whole landscapes: random problems on which they say something, and a search for bad minima from many starts.

Run with ``python -m benchmarks.landscape_attacks --problems 200 --starts 1000``. A bad minimum where a theorem says that there is none would be an alarm, and
is printed with its problem. Where a theorem says that there are bad minima, the same search should meet some: that shows what it can see.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

import lossproof as lp
from benchmarks.minima_search import Array, Network, search_bad_minima
from lossproof.certificates.claims.principles import claim_error_principle
from lossproof.certificates.claims.theorems import claims_of_theorems
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.numerics.network.points import random_weights
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.verdicts import Verdict

CONVEX = ("tanh", "sigmoid", "softplus", "arctan", "erf")
ERRORS = (("squared", "identity"), ("squared", "tanh"), ("logistic", "identity"), ("cauchy:1", "identity"))


@dataclass(frozen=True)
class Trial:
    """A problem, what a theorem says about it, and the same network for the search."""

    problem: Problem
    claim: Claim
    network: Network

    def __str__(self) -> str:
        a, samples = self.problem.architecture, self.problem.samples
        X, Y = ([[str(q) for q in row] for row in table] for table in (samples.X, samples.Y))
        return f"{a}, {a.activation.name}, output {a.output_activation.name}, {self.problem.error.name}, X = {X}, Y = {Y}"


def theorems_on(problem: Problem) -> list[Claim]:
    """Return what the library's theorems say about a problem."""
    return claims_of_theorems(
        ProofContext(problem, 0, 256), Point(random_weights(problem, 0)), claim_error_principle(problem, "principle-error")
    )


def trial(X: Array, Y: Array, units: int, activation: str, error: str, output: str) -> Trial | None:
    """Return a trial of a problem with a theorem that speaks about it, or None."""
    if len(np.unique(X, axis=0)) < len(X):
        return None
    widths = (X.shape[1], units, Y.shape[1])
    samples = Samples.of([[Fraction(x) for x in row] for row in X.tolist()], [[Fraction(y) for y in row] for row in Y.tolist()])
    problem = Problem(Architecture.of(widths, activation, output), lp.error_named(error), samples)
    claims = theorems_on(problem)
    return Trial(problem, claims[0], Network(X, Y, units, activation, output, error)) if claims else None


def targets(shape: tuple[int, int], error: str, output: str, rng: np.random.Generator) -> Array:
    """Return targets in quarters, often Boolean; strictly between the ends where a squashing output or a cross-entropy would make the best ones unattained."""
    inside = error == "logistic" or output == "tanh"
    if rng.random() < 0.3:
        values = rng.choice([0.25, 0.75] if inside else [0.0, 1.0], size=shape)
    else:
        values = rng.integers(1, 8, size=shape) / 8 if inside else rng.integers(-8, 9, size=shape) / 4
    return np.asarray(values)


def independent(rng: np.random.Generator) -> Trial | None:
    n_0, n_L = int(rng.integers(1, 5)), int(rng.integers(1, 3))
    T, units = int(rng.integers(2, n_0 + 2)), n_L + int(rng.integers(0, 3))
    error, output = ERRORS[rng.integers(len(ERRORS))]
    X = rng.integers(-8, 9, size=(T, n_0)) / 4
    return trial(X, targets((T, n_L), error, output, rng), units, str(rng.choice([*CONVEX, "bent-identity"])), error, output)


def simplex(rng: np.random.Generator) -> Trial | None:
    """One sample inside the simplex of the others or of some of them."""
    n_0 = int(rng.integers(1, 4))
    error, output = ERRORS[rng.integers(len(ERRORS))]
    corners = rng.integers(-6, 7, size=(n_0 + 1, n_0)) / 2
    inside = int(rng.integers(2, n_0 + 2))
    shares = rng.dirichlet(np.ones(inside))
    shares = np.maximum(1, np.round(8 * shares))
    total = 2 ** int(np.ceil(np.log2(shares.sum())))
    shares[0] += total - shares.sum()
    X = np.vstack([corners, shares @ corners[:inside] / total])
    return trial(X, targets((n_0 + 2, 1), error, output, rng), int(rng.integers(1, 4)), str(rng.choice(CONVEX)), error, output)


def parallelogram(rng: np.random.Generator) -> Trial | None:
    n_0 = int(rng.integers(2, 4))
    error, output = ERRORS[rng.integers(len(ERRORS))]
    x, p, q = rng.integers(-4, 5, size=(3, n_0)) / 2
    X = np.array([x, x + q, x + p, x + p + q])[rng.permutation(4)]
    return trial(X, targets((4, 1), error, output, rng), int(rng.integers(1, 4)), str(rng.choice(CONVEX)), error, output)


def simplex_against(rng: np.random.Generator) -> Trial | None:
    """Targets that are their mean plus a multiple of the relation of three samples on a line, where bad minima are said to exist."""
    x = np.cumsum(rng.integers(1, 5, size=3)) / 2
    s = np.array([x[2] - x[1], x[0] - x[2], x[1] - x[0]])
    Y = rng.integers(-4, 5) / 4 + rng.choice([-1.0, 0.5, 1.0]) * s
    return trial(x[:, None], Y[:, None], int(rng.integers(1, 4)), str(rng.choice(CONVEX)), "squared", "identity")


def parallelogram_against(rng: np.random.Generator) -> Trial | None:
    x, p, q = rng.integers(-4, 5, size=(3, 2)) / 2
    X = np.array([x, x + q, x + p, x + p + q])
    Y = rng.integers(-4, 5) / 4 + rng.choice([-1.0, 0.5, 1.0]) * np.array([[1], [-1], [-1], [1]])
    return trial(X, Y, 1, str(rng.choice(CONVEX)), "squared", "identity")


Draw = Callable[[np.random.Generator], Trial | None]
PROVED: dict[str, Draw] = {"independent-samples": independent, "one-relation-simplex": simplex, "parallelogram": parallelogram}
REFUTED: dict[str, Draw] = {"one-relation-simplex": simplex_against, "parallelogram": parallelogram_against}


def trials(statement: str, draw: Draw, verdict: Verdict, count: int, seed: int) -> Iterator[Trial]:
    """Yield random problems on which a theorem gives a verdict."""
    rng = np.random.default_rng(seed)
    while count:
        found = draw(rng)
        if found is not None and (found.claim.id, found.claim.verdict) == (statement, verdict):
            count -= 1
            yield found


@dataclass(frozen=True)
class Tally:
    """How many problems showed a bad minimum, out of how many, and how many starts led nowhere that can be judged."""

    problems: int
    with_bad: tuple[Trial, ...]
    undone: int


def attack(statement: str, draw: Draw, verdict: Verdict, *, problems: int, starts: int, seed: int) -> Tally:
    """Search bad minima of random problems on which a theorem gives a verdict."""
    with_bad, undone = [], 0
    for k, found in enumerate(trials(statement, draw, verdict, problems, seed)):
        result = search_bad_minima(found.network, starts, seed + k)
        undone += result.undone
        if len(result.bad):
            with_bad.append(found)
    return Tally(problems, tuple(with_bad), undone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    for verdict, draws in ((Verdict.PROVED, PROVED), (Verdict.REFUTED, REFUTED)):
        for statement, draw in draws.items():
            begin = time.perf_counter()
            tally = attack(statement, draw, verdict, problems=chosen.problems, starts=chosen.starts, seed=chosen.seed)
            print(
                f"{statement:<22}{verdict.value:<9} bad minima in {len(tally.with_bad)} of {tally.problems} problems; "
                f"{tally.undone} of {tally.problems * chosen.starts} starts undone; {time.perf_counter() - begin:.0f} s",
                flush=True,
            )
            if verdict is Verdict.PROVED:
                for found in tally.with_bad:
                    print(f"  ALARM: {found}", flush=True)


if __name__ == "__main__":
    main()
