"""Lists by exact algebra under attack: planted double roots, numbers far apart, points beside others, and units that are all but idle."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_draft import Draft, layer

import lossproof as lp
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.algebraic import idle_are_global
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.reading.work import Work

SQUARE = {"output_activation": "power:2", "bias": "none"}


def listed(widths, X, Y, **options):
    """A map that exact algebra was asked for, checked again."""
    found = lp.find_critical_points(widths, X, Y, complete=True, **options)
    assert lp.verify(found.certificate).ok
    return found


def with_decay(y, rate):
    """A neuron ``w²`` with the target y: ``2w³ − (2y − λ) w`` is 0."""
    return listed("1-1", [[1]], [[y]], weight_decay=rate, **SQUARE)


@pytest.mark.parametrize("gap", ["0", "1/1000", "-1/1000", "1/1" + "0" * 30, "-1/1" + "0" * 30])
def test_three_points_that_part_are_never_one(gap):
    """At ``gap = 0`` three real zeros meet: a triple one, which is a minimum all the same. Above it there are three, however near."""
    found = with_decay(Fraction(1, 8) + Fraction(gap), "1/4")
    if Fraction(gap) > 0:
        assert not found.is_complete or len(found) == 2  # two of them are images of each other
    if found.is_complete and Fraction(gap) <= 0:
        assert len(found) == 1
    if abs(Fraction(gap)) == Fraction(1, 1000):
        assert found.is_complete


@pytest.mark.parametrize("seed", range(6))
def test_planted_double_roots_are_proved_where_rational_or_leave_the_list_open(seed):
    """With ``A = x⁶`` and ``B = x³y`` the derivative is ``w(3A w⁴ − 3B w + λ)``, which has a double zero at w where ``B = 4A w³`` and ``λ = 9A w⁴``."""
    rng = np.random.default_rng(seed)
    x, w = (Fraction(int(rng.integers(1, 5)), int(rng.integers(1, 4))) for _ in range(2))
    A = x**6
    B, rate = 4 * A * w**3, 9 * A * w**4
    found = listed("1-1", [[x]], [[B / x**3]], output_activation="power:3", bias="none", weight_decay=rate)
    near = [point for point in found if abs(float(point.weights.layers[0].W[0][0]) - float(w)) < 1e-3]
    assert len(near) == 1 or not found.is_complete
    if found.is_complete:
        assert near[0].radius == 0  # exactly there, or it would be two
        assert len(found) == 2
    assert all(point.kind != "strict-minimum" for point in near)


@pytest.mark.parametrize("scale", ["1/1" + "0" * 12, "1" + "0" * 12])
def test_numbers_far_from_one_are_listed(scale):
    """Inputs scaled by s scale the weights by 1/s: the list is the same."""
    X, Y = [[1, 1, 0], [2, 3, 1], [0, -1, 2], [2, 1, -1], [1, -1, 1]], [[1], [3], [2], [5], [1]]
    plain = listed("3-1", X, Y, **SQUARE)
    assert plain.is_complete
    far = listed("3-1", [[Fraction(scale) * x for x in row] for row in X], Y, **SQUARE)
    assert far.is_complete
    assert len(far) == len(plain)
    assert "27 complex zeros" in far.complete.reason


def test_systems_with_zeros_at_infinity_are_left_open():
    """Samples on two of three axes: along the third nothing changes."""
    found = listed("4-1", [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 0]], [[1], [2], [3], [4]], **SQUARE)
    assert (found.complete.verdict, found.complete.facts) == ("UNDECIDED", {})


@pytest.mark.parametrize(
    ("X", "Y", "options", "wanted"),
    [
        ([[1], [2]], [[0], [0]], {"bias": "none"}, True),  # 0 fits
        ([[1], [2]], [[3], [3]], {"bias": "none"}, False),
        ([[1], [2]], [[3], [3]], {"bias": ["none", "trainable"]}, True),  # as does 3
        ([[1], [-1]], [[1], [-1]], {"bias": "none"}, True),  # an odd target, which squares do not see
        ([[1], [-1]], [[1], [-1]], {"bias": "none", "activation": "power:3"}, False),
        ([[1], [2]], [["1" + "0" * 30], ["-25" + "0" * 28]], {"bias": "none"}, True),  # 1 − 4/4 = 0
        ([[1], [2]], [["1" + "0" * 30], ["-25" + "0" * 27 + "1"]], {"bias": "none"}, False),
        ([[1], [-1], [0]], [[1], [1], [1]], {"bias": "trainable", "decay": [["0", "0"], ["0", "1"]]}, False),  # c is 1/2 with decay
    ],
)
def test_points_with_the_output_weight_0_are_global_only_where_nothing_is_gained(X, Y, options, wanted):
    rows, targets = ([[str(Fraction(x)) for x in row] for row in table] for table in (X, Y))
    problem = read_problem(Draft((1, 1, 1), rows, targets, **{"activation": "power:2", **options}).document["problem"])
    assert idle_are_global(Work(), problem) is wanted


def test_a_list_says_attained_only_where_its_global_minimum_is_on_it():
    """``y = 0``: the points with ``v = 0`` are global, and so the list need not have one."""
    found = listed("1-1-1", [[1], [2]], [[0], [0]], activation="power:2", bias="none")
    assert found.complete.verdict == "UNDECIDED" or not found.complete.facts["attained"]
    odd = listed("1-1-1", [[1], [-1]], [[1], [-1]], activation="power:2", bias="none")
    assert odd.complete.verdict == "UNDECIDED" or not odd.complete.facts["attained"]


def test_a_point_beside_a_critical_one_is_no_point_of_a_list():
    """A step ``stationary`` cannot be had there, so the list has no premise."""
    d = Draft(
        (1, 1, 1),
        [["1"]],
        [["4"]],
        [layer([["2"]], ["0"]), layer([["1000000000001/1000000000000"]], ["0"])],
        activation="power:2",
        bias="none",
    )
    d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 0}, (), {"fixed": []})
    assert not check_certificate(d.finish()).ok
