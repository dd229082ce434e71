"""Certificates about critical points made by hand, one or more for every rule."""

from __future__ import annotations

from fractions import Fraction

import mpmath

from cases.kernel_draft import EVERYWHERE, HERE, XOR_X, XOR_Y, Draft, layer

LOG3_HALF = ["0", [[["log", "3"], "1/2"]]]
MINUS_LOG3 = ["0", [[["log", "3"], "-1"]]]
RADIUS = "1/1099511627776"


def counts(negative, zero, positive, undecided=0, radius="0"):
    return {"negative": negative, "zero": zero, "positive": positive, "undecided": undecided, "radius": radius}


def exact(d, point=0):
    return d.claim("stationary-exact", "stationary", HERE, "PROVED", {"radius": "0", "dimension": 0}, point)


def boxed(d, radius=RADIUS, fixed=(), point=0, precision=128):
    evidence = {"fixed": list(fixed), "radius": radius, "precision": precision}
    facts = {"radius": radius, "dimension": len(fixed)}
    return d.claim("stationary-box", "stationary", HERE, "PROVED", facts, point, (), evidence, "BALL")


def loss_exact(d, value, point=0):
    return d.claim("loss-exact", "loss-bounds", HERE, "PROVED", {"loss_lower": value, "loss_upper": value, "radius": "0"}, point)


def loss_bounds(d, lower, upper, radius=RADIUS, point=0, precision=128):
    facts = {"loss_lower": lower, "loss_upper": upper, "radius": radius}
    return d.claim("loss-bounds", "loss-bounds", HERE, "PROVED", facts, point, (), {**facts, "precision": precision}, "BALL")


def inertia_ball(d, premise, negative, positive, N, dimension=0, radius=RADIUS, point=0, precision=128):
    rest = N - negative - positive
    zero = dimension if rest == dimension else 0
    evidence = {"negative": negative, "positive": positive, "precision": precision}
    facts = counts(negative, zero, positive, rest - zero, radius)
    return d.claim("inertia-ball", "inertia", HERE, "PROVED", facts, point, [premise], evidence, "BALL")


def classed(d, statement, point_claim, inertia, radius="0", point=0):
    return d.claim(statement, statement, HERE, "PROVED", {"radius": radius}, point, [point_claim, inertia])


def ranked(d, premise, rows, columns, residual, total, N, radius="0", point=0):
    evidence = {"rows": rows, "columns": columns, "precision": 128, "residual": residual}
    upper = min(N, total if residual is None else total - 1)
    facts = {"rank_lower": len(rows), "rank_upper": upper, "columns": total, "radius": radius}
    return d.claim("critical-rank", "critical-rank", HERE, "PROVED", facts, point, [premise], evidence, "BALL")


def summary(d, kind, loss, inertia, ranks, premises, radius="0", point=0):
    facts = {
        "kind": kind,
        "loss_lower": loss[0],
        "loss_upper": loss[1],
        "inertia": dict(zip(("negative", "zero", "positive", "undecided"), inertia, strict=True)),
        "radius": radius,
        "rank_lower": ranks[0],
        "rank_upper": ranks[1],
    }
    return d.claim("critical-point", "critical-point", HERE, "PROVED", facts, point, premises)


def xor_curve(sign="-1/4"):
    """Hidden unit 0 moves its second weight with t, its outgoing weight follows with t²."""
    return [[1, ["0", "1", *["0"] * 7]], [2, [*["0"] * 6, sign, "0", "0"]]]


def xor_stationary(c, d_weight):
    point = [layer([[d_weight, "0"], ["0", d_weight]], [c, c]), layer([["0"], ["0"]], ["1/2"])]
    return Draft((2, 2, 1), XOR_X, XOR_Y, point)


def descent(d, premise, curve, order, coefficient, rigor="BALL", point=0):
    evidence = {"curve": curve, "order": order, "coefficient": coefficient, "precision": 128}
    facts = {"order": order, "coefficient": coefficient, "radius": "0"}
    return d.claim("higher-order-descent", "higher-order-descent", HERE, "PROVED", facts, point, [premise], evidence, rigor)


def xor_stationary_log_3():
    """Zero output weights and bias 1/2 at hidden columns (-2c, 0, c), (0, -2c, c), c = log(3)/2: all exact."""
    d = xor_stationary(LOG3_HALF, MINUS_LOG3)
    point, loss = exact(d), loss_exact(d, "1/8")
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 6, 3), 0, [point])
    found = descent(d, point, xor_curve(), 4, "-1/128", "EXACT")
    rank = ranked(d, point, [6, 7, 8], [0, 1, 2], [0, 0], 4, 9)
    summary(d, "higher-order-descent", ("1/8", "1/8"), (0, 6, 3, 0), (3, 3), [point, loss, inertia, found, rank])
    return d.finish()


