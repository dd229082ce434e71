"""Small ONNX graphs; the caller makes sure that onnx is installed."""

from __future__ import annotations

import numpy as np
from onnx import helper, numpy_helper

generator = np.random.default_rng(1)


def array(*shape, kind=np.float32):
    return generator.normal(size=shape).astype(kind)


def graph(*nodes, kind=np.float32, outputs=1, inputs=2, **constants):
    """A model of ``(op, other inputs, settings)`` nodes in a chain from x; ``constants`` are its initializers."""
    made, value = [], "x"
    for k, (op, others, settings) in enumerate(nodes):
        fed = [value if name == "*" else name for name in (others if "*" in others else ("*", *others))]
        made.append(helper.make_node(op, fed, [f"v{k}"], name=f"node{k}", **settings))
        value = f"v{k}"
    element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    body = helper.make_graph(
        made,
        "mlp",
        [helper.make_tensor_value_info("x", element, [None, inputs])],
        [helper.make_tensor_value_info(value, element, [None, outputs])],
        [numpy_helper.from_array(np.asarray(constant), name) for name, constant in constants.items()],
    )
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 20)])


def two_layers(activation="Tanh", settings=None, last=(), kind=np.float32, **options):
    parts = {"W": array(3, 2, kind=kind), "b": array(3, kind=kind), "V": array(3, 1, kind=kind), "c": array(1, kind=kind)}
    nodes = [("Gemm", ("W", "b"), {"transB": 1}), (activation, (), settings or {}), ("MatMul", ("V",), {}), ("Add", ("c",), {}), *last]
    return graph(*nodes, kind=kind, **parts, **options), parts
