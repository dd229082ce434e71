"""A sweep on samples of a user's own: what is proved holds for these samples, in special position or not, and tables are written in all formats."""

from __future__ import annotations

import csv
import pickle
import re
from fractions import Fraction
from pathlib import Path

import pandas
import pytest
from cases.command_cases import fail, run

import lossproof as lp
from lossproof.certificates.reports.provenance import Provenance
from lossproof.certificates.sweeps.cells import COLUMNS
from lossproof.certificates.sweeps.data import SweepData
from lossproof.certificates.sweeps.result import SweepResult
from lossproof.theory.problem.samples import exact_rows

pytest.importorskip("pyarrow")
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]
REPEATED = [[0, 1], [2, 3], [0, 1], [5, 7], [2, 3]]
LINE = [[k, 2 * k] for k in range(6)]
GENERAL = [[Fraction(k, 3), Fraction(k * k % 7, 5)] for k in range(1, 7)]


@pytest.mark.parametrize("X", [XOR, REPEATED, LINE, GENERAL], ids=["xor", "repeated", "line", "general"])
@pytest.mark.parametrize("activation", ["tanh", "identity", "power:2", "relu"])
def test_cells_say_what_a_check_of_these_samples_says(X, activation):
    result = lp.sweep("2-1,2-2-1", (2, len(X)), activation, X=X, workers=0)
    assert result.checked == result.counts()["PROVED"] + result.counts()["REFUTED"]
    for cell in result:
        report = lp.check_architecture(cell.widths, X[: cell.T], [0] * cell.T, activation=activation, search="none", self_check=False)
        claim = report["full-rank", "almost everywhere"]
        assert claim.verdict == cell.verdict
        assert cell.rank is None or cell.rank == claim.facts["rank_lower"] == claim.facts["rank_upper"]


def test_repeated_and_collinear_samples_lose_rank():
    repeated = list(lp.sweep("2-4-1", "1..5", X=REPEATED, workers=0))
    assert [cell.rank for cell in repeated] == [1, 2, 2, 3, 3]
    assert [cell.verdict for cell in repeated] == ["PROVED", "PROVED", "REFUTED", "REFUTED", "REFUTED"]
    linear = lp.sweep("2-1", 6, "identity", X=LINE, workers=0)
    assert [(cell.rank, cell.verdict) for cell in linear] == [(2, "REFUTED")]


def test_certificates_need_the_samples(tmp_path):
    table = tmp_path / "own.parquet"
    result = lp.sweep("2-2-1", "2,4", X=XOR, data_name="xor", workers=0, output=table)
    assert result.grid["data"]["name"] == "xor"
    cell = next(iter(result))
    assert lp.verify(result.certificate(cell).text).ok
    again = SweepResult.load(table, XOR)
    assert lp.verify(again.certificate(cell).text).ok
    with pytest.raises(lp.InputError, match=r"give them to SweepResult\.load as X"):
        SweepResult.load(table).certificate(cell)
    with pytest.raises(lp.InputError, match="X must be the inputs of this sweep"):
        SweepResult.load(table, LINE)
    own = lp.sweep("2-2-1", "2,4", workers=0, output=tmp_path / "drawn.parquet")
    assert "data" not in own.grid
    with pytest.raises(lp.InputError, match="X must be the inputs of this sweep"):
        SweepResult.load(tmp_path / "drawn.parquet", XOR)


def test_a_table_of_other_samples_is_not_taken_for_this_one(tmp_path):
    table = tmp_path / "own.parquet"
    first = lp.sweep("2-2-1", 4, X=XOR, workers=0, output=table)
    other = lp.sweep("2-2-1", 4, X=LINE, workers=0, output=table)
    assert first.grid["data"]["digest"] != other.grid["data"]["digest"] == SweepResult.load(table).grid["data"]["digest"]


def test_data_are_exact_and_travel_to_workers():
    data = SweepData.of([[0.1, "1/3"]], "mine")
    assert ((Fraction(0.1), Fraction(1, 3)),) == data.X
    assert pickle.loads(pickle.dumps(data)) == data
    assert len({SweepData.of(X).digest for X in ([[1, 23]], [[12, 3]], [[1], [23]], [["1/23"]], [[1, 2], [3, 4]], [[1, 2, 3, 4]])}) == 6


