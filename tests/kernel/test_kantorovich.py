"""The theorem of Newton and Kantorovich in the kernel: what the numerics find is accepted, and what is not near a learner is rejected."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_cases_kantorovich import DISTANCE, LEAST, learner_ball, robust
from cases.kernel_draft import EVERYWHERE, Draft, layer
from cases.kernel_outcomes import accepted, outcome
from cases.learner_problems import LIPSCHITZ, document_of, moved, nearest_learner, planted, proved_singular_value

from lossproof.certificates.kernel.check import check_certificate
from lossproof.numerics.learners.kantorovich import kantorovich_ball

V = "0x1.50231499b6b1ep-1"
TOO_SMALL = ("evidence", "evidence.distance")


def certificate(weights=("1", V, "1/4"), options=None, least=LEAST, facts=None, **evidence):
    """A bound of the singular value, and a learner in a ball that rests on it."""
    w, v, c = weights
    samples = ([["0"], ["1"]], [["1/4"], ["3/4"]])
    d = Draft((1, 1, 1), *samples, [layer([[w]], ["0"]), layer([[v]], [c])], **{"activation": "tanh", **(options or {})})
    sigma = d.singular("P", least)
    found = {"learner": "W*1", "point": 0, "distance": DISTANCE, "target_radius": "0", **evidence}
    learner = {**found, "rank_lower": 2, **(facts or {})}
    d.claim("learner-ball", "exact-learning", EVERYWHERE, learner, [sigma], found, "VERIFIED_FLOAT")
    return d


def failure(**options):
    """Place and code, wherever the certificate fails first."""
    result = check_certificate(certificate(**options).finish())
    assert not result.ok
    return result.failures[0].place, result.failures[0].code


def test_an_exact_learner_in_the_ball():
    assert accepted(certificate())
    assert accepted(certificate(distance="1/16"))
    assert accepted(certificate(weights=("65/64", V, "1/4"), distance="1/16"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"distance": f"1/{2**62}"}, ("steps[1].evidence.distance", "evidence")),
        ({"distance": "1"}, ("steps[1].evidence.distance", "evidence")),
        ({"distance": "0"}, ("steps[1].evidence.distance", "evidence")),
        ({"distance": "-1/8"}, ("steps[1].evidence.distance", "evidence")),
        ({"distance": f"1/{2**400}"}, ("steps[1].evidence.distance", "evidence")),
        ({"distance": str(2**400)}, ("steps[1].evidence.distance", "evidence")),
        ({"weights": ("65/64", V, "1/4")}, ("steps[1].evidence.distance", "evidence")),
        ({"weights": ("2", V, "1/4"), "distance": "1/16"}, ("steps[1].evidence.distance", "evidence")),
        ({"weights": ("1", V, "2"), "distance": "1/16"}, ("steps[1].evidence.distance", "evidence")),
        ({"weights": ("0", "0", "1/4"), "distance": "1/16"}, ("steps[0].evidence.least", "evidence")),
        ({"facts": {"distance": f"1/{2**41}"}}, ("steps[1].conclusion.facts.distance", "conclusion")),
        ({"options": {"error": "logistic"}}, ("steps[1].rule", "evidence")),
        ({"point": 1}, ("steps[1].evidence.point", "evidence")),
        ({"weights": (str(10**40), V, "1/4")}, ("steps[0].evidence", "limit")),
        ({"options": {"activation": "relu"}}, ("steps[0].conclusion.at", "evidence")),
        ({"target_radius": "-1"}, ("steps[1].evidence.distance", "evidence")),
        ({"target_radius": f"1/{2**400}"}, ("steps[1].evidence.distance", "evidence")),
    ],
    ids=str,
)
def test_no_learner_is_seen(options, expected):
    assert failure(**options) == expected


def test_targets_within_the_radius():
    d = certificate(distance="1/64", target_radius="1/2048")
    robust(d, 2, "1/2048")
    assert accepted(d)
    d.undo()
    robust(d, 2, "1/2047")
    assert outcome(d) == ("conclusion", "conclusion.facts.radius")
    assert outcome(certificate(distance="1/64", target_radius="1/8")) == TOO_SMALL
    assert outcome(certificate(target_radius="1/2048")) == TOO_SMALL, "a ball too small for such targets"


@pytest.mark.parametrize(
    ("least", "place"),
    [
        ("1/2", "steps[0].evidence.least"),
        ("1/1125899906842624", "steps[1].evidence.distance"),
        ("0", "steps[1].premises[0]"),
        ("-1/8", "steps[0].evidence.least"),
        ("1", "steps[0].evidence.least"),
        ("1/3", "steps[0].evidence.least"),
    ],
)
def test_a_forged_least_singular_value(least, place):
    assert failure(least=least)[0] == place


def test_fewer_weights_than_equations():
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["1"], ["3"], ["5"]], [layer([["2"]], ["1"])])
    d.singular("P", "1/1024")
    assert outcome(d) == ("evidence", "evidence")


def within(problem, weights, distance, target=Fraction(0), least=None):
    """The draft that a learner lies within a distance, or None where the singular value is not bounded."""
    sigma = proved_singular_value(problem, weights) if least is None else least
    if sigma is None:
        return None
    d = document_of(problem, weights)
    bound = d.singular("P", str(Fraction(sigma)))
    learner_ball(d, bound, str(Fraction(distance)), str(target), columns=problem.columns)
    return d


def found_is_accepted(problem, weights, ball):
    d = within(problem, weights, ball.distance)
    if ball.target_radius:
        learner_ball(d, 1, str(ball.target_distance), str(ball.target_radius), "W*2", columns=problem.columns)
        robust(d, 3, str(ball.target_radius))
    return accepted(d)


@pytest.mark.parametrize("activation", [*LIPSCHITZ, "relu", "leaky-relu:1/10"])
@pytest.mark.parametrize(
    ("widths", "T", "output", "bias"),
    [
        ((3, 8, 1), 6, "identity", "trainable"),
        ((2, 5, 5, 1), 5, "tanh", "none"),
        ((2, 6, 2), 4, "sigmoid", "fixed"),
        ((2, 4, 4, 4, 1), 5, "sin", "trainable"),
        ((6, 2), 4, "sigmoid", "trainable"),
    ],
)
def test_what_the_numerics_find_is_accepted(activation, widths, T, output, bias):
    for seed, shift in ((1, 0.0), (2, 1e-8), (3, 1e-4)):
        problem, weights = planted(widths, T, activation, output, bias, seed=seed, shift=shift)
        ball = kantorovich_ball(problem, weights)
        if ball is not None:
            assert found_is_accepted(problem, weights, ball)


@pytest.mark.parametrize(
    ("scale", "input_scale"), [(20.0, 1.0), (1.0, 30.0), (1e-3, 1.0), (1.0, 1e-4), (1e6, 1.0), (1e20, 1.0), (1.0, 1e-20)]
)
@pytest.mark.parametrize("output", ["identity", "sigmoid"])
def test_what_the_numerics_find_at_odd_sizes_is_accepted(scale, input_scale, output):
    for seed in range(4):
        problem, weights = planted((2, 6, 1), 4, "tanh", output, seed=seed, scale=scale, input_scale=input_scale)
        ball = kantorovich_ball(problem, weights)
        if ball is not None:
            assert found_is_accepted(problem, weights, ball)


def test_a_ball_that_is_too_small_is_rejected_all_the_same():
    """A hundredth of the distance to the learner can be no ball with a learner for Newton's method."""
    problem, weights = planted((3, 8, 1), 6, seed=4, shift=1e-5)
    ball = kantorovich_ball(problem, weights)
    assert found_is_accepted(problem, weights, ball)
    for part in (100, 10**6):
        assert outcome(within(problem, weights, ball.distance / part)) == TOO_SMALL


