"""Certificates about critical points made by hand, one or more for every rule."""

from __future__ import annotations

from fractions import Fraction

import mpmath

from cases.kernel_cases_ranks import LOG3_HALF, full, squared_error
from cases.kernel_draft import EVERYWHERE, XOR_X, XOR_Y, Draft, layer

MINUS_LOG3 = ["0", [[["log", "3"], "-1"]]]
RADIUS = "1/1099511627776"
BOX = "W*1"


def counts(negative, zero, positive, undecided=0, radius="0"):
    return {"negative": negative, "zero": zero, "positive": positive, "undecided": undecided, "radius": radius}


def exact(d, at=0, fixed=(), premises=()):
    facts = {"radius": "0", "dimension": len(fixed)}
    return d.claim("stationary-exact", "stationary", at, facts, premises, {"fixed": list(fixed)})


def introduced(d, rule, evidence, dimension, at=BOX, radius=RADIUS, reach=None, point=0, rigor="BALL"):
    """A critical point by the name ``at`` in a box around a point."""
    facts = {"point": point, "radius": reach or radius, "dimension": dimension}
    return d.claim(rule, "stationary", at, facts, (), {"point": point, "radius": radius, "precision": 128, **evidence}, rigor)


def boxed(d, radius=RADIUS, fixed=(), at=BOX, point=0, precision=128):
    return introduced(d, "stationary-box", {"fixed": list(fixed), "precision": precision}, len(fixed), at, radius, point=point)


def loss_exact(d, value, at=0):
    return d.exact_loss(value, at)


def loss_ball(d, lower, upper, at=BOX, radius=RADIUS, precision=128):
    bounds = {"loss_lower": lower, "loss_upper": upper}
    return d.claim("loss-bounds", "loss-bounds", at, {**bounds, "radius": radius}, (), {**bounds, "precision": precision}, "BALL")


def loss_learner(d, learner, lower, upper, at=0, radius="0", rigor="EXACT"):
    bounds = {"loss_lower": lower, "loss_upper": upper}
    evidence = {**bounds, "precision": None if rigor == "EXACT" else 64}
    return d.claim("loss-bounds", "loss-bounds", at, {**bounds, "radius": radius}, [learner], evidence, rigor)


def inertia_exact(d, facts, at=0):
    evidence = {"negative": facts["negative"], "positive": facts["positive"], "vectors": [], "precision": None}
    return d.claim("eigenvalue-signs", "inertia", at, facts, (), evidence)


def inertia_ball(d, premise, negative, positive, N, dimension=0, at=BOX, radius=RADIUS, precision=128, vectors=()):
    rest = N - negative - positive
    zero = len(vectors) or (dimension if rest == dimension else 0)
    evidence = {"negative": negative, "positive": positive, "vectors": list(vectors), "precision": precision}
    facts = counts(negative, zero, positive, rest - zero, radius)
    return d.claim("eigenvalue-signs", "inertia", at, facts, [premise], evidence, "BALL")


def classed(d, statement, point_claim, inertia, at=0, radius="0"):
    return d.imply(statement, statement, at, {"radius": radius}, [point_claim, inertia])


def ranked(d, premise, rows, columns, residual, total, at=0):
    """A lower bound of rank P by an inclusion, and an upper one by a residual that is not 0 or by the size."""
    low = d.lower("rank-inclusion", "P", len(rows), at, (), {"rows": rows, "columns": columns, "precision": 128}, "BALL")
    if residual is None:
        return low, d.size("P", total)
    evidence = {"sample": residual[0], "output": residual[1], "precision": 128}
    return low, d.upper("rank-residual", "P", total - 1, at, [premise], evidence, "BALL")


def summary(d, kind, loss, inertia, ranks, premises, at=0, radius="0"):
    facts = {
        "kind": kind,
        "loss_lower": loss[0],
        "loss_upper": loss[1],
        "inertia": dict(zip(("negative", "zero", "positive", "undecided"), inertia, strict=True)),
        "radius": radius,
        "rank_lower": ranks[0],
        "rank_upper": ranks[1],
    }
    return d.define("critical-point", at, facts, premises)


