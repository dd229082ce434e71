"""Sweeps: cells and their certificates, files, resuming, workers that die, and the command."""

from __future__ import annotations

import json
import multiprocessing
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from cases.command_cases import fail, run

import lossproof as lp
from lossproof.certificates.kernel.reading.outcome import Failure
from lossproof.certificates.proof.verification import Verification
from lossproof.certificates.sweeps import engine as sweep_engine
from lossproof.certificates.sweeps.cells import prove_group
from lossproof.certificates.sweeps.certificate import cell_certificate
from lossproof.certificates.sweeps.grid import SweepGrid
from lossproof.certificates.sweeps.prover import cell_context
from lossproof.certificates.sweeps.result import SweepResult
from lossproof.certificates.sweeps.task import checked_cell, prove_task
from lossproof.numerics import dask_cluster
from lossproof.theory.exceptions import InputError, LossproofError

pytest.importorskip("pyarrow")
GRID = {"widths": "2-{1..12}-1", "T": "1..40", "activation": "tanh,sigmoid", "seeds": "0..3", "self_check": False}


def cells_of(widths, samples, activation, bias="trainable", seeds=0):
    return [cell for group in SweepGrid.of(widths, samples, activation, seeds, bias).groups() for cell in prove_group(group)]


def test_one_hidden_layer_has_the_rank_that_counting_gives():
    """tanh and sigmoid, generic inputs: ``min(N_net, T)`` for one output, in every cell."""
    result = lp.sweep(**GRID, workers=0)
    assert len(result) == result.cells_planned == 12 * 40 * 2 * 4
    assert result.counts() == {"PROVED": 2472, "REFUTED": 1368, "UNDECIDED": 0, "decided": len(result)}
    for cell in result:
        assert cell.rank == min(cell.N_net, cell.T) == cell.rank_lower == cell.rank_upper
        assert (cell.deficiency, cell.verdict) == (cell.T - cell.rank, "PROVED" if cell.N_net >= cell.T else "REFUTED")
        assert (cell.reason, cell.method, cell.rigor) == ("rank-size", "rank-minor", "EXACT")


def test_every_decided_cell_has_a_certificate_that_is_accepted():
    widths, names = "2-{1,3}-2,2-2-3-1,3-2", "tanh,sigmoid,identity,power:2,power:3,gelu,softsign,relu,elu"
    found = [cell for bias in ("trainable", "none") for cell in cells_of(widths, "1,3,4,7", names, bias, 5)]
    certified = 0
    for cell in found:
        if cell.verdict == "UNDECIDED":
            with pytest.raises(InputError, match="UNDECIDED"):
                cell_certificate(cell)
            continue
        verification = lp.verify(cell_certificate(cell).text)
        assert verification.ok, (cell, verification.failures)
        conclusion = verification.claims[0].conclusion
        assert (conclusion["statement"], conclusion["at"], conclusion["verdict"]) == ("full-rank", "almost everywhere", cell.verdict)
        if cell.rank is not None:
            assert conclusion["facts"] == {"rank_lower": cell.rank, "rank_upper": cell.rank_upper, "columns": cell.columns}
        certified += 1
    assert certified > 250


def test_an_altered_row_has_no_certificate():
    cell = cells_of("2-2-1", 12, "tanh")[0]
    for change in ({"rank_lower": 8}, {"rank_upper": 10}, {"seed": 1, "rank_upper": 8}, {"verdict": "PROVED"}):
        with pytest.raises(LossproofError, match="altered"):
            cell_certificate(replace(cell, **change))


@pytest.mark.parametrize("activation", ["gelu", "sin"])
def test_ranks_that_follow_from_others_are_those_of_each_cell(activation):
    """For one group many cells follow from few proofs; each cell alone gives the same."""
    together = cells_of("2-3-2,2-2-2-1,4-1-3", "1..12", activation)
    alone = [cells_of(cell.widths, cell.T, activation)[0] for cell in together]
    assert [(cell.rank, cell.rank_upper, cell.verdict) for cell in together] == [
        (cell.rank, cell.rank_upper, cell.verdict) for cell in alone
    ]
    assert all(cell.decided for cell in together)
    assert all(lp.verify(cell_certificate(cell).text).ok for cell in together[::3])


