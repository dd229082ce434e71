"""Attacks with numbers of Arb's range: losses, gradients and ranks at weights far out against many digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from cases.far_out import FAR_OUT
from cases.kernel_cases_critical import loss_ball
from cases.kernel_draft import Draft, layer
from cases.kernel_loss_twin import loss_along, weight_count
from cases.kernel_outcomes import accepted, outcome
from cases.kernel_twin import matrix, number, pivots, value
from flint import arb

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.errors import _log_inverse_share, _share
from lossproof.numerics.fields.precision import dyadic
from lossproof.numerics.network.loss_value import outward_bounds
from lossproof.theory.functions.errors import error_named

DIGITS = 400


def test_fractions_of_balls_of_any_exponent():
    assert dyadic(arb("1.5")) == 1.5
    assert dyadic(arb(-(10**30)).exp()) == 0
    for ball in (arb(10**30).exp(), arb("inf"), arb("nan")):
        with pytest.raises(ValueError, match="moderate"):
            dyadic(ball)
    lower, upper = outward_bounds(arb(-(10**30)).exp())
    assert lower <= 0 < upper


def drafted(name):
    widths, hidden, output, error, X, Y, weights = FAR_OUT[name]
    hexed = lambda rows: [[float(x).hex() for x in row] for row in rows]  # noqa: E731
    bias = "none" if weights[0][1] is None else "trainable"
    point = [layer(hexed(W), hexed([b])[0] if b is not None else ["0"] * len(W[0])) for W, b in weights]
    options = {"activation": hidden, "output_activation": output, "error": error_named(error).name, "bias": bias}
    return Draft(widths, hexed(X), hexed(Y), point, **options)


def fraction(x):
    """An mpf as an exact fraction."""
    sign, mantissa, exponent, _ = x._mpf_
    return Fraction((-1) ** sign * int(mantissa)) * Fraction(2) ** exponent


@pytest.mark.parametrize("name", FAR_OUT)
def test_losses_far_out_are_those_of_many_digits(name):
    d = drafted(name)
    with mpmath.workdps(DIGITS):
        value = loss_along(d.document, [0] * weight_count(d.document["problem"]))
        if abs(value) > mpmath.mpf(10) ** -1000:
            below, above = sorted(fraction(mpmath.mpf(mpmath.nstr(value * (1 + sign * mpmath.mpf(10) ** -30), 60))) for sign in (-1, 1))
        else:
            below, above = Fraction(-1, 10**1000), Fraction(1, 10**1000)
    for lower, upper, place in ((below, above, None), (above, 2 * above + 1, "loss_lower"), (below - 1, below, "loss_upper")):
        loss_ball(d, str(lower), str(upper), 0, "0", 4000)
        assert accepted(d) if place is None else outcome(d) == ("evidence", f"evidence.{place}")
        d.undo()


SLOPES = {
    "identity": lambda z: 1,
    "power:2": lambda z: 2 * z,
    "sigmoid": lambda z: 1 / (2 + mpmath.exp(z) + mpmath.exp(-z)),
    "tanh": lambda z: 1 / mpmath.cosh(z) ** 2,
    "leaky-relu:1/10": lambda z: 1 if z > 0 else mpmath.mpf(1) / 10,
}
RESIDUALS = {
    "smooth-l1:1": lambda r: r / mpmath.sqrt(r * r + 1),
    "blake-zisserman:1": lambda r: 2 * r / (1 + mpmath.exp(r * r)),
    "cauchy:1": lambda r: 2 * r / (r * r + 1),
}


def gradient_by_the_output_weights(document):
    """``Σ_i ∂E/∂z_j φ_b``, with b last for the bias, by closed forms."""
    problem, point = document["problem"], document["points"][0]
    ones = [mpmath.mpf(1)] if problem["bias"] == "trainable" else []
    total = 0
    for x, y in zip(problem["X"], problem["Y"], strict=True):
        phi = [number(q) for q in x]
        for part in point[:-1]:
            z = [
                sum(p * number(row[a]) for p, row in zip(phi, part["W"], strict=True)) + number(part["b"][a]) for a in range(len(part["b"]))
            ]
            phi = [value(problem["activation"], t) for t in z]
        last = point[-1]
        z = [sum(p * number(row[j]) for p, row in zip(phi, last["W"], strict=True)) + number(last["b"][j]) for j in range(len(last["b"]))]
        if problem["error"] == "softmax":
            # 1 - p_j as the sum of the others, as p_j may be 1 to all digits
            shares = [1 / sum(mpmath.exp(t - s) for t in z) for s in z]
            delta = [
                p - number(t) if number(t) != 1 else -sum(q for k, q in enumerate(shares) if k != j)
                for j, (p, t) in enumerate(zip(shares, y, strict=True))
            ]
        else:
            outputs = [value(problem["output_activation"], t) for t in z]
            delta = [
                RESIDUALS[problem["error"]](o - number(t)) * SLOPES[problem["output_activation"]](s)
                for o, t, s in zip(outputs, y, z, strict=True)
            ]
        total = mpmath.matrix([e * p for e in delta for p in [*phi, *ones]]) + total
    return list(total)


@pytest.mark.parametrize("name", FAR_OUT)
def test_components_of_the_gradient_far_out(name):
    """Those by the output weights that are seen to differ from 0 do, and with many bits all that do are seen."""
    d = drafted(name)
    kinked = "relu" in d.document["problem"]["activation"] + d.document["problem"]["output_activation"]
    premises = [d.differentiable()] if kinked else []
    with mpmath.workdps(DIGITS):
        exact = gradient_by_the_output_weights(d.document)
    first = weight_count(d.document["problem"]) - len(exact)
    for k, slope in enumerate(exact):
        seen = {}
        for precision in (53, 4000):
            evidence = {"parameter": first + k, "precision": precision}
            d.claim("stationary-apart", "stationary", 0, {}, premises, evidence, "BALL", "REFUTED")
            seen[precision] = check_certificate(d.finish()).ok
            assert seen[precision] or outcome(d) == ("evidence", "evidence.parameter")
            d.undo()
        assert seen[4000] == (slope != 0)
        assert seen[4000] or not seen[53]


@pytest.mark.parametrize("name", FAR_OUT)
def test_ranks_far_out_are_full_where_they_are_said_to_be(name):
    d = drafted(name)
    problem = d.document["problem"]
    columns = len(problem["X"]) * problem["widths"][-1]
    for method, balanced in (("cholesky", False), ("cholesky", True), ("inverse", False), ("inverse", True)):
        d.singular("P", "0", 0, method, balanced)
        result = check_certificate(d.finish())
        d.undo()
        assert result.ok or result.failures[0].code in ("evidence", "limit")
        if result.ok:
            with mpmath.workdps(DIGITS):
                rows = matrix(d.document, 0, "P")
                norms = [mpmath.norm([row[c] for row in rows]) for c in range(columns)]
                assert len(pivots([[x / norm for x, norm in zip(row, norms, strict=True)] for row in rows])[1]) == columns


def test_shares_of_softmax_far_apart():
    with ball_precision(64):
        row = [arb(-3e17, 1), arb(4e17, 1)]
        small, large = (_share(row, j) for j in (0, 1))
        assert 0 <= small.upper() < 1e-300
        assert abs(large - 1) < 1e-12
        assert abs(_log_inverse_share(row, 0) - 7e17) < 3
        assert abs(_log_inverse_share(row, 1)) < 1e-12
        assert all(_share([arb(0, 1e30), arb(0, 1e30)], j).contains(0.3) for j in (0, 1))


@pytest.mark.parametrize("exponent", [30, 60, 150, 300, 900])
@pytest.mark.parametrize("sign", [1, -1])
def test_saturated_units_at_huge_numbers_have_ranks_and_slopes_that_are_0_or_seen(exponent, sign):
    """Inputs of size ``10^±k``: ``1/cosh²`` is a tiny positive ball or one around 0, never ``[0, 1]``."""
    x = str(sign * 10**exponent)
    for hidden in ("tanh", "sigmoid", "erf", "gelu", "softsign", "arctan"):
        d = Draft(
            (1, 1, 1),
            [["0"], [x], [f"1/{10**exponent}"]],
            [["0"], ["1"], ["1"]],
            [layer([["-2/5"]], ["1/10"]), layer([["1"]], ["1"])],
            activation=hidden,
        )
        d.lower("rank-inclusion", "P", 2, 0, (), {"rows": [1, 3], "columns": [0, 1], "precision": 64}, "BALL")
        assert accepted(d)
