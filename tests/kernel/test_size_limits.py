"""Limits of size: what is just within them is read and computed, what is just beyond is refused at once, and what would take too long too."""

from __future__ import annotations

import time

import pytest
from cases.kernel_cases_theorems import region
from cases.kernel_draft import EVERYWHERE, Draft, layer, residues, weights
from cases.kernel_growth import exact_layers, first, fractions, inclusion, line, long_denominators, patterns_of_signs, stationary

from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network import matrices, orbits
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits
from lossproof.theory.limits import (
    MAX_ENTRIES,
    MAX_EXPONENT,
    MAX_GRAM_ENTRIES,
    MAX_MINOR,
    MAX_ORDER,
    MAX_SIGN_SAMPLES,
    MAX_WIDTH,
    PRECISIONS,
)


def failure(draft):
    """The code and the place of what is wrong, found without much ado."""
    document = draft.finish() if isinstance(draft, Draft) else draft
    start = time.process_time()
    result = check_certificate(document)
    assert time.process_time() - start < 10
    return (result.failures[0].code, result.failures[0].place) if result.failures else ("", "")


def at_point(rule_or_draft, widths, weight, X=(["1"],), **options):
    d = Draft(widths, list(X), [["1"] * widths[-1]] * len(X), weights(widths, weight), **options)
    rule_or_draft(d)
    return d


def minor(name, size=1, u=None):
    return lambda d: d.lower("rank-minor", name, size, 0, (), residues(first(size), first(size), u))


def ball(name, size, bits):
    return lambda d: inclusion(d, name, size, bits)


def test_a_matrix_is_refused_before_its_rows_are_listed():
    problem = read_problem(Draft((1, 10**6, 10**6, 1), [["1"]], [["0"]]).finish()["problem"])
    for name in ("P", "P-2", "W-2"):
        with pytest.raises(Rejected) as caught:
            matrices.entries(matrices.parse_matrix(name, problem), problem, None, FormalRing(Work()))
        assert caught.value.code == "limit"


def test_widths():
    for n, found in ((MAX_WIDTH, ""), (MAX_WIDTH + 1, "problem")):
        d = Draft((1, n, 1), [["1"]], [["0"]])
        d.size("P", 1)
        assert failure(d)[0] == found


@pytest.mark.parametrize(("T", "n_0", "digits"), [(90, 1, 4000), (200, 6, 1500), (2, 2500, 2500)])
def test_whole_numbers_of_an_affine_map(T, n_0, digits):
    """A common denominator that is too long; several columns that are long together; and as many for long factors of few samples."""
    draw = fractions(28, digits)
    d = Draft((n_0, 1, 1), [[draw() for _ in range(n_0)] for _ in range(T)], [["0"]] * T, activation="relu")
    region(d, "linear-region", "0", map=[[draw()] for _ in range(n_0 + 1)])
    assert failure(d) == ("limit", "steps[0].evidence")


def test_precisions():
    least, most = PRECISIONS
    for bits, found in ((least - 1, "evidence"), (least, ""), (most, ""), (most + 1, "evidence"), (10**15, "evidence")):
        assert failure(at_point(ball("W-1", 1, bits), (1, 1), "1/3"))[0] == found, bits


def test_balls_of_many_bits():
    many = line(1200)
    assert failure(at_point(ball("Phi-1", 1200, 2**20), (1, 1200, 1), "1", many))[0] == "limit"
    d = at_point(lambda d: None, (1, 2, 1), "1", [["1/3"]] * 2000)
    assert (
        failure(stationary(d, "stationary-box", {}, {"point": 0, "fixed": [], "radius": "1/1000", "precision": 2**20}, "W*1", "BALL"))[0]
        == "limit"
    )
    d.undo()
    d.claim("loss-bounds", "loss-bounds", 0, {}, (), {"loss_lower": "0", "loss_upper": "1", "precision": 2**20}, "BALL")
    assert failure(d)[0] == "limit"


