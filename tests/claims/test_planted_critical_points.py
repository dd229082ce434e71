"""No false class: critical points whose inertia an independent exact computation knows, at the point and near it."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from cases.planted_critical import layers_of, planted

import lossproof as lp
from lossproof.certificates.claims import critical_facts
from lossproof.certificates.maps.find_critical_points import prove_points
from lossproof.theory.problem.problem import Problem

SHAPES = (
    ((1, 1, 1), "softsign", 7),
    ((1, 1, 1), "power:2", 6),
    ((1, 1, 1), "power:3", 6),
    ((2, 1), "identity", 5),
    ((1, 1, 1), "identity", 5),
)
WIDE = (((1, 2, 1), "softsign", 9), ((1, 1, 1, 1), "softsign", 8))
SIZES = (Fraction(1, 50), Fraction(1), Fraction(20))
CASES = [(seed, *shape, SIZES[seed % 3]) for seed in range(62) for shape in SHAPES]
CASES += [(seed, *shape, SIZES[seed % 3]) for seed in range(4) for shape in WIDE]


def case_id(case):
    return f"{'-'.join(map(str, case[1]))} {case[2]} {case[0]}"


def proved_claim(widths, activation, X, Y, flat, *, nearby=False):
    problem = Problem(lp.Architecture.of(widths, activation), lp.error_named("squared"), lp.Samples.of(X, Y))
    weights = lp.Weights.of(problem.architecture, layers_of(widths, flat))
    found = prove_points(problem, [weights], nearby=nearby, self_check=False)
    if not len(found):
        return None
    verification = lp.verify(found.certificate.text)
    assert verification.ok, verification.failures
    return found[0].claim


def spans_all_parabolas(activation, flat):
    """Whether the derivatives ``z², 2vzx, 2vz, 1`` of ``v z² + c``, ``z = wx + b``, span ``x², x, 1``: then a critical point fits as no parabola does."""
    w, _, v, _ = (*flat, 0, 0, 0)[:4]
    return activation == "power:2" and w != 0 and v != 0


def scaling_zeros(widths, activation):
    return sum(widths[1:-1]) if activation.startswith("power") else 0


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_the_class_at_a_planted_point(case, monkeypatch):
    """The class at the point itself. A short training for a smaller loss changes no class, and is made for every fourth seed only."""
    seed, widths, activation, T, size = case
    if seed % 4:
        monkeypatch.setattr(critical_facts, "weights_below", lambda *_: None)
    built = planted(seed, widths, activation, T, size)
    if built is None:
        pytest.skip("P has full column rank, or no Hessian exists")
    X, Y, flat, (negative, zero, positive) = built
    claim = proved_claim(widths, activation, X, Y, flat)
    assert claim is not None
    assert claim.facts["inertia"] == {"negative": negative, "zero": zero, "positive": positive, "undecided": 0}
    assert claim.facts["radius"] == 0
    kind = claim.facts["kind"]
    if len(widths) == 2:
        assert kind == "global"
    elif negative:
        assert kind == "saddle"
    elif zero == 0:
        assert kind == "strict-minimum"
    elif activation == "identity":
        assert kind == "global", "a local minimum of a linear network with one hidden layer"
    elif spans_all_parabolas(activation, flat):
        assert kind == "global"
    elif zero == scaling_zeros(widths, activation):
        assert kind == "local-minimum"
    else:
        assert kind in ("local-minimum", "higher-order-descent", "undecided")


@pytest.mark.parametrize("case", CASES[::5], ids=case_id)
def test_the_class_near_a_planted_point(case, monkeypatch):
    """The same in a box: the planted point moved by about 1e-10 is in doubles no critical point any more. The short training is as above."""
    seed, widths, activation, T, size = case
    if seed % 4:
        monkeypatch.setattr(critical_facts, "weights_below", lambda *_: None)
    built = planted(seed, widths, activation, T, size)
    if built is None:
        pytest.skip("P has full column rank, or no Hessian exists")
    X, Y, flat, (negative, zero, positive) = built
    rng = random.Random(seed)
    moved = [Fraction(float(w) * (1 + 1e-10 * rng.uniform(-1, 1))) for w in flat]
    claim = proved_claim(widths, activation, X, Y, moved, nearby=True)
    regular = zero == scaling_zeros(widths, activation)
    if claim is None:
        assert not regular or min(map(abs, flat)) == 0
        return
    assert claim.facts["inertia"] == {"negative": negative, "zero": zero, "positive": positive, "undecided": 0}
