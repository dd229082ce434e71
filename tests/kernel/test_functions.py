"""Every activation and error of the kernel against many digits: values, slopes, Taylor coefficients, states, kinks, suprema; exact, in balls, and formally."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from cases.kernel_activations import KINKED, NAMES, ONCE, SMOOTH
from cases.kernel_loss_twin import error_value
from cases.kernel_reals import STATES, Reals, real
from cases.kernel_twin import slope, value
from flint import arb, fmpq, nmod

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.exponentials import ExponentialRing
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.functions import ERRORS, FUNCTIONS, function_of
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.arithmetic.series import Series, constant_term
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Combination
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES, activation_named
from lossproof.theory.functions.errors import ERROR_FAMILIES, error_named

BITS, DIGITS = 300, 110
ERRORS_OF_RESIDUALS = (
    "squared",
    "smooth-l1:1/4",
    "smooth-l1:1000",
    "cauchy:2",
    "cauchy:1/1000",
    "blake-zisserman:1/2",
    "blake-zisserman:7",
)
HUGE = (fmpq(10) ** 60, fmpq(10) ** 18, fmpq(10) ** 6, fmpq(800), fmpq(1, 10**18), fmpq(1, 10**300))
WIDE = (
    (0, "1/2"),
    (0, 5),
    (3, 5),
    (-2, 3),
    (40, 39),
    (-40, 39),
    (0, 1000),
    (10**6, 10**5),
    (-(10**6), 10**5),
    (10**40, 10**39),
    (0, 10**60),
    ("1/100", "1/200"),
)


def arguments(name, count=25):
    """Rationals of all sizes, signs and digits, off the kinks."""
    rng = random.Random(name)
    drawn = [fmpq(rng.randint(-(10**6), 10**6), rng.randint(1, 10**5)) for _ in range(count)]
    drawn += [fmpq(*rng.gauss(0, s).as_integer_ratio()) for s in (1e-9, 0.3, 3, 30)]
    drawn += [s * x for x in HUGE for s in (1, -1)] + [fmpq(0), fmpq(1), fmpq(-1)]
    kinks = [fmpq(k.numerator, k.denominator) for k in (activation_named(name).kinks(2) if name in NAMES else ())]
    return [z for z in drawn if z not in kinks]


def mp(z):
    return mpmath.mpf(int(z.p)) / int(z.q)


def ball_of(x, digits=70):
    """A ball around an mpf of so many digits."""
    return arb(mpmath.nstr(x, digits), abs(arb(mpmath.nstr(x, 5))) * arb(10) ** (2 - digits)) if x else arb(0)


def both(ring, name, z):
    """``σ`` and ``σ'`` of one element of a ring."""
    found = ring.activate(activation_named(name), 1, Series([np.array([z], dtype=object)]), slopes=True)
    return tuple(constant_term(part, (1,))[0] for part in found)


def test_every_family_has_a_function():
    families = {name.partition(":")[0] for name in NAMES}
    assert families == set(ACTIVATION_FAMILIES)
    assert {name.partition(":")[0] for name in KINKED} == {name for name in families if name not in FUNCTIONS}
    assert set(ERRORS) == set(ERROR_FAMILIES) - {"softmax"}
    with pytest.raises(Rejected):
        function_of(error_named("softmax"))
    states = {state.name for found in FUNCTIONS.values() for state in found.states}
    states |= {state.name for found in ERRORS.values() for state in found.states}
    assert states == set(STATES)


def test_an_unknown_family_is_refused():
    """A curved function that is not in the table has no curvature 0 by default."""
    for changes in ({"family": "snake", "name": "snake"}, {"family": "relu6", "name": "relu6"}):
        with pytest.raises(Rejected) as caught:
            function_of(replace(activation_named("tanh"), **changes))
        assert caught.value.code == "evidence"


