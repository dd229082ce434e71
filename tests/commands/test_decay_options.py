"""``--weight-decay`` and ``--no-decay-biases`` on the command line."""

from __future__ import annotations

import json

import pytest
from cases.command_cases import fail, run

NETWORK = ("1-1", "--data", "line.csv")


@pytest.fixture(autouse=True)
def _line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.csv").write_text("x,y\n0,1\n1,2\n2,6\n", encoding="utf-8")


def test_train_check_and_map_speak_about_the_same_sum(tmp_path):
    decay = ("--weight-decay", "1/3", "--no-decay-biases")
    run("train", *NETWORK, *decay, "--method", "newton", "-o", "weights.npz")
    out, _ = run("check", *NETWORK, *decay, "--weights", "weights.npz", "-o", "check.json")
    assert "0.944444" in out
    assert json.loads((tmp_path / "check.json").read_text())["problem"]["decay"] == [["1/3", "0"]]
    assert "ACCEPTED" in run("verify", "check.json")[0]
    out, _ = run("map", *NETWORK, *decay, "--starts", "4")
    assert "0.944444" in out


def test_rates_by_layer(tmp_path):
    run("check", "1-2-1", "--data", "line.csv", "--weight-decay", "1/10, 0", "--search", "none", "-o", "check.json", "--quiet")
    assert json.loads((tmp_path / "check.json").read_text())["problem"]["decay"] == [["1/10", "1/10"], ["0", "0"]]


@pytest.mark.parametrize("given", ["-1", "x", "1,2,3", "nan"])
def test_bad_rates_are_one_line(given):
    assert "--weight-decay" in fail("check", *NETWORK, f"--weight-decay={given}")
