"""Products of arrays and of power series, and differential systems in series, against plain sums."""

from __future__ import annotations

import gc
import itertools
import random

import numpy as np
import pytest
from flint import arb, fmpq, nmod

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.functions import FUNCTIONS
from lossproof.certificates.kernel.arithmetic.series import Growing, Series, constant_term, product, solve
from lossproof.certificates.kernel.reading.work import Work

SHAPES = [
    ((2, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((2, 5, 2, 3), (5, 3, 4)),
    ((2, 5, 2, 3), (2, 1, 3, 4)),
    ((2, 1, 2, 3), (1, 5, 3, 1)),
]
PRIME = 1000003


def drawn(rng, shape, kind):
    make = {
        "rationals": lambda: fmpq(rng.randint(-9, 9), rng.randint(1, 9)),
        "balls": lambda: arb(fmpq(rng.randint(-9, 9), rng.randint(1, 9))),
        "residues": lambda: nmod(rng.randrange(PRIME), PRIME),
        "both": lambda: rng.choice([fmpq(rng.randint(-9, 9), 7), arb(rng.randint(-9, 9))]),
    }[kind]
    table = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        table[place] = make()
    return table


def naive(A, B):
    lead = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    left, right = (np.broadcast_to(M, (*lead, *M.shape[-2:])) for M in (A, B))
    found = np.empty((*lead, A.shape[-2], B.shape[-1]), dtype=object)
    for place in np.ndindex(*lead):
        for i, j in itertools.product(range(A.shape[-2]), range(B.shape[-1])):
            total = left[place][i, 0] * right[place][0, j]
            for k in range(1, A.shape[-1]):
                total = total + left[place][i, k] * right[place][k, j]
            found[(*place, i, j)] = total
    return found


def agree(a, b):
    return (
        a.overlaps(b)
        if isinstance(a, arb) and isinstance(b, arb)
        else arb(a).overlaps(arb(b))
        if isinstance(a, arb) or isinstance(b, arb)
        else a == b
    )


@pytest.mark.parametrize(
    "kinds", [("rationals", "rationals"), ("balls", "balls"), ("rationals", "balls"), ("both", "both"), ("residues", "residues")], ids=str
)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_products_of_stacks_of_matrices(shapes, kinds):
    rng = random.Random(1)
    A, B = (drawn(rng, shape, kind) for shape, kind in zip(shapes, kinds, strict=True))
    found, wanted = product(A, B), naive(A, B)
    assert found.shape == wanted.shape
    assert all(agree(found[place], wanted[place]) for place in np.ndindex(*wanted.shape))


def test_products_of_formal_elements():
    ring, rng = FormalRing(Work()), random.Random(2)
    symbols = [ring.symbol(k, lambda k=k: arb(k)) for k in range(4)]
    A = np.array([[rng.choice([*symbols, fmpq(2)]) for _ in range(3)] for _ in range(2)], dtype=object)
    B = np.array([[rng.choice([*symbols, fmpq(-1, 3)]) for _ in range(2)] for _ in range(3)], dtype=object)
    for i, j in np.ndindex(2, 2):
        assert product(A, B)[i, j] - naive(A, B)[i, j] == 0


@pytest.mark.parametrize("kind", ["rationals", "balls"])
def test_empty_products(kind):
    rng = random.Random(3)
    for shapes in (((0, 3), (3, 4)), ((2, 3), (3, 0)), ((0, 2, 3), (3, 4))):
        A, B = (drawn(rng, shape, kind) for shape in shapes)
        assert product(A, B).shape == (*A.shape[:-1], B.shape[1])


def test_balls_of_products_hold_all_products_of_their_points():
    rng = random.Random(4)
    with ball_precision(64):
        A, B = (drawn(rng, shape, "balls") for shape in ((3, 4), (4, 2)))
        wide = [np.array([[x + arb(0, 0.25) for x in row] for row in M], dtype=object) for M in (A, B)]
        whole = product(*wide)
        for _ in range(10):
            points = [np.array([[x + arb(rng.randint(-16, 16)) / 64 for x in row] for row in M], dtype=object) for M in (A, B)]
            assert all(whole[place].overlaps(x) for place, x in np.ndenumerate(product(*points)))


def series(rng, order, shape=(2, 2)):
    return Series([drawn(rng, shape, "rationals") for _ in range(order + 1)])


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_series_are_polynomials_cut_off(order):
    """Sums, products, matrix products and derivatives against those of polynomials in t, coefficient by coefficient."""
    rng = random.Random(order)
    a, b = series(rng, order), series(rng, order)
    for k in range(order + 1):
        assert (a + b).coefficients[k].tolist() == (a.coefficients[k] + b.coefficients[k]).tolist()
        assert (a - b).coefficients[k].tolist() == (a.coefficients[k] - b.coefficients[k]).tolist()
        assert (a * b).coefficients[k].tolist() == sum(a.coefficients[j] * b.coefficients[k - j] for j in range(k + 1)).tolist()
        assert (a @ b).coefficients[k].tolist() == sum(naive(a.coefficients[j], b.coefficients[k - j]) for j in range(k + 1)).tolist()
        assert a.T.coefficients[k].tolist() == a.coefficients[k].T.tolist()
    M = drawn(rng, (2, 2), "rationals")
    for found, wanted in (
        (a @ M, lambda c: naive(c, M)), (M @ a, lambda c: naive(M, c)), (a * M, lambda c: c * M), (M * a, lambda c: c * M), (-a, lambda c: -1 * c),
        (a * fmpq(2, 3), lambda c: c * fmpq(2, 3)), (a.total(-1), lambda c: c.sum(axis=-1, keepdims=True)),
        (a.total(-2), lambda c: c.sum(axis=-2, keepdims=True)),
    ):  # fmt: skip
        assert all(x.tolist() == wanted(c).tolist() for x, c in zip(found.coefficients, a.coefficients, strict=True))
    assert (a + 1).coefficients[0].tolist() == (a.coefficients[0] + 1).tolist()
    assert (1 - a).coefficients[0].tolist() == (1 - a.coefficients[0]).tolist()
    assert [c.tolist() for c in (a + M).coefficients[1:]] == [c.tolist() for c in a.coefficients[1:]]
    derivative = a.derivative()
    assert derivative.order == order - 1
    assert all(c.tolist() == (a.coefficients[k + 1] * (k + 1)).tolist() for k, c in enumerate(derivative.coefficients))
    assert a.head(order // 2).order == order // 2


def test_series_of_different_orders_are_not_added():
    rng = random.Random(5)
    with pytest.raises(ValueError, match="argument"):
        series(rng, 2) + series(rng, 1)


def test_leading_axes_broadcast():
    """Coefficients of t with a leading axis of directions: each direction gives what it gives alone."""
    rng = random.Random(6)
    base, other = drawn(rng, (2, 3), "rationals"), drawn(rng, (3, 2), "rationals")
    moves, changes = drawn(rng, (4, 2, 3), "rationals"), drawn(rng, (4, 3, 2), "rationals")
    together = Series([base, moves]) @ Series([other, changes])
    for n in range(4):
        alone = Series([base, moves[n]]) @ Series([other, changes[n]])
        assert together.coefficients[1][n].tolist() == alone.coefficients[1].tolist()


@pytest.mark.parametrize("order", [0, 1, 4, 7])
def test_systems_are_solved_to_the_order_of_their_argument(order):
    """``y' = y z'`` gives ``e^z``, and ``(s, c)' = (c, −s) z'`` sine and cosine: against their Taylor coefficients for ``z = 2t``."""
    one, zero = np.array([fmpq(1)], dtype=object), np.array([fmpq(0)], dtype=object)
    z = Series([zero, one * 2, *[zero] * (order - 1)][: order + 1])
    (e,) = solve([one], z, lambda z, speed, y: (y[0] * speed,))
    s, c = solve([zero, one], z, lambda z, speed, y: (y[1] * speed, y[0] * speed * (-1)))
    factorial = 1
    for k in range(order + 1):
        factorial *= max(k, 1)
        assert e.coefficients[k][0] == fmpq(2**k, factorial)
        assert s.coefficients[k][0] == fmpq((0, 1, 0, -1)[k % 4] * 2**k, factorial)
        assert c.coefficients[k][0] == fmpq((1, 0, -1, 0)[k % 4] * 2**k, factorial)


def solved_anew(start, z, rates):
    """The same by `Series` alone: all coefficients once more for each that is added."""
    y = tuple(Series([each]) for each in start)
    for k in range(z.order):
        found = rates(z.head(k), z.derivative().head(k), y)
        y = tuple(Series([*state.coefficients, rate.coefficients[k] * fmpq(1, k + 1)]) for state, rate in zip(y, found, strict=True))
    return y


@pytest.mark.parametrize("family", sorted(FUNCTIONS))
def test_systems_of_all_functions_grow_as_when_they_are_solved_anew(family):
    """Rational starts that need not be values of the states, and leading axes of directions."""
    rng, function = random.Random(family), FUNCTIONS[family]
    z = Series([drawn(rng, (2, 2), "rationals"), *(drawn(rng, (3, 2, 2), "rationals") for _ in range(4))])
    start = [drawn(rng, (2, 2), "rationals") for _ in function.states]

    def rates(z, speed, y):
        return tuple(rate * speed for rate in function.rates(z, y, function.sides[0], fmpq(3, 2)))

    found, wanted = solve(start, z, rates), solved_anew(start, z, rates)
    assert [[c.tolist() for c in state.coefficients] for state in found] == [[c.tolist() for c in state.coefficients] for state in wanted]


@pytest.mark.parametrize("order", [1, 4, 12])
def test_a_coefficient_is_computed_once(order):
    class Counted:
        products = 0

        def __init__(self, value):
            self.value = value

        def __add__(self, other):
            return Counted(self.value + other.value)

        def __mul__(self, other):
            Counted.products += isinstance(other, Counted)
            return Counted(self.value * (other.value if isinstance(other, Counted) else other))

    z = Series([np.array([Counted(fmpq(k == 1))], dtype=object) for k in range(order + 1)])
    (e,) = solve([np.array([Counted(fmpq(1))], dtype=object)], z, lambda z, speed, y: (y[0] * speed,))
    assert [24 * c[0].value for c in e.coefficients[:5]] == [24, 24, 12, 4, 1][: order + 1]
    assert Counted.products == order * (order + 1) // 2


def test_what_a_solution_was_grown_from_is_freed_at_once():
    one = np.array([fmpq(1)], dtype=object)
    gc.collect()
    gc.disable()
    try:
        (e,) = solve([one], Series([one, one, one]), lambda z, speed, y: (y[0] * speed + y[0],))
        assert e.order == 2
        assert not any(type(each) is Growing for each in gc.get_objects())  # isinstance asks the object, and objects of libraries may warn
    finally:
        gc.enable()


def test_systems_that_rest_on_what_is_not_known_yet_are_not_solved():
    one = np.array([fmpq(1)], dtype=object)
    with pytest.raises(IndexError):
        solve([one], Series([one, one]), lambda z, speed, y: (Growing(lambda k: speed[k + 1]),))
    with pytest.raises(RecursionError):
        solve([one], Series([one, one]), lambda z, speed, y: (Growing(lambda k: y[0][k + 1]),))


def test_constant_terms():
    a = Series([np.array([[fmpq(1)], [fmpq(2)]], dtype=object), np.array([[fmpq(5)], [fmpq(6)]], dtype=object)])
    assert constant_term(a, (2, 1)).tolist() == [[1], [2]]
    assert constant_term(fmpq(3), (2, 2)).tolist() == [[3, 3], [3, 3]]
    assert constant_term(np.array([fmpq(1), fmpq(2)], dtype=object), (2, 2)).tolist() == [[1, 2], [1, 2]]
