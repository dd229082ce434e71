"""Every example runs, prints something, and draws what the gallery shows; what it prints stands in the gallery, and so does its code."""

from __future__ import annotations

import importlib
import runpy
import sys
from pathlib import Path

import pytest
from cases.written_pages import ROOT, settled

SMALLER = {"phase_of_minima": ("2",)}
"""Arguments with which an example is shorter than in the gallery: what it prints is then not compared, but its code is."""
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")


def test_examples_were_found() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path), *SMALLER.get(path.stem, ())])
    runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr().out
    assert printed.strip()
    monkeypatch.syspath_prepend(str(ROOT))
    gallery = importlib.import_module("benchmarks.gallery")
    if path.stem in gallery.SHOWN:
        section = gallery.section(path.stem, "" if path.stem in SMALLER else printed).removesuffix("```\n" if path.stem in SMALLER else "")
        assert settled(section) in settled(PAGE), "run: python -m benchmarks.gallery"
        for picture in gallery.SHOWN[path.stem][1]:
            assert (tmp_path / picture).stat().st_size > 1000
            assert (ROOT / "docs" / "figures" / picture).is_file()