@pytest.mark.parametrize(
    ("widths", "T", "X", "message"),
    [
        ("3-1", 2, XOR, "X must have 3 columns for 3-1, got 2"),
        ("2-1", "1..5", XOR, "at most those of the data, 4, got 5"),
        ("2-1", None, None, "must be given where no data are"),
        ("2-1", None, [[float("nan"), 1]], r"X\[0\]\[0\] must be finite"),
        ("1-1", None, [[1]] * 2001, "at most 2000 samples, got 2001"),
        ("2-1", 10**7, None, "at most 2000, got 10000000, of which P alone would have 10,000,000 columns"),
    ],
)
def test_what_does_not_fit_is_refused(widths, T, X, message):
    with pytest.raises(lp.InputError, match=message):
        lp.sweep(widths, T, X=X, workers=0)


def test_tables_as_csv_and_latex(tmp_path):
    result = lp.sweep("2-{1..2}-1", "3,12", "tanh,relu", workers=0)
    path = result.save(tmp_path / "t.csv")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    made = Provenance.now()
    assert tuple(rows[0]) == (*COLUMNS, "version", "blas", "day")
    assert {(row["version"], row["blas"]) for row in rows} == {(made.version, made.blas)}
    assert len({row["day"] for row in rows}) == 1
    frame = pandas.read_csv(path)
    assert (list(frame["T"]), frame["day"].dtype) == ([cell.T for cell in result], frame["version"].dtype)
    assert [(row["widths"], int(row["T"]), row["verdict"], row["rank"]) for row in rows] == [
        (cell.widths, cell.T, cell.verdict, "" if cell.rank is None else str(cell.rank)) for cell in result
    ]
    text = result.save(tmp_path / "t.tex").read_text(encoding="utf-8")
    assert text.count(r" \\") == len(result) + 1
    assert re.search(rf"^% Made on [\d-]+ by lossproof {re.escape(made.version)}, Python [\d.]+; BLAS: .*; seeds: 0\.$", text, re.MULTILINE)
    again = lp.SweepResult.load(result.save(tmp_path / "t.parquet"))
    assert again.save(tmp_path / "again.csv").read_bytes() == path.read_bytes()
    assert r"2-1-1 & tanh & 3 & 5 & 3 & 3 & proved & rank-size \\" in text
    assert r"2-2-1 & relu & 12 & 9 & 12 & $" in text
    assert {line.count("&") for line in text.splitlines() if line.endswith(r"\\")} == {7}
    several = lp.sweep("1-1", 2, seeds="0,1", workers=0, output=tmp_path / "s.tex")
    assert r"rank-size & 1 \\" in (tmp_path / "s.tex").read_text(encoding="utf-8")
    assert len(several) == 2
    assert not list(tmp_path.glob("*.parts"))


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.csv").write_text("a;b;kind\n0,5;1;x\n1;2;y\n3;1;x\n", encoding="utf-8")
    read = ("--data", "own.csv", "--decimal", ",", "--target", "kind", "--classes", "--workers", 0)
    out, _ = run("sweep", "--widths", "2-{1..2}-1", *read, "-o", "t.csv", "--plot", "t.svg")
    assert out.startswith("The inputs are the columns a, b. The target is the column kind.\n2 cells. ")
    assert "own.csv" in Path("t.svg").read_text(encoding="utf-8")
    times = []
    monkeypatch.setattr("lossproof.certificates.sweeps.data.exact_rows", lambda rows, name: times.append(name) or exact_rows(rows, name))
    out, _ = run("sweep", "--widths", "2-2-1", *read, "--certificate", "c.json")
    assert "T = 3" in out
    assert times == ["X"]
    run("verify", "c.json")
    assert "got --target without --data" in fail("sweep", "--widths", "2-1", "--samples", 3, "--target", "a")
    assert "must end in one number of outputs" in fail("sweep", "--widths", "1-1,1-2", "--data", "own.csv", "--decimal", ",")
    assert "or the data" in fail("sweep", "--widths", "2-1", *read, "-o", "own.csv")
    assert sorted(path.name for path in Path().iterdir()) == ["c.json", "own.csv", "t.csv", "t.svg"]
