"""The table of a sweep as CSV, for a spreadsheet, and as LaTeX, for a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lossproof.certificates.sweeps.cells import COLUMNS, SweepCell
from lossproof.certificates.text.latex import latex_text

if TYPE_CHECKING:
    import pyarrow as pa

_HEADINGS = ("widths", "activation", "$T$", r"$N_{\mathrm{net}}$", r"$T\,n_L$", r"$\operatorname{rank} P$", "full rank", "by")


def csv_text(table: pa.Table) -> str:
    """Return a table as CSV, a row a cell, with the columns of `SweepCell`; what is not decided is an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(tuple(row[name] for name in COLUMNS) for row in table.to_pylist())
    return stream.getvalue()


def longtable(table: pa.Table) -> str:
    r"""Return a table as a ``longtable`` of LaTeX: architecture, activation, samples, sizes, and the rank of ``P(W)`` at almost every ``W``.

    Where the rank is not decided, its bounds stand there, ``a..b``. Bias modes and seeds are told where there are several.
    """
    cells = [SweepCell(**row) for row in table.to_pylist()]
    several = [name for name in ("bias", "seed") if len({getattr(cell, name) for cell in cells}) > 1]
    lines = [
        r"% Written by lossproof sweep; needs \usepackage{amsmath,longtable}.",
        rf"\begin{{longtable}}{{ll{'r' * 4}ll{'l' * len(several)}}}",
        rf"{' & '.join((*_HEADINGS, *several))} \\ \hline \endhead",
        *_rows(cells, several),
        r"\end{longtable}",
    ]
    return "\n".join(lines) + "\n"


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
