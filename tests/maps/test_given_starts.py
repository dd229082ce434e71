"""Maps from starting points of the user: what is reached from each, how far it is, and what is seen where nothing is."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from cases.trained_networks import layers, small_fit

import lossproof as lp
from lossproof.certificates.maps import given_starts
from lossproof.certificates.maps.table import render_map
from lossproof.certificates.proof.verify import verify
from lossproof.numerics.critical import nearby_points
from lossproof.numerics.network.weight_vectors import flat_weights

LINE = ("1-1", [[0], [1]], [[1], [3]])
"""Its global minimum is ``W = 2``, ``b = 1``, exactly."""


def mapped(widths, X, Y, weights, **options):
    found = lp.find_critical_points(widths, X, Y, weights=weights, **{"starts": 0, "workers": 1, "self_check": False, **options})
    result = verify(found.certificate.text)
    assert result.ok, result.failures
    assert len(found.given) == len(weights)
    for start in found.given:
        assert str(start) in found.report.notes
        assert re.sub(r"\s+", " ", str(start)) in re.sub(r"\s+", " ", render_map(found))
        if start.point is not None:
            assert start.number in next(point for point in found if point.point == start.point).given
    return found


def swapped(w):
    """The same network with the first two of its three hidden units exchanged."""
    V = w.copy()
    V[0:2], V[2:4], V[6], V[7] = w[2:4], w[0:2], w[7], w[6]
    return V


@pytest.fixture(scope="module")
def near_a_minimum():
    problem, w = small_fit()
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=len(w))
    starts = [w + 1e-8 * signs, w + 1e-5 * signs, w + 1e-3 * signs, w.astype(np.float32).astype(float), swapped(w)]
    options = {"activation": problem.architecture.activation}
    given = [layers(problem, start) for start in starts]
    return problem, starts, mapped(problem.architecture.widths, problem.samples.X, problem.samples.Y, given, **options)


def test_starts_near_one_minimum_lead_to_one_point(near_a_minimum):
    problem, starts, found = near_a_minimum
    (point,) = found
    assert (point.kind, point.hits, point.given) == ("strict-minimum", 0, (0, 1, 2, 3, 4))
    assert (found.starts, found.strays, found.unproved) == (0, 0, 0)
    minimum = flat_weights(problem, point.weights)
    for start, flat in zip(found.given[:4], starts, strict=False):
        true = np.linalg.norm(flat - minimum)
        assert true <= start.distance <= 1.001 * true + 1e-12
        assert start.claim.facts["distance"] == start.distance
        assert not start.is_copy
        assert found.report.place_text(start.claim.place).endswith(f"near point {point.point}")


def test_a_copy_is_told_as_one_with_its_own_distance(near_a_minimum):
    _, _, found = near_a_minimum
    copy = found.given[4]
    assert copy.is_copy
    assert copy.distance < 1e-6
    assert f"a copy of point {copy.point}, at most" in str(copy)


def test_a_descent_leads_to_a_minimum_where_steps_like_newtons_run_off():
    problem, w = small_fit()
    w[2:4] = 0, 3
    options = {"activation": problem.architecture.activation}
    found = mapped(problem.architecture.widths, problem.samples.X, problem.samples.Y, [layers(problem, w)], **options)
    assert [point.kind for point in found] == ["strict-minimum"]
    start = found.given[0]
    assert 1 < start.distance < 10
    assert start.claim.facts["distance"] == start.distance


NOWHERE = {
    "one sample for each class": (("1-1", [[-1], [1]], [[0], [1]]), {"output_activation": "sigmoid", "bias": "none"}, [([[1.0]], None)]),
    "separable classes": (
        ("1-2-2", [[1], [2], [3]], [[0, 1], [1, 0], [0, 1]]),
        {"error": "softmax"},
        [([[0.5, 1.5]], [1.5, 0]), ([[1, 0.2], [-1, 0.3]], [0.5, 0.1])],
    ),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_what_was_seen_where_nothing_is_reached(name):
    problem, options, weights = NOWHERE[name]
    found = mapped(*problem, [weights], **options)
    assert len(found) == found.unproved == 0
    (start,) = found.given
    assert (start.point, start.distance, start.claim) == (None, None, None)
    assert "no critical point was reached. These very weights are no critical point." in str(start)
    assert "Steps like Newton's from them run off." in start.seen or "no critical point is proved there: in doubles" in start.seen
    assert start.seen.endswith("A descent of the loss from them leads to no critical point that is proved, either.")


def test_no_descent_is_told_where_none_was_made(monkeypatch):
    problem, options, weights = NOWHERE["separable classes"]
    monkeypatch.setattr(nearby_points, "_MOST_FLOPS", 0)
    assert "descent" not in mapped(*problem, [weights], **options).given[0].seen


def test_exact_points_stand_for_those_found_near_them():
    exact, off = [([[2]], [1])], [([[2]], [Fraction(1, 3)])]
    for weights, here in (([exact, off], 0), ([off, exact], 1)):
        found = mapped(*LINE, weights)
        assert [(point.kind, point.radius, point.given) for point in found] == [("global", 0, (0, 1))]
        assert found.given[here].distance == 0
        assert str(found.given[here]) == f"Given weights {here} are point 0 itself."
        assert found.given[1 - here].distance == pytest.approx(2 / 3, rel=1e-5)


def test_a_far_point_is_reached_and_its_distance_says_so():
    found = mapped("1-1", [[0], [1], [2]], [[0], [1], [4]], [[([[1000]], [-1000])]])
    assert [point.kind for point in found] == ["global"]
    assert found.given[0].distance > 1000


def test_points_of_the_search_are_counted_at_those_given():
    found = mapped(*LINE, [[([[2]], [1])]], starts=4)
    assert [(point.given, point.hits) for point in found] == [((0,), 4)]
    assert "4 starts and 1 given weights led to 1 proved critical point" in str(found)


def test_the_table_has_a_column_of_given_weights():
    text = str(mapped(*LINE, [[([[2]], [1])]]))
    heading, row = next(
        (head, lines) for head, _, lines in zip(*(text.splitlines()[k:] for k in range(3)), strict=False) if "rank P" in head
    )
    assert heading.split()[-2:] == ["hits", "given"]
    assert row.split()[-2:] == ["0", "0"]
    assert "1 given weights led to 1 proved critical point." in text
    assert "given" not in str(lp.find_critical_points(*LINE, starts=2, workers=1))


def test_merged_units_are_found_from_weights_near_them():
    """The saddle of copies of one unit has a singular Hessian, so that steps like Newton's alone prove nothing there."""
    X, Y = [[-2], [-1], [0], [1], [2]], [["-7/8"], ["-3/4"], ["1/8"], ["3/4"], ["7/8"]]
    narrow = lp.find_critical_points("1-1-1", X, Y, starts=8, workers=1)
    minimum = next(point for point in narrow if point.kind == "strict-minimum").weights
    (w,), (b,), ((v,),), (c,) = minimum.layers[0].W, minimum.layers[0].b, minimum.layers[1].W, minimum.layers[1].b
    two = [([[w[0], w[0]]], [b, b]), ([[v / 3], [2 * v / 3]], [c])]
    found = mapped("1-2-1", X, Y, [[([[float(x) + 1e-9 for x in row] for row in W], list(map(float, b))) for W, b in two]])
    assert len(found) == 1
    assert found[0].claim.premises[0].facts["dimension"] == 1
    assert 0 < found.given[0].distance < 1e-6


