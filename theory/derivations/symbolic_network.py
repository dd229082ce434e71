r"""Small networks in SymPy symbols, with an arbitrary smooth activation and error.

`Sigma`, `Output` and `LocalError` stand for any twice differentiable functions: their derivatives are new function symbols. An identity
that is shown with them holds for all activations and errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy
from sympy import Matrix

Activate = Callable[[sympy.Expr], sympy.Expr]


class Sigma2(sympy.Function):  # type: ignore[misc]
    """The second derivative of `Sigma`."""


class Sigma1(sympy.Function):  # type: ignore[misc]
    """The derivative of `Sigma`."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Return the derivative by the argument."""
        return Sigma2(self.args[0])


class Sigma(sympy.Function):  # type: ignore[misc]
    """Any twice differentiable hidden activation."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Return the derivative by the argument."""
        return Sigma1(self.args[0])


class LocalError2(sympy.Function):  # type: ignore[misc]
    """The second derivative of `LocalError`."""


class LocalError1(sympy.Function):  # type: ignore[misc]
    """The derivative of `LocalError`."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Return the derivative by the argument."""
        return LocalError2(self.args[0])


class LocalError(sympy.Function):  # type: ignore[misc]
    """Any twice differentiable error ``e(r)`` of one output."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Return the derivative by the argument."""
        return LocalError1(self.args[0])


@dataclass(frozen=True)
class SymbolicNetwork:
    """A network with trainable biases and symbolic weights.

    ``W[l-1]`` has shape ``(n_{l-1} + 1, n_l)`` with the bias row last; ``X`` and ``Y`` hold one column a sample; ``activations[l-1]`` is
    that of layer ``l``, a function of one expression.
    """

    W: tuple[Matrix, ...]
    X: Matrix
    Y: Matrix
    activations: tuple[Activate, ...]

    @property
    def L(self) -> int:
        """Number of layers of weights."""
        return len(self.W)

    @property
    def T(self) -> int:
        """Number of samples."""
        return int(self.X.cols)

    def parameters(self) -> list[sympy.Expr]:
        """All weights: layer by layer, unit by unit, the incoming weights and then the bias."""
        return [W[b, a] for W in self.W for a in range(W.cols) for b in range(W.rows)]

    def phi(self, l: int, i: int) -> Matrix:
        """``φ_l(i)`` without the constant 1."""
        return self.X[:, i] if l == 0 else self.z(l, i).applyfunc(self.activations[l - 1])

    def phi_plus(self, l: int, i: int) -> Matrix:
        """``φ_l(i)`` with a last entry 1."""
        return self.phi(l, i).col_join(sympy.ones(1, 1))

    def z(self, l: int, i: int) -> Matrix:
        """``z_l(i) = W_lᵀ φ_{l-1}(i) + b_l``."""
        return self.W[l - 1].T * self.phi_plus(l - 1, i)

    def slopes(self, l: int, i: int, order: int = 1) -> Matrix:
        """The diagonal matrix of ``σ'(z_l(i))``, or of the derivative of this order."""
        x = sympy.Dummy()
        derivative = sympy.diff(self.activations[l - 1](x), x, order)
        return sympy.diag(*(derivative.subs(x, value) for value in self.z(l, i)))

    def psi(self, l: int, i: int) -> Matrix:
        """``Ψ_l(i)``: ``Σ'_L`` for the last layer, else ``Σ'_l W_{l+1} Ψ_{l+1}`` with ``W_{l+1}`` without its bias row."""
        if l == self.L:
            return self.slopes(l, i)
        return self.slopes(l, i) * self.W[l][:-1, :] * self.psi(l + 1, i)

    def P(self) -> Matrix:
        """``P(W)``: rows as in `parameters`, column ``(i, j)`` at ``i·n_L + j``."""
        columns = []
        for i in range(self.T):
            blocks = [sympy.kronecker_product(self.psi(l, i), self.phi_plus(l - 1, i)) for l in range(1, self.L + 1)]
            columns.append(Matrix.vstack(*blocks))
        return Matrix.hstack(*columns)

    def objective(self, error: Activate = LocalError) -> sympy.Expr:
        """``T·J(W)``, the sum of ``e(r)`` over samples and outputs."""
        return sum((error(r) for i in range(self.T) for r in self.phi(self.L, i) - self.Y[:, i]), sympy.S.Zero)

    def residual_gradient(self, error: Activate = LocalError, order: int = 1) -> Matrix:
        """``ε(W)``, the stacked ``e'(r)``; with ``order = 2`` the stacked ``e''(r)``."""
        x = sympy.Dummy()
        derivative = sympy.diff(error(x), x, order)
        return Matrix([derivative.subs(x, r) for i in range(self.T) for r in self.phi(self.L, i) - self.Y[:, i]])


def symbolic_network(
    widths: Sequence[int], T: int, activation: Activate = Sigma, output_activation: Activate | None = None
) -> SymbolicNetwork:
    """Return a network of these widths whose weights, inputs and targets are all different symbols.

    The output activation is the identity unless given.

    >>> symbolic_network((1, 1, 1), T=1).P()[0, 0]
    W2_0_0*x0_0*Sigma1(W1_0_0*x0_0 + W1_1_0)
    """
    L = len(widths) - 1

    def identity(z: sympy.Expr) -> sympy.Expr:
        return z

    W = tuple(Matrix(widths[l - 1] + 1, widths[l], lambda b, a, l=l: sympy.Symbol(f"W{l}_{b}_{a}", real=True)) for l in range(1, L + 1))
    X = Matrix(widths[0], T, lambda k, i: sympy.Symbol(f"x{i}_{k}", real=True))
    Y = Matrix(widths[-1], T, lambda k, i: sympy.Symbol(f"y{i}_{k}", real=True))
    return SymbolicNetwork(W, X, Y, (activation,) * (L - 1) + (output_activation or identity,))
