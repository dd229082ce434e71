"""Files that were altered are read as what they then say, or refused in one sentence; tables as anyone writes them are read as an independent reader does."""

from __future__ import annotations

import csv
import io
import random
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.certificates.inputs.data_source import DataOptions
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.certificates.inputs.labels import read_targets

TEXT = 'größe;"b,1";kind\n1,5;2;x\n"3";4;y\n'.encode()


def good_files(folder):
    """Contents by suffix, and the options to read them with."""
    np.savez(folder / "good.npz", X=[[1.0, 2.0]], Y=[[1.0]])
    np.save(folder / "good.npy", [[1.0, 2.0, 3.0]])
    found = {suffix: ((folder / f"good{suffix}").read_bytes(), DataOptions()) for suffix in (".npz", ".npy")}
    found[".csv"] = (TEXT, DataOptions(classes=True, decimal=","))
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    pd.DataFrame({"a": [0.1, 2, 3], "kind": ["x", "y", "x"]}).to_parquet(folder / "good.parquet")
    found[".parquet"] = ((folder / "good.parquet").read_bytes(), DataOptions(target=("kind",), classes=True))
    return found


def altered(content, source):
    data = bytearray(content)
    for _ in range(source.choice((1, 1, 2, 5, 20))):
        place = source.randrange(len(data))
        kind = source.random()
        if kind < 0.6:
            data[place] = source.randrange(256)
        elif kind < 0.8:
            del data[max(place, 1) :]
        else:
            data[place:place] = bytes(source.randrange(256) for _ in range(3))
    return bytes(data)


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".npy", ".parquet"])
def test_altered_files(tmp_path, suffix):
    content, options = good_files(tmp_path)[suffix]
    source, refused, path = random.Random(3), 0, tmp_path / f"altered{suffix}"
    for _ in range(150):
        path.write_bytes(altered(content, source))
        try:
            found = load_data(str(path), 1, options)
            lp.Samples.of(found.X, [0] * len(found.X))
        except lp.InputError as error:
            refused += 1
            text = str(error)
        else:
            text = ""
        assert "\n" not in text
        assert len(text) < 500
    assert refused > 50


def test_a_header_of_an_array_that_is_no_python(tmp_path):
    """numpy reads old headers by a tokenizer, whose errors are none of its usual ones."""
    np.save(tmp_path / "a.npy", [[1.0, 2.0]])
    content = (tmp_path / "a.npy").read_bytes().replace(b"'shape': (1, 2)", b"'shape': (1, 2 ")
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(lp.InputError, match=r"readable \.npy"):
        load_data(str(tmp_path / "a.npy"), 1)


def spelt(source, decimal):
    """A cell as programs write numbers, and the number, computed by `Decimal`."""
    digits = source.randint(1, 18)
    text = f"{source.randint(-(10**digits), 10**digits)}"
    kind = source.random()
    if kind < 0.5:
        text += "." + "".join(source.choice("0123456789") for _ in range(source.randint(1, 12)))
    if kind > 0.8:
        text += f"{source.choice('eE')}{source.randint(-30, 30)}"
    value = Fraction(Decimal(text))
    written = text.replace(".", decimal)
    return (f" {written} " if source.random() < 0.1 else written), value


@pytest.mark.parametrize("seed", range(40))
def test_tables_are_read_as_they_were_written(tmp_path, seed):
    source = random.Random(seed)
    decimal = source.choice(".,")
    delimiter = source.choice([sign for sign in (",", ";", "\t", "|") if sign != decimal])
    rows, columns = source.randint(1, 12), source.randint(2, 6)
    cells = [[spelt(source, decimal) for _ in range(columns)] for _ in range(rows)]
    names = [source.choice(["größe", "b c", "x_1", 'say "a"', "p/q"]) + str(j) for j in range(columns)] if source.random() < 0.7 else None
    stream = io.StringIO()
    quoting = source.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=source.choice(["\n", "\r\n"]))
    writer.writerows([*([names] if names else []), *([text for text, _ in row] for row in cells)])
    encoding = source.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    (tmp_path / "t.csv").write_bytes(stream.getvalue().encode(encoding))
    order = source.sample(range(columns), columns)
    chosen = [names[j] if names and source.random() < 0.5 else str(j + 1) for j in order]
    cut = source.randint(1, columns - 1)
    options = DataOptions(tuple(chosen[cut:]), tuple(chosen[:cut]), delimiter=delimiter, decimal=decimal, header=names is not None)
    found = load_data(str(tmp_path / "t.csv"), columns - cut, options)
    assert [[row[j][1] for j in order[:cut]] for row in cells] == found.X
    assert [[row[j][1] for j in order[cut:]] for row in cells] == found.Y


@pytest.mark.parametrize("seed", range(20))
def test_labels_become_what_scikit_learn_makes_of_them(seed):
    from sklearn.preprocessing import LabelBinarizer

    source = random.Random(seed)
    pool = source.choice([["b", "a", "Z", "ä", "10", "9x"], [5, 2, 10, -1, 7]])
    classes = source.sample(pool, source.randint(2, 5))
    labels = [*classes, *(source.choice(classes) for _ in range(10))]
    source.shuffle(labels)
    expected = LabelBinarizer().fit_transform(labels).tolist()
    outputs = 1 if len(classes) == 2 else len(classes)
    rows, _ = read_targets(labels, outputs, "logistic")
    assert rows == expected
