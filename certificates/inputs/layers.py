"""The layers of a network of another library in their order, and the MLP that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt, sqrt
from typing import Any, TypeAlias

from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.numbers import exact_numbers

PROBABILITIES = ("softmax", "log-softmax")
"""What a last layer may apply besides activations; only the error ``softmax`` fits it."""

_Vector: TypeAlias = list[Fraction]


@dataclass(frozen=True)
class Affine:
    """``z = Wᵀ φ + b``: ``W`` of shape ``(n_in, n_out)``, ``b`` of length ``n_out`` or None, in containers that `Weights.of` reads.

    ``sizes`` bounds what was added up to ``b`` where that came of several numbers, else it is None: rounding in the network itself is as large as these.
    ``frozen`` tells whether ``W`` is a constant, ``frozen_bias`` whether ``b`` is, where there is one.
    """

    name: str
    W: Any
    b: Any
    sizes: _Vector | None = None
    frozen: bool = False
    frozen_bias: bool = False


@dataclass(frozen=True)
class Scaling:
    """``φ ↦ scale · φ + shift`` unit by unit, as of batch normalisation in evaluation mode.

    ``sizes`` bounds the terms of ``shift``; ``free`` tells whether the shift is trainable, ``trained`` whether anything in it is.
    """

    name: str
    scale: _Vector
    shift: _Vector
    sizes: _Vector
    free: bool
    trained: bool = True

    @staticmethod
    def of_normalisation(
        name: str, gain: _Vector, beta: _Vector, mean: _Vector, variance: _Vector, eps: Fraction, *, free: bool, trained: bool = True
    ) -> Scaling:
        r"""Return ``φ ↦ γ (φ − m)/√(v + eps) + β``: ``scale = γ r`` and ``shift = β − m γ r``, with the root ``r = 1/√(v + eps)`` (`_inverse_root`).

        Raises `InputError` unless ``v ≥ 0 < v + eps``.

        >>> Scaling.of_normalisation("n", [Fraction(3)], [Fraction(1)], [Fraction(2)], [Fraction(0)], Fraction(1, 4), free=True).shift
        [Fraction(-11, 1)]
        """
        if any(v < 0 or v + eps <= 0 for v in variance):
            raise InputError(f"{name} must have variances of at least 0 and an eps above 0, got others: build it anew")
        scale = [g * _inverse_root(v + eps) for g, v in zip(gain, variance, strict=True)]
        moved = [m * s for m, s in zip(mean, scale, strict=True)]
        shift = [t - m for t, m in zip(beta, moved, strict=True)]
        return Scaling(name, scale, shift, [abs(t) + abs(m) for t, m in zip(beta, moved, strict=True)], free, trained)


def _inverse_root(x: Fraction) -> Fraction:
    """Return ``1/√x``, exactly where it is rational, else rounded to a double.

    >>> _inverse_root(Fraction(9, 4)), float(_inverse_root(Fraction(2)) ** 2)
    (Fraction(2, 3), 0.4999999999999999)
    """
    p, q = isqrt(x.numerator), isqrt(x.denominator)
    return Fraction(q, p) if (p * p, q * q) == (x.numerator, x.denominator) else Fraction(1 / sqrt(x))


@dataclass(frozen=True)
class Elementwise:
    """An activation, or one of `PROBABILITIES`."""

    name: str
    activation: str


Layer: TypeAlias = Affine | Scaling | Elementwise


@dataclass(frozen=True)
class LayeredMLP:
    """The parts of an MLP as `Architecture.of` and `Weights.of` take them; ``last`` is the last activation, or one of `PROBABILITIES`.

    ``activation`` and ``bias`` are one name each, or where layers differ one a layer. The first ``frozen`` layers are constants.
    """

    activation: str | tuple[str, ...]
    last: str
    bias: str | tuple[str, ...]
    linear: tuple[Affine, ...]
    frozen: int = 0

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths ``n_0, …, n_L``."""
        shapes = [_shape(layer.W) for layer in self.linear]
        return (shapes[0][0], *(columns for _, columns in shapes))

    @property
    def weights(self) -> list[tuple[Any, Any]]:
        """The pairs ``(W_l, b_l)``."""
        return [(layer.W, layer.b) for layer in self.linear]

    def network(self, **rest: Any) -> TrainedNetwork:
        """Return the trained network that these parts belong to, with the ``rest`` of what is known of it."""
        sizes = tuple(layer.sizes for layer in self.linear)
        return TrainedNetwork(self.widths, self.activation, self.last, self.bias, self.weights, sizes=sizes, frozen=self.frozen, **rest)


