r"""The identities behind the statements, proved by SymPy on small symbolic networks.

Each function returns expressions that are identically 0 exactly when its identity holds; `vanishes` decides that for one expression.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy import Matrix

from lossproof.theory.derivations.symbolic_network import Activate, LocalError, SymbolicNetwork

XOR_INPUTS = ((0, 0), (0, 1), (1, 0), (1, 1))
XOR_KERNEL = (1, -1, -1, 1)


def vanishes(residual: sympy.Expr) -> bool:
    """Tell whether SymPy simplifies an expression to 0."""
    return bool(sympy.expand(residual) == 0) or bool(sympy.simplify(residual) == 0)


def gradient_identity_residuals(network: SymbolicNetwork, error: Activate = LocalError) -> list[sympy.Expr]:
    r"""Return the entries of ``T∇J(W) − P(W) ε(W)`` (`gradient-identity`), the gradient by direct differentiation.

    >>> from lossproof.theory.derivations.symbolic_network import symbolic_network
    >>> [vanishes(r) for r in gradient_identity_residuals(symbolic_network((1, 1, 1), T=1))]
    [True, True, True, True]
    """
    objective = network.objective(error)
    gradient = Matrix([sympy.diff(objective, w) for w in network.parameters()])
    return list(gradient - network.P() * network.residual_gradient(error))


def gauss_newton_matrix(network: SymbolicNetwork, error: Activate = LocalError) -> Matrix:
    """Return ``T·H_GN = P diag(∇²E_i) Pᵀ``."""
    P = network.P()
    return P * sympy.diag(*network.residual_gradient(error, order=2)) * P.T


def hessian_second_term(network: SymbolicNetwork, error: Activate = LocalError) -> Matrix:
    r"""Return ``Σ_{i,j} ε_{ij} ∇²F_j(W, x_i)``, the part of ``T·H`` that vanishes at exact learners, from network quantities.

    With ``β_l = W_{l+1} δ_{l+1}`` (``β_L = ε_i``), ``δ_l = Σ'_l β_l`` and ``Z_{l,m} = ∂z_m/∂z_l``, the entry for the weights ``(l, a,
    b)`` and ``(k, c, d)`` (layer, unit, input) with ``k ≤ l`` sums over the samples

    ``Σ_{m≥l} Σ_u σ''(z_{m,u}) β_{m,u} Z_{l,m}[u,a] φ_{l-1,b} Z_{k,m}[u,c] φ_{k-1,d} + [k < l] δ_{l,a} σ'(z_{l-1,b}) Z_{k,l-1}[b,c]
    φ_{k-1,d}``

    with the last summand only for inputs ``b`` that are no bias.
    """
    size = len(network.parameters())
    places = [(l, a, b) for l, W in enumerate(network.W, start=1) for a in range(W.cols) for b in range(W.rows)]
    total = sympy.zeros(size, size)
    for i in range(network.T):
        outputs = network.Y.rows
        entry = _SecondTerm(network, i, network.residual_gradient(error)[i * outputs : (i + 1) * outputs, :])
        for row, first in enumerate(places):
            for column, second in enumerate(places):
                total[row, column] += entry.at(first, second) if second[0] <= first[0] else entry.at(second, first)
    return total


class _SecondTerm:
    """The second derivatives at one sample, each factor computed once."""

    def __init__(self, network: SymbolicNetwork, i: int, epsilon: Matrix) -> None:
        layers = range(1, network.L + 1)
        self.L = network.L
        self.inputs = {l: network.phi_plus(l - 1, i) for l in layers}
        self.slopes = {l: network.slopes(l, i) for l in layers}
        self.curvatures = {l: network.slopes(l, i, order=2) for l in layers}
        self.beta = {network.L: epsilon}
        for l in reversed(layers[:-1]):
            self.beta[l] = network.W[l][:-1, :] * self.slopes[l + 1] * self.beta[l + 1]
        self.Z = {(l, l): sympy.eye(network.W[l - 1].cols) for l in layers}
        for l in layers:
            for m in range(l + 1, network.L + 1):
                self.Z[l, m] = network.W[m - 1][:-1, :].T * self.slopes[m - 1] * self.Z[l, m - 1]

    def at(self, first: tuple[int, int, int], second: tuple[int, int, int]) -> sympy.Expr:
        (l, a, b), (k, c, d) = first, second
        found = sympy.S.Zero
        for m in range(l, self.L + 1):
            for u in range(self.Z[l, m].rows):
                found += self.curvatures[m][u, u] * self.beta[m][u] * self.Z[l, m][u, a] * self.Z[k, m][u, c]
        found *= self.inputs[l][b] * self.inputs[k][d]
        if k < l and b < self.inputs[l].rows - 1:
            delta = self.slopes[l][a, a] * self.beta[l][a]
            found += delta * self.slopes[l - 1][b, b] * self.Z[k, l - 1][b, c] * self.inputs[k][d]
        return found


def hessian_residuals(network: SymbolicNetwork, error: Activate = LocalError) -> list[sympy.Expr]:
    r"""Return the entries, on and below the diagonal, of ``T·H − P diag(∇²E_i) Pᵀ − Σ ε_{ij} ∇²F_j(x_i)`` (`hessian-rank`)."""
    parameters = network.parameters()
    gradient = [sympy.diff(network.objective(error), w) for w in parameters]
    formula = gauss_newton_matrix(network, error) + hessian_second_term(network, error)
    return [sympy.diff(gradient[r], parameters[c]) - formula[r, c] for r in range(len(parameters)) for c in range(r + 1)]


def khatri_rao(psi: Sequence[Matrix], phi: Matrix) -> Matrix:
    """Return ``Ψ ⊙ Φ``, the matrix with column blocks ``Ψ(i) ⊗ φ(i)``; ``Φ`` holds one column a sample."""
    return Matrix.hstack(*(sympy.kronecker_product(block, phi[:, i]) for i, block in enumerate(psi)))


def factorisation_residuals(psi: Sequence[Matrix], phi: Matrix) -> list[sympy.Expr]:
    r"""Return the entries of ``Ψ ⊙ Φ − (I ⊗ Φ)·D`` (`khatri-rao`).

    ``D`` is the block-diagonal matrix of the ``Ψ(i)`` with row ``(i, a)`` moved to ``a·T + i``.

    >>> psi = [Matrix(1, 1, sympy.symbols("p0:1")), Matrix(1, 1, sympy.symbols("q0:1"))]
    >>> factorisation_residuals(psi, Matrix(1, 2, sympy.symbols("f0:2")))
    [0, 0]
    """
    T, units = len(psi), psi[0].rows
    blocks = sympy.diag(*psi)
    D = Matrix.vstack(*(blocks[i * units + a, :] for a in range(units) for i in range(T)))
    product = sympy.kronecker_product(sympy.eye(units), phi) * D
    return [sympy.expand(x) for x in khatri_rao(psi, phi) - product]


def xor_kernel_residuals(hidden: Sequence[Sequence[sympy.Expr]], kernel: Sequence[int] = XOR_KERNEL) -> list[sympy.Expr]:
    r"""Return the entries of ``P(W) k`` for XOR, tanh and these hidden columns, with symbolic output weights (`principles-suffice`).

    Each hidden column lists two weights and the bias. For ``(−2c, 0, c)``, ``(0, −2c, c)`` and ``k = (1, −1, −1, 1)`` all entries vanish
    identically in ``c`` and in the output weights: the inner values are ``±c``, and tanh' is even.

    >>> c = sympy.Symbol("c", positive=True)
    >>> all(vanishes(r) for r in xor_kernel_residuals([(-2 * c, 0, c), (0, -2 * c, c)]))
    True
    """
    units = len(hidden)
    output = Matrix([*sympy.symbols(f"v0:{units}", real=True), sympy.Symbol("v_bias", real=True)])
    network = SymbolicNetwork(
        (Matrix(3, units, lambda b, a: hidden[a][b]), output),
        Matrix(XOR_INPUTS).T,
        Matrix([[0, 1, 1, 0]]),
        (sympy.tanh, lambda z: z),
    )
    return list(network.P() * Matrix(kernel))
