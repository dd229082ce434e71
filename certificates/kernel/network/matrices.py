"""The named matrices of section 4: their names, sizes and entries over a ring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.rings import Ring
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.network.passes import Box, curve_of, forward, psi, weights
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require, short
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.theory.limits import MAX_ENTRIES

_NAME = re.compile(r"P|(Phi|Psi|P|W)-(0|[1-9][0-9]{0,3})([+*]?)")


@dataclass(frozen=True)
class Matrix:
    """A parsed name: ``kind`` is ``Phi``, ``Psi``, ``P`` or ``W``; ``layer`` is None for the whole ``P``; ``suffix`` is ``+``, ``*`` or empty."""

    name: str
    kind: str
    layer: int | None
    suffix: str
    shape: tuple[int, int]

    @property
    def is_of_samples(self) -> bool:
        """Whether the entries depend on no weights."""
        return self.kind == "Phi" and self.layer == 0

    def at(self, default: int = 1) -> int:
        """Return the layer; the default for the whole ``P``."""
        return default if self.layer is None else self.layer


def parse_matrix(name: str, problem: Problem, place: str = "conclusion.matrix") -> Matrix:
    """Return the matrix a name stands for in this problem; raises `Rejected`."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise Rejected(place, "conclusion", f"{short(name)} is no name of a matrix")
    if name == "P":
        return Matrix(name, "P", None, "", (problem.N_net, problem.columns))
    kind, layer, suffix, n, T = match[1], int(match[2]), match[3], problem.widths, problem.T
    least, most = (0, problem.L - 1) if kind == "Phi" else (1, problem.L)
    right = least <= layer <= most and suffix in {"Phi": ("", "+"), "W": ("", "*")}.get(kind, ("",))
    require(right, place, f"this problem has no matrix {name}", "conclusion")
    shape = {
        "Phi": (n[layer] + (problem.bias_rows if suffix else 0), T),
        "Psi": (T * n[layer], problem.columns),
        "W": (n[layer - 1] + (0 if suffix else problem.bias_rows), n[layer]),
        "P": (problem.fan_in(layer) * n[layer] if layer else 0, problem.columns),
    }[kind]
    return Matrix(name, kind, layer, suffix, shape)


def entries(
    matrix: Matrix, problem: Problem, box: Box | None, ring: Ring, rows: list[int] | None = None, columns: list[int] | None = None
) -> Array:
    """Return the submatrix of the given rows and columns (all if None) as an object array; entries may be plain ``fmpq``.

    All samples are passed through the network, so that a missing derivative of a hidden layer rejects. Raises `Rejected`.
    """
    r = np.arange(matrix.shape[0]) if rows is None else np.array(rows, dtype=np.int64)
    c = np.arange(matrix.shape[1]) if columns is None else np.array(columns, dtype=np.int64)
    limit(len(r) * len(c), MAX_ENTRIES, "the number of entries of a matrix")
    if matrix.is_of_samples:
        return plus(ring.array(problem.X), matrix.shape[0]).T[np.ix_(r, c)]
    if box is None:
        raise Rejected("conclusion.at", "conclusion", "this matrix depends on the weights, so a point is needed")
    if matrix.kind == "W":
        return np.concatenate(weights(ring, problem, box)[matrix.at() - 1])[np.ix_(r, c)]
    curve = curve_of(ring, problem, box)
    if matrix.kind == "Phi":
        passed = forward(ring, problem, curve, matrix.layer, slopes=False)
        return plus(passed.phi[-1].coefficients[0], matrix.shape[0]).T[np.ix_(r, c)]
    passed, deltas = psi(ring, problem, curve, matrix.at())
    if matrix.kind == "Psi":
        return _psi_entries(deltas[matrix.at()].coefficients[0], r, c)
    return stack(problem, {l: d.coefficients[0] for l, d in deltas.items()}, passed.phi, matrix.layer, r, c)


def stack(problem: Problem, deltas: dict[int, Array], phi: list[Any], layer: int | None, r: Array, c: Array) -> Array:
    """Return rows and columns of ``P``, or of ``P-layer``."""
    offset, blocks = 0, []
    for l in range(1, problem.L + 1) if layer is None else (layer,):
        m = problem.fan_in(l)
        local = r[(r >= offset) & (r < offset + m * problem.widths[l])] - offset
        before = phi[l - 1].coefficients[0] if isinstance(phi[l - 1], Series) else phi[l - 1]
        blocks.append(khatri_rao_entries(deltas[l], plus(before, m), local, c))
        offset += m * problem.widths[l]
    return np.concatenate(blocks)


def plus(phi: Array, width: int) -> Array:
    """Append a column of ones where the width asks for one."""
    if phi.shape[1] == width:
        return phi
    return np.concatenate([phi, np.full((phi.shape[0], 1), fmpq(1), dtype=object)], axis=1)


def _psi_entries(psi: Array, r: Array, c: Array) -> Array:
    """Entry ``(i n_l + a, i' n_L + j)`` is ``Ψ(i)[a, j]`` if ``i = i'``, else 0."""
    (i, a), (k, j) = np.divmod(r, psi.shape[2]), np.divmod(c, psi.shape[0])
    block: Array = psi[j[None, :], k[None, :], a[:, None]]
    block[i[:, None] != k[None, :]] = fmpq(0)
    return block


def khatri_rao_entries(psi: Array, phi: Array, r: Array, c: Array) -> Array:
    """Entry ``(a m + b, i n_L + j)`` is ``Ψ(i)[a, j] φ⁺(i)[b]``."""
    (a, b), (i, j) = np.divmod(r, phi.shape[1]), np.divmod(c, psi.shape[0])
    product: Array = psi[j[None, :], i[None, :], a[:, None]] * phi[i[None, :], b[:, None]]
    return product
