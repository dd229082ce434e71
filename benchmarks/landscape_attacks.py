"""Attacks on the theorems about whole landscapes: random problems on which they say something, and a search for bad minima from many starts.

Run with ``python -m benchmarks.landscape_attacks --problems 200 --starts 1000``. A bad minimum where a theorem says that there is none would be an alarm, and
is printed with its problem. Where a theorem says that there are bad minima, the same search should meet some: that shows what it can see. For
`separable-squashing`, where the loss has no least value, every local minimum would be an alarm, good or bad; where the targets of the same samples lie inside
the range there are some, and the search should meet them. `benchmarks.landscape_misses` draws problems that just miss one hypothesis.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

import lossproof as lp
from benchmarks.minima_search import Array, Network, search_bad_minima, search_minima
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
ENDS = (
    ("logistic", "identity", 0.0, 1.0),
    ("squared", "sigmoid", 0.0, 1.0),
    ("squared", "sigmoid", -0.25, 1.5),
    ("squared", "tanh", -1.0, 1.0),
    ("cauchy:1", "tanh", -1.0, 1.0),
    ("squared", "arctan", -2.0, 2.0),
)
"""Errors and output activations, with targets at or beyond the lower and the upper end of the range."""
NO_MINIMUM = "separable-squashing"


@dataclass(frozen=True)
class Trial:
    """A problem, what theorems say about it, and the same network for the search."""

    problem: Problem
    claims: tuple[Claim, ...]
    network: Network

    def says(self, statement: str) -> Verdict | None:
        """What a theorem says about the problem, or None where it says nothing."""
        return next((claim.verdict for claim in self.claims if claim.id == statement), None)

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
    found = drawn(X, Y, units, activation, error, output)
    return found if found is not None and found.claims else None


def drawn(X: Array, Y: Array, units: int, activation: str, error: str, output: str) -> Trial | None:
    """Return a trial of a problem, whether or not a theorem speaks about it; None for equal inputs."""
    if len(np.unique(X, axis=0)) < len(X):
        return None
    widths = (X.shape[1], units, Y.shape[1])
    samples = Samples.of([[Fraction(x) for x in row] for row in X.tolist()], [[Fraction(y) for y in row] for row in Y.tolist()])
    problem = Problem(Architecture.of(widths, activation, output), lp.error_named(error), samples)
    return Trial(problem, tuple(theorems_on(problem)), Network(X, Y, units, activation, output, error))


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


def narrow(rng: np.random.Generator) -> Trial | None:
    """Independent samples and fewer units than outputs, one often; targets of a low rank, with equal columns, or with equal singular values."""
    n_0, n_L = int(rng.integers(1, 5)), int(rng.integers(2, 5))
    T, units = int(rng.integers(2, n_0 + 2)), int(rng.integers(1, n_L)) if rng.random() < 0.6 else 1
    Y = targets((T, n_L), "squared", "identity", rng)
    kind = int(rng.integers(4))
    if kind == 1:
        Y = np.eye(max(T, n_L))[:T, :n_L]
    elif kind == 2:
        Y = np.outer(Y[:, 0], Y[0])
    elif kind == 3:
        Y[:, -1] = Y[:, 0]
    X = rng.integers(-8, 9, size=(T, n_0)) / 4
    return trial(X, Y, units, str(rng.choice([*CONVEX, "bent-identity", "identity"])), "squared", "identity")


def shallow_linear(rng: np.random.Generator) -> Trial | None:
    """A linear network, often narrower than inputs and outputs, on few samples, often with equal columns of targets."""
    n_0, n_L, units = (int(n) for n in rng.integers(1, 4, size=3))
    X = rng.integers(-4, 5, size=(int(rng.integers(2, 8)), n_0)) / 4
    Y = targets((len(X), n_L), "squared", "identity", rng)
    if rng.random() < 0.3:
        Y[:, -1] = Y[:, 0]
    return trial(X, Y, units, "identity", "squared", "identity")


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
    return against(x[:, None], s, int(rng.integers(1, 4)), rng)


def parallelogram_against(rng: np.random.Generator) -> Trial | None:
    x, p, q = rng.integers(-4, 5, size=(3, 2)) / 2
    X = np.array([x, x + q, x + p, x + p + q])
    return against(X, np.array([1, -1, -1, 1]), 1, rng)


def against(X: Array, s: Array, units: int, rng: np.random.Generator) -> Trial | None:
    """A multiple of the relation s and a constant as targets, the constant a value of the output activation."""
    output = str(rng.choice(["identity", "identity", "tanh", "bent-identity"]))
    mean = rng.integers(-2, 3) / 4 if output == "tanh" else rng.integers(-4, 5) / 4
    Y = mean + rng.choice([-1.0, 0.5, 1.0]) * s / (4 if output == "tanh" else 1)
    return trial(X, Y[:, None], units, str(rng.choice(CONVEX)), "squared", output)


def separable(rng: np.random.Generator) -> Trial | None:
    """Samples on two sides of a plane, some upon it, with targets at or beyond the ends of the range."""
    X, sides = two_sides(rng)
    error, output, low, high = ENDS[rng.integers(len(ENDS))]
    return trial(
        X, np.where(sides, high, low)[:, None], int(rng.integers(1, 4)), str(rng.choice([*CONVEX, "bent-identity"])), error, output
    )


def inside_the_range(rng: np.random.Generator) -> Trial | None:
    """The same samples with probabilities strictly between 0 and 1: the best logits are attained, so that there are local minima."""
    X, sides = two_sides(rng)
    targets = np.where(sides, rng.integers(4, 8, size=len(X)), rng.integers(1, 5, size=len(X))) / 8
    return drawn(X, targets[:, None], int(rng.integers(1, 4)), str(rng.choice(CONVEX)), "logistic", "identity")


def two_sides(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return inputs, and on which side of a random plane each lies; those upon it on any."""
    n_0, T = int(rng.integers(1, 4)), int(rng.integers(3, 8))
    X = rng.integers(-4, 5, size=(T, n_0)) / 2
    values = X @ rng.integers(1, 4, size=n_0) - rng.integers(-2, 3) / 2
    return X, np.where(values == 0, rng.random(T) < 0.5, values > 0)


