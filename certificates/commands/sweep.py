"""``lossproof sweep``: the proved generic rank of every cell of a grid, as a table and a heat map."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossproof.certificates.commands.options import (
    INTERRUPTED,
    Classes,
    Decimal,
    Delimiter,
    Header,
    Inputs,
    Json,
    Quiet,
    SelfCheck,
    Target,
    at_most_one,
    data_options,
    print_json,
)
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    from lossproof.certificates.inputs.data_source import DataOptions
    from lossproof.certificates.sweeps.cells import SweepCell
    from lossproof.certificates.sweeps.data import SweepData
    from lossproof.certificates.sweeps.result import SweepResult

_WIDTHS_HELP = "Architectures, such as 2-{1..12}-1, {2,3}-{1..4}-1 or 2-2-1; several are joined by commas."
_ACTIVATION_HELP = "Hidden activations, joined by commas or given again; one a layer as tanh+relu. Default: tanh."
_BIAS_HELP = "trainable, none, or both joined by a comma; one a layer as trainable+none."
_SAMPLES_HELP = "Numbers of samples, such as 1..40, 5,10,20 or 1..40..3; with --data all of them by default."
_MORE_HELP = "Further widths: what a shell makes of braces that stand without quotes."
_DATA_HELP = "Samples of your own, as `lossproof check` takes them, in place of random ones; each cell has the first of them."
_OUTPUT_HELP = "The table to write, as .parquet, .csv or .tex. Repeatable; finished parts are kept beside the first."
_CERTIFICATE_HELP = "Write the certificate of the cell; the grid must be a single one."
_SCHEDULER_HELP = "A Dask cluster that is running, such as tcp://host:8786; without it one of this machine is started."


def sweep_grid(
    widths: Annotated[str, typer.Option(metavar="GRID", help=_WIDTHS_HELP)],
    samples: Annotated[str | None, typer.Option(metavar="LIST", help=_SAMPLES_HELP)] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[GRID]...", help=_MORE_HELP)] = None,
    activation: Annotated[list[str] | None, typer.Option(metavar="NAMES", help=_ACTIVATION_HELP)] = None,
    seeds: Annotated[str, typer.Option(metavar="LIST", help="Seeds of the samples.")] = "0",
    data: Annotated[str | None, typer.Option(metavar="NAME|FILE", help=_DATA_HELP)] = None,
    target: Target = None,
    inputs: Inputs = None,
    classes: Classes = False,
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    header: Header = None,
    bias: Annotated[str, typer.Option(help=_BIAS_HELP)] = "trainable",
    output: Annotated[list[Path] | None, typer.Option("--output", "-o", metavar="FILE", help=_OUTPUT_HELP)] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the heat map, as .png or .svg.")] = None,
    certificate: Annotated[Path | None, typer.Option(metavar="FILE", help=_CERTIFICATE_HELP)] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes; by default one a core. 0: this process alone, without Dask.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help=_SCHEDULER_HELP)] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew, whatever is there already.")] = False,
    self_check: SelfCheck = True,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Prove the rank of P(W) at almost every W for a grid of architectures and numbers of samples.

    Finished parts are kept beside the table until it is complete: after Ctrl-C (exit code 130) the same command goes on from them.
    """
    from lossproof.certificates.commands.terminal import busy, progress_bar, show
    from lossproof.certificates.sweeps.grid import SweepGrid
    from lossproof.certificates.sweeps.sweep import sweep

    at_most_one({"--json": as_json, "--quiet": quiet})
    tables = output or []
    _check_files(tables, plot, certificate, data)
    widths = ",".join([widths, *(more or ())])
    names = ",".join(activation) if activation else "tanh"
    chosen = data_options(target, inputs, delimiter, decimal, classes=classes, header=header)
    with busy(f"reading {data}", quiet=quiet or data is None):
        own, notes = _own_inputs(data, widths, chosen)
    if certificate is not None and SweepGrid.of(widths, samples, names, seeds, bias, own).cells != 1:
        raise InputError(
            "--certificate must be asked for one cell, got a grid of several: name one architecture, activation, bias mode, seed and T"
        )
    if certificate is not None and scheduler is None:
        workers = workers or 0
    with progress_bar(quiet=quiet) as progress:
        found = sweep(
            widths, samples, names, seeds, X=own, bias=bias, output=tables[0] if tables else None, workers=workers, scheduler=scheduler, fresh=fresh,
            progress=progress, self_check=self_check,
        )  # fmt: skip
    if not found.interrupted:
        _write(found, tables[1:], plot, certificate)
    if as_json:
        from lossproof.certificates.sweeps.as_dict import sweep_as_dict

        print_json({**sweep_as_dict(found), "notes": list(notes)})
    elif not quiet:
        show("\n".join([*notes, _summary(found, tables, plot, certificate)]))
    if found.interrupted:
        raise typer.Exit(INTERRUPTED)


