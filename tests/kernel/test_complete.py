"""The rule ``complete-list``: its enclosures against balls and exact passes, and trees and lists that are wrong."""

from __future__ import annotations

import copy
from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_cases_complete import (
    NEURON,
    listed_alone,
    listed_least,
    listed_minima,
    listed_neuron,
    listed_none,
    listed_on_the_line,
    listed_pair,
)
from cases.kernel_cases_critical import RADIUS
from cases.kernel_draft import Draft
from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import Enclosed, exactly
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network import many_boxes as boxes
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.reading.problem import Point, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import complete
from lossproof.numerics.functions.table import formulas_of
from lossproof.theory import limits

pytestmark = pytest.mark.usefixtures("tables_with_a_memory")
CASES = {
    "listed_neuron": listed_neuron,
    "listed_minima": listed_minima,
    "listed_alone": listed_alone,
    "listed_pair": listed_pair,
    "listed_least": listed_least,
    "listed_on_the_line": listed_on_the_line,
    "listed_none": listed_none,
}
PROBLEMS = {
    "tanh pair": {
        "widths": [1, 2, 1],
        "X": [["1/3"], ["-2"], ["5"]],
        "Y": [["1"], ["1/7"], ["-3"]],
        "decay": [["1/3", "1/50"], ["1/7", "2"]],
    },
    "sigmoid": {"widths": [2, 1, 1], "activation": "sigmoid", "bias": "none", "X": [["1/3", "1"], ["-2", "1/9"]], "Y": [["1"], ["1/7"]]},
    "decaying sigmoid": {
        "widths": [1, 2, 1],
        "activation": "sigmoid",
        "bias": "none",
        "X": [["1/3"], ["-2"], ["1/9"]],
        "Y": [["1"], ["1/7"], ["-2"]],
        "decay": [["1/300", "0"], ["1/700", "0"]],
    },
    "neuron": {"widths": [2, 1], "output_activation": "sigmoid", "X": [["1/3", "1"], ["-2", "9"]], "Y": [["1"], ["1/7"]]},
    "tanh neuron": {
        "widths": [1, 1],
        "output_activation": "tanh",
        "X": [["1/3"], ["-2"]],
        "Y": [["1"], ["1/7"]],
        "decay": [["1/3", "1/50"]],
    },
}
CURVED = {
    "silu pair": {**PROBLEMS["tanh pair"], "activation": "silu"},
    "sin": {**PROBLEMS["sigmoid"], "activation": "sin"},
    "decaying gelu": {**PROBLEMS["decaying sigmoid"], "activation": "gelu"},
    "swish neuron": {**PROBLEMS["neuron"], "output_activation": "swish:5/3"},
}
"""The same with activations from tables."""


@pytest.fixture(autouse=True)
def _in_eighty_bits():
    with ball_precision(80), np.errstate(all="ignore"):
        yield


def problem_of(name):
    options = dict((PROBLEMS | CURVED)[name])
    return read_problem(Draft(options.pop("widths"), options.pop("X"), options.pop("Y"), **options).document["problem"])


def landscape_of(problem):
    return boxes.landscape(Work(), problem, np.full(problem.fan_in(1), 100.0))


def turned(land, theta):
    """Boxes of θ, which come one a row, as the kernel has them."""
    return boxes.weights(land, Enclosed(theta.mid.T, theta.rad.T))[0]


def holds(found, at, value):
    """Whether a ball of many bits lies within an enclosure."""
    return bool(abs(arb(found.mid[at]) - value) <= arb(found.rad[at]))


