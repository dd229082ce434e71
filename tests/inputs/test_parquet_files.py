"""Parquet files are read exactly; columns that are no numbers are refused by name."""

from __future__ import annotations

import sys
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.certificates.inputs.data_source import DataOptions
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.certificates.inputs.labels import Labels

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
TABLE = {"size": [0.1, 2.0], "count": [2**53 + 1, 0], "flag": [True, False], "kind": ["b", "a"]}


def write(tmp_path, table, name="data.parquet", **options):
    path = tmp_path / name
    pd.DataFrame(table).to_parquet(path, **options)
    return str(path)


def test_columns_are_read_exactly(tmp_path):
    path = write(tmp_path, TABLE)
    source = load_data(path, 2, DataOptions(target=("kind",), classes=True))
    assert source.X == [[0.1, 2**53 + 1, True], [2.0, 0, False]]
    assert Labels(("b", "a")) == source.Y
    assert source.notes == ("The inputs are the columns size, count, flag. The target is the column kind.",)
    samples = lp.Samples.of(source.X, [[1], [0]])
    assert samples.X[0][:2] == (Fraction(0.1), 2**53 + 1)
    numbers = load_data(path, 1, DataOptions(target=("count",), inputs=("size",)))
    assert (numbers.X, numbers.Y) == ([[0.1], [2.0]], [[2**53 + 1], [0]])


def test_numbers_of_all_sizes(tmp_path):
    path = write(tmp_path, {"a": np.array([0.1, 3], dtype=np.float32), "b": np.array([1, 255], dtype=np.uint8), "y": [1, 2]})
    assert lp.Samples.of(load_data(path, 1).X, [0, 0]).X[0] == (Fraction(float(np.float32(0.1))), 1)


def test_whole_numbers_as_labels(tmp_path):
    path = write(tmp_path, {"a": [1, 2], "y": [3.0, 7.0]})
    assert Labels((Fraction(3), Fraction(7))) == load_data(path, 1, DataOptions(classes=True)).Y


def test_an_index_is_left_out(tmp_path):
    path = write(tmp_path, pd.DataFrame({"a": [1, 2], "y": [3, 4]}, index=pd.Index([8, 9], name="id")))
    assert load_data(path, 1).X == [[1], [2]]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0, None], "column 'a' of .* must have no entry missing, got 1 missing, the first in row 1"),
        ([1.0, float("inf")], "column 'a' of .* must be finite"),
        (["x", "y"], "column 'a' of .* got the text 'x' in row 0"),
        (pd.Categorical(["x", "y"]), "column 'a' of .* got categories"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "column 'a' of .* got a (datetime|Timestamp)"),
        ([[1], [2]], "column 'a' of .* got a list"),
    ],
)
def test_columns_that_are_no_numbers(tmp_path, column, message):
    path = write(tmp_path, {"a": column, "y": [1, 2]})
    with pytest.raises(lp.InputError, match=message):
        load_data(path, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (DataOptions(target=("kinds",)), "did you mean 'kind'"),
        (DataOptions(target=("size",), inputs=("count",), classes=True), "class labels, texts or whole numbers, got 0.1"),
        (DataOptions(delimiter=";"), "only a text file has a delimiter"),
        (DataOptions(header=True), "only a text file has a delimiter"),
    ],
)
def test_choices_that_do_not_fit(tmp_path, options, message):
    with pytest.raises(lp.InputError, match=message):
        load_data(write(tmp_path, TABLE), 1, options)


def test_labels_that_are_missing(tmp_path):
    path = write(tmp_path, {"a": [1, 2], "y": ["x", None]})
    with pytest.raises(lp.InputError, match=r"column 'y' of .* a class label in each row, got none in row 1"):
        load_data(path, 1, DataOptions(classes=True))


def test_files_that_are_none(tmp_path):
    empty = write(tmp_path, {"a": [], "y": []}, "empty.parquet")
    broken = tmp_path / "broken.parquet"
    with pytest.raises(lp.InputError, match="at least one sample"):
        load_data(empty, 1)
    for content in (b"", b"PAR1", b"text " * 50, (tmp_path / "empty.parquet").read_bytes()[:200]):
        broken.write_bytes(content)
        with pytest.raises(lp.InputError, match=r"readable \.parquet file") as caught:
            load_data(str(broken), 1)
        assert "\n" not in str(caught.value)


def test_without_the_package_that_reads_it(tmp_path, monkeypatch):
    path = write(tmp_path, TABLE)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(lp.InputError, match=r"the package pyarrow, got none installed: pip install 'lossproof\[tables\]'"):
        load_data(path, 1)
