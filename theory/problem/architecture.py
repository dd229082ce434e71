"""The architecture ``F(n_0, …, n_L)`` of a multilayer perceptron."""

from __future__ import annotations

import numbers
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.names import nearest_name
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.shown import shown

BIAS_MODES = ("trainable", "fixed", "none")
_MOST_UNITS = 10**9 - 1


@dataclass(frozen=True)
class Architecture:
    r"""Widths, activations and bias mode of an MLP.

    ``z_l = W_lᵀ φ_{l-1} + b_l`` and ``φ_l = σ(z_l)`` for ``l = 1..L``; the last layer uses the output activation. ``bias`` is
    ``"trainable"`` (a constant 1 is appended to ``φ_{l-1}`` and ``W_l`` gains a row that counts in ``N_net``), ``"fixed"``
    (constants, not counted) or ``"none"``. Build one with `Architecture.of`, which checks its input.

    >>> xor = Architecture.of("2-2-1", "tanh")
    >>> xor.L, xor.N_net, str(xor)
    (2, 9, '2-2-1')
    """

    widths: tuple[int, ...]
    activation: Activation
    output_activation: Activation
    bias: str

    @staticmethod
    def of(
        widths: str | Sequence[int],
        activation: str | Activation = "tanh",
        output_activation: str | Activation = "identity",
        bias: str = "trainable",
    ) -> Architecture:
        """Check the parts and build the architecture; raises `InputError`."""
        if not isinstance(bias, str) or bias not in BIAS_MODES:
            raise InputError(f"bias must be one of {', '.join(BIAS_MODES)}, got {shown(bias)}{nearest_name(bias, BIAS_MODES)}")
        return Architecture(
            parse_widths(widths),
            activation_named(activation),
            activation_named(output_activation),
            bias,
        )

    @property
    def L(self) -> int:
        """Number of layers of weights."""
        return len(self.widths) - 1

    @property
    def n_L(self) -> int:
        """Number of outputs."""
        return self.widths[-1]

    @property
    def bias_rows(self) -> int:
        """Rows that the bias adds to each ``W_l``: 1 when trainable, else 0."""
        return 1 if self.bias == "trainable" else 0

    def fan_in(self, layer: int) -> int:
        """Rows of ``W_l`` including the trainable bias row, for ``layer = 1..L``."""
        return self.widths[layer - 1] + self.bias_rows

    @property
    def N_net(self) -> int:
        """Number of trainable weights, ``Σ_l (n_{l-1} + [bias trainable]) n_l``."""
        return sum(self.fan_in(layer) * self.widths[layer] for layer in range(1, self.L + 1))

    def activation_of(self, layer: int) -> Activation:
        """Return the activation of layer ``1..L``."""
        return self.output_activation if layer == self.L else self.activation

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The activations that the network applies: the hidden one only if there is a hidden layer."""
        return (self.output_activation,) if self.L == 1 else (self.activation, self.output_activation)

    def kinked_layers(self, order: int) -> list[int]:
        """Return the layers whose activation lacks its first (``order`` 1) or second (``order`` 2) derivative at some z, its `kinks <Activation.kinks>`.

        >>> Architecture.of("2-2-2-1", "softsign").kinked_layers(1), Architecture.of("2-2-2-1", "softsign").kinked_layers(2)
        ([], [1, 2])
        """
        return [l for l in range(1, self.L + 1) if not self.activation_of(l).differentiable_times(order).holds]

    def __str__(self) -> str:
        return "-".join(str(n) for n in self.widths)


def parse_widths(widths: str | Sequence[int]) -> tuple[int, ...]:
    """Return widths given as ``"2-2-1"`` or a sequence of integers; raises `InputError`.

    >>> parse_widths("2-3-1")
    (2, 3, 1)
    """
    if isinstance(widths, str):
        if not re.fullmatch(r"\d{1,9}(-\d{1,9})+", widths):
            raise InputError(
                f"widths must look like 2-2-1 (inputs, hidden layers, outputs), got {shown(widths)}: write whole numbers joined by '-'"
            )
        parsed: tuple[int, ...] = tuple(int(part) for part in widths.split("-"))
    else:
        parsed = _whole_widths(widths)
    if len(parsed) < 2:
        raise InputError(f"widths must name at least inputs and outputs, got {len(parsed)} of them: write for example (2, 2, 1)")
    wrong = next((n for n in parsed if not 1 <= n <= _MOST_UNITS), None)
    if wrong is not None:
        raise InputError(f"every width must be at least 1 and at most {_MOST_UNITS}, got {shown(wrong)}: remove or resize that layer")
    return parsed


def _whole_widths(widths: Sequence[int]) -> tuple[int, ...]:
    held = plain_values(widths, "widths")
    if type(held) is not list:
        raise InputError(
            f"widths must be a sequence of whole numbers such as (2, 2, 1), got {shown(widths)}: list inputs, hidden layers and outputs"
        )
    for n in held:
        if isinstance(n, bool) or not isinstance(n, numbers.Real) or n % 1 != 0:
            raise InputError(f"widths must be whole numbers, got {shown(n)} among them: list inputs, hidden layers and outputs as integers")
    return tuple(int(n) for n in held)