def _shape(W: Any) -> tuple[int, int]:
    rows, columns = getattr(W, "shape", None) or (len(W), len(W[0]))
    return int(rows), int(columns)


def mlp_of(layers: Iterable[Layer], what: str) -> LayeredMLP:
    """Return the MLP that layers in their order make; scalings are folded into a linear layer beside them, exactly in rationals.

    Raises `InputError`, naming the layer, where they make none. ``what`` is what a message calls the model.

    >>> two = mlp_of([Affine("a", [[1]], [0]), Elementwise("t", "tanh"), Affine("b", [[2]], [1])], "a model")
    >>> two.activation, two.last, two.bias
    ('tanh', 'identity', 'trainable')
    """
    linear: list[Affine] = []
    after: list[tuple[str, str]] = []
    for layer in _folded(layers, what):
        if isinstance(layer, Affine):
            linear.append(layer)
            after.append(("identity", f"nothing after {layer.name}"))
        elif not linear or after[-1][0] != "identity":
            raise InputError(
                f"each activation of {what} must come right after a linear layer, got {layer.name} elsewhere: rewrite it as an MLP"
            )
        else:
            after[-1] = (layer.activation, f"{layer.activation} of {layer.name}")
    if not linear:
        raise InputError(f"{what} must hold at least one linear layer, got none: give an MLP")
    inner = next((said for name, said in after[:-1] if name in PROBABILITIES), None)
    if inner is not None:
        raise InputError(f"a softmax of {what} must be its last layer, got {inner} before another: rewrite it as an MLP")
    hidden = [name for name, _ in after[:-1]]
    biases = ["none" if layer.b is None else "fixed" if layer.frozen_bias else "trainable" for layer in linear]
    return LayeredMLP(_one_or_all(hidden or ["identity"]), after[-1][0], _one_or_all(biases), tuple(linear), _frozen_layers(linear, what))


def _frozen_layers(linear: Sequence[Affine], what: str) -> int:
    """Return how many leading layers are constants. Raises `InputError` where another one is, where all are, and for a trainable bias of constant weights."""
    split = next((layer for layer in linear if layer.frozen and layer.b is not None and not layer.frozen_bias), None)
    if split is not None:
        raise InputError(
            f"a frozen weight of {what} must come with a frozen bias, got {split.name} with a trainable one: freeze both, or none"
        )
    count = next((l for l, layer in enumerate(linear) if not layer.frozen), len(linear))
    if count == len(linear):
        raise InputError(f"{what} must have a trainable layer, got none but frozen ones: mark as trainable what was trained")
    later = next((layer for layer in linear[count:] if layer.frozen), None)
    if later is not None:
        raise InputError(
            f"the frozen layers of {what} must be its first ones, which make constant features of the samples, got {later.name} frozen after the trainable "
            f"{linear[count].name}: what comes before it is no MLP with trainable weights, so mark it as trainable to ask about all weights"
        )
    return count


def _one_or_all(names: Sequence[str]) -> str | tuple[str, ...]:
    return names[0] if len(set(names)) == 1 else tuple(names)


def _folded(layers: Iterable[Layer], what: str) -> list[Affine | Elementwise]:
    found: list[Affine | Elementwise] = []
    waiting: Scaling | None = None
    for layer in layers:
        if isinstance(layer, Elementwise) and layer.activation == "identity":
            continue
        if isinstance(layer, Scaling):
            before = found[-1] if found and waiting is None else None
            if isinstance(before, Affine):
                found[-1] = _fold_back(before, layer)
            else:
                waiting = layer if waiting is None else _one_after_another(waiting, layer)
        elif isinstance(layer, Affine) and waiting is not None:
            found.append(_fold_forward(waiting, layer))
            waiting = None
        else:
            if waiting is not None:
                raise InputError(
                    f"a normalisation of {what} must come before or after a linear layer, got {waiting.name} before {layer.name}: rewrite it"
                )
            found.append(layer)
    if waiting is not None:
        raise InputError(f"a normalisation of {what} must not be the last after an activation, got {waiting.name}: rewrite it as an MLP")
    return found


