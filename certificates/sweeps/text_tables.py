"""The table of a sweep as CSV, for a spreadsheet, and as LaTeX, for a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lossproof.certificates.sweeps.cells import COLUMNS, SweepCell
from lossproof.certificates.text.latex import latex_text

if TYPE_CHECKING:
    import pyarrow as pa

_HEADINGS = ("widths", "activation", "$T$", r"$N_{\mathrm{net}}$", r"$T\,n_L$", r"$\operatorname{rank} P$", "full rank", "by")


_MADE = ("version", "blas", "day")


def csv_text(table: pa.Table, made: Mapping[str, Any]) -> str:
    """Return a table as CSV, a row a cell, with the columns of `SweepCell`; what is not decided is an empty cell.

    The last columns, ``version``, ``blas`` and ``day``, say what the table was ``made`` with: the same in every row, so that tables can be put together, and
    any program reads them.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow((*COLUMNS, *_MADE))
    tail = tuple(made.get(name) for name in _MADE)
    writer.writerows((*(row[name] for name in COLUMNS), *tail) for row in table.to_pylist())
    return stream.getvalue()


def longtable(table: pa.Table, made: Mapping[str, Any]) -> str:
    r"""Return a table as a ``longtable`` of LaTeX: architecture, activation, samples, sizes, and the rank of ``P(W)`` at almost every ``W``.

    Where the rank is not decided, its bounds stand there, ``a..b``. Bias modes and seeds are columns where there are several. A comment says what the table was
    ``made`` with, and its seeds.
    """
    cells = [SweepCell(**row) for row in table.to_pylist()]
    several = [name for name in ("bias", "seed") if len({getattr(cell, name) for cell in cells}) > 1]
    lines = [
        r"% Written by lossproof sweep; needs \usepackage{amsmath,longtable}.",
        f"% {_made_in_words(cells, made)}",
        rf"\begin{{longtable}}{{ll{'r' * 4}ll{'l' * len(several)}}}",
        rf"{' & '.join((*_HEADINGS, *several))} \\ \hline \endhead",
        *_rows(cells, several),
        r"\end{longtable}",
    ]
    return "\n".join(lines) + "\n"


def _made_in_words(cells: Sequence[SweepCell], made: Mapping[str, Any]) -> str:
    seeds = sorted({cell.seed for cell in cells})
    told = ", ".join(map(str, seeds)) if len(seeds) <= 10 else f"{len(seeds)} from {seeds[0]} to {seeds[-1]}"
    how = f"Made on {made['day']} by lossproof {made['version']}, Python {made['python']}; BLAS: {made['blas']}; " if made else ""
    return f"{how}seeds: {told}."


def _rows(cells: Iterable[SweepCell], several: Sequence[str]) -> Iterable[str]:
    for cell in cells:
        rank = str(cell.rank) if cell.rank is not None else rf"${cell.rank_lower}\,..\,{cell.rank_upper}$"
        words = [
            cell.widths,
            cell.activation,
            cell.T,
            cell.N_net,
            cell.columns,
            rank,
            cell.verdict.lower(),
            cell.reason,
            *(getattr(cell, name) for name in several),
        ]
        texts = [rank if word is rank else latex_text(str(word)) for word in words]
        yield rf"{' & '.join(texts)} \\"
