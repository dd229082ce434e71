"""Formal entries of a one-hidden-layer network as rational functions of ``u = e^{1/D}``, with denominators cleared column by column."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpz_poly

from lossproof.numerics.algebra.polynomial_kernel import without_common_factor
from lossproof.numerics.fields.formal_polynomial import ActivationSymbol, SymbolTable, formal_terms
from lossproof.theory.limits import MAX_EXPONENT

_MOST_DEGREE = 20_000

Powers: TypeAlias = dict[int, int]


@dataclass(frozen=True)
class _Value:
    """A symbol as ``numerator / (1 + v^exponent)^power`` in ``v = u^g``."""

    numerator: fmpz_poly
    exponent: int
    power: int


@dataclass(frozen=True)
class ClearedMatrix:
    r"""``M · diag(denominators) = matrix`` over ``Z[v]``, ``v = u^step``: right kernel vectors of ``matrix``, times ``denominators``, are those of ``M``."""

    matrix: npt.NDArray[Any]
    denominators: list[fmpz_poly]
    step: int

    def restore(self, vector: list[fmpz_poly]) -> list[list[list[int | str]]]:
        """Return a kernel vector of ``M`` over ``Z[u]`` as a certificate writes it: ``[exponent, coefficient]`` pairs for each entry."""
        scaled = without_common_factor([entry * d for entry, d in zip(vector, self.denominators, strict=True)])
        return [[[k * self.step, str(c)] for k, c in enumerate(entry.coeffs()) if c != 0] for entry in scaled]


def cleared_columns(formal: npt.NDArray[Any], table: SymbolTable, D: int) -> ClearedMatrix | None:
    r"""Return a formal matrix, whose symbols are ``σ(z), σ'(z)`` of sigmoid or tanh at rational ``z ∈ Z/D``, as polynomials in a power of ``u``.

    With ``e = D|z|`` (tanh: ``2D|z|``): ``sigmoid(z) = u^e/(1+u^e)`` or ``1/(1+u^e)``, ``sigmoid' = u^e/(1+u^e)²``; ``tanh(z) =
    ±(u^e−1)/(u^e+1)``, ``tanh' = 4u^e/(1+u^e)²``. Each column is multiplied by the least common multiple of its denominators (powers of
    the ``1+u^e``, and integers), and ``u^g`` taken as variable, ``g`` the greatest common divisor of all ``e``. None is returned if an
    exponent of ``u`` would pass 100,000 or a degree in ``u^g`` 20,000.
    """
    numbers = {s for entry in formal.ravel() for monomial in formal_terms(entry) for s, _ in monomial}
    exponents = {s: _exponent(table.symbols[s], D) for s in numbers}
    step = math.gcd(*(abs(e) for e in exponents.values())) or 1
    largest = max((abs(e) for e in exponents.values()), default=0)
    if largest > MAX_EXPONENT or largest // step > _MOST_DEGREE:
        return None
    values = {s: _value(table.symbols[s], e // step) for s, e in exponents.items()}
    matrix, denominators = np.empty(formal.shape, dtype=object), []
    for j in range(formal.shape[1]):
        powers, common = _column_denominator(formal[:, j], values)
        if sum(e * k for e, k in powers.items()) > _MOST_DEGREE:
            return None
        matrix[:, j] = [_cleared(entry, values, powers, common) for entry in formal[:, j]]
        denominators.append(_product(powers) * common)
    return ClearedMatrix(matrix, denominators, step)


def _exponent(symbol: Any, D: int) -> int:
    """Return the signed exponent ``e`` of a symbol, that is ``D z`` or ``2 D z``."""
    if not isinstance(symbol, ActivationSymbol) or symbol.activation.logistic is None or not isinstance(symbol.z, fmpq):
        raise ValueError(f"every symbol must be a value of sigmoid or tanh at a rational, got {symbol}: use constant kernels only")
    e = symbol.z * D * symbol.activation.logistic.rate
    if e.q != 1:
        raise ValueError(f"D must be a common denominator of all z, got {D} for z = {symbol.z}: take the least common one")
    return int(e.p)


def _value(symbol: Any, e: int) -> _Value:
    """With ``v^e`` for ``e^{kz}``: ``σ = (low + high·v^e)/(1 + v^e)``, ``σ' = k² v^e/(1 + v^e)²``, multiplied by ``v^{-e}`` and ``v^{-2e}`` for ``e < 0``."""
    form, size = symbol.activation.logistic, abs(e)
    if symbol.order == 1:
        return _Value(_monomial(size) * form.rate**2, size, 2)
    low, high = (form.low, form.high) if e > 0 else (form.high, form.low)
    return _Value(_monomial(size) * high + low, size, 1)


def _monomial(exponent: int) -> fmpz_poly:
    return fmpz_poly([0, 1]) ** exponent


def _column_denominator(column: npt.NDArray[Any], values: Mapping[int, _Value]) -> tuple[Powers, int]:
    """Return the powers of the ``1 + v^e`` and the integer that clear a column."""
    powers: Powers = {}
    common = 1
    for entry in column:
        for monomial, coefficient in formal_terms(entry).items():
            common = math.lcm(common, int(coefficient.q))
            for e, power in _monomial_powers(monomial, values).items():
                powers[e] = max(powers.get(e, 0), power)
    return powers, common


def _monomial_powers(monomial: Any, values: Mapping[int, _Value]) -> Powers:
    powers: Powers = {}
    for s, k in monomial:
        value = values[s]
        powers[value.exponent] = powers.get(value.exponent, 0) + k * value.power
    return powers


def _cleared(entry: Any, values: Mapping[int, _Value], powers: Powers, common: int) -> fmpz_poly:
    total = fmpz_poly([])
    for monomial, coefficient in formal_terms(entry).items():
        term = fmpz_poly([int(coefficient.p) * (common // int(coefficient.q))])
        for s, k in monomial:
            term *= values[s].numerator ** k
        own = _monomial_powers(monomial, values)
        total += term * _product({e: power - own.get(e, 0) for e, power in powers.items()})
    return total


def _product(powers: Powers) -> fmpz_poly:
    result = fmpz_poly([1])
    for e, power in powers.items():
        result *= (_monomial(e) + 1) ** power
    return result
