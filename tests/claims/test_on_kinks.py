"""Weights on kinks as they are claimed: minima attacked nearby in exact arithmetic, and directions of descent followed."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest
import sympy
from cases.piecewise_losses import sum_of_squares

import lossproof as lp
from lossproof.certificates.inputs.bundled import load_bundled
from lossproof.numerics.critical.kink_descent import falling_direction
from lossproof.numerics.critical.kink_search import descend_onto_kinks
from lossproof.numerics.critical.kinks import kink_multipliers
from lossproof.numerics.critical.point_on_kinks import point_on_kinks
from lossproof.numerics.network.weight_vectors import weights_of_rows
from lossproof.theory.problem.problem import Problem

STEP_X, STEP_Y = [[-1], [0], [1], [2]], [[1], [-2], [5], [5]]
LOG = sympy.log(2)
HINGE = [([[1, 0]], [0, -1]), ([[3], [0]], [0])]
SLOPES = {"relu": (0, 1), "leaky-relu:1/4": (Fraction(1, 4), 1)}


def problem_of(widths, X, Y, activation="relu", error="squared", **options):
    return Problem(lp.Architecture.of(widths, activation, "identity", **options), lp.error_named(error), lp.Samples.of(X, Y))


def value(activation, z):
    if activation == "hard-tanh":
        return max(min(z, 1), -1)
    low, high = SLOPES[activation]
    return high * z if z > 0 else low * z


def moved(problem, weights, direction, size):
    """The weights moved along a direction, in the order of the rows of P."""
    steps, found = iter(direction), []
    for layer in weights.layers:
        columns = [
            [*(q + size * next(steps) for q in column), b + size * next(steps) if problem.architecture.bias_rows_of(1) else b]
            for column, b in zip(zip(*layer.W, strict=True), layer.b, strict=True)
        ]
        found.append(([list(row) for row in zip(*(column[:-1] for column in columns), strict=True)], [column[-1] for column in columns]))
    return found


def layers_of(weights):
    return [(layer.W, layer.b) for layer in weights.layers]


def planted_problem(seed, activation, widths, T, bias="trainable"):
    """Weights whose units bend at samples, and targets for which random slopes at the kinks balance the residuals as far as these leave a choice."""
    rng = random.Random(seed)
    X = [[rng.randint(-3, 3) for _ in range(widths[0])] for _ in range(T)]
    rows = []
    for m, n in itertools.pairwise(widths):
        W = [[Fraction(rng.randint(-4, 4)) for _ in range(n)] for _ in range(m)]
        rows.append((W, [Fraction(rng.randint(-3, 3)) if bias == "trainable" else Fraction(0) for _ in range(n)]))
    for k in range(widths[1]) if bias == "trainable" else ():
        x = X[rng.randrange(T)]
        edge = rng.choice((-1, 1)) if activation == "hard-tanh" else 0
        rows[0][1][k] = edge - sum(q * row[k] for q, row in zip(x, rows[0][0], strict=True))
    blank = problem_of(widths, X, [[0] * widths[-1]] * T, activation, bias=bias)
    weights = lp.Weights.of(blank.architecture, rows)
    return rng, X, blank, weights


def with_residuals(problem, weights, residuals):
    """The problem with targets that leave these residuals."""
    name, Y = problem.architecture.activation.name, []
    for x, row in zip(problem.samples.X, residuals, strict=True):
        h = x
        for l, layer in enumerate(weights.layers, start=1):
            z = [sum((p * r[k] for p, r in zip(h, layer.W, strict=True)), b) for k, b in enumerate(layer.b)]
            h = z if l == len(weights.layers) else [value(name, q) for q in z]
        Y.append([p - e for p, e in zip(h, row, strict=True)])
    return problem_of(problem.architecture.widths, problem.samples.X, Y, name, bias=problem.architecture.bias)


def balanced_residuals(rng, problem, weights):
    """Residuals orthogonal to what the hidden units and the constant give, with random slopes at the kinks; one vector of the kernel, and multiples of it."""
    from flint import fmpq, fmpq_mat

    activation, layer = problem.architecture.activation, weights.layers[0]
    rows = [[1] * problem.T] if problem.architecture.bias_rows_of(1) else []
    for k, b in enumerate(layer.b):
        z = [sum((p * r[k] for p, r in zip(x, layer.W, strict=True)), b) for x in problem.samples.X]
        slopes = [[piece.slope for piece in activation.affine_pieces if piece.reaches(q)] for q in z]
        chosen = [min(s) + (max(s) - min(s)) * Fraction(rng.randint(0, 4), 4) for s in slopes]
        rows.append([value(activation.name, q) for q in z])
        rows += [[s * x[j] for s, x in zip(chosen, problem.samples.X, strict=True)] for j in range(problem.architecture.widths[0])]
        rows += [chosen] if problem.architecture.bias_rows_of(1) else []
    table, rank = fmpq_mat([[fmpq(*Fraction(q).as_integer_ratio()) for q in row] for row in rows]).rref()
    pivots = [next(j for j in range(problem.T) if table[i, j] != 0) for i in range(rank)]
    found = [Fraction(0)] * problem.T
    for free in (j for j in range(problem.T) if j not in pivots):
        weight = rng.choice((-3, -2, -1, 1, 2, 3))
        found[free] += weight
        for i, j in enumerate(pivots):
            found[j] -= weight * Fraction(int(table[i, free].p), int(table[i, free].q))
    return [[j * q for j in range(1, problem.architecture.n_L + 1)] for q in found]


def attacked(problem, weights, rng, times=40):
    """Whether no direction of some at five distances, single units and single weights among them, leads to a smaller loss."""
    loss, N = sum_of_squares(problem), problem.architecture.N_net
    here = loss(layers_of(weights))
    for _ in range(times):
        direction = [Fraction(rng.randint(-9, 9), 9) if rng.random() < 0.7 else Fraction(0) for _ in range(N)]
        if any(loss(moved(problem, weights, direction, Fraction(1, 10**k))) < here for k in (3, 4, 5, 7, 9)):
            return False
    return True


CASES = [
    ("relu", (1, 1, 1), 5, "trainable"),
    ("relu", (1, 2, 1), 7, "trainable"),
    ("relu", (2, 2, 1), 8, "trainable"),
    ("leaky-relu:1/4", (1, 2, 1), 7, "trainable"),
    ("hard-tanh", (1, 1, 1), 6, "trainable"),
    ("hard-tanh", (1, 2, 1), 8, "trainable"),
    ("relu", (1, 2, 2), 8, "trainable"),
    ("relu", (2, 2, 1), 7, "none"),
]


@pytest.mark.parametrize(("activation", "widths", "T", "bias"), CASES, ids=str)
def test_planted_points_are_decided_both_ways_and_no_answer_is_wrong(activation, widths, T, bias):
    """Minima withstand an attack; and along each direction of descent the loss falls."""
    minima = descents = 0
    for seed in range(120):
        rng, _, blank, weights = planted_problem(seed, activation, widths, T, bias)
        problem = with_residuals(blank, weights, balanced_residuals(rng, blank, weights))
        multipliers, direction = kink_multipliers(problem, weights), falling_direction(problem, weights)
        assert multipliers is None or direction is None
        if multipliers is not None and any(multipliers):
            minima += 1
            assert attacked(problem, weights, rng)
        if direction is not None:
            descents += 1
            loss = sum_of_squares(problem)
            assert loss(moved(problem, weights, direction[0], Fraction(1, 10**6))) < loss(layers_of(weights))
    assert descents > 10
    assert minima >= (3 if bias == "trainable" else 0)


def report_of(Y, weights=HINGE, **options):
    report = lp.check_architecture("1-2-1", STEP_X, Y, **{"activation": "relu", "weights": weights, **options})
    assert lp.verify(report.certificate.text).ok
    return report


def test_a_hinge_at_a_sample_is_a_bad_minimum():
    report = report_of(STEP_Y)
    point = report["critical-point", 0]
    assert point.facts["kind"] == "local-minimum"
    assert point.rigor is lp.Rigor.EXACT
    assert report["suboptimal"].verdict is lp.Verdict.PROVED
    assert report.conclusion.verdict is lp.Verdict.REFUTED


def test_a_hinge_that_should_move_is_not_critical():
    point = report_of([[-1], [2], [5], [5]])["critical-point", 0]
    assert point.verdict is lp.Verdict.REFUTED
    assert point.facts["kind"] == "not-critical"
    assert point.rigor is lp.Rigor.EXACT


@pytest.mark.parametrize(
    ("e", "d", "kind"), [(1, 1, "local-minimum"), ("99/100", 1, "not-critical"), (2, 0, "local-minimum"), (2, "-1/100", "not-critical")]
)
def test_the_last_multiplier_that_serves(e, d, kind):
    """Residuals d − e, e, −2d, d balance with the multiplier d/e, which must lie in [0, 1]."""
    e, d = Fraction(e), Fraction(d)
    report = report_of([[e - d], [-e], [3 + 2 * d], [6 - d]])
    assert report["critical-point", 0].facts["kind"] == kind


@pytest.mark.parametrize("error", ["squared", "cauchy:1", "smooth-l1:1", "blake-zisserman:1"])
def test_exact_learners_on_kinks_are_global_minima_for_every_error_of_residuals(error):
    report = report_of([[0], [0], [3], [6]], error=error)
    assert report["critical-point", 0].facts["kind"] == "global"


@pytest.mark.parametrize("error", ["cauchy:1", "smooth-l1:1", "logistic"])
def test_descent_from_a_kink_for_other_errors(error):
    """Targets 1 where the output is 0 and could rise; only squared and Cauchy errors are seen in rationals."""
    report = lp.check_architecture(
        "1-1-1", [[-1], [0], [1]], [[0], [1], [1]], activation="relu", error=error, weights=[([[1]], [0]), ([[3]], [0])]
    )
    point = report["critical-point", 0]
    assert point.facts["kind"] == "not-critical"
    assert lp.verify(report.certificate.text).ok


def test_two_hidden_layers_on_kinks():
    """An exact learner, and weights from which a step into a cell nearby leads down."""
    line = [([[1]], [0]), ([[1]], [0]), ([[1]], [0])]
    for Y, kind in (([[0], [0], [1]], "global"), ([[0], [1], [2]], "not-critical")):
        report = lp.check_architecture("1-1-1-1", [[-1], [0], [1]], Y, activation="relu", weights=line)
        assert report["critical-point", 0].facts["kind"] == kind
        assert lp.verify(report.certificate.text).ok


def test_equal_inputs_are_taken_together():
    """Residuals 5 and −3 at the kink pull like one of 2."""
    X, Y = [[-1], [0], [0], [1], [2]], [[1], [-5], [3], [5], [5]]
    report = lp.check_architecture("1-2-1", X, Y, activation="relu", weights=HINGE)
    assert report["critical-point", 0].facts["kind"] == "local-minimum"


def test_two_outputs_with_balanced_residuals():
    """Both residuals at the kink point the way of the unit's output weights."""
    Y = [[1, 2], [-2, -4], [5, 10], [5, 10]]
    report = lp.check_architecture("1-1-2", STEP_X, Y, activation="relu", weights=[([[1]], [0]), ([[3, 6]], [0, 0])])
    assert report["critical-point", 0].facts["kind"] == "local-minimum"