def test_exponentials_are_enclosed():
    rng = np.random.default_rng(0)
    corners = [
        0.0,
        5e-324,
        1e-310,
        2.0**-60,
        1 / 16,
        np.nextafter(1 / 16, 0),
        4.0,
        np.nextafter(4.0, 0),
        511.99,
        512.0,
        513.0,
        7e4,
        2.0**99,
    ]
    y = np.concatenate([corners, rng.random(300), 40 * rng.random(300), 500 * rng.random(200)])
    found = landscape_of(problem_of("neuron")).curve.exponential(y)
    with ball_precision(200):
        assert all(holds(found, k, (-arb(x)).exp()) for k, x in enumerate(y))
    assert np.all(found.rad[y < 300] <= 1e-14 * found.mid[y < 300])


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize(("centre", "size"), [(1.0, 1e-3), (1.0, 1.0), (30.0, 20.0), (1e-200, 1e-200), (1e6, 1e3), (0.0, 1e20)])
def test_activations_are_enclosed(name, centre, size):
    land, rng = landscape_of(problem_of(name)), np.random.default_rng(1)
    theta = Enclosed(rng.normal(size=(12, land.inner)) * centre, rng.random((12, land.inner)) * size)
    found, n, m = boxes.activations(land, turned(land, theta)), max(land.units, 1), land.inputs.mid.shape[1]
    with ball_precision(300):
        for W in (
            theta.mid,
            theta.mid + theta.rad * rng.choice([-1, 1], theta.rad.shape),
            theta.mid + theta.rad * rng.uniform(-1, 1, theta.rad.shape),
        ):
            W = np.clip(W, theta.mid - theta.rad, theta.mid + theta.rad)
            for b, k, i in np.ndindex(12, n, len(land.inputs.mid)):
                z = sum(
                    (arb(w) * arb(x, r) for w, x, r in zip(W[b].reshape(n, m)[k], land.inputs.mid[i], land.inputs.rad[i], strict=True)),
                    arb(0),
                )
                value, slope, bend = logistic(z.mid(), land.curve.k)
                for part, true in ((found.phi, value), (found.slope, slope), (found.bend, bend)):
                    assert holds(part, (k, i, b), true.mid())


def logistic(z, k):
    """``σ``, ``σ'`` and ``σ''`` of tanh (k = 2) or sigmoid, without cancellation where they are small."""
    if abs(z) > 40:
        e = (-k * abs(z)).exp()  # σ' = k² (e − 2 e² + …), σ'' = ∓k³ (e − …), with the rest below e² 40
        value, side = (1 - e if k == 1 else 1 - 2 * e), (1 if z > 0 else -1)
        wide = arb(0, (40 * e * e).abs_upper())
        return (side * value if k == 2 else value if z > 0 else e) + wide, k * k * e + wide, -side * k**3 * e + wide
    if k == 2:
        return z.tanh(), 1 - z.tanh() ** 2, -2 * z.tanh() * (1 - z.tanh() ** 2)
    value = 1 / (1 + (-z).exp())
    return value, value * (1 - value), value * (1 - value) * (1 - 2 * value)


def value(activation, z):
    """σ, by the formulas of the prover where there is no logistic form."""
    form = activation.logistic
    return formulas_of(activation).balls(z, 0) if form is None else logistic(z, int(form.rate))[0]


def point_of(problem, weights):
    layers, rest = [], [fmpq(*float(w).as_integer_ratio()) for w in weights]
    for l in range(1, problem.L + 1):
        m, n = problem.widths[l - 1], problem.widths[l]
        units = [[rest.pop(0) for _ in range(problem.fan_in(l))] for _ in range(n)]
        layers.append(
            (tuple(zip(*(u[:m] for u in units), strict=True)), tuple(u[m] if problem.bias_rows_of(1) else fmpq(0) for u in units))
        )
    return Point(tuple(layers))


