"""Estimates guide and never prove; evidence holds plain data only; the precision is set in one place."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest
from cases.field_cases import random_problem
from flint import arb, fmpq

from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.estimates import Estimate, mp_rank, mp_singular_values, singular_values
from lossproof.numerics.network.matrices import named_matrix
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor


def test_singular_values_agree_with_numpy_for_all_kinds_of_entries():
    plain = np.array([[1.0, 2.0, -0.5], [0.25, 3.0, 4.0]])
    expected = np.linalg.svd(plain, compute_uv=False)
    kinds = [
        plain,
        np.array([[Fraction(x) for x in row] for row in plain], dtype=object),
        np.array([[fmpq(*x.as_integer_ratio()) for x in row] for row in plain], dtype=object),
        np.array([[arb(x) for x in row] for row in plain], dtype=object),
        MpmathField(40).array(plain),
    ]
    for matrix in kinds:
        for A in (matrix, matrix.T):
            assert np.allclose(singular_values(A).value, expected, rtol=1e-14)
            assert np.allclose([float(s) for s in mp_singular_values(A, 40).value], expected, rtol=1e-14)


def test_multiple_precision_sees_what_doubles_do_not():
    a = Architecture.of("1-2-1", "tanh", bias="none")
    samples = Samples.of([[1], [1 + Fraction(1, 10**30)]], [0, 1])
    weights = Weights.of(a, [([[1, -2]], None), ([[1], [3]], None)])
    problem = Problem(a, error_named("squared"), samples)
    P = named_matrix(problem, weights, "P", MpmathField(80))
    assert mp_rank(P, 80).value == 2
    assert np.linalg.matrix_rank(P.astype(float)) == 1


def test_ranks_are_relative_to_the_size_of_the_matrix():
    tiny = np.array([[Fraction(1, 10**40), Fraction(0)], [Fraction(0), Fraction(1, 10**41)]], dtype=object)
    assert mp_rank(tiny, 30).value == 2
    assert mp_rank(np.zeros((2, 2)), 30).value == 0
    assert mp_rank(np.empty((0, 3))).value == 0
    problem, weights = random_problem(1, (2, 2, 1))
    assert mp_rank(named_matrix(problem, weights, "P", MpmathField(40)), 40).value == 3


def test_an_estimate_cannot_become_evidence():
    guess = mp_rank(np.eye(2))
    assert guess == Estimate(2, "singular values above 10^-45 of the largest", 50)
    assert not hasattr(guess, "rigor")
    with pytest.raises(TypeError, match="Estimate"):
        RankEvidence(1, True, "rank-minor", Rigor.EXACT, {"rows": [guess], "columns": [0], "prime": 1048583, "substitution": None})


@pytest.mark.parametrize("bad", [0.5, np.int64(3), True, (1, 2), arb(1), {1, 2}])
def test_payloads_hold_plain_data_only(bad):
    with pytest.raises(TypeError, match="payload"):
        RankEvidence(1, True, "rank-inclusion", Rigor.BALL, {"rows": [0], "columns": [0], "precision": bad})


def test_rank_evidence_has_the_keys_of_its_rule():
    good = {"rows": [0], "columns": [1], "precision": 64}
    assert RankEvidence(1, True, "rank-inclusion", Rigor.BALL, good).text == "rank ≥ 1"
    assert RankEvidence(3, False, "rank-kernel", Rigor.EXACT, {"side": "right", "vectors": [], "entries": "Q"}).text == "rank ≤ 3"
    in_doubles = {"method": "cholesky", "balanced": True, "least": "0"}
    assert RankEvidence(4, True, "singular-value", Rigor.VERIFIED_FLOAT, in_doubles).text == "rank ≥ 4"
    with pytest.raises(TypeError, match="payload"):
        RankEvidence(4, True, "singular-value", Rigor.VERIFIED_FLOAT, {**in_doubles, "least": False})
    with pytest.raises(ValueError, match="keys"):
        RankEvidence(1, True, "rank-inclusion", Rigor.BALL, {"rows": [0]})
    with pytest.raises(ValueError, match="one of the rules"):
        RankEvidence(1, True, "rank-guess", Rigor.BALL, good)
    with pytest.raises(ValueError, match="at least 0"):
        RankEvidence(-1, True, "rank-inclusion", Rigor.BALL, good)
    with pytest.raises(ValueError, match="needs no proof"):
        RankEvidence(0, True, "rank-inclusion", Rigor.BALL, good)


def test_the_precision_is_restored_even_after_an_error():
    before = flint.ctx.prec
    with ball_precision(333), ball_precision(64):
        assert flint.ctx.prec == 64
    with pytest.raises(ZeroDivisionError), ball_precision(500):
        raise ZeroDivisionError
    assert flint.ctx.prec == before
    for bits in (1, 2_000_000):
        with pytest.raises(ValueError, match="precision must lie"), ball_precision(bits):
            pass
