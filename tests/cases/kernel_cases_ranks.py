"""Certificates made by hand for the rules about ranks, and what is said of full rank."""

from __future__ import annotations

import random
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpq_poly

from cases.kernel_draft import ALMOST, EVERYWHERE, OPEN, SOME, XOR_X, XOR_Y, Draft, layer, residues
from cases.kernel_twin import matrix, rational

SMALL_PRIME = 1048583
LOG3_HALF = ["0", [[["log", "3"], "1/2"]]]


def full(lower, upper, columns):
    return {"rank_lower": lower, "rank_upper": upper, "columns": columns}


def squared_error(d):
    return d.record("principle-error", {"error": "squared"})


def xor_generic():
    """XOR, 2-2-1 tanh at rational weights of full rank: principles, ranks over Q(u), what follows."""
    point = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/2"]), layer([["1"], ["2"]], ["0"])]
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point)
    d.record("count", {"N_net": 9, "required": 4})
    error = squared_error(d)
    d.record("principle-morse", {"error": "squared"})
    d.record("principle-activation", {"activation": "tanh", "output_activation": "identity"})
    d.record("principle-widths", {"guaranteed": [1, 1]})
    d.define("principle-weights", 0, {"ranks": [2, 1]}, [d.minor("W-1"), d.minor("W-2")])
    phi0, phi1, w2 = d.minor("Phi-0+"), d.minor("Phi-1+", u=12345), d.minor("W-2*")
    psi1, psi2 = d.lower("rank-sylvester", "Psi-1", 4, 0, [w2]), d.lower("rank-sylvester", "Psi-2", 4)
    p1, p2 = d.minor("P-1", u=12345), d.lower("rank-sylvester", "P-2", 3, 0, [phi1, psi2])
    d.lower("rank-sylvester", "P-1", 2, 0, [phi0, psi1])
    up1, up2 = d.size("P-1", 4), d.upper("rank-sylvester", "P-2", 3, EVERYWHERE, [d.size("Phi-1+", 3)])
    layers = [{"layer": 1, "bound": 2, "rank_lower": 4, "rank_upper": 4}, {"layer": 2, "bound": 3, "rank_lower": 3, "rank_upper": 3}]
    d.define("khatri-rao", 0, {"layers": layers}, [phi0, psi1, p1, up1, phi1, psi2, p2, up2])
    d.define("projection", 0, {"layers": [{"layer": 1, "bound": 3}, {"layer": 2, "bound": 3}]}, [phi0, phi1, w2])
    low, up = d.lower("rank-stack", "P", 4, 0, [p1]), d.size("P", 4)
    d.define("full-rank", 0, full(4, 4, 4), [low, up])
    almost = d.lower("rank-almost", "P", 4, ALMOST, [low])
    generic = d.define("full-rank", ALMOST, full(4, 4, 4), [almost, up])
    zero = d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "0", "output_bias": "0"})
    fails = d.define("full-rank", EVERYWHERE, {"rank_upper": 1, "columns": 4}, [zero], "REFUTED")
    d.imply("never-everywhere", "never-everywhere", EVERYWHERE, {}, [fails])
    d.imply("almost-everywhere", "almost-everywhere", ALMOST, {}, [generic, error])
    d.record("hessian-rank", {"rank_lower": 0, "rank_upper": 4})
    d.record("ggn-semidefinite")
    apart = {"sample": 0, "output": 0, "precision": 64}
    d.claim("learner-apart", "exact-learner", 0, {}, (), apart, "BALL", "REFUTED")
    return d.finish()


def deficient_point(c):
    minus = str(-2 * int(c)) if isinstance(c, str) else ["0", [[k, str(-2 * fmpq(1, 2))] for k, _ in c[1]]]
    return [layer([[minus, "0"], ["0", minus]], [c, c]), layer([["1"], ["3"]], ["0"])]


