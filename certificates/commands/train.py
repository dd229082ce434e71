"""``lossproof train``: train a network, show the last iterations, and write the weights and a picture."""

from __future__ import annotations

import os
import shlex
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
    OutputActivation,
    Quiet,
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

_METHOD_HELP = "ggn (approximate Newton), lm (Levenberg-Marquardt), newton (exact Hessian), bp (constant step) or lbfgs."
_DAMPING_HELP = "auto, or a number ≥ 0; 0 takes full undamped steps."


def train_network(
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
    method: Annotated[str, typer.Option(help=_METHOD_HELP)] = "ggn",
    damping: Annotated[str, typer.Option(metavar="auto|NUMBER", help=_DAMPING_HELP)] = "auto",
    step: Annotated[float, typer.Option(help="The constant step of bp.")] = 0.1,
    weights: Annotated[str | None, typer.Option(metavar="FILE", help="Where to start: .npz with W1, b1, …, or .json; by default drawn from the seed.")] = None,
    max_iterations: Annotated[int | None, typer.Option(metavar="N", help="Most iterations; by default 200 for ggn, more for the others.")] = None,
    tolerance: Annotated[float | None, typer.Option(help="Stop where the root mean square of ∇E is at most this; by default 1e-14.")] = None,
    target_loss: Annotated[float | None, typer.Option(help="Stop where the loss is at most this, instead.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the start.")] = 0,
    precision: Annotated[int | None, typer.Option(metavar="DIGITS", help="Decimal digits to compute with, for ggn.")] = None,
    hold_output: Annotated[bool | None, typer.Option(help="Leave the output weights as they are (ggn, lm); lm does so for one-hot targets.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Weights to write: .npz or .json.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the run, as .png or .svg.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Train a network and show how it converges. Nothing is proved by it: give the weights to lossproof check.

    Ctrl-C ends the run and keeps the weights reached; the exit code is then 130.
    """
    from lossproof.certificates.commands.progress_lines import cost_first
    from lossproof.certificates.commands.terminal import busy, progress_bar, show, text_width
    from lossproof.certificates.inputs.data_sources import load_data
    from lossproof.certificates.inputs.labels import read_targets
    from lossproof.certificates.inputs.sizes import cost_of_weights
    from lossproof.certificates.inputs.weights_file import check_weights_place, load_weights, save_weights
    from lossproof.certificates.training.picture import check_history_picture, draw_history
    from lossproof.theory.problem.architecture import Architecture, parse_widths

    at_most_one({"--json": as_json, "--quiet": quiet})
    layers = parse_widths(widths)
    with busy(f"reading {data}", quiet=quiet):
        samples = load_data(data, layers[-1], data_options(target, inputs, delimiter, decimal, classes=classes, header=header))
    targets, told = read_targets(samples.Y, layers[-1], error)
    start = None if weights is None else load_weights(weights, len(layers) - 1)
    if output is not None:
        check_weights_place(output)
    if plot is not None:
        check_history_picture(plot)
    _check_files_differ([path for path in (output, plot) if path is not None], Path(data))
    from lossproof.certificates.training import train as trainer

    with progress_bar(quiet=quiet) as progress:
        training = trainer.train(
            layers, samples.X, targets, activation=activation, output_activation=output_activation, error=error, bias=bias,
            weight_decay=rates_of(weight_decay), decay_biases=decay_biases, frozen=layers_of(freeze), method=method, damping=damping, step=step,
            weights=start, max_iterations=max_iterations, tolerance=tolerance, target_loss=target_loss, seed=seed,
            precision=precision, hold_output=hold_output,
            progress=None if quiet else cost_first(progress, lambda: cost_of_weights(Architecture.of(layers))),
        )  # fmt: skip
    if output is not None:
        save_weights(output, training.weights)
    if plot is not None:
        draw_history(training, plot)
    if as_json:
        from lossproof.certificates.training.as_dict import training_as_dict

        print_json({**training_as_dict(training, seed), "notes": [*samples.notes, *told]})
    elif not quiet:
        from lossproof.certificates.training.table import render_training

        title = f"Training the {widths} network with {activation} on {samples.name} by {method}"
        show(render_training(training, title, text_width()))
        for note in (*samples.notes, *told):
            show(f"\n{note}")
        typer.echo("\n" + _written(output, plot, widths, data))
    if training.interrupted:
        raise typer.Exit(INTERRUPTED)


def _check_files_differ(written: list[Path], data: Path) -> None:
    places = [os.path.realpath(path) for path in (*written, data)]
    for number, path in enumerate(written):
        if places.count(places[number]) > 1:
            raise InputError(f"{str(path)!r} must not be another file of this run, got the same file twice: choose another name")


def _written(output: Path | None, plot: Path | None, widths: str, data: str) -> str:
    lines = [f"Picture: {plot}"] if plot is not None else []
    if output is None:
        command = f"lossproof train {shlex.quote(widths)} --data {shlex.quote(data)} … -o weights.npz"
        return "\n".join([*lines, f"No weights were written. To keep them: {command}"])
    check = f"lossproof check {shlex.quote(widths)} --data {shlex.quote(data)} … --weights {shlex.quote(str(output))}"
    return "\n".join([*lines, f"Weights: {output}", f"What is proved about them: {check}"])
