"""Records of activations for tests of the kernel's functions: those of theory, and three by hand that the kernel computes by their family."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.forms import AffinePiece
from lossproof.theory.functions.properties import Property

_ONE, _ZERO = Fraction(1), Fraction(0)
_BENT = Property(False, "slopes 0 and 1 meet", (-_ONE, _ONE))
_PIECES = (AffinePiece(None, -_ONE, _ZERO, -_ONE), AffinePiece(-_ONE, _ONE, _ONE, _ZERO), AffinePiece(_ONE, None, _ZERO, _ONE))

HARD_TANH = replace(
    activation_named("relu"), name="hard-tanh", family="hard-tanh", affine_pieces=_PIECES, differentiable=_BENT, twice_differentiable=_BENT,
    reflection=(-1, 0, 0),
)  # fmt: skip
MISH = replace(activation_named("silu"), name="mish", family="mish", reflection=None)
SWISH = replace(activation_named("silu"), name="swish:3/2", family="swish", parameter=Fraction(3, 2))
BY_HAND = {record.name: record for record in (HARD_TANH, MISH, SWISH)}

SMOOTH = (
    "identity", "power:1", "power:2", "power:3", "power:16", "tanh", "sigmoid", "softplus", "silu", "swish:3/2", "mish", "bent-identity", "gelu", "arctan",
    "erf", "sin",
)  # fmt: skip
ONCE = ("softsign", "elu")
KINKED = ("relu", "leaky-relu:1/10", "hard-tanh")
NAMES = (*SMOOTH, *ONCE, *KINKED)


def record(name):
    """The record of an activation of the three lists above."""
    return BY_HAND[name] if name in BY_HAND else activation_named(name)
