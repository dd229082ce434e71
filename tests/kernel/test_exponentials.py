"""Powers of ``u`` and rational functions in it, what is certainly 0, and the bound of the length of a sum, each against plain arithmetic."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq, fmpq_poly, nmod

from lossproof.certificates.kernel.arithmetic.balls import vanishes
from lossproof.certificates.kernel.arithmetic.exponentials import Ratio
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.rings import length_of_sum
from lossproof.certificates.kernel.arithmetic.series import Series
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits


def drawn(rng, work):
    """A rational function with small coefficients."""
    num, den = (fmpq_poly([fmpq(rng.randint(-4, 4), rng.randint(1, 3)) for _ in range(rng.randint(1, 4))]) for _ in range(2))
    return Ratio(work, num, den if den.degree() >= 0 else fmpq_poly([1]))


def at(x, point):
    """The value at a rational number, None at a pole."""
    return x.num(point) / x.den(point) if x.den(point) != 0 else None


@pytest.mark.parametrize("seed", range(30))
def test_rational_functions_are_computed_as_their_values_are(seed):
    rng, work = random.Random(seed), Work()
    a, b, q = drawn(rng, work), drawn(rng, work), fmpq(rng.randint(-5, 5), rng.randint(1, 4))
    k = rng.randint(-3, 3)
    found = {"sum": a + b, "product": a * b, "difference": a - b, "with a rational": q - a * q}
    if b.num.degree() >= 0:
        found |= {"quotient": a / b, "power": b**k}
    for point in (fmpq(17, 3), fmpq(-29, 7), fmpq(101)):
        x, y = at(a, point), at(b, point)
        if x is None or y is None or y == 0:
            continue
        wanted = {"sum": x + y, "product": x * y, "difference": x - y, "with a rational": q - x * q, "quotient": x / y, "power": y**k}
        assert all(at(value, point) == wanted[name] for name, value in found.items())
    assert all(value.num.gcd(value.den).degree() <= 0 for value in found.values())
    assert vanishes(a - a)
    assert vanishes(a) == (a.num.degree() < 0)


@pytest.mark.parametrize("m", [0, 1, -1, 7, -40, limits.MAX_EXPONENT, 10**30, -(10**30)])
def test_powers_of_a_residue(m):
    """Of any exponent: those of an integer modulo the prime."""
    for u, p in ((271, 1000003), (2**61 - 3, 2**61 - 1), (1, 1000003)):
        assert int(nmod(u, p) ** m) == pow(u, m, p)


def test_powers_of_u_are_limited():
    u = Ratio(Work(), fmpq_poly([0, 1]))
    for m in (limits.MAX_EXPONENT, -limits.MAX_EXPONENT):
        assert (u**m * u**-m) == 1
        with pytest.raises(Rejected) as caught:
            u ** (m + (1 if m > 0 else -1))
        assert caught.value.code == "limit"


def test_only_what_is_exactly_0_vanishes():
    ring = FormalRing(Work())
    symbol = ring.symbol("x", lambda: arb(0))
    assert all(vanishes(x) for x in (fmpq(0), symbol - symbol, symbol * 0, Ratio(Work(), fmpq_poly([]))))
    others = (
        fmpq(1, 10**300),
        arb(0, 1),
        arb(0),
        arb("nan"),
        nmod(0, 7),
        symbol,
        symbol * symbol - symbol,
        Ratio(Work(), fmpq_poly([0, 1])),
        None,
    )
    assert not any(vanishes(x) for x in others)


@pytest.mark.parametrize("seed", range(20))
def test_sums_are_no_longer_than_their_bound(seed):
    """Whatever the order, and however many of the numbers are added, up to the logarithm of how many there are."""
    rng = random.Random(seed)
    denominators = rng.sample([1, 2, 8, 2**40, 3, 9, 35, 10**9 + 7, 2**20 * 3, 2**61 - 1], 4)
    numbers = [fmpq(rng.randint(-(2 ** rng.randint(1, 90)), 2 ** rng.randint(1, 90)), rng.choice(denominators)) for _ in range(30)]
    for terms in (1, 3, 10, 30):
        bound = length_of_sum(Series([np.array(numbers[:20], dtype=object), np.array(numbers[20:], dtype=object)]), terms)
        for _ in range(10):
            total = sum((Fraction(int(x.p), int(x.q)) for x in rng.sample(numbers, terms)), Fraction(0))
            assert max(total.numerator.bit_length(), total.denominator.bit_length()) <= bound + terms.bit_length()
    assert length_of_sum(np.array([arb(1), nmod(2, 7)], dtype=object), 5) == 0
