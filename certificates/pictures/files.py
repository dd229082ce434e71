"""Figures of matplotlib as files: which names they may have, and their bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossproof.certificates.files import check_place
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_picture_place(path: Path, formats: Sequence[str], example: str) -> Path:
    """Return the path when a picture can be written there. Raises `InputError` for another suffix or a place that cannot be written."""
    if path.suffix.lower() not in formats:
        raise InputError(f"the picture's name must end in {' or '.join(formats)}, got {path.name!r}: write for example {example}")
    return check_place(path)


def figure_bytes(figure: Callable[[], Figure], suffix: str, *, dpi: int, font_size: float = 10.0) -> bytes:
    """Return the file of a figure, ``.svg``, ``.png`` or ``.pdf`` by ``suffix``. Equal figures give equal bytes.

    ``figure`` is called under the settings of the pictures, which hold for this call alone.
    """
    import matplotlib

    stream, file_format = BytesIO(), suffix.lower().lstrip(".")
    settings: Any = {"svg.hashsalt": "lossproof", "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": font_size}
    with matplotlib.rc_context(settings):
        metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[file_format]
        figure().savefig(stream, format=file_format, dpi=dpi, metadata=metadata)
    return stream.getvalue()
