"""Claims beyond XOR: each theorem where it decides, each correction where it bites."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from cases.landscapes import XOR_X, XOR_Y

from lossproof import Rigor, Verdict

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
EVERYWHERE, GENERIC, HERE = "everywhere", "almost everywhere", "at these weights"


def random_samples(T, n_0, n_L, seed=0):
    generator = random.Random(seed)
    X = [[Fraction(generator.randint(-8, 8), 4) for _ in range(n_0)] for _ in range(T)]
    Y = [[Fraction(generator.randint(-8, 8), 4) for _ in range(n_L)] for _ in range(T)]
    return X, Y


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softsign", "softplus", "bent-identity", "gelu", "arctan", "erf", "elu", "silu"])
def test_one_hidden_layer_with_T_units(check, activation):
    X, Y = random_samples(5, 2, 2)
    report = check((2, 5, 2), X, Y, activation=activation, search="none")
    assert report["one-hidden-layer"].verdict is PROVED
    assert report["wide-layer"].verdict is PROVED
    assert report["exact-learning"].verdict is PROVED
    assert report["full-rank", HERE].verdict is PROVED
    if activation in ("tanh", "sigmoid", "softplus", "gelu"):
        assert report["manifold"].verdict is PROVED
        assert report["manifold"].facts["dimension"] == report.problem.architecture.N_net - 10
        assert report["ggn"].rigor is Rigor.CITED


def test_single_layer_with_independent_inputs(check):
    X, Y = [[1, 2, 3], [0, 1, 4], [5, 6, 0]], [["1/4", "1/2"], ["1/3", "2/3"], ["1/5", "1/7"]]
    for output in ("identity", "sigmoid", "softplus", "arctan"):
        report = check((3, 2), X, Y, output_activation=output, bias="none")
        assert report["full-rank", EVERYWHERE].verdict is PROVED
        assert report["full-rank", EVERYWHERE].facts["rank_lower"] == 6
        assert report["no-bad-local-minima"].verdict is PROVED
        assert report["exact-learning"].verdict is PROVED


def test_single_layer_with_dependent_inputs(check):
    report = check((2, 1), XOR_X, XOR_Y)
    assert report["full-rank", EVERYWHERE].verdict is REFUTED
    assert report["full-rank", GENERIC].verdict is REFUTED
    assert report["full-rank", GENERIC].facts == {"rank_lower": 3, "rank_upper": 3, "columns": 4}
    assert report["exact-learning"].verdict is REFUTED
    assert report["exact-learning"].rule == "unlearnable-linear"
    assert report["no-bad-local-minima"].verdict is PROVED
    assert report["no-bad-local-minima"].evidence == {"row": "convex"}


def test_linear_network(check):
    report = check((2, 3, 1), XOR_X, XOR_Y, activation="identity")
    assert report["exact-learning"].rule == "unlearnable-linear"
    assert report["full-rank", GENERIC].verdict is REFUTED
    assert report["full-rank", GENERIC].facts["rank_lower"] == report["full-rank", GENERIC].facts["rank_upper"] == 3
    assert report["no-bad-local-minima"].evidence == {"row": "by-shallow-linear"}
    deep = check((2, 3, 3, 1), XOR_X, XOR_Y, activation="identity")
    assert deep["no-bad-local-minima"].rigor is Rigor.CITED


def test_clash(check):
    report = check((1, 3, 1), [[0], [1], [1]], [[0], [1], [2]], search="none")
    assert report["exact-learning"].verdict is REFUTED
    assert report["exact-learning"].rule == "unlearnable-samples"
    assert report["full-rank", GENERIC].verdict is REFUTED
    assert report["full-rank", GENERIC].facts["rank_upper"] == 2


@pytest.mark.parametrize(
    ("output", "error", "target"),
    [
        ("sigmoid", "squared", 1),
        ("tanh", "cauchy", "3/2"),
        ("identity", "logistic", 1),
        ("relu", "squared", -1),
        ("sin", "squared", 2),
        ("softplus", "squared", 0),
    ],
)
def test_target_out_of_range(check, output, error, target):
    report = check((1, 2, 1), [[0], [1]], [["1/2"], [target]], output_activation=output, error=error, search="none")
    assert report["exact-learning"].verdict is REFUTED
    assert report["exact-learning"].rule == "unlearnable-range"
    assert report["exact-learning"].evidence == {"sample": 1, "output": 0}


def test_targets_within_range_are_not_refuted(check):
    report = check((1, 2, 1), [[0], [1]], [["1/2"], [1]], output_activation="sin", search="none")
    assert report["exact-learning"].verdict is PROVED


def test_softmax_with_one_hot_targets(check):
    report = check((1, 2, 2), [[0], [1]], [[1, 0], [0, 1]], error="softmax")
    assert report["exact-learning"].rule == "unlearnable-range"
    assert report["principle-morse"].verdict is REFUTED


@pytest.mark.parametrize("error", ["cauchy", "cauchy:1/4", "blake-zisserman", "blake-zisserman:3"])
@pytest.mark.parametrize("bias", ["trainable", "none", "fixed"])
def test_gauss_newton_is_not_semidefinite(check, error, bias):
    report = check((2, 2, 1), XOR_X, XOR_Y, error=error, bias=bias, search="none")
    claim = report["ggn-semidefinite"]
    assert claim.verdict is REFUTED
    assert claim.rigor is Rigor.BALL


@pytest.mark.parametrize("error", ["squared", "smooth-l1", "logistic", "softmax"])
def test_gauss_newton_is_semidefinite_for_convex_errors(check, error):
    report = check((2, 2, 2), XOR_X, [["1/2", "1/2"]] * 4, error=error, search="none")
    assert report["ggn-semidefinite"].verdict is PROVED


def test_gauss_newton_with_bounded_output(check):
    report = check((2, 2, 1), XOR_X, [[0], ["1/2"], ["1/2"], [0]], error="cauchy:9", output_activation="tanh")
    assert report["ggn-semidefinite"].evidence == {"row": "ggn-semidefinite"}


def test_nearly_equal_inputs_have_full_rank(check):
    close = "1." + "0" * 29 + "1"
    report = check((1, 2, 1), [[1], [close]], [[0], [1]], activation="tanh")
    assert report["full-rank", HERE].verdict is PROVED
    assert report["full-rank", HERE].facts["rank_lower"] == 2
    assert sum(s > 1e-15 * report.spectrum[0] for s in report.spectrum) == 1


def test_too_few_weights(check):
    X, Y = random_samples(10, 2, 1)
    report = check((2, 2, 1), X, Y)
    assert report["count"].verdict is REFUTED
    assert report["full-rank", GENERIC].verdict is REFUTED
    assert report["full-rank", EVERYWHERE].verdict is REFUTED
    assert report["no-bad-local-minima"].verdict is UNDECIDED


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "elu"])
def test_piecewise_linear_networks_are_deficient_on_an_open_set(check, activation):
    report = check((2, 4, 1), XOR_X, XOR_Y, activation=activation)
    assert report["full-rank", GENERIC].verdict is REFUTED
    assert report["full-rank", EVERYWHERE].verdict is REFUTED


def test_inactive_relu_outputs(check):
    weights = [([[1, "1/2"], ["1/3", 2]], [0, 0]), ([[1], [1]], ["-1"])]
    report = check((2, 2, 1), XOR_X, XOR_Y, output_activation="relu", weights=weights)
    claim = report["full-rank", HERE]
    assert claim.verdict is REFUTED
    assert claim.facts == {"rank_lower": 3, "rank_upper": 3, "columns": 4}


def test_principle_activation(check):
    proved, refuted = ("tanh", "softsign", "bent-identity"), ("relu", "leaky-relu", "gelu", "sin")
    for name, verdict in (*((name, PROVED) for name in proved), *((name, REFUTED) for name in refuted)):
        assert check((1, 1, 1), [[1]], [[1]], activation=name)["principle-activation"].verdict is verdict


def test_principle_widths(check):
    wide = check((2, 2, 4, 2, 1), [[1, 0]], [[1]])
    assert wide["principle-widths"].verdict is REFUTED
    assert wide["principle-widths"].facts == {"guaranteed": [0, 1, 1, 1]}
    assert check((2, 2, 1), [[1, 0]], [[1]])["principle-widths"].facts == {"guaranteed": [1, 1]}


def test_exact_learner_at_rational_weights(check):
    weights = [([[1, -1]], [0, 0]), ([[2], [-3]], ["1/2"])]
    X = [[0], [1], [-2]]
    Y = [[Fraction(1, 2) + 2 * z / (1 + abs(z)) + 3 * z / (1 + abs(z))] for z in (Fraction(0), Fraction(1), Fraction(-2))]
    report = check((1, 2, 1), X, Y, activation="softsign", weights=weights)
    assert report["exact-learner"].verdict is PROVED
    assert report["exact-learning"].verdict is PROVED
    assert report["hessian-rank"].verdict is UNDECIDED


def test_hessian_rank_at_an_exact_learner(check):
    report = check((2, 2, 1), XOR_X, [[0]] * 4, activation="tanh", weights=[([[1, "1/2"], ["1/3", 2]], ["1/5", "-1/4"]), ([[0], [0]], [0])])
    assert report["exact-learner"].verdict is PROVED
    rank = report["full-rank", HERE].facts
    assert report["hessian-rank", HERE].verdict is PROVED
    assert report["hessian-rank", HERE].facts == {"rank_lower": rank["rank_lower"], "rank_upper": rank["rank_upper"]}


def test_not_an_exact_learner(check):
    report = check((2, 2, 1), XOR_X, XOR_Y, weights=[([[0, 0], [0, 0]], [0, 0]), ([[0], [0]], ["1/2"])])
    assert report["exact-learner"].verdict is REFUTED
    assert report["exact-learning"].verdict is PROVED
    assert report["exact-learning"].evidence["point"] != 0


@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
@pytest.mark.parametrize("activation", ["tanh", "softsign", "softplus", "power:2", "sin", "leaky-relu"])
@pytest.mark.parametrize("widths", [(2, 3, 2), (2, 2, 2, 1), (2, 1)])
def test_every_kind_of_network_gives_a_valid_certificate(check, widths, activation, bias):
    X, Y = random_samples(3, 2, widths[-1], seed=4)
    check(widths, X, Y, activation=activation, bias=bias, seed=1)
