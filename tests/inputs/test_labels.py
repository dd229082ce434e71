"""Class labels become targets in one way that the report tells, or are refused; numbers that may be targets are never taken for labels."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.certificates.inputs.labels import Labels, label_entries, read_targets
from lossproof.theory.problem.samples import exact_rows

TWO = ["b", "a", "b"]


def pandas_series(values, **options):
    return pytest.importorskip("pandas").Series(values, **options)


def polars_series(values, **options):
    return pytest.importorskip("polars").Series("kind", values, **options)


CONTAINERS = {
    "list": lambda: TWO,
    "rows": lambda: [["b"], ["a"], ["b"]],
    "numpy": lambda: np.array(TWO),
    "numpy column": lambda: np.array(TWO).reshape(-1, 1),
    "numpy objects": lambda: np.array(TWO, dtype=object),
    "labels": lambda: Labels(tuple(TWO)),
    "pandas": lambda: pandas_series(TWO),
    "pandas categories": lambda: pandas_series(TWO, dtype="category"),
    "pandas table": lambda: pandas_series(TWO, name="kind", dtype="category").to_frame(),
    "polars": lambda: polars_series(TWO),
    "polars categories": lambda: polars_series(TWO).cast(pytest.importorskip("polars").Categorical),
    "polars table": lambda: polars_series(TWO).to_frame(),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("error", ["squared", "logistic"])
def test_two_texts_are_0_and_1_for_one_output(name, error):
    rows, notes = read_targets(CONTAINERS[name](), 1, error)
    assert rows == [[1], [0], [1]]
    assert notes == ("Class labels are targets: 'a' is 0, 'b' is 1.",)


@pytest.mark.parametrize("name", CONTAINERS)
def test_texts_are_unit_vectors_for_as_many_outputs(name):
    rows, notes = read_targets(CONTAINERS[name](), 2, "softmax")
    assert rows == [[0, 1], [1, 0], [0, 1]]
    assert notes == ("Class labels are unit vectors as targets: output 1 is 'a', 2 is 'b'.",)


@pytest.mark.parametrize(
    ("Y", "n_outputs", "error", "rows"),
    [
        ([0, 2, 1], 3, "softmax", [[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
        (np.array([0, 2, 2]), 3, "softmax", [[1, 0, 0], [0, 0, 1], [0, 0, 1]]),
        ([1, 2, 3], 3, "cross-entropy", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ([2.0, 1.0, 10.0], 3, "logistic", [[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
        ([-1, 1, 1], 1, "logistic", [[0], [1], [1]]),
        ([1, 2, 1], 1, "bce", [[0], [1], [0]]),
        ([True, False], 2, "softmax", [[0, 1], [1, 0]]),
        (Labels((Fraction(5), Fraction(2))), 1, "squared", [[1], [0]]),
    ],
)
def test_whole_numbers_that_can_only_be_labels(Y, n_outputs, error, rows):
    found, notes = read_targets(Y, n_outputs, error)
    assert found == rows
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("Y", "n_outputs", "error"),
    [
        ([0, 1, 1], 1, "logistic"), ([1, 2, 2], 1, "squared"), ([1, 2, 3], 1, "logistic"), ([0.5, 2], 1, "logistic"), (["0", "1"], 1, "logistic"),
        (["1/3", "2"], 1, "squared"), ([True, False], 1, "squared"), ([[0, 1], [1, 0]], 2, "softmax"), ([0, 1], 2, "squared"), ([["a", "b"]], 2, "softmax"),
        (["a", 1], 1, "squared"), ([], 1, "logistic"), (None, 1, "squared"), ([None, 1], 2, "softmax"), (7, 2, "softmax"), ([0.5, 0.5], 2, "softmax"),
    ],
)  # fmt: skip
def test_what_may_be_targets_is_left_as_it_is(Y, n_outputs, error):
    assert read_targets(Y, n_outputs, error) == (Y, ())


@pytest.mark.parametrize(
    ("Y", "n_outputs", "message"),
    [
        (["a", "b", "c"], 1, r"2 classes for one output, got 3 \('a', 'b', 'c'\): end the widths with 3"),
        (["a", "a"], 1, "got 1 .*several classes"),
        (["a", "b"], 3, "3 classes for 3 outputs, got 2"),
        (list(map(str, "abcdefghijkl")), 2, "got 12 .*, …"),
        ([4, 5, 6], 2, r"got 3 \(4, 5, 6\)"),
        (np.array(["a", "b", None], dtype=object), 1, "label in each row, got 1 missing, the first in row 2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(Y, n_outputs, message):
    with pytest.raises(lp.InputError, match=message):
        read_targets(Y, n_outputs, "softmax" if n_outputs > 1 else "logistic")


def test_a_missing_label_is_named_by_its_column():
    with pytest.raises(lp.InputError, match="column 'kind' of Y must have a label in each row, got 1 missing, the first in row 1"):
        read_targets(pandas_series(["a", None, "b"], name="kind"), 1, "logistic")


def test_entries_of_one_column():
    assert label_entries(pandas_series([1, 2]).to_frame()) == [1, 2]
    assert label_entries(polars_series(["x"])) == ["x"]
    assert label_entries(5) is None


def test_reports_name_columns_and_the_meaning_of_labels():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"height": [0.0, 1.0, 2.0], "width": [1.0, 0.0, 3.0], "kind": TWO}, index=[5, 5, 7])
    report = lp.check_architecture("2-1", table[["height", "width"]], table["kind"], error="logistic", search="none", self_check=False)
    assert report.notes[:2] == (
        "The inputs are the columns height, width. The target is the column kind.",
        "Class labels are targets: 'a' is 0, 'b' is 1.",
    )
    assert report.problem.samples == lp.Samples.of(table[["height", "width"]].values, [1, 0, 1])
    assert "columns height, width" in str(report)
    found = lp.find_critical_points("2-1", table[["height", "width"]], table["kind"], error="logistic", starts=1, workers=1)
    assert found.report.notes[:2] == report.notes[:2]
    training = lp.train("2-1", table[["height", "width"]], table["kind"], error="logistic", max_iterations=1)
    assert training.weights is not None


def test_targets_are_exact_rows():
    assert exact_rows(read_targets(TWO, 2, "softmax")[0], "Y") == ((0, 1), (1, 0), (0, 1))
