"""The rules that prove the bound of a rank from evidence about the entries (section 5), each with its proof in the docstring. ``r(M)`` is the rank of M."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_poly, fmpz, nmod

from lossproof.certificates.kernel.arithmetic.functions import ZERO
from lossproof.certificates.kernel.arithmetic.inclusion import require_invertible
from lossproof.certificates.kernel.arithmetic.rings import Ratio, Ring, count_ratio, function_field_ring, residue_ring, vanishes
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.arithmetic.series import product as matrix_product
from lossproof.certificates.kernel.network.errors import residuals
from lossproof.certificates.kernel.network.matrices import entries, entries_of_P
from lossproof.certificates.kernel.network.passes import Curve, layer_inputs, outputs
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import ALMOST, Result, Step, rigor_of
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor


def _exponential_setting(step: Step) -> int:
    """Return the least common denominator D of all ``z_1``: all of them are multiples of ``1/D``."""
    require(step.problem.L == 2 and step.point().is_rational(), "rule", "u needs one hidden layer and rational weights")
    D = fmpz(1)
    for z in layer_inputs(step.formal(), step.problem, step.box(), 1).flat:
        D = D.lcm(z.q)
        limit(D.bit_length(), limits.MAX_BITS, "the length of the common denominator of z_1 in bits")
    return int(D)


def rank_minor(step: Step) -> Result:
    """A minor that is not 0 modulo a prime, with residues in place of what is no rational number: ``r(M) ≥`` its size.

    The entries lie in the local ring of Q, or of Q(u) ≅ Q(e^{1/D}) (Lindemann), of elements whose denominators survive; reduction modulo the
    prime (and u ↦ the residue) is a ring homomorphism from it to F_p. A determinant with image ≠ 0 is ≠ 0. With independent values (`IndependentValues`) the
    minor is not the zero function of W, and not 0 at almost every W.
    """
    found = step.expect(0, "rows", "columns", "prime", "substitution")
    matrix, p, chosen = step.matrix(), evidence.prime(found["prime"]), found["substitution"]
    rows, columns = evidence.minor(found, matrix)
    ring: Ring = (formal := step.formal())
    with evidence.no_zero_denominator("evidence.substitution"):
        if isinstance(chosen, dict) and "exponentials" in chosen:
            step.require_at(ALMOST)
            exact = IndependentValues(step, chosen, p).entries(rows, columns)
        else:
            if chosen is not None:
                u = read.integer(read.fields(chosen, ("u",), "evidence.substitution")["u"], "evidence.substitution.u", 1, p - 1)
                ring = residue_ring(step.work, _exponential_setting(step), u, p)
            exact = entries(matrix, step.problem, step.box_or_none(matrix), ring, rows, columns)
    require(all(isinstance(x, (fmpq, nmod)) for x in exact.flat), "evidence.substitution", "an entry is no rational number")
    require(int(evidence.residues(exact, p, step.work).det()) != 0, "evidence.rows", "the minor is 0 modulo the prime")
    return step.lower(len(rows)), rigor_of(formal)


class IndependentValues(Ring):
    r"""Residues in place of the values of sigmoid or tanh: a minor of P that is not 0 at them is not the zero function of W.

    Put ``s = e^{kz}`` with ``k = 1`` (sigmoid) or 2 (tanh), so ``σ = s/(1+s)`` or ``(s−1)/(s+1)`` and ``σ' = σ(1−σ)`` or ``1−σ²``. In layer 1
    ``s`` is a product of integer powers of the functions ``u_{ab} = e^{w_{ab}/D}``, w the weights and biases of layer 1 and D a common
    denominator of X. The entries of P are thus polynomials over Q in the ``u_{ab}^{±1}``, ``(1 + s)^{-1}`` of layer 1, the entries of ``W_2..W_L``
    and the values ``v = σ(z_l(i))`` of the layers ``1 < l < L``. Evaluating them at residues is a ring homomorphism (no ``1 + s`` and no
    denominator vanishing), and the minor's image is not 0: it is a non-zero element of that ring, with all ``u``, weights and ``v`` read as
    variables. It remains that the variables have no relation as functions of W.

    Let Q be a non-zero polynomial in the ``u``, the ``W_l`` and the ``v`` of the layers up to m, and suppose that it vanishes as a function.
    For ``m = 1`` this is false, since exponentials of different variables are algebraically independent. For ``m ≥ 2`` hold the weights below
    layer m fixed and clear the denominators ``1 + s``: a sum of exponentials of ``k Σ n_{ia} z_m(i)_a``, with polynomials in ``W_m, …`` for
    coefficients. In ``W_m`` and its biases these exponents are linear forms, with the coefficients ``Σ_i n_{ia} φ_{m-1}(i)`` (and ``Σ_i
    n_{ia}``): different for different n as soon as no integer combination of the vectors ``φ_{m-1}(i)`` is 0. Exponentials of different linear
    forms are linearly independent over the polynomials, so all coefficients vanish, and with them the coefficients of Q as a polynomial in the
    ``v`` of layer m and in ``W_m, …``, polynomials in the variables below; one of these is not the zero polynomial, and induction ends it. The
    condition holds outside a set of measure zero because each of the countably many combinations is an analytic function of the weights below
    that is not 0: for ``m ≥ 3`` by the same induction (it is a linear polynomial in the v), for ``m = 2`` because one of the
    functions ``σ(z_1(i))`` has a pole where the others have none: on a generic real line of weights the poles lie at the zero of ``z_1(i)`` plus odd
    multiples of an imaginary number; these zeros differ, except for parallel inputs without bias, and of those the longest has the nearest poles.
    This needs different inputs; without bias also non-zero ones, no two of them opposite.

    P exists almost everywhere: each ``z_L(i)_j`` is analytic, and not constant as ``φ_{L-1}(i)`` is not 0, but for tanh without bias at an input 0, whose ``z_L``
    is 0 and may be at a kink.
    """

    def __init__(self, step: Step, found: Mapping[str, Any], p: int) -> None:
        super().__init__(step.work)
        problem, place = step.problem, "evidence.substitution"
        right = problem.L >= 2 and problem.activation.family in ("sigmoid", "tanh") and problem.strip and problem.bias != "fixed"
        require(right, "rule", "this needs hidden sigmoid or tanh, an output derivative that is not 0 anywhere and no fixed bias")
        keys = [*problem.X, *(tuple(-x for x in row) for row in problem.X if problem.bias == "none")]
        separate = problem.L == 2 or len(set(keys)) == len(keys)
        require(separate, "rule", "two inputs are equal, or without bias one is 0 or two are opposite")
        require(step.conclusion["matrix"] == "P", "conclusion.matrix", "this substitution is about P", "conclusion")
        silent = problem.bias == "none" and problem.activation.family == "tanh" and not all(any(row) for row in problem.X)
        require(problem.is_smooth(1) or not silent, "rule", "P may exist nowhere, as an input is 0")
        read.fields(found, ("exponentials", "weights", "values"), place)
        n, self.problem, self.p, self.k = problem.widths, problem, p, 1 if problem.activation.family == "sigmoid" else 2
        self.exponentials = self._table(found["exponentials"], f"{place}.exponentials", n[1], problem.fan_in(1), 1)
        listed = read.items(found["weights"], f"{place}.weights", problem.L - 1)
        layers = [self._table(W, f"{place}.weights[{k}]", n[k + 1], n[k + 2]) for k, W in enumerate(listed)]
        self.weights = [np.zeros((n[0], n[1]), dtype=object), *layers]
        free = read.items(found["values"], f"{place}.values", problem.L - 2)
        self.free = [self._table(v, f"{place}.values[{k}]", problem.T, n[k + 2]) for k, v in enumerate(free)]

    def _table(self, value: Any, place: str, rows: int, width: int, least: int = 0) -> Array:
        table = [read.items(row, f"{place}[{i}]", width) for i, row in enumerate(read.items(value, place, rows))]
        read_ = [
            [nmod(read.integer(x, f"{place}[{i}][{j}]", least, self.p - 1), self.p) for j, x in enumerate(row)]
            for i, row in enumerate(table)
        ]
        return np.array(read_, dtype=object).reshape(rows, width)

    def embed(self, number: Any) -> nmod:
        """Return a rational as a residue."""
        return nmod(evidence.residue(fmpq(number), self.p), self.p)

    def entries(self, rows: list[int], columns: list[int]) -> Array:
        """Return the rows and columns of P at the residues."""
        zero = Series([np.array([[nmod(0, self.p)]], dtype=object)])
        curve: Curve = [(Series([W]), zero) for W in self.weights]
        return entries_of_P(self, self.problem, curve, np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64))

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool) -> tuple[Any, Any]:
        """Return the values that stand for those of a layer, and the slopes that belong to them."""
        v = Series([self._first_values() if layer == 1 else self.free[layer - 2]])
        return v, v - v * v if self.k == 1 else 1 - v * v

    def _first_values(self) -> Array:
        """Return ``σ(z_1)`` of shape ``(T, n_1)``."""
        D = fmpz(1)
        for x in (x for row in self.problem.X for x in row):
            D = D.lcm(x.q)
        limit(D.bit_length(), 2**16, "the length of the common denominator of the inputs in bits")
        values = np.empty((self.problem.T, self.problem.widths[1]), dtype=object)
        for (i, a), _ in np.ndenumerate(values):
            powers = [int((x * D).p) * self.k for x in self.problem.X[i]] + [int(D) * self.k] * self.problem.bias_rows
            s = nmod(1, self.p)
            for u, m in zip(self.exponentials[a], powers, strict=True):
                s *= u ** (m % (self.p - 1))
            values[i, a] = (s - 1) / (s + 1) if self.k == 2 else s / (s + 1)
        return values


class SignPattern(Ring):
    """Softsign with given signs s: ``z/(1+sz)`` with the derivative ``(1+sz)^{-2}``."""

    def __init__(self, step: Step, p: int, signs: Sequence[Sequence[int]]) -> None:
        super().__init__(step.work)
        self.p, self.signs = p, np.array(signs, dtype=object).T

    def embed(self, number: Any) -> nmod:
        """Return a rational as a residue."""
        return nmod(evidence.residue(fmpq(number), self.p), self.p)

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool) -> tuple[Any, Any]:
        """Return the values and slopes."""
        w = Series([1 / (z * self.signs + 1).coefficients[0]])
        return z * w, w * w


def rank_patterns(step: Step) -> Result:
    r"""Softsign is ``z/(1+sz)`` with derivative ``(1+sz)^{-2}``, s the sign of z, and at ``z = 0`` with either s.

    So ``P(W) = P_s(W)`` for the signs s met at W, and ``P_s`` is a matrix of rational functions of W whose denominators do not vanish
    there. If each ``P_s`` has rank ``T n_L`` modulo a prime at some residues in place of W, one of its minors is not the zero function, so
    it vanishes on a set of measure zero only; there are finitely many s. A permutation of units, and (unless biases are fixed) a change of
    sign of all weights of a unit together with its s, change no rank, so one s of each class will do.
    """
    found = step.expect(0, "prime", "weights")
    problem, p = step.problem, evidence.prime(found["prime"])
    require(step.conclusion["matrix"] == "P", "conclusion.matrix", "this rule is about P", "conclusion")
    right = problem.L == 2 and problem.activation.family == "softsign" and problem.strip
    require(right, "rule", "this needs one hidden layer of softsign and an output derivative that is not 0 anywhere")
    constants = problem.fixed_bias or ()
    require(all(isinstance(b, fmpq) for layer in constants for b in layer), "rule", "the fixed biases must be rational")
    step.require_at(ALMOST)
    listed = read.items(found["weights"], "evidence.weights", problem.N_net)
    w = np.array([nmod(read.integer(x, f"evidence.weights[{k}]", 0, p - 1), p) for k, x in enumerate(listed)], dtype=object)
    limit(problem.T, limits.MAX_SIGN_SAMPLES, "the number of samples")
    curve, first = [], 0
    for l in (1, 2):
        m, n = problem.fan_in(l), problem.widths[l]
        block, first = w[first : first + m * n].reshape(n, m).T, first + m * n
        fixed = [[nmod(evidence.residue(fmpq(b), p), p) for b in constants[l - 1]] if constants else [nmod(0, p)] * n]
        b = block[problem.widths[l - 1] :] if problem.bias_rows else np.array(fixed, dtype=object)
        curve.append((Series([block[: problem.widths[l - 1]]]), Series([b])))
    for signs in _patterns(problem):
        with evidence.no_zero_denominator("evidence.weights"):
            P = entries_of_P(SignPattern(step, p, signs), problem, curve, np.arange(problem.N_net), np.arange(problem.columns))
        full = evidence.residues(P, p, step.work).rank() == problem.columns
        require(full, "evidence.weights", "P does not have full rank modulo the prime for some pattern of signs")
    return step.lower(problem.columns), Rigor.EXACT


def _patterns(problem: Problem) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Yield a sign vector for each hidden unit, in all ways, up to what changes no rank."""
    fixed, n_1 = problem.bias == "fixed", problem.widths[1]
    unit = [s for s in product((1, -1), repeat=problem.T) if fixed or s[0] == 1]
    return product(unit, repeat=n_1) if fixed else combinations_with_replacement(unit, n_1)


