"""Frozen layers in the kernel: what is computed is the rows of the trainable weights, what is admitted is a short list, and altered certificates fall."""

from __future__ import annotations

import copy
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from cases.kernel_cases_cells import least
from cases.kernel_cases_critical import exact
from cases.kernel_cases_frozen import frozen_curve, silent
from cases.kernel_draft import Draft, digest_of, layer, sealed
from cases.kernel_outcomes import accepted, outcome
from flint import fmpq

import lossproof as lp
from lossproof.certificates.kernel import check
from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.network import curvature, gram, lipschitz, passes
from lossproof.certificates.kernel.network.matrices import entries, parse_matrix
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import reasons
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import gradient, jacobian
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.numerics.training.weighted_gram import gauss_newton_sum
from lossproof.numerics.verified.curvature import enclosed_landscape
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Layer, Weights

CASES = [
    ("2-3-1", "power:2", [2], "trainable", False),
    ("2-3-1", "power:2", [1], "trainable", True),
    ("2-2-3-2", "relu", [2], "trainable", True),
    ("2-2-3-2", "power:2", [3], "none", False),
    ("1-2-2-2-1", "identity", [2, 4], "trainable", True),
    ("2-2-2-1", "relu", [1, 3], "none", False),
]


def networks(widths, activation, frozen, bias, decays):
    """Return a problem with all layers trainable, the one with some of them frozen, weights of both, and which rows of the first are rows of the second."""
    a = Architecture.of(widths, activation, bias=bias)
    generator = np.random.default_rng(len(widths) + sum(frozen))
    X = [[Fraction(int(k), 4) for k in row] for row in generator.integers(-9, 9, size=(4, a.widths[0]))]
    Y = [[Fraction(int(k), 2) for k in row] for row in generator.integers(-4, 4, size=(4, a.n_L))]
    rates = [(Fraction(l, 7) if l not in frozen else 0, Fraction(1, 3) if l not in frozen else 0) for l in range(1, a.L + 1)]
    whole = Problem(a, error_named("squared"), Samples.of(X, Y), decay=Decay.of(rates, a) if decays else None)
    weights = random_weights(whole, 3)
    weights = Weights(
        tuple(replace(layer, b=tuple(x + 1 for x in layer.b) if bias == "trainable" else layer.b) for layer in weights.layers)
    )
    held = tuple(layer if l in frozen else None for l, layer in enumerate(weights.layers, start=1))
    partly = replace(whole, architecture=a.with_frozen(frozen), frozen=held)
    rows = np.concatenate([np.full(a.fan_in(l) * a.widths[l], l not in frozen) for l in range(1, a.L + 1)])
    return whole, partly, weights, np.flatnonzero(rows)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]} {case[2]}")
def test_the_kernel_computes_the_rows_of_the_trainable_weights(case):
    whole, partly, weights, rows = networks(*case)
    read = [read_problem(encode_problem(problem)) for problem in (whole, partly)]
    boxes = [passes.Box(read_points([encode_point(weights)], problem)[0]) for problem in read]
    ring = FormalRing(Work())
    P, Q = (entries(parse_matrix("P", p), p, box, ring) for p, box in zip(read, boxes, strict=True))
    assert Q.shape == (len(rows), whole.columns)
    assert (P[rows] == Q).all()
    g, h = (passes.gradient(ring, p, box) for p, box in zip(read, boxes, strict=True))
    assert (g[rows] == h).all()
    assert [passes.gradient_component(ring, read[1], boxes[1], k) for k in range(len(rows))] == list(h)
    G, H = (passes.hessian(ring, p, box, list(range(p.N_net))) for p, box in zip(read, boxes, strict=True))
    assert (G[np.ix_(rows, rows)] == H).all()
    direction = np.array([fmpq(k % 5 - 2) for k in range(len(rows))])
    lifted = np.full(read[0].N_net, fmpq(0), dtype=object)
    lifted[rows] = direction
    own, other = (
        passes.loss_coefficients(ring, p, box, {1: v, 2: v}, 3) for p, box, v in zip(read, boxes, (lifted, direction), strict=True)
    )
    assert own == other
    assert (passes.weight_vector(ring, read[1], boxes[1]) == passes.weight_vector(ring, read[0], boxes[0])[rows]).all()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]} {case[2]}")
