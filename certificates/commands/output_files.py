"""Which files a run writes, settled before the work begins."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from lossproof.certificates.files import replace_file
from lossproof.certificates.reports.report import Report
from lossproof.certificates.reports.save import check_certificate_place, check_destination, render_for
from lossproof.theory.exceptions import InputError


def plan_outputs(named: Sequence[Path], inputs: Iterable[str]) -> tuple[Path, ...]:
    """Return the files to write: the named ones, and beside each report the certificate of the same name.

    Raises `InputError` for a file that cannot be written, that is one of the inputs, or when the certificate would replace a ``.json`` file
    that nobody named and that is no certificate.
    """
    taken = {os.path.realpath(name) for name in inputs}
    planned: dict[str, Path] = {}
    for path in named:
        planned.setdefault(os.path.realpath(check_destination(path)), path)
    for path in named:
        beside = path.with_suffix(".json")
        if os.path.realpath(beside) not in planned:
            planned[os.path.realpath(beside)] = check_certificate_place(beside)
    for real, path in planned.items():
        if real in taken:
            raise InputError(f"{str(path)!r} must not replace an input of this run, got the same file for both: choose another name for -o")
    return tuple(planned.values())


def write_outputs(report: Report, paths: Sequence[Path]) -> None:
    """Write the files, each atomically, after all their texts are made."""
    texts = [(path, render_for(report, path)) for path in paths]
    for path, text in texts:
        replace_file(path, text)


def files_written(outputs: Sequence[Path], command: str, picture: Path | None = None) -> str:
    """Return which files a run wrote and how to re-check them; ``command`` says how to get a report where none was asked for."""
    reports = [str(path) for path in outputs if path.suffix.lower() != ".json"]
    certificates = [str(path) for path in outputs if path.suffix.lower() == ".json"]
    lines = [f"Report: {', '.join(reports)}"] if reports else []
    lines += [f"Picture: {picture}"] if picture is not None else []
    if certificates:
        lines += [f"Certificate: {', '.join(certificates)}", f"Re-check it with: lossproof verify {shlex.quote(certificates[0])}"]
    else:
        lines += [f"{'No certificate' if lines else 'Nothing'} was written. For a report and its certificate: {command}"]
    return "\n".join(lines)