def xor_deficient(c="1"):
    """XOR at full-rank weights where (1, -1, -1, 1) is a kernel vector of P (principles-suffice)."""
    d = Draft((2, 2, 1), XOR_X, XOR_Y, deficient_point(c))
    rational_point = isinstance(c, str)
    low, up = d.minor("P", u=777 if rational_point else None), d.kernel("P", [["1", "-1", "-1", "1"]])
    d.define("full-rank", 0, full(3, 3, 4), [low, up], "REFUTED")
    d.define("identifiable", 0, {"rank_lower": 3, "rank_upper": 3, "N_net": 9}, [low, up], "REFUTED")
    fails = d.define("full-rank", EVERYWHERE, {"rank_upper": 3, "columns": 4}, [up], "REFUTED")
    d.imply("never-everywhere", "never-everywhere", EVERYWHERE, {}, [fails])
    weights = [d.minor("W-1") if rational_point else d.inclusion("W-1"), d.minor("W-2")]
    d.define("principles-suffice", EVERYWHERE, {"rank_upper": 3, "columns": 4}, [*weights, up], "REFUTED")
    return d.finish()


def xor_at_log_3():
    """The same with c = log(3)/2, where all values of tanh are rational."""
    return xor_deficient(LOG3_HALF)


def softsign_exact():
    """2-2-1 softsign at rational weights: everything exact over Q, kernels from the left."""
    point = [layer([["1", "-2"], ["1/3", "0x1.8000000000000p+0"]], ["1", "1/2"]), layer([["0"], ["2"]], ["1"])]
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point, activation="softsign", error="cauchy:1/4")
    low = d.minor("P")
    vectors = [[str(int(r == k)) for r in range(9)] for k in range(3)]
    blocks = [d.kernel("P-1", [v[:6] for v in vectors], 0, "left"), d.size("P-2", 3)]
    d.upper("rank-stack", "P", 6, 0, blocks)
    d.kernel("P", vectors, 0, "left")
    d.define("full-rank", 0, full(4, 4, 4), [low, d.size("P", 4)])
    d.minor("Psi-1")
    d.record("principle-morse", {"error": "cauchy:1/4"})
    return d.finish()


def weights_deficient():
    point = [layer([["1", "2"], ["2", "4"]], ["3", "6"]), layer([["1"], ["1"]], ["0"])]
    d = Draft((2, 2, 1), XOR_X, XOR_Y, point, activation="sigmoid")
    d.define("principle-weights", 0, {"layer": 1, "rank_upper": 1}, [d.kernel("W-1", [["-2", "1"]])], "REFUTED")
    return d.finish()


RELU_POINT = [layer([["1", "-2"], ["1", "1"]], ["1/4", "5/2"]), layer([["1"], ["2"]], ["0"])]


def relu_network():
    """2-2-1 relu away from its kinks: scaling symmetries, dead units, a linear region."""
    d = Draft((2, 2, 1), [*XOR_X, ["2", "1"]], [*XOR_Y, ["3"]], RELU_POINT, activation="relu")
    low, inputs, nothing = d.minor("P"), d.size("Phi-0+", 3), d.lower("rank-size", "P", 0, EVERYWHERE)
    blocks = [d.upper("rank-sylvester", "P-1", 5, EVERYWHERE, [inputs]), d.size("P-2", 3)]
    d.upper("rank-stack", "P", 8, EVERYWHERE, blocks)
    for bias, value in (("-1", 1), ("1", 3)):
        near = d.upper("rank-constant-weights", "P", value, OPEN, [inputs], {"bias": bias, "output_bias": "2"})
        d.define("full-rank", ALMOST, full(0, value, 5), [nothing, near], "REFUTED")
    zero = d.upper("rank-constant-weights", "P", 1, SOME, (), {"bias": "1", "output_bias": "0"})
    d.define("full-rank", EVERYWHERE, {"rank_upper": 1, "columns": 5}, [zero], "REFUTED")
    exact = d.kernel("P", rational_kernel(matrix(d.document, 0, "P", read=rational)))
    d.define("full-rank", 0, full(4, 4, 5), [low, exact, d.differentiable()], "REFUTED")
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
    up = d.upper("rank-dimension", "P", 1, EVERYWHERE, [d.size("Phi-0+", 1)])
    d.record("count", {"N_net": 2, "required": 3}, "REFUTED")
    nowhere = d.define("full-rank", EVERYWHERE, {"rank_upper": 1, "columns": 3}, [up], "REFUTED")
    d.imply("never-everywhere", "never-everywhere", EVERYWHERE, {}, [nowhere])
    return d.finish()


