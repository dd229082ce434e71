"""The theorems of others in the kernel: one altered hypothesis, one rejection."""

from __future__ import annotations

from itertools import pairwise

import pytest
from cases.kernel_cases_learners import cited
from cases.kernel_draft import EVERYWHERE, PRIME, XOR_X, XOR_Y, Draft

from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.rules.cited import THEOREMS

PLANE_X, PLANE_Y = [["0", "0"], ["1", "0"], ["0", "1"], ["1", "3"]], [["0", "1"], ["2", "1/2"], ["1", "1"], ["3", "-1"]]
SMALL_X, SMALL_Y = [["0"], ["1"], ["3"]], [["0"], ["1"], ["0"]]
BASES = {
    "kawaguchi-2016": ({"widths": (2, 2, 2), "X": PLANE_X, "Y": PLANE_Y, "activation": "identity"}, {"prime": PRIME}),
    "lu-kawaguchi-2017": ({"widths": (2, 1, 2), "X": PLANE_X, "Y": PLANE_Y, "activation": "identity"}, {"prime": PRIME}),
    "laurent-von-brecht-2018": ({"widths": (2, 2, 2), "X": PLANE_X, "Y": PLANE_Y, "activation": "identity"}, {}),
    "nguyen-hein-2017": ({"widths": (1, 2, 2, 1), "X": SMALL_X, "Y": SMALL_Y}, {"layer": 1}),
    "gori-tesi-1992": (
        {"widths": (2, 2, 1), "X": XOR_X, "Y": [["0"], ["0"], ["0"], ["1"]], "activation": "sigmoid", "output_activation": "sigmoid"},
        {"direction": ["2", "2", "-3"]},
    ),
    "li-ding-sun": ({"widths": (1, 3, 1), "X": SMALL_X, "Y": SMALL_Y}, {"coordinate": 0}),
    "ding-li-sun-2019": ({"widths": (1, 2, 1), "X": SMALL_X, "Y": SMALL_Y}, {"prime": PRIME}),
    "venturi-bandeira-bruna": ({"widths": (1, 3, 1), "X": SMALL_X, "Y": SMALL_Y}, {}),
}


def outcome(theorem, options, evidence):
    options = dict(options)
    d = Draft(options.pop("widths"), options.pop("X"), options.pop("Y"), **options)
    cited(d, theorem, evidence)
    result = check_certificate(d.finish())
    return None if result.ok else (result.failures[0].code, result.failures[0].place, result.failures[0].message)


@pytest.mark.parametrize("theorem", BASES)
def test_the_kernel_accepts_the_bases(theorem):
    assert outcome(theorem, *BASES[theorem]) is None


