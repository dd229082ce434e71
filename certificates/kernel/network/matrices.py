"""The named matrices of section 4: their names, sizes and entries over a ring."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.rings import Ring
from lossproof.certificates.kernel.network.passes import backward, forward, weights
from lossproof.certificates.kernel.reading.limits import MAX_ENTRIES, Array, limit
from lossproof.certificates.kernel.reading.parse import Rejected, short
from lossproof.certificates.kernel.reading.problem import Point, Problem

_NAME = re.compile(r"P|(Phi|Psi|P|W)-(0|[1-9][0-9]{0,3})([+*]?)")


@dataclass(frozen=True)
class Matrix:
    """A parsed name: ``kind`` is ``Phi``, ``Psi``, ``P`` or ``W``; ``layer`` is None for the whole ``P``; ``suffix`` is ``+``, ``*`` or empty."""

    kind: str
    layer: int | None
    suffix: str
    shape: tuple[int, int]

    @property
    def needs_point(self) -> bool:
        """Whether the entries depend on the weights."""
        return not (self.kind == "Phi" and self.layer == 0)


def parse_matrix(name: str, problem: Problem, place: str = "conclusion.matrix") -> Matrix:
    """Return the matrix a name stands for in this problem; raises `Rejected`."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise Rejected(place, "conclusion", f"{short(name)} is no name of a matrix")
    if name == "P":
        return Matrix("P", None, "", (problem.N_net, problem.columns))
    kind, layer, suffix = match[1], int(match[2]), match[3]
    least, most = (0, problem.L - 1) if kind == "Phi" else (1, problem.L)
    if not least <= layer <= most or suffix not in {"Phi": ("", "+"), "W": ("", "*")}.get(kind, ("",)):
        raise Rejected(place, "conclusion", f"this problem has no matrix {name}")
    n, T = problem.widths, problem.T
    if kind == "Phi":
        shape = (n[layer] + (problem.bias_rows if suffix else 0), T)
    elif kind == "Psi":
        shape = (T * n[layer], problem.columns)
    elif kind == "W":
        shape = (n[layer - 1] + (0 if suffix else problem.bias_rows), n[layer])
    else:
        shape = (problem.fan_in(layer) * n[layer], problem.columns)
    return Matrix(kind, layer, suffix, shape)


def entries(
    matrix: Matrix,
    problem: Problem,
    point: Point | None,
    ring: Ring,
    rows: list[int] | None = None,
    columns: list[int] | None = None,
    bits: int = 64,
) -> Array:
    """Return the submatrix of the given rows and columns (all if None) as an object array; entries may be plain ``fmpq``.

    All samples are passed through the network, so that a missing derivative anywhere rejects. Raises `Rejected`.
    """
    r = np.arange(matrix.shape[0]) if rows is None else np.array(rows, dtype=np.int64)
    c = np.arange(matrix.shape[1]) if columns is None else np.array(columns, dtype=np.int64)
    limit(len(r) * len(c), MAX_ENTRIES, "the number of entries of a matrix")
    if not matrix.needs_point:
        _, phi = forward(ring, problem, None, 0, bits)
        return phi_plus(phi[0], matrix.shape[0]).T[np.ix_(r, c)]
    if point is None:
        raise Rejected("conclusion.point", "conclusion", "this matrix depends on the weights, so a point is needed")
    if matrix.kind == "W":
        W, b = weights(ring, point, _layer(matrix))
        return np.concatenate([W, b])[np.ix_(r, c)]
    if matrix.kind == "Phi":
        _, phi = forward(ring, problem, point, _layer(matrix), bits)
        return phi_plus(phi[-1], matrix.shape[0]).T[np.ix_(r, c)]
    z, phi = forward(ring, problem, point, problem.L - 1 if problem.strip else problem.L, bits)
    psi = backward(ring, problem, point, z, matrix.layer or 1)
    if matrix.kind == "Psi":
        return _psi_entries(psi[_layer(matrix)], r, c)
    layers = range(1, problem.L + 1) if matrix.layer is None else (matrix.layer,)
    offset, blocks = 0, []
    for l in layers:
        m = problem.fan_in(l)
        local = r[(r >= offset) & (r < offset + m * problem.widths[l])] - offset
        blocks.append(khatri_rao_entries(psi[l], phi_plus(phi[l - 1], m), local, c))
        offset += m * problem.widths[l]
    return np.concatenate(blocks)


def _layer(matrix: Matrix) -> int:
    return matrix.layer if matrix.layer is not None else 0


def phi_plus(phi: Array, width: int) -> Array:
    """Append a column of ones where the width asks for one."""
    if phi.shape[1] == width:
        return phi
    return np.concatenate([phi, np.full((phi.shape[0], 1), fmpq(1), dtype=object)], axis=1)


def _psi_entries(psi: Array, r: Array, c: Array) -> Array:
    """Entry ``(i n_l + a, i' n_L + j)`` is ``Ψ(i)[a, j]`` if ``i = i'``, else 0."""
    (i, a), (k, j) = np.divmod(r, psi.shape[1]), np.divmod(c, psi.shape[2])
    same = i[:, None] == k[None, :]
    block: Array = psi[k[None, :], a[:, None], j[None, :]]
    block[~same] = fmpq(0)
    return block


def khatri_rao_entries(psi: Array, phi: Array, r: Array, c: Array) -> Array:
    """Entry ``(a m + b, i n_L + j)`` is ``Ψ(i)[a, j] φ⁺(i)[b]``."""
    (a, b), (i, j) = np.divmod(r, phi.shape[1]), np.divmod(c, psi.shape[2])
    product: Array = psi[i[None, :], a[:, None], j[None, :]] * phi[i[None, :], b[:, None]]
    return product
