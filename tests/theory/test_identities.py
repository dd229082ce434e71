"""SymPy proves the identities behind the statements, and sees that wrong variants fail."""

import pytest
import sympy
from sympy import Matrix

from lossproof.theory.derivations.identities import (
    XOR_KERNEL,
    factorisation_residuals,
    gauss_newton_matrix,
    gradient_identity_residuals,
    hessian_residuals,
    hessian_second_term,
    khatri_rao,
    vanishes,
    xor_kernel_residuals,
)
from lossproof.theory.derivations.symbolic_network import LocalError, LocalError1, LocalError2, Sigma, Sigma1, Sigma2, symbolic_network
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named

C = sympy.Symbol("c", positive=True)
FIRST, SECOND, THIRD = (-2 * C, 0, C), (0, -2 * C, C), (0, 0, C)
NETWORKS = {
    "1-1-1": lambda: symbolic_network((1, 1, 1), T=2),
    "1-2-1": lambda: symbolic_network((1, 2, 1), T=2),
    "2-2-1": lambda: symbolic_network((2, 2, 1), T=2),
    "1-2-1-2": lambda: symbolic_network((1, 2, 1, 2), T=1),
    "1-1-1-1": lambda: symbolic_network((1, 1, 1, 1), T=2),
    "1-2-2 with output activation": lambda: symbolic_network((1, 2, 2), T=1, output_activation=Sigma),
}


def function_of(name: str):
    """A recorded activation as a function of an expression; for pieces take the branch z > 0."""
    expression = activation_named(name).expression
    (z,) = expression.free_symbols
    positive = sympy.Symbol("p", positive=True)
    return lambda x: expression.subs(z, positive).subs(positive, x)


def error_of(name: str):
    expression = error_named(name).expression
    return lambda r: expression.subs(sympy.Symbol("r", real=True), r)


@pytest.mark.parametrize("network", NETWORKS)
def test_gradient_identity_for_all_activations_and_errors(network: str) -> None:
    assert all(vanishes(residual) for residual in gradient_identity_residuals(NETWORKS[network]()))


@pytest.mark.parametrize("activation", ["tanh", "softsign", "softplus", "bent-identity", "arctan"])
@pytest.mark.parametrize("error", ["squared", "cauchy", "smooth-l1:1/4", "blake-zisserman"])
def test_gradient_identity_for_recorded_functions(activation: str, error: str) -> None:
    network = symbolic_network((1, 1, 1), T=1, activation=function_of(activation))
    assert all(vanishes(residual) for residual in gradient_identity_residuals(network, error_of(error)))


def test_wrong_gradient_identities_fail() -> None:
    network = symbolic_network((1, 2, 1), T=2)
    gradient = Matrix([sympy.diff(network.objective(), w) for w in network.parameters()])
    P, epsilon = network.P(), network.residual_gradient()
    assert not all(vanishes(x) for x in gradient - P * epsilon / network.T)
    assert not all(vanishes(x) for x in gradient - P[:, ::-1] * epsilon)
    assert not all(vanishes(x) for x in gradient - P[::-1, :] * epsilon)
    assert not all(vanishes(x) for x in gradient - P * network.residual_gradient(order=2))


def test_symbols_stand_for_derivatives() -> None:
    z = sympy.Symbol("z")
    assert sympy.diff(Sigma(z**2), z) == 2 * z * Sigma1(z**2)
    assert sympy.diff(Sigma(z), z, 2) == Sigma2(z)
    assert sympy.diff(LocalError(z), z) == LocalError1(z)
    assert sympy.diff(LocalError(z), z, 2) == LocalError2(z)


@pytest.mark.parametrize("network", NETWORKS)
def test_hessian_formula_with_its_second_term(network: str) -> None:
    assert all(vanishes(residual) for residual in hessian_residuals(NETWORKS[network]()))


def test_hessian_without_second_term_fails() -> None:
    network = symbolic_network((1, 1, 1), T=1)
    objective, parameters = network.objective(), network.parameters()
    hessian = sympy.hessian(objective, parameters)
    assert not all(vanishes(x) for x in hessian - gauss_newton_matrix(network))
    assert not all(vanishes(x) for x in hessian - gauss_newton_matrix(network) + hessian_second_term(network))


def test_second_term_vanishes_at_exact_learners() -> None:
    network = symbolic_network((1, 2, 1), T=2)

    def zero_slope(expression: sympy.Expr) -> sympy.Expr:
        return expression.replace(LocalError1, lambda r: sympy.S.Zero)

    assert hessian_second_term(network).applyfunc(zero_slope) == sympy.zeros(7, 7)
    assert gauss_newton_matrix(network).applyfunc(zero_slope) == gauss_newton_matrix(network)


@pytest.mark.parametrize(("n_l", "n_L", "m", "T"), [(1, 1, 1, 2), (2, 1, 3, 2), (2, 2, 2, 3), (3, 2, 1, 2)])
def test_khatri_rao_factorisation(n_l: int, n_L: int, m: int, T: int) -> None:
    psi = [Matrix(n_l, n_L, sympy.symbols(f"p{i}_0:{n_l * n_L}")) for i in range(T)]
    phi = Matrix(m, T, sympy.symbols(f"f0:{m * T}"))
    assert not any(factorisation_residuals(psi, phi))
    plain = sympy.kronecker_product(sympy.eye(n_l), phi) * sympy.diag(*psi)
    assert n_l == 1 or any(khatri_rao(psi, phi) - plain), "without sorting the rows of D the product is another matrix"


@pytest.mark.parametrize("hidden", [(FIRST, SECOND), (FIRST, SECOND, THIRD)], ids=["2-2-1", "2-3-1"])
def test_xor_kernel_vector(hidden) -> None:
    """principles-suffice: full-rank weights, and P(W)k = 0 for every c > 0 and all output weights."""
    residuals = xor_kernel_residuals(hidden)
    assert len(residuals) == 4 * len(hidden) + 1
    assert all(vanishes(residual) for residual in residuals)
    columns = Matrix(hidden).T
    assert columns.rank() == len(hidden)
    assert columns[:2, :].rank() == 2


@pytest.mark.parametrize(
    ("hidden", "kernel"),
    [
        ((FIRST, SECOND), (1, 1, -1, -1)),
        ((FIRST, SECOND), (1, 1, 1, 1)),
        (((-2 * C, 0, 2 * C), SECOND), XOR_KERNEL),
        (((-2 * C, C, C), SECOND), XOR_KERNEL),
        ((FIRST, (0, -C, C)), XOR_KERNEL),
        ((FIRST, SECOND, (C, C, C)), XOR_KERNEL),
    ],
)
def test_other_columns_or_vectors_do_not_vanish(hidden, kernel) -> None:
    assert not all(vanishes(residual) for residual in xor_kernel_residuals(hidden, kernel))
