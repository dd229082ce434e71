"""Error functions of one sample with their SymPy expressions and proved properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.properties import Property
from lossproof.theory.names import nearest_name
from lossproof.theory.rationals import brief_name, brief_text, parameter_of_text, rational_text
from lossproof.theory.shown import shown

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class ErrorFunction:
    r"""One error ``E(φ, y)``.

    Separable errors are ``Σ_j e(r_j)`` with ``r = φ − y`` and ``formula`` the expression of ``e`` in ``r``; the two cross-entropies take
    logits ``φ`` (``logistic``: ``Σ_j log(1+e^{φ_j}) − y_j φ_j``; ``softmax``: ``log Σ_j e^{φ_j} − yᵀφ``) and have ``formula`` in ``phi``,
    ``y``.

    - ``principle_error``: differentiable in φ, and ``∇E = 0`` only at a global minimum of ``E(·, y)``;
    - ``principle_morse``: ``∇²E`` is non-degenerate at every minimum of ``E(·, y)``; there may be none, as for one-hot targets;
    - ``convex``: ``E(·, y)`` is convex, equivalently ``∇²E ⪰ 0`` everywhere;
    - ``beta``: the scale ``β > 0`` of the robust errors, else None.

    >>> cauchy = error_named("cauchy:1/4")
    >>> cauchy.beta, cauchy.convex.holds
    (Fraction(1, 4), False)
    """

    name: str
    family: str
    beta: Fraction | None
    formula: str
    principle_error: Property
    principle_morse: Property
    convex: Property

    def __repr__(self) -> str:
        return f"<ErrorFunction {brief_name(self.name)}: {self.formula}>"

    @property
    def is_cross_entropy(self) -> bool:
        """Tell whether targets are probabilities and outputs logits."""
        return self.family in ("logistic", "softmax")

    @property
    def expression(self) -> sympy.Expr:
        """The SymPy expression of one output's error, in the real symbols ``r`` (or ``phi`` and ``y``).

        Raises `InputError` for softmax, which is no sum over outputs.
        """
        import sympy

        if self.family == "softmax":
            raise InputError(
                "the expression of one output must be asked for an error that is a sum over outputs, got softmax: use its formula"
            )
        symbols = {name: sympy.Symbol(name, real=True) for name in ("r", "phi", "y")}
        return sympy.sympify(self.formula, locals=symbols, rational=True)

    def check_targets(self, targets: Sequence[Sequence[Fraction]]) -> None:
        """Raise `InputError` unless the targets make sense for this error."""
        if not self.is_cross_entropy:
            return
        for i, row in enumerate(targets):
            if any(not 0 <= y <= 1 for y in row):
                found = next(y for y in row if not 0 <= y <= 1)
                raise InputError(
                    f"targets of the {self.name} error must lie in [0, 1], got {brief_text(rational_text(found))} in Y[{i}]: use probabilities"
                )
            if self.family == "softmax" and sum(row) != 1:
                total = brief_text(rational_text(sum(row, Fraction(0))))
                raise InputError(
                    f"targets of the softmax error must be exact probabilities with sum 1, got sum {total} in Y[{i}]: "
                    "use one-hot rows or fractions such as '1/3'"
                )


def _squared() -> ErrorFunction:
    return ErrorFunction(
        "squared", "squared", None, "r**2/2",
        Property(True, "e' = r vanishes only at r = 0, the minimum"),
        Property(True, "e'' = 1 > 0"),
        Property(True, "e'' = 1 ≥ 0"),
    )  # fmt: skip


def _smooth_l1(beta: Fraction) -> ErrorFunction:
    return ErrorFunction(
        f"smooth-l1:{beta}", "smooth-l1", beta, f"sqrt(r**2+({beta}))",
        Property(True, "e' = r/√(r²+β) vanishes only at r = 0, the minimum"),
        Property(True, "e''(0) = β^{-1/2} > 0"),
        Property(True, "e'' = β (r²+β)^{-3/2} > 0"),
    )  # fmt: skip


def _blake_zisserman(beta: Fraction) -> ErrorFunction:
    outlier = Fraction(ceil(1 / beta))
    return ErrorFunction(
        f"blake-zisserman:{beta}", "blake-zisserman", beta, f"-log(exp(-r**2)+({beta}))",
        Property(True, "e' = 2r e^{-r²}/(e^{-r²}+β) vanishes only at r = 0, the minimum"),
        Property(True, "e''(0) = 2/(1+β) > 0"),
        Property(False, "e'' has the sign of 1 − (2s−1)βe^{s}, s = r², which is negative for r ≥ 1/β and r ≥ 1, as e^{s} > s", (outlier,)),
    )  # fmt: skip


def _cauchy(beta: Fraction) -> ErrorFunction:
    return ErrorFunction(
        f"cauchy:{beta}", "cauchy", beta, f"log(1+r**2/({beta}))",
        Property(True, "e' = 2r/(r²+β) vanishes only at r = 0, the minimum"),
        Property(True, "e''(0) = 2/β > 0"),
        Property(False, "e'' = 2(β−r²)/(r²+β)² is negative for r² > β", (beta + 1,)),
    )  # fmt: skip


def _logistic() -> ErrorFunction:
    return ErrorFunction(
        "logistic", "logistic", None, "log(1+exp(phi))-y*phi",
        Property(True, "convex and differentiable: a zero of the gradient is a global minimum"),
        Property(True, "∂²E/∂φ² = s(1−s) > 0 with s = 1/(1+e^{-φ})"),
        Property(True, "∂²E/∂φ² = s(1−s) > 0 with s = 1/(1+e^{-φ})"),
    )  # fmt: skip


def _softmax() -> ErrorFunction:
    return ErrorFunction(
        "softmax", "softmax", None, "log(sum(exp(phi)))-sum(y*phi)",
        Property(True, "log-sum-exp is convex and differentiable: a zero of the gradient is a global minimum"),
        Property(False, "∇²E = diag(s) − ssᵀ is singular: (1,…,1) is in its kernel, as adding a constant to all logits changes nothing"),
        Property(True, "∇²E = diag(s) − ssᵀ is a covariance matrix"),
    )  # fmt: skip


_PLAIN = {"squared": _squared, "logistic": _logistic, "softmax": _softmax}
_SCALED = {"smooth-l1": _smooth_l1, "blake-zisserman": _blake_zisserman, "cauchy": _cauchy}
ERROR_FAMILIES = (*_PLAIN, *_SCALED)


def error_named(name: str | ErrorFunction) -> ErrorFunction:
    """Return an error by name; the robust ones take ``β`` after a colon (default 1). Raises `InputError`.

    >>> error_named("cauchy:1/4").beta
    Fraction(1, 4)
    >>> error_named("cauchy").convex.holds
    False
    """
    if isinstance(name, ErrorFunction):
        return name
    return _error_of_text(str(name))


@lru_cache(maxsize=256)
def _error_of_text(name: str) -> ErrorFunction:
    family, colon, parameter = name.strip().lower().replace("_", "-").partition(":")
    if family in _PLAIN and not colon:
        return _PLAIN[family]()
    if family in _SCALED:
        beta = parameter_of_text(parameter or "1", f"β of {family}", f"{family}:1/4")
        if beta <= 0:
            raise InputError(f"β of {family} must be positive, got {shown(parameter)}: write for example {family}:1/4")
        return _SCALED[family](beta)
    raise InputError(f"unknown error {shown(name)}{nearest_name(family, ERROR_FAMILIES)}")
