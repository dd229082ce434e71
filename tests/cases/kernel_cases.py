"""Certificates made by hand, one or more for every rule of the kernel; the builder stands in `kernel_draft`, critical points in `kernel_cases_critical`."""

from __future__ import annotations

import random
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpq_poly

from cases.kernel_cases_critical import CRITICAL_CASES
from cases.kernel_cases_kantorovich import KANTOROVICH_CASES
from cases.kernel_draft import ALMOST, EVERYWHERE, HERE, PRIME, XOR_X, XOR_Y, Draft, digest_of, layer, sealed
from cases.kernel_twin import matrix, rational
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES

KERNEL_FAMILIES = tuple(family for family in ACTIVATION_FAMILIES if family not in ("swish", "hard-tanh", "mish"))
"""The families that the tables of the kernel hold; certificates about others are refused."""
__all__ = [
    "ALMOST",
    "CASES",
    "EVERYWHERE",
    "HERE",
    "KERNEL_FAMILIES",
    "PRIME",
    "XOR_X",
    "XOR_Y",
    "Draft",
    "deficient_point",
    "digest_of",
    "layer",
    "sealed",
]


def xor_generic():
    """XOR, 2-2-1 tanh at rational weights of full rank: principles, ranks over Q(u), what follows."""
    point = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/2"]), layer([["1"], ["2"]], ["0"])]
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point)
    d.claim("count", "count", EVERYWHERE, "PROVED", {"N_net": 9, "required": 4})
    error = d.claim("principle-error", "principle-error", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("principle-activation", "principle-activation", EVERYWHERE, "PROVED", {"activation": "tanh", "output_activation": "identity"})
    d.claim("principle-widths", "principle-widths", EVERYWHERE, "PROVED", {"guaranteed": [1, 1]})
    weights = [d.minor("W-1"), d.minor("W-2")]
    d.claim("principle-weights", "principle-weights", HERE, "PROVED", {"ranks": [2, 1]}, 0, weights)
    phi0, phi1 = d.minor("Phi-0+", None), d.minor("Phi-1+", 0, u=12345)
    w2 = d.minor("W-2*")
    psi1, psi2 = d.lower("rank-psi", "Psi-1", 4, 0, [w2]), d.lower("rank-psi", "Psi-2", 4, 0)
    p1, p2 = d.minor("P-1", 0, u=12345), d.lower("rank-last-block", "P-2", 3, 0, [phi1])
    d.lower("rank-khatri-rao", "P-1", 2, 0, [phi0, psi1])
    up1 = d.upper("rank-size", "P-1", 4, None)
    up_phi1 = d.upper("rank-size", "Phi-1+", 3, None)
    up2 = d.upper("rank-last-block-upper", "P-2", 3, None, [up_phi1])
    layers = [{"layer": 1, "bound": 2, "rank_lower": 4, "rank_upper": 4}, {"layer": 2, "bound": 3, "rank_lower": 3, "rank_upper": 3}]
    d.claim("khatri-rao", "khatri-rao", HERE, "PROVED", {"layers": layers}, 0, [phi0, psi1, p1, up1, phi1, psi2, p2, up2])
    bounds = [{"layer": 1, "bound": 3}, {"layer": 2, "bound": 3}]
    d.claim("projection", "projection", HERE, "PROVED", {"layers": bounds}, 0, [phi0, psi1, phi1, psi2])
    low, up = d.lower("rank-block", "P", 4, 0, [p1]), d.upper("rank-size", "P", 4, None)
    facts = {"rank_lower": 4, "rank_upper": 4, "columns": 4}
    d.claim("full-rank", "full-rank", HERE, "PROVED", facts, 0, [low, up])
    generic = d.claim("full-rank-generic", "full-rank", ALMOST, "PROVED", facts, None, [low, up])
    zero = d.claim("full-rank-zero", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 1, "columns": 4}, evidence={"bias": "0"})
    d.claim("never-everywhere", "never-everywhere", EVERYWHERE, "PROVED", premises=[zero])
    d.claim("almost-everywhere", "almost-everywhere", ALMOST, "PROVED", premises=[generic, error])
    d.claim("hessian-rank-everywhere", "hessian-rank", EVERYWHERE, "PROVED", {"rank_lower": 0, "rank_upper": 4})
    d.claim("ggn-semidefinite-convex", "ggn-semidefinite", EVERYWHERE, "PROVED")
    d.claim("not-exact-point", "exact-learner", HERE, "REFUTED", {}, 0, (), {"sample": 0, "output": 0, "precision": 64}, "BALL")
    return d.finish()


