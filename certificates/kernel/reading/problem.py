"""The problem and the points of a certificate, read from its JSON with exact numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeAlias, TypeVar

from flint import fmpq

from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, require, short
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.functions.errors import ErrorFunction, error_named
from lossproof.theory.limits import MAX_WIDTH

T = TypeVar("T")
_NAME = re.compile(r"[a-z0-9-]{1,40}(:[0-9]{1,400}(/[0-9]{1,400})?)?")

Constant: TypeAlias = tuple[Any, ...]
"""``("log", n)``, ``("root", a, d)``, ``("exp", q)`` or ``("pi",)``."""


@dataclass(frozen=True)
class Combination:
    """The real number ``rational + Σ coefficient · constant``; ``terms`` is never empty."""

    rational: fmpq
    terms: frozenset[tuple[Constant, fmpq]]


Number: TypeAlias = "fmpq | Combination"
Rows: TypeAlias = tuple[tuple[Number, ...], ...]


@dataclass(frozen=True)
class Point:
    """Weights ``(W_l, b_l)`` for ``l = 1..L`` (``layers[l - 1]``); ``b_l`` is zero without bias and the problem's when fixed."""

    layers: tuple[tuple[Rows, tuple[Number, ...]], ...]

    def is_rational(self) -> bool:
        """Tell whether no entry is a combination of constants."""
        return all(isinstance(x, fmpq) for W, b in self.layers for row in (*W, b) for x in row)


