"""Critical points without weights in two layers, found and proved."""

from __future__ import annotations

import lossproof as lp

X = [["-2"], ["-1"], ["1/2"], ["1"], ["3"]]
LINE = [["-1"], ["-1/2"], ["1/4"], ["1"], ["1/2"]]


def test_a_blind_network_of_the_search_is_a_saddle():
    problem = lp.Problem(lp.Architecture.of("1-1-1-1", "tanh"), lp.error_named("cauchy:2"), lp.Samples.of(X, LINE))
    point = lp.Weights.of(problem.architecture, [([[0]], ["1/2"]), ([[0]], ["-1/3"]), ([["3/4"]], ["1/3"])])
    found = lp.prove_points(problem, [point], nearby=True)
    assert [(p.kind, p.claim.premises[0].rule) for p in found] == [("saddle", "stationary-family")]
    assert lp.verify(found.certificate.text).ok
