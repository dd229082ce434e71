"""Theorems of others: applied where every hypothesis is proved, and otherwise not, with the hypothesis that fails."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest
from cases.landscapes import XOR_X as BITS
from cases.landscapes import XOR_Y as PARITY

import lossproof as lp
from lossproof import Rigor, Verdict
from lossproof.certificates.claims.cited import claims_cited
from lossproof.certificates.claims.conclusion import conclusion_by_theorems, open_by_rank
from lossproof.certificates.claims.principles import claim_error_principle
from lossproof.certificates.claims.whole_landscape import WholeLandscape
from lossproof.certificates.proof.certificate import certificate_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import undecided
from lossproof.certificates.proof.places import EVERYWHERE as LANDSCAPE
from lossproof.numerics.samples.linear_separation import balanced_combination, separating_direction
from lossproof.numerics.samples.ranks import (
    dependent_table,
    kawaguchi_failure,
    prime_of_distinct_eigenvalues,
    prime_of_full_ranks,
    prime_of_independent_products,
    products_are_dependent,
)
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.statements.cited import CITED

PROVED, UNDECIDED = Verdict.PROVED, Verdict.UNDECIDED
AND = [[0], [0], [0], [1]]
LINE = [[0], [1], [2], [3], [4]]
ZIGZAG = [[0], [1], [0], [1], [0]]
PLANE = [[0, 0], [1, 0], [0, 1], [1, 3]]
VECTORS = [[0, 1], [2, "1/2"], [1, 1], [3, -1]]


def context(widths, X, Y, activation="tanh", output="identity", error="squared", bias="trainable"):
    architecture = Architecture.of(widths, activation, output, bias)
    zeros = tuple(tuple([Fraction(0)] * n) for n in architecture.widths[1:])
    problem = Problem(architecture, error_named(error), Samples.of(X, Y), zeros if bias == "fixed" else None)
    return ProofContext(problem, 0, 256)


def cited(*args, **kwargs):
    """The claims by theorem, after the kernel has accepted those that are proved."""
    prover = context(*args, **kwargs)
    claims = claims_cited(prover)
    verification = lp.verify(certificate_of(prover.problem, claims).text)
    assert verification.ok, verification.failures
    proved = [claim for claim in claims if claim.verdict is PROVED]
    assert [step.conclusion["statement"] for step in verification.claims] == [claim.id for claim in proved]
    assert all(claim.rigor is Rigor.CITED and claim.facts == {"applicable": "yes"} for claim in proved)
    for claim in claims:
        if claim.verdict is not PROVED:
            assert claim.verdict is UNDECIDED
            assert claim.reason.startswith({"no": "Not applicable: ", "unknown": "Not decided: "}[claim.facts["applicable"]])
            assert claim.missing
    return {claim.id: claim for claim in claims}


def setting(*args, **kwargs):
    return args, kwargs


def changed(base, **changes):
    args, kwargs = base
    widths, X, Y = (changes.pop(name, old) for name, old in zip(("widths", "X", "Y"), args, strict=True))
    return (widths, X, Y), {**kwargs, **changes}


LINEAR = setting((2, 2, 2), PLANE, VECTORS, activation="identity")
TANH = setting((1, 6, 1), LINE, ZIGZAG)
SEPARABLE = setting((2, 2, 1), BITS, AND, activation="sigmoid", output="sigmoid")
LEAKY = setting((1, 6, 1), LINE, ZIGZAG, activation="leaky-relu")
SIGMOID = setting((1, 6, 1), LINE, ZIGZAG, activation="sigmoid")

APPLICABLE = [
    ("kawaguchi-2016", LINEAR),
    ("kawaguchi-2016", changed(LINEAR, bias="none")),
    ("kawaguchi-2016", changed(LINEAR, widths=(2, 1, 1, 2))),
    ("lu-kawaguchi-2017", LINEAR),
    ("lu-kawaguchi-2017", changed(LINEAR, widths=(2, 1, 2), bias="none")),
    ("lu-kawaguchi-2017", setting((1, 1, 2), [[0], [1], [2]], [[0, 1], [2, 2], [1, 5]], activation="identity")),
    ("laurent-von-brecht-2018", LINEAR),
    ("laurent-von-brecht-2018", changed(LINEAR, error="smooth-l1")),
    ("laurent-von-brecht-2018", changed(LINEAR, X=[[0, 0]] * 4)),
    ("laurent-von-brecht-2018", setting((2, 3, 1), BITS, PARITY, activation="power:1", error="logistic", bias="none")),
    ("nguyen-hein-2017", TANH),
    ("nguyen-hein-2017", changed(TANH, widths=(1, 4, 1))),
    ("nguyen-hein-2017", changed(TANH, widths=(1, 2, 6, 2, 2, 1), activation="softplus", error="cauchy", output="tanh")),
    ("gori-tesi-1992", SEPARABLE),
    ("gori-tesi-1992", changed(SEPARABLE, Y=[[-1], [-1], [-1], [1]], activation="tanh", output="tanh")),
    ("li-ding-sun", TANH),
    ("li-ding-sun", changed(TANH, widths=(1, 1, 5, 1), activation="relu", bias="none", error="smooth-l1")),
    ("ding-li-sun-2019", TANH),
    ("ding-li-sun-2019", changed(TANH, widths=(1, 2, 100, 1), activation="gelu")),
    ("venturi-bandeira-bruna", TANH),
    ("venturi-bandeira-bruna", changed(TANH, widths=(1, 3, 1), activation="power:2")),
    ("venturi-bandeira-bruna", changed(TANH, X=[[0], [1], [1], [1], [0]], widths=(1, 2, 1), activation="relu")),
]

NOT_APPLICABLE = [
    ("kawaguchi-2016", changed(LINEAR, activation="tanh"), "not linear: it uses tanh"),
    ("kawaguchi-2016", changed(LINEAR, output="sigmoid"), "not linear: it uses sigmoid"),
    ("kawaguchi-2016", changed(LINEAR, widths=(2, 2)), "no hidden layer"),
    ("kawaguchi-2016", changed(LINEAR, bias="fixed"), "fixed constants"),
    ("kawaguchi-2016", changed(LINEAR, error="smooth-l1"), "the error is smooth-l1:1, not squared"),
    (
        "kawaguchi-2016",
        setting((1, 1, 2), [[0], [1], [2]], [[0, 1], [2, 2], [1, 5]], activation="identity"),
        "more outputs (2) than inputs (1)",
    ),
    ("kawaguchi-2016", changed(LINEAR, X=[[0, 0], [1, 1], [2, 2], [3, 3]]), "X has rank 1 < n_0 = 2"),
    ("kawaguchi-2016", changed(LINEAR, Y=[[y, y] for y in (0, 1, 2, 4)]), "X Yᵀ has rank 1 < n_L = 2"),
    ("kawaguchi-2016", changed(LINEAR, X=PLANE[:3], Y=[[0, 0], [1, 0], [0, 1]], bias="none"), "Σ has a repeated eigenvalue"),
    ("lu-kawaguchi-2017", changed(LINEAR, activation="leaky-relu"), "not linear: it uses leaky-relu:1/100"),
    ("lu-kawaguchi-2017", changed(LINEAR, error="cauchy"), "not squared"),
    ("lu-kawaguchi-2017", changed(LINEAR, Y=[[y, 1] for y in range(4)]), "Y of the centred samples does not have full row rank"),
    ("lu-kawaguchi-2017", changed(LINEAR, X=[[x, 1] for x in range(4)]), "X of the centred samples does not have full row rank"),
    ("laurent-von-brecht-2018", changed(LINEAR, widths=(2, 3, 1, 2)), "layer 2 has 1 units, fewer than min(n_0, n_L) = 2"),
    ("laurent-von-brecht-2018", changed(LINEAR, error="cauchy"), "the cauchy:1 error is not convex"),
    ("laurent-von-brecht-2018", changed(LINEAR, bias="fixed"), "fixed constants"),
    ("nguyen-hein-2017", changed(TANH, bias="none"), "the bias mode is 'none'"),
    ("nguyen-hein-2017", changed(TANH, widths=(1, 3, 1)), "no hidden layer has at least T − 1 = 4 units"),
    (
        "nguyen-hein-2017",
        changed(TANH, widths=(1, 6, 1, 2, 1)),
        "no hidden layer has at least T − 1 = 4 units with widths that do not grow",
    ),
    ("nguyen-hein-2017", changed(TANH, activation="relu"), "the hidden activation is relu"),
    ("nguyen-hein-2017", changed(TANH, activation="bent-identity"), "the hidden activation is bent-identity"),
    ("nguyen-hein-2017", changed(TANH, output="relu"), "the output activation's derivative vanishes"),
    ("nguyen-hein-2017", changed(TANH, error="logistic"), "no function of the residuals"),
    ("nguyen-hein-2017", changed(TANH, X=[[0], [1], [2], [2], [4]], Y=[[0]] * 5), "two samples have equal inputs"),
    ("yu-chen-1995", changed(SIGMOID, widths=(1, 3, 1)), "n_1 = 3 units, fewer than T − 1 = 4"),
    ("yu-chen-1995", LEAKY, "the hidden activation is leaky-relu:1/100, not sigmoidal"),
    ("yu-chen-1995", TANH, "the theorem is false as stated"),
    ("yu-chen-1995", changed(SIGMOID, bias="none"), "the bias mode is 'none'"),
    ("yu-chen-1995", changed(SIGMOID, widths=(1, 4, 1)), "the theorem is false as stated"),
    ("poston-1991", changed(SIGMOID, widths=(1, 4, 1)), "n_1 = 4 units, fewer than T = 5"),
    ("poston-1991", changed(SIGMOID, widths=(1, 5, 2, 1)), "there are 2 hidden layers, not one"),
    ("poston-1991", SIGMOID, "the theorem is false as stated"),
    ("gori-tesi-1992", changed(SEPARABLE, Y=PARITY), "no plane separates the inputs of the two classes"),
    ("gori-tesi-1992", changed(SEPARABLE, X=[[0, 0], [0, 1], [1, 1], [1, 1]]), "no plane separates"),
    ("gori-tesi-1992", changed(SEPARABLE, Y=[[0], [0], ["1/10"], [1]]), "a target is not an end of the output's range"),
    ("gori-tesi-1992", changed(SEPARABLE, output="identity"), "no squashing function"),
    ("gori-tesi-1992", changed(SEPARABLE, activation="relu"), "the hidden activation is relu, the output's sigmoid"),
    ("gori-tesi-1992", changed(SEPARABLE, widths=(2, 2, 2, 1)), "there are 2 hidden layers, not one"),
    ("gori-tesi-1992", changed(SEPARABLE, widths=(2, 2, 2), Y=[[0, 0], [0, 0], [0, 0], [1, 1]]), "there are 2 outputs"),
    ("gori-tesi-1992", changed(SEPARABLE, error="cauchy"), "the error is cauchy:1, not squared"),
    ("soudry-carmon-2016", TANH, "the hidden activation is tanh, not leaky relu"),
    ("soudry-carmon-2016", changed(LEAKY, widths=(1, 6, 2), Y=[[0, 1]] * 5), "there are 2 outputs"),
    ("soudry-carmon-2016", LEAKY, "almost all inputs and factors are meant, not a given sample set"),
    ("li-ding-sun", changed(TANH, widths=(1, 6, 4, 1)), "the last hidden layer has n_2 = 4 units, fewer than T = 5"),
    ("li-ding-sun", changed(TANH, error="blake-zisserman"), "the blake-zisserman:1 error is not convex"),
    ("li-ding-sun", changed(TANH, output="tanh"), "the output activation is tanh, not the identity"),
    ("li-ding-sun", changed(TANH, widths=(2, 4, 1), X=BITS, Y=PARITY), "no coordinate of the inputs has 4 different values"),
    ("ding-li-sun-2019", changed(TANH, activation="relu"), "relu has no second derivative other than 0"),
    ("ding-li-sun-2019", changed(TANH, activation="power:1"), "power:1 has no second derivative other than 0"),
    ("ding-li-sun-2019", changed(TANH, widths=(1, 6, 1, 1)), "n_2 = 1 units, fewer than 2"),
    ("ding-li-sun-2019", changed(TANH, bias="none"), "the bias mode is 'none'"),
    ("ding-li-sun-2019", changed(TANH, error="smooth-l1"), "not squared"),
    ("ding-li-sun-2019", changed(TANH, X=LINE[:2], Y=ZIGZAG[:2]), "T = 2 does not exceed n_0(n_0 + 3)/2 = 2"),
    ("ding-li-sun-2019", changed(TANH, X=[[0], [1], [1], [0], [1]], Y=[[0]] * 5), "are linearly dependent on the samples"),
    ("safran-shamir-2018", changed(LEAKY, activation="relu", bias="none"), "the expected loss over Gaussian inputs"),
    ("safran-shamir-2018", LINEAR, "a mean over T = 4 samples"),
    (
        "venturi-bandeira-bruna",
        changed(TANH, widths=(1, 4, 1)),
        "the last hidden layer has n_1 = 4 units, fewer than the intrinsic dimension",
    ),
    ("venturi-bandeira-bruna", changed(TANH, widths=(1, 2, 1), activation="power:2"), "bounded by 3"),
    ("venturi-bandeira-bruna", changed(TANH, widths=(1, 6, 6, 1)), "there are 2 hidden layers"),
    ("venturi-bandeira-bruna", changed(TANH, bias="fixed"), "fixed constants"),
    ("venturi-bandeira-bruna", changed(TANH, error="cauchy"), "not convex"),
]


@pytest.mark.parametrize(("theorem", "problem"), APPLICABLE)
def test_applicable(theorem, problem):
    args, kwargs = problem
    claim = cited(*args, **kwargs)[theorem]
    assert claim.verdict is PROVED
    assert claim.rule == "cited-theorem"


@pytest.mark.parametrize(("theorem", "problem", "why"), NOT_APPLICABLE)
def test_not_applicable_names_the_hypothesis(theorem, problem, why):
    args, kwargs = problem
    claim = cited(*args, **kwargs)[theorem]
    assert claim.facts == {"applicable": "no"}
    assert why in claim.reason
    assert not claim.rule
    assert claim.rigor is None


def test_every_theorem_is_tested_both_ways():
    ids = {statement.id for statement in CITED}
    never = {"yu-chen-1995", "poston-1991", "soudry-carmon-2016", "safran-shamir-2018"}
    assert {theorem for theorem, _ in APPLICABLE} == ids - never
    assert {theorem for theorem, _, _ in NOT_APPLICABLE} == ids
    assert {statement.kind for statement in CITED} == {"cited theorem"}


def test_too_many_samples_are_not_decided(monkeypatch):
    monkeypatch.setattr("lossproof.certificates.claims.cited.MOST_ENTRIES", 10)
    for theorem, problem in (
        ("kawaguchi-2016", LINEAR),
        ("lu-kawaguchi-2017", LINEAR),
        ("gori-tesi-1992", SEPARABLE),
        ("ding-li-sun-2019", TANH),
    ):
        args, kwargs = problem
        claim = cited(*args, **kwargs)[theorem]
        assert claim.facts == {"applicable": "unknown"}
        assert "is too large for its rank to be asked for" in claim.reason


@pytest.mark.parametrize("error", ["squared", "smooth-l1", "cauchy", "blake-zisserman", "logistic"])
@pytest.mark.parametrize("bias", ["trainable", "none", "fixed"])
@pytest.mark.parametrize("activation", ["identity", "tanh", "sigmoid", "relu", "leaky-relu", "softplus", "sin", "power:3", "softsign"])
def test_prover_and_kernel_agree_everywhere(activation, bias, error):
    generator = random.Random(f"{activation} {bias} {error}")
    for widths, output in itertools.product([(2, 1), (2, 1, 2), (1, 7, 1), (2, 6, 3, 1), (2, 3, 2)], ["identity", activation]):
        X = [[generator.randint(-2, 2) for _ in range(widths[0])] for _ in range(6)]
        Y = [[generator.randint(0, 1) for _ in range(widths[-1])] for _ in range(6)]
        cited(widths, X, Y, activation, output, error, bias)


def conclusion(*args, **kwargs):
    prover = context(*args, **kwargs)
    open_rank = undecided("full-rank", LANDSCAPE, "Not asked here.", "a proof")
    claims = claims_cited(prover)
    principle = claim_error_principle(prover.problem, "principle-error")
    whole = WholeLandscape(prover, None, None, principle, (), tuple(claims))
    by_theorem = conclusion_by_theorems(whole)
    found = open_by_rank(prover.problem.columns, open_rank, None) if by_theorem is None else by_theorem
    verification = lp.verify(certificate_of(prover.problem, [found, *claims]).text)
    assert verification.ok, verification.failures
    return found


@pytest.mark.parametrize("problem", [LINEAR, changed(LINEAR, error="smooth-l1"), changed(LINEAR, widths=(2, 1, 2)), SEPARABLE])
def test_a_decisive_theorem_proves_the_conclusion(problem):
    args, kwargs = problem
    found = conclusion(*args, **kwargs)
    assert found.verdict is PROVED
    assert (found.evidence, found.rigor) == ({"row": f"by-{found.premises[0].id}"}, Rigor.CITED)
    assert found.premises[0].facts == {"applicable": "yes"}


@pytest.mark.parametrize(
    "problem", [TANH, SIGMOID, LEAKY, changed(LINEAR, bias="fixed"), changed(LINEAR, widths=(2, 1, 2), error="smooth-l1")]
)
def test_other_theorems_never_decide_the_conclusion(problem, monkeypatch):
    """Where nothing is known of regions with a bad local minimum."""
    monkeypatch.setattr(WholeLandscape, "bad_region", lambda self, losses: None)
    args, kwargs = problem
    assert conclusion(*args, **kwargs).verdict is UNDECIDED


def test_reports_carry_the_theorems(check):
    report = check((2, 2, 2, 1), BITS, [[0], [1], [1], [3]], activation="identity", bias="none")
    assert report["no-bad-local-minima"].rigor is Rigor.CITED
    assert report["laurent-von-brecht-2018"].verdict is PROVED
    shallow = check((2, 2, 1), BITS, [[0], [1], [1], [3]], activation="identity", bias="none")
    assert shallow["no-bad-local-minima"].rigor is Rigor.EXACT
    assert shallow["laurent-von-brecht-2018"].verdict is PROVED
    text = str(report)
    assert text.index("Theorems of others") > text.index("The design principles")


# What the docstrings prove, seen in numbers.


def test_the_bad_minimum_at_any_width():
    """All hidden weights zero, residuals orthogonal to 1 and x: no small step goes down, and a far one does (ding-li-sun-2019)."""
    x = np.array([-1.0, 0.0, 1.0, 2.0, -2.0])
    eps = x**2 - np.polyval(np.polyfit(x, x**2, 1), x)
    for width in (2, 10, 50):
        b, v = np.full(width, -1.0), np.full(width, 0.3)  # σ'' > 0 at −1
        y = v @ np.tanh(b) - eps

        def loss(w, b, v, c, y=y):
            return np.sum((v @ np.tanh(np.outer(w, x) + b[:, None]) + c - y) ** 2)

        here = loss(np.zeros(width), b, v, 0.0)
        generator = np.random.default_rng(width)
        for size in (1e-3, 1e-2):
            for _ in range(200):
                w, db, dv, c = (size * generator.standard_normal(n) for n in (width, width, width, 1))
                assert loss(w, b + db, v + dv, c) >= here
        w = 0.05 * np.ones(width)
        kappa = -0.05 * v
        assert loss(w, b, kappa, (v - kappa) @ np.tanh(b)) < here


def test_a_separable_problem_is_critical_only_without_output_weights():
    """The derivative along the separating plane never vanishes where an output weight does not (gori-tesi-1992)."""
    X, y, u = np.array([[*x, 1.0] for x in BITS]), np.array(AND)[:, 0], np.array([2.0, 2.0, -3.0])
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    generator = np.random.default_rng(0)
    for _ in range(200):
        W, v, c = generator.standard_normal((3, 4)), generator.standard_normal(4), generator.standard_normal()
        phi = sigmoid(X @ W)
        out = sigmoid(phi @ v + c)
        delta = (out - y) * out * (1 - out)
        along = (delta[:, None] * phi * (1 - phi) * v).T @ (X @ u)
        assert np.all(along * v < 0)


@pytest.mark.parametrize("seed", range(30))
def test_a_plane_or_a_balance(seed):
    generator = random.Random(seed)
    n = generator.randint(1, 4)
    rows = [[Fraction(generator.randint(-3, 3), generator.randint(1, 3)) for _ in range(n)] for _ in range(generator.randint(1, 7))]
    u, balance = separating_direction(rows), balanced_combination(rows)
    assert (u is None) != (balance is None)
    if u is not None:
        assert all(sum(a * b for a, b in zip(u, row, strict=True)) > 0 for row in rows)
    if balance is not None:
        assert min(balance) >= 0
        assert max(balance) > 0
        assert all(sum(weight * row[k] for weight, row in zip(balance, rows, strict=True)) == 0 for k in range(n))


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("seed", range(20))
def test_primes_show_the_ranks_exactly_when_they_hold(seed, bias):
    generator = random.Random(seed)
    X, Y = ([[generator.randint(-1, 1) for _ in range(2)] for _ in range(5)] for _ in range(2))
    problem = context((2, 1, 2), X, Y, "identity", bias=bias).problem
    assert (prime_of_distinct_eigenvalues(problem, seed) is None) == (kawaguchi_failure(problem) is not None)
    assert (prime_of_full_ranks(problem, seed) is None) == (dependent_table(problem) is not None)
    line = context((1, 2, 1), [row[:1] for row in X], [row[:1] for row in Y], bias=bias).problem
    assert (prime_of_independent_products(line, seed) is None) == products_are_dependent(line)