def xor_curve(sign="-1/4"):
    """Hidden unit 0 moves its second weight with t, its outgoing weight follows with t²."""
    return [[1, ["0", "1", *["0"] * 7]], [2, [*["0"] * 6, sign, "0", "0"]]]


def xor_stationary(c, d_weight):
    point = [layer([[d_weight, "0"], ["0", d_weight]], [c, c]), layer([["0"], ["0"]], ["1/2"])]
    return Draft((2, 2, 1), XOR_X, XOR_Y, point)


def descent(d, premises, curve, order, coefficient, rigor="BALL", at=0):
    evidence = {"curve": curve, "order": order, "coefficient": coefficient}
    facts = {"order": order, "coefficient": coefficient, "radius": "0"}
    return d.claim("descent", "higher-order-descent", at, facts, premises, evidence, rigor)


def xor_stationary_log_3():
    """Zero output weights and bias 1/2 at hidden columns (-2c, 0, c), (0, -2c, c), c = log(3)/2: all exact."""
    d = xor_stationary(LOG3_HALF, MINUS_LOG3)
    point, loss = exact(d), loss_exact(d, "1/8")
    inertia = inertia_exact(d, counts(0, 6, 3))
    found = descent(d, [point], xor_curve(), 4, "-1/128", "EXACT")
    low, up = ranked(d, point, [6, 7, 8], [0, 1, 2], [0, 0], 4)
    summary(d, "higher-order-descent", ("1/8", "1/8"), (0, 6, 3, 0), (3, 3), [point, loss, inertia, found, low, up])
    return d.finish()


def xor_stationary_1():
    """The same at c = 1: the inertia in balls, its zeros by kernel vectors."""
    d = xor_stationary("1", "-2")
    point, loss = exact(d), loss_ball(d, "1/8", "1/8", 0, "0")
    inertia_ball(d, point, 0, 3, 9, at=0, radius="0")
    vectors = [[str(int(k == n)) for n in range(9)] for k in range(6)]
    whole = inertia_ball(d, point, 0, 3, 9, at=0, radius="0", vectors=vectors)
    found = descent(d, [point], xor_curve("-1/8"), 4, "-1/200")
    summary(d, "higher-order-descent", ("1/8", "1/8"), (0, 6, 3, 0), (0, 4), [point, loss, whole, found])
    return d.finish()


def xor_at_zero():
    """W = 0 with bias 1/2: a family of critical points of a constant network, and descent along a curve."""
    d = Draft((2, 2, 1), XOR_X, XOR_Y, [layer([["0", "0"], ["0", "0"]], ["0", "0"]), layer([["0"], ["0"]], ["1/2"])])
    point = d.claim("stationary-constant", "stationary", 0, {"radius": "0", "dimension": 4})
    loss, inertia = loss_exact(d, "1/8"), inertia_exact(d, counts(0, 8, 1))
    # unit 0 gets z = t (x_1 + x_2): the residuals are orthogonal to all but the cubic term of tanh
    found = descent(d, [point], [[1, ["1", "1", "0", "0", "0", "0", "1/8", "0", "0"]]], 4, "-5/256", "EXACT")
    summary(d, "higher-order-descent", ("1/8", "1/8"), (0, 8, 1, 0), (0, 4), [point, loss, inertia, found])
    return d.finish()


def saddle_of_a_linear_network():
    """1-1-1 identity without bias at W = 0: a saddle whose Hessian [[0, -1], [-1, 0]] needs a 2×2 pivot."""
    d = Draft((1, 1, 1), [["1"]], [["1"]], [layer([["0"]], ["0"]), layer([["0"]], ["0"])], activation="identity", bias="none")
    point, loss = exact(d), loss_exact(d, "1/2")
    inertia = inertia_exact(d, counts(1, 0, 1))
    found = classed(d, "saddle", point, inertia)
    summary(d, "saddle", ("1/2", "1/2"), (1, 0, 1, 0), (0, 1), [point, loss, inertia, found])
    direct = descent(d, [point], [[1, ["1", "1"]]], 2, "-1", "EXACT")
    summary(d, "higher-order-descent", ("1/2", "1/2"), (0, 0, 0, 2), (0, 1), [point, loss, direct])
    return d.finish()


