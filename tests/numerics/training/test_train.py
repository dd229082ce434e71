"""The trainer in doubles: steps against dense formulas, all errors, activations and bias modes, and how runs end."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from cases.training_cases import ACTIVATIONS, ERRORS, XOR, random_problem

import lossproof as lp
from lossproof.numerics.algebra.positive_solve import rounding_threshold, solve_positive
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.hessian import gauss_newton, hessian
from lossproof.numerics.network.jacobian import gradient, jacobian
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import rows_of_step, step_of_rows
from lossproof.numerics.training.error_curvature import curvature_factor
from lossproof.numerics.training.gauss_newton_step import GaussNewtonSystem
from lossproof.numerics.training.levenberg_marquardt import LevenbergMarquardt
from lossproof.numerics.training.point import training_point
from lossproof.numerics.training.run_doubles import run_training
from lossproof.numerics.training.settings import METHODS, Settings
from lossproof.numerics.training.weighted_gram import gauss_newton_sum, weighted_gram

X, Y = XOR


def point_of(problem, seed=1):
    return training_point(problem, random_weights(problem, seed))


def dense_factor(point):
    """Return ``C`` as one matrix of shape ``(T n_L, T m)``, and ``c``."""
    C, c = curvature_factor(point)
    T, n = point.eps.shape
    blocks = np.broadcast_to(np.eye(n), (T, n, n)) if C is None else C[:, :, None] * np.eye(n) if C.ndim == 2 else C
    m = blocks.shape[2]
    full = np.zeros((T * n, T * m))
    for i in range(T):
        full[i * n : (i + 1) * n, i * m : (i + 1) * m] = blocks[i]
    return full, c.ravel()


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
def test_gradient_and_matrices(error, bias):
    problem = random_problem((3, 4, 3, 3), error=error, bias=bias, output="softplus")
    point = point_of(problem)
    assert np.allclose(rows_of_step(problem.architecture, point.descent) / problem.T, gradient(problem, point.evaluation), atol=1e-13)
    P = jacobian(point.evaluation)
    C, c = dense_factor(point)
    factor = curvature_factor(point)[0]
    assert np.allclose(P @ C @ c, P @ point.eps.ravel(), atol=1e-12)
    assert np.allclose(weighted_gram(point.evaluation, factor), C.T @ P.T @ P @ C, atol=1e-12)
    assert np.allclose(gauss_newton_sum(point.evaluation, factor), P @ C @ C.T @ P.T, atol=1e-12)
    if problem.error.convex.holds:
        assert np.allclose(gauss_newton_sum(point.evaluation, factor) / problem.T, gauss_newton(problem, point.evaluation), atol=1e-12)
    s = np.random.default_rng(0).standard_normal(point.eps.shape)
    assert np.allclose(rows_of_step(problem.architecture, point.times_P(s)), P @ s.ravel(), atol=1e-12)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("T", [3, 40])
@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_steps_in_both_forms(error, T, damping):
    """Few samples give the dual form, many the primal one; both are the least solution of the dense equations."""
    problem = random_problem((3, 4, 3), T, error=error)
    point = point_of(problem)
    system = GaussNewtonSystem(point)
    assert system.is_dual == (T == 3)
    step, rank = system.least_step(damping)
    delta = rows_of_step(problem.architecture, step)
    C, c = dense_factor(point)
    Q = jacobian(point.evaluation) @ C
    if damping:
        expected = np.linalg.solve(Q @ Q.T / T + damping * np.eye(len(Q)), -Q @ c / T)
        assert np.allclose(delta, rows_of_step(problem.architecture, system.damped_step(damping)))
    else:
        expected = -np.linalg.pinv(Q.T) @ c
        assert rank == np.linalg.matrix_rank(Q)
    assert np.allclose(delta, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())


def test_curvature_of_errors_that_are_not_convex_stays_positive():
    problem = random_problem((3, 4, 2), error="cauchy:1/4")
    weights = random_weights(problem, 0, output_factor=Fraction(64))
    point = training_point(problem, weights)
    root, c = curvature_factor(point)
    assert (root > 0).all()
    assert np.allclose(root * c, point.eps)
    second = Float64Field().error_derivative(problem.error, 2, point.outputs, point.targets)
    assert (second[:, [0, 1], [0, 1]] < 0).any()


def test_a_gram_matrix_of_lower_rank_is_solved_in_least_norm():
    g = np.random.default_rng(0)
    for n, rank in ((6, 4), (40, 39), (40, 40)):
        B = g.standard_normal((n, rank))
        A, b = B @ B.T, g.standard_normal(n)
        found = solve_positive(A, 0.0, b)
        assert found.rank == rank
        assert (found.reciprocal_condition < rounding_threshold(n)) == (rank < n)
        assert np.allclose(found.x, np.linalg.pinv(A, rcond=1e-10, hermitian=True) @ b, rtol=1e-8, atol=1e-8)
    assert solve_positive(np.zeros((3, 3)), 0.0, np.ones(3)).rank == 0
    assert solve_positive(np.zeros((3, 3)), 2.0, np.ones(3)).x.tolist() == [0.5] * 3


def test_rows_and_steps_are_inverse():
    problem = random_problem((3, 4, 2))
    flat = np.arange(problem.architecture.N_net, dtype=float)
    assert np.array_equal(rows_of_step(problem.architecture, step_of_rows(problem.architecture, flat)), flat)


@pytest.mark.parametrize("method", METHODS)
def test_methods_reach_an_exact_learner(method):
    options = {"max_iterations": 20_000, "step": 0.5} if method == "bp" else {}
    training = lp.train("2-4-1", X, Y, method=method, seed=3, **options)
    assert training.converged, str(training)
    assert training.loss < 1e-26
    assert training.method == method
    outputs = point_after(training, "2-4-1").outputs
    assert np.allclose(outputs, Y, atol=1e-12)
    assert lp.check_architecture("2-4-1", X, Y, weights=training.weights)["exact-learning"].verdict is lp.Verdict.PROVED


def point_after(training, widths, **choices):
    a = lp.Architecture.of(widths, **choices)
    return training_point(lp.Problem(a, lp.error_named("squared"), lp.Samples.of(X, Y)), training.weights)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
def test_runs_are_deterministic_and_fixed_biases_stay(method, bias):
    runs = [lp.train((2, 4, 1), X, Y, method=method, bias=bias, seed=2, max_iterations=8) for _ in range(2)]
    assert runs[0].weights == runs[1].weights
    assert np.array_equal(runs[0].history.loss, runs[1].history.loss)
    start = lp.train((2, 4, 1), X, Y, method=method, bias=bias, seed=2, max_iterations=0)
    assert start.history.iterations == 0
    same = [layer.b == other.b for layer, other in zip(runs[0].weights.layers, start.weights.layers, strict=True)]
    assert all(same) == (bias != "trainable")
    if bias == "none":
        assert all(x == 0 for layer in runs[0].weights.layers for x in layer.b)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("method", ["ggn", "lm", "newton", "lbfgs"])
def test_the_loss_falls_for_every_activation(activation, method):
    problem = random_problem((3, 6, 2), 4, activation=activation)
    training = run_training(problem, random_weights(problem, 1), Settings(method, max_iterations=15))
    assert training.history.loss[-1] < training.history.loss[0]
    if method != "lbfgs":
        assert (np.diff(training.history.loss) <= 4e-16 * np.abs(training.history.loss[:-1])).all()


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("method", ["ggn", "lm", "newton"])
def test_every_error_is_fitted(error, method):
    problem = random_problem((3, 8, 3), 4, error=error)
    training = run_training(problem, random_weights(problem, 0), Settings(method, max_iterations=200))
    assert training.converged, str(training)
    assert np.abs(training_point(problem, training.weights).eps).max() < 1e-12


@pytest.mark.parametrize("method", ["ggn", "lm", "newton"])
def test_a_minimum_with_residuals(method):
    """More equations than weights: the runs end at the minimum near the network that made the targets."""
    teacher = random_problem((3, 1), 30, output="tanh")
    weights = random_weights(teacher, 0)
    noise = 0.1 * np.random.default_rng(1).standard_normal((30, 1))
    targets = training_point(teacher, weights).outputs + noise
    problem = replace(teacher, samples=lp.Samples.of(teacher.samples.X, targets.tolist()))
    training = run_training(problem, weights, Settings(method, max_iterations=500))
    assert training.converged, str(training)
    assert 1e-4 < training.loss < 0.02
    point = training_point(problem, training.weights)
    assert point.gradient_norm < 1e-9
    assert np.linalg.eigvalsh(hessian(problem, point.evaluation)).min() > 0


def test_output_activation_and_squashed_targets():
    targets = [["1/10"], ["9/10"], ["9/10"], ["1/10"]]
    training = lp.train("2-3-1", X, targets, output_activation="sigmoid", method="lm", seed=1)
    assert training.loss < 1e-26


def test_history():
    training = lp.train("2-3-1", X, Y, seed=0)
    history = training.history
    assert len(history) == history.iterations + 1 == len(history.distance)
    assert history.step_norm[0] == history.damping[0] == history.distance[-1] == 0
    assert (np.diff(history.seconds) >= 0).all()
    assert history.loss[-1] < 1e-28
    flat = [
        np.concatenate([part.ravel() for layer in run.arrays for part in layer])
        for run in (training, lp.train("2-3-1", X, Y, max_iterations=0))
    ]
    assert np.isclose(np.linalg.norm(flat[0] - flat[1]), history.distance[0])
    assert np.isclose(history.size, np.linalg.norm(flat[0]))
    assert history.log10("distance")[-1] == -np.inf
    assert "ggn: converged after" in str(training)


def test_long_histories_keep_distances_of_some_rows(monkeypatch):
    from lossproof.numerics.training import run as training_run

    monkeypatch.setattr(training_run, "_MOST_NUMBERS", 200)
    history = lp.train("2-3-1", X, Y, method="bp", max_iterations=100).history
    known = np.flatnonzero(np.isfinite(history.distance))
    assert 8 <= len(known) <= 17
    assert known[0] == 0
    assert known[-1] == 100
    assert (np.diff(history.distance[known]) < 0).any()


def test_damping():
    constant = lp.train("2-3-1", X, Y, damping=0.05, max_iterations=5).history.damping
    assert constant.tolist() == [0.0] + [0.05] * 5
    adaptive = lp.train("2-3-1", X, Y, method="lm", damping=0.05).history.damping
    assert adaptive[1] >= 0.05
    assert adaptive[-1] < 1e-6
    full = lp.train("2-2-1", X, Y, damping=0, seed=0, max_iterations=30)
    assert not np.all(np.diff(full.history.loss) < 0)
    newton = lp.train("2-3-1", X, Y, method="newton", damping=0.1, max_iterations=3).history.damping
    assert newton.tolist() == [0.0, 0.1, 0.1, 0.1]


def test_pure_newton_is_drawn_to_a_saddle():
    """``J = (vw − 5)²/2`` has a saddle at 0: pure Newton goes there, the safeguarded one to the minimum."""
    start = [([["1/10"]], None), ([["1/8"]], None)]
    choices = {"activation": "identity", "bias": "none", "weights": start, "method": "newton"}
    pure, safe = (lp.train("1-1-1", [[1]], [[5]], damping=damping, **choices) for damping in (0, "auto"))
    assert np.isclose(pure.loss, 12.5)
    assert "critical" in pure.reason
    assert safe.loss < 1e-28


def test_stopping_rules():
    assert "at most 0.001" in lp.train("2-3-1", X, Y, target_loss=1e-3).reason
    assert lp.train("2-3-1", X, Y, target_loss=1e-3).loss > 1e-10
    loose = lp.train("2-3-1", X, Y, tolerance=1e-3)
    assert loose.converged
    assert loose.loss > 1e-20
    ended = lp.train("2-3-1", X, Y, max_iterations=2)
    assert not ended.converged
    assert ended.reason == "all 2 iterations are done"
    wild = lp.train("2-3-1", X, Y, method="bp", step=1e200, activation="identity")
    assert not wild.converged
    assert "diverged" in wild.reason
    idle = lp.train("1-1-1", [[1], [2]], [[1], [2]], activation="relu", bias="none", weights=[([[-1]], None), ([[1]], None)])
    assert "P is zero" in idle.reason or "critical" in idle.reason


def test_a_kink_ends_the_run_with_its_reason():
    start = [([[0]], [0]), ([[1]], [0])]
    for method in METHODS:
        training = lp.train("1-1-1", [[1]], [[1]], activation="relu", weights=start, method=method)
        assert not training.converged
        assert "relu has no first derivative at z = 0" in training.reason
        assert np.isnan(training.history.gradient_norm[-1])
        assert training.weights == lp.Weights.of(lp.Architecture.of("1-1-1", "relu"), start)


def test_an_interrupted_run_returns_what_it_has():
    def stop_at_five(stage, done, total):
        assert (stage[:8], total) == ("training", 100) or (stage, done) == ("preparing the weights", 0)
        if done == 5:
            raise KeyboardInterrupt

    for method in METHODS:
        options = {"step": 0.01} if method == "bp" else {}
        training = lp.train("2-2-1", X, Y, method=method, progress=stop_at_five, max_iterations=100, seed=1, **options)
        assert training.interrupted
        assert not training.converged
        assert training.reason == "interrupted"
        assert training.history.iterations == 5
        assert training.history.loss[-1] == point_after(training, "2-2-1").loss


@pytest.mark.parametrize("method", ["ggn", "lm"])
def test_one_hot_targets_with_held_output_weights(method):
    """Least squares alone drives ``W_L`` to rows of sum 0, where ``P`` loses rank; with ``W_L`` held the run is fast."""
    g = np.random.default_rng(0)
    problem = replace(random_problem((16, 40, 4), 40), samples=lp.Samples.of(g.random((40, 16)), np.eye(4)[g.integers(0, 4, 40)]))
    start = random_weights(problem, 0)
    held = run_training(problem, start, Settings(method, target_loss=1e-20, hold_output=True))
    assert held.converged
    assert held.history.iterations < 20
    assert held.weights.layers[-1].W == start.layers[-1].W


def test_lm_holds_the_output_weights_of_one_hot_targets():
    g = np.random.default_rng(0)
    X, labels = g.random((20, 8)), g.integers(0, 3, 20)
    one_hot, other = np.eye(3)[labels], g.standard_normal((20, 3))
    for Y, hold, held in ((one_hot, None, True), (one_hot, False, False), (other, None, False), (other, True, True)):
        training = lp.train((8, 20, 3), X, Y, method="lm", hold_output=hold)
        start = lp.train((8, 20, 3), X, Y, max_iterations=0)
        assert training.converged
        assert (training.weights.layers[-1].W == start.weights.layers[-1].W) == held


def test_held_output_weights_stay():
    problem = random_problem((3, 8, 2), 4)
    point = point_of(problem)
    move = LevenbergMarquardt(hold_output=True).advance(point)
    assert np.array_equal(move.point.layers[-1][0], point.layers[-1][0])
    assert not np.array_equal(move.point.layers[0][0], point.layers[0][0])
    assert move.point.loss < point.loss


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "ggm"}, "did you mean 'ggn'"),
        ({"damping": -1}, "damping must be"),
        ({"damping": "much"}, "or 'auto'"),
        ({"tolerance": float("nan")}, "tolerance must be"),
        ({"target_loss": "small"}, "target_loss must be"),
        ({"step": float("inf")}, "step must be"),
        ({"max_iterations": -1}, "max_iterations"),
        ({"max_iterations": 2.5}, "max_iterations"),
        ({"precision": 5}, "precision must be"),
        ({"precision": 50, "method": "lm"}, "method='ggn'"),
        ({"hold_output": True, "method": "bp"}, "hold_output must go with"),
        ({"seed": "x"}, "seed"),
        ({"weights": [([[1]], [0])]}, "weights"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(lp.InputError, match="(?s)" + message.replace("(", r"\(")):
        lp.train("2-3-1", X, Y, **options)


def test_systems_too_large_to_factor():
    with pytest.raises(lp.InputError, match="at most 16000 unknowns, got 28001"):
        lp.train((2, 7000, 1), X, Y, method="newton")
    assert lp.train((2, 7000, 1), X, Y, method="ggn", max_iterations=3).history.iterations <= 3


def test_xor_is_learned_fast():
    lp.train("2-3-1", X, Y)
    start = time.process_time()
    training = lp.train("2-3-1", X, Y)
    assert training.loss < 1e-28
    assert time.process_time() - start < 0.2


def test_a_thousand_equations():
    problem = random_problem((20, 60, 4), 50)
    training = run_training(problem, random_weights(problem, 0), replace(Settings("ggn"), target_loss=1e-20))
    assert training.converged
    assert training.history.iterations < 12


def test_a_training_unpacks_into_weights_and_history():
    training = lp.train("2-2-1", [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], method="lm")
    weights, history = training
    assert weights is training.weights
    assert history is training.history


@pytest.mark.parametrize("method", ["ggn", "newton", "bp"])
def test_weights_that_leave_the_doubles_are_not_returned(method):
    options = {"step": 1e300} if method == "bp" else {"damping": 0.0}
    training = lp.train(
        "1-2-1", [[1e150], [1]], [[1e300], [-1e300]], activation="power:3", method=method, max_iterations=50, seed=1, **options
    )
    assert all(np.isfinite(part).all() for pair in training.arrays for part in pair)
    assert training.reason


@pytest.mark.parametrize("method", ["ggn", "lm", "newton", "bp", "lbfgs"])
@pytest.mark.parametrize("where", ["X", "Y", "weights", "β"])
def test_training_in_doubles_asks_for_doubles(method, where):
    problem = {"widths": "1-1-1", "X": [[1], [2]], "Y": [[0], [1]], "weights": [([[1]], [0]), ([[1]], [0])], "error": "squared"}
    problem |= {
        "X": {"X": [["1e309"], [0]]}, "Y": {"Y": [["1e309"], [0]]}, "weights": {"weights": [([["1e309"]], [0]), ([[1]], [0])]},
        "β": {"error": "smooth-l1:1e-350"},
    }[where]  # fmt: skip
    with pytest.raises(
        lp.InputError, match=r"got one that is not \(.* than any double.*\): scale the problem, or give precision=50 with method='ggn'"
    ):
        lp.train(**problem, method=method)
