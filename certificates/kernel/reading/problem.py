"""The problem and the points of a certificate, read from its JSON with exact numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeAlias, TypeVar

from flint import fmpq

from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, join, require, short
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.functions.errors import ErrorFunction, error_named
from lossproof.theory.limits import MAX_WIDTH

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
Named = TypeVar("Named", Activation, ErrorFunction)


@dataclass(frozen=True)
class Point:
    """Weights ``(W_l, b_l)`` for ``l = 1..L`` (``layers[l - 1]``); ``b_l`` is zero without bias and the problem's when fixed."""

    layers: tuple[tuple[Rows, tuple[Number, ...]], ...]

    def is_rational(self) -> bool:
        """Tell whether no entry is a combination of constants."""
        return all(isinstance(x, fmpq) for W, b in self.layers for row in (*W, b) for x in row)


@dataclass(frozen=True)
class Problem:
    """Architecture, error and samples. Symbols as in the format: ``T`` samples, ``L`` layers, ``columns = T n_L``."""

    widths: tuple[int, ...]
    activation: Activation
    output_activation: Activation
    error: ErrorFunction
    bias: str
    fixed_bias: tuple[tuple[Number, ...], ...] | None
    X: tuple[tuple[fmpq, ...], ...]
    Y: tuple[tuple[fmpq, ...], ...]

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
    def bias_rows(self) -> int:
        """Rows that a trainable bias adds to each ``W_l``."""
        return 1 if self.bias == "trainable" else 0

    def fan_in(self, layer: int) -> int:
        """Rows of ``Phi-(layer-1)+``, which are the rows of ``W-layer``."""
        return self.widths[layer - 1] + self.bias_rows

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

    def activation_of(self, layer: int) -> Activation:
        """Return the activation of layer ``1..L``."""
        return self.output_activation if layer == self.L else self.activation

    @property
    def used_activations(self) -> tuple[Activation, ...]:
        """The activations that the network applies."""
        return (self.output_activation,) if self.L == 1 else (self.activation, self.output_activation)

    @property
    def strip(self) -> bool:
        """Whether columns are taken up to non-zero factors (section 4): the output derivative is not 0 wherever it exists."""
        return self.output_activation.has_nonzero_slopes

    @property
    def has_no_bias(self) -> bool:
        """Whether every bias is the constant 0."""
        return self.bias == "none" or (self.fixed_bias is not None and all(b == 0 for layer in self.fixed_bias for b in layer))

    @property
    def is_convex(self) -> bool:
        """Whether J is a sum of convex functions of affine functions of W: one layer, identity output, a convex error."""
        return self.L == 1 and self.output_activation.family == "identity" and self.error.convex.holds

    @property
    def separable(self) -> bool:
        """Whether the error is ``Σ_j e(φ_j − y_j)``."""
        return not self.error.is_cross_entropy

    def is_smooth(self, order: int) -> bool:
        """Whether all activations are differentiable so many times (1 or 2) everywhere."""
        return all((a.differentiable if order == 1 else a.twice_differentiable).holds for a in self.used_activations)


def row_key(row: Sequence[fmpq]) -> tuple[tuple[int, int], ...]:
    """Return a key of a row of rationals: equal rows have equal keys."""
    return tuple((int(x.p), int(x.q)) for x in row)


def fraction(value: fmpq) -> Fraction:
    """Return the same rational as theory's records hold it."""
    return Fraction(int(value.p), int(value.q))


def rational(value: Fraction | None, default: int = 1) -> fmpq:
    """Return a rational of theory's records; the default for none."""
    return fmpq(default) if value is None else fmpq(value.numerator, value.denominator)


def read_problem(value: Any) -> Problem:
    """Read section 2's problem object; raises `Rejected`."""
    keys = ("widths", "activation", "output_activation", "error", "bias", "fixed_bias", "X", "Y")
    found = read.fields(value, keys, "problem")
    listed = read.items(found["widths"], "problem.widths")
    require(len(listed) >= 2, "problem.widths", "at least inputs and outputs are needed", "problem")
    widths = tuple(read.integer(n, f"problem.widths[{k}]", 1, MAX_WIDTH, "problem") for k, n in enumerate(listed))
    bias = read.text(found["bias"], "problem.bias")
    modes = ("trainable", "fixed", "none")
    require(bias in modes, "problem.bias", f"expected 'trainable', 'fixed' or 'none', got {short(bias)}", "problem")
    X, Y = _read_samples(found["X"], "problem.X", widths[0]), _read_samples(found["Y"], "problem.Y", widths[-1])
    equal = len(X) == len(Y) and len(X) > 0
    require(equal, "problem.Y", f"X has {len(X)} rows and Y {len(Y)}: one target a sample, and one sample at least", "problem")
    error = _read_name(found["error"], "problem.error", error_named)
    try:
        error.check_targets([[fraction(y) for y in row] for row in Y])
    except InputError as problem:
        raise Rejected("problem.Y", "problem", short(problem)) from None
    activation, output = (_read_name(found[key], f"problem.{key}", activation_named) for key in ("activation", "output_activation"))
    return Problem(widths, activation, output, error, bias, _read_fixed_bias(found["fixed_bias"], bias, widths), X, Y)


