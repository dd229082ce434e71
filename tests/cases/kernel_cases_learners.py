"""Certificates made by hand about exact learners, what follows at them, and the theorems of others."""

from __future__ import annotations

from cases.kernel_cases_ranks import full
from cases.kernel_draft import EVERYWHERE, PRIME, XOR_X, XOR_Y, Draft, layer


def learned(d, rule, premises=(), evidence=None, facts=None, rigor="EXACT", name="W*1"):
    """The claim that a learner of this name exists."""
    found = {"learner": name, **(evidence or {})}
    return d.claim(rule, "exact-learning", EVERYWHERE, {"learner": name, **facts}, premises, found, rigor)


def linear_reach():
    d = Draft((2, 1), XOR_X, XOR_Y)
    d.claim("unlearnable-linear", "exact-learning", EVERYWHERE, {}, (), {"combination": ["1", "-1", "-1", "1"]}, verdict="REFUTED")
    return d.finish()


def linear_reach_fixed():
    d = Draft((1, 1), [["1"], ["2"]], [["1"], ["2"]], bias="fixed", fixed_bias=[["1/2"]])
    d.claim("unlearnable-linear", "exact-learning", EVERYWHERE, {}, (), {"combination": ["-2", "1"]}, verdict="REFUTED")
    return d.finish()


def contradicting_logits():
    """Targets 1/4, 1/3, 9/10 of a sigmoid on a line: their logits −1.0986, −0.6931 and 2.1972 are not evenly spaced."""
    d = Draft((1, 1), [["1"], ["2"], ["3"], ["5"]], [["1/4"], ["1/3"], ["9/10"], ["7"]], output_activation="sigmoid")
    bounds = [["-9/8", "-1"], ["-3/4", "-1/2"], ["2", "5/2"]]
    evidence = {"combination": ["1", "-2", "1", "0"], "output": 0, "bounds": bounds, "precision": 64}
    d.claim("unlearnable-linear", "exact-learning", EVERYWHERE, {}, (), evidence, "BALL", "REFUTED")
    return d.finish()


def against_the_order(activation="tanh", Y=("0", "1", "1", "0"), k=("-1", "1", "1", "-1")):
    """One hidden unit cannot fit XOR, as its output is monotone along every line."""
    d = Draft((2, 1, 1), XOR_X, [[y] for y in Y], activation=activation)
    evidence = {"combination": list(k), "output": 0}
    d.claim("unlearnable-order", "exact-learning", EVERYWHERE, {}, (), evidence, verdict="REFUTED")
    return d.finish()


def clash():
    d = Draft((1, 2, 1), [["1"], ["2"], ["1"]], [["0"], ["1"], ["1"]])
    d.claim("unlearnable-samples", "exact-learning", EVERYWHERE, {}, (), {"samples": [0, 2]}, verdict="REFUTED")
    return d.finish()


def opposite_inputs():
    """Without bias an odd network takes opposite values at opposite inputs, and 0 at 0."""
    d = Draft((2, 2, 1), [["1", "2"], ["-1", "-2"], ["0", "0"]], [["1/2"], ["1/2"], ["1"]], bias="none")
    for samples in ([0, 1], [2]):
        d.claim("unlearnable-samples", "exact-learning", EVERYWHERE, {}, (), {"samples": samples}, verdict="REFUTED")
    return d.finish()


def wide():
    """n_1 = T: exact learning and what follows at the learner it gives, of which nothing is known but its name."""
    X = [["0"], ["1"], ["5/2"]]
    point = [layer([["1", "-1", "2"]], ["0", "1", "-1"]), layer([["1"], ["1"], ["1"]], ["0"])]
    d = Draft((1, 3, 1), X, [["1"], ["0"], ["7"]], point)
    phi, plus, up = d.minor("Phi-1", u=99), d.inclusion("Phi-1+"), d.size("P", 3)
    d.define("one-hidden-layer", 0, {}, [phi])
    d.define("wide-layer", 0, {"layer": 1}, [plus])
    learning = learned(d, "learner-wide", [plus], facts={"rank_lower": 3, "target_radius": "0"})
    morse = d.record("principle-morse", {"error": "squared"})
    at = "W*1"
    learner, low = d.imply("named-learner", "exact-learner", at, {}, [learning]), d.lower("rank-regular", "P", 3, at, [learning])
    d.define("hessian-rank", at, {"rank_lower": 3, "rank_upper": 3}, [learner, low, up, morse])
    manifold = d.imply("manifold", "manifold", at, {"dimension": 7}, [learner, d.define("full-rank", at, full(3, 3, 3), [low, up])])
    d.imply("ggn", "ggn", at, {"order": 2}, [manifold, morse], "CITED")
    return d.finish()


