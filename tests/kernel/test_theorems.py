"""Theorems about whole landscapes: random problems that satisfy them are decided as a plain twin says, and every hypothesis is missed once."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import pytest
from cases.kernel_cases_theorems import ASKED, LINE, LINE_RELATION, XOR_RELATION, relation
from cases.kernel_draft import ALMOST, EVERYWHERE, XOR_X, XOR_Y, Draft, layer, residues, weights
from cases.kernel_outcomes import accepted, outcome

RULE, RELATION, PREMISE = ("evidence", "rule"), ("evidence", "evidence.relation"), ("premise", "premises[0]")
OTHER_VERDICT = ("conclusion", "conclusion.verdict")
CONVEX = ("tanh", "sigmoid", "softplus", "arctan", "erf")
NO_CONVEX = (
    "softsign", "relu", "leaky-relu:1/2", "identity", "power:1", "power:2", "power:3", "bent-identity", "sin", "gelu", "silu", "swish:2", "mish", "elu",
    "hard-tanh",
)  # fmt: skip
SIMPLEX, PARALLELOGRAM = "one-relation-simplex", "parallelogram"
TRIANGLE = [["0", "0"], ["3", "0"], ["0", "3"], ["1", "1"]]
INSIDE = ["1", "1", "1", "-3"]


def claimed(statement=PARALLELOGRAM, verdict="PROVED", widths=(2, 2, 1), X=XOR_X, Y=XOR_Y, s=XOR_RELATION, **options):
    d = Draft(widths, X, Y, **options)
    relation(d, statement, s, verdict)
    return d


def targets(*numbers):
    return [[str(y)] for y in numbers]


def twin(X, Y, s, width, error, output):
    """The statement that applies and its verdict, None where it is open: by fractions, from the words of the statements."""
    signs = [q > 0 for q in s if q != 0]
    name = SIMPLEX if min(signs.count(True), signs.count(False)) == 1 else PARALLELOGRAM
    assert all(sum(q * x[k] for q, x in zip(s, X, strict=True)) == 0 for k in range(len(X[0])))
    assert sum(s) == 0
    if name == PARALLELOGRAM and width > 1:
        return name, "PROVED"
    support = [(q, y) for q, y in zip(s, Y, strict=True) if q != 0]
    spread = sum((q - r) ** 2 for (q, _), (r, _) in product(support, support))
    slope = Fraction(sum((q - r) * (y - z) for (q, y), (r, z) in product(support, support)), spread)
    fits = all(y - z == slope * (q - r) for (q, y), (r, z) in product(support, support)) and slope != 0
    known = error in ("squared", "logistic")
    mean, reached = (
        Fraction(sum(y for _, y in support), len(support)),
        {"tanh": (-1, 1), "sigmoid": (0, 1), "softsign": (-1, 1)}.get(output),
    )
    outside = error == "squared" and reached is not None and not reached[0] < mean < reached[1]
    if any(y == z and q != r for (q, y), (r, z) in product(support, support)) or (known and (outside or not fits)):
        return name, "PROVED"
    curved = error == "squared" and output in ("tanh", "sigmoid", "bent-identity")
    return name, "REFUTED" if known and (curved or output == "identity") and all(s) else None


def random_relation(rng):
    """Samples that obey one affine relation, of either kind, with some beside it, moved by a random affine map; and the relation."""
    beside = rng.choice((0, 0, 1))
    if rng.random() < 0.5:
        dimension = rng.choice((1, 2, 3))
        shares = [Fraction(rng.randint(1, 5)) for _ in range(dimension + 1)]
        corners = [[Fraction(int(a == b)) for b in range(1, dimension + 1)] for a in range(dimension + 1)]
        inside = [sum(q * x[k] for q, x in zip(shares, corners, strict=True)) / sum(shares) for k in range(dimension)]
        X, s = [*corners, inside], [*shares, -sum(shares)]
    else:
        dimension, beside = 2, 0
        X, s = [[Fraction(a), Fraction(b)] for a, b in product((0, 1), (0, 1))], [Fraction(q) for q in (1, -1, -1, 1)]
    X = [[*x, *[Fraction(0)] * beside] for x in X] + [[Fraction(0)] * dimension + [Fraction(1)]] * beside
    n = dimension + beside
    M = [[Fraction(rng.randint(-3, 3) + (7 if a == b else 0), rng.randint(1, 3)) for b in range(n)] for a in range(n)]
    shift = [Fraction(rng.randint(-5, 5), 3) for _ in range(n)]
    X = [[sum(x * M[a][b] for a, x in enumerate(row)) + shift[b] for b in range(n)] for row in X]
    order = rng.sample(range(len(X)), len(X))
    scale, s = Fraction(rng.choice((-2, -1, 1, 3)), 5), [*s, *[Fraction(0)] * beside]
    return [X[i] for i in order], [scale * s[i] for i in order]


@pytest.mark.parametrize("seed", range(60))
def test_random_problems_are_decided_as_the_statements_say(seed):
    rng = random.Random(seed)
    X, s = random_relation(rng)
    error, output = rng.choice(
        (
            ("squared", "identity"), ("squared", "tanh"), ("squared", "softsign"), ("squared", "sigmoid"), ("squared", "bent-identity"),
            ("logistic", "identity"), ("logistic", "softsign"), ("cauchy:1", "identity"),
        )
    )  # fmt: skip
    largest = max(map(abs, s))
    Y = rng.choice(
        (
            [Fraction(1, 2) + q / largest / 3 for q in s],
            [Fraction(1, 2) - q / largest / 4 for q in s],
            [1 + q / largest / 4 if error == "squared" else Fraction(1, 2) for q in s],
            [Fraction(rng.randint(0, 2), 2) for _ in s],
            [Fraction(1, 3)] * len(s),
            [Fraction(rng.randint(0, 9), 9) for _ in s],
        )
    )
    width = rng.choice((1, 2, 3))
    name, verdict = twin(X, Y, s, width, error, output)
    options = {"error": error, "output_activation": output, "activation": rng.choice(CONVEX)}
    table, column, told = [[str(x) for x in row] for row in X], targets(*Y), [str(q) for q in s]
    for claim in ("PROVED", "REFUTED"):
        d = claimed(name, claim, (len(X[0]), width, 1), table, column, told, **options)
        if claim == verdict:
            assert accepted(d)
        else:
            known = output != "softsign" if error == "squared" else (error, output) == ("logistic", "identity")
            assert outcome(d) == (OTHER_VERDICT if verdict else RELATION if known else RULE)


@pytest.mark.parametrize("activation", CONVEX)
@pytest.mark.parametrize("output", ["identity", "power:1", "tanh", "softsign", "elu", "softplus", "bent-identity", "arctan"])
def test_activations_and_outputs_that_are_right(activation, output):
    assert accepted(claimed(activation=activation, output_activation=output))


@pytest.mark.parametrize("activation", NO_CONVEX)
def test_the_inverse_slope_must_be_strictly_convex(activation):
    assert outcome(claimed(activation=activation)) == RULE


@pytest.mark.parametrize("output", ["relu", "leaky-relu:1/2", "sin", "power:2", "power:3", "gelu", "hard-tanh", "mish"])
def test_the_slope_of_the_output_must_not_vanish(output):
    assert outcome(claimed(output_activation=output)) == RULE


@pytest.mark.parametrize(
    "changes",
    [
        {"widths": (2, 2, 2, 1)},
        {"widths": (2, 1)},
        {"widths": (2, 2, 2), "Y": [["0", "1"], ["1", "0"], ["1", "0"], ["0", "1"]]},
        {"bias": "none"},
        {"bias": "fixed", "fixed_bias": [["0", "0"], ["0"]]},
    ],
    ids=str,
)
def test_another_network(changes):
    assert outcome(claimed(**changes)) == RULE


@pytest.mark.parametrize("statement", [SIMPLEX, PARALLELOGRAM])
def test_a_relation_that_is_none(statement):
    X, s = (TRIANGLE, INSIDE) if statement == SIMPLEX else (XOR_X, XOR_RELATION)
    for wrong in (
        ["0"] * 4,
        ["1"] * 4,
        s[::-1] if statement == SIMPLEX else ["1", "1", "-1", "-1"],
        [*s[:3], "1/7"],
        ["1", "-1", "0", "0"],
    ):
        assert outcome(claimed(statement, X=X, s=wrong)) == RELATION
    for wrong in (s[:3], [*s, "0"], [], "1"):
        assert outcome(claimed(statement, X=X, s=wrong)) == ("schema", "evidence.relation")


def test_weights_of_the_inputs_that_add_up_to_something():
    """``Σ s_i x_i = 0`` alone is no affine relation."""
    X = [["0", "0"], ["1", "0"], ["0", "1"], ["1", "1"]]
    assert outcome(claimed(X=X, s=["5", "-1", "-1", "1"])) == RELATION


def test_two_relations():
    X, Y = [*XOR_X, ["2", "0"]], targets(0, 1, 1, 0, 3)
    assert outcome(claimed(X=X, Y=Y, s=[*XOR_RELATION, "0"])) == PREMISE
    assert outcome(claimed(SIMPLEX, X=X, Y=Y, s=["1", "0", "-2", "0", "1"])) == PREMISE
    assert outcome(claimed(SIMPLEX, X=[["0"], ["1"], ["2"], ["3"]], Y=XOR_Y, widths=(1, 2, 1), s=["1", "-2", "1", "0"])) == PREMISE


def test_independent_samples_obey_no_relation():
    assert outcome(claimed(SIMPLEX, X=TRIANGLE[:3], Y=targets(0, 1, 2), s=["1", "1", "-2"])) == PREMISE


def test_equal_inputs():
    """They obey a relation with one positive and one negative entry, and a fit of different targets is impossible."""
    for Y in (targets(0, 1, 2), targets(0, 0, 1)):
        d = claimed(SIMPLEX, X=[["0", "1"], ["0", "1"], ["1", "0"]], Y=Y, s=["1", "-1", "0"])
        assert outcome(d) == RULE


def test_premises_about_another_matrix_value_or_place():
    """Ranks of other matrices, of 3 as well; one of 2; and an upper bound."""
    premises = (
        lambda d: d.minor("Phi-0"),
        lambda d: d.minor("Phi-1+", u=12345),
        lambda d: d.minor("P-2", u=12345),
        lambda d: d.lower("rank-minor", "Phi-0+", 2, EVERYWHERE, (), residues([1, 2], [0, 1])),
        lambda d: d.size("Phi-0+", 3),
    )
    for premise in premises:
        d = Draft((2, 2, 1), XOR_X, XOR_Y, weights((2, 2, 1)))
        d.document["points"][0][0]["W"] = [["1", "2"], ["5", "7"]]
        relation(d, PARALLELOGRAM, XOR_RELATION, rank=premise(d))
        assert outcome(d) == PREMISE
    d = Draft((2, 2, 1), XOR_X, XOR_Y)
    d.claim("one-relation", PARALLELOGRAM, EVERYWHERE, {}, [], {"relation": XOR_RELATION})
    assert outcome(d) == ("premise", "premises")


@pytest.mark.parametrize(
    ("X", "s"),
    [
        ([["0", "0"], ["3", "0"], ["0", "1"], ["1", "1"]], ["2", "-1", "-3", "2"]),
        ([["0", "0"], ["2", "0"], ["0", "1"], ["1", "1"]], ["1", "-1", "-2", "2"]),
        ([["0", "0", "0"], ["0", "1", "0"], ["1", "0", "0"], ["1", "1", "0"], ["0", "0", "1"]], [*XOR_RELATION, "0"]),
        ([["1", "0", "0"], ["-1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"], ["0", "-1", "-1"]], ["3", "3", "-2", "-2", "-2"]),
    ],
)
def test_signs_of_neither_kind(X, s):
    """Quadrilaterals that are no parallelogram, a parallelogram and a sample beside it, and two and three of five."""
    for statement in (SIMPLEX, PARALLELOGRAM):
        d = claimed(statement, widths=(len(X[0]), 2, 1), X=X, Y=targets(*range(len(X))), s=s)
        assert outcome(d) == RELATION


def test_one_statement_is_not_the_other():
    assert outcome(claimed(SIMPLEX)) == RELATION
    assert outcome(claimed(PARALLELOGRAM, X=TRIANGLE, s=INSIDE)) == RELATION
    for statement in ("independent-samples", "linear-region", ASKED, "count"):
        assert outcome(claimed(statement)) == ("conclusion", "conclusion.statement")
    for at in (0, ALMOST):
        d = Draft((2, 2, 1), XOR_X, XOR_Y, weights((2, 2, 1)))
        d.claim("one-relation", PARALLELOGRAM, at, {}, [d.minor("Phi-0+")], {"relation": XOR_RELATION})
        assert outcome(d) == ("conclusion", "conclusion.at")


@pytest.mark.parametrize(
    ("statement", "Y", "changes", "expected"),
    [
        (PARALLELOGRAM, targets(0, 1, 1, 0), {}, "REFUTED"),
        (PARALLELOGRAM, targets(2, -1, -1, 2), {}, "REFUTED"),
        (PARALLELOGRAM, targets(0, 1, 1, 0), {"widths": (2, 2, 1)}, "PROVED"),
        (PARALLELOGRAM, targets(0, 1, 1, "1/1000"), {}, "PROVED"),
        (PARALLELOGRAM, targets(0, 0, 0, 0), {}, "PROVED"),
        (PARALLELOGRAM, targets(0, 0, 1, 1), {}, "PROVED"),
        (PARALLELOGRAM, targets(0, 1, 1, 0), {"error": "logistic"}, "REFUTED"),
        (PARALLELOGRAM, targets(0, 0, 0, 0), {"error": "logistic"}, "PROVED"),
        (PARALLELOGRAM, targets(1, 1, 1, 1), {"error": "logistic"}, "PROVED"),
        (PARALLELOGRAM, targets(0, 1, 1, 0), {"error": "cauchy:1"}, RULE),
        (PARALLELOGRAM, targets(0, 1, 2, 0), {"error": "smooth-l1:1"}, RULE),
        (PARALLELOGRAM, targets(0, 1, 0, 0), {"error": "smooth-l1:1"}, "PROVED"),
        (PARALLELOGRAM, targets(0, 1, 1, 0), {"output_activation": "sigmoid"}, "REFUTED"),
        (PARALLELOGRAM, targets(0, 1, 1, 0), {"output_activation": "softsign"}, RULE),
        (PARALLELOGRAM, targets(0, 1, 1, 0), {"output_activation": "elu"}, RULE),
        (PARALLELOGRAM, targets(0, 2, 2, 0), {"output_activation": "sigmoid"}, "PROVED"),
        (PARALLELOGRAM, targets(0, "1999/1000", "1999/1000", 0), {"output_activation": "sigmoid"}, "REFUTED"),
        (PARALLELOGRAM, targets(-1, 1, 1, -1), {"output_activation": "softplus"}, "PROVED"),
        (PARALLELOGRAM, targets(0, 2, 2, 0), {"output_activation": "softsign"}, "PROVED"),
        (PARALLELOGRAM, targets(0, 3, 3, 0), {"output_activation": "arctan"}, "REFUTED"),
        (PARALLELOGRAM, targets(0, "31415927/10000000", "31415927/10000000", 0), {"output_activation": "arctan"}, RULE),
        (PARALLELOGRAM, targets(0, 2, 2, 0), {"output_activation": "tanh", "error": "cauchy:1"}, RULE),
        (PARALLELOGRAM, targets(0, 1, 1, "1/2"), {"output_activation": "sigmoid"}, "PROVED"),
        (PARALLELOGRAM, targets(0, 1, 1, 0), {"error": "logistic", "output_activation": "tanh"}, RULE),
        (PARALLELOGRAM, targets(0, 1, 1, "1/2"), {"error": "logistic", "output_activation": "tanh"}, "PROVED"),
        (SIMPLEX, targets(0, 0, 0, 1), {}, "REFUTED"),
        (SIMPLEX, targets(0, 0, 0, 1), {"widths": (2, 5, 1)}, "REFUTED"),
        (SIMPLEX, targets(0, 0, 0, 1), {"widths": (2, 5, 1), "output_activation": "tanh"}, "REFUTED"),
        (SIMPLEX, targets(0, 0, 0, 4), {"widths": (2, 5, 1), "output_activation": "tanh"}, "PROVED"),
        (SIMPLEX, targets(0, 0, 0, 4), {"widths": (2, 5, 1), "output_activation": "power:1"}, "REFUTED"),
        (SIMPLEX, targets(0, 0, "1/9", 1), {"widths": (2, 5, 1)}, "PROVED"),
        (SIMPLEX, targets(0, 1, 0, 0), {"error": "logistic"}, "PROVED"),
        (SIMPLEX, targets(1, 1, 1, 0), {"error": "logistic"}, "REFUTED"),
    ],
    ids=str,
)
def test_what_the_targets_decide(statement, Y, changes, expected):
    X, s = (XOR_X, XOR_RELATION) if statement == PARALLELOGRAM else (TRIANGLE, INSIDE)
    for verdict in ("PROVED", "REFUTED"):
        d = claimed(statement, verdict, **{"widths": (2, 1, 1), "X": X, "Y": Y, "s": s, **changes})
        if verdict == expected:
            assert accepted(d)
        else:
            assert outcome(d) == (OTHER_VERDICT if isinstance(expected, str) else expected)


def test_samples_without_part_in_the_relation():
    """Three samples on a line and one beside it: the targets on the line may prove the claim, and refute nothing."""
    X = [["0", "0"], ["1", "1"], ["7", "0"], ["2", "2"]]
    for Y, expected in ((targets(0, 1, 9, 0), RELATION), (targets(0, 0, 9, 0), None), (targets(0, 1, 1, 2), None)):
        for verdict in ("PROVED", "REFUTED"):
            d = claimed(SIMPLEX, verdict, X=X, Y=Y, s=["1", "-2", "0", "1"])
            if expected is None and verdict == "PROVED":
                assert accepted(d)
            else:
                assert outcome(d) == (expected or OTHER_VERDICT)


def independent(widths=(2, 2, 2), X=TRIANGLE[:3], Y=(["1", "0"], ["0", "1"], ["2", "2"]), rank="Phi-0+", **options):
    d = Draft(widths, X, [list(y) for y in Y], weights(widths), **options)
    for k, biases in enumerate(options.get("fixed_bias") or ()):
        d.document["points"][0][k]["b"] = biases or d.document["points"][0][k]["b"]
    error = d.record("principle-error", {"error": options.get("error", "squared")})
    d.imply("independent-samples", "independent-samples", EVERYWHERE, {}, [d.minor(rank), error])
    return d


@pytest.mark.parametrize(
    "activation", ["tanh", "softsign", "leaky-relu:1/2", "identity", "power:1", "power:3", "elu", "bent-identity", "softplus"]
)
def test_independent_samples_with_increasing_activations(activation):
    assert accepted(independent(activation=activation))


@pytest.mark.parametrize(
    "changes",
    [
        {"bias": "fixed", "fixed_bias": [["1", "1"], ["0", "0"]], "X": TRIANGLE[1:3], "Y": (["1", "0"], ["0", "1"])},
        {"bias": "none", "X": TRIANGLE[1:3], "Y": (["1", "0"], ["0", "1"])},
        {"error": "blake-zisserman:1"},
        {"error": "softmax", "Y": (["1", "0"], ["0", "1"], ["1/2", "1/2"])},
        {"error": "logistic", "Y": (["1", "0"], ["0", "1"], ["1/2", "1/2"]), "output_activation": "softsign"},
        {"widths": (2, 7, 2)},
        {"widths": (2, 1, 2)},
        {"widths": (2, 1, 2), "activation": "elu", "bias": "none", "X": TRIANGLE[1:3], "Y": (["1", "0"], ["0", "1"])},
        {"widths": (2, 1, 2), "bias": ["trainable", "fixed"], "fixed_bias": [None, ["1", "-1/3"]]},
        {"widths": (2, 2, 3), "Y": (["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]), "bias": ["trainable", "none"]},
    ],
    ids=str,
)
def test_independent_samples_of_other_problems(changes):
    assert accepted(independent(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        *({"activation": name} for name in ("relu", "hard-tanh", "power:2", "sin", "gelu", "silu", "swish:2", "mish")),
        *({"output_activation": name} for name in ("relu", "leaky-relu:1/2", "power:3", "sin", "hard-tanh")),
        *({"widths": (2, 1, 2), "error": error} for error in ("cauchy:1", "smooth-l1:1", "blake-zisserman:1")),
        {"widths": (2, 1, 2), "error": "softmax", "Y": (["1", "0"], ["0", "1"], ["1/2", "1/2"])},
        *({"widths": (2, 1, 2), "output_activation": name} for name in ("tanh", "bent-identity", "softplus")),
        *({"widths": (2, 1, 2), "activation": name} for name in ("relu", "power:2", "hard-tanh")),
        {"widths": (2, 1, 2), "X": [["0", "0"], ["1", "1"], ["2", "2"]]},
        {"widths": (2, 1, 2), "X": TRIANGLE, "Y": (["1", "0"], ["0", "1"], ["2", "2"], ["1", "1"])},
        {"widths": (2, 2, 2, 2)},
        {"widths": (2, 2)},
        {"X": TRIANGLE, "Y": (["1", "0"], ["0", "1"], ["2", "2"], ["1", "1"])},
        {"bias": "none"},
        {"bias": "fixed", "fixed_bias": [["1", "1"], ["0", "0"]]},
        {"X": [["0", "0"], ["1", "1"], ["2", "2"]]},
    ],
    ids=str,
)
def test_independent_samples_that_miss_something(changes):
    assert outcome(independent(**changes)) == ("premise", "premises")


READOUT = [layer([["1", "-1"], ["2", "-2"]], ["0", "1/3"]), layer([["1", "0", "2"], ["0", "1", "-1"]], ["0", "0", "0"])]


def before_readout(frozen=(2,), widths=(2, 2, 2), X=TRIANGLE[:3], Y=(["1", "0"], ["0", "1"], ["2", "2"]), **options):
    """Independent samples, and a network with the last layers frozen; the readout has the rank 1."""
    points = weights(widths)
    layers = [READOUT[l - 2] if l in frozen and l > 1 else points[l - 1] for l in range(1, len(widths))]
    bias = ["frozen" if l in frozen else options.get("bias", "trainable") for l in range(1, len(widths))]
    held = [one if l in frozen else None for l, one in enumerate(layers, start=1)]
    d = Draft(widths, X, list(Y), layers, **{**options, "bias": bias, "frozen": held})
    error = d.record("principle-error", {"error": options.get("error", "squared")})
    found = d.imply("independent-samples", "independent-samples", EVERYWHERE, {}, [d.minor("Phi-0+"), error])
    return d, found


@pytest.mark.parametrize("changes", [
    *({"activation": name} for name in ("tanh", "leaky-relu:1/2", "power:3", "identity", "elu")),
    {"error": "smooth-l1:1"},
    {"error": "softmax", "Y": [["1", "0"], ["0", "1"], ["1/2", "1/2"]]},
    {"bias": "none", "X": TRIANGLE[1:3], "Y": [["1", "0"], ["0", "1"]]},
    {"widths": (2, 2, 2, 3), "frozen": (2, 3), "activation": ["tanh", "identity"], "Y": [["1", "0", "0"], ["0", "1", "0"], ["2", "2", "0"]]},
], ids=str)  # fmt: skip
def test_independent_samples_before_a_frozen_readout(changes):
    d, found = before_readout(**changes)
    d.imply("by-independent-samples", ASKED, EVERYWHERE, {}, [found])
    assert accepted(d)


@pytest.mark.parametrize("changes", [
    *({"activation": name} for name in ("relu", "power:2", "sin", "hard-tanh", "gelu")),
    *({"output_activation": name} for name in ("tanh", "leaky-relu:1/2", "power:3")),
    *({"error": name} for name in ("cauchy:1", "blake-zisserman:1")),
    {"frozen": (1,)},
    {"widths": (2, 2, 2, 3), "frozen": (2, 3), "activation": "tanh", "Y": [["1", "0", "0"], ["0", "1", "0"], ["2", "2", "0"]]},
    {"widths": (2, 2, 2, 3), "frozen": (2,), "activation": ["tanh", "identity"], "Y": [["1", "0", "0"], ["0", "1", "0"], ["2", "2", "0"]]},
    {"widths": (2, 2, 2, 3), "frozen": (3,), "activation": ["tanh", "identity"], "Y": [["1", "0", "0"], ["0", "1", "0"], ["2", "2", "0"]]},
    {"X": TRIANGLE, "Y": [["1", "0"], ["0", "1"], ["2", "2"], ["1", "1"]]},
    {"X": [["0", "0"], ["1", "1"], ["2", "2"]]},
    {"bias": "none"},
], ids=str)  # fmt: skip
def test_what_is_no_frozen_readout_before_which_samples_are_independent(changes):
    assert outcome(before_readout(**changes)[0]) == ("premise", "premises")


def test_a_penalty_is_no_convex_function_of_the_hidden_outputs():
    d, _ = before_readout(decay=[["1/2", "0"], ["0", "0"]])
    assert outcome(d) == ("evidence", "evidence.row")


def test_independent_samples_by_another_matrix():
    for rank in ("Phi-0", "W-1"):
        assert outcome(independent(rank=rank)) == PREMISE


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize(
    "row",
    ["by-parallelogram", "against-parallelogram", "by-one-relation-simplex", "against-one-relation-simplex", "by-independent-samples"],
)
def test_a_theorem_gives_its_own_verdict_only(width, row):
    """XOR, PROVED with two units and REFUTED with one: every line of the table, with either verdict."""
    for verdict in ("PROVED", "REFUTED"):
        d = Draft((2, width, 1), XOR_X, XOR_Y)
        found = relation(d, PARALLELOGRAM, XOR_RELATION, "PROVED" if width == 2 else "REFUTED")
        d.imply(row, ASKED, EVERYWHERE, {}, [found], verdict=verdict)
        if row != ("by-parallelogram" if width == 2 else "against-parallelogram"):
            assert outcome(d) == PREMISE
        elif verdict == ("PROVED" if width == 2 else "REFUTED"):
            assert accepted(d)
        else:
            assert outcome(d) == OTHER_VERDICT


def test_a_theorem_is_about_all_weights():
    d = Draft((2, 2, 1), XOR_X, XOR_Y, weights((2, 2, 1)))
    d.imply("by-parallelogram", ASKED, 0, {}, [relation(d, PARALLELOGRAM, XOR_RELATION)])
    assert outcome(d) == ("conclusion", "conclusion.at")
    d = Draft((1, 2, 1), LINE, targets(0, 1, 0))
    d.imply("by-one-relation-simplex", ASKED, EVERYWHERE, {}, [relation(d, SIMPLEX, LINE_RELATION, "REFUTED")])
    assert outcome(d) == PREMISE