def xor_stationary_1():
    """The same at c = 1: the inertia in balls, its zeros by kernel vectors."""
    d = xor_stationary("1", "-2")
    point, loss = exact(d), loss_bounds(d, "1/8", "1/8", "0")
    inertia = inertia_ball(d, point, 0, 3, 9, radius="0")
    vectors = [[str(int(k == n)) for n in range(9)] for k in range(6)]
    whole = d.claim("inertia-kernel", "inertia", HERE, "PROVED", counts(0, 6, 3), 0, [inertia], {"vectors": vectors})
    found = descent(d, point, xor_curve("-1/8"), 4, "-1/200")
    summary(d, "higher-order-descent", ("1/8", "1/8"), (0, 6, 3, 0), (0, 4), [point, loss, whole, found])
    return d.finish()


def xor_at_zero():
    """W = 0 with bias 1/2: a family of critical points of a constant network, and descent along a curve."""
    d = Draft((2, 2, 1), XOR_X, XOR_Y, [layer([["0", "0"], ["0", "0"]], ["0", "0"]), layer([["0"], ["0"]], ["1/2"])])
    point = d.claim("stationary-constant", "stationary", HERE, "PROVED", {"radius": "0", "dimension": 4}, 0)
    loss = loss_exact(d, "1/8")
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 8, 1), 0, [point])
    # unit 0 gets z = t (x_1 + x_2): the residuals are orthogonal to all but the cubic term of tanh
    found = descent(d, point, [[1, ["1", "1", "0", "0", "0", "0", "1/8", "0", "0"]]], 4, "-5/256", "EXACT")
    summary(d, "higher-order-descent", ("1/8", "1/8"), (0, 8, 1, 0), (0, 4), [point, loss, inertia, found])
    return d.finish()


def saddle_of_a_linear_network():
    """1-1-1 identity without bias at W = 0: a saddle whose Hessian [[0, -1], [-1, 0]] needs a 2×2 pivot."""
    d = Draft((1, 1, 1), [["1"]], [["1"]], [layer([["0"]], ["0"]), layer([["0"]], ["0"])], activation="identity", bias="none")
    point, loss = exact(d), loss_exact(d, "1/2")
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(1, 0, 1), 0, [point])
    found = classed(d, "saddle", point, inertia)
    summary(d, "saddle", ("1/2", "1/2"), (1, 0, 1, 0), (0, 1), [point, loss, inertia, found])
    direct = descent(d, point, [[1, ["1", "1"]]], 2, "-1", "EXACT")
    summary(d, "higher-order-descent", ("1/2", "1/2"), (0, 0, 0, 2), (0, 1), [point, loss, direct])
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
    point, loss = boxed(d), loss_bounds(d, "1/10000", "1/1000")
    inertia = inertia_ball(d, point, 0, 4, 4)
    found = classed(d, "strict-minimum", point, inertia, RADIUS)
    rank = ranked(d, point, [0, 1, 2, 3], [0, 1, 2, 4], [0, 0], 5, 4, RADIUS)
    summary(d, "strict-minimum", ("1/10000", "1/1000"), (0, 0, 4, 0), (4, 4), [point, loss, inertia, found, rank], RADIUS)
    return d.finish()


def merged(shares):
    """1-2-1 tanh without biases, two copies of the unit of the best fit of v tanh(wx)."""
    X, Y = [["1"], ["2"], ["3"]], [["1/2"], ["7/8"], ["3/4"]]
    gradient = tanh_gradient([1, 2, 3], [mpmath.mpf(float(Fraction(y))) for [y] in Y])
    w, v = newton(lambda w, v: gradient(w, 0, v, 0)[::2], (0.7, 0.9))
    exact_v = Fraction(*float.fromhex(v).as_integer_ratio())
    rows = [[str(exact_v * Fraction(q))] for q in shares]
    return Draft((1, 2, 1), X, Y, [layer([[w, w]], ["0", "0"]), layer(rows, ["0"])], bias="none")


def merged_point(d, shares, radius=RADIUS, reach=RADIUS):
    evidence = {"layer": 1, "groups": [[0, 1]], "shares": list(shares), "radius": radius, "precision": 128}
    return d.claim("stationary-merged", "stationary", HERE, "PROVED", {"radius": reach, "dimension": 1}, 0, (), evidence, "BALL")


