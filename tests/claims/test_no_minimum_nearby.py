"""No local minimum within some distance of weights: as far as it is said, and no farther than there is one."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

import lossproof as lp
from lossproof.certificates.claims.no_minimum_nearby import claim_no_minimum_nearby
from lossproof.certificates.proof.certificate import certificate_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.minimum_free import minimum_free_radius
from lossproof.numerics.critical.negative_curvature import descending_ball
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.numerics.training.point import training_point
from lossproof.theory.problem.decay import Decay
from lossproof.theory.verdicts import Rigor, Verdict

ERRORS = ("squared", "logistic", "softmax")


def _problem(widths, T, error="squared", seed=0, activation="tanh", bias="trainable"):
    rng = np.random.default_rng(seed)
    X, n = np.round(rng.standard_normal((T, widths[0])), 2).tolist(), widths[-1]
    Y = {
        "squared": lambda: np.round(rng.standard_normal((T, n)), 2).tolist(),
        "logistic": lambda: rng.integers(0, 2, (T, n)).tolist(),
        "softmax": lambda: np.eye(n, dtype=int)[rng.integers(0, n, T)].tolist(),
    }[error]()
    problem = lp.Problem(lp.Architecture.of(widths, activation, bias=bias), lp.error_named(error), lp.Samples.of(X, Y))
    return problem, _weights(problem, rng)


def _weights(problem, rng, scale=1.0):
    a, pairs = problem.architecture, []
    for m, n in zip(a.widths, a.widths[1:], strict=False):
        pairs.append(
            (
                np.round(scale * rng.standard_normal((m, n)), 4).tolist(),
                np.round(scale * rng.standard_normal(n), 4).tolist() if a.bias_rows_of(1) else None,
            )
        )
    return lp.Weights.of(a, pairs)


def _check(problem, weights, **choices):
    a, s = problem.architecture, problem.samples
    report = lp.check_architecture(
        a.widths, s.X, s.Y, activation=a.activation, error=problem.error, bias=a.bias, weights=weights, search="none", **choices
    )
    assert lp.verify(report.certificate).ok
    return next((claim for claim in report.claims if claim.id == "no-minimum-nearby"), None)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("widths", [(2, 3, 2), (1, 2, 2, 2)])
def test_it_is_proved_far_from_critical_points(error, widths):
    problem, weights = _problem(widths, 12, error)
    claim = _check(problem, weights)
    assert claim.verdict is Verdict.PROVED
    assert claim.rigor is Rigor.VERIFIED_FLOAT
    assert Fraction(claim.facts["radius"]) > Fraction(1, 1000)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("activation", ["tanh", "softplus", "leaky-relu:1/10", "elu"])
def test_the_gradient_vanishes_nowhere_in_the_ball(error, activation):
    for seed in range(6):
        problem, weights = _problem((2, 3, 2), 10, error, seed, activation)
        radius = minimum_free_radius(problem, weights)
        if radius is None:
            assert "relu" in activation
            continue
        rng, least = np.random.default_rng(seed), training_point(problem, weights).gradient_norm
        flat = flat_weights(problem, weights)
        for length in (0.5, 0.9, 1.0):
            for _ in range(20):
                move = rng.standard_normal(len(flat))
                moved = flat + float(radius) * length * move / np.linalg.norm(move)
                assert training_point(problem, _of_flat(problem, moved)).gradient_norm > 0.002 * (1.01 - length) * least


def _of_flat(problem, flat):
    a, layers, start = problem.architecture, [], 0
    for m, n in zip(a.widths, a.widths[1:], strict=False):
        rows = m + a.bias_rows_of(1)
        block = flat[start : start + rows * n].reshape(n, rows).T
        layers.append((block[:m], block[m] if a.bias_rows_of(1) else np.zeros(n)))
        start += rows * n
    return layers


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 6, 7])
def test_no_radius_reaches_a_critical_point(seed):
    """Newton's steps find a minimum; from weights at any distance of it the radius is smaller than the distance."""
    problem, start = _problem((1, 1, 1), 8, "squared", seed)
    training = lp.train((1, 1, 1), problem.samples.X, problem.samples.Y, weights=start, method="newton", max_iterations=400, tolerance=0.0)
    assert training.history.gradient_norm[-1] < 1e-10
    end, rng, told = flat_weights(problem, training.weights), np.random.default_rng(seed), 0
    for distance in (1e-6, 1e-3, 1e-1, 1.0):
        for _ in range(10):
            move = rng.standard_normal(len(end))
            pairs = [(W.tolist(), b.tolist()) for W, b in _of_flat(problem, end + distance * move / np.linalg.norm(move))]
            radius = minimum_free_radius(problem, lp.Weights.of(problem.architecture, pairs))
            assert radius is None or radius < distance * (1 + 1e-9) + 1e-9
            told += radius is not None
    assert told > 10