def test_a_box_of_a_wide_network():
    d = Draft((1, 5000, 1), [["1"]], [["0"]], [layer([["1/7"] * 5000], ["0"] * 5000), layer([["1/9"]] * 5000, ["0"])])
    assert (
        failure(stationary(d, "stationary-box", {}, {"point": 0, "fixed": [], "radius": "1/8", "precision": 64}, "W*1", "BALL"))[0]
        == "limit"
    )


@pytest.mark.parametrize("activation", ["erf", "gelu", "sin", "tanh"])
def test_values_of_many_samples_to_many_bits(activation):
    """1,000 values to 2^20 bits take hours."""
    assert failure(at_point(ball("P", 1, 2**20), (1, 1, 1), "1/3", line(1000), activation=activation))[0] == "limit"


def test_rational_numbers():
    """Powers of powers of 1/3, and of long numbers."""
    tower = (1,) * 12
    assert failure(at_point(minor("P"), tower, "1/3", activation="power:16"))[0] == "limit"
    assert failure(at_point(minor("P"), tower, "1", activation="power:16"))[0] == ""
    assert failure(at_point(minor("Phi-1", u={"u": 3}), (1, 2, 1), "1/" + "7" * 4000))[0] == ""


def test_polynomials_in_symbols():
    irrational = ["1", [[["pi"], "1"], [["log", "2"], "1"], [["root", "2", 2], "1"], [["exp", "1"], "1"]]]
    assert failure(at_point(minor("P"), (1,) * 12, irrational, activation="power:16"))[0] == "limit"
    log = ["0", [[["log", "2"], str(10**30)]]]
    assert failure(at_point(minor("Phi-1"), (1, 2, 1), log, activation="sigmoid"))[0] == "limit"


def test_rational_functions():
    def kernel(exponent):
        return lambda d: d.kernel("P", [[[[exponent, "1"]]]], 0, "right", "Z[u]")

    assert failure(at_point(kernel(0), (1, 2, 1), "1000001"))[0] == "limit"
    assert failure(at_point(kernel(MAX_EXPONENT), (1, 2, 1), "1")) == ("evidence", "steps[0].evidence.vectors[0]")
    assert failure(at_point(kernel(MAX_EXPONENT + 1), (1, 2, 1), "1")) == ("evidence", "steps[0].evidence.vectors[0][0][0][0]")


def test_minors():
    """The entries of the largest minor are as many as a matrix may have."""
    assert MAX_MINOR**2 <= MAX_ENTRIES < (MAX_MINOR + 1) ** 2
    d = at_point(minor("P", MAX_MINOR + 1), (1, 2100, 1), "0", line(MAX_MINOR + 1))
    assert failure(d) == ("limit", "steps[0].evidence")


def test_matrices_that_are_written_out():
    """``P`` with more entries than are allowed."""
    T = 2000
    assert (3 * 3000 + 1) * T > MAX_ENTRIES
    d = at_point(lambda d: d.kernel("P", [["1"] * T]), (1, 3000, 1), "0", [["1"]] * T)
    assert failure(d)[0] == "limit"


@pytest.mark.parametrize("name", ["P", "P-1", "Psi-1", "Psi-2"])
@pytest.mark.parametrize("rule", ["minor", "inclusion", "kernel"])
def test_one_entry_of_a_matrix_that_is_made_of_many(rule, name):
    """Behind a narrow layer work is little, and memory grows with units times outputs times samples."""
    T, n = 20, 950
    assert T * n * (n + 1 + n) > MAX_ENTRIES
    nothing = {"side": "right", "vectors": [], "entries": "Q"}
    kernel = lambda d: d.upper("rank-kernel", name, T * n, 0, (), nothing)  # noqa: E731
    draft = {"minor": minor(name), "inclusion": ball(name, 1, 64), "kernel": kernel}
    d = at_point(draft[rule], (1, n, 1, n), "1/7", line(T), activation="softsign")
    assert failure(d) == ("limit", "steps[0].evidence")


