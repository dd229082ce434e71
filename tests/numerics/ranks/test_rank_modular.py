"""Ranks modulo a prime, with the rows and columns of a largest minor."""

import numpy as np
import pytest

from lossproof.numerics.ranks import modular
from lossproof.numerics.ranks.modular import largest_minor, modular_rank, random_prime


@pytest.mark.parametrize(("m", "n", "r"), [(300, 20, 7), (300, 20, 20), (20, 300, 7), (20, 300, 20), (150, 150, 149), (64, 64, 0)])
def test_shapes_read_in_chunks(m, n, r):
    """Independent rows and columns come late, so that several chunks are read."""
    generator, p = np.random.default_rng(m + n + r), random_prime(0)
    A = np.zeros((m, n), dtype=np.int64)
    A[m - r :, n - r :] = np.tril(generator.integers(0, p, (r, r)), -1) + np.eye(r, dtype=np.int64)
    bound = modular_rank(A, p)
    if r == 0:
        assert bound is None, "a minor is never empty"
        return
    assert bound.value == r
    assert bound.payload == {"rows": list(range(m - r, m)), "columns": list(range(n - r, n)), "prime": p, "substitution": None}


def test_columns_are_the_leftmost_independent_ones():
    p = random_prime(3)
    A = np.array([[0, 1, 2, 0, 5], [0, 2, 4, 1, 5], [0, 3, 6, 1, 10]])
    for matrix in (A, np.vstack([A] * 40), A[:2]):
        assert largest_minor(matrix, p)[1] == [1, 3]


def test_entries_beyond_int64_and_negative_ones():
    p = random_prime(1, 2**60, 2**61)
    big = np.array([[p + 1, -1], [10**40, 0]], dtype=object)
    assert modular_rank(big, p).value == 2
    assert modular_rank([[p, 2 * p]], p) is None
    assert modular_rank(big, p, u=7).payload["substitution"] == {"u": 7}


def test_no_minor_is_larger_than_a_certificate_may_ask_for(monkeypatch):
    p = random_prime(2)
    monkeypatch.setattr(modular, "minor_limit", lambda: 5)
    A = np.random.default_rng(0).integers(0, p, (40, 12))
    for matrix in (A, A.T, A[:8]):
        rows, columns = largest_minor(matrix, p)
        assert len(rows) == len(columns) == 5
        assert modular_rank(matrix[np.ix_(rows, columns)], p).value == 5


@pytest.mark.parametrize("prime", [1048583 + 2, 7, 2**62 + 135, 0, -5])
def test_no_prime_in_range(prime):
    with pytest.raises(ValueError, match="prime in"):
        modular_rank([[1]], prime)


def test_bad_arguments():
    p = random_prime(0)
    with pytest.raises(ValueError, match="u must lie"):
        modular_rank([[1]], p, u=p)
    with pytest.raises(ValueError, match="two axes"):
        modular_rank([1, 2], p)
    with pytest.raises(ValueError, match="whole numbers"):
        modular_rank(np.array([[0.5]]), p)
    with pytest.raises(ValueError, match="range for primes"):
        random_prime(0, 2**10, 2**11)
