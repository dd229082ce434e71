"""Whether every direction of the weights changes the outputs: ``rank P = N_net`` at given weights."""

from __future__ import annotations

import numpy as np
import pytest

import lossproof as lp
from lossproof.theory.verdicts import Verdict

INPUTS = [[k] for k in range(-4, 5)]
TARGETS = [[k % 3] for k in range(9)]
GENERIC = [([["1/2", "-3/4"]], ["1/4", "1"]), ([["1"], ["-1/3"]], ["0"])]
EQUAL = [([["1/2", "1/2"]], ["1/4", "1/4"]), ([["1"], ["-1/3"]], ["0"])]
IDLE = [([["1/2", "-3/4"]], ["1/4", "1"]), ([["1"], ["0"]], ["0"])]


def _claim(weights, X=INPUTS, Y=TARGETS, widths="1-2-1", **choices):
    report = lp.check_architecture(widths, X, Y, weights=weights, search="none", **choices)
    assert lp.verify(report.certificate).ok
    return next(claim for claim in report.claims if claim.id == "identifiable")


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "sin"])
def test_generic_weights_are_identifiable(activation):
    claim = _claim(GENERIC, activation=activation)
    assert claim.verdict is Verdict.PROVED
    assert claim.facts == {"rank_lower": 7, "rank_upper": 7, "N_net": 7}


@pytest.mark.parametrize(
    ("weights", "activation", "rank"),
    [(EQUAL, "tanh", 4), (IDLE, "tanh", 5), (GENERIC, "identity", 2), (GENERIC, "relu", 5), (GENERIC, "leaky-relu:1/10", 5)],
)
def test_directions_that_change_nothing_are_counted(weights, activation, rank):
    """Equal units, an idle one, linear layers, and the scaling of units that are linear on either side of 0."""
    claim = _claim(weights, activation=activation)
    assert claim.verdict is Verdict.REFUTED
    assert claim.facts["rank_upper"] == rank
    assert claim.facts["N_net"] == 7
    assert str(7 - rank) in claim.reason


def test_more_weights_than_equations_are_never_identifiable():
    claim = _claim(GENERIC, INPUTS[:3], TARGETS[:3])
    assert claim.verdict is Verdict.REFUTED
    assert claim.facts["rank_upper"] == 3


def test_on_a_kink_nothing_is_said():
    claim = _claim([([["1", "2"]], ["0", "1/2"]), ([["1"], ["1"]], ["0"])], activation="relu")
    assert claim.verdict is Verdict.UNDECIDED
    assert "P(W) does not exist" in claim.reason


def test_without_weights_it_is_not_asked():
    assert "identifiable" not in {claim.id for claim in lp.check_architecture("1-2-1", INPUTS, TARGETS, search="none").claims}


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_singular_values_in_doubles(seed):
    rng = np.random.default_rng(seed)
    X, Y = np.round(rng.standard_normal((30, 2)), 2), np.round(rng.standard_normal((30, 2)), 2)
    weights = [(np.round(rng.standard_normal((a, b)), 2), np.round(rng.standard_normal(b), 2)) for a, b in ((2, 3), (3, 2))]
    if seed % 2:
        weights[0][0][:, 1], weights[0][1][1] = weights[0][0][:, 0], weights[0][1][0]
    (W, b), (V, _) = weights
    H = np.tanh(X @ W + b)
    columns = []
    for k in range(3):
        for j in range(2):
            columns.append(np.outer(H[:, k], np.eye(2)[j]).ravel())
        for x in (*X.T, np.ones(30)):
            columns.append(np.outer(x * (1 - H[:, k] ** 2), V[k]).ravel())
    columns += [np.outer(np.ones(30), np.eye(2)[j]).ravel() for j in range(2)]
    rank = int(np.linalg.matrix_rank(np.array(columns)))
    claim = _claim([(W.tolist(), b.tolist()) for W, b in weights], X.tolist(), Y.tolist(), "2-3-2")
    assert claim.facts["rank_lower"] == claim.facts["rank_upper"] == rank
    assert (claim.verdict is Verdict.PROVED) is (rank == 17)
