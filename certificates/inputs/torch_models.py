"""Reading an MLP of torch: modules of torch in a row, or modules that ``torch.fx`` can trace to such a row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from lossproof.certificates.inputs.layered_mlp import mlp_of
from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer, Scaling, exact_vector
from lossproof.certificates.inputs.torch_activations import layers_of_activation
from lossproof.certificates.inputs.torch_arithmetic import Constant
from lossproof.certificates.inputs.torch_graph import WITHOUT_EFFECT, Step, check_hooks, steps_of
from lossproof.certificates.inputs.torch_programs import is_program, steps_of_program
from lossproof.certificates.inputs.trained_network import UNITS, Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

_WRAPPERS = {
    "torch._dynamo.eval_frame.OptimizedModule": "_orig_mod",
    "torch.nn.parallel.data_parallel.DataParallel": "module",
    "torch.nn.parallel.distributed.DistributedDataParallel": "module",
    "torch.optim.swa_utils.AveragedModel": "module",
}
"""What computes the same as a module in it, and where that is."""
_EXPORTED = "The model is an exported program: its parameters are the trainable weights, its buffers are constants."


def read_torch(model: Any, torch: Any) -> TrainedNetwork:
    """Read a ``Sequential`` (also nested) of ``Linear`` and activation modules, or a module that ``torch.fx`` traces to such a row, in 16 to 64 bits.

    Modules of torch are known by their exact types; a user's own modules are traced, so that what they compute counts and not what they are called: products
    with parameters and arithmetic with constants, too (`arithmetic_of`). ``Identity``, ``Flatten()``, views and dropout in evaluation mode change nothing and
    are passed over; what ``torch.compile``, ``DataParallel`` or ``AveragedModel`` hold is read in their place. ``BatchNorm1d`` in evaluation mode is folded
    into the linear layer beside it, exactly in rationals, with its root rounded to a double unless rational. Parameters with ``requires_grad=False`` are frozen
    (`mlp_of`). A program of ``torch.export`` is read by its graph (`steps_of_program`).

    Refused by name, each in one sentence, is what would make the network or its trainable weights other than they look: hooks and methods put on
    a module, parametrizations, weights shared by two layers or overlapping in memory, dropout in training mode, other settings of an activation, lazy modules,
    and weights on the meta device, quantised, sparse, complex or of mixed types.

    Raises `InputError`.
    """
    if is_program(model):
        steps, in_batches, model = steps_of_program(model, torch)
        unwrapped: tuple[str, ...] = (_EXPORTED,)
    else:
        model, unwrapped = _unwrapped(model)
        steps, in_batches = list(steps_of(model, torch)), lambda X, ask: ask(X)
    first = next((step.weight for step in steps if step.weight is not None), None)
    if first is None:
        raise InputError(f"a torch model must hold at least one Linear layer, got none in {shown(model)}: give an MLP")
    _check_parameters(steps, torch)
    precision = _precision_of(first)
    mlp = mlp_of((layer for step in steps for layer in _layers(step, precision, first, torch)), "a torch model")
    return mlp.network(
        outputs=lambda X: in_batches(X, lambda rows: _outputs(model, first, rows, torch)),
        unit=UNITS[precision],
        rounded=lambda X: _doubles(_tensor(first, X, torch), torch),
        framework="torch",
        notes=unwrapped,
    )


def _unwrapped(model: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the model inside a wrapper that computes what it does, and a note that says so."""
    full = f"{type(model).__module__}.{type(model).__qualname__}"
    if full not in _WRAPPERS:
        return model, ()
    inner, notes = _unwrapped(getattr(model, _WRAPPERS[full]))
    return inner, (f"The model is the one that {type(model).__name__} holds, whose own outputs are compared.", *notes)


def _layers(step: Step, precision: str, like: Any, torch: Any) -> Iterator[Layer]:
    """Yield the layer that a step is, none where it changes nothing."""
    if step.kind == "Linear":
        frozen, frozen_bias = (part is not None and not part.requires_grad for part in (step.weight, step.bias))
        W = step.weight.detach() if step.rows_are_inputs else step.weight.detach().T
        yield Affine(step.name, W, step.bias, frozen=frozen, frozen_bias=frozen_bias)
    elif step.constant is not None:
        yield _scaling(step.name, step.constant, like, torch)
    elif step.function:
        yield Elementwise(step.name, step.function)
    elif step.kind == "BatchNorm1d":
        yield _normalisation(step)
    elif step.kind not in WITHOUT_EFFECT:
        yield from layers_of_activation(step.name, step.module, precision)


def _normalisation(step: Step) -> Scaling:
    module = step.module
    mean, variance = exact_vector(module.running_mean, "running_mean"), exact_vector(module.running_var, "running_var")
    if not math.isfinite(module.eps):
        raise InputError(f"{step.name} must have a finite eps, got {module.eps}: build it anew")
    affine = module.weight is not None
    gain = exact_vector(module.weight, "weight") if affine else [Fraction(1)] * len(mean)
    beta = exact_vector(module.bias, "bias") if affine else [Fraction(0)] * len(mean)
    free = affine and module.bias.requires_grad
    trained = free or (affine and module.weight.requires_grad)
    return Scaling.of_normalisation(step.name, gain, beta, mean, variance, Fraction(module.eps), free=free, trained=trained)