@pytest.mark.parametrize("name", PROBLEMS | CURVED)
@pytest.mark.parametrize("size", [0.0, 1e-3, 0.5, 20.0])
def test_gradient_and_hessian_are_those_of_the_other_pass(name, size):
    """In rational arithmetic of balls, at points of the boxes, by the kernel's pass for one point."""
    problem, rng = problem_of(name), np.random.default_rng(2)
    land, N = landscape_of(problem), problem.N_net
    W = Enclosed(rng.normal(size=(4, N)), size * rng.random((4, N)))
    theta, v = boxes.weights(land, Enclosed(W.mid.T, W.rad.T))
    p = boxes.activations(land, theta)
    g, H = boxes.gradient(land, theta, p, boxes.residuals(land, p, v), v), boxes.hessian(land, p, boxes.residuals(land, p, v), v)
    for b in range(4):
        inside = np.clip(W.mid[b] + W.rad[b] * rng.uniform(-1, 1, N), W.mid[b] - W.rad[b], W.mid[b] + W.rad[b])
        with ball_precision(200):
            box = passes.Box(point_of(problem, inside))
            ring = BallRing(Work(), 200)
            exact = passes.gradient(ring, problem, box)
            bent = passes.hessian(ring, problem, box, list(range(N)), list(range(N)))
            assert all(holds(g, (k, b), exact[k].mid()) for k in range(N))
            assert all(holds(H, (j, k, b), bent[j, k].mid()) for j in range(N) for k in range(N))


@pytest.mark.parametrize("name", ["tanh pair", "decaying sigmoid", "silu pair", "decaying gelu"])
@pytest.mark.parametrize("size", [0.0, 1e-6, 0.05, 0.4, 3.0])
def test_outputs_of_critical_points_are_enclosed(name, size):
    """Against the linear equations of the output weights in balls of 200 bits, at points of the boxes."""
    problem = problem_of(name)
    land, rng = landscape_of(problem), np.random.default_rng(3)
    n, inner, T = land.units, land.inner, problem.T
    theta = Enclosed(rng.normal(size=(20, inner)) * rng.choice([1, 30], (20, 1)), size * rng.random((20, inner)))
    prior = np.full(len(land.rates.mid) - inner + T, 50.0)
    v, eps, *_ = boxes.outputs(land, turned(land, theta), boxes.activations(land, turned(land, theta)), prior)
    for b in range(20):
        W = np.clip(theta.mid[b] + theta.rad[b] * rng.uniform(-1, 1, inner), theta.mid[b] - theta.rad[b], theta.mid[b] + theta.rad[b])
        with ball_precision(200):
            X, y = (
                arb_mat([[*map(arb, row), *[arb(1)] * problem.bias_rows_of(1)] for row in problem.X]),
                arb_mat([[arb(row[0])] for row in problem.Y]),
            )
            Z = X * arb_mat([list(map(arb, row)) for row in W.reshape(n, -1)]).transpose()
            phi = arb_mat(
                [[*(value(problem.activation, Z[i, k]) for k in range(n)), *[arb(1)] * problem.bias_rows_of(1)] for i in range(T)]
            )
            rates = arb_mat(
                [[arb(problem.T * problem.rates[inner + k]) if k == l else arb(0) for l in range(phi.ncols())] for k in range(phi.ncols())]
            )
            exact = (phi.transpose() * phi + rates).solve(phi.transpose() * y)
            left = phi * exact - y
            assert all(holds(v, (k, b), exact[k, 0].mid()) for k in range(phi.ncols()))
            assert all(holds(eps, (i, b), left[i, 0].mid()) for i in range(T))
    if size <= 0.05 and name in PROBLEMS:
        assert np.all(v.rad < 10)
        assert np.all(eps.rad < 10)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["tanh pair", "decaying sigmoid", "silu pair", "decaying gelu"])
