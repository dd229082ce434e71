"""Steps down from given weights: the loss really falls by so much, and from minima none is claimed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.curvature_cases import network
from cases.kernel_cases_curvature import escape, far
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome

import lossproof as lp
from lossproof.certificates.claims.escape import claim_escape
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.loss_value import loss_ball, loss_exact
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.verdicts import Verdict

STEP_X, STEP_Y = [[-2], [-1], [0], [1], [2]], [["-7/8"], ["-3/4"], ["1/8"], ["3/4"], ["7/8"]]


def _escape(problem, weights):
    return claim_escape(ProofContext(problem, 0, 4096), Point(weights), None)


def _checked(widths, X, Y, weights, **choices):
    report = lp.check_architecture(widths, X, Y, weights=weights, search="none", **choices)
    assert lp.verify(report.certificate).ok
    return report, next((claim for claim in report.claims if claim.id == "escape"), None)


@pytest.mark.parametrize("error", ["squared", "logistic", "softmax", "cauchy:2", "smooth-l1:1", "blake-zisserman:1/4"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus", "power:2"])
def test_the_loss_falls_by_what_is_claimed(activation, error):
    problem, weights = network("2-3-2", activation, error)
    claim = _escape(problem, weights)
    assert claim.verdict is Verdict.PROVED
    end, facts = claim.facts["point"].weights, claim.facts
    here, there = (loss_ball(problem, w, Fraction(0), 256) for w in (weights, end))
    assert float(here.mid()) - float(there.mid()) == pytest.approx(float(facts["decrease"]), rel=1e-6)
    assert bool(here - there >= float(facts["decrease"]) * (1 - 1e-12))
    length = np.linalg.norm(flat_weights(problem, end) - flat_weights(problem, weights))
    assert length <= float(facts["distance"]) < length * 1.001
    losses = FloatLandscape(problem).loss(np.array([flat_weights(problem, w) for w in (weights, end)]))
    assert losses[1] < losses[0]


def test_a_parabola_falls_to_its_minimum():
    """``(w − 3)²/2`` from ``w = 1``: the step has the length 2, and the loss falls by 2."""
    _, claim = _checked("1-1", [[1]], [[3]], [([["1"]], None)], activation="identity", bias="none")
    assert claim.facts["decrease"] == 2
    assert 2 <= claim.facts["distance"] < Fraction(2001, 1000)
    [layer] = claim.facts["point"].weights.layers
    assert ((Fraction(3),),) == layer.W


def test_at_a_saddle_the_step_is_along_a_direction_of_negative_curvature():
    """``(vw − 5)²/2`` at 0, where the gradient is 0."""
    _, claim = _checked("1-1-1", [[1]], [[5]], [([["0"]], None), ([["0"]], None)], activation="identity", bias="none")
    assert "curves downwards" in claim.reason
    assert claim.facts["decrease"] > 8


def test_saddles_of_xor_are_left():
    X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    _, claim = _checked("2-2-1", X, Y, [([["1", "1"], ["1", "1"]], ["0", "0"]), ([["0"], ["0"]], ["1/2"])], activation="tanh")
    assert claim.facts["decrease"] > 0
    assert (
        loss_exact(
            lp.Problem(lp.Architecture.of("2-2-1", "tanh"), lp.error_named("squared"), lp.Samples.of(X, Y)), claim.facts["point"].weights
        )
        is None
    )


def test_next_to_a_minimum_the_tiny_fall_that_doubles_do_not_see_is_proved():
    """``(w − 3)²/2 + 1/2`` in two samples, ``10^-9`` from the minimum: the loss falls by ``5·10^-19``."""
    problem = lp.Problem(
        lp.Architecture.of("1-1", "identity", bias="none"), lp.error_named("squared"), lp.Samples.of([[1], [1]], [[2], [4]])
    )
    claim = _escape(problem, lp.Weights.of(problem.architecture, [([["3.000000001"]], None)]))
    assert Fraction(499, 1000) < claim.facts["decrease"] * 10**18 <= Fraction(1, 2)


def test_sharp_bounds_tell_losses_apart_that_usual_ones_do_not():
    """The same with tanh, whose loss is no rational number."""
    problem = lp.Problem(lp.Architecture.of("1-1-1", "tanh"), lp.error_named("squared"), lp.Samples.of(STEP_X, STEP_Y))
    training = lp.train("1-1-1", STEP_X, STEP_Y, activation="tanh", method="newton", max_iterations=200, tolerance=0.0,
                        weights=[([[1.2]], [0.1]), ([[0.9]], [0.0])])  # fmt: skip
    layers = [([[float(x) + 1e-7 for x in row] for row in layer.W], [float(b) for b in layer.b]) for layer in training.weights.layers]
    claim = _escape(problem, lp.Weights.of(problem.architecture, layers))
    assert 0 < claim.facts["decrease"] < Fraction(1, 10**13)
    assert all("loss" in premise.id or premise.id == "distance" for premise in claim.premises)


def test_from_minima_nothing_is_claimed():
    report, claim = _checked("1-1", [[0], [1], [2]], [[0], [0], [3]], [([["3/2"]], ["-1/2"])], activation="identity")
    assert claim is None
    assert "escape" not in str(report.claims)
    zero = [([["0", "0"]], ["0", "0"]), ([["0"], ["0"]], ["0"])]
    assert _checked("1-2-1", [[1], [-1]], [[0], [0]], zero, activation="tanh")[1] is None


def test_in_the_box_of_a_minimum_nothing_is_claimed():
    training = lp.train(
        "1-1-1", STEP_X, STEP_Y, activation="tanh", method="newton", max_iterations=200, weights=[([[1.2]], [0.1]), ([[0.9]], [0.0])]
    )
    report, claim = _checked("1-1-1", STEP_X, STEP_Y, training.weights, activation="tanh")
    assert next(c for c in report.claims if c.id == "critical-point").facts["kind"] == "strict-minimum"
    assert claim is None


@pytest.mark.parametrize("bias", ["none", "fixed", "trainable"])
def test_only_trainable_weights_move(bias):
    weights = [([["1", "2"]], None if bias == "none" else ["1/2", "1/3"]), ([["1"], ["1"]], None if bias == "none" else ["1/7"])]
    _, claim = _checked("1-2-1", [[1], [2]], [[0], [1]], weights, activation="tanh", bias=bias)
    end = claim.facts["point"].weights
    if bias == "fixed":
        assert [layer.b for layer in end.layers] == [(Fraction(1, 2), Fraction(1, 3)), (Fraction(1, 7),)]
    assert claim.verdict is Verdict.PROVED


@pytest.mark.parametrize("size", ["1e-200", "1e-60", "1e12", "1e80", "1e300"])
def test_extreme_sizes_end_in_silence_or_a_true_fall(size):
    """``s²(w − 3)²/2`` from 1 falls by ``2 s²`` at most."""
    _, claim = _checked("1-1", [[size]], [[str(3 * Fraction(size))]], [([["1"]], None)], activation="identity", bias="none")
    assert claim is None or claim.verdict is Verdict.UNDECIDED or 0 < claim.facts["decrease"] <= 2 * Fraction(size) ** 2


def test_without_weights_it_is_not_asked():
    report = lp.check_architecture("1-2-1", [[0], [1], [2]], [[0], [1], [0]], search="none")
    assert "escape" not in {claim.id for claim in report.claims}


def _draft():
    """Losses 111/4 and 1/4 at points 1 and 0, at a distance of 5."""
    points = [layer([["3/2"]], ["-1/2"])], [layer([["9/2"]], ["7/2"])]
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], *points)
    for k, J in ((1, "111/4"), (0, "1/4")):
        d.exact_loss(J, k)
    far(d, 0, 1, "5", "0")
    far(d, 1, 0, "5", "0")
    return d


def test_the_checker_wants_the_right_premises_and_derives_the_facts():
    d = _draft()
    escape(d, [1, 2, 3])
    assert accepted(d)
    for premises, facts, code in (
        ([2, 1, 4], {"at": 0, "point": 1}, "premise"),  # upwards
        ([1, 2, 4], {}, "premise"),  # a distance of the wrong place
        ([1, 1, 3], {"point": 1}, "premise"),
        ([1, 2], {}, "premise"),
        ([1, 2, 3], {"decrease": "56/2"}, "conclusion"),
        ([1, 2, 3], {"decrease": "28"}, "conclusion"),
        ([1, 2, 3], {"distance": "4"}, "conclusion"),
        ([1, 2, 3], {"point": 1}, "conclusion"),
        ([1, 2, 3], {"at": 0}, "premise"),
    ):
        d = _draft()
        escape(d, premises, **facts)
        assert outcome(d)[0] == code, (premises, facts)
