"""Zoo: the exclusive or, learned by networks with one, two and three hidden units."""

from __future__ import annotations

from fractions import Fraction

from lossproof.theory.problem.numbers import Number, combination
from lossproof.theory.zoo.entry import Exact, ZooEntry, ZooPoint, column, log_of, one_hidden_layer

_X = ((0, 0), (0, 1), (1, 0), (1, 1))
_Y = column(0, 1, 1, 0)
_HALF = Fraction(1, 2)
_CLAIMED = (
    "Blum (Neural Computation 1, 1989) and Lisboa and Perantonis (Network 2, 1991) reported local minima of the XOR networks. Sprinkhuizen-Kuyper and Boers "
    "(Neural Networks 11, 1998; for the simplest network Neural Computation 8, 1996) and Hamey (Neural Networks 11, 1998) proved that every finite stationary "
    "point of the 2-2-1 network with non-zero error is a saddle."
)
_SADDLES = (
    "With zero output weights and output bias 1/2 the output is 1/2 at all samples, and the residuals ±1/2 are orthogonal to the rows of P. "
    "The Hessian has no negative eigenvalue and is singular, so second-order tests are silent. Yet along a curve the loss falls: saddles, "
    "proved by the Taylor coefficients of J along that curve."
)
_LINES = (
    "At the first two points the loss is constant or has a strict minimum on every straight line through the point, so that only a bent curve "
    "descends: the hidden weights move with t, the output weights with t²."
)


def _units(c: Exact, count: int) -> list[tuple[Exact, ...]]:
    """Return the hidden columns (−2c, 0, c), (0, −2c, c), (0, 0, c): weights, then bias."""
    minus = _times(c, Fraction(-2))
    units: list[tuple[Exact, ...]] = [(minus, 0, c), (0, minus, c), (0, 0, c)]
    return units[:count]


def _times(c: Exact, factor: Fraction) -> Number:
    if isinstance(c, (int, str, Fraction)):
        return Fraction(c) * factor
    return combination(c.rational * factor, {constant: factor * q for constant, q in c.terms})


def _stationary(count: int) -> tuple[ZooPoint, ...]:
    log = log_of(3, _HALF)
    zeros = (0,) * count
    shown = ["(−2c, 0, c)", "(0, −2c, c)", "(0, 0, c)"][:count]
    columns = f"hidden column{'s' if count > 1 else ''} {', '.join(shown)}, output weights 0, output bias 1/2"
    return (
        ZooPoint(one_hidden_layer(_units(log, count), zeros, "1/2"), "higher-order-descent", f"c = log(3)/2: {columns}"),
        ZooPoint(one_hidden_layer(_units(1, count), zeros, "1/2"), "higher-order-descent", f"c = 1: {columns}"),
        ZooPoint(one_hidden_layer([(0, 0, 0)] * count, zeros, "1/2"), "higher-order-descent", "all weights 0, output bias 1/2"),
    )


def _learner(count: int) -> ZooPoint:
    """An exact learner for tanh: with s the sum of the inputs, 7/4 tanh(log(3)(s − 1/2)) − 7/4 tanh(log(3)(s − 3/2)) − 3/4."""
    log = log_of(3)
    units: list[tuple[Exact, ...]] = [(log, log, log_of(3, -_HALF)), (log, log, log_of(3, -3 * _HALF)), (0, 0, 0)]
    return ZooPoint(one_hidden_layer(units[:count], ("7/4", "-7/4", 0)[:count], "-3/4"), "global", "an exact learner in closed form")


def _sigmoid_learner() -> ZooPoint:
    """The same function with σ(2z) = (1 + tanh z)/2."""
    twice = log_of(3, Fraction(2))
    units = [(twice, twice, log_of(3, Fraction(-1))), (twice, twice, log_of(3, Fraction(-3)))]
    return ZooPoint(one_hidden_layer(units, ("7/2", "-7/2"), "-3/4"), "global", "an exact learner in closed form")


XOR = (
    ZooEntry(
        name="xor-2-1-1",
        title="XOR with one hidden unit",
        literature=_CLAIMED,
        shows=(
            f"{_SADDLES} {_LINES} One hidden unit cannot learn XOR exactly: tanh is strictly increasing, so equal outputs at (0,0) and (1,1), "
            "and at (0,1) and (1,0), force both input weights to be 0. "
            "No critical point with another loss than 1/8 is known to the zoo; that there is none is not proved here."
        ),
        widths="2-1-1",
        X=_X,
        Y=_Y,
        points=_stationary(1),
    ),
    ZooEntry(
        name="xor-2-2-1",
        title="XOR with two hidden units",
        literature=_CLAIMED,
        shows=f"{_SADDLES} {_LINES} They are no local minima, as Sprinkhuizen-Kuyper and Boers and Hamey say. The global minimum has loss 0, exactly.",
        widths="2-2-1",
        X=_X,
        Y=_Y,
        points=(*_stationary(2), _learner(2)),
    ),
    ZooEntry(
        name="xor-2-3-1",
        title="XOR with three hidden units",
        literature=(
            f"{_CLAIMED} For the 2-3-1 network Sprinkhuizen-Kuyper and Boers (IEEE Trans. Neural Networks 10, 1999) found a local minimum, with units "
            "saturated: it lies at infinity."
        ),
        shows=(
            f"{_SADDLES} For c = log(3)/2 a straight line already descends, with order 3: three hidden units and the bias can keep the output "
            "constant. A point where saturation makes the gradient tiny is no critical point; see separable-neuron."
        ),
        widths="2-3-1",
        X=_X,
        Y=_Y,
        points=(*_stationary(3), _learner(3)),
    ),
    ZooEntry(
        name="xor-2-2-1-sigmoid",
        title="XOR with two hidden sigmoid units",
        literature=_CLAIMED,
        shows=f"{_SADDLES} {_LINES} The sigmoid networks behave as those of tanh do, as σ(2z) = (1 + tanh z)/2.",
        widths="2-2-1",
        X=_X,
        Y=_Y,
        points=(*_stationary(2), _sigmoid_learner()),
        activation="sigmoid",
    ),
)
