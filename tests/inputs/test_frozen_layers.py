"""Leading frozen layers become exact features of the samples, and the problem of the later layers is the same function of the trainable weights."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from cases.naive_pass import naive_pass

import lossproof as lp
from lossproof.certificates.inputs.frozen_layers import later_layers
from lossproof.certificates.inputs.layers import Affine, Elementwise, Scaling, mlp_of
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def drawn(seed):
    """A random network with exact weights, its problem with decay, and how many of its layers are frozen."""
    chance = random.Random(seed)

    def rows(n, m):
        return [[Fraction(chance.randint(-9, 9), chance.randint(1, 9)) for _ in range(m)] for _ in range(n)]

    widths = [chance.randint(1, 3) for _ in range(chance.randint(3, 5))]
    L = len(widths) - 1
    hidden = [chance.choice(["relu", "leaky-relu:1/3", "softsign", "hard-tanh", "power:2", "identity"]) for _ in range(L - 1)]
    biases = [chance.choice(["trainable", "fixed", "none"]) for _ in range(L)]
    a = Architecture.of(widths, hidden, "identity", biases)
    given = [(rows(n, m), None if mode == "none" else rows(1, m)[0]) for n, m, mode in zip(widths, widths[1:], biases, strict=False)]
    weights = Weights.of(a, given)
    fixed = tuple(layer.b if mode == "fixed" else None for layer, mode in zip(weights.layers, biases, strict=True))
    T = chance.randint(1, 5)
    decay = Decay.of([chance.choice([0, "1/10"]) for _ in range(L)], a)
    samples = Samples.of(rows(T, widths[0]), rows(T, widths[-1]))
    return Problem(a, error_named("squared"), samples, fixed if "fixed" in biases else None, decay), weights, chance.randint(1, L - 1)


@pytest.mark.parametrize("seed", range(60))
def test_the_later_layers_are_the_same_function(seed):
    whole, weights, frozen = drawn(seed)
    rest, point = later_layers(whole, weights, frozen)
    for (phi, psi), (phi_rest, psi_rest) in zip(
        zip(*naive_pass(whole, weights), strict=True), zip(*naive_pass(rest, point), strict=True), strict=True
    ):
        assert phi[frozen:] == phi_rest
        assert [psi[l] for l in range(frozen + 1, whole.architecture.L + 1)] == [psi_rest[l] for l in range(1, rest.architecture.L + 1)]
    rates = [] if whole.decay is None else whole.decay.rates(whole.architecture)
    kept = rates[len(rates) - rest.architecture.N_net :]
    assert (rest.decay.rates(rest.architecture) if rest.decay else []) == (kept if any(kept) else [])
    assert [rest.constants(l) for l in range(1, rest.architecture.L + 1)] == [
        whole.constants(l) for l in range(frozen + 1, whole.architecture.L + 1)
    ]


def test_equal_features_of_different_targets_refute_exact_learning():
    a = Architecture.of("1-1-1", "relu")
    whole = Problem(a, error_named("squared"), Samples.of([[-1], [-2], [3]], [0, 1, 1]))
    rest, point = later_layers(whole, Weights.of(a, [([[1]], [0]), ([[1]], [0])]), 1)
    assert rest.samples.clash() == (0, 1)
    report = lp.check_architecture(rest.architecture.widths, rest.samples.X, rest.samples.Y, weights=point)
    assert report["exact-learning"].verdict == "REFUTED"


A, F = Affine("first", [[1]], [0]), Affine("frozen", [[1]], [0], frozen=True, frozen_bias=True)
RELU, TRAINED = Elementwise("r", "relu"), Scaling("n", [2], [1], [1], free=True)
CONSTANT = Scaling("c", [2], [1], [1], free=False, trained=False)
READ = {
    "none": ([A, RELU, A], 0, "trainable"),
    "one": ([F, RELU, A], 1, ("fixed", "trainable")),
    "two": ([F, RELU, F, A], 2, ("fixed", "fixed", "trainable")),
    "without a bias": ([Affine("w", [[1]], None, frozen=True), RELU, A], 1, ("none", "trainable")),
    "constant normalisations": ([CONSTANT, Affine("w", [[1]], None, frozen=True), CONSTANT, RELU, A, CONSTANT], 1, ("fixed", "trainable")),
    "bias alone": ([Affine("b", [[1]], [3], frozen_bias=True), RELU, A], 0, ("fixed", "trainable")),
}


@pytest.mark.parametrize("name", READ)
def test_frozen_layers_in_a_row(name):
    layers, frozen, bias = READ[name]
    mlp = mlp_of(layers, "a model")
    assert (mlp.frozen, mlp.bias) == (frozen, bias)


REFUSED = {
    "last": ([A, RELU, F], "got frozen frozen after the trainable first"),
    "between": ([A, RELU, F, RELU, A], "got frozen frozen after the trainable first"),
    "all": ([F, RELU, F], "must have a trainable layer"),
    "weight alone": ([Affine("half", [[1]], [0], frozen=True), RELU, A], "got half with a trainable one"),
    "weight alone beside a normalisation": ([Affine("half", [[1]], [0], frozen=True), CONSTANT, RELU, A], "got half with a trainable one"),
    "trained normalisation after": ([F, TRAINED, RELU, A], "must be frozen, got n beside frozen"),
    "trained normalisation before": ([TRAINED, F, RELU, A], "must be frozen, got n beside frozen"),
    "two normalisations, one trained": ([CONSTANT, TRAINED, F, RELU, A], "must be frozen, got c and n beside frozen"),
    "frozen bias beside a normalisation": ([CONSTANT, Affine("b", [[1]], [3], frozen_bias=True), A], "got c beside b"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    layers, message = REFUSED[name]
    with pytest.raises(lp.InputError, match=message):
        mlp_of(layers, "a model")


def test_features_that_cannot_be_held():
    a = Architecture.of("1-1-1-1", ["power:16", "power:16"])
    weights = Weights.of(a, [([[Fraction(1, 3)]], [1]), ([[1]], [0]), ([[1]], [0])])
    with pytest.raises(lp.InputError, match="at most 5,000 characters as fractions, got longer ones"):
        later_layers(Problem(a, error_named("squared"), Samples.of([[Fraction(1, 10**12 + 1)]], [0])), weights, 2)
