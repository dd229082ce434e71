"""Reading an MLP of an ONNX model: ``Gemm``, or ``MatMul`` and ``Add``, with activations between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from lossproof.certificates.inputs.conjugates import celu, clipped
from lossproof.certificates.inputs.layered_mlp import mlp_of
from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer, Scaling, exact_vector
from lossproof.certificates.inputs.onnx_graph import Link, OnnxChain, refused
from lossproof.certificates.inputs.trained_network import UNITS, Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.numbers import exact_number

_ACTIVATIONS = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softsign": "softsign",
    "Softplus": "softplus",
    "Relu": "relu",
    "Mish": "mish",
    "Sin": "sin",
    "Erf": "erf",
    "Atan": "arctan",
    "Softmax": "softmax",
    "LogSoftmax": "log-softmax",
}
_WITH_SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "Elu": ("elu", {"alpha": 1.0}),
    "Gelu": ("gelu", {"approximate": b"none"}),
    "Swish": ("silu", {"alpha": 1.0}),
}
_CONJUGATE: dict[str, Callable[[str, dict[str, Any]], list[Layer]]] = {
    "Celu": lambda name, settings: celu(name, Fraction(settings.get("alpha", 1.0))),
    "HardSigmoid": lambda name, settings: clipped(
        name, Fraction(0), Fraction(1), Fraction(settings.get("alpha", float(np.float32(0.2)))), Fraction(settings.get("beta", 0.5))
    ),
}
"""Functions that are one of lossproof's between constants."""
_WITHOUT_EFFECT = ("Identity", "Dropout", "Flatten", "Reshape", "Squeeze")


def is_onnx(model: Any) -> bool:
    """Tell whether a model is a ``ModelProto``; nothing is imported for that.

    >>> is_onnx("model.onnx")
    False
    """
    return type(model).__name__ == "ModelProto" and type(model).__module__.startswith("onnx")


def read_onnx(model: Any) -> TrainedNetwork:
    """Read the graph of an ONNX ``ModelProto``, a chain from one input to one output, with weights of 16 to 64 bits.

    Read are ``Gemm`` (``alpha`` and ``beta`` exactly), ``MatMul`` with a constant, ``Add``, ``Sub``, ``Mul`` and ``Div`` by constants (a bias, or a scaling
    that is folded exactly into the linear layer beside it; before the first layer a map of the samples), ``BatchNormalization`` (its root rounded unless
    rational), activations in one node or written in several (`activation_at`), a last ``Softmax`` or ``LogSoftmax``, and what keeps the rows of samples:
    ``Identity``, ``Dropout``, ``Flatten``, ``Reshape``, ``Squeeze``. Nodes that compute constants or shapes are passed over. The outputs that it is compared
    with are those of ``onnx.reference``. Raises `InputError`, naming the node, for everything else.
    """
    chain = OnnxChain.of(model)
    layers: list[Layer] = []
    declared = chain.input_sizes
    for link in chain.links():
        _append(layers, link, declared[-1] if declared else 0, chain.input.type.tensor_type.elem_type)
    constants = [constant for constant in chain.constants.values() if constant.dtype.kind not in "iub"]
    kinds = sorted({constant.dtype.name for constant in constants})
    if len(kinds) != 1 or kinds[0] not in UNITS:
        raise InputError(
            f"the weights of an ONNX model must be floats of one type, of 16 to 64 bits, got {', '.join(kinds) or 'none'}: convert it"
        )
    mlp = mlp_of(layers, "an ONNX model")
    kind = constants[0].dtype
    return mlp.network(
        outputs=lambda X: _outputs(model, chain, X.astype(kind)),
        unit=UNITS[kinds[0]],
        rounded=lambda X: X.astype(kind).astype(np.float64),
        framework="ONNX",
    )


def _append(layers: list[Layer], link: Link, first: int, element: int) -> None:
    """Append the layers that a node stands for; a constant added to a linear layer without a bias is its bias."""
    node, constants, settings = link.node, link.constants, link.settings
    kind, name = node.op_type, link.name
    if link.activation:
        layers.append(Elementwise(name, link.activation))
        return
    if kind == "Cast" and settings["to"] == element:
        return
    if kind == "Gemm" and 0 not in constants:
        layers.append(_gemm(node, name, constants, settings))
    elif kind == "MatMul" and constants.keys() == {1} and constants[1].ndim == 2:
        layers.append(Affine(name, constants[1].astype(np.float64), None))
    elif kind == "Add" and layers and isinstance(layers[-1], Affine) and layers[-1].b is None:
        layers[-1] = replace(layers[-1], b=_broadcast(node, constants, layers[-1].W.shape[1]))
    elif kind in ("Add", "Sub", "Mul", "Div"):
        layers.append(_scaling(node, name, constants, _units(layers) or first))
    elif kind == "BatchNormalization":
        layers.append(_normalisation(node, name, constants, settings))
    elif kind in _ACTIVATIONS and (not kind.endswith("Softmax") or settings.get("axis", -1) in (-1, 1)):
        layers.append(Elementwise(name, _ACTIVATIONS[kind]))
    elif kind == "LeakyRelu":
        slope = exact_number(settings.get("alpha", float(np.float32(0.01))), f"alpha of {name}")
        layers.append(Elementwise(name, f"leaky-relu:{slope}"))
    elif kind in _WITH_SETTINGS and all(settings.get(key, value) == value for key, value in _WITH_SETTINGS[kind][1].items()):
        layers.append(Elementwise(name, _WITH_SETTINGS[kind][0]))
    elif kind in _CONJUGATE or kind in ("Clip", "Pow"):
        layers += _function(node, name, constants, settings)
    elif kind not in _WITHOUT_EFFECT:
        raise refused(node)


