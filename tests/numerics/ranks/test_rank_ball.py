"""Ranks in ball arithmetic: rising precision, the criterion of the kernel, and when to stop."""

import numpy as np
import pytest
from flint import arb, arb_mat

from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.theory.verdicts import Rigor


def balls(rows):
    return lambda bits: np.array([[arb(entry) for entry in row] for row in rows], dtype=object)


def close_columns(exponent):
    return lambda bits: np.array([[arb(1), arb(1)], [arb(1), 1 + arb(2) ** exponent]], dtype=object)


def holds(build, bound):
    bits = bound.payload["precision"]
    with ball_precision(bits):
        matrix = build(bits)
        minor = matrix[np.ix_(bound.payload["rows"], bound.payload["columns"])]
        return bound.value == len(minor) and not arb_mat(minor.tolist()).det().contains(0)


@pytest.mark.parametrize(("exponent", "precision"), [(-10, 64), (-100, 128), (-300, 512), (-900, 1024)])
def test_precision_rises_until_it_is_enough(exponent, precision):
    bound = ball_rank(close_columns(exponent))
    assert (bound.value, bound.payload["precision"]) == (2, precision)
    assert bound.rigor is Rigor.BALL
    assert holds(close_columns(exponent), bound)


def test_a_partial_bound_at_the_cap():
    bound = ball_rank(close_columns(-5000), max_precision=256)
    assert bound.value == 1
    assert holds(close_columns(-5000), bound)


def test_nothing_can_be_proved():
    assert ball_rank(lambda bits: np.array([[arb(0, 1)]], dtype=object)) is None
    assert ball_rank(balls([[0, 0], [0, 0]])) is None
    assert ball_rank(lambda bits: np.array([[arb("nan")]], dtype=object)) is None


def test_enough_ends_the_search():
    seen = []

    def build(bits):
        seen.append(bits)
        return balls([[1, 2, 3], [2, 4, 6]])(bits)

    assert ball_rank(build, enough=1).value == 1
    assert seen == [64]


def test_kinks_are_passed_over():
    def build(bits):
        if bits < 200:
            raise KinkInBall("too wide")
        return balls([[1]])(bits)

    assert ball_rank(build).payload["precision"] == 256
    assert ball_rank(build, max_precision=128) is None


def test_determinant_keeps_bits_to_spare():
    """At 64 bits the determinant 2^-58 is known to a few bits only: the next precision is preferred, unless it is the cap."""

    def build(bits):
        return np.array([[arb(3).sqrt(), arb(5).sqrt()], [arb(3).sqrt(), arb(5).sqrt() + arb(2) ** -58]], dtype=object)

    assert ball_rank(build).payload["precision"] == 128
    assert holds(build, ball_rank(build))


def test_tall_and_wide_matrices():
    generator = np.random.default_rng(0)
    A = generator.integers(-5, 6, (40, 6)).astype(float)
    A[:20] = 0
    for rows in (A, A.T):
        bound = ball_rank(balls(rows.tolist()))
        assert bound.value == 6
        assert holds(balls(rows.tolist()), bound)
        assert bound.payload["rows"] == sorted(set(bound.payload["rows"]))
        assert bound.payload["columns"] == sorted(set(bound.payload["columns"]))


def test_entries_far_beyond_doubles():
    huge, tiny = arb(2) ** 5000, arb(2) ** -5000
    build = lambda bits: np.array([[huge, huge, arb(1)], [tiny, 2 * tiny, arb(1)], [arb(0), arb(0), tiny]], dtype=object)  # noqa: E731
    assert ball_rank(build, max_precision=65536).value == 3


def test_bad_precisions():
    for start, cap in ((52, 1024), (128, 64)):
        with pytest.raises(ValueError, match="precisions must rise"):
            ball_rank(balls([[1]]), start=start, max_precision=cap)


def test_saturated_rows_do_not_tempt():
    """Rows of sizes as different as these look independent once scaled, but their minors lose all bits to cancellation: normal rows are better."""
    digits = [[8884, 8836, 9458, 9762], [13854, 13909, 14474, 14733], [227, 800, 204, 60]]
    plain = [[9, 8, 9, 9], [9, 9, 8, 9], [8, 9, 9, 9], [9, 9, 9, 8]]

    def build(bits):
        tiny = [[arb(3).sqrt() * arb(10) ** (-1000 * k) for k in row] for row in digits]
        return np.array(tiny + [[arb(entry) for entry in row] for row in plain], dtype=object)

    bound = ball_rank(build)
    assert (bound.value, bound.payload["rows"], bound.payload["precision"]) == (4, [3, 4, 5, 6], 64)
    assert holds(build, bound)
