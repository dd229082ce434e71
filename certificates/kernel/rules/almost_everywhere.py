"""The rule for the rank of ``P`` at almost all weights of sigmoid and tanh networks of any depth (section 6): values of σ as free variables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement, pairwise, product
from math import comb
from typing import Any

import numpy as np
from flint import fmpq, fmpz, nmod, nmod_mat

from lossproof.certificates.kernel.arithmetic.rings import logistic_values
from lossproof.certificates.kernel.network.matrices import Matrix, khatri_rao_entries, parse_matrix, phi_plus
from lossproof.certificates.kernel.reading.limits import MAX_ENTRIES, MAX_WORK, Array, limit
from lossproof.certificates.kernel.reading.parse import Rejected, read_integer, read_list, require
from lossproof.certificates.kernel.reading.problem import Problem, row_key
from lossproof.certificates.kernel.rules.evidence import read_minor
from lossproof.certificates.kernel.rules.step import ALMOST, Result, Step, claim
from lossproof.theory.verdicts import Rigor

MAX_PATTERNS = 5000
Rows = list[list[int]]


def full_rank_independent_values(step: Step) -> Result:
    r"""One minor of P, of size r, is not the zero function of W, so it is not 0 at almost every W: P is real-analytic there, and ``r(P) ≥ r``.

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
    """
    found = step.expect(1, "rows", "columns", "prime", "exponentials", "weights", "values")
    problem = step.problem
    right = problem.L >= 2 and problem.activation.family in ("sigmoid", "tanh") and problem.strip and problem.bias != "fixed"
    require(right, "rule", "this needs hidden sigmoid or tanh, an output derivative that is not 0 anywhere and no fixed bias")
    require(problem.L == 2 or _separate_inputs(problem), "rule", "two inputs are equal, or without bias one is 0 or two are opposite")
    upper, columns = step.bound(0, "P", "rank_upper", None), problem.columns
    matrix = parse_matrix("P", problem)
    rows, chosen = read_minor(found, matrix)
    p = read_integer(found["prime"], "evidence.prime", 2**20, 2**62 - 1)
    require(bool(fmpz(p).is_prime()), "evidence.prime", f"{p} is not a prime")
    minor = _submatrix(problem, matrix, found, p, rows, chosen)
    require(
        int(nmod_mat(len(rows), len(rows), [nmod(int(x), p) for x in minor.flat], p).det()) != 0,
        "evidence.rows",
        "the minor is 0 modulo the prime",
    )
    proved = len(rows) == columns
    require(proved or upper < columns, "premises", "the bounds do not decide whether the rank is full", "premise")
    return claim("full-rank", ALMOST, proved, {"rank_lower": len(rows), "rank_upper": upper, "columns": columns}), Rigor.EXACT


def _separate_inputs(problem: Problem) -> bool:
    """Tell whether all inputs differ; without bias, also whether none is 0 and no two are opposite."""
    keys = [row_key(row) for row in problem.X]
    if problem.bias == "none":
        keys += [row_key([-x for x in row]) for row in problem.X]
    return len(set(keys)) == len(keys)


def _residues(value: Any, place: str, rows: int, width: int, p: int, least: int = 0) -> Array:
    table = [read_list(row, f"{place}[{i}]", width) for i, row in enumerate(read_list(value, place, rows))]
    read = [[nmod(read_integer(x, f"{place}[{i}][{j}]", least, p - 1), p) for j, x in enumerate(row)] for i, row in enumerate(table)]
    return np.array(read, dtype=object).reshape(rows, width)


def _submatrix(problem: Problem, matrix: Matrix, found: Mapping[str, Any], p: int, rows: Sequence[int], columns: Sequence[int]) -> Array:
    """Return the chosen rows and columns of P at the residues."""
    n, T, L = problem.widths, problem.T, problem.L
    work = T * n[1] * problem.fan_in(1) + T * problem.n_L * sum(a * b for a, b in pairwise(n[1:]))
    limit(work, MAX_WORK, "the work of a pass")
    limit(len(rows) * len(columns), MAX_ENTRIES, "the number of entries of a matrix")
    exponentials = _residues(found["exponentials"], "evidence.exponentials", n[1], problem.fan_in(1), p, 1)
    listed = read_list(found["weights"], "evidence.weights", L - 1)
    weights = {l: _residues(listed[l - 2], f"evidence.weights[{l - 2}]", n[l - 1], n[l], p) for l in range(2, L + 1)}
    free = read_list(found["values"], "evidence.values", L - 2)
    phi = [np.array([[nmod(residue(x, p), p) for x in row] for row in problem.X], dtype=object), _first_values(problem, exponentials, p)]
    phi += [_residues(free[l - 2], f"evidence.values[{l - 2}]", T, n[l], p) for l in range(2, L)]
    one = np.array([[nmod(int(a == j), p) for j in range(problem.n_L)] for a in range(problem.n_L)], dtype=object)
    psi: dict[int, Array] = {L: np.broadcast_to(one, (T, *one.shape))}
    for l in range(L - 1, 0, -1):
        slope = phi[l] * (1 - phi[l]) if problem.activation.family == "sigmoid" else 1 - phi[l] * phi[l]
        psi[l] = slope[:, :, None] * (weights[l + 1] @ psi[l + 1])
    r, c = np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)
    offset, blocks = 0, []
    for l in range(1, L + 1):
        m = problem.fan_in(l)
        local = r[(r >= offset) & (r < offset + m * n[l])] - offset
        blocks.append(khatri_rao_entries(psi[l], phi_plus(phi[l - 1], m), local, c))
        offset += m * n[l]
    return np.concatenate(blocks)


def _first_values(problem: Problem, exponentials: Array, p: int) -> Array:
    """Return ``σ(z_1)`` of shape ``(T, n_1)``, with the given residues for ``e^{w/D}``."""
    D = math.lcm(*(int(x.q) for row in problem.X for x in row))
    family = problem.activation.family
    k = 1 if family == "sigmoid" else 2
    limit(D.bit_length(), 2**16, "the length of the common denominator of the inputs in bits")
    values = np.empty((problem.T, problem.widths[1]), dtype=object)
    for i, row in enumerate(problem.X):
        exponents = [int((x * D).p) * k % (p - 1) for x in row] + ([D * k % (p - 1)] if problem.bias_rows else [])
        for a in range(problem.widths[1]):
            s = nmod(1, p)
            for u, exponent in zip(exponentials[a], exponents, strict=True):
                s = s * nmod(pow(int(u), exponent, p), p)
            require(int(s) != p - 1, "evidence.exponentials", "a denominator of layer 1 vanishes modulo the prime")
            values[i, a] = logistic_values(family, 0, s)
    return values


GENERIC_RULES: Mapping[str, Callable[[Step], Result]] = {"full-rank-independent-values": full_rank_independent_values}


def residue(value: fmpq, p: int) -> int:
    """Return a rational modulo a prime; raises `Rejected` if the prime divides the denominator."""
    if value.q % p == 0:
        raise Rejected("evidence.prime", "evidence", "the prime divides a denominator")
    return int(value.p) * pow(int(value.q), -1, p) % p


def _unit_patterns(problem: Problem) -> list[tuple[int, ...]]:
    """Return the sign vectors of one unit; up to a common sign where the unit's weights and bias may all change their sign."""
    patterns = product((1, -1), repeat=problem.T)
    return [s for s in patterns if s[0] == 1 or problem.bias == "fixed"]