@pytest.mark.parametrize("e", ["1/2", "2"])
def test_two_outputs_at_a_kink_are_not_decided_at_first_order(e):
    """The example of docs/deciding.md: a local minimum for e = 1/2, none for e = 2, and the loss falls along no direction at first order in both."""
    X, Y, q = [[0, 1], [1, 1], [1, -1]], [[-1, 0], [1, -Fraction(e)], [1, Fraction(e)]], Fraction(1, 1000)
    report = lp.check_architecture("2-1-2", X, Y, activation="relu", bias="none", weights=[([[1], [0]], None), ([[1, 0]], None)])
    assert report["critical-point", 0].verdict.value == "UNDECIDED"
    problem = problem_of((2, 1, 2), X, Y, bias="none")
    points = [[([[1], [0]], [0]), ([[1, 0]], [0, 0])], [([[1], [-q]], [0]), ([[1, q]], [0, 0])]]
    here, below = map(sum_of_squares(problem), points)
    assert (below < here) == (e == "2")


@pytest.mark.parametrize("activation", ["relu", "leaky-relu"])
@pytest.mark.parametrize(("widths", "T"), [("1-2-1", 6), ("1-3-1", 10), ("2-2-1", 8)])
def test_maps_meet_minima_on_kinks(activation, widths, T):
    """The candidates that lie on kinks are proved, and withstand an attack in rational arithmetic."""
    rng = random.Random(T)
    n_0 = int(widths[0])
    X = [[rng.randint(-4, 4) for _ in range(n_0)] for _ in range(T)]
    Y = [[rng.randint(-3, 3)] for _ in range(T)]
    name = activation if activation == "relu" else "leaky-relu:1/4"
    found = lp.find_critical_points(widths, X, Y, activation=name, starts=24, workers=1)
    problem = problem_of(tuple(map(int, widths.split("-"))), X, Y, name)
    on_kinks = [
        point
        for point in found
        if point.kind == "local-minimum" and kink_multipliers(problem, point.weights) and point.inertia["undecided"]
    ]
    assert on_kinks
    assert all(attacked(problem, point.weights, rng) for point in on_kinks)
    assert lp.verify(found.certificate.text).ok


