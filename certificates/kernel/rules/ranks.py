"""The rules that prove the bound of a rank from evidence about the entries (section 5), each with its proof in the docstring. ``r(M)`` is the rank of M."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly, nmod

from lossproof.certificates.kernel.arithmetic.balls import ZERO, not_zero, vanishes
from lossproof.certificates.kernel.arithmetic.exponentials import ExponentialRing, Ratio, count_ratio
from lossproof.certificates.kernel.arithmetic.inclusion import count_inverse, require_invertible
from lossproof.certificates.kernel.arithmetic.rings import Ring, Rows
from lossproof.certificates.kernel.arithmetic.series import Array, Series, product
from lossproof.certificates.kernel.network.errors import residuals
from lossproof.certificates.kernel.network.matrices import entries
from lossproof.certificates.kernel.network.passes import Box, layer_inputs, outputs
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Point
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import ALMOST, Result, Step, rigor_of
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor


def _exponential_setting(step: Step) -> int:
    """Return the least common denominator D of all ``z_1``: all of them are multiples of ``1/D``."""
    require(step.problem.L == 2 and step.point().is_rational(), "rule", "u needs one hidden layer and rational weights")
    return evidence.common_denominator(layer_inputs(step.formal(), step.problem, step.box(), 1).flat, limits.MAX_BITS, step.work)


def rank_minor(step: Step) -> Result:
    """A minor that is not 0 modulo a prime, with residues in place of what is no rational number: ``r(M) ≥`` its size.

    The entries lie in the local ring of Q, or of Q(u) ≅ Q(e^{1/D}) (Lindemann), of elements whose denominators survive; reduction modulo the
    prime (and u ↦ the residue) is a ring homomorphism from it to F_p. A determinant with image ≠ 0 is ≠ 0. With independent values (`independent_values`) the
    minor is not the zero function of W, and not 0 at almost every W.
    """
    found = step.expect(0, "rows", "columns", "prime", "substitution")
    matrix, p, chosen = step.matrix(), evidence.prime(found["prime"]), found["substitution"]
    rows, columns = evidence.minor(found, matrix)
    ring: Ring = (formal := step.formal())
    with evidence.no_zero_denominator("evidence.substitution"):
        if isinstance(chosen, dict) and "exponentials" in chosen:
            exact = independent_values(step, chosen, p, rows, columns)
        else:
            if chosen is not None:
                u = read.integer(read.fields(chosen, ("u",), "evidence.substitution")["u"], "evidence.substitution.u", 1, p - 1)
                ring = ExponentialRing(step.work, _exponential_setting(step), nmod(u, p))
            exact = entries(matrix, step.problem, step.box_or_none(matrix, exact=True), ring, rows, columns)
    require(all(isinstance(x, (fmpq, nmod)) for x in exact.flat), "evidence.substitution", "an entry is no rational number")
    require(int(evidence.residues(exact, p, step.work).det()) != 0, "evidence.rows", "the minor is 0 modulo the prime")
    return step.lower(len(rows)), rigor_of(formal)


class Substitution(Ring):
    """Residues in place of the numbers of a pass, and ``values(l, z_l)`` in place of an activation and its derivative."""

    def __init__(self, step: Step, p: int, values: Callable[[int, Series], tuple[Series, Series]]) -> None:
        super().__init__(step.work)
        self.p, self.values = p, values

    def embed(self, number: Any) -> nmod:
        """Return a rational as a residue; a division by 0 raises `ZeroDivisionError`."""
        return nmod(number, self.p)

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Return the values and slopes."""
        return self.values(layer, z)


