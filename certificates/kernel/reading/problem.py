"""The problem and the points of a certificate, read from its JSON with exact numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

from flint import fmpq

from lossproof.certificates.kernel.reading.parse import (
    Rejected,
    join,
    read_fields,
    read_integer,
    read_list,
    read_number,
    read_rational,
    read_text,
    short,
)
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.functions.errors import ErrorFunction, error_named

MAX_WIDTH = 10**6
_NAME = re.compile(r"[a-z0-9-]{1,40}(:[0-9]{1,400}(/[0-9]{1,400})?)?")

Constant: TypeAlias = tuple[Any, ...]
"""``("log", p)``, ``("root", a, d)``, ``("exp", q)`` or ``("pi",)``."""


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

    @property
    def N_net(self) -> int:
        """Number of trainable weights, ``Σ_l (n_{l-1} + [bias trainable]) n_l``."""
        return sum(self.fan_in(l) * self.widths[l] for l in range(1, self.L + 1))

    def activation_of(self, layer: int) -> Activation:
        """Return the activation of layer ``1..L``."""
        return self.output_activation if layer == self.L else self.activation

    @property
    def strip(self) -> bool:
        """Whether columns are taken up to non-zero factors (section 4): the output derivative vanishes nowhere."""
        return self.output_activation.nonvanishing_derivative.holds

    @property
    def is_convex(self) -> bool:
        """Whether J is a sum of convex functions of affine functions of W: one layer, identity output, a convex error."""
        return self.L == 1 and self.output_activation.family == "identity" and self.error.convex.holds

    @property
    def separable(self) -> bool:
        """Whether the error is ``Σ_j e(φ_j − y_j)``."""
        return not self.error.is_cross_entropy


def row_key(row: Sequence[fmpq]) -> tuple[tuple[int, int], ...]:
    """Return a key of a row of rationals: equal rows have equal keys."""
    return tuple((int(x.p), int(x.q)) for x in row)


def fraction(value: fmpq) -> Fraction:
    """Return the same rational as theory's records hold it."""
    return Fraction(int(value.p), int(value.q))


def read_problem(value: Any) -> Problem:
    """Read section 2's problem object; raises `Rejected`."""
    keys = ("widths", "activation", "output_activation", "error", "bias", "fixed_bias", "X", "Y")
    found = read_fields(value, keys, "problem")
    listed = read_list(found["widths"], "problem.widths")
    if len(listed) < 2:
        raise Rejected("problem.widths", "problem", "at least inputs and outputs are needed")
    widths = tuple(read_integer(n, f"problem.widths[{k}]", 1, MAX_WIDTH, "problem") for k, n in enumerate(listed))
    bias = read_text(found["bias"], "problem.bias")
    if bias not in ("trainable", "fixed", "none"):
        raise Rejected("problem.bias", "problem", f"expected 'trainable', 'fixed' or 'none', got {short(bias)}")
    X = _read_samples(found["X"], "problem.X", widths[0])
    Y = _read_samples(found["Y"], "problem.Y", widths[-1])
    if len(X) != len(Y) or not X:
        raise Rejected("problem.Y", "problem", f"X has {len(X)} rows and Y {len(Y)}: one target a sample, and one sample at least")
    error = _read_name(found["error"], "problem.error", error_named)
    try:
        error.check_targets([[fraction(y) for y in row] for row in Y])
    except InputError as problem:
        raise Rejected("problem.Y", "problem", short(problem)) from None
    return Problem(
        widths,
        _read_name(found["activation"], "problem.activation", activation_named),
        _read_name(found["output_activation"], "problem.output_activation", activation_named),
        error,
        bias,
        _read_fixed_bias(found["fixed_bias"], bias, widths),
        X,
        Y,
    )


def _read_name(value: Any, place: str, named: Callable[[str], Named]) -> Named:
    text = read_text(value, place)
    try:
        record = named(text) if _NAME.fullmatch(text) else None
    except InputError:
        record = None
    if record is None or record.name != text:
        raise Rejected(place, "problem", f"{short(text)} is no canonical name")
    return record


