"""Reading the arrays of a ``.safetensors`` file; nothing in it is executed, and no library is needed."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from lossproof.certificates.inputs.array_files import brief_reason, require_file
from lossproof.theory.exceptions import InputError

_MOST_HEADER = 10 * 2**20
_KINDS: dict[str, np.dtype[Any]] = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}


def read_safetensors(path: Path) -> dict[str, Any]:
    """Return the tensors of a file by name, exactly: ``F64``, ``F32``, ``F16``, and ``BF16`` as the single floats that they are.

    The file holds the length of a header in 8 bytes, the header in JSON (names to type, shape and place), and the numbers. Raises `InputError` for
    anything else, for other types, and for places outside the file.
    """
    require_file(path, "the model")
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    try:
        if len(content) < 8 or length > min(_MOST_HEADER, len(content) - 8):
            raise ValueError("no header of a safetensors file")
        header = json.loads(content[8 : 8 + length].decode("utf-8"))
        return {name: _tensor(entry, content, 8 + length) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{str(path)[:120]!r} must be a .safetensors file of tensors of 16 to 64 bits, got {brief_reason(error)}: save it with safetensors"
        ) from error


def _tensor(entry: Any, content: bytes, start: int) -> Any:
    if entry["dtype"] not in _KINDS:
        raise ValueError(f"a tensor of type {str(entry['dtype'])[:20]}")
    kind, shape, (first, end) = _KINDS[entry["dtype"]], entry["shape"], entry["data_offsets"]
    whole = all(type(n) is int and n >= 0 for n in (*shape, first, end))
    if not whole or end - first != prod(shape) * kind.itemsize or start + end > len(content):
        raise ValueError("a tensor whose place does not fit its shape")
    found = np.frombuffer(content, kind, prod(shape), start + first)
    if entry["dtype"] == "BF16":
        found = (found.astype(np.uint32) << 16).view(np.float32)
    return found.astype(found.dtype.newbyteorder("=")).reshape(shape)
