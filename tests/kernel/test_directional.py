"""The second derivative along a direction over a ball: it encloses what balls give at weights of the ball, and no false direction or radius is accepted."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.curvature_cases import ACTIVATIONS, NETWORKS, network
from cases.kernel_cases_kantorovich import no_minimum
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.network.lipschitz import second_derivative
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.numerics.network.weight_vectors import flat_weights, step_of_rows, weights_of_rows
from lossproof.numerics.verified.second_derivative import second_derivative as in_enclosures
from lossproof.theory import limits

ERRORS = ("cauchy:2", "cauchy:1/10", "smooth-l1:1/10", "blake-zisserman:1/4", "logistic")


def in_doubles(known, point, direction, radius):
    """What the rule finds, or None at a kink."""
    try:
        with ball_precision(80), np.errstate(all="ignore"):
            found = second_derivative(Work(), known, point, direction, radius)
            return arb(float(found.mid[0, 0]), float(found.rad[0, 0]))
    except Rejected:
        return None


def in_balls(known, weights, direction):
    (point,) = read_points([encode_point(weights)], known)
    with ball_precision(160):
        ring = BallRing(Work(), 160)
        [image] = passes.hessian_times(ring, known, passes.Box(point), ring.array([direction]))
        return sum((x * y for x, y in zip(image, direction, strict=True)), arb(0))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("widths", "error"), NETWORKS)
def test_it_is_enclosed_at_every_weight_of_the_ball(widths, error, activation):
    problem, weights = network(widths, activation, error)
    known, g, seen = read_problem(encode_problem(problem)), np.random.default_rng(3), 0
    (point,) = read_points([encode_point(weights)], known)
    direction = [fmpq(int(x), 64) for x in g.integers(-64, 64, known.N_net)]
    for radius in (0.0, 2.0**-20, 2.0**-6):
        found = in_doubles(known, point, direction, radius)
        if found is None:
            assert activation in ("relu", "elu", "softsign", "power:3")
            continue
        for _ in range(2):
            move = g.standard_normal(known.N_net)
            there = (
                weights_of_rows(problem, flat_weights(problem, weights) + radius * (1 - 2.0**-40) * move / np.linalg.norm(move))
                if radius
                else weights
            )
            with ball_precision(160):
                assert found.contains(in_balls(known, there, direction).mid()), radius
        seen += 1
        if radius == 0:
            assert found.rad() <= 1e-9 * (1 + abs(found.mid()))
    assert seen or activation in ("relu", "softsign")


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "identity"])
@pytest.mark.parametrize(("widths", "error"), [*NETWORKS, *(("1-1", e) for e in ERRORS), *(("2-3-1", e) for e in ERRORS)])
def test_prover_and_kernel_enclose_the_same_number(widths, error, activation):
    """And the prover's enclosures, enlarged as it does, are no narrower."""
    problem, weights = network(widths, activation, error)
    known, g = read_problem(encode_problem(problem)), np.random.default_rng(5)
    (point,) = read_points([encode_point(weights)], known)
    integers = g.integers(-64, 64, known.N_net)
    for radius in (2.0**-40, 2.0**-20, 2.0**-10, 2.0**-8, 2.0**-6):
        found = in_doubles(known, point, [fmpq(int(x), 64) for x in integers], radius)
        middle, spread = in_enclosures(problem, weights, step_of_rows(problem.architecture, integers / 64), radius)
        assert found.overlaps(arb(middle, spread))
        assert found.upper() <= middle + 1.6 * spread


def test_only_trainable_biases_move():
    """A fixed bias stays, so that the ball of the other weights alone counts."""
    for bias in ("trainable", "none"):
        problem, weights = network("2-3-1", "softplus", "squared", bias=bias)
        known = read_problem(encode_problem(problem))
        (point,) = read_points([encode_point(weights)], known)
        direction = [fmpq(k % 3 - 1) for k in range(known.N_net)]
        found = in_doubles(known, point, direction, 2.0**-4)
        for corner in range(known.N_net):
            flat = flat_weights(problem, weights)
            flat[corner] += 2.0**-4
            with ball_precision(160):
                assert found.contains(in_balls(known, weights_of_rows(problem, flat), direction).mid())


def saddle(radius, direction, T=1, target="5", **options):
    """``(vw − y)²/2`` at 0, 0: along (1, 1) it curves downwards where ``(v + w)² + 2vw < 2y``, so for y = 5 within ``√(10/3) = 1.8257…``."""
    point = [layer([["0"]], ["0"]), layer([["0"]], ["0"])]
    settings = {"activation": "identity", "bias": "none", **options}
    d = Draft((1, 1, 1), [["1"]] * T, [[target]] * T, point, **settings)
    no_minimum(d, radius, direction)
    return d


def test_radii_up_to_what_holds_and_no_larger():
    assert accepted(saddle("1", ["1", "1"]))
    assert accepted(saddle("1", ["1", "1"], T=3))
    assert accepted(saddle("1", ["3/7", "3/7"]))
    for radius in ("183/100", "2", "3", "4", "1000000"):
        assert outcome(saddle(radius, ["1", "1"])) == ("evidence", "evidence.radius")


@pytest.mark.parametrize("direction", [["0", "0"], ["1", "-1"], ["1", "0"], ["0", "1"], ["1", "-2"]])
def test_directions_that_do_not_curve_downwards_are_rejected(direction):
    assert outcome(saddle(f"1/{2**60}", direction)) == ("evidence", "evidence.radius")


def test_a_direction_has_one_number_for_each_weight():
    assert outcome(saddle("1", ["1"])) == ("schema", "evidence.direction")
    assert outcome(saddle("1", ["1", "1", "1"])) == ("schema", "evidence.direction")
    assert outcome(saddle("1", [])) == ("schema", "evidence.direction")
    assert outcome(saddle("1", "11"))[0] == "schema"
    assert outcome(saddle("0", ["1", "1"])) == ("evidence", "evidence.radius")
    assert outcome(saddle(f"1/{2**301}", ["1", "1"])) == ("evidence", "evidence.radius")


def test_huge_directions_are_beyond_the_doubles():
    assert outcome(saddle("1", [str(2**120)] * 2)) == ("limit", "evidence")
    assert accepted(saddle("1", [str(2**30)] * 2))


def test_at_a_minimum_no_direction_is_accepted():
    for k in range(8):
        angle = np.pi * k / 8
        direction = [str(Fraction(round(64 * x), 64)) for x in (np.cos(angle), np.sin(angle))]
        assert outcome(saddle(f"1/{2**40}", direction, target="0")) == ("evidence", "evidence.radius")


@pytest.mark.parametrize("activation", ["relu", "elu", "softsign"])
def test_a_kink_in_the_ball_is_rejected(activation):
    """z is 1/8 at the weights, and 0 at some within 1/8 of them."""
    point = [layer([["1"]], ["1/8"]), layer([["1"]], ["0"])]
    for radius in ("1/64", "1/8", "1"):
        d = Draft((1, 1, 1), [["0"]], [["5"]], point, activation=activation)
        no_minimum(d, radius, ["0", "1", "1", "0"])
        if radius != "1/64":
            assert outcome(d) == ("evidence", "conclusion.at")
        elif activation == "relu":
            assert accepted(d)


@pytest.mark.parametrize("T", [3, 4])
def test_limits_of_size_are_kept(monkeypatch, T):
    monkeypatch.setattr(limits, "MAX_GRAM_VALUES", 9)
    d = saddle("1", ["1", "1"], T=T)
    assert accepted(d) if T == 3 else outcome(d)[0] == "limit"