def _read_name(value: Any, place: str, named: Callable[[str], Named]) -> Named:
    text = read.text(value, place)
    try:
        record = named(text) if _NAME.fullmatch(text) else None
    except InputError:
        record = None
    if record is None or record.name != text:
        raise Rejected(place, "problem", f"{short(text)} is no canonical name")
    return record


def _read_samples(value: Any, place: str, width: int) -> tuple[tuple[fmpq, ...], ...]:
    return tuple(
        tuple(read.number(x, f"{place}[{i}][{j}]") for j, x in enumerate(read.items(row, f"{place}[{i}]", width)))
        for i, row in enumerate(read.items(value, place))
    )


def _read_fixed_bias(value: Any, bias: str, widths: tuple[int, ...]) -> tuple[tuple[Number, ...], ...] | None:
    place = "problem.fixed_bias"
    if bias != "fixed":
        require(value is None, place, f"must be null with bias {bias!r}", "problem")
        return None
    layers = read.items(value, place, len(widths) - 1)
    return tuple(_read_vector(b, f"{place}[{k}]", widths[k + 1]) for k, b in enumerate(layers))


def read_points(value: Any, problem: Problem) -> tuple[Point, ...]:
    """Read section 2's list of points; raises `Rejected`."""
    return tuple(_read_point(point, problem, f"points[{k}]") for k, point in enumerate(read.items(value, "points")))


def _read_point(value: Any, problem: Problem, place: str) -> Point:
    layers = []
    for l, layer in enumerate(read.items(value, place, problem.L), start=1):
        here = f"{place}[{l - 1}]"
        found = read.fields(layer, ("W", "b"), here)
        rows = read.items(found["W"], join(here, "W"), problem.widths[l - 1])
        W = tuple(_read_vector(row, f"{here}.W[{i}]", problem.widths[l]) for i, row in enumerate(rows))
        b = _read_vector(found["b"], join(here, "b"), problem.widths[l])
        require(problem.bias != "none" or all(x == 0 for x in b), join(here, "b"), "must be zero with bias 'none'", "problem")
        fixed = problem.fixed_bias is None or b == problem.fixed_bias[l - 1]
        require(fixed, join(here, "b"), "must equal the problem's fixed bias", "problem")
        layers.append((W, b))
    return Point(tuple(layers))


def _read_vector(value: Any, place: str, length: int) -> tuple[Number, ...]:
    return tuple(_read_entry(x, f"{place}[{j}]") for j, x in enumerate(read.items(value, place, length)))


def _read_entry(value: Any, place: str) -> Number:
    if type(value) is not list:
        return read.number(value, place)
    rational_part, listed = read.items(value, place, 2)
    terms: dict[Constant, fmpq] = {}
    for k, pair in enumerate(read.items(listed, f"{place}[1]")):
        here = f"{place}[1][{k}]"
        constant, coefficient = read.items(pair, here, 2)
        key, factor = _read_constant(constant, f"{here}[0]"), read.rational(coefficient, f"{here}[1]")
        require(key not in terms and factor != 0, here, "constants must differ and coefficients must not be 0", "number")
        terms[key] = factor
    require(bool(terms), f"{place}[1]", "a combination has at least one term", "number")
    return Combination(read.rational(rational_part, f"{place}[0]"), frozenset(terms.items()))


def _read_constant(value: Any, place: str) -> Constant:
    kind, *parts = read.items(value, place) or [""]
    if read.text(kind, f"{place}[0]") == "pi" and not parts:
        return ("pi",)
    if (kind, len(parts)) not in (("log", 1), ("exp", 1), ("root", 2)):
        raise Rejected(place, "number", "expected ['log', n], ['root', a, d], ['exp', q] or ['pi']")
    argument, here = read.rational(parts[0], f"{place}[1]"), f"{place}[1]"
    if kind == "log":
        require(argument.q == 1 and argument > 1, here, "the argument of log must be a whole number above 1", "number")
        return ("log", argument)
    if kind == "exp":
        require(argument != 0, here, "the argument of exp must not be 0", "number")
        return ("exp", argument)
    require(argument > 0, here, "the argument of root must be positive", "number")
    return ("root", argument, read.integer(parts[1], f"{place}[2]", 2, 10**19, "number"))
