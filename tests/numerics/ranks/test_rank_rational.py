"""The exact rank over Q: both bounds, their form, and their limits."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpz

from lossproof.numerics.ranks import rational
from lossproof.numerics.ranks.rational import rational_rank
from lossproof.numerics.ranks.rational_kernel import exact_matrix, kernel_evidence, reduced_kernel
from lossproof.theory.verdicts import Rigor


def test_full_rank_needs_no_vector():
    for rows, side in (([[1, 2], [3, 4], [5, 6]], "right"), ([[1, 2, 3], [4, 5, 6]], "left")):
        lower, upper = rational_rank(rows)
        assert lower.value == upper.value == 2
        assert upper.payload == {"side": side, "vectors": [], "entries": "Q"}


def test_the_smaller_side_is_taken():
    _, upper = rational_rank([[1, 2, 3, 4], [2, 4, 6, 8], [1, 0, 0, 0]])
    assert upper.payload == {"side": "left", "vectors": [["-2", "1", "0"]], "entries": "Q"}
    _, upper = rational_rank([[1, 2], [2, 4], ["1", "2"]] and [[1, 2], [2, 4], [Fraction(1, 3), Fraction(2, 3)]])
    assert upper.payload == {"side": "right", "vectors": [["-2", "1"]], "entries": "Q"}


def test_zero_matrix():
    lower, upper = rational_rank([[0, 0], [0, 0], [0, 0]])
    assert lower is None, "a minor is never empty"
    assert upper.value == 0
    assert upper.payload["vectors"] == [["1", "0"], ["0", "1"]]
    assert upper.rigor is Rigor.EXACT


def test_kinds_of_exact_entries():
    rows = [[fmpq(1, 3), Fraction(1, 3)], [fmpz(2), 2]]
    assert [bound.value for bound in rational_rank(rows)] == [1, 1]
    assert [bound.value for bound in rational_rank(np.array([[1, 2], [3, 4]]))] == [2, 2]


def test_prime_avoids_denominators():
    lower, _ = rational_rank([[1, 0], [0, 1]], seed=5)
    unlucky = Fraction(1, lower.payload["prime"])
    again, upper = rational_rank([[unlucky, 0], [0, 1]], seed=5)
    assert again.value == upper.value == 2
    assert again.payload["prime"] != lower.payload["prime"]


def test_prime_that_divides_the_determinant_is_replaced():
    prime = rational_rank([[1]], seed=5)[0].payload["prime"]
    lower, upper = rational_rank([[prime, 0], [0, prime], [0, 0]], seed=5)
    assert lower.value <= upper.value == 2
    lower, upper = rational_rank([[prime, 0, prime], [0, prime, 0], [0, 0, 0]], seed=5)
    assert lower.value == upper.value == 2


def test_numbers_too_long_for_a_certificate():
    long = 10**5200 + 7
    assert kernel_evidence(reduced_kernel([[1, long]]), 2, "right") is None
    lower, upper = rational_rank([[1, long], [1, long], [2, 2 * long]])
    assert lower.value == 1
    assert upper.payload["side"] == "left"
    assert rational_rank([[1, long], [long, long * long]])[1] is None


def test_inexact_or_misshapen_input():
    with pytest.raises(TypeError, match="exact rationals"):
        rational_rank(np.array([[0.5]]))
    with pytest.raises(TypeError, match="exact rational"):
        rational_rank([[0.5]])
    with pytest.raises(ValueError, match="two axes"):
        rational_rank([1, 2])


def test_large_matrix_is_fast():
    """60 columns of 20-digit entries, rank 50: far below a second."""
    generator = np.random.default_rng(0)
    left, right = (generator.integers(-(10**10), 10**10, shape).astype(object) for shape in ((60, 50), (50, 60)))
    lower, upper = rational_rank(left @ right)
    assert lower.value == upper.value == 50


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_of_a_long_matrix_no_more_is_read_than_decides(wide, late, monkeypatch):
    """The last rows alone have full rank where ``late``; what is said of the rank is the same as without the look at a part."""
    rng = np.random.default_rng(3)
    rows = [[Fraction(int(a), int(b)) for a, b in zip(*rng.integers(1, 50, (2, 3)), strict=True)] for _ in range(400)]
    if late:
        rows[:390] = [[row[0], 2 * row[0], row[2]] for row in rows[:390]]
    matrix = exact_matrix(rows).T if wide else exact_matrix(rows)
    read = []
    real = rational.primitive_rows
    monkeypatch.setattr(rational, "primitive_rows", lambda part: read.append(part.size) or real(part))
    found = rational_rank(matrix, 4)
    assert read == ([144, 1200] if late else [144])
    monkeypatch.setattr(rational, "_PART", 1000)
    assert found == rational_rank(matrix, 4)
    assert [bound.value for bound in found] == [3, 3]
