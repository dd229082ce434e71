"""The work that a checker counts for a pass over exact numbers, from above: by the lengths of the rationals, and the terms of the formal polynomials."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flint import fmpq

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.formal_polynomial import FormalPolynomial, formal_terms
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.network.formal_terms import activation_terms
from lossproof.numerics.network.matrices import parsed_name
from lossproof.theory.limits import MAX_BITS, MAX_STEP_WORK, MAX_TERMS, product_work, value_work
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor

TERM_WORK = 10
"""The work of a product of two terms."""


def bit_length(arrays: Iterable[Array]) -> int:
    """Return the length in bits of the longest numerator or denominator of the rational entries.

    >>> import numpy as np
    >>> bit_length([np.array([fmpq(3, 8), fmpq(0)], dtype=object)])
    4
    """
    return max((max(x.p.bit_length(), x.q.bit_length()) for A in arrays for x in A.flat if isinstance(x, fmpq)), default=0)


@dataclass(frozen=True)
class ExactWork:
    """Bounds of the work of a pass, and of the number of terms of what comes out of it; 0 terms where all is rational.

    ``rigor`` is BALL where an irrational z is met by an activation with a kink, as its side is seen in balls.
    """

    work: int
    terms: int
    rigor: Rigor = Rigor.EXACT

    @property
    def is_allowed(self) -> bool:
        """Whether half of the work of a step is left, and no number or polynomial on the way is too long."""
        return self.work <= MAX_STEP_WORK // 2


TOO_MUCH = ExactWork(2 * MAX_STEP_WORK, 0)
"""What no checker does."""


def matrix_work(problem: Problem, evaluation: Evaluation, name: str) -> ExactWork:
    """Return the work of all entries of a matrix ``Phi``, ``Psi`` or ``P``, from its `matrix_evaluation` over the rationals or the formal ring.

    >>> from lossproof.numerics.fields.formal import FormalField
    >>> from lossproof.numerics.network.matrices import matrix_evaluation
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> from lossproof.theory.problem.weights import Weights
    >>> a = Architecture.of("1-2-1", "tanh")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[2], [5]], [[0], [1]]))
    >>> weights = Weights.of(a, [([[1, 2]], [0, 0]), ([[1], [1]], [0])])
    >>> found = matrix_work(problem, matrix_evaluation(problem, weights, "P", FormalField()), "P")
    >>> found.is_allowed, found.terms
    (True, 2)
    """
    kind, layer, _ = parsed_name(problem, name)
    a = problem.architecture
    layers = _Layers(evaluation)
    if kind == "Phi":
        return layers.forward(layer)
    before = layers.forward(a.L - 1 if evaluation.strip_output else a.L)
    rows, columns = matrix_size(problem, name)
    return before if before == TOO_MUCH else layers.backward(before, max(layer, 1), rows * columns)


def output_work(evaluation: Evaluation) -> ExactWork:
    """Return the work of the outputs."""
    return _Layers(evaluation).forward(evaluation.architecture.L)


def gradient_work(evaluation: Evaluation) -> ExactWork:
    """Return the work of the gradient of the loss, of which the outputs are at hand."""
    return _Layers(evaluation).gradient()


def argument_work(evaluation: Evaluation, layer: int) -> ExactWork:
    """Return the work of ``z_layer``, whose activation is left out."""
    return _Layers(evaluation).forward(layer, values=False)


class _Layers:
    """Bounds of the numbers of terms, layer by layer: of ``φ_l``, ``σ'(z_l)`` and ``W_l``, 0 where all are rational."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation, self._architecture = evaluation, evaluation.architecture
        self._phi, self._slope = [0], [0]
        self._weights = [0, *(_terms_of(W) for W, _ in evaluation.layers)]

    def forward(self, depth: int, *, values: bool = True) -> ExactWork:
        """Return the work of the layers up to a depth; without ``values`` the last activation is left out."""
        total, n, T = 0, self._architecture.widths, self._evaluation.T
        for l in range(1, depth + 1):
            W, before, z = self._evaluation.layers[l - 1][0], self._evaluation.phi[l - 1], self._evaluation.z[l]
            each = _product(self._phi[l - 1], self._weights[l])
            if each > MAX_TERMS or bit_length([z]) > MAX_BITS:
                return TOO_MUCH
            products = self._extend(l, n[l - 1] * each + 1, last=l == depth) if values or l < depth else 0
            if products > MAX_TERMS:
                return TOO_MUCH
            total += T * n[l] * (n[l - 1] + 1) * (product_work(2 * bit_length([W, before])) + TERM_WORK * each)
            total += T * n[l] * (value_work(0) + TERM_WORK * products)
        return ExactWork(total, self._phi[-1], self._rigor(depth))

    def _rigor(self, depth: int) -> Rigor:
        kinked = [l for l in self._architecture.kinked_layers(2) if l <= depth]
        return Rigor.BALL if any(_terms_of(self._evaluation.z[l]) for l in kinked) else Rigor.EXACT

    def backward(self, before: ExactWork, lowest: int, entries: int) -> ExactWork:
        """Continue with the ``Ψ_l`` down to a layer, after `forward`, and with so many entries of ``P``."""
        n, T, a, work = self._architecture.widths, self._evaluation.T, self._architecture, before.work
        terms = 0 if self._evaluation.strip_output else self._slope[a.L]
        for l in range(a.L - 1, lowest - 1, -1):
            W, later = self._evaluation.layers[l][0], self._evaluation.psi[l + 1]
            each = _product(terms, self._weights[l + 1])
            carried = n[l + 1] * each
            terms = _product(carried, self._slope[l])
            if max(each, terms) > MAX_TERMS:
                return TOO_MUCH
            work += T * a.n_L * n[l] * ((n[l + 1] + 1) * (product_work(2 * bit_length([W, later])) + TERM_WORK * each) + TERM_WORK * terms)
        terms = _product(terms, max(self._phi[: a.L]))
        return TOO_MUCH if terms > MAX_TERMS else ExactWork(work + TERM_WORK * entries * terms, terms, before.rigor)

    def gradient(self) -> ExactWork:
        """Return the work of a gradient: a pass forward and one backward, from errors that have twice the terms of the outputs, and two more."""
        n, T, a = self._architecture.widths, self._evaluation.T, self._architecture
        found = self.forward(a.L)
        if not found.is_allowed:
            return TOO_MUCH
        bits = 4 * bit_length([self._evaluation.phi[a.L], *(W for W, _ in self._evaluation.layers)])
        formal = any(self._phi)
        terms, work = _product(2 * self._phi[a.L] + 2 if formal else 0, self._slope[a.L]), found.work
        for l in range(a.L, 0, -1):
            outer = _product(terms, self._phi[l - 1])
            back = _product(terms, self._weights[l])
            after = _product(n[l] * back, self._slope[l - 1]) if formal else 0
            if max(outer, after) > MAX_TERMS:
                return TOO_MUCH
            work += T * (n[l - 1] + 1) * n[l] * (2 * product_work(2 * bits) + TERM_WORK * (outer + back))
            terms = after
        return ExactWork(work, self._phi[a.L], found.rigor)

    def _extend(self, l: int, inner: int, *, last: bool) -> int:
        """Bound the terms of layer l by those of z; return the products of terms for each value. Of the last layer no value need exist in the field here."""
        formal = _terms_of(self._evaluation.z[l]) > 0
        if not formal and not last and _terms_of(self._evaluation.phi[l]) == 0:
            self._phi[l:], self._slope[l:] = [0], [0]
            return 0
        value, slope, products = activation_terms(self._architecture.activation_of(l), inner if formal else 1)
        self._phi[l:], self._slope[l:] = [value], [slope]
        return products


def _terms_of(A: Array) -> int:
    """Return the most terms of an entry that is no rational, 0 without any."""
    return max((len(formal_terms(x)) for x in A.flat if isinstance(x, FormalPolynomial)), default=0)


def _product(left: int, right: int) -> int:
    """Return a bound of the terms of a product; 0 terms stand for a rational."""
    return max(left, 1) * max(right, 1) if left or right else 0
