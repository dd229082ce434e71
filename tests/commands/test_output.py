"""Output that nobody takes, and Ctrl-C at any moment: no traceback, an exit code that says so, nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import psutil
import pytest
from cases.command_cases import run

from lossproof.certificates.checks import check_architecture as check_module
from lossproof.certificates.commands.options import UNREAD
from lossproof.certificates.sweeps import engine as sweep_engine

COMMAND = (sys.executable, "-m", "lossproof")
COMMANDS = {
    "check": ("check", "2-1", "--data", "and"),
    "map": ("map", "2-1", "--data", "and", "--starts", "2", "--workers", "1"),
    "train": ("train", "2-1", "--data", "and"),
    "sweep": ("sweep", "--widths", "1-1", "--samples", "2", "--workers", "0"),
    "verify": ("verify", "and.json"),
    "zoo": ("zoo",),
    "statements": ("statements",),
    "version": ("--version",),
}


def spawn(*arguments, **streams):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run([*COMMAND, *arguments], check=False, text=True, encoding="utf-8", timeout=120, **options)


def _too_large():
    """Return what numpy raises for an array that no memory holds."""
    with pytest.raises(MemoryError) as caught:
        np.ones((2**22, 2**25))
    return caught.value


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device here")
@pytest.mark.parametrize("name", COMMANDS)
def test_output_to_a_full_device(folder, name):
    with open("/dev/full", "w") as full:
        done = spawn(*COMMANDS[name], stdout=full)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith("lossproof: files and standard output must be readable and writable, got No space left on device")
        if name in ("verify", "statements"):
            assert spawn(*COMMANDS[name], stdout=full, stderr=full).returncode == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_output_that_nobody_reads(folder, name):
    reading, writing = os.pipe()
    os.close(reading)
    done = spawn(*COMMANDS[name], stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (UNREAD, "")


def test_output_that_is_closed(folder):
    closed = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *COMMANDS["check"]], check=False, capture_output=True, timeout=120
    )
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, b"", b"")
    closed = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *COMMAND, "verify", "none.json"], check=False, capture_output=True, timeout=120
    )
    assert (closed.returncode, closed.stdout, closed.stderr) == (2, b"", b"")


def test_names_that_are_no_text(folder):
    name = b"\xff.html"
    done = subprocess.run([*COMMAND, *COMMANDS["check"], "-o", name], check=False, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(os.listdir(os.fsencode(folder))) == [b"and.json", name, b"\xff.json"]
    done = subprocess.run([*COMMAND, b"check", b"\xff", b"--data", b"\xfe.csv"], check=False, capture_output=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)


def test_a_disk_that_fills_up_while_files_are_written(folder, monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out, err = run(*COMMANDS["check"], "-o", "and.html", code=2)
    assert (out, err.count("\n")) == ("", 1)
    assert "No space left on device" in err
    assert os.listdir(folder) == ["and.json"]


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (OSError(5, "Input/output error", "and.csv"), "got Input/output error for 'and.csv'"),
        (MemoryError(), "must fit into memory, got too little of it: take"),
        (_too_large(), "must fit into memory, got too little of it for an array of 1048576.0 GiB: take"),
    ],
)
def test_what_the_system_refuses_inside_a_command(folder, monkeypatch, refusal, message):
    monkeypatch.setattr(check_module, "check_architecture", Mock(side_effect=refusal))
    out, err = run(*COMMANDS["check"], code=2)
    assert (out, err.count("\n")) == ("", 1)
    assert message in err


def interrupted(arguments, children, seconds, times):
    """Run a command in a group of processes of its own, press Ctrl-C once it has so many children, and return its exit code and what it printed.

    Tests that run in the background of a shell ignore Ctrl-C, and a process inherits that: the command starts while this one does not.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    while process.poll() is None and len(psutil.Process(process.pid).children(recursive=True)) < children:
        time.sleep(0.01)
    time.sleep(seconds)
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
    out, err = process.communicate(timeout=100)
    return process.returncode, out, err


@pytest.mark.parametrize(("children", "seconds", "times"), [(1, 0.0, 1), (2, 0.0, 1), (3, 0.0, 2), (3, 0.5, 1), (3, 1.0, 1)])
def test_an_interrupt_while_a_sweep_starts_its_workers(folder, children, seconds, times):
    """The whole group of processes gets Ctrl-C, as from a terminal; whenever it comes, only our own line is printed."""
    pytest.importorskip("distributed")
    grid = (
        "--widths",
        "2-{1..12}-2,3-{1..12}-2",
        "--samples",
        "1..40",
        "--activation",
        "tanh,sigmoid,gelu",
        "--seeds",
        "0..40",
        "--workers",
        "2",
    )
    code, out, err = interrupted(("sweep", *grid), children, seconds, times)
    assert (code, err) == (130, "lossproof: interrupted; no file was left half-written\n")
    assert "Interrupted " in out
    assert "proved for all" not in out


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.6])
def test_an_interrupt_while_a_map_starts_its_processes(folder, seconds):
    code, out, err = interrupted(("map", "2-2-1", "--data", "xor", "--starts", "2000", "--workers", "2"), 2, seconds, 1)
    assert (code, err) == (130, "lossproof: interrupted; no file was left half-written\n")
    assert out == "" or "The search was interrupted" in " ".join(out.split())


def test_an_interrupted_sweep_says_what_is_so(folder, monkeypatch):
    def interrupted(task: object, *, self_check: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep_engine, "prove_task", interrupted)
    for output in ((), ("-o", "sweep.parquet")):
        out, _ = run("sweep", "--widths", "2-{1..3}-1", "--samples", "1..9", "--workers", 0, *output, code=130)
        assert out == "Interrupted before the first of 27 cells was proved; nothing is known about them yet.\n"


def test_an_interrupt_after_the_last_task_changes_nothing(folder, monkeypatch):
    def progress(stage: str, done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    import lossproof as lp

    result = lp.sweep("2-{1..3}-1", "1..9", workers=0, output="sweep.parquet", progress=progress)
    assert not result.interrupted
    assert Path("sweep.parquet").is_file()
