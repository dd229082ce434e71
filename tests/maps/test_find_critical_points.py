"""The map of a landscape: what is found is proved, certified, and the same for any number of workers."""

from __future__ import annotations

from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.certificates.maps import find_critical_points as module

X = [[-2], [-1], ["1/2"], [1], [2], [3]]
Y = [["1/4"], [0], [1], ["3/2"], [3], ["7/2"]]


def mapped(*args, **kwargs):
    """A map whose certificate holds, with every point in it."""
    found = lp.find_critical_points(*args, **{"starts": 30, "workers": 1, **kwargs})
    verification = lp.verify(found.certificate.text)
    assert verification.ok, verification.failures
    steps = [step.conclusion for step in verification.claims if step.conclusion["statement"] == "critical-point"]
    assert len(steps) == len(found)
    for point in found:
        assert point.loss_lower <= point.loss_upper
        assert sum(point.inertia.values()) == found.report.problem.architecture.N_net
        assert point.kind in ("global", "strict-minimum", "local-minimum", "saddle", "higher-order-descent", "undecided")
        at = found.report.numbering.name(point.claim.place)
        assert any(step["at"] == at and step["facts"]["kind"] == point.kind for step in steps)
    assert [p.loss_upper for p in found] == sorted(p.loss_upper for p in found)
    return found


def test_several_proved_minima_refute_the_conclusion():
    found = mapped("1-1-1", X, Y, activation="gelu", starts=60)
    minima = [p for p in found if p.kind == "strict-minimum"]
    assert len(minima) >= 2
    assert minima[0].suboptimal is None
    assert all(p.suboptimal is not None for p in minima[1:])
    assert found.conclusion.verdict is lp.Verdict.REFUTED
    assert found.conclusion.premises[0].id == "suboptimal"


@pytest.mark.parametrize("error", ["squared", "cauchy:4"])
def test_relu_minima_up_to_scaling(error):
    """With the squared error the point of least squares is rational, so it is known exactly."""
    found = mapped("1-1-1", X, Y, activation="relu", error=error, starts=40)
    best = found[0]
    assert best.kind == "local-minimum"
    assert best.inertia == {"negative": 0, "zero": 1, "positive": 3, "undecided": 0}
    assert (best.radius == 0) == (error == "squared")


def test_a_convex_problem_has_one_global_minimum():
    found = mapped("1-1", [[0], [1], [2]], [[1], [3], [4]])
    assert [p.kind for p in found] == ["global"]
    assert found.conclusion.verdict is lp.Verdict.PROVED


def test_the_workers_change_nothing():
    one = mapped("1-1-1", X, Y, activation="softsign", starts=24, workers=1)
    two = mapped("1-1-1", X, Y, activation="softsign", starts=24, workers=2)
    assert one.certificate.text == two.certificate.text


def test_no_critical_point_is_found_where_there_is_none():
    found = mapped("1-1", [[-1], [1]], [[0], [1]], output_activation="sigmoid", bias="none", starts=20)
    assert len(found) == 0
    assert found.report["no-critical-point"].verdict is lp.Verdict.PROVED
    assert found.conclusion.verdict is lp.Verdict.PROVED
    assert found.unproved == 0


def test_exact_learners_come_out_global():
    found = mapped("2-2-1", [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], activation="tanh", starts=16)
    assert found[0].kind == "global"
    assert found[0].loss_upper == 0
    assert found[0].inertia == {"negative": 0, "zero": 5, "positive": 4, "undecided": 0}


@pytest.mark.parametrize("error", ["smooth-l1:1/4", "cauchy:4", "blake-zisserman:1/2"])
def test_other_errors(error):
    found = mapped("1-1-1", X, Y, error=error, starts=20)
    assert any(p.kind == "strict-minimum" for p in found)


def test_softmax_up_to_shifts_of_the_logits():
    """Adding one vector to the incoming weights of all outputs changes nothing: no critical point is isolated."""
    odds = [Fraction(p, 20) for p in (2, 5, 15, 10, 5, 15, 18)]
    inputs = [[-2], [-1], ["-1/2"], ["1/2"], [1], [2], [3]]
    one = mapped("1-2", inputs, [[p, 1 - p] for p in odds], error="softmax")
    assert [(p.kind, p.inertia["zero"]) for p in one] == [("global", 2)]
    hidden = mapped("1-1-2", inputs, [[p, 1 - p] for p in odds], error="softmax", starts=60)
    assert "stationary-box" in {p.claim.premises[0].rule for p in hidden}
    assert all(p.inertia["zero"] >= 2 for p in hidden)


@pytest.mark.parametrize("options", [{"starts": 0}, {"starts": 1.5}, {"workers": 0}, {"seed": "x"}, {"max_precision": 10}])
def test_bad_settings_are_named(options):
    with pytest.raises(lp.InputError, match=next(iter(options))):
        lp.find_critical_points("1-1", [[0]], [[0]], **options)


def test_an_interrupt_keeps_what_was_proved(monkeypatch):
    whole = mapped("1-1-1", X, Y, activation="gelu", starts=40)
    real, calls = module.prove_near, []

    def interrupted(*args, **kwargs):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(module, "prove_near", interrupted)
    part = mapped("1-1-1", X, Y, activation="gelu", starts=40)
    assert part.interrupted
    assert 1 <= len(part) <= 2
    assert part[0].loss_lower == whole[0].loss_lower


def test_points_given_are_proved_as_they_are():
    problem = lp.Problem(lp.Architecture.of("1-1", "tanh"), lp.error_named("squared"), lp.Samples.of([[0], [1]], [[1], [3]]))
    exact = lp.Weights.of(problem.architecture, [([[2]], [1])])
    off = lp.Weights.of(problem.architecture, [([[2]], [Fraction(1, 3)])])
    found = lp.prove_points(problem, [exact, off])
    assert [p.radius for p in found if p.weights == exact] == [0]