def test_a_sweep_has_its_certificates_checked():
    checked = lp.sweep("2-{1..3}-1", "1..12", "tanh,power:2,softsign", workers=0)
    assert checked.checked == checked.counts()["PROVED"] + checked.counts()["REFUTED"]
    quick = lp.sweep("2-{1..3}-1", "1..12", "tanh,power:2,softsign", workers=0, self_check=False)
    assert quick.checked == 0
    assert quick.table.drop_columns("checked").equals(checked.table.drop_columns("checked"), check_metadata=False)


def test_a_cell_whose_certificate_is_refused_is_undecided(monkeypatch):
    cell = cells_of("2-2-1", 3, "tanh")[0]
    monkeypatch.setattr("lossproof.certificates.sweeps.task.verify", lambda document: Verification((), (Failure("", "", ""),), None))
    found = checked_cell(cell)
    assert (found.verdict, found.rank, found.rank_lower, found.rank_upper, found.checked) == ("UNDECIDED", None, 0, 3, False)


def test_what_is_not_analytic_has_no_generic_rank():
    for cell in cells_of("2-3-1", "5,20", "relu,leaky-relu"):
        assert (cell.rank, cell.deficiency, cell.decided, cell.verdict) == (None, None, False, "REFUTED")
    small, large = cells_of("2-2-1", "3,12", "softsign")
    assert (small.verdict, small.rank, small.method) == ("PROVED", 3, "rank-patterns")
    assert (large.verdict, large.rank, large.rank_upper) == ("REFUTED", None, 9)


def test_a_defective_variety_is_a_lower_bound_only():
    """Plane quartics that are sums of five fourth powers: dimension 14, not 15 (Clebsch)."""
    cell = cells_of("3-5-1", "30", "power:4", "none")[0]
    assert (cell.rank_lower, cell.rank_upper, cell.rank, cell.verdict) == (14, 15, None, "REFUTED")


def test_deep_networks_and_several_outputs():
    for cell in cells_of("3-4-2-3,2-3-3-2,4-1-3,2-2-2-2-1", "1..30", "tanh,sigmoid"):
        assert cell.decided
        if cell.reason == "rank-size":
            assert cell.rank == min(cell.N_net, cell.columns)
    bottleneck = cells_of("4-1-3", "4", "tanh")[0]
    assert (bottleneck.rank, bottleneck.reason) == (8, "rank-dimension")


def test_files_are_written_read_and_drawn(tmp_path):
    table = tmp_path / "sweep.parquet"
    result = lp.sweep("2-{1..4}-1", "1..9..2", "tanh,power:2", [0, 1], bias="none", workers=0, output=table)
    assert not (tmp_path / "sweep.parquet.parts").exists()
    again = SweepResult.load(table)
    assert again.table.equals(result.table)
    assert again.grid == result.grid
    cell = again.cell("2-3-1", "power:2", 9, seed=1)
    assert (cell.rank, cell.reason) == (3, "rank-dimension")
    assert lp.verify(again.certificate(cell).text).ok
    with pytest.raises(InputError, match="must be in the sweep"):
        again.cell("2-3-1", "relu", 9)
    copy = again.save(tmp_path / "copy.parquet")
    assert copy.read_bytes() == table.read_bytes()
    first = again.save(tmp_path / "a.svg").read_bytes()
    assert first == result.save(tmp_path / "b.svg").read_bytes()
    assert b"power:2" in first
    assert again.save(tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"\.parquet or \.csv or \.tex"):
        again.save(tmp_path / "c.xlsx")


