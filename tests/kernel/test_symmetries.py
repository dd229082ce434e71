"""Weights held by a symmetry, idle units and blind networks: what the kernel accepts, and false claims about them that it rejects with the right reason."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from cases.kernel_cases_critical import BLIND, CRITICAL_CASES, IDLE, boxed, family, newton
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome
from cases.kernel_twin import number

X = [["-2"], ["-1"], ["1/2"], ["1"], ["3"]]
SHARES = [["1/4", "3/4"], ["1/2", "1/2"], ["3/4", "1/4"], ["1/4", "3/4"], ["1/2", "1/2"]]
LINE = [["-1"], ["-1/2"], ["1/4"], ["1"], ["1/2"]]
SMALL = "1/1048576"
SINGULAR = ("evidence", "evidence.radius"), ("evidence", "evidence.point")


def softmax_minimum():
    """The minimum of softmax regression with the logit of output 0 held at 0, by Newton's method."""
    data = [(number(x), number(second)) for [x], [_, second] in zip(X, SHARES, strict=True)]

    def gradient(w, b):
        residuals = [(1 / (1 + mpmath.exp(-w * x - b)) - y, x) for x, y in data]
        return [sum(r * x for r, x in residuals), sum(r for r, _ in residuals)]

    w, b = newton(gradient, (0, 0))
    return [layer([["0", w]], ["0", b])]


def held(fixed, **options):
    d = Draft((1, 2), X, SHARES, softmax_minimum(), **{"error": "softmax", **options})
    boxed(d, SMALL, fixed)
    return d


def test_the_logits_of_one_output_may_be_held():
    assert accepted(held([0, 1]))


@pytest.mark.parametrize(
    ("fixed", "options"),
    [
        ([0], {}),
        ([1], {}),
        ([1, 0], {}),
        ([2, 3], {}),
        ([0, 1, 2], {}),
        ([0, 1], {"error": "squared"}),
        ([0, 1], {"output_activation": "tanh"}),
    ],
    ids=str,
)
def test_no_other_weights_may_be_held(fixed, options):
    assert outcome(held(fixed, **options)) == ("evidence", "evidence.fixed")


def test_without_holding_them_the_minimum_is_not_isolated():
    assert outcome(held([])) in SINGULAR


def test_the_family_of_shifts_is_seen_at_a_point_too():
    """All shares 1/2 at equal logits: exact, with the two weights of output 0 held or none."""
    d = Draft((1, 2), [["1"], ["2"]], [["1/2", "1/2"]] * 2, [layer([["3", "3"]], ["1/3", "1/3"])], error="softmax")
    for fixed, fine in (([], True), ([0, 1], True), ([0], False), ([2, 3], False)):
        d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": len(fixed)}, (), {"fixed": fixed})
        assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.fixed")
        d.undo()


@pytest.mark.parametrize(
    ("weight", "own"),
    [
        ("3", "EXACT"),
        (["0", [[["pi"], "1"]]], "BALL"),
        (["-1", [[["log", "2"], "1"]]], "BALL"),
        (["-1/2", [[["root", "1/4", 2], "1"]]], None),
    ],
)
def test_what_balls_tell_from_zero_is_not_exact(weight, own):
    """One unit of power:2 that the output does not see: the weight that is held is rational, or told from 0 in balls, or 0 in disguise."""
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], [layer([[weight]], ["0"]), layer([["0"]], ["1"])], activation="power:2")
    for rigor in ("EXACT", "BALL"):
        d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 1}, (), {"fixed": [0]}, rigor)
        if own is None:
            assert outcome(d) == ("evidence", "evidence.fixed")
        else:
            assert accepted(d) if rigor == own else outcome(d) == ("rigor", "rigor")
        d.undo()


BESIDE = CRITICAL_CASES["idle_unit"]


def idle(layers, dimension=1, **change):
    """1-2-1 with an idle second unit beside the best network of one unit."""
    problem = BESIDE()["problem"]
    d = Draft((1, 2, 1), problem["X"], problem["Y"], layers)
    family(d, dimension, radius=SMALL, **{**IDLE, **change})
    return d