def test_numerics_computes_the_same_rows(case):
    whole, partly, weights, rows = networks(*case)
    for field in (RationalField(), Float64Field()):
        first, second = (evaluate(p.architecture, p.samples, weights, field) for p in (whole, partly))
        assert np.array_equal(jacobian(first)[rows], jacobian(second))
        if field.__class__ is RationalField:
            assert list(gradient(whole, first)[rows]) == list(gradient(partly, second))
            assert (hessian(whole, first)[np.ix_(rows, rows)] == hessian(partly, second)).all()
        else:
            assert np.allclose(gauss_newton_sum(first, None)[np.ix_(rows, rows)], gauss_newton_sum(second, None), rtol=1e-12, atol=1e-12)
    flat = flat_weights(partly, weights)
    assert np.array_equal(flat, flat_weights(whole, weights)[rows])
    assert weights_of_rows(partly, flat) == weights
    if case[1] != "relu":
        found, expected = FloatLandscape(partly).at(flat[None]), FloatLandscape(whole).at(flat_weights(whole, weights)[None])
        assert np.allclose(found.loss, expected.loss, rtol=1e-12)
        assert np.allclose(found.gradient, expected.gradient[:, rows], rtol=1e-9, atol=1e-9)
        assert np.allclose(found.hessian, expected.hessian[:, rows[:, None], rows], rtol=1e-9, atol=1e-9)
        assert np.allclose(FloatLandscape(partly).gradient(flat[None]), found.gradient, rtol=1e-9, atol=1e-9)
        assert np.allclose(FloatLandscape(partly).loss(flat[None]), found.loss, rtol=1e-12)


def test_double_precision_encloses_the_rows_of_the_trainable_weights():
    whole, partly, weights, rows = networks("2-3-3-1", "tanh", [2], "trainable", False)
    problem, point = read_problem(encode_problem(partly)), read_points([encode_point(weights)], read_problem(encode_problem(partly)))[0]
    with np.errstate(all="ignore"):
        found = gram.network_at(Work(), problem, point, range(1, 4), strip=False)
        A = np.vstack([(psi.T[:, None, :] * phi.T[None]).reshape(-1, problem.columns) for psi, phi in gram._factors(found)])
        P = jacobian(evaluate(partly.architecture, partly.samples, weights, Float64Field())) * found.scale.ravel()
        assert np.allclose(A, P, rtol=1e-12, atol=1e-12)
        norms = [
            lipschitz.derivative_bounds(Work(), p, found.curve, found.passed, np.ones((4, 1)), 1e-3)
            for p in (problem, read_problem(encode_problem(whole)))
        ]
    assert np.linalg.norm(jacobian(evaluate(whole.architecture, whole.samples, weights, Float64Field()))[rows], 2) <= norms[0][0]
    assert norms[0] <= norms[1]


@pytest.mark.parametrize("frozen", [[1], [2], [3], [1, 3]], ids=str)
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_second_derivatives_in_doubles_are_those_by_the_trainable_weights(activation, frozen):
    whole, partly, weights, rows = networks("2-2-3-2", activation, frozen, "trainable", True)
    problem = read_problem(encode_problem(partly))
    point = read_points([encode_point(weights)], problem)[0]
    exact = hessian(whole, evaluate(whole.architecture, whole.samples, weights, BallField(200)))[np.ix_(rows, rows)]
    H = np.array([[float((x * whole.T).mid()) for x in row] for row in exact])
    v = np.array([fmpq(k % 5 - 2, 2) for k in range(len(rows))])
    with np.errstate(all="ignore"), ball_precision(96):
        mid, spread = curvature.hessian(Work(), problem, passes.Box(point), range(problem.N_net))
        wide, more = curvature.hessian(Work(), problem, passes.Box(point, fmpq(1, 2**20)), range(problem.N_net))
        along = lipschitz.second_derivative(Work(), problem, point, list(v), 0.0)
        beside = lipschitz.second_derivative(Work(), problem, point, list(v), 2.0**-20)
    assert np.linalg.norm(mid - H, 2) <= spread < 1e-9
    assert np.linalg.norm(wide - H, 2) <= more < 1e-1
    rates = np.array([float(rate.p) / float(rate.q) for rate in problem.rates]) * problem.T
    value = np.array([float(x.p) / float(x.q) for x in v])
    without = value @ (H - np.diag(rates)) @ value
    for found in (along, beside):
        assert abs(found.mid[0, 0] - without) <= found.rad[0, 0] + 1e-9
    own = enclosed_landscape(partly, weights)
    assert np.linalg.norm(own.hessian().mid - H, 2) <= own.hessian().spread < 1e-9
    slopes = gradient(whole, evaluate(whole.architecture, whole.samples, weights, BallField(200)))[rows]
    assert np.allclose(own.gradient().mid, [float((x * whole.T).mid()) for x in slopes], rtol=1e-9, atol=1e-12)


