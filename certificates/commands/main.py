"""The command line: ``lossproof check``, ``map``, ``train``, ``sweep``, ``verify``, ``diff``, ``zoo``, ``statements``, ``doctor``.

Exit codes: 0 it ran, whatever was found (``verify``: all certificates hold); 1 ``verify`` rejects one, ``diff`` finds a difference, ``doctor`` a fault; 2 bad
input, said in one line on standard error; 130 interrupted; 141 nobody reads the output any more.
"""

from __future__ import annotations

import io
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from lossproof.certificates.commands.check import check_claims
from lossproof.certificates.commands.diff import compare_files
from lossproof.certificates.commands.doctor import examine
from lossproof.certificates.commands.map import map_landscape
from lossproof.certificates.commands.refusals import OneLineErrors
from lossproof.certificates.commands.statements import show_statements
from lossproof.certificates.commands.sweep import sweep_grid
from lossproof.certificates.commands.train import train_network
from lossproof.certificates.commands.verify import verify_files
from lossproof.certificates.commands.zoo import show_zoo

app = typer.Typer(cls=OneLineErrors, pretty_exceptions_enable=False)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"lossproof {version('lossproof')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")] = False,
) -> None:
    """Proofs, not impressions, about the loss landscape of a multilayer perceptron.

    Exit codes: 0 it ran, whatever was found (verify: all certificates hold); 1 verify rejects one, diff finds a difference, doctor a fault; 2 bad input,
    said in one line on standard error; 130 interrupted; 141 nobody reads the output any more.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command("check")(check_claims)
app.command("map")(map_landscape)
app.command("zoo")(show_zoo)
app.command("train")(train_network)
app.command("sweep")(sweep_grid)
app.command("verify")(verify_files)
app.command("diff")(compare_files)
app.command("doctor")(examine)
app.command("statements")(show_statements)


def main() -> None:
    """Run the command line."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    for stream in streams:
        stream.reconfigure(errors="replace")
    try:
        app()
    finally:
        for stream in streams:
            _give_up_unwritten(stream)


def _give_up_unwritten(stream: io.TextIOWrapper) -> None:
    """Let what could not be written go nowhere: the interpreter would try again when it ends, and complain."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