Draw = Callable[[np.random.Generator], Trial | None]
PROVED: dict[str, Draw] = {
    "independent-samples": independent,
    "one-relation-simplex": simplex,
    "parallelogram": parallelogram,
    NO_MINIMUM: separable,
    "shallow-linear": shallow_linear,
}
REFUTED: dict[str, Draw] = {"one-relation-simplex": simplex_against, "parallelogram": parallelogram_against}


def trials(statement: str, draw: Draw, verdict: Verdict | None, count: int, seed: int) -> Iterator[Trial]:
    """Yield random problems on which a theorem gives a verdict, or says nothing."""
    rng = np.random.default_rng(seed)
    while count:
        found = draw(rng)
        if found is not None and found.says(statement) is verdict:
            count -= 1
            yield found


@dataclass(frozen=True)
class Tally:
    """How many problems showed a minimum of the kind looked for, out of how many, and how many starts led nowhere that can be judged."""

    problems: int
    with_minima: tuple[Trial, ...]
    undone: int


def attack(statement: str, draw: Draw, verdict: Verdict | None, *, problems: int, starts: int, seed: int) -> Tally:
    """Search bad minima of random problems on which a theorem gives a verdict, or says nothing; all minima for `separable-squashing`."""
    search = search_minima if statement == NO_MINIMUM else search_bad_minima
    with_minima, undone = [], 0
    for k, found in enumerate(trials(statement, draw, verdict, problems, seed)):
        result = search(found.network, starts, seed + k)
        undone += result.undone
        if len(result.minima):
            with_minima.append(found)
    return Tally(problems, tuple(with_minima), undone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    attacks = [
        *((statement, draw, Verdict.PROVED) for statement, draw in PROVED.items()),
        ("independent-samples", narrow, Verdict.PROVED),
        *((statement, draw, Verdict.REFUTED) for statement, draw in REFUTED.items()),
        (NO_MINIMUM, inside_the_range, None),
    ]
    for statement, draw, verdict in attacks:
        begin = time.perf_counter()
        tally = attack(statement, draw, verdict, problems=chosen.problems, starts=chosen.starts, seed=chosen.seed)
        print(
            f"{statement:<22}{'silent' if verdict is None else verdict.value:<9}{'' if statement == NO_MINIMUM else 'bad '}minima in "
            f"{len(tally.with_minima)} of {tally.problems} problems; {tally.undone} of {tally.problems * chosen.starts} starts undone; "
            f"{time.perf_counter() - begin:.0f} s",
            flush=True,
        )
        if verdict is Verdict.PROVED:
            for found in tally.with_minima:
                print(f"  ALARM: {found}", flush=True)


if __name__ == "__main__":
    main()
