"""``lossproof check``: decide every claim about a network and its samples, print the answer on one screen, and write report and certificate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossproof.certificates.commands.options import (
    ACTIVATION_HELP,
    DECAY_HELP,
    ERROR_HELP,
    INTERRUPTED,
    RATES,
    Bias,
    Classes,
    Data,
    DecayBiases,
    Decimal,
    Delimiter,
    Freeze,
    Header,
    Inputs,
    Json,
    MaxPrecision,
    Outputs,
    Quiet,
    SelfCheck,
    Target,
    at_most_one,
    data_options,
    layers_of,
    print_json,
    rates_of,
)
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    from lossproof.certificates.commands.progress_lines import Progress

_ENGINE_HELP = "For large matrices: numpy, torch, cuda, jax, cupy, disk, disk:FOLDER, dask, dask:ADDRESS, auto."
_WEIGHTS_HELP = 'A point: .npz with W1, b1, W2, …, or .json with [{"W": rows, "b": list}, …].'
_MODEL_HELP = (
    "A trained network in place of WIDTHS: .onnx, .keras, .nnet, or weights with --activation: .safetensors, or .pt with a state_dict; "
    "whole models of torch, .pt2 or .joblib of scikit-learn with --allow-pickle."
)
_SEARCH_HELP = "Search a network of at most 60 weights for bad minima where nothing else decides: 48 starts, none, or until so many seconds have passed."


def check_claims(
    data: Data,
    widths: Annotated[str | None, typer.Argument(metavar="WIDTHS", help="Inputs, hidden layers and outputs, such as 2-2-1.")] = None,
    model: Annotated[Path | None, typer.Option(metavar="FILE", help=_MODEL_HELP)] = None,
    allow_pickle: Annotated[bool, typer.Option("--allow-pickle", help="Load a model that is a pickle, which runs what is in it.")] = False,
    target: Target = None,
    inputs: Inputs = None,
    classes: Classes = False,
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    header: Header = None,
    activation: Annotated[str | None, typer.Option(help=f"{ACTIVATION_HELP} [default: tanh]")] = None,
    output_activation: Annotated[str | None, typer.Option(help="Activation of the last layer. [default: identity]")] = None,
    error: Annotated[str | None, typer.Option(help=f"{ERROR_HELP} [default: squared, or a model's own]")] = None,
    bias: Bias = "trainable",
    weight_decay: Annotated[str | None, typer.Option(metavar=RATES, help=f"{DECAY_HELP} [default: 0, or a model's own]")] = None,
    decay_biases: DecayBiases = True,
    freeze: Freeze = None,
    weights: Annotated[str | None, typer.Option(metavar="FILE", help=_WEIGHTS_HELP)] = None,
    find_weights: Annotated[bool, typer.Option("--find-weights", help="Train first, towards an exact learner, and check the weights found.")] = False,
    search: Annotated[str, typer.Option(metavar="auto|none|SECONDS", help=_SEARCH_HELP)] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of the points that are drawn.")] = 0,
    max_precision: MaxPrecision = 4096,
    max_memory: Annotated[float | None, typer.Option(metavar="GIB", help="Most memory of a proof; by default what is free.")] = None,
    engine: Annotated[str, typer.Option(metavar="NAME", help=_ENGINE_HELP)] = "numpy",
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The same as --engine dask:ADDRESS, such as tcp://host:8786.")] = None,
    output: Outputs = None,
    self_check: SelfCheck = True,
    full: Annotated[bool, typer.Option("--full", help="Print every claim with its reason, not the first screen alone.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Decide every claim of the theory for a network and a sample set, with a report and a certificate.

    Prints the answer on one screen: the conclusion, the claims that matter, and what is undecided.

    Ctrl-C during the search for bad minima ends the search and keeps what was proved until then; the exit code is then 130.
    """
    from lossproof.certificates.commands.model_options import asked_on_terminal, check_network_read
    from lossproof.certificates.commands.output_files import files_written, plan_outputs, write_outputs
    from lossproof.certificates.commands.terminal import busy, first_screen, progress_bar, show, summary_text
    from lossproof.certificates.inputs.data_sources import load_data
    from lossproof.certificates.inputs.weights_file import load_weights
    from lossproof.numerics.algebra.workplace import CLUSTER_UNUSED
    from lossproof.theory.problem.architecture import parse_widths

    at_most_one({"--full": full, "--json": as_json, "--quiet": quiet})
    engine = _engine_on(engine, scheduler)
    if model is not None:
        _check_alone(widths, weights, bias, freeze, find_weights=find_weights)
        from lossproof.certificates.inputs.model_files import read_model_file

        network = read_model_file(model, activation, output_activation, allow_pickle=allow_pickle)
        layers = network.widths
    elif widths is not None:
        layers = parse_widths(widths)
    else:
        raise InputError("check must be told what to check, got neither widths nor a model: write for example 2-2-1, or --model FILE")
    with busy(f"reading {data}", quiet=quiet):
        samples = load_data(data, layers[-1], data_options(target, inputs, delimiter, decimal, classes=classes, header=header))
    point = None if weights is None else load_weights(weights, len(layers) - 1)
    rates = None if weight_decay is None else rates_of(weight_decay)
    if model is not None:
        error, rates = asked_on_terminal(network, samples.Y, error, rates, silent=as_json or quiet)
    outputs = plan_outputs(output or [], [str(name) for name in (data, weights, model) if name is not None])
    with progress_bar(quiet=quiet) as bar:
        progress = bar if quiet else _cost_first(bar, layers, len(samples.X), find_weights=find_weights, on_disk=engine.startswith("disk"))
        shared: dict[str, Any] = {
            "decay_biases": decay_biases, "search": search, "seed": seed, "max_precision": max_precision, "max_memory": max_memory,
            "engine": engine, "progress": progress, "data_name": samples.name, "self_check": self_check,
        }  # fmt: skip
        if model is None:
            from lossproof.certificates.checks.check_architecture import check_architecture

            report = check_architecture(
                layers, samples.X, samples.Y, activation=activation or "tanh", output_activation=output_activation or "identity",
                error=error or "squared", bias=bias, weight_decay=0 if rates is None else rates, frozen=layers_of(freeze), weights=point,
                find_weights=find_weights, **shared,
            )  # fmt: skip
        else:
            report = check_network_read(network, samples, error=error, weight_decay=rates, **shared)
    report = replace(report, notes=(*samples.notes, *report.notes))
    write_outputs(report, outputs)
    if CLUSTER_UNUSED in report.notes and not quiet:
        typer.echo(CLUSTER_UNUSED, err=True)
    if as_json:
        from lossproof.certificates.reports.as_dict import summary_as_dict

        print_json(summary_as_dict(report))
    elif not quiet:
        written = files_written(outputs, "add -o report.html")
        show(f"{summary_text(report)}\n{written}" if full else first_screen(report, written.splitlines()))
    if report.search is not None and report.search.interrupted:
        raise typer.Exit(INTERRUPTED)


