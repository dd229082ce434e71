"""What a sweep found, and the ways to read it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lossproof.certificates.proof.certificate import Certificate
from lossproof.certificates.reports.plain_words import plural
from lossproof.certificates.sweeps.cells import SweepCell
from lossproof.certificates.sweeps.data import SweepData
from lossproof.certificates.sweeps.record import SweepRecord
from lossproof.certificates.sweeps.table import about_table, check_table_place, read_table, require_arrow, write_table
from lossproof.theory.exceptions import InputError
from lossproof.theory.notebook import MOST_ROWS, notebook_block
from lossproof.theory.verdicts import Verdict


@dataclass(frozen=True, eq=False)
class SweepResult(SweepRecord):
    """The cells of a sweep (see `SweepRecord`), with the formats they are read in.

    >>> from lossproof.certificates.sweeps.sweep import sweep
    >>> found = sweep("2-{1..2}-1", "4,6", workers=0)
    >>> found.counts()["PROVED"], found.cell("2-2-1", "tanh", 6).rank
    (3, 6)
    """

    data: SweepData | None = None

    def __repr__(self) -> str:
        return f"<SweepResult: {self}>"

    def __str__(self) -> str:
        counts = self.counts()
        verdicts = ", ".join(f"{verdict.value} for {counts[verdict.value]}" for verdict in Verdict)
        so_far = f" of {self.cells_planned}, interrupted" if self.interrupted else ""
        return f"{plural(len(self), 'cell')}{so_far}; full rank of P(W) at almost every W: {verdicts}; rank decided for {counts['decided']}"

    def _repr_html_(self) -> str:
        cells = list(islice(self, MOST_ROWS))
        left_out = f"{len(self) - len(cells)} more cells. " if len(self) > len(cells) else ""
        return notebook_block(
            "Rank of P(W) at almost every W",
            sentence=f"{self}.",
            headings=("full rank", "widths", "activation", "bias", "T", "seed", "T·n_L", "N_net", "rank", "by"),
            rows=(_row(cell) for cell in cells),
            foot=f'{left_out}All of it: result.table, result.save("sweep.csv"), result.save("sweep.svg").',
        )

    @staticmethod
    def load(path: str | Path, X: Any = None) -> SweepResult:
        """Read the table of a sweep in ``.parquet``; ``X`` are the inputs, where it was one of a user's own, for certificates. Raises `InputError`."""
        require_arrow()
        table = read_table(Path(path))
        grid = about_table(table)["grid"]
        data = None if X is None else SweepData.of(X)
        if data is not None and data.digest != grid.get("data", {}).get("digest"):
            raise InputError("X must be the inputs of this sweep, got others: give those of the sweep, or none where it drew its own")
        return SweepResult(table, grid, table.num_rows, data=data)

    def certificate(self, cell: SweepCell) -> Certificate:
        """Return the certificate of a decided cell; see `cell_certificate`. Raises `InputError`, also where the inputs of a user's own are not known."""
        from lossproof.certificates.sweeps.certificate import cell_certificate

        if self.data is None and "data" in self.grid:
            raise InputError("a certificate needs the inputs of the sweep, got its table alone: give them to SweepResult.load as X")
        return cell_certificate(cell, self.data)

    def save(self, path: str | Path) -> Path:
        """Write the table to ``.parquet``, ``.csv`` or ``.tex``, or the heat map to ``.png`` or ``.svg``, by suffix, and return the path.

        Raises `InputError`.
        """
        target = Path(path)
        if target.suffix.lower() in (".png", ".svg"):
            from lossproof.certificates.sweeps.picture import draw_sweep

            return draw_sweep(self, target)
        write_table(self.table, check_table_place(target))
        return target


def _row(cell: SweepCell) -> tuple[str | Verdict, ...]:
    rank = str(cell.rank) if cell.rank is not None else f"{cell.rank_lower}..{cell.rank_upper}"
    numbers = map(str, (cell.T, cell.seed, cell.columns, cell.N_net))
    return (Verdict(cell.verdict), cell.widths, cell.activation, cell.bias, *numbers, rank, cell.reason)
