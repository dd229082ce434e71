"""Whatever a user writes after an option or names as a file: one line and exit code 2, never a traceback."""

from __future__ import annotations

import os
import zipfile

import numpy as np
import pytest
from cases.command_cases import invoke

LONG = "9" * 5000
NUMBERS = ("-1", "", "nan", "-inf", "1e400", LONG, "1.5", "0x10", "one", "🎲", "-0.0.1", "1_", "\u202e5")
NAMES = (
    "",
    "tahn",
    "🎲",
    "ü" * 300,
    "relu:1",
    "leaky-relu:",
    "leaky-relu:0",
    "leaky-relu:nan",
    "power:",
    "power:0",
    "power:99",
    "cauchy:0",
    "cauchy:-1",
    "cauchy:x",
)
WIDTHS = (
    "",
    "2",
    "2-",
    "-2-2",
    "2-0-1",
    "2-2-x",
    "2-999999999-1",
    "2-9999999999-1",
    LONG,
    "2-2-2",
    "1-1",
    "2--1",
    "2 2 1",
    "2-{1..3}-1",
    "🎲",
)
FOLDER_NAMES = ("folder", "folder.csv", "folder.npz", "folder.json", "folder.html", "folder.svg", "folder.parquet", ".", "..", "/")
FILE_NAMES = (
    "empty.csv", "empty.npz", "header.csv", "utf16.csv", "utf16le.csv", "bytes.csv", "bytes.npz", "quote.csv", "semicolons.csv", "long.csv", "wide.csv",
    "objects.npz", "keys.npz", "single.npz", "texts.npz", "dates.npz", "durations.npz", "records.npz", "complex.npz", "three.npz", "huge.npz", "vast.npz",
    "negative.npz", "members.npz", "half.npz", "none.csv", "none.npz", "a" * 300 + ".csv", "a" * 5000 + ".npz", "xor/", "digits-0", "iris-", "four-regions-0",
    "zoo:", "zoo:none", "/dev/null", "pipe.csv", "broken.json", "brackets.json", "digits.json", "latin.json", *FOLDER_NAMES,
)  # fmt: skip
OUTPUTS = (
    "",
    "none/x.html",
    "a" * 300 + ".html",
    "a" * 252 + ".md",
    "x.pdf",
    "x",
    "/dev/full",
    "/dev/null/x.html",
    "/proc/x.html",
    "good.npz",
    "pipe.html",
    *FOLDER_NAMES,
)
PICTURES = ("", "x.gif", "none/x.svg", "a" * 300 + ".svg", "/proc/x.png", "pipe.svg", *FOLDER_NAMES)


