"""What the commands share: the options that several of them take, and the exit codes of those that did not end of themselves."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

if TYPE_CHECKING:
    from lossproof.certificates.inputs.data_source import DataOptions

REJECTED = 1
"""The exit code of ``verify`` where a certificate does not hold."""

DIFFERENT = 1
"""The exit code of ``diff`` where two certificates differ."""

BAD_INPUT = 2
"""The exit code after bad input, which is said in one line on standard error."""

INTERRUPTED = 130
"""The exit code of a command that was interrupted."""

UNREAD = 141
"""The exit code of a command whose output nobody reads any more, as of one that SIGPIPE ends."""

DATA_HELP = (
    "A built-in set (xor, and, or, half-adder, majority-3, parity-2 to parity-6, identity-2, identity-4, identity-8, "
    "four-regions or four-regions-T with T points; with the extra data: digits, iris, wine, breast-cancer, diabetes, "
    "or the first T samples as digits-T), "
    "the samples of an entry of the zoo as zoo:NAME, "
    "a .npz file with X and Y, or a table in .csv, .tsv, .txt, .parquet or .npy whose last columns are the targets."
)
OUTPUT_HELP = (
    "Report to write: .html .md .tex .txt, .bib for what it cites, or .json for the certificate. Repeatable. "
    "The certificate is always written beside a report."
)

Widths = Annotated[str, typer.Argument(metavar="WIDTHS", help="Inputs, hidden layers and outputs, such as 2-2-1.")]
Data = Annotated[str, typer.Option(metavar="NAME|FILE", help=DATA_HELP)]
Target = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMNS", help="The target columns of the data file, by name or number from 1, joined by commas; of .npz an array."
    ),
]
Inputs = Annotated[
    list[str] | None, typer.Option(metavar="COLUMNS", help="The input columns, as --target takes them; by default all the others.")
]
Classes = Annotated[
    bool, typer.Option("--classes", help="The target column holds class labels: 0 and 1 for one output, or one output a class.")
]
Delimiter = Annotated[str | None, typer.Option(metavar="SIGN", help="What stands between the cells of a text: ',', ';', tab or space.")]
Decimal = Annotated[str, typer.Option(metavar="SIGN", help="The decimal sign of a text, a point or a comma.")]
Header = Annotated[
    bool | None, typer.Option("--header/--no-header", help="Whether the first row of a text holds names; by default as it looks.")
]
ACTIVATION_HELP = "Hidden activation, such as tanh, sigmoid, softsign, leaky-relu:1/100; or one a hidden layer, with commas."
ERROR_HELP = "squared, smooth-l1, blake-zisserman or cauchy (with β as in cauchy:1/4), logistic or softmax."
RATES = "RATE[,RATE…]"
DECAY_HELP = "Rate λ of the penalty (λ/2)|W|² that is added to the mean error, such as 1/100; or one for each layer, with commas."
HiddenActivation = Annotated[str, typer.Option(help=ACTIVATION_HELP)]
OutputActivation = Annotated[str, typer.Option(help="Activation of the last layer.")]
ErrorName = Annotated[str, typer.Option(help=ERROR_HELP)]
Bias = Annotated[str, typer.Option(help="trainable, fixed or none; or one a layer, with commas.")]
WeightDecay = Annotated[str, typer.Option(metavar=RATES, help=DECAY_HELP)]
DecayBiases = Annotated[bool, typer.Option("--decay-biases/--no-decay-biases", help="Whether biases decay, too.")]
Freeze = Annotated[str | None, typer.Option(metavar="LAYERS", help="Layers, such as 2 or 1,3, that are constants of the problem.")]
MaxPrecision = Annotated[int, typer.Option(help="Cap of the precision of ball arithmetic, in bits.")]
Outputs = Annotated[list[Path] | None, typer.Option("--output", "-o", metavar="FILE", help=OUTPUT_HELP)]
SelfCheck = Annotated[
    bool,
    typer.Option(
        "--self-check/--no-self-check", help="Check the certificate before anything is shown or written; a refused step is UNDECIDED."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs, and nothing else, on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")]


def data_options(
    target: list[str] | None, inputs: list[str] | None, delimiter: str | None, decimal: str, *, classes: bool, header: bool | None
) -> DataOptions:
    """Return what a user chose about a data file."""
    from lossproof.certificates.inputs.data_source import DataOptions

    return DataOptions(tuple(target or ()), tuple(inputs or ()), classes, delimiter, decimal, header)


def at_most_one(forms: dict[str, bool]) -> None:
    """Raise `InputError` where more than one of the forms of output is asked for."""
    chosen = [name for name, given in forms.items() if given]
    if len(chosen) > 1:
        raise InputError(f"at most one of {', '.join(forms)} must be given, got {' and '.join(chosen)}: choose one")


def print_json(data: Any) -> None:
    """Print plain data as JSON on standard output."""
    typer.echo(json.dumps(data, allow_nan=False, indent=1))


def complain(message: str) -> None:
    """Say what is wrong in one line on standard error."""
    remark(f"lossproof: {message}")


def remark(message: str) -> None:
    """Say something in one line on standard error, which may be full or closed, too: the exit code still tells."""
    line = "".join(character if character.isprintable() else " " for character in message)
    with suppress(OSError):
        typer.echo(" ".join(line.split()), err=True)


def layers_of(freeze: str | None) -> list[int]:
    """Return the numbers of the layers that ``--freeze`` names. Raises `InputError`.

    >>> layers_of("1,3"), layers_of(None)
    ([1, 3], [])
    """
    parts = [] if freeze is None else freeze.split(",")
    if not all(re.fullmatch(r"\s*[0-9]{1,4}\s*", part) for part in parts):
        raise InputError(
            f"--freeze must be numbers of layers joined by commas, such as 2 or 1,3, got {shown(freeze)}: 1 is the first layer of weights"
        )
    return [int(part) for part in parts]


def rates_of(text: str) -> str | list[str]:
    """Return the rates that an option spells: one, or a list with one for each layer.

    >>> rates_of("1/100"), rates_of("1/100, 0")
    ('1/100', ['1/100', '0'])
    """
    rates = [part.strip() for part in text.split(",")]
    return rates if len(rates) > 1 else rates[0]
