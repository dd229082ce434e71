"""Bad input through Python and through the command line: one sentence with what was expected, what came and what to do; nothing written, exit code 2."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases.command_cases import run

import lossproof as lp
from lossproof.certificates.inputs.weights_file import load_weights

XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
WEIGHTS = [{"W": [[1, 2], [3, 4]], "b": [0, 0]}, {"W": [[1], [1]], "b": [0]}]
LONG = "9" * 6000


@dataclass(frozen=True)
class Case:
    """The same mistake made in Python, by ``options`` of a function, and on the command line; both say ``message``."""

    message: str
    options: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[object, ...] = ()
    function: str = "check_architecture"
    command: str = "check"
    files: dict[str, Any] = field(default_factory=dict)


def option(message: str, name: str, value: Any, text: str | None = None, **others: Any) -> Case:
    """A bad value of an option that has one name in both."""
    return Case(message, {name: value}, (f"--{name.replace('_', '-')}={value if text is None else text}",), **others)


def samples(message: str, X: Any, Y: Any, text: str, widths: str = "2-2-1", *more: object, **options: Any) -> Case:
    """Bad samples, in containers and in a CSV file."""
    return Case(message, {"widths": widths, "X": X, "Y": Y, **options}, (widths, "--data", "d.csv", *more), files={"d.csv": text})


def weights(message: str, layers: Any) -> Case:
    """Bad weights, in a list of pairs and in a JSON file."""
    return Case(message, {"weights": layers}, ("--weights", "w.json"), files={"w.json": json.dumps(layers)})


def changed(layer: int, key: str, value: Any) -> list[dict[str, Any]]:
    return [{**given, key: value} if number == layer else given for number, given in enumerate(WEIGHTS)]


CASES = {
    # widths
    "one width": Case("look like 2-2-1", {"widths": "2"}, ("2",)),
    "no width": Case("look like 2-2-1", {"widths": ""}, ("",)),
    "width 0": Case("at least 1", {"widths": "2-0-1"}, ("2-0-1",)),
    "width of letters": Case("look like 2-2-1", {"widths": "2-x-1"}, ("2-x-1",)),
    "width with a point": Case("look like 2-2-1", {"widths": "2-1.5-1"}, ("2-1.5-1",)),
    "negative width": Case("look like 2-2-1", {"widths": "2--2-1"}, ("2--2-1",)),
    "inputs that do not fit": Case("X must have 3 columns", {"widths": "3-2-1"}, ("3-2-1",)),
    "outputs that do not fit": samples("Y must have 2 columns", [[0, 1]], [[1]], "a,b,y\n0,1,1\n", "2-2", "--target", "y"),
    "too many weights": Case("at most 25,000,000 weights", {"widths": "2-9999999-1"}, ("2-9999999-1",)),
    # names of functions
    "unknown activation": option("did you mean 'tanh'", "activation", "tahn"),
    "unknown output activation": option("did you mean 'sigmoid'", "output_activation", "sigmiod"),
    "slope outside": option("strictly between 0 and 1", "activation", "leaky-relu:2"),
    "exponent too large": option("whole number from 1 to", "activation", "power:99"),
    "unknown error": option("did you mean 'squared'", "error", "squard"),
    "error that is none here": option("smooth-l1", "error", "huber"),
    "log-loss is two errors": option("softmax for one class of several", "error", "log-loss"),
    "scale not positive": option("must be positive", "error", "cauchy:-1"),
    "scale that is no number": option("must be a rational number", "error", "cauchy:x"),
    "unknown bias": option("did you mean 'trainable'", "bias", "trainabel"),
    # other settings
    "negative decay": option("weight", "weight_decay", "-1"),
    "decay that is no number": option("weight", "weight_decay", "x"),
    "decays of too many layers": option("layers", "weight_decay", ["1", "1", "1"], "1,1,1"),
    "negative seed": option("seed must be a whole number from 0", "seed", -1),
    "precision too small": option("max.precision must be a whole number from 64", "max_precision", 2),
    "no memory": option("max.memory must be a positive number", "max_memory", 0.0),
    "search that is none": option("search", "search", "forever"),
    "search of negative time": option("search", "search", -5.0),
    # samples
    "targets out of range": samples(r"must lie in \[0, 1\]", [[0, 1]], [[2]], "0,1,2\n", "2-1", "--error=logistic", error="logistic"),
    "probabilities without sum 1": samples("sum 1", [[1]], [["0.3", "0.3"]], "1,0.3,0.3\n", "1-2", "--error=softmax", error="softmax"),
    "missing number": samples("must be finite|must not be missing", [[1.0, float("nan")]], [[1]], "1,nan,1\n"),
    "infinite number": samples("must be finite", [[1.0, float("inf")]], [[1]], "1,inf,1\n"),
    "text for a number": samples("must spell a rational number|must be a number", [["x", 1]], [[1]], "0,1,1\nx,1,1\n"),
    "nothing for a number": samples("must be a number|must not be missing", [[None, 1]], [[1]], "0,1,1\n,1,1\n"),
    "ragged rows": samples("rows of one length|must have 3 cells", [[1, 2], [1]], [[1], [2]], "1,2,1\n1,2\n"),
    "no samples": samples("at least one sample", [], [], "a,b,y\n"),
    "zero denominator": samples("rational number|must be a number", [["1/0", 1]], [[1]], "0,1,1\n1/0,1,1\n"),
    "exponent too long": samples("rational number|must be a number", [["1e999999", 1]], [[1]], "0,1,1\n1e999999,1,1\n"),
    "number too long": samples("rational number|must be a number", [[LONG, 1]], [[1]], f"0,1,1\n{LONG},1,1\n"),
    "thousands": samples("rational number|must be a number", [["1,000", 1]], [[1]], '0,1,1\n"1,000",1,1\n'),
    "a date": samples("rational number|must be a number", [["2020-01-05", 1]], [[1]], "0,1,1\n2020-01-05,1,1\n"),
    "a program": samples("rational number|must be a number", [["__import__('os')", 1]], [[1]], "0,1,1\n__import__('os'),1,1\n"),
    "an irrational sample": samples("rational number|must be a number", [["log(3)", 1]], [[1]], "0,1,1\nlog(3),1,1\n"),
    "three classes for one output": samples(
        "2 classes for one output, got 3", [[1], [2], [3]], ["a", "b", "c"], "1,a\n2,b\n3,c\n", "1-1", "--classes", "--error=bce", error="bce"
    ),
    "one class": samples("got 1 .'a'.", [[1], [2]], ["a", "a"], "1,a\n2,a\n", "1-1", "--classes", "--error=bce", error="bce"),
    "two classes for three outputs": samples(
        "3 classes for 3 outputs, got 2", [[1], [2]], ["a", "b"], "1,a\n2,b\n", "1-3", "--classes", "--error=softmax", error="softmax"
    ),
    "missing label": samples(
        "label", [[1], [2], [3]], ["a", None, "b"], "1,a\n2,\n3,b\n", "1-1", "--classes", "--error=bce", error="bce"
    ),
    # weights
    "a layer missing": weights("list of 2 pairs", WEIGHTS[:1]),
    "weights of another shape": weights(r"W_1 must have shape \(2, 2\)", changed(0, "W", [[1, 2]])),
    "bias of another length": weights("b_1 must have 2 entries", changed(0, "b", [0])),
    "bias missing": weights("b_2 must be given", changed(1, "b", None)),
    "weight not finite": weights(r"W_1\[0\]\[1\] must be finite", changed(0, "W", [[1, float("nan")], [3, 4]])),
    "weight that is no number": weights(r"W_1\[1\]\[1\] must spell", changed(0, "W", [[1, 2], [3, "x"]])),
    "weight that is a program": weights(r"b_2\[0\] must spell", changed(1, "b", ["__import__('os')"])),
    "logarithm of 0": weights(r"b_2\[0\] must spell", changed(1, "b", ["log(0)"])),
    "product of constants": weights(r"b_2\[0\] must be a real SymPy number", changed(1, "b", ["pi*log(2)"])),
    "weight that is a list": weights(r"W_1\[0\]\[0\] must be a number", changed(0, "W", [[[1], 2], [3, 4]])),
    "weight that is nothing": weights(r"W_1\[0\]\[0\] must be a number", changed(0, "W", [[None, 2], [3, 4]])),
    # other functions
    "no starts": Case("starts must be a whole number from 1", {"starts": 0}, ("--starts", 0), "find_critical_points", "map"),
    "no workers": Case("workers must be a whole number", {"workers": 0}, ("--workers", 0), "find_critical_points", "map"),
    "unknown method": Case("did you mean 'lbfgs'", {"method": "lbgfs"}, ("--method", "lbgfs"), "train", "train"),
    "negative step": Case("step must be", {"step": -1.0}, ("--step=-1",), "train", "train"),
    "negative iterations": Case("max.iterations must be", {"max_iterations": -1}, ("--max-iterations=-1",), "train", "train"),
    "precision without ggn": Case("use ggn", {"precision": 50, "method": "lm"}, ("--precision", 50, "--method", "lm"), "train", "train"),
    "damping of letters": Case("damping must be", {"damping": "x"}, ("--damping", "x"), "train", "train"),
    "a grid of nothing": Case("widths must be whole numbers or ranges", {"widths": "2-{}-1"}, ("--widths", "2-{}-1"), "sweep", "sweep"),
    "a range downwards": Case("run upwards", {"T": "5..1"}, ("--samples", "5..1"), "sweep", "sweep"),
    "ten million samples": Case("at most 2000, got 10000000", {"T": 10**7}, ("--samples", 10**7), "sweep", "sweep"),
    "a scheduler that is none": Case("tcp://host:8786", {"scheduler": "host", "workers": None}, ("--scheduler", "host"), "sweep", "sweep"),
    "a table of another kind": Case(r"\.parquet or \.csv or \.tex", {"output": "t.xlsx"}, ("-o", "t.xlsx"), "sweep", "sweep"),
    "an unknown statement": Case("did you mean 'full-rank'", {"id": "full-rnk"}, ("full-rnk",), "statement_named", "statements"),
    "an unknown landscape": Case("did you mean", {"name": "auer3"}, ("auer3",), "zoo_entry", "zoo"),
    "a certificate that is none": Case("must be|must exist", {"source": "none.json"}, ("none.json",), "verify", "verify"),
}  # fmt: skip

ALONE = {
    "unknown data": ("did you mean 'xor'", ("2-2-1", "--data", "xro")),
    "a file that is not there": ("no such file", ("2-2-1", "--data", "none.csv")),
    "a folder": ("must be a file, got a folder", ("2-2-1", "--data", "folder.csv")),
    "a file of another kind": ("must end in .npz", ("2-2-1", "--data", "d.xlsx")),
    "no widths": ("got neither widths nor a model", ("--data", "xor")),
    "widths and a model": ("got --model beside WIDTHS", ("2-2-1", "--data", "xor", "--model", "m.onnx")),
    "two forms": ("at most one of", ("2-2-1", "--data", "xor", "--json", "--quiet")),
    "a report of another kind": ("must be one of .html .md", ("2-2-1", "--data", "xor", "-o", "x.pdf")),
    "a report in no folder": ("must exist", ("2-2-1", "--data", "xor", "-o", "none/x.html")),
    "a report over the data": ("must not replace an input", ("2-2-1", "--data", "xor", "--weights", "w.json", "-o", "w.json")),
    "a seed of letters": ("Invalid value for '--seed'", ("2-2-1", "--data", "xor", "--seed", "x")),
    "an unknown option": ("No such option", ("2-2-1", "--data", "xor", "--sede", "1")),
    "an option without data": ("a built-in set must come as it is", ("2-2-1", "--data", "xor", "--classes")),
    "a column that is not there": ("the name of a column, got 'z'", ("1-1", "--data", "t.csv", "--target", "z")),
    "a delimiter of two signs": ("must be one character", ("1-1", "--data", "t.csv", "--delimiter", "ab")),
    "a broken archive": ("readable .npz", ("2-2-1", "--data", "broken.npz")),
    "broken JSON": ("readable JSON", ("2-2-1", "--data", "xor", "--weights", "broken.json")),
}
BASE = {
    "check": ("2-2-1", "--data", "xor"), "map": ("2-2-1", "--data", "xor"), "train": ("2-2-1", "--data", "xor"),
    "sweep": ("--widths", "2-1", "--samples", "2"), "statements": (), "zoo": (), "verify": (),
}  # fmt: skip


def test_the_table_is_long():
    assert len(CASES) >= 60
    assert len(CASES) + len(ALONE) >= 80


def pairs(layers):
    return [(layer["W"], layer["b"]) for layer in layers]


def call(case: Case) -> None:
    """Make the mistake in Python."""
    options = dict(case.options)
    if "weights" in options:
        options["weights"] = pairs(options["weights"])
    if case.function in ("statement_named", "zoo_entry", "verify"):
        getattr(lp, case.function)(*options.values())
    elif case.function == "sweep":
        lp.sweep(**{"widths": "2-1", "T": 2, "workers": 0, **options})
    else:
        given = {"widths": "2-2-1", "X": XOR[0], "Y": XOR[1], **options}
        getattr(lp, case.function)(given.pop("widths"), given.pop("X"), given.pop("Y"), **given)


def command_of(case: Case) -> tuple[object, ...]:
    """The whole command line: the arguments of a case instead of, or after, those of a good one."""
    good = list(BASE[case.command])
    first = str(case.arguments[0])
    if case.command in ("check", "map", "train") and not first.startswith("-"):
        good = good[1:] if "--data" not in case.arguments else []
        return (case.command, *case.arguments, *good)
    if case.command == "sweep" and first in good:
        place = good.index(first)
        del good[place : place + 2]
    return (case.command, *good, *case.arguments)


def require_a_sentence(text: str) -> None:
    assert "\n" not in text.rstrip("\n")
    assert len(text) < 500
    assert ": " in text, "no advice what to do"


@pytest.mark.parametrize("name", CASES)
def test_in_python(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = CASES[name]
    with pytest.raises(lp.InputError, match=case.message) as caught:
        call(case)
    require_a_sentence(str(caught.value))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", CASES)
def test_on_the_command_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = CASES[name]
    for file, text in case.files.items():
        Path(file).write_text(text, encoding="utf-8")
    reports = ("-o", "out.html") if case.command in ("check", "map") else ()
    out, err = run(*command_of(case), *reports, code=2)
    assert out == ""
    assert err.startswith("lossproof: ")
    assert re.search(case.message, err), err
    assert not re.search(r"\b(max_\w+|weight_decay|hold_output|find_weights)\b|\b[a-z_]+='", err), err
    require_a_sentence(err)
    assert sorted(os.listdir()) == sorted(case.files)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in with some files that are bad, and some that are good."""
    monkeypatch.chdir(tmp_path)
    Path("folder.csv").mkdir()
    for name, text in {"d.xlsx": "", "broken.npz": "x", "broken.json": "{", "t.csv": "a,b\n1,2\n", "w.json": json.dumps(WEIGHTS)}.items():
        Path(name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ALONE)
