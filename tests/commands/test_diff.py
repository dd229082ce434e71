"""``lossproof diff`` compares what the kernel derived, and nothing that it does not accept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.command_cases import fail, run

XOR = ("check", "2-2-1", "--data", "xor", "--quiet", "--search", "none")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diff")
    run(*XOR, "-o", folder / "a.json")
    run(*XOR, "-o", folder / "b.json", "--seed", 1)
    run("check", "2-1-1", "--data", "xor", "--quiet", "-o", folder / "c.json")
    weights = [{"W": [[1, 0], [0, 1]], "b": [0, 0]}, {"W": [[1], [1]], "b": [0]}]
    (folder / "w.json").write_text(json.dumps(weights))
    run(*XOR, "-o", folder / "d.json", "--weights", folder / "w.json")
    return folder


def test_equal_certificates_do_not_differ(made):
    assert run("diff", made / "a.json", made / "a.json") == ("No claim differs.\n", "")


def test_forms_for_programs(made):
    assert run("diff", made / "a.json", made / "c.json", "--quiet", code=1) == ("", "")
    told = json.loads(run("diff", made / "a.json", made / "c.json", "--json", code=1)[0])
    assert told == {"equal": False, "differences": run("diff", made / "a.json", made / "c.json", code=1)[0].splitlines()}
    assert json.loads(run("diff", made / "a.json", made / "a.json", "--json")[0]) == {"equal": True, "differences": []}
    assert "at most one of --json, --quiet" in fail("diff", made / "a.json", made / "a.json", "--json", "--quiet")


def test_points_are_compared_by_weights(made):
    """Point 0 of two seeds is not the same point: its claims stand on both sides, and those about all weights on neither."""
    out, _ = run("diff", made / "a.json", made / "b.json", code=1)
    lines = out.splitlines()
    assert "- full-rank – at point 0: PROVED (EXACT)" in lines
    assert "+ full-rank – at point 0: PROVED (EXACT)" in lines
    assert not any("no-bad-local-minima" in line or line.startswith("The problems") for line in lines)


def test_a_change_of_verdict_is_one_line(made):
    out, _ = run("diff", made / "a.json", made / "c.json", code=1)
    lines = out.splitlines()
    assert lines[0].startswith("The problems differ: digest ")
    assert "~ no-bad-local-minima – everywhere: PROVED (EXACT) → REFUTED (EXACT)" in lines
    assert "~ count – everywhere: N_net 9 → 5" in lines


def test_one_side_alone_is_marked(made):
    out, _ = run("diff", made / "a.json", made / "d.json", code=1)
    assert any(line.startswith("+ escape – at point 0: PROVED") for line in out.splitlines())
    back, _ = run("diff", made / "d.json", made / "a.json", code=1)
    assert any(line.startswith("- escape – at point 0: PROVED") for line in back.splitlines())


def test_what_the_kernel_refuses_is_not_compared(made, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_bytes(Path(made / "a.json").read_bytes().replace(b'"N_net": 9', b'"N_net": 8'))
    assert "must hold" in fail("diff", made / "a.json", broken)
    assert "must hold" in fail("diff", broken, made / "a.json")
    assert "none.json" in fail("diff", made / "a.json", tmp_path / "none.json")
