"""False or unsupported bounds of ranks from evidence about the entries: each is rejected with its code and place."""

from __future__ import annotations

import itertools

import pytest
from cases.kernel_cases_ranks import deficient_point
from cases.kernel_draft import EVERYWHERE, PRIME, XOR_Y, Draft, layer, residues
from cases.kernel_outcomes import accepted, outcome
from cases.kernel_problems import GENERIC, KINKED, xor
from flint import fmpz


def minor(d, matrix, rows, columns, u=None, at=0, prime=PRIME):
    return d.lower("rank-minor", matrix, len(rows), at, (), residues(rows, columns, None if u is None else {"u": u}, prime))


def test_no_minor_of_size_4_is_accepted_at_the_deficient_point():
    for rows in itertools.combinations(range(9), 4):
        d = xor(deficient_point("1"))
        minor(d, "P", list(rows), [0, 1, 2, 3], 777)
        assert outcome(d) == ("evidence", "evidence.rows")


@pytest.mark.parametrize("precision", [53, 128, 4000])
def test_no_ball_shows_rank_4_at_the_deficient_point(precision):
    d = xor(deficient_point("1"))
    evidence = {"rows": [0, 1, 2, 3], "columns": [0, 1, 2, 3], "precision": precision}
    d.lower("rank-inclusion", "P", 4, 0, (), evidence, "BALL")
    assert outcome(d) == ("evidence", "evidence.rows")


@pytest.mark.parametrize("method", ["cholesky", "inverse"])
def test_no_factorisation_shows_rank_4_at_the_deficient_point(method):
    d = xor(deficient_point("1"))
    d.singular("P", method=method)
    assert outcome(d) == ("evidence", "evidence.least")


@pytest.mark.parametrize(
    ("vectors", "place"),
    [
        ([["1", "-1", "-1", "1"], ["2", "-2", "-2", "2"]], "evidence.vectors"),
        ([["1", "-1", "-1", "1"], ["1", "-1", "-1", "1"]], "evidence.vectors"),
        ([["-1", "1", "1", "-1"]], "evidence.vectors[0][3]"),
        ([["1", "-1", "-1", "1"], ["0", "0", "0", "0"]], "evidence.vectors[1]"),
        ([["1", "-1", "1", "0"], ["1", "-1", "-1", "1"]], "evidence.vectors"),
        ([["1", "-1", "1", "0"], ["1", "-1", "0", "1"]], "evidence.vectors[0]"),
    ],
)
def test_kernel_vectors_must_be_reduced_and_annihilated(vectors, place):
    d = xor(deficient_point("1"))
    d.kernel("P", vectors)
    assert outcome(d) == ("evidence", place)


@pytest.mark.parametrize("matrix", ["P", "Phi-1", "Phi-1+", "Psi-1", "W-1", "W-2*", "P-2"])
def test_a_matrix_that_depends_on_weights_needs_a_point(matrix):
    for rows in ([], [0]):
        d = xor(GENERIC)
        minor(d, matrix, rows, rows, at=EVERYWHERE)
        assert outcome(d) in (("conclusion", "conclusion.at"), ("evidence", "evidence.columns"))
    d = xor(GENERIC)
    d.kernel(matrix, [["1", "-1", "-1", "1"]], EVERYWHERE)
    assert outcome(d)[0] in ("conclusion", "schema")


@pytest.mark.parametrize("matrix", ["Phi-0", "Phi-0+"])
def test_a_matrix_of_samples_is_the_same_everywhere(matrix):
    d = xor(GENERIC)
    minor(d, matrix, [0], [2])
    assert outcome(d) == ("conclusion", "conclusion.at")
    d.undo()
    minor(d, matrix, [0], [2], at=EVERYWHERE)
    assert accepted(d)


def test_an_empty_minor_proves_nothing_whatever_its_evidence():
    for change in ({}, {"substitution": {"u": "5"}}, {"substitution": {"u": 0}}, {"prime": 4}, {"rows": [0]}):
        d = xor(GENERIC)
        d.lower("rank-minor", "P", 0, 0, (), {**residues([], []), **change})
        assert outcome(d)[0] in ("evidence", "schema")


