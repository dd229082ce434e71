"""The table of models in the documents is what the readers and the proofs say today, for the models of every library that is there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.model_cases import CASES
from benchmarks.models import HEAD, row_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
LIBRARIES = {"torch": "torch", "Keras": "keras", "Flax": "flax", "Equinox": "equinox", "ONNX": "onnx", "JAX": "jax"}
"""What the models of a framework are made with, where it is no part of the tests."""
LENGTHS = {HEAD.index("at most so far"), HEAD.index("no minimum within")}
RANKS = {HEAD.index("rank P of T·n_L")}
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]


def same_but_for_training(cell, known):
    """Whether ranks such as ``24 of 54`` differ by two at most: other versions of scikit-learn and BLAS train other weights, with other units that are dead."""
    (rank, _, size), (other, _, wanted) = (text.partition(" of ") for text in (cell, known))
    return size == wanted and rank.isdecimal() and other.isdecimal() and abs(int(rank) - int(other)) <= 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.framework} {case.name} {case.loss}")
def test_the_table_is_what_is_said(case):
    library = LIBRARIES.get(case.framework)
    if library is not None and find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    (listed,) = [row for row in ROWS if row[:3] == [case.framework, case.name, case.loss]]
    found = row_of(case)
    assert len(found) == len(listed) == len(HEAD)
    for k, (cell, known) in enumerate(zip(found, listed, strict=True)):
        if k in LENGTHS:
            assert (cell == "–") == (known == "–")
        elif k in RANKS and cell != known:
            assert same_but_for_training(cell, known), (cell, known)
        else:
            assert cell == known


def test_every_model_is_in_the_table():
    listed = [tuple(row[:3]) for row in ROWS if row[0] != "framework"]
    assert len(CASES) >= 40
    assert {(case.framework, case.name, case.loss) for case in CASES} <= set(listed)
