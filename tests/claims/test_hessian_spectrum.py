"""The eigenvalues of the Hessian at given weights and at critical points: against exact arithmetic, against balls, and where there are none."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from cases.curvature_cases import network
from flint import fmpq

import lossproof as lp
from lossproof.certificates.claims.hessian_spectrum import claim_spectrum_here
from lossproof.certificates.proof.certificate import certificate_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point, Witness
from lossproof.numerics.algebra.inertia import ball_inertia, exact_inertia
from lossproof.numerics.critical.spectrum import spectrum_in_box
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.verdicts import Rigor, Verdict


def _spectra(problem, weights, **choices):
    a, s = problem.architecture, problem.samples
    report = lp.check_architecture(
        a.widths, s.X, s.Y, activation=a.activation, output_activation=a.output_activation, error=problem.error, bias=a.bias, weights=weights,
        search="none", **choices,
    )  # fmt: skip
    assert lp.verify(report.certificate).ok
    return report, [claim for claim in report.claims if claim.id == "hessian-spectrum"]


def _shifted(H, c):
    found = H.copy()
    for k in range(len(H)):
        found[k, k] = found[k, k] - c
    return found


@pytest.mark.parametrize("activation", ["identity", "power:3", "softsign", "relu", "leaky-relu:1/10"])
def test_exact_arithmetic_counts_as_many_eigenvalues_below_each_bound(activation):
    """Sylvester's law over the rationals: the k-th eigenvalue is above a bound if and only if at most k are below it."""
    told = 0
    for widths in ("1-1", "2-2-1", "2-3-1"):
        problem, weights = network(widths, activation, "squared", T=3)
        found = spectrum_in_box(problem, weights)
        if found is None:
            continue
        H = hessian(problem, evaluate(problem.architecture, problem.samples, weights, RationalField()))
        assert len(found.eigenvalues) == len(H)
        for k, value in enumerate(found.eigenvalues):
            low, high = (exact_inertia(_shifted(H, fmpq(x.numerator, x.denominator))) for x in (value - found.within, value + found.within))
            assert low.negative <= k < high.negative + high.zero
        assert found.within < Fraction(1, 10**9) * max(1, max(map(abs, found.eigenvalues)))
        told += 1
    assert told == 3 or activation == "softsign"