def exact_learner():
    """A softsign network that fits its samples, away from z = 0."""
    point = [layer([["1", "1"]], ["1", "2"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((1, 2, 1), [["0"], ["1"]], [["7/6"], ["17/12"]], point, activation="softsign")
    learner = d.claim("learner-exact", "exact-learner")
    d.imply("some-learner", "exact-learning", EVERYWHERE, {}, [learner])
    low, up, curved = d.minor("P"), d.size("P", 2), d.differentiable(2)
    fully, morse = d.define("full-rank", 0, full(2, 2, 2), [low, up]), d.record("principle-morse", {"error": "squared"})
    d.define("hessian-rank", 0, {"rank_lower": 2, "rank_upper": 2}, [learner, low, up, morse, curved])
    manifold = d.imply("manifold", "manifold", 0, {"dimension": 5}, [learner, fully, curved])
    d.imply("ggn", "ggn", 0, {"order": 2}, [manifold, morse], "CITED")
    return d.finish()


def learner_in_a_box():
    """An exact learner of a 1-1-1 tanh network near a rational point, another for all targets near, and what follows for the first."""
    point = [layer([["1"]], ["0"]), layer([["0x1.50231499b6b1ep-1"]], ["1/4"])]
    d = Draft((1, 1, 1), [["0"], ["1"]], [["1/4"], ["3/4"]], point)
    near = {"point": 0, "parameters": [0, 3], "radius": "1/1099511627776", "target_radius": "0", "precision": 128}
    wide_box = {**near, "radius": "1/16", "target_radius": "1/1000"}
    facts = {"rank_lower": 2, "point": 0, "distance": "1/549755813888", "target_radius": "0"}
    found = learned(d, "learner-box", (), near, facts, "BALL")
    robust = learned(d, "learner-box", (), wide_box, {**facts, "distance": "1/8", "target_radius": "1/1000"}, "BALL", "W*2")
    d.imply("robust-targets", "robust-targets", EVERYWHERE, {"radius": "1/1000"}, [robust])
    low, up, morse = d.lower("rank-regular", "P", 2, "W*1", [found]), d.size("P", 2), d.record("principle-morse", {"error": "squared"})
    learner = d.imply("named-learner", "exact-learner", "W*1", {}, [found])
    d.define("hessian-rank", "W*1", {"rank_lower": 2, "rank_upper": 2}, [learner, low, up, morse])
    fully = d.define("full-rank", "W*1", full(2, 2, 2), [low, up])
    d.imply("manifold", "manifold", "W*1", {"dimension": 2}, [learner, fully])
    return d.finish()


def far_residuals(error="cauchy:1/4"):
    """Weights whose residuals lie where the error curves downwards."""
    point = [layer([["1", "-2"], ["1", "1"]], ["1/4", "1/2"]), layer([["0"], ["0"]], ["9"])]
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point, error=error)
    evidence = {"point": 0, "output": 0, "precision": 64}
    d.claim("ggn-semidefinite-witness", "ggn-semidefinite", EVERYWHERE, {}, (), evidence, "BALL", "REFUTED")
    return d.finish()


def far_residuals_blake():
    return far_residuals("blake-zisserman:1")


def bounded_output():
    d = Draft((1, 2, 1), [["0"], ["1"]], [["1/2"], ["2"]], output_activation="tanh", error="cauchy:9")
    d.imply("ggn-semidefinite", "ggn-semidefinite", EVERYWHERE)
    d.claim("unlearnable-range", "exact-learning", EVERYWHERE, {}, (), {"sample": 1, "output": 0}, verdict="REFUTED")
    return d.finish()


def one_hot():
    d = Draft((1, 2, 2), [["0"], ["1"]], [["1", "0"], ["1/2", "1/2"]], error="softmax")
    d.claim("unlearnable-range", "exact-learning", EVERYWHERE, {}, (), {"sample": 0, "output": 1}, verdict="REFUTED")
    d.record("principle-morse", {"error": "softmax"}, "REFUTED")
    return d.finish()


def probabilities():
    """Logistic error with targets strictly inside (0, 1)."""
    point = [layer([["1", "-1"]], ["0", "1"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((1, 2, 1), [["0"], ["1"]], [["1/3"], ["1/2"]], point, error="logistic", activation="gelu")
    learned(d, "learner-wide", [d.inclusion("Phi-1+")], facts={"rank_lower": 2, "target_radius": "0"})
    return d.finish()


def cited(d, theorem, evidence):
    return d.claim("cited-theorem", theorem, EVERYWHERE, {"applicable": "yes"}, (), evidence, "CITED")


def deep_linear():
    """A linear network without a bottleneck, biases trainable: theorems about local minima, two of them on centred samples."""
    X, Y = [["0", "0"], ["1", "0"], ["0", "1"], ["1", "3"]], [["0", "1"], ["2", "1/2"], ["1", "1"], ["3", "-1"]]
    d = Draft((2, 2, 2), X, Y, activation="identity")
    theorems = ("kawaguchi-2016", {"prime": PRIME}), ("lu-kawaguchi-2017", {"prime": PRIME}), ("laurent-von-brecht-2018", {})
    for theorem, evidence in theorems:
        d.imply(f"by-{theorem}", "no-bad-local-minima", EVERYWHERE, {}, [cited(d, theorem, evidence)], "CITED")
    return d.finish()


def wide_network():
    """More hidden units than samples: what others prove of it, none of which decides the conclusion."""
    d = Draft((1, 4, 1), [["0"], ["1"], ["3"]], [["0"], ["1"], ["0"]], activation="tanh")
    cited(d, "nguyen-hein-2017", {"layer": 1})
    cited(d, "li-ding-sun", {"coordinate": 0})
    cited(d, "ding-li-sun-2019", {"prime": PRIME})
    cited(d, "venturi-bandeira-bruna", {})
    return d.finish()


def separable_classes():
    """The conjunction of two bits, with sigmoid units."""
    d = Draft((2, 2, 1), XOR_X, [["0"], ["0"], ["0"], ["1"]], activation="sigmoid", output_activation="sigmoid")
    found = cited(d, "gori-tesi-1992", {"direction": ["2", "2", "-3"]})
    d.imply("by-gori-tesi-1992", "no-bad-local-minima", EVERYWHERE, {}, [found], "CITED")
    return d.finish()


LEARNER_CASES = {
    function.__name__: function
    for function in (
        linear_reach, linear_reach_fixed, contradicting_logits, against_the_order, clash, opposite_inputs, wide, exact_learner, learner_in_a_box,
        far_residuals, far_residuals_blake, bounded_output, one_hot, probabilities, deep_linear, wide_network, separable_classes,
    )
}  # fmt: skip
