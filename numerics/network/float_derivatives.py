"""Loss, gradient and Hessian in double precision at many points at once: estimates for a search, never a proof.

One call costs about as much for twenty points of a small network as for one, since numpy's overhead is paid once. The formulas are those of
``numerics.hessian``, with a leading axis ``B`` for the points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field, FromTheRight, nearest_double
from lossproof.numerics.network.penalty import rates_in_doubles
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.problem import Problem

_MOST_VALUES = 2**24


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Values at ``B`` points.

    - ``loss`` of shape ``(B,)``, ``gradient`` ``(B, N_net)``, ``hessian`` ``(B, N_net, N_net)``, in the order of the rows of ``P``;
    - ``z[l - 1]`` of shape ``(B, T, n_l)``, ``values[l]`` = ``φ_l`` with the bias entry, ``(B, T, n_l + [bias trainable])``;
    - ``errors[l - 1]`` = ``δ_l = ∂E/∂z_l`` of shape ``(B, T, n_l)``, ``curvatures[l - 1]`` = ``∂²E/∂z_l²``, ``(B, T, n_l, n_l)``.

    At a kink the derivatives from the right are given. Where numbers overflow, entries are infinite or NaN.
    """

    loss: Array
    gradient: Array
    hessian: Array
    z: list[Array]
    values: list[Array]
    errors: list[Array]
    curvatures: list[Array]


