"""The record of an activation function: its SymPy expression, its formula in print, and its proved properties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from lossproof.theory.functions.forms import AffinePiece, Logistic
from lossproof.theory.functions.properties import Interval, Property

if TYPE_CHECKING:
    import sympy

_NO_INVERSE_SLOPE = Property(False, "σ is not analytic, or σ' is 0 somewhere")


@dataclass(frozen=True, kw_only=True)
class Activation:
    r"""One activation ``σ : R → R``, which is continuous.

    - ``name``: the canonical name, with its parameter where it has one, such as ``"leaky-relu:1/100"``;
    - ``family``, ``parameter``: the parts of the name;
    - ``formula``: the expression in ``z``, in SymPy's syntax; ``latex``: the same in print;
    - ``analytic``: real-analytic on all of R;
    - ``differentiable``, ``twice_differentiable``: everywhere on R; where it fails, the witness holds all exceptions (see `kinks`);
    - ``nonvanishing_derivative``: ``σ'(z)`` exists and is not 0 for every real ``z`` (`principle-activation`);
    - ``increasing``: ``σ(y) < σ(z)`` for all ``y < z``;
    - ``convex_inverse_slope``: σ is analytic with ``σ' ≠ 0`` everywhere, and ``1/σ'`` is strictly convex;
    - ``tame``: σ is bounded, or ``|σ(z)| ≤ c e^{ρz}`` for ``z < 0`` and ``|σ(z)| ≤ c (1 + z)`` for ``z ≥ 0``, with some ``c, ρ > 0``;
    - ``rational``: ``σ(z)`` and ``σ'(z)`` are rational for all rational ``z`` (wherever they exist);
    - ``range``: holds all values; ``attained`` is an interval all of whose values are taken (the two agree except where an end point is
      irrational, where they differ by less than 1/1000, for ``swish:β`` by less than ``1/(1000 β)``);
    - ``reflection``: integers ``(a, b, c)`` with ``σ(-z) = a σ(z) + b z + c`` for all z, or None when there are none;
    - ``degree``: ``k`` with ``σ(z) = z^k`` for all z, or None; ``affine_pieces``: all maximal open intervals on which σ is affine, in order;
    - ``logistic``: the ends between which σ is the logistic function, or None.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> tanh = activation_named("tanh")
    >>> tanh, tanh.analytic.holds, tanh.reflection
    (<Activation tanh: tanh(z)>, True, (-1, 0, 0))
    """

    name: str
    family: str
    parameter: Fraction | None = None
    formula: str
    latex: str
    analytic: Property
    differentiable: Property
    twice_differentiable: Property
    nonvanishing_derivative: Property
    increasing: Property
    tame: Property
    rational: Property
    range: Interval
    attained: Interval
    convex_inverse_slope: Property = _NO_INVERSE_SLOPE
    reflection: tuple[int, int, int] | None = None
    degree: int | None = None
    affine_pieces: tuple[AffinePiece, ...] = ()
    logistic: Logistic | None = None

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<Activation {self.name}: {self.formula}>"

    def differentiable_times(self, order: int) -> Property:
        """Return whether ``σ`` is differentiable once (``order`` 1) or twice (``order`` 2) everywhere."""
        return self.differentiable if order == 1 else self.twice_differentiable

    def kinks(self, order: int) -> tuple[Fraction, ...]:
        """Return all points, in order, at which ``σ`` is not differentiable once (``order`` 1) or twice (``order`` 2); none for ``order`` 0.

        Between them ``σ`` is analytic.
        """
        return () if order == 0 else self.differentiable_times(order).witness

    @property
    def has_nonzero_slopes(self) -> bool:
        """Whether ``σ'(z) ≠ 0`` wherever it exists: `nonvanishing_derivative`, or a line of slope other than 0 on each side of every kink."""
        lines = self.is_piecewise_linear and all(piece.slope != 0 for piece in self.affine_pieces)
        return self.nonvanishing_derivative.holds or lines

    @property
    def is_identity(self) -> bool:
        """Whether σ is given as the identity. ``power:1`` is the same function with ``degree`` 1, and is treated as a power."""
        return self.formula == "z"

    @property
    def homogeneity(self) -> int | None:
        """The ``κ`` with ``σ(αz) = α^κ σ(z)`` for all ``α > 0`` and all z, or None.

        It is the degree of a power, and 1 where ``σ`` is a line through the origin on either side of 0. Conversely, let ``σ`` be homogeneous of
        degree 1: then ``σ(z) = σ(1) z`` for ``z > 0`` and ``σ(z) = −σ(−1) z`` for ``z < 0``. No other activation on record is homogeneous.
        """
        if self.degree is not None:
            return self.degree
        through_origin = all(piece.intercept == 0 for piece in self.affine_pieces)
        return 1 if self.is_piecewise_linear and self.kinks(1) == (Fraction(0),) and through_origin else None

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether ``σ''`` is 0 wherever it exists: the affine pieces meet, and reach from −∞ to ∞."""
        pieces = self.affine_pieces
        reaches = bool(pieces) and pieces[0].lower is None and pieces[-1].upper is None
        return reaches and all(left.upper == right.lower for left, right in pairwise(pieces))

    @property
    def never_falls(self) -> bool:
        """Whether ``σ(y) ≤ σ(z)`` for all ``y < z``: `increasing`, or lines of slopes that are not negative."""
        return self.increasing.holds or (self.is_piecewise_linear and all(piece.slope >= 0 for piece in self.affine_pieces))

    @property
    def is_silent_below(self) -> bool:
        """Whether ``σ(z) = 0`` for all ``z ≤ 0``, as the first affine piece says."""
        first = self.affine_pieces[:1]
        return any(p.slope == p.intercept == 0 and p.lower is None and (p.upper is None or p.upper >= 0) for p in first)

    @property
    def is_squashing(self) -> bool:
        """Whether ``σ' > 0`` everywhere, and σ takes just the values between two rational numbers."""
        bounded = self.range.lower is not None and self.range.upper is not None
        return self.nonvanishing_derivative.holds and self.increasing.holds and bounded and self.range == self.attained

    @property
    def is_curved(self) -> bool:
        """Whether σ is twice continuously differentiable near some a with ``σ(a), σ'(a), σ''(a)`` all different from 0.

        So it is unless σ is piecewise linear: else there is an interval on which it is analytic and not affine, so neither 0 nor constant, and the zeros
        of σ, σ' and σ'' are isolated there.
        """
        return not self.is_piecewise_linear

    @property
    def expression(self) -> sympy.Expr:
        """The SymPy expression in the real symbol ``z``."""
        import sympy

        z = sympy.Symbol("z", real=True)
        return sympy.sympify(self.formula, locals={"z": z}, rational=True)


@dataclass(frozen=True)
class Family:
    """A family of activations under one name.

    ``record`` gives the activation for a value of the parameter, or raises `InputError`; ``example`` is a name with a parameter, None where the
    family has none; ``default`` is the value when none is named, None where it has to be.
    """

    record: Callable[[Fraction | None], Activation]
    example: str | None = None
    default: Fraction | None = None
