"""Small models of a reader's as files, under the names that pages give them."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


def write_models(folder: Path, *, onnx: bool) -> None:
    """Write ``fitted.joblib``, trained on iris, ``weights.safetensors`` of a 2-3-1 network, and with ``onnx`` a network ``net.onnx`` of two inputs."""
    joblib.dump(_fitted_on_iris(), folder / "fitted.joblib")
    (folder / "weights.safetensors").write_bytes(_weights())
    if onnx:
        from cases.onnx_cases import two_layers

        (folder / "net.onnx").write_bytes(two_layers()[0].SerializeToString())


@cache
def _fitted_on_iris() -> MLPClassifier:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MLPClassifier(hidden_layer_sizes=(2,), activation="tanh", random_state=0, max_iter=5).fit(*load_iris(return_X_y=True))


def _weights() -> bytes:
    """Return the file: the length of a header, the header in JSON, and the numbers."""
    generator, header, content = np.random.default_rng(0), {}, b""
    for name, shape in {"0.weight": (3, 2), "0.bias": (3,), "2.weight": (1, 3), "2.bias": (1,)}.items():
        numbers = generator.normal(size=shape).astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(content), len(content) + len(numbers)]}
        content += numbers
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + content
