"""What a sweep found, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossproof.certificates.sweeps.cells import SweepCell
from lossproof.certificates.sweeps.grid import layers_text
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class SweepRecord:
    """The cells of a sweep, as a table of pyarrow with a row a cell (its columns are the fields of `SweepCell`).

    - ``grid``: the grid as plain data; ``cells_planned``: how many cells it has;
    - ``interrupted``: whether the sweep was interrupted, so that cells are missing.

    Iterating gives `SweepCell` by `SweepCell`.
    """

    table: pa.Table
    grid: dict[str, Any]
    cells_planned: int
    interrupted: bool = False

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[SweepCell]:
        for batch in self.table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                yield SweepCell(**row)

    def cell(
        self, widths: str, activation: str | Sequence[str], T: int, seed: int = 0, *, bias: str | Sequence[str] | None = None
    ) -> SweepCell:
        """Return one cell, of the first bias mode if none is named. Raises `InputError` when it is not in the table."""
        import pyarrow.compute as pc

        wanted = {"widths": widths, "activation": layers_text(activation), "T": T, "seed": seed}
        if bias is not None:
            wanted["bias"] = layers_text(bias)
        found = self.table
        for name, value in wanted.items():
            found = found.filter(pc.equal(found[name], value))
        if found.num_rows == 0:
            raise InputError(
                f"the cell must be in the sweep, got {widths}, {wanted['activation']}, T = {T}, seed {seed}: look at result.grid"
            )
        return SweepCell(**found.slice(0, 1).to_pylist()[0])

    @property
    def checked(self) -> int:
        """How many cells have a certificate that the checker has accepted."""
        return int(sum(self.table.column("checked").to_pylist()))

    def counts(self) -> dict[str, int]:
        """Return the number of cells by verdict of `full-rank` almost everywhere, and of those whose rank is decided.

        Keys: ``PROVED``, ``REFUTED``, ``UNDECIDED``, ``decided``.
        """
        verdicts = Counter(self.table["verdict"].to_pylist())
        decided = sum(self.table["decided"].to_pylist())
        return {**{verdict: verdicts[verdict] for verdict in ("PROVED", "REFUTED", "UNDECIDED")}, "decided": decided}
