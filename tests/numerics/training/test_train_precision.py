"""``ggn`` at many digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from cases.training_cases import ERRORS, XOR, random_problem
from flint import arb

import lossproof as lp
from lossproof.certificates.training.table import render_training
from lossproof.numerics.fields.field import object_array
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.training.point import training_point
from lossproof.numerics.training.precise_point import midpoints
from lossproof.numerics.training.precise_step import _softmax_factor
from lossproof.numerics.training.run_digits import run_precise
from lossproof.numerics.training.run_doubles import run_training
from lossproof.numerics.training.settings import Settings

X, Y = XOR


def test_two_hundred_digits():
    training = lp.train("2-3-1", X, Y, precision=200)
    logs = training.history.log10("distance")
    assert training.converged
    assert logs[np.isfinite(logs)].min() < -180
    assert training.history.digits == 200
    assert training.history.loss[-1] < mpmath.mpf(10) ** -390
    assert any(x.denominator > 2**600 for layer in training.weights.layers for row in layer.W for x in row)
    assert lp.convergence_order(training.history).kind == "quadratic"


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("T", [3, 24])
@pytest.mark.parametrize("damping", [0.0, 0.5])
def test_steps_agree_with_doubles(error, T, damping):
    """Both forms, dual and primal, for every error: the first step in doubles is the one at 40 digits."""
    problem = random_problem((2, 3, 3), T, error=error)
    start, settings = random_weights(problem, 1), Settings("ggn", damping=damping, max_iterations=1, tolerance=0.0)
    precise, plain = run_precise(problem, start, settings, 40), run_training(problem, start, settings)
    for one, other in zip(precise.arrays, plain.arrays, strict=True):
        for A, B in zip(one, other, strict=True):
            assert np.allclose(A, B, rtol=1e-6, atol=1e-8)
    assert np.allclose(precise.history.loss.astype(float), plain.history.loss, rtol=1e-6)
    assert np.allclose(precise.history.gradient_norm.astype(float), plain.history.gradient_norm, rtol=1e-6)


@pytest.mark.parametrize("bias", ["fixed", "none"])
def test_biases_that_are_not_trained_stay(bias):
    problem = random_problem((2, 5, 1), 4, bias=bias)
    training = run_precise(problem, random_weights(problem, 0), Settings("ggn", tolerance=0.0), 60)
    assert [layer.b for layer in training.weights.layers] == [layer.b for layer in random_weights(problem, 0).layers]
    assert training.history.log10("loss")[-1] < -90


def test_equal_samples_leave_the_matrix_singular():
    """``K`` has rank 2 of 3: the least step is found from the spectrum."""
    samples = [[0], [1], [1]], [[0], [1], [1]]
    for precision in (None, 50):
        training = lp.train("1-3-1", *samples, precision=precision, seed=1)
        assert training.converged
        assert training.history.log10("loss")[-1] < -28
    clash = lp.train("1-3-1", [[0], [1], [1]], [[0], [1], [2]], precision=50, seed=1)
    assert clash.converged
    assert np.isclose(clash.loss, 1 / 12)


def test_ends_of_a_run():
    assert lp.train("2-3-1", X, Y, precision=50, max_iterations=3).reason == "all 3 iterations are done"
    assert "at most 1e-30" in lp.train("2-3-1", X, Y, precision=50, target_loss=1e-30).reason
    kink = lp.train("1-1-1", [[1]], [[1]], activation="relu", weights=[([[0]], [0]), ([[1]], [0])], precision=50)
    assert "relu has no first derivative" in kink.reason

    def interrupt(stage, done, total):
        if done == 4:
            raise KeyboardInterrupt

    stopped = lp.train("2-3-1", X, Y, precision=50, progress=interrupt)
    assert stopped.interrupted
    assert stopped.history.iterations == 4
    assert isinstance(stopped.weights.layers[0].W[0][0], Fraction)


def test_precise_weights_are_a_learner_to_their_precision():
    training = lp.train("2-3-1", X, Y, precision=60)
    problem = lp.Problem(lp.Architecture.of("2-3-1"), lp.error_named("squared"), lp.Samples.of(X, Y))
    assert training_point(problem, training.weights).loss < 1e-31
    assert lp.check_architecture("2-3-1", X, Y, weights=training.weights)["exact-learning"].verdict is lp.Verdict.PROVED


def test_an_error_without_curvature_ends_the_run():
    """Blake and Zisserman's error is flat to 10^(-10^800) at residuals of 10^400: there is no Gauss-Newton step."""
    training = lp.train("1-1", [[1], [2]], [["1e400"], [0]], error="blake-zisserman", precision=30, method="ggn")
    assert not training.converged
    assert "the error is flat" in training.reason or "critical to rounding" in training.reason


