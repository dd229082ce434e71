"""The map of a loss landscape, and the ways to read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lossproof.certificates.maps.record import MapRecord
from lossproof.certificates.reports.report import Report


@dataclass(frozen=True)
class LandscapeMap(MapRecord):
    """The proved critical points of one landscape (see `MapRecord`), with the formats they are read in."""

    report: Report

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