@cache
def checked():
    """Return the report about a network with a fixed readout on XOR."""
    W = [([[1, -1, 2, 1], [1, 2, -1, 1]], [0, 1, 0, 1]), ([[1], [-1], [1], [-1]], [0])]
    return lp.check_architecture("2-4-1", [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], frozen=[2], weights=W, search="none")


def certificate():
    """Return that report, and a copy of its certificate."""
    return checked(), copy.deepcopy(checked().certificate.document)


def resealed(document):
    """Return a document with its digest and seal made anew."""
    document["digest"] = digest_of(document["problem"])
    return sealed(document)


def rejected(document, code):
    outcome = check.check_certificate(resealed(document))
    assert not outcome.ok
    assert outcome.failures[0].code == code, outcome.failures[0]
    return outcome.failures[0]


def test_a_fixed_readout_is_certified_with_rules_of_the_list():
    report, document = certificate()
    assert check.check_certificate(resealed(copy.deepcopy(document))).ok
    assert {step["rule"] for step in document["steps"]} <= check._WITH_FROZEN
    rows = {step["evidence"]["row"] for step in document["steps"] if step["rule"] == "implication"}
    assert rows
    assert rows <= reasons._WITH_FROZEN
    assert report["full-rank", "almost everywhere"].verdict is lp.Verdict.PROVED
    assert report["exact-learning"].verdict is lp.Verdict.PROVED
    assert report["count"].facts == {"N_net": 12, "required": 4}
    assert report["no-bad-local-minima"].verdict is lp.Verdict.UNDECIDED
    assert "Layer 2 is frozen" in report["no-bad-local-minima"].reason


def test_altered_constants_and_modes_are_rejected():
    _, document = certificate()
    changed = copy.deepcopy(document)
    changed["problem"]["frozen"][1]["W"][0][0] = "2"
    assert rejected(changed, "problem").place == "points[0][1].W"
    changed = copy.deepcopy(document)
    changed["points"][0][1]["W"][0][0] = "2"
    assert rejected(changed, "problem").place == "points[0][1].W"
    for key in ("W", "b"):
        changed = copy.deepcopy(document)
        del changed["problem"]["frozen"][1][key]
        rejected(changed, "schema")
    changed = copy.deepcopy(document)
    changed["points"][0][1]["b"] = ["1"]
    assert rejected(changed, "problem").place == "points[0][1].b"
    relabelled = copy.deepcopy(document)
    relabelled["problem"]["bias"] = "trainable"
    assert rejected(relabelled, "problem").place == "problem.frozen"
    relabelled["problem"].pop("frozen")
    assert rejected(relabelled, "conclusion").place.startswith("steps[")
    other = copy.deepcopy(document)
    other["problem"]["bias"] = ["frozen", "trainable"]
    assert rejected(other, "schema").place == "problem.frozen[0]"
    other["problem"]["frozen"] = [document["points"][0][0], document["points"][0][1]]
    assert rejected(other, "problem").place == "problem.frozen[1]"
    every = copy.deepcopy(document)
    every["problem"]["bias"], every["problem"]["frozen"] = "frozen", every["points"][0]
    assert rejected(every, "problem").place == "problem.bias"
    missing = copy.deepcopy(document)
    missing["problem"].pop("frozen")
    assert rejected(missing, "problem").place == "problem.frozen"
    decays = copy.deepcopy(document)
    decays["problem"]["decay"] = [["1/2", "0"], ["1/2", "0"]]
    assert rejected(decays, "problem").place == "problem.decay"


