"""The theorem of Newton and Kantorovich in the kernel: what the prover finds is accepted, and what is not near a learner is rejected."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_cases_kantorovich import DISTANCE, KANTOROVICH_CASES
from cases.kernel_draft import EVERYWHERE, Draft, layer
from cases.kernel_mutations import mutations
from cases.learner_problems import LIPSCHITZ, document_of, moved, nearest_learner, planted

from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.proof.verify import verify
from lossproof.numerics.learners.kantorovich import kantorovich_ball

LEARNER, TARGETS = "exact-learning-kantorovich", "robust-targets-kantorovich"
V = "0x1.50231499b6b1ep-1"


def certificate(rule=LEARNER, weights=("1", V, "1/4"), facts=None, options=None, **evidence):
    w, v, c = weights
    samples = ([["0"], ["1"]], [["1/4"], ["3/4"]])
    d = Draft((1, 1, 1), *samples, [layer([[w]], ["0"]), layer([[v]], [c])], **{"activation": "tanh", **(options or {})})
    evidence = {"point": 0, "distance": DISTANCE, **evidence}
    statement = "exact-learning" if rule == LEARNER else "robust-targets"
    facts = facts or ({"distance": evidence["distance"]} if rule == LEARNER else {"radius": evidence["target_radius"]})
    d.claim(rule, statement, EVERYWHERE, "PROVED", facts, evidence=evidence, rigor="VERIFIED_FLOAT")
    return check_certificate(d.finish())


def failure(**options):
    result = certificate(**options)
    assert not result.ok
    return result.failures[0].place.removeprefix("steps[0]."), result.failures[0].code


def test_an_exact_learner_in_the_ball():
    assert certificate().ok
    assert certificate(distance="1/16").ok
    assert certificate(weights=("65/64", V, "1/4"), distance="1/16").ok


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"distance": f"1/{2**62}"}, ("evidence.distance", "evidence")),
        ({"distance": "1"}, ("evidence.distance", "evidence")),
        ({"distance": "0"}, ("evidence.distance", "evidence")),
        ({"distance": "-1/8"}, ("evidence.distance", "evidence")),
        ({"distance": f"1/{2**400}"}, ("evidence.distance", "evidence")),
        ({"distance": str(2**400)}, ("evidence.distance", "evidence")),
        ({"weights": ("65/64", V, "1/4")}, ("evidence.distance", "evidence")),
        ({"weights": ("2", V, "1/4"), "distance": "1/16"}, ("evidence.distance", "evidence")),
        ({"weights": ("1", V, "2"), "distance": "1/16"}, ("evidence.distance", "evidence")),
        ({"weights": ("0", "0", "1/4"), "distance": "1/16"}, ("evidence.distance", "evidence")),
        ({"facts": {"distance": f"1/{2**41}"}}, ("conclusion.facts.distance", "conclusion")),
        ({"options": {"error": "logistic"}}, ("rule", "evidence")),
        ({"point": 1}, ("evidence.point", "schema")),
        ({"weights": (str(10**40), V, "1/4")}, ("evidence", "limit")),
        ({"options": {"activation": "relu"}}, ("conclusion.point", "evidence")),
    ],
    ids=str,
)
def test_no_learner_is_seen(options, expected):
    place, code = failure(**options)
    assert (place, code) == expected or place == expected[0] == "evidence.point"


def test_targets_within_the_radius():
    common = {"rule": TARGETS, "distance": "1/64"}
    assert certificate(**common, target_radius="1/2048").ok
    assert failure(**common, target_radius="1/8") == ("evidence.distance", "evidence")
    assert failure(**common, target_radius="0") == ("evidence.target_radius", "evidence")
    assert failure(**common, target_radius="1/2048", facts={"radius": "1/2047"}) == ("conclusion.facts.radius", "conclusion")
    assert failure(rule=TARGETS, target_radius="1/2048") == ("evidence.distance", "evidence"), "a ball too small for such targets"


def test_fewer_weights_than_equations():
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["1"], ["3"], ["5"]], [layer([["2"]], ["1"])])
    d.claim(
        LEARNER,
        "exact-learning",
        EVERYWHERE,
        "PROVED",
        {"distance": "1/8"},
        evidence={"point": 0, "distance": "1/8"},
        rigor="VERIFIED_FLOAT",
    )
    result = check_certificate(d.finish())
    assert (result.failures[0].place, result.failures[0].code) == ("steps[0].evidence.point", "evidence")


@pytest.mark.parametrize("case", KANTOROVICH_CASES)
def test_every_mutation_is_rejected_with_the_right_reason(case):
    document = KANTOROVICH_CASES[case]()
    wrong = []
    for mutation in mutations(document, seed=len(case)):
        result = check_certificate(mutation.source) if mutation.digest is None else verify(mutation.source, mutation.digest)
        if result.ok or result.failures[0].code not in mutation.codes:
            wrong.append((mutation.label, sorted(mutation.codes), [str(failure) for failure in result.failures]))
    assert not wrong, wrong[:10]
    assert check_certificate(document).ok


def accepted(problem, weights, ball):
    d = document_of(problem, weights)
    distance, reach, target = str(ball.distance), str(ball.target_distance), str(ball.target_radius)
    first = {"point": 0, "distance": distance}
    d.claim(LEARNER, "exact-learning", EVERYWHERE, "PROVED", {"distance": distance}, evidence=first, rigor="VERIFIED_FLOAT")
    if ball.target_radius:
        second = {"point": 0, "distance": reach, "target_radius": target}
        d.claim(TARGETS, "robust-targets", EVERYWHERE, "PROVED", {"radius": target}, evidence=second, rigor="VERIFIED_FLOAT")
    return check_certificate(d.finish())


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
def test_what_the_prover_finds_is_accepted(activation, widths, T, output, bias):
    for seed, shift in ((1, 0.0), (2, 1e-8), (3, 1e-4)):
        problem, weights = planted(widths, T, activation, output, bias, seed=seed, shift=shift)
        ball = kantorovich_ball(problem, weights)
        if ball is not None:
            assert accepted(problem, weights, ball).ok


@pytest.mark.parametrize(
    ("scale", "input_scale"), [(20.0, 1.0), (1.0, 30.0), (1e-3, 1.0), (1.0, 1e-4), (1e6, 1.0), (1e20, 1.0), (1.0, 1e-20)]
)
@pytest.mark.parametrize("output", ["identity", "sigmoid"])
def test_what_the_prover_finds_at_odd_sizes_is_accepted(scale, input_scale, output):
    for seed in range(4):
        problem, weights = planted((2, 6, 1), 4, "tanh", output, seed=seed, scale=scale, input_scale=input_scale)
        ball = kantorovich_ball(problem, weights)
        if ball is not None:
            assert accepted(problem, weights, ball).ok


def test_a_ball_that_is_too_small_is_rejected_all_the_same():
    """A hundredth of the distance to the learner can be no ball with a learner for Newton's method."""
    problem, weights = planted((3, 8, 1), 6, seed=4, shift=1e-5)
    ball = kantorovich_ball(problem, weights)
    assert accepted(problem, weights, ball).ok
    for part in (100, 10**6):
        small = type(ball)(ball.distance / part, Fraction(0), Fraction(0), 0.0, 0.0, 0.0)
        assert accepted(problem, weights, small).failures[0].place == "steps[0].evidence.distance"