@pytest.mark.parametrize("method", ["cholesky", "inverse"])
@pytest.mark.parametrize("name", ["P", "P-1"])
def test_derivatives_of_many_outputs_by_many_units_in_double_precision(name, method):
    n_1, n_L = 90_000, 3_000
    assert n_1 * n_L > MAX_GRAM_ENTRIES
    assert failure(at_point(lambda d: d.singular(name, method=method), (1, n_1, 1, n_L), "1")) == ("limit", "steps[0].evidence")


def test_orders_of_curves():
    def descent(order):
        d = Draft((1, 1), [["0"]], [["0"]], weights((1, 1), "0"))
        point = d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 0}, (), {"fixed": []})
        evidence = {"curve": [[1, ["1", "0"]]], "order": order, "coefficient": "-1"}
        d.claim(
            "descent",
            "higher-order-descent",
            0,
            {"order": order, "coefficient": "-1", "radius": "0"},
            [point],
            evidence,
            "BALL",
        )
        return d

    assert failure(descent(MAX_ORDER)) == ("evidence", "steps[1].evidence.coefficient")
    assert failure(descent(MAX_ORDER + 1)) == ("evidence", "steps[1].evidence.order")


def test_patterns_of_signs():
    assert failure(patterns_of_signs(MAX_SIGN_SAMPLES + 1))[0] == "limit"
    assert failure(patterns_of_signs(MAX_SIGN_SAMPLES))[0] in ("limit", "evidence")


def test_layers_of_powers():
    """Bounds by degrees are left out where the degree is out of hand; the others stay."""
    for L in (3, 64, 65, 200):
        d = Draft((2,) * (L + 1), [[str(i), "1"] for i in range(5)], [["0", "0"]] * 5, activation="power:16")
        known = d.minor("Phi-0+") and d.size("Phi-0+", 3)
        d.upper("rank-dimension", "P", 10, EVERYWHERE, [known])
        assert failure(d)[0] == ""


def powers_of_a_sample():
    d = Draft((1, 1, 1, 1), [["1"], ["3"]], [["1"], ["2"]], bias="none", activation="power:2")
    d.claim("unlearnable-samples", "exact-learning", EVERYWHERE, {}, (), {"samples": [0, 1]}, verdict="REFUTED")
    return d


@pytest.mark.parametrize(
    ("module", "name", "within", "draft"),
    [
        (limits, "MAX_SUM_BITS", 2**20, lambda: long_denominators(100)),
        (limits, "MAX_BITS", 256, lambda: at_point(minor("P"), (1, 1, 1, 1), "1/3", activation="softsign")),
        (
            limits,
            "MAX_TERMS",
            64,
            lambda: at_point(minor("Phi-1"), (1, 2, 1), ["1", [[["pi"], "1"], [["log", "2"], "1"]]], activation="power:3"),
        ),
        (limits, "MAX_DEGREE", 64, lambda: at_point(lambda d: d.kernel("P", [[[[0, "1"]]]], 0, "right", "Z[u]"), (1, 2, 1), "3")),
        (limits, "MAX_EXPONENT", 64, lambda: at_point(lambda d: d.kernel("P", [[[[0, "1"]]]], 0, "right", "Z[u]"), (1, 2, 1), "3")),
        (matrices, "MAX_ENTRIES", 64, lambda: at_point(lambda d: d.kernel("P", [["1"]]), (1, 2, 1), "0")),
        (orbits, "MAX_BITS", 64, powers_of_a_sample),
        (limits, "MAX_MINOR", 2, lambda: at_point(minor("P", 2), (1, 2, 1), "1", line(2))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_limit_of_a_number_is_minded(module, name, within, draft, monkeypatch):
    """At a smaller value, which the test can reach."""
    document = draft().finish()
    monkeypatch.setattr(module, name, within)
    assert failure(document)[0] != "limit"
    monkeypatch.setattr(module, name, 1)
    assert failure(document)[0] == "limit"


def test_a_thousand_layers_are_no_obstacle():
    assert failure(exact_layers(1000)) == ("", "")