def deficient_point(c):
    minus = [str(-2 * int(c)), "0"] if isinstance(c, str) else [["0", [[k, str(-2 * fmpq(1, 2))] for k, _ in c[1]]], "0"]
    return [layer([[minus[0], "0"], ["0", minus[0]]], [c, c]), layer([["1"], ["3"]], ["0"])]


def xor_deficient(c="1"):
    """XOR at full-rank weights where (1, -1, -1, 1) is a kernel vector of P (principles-suffice)."""
    d = Draft((2, 2, 1), XOR_X, XOR_Y, deficient_point(c))
    u = None if isinstance(c, list) else 777
    low = d.minor("P", 0, u)
    up = d.kernel("P", [["1", "-1", "-1", "1"]])
    facts = {"rank_lower": 3, "rank_upper": 3, "columns": 4}
    d.claim("full-rank", "full-rank", HERE, "REFUTED", facts, 0, [low, up])
    witness = d.claim("full-rank-witness", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 3, "columns": 4}, None, [up])
    d.claim("never-everywhere", "never-everywhere", EVERYWHERE, "PROVED", premises=[witness])
    if u is not None:
        weights = [d.minor("W-1"), d.minor("W-2")]
    else:
        weights = [d.ball("W-1"), d.minor("W-2")]
    d.claim("principles-suffice", "principles-suffice", EVERYWHERE, "REFUTED", {"rank_upper": 3, "columns": 4}, None, [*weights, up])
    return d.finish()


LOG3_HALF = ["0", [[["log", "3"], "1/2"]]]


def xor_at_log_3():
    """The same with c = log(3)/2, where all values of tanh are rational."""
    return xor_deficient(LOG3_HALF)


def softsign_exact():
    """2-2-1 softsign at rational weights: everything exact over Q, kernels from the left."""
    point = [layer([["1", "-2"], ["1/3", "0x1.8000000000000p+0"]], ["1", "1/2"]), layer([["0"], ["2"]], ["1"])]
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point, activation="softsign", error="cauchy:1/4")
    low = d.minor("P")
    vectors = [[str(int(r == k)) for r in range(9)] for k in range(3)]
    blocks = [d.kernel("P-1", [v[:6] for v in vectors], 0, "left"), d.upper("rank-size", "P-2", 3, None)]
    d.upper("rank-sum", "P", 6, 0, blocks)
    d.kernel("P", vectors, 0, "left")
    up = d.upper("rank-size", "P", 4, None)
    d.claim("full-rank", "full-rank", HERE, "PROVED", {"rank_lower": 4, "rank_upper": 4, "columns": 4}, 0, [low, up])
    d.minor("Psi-1")
    d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "cauchy:1/4"})
    return d.finish()


