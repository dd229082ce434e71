"""All complex zeros by a homotopy: planted ones, and systems that have fewer."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lossproof.numerics.complete.homotopy import complex_zeros


@pytest.mark.parametrize("seed", range(5))
def test_planted_zeros_are_met(seed):
    rng = np.random.default_rng(seed)
    roots = [np.sort(rng.normal(size=3)), np.sort(rng.normal(size=2))]
    terms = [{(i, 0): c for i, c in enumerate(np.poly(roots[0])[::-1])}, {(0, i): c for i, c in enumerate(np.poly(roots[1])[::-1])}]
    found = complex_zeros(terms)
    wanted = np.array([*product(*roots)])
    assert found.shape == (6, 2)
    assert np.abs(found[:, None] - wanted).max(axis=2).min(axis=0).max() < 1e-9


def test_a_hyperbola_meets_a_line_twice():
    found = complex_zeros([{(1, 1): 1.0, (0, 0): -1.0}, {(1, 0): 1.0, (0, 1): 1.0, (0, 0): -3.0}])
    assert np.sort(found[:, 0].real) == pytest.approx([(3 - 5**0.5) / 2, (3 + 5**0.5) / 2])


@pytest.mark.parametrize(
    "terms",
    [
        [{(2, 0): 1.0}, {(0, 1): 1.0}],  # a double zero
        [{(1, 1): 1.0, (0, 0): -1.0}, {(0, 1): 1.0}],  # none: both are at infinity
        [{(1, 1): 1.0, (0, 0): -1.0}, {(1, 0): 1.0, (0, 0): -2.0}],  # one, and one at infinity
    ],
)
def test_fewer_zeros_than_degrees_allow_are_no_list(terms):
    assert complex_zeros(terms) is None


def test_scales_do_not_matter():
    found = complex_zeros([{(2, 0): 1e12, (0, 0): -4e12}, {(0, 1): 1e-9, (1, 0): 2e-9}])
    assert sorted(found.real.round(9).tolist()) == [[-2, 4], [2, -4]]
    for size in (1e-12, 1e12):
        far = complex_zeros([{(2, 0): 1.0, (0, 0): -4 * size**2}, {(0, 3): 1.0, (1, 0): -(size**2)}])
        assert np.abs(far[:, 0]) == pytest.approx(2 * size)
