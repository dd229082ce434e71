"""Networks whose layers differ: each rule with a network that meets its hypothesis, and with one that just misses it in one layer."""

from __future__ import annotations

import itertools
import json
import random
from fractions import Fraction

import mpmath
import pytest
from cases.kernel_cases import CASES
from cases.kernel_draft import ALMOST, EVERYWHERE, OPEN, PRIME, SOME, Draft, layer, sealed
from cases.kernel_outcomes import accepted, outcome
from cases.kernel_twin import DIGITS, activations, biases, constants, number, value

from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.orbits import orbits
from lossproof.certificates.kernel.reading.problem import read_problem

LINE = [["1"], ["2"], ["-1"]]
DEEP = (1, 1, 1, 1)


def point_of(widths, modes, W="1/2", b="1/3"):
    return [
        layer([[W] * n for _ in range(m)], ["0" if mode == "none" else b] * n)
        for (m, n), mode in zip(itertools.pairwise(widths), modes, strict=True)
    ]


def drafted(activation="tanh", bias="trainable", widths=DEEP, X=LINE, Y=None, W="1/2", b="1/3", **options):
    """A network with one point, in which all weights are W and all biases b, or 0 without."""
    head = {"activation": activation, "bias": bias, "widths": list(widths)}
    point = point_of(widths, biases(head), W, b)
    fixed = constants(biases(head), point)
    return Draft(widths, X, Y or [["1"] * widths[-1]] * len(X), point, activation=activation, bias=bias, fixed_bias=fixed, **options)


def scaling(value, activation="relu", bias="trainable", **options):
    return dimension(value, activation, bias, widths=DEEP, X=[[str(x)] for x in range(8)], inputs=1, **options)


def dimension(value, activation, bias="none", inputs=2, **options):
    d = drafted(activation, bias, **{"widths": (2, 1, 2, 2), "X": [["1", "2"], ["3", "5"], ["0", "1"], ["2", "2"]], **options})
    rank = inputs + (biases(d.document["problem"])[0] == "trainable")
    d.upper("rank-size", "Phi-0+", rank, EVERYWHERE)
    d.upper("rank-dimension", "P", value, EVERYWHERE, (1,))
    return d


def constant(value, activation, at=OPEN, b="1", c="0", bias="trainable", rigor="EXACT"):
    d = drafted(activation, bias)
    premises = () if at == SOME else (d.upper("rank-size", "Phi-0+", 2, EVERYWHERE),)
    d.upper("rank-constant-weights", "P", value, at, premises, {"bias": b, "output_bias": c}, rigor)
    return d


def almost(activation, bias="trainable", output="identity", value=1):
    d = drafted(activation, bias, output_activation=output)
    order = [d.differentiable()] if output == "relu" else []
    d.lower("rank-inclusion", "P", value, 0, order and (), {"rows": [0], "columns": [0], "precision": 128}, "BALL")
    d.lower("rank-almost", "P", value, ALMOST, (d.document["steps"][-1]["id"],))
    return d


def samples(value, activation="tanh", bias="none", X=(["1"], ["-1"], ["0"])):
    d = drafted(activation, bias, X=[list(x) for x in X], b="0")
    d.upper("rank-samples", "P", value, EVERYWHERE)
    return d


def psi(activation):
    d = drafted(activation)
    premises = [d.minor(f"W-{l}*") for l in (3, 2)]
    d.lower("rank-sylvester", "Psi-1", 3, 0, premises)
    return d


def stationary(fixed, activation="relu", bias="trainable", **options):
    """All outputs meet their targets: every gradient is 0."""
    d = drafted(activation, bias, X=[["1"]], Y=[["1"]], W="1", b="0", **options)
    premises = () if "relu" not in json.dumps(d.document["problem"]["activation"]) else (d.differentiable(),)
    d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": len(fixed)}, premises, {"fixed": fixed})
    return d


def constant_critical(bias):
    modes = [bias] * 3 if isinstance(bias, str) else bias
    last = "1/2" if modes[-1] != "none" else "0"
    point = [layer([["0"]], ["0"]), layer([["1"]], ["0"]), layer([["0"]], [last])]
    Y = [["1/2"], ["3/2"], ["-1/2"]] if last != "0" else [["0"], ["1"], ["-1"]]
    d = Draft(DEEP, [["0"]] * 3, Y, point, bias=bias, fixed_bias=constants(modes, point), activation=["tanh", "arctan"])
    n = sum(1 + (mode == "trainable") for mode in modes)
    d.claim("stationary-constant", "stationary", 0, {"radius": "0", "dimension": n - 2}, (), {})
    return d


