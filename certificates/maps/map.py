"""The map of a loss landscape, and the ways to read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lossproof.certificates.maps.record import MapRecord
from lossproof.certificates.reports.plain_words import in_sentence, plural, report_title
from lossproof.certificates.reports.report import Report


@dataclass(frozen=True)
class LandscapeMap(MapRecord):
    """The proved critical points of one landscape (see `MapRecord`), with the formats they are read in.

    >>> from lossproof.certificates.maps.find_critical_points import find_critical_points
    >>> found = find_critical_points("1-1", [[0], [1]], [[1], [3]], starts=4, workers=1)
    >>> found, found.conclusion.verdict == "PROVED"
    (<LandscapeMap: 1 proved critical point of the 1-1 network with identity on 2 samples; every minimum global: PROVED>, True)
    """

    report: Report

    def __repr__(self) -> str:
        found = plural(len(self), "proved critical point")
        return f"<LandscapeMap: {found} of {in_sentence(report_title(self.report))}; every minimum global: {self.conclusion.verdict}>"

    def _repr_html_(self) -> str:
        from lossproof.certificates.maps.table import map_in_notebook

        return map_in_notebook(self)

    def __str__(self) -> str:
        from lossproof.certificates.maps.table import render_map

        return render_map(self)

    def save(self, path: str | Path) -> Path:
        """Write the report of all points by suffix, with the certificate, as `Report.save` does; ``.svg`` and ``.png`` draw the map.

        A complete map of one or two weights is drawn as its boxes, one of more as its minima, joined at saddles.
        """
        target = Path(path)
        if target.suffix.lower() in (".svg", ".png"):
            from lossproof.certificates.maps.complete_picture import draw_complete_map
            from lossproof.certificates.maps.picture import draw_map

            return draw_map(self, target) if self.tree is None else draw_complete_map(self, self.tree, target)
        return self.report.save(target)
