"""Reading an MLP of an ONNX model: ``Gemm``, or ``MatMul`` and ``Add``, with activations between them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.certificates.inputs.layered_mlp import mlp_of
from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer, Scaling, exact_vector
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
_WITHOUT_EFFECT = ("Identity", "Dropout", "Flatten", "Reshape", "Squeeze")
_ADVICE = {
    "LayerNormalization": "each of its outputs depends on all units, so it is no layer of an MLP",
    "Conv": "write it as a matrix, or check an MLP",
    "ArrayFeatureExtractor": "export the classifier with options={'zipmap': False}, or check the model itself",
}


def is_onnx(model: Any) -> bool:
    """Tell whether a model is a ``ModelProto``; nothing is imported for that.

    >>> is_onnx("model.onnx")
    False
    """
    return type(model).__name__ == "ModelProto" and type(model).__module__.startswith("onnx")


def read_onnx(model: Any) -> TrainedNetwork:
    """Read the graph of an ONNX ``ModelProto``, a chain from one input to one output, with weights of 16 to 64 bits.

    Read are ``Gemm`` (``alpha`` and ``beta`` exactly), ``MatMul`` with a constant, ``Add``, ``Sub``, ``Mul`` and ``Div`` by constants (a bias, or a scaling
    that is folded exactly into the linear layer beside it), ``BatchNormalization`` (its root rounded unless rational), activations, a last ``Softmax`` or
    ``LogSoftmax``, and what keeps the rows of samples: ``Identity``, ``Dropout``, ``Flatten``, ``Reshape``, ``Squeeze``. The outputs that it is compared
    with are those of ``onnx.reference``. Raises `InputError`, naming the node, for everything else.
    """
    from onnx import numpy_helper

    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise InputError(
            f"an ONNX model must have one input and one output, got {len(inputs)} and {len(model.graph.output)}: export the network alone, "
            "without labels"
        )
    layers: list[Layer] = []
    value, first = inputs[0], _inputs_of(model)
    element = _input_of(model).type.tensor_type.elem_type
    used: dict[str, str] = {}
    for node in model.graph.node:
        if node.op_type == "Constant" and not node.input:
            constants[node.output[0]] = _constant(node)
            continue
        fed = [name for name in node.input if name and name not in constants]
        if fed != [value] or (node.domain and node.domain not in ("ai.onnx", "com.microsoft")):
            raise _refused(node)
        for name in node.input:
            if name in constants and constants[name].dtype.kind not in "iub" and used.setdefault(name, node.output[0]) != node.output[0]:
                raise InputError(f"the layers of an ONNX model must not share weights, got the constant {name!r} in two nodes: untie them")
        _append(layers, node, {k: constants[name] for k, name in enumerate(node.input) if name in constants}, first, element)
        value = node.output[0]
    if model.graph.output[0].name != value:
        raise InputError(f"the output of an ONNX model must be that of its last node, got {model.graph.output[0].name!r}: export a chain")
    kinds = sorted({constant.dtype.name for constant in constants.values() if constant.dtype.kind not in "iub"})
    if len(kinds) != 1 or kinds[0] not in UNITS:
        raise InputError(
            f"the weights of an ONNX model must be floats of one type, of 16 to 64 bits, got {', '.join(kinds) or 'none'}: convert it"
        )
    mlp = mlp_of(layers, "an ONNX model")
    kind = next(constant.dtype for constant in constants.values() if constant.dtype.name == kinds[0])
    return mlp.network(
        outputs=lambda X: _outputs(model, inputs[0], X, kind),
        unit=UNITS[kinds[0]],
        rounded=lambda X: X.astype(kind).astype(np.float64),
        framework="ONNX",
    )


def _append(layers: list[Layer], node: Any, constants: dict[int, Any], first: int, element: int) -> None:
    """Append the layers that a node stands for; a constant added to a linear layer without a bias is its bias."""
    kind, name = node.op_type, f"{node.op_type} {node.name or node.output[0]!r}"
    settings = {attribute.name: _setting(attribute) for attribute in node.attribute}
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
    elif kind not in _WITHOUT_EFFECT:
        raise _refused(node)


def _gemm(node: Any, name: str, constants: dict[int, Any], settings: dict[str, Any]) -> Affine:
    """``α A B + β C`` with ``A`` the samples: the factors are multiplied in exactly."""
    if 1 not in constants or constants[1].ndim != 2 or settings.get("transA", 0):
        raise _refused(node)
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
        raise _refused(node)
    (constant,) = constants.values()
    vector = _broadcast(node, constants, units or constant.size)
    zero, one = [Fraction(0)] * len(vector), [Fraction(1)] * len(vector)
    if node.op_type in ("Mul", "Div"):
        if node.op_type == "Div" and 0 in vector:
            raise _refused(node)
        return Scaling(name, vector if node.op_type == "Mul" else [1 / c for c in vector], zero, zero, free=False)
    return Scaling(name, one, [c if node.op_type == "Add" else -c for c in vector], [abs(c) for c in vector], free=False)


def _normalisation(node: Any, name: str, constants: dict[int, Any], settings: dict[str, Any]) -> Scaling:
    r"""``γ (φ − m)/√(v + eps) + β`` with the inputs ``γ, β, m, v``, as in evaluation."""
    if constants.keys() != {1, 2, 3, 4} or settings.get("training_mode", 0):
        raise _refused(node)
    gain, beta, mean, variance = (exact_vector(constants[k].astype(np.float64), name) for k in (1, 2, 3, 4))
    return Scaling.of_normalisation(name, gain, beta, mean, variance, Fraction(settings.get("epsilon", float(np.float32(1e-5)))), free=True)


def _input_of(model: Any) -> Any:
    declared = {tensor.name for tensor in model.graph.initializer}
    return next(value for value in model.graph.input if value.name not in declared)


def _inputs_of(model: Any) -> int:
    """Return how many inputs a sample has as the graph declares it, 0 where it does not."""
    sizes = _input_of(model).type.tensor_type.shape.dim
    return int(sizes[-1].dim_value) if sizes else 0


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
        raise _refused(node)
    (constant,) = constants.values()
    if constant.dtype.name not in UNITS or constant.size not in (1, units) or constant.shape[:-1] not in ((), (1,)):
        raise _refused(node)
    return exact_vector(np.broadcast_to(constant.astype(np.float64).ravel(), (units,)).tolist(), f"the constant of {node.op_type}")


def _setting(attribute: Any) -> Any:
    from onnx import helper

    return helper.get_attribute_value(attribute)


def _constant(node: Any) -> Any:
    from onnx import numpy_helper

    value = _setting(node.attribute[0])
    return numpy_helper.to_array(value) if node.attribute[0].name == "value" else np.asarray(value)


def _refused(node: Any) -> InputError:
    place = f" {node.name!r}" if node.name else ""
    return InputError(
        "an ONNX model must be a chain of Gemm, MatMul, Add and activations with constant weights, got the node "
        f"{node.op_type}{place}: {_ADVICE.get(node.op_type, 'rewrite it as an MLP')}"
    )


def _outputs(model: Any, name: str, X: Floats, kind: Any) -> Floats:
    from onnx.reference import ReferenceEvaluator

    try:
        (found,) = ReferenceEvaluator(model).run(None, {name: X.astype(kind)})
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"the ONNX model must run on the samples in onnx.reference, got: {reason}: export it with one row a sample"
        ) from error
    found = np.asarray(found).astype(np.float64)
    return found.reshape(-1, 1) if found.ndim == 1 else found