def _read_samples(value: Any, place: str, width: int) -> tuple[tuple[fmpq, ...], ...]:
    return tuple(
        tuple(read_number(x, f"{place}[{i}][{j}]") for j, x in enumerate(read_list(row, f"{place}[{i}]", width)))
        for i, row in enumerate(read_list(value, place))
    )


def _read_fixed_bias(value: Any, bias: str, widths: tuple[int, ...]) -> tuple[tuple[Number, ...], ...] | None:
    place = "problem.fixed_bias"
    if bias != "fixed":
        if value is not None:
            raise Rejected(place, "problem", f"must be null with bias {bias!r}")
        return None
    layers = read_list(value, place, len(widths) - 1)
    return tuple(_read_vector(b, f"{place}[{k}]", widths[k + 1]) for k, b in enumerate(layers))


def read_points(value: Any, problem: Problem) -> tuple[Point, ...]:
    """Read section 2's list of points; raises `Rejected`."""
    return tuple(_read_point(point, problem, f"points[{k}]") for k, point in enumerate(read_list(value, "points")))


def _read_point(value: Any, problem: Problem, place: str) -> Point:
    layers = []
    for l, layer in enumerate(read_list(value, place, problem.L), start=1):
        here = f"{place}[{l - 1}]"
        found = read_fields(layer, ("W", "b"), here)
        rows = read_list(found["W"], join(here, "W"), problem.widths[l - 1])
        W = tuple(_read_vector(row, f"{here}.W[{i}]", problem.widths[l]) for i, row in enumerate(rows))
        b = _read_vector(found["b"], join(here, "b"), problem.widths[l])
        if problem.bias == "none" and any(x != 0 for x in b):
            raise Rejected(join(here, "b"), "problem", "must be zero with bias 'none'")
        if problem.fixed_bias is not None and b != problem.fixed_bias[l - 1]:
            raise Rejected(join(here, "b"), "problem", "must equal the problem's fixed bias")
        layers.append((W, b))
    return Point(tuple(layers))


def _read_vector(value: Any, place: str, length: int) -> tuple[Number, ...]:
    return tuple(_read_entry(x, f"{place}[{j}]") for j, x in enumerate(read_list(value, place, length)))


def _read_entry(value: Any, place: str) -> Number:
    if type(value) is not list:
        return read_number(value, place)
    rational, listed = read_list(value, place, 2)
    terms: dict[Constant, fmpq] = {}
    for k, pair in enumerate(read_list(listed, f"{place}[1]")):
        here = f"{place}[1][{k}]"
        constant, coefficient = read_list(pair, here, 2)
        key, factor = _read_constant(constant, f"{here}[0]"), read_rational(coefficient, f"{here}[1]")
        if key in terms or factor == 0:
            raise Rejected(here, "number", "constants must differ and coefficients must not be 0")
        terms[key] = factor
    if not terms:
        raise Rejected(f"{place}[1]", "number", "a combination has at least one term")
    return Combination(read_rational(rational, f"{place}[0]"), frozenset(terms.items()))


def _read_constant(value: Any, place: str) -> Constant:
    parts = read_list(value, place)
    kind = read_text(parts[0], f"{place}[0]") if parts else ""
    if kind == "pi" and len(parts) == 1:
        return ("pi",)
    if kind == "log" and len(parts) == 2:
        prime = read_rational(parts[1], f"{place}[1]")
        if prime >= 2**64:
            raise Rejected(f"{place}[1]", "limit", "the argument of log must be below 2^64")
        if prime.q == 1 and prime > 1 and prime.p.is_prime():
            return ("log", prime)
        raise Rejected(f"{place}[1]", "number", "the argument of log must be a prime")
    if kind == "exp" and len(parts) == 2:
        exponent = read_rational(parts[1], f"{place}[1]")
        if exponent != 0:
            return ("exp", exponent)
        raise Rejected(f"{place}[1]", "number", "the argument of exp must not be 0")
    if kind == "root" and len(parts) == 3:
        base = read_rational(parts[1], f"{place}[1]")
        if base > 0:
            return ("root", base, read_integer(parts[2], f"{place}[2]", 2, 10**19, "number"))
        raise Rejected(f"{place}[1]", "number", "the argument of root must be positive")
    raise Rejected(place, "number", "expected ['log', p], ['root', a, d], ['exp', q] or ['pi']")