def strict_maximum():
    """Cauchy's error far from both targets: the weight 0 is the worst near it."""
    d = Draft((1, 1), [["1"]] * 2, [["-5"], ["5"]], [layer([["0"]], ["0"])], error="cauchy:1", bias="none")
    point, inertia = exact(d), inertia_exact(d, counts(1, 0, 0))
    classed(d, "saddle", point, inertia)
    classed(d, "maximum", point, inertia)
    return d.finish()


def orbit_of_maxima():
    """The same as a product of two weights, of which one is 0: a family of maxima by scaling, across which the Hessian is negative."""
    d = Draft(
        (1, 1, 1),
        [["1"]] * 2,
        [["-5"], ["5"]],
        [layer([["1"]], ["0"]), layer([["0"]], ["0"])],
        activation="identity",
        error="cauchy:1",
        bias="none",
    )
    point, inertia = exact(d, fixed=[0]), inertia_exact(d, counts(1, 1, 0))
    found, loss = classed(d, "maximum", point, inertia), loss_ball(d, "3", "4", 0, "0")
    summary(d, "maximum", ("3", "4"), (1, 1, 0, 0), (0, 2), [point, loss, inertia, found])
    return d.finish()


def newton(function, start, digits=60):
    """A zero of a gradient by mpmath, as doubles in hexadecimal."""
    with mpmath.workdps(digits):
        found = mpmath.findroot(function, start, tol=mpmath.mpf(10) ** -40)
        return [float(x).hex() for x in found]


def tanh_gradient(X, Y):
    """The gradient of Σ (v tanh(wx + b) + c − y)²/2 in the order w, b, v, c."""

    def gradient(w, b, v, c):
        total = [mpmath.mpf(0)] * 4
        for x, y in zip(X, Y, strict=True):
            t = mpmath.tanh(w * x + b)
            r, s = v * t + c - y, v * (1 - t * t)
            total = [g + r * h for g, h in zip(total, (s * x, s, t, 1), strict=True)]
        return total

    return gradient


STEP_X_TEXT, STEP_Y_TEXT = [["-2"], ["-1"], ["0"], ["1"], ["2"]], [["-7/8"], ["-3/4"], ["1/8"], ["3/4"], ["7/8"]]
STEP_X, STEP_Y = ([mpmath.mpf(float(Fraction(x))) for [x] in rows] for rows in (STEP_X_TEXT, STEP_Y_TEXT))


def step_minimum():
    """The strict minimum of a 1-1-1 tanh network with 5 samples near (1.3, 0.15, 0.88, -0.02)."""
    return newton(tanh_gradient(STEP_X, STEP_Y), (1.3, 0.15, 0.88, -0.02))


def strict_minimum():
    """An over-determined 1-1-1 tanh network at a strict minimum in a box."""
    w, b, v, c = step_minimum()
    d = Draft((1, 1, 1), STEP_X_TEXT, STEP_Y_TEXT, [layer([[w]], [b]), layer([[v]], [c])])
    point, loss = boxed(d), loss_ball(d, "1/10000", "1/1000")
    inertia = inertia_ball(d, point, 0, 4, 4)
    found = classed(d, "strict-minimum", point, inertia, BOX, RADIUS)
    low, up = ranked(d, point, [0, 1, 2, 3], [0, 1, 2, 4], [0, 0], 5, BOX)
    summary(d, "strict-minimum", ("1/10000", "1/1000"), (0, 0, 4, 0), (4, 4), [point, loss, inertia, found, low, up], BOX, RADIUS)
    return d.finish()


def merged(shares):
    """1-2-1 tanh without biases, two copies of the unit of the best fit of v tanh(wx)."""
    X, Y = [["1"], ["2"], ["3"]], [["1/2"], ["7/8"], ["3/4"]]
    gradient = tanh_gradient([1, 2, 3], [mpmath.mpf(float(Fraction(y))) for [y] in Y])
    w, v = newton(lambda w, v: gradient(w, 0, v, 0)[::2], (0.7, 0.9))
    exact_v = Fraction(*float.fromhex(v).as_integer_ratio())
    rows = [[str(exact_v * Fraction(q))] for q in shares]
    return Draft((1, 2, 1), X, Y, [layer([[w, w]], ["0", "0"]), layer(rows, ["0"])], bias="none")


