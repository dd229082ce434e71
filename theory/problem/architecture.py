"""The architecture ``F(n_0, …, n_L)`` of a multilayer perceptron."""

from __future__ import annotations

import numbers
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.functions.joint import joint_activation
from lossproof.theory.names import nearest_name
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.rationals import brief_name
from lossproof.theory.shown import shown

BIAS_MODES = ("trainable", "fixed", "none")
FROZEN = "frozen"
"""What stands in place of a bias mode for a layer that is a constant of the problem, weights and biases."""
MIXED = "mixed"
"""What stands for the bias mode of a network whose layers have several."""
_MOST_UNITS = 10**9 - 1
_UNUSED = "tanh"


@dataclass(frozen=True)
class Architecture:
    r"""Widths, activations and bias modes of an MLP.

    ``z_l = W_lᵀ φ_{l-1} + b_l`` and ``φ_l = σ_l(z_l)`` for ``l = 1..L``; the last layer uses the output activation. ``hidden`` are the activations of the
    layers ``1..L − 1``; if ``L = 1`` it is one that is named and applied nowhere. ``biases`` are the modes of the layers ``1..L``: ``"trainable"`` (a
    constant 1 is appended to ``φ_{l-1}`` and ``W_l`` gains a row that counts in ``N_net``), ``"fixed"`` (constants, not counted) or ``"none"``; or
    ``"frozen"`` for a layer that is a constant as a whole, and has no trainable weight (`with_frozen`). Build one with `Architecture.of`, which checks its
    input.

    >>> xor = Architecture.of("2-2-1", "tanh")
    >>> xor.L, xor.N_net, str(xor)
    (2, 9, '2-2-1')
    >>> deep = Architecture.of("2-3-3-1", ["tanh", "relu"], bias=["trainable", "none", "trainable"])
    >>> deep.activation_of(2).name, deep.fan_in(2), deep.N_net
    ('relu', 3, 22)
    """

    widths: tuple[int, ...]
    hidden: tuple[Activation, ...]
    output_activation: Activation
    biases: tuple[str, ...]

    @staticmethod
    def of(
        widths: str | Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "tanh",
        output_activation: str | Activation = "identity",
        bias: str | Sequence[str] = "trainable",
    ) -> Architecture:
        """Check the parts and build the architecture; raises `InputError`.

        ``activation`` is that of all hidden layers, or a list with one for each, also as names with commas; ``bias`` the mode of all layers, or such a list.

        >>> Architecture.of("1-2-2-1", "tanh,relu") == Architecture.of("1-2-2-1", ["tanh", "relu"])
        True
        """
        parsed = parse_widths(widths)
        return Architecture(
            parsed,
            tuple(map(activation_named, _for_each("activation", activation, len(parsed) - 2, "hidden layers"))),
            activation_named(output_activation),
            tuple(map(bias_mode, _for_each("bias", bias, len(parsed) - 1, "layers"))),
        )

    def with_frozen(self, layers: Collection[int]) -> Architecture:
        """Return the same network with these layers, ``1..L``, frozen. Raises `InputError` for other numbers, and where no layer is left to be trained.

        >>> Architecture.of("2-3-1").with_frozen([2]).N_net
        9
        """
        wrong = next((l for l in layers if type(l) is not int or not 1 <= l <= self.L), None)
        if wrong is not None:
            raise InputError(
                f"frozen layers must be whole numbers from 1 to {self.L} for a {self} network, got {shown(wrong)}: 1 is the first layer of weights"
            )
        biases = tuple(FROZEN if l in layers else mode for l, mode in enumerate(self.biases, start=1))
        if set(biases) == {FROZEN}:
            raise InputError(f"at least one layer must be trainable, got all {self.L} of them frozen: leave one out")
        return replace(self, biases=biases)

    @cached_property
    def L(self) -> int:
        """Number of layers of weights."""
        return len(self.widths) - 1

    @property
    def n_L(self) -> int:
        """Number of outputs."""
        return self.widths[-1]

    @property
    def activation(self) -> Activation:
        """The activation of the hidden layers; where they differ, what those have in common (`joint_activation`)."""
        return joint_activation(self.hidden)

    @property
    def hidden_names(self) -> str | list[str]:
        """The name of the activation of all hidden layers, or the list of their names, as certificates have it."""
        names = [activation.name for activation in self.hidden]
        return names if len(set(names)) > 1 else names[0]

    @property
    def hidden_in_words(self) -> str:
        """The names of the hidden activations in prose: one for all hidden layers, or one a layer."""
        names = [brief_name(activation.name) for activation in self.hidden]
        return ", ".join(names) if len(set(self.hidden)) > 1 else names[0]

    @property
    def bias(self) -> str:
        """The bias mode of all layers, or ``"mixed"``."""
        return self.biases[0] if len(set(self.biases)) == 1 else MIXED

    @property
    def is_uniform(self) -> bool:
        """Whether all hidden layers have one activation, and all layers one bias mode."""
        return len(set(self.hidden)) == len(set(self.biases)) == 1

    @property
    def scaled_layers(self) -> list[int]:
        """The hidden layers whose units can be scaled: their activation is homogeneous, and their biases are not fixed."""
        hidden = range(1, self.L) if not self.frozen else ()
        return [l for l in hidden if self.hidden[l - 1].homogeneity is not None and self.biases[l - 1] != "fixed"]

    @property
    def frozen(self) -> tuple[int, ...]:
        """The layers that are constants of the problem."""
        return tuple(l for l, mode in enumerate(self.biases, start=1) if mode == FROZEN)

    @property
    def trained(self) -> tuple[int, ...]:
        """The layers with trainable weights."""
        return tuple(l for l, mode in enumerate(self.biases, start=1) if mode != FROZEN)

    def moves_units(self, layer: int) -> bool:
        """Tell whether the incoming and the outgoing weights of the units of a hidden layer, ``1..L-1``, are all trainable."""
        return FROZEN not in self.biases[layer - 1 : layer + 1]

    def bias_rows_of(self, layer: int) -> int:
        """Rows that the bias adds to ``W_l``, for ``layer = 1..L``: 1 when trainable, else 0."""
        return 1 if self.biases[layer - 1] == "trainable" else 0

    def fan_in(self, layer: int) -> int:
        """Trainable rows of ``W_l``, with that of the bias, for ``layer = 1..L``: 0 for a frozen layer."""
        return 0 if self.biases[layer - 1] == FROZEN else self.widths[layer - 1] + self.bias_rows_of(layer)

    @cached_property
    def N_net(self) -> int:
        """Number of trainable weights, ``Σ_l (n_{l-1} + [bias trainable]) n_l``."""
        return sum(self.fan_in(layer) * self.widths[layer] for layer in range(1, self.L + 1))

    def activation_of(self, layer: int) -> Activation:
        """Return the activation of layer ``1..L``."""
        return self.output_activation if layer == self.L else self.hidden[layer - 1]

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The activations that the network applies, layer by layer; the same one in all hidden layers stands once."""
        hidden = self.hidden if len(set(self.hidden)) > 1 else self.hidden[:1]
        return (self.output_activation,) if self.L == 1 else (*hidden, self.output_activation)

    def kinked_layers(self, order: int) -> list[int]:
        """Return the layers whose activation lacks its first (``order`` 1) or second (``order`` 2) derivative at some z, its `kinks <Activation.kinks>`.

        >>> Architecture.of("2-2-2-1", "softsign").kinked_layers(1), Architecture.of("2-2-2-1", "softsign").kinked_layers(2)
        ([], [1, 2])
        """
        return [l for l in range(1, self.L + 1) if not self.activation_of(l).differentiable_times(order).holds]

    def __repr__(self) -> str:
        hidden = f"{self.hidden_in_words}, " if self.L > 1 else ""
        return f"<Architecture {self}: {hidden}output {brief_name(self.output_activation.name)}, bias {self.bias}>"

    def __str__(self) -> str:
        return "-".join(str(n) for n in self.widths)


def _for_each(name: str, given: Any, count: int, of: str) -> list[Any]:
    """Return one entry for each of so many layers (one at least) from one for all of them, or a list, which may be text with commas."""
    if isinstance(given, str) and "," in given:
        given = [part.strip() for part in given.split(",")]
    if isinstance(given, (str, Activation)) or not isinstance(given, Sequence):
        return [given] * max(count, 1)
    if len(given) != count:
        raise InputError(f"{name} must be one for all {of}, or a list of {count}, one for each of the {of}, got {len(given)}: give {count}")
    return list(given) if given else [_UNUSED]


def bias_mode(bias: Any) -> str:
    """Return the name of a bias mode. Raises `InputError` for anything else.

    >>> bias_mode("none")
    'none'
    """
    if not isinstance(bias, str) or bias not in BIAS_MODES:
        raise InputError(f"bias must be one of {', '.join(BIAS_MODES)}, got {shown(bias)}{nearest_name(bias, BIAS_MODES)}")
    return bias


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
