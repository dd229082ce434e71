"""Attacks on the bad local minima that regions of the weights are said to have: random problems, and every refutation built by hand.

Run with ``python -m benchmarks.region_attacks --problems 200``. The weights of the proofs of `linear-region`, `dead-region` and `constant-region` are written
down in doubles, apart from the library, and the loss is sampled around them: a smaller one would be an alarm. The better point of the library is evaluated in
100 digits: a loss that is not below that of the minimum would be an alarm, too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

import lossproof as lp
from benchmarks.networks_by_hand import Array, Layers, Network, loss_in_digits, rise_nearby
from benchmarks.weights_of_regions import affine_network, constant_networks, dead_network, gated_network, silent_network
from lossproof.certificates.claims.regions import BadRegion, bad_region
from lossproof.certificates.proof.context import ProofContext
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

REGIONS = ("linear-region", "dead-region", "constant-region")
_ROUNDED = 1e-13


@dataclass(frozen=True)
class Refuted:
    """A random problem, what is claimed about it, and the same network for the attack."""

    network: Network
    found: BadRegion

    def __str__(self) -> str:
        n = self.network
        return f"{n.widths}, {n.activation}, {n.error}, bias {n.bias}, X = {n.X.tolist()}, Y = {n.Y.tolist()}"


def drawn(region: str, rng: np.random.Generator) -> Network:
    """Return a random network and samples for which a region may hold bad minima."""
    error = str(rng.choice(["squared", "squared", "logistic", "softmax"]))
    n_0, depth, n_L = int(rng.integers(1, 4)), int(rng.integers(1, 3)), int(rng.integers(2 if error == "softmax" else 1, 4))
    T, hidden = n_0 + int(rng.integers(3, 8)), tuple(int(n) for n in rng.integers(3, 7, size=depth))
    X, bias = rng.integers(-8, 9, size=(T, n_0)) / 4, "trainable"
    Y = targets(T, n_L, error, rng)
    if region == "constant-region":
        X, Y = np.vstack([X, -X]), np.vstack([Y, Y])
        activation = str(rng.choice(["tanh", "sigmoid", "softplus", "arctan", "gelu"]))
    elif region == "linear-region":
        activation = str(rng.choice(["leaky-relu", "elu"]))
        if rng.random() < 0.4:
            error, bias, activation = "squared", "none", str(rng.choice(["relu", "leaky-relu"]))
            Y, hidden = targets(T, n_L, error, rng), hidden[:1]
    else:
        activation = str(rng.choice(["relu", "hard-tanh"]))
        if activation == "relu" and rng.random() < 0.3:
            X, bias = np.abs(X) + 0.25, "none"
    return Network(X, Y, (n_0, *hidden, n_L), activation, error, bias)


def targets(T: int, n_L: int, error: str, rng: np.random.Generator) -> Array:
    """Return targets in quarters, for cross-entropies of classes."""
    if error == "softmax":
        return np.eye(n_L)[rng.integers(n_L, size=T)]
    return rng.integers(0, 2, size=(T, n_L)).astype(float) if error == "logistic" else rng.integers(-8, 9, size=(T, n_L)) / 4


def problem_of(network: Network) -> Problem:
    """Return the library's problem with exactly these numbers."""
    X, Y = ([[Fraction(q) for q in row] for row in table.tolist()] for table in (network.X, network.Y))
    a = Architecture.of(network.widths, network.activation, bias=network.bias)
    return Problem(a, lp.error_named(network.error), Samples.of(X, Y))


def refuted(region: str, count: int, seed: int) -> Iterator[Refuted]:
    """Yield random problems that the library refutes by a region."""
    rng = np.random.default_rng(seed)
    while count:
        network = drawn(region, rng)
        found = bad_region(ProofContext(problem_of(network), 0, 4096), [])
        if found is not None and found.minimum.id == region:
            count -= 1
            yield Refuted(network, found)


def weights_claimed(refuted: Refuted, rng: np.random.Generator) -> list[Layers]:
    """Return weights of which the proof says that one is a local minimum: one choice, or one for each sign that is open."""
    network, claim = refuted.network, refuted.found.minimum
    direction = np.array([float(Fraction(q)) for q in claim.evidence.get("direction", ())])
    if claim.id == "linear-region":
        return [affine_network(network) if network.bias == "trainable" else gated_network(network, direction)]
    if claim.id == "dead-region":
        return [dead_network(network, rng) if network.bias == "trainable" else silent_network(network, direction, rng)]
    return constant_networks(network, np.array([float(Fraction(q)) for q in claim.evidence["output_weights"]]))


def alarms(refuted: Refuted, seed: int, count: int = 300) -> list[str]:
    """Return what is wrong with a refutation, in words; nothing is the rule."""
    rng, network, found = np.random.default_rng(seed), refuted.network, refuted.found
    lower, wrong = float(found.minimum.facts["loss_lower"]), []
    claimed = weights_claimed(refuted, rng)
    if min(float(network.loss(layers)) for layers in claimed) < lower - _ROUNDED * (1 + lower):
        wrong.append("the loss of the minimum is smaller than said")
    size = 2e-4 if found.minimum.id == "constant-region" or network.bias == "none" else 5e-3
    if max(rise_nearby(network, layers, size, count, rng) for layers in claimed) < -_ROUNDED * (1 + lower):
        wrong.append("a smaller loss was met near the minimum")
    point = found.better.point
    if point is None or not loss_in_digits(network, point.weights.layers) < found.minimum.facts["loss_lower"]:
        wrong.append("the better point is not better")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    for region in REGIONS:
        begin, wrong = time.perf_counter(), 0
        for k, found in enumerate(refuted(region, chosen.problems, chosen.seed)):
            for words in alarms(found, chosen.seed + k):
                wrong += 1
                print(f"  ALARM: {words}: {found}", flush=True)
        print(f"{region:<17} {wrong} alarms on {chosen.problems} problems; {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
