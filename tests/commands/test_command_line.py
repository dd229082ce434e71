"""The command line: good runs, and every bad input said in one line with its exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases.command_cases import fail, run

from lossproof import __version__
from lossproof.certificates.checks import check_architecture as check_module
from lossproof.certificates.commands import cost_estimate
from lossproof.certificates.inputs import sizes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_report_and_certificate(folder):
    out, err = run("check", "2-2-1", "--data", "xor", "--activation", "tanh", "-o", "xor.html")
    assert err == ""
    assert sorted(os.listdir(folder)) == ["xor.html", "xor.json"]
    assert out.index("[PROVED] Is every local minimum global?") < out.index("[REFUTED]")
    assert "Report: xor.html" in out
    assert "Certificate: xor.json" in out
    assert "lossproof verify xor.json" in out
    page = (folder / "xor.html").read_text(encoding="utf-8")
    assert "lossproof verify xor.json" in page
    assert json.loads((folder / "xor.json").read_text(encoding="utf-8"))["digest"] in page
    accepted, _ = run("verify", "xor.json")
    assert accepted.startswith("[ACCEPTED] xor.json")
    assert "[REFUTED] full-rank – everywhere" in accepted


def test_all_formats_at_once(folder):
    outputs = [part for suffix in ("html", "md", "tex", "txt", "json") for part in ("-o", f"a.{suffix}")]
    run("check", "1-1", "--data", "identity-2", *outputs, code=2)
    assert os.listdir(folder) == []
    run("check", "2-2", "--data", "identity-2", *outputs)
    assert sorted(os.listdir(folder)) == ["a.html", "a.json", "a.md", "a.tex", "a.txt"]


def test_nothing_to_write(folder):
    out, _ = run("check", "2-1", "--data", "and")
    assert "Nothing was written" in out
    assert os.listdir(folder) == []


def test_quiet(folder):
    assert run("check", "2-1", "--data", "and", "--quiet", "-o", "and.txt") == ("", "")
    assert sorted(os.listdir(folder)) == ["and.json", "and.txt"]


def test_summary_never_reads_as_has_local_minima(folder):
    for form in ((), ("--full",)):
        out, _ = run("check", "2-3-1", "--data", "xor", "--activation", "sin", "--search", "none", *form)
        flat = re.sub(r"\s+", " ", out).lower()
        assert re.search(r"(has|have|there are) (bad |suboptimal |spurious )?local minim", flat) is None
        assert "does not follow" in flat


def test_files_and_options(folder):
    Path("data.csv").write_text("x1,x2,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n", encoding="utf-8")
    np.savez("w.npz", W1=[[-2.0, 0.0], [0.0, -2.0]], b1=[1.0, 1.0], W2=[[1.0], [0.5]], b2=[0.0])
    options = ["--weights", "w.npz", "--error", "cauchy:1/4", "--seed", "3", "--max-precision", "512", "--output-activation", "identity"]
    out, _ = run("check", "2-2-1", "--data", "data.csv", "--bias", "trainable", "--full", *options)
    assert "data.csv" in out
    assert "[REFUTED] P has full column rank (full-rank) – at these weights (point 0)" in out


def test_find_weights(folder):
    run("check", "2-3-1", "--data", "xor", "--find-weights", "-o", "found.txt")
    text = (folder / "found.txt").read_text(encoding="utf-8")
    assert "were found by training (Levenberg-Marquardt)" in text
    assert re.search(r"\[PROVED\] [^\n]*\(exact-learning\) – everywhere", text)
    assert fail("check", "2-2-1", "--data", "xor", "--max-memory", "0").startswith(
        "lossproof: --max-memory must be a positive number of GiB, got 0"
    )


def test_the_first_screen_and_all_of_it(folder):
    out, _ = run("check", "2-2-1", "--data", "xor", "--activation", "tanh", "-o", "xor.html")
    assert len(out.splitlines()) <= 24
    assert re.search(r"^\[REFUTED\]  full rank of P +everywhere +rank ≤ 1 of 4$", out, re.MULTILINE)
    assert "12 published theorems: none applies." in out
    full, _ = run("check", "2-2-1", "--data", "xor", "--activation", "tanh", "-o", "xor.html", "--full")
    assert len(full.splitlines()) > 100
    assert "Proof. rank P(W) = 4 = T·n_L" in full
    assert "(kawaguchi-2016)" in full
    assert full.endswith(out[out.index("Report: xor.html") :])


def test_what_a_large_problem_takes_is_said_first(folder, monkeypatch):
    monkeypatch.setattr(cost_estimate, "WORTH_SAYING", 4)
    _, err = run("check", "2-2-1", "--data", "xor")
    assert re.fullmatch(r"T·n_L = 4 columns: the proof takes about 0.2 GiB of memory and 0 s on this machine\n", err)
    _, err = run("check", "2-2-1", "--data", "xor", "--engine", "disk:.")
    assert " memory, 0.0 GiB of disk and 0 s on this machine\n" in err
    assert run("check", "2-2-1", "--data", "xor", "--quiet") == ("", "")


def test_what_many_weights_take_is_said_first(folder, monkeypatch):
    monkeypatch.setattr(sizes, "_MANY_WEIGHTS", 9)
    line = "N_net = 9 weights: in exact arithmetic they take about 0.0 GiB and 0 min, or more\n"
    for command in ("check", "train"):
        out, err = run(command, "2-2-1", "--data", "xor")
        assert (out != "", err) == (True, line)
        assert run(command, "2-2-1", "--data", "xor", "--quiet") == ("", "")
        assert run(command, "1-2-1", "--data", "xor", code=2)[1].count("\n") == 1


def test_what_is_refused_gets_no_estimate(folder, monkeypatch):
    monkeypatch.setattr(cost_estimate, "WORTH_SAYING", 4)
    assert "at most 25,000,000 weights" in fail("check", "2-9000000-1", "--data", "xor")


def test_version_and_help():
    assert run("--version")[0] == f"lossproof {__version__}\n"
    assert "check" in run("--help")[0]
    assert "verify" in run()[0]


def test_statements(folder):
    assert "khatri-rao" in run("statements")[0]
    assert run("statements", "full-rank")[0].startswith("full-rank: P has full column rank")
    run("statements", "--graph", "graph.svg")
    assert "<svg" in Path("graph.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "--data"),
        (["check", "--data", "xor"], "neither widths nor a model"),
        (["check", "2-2-1"], "--data"),
        (["chek"], "check"),
        (["check", "2-2-1", "--data", "xor", "--bogus"], "--bogus"),
        (["check", "2-2-1", "--data", "xor", "--seed", "one"], "--seed"),
        (["check", "2-2-1", "--data", "xor", "extra"], "extra"),
        (["check", "2-2-x", "--data", "xor"], "widths"),
        (["check", "2-0-1", "--data", "xor"], "at least 1"),
        (["check", "2", "--data", "xor"], "widths"),
        (["check", "3-2-1", "--data", "xor"], "X must have 3 columns"),
        (["check", "2-2-2", "--data", "xor"], "Y must have 2 columns"),
        (["check", "2-2-1", "--data", "xro"], "did you mean 'xor'"),
        (["check", "2-2-1", "--data", "none.csv"], "no such file"),
        (["check", "2-2-1", "--data", "xor", "--activation", "tahn"], "did you mean 'tanh'"),
        (["check", "2-2-1", "--data", "xor", "--output-activation", "sigmod"], "did you mean 'sigmoid'"),
        (["check", "2-2-1", "--data", "xor", "--error", "sqared"], "did you mean 'squared'"),
        (["check", "2-2-1", "--data", "xor", "--error", "cauchy:-1"], "positive"),
        (["check", "2-2-1", "--data", "xor", "--bias", "trainble"], "did you mean 'trainable'"),
        (["check", "2-2-1", "--data", "xor", "--max-precision", "3"], "--max-precision must"),
        (["check", "2-2-1", "--data", "xor", "--weights", "none.npz"], "no such file"),
        (["check", "2-2-1", "--data", "xor", "-o", "xor.pdf"], ".html .md .tex .bib .txt .json"),
        (["check", "2-2-1", "--data", "xor", "-o", "nowhere/xor.html"], "folder"),
        (["check", "2-2-1", "--data", "xor\nor"], "unknown data"),
        (["verify", "none.json"], "none.json"),
        (["verify", "."], "must be a file"),
        (["verify"], "file"),
        (["statements", "full-rnak"], "did you mean 'full-rank'"),
        (["statements", "--graph", "graph.gif"], ".svg"),
    ],
)
def test_bad_input(folder, arguments, message):
    assert message.lower() in fail(*arguments).lower()
    assert os.listdir(folder) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,0,0\n0,nan,1\n", "row 2, column 2"),
        ("0,0,0\n0,inf,1\n", "row 2, column 2"),
        ("0,0,0\n0,1\n", "3 cells"),
        ("", "at least one sample"),
    ],
)
def test_bad_csv(folder, text, message):
    Path("data.csv").write_text(text, encoding="utf-8")
    assert message in fail("check", "2-2-1", "--data", "data.csv")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": [[0.0, np.nan]], "Y": [[1.0]]}, "finite"),
        ({"X": [[0.0, np.inf]], "Y": [[1.0]]}, "finite"),
        ({"X": [[0.0, 1.0]], "Y": [[1.0], [2.0]]}, "one row a sample"),
        ({"X": [[0.0, 1.0]]}, "add Y"),
        ({"X": np.zeros((0, 2)), "Y": np.zeros((0, 1))}, "at least one sample"),
        ({"X": np.zeros((1, 2, 2)), "Y": [[1.0]]}, "must be"),
    ],
)
def test_bad_npz(folder, arrays, message):
    np.savez("data.npz", **arrays)
    assert message in fail("check", "2-2-1", "--data", "data.npz", "-o", "out.html")
    assert os.listdir(folder) == ["data.npz"]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"W": [[1, 1], [1, 1]], "b": [0, 0]}], "list of 2 pairs"),
        ([{"W": [[1, 1]], "b": [0, 0]}, {"W": [[1], [1]], "b": [0]}], "shape (2, 2)"),
        ([{"W": [[1, 1], [1, "log(x)"]], "b": [0, 0]}, {"W": [[1], [1]], "b": [0]}], "W_1[1][1]"),
        ([{"W": [[1, 1], [1, float("nan")]], "b": [0, 0]}, {"W": [[1], [1]], "b": [0]}], "finite"),
        ([{"W": [[1, 1], [1, 1]], "b": [0]}, {"W": [[1], [1]], "b": [0]}], "b_1"),
    ],
)
def test_bad_weights(folder, layers, message):
    Path("w.json").write_text(json.dumps(layers), encoding="utf-8")
    assert message in fail("check", "2-2-1", "--data", "xor", "--weights", "w.json")


def test_equal_inputs_with_different_targets_are_reported_not_refused(folder):
    Path("data.csv").write_text("0,0\n0,1\n", encoding="utf-8")
    out, _ = run("check", "1-2-1", "--data", "data.csv")
    assert re.search(r"^\[REFUTED\] +exact learning +everywhere$", out, re.MULTILINE)


def test_an_input_is_not_overwritten(folder):
    weights = [{"W": [[1, 2], [3, 5]], "b": [0, 0]}, {"W": [[1], [1]], "b": [0]}]
    Path("xor.json").write_text(json.dumps(weights), encoding="utf-8")
    assert "no certificate" in fail("check", "2-2-1", "--data", "xor", "--weights", "xor.json", "-o", "xor.html")
    assert "input of this run" in fail("check", "2-2-1", "--data", "xor", "--weights", "xor.json", "-o", "xor.json")
    assert json.loads(Path("xor.json").read_text(encoding="utf-8")) == weights


def test_verify_rejects_with_code_1(folder):
    run("check", "2-2-1", "--data", "xor", "-o", "xor.json", "-q")
    text = Path("xor.json").read_text(encoding="utf-8")
    for broken in (text.replace('"N_net": 9', '"N_net": 10'), text[: len(text) // 2], "", "[]", "\x00"):
        Path("broken.json").write_text(broken, encoding="utf-8")
        out, err = run("verify", "broken.json", code=1)
        assert out.startswith("[REJECTED] broken.json\n")
        assert len(out.splitlines()) >= 2
        assert err == ""


def test_interrupt_leaves_nothing(folder, monkeypatch):
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check_module, "check_architecture", interrupted)
    out, err = run("check", "2-2-1", "--data", "xor", "-o", "xor.html", code=130)
    assert out == ""
    assert err == "lossproof: interrupted; no file was left half-written\n"
    assert os.listdir(folder) == []


def spawn(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lossproof", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8", timeout=120)


def test_as_a_process(folder):
    good = spawn("check", "2-2-1", "--data", "xor", "-o", "xor.md")
    assert good.returncode == 0
    assert good.stderr == ""
    assert "\x1b" not in good.stdout
    assert spawn("verify", "xor.json").returncode == 0
    bad = spawn("check", "2-2-1", "--data", "xor", "--activation", "tahn")
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)


def shown_on_a_terminal(**variables: str) -> bytes:
    """Return what a check shows on a terminal of 90 columns."""
    main_end, child_end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "90"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "lossproof", "check", "2-1", "--data", "and"]
    process = subprocess.Popen(command, stdout=child_end, stderr=child_end, env=environment | variables)
    os.close(child_end)
    shown = b""
    while True:
        try:
            piece = os.read(main_end, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(main_end)
    assert process.wait(timeout=60) == 0
    return shown


def test_on_a_terminal_there_are_colours_and_progress(folder):
    assert b"\x1b[1;37;44m[PROVED]" in shown_on_a_terminal()


def test_a_dumb_terminal_gets_plain_text(folder):
    shown = shown_on_a_terminal(TERM="dumb")
    assert b"[PROVED] Is every local minimum global?" in shown
    assert b"\x1b" not in shown


def test_without_colours_the_text_is_plain(folder):
    shown = shown_on_a_terminal(NO_COLOR="1")
    assert b"[PROVED] Is every local minimum global?" in shown
    assert re.search(rb"\x1b\[[\d;]*m *\[", shown) is None
