"""What several tests of the commands start from: a certificate that the command line wrote, and a folder to work in that holds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases.command_cases import run


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate as the command line writes it."""
    path = tmp_path_factory.mktemp("certificate") / "and.json"
    run("check", "2-1", "--data", "and", "-o", path, "-q")
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path, monkeypatch, certificate):
    """A folder that holds the certificate, and is the one worked in."""
    monkeypatch.chdir(tmp_path)
    Path("and.json").write_bytes(certificate)
    return tmp_path