ZEROS = {"bias": "fixed", "fixed_bias": [["0", "0"], ["0", "0"]]}
ALTERED = [
    ("kawaguchi-2016", {"activation": "tanh"}, None, "rule", "linear units only"),
    ("kawaguchi-2016", {"output_activation": "softplus"}, None, "rule", "linear units only"),
    ("kawaguchi-2016", {"widths": (2, 2)}, None, "rule", "needs a hidden layer"),
    ("kawaguchi-2016", ZEROS, None, "rule", "trainable or absent"),
    ("kawaguchi-2016", {"error": "smooth-l1:1"}, None, "rule", "squared error"),
    ("kawaguchi-2016", {"widths": (1, 1, 2), "X": [["0"], ["1"], ["2"], ["5"]]}, None, "rule", "no more outputs than inputs"),
    ("kawaguchi-2016", {"X": [[x, x] for x in "0125"]}, None, "evidence.prime", "X Xᵀ does not have full rank"),
    ("kawaguchi-2016", {"X": [[x, "1"] for x in "0125"]}, None, "evidence.prime", "X Xᵀ does not have full rank"),
    ("kawaguchi-2016", {"Y": [[y, y] for y in "0126"]}, None, "evidence.prime", "X Yᵀ does not have full rank"),
    (
        "kawaguchi-2016",
        {"X": [["1", "0"], ["0", "1"]], "Y": [["1", "0"], ["0", "1"]], "bias": "none"},
        None,
        "evidence.prime",
        "eigenvalues",
    ),
    ("kawaguchi-2016", {}, {"prime": PRIME + 2}, "evidence.prime", "not a prime"),
    ("kawaguchi-2016", {"X": [*PLANE_X[:3], [f"1/{PRIME}", "3"]]}, None, "evidence.prime", "divides a denominator"),
    ("lu-kawaguchi-2017", {"Y": [[y, "1"] for y in "0126"]}, None, "evidence.prime", "Y does not have full rank"),
    ("lu-kawaguchi-2017", {"X": [[x, x] for x in "0125"]}, None, "evidence.prime", "X does not have full rank"),
    ("lu-kawaguchi-2017", {"error": "cauchy:1"}, None, "rule", "squared error"),
    ("lu-kawaguchi-2017", {"widths": (2, 2)}, None, "rule", "needs a hidden layer"),
    ("lu-kawaguchi-2017", {"activation": "tanh"}, None, "rule", "linear units only"),
    ("lu-kawaguchi-2017", {"bias": "fixed", "fixed_bias": [["0"], ["0", "0"]]}, None, "rule", "trainable or absent"),
    ("laurent-von-brecht-2018", {"widths": (2, 2)}, None, "rule", "needs a hidden layer"),
    ("laurent-von-brecht-2018", {"widths": (2, 3, 1, 2)}, None, "rule", "narrower than both"),
    ("laurent-von-brecht-2018", {"error": "cauchy:1"}, None, "rule", "convex error"),
    ("laurent-von-brecht-2018", ZEROS, None, "rule", "trainable or absent"),
    ("laurent-von-brecht-2018", {"activation": "power:2"}, None, "rule", "linear units only"),
    ("nguyen-hein-2017", {"widths": (1, 1)}, None, "rule", "needs a hidden layer"),
    ("nguyen-hein-2017", {"bias": "none"}, None, "rule", "trainable biases"),
    ("nguyen-hein-2017", {"activation": "softsign"}, None, "rule", "not one that the theorem is known to allow"),
    ("nguyen-hein-2017", {"output_activation": "sin"}, None, "rule", "not 0 anywhere"),
    ("nguyen-hein-2017", {"error": "logistic"}, None, "rule", "principle-error"),
    ("nguyen-hein-2017", {"widths": (1, 1, 2, 1)}, None, "evidence.layer", "fewer than T − 1 units"),
    ("nguyen-hein-2017", {"widths": (1, 2, 1, 2, 1)}, None, "evidence.layer", "the widths grow"),
    ("nguyen-hein-2017", {}, {"layer": 3}, "evidence.layer", "from 1 to 2"),
    ("nguyen-hein-2017", {"X": [["0"], ["1"], ["1"]]}, None, "rule", "two inputs are equal"),
    ("gori-tesi-1992", {"widths": (2, 2, 2, 1)}, None, "rule", "one hidden layer and one output"),
    ("gori-tesi-1992", {"activation": "tanh"}, None, "rule", "the same squashing activation"),
    ("gori-tesi-1992", {"output_activation": "identity"}, None, "rule", "the same squashing activation"),
    ("gori-tesi-1992", {"error": "smooth-l1:1"}, None, "rule", "squared error"),
    ("gori-tesi-1992", {"Y": [["0"], ["0"], ["1/2"], ["1"]]}, None, "rule", "the target of sample 2 is not an end"),
    ("gori-tesi-1992", {"Y": XOR_Y}, None, "evidence.direction", "sample 1 is not on its side"),
    ("gori-tesi-1992", {}, {"direction": ["1", "1", "-1"]}, "evidence.direction", "sample 1 is not on its side"),
    ("gori-tesi-1992", {}, {"direction": ["1", "1"]}, "evidence.direction", "3 entries"),
    ("li-ding-sun", {"widths": (1, 2, 1)}, None, "rule", "fewer units than there are samples"),
    ("li-ding-sun", {"widths": (1, 1)}, None, "rule", "needs a hidden layer"),
    ("li-ding-sun", {"error": "cauchy:1"}, None, "rule", "convex error"),
    ("li-ding-sun", {"output_activation": "tanh"}, None, "rule", "identity as output"),
    ("li-ding-sun", {"X": [["0"], ["1"], ["1"]]}, None, "evidence.coordinate", "equal values"),
    ("li-ding-sun", {}, {"coordinate": 1}, "evidence.coordinate", "from 0 to 0"),
    ("ding-li-sun-2019", {"widths": (1, 1)}, None, "rule", "needs a hidden layer"),
    ("ding-li-sun-2019", {"activation": "relu"}, None, "rule", "second derivative other than 0"),
    ("ding-li-sun-2019", {"activation": "power:1"}, None, "rule", "second derivative other than 0"),
    ("ding-li-sun-2019", {"bias": "none"}, None, "rule", "trainable biases"),
    ("ding-li-sun-2019", {"error": "cauchy:1"}, None, "rule", "squared error"),
    ("ding-li-sun-2019", {"output_activation": "tanh"}, None, "rule", "identity as output"),
    ("ding-li-sun-2019", {"widths": (1, 1, 1)}, None, "rule", "two units"),
    ("ding-li-sun-2019", {"X": [["0"], ["1"], ["1"]]}, None, "evidence.prime", "does not have full rank"),
    ("ding-li-sun-2019", {"X": SMALL_X[:2], "Y": SMALL_Y[:2]}, None, "evidence.prime", "does not have full rank"),
    ("venturi-bandeira-bruna", {"widths": (1, 2, 1)}, None, "rule", "bounded by 3"),
    ("venturi-bandeira-bruna", {"widths": (1, 3, 3, 1)}, None, "rule", "one hidden layer"),
    ("venturi-bandeira-bruna", {"error": "blake-zisserman:1"}, None, "rule", "convex error"),
    ("venturi-bandeira-bruna", {"output_activation": "sigmoid"}, None, "rule", "identity as output"),
    ("venturi-bandeira-bruna", {"bias": "fixed", "fixed_bias": [["0", "0", "0"], ["0"]]}, None, "rule", "no fixed bias"),
]


