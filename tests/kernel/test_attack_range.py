"""Attacks with numbers of Arb's range, and with forged premises of the rules that rest on a bound of the smallest singular value."""

import copy

import pytest
from cases.kernel_cases_kantorovich import LEAST, learner_by_a_singular_value
from cases.kernel_draft import sealed
from flint import arb

import lossproof as lp
from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.errors import _log_inverse_share, _share
from lossproof.numerics.fields.precision import dyadic
from lossproof.numerics.network.loss_value import outward_bounds
from lossproof.numerics.ranks import producers as rank_producers


def test_fractions_of_balls_of_any_exponent():
    assert dyadic(arb("1.5")) == 1.5
    assert dyadic(arb(-(10**30)).exp()) == 0
    for ball in (arb(10**30).exp(), arb("inf"), arb("nan")):
        with pytest.raises(ValueError, match="moderate"):
            dyadic(ball)
    lower, upper = outward_bounds(arb(-(10**30)).exp())
    assert lower <= 0 < upper


CASES = {
    "slopes with exponents beyond 64 bits": (
        (1, 3, 3), "silu", "identity", "smooth-l1", [[-1.5], [-0.25], [1.5]], [[-0.25, -0.25, -0.375], [-0.125, -0.5, 0.75], [0.375, 0.0, -0.25]],
        [([[1.07e28, 1.05e28, -1.78e28]], [0.291, -0.368, -0.186]),
         ([[-6.79e8, -1.03e9, 1.96e9], [3.66e8, 1.41e9, -3.88e8], [-2e9, 1.23e8, 3.71e8]], [1.31, -0.456, -0.413])],
    ),
    "a loss with an exponent beyond all fractions": (
        (3, 3, 1), "elu", "power:2", "blake-zisserman", [[0.986, 2.67, -1.12], [0.308, 0.727, 0.5], [3.0, -0.394, -1.5]], [[0.125], [0.125], [-0.375]],
        [([[-6.99e6, -9.5e7, 1.16e8], [1.5e8, -6.22e7, 2.25e7], [-8.87e7, 2.57e7, -7.05e7]], [-0.311, 1.03, -0.682]),
         ([[1.7e12], [1.59e12], [-1.54e13]], [0.387])],
    ),
    "an output known to half of its range": (
        (2, 2, 3), "sin", "sigmoid", "smooth-l1", [[0.0311, -1.24]], [[0.25, -0.125, 0.25]],
        [([[2.45e22, 1.06e21], [-1e22, 6.3e21]], [-0.675, -0.642]),
         ([[6.36e11, 3.22e11, -7.01e11], [4.13e11, -1.25e12, -2.8e11]], [-0.36, -0.422, 0.996])],
    ),
    "a component of the gradient known to one digit": (
        (1, 3, 2), "power:1", "tanh", "blake-zisserman", [[1.17], [0.481]], [[0.75, 0.875], [-0.5, 0.5]],
        [([[16.6, -4.07, 4.46]], [1.24, -0.514, 0.567]),
         ([[-7.84e15, 5.27e16], [-4.21e16, -1.34e17], [9.59e16, 1.06e16]], [0.325, 0.16])],
    ),
    "logits that are far apart": (
        (1, 2, 2), "bent-identity", "identity", "softmax", [[-4.0], [-0.946]], [[0.0, 1.0], [1.0, 0.0]],
        [([[4.73, 173.0]], [0.381, -0.115]), ([[3.83e14, -5e13], [8.91e14, -1.22e15]], [0.0648, 0.846])],
    ),
    "outputs beyond the range of the rule rank-gram": (
        (3, 2, 1), "relu", "leaky-relu:1/10", "cauchy", [[1.99, -0.5, 1.2], [1.5, -1.29, 3.0], [0.667, 0.417, 3.5]], [[1.0], [0.0], [0.125]],
        [([[1.25e11, 1.79e10], [1.32e11, 1.31e11], [5.31e10, -9.65e10]], None), ([[-1.28e19], [-9.88e18]], None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_weights_far_out_end_in_a_certificate_that_holds(name, monkeypatch):
    monkeypatch.setattr(rank_producers, "_VERIFIED_FROM_COLUMNS", 1)
    widths, hidden, output, error, X, Y, weights = CASES[name]
    bias = "none" if weights[0][1] is None else "trainable"
    report = lp.check_architecture(widths, X, Y, activation=hidden, output_activation=output, error=error, bias=bias, weights=weights)
    found = lp.verify(report.certificate.document)
    assert found.ok, found.failures


def test_shares_of_softmax_far_apart():
    with ball_precision(64):
        row = [arb(-3e17, 1), arb(4e17, 1)]
        small, large = (_share(row, j) for j in (0, 1))
        assert 0 <= small.upper() < 1e-300
        assert abs(large - 1) < 1e-12
        assert abs(_log_inverse_share(row, 0) - 7e17) < 3
        assert abs(_log_inverse_share(row, 1)) < 1e-12
        assert all(_share([arb(0, 1e30), arb(0, 1e30)], j).contains(0.3) for j in (0, 1))


def forged(change):
    document = copy.deepcopy(learner_by_a_singular_value())
    change(document)
    result = check_certificate(sealed({**document, "length": len(document["steps"])}))
    assert not result.ok
    return result.failures[0].place, result.failures[0].code


def test_a_singular_value_of_another_point_is_no_premise():
    def other_point(document):
        document["points"].append(document["points"][0])
        document["steps"][1]["evidence"]["point"] = 1

    assert forged(other_point) == ("steps[1].premises[0]", "premise")


def test_a_bound_of_the_rank_by_another_rule_is_no_premise():
    def other_rule(document):
        bound = document["steps"][0]
        bound["rule"], bound["evidence"] = "rank-gram", {}

    assert forged(other_rule) == ("steps[1].premises[0]", "premise")


def test_the_learner_that_rests_on_a_singular_value_is_no_such_bound():
    def learner(document):
        document["steps"][2]["premises"] = [2]

    assert forged(learner) == ("steps[2].premises[0]", "premise")


@pytest.mark.parametrize(
    ("least", "expected"),
    [
        ("1/2", ("steps[0].evidence.least", "evidence")),
        ("1/1125899906842624", ("steps[1].evidence.distance", "evidence")),
        ("0", None),
        ("-1/8", None),
    ],
)
def test_a_forged_least_singular_value(least, expected):
    def forge(document):
        assert document["steps"][0]["evidence"]["least"] == LEAST
        document["steps"][0]["evidence"]["least"] = least

    place, code = forged(forge)
    assert (place, code) == expected if expected else (place == "steps[0].evidence.least" and code == "evidence")
