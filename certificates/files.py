"""Files: a place that can be written, and a file that is replaced as a whole."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from lossproof.theory.exceptions import InputError


def check_place(path: Path) -> Path:
    """Return the path when a file can be written there, whatever its suffix.

    Raises `InputError` for a folder that does not exist or is not writable, and when the path is a folder.
    """
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise InputError(f"the folder of {str(path)!r} must exist, got {str(folder)!r}, which is no folder: create it first")
    if path.is_dir():
        raise InputError(f"{str(path)!r} must be a file, got a folder: choose another name")
    if not os.access(folder, os.W_OK):
        raise InputError(f"the folder {str(folder)!r} must be writable, got one that is not: choose another folder")
    return path


def replace_file(path: Path, content: str | bytes) -> None:
    """Replace a file by one with this content, atomically: readers see the old file or the new one. Text is written as UTF-8.

    Raises `InputError` when the operating system refuses; the old file is then unchanged and nothing is left behind.
    """
    target = Path(os.path.realpath(path))
    scratch = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        try:
            with scratch.open("xb") as file:
                file.write(content if isinstance(content, bytes) else content.encode("utf-8", errors="backslashreplace"))
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, target)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{str(path)!r} must be writable, got {error.strerror or error}: choose another file or folder") from error
