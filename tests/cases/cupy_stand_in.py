"""CuPy where there is none: its names, with the arrays of ``array-api-strict``, which do what the standard says and nothing else."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from scipy.linalg import solve_triangular

FREE = 2**33


def install_cupy(monkeypatch, *, available=True):
    """Put modules under the names that the engine imports; a test that calls it is skipped without ``array-api-strict`` and ``array-api-compat``."""
    strict = pytest.importorskip("array_api_strict")
    pytest.importorskip("array_api_compat")

    def solve(L, right, *, lower):
        return strict.asarray(np.ascontiguousarray(solve_triangular(np.asarray(L), np.asarray(right), lower=lower)))

    runtime = SimpleNamespace(getDevice=lambda: 0, getDeviceProperties=lambda _: {"name": b"Stand-in"}, memGetInfo=lambda: (FREE, 2 * FREE))
    cupy = {
        "__version__": "0.0",
        "cuda": SimpleNamespace(is_available=lambda: available, Device=lambda: strict.Device("CPU_DEVICE"), runtime=runtime),
        "asnumpy": np.asarray,
        "linalg": strict.linalg,
        "get_default_memory_pool": lambda: SimpleNamespace(free_bytes=lambda: 1),
    }
    modules = {"cupy": cupy, "cupyx": {}, "cupyx.scipy": {}, "cupyx.scipy.linalg": {"solve_triangular": solve}}
    for name, content in (modules | {"array_api_compat.cupy": vars(strict)}).items():
        module = ModuleType(name)
        module.__dict__.update(content | {"__name__": name, "__spec__": ModuleSpec(name, None)})
        monkeypatch.setitem(sys.modules, name, module)