def one_step(document, rule, conclusion, evidence, premises=(), rigor="EXACT"):
    """Return the document with one step that says this alone."""
    document = copy.deepcopy(document)
    step = {"id": 1, "rule": rule, "premises": list(premises), "evidence": evidence, "conclusion": conclusion, "rigor": rigor}
    document["steps"], document["length"] = [step], 1
    return document


@pytest.mark.parametrize("rule", sorted(check.RULES.keys() - check._WITH_FROZEN))
def test_a_rule_off_the_list_is_refused_where_a_layer_is_frozen(rule):
    _, document = certificate()
    conclusion = {"statement": "stationary", "at": 0, "verdict": "PROVED", "facts": {}}
    failure = rejected(one_step(document, rule, conclusion, {}), "rule")
    assert "all of whose layers are trainable" in failure.message


@pytest.mark.parametrize("row", sorted(reasons.IMPLICATIONS.keys() - reasons._WITH_FROZEN))
def test_a_row_off_the_list_is_refused_where_a_layer_is_frozen(row):
    _, document = certificate()
    conclusion = {"statement": "no-bad-local-minima", "at": "everywhere", "verdict": "PROVED", "facts": {}}
    assert rejected(one_step(document, "implication", conclusion, {"row": row}), "conclusion").place == "steps[0].evidence.row"


@pytest.mark.parametrize("statement", sorted((reasons.RECORDS.keys() | reasons.DEFINITIONS.keys()) - reasons._WITH_FROZEN))
def test_a_statement_off_the_list_is_refused_where_a_layer_is_frozen(statement):
    _, document = certificate()
    rule = "record" if statement in reasons.RECORDS else "definition"
    conclusion = {"statement": statement, "at": "everywhere", "verdict": "PROVED", "facts": {}}
    assert rejected(one_step(document, rule, conclusion, {}), "conclusion").place == "steps[0].conclusion.statement"


@pytest.mark.parametrize(("widths", "activation", "output", "frozen", "error"), [
    ("2-3-1", "tanh", "identity", [2], "squared"),
    ("2-2-2-1", "identity", "identity", [2], "squared"),
    ("2-3-1", "tanh", "tanh", [1], "squared"),
    ("2-3-1", "tanh", "identity", [1], "cauchy:1"),
])  # fmt: skip
def test_convexity_is_not_taken_on_trust(widths, activation, output, frozen, error):
    X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    report = lp.check_architecture(
        widths, X, Y, activation=activation, output_activation=output, error=error, frozen=frozen, self_check=False, search="none"
    )
    conclusion = {"statement": "no-bad-local-minima", "at": "everywhere", "verdict": "PROVED", "facts": {}}
    rejected(one_step(report.certificate.document, "implication", conclusion, {"row": "convex"}), "premise")


def test_no_symmetry_holds_weights_beside_a_frozen_layer():
    zero = [([[0, 0], [0, 0]], [0, 0]), ([[1], [-1]], [0])]
    report = lp.check_architecture(
        "2-2-1", [[1, 2], [2, 1], [1, 0]], [[1], [1], [2]], activation="power:2", frozen=[2], weights=zero, search="none"
    )
    document = copy.deepcopy(report.certificate.document)
    step = next(step for step in document["steps"] if step["rule"] == "stationary-exact")
    step["evidence"]["fixed"] = [0, 3]
    assert rejected(document, "evidence").place.endswith("evidence.fixed")


RULE, HERE = ("evidence", "rule"), ("evidence", "conclusion.at")


def celled(d, kinked=True):
    """The draft with the claim that its point is a minimum of its cell."""
    least(d, exact(d, 0, (), [d.differentiable()] if kinked else ()))
    return d


def chain(W, frozen, Y, activation="relu", **options):
    """One weight a layer, at the sample 1; the frozen ones stand in the problem."""
    layers = [layer([[w]], ["0"]) for w in W]
    bias = ["frozen" if l in frozen else "none" for l in range(1, len(W) + 1)]
    held = [one if l in frozen else None for l, one in enumerate(layers, start=1)]
    return Draft((1,) * (len(W) + 1), [["1"]], [[Y]], layers, activation=activation, bias=bias, frozen=held, **options)