def weights_deficient():
    point = [layer([["1", "2"], ["2", "4"]], ["3", "6"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point, activation="sigmoid")
    up = d.kernel("W-1", [["-2", "1"]])
    d.claim("principle-weights", "principle-weights", HERE, "REFUTED", {"layer": 1, "rank_upper": 1}, 0, [up])
    return d.finish()


RELU_POINT = [layer([["1", "-2"], ["1", "1"]], ["1/4", "5/2"]), layer([["1"], ["2"]], ["0"])]


def relu_network():
    """2-2-1 relu away from its kinks: scaling symmetries, dead units, a linear region."""
    d = Draft((2, 2, 1), [*XOR_X, ["2", "1"]], [*XOR_Y, ["3"]], RELU_POINT, activation="relu")
    low = d.minor("P")
    inputs = d.upper("rank-size", "Phi-0+", 3, None)
    blocks = [d.upper("rank-product", "P-1", 5, None, [inputs]), d.upper("rank-size", "P-2", 3, None)]
    d.upper("rank-sum", "P", 8, None, blocks)
    d.upper("rank-homogeneous", "P", 7, None)
    dead = {"rank_lower": 0, "rank_upper": 1, "columns": 5}
    d.claim("full-rank-dead-units", "full-rank", ALMOST, "REFUTED", dead)
    linear = {"rank_lower": 0, "rank_upper": 3, "columns": 5}
    d.claim("full-rank-linear-region", "full-rank", ALMOST, "REFUTED", linear, None, [inputs])
    d.claim("full-rank-zero", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 1, "columns": 5}, evidence={"bias": "1"})
    exact = d.kernel("P", rational_kernel(matrix(d.document, 0, "P", read=rational)))
    facts = {"rank_lower": 4, "rank_upper": 4, "columns": 5}
    d.claim("full-rank", "full-rank", HERE, "REFUTED", facts, 0, [low, exact])
    return d.finish()


def rational_kernel(rows):
    """The right kernel over Q in the reduced form of `rank-kernel`, by FLINT: reduced echelon form of the columns in reverse."""
    width = len(rows[0])
    table = fmpq_mat([[fmpq(x.numerator, x.denominator) for x in map(Fraction, reversed(row))] for row in rows])
    reduced, rank = table.rref()
    leading = [next(c for c in range(width) if reduced[r, c] != 0) for r in range(rank)]
    vectors = []
    for free in (c for c in range(width) if c not in leading):
        vector = [fmpq(0)] * width
        vector[free] = fmpq(1)
        for r, c in enumerate(leading):
            vector[c] = -reduced[r, free]
        vectors.append([str(x) for x in reversed(vector)])
    return echelon(vectors)


def echelon(vectors):
    """Bring independent vectors into the reduced form: last non-zero entries 1, increasing, 0 in all others."""
    table = fmpq_mat([[fmpq(*map(int, [*x.split("/"), "1"][:2])) for x in reversed(v)] for v in vectors])
    reduced, rank = table.rref()
    return [[str(reduced[r, c]) for c in reversed(range(table.ncols()))] for r in reversed(range(rank))]


def relu_too_few_weights():
    d = Draft((1, 1, 1), [["1"], ["2"], ["3"]], [["0"], ["0"], ["1"]], activation="relu", bias="none")
    up = d.upper("rank-homogeneous", "P", 1, None)
    d.claim("count", "count", EVERYWHERE, "REFUTED", {"N_net": 2, "required": 3})
    nowhere = d.claim("full-rank-nowhere", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 1, "columns": 3}, None, [up])
    d.claim("never-everywhere", "never-everywhere", EVERYWHERE, "PROVED", premises=[nowhere])
    return d.finish()


def single_layer():
    """L = 1 with independent inputs: full rank everywhere, no bad local minima."""
    X, Y = [["0", "0"], ["1", "0"], ["0", "1"]], [["0", "1"], ["2", "1/2"], ["1", "1"]]
    d = Draft((2, 2), X, Y)
    phi = d.minor("Phi-0+", None)
    full = d.claim("full-rank-single-layer", "full-rank", EVERYWHERE, "PROVED", {"rank_lower": 6, "columns": 6}, None, [phi])
    error = d.claim("principle-error", "principle-error", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("no-bad-minima-full-rank", "no-bad-local-minima", EVERYWHERE, "PROVED", premises=[full, error])
    d.claim("no-bad-minima-convex", "no-bad-local-minima", EVERYWHERE, "PROVED")
    up = d.upper("rank-size", "Phi-0+", 3, None)
    d.upper("rank-linear", "P", 6, None, [up])
    d.claim("exact-learning-wide", "exact-learning", EVERYWHERE, "PROVED", premises=[phi])
    d.claim("principle-widths", "principle-widths", EVERYWHERE, "PROVED", {"guaranteed": [2]})
    return d.finish()


def linear_reach():
    d = Draft((2, 1), XOR_X, XOR_Y)
    d.claim("exact-learning-linear", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"combination": ["1", "-1", "-1", "1"]})
    return d.finish()


