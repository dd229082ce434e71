"""Files of named arrays, ``.npz``: read with limits, and nothing in them is executed."""

from __future__ import annotations

import os
import re
import tokenize
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lossproof.theory.exceptions import InputError

MOST_BYTES = 2**30
"""How much a file may hold, unpacked: as exact numbers it takes some twenty times as much."""

_KINDS = "biufU"
_SHOWN = 120
_MOST_NAMES = 10
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    ArithmeticError,
    MemoryError,
    KeyError,
    TypeError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def require_file(path: Path, what: str) -> None:
    """Raise `InputError` unless there is a file of at most 1 GiB at the path; ``what`` is what a message calls it."""
    if os.path.isdir(path):
        raise InputError(f"{what} {str(path)[:_SHOWN]!r} must be a file, got a folder: give a file in it")
    if not os.path.isfile(path):
        raise InputError(f"{what} {str(path)[:_SHOWN]!r} must exist, got no such file: check the path")
    size = os.path.getsize(path)
    if size > MOST_BYTES:
        raise InputError(f"{what} {str(path)!r} must have at most 1 GiB, got {size} bytes: take fewer numbers")


def read_arrays(path: Path) -> dict[str, Any]:
    """Return the arrays of real numbers, or of texts that spell them, in an ``.npz`` file by name.

    Raises `InputError` for a file that cannot be read, that holds more than 1 GiB when unpacked, or something else than such arrays.
    """
    import numpy as np

    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not hasattr(archive, "files"):
                raise InputError(f"{str(path)!r} must be an .npz archive of named arrays, got a single array: use numpy.savez")
            size = sum(entry.file_size for entry in archive.zip.infolist())
            if size > MOST_BYTES:
                raise InputError(f"{str(path)!r} must hold at most 1 GiB of arrays, got {size} bytes: take fewer numbers")
            arrays = {key: archive[key] for key in archive.files}
    except _UNREADABLE as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{str(path)!r} must be a readable .npz file of plain arrays, got {brief_reason(error)}: save it with numpy.savez"
        ) from error
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in _KINDS:
            kind = array.dtype if isinstance(array, np.ndarray) else "bytes"
            raise InputError(f"{key[:_SHOWN]} of {str(path)!r} must be an array of real numbers, got type {kind}: convert it first")
    return arrays


def read_array(path: Path) -> Any:
    """Return the array of real numbers, or of texts that spell them, in an ``.npy`` file.

    Raises `InputError` for a file that cannot be read or that holds something else.
    """
    import numpy as np

    try:
        with path.open("rb") as file:
            array = np.load(file, allow_pickle=False)
    except _UNREADABLE as error:
        raise InputError(
            f"{str(path)!r} must be a readable .npy file of one plain array, got {brief_reason(error)}: save it with numpy.save"
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in _KINDS:
        kind = array.dtype if isinstance(array, np.ndarray) else "an archive"
        raise InputError(f"{str(path)!r} must be an array of real numbers, got {kind}: convert it first")
    return array


def names_in(arrays: Iterable[str]) -> str:
    """Return the names of some arrays in words.

    >>> names_in(["X", "Z"]), names_in([])
    ('X, Z', 'none')
    """
    names = [name[:_SHOWN] for name in arrays]
    return ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "") or "none"


def brief_reason(error: Exception) -> str:
    """Return what an error says, on one line and at most 120 characters of it, without the codes by which terminals colour text."""
    text = re.sub(r"\s+", " ", _COLOURS.sub("", str(error))).strip() or type(error).__name__
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
