"""The named matrices of section 4: their names, sizes and entries over a ring."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.rings import Ring
from lossproof.certificates.kernel.arithmetic.series import Array, constant_term
from lossproof.certificates.kernel.network.passes import Box, Curve, curve_of, forward, psi, weights
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require, short
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.theory.limits import MAX_ENTRIES

_NAME = re.compile(r"P|(Phi|Psi|P|W)-(0|[1-9][0-9]{0,3})([+*]?)")


class Matrix(NamedTuple):
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
    bias = problem.bias_rows_of(layer + (kind == "Phi"))
    shape = {
        "Phi": (n[layer] + (bias if suffix else 0), T),
        "Psi": (T * n[layer], problem.columns),
        "W": (n[layer - 1] + (0 if suffix else bias), n[layer]),
        "P": (problem.fan_in(layer) * n[layer] if layer else 0, problem.columns),
    }[kind]
    return Matrix(name, kind, layer, suffix, shape)


def entries(
    matrix: Matrix, problem: Problem, box: Box | None, ring: Ring, rows: list[int] | None = None, columns: list[int] | None = None
) -> Array:
    """Return the submatrix of the given rows and columns (all if None) as an object array; entries may be plain ``fmpq``.

    All samples are passed through the network, so that a missing derivative of a hidden layer rejects. Raises `Rejected`.
    """
    chosen = [range(size) if part is None else part for part, size in zip((rows, columns), matrix.shape, strict=True)]
    limit(len(chosen[0]) * len(chosen[1]), MAX_ENTRIES, "the number of entries of a matrix")
    r, c = (np.array(part, dtype=np.int64) for part in chosen)
    if matrix.is_of_samples:
        return plus(ring.array(problem.X), matrix.shape[0]).T[np.ix_(r, c)]
    if box is None:
        raise Rejected("conclusion.at", "conclusion", "this matrix depends on the weights, so a point is needed")
    layer = matrix.layer or 1
    if matrix.kind == "W":
        return np.concatenate(weights(ring, problem, box)[layer - 1])[np.ix_(r, c)]
    if matrix.kind != "Phi":
        limit(problem.columns * sum(problem.widths[layer:]), MAX_ENTRIES, "the number of entries of the blocks Ψ_l(i)")
    curve = curve_of(ring, problem, box)
    if matrix.kind == "Phi":
        return plus(forward(ring, problem, curve, layer, slopes=False).phi[-1].coefficients[0], matrix.shape[0]).T[np.ix_(r, c)]
    if matrix.kind == "P":
        return entries_of_P(ring, problem, curve, r + problem.below(layer), c, layer)
    (i, a), (k, j) = np.divmod(r[:, None], problem.widths[layer]), np.divmod(c[None, :], problem.n_L)
    blocks: Array = psi(ring, problem, curve, layer)[1][layer][j, k, a]
    blocks[i != k] = fmpq(0)
    return blocks


def entries_of_P(ring: Ring, problem: Problem, curve: Curve, r: Array, c: Array, lowest: int = 1) -> Array:
    """Return rows and columns of ``P``, none of the rows below those of a layer: entry ``(a m + b, i n_L + j)`` of ``P-l`` is ``Ψ_l(i)[a, j] φ⁺(i)[b]``."""
    passed, deltas = psi(ring, problem, curve, lowest)
    i, j = np.divmod(c, problem.n_L)
    blocks = []
    for l in (l for l in problem.trained if l >= lowest):
        local = r[(problem.below(l) <= r) & (r < problem.below(l + 1))] - problem.below(l)
        a, b = np.divmod(local[:, None], problem.fan_in(l))
        before = constant_term(passed.phi[l - 1], (problem.T, problem.widths[l - 1]))
        blocks.append(deltas[l][j, i, a] * plus(before, problem.fan_in(l))[i, b])
    return np.concatenate(blocks)


def plus(phi: Array, width: int) -> Array:
    """Append a column of ones where the width asks for one."""
    return phi if phi.shape[1] == width else np.concatenate([phi, np.full((len(phi), 1), fmpq(1), dtype=object)], axis=1)