@dataclass(frozen=True)
class Problem:
    """Architecture, error and samples. Symbols as in the format: ``T`` samples, ``L`` layers, ``columns = T n_L``.

    ``hidden`` are the activations of the layers ``1..L − 1`` (if ``L = 1`` one that is applied nowhere), ``biases`` the modes of the layers ``1..L``, and
    ``constants`` their ``b_l``, None where trainable. ``decay[l - 1]`` are the rates of the penalty for ``W_l`` and ``b_l``; None where J is the mean error.
    ``frozen`` are the ``(W_l, b_l)`` of the layers of mode ``"frozen"``, constants of which P, the gradient and the Hessian have no rows, None for the others;
    it is empty where no layer is frozen.
    """

    widths: tuple[int, ...]
    hidden: tuple[Activation, ...]
    output_activation: Activation
    error: ErrorFunction
    biases: tuple[str, ...]
    constants: tuple[tuple[Number, ...] | None, ...]
    X: tuple[tuple[fmpq, ...], ...]
    Y: tuple[tuple[fmpq, ...], ...]
    decay: tuple[tuple[fmpq, ...], ...] | None = None
    frozen: tuple[tuple[Rows, tuple[Number, ...]] | None, ...] = ()

    @property
    def L(self) -> int:
        """Number of layers of weights."""
        return len(self.widths) - 1

    @property
    def T(self) -> int:
        """Number of samples."""
        return len(self.X)

    @property
    def n_L(self) -> int:
        """Number of outputs."""
        return self.widths[-1]

    @property
    def columns(self) -> int:
        """Number of columns of ``P``."""
        return self.T * self.n_L

    @property
    def activation(self) -> Activation:
        """The activation of all hidden layers, for rules that are about one only; raises `Rejected` where they differ."""
        require(self.is_uniform, "rule", "this needs one activation in all hidden layers, and one bias mode")
        return self.hidden[0]

    @property
    def bias(self) -> str:
        """The bias mode of all layers, for rules that are about one only; raises `Rejected` where they differ."""
        require(len(set(self.biases)) == 1, "rule", "this needs one bias mode in all layers")
        return self.biases[0]

    @property
    def hidden_names(self) -> str | list[str]:
        """The name of the activation of all hidden layers, or the list of their names."""
        names = [a.name for a in self.hidden]
        return names if len(set(names)) > 1 else names[0]

    @property
    def scaled_layers(self) -> list[int]:
        """The hidden layers whose units can be scaled: their activation is homogeneous, and their biases are not fixed."""
        hidden = range(1, self.L) if not self.frozen else ()
        return [l for l in hidden if self.hidden[l - 1].homogeneity is not None and self.biases[l - 1] != "fixed"]

    @property
    def is_uniform(self) -> bool:
        """Whether all hidden layers have one activation, and all layers one bias mode."""
        return len(set(self.hidden)) == len(set(self.biases)) == 1

    def bias_rows_of(self, layer: int) -> int:
        """Rows that a trainable bias adds to ``W_l``, for ``layer = 1..L``."""
        return 1 if self.biases[layer - 1] == "trainable" else 0

    def fan_in(self, layer: int) -> int:
        """Rows of ``Phi-(layer-1)+``, which are the rows of ``W-layer``: the trainable weights into each unit, none where the layer is frozen."""
        return 0 if self.biases[layer - 1] == "frozen" else self.widths[layer - 1] + self.bias_rows_of(layer)

    @property
    def trained(self) -> list[int]:
        """The layers with trainable weights."""
        return [l for l in range(1, self.L + 1) if self.fan_in(l)]

    @cached_property
    def _offsets(self) -> tuple[int, ...]:
        return tuple(accumulate((self.fan_in(l) * self.widths[l] for l in range(1, self.L + 1)), initial=0))

    def below(self, layer: int) -> int:
        """Return the number of trainable weights below a layer: the first row of ``P-layer`` in ``P``."""
        return self._offsets[layer - 1]

    @property
    def N_net(self) -> int:
        """Number of trainable weights, ``Σ_l (n_{l-1} + [bias trainable]) n_l``."""
        return self.below(self.L + 1)

    @property
    def rates(self) -> list[fmpq]:
        """The rate of the penalty for each trainable weight, in the order of the rows of ``P``."""
        units = (
            ([weight] * (self.fan_in(l) - self.bias_rows_of(l)) + [bias] * self.bias_rows_of(l)) * self.widths[l]
            for l, (weight, bias) in enumerate(self.decay or (), start=1)
        )
        return [rate for layer in units for rate in layer]

    def weights_of_unit(self, layer: int, unit: int) -> list[int]:
        """Return the weights into a unit of a hidden layer, its bias, and the weights out of it, as rows of ``P``."""
        into = self.below(layer) + unit * self.fan_in(layer)
        return [
            *range(into, into + self.fan_in(layer)),
            *range(self.below(layer + 1) + unit, self.below(layer + 2), self.fan_in(layer + 1)),
        ]

    @cached_property
    def inputs(self) -> tuple[tuple[fmpq, ...], ...]:
        """The inputs ``x̃_i``, with the unit of a trainable bias."""
        return tuple((*x, *[fmpq(1)] * self.bias_rows_of(1)) for x in self.X)

    def firsts(self) -> list[int]:
        """Return for each sample the first one with the same input."""
        first: dict[tuple[fmpq, ...], int] = {}
        return [first.setdefault(tuple(x), i) for i, x in enumerate(self.X)]

    def activation_of(self, layer: int) -> Activation:
        """Return the activation of layer ``1..L``."""
        return self.output_activation if layer == self.L else self.hidden[layer - 1]

    @property
    def used_activations(self) -> tuple[Activation, ...]:
        """The activations that the network applies."""
        return (self.output_activation,) if self.L == 1 else (*self.hidden, self.output_activation)

    @property
    def strip(self) -> bool:
        """Whether columns are taken up to non-zero factors (section 4): the output derivative is not 0 wherever it exists."""
        return self.output_activation.has_nonzero_slopes

    @property
    def is_convex(self) -> bool:
        """Whether J is a sum of convex functions of affine functions of W: one trainable layer, identities from there on, a convex error, any penalty.

        The layers before it, if any, are frozen and make constants of the samples; those behind it are affine maps.
        """
        behind = [self.activation_of(l) for l in range(self.trained[0], self.L + 1)]
        return len(self.trained) == 1 and all(a.family == "identity" for a in behind) and self.error.convex.holds

    @property
    def separable(self) -> bool:
        """Whether the error is ``Σ_j e(φ_j − y_j)``."""
        return not self.error.is_cross_entropy

    def is_smooth(self, order: int) -> bool:
        """Whether all activations are differentiable so many times (1 or 2) everywhere."""
        return all(a.differentiable_times(order).holds for a in self.used_activations)


def fraction(value: fmpq) -> Fraction:
    """Return the same rational as theory's records hold it."""
    return Fraction(int(value.p), int(value.q))


def rational(value: Fraction | None, default: int = 1) -> fmpq:
    """Return a rational of theory's records; the default for none."""
    return fmpq(default) if value is None else fmpq(value.numerator, value.denominator)


