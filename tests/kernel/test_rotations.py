"""Rotations of copied units with weight decay: what may be held, and all that a pair must not be, one thing wrong at a time."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from cases.kernel_cases_critical import boxed
from cases.kernel_cases_curvature import in_a_ball
from cases.kernel_cases_rotations import COPIES, HELD, RATES, copies
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome

from lossproof.certificates.kernel.check import check_certificate

FIRST = ("evidence", "evidence.fixed[0]")
WEIGHT, PARTNER, ALL = ("evidence", "evidence.fixed[0][0]"), ("evidence", "evidence.fixed[0][1]"), ("evidence", "evidence.fixed")


def held(d, *fixed, rule=boxed):
    rule(d, fixed=list(fixed))
    return d


def test_any_weight_into_either_unit_may_be_held():
    for n, j in ((0, 1), (1, 1), (2, 0), (3, 0)):
        assert accepted(held(copies(), [n, j]))
        assert accepted(held(copies(), [n, j], rule=in_a_ball))


@pytest.mark.parametrize("rule", [boxed, in_a_ball])
@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        ([[4, 0]], WEIGHT), ([[2, 1]], FIRST), ([[2, 2]], PARTNER), ([[2, 0], [3, 0]], ALL), ([[2, 0], [2, 0]], ("evidence", "evidence.fixed[1][0]")),
        ([[3, 0], [2, 0]], ("evidence", "evidence.fixed[1][0]")), ([2], ALL), ([[2, 0], 6], ALL), ([6, [2, 0]], ("schema", "evidence.fixed[1]")),
        ([[2]], ("schema", "evidence.fixed[0]")), ([[2, 0, 0]], ("schema", "evidence.fixed[0]")), ([[2, "0"]], ("schema", "evidence.fixed[0][1]")),
    ],
)  # fmt: skip
def test_what_is_no_pair_is_refused(fixed, expected, rule):
    assert outcome(held(copies(), *fixed, rule=rule)) == expected


def test_a_field_that_vanishes_at_the_weight_held_shows_nothing():
    """With ``w = 0`` of the other unit the rotation does not move the weight held."""
    point = [layer([["0", "4/5"]], ["6/5", "4/5"]), layer([["6/5"], ["8/5"]], ["1"])]
    assert outcome(held(copies(point), HELD)) == ALL
    near = [layer([["1/1099511627776", "4/5"]], ["6/5", "4/5"]), layer([["6/5"], ["8/5"]], ["1"])]
    assert outcome(held(copies(near), HELD)) == ALL


@pytest.mark.parametrize("units", [(["3/5", "-4/5"], ["3/5", "-4/5"]), (["3/5", "-4/5"], ["3/5", "4/5"])])
def test_units_on_other_sides_or_on_a_kink_are_no_pair(units):
    for activation in ("relu", "leaky-relu:1/2"):
        assert outcome(held(copies([layer([units[0]], units[1]), COPIES[1]], activation), HELD)) == FIRST


def test_a_kink_within_the_box_is_seen():
    """z is 2^-40 at the second unit, and its weights may change by so much each."""
    point = [layer([["3/5", "1/2199023255552"]], ["3/5", "1/2199023255552"]), COPIES[1]]
    assert outcome(held(copies(point), HELD)) == FIRST


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"bias": ["fixed", "trainable"], "fixed_bias": [["3/5", "4/5"], None], "decay": [["2", "0"], ["1", "1"]]}, FIRST),
        ({"activation": "hard-tanh"}, FIRST),
        ({"activation": "tanh"}, FIRST),
        ({"activation": "power:2"}, FIRST),
        ({"activation": "elu"}, FIRST),
    ],
)
def test_units_that_may_not_be_rotated(options, expected):
    fixed = [1, 0] if "bias" in options else HELD
    assert outcome(held(copies(**options), fixed)) == expected


def test_without_decay_there_are_no_pairs():
    d = copies()
    del d.document["problem"]["decay"]
    assert outcome(held(d, HELD))[0] in ("schema", "evidence")


def test_a_rate_that_is_another_makes_the_point_no_critical_one():
    for l, kind in product(range(2), range(2)):
        rates = [list(pair) for pair in RATES]
        rates[l][kind] = str(Fraction(rates[l][kind]) + Fraction(1, 1000))
        assert outcome(held(copies(decay=rates), HELD))[0] == "evidence"


def test_a_copy_with_one_sign_turned_is_not_critical():
    wrong = [COPIES[0], layer([["6/5"], ["-8/5"]], ["1"])]
    assert outcome(held(copies(wrong), HELD))[0] == "evidence"


def planted(seed, n_1):
    """Copies ``c_k (w, b, v)`` of one relu unit with ``Σ c_k² = 1``, and a target at one sample at which they are critical, by Fractions."""
    rng = np.random.default_rng(seed)
    t = [Fraction(int(k), 8) for k in rng.integers(1, 3, size=n_1 - 1)]
    whole = 1 + sum(x * x for x in t)
    factors = [(2 - whole) / whole, *(2 * x / whole for x in t)]
    lam, beta, mu, x = (Fraction(int(k), 2) for k in rng.integers(1, 6, size=4))
    v, gain = Fraction(int(rng.integers(1, 4))), Fraction(int(rng.integers(1, 4)))
    w, b = gain * v * x / lam, gain * v / beta
    kappa, c = gain * (w * x + b) / v, gain / mu
    y = v * (w * x + b) + c + gain
    weights = [layer([[str(q * w) for q in factors]], [str(q * b) for q in factors]), layer([[str(q * v)] for q in factors], [str(c)])]
    return factors, weights, [[str(x)]], [[str(y)]], [[str(lam), str(beta)], [str(kappa), str(mu)]]


@pytest.mark.parametrize("seed", range(6))
def test_planted_copies_of_several_units(seed):
    """The gradient vanishes in Fractions; all other units are rotated with one. One factor changed, or one unit turned over, and the claim is refused."""
    n_1 = 2 + seed % 3
    factors, point, X, Y, rates = planted(seed, n_1)
    assert sum(q * q for q in factors) == 1
    fixed = [[2 * k, 0] for k in range(1, n_1)]

    def claimed(weights, decay=rates, pairs=fixed):
        d = copies(weights, widths=(1, n_1, 1), X=X, Y=Y, decay=decay)
        return d, d.claim(
            "stationary-exact",
            "stationary",
            0,
            {"radius": "0", "dimension": len(pairs)},
            [d.differentiable()],
            {"fixed": pairs},
            "BALL" if pairs else "EXACT",
        )

    assert accepted(claimed(point)[0])
    assert accepted(held(copies(point, widths=(1, n_1, 1), X=X, Y=Y, decay=rates), *fixed))
    fewer = claimed(point, pairs=fixed[:-1])[0]
    assert accepted(fewer)
    longer = [point[0], layer([*point[1]["W"][:-1], [str(Fraction(point[1]["W"][-1][0]) * Fraction(1001, 1000))]], point[1]["b"])]
    assert not check_certificate(claimed(longer)[0].finish()).ok
    over = [
        layer([[*point[0]["W"][0][:-1], str(-Fraction(point[0]["W"][0][-1]))]], [*point[0]["b"][:-1], str(-Fraction(point[0]["b"][-1]))]),
        point[1],
    ]
    assert not check_certificate(claimed(over)[0].finish()).ok


def test_two_layers_of_linear_units_turn_by_themselves():
    """``J = (w·(U v) − y)²/2 + …`` for two units in each of two layers, at a diagonal point: one rotation in either layer."""
    point = [layer([["2", "0"]], ["0", "0"]), layer([["2", "0"], ["0", "0"]], ["0", "0"]), layer([["2"], ["0"]], ["0"])]
    d = Draft((1, 2, 2, 1), [["1"]], [["9"]], point, activation="identity", bias="none", decay=[["1", "0"]] * 3)
    evidence = {"fixed": [[1, 0], [4, 0]]}
    d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 2}, (), evidence, "BALL")
    assert outcome(d)[1] == "conclusion.at"
    d = Draft((1, 2, 2, 1), [["1"]], [["10"]], point, activation="identity", bias="none", decay=[["4", "0"]] * 3)
    d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 2}, (), evidence, "BALL")
    assert accepted(d)