def test_pictures_of_all_kinds_of_grids(tmp_path):
    for n, (widths, samples, names) in enumerate(
        [
            ("2-2-1", 5, "tanh"),
            ("{2,3}-{1..3}-{1,2},2-1", "5,10,40", "tanh,relu,identity"),
            ("3-{4..6}-1", "10,30", "power:2,power:4,tanh,sigmoid"),
        ]
    ):
        picture = lp.sweep(widths, samples, names, bias="none", workers=0).save(tmp_path / f"{n}.svg").read_text(encoding="utf-8")
        assert "samples T" in picture
        assert ("lower bound only" in picture) == (n > 0)
    assert "width n of 3-n-1" in picture


def interrupted_after(monkeypatch, count):
    """Let the tasks of this process run, the next one after ``count`` being interrupted; return how many were run."""
    ran = []

    def task(groups, *, self_check):
        if len(ran) == count:
            raise KeyboardInterrupt
        ran.append(groups)
        return prove_task(groups, self_check=self_check)

    monkeypatch.setattr(sweep_engine, "prove_task", task)
    return ran


def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path, monkeypatch):
    table = tmp_path / "sweep.parquet"
    with monkeypatch.context() as patch:
        interrupted_after(patch, 3)
        part = lp.sweep(**GRID, workers=0, output=table)
    assert part.interrupted
    assert 0 < len(part) < part.cells_planned
    assert not table.exists()
    assert len(list((tmp_path / "sweep.parquet.parts").glob("*.parquet"))) == 3
    next(iter(sorted((tmp_path / "sweep.parquet.parts").glob("*.parquet")))).write_bytes(b"half")
    with pytest.raises(InputError, match="another grid or version"):
        lp.sweep("2-2-1", 3, workers=0, output=table)
    with monkeypatch.context() as patch:
        ran = interrupted_after(patch, 10**6)
        whole = lp.sweep(**GRID, workers=0, output=table)
        assert len(ran) == len(SweepGrid.of("2-{1..12}-1", "1..40", "tanh,sigmoid", "0..3", "trainable").tasks()) - 2
        assert lp.sweep(**GRID, workers=0, output=table).table.equals(whole.table)  # read, not proved again
        assert len(ran) == 6
        lp.sweep(**GRID, workers=0, output=table, fresh=True)
        assert len(ran) == 14
    assert whole.table.equals(lp.sweep(**GRID, workers=0).table)


def test_folders_that_are_no_parts_are_left_alone(tmp_path):
    folder = tmp_path / "sweep.parquet.parts"
    folder.mkdir()
    (folder / "mine.txt").write_text("keep", encoding="utf-8")
    for fresh in (False, True):
        with pytest.raises(InputError, match=r"without a readable grid\.json"):
            lp.sweep("2-2-1", 3, workers=0, output=tmp_path / "sweep.parquet", fresh=fresh)
    assert (folder / "mine.txt").exists()


def test_files_that_no_sweep_wrote(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    other = tmp_path / "other.parquet"
    other.write_bytes(b"no")
    with pytest.raises(InputError, match="Parquet file that can be read"):
        SweepResult.load(other)
    pq.write_table(pa.table({"x": [1]}), other)
    with pytest.raises(InputError, match="metadata"):
        SweepResult.load(other)
    pq.write_table(pa.table({"x": [1]}).replace_schema_metadata({b"lossproof": json.dumps({"grid": {}})}), other)
    with pytest.raises(InputError, match="columns"):
        SweepResult.load(other)


@pytest.mark.parametrize(("module", "workers"), [("pyarrow.parquet", 0), ("distributed", 1)])
def test_missing_extras_are_named(monkeypatch, module, workers):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"pip install 'lossproof\[sweep\]'"):
        lp.sweep("2-2-1", 3, workers=workers)