def _unit_rows(problem: Problem, w: list[int], v: list[int], signs: tuple[int, ...], p: int) -> Rows:
    """Return the rows of P of one hidden unit mod p: ``v_j x⁺_b / (1+sz)²`` in block 1, ``δ_jk z/(1+sz)`` in block 2."""
    inputs = [[residue(x, p) for x in row] for row in problem.X]
    bias = 1 if problem.bias == "trainable" else 0
    first: Rows = [[] for _ in w]
    values = []
    for x, s in zip(inputs, signs, strict=True):
        extended = x + [1] * bias
        z = sum(a * b for a, b in zip(w, extended, strict=False)) + (0 if bias else w[-1])
        denominator = (1 + s * z) % p
        if denominator == 0:
            raise Rejected("evidence.weights", "evidence", "a denominator 1 ± z vanishes modulo the prime")
        inverse = pow(denominator, -1, p)
        values.append(z * inverse % p)
        for b, entry in enumerate(extended):
            first[b] += [v_j * entry * inverse * inverse % p for v_j in v]
    if not bias:
        first.pop()
    second = [[value if k == j else 0 for value in values for k in range(problem.n_L)] for j in range(problem.n_L)]
    return first + second


def _networks(problem: Problem, residues: list[int], p: int) -> Iterator[Rows]:
    """Yield the rows of ``P_s`` mod p for all choices of sign vectors, up to a permutation of units where units are alike."""
    _, n_1, n_L = problem.widths
    m, second_fan_in = problem.fan_in(1), problem.fan_in(2)
    constant = [0] * n_1 if problem.fixed_bias is None else [residue(fmpq(b), p) for b in problem.fixed_bias[0] if isinstance(b, fmpq)]
    units = []
    for a in range(n_1):
        w = residues[a * m : (a + 1) * m] + ([] if problem.bias == "trainable" else [constant[a]])
        v = [residues[n_1 * m + j * second_fan_in + a] for j in range(n_L)]
        units.append([_unit_rows(problem, w, v, signs, p) for signs in _unit_patterns(problem)])
    indices = range(len(units[0]))
    choices = product(indices, repeat=n_1) if problem.bias == "fixed" else combinations_with_replacement(indices, n_1)
    ones = [[int(k == j) for _ in range(problem.T) for k in range(n_L)] for j in range(n_L)] if problem.bias == "trainable" else []
    for choice in choices:
        yield [row for a, k in enumerate(choice) for row in units[a][k]] + ones


