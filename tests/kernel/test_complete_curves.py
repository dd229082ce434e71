"""Complete lists with activations from tables: certificates of the search are checked, and wrong ones refused; the bounds of all critical points."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from cases.complete_cases import hidden, neuron
from cases.kernel_draft import Draft

import lossproof as lp
from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.tables import Table
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network import many_boxes as boxes
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import complete
from lossproof.numerics.complete.landscape import landscape_of
from lossproof.numerics.critical.search import find_candidates
from lossproof.numerics.functions.table import formulas_of
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.functions.activations import activation_named

pytestmark = pytest.mark.usefixtures("tables_with_a_memory")
ACTIVATIONS = ("softplus", "silu", "swish:3", "mish", "bent-identity", "gelu", "arctan", "erf", "sin")
CASES = {
    "neuron": ("arctan", (1, 1), [[1], [-2]], [["1/2"], ["1/3"]], {"bias": "none", "weight_decay": "1/8"}),
    "bounded": ("mish", (1, 1), [[2], [-1]], [["1/2"], ["3/4"]], {"bias": "none", "box": 1.0}),
    "everywhere": ("silu", (1, 1, 1), [[-1], [1]], [["1/4"], ["3/4"]], {"weight_decay": 1}),
    "sine": ("sin", (1, 1), [[1], [2]], [["1/4"], ["3/4"]], {"bias": "none", "weight_decay": "1/4"}),
}


@cache
def certificate(case):
    activation, widths, X, Y, options = CASES[case]
    sigma = {"output_activation" if len(widths) == 2 else "activation": activation}
    found = lp.find_critical_points(widths, X, Y, complete=True, workers=1, **sigma, **options)
    assert found.complete.verdict == "PROVED"
    return json.loads(found.certificate.text)


def altered(case, change):
    """Check the step ``complete-list`` of a case with its evidence and facts changed."""
    document = copy.deepcopy(certificate(case))
    k = next(k for k, step in enumerate(document["steps"]) if step["rule"] == "complete-list")
    document["steps"] = document["steps"][: k + 1]
    change(document["steps"][k])
    return check_certificate(Draft.of(document).finish())


@cache
def table(activation, farthest):
    return Table(Work(), activation, farthest)


@pytest.fixture
def shared_tables(monkeypatch):
    """Make a table once for all trees of a case."""
    monkeypatch.setattr(boxes, "Table", lambda work, activation, farthest: table(activation, farthest))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("shared_tables")
def test_a_tree_with_a_box_removed_or_relabelled_is_rejected(case):
    """Characters left out, twice or turned round; leaves as ones of symmetry, splits as leaves, and leaves far from all points as near one."""
    assert altered(case, lambda step: None).ok
    tree = next(step for step in certificate(case)["steps"] if step["rule"] == "complete-list")["evidence"]["tree"]
    some = sorted(set(np.linspace(0, len(tree) - 1, 7).astype(int)) | {tree.index("U")})
    wrong = {tree.replace("N", "U", 1), *(tree[:k] + tree[k + 1 :] for k in some), *(tree[:k] + tree[k] + tree[k:] for k in some)}
    for k in some:
        others = "S" if tree[k] in "NM" else "SNM" if tree[k] == "U" else "NMUS" if tree[k].islower() else ""
        wrong |= {tree[:k] + other + tree[k + 1 :] for other in others} | {tree[k:] + tree[:k]}
    for other in sorted(wrong - {tree}):
        result = altered(case, lambda step, other=other: step["evidence"].update(tree=other))
        assert not result.ok, other
        assert result.failures[0].place.endswith("evidence.tree")


@pytest.mark.parametrize("case", CASES)
def test_other_evidence_is_rejected(case):
    """A box too small for all points, or too long for a table; radii too small, or so large that the gradient is not one-to-one; signs far out."""
    bounds, radii = (lambda step: step["evidence"]["bounds"]), (lambda step: step["evidence"]["radii"])

    def scaled(of, factor):
        def change(step):
            of(step)[:] = [str(Fraction(x) * factor) if isinstance(x, str) else [str(Fraction(y) * factor) for y in x] for x in of(step)]
            step["conclusion"]["facts"]["bounds"] = list(bounds(step))

        return change

    places = {}
    for name, change in {
        "small": scaled(bounds, Fraction(1, 4)),
        "large": scaled(bounds, 2**80),
        "tight": scaled(radii, Fraction(1, 2**40)),
        "wide": scaled(radii, 2**12),
        "tails": lambda step: step["evidence"].update(tails=True),
    }.items():
        result = altered(case, change)
        assert not result.ok, name
        places[name] = result.failures[0].place.partition(".")[2]
    assert places["tails"] == "evidence.tails"
    assert places["small"] in ("evidence.bounds", "evidence.tree")
    assert places["tight"] in ("evidence.radii", "evidence.tree")
    assert places["wide"] in ("evidence.radii", "evidence")


def test_the_activation_is_part_of_the_problem():
    """A tree of one activation is none of another."""
    document = copy.deepcopy(certificate("neuron"))
    document["problem"]["output_activation"] = "erf"
    k = next(k for k, step in enumerate(document["steps"]) if step["rule"] == "complete-list")
    document["steps"] = document["steps"][: k + 1]
    assert not check_certificate(Draft.of(document).finish()).ok


def kernel_bounds(problem):
    a = problem.architecture
    activation = {"activation": a.activation.name} if a.L == 2 else {"output_activation": a.output_activation.name}
    decay = [[str(rate) for rate in pair] for pair in problem.decay.layers]
    X, Y = ([[str(x) for x in row] for row in rows] for rows in (problem.samples.X, problem.samples.Y))
    read = read_problem(Draft(a.widths, X, Y, bias=a.bias, decay=decay, **activation).document["problem"])
    with ball_precision(80):
        return complete._everything(boxes.landscape(Work(), read, np.ones(read.fan_in(1))))


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "tanh", "sigmoid"])
@pytest.mark.parametrize("form", ["hidden", "neuron"])
def test_all_critical_points_lie_within_the_bounds(activation, form):
    """Points of many starts lie within those of the kernel, and these within those of the search."""
    for rate in ("1/300", "1/2"):
        problem = (
            hidden(1, rate, "far", activation)
            if form == "hidden"
            else neuron([[2], [-1], [1]], [3, "-1/2", 1], activation, "trainable", rate)
        )
        bounds = kernel_bounds(problem)
        assert np.all(landscape_of(problem).bounds() >= bounds)
        for candidate in find_candidates(problem, starts=4, seed=1, workers=1).candidates:
            assert np.all(np.abs(flat_weights(problem, candidate.weights)) <= bounds)


@pytest.mark.parametrize("activation", [*ACTIVATIONS[:-1], "tanh", "sigmoid", "swish:1/9"])
def test_the_constants_of_the_bounds_are_suprema(activation):
    """Of ``|zσ'|``, or of ``|σ − zσ'|``, on a fine grid; and hardly more than that, but for mish."""
    sigma = activation_named(activation)
    z = np.concatenate([np.linspace(-60, 60, 60_001), np.linspace(-6, 6, 60_001)])
    value, slope = (formulas_of(sigma).doubles(z, order) for order in (0, 1))
    if sigma.family in complete._SLOPES:
        most, found = complete._SLOPES[sigma.family][0], np.abs(z * slope).max()
        assert np.abs(value).max() <= complete._SLOPES[sigma.family][1]
    else:
        most, found = complete._TANGENTS[sigma.family] / float(sigma.parameter or 1), np.abs(value - z * slope).max()
    assert (0.7 if activation == "mish" else 0.98 if activation == "bent-identity" else 0.9995) * most <= found <= most + 1e-12


def test_the_sine_has_neither_bound():
    assert "sin" not in complete._SLOPES | complete._TANGENTS
