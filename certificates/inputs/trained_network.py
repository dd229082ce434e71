"""What is read of a trained network, and the comparison of that with the outputs of the network itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.theory.exceptions import InputError, NotInField
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

Floats: TypeAlias = npt.NDArray[np.float64]

SCIKIT_LEARN = "scikit-learn"
UNITS = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}
"""The unit roundoff of each precision that weights may have."""
_OWN = 8.0
_FOLDED = 12
_BOTH = 2.0


@dataclass(frozen=True)
class TrainedNetwork:
    """An MLP read from another library: what `check_architecture` needs of it, and how to ask the network itself.

    - ``activation``, ``bias``: one for all hidden layers, or for all layers, or where they differ one a layer;
    - ``weights``: pairs ``(W_l, b_l)`` as `Weights.of` reads them;
    - ``error``: the only error it can be judged by, ``trained_on``: the error it is judged by where no other is named; None where it does not know;
      ``foreign_loss``: the name of the loss it was trained on, where lossproof has no such error;
    - ``columns``: the names of the columns that it was fitted on, where it keeps them (`require_columns`);
    - ``inputs(X)``: the samples as its first layer sees them, such as scaled ones; raises `InputError` where ``X`` is not what it was fitted on;
    - ``targets(Y)``: the targets that its labels, or values to be scaled, stand for, with a note about it;
    - ``penalty(T)``: the rate λ of the penalty ``(λ/2) Σ_l |W_l|²`` on weights without biases that its training added to the mean error of T samples, or
      pairs of rates as `Decay.of` reads them, with notes about it; None where it does not know;
    - ``rounded(X)``: inputs ``(T, n_0)`` in doubles as it holds them in its own precision; ``outputs(X)``: what it gives for these, ``(T, n_L)``, None
      where only its weights are known;
    - ``scaled``: factors and shifts that it applies to its inputs before the first layer, constants that it was not trained on (`scaled_samples`);
    - ``rescaled``: factors and shifts that it applies to its outputs after the last activation, constants (`scaled_samples`); such a network is judged by the
      squared error, with factors of one size;
    - ``frozen``: how many of its first layers are constants, no weights of the problem (`later_layers`); ``own_layer`` tells whether the last of these is a
      scaling between its layers, which has no weight decay; ``constant`` are the numbers of other layers that are constants, counted from 1 (`with_constants`);
    - ``sizes[l - 1]``: bounds of the terms that its own layers add up to ``b_l`` where that was folded out of several numbers, else None;
    - ``framework``: what it was read from, as a note calls it;
    - ``link``: what it applies to the outputs that are read, with slopes of at most 1; ``unit``: the unit roundoff of its precision;
    - ``notes``: what a report says about it.
    """

    widths: tuple[int, ...]
    activation: str | tuple[str, ...]
    output_activation: str
    bias: str | tuple[str, ...]
    weights: list[tuple[Any, Any]]
    outputs: Callable[[Floats], Floats] | None
    unit: float
    rounded: Callable[[Floats], Floats] = field(default=lambda X: X)
    link: Callable[[Floats], Floats] = field(default=lambda outputs: outputs)
    error: str | None = None
    trained_on: str | None = None
    foreign_loss: str = ""
    framework: str = ""
    sizes: tuple[list[Fraction] | None, ...] = ()
    scaled: tuple[list[Fraction], list[Fraction]] | None = None
    rescaled: tuple[list[Fraction], list[Fraction]] | None = None
    frozen: int = 0
    own_layer: bool = False
    constant: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    targets: Callable[[Any], tuple[Any, str | None]] = field(default=lambda Y: (Y, None))
    inputs: Callable[[Any], Any] = field(default=lambda X: X)
    penalty: Callable[[int], tuple[Any, tuple[str, ...]]] | None = None
    notes: tuple[str, ...] = ()


def require_same_outputs(network: TrainedNetwork, problem: Problem, weights: Weights) -> None:
    r"""Raise `InputError` unless the network that was read and the network itself agree on all samples, up to rounding in its own precision.

    Both are asked for the inputs as its precision ``u`` holds them. What they may differ by is carried through the layers, with ``n`` terms in a sum and
    values of activations that are right up to a few roundings, ``e_0 = 0``:

    .. math:: d_l = |W_l|^T e_{l-1} + (n+2)\,u\,(|W_l|^T(|φ_{l-1}| + e_{l-1}) + |b_l|), \quad
        e_l = \max_± |σ(z_l ± d_l) − σ(z_l)| + 8u\,(1 + |z_l| + |φ_l|),

    where ``b_l`` was folded out of several numbers their sizes stand for it, with a few roundings more, and twice ``e_L`` is allowed, as this comparison is
    made in doubles itself. Where the inputs are scaled first, ``φ_0 = s x + t`` and ``e_0 = 8u (|s x| + |t|)``; outputs ``y``
    that are scaled last are compared as ``(y − t)/s``, up to ``8u (|y| + |t|)/|s|`` more. It is a safeguard against reading another
    function than the network computes, and proves nothing.
    """
    if network.outputs is None:
        return
    try:
        doubles = Float64Field().array(problem.samples.X)
    except NotInField:
        raise InputError(
            "the samples of a model must lie within the range of doubles, in which its own outputs are compared, got larger ones: scale them, "
            "or give its weights to check_architecture"
        ) from None
    with np.errstate(all="ignore"):
        inputs = network.rounded(doubles)
        own = network.outputs(inputs)
        read, allowed = _outputs_read(problem, weights, inputs, network)
        read = network.link(read)
        if network.rescaled is not None and own.shape == read.shape:
            scale, shift = (Float64Field().array(part) for part in network.rescaled)
            allowed = allowed + _OWN * network.unit * (np.abs(own) + np.abs(shift)) / np.abs(scale)
            own = (own - shift) / scale
        if own.shape != read.shape:
            raise InputError(
                f"the model must give outputs of shape {read.shape} for the samples, got {own.shape}: change the widths or the data"
            )
        apart = np.abs(own - read) > allowed
    if not (np.isfinite(inputs).all() and np.isfinite(own).all() and np.isfinite(allowed).all()):
        raise InputError(
            "the model's inputs and outputs must be finite in its own precision, got infinity or NaN: scale the samples, or use doubles"
        )
    if apart.any():
        i, j = (int(k) for k in np.argwhere(apart)[0])
        raise InputError(
            f"the model must compute what its layers say, got output {j} of sample {i} as {own[i, j]:.9g} instead of {read[i, j]:.9g}: "
            "run it in its plain form and precision, or give its weights to check_architecture"
        )


def _outputs_read(problem: Problem, weights: Weights, inputs: Floats, network: TrainedNetwork) -> tuple[Floats, Floats]:
    """Return the outputs in doubles, and by how much those of the network itself may differ."""
    a, number_field, unit = problem.architecture, Float64Field(), network.unit
    error: Floats = np.zeros_like(inputs)
    if network.scaled is not None:
        scale, shift = (number_field.array(part) for part in network.scaled)
        error = _OWN * unit * (np.abs(inputs * scale) + np.abs(shift))
        inputs = inputs * scale + shift
    pass_ = evaluate(a, inputs, weights, number_field)
    for l in range(1, a.L + 1):
        W, b = (np.abs(part) for part in pass_.layers[l - 1])
        z, phi = pass_.z[l], pass_.phi[l]
        folded = network.sizes[l - 1] if network.sizes else None
        if folded is not None:
            b = np.array([float(size) for size in folded])
        shift = error @ W + (len(W) + (2 if folded is None else _FOLDED)) * unit * ((np.abs(pass_.phi[l - 1]) + error) @ W + b)
        moved = [np.abs(number_field.activate(a.activation_of(l), 0, z + sign * shift) - phi) for sign in (1, -1)]
        error = np.maximum(*moved) + _OWN * unit * (1 + np.abs(z) + np.abs(phi))
    return np.asarray(pass_.phi[a.L]), _BOTH * error.max(axis=1, keepdims=True)
