"""Regions with a local minimum: random least-squares maps and best constants are accepted up to their loss, and every hypothesis is missed once."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest
from cases.kernel_cases_theorems import ASKED, HAT, LINE, beaten, region
from cases.kernel_draft import EVERYWHERE, Draft
from cases.kernel_outcomes import accepted, outcome
from sklearn import datasets

from lossproof.certificates.inputs.bundled import load_bundled
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.reading.work import Work
from lossproof.numerics.samples.affine_fit import affine_fit
from lossproof.theory.functions.errors import error_named
from lossproof.theory.limits import MAX_STEP_WORK
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.rationals import rational_text

RULE, PREMISE, OTHER_VERDICT = ("evidence", "rule"), ("premise", "premises[0]"), ("conclusion", "conclusion.verdict")


def targets(*numbers):
    return [[str(y)] for y in numbers]


def least_squares(X, Y):
    """The normal equations by fractions: a map with constants in the last row, free coefficients 0, and its loss."""
    rows = [[*map(Fraction, x), Fraction(1)] for x in X]
    m, n = len(rows[0]), len(Y[0])
    table = [
        [sum(x[a] * x[b] for x in rows) for b in range(m)]
        + [sum(x[a] * Fraction(y[j]) for x, y in zip(rows, Y, strict=True)) for j in range(n)]
        for a in range(m)
    ]
    pivots = []
    for column in range(m):
        row = next((k for k in range(len(pivots), m) if table[k][column] != 0), None)
        if row is None:
            continue
        table[len(pivots)], table[row] = table[row], table[len(pivots)]
        top = table[len(pivots)] = [q / table[len(pivots)][column] for q in table[len(pivots)]]
        table = [
            line if k == len(pivots) else [q - line[column] * p for q, p in zip(line, top, strict=True)] for k, line in enumerate(table)
        ]
        pivots.append(column)
    A = [table[pivots.index(k)][m:] if k in pivots else [Fraction(0)] * n for k in range(m)]
    squares = sum((sum(x[k] * A[k][j] for k in range(m)) - Fraction(y[j])) ** 2 for x, y in zip(rows, Y, strict=True) for j in range(n))
    return [[str(q) for q in row] for row in A], squares / (2 * len(X))


def affine(widths=(1, 2, 1), X=LINE, Y=(["0"], ["1"], ["0"]), map=(["0"], ["1/3"]), loss="1/9", **options):
    d = Draft(widths, X, [list(y) for y in Y], **{"activation": "relu", **options})
    region(d, "linear-region", loss, map=[list(row) if isinstance(row, list) else row for row in map])
    return d


@pytest.mark.parametrize("seed", range(25))
def test_random_least_squares_are_accepted_and_nothing_above_them(seed):
    rng = random.Random(seed)
    n_0, n_L, T = rng.randint(1, 4), rng.randint(1, 3), rng.randint(1, 7)
    X, Y = ([[str(Fraction(rng.randint(-20, 20), rng.choice((1, 2, 3, 64)))) for _ in range(n)] for _ in range(T)] for n in (n_0, n_L))
    X = [[*x, x[0]] for x in X] if seed % 3 == 0 else X
    A, loss = least_squares(X, Y)
    options = {"widths": (len(X[0]), rng.randint(1, 4), *[2] * rng.randint(0, 1), n_L), "X": X, "Y": Y}
    activation = rng.choice(("relu", "leaky-relu:1/3", "elu", "hard-tanh", "identity", "power:1"))
    for told in (loss, loss / 2, Fraction(0), Fraction(-1)):
        assert accepted(affine(**options, map=A, loss=str(told), activation=activation))
    assert outcome(affine(**options, map=A, loss=str(loss + Fraction(1, 10**12)), activation=activation)) == ("evidence", "evidence.loss")
    k, j = rng.randrange(len(A)), rng.randrange(n_L)
    moved = [[str(Fraction(q) + (i == k and h == j)) for h, q in enumerate(row)] for i, row in enumerate(A)]
    same = all(Fraction(x[k]) == 0 for x in X) if k < len(X[0]) else False
    assert same or outcome(affine(**options, map=moved, loss="0", activation=activation)) == ("evidence", "evidence.map")


@pytest.mark.parametrize(("name", "widths"), [("digits", (64, 32, 10)), ("breast-cancer", (30, 8, 1)), ("measures", (30, 8, 1))])
def test_large_real_data_stay_far_below_the_limits(name, widths):
    """All 1,797 digits, and 569 tumours as exact decimals scaled to doubles and as raw doubles of 53 bits, with the exact fit of the prover."""
    X, Y = load_bundled("digits", 1797, 10) if name == "digits" else load_bundled("breast-cancer", 569, 1)
    X = datasets.load_breast_cancer().data if name == "measures" else X
    samples = Samples.of(X.tolist(), Y.tolist())
    fit = affine_fit(Problem(Architecture.of(widths, "relu"), error_named("squared"), samples), 0)
    map, X, Y = ([[rational_text(q) for q in row] for row in table] for table in (fit.map, samples.X, samples.Y))
    loss = Fraction(int(fit.loss * 2**64), 2**64)
    work = Work()
    assert check_certificate(affine(widths, X, Y, map, str(loss)).finish(), work=work).ok
    assert work.spent < MAX_STEP_WORK // 50
    assert outcome(affine(widths, X, Y, map, str(loss + Fraction(1, 2**40)))) == ("evidence", "evidence.loss")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(({"activation": name}, RULE) for name in ("tanh", "softsign", "softplus", "gelu", "mish", "swish:2", "power:2", "bent-identity")),
        *(({"error": name}, RULE) for name in ("cauchy:1", "smooth-l1:1", "blake-zisserman:1")),
        ({"error": "logistic"}, ("schema", "evidence")),
        *(({"output_activation": name}, RULE) for name in ("relu", "tanh", "leaky-relu:1/2")),
        ({"widths": (1, 1)}, RULE),
        ({"bias": "none"}, ("schema", "evidence")),
        ({"bias": "fixed", "fixed_bias": [["1", "1"], ["0"]]}, RULE),
        ({"map": (["0"], ["1/2"])}, ("evidence", "evidence.map")),
        ({"map": (["1/10"], ["1/3"])}, ("evidence", "evidence.map")),
        ({"map": (["1/3"], ["0"])}, ("evidence", "evidence.map")),
        ({"map": (["0"],)}, ("schema", "evidence.map")),
        ({"map": (["0", "0"], ["1/3", "1/3"])}, ("schema", "evidence.map[0]")),
        ({"loss": "10/89"}, ("evidence", "evidence.loss")),
        ({"loss": "1/8"}, ("evidence", "evidence.loss")),
        ({"loss": "2/9"}, ("evidence", "evidence.loss")),
        ({"loss": "1/3"}, ("evidence", "evidence.loss")),
    ],
    ids=str,
)  # fmt: skip
def test_a_linear_region_that_misses_something(changes, expected):
    assert outcome(affine(**changes)) == expected


def dead(widths=(1, 2, 1), X=LINE, Y=(["0"], ["1"], ["0"]), loss="1/9", evidence=None, rigor="EXACT", **options):
    d = Draft(widths, X, [list(y) for y in Y], **{"activation": "relu", **options})
    region(d, "dead-region", loss, rigor, **(evidence or {}))
    return d


BALLS = {"evidence": {"precision": 64}, "rigor": "BALL"}


def loss_of_best_constant(Y, error):
    """Exactly for the squared error; else to 60 digits from the definition of the error, at the outputs that are best."""
    T = len(Y)
    means = [sum(column) / T for column in zip(*Y, strict=True)]
    if error == "squared":
        return sum((y - mean) ** 2 for row in Y for y, mean in zip(row, means, strict=True)) / (2 * T)
    with mpmath.workdps(60):
        rows, p = ([[mpmath.mpf(y.numerator) / y.denominator for y in row] for row in table] for table in (Y, [means]))
        outputs = [mpmath.log(q / (1 - q)) if error == "logistic" else mpmath.log(q) + 2 for q in p[0]]
        powers = [mpmath.exp(c) for c in outputs]
        least = sum(mpmath.log(1 + e) for e in powers) if error == "logistic" else mpmath.log(sum(powers))
        return sum(least - sum(y * c for y, c in zip(row, outputs, strict=True)) for row in rows) / T


@pytest.mark.parametrize("seed", range(25))
def test_random_constants_are_accepted_and_nothing_above_them(seed):
    rng = random.Random(seed)
    T, n_L, error = rng.randint(1, 6), rng.randint(1, 3), ("squared", "logistic", "softmax")[seed % 3]
    Y = [[Fraction(rng.randint(1, 12), 12) for _ in range(n_L)] for _ in range(T)]
    Y = [[y / sum(row) for y in row] for row in Y] if error == "softmax" else [[y - Fraction(1, 24) for y in row] for row in Y]
    loss = loss_of_best_constant(Y, error)
    below, above = (loss, loss + Fraction(1, 10**15)) if error == "squared" else (Fraction(int(loss * 10**15) + k, 10**15) for k in (-1, 2))
    options = {"widths": (1, 1, 2, n_L), "X": [[str(i)] for i in range(T)], "Y": [[str(y) for y in row] for row in Y], "error": error}
    options |= {"activation": rng.choice(("relu", "hard-tanh")), **(BALLS if error != "squared" else {})}
    assert accepted(dead(**options, loss=str(below)))
    assert outcome(dead(**options, loss=str(above))) == ("evidence", "evidence.loss")


ENDS = {"error": "logistic", "loss": "0", **BALLS}
CLASSES = {"error": "softmax", "widths": (1, 2, 2), "loss": "0", **BALLS}


SILENT = {"bias": "none", "loss": "1/6", "evidence": {"direction": ["-1"]}}
QUIET = {"evidence": {"direction": ["-1"], "precision": 64}, "rigor": "BALL"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(({"activation": name}, RULE) for name in ("tanh", "leaky-relu:1/2", "identity", "elu", "softsign", "power:1", "gelu")),
        *(({"error": name}, RULE) for name in ("cauchy:1", "smooth-l1:1", "blake-zisserman:1")),
        *(({"output_activation": name}, RULE) for name in ("relu", "sigmoid", "power:1")),
        ({"widths": (1, 1)}, RULE),
        ({"bias": "none"}, ("schema", "evidence")),
        ({**SILENT}, None),
        ({**SILENT, "widths": (1, 2, 3, 1)}, None),
        ({**SILENT, "loss": "1/5"}, ("evidence", "evidence.loss")),
        ({**SILENT, "X": [["0"], ["1"], ["-1"]]}, ("evidence", "evidence.direction")),
        ({**SILENT, "evidence": {"direction": ["1"]}}, ("evidence", "evidence.direction")),
        ({**SILENT, "evidence": {"direction": ["0"]}}, ("evidence", "evidence.direction")),
        ({**SILENT, "evidence": {"direction": ["-1", "0"]}}, ("schema", "evidence.direction")),
        ({**SILENT, "bias": "trainable"}, ("schema", "evidence")),
        ({**SILENT, "bias": "fixed", "fixed_bias": [["0", "0"], ["0"]]}, RULE),
        *(({**SILENT, "activation": name}, RULE) for name in ("hard-tanh", "leaky-relu:1/2", "elu", "tanh", "identity", "softsign")),
        *(({**SILENT, "output_activation": name}, RULE) for name in ("relu", "sigmoid")),
        ({**SILENT, "error": "cauchy:1"}, RULE),
        ({**SILENT, "error": "logistic", "loss": "69314717/100000000", **QUIET}, None),
        ({**SILENT, "error": "logistic", "loss": "69314719/100000000", **QUIET}, ("evidence", "evidence.loss")),
        ({"bias": "fixed", "fixed_bias": [["1", "1"], ["0"]]}, RULE),
        ({"loss": "10/89"}, ("evidence", "evidence.loss")),
        ({"loss": "2/9"}, ("evidence", "evidence.loss")),
        ({"evidence": {"precision": 64}}, ("schema", "evidence")),
        ({"error": "logistic"}, ("schema", "evidence")),
        ({**ENDS, "evidence": {"precision": 52}}, ("evidence", "evidence.precision")),
        ({**ENDS, "Y": (["0"], ["0"], ["0"])}, RULE),
        ({**ENDS, "Y": (["1"], ["1"], ["1"])}, RULE),
        ({**ENDS, "widths": (1, 2, 2), "Y": (["1/2", "1"], ["0", "1"], ["1", "1"])}, RULE),
        ({**CLASSES, "Y": (["1", "0"],) * 3}, RULE),
        ({**ENDS, "loss": "7/11"}, None),
        ({**ENDS, "loss": "16/25"}, ("evidence", "evidence.loss")),
    ],
    ids=str,
)  # fmt: skip
def test_a_dead_region_that_misses_something(changes, expected):
    d = dead(**changes)
    assert accepted(d) if expected is None else outcome(d) == expected


def test_targets_of_softmax_that_are_no_probabilities_are_no_problem():
    (failure,) = check_certificate(dead(**CLASSES, Y=(["1/2", "1/3"],) * 3).finish()).failures
    assert (failure.code, failure.place) == ("problem", "problem.Y")


def conclusion(row, premises, verdict="REFUTED", statement="linear-region", upper="0", loss="1/9", **options):
    """A conclusion from a region, and from the loss of a network that is 1 too high everywhere, or fits."""
    d = Draft((1, 2, 1), LINE, targets(0, 1, 0), HAT, activation="relu", **options)
    d.document["points"][0][1]["b"] = [str(-1 + (upper != "0"))]
    evidence = {"map": [["0"], ["1/3"]]} if statement == "linear-region" else {}
    found = [
        region(d, statement, loss, **evidence),
        d.exact_loss(upper, 0),
    ]
    d.imply(row, ASKED, EVERYWHERE, {}, [found[k] for k in premises], verdict=verdict)
    return d


@pytest.mark.parametrize("statement", ["linear-region", "dead-region"])
def test_a_region_and_a_lower_point_refute(statement):
    other = {"linear-region": "dead-region", "dead-region": "linear-region"}[statement]
    assert accepted(conclusion(statement, (0, 1), statement=statement))
    assert outcome(conclusion(statement, (0, 1), "PROVED", statement=statement)) == OTHER_VERDICT
    assert outcome(conclusion(other, (0, 1), statement=statement)) == PREMISE
    assert outcome(conclusion(statement, (1, 0), statement=statement)) == PREMISE
    assert outcome(conclusion(statement, (0, 0), statement=statement)) == ("premise", "premises[1]")
    assert outcome(conclusion(statement, (0,), statement=statement)) == ("premise", "premises")


@pytest.mark.parametrize("statement", ["linear-region", "dead-region"])
def test_a_point_that_is_not_lower_refutes_nothing(statement):
    assert outcome(conclusion(statement, (0, 1), statement=statement, upper="1/2")) == ("premise", "premises")
    assert outcome(conclusion(statement, (0, 1), statement=statement, loss="0")) == ("premise", "premises")
    assert outcome(conclusion(statement, (0, 1), statement=statement, loss="-1")) == ("premise", "premises")


def test_only_an_upper_bound_below_counts():
    """A point whose bounds hold the loss of the region between them."""
    for upper, fine in (("1/10", True), ("1/9", False), ("1/8", False)):
        d = Draft((1, 2, 1), LINE, targets(0, 1, 0), HAT, activation="relu")
        document = beaten(d, "dead-region", "1/9", upper)
        assert accepted(document) if fine else outcome(document) == ("premise", "premises")
