"""What a branch and prune has settled, kept in a file, from which a search of the same boxes goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from lossproof.certificates.files import check_place, replace_file
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.enclosures import Ball
from lossproof.numerics.complete.search import Settled
from lossproof.theory.exceptions import InputError
from lossproof.theory.limits import MAX_COMPLETE_BOXES

_FORMAT = "lossproof search 1"
_KEYS = {"format", "of", "tree", "points", "radii", "near", "reach"}


def load_search(path: Path, of: str, letters: str, weights: int) -> Settled | None:
    """Return what a file keeps of a search that ``of`` names, whose tree has these letters, with so many weights; None where there is no file yet.

    Raises `InputError` where the file is of another search or is not to be read. What it says is not trusted: a claim of the list is checked as any other.
    """
    if not check_place(path).exists():
        return None
    wrong = InputError(f"{str(path)!r} must be kept by a search for a complete list, got another file: choose another name, or remove it")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(found, dict) or set(found) != _KEYS or found["format"] != _FORMAT:
        raise wrong
    if found["of"] != of:
        raise InputError(
            f"{str(path)!r} must be kept by a search of the same problem and box, got that of another one: choose another name, or remove it"
        )
    tree = found["tree"]
    if not isinstance(tree, str) or len(tree) > MAX_COMPLETE_BOXES or set(tree) - set(letters):
        raise wrong
    points, radii, near, reach = (_rows(found[key], weights, wrong) for key in ("points", "radii", "near", "reach"))
    if len(points) != len(radii) or len(near) != len(reach):
        raise wrong
    return Settled(tree, points, radii, Ball(near, reach))


def keep_search(path: Path, of: str, settled: Settled) -> None:
    """Write what a search has settled, atomically."""
    rows = {"points": settled.points, "radii": settled.radii, "near": settled.near.mid, "reach": settled.near.rad}
    plain: dict[str, Any] = {key: [[float(x).hex() for x in row] for row in found] for key, found in rows.items()}
    replace_file(path, json.dumps({"format": _FORMAT, "of": of, "tree": settled.codes, **plain}))


def _rows(found: Any, weights: int, wrong: InputError) -> Floats:
    """Return rows of doubles."""
    right = isinstance(found, list) and all(
        isinstance(row, list) and len(row) == weights and all(isinstance(x, str) for x in row) for row in found
    )
    if not right:
        raise wrong
    try:
        rows = np.array([[float.fromhex(x) for x in row] for row in found]).reshape(-1, weights)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if not np.isfinite(rows).all():
        raise wrong
    return rows
