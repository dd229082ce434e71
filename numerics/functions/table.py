"""The formulas of all activations, by family."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from lossproof.numerics.functions.algebraic import ALGEBRAIC
from lossproof.numerics.functions.formulas import Builder, Formulas
from lossproof.numerics.functions.gaussian import GAUSSIAN
from lossproof.numerics.functions.logistic import LOGISTIC
from lossproof.numerics.functions.mish import MISH
from lossproof.numerics.functions.piecewise import PIECEWISE
from lossproof.numerics.functions.polynomials import POLYNOMIALS
from lossproof.numerics.functions.swish import SWISH
from lossproof.numerics.functions.trigonometric import TRIGONOMETRIC
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation

FORMULAS: Mapping[str, Builder] = {**ALGEBRAIC, **GAUSSIAN, **LOGISTIC, **MISH, **PIECEWISE, **POLYNOMIALS, **SWISH, **TRIGONOMETRIC}


@lru_cache(maxsize=256)
def formulas_of(activation: Activation) -> Formulas:
    """Return the formulas of an activation; raises `InputError` for a family that has none: nothing is ever assumed of it.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> formulas_of(activation_named("sin")).suprema
    (1.0, 1.0)
    """
    builder = FORMULAS.get(activation.family)
    if builder is None:
        raise InputError(
            f"an activation must be of a family with formulas in numerics.functions, got {activation.family!r}: use one of {', '.join(FORMULAS)}"
        )
    return builder(activation.parameter)