def read_problem(value: Any) -> Problem:
    """Read section 2's problem object; raises `Rejected`."""
    keys = ("widths", "activation", "output_activation", "error", "bias", "fixed_bias", "X", "Y")
    decays, freezes = (isinstance(value, dict) and key in value for key in ("decay", "frozen"))
    found = read.fields(value, (*keys, *["decay"] * decays, *["frozen"] * freezes), "problem")
    widths = read.each(found["widths"], "problem.widths", lambda n, place: read.integer(n, place, 1, MAX_WIDTH, "problem"))
    require(len(widths) >= 2, "problem.widths", "at least inputs and outputs are needed", "problem")
    biases = _per_layer(found["bias"], "problem.bias", len(widths) - 1, _read_bias)
    X = read.rows(found["X"], "problem.X", read.number, None, widths[0])
    Y = read.rows(found["Y"], "problem.Y", read.number, None, widths[-1])
    require(len(X) == len(Y) > 0, "problem.Y", f"X has {len(X)} rows and Y {len(Y)}: as many are needed, and one at least", "problem")
    error = _read_name(found["error"], "problem.error", error_named)
    try:
        error.check_targets([[fraction(y) for y in row] for row in Y])
    except InputError as problem:
        raise Rejected("problem.Y", "problem", short(problem)) from None
    hidden = _per_layer(found["activation"], "problem.activation", len(widths) - 2, _read_activation)
    output = _read_activation(found["output_activation"], "problem.output_activation")
    constants, decay = _read_constants(found["fixed_bias"], biases, widths), _read_decay(found["decay"], biases) if decays else None
    frozen = _read_frozen(found.get("frozen"), biases, widths)
    constants = tuple(layer[1] if layer else b for layer, b in zip(frozen, constants, strict=True)) if frozen else constants
    return Problem(widths, hidden, output, error, biases, constants, X, Y, decay, frozen)


def _per_layer(value: Any, place: str, count: int, entry: Callable[[Any, str], T]) -> tuple[T, ...]:
    """Return an entry for each of so many layers (one at least) from one for all of them, or a list of which not all are the same."""
    if type(value) is not list:
        return (entry(value, place),) * max(count, 1)
    found = read.each(value, place, entry, count)
    require(len(set(found)) > 1, place, "a list names different ones: what all layers have is written once", "problem")
    return found


def _read_bias(value: Any, place: str) -> str:
    bias = read.text(value, place)
    right = bias in ("trainable", "fixed", "none", "frozen")
    require(right, place, f"expected trainable, fixed, none or frozen, got {short(bias)}", "problem")
    return bias


def _read_activation(value: Any, place: str) -> Activation:
    found: Activation = _read_name(value, place, activation_named)
    return found


def _read_name(value: Any, place: str, named: Callable[[str], Any]) -> Any:
    text = read.text(value, place)
    with suppress(InputError):
        if _NAME.fullmatch(text) and named(text).name == text:
            return named(text)
    raise Rejected(place, "problem", f"{short(text)} is no canonical name")


def _read_constants(value: Any, biases: Sequence[str], widths: Sequence[int]) -> tuple[tuple[Number, ...] | None, ...]:
    """Return for each layer its fixed biases, zeros without a bias, or None where trainable; the table has null for each layer whose bias is not fixed."""
    place, listed = "problem.fixed_bias", [value] * len(biases)
    if "fixed" in biases:
        listed = read.items(value, place, len(biases))
    found: list[tuple[Number, ...] | None] = []
    for k, (bias, row) in enumerate(zip(biases, listed, strict=True)):
        where = f"{place}[{k}]" if "fixed" in biases else place
        if bias == "fixed":
            found.append(read.each(row, where, _read_entry, widths[k + 1]))
        else:
            require(row is None, where, f"must be null with bias {bias!r}", "problem")
            found.append(None if bias == "trainable" else (fmpq(0),) * widths[k + 1])
    return tuple(found)


