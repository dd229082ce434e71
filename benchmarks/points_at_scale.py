"""From weights of trained networks to proved strict minima: the time of every part, against an unverified Hessian with its eigenvalues.

Run with ``python -m benchmarks.points_at_scale``; ``--largest 241`` leaves out networks with more weights. The networks have one hidden layer of tanh units and
are fitted by least squares to the outputs of another one with noise. Times are of the processor, of all threads together.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from lossproof.certificates.claims.critical_point import LandscapeClaims, locate
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.proof.certificate import certificate_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.ball import polished_weights
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

SIZES = ((3, 4, 400), (6, 8, 1000), (10, 10, 2000), (10, 20, 4000), (20, 50, 8000))


def fitted(n0: int, n1: int, T: int, seed: int = 0) -> tuple[Problem, Any]:
    """Return a problem, and weights where least squares end."""
    g = np.random.default_rng(seed)
    inputs = np.round(g.normal(size=(T, n0)), 3)
    teacher, ones = g.normal(size=n1 * (n0 + 2) + 1), np.hstack([inputs, np.ones((T, 1))])

    def outputs(w: Any) -> Any:
        return np.tanh(ones @ w[: n1 * (n0 + 1)].reshape(n1, n0 + 1).T) @ w[n1 * (n0 + 1) : -1] + w[-1]

    def slopes(w: Any) -> Any:
        h = np.tanh(ones @ w[: n1 * (n0 + 1)].reshape(n1, n0 + 1).T)
        first = (((1 - h * h) * w[n1 * (n0 + 1) : -1])[:, :, None] * ones[:, None, :]).reshape(T, -1)
        return np.hstack([first, h, np.ones((T, 1))])

    Y = np.round(outputs(teacher) + 0.02 * g.normal(size=T), 3)
    found = least_squares(lambda w: outputs(w) - Y, teacher, slopes, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=40)
    a = Architecture.of((n0, n1, 1), "tanh")
    return Problem(a, error_named("squared"), Samples.of(inputs.tolist(), Y[:, None].tolist())), found.x


def seconds(job: Callable[[], Any]) -> tuple[float, Any]:
    """Return the time of the processor that a job takes, and its result."""
    start = time.process_time()
    result = job()
    return time.process_time() - start, result


def row(n0: int, n1: int, T: int) -> dict[str, Any]:
    """Return the times of one network."""
    problem, w = fitted(n0, n1, T)
    plain, _ = seconds(lambda: np.linalg.eigvalsh(FloatLandscape(problem).at(w[None]).hessian[0]))
    polish, near = seconds(lambda: next(polished_weights(problem, weights_of_rows(problem, w))))
    context = ProofContext(problem, 0, 1024)
    proof, found = seconds(lambda: locate(context, Point(near), LandscapeClaims.of(problem)))
    kind, accepted, check = "not located", False, float("nan")
    if found is not None:
        kind = found.claim.facts["kind"]
        document = json.loads(certificate_of(problem, [found.claim]).text)
        check, outcome = seconds(lambda: check_certificate(document))
        accepted = outcome.ok
    moved = float(np.linalg.norm(flat_weights(problem, near) - w))
    return {
        "network": f"{n0}-{n1}-1", "T": T, "weights": len(w), "kind": kind, "accepted": accepted, "moved": moved,
        "eigvalsh": plain, "polish": polish, "proof": proof, "verify": check,
    }  # fmt: skip


def main() -> None:
    """Print one line for each network."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--largest", type=int, default=10**6, help="the largest number of weights")
    largest = options.parse_args().largest
    for n0, n1, T in SIZES:
        if n1 * (n0 + 2) + 1 <= largest:
            found = row(n0, n1, T)
            print(
                "  ".join(f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in found.items()),
                flush=True,
            )


if __name__ == "__main__":
    main()
