"""Scalings and constant square layers, folded exactly into the linear layers beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from flint import fmpq_mat

from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer, Scaling, Vector
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.exceptions import InputError

_MOST_UNITS = 256
"""Of a constant square layer, whose determinant is computed."""


@dataclass
class FoldedLayers:
    """Linear layers and activations, ``inputs`` and ``outputs`` as constant scalings before the first and after the last, and the names of what was ``folded``.

    ``rounded`` tells whether a root was rounded to a double, ``own_layer`` whether a constant scaling stands as a frozen layer of its own, the last of these.
    """

    layers: list[Affine | Elementwise] = field(default_factory=list)
    inputs: Scaling | None = None
    outputs: Scaling | None = None
    folded: list[str] = field(default_factory=list)
    rounded: bool = False
    own_layer: bool = False


def folded(layers: Iterable[Layer], what: str) -> FoldedLayers:
    """Return the layers with all scalings folded into linear layers beside them, in rationals, and without identities.

    Where no factor is 0 (a constant factor 0 is refused) the weights after folding are critical points of ``J`` exactly if those before are: the map from
    these to those has a derivative of full rank. Constant scalings in front of the first layer are none of it: they are a map of the samples; and those
    between frozen layers and the first trainable one are one more frozen layer. Those after the last activation are a map of the outputs. A constant square
    layer of determinant other than 0, right before or after a trainable one, is folded likewise (`_without_constant_squares`).

    Raises `InputError`, naming the layer, where a scaling has no linear layer beside it or none that it can be folded into.
    """
    found = FoldedLayers()
    waiting: Scaling | None = None
    for layer in layers:
        if isinstance(layer, Elementwise) and layer.activation == "identity":
            continue
        if isinstance(layer, Scaling):
            _require_factors(layer)
            found.rounded |= layer.rounded
            if not found.layers and waiting is None and not layer.trained:
                found.inputs = layer if found.inputs is None else found.inputs.then(layer)
                continue
            before = found.layers[-1] if found.layers and waiting is None else None
            if isinstance(before, Affine):
                found.layers[-1] = _fold_back(before, layer)
                found.folded.append(layer.name)
            else:
                waiting = layer if waiting is None else waiting.then(layer)
        elif isinstance(layer, Affine) and waiting is not None:
            linear = [one for one in found.layers if isinstance(one, Affine)]
            if linear and not waiting.trained and not layer.frozen and all(one.frozen for one in linear):
                found.layers += [_diagonal(waiting, linear[-1].shape[1]), layer]
                found.own_layer = True
            else:
                found.layers.append(_fold_forward(waiting, layer))
                found.folded.append(waiting.name)
            waiting = None
        else:
            if waiting is not None:
                raise InputError(
                    f"a normalisation of {what} must come before or after a linear layer, got {waiting.name} before {layer.name}: an MLP has a "
                    "linear layer between two functions"
                )
            found.layers.append(layer)
    if waiting is not None and waiting.trained:
        raise InputError(
            f"a trained normalisation of {what} must not be the last after an activation, got {waiting.name}: freeze it, which makes it a "
            "scale of the outputs"
        )
    found.outputs = waiting
    found.layers = _without_constant_squares(found)
    _take_last_unit(found)
    return found


def _take_last_unit(found: FoldedLayers) -> None:
    """Put a constant last layer of one input and one output, after an activation, into the scaling of the outputs."""
    last = found.layers[-1] if len(found.layers) > 1 else None
    trained = any(isinstance(layer, Affine) and not layer.frozen for layer in found.layers)
    if not isinstance(last, Affine) or not trained or not isinstance(found.layers[-2], Elementwise):
        return
    if last.shape != (1, 1) or not last.frozen or (last.b is not None and not last.frozen_bias) or last.matrix() == [[0]]:
        return
    own = Scaling.of_constants(last.name, last.matrix()[0], last.bias())
    found.outputs = own if found.outputs is None else own.then(found.outputs)
    found.layers.pop()


def _diagonal(scaling: Scaling, units: int) -> Affine:
    """Return a constant scaling as a layer, ``z = diag(s) φ + t``."""
    scaling = scaling.for_units(units)
    W = [[s if k == j else Fraction(0) for j in range(units)] for k, s in enumerate(scaling.scale)]
    return Affine(scaling.name, W, scaling.shift, scaling.sizes, frozen=True, frozen_bias=True)


def _require_factors(scaling: Scaling) -> None:
    if not scaling.trained and 0 in scaling.scale:
        raise InputError(
            f"a normalisation with constants must have factors other than 0, got 0 in {scaling.name}: leave out the unit that it switches off"
        )


def _fold_back(layer: Affine, scaling: Scaling) -> Affine:
    """Return ``z ↦ s·z + t`` after ``z = Wᵀφ + b``: ``W diag(s)`` and ``s·b + t``; without a ``b``, a constant shift is a constant bias, and 0 is none."""
    _require_same_training(layer, scaling)
    if layer.b is None and scaling.trained and not scaling.free:
        raise InputError(
            f"a trained normalisation without a trainable shift must follow a linear layer with a bias, got {scaling.name} after {layer.name}: "
            "the bias it makes is no trainable one"
        )
    if layer.frozen_bias and not layer.frozen and scaling.trained:
        raise InputError(
            f"a trained normalisation must not follow a trainable weight with a frozen bias, got {scaling.name} after {layer.name}: freeze both, or none"
        )
    scaling = scaling.for_units(layer.shape[1])
    none = layer.b is None and not scaling.free and not any(scaling.shift)
    b = layer.bias()
    return replace(
        layer,
        W=[[w * s for w, s in zip(row, scaling.scale, strict=True)] for row in layer.matrix()],
        b=None if none else [x * s + t for x, s, t in zip(b, scaling.scale, scaling.shift, strict=True)],
        sizes=None if none else [abs(x * s) + t for x, s, t in zip(b, scaling.scale, scaling.sizes, strict=True)],
        frozen_bias=layer.frozen or not scaling.free if layer.b is None else layer.frozen_bias,
        folded=True,
    )


def _fold_forward(scaling: Scaling, layer: Affine) -> Affine:
    """Return ``z = Wᵀ(s·φ + t) + b``: ``diag(s) W`` and ``b + Wᵀt``; without a ``b`` there is none afterwards where ``t = 0``."""
    _require_same_training(layer, scaling)
    if layer.frozen_bias and not layer.frozen:
        raise InputError(
            f"a normalisation must not stand before a trainable weight with a frozen bias, got {scaling.name} before {layer.name}: freeze both, or none"
        )
    none = layer.b is None and not scaling.trained and not any(scaling.shift)
    if layer.b is None and not layer.frozen and not none:
        raise InputError(
            f"a normalisation must come before a linear layer with a bias, got {scaling.name} before {layer.name}, which has none: add one"
        )
    scaling = scaling.for_units(layer.shape[0])
    W, b = layer.matrix(), layer.bias()
    columns = range(len(W[0]))
    shifts = [b[j] + sum((row[j] * t for row, t in zip(W, scaling.shift, strict=True)), Fraction(0)) for j in columns]
    sizes = [abs(b[j]) + sum((abs(row[j]) * t for row, t in zip(W, scaling.sizes, strict=True)), Fraction(0)) for j in columns]
    return replace(
        layer,
        W=[[w * s for w in row] for row, s in zip(W, scaling.scale, strict=True)],
        b=None if none else shifts,
        sizes=None if none else sizes,
        frozen_bias=layer.frozen if layer.b is None else layer.frozen_bias,
        folded=True,
    )


def _require_same_training(layer: Affine, scaling: Scaling) -> None:
    """Raise `InputError` where what a normalisation is folded into could not move as the parts do."""
    if layer.frozen and scaling.trained:
        raise InputError(
            f"a normalisation beside a frozen layer must be frozen, got {scaling.name} beside {layer.name}: freeze both, or none"
        )


def _without_constant_squares(found: FoldedLayers) -> list[Affine | Elementwise]:
    """Return the layers with each constant square layer of full rank that stands right beside a trainable one, and not before all of these, in one with it.

    With ``V`` constant and invertible, ``W ↦ W V`` and ``W ↦ V W`` are linear bijections of the trainable weights, and so are the maps of biases that
    come with them: ``J`` is the same function in other coordinates, its critical points, their kinds and the rank of ``P`` are the same.
    """
    layers: list[Affine | Elementwise] = []
    for layer in found.layers:
        before = layers[-1] if layers else None
        trained = any(isinstance(one, Affine) and not one.frozen for one in layers)
        if isinstance(before, Affine) and isinstance(layer, Affine) and trained and before.frozen != layer.frozen:
            constant = before if before.frozen else layer
            if _is_constant_square(constant) and _bias_stays(before, layer):
                layers[-1] = _product(before, layer)
                found.folded.append(constant.name)
                continue
        layers.append(layer)
    return layers


def _is_constant_square(layer: Affine) -> bool:
    rows, columns = layer.shape
    if rows != columns or rows > _MOST_UNITS or (layer.b is not None and not layer.frozen_bias):
        return False
    return bool(_flint(layer.matrix()).det() != 0)


def _bias_stays(first: Affine, second: Affine) -> bool:
    """Tell whether the bias ``W_2ᵀ b_1 + b_2`` of a product is constant, or trainable whatever the weights are.

    After a trainable ``W_1`` all depends on ``b_1`` alone; before a trainable ``W_2`` a constant ``b_1`` other than 0 wants a trainable ``b_2``.
    """
    return second.frozen or not any(first.bias()) or (second.b is not None and not second.frozen_bias)


def _product(first: Affine, second: Affine) -> Affine:
    """Return ``z = W_2ᵀ(W_1ᵀ φ + b_1) + b_2`` as one layer, trainable as the one of both that is."""
    W = _flint(first.matrix()) * _flint(second.matrix())
    rows = [[from_flint(entry) for entry in row] for row in W.tolist()]
    trained = second if first.frozen else first
    through = _through(first.bias(), second.matrix())
    b = [x + y for x, y in zip(through, second.bias(), strict=True)]
    inner = first.sizes or [abs(x) for x in first.bias()]
    outer = second.sizes or [abs(x) for x in second.bias()]
    through_sizes = _through(inner, [[abs(w) for w in row] for row in second.matrix()])
    sizes = [x + y for x, y in zip(through_sizes, outer, strict=True)]
    none = trained.b is None and not any(b)
    return Affine(
        f"{first.name} and {second.name}",
        rows,
        None if none else b,
        None if none else sizes,
        frozen_bias=not none and (trained.b is None or trained.frozen_bias),
        folded=True,
    )


def _through(b: Vector, W: Sequence[Vector]) -> Vector:
    return [sum((x * row[j] for x, row in zip(b, W, strict=True)), Fraction(0)) for j in range(len(W[0]))]


def _flint(rows: Sequence[Vector]) -> fmpq_mat:
    return fmpq_mat([[to_flint(entry) for entry in row] for row in rows])
