"""Claims about losses with weight decay: critical points of the sum, and silence where a theorem is about the mean error alone."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from cases.curvature_cases import moved, network

import lossproof as lp
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.symmetries import same_up_to_symmetry
from lossproof.numerics.curves.fields import FormalSeries
from lossproof.numerics.curves.loss_series import taylor_coefficients
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
G = np.random.default_rng(5)
X = [[round(float(x), 2)] for x in np.sort(G.normal(size=20))]
Y = [[round(float(np.tanh(2 * x[0]) + 0.1 * e), 3)] for x, e in zip(X, G.normal(size=20), strict=True)]
ABOUT_THE_MEAN_ERROR = (
    "almost-everywhere", "hessian-rank", "ggn", "no-critical-point", "infimum-not-attained", "independent-samples", "shallow-linear",
    "one-relation-simplex", "parallelogram", "dead-region", "separable-squashing",
)  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    return lp.train("1-3-1", X, Y, weight_decay="1/100", method="newton", seed=1).weights


def test_a_strict_minimum_beside_trained_weights(trained):
    report = lp.check_architecture("1-3-1", X, Y, weight_decay="1/100", weights=trained, search="none")
    point = report["critical-point"]
    assert point.facts["kind"] == "strict-minimum"
    assert point.facts["inertia"]["positive"] == 10
    assert report["distance"].facts["distance"] < Fraction(1, 10**9)
    assert not report.self_check.refused
    assert "weight decay 1/100" in " ".join(report.notes)
    assert lp.verify(report.certificate.document).ok
    assert lp.check_architecture("1-3-1", X, Y, weights=trained, search="none")["critical-point"].verdict is lp.Verdict.REFUTED


@pytest.mark.parametrize("distance", [Fraction(1, 10**8), Fraction(1, 10**5), Fraction(1, 10**3)])
def test_it_is_found_from_weights_nearby(trained, distance):
    given = moved(trained, distance, 7)
    report = lp.check_architecture("1-3-1", X, Y, weight_decay="1/100", weights=given, search="none")
    found = [claim for claim in report if claim.id == "critical-point" and claim.facts["kind"] == "strict-minimum"]
    assert found
    assert report["distance"].facts["distance"] < 10 * distance


@pytest.mark.parametrize(
    "options", [{}, {"activation": "relu"}, {"activation": "identity"}, {"error": "logistic", "activation": "sigmoid"}]
)
def test_nothing_is_claimed_by_what_is_about_the_mean_error(options):
    """Of these problems theorems decide most without decay."""
    report = lp.check_architecture("2-3-1", *XOR, weight_decay="1/1000", search="none", **options)
    said = {claim.id: claim for claim in report if claim.verdict is not lp.Verdict.UNDECIDED}
    assert not said.keys() & set(ABOUT_THE_MEAN_ERROR)
    conclusion = said.get("no-bad-local-minima")
    assert conclusion is None or conclusion.premises[0].id == "constant-region"
    cited = [claim for claim in report if "applicable" in claim.facts]
    assert cited
    assert all(claim.facts["applicable"] == "no" and "weight decay" in claim.reason for claim in cited)


def test_claims_of_the_network_are_as_without_decay():
    ids = ("full-rank", "exact-learning", "count", "khatri-rao", "principle-weights", "never-everywhere", "manifold")
    with_it, without = (lp.check_architecture("2-3-1", *XOR, weight_decay=rate, search="none") for rate in ("1/10", 0))
    for name in ids:
        assert [(c.id, str(c.place), c.verdict) for c in with_it if c.id == name] == [
            (c.id, str(c.place), c.verdict) for c in without if c.id == name
        ]


def test_an_exact_learner_is_no_critical_point():
    weights = [([[1]], [0]), ([[1]], [0])]
    inputs, targets = [[0], [1], [2]], [[0], [1], [2]]
    report = lp.check_architecture("1-1-1", inputs, targets, activation="identity", weights=weights, weight_decay="1/10", search="none")
    assert report["exact-learner"].verdict is lp.Verdict.PROVED
    assert report["critical-point"].verdict is lp.Verdict.REFUTED
    assert report["critical-point"].facts["loss_lower"] == report["critical-point"].facts["loss_upper"] == Fraction(1, 10)


def test_a_convex_loss_stays_convex():
    report = lp.check_architecture(
        "1-1", [[0], [1], [2]], [[1], [2], [6]], weight_decay=["1/3"], decay_biases=False, weights=[([["5/3"]], ["4/3"])]
    )
    assert report["no-bad-local-minima"].verdict is lp.Verdict.PROVED
    assert report["critical-point"].facts["kind"] == "global"
    assert report["critical-point"].facts["loss_lower"] == Fraction(17, 18)


def test_a_map_holds_minima_of_the_sum_and_compares_them():
    found = lp.find_critical_points("1-2-1", [[-1], [0], [1]], [[0], [3], [0]], weight_decay="1/50", starts=40, workers=1, seed=3)
    kinds = {point.kind for point in found}
    assert "strict-minimum" in kinds
    assert not found.report.self_check.refused
    again = lp.verify(found.report.certificate.document)
    assert again.ok


@pytest.mark.parametrize(("biases", "kind", "zero"), [(False, "local-minimum", 1), (True, "strict-minimum", 0)])
def test_softmax_keeps_the_shift_of_biases_that_do_not_decay(biases, kind, zero):
    inputs, targets = [[-2], [-1], [1], [2]], [[1, 0], [0, 1], [1, 0], [0, 1]]
    options = {"error": "softmax", "weight_decay": "1/10", "decay_biases": biases}
    trained = lp.train("1-2", inputs, targets, method="newton", **options)
    report = lp.check_architecture("1-2", inputs, targets, weights=trained.weights, **options)
    point = report["critical-point"]
    assert point.facts["kind"] in (kind, "global")
    assert point.facts["inertia"]["zero"] == zero
    assert point.facts["inertia"]["positive"] == 4 - zero


def test_units_may_be_turned_over_only_where_no_bias_that_decays_takes_the_shift():
    problem, _ = network("1-2-1", "sigmoid", "squared")
    flat = np.array([3.0, 1.0, -2.0, 1.0, 7.0, 5.0, 1.0])
    turned = np.array([2.0, -1.0, 3.0, 1.0, -5.0, 7.0, 6.0])
    a = problem.architecture
    for decay, same in ((None, True), (Decay.of(1, a), False), (Decay.of(1, a, biases=False), True), (Decay.of([1, (1, 0)], a), True)):
        assert same_up_to_symmetry(Problem(a, problem.error, problem.samples, decay=decay), flat, turned, 1e-9) == same


@pytest.mark.parametrize("method", ["newton", "lm", "ggn", "lbfgs", "bp"])
def test_every_method_of_training_ends_at_the_penalised_line(method):
    more = {"max_iterations": 3000, "step": 0.3} if method == "bp" else {}
    trained = lp.train("1-1", [[0], [1], [2]], [[1], [2], [6]], weight_decay="1/3", decay_biases=False, method=method, **more)
    ((W, b),) = ((np.array(layer.W, dtype=float), np.array(layer.b, dtype=float)) for layer in trained.weights.layers)
    assert W[0, 0] == pytest.approx(5 / 3, abs=1e-6)
    assert b[0] == pytest.approx(4 / 3, abs=1e-6)
    assert trained.loss == pytest.approx(17 / 18)


def test_training_at_many_digits_and_held_outputs_refuse_decay():
    for more in ({"precision": 50}, {"hold_output": True}):
        with pytest.raises(lp.InputError, match="weight_decay"):
            lp.train("2-2-1", *XOR, weight_decay="1/10", **more)


def test_ways_down_spectra_and_balls_without_minima_are_those_of_the_sum():
    weights = [([["1/2", "-1/3", 1]], [0, "1/4", "-1/2"]), ([["3/2"], [1], ["-1/2"]], ["1/8"])]
    report = lp.check_architecture("1-3-1", X, Y, weight_decay=["1/5", ("1/3", 0)], weights=weights, search="none")
    plain = lp.check_architecture("1-3-1", X, Y, weights=weights, search="none")
    assert not report.self_check.refused
    assert report["escape"].facts["decrease"] > 0
    shift = [
        float(b) - float(a)
        for a, b in zip(plain["hessian-spectrum"].facts["eigenvalues"], report["hessian-spectrum"].facts["eigenvalues"], strict=True)
    ]
    assert all(-1e-9 <= x <= 1 / 3 + 1e-9 for x in shift)
    assert sum(shift) == pytest.approx(6 / 5 + 3 / 3)
    assert report["no-minimum-nearby"].facts["radius"] > 0


@pytest.mark.parametrize(
    ("rates", "descends"), [([1, 0, 0], True), ([11, 0, 0], True), ([0, 3, 0], True), ([1, 1, 0], False), ([0, 3, 3], False)]
)
def test_a_curve_leads_down_from_a_critical_point_with_one_decaying_layer(rates, descends):
    """``J = (uvw − 5)²/2 + λw²/2`` at 0: along ``w = st²``, ``u = v = t`` it changes by ``(λs²/2 − 5s) t⁴ + …``; with two decaying layers 0 is a minimum."""
    options = {"activation": "identity", "bias": "none", "weight_decay": rates}
    report = lp.check_architecture("1-1-1-1", [[1]], [[5]], weights=[([[0]], None)] * 3, search="none", **options)
    assert not report.self_check.refused
    assert (report["critical-point"].facts.get("kind") == "higher-order-descent") == descends
    assert lp.verify(report.certificate.document).ok
    if descends:
        false = json.loads(json.dumps(report.certificate.document))
        assert [layer for layer in false["problem"]["decay"] if layer[0] != "0"]
        false["problem"]["decay"] = [["1000000", "0"] if layer[0] != "0" else layer for layer in false["problem"]["decay"]]
        assert not lp.verify(false).ok


def test_coefficients_along_curves_count_the_penalty():
    """Against ``J(W(t))`` of polynomials by hand: ``W(t) = (1 + 2t, t − t²)``, ``J = (vw − 5)²/2 + 3w²/2 + 7v²/2``."""
    a = lp.Architecture.of("1-1-1", "identity", bias="none")
    problem = lp.Problem(a, lp.error_named("squared"), lp.Samples.of([[1]], [[5]]), decay=Decay.of([3, 7], a))
    terms = [(1, [Fraction(2), Fraction(1)]), (2, [Fraction(0), Fraction(-1)])]
    P = np.polynomial.polynomial
    w, v = [1.0, 2.0], [0.0, 1.0, -1.0]
    error = P.polysub(P.polymul(v, w), [5.0])
    J = P.polyadd(P.polymul(error, error) / 2, P.polyadd(3 * P.polymul(w, w) / 2, 7 * P.polymul(v, v) / 2))
    found = taylor_coefficients(problem, lp.Weights.of(a, [([[1]], None), ([[0]], None)]), terms, 4, FormalSeries())
    assert [float(Fraction(str(c))) for c in found[1:]] == J[1:5].tolist()


@pytest.mark.parametrize(
    ("widths", "X", "Y", "options"),
    [
        ("1-2-1", [[-2], [-1], [0], [1], [3]], [[0], [1], [0], [2], [1]], {"weight_decay": "1/10", "decay_biases": False}),
        ("2-2-1", [[1, 0], [0, 1], [1, 1]], [[1], [2], [0]], {"weight_decay": "1/10", "activation": "identity", "bias": "none"}),
        ("1-2-1", [[-2], [-1], [0], [1], [3]], [[0], [1], [0], [2], [1]], {"weight_decay": ["1/10", "1/20"], "activation": "power:2"}),
    ],
)
def test_manifolds_of_critical_points_of_the_sum(widths, X, Y, options):
    """Units that died, with biases that do not decay, and rotations of linear units: classes are proved, and stand an attack by sampling."""
    found = lp.find_critical_points(widths, X, Y, starts=12, workers=1, **options)
    assert not found.report.self_check.refused
    assert lp.verify(found.certificate.document).ok
    problem, rng, dimensions = found.report.problem, np.random.default_rng(0), set()
    landscape = FloatLandscape(problem)
    for claim in (c for c in found.report.claims if c.id == "critical-point"):
        point = flat_weights(problem, claim.place.weights if isinstance(claim.place, Point) else claim.place.near.weights)
        here = landscape.at(point[None])
        assert np.max(np.abs(here.gradient)) < 1e-6
        dimensions.add(int(claim.facts["inertia"]["zero"]))
        around = landscape.loss(point + 1e-3 * rng.standard_normal((400, len(point))))
        if claim.facts["kind"] in ("local-minimum", "strict-minimum"):
            assert np.all(around >= here.loss[0] - 1e-12)
        if claim.facts["kind"] == "saddle":
            assert np.linalg.eigvalsh(here.hessian[0])[0] < 0
    assert "power" in str(options) or max(dimensions) > 0
