"""Weights held by a symmetry, and idle units: what the kernel accepts, and false claims about them that it rejects with the right reason."""

from __future__ import annotations

from fractions import Fraction

import pytest
from cases.kernel_draft import HERE, Draft, layer
from cases.kernel_outcomes import accepted, outcome

import lossproof as lp
from lossproof.numerics.critical.idle_units import idle_point

X = [["-2"], ["-1"], ["1/2"], ["1"], ["3"]]
SHARES = [["1/4", "3/4"], ["1/2", "1/2"], ["3/4", "1/4"], ["1/4", "3/4"], ["1/2", "1/2"]]
LINE = [["-1"], ["-1/2"], ["1/4"], ["1"], ["1/2"]]


def softmax_minimum():
    """The minimum of softmax regression with the logit of output 0 held at 0, by Newton's method in the library's numerics."""
    found = lp.find_critical_points("1-2", X, SHARES, error="softmax", starts=4, workers=1)
    held = found[0].weights.layers[0]
    return [layer([[str(w) for w in row] for row in held.W], [str(b) for b in held.b])]


def held(fixed, point=None, **options):
    d = Draft((1, 2), X, SHARES, point or softmax_minimum(), **{"error": "softmax", **options})
    evidence = {"fixed": fixed, "radius": "1/1048576", "precision": 128}
    d.claim("stationary-box", "stationary", HERE, "PROVED", {"radius": "1/1048576", "dimension": len(fixed)}, 0, (), evidence, "BALL")
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
    code, place = outcome(held([]))
    assert code == "evidence"
    assert place == "evidence.radius"


def idle(layers, units=(1,), free=((0,),), dimension=1):
    """1-2-1 with an idle second unit."""
    d = Draft((1, 2, 1), X, LINE, layers)
    radius = "1/1048576"
    evidence = {"layer": 1, "units": list(units), "free": [list(f) for f in free], "radius": radius, "precision": 128}
    d.claim("stationary-idle", "stationary", HERE, "PROVED", {"radius": radius, "dimension": dimension}, 0, (), evidence, "BALL")
    return d


def best_of_one_unit():
    """The best network of one unit, with an idle second unit beside it."""
    problem = lp.Problem(lp.Architecture.of("1-2-1", "tanh"), lp.error_named("squared"), lp.Samples.of(X, LINE))
    found = lp.find_critical_points("1-1-1", X, LINE, starts=20, workers=1)
    small = next(p for p in found if p.kind == "strict-minimum").weights.layers
    start = lp.Weights.of(
        problem.architecture, [([[small[0].W[0][0], 0]], [small[0].b[0], 1]), ([[small[1].W[0][0]], [0]], [small[1].b[0]])]
    )
    return idle_point(problem, start).weights


def test_an_idle_unit_is_accepted_and_what_is_false_is_not():
    layers = [layer([[str(w) for w in row] for row in part.W], [str(b) for b in part.b]) for part in best_of_one_unit().layers]
    assert accepted(idle(layers))
    assert outcome(idle(layers, units=(0,))) == ("evidence", "evidence.units")
    assert outcome(idle(layers, units=())) == ("evidence", "evidence.units")
    assert outcome(idle(layers, free=((0, 1),)))[0] == "evidence"
    assert outcome(idle(layers, free=((2,),))) == ("evidence", "evidence.free[0][0]")
    assert outcome(idle(layers, dimension=2)) == ("conclusion", "conclusion.facts.dimension")
    moved = [{**layers[0], "b": [str(Fraction(layers[0]["b"][0]) + Fraction(1, 100)), layers[0]["b"][1]]}, layers[1]]
    assert outcome(idle(moved)) == ("evidence", "evidence.radius")
    nearly = [layers[0], {**layers[1], "W": [layers[1]["W"][0], ["1/1000000000000000000000"]]}]
    assert outcome(idle(nearly)) == ("evidence", "evidence.units")


def blind(layers=(1, 2), weights=("0", "0", "3/4"), dimension=3, radius="1/1048576", **options):
    """1-1-1-1 with Cauchy's error at its best constant, about 0.1127, and two layers without weights."""
    point = [layer([[w]], [b]) for w, b in zip(weights, ("1/2", "0", options.pop("output", "0.11270166")), strict=True)]
    point[2]["b"] = [str(Fraction(point[2]["b"][0]))]
    d = Draft((1, 1, 1, 1), X, LINE, point, **{"error": "cauchy:2", **options})
    evidence = {"layers": list(layers), "radius": radius, "precision": 128}
    d.claim("stationary-blind", "stationary", HERE, "PROVED", {"radius": radius, "dimension": dimension}, 0, (), evidence, "BALL")
    return d


def best_constant():
    """The best constant output for Cauchy's error, by bisection of its derivative."""
    targets = [float(Fraction(y)) for (y,) in LINE]
    low, high = -1.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        slope = sum(2 * (middle - y) / ((middle - y) ** 2 + 2) for y in targets)
        low, high = (middle, high) if slope < 0 else (low, middle)
    return repr(low)


def test_two_layers_without_weights():
    c = best_constant()
    assert accepted(blind(output=c))
    assert outcome(blind(output=c, weights=("0", "1/3", "3/4"))) == ("evidence", "evidence.layers[1]")
    assert outcome(blind(output=c, layers=(2, 1))) == ("evidence", "evidence.layers")
    assert outcome(blind(output=c, layers=(1, 1))) == ("evidence", "evidence.layers")
    assert outcome(blind(output=c, dimension=4)) == ("conclusion", "conclusion.facts.dimension")
    assert outcome(blind(output=repr(float(c) + 0.01))) == ("evidence", "evidence.radius")
    assert outcome(blind(output=c, output_activation="sin"))[1] == "rule"


def test_a_blind_network_of_the_search_is_a_saddle():
    problem = lp.Problem(lp.Architecture.of("1-1-1-1", "tanh"), lp.error_named("cauchy:2"), lp.Samples.of(X, LINE))
    point = lp.Weights.of(problem.architecture, [([[0]], ["1/2"]), ([[0]], ["-1/3"]), ([["3/4"]], ["1/3"])])
    found = lp.prove_points(problem, [point], nearby=True)
    assert [(p.kind, p.claim.premises[0].rule) for p in found] == [("saddle", "stationary-blind")]
    assert lp.verify(found.certificate.text).ok
