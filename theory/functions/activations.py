"""The activations by name.

Their properties are not declared at will: each carries its argument, and the test-suite derives every one of them again with SymPy
from the expression (``theory.derivations``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activation import Activation, Family
from lossproof.theory.functions.elementary import ELEMENTARY
from lossproof.theory.functions.rectifiers import RECTIFIERS
from lossproof.theory.functions.squashing import SQUASHING
from lossproof.theory.names import nearest_name
from lossproof.theory.rationals import parameter_of_text
from lossproof.theory.shown import shown

__all__ = ["ACTIVATION_FAMILIES", "Activation", "activation_named"]

_FAMILIES: Mapping[str, Family] = {**SQUASHING, **RECTIFIERS, **ELEMENTARY}
ACTIVATION_FAMILIES = tuple(_FAMILIES)
"""The names of all families."""


def activation_named(name: str | Activation) -> Activation:
    """Return an activation by name; raises `InputError` with the nearest known name.

    ``leaky-relu`` takes its slope after a colon (default ``1/100``), ``power`` its exponent (``power:1`` to ``power:16``), ``swish`` its factor ``β``
    (default 1, for which it is ``silu`` and takes that name).

    >>> activation_named("tanh").nonvanishing_derivative.holds
    True
    >>> activation_named("leaky_relu:1/10").name
    'leaky-relu:1/10'
    >>> activation_named("swish").name, activation_named("swish:0.5").name
    ('silu', 'swish:1/2')
    """
    if isinstance(name, Activation):
        return name
    return _activation_of_text(str(name))


@lru_cache(maxsize=256)
def _activation_of_text(name: str) -> Activation:
    known, colon, parameter = name.strip().lower().replace("_", "-").partition(":")
    family = _FAMILIES.get(known)
    if family is None or (colon and family.example is None):
        raise InputError(f"unknown activation {shown(name)}{nearest_name(known, ACTIVATION_FAMILIES)}")
    if family.example is None:
        return family.record(None)
    if not parameter:
        if family.default is None:
            raise InputError(
                f"the activation {known} must be given with its parameter, got {shown(name)}: write for example {family.example}"
            )
        return family.record(family.default)
    return family.record(parameter_of_text(parameter, f"the parameter of {known}", family.example))