def single_layer():
    """L = 1 with independent inputs: full rank everywhere, no bad local minima."""
    X, Y = [["0", "0"], ["1", "0"], ["0", "1"]], [["0", "1"], ["2", "1/2"], ["1", "1"]]
    d = Draft((2, 2), X, Y)
    phi = d.minor("Phi-0+")
    low = d.lower("rank-stack", "P", 6, EVERYWHERE, [d.last_block("P-1", 6, EVERYWHERE, phi)])
    fully = d.define("full-rank", EVERYWHERE, {"rank_lower": 6, "columns": 6}, [low])
    d.lower("rank-almost", "P", 6, ALMOST, [low])
    d.imply("full-rank", "no-bad-local-minima", EVERYWHERE, {}, [fully, squared_error(d)])
    d.imply("convex", "no-bad-local-minima", EVERYWHERE)
    d.upper("rank-dimension", "P", 6, EVERYWHERE, [d.size("Phi-0+", 3)])
    d.record("principle-widths", {"guaranteed": [2]})
    return d.finish()


def repeated_inputs():
    d = Draft((1, 2, 1), [["1"], ["2"], ["1"]], [["0"], ["1"], ["1"]])
    up = d.upper("rank-samples", "P", 2, EVERYWHERE)
    d.define("full-rank", EVERYWHERE, {"rank_upper": 2, "columns": 3}, [up], "REFUTED")
    return d.finish()


def polynomial():
    X = [[str(i)] for i in range(5)]
    point = [layer([["1", "2", "3"]], ["1", "-1", "2"]), layer([["1"], ["1"], ["2"]], ["0"])]
    d = Draft((1, 3, 1), X, [["1"]] * 5, point, activation="power:2")
    low, up = d.minor("P"), d.upper("rank-dimension", "P", 3, EVERYWHERE, [d.size("Phi-0+", 2)])
    d.define("full-rank", ALMOST, full(3, 3, 5), [d.lower("rank-almost", "P", 3, ALMOST, [low]), up], "REFUTED")
    d.record("principle-activation", {"activation": "power:2", "output_activation": "identity"}, "REFUTED")
    return d.finish()


def bottleneck():
    X = [["0", "0", "1"], ["1", "0", "0"], ["0", "1", "1"], ["1", "1", "2"]]
    d = Draft((3, 1, 2), X, [["0", "1"]] * 4, activation="elu")
    up = d.upper("rank-dimension", "P", 6, EVERYWHERE, [d.size("Phi-0+", 4)])
    d.define("full-rank", EVERYWHERE, {"rank_upper": 6, "columns": 8}, [up], "REFUTED")
    return d.finish()


def single_sample():
    """T = 1 with trainable biases: the row of ones gives full rank everywhere."""
    d = Draft((1, 2, 2), [["3"]], [["1", "0"]])
    low = _by_the_ones(d)
    d.define("full-rank", EVERYWHERE, {"rank_lower": 2, "columns": 2}, [low])
    return d.finish()


def _by_the_ones(d):
    ones = d.lower("rank-size", "Phi-1+", 1, EVERYWHERE)
    return d.lower("rank-stack", "P", 2, EVERYWHERE, [d.last_block("P-2", 2, EVERYWHERE, ones)])


def single_sample_of_relu():
    """The same with relu, where P does not exist everywhere, but almost."""
    d = Draft((1, 2, 2), [["3"]], [["1", "0"]], activation="relu")
    almost = d.lower("rank-almost", "P", 2, ALMOST, [_by_the_ones(d)])
    d.define("full-rank", ALMOST, full(2, 2, 2), [almost, d.size("P", 2)])
    return d.finish()


def balls():
    """Roots, exponentials and pi as weights: only balls apply; two layers, a vanishing output derivative."""
    point = [
        layer([[["0", [[["root", "2", 2], "1"]]], ["1", [[["pi"], "-1/2"]]]]], ["0", "1"]),
        layer([["1"], [["0", [[["exp", "1/2"], "1/3"]]]]], ["1/7"]),
    ]
    d = Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["0"]], point, activation="erf", output_activation="sin")
    low, up = d.inclusion("P"), d.size("P", 2)
    d.define("full-rank", 0, full(2, 2, 2), [low, up])
    d.inclusion("Psi-1"), d.inclusion("P-2"), d.inclusion("W-1")
    return d.finish()


