"""Columns of a data file are chosen on the command line, and every command says what it took for inputs, targets and classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command_cases import fail, run

FLOWERS = "length;width;species\n1,5;0,25;setosa\n2;1;virginica\n0,5;3;setosa\n"
READ = ("--data", "flowers.csv", "--decimal", ",", "--target", "species", "--classes", "--error", "logistic")
COLUMNS = "The inputs are the columns length, width. The target is the column species."
CLASSES = "Class labels are targets: 'setosa' is 0, 'virginica' is 1."


@pytest.fixture
def flowers(tmp_path, monkeypatch):
    """A folder to work in, with a table as a German spreadsheet writes it."""
    monkeypatch.chdir(tmp_path)
    Path("flowers.csv").write_text(FLOWERS, encoding="utf-8-sig")
    return tmp_path


@pytest.mark.parametrize("form", [(), ("--full",)])
def test_check_tells_columns_and_classes(flowers, form):
    out, _ = run("check", "2-1", *READ, "--search", "none", *form)
    assert f"{COLUMNS} {CLASSES}" in " ".join(out.split())
    assert form or out.count("\n") <= 24


def test_reports_and_certificates_have_them_exactly(flowers):
    run("check", "2-1", *READ, "--search", "none", "-o", "r.md", "-q")
    report = Path("r.md").read_text(encoding="utf-8")
    assert "The inputs are the columns length, width." in report
    problem = json.loads(Path("r.json").read_text(encoding="utf-8"))["problem"]
    assert (problem["X"], problem["Y"]) == ([["3/2", "1/4"], ["2", "1"], ["1/2", "3"]], [["0"], ["1"], ["0"]])
    run("verify", "r.json")


@pytest.mark.parametrize("command", [("map", "--starts", "1", "--workers", "1"), ("train", "--max-iterations", "1")])
def test_map_and_train_tell_columns_and_classes(flowers, command):
    out, _ = run(command[0], "2-1", *READ, *command[1:])
    said = " ".join(out.split())
    assert COLUMNS in said
    assert CLASSES in said


def test_a_model_gets_the_labels_it_was_fitted_on(flowers):
    """The order of a classifier's own classes counts, not that of the labels in the file."""
    pytest.importorskip("joblib")
    import joblib
    from sklearn.neural_network import MLPClassifier

    Path("two.csv").write_text("a,kind\n1,y\n2,x\n3,y\n", encoding="utf-8")
    model = MLPClassifier((1,), max_iter=250, tol=1, n_iter_no_change=1, random_state=0).fit([[1.0], [2.0], [3.0]], ["y", "x", "y"])
    joblib.dump(model, "model.joblib")
    out, _ = run("check", "--model", "model.joblib", "--allow-pickle", "--data", "two.csv", "--classes", "--search", "none", "--full")
    assert "The label 'x' is the target 0 of the logistic error, and 'y' is 1." in " ".join(out.split())


def test_faults_name_the_option(flowers):
    assert "--decimal ," in fail("check", "2-1", "--data", "flowers.csv", "--classes")
    assert "did you mean 'species'" in fail("check", "2-1", *READ[:4], "--target", "specis", "--classes")
    assert "must name 2 classes for one output" in fail(
        "check", "2-1", *READ[:4], "--target", "length", "--inputs", "width", "--classes", "--error", "bce"
    )
    assert "a built-in set must come as it is, got --target" in fail("check", "2-2-1", "--data", "xor", "--target", "2")
