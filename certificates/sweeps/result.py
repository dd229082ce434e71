"""What a sweep found, and the ways to read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossproof.certificates.proof.certificate import Certificate
from lossproof.certificates.sweeps.cells import SweepCell
from lossproof.certificates.sweeps.data import SweepData
from lossproof.certificates.sweeps.record import SweepRecord
from lossproof.certificates.sweeps.table import about_table, check_table_place, read_table, require_arrow, write_table
from lossproof.theory.exceptions import InputError


@dataclass(frozen=True, eq=False)
class SweepResult(SweepRecord):
    """The cells of a sweep (see `SweepRecord`), with the formats they are read in."""

    data: SweepData | None = None

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