def linear_reach_fixed():
    d = Draft((1, 1), [["1"], ["2"]], [["1"], ["2"]], bias="fixed", fixed_bias=[["1/2"]])
    d.claim("exact-learning-linear", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"combination": ["-2", "1"]})
    return d.finish()


def clash():
    d = Draft((1, 2, 1), [["1"], ["2"], ["1"]], [["0"], ["1"], ["1"]])
    up = d.upper("rank-duplicate", "P", 2, None)
    d.claim("exact-learning-clash", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"samples": [0, 2]})
    d.claim("full-rank-nowhere", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 2, "columns": 3}, None, [up])
    return d.finish()


def polynomial():
    X = [[str(i)] for i in range(5)]
    point = [layer([["1", "2", "3"]], ["1", "-1", "2"]), layer([["1"], ["1"], ["2"]], ["0"])]
    d = Draft((1, 3, 1), X, [["1"]] * 5, point, activation="power:2")
    low, up = d.minor("P"), d.upper("rank-polynomial", "P", 3, None)
    facts = {"rank_lower": 3, "rank_upper": 3, "columns": 5}
    d.claim("full-rank-generic", "full-rank", ALMOST, "REFUTED", facts, None, [low, up])
    d.claim(
        "principle-activation", "principle-activation", EVERYWHERE, "REFUTED", {"activation": "power:2", "output_activation": "identity"}
    )
    return d.finish()


def wide():
    """n_1 = T: exact learning and what follows at the learners it gives."""
    X = [["0"], ["1"], ["5/2"]]
    point = [layer([["1", "-1", "2"]], ["0", "1", "-1"]), layer([["1"], ["1"], ["1"]], ["0"])]
    d = Draft((1, 3, 1), X, [["1"], ["0"], ["7"]], point)
    phi, plus = d.minor("Phi-1", 0, u=99), d.ball("Phi-1+", 0)
    d.claim("one-hidden-layer", "one-hidden-layer", HERE, "PROVED", {}, 0, [phi])
    d.claim("wide-layer", "wide-layer", HERE, "PROVED", {"layer": 1}, 0, [plus])
    learning = d.claim("exact-learning-wide", "exact-learning", EVERYWHERE, "PROVED", {}, None, [plus])
    morse = d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("hessian-rank-exists", "hessian-rank", EVERYWHERE, "PROVED", {"rank_lower": 3, "rank_upper": 3}, None, [learning, morse])
    d.claim("manifold-exists", "manifold", EVERYWHERE, "PROVED", {"dimension": 7}, None, [learning])
    d.claim("ggn-exists", "ggn", EVERYWHERE, "PROVED", {"order": 2}, None, [learning, morse], None, "CITED")
    return d.finish()


def exact_learner():
    """A softsign network that fits its samples, away from z = 0."""
    point = [layer([["1", "1"]], ["1", "2"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((1, 2, 1), [["0"], ["1"]], [["7/6"], ["17/12"]], point, activation="softsign")
    learner = d.claim("exact-learning-point", "exact-learner", HERE, "PROVED", {}, 0)
    d.claim("exact-learning-exists", "exact-learning", EVERYWHERE, "PROVED", premises=[learner])
    low, up = d.minor("P"), d.upper("rank-size", "P", 2, None)
    full = d.claim("full-rank", "full-rank", HERE, "PROVED", {"rank_lower": 2, "rank_upper": 2, "columns": 2}, 0, [low, up])
    morse = d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("hessian-rank-point", "hessian-rank", HERE, "PROVED", {"rank_lower": 2, "rank_upper": 2}, 0, [learner, low, up, morse])
    d.claim("manifold-point", "manifold", HERE, "PROVED", {"dimension": 5}, 0, [learner, full])
    d.claim("ggn-point", "ggn", HERE, "PROVED", {"order": 2}, 0, [learner, full, morse], None, "CITED")
    return d.finish()


def far_residuals(error="cauchy:1/4"):
    """Weights whose residuals lie where the error curves downwards."""
    point = [layer([["1", "-2"], ["1", "1"]], ["1/4", "1/2"]), layer([["0"], ["0"]], ["9"])]
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point, error=error)
    evidence = {"point": 0, "output": 0, "precision": 64}
    d.claim("ggn-semidefinite-witness", "ggn-semidefinite", EVERYWHERE, "REFUTED", {}, evidence=evidence, rigor="BALL")
    return d.finish()


def far_residuals_blake():
    return far_residuals("blake-zisserman:1")


def bounded_output():
    d = Draft((1, 2, 1), [["0"], ["1"]], [["1/2"], ["2"]], output_activation="tanh", error="cauchy:9")
    d.claim("ggn-semidefinite-range", "ggn-semidefinite", EVERYWHERE, "PROVED")
    d.claim("exact-learning-range", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"sample": 1, "output": 0})
    return d.finish()


def bottleneck():
    X = [["0", "0", "1"], ["1", "0", "0"], ["0", "1", "1"], ["1", "1", "2"]]
    d = Draft((3, 1, 2), X, [["0", "1"]] * 4, activation="elu")
    up = d.upper("rank-bottleneck", "P", 6, None)
    d.claim("full-rank-nowhere", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 6, "columns": 8}, None, [up])
    return d.finish()