def verified_float():
    """Full column rank in double precision, with a deeper network and two outputs."""
    rng = random.Random(5)
    hexed = lambda rows, columns: [[rng.gauss(0, 1).hex() for _ in range(columns)] for _ in range(rows)]  # noqa: E731
    point = [layer(hexed(2, 4), hexed(1, 4)[0]), layer(hexed(4, 3), hexed(1, 3)[0]), layer(hexed(3, 2), ["1/3", "0"])]
    d = Draft((2, 4, 3, 2), hexed(4, 2), hexed(4, 2), point, activation="bent-identity")
    low, up = d.lower("rank-regular", "P", 8, 0, [d.singular("P")]), d.size("P", 8)
    d.define("full-rank", 0, full(8, 8, 8), [low, up])
    for method, balanced in (("cholesky", False), ("cholesky", True), ("inverse", False), ("inverse", True)):
        d.lower("rank-regular", "P-3", 8, 0, [d.singular("P-3", "0", 0, method, balanced)])
        d.lower("rank-regular", "Phi-2+", 4, 0, [d.singular("Phi-2+", "0", 0, method, balanced)])
    d.singular("P", "1/1048576")
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
    up, low = d.kernel("P", [pairs], entries="Z[u]"), d.minor("P", u=31337)
    d.define("full-rank", 0, full(2, 2, 3), [low, up], "REFUTED")
    return d.finish()


def softsign_almost_everywhere():
    """XOR, 2-2-1, softsign: full rank for each of the 36 patterns of signs at one tuple of residues."""
    d = Draft((2, 2, 1), XOR_X, XOR_Y, activation="softsign")
    evidence = {"prime": SMALL_PRIME, "weights": [12345, 777, 31, 4242, 99991, 54321, 1000, 2718, 5]}
    low = d.lower("rank-patterns", "P", 4, ALMOST, (), evidence)
    generic = d.define("full-rank", ALMOST, full(4, 4, 4), [low, d.size("P", 4)])
    d.imply("almost-everywhere", "almost-everywhere", ALMOST, {}, [generic, squared_error(d)])
    return d.finish()


def free_values(rows, columns, exponentials, weights, values):
    substitution = {"exponentials": exponentials, "weights": weights, "values": values}
    return residues(rows, columns, substitution, SMALL_PRIME)


def deep_tanh_almost_everywhere():
    """1-2-2-1, tanh: full rank at almost all weights, with the values of the second layer as free variables."""
    d = Draft((1, 2, 2, 1), [["1/2"], ["1"], ["-3"]], [["0"], ["1"], ["0"]])
    weights, values = [[[17, 29], [31, 5]], [[3], [11]]], [[[2, 3], [5, 7], [13, 19]]]
    evidence = free_values([0, 1, 4], [0, 1, 2], [[12345, 777], [4242, 31]], weights, values)
    low = d.lower("rank-minor", "P", 3, ALMOST, (), evidence)
    generic = d.define("full-rank", ALMOST, full(3, 3, 3), [low, d.size("P", 3)])
    d.imply("almost-everywhere", "almost-everywhere", ALMOST, {}, [generic, squared_error(d)])
    return d.finish()


def sigmoid_rank_almost_everywhere():
    """2-1-2, sigmoid without bias: too few weights, and their number is the rank at almost all weights."""
    d = Draft((2, 1, 2), [["1", "2"], ["2", "-1"], ["0", "1/3"]], [["0", "1"]] * 3, activation="sigmoid", bias="none")
    evidence = free_values([0, 1, 2, 3], [0, 1, 2, 4], [[12345, 777]], [[[17, 29]]], [])
    low = d.lower("rank-minor", "P", 4, ALMOST, (), evidence)
    d.define("full-rank", ALMOST, full(4, 4, 6), [low, d.size("P", 4)], "REFUTED")
    return d.finish()


