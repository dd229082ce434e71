"""The finished parts of a sweep beside its table, from which an interrupted sweep goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossproof.certificates.files import replace_file
from lossproof.certificates.sweeps.table import read_table, write_table
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_ABOUT = "grid.json"


@dataclass(frozen=True)
class Parts:
    """A folder with one Parquet file a finished task, and ``grid.json``, which says of which grid and version. Files are written atomically."""

    folder: Path

    @staticmethod
    def beside(path: Path, about: Mapping[str, Any], *, fresh: bool) -> Parts:
        """Return the parts of the table at ``path``; with ``fresh`` old ones are removed.

        Raises `InputError` when there are parts of another grid or version, or the folder is something else.
        """
        parts = Parts(path.with_name(path.name + ".parts"))
        if fresh and (parts.folder / _ABOUT).is_file():
            parts.remove()
        if parts.folder.exists():
            parts._require(about)
            return parts
        try:
            parts.folder.mkdir()
        except OSError as error:
            raise InputError(
                f"the folder {str(parts.folder)!r} must be one that can be made, got {error.strerror}: choose another -o"
            ) from None
        replace_file(parts.folder / _ABOUT, json.dumps(about, sort_keys=True))
        return parts

    def _require(self, about: Mapping[str, Any]) -> None:
        try:
            found = json.loads((self.folder / _ABOUT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise InputError(
                f"{str(self.folder)!r} must hold the parts of a sweep, got a folder without a readable {_ABOUT}: remove it, or choose another -o"
            ) from None
        if found != dict(about):
            raise InputError(
                f"{str(self.folder)!r} must hold parts of the same sweep, got those of another grid or version: "
                "start anew with --fresh, or choose another -o"
            )

    def load(self, number: int, cells: int) -> pa.Table | None:
        """Return the table of a task, or None when it is not there in full."""
        path = self._file(number)
        if not path.is_file():
            return None
        try:
            table = read_table(path)
        except InputError:
            return None
        return table if table.num_rows == cells else None

    def store(self, number: int, table: pa.Table) -> None:
        """Write the table of a task."""
        write_table(table, self._file(number))

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:07d}.parquet"

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
