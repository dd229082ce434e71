"""From weights of trained networks to the critical point beside them, with its kind and a proved distance."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.trained_networks import fitted, layers, small_fit

import lossproof as lp
from lossproof.certificates.claims.critical_point import LandscapeClaims, locate, prove_near
from lossproof.certificates.claims.stationary import ball_at
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.ball import critical_ball, polished_weights
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples


def checked(problem, flat, tmp_path, **options):
    a = problem.architecture
    report = lp.check_architecture(
        a.widths, problem.samples.X, problem.samples.Y, activation=a.activation, weights=layers(problem, flat), search="none", **options
    )
    report.save(tmp_path / "report.json")
    assert lp.verify(tmp_path / "report.json").ok
    return report


def by(rounding, w):
    if rounding == "float32":
        return w.astype(np.float32).astype(float)
    return w + rounding * np.random.default_rng(1).choice([-1.0, 1.0], size=len(w))


@pytest.mark.parametrize("rounding", [0.0, 1e-8, 1e-5, 1e-3, "float32"])
def test_the_minimum_beside_trained_weights_is_found(rounding, tmp_path):
    problem, w = small_fit()
    given = by(rounding, w)
    report = checked(problem, given, tmp_path)
    found = [claim for claim in report.claims if claim.id == "critical-point" and claim.verdict is lp.Verdict.PROVED]
    assert {claim.facts["kind"] for claim in found} == {"strict-minimum"}
    distance, near = report["distance"], found[-1].point
    true = np.linalg.norm(flat_weights(problem, near.weights) - given)
    assert true - 1e-12 <= distance.facts["distance"] <= 1.001 * true + 1e-5
    assert isinstance(distance.facts["point"], Point)
    assert "these very weights" in str(report).lower()


def test_where_no_critical_point_is_near_the_reason_says_where_steps_end(tmp_path):
    """A unit without weights: the Hessian is singular along it."""
    problem, w = small_fit()
    w = w.copy()
    w[2:4] = 0, 3
    report = checked(problem, w, tmp_path)
    claim = report["critical-point"]
    assert claim.verdict is lp.Verdict.REFUTED
    assert "Steps like Newton's" in claim.reason
    assert "nearest to 0 about" in claim.reason or "run off" in claim.reason


def proved(problem, flat):
    context = ProofContext(problem, 0, 1024, None)
    return prove_near(context, weights_of_rows(problem, flat), LandscapeClaims.of(problem), nearby=True)


@pytest.mark.parametrize(("n0", "n1", "T"), [(3, 4, 2000), (6, 8, 300)])
def test_fits_to_many_samples_are_strict_minima_in_doubles(n0, n1, T):
    problem, w = fitted(n0, n1, T)
    (weights, *_) = polished_weights(problem, weights_of_rows(problem, w))
    found = proved(problem, flat_weights(problem, weights))
    assert (found.claim.facts["kind"], found.stationary.rule) == ("strict-minimum", "critical-ball")
    assert found.claim.facts["inertia"]["positive"] == len(w)


@pytest.mark.parametrize(("n", "hidden"), [(2, 4), (5, 10), (10, 25)])
@pytest.mark.parametrize("error", ["squared", "cauchy:50"])
def test_a_saddle_has_the_number_of_negative_eigenvalues_that_it_has_by_construction(n, hidden, error):
    """Two linear layers at 0, without biases: the Hessian is ``[[0, I ⊗ C], [I ⊗ Cᵀ, 0]]``, with half of its eigenvalues negative."""
    g = np.random.default_rng(n)
    a = Architecture.of((n, hidden, n), "identity", bias="none")
    X, Y = (np.round(g.normal(size=(3 * n, n)), 2).tolist() for _ in range(2))
    problem = Problem(a, error_named(error), Samples.of(X, Y))
    (near, *_) = polished_weights(problem, weights_of_rows(problem, 1e-5 * g.normal(size=a.N_net)))
    assert critical_ball(problem, near).signs.negative == n * hidden
    context = ProofContext(problem, 0, 1024, None)
    counts = locate(context, Point(weights_of_rows(problem, np.zeros(a.N_net))), LandscapeClaims.of(problem)).claim.facts["inertia"]
    assert (counts["negative"], counts["positive"]) == (n * hidden, n * hidden)


def test_a_saddle_near_which_all_weights_vanish_is_told_beside_weights_near_it():
    """Its radius is not small beside its own weights, which are about 0, but beside those given."""
    g = np.random.default_rng(2)
    X, Y = (np.round(g.normal(size=(9, 3)), 2).tolist() for _ in range(2))
    weights = [((1e-5 * g.normal(size=(3, 3))).tolist(), None) for _ in range(2)]
    report = lp.check_architecture("3-3-3", X, Y, activation="identity", bias="none", weights=weights, search="none")
    claim = report["critical-point", 1]
    assert (claim.facts["kind"], claim.facts["inertia"]["negative"], claim.facts["inertia"]["positive"]) == ("saddle", 9, 9)
    assert report["distance"].facts["distance"] < 1e-4


def test_scalings_and_shifts_of_logits_leave_a_manifold_of_minima():
    g = np.random.default_rng(0)
    X = np.round(g.normal(size=(60, 4)), 2)
    Y = np.eye(3)[np.argmax(X[:, :3] + 2 * g.normal(size=(60, 3)), axis=1)]
    a = Architecture.of((4, 3), "identity")
    problem = Problem(a, error_named("softmax"), Samples.of(X.tolist(), Y.astype(int).tolist()))
    found = proved(problem, np.zeros(a.N_net))
    assert (found.stationary.rule, found.stationary.facts["dimension"]) == ("stationary-box", 5)
    context = ProofContext(problem, 0, 1024, None)
    ball = ball_at(context, found.claim.point)
    assert (ball.fixed, ball.signs.negative) == ((0, 1, 2, 3, 4), 0)
    assert ball.radius < Fraction(1, 2**20)
