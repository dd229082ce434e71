"""What the command line says and asks about ``--model``: notes in the words of its options, and questions on a terminal."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from lossproof.certificates.commands.option_words import in_options
from lossproof.certificates.commands.options import DECAY_HELP, rates_of
from lossproof.theory.exceptions import InputError
from lossproof.theory.rationals import rational_of_text

if TYPE_CHECKING:
    from lossproof.certificates.inputs.data_source import DataSource
    from lossproof.certificates.inputs.trained_network import TrainedNetwork
    from lossproof.certificates.inputs.unnamed_error import ErrorQuestion
    from lossproof.certificates.reports.report import Report


def check_network_read(network: TrainedNetwork, samples: DataSource, **options: Any) -> Report:
    """Return the report of `check_network`, its notes in the words of the command line."""
    from lossproof.certificates.checks.check_model import check_network
    from lossproof.certificates.inputs.columns import require_columns

    require_columns(network.columns, samples.columns)
    report = check_network(network, samples.X, samples.Y, **options)
    return replace(report, notes=tuple(type(note)(in_options(note)) for note in report.notes))


def asked_on_terminal(network: TrainedNetwork, Y: Any, error: str | None, rates: Any, *, silent: bool) -> tuple[str | None, Any]:
    """Return the error and the weight decay of a network, asked for on a terminal where neither the model nor its owner names the error.

    The weight decay is asked for besides where it is not known. Nothing is asked where standard input or output is no terminal, or ``silent`` holds: the
    network is then refused as from Python.
    """
    from lossproof.certificates.inputs.unnamed_error import question_on_error

    question = None if error is not None or silent or not _is_terminal() else question_on_error(network, Y)
    if question is None:
        return error, rates
    error = typer.prompt(question.text, value_proc=lambda answer: _one_of(question, answer), prompt_suffix=" ", err=True)
    if rates is None and network.penalty is None:
        rates = typer.prompt(f"Weight decay: {DECAY_HELP}", default="0", value_proc=_rates, err=True)
    return error, rates


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _one_of(question: ErrorQuestion, answer: str) -> str:
    from lossproof.certificates.inputs.usual_names import usual_error

    try:
        named = str(usual_error(answer.strip()))
    except InputError as error:
        raise typer.BadParameter(in_options(str(error))) from error
    if named not in question.errors:
        raise typer.BadParameter(f"expected one of {', '.join(question.errors)}, got {answer!r}.")
    return named


def _rates(answer: str) -> Any:
    rates = rates_of(answer)
    if any(rational_of_text(rate) is None for rate in (rates if isinstance(rates, list) else [rates])):
        raise typer.BadParameter(f"expected a number such as 1/100, got {answer!r}.")
    return rates
