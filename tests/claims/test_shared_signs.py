"""Networks without biases whose hidden units share their signs, and linear networks with one hidden layer: decided, and not claimed elsewhere."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.numerics.network.loss_value import loss_ball
from lossproof.numerics.samples.gated_fit import gated_fit
from lossproof.numerics.training.lower_loss import weights_below
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

PROVED, REFUTED = lp.Verdict.PROVED, lp.Verdict.REFUTED


def around_zero(seed, T=7, n_0=2, n_L=1):
    """Inputs on all sides of 0, which lie in no half-plane, with random targets."""
    rng = random.Random(seed)
    X = [[Fraction(rng.randint(-8, 8), 4) for _ in range(n_0)] for _ in range(T - 1)]
    X.append([-sum(column) for column in zip(*X, strict=True)])
    return X, [[Fraction(rng.randint(-8, 8), 4) for _ in range(n_L)] for _ in range(T)]


@pytest.mark.parametrize("activation", ["relu", "leaky-relu"])
@pytest.mark.parametrize(("n_0", "n_L", "units"), [(1, 1, 3), (2, 1, 4), (2, 2, 5), (3, 2, 5)])
def test_networks_without_biases_have_bad_minima_on_samples_around_0(activation, n_0, n_L, units):
    for seed in range(3):
        X, Y = around_zero(seed, 7, n_0, n_L)
        report = lp.check_architecture((n_0, units, n_L), X, Y, activation=activation, bias="none")
        assert (report.conclusion.verdict, report.conclusion.evidence["row"]) == (REFUTED, "linear-region")
        assert "where all hidden units have the same signs on the samples" in " ".join(str(report).split())
        assert lp.verify(report.certificate.text).ok


def test_the_fit_is_the_least_squares_fit_of_what_the_units_see():
    """On the negative side leaky-relu halves the inputs: −1/2 and 2 for the direction 1."""
    samples = Samples.of([[-1], [2]], [[1], [1]])
    found = gated_fit(Problem(Architecture.of("1-2-1", "leaky-relu:1/2", bias="none"), error_named("squared"), samples), 0)
    assert found is not None
    side = Fraction(found.direction[0]) > 0
    inputs = (Fraction(-1, 2), Fraction(2)) if side else (Fraction(-1), Fraction(1))
    slope = sum(inputs) / sum(x * x for x in inputs)
    assert found.map == ((slope,),)
    assert found.loss == sum((slope * x - 1) ** 2 for x in inputs) / 4


@pytest.mark.parametrize(
    ("error", "Y", "above", "below"), [("squared", [[2], [0], [1], [3]], 1.75, 0.5), ("logistic", [[1], [0], [1], [1]], 0.69, 0.17)]
)
def test_an_input_of_0_does_not_keep_training_from_a_better_point(error, Y, above, below):
    """Every unit has its kink there, whatever the weights are, and the output is 0: that sample alone has more than the lower loss."""
    problem = Problem(Architecture.of("1-3-1", "relu", bias="none"), error_named(error), Samples.of([[0], [1], [2], [3]], Y))
    weights = weights_below(problem, above, 0)
    assert weights is not None
    loss = loss_ball(problem, weights, Fraction(0), 64)
    assert loss is not None
    assert loss < above
    assert weights_below(problem, below, 0) is None


@pytest.mark.parametrize(
    "changes",
    [{"activation": "elu"}, {"widths": "2-1-1"}, {"widths": "2-3-3-1"}, {"output_activation": "sigmoid"}, {"error": "logistic"}],
    ids=str,
)
def test_shared_signs_are_not_claimed_where_one_thing_is_missing(changes):
    options = {"widths": "2-3-1", "activation": "leaky-relu", "bias": "none", "search": "none", **changes}
    report = lp.check_architecture(options.pop("widths"), XOR_X, XOR_Y, **options)
    assert all(claim.id != "linear-region" for claim in report)


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("widths", [(2, 1, 3), (3, 2, 2), (2, 4, 1), (3, 1, 1)], ids=str)
def test_linear_networks_with_one_hidden_layer_are_decided(widths, bias):
    X, Y = around_zero(sum(widths), 6, widths[0], widths[-1])
    report = lp.check_architecture(widths, X, [[*row[:-1], row[0]] for row in Y], activation="identity", bias=bias)
    assert (report.conclusion.verdict, report.conclusion.rigor) == (PROVED, lp.Rigor.EXACT)
    assert report["shallow-linear"].verdict is PROVED
    assert lp.verify(report.certificate.text).ok


@pytest.mark.parametrize(
    "changes", [{"widths": "2-2-2-1"}, {"error": "cauchy:1"}, {"activation": "tanh"}, {"output_activation": "tanh"}], ids=str
)
def test_other_networks_are_not_decided_as_linear_ones(changes):
    options = {"widths": "2-2-1", "activation": "identity", "search": "none", **changes}
    report = lp.check_architecture(options.pop("widths"), XOR_X, XOR_Y, **options)
    assert all(claim.id != "shallow-linear" for claim in report)
