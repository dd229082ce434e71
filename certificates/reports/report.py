"""The report of a check, and the ways to read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossproof.certificates.reports.record import ReportRecord


@dataclass(frozen=True)
class Report(ReportRecord):
    """Everything a check found (see `ReportRecord`), with the formats it is read in.

    ``print(report)`` tells all; where Python or a notebook shows a report by itself, that is the first screen of it.

    >>> from lossproof.certificates.checks.check_architecture import check_architecture
    >>> report = check_architecture("1-1", [[0], [1]], [[1], [3]], search="none")
    >>> report.conclusion.verdict == "PROVED", report["full-rank", "everywhere"].facts["rank_lower"]
    (True, 2)
    """

    def __repr__(self) -> str:
        from lossproof.certificates.reports.first_screen import render_first_screen

        return render_first_screen(self, 100).rstrip("\n")

    def _repr_html_(self) -> str:
        from lossproof.certificates.reports.notebook import render_notebook

        return render_notebook(self)

    def __str__(self) -> str:
        from lossproof.certificates.reports.text import render_text

        return render_text(self)

    def explain(self, id: str) -> str:
        """Return a statement in full, such as ``"full-rank"``, and all that this report says about it, with what it rests on.

        Raises `KeyError` where the report claims nothing about it.
        """
        from lossproof.certificates.reports.explain import explain

        return explain(self, id)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report as plain dicts, lists, strings and numbers, ready for JSON."""
        from lossproof.certificates.reports.as_dict import report_as_dict

        return report_as_dict(self)

    def save(self, path: str | Path) -> Path:
        """Write the report by suffix: ``.html .md .tex .txt``, or what it cites as ``.bib``, and beside it the certificate, under the same name with
        ``.json``; or that alone.

        Returns the path given. Files are replaced atomically. Raises `InputError` for another suffix, for a place that cannot be written, and where the
        certificate would replace a ``.json`` file that is none.
        """
        from lossproof.certificates.reports.save import save_report

        return save_report(self, Path(path))