def test_the_radius_of_a_parabola_is_its_distance():
    """``J = (w − 3)²/2`` has its minimum at distance 2 of ``w = 1``."""
    problem = lp.Problem(lp.Architecture.of("1-1", "identity", bias="none"), lp.error_named("squared"), lp.Samples.of([[1]], [[3]]))
    claim = _check(problem, lp.Weights.of(problem.architecture, [([["1"]], None)]))
    assert Fraction(19, 10) < Fraction(claim.facts["radius"]) < 2


@pytest.mark.parametrize("factor", ["1", "11/10", "4", "1000"])
def test_the_checker_takes_no_larger_radius(factor):
    """For ``J = (w − 3)²/2`` from ``w = 1`` every radius of 2 or more is false, and refused."""
    problem = lp.Problem(lp.Architecture.of("1-1", "identity", bias="none"), lp.error_named("squared"), lp.Samples.of([[1]], [[3]]))
    report = lp.check_architecture(
        "1-1", [[1]], [[3]], activation="identity", bias="none", weights=[([["1"]], None)], search="none", self_check=False
    )
    radius = next(c for c in report.claims if c.id == "no-minimum-nearby").facts["radius"]
    text = report.certificate.text.replace(f'"{radius}"', f'"{2 * Fraction(factor)}"')
    assert text != report.certificate.text
    assert not lp.verify(text).ok
    assert problem.architecture.N_net == 1


def test_nothing_is_said_at_minima_and_near_kinks():
    best = [([["0", "0"]], ["0", "0"]), ([["0"], ["0"]], ["0"])]
    assert _check(*_at((1, 2, 1), "tanh", "squared", best, [[1], [-1]], [[0], [0]])) is None
    kinked = [([["1", "1"]], ["0", "1e-30"]), ([["1"], ["1"]], ["1"])]
    found = _check(*_at((1, 2, 1), "relu", "squared", kinked, [["1e-30"], [2]], [[5], [7]]))
    assert found is None or Fraction(found.facts["radius"]) < Fraction(1, 10**29)


@pytest.mark.parametrize("error", ["squared", "cauchy", "smooth-l1:1", "blake-zisserman:1/4"])
def test_at_saddles_it_is_proved_by_a_direction(error):
    """``W = 0`` is critical here, and J curves downwards along some direction in both layers."""
    zero = [([["0", "0"]], ["0", "0"]), ([["0"], ["0"]], ["0"])]
    claim = _check(*_at((1, 2, 1), "tanh", error, zero, [[1], [-1]], [["1/2"], ["-1/2"]]))
    assert (claim.verdict, claim.facts["by"]) == (Verdict.PROVED, "curvature")
    assert claim.facts["radius"] > Fraction(1, 100)
    assert "critical point at all" not in claim.reason


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "leaky-relu:1/10", "gelu"])
def test_the_direction_curves_downwards_all_over_the_ball(error, activation):
    told = 0
    for seed in range(5):
        problem, weights = _problem((2, 3, 2), 10, error, seed, activation)
        ball = descending_ball(problem, weights)
        if ball is None:
            continue
        told += 1
        rng, flat, v = np.random.default_rng(seed), flat_weights(problem, weights), np.array(ball.direction, dtype=float)
        moves = rng.standard_normal((40, len(flat)))
        points = flat + float(ball.radius) * moves / np.linalg.norm(moves, axis=1, keepdims=True)
        curvature = np.einsum("i,bij,j->b", v, FloatLandscape(problem).at(points).hessian, v)
        assert np.all(curvature < 0)
    assert told >= 2


