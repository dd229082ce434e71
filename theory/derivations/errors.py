r"""Deriving the properties of an error from its expression.

Separable errors are studied through ``e(r)``, the logistic error through its expression in ``φ``, and softmax through the identity
``vᵀ(diag(s) − ssᵀ)v = ½ Σ_{j,k} s_j s_k (v_j − v_k)²``, which is checked for two and three outputs. `DerivationError` is raised when no
argument applies.
"""

from __future__ import annotations

from fractions import Fraction

import sympy

from lossproof.theory.derivations.pieces import DerivationError
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.functions.properties import Property

R = sympy.Symbol("r", real=True)
PHI = sympy.Symbol("phi", real=True)


def derive_principle_error(error: ErrorFunction) -> Property:
    """Decide whether ``∇E`` vanishes only at the global minimum of ``E(·, y)``.

    Separable: ``e'(r) = r g(r)`` with ``g > 0``, so ``e`` falls before 0 and rises after it. Cross-entropies: differentiable and convex.
    """
    if error.is_cross_entropy:
        if derive_convex(error).holds:
            return Property(True, "differentiable and convex: a zero of the gradient is a global minimum")
        raise DerivationError(f"the argument for {error.name} needs convexity: add another one")
    factor = sympy.simplify(sympy.diff(error.expression, R) / R)
    if factor.is_positive:
        return Property(True, f"e' = r·({factor}), the second factor being positive: only r = 0, the minimum")
    raise DerivationError(f"no sign was found for e'(r)/r of {error.name}: add an argument")


def derive_principle_morse(error: ErrorFunction) -> Property:
    """Decide whether ``∇²E`` is invertible at every minimum of ``E(·, y)``.

    Separable: the minimum is at ``r = 0``, and ``∇²E = e''(0)·I`` there. Logistic: diagonal with positive entries. Softmax: ``(1, …, 1)``
    is in the kernel.
    """
    if error.family == "softmax":
        _confirm_softmax_identity()
        return Property(False, "(1, …, 1) is in the kernel of diag(s) − ssᵀ, at every φ")
    if error.family == "logistic":
        return Property(_is_positive_curvature(error), f"∂²E/∂φ² = {_curvature(error)}")
    at_minimum = sympy.simplify(_curvature(error).subs(R, 0))
    if not derive_principle_error(error).holds or at_minimum.is_nonzero is None:
        raise DerivationError(f"the minimum of {error.name} must be known and e'' have a known sign there: add an argument")
    return Property(bool(at_minimum.is_nonzero), f"e''(0) = {at_minimum}")


def derive_convex(error: ErrorFunction) -> Property:
    """Decide whether ``E(·, y)`` is convex; a refutation carries a rational ``r`` with ``e''(r) < 0``."""
    if error.family == "softmax":
        _confirm_softmax_identity()
        return Property(True, "vᵀ(diag(s) − ssᵀ)v is half the sum of s_j s_k (v_j − v_k)²")
    if _is_positive_curvature(error):
        return Property(True, f"e'' = {_curvature(error)} > 0")
    for candidate in sorted({Fraction(1), Fraction(2), Fraction(3), *error.convex.witness}):
        if has_negative_curvature(error, candidate):
            return Property(False, f"e''({candidate}) < 0", (candidate,))
    raise DerivationError(f"no argument decides whether {error.name} is convex: add one")


def has_negative_curvature(error: ErrorFunction, residual: Fraction) -> bool:
    """Tell whether ``e''`` is negative at a rational residual, by SymPy's exact sign of the number."""
    value = _curvature(error).subs(R, sympy.Rational(residual.numerator, residual.denominator))
    return bool(sympy.simplify(value).is_negative)


def _curvature(error: ErrorFunction) -> sympy.Expr:
    variable = PHI if error.is_cross_entropy else R
    return sympy.simplify(sympy.diff(error.expression, variable, 2))


def _is_positive_curvature(error: ErrorFunction) -> bool:
    return bool(_curvature(error).is_positive)


def _confirm_softmax_identity() -> None:
    for outputs in (2, 3):
        if any(residual != 0 for residual in softmax_residuals(outputs)):
            raise DerivationError(
                f"the identity behind softmax's convexity must hold for {outputs} outputs, and SymPy does not confirm it: mend it"
            )


def softmax_residuals(outputs: int) -> list[sympy.Expr]:
    """Return expressions that are 0 iff ``H = ∇² log Σ e^{φ_j}`` maps ``(1, …, 1)`` to 0 and ``vᵀHv = Σ_{j<k} s_j s_k (v_j − v_k)²``."""
    phi = sympy.symbols(f"phi0:{outputs}", real=True)
    v = sympy.Matrix(sympy.symbols(f"v0:{outputs}", real=True))
    weights = [sympy.exp(x) for x in phi]
    s = [weight / sum(weights) for weight in weights]
    hessian = sympy.hessian(sympy.log(sum(weights)), phi)
    squares = sum(s[j] * s[k] * (v[j] - v[k]) ** 2 for j in range(outputs) for k in range(j))
    kernel = list(hessian * sympy.ones(outputs, 1))
    return [sympy.simplify(residual) for residual in [*kernel, (v.T * hessian * v)[0] - squares]]