@dataclass(frozen=True, eq=False)
class FloatLandscape:
    """``J`` of one problem with its exact first and second derivatives in doubles.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")
    >>> found = FloatLandscape(Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))).at(np.array([[2.0, 3.0]]))  # J = (vw − 5)²/2
    >>> found.loss.tolist(), found.gradient.tolist(), found.hessian.tolist()
    ([0.5], [[3.0, 2.0]], [[[9.0, 7.0], [7.0, 4.0]]])
    """

    problem: Problem
    _field: Float64Field = field(default_factory=Float64Field)

    @cached_property
    def inputs(self) -> Array:
        """The inputs in doubles, of shape ``(T, n_0)``."""
        return self._field.array(self.problem.samples.X)

    @cached_property
    def targets(self) -> Array:
        """The targets in doubles, of shape ``(T, n_L)``."""
        return self._field.array(self.problem.samples.Y)

    @cached_property
    def _features(self) -> Array:
        """The inputs, with the entry 1 of a bias that is trainable."""
        return _with_ones(self.inputs[None])[0] if self.problem.architecture.bias_rows_of(1) else self.inputs

    @cached_property
    def _constants(self) -> list[Array | None]:
        constants = map(self.problem.constants, range(1, self.problem.architecture.L + 1))
        return [None if b is None or not any(b) else self._field.array(b) for b in constants]

    @cached_property
    def _rates(self) -> Array | None:
        return None if self.problem.decay is None else rates_in_doubles(self.problem)

    def at(self, points: Array) -> Derivatives:
        """Return loss, gradient and Hessian at the rows of ``points``, of shape ``(B, N_net)``."""
        with np.errstate(all="ignore"):
            blocks = self._blocks(points)
            z, values, slopes = self._forward(blocks)
            B, T, n_L = values[-1].shape
            flat, targets = values[-1].reshape(B * T, n_L), self._targets_of(B)
            loss = self._sums(flat, targets, B) / T
            first, second = self._field.error_derivatives(self.problem.error, flat, targets)
            errors, curvatures = self._backward(blocks, z, values, slopes, first.reshape(B, T, n_L), second.reshape(B, T, n_L, n_L))
            parts = [np.matmul(errors[l - 1].transpose(0, 2, 1), values[l - 1]).reshape(B, -1) for l in self.problem.architecture.trained]
            gradient = np.concatenate(parts, axis=1) / T
            hessian = _assembled(self._widths, self._starts, blocks, slopes, values, errors, curvatures, self._units)
            hessian = hessian if self._trained_rows is None else hessian[:, self._trained_rows[:, None], self._trained_rows]
            hessian /= T
            if self._rates is not None:
                loss = loss + points**2 @ self._rates / 2
                gradient += points * self._rates
                np.einsum("...ii->...i", hessian)[...] += self._rates
        return Derivatives(loss, gradient, hessian, z, values, errors, curvatures)

    def loss(self, points: Array) -> Array:
        """Return ``J`` alone at the rows of ``points``, of shape ``(B,)``."""
        B, blocks = len(points), self._blocks(points)
        with np.errstate(all="ignore"):
            sums = []
            for samples in self._pieces(B):
                outputs = self._forward(blocks, samples, with_slopes=False)[1][-1]
                sums.append(self._sums(outputs.reshape(-1, outputs.shape[2]), self._targets_of(B, samples), B))
            found = np.asarray(sum(sums[1:], sums[0]) / self.problem.T)
            return found if self._rates is None else found + points**2 @ self._rates / 2

    def _pieces(self, B: int) -> Iterator[slice]:
        """Yield the samples in pieces, so that of B points at most `_MOST_VALUES` values of units are held; one piece, where there are not so many."""
        step = max(1, _MOST_VALUES // max(1, B * sum(self._widths)))
        return (slice(start, start + step) for start in range(0, self.problem.T, step))

    def _targets_of(self, B: int, samples: slice = slice(None)) -> Array:
        """Return the targets for so many points, one below the other, of shape ``(B T, n_L)``."""
        targets = self.targets[samples]
        return targets[None].repeat(B, axis=0).reshape(-1, targets.shape[1])

    def _sums(self, flat: Array, targets: Array, B: int) -> Array:
        """Return the sums of the errors of samples, of shape ``(B,)``."""
        return np.asarray(np.add.reduce(error_values(self.problem.error, flat, targets).reshape(B, len(flat) // max(1, B)), axis=1))

    def gradient(self, points: Array) -> Array:
        """Return ``∇J`` alone at the rows of ``points``, of the same shape as these."""
        blocks = self._blocks(points)
        with np.errstate(all="ignore"):
            sums = [self._slopes_summed(blocks, samples) for samples in self._pieces(len(points))]
            found = sum(sums[1:], sums[0]) / self.problem.T
        return np.asarray(found if self._rates is None else found + points * self._rates)

    def _slopes_summed(self, blocks: list[Array], samples: slice) -> Array:
        """Return the sums over some samples of the gradients of the errors, of shape ``(B, N_net)``."""
        _, values, slopes = self._forward(blocks, samples)
        outputs, B = values[-1], len(blocks[0])
        first = self._field.error_derivative(self.problem.error, 1, outputs.reshape(-1, outputs.shape[2]), self._targets_of(B, samples))
        push, parts = first.reshape(outputs.shape), list[Array]()
        for l in range(len(blocks), 0, -1):
            delta = slopes[l - 1] * push
            if self._frozen[l - 1] is None:
                parts.insert(0, np.matmul(delta.transpose(0, 2, 1), values[l - 1]).reshape(B, -1))
            push = np.matmul(delta, blocks[l - 1][:, :, : self._widths[l - 1]])
        return np.concatenate(parts, axis=1)

    @property
    def _widths(self) -> tuple[int, ...]:
        return self.problem.architecture.widths

    @cached_property
    def _starts(self) -> list[int]:
        """The first row of each layer among the weights of all layers, and their number."""
        sizes = (n * m if W is None else W.size for (n, m), W in zip(self._shapes, self._frozen, strict=True))
        return list(accumulate(sizes, initial=0))

    @cached_property
    def _units(self) -> list[Array]:
        return [np.eye(n) for n in self._widths]

    @cached_property
    def _shapes(self) -> list[tuple[int, int]]:
        a = self.problem.architecture
        return [(a.widths[l], a.fan_in(l)) for l in range(1, a.L + 1)]

    @cached_property
    def _frozen(self) -> list[Array | None]:
        """The ``W_l`` of frozen layers, None for the others."""
        layers = map(self.problem.frozen_layer, range(1, self.problem.architecture.L + 1))
        return [None if layer is None else self._field.array(layer.W) for layer in layers]

    @cached_property
    def _trained_rows(self) -> Array | None:
        """The places of the trainable weights among those of all layers, None where no layer is frozen."""
        if self.problem.frozen is None:
            return None
        sizes = [(n * m, True) if W is None else (W.size, False) for (n, m), W in zip(self._shapes, self._frozen, strict=True)]
        return np.flatnonzero(np.concatenate([np.full(size, trained) for size, trained in sizes]))

    @cached_property
    def _functions(self) -> list[FromTheRight]:
        a = self.problem.architecture
        return [FromTheRight.of(a.activation_of(l)) for l in range(1, a.L + 1)]

    def _blocks(self, points: Array) -> list[Array]:
        """Return for each layer the incoming weights of its units as rows, of shape ``(B, n_l, m_l)``; those of frozen layers without their biases."""
        offset, blocks = 0, []
        for (n, m), frozen in zip(self._shapes, self._frozen, strict=True):
            if frozen is not None:
                blocks.append(np.broadcast_to(frozen.T, (len(points), *frozen.T.shape)))
                continue
            blocks.append(points[:, offset : offset + n * m].reshape(-1, n, m))
            offset += n * m
        return blocks

    def _forward(
        self, blocks: list[Array], samples: slice = slice(None), *, with_slopes: bool = True
    ) -> tuple[list[Array], list[Array], list[Array]]:
        phi = self._features[samples][None].repeat(blocks[0].shape[0], axis=0)
        z, values, slopes = [], [], []
        for block, function, constants in zip(blocks, self._functions, self._constants, strict=True):
            values.append(phi if block.shape[2] == phi.shape[2] else _with_ones(phi))
            incoming = np.matmul(values[-1], block.transpose(0, 2, 1))
            z.append(incoming if constants is None else incoming + constants)
            phi = function.at(0, z[-1])
            if with_slopes:
                slopes.append(function.at(1, z[-1]))
        return z, [*values, phi], slopes

    def _backward(
        self, blocks: list[Array], z: list[Array], values: list[Array], slopes: list[Array], first: Array, second: Array
    ) -> tuple[list[Array], list[Array]]:
        """Return ``δ_l`` and ``∂²E/∂z_l²`` for all layers, from ``∇E`` and ``∇²E``."""
        errors: list[Array] = []
        curvatures: list[Array] = []
        for l in range(len(blocks), 0, -1):
            slope = slopes[l - 1]
            if self._functions[l - 1].is_identity:
                error, H = first, second
            else:
                value = values[l] if values[l].shape == slope.shape else values[l][..., :-1]
                error, H = slope * first, slope[..., :, None] * second * slope[..., None, :]
                bend = self._functions[l - 1].curvature(z[l - 1], value, slope)
                np.einsum("...ii->...i", H)[...] += bend * first
            errors.insert(0, error)
            curvatures.insert(0, H)
            if l > 1:
                W = blocks[l - 1][:, :, : self._widths[l - 1]]
                first = np.matmul(errors[0], W)
                second = np.matmul(np.matmul(W.transpose(0, 2, 1)[:, None], H), W[:, None])
        return errors, curvatures


def _with_ones(phi: Array) -> Array:
    """Return values with the entry 1 of a bias behind them."""
    extended = np.empty((*phi.shape[:2], phi.shape[2] + 1))
    extended[:, :, :-1], extended[:, :, -1] = phi, 1.0
    return extended


def error_values(error: ErrorFunction, phi: Array, y: Array) -> Array:
    """Return ``E(φ_i, y_i)`` in doubles for rows of outputs and targets, of shape ``(T,)``.

    >>> from lossproof.theory.functions.errors import error_named
    >>> error_values(error_named("squared"), np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]])).tolist()
    [2.0]
    """
    beta = 1.0 if error.beta is None else nearest_double(error.beta)
    if error.family == "softmax":
        largest = phi.max(axis=1)
        total = np.log(np.exp(phi - largest[:, None]).sum(axis=1)) + largest
        return np.asarray(total * y.sum(axis=1) - (phi * y).sum(axis=1))
    if error.family == "logistic":
        entries = np.maximum(phi, 0) + np.log1p(np.exp(-np.abs(phi))) - y * phi
    else:
        entries = _separable_values(error.family, phi - y, beta)
    return np.asarray(entries.sum(axis=1))


def _separable_values(family: str, r: Array, beta: float) -> Array:
    if family == "squared":
        return np.asarray(r * r / 2)
    if family == "smooth-l1":
        return np.asarray(np.hypot(r, np.sqrt(beta)))
    if family == "blake-zisserman":
        return np.asarray(-np.logaddexp(-r * r, np.log(beta)))
    t = r / np.sqrt(beta)
    return np.asarray(np.log1p(t * t))


def _assembled(
    widths: tuple[int, ...],
    starts: list[int],
    blocks: list[Array],
    slopes: list[Array],
    values: list[Array],
    errors: list[Array],
    curvatures: list[Array],
    units: list[Array],
) -> Array:
    """Return ``T ∇²J`` of shape ``(B, N_net, N_net)`` from its blocks by the formula of ``numerics.hessian``; ``units`` are unit matrices of the widths."""
    L = len(blocks)
    H = np.empty((blocks[0].shape[0], starts[-1], starts[-1]))
    for l in range(1, L + 1):
        rate = value_rate = None
        for k in range(l, L + 1):
            if k > l:
                slope = slopes[k - 2][:, :, None, :]
                value_rate = slope * units[l] if rate is None else rate * slope
                rate = np.matmul(value_rate, blocks[k - 1][:, None, :, : widths[k - 1]].transpose(0, 1, 3, 2))
            mixed = curvatures[k - 1] if rate is None else np.matmul(rate, curvatures[k - 1])
            block = _block(values[l - 1], values[k - 1], mixed, value_rate, errors[k - 1])
            rows, columns = slice(starts[l - 1], starts[l]), slice(starts[k - 1], starts[k])
            if k > l:
                H[:, rows, columns] = block
            H[:, columns, rows] = block.transpose(0, 2, 1)
    return H


def _block(before: Array, behind: Array, mixed: Array, value_rate: Array | None, error: Array) -> Array:
    B, T, n_l, n_k = mixed.shape
    m_l, m_k = before.shape[2], behind.shape[2]
    inputs = (before[..., :, None] * behind[..., None, :]).reshape(B, T, m_l * m_k)
    total = np.matmul(mixed.reshape(B, T, n_l * n_k).transpose(0, 2, 1), inputs).reshape(B, n_l, n_k, m_l, m_k).transpose(0, 1, 3, 2, 4)
    if value_rate is not None:
        d = value_rate.shape[3]
        pushes = (before[..., :, None] * error[..., None, :]).reshape(B, T, m_l * n_k)
        second = np.matmul(value_rate.reshape(B, T, n_l * d).transpose(0, 2, 1), pushes)
        total[..., :d] += second.reshape(B, n_l, d, m_l, n_k).transpose(0, 1, 3, 4, 2)
    return np.ascontiguousarray(total).reshape(B, n_l * m_l, n_k * m_k)
