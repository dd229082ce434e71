"""The rule for full rank almost everywhere of one hidden layer of softsign (section 6), sign pattern by sign pattern."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations_with_replacement, product
from math import comb

from flint import fmpq, fmpz, nmod_mat

from lossproof.certificates.kernel_parse import Rejected, read_integer, read_list
from lossproof.certificates.kernel_pass import limit
from lossproof.certificates.kernel_principle_rules import ALMOST, claim
from lossproof.certificates.kernel_problem import Problem
from lossproof.certificates.kernel_step import Result, Step, require
from lossproof.theory.verdicts import Rigor

MAX_PATTERNS = 5000

Rows = list[list[int]]


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
