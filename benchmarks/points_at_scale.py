"""From weights of trained networks to proved minima and saddles: the time of every part, beside an unverified Hessian of torch with its eigenvalues.

Run with ``python -m benchmarks.points_at_scale``; ``--largest 241`` leaves out networks with more weights. The networks have one hidden layer of tanh units and
are fitted by least squares to the outputs of another one with noise, or with softmax to frequencies of classes; those on real data are trained with weight
decay by L-BFGS; the saddles are linear networks near 0. Times are of the processor, of all threads together, and the memory is the most that was taken so far.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from lossproof.certificates.claims.critical_point import LandscapeClaims, locate
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.proof.certificate import certificate_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.ball import polished_weights
from lossproof.numerics.network.penalty import rates_in_doubles
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.numerics.training.run_doubles import run_training
from lossproof.numerics.training.settings import Settings
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

SIZES = ((3, 4, 400), (6, 8, 1000), (10, 10, 2000), (10, 20, 4000), (20, 50, 8000))
SADDLES = ((5, 10), (10, 25), (20, 50))
SOFT = ((32, 2000), (128, 10**10))
REAL = (
    ("diabetes", (10, 5, 1), "squared", "1/100"), ("breast-cancer", (30, 8, 1), "logistic", "1/1000"), ("iris", (4, 8, 3), "softmax", "1/1000"),
    ("wine", (13, 8, 3), "softmax", "1/1000"), ("digits", (64, 32, 10), "softmax", "1/1000"), ("digits", (64, 128, 10), "softmax", "1/1000"),
)  # fmt: skip
MOST_VALUES, CHUNK = 2 * 10**8, 256


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


def soft(n1: int, draws: int, T: int = 1797, n0: int = 64, outputs: int = 10, seed: int = 0) -> tuple[Problem, Any]:
    """Return a problem of the shape of the handwritten digits, and weights near a minimum: targets are frequencies of classes drawn from its softmax."""
    g = np.random.default_rng(seed)
    inputs, a = np.round(g.normal(size=(T, n0)), 2), Architecture.of((n0, n1, outputs), "tanh")
    ones, first = np.ones((T, 1)), n1 * (n0 + 1)
    w = g.normal(size=a.N_net) * np.where(np.arange(a.N_net) < first, 1 / np.sqrt(n0 + 1), 2 / np.sqrt(n1 + 1))
    hidden = np.hstack([np.tanh(np.hstack([inputs, ones]) @ w[:first].reshape(n1, -1).T), ones])
    shares = np.exp(hidden @ w[first:].reshape(outputs, -1).T)
    shares /= shares.sum(axis=1, keepdims=True)
    Y = [[Fraction(int(count), draws) for count in g.multinomial(draws, row)] for row in shares]
    return Problem(a, error_named("softmax"), Samples.of(inputs.tolist(), Y)), w


def saddle(n: int, hidden: int) -> tuple[Problem, Any]:
    """Return two linear layers without biases, and weights near 0, where half of the ``2 n hidden`` eigenvalues are negative."""
    g = np.random.default_rng(n)
    a = Architecture.of((n, hidden, n), "identity", bias="none")
    X, Y = (np.round(g.normal(size=(3 * n, n)), 2).tolist() for _ in range(2))
    return Problem(a, error_named("squared"), Samples.of(X, Y)), 1e-5 * g.normal(size=a.N_net)


def trained(name: str, widths: tuple[int, ...], error: str, rate: str) -> tuple[Problem, Any]:
    """Return a real data set in columns of mean 0 and size 1, to three digits, with a network whose weights and biases decay, and where L-BFGS ends."""
    samples = load_data(name, widths[-1])
    X = np.array(samples.X, dtype=float)
    Y = np.array(samples.Y, dtype=float)
    inputs = np.round((X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-9), 3)
    targets = np.round((Y - Y.mean(axis=0)) / Y.std(axis=0), 3) if error == "squared" else Y
    a = Architecture.of(widths, "tanh")
    problem = Problem(a, error_named(error), Samples.of(inputs.tolist(), targets.tolist()), decay=Decay.of(rate, a))
    found = run_training(problem, random_weights(problem, 0), Settings("lbfgs", max_iterations=30_000))
    return problem, flat_weights(problem, found.weights)


def seconds(job: Callable[[], Any]) -> tuple[float, Any]:
    """Return the time of the processor that a job takes, and its result."""
    start = time.process_time()
    result = job()
    return time.process_time() - start, result


def torch_seconds(problem: Problem, w: Any) -> float:
    """Return the time of `torch.func.hessian` and `torch.linalg.eigvalsh`, in chunks where the whole takes too much memory; NaN without torch."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return float("nan")
    a = problem.architecture
    X, Y = (torch.tensor([[float(x) for x in row] for row in rows], dtype=torch.float64) for rows in (problem.samples.X, problem.samples.Y))

    rates = torch.tensor(rates_in_doubles(problem))

    def loss(v: Any) -> Any:
        phi, start = X, 0
        for l in range(1, a.L + 1):
            n, m = a.widths[l], a.fan_in(l)
            block = v[start : start + n * m].reshape(n, m)
            z = phi @ block[:, : a.widths[l - 1]].T + (block[:, -1] if a.bias_rows_of(l) else 0)
            phi, start = torch.tanh(z) if l < a.L and not a.activation.is_identity else z, start + n * m
        penalty = (rates * v**2).sum() / 2
        if problem.error.family == "softmax":
            return penalty - (Y * torch.log_softmax(phi, 1)).sum() / problem.T
        if problem.error.family == "logistic":
            return penalty + (torch.nn.functional.softplus(phi) - Y * phi).sum() / problem.T
        return penalty + ((phi - Y) ** 2).sum() / 2 / problem.T

    def job() -> Any:
        point = torch.tensor(w, dtype=torch.float64)
        whole = a.N_net * problem.T * max(a.widths[1:]) <= MOST_VALUES
        H = torch.func.hessian(loss)(point) if whole else torch.func.jacrev(torch.func.grad(loss), chunk_size=CHUNK)(point)
        return torch.linalg.eigvalsh(H.detach())

    return seconds(job)[0]


