"""The map of a landscape as plain data for programs."""

from __future__ import annotations

from typing import Any

from lossproof.certificates.maps.record import CriticalPoint, MapRecord
from lossproof.certificates.reports.as_dict import summary_as_dict
from lossproof.theory.rationals import rational_text


def map_as_dict(map: MapRecord) -> dict[str, Any]:
    """Return what a map says as dicts, lists, strings and numbers: what ``lossproof map --json`` prints.

    Keys: those of `summary_as_dict`, and ``points``, ``complete`` (the verdict of the claim that the list is complete, null where it was not asked for),
    ``starts``, ``strays``, ``unproved``, ``interrupted``, ``given``. A point has ``point`` (its number), ``kind``, ``suboptimal``, ``loss_lower``,
    ``loss_upper``, ``inertia``, ``rank_lower``, ``rank_upper``, ``radius``, ``hits`` and ``given``; fractions are strings. What came of given weights has
    ``number``, ``point`` (null where none was reached), ``distance`` (null where none is proved), ``is_copy`` and ``seen``.

    >>> from lossproof.certificates.maps.find_critical_points import find_critical_points
    >>> found = map_as_dict(find_critical_points("1-1", [[0], [1]], [[1], [3]], starts=4, workers=1))
    >>> found["conclusion"], found["points"][0]["kind"], found["points"][0]["loss_upper"]
    ('PROVED', 'global', '0')
    """
    return {
        **summary_as_dict(map.report),
        "points": [_point(point) for point in map],
        "complete": None if map.complete is None else map.complete.verdict.value,
        "starts": map.starts,
        "strays": map.strays,
        "unproved": map.unproved,
        "interrupted": map.interrupted,
        "given": [
            {
                "number": start.number,
                "point": start.point,
                "distance": None if start.distance is None else rational_text(start.distance),
                "is_copy": start.is_copy,
                "seen": start.seen,
            }
            for start in map.given
        ],
    }


def _point(point: CriticalPoint) -> dict[str, Any]:
    rank_lower, rank_upper = point.rank
    return {
        "point": point.point,
        "kind": point.kind,
        "suboptimal": point.suboptimal is not None,
        "loss_lower": rational_text(point.loss_lower),
        "loss_upper": rational_text(point.loss_upper),
        "inertia": dict(point.inertia),
        "rank_lower": rank_lower,
        "rank_upper": rank_upper,
        "radius": rational_text(point.radius),
        "hits": point.hits,
        "given": list(point.given),
    }
