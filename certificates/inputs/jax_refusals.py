"""What a message says of a step of JAX that is no part of an MLP: where it stands, and what would help in that case."""

from __future__ import annotations

from typing import Any

from lossproof.certificates.inputs.jax_graph import Step
from lossproof.certificates.inputs.layer_advice import PART, advice_on_layer
from lossproof.theory.exceptions import InputError

_FUNCTIONS = (
    "exp",
    "exp2",
    "log",
    "log1p",
    "expm1",
    "cos",
    "tan",
    "sqrt",
    "rsqrt",
    "cbrt",
    "abs",
    "sign",
    "floor",
    "erf_inv",
    "sinh",
    "cosh",
    "pow",
)
_SIGNS = ("gt", "ge", "lt", "le", "eq", "select_n", "max", "min", "clip", "clamp")
_COLUMNS = ("slice", "rev", "gather", "dynamic_slice", "transpose", "concatenate", "pad", "sort")
_GROUPS = ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "cumsum", "argmax")
_ADVICE = {
    "stop_gradient": "what is cut off from the gradient is trained otherwise than the loss says",
    "convert_element_type": "compute in the type of the weights",
    "custom_jvp": "a derivative that is defined apart from it is another than the loss says",
    **dict.fromkeys(_FUNCTIONS, "lossproof has no such function of single units"),
    **dict.fromkeys(
        _SIGNS,
        "what depends on signs or bounds of units must be one of lossproof's functions, such as jax.nn.relu, leaky_relu or hard_tanh",
    ),
    **dict.fromkeys(
        _COLUMNS, "each layer of an MLP takes all units of the one before, in their order: choose and order columns of X first"
    ),
    **dict.fromkeys(_GROUPS, "it mixes the units of a layer, as no layer of an MLP with trained weights does"),
}
"""By the primitive of JAX."""
_CERTAIN = ("stop_gradient", "convert_element_type")
"""Primitives of which their advice is right wherever they stand."""


def refused_step(step: Step, *, what: str, after: str, before: str, holders: str, advice: str) -> InputError:
    """Return the refusal of a step, which tells the module that it is in, where the framework keeps that, and the weights ``after`` and ``before``.

    ``holders`` are the types of the modules that hold the weight after the step, ``advice`` is given where no better one is known.
    """
    module = next((part for part in reversed(step.place.split("/")) if part and not part.endswith("()")), "")
    within = f" in {module}" if module else ""
    certain = "custom_jvp" if step.own_slope else step.primitive if step.primitive in _CERTAIN else ""
    kind = module.rpartition(".")[2].partition("_")[0]
    of_layer = (advice_on_layer(kind) if kind else None) or advice_on_layer(holders)
    known = _ADVICE.get(certain) or of_layer or advice or _ADVICE.get(step.primitive) or advice_on_layer(step.primitive)
    return InputError(
        f"{what} must be a chain of linear layers and activations that lossproof has, got the step {step.name[:80]}{within} {after}{before}: {known or PART}"
    )


def holders_of(model: Any, name: str) -> str:
    """Return the types of the modules on the way to a weight of this name, ``layers.0.weight``, as far as the names lead; that of the model left out.

    >>> holders_of({"layers": [1j]}, "layers.0.weight")
    'list complex'
    """
    held, found = model, []
    for part in name.split(".")[:-1]:
        if hasattr(held, part):
            held = getattr(held, part)
        elif isinstance(held, dict) and part in held:
            held = held[part]
        elif isinstance(held, (list, tuple)) and part.isdigit() and int(part) < len(held):
            held = held[int(part)]
        else:
            break
        found.append(type(held).__name__)
    return " ".join(found)