def one_hot():
    d = Draft((1, 2, 2), [["0"], ["1"]], [["1", "0"], ["1/2", "1/2"]], error="softmax")
    d.claim("exact-learning-range", "exact-learning", EVERYWHERE, "REFUTED", {}, evidence={"sample": 0, "output": 1})
    d.claim("principle-morse", "principle-morse", EVERYWHERE, "REFUTED", {"error": "softmax"})
    return d.finish()


def probabilities():
    """Logistic error with targets strictly inside (0, 1)."""
    point = [layer([["1", "-1"]], ["0", "1"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((1, 2, 1), [["0"], ["1"]], [["1/3"], ["1/2"]], point, error="logistic", activation="gelu")
    plus = d.ball("Phi-1+")
    d.claim("exact-learning-wide", "exact-learning", EVERYWHERE, "PROVED", {}, None, [plus])
    return d.finish()


def single_sample():
    d = Draft((1, 2, 2), [["3"]], [["1", "0"]])
    d.claim("full-rank-single-sample", "full-rank", EVERYWHERE, "PROVED", {"rank_lower": 2, "columns": 2})
    return d.finish()


def balls():
    """Roots, exponentials and pi as weights: only balls apply; two layers, a vanishing output derivative."""
    point = [
        layer([[["0", [[["root", "2", 2], "1"]]], ["1", [[["pi"], "-1/2"]]]]], ["0", "1"]),
        layer([["1"], [["0", [[["exp", "1/2"], "1/3"]]]]], ["1/7"]),
    ]
    d = Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["0"]], point, activation="erf", output_activation="sin")
    low, up = d.ball("P"), d.upper("rank-size", "P", 2, None)
    facts = {"rank_lower": 2, "rank_upper": 2, "columns": 2}
    d.claim("full-rank", "full-rank", HERE, "PROVED", facts, 0, [low, up])
    d.ball("Psi-1"), d.ball("P-2"), d.ball("W-1")
    return d.finish()


def verified_float():
    """Full column rank in double precision, with a deeper network and two outputs."""
    rng = random.Random(5)
    hexed = lambda rows, columns: [[rng.gauss(0, 1).hex() for _ in range(columns)] for _ in range(rows)]  # noqa: E731
    point = [layer(hexed(3, 6), hexed(1, 6)[0]), layer(hexed(6, 5), hexed(1, 5)[0]), layer(hexed(5, 2), ["1/3", "0"])]
    d = Draft((3, 6, 5, 2), hexed(8, 3), hexed(8, 2), point, activation="bent-identity")
    low = d.lower("rank-gram", "P", 16, 0, rigor="VERIFIED_FLOAT")
    up = d.upper("rank-size", "P", 16, None)
    d.claim("full-rank", "full-rank", HERE, "PROVED", {"rank_lower": 16, "rank_upper": 16, "columns": 16}, 0, [low, up])
    for rule in ("rank-gram", "rank-gram-balanced", "rank-gram-preconditioned"):
        d.lower(rule, "P-2", 16, 0, rigor="VERIFIED_FLOAT")
    return d.finish()


def function_field():
    """1-1-1 sigmoid without biases at three samples: the kernel of P over Q(u), u = e^{1/2}, is spanned by one vector of polynomials."""
    d = Draft((1, 1, 1), [["1"], ["2"], ["1/2"]], [["0"], ["0"], ["0"]], [layer([["1"]], ["0"]), layer([["1"]], ["0"])],
              activation="sigmoid", bias="none")  # fmt: skip
    powers = [2, 4, 1]  # z = m/2
    inputs = [fmpq(1), fmpq(2), fmpq(1, 2)]
    e = [fmpq_poly([0] * m + [1]) for m in powers]
    # column i times (1 + e_i)^2 is (x_i e_i, e_i (1 + e_i)): divide by e_i, so the kernel vector is a cross product
    rows = [[fmpq_poly([x]) for x in inputs], [1 + p for p in e]]
    cross = [rows[0][(i + 1) % 3] * rows[1][(i + 2) % 3] - rows[0][(i + 2) % 3] * rows[1][(i + 1) % 3] for i in range(3)]
    others = [e[(i + 1) % 3] * e[(i + 2) % 3] for i in range(3)]
    vector = [2 * cross[i] * (1 + e[i]) ** 2 * others[i] for i in range(3)]
    pairs = [[[k, str(c)] for k, c in enumerate(entry.coeffs()) if c != 0] for entry in vector]
    assert all("/" not in c for entry in pairs for _, c in entry)
    up = d.upper("rank-kernel-function-field", "P", 2, 0, evidence={"vectors": [pairs]})
    low = d.minor("P", 0, u=31337)
    d.claim("full-rank", "full-rank", HERE, "REFUTED", {"rank_lower": 2, "rank_upper": 2, "columns": 3}, 0, [low, up])
    return d.finish()


def learner_in_a_box():
    """An exact learner of a 1-1-1 tanh network near a rational point, and all targets within 1/1000 of its own."""
    d = Draft(
        (1, 1, 1),
        [["0"], ["1"]],
        [["1/4"], ["3/4"]],
        [layer([["1"]], ["0"]), layer([["0x1.50231499b6b1ep-1"]], ["1/4"])],
        activation="tanh",
    )
    evidence = {"point": 0, "parameters": [0, 3], "radius": "1/1099511627776", "precision": 128}
    wide = {"point": 0, "parameters": [0, 3], "radius": "1/16", "precision": 128, "target_radius": "1/1000"}
    found = d.claim(
        "exact-learning-krawczyk", "exact-learning", EVERYWHERE, "PROVED", {"distance": "1/549755813888"}, evidence=evidence, rigor="BALL"
    )
    d.claim("robust-targets", "robust-targets", EVERYWHERE, "PROVED", {"radius": "1/1000"}, evidence=wide, rigor="BALL")
    morse = d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim(
        "hessian-rank-exists",
        "hessian-rank",
        EVERYWHERE,
        "PROVED",
        {"rank_lower": 2, "rank_upper": 2},
        premises=[found, morse],
        rigor="BALL",
    )
    d.claim("manifold-exists", "manifold", EVERYWHERE, "PROVED", {"dimension": 2}, premises=[found], rigor="BALL")
    return d.finish()


def softsign_almost_everywhere():
    """XOR, 2-2-1, softsign: full rank for each of the 36 patterns of signs at one tuple of residues."""
    d = Draft((2, 2, 1), XOR_X, XOR_Y, activation="softsign")
    full = {"rank_lower": 4, "rank_upper": 4, "columns": 4}
    evidence = {"prime": 1048583, "weights": [12345, 777, 31, 4242, 99991, 54321, 1000, 2718, 5]}
    generic = d.claim("full-rank-sign-patterns", "full-rank", ALMOST, "PROVED", full, evidence=evidence)
    principle = d.claim("principle-error", "principle-error", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("almost-everywhere", "almost-everywhere", ALMOST, "PROVED", premises=[generic, principle])
    return d.finish()


def free_values(rows, columns, exponentials, weights, values):
    return {"rows": rows, "columns": columns, "prime": 1048583, "exponentials": exponentials, "weights": weights, "values": values}


def deep_tanh_almost_everywhere():
    """1-2-2-1, tanh: full rank at almost all weights, with the values of the second layer as free variables."""
    d = Draft((1, 2, 2, 1), [["1/2"], ["1"], ["-3"]], [["0"], ["1"], ["0"]])
    up = d.upper("rank-size", "P", 3, None)
    weights, values = [[[17, 29], [31, 5]], [[3], [11]]], [[[2, 3], [5, 7], [13, 19]]]
    evidence = free_values([0, 1, 4], [0, 1, 2], [[12345, 777], [4242, 31]], weights, values)
    full = {"rank_lower": 3, "rank_upper": 3, "columns": 3}
    generic = d.claim("full-rank-independent-values", "full-rank", ALMOST, "PROVED", full, None, [up], evidence)
    principle = d.claim("principle-error", "principle-error", EVERYWHERE, "PROVED", {"error": "squared"})
    d.claim("almost-everywhere", "almost-everywhere", ALMOST, "PROVED", premises=[generic, principle])
    return d.finish()


def sigmoid_rank_almost_everywhere():
    """2-1-2, sigmoid without bias: too few weights, and their number is the rank at almost all weights."""
    d = Draft((2, 1, 2), [["1", "2"], ["2", "-1"], ["0", "1/3"]], [["0", "1"]] * 3, activation="sigmoid", bias="none")
    up = d.upper("rank-size", "P", 4, None)
    evidence = free_values([0, 1, 2, 3], [0, 1, 2, 4], [[12345, 777]], [[[17, 29]]], [])
    d.claim(
        "full-rank-independent-values",
        "full-rank",
        ALMOST,
        "REFUTED",
        {"rank_lower": 4, "rank_upper": 4, "columns": 6},
        None,
        [up],
        evidence,
    )
    return d.finish()


def quadratic_forms():
    """3-2-1, squares without bias: quadratic forms of rank 2, a variety of dimension 5."""
    X = [["1", "0", "2"], ["0", "1", "3"], ["1", "1", "1"], ["2", "-1", "0"], ["1/2", "3", "1"], ["-1", "2", "5"], ["4", "1", "1"]]
    point = [layer([["1", "2"], ["3", "-1"], ["2", "5"]], ["0", "0"]), layer([["1"], ["3"]], ["0"])]
    d = Draft((3, 2, 1), X, [["1"]] * 7, point, activation="power:2", bias="none")
    d.upper("rank-homogeneous", "P", 6, None)
    d.upper("rank-polynomial", "P", 6, None)
    low, up = d.minor("P"), d.upper("rank-composition", "P", 5, None)
    d.claim("full-rank-generic", "full-rank", ALMOST, "REFUTED", {"rank_lower": 5, "rank_upper": 5, "columns": 7}, None, [low, up])
    return d.finish()


def deep_powers():
    """2-1-2-2, cubes without bias: a single unit makes all that follows a multiple of one power of it."""
    d = Draft((2, 1, 2, 2), [["1", "2"], ["3", "1"], ["1", "-5"]], [["1", "1"]] * 3, activation="power:3", bias="none")
    d.upper("rank-composition", "P", 3, None)
    d.upper("rank-bottleneck", "P", 4, None)
    return d.finish()


def narrow_linear():
    """3-1-3, identity without bias: matrices of rank 1, a variety of dimension 5."""
    X = [["1", "0", "2"], ["0", "1", "3"], ["1", "1", "1"], ["2", "-1", "0"]]
    point = [layer([["1"], ["3"], ["2"]], ["0"]), layer([["1", "3", "5"]], ["0", "0", "0"])]
    d = Draft((3, 1, 3), X, [["1", "0", "0"]] * 4, point, activation="identity", bias="none")
    inputs = d.upper("rank-size", "Phi-0+", 3, None)
    low, up = d.minor("P"), d.upper("rank-linear", "P", 5, None, [inputs])
    d.claim("full-rank-generic", "full-rank", ALMOST, "REFUTED", {"rank_lower": 5, "rank_upper": 5, "columns": 12}, None, [low, up])
    return d.finish()


def dead_outputs():
    """A relu output that is inactive at one of two samples."""
    d = Draft((1, 1, 1), [["1"], ["2"]], [["0"], ["0"]], [layer([["1"]], ["0"]), layer([["1"]], ["-7/8"])], activation="tanh",
              output_activation="relu")  # fmt: skip
    low, up = d.ball("P"), d.upper("rank-dead-outputs", "P", 1, 0, evidence={"outputs": [[0, 0]], "precision": 64}, rigor="BALL")
    facts = {"rank_lower": 1, "rank_upper": 1, "columns": 2}
    d.claim("full-rank", "full-rank", HERE, "REFUTED", facts, 0, [low, up], rigor="BALL")
    return d.finish()


def zero_input():
    """Without bias the columns of the input 0 vanish."""
    d = Draft((1, 2, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["1"]], activation="tanh", bias="none")
    up = d.upper("rank-duplicate", "P", 2, None)
    d.claim("full-rank-nowhere", "full-rank", EVERYWHERE, "REFUTED", {"rank_upper": 2, "columns": 3}, premises=[up])
    return d.finish()


def deep_linear():
    """A linear network without a bottleneck, biases trainable: theorems about local minima, two of them on centred samples."""
    X, Y = [["0", "0"], ["1", "0"], ["0", "1"], ["1", "3"]], [["0", "1"], ["2", "1/2"], ["1", "1"], ["3", "-1"]]
    d = Draft((2, 2, 2), X, Y, activation="identity")
    theorems = ("kawaguchi-2016", {"prime": PRIME}), ("lu-kawaguchi-2017", {"prime": PRIME}), ("laurent-von-brecht-2018", {})
    for theorem, evidence in theorems:
        found = d.claim(f"cited-{theorem}", theorem, EVERYWHERE, "PROVED", {"applicable": "yes"}, evidence=evidence, rigor="CITED")
        d.claim("no-bad-minima-cited", "no-bad-local-minima", EVERYWHERE, "PROVED", premises=[found], rigor="CITED")
    return d.finish()


def wide_network():
    """More hidden units than samples: what others prove of it, none of which decides the conclusion."""
    d = Draft((1, 4, 1), [["0"], ["1"], ["3"]], [["0"], ["1"], ["0"]], activation="tanh")
    theorems = (
        ("nguyen-hein-2017", {"layer": 1}),
        ("li-ding-sun", {"coordinate": 0}),
        ("ding-li-sun-2019", {"prime": PRIME}),
        ("venturi-bandeira-bruna", {}),
    )
    for theorem, evidence in theorems:
        d.claim(f"cited-{theorem}", theorem, EVERYWHERE, "PROVED", {"applicable": "yes"}, evidence=evidence, rigor="CITED")
    return d.finish()


def separable_classes():
    """The conjunction of two bits, with sigmoid units."""
    d = Draft((2, 2, 1), XOR_X, [["0"], ["0"], ["0"], ["1"]], activation="sigmoid", output_activation="sigmoid")
    facts, evidence = {"applicable": "yes"}, {"direction": ["2", "2", "-3"]}
    found = d.claim("cited-gori-tesi-1992", "gori-tesi-1992", EVERYWHERE, "PROVED", facts, evidence=evidence, rigor="CITED")
    d.claim("no-bad-minima-cited", "no-bad-local-minima", EVERYWHERE, "PROVED", premises=[found], rigor="CITED")
    return d.finish()


CASES = {
    function.__name__: function
    for function in (
        xor_generic, xor_deficient, xor_at_log_3, softsign_exact, weights_deficient, relu_network, relu_too_few_weights, single_layer,
        linear_reach, linear_reach_fixed, clash, polynomial, wide, exact_learner, far_residuals, far_residuals_blake, bounded_output,
        bottleneck, one_hot, probabilities, single_sample, balls, verified_float, function_field, learner_in_a_box,
        softsign_almost_everywhere, deep_tanh_almost_everywhere, sigmoid_rank_almost_everywhere, quadratic_forms, deep_powers, narrow_linear,
        zero_input, dead_outputs, deep_linear, wide_network, separable_classes,
    )
}  # fmt: skip
CASES |= CRITICAL_CASES | KANTOROVICH_CASES