def test_cells_are_those_of_one_trainable_layer_and_all_behind_it():
    decayed = chain(("1", "1"), (2,), "2", decay=[["1", "0"], ["0", "0"]])
    for d in (silent(), chain(("1", "2", "1"), (2, 3), "2"), chain(("2", "-1", "1"), (1, 3), "5"), decayed):
        assert accepted(celled(d))
    curved = chain(("0", "1", "1"), (1, 3), "1", ["power:2", "identity"])
    assert accepted(celled(curved, kinked=False))


BESIDE_CELLS = {
    "two trainable layers": (lambda: chain(("1", "-1", "1"), (3,), "5"), RULE, True),
    "not convex": (lambda: chain(("1", "1"), (2,), "1", error="cauchy:1"), RULE, True),
    "curved behind": (lambda: chain(("-1", "0", "1"), (2, 3), "5", ["relu", "tanh"]), HERE, True),
    "curved output": (lambda: chain(("-1", "1"), (2,), "5", output_activation="tanh"), HERE, True),
    "at an end": (lambda: chain(("0", "1"), (2,), "0", "elu"), HERE, False),
}


@pytest.mark.parametrize("name", BESIDE_CELLS)
def test_what_is_no_such_cell(name):
    draft, place, kinked = BESIDE_CELLS[name]
    assert outcome(celled(draft(), kinked)) == place


def silenced(d, layer_number=1, kinked=True):
    """The draft with the claim that all units of a layer are inactive."""
    point = exact(d, 0, (), [d.differentiable()] if kinked else ())
    d.claim("dead-layer", "local-minimum", 0, {"radius": "0"}, [point], {"layer": layer_number, "precision": 64}, "BALL")
    return d


def test_inactive_layers_before_frozen_ones():
    """No trainable layer is behind them, so that the outputs are constant near W, whatever the output activation and the error are."""
    for options in ({"output_activation": "tanh"}, {"error": "cauchy:1"}, {}):
        assert accepted(silenced(chain(("-1", "1"), (2,), "5", **options)))
    assert accepted(silenced(chain(("2", "-1", "1"), (1, 3), "5", ["power:2", "relu"], output_activation="tanh"), 2))


@pytest.mark.parametrize(("W", "frozen", "layer_number", "options", "place"), [
    (("-1", "1", "2"), (2,), 1, {"activation": ["relu", "power:2"]}, RULE),
    (("-1", "1"), (1,), 1, {"output_activation": "tanh"}, RULE),
    (("-1", "1"), (1,), 1, {"error": "cauchy:1"}, RULE),
    (("1", "1"), (2,), 1, {}, ("evidence", "evidence.layer")),
])  # fmt: skip
def test_inactive_layers_before_trainable_ones_need_more(W, frozen, layer_number, options, place):
    Y = "1" if W == ("1", "1") else "5"
    assert outcome(silenced(chain(W, frozen, Y, **options), layer_number)) == place


OTHER_CURVES = [
    ("order", 2), ("order", 4), ("coefficient", "-2"), ("coefficient", "0"), ("curve", [[1, ["-1"]]]), ("curve", [[1, ["1", "0"]]]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), OTHER_CURVES)
def test_other_curves_than_those_of_the_trainable_weights_are_rejected(key, value):
    assert check.check_certificate(frozen_curve()).ok
    document = frozen_curve()
    step = document["steps"][-1]
    step["evidence"][key] = value
    if key in step["conclusion"]["facts"]:
        step["conclusion"]["facts"][key] = value
    assert not check.check_certificate(resealed(document)).ok


def test_layers_that_are_no_layers_are_told():
    layer = Layer(((Fraction(1),),), (Fraction(0),))
    a = Architecture.of("1-1-1")
    for wrong in ([0], [3], ["2"], [True]):
        with pytest.raises(lp.InputError, match="whole numbers from 1 to 2"):
            a.with_frozen(wrong)
    with pytest.raises(lp.InputError, match="at least one layer must be trainable"):
        a.with_frozen([1, 2])
    problem = Problem(a.with_frozen([2]), error_named("squared"), Samples.of([[1]], [[5]]), frozen=(None, layer))
    assert problem.constants(2) == (Fraction(0),)
    with pytest.raises(lp.InputError, match="bias must be one of"):
        Architecture.of("1-1-1", bias="frozen")
