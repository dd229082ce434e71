"""Whatever surrounds the command line – no home, a dumb terminal, a pipe that closes, a shell that completes – there is plain text and no noise."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases.command_cases import run

from lossproof.certificates.commands import terminal

COMMAND = (sys.executable, "-m", "lossproof")
BARE = {"PATH": os.environ["PATH"]}


def spawn(*arguments, **variables):
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, check=False, timeout=120, env={**BARE, **variables})
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "variables",
    [{"TERM": "dumb"}, {"NO_COLOR": "1"}, {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}],
    ids=["dumb", "no colour", "ascii"],
)
def test_plain_text_without_noise(variables):
    code, out, err = spawn("statements", "full-rank", **variables)
    assert (code, err) == (0, "")
    assert "full-rank" in out
    assert "\x1b" not in out


def test_pictures_without_a_home(tmp_path):
    picture = tmp_path / "run.png"
    code, out, err = spawn("train", "2-1", "--data", "and", "--max-iterations", "1", "--plot", str(picture), HOME="/none")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [picture]


@pytest.mark.parametrize("arguments", [(), ("--help",), ("check", "--help")])
def test_help_into_a_pipe_that_closes(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=120)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_exit_codes_stand_in_the_help():
    out, _ = run("--help")
    said = " ".join(out.replace("│", " ").split())
    for words in ("0 it ran", "1 verify rejects", "2 bad input", "130 interrupted", "141 nobody reads"):
        assert words in said


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"_LOSSPROOF_COMPLETE": "complete_bash", "COMP_WORDS": "lossproof ch", "COMP_CWORD": "1"}, "check"),
        ({"_LOSSPROOF_COMPLETE": "complete_bash", "COMP_WORDS": "lossproof check --tar", "COMP_CWORD": "2"}, "--target"),
        ({"_LOSSPROOF_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "lossproof swe"}, "sweep"),
        (
            {"_LOSSPROOF_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_ARGS": "lossproof veri"},
            "verify",
        ),
    ],
)
def test_shells_complete_commands_and_options(variables, expected):
    command, environment = Path(sys.executable).with_name("lossproof"), {**os.environ, **variables}
    done = subprocess.run([command], capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert expected in done.stdout.split() or f'"{expected}"' in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("variables", "shown"), [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_without_colours_gets_no_cursor_codes(monkeypatch, variables, shown):
    class Terminal(io.StringIO):
        """A terminal that remembers what it is sent."""

        def isatty(self):
            return True

    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with terminal.busy("reading and"):
        pass
    assert ("\x1b[" in sys.stderr.getvalue()) is shown


def test_progress_is_shown_on_a_terminal_alone(monkeypatch):
    shown = []

    class Bar:
        """What stands for a terminal."""

        def __enter__(self):
            return lambda *step: shown.append(step)

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(terminal, "progress_bar", lambda *, quiet: Bar())
    with terminal.busy("reading and"):
        assert shown == [("reading and", 0, 0)]
    out, err = run("check", "2-1", "--data", "and", "--search", "none", "--quiet")
    assert (out, err) == ("", "")
