"""The kernel's rings and matrices against plain recomputations written here."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from cases.kernel_draft import Draft, layer, residues
from cases.kernel_outcomes import outcome
from cases.kernel_twin import DIGITS, biases, constants, matrix, pivots, rational
from flint import arb, fmpq, fmpq_poly, nmod

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import PRECISION, DoubleRing
from lossproof.certificates.kernel.arithmetic.exponentials import ExponentialRing, Ratio
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network.gram import network_at
from lossproof.certificates.kernel.network.matrices import entries, parse_matrix
from lossproof.certificates.kernel.network.passes import Box, backward, curve_of, derivatives_exist, forward, psi
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules.ranks import _exponential_setting
from lossproof.certificates.kernel.rules.step import Step
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES
from lossproof.theory.verdicts import Rigor

PARAMETERS = {"leaky-relu": ["leaky-relu:1/10"], "power": ["power:1", "power:2", "power:3"], "swish": ["swish:3/2"]}
ACTIVATIONS = [name for family in ACTIVATION_FAMILIES for name in PARAMETERS.get(family, [family])]
EXACT = ["softsign", "identity", "relu", "leaky-relu:1/10", "power:1", "power:2", "power:3"]


def network(seed, activation, output, bias, widths):
    rng = random.Random(seed)
    draw = lambda: str(Fraction(rng.randint(-12, 12), rng.randint(1, 7)))  # noqa: E731
    modes = biases({"bias": bias, "widths": widths})
    layers = [
        layer([[draw() for _ in range(n)] for _ in range(m)], ["0" if mode == "none" else draw() for _ in range(n)])
        for (m, n), mode in zip(itertools.pairwise(widths), modes, strict=True)
    ]
    options = {"activation": activation, "output_activation": output, "bias": bias, "fixed_bias": constants(modes, layers)}
    X = [[draw() for _ in range(widths[0])] for _ in range(3)]
    document = Draft(widths, X, [["1"] * widths[-1]] * 3, layers, **options).document
    problem = read_problem(document["problem"])
    return document, problem, read_points(document["points"], problem)[0]


def names(widths, bias):
    L = len(widths) - 1
    found = ["P", *(f"P-{l}" for l in range(1, L + 1)), *(f"Psi-{l}" for l in range(1, L + 1))]
    found += [f"Phi-{l}{s}" for l in range(L) for s in ("", "+")]
    return found + [f"W-{l}{s}" for l in range(1, L + 1) for s in ("", "*")]


CONFIGURATIONS = [
    (seed, activation, output, bias, widths)
    for seed, (activation, output, bias, widths) in enumerate(
        [(a, "identity", "trainable", (2, 3, 2)) for a in ACTIVATIONS]
        + [("tanh", o, "none", (2, 2, 2)) for o in ACTIVATIONS]
        + [("softsign", "sin", "fixed", (1, 2, 2, 1)), ("elu", "identity", "fixed", (2, 1, 2, 1)), ("tanh", "power:2", "trainable", (2, 2))]
        + [(["tanh", "relu"], "identity", ["none", "trainable", "fixed"], (2, 2, 3, 2)), ("sin", "sin", ["trainable", "none"], (2, 2, 1))]
        + [(["softsign", "identity", "tanh"], "elu", ["fixed", "none", "trainable", "none"], (1, 2, 1, 2, 1))]
    )
]


def close(ball, real):
    with mpmath.workdps(DIGITS):
        exact = arb(mpmath.nstr(mpmath.mpf(real), 50))
    return abs(arb(ball) - exact) < arb("1e-25") * (1 + abs(exact)) and arb(ball).rad() < arb("1e-20") * (1 + abs(exact))


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda c: "-".join(map(str, c[1:4])))
def test_ball_matrices_agree_with_the_naive_twin(configuration):
    document, problem, point = network(*configuration)
    for name in names(problem.widths, None):
        with mpmath.workdps(DIGITS):
            twin = matrix(document, 0, name)
        shaped = parse_matrix(name, problem)
        with ball_precision(160):
            ring = BallRing(Work(), 160)
            found = entries(shaped, problem, Box(point), ring)
            assert found.shape == shaped.shape == (len(twin), len(twin[0])), name
            assert all(close(found[r, c], x) for r, row in enumerate(twin) for c, x in enumerate(row)), name
            some = entries(shaped, problem, Box(point), ring, [0, len(twin) - 1][: len(twin)], [0])
            assert close(some[-1, 0], twin[-1][0])


@pytest.mark.parametrize("activation", EXACT)
@pytest.mark.parametrize("bias", ["trainable", "none"])
def test_formal_matrices_are_the_rational_ones(activation, bias):
    for output in ("identity", "power:3", "softsign"):
        document, problem, point = network(7, activation, output, bias, (2, 3, 2))
        for name in names(problem.widths, bias):
            twin = matrix(document, 0, name, read=rational)
            found = entries(parse_matrix(name, problem), problem, Box(point), FormalRing(Work()))
            flat = [Fraction(x) for row in twin for x in row]
            assert list(found.flat) == [fmpq(x.numerator, x.denominator) for x in flat], name


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_residues_and_rational_functions_specialise_the_same_matrix(activation):
    document, problem, point = network(3, activation, "power:2", "trainable", (2, 2, 1))
    p, u = 1000003, 271
    D = _exponential_setting(Step(problem, (point,), {}, (), {}, {"matrix": "P", "at": 0}))
    k = 2 if activation == "tanh" else 1

    def value_at(z):
        e = nmod(pow(u, int(z * D) * k, p), p)
        return (e - 1) / (e + 1) if k == 2 else e / (e + 1)

    z1 = [[sum(rational(x) * rational(w[c]) for x, w in zip(row, document["points"][0][0]["W"], strict=True)) + rational(document["points"][0][0]["b"][c])
           for c in range(2)] for row in document["problem"]["X"]]  # fmt: skip
    assert int(np.lcm.reduce([z.denominator for row in z1 for z in row])) == D
    second = document["points"][0][1]
    mod = lambda x: nmod(fmpq(rational(x).numerator, rational(x).denominator), p)  # noqa: E731
    found = entries(parse_matrix("P", problem), problem, Box(point), ExponentialRing(Work(), D, nmod(u, p)))
    small = D * k * max(abs(z) for row in z1 for z in row) < 3000
    functions = (
        entries(parse_matrix("P", problem), problem, Box(point), ExponentialRing(Work(), D, Ratio(Work(), fmpq_poly([0, 1]))))
        if small
        else None
    )
    for i in range(3):
        t = [value_at(z) for z in z1[i]]
        z2 = sum((mod(w[0]) * s for w, s in zip(second["W"], t, strict=True)), mod(second["b"][0]))
        last = [2 * z2 * s for s in (*t, nmod(1, p))]
        assert [nmod(int(x), p) for x in found[6:, i]] == last
        derivative = [1 - s * s if k == 2 else s * (1 - s) for s in t]
        first = [
            2 * z2 * mod(second["W"][a][0]) * derivative[a] * x
            for a in range(2)
            for x in (*map(mod, document["problem"]["X"][i]), nmod(1, p))
        ]
        assert [nmod(int(x), p) for x in found[:6, i]] == first
        if functions is not None:
            reduced = [_at(x, u, p) for x in functions[:, i]]
            assert reduced == [int(x) for x in (*first, *last)]


def _at(x, u, p):
    if isinstance(x, fmpq):
        return int(nmod(x, p))
    evaluate = lambda poly: sum((nmod(c, p) * pow(u, e, p) for e, c in enumerate(poly.coeffs())), nmod(0, p))  # noqa: E731
    return int(evaluate(x.num) / evaluate(x.den))


@pytest.mark.parametrize("activation", ["tanh", "softsign", "gelu", "elu", "bent-identity", "relu"])
@pytest.mark.parametrize("output", ["identity", "sin"])
def test_double_precision_enclosures_hold(activation, output):
    _document, problem, point = network(11, activation, output, "trainable", (2, 4, 3, 2))
    with ball_precision(PRECISION):
        found = network_at(Work(), problem, point, [1, 2, 3], strip=problem.strip)
    with ball_precision(200):
        ring = BallRing(Work(), 200)
        passed, deltas = psi(ring, problem, curve_of(ring, problem, Box(point)))
        blocks = [(deltas[l], passed.phi[l - 1]) for l in (1, 2, 3)]
        pairs = [(enclosed, balls) for (a, _), (balls, _) in zip(found.blocks, blocks, strict=True) for enclosed in (a,)]
        pairs += [(found.passed.z[l], passed.z[l].coefficients[0]) for l in range(1, len(passed.z))]
        pairs += [(found.passed.phi[l], passed.phi[l].coefficients[0]) for l in range(1, len(passed.phi))]
        for enclosed, balls in pairs:
            assert enclosed.mid.shape == balls.shape
            for mid, rad, ball in zip(enclosed.mid.flat, enclosed.rad.flat, balls.flat, strict=True):
                assert abs(arb(ball) - arb(mid)) <= arb(rad)
                assert rad < 1e-8


def test_double_precision_passes_of_inexact_weights():
    """Thirds and roots: each is within the radius of its double, and so is what follows."""
    root = ["1/3", [[["root", "2", 2], "-2/7"]]]
    d = Draft((1, 2, 1), [["1/3"], ["10/7"]], [["0"], ["0"]], [layer([[root, "1/7"]], ["1/9", root]), layer([["3/11"], [root]], ["0"])])
    problem = read_problem(d.document["problem"])
    point = read_points(d.document["points"], problem)[0]
    with ball_precision(PRECISION):
        ring = DoubleRing(Work())
        doubles = [(ring.array(W), ring.array([b])) for W, b in point.layers]
        passed = forward(ring, problem, doubles)
        deltas = backward(ring, problem, doubles, passed.slopes, passed.slopes[-1])
    with ball_precision(250):
        balls = BallRing(Work(), 250)
        exact = forward(balls, problem, curve_of(balls, problem, Box(point)))
        back = backward(balls, problem, curve_of(balls, problem, Box(point)), exact.slopes, exact.phi[-1] * 0 + 1)
        for l in (1, 2):
            for enclosed, true in ((passed.z[l], exact.z[l]), (passed.phi[l], exact.phi[l])):
                for mid, rad, ball in zip(enclosed.mid.flat, enclosed.rad.flat, true.coefficients[0].flat, strict=True):
                    assert abs(ball - arb(mid)) <= arb(rad) <= arb(1e-14)
        for mid, rad, ball in zip(deltas[1].mid.flat, deltas[1].rad.flat, back[1].coefficients[0].flat, strict=True):
            assert abs(ball - arb(mid)) <= arb(rad) <= arb(1e-14)


def test_existence_of_derivatives_and_its_rigor():
    for widths_bias, weight, activation, order, expected in (
        ("2", ["0", [[["pi"], "1"]]], "tanh", 2, Rigor.EXACT),
        ("2", ["0", [[["pi"], "1"]]], "relu", 1, Rigor.BALL),
        ("2", "1", "relu", 1, Rigor.EXACT),
        ("2", "1", "softsign", 1, Rigor.EXACT),
        ("-1", "1", "softsign", 1, Rigor.EXACT),
        ("-1", "1", "softsign", 2, None),
        ("-1", "1", "relu", 1, None),
        ("-2", ["0", [[["root", "4", 2], "1"]]], "relu", 1, None),
    ):
        d = Draft((1, 1, 1), [["1"]], [["0"]], [layer([[weight]], [widths_bias]), layer([["1"]], ["0"])], activation=activation)
        problem = read_problem(d.document["problem"])
        point = read_points(d.document["points"], problem)[0]
        if expected is None:
            with pytest.raises(Rejected):
                derivatives_exist(Work(), problem, Box(point), order)
        else:
            assert derivatives_exist(Work(), problem, Box(point), order) is expected


def test_planted_ranks_are_never_exceeded():
    """Random rational networks: every minor one larger than the rank is refused, in residues and in balls."""
    rng = random.Random(4)
    for seed in range(12):
        activation = rng.choice(["softsign", "leaky-relu:1/10", "power:2"])
        document, _problem, _ = network(seed, activation, "identity", "trainable", (2, 1, 2))
        twin = matrix(document, 0, "P", read=rational)
        with mpmath.workdps(DIGITS):
            rows, columns = pivots(twin)
        for extra_row in [r for r in range(len(twin)) if r not in rows][:2]:
            for extra_column in [c for c in range(len(twin[0])) if c not in columns][:2]:
                d = Draft.of(document, 0)
                larger = sorted([*rows, extra_row]), sorted([*columns, extra_column])
                d.lower("rank-minor", "P", len(rows) + 1, 0, (), residues(*larger, None, 1048583))
                assert outcome(d) == ("evidence", "evidence.rows")
                d.undo()
                evidence = {"rows": larger[0], "columns": larger[1], "precision": 200}
                d.lower("rank-inclusion", "P", len(rows) + 1, 0, (), evidence, "BALL")
                assert outcome(d) == ("evidence", "evidence.rows")
