"""All zeros of a system by their number: twins by resultants, systems with fewer zeros or multiple ones, and lists that are wrong."""

from __future__ import annotations

import copy
from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_cases_complete import GRID, listed_outputs, listed_scaled, listed_zeros
from cases.kernel_draft import Draft
from flint import Ordering, fmpq, fmpq_mpoly_ctx

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.algebraic import real_zeros
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits

PLANE = fmpq_mpoly_ctx.get(["x", "y"], Ordering.lex)
X, Y = PLANE.gens()


def zeros(system, *rows):
    """The boxes of a system in the plane."""
    with ball_precision(128):
        return real_zeros(Work(), system, [0, 1], [[fmpq(*Fraction(x).as_integer_ratio()) for x in row] for row in rows], 128)


def test_real_and_complex_zeros_are_told_apart():
    """``x² = −1`` has no real solution, ``x² = 4`` has two."""
    assert zeros([X**2 + 1, Y - X], ["1/8", 0, 1, 0, 1], ["1/8", 0, -1, 0, -1]) == []
    found = zeros([X**2 - 4, Y - X], ["1/8", 2, 0, 2, 0], ["1/8", -2, 0, -2, 0])
    assert [[round(float(w.mid())) for w in box] for box in found] == [[2, 2], [-2, -2]]


@pytest.mark.parametrize(
    ("system", "rows", "words"),
    [
        ([X**2, Y], [["1/8", 0, 0, 0, 0]] * 2, "mapped into itself"),  # 0 twice
        ([X**2, Y], [["1/8", 0, 0, 0, 0], ["1/8", 1, 0, 0, 0]], "mapped into itself"),
        (
            [X * Y - 1, Y],
            [["1/8", 0, 0, 0, 0], ["1/8", 1, 0, 1, 0]],
            "mapped into itself",
        ),  # no zero at all: both are at infinity
        ([X * Y, X * Y], [["1/8", k, 0, 0, 0] for k in range(4)], "mapped into itself"),  # a continuum
        ([X**2 - 4, Y], [["1/8", 2, 0, 0, 0]] * 2, "same zero"),
        ([X**2 - 4, Y], [["1/8", 2, 0, 0, 0], ["1/4", "33/16", 0, 0, 0]], "same zero"),
        ([X**2 - 4, Y], [["1/8", 2, 0, 0, 0]], "2 zeros are all"),
        ([X**2 - 4, Y], [["1/8", 2, 0, 0, 0], ["1/8", -2, 0, 0, 0], ["1/8", 0, 0, 0, 0]], "2 zeros are all"),
        ([X**2 - 4, Y], [["1/8", 2, 0, 0, 0], ["0", -2, 0, 0, 0]], "positive radius"),
        ([X**2 - 4, Y], [["1/8", 2, 0, 0, 0], ["1/8", -2, 0, 0]], "positive radius"),
        ([X**2 - 4, Y], [["1/8", 2, 0, 0, 0], ["1/8", -3, 0, 0, 0]], "mapped into itself"),
        ([X**2 - 4, Y], [["1/8", 2, 0, 0, 0], ["5", -2, 0, 0, 0]], "mapped into itself"),
        ([X - X + 3, Y], [], "constant"),
        ([X - X, Y], [], "constant"),
    ],
)
def test_lists_that_are_wrong_are_refused(system, rows, words):
    with pytest.raises(Rejected, match=words):
        zeros(system, *rows)


def test_nearly_multiple_zeros_need_narrow_boxes():
    near = Fraction(1, 2**40)
    system, rows = [X**2 - fmpq(1, 2**80), Y], [[0, near, 0, 0, 0], [0, -near, 0, 0, 0]]
    with pytest.raises(Rejected):
        zeros(system, *([Fraction(1, 8), *row[1:]] for row in rows))
    assert len(zeros(system, *([near / 8, *row[1:]] for row in rows))) == 2


def test_the_number_of_zeros_is_limited(monkeypatch):
    monkeypatch.setattr(limits, "MAX_ZEROS", 1)
    with pytest.raises(Rejected, match="number of zeros"):
        zeros([X**2 - 4, Y], ["1/8", 2, 0, 0, 0], ["1/8", -2, 0, 0, 0])


def messages(document):
    """What the check of a list says where it fails."""
    return [failure.message for failure in check_certificate(document).failures]


def without_claims(document, change):
    """A list without what follows from it, its step changed."""
    found = copy.deepcopy(document)
    found["steps"] = [
        step for step in found["steps"] if step["rule"] != "implication" or step["conclusion"]["statement"] != "no-bad-local-minima"
    ]
    change(found["steps"][-1])
    return Draft.of(found).finish()


def test_lists_that_lack_a_point_or_a_zero_are_refused():
    assert messages(listed_zeros()) == []
    assert (
        "there may be 9 critical points, and 7 are listed"
        in messages(listed_zeros(points=(("2", "3"), ("2", "0"), ("0", "3"), ("0", "0"))))[0]
    )
    assert "9 zeros are all that there may be" in messages(listed_zeros(GRID[:-1]))[0]
    assert "same zero" in messages(listed_zeros([*GRID[:-1], GRID[0]]))[0]
    assert messages(listed_scaled((("2", "1"), ("0", "1")))) == ["there may be 4 critical points, and 3 are listed"]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ((("2", "1"), ("0", "1"), ("0", "0")), "output weight of a listed point may be 0"),
        ((("2", "1"), ("0", "1"), ("0", "2")), "there may be 4 critical points, and 3 are listed"),  # the same up to scale
        ((("1", "4"), ("0", "7"), ("0", "-1/9")), None),  # others of the same orbits
        ((("-1", "4"), ("0", "7"), ("0", "-1/9")), None),
    ],
)
def test_points_count_up_to_scale(points, words):
    found = messages(listed_scaled(points))
    assert found == [] if words is None else words in found[0]


@pytest.mark.parametrize("weights", [("0", "0", "1"), ("0", "1", "0"), ("0", "0", "0")])
def test_a_linear_network_that_passes_nothing_on_stands_for_no_other(weights):
    document = without_claims(listed_outputs(weights), lambda step: None)
    assert any("may give the product 0" in message or "not seen" in message or "gradient" in message for message in messages(document))


@pytest.mark.parametrize(
    ("case", "change"),
    [
        (listed_scaled, {"zeros": [None]}),
        (listed_scaled, {"zeros": [None, None, None]}),
        (listed_zeros, {"zeros": []}),
        (listed_outputs, {"zeros": [None]}),
        (listed_outputs, {"points": 0}),
    ],
)
def test_a_list_for_each_value_of_v(case, change):
    assert messages(without_claims(case(), lambda step: step["evidence"].update(change)))


def test_up_to_what_a_list_is_meant_is_derived():
    for word in ("signs", "scale", "outputs"):
        for case, right in ((listed_zeros, "signs"), (listed_scaled, "scale"), (listed_outputs, "outputs")):
            document = without_claims(case(), lambda step, word=word: step["conclusion"]["facts"].update(up_to=word))
            assert (messages(document) == []) == (word == right)


def test_random_grids_are_all_real():
    rng = np.random.default_rng(0)
    for _ in range(10):
        a, b = (sorted({Fraction(int(x), 8) for x in rng.integers(-40, 40, 3)}) for _ in range(2))
        p, q = X - X + 1, X - X + 1
        for x in a:
            p *= X - fmpq(x.numerator, x.denominator)
        for y in b:
            q *= Y - fmpq(y.numerator, y.denominator)
        assert len(zeros([p, q], *([Fraction(1, 4096), x, 0, y, 0] for x in a for y in b))) == len(a) * len(b)
