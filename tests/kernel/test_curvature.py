"""The Hessian in doubles, the signs of its eigenvalues and critical balls: against balls, against eigenvalues that are known, and at every limit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.curvature_cases import ACTIVATIONS, NETWORKS, moved, network, planted
from cases.kernel_cases_critical import BOX, STEP_X_TEXT, STEP_Y_TEXT, boxed, exact, step_minimum
from cases.kernel_cases_curvature import in_a_ball, signs
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.eigenvalues import are_apart
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network import curvature, passes
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.theory import limits

RADII = (Fraction(0), Fraction(1, 2**30), Fraction(1, 2**12))


def is_accepted(d):
    return check_certificate(d.finish()).ok


def in_doubles(known, point, radius, factors):
    """``H̃`` and the radii of its rows, as the rule encloses ``T H`` over the box; None at a kink."""
    box = passes.Box(point, fmpq(radius.numerator, radius.denominator))
    try:
        with ball_precision(80), np.errstate(all="ignore"):
            return curvature._midpoints_and_radii(Work(), known, box, factors)
    except Rejected:
        return None


def in_balls(known, point):
    every = list(range(known.N_net))
    with ball_precision(160):
        return passes.hessian(BallRing(Work(), 160), known, passes.Box(point), every)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("widths", "error"), NETWORKS)
def test_the_hessian_is_enclosed_at_every_weight_of_the_box(widths, error, activation):
    problem, weights = network(widths, activation, error)
    known, seen, g = read_problem(encode_problem(problem)), 0, np.random.default_rng(0)
    (point,) = read_points([encode_point(weights)], known)
    N = known.N_net
    columns = (np.eye(N)[g.integers(N)], np.eye(N)[-1], np.ones(N), (g.random(N) < 0.5) * 1.0)
    for radius in RADII:
        found = [in_doubles(known, point, radius, factors) for factors in columns]
        if found[0] is None:
            assert activation in ("relu", "elu", "softsign")
            continue
        assert all(np.array_equal(H, H.T) for H, _ in found)
        for seed in range(3 if radius else 1):
            (there,) = read_points([encode_point(moved(weights, radius, seed))], known)
            exact = in_balls(known, there)
            with ball_precision(160):
                for (H, radii), factors in zip(found, columns, strict=True):
                    for i in range(N):
                        gap = sum((abs(exact[i, k] - arb(float(H[i, k]))) for k in np.flatnonzero(factors)), arb(0))
                        assert gap <= arb(float(radii[i])) * (1 + arb(2) ** -20), (radius, i)
            seen += 1
        if radius == 0:
            H, radii = found[2]
            assert np.all(radii <= 1e-9 * (1 + np.max(np.abs(H))))
    assert seen


def test_only_trainable_weights_move_and_none_is_left_out():
    """A radius too small for a double still counts; without biases only weights have radii."""
    problem, weights = network("2-3-1", "tanh", "squared", bias="none")
    known = read_problem(encode_problem(problem))
    (point,) = read_points([encode_point(weights)], known)
    for (W, b), least in zip(curvature._weights(Work(), known, passes.Box(point, fmpq(1, 2**3000))), (0, 0), strict=True):
        assert np.all(W.rad > least)
        assert np.all(b.rad == 0)


@pytest.mark.parametrize("concave", [True, False])
@pytest.mark.parametrize("j", range(1, 11))
def test_a_nearly_singular_hessian_never_gets_a_wrong_sign(j, concave):
    for negative in (0, 1, 2):
        d = planted(j, concave)
        signs(d, exact(d), negative, 2 - negative, at=0, radius="0")
        if negative == int(concave):
            assert j > 6 and outcome(d) == ("evidence", "evidence.index") if not is_accepted(d) else j < 9
        else:
            assert not is_accepted(d)


@pytest.mark.parametrize("n", [1, 2, 5, 40])
@pytest.mark.parametrize("gap", [1e-2, 1e-6, 1e-10, 1e-12, 1e-14, 1e-16, 0.0])
def test_the_signs_of_symmetric_matrices_with_planted_eigenvalues(n, gap):
    g = np.random.default_rng(n)
    Q = np.linalg.qr(g.normal(size=(n, n)))[0]
    for negative in range(0, n + 1, max(1, n // 4)):
        values = np.where(np.arange(n) < negative, -1.0, 1.0) * np.geomspace(gap or 1e-300, 1, n)
        M = (Q * values) @ Q.T
        M = np.tril(M) + np.tril(M, -1).T
        least = np.min(np.abs(values))
        for count in range(n + 1):
            assert not are_apart(M, count, 1.001 * least + 1e-14)
            if count != negative:
                assert not are_apart(M, count, 0.0) or gap < 1e-14
        assert are_apart(M, negative, 0.5 * least) or gap < 1e-11


def test_numbers_that_are_not_finite_show_nothing():
    for bad in (np.nan, np.inf):
        with np.errstate(all="ignore"):
            assert not any(are_apart(np.full((3, 3), bad), negative, 0.0) for negative in range(4))
            assert not are_apart(np.eye(3), 0, bad)


def minimum(radius="1/1073741824", shift="0", **options):
    w, b, v, c = step_minimum()
    d = Draft(
        (1, 1, 1),
        STEP_X_TEXT,
        STEP_Y_TEXT,
        [layer([[w]], [b]), layer([[v]], [str(Fraction(float.fromhex(c)) + Fraction(shift))])],
        **options,
    )
    in_a_ball(d, radius)
    return d


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"radius": "1"}, "evidence.radius"),
        ({"radius": f"1/{2**200}"}, "evidence.radius"),
        ({"shift": "1/1024"}, "evidence.radius"),
        ({"radius": f"1/{2**40}", "shift": f"1/{2**30}"}, "evidence.radius"),
        ({"radius": str(10**40)}, "evidence"),
        ({"activation": "softsign"}, "evidence.radius"),
    ],
)
def test_what_is_no_critical_ball_is_rejected(options, place):
    assert accepted(minimum())
    assert accepted(minimum(f"1/{2**45}"))
    assert outcome(minimum(**options)) == ("limit" if place == "evidence" else "evidence", place)


def test_a_kink_in_the_box_is_rejected():
    for activation in ("relu", "elu", "softsign"):
        point = [layer([["1"]], ["-1"]), layer([["1"]], ["0"])]
        d = Draft((1, 1, 1), [["1"], ["2"], ["3"]], [["0"], ["1"], ["2"]], point, activation=activation)
        in_a_ball(d, "1/1024", [0] if activation == "relu" else ())
        assert outcome(d) == ("evidence", "conclusion.at")


def test_an_index_that_is_wrong_by_one_is_impossible():
    for negative in range(5):
        d = minimum()
        signs(d, 1, negative, 4 - negative)
        assert is_accepted(d) == (negative == 0)
    d = minimum()
    signs(d, 1, 0, 3, [0])
    assert outcome(d) == ("premise", "premises[0]")


def test_the_premise_must_have_the_dimension_of_the_fixed_parameters():
    d = planted(1, True)
    signs(d, exact(d), 1, 0, [0], at=0, radius="0")
    assert outcome(d) == ("premise", "premises[0]")
    d = minimum()
    at = boxed(d, "1/1024", at="W*2")
    signs(d, at, 0, 4, at="W*2", radius="1/1024")
    assert accepted(d)
    d.undo()
    signs(d, at, 0, 4, at=BOX)
    assert outcome(d) == ("premise", "premises[0]")


@pytest.mark.parametrize(("name", "value"), [("MAX_HESSIAN_ROWS", 3), ("MAX_GRAM_VALUES", 14)])
def test_limits_of_size_are_kept(monkeypatch, name, value):
    assert accepted(minimum())
    monkeypatch.setattr(limits, name, value)
    assert outcome(minimum())[0] == "limit"
    monkeypatch.setattr(limits, name, value + 1)
    assert accepted(minimum())


def test_the_index_of_a_saddle_is_the_one_it_has_by_construction():
    """Two linear layers 2-2-2 at 0: half of the eigenvalues are negative. No other index is accepted, in either of the two claims."""
    zero = layer([["0", "0"], ["0", "0"]], ["0", "0"])
    for index in range(9):
        d = Draft((2, 2, 2), [["1", "0"], ["0", "2"]], [["3", "0"], ["0", "5"]], [zero, zero], activation="identity", bias="none")
        signs(d, exact(d), index, 8 - index, at=0, radius="0")
        assert is_accepted(d) == (index == 4)
        d.undo()
        in_a_ball(d, negative=index)
        assert is_accepted(d) == (index == 4)