def rank_inclusion(step: Step) -> Result:
    """A square submatrix whose balls, at the point or all over the box of the witness, hold invertible matrices only: ``r(M) ≥`` its size."""
    found = step.expect(0, "rows", "columns", "precision")
    matrix = step.matrix()
    rows, columns = evidence.minor(found, matrix)
    with step.balls() as ring:
        step.work.spend(2 * limits.elimination_work(len(rows), ring.bits), "an inverse in balls")
        balls = entries(matrix, step.problem, step.box_or_none(matrix), ring, rows, columns)
        require_invertible(arb_mat(len(rows), len(columns), [arb(x) for x in balls.flat]), "evidence.rows")
    return step.lower(len(rows)), Rigor.BALL


def _polynomial(value: Any, place: str, work: Any) -> Any:
    """Return a polynomial in u from pairs of exponent and integer coefficient."""
    coefficients: dict[int, fmpz] = {}
    previous = -1
    for k, pair in enumerate(read.items(value, place)):
        exponent, coefficient = read.items(pair, f"{place}[{k}]", 2)
        previous = read.integer(exponent, f"{place}[{k}][0]", previous + 1, limits.MAX_EXPONENT)
        q = read.rational(coefficient, f"{place}[{k}][1]")
        require(q.q == 1 and q != 0, f"{place}[{k}][1]", "a coefficient is an integer other than 0", "number")
        coefficients[previous] = q.p
    count_ratio(work, previous + 1, max((int(x.bit_length()) for x in coefficients.values()), default=0))
    polynomial = fmpq_poly([coefficients.get(n, 0) for n in range(previous + 1)])
    return Ratio(work, polynomial, fmpq_poly([1])) if coefficients else ZERO


