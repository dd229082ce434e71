"""SymPy proves the identities and the convexity behind the theorems about whole landscapes, and sees that wrong variants fail."""

from itertools import combinations

import pytest
import sympy
from sympy import cosh, diff, exp, pi, series, simplify, sinh, sqrt, symbols, tanh

from lossproof.theory.derivations.slopes import inverse_slope
from lossproof.theory.functions.activations import activation_named

Z = sympy.Symbol("z", real=True)
A, B, C, D, T, V, BETA, EPS = symbols("A B c d t v beta epsilon", real=True)
CURVATURE = sympy.Symbol("e2", positive=True)
SIGMA = sympy.Function("sigma", real=True)
S0, S1, S2, S3 = symbols("sigma_0:4", real=True)
INVERSE_SLOPES = {
    "tanh": (cosh(Z) ** 2, 2 * cosh(2 * Z)),
    "sigmoid": (2 + 2 * cosh(Z), 2 * cosh(Z)),
    "softplus": (1 + exp(-Z), exp(-Z)),
    "arctan": (1 + Z**2, sympy.Integer(2)),
    "erf": (sqrt(pi) / 2 * exp(Z**2), sqrt(pi) * (1 + 2 * Z**2) * exp(Z**2)),
}
CORNERS = ((0, 1), (B, -1), (A, -1), (A + B, 1))
"""What is added to z at the corners of a parallelogram, with their weights in the relation; for XOR the targets are the negative ones."""


def is_zero(expression) -> bool:
    return simplify(sympy.expand(expression.rewrite(exp))) == 0


def expansion(change):
    """σ(β + change) up to third order."""
    return S0 + S1 * change + S2 * change**2 / 2 + S3 * change**3 / 6


@pytest.mark.parametrize("name", INVERSE_SLOPES)
def test_inverse_slopes_and_their_second_derivatives(name: str) -> None:
    activation = activation_named(name)
    G, second = INVERSE_SLOPES[name]
    (z,) = activation.expression.free_symbols
    assert is_zero((G * diff(activation.expression, z).subs(z, Z)) - 1)
    assert is_zero(diff(G, Z, 2) - second)
    assert second.is_positive
    assert activation.convex_inverse_slope.holds


def test_no_polynomial_has_a_convex_inverse_slope() -> None:
    """1/p for a polynomial p > 0 that is not constant is positive and tends to 0 at both ends, so it lies above its chord somewhere."""
    for p in (Z**2 + 1, Z**4 + Z + 2, (Z**2 + 1) * (Z**2 - Z + 3)):
        assert sympy.limit(1 / p, Z, sympy.oo) == sympy.limit(1 / p, Z, -sympy.oo) == 0
        far = sympy.Integer(100)
        assert (2 / p - 1 / p.subs(Z, far) - 1 / p.subs(Z, -far)).subs(Z, 0) > 0
    assert inverse_slope(activation_named("identity")) == 1


def test_the_identity_of_tanh() -> None:
    left = cosh(2 * Z) - cosh(2 * (Z + A)) - cosh(2 * (Z + B)) + cosh(2 * (Z + A + B))
    right = 4 * cosh(2 * Z + A + B) * sinh(A) * sinh(B)
    assert is_zero(left - right)
    assert not is_zero(left + right)
    mixed = sum(sign * cosh(Z + change) ** 2 for change, sign in CORNERS)
    assert is_zero(mixed - left / 2)


@pytest.mark.parametrize("name", INVERSE_SLOPES)
def test_the_mixed_difference_is_a_double_integral_of_the_second_derivative(name: str) -> None:
    """It equals ``∫_0^a ∫_0^b G''(z + s + t) dt ds``, so it has the sign of ab where ``G'' > 0``."""
    G, second = INVERSE_SLOPES[name]
    mixed = sum(sign * G.subs(Z, Z + change) for change, sign in CORNERS)
    assert is_zero(diff(mixed, A, B) - second.subs(Z, Z + A + B))
    assert is_zero(mixed.subs(A, 0))
    assert is_zero(mixed.subs(B, 0))


def test_strict_jensen_for_two_points_of_a_square() -> None:
    """``Q(a) = Σ s_i a_i²`` with one negative weight is positive unless all a are equal: it is a sum of squares."""
    p = symbols("p_1:4", positive=True)
    a = symbols("a_1:4", real=True)
    middle = sum(w * x for w, x in zip(p, a, strict=True)) / sum(p)
    Q = sum(w * x**2 for w, x in zip(p, a, strict=True)) - sum(p) * middle**2
    squares = sum(p[i] * p[j] * (a[i] - a[j]) ** 2 for i, j in combinations(range(3), 2)) / sum(p)
    assert simplify(Q - squares) == 0


def test_the_expansion_in_the_simplex() -> None:
    """``Σ s_i σ(β + t a_i) = ½ σ''(β) Q(a) t² + O(t³)`` for every s that the a obey."""
    s, a = symbols("s_1:4", real=True), symbols("a_1:4", real=True)
    weights, values = (*s, -sum(s)), (*a, sum(w * x for w, x in zip(s, a, strict=True)) / sum(s))
    total = sum(w * SIGMA(BETA + T * x) for w, x in zip(weights, values, strict=True))
    second = sum(w * x**2 for w, x in zip(weights, values, strict=True))
    orders = [simplify(diff(total, T, m).subs(T, 0).doit()) for m in range(3)]
    assert orders[:2] == [0, 0]
    assert simplify(orders[2] - second * diff(SIGMA(BETA), BETA, 2)) == 0