@pytest.mark.parametrize("name", NAMES)
def test_values_and_slopes_at_points(name):
    """At exact arguments of 300 bits: the ball contains the true number, and is small unless the argument is huge."""
    with ball_precision(BITS), mpmath.workdps(DIGITS):
        ring = BallRing(Work(), BITS)
        for z in arguments(name):
            found = both(ring, name, arb(z))
            x = mp(z)
            true = value(name, x), slope_of(name, x)
            for ball, exact in zip(found, true, strict=True):
                assert arb(ball).overlaps(ball_of(exact, 60)), (name, z)
                assert arb(ball).is_finite()
                assert arb(ball).rad() <= arb(10) ** -45 * (1 + abs(arb(ball))) * (1 + abs(arb(z))), (name, z)


def slope_of(name, x):
    """``σ'`` by closed forms, also far out where differences fail."""
    family = name.partition(":")[0]
    e = mpmath.exp(-abs(x))
    logistic = lambda t: 1 / (1 + mpmath.exp(-t))  # noqa: E731
    sech2 = lambda t: 4 * mpmath.exp(-2 * abs(t)) / (1 + mpmath.exp(-2 * abs(t))) ** 2  # noqa: E731
    softplus = max(x, mpmath.mpf(0)) + mpmath.log1p(e)
    beta = mpmath.mpf(3) / 2
    closed = {
        "tanh": lambda: sech2(x),
        "sigmoid": lambda: e / (1 + e) ** 2,
        "softplus": lambda: logistic(x),
        "silu": lambda: logistic(x) + x * e / (1 + e) ** 2,
        "swish": lambda: logistic(beta * x) + beta * x * mpmath.exp(-beta * abs(x)) / (1 + mpmath.exp(-beta * abs(x))) ** 2,
        "mish": lambda: mpmath.tanh(softplus) + x * sech2(softplus) * logistic(x),
        "bent-identity": lambda: x / (2 * mpmath.sqrt(x * x + 1)) + 1,
        "gelu": lambda: mpmath.erfc(-x / mpmath.sqrt(2)) / 2 + x * mpmath.npdf(x),
        "arctan": lambda: 1 / (1 + x * x),
        "erf": lambda: 2 * mpmath.exp(-x * x) / mpmath.sqrt(mpmath.pi),
        "sin": lambda: mpmath.cos(x),
        "elu": lambda: mpmath.exp(min(x, 0)),
    }
    return closed[family]() if family in closed else slope(name, x)


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n not in (*KINKED, "identity", "power:1", "power:2", "power:3", "power:16", "softsign")]
)
def test_the_closed_forms_of_slopes_are_differences(name):
    """The twin itself, where differences are good."""
    with mpmath.workdps(60):
        for x in (-3, -0.7, 0.31, 1, 2.5, 7):
            assert mpmath.almosteq(slope_of(name, mpmath.mpf(x)), mpmath.diff(lambda t: value(name, t), mpmath.mpf(x)), 1e-25, 1e-25)


@pytest.mark.parametrize("name", NAMES)
def test_wide_balls_enclose_all_their_points(name):
    """Values and slopes at points all over a ball, its ends among them; where a kink lies in it, the slope is refused if it does not exist there."""
    rng = random.Random(name)
    kinks = activation_named(name).kinks(1)
    with ball_precision(120), mpmath.workdps(100):
        ring = BallRing(Work(), 120)
        for mid, rad in WIDE:
            m, r = (fmpq(*Fraction(x).as_integer_ratio()) for x in (mid, rad))
            z = arb(m, arb(r))
            if any(z.contains(arb(fmpq(k.numerator, k.denominator))) for k in kinks):
                with pytest.raises(Rejected):
                    both(ring, name, z)
                only = ring.apply(activation_named(name), Series([np.array([z], dtype=object)])).coefficients[0][0]
                found = (only,)
            else:
                found = both(ring, name, z)
            points = [m, m - r, m + r, *(m + r * fmpq(rng.randint(-1000, 1000), 1000) for _ in range(8))]
            for t in points:
                true = (value(name, mp(t)), slope_of(name, mp(t)))
                for ball, exact in zip(found, true, strict=False):
                    assert arb(ball).overlaps(ball_of(exact, 40)), (name, mid, rad, t)


