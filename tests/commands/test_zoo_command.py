"""The zoo on the command line, as data, and as the page of the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases.command_cases import fail, run

import lossproof as lp
from lossproof.certificates.inputs.data_sources import load_data

NAMES = [entry.name for entry in lp.zoo_entries()]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "zoo.md"


def test_samples_of_an_entry_by_name():
    source = load_data("zoo:auer-2", 1)
    assert source.name == "zoo:auer-2"
    report = lp.check_architecture("1-1", source.X, source.Y, output_activation="sigmoid", bias="none", data_name=source.name)
    assert report["no-bad-local-minima"].verdict is not lp.Verdict.PROVED
    with pytest.raises(lp.InputError, match="did you mean 'auer-2'"):
        load_data("zoo:auer2", 1)


def test_command_lists_and_proves(tmp_path):
    assert all(name in run("zoo")[0] for name in NAMES)
    out, _ = run("zoo", "auer-3", "-o", tmp_path / "auer.html")
    assert "3" in out
    assert "[REFUTED]" in out
    assert "lossproof verify" in out
    assert (tmp_path / "auer.html").exists()
    assert "ACCEPTED" in run("verify", tmp_path / "auer.json")[0]
    assert run("zoo", "auer-2", "--quiet") == ("", "")


def test_command_writes_all_and_the_page_is_up_to_date(tmp_path):
    page = tmp_path / "zoo.md"
    out, _ = run("zoo", "--all", "-o", tmp_path, "--markdown", page)
    assert f"Page: {page}" in out
    assert PAGE.read_text(encoding="utf-8") == page.read_text(encoding="utf-8"), "run: lossproof zoo --markdown docs/zoo.md"
    assert {path.stem for path in tmp_path.glob("*.json")} == set(NAMES)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["auer3"], "did you mean 'auer-3'"),
        (["auer-3", "--all"], "named alone"),
        (["-o", "x.html"], "with an entry or with --all"),
        (["--all", "-o", "no-such-folder"], "must name a folder that exists"),
        (["--all", "-o", ".", "-o", "."], "one folder"),
        (["--markdown", "zoo.html"], "must end in .md"),
    ],
)
def test_bad_input_is_said_in_one_line(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in fail("zoo", *arguments)
    assert not list(tmp_path.iterdir())
