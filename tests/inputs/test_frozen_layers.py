"""Leading frozen layers become exact features of the samples, and the problem of the later layers is the same function of the trainable weights."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest
from cases.naive_pass import naive_pass

import lossproof as lp
from lossproof.certificates.inputs.frozen_layers import later_layers, with_constants
from lossproof.certificates.inputs.layered_mlp import mlp_of
from lossproof.certificates.inputs.layers import Affine, Elementwise, Scaling
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

FUNCTIONS = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "gelu": lambda z: z * mpmath.ncdf(z),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "erf": mpmath.erf,
    "sin": mpmath.sin,
}


def applied(layers, x):
    """Linear layers and relu one after another, written out."""
    for layer in layers:
        if isinstance(layer, Affine):
            columns = zip(zip(*layer.W, strict=True), layer.b, strict=True)
            x = [sum((w * v for w, v in zip(column, x, strict=True)), Fraction(b)) for column, b in columns]
        else:
            x = [max(v, 0) for v in x]
    return x


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
    rest, point, _ = later_layers(whole, weights, frozen)
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
    rest, point, _ = later_layers(whole, Weights.of(a, [([[1]], [0]), ([[1]], [0])]), 1)
    assert rest.samples.clash() == (0, 1)
    report = lp.check_architecture(rest.architecture.widths, rest.samples.X, rest.samples.Y, weights=point)
    assert report["exact-learning"].verdict == "REFUTED"


A, F = Affine("first", [[1]], [0]), Affine("frozen", [[1]], [0], frozen=True, frozen_bias=True)
SHIFTED = Affine("shifted", [[2]], [3], frozen=True, frozen_bias=True)
RELU, TRAINED = Elementwise("r", "relu"), Scaling("n", [2], [1], [1], free=True)
CONSTANT = Scaling("c", [2], [1], [1], free=False, trained=False)
READ = {
    "none": ([A, RELU, A], 0, "trainable"),
    "one": ([F, RELU, A], 1, ("fixed", "trainable")),
    "two": ([F, RELU, F, A], 2, ("fixed", "fixed", "trainable")),
    "without a bias": ([Affine("w", [[1]], None, frozen=True), RELU, A], 1, ("none", "trainable")),
    "constant normalisations": ([CONSTANT, Affine("w", [[1]], None, frozen=True), CONSTANT, RELU, A, CONSTANT], 1, ("fixed", "trainable")),
    "a scaling that moves a constant bias": ([Affine("b", [[1]], [3], frozen_bias=True), CONSTANT, RELU, A], 0, ("fixed", "trainable")),
    "a constant shift after no bias": ([Affine("w", [[1]], None), CONSTANT, RELU, A], 0, ("fixed", "trainable")),
    "a constant factor alone": ([Affine("w", [[1]], None), Scaling.of_constants("f", [2], [0]), RELU, A], 0, ("none", "trainable")),
    "square last": ([A, RELU, A, SHIFTED], 0, "trainable"),
    "square after no bias": ([A, RELU, Affine("w", [[1]], None), SHIFTED], 0, ("trainable", "fixed")),
    "square in between": ([A, RELU, SHIFTED, A], 0, "trainable"),
    "squares in front are frozen layers": ([SHIFTED, F, A], 2, ("fixed", "fixed", "trainable")),
    "bias alone": ([Affine("b", [[1]], [3], frozen_bias=True), RELU, A], 0, ("fixed", "trainable")),
}


@pytest.mark.parametrize("name", READ)
def test_frozen_layers_in_a_row(name):
    layers, frozen, bias = READ[name]
    mlp = mlp_of(layers, "a model")
    assert (mlp.frozen, mlp.bias) == (frozen, bias)


CONSTANTS = {
    "last": ([A, RELU, Affine("wide", [[1, 2]], None, frozen=True)], 0, (2,), ("trainable", "none")),
    "last, 0": ([A, RELU, Affine("off", [[0]], None, frozen=True)], 0, (2,), ("trainable", "none")),
    "between": ([A, RELU, F, RELU, A], 0, (2,), ("trainable", "fixed", "trainable")),
    "first and last": ([F, RELU, A, RELU, Affine("wide", [[1, 2]], None, frozen=True)], 1, (3,), ("fixed", "trainable", "none")),
    "last, singular": ([A, Affine("flat", [[0]], None, frozen=True)], 0, (2,), ("trainable", "none")),
    "last, not square": ([A, Affine("wide", [[1, 2]], None, frozen=True)], 0, (2,), ("trainable", "none")),
    "square before no bias": ([A, RELU, SHIFTED, Affine("w", [[1]], None)], 0, (2,), ("trainable", "fixed", "none")),
    "square before a frozen bias": (
        [A, RELU, SHIFTED, Affine("b", [[1]], [3], frozen_bias=True)],
        0,
        (2,),
        ("trainable", "fixed", "fixed"),
    ),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_frozen_layers_after_trainable_ones_are_constants(name):
    layers, frozen, constant, bias = CONSTANTS[name]
    mlp = mlp_of(layers, "a model")
    assert (mlp.frozen, mlp.constant, mlp.bias) == (frozen, constant, bias)


def test_a_problem_with_constants_has_no_penalty_and_no_fixed_biases_of_theirs():
    a = Architecture.of("2-2-2-1", "relu", bias=["trainable", "fixed", "fixed"])
    weights = Weights.of(a, [([[1, 2], [3, 4]], [1, 1]), ([[1, 0], [0, 2]], [5, 6]), ([[1], [1]], [7])])
    whole = Problem(
        a, error_named("squared"), Samples.of([[1, 2]], [3]), (None, *(layer.b for layer in weights.layers[1:])), Decay.of("1/10", a)
    )
    found = with_constants(whole, weights, [2])
    assert found.frozen == (None, weights.layers[1], None)
    assert found.fixed_bias == (None, None, weights.layers[2].b)
    assert [pair[0] for pair in found.decay.layers] == [Fraction(1, 10), 0, Fraction(1, 10)]
    assert found.decay.rates(found.architecture) == [Fraction(1, 10)] * 8
    assert with_constants(whole, weights, [2, 3]).fixed_bias is None
    assert with_constants(whole, weights, []) is whole


REFUSED = {
    "a factor of 0": ([A, Scaling.of_constants("off", [0], [1])], "factors other than 0, got 0 in off"),
    "all": ([F, RELU, F], "must have a trainable layer"),
    "weight alone": ([Affine("half", [[1]], [0], frozen=True), RELU, A], "got half with a trainable one"),
    "weight alone beside a normalisation": ([Affine("half", [[1]], [0], frozen=True), CONSTANT, RELU, A], "got half with a trainable one"),
    "trained normalisation after": ([F, TRAINED, RELU, A], "must be frozen, got n beside frozen"),
    "trained normalisation before": ([TRAINED, F, RELU, A], "must be frozen, got n beside frozen"),
    "two normalisations, one trained": ([TRAINED, CONSTANT, F, RELU, A], "must be frozen, got n and c beside frozen"),
    "frozen bias after a normalisation": ([A, RELU, CONSTANT, Affine("b", [[1]], [3], frozen_bias=True), A], "got c before b"),
    "frozen bias before a trained one": ([Affine("b", [[1]], [3], frozen_bias=True), TRAINED, RELU, A], "got n after b"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    layers, message = REFUSED[name]
    with pytest.raises(lp.InputError, match=message):
        mlp_of(layers, "a model")


def test_long_features_are_rounded():
    a = Architecture.of("1-1-1-1", ["power:16", "power:16"])
    weights = Weights.of(a, [([[Fraction(1, 3)]], [1]), ([[1]], [0]), ([[1]], [0])])
    x = Fraction(1, 10**12 + 1)
    rest, _, rounded = later_layers(Problem(a, error_named("squared"), Samples.of([[x]], [0])), weights, 2)
    assert rounded
    assert ((Fraction(float((x / 3 + 1) ** 256)),),) == rest.samples.X


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "softplus", "erf", "sin"])
def test_irrational_features_are_the_doubles_next_to_them(activation):
    chance = random.Random(7)
    X = [[Fraction(chance.randint(-99, 99), 10 ** chance.randint(0, 30))] for _ in range(20)] + [[0], [-700], [40], [Fraction(2) ** -1080]]
    a = Architecture.of("1-2-1", activation)
    weights = Weights.of(a, [([["1/3", -2]], [0, "1/7"]), ([[1], [1]], [0])])
    rest, _, rounded = later_layers(Problem(a, error_named("squared"), Samples.of(X, [0] * len(X))), weights, 1)
    assert rounded
    with mpmath.workdps(400):
        for (x,), found in zip(X, rest.samples.X, strict=True):
            for w, b, feature in zip((Fraction(1, 3), -2), (0, Fraction(1, 7)), found, strict=True):
                z = Fraction(x * w + b)
                assert float(FUNCTIONS[activation](mpmath.mpf(z.numerator) / z.denominator)) == feature


def test_features_that_cancel():
    """tanh 1 − tanh 1 is 0, which no ball tells; 10^500 (tanh 1 − tanh(1 + 10^-520)) is small, and not 0."""
    a = Architecture.of("1-2-1-1", ["tanh", "identity"])

    def features(factor, apart):
        weights = Weights.of(a, [([[1, 1]], [0, apart]), ([[factor], [-factor]], [0]), ([[1]], [0])])
        rest, _, rounded = later_layers(Problem(a, error_named("squared"), Samples.of([[1]], [0])), weights, 2)
        assert rounded
        return rest.samples.X[0][0]

    with mpmath.workdps(1200):
        exact = mpmath.mpf(10) ** 500 * (mpmath.tanh(1) - mpmath.tanh(1 + mpmath.mpf(10) ** -520))
        assert features(Fraction(10) ** 500, Fraction(1, 10**520)) == Fraction(float(exact))
    assert features(Fraction(10) ** 100, 0) == 0
    with pytest.raises(lp.InputError, match="must be told by 2,048 bits, got sums that are too large or cancel"):
        features(Fraction(10) ** 2000, 0)


def test_features_beyond_doubles():
    a = Architecture.of("1-1-1", "softplus")
    weights = Weights.of(a, [([[10**400]], [0]), ([[1]], [0])])
    with pytest.raises(lp.InputError, match="within the range of doubles, got larger ones"):
        later_layers(Problem(a, error_named("squared"), Samples.of([[1]], [0])), weights, 1)


def test_frozen_irrational_layers_are_told():
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()
    model[0].requires_grad_(False)
    report = lp.check_model(model, [[0, 0], [0, 1], [1, 0]], [0, 1, 1], error="mse", search="none")
    assert any("rounded to the nearest doubles" in note for note in report.notes)
    assert report["no-bad-local-minima"].verdict == "PROVED"


@pytest.mark.parametrize("seed", range(20))
def test_constant_squares_are_another_name_of_the_weights(seed):
    chance = random.Random(seed)

    def drawn(n, m, **kind):
        return Affine(
            f"{n}{m}", [[Fraction(chance.randint(-5, 5), 3) for _ in range(m)] for _ in range(n)], [chance.randint(-5, 5)] * m, **kind
        )

    constant = {"frozen": True, "frozen_bias": True}
    square = Affine("s", [[chance.randint(1, 4), 2], [0, chance.randint(1, 4)]], [1, chance.randint(-2, 2)], **constant)
    chain = [drawn(1, 2), RELU, *([square, drawn(2, 2)] if seed % 2 else [drawn(2, 2), square])]
    mlp = mlp_of(chain, "a model")
    assert (mlp.widths, mlp.folded, mlp.bias) == ((1, 2, 2), ("s",), "trainable")
    assert "s is folded into the linear layer beside it, exactly in rational numbers:" in mlp.notes[0]
    for x in (-2, Fraction(1, 3), 5):
        (W, b), (V, c) = mlp.weights
        assert applied([Affine("a", W, b), RELU, Affine("b", V, c)], [x]) == applied(chain, [x])