def test_a_killed_worker_loses_nothing(tmp_path):
    pytest.importorskip("distributed")
    killed, before = [], set(multiprocessing.active_children())

    def kill_one(stage, done, total):
        if not killed:
            killed.extend(child for child in multiprocessing.active_children() if child not in before)
            killed[0].kill()

    result = lp.sweep(
        "2-{1..12}-1", "1..40", "tanh,sigmoid", "0..7", workers=2, output=tmp_path / "sweep.parquet", progress=kill_one, self_check=False
    )
    assert killed
    assert not result.interrupted
    assert result.table.equals(lp.sweep("2-{1..12}-1", "1..40", "tanh,sigmoid", "0..7", workers=0, self_check=False).table)
    assert set(multiprocessing.active_children()) <= before


def test_a_cluster_that_is_there_already_is_used():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:
        result = lp.sweep("2-{1..3}-1", "1..9", scheduler=cluster.scheduler_address)
    assert result.table.equals(lp.sweep("2-{1..3}-1", "1..9", workers=0).table)


def test_a_scheduler_without_workers_is_not_waited_for(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(dask_cluster, "_WORKERLESS", 0.2)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0", silence_logs=50) as cluster,
        pytest.raises(InputError, match=r"must have workers, got none for 0\.2 s: start some with dask worker"),
    ):
        lp.sweep("2-1", 2, scheduler=cluster.scheduler_address)


def test_a_task_that_kills_its_workers_ends_the_sweep(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")

    def deadly(groups, *, self_check):
        raise distributed.KilledWorker("a task", SimpleNamespace(address="somewhere"), 20)

    monkeypatch.setattr(sweep_engine, "prove_task", deadly)
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0", silence_logs=50) as cluster,
        pytest.raises(LossproofError, match="what was finished is kept"),
    ):
        lp.sweep("2-{1..3}-1", "1..9", scheduler=cluster.scheduler_address)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ("--widths", "2-{1..3}-1", "--samples", "1..12", "--activation", "tanh", "--activation", "power:2", "--workers", 0)
    out, err = run("sweep", *options, "-o", "sweep.parquet", "--plot", "phase.png")
    assert err == ""
    assert out.startswith("72 cells. Rank P(W) = T·n_L at almost every W: PROVED for ")
    assert "The rank at almost every W is proved for all." in out
    assert out.endswith("Table: sweep.parquet\nPicture: phase.png\n")
    assert sorted(path.name for path in Path().iterdir()) == ["phase.png", "sweep.parquet"]
    out, _ = run("sweep", "--widths", "2-3-1", "--samples", 20, "--certificate", "cell.json")
    assert out.startswith("[REFUTED] full-rank – almost everywhere: 2-3-1, tanh, T = 20: rank P(W) = 13 at almost every W")
    accepted, _ = run("verify", "cell.json")
    assert "[REFUTED] full-rank – almost everywhere (EXACT)" in accepted
    assert run("sweep", *options, "--quiet") == ("", "")


def test_all_tables_that_are_asked_for_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ("--widths", "2-{1..2}-1", "--samples", "1..3", "--workers", 0)
    out, _ = run("sweep", *options, "-o", "s.csv", "-o", "s.tex", "-o", "s.parquet")
    assert out.endswith("Table: s.csv\nTable: s.tex\nTable: s.parquet\n")
    for name in ("s.csv", "s.tex", "s.parquet"):
        run("sweep", *options, "-o", f"alone-{name}", "--quiet")
        assert Path(name).read_bytes() == Path(f"alone-{name}").read_bytes()
    assert len(list(Path().iterdir())) == 6
    assert "must differ" in fail("sweep", *options, "-o", "s.csv", "-o", "s.csv")


def test_braces_that_a_shell_has_expanded_are_the_same_grid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rest = ("--samples", "1..3", "--workers", 0)
    quoted, _ = run("sweep", "--widths", "2-{1..3}-1", *rest)
    expanded, _ = run("sweep", "--widths", "2-1-1", "2-2-1", "2-3-1", *rest)
    assert quoted == expanded
    assert "9 cells" in quoted