def test_what_the_command_line_alone_can_get_wrong(folder, name):
    message, arguments = ALONE[name]
    before = sorted(os.listdir())
    out, err = run("check", *arguments, code=2)
    assert out == ""
    assert message in err
    require_a_sentence(err)
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("name", ["unknown data", "a seed of letters"])
def test_as_a_process(folder, name):
    message, arguments = ALONE[name]
    done = subprocess.run(
        [sys.executable, "-m", "lossproof", "check", *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr


def test_the_good_case_is_good(folder):
    """What the table changes is fine without the change."""
    np.savez("xor.npz", X=XOR[0], Y=XOR[1])
    layers = load_weights("w.json", 2)
    report = lp.check_architecture("2-2-1", *XOR, weights=layers, search="none", self_check=False)
    assert report.problem.T == 4
    run("check", "2-2-1", "--data", "xor.npz", "--weights", "w.json", "--search", "none", "-q")


def test_no_optional_package_is_imported_before_its_object_is_met(tmp_path):
    (tmp_path / "d.csv").write_text("a,b,y\n0,1,1\n1,0,0\n", encoding="utf-8")
    code = (
        "import sys, lossproof as lp\n"
        "lp.check_architecture('2-1', [[0, 1], [1, 0]], [1, 0], search='none')\n"
        "from lossproof.certificates.inputs.data_sources import load_data\n"
        f"load_data({str(tmp_path / 'd.csv')!r}, 1)\n"
        "print([name for name in ('pandas', 'polars', 'pyarrow', 'torch', 'jax', 'sklearn', 'dask', 'distributed', 'keras', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