def family(d, dimension, point=0, at=BOX, radius=RADIUS, reach=None, **evidence):
    """A critical point of a family, near a point or, with ``radius`` 0, itself; what is not said of its evidence is empty."""
    blank = {key: [] for key in ("held", "ties", "parameters", "implied", "identities", "across", "symmetries", "level", "equal", "silent")}
    own = {"point": point, "radius": radius, "precision": 128, **blank, **evidence}
    facts = {"radius": reach or radius, "dimension": dimension, "implied": len(own["implied"])}
    near = {"point": point} if at == BOX else {}
    return d.claim("stationary-family", "stationary", at, {**near, **facts}, (), own, "BALL")


COPIES = {
    "ties": [[1, 0, "1"]],
    "parameters": [0, 2],
    "implied": [1, 3],
    "identities": [[[1, "1", [[0, 0]]], [0, "-1", [[1, 0]]]], [[3, "1", []], [2, "-1", []]]],
}
"""Two units stay equal: the rows of P of their incoming weights are parallel, those of their outgoing ones equal."""


def merged_units(shares, negative, positive, kind):
    d = merged(shares)
    point, loss = family(d, 1, **COPIES), loss_ball(d, "1/1000", "1/100")
    inertia = inertia_ball(d, point, negative, positive, 4, 1)
    found, rank = classed(d, kind, point, inertia, BOX, RADIUS), d.upper("rank-family", "P", 2, BOX, [point])
    summary(d, kind, ("1/1000", "1/100"), (negative, 1, positive, 0), (0, 2), [point, loss, inertia, found, rank], BOX, RADIUS)
    return d.finish()


def merged_inside():
    """Two equal units that share the outgoing weight as 1/3 and 2/3 (Fukumizu and Amari)."""
    return merged_units(("1/3", "2/3"), 0, 3, "local-minimum")


def merged_outside():
    """The same with shares -1 and 2: the other kind of point."""
    return merged_units(("-1", "2"), 1, 2, "saddle")


BENT_X, BENT_Y = [["-1"], ["0"], ["1"], ["2"], ["3"]], [["1/4"], ["-1/4"], ["1"], ["1"], ["3"]]
BENT = [layer([["1"]], ["-1/3"]), layer([["1"]], ["0"])]


def relu_scaling():
    """1-1-1 relu at the best fit by a constant and a line: a minimum on the curve of scalings."""
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    point, loss = boxed(d, "1/1024", [0]), loss_ball(d, "1/20", "1/10", BOX, "1/1024")
    inertia = inertia_ball(d, point, 0, 3, 4, 1, BOX, "1/1024")
    found = classed(d, "local-minimum", point, inertia, BOX, "1/1024")
    d.differentiable(2, BOX, "BALL")
    summary(d, "local-minimum", ("1/20", "1/10"), (0, 1, 3, 0), (0, 4), [point, loss, inertia, found], BOX, "1/1024")
    return d.finish()


def relu_scaled():
    """The same at the point itself, all exact."""
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    curved = d.differentiable(2)
    point = exact(d, 0, [0], [curved])
    inertia = inertia_exact(d, counts(0, 1, 3))
    classed(d, "local-minimum", point, inertia)
    return d.finish()


IDLE = {"held": [5], "parameters": [0, 1, 3, 4, 6], "implied": [2, 3], "identities": [[[2, "1", []]], [[3, "1", []]]]}
"""The outgoing weight of the second of two units stays 0, and the rows of P of its incoming weights are 0."""


def idle_unit():
    """The minimum of a 1-1-1 network beside a unit that nothing listens to; its bias makes the derivative by its outgoing weight 0."""
    w, b, v, c = step_minimum()
    with mpmath.workdps(60):
        W, B, V, C = (mpmath.mpf(float.fromhex(x)) for x in (w, b, v, c))
        residuals = [V * mpmath.tanh(W * x + B) + C - y for x, y in zip(STEP_X, STEP_Y, strict=True)]
        [bias] = newton(lambda t: [sum(r * mpmath.tanh(x / 2 + t) for r, x in zip(residuals, STEP_X, strict=True))], (0.05,))
    d = Draft((1, 2, 1), STEP_X_TEXT, STEP_Y_TEXT, [layer([[w, "1/2"]], [b, bias]), layer([[v], ["0"]], [c])])
    point = family(d, 1, **IDLE)
    classed(d, "saddle", point, inertia_ball(d, point, 1, 5, 7, 1), BOX, RADIUS)
    return d.finish()


