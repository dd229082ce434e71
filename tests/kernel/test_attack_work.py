"""Attacks on the count of work: small certificates whose numbers grow where nothing but their number was counted."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise

import pytest
from cases.kernel_draft import EVERYWHERE, PRIME, Draft, layer
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.network.orbits import orbits
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_problem
from lossproof.certificates.kernel.reading.work import Work

LONG = str(Fraction(10**2400 + 7, 3**5000))


def logarithm(n, q):
    return ["0", [[["log", n], q]]]


def line_of(weight, *widths, T=1, **options):
    """A network with one hidden layer or more, the first weight given and the others 1."""
    point = [layer([["1"] * n for _ in range(m)], ["0"] * n) for m, n in pairwise(widths)]
    point[0]["W"] = [[weight] * widths[1] for _ in range(widths[0])]
    targets = ["1"] + ["0"] * (widths[-1] - 1)
    return Draft(widths, [["1"] * widths[0]] * T, [targets] * T, point, bias="none", **options)


def exact_learner(d):
    d.claim("learner-exact", "exact-learner")
    return d


def powers_of_symbols():
    """``(q log 2)^{16^6}``: one term, with a coefficient of 10^11 bits."""
    return exact_learner(line_of(logarithm("2", LONG), *[1] * 8, activation="power:16"))


def powers_of_long_numbers():
    """``q^{256}`` for 2000 samples, of two million bits each."""
    return exact_learner(line_of(LONG, 1, 1, 1, T=2000, activation="power:16", output_activation="power:16"))


def powers_of_e():
    """``3^500000`` for 10,000 samples."""
    return exact_learner(line_of(logarithm("3", "500000"), 1, 1, T=10_000, output_activation="sigmoid"))


def differences_of_outputs():
    """The differences of 2000 outputs of softmax, of 300,000 bits each."""
    d = line_of(LONG, 1, 1, 2000, activation="power:16", error="softmax")
    d.claim("global-floor", "global", 0, {"radius": "0"})
    return d


def images_of_targets():
    """``c^{4096}`` for each of 10,000 outputs, with a c of 16,000 bits."""
    targets = [["1"] * 10_000] * 2
    d = Draft((1, 1, 1, 1, 10_000), [["1"], ["9" * 4900]], targets, activation="power:4", output_activation="power:16", bias="none")
    d.claim("unlearnable-samples", "exact-learning", EVERYWHERE, {}, (), {"samples": [0, 1]}, verdict="REFUTED")
    return d


def products_of_inputs(n=6000, x="1"):
    """``1, x_j, x_j x_k`` for one sample, as many as ``n²/2``."""
    d = Draft((n, 2, 1), [[x] * n], [["0"]])
    d.claim("cited-theorem", "ding-li-sun-2019", EVERYWHERE, {"applicable": "yes"}, (), {"prime": PRIME}, "CITED")
    return d


ATTACKS = [powers_of_symbols, powers_of_long_numbers, powers_of_e, differences_of_outputs, images_of_targets, products_of_inputs]


def checked(draft, most=10**8):
    """The code of the failure, after six seconds at most, with the work of ten."""
    document = draft.finish()
    start = time.process_time()
    result = check_certificate(document, work=Work(most, most))
    assert time.process_time() - start < 6
    return result.failures[0].code


@pytest.mark.parametrize("attack", ATTACKS)
def test_numbers_that_grow_are_refused_before_they_do(attack):
    assert checked(attack()) == "limit"


def test_coefficients_of_a_product_are_counted_as_they_grow():
    """Each is a sum of up to 100 fractions of 800 digits without a common denominator."""
    ring = FormalRing(Work(10**8, 10**8))
    x = power = ring.symbol(("log", fmpq(2)), lambda: arb(2).log())
    series = fmpq(0)
    for k in range(100):
        series, power = power * fmpq(1, 10**400 + 2 * k + 1) + series, power * x
    with pytest.raises(Rejected, match="sums of coefficients"):
        series * series


def test_products_of_long_inputs_are_short():
    """They are taken modulo the prime, and have no more bits than that."""
    assert checked(products_of_inputs(1000, "9" * 4900)) == "evidence"


def test_scales_of_a_million_layers_are_not_computed():
    problem = Draft([1] * 10**4, [["1"], ["2"]], [["0"], ["0"]], activation="power:15", bias="none").finish()["problem"]
    assert [orbit.power.bit_length() < 100 for orbit in orbits(read_problem(problem))] == [True, True]
