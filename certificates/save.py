"""Writing reports to files: by suffix, and all or nothing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from lossproof.certificates.report import Report
from lossproof.theory.exceptions import InputError


def _html(report: Report, certificate_name: str) -> str:
    from lossproof.certificates.render_html import render_html

    return render_html(report, certificate_name)


def _markdown(report: Report, certificate_name: str) -> str:
    from lossproof.certificates.render_markdown import render_markdown

    return render_markdown(report, certificate_name)


def _latex(report: Report, certificate_name: str) -> str:
    from lossproof.certificates.render_latex import render_latex

    return render_latex(report, certificate_name)


def _text(report: Report, certificate_name: str) -> str:
    from lossproof.certificates.render_text import render_text

    return render_text(report, certificate_name)


def _certificate(report: Report, certificate_name: str) -> str:
    return report.certificate.text


_RENDERERS: Mapping[str, Callable[[Report, str], str]] = MappingProxyType(
    {".html": _html, ".md": _markdown, ".tex": _latex, ".txt": _text, ".json": _certificate}
)
SUFFIXES = tuple(_RENDERERS)


def check_destination(path: Path) -> Path:
    """Return the path when a report can be written there.

    Raises `InputError` for an unknown suffix, for a folder that does not exist or is not writable, and when the path is a folder.
    """
    if path.suffix.lower() not in _RENDERERS:
        got = repr(path.suffix) if path.suffix else "none"
        raise InputError(
            f"the suffix of {str(path)!r} must be one of {' '.join(SUFFIXES)}, got {got}: name the file for example report.html"
        )
    return check_place(path)


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


def render_for(report: Report, path: Path) -> str:
    """Return the text of the file ``path`` for a report: its suffix says which; the certificate is named as lying beside it."""
    return _RENDERERS[path.suffix.lower()](report, path.with_suffix(".json").name)


def save_report(report: Report, path: Path) -> Path:
    """Write a report by suffix, ``.html .md .tex .txt``, or ``.json`` for its certificate, and return the path.

    The text is made first and the file then replaced in one step: whatever fails, an old file stays as it was. Raises `InputError` as
    `check_destination` does.
    """
    check_destination(path)
    replace_file(path, render_for(report, path))
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