BLIND = {
    "held": [0, 4],
    "parameters": [5],
    "implied": [0, 1, 2, 3, 4],
    "identities": [*([[k, "1", []]] for k in range(4)), [[4, "1", [[5, 0]]], [5, "-1", [[4, 0]]]]],
}
"""No weights in the first and the last of three layers: nothing below the output is seen, and what comes to it is the same at all samples."""


def blind_network():
    """1-1-1-1 without weights in its first two layers; the output bias is the best constant for Cauchy's error."""
    with mpmath.workdps(60):
        [best] = newton(lambda c: [sum((c - y) / ((c - y) ** 2 + 2) for y in STEP_Y)], (0.3,))
    layers = [layer([["0"]], ["1/2"]), layer([["0"]], ["-1/3"]), layer([["0"]], [best])]
    d = Draft((1, 1, 1, 1), STEP_X_TEXT, STEP_Y_TEXT, layers, error="cauchy:2")
    family(d, 3, **BLIND)
    return d.finish()


def power_scaling():
    """1-1-1 power:2 without bias: w² v = 1 is the best fit, a curve of minima."""
    point = [layer([["-2"]], ["0"]), layer([["1/4"]], ["0"])]
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], point, activation="power:2", bias="none")
    point = boxed(d, "1/1024", [0])
    classed(d, "local-minimum", point, inertia_ball(d, point, 0, 1, 2, 1, BOX, "1/1024"), BOX, "1/1024")
    return d.finish()


def suboptimal(d, row, premises, lower, upper, at=0, radius="0"):
    facts = {"loss_lower": lower, "other_loss_upper": upper, "radius": radius}
    return d.imply(row, "suboptimal", at, facts, premises)


def bad(d, premise):
    return d.imply("suboptimal", "no-bad-local-minima", EVERYWHERE, {}, [premise], verdict="REFUTED")


def relu_inactive():
    """All hidden units inactive at all samples: the mean of the targets is best near it, and not far from it."""
    dead, fits = [layer([["1"]], ["-8"]), layer([["5"]], ["1"])], BENT
    d = Draft((1, 1, 1), BENT_X, BENT_Y, dead, fits, activation="relu")
    point, loss = exact(d, 0, (), [d.differentiable()]), loss_exact(d, "49/80")
    found = d.claim("dead-layer", "local-minimum", 0, {"radius": "0"}, [point], {"layer": 1, "precision": 64}, "BALL")
    summary(d, "local-minimum", ("49/80", "49/80"), (0, 0, 0, 4), (0, 4), [point, loss, found])
    bad(d, suboptimal(d, "suboptimal-local", [found, loss, loss_exact(d, "19/240", 1)], "49/80", "19/240"))
    return d.finish()


def two_minima():
    """One weight and Cauchy's error: a strict minimum near the fewer of two targets, worse than the one near the others."""
    targets = [0, 0, 0, 10, 10]
    points = [[layer([newton(lambda w: [sum((w - y) / ((w - y) ** 2 + 1) for y in targets)], (start,))], ["0"])] for start in (10, 0)]
    d = Draft((1, 1), [["1"]] * 5, [[str(y)] for y in targets], *points, error="cauchy:1", bias="none")
    first, second = (boxed(d, at=f"W*{k + 1}", point=k) for k in (0, 1))
    losses = loss_ball(d, "27/10", "14/5", "W*1"), loss_ball(d, "9/5", "19/10", "W*2")
    found, _ = (
        classed(d, "strict-minimum", p, inertia_ball(d, p, 0, 1, 1, 0, at), at, RADIUS) for p, at in ((first, "W*1"), (second, "W*2"))
    )
    bad(d, suboptimal(d, "suboptimal-strict", [found, *losses], "27/10", "19/10", "W*1", RADIUS))
    return d.finish()


