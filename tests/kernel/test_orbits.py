"""Symmetries of the samples: the one lemma about them against brute force over random weights, and false claims that would rest on it."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import mpmath
import pytest
from cases.kernel_draft import EVERYWHERE, Draft, layer
from cases.kernel_outcomes import accepted, outcome
from cases.kernel_twin import DIGITS, matrix, number, pivots, value
from flint import fmpq

from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.orbits import image, orbits
from lossproof.certificates.kernel.reading.problem import read_problem

ODD = ("tanh", "softsign", "erf", "arctan", "sin", "power:3", "identity")
EVEN = ("power:2", "power:4")
HOMOGENEOUS = ("relu", "leaky-relu:1/10", "power:2", "power:3", "identity")
NEITHER = ("sigmoid", "softplus", "elu", "gelu", "silu", "bent-identity")
HIDDEN = sorted({*ODD, *EVEN, *HOMOGENEOUS, *NEITHER})
OUTPUTS = ("identity", "tanh", "power:2", "power:3", "relu", "leaky-relu:1/10", "sin", "sigmoid", "softplus", "elu")
X = [["1", "2"], ["-1", "-2"], ["2", "4"], ["0", "0"], ["-3/2", "-3"], ["1", "2"], ["1", "-1"], ["-1/3", "1/3"], ["0", "5"], ["0", "0"]]
BIASES = ("none", "zero", "fixed", "trainable")


def drafted(widths, hidden, output, bias, inputs=X, Y=None):
    """A network; ``zero`` stands for fixed biases that are 0."""
    options = {"activation": hidden, "output_activation": output, "bias": "fixed" if bias == "zero" else bias}
    if bias in ("zero", "fixed"):
        options["fixed_bias"] = [["0" if bias == "zero" else "1/3"] * n for n in widths[1:]]
    return Draft(widths, [list(x) for x in inputs], Y or [["0"] * widths[-1]] * len(inputs), **options)


def random_point(rng, d):
    problem = d.document["problem"]
    draw = lambda: str(Fraction(rng.randint(-60, 60), 41))  # noqa: E731
    fixed = problem["fixed_bias"]
    return [
        layer(
            [[draw() for _ in range(n)] for _ in range(m)],
            fixed[l] if fixed else [draw() if problem["bias"] == "trainable" else "0" for _ in range(n)],
        )
        for l, (m, n) in enumerate(itertools.pairwise(problem["widths"]))
    ]


def outputs_at(d, point):
    """``z_L`` and ``F`` at all samples, by plain loops."""
    problem, found = d.document["problem"], []
    for x in problem["X"]:
        phi = [number(q) for q in x]
        for l, part in enumerate(point, start=1):
            z = [
                sum(p * number(row[a]) for p, row in zip(phi, part["W"], strict=True)) + number(part["b"][a]) for a in range(len(part["b"]))
            ]
            phi = [value(problem["output_activation" if l == len(point) else "activation"], t) for t in z]
        found.append((z, phi))
    return found


def close(a, b):
    return abs(a - b) <= mpmath.mpf(10) ** -40 * (1 + abs(a) + abs(b))


def real(q):
    return mpmath.mpf(int(q.p)) / int(q.q)


SHAPES = [
    ((2, 2), ("identity",), OUTPUTS),
    ((2, 3, 2), HIDDEN, ("identity", "tanh", "power:2", "relu")),
    ((2, 2, 2, 1), HIDDEN, ("identity", "softplus")),
]


@pytest.mark.parametrize(
    ("widths", "hidden", "outputs"), SHAPES, ids=lambda x: str(x) if isinstance(x, tuple) and isinstance(x[0], int) else ""
)
@pytest.mark.parametrize("bias", BIASES)
def test_outputs_of_one_orbit_determine_each_other_at_random_weights(widths, hidden, outputs, bias):
    """``z_L`` is a multiple, and F is what `image` says it is, at all weights tried."""
    rng = random.Random(3)
    for name, output in itertools.product(hidden, outputs):
        d = drafted(widths, name, output, bias)
        problem = read_problem(d.document["problem"])
        found = orbits(problem)
        assert len(found) == len(X)
        with mpmath.workdps(60):
            for _ in range(2):
                there = outputs_at(d, random_point(rng, d))
                for i, j in itertools.product(range(len(X)), repeat=2):
                    a, b = found[i], found[j]
                    if b.sign == 0:
                        assert all(close(z, 0) for z in there[j][0]), (name, output, j)
                    elif a.first == b.first:
                        ratio = b.over(a)
                        assert all(close(real(ratio) * z, w) for z, w in zip(there[i][0], there[j][0], strict=True)), (name, output, i, j)
                        scale = image(problem, ratio, fmpq(1))
                        if scale is not None:
                            assert all(close(real(scale) * p, q) for p, q in zip(there[i][1], there[j][1], strict=True)), (
                                name,
                                output,
                                i,
                                j,
                            )
                    if b.sign == 0 and (constant := image(problem, fmpq(0), fmpq(7))) is not None:
                        assert all(close(real(constant), q) for q in there[j][1]), (name, output, j)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_orbits_are_as_large_as_they_can_be(hidden, bias):
    """At random weights no further sample is a multiple of another: every symmetry of these activations is in the lemma."""
    rng = random.Random(7)
    d = drafted((2, 5, 1), hidden, "identity", bias)
    found = orbits(read_problem(d.document["problem"]))
    with mpmath.workdps(60):
        points = [[z[0] for z, _ in outputs_at(d, random_point(rng, d))] for _ in range(4)]
        for i, j in itertools.combinations(range(len(X)), 2):
            multiple = all(close(p[i] * q[j], p[j] * q[i]) for p, q in itertools.combinations(points, 2))
            same = found[i].first == found[j].first or 0 in (found[i].sign, found[j].sign)
            assert multiple == same, (i, j)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("hidden", ["tanh", "power:2", "relu", "sigmoid", "identity", "sin", "leaky-relu:1/10"])
def test_no_rank_exceeds_the_number_of_orbits(hidden, bias):
    """At random weights, with as many units as can matter; and the bound is the one of the kernel."""
    inputs = [x for x in X if x != ["0", "0"] or "relu" not in hidden]
    rng = random.Random(5)
    for widths, output in (((2, 7, 1), "identity"), ((2, 4, 2), "tanh"), ((2, 3, 3, 1), "identity"), ((2, 2), "sin")):
        d = drafted(widths, hidden, output, bias, inputs[:6])
        d.document["points"] = [random_point(rng, d)]
        bound = widths[-1] * len({orbit.first for orbit in orbits(read_problem(d.document["problem"])) if orbit.sign != 0})
        with mpmath.workdps(DIGITS):
            rank = len(pivots(matrix(d.document, 0, "P"))[0])
        assert rank <= bound
        for claimed in range(bound + 1):
            d.upper("rank-samples", "P", claimed, EVERYWHERE)
            assert accepted(d) if claimed == bound else outcome(d) == ("conclusion", "conclusion.rank_upper")
            d.undo()


def unlearnable(samples, Y, hidden="tanh", output="identity", bias="none", inputs=(("1", "2"), ("-1", "-2")), widths=(2, 2, 1), **options):
    d = drafted(widths, hidden, output, bias, inputs, Y)
    d.document["problem"].update(options)
    d.claim("unlearnable-samples", "exact-learning", EVERYWHERE, {}, (), {"samples": samples}, verdict="REFUTED")
    return d


OPPOSITE, DOUBLE, ZERO, TWICE = (("1", "2"), ("-1", "-2")), (("1", "2"), ("2", "4")), (("0", "0"), ("1", "2")), (("1", "2"), ("1", "2"))
NULLS = (("0", "0"), ("0", "0"))


@pytest.mark.parametrize(
    ("hidden", "output", "inputs", "targets"),
    [
        *((hidden, output, OPPOSITE, ("1/2", "-1/2")) for hidden in ODD for output in ("identity", "tanh", "power:3", "sin")),
        *((hidden, "power:2", OPPOSITE, ("1/2", "1/2")) for hidden in ODD),
        *((hidden, output, OPPOSITE, ("1/2", "1/2")) for hidden in EVEN for output in ("identity", "tanh", "softplus", "sigmoid", "elu")),
        *((hidden, "identity", DOUBLE, ("1/2", "1")) for hidden in ("relu", "leaky-relu:1/10", "identity")),
        ("power:2", "identity", DOUBLE, ("1/2", "2")),
        ("power:3", "identity", DOUBLE, ("1/2", "4")),
        ("power:3", "power:2", DOUBLE, ("1/2", "32")),
        ("relu", "relu", DOUBLE, ("1/2", "1")),
        ("relu", "leaky-relu:1/10", DOUBLE, ("1/2", "1")),
        ("power:2", "identity", (("1", "2"), ("-3", "-6")), ("1", "9")),
        ("power:3", "identity", (("1", "2"), ("-2", "-4")), ("1", "-8")),
        *((hidden, output, TWICE, ("1/2", "1/2")) for hidden in HIDDEN for output in ("identity", "softplus")),
        *(("tanh", output, NULLS, (value, value)) for output, value in (("identity", "0"), ("sigmoid", "1/2"), ("softplus", "1"), ("elu", "0"))),
    ],
    ids=str,
)  # fmt: skip
def test_targets_that_break_the_symmetry_refute_learning_and_those_that_keep_it_do_not(hidden, output, inputs, targets):
    first, second = targets
    keep, broken = [[first], [second]], [[first], [str(Fraction(second) + 1)]]
    assert accepted(unlearnable([0, 1], broken, hidden, output, inputs=inputs))
    assert outcome(unlearnable([0, 1], keep, hidden, output, inputs=inputs)) == ("evidence", "evidence.samples")


@pytest.mark.parametrize("bias", ["trainable", "fixed"])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_bias_breaks_all_symmetries_but_equality(hidden, bias):
    for inputs in (OPPOSITE, DOUBLE, ZERO):
        assert outcome(unlearnable([0, 1], [["5"], ["7"]], hidden, inputs=inputs, bias=bias))[0] == "evidence"
        assert outcome(unlearnable([0], [["5"], ["7"]], hidden, inputs=inputs, bias=bias))[0] == "evidence"
    assert accepted(unlearnable([0, 1], [["5"], ["7"]], hidden, inputs=TWICE, bias=bias))


@pytest.mark.parametrize("hidden", HIDDEN)
def test_fixed_biases_of_0_are_no_biases(hidden):
    """The same is accepted and refused with bias ``none`` and with fixed biases that are 0; a single bias other than 0 breaks all."""
    for inputs, targets in itertools.product((OPPOSITE, DOUBLE, ZERO, TWICE), (("5", "7"), ("5", "-5"), ("5", "10"), ("0", "0"))):
        for samples in ([0, 1], [0]):
            first, second, third = (
                check_certificate(unlearnable(samples, [[y] for y in targets], hidden, inputs=inputs, bias=bias).finish()).ok
                for bias in ("none", "zero", "trainable")
            )
            assert first == second
            assert first or not third
    d = unlearnable([0, 1], [["5"], ["7"]], hidden, bias="zero")
    d.document["problem"]["fixed_bias"][1] = ["1/1000"]
    assert outcome(d)[0] == "evidence"


@pytest.mark.parametrize(
    ("output", "constant"), [("identity", "0"), ("tanh", "0"), ("sigmoid", "1/2"), ("power:2", "0"), ("relu", "0"), ("elu", "0")]
)
def test_the_input_0_has_one_output_without_bias(output, constant):
    for hidden in ("tanh", "relu", "power:2", "sin", "gelu", "elu"):
        assert outcome(unlearnable([0], [[constant], ["1/3"]], hidden, output, inputs=ZERO)) == ("evidence", "evidence.samples")
        assert accepted(unlearnable([0], [["1/3"], ["1/3"]], hidden, output, inputs=ZERO))
    for hidden in ("sigmoid", "softplus"):
        assert outcome(unlearnable([0], [["1/3"], ["1/3"]], hidden, output, inputs=ZERO))[0] == "evidence"


@pytest.mark.parametrize("output", ["softplus", "sigmoid", "elu", "gelu", "bent-identity", "silu"])
def test_outputs_without_a_symmetry_carry_none(output):
    """Opposite or scaled ``z_L`` with such an output: nothing is known of F, except at z = 0 where the value is on record."""
    for hidden, inputs in (("tanh", OPPOSITE), ("relu", DOUBLE), ("power:3", OPPOSITE), ("identity", DOUBLE)):
        assert outcome(unlearnable([0, 1], [["1/2"], ["1/3"]], hidden, output, inputs=inputs))[0] == "evidence"


def test_a_relu_output_is_homogeneous_for_positive_factors_only():
    """Opposite inputs of an odd network: one of the two outputs is 0, and which one is not known."""
    assert outcome(unlearnable([0, 1], [["1/2"], ["1/2"]], "tanh", "relu"))[0] == "evidence"
    assert outcome(unlearnable([0, 1], [["1/2"], ["-1/2"]], "tanh", "leaky-relu:1/10"))[0] == "evidence"
    assert outcome(unlearnable([0, 1], [["1/2"], ["5"]], "identity", "relu", inputs=(("1", "2"), ("-2", "-4"))))[0] == "evidence"


@pytest.mark.parametrize("error", ["logistic", "softmax"])
def test_cross_entropies_see_equal_logits_only(error):
    Y = [["1/3"], ["1/2"]] if error == "logistic" else [["1/3", "2/3"], ["1/2", "1/2"]]
    widths = (2, 2, len(Y[0]))
    for inputs in (OPPOSITE, DOUBLE, ZERO):
        assert outcome(unlearnable([0, 1], Y, inputs=inputs, widths=widths, error=error))[0] == "evidence"
        assert outcome(unlearnable([0], Y, inputs=inputs, widths=widths, error=error))[0] == "evidence"
    for hidden, inputs in (("tanh", TWICE), ("power:2", OPPOSITE), ("tanh", NULLS), ("sigmoid", NULLS)):
        assert accepted(unlearnable([0, 1], Y, hidden, inputs=inputs, widths=widths, error=error))
        assert outcome(unlearnable([0, 1], [Y[0], Y[0]], hidden, inputs=inputs, widths=widths, error=error))[0] == "evidence"


@pytest.mark.parametrize("samples", [[], [0, 1, 2], [1, 0], [0, 0], [2], [0, 3], [-1, 0], ["0", 1], 0, None, [0, 2]], ids=str)
def test_one_sample_or_two_are_named(samples):
    d = unlearnable(samples, [["5"], ["7"], ["1"]], inputs=(*OPPOSITE, ("1", "1")))
    assert outcome(d)[0] in ("evidence", "schema")


def test_deep_powers_of_ordinary_samples():
    """The scale of an output is a huge power of that of the input; only the quotient within an orbit is asked for."""
    widths = (1, *[1] * 8, 1)
    for inputs, targets, fine in (
        ((("3",), ("3",)), ("1", "2"), True), ((("3",), ("-3",)), ("1", "2"), True),
        ((("3",), ("-3",)), ("1", "1"), False), ((("3",), ("5",)), ("1", "2"), False),
    ):  # fmt: skip
        d = unlearnable([0, 1], [[y] for y in targets], "power:16", inputs=inputs, widths=widths)
        assert outcome(d)[0] in ("evidence", "limit") if not fine else accepted(d)
    d = drafted(widths, "power:16", "identity", "none", (("3",), ("-3",), ("5",)))
    d.upper("rank-samples", "P", 1, EVERYWHERE)
    assert accepted(d), "all inputs are multiples of one"
    d = unlearnable([0, 1], [["1"], ["2"]], "power:16", inputs=(("3",), ("6",)), widths=widths)
    assert outcome(d)[0] == "limit"


def test_bounds_by_samples_count_in_long_lists():
    inputs = [[str(k)] for k in range(-20, 21)]
    for hidden, bias, count in (
        ("tanh", "none", 20),
        ("tanh", "trainable", 41),
        ("relu", "none", 2),
        ("power:2", "none", 1),
        ("sigmoid", "none", 41),
    ):
        d = drafted((1, 2, 1), hidden, "identity", bias, inputs)
        d.upper("rank-samples", "P", count, EVERYWHERE)
        assert accepted(d)
