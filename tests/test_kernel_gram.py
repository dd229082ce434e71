"""Full column rank in double precision: accepted where it is plain, never where the matrix is singular, however near the doubles come."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from kernel_cases import XOR_X, XOR_Y, Draft, deficient_point, layer

from lossproof.certificates.kernel import check_certificate


def gram(draft, name="P"):
    problem = draft.document["problem"]
    columns = len(problem["X"]) * problem["widths"][-1]
    draft.lower("rank-gram", name, columns, 0, rigor="VERIFIED_FLOAT")
    result = check_certificate(draft.finish())
    assert result.ok or result.failures[0].code in ("evidence", "limit")
    return result


def random_network(seed, widths, T, **options):
    rng = random.Random(seed)
    hexed = lambda rows, columns: [[rng.gauss(0, 1).hex() for _ in range(columns)] for _ in range(rows)]  # noqa: E731
    point = [layer(hexed(m, n), hexed(1, n)[0]) for m, n in itertools.pairwise(widths)]
    return Draft(widths, hexed(T, widths[0]), [["1/2"] * widths[-1]] * T, point, **options)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softsign", "relu", "gelu", "bent-identity", "sin"])
@pytest.mark.parametrize("output", ["identity", "sin"])
def test_random_networks_have_full_rank(activation, output):
    assert gram(random_network(1, (4, 12, 2), 10, activation=activation, output_activation=output)).ok
    assert gram(random_network(2, (3, 6, 6, 1), 8, activation=activation, output_activation=output)).ok


def test_blocks():
    assert gram(random_network(3, (4, 12, 2), 8), "P-2").ok
    assert not gram(random_network(3, (4, 12, 2), 14), "P-2").ok


@pytest.mark.parametrize("c", ["1", "1/3", "1/7", "22/7", "1/1000", "123456789/1000", "5"])
@pytest.mark.parametrize("output", [["1", "3"], ["1/3", "-2/7"], ["1/10", "1000000"], ["1/1000000", "1/7"]])
def test_singular_points_stay_singular_though_their_doubles_are_not(c, output):
    W = str(-2 * Fraction(c))
    point = [layer([[W, "0"], ["0", W]], [c, c]), layer([[w] for w in output], ["1/3"])]
    assert not gram(Draft((2, 2, 1), XOR_X, XOR_Y, point)).ok


@pytest.mark.parametrize("seed", range(12))
def test_equal_inputs_are_never_told_apart(seed):
    d = random_network(seed, (3, 10, 1), 6, activation="tanh" if seed % 2 else "softplus")
    d.document["problem"]["X"][4] = d.document["problem"]["X"][1]
    assert not gram(d).ok


@pytest.mark.parametrize("exponent", [4, 6, 8, 10, 16, 30, 100])
def test_nearly_equal_inputs_are_accepted_only_with_room_to_spare(exponent):
    d = random_network(5, (1, 2, 1), 2)
    d.document["problem"]["X"] = [["1"], [str(1 + Fraction(1, 10**exponent))]]
    ok = gram(d).ok
    assert ok if exponent <= 4 else not ok if exponent >= 10 else True


def test_dependent_units_and_polynomials():
    rng = random.Random(9)
    X = [[str(Fraction(rng.randint(-50, 50), 7))] for _ in range(5)]
    point = [layer([["1", "2", "3", "1/3"]], ["1", "-1", "2", "0"]), layer([["1"], ["1"], ["2"], ["1/7"]], ["0"])]
    assert not gram(Draft((1, 4, 1), X, [["1"]] * 5, point, activation="power:2")).ok
    assert gram(Draft((1, 4, 1), X[:3], [["1"]] * 3, point, activation="power:2")).ok


def test_columns_of_very_different_size():
    X = [[str(10**20), "0", "1"], ["0", "1", "0"], ["1/1000000000000", "0", f"1/{10**20}"]]
    d = Draft((3, 1), X, [["1"]] * 3, [layer([["1"], ["1"], ["1"]], ["0"])], bias="none")
    assert gram(d).ok is False  # rows 1 and 3 agree to 32 digits up to scale
    X[2] = ["0", "0", f"1/{10**20}"]
    d = Draft((3, 1), X, [["1"]] * 3, [layer([["1"], ["1"], ["1"]], ["0"])], bias="none")
    assert gram(d).ok


@pytest.mark.parametrize("scale", [10**40, 10**300])
def test_extreme_magnitudes_are_refused(scale):
    for X in ([[str(scale)], ["1"]], [[f"1/{scale}"], [f"3/{scale}"]]):
        d = Draft(
            (1, 2, 1), X, [["1"]] * 2, [layer([["1", "2"]], ["0", "0"]), layer([["1"], ["1"]], ["0"])], bias="none", activation="softsign"
        )
        assert not gram(d).ok


def test_irrational_weights_are_enclosed():
    root = ["0", [[["root", "2", 2], "1"]]]
    point = [layer([[root, ["1", [[["pi"], "-1/3"]]]]], ["0", "1"]), layer([["1"], ["-1"]], ["0"])]
    assert gram(Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["0"]], point)).ok
    almost_zero = ["-2", [[["root", "4", 2], "1"]]]
    point = [layer([[almost_zero, "1"]], ["0", "1"]), layer([["1"], ["-1"]], ["0"])]
    assert not gram(Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["0"]], point)).ok


def test_too_many_columns_and_too_few_rows():
    d = Draft((1, 1), [["1"]] * 60_001, [["1"]] * 60_001, [layer([["1"]], ["0"])])
    result = gram(d)
    assert (result.failures[0].code, result.failures[0].place) == ("limit", "steps[0].evidence")
    d = Draft((2, 2, 1), XOR_X * 3, XOR_Y * 3, deficient_point("1"))
    assert gram(d).failures[0].place == "steps[0].conclusion.rank_lower"


def test_only_p_and_its_blocks():
    d = random_network(1, (2, 4, 1), 3)
    d.lower("rank-gram", "Phi-1+", 3, 0, rigor="VERIFIED_FLOAT")
    assert check_certificate(d.finish()).failures[0].place == "steps[0].conclusion.matrix"