def header(shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape!r}, }}"
    text += " " * (117 - len(text)) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def archive(path, **members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with good files and all kinds of bad ones."""
    folder = tmp_path_factory.mktemp("files")
    for name in FOLDER_NAMES[:-3]:
        (folder / name).mkdir()
    for name in ("pipe.csv", "pipe.html", "pipe.svg"):
        os.mkfifo(folder / name)
    texts = {
        "header.csv": "a,b,c\n",
        "quote.csv": '"1,2,3\n',
        "semicolons.csv": "1;2;3\n",
        "long.csv": f"1,{LONG * 30},3\n",
        "wide.csv": ",".join("1" * 9999),
    }
    texts |= {
        "broken.json": "nope",
        "brackets.json": "[" * 100_000,
        "digits.json": f'[{{"W": [[{LONG},1],[1,1]], "b": [0,0]}}]',
        "latin.json": '[{"W\xff": 1}]',
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="latin-1")
    (folder / "utf16.csv").write_bytes("a,b,y\n1,2,3\n".encode("utf-16"))
    (folder / "utf16le.csv").write_bytes("1,2,3\n".encode("utf-16-le"))
    for suffix in ("csv", "npz"):
        (folder / f"bytes.{suffix}").write_bytes(bytes(range(256)) * 8)
        (folder / f"empty.{suffix}").write_bytes(b"")
    one = header((1, 1)) + bytes(8)
    for name, shape in (("huge", (10**30, 2)), ("vast", (10**15, 2)), ("negative", (-5, 2))):
        archive(folder / f"{name}.npz", X=header(shape), Y=one)
    with zipfile.ZipFile(folder / "members.npz", "w") as file:
        file.writestr("X.txt", "hello")
        file.writestr("X", "hello")
        file.writestr("Y", "hello")
    arrays = {
        "objects": np.array([[object(), 1]], dtype=object), "single": 1.0, "texts": [["a", "b"]], "dates": np.array([["2020", "2021"]], dtype="M8[ns]"),
        "durations": np.array([[1, 2]], dtype="m8[ns]"), "records": np.array([(1, 2)], dtype="i4,i4"), "complex": [[1j, 2]], "three": np.zeros((1, 2, 2)),
    }  # fmt: skip
    for name, X in arrays.items():
        np.savez(folder / f"{name}.npz", X=X, Y=[[1.0]])
    np.savez(folder / "keys.npz", A=[1])
    np.savez(folder / "good.npz", X=[[0.0, 1.0], [1.0, 0.0]], Y=[[1.0], [0.0]])
    (folder / "half.npz").write_bytes((folder / "good.npz").read_bytes()[:150])
    return folder


GOOD = {
    "check": ("2-2-1", "--data", "good.npz"),
    "map": ("2-2-1", "--data", "good.npz", "--starts", "1", "--workers", "1"),
    "train": ("2-2-1", "--data", "good.npz", "--max-iterations", "1"),
    "sweep": ("--widths", "1-1", "--samples", "2", "--workers", "0"),
}


def cases():
    for command in ("check", "map", "train"):
        rest = GOOD[command][1:]
        yield from ((command, value, *rest) for value in WIDTHS)
        yield from ((command, "2-2-1", "--data", value, *rest[2:]) for value in (FILE_NAMES if command == "check" else FILE_NAMES[::4]))
        for option in ("--activation", "--output-activation", "--error", "--bias"):
            yield from ((command, *GOOD[command], option, value) for value in NAMES)
        yield from ((command, *GOOD[command], "-o", value) for value in OUTPUTS)
    options = {
        "check": ("--seed", "--max-precision", "--max-memory"),
        "map": ("--seed", "--starts", "--workers", "--max-precision"),
        "train": ("--seed", "--step", "--max-iterations", "--tolerance", "--precision", "--damping"),
        "sweep": ("--widths", "--samples", "--seeds", "--workers", "--scheduler", "--activation", "--bias"),
    }
    for command, names in options.items():
        good = GOOD[command][:-2] if command == "sweep" else GOOD[command]
        for option in names:
            yield from ((command, *good, option, value) for value in NUMBERS)
    yield from (("check", *GOOD["check"], "--weights", value) for value in FILE_NAMES)
    yield from (("train", *GOOD["train"], "--weights", value) for value in FILE_NAMES[::4])
    for command in ("map", "train", "sweep"):
        yield from ((command, *GOOD[command], "--plot", value) for value in PICTURES)
    yield from (("train", *GOOD["train"], "--method", value) for value in NAMES)
    yield from (("sweep", *GOOD["sweep"], "--certificate", value) for value in OUTPUTS)
    yield from (("sweep", *GOOD["sweep"], "-o", value) for value in (*OUTPUTS, "a" * 245 + ".parquet", "none/x.parquet"))
    yield from (
        ("sweep", "--widths", value, *GOOD["sweep"][2:])
        for value in (*WIDTHS, "2-{", "2-{}-1", "2-{1..0}-1", "2-{1..9999999}-1", ",", "2-{a}-1")
    )
    yield from (("verify", value) for value in FOLDER_NAMES + FILE_NAMES[25:30])
    yield from ((command, value) for command in ("statements", "zoo") for value in NAMES)
    yield from (("statements", "--graph", value) for value in PICTURES)
    yield from (("zoo", "auer-3", "-o", value) for value in OUTPUTS if value != "good.npz")
    yield from (("zoo", "--markdown", value) for value in OUTPUTS if not value.endswith(".md"))
    yield from (("zoo", "--all", "-o", value) for value in ("none", "good.npz", "", "a" * 300) if value)
    yield from ((value,) for value in NAMES if value)


CASES = list(cases())


@pytest.mark.parametrize("start", range(0, len(CASES), 60))
def test_bad_values_are_said_in_one_line(files, monkeypatch, start):
    """Nearly all are refused; what is a good value after all, such as widths of a grid that fit no data set, simply runs."""
    monkeypatch.chdir(files)
    before, refused = set(os.listdir(files)), 0
    for case in CASES[start : start + 60]:
        result = invoke(*case)
        told = f"{[part[:60] for part in case]}: {result.exception!r} {result.stderr}"
        if result.exit_code == 0:
            for name in set(os.listdir(files)) - before:
                (files / name).unlink()
            continue
        refused += 1
        assert isinstance(result.exception, SystemExit), told
        assert result.exit_code == 2, told
        assert result.stdout == "", told
        assert result.stderr.startswith("lossproof: "), told
        assert result.stderr.count("\n") == 1, told
        assert set(os.listdir(files)) == before, told
    assert refused >= 0.8 * len(CASES[start : start + 60])


def test_there_are_many_cases():
    assert len(CASES) > 800