@pytest.mark.parametrize("size", ["1e900", "1e1100", "1e-3000"])
def test_weights_of_a_precise_run_can_be_checked(size):
    training = lp.train("1-1", [[size], [1]], [[1], [size]], weights=[([[size]], [0])], precision=30, method="ggn", max_iterations=4)
    report = lp.check_architecture("1-1", [[size], [1]], [[1], [size]], weights=training.weights)
    assert lp.verify(report.certificate.text).ok


def test_negative_losses_are_shown():
    training = lp.train("1-1", [[1], [2]], [[0], [1]], error="blake-zisserman:1000", precision=30, method="ggn", max_iterations=2)
    assert training.loss < 0
    assert "-6.909e+00" in render_training(training, "Robust", 100)


def _residuals(training):
    return [mpmath.sqrt(loss) for loss in training.history.loss]


def _agree(one, other, digits):
    return abs(one / other - 1) < mpmath.mpf(10) ** -digits


def test_no_digits_are_lost_where_units_come_together():
    """Both units of the teacher are one, so that singular values of ``P`` fall with the residual; its squares, not they, pass any share of the digits."""
    inputs = [Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3), Fraction(-5, 2)]
    with mpmath.workdps(420):
        targets = [[mpmath.nstr(2 * mpmath.tanh(mpmath.mpf(x.numerator) / x.denominator), 410)] for x in inputs]
    start = [([["6/5", "4/5"]], None), ([["1"], ["1"]], None)]
    runs = {
        digits: _residuals(
            lp.train("1-2-1", [[x] for x in inputs], targets, bias="none", weights=start, damping=0, precision=digits, max_iterations=11)
        )
        for digits in (60, 120, 230, 400, 600)
    }
    for digits, residuals in runs.items():
        for k, residual in enumerate(residuals[:11]):
            if residual > mpmath.mpf(10) ** (20 - digits):
                assert _agree(residual, runs[600][k], 10), (digits, k)
    assert _agree(mpmath.sqrt(12) * runs[400][10], mpmath.mpf("8.79407e-197"), 4)


@pytest.mark.parametrize("gap", [20, 70, 90])
def test_samples_that_nearly_agree_are_fitted_one_by_one(gap):
    """The matrix ``K`` of the samples has an eigenvalue near ``10^(-2 gap)``, below the rounding of 100 digits, but ``P`` has full rank."""
    near = 1 + Fraction(1, 10**gap)
    runs = [
        lp.train("1-4-1", [[0], [1], [near]], [[0], [1], [1 + 3 * (near - 1)]], precision=digits, damping=0, seed=1, max_iterations=6)
        for digits in (100, 160)
    ]
    for one, other in zip(*(_residuals(run) for run in runs), strict=True):
        if other > mpmath.mpf(10) ** (gap - 90):
            assert _agree(one, other, 5)


def test_steps_that_saturated_units_make_huge_are_replaced():
    """After one step of length 344 units are saturated, and the least step has length 1e43: a run that watches the loss takes another one."""
    rng = np.random.default_rng(5)
    inputs, targets = np.round(rng.standard_normal((60, 4)), 3).tolist(), np.round(rng.standard_normal((60, 3)), 2).tolist()
    training = lp.train("4-6-3", inputs, targets, precision=40, seed=1, max_iterations=3)
    assert training.history.step_norm[1] > 300
    assert training.history.iterations == 3
    assert training.loss < 2


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_factor_of_the_curvature_of_softmax(n):
    rng = np.random.default_rng(n)
    with ball_precision(200):
        s = object_array([int(k) for k in rng.integers(1, 10**9, n)], lambda k: arb(k) / 10**6 ** int(rng.integers(0, 3)))
        s = s / sum(s, arb(0))
        eps = object_array([int(k) for k in rng.integers(-99, 99, n)], arb)
        eps[-1] = -sum(eps[:-1], arb(0))
        S, e = _softmax_factor(midpoints(s), eps)
        D = np.diag(s) - np.outer(s, s)
        assert all(abs(x.mid()) < 1e-50 for x in (S @ S.T - D).ravel())
        assert all(abs(x.mid()) < 1e-45 for x in (S @ e - eps).ravel())