def _scaling(name: str, constant: Constant, like: Any, torch: Any) -> Scaling:
    """Return arithmetic with a constant, which is taken as the number that it is in the type of the weights."""
    held = torch.as_tensor(constant.value, dtype=like.dtype, device="cpu").detach()
    values = exact_vector(_doubles(held.reshape(-1), torch).tolist(), f"the constant of {name}")
    zero, one = [Fraction(0)] * len(values), [Fraction(1)] * len(values)
    if constant.kind == "mul":
        return Scaling.of_constants(name, values, zero)
    if constant.kind == "div":
        if 0 in values:
            raise InputError(f"a torch model must divide by numbers other than 0, got 0 in {name}: leave it out")
        return Scaling.of_constants(name, [1 / c for c in values], zero)
    if constant.first:
        return Scaling.of_constants(name, [-1 * x for x in one], values)
    return Scaling.of_constants(name, one, values if constant.kind == "add" else [-c for c in values])


def _check_parameters(steps: Sequence[Step], torch: Any) -> None:
    """Raise `InputError` unless every weight is a number of its own, and all are of one type on one device."""
    linear = [(step.weight, step.bias) for step in steps if step.kind == "Linear"]
    constants = [
        part for step in steps if step.module is None for part in (step.weight, step.bias) if part is not None and not part.requires_grad
    ]
    norms = [(step.module.weight, step.module.bias) for step in steps if step.kind == "BatchNorm1d"]
    named = [
        (f"the {name} of {kind} layer {l}", parameter)
        for kind, pairs in (("Linear", linear), ("BatchNorm1d", norms))
        for l, pair in enumerate(pairs, start=1)
        for name, parameter in zip(("weight", "bias"), pair, strict=True)
        if parameter is not None
    ]
    for name, parameter in named:
        constant = type(parameter) is torch.Tensor and any(parameter is other for other in constants)
        if not (constant or type(parameter) is torch.nn.Parameter) or parameter.dim() != (
            2 if name.startswith("the weight of Linear") else 1
        ):
            raise InputError(
                f"{name} must be a Parameter of torch of the usual shape, got a {type(parameter).__name__}: build the layer anew"
            )
        check_hooks(parameter, name)
        if parameter.layout is not torch.strided or parameter.is_quantized or parameter.is_meta:
            kind = "on the device 'meta'" if parameter.is_meta else "quantised" if parameter.is_quantized else "sparse"
            raise InputError(f"{name} must be a dense tensor of numbers, got one that is {kind}: load or convert it first")
        if _precision_of(parameter) not in UNITS:
            raise InputError(
                f"the weights of a torch model must be floats of 16 to 64 bits, got {_precision_of(parameter)}: convert it with .double()"
            )
    kinds = sorted({f"{_precision_of(parameter)} on {parameter.device}" for _, parameter in named})
    if len(kinds) > 1:
        raise InputError(f"all weights of a torch model must be of one type on one device, got {', '.join(kinds)}: convert it with .to()")
    _check_memory(named)


def _precision_of(parameter: Any) -> str:
    return str(parameter.dtype).removeprefix("torch.")


def _check_memory(named: list[tuple[str, Any]]) -> None:
    """Raise `InputError` where two weights lie in one place of memory, so that they are one weight."""
    spans: list[tuple[int, int, str]] = []
    for name, parameter in named:
        if not (parameter.is_contiguous() or parameter.T.is_contiguous()):
            raise InputError(f"{name} must have each number in a place of its own, got a view of another tensor: copy it with .clone()")
        if parameter.numel():
            spans.append((parameter.data_ptr(), parameter.data_ptr() + parameter.numel() * parameter.element_size(), name))
    spans.sort()
    for (_, end, first), (start, _, second) in pairwise(spans):
        if start < end:
            raise InputError(f"the layers of a torch model must not share weights, got {first} and {second} in one place: untie them")


def _tensor(like: Any, X: Floats, torch: Any) -> Any:
    return torch.tensor(X.tolist(), dtype=torch.float64, device="cpu").reshape(X.shape).to(dtype=like.dtype, device=like.device)


def _doubles(tensor: Any, torch: Any) -> Floats:
    return np.array(tensor.detach().to(device="cpu", dtype=torch.float64).tolist(), dtype=np.float64).reshape(tuple(tensor.shape))


def _outputs(model: Any, like: Any, X: Floats, torch: Any) -> Floats:
    try:
        with torch.no_grad():
            found = _doubles(model(_tensor(like, X, torch)), torch)
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"the model must run on the samples, got: {reason}: give its weights to check_architecture instead") from error
    return found.reshape(-1, 1) if found.ndim == 1 else found
