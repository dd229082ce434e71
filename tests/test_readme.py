"""Every command and every code line of the README works word for word, in order, in a fresh folder, and it fits a screen."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from cases.written_pages import ROOT, blocks_of, commands_of, run_in_shell

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = blocks_of("README.md")
SET_UP = [
    "pip install . && lossproof check 2-2-1 --data xor --activation tanh -o xor.html",
    'pip install -e ".[test]" && python -m pytest',
]


def test_the_readme_works_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict = {}
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, "README.md", "exec"), namespace)
        else:
            assert kind == "sh"
            for command in commands_of(text):
                if command != "python -m pytest":
                    run_in_shell(command, tmp_path)
    assert {"xor.html", "xor.json"} <= set(os.listdir())
    assert namespace["found"].conclusion.verdict == "REFUTED"
    assert namespace["report"]["full-rank", 0].verdict == "PROVED"


def test_the_set_up_is_what_is_tested():
    """The two ways to install stand in the README as they are known here, and the second, with the test command, is what is run before a change lands."""
    lines = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    assert [line for line in lines if "pip" in line] == SET_UP
    assert SET_UP[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_readme_fits_a_screen():
    lines = README.splitlines()
    assert len(lines) <= 70
    assert max(len(re.sub(r"\]\([^)]*\)", "]", line)) for line in lines if not line.startswith("![")) <= 100


@pytest.mark.parametrize(
    "arguments", [("-c", "import lossproof; lossproof.verify; import lossproof.theory.verdicts"), ("-m", "lossproof", "--version")]
)
def test_the_checkout_does_not_hide_the_installed_package(arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_examples_do_not_write_the_files_of_the_readme():
    names = set(re.findall(r"[\w-]+\.(?:html|json|npz|svg|png|parquet|csv)\b", " ".join(text for _, text in BLOCKS)))
    for path in (ROOT / "examples").glob("*.py"):
        assert not names & set(re.findall(r"[\w-]+\.\w+", path.read_text(encoding="utf-8"))), path
