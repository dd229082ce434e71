"""Certificates of one kind and of any size, each to spend its time on one sort of arithmetic; whether they hold does not matter."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise, product

from cases.kernel_cases_complete import by_algebra, exact_points
from cases.kernel_cases_theorems import region, relation
from cases.kernel_draft import ALMOST, EVERYWHERE, OPEN, PRIME, Draft, layer, residues, weights


def fractions(seed, digits=2):
    """Draw positive fractions with denominators that have hardly a common factor."""
    rng = random.Random(seed)
    return lambda: f"1/{2 * rng.randrange(10 ** (digits - 1), 10**digits) + 1}"


def network(widths, X, draw, T=None, **options):
    """A draft with one point of random weights; the targets are 0, or the first class of softmax."""
    target = ["1"] + ["0"] * (widths[-1] - 1) if options.get("error") == "softmax" else ["0"] * widths[-1]
    point = [layer([[draw() for _ in range(n)] for _ in range(m)], [draw() for _ in range(n)]) for m, n in pairwise(widths)]
    return Draft(widths, X, [target] * (len(X) if T is None else T), point, **options)


def line(T):
    return [[str(i)] for i in range(1, T + 1)]


def first(n):
    return list(range(n))


def inclusion(d, name, n, bits):
    d.lower("rank-inclusion", name, n, 0, (), {"rows": first(n), "columns": first(n), "precision": bits}, "BALL")
    return d


def values_in_balls(bits):
    return inclusion(network((1, 1, 1), line(1), fractions(1), activation="erf"), "P", 1, bits)


def units_in_balls(n):
    return inclusion(network((1, n, 1), line(8), fractions(2)), "P", 1, 64)


def inverse_in_balls(n):
    return inclusion(network((1, n, 1), line(n), fractions(3)), "Phi-1", n, 256)


def constants_in_balls(n):
    """Weights with n constants each, to 4000 bits."""
    d = network((1, 1, 1), line(1), fractions(4))
    d.document["points"][0][0]["W"] = [[["0", [[["log", str(k)], "1"] for k in range(2, n + 2)]]]]
    return inclusion(d, "W-1", 1, 4000)


def constants_in_symbols(n):
    """The learner of relu at a point with n constants in each weight: the signs of sums decide."""
    d = network((1, 2, 2, 1), line(3), fractions(5), activation="relu")
    for k, part in enumerate(d.document["points"][0]):
        part["W"] = [[["0", [[["log", str(m + k + 2)], "1"] for m in range(n)]]] * len(row) for row in part["W"]]
    return exact_loss(d)


def exact_loss(d):
    d.exact_loss("0", 0)
    return d


def values_in_symbols(n):
    return exact_loss(network((1, n, 1), line(3), fractions(6), activation="arctan"))


def long_denominators(n):
    """A sum of n fractions of 400 digits with hardly a common factor."""
    return exact_loss(network((n, 1), [["1"] * n], fractions(7, 400)))


def exact_layers(L):
    return exact_loss(Draft((1,) * (L + 1), [["1"]], [["1"]], weights((1,) * (L + 1)), activation="identity"))


def exact_samples(T):
    return exact_loss(network((1, 3, 1), line(T), fractions(8), activation="softsign"))


def stationary(d, rule, facts, evidence, at=0, rigor="EXACT", verdict="PROVED"):
    d.claim(rule, "stationary", at, facts, (), evidence, rigor, verdict)
    return d


def gradient_in_symbols(n):
    return stationary(
        network((1, n, 1), line(2), fractions(9), activation="arctan"), "stationary-exact", {"radius": "0", "dimension": 0}, {"fixed": []}
    )


def gradient_component(n):
    d = network((1, n, n, 1), line(4), fractions(10))
    return stationary(d, "stationary-apart", {"radius": "0"}, {"parameter": 0, "precision": 64}, rigor="BALL", verdict="REFUTED")


def shares_of_softmax(n):
    d = network((1, n), line(4), fractions(11), error="softmax")
    return stationary(d, "stationary-apart", {"radius": "0"}, {"parameter": 0, "precision": 64}, rigor="BALL", verdict="REFUTED")


def hessian_in_balls(n):
    evidence = {"point": 0, "fixed": [], "radius": "1/1000", "precision": 64}
    return stationary(
        network((1, n, 1), line(3), fractions(12)), "stationary-box", {"radius": "1/1000", "dimension": 0}, evidence, "W*1", "BALL"
    )


def constant_outputs(T):
    draw = fractions(13, 50)
    d = Draft((1, 2, 1), [[draw()] for _ in range(T)], [["0"], ["1"]] * (T // 2), weights((1, 2, 1), "0"))
    d.document["points"][0][1]["b"] = ["1/2"]
    return stationary(d, "stationary-constant", {"radius": "0", "dimension": 4}, {})


def inertia_of_long_numbers(n):
    draw = fractions(14, 40)
    d = Draft((n, 1), [[draw() for _ in range(n)] for _ in range(n)], [["0"]] * n, weights((n, 1), "0"), bias="none")
    evidence = {"negative": 0, "positive": n, "vectors": [], "precision": None}
    d.claim("eigenvalue-signs", "inertia", 0, {"negative": 0, "zero": 0, "positive": n, "undecided": 0, "radius": "0"}, (), evidence)
    return d


def curve(order):
    d = Draft((1, 3, 1), line(2), [["0"]] * 2, weights((1, 3, 1), "0"), activation="sin")
    point = d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 0}, (), {"fixed": []})
    evidence = {"curve": [[1, ["1"] * 10]], "order": order, "coefficient": "-1"}
    d.claim("descent", "higher-order-descent", 0, {"order": order, "coefficient": "-1", "radius": "0"}, [point], evidence, "BALL")
    return d


def minor_of_samples(n):
    draw = fractions(16, 6)
    d = Draft((n, 1), [[draw() for _ in range(n)] for _ in range(n)], [["0"]] * n)
    d.lower("rank-minor", "Phi-0", n, EVERYWHERE, (), residues(first(n), first(n)))
    return d


def minor_of_powers_of_u(n):
    d = network((1, n, 1), line(n), lambda: "1/3", activation="sigmoid")
    d.document["points"][0][0]["W"] = [[str(k) for k in range(1, n + 1)]]
    d.lower("rank-minor", "Phi-1", n, 0, (), residues(first(n), first(n), {"u": 12345}))
    return d


def patterns_of_signs(T):
    rng = random.Random(17)
    d = Draft((1, 2, 1), [[f"{i * i + 1}"] for i in range(T)], [["0"]] * T, activation="softsign")
    d.lower("rank-patterns", "P", T, ALMOST, (), {"prime": 1048583, "weights": [rng.randrange(1048583) for _ in range(7)]})
    return d


def functions_of_u(T):
    """A sum of T rational functions, whose degrees and coefficients add up."""
    d = network((1, 2, 1), line(T), lambda: "0")
    d.document["points"][0] = [layer([["1", "2"]], ["0", "0"]), layer([["1"], ["3"]], ["0"])]
    d.kernel("P", [[[[0, "1"]]] * T], 0, "right", "Z[u]")
    return d


def kernel_of_symbols(T):
    d = network((1, 3, 1), [[str(i % 3)] for i in range(T)], fractions(18), activation="arctan")
    vectors = [["0"] * T for _ in range(T - 3)]
    for j, vector in enumerate(vectors):
        vector[j % 3], vector[3 + j] = "-1", "1"
    d.kernel("P", vectors)
    return d


def sums_of_samples(T):
    draw = fractions(19, 300)
    d = Draft((1, 1), [[draw()] for _ in range(T)], [["0"]] * T, bias="none")
    d.claim("unlearnable-linear", "exact-learning", EVERYWHERE, {}, (), {"combination": ["1"] * T}, verdict="REFUTED")
    return d


def many_samples(T):
    d = Draft((1, 1, 1), line(T), [["0"]] * T, bias="none", activation="relu")
    d.upper("rank-samples", "P", 1, EVERYWHERE)
    return d


def long_samples(digits):
    draw = fractions(24, digits)
    d = Draft((20, 1, 1), [[draw() for _ in range(20)] for _ in range(9)], [["0"]] * 9, bias="none", activation="relu")
    d.upper("rank-samples", "P", 9, EVERYWHERE)
    return d


def common_denominators(T):
    """Independent values at samples of which no two denominators have a common factor to speak of."""
    draw = fractions(25, 80)
    d = Draft((20, 1, 1), [[draw() for _ in range(20)] for _ in range(T)], [["0"]] * T)
    substitution = {"exponentials": [[3] * 21], "weights": [[[5]]], "values": []}
    d.lower("rank-minor", "P", 1, ALMOST, (), residues([0], [0], substitution))
    return d


def dimensions_of_layers(L):
    d = Draft((1,) * (L + 1), [["1"]], [["0"]], activation="power:2")
    d.upper("rank-dimension", "P", 1, EVERYWHERE, [d.size("Phi-0+", 1)])
    return d


def constants_of_lipschitz(n):
    """Twenty learners in balls around one point, for which the norms of its weights are taken again and again."""
    point = [layer([["0"] * n for _ in range(n)], ["1"] * n), layer([["1"]] * n, ["0"])]
    d = Draft((n, n, 1), [["0"] * n], [[str(n)]], point, activation="identity")
    sigma, found = d.singular("P", "1/8"), {"point": 0, "distance": "1/1024", "target_radius": "0"}
    for k in range(1, 21):
        learner = {"learner": f"W*{k}", **found}
        d.claim("learner-ball", "exact-learning", EVERYWHERE, {"rank_lower": 1, **learner}, [sigma], learner, "VERIFIED_FLOAT")
    return d


def fixed_biases(n):
    constants = [[["0", [[["log", str(k + 2)], "1"]]] for k in range(n)], ["0"]]
    d = Draft((1, n, 1), line(1), [["0"]], activation="relu", bias="fixed", fixed_bias=constants)
    d.upper("rank-constant-weights", "P", 1, "at some weights", (), {"bias": "0", "output_bias": "0"})
    return d


def dead_outputs(T):
    d = network((1, 2, 2), line(T), lambda: "-1/3", output_activation="relu")
    d.upper("rank-dead-outputs", "P", 0, OPEN, (), {"point": 0, "outputs": [[i, j] for i in range(T) for j in range(2)], "precision": 64})
    return d


def equal_samples(T):
    draw = fractions(20, 40)
    targets = [draw() for _ in range(T // 2)]
    d = Draft((1, 1), [["1"]] * T, [*([y] for y in targets), *([f"-{y}"] for y in targets)], weights((1, 1), "0"))
    d.claim("global-floor", "global", 0, {"radius": "0"})
    return d


def eigenvalues_modulo_a_prime(n):
    draw = fractions(21, 3)
    d = Draft((n, 1, 1), [[draw() for _ in range(n)] for _ in range(n)], [[draw()] for _ in range(n)], activation="identity", bias="none")
    d.claim("cited-theorem", "kawaguchi-2016", EVERYWHERE, {"applicable": "yes"}, (), {"prime": PRIME}, "CITED")
    return d


def affine_maps(n):
    """A map of n inputs with long entries, and as many samples, whose products are all taken before it is seen to be wrong."""
    draw = fractions(24, 20)
    d = Draft((n, 1, 1), [[draw() for _ in range(n)] for _ in range(n)], [[draw()] for _ in range(n)], activation="relu")
    region(d, "linear-region", "0", map=[[draw()] for _ in range(n + 1)])
    return d


def affine_maps_of_short_numbers(T):
    """The same for many samples of a few whole numbers."""
    rng = random.Random(25)
    X = [[str(rng.randrange(100)) for _ in range(5)] for _ in range(T)]
    d = Draft((5, 1, 3), X, [["0", "1", "2"]] * T, activation="relu")
    region(d, "linear-region", "0", map=[["1", "2", "3"]] * 6)
    return d


def moments_of_targets(T):
    draw = fractions(26, 50)
    d = Draft((1, 1, 1), line(T), [[draw()] for _ in range(T)], activation="relu")
    region(d, "dead-region", "1000")
    return d


def entropies(bits):
    d = Draft((1, 1, 2), line(2), [["1/3", "1/4"]] * 2, activation="relu", error="logistic")
    region(d, "dead-region", "1000", "BALL", precision=bits)
    return d


def affine_relations(T):
    """A simplex of T samples with long coordinates, one of them inside, and long targets."""
    draw = fractions(27, 12)
    corners = [["0"] * (T - 2), *([draw() if a == b else "0" for b in range(T - 2)] for a in range(T - 2))]
    inside = [str(Fraction(corner[k]) / (T - 1)) for k, corner in enumerate(corners[1:])]
    d = Draft((T - 2, 1, 1), [*corners, inside], [[draw()] for _ in range(T)])
    rank = d.lower("rank-minor", "Phi-0+", T - 1, EVERYWHERE, (), residues(first(T - 1), first(T - 1)))
    relation(d, "one-relation-simplex", ["1"] * (T - 1) + [str(1 - T)], rank=rank)
    return d


def doubles(method, matrix="P"):
    def certificate(T):
        rng = random.Random(22)
        n = 3 * T // 4 if matrix == "P" else T
        d = network((3, n, 1), [[rng.gauss(0, 1).hex() for _ in range(3)] for _ in range(T)], lambda: rng.gauss(0, 1).hex())
        d.singular(matrix, method=method)
        return d

    return certificate


def derivatives_of_outputs(output, T):
    def certificate(n):
        d = network((1, n), line(T), fractions(23), output_activation=output)
        d.lower("rank-minor", "P", 1, 0, (), residues([0], [0]))
        return d

    return certificate


def steps_of_records(n):
    d = Draft((1, 1, 1), line(1), [["0"]])
    for _ in range(n):
        d.size("P", 1)
    return d


def zeros_of_squares(*, by_zeros):
    """Of a neuron with n weights and a square: ``w_k`` is 0, 2 or −2, each for itself."""

    def certificate(n):
        grid = list(product(("0", "2", "-2"), repeat=n))
        points = [W for W in grid if next((w for w in W if w != "0"), "2") == "2"]
        rows = [[str(int(j == k)) for j in range(n)] for k in range(n)]
        layers = ([layer([[w] for w in W], ["0"])] for W in points)
        d = Draft((n, 1), rows, [["4"]] * n, *layers, output_activation="power:2", bias="none")
        by_algebra(
            d, exact_points(d, len(points)), "signs", [[["1/8", *(x for w in W for x in (w, "0"))] for W in grid] if by_zeros else None]
        )
        return d

    return certificate


GROWING = {
    "values of functions in balls": (values_in_balls, 2**13, 2**15, 6),
    "passes in balls": (units_in_balls, 25, 100, 3.5),
    "inverses in balls": (inverse_in_balls, 15, 45, 12),
    "constants in balls": (constants_in_balls, 25, 100, 3.5),
    "signs of sums of constants": (constants_in_symbols, 3, 6, 7),
    "passes in symbols": (values_in_symbols, 10, 40, 10),
    "sums of long fractions": (long_denominators, 30, 120, 10),
    "exact passes of many layers": (exact_layers, 100, 400, 3),
    "exact passes of many samples": (exact_samples, 25, 100, 3.5),
    "gradients in symbols": (gradient_in_symbols, 5, 20, 8),
    "components of the gradient": (gradient_component, 8, 32, 6),
    "shares of softmax": (shares_of_softmax, 8, 32, 12),
    "Hessians in balls": (hessian_in_balls, 4, 8, 4),
    "moments of constant outputs": (constant_outputs, 24, 96, 8),
    "eliminations of long numbers": (inertia_of_long_numbers, 5, 10, 10),
    "curves of descent": (curve, 3, 12, 3.5),
    "minors of samples": (minor_of_samples, 30, 120, 12),
    "minors of powers of u": (minor_of_powers_of_u, 10, 40, 10),
    "patterns of signs": (patterns_of_signs, 3, 5, 10),
    "functions of u": (functions_of_u, 8, 24, 12),
    "kernels of symbols": (kernel_of_symbols, 10, 40, 3.5),
    "sums of samples": (sums_of_samples, 40, 160, 12),
    "orbits of samples": (many_samples, 250, 1000, 3),
    "orbits of long samples": (long_samples, 250, 1000, 4),
    "common denominators": (common_denominators, 3, 12, 8),
    "dimensions of many layers": (dimensions_of_layers, 15, 60, 40),
    "Lipschitz constants of many weights": (constants_of_lipschitz, 50, 400, 9.5),
    "fixed biases": (fixed_biases, 25, 100, 3),
    "dead outputs": (dead_outputs, 25, 100, 3),
    "equal samples": (equal_samples, 24, 96, 8),
    "eigenvalues modulo a prime": (eigenvalues_modulo_a_prime, 20, 80, 12),
    "affine maps": (affine_maps, 10, 30, 40),
    "affine maps of many samples": (affine_maps_of_short_numbers, 50, 200, 3.5),
    "moments of targets": (moments_of_targets, 24, 96, 8),
    "entropies": (entropies, 2**13, 2**15, 6),
    "affine relations": (affine_relations, 20, 60, 8),
    "Cholesky factorisations": (doubles("cholesky"), 50, 200, 8),
    "left inverses": (doubles("inverse"), 30, 120, 12),
    "values of a hidden layer": (doubles("cholesky", "Phi-1+"), 100, 400, 10),
    "derivatives of outputs by each other": (derivatives_of_outputs("power:2", 10), 50, 200, 10),
    "unit vectors of outputs": (derivatives_of_outputs("identity", 1), 200, 800, 12),
    "complex zeros": (zeros_of_squares(by_zeros=True), 2, 4, 15),
    "choices of real roots": (zeros_of_squares(by_zeros=False), 1, 3, 15),
    "steps": (steps_of_records, 50, 200, 3.99),
}
"""The kinds of arithmetic: a certificate of any size, two sizes, and how many times as much work the larger one must count."""