@pytest.mark.parametrize(("theorem", "options", "evidence", "place", "why"), ALTERED)
def test_the_kernel_rejects_a_failing_hypothesis(theorem, options, evidence, place, why):
    base, proof = BASES[theorem]
    code, where, message = outcome(theorem, {**base, **options}, proof if evidence is None else evidence)
    assert where == f"steps[0].{place}"
    assert code in ("evidence", "schema")
    assert why in message


@pytest.mark.parametrize("theorem", THEOREMS)
def test_every_hypothesis_by_name_is_the_first_that_fails_somewhere(theorem):
    base, proof = BASES[theorem]
    altered = [(options, evidence) for name, options, evidence, _, _ in ALTERED if name == theorem]
    messages = {outcome(theorem, {**base, **options}, proof if evidence is None else evidence)[2] for options, evidence in altered}
    assert {f"this needs {name}" for name in THEOREMS[theorem][2]} <= messages


@pytest.mark.parametrize("theorem", ["nguyen-hein-2017", "li-ding-sun", "venturi-bandeira-bruna", "ding-li-sun-2019"])
def test_the_kernel_takes_no_conclusion_from_other_theorems(theorem):
    options, evidence = BASES[theorem]
    d = Draft(options["widths"], options["X"], options["Y"])
    d.imply("by-kawaguchi-2016", "no-bad-local-minima", EVERYWHERE, {}, [cited(d, theorem, evidence)], "CITED")
    failure = check_certificate(d.finish()).failures[0]
    assert (failure.place, failure.code) == ("steps[1].premises[0]", "premise")


@pytest.mark.parametrize("theorem", BASES)
def test_a_cited_theorem_is_never_more_than_cited(theorem):
    options, evidence = BASES[theorem]
    kept = {key: value for key, value in options.items() if key not in ("widths", "X", "Y")}
    d = Draft(options["widths"], options["X"], options["Y"], **kept)
    d.claim("cited-theorem", theorem, EVERYWHERE, {"applicable": "yes"}, (), evidence)
    assert check_certificate(d.finish()).failures[0].code == "rigor"


@pytest.mark.parametrize("theorem", ["yu-chen-1995", "poston-1991", "soudry-carmon-2016", "safran-shamir-2018"])
def test_there_is_no_rule_for_theorems_that_never_apply(theorem):
    d = Draft((1, 3, 1), SMALL_X, SMALL_Y, activation="sigmoid")
    cited(d, theorem, {})
    assert check_certificate(d.finish()).failures[0].code == "conclusion"


@pytest.mark.parametrize("theorem", BASES)
def test_without_leave_no_theorem_of_others_is_applied(theorem):
    options, evidence = BASES[theorem]
    kept = {key: value for key, value in options.items() if key not in ("widths", "X", "Y")}
    d = Draft(options["widths"], options["X"], options["Y"], **kept)
    d.record("count", {"N_net": count_of(options), "required": len(options["X"]) * options["widths"][-1]}, verdict_of(options))
    cited(d, theorem, evidence)
    assert check_certificate(d.finish()).ok
    result = check_certificate(d.finish(), allow_cited=False)
    assert [(failure.place, failure.code) for failure in result.failures] == [("steps[1]", "rigor")]
    assert not result.ok
    assert [step.rule for step in result.steps] == ["record"]


def count_of(options):
    widths = options["widths"]
    return sum((m + 1) * n for m, n in pairwise(widths))


def verdict_of(options):
    return "PROVED" if count_of(options) >= len(options["X"]) * options["widths"][-1] else "REFUTED"