def quadratic_part(bend=0):
    """T(J − J*) for one unit on a parallelogram to second order in (d, A, B).

    At the constant network ``ε_i = −c s_i``, the second derivatives by z_L are ``e'' − g s_i`` (``bend`` is g), and the mean shift of z_L is d/2.
    """
    outputs = [V * expansion(EPS * change) for change, _ in CORNERS]
    mean = sum(outputs) / 4
    shifts = [value - mean + EPS * D / 2 for value in outputs]
    loss = sum(-C * sign * shift + (CURVATURE - bend * sign) * shift**2 / 2 for shift, (_, sign) in zip(shifts, CORNERS, strict=True))
    return sympy.expand(series(sympy.expand(loss), EPS, 0, 3).removeO())


def test_the_quadratic_form_of_the_parallelogram_under_a_curved_output() -> None:
    """It is definite at ``v = −c σ''/(g σ'²)``, and indefinite for small v."""
    g = sympy.Symbol("g", nonzero=True)
    form = CURVATURE * (D**2 + V**2 * S1**2 * (A**2 + B**2)) / 2 - (C * V * S2 + g * V**2 * S1**2) * A * B
    assert sympy.expand(quadratic_part(g) - EPS**2 * form) == 0
    chosen = -C * S2 / (g * S1**2)
    assert simplify(form.subs(V, chosen) - CURVATURE * (D**2 + chosen**2 * S1**2 * (A**2 + B**2)) / 2) == 0
    assert sympy.limit(form.subs({D: 0, B: A}) / V, V, 0) == -C * S2 * A**2


def test_the_second_derivatives_of_the_squared_error_under_a_curved_output() -> None:
    """``(½(σ(z) − y)²)'' = σ'² + (σ − y) σ''``, with ``σ − y = −c s`` where σ(z) is the mean target: ``e'' − g s`` with ``e'' = σ'²``, ``g = c σ''``."""
    y, sign = symbols("y s", real=True)
    second = diff((SIGMA(Z) - y) ** 2 / 2, Z, 2).subs(y, SIGMA(Z) + C * sign)
    assert sympy.expand(second - (diff(SIGMA(Z), Z) ** 2 - C * diff(SIGMA(Z), Z, 2) * sign)) == 0


def test_the_quadratic_form_of_the_parallelogram() -> None:
    form = CURVATURE * (D**2 + V**2 * S1**2 * (A**2 + B**2)) / 2 - C * V * S2 * A * B
    assert sympy.expand(quadratic_part() - EPS**2 * form) == 0
    H = sympy.hessian(form, (D, A, B))
    assert sympy.factor(H.det() - CURVATURE * (CURVATURE**2 * V**4 * S1**4 - C**2 * V**2 * S2**2)) == 0
    assert sympy.factor(H[1:, 1:].det() - V**2 * (CURVATURE**2 * V**2 * S1**4 - C**2 * S2**2)) == 0
    assert H[0, 0] == CURVATURE
    assert sympy.expand(H[1, 1] - CURVATURE * V**2 * S1**2) == 0


def test_the_threshold_of_xor_with_tanh() -> None:
    """c = −1/2 and e'' = 1: the form is definite if and only if |v| > |sinh b cosh b|."""
    c = sympy.Rational(-1, 2)
    targets, mean = (0, 1, 1, 0), sympy.Rational(1, 2)
    assert all(y == mean + c * sign for y, (_, sign) in zip(targets, CORNERS, strict=True))
    slope, bend = diff(tanh(Z), Z), diff(tanh(Z), Z, 2)
    u = sympy.Symbol("u", positive=True)
    in_exponentials = (c * bend / slope**2 - sinh(Z) * cosh(Z)).rewrite(exp).subs(Z, sympy.log(u))
    assert sympy.cancel(in_exponentials) == 0


@pytest.mark.parametrize("T_", [2, 3, 4, 5])
def test_the_spanning_argument(T_: int) -> None:
    """The m-th derivative of ``Σ c_i σ(s a_i + b)`` by s at 0 is ``σ^{(m)}(b) Σ c_i a_i^m``, and Vandermonde's determinant has no other zeros than equal a."""
    a, c, s, b = symbols(f"a_1:{T_ + 1}"), symbols(f"c_1:{T_ + 1}"), sympy.Symbol("s"), sympy.Symbol("b")
    total = sum(w * SIGMA(s * x + b) for w, x in zip(c, a, strict=True))
    for m in range(min(T_, 3)):
        found = diff(total, s, m).subs(s, 0).doit() if m else total.subs(s, 0)
        assert simplify(found - diff(SIGMA(b), b, m) * sum(w * x**m for w, x in zip(c, a, strict=True))) == 0
    vandermonde = sympy.Matrix(T_, T_, lambda m, i: a[i] ** m)
    differences = sympy.prod(a[j] - a[i] for i, j in combinations(range(T_), 2))
    assert sympy.expand(vandermonde.det(method="berkowitz") - differences) == 0


def test_flat_neighbours_of_dependent_output_weights() -> None:
    """With cᵀV = 0 the outputs of H + t q cᵀ are those of H, and the derivative by V changes by ``t c qᵀG``."""
    n, n_L, samples = 3, 2, 3
    H, q, G = sympy.MatrixSymbol("H", samples, n), sympy.MatrixSymbol("q", samples, 1), sympy.MatrixSymbol("G", samples, n_L)
    V_ = sympy.Matrix(n, n_L, symbols(f"v_:{n * n_L}"))
    c = V_.T.nullspace()[0]
    moved = sympy.Matrix(H) + T * sympy.Matrix(q) * c.T
    assert (moved * V_ - sympy.Matrix(H) * V_).applyfunc(simplify) == sympy.zeros(samples, n_L)
    change = moved.T * sympy.Matrix(G) - sympy.Matrix(H).T * sympy.Matrix(G)
    assert (change - T * c * (sympy.Matrix(q).T * sympy.Matrix(G))).applyfunc(simplify) == sympy.zeros(n, n_L)
