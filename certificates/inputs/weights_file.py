"""Weights in files, read and written: ``.npz`` with ``W1, b1, W2, …`` and ``.json`` with ``[{"W": …, "b": …}, …]``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

from lossproof.certificates.files import check_place, replace_file
from lossproof.certificates.inputs.array_files import brief_reason, names_in, read_arrays, require_file
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.expressions import sympy_number_of_text
from lossproof.theory.problem.numbers import Number, exact_number, number_text
from lossproof.theory.problem.weights import Weights
from lossproof.theory.shown import shown

_LARGEST = 256 * 2**20


def load_weights(source: str, layers: int) -> list[tuple[Any, Any]]:
    """Return the pairs ``(W_l, b_l)`` of a file, as `Weights.of` reads them.

    - ``.npz``: arrays ``W1``, ``b1``, …, ``WL``, ``bL``; ``W_l`` of shape ``(n_{l-1}, n_l)``; without a bias the ``b_l`` may be left out.
    - ``.json``: a list of objects ``{"W": rows, "b": list}``; an entry is a number (a float is the dyadic rational it is) or a text such
      as ``"1/3"`` or ``"log(3)/2"``, read by a grammar of its own (`sympy_number_of_text`); no text is run.

    Raises `InputError` for a missing, unreadable or differently built file. Shapes and entries are checked by `Weights.of`.
    """
    path = Path(source)
    if path.suffix.lower() not in (".npz", ".json"):
        raise InputError(f"a weights file must end in .npz or .json, got {shown(source)}: save the weights as one of these")
    require_file(path, "the weights file")
    return _from_npz(path, layers) if path.suffix.lower() == ".npz" else _from_json(path)


def save_weights(path: Path, weights: Weights) -> Path:
    """Write weights to ``.npz`` or ``.json`` so that `load_weights` reads the same exact numbers, and return the path; the file is replaced atomically.

    An array of ``.npz`` holds doubles where all its entries are doubles, else texts such as ``"1/3"``, as the entries of ``.json``. Raises
    `InputError` for another suffix, a place that cannot be written, or a number that `load_weights` would not read again, such as a root of a high degree.
    """
    check_weights_place(path)
    layers: list[tuple[Any, Any]] = [([list(row) for row in layer.W], list(layer.b)) for layer in weights.layers]
    if path.suffix.lower() == ".json":
        document = [{"W": [[_text(x) for x in row] for row in W], "b": [_text(x) for x in b]} for W, b in layers]
        replace_file(path, json.dumps(document, indent=1) + "\n")
        return path
    import numpy as np

    stream = BytesIO()
    arrays = {f"{letter}{l}": _array(part) for l, pair in enumerate(layers, start=1) for letter, part in zip("Wb", pair, strict=True)}
    np.savez(stream, **arrays)
    replace_file(path, stream.getvalue())
    return path


def check_weights_place(path: Path) -> Path:
    """Return the path when weights can be written there. Raises `InputError`."""
    if path.suffix.lower() not in (".npz", ".json"):
        raise InputError(f"a weights file must end in .npz or .json, got {str(path)!r}: name it for example weights.npz")
    return check_place(path)


def _text(value: Number) -> str:
    text = number_text(value)
    if not isinstance(value, Fraction):
        expression = sympy_number_of_text(text)
        if expression is None or exact_number(expression) != value:
            raise InputError(f"weights must be numbers that a file can hold, got {shown(text)}: give a rational or a float instead")
    return text


def _array(part: Sequence[Any]) -> Any:
    """Return doubles where that loses nothing, else texts."""
    import numpy as np

    flat = [x for row in part for x in row] if part and isinstance(part[0], list) else list(part)
    if all(_is_double(x) for x in flat):
        return np.array(part, dtype=float)
    return np.array([[_text(x) for x in row] for row in part] if isinstance(part[0], list) else [_text(x) for x in part])


def _is_double(value: Number) -> bool:
    try:
        return isinstance(value, Fraction) and Fraction(float(value)) == value
    except OverflowError:
        return False


def _from_npz(path: Path, layers: int) -> list[tuple[Any, Any]]:
    arrays = read_arrays(path)
    wanted = {f"{letter}{l}" for letter in "Wb" for l in range(1, layers + 1)}
    missing = [f"W{l}" for l in range(1, layers + 1) if f"W{l}" not in arrays]
    unknown = [key for key in arrays if key not in wanted]
    if missing or unknown:
        raise InputError(
            f"{str(path)!r} must hold the arrays W1, b1, …, W{layers}, b{layers}, got {names_in(arrays)}: name them so with numpy.savez"
        )
    return [(arrays[f"W{l}"], arrays.get(f"b{l}")) for l in range(1, layers + 1)]


def _from_json(path: Path) -> list[tuple[Any, Any]]:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{str(path)!r} must be at most 256 MiB, got {path.stat().st_size} bytes: save large weights as .npz")
        document = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise InputError(
            f"{str(path)!r} must be a list of layers, got brackets nested too deep: write [{{'W': rows, 'b': list}}, …]"
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{str(path)!r} must be readable JSON, got {brief_reason(error)}: write a list of objects with W and b") from error
    if not isinstance(document, list) or not all(isinstance(layer, dict) and set(layer) in ({"W", "b"}, {"W"}) for layer in document):
        raise InputError(
            f'{str(path)!r} must be a list of objects {{"W": rows, "b": list}}, one a layer, got something else: '
            'write for example [{"W": [[1]], "b": [0]}]'
        )
    for l, layer in enumerate(document, start=1):
        rows_right = isinstance(layer["W"], list) and all(isinstance(row, list) for row in layer["W"])
        if not rows_right or not isinstance(layer.get("b"), (list, type(None))):
            raise InputError(
                f"layer {l} of {str(path)!r} must have W as a list of rows and b as a list, got another kind: "
                "write for example [[1, 2]] and [0, 0]"
            )
    return [(layer["W"], layer.get("b")) for layer in document]