def unlearnable(rule, evidence, activation, bias="trainable", X=LINE, Y=None, verdict="REFUTED", rigor="EXACT"):
    d = drafted(activation, bias, X=[list(x) for x in X], Y=Y, b="0")
    d.claim(rule, "exact-learning", EVERYWHERE, {}, (), evidence, rigor, verdict)
    return d


def falls(activation, coefficient="-1/1000"):
    d = drafted(activation, X=[["1"]], Y=[["0"]], W="1", b="0")
    evidence = {"curve": [[1, ["0", "0", "0", "0", "0", "-1"]]], "order": 1, "coefficient": coefficient}
    d.claim("descent", "stationary", 0, {}, (), evidence, verdict="REFUTED")
    return d


def region(statement, evidence, activation, bias="trainable", rigor="EXACT", **options):
    d = drafted(activation, bias, X=[["0"], ["1"], ["2"]], Y=[["0"], ["1"], ["0"]], **options)
    d.claim("minimum-in-region", statement, EVERYWHERE, {"loss_lower": evidence["loss"]}, (), evidence, rigor)
    return d


def cited(theorem, evidence, activation, bias="trainable", widths=DEEP, X=LINE, Y=None, **options):
    d = drafted(activation, bias, widths, [list(x) for x in X], Y, **options)
    d.claim("cited-theorem", theorem, EVERYWHERE, {"applicable": "yes"}, (), evidence, "CITED")
    return d


def recorded(statement, activation, facts=None, verdict="PROVED", **options):
    d = drafted(activation, **options)
    d.record(statement, facts, verdict)
    return d


def on_record(activation, told=None):
    return recorded("principle-activation", activation, {"activation": told or activation, "output_activation": "identity"})


def small_loss(bias):
    """The logits are on the right sides, so large that the infimum of the loss is 0."""
    d = drafted("tanh", bias, (1, 1, 1), X=[["1"]], Y=[["1"]], W="2", b="0", error="logistic")
    loss = d.claim("loss-bounds", "loss-bounds", 0, {"loss_lower": "0", "loss_upper": "1/2", "radius": "0"}, (), {
        "loss_lower": "0", "loss_upper": "1/2", "precision": 64}, "BALL")  # fmt: skip
    d.imply("infimum-by-loss", "infimum-not-attained", EVERYWHERE, {}, (loss,))
    return d


def dead(bias, layer_=1):
    """Relu units that are inactive at all samples; the output is the mean of the targets."""
    modes = [bias] * 3 if isinstance(bias, str) else bias
    point = [layer([["0"]], ["-1"]), layer([["1"]], ["-1" if layer_ == 2 else "1"]), layer([["1"]], ["0" if modes[2] == "none" else "1"])]
    Y = [["1"]] * 3
    if modes[2] == "none":
        point[2] = layer([["1"]], ["0"])
        Y = [["1"]] * 3 if layer_ == 1 else [["0"]] * 3
    elif layer_ == 1:
        point[2] = layer([["1"]], ["0"])
    d = Draft(DEEP, LINE, Y, point, activation="relu", bias=bias, fixed_bias=constants(modes, point))
    kink = d.differentiable()
    still = d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 0}, (kink,), {"fixed": []})
    d.claim("dead-layer", "local-minimum", 0, {"radius": "0"}, (still,), {"layer": layer_, "precision": 64}, "BALL")
    return d