def test_the_command_refuses_bad_input_before_it_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "2-{1..12}-1" in fail("sweep", "--widths", "2-", "--samples", "1..3")
    assert ".parquet" in fail("sweep", "--widths", "2-1", "--samples", 3, "-o", "sweep.xlsx")
    assert ".png" in fail("sweep", "--widths", "2-1", "--samples", 3, "--plot", "sweep.gif")
    assert ".json" in fail("sweep", "--widths", "2-1", "--samples", 3, "--certificate", "cell.txt")
    assert "one cell" in fail("sweep", "--widths", "2-1", "--samples", "1..3", "--certificate", "cell.json")
    assert "workers" in fail("sweep", "--widths", "2-1", "--samples", 3, "--workers", -1)
    assert "tcp://host:8786" in fail("sweep", "--widths", "2-1", "--samples", 3, "--scheduler", "tcp://host")
    assert "leave one of them out" in fail("sweep", "--widths", "2-1", "--samples", 3, "--scheduler", "tcp://host:8786", "--workers", 2)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_command_says_what_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    interrupted_after(monkeypatch, 2)
    options = (
        "--widths",
        "2-{1..12}-1",
        "--samples",
        "1..40",
        "--seeds",
        "0..3",
        "--workers",
        0,
        "-o",
        "sweep.parquet",
        "--plot",
        "phase.png",
    )
    out, err = run("sweep", *options, code=130)
    assert "Interrupted after 1040 of 1920 cells; they are kept beside sweep.parquet: the same command goes on." in out
    assert err == "lossproof: interrupted; no file was left half-written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.parquet.parts"]


def test_layers_that_differ(tmp_path, monkeypatch):
    """Every cell says what a check of the same samples and network says; its certificate is accepted, and tables and pictures tell the choices apart."""
    monkeypatch.chdir(tmp_path)
    activations, biases = ["tanh", ["sigmoid", "tanh"]], ["none", ["trainable", "none", "trainable"]]
    result = lp.sweep("2-2-2-1", "4,16", activations, bias=biases, workers=0)
    assert (len(result), result.checked) == (8, 8)
    for cell in result:
        context, _ = cell_context(cell.group.architecture, cell.T, cell.seed)
        samples = context.problem.samples
        report = lp.check_architecture(
            cell.widths, samples.X, samples.Y, activation=cell.activation.split("+") if "+" in cell.activation else cell.activation,
            bias=cell.bias.split("+") if "+" in cell.bias else cell.bias, search="none",
        )  # fmt: skip
        assert report["full-rank", "almost everywhere"].verdict == cell.verdict
        assert cell.rank == min(cell.N_net, cell.T)
    mixed = result.cell("2-2-2-1", ["sigmoid", "tanh"], 4, bias=biases[1])
    assert (mixed.activation, mixed.bias, mixed.N_net) == ("sigmoid+tanh", "trainable+none+trainable", 13)
    assert result.cell("2-2-2-1", "tanh", 4).bias == "none"
    for name in ("t.csv", "t.tex", "t.parquet", "t.svg"):
        result.save(name)
    assert "trainable+none+trainable" in Path("t.csv").read_text()
    assert Path("t.tex").read_text().splitlines()[3].endswith(r"& by & bias \\ \hline \endhead")
    assert "sigmoid+tanh, biases trainable+none+trainable" in Path("t.svg").read_text()
    assert lp.sweep("2-2-2-1", "4,16", activations, bias=biases, output="t.parquet", workers=0, self_check=True).table.equals(result.table)
    run("sweep", "--widths", "2-2-2-1", "--samples", "3", "--activation", "tanh+softplus", "--bias", "trainable+none+trainable", "--workers", "0",
        "--certificate", "c.json")  # fmt: skip
    assert lp.verify("c.json").ok
    assert "one depth" in fail("sweep", "--widths", "2-2-1", "--samples", "3", "--activation", "tanh+relu", "--workers", "0")
