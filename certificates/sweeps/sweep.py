"""Sweeps: the proved generic rank of every cell of a grid of architectures and numbers of samples."""

from __future__ import annotations

from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossproof.certificates.proof.context import Progress
from lossproof.certificates.sweeps.data import SweepData
from lossproof.certificates.sweeps.engine import check_engine, run_tasks
from lossproof.certificates.sweeps.grid import Names, SweepGrid
from lossproof.certificates.sweeps.parts import Parts
from lossproof.certificates.sweeps.result import SweepResult
from lossproof.certificates.sweeps.table import about_table, check_table_place, joined, read_table, require_arrow, table_of, write_table
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.grids import Numbers, Widths

if TYPE_CHECKING:
    import pyarrow as pa


def sweep(
    widths: Widths,
    T: Numbers | None = None,
    activation: Names = "tanh",
    seeds: Numbers = 0,
    *,
    X: Any = None,
    data_name: str = "",
    bias: Names = "trainable",
    output: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    self_check: bool = True,
) -> SweepResult:
    r"""Prove the rank of ``P(W)`` at almost every ``W`` for a grid of architectures, numbers of samples, activations, bias modes and seeds.

    - ``widths``: ``"2-{1..12}-1"``, ``(2, range(1, 13), 1)``, or a list of such; ``T``: ``"1..40"``, ``"5,10,20"``, ``"1..40..3"``, or whole numbers;
    - ``X``: inputs of your own, ``(T, n_0)``, as in `check_architecture`; a cell takes the first of them, by default all. ``data_name`` is for headings.
      Or a `SweepData`, which was read before;
    - ``activation``: one name, several joined by commas, or a list; ``bias``: ``"trainable"``, ``"none"`` or several. A choice may be a list with one a layer:
      ``["tanh", ["tanh", "relu"]]``, in text ``"tanh,tanh+relu"``; ``seeds`` of the samples, or of the points of a search, as ``T``;
    - ``output``: the ``.parquet``, ``.csv`` or ``.tex`` file to write. Finished parts are kept beside it until it is complete, and the same call goes on from
      them; where the complete table of this grid is there already, in Parquet, it is read. ``fresh`` starts anew;
    - ``workers``: processes of a local Dask cluster (default: one a core), 0 for none but this process; ``scheduler``: the address of a Dask cluster;
    - ``self_check``: write the certificate of every decided cell and have it checked (column ``checked``); one that is refused leaves its cell UNDECIDED. That
      takes longer than the proofs, for which one elimination serves many cells.

    Without ``X`` samples are random, with distinct inputs in ``[-4, 4]``. For each cell: *proved* lower and upper bounds of the rank at almost every ``W``,
    equal wherever the structure explains the rank (``decided``), and the verdict of `full-rank` almost everywhere. The lower bound is a minor
    modulo a prime (one layer, hidden identity, powers, sigmoid, tanh; any depth) or comes from the ordinary prover at one ``W``; the upper bound
    holds at every ``W``. For analytic activations the minor is analytic in the samples, too, and no upper bound depends on them: a decided rank
    holds for almost all sample sets. With ``X`` each cell is proved alone, by the ordinary prover, and what is proved holds for these samples.
    `SweepResult.certificate` writes the certificate of a cell.

    Interrupting (``KeyboardInterrupt``) returns the cells so far, with ``interrupted`` set. Raises `InputError` for input that cannot be used, for
    more than 10^6 cells, and when the extra ``lossproof[sweep]`` is not installed.

    >>> result = sweep("2-{1..3}-1", "1..12", "tanh", workers=0)
    >>> result.counts()
    {'PROVED': 26, 'REFUTED': 10, 'UNDECIDED': 0, 'decided': 36}
    >>> cell = result.cell("2-2-1", "tanh", 12)
    >>> cell.rank, cell.N_net, cell.deficiency, cell.reason
    (9, 9, 3, 'rank-size')
    """
    data = X if X is None or isinstance(X, SweepData) else SweepData.of(X, data_name)
    grid = SweepGrid.of(widths, T, activation, seeds, bias, data)
    check_engine(workers, scheduler)
    require_arrow()
    about = _about(grid, self_check=self_check)
    target = None if output is None else check_table_place(Path(output))
    if target is not None and not fresh:
        known = _complete(target, about)
        if known is not None:
            return SweepResult(known, grid.as_dict(), grid.cells, data=data)
    parts = None if target is None else Parts.beside(target, about, fresh=fresh)
    tables, interrupted = _collect(grid, parts, workers, scheduler, progress, self_check=self_check)
    table = joined([tables[number] for number in sorted(tables)], about)
    if target is not None and parts is not None and not interrupted:
        write_table(table, target)
        parts.remove()
    return SweepResult(table, grid.as_dict(), grid.cells, interrupted, data)


def _about(grid: SweepGrid, *, self_check: bool) -> dict[str, Any]:
    return {"version": version("lossproof"), "grid": grid.as_dict(), "self_check": self_check}


def _complete(target: Path, about: dict[str, Any]) -> pa.Table | None:
    """Return the table at the target if it is that of this grid and version."""
    if not target.is_file() or target.suffix.lower() != ".parquet":
        return None
    try:
        table = read_table(target)
        return table if about_table(table) == about else None
    except InputError:
        return None


def _collect(
    grid: SweepGrid, parts: Parts | None, workers: int | None, scheduler: str | None, progress: Progress | None, *, self_check: bool
) -> tuple[dict[int, pa.Table], bool]:
    """Return the tables of the finished tasks, and whether the run was interrupted."""
    tasks = dict(enumerate(grid.tasks()))
    sizes = {number: sum(len(group.samples) for group in task) for number, task in tasks.items()}
    tables: dict[int, pa.Table] = {}
    if parts is not None:
        loaded = {number: parts.load(number, sizes[number]) for number in tasks}
        tables = {number: table for number, table in loaded.items() if table is not None}
    left = {number: task for number, task in tasks.items() if number not in tables}
    done = sum(sizes[number] for number in tables)
    try:
        with closing(run_tasks(left, workers, scheduler, self_check=self_check)) as finished:
            for number, columns in finished:
                table = table_of(columns)
                if parts is not None:
                    parts.store(number, table)
                tables[number] = table
                done += sizes[number]
                if progress is not None:
                    progress("proving cells", done, grid.cells)
    except KeyboardInterrupt:
        return tables, len(tables) < len(tasks)
    return tables, False
