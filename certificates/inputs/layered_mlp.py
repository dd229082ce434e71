"""The MLP that the layers of a network of another library make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lossproof.certificates.inputs.folded_layers import FoldedLayers, folded
from lossproof.certificates.inputs.layers import PROBABILITIES, Affine, Layer, Scaling
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.theory.exceptions import InputError

_MOST_NAMED = 6


@dataclass(frozen=True)
class LayeredMLP:
    """The parts of an MLP as `Architecture.of` and `Weights.of` take them; ``last`` is the last activation, or one of `PROBABILITIES`.

    ``activation`` and ``bias`` are one name each, or where layers differ one a layer. The first ``frozen`` layers are constants, and so are those numbered in
    ``constant``, counted from 1, which come after trainable ones, and the scalings ``inputs`` of the samples before them and ``outputs`` after the last
    activation; the last of the first frozen layers is a scaling that is no layer of the model's where ``own_layer`` holds. ``folded`` names what was folded
    into the layers beside it, and ``notes`` tell of all that.
    """

    activation: str | tuple[str, ...]
    last: str
    bias: str | tuple[str, ...]
    linear: tuple[Affine, ...]
    frozen: int = 0
    inputs: Scaling | None = None
    outputs: Scaling | None = None
    folded: tuple[str, ...] = ()
    own_layer: bool = False
    notes: tuple[str, ...] = ()
    constant: tuple[int, ...] = ()

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths ``n_0, …, n_L``."""
        shapes = [layer.shape for layer in self.linear]
        return (shapes[0][0], *(columns for _, columns in shapes))

    @property
    def weights(self) -> list[tuple[Any, Any]]:
        """The pairs ``(W_l, b_l)``."""
        return [(layer.W, layer.b) for layer in self.linear]

    def network(self, *, notes: Sequence[str] = (), **rest: Any) -> TrainedNetwork:
        """Return the trained network that these parts belong to, with the ``rest`` of what is known of it."""
        return TrainedNetwork(
            self.widths,
            self.activation,
            self.last,
            self.bias,
            self.weights,
            sizes=tuple(layer.sizes for layer in self.linear),
            frozen=self.frozen,
            constant=self.constant,
            own_layer=self.own_layer,
            scaled=None if self.inputs is None else (self.inputs.scale, self.inputs.shift),
            rescaled=None if self.outputs is None else (self.outputs.scale, self.outputs.shift),
            notes=(*self.notes, *notes),
            **rest,
        )


def mlp_of(layers: Iterable[Layer], what: str) -> LayeredMLP:
    """Return the MLP that layers in their order make; scalings are folded into a linear layer beside them, exactly in rationals (`folded`).

    Raises `InputError`, naming the layer, where they make none. ``what`` is what a message calls the model.

    >>> from lossproof.certificates.inputs.layers import Affine, Elementwise
    >>> two = mlp_of([Affine("a", [[1]], [0]), Elementwise("t", "tanh"), Affine("b", [[2]], [1])], "a model")
    >>> two.activation, two.last, two.bias
    ('tanh', 'identity', 'trainable')
    """
    linear: list[Affine] = []
    after: list[tuple[str, str]] = []
    found = folded(layers, what)
    for layer in found.layers:
        if isinstance(layer, Affine):
            linear.append(layer)
            after.append(("identity", f"nothing after {layer.name}"))
        elif not linear or after[-1][0] != "identity":
            advice = "two functions in a row are none that lossproof has" if linear else "apply it to X, and give the model after it"
            raise InputError(f"each activation of {what} must come right after a linear layer, got {layer.name} elsewhere: {advice}")
        else:
            after[-1] = (layer.activation, f"{layer.activation} of {layer.name}")
    if not linear:
        raise InputError(f"{what} must hold at least one linear layer, got none: give an MLP")
    inner = next((said for name, said in after[:-1] if name in PROBABILITIES), None)
    if inner is not None:
        raise InputError(f"a softmax of {what} must be its last layer, got {inner} before another: it mixes units, as no activation does")
    if found.outputs is not None and after[-1][0] in PROBABILITIES:
        raise InputError(f"a softmax of {what} must be its last layer, got {found.outputs.name} after it: leave that out")
    hidden = [name for name, _ in after[:-1]]
    biases = ["none" if layer.b is None else "fixed" if layer.frozen_bias else "trainable" for layer in linear]
    frozen = _frozen_layers(linear, what)
    return LayeredMLP(
        _one_or_all(hidden or ["identity"]),
        after[-1][0],
        _one_or_all(biases),
        tuple(linear),
        frozen,
        None if found.inputs is None else found.inputs.for_units(linear[0].shape[0]),
        None if found.outputs is None else found.outputs.for_units(linear[-1].shape[1]),
        tuple(found.folded),
        found.own_layer,
        _notes(found),
        tuple(l for l, layer in enumerate(linear, start=1) if layer.frozen and l > frozen),
    )


def _frozen_layers(linear: Sequence[Affine], what: str) -> int:
    """Return how many leading layers are constants. Raises `InputError` where all layers are, and for a trainable bias of constant weights."""
    split = next((layer for layer in linear if layer.frozen and layer.b is not None and not layer.frozen_bias), None)
    if split is not None:
        raise InputError(
            f"a frozen weight of {what} must come with a frozen bias, got {split.name} with a trainable one: mark both as trainable, as a critical point of "
            "all weights is one of the trainable ones alone, or freeze both"
        )
    count = next((l for l, layer in enumerate(linear) if not layer.frozen), len(linear))
    if count == len(linear):
        raise InputError(f"{what} must have a trainable layer, got none but frozen ones: mark as trainable what was trained")
    return count


def _one_or_all(names: Sequence[str]) -> str | tuple[str, ...]:
    return names[0] if len(set(names)) == 1 else tuple(names)


def _notes(found: FoldedLayers) -> tuple[str, ...]:
    """Return what a report says about a constant scaling of the samples, and about what was folded."""
    notes = []
    roots = ", roots that are not rational rounded" if found.rounded else ""
    if found.inputs is not None:
        notes.append(f"The samples of the problem are X after {found.inputs.name}, exactly in rational numbers{roots}.")
    if found.outputs is not None:
        notes.append(
            f"The network is read up to its last activation, and {found.outputs.name} after that is a map s·φ + t of its outputs with constants: the targets "
            "of the problem are (Y − t)/s, exactly, and the squared error of the model is s² times the one in J."
        )
    if found.folded:
        parts = list(dict.fromkeys(found.folded))
        named = ", ".join(parts[:_MOST_NAMED]) + ", …" * (len(parts) > _MOST_NAMED)
        named, one = re.sub("^the ", "The ", named), len(found.folded) == 1
        notes.append(
            f"{named} {'is' if one else 'are'} folded into the linear layer{'' if one else 's'} beside {'it' if one else 'them'}, exactly in rational numbers"
            f"{roots}: the weights judged, and a weight decay on them, are those of the folded network."
        )
    return tuple(notes)