@pytest.mark.parametrize(("part", "u", "place"), [("W", None, "prime"), ("X", None, "prime"), ("W", 17, "substitution")])
def test_the_prime_must_divide_no_denominator(part, u, place):
    small = f"1/{PRIME}"
    point = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/3"]), layer([[small if part == "W" else "1"], ["2"]], ["0"])]
    X = [["0", "0"], ["0", small if part == "X" else "1"], ["1", "0"], ["1", "1"]]
    d = Draft((2, 2, 1), X, XOR_Y, point, activation="softsign" if u is None else "tanh")
    matrix, row, column = ("Phi-0", 1, 1) if part == "X" else ("P-1", 0, 2)
    minor(d, matrix, [row], [column], u, EVERYWHERE if part == "X" else 0)
    assert outcome(d) == ("evidence", f"evidence.{place}")


def test_u_must_leave_all_denominators():
    prime = next(p for p in range(2**20 + 1, 2**21) if p % 4 == 1 and fmpz(p).is_prime())
    root = next(r for a in range(2, 100) if (r := pow(a, (prime - 1) // 4, prime)) and r * r % prime == prime - 1)
    point = [layer([["1"]], ["0"]), layer([["1"]], ["0"])]
    for u, expected in (
        (0, "evidence.substitution.u"),
        (prime, "evidence.substitution.u"),
        (root, "evidence.substitution"),
        (-1, "evidence.substitution.u"),
    ):
        d = Draft((1, 1, 1), [["1"], ["2"]], [["0"], ["0"]], point)
        minor(d, "Phi-1", [0], [1], u, prime=prime)
        assert outcome(d) == ("evidence", expected)
    d = Draft((1, 1, 1), [["1"], ["2"]], [["0"], ["0"]], point)
    minor(d, "Phi-1", [0], [1], 3, prime=prime)
    assert accepted(d)


@pytest.mark.parametrize(
    ("options", "place"),
    [({"activation": "arctan"}, "rule"), ({"activation": "softsign"}, "rule"), ({"output_activation": "sin"}, "rule")],
)
def test_u_needs_its_setting(options, place):
    d = xor(GENERIC, **options)
    minor(d, "P", [0], [0], 5)
    assert outcome(d) == ("evidence", place)


def test_u_needs_rational_weights_and_one_hidden_layer():
    irrational = [layer([[["0", [[["pi"], "1"]]], "-2"], ["3/2", "1/2"]], ["1/4", "-1/2"]), GENERIC[1]]
    d = xor(irrational)
    minor(d, "Phi-1", [0], [1], 5)
    assert outcome(d) == ("evidence", "rule")
    deep = [layer([["1"]], ["0"]), layer([["1"]], ["0"]), layer([["1"]], ["0"])]
    d = Draft((1, 1, 1, 1), [["1"]], [["1"]], deep)
    minor(d, "Phi-1", [0], [0], 5)
    assert outcome(d) == ("evidence", "rule")


def test_values_that_are_not_rational_need_u_or_balls():
    d = xor(GENERIC)
    minor(d, "Phi-1", [0], [0])
    assert outcome(d) == ("evidence", "evidence.substitution")


@pytest.mark.parametrize("substitution", [{}, {"v": 3}, {"u": 3, "v": 3}, {"u": "3"}, [3], "u", 3, True, {"u": True}, {"exponentials": []}])
def test_no_other_substitution_is_known(substitution):
    d = xor(GENERIC)
    d.lower("rank-minor", "P", 1, 0, (), residues([0], [0], substitution))
    assert outcome(d)[0] in ("schema", "conclusion")


@pytest.mark.parametrize("activation", ["relu", "leaky-relu:1/10"])
def test_a_kink_anywhere_rejects_evidence_and_claims(activation):
    d = xor(KINKED, activation=activation)
    minor(d, "P", [0], [0])
    assert outcome(d) == ("evidence", "conclusion.at")
    d = xor(KINKED, activation=activation)
    d.lower("rank-inclusion", "P", 1, 0, (), {"rows": [0], "columns": [0], "precision": 64}, "BALL")
    assert outcome(d) == ("evidence", "conclusion.at")
    for method in ("cholesky", "inverse"):
        d = xor(KINKED, activation=activation)
        d.singular("P-1", method=method)
        assert outcome(d) == ("evidence", "conclusion.at")
    d = xor(KINKED, activation=activation)
    d.kernel("P", [["1", "-1", "-1", "1"]])
    assert outcome(d) == ("evidence", "conclusion.at")


def two_units(activation, bias="-1"):
    point = [layer([["1", "1"]], [bias, "1"]), layer([["1"], ["1"]], ["0"])]
    return Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["2"]], point, activation=activation)


@pytest.mark.parametrize("activation", ["relu", "leaky-relu:1/10"])
def test_claims_that_mean_a_derivative_at_a_kink_need_it_to_exist(activation):
    """The bounds hold where P exists; a claim about P at these weights needs the claim that it does, which is refused at a kink."""
    facts = {"rank_lower": 2, "rank_upper": 2, "columns": 2}
    for bias in ("-1", "-1/2"):
        d = two_units(activation, bias)
        phi, square = d.minor("Phi-1+"), d.minor("Phi-1")
        low, up = d.lower("rank-stack", "P", 2, 0, [d.last_block("P-2", 2, 0, phi)]), d.size("P", 2)
        assert accepted(d)
        claims = (
            ("full-rank", facts, [low, up]),
            ("wide-layer", {"layer": 1}, [phi]),
            ("one-hidden-layer", {}, [square]),
        )
        for statement, found, premises in claims:
            d.define(statement, 0, found, premises)
            assert outcome(d) == ("premise", "premises")
            d.undo()
        d.differentiable()
        if bias == "-1":
            assert outcome(d) == ("evidence", "conclusion.at")
            continue
        here = len(d.document["steps"])
        for statement, found, premises in claims:
            d.define(statement, 0, found, [*premises, here])
            assert accepted(d)


def test_a_hidden_zero_is_a_kink_too():
    """z = 4^{1/2} - 2 is 0 as a real number, though not formally."""
    two = ["0", [[["root", "4", 2], "1"]]]
    d = Draft((1, 1, 1), [["1"]], [["0"]], [layer([[two]], ["-2"]), layer([["1"]], ["0"])], activation="relu")
    d.lower("rank-stack", "P", 1, 0, [d.last_block("P-2", 1, 0, d.lower("rank-size", "Phi-1+", 1, EVERYWHERE))])
    assert accepted(d)
    for order in (1, 2):
        d.differentiable(order, rigor="BALL")
        assert outcome(d) == ("evidence", "conclusion.at")
        d.undo()


def test_second_derivatives_at_a_kink_of_the_first():
    point = [layer([["1", "1"]], ["0", "2"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((1, 2, 1), [["0"], ["1"]], [["2/3"], ["5/4"]], point, activation="softsign")
    learner, low, up = d.claim("learner-exact", "exact-learner"), d.minor("P"), d.size("P", 2)
    d.define("full-rank", 0, {"rank_lower": 2, "rank_upper": 2, "columns": 2}, [low, up])
    morse, once = d.record("principle-morse", {"error": "squared"}), d.differentiable(1)
    assert accepted(d)
    d.differentiable(2)
    assert outcome(d) == ("evidence", "conclusion.at")
    d.undo()
    d.define("hessian-rank", 0, {"rank_lower": 2, "rank_upper": 2}, [learner, low, up, morse])
    assert outcome(d) == ("premise", "premises")
    d.undo()
    d.define("hessian-rank", 0, {"rank_lower": 2, "rank_upper": 2}, [learner, low, up, morse, once])
    assert outcome(d) == ("premise", "premises[4]")