@pytest.mark.parametrize("name", [*SMOOTH, *ONCE])
def test_bounded_slopes_of_wide_balls_are_finite(name):
    """No enclosure of a wide ball is undefined where the function is defined all over it."""
    with ball_precision(80):
        ring = BallRing(Work(), 80)
        for mid, rad in WIDE:
            m, r = (fmpq(*Fraction(x).as_integer_ratio()) for x in (mid, rad))
            assert all(arb(ball).is_finite() for ball in both(ring, name, arb(m, arb(r)))), (name, mid, rad)


@pytest.mark.parametrize("name", NAMES)
def test_taylor_coefficients_along_a_curve(name):
    """``σ(z + 2t − t²)`` to the order 5 in balls, against differences of the twin."""
    rng = random.Random(name + "taylor")
    with ball_precision(BITS), mpmath.workdps(80):
        ring = BallRing(Work(), BITS)
        for _ in range(4):
            z = fmpq(3 * rng.randint(-13, 13) + 1, 13)
            rest = [fmpq(2), fmpq(-1), fmpq(0), fmpq(0), fmpq(0)]
            found = ring.apply(activation_named(name), Series([np.array([arb(x)], dtype=object) for x in (z, *rest)]))
            pair = ring.activate(activation_named(name), 1, Series([np.array([arb(x)], dtype=object) for x in (z, *rest)]), slopes=True)
            true = mpmath.taylor(lambda t, z=z: value(name, mp(z) + 2 * t - t * t), 0, 5)
            for k, exact in enumerate(true):
                ball = arb(found.coefficients[k][0])
                assert abs(ball - arb(mpmath.nstr(exact, 50))) < arb(10) ** -18, (name, z, k)
                assert ball.rad() < arb(10) ** -60
                again = pair[0].coefficients[k][0]
                assert arb(again).overlaps(ball)


@pytest.mark.parametrize("name", SMOOTH)
def test_taylor_coefficients_over_a_ball_enclose_those_at_its_points(name):
    rng = random.Random(name + "wide")
    with ball_precision(128):
        ring = BallRing(Work(), 128)
        for mid, rad in ((fmpq(1, 3), fmpq(1, 4)), (fmpq(-2), fmpq(1)), (fmpq(0), fmpq(3)), (fmpq(30), fmpq(5))):
            one = [np.array([arb(1)], dtype=object), *[np.array([arb(0)], dtype=object)] * 2]
            whole = ring.apply(activation_named(name), Series([np.array([arb(mid, arb(rad))], dtype=object), *one]))
            for _ in range(4):
                t = mid + rad * fmpq(rng.randint(-100, 100), 100)
                there = ring.apply(activation_named(name), Series([np.array([arb(t)], dtype=object), *one]))
                for a, b in zip(whole.coefficients, there.coefficients, strict=True):
                    assert arb(a[0]).contains(arb(b[0])) or arb(a[0]).overlaps(arb(b[0]))


@pytest.mark.parametrize("name", ERRORS_OF_RESIDUALS)
def test_errors_and_their_derivatives(name):
    error = error_named(name)
    with ball_precision(BITS), mpmath.workdps(DIGITS):
        ring = BallRing(Work(), BITS)
        for r in arguments(name, 20):
            if abs(r) > 10**20:
                continue
            x = mp(r)
            at = Series([np.array([arb(r)], dtype=object)])
            loss = ring.apply(error, at).coefficients[0][0]
            rate, curvature = (c[0] for c in ring.slope(error, Series([*at.coefficients, np.array([arb(1)], dtype=object)])).coefficients)
            assert arb(loss).overlaps(ball_of(error_value(name, [x], [mpmath.mpf(0)]), 50)), (name, r)
            if abs(r) < 100 and abs(r) > fmpq(1, 10**6):
                first, second = (mpmath.diff(lambda t: error_value(name, [t], [mpmath.mpf(0)]), x, k) for k in (1, 2))
                assert abs(arb(rate) - arb(mpmath.nstr(first, 50))) < arb(10) ** -25 * (1 + abs(arb(rate)))
                assert abs(arb(curvature) - arb(mpmath.nstr(second, 50))) < arb(10) ** -15 * (1 + abs(arb(curvature)))
            assert all(arb(b).is_finite() for b in (loss, rate, curvature))


