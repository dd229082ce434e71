"""The rule for the eigenvalues of the Hessian: enclosures that hold, one eigenvalue for each number, and none that is moved."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from cases.curvature_cases import network
from cases.kernel_cases_critical import BENT, BENT_X, BENT_Y
from cases.kernel_cases_curvature import BENT_EIGENVALUES, minimum_in_a_ball, shifted_in_a_ball, spectrum
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome

from lossproof.certificates.kernel.arithmetic.eigenvalues import eigenvalues
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.kernel.rules import curvature
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.theory import limits


def test_the_eigenvalues_of_symmetric_matrices_are_enclosed_one_by_one():
    for n, seed in ((1, 0), (2, 1), (3, 2), (8, 3), (20, 4), (20, 5)):
        g = np.random.default_rng(seed)
        M = g.normal(size=(n, n)) * 10.0 ** g.integers(-8, 8)
        M = M + M.T if seed < 5 else np.round(M + M.T, -int(np.floor(np.log10(np.abs(M).max()))))
        found, error = eigenvalues(M)
        with mpmath.workdps(40):
            true = sorted(mpmath.eigsy(mpmath.matrix(M.tolist()), eigvals_only=True))
            assert max(abs(x - mpmath.mpf(float(y))) for x, y in zip(true, found, strict=True)) <= error
        assert error <= 1e-11 * n * np.abs(M).max()


@pytest.mark.parametrize("multiple", [2, 5])
def test_equal_eigenvalues_have_one_number_each(multiple):
    g = np.random.default_rng(multiple)
    values = np.array([*[-1.0] * multiple, 0.5, *[3.0] * multiple])
    Q = np.linalg.qr(g.normal(size=(len(values), len(values))))[0]
    M = (Q * values) @ Q.T
    found, error = eigenvalues((M + M.T) / 2)
    assert np.all(np.abs(found - values) <= error + 1e-14)
    assert error < 1e-12


@pytest.mark.parametrize("skew", [1e-3, 0.1, 0.4, 0.9])
def test_vectors_that_are_far_from_orthogonal_still_enclose_or_show_nothing(monkeypatch, skew):
    """Of LAPACK nothing is assumed: perturbed vectors give wider enclosures, wrong ones none."""
    g, true = np.random.default_rng(1), np.linalg.eigh
    for n in (2, 6):
        M = g.normal(size=(n, n))
        M = M + M.T
        values, Q = true(M)
        monkeypatch.setattr(np.linalg, "eigh", lambda _, values=values, Q=Q, n=n: (values, Q + skew * g.normal(size=(n, n)) / n))
        found, error = eigenvalues(M)
        monkeypatch.undo()
        assert error >= skew / 100
        assert not error < np.inf or np.all(np.abs(found - values) <= error)


def test_vectors_that_repeat_show_nothing(monkeypatch):
    """``H̃Q = QΛ`` holds exactly for a matrix Q of equal eigenvectors, which finds one eigenvalue twice and misses the other."""
    monkeypatch.setattr(np.linalg, "eigh", lambda _: (np.array([1.0, 1.0]), np.array([[1.0, 1.0], [0.0, 0.0]])))
    assert eigenvalues(np.diag([1.0, 2.0]))[1] == np.inf


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_show_nothing(bad):
    with np.errstate(all="ignore"):
        _, error = eigenvalues(np.full((3, 3), bad))
    assert not error < np.inf


def saddle(eigenvalues, within, every=True, T=1, **options):
    """``(vw − 5)²/2`` at 0, 0, each sample T times: the Hessian of J has the eigenvalues −5 and 5, whatever T."""
    point = [layer([["0"]], ["0"]), layer([["0"]], ["0"])]
    d = Draft((1, 1, 1), [["1"]] * T, [["5"]] * T, point, activation="identity", bias="none", **options)
    spectrum(d, eigenvalues, within, every)
    return d


@pytest.mark.parametrize("T", [1, 2, 7])
def test_exact_eigenvalues_are_accepted_and_moved_ones_are_not(T):
    tiny = f"1/{2**40}"
    assert accepted(saddle(["-5", "5"], tiny, T=T))
    assert accepted(saddle(["-5", "5"], "3", T=T))
    for k in (0, 1):
        for sign in (1, -1):
            moved = ["-5", "5"]
            moved[k] = str(Fraction(moved[k]) + sign * 2 * Fraction(tiny))
            assert outcome(saddle(moved, tiny, T=T)) == ("evidence", f"evidence.eigenvalues[{k}]")
    assert outcome(saddle(["-5", "5"], f"1/{2**200}", T=T)) == ("evidence", "evidence.eigenvalues[0]")
    assert outcome(saddle(["5", "-5"], "9", T=T)) == ("evidence", "evidence.eigenvalues[0]")
    assert outcome(saddle(["5", "5"], "9", T=T)) == ("evidence", "evidence.eigenvalues[0]")
    assert outcome(saddle(["-5", "0", "5"], tiny, T=T)) == ("evidence", "evidence.eigenvalues")
    assert outcome(saddle(["5"], tiny, T=T)) == ("evidence", "evidence.eigenvalues")
    assert outcome(saddle([str(-5 * T), str(5 * T)], tiny, T=T)) == ("evidence", "evidence.eigenvalues[0]") if T > 1 else True


def scaled(eigenvalues, within, every, activation="relu"):
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation=activation)
    spectrum(d, eigenvalues, within, every)
    return d


def test_two_numbers_are_the_ends():
    ends = [BENT_EIGENVALUES[0], BENT_EIGENVALUES[-1]]
    assert accepted(scaled(ends, "1/8388608", False))
    assert outcome(scaled(BENT_EIGENVALUES[:2], "1/8388608", False)) == ("evidence", "evidence.eigenvalues[1]")
    assert outcome(scaled(BENT_EIGENVALUES[:3], "1/8388608", False)) == ("evidence", "evidence.eigenvalues")
    assert outcome(scaled(ends, "1/8388608", True))[0] == "conclusion"


def test_a_long_list_is_refused(monkeypatch):
    assert accepted(scaled(BENT_EIGENVALUES, "1/8388608", True))
    monkeypatch.setattr(limits, "MAX_EIGENVALUES", 3)
    assert outcome(scaled(BENT_EIGENVALUES, "1/8388608", True)) == ("evidence", "evidence.eigenvalues")
    assert accepted(scaled([BENT_EIGENVALUES[0], BENT_EIGENVALUES[-1]], "1/8388608", False))


@pytest.mark.parametrize("activation", ["relu", "elu", "softsign"])
def test_a_kink_is_rejected(activation):
    d = Draft((1, 1, 1), [["1"]], [["0"]], [layer([["1"]], ["-1"]), layer([["1"]], ["0"])], activation=activation)
    spectrum(d, ["0", "9"], "1000", every=False)
    assert outcome(d) == ("evidence", "conclusion.at")


def test_a_witness_without_a_box_is_rejected():
    d = Draft((1, 1), [["0"], ["1"]], [["1"], ["3"]], [layer([["0"]], ["0"])])
    spectrum(d, ["0", "1"], "1000", at="W*1")
    assert outcome(d) == ("conclusion", "conclusion.at")


def test_one_hessian_serves_the_signs_and_the_spectrum(monkeypatch):
    """Where no parameter is held; else the signs are those of a part, whose distance from what it encloses is another."""
    formed, before = [], curvature.hessian
    monkeypatch.setattr(curvature, "hessian", lambda *parts: formed.append(0) or before(*parts))
    for case, times in ((shifted_in_a_ball, 2), (minimum_in_a_ball, 1), (lambda: saddle(["-5", "5"], "1").finish(), 1)):
        formed.clear()
        document = case()
        if times == 2 or case is minimum_in_a_ball:
            d = Draft.of(document)
            spectrum(d, ["0", "1/2"], "1", every=False, at="W*1", radius="1/1073741824")
            document = d.finish()
        assert check_certificate(document).ok
        assert len(formed) == times


@pytest.mark.parametrize("error", ["squared", "softmax", "logistic"])
def test_any_smooth_network_has_a_spectrum(error):
    """Wide enclosures of it are accepted, those on the wrong side of 0 are not."""
    problem, weights = network("2-3-2", "tanh", error)
    d = Draft.of(
        {
            "format": "lossproof-certificate",
            "version": 2,
            "problem": encode_problem(problem),
            "points": [encode_point(weights)],
            "steps": [],
        }
    )
    spectrum(d, ["0", "0"], "1000", every=False)
    assert accepted(d)
    d.undo()
    spectrum(d, ["1001", "1001"], "1000", every=False)
    assert outcome(d) == ("evidence", "evidence.eigenvalues[0]")