@pytest.mark.parametrize("seed", range(4))
def test_no_direction_reaches_a_minimum(seed):
    """From weights at any distance of a strict minimum the radius is smaller than the distance."""
    X, Y = [[-2], [-1], [0], [1], [2]], [["-7/8"], ["-3/4"], ["1/8"], ["3/4"], ["7/8"]]
    problem = lp.Problem(lp.Architecture.of("1-1-1", "tanh"), lp.error_named("squared"), lp.Samples.of(X, Y))
    training = lp.train(
        "1-1-1", X, Y, activation="tanh", method="newton", max_iterations=200, tolerance=0.0, weights=[([[1.2]], [0.1]), ([[0.9]], [0.0])]
    )
    end, rng = flat_weights(problem, training.weights), np.random.default_rng(seed)
    H = FloatLandscape(problem).at(end[None]).hessian[0]
    assert np.linalg.eigvalsh(H)[0] > 1e-9
    for distance in (1e-6, 0.1, 0.3, 1.0, 3.0):
        for _ in range(5):
            move = rng.standard_normal(len(end))
            pairs = [(W.tolist(), b.tolist()) for W, b in _of_flat(problem, end + distance * move / np.linalg.norm(move))]
            ball = descending_ball(problem, lp.Weights.of(problem.architecture, pairs))
            assert ball is None or ball.radius < distance


@pytest.mark.parametrize(("activation", "scale"), [("power:3", 30), ("tanh", 1), ("swish:2", 1), ("power:2", 1000)])
def test_the_checker_accepts_what_is_claimed(activation, scale):
    for seed in range(4):
        problem, weights = _problem((2, 2, 3, 2), 5, ERRORS[seed % 3], seed, activation)
        layers = [([[scale * x for x in row] for row in layer.W], [scale * x for x in layer.b]) for layer in weights.layers]
        point = Point(lp.Weights.of(problem.architecture, layers))
        claim = claim_no_minimum_nearby(ProofContext(problem, 0, 4096), point)
        assert claim is None or lp.verify(certificate_of(problem, [claim], [point])).ok


def test_the_larger_radius_is_told():
    told = set()
    for seed in range(8):
        problem, weights = _problem((2, 3, 3), 10, "softmax", seed)
        by_gradient, by_curvature = minimum_free_radius(problem, weights), descending_ball(problem, weights)
        claim = claim_no_minimum_nearby(ProofContext(problem, 0, 4096), Point(weights))
        told.add(claim.facts["by"])
        assert claim.facts["radius"] >= by_gradient
        assert (claim.facts["by"] == "gradient") or claim.facts["radius"] > by_gradient
        assert by_curvature is None or claim.facts["radius"] > Fraction(9, 10) * by_curvature.radius
    assert told == {"gradient", "curvature"}


def test_sizes_out_of_range_end_in_silence_or_a_true_radius():
    """``s²(vw − 5)²/2`` has its minima at distance ``√10`` of 0, at any scale s."""
    for size in ("1e-200", "1e-60", "1", "1e12", "1e80"):
        data = [[size]], [[str(5 * Fraction(size))]]
        zero = [([["0"]], None), ([["0"]], None)]
        problem = lp.Problem(lp.Architecture.of("1-1-1", "identity", bias="none"), lp.error_named("squared"), lp.Samples.of(*data))
        ball = descending_ball(problem, lp.Weights.of(problem.architecture, zero))
        assert (ball is not None and Fraction(3, 4) < ball.radius < Fraction(19, 10)) or size != "1"
        assert ball is None or ball.radius**2 < 10


def _at(widths, activation, error, pairs, X, Y):
    problem = lp.Problem(lp.Architecture.of(widths, activation), lp.error_named(error), lp.Samples.of(X, Y))
    return problem, lp.Weights.of(problem.architecture, pairs)


@pytest.mark.parametrize("size", ["1e-250", "1e-60", "1e12", "1e80", "1e200"])
def test_extreme_sizes_end_in_silence_or_a_true_radius(size):
    """``J = s²(w − 3)²/2``: the radius from 1 is below 2 at any scale s of the inputs and the targets."""
    scaled = str(3 * Fraction(size))
    claim = _check(*_at_without_bias([[size]], [[scaled]]))
    assert claim is None or claim.verdict is Verdict.UNDECIDED or Fraction(claim.facts["radius"]) < 2


def _at_without_bias(X, Y):
    problem = lp.Problem(lp.Architecture.of("1-1", "identity", bias="none"), lp.error_named("squared"), lp.Samples.of(X, Y))
    return problem, lp.Weights.of(problem.architecture, [([["1"]], None)])


def test_without_weights_it_is_not_asked():
    report = lp.check_architecture("1-2-1", [[0], [1], [2]], [[0], [1], [0]], search="none")
    assert "no-minimum-nearby" not in {claim.id for claim in report.claims}