@pytest.mark.parametrize("name", ERRORS_OF_RESIDUALS)
def test_errors_over_wide_balls(name):
    error = error_named(name)
    with ball_precision(100), mpmath.workdps(60):
        ring = BallRing(Work(), 100)
        for mid, rad in ((0, 1), (3, 5), (-20, 19), (0, 10**6), (10**9, 10**8)):
            at = Series([np.array([arb(mid, rad)], dtype=object)])
            loss, rate = (part.coefficients[0][0] for part in (ring.apply(error, at), ring.slope(error, at)))
            for t in np.linspace(-1, 1, 9):
                r = mpmath.mpf(mid) + mpmath.mpf(float(t)) * rad
                assert arb(loss).overlaps(ball_of(error_value(name, [r], [mpmath.mpf(0)]), 40)), (name, mid, rad, t)
                assert (
                    arb(rate).overlaps(ball_of(mpmath.diff(lambda q: error_value(name, [q], [mpmath.mpf(0)]), r), 15)) or abs(mid) > 10**6
                )


@pytest.mark.parametrize("name", sorted({*FUNCTIONS}))
def test_the_states_are_what_they_are_called_and_obey_their_system(name):
    """Balls, values on record, mirrors, formulas and rates of every state, against many digits."""
    found = FUNCTIONS[name]
    check_states(found, fmpq(3, 2) if name == "swish" else fmpq(3) if name == "power" else fmpq(1))


@pytest.mark.parametrize("name", sorted({*ERRORS}))
def test_the_states_of_errors_are_what_they_are_called_and_obey_their_system(name):
    check_states(ERRORS[name], fmpq(1) if name == "logistic" else fmpq(3, 4))


def check_states(function, p):
    points = [fmpq(0), fmpq(1), fmpq(-1), fmpq(4, 3), fmpq(-3, 4), fmpq(7, 5), fmpq(-22, 7), fmpq(9), fmpq(-30)]
    with ball_precision(200), mpmath.workdps(70):
        for z in points:
            x, before = mp(z), []
            for state in function.states:
                true = STATES[state.name](x, mp(p))
                assert arb(state.ball(arb(z), p)).overlaps(ball_of(true, 50)), (state.name, z)
                known = state.at(z, p)
                assert known is None or mpmath.almosteq(mp(known), true, 1e-60, 1e-60), (state.name, z)
                if state.mirror is not None:
                    a, b, c = state.mirror
                    assert mpmath.almosteq(STATES[state.name](-x, mp(p)), a * true + b * x + c, 1e-50, 1e-50), (state.name, z)
                if state.right is not None and z >= 0:
                    assert mp(state.right) == true
                if state.formula is not None:
                    assert mpmath.almosteq(as_real(state.formula(Real(x), tuple(map(Real, before)))), true, 1e-50, 1e-50), (state.name, z)
                if state.of_exponential is not None:
                    e = Real(mpmath.exp(mp(p) * state.exponent * x))
                    assert mpmath.almosteq(as_real(state.of_exponential(e)), true, 1e-50, 1e-50), (state.name, z)
                before.append(true)
            if function.states and z != 0:
                sides = side_at(function, z)
                speeds = function.rates(Real(x), tuple(map(Real, before)), tuple(map(Real, sides)), Real(mp(p)))
                for state, speed in zip(function.states, speeds, strict=True):
                    true = mpmath.diff(lambda t, state=state: STATES[state.name](t, mp(p)), x)
                    assert mpmath.almosteq(as_real(speed), true, 1e-25, 1e-25), (state.name, z)


def side_at(function, z):
    return tuple(mp(s) for s in function.sides[int(z > 0) if len(function.sides) == 2 else 0])


