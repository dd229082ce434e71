"""Times of proofs about points: an exact learner of XOR, the class of a point, and a map of a landscape.

Run with ``python -m benchmarks.critical_points``. What a user would do instead proves nothing: the same search in doubles, and the eigenvalues of a
Hessian by ``numpy.linalg.eigvalsh``; both are timed beside the proofs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import lossproof as lp
from benchmarks.timing import timed
from lossproof.numerics.critical.search import find_candidates
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

RUNS = 3
XOR_X, XOR_Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
STARTS = 200


def problem_of(widths: str, X: Any, Y: Any, activation: str = "tanh") -> Problem:
    return Problem(lp.Architecture.of(widths, activation), lp.error_named("squared"), lp.Samples.of(X, Y))


def curve(T: int, inputs: int = 1) -> tuple[Any, Any]:
    """Smooth targets with a little noise, over-determined for the networks here."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(T, inputs)).round(3)
    Y = (np.sin(2 * X[:, :1]) + 0.3 * X.sum(axis=1, keepdims=True) + 0.1 * rng.normal(size=(T, 1))).round(3)
    return X, Y


def row(job: str, value: float, target: str, remark: str = "") -> None:
    print(f"{job:<66}{value:>9.3f} s  {target:<10}{remark}")


def learner() -> None:
    value, report = timed(lambda: lp.check_architecture("2-2-1", XOR_X, XOR_Y, activation="tanh", self_check=False), RUNS)
    row("XOR 2-2-1: all claims, with an exact learner proved", value, "2 s", str(report["exact-learning"].verdict))
    value, result = timed(lambda: lp.verify(report.certificate.text), RUNS)
    row("  its certificate verified", value, "", f"ok = {result.ok}")


def classes() -> None:
    """Prove the best candidates' classes for networks of up to 50 weights, beside their eigenvalues in doubles."""
    for widths, T in (("1-2-1", 12), ("2-4-1", 40), ("2-8-1", 60), ("2-12-1", 80)):
        X, Y = curve(T, int(widths[0]))
        problem = problem_of(widths, X, Y)
        candidates = find_candidates(problem, starts=16, seed=0).candidates
        if not candidates:
            print(f"{widths}: no candidate")
            continue
        weights = candidates[0].weights
        value, found = timed(
            lambda problem=problem, weights=weights: lp.prove_points(problem, [weights], nearby=True, self_check=False), RUNS
        )
        estimate, _ = timed(lambda problem=problem, weights=weights: eigenvalues(problem, weights), RUNS)
        kind = found[0].kind if len(found) else "nothing proved"
        row(
            f"class of a point, {widths}, N_net = {problem.architecture.N_net}, T = {T}",
            value,
            "2 s",
            f"{kind}; float eigenvalues {estimate:.4f} s",
        )


def eigenvalues(problem: Problem, weights: Weights) -> Any:
    return np.linalg.eigvalsh(hessian(problem, evaluate(problem.architecture, problem.samples, weights, Float64Field())))


def maps() -> None:
    X, Y = curve(10)
    for activation in ("tanh", "gelu"):
        problem = problem_of("1-2-1", X, Y, activation)
        search, result = timed(lambda problem=problem: find_candidates(problem, starts=STARTS, seed=0), RUNS)
        value, found = timed(
            lambda activation=activation: lp.find_critical_points("1-2-1", X, Y, activation=activation, starts=STARTS, self_check=False),
            RUNS,
        )
        remark = f"{len(found)} points proved, {found.unproved} not, {found.strays} strays; search alone {search:.2f} s, {len(result.candidates)} candidates"
        row(f"map of 1-2-1 {activation} from {STARTS} starts", value, "60 s", remark)


def main() -> None:
    print(f"{'job':<66}{'median':>11}  target")
    learner()
    classes()
    maps()


if __name__ == "__main__":
    main()
