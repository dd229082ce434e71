"""Short cuts for large problems give what the long ways give, and a large check is decided with a certificate that is accepted."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.landscapes import XOR_X
from flint import fmpq

import lossproof as lp
from lossproof.certificates.claims import critical_point
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network.passes import Box, gradient, gradient_component
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical import ball
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.differentiability import derivatives_exist
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gradient as whole_gradient
from lossproof.numerics.network.jacobian import output_gradient
from lossproof.numerics.network.pass_limits import forward_precision
from lossproof.numerics.network.points import random_fixed_bias, random_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.limits import MAX_STEP_WORK, pass_work
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

Y = [[0, 1], [1, 1], [1, 0], [0, "1/3"]]


def problem_of(widths, activation="tanh", output="identity", bias="trainable", error="squared"):
    architecture = Architecture.of(widths, activation, output, bias)
    fixed = random_fixed_bias(architecture, 5) if bias == "fixed" else None
    return Problem(architecture, error_named(error), Samples.of(XOR_X, Y), fixed)


@pytest.mark.parametrize("widths", ["2-2", "2-3-2", "2-2-3-2"])
@pytest.mark.parametrize(
    ("output", "bias", "error"), [("identity", "trainable", "squared"), ("tanh", "none", "cauchy"), ("sigmoid", "fixed", "logistic")]
)
def test_a_component_is_that_of_the_gradient(widths, output, bias, error):
    problem = problem_of(widths, output=output, bias=bias, error=error)
    point = random_weights(problem, 1)
    found = read_problem(encode_problem(problem))
    [weights] = read_points([encode_point(point)], found)
    with ball_precision(128):
        ring, box = BallRing(Work(), 128), Box(weights)
        balls = gradient(ring, found, box)
        for k, ball in enumerate(balls):
            alone = gradient_component(ring, found, box, k)
            assert alone.overlaps(ball)
            assert alone.rad() < 1e-30


@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
def test_the_output_gradient_ends_the_gradient(bias):
    problem = problem_of("2-3-2", "softsign", "softsign", bias)
    evaluation = evaluate(problem.architecture, problem.samples, random_weights(problem, 2), RationalField())
    last = output_gradient(problem, evaluation) * fmpq(1, problem.T)
    assert (last == whole_gradient(problem, evaluation)[-len(last) :]).all()


def test_powers_and_inverses_in_bulk():
    for prime, u in ((1048583, 5), (2147483647, 2147483646), (2024418569, 633159060), (1048583, None)):
        field = PrimeField(prime, u)
        generator = np.random.default_rng(0)
        exponents = np.concatenate([[0, 1, 65535, 65536, prime - 2], generator.integers(0, prime - 1, 200)])
        assert field._powers_of_u(exponents).tolist() == [pow(u or 0, int(e), prime) for e in exponents]
        for size in (0, 1, 2, 3, 100, 101):
            residues = generator.integers(1, prime, size)
            assert ((residues * field._inverse(residues)) % prime == 1).all()


def test_precision_is_kept_within_the_bounds_of_the_checker():
    problem = problem_of("2-3-2")
    for cap in (64, 1000, 10**5, 2**20):
        assert forward_precision(problem, cap) == cap
    many = Samples(tuple((Fraction(k), Fraction(0)) for k in range(3000)), ((Fraction(0),),) * 3000)
    wide = Problem(Architecture.of("2-30000-1"), error_named("squared"), many)
    most = forward_precision(wide, 10**6)
    assert 53 <= most < 1000
    assert pass_work(wide.architecture.widths, 3000, most) <= MAX_STEP_WORK < pass_work(wide.architecture.widths, 3000, 2 * most)
    for activation, holds in (("relu", False), ("tanh", True)):
        kinked = Problem(Architecture.of("2-30000-1", activation), error_named("squared"), many)
        assert (derivatives_exist(kinked, random_weights(kinked, 0), Fraction(1, 8), 1) is not None) is holds


def test_a_large_check_is_decided_and_its_certificate_accepted(check):
    data = load_data("digits-60", 10)
    report = check((64, 96, 10), data.X, data.Y, weights=random_layers(data))
    verdicts = {claim.id: claim.verdict for claim in report}
    assert report["full-rank", "at these weights"].verdict is lp.Verdict.PROVED
    assert verdicts["critical-point"] is lp.Verdict.REFUTED
    assert verdicts["exact-learner"] is lp.Verdict.REFUTED


def random_layers(data, hidden=96):
    problem = Problem(Architecture.of((64, hidden, 10)), error_named("squared"), Samples.of(data.X, data.Y))
    return random_weights(problem, 1)


def test_one_factorisation_serves_a_block_and_the_whole(check, monkeypatch):
    monkeypatch.setattr(ball, "_MOST_FLOPS", 0)  # no steps from weights that are not critical: about these the large check asks
    data = load_data("digits-100", 10)
    report = check((64, 60, 10), data.X, data.Y, weights=random_layers(data, 60))
    claim = report["full-rank", "at these weights"]
    assert claim.verdict is lp.Verdict.PROVED
    assert [step.premises[0].matrix for step in claim.premises if step.rule == "rank-stack"] == ["P-1"]
    rules = [step["rule"] for step in report.certificate.document["steps"]]
    assert rules.count("singular-value") == 1


@pytest.mark.parametrize(
    ("most", "words"), [(23, "fewer samples or units: 24 values of units are more than the 23"), (24, "weights nearer to a critical point")]
)
def test_what_is_too_large_is_told_as_that(most, words, monkeypatch):
    monkeypatch.setattr(critical_point, "MAX_GRAM_VALUES", most)
    monkeypatch.setattr(critical_point, "refute_stationary", lambda context, point: None)
    monkeypatch.setattr(critical_point, "locate", lambda context, point, landscape: None)
    context = ProofContext(problem_of((2, 2, 2)), 0, 256, None)
    point = Point(random_weights(context.problem, 1))
    found = critical_point.claim_critical_point(context, point, critical_point.LandscapeClaims.of(context.problem))
    assert found.verdict == "UNDECIDED"
    assert words in found.missing
