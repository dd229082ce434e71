"""Random networks end to end: certificates are accepted, and proved ranks enclose a rank in high precision."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest

from lossproof import Verdict
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.network.estimates import mp_singular_values
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.theory.exceptions import NotDifferentiable

ACTIVATIONS = [
    *("tanh", "sigmoid", "softsign", "softplus", "bent-identity", "leaky-relu", "identity", "relu"),
    *("elu", "gelu", "silu", "arctan", "erf", "sin", "power:2", "power:3"),
]
OUTPUTS = ["identity", "identity", "tanh", "sigmoid", "softplus", "arctan", "sin", "power:2"]
ERRORS = ["squared", "cauchy", "blake-zisserman", "smooth-l1:1/4", "logistic", "softmax"]
DIGITS = 150


def entry(generator: random.Random) -> object:
    kind = generator.random()
    if kind < 0.5:
        return Fraction(generator.randint(-3, 3), generator.choice((1, 1, 2)))
    return generator.choice([0, 1, "1/3", generator.gauss(0, 1)])


def targets(generator: random.Random, error: str, T: int, n_L: int) -> list[list[object]]:
    if error == "softmax":
        return [[1] if n_L == 1 else generator.choice([[0, 1], ["1/3", "2/3"]]) for _ in range(T)]
    if error == "logistic":
        return [[generator.choice([0, 1, "1/2"]) for _ in range(n_L)] for _ in range(T)]
    return [[entry(generator) for _ in range(n_L)] for _ in range(T)]


def random_case(seed: int) -> tuple[tuple, dict]:
    generator = random.Random(seed)
    L = generator.choice([1, 2, 2, 2, 3])
    widths = [generator.randint(1, 3), *(generator.randint(1, 4) for _ in range(L - 1)), generator.randint(1, 2)]
    T, error = generator.randint(1, 5), generator.choice(ERRORS)
    bias = generator.choice(["trainable", "trainable", "fixed", "none"])
    X = [[entry(generator) for _ in range(widths[0])] for _ in range(T)]
    if T > 1 and generator.random() < 0.2:
        X[-1] = X[0]
    weights = None
    if generator.random() < 0.7:
        weights = [
            (
                [[entry(generator) for _ in range(n)] for _ in range(m)],
                None if bias == "none" else [entry(generator) for _ in range(n)],
            )
            for m, n in pairwise(widths)
        ]
    options = {"activation": generator.choice(ACTIVATIONS), "output_activation": generator.choice(OUTPUTS), "error": error, "bias": bias}
    return (widths, X, targets(generator, error, T, widths[-1])), {**options, "weights": weights, "seed": seed, "max_precision": 512}


REGRESSIONS = (2087, 2386, 2417)
"""A search that stepped to infinity, a run at many digits whose weights grew beyond all bounds, a loss beyond the range of doubles."""


@pytest.mark.parametrize("seed", [*range(120), *REGRESSIONS])
def test_random_network(check, seed):
    arguments, options = random_case(seed)
    report = check(*arguments, **options)
    claim = report["full-rank", "at these weights"]
    if "does not exist" in claim.reason:
        assert claim.verdict is Verdict.UNDECIDED
        with pytest.raises(NotDifferentiable):
            estimated_rank(report)
        return
    assert claim.facts["rank_lower"] <= estimated_rank(report) <= claim.facts["rank_upper"]


def estimated_rank(report) -> int:
    """The rank in 150 digits: right for these small networks, whose entries are no smaller than about 1e-30."""
    problem = report.problem
    strip = problem.architecture.output_activation.nonvanishing_derivative.holds
    P = jacobian(evaluate(problem.architecture, problem.samples, report.points[0], MpmathField(DIGITS), strip_output=strip))
    values = mp_singular_values(P, DIGITS).value
    threshold = values[0] * MpmathField(DIGITS).context.mpf(10) ** (-DIGITS // 2)
    return sum(value > threshold for value in values)
