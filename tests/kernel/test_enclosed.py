"""Doubles with radii against exact rational arithmetic: every operation, at ordinary, huge, tiny, subnormal and cancelling numbers."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_activations import NAMES, SMOOTH
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import (
    LARGEST,
    PRECISION,
    TINY,
    DoubleRing,
    Enclosed,
    _by_taylor,
    derivatives,
    of_balls,
    product,
)
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.arithmetic.series import Series
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Combination
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import activation_named

SPECIAL = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-310, -1e-300, 2.0**-600, 2.0**-537, 1 + 2.0**-52, 1 - 2.0**-53, 3.0, 1 / 3,
           2.0**90, -(2.0**99), 2.0**100, 1e-17, -1e17]  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"), ball_precision(PRECISION):
        yield


def exact(x):
    return Fraction(float(x))


def random_enclosed(rng, shape):
    """Midpoints of many sizes with radii of many sizes, and real numbers within them."""
    mid = np.array(
        [
            rng.choice([rng.gauss(0, 1), rng.choice(SPECIAL), rng.gauss(0, 1) * 2.0 ** rng.randint(-60, 30)])
            for _ in range(int(np.prod(shape)))
        ]
    )
    mid = np.clip(mid, -(2.0**40), 2.0**40)
    rad = np.array([rng.choice([0.0, abs(m) * 2.0**-50, 2.0 ** -rng.randint(1, 80), abs(m) / 3, 5e-324, 1.0]) for m in mid])
    real = [exact(m) + exact(r) * Fraction(rng.randint(-100, 100), 100) for m, r in zip(mid, rad, strict=True)]
    return Enclosed(mid.reshape(shape), rad.reshape(shape)), np.array(real, dtype=object).reshape(shape)


def contains(found, real):
    return all(
        abs(exact(m) - x) <= exact(r)
        for m, r, x in zip(found.mid.flat, found.rad.flat, np.broadcast_to(real, found.mid.shape).flat, strict=True)
    )


@pytest.mark.parametrize("seed", range(40))
def test_sums_products_and_matrix_products_hold_the_exact_ones(seed):
    rng = random.Random(seed)
    m, k, n = (rng.choice((1, 2, 3, 7)) for _ in range(3))
    (a, x), (b, y), (c, z) = random_enclosed(rng, (m, k)), random_enclosed(rng, (m, k)), random_enclosed(rng, (k, n))
    assert contains(a + b, x + y)
    assert contains(a * b, x * y)
    assert contains(a @ c, x @ z)
    assert contains(a.T, x.T)
    row, r = random_enclosed(rng, (1, k))
    assert contains(a + row, x + r)
    assert contains(a * row, x * r)
    assert contains(a - row, x - r)
    assert contains(a[:, None] * -row, x[:, None] * -r)
    for terms in ("ij,jk->ik", "ij,jk->kij", "ij,jk->i", "ij,jk->"):
        assert contains(product(terms, a, c), np.einsum(terms, x, z))
    assert contains(product("ij,ij->j", a, b), np.einsum("ij,ij->j", x, y))
    assert all(abs(value) <= exact(most) for value, most in zip(x.flat, a.reach.flat, strict=True))
    assert all(exact(low) <= value <= exact(high) for value, low, high in zip(x.flat, *(end.flat for end in a.ends), strict=True))


@pytest.mark.parametrize("x", SPECIAL)
@pytest.mark.parametrize("y", SPECIAL)
def test_pairs_of_special_numbers(x, y):
    """Zeros of both signs, subnormals, products that underflow or that are too large."""
    a, b = (Enclosed(np.array([[value]]), np.array([[0.0]])) for value in (x, y))
    for operation, true in (
        (lambda: a + b, exact(x) + exact(y)),
        (lambda: a * b, exact(x) * exact(y)),
        (lambda: a @ b, exact(x) * exact(y)),
        (lambda: product("ij,jk->ik", a, b), exact(x) * exact(y)),
    ):
        found = result_or_code(operation)
        if found == "limit":
            assert abs(true) > Fraction(LARGEST) * Fraction(99, 100)
            continue
        assert contains(found, np.array([[true]], dtype=object))
        assert found.rad[0, 0] >= TINY / 2


def result_or_code(operation):
    try:
        return operation()
    except Rejected as rejected:
        return rejected.code


def test_cancellation_is_in_the_radius():
    """Sums of huge numbers that cancel: the radius is that of the rounding of the huge ones, and the small rest is in it."""
    rng = random.Random(1)
    for _ in range(50):
        values = [rng.gauss(0, 1) * 2.0 ** rng.choice((40, 45, 50)) for _ in range(20)]
        values += [-v * (1 + 2.0**-50) for v in values]
        rng.shuffle(values)
        a, b = Enclosed(np.array([values]), np.zeros((1, 40))), Enclosed(np.ones((40, 1)), np.zeros((40, 1)))
        found = a @ b
        assert contains(found, np.array([[sum(map(exact, values))]], dtype=object))
        assert found.rad[0, 0] < 1e-10 * max(map(abs, values))


def test_long_products_of_one_sign_and_of_both():
    rng = random.Random(2)
    for n, sign in itertools.product((1, 10, 1000), (1, -1)):
        left = np.array([[abs(rng.gauss(0, 1)) * (sign if k % 2 else 1) for k in range(n)]])
        right = np.array([[rng.gauss(0, 1)] for _ in range(n)])
        factors = Enclosed(left, np.zeros_like(left)), Enclosed(right, np.zeros_like(right))
        for found in (factors[0] @ factors[1], product("ij,jk->ik", *factors)):
            assert contains(found, np.array([[sum(exact(a) * exact(b) for a, b in zip(left.flat, right.flat, strict=True))]], dtype=object))
            assert found.rad[0, 0] < 1e-12 * n


def test_stacks_of_matrices_are_multiplied_one_by_one():
    rng = random.Random(3)
    a, x = random_enclosed(rng, (4, 2, 3))
    b, y = random_enclosed(rng, (3, 2))
    whole = a @ b
    for k in range(4):
        assert contains(Enclosed(whole.mid[k], whole.rad[k]), x[k] @ y)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 2.0**101, -(2.0**101), 1e308])
def test_what_is_not_finite_or_too_large_is_refused(bad):
    good = np.array([[1.0]])
    for mid, rad in ((np.array([[bad]]), good), (good, np.array([[abs(bad)]]))):
        with pytest.raises(Rejected) as caught:
            Enclosed(mid, rad)
        assert caught.value.code == "limit"
    large = Enclosed(np.array([[2.0**99]]), np.array([[0.0]]))
    with pytest.raises(Rejected):
        large * large
    with pytest.raises(Rejected):
        large @ large
    with pytest.raises(Rejected):
        large + large + large


@pytest.mark.parametrize("seed", range(6))
def test_numbers_of_certificates_are_embedded_within_their_radius(seed):
    """Doubles without error, other rationals and combinations nearly so, down to subnormals and 0."""
    rng = random.Random(seed)
    ring = DoubleRing(Work())
    numbers = [fmpq(rng.randint(-(10**20), 10**20), rng.randint(1, 10**20)) for _ in range(20)]
    numbers += [fmpq(*float(x).as_integer_ratio()) for x in SPECIAL] + [fmpq(1, 3) * fmpq(2) ** e for e in (-1080, -1074, -1022, -600, 90)]
    found = ring.array([numbers])
    for x, mid, rad in zip(numbers, found.mid.flat, found.rad.flat, strict=True):
        true = Fraction(int(x.p), int(x.q))
        assert abs(exact(mid) - true) <= exact(rad)
        assert (rad == 0) == (exact(mid) == true)
        assert rad <= max(1e-14 * abs(mid), 2 * TINY)
    pi = Combination(fmpq(1, 7), frozenset({(("pi",), fmpq(-2, 3)), (("root", fmpq(2), 2), fmpq(5))}))
    found = ring.array([[pi]])
    with ball_precision(300):
        ball = BallRing(Work(), 300).embed(pi)
        assert abs(ball - arb(float(found.mid[0, 0]))) <= arb(float(found.rad[0, 0]))


def test_numbers_that_have_no_double_are_refused():
    ring = DoubleRing(Work())
    for number in (fmpq(10) ** 400, -(fmpq(10) ** 309), fmpq(2) ** 101):
        with pytest.raises(Rejected) as caught:
            ring.array([[number]])
        assert caught.value.code == "limit"
    almost_zero = Combination(fmpq(-2), frozenset({(("root", fmpq(4), 2), fmpq(1))}))
    with pytest.raises(Rejected):
        ring.array([[almost_zero]])


@pytest.mark.parametrize("name", NAMES)
def test_activations_are_enclosed_over_their_intervals(name):
    """Against balls of 200 bits at points of each interval; where a kink lies in one, the slopes are refused."""
    rng = random.Random(name)
    ring = DoubleRing(Work())
    kinks = [float(k) for k in activation_named(name).kinks(1)]
    mid = np.array([rng.gauss(0, 1) * 10.0 ** rng.randint(-3, 3) for _ in range(60)] + [0.4, -0.4, 700.0, -700.0, 1e15, -1e15, 1e-200])
    rad = np.array([abs(m) * rng.choice((0.0, 1e-16, 1e-8, 0.01)) for m in mid])
    if name.startswith("power"):
        mid, rad = np.clip(mid, -50, 50), np.clip(rad, 0, 1)
    clear = [not any(abs(m - k) <= r for k in kinks) for m, r in zip(mid, rad, strict=True)]
    mid, rad = mid[clear].reshape(1, -1), rad[clear].reshape(1, -1)
    values, slopes = ring.activate(activation_named(name), 1, Enclosed(mid, rad), slopes=True)
    with ball_precision(400):
        balls = BallRing(Work(), 400)
        for share in (-1, 0, fmpq(1, 3), 1):
            points = [fmpq(*m.as_integer_ratio()) + fmpq(*r.as_integer_ratio()) * share for m, r in zip(mid.flat, rad.flat, strict=True)]
            at = np.array([arb(t) for t in points], dtype=object).reshape(1, -1)
            for found, true in zip((values, slopes), balls.activate(activation_named(name), 1, Series([at]), slopes=True), strict=True):
                there = np.broadcast_to(np.asarray(true.coefficients[0] if isinstance(true, Series) else true, dtype=object), mid.shape)
                for m, r, ball in zip(found.mid.flat, found.rad.flat, there.flat, strict=True):
                    assert abs(arb(ball) - arb(float(m))) <= arb(float(r))
    for k in kinks:
        with pytest.raises(Rejected):
            ring.activate(activation_named(name), 1, Enclosed(np.array([[k + 1e-9]]), np.array([[1e-8]])), slopes=True)


def test_balls_become_doubles_that_hold_them():
    with ball_precision(200):
        balls = [arb.pi(), arb(1) / 3, arb(0, 1e-5), arb(5e-324), arb(2) ** -1100, arb(1, 2.0**-60), arb(-7)]
        found = of_balls(Series([np.array(balls, dtype=object)]), (len(balls),))
        for ball, mid, rad in zip(balls, found.mid, found.rad, strict=True):
            m, r = arb(float(mid)), arb(float(rad))
            assert abs(ball - m) <= r
        for ball in (arb("nan"), arb("inf"), arb(0, 2.0**101), arb(2) ** 101, arb(10) ** 400):
            with pytest.raises(Rejected):
                of_balls(Series([np.array([ball], dtype=object)]), (1,))


CENTRES = (0.0, 0.37, -2.5, 7.9, -29.3, 640.0)


def clusters(name, centre):
    """Many intervals around one number, with ends at the borders between cells, in matrices."""
    rng = random.Random(f"{name} {centre}")
    mid = [centre + rng.uniform(-1, 1) * 2.0**-9 for _ in range(253)] + [centre, np.rint(centre * 256) / 256 + 2.0**-9, centre + 1e-300]
    rad = [rng.choice((0.0, 1e-16, 1e-9, 2.0**-10, 2.0**-9)) for _ in mid]
    return Enclosed(np.array(mid).reshape(32, 8), np.array(rad).reshape(32, 8))


@pytest.mark.parametrize("name", [x for x in SMOOTH if not x.startswith(("identity", "power"))])
def test_many_activations_at_once_hold_the_values_of_300_bits(name):
    """By Taylor polynomials; radii are not much larger than those of single balls, so that nothing is lost."""
    activation, quick = activation_named(name), 0
    for centre in CENTRES:
        z = clusters(name, centre)
        ring = BallRing(Work(), PRECISION)
        found = _by_taylor(ring, activation, z, 3)
        quick += found is not None
        for k, part in enumerate(() if found is None else found):
            single = derivatives(Work(), activation, Enclosed(z.mid[:1, :4], z.rad[:1, :4]), 2)[k]
            assert np.all(part.rad[:1, :4] <= 1.25 * single.rad + 2.0**-7 * z.rad[:1, :4] + 2.0**-51 * np.abs(single.mid) + 2.0**-590)
        with ball_precision(300):
            function, rng = BallRing(Work(), 300), random.Random(name)
            for i in rng.sample(range(z.mid.size), 12) if found is not None else ():
                m, r = float(z.mid.flat[i]), float(z.rad.flat[i])
                for share in (-1, fmpq(1, 3), 1):
                    at = arb(fmpq(*m.as_integer_ratio()) + fmpq(*r.as_integer_ratio()) * share)
                    line = Series([np.array([at]), np.array([arb(1)])])
                    value, slope = function.activate(activation, 1, line, slopes=True)
                    true = (value.coefficients[0][0], *(c[0] for c in slope.coefficients))
                    assert all(abs(x - arb(p.mid.flat[i])) <= arb(p.rad.flat[i]) for x, p in zip(true, found, strict=True))
    assert quick >= 3


def test_taylor_polynomials_are_not_used_where_they_are_no_gain():
    ring, many = BallRing(Work(), PRECISION), np.zeros((64, 4))
    near = Enclosed(many + 0.3, many)
    assert _by_taylor(ring, activation_named("tanh"), near, 2) is not None
    assert _by_taylor(ring, activation_named("tanh"), Enclosed(many + 0.3, many + 2.0**-8), 2) is None  # wide
    assert _by_taylor(ring, activation_named("softsign"), near, 2) is None  # a kink
    assert _by_taylor(ring, activation_named("gelu"), Enclosed(many - 36.0, many), 2) is None  # steep: φ(x)/φ(g) = e^{36/256}
    assert _by_taylor(ring, activation_named("tanh"), Enclosed(np.arange(256.0).reshape(64, 4), many), 2) is None  # few in each cell
    assert _by_taylor(ring, activation_named("swish:4096"), Enclosed(many + 0.001, many), 2) is None  # steep
    assert _by_taylor(ring, activation_named("swish:1000000"), Enclosed(many, many), 2) is None  # coefficients above 2^100
