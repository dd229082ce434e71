"""Reading a ``.nnet`` file: a relu network with its scaling of inputs and outputs, as used in the verification of networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from lossproof.certificates.inputs.array_files import require_file
from lossproof.certificates.inputs.layered_mlp import mlp_of
from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.samples import exact_rows
from lossproof.theory.rationals import rational_of_text

_MOST_UNITS = 10**6


@dataclass(frozen=True)
class _Header:
    sizes: list[int]
    least: list[Fraction]
    most: list[Fraction]
    means: list[Fraction]
    ranges: list[Fraction]


def read_nnet(path: Path) -> TrainedNetwork:
    """Read a ``.nnet`` file: sizes, bounds and scaling of the inputs, and layer by layer the rows of ``W_lᵀ`` and the biases; relu between the layers.

    Its decimal numbers are the exact rationals that they spell. As the format says, inputs are clipped to their bounds and scaled, ``(x − mean)/range``, and
    targets are scaled as its outputs are, with the last mean and range: both exactly, in rationals. Nothing is there to compare outputs with. Raises
    `InputError` for a file that is built otherwise.
    """
    require_file(path, "the model")
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("//")]
        header, weights = _read(lines)
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise InputError(f"{str(path)[:120]!r} must be a .nnet file, got {str(error)[:120] or 'another format'}: see its format") from error
    layers: list[Layer] = []
    for l, (W, b) in enumerate(weights, start=1):
        layers += [Affine(f"layer {l}", W, b), Elementwise(f"layer {l}", "relu" if l < len(weights) else "identity")]
    mlp = mlp_of(layers, "a .nnet file")
    return mlp.network(
        outputs=None,
        unit=2.0**-53,
        inputs=lambda X: _scaled_inputs(header, X),
        targets=lambda Y: _scaled_targets(header, Y),
        notes=("Inputs are clipped and scaled as the .nnet file says, exactly: the samples of the problem are what its first layer sees.",),
    )


def _read(lines: Sequence[str]) -> tuple[_Header, list[tuple[Any, Any]]]:
    rows = [_numbers(line) for line in lines if line.strip()]
    layers, sizes = int(rows[0][0]), [int(n) for n in rows[1]]
    if (
        layers < 1
        or sizes != rows[1]
        or len(sizes) != layers + 1
        or min(sizes) < 1
        or sum(sizes) > _MOST_UNITS
        or rows[0][1:3] != [sizes[0], sizes[-1]]
    ):
        raise ValueError("sizes that do not fit")
    n = sizes[0]
    header = _Header(sizes, *rows[3:7])
    if [len(row) for row in rows[3:7]] != [n, n, n + 1, n + 1] or 0 in header.ranges:
        raise ValueError("bounds or scalings that do not fit")
    place, weights = 7, []
    for m, k in pairwise(sizes):
        transposed, bias = rows[place : place + k], rows[place + k : place + 2 * k]
        if any(len(row) != m for row in transposed) or any(len(row) != 1 for row in bias) or len(bias) != k:
            raise ValueError("rows of weights that do not fit")
        weights.append(([list(column) for column in zip(*transposed, strict=True)], [row[0] for row in bias]))
        place += 2 * k
    if place != len(rows):
        raise ValueError("more rows than its layers have")
    return header, weights


def _numbers(line: str) -> list[Fraction]:
    found = [rational_of_text(cell.strip()) for cell in line.strip().rstrip(",").split(",")]
    numbers = [number for number in found if number is not None]
    if len(numbers) < len(found):
        raise ValueError("something that is no number")
    return numbers


def _scaled_inputs(header: _Header, X: Any) -> Any:
    rows = exact_rows(X, "X")
    if len(rows[0]) != header.sizes[0]:
        return rows
    bounds = list(zip(header.least, header.most, header.means, header.ranges, strict=False))
    return [[(min(max(x, a), b) - m) / r for x, (a, b, m, r) in zip(row, bounds, strict=True)] for row in rows]


def _scaled_targets(header: _Header, Y: Any) -> tuple[Any, str | None]:
    m, r = header.means[-1], header.ranges[-1]
    if m == 0 and r == 1:
        return Y, None
    return [[(y - m) / r for y in row] for row in exact_rows(Y, "Y")], f"Targets are (y − {m})/{r}, as the .nnet file scales its outputs."