def merged_units(shares, reach, negative, positive, kind):
    d = merged(shares)
    point, loss = merged_point(d, shares, reach=reach), loss_bounds(d, "1/1000", "1/100", reach)
    inertia = inertia_ball(d, point, negative, positive, 4, 1, reach)
    found = classed(d, kind, point, inertia, reach)
    summary(d, kind, ("1/1000", "1/100"), (negative, 1, positive, 0), (0, 3), [point, loss, inertia, found], reach)
    return d.finish()


def merged_inside():
    """Two equal units that share the outgoing weight as 1/3 and 2/3 (Fukumizu and Amari)."""
    return merged_units(("1/3", "2/3"), RADIUS, 0, 3, "local-minimum")


def merged_outside():
    """The same with shares -1 and 2: the other kind of point."""
    return merged_units(("-1", "2"), "1/549755813888", 1, 2, "saddle")


BENT_X, BENT_Y = [["-1"], ["0"], ["1"], ["2"], ["3"]], [["1/4"], ["-1/4"], ["1"], ["1"], ["3"]]
BENT = [layer([["1"]], ["-1/3"]), layer([["1"]], ["0"])]


def relu_scaling():
    """1-1-1 relu at the best fit by a constant and a line: a minimum on the curve of scalings."""
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    point, loss = boxed(d, "1/1024", [0]), loss_bounds(d, "1/20", "1/10", "1/1024")
    inertia = inertia_ball(d, point, 0, 3, 4, 1, "1/1024")
    found = classed(d, "local-minimum", point, inertia, "1/1024")
    summary(d, "local-minimum", ("1/20", "1/10"), (0, 1, 3, 0), (0, 4), [point, loss, inertia, found], "1/1024")
    return d.finish()


def relu_scaled():
    """The same at the point itself, all exact."""
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    facts = {"radius": "0", "dimension": 1}
    point = d.claim("stationary-scaled", "stationary", HERE, "PROVED", facts, 0, (), {"fixed": [0]})
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 1, 3), 0, [point])
    classed(d, "local-minimum", point, inertia)
    return d.finish()


def idle_unit():
    """The minimum of a 1-1-1 network beside a unit that nothing listens to; its bias makes the derivative by its outgoing weight 0."""
    w, b, v, c = step_minimum()
    with mpmath.workdps(60):
        W, B, V, C = (mpmath.mpf(float.fromhex(x)) for x in (w, b, v, c))
        residuals = [V * mpmath.tanh(W * x + B) + C - y for x, y in zip(STEP_X, STEP_Y, strict=True)]
        [bias] = newton(lambda t: [sum(r * mpmath.tanh(x / 2 + t) for r, x in zip(residuals, STEP_X, strict=True))], (0.05,))
    d = Draft((1, 2, 1), STEP_X_TEXT, STEP_Y_TEXT, [layer([[w, "1/2"]], [b, bias]), layer([[v], ["0"]], [c])])
    evidence = {"layer": 1, "units": [1], "free": [[1]], "radius": RADIUS, "precision": 128}
    point = d.claim("stationary-idle", "stationary", HERE, "PROVED", {"radius": RADIUS, "dimension": 1}, 0, (), evidence, "BALL")
    inertia = inertia_ball(d, point, 1, 5, 7, 1)
    classed(d, "saddle", point, inertia, RADIUS)
    return d.finish()


def blind_network():
    """1-1-1-1 without weights in its first two layers; the output bias is the best constant for Cauchy's error."""
    with mpmath.workdps(60):
        [best] = newton(lambda c: [sum((c - y) / ((c - y) ** 2 + 2) for y in STEP_Y)], (0.3,))
    d = Draft(
        (1, 1, 1, 1),
        STEP_X_TEXT,
        STEP_Y_TEXT,
        [layer([["0"]], ["1/2"]), layer([["0"]], ["-1/3"]), layer([["0"]], [best])],
        error="cauchy:2",
    )
    evidence = {"layers": [1, 3], "radius": RADIUS, "precision": 128}
    d.claim("stationary-blind", "stationary", HERE, "PROVED", {"radius": RADIUS, "dimension": 3}, 0, (), evidence, "BALL")
    return d.finish()