def is_learner_within(problem, weights, distance):
    d = document_of(problem, weights)
    facts = {"distance": str(Fraction(distance))}
    d.claim(LEARNER, "exact-learning", EVERYWHERE, "PROVED", facts, evidence={"point": 0, **facts}, rigor="VERIFIED_FLOAT")
    return check_certificate(d.finish()).ok


@pytest.mark.parametrize("activation", ["tanh", "softplus", "softsign", "power:2"])
@pytest.mark.parametrize("shift", [1e-6, 1e-3, 3e-2])
def test_no_distance_below_the_true_one_is_accepted(activation, shift):
    problem, weights = planted((3, 6, 2), 3, activation, seed=11, shift=shift)
    true = nearest_learner(problem, weights)
    factors = (0.5, 0.9, 0.97, 0.995, 1.1, 1.5, 2.0, 4.0, 10.0)
    found = [factor for factor in factors if is_learner_within(problem, weights, float(true) * factor)]
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
    for size in (0.3, 1.0, 10.0):
        for _ in range(5):
            hexed = [[float(x).hex() for x in size * g.standard_normal(3)] for _ in range(3)]
            for last in ("1/4", "20", "-20"):
                point = [layer([hexed[0]], hexed[1]), layer([[x] for x in hexed[2]], [last])]
                for distance in ("1/1000000", "1/1000", "1/10", "1", "30"):
                    d = Draft((1, 3, 1), X, Y, point, output_activation=output)
                    evidence = {"point": 0, "distance": distance}
                    d.claim(
                        LEARNER, "exact-learning", EVERYWHERE, "PROVED", {"distance": distance}, evidence=evidence, rigor="VERIFIED_FLOAT"
                    )
                    assert not check_certificate(d.finish()).ok


def test_weights_moved_away_are_rejected():
    problem, weights = planted((3, 8, 1), 6, seed=4)
    ball = kantorovich_ball(problem, weights)
    away = moved(problem, weights, 0.01 * np.cos(np.arange(problem.architecture.N_net)))
    assert accepted(problem, away, ball).failures[0].place == "steps[0].evidence.distance"
