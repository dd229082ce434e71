"""``lossproof doctor`` finds a sound installation sound, and says what is missing or wrong."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from cases.command_cases import run

from lossproof import __version__
from lossproof.certificates.commands import doctor
from lossproof.certificates.proof import verify as verify_module
from lossproof.certificates.proof.verification import Verification

PROJECT = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_a_sound_installation():
    out, err = run("doctor")
    assert err == ""
    assert out.startswith(f"lossproof {__version__}, Python 3.")
    assert out.count("[OK]") == 4
    assert "MISSING" not in out
    assert re.search(r"^BLAS: \w+ [\w.]+, threads: \d+", out, re.MULTILINE)
    assert re.search(r"^Cores: \d+ usable; memory: [\d.]+ GiB free$", out, re.MULTILINE)


def test_extras_for_users_are_those_of_the_project(monkeypatch):
    lines = [*PROJECT["dependencies"]]
    lines += [f'{line}; extra == "{extra}"' for extra, names in PROJECT["optional-dependencies"].items() for line in names]
    monkeypatch.setattr(doctor, "requires", lambda name: lines)
    out, _ = run("doctor")
    for extra in set(PROJECT["optional-dependencies"]) - set(doctor._DEVELOPERS):
        assert re.search(rf"^Extra {extra}: ", out, re.MULTILINE)
    assert "Extra test" not in out


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(doctor, "requires", lambda name: ["numpy>=2", "no-such-package>=1", 'no-such-other; extra == "fancy"'])
    out, _ = run("doctor", code=1)
    assert "no-such-package MISSING" in out
    assert "Extra fancy: not installed (pip install 'lossproof[fancy]')" in out


@pytest.mark.parametrize("accepts", [True, False])
def test_a_kernel_that_always_says_the_same_is_found(monkeypatch, accepts):
    monkeypatch.setattr(verify_module, "verify", lambda text: Verification((), () if accepts else ("wrong",), None))
    out, _ = run("doctor", code=1)
    assert out.count("[OK]") == 3
    assert "[FAILED] the kernel accepts a small proof" in out


def test_a_product_that_is_a_little_off_is_found(monkeypatch):
    monkeypatch.setattr(np, "array_equal", lambda first, second: False)
    assert not doctor._doubles_round_to_nearest()


def test_an_error_is_a_failure():
    def broken() -> bool:
        raise ArithmeticError("no balls here")

    found = doctor._tested("balls", broken)
    assert (found["ok"], found["error"]) == (False, "no balls here")
    assert re.fullmatch(r"\[FAILED\] balls \(\d+ ms\): no balls here", doctor._test_line(found))