class Real:
    """An mpf that mixes with rationals of FLINT."""

    def __init__(self, x):
        self.x = mpmath.mpf(x)

    def __add__(self, other):
        return Real(self.x + as_real(other))

    def __sub__(self, other):
        return Real(self.x - as_real(other))

    def __rsub__(self, other):
        return Real(as_real(other) - self.x)

    def __mul__(self, other):
        return Real(self.x * as_real(other))

    def __truediv__(self, other):
        return Real(self.x / as_real(other))

    def __neg__(self):
        return Real(-self.x)

    __radd__, __rmul__ = __add__, __mul__


def as_real(x):
    return x.x if isinstance(x, Real) else mp(x) if isinstance(x, fmpq) else mpmath.mpf(x)


@pytest.mark.parametrize("name", [n for n in NAMES if max(function_of(activation_named(n)).suprema) < float("inf")])
def test_suprema_of_the_derivatives(name):
    """``|σ'|`` and ``|σ''|`` on the whole line by maximisation: never above the numbers on record, which are not above twice the truth."""
    bounds = function_of(activation_named(name)).suprema
    with mpmath.workdps(30):
        first = lambda t: abs(slope_of(name, t))  # noqa: E731
        second = lambda t: abs(mpmath.diff(lambda s: slope_of(name, s), t))  # noqa: E731
        for bound, curve in zip(bounds, (first, second), strict=True):
            grid = [mpmath.mpf(k) / 16 + mpmath.mpf(1) / 1000 for k in range(-160, 161)] + [
                mpmath.mpf(s * 10**k) + 0.3 for k in range(2, 7) for s in (1, -1)
            ]
            values = [curve(t) for t in grid]
            best = max(range(len(grid)), key=values.__getitem__)
            top = maximum(curve, grid[best] - mpmath.mpf(1) / 16, grid[best] + mpmath.mpf(1) / 16) if best < 321 else values[best]
            top = max(top, values[best])
            assert top <= mpmath.mpf(bound) * (1 + mpmath.mpf(10) ** -12), (name, top)
            assert bound == 0 or 2 * top >= bound, "a bound of little use"


def maximum(curve, low, high):
    """The largest value met by golden sections of an interval."""
    ratio = (mpmath.sqrt(5) - 1) / 2
    found = max(curve(low), curve(high))
    for _ in range(60):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        found = max(found, curve(a), curve(b))
        low, high = (a, high) if curve(a) < curve(b) else (low, b)
    return found


def constants(ring):
    """Elements of a formal ring: rationals, logarithms, roots, pi, polynomials of them."""
    log = lambda n: ring.embed(combination(("log", fmpq(n))))  # noqa: E731
    pi, root = ring.embed(combination(("pi",))), ring.embed(combination(("root", fmpq(5, 2), 3), fmpq(1, 3), -2))
    rationals = [fmpq(0), fmpq(3, 2), fmpq(-3, 2), fmpq(1), fmpq(-1), fmpq(1000), fmpq(-1, 1000)]
    return [
        *rationals,
        log(3),
        log(3) * fmpq(-1, 2),
        log(2) * 2 - log(5),
        pi * fmpq(1, 3) - 1,
        pi * fmpq(-1, 3) + 1,
        root,
        root * root - pi,
        log(2) - fmpq(1, 2),
    ]


def combination(constant, rational=0, factor=1):
    return Combination(fmpq(rational), frozenset({(constant, fmpq(factor))}))


@pytest.mark.parametrize("name", NAMES)
def test_formal_values_stand_for_the_real_ones(name):
    """Known values, mirrors and symbols: the homomorphism to the reals gives σ(z) and σ'(z)."""
    ring = FormalRing(Work())
    kinks = [fmpq(k.numerator, k.denominator) for k in activation_named(name).kinks(1)]
    with mpmath.workdps(60):
        for z in constants(ring):
            if any(isinstance(z, fmpq) and z == k for k in kinks):
                with pytest.raises(Rejected):
                    both(ring, name, z)
                continue
            found = both(ring, name, z)
            reals = Reals(ring)
            x = reals(z)
            for element, true in zip(found, (value(name, x), slope_of(name, x)), strict=True):
                assert mpmath.almosteq(reals(element), true, 1e-45, 1e-45), (name, z)