def test_a_short_way_leads_from_trained_weights_onto_a_kink():
    nearly = [([["1.0000001", 0]], ["1e-9", -1]), ([["3.0001"], [0]], ["1e-7"])]
    report = report_of(STEP_Y, nearly)
    points = [claim for claim in report if claim.id == "critical-point"]
    assert [claim.facts["kind"] for claim in points] == ["not-critical", "local-minimum"]
    assert points[1].facts["loss_upper"] == Fraction(5, 4)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_minimum_on_kinks_of_150_measured_samples(seed):
    """iris, 4-2-1 relu: from a seeded start to exact weights with units on kinks."""
    pytest.importorskip("sklearn")
    X, Y = load_bundled("iris", 150, 1)
    problem = problem_of((4, 2, 1), X, Y)
    starts = np.random.default_rng(seed).standard_normal((6, problem.architecture.N_net)) / 2
    ends = (found for start in starts if (found := descend_onto_kinks(problem, start)) is not None and found.pinned)
    points = (point for end in ends if (point := point_on_kinks(problem, weights_of_rows(problem, end.point))) is not None)
    found = lp.prove_points(problem, [next(points)])
    assert [point.kind for point in found] == ["local-minimum"]
    assert lp.verify(found.certificate.text).ok


@pytest.mark.parametrize("activation", ["relu", "leaky-relu:1/4", "hard-tanh"])
@pytest.mark.parametrize(
    ("error", "Y"),
    [
        ("logistic", [[1], [1]]),
        ("logistic", [[1], [0]]),
        ("softmax", [[1, 0], [1, 0]]),
        ("softmax", [[1, 0], [0, 1]]),
        ("softmax", [[1, 0, 0]] * 2),
    ],
)
def test_equal_logits_have_rational_gradients(activation, error, Y):
    """What the prover calls exact, and what it says of balls, the checker does, too: nothing is refused."""
    n, bent, decided = len(Y[0]), int(activation == "hard-tanh"), []
    for v in (0, 1):
        outgoing = [v * (j + 1) for j in range(n)]
        weights = [([[0, 0]], [bent, 1]), ([outgoing, [0] * n], [-q * bent for q in outgoing])]
        report = lp.check_architecture((1, 2, n), [[0], [1]], Y, activation=activation, error=error, weights=weights, search="none")
        assert not report.self_check.refused
        decided.append(report["critical-point", 0].facts["kind"])
    assert decided[1] in ("not-critical", "local-minimum")


