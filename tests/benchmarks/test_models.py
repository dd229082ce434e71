"""The table of models in the documents is what the readers and the proofs say today, for the models of scikit-learn."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.model_cases import CASES
from benchmarks.models import HEAD, row_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
LENGTHS = {HEAD.index("at most so far"), HEAD.index("no minimum within")}
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("case", [case for case in CASES if case.framework == "scikit-learn"], ids=lambda case: case.name)
def test_the_table_is_what_is_said(case):
    (listed,) = [row for row in ROWS if row[:3] == [case.framework, case.name, case.loss]]
    found = row_of(case)
    assert len(found) == len(listed) == len(HEAD)
    assert [cell for k, cell in enumerate(found) if k not in LENGTHS] == [cell for k, cell in enumerate(listed) if k not in LENGTHS]
    assert [found[k] == "–" for k in LENGTHS] == [listed[k] == "–" for k in LENGTHS]


def test_every_model_is_in_the_table():
    listed = [tuple(row[:3]) for row in ROWS if row[0] != "framework"]
    assert len(CASES) >= 40
    assert {(case.framework, case.name, case.loss) for case in CASES} <= set(listed)