def quadratic_forms():
    """3-2-1, squares without bias: quadratic forms of rank 2, a variety of dimension 5."""
    X = [["1", "0", "2"], ["0", "1", "3"], ["1", "1", "1"], ["2", "-1", "0"], ["1/2", "3", "1"], ["-1", "2", "5"], ["4", "1", "1"]]
    point = [layer([["1", "2"], ["3", "-1"], ["2", "5"]], ["0", "0"]), layer([["1"], ["3"]], ["0"])]
    d = Draft((3, 2, 1), X, [["1"]] * 7, point, activation="power:2", bias="none")
    low, up = d.minor("P"), d.upper("rank-dimension", "P", 5, EVERYWHERE, [d.size("Phi-0+", 3)])
    d.define("full-rank", ALMOST, full(5, 5, 7), [d.lower("rank-almost", "P", 5, ALMOST, [low]), up], "REFUTED")
    return d.finish()


def deep_powers():
    """2-1-2-2, cubes without bias: a single unit makes all that follows a multiple of one power of it."""
    d = Draft((2, 1, 2, 2), [["1", "2"], ["3", "1"], ["1", "-5"]], [["1", "1"]] * 3, activation="power:3", bias="none")
    d.upper("rank-dimension", "P", 3, EVERYWHERE, [d.size("Phi-0+", 2)])
    return d.finish()


def narrow_linear():
    """3-1-3, identity without bias: matrices of rank 1, a variety of dimension 5."""
    X = [["1", "0", "2"], ["0", "1", "3"], ["1", "1", "1"], ["2", "-1", "0"]]
    point = [layer([["1"], ["3"], ["2"]], ["0"]), layer([["1", "3", "5"]], ["0", "0", "0"])]
    d = Draft((3, 1, 3), X, [["1", "0", "0"]] * 4, point, activation="identity", bias="none")
    low, up = d.minor("P"), d.upper("rank-dimension", "P", 5, EVERYWHERE, [d.size("Phi-0+", 3)])
    d.define("full-rank", ALMOST, full(5, 5, 12), [d.lower("rank-almost", "P", 5, ALMOST, [low]), up], "REFUTED")
    return d.finish()


def dead_outputs():
    """A relu output that is inactive at one of two samples, at weights given and at all weights near."""
    d = Draft((1, 1, 1), [["1"], ["2"]], [["0"], ["0"]], [layer([["1"]], ["0"]), layer([["1"]], ["-7/8"])], activation="tanh",
              output_activation="relu")  # fmt: skip
    evidence = {"point": 0, "outputs": [[0, 0]], "precision": 64}
    near, nothing = d.upper("rank-dead-outputs", "P", 1, OPEN, (), evidence, "BALL"), d.lower("rank-size", "P", 0, EVERYWHERE)
    d.define("full-rank", ALMOST, full(0, 1, 2), [nothing, near], "REFUTED")
    d.define("full-rank", EVERYWHERE, {"rank_upper": 1, "columns": 2}, [near], "REFUTED")
    low, up = d.inclusion("P"), d.kernel("P", [["1", "0"]], rigor="BALL")
    d.define("full-rank", 0, full(1, 1, 2), [low, up, d.differentiable(rigor="BALL")], "REFUTED")
    return d.finish()


def zero_input():
    """Without bias the columns of the input 0 vanish, and those of opposite inputs are opposite."""
    d = Draft((1, 2, 1), [["0"], ["1"], ["-1"]], [["0"], ["0"], ["1"]], activation="tanh", bias="none")
    up = d.upper("rank-samples", "P", 1, EVERYWHERE)
    d.define("full-rank", EVERYWHERE, {"rank_upper": 1, "columns": 3}, [up], "REFUTED")
    return d.finish()


RANK_CASES = {
    function.__name__: function
    for function in (
        xor_generic, xor_deficient, xor_at_log_3, softsign_exact, weights_deficient, relu_network, relu_too_few_weights, single_layer,
        repeated_inputs, polynomial, bottleneck, single_sample, single_sample_of_relu, balls, verified_float, function_field,
        softsign_almost_everywhere, deep_tanh_almost_everywhere, sigmoid_rank_almost_everywhere, quadratic_forms, deep_powers, narrow_linear,
        dead_outputs, zero_input,
    )
}  # fmt: skip
