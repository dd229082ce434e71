"""``lossproof map``: search a landscape for critical points, print what is proved, and write it to files."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lossproof.certificates.commands.options import (
    INTERRUPTED,
    Bias,
    Classes,
    Data,
    DecayBiases,
    Decimal,
    Delimiter,
    ErrorName,
    Freeze,
    Header,
    HiddenActivation,
    Inputs,
    Json,
    MaxPrecision,
    OutputActivation,
    Outputs,
    Quiet,
    SelfCheck,
    Target,
    WeightDecay,
    Widths,
    at_most_one,
    data_options,
    layers_of,
    print_json,
    rates_of,
)
from lossproof.theory.exceptions import InputError

_COMPLETE_HELP = "Prove that the list is complete, by a branch and prune instead of starts: small networks, see docs/complete-maps.md."
_BOX_HELP = "With --complete: the largest absolute weight, needed where neither decay nor signs of the gradient bound the critical points."
_MINIMA_HELP = "With --complete: list all local minima, and not the other critical points."
_RESUME_HELP = "With --complete: keep what is settled in this file, and go on from it where it is there."
_WEIGHTS_HELP = "Weights to start from, as `lossproof check` takes them. Repeatable."


def map_landscape(
    widths: Widths,
    data: Data,
    target: Target = None,
    inputs: Inputs = None,
    classes: Classes = False,
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    header: Header = None,
    activation: HiddenActivation = "tanh",
    output_activation: OutputActivation = "identity",
    error: ErrorName = "squared",
    bias: Bias = "trainable",
    weight_decay: WeightDecay = "0",
    decay_biases: DecayBiases = True,
    freeze: Freeze = None,
    weights: Annotated[list[str] | None, typer.Option(metavar="FILE", help=_WEIGHTS_HELP)] = None,
    complete: Annotated[bool, typer.Option("--complete", help=_COMPLETE_HELP)] = False,
    box: Annotated[float | None, typer.Option(metavar="R", help=_BOX_HELP)] = None,
    minima: Annotated[bool, typer.Option("--minima", help=_MINIMA_HELP)] = False,
    resume: Annotated[Path | None, typer.Option(metavar="FILE", help=_RESUME_HELP)] = None,
    starts: Annotated[int, typer.Option(help="From how many seeded points to search; 0 where weights are given: from these alone.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the starts.")] = 0,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes to search with; by default one a core. It changes no result.")] = None,
    max_precision: MaxPrecision = 4096,
    output: Outputs = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the map, as .svg or .png.")] = None,
    self_check: SelfCheck = True,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Search for critical points, prove them and their kinds: losses, minima, saddles, bad minima.

    Ctrl-C ends the search and keeps what was proved until then; the exit code is then 130.
    """
    from lossproof.certificates.commands.output_files import files_written, plan_outputs, write_outputs
    from lossproof.certificates.commands.terminal import busy, progress_bar, show, text_width
    from lossproof.certificates.inputs.data_sources import load_data
    from lossproof.certificates.inputs.weights_file import load_weights
    from lossproof.theory.problem.architecture import parse_widths

    at_most_one({"--json": as_json, "--quiet": quiet})
    layers = parse_widths(widths)
    with busy(f"reading {data}", quiet=quiet):
        samples = load_data(data, layers[-1], data_options(target, inputs, delimiter, decimal, classes=classes, header=header))
    given = [load_weights(name, len(layers) - 1) for name in weights] if weights else None
    outputs = plan_outputs(output or [], [data, *(weights or [])])
    picture = _plan_picture(plot, [*outputs, *map(Path, [data, *(weights or [])])])
    others = [*outputs, *([picture] if picture else []), *map(Path, [data, *(weights or [])])]
    if resume is not None and any(os.path.realpath(resume) == os.path.realpath(other) for other in others):
        raise InputError(
            f"{str(resume)!r} must not be another file of this run, got the same file for both: choose another name for --resume"
        )
    from lossproof.certificates.maps import find_critical_points as search

    with progress_bar(quiet=quiet) as progress:
        found = search.find_critical_points(
            layers, samples.X, samples.Y, activation=activation, output_activation=output_activation, error=error, bias=bias,
            weight_decay=rates_of(weight_decay), decay_biases=decay_biases, frozen=layers_of(freeze), weights=given, complete=complete, box=box,
            minima=minima, resume=resume, starts=starts, seed=seed, workers=workers, max_precision=max_precision, progress=progress, data_name=samples.name,
            self_check=self_check,
        )  # fmt: skip
    found = replace(found, report=replace(found.report, notes=(*samples.notes, *found.report.notes)))
    write_outputs(found.report, outputs)
    if picture is not None:
        found.save(picture)
    if as_json:
        from lossproof.certificates.maps.as_dict import map_as_dict

        print_json(map_as_dict(found))
    elif not quiet:
        from lossproof.certificates.maps.table import render_map

        show(render_map(found, text_width()))
        command = f"lossproof map {shlex.quote(widths)} --data {shlex.quote(data)} … -o map.html"
        typer.echo("\n" + files_written(outputs, command, picture))
    if found.interrupted:
        raise typer.Exit(INTERRUPTED)


def _plan_picture(plot: Path | None, others: Sequence[Path]) -> Path | None:
    """Return where the picture goes. Raises `InputError` when that is no place for one, or one of the run's other files."""
    if plot is None:
        return None
    from lossproof.certificates.maps.picture import check_picture

    if any(os.path.realpath(plot) == os.path.realpath(other) for other in others):
        raise InputError(
            f"the picture {str(plot)!r} must not be another file of this run, got the same file for both: choose another name for --plot"
        )
    return check_picture(plot)