def test_no_box_around_a_critical_point_is_excluded(name, seed):
    """Residuals are drawn that make given weights critical, and boxes of all sizes with these weights anywhere inside."""
    land, rng, T = landscape_of(problem_of(name)), np.random.default_rng(seed), 9
    n, m = land.units, land.inputs.mid.shape[1]
    X = np.hstack([np.linspace(-3, 3, T)[:, None], np.ones((T, m - 1))])
    W, v, rates = rng.uniform(-2, 2, land.inner), rng.choice([-1, 1], n + land.bias) * rng.uniform(0.5, 2), 10.0 ** rng.uniform(-6, -3, 2)
    land = land._replace(inputs=exactly(X), targets=exactly(np.zeros((T, 1))))
    at = boxes.activations(land, turned(land, exactly(W[None])))
    equations = np.vstack([*(X.T * slope for slope in at.slope.mid[..., 0]), at.phi.mid[..., 0]])
    wanted = np.concatenate([-rates[0] * W / np.repeat(v[:n], m), -rates[1] * v])
    eps = np.linalg.lstsq(equations, wanted, rcond=None)[0]
    eps += 0.3 * np.linalg.svd(equations)[2][len(equations) :].sum(axis=0)
    assert np.abs(eps).max() < 100
    y = v @ at.phi.mid[..., 0] - eps
    about = np.repeat(rates, [land.inner, len(v)])
    land = land._replace(targets=Enclosed(y[:, None], np.full((T, 1), 1e-9)), rates=Enclosed(about, 1e-9 * about))
    sizes = 10.0 ** rng.uniform(-5, 1, (500, 1)) * rng.random((500, land.inner))
    low = W - sizes * rng.random((500, land.inner))
    walk = complete._Walk(land, np.full(len(about), 2.0**20), True, [])
    assert not np.any(walk._steep(low, low + sizes))
    assert not np.any(walk._mean_value(low, low + sizes))
    assert np.any(walk._mean_value(low + 0.5, low + 0.5 + sizes))


def altered(case, change):
    """Check the step ``complete-list`` of a case with its evidence and facts changed."""
    document = copy.deepcopy(CASES[case]())
    k = next(k for k, step in enumerate(document["steps"]) if step["rule"] == "complete-list")
    document["steps"] = document["steps"][: k + 1]
    change(document["steps"][k])
    return check_certificate(Draft.of(document).finish())


@pytest.mark.parametrize("case", CASES)
def test_the_lists_are_accepted(case):
    assert check_certificate(CASES[case]()).ok


@pytest.mark.parametrize("case", ["listed_neuron", "listed_alone"])
def test_a_tree_with_a_box_removed_or_relabelled_is_rejected(case):
    """Every character left out, twice or turned round; every leaf as one of symmetry, every split as a leaf, and a leaf far from all points as near one."""
    tree = CASES[case]()["steps"][-1 if case == "listed_neuron" else -2]["evidence"]["tree"]
    every = range(len(case) % 3, len(tree), 2 if case == "listed_neuron" else 5)
    wrong = {tree.replace("N", "U", 1), *(tree[:k] + tree[k + 1 :] for k in every), *(tree[:k] + tree[k] + tree[k:] for k in every)}
    for k in every:
        letter = tree[k]
        others = "S" if letter in "NM" else "SNM" if letter == "U" else "NMUS"
        wrong |= {tree[:k] + other + tree[k + 1 :] for other in others} | {tree[k:] + tree[:k]}
    wrong.discard(tree)
    for other in sorted(wrong):
        result = altered(case, lambda step, other=other: step["evidence"].update(tree=other))
        assert not result.ok, other
        assert result.failures[0].place.endswith("evidence.tree")


def test_a_list_of_minima_says_so():
    """A box without minima may hold other critical points."""
    result = altered("listed_minima", lambda step: step["conclusion"]["facts"].update(minima=False))
    assert [failure.place for failure in result.failures] == ["steps[2].conclusion.facts.minima"]


@pytest.mark.parametrize("k", [0, 1])
def test_a_minimum_of_the_list_is_no_box_without_minima(k):
    tree = listed_minima()["steps"][-1]["evidence"]["tree"]
    at = [k for k, letter in enumerate(tree) if letter == "U"][k]
    result = altered("listed_minima", lambda step: step["evidence"].update(tree=tree[:at] + "D" + tree[at + 1 :]))
    assert [failure.place for failure in result.failures] == ["steps[2].evidence.tree"]


@pytest.mark.parametrize(
    ("name", "whole", "minimum"),
    [("neuron", False, NEURON[0]), ("neuron", False, NEURON[2]), ("alone", True, "0 0 0 1/4"), ("pair", True, "0 0 0 0 0 0 1/4")],
)
def test_no_box_around_a_minimum_is_one_without_minima(name, whole, minimum):
    problem, rng = read_problem(CASES[f"listed_{name}"]()["problem"]), np.random.default_rng(6)
    land, W = landscape_of(problem), np.array([float.fromhex(w) if "x" in w else float(Fraction(w)) for w in minimum.split()])
    walk = complete._Walk(land, np.full(len(W), 4.0), whole, [])
    W = W[: walk.splits]
    sizes = 10.0 ** rng.uniform(-9, 1, (400, 1)) * rng.random((400, len(W)))
    low = W - sizes * rng.random(sizes.shape)
    assert not np.any(walk._curved(low, low + sizes))


