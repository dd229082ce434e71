"""``lossproof map``: the table, the files, bad input, and what an interruption keeps."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

import pytest
from cases.command_cases import fail
from cases.command_cases import run as run_command
from cases.map_cases import hand_map

from lossproof.certificates.maps import find_critical_points as search

run = partial(run_command, "map")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("wells.csv").write_text("x,y\n1/4,9/10\n8,1/10\n", encoding="utf-8")
    return tmp_path


def stand_in(monkeypatch, found):
    """Replace the search; return the arguments it is called with."""
    called: dict[str, object] = {}

    def find(widths, X, Y, **options):
        called.update(options, widths=widths, X=X, Y=Y)
        return found

    monkeypatch.setattr(search, "find_critical_points", find)
    return called


WELLS = ("1-1", "--data", "wells.csv", "--output-activation", "sigmoid", "--bias", "none", "--starts", 60, "--workers", 1)


def test_a_real_map_with_all_its_files(folder):
    outputs = [part for suffix in ("html", "md", "tex", "txt") for part in ("-o", f"map.{suffix}")]
    out, err = run(*WELLS, *outputs, "--plot", "map.svg")
    assert err == ""
    assert sorted(os.listdir(folder)) == ["map.html", "map.json", "map.md", "map.svg", "map.tex", "map.txt", "wells.csv"]
    assert out.startswith("Critical points of the 1-1 network with sigmoid on wells.csv\n")
    assert "strict local minimum, suboptimal" in out
    assert "[REFUTED] Is every local minimum global?" in out
    assert "Report: map.html, map.md, map.tex, map.txt\nPicture: map.svg\nCertificate: map.json\n" in out
    accepted, _ = run_command("verify", "map.json")
    assert "[REFUTED] no-bad-local-minima – everywhere" in accepted
    page = Path("map.html").read_text(encoding="utf-8")
    assert "A bad local minimum is proved to exist" in page
    assert '<table class="points">' in page
    assert "<svg" in Path("map.svg").read_text(encoding="utf-8")


def test_the_options_reach_the_search(folder, monkeypatch):
    called = stand_in(monkeypatch, hand_map())
    run(
        "2-2-1",
        "--data",
        "xor",
        "--activation",
        "sin",
        "--error",
        "cauchy",
        "--starts",
        7,
        "--seed",
        3,
        "--workers",
        2,
        "--max-precision",
        512,
    )
    expected = {"activation": "sin", "output_activation": "identity", "error": "cauchy", "bias": "trainable"}
    expected |= {"starts": 7, "seed": 3, "workers": 2, "max_precision": 512, "data_name": "xor"}
    assert {key: called[key] for key in expected} == expected
    assert tuple(called["widths"]) == (2, 2, 1)
    assert called["Y"] == [[0], [1], [1], [0]]


def test_weights_to_start_from(folder):
    for name, bias in (("near.json", 0.9), ("far.json", -3)):
        Path(name).write_text(f'[{{"W": [["1/8"]], "b": [{bias}]}}]', encoding="utf-8")
    arguments = ("1-1", "--data", "wells.csv", "--weights", "near.json", "--weights", "far.json", "--starts", 0)
    out, err = run(*arguments, "-o", "map.txt")
    assert err == ""
    assert "2 given weights led to 1 proved critical point." in out
    assert "From given weights 0 the way leads to point 0, at most 0.23 away" in out
    assert "From given weights 1 the way leads to point 0, at most 3.94 away" in out
    assert "From given weights 1 the way leads to point 0, at most 3.94 away" in Path("map.txt").read_text(encoding="utf-8")
    assert run_command("verify", "map.json")[0].startswith("[ACCEPTED]")


def test_nothing_to_write(folder, monkeypatch):
    stand_in(monkeypatch, hand_map())
    out, _ = run("2-2-1", "--data", "xor")
    assert "Nothing was written. For a report and its certificate: lossproof map 2-2-1 --data xor … -o map.html" in out
    out, _ = run("2-2-1", "--data", "xor", "--plot", "map.png")
    assert "Picture: map.png\nNo certificate was written." in out
    assert sorted(os.listdir(folder)) == ["map.png", "wells.csv"]


def test_quiet(folder, monkeypatch):
    stand_in(monkeypatch, hand_map())
    assert run("2-2-1", "--data", "xor", "-q", "-o", "map.json") == ("", "")
    assert sorted(os.listdir(folder)) == ["map.json", "wells.csv"]


def test_an_interruption_keeps_what_was_proved(folder, monkeypatch):
    stand_in(monkeypatch, hand_map(interrupted=True))
    out, err = run("2-2-1", "--data", "xor", "-o", "map.txt", "--plot", "map.svg", code=130)
    assert sorted(os.listdir(folder)) == ["map.json", "map.svg", "map.txt", "wells.csv"]
    flat = re.sub(r"\s+", " ", out)
    assert "The search was interrupted: this is what was proved until then." in flat
    assert "strict local minimum, suboptimal" in out
    assert err == "lossproof: interrupted; no file was left half-written\n"


def test_an_interruption_before_the_search_leaves_nothing(folder, monkeypatch):
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(search, "find_critical_points", interrupted)
    assert run("2-2-1", "--data", "xor", "-o", "map.txt", code=130)[0] == ""
    assert os.listdir(folder) == ["wells.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "widths"),
        (["2-2-1"], "--data"),
        (["2-2-x", "--data", "xor"], "widths"),
        (["2-2-1", "--data", "xro"], "did you mean 'xor'"),
        (["3-2-1", "--data", "xor"], "X must have 3 columns"),
        (["2-2-1", "--data", "xor", "--activation", "tahn"], "did you mean 'tanh'"),
        (["2-2-1", "--data", "xor", "--starts", "0"], "starts"),
        (["2-2-1", "--data", "xor", "--starts", "many"], "--starts"),
        (["2-2-1", "--data", "xor", "--weights", "none.npz"], "none.npz"),
        (["2-2-1", "--data", "xor", "--weights", "wells.csv"], "must end in .npz or .json"),
        (["2-2-1", "--data", "xor", "--workers", "0"], "workers"),
        (["2-2-1", "--data", "xor", "-o", "map.pdf"], ".html .md .tex .bib .txt .json"),
        (["2-2-1", "--data", "xor", "--plot", "map.pdf"], ".svg or .png"),
        (["2-2-1", "--data", "xor", "--plot", "nowhere/map.svg"], "folder"),
        (["2-2-1", "--data", "wells.csv", "--plot", "wells.csv"], "another file"),
        (["2-2-1", "--data", "wells.csv"], "X must have 2 columns"),
    ],
)
def test_bad_input(folder, arguments, message):
    assert message.lower() in fail("map", *arguments).lower()
    assert os.listdir(folder) == ["wells.csv"]


def test_a_complete_map_of_a_box(folder):
    output, _ = run(
        "1-1", "--data", "wells.csv", "--output-activation", "sigmoid", "--bias", "none", "--complete", "--box", 3, "-o", "wells.json"
    )
    assert re.search(r"\[PROVED\] All critical points in the box \|w\| ≤ 3 are the", " ".join(output.split()))
    assert Path("wells.json").exists()


def test_a_complete_map_keeps_what_is_settled_and_goes_on(folder):
    options = ("1-1", "--data", "wells.csv", "--output-activation", "sigmoid", "--bias", "none", "--complete", "--box", 3)
    first, _ = run(*options, "--resume", "kept.json")
    again, _ = run(*options, "--resume", "kept.json")
    assert first == again
    assert "same problem and box" in fail("map", *options[:-1], 2, "--resume", "kept.json")
    assert "same problem and box" in fail("map", *options, "--minima", "--resume", "kept.json")
    assert "must not be another file" in fail("map", *options, "--resume", "wells.csv")
    assert "All local minima in the box" in " ".join(run(*options, "--minima")[0].split())


def test_a_complete_map_without_a_box_is_one_line_of_error(folder):
    assert "needs a box" in fail("map", "1-1-1", "--data", "wells.csv", "--complete")