def _check_alone(widths: str | None, weights: str | None, bias: str, freeze: str | None, *, find_weights: bool) -> None:
    """Raise `InputError` where something is given beside a model that the model itself says."""
    named = {"WIDTHS": widths is not None, "--weights": weights is not None, "--find-weights": find_weights, "--freeze": freeze is not None}
    given = next((name for name, found in {**named, "--bias": bias != "trainable"}.items() if found), None)
    if given is not None:
        raise InputError(f"a model must come without its own widths, biases and weights, got --model beside {given}: leave that out")


def _engine_on(engine: str, scheduler: str | None) -> str:
    """Return the engine on the cluster that is named, if any; raises `InputError` where another engine is asked for besides."""
    if scheduler is None:
        return engine
    if engine not in ("numpy", "dask"):
        raise InputError(f"--scheduler names a cluster for the engine dask, got --engine {engine} as well: leave one of them out")
    return f"dask:{scheduler}"


def _cost_first(bar: Progress | None, widths: tuple[int, ...], T: int, *, find_weights: bool, on_disk: bool) -> Progress | None:
    """Return what tells of progress, and first what a large problem will take."""
    from lossproof.certificates.commands.cost_estimate import WORTH_SAYING, estimate_cost
    from lossproof.certificates.commands.progress_lines import cost_first
    from lossproof.certificates.inputs.sizes import cost_of_weights
    from lossproof.theory.problem.architecture import Architecture

    architecture = Architecture.of(widths)
    if T * widths[-1] < WORTH_SAYING:
        return cost_first(bar, lambda: cost_of_weights(architecture))
    return cost_first(bar, lambda: estimate_cost(architecture, T, find_weights=find_weights, on_disk=on_disk).text)
