"""The forward and backward pass, written once for all fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from lossproof.numerics.fields.field import Array, Field, constant_like
from lossproof.numerics.fields.rest import at_rest, beside_kinks
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

LayerArrays: TypeAlias = tuple[Array, Array]
"""``W_l`` of shape ``(n_{l-1}, n_l)`` and ``b_l`` of shape ``(n_l,)`` as arrays of a field."""


class Layers:
    """Arrays indexed by layer, each computed when first asked for and kept."""

    def __init__(self, first: int, last: int, compute: Callable[[int], Array], follows: int) -> None:
        self._first, self._last, self._compute, self._follows = first, last, compute, follows
        self._known: dict[int, Array] = {}

    def __getitem__(self, l: int) -> Array:
        """Return the array of layer ``l``; raises `IndexError` outside the layers there are."""
        found = self._known.get(l)
        if found is not None:
            return found
        if not self._first <= l <= self._last:
            raise IndexError(f"the layer must lie between {self._first} and {self._last}, got {l}")
        start = {1: self._first, -1: self._last, 0: l}[self._follows]
        for k in range(start, l + (self._follows or 1), self._follows or 1):
            if k not in self._known:
                self._known[k] = self._compute(k)
        return self._known[l]


@dataclass(frozen=True, eq=False)
class Evaluation:
    r"""One network at one point and all samples, over one field. Samples are rows; arrays are computed when first asked for.

    - ``phi[l]``, ``l = 0..L``: ``φ_l`` of shape ``(T, n_l)``, ``phi[0]`` the inputs;
    - ``z[l]``, ``l = 1..L``: ``z_l = W_lᵀ φ_{l-1} + b_l`` of shape ``(T, n_l)``;
    - ``slope[l]``, ``curvature[l]``: ``σ'(z_l)`` and ``σ''(z_l)``, beside kinks where the layer is at rest (`beside_kinks`);
    - ``psi[l]``, ``l = 1..L``: ``Ψ_l`` of shape ``(T, n_l, n_L)``, ``Ψ_L(i) = diag(σ'(z_L(i)))`` or the identity when
      ``strip_output``, ``Ψ_l(i) = Σ'_l(i) W_{l+1} Ψ_{l+1}(i)``.

    What is not asked for is not computed: an output value outside the field, or a kink, matters only to those matrices that need it.
    """

    architecture: Architecture
    field: Field
    inputs: Array
    layers: tuple[LayerArrays, ...]
    strip_output: bool = False

    @property
    def T(self) -> int:
        """Number of samples."""
        return int(self.inputs.shape[0])

    @cached_property
    def phi(self) -> Layers:
        """``φ_l`` for ``l = 0..L``."""
        return Layers(0, self.architecture.L, self._phi, 1)

    @cached_property
    def z(self) -> Layers:
        """``z_l`` for ``l = 1..L``."""
        return Layers(1, self.architecture.L, self._z, 0)

    @cached_property
    def slope(self) -> Layers:
        """``σ'(z_l)`` for ``l = 1..L``, whether or not the output is stripped."""
        return Layers(1, self.architecture.L, lambda l: self._activate(l, 1), 0)

    @cached_property
    def curvature(self) -> Layers:
        """``σ''(z_l)`` for ``l = 1..L``."""
        return Layers(1, self.architecture.L, lambda l: self._activate(l, 2), 0)

    @cached_property
    def psi(self) -> Layers:
        """``Ψ_l`` for ``l = 1..L``."""
        return Layers(1, self.architecture.L, self._psi, -1)

    @cached_property
    def output_diagonal(self) -> Array:
        """The diagonals of ``Ψ_L``, of shape ``(T, n_L)``: ``σ'(z_L)``, or ones when the output is stripped."""
        if self.strip_output:
            return constant_like(self.field, 1, (self.T, self.architecture.n_L), self.layers[-1][0])
        return self.slope[self.architecture.L]

    def extended_phi(self, l: int) -> Array:
        """Return ``φ_l`` with a last column of ones when the bias of layer ``l + 1`` is trainable, of shape ``(T, n_l + [bias trainable])``."""
        phi = self.phi[l]
        if not self.architecture.bias_rows_of(l + 1):
            return phi
        return np.concatenate([phi, constant_like(self.field, 1, (self.T, 1), phi)], axis=1)

    def _phi(self, l: int) -> Array:
        return self.inputs if l == 0 else self._activate(l, 0)

    def _z(self, l: int) -> Array:
        W, b = self.layers[l - 1]
        return self.field.add(self.field.matmul(self.phi[l - 1], W), b[None, :])

    def _activate(self, l: int, order: int) -> Array:
        activation, z = self.architecture.activation_of(l), self.z[l]
        if order and activation.kinks(order) and not self.architecture.bias_rows_of(1):
            rest = at_rest(self.architecture, self.inputs, [b for _, b in self.layers], l)
            return beside_kinks(self.field, activation, order, z, rest)
        return self.field.activate(activation, order, z)

    def _psi(self, l: int) -> Array:
        n_L = self.architecture.n_L
        if l == self.architecture.L:
            diagonal = self.output_diagonal
            psi = constant_like(self.field, 0, (self.T, n_L, n_L), diagonal)
            psi[:, np.arange(n_L), np.arange(n_L)] = diagonal
            return psi
        W = self.layers[l][0]
        if l == self.architecture.L - 1:
            carried = W[None, :, :] if self.strip_output else self.field.mul(W[None, :, :], self.output_diagonal[:, None, :])
        else:
            carried = carry_back(self.field, W, self.psi[l + 1])
        return self.field.mul(self.slope[l][:, :, None], carried)


def evaluate(
    architecture: Architecture,
    samples: Samples | Array,
    weights: Weights | Sequence[tuple[Any, Any]],
    field: Field,
    *,
    strip_output: bool = False,
) -> Evaluation:
    r"""Prepare the pass of one network over all samples; the values are computed on demand, each once.

    ``samples`` are exact samples or an array of inputs of shape ``(T, n_0)``; ``weights`` are exact weights or a list of ``(W_l,
    b_l)``. Exact numbers are embedded in the field; numpy arrays of its elements pass as they are, so that balls may stand for
    boxes. With ``strip_output`` the matrices ``Ψ_L(i)`` are replaced by the identity, which changes no rank where ``σ_out' ≠ 0``.

    Raises `InputError` on wrong shapes, and later, when values are asked for, `NotInField` and `NotDifferentiable`.

    >>> from lossproof.numerics.fields.rational import RationalField
    >>> a = Architecture.of("1-1-1", "softsign")
    >>> e = evaluate(a, Samples.of([[1], [3]], [0, 0]), Weights.of(a, [([[1]], [0]), ([[2]], ["1/3"])]), RationalField())
    >>> e.phi[1].tolist(), e.z[2].tolist(), e.psi[1].tolist()
    ([[1/2], [3/4]], [[4/3], [11/6]], [[[1/2]], [[1/8]]])
    """
    inputs = field.array(samples.X if isinstance(samples, Samples) else samples)
    pairs = [(layer.W, layer.b) for layer in weights.layers] if isinstance(weights, Weights) else list(weights)
    if len(pairs) != architecture.L:
        raise InputError(f"weights must have one pair (W_l, b_l) a layer, {architecture.L} in all, got {len(pairs)}: give one pair a layer")
    if inputs.ndim != 2 or inputs.shape[1] != architecture.widths[0]:
        raise InputError(f"inputs must have shape (T, {architecture.widths[0]}), got {inputs.shape}: give one row a sample")
    layers = tuple((field.array(W), field.array(b)) for W, b in pairs)
    for l, (W, b) in enumerate(layers, start=1):
        expected = (architecture.widths[l - 1], architecture.widths[l])
        if W.shape != expected or b.shape != expected[1:]:
            raise InputError(f"layer {l} of weights must have shapes {expected}, {expected[1:]}, got {W.shape} and {b.shape}: resize")
    return Evaluation(architecture, field, inputs, layers, strip_output)


def carry_back(field: Field, W: Array, later: Array) -> Array:
    """Return ``W · later(i)`` for every sample as one product: shapes ``(n, n')`` and ``(T, n', k)`` give ``(T, n, k)``."""
    T, inner, k = later.shape
    flat = later.transpose(1, 0, 2).reshape(inner, T * k)
    return field.matmul(W, flat).reshape(W.shape[0], T, k).transpose(1, 0, 2)
