"""The layers of a JAX function of weights and samples, in the graph that JAX traces of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from lossproof.certificates.inputs.conjugates import clipped
from lossproof.certificates.inputs.jax_activations import RELU6, activation_at, exact_literal, known_functions, primitive_alone
from lossproof.certificates.inputs.jax_arithmetic import arithmetic_of, contracts_rows, is_one_output, keep_constant, roots_of
from lossproof.certificates.inputs.jax_graph import Graph, Pattern, Step, traced, untraceable
from lossproof.certificates.inputs.jax_refusals import holders_of, refused_step
from lossproof.certificates.inputs.layer_advice import PART
from lossproof.certificates.inputs.layered_mlp import LayeredMLP, mlp_of
from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer, Scaling, exact_vector
from lossproof.certificates.inputs.parameters import exact_array
from lossproof.theory.exceptions import InputError

_ROWS = 7


class _Weight(NamedTuple):
    """A weight of the model in the graph, by its number; ``turned`` tells whether it is transposed, ``frozen`` whether the gradient stops before it."""

    number: int
    turned: bool = False
    frozen: bool = False


@dataclass(frozen=True)
class Normalisation:
    """What a framework traces of batch normalisation with running averages: inputs besides the samples by name, ``mean``, ``var``, ``scale`` and ``bias``."""

    pattern: Pattern
    names: tuple[str, ...]


Normalisations: TypeAlias = Callable[[tuple[int, ...], Any], Sequence[Normalisation]]


@dataclass(frozen=True)
class JaxModel:
    """A function of ``weights``, which messages call by their ``names``, and samples.

    It is called for rows ``(T, n_0)``, or for one sample ``(n_0,)`` where ``by_sample`` holds; ``what`` is what messages call it. ``normalisations`` gives the
    patterns of its framework for values of a shape and a type, ``constants`` the arrays that it keeps besides its weights, ``module`` is the model itself, in
    which messages look for the modules that hold its weights.
    """

    function: Callable[[Sequence[Any], Any], Any]
    weights: Sequence[Any]
    names: Sequence[str]
    what: str
    by_sample: bool = False
    normalisations: Normalisations = lambda shape, kind: ()
    constants: Sequence[Any] = ()
    module: Any = None

    def mlp(self) -> LayeredMLP:
        """Return the MLP that the function is, with as many inputs as one of its matrices has rows: that of the first layer, which no other number fits.

        Numbers are tried in the order of the matrices, as JAX is slow to raise for one that does not fit.

        Raises `InputError` where it is none (`layers_of`).
        """
        sizes = dict.fromkeys(size for array in (*self.weights, *self.constants) if array.ndim == 2 for size in reversed(array.shape))
        refusals: list[InputError] = []
        for size in sizes:
            try:
                mlp = mlp_of(layers_of(self, size), self.what)
            except InputError as error:
                refusals.append(error)
            else:
                if mlp.widths[0] == size:
                    return mlp
        fitting = [error for error in refusals if not _of_shapes(error.__cause__)]
        traced = [error for error in fitting if error.__cause__ is None]
        tried = ", ".join(map(str, sizes)) or "no"
        default = InputError(f"{self.what} must begin with a linear layer, got none for samples of {tried} numbers: {PART}")
        raise [default, *fitting, *traced][-1]


def _of_shapes(error: BaseException | None) -> bool:
    """Tell whether a function could not be traced as it was called for another number of inputs than it has; Flax has an error of its own for that."""
    if isinstance(error, sys.modules["jax"].errors.ConcretizationTypeError):
        return False
    return isinstance(error, TypeError) or type(error).__name__ == "ScopeParamShapeError"


@dataclass
class _Chain:
    """The layers found so far.

    ``held`` are the weights in the graph, ``used`` those that were applied; ``last``, of this ``shape``, is what the last layer gave, and ``moving`` all that
    depends on the samples. ``single`` tells that a row of one output was made a number.
    """

    model: JaxModel
    graph: Graph
    kind: Any
    last: int
    shape: tuple[int, ...]
    held: dict[int, _Weight]
    moving: set[int]
    layers: list[Layer] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    single: bool = False

    def use(self, number: int) -> str:
        """Return the name of a weight that is applied now. Raises `InputError` where it was before."""
        name = self.model.names[number]
        if number in self.used:
            raise InputError(f"the layers of {self.model.what} must not share weights, got {name} applied twice: untie them")
        self.used.add(number)
        return name


def layers_of(model: JaxModel, inputs: int) -> list[Layer]:
    """Return the layers of a model for samples of ``inputs`` numbers, a chain ``x W``, ``+ b``, activations, and batch normalisations with running averages.

    Each step must take what the step before gave, and beside it one weight as it is (a bias as a row, a matrix transposed, too), or nothing. An activation is
    known by its primitive, or by being step for step what ``jax.nn`` computes (`known_functions`). All in one precision. Raises `InputError` for every other
    step, a weight that is used twice, and a function that JAX cannot trace.
    """
    jax = sys.modules["jax"]
    kind = model.weights[0].dtype
    shape = (inputs,) if model.by_sample else (_ROWS, inputs)
    try:
        graph = traced(model.function, list(model.weights), jax.ShapeDtypeStruct(shape, kind))
    except untraceable() as error:
        raise InputError(
            f"{model.what} must be a function of {'one sample' if model.by_sample else 'samples'} that JAX can trace, "
            f"got: {' '.join(str(error).split())[:160]}: {_advice_on(error)}"
        ) from error
    if len(graph.outputs) != 1:
        raise InputError(f"{model.what} must return one array, got {len(graph.outputs)}: return the outputs alone")
    *numbers, samples = graph.inputs
    held = {number: _Weight(k) for k, number in enumerate(numbers)}
    chain = _Chain(model, graph, kind, samples, shape, held, {samples})
    start = 0
    while start < len(graph.steps):
        start += _take(graph.steps, start, chain)
    if graph.outputs[0] != chain.last:
        raise InputError(f"{model.what} must return its last layer, got something else: return it")
    return chain.layers


def _advice_on(error: Exception) -> str:
    """Return what to do where a model cannot be traced; dropout and batch normalisation in training draw numbers, and change the model."""
    text = str(error)
    if type(error).__name__ == "TraceContextError" or "RngCount" in text:
        return "call model.eval() first, so that dropout and batch normalisation are those of evaluation"
    if "Dropout requires a key" in text:
        return "call eqx.nn.inference_mode(model) first, so that dropout is off"
    return "give its weights as a list of pairs, with activation="


def _take(steps: Sequence[Step], start: int, chain: _Chain) -> int:
    """Put what begins at a step, a layer or a weight in another form, into the chain, and return how many steps that were."""
    step = steps[start]
    numbers = [None if hasattr(value, "val") else value for value in step.inputs]
    moving = [k for k, number in enumerate(numbers) if number in chain.moving]
    weights = [number for number in numbers if number in chain.held]
    if weights and not moving:
        chain.held[step.outputs[0]] = _in_another_form(step, chain.held[weights[0]], chain)
    elif weights or moving[1:] or (moving and numbers[moving[0]] != chain.last):
        _append_linear(step, moving, weights, chain)
        _go_on(steps[start : start + 1], step.outputs[0], step.avals[0][0], chain)
    elif moving and is_one_output(step, chain.shape):
        chain.single = True
        _go_on(steps[start : start + 1], step.outputs[0], step.avals[0][0], chain)
    else:
        found = _activation(steps, start, chain) if moving else _normalisation(steps, start, numbers, chain)
        if moving and found is None:
            found = _constants(step, moving[0], chain) or _constant_layer(step, moving[0], chain) or _sum_of_units(step, chain)
        if found is None and moving:
            raise _refused(step, chain)
        if found is None:
            keep_constant(step, chain.graph.constants)
        if found is not None:
            layer, length, output = found
            between = isinstance(layer, Elementwise) and layer.activation == RELU6
            chain.layers += clipped(layer.name, Fraction(0), Fraction(6)) if between else [layer]
            _go_on(steps[start : start + length], output, steps[start + length - 1].avals[0][0], chain)
            return length
    return 1


def _constants(step: Step, place: int, chain: _Chain) -> tuple[Layer, int, int] | None:
    name = f"{step.primitive} after {chain.layers[-1].name}" if chain.layers else f"{step.primitive} of the samples"
    units = 1 if chain.single else chain.shape[-1]
    if step.avals[0] != (chain.shape, str(chain.kind)) or step.own_slope:
        return None
    found = arithmetic_of(step, place, chain.graph.constants, name, units)
    return None if found is None else (found, 1, step.outputs[0])


def _constant_layer(step: Step, place: int, chain: _Chain) -> tuple[Layer, int, int] | None:
    """Return the frozen layer that a product with a constant matrix is; None where a step is no such."""
    by_rows = None if chain.single else contracts_rows(step, place, len(chain.shape))
    matrix = chain.graph.constants.get(step.inputs[1 - place]) if by_rows is not None else None
    if matrix is None or matrix.ndim != 2 or step.avals[0][1] != chain.kind:
        return None
    name = f"the constant matrix of shape {matrix.shape}"
    W = exact_array(matrix, name)
    return Affine(name, W if by_rows else W.T, None, frozen=True), 1, step.outputs[0]


def _sum_of_units(step: Step, chain: _Chain) -> tuple[Layer, int, int] | None:
    """Return the frozen layer of weights 1 that a sum over the units of each sample is; None where a step is no such, or the units are used besides."""
    along = step.primitive == "reduce_sum" and tuple(step.params["axes"]) == (len(chain.shape) - 1,)
    uses = [one for one in chain.graph.steps if any(not hasattr(given, "val") and given == chain.last for given in one.inputs)]
    if not along or len(uses) > 1 or chain.single or step.own_slope or step.avals[0] != (chain.shape[:-1], str(chain.kind)):
        return None
    chain.single = True
    ones = [[Fraction(1)] for _ in range(chain.shape[-1])]
    return Affine(f"the sum of {chain.shape[-1]} units", ones, None, frozen=True), 1, step.outputs[0]


def _go_on(steps: Sequence[Step], output: int, shape: tuple[int, ...], chain: _Chain) -> None:
    chain.moving |= {number for step in steps for number in step.outputs}
    chain.last, chain.shape = output, shape


def _in_another_form(step: Step, weight: _Weight, chain: _Chain) -> _Weight:
    """Return the weight that a step only writes as a row ``(1, n)`` or ``(T, n)``, or transposes. Raises `InputError` for weights computed with."""
    own, shape = chain.model.weights[weight.number].shape, step.avals[0][0]
    as_row = step.primitive == "reshape" or (step.primitive == "broadcast_in_dim" and step.params["broadcast_dimensions"] == (1,))
    if as_row and len(step.inputs) == 1 and len(own) == 1 and shape in ((1, *own), (_ROWS, *own)):
        return weight
    if step.primitive == "transpose" and len(own) == 2:
        return weight._replace(turned=not weight.turned)
    if step.primitive == "stop_gradient":
        return weight._replace(frozen=True)
    raise _refused(step, chain, f"the weight {chain.model.names[weight.number]} must be applied as it is")


def _append_linear(step: Step, moving: Sequence[int], weights: Sequence[int], chain: _Chain) -> None:
    """Append ``x W``, or put ``b`` into the layer before."""
    if len(moving) != 1 or step.inputs[moving[0]] != chain.last:
        raise _refused(step, chain, "an MLP is a chain, without skip connections")
    if chain.single:
        raise _refused(step, chain, "after a single output no layer may come")
    if len(weights) != 1 or len(step.inputs) != 2 or step.avals[0][1] != chain.kind:
        raise _refused(step, chain)
    held = chain.held[weights[0]]
    weight, name = chain.model.weights[held.number], chain.use(held.number)
    layer = chain.layers[-1] if chain.layers else None
    by_rows = contracts_rows(step, moving[0], len(chain.shape))
    if by_rows is not None and weight.ndim == 2:
        W = exact_array(weight, name)
        chain.layers.append(Affine(name, W if by_rows != held.turned else W.T, None, frozen=held.frozen))
    elif step.primitive == "add" and isinstance(layer, Affine) and layer.b is None and weight.shape == layer.W.shape[1:]:
        chain.layers[-1] = replace(layer, b=exact_array(weight, name), frozen_bias=held.frozen)
    else:
        raise _refused(step, chain)


def _activation(steps: Sequence[Step], start: int, chain: _Chain) -> tuple[Layer, int, int] | None:
    alone = primitive_alone(steps[start], chain.last)
    if alone:
        return Elementwise(alone, alone), 1, steps[start].outputs[0]
    found = activation_at(steps, start, chain.last, known_functions(steps, start, chain.shape, chain.kind), chain.kind)
    return None if found is None else (Elementwise(found[0], found[0]), *found[1:])


def _normalisation(steps: Sequence[Step], start: int, numbers: Sequence[int | None], chain: _Chain) -> tuple[Layer, int, int] | None:
    """Return the batch normalisation that begins at a step of constants alone, None where there is none."""
    if not any(number in chain.graph.constants for number in numbers):
        return None
    for norm in chain.model.normalisations(chain.shape, chain.kind):
        match = norm.pattern.found(steps, start, chain.last)
        if match is None:
            continue
        parts = {name: match.bound[number] for name, number in zip(norm.names, norm.pattern.graph.inputs[1:], strict=True)}
        if all((number in chain.graph.constants) if name in ("mean", "var") else number in chain.held for name, number in parts.items()):
            return _scaling(parts, match.parameters[0], chain), match.length, match.output
    return None


def _scaling(parts: Mapping[str, int], eps: Any, chain: _Chain) -> Scaling:
    """Return the scaling of a normalisation; its statistics are what the type in which ``eps`` is added makes of them."""
    kind = eps.aval.dtype
    trained = {name: chain.held[number].number for name, number in parts.items() if name in ("scale", "bias")}
    label = "the normalisation of " + " and ".join(chain.use(number) for number in trained.values()) if trained else "a normalisation"
    mean, variance = (exact_vector(chain.graph.constants[parts[name]].astype(kind), name) for name in ("mean", "var"))
    coarser = kind.itemsize < chain.kind.itemsize
    roots = exact_vector(exact_array(roots_of(chain.graph.constants[parts["var"]], eps), "the roots"), "the roots") if coarser else None
    gain = exact_vector(chain.model.weights[trained["scale"]], "scale") if "scale" in trained else [Fraction(1)] * len(mean)
    beta = exact_vector(chain.model.weights[trained["bias"]], "bias") if "bias" in trained else [Fraction(0)] * len(mean)
    return Scaling.of_normalisation(
        label, gain, beta, mean, variance, exact_literal(eps, kind), free="bias" in trained, trained=bool(trained), roots=roots
    )


def _refused(step: Step, chain: _Chain, advice: str = "") -> InputError:
    model = chain.model
    later = chain.graph.steps[next(k for k, one in enumerate(chain.graph.steps) if one is step) + 1 :]
    following = (chain.held.get(number) for one in later for number in one.inputs if not hasattr(number, "val"))
    weight = next((weight.number for weight in following if weight is not None), None)
    return refused_step(
        step,
        what=model.what,
        after=f"after {chain.layers[-1].name}" if chain.layers else "before the first layer",
        before="" if weight is None else f" and before {model.names[weight]}",
        holders="" if weight is None else holders_of(model.module, model.names[weight]),
        advice=advice,
    )