def constant_minimum():
    """Hidden weights 0 and a curvature of the right sign: a manifold of minima of a constant network, worse than a step."""
    constant = [layer([["0"]], [LOG3_HALF]), layer([["1"]], ["-1/2"])]
    d = Draft((1, 1, 1), [["-1"], ["0"], ["1"]], [["1"], ["-2"], ["1"]], constant, [layer([["8"]], ["-4"]), layer([["3/4"]], ["1/4"])])
    point = d.claim("stationary-constant", "stationary", 0, {"radius": "0", "dimension": 2})
    found, loss = classed(d, "local-minimum", point, inertia_exact(d, counts(0, 2, 2))), loss_exact(d, "1")
    other = loss_ball(d, "7/10", "4/5", 1, "0")
    bad(d, suboptimal(d, "suboptimal-local", [found, loss, other], "1", "4/5"))
    return d.finish()


def floor_of_equal_inputs():
    """Two targets at one input: their mean is best whatever the network."""
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["1"]], [layer([["1"]], ["2"]), layer([["0"]], ["1/2"])], activation="sin")
    point, found = exact(d), d.claim("global-floor", "global", 0, {"radius": "0"})
    summary(d, "global", ("1/8", "1/8"), (0, 0, 0, 4), (0, 2), [point, loss_exact(d, "1/8"), found])
    return d.finish()


def linear_regression():
    """One linear layer at the least-squares solution: strict and global."""
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], [layer([["3/2"]], ["-1/2"])])
    point, loss = exact(d), loss_exact(d, "1/4")
    inertia = inertia_exact(d, counts(0, 0, 2))
    strict, asked = classed(d, "strict-minimum", point, inertia), d.imply("convex", "no-bad-local-minima", EVERYWHERE)
    d.imply("global-strict-minimum", "global", 0, {"radius": "0"}, [strict, asked])
    found = d.imply("global-convex", "global", 0, {"radius": "0"}, [point])
    low, _ = ranked(d, point, [0, 1], [0, 1], None, 2)
    summary(d, "global", ("1/4", "1/4"), (0, 0, 2, 0), (2, 2), [point, loss, inertia, found, low])
    return d.finish()


def all_forms():
    """``x²``, with a residual that no polynomial of degree 2 has a part in: the derivatives by the weights of ``v (wx + b)² + c`` span them all."""
    point = [layer([["1"]], ["0"]), layer([["1"]], ["0"])]
    d = Draft((1, 1, 1), [["-1"], ["0"], ["1"], ["2"]], [["0"], ["3"], ["-2"], ["5"]], point, activation="power:2")
    found = d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 0}, (), {"fixed": []})
    low = d.lower("rank-inclusion", "P", 3, 0, (), {"rows": [0, 1, 3], "columns": [0, 1, 2], "precision": 128}, "BALL")
    d.imply("global-forms", "global", 0, {"radius": "0"}, [found, low], rigor="BALL")
    return d.finish()


def logistic_regression():
    """Four overlapping samples: the minimum of a convex function, in a box."""
    data = list(zip((-2, -1, 1, 2), (0, 1, 0, 1), strict=True))

    def gradient(w, b):
        residuals = [(1 / (1 + mpmath.exp(-w * x - b)) - y, x) for x, y in data]
        return [sum(r * x for r, x in residuals), sum(r for r, _ in residuals)]

    w, b = newton(gradient, (0.4, 0))
    d = Draft((1, 1), [["-2"], ["-1"], ["1"], ["2"]], [["0"], ["1"], ["0"], ["1"]], [layer([[w]], [b])], error="logistic")
    point, loss = boxed(d), loss_ball(d, "3/5", "13/20")
    inertia = inertia_ball(d, point, 0, 2, 2)
    found = d.imply("global-convex", "global", BOX, {"radius": RADIUS}, [point])
    summary(d, "global", ("3/5", "13/20"), (0, 0, 2, 0), (0, 2), [point, loss, inertia, found], BOX, RADIUS)
    return d.finish()


