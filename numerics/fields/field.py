"""What the network pass asks of a number field.

A field is a small namespace of array operations. Its arrays are numpy arrays: of ``float64``, of ``int64`` residues, or of Python
objects (mpmath numbers, Arb balls, ``fmpq``, polynomials), so that reshaping, stacking and indexing are numpy's and the pass is
written once for all fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from flint import arb, fmpq

from lossproof.numerics.rationals import to_flint
from lossproof.theory.exceptions import InputError, NotDifferentiable, NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.numbers import Number
from lossproof.theory.rationals import brief_name

Array: TypeAlias = npt.NDArray[Any]
Value = TypeVar("Value")


class KinkInBall(NotDifferentiable):
    """A ball contains a point where the derivative does not exist: a higher precision may decide, unless it is that point exactly."""


class Field(Protocol):
    """Array operations over one number field.

    ``embed`` may round (float64, mpmath), enclose (Arb) or be exact (rational, formal, prime); it raises `NotInField` where the
    field has no such element. ``activate`` gives ``σ``, ``σ'``, ``σ''`` for ``order`` 0, 1, 2 elementwise, raising
    `NotDifferentiable` at a kink and `NotInField` where the value is not in the field.
    """

    @property
    def name(self) -> str:
        """The field in words, for messages."""
        ...

    def embed(self, number: Number) -> Any:
        """Return one exact number as an element."""
        ...

    def array(self, rows: Any) -> Array:
        """Return nested sequences of exact numbers as an array; a numpy array of elements of this field passes unchanged."""
        ...

    def add(self, A: Array, B: Array) -> Array:
        """Return ``A + B`` elementwise, with broadcasting."""
        ...

    def mul(self, A: Array, B: Array) -> Array:
        """Return ``A ∘ B`` elementwise, with broadcasting."""
        ...

    def matmul(self, A: Array, B: Array) -> Array:
        """Return the product of two matrices."""
        ...

    def activate(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ``, ``σ'`` or ``σ''`` of every entry (``order`` 0, 1, 2)."""
        ...

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return ``∇E`` of shape ``(T, n_L)`` (``order`` 1) or ``∇²E`` of shape ``(T, n_L, n_L)`` (``order`` 2), derivatives in ``φ``."""
        ...

    def finalize(self, A: Array) -> Array:
        """Return a result for use outside: checks that every entry lies in the field proper (rational, prime), else unchanged."""
        ...


class NumpyArithmetic:
    """The operations of a field whose elements numpy adds and multiplies as they are, at no precision to be set."""

    def add(self, A: Array, B: Array) -> Array:
        """Return ``A + B``."""
        return np.asarray(A + B)

    def mul(self, A: Array, B: Array) -> Array:
        """Return ``A ∘ B``."""
        return np.asarray(A * B)

    def finalize(self, A: Array) -> Array:
        """Return ``A``."""
        return A


def in_field(compute: Callable[[], Value]) -> Value | None:
    """Return what is computed, or None where the field has no such element, such as a value that is not rational, or one out of all proportion.

    >>> def computed() -> int:
    ...     raise NotInField("no such element")
    >>> in_field(computed) is None, in_field(lambda: 3)
    (True, 3)
    """
    try:
        return compute()
    except NotInField:
        return None


def unknown_order(order: int) -> ValueError:
    """Return the exception for a derivative order that is not on offer."""
    return ValueError(f"the order of a derivative must be 0, 1 or 2, got {order}: call again with one of these")


def at_kink(activation: Activation, point: Fraction) -> NotDifferentiable:
    """Return the exception for a derivative at a kink of an activation."""
    which = "first" if point in activation.kinks(1) else "second"
    return NotDifferentiable(
        f"{brief_name(activation.name)} has no {which} derivative at z = {point}, which occurs here: choose other weights"
    )


@lru_cache(maxsize=256)
def exact_kinks(activation: Activation, order: int) -> tuple[tuple[Fraction, fmpq], ...]:
    """Return the kinks of an activation, each also as ``fmpq``."""
    return tuple((point, to_flint(point)) for point in activation.kinks(order))


def lies_above(ball: arb, place: fmpq) -> bool | None:
    """Tell whether all points of a ball lie above a rational, or all below it; None where the precision in force does not tell.

    >>> lies_above(arb(2, 1e-3), fmpq(1)), lies_above(arb(1, 1e-3), fmpq(1))
    (True, None)
    """
    return True if ball > place else False if ball < place else None


def object_array(rows: Any, embed: Callable[[Any], Any]) -> Array:
    """Return nested sequences as an object array with every entry embedded.

    >>> object_array([[1, 2]], str).tolist()
    [['1', '2']]
    """
    shape, entries = _laid_out(rows)
    return objects(map(embed, entries)).reshape(shape)


def objects(entries: Iterable[Any]) -> Array:
    """Return elements of a field, none of them a sequence, as a vector.

    >>> objects("ab").tolist()
    ['a', 'b']
    """
    found = list(entries)
    result = np.empty(len(found), dtype=object)
    result[:] = found
    return result


def constant_like(field: Field, value: int, shape: tuple[int, ...], like: Array) -> Array:
    """Return an array filled with one integer, of the kind (``dtype``) of ``like``."""
    if like.dtype == object:
        result = np.empty(shape, dtype=object)
        result.fill(field.embed(Fraction(value)))
        return result
    return np.full(shape, value, dtype=like.dtype)


def elementwise(function: Callable[[Any], Any], A: Array) -> Array:
    """Apply a Python function to every entry of an object array."""
    return objects(map(function, _entries(A))).reshape(A.shape)


def block_diagonals(D: Array, zero: Any) -> Array:
    """Return diagonals of shape ``(T, n)`` as matrices of shape ``(T, n, n)``."""
    T, n = D.shape
    if n == 1:
        return D.reshape(T, 1, 1).copy()
    result = np.empty((T, n, n), dtype=D.dtype)
    result.fill(zero)
    result[:, np.arange(n), np.arange(n)] = D
    return result


def no_error_derivative(error: ErrorFunction, field_name: str) -> NotInField:
    """Return the exception for an error whose derivatives leave the field."""
    return NotInField(
        f"derivatives of the {brief_name(error.name)} error are not in {field_name}: use the squared or Cauchy error, or a ball field"
    )


def softmax_hessian(s: Array, zero: Any) -> Array:
    """Return ``diag(s) − s sᵀ`` for each row of softmax values, of shape ``(T, n_L, n_L)``."""
    return np.asarray(block_diagonals(s, zero) - s[:, :, None] * s[:, None, :])


def _laid_out(rows: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Return the shape of nested sequences and their entries in order."""
    if isinstance(rows, np.ndarray):
        return rows.shape, _entries(rows)
    if isinstance(rows, str) or not isinstance(rows, Sequence):
        return (), [rows]
    if not rows:
        return (0,), []
    if not any(map(_is_sequence, set(map(type, rows)))):
        return (len(rows),), list(rows)
    shapes, entries = zip(*map(_laid_out, rows), strict=True)
    if len(set(shapes)) > 1:
        raise InputError("a matrix must have rows of one length, got rows of different lengths: make the rows equal")
    return (len(rows), *shapes[0]), [entry for row in entries for entry in row]


def _entries(A: Array) -> list[Any]:
    """Return the entries in order, numbers of numpy as they are."""
    return A.ravel().tolist() if A.dtype == object else list(A.ravel())


@lru_cache(maxsize=256)
def _is_sequence(kind: type) -> bool:
    """Tell whether instances are sequences or arrays of entries, and not text."""
    return issubclass(kind, (Sequence, np.ndarray)) and not issubclass(kind, str)