def _own_inputs(data: str | None, widths: str, chosen: DataOptions) -> tuple[SweepData | None, tuple[str, ...]]:
    """Return the inputs that were named, None without any, and what to tell about them. Raises `InputError`."""
    from lossproof.certificates.inputs.data_sources import load_data
    from lossproof.certificates.sweeps.data import SweepData
    from lossproof.theory.problem.grids import parse_width_grid

    if data is None:
        if chosen.given():
            raise InputError(f"columns must be those of a data file, got --{chosen.given()[0]} without --data: name the file")
        return None, ()
    outputs = {found[-1] for found in parse_width_grid(widths)}
    if len(outputs) > 1 and not chosen.target:
        raise InputError(
            f"the widths must end in one number of outputs where the last columns of the data are targets, got {', '.join(map(str, sorted(outputs)))}: "
            "choose the targets by --target"
        )
    source = load_data(data, min(outputs), chosen)
    return SweepData.of(source.X, source.name), source.notes


def _check_files(tables: Sequence[Path], plot: Path | None, certificate: Path | None, data: str | None) -> None:
    """Settle where the files go before the work begins. Raises `InputError`."""
    from lossproof.certificates.files import check_place
    from lossproof.certificates.sweeps.picture import check_sweep_picture
    from lossproof.certificates.sweeps.table import check_table_place

    for table in tables:
        check_table_place(table)
    if plot is not None:
        check_sweep_picture(plot)
    if certificate is not None:
        if certificate.suffix.lower() != ".json":
            raise InputError(f"the certificate's name must end in .json, got {certificate.name!r}: write for example cell.json")
        check_place(certificate)
    named = [os.path.realpath(path) for path in (*tables, plot, certificate, data) if path is not None]
    if len(set(named)) < len(named):
        raise InputError("the files of a sweep must differ, got the same name twice, or the data: choose other names")


def _write(found: SweepResult, further: Sequence[Path], plot: Path | None, certificate: Path | None) -> None:
    from lossproof.certificates.files import replace_file
    from lossproof.certificates.sweeps.table import write_table

    for path in further:
        write_table(found.table, path)
    if certificate is not None:
        replace_file(certificate, found.certificate(next(iter(found))).text)
    if plot is not None:
        found.save(plot)


def _summary(found: SweepResult, tables: Sequence[Path], plot: Path | None, certificate: Path | None) -> str:
    if found.interrupted:
        return "\n".join([*_about(found), _about_interruption(found, tables[0] if tables else None)])
    written = (*(("Table", table) for table in tables), ("Picture", plot), ("Certificate", certificate))
    return "\n".join(_about(found) + [f"{name}: {path}" for name, path in written if path is not None])


def _about(found: SweepResult) -> list[str]:
    return [] if not len(found) else [_about_one(next(iter(found)))] if len(found) == 1 else _about_all(found)


def _about_interruption(found: SweepResult, output: Path | None) -> str:
    if not len(found):
        return f"Interrupted before the first of {found.cells_planned} cells was proved; nothing is known about them yet."
    kept = "nothing was kept, as no table was asked for" if output is None else f"they are kept beside {output}: the same command goes on"
    return f"Interrupted after {len(found)} of {found.cells_planned} cells; {kept}."


def _about_one(cell: SweepCell) -> str:
    if cell.decided:
        rank = f"rank P(W) = {cell.rank} at almost every W"
    else:
        rank = f"rank P(W) ≥ {cell.rank_lower} at some W and ≤ {cell.rank_upper} at every W"
    size = f"T·n_L = {cell.columns}, N_net = {cell.N_net}"
    return f"[{cell.verdict}] full-rank – almost everywhere: {cell.widths}, {cell.activation}, T = {cell.T}: {rank}; {size}."


def _about_all(found: SweepResult) -> list[str]:
    counts = found.counts()
    rest, so_far = len(found) - counts["decided"], " so far" if found.interrupted else ""
    others = "" if rest == 0 else f"; for the other {rest} there is a lower bound only"
    proved = counts["decided"] if rest else f"these {len(found)}" if found.interrupted else "all"
    return [
        f"{len(found)} cells{so_far}. Rank P(W) = T·n_L at almost every W: PROVED for {counts['PROVED']}, REFUTED for {counts['REFUTED']}, "
        f"UNDECIDED for {counts['UNDECIDED']}.",
        f"The rank at almost every W is proved for {proved}{others}.",
        f"The certificates of {found.checked} cells were checked."
        if found.checked
        else "No certificate was checked: --self-check does it.",
    ]
