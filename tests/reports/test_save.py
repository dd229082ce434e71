"""Files are written by suffix, and all or nothing."""

from __future__ import annotations

import json
import os

import pytest
from cases.report_cases import xor_report

from lossproof.certificates import files
from lossproof.certificates.commands.output_files import plan_outputs, write_outputs
from lossproof.certificates.reports import text as render_text_module
from lossproof.certificates.reports.save import SUFFIXES, save_report
from lossproof.theory.exceptions import InputError


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_save_by_suffix(tmp_path, suffix):
    path = tmp_path / f"xor{suffix}"
    assert xor_report().save(path) == path
    text = path.read_text(encoding="utf-8")
    openings = {
        ".html": "<!DOCTYPE html>",
        ".md": "# The",
        ".tex": "\\documentclass",
        ".txt": "The 2-2-1",
        ".json": "{",
        ".bib": "% cited by",
    }
    opening = openings[suffix]
    assert text.startswith(opening)
    assert sorted(os.listdir(tmp_path)) == sorted({path.name, "xor.json"})
    assert json.loads((tmp_path / "xor.json").read_text(encoding="utf-8")) == xor_report().certificate.document
    assert suffix == ".json" or "xor.json" in text


def test_a_certificate_of_that_name_is_replaced_and_nothing_else(tmp_path):
    save_report(xor_report(), tmp_path / "xor.html")
    save_report(xor_report(), tmp_path / "xor.md")
    assert sorted(os.listdir(tmp_path)) == ["xor.html", "xor.json", "xor.md"]
    for content in ("[]", '{"mine": 1}', ""):
        (tmp_path / "xor.json").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="a file there that is no certificate"):
            save_report(xor_report(), tmp_path / "xor.tex")
        assert (tmp_path / "xor.json").read_text(encoding="utf-8") == content
    assert not (tmp_path / "xor.tex").exists()
    save_report(xor_report(), tmp_path / "xor.json")
    assert json.loads((tmp_path / "xor.json").read_text(encoding="utf-8")) == xor_report().certificate.document


def test_upper_case_suffix(tmp_path):
    save_report(xor_report(), tmp_path / "xor.HTML")
    assert (tmp_path / "xor.HTML").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("name", ["xor.pdf", "xor", ".html"])
def test_unknown_suffix(tmp_path, name):
    with pytest.raises(InputError, match=r"\.html \.md \.tex \.bib \.txt \.json"):
        save_report(xor_report(), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match="folder"):
        save_report(xor_report(), tmp_path / "nowhere" / "xor.html")


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "xor.html").mkdir()
    with pytest.raises(InputError, match="must be a file"):
        save_report(xor_report(), tmp_path / "xor.html")


def test_unwritable_folder(tmp_path, monkeypatch):
    def refuse(path: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.Path, "touch", refuse)
    with pytest.raises(InputError, match="must be writable, got Permission denied"):
        save_report(xor_report(), tmp_path / "xor.html")


def test_a_failing_render_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "xor.txt"
    path.write_text("old", encoding="utf-8")

    def fail(*args: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(render_text_module, "render_text", fail)
    with pytest.raises(ZeroDivisionError):
        save_report(xor_report(), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["xor.txt"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "interrupt"])
def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch, failure):
    path = tmp_path / "xor.txt"
    path.write_text("old", encoding="utf-8")

    def fail(*args: object) -> None:
        raise failure

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises((InputError, KeyboardInterrupt)) as raised:
        save_report(xor_report(), path)
    assert isinstance(raised.value, KeyboardInterrupt) or "No space left" in str(raised.value)
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["xor.txt"]


def test_a_symbolic_link_is_followed(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    save_report(xor_report(), link)
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8").startswith("The 2-2-1")


def test_the_certificate_goes_beside_every_report(tmp_path):
    outputs = plan_outputs([tmp_path / "a.html", tmp_path / "a.md", tmp_path / "b.txt"], [])
    assert [path.name for path in outputs] == ["a.html", "a.md", "b.txt", "a.json", "b.json"]
    write_outputs(xor_report(), outputs)
    assert sorted(os.listdir(tmp_path)) == ["a.html", "a.json", "a.md", "b.json", "b.txt"]


def test_one_file_named_twice_is_written_once(tmp_path):
    assert len(plan_outputs([tmp_path / "a.json", tmp_path / "a.json"], [])) == 1


def test_an_input_is_never_replaced(tmp_path):
    (tmp_path / "xor.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="input of this run"):
        plan_outputs([tmp_path / "xor.json"], [str(tmp_path / "xor.json")])


def test_a_foreign_json_file_is_never_replaced_unasked(tmp_path):
    foreign = tmp_path / "xor.json"
    foreign.write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="no certificate"):
        plan_outputs([tmp_path / "xor.html"], [])
    assert plan_outputs([foreign], []) == (foreign,)
    save_report(xor_report(), foreign)
    assert len(plan_outputs([tmp_path / "xor.html"], [])) == 2