FAR = ("evidence", "evidence.coefficient")
RULE, UPPER, VERDICT = ("evidence", "rule"), ("conclusion", "conclusion.rank_upper"), ("conclusion", "conclusion.verdict")
SIGHT = ("evidence", "evidence.combination")
PAIRS = {
    # the name, what is accepted, and what just misses it
    "scaling of one layer": (lambda: scaling(5, ["relu", "tanh"]), [(lambda: scaling(4, ["relu", "tanh"]), UPPER),
        (lambda: scaling(4, "relu", ["trainable", "fixed", "none"]), UPPER), (lambda: scaling(5, ["sigmoid", "tanh"]), UPPER)]),
    "scaling of both layers": (lambda: scaling(3, ["relu", "power:2"], ["none", "trainable", "trainable"]), [
        (lambda: scaling(3, ["relu", "sin"], ["none", "trainable", "trainable"]), UPPER)]),
    "identities": (lambda: dimension(3, "identity"), [(lambda: dimension(3, ["identity", "power:2"]), UPPER),
        (lambda: dimension(3, "identity", ["none", "trainable", "none"]), UPPER)]),
    "powers": (lambda: dimension(3, "power:2"), [(lambda: dimension(3, ["power:2", "tanh"]), UPPER),
        (lambda: dimension(3, "power:2", ["none", "none", "trainable"]), UPPER)]),
    "affine near a bias": (lambda: constant(2, ["relu", "leaky-relu:1/2"]), [(lambda: constant(2, ["relu", "tanh"]), RULE),
        (lambda: constant(2, ["tanh", "relu"]), RULE), (lambda: constant(2, "relu", bias=["trainable", "none", "trainable"]), ("evidence", "evidence.bias"))]),
    "constant near a bias": (lambda: constant(1, ["tanh", "relu"], b="-1"), [(lambda: constant(1, ["hard-tanh", "relu"], b="-1"), RULE),
        (lambda: constant(1, ["tanh", "leaky-relu:1/2"], b="-1"), RULE)]),
    "weights 0": (lambda: constant(1, ["relu", "tanh"], SOME, bias=["trainable", "none", "trainable"]), [
        (lambda: constant(1, ["tanh", "relu"], SOME, bias=["trainable", "none", "trainable"]), ("evidence", "evidence.bias")),
        (lambda: constant(1, ["tanh", "relu"], SOME, bias="none", b="1"), ("evidence", "evidence.bias"))]),
    "almost everywhere": (lambda: almost(["tanh", "sigmoid"]), [(lambda: almost(["tanh", "softsign"]), RULE), (lambda: almost(["softsign", "tanh"]), RULE)]),
    "a kink at the output": (lambda: almost(["tanh", "sin"], ["none", "fixed", "trainable"], "leaky-relu:1/2"), [
        (lambda: almost(["tanh", "sin"], ["trainable", "trainable", "none"], "leaky-relu:1/2"), RULE)]),
    "orbits of odd layers": (lambda: samples(1, ["tanh", "softsign"]), [(lambda: samples(1, ["tanh", "sigmoid"]), UPPER),
        (lambda: samples(1, ["sigmoid", "tanh"]), UPPER), (lambda: samples(1, bias=["none", "trainable", "none"]), UPPER),
        (lambda: samples(1, bias=["none", "none", "trainable"]), UPPER)]),
    "orbits of a layer that is even": (lambda: samples(2, ["power:2", "sigmoid"]), [(lambda: samples(1, ["power:2", "sigmoid"]), UPPER),
        (lambda: samples(2, ["sigmoid", "power:2"]), UPPER)]),
    "slopes other than 0": (lambda: psi(["tanh", "sigmoid"]), [(lambda: psi(["tanh", "sin"]), RULE), (lambda: psi(["sin", "tanh"]), RULE)]),
    "a unit that is scaled": (lambda: stationary([0], ["relu", "identity"], ["trainable", "fixed", "trainable"]), [
        (lambda: stationary([2], ["relu", "identity"], ["trainable", "fixed", "trainable"]), ("evidence", "evidence.fixed"))]),
    "a constant network": (lambda: constant_critical(["none", "none", "trainable"]), [(lambda: constant_critical("none"), RULE),
        (lambda: constant_critical(["trainable", "trainable", "none"]), RULE)]),
    "linear reach": (lambda: unlearnable("unlearnable-linear", {"combination": ["2", "-1", "0"]}, "identity", "none", Y=[["1"], ["1"], ["1"]]), [
        (lambda: unlearnable("unlearnable-linear", {"combination": ["2", "-1", "0"]}, "identity", ["none", "trainable", "none"]), SIGHT),
        (lambda: unlearnable("unlearnable-linear", {"combination": ["2", "-1", "0"]}, ["identity", "tanh"], "none"), RULE)]),
    "order": (lambda: unlearnable("unlearnable-order", {"combination": ["1", "-2", "1"], "output": 0}, ["tanh", "relu"], ["none", "trainable", "fixed"],
        X=(["0"], ["1"], ["2"]), Y=[["1"], ["0"], ["1"]]), [
        (lambda: unlearnable("unlearnable-order", {"combination": ["1", "-2", "1"], "output": 0}, ["tanh", "sin"], X=(["0"], ["1"], ["2"]),
                             Y=[["1"], ["0"], ["1"]]), RULE)]),
    "opposite samples": (lambda: unlearnable("unlearnable-samples", {"samples": [0, 2]}, ["tanh", "sin"], "none"), [
        (lambda: unlearnable("unlearnable-samples", {"samples": [0, 2]}, ["tanh", "sigmoid"], "none"), ("evidence", "evidence.samples")),
        (lambda: unlearnable("unlearnable-samples", {"samples": [0, 2]}, "tanh", ["none", "trainable", "none"]), ("evidence", "evidence.samples"))]),
    "a fall through layers with and without kinks": (lambda: falls(["relu", "leaky-relu:1/2"]), [
        (lambda: falls(["relu", "tanh"], "-1"), FAR), (lambda: falls(["tanh", "relu"], "-1"), FAR)]),
    "dead units": (lambda: region("dead-region", {"loss": "1/9"}, "relu"), [(lambda: region("dead-region", {"loss": "1/9"}, ["relu", "tanh"]), RULE),
        (lambda: region("dead-region", {"loss": "1/9"}, "relu", ["trainable", "trainable", "none"]), RULE)]),
    "an affine piece": (lambda: region("linear-region", {"map": [["0"], ["1/3"]], "loss": "1/9"}, "relu"), [
        (lambda: region("linear-region", {"map": [["0"], ["1/3"]], "loss": "1/9"}, ["relu", "tanh"]), RULE),
        (lambda: region("linear-region", {"map": [["0"], ["1/3"]], "loss": "1/9"}, "relu", ["none", "trainable", "trainable"]), RULE)]),
    "linear units": (lambda: cited("laurent-von-brecht-2018", {}, ["identity", "power:1"]), [
        (lambda: cited("laurent-von-brecht-2018", {}, ["identity", "tanh"]), RULE), (lambda: cited("laurent-von-brecht-2018", {}, ["sin", "identity"]), RULE),
        (lambda: cited("laurent-von-brecht-2018", {}, "identity", ["none", "trainable", "trainable"]), RULE),
        (lambda: cited("laurent-von-brecht-2018", {}, "identity", ["none", "none", "fixed"]), RULE)]),
    "a wide pyramid": (lambda: cited("nguyen-hein-2017", {"layer": 1}, "tanh", widths=(1, 2, 1, 1)), [
        (lambda: cited("nguyen-hein-2017", {"layer": 1}, ["tanh", "sigmoid"], widths=(1, 2, 1, 1)), RULE),
        (lambda: cited("nguyen-hein-2017", {"layer": 1}, "tanh", ["trainable", "trainable", "none"], widths=(1, 2, 1, 1)), RULE)]),
    "a curved activation": (lambda: cited("ding-li-sun-2019", {"prime": PRIME}, "tanh", widths=(1, 2, 2, 1)), [
        (lambda: cited("ding-li-sun-2019", {"prime": PRIME}, ["tanh", "relu"], widths=(1, 2, 2, 1)), RULE),
        (lambda: cited("ding-li-sun-2019", {"prime": PRIME}, "tanh", ["trainable", "none", "trainable"], widths=(1, 2, 2, 1)), RULE)]),
    "one hidden layer and no fixed bias": (lambda: cited("venturi-bandeira-bruna", {}, "tanh", widths=(1, 3, 1)), [
        (lambda: cited("venturi-bandeira-bruna", {}, "tanh", ["trainable", "none"], widths=(1, 3, 1)), RULE),
        (lambda: cited("venturi-bandeira-bruna", {}, "tanh", ["trainable", "fixed"], widths=(1, 3, 1)), RULE)]),
    "the last layer may be anything": (lambda: cited("li-ding-sun", {"coordinate": 0}, ["relu", "sin"], ["none", "fixed", "trainable"], widths=(1, 1, 3, 1)), [
        (lambda: cited("li-ding-sun", {"coordinate": 0}, ["relu", "sin"], ["none", "fixed", "trainable"], widths=(1, 3, 1, 1)), RULE)]),
    "activations on record": (lambda: on_record(["tanh", "sigmoid"]), [
        (lambda: on_record(["tanh", "sin"]), VERDICT),
        (lambda: on_record(["sin", "tanh"]), VERDICT),
        (lambda: on_record(["tanh", "sigmoid"], "tanh"), ("conclusion", "conclusion.facts.activation"))]),
    "smooth layers": (lambda: recorded("hessian-rank", ["tanh", "sin"], {"rank_lower": 0, "rank_upper": 3}), [
        (lambda: recorded("hessian-rank", ["tanh", "softsign"], {"rank_lower": 0, "rank_upper": 3}), RULE),
        (lambda: recorded("hessian-rank", ["softsign", "tanh"], {"rank_lower": 0, "rank_upper": 3}), RULE)]),
    "output biases that may grow": (lambda: small_loss(["fixed", "none"]), [(lambda: small_loss(["none", "fixed"]), ("premise", "premises"))]),
    "a dead layer below others": (lambda: dead("trainable"), [(lambda: dead(["trainable", "trainable", "none"]), RULE)]),
    "a dead last layer": (lambda: dead(["trainable", "trainable", "none"], 2), []),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_a_rule_takes_what_meets_its_hypothesis_in_every_layer_and_nothing_that_misses_it_in_one(name):
    good, others = PAIRS[name]
    accepted(good())
    for bad, where in others:
        assert outcome(bad()) == where, bad().document["problem"]


HIDDEN = ("tanh", "sin", "power:2", "power:3", "relu", "leaky-relu:1/10", "identity", "sigmoid", "softplus", "elu", "softsign", "hard-tanh")
INPUTS = [["1", "2"], ["-1", "-2"], ["2", "4"], ["0", "0"], ["-3/2", "-3"], ["1", "2"], ["1", "-1"], ["-1/3", "1/3"]]


@pytest.mark.parametrize("seed", range(120))
def test_outputs_of_one_orbit_determine_each_other_at_random_weights(seed):
    """Against plain loops: wherever the lemma says ``z_L(x') = ρ z_L(x)``, it is so; the zeros of fixed biases count as none."""
    rng = random.Random(seed)
    widths = rng.choice([(2, 2, 2), (2, 2, 2, 1), (2, 1, 2, 2), (2, 2, 1, 2, 1)])
    hidden = [rng.choice(HIDDEN) for _ in widths[2:]]
    modes = [rng.choice(["none", "none", "none", "zero", "trainable" if seed % 3 == 0 else "none"]) for _ in widths[1:]]
    plain = ["fixed" if mode == "zero" else mode for mode in modes]
    fixed = [["0"] * n if mode == "zero" else None for mode, n in zip(modes, widths[1:], strict=True)] if "zero" in modes else None
    options = {
        "activation": hidden[0] if len(set(hidden)) == 1 else hidden, "bias": plain[0] if len(set(plain)) == 1 else plain, "fixed_bias": fixed,
    }  # fmt: skip
    d = Draft(widths, INPUTS, [["0"] * widths[-1]] * len(INPUTS), **options)
    found = orbits(read_problem(d.document["problem"]))
    with mpmath.workdps(DIGITS):
        for _ in range(2):
            z = last_sums(d.document["problem"], modes, rng)
            for k, orbit in enumerate(found):
                if orbit.sign == 0:
                    assert all(abs(t) < 1e-40 for t in z[k])
                else:
                    ratio = orbit.over(found[orbit.first])
                    assert all(abs(t - s * number(str(ratio))) < 1e-30 * (1 + abs(t)) for t, s in zip(z[k], z[orbit.first], strict=True))


def last_sums(problem, modes, rng):
    n, names = problem["widths"], activations(problem)
    draw = lambda: number(str(Fraction(rng.randint(-60, 60), 41)))  # noqa: E731
    layers = [
        ([[draw() for _ in range(b)] for _ in range(a)], [draw() if mode == "trainable" else number("0") for _ in range(b)])
        for (a, b), mode in zip(itertools.pairwise(n), modes, strict=True)
    ]
    found = []
    for x in problem["X"]:
        phi = [number(q) for q in x]
        for name, (W, b) in zip(names, layers, strict=True):
            z = [sum(p * row[a] for p, row in zip(phi, W, strict=True)) + b[a] for a in range(len(b))]
            phi = [value(name, t) for t in z]
        found.append(z)
    return found


MALFORMED = {
    "too few activations": ({"activation": ["tanh"]}, "schema", "problem.activation"),
    "too many activations": ({"activation": ["tanh", "relu", "sin"]}, "schema", "problem.activation"),
    "the same twice": ({"activation": ["tanh", "tanh"]}, "problem", "problem.activation"),
    "an unknown activation": ({"activation": ["tanh", "tahn"]}, "problem", "problem.activation[1]"),
    "an activation that is no name": ({"activation": ["tanh", ["relu"]]}, "schema", "problem.activation[1]"),
    "several output activations": ({"output_activation": ["tanh", "relu"]}, "schema", "problem.output_activation"),
    "names in one text": ({"activation": "tanh, relu"}, "problem", "problem.activation"),
    "too few modes": ({"bias": ["none", "trainable"]}, "schema", "problem.bias"),
    "the same modes": ({"bias": ["none", "none", "none"]}, "problem", "problem.bias"),
    "an unknown mode": ({"bias": ["none", "mixed", "none"]}, "problem", "problem.bias[1]"),
    "constants of trainable layers": ({"bias": ["none", "trainable", "none"], "fixed_bias": [None, ["0"], None]}, "problem", "problem.fixed_bias"),
    "constants missing": ({"bias": ["none", "fixed", "none"]}, "schema", "problem.fixed_bias"),
    "constants of another layer": ({"bias": ["none", "fixed", "none"], "fixed_bias": [["0"], ["0"], None]}, "problem", "problem.fixed_bias[0]"),
    "no constants of the layer": ({"bias": ["none", "fixed", "none"], "fixed_bias": [None, None, None]}, "schema", "problem.fixed_bias[1]"),
    "decay of a bias that is not there": ({"bias": ["none", "trainable", "none"], "decay": [["1", "1"], ["1", "1"], ["1", "0"]]}, "problem", "problem.decay"),
    "another constant in a point": ({"bias": ["trainable", "fixed", "trainable"], "fixed_bias": [None, ["1"], None]}, "problem", "points[0][1].b"),
    "a bias where there is none": ({"bias": ["trainable", "trainable", "none"]}, "problem", "points[0][2].b"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_problems_whose_layers_are_not_told_apart_rightly_are_rejected(name):
    changes, code, place = MALFORMED[name]
    d = drafted("tanh", "trainable", b="0" if "bias" in changes and "points" not in place else "1/3")
    d.document["problem"].update(changes)
    found = check_certificate(d.finish())
    assert [(failure.code, failure.place) for failure in found.failures] == [(code, place)]


def test_lists_with_one_layer_are_refused():
    d = drafted("tanh", "trainable", (1, 1))
    d.document["problem"]["activation"] = []
    assert check_certificate(d.finish()).failures[0].place == "problem.activation"


CURVED = {
    "tanh": "sigmoid",
    "relu": "leaky-relu:1/3",
    "identity": "tanh",
    "power:3": "power:2",
    "elu": "relu",
    "softplus": "relu",
    "bent-identity": "sin",
}


@pytest.mark.parametrize(
    "case", [name for name, case in CASES.items() if len(case()["problem"]["widths"]) > 3 or name == "falls_in_two_layers"]
)
def test_a_certificate_of_a_deep_network_does_not_hold_with_another_activation_in_one_layer(case):
    """But for the steps that compute everything anew, which say as much of the other network."""
    document = CASES[case]()
    name, L = document["problem"]["activation"], len(document["problem"]["widths"]) - 1
    for place in range(L - 1):
        hidden = [CURVED[name] if l == place else name for l in range(L - 1)]
        other = Draft.of(json.loads(json.dumps(document)))
        other.document["problem"]["activation"] = hidden
        result = check_certificate(sealed(other.finish()))
        assert result.ok == (case in ("verified_float", "blind_network", "falls_in_two_layers", "decayed_descent")), (
            hidden,
            result.failures,
        )