def independent_values(step: Step, chosen: Mapping[str, Any], p: int, rows: list[int], columns: list[int]) -> Array:
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

    P exists almost everywhere: each ``z_L(i)_j`` is analytic, and not constant as ``φ_{L-1}(i)`` is not 0, but for tanh without bias at an input 0, whose
    ``z_L`` is 0 and may be at a kink.
    """
    problem, place, n = step.problem, "evidence.substitution", step.problem.widths
    tanh = problem.activation.family == "tanh"
    right = problem.L >= 2 and (tanh or problem.activation.family == "sigmoid") and problem.strip and problem.bias != "fixed"
    require(right, "rule", "this needs hidden sigmoid or tanh, an output derivative that is not 0 anywhere and no fixed bias")
    keys = [*problem.X, *(tuple(-x for x in row) for row in problem.X if problem.bias == "none")]
    separate = problem.L == 2 or len(set(keys)) == len(keys)
    require(separate, "rule", "two inputs are equal, or without bias one is 0 or two are opposite")
    step.require_at(ALMOST, matrix="P")
    exists = problem.is_smooth(1) or problem.bias != "none" or not tanh or all(any(row) for row in problem.X)
    require(exists, "rule", "P may exist nowhere, as an input is 0")
    read.fields(chosen, ("exponentials", "weights", "values"), place)

    def table(value: Any, where: str, rows: int, width: int, least: int = 0) -> Array:
        return np.array(read.rows(value, where, evidence.residue(p, least), rows, width), dtype=object)

    u = table(chosen["exponentials"], f"{place}.exponentials", n[1], problem.fan_in(1), 1)
    listed = read.items(chosen["weights"], f"{place}.weights", problem.L - 1)
    weights = [table(W, f"{place}.weights[{k}]", n[k + 1], n[k + 2]) for k, W in enumerate(listed)]
    free = read.items(chosen["values"], f"{place}.values", problem.L - 2)
    above = [table(v, f"{place}.values[{k}]", problem.T, n[k + 2]) for k, v in enumerate(free)]

    def values(layer: int, z: Series) -> tuple[Series, Series]:
        v = Series([_first_values(step, u, p, tanh) if layer == 1 else above[layer - 2]])
        return v, 1 - v * v if tanh else v - v * v

    layers: list[Any] = [(W, [ZERO] * W.shape[1]) for W in (np.full((n[0], n[1]), ZERO), *weights)]
    return entries(step.matrix(), problem, Box(Point(tuple(layers))), Substitution(step, p, values), rows, columns)


def _first_values(step: Step, u: Array, p: int, tanh: bool) -> Any:
    """Return ``σ(z_1)`` of shape ``(T, n_1)`` for residues in place of the exponentials ``u_{ab}``."""
    problem = step.problem
    D = evidence.common_denominator((x for row in problem.X for x in row), 2**16, step.work)
    step.work.spend(problem.T * u.shape[1] * (limits.rational_work(D.bit_length()) + 10 * len(u)), "powers of residues")
    powers = [[int((x * D).p) * (2 if tanh else 1) % (p - 1) for x in row] for row in problem.inputs]
    s = np.array([[math.prod(map(pow, bases, row), start=nmod(1, p)) for bases in u] for row in powers], dtype=object)
    return (s - 1) / (s + 1) if tanh else s / (s + 1)


def rank_patterns(step: Step) -> Result:
    r"""Softsign is ``z/(1+sz)`` with derivative ``(1+sz)^{-2}``, s the sign of z, and at ``z = 0`` with either s.

    So ``P(W) = P_s(W)`` for the signs s met at W, and ``P_s`` is a matrix of rational functions of W whose denominators do not vanish
    there. If each ``P_s`` has rank ``T n_L`` modulo a prime at some residues in place of W, one of its minors is not the zero function, so
    it vanishes on a set of measure zero only; there are finitely many s. A permutation of units, and (unless their biases are fixed) a change of
    sign of all weights of a unit together with its s, change no rank, so one s of each class will do.
    """
    found = step.expect(0, "prime", "weights")
    problem, p = step.problem, evidence.prime(found["prime"])
    step.require_at(ALMOST, matrix="P")
    right = problem.L == 2 and problem.hidden[0].family == "softsign" and problem.strip
    require(right, "rule", "this needs one hidden layer of softsign and an output derivative that is not 0 anywhere")
    rational = all(isinstance(b, fmpq) for row in problem.constants for b in row or ())
    require(rational, "rule", "the fixed biases must be rational")
    limit(problem.T, limits.MAX_SIGN_SAMPLES, "the number of samples")
    w = np.array(read.each(found["weights"], "evidence.weights", evidence.residue(p), problem.N_net), dtype=object)
    layers: list[Any] = []
    for l, n in enumerate(problem.widths[1:], start=1):
        block = w[problem.below(l) : problem.below(l + 1)].reshape(n, -1).T
        layers.append((block[:-1], block[-1]) if problem.bias_rows_of(l) else (block, problem.constants[l - 1]))
    fixed, n_1 = problem.biases[0] == "fixed", problem.widths[1]
    unit = [s for s in itertools.product((1, -1), repeat=problem.T) if fixed or s[0] == 1]
    for signs in itertools.product(unit, repeat=n_1) if fixed else itertools.combinations_with_replacement(unit, n_1):
        with evidence.no_zero_denominator("evidence.weights"):
            P = entries(step.matrix(), problem, Box(Point(tuple(layers))), Substitution(step, p, partial(_softsign, signs)))
        full = evidence.residues(P, p, step.work).rank() == problem.columns
        require(full, "evidence.weights", "P does not have full rank modulo the prime for some pattern of signs")
    return step.lower(problem.columns), Rigor.EXACT


def _softsign(signs: Sequence[Sequence[int]], layer: int, z: Series) -> tuple[Series, Series]:
    """Return ``z/(1+sz)`` and ``(1+sz)^{-2}`` for given signs s of the units."""
    w = Series([1 / (z * np.array(signs, dtype=object).T + 1).coefficients[0]])
    return z * w, w * w


def rank_inclusion(step: Step) -> Result:
    """A square submatrix whose balls, at the point or all over the box of the witness, hold invertible matrices only: ``r(M) ≥`` its size."""
    found = step.expect(0, "rows", "columns", "precision")
    matrix = step.matrix()
    rows, columns = evidence.minor(found, matrix)
    with step.balls() as ring:
        count_inverse(step.work, len(rows))
        balls = entries(matrix, step.problem, step.box_or_none(matrix), ring, rows, columns)
        require_invertible(balls, "evidence.rows")
    return step.lower(len(rows)), Rigor.BALL


def _polynomial(step: Step, value: Any, place: str) -> Any:
    """Return a polynomial in u from pairs of exponent and integer coefficient."""
    terms = dict(read.tuples(value, place, read.below(limits.MAX_EXPONENT + 1), read.rational, ordered=1))
    require(all(q.q == 1 and q != 0 for q in terms.values()), place, "a coefficient is an integer other than 0", "number")
    size = max(terms, default=-1) + 1
    count_ratio(step.work, size, max((int(q.p.bit_length()) for q in terms.values()), default=0))
    return Ratio(step.work, fmpq_poly([terms.get(n, ZERO) for n in range(size)])) if terms else ZERO


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
    ring: Ring = (formal := step.formal())
    entry: Callable[[Any, str], Any] = read.rational
    if kind == "Z[u]":
        entry = partial(_polynomial, step)
        ring = ExponentialRing(step.work, _exponential_setting(step), Ratio(step.work, fmpq_poly([0, 1])))
    size = matrix.shape[0 if side == "left" else 1]
    vectors = np.array(evidence.reduced_vectors(found["vectors"], place, size, entry), dtype=object).reshape(-1, size)
    M = entries(matrix, step.problem, step.box_or_none(matrix, exact=True), ring)
    M = M.T if side == "left" else M
    if kind == "Q" and all(isinstance(x, fmpq) for x in M.flat):
        ring.count(M.size * len(vectors), 0, M, vectors, inner=size)
        images: Any = product(M, vectors.T).T
    else:
        ring.count(len(M) * int(np.count_nonzero(vectors != 0)), 0, M, inner=size)
        images = [M[:, v != 0] @ v[v != 0] for v in vectors]
    for k, image in enumerate(images):
        require(all(vanishes(x) for x in image), f"{place}[{k}]", "the vector is not annihilated")
    return step.upper(size - len(vectors)), rigor_of(formal)


def rank_residual(step: Step) -> Result:
    """At a critical point without weight decay ``P ε = T ∇J = 0``; the ball of one ``∇E_ij`` does not contain 0, so ``ε ≠ 0`` and ``r(P) < T n_L``."""
    found = step.expect(1, "sample", "output", "precision")
    step.claim(0, "stationary")
    require(step.conclusion["matrix"] == "P", "conclusion.matrix", "this rule is about P", "conclusion")
    require(step.problem.decay is None, "rule", "this is about a loss without weight decay", "rule")
    with step.balls() as ring:
        residual = residuals(ring, step.problem, outputs(ring, step.problem, step.box()))[step.sample_and_output(found)]
        require(not_zero(residual), "evidence.output", "the ball of this derivative of the error contains 0")
    return step.upper(step.problem.columns - 1), Rigor.BALL


def rank_family(step: Step) -> Result:
    """The identities of a family are vectors G with ``GᵀP = 0``, independent as their coefficients at the components implied: ``r(P) ≤ N −`` their number.

    For softmax ``GᵀP`` need not be 0, but have equal entries within a sample.
    """
    step.expect(1)
    facts, softmax = step.claim(0, "stationary"), step.problem.error.family == "softmax"
    right = "implied" in facts and not softmax
    require(right, "premises[0]", "a family of critical points, and another error than softmax, is needed", "premise")
    require(step.conclusion["matrix"] == "P", "conclusion.matrix", "this rule is about P", "conclusion")
    return step.upper(step.problem.N_net - facts["implied"]), Rigor.EXACT
