"""Writing reports to files: by suffix, and all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from lossproof.certificates.files import check_place, replace_file
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.exceptions import InputError


def _html(report: ReportRecord, certificate_name: str) -> str:
    from lossproof.certificates.reports.html import render_html

    return render_html(report, certificate_name)


def _markdown(report: ReportRecord, certificate_name: str) -> str:
    from lossproof.certificates.reports.markdown import render_markdown

    return render_markdown(report, certificate_name)


def _latex(report: ReportRecord, certificate_name: str) -> str:
    from lossproof.certificates.reports.latex import render_latex

    return render_latex(report, certificate_name)


def _bibtex(report: ReportRecord, certificate_name: str) -> str:
    from lossproof.certificates.reports.bibtex import render_bibtex

    return render_bibtex(report, certificate_name)


def _text(report: ReportRecord, certificate_name: str) -> str:
    from lossproof.certificates.reports.text import render_text

    return render_text(report, certificate_name)


def _certificate(report: ReportRecord, certificate_name: str) -> str:
    return report.certificate.text


_RENDERERS: Mapping[str, Callable[[ReportRecord, str], str]] = MappingProxyType(
    {".html": _html, ".md": _markdown, ".tex": _latex, ".bib": _bibtex, ".txt": _text, ".json": _certificate}
)
SUFFIXES = tuple(_RENDERERS)
_HEAD = 256
_FORMAT_NAME = b'"lossproof-certificate"'


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


def render_for(report: ReportRecord, path: Path) -> str:
    """Return the text of the file ``path`` for a report: its suffix says which; the certificate is named as lying beside it."""
    return _RENDERERS[path.suffix.lower()](report, path.with_suffix(".json").name)


def check_certificate_place(path: Path) -> Path:
    """Return the path when the certificate of a report may go there, beside the report and without being named.

    Raises `InputError` as `check_destination` does, and for a file there that is no certificate: nobody asked to replace it.
    """
    check_destination(path)
    if not path.exists():
        return path
    try:
        with path.open("rb") as file:
            is_certificate = _FORMAT_NAME in file.read(_HEAD)
    except OSError as error:
        raise InputError(
            f"{str(path)!r}, where the certificate goes, must be readable, got {error.strerror}: choose another name for the report"
        ) from error
    if not is_certificate:
        raise InputError(
            f"the certificate goes to {str(path)!r}, got a file there that is no certificate: move it, or choose another name for the report"
        )
    return path


def save_report(report: ReportRecord, path: Path) -> Path:
    """Write a report by suffix, ``.html .md .tex .txt``, or what it cites as ``.bib``, with its certificate beside it, or ``.json`` for the certificate alone.
    Return the path.

    The texts are made first and each file is then replaced in one step: whatever fails, an old file stays as it was. Raises `InputError` as
    `check_destination` and `check_certificate_place` do.
    """
    check_destination(path)
    places = [path] if path.suffix.lower() == ".json" else [check_certificate_place(path.with_suffix(".json")), path]
    texts = [(place, render_for(report, place)) for place in places]
    for place, text in texts:
        replace_file(place, text)
    return path