def _one_after_another(first: Scaling, second: Scaling) -> Scaling:
    """Return ``φ ↦ s₂(s₁ φ + t₁) + t₂``."""
    _require_length(second, len(first.scale))
    return Scaling(
        f"{first.name} and {second.name}",
        [x * s for x, s in zip(first.scale, second.scale, strict=True)],
        [t * s + u for t, s, u in zip(first.shift, second.scale, second.shift, strict=True)],
        [t * abs(s) + u for t, s, u in zip(first.sizes, second.scale, second.sizes, strict=True)],
        first.free or second.free,
        first.trained or second.trained,
    )


def _fold_back(layer: Affine, scaling: Scaling) -> Affine:
    """Return ``z ↦ s·z + t`` after ``z = Wᵀφ + b``: ``W diag(s)`` and ``s·b + t``."""
    _require_same_training(layer, scaling)
    if layer.b is None and not scaling.free and not layer.frozen:
        raise InputError(
            f"a normalisation without a trainable shift must follow a linear layer with a bias, got {scaling.name} after {layer.name}: "
            "the bias it makes is no trainable one"
        )
    W, b = _matrix(layer), _vector(layer)
    _require_length(scaling, len(W[0]))
    return replace(
        layer,
        W=[[w * s for w, s in zip(row, scaling.scale, strict=True)] for row in W],
        b=[x * s + t for x, s, t in zip(b, scaling.scale, scaling.shift, strict=True)],
        sizes=[abs(x * s) + t for x, s, t in zip(b, scaling.scale, scaling.sizes, strict=True)],
        frozen_bias=layer.frozen if layer.b is None else layer.frozen_bias,
    )


def _fold_forward(scaling: Scaling, layer: Affine) -> Affine:
    """Return ``z = Wᵀ(s·φ + t) + b``: ``diag(s) W`` and ``b + Wᵀt``."""
    _require_same_training(layer, scaling)
    if layer.b is None and not layer.frozen:
        raise InputError(
            f"a normalisation must come before a linear layer with a bias, got {scaling.name} before {layer.name}, which has none: add one"
        )
    W, b = _matrix(layer), _vector(layer)
    _require_length(scaling, len(W))
    columns = range(len(W[0]))
    return replace(
        layer,
        W=[[w * s for w in row] for row, s in zip(W, scaling.scale, strict=True)],
        b=[b[j] + sum((row[j] * t for row, t in zip(W, scaling.shift, strict=True)), Fraction(0)) for j in columns],
        sizes=[abs(b[j]) + sum((abs(row[j]) * t for row, t in zip(W, scaling.sizes, strict=True)), Fraction(0)) for j in columns],
        frozen_bias=layer.frozen if layer.b is None else layer.frozen_bias,
    )


def _require_same_training(layer: Affine, scaling: Scaling) -> None:
    """Raise `InputError` where what a normalisation is folded into could not move as the parts do."""
    if layer.frozen and scaling.trained:
        raise InputError(
            f"a normalisation beside a frozen layer must be frozen, got {scaling.name} beside {layer.name}: freeze both, or none"
        )
    if layer.frozen_bias and not layer.frozen:
        raise InputError(
            f"a normalisation must not stand beside a trainable weight with a frozen bias, got {scaling.name} beside {layer.name}: freeze both, or none"
        )


def _require_length(scaling: Scaling, units: int) -> None:
    if len(scaling.scale) != units:
        raise InputError(
            f"a normalisation must have as many units as the layer beside it, got {len(scaling.scale)} in {scaling.name}, {units} beside"
        )


def _matrix(layer: Affine) -> list[_Vector]:
    rows = [plain_values(row, f"the weight of {layer.name}") for row in plain_values(layer.W, f"the weight of {layer.name}")]
    return [exact_vector(row, f"the weight of {layer.name}") for row in rows]


def _vector(layer: Affine) -> _Vector:
    return [Fraction(0)] * len(_matrix(layer)[0]) if layer.b is None else exact_vector(layer.b, f"the bias of {layer.name}")


def exact_vector(values: Any, name: str) -> _Vector:
    """Return a vector of floats or rationals exactly. Raises `InputError`."""
    return [Fraction(x) for x in exact_numbers(plain_values(values, name), name) if isinstance(x, Fraction)]
