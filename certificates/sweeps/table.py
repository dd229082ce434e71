"""The table of a sweep, in memory and as a file."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossproof.certificates.files import check_place, replace_file
from lossproof.certificates.reports.provenance import Provenance
from lossproof.certificates.sweeps.cells import COLUMNS
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet", ".csv", ".tex")
_KEY, _MADE = b"lossproof", b"lossproof-made-with"
_TEXT = ("widths", "activation", "bias", "verdict", "reason", "method", "rigor")
_NULLABLE = ("rank", "deficiency", "prime")


def require_arrow() -> None:
    """Raise `InputError` when pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise InputError("a sweep needs pyarrow, got an installation without it: pip install 'lossproof[sweep]'") from None


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {**dict.fromkeys(COLUMNS, pa.int64()), **dict.fromkeys(_TEXT, pa.string()), "decided": pa.bool_(), "checked": pa.bool_()}
    return pa.schema([pa.field(name, kinds[name], nullable=name in _NULLABLE) for name in COLUMNS])


def table_of(columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    """Return columns, as `prove_task` gives them, as a table."""
    import pyarrow as pa

    return pa.Table.from_pydict(dict(columns), schema=_schema())


def joined(tables: Sequence[pa.Table], about: Mapping[str, Any]) -> pa.Table:
    """Return tables one after another, with what they are about (version, grid) and what they were made with in the metadata."""
    import pyarrow as pa

    table = pa.concat_tables([_schema().empty_table(), *tables])
    made = json.dumps(Provenance.now().as_dict(), sort_keys=True)
    return table.replace_schema_metadata({_KEY: json.dumps(about, sort_keys=True), _MADE: made})


def made_with(table: pa.Table) -> dict[str, Any]:
    """Return what a table was made with, as `Provenance.as_dict`; nothing for one that does not say it."""
    found: dict[str, Any] = json.loads((table.schema.metadata or {}).get(_MADE, b"{}"))
    return found


def about_table(table: pa.Table) -> dict[str, Any]:
    """Return what a table is about: ``version`` and ``grid``. Raises `InputError` for a table that no sweep wrote."""
    metadata = table.schema.metadata or {}
    try:
        found = json.loads(metadata[_KEY])
    except (KeyError, ValueError):
        raise InputError(
            "the table must be that of a sweep, got a Parquet file without its metadata: write one with lossproof sweep"
        ) from None
    if not isinstance(found, dict) or tuple(table.column_names) != COLUMNS:
        raise InputError("the table must have the columns of a sweep, got others: write one with this version of lossproof sweep")
    return found


def check_table_place(path: Path) -> Path:
    """Return the path when a table can be written there. Raises `InputError` for another suffix or a place that cannot be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"the table's name must end in {' or '.join(SUFFIXES)}, got {path.name!r}: write for example sweep.parquet")
    return check_place(path)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet, CSV or LaTeX by suffix. The file is replaced atomically."""
    import pyarrow.parquet as pq

    if path.suffix.lower() != ".parquet":
        from lossproof.certificates.sweeps.text_tables import csv_text, longtable

        written = csv_text if path.suffix.lower() == ".csv" else longtable
        replace_file(path, written(table, made_with(table)))
        return

    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    replace_file(path, stream.getvalue())


def read_table(path: Path) -> pa.Table:
    """Read a table. Raises `InputError` for a file that is no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(io.BytesIO(path.read_bytes()))
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{str(path)!r} must be a Parquet file that can be read, got: {reason}: write one with lossproof sweep") from None