def _read_frozen(value: Any, biases: Sequence[str], widths: Sequence[int]) -> tuple[tuple[Rows, tuple[Number, ...]] | None, ...]:
    """Return ``(W_l, b_l)`` of the frozen layers, one at least of which is none; the table has null for the others, and is missing where there are none."""
    place = "problem.frozen"
    require((value is not None) == ("frozen" in biases), place, "this table goes with layers of the mode frozen", "problem")
    require(set(biases) != {"frozen"}, "problem.bias", "a layer at least must have trainable weights", "problem")
    found: list[tuple[Rows, tuple[Number, ...]] | None] = []
    for k, (bias, layer) in enumerate(
        zip(biases, [] if value is None else read.items(value, place, len(biases)), strict=value is not None)
    ):
        where = f"{place}[{k}]"
        require(bias == "frozen" or layer is None, where, f"must be null with bias {bias!r}", "problem")
        found.append(_read_layer(layer, where, widths[k], widths[k + 1]) if bias == "frozen" else None)
    return tuple(found)


def _read_layer(value: Any, place: str, rows: int, columns: int) -> tuple[Rows, tuple[Number, ...]]:
    found = read.fields(value, ("W", "b"), place)
    return read.rows(found["W"], f"{place}.W", _read_entry, rows, columns), read.each(found["b"], f"{place}.b", _read_entry, columns)


def _read_decay(value: Any, biases: Sequence[str]) -> tuple[tuple[fmpq, ...], ...]:
    place = "problem.decay"
    layers = [read.each(pair, f"{place}[{k}]", read.number, 2) for k, pair in enumerate(read.items(value, place, len(biases)))]
    rates = [rate for pair in layers for rate in pair]
    require(all(rate >= 0 for rate in rates) and any(rates), place, "rates are at least 0, and one is above 0", "problem")
    moved = all(
        (bias == "trainable" or mu == 0) and (bias != "frozen" or rate == 0) for bias, (rate, mu) in zip(biases, layers, strict=True)
    )
    require(moved, place, "what is not trainable has the rate 0", "problem")
    return tuple(layers)


def read_points(value: Any, problem: Problem) -> tuple[Point, ...]:
    """Read section 2's list of points; raises `Rejected`."""
    return read.each(value, "points", lambda point, place: _read_point(point, problem, place))


def _read_point(value: Any, problem: Problem, place: str) -> Point:
    layers = []
    for l, layer in enumerate(read.items(value, place, problem.L), start=1):
        here = f"{place}[{l - 1}]"
        W, b = _read_layer(layer, here, problem.widths[l - 1], problem.widths[l])
        right = problem.constants[l - 1] in (None, b)
        require(right, f"{here}.b", f"must be what the problem says with bias {problem.biases[l - 1]!r}", "problem")
        held = not problem.frozen or problem.frozen[l - 1] in (None, (W, b))
        require(held, f"{here}.W", "must be what the problem says of a frozen layer", "problem")
        layers.append((W, b))
    return Point(tuple(layers))


def _read_entry(value: Any, place: str) -> Number:
    if type(value) is not list:
        return read.number(value, place)
    rational_part, listed = read.items(value, place, 2)
    terms = read.each(listed, f"{place}[1]", _read_term)
    constants = {constant for constant, _ in terms}
    require(len(terms) == len(constants) > 0, f"{place}[1]", "a combination has at least one term, and its constants differ", "number")
    return Combination(read.rational(rational_part, f"{place}[0]"), frozenset(terms))


def _read_term(value: Any, place: str) -> tuple[Constant, fmpq]:
    constant, factor = read.items(value, place, 2)
    coefficient = read.rational(factor, f"{place}[1]")
    require(coefficient != 0, f"{place}[1]", "a coefficient must not be 0", "number")
    return _read_constant(constant, f"{place}[0]"), coefficient


def _read_constant(value: Any, place: str) -> Constant:
    kind, *parts = read.items(value, place) or [""]
    right = {"pi": 0, "log": 1, "exp": 1, "root": 2}.get(read.text(kind, f"{place}[0]")) == len(parts)
    require(right, place, "expected ['log', n], ['root', a, d], ['exp', q] or ['pi']", "number")
    if kind == "pi":
        return ("pi",)
    q = read.rational(parts[0], f"{place}[1]")
    right = q.q == 1 and q > 1 if kind == "log" else q != 0 if kind == "exp" else q > 0
    require(right, f"{place}[1]", "log takes a whole number above 1, exp any but 0, root a positive one", "number")
    return (kind, q, read.integer(parts[1], f"{place}[2]", 2, 10**19, "number")) if kind == "root" else (kind, q)
