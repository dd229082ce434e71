"""What is installed is all there: every room is a package, every file beside the code is package data, and the version is said once in the same words."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version

from cases.written_pages import ROOT

import lossproof as lp

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = {"lossproof": "src/lossproof", **{f"lossproof.{name}": name for name in ("theory", "numerics", "certificates")}}


def test_every_room_is_a_package():
    found = {
        ".".join([name, *path.parent.relative_to(ROOT / folder).parts])
        for name, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(found)
    assert PROJECT["tool"]["setuptools"]["package-dir"] == FOLDERS


def test_every_file_beside_the_code_is_installed():
    data = PROJECT["tool"]["setuptools"]["package-data"]
    for name, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                package = ".".join([name, *path.parent.relative_to(ROOT / folder).parts])
                assert any(path.match(pattern) for pattern in data.get(package, ())), path


def test_the_version_is_the_same_everywhere():
    citation = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert {lp.__version__, version("lossproof"), PROJECT["project"]["version"], citation[1]} == {lp.__version__}
    assert f"## {lp.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_certificates_and_reports_say_what_made_them():
    report = lp.check_architecture("1-1", [[0], [1]], [[1], [3]], seed=3)
    assert report.certificate.document["writer"] == f"lossproof {lp.__version__}"
    assert f"lossproof {lp.__version__}, Python" in str(report)
    assert "BLAS: " in str(report)
    assert report.to_dict()["provenance"]["seed"] == 3


def test_every_public_name_has_an_example():
    assert [name for name in lp.__all__ if ">>>" not in (getattr(lp, name).__doc__ or "")] == []