def test_an_idle_unit_is_accepted_and_what_is_false_is_not():
    layers = BESIDE()["points"][0]
    assert accepted(idle(layers))
    first = {"held": [4], "parameters": [1, 2, 3, 5, 6], "implied": [0, 1], "identities": [[[0, "1", []]], [[1, "1", []]]]}
    assert outcome(idle(layers, **first)) == ("evidence", "evidence.identities[0]")
    assert outcome(idle(layers, held=[])) == ("evidence", "evidence.identities[0]")
    assert outcome(idle(layers, parameters=[0, 1, 2, 3, 4, 6])) == ("evidence", "evidence.parameters")
    assert outcome(idle(layers, parameters=[0, 1, 2, 3, 4])) in SINGULAR
    assert outcome(idle(layers, dimension=2)) == ("conclusion", "conclusion.facts.dimension")
    moved = [{**layers[0], "b": [str(number_of(layers[0]["b"][0]) + Fraction(1, 100)), layers[0]["b"][1]]}, layers[1]]
    assert outcome(idle(moved)) in SINGULAR
    nearly = [layers[0], {**layers[1], "W": [layers[1]["W"][0], ["1/1000000000000000000000"]]}]
    assert outcome(idle(nearly)) == ("evidence", "evidence.identities[0]")


def number_of(spelled):
    return Fraction(*float.fromhex(spelled).as_integer_ratio())


def test_an_idle_unit_whose_outgoing_derivative_is_not_0_is_no_critical_point():
    """The gradient by the weights of an idle unit is 0, that by its outgoing weight is an equation."""
    layers = BESIDE()["points"][0]
    other = [{**layers[0], "b": [layers[0]["b"][0], "3"]}, layers[1]]
    assert outcome(idle(other)) in SINGULAR


def blind(held=(0, 2), weights=("0", "0", "3/4"), dimension=3, radius=SMALL, change=None, **options):
    """1-1-1-1 with Cauchy's error at its best constant, about 0.1127, and two layers without weights."""
    point = [layer([[w]], [b]) for w, b in zip(weights, ("1/2", "0", options.pop("output")), strict=True)]
    d = Draft((1, 1, 1, 1), X, LINE, point, **{"error": "cauchy:2", **options})
    family(d, dimension, radius=radius, **{**BLIND, "held": list(held), "identities": IN_THE_MIDDLE, **(change or {})})
    return d


IN_THE_MIDDLE = [
    [[0, "1", []]],
    [[1, "1", []]],
    [[2, "1", [[5, 0]]], [5, "-1", [[2, 0]]]],
    [[3, "1", [[5, 0]]], [5, "-1", [[3, 0]]]],
    BLIND["identities"][4],
]
"""With W_1 = W_2 = 0 what comes to each layer is the same at all samples, and the rows of P are worth that of the output bias, or 0."""


def best_constant():
    """The best constant output for Cauchy's error."""
    [c] = newton(lambda t: [sum((t - number(y)) / ((t - number(y)) ** 2 + 2) for [y] in LINE)], (0.1,))
    return c


def test_two_layers_without_weights():
    c = best_constant()
    assert accepted(blind(output=c))
    assert outcome(blind(output=c, weights=("0", "1/3", "3/4"))) == ("evidence", "evidence.identities[0]")
    assert outcome(blind(output=c, weights=("1/3", "0", "3/4"))) == ("evidence", "evidence.identities[2]")
    assert outcome(blind(output=c, held=(0,), dimension=4)) == ("evidence", "evidence.identities[0]")
    assert outcome(blind(output=c, held=(2, 0))) == ("evidence", "evidence.held")
    assert outcome(blind(output=c, dimension=4)) == ("conclusion", "conclusion.facts.dimension")
    assert outcome(blind(output=str(number_of(c) + Fraction(1, 100)))) in SINGULAR
    assert outcome(blind(output=c, output_activation="sin")) in SINGULAR
    every = blind(output=c, weights=("0", "0", "0"), held=(0, 2, 4), dimension=2, change={"identities": BLIND["identities"]})
    assert accepted(every)
