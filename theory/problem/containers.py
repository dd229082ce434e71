"""What numbers may be given in: lists, tuples and the arrays of known libraries, each recognised by its exact type.

A container that is read as something else than what its owner sees in it ends in a proof about other data: a table of pandas iterates over its
column labels, a dict over its keys, a subclass over whatever it likes. So nothing is read by protocol. No library is imported here: a value of one
exists only when its owner has imported it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.tables import READERS as TABLES

_NUMPY_KINDS = "biufUO"
_FLOATS = ("float16", "bfloat16", "float32", "float64")
_WHOLE = ("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")
_CHARACTERS = "uw"
_SEQUENCE_METHODS = ("__iter__", "__getitem__", "__len__")


def plain_values(values: Any, name: str) -> Any:
    """Return a container as a list of what it holds, and the holder of one number as this number; anything else is returned as it came.

    Read are, by their exact types,

    - ``list``, ``tuple`` and ``range``, also subclasses that iterate as these do (named tuples);
    - of numpy ``ndarray``, ``matrix``, ``memmap`` and, where nothing is masked, ``ma.MaskedArray``, of truth values, whole numbers, floats of any
      precision, texts or objects; ``array.array`` of numbers; matrices of SymPy;
    - of pandas and polars ``DataFrame``, row by row, and ``Series``: their values in their order; the index is not looked at; of pyarrow ``Table`` likewise,
      and ``ChunkedArray``, a column of one;
    - of torch dense ``Tensor`` and ``Parameter`` on any device, of truth values, whole numbers or floats of 16 to 64 bits: these are dyadic rationals,
      and 64 bits hold each of them; arrays of JAX of the same types.

    Raises `InputError` for an array of one of these kinds whose entries are no real numbers or are missing, which names the column of a table, and for sparse
    matrices of scipy. ``name`` is what a message calls the values.

    >>> plain_values((1, 2), "X"), plain_values(range(3), "X"), plain_values("1/3", "X"), plain_values({1: 2}, "X")
    ([1, 2], [0, 1, 2], '1/3', {1: 2})
    """
    kind = type(values)
    if kind is list or kind is tuple or kind is range:
        return list(values)
    for package, names, read in _READERS:
        library = sys.modules.get(package)
        if library is not None and any(kind is getattr(library, name, None) for name in names):
            return read(values, name)
    if kind.__module__.startswith("scipy.sparse"):
        raise InputError(f"{name} must be a dense matrix, got a sparse one of scipy, a {kind.__name__}: convert it with .toarray()")
    if kind is array and values.typecode not in _CHARACTERS:
        return values.tolist()
    for base in (list, tuple):
        if isinstance(values, base) and all(getattr(kind, method) is getattr(base, method) for method in _SEQUENCE_METHODS):
            return list(values)
    return values


def _read_numpy(values: Any, name: str) -> Any:
    if values.dtype.kind not in _NUMPY_KINDS:
        raise InputError(f"{name} must hold real numbers, got a numpy array of type {values.dtype}: convert it to float64 first")
    return values.tolist()


def _read_masked(values: Any, name: str) -> Any:
    if values.mask.any():
        raise InputError(
            f"{name} must have no entry missing, got a masked array with {int(values.mask.sum())} masked: fill or drop them first"
        )
    return _read_numpy(values.data, name)


def _read_tensor(values: Any, name: str) -> Any:
    torch = sys.modules["torch"]
    kind = str(values.dtype).removeprefix("torch.")
    if values.is_meta:
        raise InputError(f"{name} must hold numbers, got a tensor on the device 'meta', which has none: load the values first")
    if values.layout is not torch.strided or values.is_quantized or kind not in (*_FLOATS, *_WHOLE):
        what = "quantised" if values.is_quantized else str(values.layout).removeprefix("torch.").replace("strided", "dense")
        raise InputError(
            f"{name} must be a dense tensor of real numbers, got a {what} one of type {kind}: convert it with .to_dense() and .double()"
        )
    here = values.detach().to("cpu")
    return (here.to(torch.float64) if kind in _FLOATS else here).tolist()


def _read_jax(values: Any, name: str) -> Any:
    """Arrays on any device; ``bfloat16`` is unknown to numpy's own kinds, and doubles hold it exactly."""
    kind = values.dtype.name
    if kind not in (*_FLOATS, *_WHOLE):
        raise InputError(f"{name} must hold real numbers, got an array of JAX of type {kind}: convert it with .astype(float) first")
    here = values.__array__()
    return (here.astype(float) if kind in _FLOATS else here).tolist()


def _read_by_method(values: Any, name: str) -> Any:
    return values.tolist()


_READERS: tuple[tuple[str, tuple[str, ...], Callable[[Any, str], Any]], ...] = (
    ("numpy", ("ndarray", "matrix", "memmap"), _read_numpy),
    ("numpy", ("bool_",), _read_by_method),
    ("numpy.ma", ("MaskedArray",), _read_masked),
    *TABLES,
    ("torch", ("Tensor",), _read_tensor),
    ("torch.nn", ("Parameter",), _read_tensor),
    ("jax._src.array", ("ArrayImpl",), _read_jax),
    ("sympy", ("Matrix", "ImmutableMatrix"), _read_by_method),
)
