"""What short arguments decide is decided: stripped outputs, dead and saturated units, symmetric samples, a single sample."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest
from cases.landscapes import XOR_X

import lossproof as lp
from lossproof.certificates.claims.deficient_sets import constant_witness, deficient_open_set
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.network.points import random_fixed_bias, random_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Layer, Weights

GENERIC, EVERYWHERE = "almost everywhere", "everywhere"
PROVED, REFUTED, UNDECIDED = lp.Verdict.PROVED, lp.Verdict.REFUTED, lp.Verdict.UNDECIDED


@pytest.mark.parametrize("output", ["softsign", "elu", "leaky-relu:1/10"])
@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "power:3", "mish"])
def test_an_output_that_is_not_analytic_does_not_stop_full_rank(check, hidden, output):
    report = check("2-3-1", XOR_X, [["0"], ["1/2"], ["1/2"], ["0"]], activation=hidden, output_activation=output, search="none")
    claim = report["full-rank", GENERIC]
    assert (claim.verdict, claim.facts["rank_lower"]) == (PROVED, 4)
    assert report["almost-everywhere"].verdict is PROVED


@pytest.mark.parametrize("bias", ["trainable", "none", "fixed"])
@pytest.mark.parametrize("output", ["relu", "hard-tanh"])
@pytest.mark.parametrize("hidden", ["tanh", "relu", "softsign", "identity"])
def test_dead_and_saturated_outputs_refute_full_rank_almost_everywhere(check, hidden, output, bias):
    report = check(
        "2-3-2", [[1, 2], [3, -1], [2, 2]], [[1, 0], [0, 1], [1, 1]], activation=hidden, output_activation=output, bias=bias, search="none"
    )
    claim = report["full-rank", GENERIC]
    assert claim.verdict is REFUTED
    assert claim.facts["rank_upper"] < 6
    assert report["full-rank", EVERYWHERE].verdict is REFUTED


@pytest.mark.parametrize("hidden", ["relu", "leaky-relu", "tanh", "softsign", "hard-tanh", "sin"])
def test_one_sample_has_full_rank_where_the_bias_of_the_output_is_trainable(check, hidden):
    report = check("2-3-2", [[1, 2]], [[1, 0]], activation=hidden, search="none")
    assert report["full-rank", GENERIC].verdict is PROVED
    smooth = not report.problem.architecture.kinked_layers(1)
    assert report["full-rank", EVERYWHERE].verdict is (PROVED if smooth else UNDECIDED)


SYMMETRIC = {
    "odd": ([[1, 2], [-1, -2]], ["tanh", "softsign", "erf", "arctan", "sin", "power:3", "identity", "hard-tanh"], [["1/2"], ["1/2"]]),
    "even": ([[1, 2], [-1, -2]], ["power:2", "power:4"], [["1/2"], ["1/3"]]),
    "homogeneous": ([[1, 2], [2, 4]], ["relu", "leaky-relu:1/10", "power:2", "power:3", "identity"], [[1], [5]]),
    "silent": ([[0, 0], [1, 2]], ["tanh", "relu", "gelu", "swish:2", "mish", "elu", "bent-identity"], [[1], [1]]),
}
CASES = [(name, activation) for name, (_, activations, _) in SYMMETRIC.items() for activation in activations]


@pytest.mark.parametrize("widths", ["2-5-1", "2-3-3-1"])
@pytest.mark.parametrize(("name", "activation"), CASES)
def test_symmetric_samples_without_bias(check, name, activation, widths):
    X, _, Y = SYMMETRIC[name]
    report = check(widths, X, Y, activation=activation, bias="none", search="none")
    claim = report["full-rank", GENERIC]
    assert (claim.verdict, claim.facts["rank_upper"]) == (REFUTED, 1)
    assert report["full-rank", EVERYWHERE].verdict is REFUTED
    learning = report["exact-learning"]
    assert (learning.verdict, learning.rule) == (REFUTED, "unlearnable-samples")
    assert learning.evidence == {"samples": [0] if name == "silent" else [0, 1]}


@pytest.mark.parametrize(("name", "activation"), CASES)
def test_a_trainable_bias_breaks_the_symmetry(check, name, activation):
    X, _, Y = SYMMETRIC[name]
    report = check("2-5-1", X, Y, activation=activation, search="none")
    assert report["exact-learning"].verdict is not REFUTED
    if report.problem.architecture.activation.analytic.holds:
        assert report["full-rank", GENERIC].verdict is PROVED


HIDDEN = ["relu", "leaky-relu:1/3", "elu", "hard-tanh", "softsign", "tanh", "power:2", "identity"]


def perturbed(problem, bias, output_bias, size, seed):
    """Weights within ``size`` of 0, with biases within ``size`` of two constants."""
    generator = random.Random(seed)

    def near(value):
        return value + Fraction(generator.randint(-1000, 1000), 1000) * size

    a = problem.architecture
    layers = []
    for l in range(1, a.L + 1):
        W = tuple(tuple(near(Fraction(0)) for _ in range(a.widths[l])) for _ in range(a.widths[l - 1]))
        layers.append(Layer(W, tuple(near(output_bias if l == a.L else bias) for _ in range(a.widths[l]))))
    return Weights(tuple(layers))


def float_rank(problem, weights):
    P = jacobian(evaluate(problem.architecture, problem.samples, weights, Float64Field()))
    sizes = np.linalg.svd(P, compute_uv=False)
    return int(np.sum(sizes > 1e-10 * max(1.0, sizes[0])))


@pytest.mark.parametrize("widths", ["1-1", "1-2-1", "2-3-2", "1-2-3-1"])
@pytest.mark.parametrize(("hidden", "output"), [*itertools.product(HIDDEN, ["identity", "relu", "hard-tanh", "elu"])])
def test_open_sets_hold_weights_of_small_rank(widths, hidden, output):
    a = Architecture.of(widths, hidden, output)
    X = [[Fraction(k * (j + 1) + k * k, 3) for j in range(a.widths[0])] for k in range(4)]
    problem = Problem(a, error_named("squared"), Samples.of(X, [[0] * a.n_L] * 4))
    found = deficient_open_set(ProofContext(problem, 0, 256))
    if found is None:
        assert not (a.L >= 2 and a.activation.affine_pieces and not a.activation.is_identity) or a.n_L * 3 >= problem.columns
        return
    bias, output_bias = (Fraction(found.bound.evidence[key]) for key in ("bias", "output_bias"))
    for seed in range(3):
        weights = perturbed(problem, bias, output_bias, Fraction(1, 2000), seed)
        assert float_rank(problem, weights) <= found.bound.value < problem.columns


@pytest.mark.parametrize("bias", ["trainable", "none", "fixed"])
@pytest.mark.parametrize(("hidden", "output"), [*itertools.product(HIDDEN, ["identity", "tanh", "relu"])])
def test_the_zero_weights_have_small_rank(hidden, output, bias):
    a = Architecture.of("2-3-2", hidden, output, bias)
    fixed = random_fixed_bias(a, 3) if bias == "fixed" else None
    problem = Problem(a, error_named("squared"), Samples.of([[1, 2], [3, 1], [0, 5]], [[0, 0]] * 3), fixed)
    found = constant_witness(problem)
    if found is None:
        assert bias != "trainable"
        return
    constant = Fraction(found.bound.evidence["bias"])
    layers = []
    for l in range(1, 3):
        zeros = tuple((Fraction(0),) * a.widths[l] for _ in range(a.widths[l - 1]))
        layers.append(Layer(zeros, fixed[l - 1] if fixed else (constant if bias == "trainable" else Fraction(0),) * a.widths[l]))
    assert float_rank(problem, Weights(tuple(layers))) <= a.n_L


@pytest.mark.parametrize("bias", ["none", "fixed"])
@pytest.mark.parametrize("output", ["relu", "hard-tanh"])
def test_open_sets_of_constant_outputs_hold_weights_of_small_rank(output, bias):
    a = Architecture.of("2-4-2", "tanh", output, bias)
    fixed = random_fixed_bias(a, 3) if bias == "fixed" else None
    problem = Problem(a, error_named("squared"), Samples.of([[1, 2], [3, 1], [0, 5]], [[0, 0]] * 3), fixed)
    found = deficient_open_set(ProofContext(problem, 0, 256), Point(random_weights(problem, 1)))
    assert found is not None
    near = found.bound.evidence["point"].weights
    generator = random.Random(1)
    for _ in range(3):
        moved = tuple(
            Layer(tuple(tuple(w + Fraction(generator.randint(-9, 9), 10**7) for w in row) for row in layer.W), layer.b)
            for layer in near.layers
        )
        assert float_rank(problem, Weights(moved)) <= found.bound.value
