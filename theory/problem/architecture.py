"""The architecture ``F(n_0, …, n_L)`` of a multilayer perceptron."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.names import nearest_name

BIAS_MODES = ("trainable", "fixed", "none")


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
        if bias not in BIAS_MODES:
            raise InputError(f"bias must be one of {', '.join(BIAS_MODES)}, got {bias!r}{nearest_name(bias, BIAS_MODES)}")
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
                f"widths must look like 2-2-1 (inputs, hidden layers, outputs), got {widths!r}: write whole numbers joined by '-'"
            )
        parsed: tuple[int, ...] = tuple(int(part) for part in widths.split("-"))
    else:
        try:
            parsed = tuple(int(n) for n in widths)
            whole = all(n == given for n, given in zip(parsed, widths, strict=True)) and not any(isinstance(n, bool) for n in widths)
        except (TypeError, ValueError):
            raise InputError(
                f"widths must be a sequence of whole numbers such as (2, 2, 1), got {widths!r}: list inputs, hidden layers and outputs"
            ) from None
        if not whole:
            raise InputError(f"widths must be whole numbers, got {tuple(widths)!r}: list inputs, hidden layers and outputs as integers")
    if len(parsed) < 2:
        raise InputError(f"widths must name at least inputs and outputs, got {parsed!r}: write for example (2, 2, 1)")
    if any(n < 1 for n in parsed):
        raise InputError(f"every width must be at least 1, got {parsed!r}: remove or enlarge the empty layer")
    return parsed
