"""Signs of the gradient of a neuron outside a box: against balls of many bits, and boxes that leave a critical point out."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.complete_cases import neuron
from cases.kernel_draft import Draft
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.network.tails import rises_outside
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.numerics.complete import tails
from lossproof.theory import limits

LOGISTIC = {"sigmoid": (0, 1), "tanh": (-1, 2)}


def decided(X, Y, bounds, activation="sigmoid", bias="none", work=None, **options):
    """What the kernel says: True, False, or None where it refuses."""
    rows, targets = [[str(x) for x in row] for row in X], [[str(y)] for y in Y]
    problem = read_problem(Draft((len(rows[0]), 1), rows, targets, output_activation=activation, bias=bias, **options).document["problem"])
    try:
        with ball_precision(80):
            return rises_outside(work or Work(), problem, [fmpq(*Fraction(b).as_integer_ratio()) for b in bounds])
    except Rejected as refused:
        if refused.place == "evidence.tails":
            return None
        raise


def gradient(X, Y, W, activation, bias):
    """The gradient of ``T J`` in balls."""
    found = [arb(0) for _ in W]
    for x, y in zip(X, Y, strict=True):
        row = [arb(Fraction(a).numerator) / Fraction(a).denominator for a in x] + [arb(1)] * (bias == "trainable")
        z = sum((a * w for a, w in zip(row, W, strict=True)), arb(0))
        e = (z if activation == "sigmoid" else 2 * z).exp()
        s = e / (1 + e)
        value, slope = (s, s / (1 + e)) if activation == "sigmoid" else (2 * s - 1, 4 * s / (1 + e))
        error = value - arb(Fraction(y).numerator) / Fraction(y).denominator
        found = [g + error * slope * a for g, a in zip(found, row, strict=True)]
    return found


def draw(rng, columns, targets):
    """Whole inputs of both signs, often alike, and targets of a kind."""
    X = [[int(x) for x in row] for row in rng.integers(-5, 6, (int(rng.integers(1, 6)), columns))]
    return X, [Fraction(int(y), 8) for y in rng.integers(*targets, len(X))]


@pytest.mark.parametrize("activation", LOGISTIC)
@pytest.mark.parametrize(("columns", "bias"), [(1, "none"), (1, "trainable"), (2, "none")])
@pytest.mark.parametrize("inside", [True, False])
def test_the_gradient_has_a_sign_wherever_it_is_said_to(activation, columns, bias, inside):
    """Far out, near the edge, and along lines on which one z stays small."""
    low, k = LOGISTIC[activation]
    rng, count = np.random.default_rng(columns + 10 * inside), 0
    for _ in range(40):
        X, Y = draw(rng, columns, (8 * low + 1, 8 * (low + k)) if inside else (-10, 11))
        bounds = tails.tail_bounds(neuron(X, Y, activation, bias))
        if bounds is None:
            continue
        count += 1
        rises = decided(X, Y, bounds, activation, bias)
        assert rises is not None
        assert rises == tails.rises_outside(neuron(X, Y, activation, bias), bounds)
        for size in (1.0, 1.001, 3.0, 30.0):
            for W in outside(rng, X, bounds * size, bias):
                with ball_precision(600):
                    g = gradient(X, Y, [arb(w) for w in W], activation, bias)
                    assert any(part > 0 or part < 0 for part in g), (X, Y, W)
    assert count >= (12 if inside else 8 if (columns, bias) == (1, "none") else 0)


def outside(rng, X, bounds, bias):
    """Weights on the edge of a box; in the plane some with a z near 0."""
    if len(bounds) == 1:
        return [bounds, -bounds]
    found = [rng.uniform(-1, 1, 2) * bounds for _ in range(6)]
    rows = [np.array([*row, *[1] * (bias == "trainable")], dtype=float) for row in X]
    found += [np.array([-row[1], row[0]]) + rng.normal(size=2) * 1e-3 for row in rows if row.any()]
    return [W / np.abs(W / bounds).max() for W in found]


@pytest.mark.parametrize("activation", LOGISTIC)
def test_a_box_that_leaves_a_critical_point_out_is_refused(activation):
    """On the line a change of sign of the derivative is one: every box that ends before the last of them is refused."""
    low, k = LOGISTIC[activation]
    rng, seen = np.random.default_rng(5), 0
    for _ in range(60):
        X, Y = draw(rng, 1, (8 * low - 2, 8 * (low + k) + 3))
        grid = np.linspace(-6, 6, 241) + 0.0123
        with ball_precision(200):
            signs = [1 if gradient(X, Y, [arb(w)], activation, "none")[0] > 0 else -1 for w in grid]
        changes = [max(abs(grid[j]), abs(grid[j + 1])) for j in range(240) if signs[j] != signs[j + 1]]
        for R in np.arange(0.1, 6, 0.2):
            if any(change - 0.06 > R for change in changes):
                seen += 1
                assert decided(X, Y, [float(R)], activation) is None
    assert seen > 60


@pytest.mark.parametrize(
    ("X", "Y", "bounds", "options", "rises"),
    [
        ([[1]], ["3/4"], [2], {}, True),
        ([[1]], ["3/4"], ["1/2"], {}, None),  # the minimum is at log 3
        ([[1]], [1], [0.01], {}, None),  # J falls upwards for all w, and not beyond what is seen
        ([[1]], [1], [1], {}, False),  # a target at the limit: the derivative is the product of two exponentials there
        ([[1]], [2], [1], {}, False),  # beyond it
        ([[1], [-1]], [1, 0], [1], {}, False),  # equal sizes, both at their limits
        ([[1], [-1]], [1, 1], [5], {}, True),  # equal sizes: one at its limit, one at the other end
        ([[1], [1]], [1, 0], [5], {}, True),  # twice the same input
        ([[1], [1]], [2, -1], [5], {}, True),  # the first terms of one size add up to those of the mean target
        ([[0], [0]], ["1/4", "3/4"], [5], {}, None),  # no input at all: J is constant
        ([[0], [1]], [5, "1/2"], [5], {}, True),  # a sample at 0 does not count
        ([[1], [2]], [1, "-1/2"], [50], {}, True),
        ([[1], [2]], [1, "1/2"], [50], {}, None),  # at e^{-2w} both terms cancel: not decided
        ([[1], [2]], [1, "1/2"], [50], {"activation": "tanh"}, False),  # −2 + 1 at e^{-4w}
        ([[1, 0], [0, 1]], ["1/2", 1], [9, 9], {}, False),  # a sum of two functions, one of which has no critical point
        ([[1, 0], [2, 0]], ["1/2", "1/2"], [9, 9], {}, None),  # the second weight is free
        ([[1, 1], [2, 2]], ["1/4", "1/2"], [9, 9], {}, None),  # nor do parallel inputs span the plane
        ([[1, 1], [1, 1], [0, 0]], ["1/4", "1/2", "1/3"], [9, 9], {}, None),
        ([[1], [2]], ["1/4", 1], [99, 99], {"bias": "trainable"}, None),  # a target at the end of the range, in the plane
        ([[1], [2]], ["1/4", "3/4"], [99, 99], {"bias": "trainable"}, True),
        ([[1], [1]], ["1/4", "3/4"], [99, 99], {"bias": "trainable"}, None),  # one input only
        ([[1, 1, 0], [0, 1, 1], [1, 0, 1]], ["1/4"] * 3, [99] * 3, {}, None),  # three weights that depend on each other
        ([[1]], ["3/4"], [2], {"decay": [["1/9", "0"]]}, None),
    ],
)
def test_what_is_decided(X, Y, bounds, options, rises):
    assert decided(X, Y, bounds, **options) is rises


def test_an_end_of_the_range_that_is_nearly_a_target_takes_a_larger_box():
    near = Fraction(10**12 - 1, 10**12)
    assert decided([[1]], [near], [20]) is None  # the minimum is at 27.6
    assert decided([[1]], [near], [60]) is True
    assert decided([[1], [2]], [near, Fraction(1, 2)], [200, 200], bias="trainable") is True
    assert decided([[1], [2]], [near, Fraction(1, 2)], [20, 20], bias="trainable") is None


def test_the_work_is_counted_first():
    with pytest.raises(Rejected) as refused:
        decided([[1]] * 30, ["3/4"] * 30, [2], work=Work(1000, 1000))
    assert refused.value.code == "limit"


def test_long_numbers_are_refused_before_they_are_summed(monkeypatch):
    monkeypatch.setattr(limits, "MAX_SUM_BITS", 1000)
    with pytest.raises(Rejected, match="length of a sum"):
        decided([[1]] * 30, [f"1/{3**40 + 2 * k}" for k in range(30)], [2])
