"""What several activations have in common, in one record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from lossproof.theory.functions.activation import Activation
from lossproof.theory.functions.properties import Interval, Property

_NOWHERE = Interval(Fraction(0), Fraction(0))


def joint_activation(used: Sequence[Activation]) -> Activation:
    """Return the one activation that is used, or where several are a record of what all of them have in common.

    A property holds if it holds for all; where it fails, the witness joins those of the activations, so that `Activation.kinks` are the kinks of any of them.
    There is no reflection, degree, affine piece or logistic form, no value is known to be attained, and the range is the whole line: what follows from one
    formula in all layers follows from nothing here. The formula is the list of the names, and no expression.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> both = joint_activation([activation_named("relu"), activation_named("leaky-relu:1/2")])
    >>> both.name, both.increasing.holds, both.homogeneity, both.kinks(1)
    ('relu, leaky-relu:1/2', False, None, (Fraction(0, 1),))
    """
    different = tuple(dict.fromkeys(used))
    if len(different) == 1:
        return different[0]

    def common(property_of: Callable[[Activation], Property]) -> Property:
        found = [(a.name, property_of(a)) for a in different]
        failing = [(name, p) for name, p in found if not p.holds]
        argument = "; ".join(f"{name}: {p.argument}" for name, p in failing or found)
        return Property(not failing, argument, tuple(sorted({z for _, p in failing for z in p.witness})))

    names = ", ".join(a.name for a in different)
    return Activation(
        name=names,
        family="several",
        formula=names,
        latex=r",\ ".join(a.latex for a in different),
        analytic=common(lambda a: a.analytic),
        differentiable=common(lambda a: a.differentiable),
        twice_differentiable=common(lambda a: a.twice_differentiable),
        nonvanishing_derivative=common(lambda a: a.nonvanishing_derivative),
        increasing=common(lambda a: a.increasing),
        tame=common(lambda a: a.tame),
        rational=common(lambda a: a.rational),
        convex_inverse_slope=common(lambda a: a.convex_inverse_slope),
        range=Interval(),
        attained=_NOWHERE,
    )
