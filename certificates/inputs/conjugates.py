"""Functions of frameworks that are one of lossproof's between two scalings by constants, exactly."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.inputs.layers import Elementwise, Layer, Scaling
from lossproof.theory.exceptions import InputError
from lossproof.theory.rationals import rational_text


def softplus(name: str, beta: Fraction = Fraction(1)) -> list[Layer]:
    """Return the layers of ``log(1 + e^{βz})/β``, which is ``softplus(βz)/β``. Raises `InputError` unless ``β > 0``.

    >>> [type(layer).__name__ for layer in softplus("f", Fraction(2))], [type(layer).__name__ for layer in softplus("f")]
    (['Scaling', 'Elementwise', 'Scaling'], ['Elementwise'])
    """
    _require_positive(name, "beta", beta)
    return _between(name, (beta, Fraction(0)), "softplus", (1 / beta, Fraction(0)))


def celu(name: str, alpha: Fraction = Fraction(1)) -> list[Layer]:
    """Return the layers of ``max(0, z) + min(0, α(e^{z/α} − 1)) = α·elu(z/α)``. Raises `InputError` unless ``α > 0``."""
    _require_positive(name, "alpha", alpha)
    return _between(name, (1 / alpha, Fraction(0)), "elu", (alpha, Fraction(0)))


def clipped(name: str, least: Fraction, most: Fraction, slope: Fraction = Fraction(1), shift: Fraction = Fraction(0)) -> list[Layer]:
    """Return the layers of ``min(b, max(a, sz + t)) = m + h·hard-tanh((sz + t − m)/h)``, with ``m = (a + b)/2`` and ``h = (b − a)/2``.

    Raises `InputError` unless ``a < b`` and ``s ≠ 0``.

    >>> [layer.scale for layer in clipped("f", Fraction(0), Fraction(6))[::2]]
    [[Fraction(1, 3)], [Fraction(3, 1)]]
    """
    if not least < most or slope == 0:
        raise InputError(
            f"{name} must clip from one number to a larger one, got {rational_text(least)}, {rational_text(most)} and the slope {rational_text(slope)}: "
            "build it anew"
        )
    middle, half = (least + most) / 2, (most - least) / 2
    return _between(name, (slope / half, (shift - middle) / half), "hard-tanh", (half, middle))


def log_sigmoid(name: str) -> list[Layer]:
    """Return the layers of ``log(1/(1 + e^{−z})) = −softplus(−z)``."""
    return _between(name, (Fraction(-1), Fraction(0)), "softplus", (Fraction(-1), Fraction(0)))


def hard_sigmoid(name: str) -> list[Layer]:
    """Return the layers of ``min(1, max(0, z/6 + 1/2))``, as torch, Keras and JAX have it."""
    return clipped(name, Fraction(0), Fraction(1), Fraction(1, 6), Fraction(1, 2))


def _between(name: str, before: tuple[Fraction, Fraction], activation: str, after: tuple[Fraction, Fraction]) -> list[Layer]:
    if before == after == (Fraction(1), Fraction(0)):
        return [Elementwise(name, activation)]
    first, last = (Scaling.of_constants(f"the constants of {name}", [s], [t]) for s, t in (before, after))
    return [first, Elementwise(name, activation), last]


def _require_positive(name: str, what: str, value: Fraction) -> None:
    if value <= 0:
        raise InputError(f"{name} must have {what} above 0, got {rational_text(value)}: build it anew")
