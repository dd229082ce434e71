"""``lossproof check --search``: what was searched is printed, and an interruption keeps what was proved."""

from __future__ import annotations

import os
import re

from cases.command_cases import fail, run

from lossproof.certificates.claims import network_search

GELU = ("check", "2-2-1", "--data", "xor", "--activation", "gelu")


def flat(text: str) -> str:
    """The text on one line."""
    return re.sub(r"\s+", " ", text)


def test_what_was_searched_is_printed():
    assert "Searched for bad minima from 48 seeded starts" in flat(run(*GELU)[0])
    assert "searched for from 48 seeded starts" in flat(run(*GELU, "--full")[0])
    assert "seeded starts" not in flat(run(*GELU, "--search", "none")[0])
    assert "until the time was over" in flat(run(*GELU, "--search", "0.001")[0])


def test_other_settings_are_refused():
    assert "search must be 'auto', 'none' or a number of seconds" in fail(*GELU, "--search", "long")


def test_an_interruption_keeps_what_was_proved(tmp_path, monkeypatch):
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(network_search, "search_in_rounds", interrupted)
    out, err = run(*GELU, "-o", "xor.txt", code=130)
    assert sorted(os.listdir(tmp_path)) == ["xor.json", "xor.txt"]
    assert "[UNDECIDED] Is every local minimum global?" in out
    assert "No search for bad local minima was made, as it was interrupted." in flat((tmp_path / "xor.txt").read_text(encoding="utf-8"))
    assert err == "lossproof: interrupted; no file was left half-written\n"
