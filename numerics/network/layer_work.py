"""The work that a checker counts as an exact pass goes on, from above: by the lengths of the rationals, and the terms of the formal polynomials."""

from __future__ import annotations

from collections.abc import Callable

from lossproof.numerics.fields.field import Array, in_field
from lossproof.numerics.fields.formal_polynomial import FormalPolynomial, formal_terms
from lossproof.numerics.fields.lengths import EXCESS, bit_length, products_work
from lossproof.numerics.fields.term_counts import TERM_WORK, activation_terms, sum_of_terms_work
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.theory.limits import MAX_BITS, MAX_TERMS, SIGN_PRECISION, product_work, value_work
from lossproof.theory.verdicts import Rigor

_SYMBOLS = 8
"""The most symbols that a checker may introduce for a value and a slope, and balls it may take of their argument."""
_CONSTANT_WORK = 100
"""More than the work of a constant in a weight."""


class LayerWork:
    """The work of a pass as it goes on: ``passed`` is what was counted, whatever the signs of irrational z cost included.

    ``phi[l]`` and ``slope[l]`` bound the numbers of terms of ``φ_l`` and ``σ'(z_l)``, 0 where all are rational. The numbers themselves are those of an
    evaluation over the rationals or the formal ring.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation, self._architecture = evaluation, evaluation.architecture
        self.phi, self.slope = [0], [0]
        self.rigor = Rigor.EXACT
        self._weights = [0, *(most_terms(W) for W, _ in evaluation.layers)]
        numbers = [x for W, b in evaluation.layers for A in (W, b) for x in A.flat if isinstance(x, FormalPolynomial)]
        constants = sum(len(formal_terms(x)) for x in numbers)
        self._work, self._balls = _CONSTANT_WORK * constants, value_work(SIGN_PRECISION) * constants

    @property
    def passed(self) -> int:
        """The work so far."""
        return self._work + (self._balls if self.rigor is Rigor.BALL else 0)

    def spend(self, work: int) -> None:
        """Count work."""
        self._work += work

    def limit(self, right: bool) -> None:
        """Count more than a checker does unless all is right."""
        self._work += 0 if right else EXCESS

    def sums(self, count: int, length: int, terms: int, *factors: Array) -> None:
        """Count sums of products of entries of the factors, products that have so many terms; 0 stands for rationals."""
        self.limit(terms <= MAX_TERMS)
        self._work += products_work(count * length, length, *factors) + count * sum_of_terms_work(length, terms)

    def forward(self, depth: int, *, values: bool = True, slopes: bool = False) -> None:
        """Count the layers up to a depth, with or without slopes; without ``values`` the last activation is left out."""
        n, T, evaluation = self._architecture.widths, self._evaluation.T, self._evaluation
        kinked = self._architecture.kinked_layers(2)
        for l in range(1, depth + 1):
            (W, b), before, z = evaluation.layers[l - 1], evaluation.phi[l - 1], evaluation.z[l]
            each = product_terms(self.phi[l - 1], self._weights[l])
            terms = n[l - 1] * each + max(1, most_terms(b)) if most_terms(z) else 0
            self.sums(T * n[l], n[l - 1] + 1, each, W, before)
            self.limit(terms <= MAX_TERMS and bit_length([z]) <= MAX_BITS)
            self._work += T * n[l] * value_work(0)
            self._balls += T * n[l] * _SYMBOLS * (value_work(SIGN_PRECISION) + terms * product_work(SIGN_PRECISION))
            if terms and l in kinked:
                self.rigor = Rigor.BALL
            if values or l < depth:
                self._activate(l, terms, slopes=slopes)

    def _activate(self, l: int, terms: int, *, slopes: bool) -> None:
        """Bound the terms of layer l by those of z, and count the work of its values. Of the last layer no value need exist in the field here."""
        activation = self._architecture.activation_of(l)
        value, slope, work = (0, 0, 0) if terms == 0 and activation.rational.holds else activation_terms(activation, max(terms, 1))
        arrays = [in_field(lambda: self._evaluation.phi[l]), *([in_field(lambda: self._evaluation.slope[l])] if slopes else [])]
        if terms == 0 and all(A is not None and most_terms(A) == 0 for A in arrays):
            value = slope = 0
        self.limit(max(value, slope) <= MAX_TERMS)
        self._work += self._evaluation.T * self._architecture.widths[l] * work
        self.phi.append(value)
        self.slope.append(slope)

    def backward(self, terms: int, later: Callable[[int], Array], lowest: int, passes: int = 1) -> list[int]:
        """Count the way from the last layer down to one, and bound the numbers of terms of what it carries, from that layer to the last.

        ``terms`` are those in the last layer, ``later(l)`` the values that are carried to layer ``l - 1``.
        """
        n, T, L, found = self._architecture.widths, self._evaluation.T, self._architecture.L, [terms]
        for l in range(L - 1, lowest - 1, -1):
            each = product_terms(found[0], self._weights[l + 1])
            self.sums(passes * T * n[l], n[l + 1] + 1, each, self._evaluation.layers[l][0], later(l + 1))
            carried = product_terms(n[l + 1] * each, self.slope[l])
            self.limit(carried <= MAX_TERMS)
            self._work += passes * T * n[l] * TERM_WORK * carried
            found.insert(0, carried)
        return found


def most_terms(A: Array) -> int:
    """Return the most terms of an entry that is no rational, 0 without any."""
    return max((len(formal_terms(x)) for x in A.flat if isinstance(x, FormalPolynomial)), default=0)


def product_terms(left: int, right: int) -> int:
    """Return a bound of the terms of a product; 0 terms stand for a rational.

    >>> product_terms(0, 3), product_terms(2, 3), product_terms(0, 0)
    (3, 6, 0)
    """
    return max(left, 1) * max(right, 1) if left or right else 0