def power_scaling():
    """1-1-1 power:2 without bias: w² v = 1 is the best fit, a curve of minima."""
    d = Draft(
        (1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], [layer([["-2"]], ["0"]), layer([["1/4"]], ["0"])], activation="power:2", bias="none"
    )
    point = boxed(d, "1/1024", [0])
    classed(d, "local-minimum", point, inertia_ball(d, point, 0, 1, 2, 1, "1/1024"), "1/1024")
    return d.finish()


def relu_inactive():
    """All hidden units inactive at all samples: the mean of the targets is best near it, and not far from it."""
    dead, fits = [layer([["1"]], ["-8"]), layer([["5"]], ["1"])], BENT
    d = Draft((1, 1, 1), BENT_X, BENT_Y, dead, fits, activation="relu")
    point, loss = exact(d), loss_exact(d, "49/80")
    evidence = {"layer": 1, "precision": 64}
    found = d.claim("local-minimum-inactive", "local-minimum", HERE, "PROVED", {"radius": "0"}, 0, [point], evidence, "BALL")
    summary(d, "local-minimum", ("49/80", "49/80"), (0, 0, 0, 4), (0, 4), [point, loss, found])
    other = loss_exact(d, "19/240", 1)
    facts = {"loss_lower": "49/80", "other_loss_upper": "19/240", "radius": "0"}
    bad = d.claim("suboptimal", "suboptimal", HERE, "PROVED", facts, 0, [found, loss, other])
    d.claim("no-bad-minima-suboptimal", "no-bad-local-minima", EVERYWHERE, "REFUTED", premises=[bad])
    return d.finish()


def constant_minimum():
    """Hidden weights 0 and a curvature of the right sign: a manifold of minima of a constant network, worse than a step."""
    constant = [layer([["0"]], [LOG3_HALF]), layer([["1"]], ["-1/2"])]
    d = Draft((1, 1, 1), [["-1"], ["0"], ["1"]], [["1"], ["-2"], ["1"]], constant, [layer([["8"]], ["-4"]), layer([["3/4"]], ["1/4"])])
    point = d.claim("stationary-constant", "stationary", HERE, "PROVED", {"radius": "0", "dimension": 2}, 0)
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 2, 2), 0, [point])
    found, loss = classed(d, "local-minimum", point, inertia), loss_exact(d, "1")
    other = loss_bounds(d, "7/10", "4/5", "0", 1)
    facts = {"loss_lower": "1", "other_loss_upper": "4/5", "radius": "0"}
    bad = d.claim("suboptimal", "suboptimal", HERE, "PROVED", facts, 0, [found, loss, other])
    d.claim("no-bad-minima-suboptimal", "no-bad-local-minima", EVERYWHERE, "REFUTED", premises=[bad])
    return d.finish()


def floor_of_equal_inputs():
    """Two targets at one input: their mean is best whatever the network."""
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["1"]], [layer([["1"]], ["2"]), layer([["0"]], ["1/2"])], activation="sin")
    point = exact(d)
    found = d.claim("global-floor", "global", HERE, "PROVED", {"radius": "0"}, 0, [point])
    summary(d, "global", ("1/8", "1/8"), (0, 0, 0, 4), (0, 2), [point, loss_exact(d, "1/8"), found])
    return d.finish()


def linear_regression():
    """One linear layer at the least-squares solution: strict and global."""
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], [layer([["3/2"]], ["-1/2"])])
    point, loss = exact(d), loss_exact(d, "1/4")
    inertia = d.claim("inertia-exact", "inertia", HERE, "PROVED", counts(0, 0, 2), 0, [point])
    classed(d, "strict-minimum", point, inertia)
    found = d.claim("global-convex", "global", HERE, "PROVED", {"radius": "0"}, 0, [point])
    rank = ranked(d, point, [0, 1], [0, 1], None, 3, 2)
    summary(d, "global", ("1/4", "1/4"), (0, 0, 2, 0), (2, 2), [point, loss, inertia, found, rank])
    return d.finish()


def logistic_regression():
    """Four overlapping samples: the minimum of a convex function, in a box."""
    data = list(zip((-2, -1, 1, 2), (0, 1, 0, 1), strict=True))

    def gradient(w, b):
        residuals = [(1 / (1 + mpmath.exp(-w * x - b)) - y, x) for x, y in data]
        return [sum(r * x for r, x in residuals), sum(r for r, _ in residuals)]

    w, b = newton(gradient, (0.4, 0))
    d = Draft((1, 1), [["-2"], ["-1"], ["1"], ["2"]], [["0"], ["1"], ["0"], ["1"]], [layer([[w]], [b])], error="logistic")
    point, loss = boxed(d), loss_bounds(d, "3/5", "13/20")
    inertia = inertia_ball(d, point, 0, 2, 2)
    found = d.claim("global-convex", "global", HERE, "PROVED", {"radius": RADIUS}, 0, [point])
    summary(d, "global", ("3/5", "13/20"), (0, 0, 2, 0), (0, 2), [point, loss, inertia, found], RADIUS)
    return d.finish()


