"""The kernel's rings and matrices against plain recomputations written here."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from cases.kernel_cases import KERNEL_FAMILIES, Draft, layer
from cases.kernel_twin import DIGITS, matrix, number, pivots, rational, slope, value
from flint import arb, fmpq, nmod

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.arithmetic.rings import Formal, FormalRing, function_field_ring, residue_ring, terms_of
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.gram import _backward, _forward
from lossproof.certificates.kernel.network.matrices import entries, parse_matrix
from lossproof.certificates.kernel.network.passes import backward, common_denominator, derivatives_exist, forward
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.verdicts import Rigor

ACTIVATIONS = [
    *(name for name in KERNEL_FAMILIES if name not in ("leaky-relu", "power")),
    "leaky-relu:1/10",
    "power:1",
    "power:2",
    "power:3",
]
EXACT = ["softsign", "identity", "relu", "leaky-relu:1/10", "power:1", "power:2", "power:3"]


def network(seed, activation, output, bias, widths):
    rng = random.Random(seed)
    draw = lambda: str(Fraction(rng.randint(-12, 12), rng.randint(1, 7)))  # noqa: E731
    layers = [
        layer([[draw() for _ in range(n)] for _ in range(m)], ["0" if bias == "none" else draw() for _ in range(n)])
        for m, n in itertools.pairwise(widths)
    ]
    options = {"activation": activation, "output_activation": output, "bias": bias}
    if bias == "fixed":
        options["fixed_bias"] = [part["b"] for part in layers]
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
    )
]


def close(ball, real):
    with mpmath.workdps(DIGITS):
        exact = arb(mpmath.nstr(mpmath.mpf(real), 50))
    return abs(arb(ball) - exact) < arb("1e-25") * (1 + abs(exact)) and arb(ball).rad() < arb("1e-20") * (1 + abs(exact))


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda c: "-".join(map(str, c[1:4])))
def test_ball_matrices_agree_with_the_naive_twin(configuration):
    document, problem, point = network(*configuration)
    for name in names(problem.widths, problem.bias):
        with mpmath.workdps(DIGITS):
            twin = matrix(document, 0, name)
        shaped = parse_matrix(name, problem)
        with ball_precision(160):
            found = entries(shaped, problem, point, BallRing())
            assert found.shape == shaped.shape == (len(twin), len(twin[0])), name
            assert all(close(found[r, c], x) for r, row in enumerate(twin) for c, x in enumerate(row)), name
            some = entries(shaped, problem, point, BallRing(), [0, len(twin) - 1][: len(twin)], [0])
            assert close(some[-1, 0], twin[-1][0])


@pytest.mark.parametrize("activation", EXACT)
@pytest.mark.parametrize("bias", ["trainable", "none"])
def test_formal_matrices_are_the_rational_ones(activation, bias):
    for output in ("identity", "power:3", "softsign"):
        document, problem, point = network(7, activation, output, bias, (2, 3, 2))
        for name in names(problem.widths, bias):
            twin = matrix(document, 0, name, read=rational)
            found = entries(parse_matrix(name, problem), problem, point, FormalRing())
            flat = [Fraction(x) for row in twin for x in row]
            assert list(found.flat) == [fmpq(x.numerator, x.denominator) for x in flat], name


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_residues_and_rational_functions_specialise_the_same_matrix(activation):
    document, problem, point = network(3, activation, "power:2", "trainable", (2, 2, 1))
    p, u = 1000003, 271
    D = common_denominator(problem, point)
    k = 2 if activation == "tanh" else 1

    def value_at(z):
        e = nmod(pow(u, int(z * D) * k, p), p)
        return (e - 1) / (e + 1) if k == 2 else e / (e + 1)

    z1 = [[sum(rational(x) * rational(w[c]) for x, w in zip(row, document["points"][0][0]["W"], strict=True)) + rational(document["points"][0][0]["b"][c])
           for c in range(2)] for row in document["problem"]["X"]]  # fmt: skip
    assert int(np.lcm.reduce([z.denominator for row in z1 for z in row])) == D
    second = document["points"][0][1]
    mod = lambda x: nmod(fmpq(rational(x).numerator, rational(x).denominator), p)  # noqa: E731
    found = entries(parse_matrix("P", problem), problem, point, residue_ring(D, u, p))
    small = D * k * max(abs(z) for row in z1 for z in row) < 3000
    functions = entries(parse_matrix("P", problem), problem, point, function_field_ring(D, 10**6)) if small else None
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


def real_value(ring, element):
    """The real number that a formal element stands for, symbol by symbol."""
    if not isinstance(element, Formal):
        q = fmpq(element)
        return mpmath.mpf(int(q.p)) / int(q.q)
    keys = {index: key for key, index in ring._symbols.items()}
    total = mpmath.mpf(0)
    for monomial, q in element.terms.items():
        term = mpmath.mpf(int(q.p)) / int(q.q)
        for index, exponent in monomial:
            key = keys[index]
            if isinstance(key[-1], frozenset):
                z = real_value(ring, _element(key[2]))
                symbol = (value if key[1] == 0 else slope)(key[0], z)
            else:
                parts = [key[0], *(str(x) if not isinstance(x, int) else x for x in key[1:])]
                symbol = number(["0", [[parts, "1"]]])
            term *= symbol**exponent
        total += term
    return total


def _element(terms):
    found = dict(terms)
    return found[()] if set(found) == {()} else Formal(found)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("order", [0, 1])
def test_formal_values_stand_for_the_real_ones(name, order):
    """Known values, reflections and symbols: the homomorphism to the reals gives σ(z) and σ'(z)."""
    ring, activation = FormalRing(), activation_named(name)
    log = lambda p: ring.embed(_number(["0", [[["log", p], "1"]]]))  # noqa: E731
    pi, root = ring.embed(_number(["0", [[["pi"], "1"]]])), ring.embed(_number(["1/3", [[["root", "5/2", 3], "-2"]]]))
    zs = [
        fmpq(0),
        fmpq(3, 2),
        fmpq(-3, 2),
        log("3"),
        log("3") * fmpq(-1, 2),
        log("2") * 2 - log("5"),
        pi * fmpq(1, 3) - 1,
        pi * fmpq(-1, 3) + 1,
    ]
    zs += [root, root * root - pi, log("2") - fmpq(1, 2)]
    with mpmath.workdps(DIGITS):
        for z in zs:
            if order == 1 and not activation.differentiable.holds and isinstance(z, fmpq) and z == 0:
                with pytest.raises(Rejected):
                    ring.sigma(activation, order, z)
                continue
            found = real_value(ring, ring.sigma(activation, order, z))
            expected = (value if order == 0 else slope)(name, real_value(ring, z))
            assert abs(found - expected) < mpmath.mpf(10) ** -30