@pytest.mark.parametrize("activation", ["relu", "leaky-relu:1/2"])
def test_logits_with_rational_exponentials(activation):
    """Three different logits, multiples of log 2: their probabilities are rational, as the checker sees, too."""
    X, Y, V = [[-1], [0], [1]], [[1, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 0, 2], [LOG, 0, 0]]
    report = lp.check_architecture(
        "1-2-3", X, Y, activation=activation, error="softmax", bias="none", weights=[([[0, 1]], None), (V, None)]
    )
    assert not report.self_check.refused
    assert report["critical-point", 0].facts["kind"] == "not-critical"


@pytest.mark.parametrize("error", ["squared", "logistic"])
@pytest.mark.parametrize("layers", [(1, 0, LOG, 1), (1, -1, LOG, 1), (0, 0, LOG, LOG), (0, 0, 1, LOG)], ids=str)
def test_weights_that_are_not_rational(layers, error):
    """A z may be rational, and on a kink, beside such weights; a derivative that is not rational is no reason for a traceback."""
    w, b, u, v = layers
    weights = [([[w]], [b]), ([[u]], [0]), ([[v]], [0])]
    report = lp.check_architecture("1-1-1-1", [[0], [1]], [[1], [1]], activation="relu", error=error, weights=weights, search="none")
    assert not report.self_check.refused
