"""Gradients, Hessians, Taylor coefficients, losses and inertias of the kernel against plain recomputations written here."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from cases.kernel_draft import Draft, layer
from cases.kernel_loss_twin import along, loss_along
from cases.kernel_reals import Reals
from cases.kernel_twin import DIGITS, biases, constants, value
from flint import arb, fmpq, fmpq_mat

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.formal import FormalRing, terms_of
from lossproof.certificates.kernel.arithmetic.inertia import inertia
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.arithmetic.series import Series, constant_term
from lossproof.certificates.kernel.network.errors import _formal_shares, losses
from lossproof.certificates.kernel.network.passes import (
    Box,
    gradient,
    gradient_component,
    hessian,
    hessian_times,
    layer_inputs,
    loss_coefficients,
    outputs,
)
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Combination, Point, read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES, activation_named

PARAMETERS = {"leaky-relu": ["leaky-relu:1/10"], "power": ["power:1", "power:2", "power:3"], "swish": ["swish:3/2"]}
ACTIVATIONS = [name for family in ACTIVATION_FAMILIES for name in PARAMETERS.get(family, [family])]
ERRORS = ["squared", "smooth-l1:1/4", "blake-zisserman:1/2", "cauchy:2", "logistic", "softmax"]
LOGS = ["0", [[["log", "3"], "1/2"]]]


def network(seed, activation, output, error, bias, widths, combinations=False):
    rng = random.Random(seed)
    draw = lambda: str(Fraction(rng.choice([-1, 1]) * rng.randint(1, 9), rng.randint(3, 8)))  # noqa: E731
    modes = biases({"bias": bias, "widths": widths})
    weight = lambda: rng.choice([draw(), LOGS, ["1/3", [[["pi"], "-1/2"]]]]) if combinations else draw()  # noqa: E731
    layers = [
        layer([[weight() for _ in range(n)] for _ in range(m)], ["0" if mode == "none" else weight() for _ in range(n)])
        for (m, n), mode in zip(itertools.pairwise(widths), modes, strict=True)
    ]
    options = {"activation": activation, "output_activation": output, "bias": bias, "error": error, "fixed_bias": constants(modes, layers)}
    X = [[draw() for _ in range(widths[0])] for _ in range(3)]
    rows = [[Fraction(rng.randint(0, 4)) + Fraction(1, 5) for _ in range(widths[-1])] for _ in range(3)]
    if error == "softmax":
        rows = [[y / sum(row) for y in row] for row in rows]
    elif error == "logistic":
        rows = [[y / 5 for y in row] for row in rows]
    document = Draft(widths, X, [[str(y) for y in row] for row in rows], layers, **options).document
    problem = read_problem(document["problem"])
    return document, problem, read_points(document["points"], problem)[0]


CONFIGURATIONS = [
    (seed, *rest)
    for seed, rest in enumerate(
        [(a, "identity", "squared", "trainable", (2, 2, 1)) for a in ACTIVATIONS]
        + [("tanh", o, "squared", "none", (2, 2, 2)) for o in ACTIVATIONS]
        + [("sin", "identity", e, "trainable", (1, 2, 2)) for e in ERRORS]
        + [("softplus", "identity", e, "fixed", (2, 1, 2, 2)) for e in ERRORS]
        + [("elu", "arctan", "cauchy:1/4", "none", (1, 2, 2, 1)), ("identity", "gelu", "smooth-l1:1", "trainable", (2, 2))]
        + [("tanh", "identity", "softmax", "none", (2, 3))]
        + [(["tanh", "softplus"], "identity", "squared", ["none", "trainable", "fixed"], (2, 2, 1, 2))]
        + [(["elu", "sin", "tanh"], "sigmoid", "cauchy:1/4", ["fixed", "none", "trainable", "none"], (1, 2, 1, 2, 1))]
        + [("gelu", "identity", "softmax", ["trainable", "none"], (1, 2, 2))]
    )
]


def close(ball, real):
    with mpmath.workdps(DIGITS):
        exact = arb(mpmath.nstr(mpmath.mpf(real), 40))
    return abs(arb(ball) - exact) < arb("1e-18") * (1 + abs(exact)) and arb(ball).rad() < arb("1e-15") * (1 + abs(exact))


def directions(problem, seed, count):
    rng = random.Random(seed)
    return [[Fraction(rng.randint(-6, 6), rng.randint(1, 4)) for _ in range(problem.N_net)] for _ in range(count)]


def flint(v):
    return [fmpq(x.numerator, x.denominator) for x in v]


def mp(v):
    return [mpmath.mpf(x.numerator) / x.denominator for x in v]


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda c: "-".join(map(str, c[1:5])))
def test_derivatives_in_balls_are_those_of_the_loss(configuration):
    document, problem, point = network(*configuration)
    u, v = directions(problem, configuration[0], 2)
    with mpmath.workdps(DIGITS):
        first = mpmath.diff(along(document, {1: mp(u)}), 0)
        mixed = mpmath.diff(lambda s, t: loss_along(document, [s * a + t * b for a, b in zip(mp(u), mp(v), strict=True)]), (0, 0), (1, 1))
        series = mpmath.taylor(along(document, {1: mp(u), 3: mp(v)}), 0, 4)
    with ball_precision(200):
        ring, box = BallRing(Work(), 200), Box(point)
        G = gradient(ring, problem, box)
        assert G.shape == (problem.N_net,)
        assert all(gradient_component(ring, problem, box, k).overlaps(g) for k, g in enumerate(G))
        assert close(sum(g * a for g, a in zip(G, flint(u), strict=True)) / problem.T, first)
        image = hessian_times(ring, problem, box, ring.array([flint(u)]))[0]
        assert close(sum(h * b for h, b in zip(image, flint(v), strict=True)) / problem.T, mixed)
        H = hessian(ring, problem, box, list(range(problem.N_net)))
        assert all(H[i, j].overlaps(H[j, i]) for i, j in np.ndindex(H.shape))
        assert close(sum(H[i, j] * flint(u)[i] * flint(v)[j] for i, j in np.ndindex(H.shape)) / problem.T, mixed)
        found = loss_coefficients(ring, problem, box, {1: ring.array([flint(u)])[0], 3: ring.array([flint(v)])[0]}, 4)
        assert all(close(c, x) for c, x in zip(found, series[1:], strict=True))
        assert close(losses(ring, problem, outputs(ring, problem, box)) / problem.T, series[0])


FORMAL = [(c, combinations) for c in CONFIGURATIONS for combinations in (False, True) if not combinations or len(c[5]) < 4]


@pytest.mark.parametrize(
    ("configuration", "combinations"), FORMAL, ids=lambda c: "-".join(map(str, c[1:5])) if isinstance(c, tuple) else str(c)
)
def test_formal_derivatives_stand_for_those_of_the_loss(configuration, combinations):
    document, problem, point = network(*configuration, combinations=combinations)
    u, v = directions(problem, configuration[0], 2)
    ring, box = FormalRing(Work()), Box(point)
    G = gradient(ring, problem, box)
    image = hessian_times(ring, problem, box, ring.array([flint(u)]))[0]
    found = loss_coefficients(ring, problem, box, {1: ring.array([flint(u)])[0], 2: ring.array([flint(v)])[0]}, 2)
    with mpmath.workdps(DIGITS):
        first = mpmath.diff(along(document, {1: mp(v)}), 0)
        mixed = mpmath.diff(lambda s, t: loss_along(document, [s * a + t * b for a, b in zip(mp(u), mp(v), strict=True)]), (0, 0), (1, 1))
        series = mpmath.taylor(along(document, {1: mp(u), 2: mp(v)}), 0, 2)
        T, real = problem.T, Reals(ring)
        assert mpmath.almosteq(sum(real(g) * a for g, a in zip(G, mp(v), strict=True)) / T, first, 1e-18, 1e-18)
        assert mpmath.almosteq(sum(real(h) * b for h, b in zip(image, mp(v), strict=True)) / T, mixed, 1e-18, 1e-18)
        assert all(mpmath.almosteq(real(c), x, 1e-18, 1e-18) for c, x in zip(found, series[1:], strict=True))


PI, LOG_2 = (Combination(fmpq(1), frozenset({((*constant,), fmpq(-1, 3))})) for constant in (("pi",), ("log", fmpq(2))))


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if activation_named(name).reflection or name == "leaky-relu:1/10"])
@pytest.mark.parametrize("number", [fmpq(3), fmpq(2, 3), PI, LOG_2], ids=["3", "2/3", "pi", "log"])
def test_what_is_known_at_opposite_arguments_is_seen(activation, number):
    """``σ(−z) = aσ(z) + bz + c`` formally, with the derivatives of all orders along ``z + t``."""
    ring, found = FormalRing(Work()), activation_named(activation)
    z = ring.embed(number)
    rest = [np.array([fmpq(0)], dtype=object)] * 2
    series = [Series([np.array([x], dtype=object), np.array([fmpq(s)], dtype=object), *rest]) for x, s in ((z, 1), ((-1) * z, -1))]
    right, left = (ring.apply(found, z) for z in series)
    if activation == "leaky-relu:1/10":
        difference, expected = right - left, [z * fmpq(11, 10), fmpq(11, 10), fmpq(0), fmpq(0)]
    else:
        a, b, c = found.reflection
        difference, expected = left - right * fmpq(a), [z * fmpq(b) + fmpq(c), fmpq(b), fmpq(0), fmpq(0)]
    for coefficient, wanted in zip(difference.coefficients, expected, strict=True):
        rest = coefficient[0] - wanted
        assert isinstance(rest, fmpq)
        assert rest == 0


def test_shares_of_softmax_depend_on_differences():
    ring = FormalRing(Work())
    x, y = ring.embed(PI), fmpq(1, 3)
    first, second, third = (_formal_shares(ring, row) for row in ([x, y, y], [y, x, y], [x + fmpq(5), y + fmpq(5), y + fmpq(5)]))
    same = lambda a, b: terms_of(a) == terms_of(b)  # noqa: E731
    assert same(first[1], first[2])
    assert same(first[0], second[1])
    assert same(first[1], second[0])
    assert all(same(a, b) for a, b in zip(first, third, strict=True))
    assert sum(first, fmpq(0)) == 1
    assert _formal_shares(ring, [y, y, y]) == [fmpq(1, 3)] * 3
    log = ring.embed(Combination(fmpq(0), frozenset({(("log", fmpq(2)), fmpq(1))})))
    assert _formal_shares(ring, [log + y, y]) == [fmpq(2, 3), fmpq(1, 3)]


EXACT = ["softsign", "identity", "relu", "leaky-relu:1/10", "power:1", "power:2", "power:3"]


@pytest.mark.parametrize("activation", EXACT)
def test_rational_networks_have_rational_derivatives(activation):
    """Against differences of a naive loss over Fractions: J is a rational function of one weight, and its Taylor polynomial is what the kernel gives."""
    document, problem, point = network(3, activation, "identity", "squared", "trainable", (2, 2, 1))
    ring = FormalRing(Work())
    G, H = gradient(ring, problem, Box(point)), hessian(ring, problem, Box(point), list(range(problem.N_net)))
    assert all(isinstance(x, fmpq) for x in (*G, *H.flat))
    assert all(H[i, j] == H[j, i] for i, j in np.ndindex(H.shape))
    with mpmath.workdps(DIGITS):
        for k in range(problem.N_net):
            unit = [mpmath.mpf(int(k == n)) for n in range(problem.N_net)]
            value_at = along(document, {1: unit})
            found = mpmath.mpf(int(G[k].p)) / int(G[k].q) / problem.T, mpmath.mpf(int(H[k, k].p)) / int(H[k, k].q) / problem.T
            assert mpmath.almosteq(found[0], mpmath.diff(value_at, 0), 1e-20, 1e-20)
            assert mpmath.almosteq(found[1], mpmath.diff(value_at, 0, 2), 1e-18, 1e-18)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("radius", ["1/100", "1/2"])
def test_boxes_enclose_the_derivatives_at_their_points(activation, radius):
    rho = fmpq(*Fraction(radius).as_integer_ratio())
    kinks = [fmpq(k.numerator, k.denominator) for k in activation_named(activation).kinks(2)]
    for error in ERRORS:
        _, problem, point = network(11, activation, "identity", error, "trainable", (1, 2, 2))
        rng = random.Random(5)
        everything = list(range(problem.N_net))
        with ball_precision(128):
            ring, around = BallRing(Work(), 128), Box(point, rho)
            if any(z.contains(arb(k)) for z in layer_inputs(ring, problem, around, 1).flat for k in kinks):
                with pytest.raises(Rejected):
                    hessian(ring, problem, around, everything)
                continue
            G, H = gradient(ring, problem, around), hessian(ring, problem, around, everything)
            loss = losses(ring, problem, outputs(ring, problem, around))
            for _ in range(3):
                there = Box(moved(problem, point, [rho * rng.choice([-1, 1, 0]) for _ in everything]))
                inside = zip((*G, *H.flat), (*gradient(ring, problem, there), *hessian(ring, problem, there, everything).flat), strict=True)
                assert all(a.overlaps(b) for a, b in inside if a.is_finite() and b.is_finite())
                assert loss.overlaps(losses(ring, problem, outputs(ring, problem, there))) or not loss.is_finite()


def test_a_box_varies_in_its_free_parameters_only():
    """The derivative by the output bias of a squared error is the residual: its radius tells what varies."""
    _, problem, point = network(3, "tanh", "identity", "squared", "trainable", (1, 2, 1))
    with ball_precision(128):
        ring = BallRing(Work(), 128)
        radii = [outputs(ring, problem, Box(point, fmpq(1, 100), frozenset(free)))[0, 0].rad() for free in ((), (6,), (6, 4), range(7))]
    assert radii[0] < 1e-30
    assert abs(float(radii[1]) - 0.01) < 1e-9
    assert radii[1] < radii[2] < radii[3]


def moved(problem, point, shift):
    """A point whose parameters are moved, in the order of the rows of P."""
    moves, layers = iter(shift), []
    for W, b in point.layers:
        rows, biases = [list(row) for row in W], list(b)
        for a in range(len(biases)):
            for row in rows:
                row[a] += next(moves)
            biases[a] += next(moves)
        layers.append((tuple(map(tuple, rows)), tuple(biases)))
    return Point(tuple(layers))


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("z", ["1000", "-1000", "1000000", "-1000000", "0x1.0000000000000p+900"])
def test_saturated_units_keep_their_rigor(name, z):
    activation = activation_named(name)
    exact = Fraction(*float.fromhex(z).as_integer_ratio()) if "x" in z else Fraction(z)
    with ball_precision(128):
        ring, one = BallRing(Work(), 128), np.array([arb(1)], dtype=object)
        at = Series([np.array([arb(fmpq(*exact.as_integer_ratio()))], dtype=object), one])
        found, slope = ring.activate(activation, 1, at, slopes=True)
        first, there = found.coefficients[0][0], constant_term(slope, (1,))[0]
        assert arb(found.coefficients[1][0]).overlaps(arb(there))
        assert not (bool(arb(there) < 0) and activation.nonvanishing_derivative.holds)
        if abs(exact) <= 10**6 and name not in ("sin",):
            with mpmath.workdps(60):
                real = value(name, mpmath.mpf(int(exact)))
                assert first.overlaps(arb(mpmath.nstr(real, 50)) * arb(1, 1e-40)) or abs(real) < mpmath.mpf(10) ** -300
        if name in ("tanh", "sigmoid", "softsign", "arctan") and abs(exact) <= 10**6:
            assert bool(arb(there) > 0)


def test_kinks_have_as_many_derivatives_as_they_have():
    zero, one = np.array([arb(0)], dtype=object), np.array([arb(1)], dtype=object)
    for name, order, fine in (
        ("softsign", 0, True), ("softsign", 1, False), ("elu", 0, True), ("elu", 1, False), ("relu", 0, False), ("leaky-relu:1/2", 0, False),
        ("tanh", 5, True),
    ):  # fmt: skip
        with ball_precision(64):
            exact = FormalRing(Work()), np.array([fmpq(0)], dtype=object), np.array([fmpq(1)], dtype=object)
            for ring, first, rest in (
                (BallRing(Work(), 64), zero, one),
                (BallRing(Work(), 64), np.array([arb(0, 1e-9)], dtype=object), one),
                exact,
            ):
                z = Series([first, *[rest] * order])
                if fine:
                    ring.activate(activation_named(name), 1, z, slopes=True)
                else:
                    with pytest.raises(Rejected):
                        ring.activate(activation_named(name), 1, z, slopes=True)


def planted(rng, n):
    """A symmetric rational matrix with its inertia: a congruence of a diagonal matrix."""
    signs = [rng.choice([-1, -1, 0, 1, 1]) for _ in range(n)]
    while True:
        L = fmpq_mat(n, n, [fmpq(rng.randint(-3, 3), rng.randint(1, 3)) for _ in range(n * n)])
        if L.det() != 0:
            break
    D = fmpq_mat(n, n, [fmpq(s * rng.randint(1, 5)) if i == j else fmpq(0) for i, s in enumerate(signs) for j in range(n)])
    return np.array((L * D * L.transpose()).tolist(), dtype=object).reshape(n, n), (signs.count(-1), signs.count(1))


def test_planted_inertias_are_found():
    rng = random.Random(2)
    for _ in range(150):
        n = rng.randint(1, 7)
        A, wanted = planted(rng, n)
        assert inertia(Work(), A) == wanted
        with ball_precision(128):
            assert inertia(Work(), np.array([[arb(x) + arb(0, 1e-28) for x in row] for row in A], dtype=object).reshape(n, n)) == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([[0, 1], [1, 0]], (1, 1)),
        ([[0]], (0, 0)),
        ([[0, 0], [0, 0]], (0, 0)),
        ([[1, 2], [2, 4]], (0, 1)),
        ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], (2, 1)),
        ([[0, 0, 1], [0, -2, 0], [1, 0, 0]], (2, 1)),
        ([[1, 100], [100, 1]], (1, 1)),
        ([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 5], [0, 0, 5, 0]], (2, 2)),
    ],
    ids=str,
)
def test_inertias_with_pivots_of_size_two(rows, wanted):
    assert inertia(Work(), np.array([[fmpq(x) for x in row] for row in rows], dtype=object)) == wanted
    with ball_precision(64):
        assert inertia(Work(), np.array([[arb(x) for x in row] for row in rows], dtype=object)) == wanted


def test_no_sign_is_taken_from_a_ball_that_has_none():
    wide = arb(0, 1)
    assert inertia(Work(), np.array([[wide]], dtype=object)) == (0, 0)
    assert inertia(Work(), np.array([[arb(1), arb("nan")], [arb("nan"), arb(1)]], dtype=object))[0] == 0
    assert inertia(Work(), np.array([[arb("inf")]], dtype=object)) == (0, 0)
    assert inertia(Work(), np.array([[wide, arb(1)], [arb(1), wide]], dtype=object)) == (0, 0)
    rng = random.Random(7)
    for _ in range(60):
        n = rng.randint(2, 5)
        A, wanted = planted(rng, n)
        B = np.array([[arb(x) + arb(0, rng.choice([1e-3, 1, 5])) for x in row] for row in A], dtype=object).reshape(n, n)
        found = inertia(Work(), B)
        assert found[0] <= wanted[0] or found[1] <= wanted[1] or sum(found) <= n
        low, high = found
        assert low <= wanted[0]
        assert high <= wanted[1]