def exact_learner_minimum():
    """A softsign network that fits its samples: all exact."""
    point = [layer([["1", "1"]], ["1", "2"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((1, 2, 1), [["0"], ["1"]], [["7/6"], ["17/12"]], point, activation="softsign", error="smooth-l1:2")
    learner = d.claim("exact-learning-point", "exact-learner", HERE, "PROVED", {}, 0)
    low, up = d.minor("P"), d.upper("rank-size", "P", 2, None)
    full = d.claim("full-rank", "full-rank", HERE, "PROVED", {"rank_lower": 2, "rank_upper": 2, "columns": 2}, 0, [low, up])
    morse = d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "smooth-l1:2"})
    error = d.claim("principle-error", "principle-error", EVERYWHERE, "PROVED", {"error": "smooth-l1:2"})
    rank = d.claim("hessian-rank-point", "hessian-rank", HERE, "PROVED", {"rank_lower": 2, "rank_upper": 2}, 0, [learner, low, up, morse])
    d.claim("stationary-learner", "stationary", HERE, "PROVED", {"radius": "0", "dimension": 0}, 0, [learner])
    found = d.claim("stationary-learner", "stationary", HERE, "PROVED", {"radius": "0", "dimension": 5}, 0, [learner, full])
    bounds = {"loss_lower": "7/5", "loss_upper": "3/2"}
    loss = d.claim(
        "loss-learner", "loss-bounds", HERE, "PROVED", {**bounds, "radius": "0"}, 0, [found], {**bounds, "precision": 64}, "BALL"
    )
    inertia = d.claim("inertia-learner", "inertia", HERE, "PROVED", counts(0, 5, 2), 0, [found, rank])
    classed(d, "local-minimum", found, inertia)
    best = d.claim("global-learner", "global", HERE, "PROVED", {"radius": "0"}, 0, [found, error])
    summary(d, "global", ("7/5", "3/2"), (0, 5, 2, 0), (0, 2), [found, loss, inertia, best])
    return d.finish()


LEARNER_POINT = [layer([["1"]], ["0"]), layer([["0x1.50231499b6b1ep-1"]], ["1/4"])]
DISTANCE = "1/549755813888"


def learner_in_box(d):
    evidence = {"point": 0, "parameters": [0, 3], "radius": RADIUS, "precision": 128}
    return d.claim(
        "exact-learning-krawczyk", "exact-learning", EVERYWHERE, "PROVED", {"distance": DISTANCE}, evidence=evidence, rigor="BALL"
    )


def near_learner():
    """A 1-1-1 tanh network near an exact learner: a manifold of global minima in a box."""
    d = Draft((1, 1, 1), [["0"], ["1"]], [["1/4"], ["3/4"]], LEARNER_POINT)
    learner = learner_in_box(d)
    morse = d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    error = d.claim("principle-error", "principle-error", EVERYWHERE, "PROVED", {"error": "squared"})
    found = d.claim("stationary-learner", "stationary", HERE, "PROVED", {"radius": DISTANCE, "dimension": 2}, 0, [learner])
    bounds = {"loss_lower": "0", "loss_upper": "0"}
    loss = d.claim("loss-learner", "loss-bounds", HERE, "PROVED", {**bounds, "radius": DISTANCE}, 0, [found], {**bounds, "precision": 64})
    inertia = d.claim("inertia-learner", "inertia", HERE, "PROVED", counts(0, 2, 2, 0, DISTANCE), 0, [found, morse])
    classed(d, "local-minimum", found, inertia, DISTANCE)
    best = d.claim("global-learner", "global", HERE, "PROVED", {"radius": DISTANCE}, 0, [found, error])
    rank = ranked(d, found, [0, 3], [0, 1], None, 2, 4, DISTANCE)
    summary(d, "global", ("0", "0"), (0, 2, 2, 0), (2, 2), [found, loss, inertia, best, rank], DISTANCE)
    return d.finish()


def near_learner_verified():
    """The same by the theorem of Newton and Kantorovich in double precision."""
    d = Draft((1, 1, 1), [["0"], ["1"]], [["1/4"], ["3/4"]], LEARNER_POINT)
    evidence = {"point": 0, "distance": "1/1048576"}
    rule = "exact-learning-kantorovich"
    learner = d.claim(rule, "exact-learning", EVERYWHERE, "PROVED", {"distance": "1/1048576"}, evidence=evidence, rigor="VERIFIED_FLOAT")
    found = d.claim("stationary-learner", "stationary", HERE, "PROVED", {"radius": "1/1048576", "dimension": 2}, 0, [learner])
    morse = d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    inertia = d.claim("inertia-learner", "inertia", HERE, "PROVED", counts(0, 2, 2, 0, "1/1048576"), 0, [found, morse])
    classed(d, "local-minimum", found, inertia, "1/1048576")
    full = {"rank_lower": 2, "rank_upper": 2, "columns": 2, "radius": "1/1048576"}
    d.claim("critical-rank-learner", "critical-rank", HERE, "PROVED", full, 0, [found])
    wide = {"point": 0, "distance": "1/64", "target_radius": "1/1000"}
    facts = {"radius": "1/1000"}
    d.claim("robust-targets-kantorovich", "robust-targets", EVERYWHERE, "PROVED", facts, evidence=wide, rigor="VERIFIED_FLOAT")
    return d.finish()


SATURATED = [layer([["40", "-40"], ["40", "-40"]], ["-60", "20"]), layer([["1"], ["1/2"]], ["1/3"])]


def not_critical():
    """A saturated point whose gradient is tiny and not 0."""
    w = [layer([["40"]], ["0"])]
    d = Draft((1, 1), [["1"], ["-1"]], [["1"], ["-1"]], w, output_activation="tanh")
    evidence = {"parameter": 0, "precision": 256}
    found = d.claim("stationary-refuted", "stationary", HERE, "REFUTED", {}, 0, (), evidence, "BALL")
    loss = loss_bounds(d, "0", "1/1" + "0" * 60, "0")
    facts = {"kind": "not-critical", "loss_lower": "0", "loss_upper": "1/1" + "0" * 60, "radius": "0"}
    d.claim("critical-point-refuted", "critical-point", HERE, "REFUTED", facts, 0, [found, loss])
    return d.finish()


def unattained():
    """A separable neuron with tanh output: no critical point, and an infimum that is not attained."""
    d = Draft((1, 1), [["1"], ["-2"]], [["1"], ["-1"]], output_activation="tanh")
    nowhere = d.claim("no-critical-point", "no-critical-point", EVERYWHERE, "PROVED", evidence={"direction": [["1"], ["0"]]})
    d.claim("no-bad-minima-nowhere", "no-bad-local-minima", EVERYWHERE, "PROVED", premises=[nowhere])
    out = d.claim("exact-learning-range", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"sample": 0, "output": 0})
    phi = d.minor("Phi-0+", None)
    d.claim("infimum-not-attained", "infimum-not-attained", EVERYWHERE, "PROVED", premises=[out, phi])
    return d.finish()