def test_a_list_that_lacks_a_point_is_rejected():
    def without(k):
        def change(step):
            del step["premises"][k], step["evidence"]["radii"][k]
            step["conclusion"]["facts"]["points"] = 2

        return change

    for k in (0, 2):
        result = altered("listed_neuron", without(k))
        assert [failure.place for failure in result.failures] == ["steps[5].evidence.tree"]


def test_the_box_must_hold_all_critical_points():
    def change(step):
        for place in (step["evidence"], step["conclusion"]["facts"]):
            place["bounds"] = ["1/8", "1/8", "9/16", "9/16"]

    assert [failure.place for failure in altered("listed_alone", change).failures] == ["steps[1].evidence.bounds"]


@pytest.mark.parametrize(
    ("case", "tails", "bound"),
    [("listed_on_the_line", True, "1"), ("listed_none", True, "1/1000"), ("listed_least", True, None), ("listed_none", 1, None)],
)
def test_signs_of_the_gradient_must_be_seen(case, tails, bound):
    """Not in a box that ends too near to 0, not with decay, and the key is true or false."""

    def change(step):
        step["evidence"]["tails"] = tails
        if bound is not None:
            step["evidence"]["bounds"] = step["conclusion"]["facts"]["bounds"] = [bound]

    assert [failure.place.partition(".")[2] for failure in altered(case, change).failures] == ["evidence.tails"]


@pytest.mark.parametrize(("case", "told"), [("listed_on_the_line", False), ("listed_none", True), ("listed_neuron", True)])
def test_where_a_global_minimum_exists_is_told_as_it_is(case, told):
    result = altered(case, lambda step: step["conclusion"]["facts"].update(attained=told))
    assert [failure.place.partition(".")[2] for failure in result.failures] == ["conclusion.facts.attained"]


def _claim_empty_list(d, bounds):
    """Claim that no critical point is in a box, by one leaf."""
    facts = {"whole": False, "attained": False, "minima": False, "bounds": bounds}
    kinds = {"points": 0, "no_minima": 0, "known_global": 0, "global": None}
    evidence = {"bounds": bounds, "radii": [], "tails": False, "tree": "N"}
    d.claim("complete-list", "complete-list", "everywhere", facts | kinds, [], evidence, "VERIFIED_FLOAT")


def test_without_decay_the_box_must_look_the_same_for_all_units():
    """Else the image of a critical point of the box need not lie in it."""
    d = Draft((1, 2, 1), [["-1"], ["1"]], [["1/4"], ["3/4"]])
    _claim_empty_list(d, ["1", "1", "2", "1", "1", "1", "1"])
    result = check_certificate(d.finish())
    assert [(failure.place, failure.message) for failure in result.failures] == [
        ("steps[0].evidence.bounds", "the box must look the same for all hidden units")
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"error": "cauchy:1"},
        {"output_activation": "tanh"},
        {"widths": [1, 1, 2], "Y": [["1", "1"]]},
        {"widths": [1, 1, 1, 1]},
        {"bias": "fixed", "fixed_bias": [["0"], ["0"]]},
    ],
)
def test_other_networks_are_not_covered(options):
    d = Draft(
        options.get("widths", (1, 1, 1)),
        [["1"]],
        options.get("Y", [["1"]]),
        **{k: v for k, v in options.items() if k not in ("widths", "Y")},
    )
    _claim_empty_list(d, [])
    assert [failure.place for failure in check_certificate(d.finish()).failures] == ["steps[0].rule"]


