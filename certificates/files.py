"""Files: a place that can be written, and a file that is replaced as a whole."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from lossproof.theory.exceptions import InputError

_SHOWN = 200


def check_place(path: Path) -> Path:
    """Return the path when a file can be written there, whatever its suffix; a file is made beside it and removed again, to see that.

    Raises `InputError` for a folder that does not exist or cannot be written, when the path is a folder, a device or a pipe, and for a name that the file
    system does not take.
    """
    try:
        target = Path(os.path.realpath(path))
        if not os.path.isdir(target.parent):
            raise InputError(f"the folder of {_brief(path)} must exist, got {_brief(target.parent)}, which is no folder: create it first")
        if os.path.isdir(target):
            raise InputError(f"{_brief(path)} must be a file, got a folder: choose another name")
        if _exists(target) and not os.path.isfile(target):
            raise InputError(f"{_brief(path)} must be a file, got a device or a pipe: choose another name")
        scratch = _scratch(target)
        scratch.touch(exist_ok=False)
        scratch.unlink()
    except OSError as error:
        raise InputError(f"{_brief(path)} must be writable, got {error.strerror or error}: choose another file or folder") from error
    return path


def _exists(target: Path) -> bool:
    """Tell whether there is something at the place; raises `OSError` for a name that the file system does not take."""
    try:
        os.stat(target)
    except FileNotFoundError:
        return False
    return True


def _scratch(target: Path) -> Path:
    return target.with_name(f".{secrets.token_hex(8)}.tmp")


def _brief(path: Path) -> str:
    """Return a path for a message, at most 200 characters of it."""
    return repr(str(path)[:_SHOWN])


def replace_file(path: Path, content: str | bytes) -> None:
    """Replace a file by one with this content, atomically: readers see the old file or the new one. Text is written as UTF-8.

    Raises `InputError` when the operating system refuses; the old file is then unchanged and nothing is left behind.
    """
    target = Path(os.path.realpath(path))
    scratch = _scratch(target)
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
        raise InputError(f"{_brief(path)} must be writable, got {error.strerror or error}: choose another file or folder") from error