@pytest.mark.parametrize("name", NAMES)
def test_formal_values_and_balls_agree(name):
    """The ball of a formal value contains what the ball ring gives for the ball of its argument."""
    ring = FormalRing(Work())
    with ball_precision(1024):
        balls = BallRing(Work(), 1024)
        for z in constants(ring):
            try:
                formal = both(ring, name, z)
            except Rejected:
                continue
            argument = arb(z) if isinstance(z, fmpq) else ring.ball(z)
            for element, ball in zip(formal, both(balls, name, argument), strict=True):
                there = arb(element) if isinstance(element, fmpq) else ring.ball(element)
                assert there.overlaps(arb(ball))
                assert abs(there - arb(ball)) < arb(2) ** -800 * (1 + abs(arb(ball)))


@pytest.mark.parametrize("name", ["relu", "leaky-relu:1/10", "hard-tanh", "softsign", "elu"])
def test_at_a_kink_all_derivatives_exist_that_exist(name):
    """Values always; slopes for softsign and elu; second derivatives for none, exactly, in a tiny ball, and formally."""
    smooth = 1 if name in ONCE else 0
    one = {arb: arb(1), fmpq: fmpq(1)}
    for kink in activation_named(name).kinks(2):
        k = fmpq(kink.numerator, kink.denominator)
        for ring, z in ((FormalRing(Work()), k), (BallRing(Work(), 64), arb(k)), (BallRing(Work(), 64), arb(k, 1e-9))):
            with ball_precision(64):
                for order in (0, 1, 2):
                    unit = one[type(z)]
                    series = Series([np.array([z], dtype=object), *[np.array([unit], dtype=object)] * order])
                    if order <= smooth:
                        first = ring.apply(activation_named(name), series).coefficients[0][0]
                        assert arb(first).overlaps(ball_of(mpmath.mpf(value(name, mpmath.mpf(int(kink)))), 30)) or first == value(
                            name, kink
                        )
                    else:
                        with pytest.raises(Rejected):
                            ring.apply(activation_named(name), series)
                if smooth == 0:
                    with pytest.raises(Rejected):
                        both(ring, name, z)
                else:
                    assert arb(both(ring, name, z)[1]).overlaps(arb(1))


@pytest.mark.parametrize("name", ["relu", "leaky-relu:1/10", "hard-tanh", "softsign", "elu"])
def test_an_irrational_number_that_is_not_told_from_a_kink_is_on_no_side(name):
    """``√4 − 2`` is 0, and ``√4 − 1`` is 1, but no polynomial in ``√4`` shows it: not even the value is known. Off the kinks the side is seen in balls."""
    ring = FormalRing(Work())
    root = ring.embed(combination(("root", fmpq(4), 2)))
    for kink in activation_named(name).kinks(2):
        z = root - 2 + fmpq(kink.numerator, kink.denominator)
        for order in (0, 1):
            with pytest.raises(Rejected) as caught:
                ring.apply(activation_named(name), Series([np.array([x], dtype=object) for x in (z, fmpq(1))[: order + 1]]))
            assert (caught.value.place, caught.value.code) == ("conclusion.at", "evidence")
        assert ring.used_balls
        for x in (z + fmpq(1, 10**200), z - fmpq(1, 10**200)):
            both(ring, name, x)


