"""The forward and backward pass in enclosures of doubles: BLAS with a-priori error bounds, activations enclosed entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossproof.numerics.algebra.products import times
from lossproof.numerics.fields.rest import at_rest
from lossproof.numerics.verified.activations import beside_kinks, enclose_activation
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import (
    Enclosure,
    Multiply,
    enclose_numbers,
    exact_floats,
    matrix_product,
    product,
    total,
    with_ones,
)
from lossproof.theory.limits import FEATURE_VALUES
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.weights import Weights

LayerEnclosures = tuple[Enclosure, Enclosure | None]

_CELL, _SHARED = 2.0**-8, 64


@dataclass(frozen=True)
class EnclosedPass:
    r"""One network at one point and all samples, every entry enclosed. Samples are rows.

    ``weights`` holds ``(W_l, b_l)`` for ``l = 1..L``; ``phi`` the values ``φ_0, φ_1, …`` and ``z`` the arguments ``z_1, z_2, …`` of shape ``(T, n_l)``, as far
    as they were needed; ``slopes`` the derivatives ``σ'(z_1) .. σ'(z_L)``, the last None where the output is taken up to non-zero factors.
    ``multiply`` is the BLAS of all products, see `matrix_product`.
    """

    architecture: Architecture
    weights: tuple[LayerEnclosures, ...]
    z: tuple[Enclosure, ...]
    phi: tuple[Enclosure, ...]
    slopes: tuple[Enclosure | None, ...]
    multiply: Multiply = times

    def is_moderate(self) -> bool:
        """Tell whether all weights, ``z`` and ``φ`` are finite and below ``2^90``, with room to the limit of the rule `singular-value`."""
        weights = [part for pair in self.weights for part in pair if part is not None]
        return all(part.is_moderate() for part in (*weights, *self.z, *self.phi))

    def extended_phi(self, l: int) -> Enclosure:
        """Return ``φ_l`` with a last column of ones when the bias of layer ``l + 1`` is trainable."""
        return with_ones(self.phi[l]) if self.architecture.bias_rows_of(l + 1) else self.phi[l]

    def blocks(self) -> list[GramBlock]:
        """Return the factors of the row blocks of ``P``, for ``l = 1..L`` but for frozen layers."""
        psi = _backward(self.architecture, self.slopes, [W for W, _ in self.weights], self.multiply)
        return [GramBlock(psi[l - 1], self.extended_phi(l - 1)) for l in self.architecture.trained]


def enclose_pass(
    architecture: Architecture,
    inputs: Enclosure,
    weights: Weights | Sequence[tuple[Any, Any]],
    *,
    strip_output: bool,
    multiply: Multiply = times,
) -> EnclosedPass:
    r"""Run the pass at exact weights (or a list of ``(W_l, b_l)``) and inputs of shape ``(T, n_0)``.

    With ``strip_output``, and only if the output activation's derivative vanishes nowhere it exists, ``Ψ_L(i)`` is the identity and the output layer is not
    evaluated. An unbounded value is infinite or NaN. Raises `NotDifferentiable` at or too near a kink.

    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> found = enclose_pass(Architecture.of("1-1", "identity"), exact_floats([[2.0]]), [([[3.0]], [1.0])], strip_output=False)
    >>> found.phi[1].mid.tolist(), len(found.blocks())
    ([[7.0]], 1)
    """
    layers = _enclose_weights(weights)
    depth = architecture.L - 1 if strip_output and architecture.output_activation.has_nonzero_slopes else architecture.L
    arguments, phi, slopes = _forward(architecture, inputs, layers, depth, multiply)
    stripped: tuple[Enclosure | None, ...] = (None,) * (architecture.L - depth)
    return EnclosedPass(architecture, tuple(layers), tuple(arguments), tuple(phi), (*slopes, *stripped), multiply)


def _forward(
    architecture: Architecture, inputs: Enclosure, layers: Sequence[LayerEnclosures], depth: int, multiply: Multiply
) -> tuple[list[Enclosure], list[Enclosure], list[Enclosure]]:
    """Return ``z_1 .. z_depth``, ``φ_0 .. φ_depth`` and the slopes."""
    arguments, phi, slopes = list[Enclosure](), [inputs], list[Enclosure]()
    for l, (W, b) in enumerate(layers[:depth], start=1):
        z = matrix_product(phi[-1], W, multiply)
        arguments.append(total(z, exact_floats(np.zeros(W.mid.shape[1])) if b is None else b))
        rest = enclosed_rest(architecture, inputs, [b for _, b in layers], l)
        value, slope = beside_kinks(architecture.activation_of(l), arguments[-1], rest, enclose_activation)
        slopes.append(slope)
        phi.append(value)
    return arguments, phi, slopes


@dataclass(frozen=True)
class EnclosedFeatures:
    """``φ_l`` at all samples, of shape ``(T, n_l)`` or with a last column of ones; ``reach[k]`` is the largest midpoint ``|z_{k+1}|``."""

    phi: Enclosure
    reach: tuple[float, ...]

    def share_polynomials(self, widths: Sequence[int], layers: int) -> bool:
        """Tell whether a checker that passes as many samples at once finds 64 arguments or more in each interval of length 1/256, in these first layers."""
        samples = max(1, min(len(self.phi.mid), FEATURE_VALUES // sum(widths)))
        return all(_SHARED * (2 * r / _CELL + 2) <= samples * n for r, n in zip(self.reach[:layers], widths[1:], strict=False))


def may_share_polynomials(architecture: Architecture, layers: int) -> bool:
    """Tell whether the activations of these first layers are smooth ones, whose values Taylor polynomials give where many arguments lie close together."""
    return all(s.analytic.holds and s.degree is None and not s.is_piecewise_linear for s in architecture.activations[:layers])


def enclose_features(
    architecture: Architecture, inputs: Enclosure, weights: Weights | Sequence[tuple[Any, Any]], layer: int, *, ones: bool
) -> EnclosedFeatures | None:
    """Run the pass up to a layer, some samples at a time, so that beside the result there is little to hold; None for entries of ``2^90`` and more.

    Raises `NotDifferentiable` at or too near a kink.

    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> a = Architecture.of("1-2-1", "relu")
    >>> found = enclose_features(a, exact_floats([[2.0], [3.0]]), [([[3.0, 1.0]], [1.0, 0.0]), ([[1.0], [1.0]], [0.0])], 1, ones=True)
    >>> found.phi.mid.tolist(), found.reach
    ([[7.0, 2.0, 1.0], [10.0, 3.0, 1.0]], (10.0,))
    """
    layers = _enclose_weights(weights)[:layer]
    T, n = len(inputs.mid), architecture.widths[layer]
    phi = Enclosure(*(np.full((T, n + ones), fill) for fill in (1.0, 0.0)))
    reach = (0.0,) * layer
    if not all(part.is_moderate() for pair in layers for part in pair if part is not None):
        return None
    step = max(1, FEATURE_VALUES // sum(architecture.widths[: layer + 1]))
    for samples in (slice(start, start + step) for start in range(0, T, step)):
        z, values, _ = _forward(architecture, Enclosure(inputs.mid[samples], inputs.rad[samples]), layers, layer, times)
        if not all(part.is_moderate() for part in (*z, *values)):
            return None
        reach = tuple(max(r, float(np.abs(x.mid).max())) for r, x in zip(reach, z, strict=True))
        phi.mid[samples, :n], phi.rad[samples, :n] = values[-1].mid, values[-1].rad
    return EnclosedFeatures(phi, reach)


def enclosed_rest(architecture: Architecture, inputs: Enclosure, biases: Sequence[Enclosure | None], layer: int) -> list[int]:
    """Return the samples at which a layer is at rest, as `at_rest` does, from inputs and biases that are seen to be 0."""
    if architecture.bias_rows_of(1):
        return []
    return at_rest(
        architecture, np.abs(inputs.mid) + inputs.rad, [None if b is None else list(np.abs(b.mid) + b.rad) for b in biases], layer
    )


def _enclose_weights(weights: Weights | Sequence[tuple[Any, Any]]) -> list[LayerEnclosures]:
    pairs = [(layer.W, layer.b) for layer in weights.layers] if isinstance(weights, Weights) else weights
    return [(enclose_numbers(W), None if b is None else enclose_numbers(b)) for W, b in pairs]


def _backward(
    architecture: Architecture, slopes: Sequence[Enclosure | None], W: list[Enclosure], multiply: Multiply
) -> list[Enclosure | None]:
    """Return ``Ψ_1 .. Ψ_L`` of shape ``(n_L, T, n_l)``, ``[j, i, a]`` being entry ``(a, j)`` of ``Ψ_l(i)``; the last None if it is the identity."""
    n_L, last = architecture.n_L, slopes[-1]
    identity = last is None or architecture.output_activation.is_identity
    psi: list[Enclosure | None] = [None if last is None or identity else _diagonals(last)]
    for l in range(architecture.L - 1, 0, -1):
        later, slope = psi[0], slopes[l - 1]
        backward = Enclosure(W[l].mid.T, W[l].rad.T)
        if later is None:
            rounded = product(backward, exact_floats(np.ones((1, 1))))
            incoming = Enclosure(rounded.mid[:, None, :], (n_L + 2) * rounded.rad[:, None, :])
        else:
            T, n = later.mid.shape[1:]
            flat = matrix_product(Enclosure(later.mid.reshape(-1, n), later.rad.reshape(-1, n)), backward, multiply)
            incoming = Enclosure(flat.mid.reshape(n_L, T, -1), flat.rad.reshape(n_L, T, -1))
        psi.insert(0, incoming if slope is None else product(incoming, Enclosure(slope.mid[None], slope.rad[None])))
    return psi


def _diagonals(slope: Enclosure) -> Enclosure:
    """Return ``diag(σ'(z_L(i)))`` in the layout of `_backward`."""
    T, n = slope.mid.shape
    mid, rad = np.zeros((n, T, n)), np.zeros((n, T, n))
    unit = np.arange(n)
    mid[unit, :, unit], rad[unit, :, unit] = slope.mid.T, slope.rad.T
    return Enclosure(mid, rad)
