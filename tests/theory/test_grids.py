"""Grids of architectures and lists of numbers as users write them."""

from __future__ import annotations

import pytest

from lossproof.certificates.sweeps.grid import SweepGrid
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.grids import parse_numbers, parse_width_grid


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2-{1..3}-1", [(2, 1, 1), (2, 2, 1), (2, 3, 1)]),
        ("{2,3}-{1..3..2}-1", [(2, 1, 1), (2, 3, 1), (3, 1, 1), (3, 3, 1)]),
        ("2-2-1, 2-{2,4}-1", [(2, 2, 1), (2, 4, 1)]),
        ((2, 3, 1), [(2, 3, 1)]),
        ((2, range(1, 3), 1), [(2, 1, 1), (2, 2, 1)]),
        ([(2, 3, 1), "2-1", (1, [2, 3], 1)], [(2, 3, 1), (2, 1), (1, 2, 1), (1, 3, 1)]),
    ],
)
def test_width_grids(given, expected):
    assert list(parse_width_grid(given)) == expected


@pytest.mark.parametrize(
    "given", ["", "2", "2--1", "2-{}-1", "2-{1..3", "2-{3..1}-1", "2-{0..2}-1", "a-1", [], (2,), "{1..2000}-{1..2000}-1", "2-1.5-1"]
)
def test_bad_width_grids(given):
    with pytest.raises(InputError, match=r"widths .* got "):
        parse_width_grid(given)


@pytest.mark.parametrize(
    ("given", "expected"), [("1..4", (1, 2, 3, 4)), ("5,1..9..4", (1, 5, 9)), (7, (7,)), ([3, 1, 3], (1, 3)), (range(2), (0, 1))]
)
def test_numbers(given, expected):
    assert parse_numbers(given, "seeds", 0) == expected


@pytest.mark.parametrize("given", ["", "1..", "4..1", "x", "1..9..0", [], [0], [1.5], True, "0..3", "1..999999999"])
def test_bad_numbers(given):
    with pytest.raises(InputError, match=r"samples .* got "):
        parse_numbers(given, "samples")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": "1..2001"}, "at most 2000"),
        ({"widths": "2-{1..1000}-1", "samples": "1..2000"}, "at most 1000000 cells, got 2000000"),
        ({"widths": "2-3-9", "samples": "600"}, "at most 5000 columns"),
        ({"widths": "100-500-10", "samples": "100"}, "5000000 entries"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"activation": []}, "at least one activation"),
        ({"bias": "fixed"}, "'trainable' or 'none'"),
        ({"bias": "on"}, "bias must be one of"),
        ({"seeds": "-1"}, "seeds"),
    ],
    ids=str,
)
def test_grids_that_are_refused(change, message):
    given = {"widths": "2-{1..3}-1", "samples": "1..5", "activation": "tanh", "seeds": 0, "bias": "trainable", **change}
    with pytest.raises(InputError, match=message):
        SweepGrid.of(**given)


def test_tasks_hold_every_group_once_whatever_runs_them():
    grid = SweepGrid.of("2-{1..30}-1", "1..50", "tanh,gelu", "0..2", "none")
    tasks = grid.tasks()
    assert len(tasks) > 10
    assert [group for task in tasks for group in task] == grid.groups()
    assert sum(len(group.samples) for group in grid.groups()) == grid.cells == 30 * 50 * 2 * 3


def test_choices_with_one_a_layer_are_choices_of_their_axis():
    given = {"samples": "3", "seeds": 0}
    grid = SweepGrid.of("2-3-2-1", activation=["tanh", ["relu", " tanh"], "tanh+tanh"], bias="none,trainable + none+none", **given)
    assert (grid.activations, grid.biases) == (("tanh", "relu+tanh"), ("none", "trainable+none+none"))
    assert (grid.cells, len(grid.groups())) == (4, 4)
    a = grid.groups()[-1].architecture
    assert (a.hidden_names, a.biases) == (["relu", "tanh"], ("trainable", "none", "none"))
    assert SweepGrid.of("2-3-2-1", activation="tanh, relu+tanh", bias=("none", ["trainable", "none", "none"]), **given) == grid


@pytest.mark.parametrize(
    ("widths", "change", "message"),
    [
        ("2-3-1", {"activation": "tanh+relu"}, r"tanh\+relu for 2-3-1, which wants 1: sweep over architectures of one depth"),
        ("2-3-3-1,2-3-1", {"bias": "none+none+trainable"}, "for 2-3-1, which wants 2"),
        ("2-3-3-1", {"activation": "tanh+tahn"}, "did you mean 'tanh'"),
        ("2-3-3-1", {"bias": ["trainable", ["none", "fixed", "none"]]}, "must be 'trainable' or 'none'"),
        ("2-3-3-1", {"bias": "none+no+none"}, "bias must be one of"),
        ("2-3-3-1", {"activation": [["tanh", 5]]}, "a list with one a layer, got"),
        ("2-3-3-1", {"activation": [[]]}, "a list with one a layer, got"),
        ("2-3-3-1", {"activation": 5}, "a list with one a layer, got 5"),
        ("2-3-3-1", {"bias": []}, "at least one bias mode"),
        ("2-3-3-1", {"activation": "tanh++relu"}, "unknown activation|for 2-3-3-1, which wants 2"),
    ],
    ids=str,
)
def test_choices_that_are_refused(widths, change, message):
    with pytest.raises(InputError, match=message):
        SweepGrid.of(widths, "1..5", **{"activation": "tanh", "seeds": 0, "bias": "trainable", **change})