def full_rank_sign_patterns(step: Step) -> Result:
    r"""Softsign is ``z/(1+sz)`` with derivative ``(1+sz)^{-2}``, s the sign of z, and at ``z = 0`` with either s.

    So ``P(W) = P_s(W)`` for the signs s met at W, and ``P_s`` is a matrix of rational functions of W whose denominators do not vanish
    there. If each ``P_s`` has rank ``T n_L`` modulo a prime at some residues in place of W, one of its minors is not the zero function, so
    it vanishes on a set of measure zero only; there are finitely many s. A permutation of units, and (unless biases are fixed) a change of
    sign of all weights of a unit together with its s, change no rank, so one s of each class will do.
    """
    found = step.expect(0, "prime", "weights")
    problem = step.problem
    right = problem.L == 2 and problem.activation.family == "softsign" and problem.strip
    require(right, "rule", "this needs one hidden layer of softsign and an output derivative that is not 0 anywhere")
    rational = problem.fixed_bias is None or all(isinstance(b, fmpq) for b in problem.fixed_bias[0])
    require(rational, "rule", "the fixed biases must be rational")
    p = read_integer(found["prime"], "evidence.prime", 2**20, 2**62 - 1)
    require(bool(fmpz(p).is_prime()), "evidence.prime", f"{p} is not a prime")
    listed = read_list(found["weights"], "evidence.weights", problem.N_net)
    residues = [read_integer(w, f"evidence.weights[{k}]", 0, p - 1) for k, w in enumerate(listed)]
    limit(problem.T, 16, "the number of samples")
    limit(problem.N_net * problem.columns, 10**4, "the number of entries of P")
    limit(pattern_count(problem), MAX_PATTERNS, "the number of sign patterns")
    for rows in _networks(problem, residues, p):
        rank = nmod_mat(len(rows), problem.columns, [x for row in rows for x in row], p).rank()
        require(rank == problem.columns, "evidence.weights", "P does not have full rank modulo the prime for some pattern of signs")
    columns = problem.columns
    return claim("full-rank", ALMOST, True, {"rank_lower": columns, "rank_upper": columns, "columns": columns}), Rigor.EXACT


def pattern_count(problem: Problem) -> int:
    """Return the number of sign patterns to check."""
    one, n_1 = len(_unit_patterns(problem)), problem.widths[1]
    return int(one**n_1) if problem.bias == "fixed" else comb(one + n_1 - 1, n_1)


SIGN_RULES: Mapping[str, Callable[[Step], Result]] = {"full-rank-sign-patterns": full_rank_sign_patterns}
