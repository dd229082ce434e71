"""Certificates of a step or two around what numerics offers, for the question whether the kernel accepts it; and random networks of all sizes."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np

from cases.kernel_draft import EVERYWHERE, Draft
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import rational_text

HIDDEN = (
    "sigmoid", "tanh", "softsign", "softplus", "bent-identity", "identity", "relu", "leaky-relu:1/10", "elu", "gelu", "silu", "swish:5/2", "arctan",
    "erf", "sin", "power:2", "power:3",
)  # fmt: skip
OUTPUTS = ("identity", "identity", "identity", "tanh", "softsign", "elu", "leaky-relu:1/10", "sin", "softplus", "relu", "power:2")


def draft_of(problem, *points):
    """An empty draft about a problem, with points."""
    found = encode_problem(problem)
    draft = Draft(found.pop("widths"), found.pop("X"), found.pop("Y"), *(encode_point(weights) for weights in points))
    draft.document["problem"].update(found)
    return draft


def failures(draft):
    """What the kernel has against a draft; empty where it accepts it."""
    return [str(failure) for failure in check_certificate(draft.finish()).failures]


def add_rank(draft, matrix, evidence, at=0):
    """Add the bound that a piece of evidence proves."""
    place = EVERYWHERE if matrix.startswith("Phi-0") else at
    if evidence.rule == "singular-value":
        facts = {"matrix": matrix, "least": evidence.payload["least"]}
        claim = draft.claim(
            "singular-value", "singular-value", place, facts, (), {"matrix": matrix, **evidence.payload}, evidence.rigor.value
        )
        return draft.lower("rank-regular", matrix, evidence.value, place, [claim])
    add = draft.lower if evidence.is_lower else draft.upper
    return add(evidence.rule, matrix, evidence.value, place, (), dict(evidence.payload), evidence.rigor.value)


def rank_failures(problem, weights, matrix, evidence, at=0):
    """What the kernel has against one piece of rank evidence."""
    draft = draft_of(problem, *([] if weights is None else [weights]))
    add_rank(draft, matrix, evidence, at)
    return failures(draft)


def add_smoothness(draft, problem, rigor, order):
    """Add the premise that derivatives exist, where a rule asks for it."""
    return [draft.differentiable(order, 0, rigor.value)] if problem.architecture.kinked_layers(order) else []


def add_ball(draft, problem, ball, *, robust=False):
    """Add the bound of the smallest singular value, and the exact learner in a ball that rests on it."""
    least = rational_text(ball.sigma)
    value = draft.singular("P", least)
    distance, target = (ball.target_distance, ball.target_radius) if robust else (ball.distance, Fraction(0))
    evidence = {"learner": "W*1", "point": 0, "distance": rational_text(distance), "target_radius": rational_text(target)}
    facts = {**evidence, "rank_lower": problem.columns}
    return draft.claim("learner-ball", "exact-learning", EVERYWHERE, facts, [value], evidence, "VERIFIED_FLOAT")


def add_box(draft, problem, box):
    """Add the exact learner in a box."""
    evidence = {
        "learner": "W*1", "point": 0, "parameters": list(box.parameters), "radius": rational_text(box.radius),
        "target_radius": rational_text(box.target_radius), "precision": box.precision,
    }  # fmt: skip
    facts = {
        "learner": "W*1", "point": 0, "distance": rational_text(box.distance), "target_radius": rational_text(box.target_radius),
        "rank_lower": problem.columns,
    }  # fmt: skip
    return draft.claim("learner-box", "exact-learning", EVERYWHERE, facts, (), evidence, "BALL")


def add_stationary(draft, rule, radius, dimension, evidence):
    """Add a critical point in a box around point 0."""
    facts = {"point": 0, "radius": rational_text(radius), "dimension": dimension}
    return draft.claim(rule, "stationary", "W*1", facts, (), {"point": 0, **evidence}, "BALL")


def random_network(
    seed, *, hidden=HIDDEN, outputs=OUTPUTS, layers=(1, 2, 2, 3), errors=("squared",), samples=(1, 2, 3, 5), widths=(1, 2, 3, 5)
):
    """A problem and weights in doubles: samples that nearly agree, units, inputs and outputs of very different size, saturated or tiny."""
    generator, numbers = random.Random(f"offers-{seed}"), np.random.default_rng(seed)
    T, L = generator.choice(samples), generator.choice(layers)
    sizes = [generator.choice((1, 2, 3)), *(generator.choice(widths) for _ in range(L - 1)), generator.choice((1, 1, 2))]
    bias = generator.choice(("trainable", "trainable", "none", "fixed"))
    a = Architecture.of(sizes, generator.choice(hidden), generator.choice(outputs), bias)
    X = numbers.standard_normal((T, sizes[0])) * 10.0 ** generator.choice((0, 0, 0, 0, 1, 2, -3, -8, -25, 8, 25))
    if T > 1 and generator.random() < 0.5:
        X[-1] = X[0] * (1 + 10.0 ** -generator.uniform(0, 17))
    if generator.random() < 0.2:
        X = X * 10.0 ** numbers.integers(-12, 13, generator.choice(((1, sizes[0]), (T, 1))))
    if generator.random() < 0.2:
        X = np.round(X * 4) / 4
    pairs = []
    for m, n in pairwise(sizes):
        W = numbers.standard_normal((m, n)) * 10.0 ** (numbers.integers(-20, 6, (1, n)) * (generator.random() < 0.15))
        W *= 10.0 ** generator.choice((0, 0, 0, 0, 1, 2, -6))
        pairs.append((W, np.zeros(n) if bias == "none" else numbers.standard_normal(n) * 10.0 ** generator.choice((0, 0, 1, -3))))
    fixed = None if bias != "fixed" else tuple(tuple(layer.b) for layer in Weights.of(a, pairs).layers)
    error = error_named(generator.choice(errors))
    return Problem(a, error, Samples.of(X, _targets(generator, numbers, error, T, sizes[-1])), fixed), Weights.of(a, pairs)


def _targets(generator, numbers, error, T, n_L):
    if error.family == "softmax":
        rows = [[Fraction(generator.randint(1, 5)) for _ in range(n_L)] for _ in range(T)]
        return [[y / sum(row) for y in row] for row in rows]
    if error.family == "logistic":
        return [[Fraction(generator.randint(0, 4), 4) for _ in range(n_L)] for _ in range(T)]
    return (np.round(numbers.standard_normal((T, n_L)) * 8) / 8).tolist()