def exact_learner_minimum():
    """A softsign network that fits its samples: all exact."""
    point = [layer([["1", "1"]], ["1", "2"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((1, 2, 1), [["0"], ["1"]], [["7/6"], ["17/12"]], point, activation="softsign", error="smooth-l1:2")
    learner, curved = d.claim("learner-exact", "exact-learner"), d.differentiable(2)
    low, up = d.minor("P"), d.size("P", 2)
    fully = d.define("full-rank", 0, full(2, 2, 2), [low, up])
    morse, error = d.record("principle-morse", {"error": "smooth-l1:2"}), d.record("principle-error", {"error": "smooth-l1:2"})
    ranks = [learner, low, up, morse, curved]
    d.define("hessian-rank", 0, {"rank_lower": 2, "rank_upper": 2}, ranks)
    d.imply("stationary-learner", "stationary", 0, {"radius": "0", "dimension": 0}, [learner])
    manifold = d.imply("manifold", "manifold", 0, {"dimension": 5}, [learner, fully, curved])
    found = d.imply("stationary-manifold", "stationary", 0, {"radius": "0", "dimension": 5}, [learner, manifold])
    loss, inertia = loss_learner(d, learner, "7/5", "3/2", rigor="BALL"), d.define("inertia", 0, counts(0, 5, 2), ranks)
    classed(d, "local-minimum", found, inertia)
    best = d.imply("global-learner", "global", 0, {"radius": "0"}, [learner, error])
    summary(d, "global", ("7/5", "3/2"), (0, 5, 2, 0), (0, 2), [found, loss, inertia, best])
    return d.finish()


LEARNER_POINT = [layer([["1"]], ["0"]), layer([["0x1.50231499b6b1ep-1"]], ["1/4"])]
DISTANCE = "1/549755813888"


def near(*points):
    """A 1-1-1 tanh network near an exact learner of two samples."""
    return Draft((1, 1, 1), [["0"], ["1"]], [["1/4"], ["3/4"]], *(points or [LEARNER_POINT]))


def learner_in_box(d, name=BOX, precision=128, point=0):
    evidence = {"learner": name, "point": point, "parameters": [0, 3], "radius": RADIUS, "target_radius": "0", "precision": precision}
    facts = {"learner": name, "rank_lower": 2, "point": point, "distance": DISTANCE, "target_radius": "0"}
    return d.claim("learner-box", "exact-learning", EVERYWHERE, facts, (), evidence, "BALL")


def critical_learner(d, found, at=BOX, radius=RADIUS):
    """What follows at a learner of full rank among 4 weights and 2 equations: the claims exact-learner, stationary, inertia, and the bound of the rank."""
    learner, low, up = (
        d.imply("named-learner", "exact-learner", at, {}, [found]),
        d.lower("rank-regular", "P", 2, at, [found]),
        d.size("P", 2),
    )
    morse = d.record("principle-morse", {"error": "squared"})
    manifold = d.imply("manifold", "manifold", at, {"dimension": 2}, [learner, d.define("full-rank", at, full(2, 2, 2), [low, up])])
    point = d.imply("stationary-manifold", "stationary", at, {"radius": radius, "dimension": 2}, [learner, manifold])
    inertia = d.define("inertia", at, counts(0, 2, 2, 0, radius), [learner, low, up, morse])
    classed(d, "local-minimum", point, inertia, at, radius)
    return learner, point, inertia, low


def near_learner():
    """A manifold of global minima, seen at one of them in a box."""
    d = near()
    learner, point, inertia, low = critical_learner(d, learner_in_box(d))
    loss = loss_learner(d, learner, "0", "0", BOX, RADIUS)
    best = d.imply("global-learner", "global", BOX, {"radius": RADIUS}, [learner, squared_error(d)])
    summary(d, "global", ("0", "0"), (0, 2, 2, 0), (2, 2), [point, loss, inertia, best, low], BOX, RADIUS)
    return d.finish()


def near_learner_verified():
    """The same by the theorem of Newton and Kantorovich in double precision."""
    d = near()
    sigma = d.singular("P", "1/8")
    facts = {"point": 0, "distance": "1/1048576", "target_radius": "0"}
    learner = {"learner": BOX, "rank_lower": 2, **facts}
    found = d.claim("learner-ball", "exact-learning", EVERYWHERE, learner, [sigma], {"learner": BOX, **facts}, "VERIFIED_FLOAT")
    critical_learner(d, found, BOX, "1/1048576")
    return d.finish()


SATURATED = [layer([["40", "-40"], ["40", "-40"]], ["-60", "20"]), layer([["1"], ["1/2"]], ["1/3"])]


def not_critical():
    """A saturated point whose gradient is tiny and not 0."""
    d = Draft((1, 1), [["1"], ["-1"]], [["1"], ["-1"]], [layer([["40"]], ["0"])], output_activation="tanh")
    apart = {"parameter": 0, "precision": 256}
    found = d.claim("stationary-apart", "stationary", 0, {}, (), apart, "BALL", "REFUTED")
    loss = loss_ball(d, "0", "1/1" + "0" * 60, 0, "0")
    facts = {"kind": "not-critical", "loss_lower": "0", "loss_upper": "1/1" + "0" * 60, "radius": "0"}
    d.imply("not-critical", "critical-point", 0, facts, [found, loss], verdict="REFUTED")
    return d.finish()


def nowhere(d, direction):
    return d.claim("no-critical-point", "no-critical-point", EVERYWHERE, {}, (), {"direction": direction})


def unattained():
    """A separable neuron with tanh output: no critical point, and an infimum that is not attained."""
    d = Draft((1, 1), [["1"], ["-2"]], [["1"], ["-1"]], output_activation="tanh")
    d.imply("nowhere", "no-bad-local-minima", EVERYWHERE, {}, [nowhere(d, [["1"], ["0"]])])
    infimum(d, {"sample": 0, "output": 0})
    return d.finish()


def infimum(d, target):
    refuted = d.claim("unlearnable-range", "exact-learning", EVERYWHERE, {}, (), target, verdict="REFUTED")
    return d.imply("infimum-by-rank", "infimum-not-attained", EVERYWHERE, {}, [refuted, d.minor("Phi-0+")])


def unattained_logistic():
    d = Draft((1, 1), [["1"], ["-2"]], [["1"], ["0"]], error="logistic", bias="none")
    none = {"points": 0, "no_minima": 0, "known_global": 0, "global": None}
    facts = {"whole": True, "attained": False, "bounds": [], "minima": False, **none}
    d.imply("empty-list", "complete-list", EVERYWHERE, facts, [nowhere(d, [["1"]])])
    return d.finish()


def unattained_softmax():
    d = Draft((1, 2), [["1"], ["-2"]], [["1", "0"], ["0", "1"]], error="softmax")
    nowhere(d, [["1", "0"], ["0", "0"]])
    infimum(d, {"sample": 0, "output": 1})
    return d.finish()


def unattained_by_a_small_loss():
    """Two inputs that a steep neuron with sigmoid output tells apart: T J is below 1/8."""
    d = Draft((1, 1), [["1"], ["-2"]], [["1"], ["0"]], [layer([["4"]], ["1"])], output_activation="sigmoid")
    d.imply("infimum-by-loss", "infimum-not-attained", EVERYWHERE, {}, [loss_ball(d, "0", "1/100", 0, "0")])
    return d.finish()


def loss_in_doubles():
    """``(tanh 1 − 1)²/4 + (tanh(1/2))²/4`` from doubles."""
    d = Draft((1, 1, 1), [["1"], ["1/2"]], [["1"], ["0"]], [layer([["1"]], ["0"]), layer([["1"]], ["0"])])
    bounds = {"loss_lower": "67/1000", "loss_upper": "17/250"}
    d.claim("loss-bounds", "loss-bounds", 0, {**bounds, "radius": "0"}, (), {**bounds, "precision": "double"}, "VERIFIED_FLOAT")
    return d.finish()


CRITICAL_CASES = {
    function.__name__: function
    for function in (
        xor_stationary_log_3, xor_stationary_1, xor_at_zero, saddle_of_a_linear_network, strict_maximum, orbit_of_maxima, strict_minimum,
        merged_inside, merged_outside,
        relu_scaling, relu_scaled, idle_unit, blind_network, power_scaling, relu_inactive, two_minima, constant_minimum, floor_of_equal_inputs,
        linear_regression, all_forms, logistic_regression, exact_learner_minimum, near_learner, near_learner_verified, not_critical, unattained,
        unattained_logistic, unattained_softmax, unattained_by_a_small_loss, loss_in_doubles,
    )
}  # fmt: skip