@pytest.mark.parametrize("error", ["squared", "softmax", "logistic", "smooth-l1:1", "cauchy:2", "blake-zisserman:1/4"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu"])
def test_balls_count_as_many_eigenvalues_below_each_bound(activation, error):
    problem, weights = network("2-2-2", activation, error)
    found = spectrum_in_box(problem, weights)
    with ball_precision(256):
        H = hessian(problem, evaluate(problem.architecture, problem.samples, weights, StateBallField(256)))
    for k, value in enumerate(found.eigenvalues):
        with ball_precision(256):
            low, high = (_shifted(H, ball_of(x)) for x in (value - found.within, value + found.within))
        assert len(H) - ball_inertia(low, 256).positive <= k < ball_inertia(high, 256).negative


def test_a_box_holds_the_eigenvalues_at_its_points():
    problem, weights = network("2-2-1", "tanh", "squared")
    radius, g = Fraction(1, 100), np.random.default_rng(0)
    found = spectrum_in_box(problem, weights, radius)
    assert found.within > spectrum_in_box(problem, weights).within
    for _ in range(5):
        layers = [
            (
                [[w + radius * Fraction(float(g.uniform(-1, 1))) for w in row] for row in layer.W],
                [b + radius * int(g.choice((-1, 1))) for b in layer.b],
            )
            for layer in weights.layers
        ]
        there = spectrum_in_box(problem, lp.Weights.of(problem.architecture, layers))
        assert all(abs(x - y) <= found.within + there.within for x, y in zip(found.eigenvalues, there.eigenvalues, strict=True))


@pytest.mark.parametrize(
    ("activation", "error"), [("tanh", "squared"), ("softplus", "softmax"), ("power:2", "squared"), ("gelu", "logistic")]
)
def test_it_is_proved_at_given_weights(activation, error):
    problem, weights = network("2-2-2", activation, error)
    report, (claim,) = _spectra(problem, weights)
    assert (claim.verdict, claim.rigor) == (Verdict.PROVED, Rigor.VERIFIED_FLOAT)
    listed, within, facts = claim.facts["eigenvalues"], claim.facts["within"], claim.facts
    assert len(listed) == problem.architecture.N_net
    assert (facts["smallest_lower"], facts["largest_upper"]) == (listed[0] - within, listed[-1] + within)
    assert "smallest eigenvalue" in str(report)


@pytest.mark.parametrize("error", ["smooth-l1:1/100", "cauchy:1/10", "blake-zisserman:1/4", "logistic"])
def test_the_checker_accepts_it_for_errors_whose_curvature_cancels(error):
    for widths, activation in (("1-1", "identity"), ("2-3-2", "erf"), ("2-2-3-2", "elu")):
        problem, weights = network(widths, activation, error, T=8)
        point = Point(weights)
        claim = claim_spectrum_here(ProofContext(problem, 0, 4096), point)
        assert claim.verdict is Verdict.PROVED
        assert lp.verify(certificate_of(problem, [claim], [point])).ok


def test_it_is_the_spectrum_of_the_mean_over_the_samples():
    """``J = (w − 3)²/2`` has the second derivative 1, however often the sample is repeated."""
    for T in (1, 3, 10):
        problem = lp.Problem(
            lp.Architecture.of("1-1", "identity", bias="none"), lp.error_named("squared"), lp.Samples.of([[1]] * T, [[3]] * T)
        )
        _, (claim, *_) = _spectra(problem, lp.Weights.of(problem.architecture, [([["1"]], None)]))
        assert claim.facts["smallest_lower"] < 1 < claim.facts["largest_upper"]
        assert claim.facts["within"] < Fraction(1, 10**12)


def test_at_a_critical_point_in_a_box_one_claim_speaks_of_the_weights_too():
    X, Y = [[-2], [-1], [0], [1], [2]], [["-7/8"], ["-3/4"], ["1/8"], ["3/4"], ["7/8"]]
    training = lp.train("1-1-1", X, Y, activation="tanh", method="newton", max_iterations=200, seed=2)
    report = lp.check_architecture("1-1-1", X, Y, activation="tanh", weights=training.weights, search="none")
    critical = next(claim for claim in report.claims if claim.id == "critical-point")
    (claim,) = [claim for claim in report.claims if claim.id == "hessian-spectrum"]
    assert isinstance(claim.place, Witness)
    assert claim.place is critical.place
    assert (claim.facts["smallest_lower"] > 0) == (critical.facts["kind"] == "strict-minimum")
    assert lp.verify(report.certificate).ok


def test_far_from_the_weights_both_are_told():
    X, Y = [[-2], [-1], [0], [1], [2]], [["-7/8"], ["-3/4"], ["1/8"], ["3/4"], ["7/8"]]
    report = lp.check_architecture("1-1-1", X, Y, activation="tanh", weights=[([[1.2]], [0.1]), ([[0.9]], [0.0])], search="none")
    found = [claim for claim in report.claims if claim.id == "hessian-spectrum"]
    assert len({id(claim.place) for claim in found}) == len(found) == 2
    assert lp.verify(report.certificate).ok


@pytest.mark.parametrize("activation", ["relu", "elu", "softsign", "leaky-relu:1/3"])
def test_on_a_kink_it_is_undecided(activation):
    problem = lp.Problem(lp.Architecture.of("1-1-1", activation), lp.error_named("squared"), lp.Samples.of([[1], [2]], [[0], [1]]))
    _, (claim,) = _spectra(problem, lp.Weights.of(problem.architecture, [([["1"]], ["-1"]), ([["1"]], ["0"])]))
    assert claim.verdict is Verdict.UNDECIDED
    assert "may not exist" in claim.reason


@pytest.mark.parametrize("size", ["1e-200", "1e-20", "1e20", "1e200"])
def test_sizes_out_of_range_are_undecided_or_true(size):
    """``J = s²(w − 3)²/2`` has the second derivative ``s²``."""
    problem = lp.Problem(
        lp.Architecture.of("1-1", "identity", bias="none"), lp.error_named("squared"), lp.Samples.of([[size]], [[str(3 * Fraction(size))]])
    )
    _, (claim,) = _spectra(problem, lp.Weights.of(problem.architecture, [([["1"]], None)]))
    true = Fraction(size) ** 2
    assert claim.verdict is Verdict.UNDECIDED or claim.facts["smallest_lower"] <= true <= claim.facts["smallest_upper"]
    assert (claim.verdict is Verdict.PROVED) == (size in ("1e-200", "1e-20"))


@pytest.mark.parametrize(("widths", "T", "verdict"), [((10, 50, 1), 5, Verdict.PROVED), ((100, 110, 1), 2, Verdict.UNDECIDED)])
def test_of_many_weights_the_ends_are_told_and_of_very_many_nothing(widths, T, verdict):
    g = np.random.default_rng(0)
    X, Y = g.normal(size=(T, widths[0])).tolist(), [[i] for i in range(T)]
    problem = lp.Problem(lp.Architecture.of(widths, "tanh"), lp.error_named("squared"), lp.Samples.of(X, Y))
    layers = [(g.normal(size=(m, n)).tolist(), g.normal(size=n).tolist()) for m, n in pairwise(widths)]
    claim = claim_spectrum_here(ProofContext(problem, 0, 4096), Point(lp.Weights.of(problem.architecture, layers)))
    assert claim.verdict is verdict
    assert "eigenvalues" not in claim.facts
    assert verdict is Verdict.UNDECIDED or (
        len(claim.evidence["eigenvalues"]) == 2 and claim.facts["smallest_upper"] < 0 < claim.facts["largest_lower"]
    )


def test_the_bounds_are_those_of_the_box_and_no_narrower():
    """``(vw − 5)²/2`` in a box of radius r around 0: ``H = [[v², 2vw − 5], [2vw − 5, w²]]``."""
    problem = lp.Problem(lp.Architecture.of("1-1-1", "identity", bias="none"), lp.error_named("squared"), lp.Samples.of([[1]], [[5]]))
    weights = lp.Weights.of(problem.architecture, [([[0]], None), ([[0]], None)])
    for r in (Fraction(1, 1024), Fraction(1, 4)):
        found = spectrum_in_box(problem, weights, r)
        assert found.eigenvalues[0] - found.within <= -5 - 2 * r * r
        assert found.eigenvalues[-1] + found.within >= 5 + 2 * r * r
        assert found.within <= 10 * r * r


def test_a_kink_in_the_box_shows_nothing():
    problem = lp.Problem(lp.Architecture.of("1-1-1", "relu"), lp.error_named("squared"), lp.Samples.of([[1]], [[0]]))
    weights = lp.Weights.of(problem.architecture, [([[1]], [-1]), ([[1]], [0])])
    assert spectrum_in_box(problem, weights) is None
    with pytest.raises(NotDifferentiable):
        hessian(problem, evaluate(problem.architecture, problem.samples, weights, RationalField()))
    moved = lp.Weights.of(problem.architecture, [([[2]], [-1]), ([[1]], [0])])
    assert spectrum_in_box(problem, moved, Fraction(1, 16)) is not None
    assert spectrum_in_box(problem, moved, Fraction(1, 2)) is None
