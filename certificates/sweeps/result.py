"""What a sweep found, and the ways to read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lossproof.certificates.proof.certificate import Certificate
from lossproof.certificates.sweeps.cells import SweepCell
from lossproof.certificates.sweeps.record import SweepRecord
from lossproof.certificates.sweeps.table import about_table, check_table_place, read_table, require_arrow, write_table


@dataclass(frozen=True, eq=False)
class SweepResult(SweepRecord):
    """The cells of a sweep (see `SweepRecord`), with the formats they are read in."""

    @staticmethod
    def load(path: str | Path) -> SweepResult:
        """Read the table of a sweep. Raises `InputError`."""
        require_arrow()
        table = read_table(Path(path))
        return SweepResult(table, about_table(table)["grid"], table.num_rows)

    def certificate(self, cell: SweepCell) -> Certificate:
        """Return the certificate of a decided cell; see `cell_certificate`."""
        from lossproof.certificates.sweeps.certificate import cell_certificate

        return cell_certificate(cell)

    def save(self, path: str | Path) -> Path:
        """Write the table to ``.parquet``, or the heat map to ``.png`` or ``.svg``, by suffix, and return the path. Raises `InputError`."""
        target = Path(path)
        if target.suffix.lower() in (".png", ".svg"):
            from lossproof.certificates.sweeps.picture import draw_sweep

            return draw_sweep(self, target)
        write_table(self.table, check_table_place(target))
        return target