def row(name: str, problem: Problem, w: Any) -> dict[str, Any]:
    """Return the times of one network."""
    torch = torch_seconds(problem, w)
    near, found, polish, proof = weights_of_rows(problem, w), None, 0.0, 0.0
    points, context = polished_weights(problem, near), ProofContext(problem, 0, 1024)
    while found is None:
        spent, point = seconds(lambda: next(points, None))
        polish += spent
        if point is None:
            break
        near = point
        spent, found = seconds(partial(locate, context, Point(near), LandscapeClaims.of(problem)))
        proof += spent
    kind, accepted, check = "not located", False, float("nan")
    if found is not None:
        counts = found.claim.facts["inertia"]
        kind = f"{found.claim.facts['kind']} ({counts['negative']}, {counts['zero']}, {counts['positive']})"
        document = json.loads(certificate_of(problem, [found.claim]).text)
        check, outcome = seconds(lambda: check_certificate(document))
        accepted = outcome.ok
    moved = float(np.linalg.norm(flat_weights(problem, near) - w))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "network": name, "T": problem.T, "weights": len(w), "kind": kind, "accepted": accepted, "moved": moved,
        "torch": torch, "polish": polish, "proof": proof, "verify": check, "GiB": memory,
    }  # fmt: skip


def cases() -> Iterator[tuple[str, Callable[[], tuple[Problem, Any]], int]]:
    """Yield names of networks, what makes them, and their numbers of weights."""
    for n0, n1, T in SIZES:
        yield f"{n0}-{n1}-1", partial(fitted, n0, n1, T), n1 * (n0 + 2) + 1
    for n, hidden in SADDLES:
        yield f"{n}-{hidden}-{n} linear", partial(saddle, n, hidden), 2 * n * hidden
    for name, widths, error, rate in REAL:
        yield f"{'-'.join(map(str, widths))} {name}", partial(trained, name, widths, error, rate), Architecture.of(widths).N_net
    for n1, draws in SOFT:
        yield f"64-{n1}-10 softmax", partial(soft, n1, draws), n1 * 65 + 10 * (n1 + 1)


def main() -> None:
    """Print one line for each network."""
    torch_seconds(*saddle(2, 2))
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--largest", type=int, default=10**6, help="the largest number of weights")
    options.add_argument("--only", default="", help="a part of the names of the networks")
    chosen = options.parse_args()
    for name, make, weights in cases():
        if weights <= chosen.largest and chosen.only in name:
            found = row(name, *make())
            print(
                "  ".join(f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in found.items()),
                flush=True,
            )


if __name__ == "__main__":
    main()
