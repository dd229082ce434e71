"""The steps of a torch model in their order: modules of torch itself, and what ``torch.fx`` traces in modules of a user."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, NamedTuple

from lossproof.certificates.inputs.torch_activations import ACTIVATIONS, PLAIN_FUNCTIONS, is_function_of_module, module_of_function
from lossproof.certificates.inputs.torch_arithmetic import Constant, Held, Product, arithmetic_of, held_tensors, is_one_output
from lossproof.certificates.inputs.torch_patterns import is_of_torch, join_activations
from lossproof.certificates.inputs.torch_refusals import BRANCH, DECOMPOSED, OTHER_FUNCTION, full_name, refused
from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

CONTAINERS = ("Sequential",)
WITHOUT_EFFECT = ("Identity", "Dropout", "Flatten")
_KNOWN = ("Linear", "BatchNorm1d", *WITHOUT_EFFECT, *ACTIVATIONS)
_PARTS = {
    "Linear": (["weight"], ["weight", "bias"]),
    "BatchNorm1d": (
        ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"],
        ["running_mean", "running_var", "num_batches_tracked"],
    ),
}
_HOOKS = {
    "_forward_hooks": "a forward hook",
    "_forward_pre_hooks": "a forward pre-hook",
    "_backward_hooks": "a backward hook",
    "_backward_pre_hooks": "a backward pre-hook",
    "_post_accumulate_grad_hooks": "a gradient hook",
    "forward": "a forward method of its own",
}
_SHAPES = ("view", "reshape", "contiguous", "squeeze", "float", "double", "half")
"""What keeps each row of samples, or is noticed where the model runs on them."""
_OTHER_ACTIVATION = f"lossproof has no such activation, but {', '.join(ACTIVATIONS)}"


@dataclass(frozen=True)
class Step:
    """A step of a model: a module of torch of exactly this type, or a linear map of ``weight`` and ``bias`` where ``module`` is None.

    ``weight`` is stored as ``(n_in, n_out)`` where ``rows_are_inputs`` holds, and otherwise as in a Linear layer. ``name`` is what messages call it;
    ``function`` is an activation that no module of torch has, ``constant`` arithmetic with a number or tensor that is not trained.
    """

    name: str
    module: Any = None
    weight: Any = None
    bias: Any = None
    function: str = ""
    rows_are_inputs: bool = False
    constant: Constant | None = None

    @property
    def kind(self) -> str:
        """The type of the module, ``"Linear"`` for a linear map, else empty."""
        return "Linear" if self.weight is not None else type(self.module).__name__ if self.module is not None else ""


def steps_of(module: Any, torch: Any, path: str = "") -> Iterator[Step]:
    """Yield the steps of a model in order: containers are opened, and modules that are none of torch's are traced by ``torch.fx``.

    Each module of torch is checked to be what it is called and nothing more. Raises `InputError` where a module or function is none of an MLP's, where
    something was put on a module (hooks, methods, parts), and where the graph is no chain.
    """
    kind = type(module).__name__
    name = f"{kind} {path!r}" if path else f"a {kind}"
    if getattr(torch.nn, kind, None) is not type(module) or kind not in (*_KNOWN, *CONTAINERS):
        of_torch = type(module).__module__.partition(".")[0] == "torch" and not isinstance(module, import_module("torch.fx").GraphModule)
        if of_torch or not isinstance(module, torch.nn.Module):
            of_activations = type(module).__module__ == "torch.nn.modules.activation"
            raise refused(full_name(module), kind, path, **({"advice": _OTHER_ACTIVATION} if of_activations else {}))
        yield from _traced(module, torch, path)
        return
    _check_module(module, kind)
    if kind == "Sequential":
        for key, child in module._modules.items():
            yield from steps_of(child, torch, f"{path}.{key}" if path else key)
    elif kind == "Linear":
        yield Step(name, module, module.weight, module.bias)
    else:
        yield Step(name, module)


def check_hooks(holder: Any, name: str) -> None:
    """Raise `InputError` where a module or weight has a hook or a forward method of its own."""
    for attribute, words in _HOOKS.items():
        if vars(holder).get(attribute) or (attribute != "forward" and getattr(holder, attribute, None)):
            raise InputError(f"a torch model must compute what its modules say, got {words} on {name}: remove it first")


def _check_module(module: Any, kind: str) -> None:
    check_hooks(module, f"a {kind}")
    if kind == "BatchNorm1d" and module.running_mean is None:
        raise InputError(
            "a BatchNorm1d must use its running statistics, got one with track_running_stats=False, whose outputs depend on all samples of a batch: "
            "train it with them, and call model.eval()"
        )
    own = [name for name, value in (*module._parameters.items(), *module._buffers.items()) if value is not None]
    if own not in _PARTS.get(kind, ([],)) or (kind not in CONTAINERS and module._modules):
        raise InputError(f"a {kind} of a torch model must hold what torch gave it, got parts of its own in it: build it anew")
    if kind == "Dropout" and module.training and module.p != 0:
        raise InputError("dropout must be off, as it makes the outputs random, got a Dropout in training mode: call model.eval() first")
    if kind == "BatchNorm1d" and module.training:
        raise InputError("a BatchNorm1d must use its running statistics, got one in training mode: call model.eval() first")
    if kind == "Flatten" and (module.start_dim, module.end_dim) != (1, -1):
        raise InputError(
            f"Flatten must keep one row a sample, got start_dim={module.start_dim}, end_dim={module.end_dim}: use Flatten(), or flatten the samples"
        )
    if kind in ("Softmax", "LogSoftmax") and module.dim not in (1, -1):
        raise InputError(f"{kind} must run over the outputs of a sample, got dim={shown(module.dim)}: use dim=1")


def _traced(module: Any, torch: Any, path: str) -> Iterator[Step]:
    """Yield the steps of a module of a user, traced symbolically; what runs only for some inputs cannot be traced, and is refused."""
    for inner in module.modules():
        check_hooks(inner, f"a {type(inner).__name__}")
    try:
        graph, constants = _graph_of(module)
    except (ValueError, TypeError, RuntimeError, AttributeError, KeyError, IndexError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"a torch model must be one that torch.fx can trace, got {full_name(module)} that it cannot: {reason}: give "
            "torch.export.export(model, (X,)) with a tensor X of samples, which follows what depends on their shape, or write it as a Sequential"
        ) from error
    yield from steps_in(module, graph, constants, torch, path)


def steps_in(module: Any, graph: Any, constants: Mapping[str, Any], torch: Any, path: str) -> Iterator[Step]:
    """Yield the steps of a graph in functions of torch and modules in ``module``, which holds its tensors, but for ``constants``.

    Raises `InputError` where a function is none of an MLP's, and where the graph is no chain.
    """
    join_activations(graph, module, torch)
    held = held_tensors(graph, lambda name: constants[name] if name in constants else operator.attrgetter(name)(module))
    value: Any = None
    sizes: set[Any] = set()
    steps: list[Step] = []
    single = False
    for node in graph.nodes:
        if node.op == "placeholder":
            if value is not None and node.users:
                raise InputError(f"a torch model must take one tensor of samples, got {full_name(module)} that takes more: bind the others")
            value = node if value is None else value
        elif node.op == "output":
            if node.args[0] is not value:
                raise InputError(
                    f"a torch model must return its last layer, got something else from {full_name(module)}: return one tensor"
                )
        elif _is_size(node, sizes):
            sizes.add(node)
        elif node.args and node.args[0] is value and is_one_output(node):
            value, single = node, True
        elif node.args and node.args[0] is value and (added := _sum_of_units(node, steps, torch, path)) is not None:
            steps += added.steps
            value, single = node, not added.keeps
        elif node not in held:
            _take(module, node, value, held, steps, torch, path)
            if single and steps and steps[-1].kind == "Linear":
                raise refused("a layer after a single output", "getitem", path)
            value = node
    yield from steps


class _Added(NamedTuple):
    """The steps of a sum of units; ``keeps`` tells whether it is a row of one number."""

    steps: list[Step]
    keeps: bool


def _sum_of_units(node: Any, steps: list[Step], torch: Any, path: str) -> _Added | None:
    """Return the frozen layer of weights 1 that a sum over the units of each sample is, divided by their number where it is a mean; None for other nodes."""
    name, last = _target_name(node), next((step.weight for step in reversed(steps) if step.weight is not None), None)
    given = {**dict(zip(("dim", "keepdim"), node.args[1:], strict=False)), **node.kwargs}
    if name not in ("sum", "mean") or last is None or len(node.args) > 3 or not set(given) <= {"dim", "keepdim"}:
        return None
    dims = given.get("dim")
    if (list(dims) if isinstance(dims, (list, tuple)) else [dims]) not in ([1], [-1]):
        return None
    _require_torch(node, steps, torch, path)
    linear = next(step for step in reversed(steps) if step.weight is not None)
    units = last.shape[1] if linear.rows_are_inputs else last.shape[0]
    ones = Step(f"{name} {node.name!r}", None, torch.ones((units, 1), dtype=last.dtype, device=last.device), rows_are_inputs=True)
    mean = [Step(f"{name} {node.name!r}", constant=Constant("div", int(units), False))] if name == "mean" else []
    return _Added([ones, *mean], bool(given.get("keepdim", False)))


def _graph_of(module: Any) -> tuple[Any, dict[str, Any]]:
    """Return the graph that ``torch.fx`` traces, and the tensors that it found in the code and put on the module, from which they are taken again."""
    before = set(vars(module))
    made: dict[str, Any] = {}
    try:
        graph = import_module("torch.fx").Tracer().trace(module)
    finally:
        made = {name: held for name, held in vars(module).items() if name not in before}
        for name in made:
            delattr(module, name)
    return graph, made


def _take(module: Any, node: Any, value: Any, held: Mapping[Any, Held], steps: list[Step], torch: Any, path: str) -> None:
    """Append the steps that a node is; a trainable tensor added to a linear map without a bias is its bias."""
    name = _target_name(node)
    found = arithmetic_of(node, name, value, held, torch) if node.op in ("call_function", "call_method") else None
    if found is not None:
        _require_torch(node, steps, torch, path)
    if isinstance(found, Product):
        steps.append(Step(f"{name} {node.name!r}", None, found.weight, found.bias, rows_are_inputs=found.rows_are_inputs))
    elif isinstance(found, Constant):
        steps.append(Step(f"{name} {node.name!r}", constant=found))
    elif found is not None and steps and steps[-1].kind == "Linear" and steps[-1].module is None and steps[-1].bias is None:
        steps[-1] = replace(steps[-1], bias=found.tensor)
    elif not node.args or node.args[0] is not value or any(a is value for a in (*node.args[1:], *node.kwargs.values())):
        raise _refusal(node, steps, path, advice=BRANCH)
    else:
        steps += _node_steps(module, node, steps, torch, path)


def _is_size(node: Any, sizes: set[Any]) -> bool:
    """Tell whether a node only asks for the shape of a tensor, as ``x.view(x.size(0), -1)`` does."""
    if node.op == "call_method":
        return node.target in ("size", "dim")
    if node.target is getattr:
        return bool(node.args[1] == "shape")
    return node.target is operator.getitem and node.args[0] in sizes


def _target_name(node: Any) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target)).partition(".")[0]


def _refusal(node: Any, steps: list[Step], path: str, what: str = "", advice: str = "") -> InputError:
    after = steps[-1].name if steps else "the samples"
    otherwise = advice or (OTHER_FUNCTION if getattr(node.target, "namespace", "") != "aten" else f"{OTHER_FUNCTION}; {DECOMPOSED}")
    kind = "module" if node.op == "call_module" else "function"
    return refused(f"the {kind} {_target_name(node)}{what}", _target_name(node), path, after=after, advice=otherwise)


def _node_steps(module: Any, node: Any, steps: list[Step], torch: Any, path: str) -> Iterator[Step]:
    if node.op == "call_module":
        inner = module.get_submodule(node.target)
        yield from steps_of(inner, torch, f"{path}.{node.target}" if path else node.target)
        return
    name = _target_name(node)
    _require_torch(node, steps, torch, path)
    made = module_of_function(node, name, torch)
    if name == "linear":
        raise InputError("the weight of a linear map must be a Parameter of the model, got one that is computed: use a Linear layer")
    if name in PLAIN_FUNCTIONS:
        yield Step(name, function=PLAIN_FUNCTIONS[name])
    elif name == "pow" and len(node.args) == 2 and type(node.args[1]) is int:
        yield Step(name, function=f"power:{node.args[1]}")
    elif made is not None:
        _check_module(made, type(made).__name__)
        yield Step(name, made)
    elif name not in _SHAPES:
        raise _refusal(node, steps, path, " with unusual arguments" if is_function_of_module(name) else "")


def _require_torch(node: Any, steps: list[Step], torch: Any, path: str) -> None:
    """Raise `InputError` unless a node that calls a function calls one of torch, or an operator of Python."""
    if node.op == "call_function" and not is_of_torch(node.target, _target_name(node), torch):
        raise _refusal(node, steps, path)
