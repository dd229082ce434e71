"""Keras models in ``.keras`` files: an archive of a description in JSON and weights in HDF5, loaded by Keras when nothing in it can run."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from lossproof.certificates.inputs.keras_layers import KNOWN
from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

_DESCRIPTION = "config.json"
_MOST_BYTES = 2**24
_MODELS = ("Sequential", "Functional", "Model")
_CLASSES: Mapping[str, tuple[str, ...] | None] = {
    "keras": (*_MODELS, "DTypePolicy"),
    "keras.models": _MODELS,
    "keras.src.models.functional": _MODELS,
    "keras.layers": KNOWN,
    "keras.initializers": None,
    "keras.regularizers": None,
    "keras.constraints": None,
    "keras.optimizers": None,
    "keras.optimizers.schedules": None,
    "keras.losses": None,
    "keras.metrics": None,
}
"""The modules of Keras whose classes a file may name: some of them, or None for all."""
_OPTIMIZERS = re.compile(r"keras\.src\.backend\.(torch|tensorflow|jax)\.optimizers\.\w+")
"""Where a backend has its own optimizers, whose classes files name."""
_MARKS = ("__keras_tensor__", "__tuple__")
_BACKENDS = ("tensorflow", "jax", "torch")


def check_keras_file(path: Path) -> None:
    """Raise `InputError` unless all classes that the description of a model names are the layers of `read_keras`, or such parts of Keras as they are made with.

    So no function, lambda layer, module of other libraries or class of its owner's is loaded, whatever the version of Keras lets through. A file that is no
    such archive raises `ValueError`.
    """
    try:
        with ZipFile(path) as archive:
            if archive.getinfo(_DESCRIPTION).file_size > _MOST_BYTES:
                raise ValueError(f"a description of more than {_MOST_BYTES} bytes")
            description = json.loads(archive.read(_DESCRIPTION))
    except (BadZipFile, KeyError, RecursionError) as error:
        raise ValueError("no archive of a model") from error
    for held in _mappings(description):
        name, module = held.get("class_name"), held.get("module")
        if "class_name" not in held and "module" not in held:
            continue
        allowed: tuple[str, ...] | None = ()
        if isinstance(module, str):
            allowed = None if _OPTIMIZERS.fullmatch(module) else _CLASSES.get(module, ())
        marked = module is None and name in _MARKS
        if not marked and not (isinstance(name, str) and name[:1].isupper() and (allowed is None or name in allowed)):
            raise InputError(
                f"a .keras file must hold layers of an MLP and parts of Keras alone, got {shown(name)} of {shown(module)}, which is not loaded: "
                "load it with Keras if you trust it, and give the model to check_model"
            )


def choose_backend() -> None:
    """Choose a backend of Keras that is installed, numpy if none is, where nobody has chosen one: without a choice Keras wants TensorFlow."""
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", next((name for name in _BACKENDS if find_spec(name) is not None), "numpy"))


def _mappings(held: Any) -> Iterator[Mapping[str, Any]]:
    """Yield all objects in a JSON value."""
    waiting = [held]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
