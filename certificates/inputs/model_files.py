"""Trained networks in files, read by suffix; no pickle is loaded unless its owner allows it."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from lossproof.certificates.inputs.array_files import brief_reason, require_file
from lossproof.certificates.inputs.keras_files import check_keras_file, choose_backend
from lossproof.certificates.inputs.models import read_network
from lossproof.certificates.inputs.nnet_files import read_nnet
from lossproof.certificates.inputs.parameters import Activations, read_parameters
from lossproof.certificates.inputs.safetensors_files import read_safetensors
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.theory.exceptions import InputError

_TORCH = (".pt", ".pth", ".bin", ".ckpt")
_PICKLES = (".pkl", ".pickle", ".joblib", ".pt2")
_SUFFIXES = (".onnx", ".keras", ".safetensors", ".nnet", *_TORCH, *_PICKLES)
_OTHERS = {
    ".h5": "load it with Keras, and save it as .keras",
    ".hdf5": "load it with Keras, and save it as .keras",
    ".npz": "give weights by --weights, with the widths",
    ".json": "give weights by --weights, with the widths",
    ".msgpack": "load it with Flax, and give module.bind(variables) to check_model",
    ".eqx": "load it with Equinox, and give the model to check_model",
}
"""What to do with files of other kinds."""
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    RuntimeError,
    EOFError,
    AttributeError,
    KeyError,
    IndexError,
    ImportError,
    pickle.UnpicklingError,
)


def read_model_file(
    path: Path, activation: Activations = None, output_activation: str | None = None, *, allow_pickle: bool = False
) -> TrainedNetwork:
    """Read a trained network from a file.

    - ``.onnx`` (needs the package onnx; weights in other files are refused), and ``.nnet``;
    - ``.keras`` (needs the package keras, with any backend), loaded in its safe mode when all that it names are layers of an MLP (`check_keras_file`);
    - ``.safetensors``, and ``.pt``, ``.pth``, ``.bin`` or ``.ckpt`` of torch with a ``state_dict``, which torch loads with ``weights_only``: weights alone, so
      ``activation`` is asked for;
    - with ``allow_pickle`` whole models: those of torch, and ``.pkl``, ``.pickle`` or ``.joblib`` of scikit-learn. Loading a pickle runs whatever is in it;
      so does loading a program of ``torch.export``, ``.pt2``, which holds one.

    Raises `InputError` for other suffixes, files that cannot be read, and all that the readers of models refuse.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(
            f"a model file must end in one of {', '.join(_SUFFIXES)}, got {path.name[:120]!r}: {_OTHERS.get(suffix, 'save or export it as one of these')}"
        )
    require_file(path, "the model")
    if suffix == ".safetensors":
        return read_parameters(read_safetensors(path), activation, output_activation, ordered=False)
    if suffix == ".nnet":
        if activation is not None or output_activation is not None:
            raise InputError("activations must be left out for a .nnet file, which has relu, got some: leave them out")
        return read_nnet(path)
    if suffix in _PICKLES and not allow_pickle:
        raise InputError(
            f"a {suffix} file must be trusted, as loading it runs what is in it, got no leave to: use --allow-pickle if you made it"
        )
    load = {".onnx": _load_onnx, ".keras": _load_keras, ".pt2": _load_program}.get(
        suffix, _load_torch if suffix in _TORCH else _load_pickle
    )
    return read_network(load(path, allow_pickle), activation, output_activation)


def _load_onnx(path: Path, _: bool) -> Any:
    onnx = _package("onnx", path)
    broken = import_module("google.protobuf.message").DecodeError
    try:
        model = onnx.load(str(path), load_external_data=False)
    except (*_UNREADABLE, broken) as error:
        raise _unreadable(path, brief_reason(error), "export it again") from error
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise InputError("an ONNX model must hold its weights, got some in other files: save it as one file")
    return model


def _load_keras(path: Path, _: bool) -> Any:
    try:
        check_keras_file(path)
        choose_backend()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _package("keras", path).saving.load_model(str(path), safe_mode=True)
    except InputError:
        raise
    except _UNREADABLE as error:
        raise _unreadable(path, brief_reason(error), "save it again with model.save") from error


def _load_torch(path: Path, allow_pickle: bool) -> Any:
    torch = _package("torch", path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = torch.load(path, map_location="cpu", weights_only=not allow_pickle)
    except pickle.UnpicklingError as error:
        advice = "save model.state_dict(), or use --allow-pickle if you made the file"
        raise _unreadable(path, "more than weights, which only a pickle holds", advice) from error
    except _UNREADABLE as error:
        if "TorchScript" in str(error):
            raise _unreadable(
                path, "a script", "save the state_dict() of the module that it was made of, or export that to .onnx"
            ) from error
        raise _unreadable(path, brief_reason(error), "save it again") from error
    return dict(held) if isinstance(held, Mapping) else held


def _load_program(path: Path, _: bool) -> Any:
    """Load a program of ``torch.export``; torch unpickles the samples that it was exported with, and evaluates its sizes, so that its file must be trusted."""
    _package("torch", path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module("torch.export").load(path)
    except (*_UNREADABLE, AssertionError, BadZipFile) as error:
        raise _unreadable(path, brief_reason(error), "save it again with torch.export.save") from error


def _load_pickle(path: Path, _: bool) -> Any:
    try:
        return _package("joblib", path).load(path)
    except _UNREADABLE as error:
        raise _unreadable(path, brief_reason(error), "save it again") from error


def _unreadable(path: Path, got: str, advice: str) -> InputError:
    return InputError(f"the model {path.name[:120]!r} must be a readable {path.suffix.lower()} file, got {got}: {advice}")


def _package(name: str, path: Path) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"a {path.suffix.lower()} file must be read by the package {name}, got none installed: pip install {name}"
        ) from error