@pytest.mark.parametrize("activation", ["tanh", "softplus", "softsign", "power:2"])
@pytest.mark.parametrize("shift", [1e-6, 1e-3, 3e-2])
def test_no_distance_below_the_true_one_is_accepted(activation, shift):
    problem, weights = planted((3, 6, 2), 3, activation, seed=11, shift=shift)
    true = nearest_learner(problem, weights)
    factors = (0.5, 0.9, 0.97, 0.995, 1.1, 1.5, 2.0, 4.0, 10.0)
    found = [factor for factor in factors if check_certificate(within(problem, weights, float(true) * factor).finish()).ok]
    assert all(factor > 1 for factor in found)
    assert found or shift > 1e-3


@pytest.mark.parametrize(
    ("X", "Y", "output"),
    [
        ([["1"], ["1"]], [["1/4"], ["3/4"]], "identity"),
        ([["1"], ["2"]], [["1/4"], ["1"]], "tanh"),
        ([["1"], ["2"]], [["1/4"], ["0"]], "sigmoid"),
    ],
)
def test_where_there_is_no_learner_no_distance_is_accepted(X, Y, output):
    """A clash, and targets at the edge of the output's range: also at weights with tiny residuals."""
    g = np.random.default_rng(0)
    seen = 0
    for size in (0.3, 1.0, 10.0):
        for _ in range(5):
            hexed = [[float(x).hex() for x in size * g.standard_normal(3)] for _ in range(3)]
            for last in ("1/4", "20", "-20"):
                point = [layer([hexed[0]], hexed[1]), layer([[x] for x in hexed[2]], [last])]
                d = Draft((1, 3, 1), X, Y, point, output_activation=output)
                least = next((k for k in (2, 6, 12, 18, 24) if bounded_by(d, f"1/{2**k}")), None)
                for distance in ("1/1000000", "1/1000", "1/10", "1", "30") if least else ():
                    seen += 1
                    learner_ball(d, d.singular("P", f"1/{2**least}"), distance)
                    assert outcome(d)[0] in ("evidence", "limit")
                    d.undo(2)
    assert seen > 40 or X[0] == X[1]


def bounded_by(d, least):
    d.singular("P", least)
    ok = check_certificate(d.finish()).ok
    d.undo()
    return ok


def test_weights_moved_away_are_rejected():
    problem, weights = planted((3, 8, 1), 6, seed=4)
    ball = kantorovich_ball(problem, weights)
    away = moved(problem, weights, 0.01 * np.cos(np.arange(problem.architecture.N_net)))
    assert outcome(within(problem, away, ball.distance)) == TOO_SMALL