def rank_kernel(step: Step) -> Result:
    """``r(M) ≤`` columns (rows) minus the number of independent vectors with ``M v = 0`` (``vᵀM = 0``).

    Rational vectors: the products vanish in the formal ring, hence for the real matrix, by the homomorphism of `FormalRing`. Vectors over Z[u]: they vanish as
    rational functions of u; put ``u = e^{1/D}``: the identity holds for the real numbers, and no non-zero polynomial vanishes there (Lindemann), so the vectors
    stay independent.
    """
    found = step.expect(0, "side", "vectors", "entries")
    matrix, place = step.matrix(), "evidence.vectors"
    side, kind = (read.text(found[key], f"evidence.{key}") for key in ("side", "entries"))
    require(side in ("left", "right") and kind in ("Q", "Z[u]"), "evidence.side", "expected a side and a kind of entries")
    left, size = side == "left", matrix.shape[0 if side == "left" else 1]
    ring: Ring = (formal := step.formal())
    vectors: list[list[Any]]
    if kind == "Q":
        vectors = evidence.reduced_vectors(found["vectors"], place, size)
    else:
        listed = [read.items(v, f"{place}[{k}]", size) for k, v in enumerate(read.items(found["vectors"], place))]
        vectors = [[_polynomial(x, f"{place}[{k}][{n}]", step.work) for n, x in enumerate(v)] for k, v in enumerate(listed)]
        evidence.last_nonzero(vectors, place)
        ring = function_field_ring(step.work, _exponential_setting(step))
    M = entries(matrix, step.problem, step.box_or_none(matrix), ring)
    M = M.T if left else M
    if kind == "Q" and all(isinstance(x, fmpq) for x in M.flat):
        ring.count(M.size * len(vectors), 0, M, np.array(vectors, dtype=object), inner=size)
        images = list(matrix_product(M, np.array(vectors, dtype=object).reshape(-1, size).T).T)
    else:
        supports = [[n for n, x in enumerate(v) if x != 0] for v in vectors]
        ring.count(M.shape[0] * sum(map(len, supports)), 0, M, inner=size)
        images = [M[:, support] @ np.array([v[n] for n in support], dtype=object) for v, support in zip(vectors, supports, strict=True)]
    for k, image in enumerate(images):
        require(all(vanishes(x) for x in image), f"{place}[{k}]", "the vector is not annihilated")
    return step.upper(size - len(vectors)), rigor_of(formal)


def rank_residual(step: Step) -> Result:
    """At a critical point ``P ε = T ∇J = 0``; the ball of one ``∇E_ij`` does not contain 0, so ``ε ≠ 0`` and ``r(P) < T n_L``."""
    found = step.expect(1, "sample", "output", "precision")
    step.claim(0, "stationary")
    require(step.conclusion["matrix"] == "P", "conclusion.matrix", "this rule is about P", "conclusion")
    place = step.sample_and_output(found)
    with step.balls() as ring:
        residual = residuals(ring, step.problem, outputs(ring, step.problem, step.box()))[place]
        require(bool(residual > 0 or residual < 0), "evidence.output", "the ball of this derivative of the error contains 0")
    return step.upper(step.problem.columns - 1), Rigor.BALL


RANK_RULES: Mapping[str, Callable[[Step], Result]] = {
    "rank-minor": rank_minor,
    "rank-patterns": rank_patterns,
    "rank-inclusion": rank_inclusion,
    "rank-kernel": rank_kernel,
    "rank-residual": rank_residual,
}
