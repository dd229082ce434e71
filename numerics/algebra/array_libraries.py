"""The records of torch, JAX and CuPy: what `array_engine` asks of them beside the array API standard, and whether they are there.

In doubles none of them uses TF32 or bfloat16, which are settings for single precision; JAX's are named in the record all the same, and so is that it is told to
compute with doubles at all. The order of a sum may differ from run to run on a device; no bound depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from lossproof.numerics.algebra.array_engine import ArrayLibrary
from lossproof.theory.exceptions import InputError


def torch_library(name: str) -> ArrayLibrary:
    """Return the record of torch: ``torch`` on the processor, ``cuda`` on a CUDA device. Raises `InputError` without torch, or without the device."""
    namespace, torch = _namespace("torch", name), import_module("torch")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("the engine cuda needs a CUDA device, and torch sees none: take the engine torch or numpy")

    def cholesky(tile: Any) -> Any | None:
        factor, info = torch.linalg.cholesky_ex(tile)
        return None if int(info) else factor

    def free() -> int | None:
        if not on_device:
            return None
        return int(torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated())

    on_device = name == "cuda"
    return ArrayLibrary(
        name,
        f"torch {torch.__version__} on {torch.cuda.get_device_name() if on_device else 'the processor'}",
        namespace,
        torch.device("cuda" if on_device else "cpu"),
        host=lambda tile: np.asarray(tile.cpu().numpy()),
        substitute=lambda L, tile: torch.linalg.solve_triangular(L.T, tile, upper=True, left=False),
        cholesky=cholesky,
        free=free,
    )


def jax_library() -> ArrayLibrary:
    """Return the record of JAX, on its default device. Raises `InputError` without JAX, and on a device that has no doubles of its own."""
    namespace, jax = _namespace("jax", "jax"), import_module("jax")
    device, linalg = jax.devices()[0], import_module("jax.scipy.linalg")
    if device.platform not in ("cpu", "gpu", "cuda", "rocm"):
        raise InputError(
            f"the engine jax needs a processor or a GPU, got {device.device_kind}, which has no doubles: set JAX_PLATFORMS=cpu"
        )

    enable_x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else import_module("jax.experimental").enable_x64

    @contextmanager
    def doubles() -> Iterator[None]:
        with enable_x64(True), jax.default_matmul_precision("highest"):
            yield

    def free() -> int | None:
        found = None if device.platform == "cpu" else device.memory_stats()
        return None if found is None else int(found["bytes_limit"] - found["bytes_in_use"])

    on = "the processor" if device.platform == "cpu" else device.device_kind
    return ArrayLibrary(
        "jax",
        f"JAX {jax.__version__} on {on}, with 64 bits and the highest precision of products set",
        namespace,
        device,
        host=np.asarray,
        substitute=lambda L, tile: linalg.solve_triangular(L, tile.T, lower=True).T,
        cholesky=lambda tile: jax.lax.linalg.cholesky(tile, symmetrize_input=False),
        doubles=doubles,
        free=free,
    )


def cupy_library() -> ArrayLibrary:
    """Return the record of CuPy, on its current device. Raises `InputError` without CuPy, or without a device."""
    namespace, cupy = _namespace("cupy", "cupy"), import_module("cupy")
    solve = import_module("cupyx.scipy.linalg").solve_triangular
    if not cupy.cuda.is_available():
        raise InputError("the engine cupy needs a CUDA device, and CuPy sees none: take the engine numpy")
    device = cupy.cuda.Device()

    def cholesky(tile: Any) -> Any | None:
        try:
            return cupy.linalg.cholesky(tile)
        except np.linalg.LinAlgError:
            return None

    return ArrayLibrary(
        "cupy",
        f"CuPy {cupy.__version__} on {cupy.cuda.runtime.getDeviceProperties(cupy.cuda.runtime.getDevice())['name'].decode()}",
        namespace,
        device,
        host=cupy.asnumpy,
        substitute=lambda L, tile: solve(L, tile.T, lower=True).T,
        cholesky=cholesky,
        free=lambda: int(cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes()),
    )


def _namespace(library: str, engine: str) -> Any:
    """Return the namespace of a library that is installed; JAX's own is one. Raises `InputError` where it, or ``array-api-compat``, is not."""
    namespace = "jax.numpy" if library == "jax" else f"array_api_compat.{library}"
    for package in (library, namespace.partition(".")[0]):
        if find_spec(package) is None:
            raise InputError(
                f"the engine {engine} needs the package {package.replace('_', '-')}, which is not installed: "
                f"pip install 'lossproof[{library}]', or take the engine numpy"
            )
    return import_module(namespace)