def unattained_logistic():
    d = Draft((1, 1), [["1"], ["-2"]], [["1"], ["0"]], error="logistic", bias="none")
    d.claim("no-critical-point", "no-critical-point", EVERYWHERE, "PROVED", evidence={"direction": [["1"]]})
    return d.finish()


def unattained_softmax():
    d = Draft((1, 2), [["1"], ["-2"]], [["1", "0"], ["0", "1"]], error="softmax")
    d.claim("no-critical-point", "no-critical-point", EVERYWHERE, "PROVED", evidence={"direction": [["1", "0"], ["0", "0"]]})
    out = d.claim("exact-learning-range", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"sample": 0, "output": 1})
    phi = d.minor("Phi-0+", None)
    d.claim("infimum-not-attained", "infimum-not-attained", EVERYWHERE, "PROVED", premises=[out, phi])
    return d.finish()


CRITICAL_CASES = {
    function.__name__: function
    for function in (
        xor_stationary_log_3, xor_stationary_1, xor_at_zero, saddle_of_a_linear_network, strict_minimum, merged_inside, merged_outside,
        relu_scaling, relu_scaled, idle_unit, blind_network, power_scaling, relu_inactive, constant_minimum, floor_of_equal_inputs, linear_regression,
        logistic_regression,
        exact_learner_minimum, near_learner, near_learner_verified, not_critical, unattained, unattained_logistic, unattained_softmax,
    )
}  # fmt: skip
