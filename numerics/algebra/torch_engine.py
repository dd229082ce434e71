"""Tiles as tensors of torch: doubles on the processor, or on a CUDA device.

The standard of array libraries names no triangular solve and no operation in place, so torch is called itself. Solves of a device may multiply with inverses of
blocks, to which no bound known beforehand applies: the engine is not ``stable``, and what its solves leave is measured (`tiled_cholesky`).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.tile_engine import strips
from lossproof.theory.exceptions import InputError


class TorchEngine:
    """Tensors of doubles on a device, ``"cpu"`` or ``"cuda"``. Raises `InputError` without torch, or without the device."""

    stable = False

    def __init__(self, device: str) -> None:
        if find_spec("torch") is None:
            raise InputError(
                "the engine torch needs the package torch, which is not installed: pip install 'lossproof[torch]', or take the engine numpy"
            )
        import torch

        if device == "cuda" and not torch.cuda.is_available():
            raise InputError("the engine cuda needs a CUDA device, and torch sees none: take the engine torch or numpy")
        self._torch, self._device = torch, device
        self.name = "torch" if device == "cpu" else device

    def described(self) -> str:
        """Return the library, its version and the device."""
        on = "the processor" if self._device == "cpu" else self._torch.cuda.get_device_name()
        return f"torch {self._torch.__version__} on {on}"

    def empty(self, rows: int, columns: int) -> Any:
        """Return a tensor whose entries mean nothing yet."""
        return self._torch.empty((rows, columns), dtype=self._torch.float64, device=self._device)

    def array(self, values: Floats) -> Any:
        """Return a tensor that shares no memory."""
        return self._torch.tensor(np.ascontiguousarray(values), dtype=self._torch.float64, device=self._device)

    def host(self, tile: Any) -> Floats:
        """Return a tensor as doubles of numpy."""
        return np.asarray(tile.cpu().numpy())

    def product(self, A: Any, B: Any) -> Any:
        """Return ``A Bᵀ``."""
        return A @ B.T

    def multiply(self, A: Any, B: Any, out: Any) -> None:
        """Write ``A Bᵀ`` to ``out``."""
        self._torch.matmul(A, B.T, out=out)

    def square(self, A: Any, out: Any) -> None:
        """Write the lower triangle of ``A Aᵀ`` to ``out``, and a little above it."""
        for strip in strips(len(A)):
            self._torch.matmul(A[strip], A[: strip.stop].T, out=out[strip, : strip.stop])

    def substitute(self, factor: Any, tile: Any) -> None:
        """Replace ``tile`` by ``X`` with ``X Lᵀ = tile``."""
        tile.copy_(self._torch.linalg.solve_triangular(factor.T, tile, upper=True, left=False))

    def factor(self, tile: Any) -> bool:
        """Factor a tile; above the diagonal it becomes 0."""
        factor, info = self._torch.linalg.cholesky_ex(tile.tril())
        tile.copy_(factor)
        pivots = factor.diagonal()
        return bool(info == 0) and bool(self._torch.isfinite(pivots).all()) and bool(pivots.min() > 0)

    def lower(self, tile: Any) -> Any:
        """Return the lower triangle."""
        return tile.tril()

    def repeated(self, A: Any, times: int) -> Any:
        """Return every column so many times."""
        return A.repeat_interleave(times, dim=1)

    def units(self, out: Any) -> Any:
        """Return a view of the entries ``[i, j, k, j]``."""
        return out.diagonal(dim1=1, dim2=3).permute(2, 0, 1)