def _number(parts):
    problem = Draft((1, 1), [["0"]], [["0"]], [layer([[parts]], ["0"])])
    read = read_problem(problem.document["problem"])
    return read_points(problem.document["points"], read)[0].layers[0][0][0][0]


def test_reflected_values_share_a_symbol():
    ring = FormalRing()
    for name in ("tanh", "sigmoid", "softplus", "bent-identity", "gelu", "sin", "erf", "arctan", "silu"):
        a, b, c = activation_named(name).reflection
        z = fmpq(7, 5)
        difference = ring.sigma(activation_named(name), 0, -z) - (ring.sigma(activation_named(name), 0, z) * a + b * z + c)
        assert terms_of(difference) == {(): 0}
        sloped = ring.sigma(activation_named(name), 1, -z) + ring.sigma(activation_named(name), 1, z) * a + b
        assert terms_of(sloped) == {(): 0}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("order", [0, 1])
def test_balls_enclose_activations_over_the_whole_ball(name, order):
    rng, activation, ring = random.Random(name), activation_named(name), BallRing()
    for mid, rad in [(rng.uniform(-6, 6), 10 ** rng.uniform(-8, 0)) for _ in range(25)] + [(0.0, 0.5), (45.0, 1e-3), (-45.0, 0.0)]:
        z = arb(mid, rad)
        if order == 1 and not activation.differentiable.holds and not (z > 0 or z < 0):
            with pytest.raises(Rejected):
                ring.sigma(activation, order, z)
            continue
        ball = ring.sigma(activation, order, z)
        for t in [mid, mid - 0.999 * rad, mid + 0.999 * rad, mid + 0.31 * rad]:
            with mpmath.workdps(40):
                exact = (value if order == 0 else slope)(name, mpmath.mpf(t))
                assert ball.overlaps(arb(mpmath.nstr(exact, 30), abs(float(exact)) * 1e-28 + 1e-40)), (name, t)


@pytest.mark.parametrize("activation", ["tanh", "softsign", "gelu", "elu", "bent-identity"])
@pytest.mark.parametrize("output", ["identity", "sin"])
def test_double_precision_enclosures_hold(activation, output):
    _document, problem, point = network(11, activation, output, "trainable", (2, 4, 3, 2))
    z, phi = _forward(problem, point, strip=problem.strip)
    psi = _backward(problem, point, z, 1, strip=problem.strip)
    with ball_precision(200):
        ball_z, ball_phi = forward(BallRing(), problem, point, len(phi) - 1)
        ball_psi = backward(BallRing(), problem, point, ball_z, 1)
        pairs = [*zip(phi, ball_phi, strict=True), *zip(z[1:], ball_z[1:], strict=True), *((psi[l], ball_psi[l]) for l in psi)]
        for enclosed, balls in pairs:
            for mid, rad, ball in zip(enclosed.mid.flat, enclosed.rad.flat, balls.flat, strict=True):
                assert abs(arb(ball) - arb(mid)) <= arb(rad)
                assert rad < 1e-8


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
                derivatives_exist(problem, point, order)
        else:
            assert derivatives_exist(problem, point, order) is expected


def test_planted_ranks_are_never_exceeded():
    """Random rational networks: every minor one larger than the rank is refused, in residues and in balls."""
    rng = random.Random(4)
    for seed in range(12):
        activation = rng.choice(["softsign", "leaky-relu:1/10", "power:2"])
        document, _problem, _ = network(seed, activation, "identity", "trainable", (2, 1, 2))
        twin = matrix(document, 0, "P", read=rational)
        with mpmath.workdps(DIGITS):
            rows, columns = pivots(twin)
        d = Draft.__new__(Draft)
        for extra_row in [r for r in range(len(twin)) if r not in rows][:2]:
            for extra_column in [c for c in range(len(twin[0])) if c not in columns][:2]:
                d.document = {**document, "steps": []}
                evidence = {"rows": sorted([*rows, extra_row]), "columns": sorted([*columns, extra_column])}
                d.lower("rank-minor", "P", len(rows) + 1, 0, (), {**evidence, "prime": 1048583, "u": None})
                assert check_certificate(d.finish()).failures[0].place == "steps[0].evidence.rows"
                d.document = {**document, "steps": []}
                d.lower("rank-ball", "P", len(rows) + 1, 0, (), {**evidence, "precision": 200}, "BALL")
                assert check_certificate(d.finish()).failures[0].place == "steps[0].evidence.rows"
