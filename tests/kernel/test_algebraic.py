"""Critical points of networks of powers by elimination: hostile problems, and lists that lack some. SymPy counts in `tests/benchmarks`."""

from __future__ import annotations

import copy
from fractions import Fraction

import pytest
from cases.kernel_cases_complete import listed_powers
from cases.kernel_draft import Draft, layer
from flint import fmpq

from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.algebraic import critical_cells, require_all_listed
from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Point, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.numerics.complete.elimination import critical_points
from lossproof.theory import limits
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples


def cells(widths, X, Y, **options):
    """The cells of the kernel."""
    rows, targets = ([[str(Fraction(x)) for x in row] for row in table] for table in (X, Y))
    return critical_cells(Work(), read_problem(Draft(widths, rows, targets, **options).document["problem"]), {}, None)


def searched(widths, X, Y, **options):
    """What the search finds."""
    a = Architecture.of(widths, **options)
    return critical_points(Problem(a, error_named("squared"), Samples.of(X, Y)))


@pytest.mark.parametrize(
    ("widths", "X", "Y", "options", "count"),
    [
        ((1, 1), [[1], [1]], [[1], [-1]], {"output_activation": "power:2", "bias": "none"}, 1),  # 0, three times
        ((1, 1), [[1]], [["1/1" + "0" * 40]], {"output_activation": "power:2", "bias": "none"}, 3),  # ±1e-20 and 0
        ((1, 1), [["1/1" + "0" * 30]], [[1]], {"output_activation": "power:2", "bias": "none"}, 3),  # ±1e30 and 0
        ((2, 1), [[1, 0], [0, 2], [0, -1]], [[1], [3], [2]], {"output_activation": "power:2", "bias": "none"}, 9),  # a sum of two functions
        ((1, 1), [[1], [2]], [[1], [3]], {"output_activation": "identity"}, 1),
        (
            (3, 1),
            [[1, 1, 1], [2, 3, 1], [0, -1, 2], [2, 1, -2]],
            [[1], [3], [2], [5]],
            {"output_activation": "identity", "bias": "none"},
            1,
        ),
    ],
)
def test_hostile_ones_are_told_apart(widths, X, Y, options, count):
    assert len(cells(widths, X, Y, **options)) == count
    points = searched(widths, X, Y, **options).points
    power = options["output_activation"]
    assert len(points) == ((count + 1) // 2 if power == "power:2" else count)


@pytest.mark.parametrize(
    ("widths", "X", "options"),
    [
        ((1, 1, 1), [[1], [2]], {"activation": "identity", "bias": "none"}),  # v w counts alone
        ((1, 1, 1), [[1], [2]], {"activation": "power:2", "bias": "none"}),
        ((2, 1), [[1, 1], [2, 2]], {"output_activation": "power:2", "bias": "none"}),  # only w_1 + w_2 counts
        ((2, 1), [[1, 0], [2, 0]], {"output_activation": "power:3", "bias": "none"}),  # w_2 is free
        ((1, 1), [[0], [0]], {"output_activation": "power:2", "bias": "none"}),  # J is constant
    ],
)
def test_a_continuum_is_refused(widths, X, options):
    with pytest.raises(Rejected, match="continuum"):
        cells(widths, X, [[1], [3]], **options)
    assert len(widths) > 2 or "continuum" in searched(widths, X, [[1], [3]], **options).ended


@pytest.mark.parametrize(
    ("limit", "most", "words"),
    [
        ("MAX_ALGEBRAIC_WEIGHTS", 1, "number of weights"),
        ("MAX_ELIMINANT", 8, "degree of an eliminant"),
        ("MAX_ALGEBRAIC_BITS", 1, "length of the coefficients"),
        ("MAX_CELLS", 8, "number of cells"),
    ],
)
def test_limits_are_kept(monkeypatch, limit, most, words):
    monkeypatch.setattr(limits, limit, most)
    with pytest.raises(Rejected, match=words) as refused:
        cells((1, 1), [[1], [2], [-1]], [[1], [3], [2]], output_activation="power:2")
    assert refused.value.code == "limit"


def altered(change):
    """Check the list of `listed_powers` with its step changed."""
    document = copy.deepcopy(listed_powers())
    change(document["steps"][-2])
    document["steps"].pop()
    return [(failure.place.partition(".")[2], failure.code) for failure in check_certificate(Draft.of(document).finish()).failures]


def test_a_list_that_lacks_a_point_is_refused():
    d = Draft.of(listed_powers(["2"]))
    assert [(failure.place, failure.message) for failure in check_certificate(d.finish()).failures] == [
        ("steps[1].premises", "there may be 3 critical points, and 2 are listed")
    ]


def test_a_wide_box_may_hold_either_of_two_points():
    """A witness within 3 of 1 is 2, 0 or −2."""
    d = Draft((1, 1), [["1"], ["2"]], [["4"], ["16"]], [layer([["1"]], ["0"])], output_activation="power:2", bias="none")
    problem = read_problem(d.document["problem"])
    with pytest.raises(Rejected, match="not told from other solutions"):
        require_all_listed(Work(), problem, [Box(Point(((((fmpq(1),),), (fmpq(0),)),)), fmpq(3))], [None])
