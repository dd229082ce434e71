"""The code of written pages: blocks in their order, run as a reader would run them, and what they print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

import typer.main

from cases.command_cases import invoke
from lossproof.certificates.commands.main import app

ROOT = Path(__file__).resolve().parents[2]
INSTALL = re.compile(r"pip install .*")


def blocks_of(page: str) -> list[tuple[str, str]]:
    """Return the code blocks of a page of the repository as pairs of language and text."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, flags=re.MULTILINE | re.DOTALL)
    return [(kind, re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)) for indent, kind, block in found]


def commands_of(text: str) -> list[str]:
    """Return the commands of a shell block, one after another, without comments and without those that install."""
    parts = [part.split("   #")[0].strip() for line in text.splitlines() for part in line.split(" && ")]
    return [part for part in parts if part and not INSTALL.fullmatch(part)]


def settled(text: str) -> str:
    """Return printed text without what depends on the machine: radii and last digits of bounds, and how many starts led somewhere."""
    text = re.sub(r"\d+(\.\d+)?e-\d+", "#", text)
    text = re.sub(r"(#\s+)\d+$", r"\1#", text, flags=re.MULTILINE)
    return re.sub(r"\s+", " ", re.sub(r"\d+ ended nowhere", "# ended nowhere", text))


def run_in_shell(command: str, folder: Path) -> str:
    """Run a command as it stands; it must end well, and complain of nothing."""
    environment = {**os.environ, "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, (command, done.stderr)
    assert done.stderr == "", command
    return done.stdout


def run_command(command: str, folder: Path) -> str:
    """Run a command: one of lossproof alone in this process, which takes less time, any other in a shell."""
    if not command.startswith("lossproof ") or re.search(r"[|<>;$]", command):
        return run_in_shell(command, folder)
    done = invoke(*shlex.split(command)[1:], env={"COLUMNS": "100"})
    assert done.exit_code == 0, (command, done.output)
    return done.stdout


def read_options(command: str) -> None:
    """Read the arguments of a command as the command line does, and go no further."""
    name, *arguments = shlex.split(command)[1:]
    group = typer.main.get_command(app)
    with group.make_context("lossproof", [name]) as context:
        found = group.get_command(context, name)
        assert found is not None
        found.make_context(name, list(arguments), parent=context)
