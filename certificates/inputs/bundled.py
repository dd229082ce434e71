"""The data sets that come with scikit-learn, as exact numbers of a size that suits a network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from lossproof.theory.exceptions import InputError

_Floats = npt.NDArray[np.float64]
_MOST_DECIMALS = 12
_PIXEL = 16.0


@dataclass(frozen=True)
class BundledSet:
    """One data set: what it holds, its size ``T``, its number of classes (0 for numbers as targets), and whether it comes sorted by class."""

    words: str
    size: int
    classes: int
    sorted_by_class: bool = False


BUNDLED: Mapping[str, BundledSet] = MappingProxyType(
    {
        "digits": BundledSet("1797 handwritten digits of 8 × 8 pixels, 10 classes", 1797, 10),
        "iris": BundledSet("150 flowers with 4 measures, 3 classes", 150, 3, sorted_by_class=True),
        "wine": BundledSet("178 wines with 13 measures, 3 classes", 178, 3, sorted_by_class=True),
        "breast-cancer": BundledSet("569 tumours with 30 measures, 2 classes", 569, 2),
        "diabetes": BundledSet("442 patients with 10 measures, one number as target", 442, 0),
    }
)
_NAME = re.compile(rf"({'|'.join(BUNDLED)})(?:-([0-9]{{1,9}}))?")


def bundled_name(name: str) -> tuple[str, int] | None:
    """Return the set and the number of samples that a name such as ``digits`` or ``digits-200`` asks for, or None.

    Raises `InputError` for a number outside 1 to the size of the set.

    >>> bundled_name("digits-200"), bundled_name("iris"), bundled_name("xor")
    (('digits', 200), ('iris', 150), None)
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    size = BUNDLED[match[1]].size
    count = size if match[2] is None else int(match[2])
    if not 1 <= count <= size:
        raise InputError(f"{match[1]}-T must have T from 1 to {size}, got {name!r}: write for example {match[1]}-{min(size, 100)}")
    return match[1], count


def load_bundled(name: str, count: int, n_outputs: int) -> tuple[_Floats, _Floats]:
    r"""Return the first ``count`` inputs ``(count, n_0)`` and targets ``(count, n_outputs)`` of a set of `BUNDLED`, as doubles that are exact.

    - Pixels of ``digits`` are divided by 16: multiples of 1/16 in [0, 1].
    - The other inputs, and the target of ``diabetes``, are decimals; each column goes through its own exact affine map into [−1, 1], see
      `scaled_decimals`. The maps are those of the whole set, so that fewer samples are the first of more.
    - ``iris`` and ``wine`` come sorted by class; here the classes take turns, so that the first samples hold all of them.
    - Classes are unit vectors where ``n_outputs`` is the number of classes, and their number (from 0) for one output.

    Raises `InputError` for another ``n_outputs``, or without scikit-learn, the extra ``data``.
    """
    bundled = BUNDLED[name]
    _check_outputs(name, bundled.classes, n_outputs)
    raw_X, raw_Y = _read(name)
    if not bundled.classes:
        X, Y = scaled_decimals(raw_X), scaled_decimals(raw_Y.reshape(-1, 1))
        return X[:count], Y[:count]
    X = raw_X / _PIXEL if name == "digits" else scaled_decimals(raw_X)
    labels = raw_Y.astype(np.int64)
    order = _classes_in_turn(labels) if bundled.sorted_by_class else np.arange(bundled.size)
    Y = np.eye(bundled.classes)[labels] if n_outputs > 1 else labels.astype(np.float64).reshape(-1, 1)
    return X[order[:count]], Y[order[:count]]


def scaled_decimals(columns: _Floats) -> _Floats:
    r"""Return every column of decimals mapped to [−1, 1] by ``x ↦ (2x − min − max)·10^d/2^k``, without any rounding.

    A double stands for the shortest decimal that reads as this double; ``d`` is the largest number of decimals in the column, and ``k`` the
    least whole number with ``2^k ≥ (max − min)·10^d``. The values are integers over ``2^k``, which doubles hold exactly; the map is affine,
    so equal entries stay equal and different ones different.

    >>> scaled_decimals(np.array([[0.1, 3.0], [0.3, 3.0], [0.4, 4.0]]))
    array([[-0.75, -1.  ],
           [ 0.25, -1.  ],
           [ 0.75,  1.  ]])
    """
    return np.column_stack([_scaled(column) for column in columns.T])


def _scaled(column: _Floats) -> _Floats:
    whole = next((w for w in (_whole_numbers(column, decimals) for decimals in range(_MOST_DECIMALS + 1)) if w is not None), None)
    if whole is None:
        raise InputError(f"a column must hold decimals of at most {_MOST_DECIMALS} places, got others: install a released scikit-learn")
    low, high = int(whole.min()), int(whole.max())
    return (2 * whole - (low + high)) / 2.0 ** max(high - low - 1, 0).bit_length()


def _whole_numbers(column: _Floats, decimals: int) -> npt.NDArray[np.int64] | None:
    """Return ``column·10^decimals`` where these are whole numbers, below ``2^50``, that give back the column; else None."""
    shifted = np.rint(column * 10.0**decimals)
    right = bool(np.abs(shifted).max() < 2.0**50) and np.array_equal(shifted / 10.0**decimals, column)
    return shifted.astype(np.int64) if right else None


def _classes_in_turn(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return an order in which every class is spread evenly, and keeps its own order."""
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.lexsort((labels, place))


def _check_outputs(name: str, classes: int, n_outputs: int) -> None:
    allowed = (1, classes) if classes else (1,)
    if n_outputs not in allowed:
        meaning = f"1 output (the number of the class) or {classes} (unit vectors)" if classes else "1 output"
        raise InputError(f"a network for {name!r} must have {meaning}, got {n_outputs}: end the widths with {allowed[-1]}")


def _read(name: str) -> tuple[_Floats, _Floats]:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise InputError(
            f"the data set {name!r} must come from scikit-learn, got no such package: pip install 'lossproof[data]'"
        ) from error
    loaders: Mapping[str, Callable[[], Any]] = {
        "digits": datasets.load_digits,
        "iris": datasets.load_iris,
        "wine": datasets.load_wine,
        "breast-cancer": datasets.load_breast_cancer,
        "diabetes": lambda: datasets.load_diabetes(scaled=False),
    }
    bunch = loaders[name]()
    return np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target, dtype=np.float64)
