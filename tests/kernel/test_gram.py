"""Full column rank in double precision: accepted where it is plain, never where the matrix is singular, however near the doubles come."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from cases.kernel_cases import XOR_X, XOR_Y, Draft, deficient_point, layer

from lossproof.certificates.kernel.check import check_certificate

RULES = ("rank-gram", "rank-gram-balanced", "rank-gram-preconditioned")


@pytest.fixture(params=RULES)
def gram(request):
    """Check a draft with one more step, which claims full column rank by one of the rules."""

    def check(draft, name="P"):
        problem = draft.document["problem"]
        columns = len(problem["X"]) * problem["widths"][-1]
        draft.lower(request.param, name, columns, 0, rigor="VERIFIED_FLOAT")
        result = check_certificate(draft.finish())
        assert result.ok or result.failures[0].code in ("evidence", "limit")
        return result

    check.rule = request.param
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
    last = 8 if gram.rule == "rank-gram-preconditioned" else 4
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
    assert gram(d).ok == (gram.rule != "rank-gram")  # columns 1 and 3 differ by 10^-8 in direction, but rows of one size tell them apart
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


def test_too_many_columns_and_too_few_rows(gram):
    d = Draft((1, 1), [["1"]] * 60_001, [["1"]] * 60_001, [layer([["1"]], ["0"])])
    result = gram(d)
    assert (result.failures[0].code, result.failures[0].place) == ("limit", "steps[0].evidence")
    d = Draft((2, 2, 1), XOR_X * 3, XOR_Y * 3, deficient_point("1"))
    assert gram(d).failures[0].place == "steps[0].conclusion.rank_lower"


@pytest.mark.parametrize("rule", RULES)
def test_only_p_and_its_blocks(rule):
    d = random_network(1, (2, 4, 1), 3)
    d.lower(rule, "Phi-1+", 3, 0, rigor="VERIFIED_FLOAT")
    assert check_certificate(d.finish()).failures[0].place == "steps[0].conclusion.matrix"


@pytest.mark.parametrize("exponent", [3, 5, 9, 20, 50])
def test_rows_of_very_different_size_are_no_obstacle_once_balanced(exponent):
    """Two inputs that differ in a coordinate of size ``10^-k`` only."""
    proved = {}
    for rule in RULES:
        d = random_network(7, (2, 6, 1), 2)
        d.document["problem"]["X"] = [["1", "0"], ["1", f"1/{10**exponent}"]]
        d.lower(rule, "P", 2, 0, rigor="VERIFIED_FLOAT")
        proved[rule] = check_certificate(d.finish()).ok
    assert proved == {"rank-gram": exponent <= 5, "rank-gram-balanced": True, "rank-gram-preconditioned": True}