def _function(node: Any, name: str, constants: dict[int, Any], settings: dict[str, Any]) -> list[Layer]:
    """Return the layers that a function with numbers is: ``Pow`` with an exponent, ``Clip`` within bounds, or one of `_CONJUGATE`. Raises `InputError`."""
    numbers = [float(constants[k].reshape(())) if k in constants and constants[k].size == 1 else None for k in (1, 2)]
    if node.op_type in _CONJUGATE:
        return _CONJUGATE[node.op_type](name, settings)
    if node.op_type == "Pow":
        if 0 in constants or numbers[0] is None or numbers[0] < 1 or not numbers[0].is_integer():
            raise refused(node)
        return [Elementwise(name, f"power:{int(numbers[0])}")]
    least, most = settings.get("min", numbers[0]), settings.get("max", numbers[1])
    if (least, most) == (0, None):
        return [Elementwise(name, "relu")]
    if least is None or most is None:
        raise refused(node)
    return clipped(name, *exact_vector([least, most], f"the bounds of {name}"))


def _gemm(node: Any, name: str, constants: dict[int, Any], settings: dict[str, Any]) -> Affine:
    """``α A B + β C`` with ``A`` the samples: the factors are multiplied in exactly."""
    if 1 not in constants or constants[1].ndim != 2 or settings.get("transA", 0):
        raise refused(node)
    W = constants[1].astype(np.float64)
    W = W.T if settings.get("transB", 0) else W
    b = _broadcast(node, {2: constants[2]}, W.shape[1]) if 2 in constants else None
    alpha, beta = (Fraction(settings.get(key, 1.0)) for key in ("alpha", "beta"))
    if alpha != 1:
        W = np.array([[Fraction(x) * alpha for x in row] for row in W.tolist()], dtype=object)
    return Affine(name, W, b if b is None or beta == 1 else [x * beta for x in b])


def _scaling(node: Any, name: str, constants: dict[int, Any], units: int) -> Scaling:
    """A constant beside the value, which stands first except in a sum or product: ``φ + c``, ``φ − c``, ``c φ``, ``φ/c``."""
    if len(constants) != 1 or (node.op_type in ("Sub", "Div") and 0 in constants):
        raise refused(node)
    (constant,) = constants.values()
    vector = _broadcast(node, constants, units or constant.size)
    zero, one = [Fraction(0)] * len(vector), [Fraction(1)] * len(vector)
    if node.op_type in ("Mul", "Div"):
        if node.op_type == "Div" and 0 in vector:
            raise refused(node)
        return Scaling.of_constants(name, vector if node.op_type == "Mul" else [1 / c for c in vector], zero)
    return Scaling.of_constants(name, one, vector if node.op_type == "Add" else [-c for c in vector])


def _normalisation(node: Any, name: str, constants: dict[int, Any], settings: dict[str, Any]) -> Scaling:
    r"""``γ (φ − m)/√(v + eps) + β`` with the inputs ``γ, β, m, v``, as in evaluation."""
    if constants.keys() != {1, 2, 3, 4} or settings.get("training_mode", 0):
        raise refused(node)
    gain, beta, mean, variance = (exact_vector(constants[k].astype(np.float64), name) for k in (1, 2, 3, 4))
    return Scaling.of_normalisation(name, gain, beta, mean, variance, Fraction(settings.get("epsilon", float(np.float32(1e-5)))), free=True)


def _units(layers: list[Layer]) -> int | None:
    """Return how many units the last linear layer or scaling has, None before the first."""
    for layer in reversed(layers):
        if isinstance(layer, Affine):
            return int(layer.W.shape[1])
        if isinstance(layer, Scaling):
            return len(layer.scale)
    return None


def _broadcast(node: Any, constants: dict[int, Any], units: int) -> list[Fraction]:
    """Return a constant of shape ``(units,)``, ``(1, units)``, ``(1,)`` or ``()`` as a vector. Raises `InputError` for other shapes."""
    if len(constants) != 1:
        raise refused(node)
    (constant,) = constants.values()
    if constant.dtype.name not in UNITS or constant.size not in (1, units) or constant.shape[:-1] not in ((), (1,)):
        raise refused(node)
    return exact_vector(np.broadcast_to(constant.astype(np.float64).ravel(), (units,)).tolist(), f"the constant of {node.op_type}")


def _outputs(model: Any, chain: OnnxChain, X: Any) -> Floats:
    from onnx.reference import ReferenceEvaluator

    sizes = chain.input_sizes
    rows = X.reshape(len(X), *sizes) if prod(sizes) == X.shape[1] else X
    try:
        (found,) = ReferenceEvaluator(model).run(None, {chain.input.name: rows})
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"the ONNX model must run on the samples in onnx.reference, got: {reason}: export it with one row a sample"
        ) from error
    found = np.asarray(found).astype(np.float64)
    return found.reshape(-1, 1) if found.ndim == 1 else found