def test_formal_symbols_are_shared_where_values_are_equal():
    """``σ(−z) = aσ(z) + bz + c`` formally, at rational and irrational z, for all reflections on record; and for slopes."""
    for name in NAMES:
        if activation_named(name).reflection is None or name in KINKED:
            continue
        ring = FormalRing(Work())
        a, b, c = activation_named(name).reflection
        for z in (fmpq(7, 5), ring.embed(combination(("pi",))) - 3, ring.embed(combination(("log", fmpq(7))))):
            (right, right_slope), (left, left_slope) = both(ring, name, z), both(ring, name, (-1) * z)
            assert left - (right * a + z * b + fmpq(c)) == 0, name
            assert left_slope + right_slope * a + b == 0, name


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "mish", "swish:3/2"])
def test_values_at_logarithms_are_rational(name):
    """``e^{kz}`` is rational at integer multiples of logarithms of whole numbers, composite ones too."""
    ring = FormalRing(Work())
    z = ring.embed(combination(("log", fmpq(9)))) * 2 - ring.embed(combination(("log", fmpq(2)))) * 4
    for element in both(ring, name, z) if name in ("tanh", "sigmoid") else ():
        assert isinstance(element, fmpq)
        with mpmath.workdps(50):
            x = 2 * mpmath.log(9) - 4 * mpmath.log(2)
            assert any(mpmath.almosteq(real(element), t, 1e-45) for t in (value(name, x), slope_of(name, x)))
    found = both(ring, name, z)
    with mpmath.workdps(50):
        reals = Reals(ring)
        assert mpmath.almosteq(reals(found[0]), value(name, reals(z)), 1e-40)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "mish", "swish:3/2"])
def test_residues_in_place_of_exponentials_satisfy_the_same_equations(name):
    """``u ↦ a residue`` for ``u = e^{1/D}``: the values are the rational functions of u, computed apart, at the residue."""
    p, u, D = 1000003, 271, 12
    ring, function = ExponentialRing(Work(), D, nmod(u, p)), function_of(activation_named(name))
    for z in (fmpq(1, 2), fmpq(-5, 3), fmpq(7, 6), fmpq(0), fmpq(2)):
        value_there, slope_there = (
            constant_term(part, (1,))[0]
            for part in ring.activate(activation_named(name), 1, Series([np.array([z], dtype=object)]), slopes=True)
        )
        t, q = pow(u, int((z * D * function.parameter).p), p), int(z.p) * pow(int(z.q), -1, p)
        logistic = t * pow(1 + t, -1, p)
        gate = t * (t + 2) * pow(t * (t + 2) + 2, -1, p)
        beta = int(function.parameter.p) * pow(int(function.parameter.q), -1, p)
        tanh = (t * t - 1) * pow(t * t + 1, -1, p)
        expected = {
            "tanh": (tanh, 1 - tanh**2),
            "sigmoid": (logistic, logistic * (1 - logistic)),
            "silu": (q * logistic, logistic + q * logistic * (1 - logistic)),
            "swish:3/2": (q * logistic, logistic + q * logistic * (1 - logistic) * beta),
            "mish": (q * gate, gate + q * (1 - gate**2) * logistic),
        }[name]
        assert (int(value_there), int(slope_there)) == tuple(x % p for x in expected)


def test_residues_refuse_what_is_no_rational_function_of_u():
    ring = ExponentialRing(Work(), 2, nmod(271, 1000003))
    for name in ("softplus", "gelu", "arctan", "erf", "sin", "bent-identity", "softsign", "elu", "relu"):
        with pytest.raises(Rejected):
            both(ring, name, fmpq(1, 2))
    for name in ("tanh", "sigmoid"):
        with pytest.raises(Rejected):
            both(ring, name, fmpq(1, 3))


SLOPES = {"elu": lambda z: z.min(arb(0)).exp(), "softsign": lambda z: 1 / (1 + abs(z)) ** 2}


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize("size", [fmpq(1, 10**6), fmpq(1, 10), fmpq(3)])
def test_values_along_a_line_across_a_kink_of_the_slope(name, size):
    """The slope has no derivative there; the first coefficient of the value encloses all slopes met, and is narrow where the ball is."""
    with ball_precision(BITS):
        z = Series([np.array([[arb(0, size)]], dtype=object), np.array([[arb(1)]], dtype=object)])
        ring = BallRing(Work(), BITS)
        with pytest.raises(Rejected):
            ring.activate(activation_named(name), 1, z, slopes=True)
        rate = ring.activate(activation_named(name), 1, z, slopes=False)[0].coefficients[1][0, 0]
        assert all(rate.contains(SLOPES[name](arb(size * fmpq(k, 10)))) for k in range(-10, 11))
        assert rate.rad() <= 3 * size or size > 1
