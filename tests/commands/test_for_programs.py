"""What programs read: JSON on standard output and nothing else, exit codes, certificates from many files and from standard input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from cases.command_cases import fail, invoke, run
from cases.written_pages import ROOT

import lossproof as lp
from lossproof.certificates.commands import cost_estimate
from lossproof.certificates.proof import verify as verify_module

XOR = ("check", "2-2-1", "--data", "xor")


@pytest.fixture
def folder(folder, certificate):
    """The folder with the certificate, and the same with a wrong number in it."""
    Path("wrong.json").write_bytes(certificate.replace(b'"N_net": 3', b'"N_net": 4'))
    return folder


def test_json_is_all_that_is_printed(folder, monkeypatch):
    monkeypatch.setattr(cost_estimate, "WORTH_SAYING", 4)
    out, err = run(*XOR, "--json", "-o", "xor.html")
    data = json.loads(out)
    assert out.isascii()
    assert err.startswith("T·n_L = 4 columns")
    assert sorted(os.listdir(folder)) == ["and.json", "wrong.json", "xor.html", "xor.json"]
    report = lp.check_architecture("2-2-1", [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], activation="tanh")
    whole = report.to_dict()
    assert (data["conclusion"], data["N_net"], data["columns"], data["T"]) == ("PROVED", 9, 4, 4)
    assert data["digest"] == whole["digest"] == json.loads(Path("xor.json").read_bytes())["digest"]
    assert len(data["claims"]) == len(whole["claims"])
    for claim, known in zip(data["claims"], whole["claims"], strict=True):
        assert claim == {key: value for key, value in known.items() if key not in ("rule", "evidence", "rests_on")}
    assert not {"problem", "points", "lemmas"} & set(data)


DOCUMENTED = {
    re.sub(r"`", "", row[1]).strip(): re.findall(r"`([\w-]+)`", row[3])
    for line in (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8").partition("## JSON for programs")[2].splitlines()
    if len(row := line.split("|")) == 5 and "`" in row[3]
}
SIGMOID_NEURON = ("--output-activation", "sigmoid", "--bias", "none")


def json_of(*arguments, code=0):
    """Return what a command prints with ``--json``, which must be strict JSON, and alone."""
    out, err = run(*arguments, "--json", code=code)
    assert (out.isascii(), err) == (True, "")
    return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_every_command_prints_the_documented_json(folder):
    found = {
        "check": json_of(*XOR, "--search", "none"),
        "map": json_of("map", "1-1", "--data", "zoo:auer-2", *SIGMOID_NEURON, "--starts", 8, "--workers", 1),
        "train": json_of("train", "2-2-1", "--data", "xor", "-o", "weights.npz"),
        "sweep": json_of("sweep", "--widths", "2-{1..2}-1", "--samples", "1..6", "--workers", 0, "-o", "sweep.csv"),
        "zoo NAME": json_of("zoo", "auer-2", "-o", "auer.html"),
        "doctor": json_of("doctor"),
        "diff": json_of("diff", "and.json", "and.json"),
    }
    zoo, verified = json_of("zoo"), json_of("verify", "and.json")
    found |= {"zoo": zoo[0], "verify": verified[0], "a point of map": found["map"]["points"][0]}
    assert list(found["zoo NAME"]["report"]) == DOCUMENTED["check"]
    for name, data in found.items():
        more = DOCUMENTED["check"] if name == "map" else []
        assert list(data) == [*more, *DOCUMENTED[name]], name
    assert sorted(found) == sorted(DOCUMENTED)
    assert {"weights.npz", "sweep.csv", "auer.html", "auer.json"} <= set(os.listdir(folder))

    assert (found["map"]["conclusion"], found["map"]["starts"]) == ("REFUTED", 8)
    assert [point["kind"] for point in found["map"]["points"]][:2] == ["strict-minimum", "strict-minimum"]
    assert all(Fraction(point["loss_lower"]) <= Fraction(point["loss_upper"]) for point in found["map"]["points"])
    assert len(found["train"]["history"]["loss"]) == found["train"]["iterations"] + 1
    assert (found["sweep"]["counts"]["PROVED"], len(found["sweep"]["cells"])) == (11, 12)
    assert [entry["name"] for entry in zoo] == [entry.name for entry in lp.zoo_entries()]
    assert (found["zoo NAME"]["differences"], found["zoo NAME"]["entry"]["name"]) == ([], "auer-2")
    assert all(test["ok"] for test in found["doctor"]["tests"])


def test_numbers_beyond_doubles_and_those_that_are_none_are_json_too(folder):
    Path("line.csv").write_text("x,y\n0,1\n1,3\n", encoding="utf-8")
    digits = json_of("train", "1-1", "--data", "line.csv", "--activation", "identity", "--precision", 40)
    assert digits["digits"] == 40
    assert all(isinstance(value, str) for value in digits["history"]["gradient_norm"])
    none = json_of("train", "1-1", "--data", "line.csv", "--max-iterations", 0)
    assert none["iterations"] == 0
    assert none["order"]["rate"] is None


def test_json_and_quiet_exclude_each_other(folder):
    for command in (
        ["map", "2-1", "--data", "and"],
        ["train", "2-1", "--data", "and"],
        ["sweep", "--widths", "1-1", "--samples", "1"],
        ["zoo"],
    ):
        assert (
            fail(*command, "--json", "--quiet")
            == "lossproof: at most one of --json, --quiet must be given, got --json and --quiet: choose one\n"
        )


def test_forms_of_output_exclude_each_other(folder):
    assert "at most one of --full, --json, --quiet" in fail(*XOR, "--json", "--full")
    assert "got --json and --quiet" in fail(*XOR, "--json", "--quiet")


def test_many_certificates(folder):
    out, err = run("verify", "and.json", "wrong.json", "and.json", code=1)
    assert [line.partition("]")[0] for line in out.splitlines() if line.startswith("[")] == ["[ACCEPTED", "[REJECTED", "[ACCEPTED"]
    assert err == ""
    run("verify", "and.json", "and.json")
    out, err = run("verify", "wrong.json", "none.json", "and.json", code=2)
    assert "[REJECTED] wrong.json" in out
    assert "[ACCEPTED] and.json" in out
    assert err.count("\n") == 1
    assert err.startswith("lossproof: a certificate must be a file that can be read, got 'none.json'")


def test_quiet_checks_tell_by_their_exit_codes(folder):
    assert run("verify", "--quiet", "and.json") == ("", "")
    assert run("verify", "--quiet", "and.json", "wrong.json", code=1) == ("", "")
    out, err = run("verify", "--quiet", "and.json", "none.json", code=2)
    assert out == ""
    assert "none.json" in err
    assert "at most one of --json, --quiet" in fail("verify", "and.json", "--json", "--quiet")


def test_the_code_that_certificates_rest_on_is_written(folder):
    out, err = run("verify", "and.json", "--code", "code.txt")
    code, result = Path("code.txt").read_text(encoding="utf-8"), lp.verify("and.json")
    assert (code, err) == (result.trusted_code().text, "")
    assert "def check_certificate" in code
    assert out.splitlines()[-1] == f"{result.trusted_code()} They are in code.txt."
    assert json.loads(run("verify", "and.json", "--json", "--code", "code.txt")[0])[0]["ok"]
    before = Path("and.json").read_bytes()
    assert "must not replace a certificate" in fail("verify", "and.json", "--code", "./and.json")
    assert "must exist" in fail("verify", "and.json", "--code", "none/code.txt")
    assert Path("and.json").read_bytes() == before


def test_certificates_as_json(folder):
    accepted, rejected = json.loads(run("verify", "and.json", "wrong.json", "--json", code=1)[0])
    assert (accepted["file"], accepted["ok"], accepted["failures"]) == ("and.json", True, [])
    assert accepted["digest"] == json.loads(Path("and.json").read_bytes())["digest"]
    assert {"count", "full-rank", "no-bad-local-minima"} <= {claim["statement"] for claim in accepted["claims"]}
    assert (rejected["ok"], rejected["claims"], rejected["digest"]) == (False, [], None)
    assert rejected["failures"][0]["place"].startswith("steps[")


def verified(data: bytes, *arguments: str) -> tuple[int, str]:
    result = invoke("verify", *arguments, input=data)
    return result.exit_code, result.stdout


def test_a_certificate_from_standard_input(folder, certificate):
    assert verified(certificate, "-") == (0, run("verify", "and.json")[0].replace("and.json", "-"))
    code, out = verified(certificate, "and.json", "-")
    assert (code, out.count("[ACCEPTED]")) == (0, 2)
    assert "at most once" in fail("verify", "-", "-")


@pytest.mark.parametrize("data", [b"", b"and.json", b"\xff\xfe", b"[]", b'{"format": 1}'])
def test_standard_input_is_never_a_path(folder, data):
    code, out = verified(data, "-")
    assert code == 1
    assert out.startswith("[REJECTED] -\n")


def test_standard_input_without_an_end_is_not_read(folder, monkeypatch, certificate):
    monkeypatch.setattr(verify_module, "_MAX_BYTES", len(certificate) - 1)
    assert "there are more bytes" in verified(certificate + b" " * 9, "-")[1]


def test_standard_input_that_is_closed():
    command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-m", "lossproof", "verify", "-"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)


def test_exit_codes_are_documented():
    text = " ".join(run("--help")[0].split())
    for code in ("0 it ran", "1 verify rejects", "2 bad input", "130 interrupted", "141 nobody reads"):
        assert code in text.replace("│ ", "")
