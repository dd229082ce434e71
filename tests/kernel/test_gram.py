"""Full column rank in double precision: accepted where it is plain, never where the matrix is singular, however near the doubles come."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from cases.kernel_cases_ranks import deficient_point
from cases.kernel_draft import XOR_X, XOR_Y, Draft, layer

from lossproof.certificates.kernel.check import check_certificate
from lossproof.theory import limits
from lossproof.theory.limits import MAX_GRAM_COLUMNS

WAYS = (("cholesky", False), ("cholesky", True), ("inverse", False), ("inverse", True))


def checked(draft, name, method, balanced, least="0"):
    """Check a draft with two more steps, which claim full column rank by one of the methods."""
    problem = draft.document["problem"]
    columns = len(problem["X"]) * (1 if name.startswith("Phi") else problem["widths"][-1])
    draft.lower("rank-regular", name, columns, 0, [draft.singular(name, least, 0, method, balanced)])
    result = check_certificate(draft.finish())
    draft.undo(2)
    assert result.ok or result.failures[0].code in ("evidence", "limit")
    return result


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0]}-{'balanced' if way[1] else 'plain'}")
def gram(request):
    """Check whether a draft has full column rank by one of the methods."""

    def check(draft, name="P"):
        return checked(draft, name, *request.param)

    check.way = request.param
    return check


def random_network(seed, widths, T, **options):
    rng = random.Random(seed)
    hexed = lambda rows, columns: [[rng.gauss(0, 1).hex() for _ in range(columns)] for _ in range(rows)]  # noqa: E731
    point = [layer(hexed(m, n), hexed(1, n)[0]) for m, n in itertools.pairwise(widths)]
    return Draft(widths, hexed(T, widths[0]), [["1/2"] * widths[-1]] * T, point, **options)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softsign", "relu", "gelu", "bent-identity", "sin"])
@pytest.mark.parametrize("output", ["identity", "sin"])
def test_random_networks_have_full_rank(gram, activation, output):
    assert gram(random_network(1, (4, 12, 2), 10, activation=activation, output_activation=output)).ok
    assert gram(random_network(2, (3, 6, 6, 1), 8, activation=activation, output_activation=output)).ok


def test_blocks(gram):
    assert gram(random_network(3, (4, 12, 2), 8), "P-2").ok
    assert not gram(random_network(3, (4, 12, 2), 14), "P-2").ok


@pytest.mark.parametrize("pieces", [1, 4, 1000])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softsign", "leaky-relu:1/10", "gelu", "sin"])
def test_values_of_hidden_layers(gram, activation, pieces, monkeypatch):
    """``n_l + 1`` samples at most are independent with the constant 1, and ``n_l`` without, however many are passed at once."""
    monkeypatch.setattr(limits, "FEATURE_VALUES", 19 * pieces)
    widths = (4, 9, 6, 2)
    cases = (
        (9, "Phi-1", True),
        (10, "Phi-1", False),
        (10, "Phi-1+", True),
        (11, "Phi-1+", False),
        (7, "Phi-2+", True),
        (8, "Phi-2+", False),
    )
    for T, name, full in cases:
        assert gram(random_network(T, widths, T, activation=activation), name).ok == full
    d = random_network(3, widths, 10, activation=activation, bias="none")
    for part in d.document["points"][0]:
        part["b"] = ["0"] * len(part["b"])
    assert not gram(d, "Phi-1+").ok


@pytest.mark.parametrize("output", ["1/3", "5"])
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_values_of_dependent_samples(gram, activation, output):
    """Two equal inputs, and two that one unit maps to the same values; far apart in the widths that are not looked at."""
    d = random_network(1, (3, 10, 1), 8, activation=activation)
    assert gram(d, "Phi-1+").ok
    d.document["problem"]["X"][7] = d.document["problem"]["X"][2]
    assert not gram(d, "Phi-1+").ok
    point = [layer([["1"] * 6, ["-1"] * 6], [str(Fraction(k, 7)) for k in range(6)]), layer([[output]] * 6, ["1"])]
    assert gram(Draft((2, 6, 1), [["0", "1/3"], ["1/3", "0"], ["1", "0"]], [["1"]] * 3, point, activation=activation), "Phi-1").ok
    assert not gram(Draft((2, 6, 1), [["0", "0"], ["1/3", "1/3"], ["1", "0"]], [["1"]] * 3, point, activation=activation), "Phi-1").ok


@pytest.mark.parametrize("c", ["1", "1/3", "1/7", "22/7", "1/1000", "123456789/1000", "5"])
@pytest.mark.parametrize("output", [["1", "3"], ["1/3", "-2/7"], ["1/10", "1000000"], ["1/1000000", "1/7"]])
def test_singular_points_stay_singular_though_their_doubles_are_not(gram, c, output):
    W = str(-2 * Fraction(c))
    point = [layer([[W, "0"], ["0", W]], [c, c]), layer([[w] for w in output], ["1/3"])]
    assert not gram(Draft((2, 2, 1), XOR_X, XOR_Y, point)).ok


@pytest.mark.parametrize("seed", range(12))
def test_equal_inputs_are_never_told_apart(gram, seed):
    d = random_network(seed, (3, 10, 1), 6, activation="tanh" if seed % 2 else "softplus")
    d.document["problem"]["X"][4] = d.document["problem"]["X"][1]
    assert not gram(d).ok


@pytest.mark.parametrize("exponent", [4, 6, 8, 10, 16, 30, 100])
def test_nearly_equal_inputs_are_accepted_only_with_room_to_spare(gram, exponent):
    d = random_network(5, (1, 2, 1), 2)
    d.document["problem"]["X"] = [["1"], [str(1 + Fraction(1, 10**exponent))]]
    ok = gram(d).ok
    last = 8 if gram.way[0] == "inverse" else 4
    assert ok if exponent <= last else not ok if exponent >= 16 else True


def test_dependent_units_and_polynomials(gram):
    rng = random.Random(9)
    X = [[str(Fraction(rng.randint(-50, 50), 7))] for _ in range(5)]
    point = [layer([["1", "2", "3", "1/3"]], ["1", "-1", "2", "0"]), layer([["1"], ["1"], ["2"], ["1/7"]], ["0"])]
    assert not gram(Draft((1, 4, 1), X, [["1"]] * 5, point, activation="power:2")).ok
    assert gram(Draft((1, 4, 1), X[:3], [["1"]] * 3, point, activation="power:2")).ok


def test_columns_of_very_different_size(gram):
    X = [[str(10**20), "0", "1"], ["0", "1", "0"], ["1/1000000000000", "0", f"1/{10**20}"]]
    d = Draft((3, 1), X, [["1"]] * 3, [layer([["1"], ["1"], ["1"]], ["0"])], bias="none")
    # columns 1 and 3 differ by 10^-8 in direction, but rows of one size tell them apart
    assert gram(d).ok == (gram.way != ("cholesky", False))
    X[2] = ["0", "0", f"1/{10**20}"]
    d = Draft((3, 1), X, [["1"]] * 3, [layer([["1"], ["1"], ["1"]], ["0"])], bias="none")
    assert gram(d).ok


@pytest.mark.parametrize("scale", [10**40, 10**300])
def test_extreme_magnitudes_are_refused(gram, scale):
    for X in ([[str(scale)], ["1"]], [[f"1/{scale}"], [f"3/{scale}"]]):
        d = Draft(
            (1, 2, 1), X, [["1"]] * 2, [layer([["1", "2"]], ["0", "0"]), layer([["1"], ["1"]], ["0"])], bias="none", activation="softsign"
        )
        assert not gram(d).ok


def test_irrational_weights_are_enclosed(gram):
    root = ["0", [[["root", "2", 2], "1"]]]
    point = [layer([[root, ["1", [[["pi"], "-1/3"]]]]], ["0", "1"]), layer([["1"], ["-1"]], ["0"])]
    assert gram(Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["0"]], point)).ok
    almost_zero = ["-2", [[["root", "4", 2], "1"]]]
    point = [layer([[almost_zero, "1"]], ["0", "1"]), layer([["1"], ["-1"]], ["0"])]
    assert not gram(Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["0"]], point)).ok


def test_too_few_rows(gram):
    d = Draft((2, 2, 1), XOR_X * 3, XOR_Y * 3, deficient_point("1"))
    assert gram(d).failures[0].place == "steps[0].evidence"


def test_too_many_columns():
    T = MAX_GRAM_COLUMNS + 1
    d = Draft((1, 1), [["1"]] * T, [["1"]] * T, [layer([["1"]], ["0"])])
    failure = checked(d, "P", *WAYS[0]).failures[0]
    assert (failure.code, failure.place) == ("limit", "steps[0].evidence")


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("name", ["Phi-0", "Phi-0+", "Phi-2", "Psi-1", "W-1", "P-3", "Q", ""])
def test_only_p_its_blocks_and_hidden_values(way, name):
    d = random_network(1, (2, 4, 1), 3)
    d.singular(name, "0", 0, *way)
    failure = check_certificate(d.finish()).failures[0]
    assert (failure.code, failure.place) in (("evidence", "steps[0].evidence"), ("conclusion", "steps[0].evidence.matrix"))


@pytest.mark.parametrize("exponent", [3, 5, 9, 20, 50])
def test_rows_of_very_different_size_are_no_obstacle_once_balanced(exponent):
    """Two inputs that differ in a coordinate of size ``10^-k`` only."""
    proved = {}
    for way in WAYS:
        d = random_network(7, (2, 6, 1), 2)
        d.document["problem"]["X"] = [["1", "0"], ["1", f"1/{10**exponent}"]]
        proved[way] = checked(d, "P", *way).ok
    assert proved == {WAYS[0]: exponent <= 5, WAYS[1]: True, WAYS[2]: exponent <= 9, WAYS[3]: True}


@pytest.mark.parametrize("method", ["cholesky", "inverse"])
def test_a_bound_above_0_is_for_p_as_it_is(method):
    d = random_network(1, (4, 12, 2), 10)
    for name, balanced, fine in (
        ("P", False, True),
        ("P", True, False),
        ("P-2", False, False),
        ("P-1", False, False),
        ("Phi-1+", False, False),
    ):
        result = checked(d, name, method, balanced, "1/1048576")
        assert result.ok == fine
        assert fine or (result.failures[0].code, result.failures[0].place) == ("evidence", "steps[0].evidence")


@pytest.mark.parametrize("method", ["cholesky", "inverse"])
def test_a_singular_value_is_bounded_by_what_it_is(method):
    """P of a linear network is known: ``X`` with a row of ones, whose scaled singular values are those of a triangular matrix."""
    d = Draft((1, 1), [["0"], ["1"]], [["0"], ["0"]], [layer([["1"]], ["0"])])
    # columns (0, 1), (1, 1) with norms 1 and √2, scaled by 1/2: σ_min² = (3 − √5)/8
    for least, fine in (
        ("1/4", True if method == "cholesky" else None),
        ("3/32", True),
        ("5/16", False),
        ("39/128", method == "cholesky" or None),
        ("1/2", False),
    ):
        result = checked(d, "P", method, False, least)
        assert fine is None or result.ok == fine, least
