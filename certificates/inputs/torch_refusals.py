"""What a message says of layers and functions of torch that are no part of an MLP: which they are, where they stand, and what would help in that case."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lossproof.certificates.inputs.layer_advice import PART, advice_on_layer
from lossproof.theory.exceptions import InputError

BRANCH = "an MLP is one chain, each layer of which takes what the one before gave, without branches, gates or skip connections"
OTHER_FUNCTION = "lossproof has no such function of single units"
DECOMPOSED = "where run_decompositions() made it of another, give the program as torch.export.export left it"
_COLUMNS = "each layer of an MLP takes all units of the one before: choose columns of X first, and write x[:, 0] of one output alone"
_OF_ROWS = "over the units of each sample, after a Linear layer: write {0}(1), or a Linear layer with requires_grad_(False)"
_ADVICE = {
    **dict.fromkeys(("getitem", "select", "slice", "chunk", "split", "narrow", "index", "index_select", "unbind"), _COLUMNS),
    **dict.fromkeys(
        ("RecursiveScriptModule", "ScriptModule", "TopLevelTracedModule"),
        "give the module that it was made of, or its state_dict() with activation=",
    ),
    **dict.fromkeys(("ModuleList", "ModuleDict", "ParameterList"), "it only holds modules: give the module whose forward calls them"),
    "LazyLinear": "run the model once, which makes it a Linear",
    "ParametrizedLinear": "call torch.nn.utils.parametrize.remove_parametrizations on the layer first, which keeps its weights",
    "sum": f"a sum is read {_OF_ROWS.format('sum')}",
    "mean": f"a mean is read {_OF_ROWS.format('mean')}",
    "matmul": "a product with a weight wants a Parameter or buffer of the model as it is",
    "detach": "what is cut off from the gradient is trained otherwise than the loss says",
    "maximum": "lossproof reads torch.relu(z), or z.clamp(min=0), for a maximum with 0",
    "where": "what depends on signs of units must be one of lossproof's functions, such as LeakyReLU",
}
"""By the name of a layer or function of torch; others are known by what they are in every framework (`advice_on_layer`)."""
_SPELT = ("LS", "LP", "RN", "RM")
"""How names begin that are spoken letter by letter, as in an LSTM."""


def refused(got: str, kind: str, path: str, *, after: str = "", advice: str = PART) -> InputError:
    """Return the refusal of a layer or function: ``got`` is what a message calls it, ``kind`` its name, ``path`` its place, ``after`` the step before it.

    ``advice`` is given where no better one is known.
    """
    place = f" at {path!r}" if path else ""
    behind = f" after {after}" if after else ""
    known = advice_on_layer("quantised" if "quantized" in got else kind)
    return InputError(
        f"a torch model must be made of Linear layers and activations, got {got} in it{place}{behind}: {_ADVICE.get(kind) or known or advice}"
    )


def full_name(module: Any) -> str:
    """Return what a message calls the type of a module, with its article."""
    kind = type(module)
    if isinstance(module, import_module("torch.fx").GraphModule):
        return "a torch.fx.GraphModule"
    name = kind.__name__ if kind.__module__.startswith("torch.nn.modules.") else f"{kind.__module__}.{kind.__qualname__}"
    return f"{'an' if name[0] in 'AEIO' or name.startswith(_SPELT) else 'a'} {name}"
