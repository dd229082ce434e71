"""The picture of a complete map as a file: boxes for one or two weights, minima joined at saddles for more."""

from __future__ import annotations

from pathlib import Path

from lossproof.certificates.files import replace_file
from lossproof.certificates.maps.box_picture import MOST_WEIGHTS, boxes_figure
from lossproof.certificates.maps.disconnectivity import graph_figure
from lossproof.certificates.maps.picture import check_picture
from lossproof.certificates.maps.record import MapRecord
from lossproof.certificates.pictures.files import figure_bytes
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.complete.search import Tree


def draw_complete_map(map: MapRecord, tree: Tree, path: Path) -> Path:
    """Draw a complete map to ``.svg`` or ``.png`` by suffix, and return the path. The file is replaced atomically.

    Raises `InputError` for another suffix or a place that cannot be written.
    """
    target = check_picture(path)
    few = len(tree.bounds) <= MOST_WEIGHTS
    with one_thread():
        replace_file(
            target, figure_bytes(lambda: boxes_figure(map, tree) if few else graph_figure(map), target.suffix, dpi=200, font_size=9.0)
        )
    return target
