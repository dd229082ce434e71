"""Activation functions with their SymPy expressions and proved properties.

The properties are not declared at will: each carries its argument, and the test-suite derives every one of them again with SymPy
from the expression (``theory.derivations``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.properties import Interval, Property
from lossproof.theory.names import nearest_name
from lossproof.theory.rationals import parameter_of_text, told

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class Activation:
    r"""One activation ``σ : R → R``.

    - ``name``: the canonical name, with its parameter where it has one, such as ``"leaky-relu:1/100"``;
    - ``family``, ``parameter``: the parts of the name;
    - ``formula``: the expression in ``z``, in SymPy's syntax;
    - ``analytic``: real-analytic on all of R;
    - ``differentiable``, ``twice_differentiable``: everywhere on R; where it fails, the exception is ``z = 0``;
    - ``nonvanishing_derivative``: ``σ'(z)`` exists and is not 0 for every real ``z`` (`principle-activation`);
    - ``rational``: ``σ(z)`` and ``σ'(z)`` are rational for all rational ``z`` (wherever they exist);
    - ``range``: holds all values; ``attained`` is an interval all of whose values are taken (the two agree except where an end point is
      irrational, where they differ by less than 1/1000);
    - ``reflection``: integers ``(a, b, c)`` with ``σ(-z) = a σ(z) + b z + c`` for all z, or None when there are none.
    """

    name: str
    family: str
    parameter: Fraction | None
    formula: str
    analytic: Property
    differentiable: Property
    twice_differentiable: Property
    nonvanishing_derivative: Property
    rational: Property
    range: Interval
    attained: Interval
    reflection: tuple[int, int, int] | None

    def differentiable_times(self, order: int) -> Property:
        """Return whether ``σ`` is differentiable once (``order`` 1) or twice (``order`` 2) everywhere."""
        return self.differentiable if order == 1 else self.twice_differentiable

    @property
    def expression(self) -> sympy.Expr:
        """The SymPy expression in the real symbol ``z``."""
        import sympy

        z = sympy.Symbol("z", real=True)
        return sympy.sympify(self.formula, locals={"z": z}, rational=True)


_COMPOSED = "a composition of real-analytic functions without a pole on R"
_LINDEMANN = "and e^r is transcendental for every rational r ≠ 0 (Lindemann)"
_YES_POLY = Property(True, "polynomial or rational with rational coefficients, piecewise in the sign of z")
_KINK = Property(False, "the one-sided derivatives at 0 differ", (Fraction(0),))
_ALL = Interval()


def _smooth(argument: str = _COMPOSED) -> tuple[Property, Property, Property]:
    return (
        Property(True, argument),
        Property(True, "real-analytic functions are differentiable"),
        Property(True, "real-analytic functions are twice differentiable"),
    )


def _open(lower: int | None, upper: int | None) -> Interval:
    return Interval(None if lower is None else Fraction(lower), None if upper is None else Fraction(upper))


def _sigmoid() -> Activation:
    irrational = Property(False, "σ(1) = 1/(1+e^{-1}), " + _LINDEMANN)
    derivative = Property(True, "σ' = σ(1−σ) with 0 < σ < 1")
    return Activation("sigmoid", "sigmoid", None, "1/(1+exp(-z))", *_smooth(), derivative, irrational, _open(0, 1), _open(0, 1), (-1, 0, 1))


def _tanh() -> Activation:
    irrational = Property(False, "σ(1) = (e²−1)/(e²+1), " + _LINDEMANN)
    derivative = Property(True, "σ' = 1/cosh² > 0")
    return Activation("tanh", "tanh", None, "tanh(z)", *_smooth(), derivative, irrational, _open(-1, 1), _open(-1, 1), (-1, 0, 0))


def _softsign() -> Activation:
    return Activation(
        "softsign",
        "softsign",
        None,
        "z/(1+Abs(z))",
        Property(False, "the second derivative jumps at 0", (Fraction(0),)),
        Property(True, "σ' = 1/(1+|z|)², also at 0, where both one-sided derivatives are 1"),
        Property(False, "σ''(0±) = ∓2: the one-sided second derivatives at 0 differ", (Fraction(0),)),
        Property(True, "σ' = 1/(1+|z|)² > 0"),
        _YES_POLY,
        _open(-1, 1),
        _open(-1, 1),
        (-1, 0, 0),
    )


def _softplus() -> Activation:
    irrational = Property(False, "σ'(1) = 1/(1+e^{-1}), " + _LINDEMANN)
    derivative = Property(True, "σ' = 1/(1+e^{-z}) > 0")
    return Activation(
        "softplus", "softplus", None, "log(1+exp(z))", *_smooth(), derivative, irrational, _open(0, None), _open(0, None), (1, -1, 0)
    )


def _bent_identity() -> Activation:
    irrational = Property(False, "σ(1) = (1+√2)/2")
    derivative = Property(True, "σ' = z/(2√(z²+1)) + 1 > 1/2")
    return Activation(
        "bent-identity", "bent-identity", None, "(sqrt(z**2+1)-1)/2+z", *_smooth(), derivative, irrational, _ALL, _ALL, (1, -2, 0)
    )


def _identity() -> Activation:
    derivative = Property(True, "σ' = 1")
    return Activation("identity", "identity", None, "z", *_smooth("a polynomial"), derivative, _YES_POLY, _ALL, _ALL, (-1, 0, 0))


def _leaky_relu(slope: Fraction) -> Activation:
    return Activation(
        f"leaky-relu:{slope}",
        "leaky-relu",
        slope,
        f"Piecewise((z, z>0), (({slope})*z, True))",
        Property(False, "not differentiable at 0", (Fraction(0),)),
        _KINK,
        _KINK,
        Property(False, "σ' is 1 or the slope away from 0, but σ'(0) does not exist", (Fraction(0),)),
        _YES_POLY,
        _ALL,
        _ALL,
        None,
    )


def _relu() -> Activation:
    half_line = Interval(Fraction(0), None, lower_attained=True)
    return Activation(
        "relu",
        "relu",
        None,
        "Piecewise((z, z>0), (0, True))",
        Property(False, "not differentiable at 0", (Fraction(0),)),
        _KINK,
        _KINK,
        Property(False, "σ'(z) = 0 for all z < 0", (Fraction(-1),)),
        _YES_POLY,
        half_line,
        half_line,
        (1, -1, 0),
    )


def _elu() -> Activation:
    irrational = Property(False, "σ(-1) = e^{-1} − 1, " + _LINDEMANN)
    return Activation(
        "elu",
        "elu",
        None,
        "Piecewise((z, z>0), (exp(z)-1, True))",
        Property(False, "the second derivative jumps at 0", (Fraction(0),)),
        Property(True, "σ' = min(1, e^z), also at 0"),
        Property(False, "the one-sided second derivatives at 0 are 1 and 0", (Fraction(0),)),
        Property(True, "σ' = min(1, e^z) > 0"),
        irrational,
        _open(-1, None),
        _open(-1, None),
        None,
    )


def _gelu() -> Activation:
    irrational = Property(False, "with h(z) = σ'(z) − σ(z)/z the number h(2)/h(1) = 2e^{-3/2} would be rational, " + _LINDEMANN)
    change = Property(False, "σ' is continuous and changes its sign between −1 and 0", (Fraction(-1), Fraction(0)))
    outer, inner = Interval(Fraction(-17, 100), None), Interval(Fraction(-1699, 10000), None, lower_attained=True)
    return Activation("gelu", "gelu", None, "z*(1+erf(z/sqrt(2)))/2", *_smooth(), change, irrational, outer, inner, (1, -1, 0))


def _silu() -> Activation:
    irrational = Property(False, "σ(1) = 1/(1+e^{-1}), " + _LINDEMANN)
    change = Property(False, "σ' is continuous and changes its sign between −2 and 0", (Fraction(-2), Fraction(0)))
    outer, inner = Interval(Fraction(-279, 1000), None), Interval(Fraction(-2784, 10000), None, lower_attained=True)
    return Activation("silu", "silu", None, "z/(1+exp(-z))", *_smooth(), change, irrational, outer, inner, (1, -1, 0))


def _arctan() -> Activation:
    irrational = Property(False, "σ(1) = π/4")
    derivative = Property(True, "σ' = 1/(1+z²) > 0")
    outer, inner = Fraction(15708, 10000), Fraction(15707, 10000)
    return Activation(
        "arctan", "arctan", None, "atan(z)", *_smooth(), derivative, irrational,
        Interval(-outer, outer), Interval(-inner, inner, lower_attained=True, upper_attained=True), (-1, 0, 0),
    )  # fmt: skip


def _erf() -> Activation:
    irrational = Property(False, "σ'(0) = 2/√π")
    derivative = Property(True, "σ' = (2/√π) e^{-z²} > 0")
    return Activation("erf", "erf", None, "erf(z)", *_smooth(), derivative, irrational, _open(-1, 1), _open(-1, 1), (-1, 0, 0))


def _sin() -> Activation:
    irrational = Property(False, "sin(1) is transcendental, as e^i is (Lindemann)")
    change = Property(False, "σ' = cos is continuous and changes its sign between 1 and 2", (Fraction(1), Fraction(2)))
    closed = Interval(Fraction(-1), Fraction(1), lower_attained=True, upper_attained=True)
    return Activation("sin", "sin", None, "sin(z)", *_smooth(), change, irrational, closed, closed, (-1, 0, 0))


def _power(exponent: int) -> Activation:
    if exponent == 1:
        derivative = Property(True, "σ' = 1")
    else:
        derivative = Property(False, f"σ' = {exponent} z^{exponent - 1} is 0 at 0", (Fraction(0),))
    even = exponent % 2 == 0
    values = Interval(Fraction(0), None, lower_attained=True) if even else _ALL
    reflection = (1, 0, 0) if even else (-1, 0, 0)
    return Activation(
        f"power:{exponent}", "power", Fraction(exponent), f"z**{exponent}", *_smooth("a polynomial"), derivative, _YES_POLY,
        values, values, reflection,
    )  # fmt: skip


_PLAIN = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softsign": _softsign,
    "softplus": _softplus,
    "bent-identity": _bent_identity,
    "identity": _identity,
    "relu": _relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "arctan": _arctan,
    "erf": _erf,
    "sin": _sin,
}
ACTIVATION_FAMILIES = (*_PLAIN, "leaky-relu", "power")
_MAX_POWER = 16


def activation_named(name: str | Activation) -> Activation:
    """Return an activation by name; raises `InputError` with the nearest known name.

    ``leaky-relu`` takes its slope after a colon (default ``1/100``), ``power`` its exponent (``power:2`` to ``power:16``).

    >>> activation_named("tanh").nonvanishing_derivative.holds
    True
    >>> activation_named("leaky_relu:1/10").name
    'leaky-relu:1/10'
    """
    if isinstance(name, Activation):
        return name
    return _activation_of_text(str(name))


@lru_cache(maxsize=256)
def _activation_of_text(name: str) -> Activation:
    family, colon, parameter = name.strip().lower().replace("_", "-").partition(":")
    if family in _PLAIN and not colon:
        return _PLAIN[family]()
    if family == "leaky-relu":
        slope = parameter_of_text(parameter or "1/100", "the slope of leaky-relu", "leaky-relu:1/100")
        if not 0 < slope < 1:
            raise InputError(
                f"the slope of leaky-relu must lie strictly between 0 and 1, got {told(parameter)}: write for example leaky-relu:1/100"
            )
        return _leaky_relu(slope)
    if family == "power" and colon:
        exponent = parameter_of_text(parameter, "the exponent of power", "power:2")
        if exponent.denominator != 1 or not 1 <= exponent <= _MAX_POWER:
            raise InputError(
                f"the exponent of power must be a whole number from 1 to {_MAX_POWER}, got {told(parameter)}: write for example power:2"
            )
        return _power(int(exponent))
    raise InputError(f"unknown activation {told(name)}{nearest_name(family, ACTIVATION_FAMILIES)}")