def test_the_constants_of_the_errors():
    """``∇²E ⪯ c`` for softmax and the logistic error, seen in balls at random outputs."""
    rng = np.random.default_rng(0)
    for n in (2, 3, 6):
        for _ in range(50):
            z = rng.standard_normal(n) * 4
            p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
            assert np.linalg.eigvalsh(np.diag(p) - np.outer(p, p)).max() <= 0.5 + 1e-12
    assert bool((arb(0).exp() / (1 + arb(0).exp()) ** 2) <= arb(0.25) + arb(2) ** -40)


FAMILIES = (
    "tanh", "sigmoid", "softplus", "silu", "swish:3/2", "swish:20", "mish", "bent-identity", "gelu", "arctan", "erf", "sin", "softsign", "elu", "relu",
    "leaky-relu:1/10", "hard-tanh", "identity", "power:2", "power:3", "power:16",
)  # fmt: skip


@pytest.mark.parametrize("activation", FAMILIES)
def test_the_kernel_confirms_every_radius(activation):
    """Random networks of every error, with and without decay, at tiny and at large weights."""
    claimed = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        widths = (*rng.integers(1, 5, size=rng.integers(1, 4)).tolist(), 2)
        problem, _ = _problem(widths, int(rng.choice([1, 5, 20])), ERRORS[seed % 3], seed, activation)
        problem = dataclasses.replace(problem, decay=Decay.of("1/3", problem.architecture) if seed % 4 == 0 else None)
        weights = weights_of_rows(problem, rng.standard_normal(problem.architecture.N_net) * rng.choice([1.0, 0.1, 10.0, 1e-8, 1e-12]))
        claim = claim_no_minimum_nearby(ProofContext(problem, 0, 1024), Point(weights))
        if claim is not None:
            claimed += 1
            assert lp.verify(certificate_of(problem, [claim]).text).ok, (seed, claim.facts)
    assert claimed >= 8


def test_a_ball_that_cannot_grow_ends_the_search():
    """The bound of ``vᵀHv`` is so steep that no longer radius differs in doubles."""
    rng = np.random.default_rng(1585)
    problem, _ = _problem((3, 1, 5, 5), 20, "logistic", 1585, "swish:20", "none")
    for scale in (10.0, 30.0, 100.0):
        weights = weights_of_rows(problem, scale * rng.standard_normal(problem.architecture.N_net))
        claim = claim_no_minimum_nearby(ProofContext(problem, 0, 1024), Point(weights))
        assert claim is None or claim.facts["radius"] > 0


def test_what_a_checker_refuses_is_not_begun(monkeypatch):
    a = lp.Architecture.of("1-2-1", "tanh")
    problem = lp.Problem(a, lp.error_named("squared"), lp.Samples.of([[0], [1]], [[1], [0]]))
    weights = lp.Weights.of(a, [([[1, 2]], [0, 1]), ([[1], [3]], [1])])
    assert minimum_free_radius(problem, weights) is not None
    monkeypatch.setattr("lossproof.numerics.critical.minimum_free.MAX_GRAM_VALUES", 2 * 4 - 1)
    assert minimum_free_radius(problem, weights) is None


@pytest.mark.parametrize("decay", [0, "1/100"])
def test_where_there_is_much_to_compute_the_weights_are_not_critical_by_doubles(decay, monkeypatch):
    """The same is then said, with a certificate that the kernel accepts, without any ball."""
    monkeypatch.setattr("lossproof.certificates.claims.stationary._MUCH_WORK", 10)
    rng = np.random.default_rng(0)
    weights = [(rng.integers(-9, 9, (2, 3)), [1, 0, 1]), (rng.integers(-9, 9, (3, 1)), [1])]
    report = lp.check_architecture("2-3-1", [[0, 1], [1, 3], [2, 1]], [[1], [0], [2]], weights=weights, weight_decay=decay, search="none")
    claim = next(claim for claim in report.claims if claim.id == "critical-point" and claim.verdict == "REFUTED")
    refuted = next(node for node in claim.premises if isinstance(node, Claim) and node.id == "stationary")
    assert (refuted.rule, refuted.evidence) == ("implication", {"row": "not-stationary"})
    assert refuted.premises[0].id == "no-minimum-nearby"
    assert lp.verify(report.certificate).ok
