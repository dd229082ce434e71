"""What the command line shows: the summary proof, progress, and verdicts in colour on a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

from lossproof.certificates.commands.progress_lines import Progress, progress_lines
from lossproof.certificates.reports.first_screen import render_first_screen
from lossproof.certificates.reports.report import Report
from lossproof.certificates.reports.text import WIDTH, render_summary
from lossproof.numerics.child_processes import deaf_threads

_STYLES = {
    "PROVED": "bold white on blue",
    "REFUTED": "bold black on dark_orange",
    "UNDECIDED": "bold reverse",
    "ACCEPTED": "bold white on blue",
    "REJECTED": "bold black on dark_orange",
    "OK": "bold white on blue",
    "FAILED": "bold black on dark_orange",
}
_UNDERLINED = re.compile(r"(?m)^(.+)\n([=-])\2+$")

NARROWEST = 80
"""The columns below which a first screen gets no narrower."""


def show(text: str) -> None:
    """Print text on standard output; on a terminal the verdicts in brackets are badges and headings are bold. Control characters are dropped.

    Into a pipe or a file, on a terminal of which ``TERM`` is ``dumb``, and where ``NO_COLOR`` is set, it is plain text.
    """
    console = Console(file=sys.stdout, highlight=False)
    plain = "".join(character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}" for character in text)
    styled = Text(plain.rstrip("\n"))
    for word, style in _STYLES.items():
        styled.highlight_regex(rf"\[{word}\]", style)
    for heading in _UNDERLINED.finditer(plain):
        styled.stylize("bold", *heading.span(1))
        styled.stylize("dim", heading.end(1), heading.end())
    if console.no_color or not console.is_terminal or console.is_dumb_terminal:
        typer.echo(styled.plain)
        return
    with console.capture() as written:
        console.print(styled, soft_wrap=True)
    typer.echo(written.get(), nl=False, color=True)


def summary_text(report: Report) -> str:
    """Return the summary of a report with all its claims, as wide as the terminal allows, up to 100 columns."""
    return render_summary(report, text_width())


def first_screen(report: Report, foot: Sequence[str]) -> str:
    """Return a report on one screen, ``foot`` last, as wide as the terminal allows, from 80 up to 100 columns."""
    return render_first_screen(report, max(text_width(), NARROWEST), foot, "--full")


def text_width() -> int:
    """Return how many columns text may take: those of the terminal, up to 100."""
    console = Console(file=sys.stdout)
    return min(console.width, WIDTH) if console.is_terminal else WIDTH


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress | None]:
    """Yield what `check_architecture` calls as its work goes on; None where ``quiet``.

    It moves a bar on standard error when that is a terminal with colours. Else a plain line is printed there after twenty seconds, and then one a minute.
    """
    console = Console(stderr=True)
    if quiet:
        yield None
    elif console.no_color or not console.is_terminal or console.is_dumb_terminal:
        with progress_lines() as update:
            yield update
    else:
        with _moving_bar(console) as update:
            yield update


@contextmanager
def _moving_bar(console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    bar = Bar(TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(), console=console, transient=True)
    task = bar.add_task("starting", total=None)

    def update(stage: str, done: int, total: int) -> None:
        bar.update(task, description=stage, completed=done, total=total or None)

    with deaf_threads():
        bar.start()
    try:
        yield update
    finally:
        bar.stop()


@contextmanager
def busy(stage: str, *, quiet: bool = False) -> Iterator[None]:
    """Show on standard error, as `progress_bar` does, that something goes on that cannot say how far it is."""
    with progress_bar(quiet=quiet) as progress:
        if progress is not None:
            progress(stage, 0, 0)
        yield
