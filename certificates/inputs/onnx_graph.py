"""The nodes of an ONNX graph in their chain from the input to the output, with the constants that each takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossproof.certificates.inputs.layer_advice import PART, advice_on_layer
from lossproof.certificates.inputs.onnx_activations import activation_at
from lossproof.theory.exceptions import InputError

_OF_CONSTANTS = ("Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Cast")
_OF_SIZES = ("Shape", "Gather", "Unsqueeze", "Squeeze", "Concat", "Slice", "Cast", "Identity", "Mul", "Div", "Reshape", "ReduceProd")
_DOMAINS = ("", "ai.onnx", "com.microsoft")
_ADVICE = {
    "ArrayFeatureExtractor": "export the classifier with options={'zipmap': False}, or check the model itself",
}


@dataclass(frozen=True)
class Link:
    """A node with the constants among its inputs by place; or an ``activation`` that this node and others after it write."""

    node: Any
    constants: dict[int, Any]
    activation: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The attributes of the node by name."""
        return {attribute.name: setting_of(attribute) for attribute in self.node.attribute}

    @property
    def name(self) -> str:
        """What a message calls the node."""
        return f"{self.node.op_type} {self.node.name or self.node.output[0]!r}"


@dataclass
class OnnxChain:
    """The one input of a graph, its constants by name, and where each came from, as ``Identity`` and ``Transpose`` give a constant another name.

    ``sizes`` are the names of values that depend on the shape of the samples alone, ``used`` the node that took each constant.
    """

    model: Any
    constants: dict[str, Any]
    sources: dict[str, str] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)
    used: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(model: Any) -> OnnxChain:
        """Return the chain of a model. Raises `InputError` unless it has one input and one output."""
        from onnx import numpy_helper

        chain = OnnxChain(model, {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer})
        inputs = [value.name for value in model.graph.input if value.name not in chain.constants]
        if len(inputs) != 1 or len(model.graph.output) != 1:
            raise InputError(
                f"an ONNX model must have one input and one output, got {len(inputs)} and {len(model.graph.output)}: export the network alone, "
                "without labels"
            )
        return chain

    @property
    def input(self) -> Any:
        """The declared input."""
        return next(value for value in self.model.graph.input if value.name not in self._initial())

    def _initial(self) -> set[str]:
        return {tensor.name for tensor in self.model.graph.initializer}

    @property
    def input_sizes(self) -> list[int]:
        """The sizes of one sample as the graph declares them, 0 for one that it leaves open."""
        return [int(size.dim_value) for size in self.input.type.tensor_type.shape.dim][1:]

    def links(self) -> Iterator[Link]:
        """Yield the nodes in order; those of constants alone, or of the shape of the samples, are left out.

        Raises `InputError` where the graph is no chain, where its output is not that of the last node, and where two nodes take one constant: they would be
        one weight. Constants all of whose entries are one number may be shared, as exporters put equal ones together.
        """
        nodes, value, k = list(self.model.graph.node), self.input.name, 0
        while k < len(nodes):
            node = nodes[k]
            k += 1
            if self._is_constant(node) or self._is_size(node, value):
                continue
            found = activation_at(nodes, k - 1, value, self.constants)
            if found is not None:
                yield Link(node, {}, found.activation)
                value, k = found.output, k - 1 + found.length
                continue
            fed = [
                name
                for name in node.input
                if name and name not in self.constants and not (node.op_type == "Reshape" and name in self.sizes)
            ]
            if fed != [value] or node.domain not in _DOMAINS:
                raise refused(node)
            self._use(node)
            yield Link(node, {place: self.constants[name] for place, name in enumerate(node.input) if name in self.constants})
            value = node.output[0]
        if self.model.graph.output[0].name != value:
            raise InputError(
                f"the output of an ONNX model must be that of its last node, got {self.model.graph.output[0].name!r}: export a chain"
            )

    def _is_constant(self, node: Any) -> bool:
        """Tell whether a node gives a constant, which is then kept."""
        if node.op_type == "Constant" and not node.input:
            self.constants[node.output[0]] = _constant(node)
            return True
        if node.op_type not in _OF_CONSTANTS or not node.input or not all(name in self.constants for name in node.input if name):
            return False
        from onnx.helper import make_graph, make_model
        from onnx.reference import ReferenceEvaluator

        body = make_graph([node], "constants", [], [type(self.model.graph.output[0])(name=node.output[0])])
        alone = ReferenceEvaluator(make_model(body, opset_imports=list(self.model.opset_import)))
        (held,) = alone.run(None, {name: self.constants[name] for name in node.input if name})
        self.constants[node.output[0]] = np.asarray(held)
        self.sources[node.output[0]] = self.sources.get(node.input[0], node.input[0])
        return True

    def _is_size(self, node: Any, value: str) -> bool:
        given = [name for name in node.input if name]
        of_shape = node.op_type == "Shape" and given == [value]
        known = all(name in self.constants or name in self.sizes for name in given) and any(name in self.sizes for name in given)
        if not of_shape and not (known and node.op_type in _OF_SIZES):
            return False
        self.sizes.update(node.output)
        return True

    def _use(self, node: Any) -> None:
        for name in node.input:
            if name not in self.constants or self.constants[name].dtype.kind in "iub":
                continue
            source, held = self.sources.get(name, name), self.constants[name]
            if self.used.setdefault(source, node.output[0]) != node.output[0] and not (held == held.flat[0]).all():
                raise InputError(
                    f"the layers of an ONNX model must not share weights, got the constant {source!r} in two nodes: untie them"
                )


def setting_of(attribute: Any) -> Any:
    """Return the value of an attribute."""
    from onnx import helper

    return helper.get_attribute_value(attribute)


def _constant(node: Any) -> Any:
    from onnx import numpy_helper

    value = setting_of(node.attribute[0])
    return numpy_helper.to_array(value) if node.attribute[0].name == "value" else np.asarray(value)


def refused(node: Any) -> InputError:
    """Return the refusal of a node."""
    place = f" {node.name!r}" if node.name else ""
    return InputError(
        "an ONNX model must be a chain of Gemm, MatMul, Add and activations with constant weights, got the node "
        f"{node.op_type}{place}: {_ADVICE.get(node.op_type) or advice_on_layer(node.op_type) or PART}"
    )