def test_a_minimum_on_kinks_is_reached():
    found = mapped("1-1-1", [[-1], [0], [1]], [[0], [0], [1]], [[([[1]], [0]), ([[1]], [0])]], activation="relu")
    assert [point.kind for point in found] == ["global"]
    assert found.given[0].distance == 0


def test_fixed_biases_come_from_the_weights():
    weights = [([[2.0]], [1])]
    found = mapped(*LINE, [weights], bias="fixed")
    assert found.report.problem.fixed_bias == ((1,),)
    with pytest.raises(lp.InputError, match=r"weights\[1\] must have the fixed biases of weights\[0\]"):
        lp.find_critical_points(*LINE, weights=[weights, [([[2.0]], [2])]], bias="fixed")


def test_numbers_beyond_doubles_end_honestly():
    found = mapped(*LINE, [[([["1e400"]], [1])]])
    assert len(found) in (0, 1)
    assert len(found) == 1 or "range of doubles" in found.given[0].seen


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ([], "one starting point or more, got an empty list"),
        (3, "weights must be a list of one starting point or more, got 3"),
        ([([[2]], [1])], r"weights\[0\], a starting point in the list weights: "),
        ([[([[2]], [1])], [([[2, 3]], [1])]], r"weights\[1\], .*W_1 must have shape \(1, 1\)"),
        ([[([[float("nan")]], [1])]], r"weights\[0\], .*W_1\[0\]"),
        ([[([[2]], None)]], r"weights\[0\], .*b_1 must be given"),
        ([[]], r"weights\[0\], .*got 0 entries"),
        ([None], r"weights\[0\]"),
    ],
)
def test_bad_starting_points_are_named(weights, told):
    with pytest.raises(lp.InputError, match=told) as caught:
        lp.find_critical_points(*LINE, weights=weights, starts=0)
    assert "\n" not in str(caught.value)


def test_no_starts_need_weights():
    with pytest.raises(lp.InputError, match="starts must be a whole number from 1"):
        lp.find_critical_points(*LINE, starts=0)


def test_an_interrupt_leaves_the_rest_untried(monkeypatch):
    real, calls = given_starts.reach_critical_point, []

    def interrupted(*args):
        if calls:
            raise KeyboardInterrupt
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(given_starts, "reach_critical_point", interrupted)
    found = mapped(*LINE, [[([[2]], [1])], [([[2]], [1.5])]])
    assert found.interrupted
    assert [start.point for start in found.given] == [0, None]
    assert "interrupted" in found.given[1].seen


def test_a_point_that_the_checker_refuses_is_left_out(monkeypatch):
    """A distance whose evidence is altered is refused, and the map says no distance."""
    real = given_starts.claim_distance

    def altered(*args):
        claim = real(*args)
        return None if claim is None else type(claim)(**{**vars(claim), "facts": {**claim.facts, "distance": Fraction(1, 10**9)}})

    monkeypatch.setattr(given_starts, "claim_distance", altered)
    found = lp.find_critical_points(*LINE, weights=[[([[2]], [Fraction(1, 3)])]], starts=0, workers=1)
    assert found.report.self_check.refused
    assert (found.given[0].point, found.given[0].distance) == (0, None)
    assert "no distance is proved" in str(found.given[0])
    assert lp.verify(found.certificate.text).ok
