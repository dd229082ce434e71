"""Times of the proof that an exact learner exists, beside the training that finds it and an unverified factorisation; medians of one run.

Run with ``python -m benchmarks.learners``.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from benchmarks.timing import timed
from lossproof.certificates.claims.learners import learner_near
from lossproof.certificates.proof.certificate import certificate_of
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.verify import verify
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.learners.candidates import exact_learner_candidates
from lossproof.numerics.learners.kantorovich import kantorovich_ball
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gram
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

RUNS = 3
WIDTHS = (64, 128, 10)


def random_targets(T: int) -> Problem:
    g = np.random.default_rng(0)
    samples = Samples.of(g.standard_normal((T, WIDTHS[0])), g.standard_normal((T, WIDTHS[-1])))
    return Problem(Architecture.of(WIDTHS, "tanh"), error_named("squared"), samples)


def digit_like(T: int) -> Problem:
    """Inputs in 0, 1/16, …, 1 and one-hot targets."""
    g = np.random.default_rng(0)
    X = np.round(16 * g.random((T, WIDTHS[0]))) / 16
    Y = np.eye(WIDTHS[-1])[g.integers(0, WIDTHS[-1], T)]
    return Problem(Architecture.of(WIDTHS, "tanh"), error_named("squared"), Samples.of(X, Y))


def show(name: str, problem: Problem) -> None:
    training, weights = timed(lambda: next(exact_learner_candidates(problem, 0, 8)), 1)
    K = gram(evaluate(problem.architecture, problem.samples, weights, Float64Field()))
    plain, _ = timed(lambda: linalg.cholesky(K, lower=True), RUNS)
    proof, ball = timed(lambda: kantorovich_ball(problem, weights), RUNS)
    if ball is None:
        raise SystemExit("nothing was proved: the other times mean nothing")
    found = learner_near(ProofContext(problem, 0, DEFAULT_MAX_PRECISION), Point(weights))
    if found is None:
        raise SystemExit("no learner was proved: the other times mean nothing")
    text = certificate_of(problem, [found.existence]).text
    check, verification = timed(lambda: verify(text), RUNS)
    if not verification.ok:
        raise SystemExit(f"the certificate was rejected: {verification.failures}")
    print(
        f"{name:<16}{problem.columns:>6} equations: training {training:7.2f} s, proof {proof:6.2f} s ({training / proof:4.1f} times less), "
        f"check {check:6.2f} s, unverified Cholesky {plain:6.3f} s; distance {float(ball.distance):.1e}, "
        f"β = {ball.beta:.1f}, κ = {ball.kappa:.0f}, targets within {float(ball.target_radius):.1e}",
        flush=True,
    )


def main() -> None:
    for T in (30, 100, 300):
        show("random targets", random_targets(T))
        show("digit-like", digit_like(T))


if __name__ == "__main__":
    main()
