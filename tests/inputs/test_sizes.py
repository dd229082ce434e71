"""What cannot be done in any reasonable time is refused at once, with what it would take."""

from __future__ import annotations

import time

import numpy as np
import pytest
from cases.command_cases import fail

import lossproof as lp
from lossproof.certificates.inputs.sizes import MOST_NUMBERS, require_few_numbers, require_few_samples, require_searchable
from lossproof.theory.problem.architecture import Architecture

MANY = 10**7
PATTERN = r"must be at most 10,000,000 numbers, got 30,000,000 in 10,000,000 rows, .* 5\.6 GiB, and a check 30 min or more: take fewer rows"


def containers():
    column = np.zeros(1, dtype=np.int8)
    X, Y = np.broadcast_to(column, (MANY, 2)), np.broadcast_to(column, (MANY, 1))
    yield X, Y
    yield X, Y[:, 0]
    yield [[0, 1]] * MANY, Y


@pytest.mark.parametrize("call", [lp.check_architecture, lp.train, lp.find_critical_points])
def test_too_many_samples_are_refused_at_once(call):
    for X, Y in containers():
        start = time.process_time()
        with pytest.raises(lp.InputError, match=PATTERN):
            call("2-2-1", X, Y)
        assert time.process_time() - start < 0.5


def test_torch_and_tables_are_refused_by_their_shapes():
    torch, pd = pytest.importorskip("torch"), pytest.importorskip("pandas")
    with pytest.raises(lp.InputError, match=PATTERN):
        require_few_samples(torch.zeros(1, 1).expand(MANY, 2), torch.zeros(1).expand(MANY))
    with pytest.raises(lp.InputError, match="at most 10,000,000 numbers"):
        require_few_samples(pd.DataFrame(np.zeros((10, 1_000_001), dtype=np.int8)), [0] * 10)


def test_too_many_weights_are_refused_at_once():
    start = time.process_time()
    for widths in ("2-10000000-1", "2-5000-6000-1"):
        with pytest.raises(lp.InputError, match=r"at most 25,000,000 weights, got N_net = .* GiB, and a check .* take smaller widths"):
            lp.check_architecture(widths, [[0, 1]], [[1]])
    assert time.process_time() - start < 0.5


def test_a_long_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("lossproof.certificates.inputs.sizes.MOST_NUMBERS", 1000)
    (tmp_path / "long.csv").write_text("1,2,3\n" * 400, encoding="utf-8")
    assert "got 1,200 in 400 rows" in fail("check", "2-2-1", "--data", tmp_path / "long.csv")
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    pd.DataFrame({"a": range(600), "b": range(600)}).to_parquet(tmp_path / "long.parquet")
    assert "got 1,200 in 600 rows" in fail("check", "1-2-1", "--data", tmp_path / "long.parquet")


def test_what_is_just_small_enough_passes():
    require_few_numbers(MOST_NUMBERS, 1, "the samples")
    for other in (None, 5, "text", [], [5], np.zeros((2, 2, 2)), object()):
        require_few_samples(other, other)


def test_a_search_of_too_many_weights_is_refused_at_once():
    start = time.process_time()
    with pytest.raises(
        lp.InputError, match=r"at most 10,000 weights, got N_net = 800,001, whose Hessian takes 4768\.4 GiB: take smaller widths"
    ):
        lp.find_critical_points("2-200000-1", [[0, 1]], [[1]])
    assert time.process_time() - start < 0.5
    a = Architecture.of("2-2499-1")
    assert a.N_net == 9997
    require_searchable(a)
    with pytest.raises(lp.InputError):
        require_searchable(Architecture.of("2-2500-1"))
