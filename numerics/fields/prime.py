"""The field with p elements: specialisations of exact values that can only lower a rank."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import fmpq_mat, fmpz

from lossproof.numerics.fields.field import Array, elementwise, no_error_derivative, object_array, unknown_order
from lossproof.numerics.fields.formal_polynomial import FormalPolynomial
from lossproof.numerics.fields.known_values import known_value
from lossproof.numerics.fields.rational import RationalField
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.functions.forms import Logistic
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.numbers import Number
from lossproof.theory.rationals import brief_name

LARGEST_PRIME = 2**31
_SPLIT = 16
_CHUNK = 1 << 15


@dataclass(frozen=True)
class PrimeField:
    r"""Residues modulo a prime ``p < 2^31`` as ``int64``, of values that are exact rationals, or rational functions of ``u``.

    Values known exactly stay rational (object arrays) as long as an activation may need them; `finalize` reduces everything. A
    minor that is not 0 modulo ``p`` is not 0, since reduction is a ring homomorphism on the rationals whose denominator ``p`` does
    not divide.

    With ``u`` (``0 < u < p``), for one hidden layer of sigmoid or tanh at rational weights: all ``z`` are multiples ``m/D`` (``D``
    the least common denominator of all entries given to `activate`), and ``e^{1/D}`` is replaced by ``u``: ``sigmoid →
    u^m/(1+u^m)``, ``tanh → (u^{2m}-1)/(u^{2m}+1)``. As ``e^{1/D}`` is transcendental (Lindemann), this again can only make minors
    vanish.

    ``exact=False`` reduces at once, which is faster and enough when all activations are polynomial; `PrimeField.of` chooses.
    A denominator that vanishes modulo ``p`` raises `NotInField`: take another prime or another ``u``.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> field = PrimeField(1048583, u=2)
    >>> (3 * field.activate(activation_named("sigmoid"), 0, field.array([1])) % 1048583).tolist()  # 2/3
    [2]
    """

    prime: int
    u: int | None = None
    exact: bool = True
    name: str = field(default="the prime field", repr=False)
    rationals: RationalField = field(default_factory=RationalField, repr=False)

    def __post_init__(self) -> None:
        if not 2 < self.prime < LARGEST_PRIME or not fmpz(self.prime).is_prime():
            raise ValueError(f"the modulus must be an odd prime below 2^31, got {self.prime}: choose another one")
        if self.u is not None and not 0 < self.u < self.prime:
            raise ValueError(f"u must lie strictly between 0 and {self.prime}, got {self.u}: choose another residue")

    @staticmethod
    def of(architecture: Architecture, prime: int, u: int | None = None) -> PrimeField:
        """Return the field that keeps exact values only if an activation of the architecture needs them to build its named matrices."""
        hidden = list(architecture.hidden) if architecture.L >= 2 else []
        output = [] if architecture.output_activation.has_nonzero_slopes else [architecture.output_activation]
        polynomial = all(activation.degree is not None for activation in hidden + output)
        return PrimeField(prime, u, exact=not polynomial)

    def embed(self, number: Number) -> Any:
        """Return an exact number as it is, or its residue when ``exact`` is False."""
        value = self.rationals.embed(number)
        return value if self.exact else self._residue(value)

    def array(self, rows: Any) -> Array:
        """Return exact numbers as elements; residues pass unchanged."""
        if isinstance(rows, np.ndarray) and rows.dtype == np.int64:
            return rows % self.prime
        values = object_array(rows, self.rationals.embed)
        return values if self.exact else self._residues(values)

    def add(self, A: Array, B: Array) -> Array:
        """Return ``A + B``."""
        if _both_exact(A, B):
            return np.asarray(A + B)
        return np.asarray((self._residues(A) + self._residues(B)) % self.prime)

    def mul(self, A: Array, B: Array) -> Array:
        """Return ``A ∘ B``."""
        if _both_exact(A, B):
            return np.asarray(A * B)
        return np.asarray(self._residues(A) * self._residues(B) % self.prime)

    def matmul(self, A: Array, B: Array) -> Array:
        """Return ``A B``; residues are split so that no sum leaves 64 bits."""
        if _both_exact(A, B):
            return self.rationals.matmul(A, B)
        left, right = self._residues(A), self._residues(B)
        total = np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
        for start in range(0, left.shape[1], _CHUNK):
            a, b = left[:, start : start + _CHUNK], right[start : start + _CHUNK]
            high = a @ (b >> _SPLIT) % self.prime
            low = a @ (b & ((1 << _SPLIT) - 1)) % self.prime
            total = (total + (high << _SPLIT) + low) % self.prime
        return total

    def activate(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ``, ``σ'`` or ``σ''`` of every entry, exact where it is rational, else as residues; raises `NotInField`."""
        if order not in (0, 1, 2):
            raise unknown_order(order)
        if z.dtype != object:
            return self._activate_residues(activation, order, z)
        if self.u is not None and activation.logistic is not None:
            return self._specialise(activation.logistic, order, z)
        known = elementwise(lambda entry: known_value(activation, order, entry, self.rationals.table), z)
        if any(entry is None for entry in known.ravel()):
            raise NotInField(f"{brief_name(activation.name)} has values here that are not rational on record: use a ball field")
        return known

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return the derivatives over the rationals; raises `NotInField` once values are residues."""
        if not _both_exact(phi, y):
            raise no_error_derivative(error, self.name)
        return self.rationals.error_derivative(error, order, phi, y)

    def finalize(self, A: Array) -> Array:
        """Return ``A`` as residues in ``[0, p)``; raises `NotInField` where a denominator vanishes or a value is irrational."""
        return self._residues(A)

    def _residue(self, value: Any) -> int:
        if isinstance(value, FormalPolynomial):
            raise NotInField("an entry is a combination of irrational constants and has no residue: use a ball field")
        denominator = int(value.q) % self.prime
        if denominator == 0:
            raise NotInField(f"the prime {self.prime} divides a denominator: take another prime")
        numerator = int(value.p) % self.prime
        return numerator if denominator == 1 else numerator * pow(denominator, -1, self.prime) % self.prime

    def _residues(self, A: Array) -> Array:
        if A.dtype != object:
            return A
        return np.array([self._residue(entry) for entry in A.ravel()], dtype=np.int64).reshape(A.shape)

    def _activate_residues(self, activation: Activation, order: int, z: Array) -> Array:
        k = activation.degree
        if k is None:
            raise NotInField(
                f"{brief_name(activation.name)} needs exact values, and only residues are left after the first transcendental layer: use a ball field"
            )
        factor = (1, k, k * (k - 1))[order]
        result = np.full_like(z, factor % self.prime)
        for _ in range(k - order):
            result = result * z % self.prime
        return result

    def _specialise(self, form: Logistic, order: int, z: Array) -> Array:
        """Return residues of ``σ(m/D)`` at ``e^{1/D} = u``, for all entries with one ``D``."""
        self.rationals.finalize(z)
        k = form.rate
        multiples, _ = fmpq_mat(1, z.size, z.ravel().tolist()).numer_denom()
        exponents = np.array([k * int(m) % (self.prime - 1) for m in multiples.entries()], dtype=np.int64)
        values = self._powers_of_u(exponents).reshape(z.shape)
        inverse = self._inverse((values + 1) % self.prime)
        p = self.prime
        s = values * inverse % p
        if order == 0:
            return np.asarray((form.low + k * s) % p)
        first = k * k * (s * (1 - s) % p) % p
        return np.asarray(first if order == 1 else k * (1 - 2 * s) % p * first % p)

    def _powers_of_u(self, exponents: Array) -> Array:
        """Return ``u^e`` for ``0 ≤ e < 2^31``, from the powers of ``u`` and of ``u^65536`` below ``2^16``."""
        base = 0 if self.u is None else self.u
        low, high = exponents & ((1 << _SPLIT) - 1), exponents >> _SPLIT
        tables = [
            self._first_powers(b, int(part.max(initial=0)) + 1) for b, part in ((base, low), (pow(base, 1 << _SPLIT, self.prime), high))
        ]
        return np.asarray(tables[0][low] * tables[1][high] % self.prime)

    def _first_powers(self, base: int, count: int) -> Array:
        powers = np.ones(1, dtype=np.int64)
        while len(powers) < count:
            powers = np.concatenate([powers, powers * pow(base, len(powers), self.prime) % self.prime])
        return powers

    def _inverse(self, A: Array) -> Array:
        if np.any(A == 0):
            raise NotInField(f"the denominator of an activation vanishes at u = {self.u} modulo {self.prime}: take another u")
        return self._inverses(A.ravel()).reshape(A.shape)

    def _inverses(self, values: Array) -> Array:
        """Return the inverses of residues other than 0, from those of the products of pairs: one inversion for all."""
        if values.size <= 1:
            return np.array([pow(int(value), -1, self.prime) for value in values], dtype=np.int64)
        left, right = values[: values.size // 2], values[values.size // 2 : values.size // 2 * 2]
        inverse = self._inverses(left * right % self.prime)
        rest = self._inverses(values[values.size // 2 * 2 :])
        return np.concatenate([inverse * right % self.prime, inverse * left % self.prime, rest])


def _both_exact(A: Array, B: Array) -> bool:
    return A.dtype == object and B.dtype == object
