"""Curves of proved descent: found where there is one, none at local minima, and each re-checked by values of the loss."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import sympy
from cases.curve_cases import loss_along
from flint import fmpq

from lossproof.numerics.curves.descent import DescentCurve, descent_curve, proved_descent
from lossproof.numerics.curves.fields import FloatSeries, FormalSeries
from lossproof.numerics.curves.loss_series import expand_loss, taylor_coefficients
from lossproof.numerics.curves.reduction import reduce_loss
from lossproof.numerics.curves.search import negative_direction
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import gradient, jacobian
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.numerics.ranks.rational_kernel import reduced_kernel
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

XOR_X, XOR_Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
HALF = Fraction(1, 2)


def problem_of(widths, activation, X=XOR_X, Y=XOR_Y, bias="trainable", error="squared"):
    return Problem(Architecture.of(widths, activation, bias=bias), error_named(error), Samples.of(X, Y))


def zero_point(problem, output_bias=HALF):
    """Return W = 0 with the given bias of the outputs."""
    a = problem.architecture
    biases = [None if a.bias == "none" else [output_bias if l == a.L else 0] * n for l, n in enumerate(a.widths[1:], start=1)]
    return Weights.of(a, [([[0] * n] * m, b) for (m, n), b in zip(pairwise(a.widths), biases, strict=True)])


def xor_point(units, c):
    """Return the stationary point with zero output weights and hidden columns (−2c, 0, c), (0, −2c, c), (0, 0, c)."""
    problem = problem_of((2, units, 1), "tanh")
    rows = [[-2 * c, 0, 0][:units], [0, -2 * c, 0][:units]]
    return problem, Weights.of(problem.architecture, [(rows, [c] * units), ([[0]] * units, [HALF])])


def is_critical(problem, weights):
    return all(entry == 0 for entry in gradient(problem, evaluate(problem.architecture, problem.samples, weights, FormalSeries())))


def assert_descends(problem, weights, curve):
    """Check by values of the loss alone, at many digits, that J(W(t)) − J(W) = c t^m + O(t^{m+1}) with c about twice the coefficient."""
    assert isinstance(curve, DescentCurve)
    assert curve.coefficient < 0
    exponents = [k for k, _ in curve.terms]
    assert exponents == sorted(set(exponents))
    assert exponents[0] >= 1
    assert all(len(vector) == problem.architecture.N_net and any(vector) for _, vector in curve.terms)
    with mpmath.workdps(60 + 40 * curve.order):
        loss = loss_along(problem, weights, curve.terms)
        for t in (mpmath.mpf(10) ** -30, mpmath.mpf(10) ** -20):
            ratio = (loss(t) - loss(mpmath.mpf(0))) / t**curve.order
            assert 1.98 < float(ratio) / float(curve.coefficient) < 2.05


def found(problem, weights, **options):
    assert is_critical(problem, weights)
    curve = descent_curve(problem, weights, **options)
    assert_descends(problem, weights, curve)
    return curve


@pytest.mark.parametrize("c", [sympy.log(3) / 2, sympy.Integer(1), Fraction(1, 3), sympy.sqrt(2)], ids=str)
@pytest.mark.parametrize("units", [2, 3])
def test_xor_with_zero_output_weights(units, c):
    problem, weights = xor_point(units, sympy.sympify(str(c)) if isinstance(c, Fraction) else c)
    H = hessian(problem, evaluate(problem.architecture, problem.samples, weights, FloatSeries()))
    assert np.linalg.eigvalsh(H)[0] > -1e-12
    curve = found(problem, weights)
    assert curve.order in ((4,) if units == 2 else (3, 4))
    assert curve.exact == (c == sympy.log(3) / 2)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "arctan", "erf", "sin", "softplus", "gelu", "silu", "bent-identity"])
@pytest.mark.parametrize("widths", [(2, 1, 1), (2, 2, 1), (2, 3, 1)])
def test_xor_at_zero(widths, activation):
    problem = problem_of(widths, activation)
    curve = found(problem, zero_point(problem))
    assert curve.order in (3, 4)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_deep_xor_at_zero(activation):
    problem = problem_of((2, 2, 2, 1), activation)
    assert found(problem, zero_point(problem)).order == 5


@pytest.mark.parametrize("error", ["cauchy:1", "smooth-l1:1", "smooth-l1:1/2", "blake-zisserman:1/2", "logistic"])
def test_other_errors(error):
    problem = problem_of((2, 2, 1), "tanh", error=error)
    assert found(problem, zero_point(problem, Fraction(0) if error == "logistic" else HALF)).order == 4


def test_softmax():
    problem = problem_of((2, 2, 2), "tanh", Y=[[1, 0], [0, 1], [0, 1], [1, 0]], error="softmax")
    assert found(problem, zero_point(problem, Fraction(0))).order == 4
    three = problem_of((1, 2, 3), "tanh", X=[[1], [2], [3]], Y=np.eye(3).tolist(), error="softmax")
    assert found(three, zero_point(three, Fraction(0))).order == 2


@pytest.mark.parametrize("widths", [(1, 1, 1, 1), (2, 2, 2, 1), (1, 1, 1, 1, 1), (1,) * 6, (1,) * 9, (2, 3, 3, 2)])
def test_deep_linear_networks_descend_at_the_order_of_their_depth(widths):
    n_0, n_L = widths[0], widths[-1]
    problem = problem_of(widths, "identity", X=[[1] * n_0, [2] + [0] * (n_0 - 1)], Y=[[1] * n_L, [3] * n_L], bias="none")
    assert found(problem, zero_point(problem)).order == len(widths) - 1


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_planted_powers(k):
    # φ = v (w x)^k with Σ r x^k ≠ 0 descends at order k + 1
    problem = problem_of((1, 1, 1), f"power:{k}", X=[[1], [2]], Y=[1, 0], bias="none")
    assert found(problem, zero_point(problem)).order == k + 1


def test_a_minimum_on_every_line_that_is_a_saddle():
    # along a line that moves the output weights the loss grows like t², along every other line it is constant
    problem, weights = xor_point(2, sympy.Integer(1))
    H = hessian(problem, evaluate(problem.architecture, problem.samples, weights, FloatSeries()))
    assert np.abs(H[:6]).max() < 1e-12
    assert np.linalg.eigvalsh(H[6:, 6:])[0] > 0.1
    line = [(1, tuple(Fraction(x) for x in (1, -2, 3, 5, 7, -1, 0, 0, 0)))]
    assert taylor_coefficients(problem, weights, line, 12, FormalSeries()) == [0] * 13
    curve = found(problem, weights)
    assert [k for k, _ in curve.terms] == [1, 2]


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_planted_orders_beyond_the_quartic_form(k):
    # (x+β)^k ∋ k x β^(k−1), the residual is orthogonal to 1, x², …, x^k: J = |dv x^k + dc|² + dv β^(k−1) Σ r x + …, of order 2(k−1)
    X = [Fraction(x) for x in range(-3, k - 1)]
    powers = [[x**j for x in X] for j in range(k + 1) if j != 1]
    r = next(v for v in reduced_kernel(powers) if sum(a * x for a, x in zip(v, X, strict=True)))
    problem = problem_of((1, 1, 1), f"power:{k}", X=[[x] for x in X], Y=[-a for a in r])
    weights = Weights.of(problem.architecture, [([[1]], [0]), ([[0]], [0])])
    curve = found(problem, weights)
    assert curve.order == 2 * (k - 1)
    assert [exponent for exponent, _ in curve.terms] == [1, k - 1]


def test_units_that_vanish():
    problem = problem_of((1, 1, 1), "power:3", X=[[-1], [0], [1]], Y=[1, 0, -1])
    weights = Weights.of(problem.architecture, [([[0]], [0]), ([[1]], [0])])
    assert found(problem, weights).order == 3
    even = problem_of((1, 2, 1), "power:5", X=[[-1], [0], [1]], Y=[1, 0, -1], bias="none")
    assert found(even, zero_point(even)).order == 6


def test_negative_curvature():
    problem = problem_of((1, 1, 1), "identity", X=[[1], [2]], Y=[1, 2], bias="none")
    curve = found(problem, zero_point(problem))
    assert curve.order == 2
    assert curve.exact
    assert negative_direction(np.diag([1.0, 0.0])) is None
    order, ((exponent, vector),) = negative_direction(np.array([[1e12, 1e3], [1e3, 1e-8]]))
    assert (order, exponent) == (2, 1)
    u = np.array([float(x) for x in vector])
    assert u @ np.array([[1e12, 1e3], [1e3, 1e-8]]) @ u < 0


def constant_network_minimum(units, activation, shift, value, sign):
    """Return W_1 = 0 with Σ r = Σ r x = 0 and Σ r x² > 0 on a line, the output weights all ``sign``."""
    residuals = [Fraction(1), Fraction(-2), Fraction(1)]
    constant = units * sign * value
    problem = problem_of((1, units, 1), activation, X=[[-1], [0], [1]], Y=[[constant - r] for r in residuals])
    return problem, Weights.of(problem.architecture, [([[0] * units], [shift] * units), ([[sign]] * units, [0])])


@pytest.mark.parametrize("units", [1, 2, 5, 12])
@pytest.mark.parametrize(
    ("activation", "shift", "value", "convex"),
    [
        ("softsign", Fraction(1, 2), Fraction(1, 3), -1),
        ("tanh", sympy.log(3) / 2, HALF, -1),
        ("power:2", Fraction(1, 4), Fraction(1, 16), 1),
    ],
)
def test_constant_network_minima(units, activation, shift, value, convex):
    problem, weights = constant_network_minimum(units, activation, shift, value, convex)
    assert is_critical(problem, weights)
    assert descent_curve(problem, weights) is None
    saddle, turned = constant_network_minimum(units, activation, shift, value, -convex)
    assert found(saddle, turned).order == 2


def test_global_minima():
    problem = problem_of((1, 2, 1), "tanh", X=[[1], [2]], Y=[0, 0])
    assert descent_curve(problem, zero_point(problem, Fraction(0))) is None
    linear = problem_of((1, 1), "identity", X=[[0], [1], [2]], Y=[0, 3, 0])
    weights = Weights.of(linear.architecture, [([[0]], [1])])
    assert is_critical(linear, weights)
    assert descent_curve(linear, weights) is None
    floor = problem_of((1, 1, 1), "tanh", X=[[1], [1]], Y=[0, 1])
    assert descent_curve(floor, zero_point(floor)) is None


@pytest.mark.parametrize("tiny", [Fraction(1, 10**12), Fraction(1, 10**18), Fraction(1, 10**30)])
def test_tiny_coefficients_do_not_deceive(tiny):
    # φ = v (w x)⁴ at v = 1, w = 0: the coefficient of w⁴ is Σ r x⁴ / T = ε/2 exactly, whatever doubles make of it
    problem = problem_of((1, 1, 1), "power:4", X=[[1], [2]], Y=[-16 - tiny, 1], bias="none")
    weights = Weights.of(problem.architecture, [([[0]], None), ([[1]], None)])
    assert is_critical(problem, weights)
    assert descent_curve(problem, weights) is None
    unit = (Fraction(1), Fraction(0))
    assert proved_descent(problem, weights, [(1, unit)], 8) is None
    falling = problem_of((1, 1, 1), "power:4", X=[[1], [2]], Y=[-16 + tiny, 1], bias="none")
    proved = proved_descent(falling, weights, [(1, unit)], 8)
    assert_descends(falling, weights, proved)
    assert (proved.order, proved.coefficient) == (4, -tiny / 4)


def test_a_point_that_is_not_critical_is_refused():
    problem = problem_of((1, 1), "identity", X=[[1]], Y=[1])
    assert proved_descent(problem, Weights.of(problem.architecture, [([[0]], [0])]), [(1, (Fraction(1), Fraction(0)))], 3) is None


@pytest.mark.parametrize("seed", range(4))
def test_seeds(seed):
    problem, weights = xor_point(2, sympy.Integer(1))
    first = found(problem, weights, seed=seed)
    assert first == descent_curve(problem, weights, seed)


def test_orders_up_to_the_one_asked_for():
    problem = problem_of((1,) * 6, "identity", X=[[1]], Y=[1], bias="none")
    weights = zero_point(problem)
    assert all(descent_curve(problem, weights, max_order=order) is None for order in (2, 3, 4))
    assert found(problem, weights, max_order=5).order == 5
    deep = problem_of((1,) * 14, "identity", X=[[1]], Y=[1], bias="none")
    assert descent_curve(deep, zero_point(deep)) is None
    assert found(deep, zero_point(deep), max_order=24).order == 13
    for order in (1, 25):
        with pytest.raises(InputError, match="between 2 and 24"):
            descent_curve(problem, weights, max_order=order)


def test_kinks_and_large_problems_give_no_answer():
    problem = problem_of((1, 1, 1), "relu", X=[[1], [2]], Y=[1, 1])
    assert descent_curve(problem, zero_point(problem, Fraction(0))) is None
    large = problem_of((2, 400, 1), "tanh")
    assert descent_curve(large, zero_point(large)) is None


def test_a_kinked_activation_away_from_its_kinks():
    problem = problem_of((1, 1, 1, 1), "relu", X=[[1], [2]], Y=[1, 0])
    weights = Weights.of(problem.architecture, [([[0]], [1]), ([[0]], [1]), ([[0]], [HALF])])
    assert found(problem, weights).order == 3


def test_wide_networks():
    problem = problem_of((2, 12, 1), "tanh")
    assert problem.architecture.N_net == 49
    assert found(problem, zero_point(problem)).order == 4


def test_corrections_outside_the_kernel_are_exact():
    problem = problem_of((2, 2, 1), "sigmoid")
    weights = zero_point(problem)
    H = hessian(problem, evaluate(problem.architecture, problem.samples, weights, FloatSeries()))
    kernel = [[Fraction(x) for x in v] for v in constant_kernel(exact_hessian(problem, weights), "right").payload["vectors"]]
    reduced = reduce_loss(expand_loss(problem, weights, FloatSeries(), 8), H, kernel)
    coordinates = np.zeros((2, 1, reduced.dimension))
    coordinates[1] = 1
    curves = reduced.curves(coordinates, 8)
    _, slopes = reduced.expansion.loss_and_gradient(curves, 5)
    assert np.abs(slopes[:5, 0, reduced.pivots]).max() < 1e-12
    order, _ = reduced.leading(curves, 8)
    terms = reduced.exact_terms(coordinates, curves, int(order[0]))
    assert all(isinstance(entry, Fraction) for _, vector in terms for entry in vector)


def exact_hessian(problem, weights):
    return hessian(problem, evaluate(problem.architecture, problem.samples, weights, FormalSeries()))


def random_critical_point(seed):
    """Return a sparse point whose targets are moved by a rational kernel vector of P, so that it is exactly critical, or None."""
    source = random.Random(f"critical {seed}")
    widths = source.choice([(1, 1, 1), (1, 2, 1), (2, 2, 1), (1, 1, 1, 1), (2, 2, 2, 1), (1, 2, 2), (1, 2, 1, 1)])
    activation = source.choice(["tanh", "sigmoid", "power:2", "power:3", "identity", "softplus"])
    architecture = Architecture.of(widths, activation, bias=source.choice(["trainable", "none"]))
    X = [[source.choice([-2, -1, 0, 1, 2, HALF]) for _ in range(widths[0])] for _ in range(source.randint(2, 4))]
    zeros = source.choice([0.3, 0.7, 1.0])
    pairs = []
    for l, (m, n) in enumerate(pairwise(widths), start=1):
        share = 1.0 if l == architecture.L else zeros
        rows = [[0 if source.random() < share else source.choice([-1, 1, 2]) for _ in range(n)] for _ in range(m + 1)]
        pairs.append((rows[:m], rows[m] if architecture.bias_rows_of(l) else None))
    weights, n_L = Weights.of(architecture, pairs), widths[-1]
    evaluation = evaluate(architecture, Samples.of(X, [[0] * n_L] * len(X)), weights, FormalSeries())
    outputs, basis = evaluation.phi[architecture.L].ravel(), constant_kernel(jacobian(evaluation), "right").payload["vectors"]
    if not basis or not all(isinstance(entry, fmpq) for entry in outputs):
        return None
    shares = [source.choice([-1, 1, 2]) for _ in basis]
    moved = [
        Fraction(int(y.p), int(y.q)) - sum(c * Fraction(v[k]) for c, v in zip(shares, basis, strict=True)) for k, y in enumerate(outputs)
    ]
    Y = [moved[i * n_L : (i + 1) * n_L] for i in range(len(X))]
    return Problem(architecture, error_named("squared"), Samples.of(X, Y)), weights


@pytest.mark.parametrize("block", range(8))
def test_random_critical_points(block):
    found_curves = 0
    for seed in range(10 * block, 10 * block + 10):
        case = random_critical_point(seed)
        if case is None:
            continue
        problem, weights = case
        assert is_critical(problem, weights)
        curve = descent_curve(problem, weights, seed)
        if curve is not None:
            found_curves += 1
            assert_descends(problem, weights, curve)
        else:
            assert not descends_nearby(problem, weights, seed)
    assert found_curves


def descends_nearby(problem, weights, seed):
    """Tell whether one of many random curves, those that fall in doubles first, is proved to descend."""
    expansion = expand_loss(problem, weights, FloatSeries(), 8)
    generator = np.random.default_rng(seed)
    curves = np.zeros((9, 400, problem.architecture.N_net))
    curves[1:4] = generator.integers(-2, 3, curves[1:4].shape) * (generator.random(curves[1:4].shape) < 0.5)
    loss = expansion.loss(curves, 8)
    first = (np.abs(loss) > 1e-9 * (1 + np.abs(loss).max(axis=0))).argmax(axis=0)
    for b in np.flatnonzero(loss[first, np.arange(400)] < 0)[:5]:
        terms = [(k, tuple(Fraction(float(x)) for x in curves[k, b])) for k in (1, 2, 3)]
        if proved_descent(problem, weights, terms, int(first[b])) is not None:
            return True
    return False