def test_of_two_points_that_may_be_global_none_is_named():
    """Without the claim that a minimum is beaten two points are left."""

    def change(least):
        def alter(step):
            step["premises"].pop()
            step["conclusion"]["facts"]["global"] = least

        return alter

    assert [failure.place for failure in altered("listed_least", change("W*3")).failures] == ["steps[10].conclusion.facts.global"]
    assert altered("listed_least", change(None)).ok
    assert not altered("listed_least", lambda step: step["conclusion"]["facts"].update({"global": "W*1"})).ok


def test_only_the_point_named_is_global_by_the_list():
    d = Draft.of(listed_least())
    for k, at in enumerate(("W*1", "W*2")):
        d.document["steps"] = d.document["steps"][:11]
        d.imply("global-listed", "global", at, {"radius": RADIUS}, [k + 1, 11], rigor="VERIFIED_FLOAT")
        assert [(failure.place, failure.code) for failure in check_certificate(d.finish()).failures] == [("steps[11].premises", "premise")]


def test_a_point_is_told_once():
    def twice(step):
        step["premises"].append(step["premises"][-1])

    assert [failure.place for failure in altered("listed_least", twice).failures] == ["steps[10].premises"]


def test_a_second_possible_minimum_leaves_the_question_open():
    d = Draft.of(listed_neuron())
    d.imply("complete", "no-bad-local-minima", "everywhere", {}, [len(d.document["steps"])])
    assert check_certificate(d.finish()).failures[0].code == "premise"


def test_too_many_boxes_and_units_are_refused(monkeypatch):
    monkeypatch.setattr(limits, "MAX_COMPLETE_BOXES", 10)
    assert [failure.code for failure in altered("listed_alone", lambda step: None).failures] == ["limit"]
    monkeypatch.setattr(limits, "MAX_COMPLETE_UNITS", 1)
    assert [failure.code for failure in altered("listed_pair", lambda step: None).failures] == ["limit"]


@pytest.mark.parametrize("target", ["0", "1/" + "1" + "0" * 200, "-1/" + "1" + "0" * 320])
def test_targets_whose_squares_underflow_leave_room_for_all_points(target):
    """The bounds are no smaller than the critical point ``W_1 = 0``, ``c = y/2``."""
    problem = read_problem(Draft((1, 1, 1), [["0"]], [[target]], decay=[["1", "1"]] * 2).document["problem"])
    bounds = complete._everything(landscape_of(problem))
    assert np.all(bounds > abs(float(Fraction(target))) / 2)
    assert np.all(bounds < 1e-40)


@pytest.mark.parametrize("rates", [["1/" + "1" + "0" * 40] * 2, ["1/" + "1" + "0" * 400, "1"]])
def test_rates_of_decay_near_the_end_of_doubles_are_refused(rates):
    d = Draft((1, 1, 1), [["1"]], [["1"]], decay=[rates] * 2)
    facts = {
        "whole": True,
        "attained": True,
        "bounds": ["1"] * 4,
        "points": 0,
        "no_minima": 0,
        "known_global": 0,
        "minima": False,
        "global": None,
    }
    evidence = {"bounds": ["1"] * 4, "radii": [], "tails": False, "tree": "N"}
    d.claim("complete-list", "complete-list", "everywhere", facts, [], evidence, "VERIFIED_FLOAT")
    assert [failure.place for failure in check_certificate(d.finish()).failures] == ["steps[0].rule"]


def test_the_bounds_hold_for_critical_points_far_above_the_least_loss():
    """Maxima and saddles in the direction of v are none, but the inner weights may be critical where the loss is large: random minima in v, for many θ."""
    problem = problem_of("tanh pair")
    land, rng = landscape_of(problem), np.random.default_rng(4)
    bounds = complete._everything(land)
    theta = turned(land, exactly(rng.normal(size=(200, 4)) * 10 ** rng.uniform(-2, 2, (200, 1))))
    v, *_ = boxes.outputs(land, theta, boxes.activations(land, theta), np.concatenate([bounds[4:], np.full(3, complete._norm(land))]))
    assert np.all(np.abs(v.mid) <= bounds[4:, None] + v.rad)
